package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/simfleet/terraform-provider-telco/internal/api/accounts"
	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// cardResult is what became of a creation, update or deletion of a SIM card.
type cardResult struct {
	end  changeEnd
	card *accounts.SIMCard // last known
	mark *mark[accounts.Operation]
	// summary and detail make the diagnostic; its severity is the caller's to choose. "" where there is one already.
	summary, detail string
}

// settleWithin bounds the reads that decide what became of a change without an answer.
const settleWithin = 2 * time.Minute

func cardInterrupted(id string) cardResult {
	return cardResult{summary: "SIM card was not changed", detail: fmt.Sprintf(
		"Nothing was sent for SIM card %s: the run was interrupted.", id)}
}

// create orders a SIM that is not there yet, and waits until it is stable. accepted is called as soon as the service
// has the order, so that it is in state whatever happens then.
func (r *simCardResource) create(ctx context.Context, client *accounts.Client, plan simCardModel, diags *diag.Diagnostics, accepted func(*accounts.SIMCard, *mark[accounts.Operation])) cardResult {
	account, cli, id := plan.AccountKey.ValueString(), plan.CLI.ValueString(), simCardID(plan.AccountKey, plan.CLI).ValueString()
	const summary = "Unable to create SIM card"
	fields, err := plan.changedFields(ctx, nil)
	if err != nil {
		return cardResult{summary: summary, detail: explain("An argument can't be sent. Nothing was sent.", err, "")}
	}
	hints, err := plan.createHints(ctx)
	if err != nil {
		return cardResult{summary: summary, detail: explain("An argument can't be sent. Nothing was sent.", err, "")}
	}
	unlock, err := r.locks.lock(ctx, "accounts "+id)
	if err != nil {
		return cardInterrupted(id)
	}
	defer unlock()

	if _, err := client.SIMCard(ctx, account, cli); err == nil {
		simCardExists(diags, id, nil)
		return cardResult{}
	} else if !errors.Is(err, transport.ErrNotFound) {
		return cardResult{summary: summary, detail: explain(fmt.Sprintf(
			"Whether SIM card %s exists already could not be read, so it was not ordered.", id), err, "")}
	}
	if !r.live.begin(diags, simCardCreation, "SIM card "+id) {
		return cardResult{}
	}

	operation, err := client.CreateSIMCard(ctx, account, cli, fields, hints)
	switch {
	case errors.Is(err, transport.ErrOutcomeUnknown):
		return r.reconcileCreate(ctx, client, account, cli, fields, err, accepted, diags)
	case errors.Is(err, transport.ErrConflict):
		simCardExists(diags, id, err)
		return cardResult{}
	case err != nil:
		return cardResult{summary: summary, detail: explain(fmt.Sprintf(
			"The service refused to create SIM card %s. Nothing was created.", id), err, "")}
	}
	m := &mark[accounts.Operation]{Operation: operation}
	accepted(nil, m)
	return r.await(ctx, client, m, diags)
}

// reconcileCreate finds out by reading what became of an order of which no usable answer came. The SIM was absent
// just before the order was sent, so one that is there now is its work.
func (r *simCardResource) reconcileCreate(ctx context.Context, client *accounts.Client, account, cli string, fields accounts.Fields, sent error, accepted func(*accounts.SIMCard, *mark[accounts.Operation]), diags *diag.Diagnostics) cardResult {
	id := account + "/" + cli
	m := &mark[accounts.Operation]{Operation: accounts.Operation{
		Kind: accounts.Create, Account: account, CLI: cli, Sent: fields, Since: time.Now(),
	}}
	// Reading must go on when the run is interrupted: what was sent may be live.
	card, err := client.Reconcile(context.WithoutCancel(ctx), m.Operation)
	switch {
	case errors.Is(err, transport.ErrNotFound):
		return cardResult{summary: "Unable to create SIM card", detail: explain(fmt.Sprintf(
			"The order of SIM card %s was sent and no usable answer came. Reading the account shows that no such SIM was created.", id), sent,
			"It is safe to apply again: an existing SIM is looked for first.")}
	case err != nil:
		m.Unknown = true
		return cardResult{end: changeUnknown, mark: m, summary: "Outcome of the SIM card creation is unknown", detail: explain(fmt.Sprintf(
			"The order of SIM card %s was sent, no usable answer came, and whether it exists could not be read. It is kept in state.", id),
			sent, unknownAdvice)}
	}
	accepted(card, m)
	return r.await(ctx, client, m, diags)
}

