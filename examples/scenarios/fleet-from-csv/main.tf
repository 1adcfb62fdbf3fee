# The status of every vehicle's SIM, from a table that people can edit: one row, one SIM.

terraform {
  required_providers {
    telco = {
      source = "simfleet/telco"
    }
  }
}

# Endpoints and credentials come from the TELCO_CMO_... environment variables.
provider "telco" {
  max_live_changes = 50
}

locals {
  rows  = csvdecode(file("${path.module}/fleet.csv"))
  fleet = { for row in local.rows : row.vehicle => row }
}

resource "telco_sim_status" "vehicle" {
  for_each = local.fleet

  product_id = each.value.product_id
  status     = each.value.status

  lifecycle {
    precondition {
      condition     = length(distinct(local.rows[*].product_id)) == length(local.rows)
      error_message = "Two rows of fleet.csv name the same product_id: two owners of one SIM would overwrite each other."
    }
    postcondition {
      condition     = self.operation_status == "complete"
      error_message = "SIM ${self.id} has not settled yet: apply again to go on waiting."
    }
  }
}

# What the network has and the table does not.
data "telco_products" "cellular" {
  connectivity_type = "CELLULAR"
}

output "not_in_the_table" {
  value = setsubtract(data.telco_products.cellular.ids, local.rows[*].product_id)
}
