data "telco_product" "truck" {
  id = "TMSP-89490200000000000001"
}

output "truck" {
  value = {
    product = data.telco_product.truck.status
    sim     = data.telco_product.truck.sim_card.status
  }
}
