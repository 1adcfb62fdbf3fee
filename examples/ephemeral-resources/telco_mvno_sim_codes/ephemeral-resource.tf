ephemeral "telco_mvno_sim_codes" "phone" {
  sim_number = "8945010000000000001"
}

# What is checked here is shown nowhere.
check "codes" {
  assert {
    condition     = ephemeral.telco_mvno_sim_codes.phone.puk1 != null
    error_message = "The operator has sent no PUK for this SIM."
  }
}
