resource "telco_mvno_sim_swap" "phone" {
  account_id = "5f0c1a2b3c4d5e6f70819201"
  new_sim    = "8945010000000000001"
  replaces   = "8945019000000000001" # the SIM that the account holds now
}
