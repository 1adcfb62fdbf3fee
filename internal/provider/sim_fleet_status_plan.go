package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/cmo"
	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

func (r *simFleetStatusResource) ModifyPlan(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, nil)
	var plan, state simFleetStatusModel
	if !req.State.Raw.IsNull() {
		diags.Append(req.State.Get(ctx, &state)...)
	}
	if diags.HasError() {
		return
	}
	if req.Plan.Raw.IsNull() {
		planDestroyAnnounced(ctx, resp.Private, r.planDestroy(ctx, state, req.Private, diags), diags)
		return
	}
	diags.Append(req.Plan.Get(ctx, &plan)...)
	client := r.cmo.use(diags)
	r.checkStatuses(plan, diags)
	if diags.HasError() {
		return
	}
	if req.State.Raw.IsNull() {
		r.planCreate(ctx, client, plan, req.Private, resp)
		return
	}
	r.planUpdate(ctx, client, plan, state, req, resp)
}

// checkStatuses refuses a status that is null or empty, which no status is: such a one comes of an expression, and is
// not seen before the plan.
func (r *simFleetStatusResource) checkStatuses(plan simFleetStatusModel, diags *diag.Diagnostics) {
	for id, element := range plan.Statuses.Elements() {
		if text, ok := element.(types.String); ok && (text.IsNull() || !text.IsUnknown() && text.ValueString() == "") {
			diags.AddAttributeError(path.Root("statuses").AtMapKey(id), "Missing status", fmt.Sprintf(
				"SIM %s of fleet %s has no status: it is null or empty.\n\nGive it the status that it is to have, or leave the "+
					"SIM out of statuses.",
				id, displayValue(plan.Name)))
		}
	}
}

// claim holds the plan to one wish for each SIM.
func (r *simFleetStatusResource) claim(
	name types.String, statuses map[string]string, changes []fleetChange, diags *diag.Diagnostics,
) {
	by := "fleet " + displayValue(name)
	for _, id := range slices.Sorted(maps.Keys(statuses)) {
		r.owners.claim(diags, simKey(id), "SIM "+id, wish{by: by, want: "status " + statuses[id]})
	}
	for _, c := range changes {
		if c.removal {
			r.owners.claim(diags, simKey(c.SIM), "SIM "+c.SIM, wish{by: by + ", which it leaves,", want: "status " + c.To})
		}
	}
}

// replacedFleet is what the first call of a plan notes in private state for the create leg of a replacement, which sees
// no state.
type replacedFleet struct {
	Name string `json:"name"`
	// Guarded: status_on_removal is set, so that the destroy leg would send changes that no plan has shown.
	Guarded bool `json:"guarded,omitempty"`
	// InStep: by the state all SIMs have their wanted status and nothing is on its way, so that the create leg sends
	// nothing.
	InStep bool `json:"in_step,omitempty"`
}

// readReplacedFleet returns nil where this is no replacement.
func readReplacedFleet(ctx context.Context, private privateReader, diags *diag.Diagnostics) *replacedFleet {
	raw, d := private.GetKey(ctx, plannedKey)
	diags.Append(d...)
	var replaced replacedFleet
	if len(raw) == 0 || json.Unmarshal(raw, &replaced) != nil {
		return nil
	}
	return &replaced
}

func (r *simFleetStatusResource) planCreate(
	ctx context.Context, client *cmo.Client, plan simFleetStatusModel, private privateReader,
	resp *resource.ModifyPlanResponse,
) {
	diags := &resp.Diagnostics
	noop := func() {
		planNoop(ctx, &resp.Plan, diags)
		setPlanned(ctx, &resp.Plan, map[string]any{"failed": fleetValue(nil)}, diags)
	}
	if replaced := readReplacedFleet(ctx, private, diags); replaced != nil && replaced.Name == plan.Name.ValueString() {
		switch {
		case replaced.Guarded:
			diags.AddError("Replacing is refused while status_on_removal is set", fmt.Sprintf(
				"Replacing fleet %s would first set status_on_removal on all its live SIMs, without a warning in the plan.\n\n"+
					"Remove status_on_removal in an apply of its own, then use -replace.", plan.Name.ValueString()))
		case !replaced.InStep:
			diags.AddError("Replacing is refused while it would change SIMs", fmt.Sprintf(
				"Creating the object of fleet %s anew would set the status of SIMs, and Terraform drops the warning of that.\n\n"+
					"Run terraform apply without -replace first: the statuses are changed in place.", plan.Name.ValueString()))
		case !r.preflight:
			diags.AddError("Replacing is refused without preflight",
				unreadReplacement("the SIMs of fleet "+plan.Name.ValueString()))
		default:
			noop()
		}
		return
	}
	p := r.planChanges(ctx, client, plan, nil, nil, diags)
	if !p.sends {
		noop()
		return
	}
	setPlanned(ctx, &resp.Plan, map[string]any{"last_change": p.announcement}, diags)
}

