package provider

import (
	"context"
	"encoding/json"
	"errors"
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
	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

var (
	_ resource.ResourceWithConfigure   = (*simStatusResource)(nil)
	_ resource.ResourceWithImportState = (*simStatusResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*simStatusResource)(nil)
)

type simStatusResource struct{ serviceUser }

func newSIMStatusResource() resource.Resource { return &simStatusResource{} }

func (r *simStatusResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_sim_status"
}

var (
	// productIDPattern is BACKEND-ICCID; how many digits an ICCID has is left to the service.
	productIDPattern = regexp.MustCompile(`^[A-Za-z0-9_]+-[0-9]{5,22}$`)
	statusPattern    = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
)

const (
	productIDRule = "must be the id of a cellular product, BACKEND-ICCID such as TMSP-89490200000000000024, without the -simCard suffix"
	statusRule    = "must be a status in capitals, such as ACTIVE or SUSPENDED"
)

func (r *simStatusResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	kept := []planmodifier.String{stringplanmodifier.UseStateForUnknown()}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The status of a SIM card on the CMO API: what is managed and read back is the status of the SIM " +
			"(`PRODUCT_ID-simCard`), not of the product around it. Where the SIM already has the wanted status, nothing is sent. " +
			"Destroying it changes nothing on the network, unless `status_on_destroy` is set.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Computed: true, MarkdownDescription: "The product id.", PlanModifiers: kept},
			"product_id": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "Id of the product, `BACKEND-ICCID`, without the `-simCard` suffix. Another id is another SIM and " +
					"replaces this resource.",
				Validators:    []validator.String{stringvalidator.RegexMatches(productIDPattern, productIDRule)},
				PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
			},
			"status": schema.StringAttribute{
				Required: true,
				MarkdownDescription: "The wanted status, such as `ACTIVE` or `SUSPENDED`; which changes are possible depends on the " +
					"backend. `PENDING_TERMINATE` is fulfilled by `TERMINATED`. **Setting it is a live change: it may start or stop " +
					"charging, and termination is final.**",
				Validators: []validator.String{stringvalidator.RegexMatches(statusPattern, statusRule)},
			},
			"status_on_destroy": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "The status to set on destroy, a live change. Unset, destroy leaves the SIM as it is. While it is " +
					"set, `product_id` can't be changed and `-replace` is refused; where an object that is tainted is replaced, it is only forgotten.",
				Validators: []validator.String{stringvalidator.RegexMatches(statusPattern, statusRule)},
			},
			"backend":          schema.StringAttribute{Computed: true, PlanModifiers: kept, MarkdownDescription: "The backend, such as `TMSP` or `JASPER`."},
			"iccid":            schema.StringAttribute{Computed: true, PlanModifiers: kept, MarkdownDescription: "ICCID of the SIM card."},
			"imsi":             schema.StringAttribute{Computed: true, PlanModifiers: kept, MarkdownDescription: "IMSI; null where the service has none."},
			"msisdn":           schema.StringAttribute{Computed: true, PlanModifiers: kept, MarkdownDescription: "MSISDN; null where the service has none."},
			"imei":             schema.StringAttribute{Computed: true, PlanModifiers: kept, MarkdownDescription: "IMEI of the device last seen; null where the service has none."},
			"product_status":   schema.StringAttribute{Computed: true, MarkdownDescription: "Status of the composite product, which may differ from the SIM's."},
			"operation_status": operationStatusAttribute(),
			"timeouts":         timeoutsAttribute(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
		},
	}
}

// change is what a planned status change would be, for its warning.
func (r *simStatusResource) change(productID, from, to types.String) liveChange {
	return liveChange{
		kind:    simStatusChange,
		sim:     productID.ValueString(),
		what:    fmt.Sprintf("SIM %s: status %s -> %s.", shown(productID), shown(from), shown(to)),
		meaning: statusMeaning(to.ValueString()),
	}
}

// statusMeaning says what a status is for service and charging.
func statusMeaning(to string) string {
	switch to {
	case "ACTIVE":
		return "The SIM can use the network from then on, and charging may start at once."
	case "SUSPENDED", "BLOCKED", "INACTIVE", "DEACTIVATED":
		return "The device in the field loses its connection; depending on the tariff, base fees go on."
	case "TERMINATED", "PENDING_TERMINATE":
		return "Termination ends the SIM's contract for good: the device goes offline and the SIM can't be used again."
	}
	return "Service and charging of the SIM may change at once."
}

