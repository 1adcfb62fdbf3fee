import {
  to = telco_sim_card.van
  identity = {
    account_key = "acme-fleet"
    cli         = "001010000000101"
  }
}
