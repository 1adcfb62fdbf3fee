package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// serviceUser is the part that all resources and data sources share: it takes the services from the provider.
type serviceUser struct{ *services }

func (u *serviceUser) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	u.take(req.ProviderData, &resp.Diagnostics)
}

func (u *serviceUser) take(data any, diags *diag.Diagnostics) {
	if data == nil {
		return // validation comes before the provider is configured
	}
	s, ok := data.(*services)
	if !ok {
		diags.AddError("Provider fault", fmt.Sprintf("The provider handed over %T. Please report this.", data))
		return
	}
	u.services = s
}

// dataServiceUser is serviceUser for data sources, whose Configure has other types.
type dataServiceUser struct{ serviceUser }

func (u *dataServiceUser) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	u.take(req.ProviderData, &resp.Diagnostics)
}

// stateSetter is the part of a response's state that is written whole.
type stateSetter interface {
	Set(ctx context.Context, val any) diag.Diagnostics
}
