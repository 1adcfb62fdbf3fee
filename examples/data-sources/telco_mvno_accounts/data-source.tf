data "telco_mvno_accounts" "blocked" {
  states = ["BLOCKED"]
}

output "blocked" {
  value = { for account in data.telco_mvno_accounts.blocked.accounts : account.number => account.sim_number }
}
