package provider

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/cmo"
	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

func (r *simStatusResource) ModifyPlan(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, nil)
	if req.Plan.Raw.IsNull() {
		planDestroyAnnounced(ctx, resp.Private, r.planDestroy(ctx, req, diags), diags)
		return
	}
	var plan simStatusModel
	diags.Append(req.Plan.Get(ctx, &plan)...)
	client := r.cmo.use(diags)
	if diags.HasError() {
		return
	}
	if !plan.ProductID.IsUnknown() && !plan.Status.IsUnknown() {
		r.owners.claim(diags, simKey(plan.ProductID.ValueString()), "SIM "+plan.ProductID.ValueString(),
			wish{by: "a telco_sim_status", want: "status " + plan.Status.ValueString()})
	}
	if req.State.Raw.IsNull() {
		r.planCreate(ctx, client, plan, req.Private, resp)
		return
	}
	r.planUpdate(ctx, client, plan, req, resp)
}

// replacedSIM is what the first call of a plan notes in private state for the create leg of a replacement, which sees
// no state.
type replacedSIM struct {
	ProductID string `json:"product_id"`
	// Guarded: status_on_destroy is set, so that the destroy leg would send a change that no plan has shown.
	Guarded bool `json:"guarded,omitempty"`
	// InStep: the SIM has the wanted status and nothing is on its way, so that the create leg sends nothing.
	InStep bool `json:"in_step,omitempty"`
}

// readReplaced returns nil where this is no replacement; that of a tainted object is none either, since Terraform
// plans it as a creation, without private state.
func readReplaced(ctx context.Context, private privateReader, diags *diag.Diagnostics) *replacedSIM {
	raw, d := private.GetKey(ctx, plannedKey)
	diags.Append(d...)
	var replaced replacedSIM
	if len(raw) == 0 || json.Unmarshal(raw, &replaced) != nil {
		return nil
	}
	return &replaced
}

func (r *simStatusResource) planCreate(
	ctx context.Context, client *cmo.Client, plan simStatusModel, private privateReader, resp *resource.ModifyPlanResponse,
) {
	diags := &resp.Diagnostics
	replaced := readReplaced(ctx, private, diags)
	id := plan.ProductID.ValueString()
	if replaced != nil && replaced.ProductID == id {
		switch {
		case replaced.Guarded:
			diags.AddError("Replacing is refused while status_on_destroy is set", fmt.Sprintf(
				"Replacing the object of SIM %s would first set its status_on_destroy on the live SIM, without a warning in the "+
					"plan.\n\n"+
					"Remove status_on_destroy in an apply of its own, then use -replace; or change status, which is done in place.",
				id))
		case !replaced.InStep:
			diags.AddError("Replacing is refused while it would change the SIM", fmt.Sprintf(
				"Creating the object of SIM %s anew would set its status, and Terraform drops the warning of that.\n\n"+
					"Run terraform apply without -replace first: the status is changed in place.", id))
		case !r.preflight:
			diags.AddError("Replacing is refused without preflight", unreadReplacement("SIM "+id))
		default:
			planNoop(ctx, &resp.Plan, diags)
		}
		return
	}
	// In a replacement by another SIM the first call has warned of what this leg sends; Terraform drops these warnings.
	d, read := r.preflighted(ctx, client, plan.ProductID, plan.Status, diags)
	switch {
	case diags.HasError():
	case !read:
		r.warnUnread(plan, diags)
	case d.Action == change.Nothing:
		planNoop(ctx, &resp.Plan, diags)
	default:
		r.warn(plan.ProductID, d.Shows, plan.Status, "", diags)
		if isSet(plan.Status) {
			setPlanned(ctx, &resp.Plan, map[string]any{"last_change": livechange.Status(d.Shows, d.Wanted)}, diags)
		}
	}
}

// unreadReplacement says why a replacement that sends nothing can't be planned without preflight: the create leg's plan
// is made anew at apply, without what this one knows, and would have to take over whatever it finds.
func unreadReplacement(object string) string {
	return fmt.Sprintf("With preflight = false %s is not read while planning, so it can't be told whether creating the "+
		"object anew would send a change, and Terraform drops the warning of that.\n\n"+
		"Set preflight = true (%s) for this run, or apply without -replace: statuses are changed in place.", object,
		envPreflight)
}

// preflighted reads the SIM while planning and decides what an apply would do; read is false where that has to wait for
// apply. What the service would refuse is an error.
func (r *simStatusResource) preflighted(
	ctx context.Context, client *cmo.Client, productID, status types.String, diags *diag.Diagnostics,
) (d change.Decision, read bool) {
	if client == nil || !r.preflight || productID.IsUnknown() {
		return d, false
	}
	product, err := client.ProductShared(ctx, productID.ValueString())
	if err != nil {
		simStatusReadError(diags, productID.ValueString(), err)
		return d, false
	}
	r.cmoWitness(client).Saw()
	d = r.subject(client, productID.ValueString(), status.ValueString()).Decide(product)
	if d.Action == change.Refuse {
		refuse(diags, d)
	}
	return d, true
}

