package provider

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int64default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/cmo"
	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

var (
	_ resource.ResourceWithConfigure  = (*simFleetStatusResource)(nil)
	_ resource.ResourceWithModifyPlan = (*simFleetStatusResource)(nil)
)

type simFleetStatusResource struct{ baseResource }

func newSIMFleetStatusResource() resource.Resource { return &simFleetStatusResource{} }

func (r *simFleetStatusResource) Metadata(
	_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_sim_fleet_status"
}

// defaultMaxParallel is how many changes of a fleet are sent at a time.
const defaultMaxParallel = 20

func (r *simFleetStatusResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The statuses of a whole fleet of SIM cards on the CMO API, as one resource: the same rules " +
			"and promises as `telco_sim_status`, SIM by SIM, at a fraction of Terraform's own cost. SIMs that already have " +
			"their status are taken over without sending anything, so there is nothing to import. Only what differs is sent.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Computed: true, MarkdownDescription: "The name.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}},
			"name": schema.StringAttribute{Required: true,
				MarkdownDescription: "Name of the fleet, for messages. Another name replaces this resource.",
				Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()}},
			"statuses": schema.MapAttribute{ElementType: types.StringType, Required: true,
				MarkdownDescription: "The wanted status of each SIM by its product id (`BACKEND-ICCID`, without the `-simCard` " +
					"suffix). **Setting a status is a live change.** A SIM that the service no longer knows leaves the map in state.",
				Validators: []validator.Map{
					mapvalidator.KeysAre(stringvalidator.RegexMatches(productIDPattern, productIDRule)),
					mapvalidator.ValueStringsAre(statusValidators()...),
				}},
			"max_parallel": schema.Int64Attribute{Optional: true, Computed: true,
				Default: int64default.StaticInt64(defaultMaxParallel),
				MarkdownDescription: "How many changes are sent at a time; those that wait for their monitor do not count. " +
					"Default `20`. " +
					"The limits of the `cmo` object hold as well.",
				Validators: []validator.Int64{int64validator.Between(1, 1000)}},
			"status_on_removal": schema.StringAttribute{Optional: true,
				MarkdownDescription: "The status to set on SIMs that leave the map, and on all SIMs on destroy: live changes. " +
					"Unset, they are left as they are. While it is set, `name` can't be changed and `-replace` is refused; where an " +
					"object that is tainted is replaced, it is only forgotten.",
				Validators: statusValidators()},
			"failed": schema.MapAttribute{ElementType: types.StringType, Computed: true,
				MarkdownDescription: "The SIMs that the last apply could not change, with the reason. The next refresh empties " +
					"it and shows their live status."},
			"operation_status": operationStatusAttribute(),
			"last_change": lastChangeAttribute("the count of each transition, and a digest over all SIMs of the change, " +
				"`2 x INACTIVE -> ACTIVE; 1 x ACTIVE -> SUSPENDED (sha256 1f3c5a7b9d2e)`"),
			"timeouts": timeoutsAttribute(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
		},
	}
}

// announced says whether a plan has announced a change. operation_status is unknown as well where only changes of an
// earlier run are waited for.
func (m *simFleetStatusModel) announced() bool { return m.Failed.IsUnknown() }

func (r *simFleetStatusResource) Create(
	ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse,
) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, func() bool { return !resp.State.Raw.IsNull() })
	var plan simFleetStatusModel
	diags.Append(req.Plan.Get(ctx, &plan)...)
	timeout, d := plan.Timeouts.Create(ctx, operationTimeout)
	diags.Append(d...)
	client := r.cmo.use(diags)
	if diags.HasError() {
		return
	}
	saveFleetOperations(ctx, resp.Private, nil, diags)

	wanted, _ := fleetStatuses(plan.Statuses)
	changes := fleetChanges(nil, wanted, "")
	run := r.newRun(client, plan, plan.announced(), timeout)
	result := run.apply(ctx, r.fleets.hold(plan.LastChange, changes), nil)
	diags.Append(run.notes...)
	// What is only taken over counts as done, unless the plan has promised that nothing would be pending.
	if len(result.failed) > 0 && !result.anyChanged && len(result.operations) == 0 &&
		(len(result.failed) == len(wanted) || !plan.announced()) {
		summary, detail := result.failure(plan.Name.ValueString())
		diags.AddError(summary, detail+"\n\nNothing has changed on the network.")
		return
	}

	plan.ID = plan.Name
	plan.LastChange = lastChange(plan.LastChange, types.StringNull(), len(result.sent) > 0, livechange.Fleet(result.sent))
	plan.Failed = fleetValue(result.failed)
	plan.OperationStatus = result.operations.status()
	if len(result.failed) > 0 && len(result.operations) == 0 {
		plan.OperationStatus = types.StringValue(operationPending)
	}
	diags.Append(resp.State.Set(ctx, &plan)...)
	saveFleetOperations(ctx, resp.Private, result.operations, diags)
	markManaged(ctx, resp.Private, diags)
	// Warnings, no errors: an error would taint the fleet, and the next apply would replace it.
	if len(result.failed) > 0 {
		diags.AddWarning(result.failure(plan.Name.ValueString()))
	}
	if len(result.operations) > 0 {
		diags.AddWarning(result.pending(plan.Name.ValueString()))
	}
}

