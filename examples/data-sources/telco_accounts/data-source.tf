data "telco_accounts" "all" {}

# The SIM cards of every account of the integration.
data "telco_sim_cards" "all" {
  for_each    = toset(data.telco_accounts.all.keys)
  account_key = each.key
}

output "sim_cards" {
  value = { for key, list in data.telco_sim_cards.all : key => length(list.cards) }
}
