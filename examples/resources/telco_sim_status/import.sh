# The product id, BACKEND-ICCID
terraform import telco_sim_status.truck TMSP-89490200000000000001
