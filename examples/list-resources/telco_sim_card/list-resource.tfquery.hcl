list "telco_sim_card" "live" {
  provider = telco
  limit    = 1000

  config {
    account_key = "acme-fleet"
    states      = ["ready", "live"]
  }
}
