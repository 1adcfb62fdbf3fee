# A small fleet on all four APIs. `make demo` applies it to the simulator.

terraform {
  required_providers {
    telco = { source = "registry.terraform.io/simfleet/telco" }
  }
}

# Endpoints and credentials come from the TELCO_... environment variables.
provider "telco" {
  max_live_changes = 20
}

locals {
  fleet = { for row in csvdecode(file("${path.module}/fleet.csv")) : row.vehicle => row }
}

# Two new SIM cards, ordered on the accounts API and waited for on their status URLs.
resource "telco_sim_card" "van" {
  for_each = { for vehicle, row in local.fleet : vehicle => row if row.order == "yes" }

  account_key   = "acme-fleet"
  cli           = each.value.imsi
  sim_number    = each.value.iccid
  description   = each.key
  inventory_ref = "fleet.csv"
  state         = "live"
  # A demo is given up again. In production leave the default, true.
  deletion_protection = false

  lifecycle {
    postcondition {
      condition     = self.operation_status == "complete"
      error_message = "SIM ${self.id} is not ready yet: apply again to go on waiting."
    }
  }
}

# A synchronous status change (JASPER) and an asynchronous one (TMSP, through its monitor).
resource "telco_sim_status" "vehicle" {
  for_each = { for vehicle, row in local.fleet : vehicle => row if row.product_id != "" }

  product_id = each.value.product_id
  status     = each.value.status
}

# This SIM moves to the live group by itself once its test allowance is used up.
resource "telco_sim_aa_group" "tracker" {
  iccid      = "8944000000000000001"
  group_code = "LIVE10"
}

# The phone of this account was stolen: its number goes to a new SIM, once.
resource "telco_mvno_sim_swap" "stolen_phone" {
  account_id = "5f0c1a2b3c4d5e6f70819201"
  new_sim    = "8945010000000000001"
  replaces   = "8945019000000000001"
}

data "telco_products" "active" {
  statuses   = ["ACTIVE"]
  depends_on = [telco_sim_status.vehicle]
}

data "telco_products" "suspended" {
  statuses = ["SUSPENDED"]
}

output "ordered" {
  value = { for vehicle, sim in telco_sim_card.van : vehicle => "${sim.id} is ${sim.state}, version ${sim.version}" }
}

output "active_products" {
  value = data.telco_products.active.ids
}

output "suspended_products" {
  value = data.telco_products.suspended.ids
}

output "stolen_phone" {
  value = "${telco_mvno_sim_swap.stolen_phone.previous_sim_number} -> ${telco_mvno_sim_swap.stolen_phone.sim_number}"
}
