# A phone gets a new SIM. Its PIN and PUK go from the operator into a vault, through neither state nor plan, and the SIM
# is swapped once they are there. Terraform 1.11, OpenTofu 1.11 and newer.

terraform {
  required_providers {
    telco = {
      source = "simfleet/telco"
    }
    vault = {
      source = "hashicorp/vault"
    }
  }
}

# Endpoint and token come from TELCO_MVNO_ENDPOINT and TELCO_MVNO_TOKEN.
provider "telco" {
  max_live_changes = 1
}

# Address and token come from VAULT_ADDR and VAULT_TOKEN.
provider "vault" {}

variable "account_id" {
  type    = string
  default = "5f0c1a2b3c4d5e6f70819201"
}

variable "new_sim" {
  description = "ICC of a SIM in your storage."
  type        = string
  default     = "8945010000000000001"
}

variable "read_codes" {
  description = "Set false once the codes are in the vault, if the operator refuses them for a SIM that is in use."
  type        = bool
  default     = true
}

# Read in each plan and each apply.
ephemeral "telco_mvno_sim_codes" "new" {
  count      = var.read_codes ? 1 : 0
  sim_number = var.new_sim
}

resource "vault_kv_secret_v2" "codes" {
  mount = "secret"
  name  = "sims/${var.new_sim}"

  # Written where the version changes, and kept nowhere else.
  data_json_wo_version = 1
  data_json_wo = jsonencode({
    pin1 = one(ephemeral.telco_mvno_sim_codes.new[*].pin1)
    pin2 = one(ephemeral.telco_mvno_sim_codes.new[*].pin2)
    puk1 = one(ephemeral.telco_mvno_sim_codes.new[*].puk1)
    puk2 = one(ephemeral.telco_mvno_sim_codes.new[*].puk2)
  })
}

resource "telco_mvno_sim_swap" "phone" {
  account_id = var.account_id
  new_sim    = var.new_sim

  # The SIM is in the device's hands once it is swapped: its codes must be safe by then.
  depends_on = [vault_kv_secret_v2.codes]
}
