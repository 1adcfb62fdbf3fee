package provider

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/mvno"
	"github.com/simfleet/terraform-provider-telco/internal/identity"
)

var _ datasource.DataSourceWithConfigure = (*mvnoAccountsDataSource)(nil)

type mvnoAccountsDataSource struct{ baseDataSource }

func newMVNOAccountsDataSource() datasource.DataSource { return &mvnoAccountsDataSource{} }

type mvnoAccountsModel struct {
	Customer types.String       `tfsdk:"customer"`
	Network  types.String       `tfsdk:"network"`
	Filter   types.String       `tfsdk:"filter"`
	States   types.Set          `tfsdk:"states"`
	Accounts []mvnoAccountModel `tfsdk:"accounts"`
	IDs      []string           `tfsdk:"ids"`
}

// customerRule is the form of a customer's id, which is that of an account's.
const customerRule = "must be the id of a customer, 24 hex characters"

func (d *mvnoAccountsDataSource) Metadata(
	_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_mvno_accounts"
}

func (d *mvnoAccountsDataSource) Schema(
	_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse,
) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The MVNO accounts of a customer and the SIMs that they hold, all pages, sorted by id. " +
			"Deleted accounts are not among them.",
		Attributes: map[string]schema.Attribute{
			"customer": schema.StringAttribute{Optional: true,
				MarkdownDescription: "Only accounts of the customer with this id. Default: the customer that the token belongs to.",
				Validators:          []validator.String{stringvalidator.RegexMatches(accountIDPattern, customerRule)}},
			"network": schema.StringAttribute{Optional: true,
				MarkdownDescription: "Only accounts whose SIM is of this network: `TELENOR`, `TDC` or `TELIA`.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)}},
			"filter": schema.StringAttribute{Optional: true,
				MarkdownDescription: "Only accounts whose number, device type, ICC, IMSI or notes hold this text.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)}},
			"states": schema.SetAttribute{ElementType: types.StringType, Optional: true,
				MarkdownDescription: "Only accounts in one of these states, such as `ACTIVE` or `BLOCKED`, in any case."},
			"ids": schema.ListAttribute{ElementType: types.StringType, Computed: true,
				MarkdownDescription: "The ids of the accounts, for `for_each` and the like."},
			"accounts": schema.ListNestedAttribute{Computed: true, MarkdownDescription: "The accounts, sorted by id.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id":         text("Id of the account, 24 hex characters; the import id of `telco_mvno_sim_swap`."),
					"number":     text("Phone number in E.164 form."),
					"state":      text("State, such as `ACTIVE` or `BLOCKED`."),
					"type":       text("Type of the account, `MVNO`."),
					"customer":   text("Id of the customer."),
					"sim_number": text("ICC of the SIM that the account holds."),
					"imsi":       text("IMSI of that SIM."),
					"network":    text("Network of that SIM, such as `TELENOR` or `TDC`."),
				}}},
		},
	}
}

func (d *mvnoAccountsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	var config mvnoAccountsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	client := d.mvno.mustUse(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	var states []string
	resp.Diagnostics.Append(config.States.ElementsAs(ctx, &states, false)...)
	if resp.Diagnostics.HasError() {
		return
	}
	list, err := client.Accounts(ctx, mvno.AccountFilter{
		Customer: config.Customer.ValueString(), Network: config.Network.ValueString(), Text: config.Filter.ValueString(),
	})
	if err != nil {
		resp.Diagnostics.AddError("Unable to list MVNO accounts", explain("The MVNO accounts could not be listed.", err, ""))
		return
	}
	slices.SortFunc(list, func(a, b mvno.Account) int { return strings.Compare(a.ID, b.ID) })
	config.Accounts, config.IDs = []mvnoAccountModel{}, []string{}
	for i := range list {
		if config.States.IsNull() || anyWord(states, list[i].State) {
			config.IDs = append(config.IDs, list[i].ID)
			config.Accounts = append(config.Accounts, listedMVNOAccount(&list[i]))
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &config)...)
}

// anyWord says whether a word of state is among those.
func anyWord(words []string, word string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return identity.SameWord(w, word) })
}

// listedMVNOAccount is an account as a data source shows it.
func listedMVNOAccount(a *mvno.Account) mvnoAccountModel {
	return mvnoAccountModel{
		ID: types.StringValue(a.ID), Number: stringOrNull(a.Number), State: stringOrNull(a.State), Type: stringOrNull(a.Type),
		Customer:  stringOrNull(a.Customer),
		SIMNumber: stringOrNull(a.SIM.SIMNumber), IMSI: stringOrNull(a.SIM.IMSI), Network: stringOrNull(a.SIM.Network),
	}
}