func (r *simFleetStatusResource) planUpdate(
	ctx context.Context, client *cmo.Client, plan, state simFleetStatusModel, req resource.ModifyPlanRequest,
	resp *resource.ModifyPlanResponse,
) {
	diags := &resp.Diagnostics
	operations := loadFleetOperations(ctx, req.Private, diags)
	was, _ := fleetStatuses(state.Statuses)
	wanted, unknown := fleetStatuses(plan.Statuses)
	guarded := state.StatusOnRemoval.ValueString() != ""
	setPrivate(ctx, resp.Private, plannedKey, replacedFleet{
		Name: state.Name.ValueString(), Guarded: guarded,
		InStep: len(operations) == 0 && !plan.Statuses.IsUnknown() && len(unknown) == 0 &&
			len(fleetChanges(was, wanted, "")) == 0,
	}, diags)
	if !plan.Name.Equal(state.Name) {
		if guarded {
			diags.AddAttributeError(path.Root("name"), "name can't be changed while status_on_removal is set", fmt.Sprintf(
				"Replacing fleet %s would set its SIMs to %s without a warning, since Terraform does not plan the destroy leg of "+
					"a replacement with the provider.\n\nRemove status_on_removal in an apply of its own.",
				state.Name.ValueString(), state.StatusOnRemoval.ValueString()))
			return
		}
		// Terraform drops the warnings of a replacement's create leg, so this call gives them.
		r.planChanges(ctx, client, plan, nil, nil, diags)
		return
	}

	p := r.planChanges(ctx, client, plan, was, operations, diags)
	// Only what differs is set: each goes through the whole plan, with all SIMs.
	values := map[string]any{}
	status := plan.OperationStatus
	switch {
	case len(operations) > 0:
		status = types.StringUnknown()
	case !p.sends:
		status = state.OperationStatus
	}
	if !status.Equal(plan.OperationStatus) {
		values["operation_status"] = status
	}
	last := p.announcement
	if !p.changes {
		last = state.LastChange
	}
	if !last.Equal(plan.LastChange) {
		values["last_change"] = last
	}
	if !p.sends && !plan.Failed.Equal(state.Failed) {
		values["failed"] = state.Failed
	}
	setPlanned(ctx, &resp.Plan, values, diags)
}

// plannedFleet is what planning has found.
type plannedFleet struct {
	changes bool // the wanted statuses differ from those of the state
	sends   bool // an apply would send something
	// announcement is the planned last_change. What an apply is held to is what the state says of its SIMs, and what was
	// read of those that join.
	announcement types.String
}

