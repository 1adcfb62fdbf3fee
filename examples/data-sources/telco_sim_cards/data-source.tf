data "telco_sim_cards" "ready" {
  account_key = "acme-fleet"
  states      = ["ready"]
}

output "ready" {
  value = { for card in data.telco_sim_cards.ready.cards : card.cli => card.description }
}
