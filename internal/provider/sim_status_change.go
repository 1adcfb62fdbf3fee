package provider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/simfleet/terraform-provider-telco/internal/api/cmo"
	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

const (
	waitPending = wait.Pending
	waitDone    = wait.Done
	waitFailed  = wait.Failed
)

// changeEnd is how a change ended, as far as this run can tell.
type changeEnd int

const (
	// changeRefused: nothing has changed, and nothing is on its way.
	changeRefused changeEnd = iota
	// changeDone: the live object is as asked, whether something was sent or not.
	changeDone
	// changeOpen: the service accepted the change, and its end was not seen.
	changeOpen
	// changeUnknown: it was sent, and not even reading could tell what became of it.
	changeUnknown
)

// statusResult is what became of a status change.
type statusResult struct {
	end     changeEnd
	product *cmo.Product // last known
	mark    *mark[cmo.Operation]
	missed  bool // the change is over by all accounts, and the SIM keeps another status
	gone    bool // the service clearly does not know the SIM
	// summary and detail make the diagnostic; its severity is the caller's to choose. "" where there is one already.
	summary, detail string
}

// setStatus brings a SIM to a status: it reads, sends one PATCH where that is needed and the plan has announced it, and
// waits. accepted is called as soon as the service has the change, so that it is in state whatever happens then.
func (s *services) setStatus(ctx context.Context, client *cmo.Client, productID, target string, announced bool, diags *diag.Diagnostics, accepted func(*cmo.Product, *mark[cmo.Operation])) statusResult {
	refused := func(what string, err error, next string) statusResult {
		return statusResult{summary: "Unable to set SIM status", detail: explain(what, err, next)}
	}
	unlock, err := s.locks.lock(ctx, "cmo "+productID)
	if err != nil {
		return refused(fmt.Sprintf("The change of SIM %s to %s was not sent: the run was interrupted.", productID, target), nil, "")
	}
	defer unlock()

	product, err := client.ProductShared(ctx, productID)
	if err == nil && product.SIMCard != nil && cmo.Transitional(product.SIMCard.Status) && !cmo.Fulfils(target, product.SIMCard.Status) &&
		!final(product.SIMCard.Status, target) {
		product, err = client.WaitSettled(ctx, productID) // another change is running: one at a time
	}
	switch {
	case errors.Is(err, transport.ErrNotFound):
		return statusResult{gone: true, summary: unknownSIM, detail: unknownSIMDetail(productID, err)}
	case err != nil:
		return refused(fmt.Sprintf("The live status of SIM %s could not be read before the change to %s. Nothing was sent.", productID, target), err, "")
	case !checkStatusChange(diags, product, productID, target):
		return statusResult{product: product}
	case cmo.Fulfils(target, product.SIMCard.Status):
		return statusResult{end: changeDone, product: product}
	case !announced:
		return statusResult{product: product, summary: changedSincePlan, detail: fmt.Sprintf(
			"The plan found SIM %s with the status %s and announced no change of it; by now its status is %s. Nothing was sent.\n\n"+
				"Plan again: the next plan shows the change.", productID, target, product.SIMCard.Status)}
	}
	if !s.live.begin(diags, simStatusChange, "SIM "+productID) {
		return statusResult{product: product}
	}

	before := product.SIMCard.Status
	operation, err := client.SetStatus(ctx, productID, target)
	for range conflictTries {
		if !errors.Is(err, transport.ErrConflict) {
			break
		}
		// The service has not taken the change, since another one is running: wait for that, and decide anew.
		now, waitErr := client.WaitOther(ctx, productID, before)
		if waitErr != nil {
			break
		}
		if product, before = now, now.SIMCard.Status; cmo.Fulfils(target, before) {
			return statusResult{end: changeDone, product: product}
		}
		if !checkStatusChange(diags, product, productID, target) {
			return statusResult{product: product}
		}
		operation, err = client.SetStatus(ctx, productID, target)
	}
	switch {
	case errors.Is(err, transport.ErrOutcomeUnknown):
		return s.reconcileStatus(ctx, client, productID, before, target, product, err)
	case errors.Is(err, transport.ErrConflict):
		result := refused(fmt.Sprintf("SIM %s was not changed to %s: another change of it is running.", productID, target), err,
			"Apply again once it is over.")
		result.product = product
		return result
	case errors.Is(err, transport.ErrNotSent):
		result := refused(fmt.Sprintf("The change of SIM %s from %s to %s was not sent. Nothing has changed.", productID, before, target), err, "")
		result.product = product
		return result
	case err != nil:
		result := refused(fmt.Sprintf("The service refused to change SIM %s from %s to %s. Nothing has changed.", productID, before, target), err,
			refusalAdvice(err))
		result.product = product
		return result
	}
	if operation.MonitorRefused {
		diags.AddWarning("Monitor URL refused", fmt.Sprintf(
			"For the change of SIM %s the service named a monitor on another host than the configured endpoint. It was not requested, "+
				"since the credentials would have gone there; the SIM itself is read instead.", productID))
	}
	m := &mark[cmo.Operation]{Operation: operation}
	accepted(product, m)
	return s.awaitStatus(ctx, client, m, product)
}

// conflictTries is how often a change is sent anew after a 409: each counts against the address.
const conflictTries = 2

