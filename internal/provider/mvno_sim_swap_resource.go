package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

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
	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

var (
	_ resource.ResourceWithConfigure   = (*mvnoSIMSwapResource)(nil)
	_ resource.ResourceWithImportState = (*mvnoSIMSwapResource)(nil)
	_ resource.ResourceWithModifyPlan  = (*mvnoSIMSwapResource)(nil)
)

type mvnoSIMSwapResource struct{ serviceUser }

func newMVNOSIMSwapResource() resource.Resource { return &mvnoSIMSwapResource{} }

func (r *mvnoSIMSwapResource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_mvno_sim_swap"
}

var (
	accountIDPattern = regexp.MustCompile(`^[0-9A-Fa-f]{24}$`)
	newSIMPattern    = regexp.MustCompile(`^(?:[0-9]{11,19}|` + mvno.ESIM + `|` + mvno.AutoAssign + `)$`)
	heldSIMPattern   = regexp.MustCompile(`^[0-9]{11,20}F?$`)
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
		MarkdownDescription: "The SIM that an MVNO account holds. Creating it, or changing `new_sim`, **swaps the SIM at once: the old card " +
			"goes dead, and no swap can be undone**. Where the account already holds the ICC in `new_sim`, nothing is sent. A swap is sent at " +
			"most once, whatever happens to the connection. Destroy sends nothing: the account keeps its SIM.",
		Attributes: map[string]schema.Attribute{
			"id": schema.StringAttribute{Computed: true, MarkdownDescription: "The account id.",
				PlanModifiers: []planmodifier.String{stringplanmodifier.UseStateForUnknown()}},
			"account_id": schema.StringAttribute{Required: true,
				MarkdownDescription: "Id of the account, 24 hex characters (not its number). Another id replaces this resource.",
				Validators:          []validator.String{stringvalidator.RegexMatches(accountIDPattern, accountIDRule)},
				PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()}},
			"new_sim": schema.StringAttribute{Required: true,
				MarkdownDescription: "The SIM that the account shall hold: an ICC of 11 to 19 digits, or `eSim` or `autoAssign` to let the " +
					"service choose one. With an ICC, a swap made elsewhere shows as a change. With a word it is accepted; use `triggers` to ask " +
					"for another swap.",
				Validators: []validator.String{stringvalidator.RegexMatches(newSIMPattern, newSIMRule)}},
			"replaces": schema.StringAttribute{Optional: true,
				MarkdownDescription: "The ICC that the account must hold now. The swap is sent only while it does, which makes a swap by word " +
					"safe to apply again after a crash. Where the account holds another SIM by then: with a word that SIM is taken over and " +
					"nothing is sent; with an ICC it is an error, unless that SIM is the one in `new_sim`: then nothing is sent.",
				Validators: []validator.String{stringvalidator.RegexMatches(heldSIMPattern, "must be the ICC of the SIM that the account holds now")}},
			"triggers": schema.MapAttribute{ElementType: types.StringType, Optional: true,
				MarkdownDescription: "Any change of this map asks for another swap; meant for `eSim` and `autoAssign`. Where `replaces` is " +
					"set, change it too: while it names a SIM that the account no longer holds, nothing is sent."},
			"store_codes": schema.BoolAttribute{Optional: true, Computed: true, Default: booldefault.StaticBool(false),
				MarkdownDescription: "`true` keeps the PIN and PUK codes that the swap answers in the state. Default `false`: they are dropped, " +
					"and can't be read later."},
			"pin1": code("PIN 1"), "pin2": code("PIN 2"), "puk1": code("PUK 1"), "puk2": code("PUK 2"),
			"sim_number":          computed("ICC of the SIM that the account holds."),
			"previous_sim_number": computed("ICC of the SIM that the last swap replaced."),
			"imsi":                computed("IMSI of the SIM."),
			"network":             computed("Network of the SIM, such as `TELENOR` or `TDC`."),
			"form_factor":         computed("Form factor of the SIM, such as `NANO`; null where the service does not tell."),
			"account_state":       computed("State of the account, such as `ACTIVE`, `BLOCKED` or `DELETING`."),
			"operation_status":    operationStatusAttribute(),
			"timeouts":            timeoutsAttribute(ctx, timeouts.Opts{Create: true, Update: true}),
		},
	}
}

// decision is what a swap comes to once it is known which SIM the account holds.
type decision int

