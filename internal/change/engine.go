package change

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/journal"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// Certainty is what an error says about a change.
type Certainty int

const (
	// Accepted: there is no error.
	Accepted Certainty = iota
	// CertainlyNotSent: it did not reach the service.
	CertainlyNotSent
	// CertainlyRefused: the service said no.
	CertainlyRefused
	// OtherRunning: the service said no, since another change of the SIM is running.
	OtherRunning
	// Uncertain: it may have been executed.
	Uncertain
)

// Engine is what all changes of one run share.
type Engine struct {
	Locks  *Locks
	Budget *Budget
	// Journal is the audit trail; nil is none.
	Journal *journal.Journal
	// Classify says what an error of Send means for the change.
	Classify func(error) Certainty
	// Observe lets the journal note what was answered: the function that it returns is called with Send's error.
	Observe func(ctx context.Context) (context.Context, func(error) journal.Answer)
	// SettleWithin bounds the reads that find out what became of a change without an answer, and SettleInterrupted
	// bounds them from the moment that the run is interrupted.
	SettleWithin, SettleInterrupted time.Duration
	// Abandoned says that nobody is left to save the state: the CLI was killed, and this process was not. nil is never.
	Abandoned func() bool
	// Panicked is told of each panic.
	Panicked func(ctx context.Context, value any, stack []byte)
}

// busyTries is how often a change is sent anew after the service has said that another one is running: each try counts
// against the address.
const busyTries = 2

// Run makes the change. accepted is called as soon as the service has it, or may have it, so that it is kept whatever
// happens then. What was sent is settled even where ctx has ended; all else ends at the deadline.
func Run[L, T any](
	ctx context.Context, e *Engine, s Subject[L, T], planned Planned, deadline time.Time, accepted func(L, *Op[T]),
) (out Outcome[L, T]) {
	r := &run[L, T]{Engine: e, subject: s, change: s.Change(), base: ctx, accepted: accepted}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	unlock, err := e.Locks.Lock(ctx, key(r.change))
	if err != nil {
		return r.refused(Interrupted, err)
	}
	defer unlock()
	defer r.recovered(ctx, &out)

	live, err := s.Read(ctx)
	authorized := false
	for try := 0; ; try++ {
		if err != nil {
			return r.unread(live, err)
		}
		r.live = live
		r.decision = s.Decide(live)
		r.decision.Announced, r.decision.Planned = planned.Announced, cmp.Or(planned.Shows, planned.From)
		switch {
		case r.decision.Action == Nothing:
			r.learn(live, false)
			return r.outcome(Needless, nil)
		case r.decision.Action == Refuse:
			return r.refused(Decided, nil)
		case !planned.holds(r.decision):
			return r.outcome(Moved, nil)
		case ctx.Err() != nil: // whatever Read made of it, nothing is begun any more
			return r.refused(Interrupted, context.Cause(ctx))
		case e.abandoned():
			return r.refused(Interrupted, errAbandoned)
		}
		r.change.From, r.change.To = r.decision.Shows, r.decision.Wanted
		if recorded := r.decision.Recorded; recorded != nil {
			r.change.From, r.change.To = recorded.From, recorded.To
		}
		if !authorized {
			if reason := e.Budget.Spend(); reason != 0 {
				return r.refused(reason, nil)
			}
			authorized = true
		}

		certainty, err := r.send(ctx)
		switch certainty {
		case Accepted:
			accepted(live, r.pending)
			r.learn(live, true)
			return r.await(ctx)
		case CertainlyNotSent:
			return r.refused(NotSent, err)
		case OtherRunning:
			retrier, ok := s.(Retrier[L])
			if !ok {
				return r.refused(Rejected, err)
			}
			if try >= busyTries {
				return r.refused(Busy, err)
			}
			now, idleErr := retrier.Idle(ctx, live)
			if idleErr != nil {
				return r.refused(Busy, err)
			}
			live = now
		case CertainlyRefused:
			return r.refused(Rejected, err)
		case Uncertain:
			fallthrough
		default: // nothing that is not understood is sent again
			r.sendErr = err
			r.pending.Unknown = true
			accepted(live, r.pending)
			return r.settle(ctx)
		}
	}
}

func (e *Engine) abandoned() bool { return e.Abandoned != nil && e.Abandoned() }

var errAbandoned = errors.New("the process that started the provider is gone, so nothing could be saved")

// Learn ends in the journal those earlier changes of the SIM, of the subject's kind, that have been executed by what a
// read has shown. Their runs were killed before they could do so. An error is a warning.
func Learn[L any](e *Engine, s interface {
	Learner[L]
	Change() journal.Change
}, live L) error {
	return learn(e.Journal, s, s.Change(), live, "", false)
}

