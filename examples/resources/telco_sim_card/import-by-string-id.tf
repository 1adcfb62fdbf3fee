import {
  to = telco_sim_card.van
  id = "acme-fleet/001010000000101" # ACCOUNT_KEY/CLI
}
