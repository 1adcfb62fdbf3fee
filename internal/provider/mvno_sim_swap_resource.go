package provider

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/mvno"
	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/identity"
	"github.com/simfleet/terraform-provider-telco/internal/livechange"
	"github.com/simfleet/terraform-provider-telco/internal/planmod"
	"github.com/simfleet/terraform-provider-telco/internal/validate"
)

var (
	_ resource.ResourceWithConfigure   = (*mvnoSIMSwapResource)(nil)
	_ resource.ResourceWithImportState = (*mvnoSIMSwapResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*mvnoSIMSwapResource)(nil)
)

type mvnoSIMSwapResource struct{ baseResource }

func newMVNOSIMSwapResource() resource.Resource { return &mvnoSIMSwapResource{} }

func (r *mvnoSIMSwapResource) Metadata(
	_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_mvno_sim_swap"
}

var (
	accountIDPattern = regexp.MustCompile(`^[0-9A-Fa-f]{24}$`)
	// iccSpelling is an ICC as it is written and printed: blanks in between, perhaps an F at the end, perhaps its check
	// digit.
	iccSpelling    = `\s*(?:[0-9]\s*){11,20}[Ff]?\s*`
	newSIMPattern  = regexp.MustCompile(`^(?:` + iccSpelling + `|` + mvno.ESIM + `|` + mvno.AutoAssign + `)$`)
	heldSIMPattern = regexp.MustCompile(`^` + iccSpelling + `$`)
)

const (
	accountIDRule = "must be the account's id of 24 hex characters, not its number"
	newSIMRule    = "must be an ICC of 11 to 19 digits, eSim or autoAssign"
)

func (r *mvnoSIMSwapResource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	computed := func(description string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, MarkdownDescription: description}
	}
	code := func(name string) schema.StringAttribute {
		return schema.StringAttribute{Computed: true, Sensitive: true,
			MarkdownDescription: name + " of the SIM, as the swap answered it; only with `store_codes = true`, else null."}
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "The SIM that an MVNO account holds. Creating it, or changing `new_sim`, **swaps the SIM at " +
			"once: the old card " +
			"goes dead, and no swap can be undone**. Where the account already holds the ICC in `new_sim`, nothing is sent. A " +
			"swap is sent at most once, whatever happens to the connection. Destroy sends nothing: the account keeps its SIM.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Computed: true, MarkdownDescription: "The account id.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}},
			"account_id": schema.StringAttribute{Required: true,
				MarkdownDescription: "Id of the account, 24 hex characters (not its number). Another id replaces this resource.",
				Validators:          []validator.String{stringvalidator.RegexMatches(accountIDPattern, accountIDRule)},
				PlanModifiers: []planmodifier.String{planmod.KeepSpelling(identity.SameID),
					stringplanmodifier.RequiresReplace()}},
			"new_sim": schema.StringAttribute{Required: true,
				MarkdownDescription: "The SIM that the account shall hold: an ICC (11 to 19 digits; blanks, a trailing `F` and a " +
					"check digit as the 20th do not count), or `eSim` or `autoAssign` to let the " +
					"service choose one. With an ICC, a swap made elsewhere shows as a change. With a keyword it is accepted; use " +
					"`triggers` to ask " +
					"for another swap.",
				Validators:    []validator.String{stringvalidator.RegexMatches(newSIMPattern, newSIMRule), validate.SwapICC()},
				PlanModifiers: []planmodifier.String{planmod.KeepSpelling(sameNewSIM)}},
			"replaces": schema.StringAttribute{Optional: true,
				MarkdownDescription: "The ICC that the account must hold now. The swap is sent only while it does, which makes a " +
					"swap by keyword safe to apply again after a crash. Where the account holds another SIM by then: with a keyword " +
					"that SIM is taken over and nothing is sent; with an ICC it is an error, unless that SIM is the one in " +
					"`new_sim`: then nothing is sent.",
				Validators: []validator.String{stringvalidator.RegexMatches(heldSIMPattern,
					"must be the ICC of the SIM that the account holds now")}},
			"triggers": schema.MapAttribute{ElementType: types.StringType, Optional: true,
				MarkdownDescription: "Any change of this map asks for another swap; meant for `eSim` and `autoAssign`. Where " +
					"`replaces` is " +
					"set, change it too: while it names a SIM that the account no longer holds, nothing is sent."},
			"store_codes": schema.BoolAttribute{Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "`true` keeps the PIN and PUK codes that the swap answers in the state. Default `false`: " +
					"they are dropped, and can't be read later."},
			"pin1": code("PIN 1"), "pin2": code("PIN 2"), "puk1": code("PUK 1"), "puk2": code("PUK 2"),
			"sim_number":          computed("ICC of the SIM that the account holds."),
			"previous_sim_number": computed("ICC of the SIM that the last swap replaced."),
			"imsi":                computed("IMSI of the SIM."),
			"network":             computed("Network of the SIM, such as `TELENOR` or `TDC`."),
			"form_factor":         computed("Form factor of the SIM, such as `NANO`; null where the service does not tell."),
			"account_state":       computed("State of the account, such as `ACTIVE`, `BLOCKED` or `DELETING`."),
			"operation_status":    operationStatusAttribute(),
			"last_change":         lastChangeAttribute("`SIM 8945019000000000001 -> autoAssign`"),
			"timeouts":            timeoutsAttribute(ctx, timeouts.Opts{Create: true, Update: true}),
		},
	}
}

