# A phone was lost: its number goes to a new SIM, once, whatever happens to the connection.

terraform {
  required_providers {
    telco = {
      source = "simfleet/telco"
    }
  }
}

# Endpoint and token come from TELCO_MVNO_ENDPOINT and TELCO_MVNO_TOKEN.
provider "telco" {
  max_live_changes = 1
}

variable "account_id" {
  type    = string
  default = "5f0c1a2b3c4d5e6f70819201"
}

variable "lost_sim" {
  description = "ICC of the lost card. The swap is sent only while the account holds it."
  type        = string
  default     = "8945019000000000001"
}

resource "telco_mvno_sim_swap" "phone" {
  account_id  = var.account_id
  new_sim     = "autoAssign"
  replaces    = var.lost_sim
  store_codes = true

  lifecycle {
    postcondition {
      condition     = self.operation_status == "complete"
      error_message = "The swap of account ${self.account_id} is not confirmed yet: plan again, which reads the account."
    }
  }
}

output "new_sim" {
  value = telco_mvno_sim_swap.phone.sim_number
}

output "codes" {
  value = {
    pin1 = telco_mvno_sim_swap.phone.pin1
    puk1 = telco_mvno_sim_swap.phone.puk1
  }
  sensitive = true
}
