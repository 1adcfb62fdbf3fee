# ICCID/GROUP_CODE: no command reads the group, so it is taken as you give it
terraform import telco_sim_aa_group.tracker 8944000000000000001/LIVE10
