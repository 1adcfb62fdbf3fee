resource "telco_sim_card" "van" {
  account_key = "acme-fleet"
  cli         = "001010000000101"
  sim_number  = "8900000000000000101"
  state       = "live"

  description    = "van 101"
  inventory_ref  = "fleet/vans/101"
  purchase_order = "PO-2026-117"
  tariff         = "fleet-1gb"

  sim_provider        = "Acme Wholesale"
  provider_tariff     = "bulk"
  provider_price      = "2.00gbp"
  provider_start_date = "2026-03-01T00:00:00Z"

  foreign_attributes = {
    depot = "Dublin"
  }

  # Only for the first SIM of an account that does not exist yet; a later change of it sends nothing.
  hints = {
    billing_cycle_day = 1
    email_contact     = "fleet@example.com"
  }

  # The default, written out: no plan and no apply deletes this SIM.
  deletion_protection = true

  timeouts = {
    create = "45m"
    update = "30m"
  }

  lifecycle {
    # An accepted order whose end was not seen is a warning and exit code 0. With this it is exit code 1, and what
    # depends on the SIM waits; the SIM is kept and the next apply picks the wait up.
    postcondition {
      condition     = self.operation_status == "complete" && self.actor_status == "stable"
      error_message = "SIM ${self.id} is not ready yet: apply again to go on waiting."
    }
  }
}
