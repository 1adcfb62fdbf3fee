# The status of a fleet from a table as a spreadsheet exports it: with a byte order mark, semicolons, and ICCIDs in
# whatever spelling people have typed. Functions need Terraform 1.8, or OpenTofu 1.7.

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
  exported = file("${path.module}/fleet.csv")
  rows     = csvdecode(replace(trimprefix(local.exported, "\ufeff"), ";", ","))
}

resource "telco_sim_fleet_status" "vans" {
  name = "vans"

  # Two rows for one SIM have one key, in whatever spelling: Terraform refuses the table then.
  statuses = {
    for row in local.rows :
    provider::telco::product_id(row.backend, row.iccid) => upper(trimspace(row.status))
  }
}
