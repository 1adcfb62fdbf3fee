resource "telco_sim_card" "van" {
  account_key = "acme-fleet"
  cli         = "001010000000101" # its IMSI
  sim_number  = "8900000000000000101"
  state       = "ready"
}