// refusalAdvice is what to do about a refused transition; credentials and rate have advice of their own.
func refusalAdvice(err error) string {
	if next := advice(err); next != "" {
		return next
	}
	return "Which changes are possible depends on the backend, the tariff and the SIM's present status."
}

// awaitStatus waits for the end of an accepted change.
func (s *services) awaitStatus(ctx context.Context, client *cmo.Client, m *mark[cmo.Operation], product *cmo.Product) statusResult {
	op := m.Operation
	result, err := client.Wait(ctx, op)
	if result.Product != nil && result.Product.SIMCard != nil {
		product = result.Product
	}
	var failed *wait.FailedError
	var unsettled *cmo.UnsettledError
	switch {
	case err == nil:
		return statusResult{end: changeDone, product: product}
	case errors.As(err, &unsettled):
		return statusResult{end: changeOpen, product: product, mark: m, missed: true, summary: "SIM status was not changed", detail: explain(
			fmt.Sprintf("The service accepted the change of SIM %s to %s and is done with it, but the SIM does not show it.", op.ProductID, op.Target),
			err, "The next plan reads the live SIM and shows what is left to do.")}
	case errors.As(err, &failed):
		return statusResult{product: product, summary: "SIM status was not changed", detail: explain(
			fmt.Sprintf("The service accepted the change of SIM %s to %s and then reported that it failed.", op.ProductID, op.Target),
			err, refusalAdvice(failed.Reason))}
	case errors.Is(err, transport.ErrNotFound):
		return statusResult{product: product, gone: true, summary: "SIM is gone", detail: explain(
			fmt.Sprintf("SIM %s is no longer known to the service after the change to %s.", op.ProductID, op.Target), err, "")}
	}
	return statusResult{end: changeOpen, product: product, mark: m, summary: "SIM status is pending", detail: explain(
		fmt.Sprintf("The service has accepted the change of SIM %s to %s, and its end was not seen.", op.ProductID, op.Target), err,
		pendingAdvice)}
}

const pendingAdvice = "Nothing is lost and nothing is sent again: run terraform apply again to pick up the wait, or raise the timeouts " +
	"of this resource."

const unknownAdvice = "Nothing is sent again without a new plan that shows it. The next plan reads the live SIM and settles what " +
	"became of the change; look at it in the service's portal if you can't wait."

// reconcileStatus finds out by reading what became of a change of which no usable answer came.
func (s *services) reconcileStatus(ctx context.Context, client *cmo.Client, productID, before, target string, product *cmo.Product, sent error) statusResult {
	// Reading must go on when the run is interrupted: what was sent may be live.
	readCtx := context.WithoutCancel(ctx)
	m := &mark[cmo.Operation]{Operation: cmo.Operation{ProductID: productID, Target: target, Since: time.Now()}}
	changed, now, err := client.Reconcile(readCtx, productID, before, target, m.Operation.Since)
	switch {
	case err != nil:
		m.Unknown = true
		return statusResult{end: changeUnknown, product: product, mark: m, summary: "Outcome of the SIM status change is unknown", detail: explain(
			fmt.Sprintf("The change of SIM %s from %s to %s was sent, no usable answer came, and the SIM could not be read.", productID, before, target),
			sent, unknownAdvice)}
	case !changed:
		return statusResult{product: now, summary: "SIM status was not changed", detail: explain(
			fmt.Sprintf("The change of SIM %s from %s to %s was sent and no usable answer came. Reading the SIM shows that it had no effect.", productID, before, target),
			sent, "It is safe to apply again.")}
	}
	return s.awaitStatus(ctx, client, m, now)
}

// resumeStatus picks up a change of an earlier run. It sends nothing.
func (s *services) resumeStatus(ctx context.Context, client *cmo.Client, m *mark[cmo.Operation]) statusResult {
	op := m.Operation
	unlock, err := s.locks.lock(ctx, "cmo "+op.ProductID)
	if err != nil {
		return statusResult{end: changeOpen, mark: m, summary: "SIM status is pending", detail: explain(
			fmt.Sprintf("The run was interrupted before the change of SIM %s to %s was looked at.", op.ProductID, op.Target), nil, pendingAdvice)}
	}
	defer unlock()
	if !m.Unknown {
		return s.awaitStatus(ctx, client, m, nil)
	}

	product, err := client.ProductShared(ctx, op.ProductID)
	if err == nil && product.SIMCard != nil {
		product, err = lookAgain(ctx, client, op, product)
	}
	switch {
	case err != nil || product.SIMCard == nil:
		return statusResult{end: changeUnknown, mark: m, summary: "Outcome of the SIM status change is unknown", detail: explain(
			fmt.Sprintf("The change of SIM %s to %s was sent %s, no usable answer came, and the SIM still can't be read.", op.ProductID, op.Target, ago(op.Since)),
			err, unknownAdvice)}
	case cmo.Fulfils(op.Target, product.SIMCard.Status) || cmo.Transitional(product.SIMCard.Status):
		return s.awaitStatus(ctx, client, &mark[cmo.Operation]{Operation: op}, product)
	}
	return statusResult{product: product, summary: "SIM status was not changed", detail: fmt.Sprintf(
		"The change of SIM %s to %s was sent %s and no usable answer came. The SIM's status is %s: it did not take effect.\n\n"+
			"It is safe to apply again.", op.ProductID, op.Target, ago(op.Since), product.SIMCard.Status)}
}
