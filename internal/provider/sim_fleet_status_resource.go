package provider

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/cmo"
	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

var (
	_ resource.ResourceWithConfigure  = (*simFleetStatusResource)(nil)
	_ resource.ResourceWithModifyPlan = (*simFleetStatusResource)(nil)
)

type simFleetStatusResource struct{ serviceUser }

func newSIMFleetStatusResource() resource.Resource { return &simFleetStatusResource{} }

func (r *simFleetStatusResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_sim_fleet_status"
}

// defaultMaxParallel is how many changes of a fleet are sent at a time.
const defaultMaxParallel = 20

func (r *simFleetStatusResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The statuses of a whole fleet of SIM cards on the CMO API, as one resource: the same rules and promises as " +
			"`telco_sim_status`, SIM by SIM, at a fraction of Terraform's own cost. SIMs that already have their status are taken over " +
			"without sending anything, so there is nothing to import. Only what differs is sent.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Computed: true, MarkdownDescription: "The name.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}},
			"name": schema.StringAttribute{Required: true,
				MarkdownDescription: "Name of the fleet, for messages. Another name replaces this resource.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()}},
			"statuses": schema.MapAttribute{ElementType: types.StringType, Required: true,
				MarkdownDescription: "The wanted status of each SIM by its product id (`BACKEND-ICCID`, without the `-simCard` suffix). " +
					"**Setting a status is a live change.** A SIM that the service no longer knows leaves the map in state.",
				Validators: []validator.Map{
					mapvalidator.KeysAre(stringvalidator.RegexMatches(productIDPattern, productIDRule)),
					mapvalidator.ValueStringsAre(stringvalidator.RegexMatches(statusPattern, statusRule)),
				}},
			"max_parallel": schema.Int64Attribute{Optional: true, Computed: true, Default: int64default.StaticInt64(defaultMaxParallel),
				MarkdownDescription: "How many changes are sent at a time; those that wait for their monitor do not count. Default `20`. " +
					"The limits of the `cmo` object hold as well.",
				Validators: []validator.Int64{int64validator.Between(1, 1000)}},
			"status_on_removal": schema.StringAttribute{Optional: true,
				MarkdownDescription: "The status to set on SIMs that leave the map, and on all SIMs on destroy: live changes. Unset, they are " +
					"left as they are. While it is set, `name` can't be changed and `-replace` is refused; where an object that is tainted is replaced, it is " +
					"only forgotten.",
				Validators: []validator.String{stringvalidator.RegexMatches(statusPattern, statusRule)}},
			"failed": schema.MapAttribute{ElementType: types.StringType, Computed: true,
				MarkdownDescription: "The SIMs that the last apply could not change, with the reason. The next refresh empties it and shows their live status."},
			"operation_status": operationStatusAttribute(),
			"timeouts":         timeoutsAttribute(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
		},
	}
}

func (r *simFleetStatusResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	diags := &resp.Diagnostics
	var plan, state simFleetStatusModel
	if !req.State.Raw.IsNull() {
		diags.Append(req.State.Get(ctx, &state)...)
	}
	if diags.HasError() {
		return
	}
	if req.Plan.Raw.IsNull() {
		planDestroySilent(ctx, resp.Private, r.planDestroy(ctx, state, req.Private, diags), diags)
		return
	}
	diags.Append(req.Plan.Get(ctx, &plan)...)
	client := r.cmo.use(diags)
	if diags.HasError() {
		return
	}

	if req.State.Raw.IsNull() {
		if plan.Name.ValueString() != "" && isReplacement(ctx, req.Private, plan.Name.ValueString(), diags) {
			diags.AddError("Replacing is refused while status_on_removal is set", fmt.Sprintf(
				"Replacing fleet %s would first set status_on_removal on all its live SIMs, without a warning in the plan.\n\n"+
					"Remove status_on_removal in an apply of its own, then use -replace.", plan.Name.ValueString()))
			return
		}
		if !r.planChanges(ctx, client, plan, nil, nil, diags) {
			planSilent(ctx, &resp.Plan, diags)
			diags.Append(resp.Plan.SetAttribute(ctx, path.Root("failed"), fleetValue(nil))...)
		}
		return
	}

	guard := ""
	if state.StatusOnRemoval.ValueString() != "" {
		guard = state.Name.ValueString()
	}
	setPrivate(ctx, resp.Private, plannedKey, guard, diags)
	marks := readFleetMarks(ctx, req.Private, diags)
	was, _ := fleetStatuses(state.Statuses)
	if !plan.Name.Equal(state.Name) {
		if guard != "" {
			diags.AddAttributeError(path.Root("name"), "name can't be changed while status_on_removal is set", fmt.Sprintf(
				"Replacing fleet %s would set its SIMs to %s without a warning, since Terraform does not plan the destroy leg of a "+
					"replacement with the provider.\n\nRemove status_on_removal in an apply of its own.", guard, state.StatusOnRemoval.ValueString()))
			return
		}
		// Terraform drops the warnings of a replacement's create leg, so this call gives them.
		r.planChanges(ctx, client, plan, nil, nil, diags)
		return
	}

	sends := r.planChanges(ctx, client, plan, was, marks, diags)
	status := plan.OperationStatus
	switch {
	case len(marks) > 0:
		status = types.StringUnknown()
	case !sends:
		status = state.OperationStatus
	}
	// Only what differs is set: each goes through the whole plan, with all SIMs.
	if !status.Equal(plan.OperationStatus) {
		diags.Append(resp.Plan.SetAttribute(ctx, path.Root("operation_status"), status)...)
	}
	if !sends && !plan.Failed.Equal(state.Failed) {
		diags.Append(resp.Plan.SetAttribute(ctx, path.Root("failed"), state.Failed)...)
	}
}

