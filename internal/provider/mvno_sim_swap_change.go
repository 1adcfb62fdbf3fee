package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/mvno"
	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

// swapResult is what became of a swap. The diagnostics are warnings wherever something is to be kept in state.
type swapResult struct {
	end   changeEnd
	mark  *mark[swapOperation]
	diags diag.Diagnostics
}

// happened decides by the SIM that the account holds whether the swap took place.
func (op swapOperation) happened(account *mvno.Account) bool {
	held := account.SIM.SIMNumber
	if mvno.IsWord(op.NewSIM) {
		return held != "" && !mvno.SameICC(held, op.Before)
	}
	return mvno.SameICC(held, op.NewSIM)
}

// swapNoEffect is the summary and detail for a swap that did not take place.
func swapNoEffect(accountID string, op swapOperation, held string) (string, string) {
	return "SIM swap had no effect", fmt.Sprintf(
		"The swap of MVNO account %s to %s was sent %s and no usable answer came. The account holds SIM %s: the swap did not take place.\n\n"+
			"The next plan shows it again; nothing is sent without it.", accountID, op.NewSIM, ago(op.Since), held)
}

// swap brings the account to the wanted SIM: it reads, sends one swap where that is needed and plan has announced it, and
// fills in the model. accepted is called as soon as the service has answered, so that it is in state whatever happens
// then.
func (r *mvnoSIMSwapResource) swap(ctx context.Context, client *mvno.Client, model *mvnoSIMSwapModel, plan mvnoSIMSwapModel, accepted func(*mark[swapOperation])) swapResult {
	var result swapResult
	accountID, newSIM := model.AccountID.ValueString(), model.NewSIM.ValueString()
	const summary = "Unable to swap the SIM"
	unlock, err := r.locks.lock(ctx, "mvno "+strings.ToLower(accountID))
	if err != nil {
		result.diags.AddError(summary, fmt.Sprintf("Nothing was sent for MVNO account %s: the run was interrupted.", accountID))
		return result
	}
	defer unlock()

	account, ok := r.usable(ctx, client, accountID, &result.diags)
	if !ok {
		return result
	}
	before := account.SIM.SIMNumber
	switch decide(newSIM, model.Replaces.ValueString(), before) {
	case refuse:
		replacesError(&result.diags, accountID, *model, before)
		return result
	case takeOver:
		if mvno.IsWord(newSIM) {
			result.diags.AddWarning("No SIM swap was needed", takenOver(accountID, *model, before))
			if !mvno.SameICC(model.SIMNumber.ValueString(), before) {
				model.PreviousSIMNumber = model.Replaces
			}
		}
		r.take(ctx, client, model, account)
		result.end = changeDone
		return result
	}
	if from := plan.PreviousSIMNumber; announces(plan.OperationStatus) && plan.byWordAlone() && asks(from) && !mvno.SameICC(from.ValueString(), before) {
		result.diags.AddError(changedSincePlan, fmt.Sprintf(
			"The plan announced a swap of SIM %s of MVNO account %s; by now the account holds SIM %s. Nothing was sent.\n\n"+
				"Find out who swapped it, then plan again.", from.ValueString(), accountID, before))
		return result
	}
	if !announces(plan.OperationStatus) {
		result.diags.AddError(changedSincePlan, fmt.Sprintf(
			"The plan found that MVNO account %s needs no swap and announced none; by now it holds SIM %s. Nothing was sent.\n\n"+
				"Plan again: the next plan shows the swap.", accountID, before))
		return result
	}
	if !r.available(ctx, client, *model, &result.diags) || !r.live.begin(&result.diags, mvnoSIMSwap, "MVNO account "+accountID) {
		return result
	}

	model.setSIM(account.SIM) // what is known while the outcome is not
	model.AccountState = orNull(account.State)
	sim, err := client.Swap(ctx, accountID, newSIM)
	switch {
	case errors.Is(err, transport.ErrOutcomeUnknown):
		return r.reconcile(ctx, client, model, before, err, accepted)
	case err != nil:
		result.diags.AddAttributeError(path.Root("new_sim"), summary, explain(fmt.Sprintf(
			"MVNO account %s was not swapped from SIM %s to %s. Nothing has changed.", accountID, before, newSIM), err, swapAdvice(err)))
		return result
	}
	model.PreviousSIMNumber = types.StringValue(before)
	model.setSIM(*sim)
	model.keepCodes(sim)
	shows := &mark[swapOperation]{Operation: swapOperation{NewSIM: sim.SIMNumber, Before: before, Since: time.Now()}}
	accepted(shows)

	// The swap is over. But while the account shows the old SIM, a refresh would take that for a swap back.
	now, err := client.WaitShown(ctx, accountID, sim.SIMNumber)
	if now != nil {
		model.AccountState = orNull(now.State)
	}
	if err != nil {
		result.end, result.mark = changeOpen, shows
		result.diags.AddWarning(notShownYet(accountID, shows.Operation, err))
		return result
	}
	result.end = changeDone
	return result
}

