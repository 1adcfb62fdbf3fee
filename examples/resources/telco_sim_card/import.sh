# ACCOUNT_KEY/CLI
terraform import telco_sim_card.van acme-fleet/001010000000101
