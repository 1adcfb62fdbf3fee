package provider

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/mvno"
	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/identity"
	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

// heldKey keeps the SIM of the prior state for the create leg of a replacement, which is planned without state.
const heldKey = "held"

func (r *mvnoSIMSwapResource) ModifyPlan(
	ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse,
) {
	diags := &resp.Diagnostics
	defer recovered(ctx, diags, nil)
	var plan, state mvnoSIMSwapModel
	if !req.State.Raw.IsNull() {
		diags.Append(req.State.Get(ctx, &state)...)
	}
	if req.Plan.Raw.IsNull() {
		warnLeftAlone(diags, livechange.MVNOSIMSwap, fmt.Sprintf(
			"MVNO account %s keeps SIM %s: a swap can't be undone. Destroying this resource only makes Terraform forget it.",
			state.AccountID.ValueString(), displayValue(state.SIMNumber)))
		return
	}
	diags.Append(req.Plan.Get(ctx, &plan)...)
	client := r.mvno.use(diags)
	if diags.HasError() {
		return
	}
	r.claim(plan, diags)

	if req.State.Raw.IsNull() {
		p := r.planCreate(ctx, client, plan, req.Private, diags)
		if !p.sends {
			planNoop(ctx, &resp.Plan, diags)
		} else {
			setPlanned(ctx, &resp.Plan, map[string]any{"last_change": p.announcement(plan.NewSIM)}, diags)
		}
		r.planCodes(ctx, plan, nil, resp)
		return
	}

	setPrivate(ctx, resp.Private, plannedKey, identity.HexID(state.AccountID.ValueString()), diags)
	setPrivate(ctx, resp.Private, heldKey, state.SIMNumber.ValueString(), diags)
	if !plan.AccountID.Equal(state.AccountID) {
		// Terraform drops the warnings of a replacement's create leg, so this call gives them.
		warnLeftAlone(diags, livechange.MVNOSIMSwap, fmt.Sprintf(
			"MVNO account %s keeps SIM %s: Terraform forgets it when this resource goes over to another account.",
			state.AccountID.ValueString(), displayValue(state.SIMNumber)))
		r.planSwap(ctx, client, plan, types.StringUnknown(), "", diags)
		return
	}
	r.planUpdate(ctx, client, plan, state, req, resp)
}

func (r *mvnoSIMSwapResource) planUpdate(
	ctx context.Context, client *mvno.Client, plan, state mvnoSIMSwapModel, req resource.ModifyPlanRequest,
	resp *resource.ModifyPlanResponse,
) {
	diags := &resp.Diagnostics
	op := loadOperation[swapOperation](ctx, req.Private, diags)
	imported := importedByIdentity(ctx, req.Private, diags)
	swaps := plan.asksForSwap(&state, imported)
	if imported && !swaps && !plan.NewSIM.Equal(state.NewSIM) {
		warnLeftAlone(diags, livechange.MVNOSIMSwap, fmt.Sprintf(
			"MVNO account %s was imported by its identity: new_sim = %q is taken as declared, and SIM %s as the one that it "+
				"asked for. Nothing is sent.",
			state.AccountID.ValueString(), plan.NewSIM.ValueString(), displayValue(state.SIMNumber)))
	}
	values := map[string]any{"last_change": state.LastChange}
	sends := false
	if swaps {
		sends = r.planSwap(ctx, client, plan, state.SIMNumber, recordOf(op), diags).sends
		switch {
		case !sends && r.needless(client, plan, state):
		case plan.onlyUnknownTriggers(ctx, state):
			values["last_change"] = types.StringUnknown()
		default:
			// What an apply is held to is what the state says, not what the preflight has read.
			values["last_change"] = plannedSwap{held: state.SIMNumber}.announcement(plan.NewSIM)
		}
	}
	if op != nil || !sends {
		status := state.OperationStatus
		if op != nil {
			status = types.StringUnknown()
		}
		values["operation_status"] = status
	}
	// What an answered swap has brought is known, even while the account does not show it.
	open := swaps || op != nil && op.Unknown
	for name, value := range map[string]types.String{
		"sim_number": state.SIMNumber, "previous_sim_number": state.PreviousSIMNumber, "imsi": state.IMSI,
		"network": state.Network, "form_factor": state.FormFactor, "account_state": state.AccountState,
	} {
		if open {
			value = types.StringUnknown()
		}
		values[name] = value
	}
	setPlanned(ctx, &resp.Plan, values, diags)
	if open {
		r.planCodes(ctx, plan, nil, resp)
	} else {
		r.planCodes(ctx, plan, &state, resp)
	}
}