const (
	send decision = iota
	takeOver
	refuse
)

// decide applies new_sim and replaces to the SIM that the account holds.
func decide(newSIM, replaces, held string) decision {
	switch {
	case !mvno.IsWord(newSIM) && mvno.SameICC(newSIM, held):
		return takeOver
	case replaces == "" || mvno.SameICC(replaces, held):
		return send
	case mvno.IsWord(newSIM):
		return takeOver
	}
	return refuse
}

func (r *mvnoSIMSwapResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	diags := &resp.Diagnostics
	var plan, state mvnoSIMSwapModel
	if !req.State.Raw.IsNull() {
		diags.Append(req.State.Get(ctx, &state)...)
	}
	if req.Plan.Raw.IsNull() {
		planNothing(diags, mvnoSIMSwap, fmt.Sprintf(
			"MVNO account %s keeps SIM %s: a swap can't be undone. Destroying this resource only makes Terraform forget it.",
			state.AccountID.ValueString(), shown(state.SIMNumber)))
		return
	}
	diags.Append(req.Plan.Get(ctx, &plan)...)
	client := r.mvno.use(diags)
	if diags.HasError() {
		return
	}

	if req.State.Raw.IsNull() {
		held, sends := r.planCreate(ctx, client, plan, req.Private, diags)
		if !sends {
			planSilent(ctx, &resp.Plan, diags)
		}
		plan.announceHeld(ctx, held, sends, resp)
		r.planCodes(ctx, plan, nil, resp)
		return
	}

	setPrivate(ctx, resp.Private, plannedKey, state.AccountID.ValueString(), diags)
	setPrivate(ctx, resp.Private, heldKey, state.SIMNumber.ValueString(), diags)
	operation := readMark[swapOperation](ctx, req.Private, diags)
	if !plan.AccountID.Equal(state.AccountID) {
		// Terraform drops the warnings of a replacement's create leg, so this call gives them.
		planNothing(diags, mvnoSIMSwap, fmt.Sprintf(
			"MVNO account %s keeps SIM %s: Terraform forgets it when this resource goes over to another account.",
			state.AccountID.ValueString(), shown(state.SIMNumber)))
		r.planSwap(ctx, client, plan, types.StringUnknown(), diags)
		return
	}

	swaps, sends := plan.asksForSwap(&state), false
	held := state.SIMNumber
	if swaps {
		held, sends = r.planSwap(ctx, client, plan, held, diags)
	}
	status := state.OperationStatus
	if operation != nil {
		status = types.StringUnknown()
	}
	if operation != nil || !sends {
		diags.Append(resp.Plan.SetAttribute(ctx, path.Root("operation_status"), status)...)
	}
	// What an answered swap has brought is known, even while the account does not show it.
	open := swaps || operation != nil && operation.Unknown
	for name, value := range map[string]types.String{
		"sim_number": state.SIMNumber, "previous_sim_number": state.PreviousSIMNumber, "imsi": state.IMSI,
		"network": state.Network, "form_factor": state.FormFactor, "account_state": state.AccountState,
	} {
		if open {
			value = types.StringUnknown()
		}
		diags.Append(resp.Plan.SetAttribute(ctx, path.Root(name), value)...)
	}
	plan.announceHeld(ctx, held, sends, resp)
	if open {
		r.planCodes(ctx, plan, nil, resp)
	} else {
		r.planCodes(ctx, plan, &state, resp)
	}
}

// heldKey keeps the SIM of the prior state for the create leg of a replacement, which is planned without state.
const heldKey = "held"

// planCreate plans a new resource, or the create leg of a replacement: Terraform drops the warnings of that, so one
// that would send a swap is refused. It says which SIM the account holds, as far as it is known, and whether a swap will
// be sent.
func (r *mvnoSIMSwapResource) planCreate(ctx context.Context, client *mvno.Client, plan mvnoSIMSwapModel, private privateReader, diags *diag.Diagnostics) (types.String, bool) {
	replaced := asks(plan.AccountID) && isReplacement(ctx, private, plan.AccountID.ValueString(), diags)
	if !replaced {
		return r.planSwap(ctx, client, plan, types.StringUnknown(), diags)
	}
	refusal := func(wayOut string) {
		diags.AddError("Replacing is refused", fmt.Sprintf(
			"Replacing would swap the SIM of MVNO account %s to %s, and Terraform would not show the warning of that.\n\n%s",
			plan.AccountID.ValueString(), shown(plan.NewSIM), wayOut))
	}
	if plan.NewSIM.IsUnknown() || mvno.IsWord(plan.NewSIM.ValueString()) {
		refusal("To ask for another swap, change triggers: that is done in place, with its warning.")
		return types.StringUnknown(), false
	}
	held := types.StringUnknown()
	raw, d := private.GetKey(ctx, heldKey)
	diags.Append(d...)
	var icc string
	if json.Unmarshal(raw, &icc) == nil && icc != "" {
		held = types.StringValue(icc)
	}
	held, sends := r.planSwap(ctx, client, plan, held, diags)
	if sends {
		refusal("Apply without -replace: new_sim is changed in place, with its warning.")
	}
	return held, false
}

