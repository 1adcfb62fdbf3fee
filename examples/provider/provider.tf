terraform {
  required_providers {
    telco = {
      source = "simfleet/telco"
    }
  }
}

# An API needs its object only where a resource or data source uses it. Whatever is left out here is taken from the
# environment, such as TELCO_ACCOUNTS_ENDPOINT or TELCO_M2M_PASSWORD.
provider "telco" {
  accounts = {
    client_id     = var.accounts_client_id
    client_secret = var.accounts_client_secret
  }

  cmo = {
    endpoint      = var.cmo_endpoint
    tenant        = var.cmo_tenant
    token_url     = var.cmo_token_url
    client_id     = var.cmo_client_id
    client_secret = var.cmo_client_secret
  }

  m2m = {
    username = var.m2m_username
    password = var.m2m_password
    api_id   = var.m2m_api_id
  }

  mvno = {
    token = var.mvno_token
  }

  # A plan with more live changes than you would ever mean to make fails.
  max_live_changes = 50
}
