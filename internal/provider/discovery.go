package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
)

var (
	_ provider.ProviderWithEphemeralResources = (*telcoProvider)(nil)
	_ provider.ProviderWithListResources      = (*telcoProvider)(nil)
)

// EphemeralResources are for Terraform 1.10, OpenTofu 1.11 and newer; older ones do not ask.
func (p *telcoProvider) EphemeralResources(context.Context) []func() ephemeral.EphemeralResource {
	return []func() ephemeral.EphemeralResource{newMVNOSIMCodesEphemeralResource}
}

// ListResources are for terraform query, Terraform 1.14 and newer. An auto-activation group can't be read, so there is
// no list of them; a fleet is no object of the service.
func (p *telcoProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{newSIMCardListResource, newSIMStatusListResource, newMVNOSIMSwapListResource}
}
