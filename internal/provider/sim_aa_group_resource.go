package provider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/m2m"
	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/identity"
	"github.com/simfleet/terraform-provider-telco/internal/livechange"
	"github.com/simfleet/terraform-provider-telco/internal/planmod"
)

var (
	_ resource.ResourceWithConfigure   = (*simAAGroupResource)(nil)
	_ resource.ResourceWithImportState = (*simAAGroupResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*simAAGroupResource)(nil)
)

type simAAGroupResource struct{ baseResource }

func newSIMAAGroupResource() resource.Resource { return &simAAGroupResource{} }

type simAAGroupModel struct {
	ID              types.String   `tfsdk:"id"`
	ICCID           types.String   `tfsdk:"iccid"`
	GroupCode       types.String   `tfsdk:"group_code"`
	Status          types.String   `tfsdk:"status"`
	OperationStatus types.String   `tfsdk:"operation_status"`
	LastChange      types.String   `tfsdk:"last_change"`
	Timeouts        timeouts.Value `tfsdk:"timeouts"`
}

func (r *simAAGroupResource) Metadata(
	_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_sim_aa_group"
}

func (r *simAAGroupResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The auto-activation group of a SIM on the m2m API: once a pending SIM has used up its test " +
			"allowance, it moves by itself to this live group and is charged. **The service can't tell which group a SIM is " +
			"armed with**, so a change made elsewhere is not seen. There is no command that disarms: destroy sends nothing, " +
			"and the assignment stays armed.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Computed: true, MarkdownDescription: "The ICCID.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}},
			"iccid": schema.StringAttribute{Required: true,
				MarkdownDescription: "ICCID of the SIM, 18 to 22 digits. Another ICCID is another SIM and replaces this resource.",
				Validators:          []validator.String{stringvalidator.RegexMatches(iccidPattern, iccidRule)},
				PlanModifiers: []planmodifier.String{planmod.KeepSpelling(identity.SameICC),
					stringplanmodifier.RequiresReplace()}},
			"group_code": schema.StringAttribute{Required: true,
				MarkdownDescription: "Code (not the name) of the live group to move to. It can be set only while the SIM is in a " +
					"group of type *pending*.",
				Validators: []validator.String{stringvalidator.LengthAtLeast(1)}},
			"status": schema.StringAttribute{Computed: true,
				MarkdownDescription: "Status of the SIM: `active`, `deactivated` or `closed`. Once it is closed, refreshes make " +
					"no call for it."},
			"operation_status": operationStatusAttribute(),
			"last_change":      lastChangeAttribute("`auto-activation group (can't be read) -> LIVE10`"),
			"timeouts":         timeoutsAttribute(ctx, timeouts.Opts{Create: true, Update: true}),
		},
	}
}

func (m *simAAGroupModel) isClosed() bool { return m.Status.ValueString() == string(m2m.Closed) }

// asksForAssignment says whether the plan is to be sent: another group, or one of which nothing tells what became. On
// a closed SIM the latter is settled, since no group matters any more; and a group that an import by identity has left
// open is taken as declared.
func (m *simAAGroupModel) asksForAssignment(
	prior *simAAGroupModel, op *change.Op[aaGroupOperation], imported bool,
) bool {
	if imported && prior.GroupCode.IsNull() {
		return false
	}
	return !m.GroupCode.Equal(prior.GroupCode) || op != nil && !prior.isClosed()
}

func (r *simAAGroupResource) subject(client *m2m.Client, plan simAAGroupModel) *aaGroupSubject {
	return &aaGroupSubject{services: r.services, client: client, iccid: plan.ICCID.ValueString(),
		group: plan.GroupCode.ValueString()}
}

func (r *simAAGroupResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, func() bool { return !resp.State.Raw.IsNull() })
	var plan simAAGroupModel
	diags.Append(req.Plan.Get(ctx, &plan)...)
	timeout, d := plan.Timeouts.Create(ctx, operationTimeout)
	diags.Append(d...)
	client := r.m2m.use(diags)
	if diags.HasError() {
		return
	}
	saveOperation[aaGroupOperation](ctx, resp.Private, nil, diags)
	r.assign(ctx, client, plan, change.Planned{Announced: announces(plan.OperationStatus)}, timeout, diags,
		conclusion[m2m.Status, aaGroupOperation]{
			verb: creating, drop: func() { resp.State.RemoveResource(ctx) },
			asked: r.keep(ctx, plan, &resp.State, resp.Private, diags),
		})
}