// notShownYet is the summary and detail for a swap that the service has answered, while the account shows the old SIM.
func notShownYet(accountID string, op swapOperation, err error) (string, string) {
	return "Account does not show the new SIM yet", explain(fmt.Sprintf(
		"The swap of MVNO account %s from SIM %s to SIM %s was answered as done, and the account does not show it yet.",
		accountID, op.Before, op.NewSIM), err,
		"Nothing is to be done and nothing is sent again: the next plan reads the account again. If it stays so, ask the service's support.")
}

// take fills in the model from the account as it is.
func (r *mvnoSIMSwapResource) take(ctx context.Context, client *mvno.Client, model *mvnoSIMSwapModel, account *mvno.Account) {
	model.setSIM(account.SIM)
	model.AccountState = orNull(account.State)
	if model.FormFactor.IsNull() {
		r.readFormFactor(ctx, client, model)
	}
}

// reconcile finds out by reading what became of a swap of which no usable answer came. It never sends it again.
func (r *mvnoSIMSwapResource) reconcile(ctx context.Context, client *mvno.Client, model *mvnoSIMSwapModel, before string, sent error, accepted func(*mark[swapOperation])) swapResult {
	var result swapResult
	accountID := model.AccountID.ValueString()
	op := swapOperation{NewSIM: model.NewSIM.ValueString(), Before: before, Since: time.Now()}
	// Reading must go on when the run is interrupted: what was sent may be live.
	readCtx := context.WithoutCancel(ctx)
	changed, account, err := client.Reconcile(readCtx, accountID, before, op.NewSIM, op.Since)
	switch {
	case err != nil:
		result.end = changeUnknown
		result.mark = &mark[swapOperation]{Unknown: true, Operation: op}
		accepted(result.mark)
		result.diags.AddWarning("Outcome of the SIM swap is unknown", explain(fmt.Sprintf(
			"The swap of MVNO account %s from SIM %s to %s was sent, no usable answer came, and the account can't tell what became of it.",
			accountID, before, op.NewSIM), sent, unknownAdvice))
	case !changed:
		summary, detail := swapNoEffect(accountID, op, account.SIM.SIMNumber)
		result.diags.AddError(summary, explain(detail, sent, "It is safe to apply again."))
	default:
		result.end = changeDone
		model.PreviousSIMNumber = types.StringValue(before)
		r.take(readCtx, client, model, account)
		accepted(nil)
		result.diags.AddWarning("SIM swap took place without an answer", explain(fmt.Sprintf(
			"The swap of MVNO account %s was sent once and no usable answer came. The account holds SIM %s instead of %s now: it took place.",
			accountID, account.SIM.SIMNumber, before), sent, "The codes (PIN, PUK) of the new SIM went with the answer; ask the service's support for them."))
	}
	return result
}

func swapAdvice(err error) string {
	var e *transport.Error
	if !errors.As(err, &e) {
		return ""
	}
	switch {
	case e.Code == "sim":
		return "The SIM is unknown, or not available: in use, spent, or of another network. The account is as it was."
	case e.Code == "porting":
		return "The account's number is being ported. Apply again once the porting is over."
	case e.Code == "state":
		return "The account's present state forbids a swap."
	case e.Code == "access_denied" || e.Status == 403:
		return "A swap needs a token with access level OWNER, RESELLER or ADMIN; one that may read is not enough."
	}
	return advice(err)
}