// announced says whether a plan has announced a change. operation_status is unknown as well where only changes of an
// earlier run are waited for.
func (m *simFleetStatusModel) announced() bool { return m.Failed.IsUnknown() }

// planChanges adds the one warning of a fleet's planned changes, exact where the live SIMs can be read, and says
// whether anything would be sent. What the service would refuse is an error.
func (r *simFleetStatusResource) planChanges(ctx context.Context, client *cmo.Client, plan simFleetStatusModel, was map[string]string, marks fleetMarks, diags *diag.Diagnostics) bool {
	if plan.Statuses.IsUnknown() || plan.StatusOnRemoval.IsUnknown() {
		r.live.planMany(diags, simStatusChange, fmt.Sprintf("Fleet %s: which SIMs change is known after apply.", shown(plan.Name)), "", []string{""})
		return true
	}
	wanted, unknown := fleetStatuses(plan.Statuses)
	kept := was
	if len(unknown) > 0 {
		kept = maps.Clone(was)
		maps.DeleteFunc(kept, func(id, _ string) bool { return unknown[id] })
	}
	changes := fleetChanges(kept, wanted, plan.StatusOnRemoval.ValueString())
	if client != nil && r.preflight {
		changes = r.preflightChanges(ctx, client, changes, marks, diags)
	}
	for _, id := range slices.Sorted(maps.Keys(unknown)) {
		changes = append(changes, statusChangeOf{id, was[id], "(known after apply)"})
	}
	if len(changes) == 0 || diags.HasError() {
		return false
	}
	r.warn(plan.Name, changes, diags)
	return true
}

func (r *simFleetStatusResource) warn(name types.String, changes []statusChangeOf, diags *diag.Diagnostics) {
	ids := make([]string, len(changes))
	for i, c := range changes {
		ids[i] = c.productID
	}
	verb := "change"
	if len(changes) == 1 {
		verb = "changes"
	}
	r.live.planMany(diags, simStatusChange, fmt.Sprintf("Fleet %s: %s %s.\n%s", shown(name), plural(len(changes), "SIM"), verb, fleetSummary(changes)),
		fleetMeaning(changes), ids)
}

// preflightChanges reads the SIMs that are to change, and keeps those that differ from what is wanted. One with a change
// on its way is kept whatever it shows now: apply waits for that change first.
func (r *simFleetStatusResource) preflightChanges(ctx context.Context, client *cmo.Client, changes []statusChangeOf, marks fleetMarks, diags *diag.Diagnostics) []statusChangeOf {
	var exact []statusChangeOf
	var ids []string
	for _, c := range changes {
		if marks[c.productID] != nil {
			exact = append(exact, c)
			continue
		}
		ids = append(ids, c.productID)
	}
	if len(ids) == 0 {
		return exact
	}
	products, failed := client.ProductsByID(ctx, ids)
	var unknownSIMs, satellites, leaving []string
	var unreadable error
	for _, c := range changes {
		product, err := products[c.productID], failed[c.productID]
		switch {
		case marks[c.productID] != nil:
		case errors.Is(err, transport.ErrNotFound):
			unknownSIMs = append(unknownSIMs, c.productID)
		case err != nil:
			unreadable = err
		case product.SIMCard == nil:
			satellites = append(satellites, c.productID)
		case cmo.Fulfils(c.to, product.SIMCard.Status), cmo.Heading(c.to, product.SIMCard.Status):
		case final(product.SIMCard.Status, c.to):
			leaving = append(leaving, fmt.Sprintf("%s: %s -> %s", c.productID, product.SIMCard.Status, c.to))
		default:
			exact = append(exact, statusChangeOf{c.productID, product.SIMCard.Status, c.to})
		}
	}
	if unreadable != nil {
		diags.AddError("Unable to read SIM status", explain("Some SIMs of the fleet could not be read.", unreadable, ""))
	}
	refusals := []struct {
		summary, sentence, next string
		sims                    []string
	}{
		{"Unknown SIM", "The CMO knows no product of these ids in this tenant:", "Check the ids (BACKEND-ICCID), or take them out of statuses. Nothing was sent.", unknownSIMs},
		{"Not a cellular product", "These products have no SIM card:", "Satellite terminals are out of this resource's scope: take them out of statuses.", satellites},
		{"SIM is terminated", "The status of these SIMs is final:", "Take them out of statuses, or declare the status that they have.", leaving},
	}
	for _, refusal := range refusals {
		if len(refusal.sims) > 0 {
			diags.AddAttributeError(path.Root("statuses"), refusal.summary, fmt.Sprintf("%s\n\n%s\n\n%s", refusal.sentence, firstTwenty(refusal.sims), refusal.next))
		}
	}
	return exact
}