func (r *simAAGroupResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, nil)
	var plan, state simAAGroupModel
	diags.Append(req.Plan.Get(ctx, &plan)...)
	diags.Append(req.State.Get(ctx, &state)...)
	timeout, d := plan.Timeouts.Update(ctx, operationTimeout)
	diags.Append(d...)
	op := loadOperation[aaGroupOperation](ctx, req.Private, diags)
	imported := importedByIdentity(ctx, req.Private, diags)
	if diags.HasError() {
		return
	}
	if !plan.asksForAssignment(&state, op, imported) { // only timeouts have changed, or the group is taken as declared
		plan.Status = keepPlanned(state.Status, plan.Status)
		plan.OperationStatus = keepPlanned(state.OperationStatus, plan.OperationStatus)
		diags.Append(resp.State.Set(ctx, &plan)...)
		return
	}
	client := r.m2m.use(diags)
	if diags.HasError() {
		return
	}
	// A refusal leaves the state, and with it the group and the operation, as it was: resp has both.
	r.assign(ctx, client, plan, change.Planned{Announced: announces(plan.OperationStatus)}, timeout, diags,
		conclusion[m2m.Status, aaGroupOperation]{
			verb: updating, asked: r.keep(ctx, plan, &resp.State, resp.Private, diags),
			shown: func(m2m.Status, *change.Op[aaGroupOperation]) {},
		})
}

// assign sends the assignment and ends the verb.
func (r *simAAGroupResource) assign(
	ctx context.Context, client *m2m.Client, plan simAAGroupModel, planned change.Planned, timeout time.Duration,
	diags *diag.Diagnostics, end conclusion[m2m.Status, aaGroupOperation],
) {
	s := r.subject(client, plan)
	o := change.Run(ctx, r.engine, s, planned, time.Now().Add(timeout), end.asked)
	end.say = s.sentences()
	end.conclude(o, diags)
}

// keep writes what was asked for into state.
func (r *simAAGroupResource) keep(
	ctx context.Context, plan simAAGroupModel, state stateSetter, private privateWriter, diags *diag.Diagnostics,
) func(m2m.Status, *change.Op[aaGroupOperation]) {
	return func(status m2m.Status, op *change.Op[aaGroupOperation]) {
		model := plan
		model.ID = model.ICCID
		model.Status = keepPlanned(stringOrNull(string(status)), plan.Status)
		model.OperationStatus = operationStatus(op)
		model.LastChange = lastChange(plan.LastChange, types.StringNull(), true,
			livechange.Group(livechange.Unreadable, plan.GroupCode.ValueString()))
		diags.Append(state.Set(ctx, &model)...)
		saveOperation(ctx, private, op, diags)
	}
}

func (r *simAAGroupResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, nil)
	var state simAAGroupModel
	diags.Append(req.State.Get(ctx, &state)...)
	op := loadOperation[aaGroupOperation](ctx, req.Private, diags)
	if diags.HasError() || state.isClosed() {
		return // the vendor asks to make no further calls for a closed SIM
	}
	client := r.m2m.use(diags)
	if client == nil {
		return
	}
	iccid := state.ICCID.ValueString()
	read := func(ctx context.Context) (m2m.Status, error) { return client.QueryStatus(ctx, iccid) }
	status, err := read(ctx)
	if isNotFound(err) {
		// There is no list to ask for a proof that it is ours that answers, so the second look is enough.
		witness := r.witnesses.at("m2m", func(context.Context) (bool, error) { return true, nil })
		status, err = change.Certain(ctx, witness, isNotFound, read)
	}
	switch {
	case isGone(err):
		warnGone(diags, "SIM is gone", "SIM "+iccid, err)
		removeFromState(ctx, resp)
		return
	case err != nil:
		readError(diags, "Unable to read SIM", fmt.Sprintf("The status of SIM %s could not be read.", iccid), err)
		return
	case status == m2m.Closed:
		diags.AddWarning("SIM is closed", fmt.Sprintf(
			"SIM %s has been closed, which is permanent. It stays in state, and later refreshes make no call for it.\n\n"+
				"Take it out of the configuration.", iccid))
	}
	state.ID = state.ICCID
	state.Status = types.StringValue(string(status))
	state.OperationStatus = operationStatus(op)
	diags.Append(resp.State.Set(ctx, &state)...)
	saveOperation(ctx, resp.Private, op, diags)
}

// Delete sends nothing; the plan has said so.
func (r *simAAGroupResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {
}

func (r *simAAGroupResource) ImportState(
	ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	iccid, group, ok := strings.Cut(req.ID, "/")
	if !ok || group == "" || !iccidPattern.MatchString(iccid) {
		resp.Diagnostics.AddError("Invalid import id", fmt.Sprintf(
			"The import id of telco_sim_aa_group is ICCID/GROUP_CODE, such as 8944000000000000017/LIVE10. It was %q.\n\n"+
				"The group is part of the id because no command reads it: it is taken as you give it.", req.ID))
		return
	}
	r.m2m.mustImport(&resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), iccid)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("iccid"), iccid)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("group_code"), group)...)
}
