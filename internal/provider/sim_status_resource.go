package provider

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
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

	"github.com/simfleet/terraform-provider-telco/internal/api/cmo"
	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/livechange"
	"github.com/simfleet/terraform-provider-telco/internal/validate"
)

var (
	_ resource.ResourceWithConfigure   = (*simStatusResource)(nil)
	_ resource.ResourceWithImportState = (*simStatusResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*simStatusResource)(nil)
)

type simStatusResource struct{ baseResource }

func newSIMStatusResource() resource.Resource { return &simStatusResource{} }

func (r *simStatusResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_sim_status"
}

var (
	// productIDPattern is BACKEND-ICCID; how many digits an ICCID has is left to the service.
	productIDPattern = regexp.MustCompile(`^[A-Za-z0-9_]+-[0-9]{5,22}$`)
	statusPattern    = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
	pathProductID    = path.Root("product_id")
)

const (
	productIDRule = "must be the id of a cellular product, BACKEND-ICCID such as TMSP-89490200000000000024, without the " +
		"-simCard suffix"
	statusRule = "must be a status in capitals, such as ACTIVE or SUSPENDED"
)

// statusValidators check a wanted status: its form, and that it is one that a SIM can be set to. PENDING_ACTIVE and the
// like are what the service sets by itself; PENDING_TERMINATE can be asked for (API page, section 8).
func statusValidators() []validator.String {
	return []validator.String{
		stringvalidator.RegexMatches(statusPattern, statusRule),
		validate.SettableStatus(),
	}
}

func (r *simStatusResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	kept := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The status of a SIM card on the CMO API: what is managed and read back is the status of the " +
			"SIM (`PRODUCT_ID-simCard`), not of the product around it. Where the SIM already has the wanted status, nothing " +
			"is sent. " +
			"Destroying it changes nothing on the network, unless `status_on_destroy` is set.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Computed: true, MarkdownDescription: "The product id.", PlanModifiers: kept},
			"product_id": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Id of the product, `BACKEND-ICCID`, without the `-simCard` suffix. Another id is another " +
					"SIM and replaces this resource.",
				Validators:    []validator.String{stringvalidator.RegexMatches(productIDPattern, productIDRule)},
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"status": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "The wanted status, such as `ACTIVE` or `SUSPENDED`; which changes are possible depends on " +
					"the " +
					"backend. `PENDING_TERMINATE` is fulfilled by `TERMINATED`. **Setting it is a live change: it may start or stop " +
					"charging, and termination is final.**",
				Validators: statusValidators(),
			},
			"status_on_destroy": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "The status to set on destroy, a live change. Unset, destroy leaves the SIM as it is. " +
					"While it is set, `product_id` can't be changed and `-replace` is refused; where an object that is tainted is " +
					"replaced, it is only forgotten.",
				Validators: statusValidators(),
			},
			"backend": schema.StringAttribute{Computed: true, PlanModifiers: kept,
				MarkdownDescription: "The backend, such as `TMSP` or `JASPER`."},
			"iccid": schema.StringAttribute{Computed: true, PlanModifiers: kept,
				MarkdownDescription: "ICCID of the SIM card."},
			"imsi": schema.StringAttribute{Computed: true, PlanModifiers: kept,
				MarkdownDescription: "IMSI; null where the service has none."},
			"msisdn": schema.StringAttribute{Computed: true, PlanModifiers: kept,
				MarkdownDescription: "MSISDN; null where the service has none."},
			"imei": schema.StringAttribute{Computed: true, PlanModifiers: kept,
				MarkdownDescription: "IMEI of the device last seen; null where the service has none."},
			"product_status": schema.StringAttribute{Computed: true,
				MarkdownDescription: "Status of the composite product, which may differ from the SIM's."},
			"operation_status": operationStatusAttribute(),
			"last_change":      lastChangeAttribute("`status INACTIVE -> ACTIVE`"),
			"timeouts":         timeoutsAttribute(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
		},
	}
}

func (r *simStatusResource) subject(client *cmo.Client, productID, target string) *statusSubject {
	return &statusSubject{services: r.services, client: client, productID: productID, target: target}
}

