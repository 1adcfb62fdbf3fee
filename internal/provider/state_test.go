package provider_test

import "github.com/hashicorp/terraform-plugin-testing/terraform"

type tfState = terraform.State