// planChanges adds the one warning of a fleet's planned changes, exact where the live SIMs can be read. What the
// service would refuse is an error.
func (r *simFleetStatusResource) planChanges(
	ctx context.Context, client *cmo.Client, plan simFleetStatusModel, was map[string]string, operations fleetOperations,
	diags *diag.Diagnostics,
) plannedFleet {
	if plan.Statuses.IsUnknown() || plan.StatusOnRemoval.IsUnknown() {
		r.planned.warnMany(diags, livechange.SIMStatus,
			fmt.Sprintf("Fleet %s: which SIMs change is known after apply.", displayValue(plan.Name)), "", []string{""})
		return plannedFleet{changes: true, sends: true, announcement: types.StringUnknown()}
	}
	wanted, unknown := fleetStatuses(plan.Statuses)
	kept := was
	if len(unknown) > 0 {
		kept = maps.Clone(was)
		maps.DeleteFunc(kept, func(id, _ string) bool { return unknown[id] })
	}
	changes := fleetChanges(kept, wanted, plan.StatusOnRemoval.ValueString())
	r.claim(plan.Name, wanted, changes, diags)
	if diags.HasError() {
		return plannedFleet{}
	}

	announced, warned := changes, changes
	read := client != nil && r.preflight
	if read {
		announced, warned = r.preflighted(ctx, client, changes, operations, "statuses", diags)
	}
	for _, id := range slices.Sorted(maps.Keys(unknown)) {
		warned = append(warned, newFleetChange(id, was[id], livechange.KnownAfterApply, false))
	}
	p := plannedFleet{changes: len(announced)+len(unknown) > 0, sends: len(warned) > 0,
		announcement: types.StringUnknown()}
	if len(unknown) == 0 && p.changes && !slices.ContainsFunc(announced,
		func(c fleetChange) bool { return c.From == livechange.LiveStatus }) {
		lastChange := livechange.Fleet(transitions(announced))
		p.announcement = types.StringValue(lastChange)
		r.fleets.add(lastChange, announced)
	}
	if len(warned) == 0 || diags.HasError() {
		return p
	}
	r.warn(plan.Name, warned, diags)
	return p
}

func (r *simFleetStatusResource) warn(name types.String, changes []fleetChange, diags *diag.Diagnostics) {
	ids := make([]string, len(changes))
	for i, c := range changes {
		ids[i] = c.SIM
	}
	verb := "change"
	if len(changes) == 1 {
		verb = "changes"
	}
	r.planned.warnMany(diags, livechange.SIMStatus,
		fmt.Sprintf("Fleet %s: %s %s.\n%s", displayValue(name), plural(len(changes), "SIM"), verb, fleetSummary(changes)),
		fleetMeaning(changes), ids)
}

// preflighted reads the SIMs that are to change. announced are those that the plan names: all of the state's, and of
// those that join the ones that differ from what is wanted, with what they show. warned are those of which an apply
// would send something; one with a change on its way is among them whatever it shows now, since apply waits for that
// first.
func (r *simFleetStatusResource) preflighted(
	ctx context.Context, client *cmo.Client, changes []fleetChange, operations fleetOperations, attribute string,
	diags *diag.Diagnostics,
) (announced, warned []fleetChange) {
	var ids []string
	for _, c := range changes {
		if operations[c.SIM] == nil {
			ids = append(ids, c.SIM)
		}
	}
	products, failed := map[string]*cmo.Product{}, map[string]error{}
	if len(ids) > 0 {
		products, failed = client.ProductsByID(ctx, ids)
	}
	if len(products) > 0 {
		r.cmoWitness(client).Saw()
	}
	refused := map[string][]string{}
	var unreadable error
	for _, c := range changes {
		err := failed[c.SIM]
		switch {
		case operations[c.SIM] != nil:
			announced, warned = append(announced, c), append(warned, c)
			continue
		case isNotFound(err) && c.removal:
			r.noteGone(ctx, client, c.SIM, diags)
			announced = append(announced, c)
			continue
		case isNotFound(err) && c.planned != "":
			r.noteMoved(c.SIM, c.planned, "not known to the service any more", diags)
			announced, warned = append(announced, c), append(warned, c)
			continue
		case isNotFound(err):
			refused[unknownSIM] = append(refused[unknownSIM], c.SIM)
			continue
		case err != nil:
			unreadable = err
			continue
		}
		s := &statusSubject{services: r.services, client: client, productID: c.SIM, target: c.To, removal: c.removal}
		d := s.Decide(products[c.SIM])
		if c.planned == "" && d.Action == change.Send {
			c.From = d.Shows
		}
		switch live := statusOf(products[c.SIM]); {
		case d.Action == change.Refuse && c.planned != "" && live != "" && !final(c.planned, c.To):
			r.noteMoved(c.SIM, c.planned, live+", which is final", diags)
			announced, warned = append(announced, c), append(warned, c)
		case d.Action == change.Refuse:
			refused[d.Summary] = append(refused[d.Summary], fmt.Sprintf("%s: %s -> %s", c.SIM, statusOf(products[c.SIM]), c.To))
		case d.Action == change.Nothing:
			noteDecision(diags, d)
			// One that is on its way there by itself, by what the state says, is announced by no plan of this state.
			if c.planned != "" && !cmo.IsTransitioningTo(c.To, c.planned) {
				announced = append(announced, c)
			}
		default:
			announced = append(announced, c)
			c.From = d.Shows
			warned = append(warned, c)
		}
	}
	if unreadable != nil {
		readError(diags, "Unable to read SIM status", "Some SIMs of the fleet could not be read.", unreadable)
	}
	for _, summary := range slices.Sorted(maps.Keys(refused)) {
		text := fleetRefusals[summary]
		diags.AddAttributeError(path.Root(attribute), summary,
			fmt.Sprintf("%s\n\n%s\n\n%s", text[0], firstTwenty(refused[summary]), text[1]))
	}
	return announced, warned
}

