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
)

var _ datasource.DataSourceWithConfigure = (*mvnoSIMsDataSource)(nil)

type mvnoSIMsDataSource struct{ baseDataSource }

func newMVNOSIMsDataSource() datasource.DataSource { return &mvnoSIMsDataSource{} }

type mvnoSIMsModel struct {
	Customer   types.String   `tfsdk:"customer"`
	Network    types.String   `tfsdk:"network"`
	FormFactor types.String   `tfsdk:"form_factor"`
	Filter     types.String   `tfsdk:"filter"`
	AutoAssign types.Bool     `tfsdk:"auto_assign"`
	SIMs       []mvnoSIMModel `tfsdk:"sims"`
	SIMNumbers []string       `tfsdk:"sim_numbers"`
}

type mvnoSIMModel struct {
	SIMNumber  types.String `tfsdk:"sim_number"`
	Network    types.String `tfsdk:"network"`
	FormFactor types.String `tfsdk:"form_factor"`
	AutoAssign types.Bool   `tfsdk:"auto_assign"`
}

func (d *mvnoSIMsDataSource) Metadata(
	_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_mvno_sims"
}

func (d *mvnoSIMsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	argument := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Optional: true, MarkdownDescription: description,
			Validators: []validator.String{stringvalidator.LengthAtLeast(1)}}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The unused SIMs in storage that an MVNO account can swap to, all pages, sorted by ICC. The " +
			"PIN and PUK codes that the service sends with them are dropped unread: `telco_mvno_sim_codes` gives those of one " +
			"SIM, without a state.\n\nA SIM of this list is a fact of the moment. Choosing `new_sim` from it by position " +
			"(`sim_numbers[0]`) plans another swap as soon as that SIM is used: write the ICC down, or use `autoAssign`.",
		Attributes: map[string]schema.Attribute{
			"customer": schema.StringAttribute{Optional: true,
				MarkdownDescription: "Only SIMs in the storage of the customer with this id. Default: all that the token may " +
					"see, which is the own customer's, and for a reseller those of all its customers.",
				Validators: []validator.String{stringvalidator.RegexMatches(accountIDPattern, customerRule)}},
			"network":     argument("Only SIMs of this network: `TELENOR`, `TDC` or `TELIA`."),
			"form_factor": argument("Only SIMs of this form factor: `MINI_MICRO`, `NANO`, `MINI_MICRO_NANO` or `eSIM`."),
			"filter":      argument("Only SIMs whose ICC holds these digits."),
			"auto_assign": schema.BoolAttribute{Optional: true,
				MarkdownDescription: "`true`: only SIMs that the service may assign by itself (`new_sim = \"autoAssign\"`); " +
					"`false`: only others."},
			"sim_numbers": schema.ListAttribute{ElementType: types.StringType, Computed: true,
				MarkdownDescription: "The ICCs of the SIMs, as `new_sim` of `telco_mvno_sim_swap` takes them."},
			"sims": schema.ListNestedAttribute{Computed: true, MarkdownDescription: "The SIMs, sorted by ICC.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"sim_number":  text("ICC."),
					"network":     text("Network, such as `TELENOR` or `TDC`."),
					"form_factor": text("Form factor, such as `NANO`."),
					"auto_assign": schema.BoolAttribute{Computed: true,
						MarkdownDescription: "Whether the service may assign the SIM by itself."},
				}}},
		},
	}
}

func (d *mvnoSIMsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	var config mvnoSIMsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	client := d.mvno.mustUse(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	list, err := client.UnusedSIMs(ctx, mvno.PoolFilter{
		Customer: config.Customer.ValueString(), Network: config.Network.ValueString(),
		FormFactor: config.FormFactor.ValueString(),
		ICC:        config.Filter.ValueString(), AutoAssign: config.AutoAssign.ValueBoolPointer(),
	})
	if err != nil {
		resp.Diagnostics.AddError("Unable to list unused SIMs", explain("The unused SIMs could not be listed.", err, ""))
		return
	}
	slices.SortFunc(list, func(a, b mvno.PoolSIM) int { return strings.Compare(a.ICC, b.ICC) })
	config.SIMs, config.SIMNumbers = []mvnoSIMModel{}, []string{}
	for _, sim := range list {
		config.SIMNumbers = append(config.SIMNumbers, sim.ICC)
		config.SIMs = append(config.SIMs, mvnoSIMModel{
			SIMNumber: types.StringValue(sim.ICC), Network: stringOrNull(sim.Network), FormFactor: stringOrNull(sim.FormFactor),
			AutoAssign: types.BoolValue(sim.AutoAssign),
		})
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &config)...)
}
