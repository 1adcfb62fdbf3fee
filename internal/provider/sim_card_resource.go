package provider

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

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
	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/identity"
	"github.com/simfleet/terraform-provider-telco/internal/livechange"
	"github.com/simfleet/terraform-provider-telco/internal/planmod"
	"github.com/simfleet/terraform-provider-telco/internal/validate"
)

var (
	_ resource.ResourceWithConfigure   = (*simCardResource)(nil)
	_ resource.ResourceWithImportState = (*simCardResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*simCardResource)(nil)
)

type simCardResource struct{ baseResource }

func newSIMCardResource() resource.Resource { return &simCardResource{} }

func (r *simCardResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_sim_card"
}

var (
	// accountKeyPattern and cliPattern are the API's own. "A-z" takes a few signs beyond the letters, as there.
	accountKeyPattern = regexp.MustCompile(`^[A-z0-9\s\-.]{1,24}$`)
	cliPattern        = regexp.MustCompile(`^(?:\(\+*\d{1,5}\)\d{5,16}|\d{14,16})$`)
	iccidPattern      = regexp.MustCompile(`^\d{18,22}$`)
	// simNumberPattern takes an ICCID as it is written and printed: blanks in between, perhaps an F at the end.
	simNumberPattern = regexp.MustCompile(`^\s*(?:\d\s*){18,22}[Ff]?\s*$`)
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
	simNumber := optional("ICCID, 18 to 22 digits; blanks and a trailing `F` do not count.",
		stringvalidator.RegexMatches(simNumberPattern, iccidRule))
	simNumber.PlanModifiers = append(simNumber.PlanModifiers, planmod.KeepSpelling(identity.SameICC))
	startDate := optional("From when the supplier bills the SIM, in RFC 3339 form.", validate.RFC3339())
	startDate.PlanModifiers = append(startDate.PlanModifiers, planmod.SameInstant())

	resp.Schema = schema.Schema{
		MarkdownDescription: "A SIM card on an account of the accounts API. Creating one is a live, billed change that the " +
			"service queues; the provider waits until it is complete and the SIM is stable. A SIM that already exists is " +
			"never adopted: import it. A changed argument is sent alone; one that is taken out of the configuration sends " +
			"nothing.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Computed: true, PlanModifiers: []planmodifier.String{kept},
				MarkdownDescription: "`account_key/cli`, which is also the import id."},
			"account_key": schema.StringAttribute{Required: true,
				MarkdownDescription: "Key of the account that holds the SIM. It can't be changed.",
				Validators:          []validator.String{stringvalidator.RegexMatches(accountKeyPattern, accountKeyRule)}},
			"cli": schema.StringAttribute{Required: true,
				MarkdownDescription: "The SIM's unique identifier: its IMSI (14 to 16 digits), or its MSISDN as " +
					"`(+353)870000001`. It can't be changed.",
				Validators: []validator.String{stringvalidator.RegexMatches(cliPattern, cliRule)}},
			"sim_number":          simNumber,
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
				MarkdownDescription: "Further details of the SIM, for example to drive an underlying SIM management API. The map " +
					"is sent whole. Unset, it shows what the service holds.",
				PlanModifiers: []planmodifier.Map{mapplanmodifier.UseStateForUnknown()},
				Validators:    []validator.Map{mapvalidator.NoNullValues()}},
			"hints": schema.SingleNestedAttribute{Optional: true,
				MarkdownDescription: "What the service needs to create the account together with its first SIM. Used on creation " +
					"only; a later change sends nothing.",
				Attributes: map[string]schema.Attribute{
					"billing_cycle_day": schema.Int64Attribute{Optional: true,
						MarkdownDescription: "Day on which the account's billing cycle begins."},
					"email_contact": schema.StringAttribute{Optional: true,
						MarkdownDescription: "E-mail address of the account's contact."},
					"tenant_id": schema.StringAttribute{Optional: true,
						MarkdownDescription: "Tenant that the account belongs to."},
				}},
			"deletion_protection": schema.BoolAttribute{Optional: true, Computed: true, Default: booldefault.StaticBool(true),
				MarkdownDescription: "While `true`, the default, every plan or apply that would delete the SIM fails. To delete " +
					"it, set " +
					"`false`, apply, then destroy."},
			"version": schema.Int64Attribute{Computed: true,
				MarkdownDescription: "The service's version of the SIM; it goes up with every change."},
			"actor_status": schema.StringAttribute{Computed: true,
				MarkdownDescription: "Health of the SIM in the service: `stable`, `pending` (a long operation runs), or " +
					"`stalled` (only the vendor's support desk can help)."},
			"network_status": schema.StringAttribute{Computed: true,
				MarkdownDescription: "`disconnected`, `connected` or `activation`; not every operator supports it."},
			"internal_soc": schema.StringAttribute{Computed: true, MarkdownDescription: "SOC code assigned by the vendor."},
			"created": schema.StringAttribute{Computed: true, PlanModifiers: []planmodifier.String{kept},
				MarkdownDescription: "When the SIM was created in the service, in RFC 3339 form."},
			"operation_status": operationStatusAttribute(),
			"last_change": lastChangeAttribute("`(absent) -> created with state live`, `description changes; state live " +
				"-> suspend`"),
			"timeouts": timeoutsAttribute(ctx, timeouts.Opts{Create: true, Update: true, Delete: true}),
		},
	}
}

