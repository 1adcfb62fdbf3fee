package provider

import (
	"context"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/accounts"
)

var _ datasource.DataSourceWithConfigure = (*accountsDataSource)(nil)

type accountsDataSource struct{ baseDataSource }

func newAccountsDataSource() datasource.DataSource { return &accountsDataSource{} }

type accountsListModel struct {
	Accounts []accountModel `tfsdk:"accounts"`
	Keys     []string       `tfsdk:"keys"`
}

type accountModel struct {
	AccountKey   types.String `tfsdk:"account_key"`
	TenantID     types.String `tfsdk:"tenant_id"`
	Description  types.String `tfsdk:"description"`
	EmailContact types.String `tfsdk:"email_contact"`
	StartDate    types.String `tfsdk:"start_date"`
	ActorStatus  types.String `tfsdk:"actor_status"`
}

func (d *accountsDataSource) Metadata(
	_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_accounts"
}

func (d *accountsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The accounts of your integration on the accounts API, all pages, sorted by key. Each key is " +
			"the `account_key` of `telco_sim_card` and `telco_sim_cards`.",
		Attributes: map[string]schema.Attribute{
			"keys": schema.ListAttribute{ElementType: types.StringType, Computed: true,
				MarkdownDescription: "The keys of the accounts, for `for_each` and the like."},
			"accounts": schema.ListNestedAttribute{Computed: true, MarkdownDescription: "The accounts, sorted by key.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"account_key":   text("Key of the account, your own."),
					"tenant_id":     text("Tenant that the account belongs to; null where the service has none."),
					"description":   text("Description; null where the service has none."),
					"email_contact": text("E-mail address of the account's contact; null where the service has none."),
					"start_date":    text("When the account was created, in RFC 3339 form."),
					"actor_status": text("Health of the account in the service: `stable`, `pending` (a long operation runs), or " +
						"`stalled` (only the vendor's support desk can help)."),
				}}},
		},
	}
}

func (d *accountsDataSource) Read(ctx context.Context, _ datasource.ReadRequest, resp *datasource.ReadResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	client := d.accounts.mustUse(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	list, err := client.Accounts(ctx)
	if err != nil {
		resp.Diagnostics.AddError("Unable to list accounts", explain("The accounts of the integration could not be listed.",
			err, ""))
		return
	}
	slices.SortFunc(list, func(a, b accounts.Account) int { return strings.Compare(a.Key, b.Key) })
	model := accountsListModel{Accounts: []accountModel{}, Keys: []string{}}
	for _, a := range list {
		model.Keys = append(model.Keys, a.Key)
		model.Accounts = append(model.Accounts, accountModel{
			AccountKey: types.StringValue(a.Key), TenantID: types.StringPointerValue(a.TenantID),
			Description: types.StringPointerValue(a.Description), EmailContact: types.StringPointerValue(a.EmailContact),
			StartDate: dateValue(types.StringNull(), a.StartDate), ActorStatus: types.StringValue(a.ActorStatus.String()),
		})
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}