func (r *simStatusResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, func() bool { return !resp.State.Raw.IsNull() })
	var plan simStatusModel
	diags.Append(req.Plan.Get(ctx, &plan)...)
	timeout, d := plan.Timeouts.Create(ctx, operationTimeout)
	diags.Append(d...)
	client := r.cmo.use(diags)
	if diags.HasError() {
		return
	}

	// The create leg of a replacement arrives with the private state of the object before it.
	saveOperation[cmo.Operation](ctx, resp.Private, nil, diags)
	s := r.subject(client, plan.ProductID.ValueString(), plan.Status.ValueString())
	planned := change.Planned{Announced: announces(plan.OperationStatus),
		From: livechange.StatusFrom(plan.LastChange.ValueString())}
	keep := func(product *cmo.Product, op *change.Op[cmo.Operation]) {
		r.keep(ctx, plan, product, op, &resp.State, resp.Private, diags)
	}
	o := change.Run(ctx, r.engine, s, planned, time.Now().Add(timeout), keep)
	plan.LastChange = lastChange(plan.LastChange, types.StringNull(), o.Sent,
		livechange.Status(o.Decision.Shows, s.target))

	diags.Append(s.notes...)
	conclusion[*cmo.Product, cmo.Operation]{
		verb: creating, say: statusSentences(s.productID, o.Decision.Shows, s.target), asked: keep,
		drop: func() { resp.State.RemoveResource(ctx) },
	}.conclude(o, diags)
}

// keep writes what was asked for into state, with what the service says of the rest.
func (r *simStatusResource) keep(
	ctx context.Context, plan simStatusModel, product *cmo.Product, op *change.Op[cmo.Operation], state stateSetter,
	private privateWriter, diags *diag.Diagnostics,
) {
	model := plan
	if product != nil {
		model.setProduct(product)
	}
	model.settle(&plan)
	model.OperationStatus = operationStatus(op)
	diags.Append(state.Set(ctx, &model)...)
	saveOperation(ctx, private, op, diags)
	markManaged(ctx, private, diags)
}

// show writes what is true of the SIM into state, after an update or a destroy that failed.
func (r *simStatusResource) show(
	ctx context.Context, state simStatusModel, product *cmo.Product, op *change.Op[cmo.Operation], to stateSetter,
	private privateWriter, diags *diag.Diagnostics,
) {
	if product != nil && product.SIMCard != nil {
		state.setProduct(product)
		if op == nil {
			state.setLiveStatus(product.SIMCard.Status)
		}
	}
	if op != nil {
		state.Status = types.StringValue(op.Operation.Target) // what is on its way is what was asked for last
	}
	state.OperationStatus = operationStatus(op)
	diags.Append(to.Set(ctx, &state)...)
	saveOperation(ctx, private, op, diags)
}

func (r *simStatusResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, nil)
	var state simStatusModel
	diags.Append(req.State.Get(ctx, &state)...)
	op := loadOperation[cmo.Operation](ctx, req.Private, diags)
	client := r.cmo.use(diags)
	if diags.HasError() || client == nil {
		return
	}

	productID := state.ProductID.ValueString()
	product, op, err := r.look(ctx, client, productID, op, diags)
	switch {
	case isGone(err):
		warnGone(diags, "SIM is gone", "SIM "+productID, err)
		removeFromState(ctx, resp)
		return
	case err != nil:
		simStatusReadError(diags, productID, err)
		return
	case product.SIMCard == nil:
		refuse(diags, r.subject(client, productID, "").Decide(product))
		return
	}

	before := state
	state.setProduct(product)
	if op == nil {
		state.setLiveStatus(product.SIMCard.Status)
		r.learnStatus(productID, product, diags)
	}
	state.OperationStatus = operationStatus(op)
	if !reflect.DeepEqual(before, state) { // writing what is there already is a quarter of what a read costs
		diags.Append(resp.State.Set(ctx, &state)...)
	}
	saveOperation(ctx, resp.Private, op, diags)
	markManaged(ctx, resp.Private, diags)
}

// learnStatus ends in the journal what an earlier run has asked for, and was killed before it saw the end.
func (s *services) learnStatus(productID string, product *cmo.Product, diags *diag.Diagnostics) {
	if err := change.Learn(s.engine, &statusSubject{productID: productID}, product); err != nil {
		warnJournal(diags, []error{err})
	}
}

// look reads a SIM, and says how a change of an earlier run stands.
func (s *services) look(
	ctx context.Context, client *cmo.Client, productID string, op *change.Op[cmo.Operation], diags *diag.Diagnostics,
) (*cmo.Product, *change.Op[cmo.Operation], error) {
	if op != nil {
		subject := &statusSubject{services: s, client: client, productID: productID, target: op.Operation.Target}
		o := change.Look(ctx, s.engine, subject, op)
		op = stillOpen(o, sentencesOf(op.Operation), diags)
		if o.Live != nil && o.Kind != change.Gone {
			return o.Live, op, nil
		}
	}
	product, err := client.ProductShared(ctx, productID)
	if isNotFound(err) {
		product, err = s.readAgain(ctx, client, productID)
	}
	if err == nil {
		s.cmoWitness(client).Saw()
	}
	return product, op, err
}

