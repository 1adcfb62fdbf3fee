package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/m2m"
	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/identity"
	"github.com/simfleet/terraform-provider-telco/internal/journal"
	"github.com/simfleet/terraform-provider-telco/internal/livechange"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// aaGroupSubject is a SIM that is to be assigned to an auto-activation group.
type aaGroupSubject struct {
	*services
	client       *m2m.Client
	iccid, group string
	status       m2m.Status // as last read
}

// aaGroupOperation is what private state keeps of an assignment of which no usable answer came.
type aaGroupOperation struct {
	GroupCode string    `json:"group_code"`
	Since     time.Time `json:"since"`
}

var _ change.Subject[m2m.Status, aaGroupOperation] = (*aaGroupSubject)(nil)

func (s *aaGroupSubject) Change() journal.Change {
	return journal.Change{API: "m2m", Kind: string(livechange.AutoActivation), SIM: s.iccid, To: s.group}
}

func (s *aaGroupSubject) Read(ctx context.Context) (m2m.Status, error) {
	status, err := s.client.QueryStatus(ctx, s.iccid)
	if isNotFound(err) {
		return "", &change.GoneError{Cause: err}
	}
	s.status = status
	return status, err
}

// Decide: no command reads the group that a SIM is armed with, so only the SIM's status can speak against it.
func (s *aaGroupSubject) Decide(status m2m.Status) change.Decision {
	if status == m2m.Closed {
		return closedDecision(s.iccid)
	}
	return change.Decision{Action: change.Send, Shows: livechange.Unreadable, Wanted: s.group}
}

func closedDecision(iccid string) change.Decision {
	return change.Decision{Action: change.Refuse, Attribute: "iccid", Summary: "SIM is closed", Detail: fmt.Sprintf(
		"SIM %s is closed, which is permanent: no command changes it any more, and the vendor asks to make no further calls "+
			"for it. Nothing was sent.\n\nTake it out of the configuration.", iccid)}
}

func (s *aaGroupSubject) Operation(m2m.Status) aaGroupOperation {
	return aaGroupOperation{GroupCode: s.group, Since: time.Now().UTC()}
}

func (s *aaGroupSubject) Send(ctx context.Context, _ *aaGroupOperation) error {
	return s.client.SetAAGroup(ctx, s.iccid, s.group)
}

// Wait has nothing to wait for: a command takes effect at once.
func (s *aaGroupSubject) Wait(context.Context, aaGroupOperation) (wait.Verdict, m2m.Status, error) {
	return wait.Happened, s.status, nil
}

func (s *aaGroupSubject) Peek(ctx context.Context, op aaGroupOperation) (wait.Verdict, m2m.Status, error) {
	return s.Wait(ctx, op)
}

// Settle can't tell: no command reads the group.
func (s *aaGroupSubject) Settle(context.Context, aaGroupOperation) (wait.Verdict, m2m.Status, error) {
	return wait.Undecided, s.status, errors.New("no command reads a SIM's auto-activation group")
}

func aaGroupKey(iccid string) string { return "m2m " + identity.ICCKey(iccid) }

func (s *aaGroupSubject) sentences() sentences {
	return sentences{
		object: "SIM " + s.iccid, change: fmt.Sprintf("assignment of SIM %s to auto-activation group %s", s.iccid, s.group),
		kind: string(livechange.AutoActivation), unable: "Unable to set auto-activation group", failed: "Unable to set " +
			"auto-activation group",
		noEffect: "Unable to set auto-activation group", pending: "Auto-activation group is pending",
		unknown: "Outcome of the auto-activation group is unknown", gone: unknownSIM, goneAdvice: "Check the ICCID and the " +
			"account.",
		refusalAdvice: s.refusalAdvice,
		unknownAdvice: "No command reads a SIM's auto-activation group, so Terraform can't find out. It is kept in state " +
			"with operation_status = \"unknown\". Look at the SIM in the m2m portal. The next plan shows the assignment once " +
			"more, with its warning; only its apply sends it again.",
	}
}

func (s *aaGroupSubject) refusalAdvice(err error) string {
	switch {
	case errors.Is(err, m2m.ErrInvalidICCID):
		return fmt.Sprintf("The SIM exists (its status is %s), so it is not in a group of type pending: it may have been "+
			"activated already, or its SIM type has no auto activation.", s.status)
	case errors.Is(err, m2m.ErrInvalidGroup):
		return "Give the code (not the name) of a group of type live, from your distributor's list."
	}
	return cmp.Or(advice(err), "Check the credentials and api_id, and whether the service admits this machine's address; "+
		"then apply again.")
}
