# Three spellings from three lists: in groups, with hyphens, and with the F that fills up the last byte on a card.
output "iccids" {
  value = [
    for text in ["8949 0200 0000 0000 0001", "8949-0200-0000-0000-0002", "8997100000000000001F"] :
    provider::telco::iccid(text)
  ]
}

# A variable that takes each of them, and says what is wrong with anything else.
variable "iccid" {
  type    = string
  default = "8944 0000 0000 0000 001"

  validation {
    condition     = can(provider::telco::iccid(var.iccid))
    error_message = "This is no ICCID: it needs 18 to 22 digits, and no letters but one F at the end."
  }
}
