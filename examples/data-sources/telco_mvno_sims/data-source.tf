data "telco_mvno_sims" "nano" {
  network     = "TDC"
  form_factor = "NANO"
  auto_assign = false
}

output "stock" {
  value = "${length(data.telco_mvno_sims.nano.sim_numbers)} cards are left to swap to."
}
