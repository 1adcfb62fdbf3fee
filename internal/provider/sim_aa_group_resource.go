package provider

import (
	"context"
	"errors"
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
	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

var (
	_ resource.ResourceWithConfigure   = (*simAAGroupResource)(nil)
	_ resource.ResourceWithImportState = (*simAAGroupResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*simAAGroupResource)(nil)
)

type simAAGroupResource struct{ serviceUser }

func newSIMAAGroupResource() resource.Resource { return &simAAGroupResource{} }

type simAAGroupModel struct {
	ID              types.String   `tfsdk:"id"`
	ICCID           types.String   `tfsdk:"iccid"`
	GroupCode       types.String   `tfsdk:"group_code"`
	Status          types.String   `tfsdk:"status"`
	OperationStatus types.String   `tfsdk:"operation_status"`
	Timeouts        timeouts.Value `tfsdk:"timeouts"`
}

// aaGroupOperation is what private state keeps of an assignment of which no usable answer came.
type aaGroupOperation struct {
	GroupCode string    `json:"group_code"`
	Since     time.Time `json:"since"`
}

func (r *simAAGroupResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_sim_aa_group"
}

func (r *simAAGroupResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The auto-activation group of a SIM on the m2m API: once a pending SIM has used up its test allowance, it " +
			"moves by itself to this live group and is charged. **The service can't tell which group a SIM is armed with**, so a change " +
			"made elsewhere is not seen. There is no command that disarms: destroy sends nothing, and the assignment stays armed.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Computed: true, MarkdownDescription: "The ICCID.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}},
			"iccid": schema.StringAttribute{Required: true,
				MarkdownDescription: "ICCID of the SIM, 18 to 22 digits. Another ICCID is another SIM and replaces this resource.",
				Validators:          []validator.String{stringvalidator.RegexMatches(iccidPattern, iccidRule)},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()}},
			"group_code": schema.StringAttribute{Required: true,
				MarkdownDescription: "Code (not the name) of the live group to move to. It can be set only while the SIM is in a group of type *pending*.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)}},
			"status": schema.StringAttribute{Computed: true,
				MarkdownDescription: "Status of the SIM: `active`, `deactivated` or `closed`. Once it is closed, refreshes make no call for it."},
			"operation_status": operationStatusAttribute(),
			"timeouts":         timeoutsAttribute(ctx, timeouts.Opts{Create: true, Update: true}),
		},
	}
}

func (r *simAAGroupResource) change(iccid, from, to types.String) liveChange {
	return liveChange{
		kind: aaGroupAssignment, sim: iccid.ValueString(),
		what: fmt.Sprintf("SIM %s: auto-activation group %s -> %s.", shown(iccid), shown(from), shown(to)),
		meaning: "The assignment takes effect at once: when the SIM has used up its test allowance it moves to that live group by " +
			"itself and is charged.",
	}
}

// unreadableGroup stands where the group now would: no command reads it.
var unreadableGroup = types.StringValue("(can't be read)")

func (r *simAAGroupResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	diags := &resp.Diagnostics
	var plan, state simAAGroupModel
	if !req.State.Raw.IsNull() {
		diags.Append(req.State.Get(ctx, &state)...)
	}
	if req.Plan.Raw.IsNull() {
		planNothing(diags, aaGroupAssignment, fmt.Sprintf(
			"SIM %s stays armed with auto-activation group %s: the API has no command that takes an assignment back. Destroying this "+
				"resource only makes Terraform forget it.", state.ICCID.ValueString(), shown(state.GroupCode)))
		return
	}
	diags.Append(req.Plan.Get(ctx, &plan)...)
	client := r.m2m.use(diags)
	if diags.HasError() {
		return
	}

	if req.State.Raw.IsNull() {
		if asks(plan.ICCID) && isReplacement(ctx, req.Private, plan.ICCID.ValueString(), diags) {
			diags.AddError("Replacing is refused", fmt.Sprintf(
				"Replacing would send the auto-activation group of SIM %s again, and Terraform would not show the warning of that.\n\n"+
					"Change group_code instead: that is done in place. To send the same group again, remove the resource from the state "+
					"(terraform state rm) and apply.", plan.ICCID.ValueString()))
			return
		}
		if r.check(ctx, client, plan.ICCID, diags) {
			r.live.plan(diags, r.change(plan.ICCID, unreadableGroup, plan.GroupCode))
		}
		return
	}

	setPrivate(ctx, resp.Private, plannedKey, state.ICCID.ValueString(), diags)
	operation := readMark[aaGroupOperation](ctx, req.Private, diags)
	if !plan.ICCID.Equal(state.ICCID) {
		// Terraform drops the warnings of a replacement's create leg, so this call gives them.
		planNothing(diags, aaGroupAssignment, fmt.Sprintf(
			"SIM %s stays armed with auto-activation group %s: Terraform forgets it when this resource goes over to another SIM.",
			state.ICCID.ValueString(), shown(state.GroupCode)))
		if r.check(ctx, client, plan.ICCID, diags) {
			r.live.plan(diags, r.change(plan.ICCID, unreadableGroup, plan.GroupCode))
		}
		return
	}
	if !plan.asksForAssignment(&state, operation) {
		diags.Append(resp.Plan.SetAttribute(ctx, path.Root("status"), state.Status)...)
		diags.Append(resp.Plan.SetAttribute(ctx, path.Root("operation_status"), state.OperationStatus)...)
		return
	}
	if state.isClosed() {
		closedError(diags, state.ICCID.ValueString())
		return
	}
	from := state.GroupCode
	if operation != nil {
		// Nothing can tell what became of the last assignment, so it is sent again, and this plan says so.
		from = types.StringValue("(unknown: no answer came when " + operation.Operation.GroupCode + " was sent)")
		diags.Append(resp.Plan.SetAttribute(ctx, path.Root("operation_status"), types.StringUnknown())...)
		diags.Append(resp.Plan.SetAttribute(ctx, path.Root("status"), types.StringUnknown())...)
	}
	if r.check(ctx, client, plan.ICCID, diags) {
		r.live.plan(diags, r.change(plan.ICCID, from, plan.GroupCode))
	}
}