func (r *simFleetStatusResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, nil)
	var state simFleetStatusModel
	diags.Append(req.State.Get(ctx, &state)...)
	operations := loadFleetOperations(ctx, req.Private, diags)
	client := r.cmo.use(diags)
	if diags.HasError() || client == nil {
		return
	}
	was, _ := fleetStatuses(state.Statuses)
	products, gone, ok := r.readAll(ctx, client, slices.Sorted(maps.Keys(was)), state.Name.ValueString(), diags)
	if !ok {
		return
	}
	for _, id := range gone {
		delete(was, id)
		delete(operations, id)
	}
	before := state
	operations = r.lookAll(ctx, client, operations, products, diags)
	changed := len(gone) > 0
	for id, product := range products {
		if operations[id] != nil || product.SIMCard == nil {
			continue
		}
		r.learnStatus(id, product, diags)
		if cmo.Satisfies(was[id], product.SIMCard.Status) {
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
	state.OperationStatus = operations.status()
	if !reflect.DeepEqual(before, state) {
		diags.Append(resp.State.Set(ctx, &state)...)
	}
	saveFleetOperations(ctx, resp.Private, operations, diags)
	markManaged(ctx, resp.Private, diags)
}

// readAll reads the SIMs of a fleet in bulk. Those that are missing are looked for once more, together; each that is
// certainly gone brings a warning. It says no after an error.
func (r *simFleetStatusResource) readAll(
	ctx context.Context, client *cmo.Client, ids []string, fleet string, diags *diag.Diagnostics,
) (products map[string]*cmo.Product, gone []string, ok bool) {
	products, failed := client.ProductsByID(ctx, ids)
	witness := r.cmoWitness(client)
	if len(products) > 0 {
		witness.Saw()
	}
	missing, err := onlyMissing(failed)
	if err == nil && len(missing) > 0 {
		var found map[string]*cmo.Product
		found, err = change.Certain(ctx, witness, isNotFound, func(ctx context.Context) (map[string]*cmo.Product, error) {
			now, still := client.ProductsByID(ctx, missing)
			failed = still
			maps.Copy(products, now)
			if len(now) > 0 {
				witness.Saw()
			}
			var err error
			if missing, err = onlyMissing(still); err != nil || len(missing) == 0 {
				return now, err
			}
			return nil, still[missing[0]]
		})
		maps.Copy(products, found)
	}
	switch {
	case isGone(err):
		for _, id := range missing {
			warnGone(diags, "SIM is gone", fmt.Sprintf("SIM %s of fleet %s", id, fleet), failed[id])
		}
		return products, missing, true
	case err != nil:
		what := fmt.Sprintf("The SIMs of fleet %s could not be read.", fleet)
		if len(failed) > 0 {
			first := slices.Sorted(maps.Keys(failed))[0]
			what = fmt.Sprintf("SIM %s of fleet %s could not be read%s.", first, fleet, others(len(failed)-1))
		}
		readError(diags, "Unable to read SIM status", what, err)
		return nil, nil, false
	}
	return products, nil, true
}

// onlyMissing lists the SIMs that were clearly not found, or returns the first other error.
func onlyMissing(failed map[string]error) ([]string, error) {
	ids := slices.Sorted(maps.Keys(failed))
	for _, id := range ids {
		if !isNotFound(failed[id]) {
			return nil, failed[id]
		}
	}
	return ids, nil
}

// others says how many more there are: ", nor could 3 others".
func others(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return ", nor could one other"
	}
	return fmt.Sprintf(", nor could %d others", n)
}

