package provider

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral"
	"github.com/hashicorp/terraform-plugin-framework/ephemeral/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/mvno"
	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

var _ ephemeral.EphemeralResourceWithConfigure = (*mvnoSIMCodesEphemeralResource)(nil)

// mvnoSIMCodesEphemeralResource reads a SIM's codes each time that Terraform opens it, in every plan and every apply,
// and leaves them nowhere: nothing is to be renewed or closed.
type mvnoSIMCodesEphemeralResource struct{ baseResource }

func newMVNOSIMCodesEphemeralResource() ephemeral.EphemeralResource {
	return &mvnoSIMCodesEphemeralResource{}
}

type mvnoSIMCodesModel struct {
	SIMNumber  types.String `tfsdk:"sim_number"`
	PIN1       types.String `tfsdk:"pin1"`
	PIN2       types.String `tfsdk:"pin2"`
	PUK1       types.String `tfsdk:"puk1"`
	PUK2       types.String `tfsdk:"puk2"`
	Network    types.String `tfsdk:"network"`
	FormFactor types.String `tfsdk:"form_factor"`
}

// Metadata names the type.
func (r *mvnoSIMCodesEphemeralResource) Metadata(
	_ context.Context, req ephemeral.MetadataRequest, resp *ephemeral.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_mvno_sim_codes"
}

// Configure takes the services from the provider.
func (r *mvnoSIMCodesEphemeralResource) Configure(
	_ context.Context, req ephemeral.ConfigureRequest, resp *ephemeral.ConfigureResponse,
) {
	r.take(req.ProviderData, &resp.Diagnostics)
}

// Schema has the SIM and what the service tells of it.
func (r *mvnoSIMCodesEphemeralResource) Schema(
	_ context.Context, _ ephemeral.SchemaRequest, resp *ephemeral.SchemaResponse,
) {
	code := func(name string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, Sensitive: true,
			MarkdownDescription: name + " of the SIM; null where the service has none."}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The PIN and PUK codes of a SIM in your storage on the MVNO API, for a write-only argument of " +
			"another provider, such as a vault's. They are read anew in every plan and every apply, and are in no plan and no " +
			"state. Terraform 1.10, OpenTofu 1.11 and newer.\n\nThe service gives them to the customer who has the SIM in " +
			"storage, and to its reseller. Whether it still does once an account holds the SIM is not documented: read them " +
			"while the SIM is in storage.",
		Attributes: map[string]schema.Attribute{
			"sim_number": schema.StringAttribute{Required: true,
				MarkdownDescription: "ICC of the SIM: 11 to 20 digits; blanks and a trailing `F` do not count.",
				Validators: []validator.String{
					stringvalidator.RegexMatches(heldSIMPattern, "must be the ICC of a SIM, 11 to 20 digits"),
				}},
			"pin1": code("PIN 1"), "pin2": code("PIN 2"), "puk1": code("PUK 1"), "puk2": code("PUK 2"),
			"network": schema.StringAttribute{Computed: true,
				MarkdownDescription: "Network of the SIM, such as `TELENOR` or `TDC`."},
			"form_factor": schema.StringAttribute{Computed: true,
				MarkdownDescription: "Form factor of the SIM, such as `NANO` or `eSIM`."},
		},
	}
}

// Open reads the codes.
func (r *mvnoSIMCodesEphemeralResource) Open(
	ctx context.Context, req ephemeral.OpenRequest, resp *ephemeral.OpenResponse,
) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	var model mvnoSIMCodesModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &model)...)
	client := r.mvno.mustUse(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}

	codes, err := client.SIMCodes(ctx, model.SIMNumber.ValueString())
	if err != nil {
		simCodesError(ctx, client, model.SIMNumber.ValueString(), err, &resp.Diagnostics)
		return
	}
	if !codes.Any() {
		resp.Diagnostics.AddAttributeError(path.Root("sim_number"), "SIM has no codes", fmt.Sprintf(
			"The MVNO API knows SIM %s, and its answer holds neither PIN nor PUK.\n\nAsk the operator for the codes.",
			model.SIMNumber.ValueString()))
		return
	}
	model.PIN1, model.PIN2 = stringOrNull(codes.PIN1), stringOrNull(codes.PIN2)
	model.PUK1, model.PUK2 = stringOrNull(codes.PUK1), stringOrNull(codes.PUK2)
	model.Network, model.FormFactor = stringOrNull(codes.SIM.Network), stringOrNull(codes.SIM.FormFactor)
	resp.Diagnostics.Append(resp.Result.Set(ctx, &model)...)
}

// simCodesError says why there are no codes. The service has one word, access_denied, for an access level that reads no
// SIM and for a SIM that lies elsewhere; whether the token may list SIMs tells the two apart.
func simCodesError(ctx context.Context, client *mvno.Client, icc string, err error, diags *diag.Diagnostics) {
	simNumber := path.Root("sim_number")
	switch {
	case errors.Is(err, transport.ErrNotFound):
		diags.AddAttributeError(simNumber, "Unknown SIM", explain(fmt.Sprintf("The MVNO API knows no SIM %s.", icc), err,
			"Check the ICC. The data source telco_mvno_sims lists the unused SIMs that the token may see."))
		return
	case !errors.Is(err, transport.ErrForbidden), errors.Is(err, transport.ErrNotTheAPI):
		diags.AddError("Unable to read the codes of a SIM", explain(
			fmt.Sprintf("The codes of SIM %s could not be read.", icc), err, ""))
		return
	}

	may, listErr := client.MayListSIMs(ctx)
	switch {
	case listErr != nil:
		diags.AddError("Codes of the SIM are refused", explain(
			fmt.Sprintf("The MVNO API refuses the codes of SIM %s. Whether the token may read SIMs at all could not be read.",
				icc), err,
			"Either the access level of the token's employee is below VIEWER, or the SIM is not in your storage."))
	case may:
		diags.AddAttributeError(simNumber, "SIM is not in your storage", explain(
			fmt.Sprintf("The token may read SIMs, and not SIM %s: another customer has it in storage, or an account holds it.",
				icc), err,
			"Read the codes with the token of the customer who has the SIM in storage, or of its reseller. For a SIM that has "+
				"been swapped into an account, the codes are in the answer of the swap alone: store_codes = true of "+
				"telco_mvno_sim_swap keeps them, in the state."))
	default:
		diags.AddError("Access level does not allow reading SIMs", explain(
			fmt.Sprintf("The token may read no SIM, so neither the codes of SIM %s.", icc), err,
			"Use the token of an employee with access level VIEWER, MANAGER or OWNER of the customer who has the SIM in "+
				"storage, or RESELLER or ADMIN."))
	}
}