// needless says that no swap is needed by what the state says already, such as to the ICC that a keyword has brought:
// then no plan of this state announces one.
func (r *mvnoSIMSwapResource) needless(client *mvno.Client, plan, state mvnoSIMSwapModel) bool {
	if !isSet(plan.NewSIM) || plan.Replaces.IsUnknown() || !isSet(state.SIMNumber) {
		return false
	}
	held := &mvno.Account{SIM: mvno.SIM{SIMNumber: state.SIMNumber.ValueString()}}
	return r.subject(client, &plan).Decide(held).Action == change.Nothing
}

// claim holds the plan to one wish for the account, and to one account for the SIM.
func (r *mvnoSIMSwapResource) claim(plan mvnoSIMSwapModel, diags *diag.Diagnostics) {
	if !isSet(plan.AccountID) || !isSet(plan.NewSIM) {
		return
	}
	id, newSIM := plan.AccountID.ValueString(), plan.NewSIM.ValueString()
	w := wish{by: "a telco_mvno_sim_swap", want: "SIM " + newSIM, same: newSIM}
	if !mvno.IsWord(newSIM) {
		w.same = identity.ICCKey(newSIM)
		r.owners.claim(diags, "mvno SIM "+w.same, "SIM "+newSIM,
			wish{by: "a telco_mvno_sim_swap", want: "it on MVNO account " + identity.HexID(id)})
	}
	r.owners.claim(diags, swapKey(id), "MVNO account "+id, w)
}

// plannedSwap is what planning has found.
type plannedSwap struct {
	held  types.String // the SIM that the account holds, as far as it is known
	sends bool
}

// announcement is the planned last_change.
func (p plannedSwap) announcement(newSIM types.String) types.String {
	if !isSet(p.held) || !isSet(newSIM) {
		return types.StringUnknown()
	}
	return types.StringValue(livechange.Swap(p.held.ValueString(), displayNewSIM(newSIM)))
}

// displayNewSIM is the wanted SIM as it is sent, whatever spelling the configuration has.
func displayNewSIM(newSIM types.String) string {
	if !isSet(newSIM) || mvno.IsWord(newSIM.ValueString()) {
		return displayValue(newSIM)
	}
	return identity.ICCKey(newSIM.ValueString())
}

// planCreate plans a new resource, or the create leg of a replacement: Terraform drops the warnings of that, so one
// that would send a swap is refused.
func (r *mvnoSIMSwapResource) planCreate(
	ctx context.Context, client *mvno.Client, plan mvnoSIMSwapModel, private privateReader, diags *diag.Diagnostics,
) plannedSwap {
	replaced := isSet(plan.AccountID) && isReplacement(ctx, private, identity.HexID(plan.AccountID.ValueString()), diags)
	if !replaced {
		return r.planSwap(ctx, client, plan, types.StringUnknown(), "", diags)
	}
	refusal := func(wayOut string) {
		diags.AddError("Replacing is refused", fmt.Sprintf(
			"Replacing would swap the SIM of MVNO account %s to %s, and Terraform would not show the warning of that.\n\n%s",
			plan.AccountID.ValueString(), displayValue(plan.NewSIM), wayOut))
	}
	if plan.NewSIM.IsUnknown() || mvno.IsWord(plan.NewSIM.ValueString()) {
		refusal("To ask for another swap, change triggers: that is done in place, with its warning.")
		return plannedSwap{}
	}
	held := types.StringUnknown()
	raw, d := private.GetKey(ctx, heldKey)
	diags.Append(d...)
	var icc string
	if json.Unmarshal(raw, &icc) == nil && icc != "" {
		held = types.StringValue(icc)
	}
	p := r.planSwap(ctx, client, plan, held, "", diags)
	if p.sends {
		refusal("Apply without -replace: new_sim is changed in place, with its warning.")
	}
	return plannedSwap{held: p.held}
}

