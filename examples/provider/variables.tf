variable "accounts_client_id" {
  type = string
}

variable "accounts_client_secret" {
  type      = string
  sensitive = true
}

variable "cmo_endpoint" {
  type = string
}

variable "cmo_tenant" {
  type = string
}

variable "cmo_token_url" {
  type = string
}

variable "cmo_client_id" {
  type = string
}

variable "cmo_client_secret" {
  type      = string
  sensitive = true
}

variable "m2m_username" {
  type = string
}

variable "m2m_password" {
  type      = string
  sensitive = true
}

variable "m2m_api_id" {
  type = string
}

variable "mvno_token" {
  type      = string
  sensitive = true
}
