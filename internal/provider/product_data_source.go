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

	"github.com/simfleet/terraform-provider-telco/internal/api/cmo"
	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

var _ datasource.DataSourceWithConfigure = (*productDataSource)(nil)

type productDataSource struct{ baseDataSource }

func newProductDataSource() datasource.DataSource { return &productDataSource{} }

type productModel struct {
	ID               types.String      `tfsdk:"id"`
	Status           types.String      `tfsdk:"status"`
	ConnectivityType types.String      `tfsdk:"connectivity_type"`
	Backend          types.String      `tfsdk:"backend"`
	StartDate        types.String      `tfsdk:"start_date"`
	Offering         types.String      `tfsdk:"offering"`
	Characteristics  map[string]string `tfsdk:"characteristics"`
	RelatedParties   []partyModel      `tfsdk:"related_parties"`
	SIMCard          *productSIMModel  `tfsdk:"sim_card"`
}

type partyModel struct {
	ID   types.String `tfsdk:"id"`
	Name types.String `tfsdk:"name"`
	Role types.String `tfsdk:"role"`
}

type productSIMModel struct {
	ID              types.String      `tfsdk:"id"`
	Status          types.String      `tfsdk:"status"`
	ICCID           types.String      `tfsdk:"iccid"`
	IMSI            types.String      `tfsdk:"imsi"`
	MSISDN          types.String      `tfsdk:"msisdn"`
	IMEI            types.String      `tfsdk:"imei"`
	Characteristics map[string]string `tfsdk:"characteristics"`
}

func (d *productDataSource) Metadata(
	_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_product"
}

func (d *productDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	text := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	characteristics := schema.MapAttribute{ElementType: types.StringType, Computed: true,
		MarkdownDescription: "Characteristics by name, as the service spells them."}
	resp.Schema = schema.Schema{
		MarkdownDescription: "One IoT connection product of the CMO tenant, with its SIM card.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Required: true, MarkdownDescription: "Product id, such as `TMSP-89490200000000000024`.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)}},
			"status":            text("Status of the composite product; the SIM's is in `sim_card`."),
			"connectivity_type": text("`CELLULAR` or `SATELLITE`."),
			"backend":           text("Backend, such as `TMSP`."),
			"start_date":        text("Start date, in RFC 3339 form."),
			"offering":          text("Name of the product offering."),
			"characteristics":   characteristics,
			"related_parties": schema.ListNestedAttribute{Computed: true, MarkdownDescription: "Parties of the product, such " +
				"as the customer account in the backend.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id": text("Id of the party."), "name": text("Name of the party."), "role": text("Its role, such as `customer`."),
				}}},
			"sim_card": schema.SingleNestedAttribute{Computed: true, MarkdownDescription: "The SIM card; null for satellites.",
				Attributes: map[string]schema.Attribute{
					"id": text("Id of the sub-product, with the suffix `-simCard`."), "status": text("Status of the SIM card."),
					"iccid": text("ICCID."), "imsi": text("IMSI; null where the service has none."),
					"msisdn": text("MSISDN; null where the service has none."), "imei": text("IMEI; null where the service has none."),
					"characteristics": characteristics,
				}},
		},
	}
}

func (d *productDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	var model productModel
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("id"), &model.ID)...)
	client := d.cmo.mustUse(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	p, err := client.Product(ctx, model.ID.ValueString())
	switch {
	case errors.Is(err, transport.ErrNotFound):
		resp.Diagnostics.AddAttributeError(path.Root("id"), "Unknown product", explain(
			fmt.Sprintf("The CMO knows no product %s in this tenant.", model.ID.ValueString()), err, ""))
		return
	case err != nil:
		resp.Diagnostics.AddError("Unable to read product",
			explain(fmt.Sprintf("Product %s could not be read.", model.ID.ValueString()), err, ""))
		return
	}
	model.take(p)
	resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
}

func (m *productModel) take(p *cmo.Product) {
	m.Status, m.ConnectivityType, m.Backend = stringOrNull(p.Status), stringOrNull(p.ConnectivityType),
		stringOrNull(p.Backend)
	m.StartDate, m.Offering = stringOrNull(p.StartDate), stringOrNull(p.Offering)
	m.Characteristics = notNil(p.Characteristics)
	m.RelatedParties = []partyModel{}
	for _, party := range p.RelatedParties {
		m.RelatedParties = append(m.RelatedParties, partyModel{ID: stringOrNull(party.ID), Name: stringOrNull(party.Name),
			Role: stringOrNull(party.Role)})
	}
	if s := p.SIMCard; s != nil {
		m.SIMCard = &productSIMModel{
			ID: stringOrNull(s.ID), Status: stringOrNull(s.Status), ICCID: stringOrNull(s.ICCID), IMSI: stringOrNull(s.IMSI),
			MSISDN: stringOrNull(s.MSISDN),
			IMEI:   stringOrNull(s.IMEI), Characteristics: notNil(s.Characteristics),
		}
	}
}

func notNil(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
