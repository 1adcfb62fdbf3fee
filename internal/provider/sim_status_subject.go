package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/simfleet/terraform-provider-telco/internal/api/cmo"
	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/identity"
	"github.com/simfleet/terraform-provider-telco/internal/journal"
	"github.com/simfleet/terraform-provider-telco/internal/livechange"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// statusSubject is a SIM whose status is to be set, for telco_sim_status and for each SIM of a fleet.
type statusSubject struct {
	*services
	client            *cmo.Client
	productID, target string
	// removal: the SIM is given up, by destroy or by leaving a fleet. One whose status is final has nothing to be sent
	// then.
	removal bool

	mu    sync.Mutex
	notes diag.Diagnostics // what else is to be known
}

var (
	_ change.Subject[*cmo.Product, cmo.Operation] = (*statusSubject)(nil)
	_ change.Retrier[*cmo.Product]                = (*statusSubject)(nil)
	_ change.Referrer[cmo.Operation]              = (*statusSubject)(nil)
	_ change.Learner[*cmo.Product]                = (*statusSubject)(nil)
)

func (s *statusSubject) Change() journal.Change {
	return journal.Change{API: "cmo", Kind: string(livechange.SIMStatus), SIM: s.productID, To: s.target}
}

// Read reads the SIM, once no other change of it is running.
func (s *statusSubject) Read(ctx context.Context) (*cmo.Product, error) {
	product, err := s.client.ProductShared(ctx, s.productID)
	if isNotFound(err) && s.removal {
		product, err = s.readAgain(ctx, s.client, s.productID) // it ends the destroy with nothing sent
	}
	switch {
	case isNotFound(err):
		return nil, &change.GoneError{Cause: err}
	case err != nil || product.SIMCard == nil:
		return product, err
	}
	s.cmoWitness(s.client).Saw()
	live := product.SIMCard.Status
	if cmo.IsTransitional(live) && !cmo.Satisfies(s.target, live) && !final(live, s.target) {
		return s.client.WaitSettled(ctx, s.productID)
	}
	return product, nil
}

// cmoWitness finds out whether it is the tenant of our SIMs that answers.
func (s *services) cmoWitness(client *cmo.Client) *change.Witness {
	return s.witnesses.at("cmo", client.HasProducts)
}

// readAgain makes certain that a SIM is gone, which one answer never is.
func (s *services) readAgain(ctx context.Context, client *cmo.Client, productID string) (*cmo.Product, error) {
	return change.Certain(ctx, s.cmoWitness(client), isNotFound, func(ctx context.Context) (*cmo.Product, error) {
		return client.ProductShared(ctx, productID)
	})
}

// Decide is the same for plan and apply; target "" is not known yet.
func (s *statusSubject) Decide(product *cmo.Product) change.Decision {
	if product.SIMCard == nil {
		return change.Decision{Action: change.Refuse, Attribute: "product_id", Summary: "Not a cellular product",
			Detail: fmt.Sprintf(
				"Product %s has no SIM card (connectivity type %s). This resource manages SIM cards only; satellite terminals are "+
					"out of its scope.",
				s.productID, product.ConnectivityType)}
	}
	live := product.SIMCard.Status
	d := change.Decision{Action: change.Send, From: live, Shows: live, Wanted: s.target}
	switch {
	case s.target == "":
	case cmo.Satisfies(s.target, live), cmo.IsTransitioningTo(s.target, live):
		d.Action = change.Nothing
	case final(live, s.target) && s.removal:
		d.Action, d.Summary = change.Nothing, livechange.SIMStatus.LeftAloneSummary()
		d.Detail = fmt.Sprintf("SIM %s has the status %s, which is final: it can't be set to %s, so nothing is sent for it.",
			s.productID, live, s.target)
	case final(live, s.target):
		d.Action, d.Attribute, d.Summary = change.Refuse, "status", "SIM is terminated"
		d.Detail = fmt.Sprintf("SIM %s has the status %s, which is final: it can't be set to %s.\n\n"+
			"Declare the status that it has, or stop managing it: with a removed block (destroy = false), or with terraform "+
			"state rm. Where this is in the way of terraform destroy, terraform destroy -refresh=false goes on and sends "+
			"nothing for this SIM, and so does a removed block.", s.productID, live, s.target)
	}
	return d
}

// final says that a SIM has left, or is about to, and can't get the wanted status any more.
func final(live, target string) bool {
	return cmo.IsTerminal(live) && !cmo.Satisfies(target, live) && !(live == "PENDING_TERMINATE" && target == "TERMINATED")
}

// Became compares what the SIM shows with what an earlier change asked for.
func (s *statusSubject) Became(product *cmo.Product, earlier journal.Change) journal.Outcome {
	switch live := statusOf(product); {
	case live == "":
	case cmo.Satisfies(earlier.To, live):
		return journal.Done
	case live == earlier.From:
		return journal.NoEffect
	}
	return ""
}

