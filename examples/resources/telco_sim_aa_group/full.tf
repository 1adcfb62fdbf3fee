resource "telco_sim_aa_group" "tracker" {
  iccid      = "8944000000000000001"
  group_code = "LIVE10" # the code of a group of type live, not its name

  timeouts = {
    create = "10m"
    update = "10m"
  }

  lifecycle {
    # No command reads the group back, so "unknown" stays until a person has looked, or has sent it once more.
    postcondition {
      condition     = self.operation_status == "complete"
      error_message = "Whether SIM ${self.iccid} was assigned is not known: look at it in the portal before you apply again."
    }
  }
}
