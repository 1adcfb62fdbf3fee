package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/m2m"
	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/identity"
	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

func (r *simAAGroupResource) ModifyPlan(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, nil)
	var plan, state simAAGroupModel
	if !req.State.Raw.IsNull() {
		diags.Append(req.State.Get(ctx, &state)...)
	}
	if req.Plan.Raw.IsNull() {
		warnLeftAlone(diags, livechange.AutoActivation, fmt.Sprintf(
			"SIM %s stays armed with auto-activation group %s: the API has no command that takes an assignment back. "+
				"Destroying this resource only makes Terraform forget "+
				"it.", state.ICCID.ValueString(), displayValue(state.GroupCode)))
		return
	}
	diags.Append(req.Plan.Get(ctx, &plan)...)
	client := r.m2m.use(diags)
	if diags.HasError() {
		return
	}
	if isSet(plan.ICCID) && isSet(plan.GroupCode) {
		r.owners.claim(diags, aaGroupKey(plan.ICCID.ValueString()), "SIM "+plan.ICCID.ValueString(),
			wish{by: "a telco_sim_aa_group", want: "auto-activation group " + plan.GroupCode.ValueString()})
	}

	if req.State.Raw.IsNull() {
		if isSet(plan.ICCID) && isReplacement(ctx, req.Private, identity.ICCKey(plan.ICCID.ValueString()), diags) {
			diags.AddError("Replacing is refused", fmt.Sprintf(
				"Replacing would send the auto-activation group of SIM %s again, and Terraform would not show the warning of "+
					"that.\n\n"+
					"Change group_code instead: that is done in place. To send the same group again, remove the resource from the "+
					"state (terraform state rm) and apply.", plan.ICCID.ValueString()))
			return
		}
		r.announce(ctx, client, plan, livechange.Unreadable, "", resp)
		return
	}

	setPrivate(ctx, resp.Private, plannedKey, identity.ICCKey(state.ICCID.ValueString()), diags)
	op := loadOperation[aaGroupOperation](ctx, req.Private, diags)
	imported := importedByIdentity(ctx, req.Private, diags)
	if !plan.ICCID.Equal(state.ICCID) {
		// Terraform drops the warnings of a replacement's create leg, so this call gives them.
		warnLeftAlone(diags, livechange.AutoActivation, fmt.Sprintf(
			"SIM %s stays armed with auto-activation group %s: Terraform forgets it when this resource goes over to another "+
				"SIM.",
			state.ICCID.ValueString(), displayValue(state.GroupCode)))
		r.announce(ctx, client, plan, livechange.Unreadable, "", resp)
		return
	}
	if !plan.asksForAssignment(&state, op, imported) {
		if imported && state.GroupCode.IsNull() {
			warnLeftAlone(diags, livechange.AutoActivation, fmt.Sprintf(
				"SIM %s was imported by its identity, and no command reads its group: group_code %s is taken as declared, and "+
					"nothing is sent. Make sure that it is the group that the SIM is armed with.", state.ICCID.ValueString(),
				displayValue(plan.GroupCode)))
		}
		setPlanned(ctx, &resp.Plan, map[string]any{
			"status": state.Status, "operation_status": state.OperationStatus, "last_change": state.LastChange}, diags)
		return
	}
	if state.isClosed() {
		refuse(diags, closedDecision(state.ICCID.ValueString()))
		return
	}
	from, earlier := displayValue(state.GroupCode), ""
	if op != nil {
		// Nothing can tell what became of the last assignment, so it is sent again, and this plan says so.
		from = livechange.Unreadable
		earlier = fmt.Sprintf(" What became of the last assignment, to %s, is not known: no answer came.",
			op.Operation.GroupCode)
		setPlanned(ctx, &resp.Plan, map[string]any{"operation_status": types.StringUnknown(),
			"status": types.StringUnknown()}, diags)
	}
	r.announce(ctx, client, plan, from, earlier, resp)
}

// announce warns of an assignment, and finds while planning what the service would refuse, as far as its status tells.
func (r *simAAGroupResource) announce(
	ctx context.Context, client *m2m.Client, plan simAAGroupModel, from, earlier string, resp *resource.ModifyPlanResponse,
) {
	diags := &resp.Diagnostics
	read := client != nil && r.preflight && isSet(plan.ICCID)
	if read && !r.check(ctx, client, plan, diags) {
		return
	}
	r.planned.warn(diags, liveChange{kind: livechange.AutoActivation, sim: plan.ICCID.ValueString(), what: fmt.Sprintf(
		"SIM %s: auto-activation group %s%s%s.%s", displayValue(plan.ICCID), from, livechange.Arrow,
		displayValue(plan.GroupCode), earlier)})
	r.warnUnanswered(plan, diags)
	value := types.StringUnknown()
	if update := from != livechange.Unreadable || earlier != ""; isSet(plan.GroupCode) && (read || update) {
		value = types.StringValue(livechange.Group(from, plan.GroupCode.ValueString()))
	}
	setPlanned(ctx, &resp.Plan, map[string]any{"last_change": value}, diags)
}

func (r *simAAGroupResource) check(
	ctx context.Context, client *m2m.Client, plan simAAGroupModel, diags *diag.Diagnostics,
) bool {
	iccid := plan.ICCID.ValueString()
	s := r.subject(client, plan)
	status, err := s.Read(ctx)
	switch {
	case isGone(err):
		diags.AddAttributeError(path.Root("iccid"), unknownSIM, explain(
			fmt.Sprintf("The m2m API knows no SIM %s on this account.", iccid), err, "Check the ICCID and the account. Nothing "+
				"was sent."))
	case err != nil:
		readError(diags, "Unable to read SIM", fmt.Sprintf("The status of SIM %s could not be read. Nothing was sent.",
			iccid), err)
	default:
		if d := s.Decide(status); d.Action == change.Refuse {
			refuse(diags, d)
		}
	}
	return !diags.HasError()
}

// warnUnanswered says what the journal knows of an earlier assignment: a run was killed between sending and answer.
func (r *simAAGroupResource) warnUnanswered(plan simAAGroupModel, diags *diag.Diagnostics) {
	entry, err := r.journal.Unanswered("m2m", string(livechange.AutoActivation), plan.ICCID.ValueString())
	warnJournalRead(diags, err)
	if entry == nil {
		return
	}
	diags.AddAttributeWarning(path.Root("group_code"), "An earlier run has sent an auto-activation group", fmt.Sprintf(
		"%s sent SIM %s the auto-activation group %s, and was ended before the answer came. No command reads a SIM's group, "+
			"so it may be armed with that one already; an apply of this plan sends "+
			"%s.", describeEntry(*entry), plan.ICCID.ValueString(), entry.To,
		displayValue(plan.GroupCode)))
}
