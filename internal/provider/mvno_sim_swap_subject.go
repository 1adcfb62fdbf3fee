package provider

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/simfleet/terraform-provider-telco/internal/api/mvno"
	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/identity"
	"github.com/simfleet/terraform-provider-telco/internal/journal"
	"github.com/simfleet/terraform-provider-telco/internal/livechange"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// swapSubject is an MVNO account whose SIM is to be swapped.
type swapSubject struct {
	*services
	client                      *mvno.Client
	accountID, newSIM, replaces string
	answered                    *mvno.SIM // what the swap has answered
}

// swapOperation is what private state keeps of a swap of which no usable answer came, or that the service has answered
// and does not show yet.
type swapOperation struct {
	NewSIM string    `json:"new_sim"` // as asked for; once answered, the ICC
	Before string    `json:"before"`  // the ICC that the account held
	Since  time.Time `json:"since"`
}

var (
	_ change.Subject[*mvno.Account, swapOperation] = (*swapSubject)(nil)
	_ change.Learner[*mvno.Account]                = (*swapSubject)(nil)
)

func (s *swapSubject) Change() journal.Change {
	return journal.Change{API: "mvno", Kind: string(livechange.MVNOSIMSwap), SIM: identity.HexID(s.accountID),
		To: s.newSIM}
}

func (s *swapSubject) Read(ctx context.Context) (*mvno.Account, error) {
	account, err := s.client.Account(ctx, s.accountID)
	if isNotFound(err) {
		return nil, &change.GoneError{Cause: err}
	}
	if err == nil {
		s.mvnoWitness(s.client).Saw()
	}
	return account, err
}

// mvnoWitness finds out whether it is the service of our accounts that answers.
func (s *services) mvnoWitness(client *mvno.Client) *change.Witness {
	return s.witnesses.at("mvno", client.HasAccounts)
}

// Decide applies new_sim and replaces to the SIM that the account holds. replaces "" is none.
func (s *swapSubject) Decide(account *mvno.Account) change.Decision {
	held := account.SIM.SIMNumber
	d := change.Decision{Action: change.Refuse, From: identity.ICCKey(held), Shows: held, Wanted: s.newSIM}
	isWord := mvno.IsWord(s.newSIM)
	switch {
	case !mvno.AllowsSwap(account.State):
		d.Attribute, d.Summary = "account_id", "MVNO account can't swap its SIM"
		d.Detail = fmt.Sprintf("MVNO account %s is in state %s, which allows no swap. Nothing was sent.", s.accountID,
			account.State)
	case held == "":
		d.Summary, d.Detail = noSIM(s.accountID)
	case !isWord && identity.SameICC(s.newSIM, held):
		d.Action = change.Nothing
	case isWord && s.replaces == "" && s.swapped.contains(s.accountID):
		d.Summary, d.Detail = "Two resources manage one SIM", fmt.Sprintf(
			"Another resource of this run has swapped the SIM of MVNO account %s, which holds SIM %s now, and this one asks "+
				"for another swap to %s. Nothing was sent for it.\n\nKeep one of the two.", s.accountID, held, s.newSIM)
	case s.replaces == "" || identity.SameICC(s.replaces, held):
		d.Action = change.Send
	case isWord:
		d.Action, d.Summary, d.Detail = change.Nothing, "No SIM swap is needed", fmt.Sprintf(
			"MVNO account %s holds SIM %s and no longer %s (replaces), so SIM %s is taken over as the one that %s asked for. "+
				"Nothing is sent. If you want another swap, set replaces to that "+
				"ICC.", s.accountID, held, s.replaces, held, s.newSIM)
	default:
		d.Attribute, d.Summary = "replaces", "Account holds another SIM"
		d.Detail = fmt.Sprintf("MVNO account %s holds SIM %s, neither the one in replaces (%s) nor the one asked for (%s). "+
			"Nothing was "+
			"sent.\n\nFind out who swapped it. To swap all the same, set replaces = %q.", s.accountID, held, s.replaces,
			s.newSIM, held)
	}
	return d
}

func noSIM(accountID string) (summary, detail string) {
	return "MVNO account shows no SIM", fmt.Sprintf(
		"The MVNO API answers account %s without mvnoSim.simNumber, so it can't be told which SIM it holds. Nothing was "+
			"sent, and the state is kept as it was.", accountID)
}

// Became compares the SIM that the account holds with the one that it held before an earlier swap.
func (s *swapSubject) Became(account *mvno.Account, earlier journal.Change) journal.Outcome {
	switch {
	case account == nil || account.SIM.SIMNumber == "" || earlier.From == "":
		return ""
	case identity.SameICC(earlier.From, account.SIM.SIMNumber):
		return journal.NoEffect
	}
	return journal.Done
}

func (s *swapSubject) Operation(account *mvno.Account) swapOperation {
	return swapOperation{NewSIM: s.newSIM, Before: account.SIM.SIMNumber, Since: time.Now().UTC()}
}