// planDestroy says whether the destroy sends anything.
func (r *simFleetStatusResource) planDestroy(ctx context.Context, state simFleetStatusModel, private privateReader, diags *diag.Diagnostics) bool {
	was, _ := fleetStatuses(state.Statuses)
	target := state.StatusOnRemoval.ValueString()
	if target == "" {
		planNothing(diags, simStatusChange, fmt.Sprintf(
			"Fleet %s: %s left alone. Destroying this resource only makes Terraform forget the fleet. Set status_on_removal to "+
				"change the SIMs' status on destroy.", state.Name.ValueString(), plural(len(was), "SIM")))
		return false
	}
	client := r.cmo.use(diags)
	marks := readFleetMarks(ctx, private, diags)
	if diags.HasError() {
		return false
	}
	changes := fleetChanges(was, nil, target)
	changes = slices.DeleteFunc(changes, func(c statusChangeOf) bool {
		m := marks[c.productID] // what is on its way already is not sent again
		return m != nil && !m.Unknown && m.Operation.Target == target
	})
	if client != nil && r.preflight {
		var ignored diag.Diagnostics // a SIM that is unknown or final by now only has nothing to be sent
		changes = r.preflightChanges(ctx, client, changes, marks, &ignored)
	}
	if len(changes) == 0 {
		planNothing(diags, simStatusChange, fmt.Sprintf(
			"The SIMs of fleet %s already have the status %s that status_on_removal asks for.", state.Name.ValueString(), target))
		return false
	}
	r.warn(state.Name, changes, diags)
	return true
}

