# Which numbers of a list were mistyped, where the operator's numbers carry a check digit.
locals {
  iccids = ["89450190000000000019", "89450190000000000091"]
}

output "mistyped" {
  value = [for iccid in local.iccids : iccid if !provider::telco::iccid_check_digit_valid(iccid)]
}
