package provider

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/journal"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// newEngine makes what all changes of a run share.
func newEngine(budget *change.Budget, pace wait.Pace, j *journal.Journal, abandoned func() bool) *change.Engine {
	pace = pace.WithDefaults()
	return &change.Engine{
		Locks: change.NewLocks(), Budget: budget, Journal: j, Classify: certainty, Observe: observe,
		SettleWithin: pace.Settle, SettleInterrupted: pace.SettleInterrupted, Abandoned: abandoned,
		Panicked: logPanic,
	}
}

// certainty is what the error of a change says about it. One that is not a client's says nothing.
func certainty(err error) change.Certainty {
	var failure *transport.Error
	switch {
	case err == nil:
		return change.Accepted
	case !errors.As(err, &failure), errors.Is(err, transport.ErrOutcomeUnknown):
		return change.Uncertain
	case errors.Is(err, transport.ErrNotSent):
		return change.CertainlyNotSent
	case errors.Is(err, transport.ErrConflict):
		return change.OtherRunning
	}
	return change.CertainlyRefused
}

// observe lets the journal note what a service answered.
func observe(ctx context.Context) (context.Context, func(error) journal.Answer) {
	var answer journal.Answer
	ctx = transport.WithObserver(ctx, func(status int) { answer.HTTPStatus = status })
	return ctx, func(err error) journal.Answer {
		var failure *transport.Error
		if errors.As(err, &failure) {
			answer.CorrelationID = failure.CorrelationID
			if answer.CorrelationID == "" {
				answer.CorrelationID = failure.TraceID
			}
		}
		return answer
	}
}

func logPanic(ctx context.Context, value any, stack []byte) {
	tflog.Error(ctx, "panic", map[string]any{"type": fmt.Sprintf("%T", value), "stack": string(stack)})
}

// witnesses are one for each place where something of ours may be missing: an account, a tenant, an endpoint.
type witnesses struct {
	pace wait.Pace

	mu      sync.Mutex
	byPlace map[string]*change.Witness
}

func newWitnesses(pace wait.Pace) *witnesses {
	return &witnesses{pace: pace.WithDefaults(), byPlace: map[string]*change.Witness{}}
}

func (w *witnesses) at(place string, prove func(context.Context) (bool, error)) *change.Witness {
	w.mu.Lock()
	defer w.mu.Unlock()
	witness := w.byPlace[place]
	if witness == nil {
		witness = &change.Witness{Prove: prove, Pause: w.pace.SecondLook}
		w.byPlace[place] = witness
	}
	return witness
}

func isNotFound(err error) bool { return errors.Is(err, transport.ErrNotFound) }

func isGone(err error) bool {
	var gone *change.GoneError
	return errors.As(err, &gone)
}

// readError tells why a live object could not be read. Where it is not ours that answers, one error says it for all.
func readError(diags *diag.Diagnostics, summary, what string, err error) {
	var foreign *change.ForeignError
	switch {
	case errors.As(err, &foreign) && foreign.Again:
		// The state is kept, and the first error of the run has said why.
	case errors.As(err, &foreign):
		diags.AddError("Nothing of this state is there",
			explain(what+" The service does not know it, nor anything else that should be there, so it may be another service "+
				"than this state was made with. The state is kept.", foreign.Cause,
				"Check the endpoint, the tenant and the credentials in the provider block (or its environment variables). If all "+
					"of it was really removed, take it out of the state: terraform state rm ADDRESS, or a removed block with destroy "+
					"= false."))
	default:
		diags.AddError(summary, explain(what, err, ""))
	}
}

// warnGone says of an object that it leaves the state.
func warnGone(diags *diag.Diagnostics, summary, object string, err error) {
	diags.AddWarning(summary, explain(fmt.Sprintf("The service does not know %s any more, so it leaves the state.",
		object), err,
		"If it should be there, find out who removed it before you apply: a configuration that still declares it creates it "+
			"again."))
}

func isForeign(err error) bool {
	var foreign *change.ForeignError
	return errors.As(err, &foreign)
}

func isConflict(err error) bool { return errors.Is(err, transport.ErrConflict) }