// await waits for the end of an accepted change.
func (r *simCardResource) await(ctx context.Context, client *accounts.Client, m *mark[accounts.Operation], diags *diag.Diagnostics) cardResult {
	op := m.Operation
	id := op.Account + "/" + op.CLI
	result, err := client.Wait(ctx, op)
	if result.StatusURLRefused {
		diags.AddWarning("Status URL refused", fmt.Sprintf(
			"For the %s of SIM card %s the service named a status URL on another host than the configured endpoint. It was not "+
				"requested, since the credentials would have gone there; the SIM itself is read instead.", op.Kind, id))
	}
	var failed *wait.FailedError
	var stalled *accounts.StalledError
	switch {
	case err == nil:
		if len(result.NotReadBack) > 0 && op.Kind != accounts.Delete {
			diags.AddWarning("Arguments did not read back", fmt.Sprintf(
				"The %s of SIM card %s is complete, and the service does not show these fields as they were sent: %s.\n\n"+
					"Not every operator supports every field. The next plan shows what the service holds; take out what it does not support.",
				op.Kind, id, strings.Join(result.NotReadBack, ", ")))
		}
		return cardResult{end: changeDone, card: result.SIMCard}
	case errors.As(err, &stalled):
		if op.Kind == accounts.Create {
			stalledWarning(diags, id)
			return cardResult{end: changeDone, card: result.SIMCard}
		}
		return cardResult{card: result.SIMCard, summary: "SIM card is stalled", detail: explain(fmt.Sprintf(
			"The service accepted the %s of SIM card %s, and the SIM has stalled since.", op.Kind, id), err,
			"Call the vendor's support desk with the account key and the CLI.")}
	case errors.As(err, &failed):
		return r.failed(m, result, failed, diags)
	}
	return cardResult{end: changeOpen, card: result.SIMCard, mark: m, summary: fmt.Sprintf("SIM card %s is pending", op.Kind), detail: explain(
		fmt.Sprintf("The service has accepted the %s of SIM card %s, and its end was not seen.", op.Kind, id), err, pendingAdvice)}
}

// failed ends a change that the service reports as failed.
func (r *simCardResource) failed(m *mark[accounts.Operation], result accounts.Result, err *wait.FailedError, diags *diag.Diagnostics) cardResult {
	op := m.Operation
	id := op.Account + "/" + op.CLI
	summary := fmt.Sprintf("SIM card %s failed", op.Kind)
	what := fmt.Sprintf("The service accepted the %s of SIM card %s and then reported that it failed.", op.Kind, id)
	switch {
	case op.Kind != accounts.Create:
		return cardResult{card: result.SIMCard, summary: summary, detail: explain(what, err, "The state shows the SIM as it is now.")}
	case errors.Is(err, transport.ErrConflict) && !result.Absent:
		simCardExists(diags, id, err)
		return cardResult{mark: m} // where it is in state by now, the mark lets the next refresh take it out
	case result.Absent:
		return cardResult{summary: summary, detail: explain(what+" No SIM was created.", err, "It is safe to apply again once the cause is mended.")}
	case result.SIMCard != nil:
		return cardResult{end: changeOpen, card: result.SIMCard, summary: summary, detail: explain(
			what+" The SIM exists all the same, so it is kept in state.", err, "Look at the SIM in the service's portal; the next plan shows its live values.")}
	}
	return cardResult{end: changeUnknown, mark: &mark[accounts.Operation]{Unknown: true, Operation: op}, summary: summary, detail: explain(
		what+" Whether a SIM was created could not be read, so it is kept in state.", err, unknownAdvice)}
}

