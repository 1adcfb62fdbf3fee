# ACCOUNT_ID where new_sim is an ICC; ACCOUNT_ID/eSim or ACCOUNT_ID/autoAssign where it is that word
terraform import telco_mvno_sim_swap.phone 5f0c1a2b3c4d5e6f70819201