// sameNewSIM says whether two values of new_sim ask for one SIM. Keywords are exact.
func sameNewSIM(a, b string) bool {
	return a == b || !mvno.IsWord(a) && !mvno.IsWord(b) && identity.SameICC(a, b)
}

// asksForSwap says whether the plan asks for a swap that the prior state has not had. A keyword that stands where an
// import by identity has left an ICC is taken as declared.
func (m *mvnoSIMSwapModel) asksForSwap(prior *mvnoSIMSwapModel, imported bool) bool {
	if imported && mvno.IsWord(m.NewSIM.ValueString()) {
		return false
	}
	same := m.NewSIM.Equal(prior.NewSIM) || isSet(m.NewSIM) &&
		sameNewSIM(m.NewSIM.ValueString(), prior.NewSIM.ValueString())
	return !same || !m.Triggers.Equal(prior.Triggers)
}

// onlyUnknownTriggers says that only triggers that are known after apply tell whether the plan asks for a swap.
func (m *mvnoSIMSwapModel) onlyUnknownTriggers(ctx context.Context, prior mvnoSIMSwapModel) bool {
	value, err := m.Triggers.ToTerraformValue(ctx)
	return err == nil && !value.IsFullyKnown() && isSet(m.NewSIM) &&
		sameNewSIM(m.NewSIM.ValueString(), prior.NewSIM.ValueString())
}

func (r *mvnoSIMSwapResource) subject(client *mvno.Client, m *mvnoSIMSwapModel) *swapSubject {
	return &swapSubject{services: r.services, client: client, accountID: m.AccountID.ValueString(),
		newSIM:   m.NewSIM.ValueString(),
		replaces: m.Replaces.ValueString()}
}

func (r *mvnoSIMSwapResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, func() bool { return !resp.State.Raw.IsNull() })
	var plan mvnoSIMSwapModel
	diags.Append(req.Plan.Get(ctx, &plan)...)
	timeout, d := plan.Timeouts.Create(ctx, operationTimeout)
	diags.Append(d...)
	client := r.mvno.use(diags)
	if diags.HasError() {
		return
	}
	saveOperation[swapOperation](ctx, resp.Private, nil, diags)
	planned := change.Planned{
		Announced: announces(plan.OperationStatus), From: identity.ICCKey(livechange.SwapFrom(plan.LastChange.ValueString())),
		Shows: livechange.SwapFrom(plan.LastChange.ValueString())}
	r.swap(ctx, r.subject(client, &plan), plan, planned, timeout, diags, conclusion[*mvno.Account, swapOperation]{
		verb: creating, drop: func() { resp.State.RemoveResource(ctx) },
	}, &resp.State, resp.Private)
}

// swap brings the account to the wanted SIM, and ends the verb. model is the plan, with what it left unknown filled in
// from the prior state.
func (r *mvnoSIMSwapResource) swap(
	ctx context.Context, s *swapSubject, model mvnoSIMSwapModel, planned change.Planned, timeout time.Duration,
	diags *diag.Diagnostics, end conclusion[*mvno.Account, swapOperation], state stateSetter, private privateWriter,
) {
	before, last := "", model.LastChange
	keep := func(account *mvno.Account, op *change.Op[swapOperation]) {
		m := model
		m.take(account, s.answered)
		if op != nil && !op.Unknown || s.answered != nil {
			m.PreviousSIMNumber = types.StringValue(before)
		}
		m.settle()
		m.OperationStatus = operationStatus(op)
		m.LastChange = lastChange(last, types.StringNull(), before != "",
			livechange.Swap(before, displayNewSIM(model.NewSIM)))
		diags.Append(state.Set(ctx, &m)...)
		saveOperation(ctx, private, op, diags)
	}
	accepted := func(account *mvno.Account, op *change.Op[swapOperation]) {
		before = op.Operation.Before
		keep(account, op)
	}
	o := change.Run(ctx, r.engine, s, planned, time.Now().Add(timeout), accepted)

	account := o.Live
	switch {
	case o.Kind == change.Needless && mvno.IsWord(s.newSIM):
		if !identity.SameICC(model.SIMNumber.ValueString(), account.SIM.SIMNumber) {
			model.PreviousSIMNumber = model.Replaces
		}
	case o.Kind == change.Done && o.Settled:
		model.PreviousSIMNumber = types.StringValue(before)
		warnTookPlace(diags, s.accountID, before, account.SIM.SIMNumber, o.Err)
	}
	if account != nil && s.answered == nil && (o.Kind == change.Done || o.Kind == change.Needless) {
		r.readFormFactor(ctx, s.client, account)
	}
	end.asked, end.say = keep, swapSentences(s.accountID, o.Decision.Shows, s.newSIM)
	if o.Kind == change.Pending { // the swap is made, in any verb: only its display is waited for
		end.verb = creating
	}
	end.conclude(o, diags)
}

