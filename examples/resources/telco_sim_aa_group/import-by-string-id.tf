import {
  to = telco_sim_aa_group.tracker
  id = "8944000000000000001/LIVE10" # ICCID/GROUP_CODE; the group is taken as you give it
}