// learn is Learn for all but one record. What has had no effect so far may still be on its way: that it is not, is
// known only once the service has taken another change of a SIM that shows what it showed before.
func learn[L any](j *journal.Journal, s Learner[L], c journal.Change, live L, own string, certain bool) error {
	open, _ := j.Open(c.API, c.Kind, c.SIM) // what can't be read is told where the journal is asked for advice
	for _, entry := range open {
		if entry.ID == own {
			continue
		}
		became := s.Became(live, entry.Change)
		if became != journal.Done && (became != journal.NoEffect || !certain) {
			continue
		}
		if err := j.Settled(entry.ID, entry.Change, became); err != nil {
			return err
		}
	}
	return nil
}

// Resume picks up a change of an earlier run, until its end or the deadline. It sends nothing.
func Resume[L, T any](
	ctx context.Context, e *Engine, s Subject[L, T], op *Op[T], deadline time.Time,
) (out Outcome[L, T]) {
	r := &run[L, T]{Engine: e, subject: s, change: op.change(s.Change()), base: ctx, pending: op, sent: true,
		accepted: func(L, *Op[T]) {}}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	unlock, err := e.Locks.Lock(ctx, key(r.change))
	if err != nil {
		return r.open(err)
	}
	defer unlock()
	defer r.recovered(ctx, &out)
	if op.Unknown {
		return r.settle(ctx)
	}
	return r.await(ctx)
}

// Look says how a change of an earlier run stands, for a refresh. It asks once, and waits only to settle one of which
// no answer came.
func Look[L, T any](ctx context.Context, e *Engine, s Subject[L, T], op *Op[T]) (out Outcome[L, T]) {
	r := &run[L, T]{Engine: e, subject: s, change: op.change(s.Change()), base: ctx, pending: op, sent: true,
		looking:  true,
		accepted: func(L, *Op[T]) {}}
	defer r.recovered(ctx, &out)
	if op.Unknown {
		return r.settle(ctx)
	}
	return r.ended(s.Peek(ctx, op.Operation))
}

// run is one change on its way.
type run[L, T any] struct {
	*Engine
	subject  Subject[L, T]
	base     context.Context //nolint:containedctx // settling outlives the deadline, and listens to the interruption
	change   journal.Change
	accepted func(L, *Op[T])

	live     L
	decision Decision
	pending  *Op[T]
	sent     bool
	settled  bool
	looking  bool
	sendErr  error
	warnings []error
}

// send writes the change down and sends it.
func (r *run[L, T]) send(ctx context.Context) (Certainty, error) {
	// What may go wrong goes first: once the record is there, it must get an answer.
	r.pending = &Op[T]{Version: storedVersion, Operation: r.subject.Operation(r.live)}
	ctx, observed := r.Observe(ctx)
	record, err := r.Journal.Sending(r.change)
	if err != nil {
		return CertainlyNotSent, &NotRecordedError{err}
	}
	if record != "" {
		r.pending.Record, r.pending.From, r.pending.To = record, r.change.From, r.change.To
	}
	r.sent = true // until it is known better: a panic in the middle leaves it open
	err = r.subject.Send(ctx, &r.pending.Operation)
	certainty := r.Classify(err)
	r.sent = certainty == Accepted || certainty == Uncertain

	answer := observed(err)
	switch certainty {
	case Accepted:
		answer.Outcome = journal.Accepted
		if referrer, ok := r.subject.(Referrer[T]); ok {
			answer.Operation = referrer.Reference(r.pending.Operation)
		}
	case CertainlyNotSent:
		answer.Outcome = journal.NotSent
	case CertainlyRefused, OtherRunning:
		answer.Outcome = journal.Refused
	case Uncertain:
		if answer.HTTPStatus == 0 && answer.CorrelationID == "" {
			return certainty, err // nothing was answered; what reading finds out is written down
		}
		answer.Outcome = journal.Unknown
	}
	r.note(r.Journal.Answered(record, r.change, answer))
	return certainty, err
}

// NotRecordedError says that the journal could not be written, so that the change was not sent.
type NotRecordedError struct{ Cause error }

func (e *NotRecordedError) Error() string { return e.Cause.Error() }

// Unwrap gives the cause.
func (e *NotRecordedError) Unwrap() error { return e.Cause }

// learn ends earlier changes of the SIM, whose runs were killed, by what it shows. sent says that the service has taken
// this one.
func (r *run[L, T]) learn(live L, sent bool) {
	learner, ok := r.subject.(Learner[L])
	if !ok {
		return
	}
	own := ""
	if r.pending != nil {
		own = r.pending.Record
	}
	r.note(learn(r.Journal, learner, r.change, live, own, sent))
}

// note keeps trouble with the journal after the fact: it is told, and holds nothing up.
func (r *run[L, T]) note(err error) {
	if err != nil {
		r.warnings = append(r.warnings, err)
	}
}

func (r *run[L, T]) outcome(kind Kind, err error) Outcome[L, T] {
	o := Outcome[L, T]{Kind: kind, Live: r.live, Decision: r.decision, Change: r.change, Sent: r.sent, Settled: r.settled,
		Err: err, Warnings: r.warnings}
	if kind == Pending || kind == Unknown || kind == Unshown {
		o.Pending = r.pending
	}
	return o
}