// shown is how a value stands in a sentence of a plan.
func shown(value types.String) string {
	switch {
	case value.IsUnknown():
		return "(known after apply)"
	case value.IsNull() || value.ValueString() == "":
		return "(none)"
	}
	return value.ValueString()
}

func (r *simStatusResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	if req.Plan.Raw.IsNull() {
		planDestroySilent(ctx, resp.Private, r.planDestroy(ctx, req, resp), &resp.Diagnostics)
		return
	}
	var plan simStatusModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	client := r.cmo.use(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if req.State.Raw.IsNull() {
		if !r.planCreate(ctx, client, plan, req.Private, &resp.Diagnostics) {
			planSilent(ctx, &resp.Plan, &resp.Diagnostics)
		}
		return
	}

	var state simStatusModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	operation := readMark[cmo.Operation](ctx, req.Private, &resp.Diagnostics)
	setPrivate(ctx, resp.Private, plannedKey, replacedSIM{
		ProductID: state.ProductID.ValueString(), Guarded: state.StatusOnDestroy.ValueString() != "",
		InStep: operation == nil && plan.Status.Equal(state.Status),
	}, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}

	if !plan.ProductID.Equal(state.ProductID) {
		if state.StatusOnDestroy.ValueString() != "" {
			resp.Diagnostics.AddAttributeError(path.Root("product_id"), "product_id can't be changed while status_on_destroy is set",
				fmt.Sprintf("Replacing %s by another SIM would set it to %s without a warning, since Terraform does not plan the "+
					"destroy leg of a replacement with the provider.\n\nRemove status_on_destroy in an apply of its own, or destroy this "+
					"resource first and create it anew for %s.",
					state.ProductID.ValueString(), state.StatusOnDestroy.ValueString(), shown(plan.ProductID)))
			return
		}
		// Terraform drops the warnings of a replacement's create leg, so this call gives them.
		planNothing(&resp.Diagnostics, simStatusChange, fmt.Sprintf(
			"SIM %s keeps its status %s: Terraform forgets it when this resource goes over to another SIM.",
			state.ProductID.ValueString(), shown(state.Status)))
		r.warn(ctx, client, plan, types.StringUnknown(), &resp.Diagnostics)
		return
	}

	if !plan.Status.IsUnknown() && cmo.Fulfils(plan.Status.ValueString(), state.Status.ValueString()) {
		// TERMINATED where PENDING_TERMINATE is declared, as after an import, is no difference.
		plan.Status = state.Status
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("status"), state.Status)...)
	}
	sends := false
	switch {
	case plan.Status.Equal(state.Status):
	case operation != nil:
		// Whatever the SIM shows now: apply first waits for the change on its way, then sends this one.
		sends = true
		r.live.plan(&resp.Diagnostics, r.change(plan.ProductID, types.StringValue(operation.Operation.Target), plan.Status))
	case givenUp(state):
		// An error would be in the way of terraform destroy, which plans the configuration first.
		resp.Diagnostics.AddAttributeWarning(path.Root("status"), "SIM is terminated", fmt.Sprintf(
			"SIM %s has the status %s that status_on_destroy asks for, as after a destroy that was interrupted. It is final, so an apply of "+
				"%s will fail; terraform destroy goes on and sends nothing.", state.ProductID.ValueString(), state.Status.ValueString(), shown(plan.Status)))
	default:
		sends = r.warn(ctx, client, plan, state.Status, &resp.Diagnostics)
	}
	switch {
	case operation != nil:
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("operation_status"), types.StringUnknown())...)
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("product_status"), types.StringUnknown())...)
	case !sends && (!plan.OperationStatus.Equal(state.OperationStatus) || !plan.ProductStatus.Equal(state.ProductStatus)):
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("operation_status"), state.OperationStatus)...)
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("product_status"), state.ProductStatus)...)
	}
}

