import {
  to = telco_sim_status.truck
  id = "TMSP-89490200000000000001" # the product id, BACKEND-ICCID
}