func (r *simCardResource) subject(client *accounts.Client, kind accounts.Kind, m *simCardModel) *cardSubject {
	return &cardSubject{services: r.services, client: client, kind: kind, account: m.AccountKey.ValueString(),
		cli: m.CLI.ValueString()}
}

func (r *simCardResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, func() bool { return !resp.State.Raw.IsNull() })
	var plan simCardModel
	diags.Append(req.Plan.Get(ctx, &plan)...)
	timeout, d := plan.Timeouts.Create(ctx, operationTimeout)
	diags.Append(d...)
	client := r.accounts.use(diags)
	fields, err := plan.changedFields(ctx, nil)
	if err != nil {
		diags.AddError("Unable to create SIM card", explain("An argument can't be sent. Nothing was sent.", err, ""))
	}
	hints, err := plan.createHints(ctx)
	if err != nil {
		diags.AddError("Unable to create SIM card", explain("An argument can't be sent. Nothing was sent.", err, ""))
	}
	if diags.HasError() {
		return
	}

	saveOperation[accounts.Operation](ctx, resp.Private, nil, diags)
	plan.LastChange = lastChange(plan.LastChange, types.StringNull(), true, livechange.Creation(plan.State.ValueString()))
	keep := func(card *accounts.SIMCard, op *change.Op[accounts.Operation]) {
		r.keep(ctx, plan, card, op, &resp.State, resp.Private, diags)
	}
	s := r.subject(client, accounts.Create, &plan)
	s.fields, s.hints = fields, hints
	o := change.Run(ctx, r.engine, s, change.Planned{Announced: announces(plan.OperationStatus)}, time.Now().Add(timeout),
		keep)
	diags.Append(s.notes...)
	o = r.explainExisting(o, s, diags)
	say := cardSentences(accounts.Create, s.id())
	if o.Live == nil {
		say.note = " No SIM was created."
	}
	conclusion[*accounts.SIMCard, accounts.Operation]{
		verb: creating, say: say, asked: keep,
		drop: func() { resp.State.RemoveResource(ctx) }, // an error beside a state would taint it
	}.conclude(o, diags)
}

// explainExisting tells an order that was refused because the SIM is there already, with what the journal knows of it.
func (r *simCardResource) explainExisting(
	o change.Outcome[*accounts.SIMCard, accounts.Operation], s *cardSubject, diags *diag.Diagnostics,
) change.Outcome[*accounts.SIMCard, accounts.Operation] {
	exists := o.Kind == change.Refused && o.Reason == change.Rejected && isConflict(o.Err) || o.Kind == change.Broken &&
		isExists(o.Err)
	if exists {
		o.Kind, o.Reason, o.Decision = change.Refused, change.Decided, existsDecision(s.id(), o.Err)
	}
	if o.Kind == change.Refused && o.Reason == change.Decided && s.kind == accounts.Create {
		o.Decision.Detail = r.withEarlierOrder(o.Decision.Detail, s.id(), diags)
	}
	return o
}

