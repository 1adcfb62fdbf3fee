locals {
  rows = csvdecode(file("${path.module}/fleet.csv"))
}

resource "telco_sim_fleet_status" "vans" {
  name     = "vans"
  statuses = { for row in local.rows : row.product_id => row.status }

  # How many changes are sent at a time; those that wait for their monitor do not count.
  max_parallel = 10

  # For SIMs that leave the table, and for all of them on destroy. Without this line they are left as they are.
  status_on_removal = "SUSPENDED"

  timeouts = {
    create = "2h"
    update = "2h"
    delete = "2h"
  }

  lifecycle {
    # A first apply of which some SIMs were refused is a warning and exit code 0; with this, exit code 1.
    postcondition {
      condition     = self.operation_status == "complete" && length(self.failed) == 0
      error_message = "Not all SIMs of ${self.name} are as wanted: ${join(", ", keys(self.failed))}. Plan again."
    }
  }
}
