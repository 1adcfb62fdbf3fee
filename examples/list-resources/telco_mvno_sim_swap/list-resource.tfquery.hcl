list "telco_mvno_sim_swap" "phones" {
  provider = telco
  limit    = 1000

  config {
    network = "TDC"
  }
}