func (r *run[L, T]) refused(reason Reason, err error) Outcome[L, T] {
	if _, unrecorded := err.(*NotRecordedError); unrecorded { //nolint:errorlint // it is never wrapped
		reason = NotRecorded
	}
	o := r.outcome(Refused, err)
	o.Reason = reason
	return o
}

func (r *run[L, T]) unread(live L, err error) Outcome[L, T] {
	r.live = live
	if isGone(err) {
		var nothing L
		r.learn(nothing, false)
		return r.outcome(Gone, err)
	}
	return r.refused(Unreadable, err)
}

// open leaves a change of an earlier run as it was.
func (r *run[L, T]) open(err error) Outcome[L, T] {
	if r.pending.Unknown {
		return r.outcome(Unknown, err)
	}
	return r.outcome(Pending, err)
}

// await waits for the end of a change that the service has.
func (r *run[L, T]) await(ctx context.Context) Outcome[L, T] {
	return r.ended(r.subject.Wait(ctx, r.pending.Operation))
}

// ended is the outcome of a change that the service has, by what is known of it.
func (r *run[L, T]) ended(verdict wait.Verdict, live L, err error) Outcome[L, T] {
	if verdict != wait.Undecided || err == nil {
		r.live = live
	}
	kind, word := Pending, journal.Pending
	switch verdict {
	case wait.Happened:
		kind, word = Done, journal.Done
	case wait.Broken:
		kind, word = Broken, journal.Refused
	case wait.Missed:
		kind, word = Unshown, journal.NoEffect
	case wait.NoEffect:
		kind, word = Ineffective, journal.NoEffect
	case wait.Superseded:
		kind, word = Overtaken, journal.Done
	case wait.Vanished:
		kind, word = Gone, journal.Done
	case wait.Underway, wait.Undecided:
		if r.looking { // a look that finds it under way is no news
			return r.outcome(kind, err)
		}
	}
	r.end(word)
	return r.outcome(kind, err)
}

// end writes down what became of the change. That it was executed is no end where nobody is left to save it: the next
// run has to find it open, or it would ask for the change once more.
func (r *run[L, T]) end(word journal.Outcome) {
	if word == journal.Done && r.abandoned() {
		return
	}
	r.note(r.Journal.Settled(r.pending.Record, r.change, word))
}

// settle finds out what became of a change of which no usable answer came. It goes on when the run is interrupted,
// since what was sent may be live, and it ends in any case.
func (r *run[L, T]) settle(ctx context.Context) Outcome[L, T] {
	settling, cancel := r.settling()
	defer cancel()
	before := r.live
	verdict, live, err := r.subject.Settle(settling, r.pending.Operation) //nolint:contextcheck // it outlives ctx
	if verdict == wait.Happened && r.sendErr != nil {
		r.learn(before, true)
	}
	if verdict != wait.Undecided {
		r.live, r.settled = live, true
	}
	switch verdict {
	case wait.Undecided:
		if !r.looking {
			r.end(journal.Unknown)
		}
		if r.sendErr != nil {
			err = r.sendErr
		}
		return r.outcome(Unknown, err)
	case wait.Underway:
		known := *r.pending
		known.Unknown = false
		r.pending = &known
		if r.looking {
			return r.ended(r.subject.Peek(ctx, r.pending.Operation))
		}
		r.accepted(live, r.pending)
		return r.await(ctx)
	case wait.Happened, wait.Broken, wait.Missed, wait.NoEffect, wait.Superseded, wait.Vanished:
	}
	if err == nil {
		err = r.sendErr
	}
	return r.ended(verdict, live, err)
}

// settling is the context of the reads that settle: bounded, and more so once the run is interrupted. A deadline of the
// resource's is no interruption.
func (r *run[L, T]) settling() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.base), r.SettleWithin)
	var once sync.Once
	stop := context.AfterFunc(r.base, func() {
		once.Do(func() { time.AfterFunc(r.SettleInterrupted, cancel) })
	})
	return ctx, func() { stop(); cancel() }
}

// recovered ends a change whose code has panicked: before it was sent nothing has happened, after that nobody knows. A
// panic costs this SIM its certainty, never the process and the answers of all other changes.
func (r *run[L, T]) recovered(ctx context.Context, out *Outcome[L, T]) {
	value := recover()
	if value == nil {
		return
	}
	if r.Panicked != nil {
		r.Panicked(ctx, value, debug.Stack())
	}
	err := fmt.Errorf("the provider has a fault (%T), which the log (TF_LOG=ERROR) shows: please report it", value)
	if !r.sent {
		*out = r.refused(Fault, err)
		return
	}
	pending := *r.pending
	pending.Unknown = true
	r.pending = &pending
	if !r.looking {
		r.end(journal.Unknown)
	}
	*out = r.outcome(Unknown, err)
}
