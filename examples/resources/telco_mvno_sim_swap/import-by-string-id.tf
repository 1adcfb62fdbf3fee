import {
  to = telco_mvno_sim_swap.phone
  id = "5f0c1a2b3c4d5e6f70819201" # or ACCOUNT_ID/eSim, ACCOUNT_ID/autoAssign
}