// announceHeld plans, as previous_sim_number, the SIM that a swap by word is announced for, where nothing else ties the
// swap to it. Terraform holds the apply to that, so one whose account holds another SIM by then is refused: the swap may
// have been made meanwhile, by an earlier run whose answer was lost.
func (m *mvnoSIMSwapModel) announceHeld(ctx context.Context, held types.String, sends bool, resp *resource.ModifyPlanResponse) {
	if sends && asks(held) && m.byWordAlone() {
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root("previous_sim_number"), held)...)
	}
}

// byWordAlone says that nothing but the state tells a repeated swap from the first one.
func (m *mvnoSIMSwapModel) byWordAlone() bool {
	return mvno.IsWord(m.NewSIM.ValueString()) && m.Replaces.ValueString() == ""
}

// asksForSwap says whether the plan asks for a swap that the prior state has not had.
func (m *mvnoSIMSwapModel) asksForSwap(prior *mvnoSIMSwapModel) bool {
	return !m.NewSIM.Equal(prior.NewSIM) || !m.Triggers.Equal(prior.Triggers)
}

// planCodes plans the codes: null without store_codes, those in state where nothing is swapped, else unknown.
func (r *mvnoSIMSwapResource) planCodes(ctx context.Context, plan mvnoSIMSwapModel, state *mvnoSIMSwapModel, resp *resource.ModifyPlanResponse) {
	codes := map[string]types.String{"pin1": types.StringUnknown(), "pin2": types.StringUnknown(), "puk1": types.StringUnknown(), "puk2": types.StringUnknown()}
	if state != nil {
		codes = map[string]types.String{"pin1": state.PIN1, "pin2": state.PIN2, "puk1": state.PUK1, "puk2": state.PUK2}
	}
	for name, value := range codes {
		if !plan.StoreCodes.IsUnknown() && !plan.StoreCodes.ValueBool() {
			value = types.StringNull()
		}
		resp.Diagnostics.Append(resp.Plan.SetAttribute(ctx, path.Root(name), value)...)
	}
}

// planSwap adds the warning of a planned swap, and errors for what the service would refuse. It says which SIM the
// account holds, as far as it is known, and whether a swap will be sent.
func (r *mvnoSIMSwapResource) planSwap(ctx context.Context, client *mvno.Client, plan mvnoSIMSwapModel, held types.String, diags *diag.Diagnostics) (types.String, bool) {
	accountID := plan.AccountID.ValueString()
	if client != nil && r.preflight && asks(plan.AccountID) {
		account, ok := r.usable(ctx, client, accountID, diags)
		if !ok {
			return held, false
		}
		held = types.StringValue(account.SIM.SIMNumber)
	}
	if asks(held) && asks(plan.NewSIM) && !plan.Replaces.IsUnknown() {
		switch decide(plan.NewSIM.ValueString(), plan.Replaces.ValueString(), held.ValueString()) {
		case takeOver:
			if mvno.IsWord(plan.NewSIM.ValueString()) {
				diags.AddWarning("No SIM swap is needed", takenOver(accountID, plan, held.ValueString())+
					" If you want another swap, set replaces to that ICC.")
			}
			return held, false
		case refuse:
			replacesError(diags, accountID, plan, held.ValueString())
			return held, false
		case send:
			if client != nil && r.preflight && !r.available(ctx, client, plan, diags) {
				return held, false
			}
		}
	}
	r.live.plan(diags, liveChange{
		kind: mvnoSIMSwap, sim: accountID,
		what:    fmt.Sprintf("MVNO account %s: SIM %s -> %s.", shown(plan.AccountID), shown(held), shown(plan.NewSIM)),
		meaning: "The old SIM goes dead at once and is spent; its device is offline until it has the new SIM. A swap may be charged.",
	})
	if mvno.IsWord(plan.NewSIM.ValueString()) && plan.Replaces.IsNull() {
		suggestion := "the ICC that the account holds"
		if asks(held) {
			suggestion = fmt.Sprintf("replaces = %q", held.ValueString())
		}
		diags.AddAttributeWarning(path.Root("replaces"), "Swap by word without replaces", fmt.Sprintf(
			"Account %s is to be swapped to %s, and nothing tells a repeated swap from the first one. If this run is killed in the middle, "+
				"the next apply swaps again.\n\nSet %s: then the swap is sent only while the account holds that SIM.",
			accountID, plan.NewSIM.ValueString(), suggestion))
	}
	return held, true
}