// resume picks up a change of an earlier run. It sends nothing.
func (r *simCardResource) resume(ctx context.Context, client *accounts.Client, state simCardModel, m *mark[accounts.Operation], diags *diag.Diagnostics) cardResult {
	op := m.Operation
	id := state.ID.ValueString()
	unlock, err := r.locks.lock(ctx, "accounts "+id)
	if err != nil {
		interrupted := cardInterrupted(id)
		interrupted.end, interrupted.mark = changeOpen, m
		return interrupted
	}
	defer unlock()

	if m.Unknown {
		now := r.settleUnknown(ctx, client, m, diags)
		switch {
		case now.err != nil:
			return cardResult{end: changeUnknown, mark: m, summary: fmt.Sprintf("Outcome of the SIM card %s is unknown", op.Kind), detail: explain(fmt.Sprintf(
				"The %s of SIM card %s was sent %s, no usable answer came, and the SIM still can't be read.", op.Kind, id, ago(op.Since)), now.err, unknownAdvice)}
		case now.absent:
			return cardResult{summary: "SIM card is gone", detail: fmt.Sprintf(
				"SIM card %s is in state, but the service does not know it. Nothing was sent.\n\nRefresh the state (terraform apply -refresh-only) and plan again.", id)}
		case now.mark == nil && now.refused:
			return cardResult{card: now.card, summary: fmt.Sprintf("SIM card %s had no effect", op.Kind), detail: fmt.Sprintf(
				"The %s of SIM card %s was sent %s and no usable answer came; the SIM shows that it had no effect.\n\nIt is safe to apply again.", op.Kind, id, ago(op.Since))}
		case now.mark == nil:
			return cardResult{end: changeDone, card: now.card}
		}
		m = now.mark
	}
	result := r.await(ctx, client, m, diags)
	if op.Kind == accounts.Delete && result.end == changeDone {
		return cardResult{summary: "SIM card is gone", detail: fmt.Sprintf(
			"The deletion of SIM card %s, accepted %s, is complete, so there is nothing to update.\n\n"+
				"Refresh the state (terraform apply -refresh-only) and plan again.", id, ago(op.Since))}
	}
	return result
}

// ready reads the SIM and waits until the service has finished what it does with it: one command at a time.
func (r *simCardResource) ready(ctx context.Context, client *accounts.Client, account, cli string) (*accounts.SIMCard, error) {
	card, err := client.SIMCard(ctx, account, cli)
	if err != nil || card.ActorStatus != accounts.ActorPending {
		return card, err
	}
	result, err := client.Wait(ctx, accounts.Operation{Kind: accounts.Update, Account: account, CLI: cli, Since: time.Now()})
	return result.SIMCard, err
}

// update sends the changed fields and waits.
func (r *simCardResource) update(ctx context.Context, client *accounts.Client, plan simCardModel, fields accounts.Fields, announced bool, diags *diag.Diagnostics, accepted func(*accounts.SIMCard, *mark[accounts.Operation])) cardResult {
	account, cli := plan.AccountKey.ValueString(), plan.CLI.ValueString()
	id := account + "/" + cli
	const summary = "Unable to update SIM card"
	unlock, err := r.locks.lock(ctx, "accounts "+id)
	if err != nil {
		return cardInterrupted(id)
	}
	defer unlock()

	card, err := r.ready(ctx, client, account, cli)
	if err != nil {
		return cardResult{card: card, summary: summary, detail: explain(fmt.Sprintf(
			"SIM card %s is not ready for a change, or could not be read. Nothing was sent.", id), err, "")}
	}
	if stalled(diags, card, id) {
		return cardResult{card: card}
	}
	if len(fields.NotReadBack(card)) == 0 {
		return cardResult{end: changeDone, card: card} // somebody else has done it already
	}
	if !announced {
		return cardResult{card: card, summary: changedSincePlan, detail: fmt.Sprintf(
			"The plan found SIM card %s as declared and announced no change of it; by now it differs. Nothing was sent.\n\n"+
				"Plan again: the next plan shows the change.", id)}
	}
	if terminated(diags, card, id) || !r.live.begin(diags, simCardUpdate, "SIM card "+id) {
		return cardResult{card: card}
	}

	operation, err := client.UpdateSIMCard(ctx, account, cli, fields)
	switch {
	case errors.Is(err, transport.ErrOutcomeUnknown):
		return r.reconcile(ctx, client, accounts.Operation{Kind: accounts.Update, Account: account, CLI: cli, Sent: fields, Since: time.Now()}, err, diags)
	case err != nil:
		return cardResult{card: card, summary: summary, detail: explain(fmt.Sprintf(
			"The service refused to change SIM card %s. Nothing has changed.", id), err, "")}
	}
	m := &mark[accounts.Operation]{Operation: operation}
	accepted(card, m)
	return r.await(ctx, client, m, diags)
}