// givenUp says that the SIM is terminated, and was to be on destroy.
func givenUp(state simStatusModel) bool {
	live := state.Status.ValueString()
	return cmo.Leaving(live) && cmo.Fulfils(state.StatusOnDestroy.ValueString(), live)
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

// planCreate says whether the creation sends anything.
func (r *simStatusResource) planCreate(ctx context.Context, client *cmo.Client, plan simStatusModel, private privateReader, diags *diag.Diagnostics) bool {
	replaced := readReplaced(ctx, private, diags)
	id := plan.ProductID.ValueString()
	switch {
	case replaced == nil:
		return r.warn(ctx, client, plan, types.StringUnknown(), diags)
	case replaced.ProductID != id:
		// The first call has seen both SIMs and warned of what this leg sends; Terraform drops the warnings of this one.
		return plan.ProductID.IsUnknown() || r.warn(ctx, client, plan, types.StringUnknown(), diags)
	case replaced.Guarded:
		diags.AddError("Replacing is refused while status_on_destroy is set", fmt.Sprintf(
			"Replacing the object of SIM %s would first set its status_on_destroy on the live SIM, without a warning in the plan.\n\n"+
				"Remove status_on_destroy in an apply of its own, then use -replace; or change status, which is done in place.", id))
	case !replaced.InStep:
		diags.AddError("Replacing is refused while it would change the SIM", fmt.Sprintf(
			"Creating the object of SIM %s anew would set its status, and Terraform drops the warning of that.\n\n"+
				"Run terraform apply without -replace first: the status is changed in place.", id))
	}
	return false
}

// warn adds the warning of a planned status change, exact where the live SIM can be read, and says whether a change
// would be sent. What the service would refuse is an error.
func (r *simStatusResource) warn(ctx context.Context, client *cmo.Client, plan simStatusModel, from types.String, diags *diag.Diagnostics) bool {
	if client != nil && r.preflight && !plan.ProductID.IsUnknown() {
		product, err := client.ProductShared(ctx, plan.ProductID.ValueString())
		if err != nil {
			simStatusReadError(diags, plan.ProductID.ValueString(), err)
			return false
		}
		if !checkStatusChange(diags, product, plan.ProductID.ValueString(), plan.Status.ValueString()) {
			return false
		}
		if target, live := plan.Status.ValueString(), product.SIMCard.Status; cmo.Fulfils(target, live) || cmo.Heading(target, live) {
			return false
		}
		from = types.StringValue(product.SIMCard.Status)
	}
	c := r.change(plan.ProductID, from, plan.Status)
	if from.IsUnknown() {
		c.what = fmt.Sprintf("SIM %s: status -> %s (the live status is read before anything is sent).", shown(plan.ProductID), shown(plan.Status))
	}
	r.live.plan(diags, c)
	return true
}

// checkStatusChange finds what the service would refuse. target is "" while it is not known.
func checkStatusChange(diags *diag.Diagnostics, product *cmo.Product, productID, target string) bool {
	if product.SIMCard == nil {
		diags.AddAttributeError(path.Root("product_id"), "Not a cellular product", fmt.Sprintf(
			"Product %s has no SIM card (connectivity type %s). This resource manages SIM cards only; satellite terminals are out of its scope.",
			productID, product.ConnectivityType))
		return false
	}
	live := product.SIMCard.Status
	if target != "" && final(live, target) {
		diags.AddAttributeError(path.Root("status"), "SIM is terminated", fmt.Sprintf(
			"SIM %s has the status %s, which is final: it can't be set to %s.\n\nRemove it from the configuration "+
				"(terraform state rm, or a removed block), or declare the status that it has.", productID, live, target))
		return false
	}
	return true
}

// final says that a SIM has left, or is about to, and can't get the wanted status any more.
func final(live, target string) bool {
	return cmo.Leaving(live) && !cmo.Fulfils(target, live) && !(live == "PENDING_TERMINATE" && target == "TERMINATED")
}

func simStatusReadError(diags *diag.Diagnostics, productID string, err error) {
	if errors.Is(err, transport.ErrNotFound) {
		diags.AddAttributeError(path.Root("product_id"), unknownSIM, unknownSIMDetail(productID, err))
		return
	}
	diags.AddError("Unable to read SIM status", explain(fmt.Sprintf("The live status of SIM %s could not be read.", productID), err, ""))
}

const unknownSIM = "Unknown SIM"

func unknownSIMDetail(productID string, err error) string {
	return explain(fmt.Sprintf("The CMO knows no product %s in this tenant.", productID), err,
		"Check the product id: BACKEND-ICCID as the data source telco_products lists it. Nothing was sent.")
}

// planDestroy says whether the destroy sends anything.
func (r *simStatusResource) planDestroy(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) bool {
	var state simStatusModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	operation := readMark[cmo.Operation](ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return false
	}
	target := state.StatusOnDestroy
	switch {
	case target.ValueString() == "":
		planNothing(&resp.Diagnostics, simStatusChange, fmt.Sprintf(
			"SIM %s keeps its status %s: destroying this resource only makes Terraform forget it. Set status_on_destroy to change "+
				"the status on destroy.", state.ProductID.ValueString(), shown(state.Status)))
		return false
	case operation != nil && cmo.Fulfils(target.ValueString(), operation.Operation.Target):
		return false // the change has been sent already
	case operation != nil:
		// Whatever the SIM shows now: apply first waits for the change on its way, then sends this one.
		r.live.plan(&resp.Diagnostics, r.change(state.ProductID, types.StringValue(operation.Operation.Target), target))
		return true
	}
	client := r.cmo.use(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return false
	}
	from := state.Status
	if client != nil && r.preflight {
		product, err := client.ProductShared(ctx, state.ProductID.ValueString())
		switch {
		case errors.Is(err, transport.ErrNotFound):
			return false
		case err != nil:
			simStatusReadError(&resp.Diagnostics, state.ProductID.ValueString(), err)
			return false
		case !checkStatusChange(&resp.Diagnostics, product, state.ProductID.ValueString(), target.ValueString()):
			return false
		default:
			from = types.StringValue(product.SIMCard.Status)
		}
	}
	if cmo.Heading(target.ValueString(), from.ValueString()) {
		return false // destroy waits for it
	}
	if cmo.Fulfils(target.ValueString(), from.ValueString()) {
		planNothing(&resp.Diagnostics, simStatusChange, fmt.Sprintf(
			"SIM %s already has the status %s that status_on_destroy asks for.", state.ProductID.ValueString(), shown(from)))
		return false
	}
	r.live.plan(&resp.Diagnostics, r.change(state.ProductID, from, target))
	return true
}

func (r *simStatusResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	defer recovered(ctx, &resp.Diagnostics, func() bool { return !resp.State.Raw.IsNull() })
	var plan simStatusModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	timeout, d := plan.Timeouts.Create(ctx, operationTimeout)
	resp.Diagnostics.Append(d...)
	client := r.cmo.use(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	// The create leg of a replacement arrives with the private state of the object before it.
	(*mark[cmo.Operation])(nil).save(ctx, resp.Private, &resp.Diagnostics)
	keep := func(product *cmo.Product, m *mark[cmo.Operation]) {
		r.keep(ctx, plan, product, m, &resp.State, resp.Private, &resp.Diagnostics)
	}
	result := r.setStatus(ctx, client, plan.ProductID.ValueString(), plan.Status.ValueString(), announces(plan.OperationStatus), &resp.Diagnostics, keep)
	switch result.end {
	case changeDone:
		keep(result.product, nil)
	case changeOpen, changeUnknown:
		// A warning, no error: an error would taint the SIM, and the next apply would destroy it.
		keep(result.product, result.mark)
		resp.Diagnostics.AddWarning(result.summary, result.detail)
	case changeRefused:
		// Nothing has changed. A state beside the error would count as tainted.
		resp.State.RemoveResource(ctx)
		if result.summary != "" {
			resp.Diagnostics.AddError(result.summary, result.detail)
		}
	}
}

// keep writes what was asked for into state, with what the service says of the rest.
func (r *simStatusResource) keep(ctx context.Context, plan simStatusModel, product *cmo.Product, m *mark[cmo.Operation], state stateSetter, private privateWriter, diags *diag.Diagnostics) {
	model := plan
	if product != nil {
		model.setProduct(product)
	}
	model.settle(&plan)
	model.OperationStatus = m.status()
	diags.Append(state.Set(ctx, &model)...)
	m.save(ctx, private, diags)
	markManaged(ctx, private, diags)
}

func (r *simStatusResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	var state simStatusModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	operation := readMark[cmo.Operation](ctx, req.Private, &resp.Diagnostics)
	client := r.cmo.use(&resp.Diagnostics)
	if resp.Diagnostics.HasError() || client == nil {
		return
	}
	productID := state.ProductID.ValueString()

	var product *cmo.Product
	var err error
	if operation != nil && !operation.Unknown {
		operation, product, err = lookAtStatus(ctx, client, operation, &resp.Diagnostics)
		if err != nil && !errors.Is(err, transport.ErrNotFound) {
			// The SIM itself is what a plan needs; its monitor can wait for the next look.
			product, err = client.ProductShared(ctx, productID)
		}
	} else {
		product, err = client.ProductShared(ctx, productID)
		if err == nil && operation != nil && product.SIMCard != nil {
			operation, product = settleUnknownStatus(ctx, client, operation, product, &resp.Diagnostics)
		}
	}
	switch {
	case errors.Is(err, transport.ErrNotFound):
		removeFromState(ctx, resp)
		return
	case err != nil:
		simStatusReadError(&resp.Diagnostics, productID, err)
		return
	case product.SIMCard == nil:
		checkStatusChange(&resp.Diagnostics, product, productID, "")
		return
	}

	before := state
	state.setProduct(product)
	if operation == nil {
		state.setLiveStatus(product.SIMCard.Status)
	}
	state.OperationStatus = operation.status()
	if !reflect.DeepEqual(before, state) { // writing what is there already is a quarter of what a read costs
		resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	}
	operation.save(ctx, resp.Private, &resp.Diagnostics)
	markManaged(ctx, resp.Private, &resp.Diagnostics)
}

// lookAtStatus asks once how an accepted change stands. It returns the mark while the change goes on, nil once it is
// over.
func lookAtStatus(ctx context.Context, client *cmo.Client, m *mark[cmo.Operation], diags *diag.Diagnostics) (*mark[cmo.Operation], *cmo.Product, error) {
	state, result, err := client.Peek(ctx, m.Operation)
	switch {
	case result.Product == nil && err == nil:
		err = errors.New("the service answered nothing of this SIM")
		return m, nil, err
	case result.Product == nil:
		return m, nil, err
	case state == waitFailed:
		diags.AddWarning("SIM status was not changed", explain(fmt.Sprintf(
			"The change of SIM %s to %s, accepted %s, has failed since.", m.Operation.ProductID, m.Operation.Target, ago(m.Operation.Since)), result.Reason,
			"The state shows the live status again; the next plan shows what is left to do."))
		return nil, result.Product, nil
	case state == waitDone:
		return nil, result.Product, nil
	}
	return m, result.Product, nil
}

// settleUnknownStatus decides by reads what became of a change of which no answer came, and returns the last of them.
// One that shows it at work is enough; that it had no effect takes as many, and as long, as right after it was sent.
func settleUnknownStatus(ctx context.Context, client *cmo.Client, m *mark[cmo.Operation], product *cmo.Product, diags *diag.Diagnostics) (*mark[cmo.Operation], *cmo.Product) {
	op := m.Operation
	product, err := lookAgain(ctx, client, op, product)
	if err != nil {
		return m, product
	}
	live := product.SIMCard.Status
	switch {
	case cmo.Fulfils(op.Target, live):
		return nil, product
	case cmo.Transitional(live):
		return &mark[cmo.Operation]{Operation: op}, product // under way after all
	}
	diags.AddWarning("SIM status was not changed", fmt.Sprintf(
		"The change of SIM %s to %s was sent %s and no answer came; the SIM's status is %s. It did not take effect.\n\n"+
			"The next plan shows what is left to do; nothing is sent without it.",
		op.ProductID, op.Target, ago(op.Since), live))
	return nil, product
}

// lookAgain reads a SIM on which a change of unknown outcome does not show, until it does or has clearly had no effect.
func lookAgain(ctx context.Context, client *cmo.Client, op cmo.Operation, product *cmo.Product) (*cmo.Product, error) {
	live := product.SIMCard.Status
	if cmo.Fulfils(op.Target, live) || cmo.Transitional(live) {
		return product, nil
	}
	_, now, err := client.Reconcile(ctx, op.ProductID, live, op.Target, op.Since)
	if now == nil {
		now = product
	}
	var unsettled *cmo.UnsettledError
	if errors.As(err, &unsettled) {
		err = nil // it shows a third status, which is an answer as well
	}
	return now, err
}

// ago is how long ago something was, to the second.
func ago(since time.Time) string {
	if since.IsZero() {
		return "earlier"
	}
	return time.Since(since).Round(time.Second).String() + " ago"
}

func (r *simStatusResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	var plan, state simStatusModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, d := plan.Timeouts.Update(ctx, operationTimeout)
	resp.Diagnostics.Append(d...)
	operation := readMark[cmo.Operation](ctx, req.Private, &resp.Diagnostics)
	client := r.cmo.use(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	keep := func(product *cmo.Product, m *mark[cmo.Operation]) {
		r.keep(ctx, plan, product, m, &resp.State, resp.Private, &resp.Diagnostics)
	}

	if operation != nil {
		result := r.resumeStatus(ctx, client, operation)
		// Until the end of what was sent before is known, nothing new is sent.
		if result.end != changeDone {
			r.keepFailed(ctx, state, result, resp)
			return
		}
		if plan.Status.Equal(state.Status) {
			keep(result.product, nil)
			return
		}
	}
	if plan.Status.Equal(state.Status) {
		plan.OperationStatus = types.StringValue(operationComplete)
		plan.settle(&plan)
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		return
	}

	result := r.setStatus(ctx, client, plan.ProductID.ValueString(), plan.Status.ValueString(), announces(plan.OperationStatus), &resp.Diagnostics, keep)
	switch result.end {
	case changeDone:
		keep(result.product, nil)
	case changeUnknown:
		keep(result.product, result.mark)
		resp.Diagnostics.AddWarning(result.summary, result.detail)
	case changeOpen:
		if result.missed {
			r.keepFailed(ctx, state, result, resp)
			return
		}
		keep(result.product, result.mark)
		resp.Diagnostics.AddError(result.summary, result.detail)
	case changeRefused:
		r.keepFailed(ctx, state, result, resp)
	}
}

// keepFailed ends an update with an error beside a state that tells the truth.
func (r *simStatusResource) keepFailed(ctx context.Context, state simStatusModel, result statusResult, resp *resource.UpdateResponse) {
	if result.missed {
		result.mark = nil
	}
	if result.product != nil && result.product.SIMCard != nil {
		state.setProduct(result.product)
		if result.mark == nil {
			state.setLiveStatus(result.product.SIMCard.Status)
		}
	}
	state.OperationStatus = result.mark.status()
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	result.mark.save(ctx, resp.Private, &resp.Diagnostics)
	if result.summary != "" {
		resp.Diagnostics.AddError(result.summary, result.detail)
	}
}

func (r *simStatusResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	var state simStatusModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, d := state.Timeouts.Delete(ctx, operationTimeout)
	resp.Diagnostics.Append(d...)
	operation := readMark[cmo.Operation](ctx, req.Private, &resp.Diagnostics)
	managed := isManaged(ctx, req.Private, &resp.Diagnostics)
	announced := destroyAnnounced(ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || state.StatusOnDestroy.ValueString() == "" {
		return
	}
	productID, target := state.ProductID.ValueString(), state.StatusOnDestroy.ValueString()
	if !managed {
		resp.Diagnostics.AddWarning(nothingSummary+string(simStatusChange), fmt.Sprintf(
			"The object of SIM %s was tainted, so its status_on_destroy (%s) was not sent: a tainted object is replaced, not given up. "+
				"The SIM keeps its status.", productID, target))
		return
	}
	client := r.cmo.use(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	fail := func(result statusResult) {
		if result.missed {
			result.mark = nil
		}
		if result.product != nil && result.product.SIMCard != nil {
			state.setProduct(result.product)
			if result.mark == nil {
				state.setLiveStatus(result.product.SIMCard.Status)
			}
		}
		if result.mark != nil {
			state.Status = types.StringValue(result.mark.Operation.Target) // what is on its way is what was asked for last
		}
		state.OperationStatus = result.mark.status()
		resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
		result.mark.save(ctx, resp.Private, &resp.Diagnostics)
		if result.summary != "" {
			resp.Diagnostics.AddError(result.summary, result.detail)
		}
	}
	if operation != nil {
		result := r.resumeStatus(ctx, client, operation)
		if result.gone || result.end == changeDone && cmo.Fulfils(target, operation.Operation.Target) {
			return
		}
		if result.end == changeOpen || result.end == changeUnknown || cmo.Fulfils(target, operation.Operation.Target) {
			fail(result)
			return
		}
	}
	result := r.setStatus(ctx, client, productID, target, announced, &resp.Diagnostics, func(*cmo.Product, *mark[cmo.Operation]) {})
	if result.end != changeDone && !result.gone {
		fail(result)
	}
}

func (r *simStatusResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	if !productIDPattern.MatchString(req.ID) {
		resp.Diagnostics.AddError("Invalid import id", fmt.Sprintf("The import id of telco_sim_status %s. It was %q.", productIDRule, req.ID))
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), req.ID)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("product_id"), req.ID)...)
}