func takenOver(accountID string, plan mvnoSIMSwapModel, held string) string {
	return fmt.Sprintf("MVNO account %s holds SIM %s and no longer %s (replaces), so SIM %s is taken over as the one that %s asked for. Nothing is sent.",
		accountID, held, plan.Replaces.ValueString(), held, plan.NewSIM.ValueString())
}

func replacesError(diags *diag.Diagnostics, accountID string, plan mvnoSIMSwapModel, held string) {
	diags.AddAttributeError(path.Root("replaces"), "Account holds another SIM", fmt.Sprintf(
		"MVNO account %s holds SIM %s, neither the one in replaces (%s) nor the one asked for (%s). Nothing was sent.\n\n"+
			"Find out who swapped it. To swap all the same, set replaces = %q.",
		accountID, held, plan.Replaces.ValueString(), plan.NewSIM.ValueString(), held))
}

// usable reads the account and refuses one that is unknown, leaving, or shows no SIM.
func (r *mvnoSIMSwapResource) usable(ctx context.Context, client *mvno.Client, accountID string, diags *diag.Diagnostics) (*mvno.Account, bool) {
	account, err := client.Account(ctx, accountID)
	switch {
	case errors.Is(err, transport.ErrNotFound):
		diags.AddAttributeError(path.Root("account_id"), "Unknown MVNO account", explain(
			fmt.Sprintf("The MVNO API knows no account %s.", accountID), err, "Check the account id. Nothing was sent."))
	case err != nil:
		accountReadError(diags, accountID, err)
	case !mvno.AllowsSwap(account.State):
		diags.AddAttributeError(path.Root("account_id"), "MVNO account can't swap its SIM", fmt.Sprintf(
			"MVNO account %s is in state %s, which allows no swap. Nothing was sent.", accountID, account.State))
	case account.SIM.SIMNumber == "":
		noSIMError(diags, accountID)
	default:
		return account, true
	}
	return account, false
}

func accountReadError(diags *diag.Diagnostics, accountID string, err error) {
	diags.AddError("Unable to read MVNO account", explain(fmt.Sprintf("MVNO account %s could not be read.", accountID), err, ""))
}

func noSIMError(diags *diag.Diagnostics, accountID string) {
	diags.AddError("MVNO account shows no SIM", fmt.Sprintf(
		"The MVNO API answers account %s without mvnoSim.simNumber, so it can't be told which SIM it holds. Nothing was sent, and the "+
			"state is kept as it was.", accountID))
}

// available looks the wanted SIM up. Whoever may not see it learns nothing here, and the swap itself decides.
func (r *mvnoSIMSwapResource) available(ctx context.Context, client *mvno.Client, plan mvnoSIMSwapModel, diags *diag.Diagnostics) bool {
	if mvno.IsWord(plan.NewSIM.ValueString()) {
		return true
	}
	if _, err := client.SIM(ctx, plan.NewSIM.ValueString()); errors.Is(err, transport.ErrNotFound) {
		diags.AddAttributeError(path.Root("new_sim"), "Unknown SIM", explain(fmt.Sprintf(
			"The MVNO API knows no SIM %s, so account %s can't be swapped to it.", plan.NewSIM.ValueString(), plan.AccountID.ValueString()), err,
			"Check the ICC, and that the SIM is in your storage. Nothing was sent."))
		return false
	}
	return true
}

