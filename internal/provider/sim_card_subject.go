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
	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/journal"
	"github.com/simfleet/terraform-provider-telco/internal/livechange"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// cardSubject is a SIM card that is to be ordered, changed or deleted.
type cardSubject struct {
	*services
	client       *accounts.Client
	kind         accounts.Kind
	account, cli string
	fields       accounts.Fields // what is to be sent
	hints        *accounts.Hints
	// plan and state are what an update goes to and from.
	plan, state *simCardModel

	notes diag.Diagnostics // what else is to be known
}

var (
	_ change.Subject[*accounts.SIMCard, accounts.Operation] = (*cardSubject)(nil)
	_ change.Referrer[accounts.Operation]                   = (*cardSubject)(nil)
	_ change.Learner[*accounts.SIMCard]                     = (*cardSubject)(nil)
)

func (s *cardSubject) id() string { return s.account + "/" + s.cli }

var cardKinds = map[accounts.Kind]livechange.Kind{
	accounts.Create: livechange.SIMCardCreation, accounts.Update: livechange.SIMCardUpdate,
	accounts.Delete: livechange.SIMCardDeletion,
}

func (s *cardSubject) Change() journal.Change {
	return journal.Change{API: "accounts", Kind: string(cardKinds[s.kind]), SIM: s.id()}
}

// accountsWitness finds out whether it is the service of our account that answers.
func (s *services) accountsWitness(client *accounts.Client, account string) *change.Witness {
	return s.witnesses.at("accounts "+account, func(ctx context.Context) (bool,
		error) {
		return client.KnowsAccount(ctx, account)
	})
}

// Read reads the SIM card once the service has finished what it does with it: one command at a time. Before an order
// its absence is what is wanted.
func (s *cardSubject) Read(ctx context.Context) (*accounts.SIMCard, error) {
	card, err := s.ready(ctx)
	if isNotFound(err) {
		switch s.kind {
		case accounts.Create:
			return nil, nil
		case accounts.Delete: // it ends the destroy with nothing sent
			card, err = change.Certain(ctx, s.accountsWitness(s.client, s.account), isNotFound, s.ready)
		case accounts.Update:
			return nil, &change.GoneError{Cause: err}
		}
	}
	if err == nil {
		s.accountsWitness(s.client, s.account).Saw()
	}
	return card, err
}

func (s *cardSubject) ready(ctx context.Context) (*accounts.SIMCard, error) {
	card, err := s.client.SIMCard(ctx, s.account, s.cli)
	if err != nil || s.kind == accounts.Create || card.ActorStatus != accounts.ActorPending {
		return card, err
	}
	result, err := s.client.Wait(ctx, accounts.Operation{Kind: accounts.Update, Account: s.account, CLI: s.cli,
		Since: time.Now()})
	var stalled *accounts.StalledError
	if errors.As(err, &stalled) && result.SIMCard != nil {
		return result.SIMCard, nil // Decide says what follows
	}
	return result.SIMCard, err
}

func (s *cardSubject) Decide(card *accounts.SIMCard) change.Decision {
	switch s.kind {
	case accounts.Create:
		if card != nil {
			return existsDecision(s.id(), nil)
		}
		return change.Decision{Action: change.Send, From: livechange.Absent, Shows: livechange.Absent,
			Wanted: s.wantedState()}
	case accounts.Delete:
		return change.Decision{Action: change.Send, From: card.State.String(), Shows: "state " + card.State.String(),
			Wanted: "deleted"}
	case accounts.Update:
	}
	switch {
	case card.ActorStatus == accounts.ActorStalled:
		return change.Decision{Action: change.Refuse, Summary: "SIM card is stalled", Detail: fmt.Sprintf(
			"SIM card %s can't be changed while the service reports it as stalled. Nothing was sent.\n\n"+
				"Call the vendor's support desk with the account key and the CLI, or take the change out.", s.id())}
	case len(s.fields.NotReadBack(card)) == 0:
		return change.Decision{Action: change.Nothing} // somebody else has done it already
	case card.State == accounts.StateTerminated:
		return change.Decision{Action: change.Refuse, Summary: "SIM card is terminated", Detail: fmt.Sprintf(
			"SIM card %s has the state terminated, which is final: it can't be changed.\n\nDeclare state = \"terminated\" and "+
				"nothing else new, or stop managing it with a removed block (destroy = false). Where this is in the way of "+
				"terraform destroy, terraform destroy -refresh=false goes on, and so does a removed block.", s.id())}
	}
	now := *s.state
	now.setCard(card)
	fields := s.plan.changes(s.state, &now)
	d := change.Decision{Action: change.Send, From: s.plan.from(s.state, &now), Shows: fieldSide(fields, true),
		Wanted: fieldSide(fields, false)}
	d.Recorded = &change.Sides{From: recordedSide(fields, true), To: recordedSide(fields, false)}
	if d.From != s.plan.from(s.state, s.state) {
		d.Shows = strings.ReplaceAll(d.Shows, "(the text before)", "(perhaps another text)")
	}
	return d
}

