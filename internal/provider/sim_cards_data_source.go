package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/accounts"
)

var _ datasource.DataSourceWithConfigure = (*simCardsDataSource)(nil)

type simCardsDataSource struct{ baseDataSource }

func newSIMCardsDataSource() datasource.DataSource { return &simCardsDataSource{} }

type simCardsModel struct {
	AccountKey types.String      `tfsdk:"account_key"`
	States     types.Set         `tfsdk:"states"`
	Cards      []listedCardModel `tfsdk:"cards"`
}

// listedCardModel holds the attributes of telco_sim_card that the service answers.
type listedCardModel struct {
	CLI               types.String `tfsdk:"cli"`
	SIMNumber         types.String `tfsdk:"sim_number"`
	Description       types.String `tfsdk:"description"`
	InventoryRef      types.String `tfsdk:"inventory_ref"`
	Tariff            types.String `tfsdk:"tariff"`
	Bundle            types.String `tfsdk:"bundle"`
	Operator          types.String `tfsdk:"operator"`
	SOC               types.String `tfsdk:"soc"`
	PurchaseOrder     types.String `tfsdk:"purchase_order"`
	SIMProvider       types.String `tfsdk:"sim_provider"`
	ProviderTariff    types.String `tfsdk:"provider_tariff"`
	ProviderPrice     types.String `tfsdk:"provider_price"`
	ProviderStartDate types.String `tfsdk:"provider_start_date"`
	State             types.String `tfsdk:"state"`
	ForeignAttributes types.Map    `tfsdk:"foreign_attributes"`
	Version           types.Int64  `tfsdk:"version"`
	ActorStatus       types.String `tfsdk:"actor_status"`
	NetworkStatus     types.String `tfsdk:"network_status"`
	InternalSOC       types.String `tfsdk:"internal_soc"`
	Created           types.String `tfsdk:"created"`
	AccountKey        types.String `tfsdk:"account_key"`
	ID                types.String `tfsdk:"id"`
}

func (d *simCardsDataSource) Metadata(
	_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_sim_cards"
}

func (d *simCardsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The SIM cards of an account on the accounts API, sorted by CLI.",
		Attributes: map[string]schema.Attribute{
			"account_key": schema.StringAttribute{Required: true, MarkdownDescription: "Key of the account.",
				Validators: []validator.String{stringvalidator.RegexMatches(accountKeyPattern, accountKeyRule)}},
			"states": schema.SetAttribute{ElementType: types.StringType, Optional: true,
				MarkdownDescription: "Only SIM cards in one of these states, such as `live`."},
			"cards": schema.ListNestedAttribute{Computed: true, MarkdownDescription: "The SIM cards, sorted by CLI.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id":                  text("`account_key/cli`, the import id of `telco_sim_card`."),
					"account_key":         text("Key of the account."),
					"cli":                 text("IMSI or MSISDN, the SIM's unique identifier."),
					"sim_number":          text("ICCID."),
					"description":         text("Description."),
					"inventory_ref":       text("Inventory reference."),
					"tariff":              text("Tariff on the operator's platform."),
					"bundle":              text("Bundle on the operator's platform."),
					"operator":            text("Operator."),
					"soc":                 text("SOC code of the API's consumer."),
					"purchase_order":      text("Purchase order."),
					"sim_provider":        text("Who supplied the SIM."),
					"provider_tariff":     text("Tariff applied by that supplier."),
					"provider_price":      text("Price applied by that supplier."),
					"provider_start_date": text("From when that supplier bills the SIM, in RFC 3339 form."),
					"state":               text("State, such as `live`."),
					"foreign_attributes": schema.MapAttribute{ElementType: types.StringType, Computed: true,
						MarkdownDescription: "Further details of the SIM."},
					"version":        schema.Int64Attribute{Computed: true, MarkdownDescription: "The service's version of the SIM."},
					"actor_status":   text("`stable`, `pending` or `stalled`."),
					"network_status": text("`disconnected`, `connected` or `activation`."),
					"internal_soc":   text("SOC code assigned by the vendor."),
					"created":        text("When the SIM was created in the service, in RFC 3339 form."),
				}}},
		},
	}
}

func (d *simCardsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	var config simCardsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	client := d.accounts.mustUse(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	var states []string
	resp.Diagnostics.Append(config.States.ElementsAs(ctx, &states, false)...)
	if resp.Diagnostics.HasError() {
		return
	}
	cards, err := client.SIMCards(ctx, config.AccountKey.ValueString())
	if err != nil {
		resp.Diagnostics.AddError("Unable to list SIM cards", explain(
			fmt.Sprintf("The SIM cards of account %s could not be listed.", config.AccountKey.ValueString()), err, ""))
		return
	}
	slices.SortFunc(cards, func(a, b accounts.SIMCard) int { return strings.Compare(a.CLI, b.CLI) })
	config.Cards = []listedCardModel{}
	for i := range cards {
		if config.States.IsNull() || slices.Contains(states, cards[i].State.String()) {
			config.Cards = append(config.Cards, listedCard(config.AccountKey, &cards[i]))
		}
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &config)...)
}

// listedCard goes through the resource's own mapping, so that both show a SIM in the same way.
func listedCard(account types.String, card *accounts.SIMCard) listedCardModel {
	m := simCardModel{AccountKey: account, CLI: types.StringValue(card.CLI)}
	m.setCard(card)
	return listedCardModel{
		ID: m.ID, AccountKey: m.AccountKey, CLI: m.CLI, SIMNumber: m.SIMNumber, Description: m.Description,
		InventoryRef: m.InventoryRef,
		Tariff:       m.Tariff, Bundle: m.Bundle, Operator: m.Operator, SOC: m.SOC, PurchaseOrder: m.PurchaseOrder,
		SIMProvider:    m.SIMProvider,
		ProviderTariff: m.ProviderTariff, ProviderPrice: m.ProviderPrice, ProviderStartDate: m.ProviderStartDate,
		State:             m.State,
		ForeignAttributes: m.ForeignAttributes, Version: m.Version, ActorStatus: m.ActorStatus,
		NetworkStatus: m.NetworkStatus,
		InternalSOC:   m.InternalSOC, Created: m.Created,
	}
}
