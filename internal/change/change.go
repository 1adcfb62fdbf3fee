// Package change makes one live change of one SIM, from the decision to the end: lock, read, decide, hold it to its
// plan, authorize, record, send, classify, keep, wait, settle. It knows neither Terraform nor an API; what is a
// resource's own is in its Subject.
package change

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/simfleet/terraform-provider-telco/internal/journal"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// Subject is a SIM that can be changed. L is the live object, the zero value where nothing is known of it; Op is what a
// later run needs to find out what became of the change, and can be written as JSON.
type Subject[L, Op any] interface {
	// Change says what is changed, for the journal and for the limit: API, kind and SIM.
	Change() journal.Change
	// Read reads the live object before a change, and waits for another one that is under way. An absence is a *GoneError.
	Read(ctx context.Context) (L, error)
	// Decide says what is to be done about the live object. It is the same while planning and while applying, so that a
	// plan can't promise what an apply refuses.
	Decide(live L) Decision
	// Operation is what is to be kept of the change, in case no answer comes.
	Operation(live L) Op
	// Send sends the change, at most once, and adds to op what the answer says.
	Send(ctx context.Context, op *Op) error
	// Wait waits for the end of an accepted change, until ctx ends.
	Wait(ctx context.Context, op Op) (wait.Verdict, L, error)
	// Peek looks once at an accepted change.
	Peek(ctx context.Context, op Op) (wait.Verdict, L, error)
	// Settle finds out by reads alone what became of a change without a usable answer.
	Settle(ctx context.Context, op Op) (wait.Verdict, L, error)
}

// Retrier is a Subject whose service may refuse a change because another one is running.
type Retrier[L any] interface {
	// Idle waits for the end of the other change, and reads the live object.
	Idle(ctx context.Context, live L) (L, error)
}

// Referrer is a Subject whose operations have a reference at the service, such as a monitor.
type Referrer[Op any] interface{ Reference(op Op) string }

// Learner is a Subject whose live object can tell what became of an earlier change of the SIM, whose run was killed
// before it could write that down.
type Learner[L any] interface {
	// Became says how the earlier change has ended: Done where the live object shows what it asked for, NoEffect where it
	// shows exactly what it showed before, "" where it can't tell.
	Became(live L, earlier journal.Change) journal.Outcome
}

// key is the SIM's lock: one change at a time.
func key(c journal.Change) string { return c.API + " " + c.SIM }

// Action is what a Decision comes to.
type Action int

const (
	// Nothing is to be done: the SIM is as wanted, or on its way there.
	Nothing Action = iota
	// Send the change.
	Send
	// Refuse the change: the service would, or it would do harm.
	Refuse
)

// Decision is what is to be done about a live object.
type Decision struct {
	Action Action
	// From is what the SIM shows, in a form that can be compared with what the plan said.
	From string
	// Shows and Wanted are From and the target in words that a person reads.
	Shows, Wanted string
	// Recorded is what the journal says in place of Shows and Wanted; nil is the same.
	Recorded *Sides
	// Announced and Planned are what the plan has said: filled in by the engine, for messages.
	Announced bool
	Planned   string
	// Summary and Detail say why the change is refused, or what is to be known where nothing is done.
	Summary, Detail string
	// Attribute names the argument that a refusal is about; "" where it is about none.
	Attribute string
}

// Sides are what a SIM shows before a change and what it is to show.
type Sides struct{ From, To string }

// Planned is what the plan has said of the change.
type Planned struct {
	// Announced: the plan has announced a change of this SIM.
	Announced bool
	// From is what the plan said that the SIM shows, in the form of Decision.From; "" where it did not know, and what is
	// found at apply is changed.
	From string
	// Shows is From in words that a person reads; "" is From.
	Shows string
}

// holds says whether the plan has announced what Decide now comes to.
func (p Planned) holds(d Decision) bool { return p.Announced && (p.From == "" || p.From == d.From) }

// Kind is how a change ended, as far as this run can tell. The set is closed.
type Kind int