// planCodes plans the codes: null without store_codes, those in state where nothing is swapped, else unknown.
func (r *mvnoSIMSwapResource) planCodes(
	ctx context.Context, plan mvnoSIMSwapModel, state *mvnoSIMSwapModel, resp *resource.ModifyPlanResponse,
) {
	codes := map[string]types.String{"pin1": types.StringUnknown(), "pin2": types.StringUnknown(),
		"puk1": types.StringUnknown(), "puk2": types.StringUnknown()}
	if state != nil {
		codes = map[string]types.String{"pin1": state.PIN1, "pin2": state.PIN2, "puk1": state.PUK1, "puk2": state.PUK2}
	}
	values := map[string]any{}
	for name, value := range codes {
		if !plan.StoreCodes.IsUnknown() && !plan.StoreCodes.ValueBool() {
			value = types.StringNull()
		}
		values[name] = value
	}
	setPlanned(ctx, &resp.Plan, values, &resp.Diagnostics)
}

// planSwap adds the warning of a planned swap, and errors for what the service would refuse. held is the SIM of the
// state, where there is one, and known the record of the swap that it knows of.
func (r *mvnoSIMSwapResource) planSwap(
	ctx context.Context, client *mvno.Client, plan mvnoSIMSwapModel, held types.String, known string,
	diags *diag.Diagnostics,
) plannedSwap {
	accountID := plan.AccountID.ValueString()
	s := r.subject(client, &plan)
	account := &mvno.Account{SIM: mvno.SIM{SIMNumber: held.ValueString()}}
	stale := ""
	if client != nil && r.preflight && isSet(plan.AccountID) {
		live, err := s.Read(ctx)
		switch {
		case isGone(err):
			diags.AddAttributeError(path.Root("account_id"), "Unknown MVNO account", explain(
				fmt.Sprintf("The MVNO API knows no account %s.", accountID), err, "Check the account id. Nothing was sent."))
			return plannedSwap{held: held}
		case err != nil:
			accountReadError(diags, accountID, err)
			return plannedSwap{held: held}
		}
		if account = live; live.SIM.SIMNumber != "" && isSet(held) &&
			!identity.SameICC(held.ValueString(), live.SIM.SIMNumber) {
			stale = staleState("SIM " + held.ValueString())
		}
		if live.SIM.SIMNumber != "" {
			held = types.StringValue(live.SIM.SIMNumber)
		}
	}
	if known := account.State != "" || isSet(held); known && isSet(plan.NewSIM) && !plan.Replaces.IsUnknown() {
		switch d := s.Decide(account); d.Action {
		case change.Refuse:
			refuse(diags, d)
			return plannedSwap{held: held}
		case change.Nothing:
			noteDecision(diags, d)
			return plannedSwap{held: held}
		case change.Send:
			if account.State != "" {
				r.warnAboutSIM(ctx, client, s, account, diags)
			}
		}
	}
	if !r.checkJournal(plan, held, known, diags) {
		return plannedSwap{held: held}
	}
	what := fmt.Sprintf("MVNO account %s: SIM %s%s%s.%s", displayValue(plan.AccountID), displayValue(held),
		livechange.Arrow, displayNewSIM(plan.NewSIM), stale)
	r.planned.warn(diags, liveChange{kind: livechange.MVNOSIMSwap, sim: identity.HexID(accountID), what: what})
	if mvno.IsWord(plan.NewSIM.ValueString()) && plan.Replaces.IsNull() {
		suggestion := "the ICC that the account holds"
		if isSet(held) {
			suggestion = fmt.Sprintf("replaces = %q", held.ValueString())
		}
		killed := "the next apply swaps again"
		if r.journal != nil {
			killed = "only the journal holds the next apply back"
		}
		diags.AddAttributeWarning(path.Root("replaces"), "Swap by word without replaces", fmt.Sprintf(
			"Account %s is to be swapped to %s, and nothing tells a repeated swap from the first one. If this run is killed in "+
				"the middle, "+
				"%s.\n\nSet %s: then the swap is sent only while the account holds that SIM.",
			accountID, plan.NewSIM.ValueString(), killed, suggestion))
	}
	return plannedSwap{held: held, sends: true}
}

