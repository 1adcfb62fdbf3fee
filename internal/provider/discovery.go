package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/provider"
)

var _ provider.ProviderWithEphemeralResources = (*telcoProvider)(nil)

// EphemeralResources are for Terraform 1.10, OpenTofu 1.11 and newer; older ones do not ask.
func (p *telcoProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{newMVNOSIMCodesEphemeralResource}
}