func (r *simStatusResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, nil)
	var plan, state simStatusModel
	diags.Append(req.Plan.Get(ctx, &plan)...)
	diags.Append(req.State.Get(ctx, &state)...)
	timeout, d := plan.Timeouts.Update(ctx, operationTimeout)
	diags.Append(d...)
	op := loadOperation[cmo.Operation](ctx, req.Private, diags)
	client := r.cmo.use(diags)
	if diags.HasError() {
		return
	}
	deadline := time.Now().Add(timeout)
	keep := func(product *cmo.Product, op *change.Op[cmo.Operation]) {
		r.keep(ctx, plan, product, op, &resp.State, resp.Private, diags)
	}
	end := conclusion[*cmo.Product, cmo.Operation]{verb: updating, asked: keep,
		shown: func(product *cmo.Product, op *change.Op[cmo.Operation]) {
			r.show(ctx, state, product, op, &resp.State, resp.Private, diags)
		}}

	s := r.subject(client, plan.ProductID.ValueString(), plan.Status.ValueString())
	changes := !plan.Status.Equal(state.Status)
	plan.LastChange = lastChange(plan.LastChange, state.LastChange, changes,
		livechange.Status(state.Status.ValueString(), s.target))
	if op != nil {
		// Until the end of what was sent before is known, nothing new is sent.
		o := resume(ctx, r.engine, r.subject(client, s.productID, op.Operation.Target), op, deadline, diags)
		if !changes || o.Kind != change.Done {
			resumed := end
			resumed.verb, resumed.say = resuming, sentencesOf(op.Operation)
			resumed.conclude(o, diags)
			return
		}
	}
	if !changes {
		plan.settle(&plan)
		plan.OperationStatus = operationStatus[cmo.Operation](nil)
		diags.Append(resp.State.Set(ctx, &plan)...)
		return
	}

	planned := change.Planned{Announced: announces(plan.OperationStatus), From: state.Status.ValueString()}
	o := change.Run(ctx, r.engine, s, planned, deadline, keep)
	diags.Append(s.notes...)
	end.say = statusSentences(s.productID, state.Status.ValueString(), s.target)
	end.conclude(o, diags)
}

func (r *simStatusResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, nil)
	var state simStatusModel
	diags.Append(req.State.Get(ctx, &state)...)
	timeout, d := state.Timeouts.Delete(ctx, operationTimeout)
	diags.Append(d...)
	op := loadOperation[cmo.Operation](ctx, req.Private, diags)
	managed := hasKey(ctx, req.Private, managedKey, diags)
	announced := destroyAnnounced(ctx, req.Private, diags)
	if diags.HasError() || state.StatusOnDestroy.ValueString() == "" {
		return
	}
	productID, target := state.ProductID.ValueString(), state.StatusOnDestroy.ValueString()
	if !managed {
		warnLeftAlone(diags, livechange.SIMStatus, fmt.Sprintf(
			"The object of SIM %s was tainted, so its status_on_destroy (%s) was not sent: a tainted object is replaced, not "+
				"given up. The SIM keeps its status.", productID, target))
		return
	}
	client := r.cmo.use(diags)
	if diags.HasError() {
		return
	}
	deadline := time.Now().Add(timeout)
	s := r.subject(client, productID, target)
	s.removal = true
	end := conclusion[*cmo.Product, cmo.Operation]{verb: deleting, drop: func() {},
		shown: func(product *cmo.Product, op *change.Op[cmo.Operation]) {
			r.show(ctx, state, product, op, &resp.State, resp.Private, diags)
		}}

	if op != nil {
		resumed := r.subject(client, productID, op.Operation.Target)
		o := resume(ctx, r.engine, resumed, op, deadline, diags)
		if cmo.Satisfies(target, op.Operation.Target) || o.Pending != nil || o.Kind == change.Gone {
			end.say = sentencesOf(op.Operation)
			end.conclude(o, diags)
			return
		}
	}
	planned := change.Planned{Announced: announced, From: state.Status.ValueString()}
	o := change.Run(ctx, r.engine, s, planned, deadline, func(*cmo.Product, *change.Op[cmo.Operation]) {})
	diags.Append(s.notes...)
	end.say = statusSentences(productID, state.Status.ValueString(), target)
	end.conclude(o, diags)
}

func (r *simStatusResource) ImportState(
	ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	if !productIDPattern.MatchString(req.ID) {
		resp.Diagnostics.AddError("Invalid import id",
			fmt.Sprintf("The import id of telco_sim_status %s. It was %q.", productIDRule, req.ID))
		return
	}
	r.cmo.mustImport(&resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), req.ID)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, pathProductID, req.ID)...)
}
