import {
  to = telco_mvno_sim_swap.phone
  identity = {
    account_id = "5f0c1a2b3c4d5e6f70819201"
  }
}