func (r *mvnoSIMSwapResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, nil)
	var plan, state mvnoSIMSwapModel
	diags.Append(req.Plan.Get(ctx, &plan)...)
	diags.Append(req.State.Get(ctx, &state)...)
	timeout, d := plan.Timeouts.Update(ctx, operationTimeout)
	diags.Append(d...)
	op := loadOperation[swapOperation](ctx, req.Private, diags)
	imported := importedByIdentity(ctx, req.Private, diags)
	client := r.mvno.use(diags)
	if diags.HasError() {
		return
	}
	if op != nil && !r.resume(ctx, client, &state, op, timeout, resp) {
		return
	}
	model := plan
	model.carry(&state)
	if !plan.asksForSwap(&state, imported) {
		model.settle()
		model.OperationStatus = operationStatus[swapOperation](nil)
		diags.Append(resp.State.Set(ctx, &model)...)
		saveOperation[swapOperation](ctx, resp.Private, nil, diags)
		return
	}
	planned := change.Planned{Announced: announces(plan.OperationStatus),
		From:  identity.ICCKey(state.SIMNumber.ValueString()),
		Shows: state.SIMNumber.ValueString()}
	r.swap(ctx, r.subject(client, &model), model, planned, timeout, diags, conclusion[*mvno.Account, swapOperation]{
		verb: updating, shown: func(*mvno.Account, *change.Op[swapOperation]) {}, // the state stays as it was
	}, &resp.State, resp.Private)
}

// resume picks up a swap of an earlier run, and puts into state what became of it. Nothing is sent. Unless it says
// true, the update ends here with its error.
func (r *mvnoSIMSwapResource) resume(
	ctx context.Context, client *mvno.Client, state *mvnoSIMSwapModel, op *change.Op[swapOperation], timeout time.Duration,
	resp *resource.UpdateResponse,
) bool {
	diags := &resp.Diagnostics
	s := r.subject(client, state)
	o := resume(ctx, r.engine, s, op, time.Now().Add(timeout), diags)
	keep := func(account *mvno.Account, op *change.Op[swapOperation]) {
		if account != nil {
			state.take(account, nil)
		}
		state.OperationStatus = operationStatus(op)
		diags.Append(resp.State.Set(ctx, state)...)
		saveOperation(ctx, resp.Private, op, diags)
	}
	if op.Unknown {
		state.settled(o, op.Operation)
	}
	conclusion[*mvno.Account, swapOperation]{
		verb: resuming, say: sentencesOfSwap(s.accountID, op.Operation), asked: keep, shown: keep,
	}.conclude(o, diags)
	return !diags.HasError()
}

// settled takes over what became of a swap of unknown outcome. The keyword in new_sim would hide that it did not
// happen: the ICC shows it, and the next plan asks for the swap.
func (m *mvnoSIMSwapModel) settled(o change.Outcome[*mvno.Account, swapOperation], op swapOperation) {
	switch {
	case o.Kind == change.Done:
		m.PreviousSIMNumber = types.StringValue(op.Before)
	case o.Pending == nil && o.Live != nil:
		m.NewSIM = types.StringValue(identity.ICCKey(o.Live.SIM.SIMNumber))
	}
}

