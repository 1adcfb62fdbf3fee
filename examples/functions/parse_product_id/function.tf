# The ICCIDs of a fleet, by backend.
locals {
  product_ids = ["TMSP-89490200000000000001", "TMSP-89490200000000000002", "JASPER-8997100000000000001"]
  products    = [for id in local.product_ids : provider::telco::parse_product_id(id)]
}

output "iccids" {
  value = { for product in local.products : product.backend => product.iccid... }
}