func (s *swapSubject) Send(ctx context.Context, op *swapOperation) error {
	sim, err := s.client.Swap(ctx, s.accountID, s.newSIM)
	if c := certainty(err); c == change.Accepted || c == change.Uncertain {
		s.swapped.add(s.accountID)
	}
	if err != nil {
		return err
	}
	s.answered, op.NewSIM = sim, sim.SIMNumber
	return nil
}

// Wait waits until the account shows the new SIM: the swap is over, but while the account shows the old one, a refresh
// would take that for a swap back.
func (s *swapSubject) Wait(ctx context.Context, op swapOperation) (wait.Verdict, *mvno.Account, error) {
	account, err := s.client.WaitShown(ctx, s.accountID, op.NewSIM)
	if err != nil {
		return wait.Undecided, account, err
	}
	return wait.Happened, account, nil
}

// Peek looks whether the account shows the new SIM. A third one is a swap that somebody has made after this one.
func (s *swapSubject) Peek(ctx context.Context, op swapOperation) (wait.Verdict, *mvno.Account, error) {
	account, err := s.client.Account(ctx, s.accountID)
	switch {
	case err != nil:
		return wait.Undecided, nil, err
	case account.SIM.SIMNumber == "", identity.SameICC(account.SIM.SIMNumber, op.Before) &&
		!identity.SameICC(op.Before, op.NewSIM):
		return wait.Underway, account, nil
	}
	return wait.Happened, account, nil
}

func (s *swapSubject) Settle(ctx context.Context, op swapOperation) (wait.Verdict, *mvno.Account, error) {
	return s.client.Settle(ctx, s.accountID, op.Before, op.NewSIM, op.Since)
}

// swappedAccounts are those whose SIM this run has swapped, or may have. Two resources that ask for the same keyword
// are two swaps: where the plan could not say which SIM goes, as without preflight, nothing else tells the second from
// the first.
type swappedAccounts struct {
	mu   sync.Mutex
	byID map[string]bool
}

func (a *swappedAccounts) add(accountID string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.byID == nil {
		a.byID = map[string]bool{}
	}
	a.byID[identity.HexID(accountID)] = true
}

func (a *swappedAccounts) contains(accountID string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.byID[identity.HexID(accountID)]
}

func swapKey(accountID string) string { return "mvno " + identity.HexID(accountID) }

func swapSentences(accountID, from, newSIM string) sentences {
	text := fmt.Sprintf("swap of MVNO account %s to %s", accountID, newSIM)
	if from != "" {
		text = fmt.Sprintf("swap of MVNO account %s from SIM %s to %s", accountID, from, newSIM)
	}
	return sentences{
		object: "MVNO account " + accountID, change: text, kind: string(livechange.MVNOSIMSwap),
		unable: "Unable to swap the SIM", failed: "SIM swap failed", noEffect: "SIM swap had no effect",
		pending: "Account does not show the new SIM yet", unknown: "Outcome of the SIM swap is unknown",
		gone: "Unknown MVNO account", goneAdvice: "Check the account id.", refusalAdvice: swapAdvice,
		shows: func(live any) string {
			if account, ok := live.(*mvno.Account); ok && account != nil {
				return "it holds SIM " + account.SIM.SIMNumber
			}
			return ""
		},
		pendingAdvice: "Nothing is to be done and nothing is sent again: the service has answered the swap as done, and " +
			"the next plan reads the account again. If it stays so, ask the service's support.",
	}
}

func sentencesOfSwap(accountID string, op swapOperation) sentences {
	say := swapSentences(accountID, op.Before, op.NewSIM)
	say.since = op.Since
	return say
}

func swapAdvice(err error) string {
	var e *transport.Error
	if !errors.As(err, &e) {
		return advice(err)
	}
	switch {
	case e.Code == "sim":
		return "The SIM is unknown, or not available: in use, spent, or of another network. The account is as it was. The " +
			"data source telco_mvno_sims lists the SIMs that are free."
	case e.Code == "porting":
		return "The account's number is being ported. Apply again once the porting is over."
	case e.Code == "state":
		return "The account's present state forbids a swap."
	case e.Code == "access_denied" || e.Status == 403:
		return "A swap needs a token with access level OWNER, RESELLER or ADMIN; one that may read is not enough."
	}
	return advice(err)
}

// warnTookPlace tells of a swap that took place without an answer.
func warnTookPlace(diags *diag.Diagnostics, accountID string, before, now string, err error) {
	diags.AddWarning("SIM swap took place without an answer", explain(fmt.Sprintf(
		"The swap of MVNO account %s was sent once and no usable response was received. The account holds SIM %s instead of "+
			"%s now: it took place.",
		accountID, now, before), err, "The codes (PIN, PUK) of the new SIM went with the answer; ask the service's support "+
		"for them."))
}