func (r *mvnoSIMSwapResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, nil)
	var state mvnoSIMSwapModel
	diags.Append(req.State.Get(ctx, &state)...)
	op := loadOperation[swapOperation](ctx, req.Private, diags)
	client := r.mvno.use(diags)
	if diags.HasError() || client == nil {
		return
	}
	account, err := r.account(ctx, client, state.AccountID.ValueString())
	switch {
	case isGone(err):
		warnGone(diags, "MVNO account is gone", "MVNO account "+state.AccountID.ValueString(), err)
		removeFromState(ctx, resp)
		return
	case err != nil:
		accountReadError(diags, state.AccountID.ValueString(), err)
		return
	case mvno.IsTerminal(account.State):
		diags.AddWarning("MVNO account is being deleted", fmt.Sprintf(
			"MVNO account %s is in state %s. It stays in Terraform's state and can be restored for 30 days; no swap is "+
				"possible meanwhile.",
			state.AccountID.ValueString(), account.State))
	case account.SIM.SIMNumber == "":
		diags.AddError(noSIM(state.AccountID.ValueString()))
		return
	}
	state.ID = state.AccountID
	state.AccountState = stringOrNull(account.State)
	if state.StoreCodes.IsNull() { // after an import
		state.StoreCodes = types.BoolValue(false)
	}
	if account.SIM.SIMNumber != "" {
		op = r.readSIM(ctx, client, &state, account, op, diags)
	}
	state.OperationStatus = operationStatus(op)
	diags.Append(resp.State.Set(ctx, &state)...)
	saveOperation(ctx, resp.Private, op, diags)
}

// account reads an account; an absence is certain.
func (r *mvnoSIMSwapResource) account(ctx context.Context, client *mvno.Client, id string) (*mvno.Account, error) {
	read := func(ctx context.Context) (*mvno.Account, error) { return client.Account(ctx, id) }
	account, err := read(ctx)
	if isNotFound(err) {
		return change.Certain(ctx, r.mvnoWitness(client), isNotFound, read)
	}
	if err == nil {
		r.mvnoWitness(client).Saw()
	}
	return account, err
}

func accountReadError(diags *diag.Diagnostics, accountID string, err error) {
	readError(diags, "Unable to read MVNO account", fmt.Sprintf("MVNO account %s could not be read.", accountID), err)
}

// readSIM takes over the SIM that the account holds. It settles an earlier swap, or returns its operation where that is
// still open.
func (r *mvnoSIMSwapResource) readSIM(
	ctx context.Context, client *mvno.Client, state *mvnoSIMSwapModel, account *mvno.Account, op *change.Op[swapOperation],
	diags *diag.Diagnostics,
) *change.Op[swapOperation] {
	if op != nil {
		s := r.subject(client, state)
		o := change.Look(ctx, r.engine, s, op)
		if o.Live != nil && o.Live.SIM.SIMNumber != "" {
			account = o.Live
		}
		if op.Unknown {
			state.settled(o, op.Operation)
		}
		earlier := op.Operation
		op = stillOpen(o, sentencesOfSwap(s.accountID, earlier), diags)
		if op != nil {
			if !op.Unknown {
				diags.AddWarning(tell(o, sentencesOfSwap(s.accountID, earlier)))
			}
			return op // what an answered swap has brought is in state, and so is what was there before an open one
		}
		if o.Kind == change.Done {
			state.PreviousSIMNumber = types.StringValue(earlier.Before)
		}
	}
	held := account.SIM.SIMNumber
	if !mvno.IsWord(state.NewSIM.ValueString()) && !identity.SameICC(state.NewSIM.ValueString(), held) {
		state.NewSIM = types.StringValue(identity.ICCKey(held))
	}
	if swapped := !identity.SameICC(state.SIMNumber.ValueString(), held); swapped && account.SIM.FormFactor == "" {
		r.readFormFactor(ctx, client, account)
	}
	state.take(account, nil)
	return op
}

// readFormFactor asks for what the account's answer leaves out. Not every access level may, so trouble is none.
func (r *mvnoSIMSwapResource) readFormFactor(ctx context.Context, client *mvno.Client, account *mvno.Account) {
	if account.SIM.FormFactor != "" {
		return
	}
	if sim, err := client.PoolSIM(ctx, identity.ICCKey(account.SIM.SIMNumber)); err == nil {
		account.SIM.FormFactor = sim.FormFactor
	}
}

// Delete sends nothing; the plan has said so.
func (r *mvnoSIMSwapResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {
}

func (r *mvnoSIMSwapResource) ImportState(
	ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	accountID, word, hasWord := strings.Cut(req.ID, "/")
	if !accountIDPattern.MatchString(accountID) || hasWord && !mvno.IsWord(word) {
		resp.Diagnostics.AddError("Invalid import id", fmt.Sprintf(
			"The import id of telco_mvno_sim_swap is ACCOUNT_ID, or ACCOUNT_ID/eSim or ACCOUNT_ID/autoAssign where new_sim is "+
				"that keyword. It was %q: the account id %s.",
			req.ID, accountIDRule))
		return
	}
	r.mvno.mustImport(&resp.Diagnostics)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), accountID)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("account_id"), accountID)...)
	if hasWord {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("new_sim"), word)...)
	}
}