func (m *simAAGroupModel) isClosed() bool { return m.Status.ValueString() == string(m2m.Closed) }

// asksForAssignment says whether the plan is to be sent: another group, or one of which nothing tells what became. On
// a closed SIM the latter is settled, since no group matters any more.
func (m *simAAGroupModel) asksForAssignment(prior *simAAGroupModel, operation *mark[aaGroupOperation]) bool {
	return !m.GroupCode.Equal(prior.GroupCode) || operation != nil && !prior.isClosed()
}

// check finds while planning what the service would refuse, as far as its status tells.
func (r *simAAGroupResource) check(ctx context.Context, client *m2m.Client, iccid types.String, diags *diag.Diagnostics) bool {
	if client == nil || !r.preflight || !asks(iccid) {
		return true
	}
	_, ok := r.usable(ctx, client, iccid.ValueString(), diags)
	return ok
}

// usable reads the SIM's status and refuses a SIM that is unknown or closed.
func (r *simAAGroupResource) usable(ctx context.Context, client *m2m.Client, iccid string, diags *diag.Diagnostics) (m2m.Status, bool) {
	status, err := client.QueryStatus(ctx, iccid)
	switch {
	case errors.Is(err, transport.ErrNotFound):
		diags.AddAttributeError(path.Root("iccid"), "Unknown SIM", explain(
			fmt.Sprintf("The m2m API knows no SIM %s on this account.", iccid), err, "Check the ICCID and the account. Nothing was sent."))
	case err != nil:
		diags.AddError("Unable to read SIM", explain(fmt.Sprintf("The status of SIM %s could not be read. Nothing was sent.", iccid), err, ""))
	case status == m2m.Closed:
		closedError(diags, iccid)
	default:
		return status, true
	}
	return status, false
}

func closedError(diags *diag.Diagnostics, iccid string) {
	diags.AddAttributeError(path.Root("iccid"), "SIM is closed", fmt.Sprintf(
		"SIM %s is closed, which is permanent: no command changes it any more, and the vendor asks to make no further calls for it. "+
			"Nothing was sent.\n\nTake it out of the configuration.", iccid))
}

