module github.com/simfleet/terraform-provider-telco

go 1.26.0

require (
	golang.org/x/oauth2 v0.37.0
	golang.org/x/sync v0.24.0
	golang.org/x/time v0.16.0
)
