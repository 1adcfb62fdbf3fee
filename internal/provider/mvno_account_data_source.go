package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

var _ datasource.DataSourceWithConfigure = (*mvnoAccountDataSource)(nil)

type mvnoAccountDataSource struct{ baseDataSource }

func newMVNOAccountDataSource() datasource.DataSource { return &mvnoAccountDataSource{} }

type mvnoAccountModel struct {
	ID        types.String `tfsdk:"id"`
	Number    types.String `tfsdk:"number"`
	State     types.String `tfsdk:"state"`
	Type      types.String `tfsdk:"type"`
	Customer  types.String `tfsdk:"customer"`
	SIMNumber types.String `tfsdk:"sim_number"`
	IMSI      types.String `tfsdk:"imsi"`
	Network   types.String `tfsdk:"network"`
}

func (d *mvnoAccountDataSource) Metadata(
	_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_mvno_account"
}

func (d *mvnoAccountDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "One MVNO account and the SIM that it holds.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Required: true, MarkdownDescription: "Id of the account, 24 hex characters.",
				Validators: []validator.String{stringvalidator.RegexMatches(accountIDPattern, accountIDRule)}},
			"number":     text("Phone number in E.164 form."),
			"state":      text("State, such as `ACTIVE` or `BLOCKED`."),
			"type":       text("Type of the account, `MVNO`."),
			"customer":   text("Id of the customer."),
			"sim_number": text("ICC of the SIM that the account holds."),
			"imsi":       text("IMSI of that SIM."),
			"network":    text("Network of that SIM, such as `TELENOR` or `TDC`."),
		},
	}
}

func (d *mvnoAccountDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	var model mvnoAccountModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	client := d.mvno.mustUse(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	account, err := client.Account(ctx, model.ID.ValueString())
	switch {
	case errors.Is(err, transport.ErrNotFound):
		resp.Diagnostics.AddAttributeError(path.Root("id"), "Unknown MVNO account", explain(
			fmt.Sprintf("The MVNO API knows no account %s.", model.ID.ValueString()), err, ""))
		return
	case err != nil:
		accountReadError(&resp.Diagnostics, model.ID.ValueString(), err)
		return
	}
	shown := listedMVNOAccount(account)
	shown.ID = model.ID // as it was asked for
	resp.Diagnostics.Append(resp.State.Set(ctx, &shown)...)
}
