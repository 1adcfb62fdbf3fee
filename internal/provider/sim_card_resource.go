package provider

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/mapplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/accounts"
	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/planmod"
	"github.com/simfleet/terraform-provider-telco/internal/validate"
)

var (
	_ resource.ResourceWithConfigure   = (*simCardResource)(nil)
	_ resource.ResourceWithImportState = (*simCardResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*simCardResource)(nil)
)

type simCardResource struct{ serviceUser }

func newSIMCardResource() resource.Resource { return &simCardResource{} }

func (r *simCardResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_sim_card"
}

var (
	// accountKeyPattern and cliPattern are the API's own. "A-z" takes a few signs beyond the letters, as there.
	accountKeyPattern = regexp.MustCompile(`^[A-z0-9\s\-.]{1,24}$`)
	cliPattern        = regexp.MustCompile(`^(?:\(\+*\d{1,5}\)\d{5,16}|\d{14,16})$`)
	iccidPattern      = regexp.MustCompile(`^\d{18,22}$`)
)

const (
	accountKeyRule = "must be an account key: letters, digits, blanks, hyphens and dots, 1 to 24 characters"
	cliRule        = "must be an IMSI of 14 to 16 digits, or an MSISDN written as (+353)870000001"
	iccidRule      = "must be an ICCID of 18 to 22 digits"
)

func (r *simCardResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	kept := stringplanmodifier.UseStateForUnknown()
	optional := func(description string, more ...validator.String) schema.StringAttribute {
		return schema.StringAttribute{
			Optional: true, Computed: true, MarkdownDescription: description + " Unset, it shows what the service holds.",
			PlanModifiers: []planmodifier.String{kept}, Validators: more,
		}
	}
	startDate := optional("From when the supplier bills the SIM, in RFC 3339 form.", validate.RFC3339())
	startDate.PlanModifiers = append(startDate.PlanModifiers, planmod.SameInstant())

	resp.Schema = schema.Schema{
		MarkdownDescription: "A SIM card on an account of the accounts API. Creating one is a live, billed change that the service " +
			"queues; the provider waits until it is complete and the SIM is stable. A SIM that exists already is never adopted: import " +
			"it. A changed argument is sent alone; one that is taken out of the configuration sends nothing.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Computed: true, PlanModifiers: []planmodifier.String{kept},
				MarkdownDescription: "`account_key/cli`, which is also the import id."},
			"account_key": schema.StringAttribute{Required: true,
				MarkdownDescription: "Key of the account that holds the SIM. It can't be changed.",
				Validators:          []validator.String{stringvalidator.RegexMatches(accountKeyPattern, accountKeyRule)}},
			"cli": schema.StringAttribute{Required: true,
				MarkdownDescription: "The SIM's unique identifier: its IMSI (14 to 16 digits), or its MSISDN as `(+353)870000001`. It can't be changed.",
				Validators:          []validator.String{stringvalidator.RegexMatches(cliPattern, cliRule)}},
			"sim_number":          optional("ICCID, 18 to 22 digits.", stringvalidator.RegexMatches(iccidPattern, iccidRule)),
			"description":         optional("Description of the SIM."),
			"inventory_ref":       optional("Your own reference, only stored and returned."),
			"tariff":              optional("Tariff on the operator's platform; not every operator supports it."),
			"bundle":              optional("Bundle on the operator's platform; not every operator supports it."),
			"operator":            optional("Operator that the SIM belongs to."),
			"soc":                 optional("Your SOC code, where the billing arrangement uses one."),
			"purchase_order":      optional("Purchase order of the SIM."),
			"sim_provider":        optional("Who supplied the SIM (the API's `Provider`)."),
			"provider_tariff":     optional("Tariff applied by that supplier."),
			"provider_price":      optional("Price applied by that supplier, amount and currency in one text such as `2.00gbp`."),
			"provider_start_date": startDate,
			"state": optional("`notactivated`, `ready`, `test`, `live`, `suspend`, `bar` or `terminated`. Read also: `unknown`, "+
				"`unknown(N)`. **A live change: it may start or stop service and charging, and `terminated` is final.**",
				stringvalidator.OneOf("notactivated", "ready", "test", "live", "suspend", "bar", "terminated")),
			"foreign_attributes": schema.MapAttribute{ElementType: types.StringType, Optional: true, Computed: true,
				MarkdownDescription: "Further details of the SIM, for example to drive an underlying SIM management API. The map is sent " +
					"whole. Unset, it shows what the service holds.",
				PlanModifiers: []planmodifier.Map{mapplanmodifier.UseStateForUnknown()}, Validators: []validator.Map{mapvalidator.NoNullValues()}},
			"hints": schema.SingleNestedAttribute{Optional: true,
				MarkdownDescription: "What the service needs to create the account together with its first SIM. Used on creation only; a " +
					"later change sends nothing.",
				Attributes: map[string]schema.Attribute{
					"billing_cycle_day": schema.Int64Attribute{Optional: true, MarkdownDescription: "Day on which the account's billing cycle begins."},
					"email_contact":     schema.StringAttribute{Optional: true, MarkdownDescription: "E-mail address of the account's contact."},
					"tenant_id":         schema.StringAttribute{Optional: true, MarkdownDescription: "Tenant that the account belongs to."},
				}},
			"deletion_protection": schema.BoolAttribute{Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "While `true`, the default, every plan or apply that would delete the SIM fails. To delete it, set " +
					"`false`, apply, then destroy."},
			"version":        schema.Int64Attribute{Computed: true, MarkdownDescription: "The service's version of the SIM; it goes up with every change."},
			"actor_status":   schema.StringAttribute{Computed: true, MarkdownDescription: "Health of the SIM in the service: `stable`, `pending` (a long operation runs), or `stalled` (only the vendor's support desk can help)."},
			"network_status": schema.StringAttribute{Computed: true, MarkdownDescription: "`disconnected`, `connected` or `activation`; not every operator supports it."},
			"internal_soc":   schema.StringAttribute{Computed: true, MarkdownDescription: "SOC code assigned by the vendor."},
			"created": schema.StringAttribute{Computed: true, PlanModifiers: []planmodifier.String{kept},
				MarkdownDescription: "When the SIM was created in the service, in RFC 3339 form."},
			"operation_status": operationStatusAttribute(),
			"timeouts":         timeoutsAttribute(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
		},
	}
}