// learn ends in the journal what earlier runs have sent, and were killed before they saw the end. card is nil where
// there is certainly none.
func (r *simCardResource) learn(m *simCardModel, card *accounts.SIMCard, diags *diag.Diagnostics) {
	for kind := range cardKinds {
		if err := change.Learn(r.engine, r.subject(nil, kind, m), card); err != nil {
			warnJournal(diags, []error{err})
			return
		}
	}
}

// withEarlierOrder adds to the refusal of an order what the journal knows of an earlier one.
func (r *simCardResource) withEarlierOrder(detail, id string, diags *diag.Diagnostics) string {
	entry := r.earlierChange("accounts", livechange.SIMCardCreation, id, "", diags)
	if entry == nil {
		return detail
	}
	return fmt.Sprintf("%s ordered this SIM card, and was ended before %s: it is most likely yours.\n\n%s",
		describeEntry(*entry), unseen(*entry), detail)
}

// keep writes what was asked for into state, with what the service says of the rest.
func (r *simCardResource) keep(
	ctx context.Context, plan simCardModel, card *accounts.SIMCard, op *change.Op[accounts.Operation], state stateSetter,
	private privateWriter, diags *diag.Diagnostics,
) {
	model := plan
	if card != nil {
		model.setCard(card)
	}
	model.settle(&plan)
	model.OperationStatus = operationStatus(op)
	diags.Append(state.Set(ctx, &model)...)
	saveOperation(ctx, private, op, diags)
}

// show writes what is true of the SIM into state. While a change goes on, the state carries what was asked for.
func (r *simCardResource) show(
	ctx context.Context, state simCardModel, card *accounts.SIMCard, op *change.Op[accounts.Operation], to stateSetter,
	private privateWriter, diags *diag.Diagnostics,
) {
	asked := state
	if card != nil {
		state.setCard(card)
	}
	if op != nil && op.Operation.Kind != accounts.Delete {
		state.settleAsked(&asked)
	}
	state.OperationStatus = operationStatus(op)
	diags.Append(to.Set(ctx, &state)...)
	saveOperation(ctx, private, op, diags)
}

func (r *simCardResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, nil)
	var state simCardModel
	diags.Append(req.State.Get(ctx, &state)...)
	op := loadOperation[accounts.Operation](ctx, req.Private, diags)
	client := r.accounts.use(diags)
	if diags.HasError() || client == nil {
		return
	}

	id, deletedAt := simCardID(state.AccountKey, state.CLI).ValueString(), time.Time{}
	if op != nil {
		deletedAt = op.Operation.Since
	}
	card, op, err := r.look(ctx, client, &state, op, diags)
	switch {
	case isGone(err):
		r.learn(&state, nil, diags)
		warnGone(diags, "SIM card is gone", "SIM card "+id, err)
		removeFromState(ctx, resp)
		return
	case errors.Is(err, errDeleted):
		diags.AddWarning("SIM card is deleted", fmt.Sprintf(
			"The deletion of SIM card %s, sent %s, is complete, so it leaves the state.", id, ago(deletedAt)))
		removeFromState(ctx, resp)
		return
	case isExists(err): // look has said so
		removeFromState(ctx, resp)
		return
	case err != nil:
		readError(diags, "Unable to read SIM card", fmt.Sprintf("SIM card %s could not be read.", id), err)
		return
	}
	asked := state
	if card != nil {
		state.setCard(card)
		if op == nil {
			r.learn(&state, card, diags)
		}
	} else { // accepted, and not to be seen yet
		state.ActorStatus = types.StringValue(accounts.ActorPending.String())
	}
	if op != nil {
		state.settleAsked(&asked)
	}
	if state.DeletionProtection.IsNull() { // after an import
		state.DeletionProtection = types.BoolValue(true)
	}
	state.OperationStatus = operationStatus(op)
	if card != nil && card.ActorStatus == accounts.ActorStalled {
		diags.AddWarning(stalledWarning(id))
	}
	diags.Append(resp.State.Set(ctx, &state)...)
	saveOperation(ctx, resp.Private, op, diags)
}

