data "telco_products" "inactive" {
  statuses          = ["INACTIVE"]
  backends          = ["TMSP", "JASPER"]
  connectivity_type = "CELLULAR"
}

output "inactive_sims" {
  value = { for product in data.telco_products.inactive.products : product.iccid => product.id }
}
