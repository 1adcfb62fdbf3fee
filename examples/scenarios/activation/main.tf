# A new SIM for a tracker: ordered ready for use, tested on a pending group, and moved to a live group by itself once its
# test allowance is used up.

terraform {
  required_providers {
    telco = {
      source = "simfleet/telco"
    }
  }
}

# Endpoints and credentials come from the TELCO_ACCOUNTS_... and TELCO_M2M_... environment variables.
provider "telco" {
  max_live_changes = 4
}

variable "tracker" {
  type = object({ imsi = string, iccid = string })
  default = {
    imsi  = "001010000000201"
    iccid = "8944000000000000002"
  }
}

resource "telco_sim_card" "tracker" {
  account_key = "acme-fleet"
  cli         = var.tracker.imsi
  sim_number  = var.tracker.iccid
  description = "tracker"
  state       = "ready"

  lifecycle {
    postcondition {
      condition     = self.operation_status == "complete" && self.actor_status == "stable"
      error_message = "SIM ${self.id} is not ready yet: apply again to go on waiting. Its group is assigned after that."
    }
  }
}

resource "telco_sim_aa_group" "tracker" {
  iccid      = telco_sim_card.tracker.sim_number
  group_code = "LIVE10"
}

output "tracker" {
  value = "${telco_sim_card.tracker.id} is ${telco_sim_card.tracker.state}, armed with ${telco_sim_aa_group.tracker.group_code}"
}
