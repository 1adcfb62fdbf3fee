data "telco_mvno_account" "phone" {
  id = "5f0c1a2b3c4d5e6f70819201"
}

output "phone" {
  value = "${data.telco_mvno_account.phone.number} holds SIM ${data.telco_mvno_account.phone.sim_number}"
}