// lookAll says how the changes of earlier runs stand, and returns those that are still open. What it finds of the SIMs
// goes into products.
func (r *simFleetStatusResource) lookAll(
	ctx context.Context, client *cmo.Client, operations fleetOperations, products map[string]*cmo.Product,
	diags *diag.Diagnostics,
) fleetOperations {
	left := fleetOperations{}
	var mu sync.Mutex
	var all sync.WaitGroup
	places := make(chan struct{}, defaultMaxParallel)
	for id, op := range operations {
		if products[id] == nil || products[id].SIMCard == nil {
			continue
		}
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			s := &statusSubject{services: r.services, client: client, productID: id, target: op.Operation.Target}
			o := change.Look(ctx, r.engine, s, op)
			mu.Lock()
			defer mu.Unlock()
			if now := stillOpen(o, sentencesOf(op.Operation), diags); now != nil {
				left[id] = now
			}
			if o.Live != nil && o.Live.SIMCard != nil {
				products[id] = o.Live
			}
		})
	}
	all.Wait()
	return left
}

func (r *simFleetStatusResource) Update(
	ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse,
) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, nil)
	var plan, state simFleetStatusModel
	diags.Append(req.Plan.Get(ctx, &plan)...)
	diags.Append(req.State.Get(ctx, &state)...)
	timeout, d := plan.Timeouts.Update(ctx, operationTimeout)
	diags.Append(d...)
	operations := loadFleetOperations(ctx, req.Private, diags)
	client := r.cmo.use(diags)
	if diags.HasError() {
		return
	}

	was, _ := fleetStatuses(state.Statuses)
	wanted, _ := fleetStatuses(plan.Statuses)
	changes := fleetChanges(was, wanted, plan.StatusOnRemoval.ValueString())
	run := r.newRun(client, plan, plan.announced(), timeout)
	result := run.apply(ctx, r.fleets.hold(plan.LastChange, changes), operations)
	diags.Append(run.notes...)
	plan.LastChange = lastChange(plan.LastChange, state.LastChange, len(result.sent) > 0, livechange.Fleet(result.sent))
	statuses := result.statuses(was, wanted)
	plan.Statuses = fleetValue(statuses)
	if maps.Equal(statuses, wanted) {
		plan.Statuses = fleetValue(wanted)
	}
	if plan.announced() || len(result.failed) > 0 {
		plan.Failed = fleetValue(result.failed)
	}
	plan.OperationStatus = result.operations.status()
	diags.Append(resp.State.Set(ctx, &plan)...)
	saveFleetOperations(ctx, resp.Private, result.operations, diags)
	if len(result.failed) > 0 {
		diags.AddError(result.failure(plan.Name.ValueString()))
	}
	if len(result.operations) > 0 {
		diags.AddError(result.pending(plan.Name.ValueString()))
	}
}

func (r *simFleetStatusResource) Delete(
	ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse,
) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, nil)
	var state simFleetStatusModel
	diags.Append(req.State.Get(ctx, &state)...)
	timeout, d := state.Timeouts.Delete(ctx, operationTimeout)
	diags.Append(d...)
	operations := loadFleetOperations(ctx, req.Private, diags)
	managed := hasKey(ctx, req.Private, managedKey, diags)
	announced := destroyAnnounced(ctx, req.Private, diags)
	target := state.StatusOnRemoval.ValueString()
	if diags.HasError() || target == "" {
		return
	}
	if !managed {
		warnLeftAlone(diags, livechange.SIMStatus, fmt.Sprintf(
			"The object of fleet %s was tainted, so its status_on_removal (%s) was not sent: a tainted object is replaced, not "+
				"given up. The SIMs keep their statuses.", state.Name.ValueString(), target))
		return
	}
	client := r.cmo.use(diags)
	if diags.HasError() {
		return
	}

	was, _ := fleetStatuses(state.Statuses)
	run := r.newRun(client, state, announced, timeout)
	result := run.apply(ctx, destroyChanges(was, target), operations)
	diags.Append(run.notes...)
	for _, id := range slices.Sorted(maps.Keys(result.gone)) {
		delete(result.failed, id)
		diags.AddWarning("SIM is gone", fmt.Sprintf("SIM %s of fleet %s is gone already: the service does not know it any "+
			"more. Nothing was sent for it.",
			id, state.Name.ValueString()))
	}
	if len(result.failed) == 0 && len(result.operations) == 0 && !diags.HasError() {
		return
	}
	state.Statuses = fleetValue(result.statuses(was, nil))
	state.Failed = fleetValue(result.failed)
	state.OperationStatus = result.operations.status()
	diags.Append(resp.State.Set(ctx, &state)...)
	saveFleetOperations(ctx, resp.Private, result.operations, diags)
	if len(result.failed) > 0 {
		diags.AddError(result.failure(state.Name.ValueString()))
	}
	if len(result.operations) > 0 {
		diags.AddError(result.pending(state.Name.ValueString()))
	}
}