// reconcile finds out by reading what became of an update or deletion of which no usable answer came.
func (r *simCardResource) reconcile(ctx context.Context, client *accounts.Client, op accounts.Operation, sent error, diags *diag.Diagnostics) cardResult {
	id := op.Account + "/" + op.CLI
	// Reading must go on when the run is interrupted: what was sent may be live.
	readCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
	defer cancel()
	card, absent, err := client.Settle(readCtx, op)
	m := &mark[accounts.Operation]{Operation: op}
	switch {
	case err != nil:
		m.Unknown = true
		return cardResult{end: changeUnknown, mark: m, summary: fmt.Sprintf("Outcome of the SIM card %s is unknown", op.Kind), detail: explain(fmt.Sprintf(
			"The %s of SIM card %s was sent, no usable answer came, and the SIM could not be read.", op.Kind, id), sent, unknownAdvice)}
	case absent && op.Kind == accounts.Delete:
		return cardResult{end: changeDone}
	case absent:
		return cardResult{summary: "SIM card is gone", detail: explain(fmt.Sprintf(
			"The %s of SIM card %s was sent, no usable answer came, and the service no longer knows the SIM.", op.Kind, id), sent, "")}
	case !op.TookEffect(card):
		return cardResult{card: card, summary: fmt.Sprintf("SIM card %s had no effect", op.Kind), detail: explain(fmt.Sprintf(
			"The %s of SIM card %s was sent and no usable answer came. Reading the SIM shows that it had no effect.", op.Kind, id), sent,
			"It is safe to apply again.")}
	}
	return r.await(ctx, client, m, diags)
}

// delete removes the SIM and waits until it is gone.
func (r *simCardResource) delete(ctx context.Context, client *accounts.Client, state simCardModel, m *mark[accounts.Operation], diags *diag.Diagnostics) cardResult {
	account, cli, id := state.AccountKey.ValueString(), state.CLI.ValueString(), state.ID.ValueString()
	const summary = "Unable to delete SIM card"
	unlock, err := r.locks.lock(ctx, "accounts "+id)
	if err != nil {
		return cardInterrupted(id)
	}
	defer unlock()

	if m != nil && m.Operation.Kind == accounts.Delete {
		if !m.Unknown {
			return r.await(ctx, client, m, diags)
		}
		now := r.settleUnknown(ctx, client, m, diags)
		switch {
		case now.err != nil:
			return cardResult{end: changeUnknown, mark: m, summary: summary, detail: explain(fmt.Sprintf(
				"The deletion of SIM card %s was sent %s, no usable answer came, and the SIM still can't be read.", id, ago(m.Operation.Since)), now.err, unknownAdvice)}
		case now.absent:
			return cardResult{end: changeDone}
		case now.mark != nil:
			return r.await(ctx, client, now.mark, diags)
		}
		// It had no effect, and this destroy is a new plan that shows the deletion: it may be sent again.
	}

	if m != nil && m.Operation.Kind == accounts.Create && !m.Unknown {
		// The order may not show yet, and what it creates would be lost if that were taken for gone.
		ordered := r.await(ctx, client, m, diags)
		switch {
		case diags.HasError() || ordered.mark != nil:
			return ordered
		case ordered.card == nil:
			return cardResult{end: changeDone} // it failed, nothing was created
		}
	}

	card, err := r.ready(ctx, client, account, cli)
	var stalled *accounts.StalledError
	switch {
	case errors.Is(err, transport.ErrNotFound):
		return cardResult{end: changeDone}
	case err != nil && !errors.As(err, &stalled):
		return cardResult{card: card, summary: summary, detail: explain(fmt.Sprintf(
			"SIM card %s is not ready to be deleted, or could not be read. Nothing was sent.", id), err, "")}
	}
	if !r.live.begin(diags, simCardDeletion, "SIM card "+id) {
		return cardResult{card: card}
	}
	operation, err := client.DeleteSIMCard(ctx, account, cli)
	switch {
	case errors.Is(err, transport.ErrNotFound):
		return cardResult{end: changeDone}
	case errors.Is(err, transport.ErrOutcomeUnknown):
		return r.reconcile(ctx, client, accounts.Operation{Kind: accounts.Delete, Account: account, CLI: cli, Since: time.Now()}, err, diags)
	case err != nil:
		return cardResult{card: card, summary: summary, detail: explain(fmt.Sprintf(
			"The service refused to delete SIM card %s. It stays in state.", id), err, "")}
	}
	return r.await(ctx, client, &mark[accounts.Operation]{Operation: operation}, diags)
}

