package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
)

// baseResource is the part that all resources and data sources share: it takes the services from the provider.
type baseResource struct{ *services }

func (b *baseResource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	b.take(req.ProviderData, &resp.Diagnostics)
}

func (b *baseResource) take(data any, diags *diag.Diagnostics) {
	if data == nil {
		return // validation comes before the provider is configured
	}
	s, ok := data.(*services)
	if !ok {
		diags.AddError("Provider fault", fmt.Sprintf("The provider handed over %T. Please report this.", data))
		return
	}
	b.services = s
}

// baseDataSource is baseResource for data sources, whose Configure has other types.
type baseDataSource struct{ baseResource }

func (b *baseDataSource) Configure(
	_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse,
) {
	b.take(req.ProviderData, &resp.Diagnostics)
}

// setPlanned sets attributes of a plan by name.
func setPlanned(ctx context.Context, plan *tfsdk.Plan, values map[string]any, diags *diag.Diagnostics) {
	for name, value := range values {
		diags.Append(plan.SetAttribute(ctx, path.Root(name), value)...)
	}
}