// warn warns of a status change that an apply would send. state is what the state says, where the SIM shows something
// else by now: an apply of this plan sends nothing then.
func (r *simStatusResource) warn(
	productID types.String, from string, to types.String, state string, diags *diag.Diagnostics,
) {
	what := fmt.Sprintf("SIM %s: status %s%s%s.", displayValue(productID), from, livechange.Arrow, displayValue(to))
	if state != "" {
		what += staleState("status " + state)
	}
	r.planned.warn(diags, liveChange{kind: livechange.SIMStatus, sim: productID.ValueString(), what: what,
		to: to.ValueString()})
}

func (r *simStatusResource) warnUnread(plan simStatusModel, diags *diag.Diagnostics) {
	r.planned.warn(diags, liveChange{kind: livechange.SIMStatus, sim: plan.ProductID.ValueString(),
		to: plan.Status.ValueString(),
		what: fmt.Sprintf("SIM %s: status -> %s (the live status is read before anything is sent).",
			displayValue(plan.ProductID), displayValue(plan.Status))})
}

func (r *simStatusResource) planUpdate(
	ctx context.Context, client *cmo.Client, plan simStatusModel, req resource.ModifyPlanRequest,
	resp *resource.ModifyPlanResponse,
) {
	diags := &resp.Diagnostics
	var state simStatusModel
	diags.Append(req.State.Get(ctx, &state)...)
	op := loadOperation[cmo.Operation](ctx, req.Private, diags)
	setPrivate(ctx, resp.Private, plannedKey, replacedSIM{
		ProductID: state.ProductID.ValueString(), Guarded: state.StatusOnDestroy.ValueString() != "",
		InStep: op == nil && plan.Status.Equal(state.Status),
	}, diags)
	if diags.HasError() {
		return
	}
	if !plan.ProductID.Equal(state.ProductID) {
		r.planOtherSIM(ctx, client, plan, state, diags)
		return
	}

	if !plan.Status.IsUnknown() && cmo.Satisfies(plan.Status.ValueString(), state.Status.ValueString()) {
		// TERMINATED where PENDING_TERMINATE is declared, as after an import, is no difference.
		plan.Status = state.Status
		setPlanned(ctx, &resp.Plan, map[string]any{"status": state.Status}, diags)
	}
	changes := !plan.Status.Equal(state.Status)
	sends := changes && r.planChange(ctx, client, plan, state, op, diags)

	values := map[string]any{"last_change": state.LastChange}
	switch {
	case !sends && cmo.IsTransitioningTo(plan.Status.ValueString(), state.Status.ValueString()):
		// By the state it is on its way there by itself, as after an import: no plan of this state announces a change.
	case changes:
		values["last_change"] = types.StringUnknown()
		if isSet(plan.Status) {
			values["last_change"] = livechange.Status(state.Status.ValueString(), plan.Status.ValueString())
		}
	}
	switch {
	case op != nil || sends:
		values["operation_status"], values["product_status"] = types.StringUnknown(), types.StringUnknown()
	default:
		values["operation_status"], values["product_status"] = state.OperationStatus, state.ProductStatus
	}
	setPlanned(ctx, &resp.Plan, values, diags)
}

// planChange plans another status, and says whether an apply would send it. What it goes from is what the state says,
// which an apply is held to.
func (r *simStatusResource) planChange(
	ctx context.Context, client *cmo.Client, plan, state simStatusModel, op *change.Op[cmo.Operation],
	diags *diag.Diagnostics,
) bool {
	from := state.Status.ValueString()
	switch {
	case op != nil:
		// Whatever the SIM shows now: apply first waits for the change on its way, then sends this one.
		r.warn(plan.ProductID, from, plan.Status, "", diags)
		return true
	case givenUp(state):
		// An error would be in the way of terraform destroy, which plans the configuration first.
		diags.AddAttributeWarning(path.Root("status"), "SIM is terminated", fmt.Sprintf(
			"SIM %s has the status %s that status_on_destroy asks for, as after a destroy that was interrupted. It is final, "+
				"so an apply of %s will fail; terraform destroy goes on and sends nothing.", state.ProductID.ValueString(), from,
			displayValue(plan.Status)))
		return false
	}
	d, read := r.preflighted(ctx, client, plan.ProductID, plan.Status, diags)
	switch {
	case diags.HasError() || read && d.Action == change.Nothing:
		return false
	case read && d.From != from:
		r.warn(plan.ProductID, d.Shows, plan.Status, from, diags)
	default:
		r.warn(plan.ProductID, from, plan.Status, "", diags)
	}
	return true
}