// cardLook is how a SIM card and the last change of it stand at one look.
type cardLook struct {
	card    *accounts.SIMCard         // nil where absent, and while a creation does not show yet
	mark    *mark[accounts.Operation] // nil: the change is over
	absent  bool
	refused bool // the change had no effect
	err     error
}

// look reads a SIM card, and asks once how a change stands that is not over. It never waits.
func (r *simCardResource) look(ctx context.Context, client *accounts.Client, state simCardModel, m *mark[accounts.Operation], diags *diag.Diagnostics) cardLook {
	account, cli := state.AccountKey.ValueString(), state.CLI.ValueString()
	if m == nil {
		card, err := client.SIMCardShared(ctx, account, cli)
		return cardLook{card: card, absent: errors.Is(err, transport.ErrNotFound), err: err}
	}
	if m.Unknown {
		return r.settleUnknown(ctx, client, m, diags)
	}

	op := m.Operation
	id := op.Account + "/" + op.CLI
	end, result, err := client.Peek(ctx, op)
	var stalled *accounts.StalledError
	switch {
	case errors.As(err, &stalled):
		return cardLook{card: result.SIMCard} // the caller warns of every SIM card that is stalled
	case end == waitFailed && result.SIMCard == nil && !result.Absent:
		return cardLook{mark: m, err: err} // what is left of the SIM could not be read
	case end == waitFailed && op.Kind == accounts.Create && errors.Is(err, transport.ErrConflict) && !result.Absent:
		diags.AddWarning("SIM card creation failed", explain(fmt.Sprintf(
			"The order of SIM card %s, accepted %s, has failed since: a SIM of that CLI exists that this order did not create. It is "+
				"taken out of state, and is not deleted.", id, ago(op.Since)), err, "If it is yours, import it."))
		return cardLook{absent: true}
	case end == waitFailed:
		diags.AddWarning(fmt.Sprintf("SIM card %s failed", op.Kind), explain(fmt.Sprintf(
			"The %s of SIM card %s, accepted %s, has failed since.", op.Kind, id, ago(op.Since)), err, "The next plan shows what is left to do."))
		return cardLook{card: result.SIMCard, absent: result.Absent}
	case end == waitDone:
		// A service may keep a deleted SIM as terminated; it is gone all the same.
		return cardLook{card: result.SIMCard, absent: result.Absent || op.Kind == accounts.Delete}
	case err != nil:
		return cardLook{mark: m, err: err}
	}
	return cardLook{mark: m, card: result.SIMCard, absent: result.Absent && op.Kind != accounts.Create}
}

// settleUnknown decides by reads what became of a change of which no answer came. One read that shows it at work is
// enough; that it had no effect takes as many, and as long, as right after it was sent.
func (r *simCardResource) settleUnknown(ctx context.Context, client *accounts.Client, m *mark[accounts.Operation], diags *diag.Diagnostics) cardLook {
	op := m.Operation
	var card *accounts.SIMCard
	var absent bool
	var err error
	if op.Kind == accounts.Create {
		card, err = client.Reconcile(ctx, op)
		absent = errors.Is(err, transport.ErrNotFound)
	} else {
		card, absent, err = client.Settle(ctx, op)
	}
	switch {
	case absent:
		if op.Kind == accounts.Create {
			noEffect(diags, op, "the service does not know the SIM")
		}
		return cardLook{absent: true}
	case err != nil:
		return cardLook{mark: m, err: err}
	case card.ActorStatus == accounts.ActorPending:
		return cardLook{card: card, mark: &mark[accounts.Operation]{Operation: op}} // under way after all
	case op.TookEffect(card):
		return cardLook{card: card, absent: op.Kind == accounts.Delete}
	}
	noEffect(diags, op, "the SIM shows none of it")
	return cardLook{card: card, refused: true}
}

func noEffect(diags *diag.Diagnostics, op accounts.Operation, why string) {
	diags.AddWarning(fmt.Sprintf("SIM card %s had no effect", op.Kind), fmt.Sprintf(
		"The %s of SIM card %s/%s was sent %s and no usable answer came; %s.\n\n"+
			"The next plan shows what is left to do; nothing is sent without it.", op.Kind, op.Account, op.CLI, ago(op.Since), why))
}