// noteMoved says of a SIM that it can't get its status any more, and was not so in the state: that SIM goes into
// failed, and does not hold up the others.
func (r *simFleetStatusResource) noteMoved(id, was, now string, diags *diag.Diagnostics) {
	diags.AddWarning("SIM has moved since the refresh", fmt.Sprintf(
		"SIM %s had the status %s, and is %s. Nothing is sent for it; an apply of this plan changes the other SIMs, and "+
			"lists this one in failed.",
		id, was, now))
}

// fleetRefusals are sentence and advice for what the service would refuse, by summary.
var fleetRefusals = map[string][2]string{
	unknownSIM: {"The CMO knows no product of these ids in this tenant:",
		"Check the ids (BACKEND-ICCID), or take them out of statuses. Nothing was sent."},
	"Not a cellular product": {"These products have no SIM card:",
		"Satellite terminals are out of this resource's scope: take them out of statuses."},
	"SIM is terminated": {"The status of these SIMs is final:",
		"Take them out of statuses, or declare the status that they have. Where this is in the way of terraform destroy, " +
			"terraform destroy -refresh=false goes on and sends nothing for them, and so does a removed block."},
}

// noteGone says of a SIM that leaves the fleet that there is nothing to be sent, or that it can't be told.
func (r *simFleetStatusResource) noteGone(ctx context.Context, client *cmo.Client, id string, diags *diag.Diagnostics) {
	_, err := r.readAgain(ctx, client, id)
	switch {
	case err == nil || isGone(err):
		warnLeftAlone(diags, livechange.SIMStatus, fmt.Sprintf("SIM %s is gone: the service does not know it any more, so "+
			"nothing is sent for it.", id))
	default:
		simStatusReadError(diags, id, err)
	}
}

// planDestroy says whether the destroy sends anything.
func (r *simFleetStatusResource) planDestroy(
	ctx context.Context, state simFleetStatusModel, private privateReader, diags *diag.Diagnostics,
) bool {
	was, _ := fleetStatuses(state.Statuses)
	target := state.StatusOnRemoval.ValueString()
	if target == "" {
		warnLeftAlone(diags, livechange.SIMStatus, fmt.Sprintf(
			"Fleet %s: %s left alone. Destroying this resource only makes Terraform forget the fleet. Set status_on_removal to "+
				"change the SIMs' status on destroy.", state.Name.ValueString(), plural(len(was), "SIM")))
		return false
	}
	client := r.cmo.use(diags)
	operations := loadFleetOperations(ctx, private, diags)
	changes := fleetChanges(was, nil, target)
	r.claim(state.Name, nil, changes, diags)
	if diags.HasError() {
		return false
	}
	changes = slices.DeleteFunc(changes, func(c fleetChange) bool {
		op := operations[c.SIM] // what is on its way already is not sent again
		return op != nil && !op.Unknown && op.Operation.Target == target
	})
	if client != nil && r.preflight {
		_, changes = r.preflighted(ctx, client, changes, operations, "status_on_removal", diags)
		if diags.HasError() {
			return false
		}
	}
	if len(changes) == 0 {
		warnLeftAlone(diags, livechange.SIMStatus, fmt.Sprintf(
			"Of the SIMs of fleet %s none is to be set to the status %s that status_on_removal asks for: they have it, or "+
				"theirs is final.",
			state.Name.ValueString(), target))
		return false
	}
	r.warn(state.Name, changes, diags)
	return true
}
