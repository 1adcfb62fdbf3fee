resource "telco_sim_status" "truck" {
  product_id = "TMSP-89490200000000000001"
  status     = "ACTIVE"

  # Without this line a destroy leaves the SIM as it is.
  status_on_destroy = "SUSPENDED"

  timeouts = {
    create = "45m"
    update = "45m"
    delete = "20m"
  }

  lifecycle {
    # A change that was accepted and whose end was not seen is a warning and exit code 0; with this, exit code 1.
    postcondition {
      condition     = self.operation_status == "complete"
      error_message = "SIM ${self.id} has not settled yet: apply again to go on waiting."
    }
  }
}
