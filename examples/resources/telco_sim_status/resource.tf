resource "telco_sim_status" "truck" {
  product_id = "TMSP-89490200000000000001"
  status     = "ACTIVE"
}