func (r *simCardResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	if req.Plan.Raw.IsNull() {
		r.planDelete(ctx, req, resp)
		return
	}
	var plan simCardModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	client := r.accounts.use(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	if req.State.Raw.IsNull() {
		r.planCreate(ctx, client, plan, req.Private, &resp.Diagnostics)
		return
	}
	r.planUpdate(ctx, client, plan, req, resp)
}

func (r *simCardResource) planCreate(ctx context.Context, client *accounts.Client, plan simCardModel, private privateReader, diags *diag.Diagnostics) {
	id := simCardID(plan.AccountKey, plan.CLI)
	if asks(id) && isReplacement(ctx, private, id.ValueString(), diags) {
		diags.AddError("SIM card can't be replaced", fmt.Sprintf(
			"Replacing SIM card %s would delete a live SIM and order it again, without a warning in the plan.\n\n"+
				"Change its arguments in place instead. To really give the SIM up: set deletion_protection = false, apply, destroy it "+
				"(terraform apply -destroy -target=ADDRESS), then apply again.", id.ValueString()))
		return
	}
	if client != nil && r.preflight && asks(id) {
		_, err := client.SIMCard(ctx, plan.AccountKey.ValueString(), plan.CLI.ValueString())
		switch {
		case err == nil:
			simCardExists(diags, id.ValueString(), nil)
			return
		case !errors.Is(err, transport.ErrNotFound):
			diags.AddError("Unable to read SIM card", explain(fmt.Sprintf(
				"Whether SIM card %s exists already could not be read.", id.ValueString()), err, ""))
			return
		}
	}
	r.live.plan(diags, liveChange{
		kind: simCardCreation, sim: plan.named(),
		what:    fmt.Sprintf("SIM card %s: (absent) -> created%s.", shown(id), plan.createdState()),
		meaning: "The service orders a SIM that is billed from then on, according to the contract with the operator.",
	})
}

func (m *simCardModel) named() string {
	if id := simCardID(m.AccountKey, m.CLI); asks(id) {
		return id.ValueString()
	}
	return ""
}

func (m *simCardModel) createdState() string {
	if asks(m.State) {
		return " with state " + m.State.ValueString()
	}
	return ""
}

// simCardExists refuses a creation: a SIM that is there already may belong to somebody else.
func simCardExists(diags *diag.Diagnostics, id string, err error) {
	diags.AddAttributeError(path.Root("cli"), "SIM card exists already", explain(
		fmt.Sprintf("SIM card %s exists already, so it is not created. An existing SIM is never adopted by itself.", id), err,
		fmt.Sprintf("If this configuration is to manage it, import it. With ADDRESS as this resource's address:\n\n"+
			"import {\n  to = ADDRESS\n  id = %q\n}\n\n"+
			"This is also the way on when an earlier apply was killed after the SIM had been created. If the SIM is managed here "+
			"already and its object is tainted, run terraform untaint ADDRESS: replacing it would delete a live SIM, which "+
			"deletion_protection prevents unless an earlier apply has set deletion_protection = false.", id)))
}

func (r *simCardResource) planUpdate(ctx context.Context, client *accounts.Client, plan simCardModel, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	diags := &resp.Diagnostics
	var state simCardModel
	diags.Append(req.State.Get(ctx, &state)...)
	operation := readMark[accounts.Operation](ctx, req.Private, diags)
	setPrivate(ctx, resp.Private, plannedKey, state.ID.ValueString(), diags)
	if diags.HasError() {
		return
	}
	for _, identity := range []struct {
		name     string
		was, now types.String
	}{{"account_key", state.AccountKey, plan.AccountKey}, {"cli", state.CLI, plan.CLI}} {
		if !identity.now.IsUnknown() && !identity.now.Equal(identity.was) {
			simCardIdentityError(diags, state, identity.name, identity.was, identity.now)
		}
	}
	if diags.HasError() {
		return
	}

	differences := plan.differences(&state, &state)
	if len(differences) > 0 && client != nil && r.preflight {
		live, err := client.SIMCardShared(ctx, state.AccountKey.ValueString(), state.CLI.ValueString())
		switch {
		case errors.Is(err, transport.ErrNotFound) && operation != nil && operation.Operation.Kind == accounts.Create:
			// The order does not show yet; apply waits for it first.
		case errors.Is(err, transport.ErrNotFound):
			diags.AddError("SIM card is gone", explain(fmt.Sprintf("SIM card %s is in state, but the service does not know it.", state.ID.ValueString()), err,
				"Refresh the state (terraform apply -refresh-only) and plan again."))
			return
		case err != nil:
			diags.AddError("Unable to read SIM card", explain(fmt.Sprintf("The live SIM card %s could not be read.", state.ID.ValueString()), err, ""))
			return
		}
		if operation == nil { // else apply waits for the change on its way first, whatever the SIM shows now
			now := state // the refreshed state may be older than this read, or -refresh=false may have left it old
			now.setCard(live)
			differences = plan.differences(&state, &now)
		}
		if len(differences) > 0 && live != nil && (terminated(diags, live, state.ID.ValueString()) || stalled(diags, live, state.ID.ValueString())) {
			return
		}
	}
	if len(differences) > 0 {
		r.live.plan(diags, liveChange{
			kind: simCardUpdate, sim: state.ID.ValueString(),
			what:    fmt.Sprintf("SIM card %s: %s.", state.ID.ValueString(), strings.Join(differences, "; ")),
			meaning: simCardUpdateMeaning(plan.State, state.State),
		})
	}
	if !plan.Hints.IsUnknown() && !plan.Hints.Equal(state.Hints) {
		diags.AddAttributeWarning(path.Root("hints"), "Hints are used on creation only", fmt.Sprintf(
			"SIM card %s exists, so its hints go into state and nothing of them is sent.", state.ID.ValueString()))
	}

	computed := map[string]any{"operation_status": state.OperationStatus, "version": state.Version, "actor_status": state.ActorStatus,
		"network_status": state.NetworkStatus, "internal_soc": state.InternalSOC}
	switch {
	case operation != nil:
		for name, value := range map[string]any{"operation_status": types.StringUnknown(), "version": types.Int64Unknown(),
			"actor_status": types.StringUnknown(), "network_status": types.StringUnknown(), "internal_soc": types.StringUnknown()} {
			diags.Append(resp.Plan.SetAttribute(ctx, path.Root(name), value)...)
		}
	case len(differences) == 0:
		for name, value := range computed {
			diags.Append(resp.Plan.SetAttribute(ctx, path.Root(name), value)...)
		}
	}
}

// terminated refuses a change of a SIM card whose state is final.
func terminated(diags *diag.Diagnostics, live *accounts.SIMCard, id string) bool {
	if live.State != accounts.StateTerminated {
		return false
	}
	diags.AddError("SIM card is terminated", fmt.Sprintf("SIM card %s has the state terminated, which is final: it can't be changed.\n\n"+
		"Take it out of the configuration with a removed block (destroy = false), or declare state = \"terminated\" and nothing else new.", id))
	return true
}

// stalled refuses a change of a SIM card that only the support desk can mend.
func stalled(diags *diag.Diagnostics, live *accounts.SIMCard, id string) bool {
	if live.ActorStatus != accounts.ActorStalled {
		return false
	}
	diags.AddError("SIM card is stalled", fmt.Sprintf("SIM card %s can't be changed while the service reports it as stalled. Nothing was sent.\n\n"+
		"Call the vendor's support desk with the account key and the CLI, or take the change out.", id))
	return true
}

func simCardIdentityError(diags *diag.Diagnostics, state simCardModel, name string, was, now types.String) {
	diags.AddAttributeError(path.Root(name), name+" can't be changed", fmt.Sprintf(
		"SIM card %s: %s %s -> %s. Another %s is another SIM, and replacing one would delete a live SIM.\n\n"+
			"Declare the other SIM in a resource block of its own. To keep this SIM and only stop managing it here, use a removed block.",
		state.ID.ValueString(), name, shown(was), shown(now), name))
}

func simCardUpdateMeaning(now, was types.String) string {
	if now.Equal(was) || !asks(now) {
		return "The change takes effect on the operator's platform at once and may change what the SIM costs."
	}
	switch now.ValueString() {
	case "live", "test", "ready":
		return "The SIM can use the network from then on, and charging may start at once."
	case "suspend", "bar", "notactivated":
		return "The device in the field loses its connection; depending on the contract, base fees go on."
	case "terminated":
		return "Termination ends the SIM's contract for good: the device goes offline and the SIM can't be used again."
	}
	return "Service and charging of the SIM may change at once."
}

func (r *simCardResource) planDelete(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	var state simCardModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	operation := readMark[accounts.Operation](ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || protected(&resp.Diagnostics, state) {
		return
	}
	client := r.accounts.use(&resp.Diagnostics)
	if resp.Diagnostics.HasError() || operation != nil && !operation.Unknown && operation.Operation.Kind == accounts.Delete {
		return // it is on its way already, nothing is sent
	}
	from := state.State
	if client != nil && r.preflight {
		// Terraform plans the deletion of a removed block before it refreshes; what there is to say, the refresh says.
		now := r.look(ctx, client, state, operation, &diag.Diagnostics{})
		switch {
		case now.absent:
			return
		case now.err != nil:
			resp.Diagnostics.AddError("Unable to read SIM card", explain(fmt.Sprintf("The live SIM card %s could not be read.", state.ID.ValueString()), now.err, ""))
			return
		case now.card != nil:
			from = types.StringValue(now.card.State.String())
		}
	}
	r.live.plan(&resp.Diagnostics, liveChange{
		kind: simCardDeletion, sim: state.ID.ValueString(),
		what:    fmt.Sprintf("SIM card %s: %s -> deleted.", state.ID.ValueString(), shown(from)),
		meaning: "The SIM is removed from the account and its device goes offline; the account itself stays.",
	})
}

// protected refuses the deletion of a protected SIM. It reads the state alone, since Terraform hands a tainted object
// over without private state.
func protected(diags *diag.Diagnostics, state simCardModel) bool {
	if asks(state.DeletionProtection) && !state.DeletionProtection.ValueBool() {
		return false
	}
	diags.AddError("SIM card is protected from deletion", fmt.Sprintf(
		"SIM card %s was not deleted, since its deletion_protection is true.\n\n"+
			"To delete the live SIM: set deletion_protection = false on this resource, apply, then destroy. If its object is tainted and "+
			"about to be replaced, run terraform untaint. To keep the SIM and only stop managing it, use a removed block with "+
			"destroy = false.", state.ID.ValueString()))
	return true
}

func (r *simCardResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	defer recovered(ctx, &resp.Diagnostics, func() bool { return !resp.State.Raw.IsNull() })
	var plan simCardModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	timeout, d := plan.Timeouts.Create(ctx, operationTimeout)
	resp.Diagnostics.Append(d...)
	client := r.accounts.use(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	(*mark[accounts.Operation])(nil).save(ctx, resp.Private, &resp.Diagnostics)
	keep := func(card *accounts.SIMCard, m *mark[accounts.Operation]) {
		r.keep(ctx, plan, card, m, &resp.State, resp.Private, &resp.Diagnostics)
	}
	result := r.create(ctx, client, plan, &resp.Diagnostics, keep)
	switch result.end {
	case changeDone:
		keep(result.card, nil)
	case changeOpen, changeUnknown:
		keep(result.card, result.mark)
		resp.Diagnostics.AddWarning(result.summary, result.detail)
	case changeRefused:
		// What was kept when the service accepted the order goes again: an error beside a state would taint it.
		resp.State.RemoveResource(ctx)
		if result.summary != "" {
			resp.Diagnostics.AddError(result.summary, result.detail)
		}
	}
}

// keep writes what was asked for into state, with what the service says of the rest.
func (r *simCardResource) keep(ctx context.Context, plan simCardModel, card *accounts.SIMCard, m *mark[accounts.Operation], state stateSetter, private privateWriter, diags *diag.Diagnostics) {
	model := plan
	if card != nil {
		model.setCard(card)
	}
	model.settle(&plan)
	model.OperationStatus = m.status()
	diags.Append(state.Set(ctx, &model)...)
	m.save(ctx, private, diags)
}

func (r *simCardResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	var state simCardModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	operation := readMark[accounts.Operation](ctx, req.Private, &resp.Diagnostics)
	client := r.accounts.use(&resp.Diagnostics)
	if resp.Diagnostics.HasError() || client == nil {
		return
	}

	now := r.look(ctx, client, state, operation, &resp.Diagnostics)
	switch {
	case now.absent:
		removeFromState(ctx, resp)
		return
	case now.err != nil:
		resp.Diagnostics.AddError("Unable to read SIM card", explain(fmt.Sprintf("SIM card %s could not be read.",
			simCardID(state.AccountKey, state.CLI).ValueString()), now.err, ""))
		return
	}
	asked := state
	if now.card != nil {
		state.setCard(now.card)
	} else { // accepted, and not to be seen yet
		state.ActorStatus = types.StringValue(accounts.ActorPending.String())
	}
	if now.mark != nil {
		state.settleAsked(&asked) // while the change goes on, the state carries what was asked for
	}
	if state.DeletionProtection.IsNull() { // after an import
		state.DeletionProtection = types.BoolValue(true)
	}
	state.OperationStatus = now.mark.status()
	if now.card != nil && now.card.ActorStatus == accounts.ActorStalled {
		stalledWarning(&resp.Diagnostics, state.ID.ValueString())
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	now.mark.save(ctx, resp.Private, &resp.Diagnostics)
}

func stalledWarning(diags *diag.Diagnostics, id string) {
	diags.AddWarning("SIM card is stalled", fmt.Sprintf(
		"The service reports SIM card %s as stalled: an error that only the vendor's support desk can mend. Nothing was lost, and "+
			"nothing is sent again.\n\nCall the support desk with this SIM's account key and CLI; this warning goes once the SIM is stable.", id))
}

func (r *simCardResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	var plan, state simCardModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, d := plan.Timeouts.Update(ctx, operationTimeout)
	resp.Diagnostics.Append(d...)
	operation := readMark[accounts.Operation](ctx, req.Private, &resp.Diagnostics)
	client := r.accounts.use(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	// Identity that was unknown in the plan shows only now.
	if !plan.AccountKey.Equal(state.AccountKey) {
		simCardIdentityError(&resp.Diagnostics, state, "account_key", state.AccountKey, plan.AccountKey)
	}
	if !plan.CLI.Equal(state.CLI) {
		simCardIdentityError(&resp.Diagnostics, state, "cli", state.CLI, plan.CLI)
	}
	fields, err := plan.changedFields(ctx, &state)
	if err != nil {
		resp.Diagnostics.AddError("Unable to update SIM card", explain("An argument can't be sent.", err, ""))
	}
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	keep := func(card *accounts.SIMCard, m *mark[accounts.Operation]) {
		r.keep(ctx, plan, card, m, &resp.State, resp.Private, &resp.Diagnostics)
	}

	result := cardResult{end: changeDone}
	if operation != nil {
		result = r.resume(ctx, client, state, operation, &resp.Diagnostics)
	}
	if result.end == changeDone && !fields.Empty() {
		result = r.update(ctx, client, plan, fields, announces(plan.OperationStatus), &resp.Diagnostics, keep)
		if result.end == changeOpen || result.end == changeUnknown {
			keep(result.card, result.mark)
			r.report(result, &resp.Diagnostics)
			return
		}
	}
	if result.end == changeDone {
		keep(result.card, nil)
		return
	}
	// The error stands beside a state that tells the truth.
	asked := state
	if result.card != nil {
		state.setCard(result.card)
	}
	if result.mark != nil {
		state.settleAsked(&asked)
	}
	state.OperationStatus = result.mark.status()
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	result.mark.save(ctx, resp.Private, &resp.Diagnostics)
	r.report(result, &resp.Diagnostics)
}

// report says how an update ended: an unknown outcome is a warning, the rest are errors, which do not taint here.
func (r *simCardResource) report(result cardResult, diags *diag.Diagnostics) {
	switch {
	case result.summary == "":
	case result.end == changeUnknown:
		diags.AddWarning(result.summary, result.detail)
	default:
		diags.AddError(result.summary, result.detail)
	}
}

func (r *simCardResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	var state simCardModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, d := state.Timeouts.Delete(ctx, operationTimeout)
	resp.Diagnostics.Append(d...)
	operation := readMark[accounts.Operation](ctx, req.Private, &resp.Diagnostics)
	if resp.Diagnostics.HasError() || protected(&resp.Diagnostics, state) {
		return
	}
	client := r.accounts.use(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	result := r.delete(ctx, client, state, operation, &resp.Diagnostics)
	if result.end == changeDone {
		return
	}
	if result.card != nil {
		state.setCard(result.card)
	}
	state.OperationStatus = result.mark.status()
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	result.mark.save(ctx, resp.Private, &resp.Diagnostics)
	if result.summary != "" {
		resp.Diagnostics.AddError(result.summary, result.detail)
	}
}

func (r *simCardResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	account, cli, ok := strings.Cut(req.ID, "/")
	if !ok || !accountKeyPattern.MatchString(account) || !cliPattern.MatchString(cli) {
		resp.Diagnostics.AddError("Invalid import id", fmt.Sprintf(
			"The import id of telco_sim_card is ACCOUNT_KEY/CLI, such as acme-fleet/001010000000001. It was %q: the account key %s, the CLI %s.",
			req.ID, accountKeyRule, cliRule))
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), req.ID)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("account_key"), account)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("cli"), cli)...)
}