func (s *cardSubject) wantedState() string {
	if s.fields.State == nil {
		return "created"
	}
	return "created with state " + s.fields.State.String()
}

// fieldSide is one side of the changed fields: "state live; description".
func fieldSide(fields []livechange.Field, from bool) string {
	texts := make([]string, len(fields))
	for i, f := range fields {
		switch {
		case f.Hidden && from:
			texts[i] = f.Name + " (the text before)"
		case f.Hidden:
			texts[i] = f.Name + " (the new text)"
		case from:
			texts[i] = f.Name + " " + f.From
		default:
			texts[i] = f.Name + " " + f.To
		}
	}
	return strings.Join(texts, "; ")
}

// recordedSide is what the journal says of one side: the state, and of other arguments their names, since a journal is
// kept by other people, and for longer, than the configuration.
func recordedSide(fields []livechange.Field, from bool) string {
	var texts []string
	for _, f := range fields {
		switch {
		case f.Name == "state" && from:
			return stateSide(f.From)
		case f.Name == "state":
			texts = append(texts, stateSide(f.To))
		case !from:
			texts = append(texts, f.Name)
		}
	}
	return strings.Join(texts, "; ")
}

func stateSide(state string) string { return "state " + state }

// Became tells of an order and of a deletion by whether the SIM card is there, and of an update by its state, where
// that is all that it changed.
func (s *cardSubject) Became(card *accounts.SIMCard, earlier journal.Change) journal.Outcome {
	side := ""
	if card != nil {
		side = stateSide(card.State.String())
	}
	switch {
	case card != nil && card.ActorStatus == accounts.ActorPending:
	case s.kind == accounts.Create && card != nil, s.kind == accounts.Delete && card == nil:
		return journal.Done
	case s.kind != accounts.Update:
		return journal.NoEffect
	case side == "" || strings.Contains(earlier.To, ";"):
	case side == earlier.To:
		return journal.Done
	case side == earlier.From:
		return journal.NoEffect
	}
	return ""
}

func existsDecision(id string, err error) change.Decision {
	return change.Decision{Action: change.Refuse, Attribute: "cli", Summary: "SIM card exists already", Detail: explain(
		fmt.Sprintf("SIM card %s already exists, so it is not created. An existing SIM is never adopted by itself.", id), err,
		fmt.Sprintf("If this configuration is to manage it, import it. With ADDRESS as this resource's address:\n\n"+
			"import {\n  to = ADDRESS\n  id = %q\n}\n\n"+
			"This is also the way on when an earlier apply was killed after the SIM had been created. If the SIM is managed "+
			"here already and its object is tainted, run terraform untaint ADDRESS: replacing it would delete a live SIM, "+
			"which deletion_protection prevents unless an earlier apply has set deletion_protection = false.", id))}
}

func (s *cardSubject) Operation(card *accounts.SIMCard) accounts.Operation {
	op := accounts.Operation{Kind: s.kind, Account: s.account, CLI: s.cli, Sent: s.fields, Since: time.Now().UTC()}
	if card != nil {
		op.Before = card.Fingerprint()
	}
	return op
}

func (s *cardSubject) Send(ctx context.Context, op *accounts.Operation) error {
	var sent accounts.Operation
	var err error
	switch s.kind {
	case accounts.Create:
		sent, err = s.client.CreateSIMCard(ctx, s.account, s.cli, s.fields, s.hints)
	case accounts.Update:
		sent, err = s.client.UpdateSIMCard(ctx, s.account, s.cli, s.fields)
	case accounts.Delete:
		sent, err = s.client.DeleteSIMCard(ctx, s.account, s.cli)
	}
	if err != nil {
		return err
	}
	sent.Before = op.Before
	*op = sent
	return nil
}

func (s *cardSubject) Reference(op accounts.Operation) string { return op.StatusURL }

func (s *cardSubject) Wait(ctx context.Context, op accounts.Operation) (wait.Verdict, *accounts.SIMCard, error) {
	result, err := s.client.Wait(ctx, op)
	if result.StatusURLRefused {
		s.notes.AddWarning("Status URL refused", fmt.Sprintf(
			"For the %s of SIM card %s the service named a status URL on another host than the configured endpoint. It was not "+
				"requested, since the credentials would have gone there; the SIM itself is read instead.", op.Kind, s.id()))
	}
	if err == nil && len(result.NotReadBack) > 0 && op.Kind != accounts.Delete {
		s.noteNotReadBack(op, result)
	}
	return s.verdict(op, result, err)
}