func (s *statusSubject) Operation(product *cmo.Product) cmo.Operation {
	return cmo.Operation{ProductID: s.productID, Target: s.target, Before: product.SIMCard.Status, Since: time.Now().UTC()}
}

func (s *statusSubject) Send(ctx context.Context, op *cmo.Operation) error {
	sent, err := s.client.SetStatus(ctx, s.productID, s.target)
	if err != nil {
		return err
	}
	sent.Before = op.Before
	*op = sent
	if sent.MonitorRefused {
		s.note("Monitor URL refused", fmt.Sprintf(
			"For the change of SIM %s the service named a monitor on another host than the configured endpoint. It was not "+
				"requested, since the credentials would have gone there; the SIM itself is read instead.", s.productID))
	}
	return nil
}

func (s *statusSubject) note(summary, detail string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notes.AddWarning(summary, detail)
}

// Idle waits, after a 409, for the end of the change that the service says is running.
func (s *statusSubject) Idle(ctx context.Context, product *cmo.Product) (*cmo.Product, error) {
	return s.client.WaitOther(ctx, s.productID, product.SIMCard.Status)
}

func (s *statusSubject) Reference(op cmo.Operation) string { return op.Monitor }

func (s *statusSubject) Wait(ctx context.Context, op cmo.Operation) (wait.Verdict, *cmo.Product, error) {
	result, err := s.client.Wait(ctx, op)
	return statusVerdict(err), result.Product, err
}

// statusVerdict is what the error of a wait says of the change.
func statusVerdict(err error) wait.Verdict {
	var failed *wait.FailedError
	var unsettled *cmo.UnsettledError
	switch {
	case err == nil:
		return wait.Happened
	case errors.As(err, &unsettled):
		return wait.Missed
	case errors.As(err, &failed):
		return wait.Broken
	case isNotFound(err):
		return wait.Vanished
	}
	return wait.Undecided
}

func (s *statusSubject) Peek(ctx context.Context, op cmo.Operation) (wait.Verdict, *cmo.Product, error) {
	state, result, err := s.client.Peek(ctx, op)
	switch {
	case err != nil:
		return wait.Undecided, nil, err
	case state == wait.Done:
		return wait.Happened, result.Product, nil
	case state == wait.Failed:
		return statusVerdict(result.Reason), result.Product, result.Reason
	}
	return wait.Underway, result.Product, nil
}

func (s *statusSubject) Settle(ctx context.Context, op cmo.Operation) (wait.Verdict, *cmo.Product, error) {
	return s.client.Settle(ctx, op)
}

// statusOf is the status that a SIM shows; "" where it is not known.
func statusOf(product *cmo.Product) string {
	if product == nil || product.SIMCard == nil {
		return ""
	}
	return product.SIMCard.Status
}

// simKey is one key for all spellings of a SIM's product id.
func simKey(productID string) string {
	backend, iccid := cmo.SplitID(productID)
	return "cmo " + identity.Word(backend) + "-" + identity.ICCKey(iccid)
}

// statusSentences are what the messages about a status change say. from is "" where it is not known.
func statusSentences(productID, from, target string) sentences {
	text := fmt.Sprintf("change of SIM %s to %s", productID, target)
	if from != "" {
		text = fmt.Sprintf("change of SIM %s from %s to %s", productID, from, target)
	}
	return sentences{
		object: "SIM " + productID, change: text, kind: string(livechange.SIMStatus),
		unable: "Unable to set SIM status", failed: "SIM status was not changed", noEffect: "SIM status was not changed",
		pending: "SIM status is pending", unknown: "Outcome of the SIM status change is unknown", gone: unknownSIM,
		goneAdvice: "Check the product id: BACKEND-ICCID as the data source telco_products lists it, and the tenant.",
		shows: func(live any) string {
			if product, ok := live.(*cmo.Product); ok && statusOf(product) != "" {
				return "its status is " + statusOf(product)
			}
			return ""
		},
		refusalAdvice: func(err error) string {
			return cmp.Or(advice(err), "Which changes are possible depends on the backend, the tariff and the SIM's present "+
				"status.")
		},
	}
}

const unknownSIM = "Unknown SIM"

// sentencesOf are those of an operation of an earlier run.
func sentencesOf(op cmo.Operation) sentences {
	say := statusSentences(op.ProductID, op.Before, op.Target)
	say.since = op.Since
	return say
}

func simStatusReadError(diags *diag.Diagnostics, productID string, err error) {
	if errors.Is(err, transport.ErrNotFound) && !isForeign(err) {
		diags.AddAttributeError(pathProductID, unknownSIM,
			explain(fmt.Sprintf("The CMO knows no product %s in this tenant.", productID), err,
				"Check the product id: BACKEND-ICCID as the data source telco_products lists it. Nothing was sent."))
		return
	}
	readError(diags, "Unable to read SIM status", fmt.Sprintf("The live status of SIM %s could not be read.", productID),
		err)
}