// warnAboutSIM looks the wanted SIM up. Whoever may not see it learns nothing here; and what is answered for a SIM that
// is in use is not documented, so an absence alone is no refusal: the swap itself decides.
func (r *mvnoSIMSwapResource) warnAboutSIM(
	ctx context.Context, client *mvno.Client, s *swapSubject, account *mvno.Account, diags *diag.Diagnostics,
) {
	if mvno.IsWord(s.newSIM) {
		return
	}
	icc := identity.ICCKey(s.newSIM)
	sim, err := client.PoolSIM(ctx, icc)
	if err == nil && sim.Network != "" && account.SIM.Network != "" &&
		!identity.SameWord(sim.Network, account.SIM.Network) {
		diags.AddAttributeWarning(path.Root("new_sim"), "SIM is of another network", fmt.Sprintf(
			"SIM %s is of the network %s, and MVNO account %s holds one of %s. A swap stays within its network, so the service "+
				"may refuse it.\n\n"+
				"The data source telco_mvno_sims lists the SIMs of a network that are free.", icc, sim.Network, s.accountID,
			account.SIM.Network))
		return
	}
	free := true
	if err == nil {
		if unused, listed := client.Unused(ctx, icc); listed == nil {
			free = unused != nil
		}
	}
	if isNotFound(err) || !free {
		diags.AddAttributeWarning(path.Root("new_sim"), "SIM may not be free", explain(fmt.Sprintf(
			"The MVNO API does not show SIM %s as unused: it may be unknown, in use or spent, and the swap of account %s is "+
				"refused then.",
			icc, s.accountID), err, "Check the ICC. The data source telco_mvno_sims lists the SIMs that are free."))
	}
}

// checkJournal refuses a swap by keyword that nothing tells from the one that an earlier run has sent, and was ended
// before it could save that. known is the record of the swap that the state knows of.
func (r *mvnoSIMSwapResource) checkJournal(
	plan mvnoSIMSwapModel, held types.String, known string, diags *diag.Diagnostics,
) bool {
	if !mvno.IsWord(plan.NewSIM.ValueString()) || !plan.Replaces.IsNull() || !isSet(plan.AccountID) {
		return true
	}
	entry := r.earlierChange("mvno", livechange.MVNOSIMSwap, plan.AccountID.ValueString(), known, diags)
	if entry == nil {
		return true
	}
	diags.AddAttributeError(path.Root("replaces"), "An earlier run has sent a swap of this account", fmt.Sprintf(
		"%s sent a swap of MVNO account %s to %s, and was ended before %s. The account held SIM %s then, and holds SIM %s "+
			"now. Nothing tells a second swap from that one, so none is planned.\n\n"+
			"Set replaces = %q: if that swap took place, the SIM that the account holds is taken over and nothing is sent; if "+
			"not, it is sent, once.",
		describeEntry(*entry), plan.AccountID.ValueString(), entry.To, unseen(*entry), entry.From, displayValue(held),
		entry.From))
	return false
}