const (
	// Refused: nothing was executed, for the Reason beside it.
	Refused Kind = iota
	// Done: the change was executed, and the SIM shows it.
	Done
	// Needless: the SIM was as wanted, nothing was sent.
	Needless
	// Moved: the SIM shows something else than its plan said, nothing was sent.
	Moved
	// Broken: the service took the change and then reported that it failed.
	Broken
	// Unshown: the change is over by all accounts, and the SIM does not show it.
	Unshown
	// Ineffective: it was sent, no usable answer came, and it had no effect.
	Ineffective
	// Overtaken: it was sent, no usable answer came, and somebody else has changed the SIM since.
	Overtaken
	// Pending: the service has taken the change, and its end was not seen.
	Pending
	// Unknown: it was sent, and it can't be told what became of it.
	Unknown
	// Gone: the SIM is not there.
	Gone
)

// Reason says why a change was Refused.
type Reason int

const (
	// Interrupted: the run ended before the change was sent.
	Interrupted Reason = iota + 1
	// Unreadable: the live object could not be read.
	Unreadable
	// Decided: Decide refused it.
	Decided
	// ReadOnly: the provider sends no changes.
	ReadOnly
	// OverLimit: the run has sent as many as it may.
	OverLimit
	// NotRecorded: the journal could not be written.
	NotRecorded
	// NotSent: it certainly did not reach the service.
	NotSent
	// Busy: another change of the SIM is running.
	Busy
	// Rejected: the service refused it.
	Rejected
	// Fault: the provider panicked before it was sent.
	Fault
)

// Op is what is kept of a change whose end is not known: enough to pick it up in another run.
type Op[T any] struct {
	// Version is that of the stored form; what is written by another one may not be readable.
	Version int `json:"version,omitempty"`
	// Unknown says that it is not known whether the service took the change; else it has.
	Unknown bool `json:"unknown,omitempty"`
	// Record is the change's id in the journal, From and To what is written there.
	Record    string `json:"record,omitempty"`
	From      string `json:"from,omitempty"`
	To        string `json:"to,omitempty"`
	Operation T      `json:"operation"`
}

// change is what the journal says of the operation's change.
func (o *Op[T]) change(c journal.Change) journal.Change {
	if o.Record != "" {
		c.From, c.To = o.From, cmp.Or(o.To, c.To)
	}
	return c
}

// storedVersion is the version of the stored form. Before it there was none, and the form was the same without Record.
const storedVersion = 2

// ErrUnreadable says that a stored operation was written by another version, or is damaged.
var ErrUnreadable = errors.New("the stored operation can't be read")

// Decode reads a stored operation; nil where there is none.
func Decode[T any](raw []byte) (*Op[T], error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var op Op[T]
	var stored struct {
		Operation json.RawMessage `json:"operation"`
	}
	if json.Unmarshal(raw, &op) != nil || op.Version > storedVersion || json.Unmarshal(raw, &stored) != nil ||
		slices.Contains([]string{"", "null", "{}"}, string(stored.Operation)) {
		return nil, ErrUnreadable
	}
	return &op, nil
}

// Outcome is how a change ended.
type Outcome[L, T any] struct {
	Kind   Kind
	Reason Reason
	// Live is the live object as it was last read; the zero value where it was not.
	Live L
	// Pending is what a later run needs to pick the change up; nil unless the outcome is Pending, Unknown or Unshown.
	Pending *Op[T]
	// Decision is what was decided on the live object.
	Decision Decision
	// Change is what was sent, or was to be.
	Change journal.Change
	// Sent: something was executed, or may have been.
	Sent bool
	// Settled: no usable answer came, and reading has told what became of the change.
	Settled bool
	// Err is what the service said, or what went wrong.
	Err error
	// Warnings are what else is to be known, such as a journal that could not be written after the change.
	Warnings []error
}

// Over says that nothing of the change is left to be waited for or found out.
func (o Outcome[L, T]) Over() bool { return o.Pending == nil }

// GoneError says that the live object is certainly not there.
type GoneError struct{ Cause error }

func (e *GoneError) Error() string { return e.Cause.Error() }

// Unwrap gives what the service said.
func (e *GoneError) Unwrap() error { return e.Cause }

func isGone(err error) bool {
	var gone *GoneError
	return errors.As(err, &gone)
}
