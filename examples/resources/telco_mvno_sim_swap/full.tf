# A swap by keyword: the service chooses a free SIM. replaces makes it safe to apply again after a crash.
resource "telco_mvno_sim_swap" "phone" {
  account_id = "5f0c1a2b3c4d5e6f70819201"
  new_sim    = "autoAssign"
  replaces   = "8945019000000000001"

  # Change this map, and replaces with it, to ask for another swap.
  triggers = {
    ticket = "HELP-4711"
  }

  # Keeps the PIN and PUK codes of the new SIM in the state, which must be encrypted then. They can't be read later.
  store_codes = true

  timeouts = {
    create = "15m"
    update = "15m"
  }

  lifecycle {
    postcondition {
      condition     = self.operation_status == "complete"
      error_message = "The swap of account ${self.account_id} is not confirmed yet: plan again, which reads the account."
    }
  }
}
