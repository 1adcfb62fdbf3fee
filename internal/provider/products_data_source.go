package provider

import (
	"context"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/cmo"
)

var _ datasource.DataSourceWithConfigure = (*productsDataSource)(nil)

type productsDataSource struct{ baseDataSource }

func newProductsDataSource() datasource.DataSource { return &productsDataSource{} }

type productsModel struct {
	Statuses         types.Set             `tfsdk:"statuses"`
	Backends         types.Set             `tfsdk:"backends"`
	ConnectivityType types.String          `tfsdk:"connectivity_type"`
	PageSize         types.Int64           `tfsdk:"page_size"`
	Products         []productSummaryModel `tfsdk:"products"`
	IDs              []string              `tfsdk:"ids"`
}

type productSummaryModel struct {
	ID               types.String `tfsdk:"id"`
	Backend          types.String `tfsdk:"backend"`
	ICCID            types.String `tfsdk:"iccid"`
	ConnectivityType types.String `tfsdk:"connectivity_type"`
	Status           types.String `tfsdk:"status"`
}

func (d *productsDataSource) Metadata(
	_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_products"
}

func (d *productsDataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The IoT connection products (SIMs and satellite terminals) of the CMO tenant, all pages, " +
			"sorted by id. The API has no filters, so `statuses`, `backends` and `connectivity_type` choose among what was read.",
		Attributes: map[string]schema.Attribute{
			"statuses": schema.SetAttribute{ElementType: types.StringType, Optional: true,
				MarkdownDescription: "Only products with one of these statuses, such as `ACTIVE`.",
				Validators: []validator.Set{setvalidator.ValueStringsAre(stringvalidator.RegexMatches(statusPattern,
					statusRule))}},
			"backends": schema.SetAttribute{ElementType: types.StringType, Optional: true,
				MarkdownDescription: "Only products of one of these backends, such as `TMSP`."},
			"connectivity_type": schema.StringAttribute{Optional: true,
				MarkdownDescription: "Only `CELLULAR` or only `SATELLITE` products.",
				Validators:          []validator.String{stringvalidator.OneOf("CELLULAR", "SATELLITE")}},
			"page_size": schema.Int64Attribute{Optional: true,
				MarkdownDescription: "How many products to ask for in one call. Default `100`.",
				Validators:          []validator.Int64{int64validator.Between(1, 1000)}},
			"products": schema.ListNestedAttribute{Computed: true, MarkdownDescription: "The products, sorted by id.",
				NestedObject: schema.NestedAttributeObject{Attributes: map[string]schema.Attribute{
					"id": schema.StringAttribute{Computed: true,
						MarkdownDescription: "Product id, `BACKEND-ICCID` for a SIM."},
					"backend":           schema.StringAttribute{Computed: true, MarkdownDescription: "Backend, such as `TMSP`."},
					"iccid":             schema.StringAttribute{Computed: true, MarkdownDescription: "ICCID; null for satellites."},
					"connectivity_type": schema.StringAttribute{Computed: true, MarkdownDescription: "`CELLULAR` or `SATELLITE`."},
					"status": schema.StringAttribute{Computed: true,
						MarkdownDescription: "Status as the list shows it; it may be the composite product's rather than the SIM's."},
				}}},
			"ids": schema.ListAttribute{ElementType: types.StringType, Computed: true,
				MarkdownDescription: "The ids of `products`, in the same order."},
		},
	}
}

func (d *productsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	var config productsModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	client := d.cmo.mustUse(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	var statuses, backends []string
	resp.Diagnostics.Append(config.Statuses.ElementsAs(ctx, &statuses, false)...)
	resp.Diagnostics.Append(config.Backends.ElementsAs(ctx, &backends, false)...)
	if resp.Diagnostics.HasError() {
		return
	}

	products, err := client.Products(ctx, int(config.PageSize.ValueInt64()))
	if err != nil {
		resp.Diagnostics.AddError("Unable to list products",
			explain("The products of the CMO tenant could not be listed.", err, ""))
		return
	}
	wanted := func(p cmo.Summary) bool {
		return (config.Statuses.IsNull() || slices.Contains(statuses, p.Status)) &&
			(config.Backends.IsNull() || slices.Contains(backends, p.Backend)) &&
			(config.ConnectivityType.IsNull() || config.ConnectivityType.ValueString() == p.ConnectivityType)
	}
	config.Products, config.IDs = []productSummaryModel{}, []string{}
	for _, p := range products {
		if !wanted(p) {
			continue
		}
		config.IDs = append(config.IDs, p.ID)
		config.Products = append(config.Products, productSummaryModel{
			ID: types.StringValue(p.ID), Backend: stringOrNull(p.Backend), ICCID: stringOrNull(p.ICCID),
			ConnectivityType: stringOrNull(p.ConnectivityType), Status: stringOrNull(p.Status),
		})
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &config)...)
}
