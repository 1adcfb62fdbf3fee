# The group is taken as the resource declares it: no command reads it.
import {
  to = telco_sim_aa_group.tracker
  identity = {
    iccid = "8944000000000000001"
  }
}