func (s *cardSubject) noteNotReadBack(op accounts.Operation, result accounts.Result) {
	s.notes.AddWarning("Arguments did not read back", fmt.Sprintf(
		"The %s of SIM card %s is complete, and the service does not show these fields as they were sent: %s.\n\n"+
			"The next plan shows what the service holds. Where it writes a value in another spelling, declare that one. Where "+
			"the operator does not support a field, take it out, or have its changes ignored with lifecycle { ignore_changes = "+
			"[...] }, of a map by foreign_attributes[\"KEY\"].", op.Kind, s.id(), strings.Join(result.NotReadBack, ", ")))
}

// verdict is what the end of a wait, or a look, says of the command.
func (s *cardSubject) verdict(
	op accounts.Operation, result accounts.Result, err error,
) (wait.Verdict, *accounts.SIMCard, error) {
	var failed *wait.FailedError
	var stalled *accounts.StalledError
	switch {
	case err == nil:
		return wait.Happened, result.SIMCard, nil
	case errors.As(err, &stalled) && op.Kind == accounts.Create:
		s.notes.AddWarning(stalledWarning(s.id()))
		return wait.Happened, result.SIMCard, nil
	case errors.As(err, &stalled):
		return wait.Broken, result.SIMCard, err
	case !errors.As(err, &failed):
		return wait.Undecided, result.SIMCard, err
	case op.Kind != accounts.Create && result.Absent:
		return wait.Vanished, nil, err
	case op.Kind != accounts.Create:
		return wait.Broken, result.SIMCard, err
	case errors.Is(err, transport.ErrConflict) && !result.Absent:
		return wait.Broken, nil, &existsError{err}
	case result.Absent:
		return wait.Broken, nil, err
	case result.SIMCard != nil:
		return wait.Missed, result.SIMCard, err // the SIM is there all the same, so it is kept
	}
	return wait.Undecided, nil, err // whether a SIM was created can't be read
}

// existsError says that an order has failed because a SIM of that CLI exists that it did not create.
type existsError struct{ cause error }

func (e *existsError) Error() string { return e.cause.Error() }
func (e *existsError) Unwrap() error { return e.cause }

func isExists(err error) bool {
	var exists *existsError
	return errors.As(err, &exists)
}

func (s *cardSubject) Peek(ctx context.Context, op accounts.Operation) (wait.Verdict, *accounts.SIMCard, error) {
	state, result, err := s.client.Peek(ctx, op)
	switch {
	case state == wait.Failed && result.SIMCard == nil && !result.Absent:
		return wait.Undecided, nil, err // what is left of the SIM could not be read
	case state == wait.Failed:
		return s.verdict(op, result, err)
	case state == wait.Done:
		return wait.Happened, result.SIMCard, nil
	case err != nil:
		return wait.Undecided, nil, err
	}
	return wait.Underway, result.SIMCard, nil
}

func (s *cardSubject) Settle(ctx context.Context, op accounts.Operation) (wait.Verdict, *accounts.SIMCard, error) {
	return s.client.Settle(ctx, op)
}

func stalledWarning(id string) (summary, detail string) {
	return "SIM card is stalled", fmt.Sprintf(
		"The service reports SIM card %s as stalled: an error that only the vendor's support desk can mend. Nothing was "+
			"lost, and nothing is sent "+
			"again.\n\nCall the support desk with this SIM's account key and CLI; this warning goes once the SIM is stable.", id)
}

// cardSentences are what the messages about a SIM card's change say.
func cardSentences(kind accounts.Kind, id string) sentences {
	verb := map[accounts.Kind]string{accounts.Create: "create", accounts.Update: "update", accounts.Delete: "delete"}[kind]
	return sentences{
		object: "SIM card " + id, change: fmt.Sprintf("%s of SIM card %s", kind, id), kind: string(cardKinds[kind]),
		unable: fmt.Sprintf("Unable to %s SIM card", verb), failed: fmt.Sprintf("SIM card %s failed", kind),
		noEffect: fmt.Sprintf("SIM card %s had no effect", kind), pending: fmt.Sprintf("SIM card %s is pending", kind),
		unknown: fmt.Sprintf("Outcome of the SIM card %s is unknown", kind), gone: "SIM card is gone",
		goneAdvice: "Refresh the state (terraform apply -refresh-only) and plan again.",
		shows: func(live any) string {
			switch card, ok := live.(*accounts.SIMCard); {
			case ok && card != nil:
				return "its state is " + card.State.String()
			case kind == accounts.Create:
				return "no such SIM was created"
			}
			return ""
		},
	}
}

func sentencesOfCard(op accounts.Operation) sentences {
	say := cardSentences(op.Kind, op.Account+"/"+op.CLI)
	say.since = op.Since
	return say
}
