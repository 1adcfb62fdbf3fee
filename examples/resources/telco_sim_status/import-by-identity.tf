import {
  to = telco_sim_status.truck
  identity = {
    product_id = "TMSP-89490200000000000001"
  }
}