func (r *mvnoSIMSwapResource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	defer recovered(ctx, &resp.Diagnostics, func() bool { return !resp.State.Raw.IsNull() })
	var plan mvnoSIMSwapModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	timeout, d := plan.Timeouts.Create(ctx, operationTimeout)
	resp.Diagnostics.Append(d...)
	client := r.mvno.use(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	(*mark[swapOperation])(nil).save(ctx, resp.Private, &resp.Diagnostics)
	keep := func(m *mark[swapOperation]) {
		plan.settle()
		plan.OperationStatus = m.status()
		resp.Diagnostics.Append(resp.State.Set(ctx, &plan)...)
		m.save(ctx, resp.Private, &resp.Diagnostics)
	}
	result := r.swap(ctx, client, &plan, plan, keep)
	switch {
	case result.end == changeRefused:
		resp.Diagnostics.Append(result.diags...)
	default:
		keep(result.mark)
		resp.Diagnostics.Append(result.diags...)
	}
}

func (r *mvnoSIMSwapResource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	var plan, state mvnoSIMSwapModel
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	timeout, d := plan.Timeouts.Update(ctx, operationTimeout)
	resp.Diagnostics.Append(d...)
	operation := readMark[swapOperation](ctx, req.Private, &resp.Diagnostics)
	client := r.mvno.use(&resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	if operation != nil && !r.resume(ctx, client, &state, operation, resp) {
		return
	}
	model := plan
	model.carry(&state)
	keep := func(m *mark[swapOperation]) {
		model.settle()
		model.OperationStatus = m.status()
		resp.Diagnostics.Append(resp.State.Set(ctx, &model)...)
		m.save(ctx, resp.Private, &resp.Diagnostics)
	}
	if !plan.asksForSwap(&state) {
		keep(nil)
		return
	}
	result := r.swap(ctx, client, &model, plan, keep)
	if result.end != changeRefused {
		keep(result.mark)
	} // else the state stays as it was
	resp.Diagnostics.Append(result.diags...)
}

// resume settles an earlier swap, and puts into state what became of it. Nothing is sent. Unless it says true, the
// update ends here with its error.
func (r *mvnoSIMSwapResource) resume(ctx context.Context, client *mvno.Client, state *mvnoSIMSwapModel, operation *mark[swapOperation], resp *resource.UpdateResponse) bool {
	diags := &resp.Diagnostics
	accountID, op := state.AccountID.ValueString(), operation.Operation
	if !operation.Unknown {
		if _, err := client.WaitShown(ctx, accountID, op.NewSIM); err != nil {
			diags.AddError(notShownYet(accountID, op, err))
			return false
		}
	} else {
		account, err := client.Account(ctx, accountID)
		if err == nil && account.SIM.SIMNumber != "" {
			account, err = settleSwap(ctx, client, accountID, op, account)
		}
		switch {
		case err != nil:
			accountReadError(diags, accountID, err)
			return false
		case account.SIM.SIMNumber == "":
			noSIMError(diags, accountID)
			return false
		case op.happened(account):
			state.PreviousSIMNumber = types.StringValue(op.Before)
		default:
			state.NewSIM = types.StringValue(mvno.BareICC(account.SIM.SIMNumber))
			diags.AddError(swapNoEffect(accountID, op, account.SIM.SIMNumber))
		}
		r.take(ctx, client, state, account)
	}
	state.OperationStatus = types.StringValue(operationComplete)
	diags.Append(resp.State.Set(ctx, state)...)
	(*mark[swapOperation])(nil).save(ctx, resp.Private, diags)
	return !diags.HasError()
}

func (r *mvnoSIMSwapResource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	defer recovered(ctx, &resp.Diagnostics, nil)
	var state mvnoSIMSwapModel
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	operation := readMark[swapOperation](ctx, req.Private, &resp.Diagnostics)
	client := r.mvno.use(&resp.Diagnostics)
	if resp.Diagnostics.HasError() || client == nil {
		return
	}
	accountID := state.AccountID.ValueString()
	account, err := client.Account(ctx, accountID)
	switch {
	case errors.Is(err, transport.ErrNotFound):
		removeFromState(ctx, resp)
		return
	case err != nil:
		accountReadError(&resp.Diagnostics, accountID, err)
		return
	case mvno.Leaving(account.State):
		resp.Diagnostics.AddWarning("MVNO account is being deleted", fmt.Sprintf(
			"MVNO account %s is in state %s. It stays in Terraform's state and can be restored for 30 days; no swap is possible meanwhile.",
			accountID, account.State))
	case account.SIM.SIMNumber == "":
		noSIMError(&resp.Diagnostics, accountID)
		return
	}
	state.ID = state.AccountID
	state.AccountState = orNull(account.State)
	if state.StoreCodes.IsNull() { // after an import
		state.StoreCodes = types.BoolValue(false)
	}
	if account.SIM.SIMNumber != "" && operation != nil && operation.Unknown {
		settled, err := settleSwap(ctx, client, accountID, operation.Operation, account)
		if err != nil {
			accountReadError(&resp.Diagnostics, accountID, err)
			return
		}
		account = settled
	}
	if account.SIM.SIMNumber != "" {
		operation = r.readSIM(ctx, client, &state, account, operation, &resp.Diagnostics)
	}
	state.OperationStatus = operation.status()
	resp.Diagnostics.Append(resp.State.Set(ctx, &state)...)
	operation.save(ctx, resp.Private, &resp.Diagnostics)
}

// settleSwap reads an account that does not show a swap of unknown outcome until it does, or the swap has clearly not
// taken place: an account may show the old SIM for a while.
func settleSwap(ctx context.Context, client *mvno.Client, accountID string, op swapOperation, account *mvno.Account) (*mvno.Account, error) {
	if op.happened(account) {
		return account, nil
	}
	_, now, err := client.Reconcile(ctx, accountID, op.Before, op.NewSIM, op.Since)
	var unread *transport.Error
	if err != nil && (now == nil || errors.As(err, &unread) || ctx.Err() != nil) {
		return nil, err
	}
	return now, nil // also where it shows a third SIM, or none
}

// readSIM takes over the SIM that the account holds. It settles an earlier swap, or returns its mark where that is
// still open.
func (r *mvnoSIMSwapResource) readSIM(ctx context.Context, client *mvno.Client, state *mvnoSIMSwapModel, account *mvno.Account, operation *mark[swapOperation], diags *diag.Diagnostics) *mark[swapOperation] {
	held := account.SIM.SIMNumber
	switch {
	case operation == nil:
	case operation.Operation.happened(account):
		state.PreviousSIMNumber = types.StringValue(operation.Operation.Before)
	case operation.Unknown:
		// The word in new_sim would hide that it did not happen: the ICC shows it, and the next plan asks for the swap.
		state.NewSIM = types.StringValue(mvno.BareICC(held))
		diags.AddWarning(swapNoEffect(state.AccountID.ValueString(), operation.Operation, held))
	case mvno.SameICC(held, operation.Operation.Before):
		diags.AddWarning(notShownYet(state.AccountID.ValueString(), operation.Operation, nil))
		return operation
	}
	if !mvno.IsWord(state.NewSIM.ValueString()) && !mvno.SameICC(state.NewSIM.ValueString(), held) {
		state.NewSIM = types.StringValue(mvno.BareICC(held))
	}
	swapped := !mvno.SameICC(state.SIMNumber.ValueString(), held)
	state.setSIM(account.SIM)
	if swapped && state.FormFactor.IsNull() {
		r.readFormFactor(ctx, client, state)
	}
	return nil
}

// readFormFactor asks for what the account's answer leaves out. Not every access level may, so trouble is none.
func (r *mvnoSIMSwapResource) readFormFactor(ctx context.Context, client *mvno.Client, state *mvnoSIMSwapModel) {
	if sim, err := client.SIM(ctx, mvno.BareICC(state.SIMNumber.ValueString())); err == nil {
		state.FormFactor = orNull(sim.FormFactor)
	}
}

// Delete sends nothing; the plan has said so.
func (r *mvnoSIMSwapResource) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {
}

func (r *mvnoSIMSwapResource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	accountID, word, hasWord := strings.Cut(req.ID, "/")
	if !accountIDPattern.MatchString(accountID) || hasWord && !mvno.IsWord(word) {
		resp.Diagnostics.AddError("Invalid import id", fmt.Sprintf(
			"The import id of telco_mvno_sim_swap is ACCOUNT_ID, or ACCOUNT_ID/eSim or ACCOUNT_ID/autoAssign where new_sim is that word. It was %q: the account id %s.",
			req.ID, accountIDRule))
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), accountID)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("account_id"), accountID)...)
	if hasWord {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("new_sim"), word)...)
	}
}
