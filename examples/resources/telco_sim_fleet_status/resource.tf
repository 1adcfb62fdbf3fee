resource "telco_sim_fleet_status" "vans" {
  name = "vans"
  statuses = {
    "TMSP-89490200000000000001"  = "ACTIVE"
    "TMSP-89490200000000000002"  = "ACTIVE"
    "JASPER-8997100000000000001" = "INACTIVE"
  }
}