func (r *simAAGroupResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	defer recovered(ctx, &resp.Diagnostics, func() bool { return !resp.State.Raw.IsNull() })
	var plan simAAGroupModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	timeout, d := plan.Timeouts.Create(ctx, operationTimeout)
	resp.Diagnostics.Append(d...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	(*mark[aaGroupOperation])(nil).save(ctx, resp.Private, &resp.Diagnostics)
	if m, ok := r.assign(ctx, &plan, &resp.Diagnostics); ok {
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		m.save(ctx, resp.Private, &resp.Diagnostics)
	}
}

func (r *simAAGroupResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	var plan, state simAAGroupModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, d := plan.Timeouts.Update(ctx, operationTimeout)
	resp.Diagnostics.Append(d...)
	operation := readMark[aaGroupOperation](ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if !plan.asksForAssignment(&state, operation) { // only timeouts have changed
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		return
	}
	if m, ok := r.assign(ctx, &plan, &resp.Diagnostics); ok {
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		m.save(ctx, resp.Private, &resp.Diagnostics)
	}
}

// assign sends one set_aa_group. It says whether the plan belongs into state, and returns the mark of an assignment
// of which nothing can tell what became.
func (r *simAAGroupResource) assign(ctx context.Context, plan *simAAGroupModel, diags *diag.Diagnostics) (*mark[aaGroupOperation], bool) {
	iccid, group := plan.ICCID.ValueString(), plan.GroupCode.ValueString()
	client := r.m2m.use(diags)
	if client == nil {
		return nil, false
	}
	unlock, err := r.locks.lock(ctx, "m2m "+iccid)
	if err != nil {
		diags.AddError("Auto-activation group was not set", fmt.Sprintf("Nothing was sent for SIM %s: the run was interrupted.", iccid))
		return nil, false
	}
	defer unlock()

	status, ok := r.usable(ctx, client, iccid, diags)
	if !ok || !r.live.begin(diags, aaGroupAssignment, "SIM "+iccid) {
		return nil, false
	}
	var m *mark[aaGroupOperation]
	err = client.SetAAGroup(ctx, iccid, group)
	switch {
	case errors.Is(err, transport.ErrOutcomeUnknown):
		m = &mark[aaGroupOperation]{Unknown: true, Operation: aaGroupOperation{GroupCode: group, Since: time.Now()}}
		diags.AddWarning("Outcome of the auto-activation group is unknown", explain(fmt.Sprintf(
			"The assignment of SIM %s to group %s was sent and no usable answer came. No command reads a SIM's auto-activation group, so "+
				"Terraform can't find out. It is kept in state with operation_status = \"unknown\".", iccid, group), err,
			"Look at the SIM in the m2m portal. The next plan shows the assignment once more, with its warning; only its apply sends it again."))
	case errors.Is(err, m2m.ErrInvalidICCID):
		diags.AddError("Unable to set auto-activation group", explain(fmt.Sprintf(
			"The service refused SIM %s for auto-activation group %s. Nothing has changed.", iccid, group), err, fmt.Sprintf(
			"The SIM exists (its status is %s), so it is not in a group of type pending: it may have been activated already, or its SIM "+
				"type has no auto activation.", status)))
		return nil, false
	case errors.Is(err, m2m.ErrInvalidGroup):
		diags.AddAttributeError(path.Root("group_code"), "Unable to set auto-activation group", explain(fmt.Sprintf(
			"The service refused group %s for SIM %s. Nothing has changed.", group, iccid), err,
			"Give the code (not the name) of a group of type live, from your distributor's list."))
		return nil, false
	case err != nil:
		diags.AddError("Unable to set auto-activation group", explain(fmt.Sprintf(
			"SIM %s was not assigned to group %s. Nothing has changed.", iccid, group), err, aaGroupAdvice(err)))
		return nil, false
	}
	plan.ID = plan.ICCID
	if plan.Status.IsUnknown() {
		plan.Status = types.StringValue(string(status))
	}
	plan.OperationStatus = m.status()
	return m, true
}

func aaGroupAdvice(err error) string {
	if next := advice(err); next != "" {
		return next
	}
	return "Check the credentials and api_id, and whether the service admits this machine's address; then apply again."
}

func (r *simAAGroupResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	var state simAAGroupModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	operation := readMark[aaGroupOperation](ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || state.isClosed() {
		return // the vendor asks to make no further calls for a closed SIM
	}
	client := r.m2m.use(&resp.Diagnostics)
	if client == nil {
		return
	}
	iccid := state.ICCID.ValueString()
	status, err := client.QueryStatus(ctx, iccid)
	switch {
	case errors.Is(err, transport.ErrNotFound):
		resp.Diagnostics.AddWarning("SIM is gone", fmt.Sprintf(
			"The m2m API no longer knows SIM %s, so it was removed from the state.", iccid))
		removeFromState(ctx, resp)
		return
	case err != nil:
		resp.Diagnostics.AddError("Unable to read SIM", explain(fmt.Sprintf("The status of SIM %s could not be read.", iccid), err, ""))
		return
	case status == m2m.Closed:
		resp.Diagnostics.AddWarning("SIM is closed", fmt.Sprintf(
			"SIM %s has been closed, which is permanent. It stays in state, and later refreshes make no call for it.\n\n"+
				"Take it out of the configuration.", iccid))
	}
	state.ID = state.ICCID
	state.Status = types.StringValue(string(status))
	state.OperationStatus = operation.status()
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
}

// Delete sends nothing; the plan has said so.
func (r *simAAGroupResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {
}

func (r *simAAGroupResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	iccid, group, ok := strings.Cut(req.ID, "/")
	if !ok || group == "" || !iccidPattern.MatchString(iccid) {
		resp.Diagnostics.AddError("Invalid import id", fmt.Sprintf(
			"The import id of telco_sim_aa_group is ICCID/GROUP_CODE, such as 8944000000000000017/LIVE10. It was %q.\n\n"+
				"The group is part of the id because no command reads it: it is taken as you give it.", req.ID))
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), iccid)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("iccid"), iccid)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("group_code"), group)...)
}