// look reads a SIM card, and says how a change of an earlier run stands; it never waits for that. The SIM card is nil
// while an order does not show yet.
func (r *simCardResource) look(
	ctx context.Context, client *accounts.Client, state *simCardModel, op *change.Op[accounts.Operation],
	diags *diag.Diagnostics,
) (*accounts.SIMCard, *change.Op[accounts.Operation], error) {
	s := r.subject(client, accounts.Update, state)
	witness := r.accountsWitness(client, s.account)
	if op != nil {
		s.kind = op.Operation.Kind
		o := change.Look(ctx, r.engine, s, op)
		creation := op.Operation.Kind == accounts.Create
		switch {
		case o.Kind == change.Broken && isExists(o.Err):
			diags.AddWarning("SIM card creation failed", explain(fmt.Sprintf(
				"The order of SIM card %s, accepted %s, has failed since: a SIM of that CLI exists that this order did not "+
					"create. It is taken out of state, and is not "+
					"deleted.", s.id(), ago(op.Operation.Since)), o.Err, "If it is yours, import it."))
			return nil, nil, o.Err
		case o.Kind == change.Done && op.Operation.Kind == accounts.Delete:
			return nil, nil, errDeleted // a service may keep it as terminated
		case o.Kind == change.Pending && creation && o.Err == nil, o.Live != nil:
			return o.Live, stillOpen(o, sentencesOfCard(op.Operation), diags), nil
		case o.Kind == change.Pending || o.Kind == change.Unknown:
			return nil, op, o.Err
		}
		op = stillOpen(o, sentencesOfCard(op.Operation), diags)
	}
	read := func(ctx context.Context) (*accounts.SIMCard, error) { return client.SIMCard(ctx, s.account, s.cli) }
	card, err := client.SIMCardShared(ctx, s.account, s.cli)
	if isNotFound(err) {
		card, err = change.Certain(ctx, witness, isNotFound, read)
	}
	if err == nil {
		witness.Saw()
	}
	return card, op, err
}

// errDeleted says that a deletion of an earlier run is complete.
var errDeleted = errors.New("the SIM card is deleted")

func (r *simCardResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, nil)
	var plan, state simCardModel
	diags.Append(req.Plan.Get(ctx, &plan)...)
	diags.Append(req.State.Get(ctx, &state)...)
	timeout, d := plan.Timeouts.Update(ctx, operationTimeout)
	diags.Append(d...)
	op := loadOperation[accounts.Operation](ctx, req.Private, diags)
	client := r.accounts.use(diags)
	if diags.HasError() {
		return
	}
	r.checkIdentity(plan, state, diags) // identity that was unknown in the plan shows only now
	fields, err := plan.changedFields(ctx, &state)
	if err != nil {
		diags.AddError("Unable to update SIM card", explain("An argument can't be sent. Nothing was sent.", err, ""))
	}
	if diags.HasError() {
		return
	}
	deadline := time.Now().Add(timeout)
	plan.LastChange = lastChange(plan.LastChange, state.LastChange, !fields.Empty(),
		livechange.Fields(plan.changes(&state, &state)))
	keep := func(card *accounts.SIMCard, op *change.Op[accounts.Operation]) {
		r.keep(ctx, plan, card, op, &resp.State, resp.Private, diags)
	}
	end := conclusion[*accounts.SIMCard, accounts.Operation]{verb: updating, asked: keep,
		shown: func(card *accounts.SIMCard, op *change.Op[accounts.Operation]) {
			r.show(ctx, state, card, op, &resp.State, resp.Private, diags)
		}}

	var card *accounts.SIMCard
	if op != nil {
		s := r.subject(client, op.Operation.Kind, &state)
		o := resume(ctx, r.engine, s, op, deadline, diags)
		diags.Append(s.notes...)
		if o.Kind != change.Done || fields.Empty() || op.Operation.Kind == accounts.Delete {
			r.concludeResumed(o, op, end, s, diags)
			return
		}
		card = o.Live
	}
	if fields.Empty() {
		keep(card, nil)
		return
	}
	s := r.subject(client, accounts.Update, &plan)
	s.fields, s.plan, s.state = fields, &plan, &state
	planned := change.Planned{Announced: announces(plan.OperationStatus), From: plan.from(&state, &state),
		Shows: fieldSide(plan.changes(&state, &state), true)}
	o := change.Run(ctx, r.engine, s, planned, deadline, keep)
	diags.Append(s.notes...)
	end.say = cardSentences(accounts.Update, s.id())
	end.conclude(o, diags)
}

