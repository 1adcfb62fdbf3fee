# The product ids of a list that has backends and ICCIDs in columns of their own.
locals {
  rows = [
    { backend = "TMSP", iccid = "8949 0200 0000 0000 0001" },
    { backend = "JASPER", iccid = "8997100000000000001F" },
  ]
}

output "product_ids" {
  value = [for row in local.rows : provider::telco::product_id(row.backend, row.iccid)]
}
