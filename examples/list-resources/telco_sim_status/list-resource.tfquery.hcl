list "telco_sim_status" "trucks" {
  provider = telco
  limit    = 1000

  config {
    statuses = ["ACTIVE", "INACTIVE", "SUSPENDED"]
    backends = ["TMSP", "JASPER"]
  }
}