// concludeResumed ends an update that has picked up a change of an earlier run.
func (r *simCardResource) concludeResumed(
	o change.Outcome[*accounts.SIMCard, accounts.Operation], op *change.Op[accounts.Operation],
	end conclusion[*accounts.SIMCard, accounts.Operation], s *cardSubject, diags *diag.Diagnostics,
) {
	end.verb, end.say = resuming, sentencesOfCard(op.Operation)
	show := end.shown
	switch {
	case o.Kind == change.Done && op.Operation.Kind == accounts.Delete:
		o.Kind, o.Err = change.Gone, nil
	case o.Kind == change.Broken && isExists(o.Err):
		// The SIM is not ours: with its operation, the next refresh takes it out of state.
		end.shown = func(card *accounts.SIMCard, _ *change.Op[accounts.Operation]) { show(card, op) }
		o = r.explainExisting(o, s, diags)
	}
	end.conclude(o, diags)
}

func (r *simCardResource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, nil)
	var state simCardModel
	diags.Append(req.State.Get(ctx, &state)...)
	timeout, d := state.Timeouts.Delete(ctx, operationTimeout)
	diags.Append(d...)
	op := loadOperation[accounts.Operation](ctx, req.Private, diags)
	announced := destroyAnnounced(ctx, req.Private, diags)
	if diags.HasError() || protected(diags, state) {
		return
	}
	client := r.accounts.use(diags)
	if diags.HasError() {
		return
	}
	deadline := time.Now().Add(timeout)
	end := conclusion[*accounts.SIMCard, accounts.Operation]{verb: deleting, drop: func() {},
		shown: func(card *accounts.SIMCard, op *change.Op[accounts.Operation]) {
			r.show(ctx, state, card, op, &resp.State, resp.Private, diags)
		}}

	if op != nil {
		s := r.subject(client, op.Operation.Kind, &state)
		o := resume(ctx, r.engine, s, op, deadline, diags)
		diags.Append(s.notes...)
		kind := op.Operation.Kind
		noOrder := kind == accounts.Create && o.Live == nil && (o.Kind == change.Broken || o.Kind == change.Ineffective)
		switch {
		case noOrder && !isExists(o.Err):
			return // it failed, nothing was created
		case noOrder:
			r.concludeResumed(o, op, end, s, diags)
			return
		case o.Pending != nil && o.Kind != change.Unshown, o.Kind == change.Gone,
			kind == accounts.Delete && o.Kind != change.Ineffective:
			end.say = sentencesOfCard(op.Operation)
			end.conclude(o, diags)
			return
		}
		// What was on its way has ended, or a lost deletion had no effect: this destroy is a new plan that shows the
		// deletion.
	}
	s := r.subject(client, accounts.Delete, &state)
	planned := change.Planned{Announced: announced, From: state.State.ValueString(),
		Shows: "state " + state.State.ValueString()}
	if !hasKey(ctx, req.Private, plannedKey, diags) {
		planned.From = "" // a tainted object comes without what its plan has said
	}
	o := change.Run(ctx, r.engine, s, planned, deadline, func(*accounts.SIMCard, *change.Op[accounts.Operation]) {})
	diags.Append(s.notes...)
	end.say = cardSentences(accounts.Delete, s.id())
	end.conclude(o, diags)
}

func (r *simCardResource) ImportState(
	ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	account, cli, ok := strings.Cut(req.ID, "/")
	if !ok || !accountKeyPattern.MatchString(account) || !cliPattern.MatchString(cli) {
		resp.Diagnostics.AddError("Invalid import id", fmt.Sprintf(
			"The import id of telco_sim_card is ACCOUNT_KEY/CLI, such as acme-fleet/001010000000001. It was %q: the account "+
				"key %s, the CLI %s.",
			req.ID, accountKeyRule, cliRule))
		return
	}
	r.accounts.mustImport(&resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), req.ID)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("account_key"), account)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("cli"), cli)...)
}