func (r *simFleetStatusResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	defer recovered(ctx, &resp.Diagnostics, func() bool { return !resp.State.Raw.IsNull() })
	var plan simFleetStatusModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	timeout, d := plan.Timeouts.Create(ctx, operationTimeout)
	resp.Diagnostics.Append(d...)
	client := r.cmo.use(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	saveFleetMarks(ctx, resp.Private, nil, &resp.Diagnostics)

	wanted, _ := fleetStatuses(plan.Statuses)
	result := r.setStatuses(ctx, client, plan, fleetChanges(nil, wanted, ""), nil, plan.announced(), &resp.Diagnostics)
	// What is only taken over counts as done, unless the plan has promised that nothing would be pending.
	if len(result.failed) > 0 && !result.anyChanged && (len(result.failed) == len(wanted) || !plan.announced()) {
		summary, detail := result.failure(plan.Name.ValueString())
		resp.Diagnostics.AddError(summary, detail+"\n\nNothing has changed on the network.")
		return
	}

	plan.ID = plan.Name
	plan.Failed = fleetValue(result.failed)
	plan.OperationStatus = result.marks.status()
	if len(result.failed) > 0 && len(result.marks) == 0 {
		plan.OperationStatus = types.StringValue(operationPending)
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	saveFleetMarks(ctx, resp.Private, result.marks, &resp.Diagnostics)
	markManaged(ctx, resp.Private, &resp.Diagnostics)
	// Warnings, no errors: an error would taint the fleet, and the next apply would replace it.
	if len(result.failed) > 0 {
		resp.Diagnostics.AddWarning(result.failure(plan.Name.ValueString()))
	}
	if len(result.marks) > 0 {
		resp.Diagnostics.AddWarning(result.pending(plan.Name.ValueString()))
	}
}

func (r *simFleetStatusResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	var state simFleetStatusModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	marks := readFleetMarks(ctx, req.Private, &resp.Diagnostics)
	client := r.cmo.use(&resp.Diagnostics)
	if resp.Diagnostics.HasError() || client == nil {
		return
	}
	was, _ := fleetStatuses(state.Statuses)
	// A change whose outcome is unknown is settled by what the SIM shows, so one bulk read serves all SIMs; only those
	// with an accepted change are looked up on their monitors.
	products, failed := client.ProductsByID(ctx, slices.Sorted(maps.Keys(was)))
	for id, err := range failed {
		if !errors.Is(err, transport.ErrNotFound) {
			resp.Diagnostics.AddError("Unable to read SIM status", explain(fmt.Sprintf(
				"SIM %s of fleet %s could not be read, nor could %d others.", id, state.Name.ValueString(), len(failed)-1), err, ""))
			return
		}
		delete(was, id)
		delete(marks, id)
	}
	before := state
	marks = r.look(ctx, client, marks, products, &resp.Diagnostics)
	changed := len(failed) > 0
	for id, product := range products {
		if marks[id] != nil || product.SIMCard == nil || cmo.Fulfils(was[id], product.SIMCard.Status) {
			continue
		}
		was[id] = product.SIMCard.Status
		changed = true
	}
	if changed {
		state.Statuses = fleetValue(was)
	}
	if len(state.Failed.Elements()) > 0 || state.Failed.IsNull() {
		state.Failed = fleetValue(nil) // statuses show by now what became of them
	}
	state.ID = state.Name
	state.OperationStatus = marks.status()
	if !reflect.DeepEqual(before, state) {
		resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	}
	saveFleetMarks(ctx, resp.Private, marks, &resp.Diagnostics)
	markManaged(ctx, resp.Private, &resp.Diagnostics)
}

func (r *simFleetStatusResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	var plan, state simFleetStatusModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, d := plan.Timeouts.Update(ctx, operationTimeout)
	resp.Diagnostics.Append(d...)
	marks := readFleetMarks(ctx, req.Private, &resp.Diagnostics)
	client := r.cmo.use(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	was, _ := fleetStatuses(state.Statuses)
	wanted, _ := fleetStatuses(plan.Statuses)
	result := r.setStatuses(ctx, client, plan, fleetChanges(was, wanted, plan.StatusOnRemoval.ValueString()), marks, plan.announced(), &resp.Diagnostics)
	statuses := result.statuses(was, wanted)
	plan.Statuses = fleetValue(statuses)
	if maps.Equal(statuses, wanted) {
		plan.Statuses = fleetValue(wanted)
	}
	if plan.announced() || len(result.failed) > 0 {
		plan.Failed = fleetValue(result.failed)
	}
	plan.OperationStatus = result.marks.status()
	resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
	saveFleetMarks(ctx, resp.Private, result.marks, &resp.Diagnostics)
	if len(result.failed) > 0 {
		resp.Diagnostics.AddError(result.failure(plan.Name.ValueString()))
	}
	if len(result.marks) > 0 {
		resp.Diagnostics.AddError(result.pending(plan.Name.ValueString()))
	}
}

func (r *simFleetStatusResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	var state simFleetStatusModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, d := state.Timeouts.Delete(ctx, operationTimeout)
	resp.Diagnostics.Append(d...)
	marks := readFleetMarks(ctx, req.Private, &resp.Diagnostics)
	managed := isManaged(ctx, req.Private, &resp.Diagnostics)
	announced := destroyAnnounced(ctx, req.Private, &resp.Diagnostics)
	target := state.StatusOnRemoval.ValueString()
	if resp.Diagnostics.HasError() || target == "" {
		return
	}
	if !managed {
		resp.Diagnostics.AddWarning(nothingSummary+string(simStatusChange), fmt.Sprintf(
			"The object of fleet %s was tainted, so its status_on_removal (%s) was not sent: a tainted object is replaced, not given up. "+
				"The SIMs keep their statuses.", state.Name.ValueString(), target))
		return
	}
	client := r.cmo.use(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	was, _ := fleetStatuses(state.Statuses)
	result := r.setStatuses(ctx, client, state, fleetChanges(was, nil, target), marks, announced, &resp.Diagnostics)
	for id := range result.gone {
		delete(result.failed, id)
	}
	if len(result.failed) == 0 && len(result.marks) == 0 && !resp.Diagnostics.HasError() {
		return
	}
	state.Statuses = fleetValue(result.statuses(was, nil))
	state.Failed = fleetValue(result.failed)
	state.OperationStatus = result.marks.status()
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	saveFleetMarks(ctx, resp.Private, result.marks, &resp.Diagnostics)
	if len(result.failed) > 0 {
		resp.Diagnostics.AddError(result.failure(state.Name.ValueString()))
	}
	if len(result.marks) > 0 {
		resp.Diagnostics.AddError(result.pending(state.Name.ValueString()))
	}
}