// givenUp says that the SIM is terminated, and was to be on destroy.
func givenUp(state simStatusModel) bool {
	live := state.Status.ValueString()
	return cmo.IsTerminal(live) && cmo.Satisfies(state.StatusOnDestroy.ValueString(), live)
}

// planOtherSIM plans the replacement by another SIM. Terraform drops the warnings of a replacement's create leg, so
// this call gives them.
func (r *simStatusResource) planOtherSIM(
	ctx context.Context, client *cmo.Client, plan, state simStatusModel, diags *diag.Diagnostics,
) {
	if state.StatusOnDestroy.ValueString() != "" {
		diags.AddAttributeError(pathProductID, "product_id can't be changed while status_on_destroy is set",
			fmt.Sprintf("Replacing %s by another SIM would set it to %s without a warning, since Terraform does not plan the "+
				"destroy leg of a replacement with the provider.\n\nRemove status_on_destroy in an apply of its own, or destroy "+
				"this resource first and create it anew for %s.",
				state.ProductID.ValueString(), state.StatusOnDestroy.ValueString(), displayValue(plan.ProductID)))
		return
	}
	warnLeftAlone(diags, livechange.SIMStatus, fmt.Sprintf(
		"SIM %s keeps its status %s: Terraform forgets it when this resource goes over to another SIM.",
		state.ProductID.ValueString(), displayValue(state.Status)))
	d, read := r.preflighted(ctx, client, plan.ProductID, plan.Status, diags)
	switch {
	case diags.HasError() || read && d.Action == change.Nothing:
	case read:
		r.warn(plan.ProductID, d.Shows, plan.Status, "", diags)
	default:
		r.warnUnread(plan, diags)
	}
}

// planDestroy says whether the destroy sends anything.
func (r *simStatusResource) planDestroy(
	ctx context.Context, req resource.ModifyPlanRequest, diags *diag.Diagnostics,
) bool {
	var state simStatusModel
	diags.Append(req.State.Get(ctx, &state)...)
	op := loadOperation[cmo.Operation](ctx, req.Private, diags)
	if diags.HasError() {
		return false
	}
	productID, from, target := state.ProductID.ValueString(), state.Status.ValueString(),
		state.StatusOnDestroy.ValueString()
	if target == "" {
		warnLeftAlone(diags, livechange.SIMStatus, fmt.Sprintf(
			"SIM %s keeps its status %s: destroying this resource only makes Terraform forget it. Set status_on_destroy to "+
				"change the status on destroy.", productID, displayValue(state.Status)))
		return false
	}
	r.owners.claim(diags, simKey(productID), "SIM "+productID,
		wish{by: "the destroy of a telco_sim_status", want: "status " + target})
	switch {
	case diags.HasError():
		return false
	case op != nil && cmo.Satisfies(target, op.Operation.Target):
		return false // the change has been sent already
	case op != nil:
		// Whatever the SIM shows now: apply first waits for the change on its way, then sends this one.
		r.warn(state.ProductID, from, state.StatusOnDestroy, "", diags)
		return true
	}

	client := r.cmo.use(diags)
	if diags.HasError() {
		return false
	}
	s := r.subject(client, productID, target)
	s.removal = true
	product := &cmo.Product{SIMCard: &cmo.SIMCard{Status: from}}
	if client != nil && r.preflight {
		live, err := client.ProductShared(ctx, productID)
		if isNotFound(err) {
			live, err = r.readAgain(ctx, client, productID)
		}
		switch {
		case isGone(err):
			warnLeftAlone(diags, livechange.SIMStatus, fmt.Sprintf("SIM %s is gone: the service does not know it any more.",
				productID))
			return false
		case err != nil:
			simStatusReadError(diags, productID, err)
			return false
		}
		product = live
	}
	d := s.Decide(product)
	switch {
	case d.Action == change.Refuse:
		refuse(diags, d)
		return false
	case d.Action == change.Nothing && d.Summary != "":
		noteDecision(diags, d)
		return false
	case d.Action == change.Nothing && cmo.IsTransitional(d.Shows):
		return false // destroy waits for it
	case d.Action == change.Nothing:
		warnLeftAlone(diags, livechange.SIMStatus, fmt.Sprintf(
			"SIM %s already has the status %s that status_on_destroy asks for.", productID, d.Shows))
		return false
	case d.From != from:
		r.warn(state.ProductID, d.Shows, state.StatusOnDestroy, from, diags)
	default:
		r.warn(state.ProductID, from, state.StatusOnDestroy, "", diags)
	}
	return true
}
