resource "telco_sim_aa_group" "tracker" {
  iccid      = "8944000000000000001"
  group_code = "LIVE10"
}
