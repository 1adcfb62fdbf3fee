package change

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/journal"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// ending is how a change of a fakeSIM has ended.
type ending = Outcome[string, string]

const (
	kept  = "from INACTIVE, monitor 7"
	theID = "TMSP-89490200000000000024"
)

// heldTo is what the plan of these tests has said, and sending what is decided by it.
var (
	heldTo  = Planned{Announced: true, From: "INACTIVE", Shows: "status INACTIVE"}
	sending = Decision{
		Action: Send, From: "INACTIVE", Shows: "INACTIVE", Wanted: "ACTIVE", Announced: true,
		Planned: "status INACTIVE",
	}
)

func changed(from, to string) journal.Change {
	return journal.Change{API: "cmo", Kind: "SIM status", SIM: theID, From: from, To: to}
}

// op is what is kept of a change that the service has, and unknownOp of one of which it is not known.
func op() *Op[string] {
	return &Op[string]{Version: 2, Record: "#1", From: "INACTIVE", To: "ACTIVE", Operation: kept}
}

func unknownOp() *Op[string] {
	kept := op()
	kept.Unknown = true
	return kept
}

// rig is an engine with a journal of its own that numbers its records.
type rig struct {
	*Engine
	t      *testing.T
	folder string
	ids    []string
}

func newRig(t *testing.T) *rig {
	r := &rig{Engine: testEngine(), t: t, folder: filepath.Join(t.TempDir(), "journal")}
	r.Journal = journal.Open(r.folder, "")
	r.Observe = func(ctx context.Context) (context.Context, func(error) journal.Answer) {
		return context.WithValue(ctx, observedKey{}, true), func(err error) journal.Answer {
			if err != nil && errors.Is(err, errLost) {
				return journal.Answer{}
			}
			return journal.Answer{HTTPStatus: 207, CorrelationID: "c-1"}
		}
	}
	return r
}

type observedKey struct{}

// number is the number of a record: that of its first appearance.
func (r *rig) number(id string) string {
	if id == "" || id == earlier {
		return id
	}
	at := slices.Index(r.ids, id)
	if at < 0 {
		at = len(r.ids)
		r.ids = append(r.ids, id)
	}
	return fmt.Sprintf("#%d", at+1)
}

// earlier is the record of a change of another run.
const earlier = "20261125T044611Z-4711-0badcafe-1"

// records are the journal's, each as one text.
func (r *rig) records() []string {
	r.t.Helper()
	var all []string
	if _, err := os.Stat(r.folder); err != nil {
		return nil
	}
	for line := range strings.Lines(readAll(r.t, r.folder)) {
		var record struct {
			ID, Event, API, Change, SIM, From, To, Outcome string
			Status                                         int    `json:"http_status"`
			CorrelationID                                  string `json:"correlation_id"`
			Operation                                      string
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			r.t.Fatalf("%s: %v", line, err)
		}
		if record.API != "cmo" || record.Change != "SIM status" || record.SIM != theID {
			r.t.Errorf("a record of another change: %s", line)
		}
		text := fmt.Sprintf("%s %s %s -> %s", r.number(record.ID), record.Event, cmp.Or(record.From, "?"),
			cmp.Or(record.To, "?"))
		if record.Outcome != "" {
			text += ": " + record.Outcome
		}
		if record.Status != 0 {
			text += fmt.Sprintf(" (HTTP %d, %s)", record.Status, record.CorrelationID)
		}
		if record.Operation != "" {
			text += " " + record.Operation
		}
		all = append(all, text)
	}
	return all
}

// numbered has the number of its record in place of its id.
func (r *rig) numbered(kept *Op[string]) *Op[string] {
	if kept == nil {
		return nil
	}
	other := *kept
	other.Record = r.number(kept.Record)
	return &other
}

// check compares the whole of an end.
func (r *rig) check(got, want ending) {
	r.t.Helper()
	got.Pending = r.numbered(got.Pending)
	if !reflect.DeepEqual(got, want) {
		r.t.Errorf("ended as\n%+v (%+v, %v)\nwant\n%+v (%+v, %v)", got, got.Pending, got.Err, want, want.Pending,
			want.Err)
	}
	if got.Over() != (want.Pending == nil) {
		r.t.Errorf("over: %t", got.Over())
	}
}

func (r *rig) checkRecords(want ...string) {
	r.t.Helper()
	if got := r.records(); !slices.Equal(got, want) {
		r.t.Errorf("the journal has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// watch notes in the SIM's log what is on disk before the change leaves, and what is kept of it.
func (r *rig) watch(sim *fakeSIM) (accepted func(string, *Op[string])) {
	send := sim.send
	sim.send = func(ctx context.Context, try int) error {
		records := r.records()
		if len(records) == 0 || !strings.HasSuffix(records[len(records)-1], "sending INACTIVE -> ACTIVE") {
			r.t.Errorf("on disk before the request leaves: %q", records)
		}
		if ctx.Value(observedKey{}) == nil {
			r.t.Error("nobody observes the request")
		}
		if send == nil {
			return nil
		}
		return send(ctx, try)
	}
	return func(live string, op *Op[string]) {
		text := "keep " + live + " " + r.number(op.Record) + " " + describeOp(op)
		sim.log = append(sim.log, text)
	}
}

func busyOnce(then error) func(context.Context, int) error {
	return func(_ context.Context, try int) error {
		if try == 1 {
			return errBusy
		}
		return then
	}
}

func idles(live string, err error) func() (string, error) {
	return func() (string, error) { return live, err }
}

const (
	sendingRecord  = "#1 sending INACTIVE -> ACTIVE"
	acceptedRecord = "#1 answered INACTIVE -> ACTIVE: accepted (HTTP 207, c-1) monitor 7"
	refusedRecord  = "#1 answered INACTIVE -> ACTIVE: refused (HTTP 207, c-1)"

	keepAccepted = "keep INACTIVE #1 " + kept
	keepUnknown  = keepAccepted + " (unknown)"
	waits        = "wait (" + kept + ")"
	settles      = "settle (" + kept + ")"
)

func settled(outcome journal.Outcome) string {
	return "#1 settled INACTIVE -> ACTIVE: " + string(outcome)
}

// endCase is one way of a change, from the read to its end.
type endCase struct {
	sim     fakeSIM // live "" is INACTIVE
	queue   bool    // it can wait for another change
	planned *Planned
	budget  *Budget
	want    ending // Decision and Change: those of a change that is sent, unless nothing was decided
	calls   []string
	records []string
}

func endCases() map[string]endCase {
	lost := fails(errLost)
	sent := []string{"read", "send", keepAccepted, waits}
	unanswered := []string{"read", "send", keepUnknown, settles}
	onDisk := func(more ...string) []string { return append([]string{sendingRecord, acceptedRecord}, more...) }
	decided := func(d Decision) Decision {
		d.Announced, d.Planned = true, "status INACTIVE"
		return d
	}
	unsent := changed("", "")

	return map[string]endCase{
		// Nothing is sent.
		"the SIM is as wanted": {sim: fakeSIM{live: "ACTIVE"}, calls: []string{"read"},
			want: ending{Kind: Needless, Live: "ACTIVE", Decision: decided(Decision{From: "ACTIVE"}), Change: unsent}},
		"the decision refuses": {sim: fakeSIM{live: "TERMINATED"}, calls: []string{"read"},
			want: ending{Reason: Decided, Live: "TERMINATED",
				Decision: decided(Decision{Action: Refuse, From: "TERMINATED", Summary: "SIM is terminated"}),
				Change:   unsent}},
		"not announced": {planned: &Planned{}, calls: []string{"read"}, want: ending{Kind: Moved, Live: "INACTIVE",
			Decision: Decision{Action: Send, From: "INACTIVE", Shows: "INACTIVE", Wanted: "ACTIVE"}, Change: unsent}},
		"not announced, though from is right": {planned: &Planned{From: "INACTIVE"}, calls: []string{"read"},
			want: ending{Kind: Moved, Live: "INACTIVE", Change: unsent,
				Decision: Decision{Action: Send, From: "INACTIVE", Shows: "INACTIVE", Wanted: "ACTIVE",
					Planned: "INACTIVE"}}},
		"moved since the plan": {sim: fakeSIM{live: "SUSPENDED"}, calls: []string{"read"},
			want: ending{Kind: Moved, Live: "SUSPENDED",
				Decision: decided(Decision{Action: Send, From: "SUSPENDED", Shows: "SUSPENDED", Wanted: "ACTIVE"}),
				Change:   unsent}},
		"read only": {budget: &Budget{ReadOnly: true, Limit: 5}, calls: []string{"read"},
			want: ending{Reason: ReadOnly, Live: "INACTIVE"}},
		"over the limit": {budget: &Budget{Limit: 2, sent: 2}, calls: []string{"read"},
			want: ending{Reason: OverLimit, Live: "INACTIVE"}},
		"unreadable": {sim: fakeSIM{live: "half of it", readErr: errUnreadable}, calls: []string{"read"},
			want: ending{Reason: Unreadable, Live: "half of it", Err: errUnreadable, Change: unsent}},
		"gone": {sim: fakeSIM{readErr: fmt.Errorf("reading: %w", &GoneError{errUnreadable})}, calls: []string{"read"},
			want: ending{
				Kind: Gone, Live: "INACTIVE", Err: fmt.Errorf("reading: %w", &GoneError{errUnreadable}),
				Change: unsent}},

		// It is sent and refused, or did not get there.
		"refused": {sim: fakeSIM{send: fails(errRefused)}, calls: []string{"read", "send"},
			want: ending{Reason: Rejected, Live: "INACTIVE", Err: errRefused}, records: []string{sendingRecord,
				refusedRecord}},
		"did not get there": {sim: fakeSIM{send: fails(errNotSent)}, calls: []string{"read", "send"},
			want:    ending{Reason: NotSent, Live: "INACTIVE", Err: errNotSent},
			records: []string{sendingRecord, "#1 answered INACTIVE -> ACTIVE: not_sent (HTTP 207, c-1)"}},
		"another is running, and it can't wait": {sim: fakeSIM{send: fails(errBusy)}, calls: []string{"read", "send"},
			want: ending{Reason: Rejected, Live: "INACTIVE", Err: errBusy}, records: []string{sendingRecord,
				refusedRecord}},

		// Another change is running: all is decided anew after it.
		"sent once the other one is over": {queue: true, sim: fakeSIM{send: busyOnce(nil),
			idle: idles("INACTIVE", nil)},
			calls: []string{"read", "send", "idle", "send", "keep INACTIVE #2 " + kept, waits},
			want:  ending{Kind: Done, Live: "ACTIVE", Sent: true},
			records: []string{sendingRecord, refusedRecord, "#2 sending INACTIVE -> ACTIVE",
				"#2 answered INACTIVE -> ACTIVE: accepted (HTTP 207, c-1) monitor 7",
				"#2 settled INACTIVE -> ACTIVE: done"}},
		"lost once the other one is over": {queue: true,
			sim: fakeSIM{send: busyOnce(errLost), idle: idles("INACTIVE", nil), settle: always(wait.NoEffect,
				"INACTIVE", nil)},
			calls: []string{"read", "send", "idle", "send", "keep INACTIVE #2 " + kept + " (unknown)", settles},
			want:  ending{Kind: Ineffective, Live: "INACTIVE", Sent: true, Settled: true, Err: errLost},
			records: []string{sendingRecord, refusedRecord, "#2 sending INACTIVE -> ACTIVE",
				"#2 settled INACTIVE -> ACTIVE: no_effect"}},
		"the other one did it": {queue: true, sim: fakeSIM{send: busyOnce(nil), idle: idles("ACTIVE", nil)},
			calls: []string{"read", "send", "idle"}, records: []string{sendingRecord, refusedRecord},
			want: ending{Kind: Needless, Live: "ACTIVE", Decision: decided(Decision{From: "ACTIVE"}),
				Change: changed("INACTIVE", "ACTIVE")}},
		"the other one moved it": {queue: true, sim: fakeSIM{send: busyOnce(nil), idle: idles("SUSPENDED", nil)},
			calls: []string{"read", "send", "idle"}, records: []string{sendingRecord, refusedRecord},
			want: ending{Kind: Moved, Live: "SUSPENDED", Change: changed("INACTIVE", "ACTIVE"),
				Decision: decided(Decision{Action: Send, From: "SUSPENDED", Shows: "SUSPENDED", Wanted: "ACTIVE"})}},
		"the other one ended it": {queue: true, sim: fakeSIM{send: busyOnce(nil), idle: idles("TERMINATED", nil)},
			calls: []string{"read", "send", "idle"}, records: []string{sendingRecord, refusedRecord},
			want: ending{Reason: Decided, Live: "TERMINATED", Change: changed("INACTIVE", "ACTIVE"),
				Decision: decided(Decision{Action: Refuse, From: "TERMINATED", Summary: "SIM is terminated"})}},
		"the other one lasts": {queue: true, sim: fakeSIM{send: busyOnce(nil), idle: idles("PENDING_X",
			context.DeadlineExceeded)},
			calls: []string{"read", "send", "idle"}, records: []string{sendingRecord, refusedRecord},
			want: ending{Reason: Busy, Live: "INACTIVE", Err: errBusy}},
		"one after the other is running": {queue: true, sim: fakeSIM{send: fails(errBusy),
			idle: idles("INACTIVE", nil)},
			calls: []string{"read", "send", "idle", "send", "idle", "send"}, want: ending{Reason: Busy,
				Live: "INACTIVE", Err: errBusy},
			records: []string{sendingRecord, refusedRecord, "#2 sending INACTIVE -> ACTIVE",
				"#2 answered INACTIVE -> ACTIVE: refused (HTTP 207, c-1)", "#3 sending INACTIVE -> ACTIVE",
				"#3 answered INACTIVE -> ACTIVE: refused (HTTP 207, c-1)"}},

		// The service has it.
		"done": {calls: sent, records: onDisk(settled(journal.Done)), want: ending{Kind: Done, Live: "ACTIVE",
			Sent: true}},
		"done, with from unknown to the plan": {planned: &Planned{Announced: true}, calls: sent,
			records: onDisk(settled(journal.Done)),
			want: ending{Kind: Done, Live: "ACTIVE", Sent: true, Decision: Decision{
				Action: Send, From: "INACTIVE", Shows: "INACTIVE", Wanted: "ACTIVE", Announced: true}}},
		"failed": {sim: fakeSIM{wait: always(wait.Broken, "INACTIVE", errRefused)}, calls: sent,
			records: onDisk(settled(journal.Refused)), want: ending{Kind: Broken, Live: "INACTIVE", Err: errRefused,
				Sent: true}},
		"over, and not shown": {sim: fakeSIM{wait: always(wait.Missed, "BLOCKED", errUnreadable)}, calls: sent,
			records: onDisk(settled(journal.NoEffect)),
			want:    ending{Kind: Unshown, Live: "BLOCKED", Err: errUnreadable, Sent: true, Pending: op()}},
		"taken back": {sim: fakeSIM{wait: always(wait.NoEffect, "INACTIVE", nil)}, calls: sent,
			records: onDisk(settled(journal.NoEffect)), want: ending{Kind: Ineffective, Live: "INACTIVE", Sent: true}},
		"overtaken": {sim: fakeSIM{wait: always(wait.Superseded, "SUSPENDED", nil)}, calls: sent,
			records: onDisk(settled(journal.Done)), want: ending{Kind: Overtaken, Live: "SUSPENDED", Sent: true}},
		"gone after it": {sim: fakeSIM{wait: always(wait.Vanished, "", errUnreadable)}, calls: sent,
			records: onDisk(settled(journal.Done)), want: ending{Kind: Gone, Err: errUnreadable, Sent: true}},
		"not over": {sim: fakeSIM{wait: always(wait.Underway, "PENDING_ACTIVE", context.DeadlineExceeded)}, calls: sent,
			records: onDisk(settled(journal.Pending)),
			want: ending{Kind: Pending, Live: "PENDING_ACTIVE", Err: context.DeadlineExceeded, Sent: true,
				Pending: op()}},
		"its end was not seen": {sim: fakeSIM{wait: always(wait.Undecided, "", errUnreadable)}, calls: sent,
			records: onDisk(settled(journal.Pending)),
			want:    ending{Kind: Pending, Live: "INACTIVE", Err: errUnreadable, Sent: true, Pending: op()}},

		// No answer.
		"lost, and done": {sim: fakeSIM{send: lost}, calls: unanswered, records: []string{sendingRecord,
			settled(journal.Done)},
			want: ending{Kind: Done, Live: "ACTIVE", Err: errLost, Sent: true, Settled: true}},
		"lost, and failed": {sim: fakeSIM{send: lost, settle: always(wait.Broken, "INACTIVE", errRefused)},
			calls:   unanswered,
			records: []string{sendingRecord, settled(journal.Refused)},
			want:    ending{Kind: Broken, Live: "INACTIVE", Err: errRefused, Sent: true, Settled: true}},
		"lost, and not shown": {sim: fakeSIM{send: lost, settle: always(wait.Missed, "BLOCKED", nil)},
			calls:   unanswered,
			records: []string{sendingRecord, settled(journal.NoEffect)},
			want: ending{Kind: Unshown, Live: "BLOCKED", Err: errLost, Sent: true, Settled: true,
				Pending: unknownOp()}},
		"lost, without effect": {sim: fakeSIM{send: lost, settle: always(wait.NoEffect, "INACTIVE", nil)},
			calls:   unanswered,
			records: []string{sendingRecord, settled(journal.NoEffect)},
			want:    ending{Kind: Ineffective, Live: "INACTIVE", Err: errLost, Sent: true, Settled: true}},
		"lost, and overtaken": {sim: fakeSIM{send: lost, settle: always(wait.Superseded, "SUSPENDED", nil)},
			calls:   unanswered,
			records: []string{sendingRecord, settled(journal.Done)},
			want:    ending{Kind: Overtaken, Live: "SUSPENDED", Err: errLost, Sent: true, Settled: true}},
		"lost, and gone": {sim: fakeSIM{send: lost, settle: always(wait.Vanished, "", nil)}, calls: unanswered,
			records: []string{sendingRecord, settled(journal.Done)},
			want:    ending{Kind: Gone, Err: errLost, Sent: true, Settled: true}},
		"lost, and nobody can tell": {sim: fakeSIM{send: lost, settle: always(wait.Undecided, "half of it",
			errUnreadable)}, calls: unanswered,
			records: []string{sendingRecord, settled(journal.Unknown)},
			want:    ending{Kind: Unknown, Live: "INACTIVE", Err: errLost, Sent: true, Pending: unknownOp()}},
		"lost, under way, and done": {sim: fakeSIM{send: lost, settle: always(wait.Underway, "PENDING_ACTIVE", nil)},
			calls:   slices.Concat(unanswered, []string{"keep PENDING_ACTIVE #1 " + kept, waits}),
			records: []string{sendingRecord, settled(journal.Done)},
			want:    ending{Kind: Done, Live: "ACTIVE", Sent: true, Settled: true}},
		"lost, under way, and its end was not seen": {sim: fakeSIM{send: lost, settle: always(wait.Underway,
			"PENDING_ACTIVE", nil),
			wait: always(wait.Undecided, "", errUnreadable)},
			calls:   slices.Concat(unanswered, []string{"keep PENDING_ACTIVE #1 " + kept, waits}),
			records: []string{sendingRecord, settled(journal.Pending)},
			want: ending{Kind: Pending, Live: "PENDING_ACTIVE", Err: errUnreadable, Sent: true, Settled: true,
				Pending: op()}},
	}
}

// TestEnds: the whole of each end, the calls on the way there in their order, and what the journal has of it. Nothing
// is sent twice, except after the service has said that another change is running.
func TestEnds(t *testing.T) {
	t.Parallel()
	for name, c := range endCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			if c.budget != nil {
				r.Budget = c.budget
			}
			before := r.Budget.Sent()
			sim, planned, want := c.sim, heldTo, c.want
			if sim.live == "" {
				sim.live = "INACTIVE"
			}
			if c.planned != nil {
				planned = *c.planned
			}
			if want.Change == (journal.Change{}) {
				want.Change = changed("INACTIVE", "ACTIVE")
				if want.Decision == (Decision{}) {
					want.Decision = sending
				}
			}
			accepted := r.watch(&sim)
			var subject Subject[string, string] = &sim
			if c.queue {
				subject = fakeQueue{&sim}
			}

			r.check(Run(t.Context(), r.Engine, subject, planned, time.Now().Add(time.Hour), accepted), want)
			if !slices.Equal(sim.log, c.calls) {
				t.Errorf("calls\n%s\nwant\n%s", strings.Join(sim.log, "\n"), strings.Join(c.calls, "\n"))
			}
			r.checkRecords(c.records...)
			spent := 0
			if sim.sent > 0 {
				spent = 1
			}
			if got := r.Budget.Sent() - before; got != spent {
				t.Errorf("it took %d places of the limit, want %d", got, spent)
			}
			if free, err := r.Locks.Lock(t.Context(), "cmo "+theID); err != nil {
				t.Error(err)
			} else {
				free()
			}
		})
	}
}

// TestEndsOfAnEarlierRun: a change of another run is waited for or settled, nothing is sent, and its own record is
// ended.
func TestEndsOfAnEarlierRun(t *testing.T) {
	t.Parallel()
	stored := func(unknown bool) *Op[string] {
		return &Op[string]{Version: 2, Unknown: unknown, Record: earlier, From: "INACTIVE", To: "ACTIVE",
			Operation: "it"}
	}
	record := func(outcome journal.Outcome) []string {
		return []string{earlier + " settled INACTIVE -> ACTIVE: " + string(outcome)}
	}
	c := changed("INACTIVE", "ACTIVE")
	for name, test := range map[string]struct {
		op            *Op[string]
		sim           fakeSIM
		resume, look  ending
		waits, looks  string
		waited, asked []string // the records of the resumed one, and of the refresh
	}{
		"done": {op: stored(false), sim: fakeSIM{peek: seen{wait.Happened, "ACTIVE", nil}}, waits: "wait",
			looks:  "peek",
			resume: ending{Kind: Done, Live: "ACTIVE"}, look: ending{Kind: Done, Live: "ACTIVE"},
			waited: record(journal.Done), asked: record(journal.Done)},
		"under way": {op: stored(false), waits: "wait", looks: "peek",
			sim: fakeSIM{wait: always(wait.Underway, "PENDING_ACTIVE", nil), peek: seen{wait.Underway,
				"PENDING_ACTIVE", nil}},
			resume: ending{Kind: Pending, Live: "PENDING_ACTIVE", Pending: stored(false)},
			look:   ending{Kind: Pending, Live: "PENDING_ACTIVE", Pending: stored(false)},
			waited: record(journal.Pending)},
		"can't be seen": {op: stored(false), waits: "wait", looks: "peek",
			sim: fakeSIM{wait: always(wait.Undecided, "", errUnreadable), peek: seen{wait.Undecided, "",
				errUnreadable}},
			resume: ending{Kind: Pending, Err: errUnreadable, Pending: stored(false)},
			look:   ending{Kind: Pending, Err: errUnreadable, Pending: stored(false)},
			waited: record(journal.Pending)},
		"failed": {op: stored(false), waits: "wait", looks: "peek",
			sim: fakeSIM{wait: always(wait.Broken, "INACTIVE", errRefused), peek: seen{wait.Broken, "INACTIVE",
				errRefused}},
			resume: ending{Kind: Broken, Live: "INACTIVE", Err: errRefused}, look: ending{Kind: Broken,
				Live: "INACTIVE", Err: errRefused},
			waited: record(journal.Refused), asked: record(journal.Refused)},
		"not shown": {op: stored(false), waits: "wait", looks: "peek",
			sim:    fakeSIM{wait: always(wait.Missed, "BLOCKED", nil), peek: seen{wait.Missed, "BLOCKED", nil}},
			resume: ending{Kind: Unshown, Live: "BLOCKED", Pending: stored(false)},
			look:   ending{Kind: Unshown, Live: "BLOCKED", Pending: stored(false)},
			waited: record(journal.NoEffect), asked: record(journal.NoEffect)},
		"unknown, and done": {op: stored(true), waits: "settle", looks: "settle",
			resume: ending{Kind: Done, Live: "ACTIVE", Settled: true}, look: ending{Kind: Done, Live: "ACTIVE",
				Settled: true},
			waited: record(journal.Done), asked: record(journal.Done)},
		"unknown, and without effect": {op: stored(true), sim: fakeSIM{settle: always(wait.NoEffect, "INACTIVE", nil)},
			waits: "settle", looks: "settle",
			resume: ending{Kind: Ineffective, Live: "INACTIVE", Settled: true},
			look:   ending{Kind: Ineffective, Live: "INACTIVE", Settled: true},
			waited: record(journal.NoEffect), asked: record(journal.NoEffect)},
		"unknown, and under way": {op: stored(true), waits: "settle wait", looks: "settle peek",
			sim: fakeSIM{settle: always(wait.Underway, "PENDING_ACTIVE", nil), wait: always(wait.Undecided, "",
				errUnreadable),
				peek: seen{wait.Underway, "PENDING_ACTIVE", nil}},
			resume: ending{Kind: Pending, Live: "PENDING_ACTIVE", Settled: true, Err: errUnreadable,
				Pending: stored(false)},
			look:   ending{Kind: Pending, Live: "PENDING_ACTIVE", Settled: true, Pending: stored(false)},
			waited: record(journal.Pending)},
		"unknown for good": {op: stored(true), sim: fakeSIM{settle: always(wait.Undecided, "", errUnreadable)},
			waits: "settle", looks: "settle",
			resume: ending{Kind: Unknown, Err: errUnreadable, Pending: stored(true)},
			look:   ending{Kind: Unknown, Err: errUnreadable, Pending: stored(true)},
			waited: record(journal.Unknown)},
		"kept without a record": {op: &Op[string]{Operation: "it"}, sim: fakeSIM{peek: seen{wait.Happened, "ACTIVE",
			nil}},
			waits: "wait", looks: "peek", resume: ending{Kind: Done, Live: "ACTIVE", Change: changed("", "")},
			look: ending{Kind: Done, Live: "ACTIVE", Change: changed("", "")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, how := range []struct {
				run     func(*rig, *fakeSIM) ending
				want    ending
				calls   string
				records []string
			}{
				{func(r *rig, s *fakeSIM) ending {
					return Resume(t.Context(), r.Engine, s, test.op, time.Now().Add(time.Hour))
				}, test.resume, test.waits, test.waited},
				{func(r *rig, s *fakeSIM) ending { return Look(t.Context(), r.Engine, s, test.op) }, test.look,
					test.looks, test.asked},
			} {
				r, sim, op := newRig(t), test.sim, *test.op
				want := how.want
				want.Sent = true
				if want.Change == (journal.Change{}) {
					want.Change = c
				}
				r.check(how.run(r, &sim), want)
				if got := sim.calls(); got != how.calls {
					t.Errorf("calls: %s, want %s", got, how.calls)
				}
				r.checkRecords(how.records...)
				if op != *test.op {
					t.Errorf("the stored operation is %+v now", *test.op)
				}
			}
		})
	}
}

// TestResumeInterrupted: a change of an earlier run that can't be picked up stays as it was.
func TestResumeInterrupted(t *testing.T) {
	t.Parallel()
	stop := errors.New("Ctrl-C")
	ctx, interrupt := context.WithCancelCause(t.Context())
	interrupt(stop)
	for _, unknown := range []bool{false, true} {
		r, sim := newRig(t), fakeSIM{}
		stored := &Op[string]{Version: 2, Unknown: unknown, Record: earlier, Operation: "it"}
		want := ending{Kind: Pending, Err: stop, Change: changed("", ""), Sent: true, Pending: stored}
		if unknown {
			want.Kind = Unknown
		}
		r.check(Resume(ctx, r.Engine, &sim, stored, time.Now().Add(time.Hour)), want)
		if len(sim.log) > 0 {
			t.Errorf("calls: %q", sim.log)
		}
		r.checkRecords()
	}
}

// TestJournalInTrouble: what can't be written down before is not sent, and what can't be written down after is a
// warning.
func TestJournalInTrouble(t *testing.T) {
	t.Parallel()
	t.Run("before", func(t *testing.T) {
		t.Parallel()
		r, sim := newRig(t), fakeSIM{live: "INACTIVE"}
		r.Journal = journal.Open(filepath.Join(t.TempDir(), "not there", "journal"), "")
		out := Run(t.Context(), r.Engine, &sim, heldTo, time.Now().Add(time.Hour), r.watch(&sim))
		var unrecorded *NotRecordedError
		var unwritten *journal.WriteError
		if !errors.As(out.Err, &unrecorded) || !errors.As(out.Err, &unwritten) {
			t.Errorf("%T: %v", out.Err, out.Err)
		}
		r.check(out, ending{
			Reason: NotRecorded, Live: "INACTIVE", Decision: sending, Change: changed("INACTIVE", "ACTIVE"),
			Err: out.Err,
		})
		if want := []string{"read"}; !slices.Equal(sim.log, want) {
			t.Errorf("calls: %q", sim.log)
		}
	})
	t.Run("after", func(t *testing.T) {
		t.Parallel()
		r, sim := newRig(t), fakeSIM{live: "INACTIVE"}
		parent := filepath.Join(t.TempDir(), "mounted")
		if err := os.Mkdir(parent, 0o700); err != nil {
			t.Fatal(err)
		}
		folder := filepath.Join(parent, "journal")
		r.Journal = journal.Open(folder, "")
		sim.send = func(context.Context, int) error { // the disk goes away; opening the folder anew shows it
			if err := os.RemoveAll(parent); err != nil {
				t.Error(err)
			}
			r.Journal = journal.Open(folder, "")
			return nil
		}
		out := Run(t.Context(), r.Engine, &sim, heldTo, time.Now().Add(time.Hour), func(string, *Op[string]) {})
		if len(out.Warnings) != 2 {
			t.Errorf("warnings: %q", out.Warnings)
		}
		for _, warning := range out.Warnings {
			var unwritten *journal.WriteError
			if !errors.As(warning, &unwritten) {
				t.Errorf("%T: %v", warning, warning)
			}
		}
		r.check(out, ending{
			Kind: Done, Live: "ACTIVE", Decision: sending, Change: changed("INACTIVE", "ACTIVE"), Sent: true,
			Warnings: out.Warnings,
		})
	})
}

// TestDecodeWhole: what was stored is read as it was written, with all that later runs need.
func TestDecodeWhole(t *testing.T) {
	t.Parallel()
	type operation struct{ Monitor string }
	whole := &Op[operation]{
		Version: 2, Unknown: true, Record: earlier, From: "INACTIVE", To: "ACTIVE", Operation: operation{"monitor 7"},
	}
	stored, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]*Op[operation]{
		string(stored): whole,
		`{"unknown":true,"operation":{"Monitor":"monitor 7"}}`: {Unknown: true, Operation: operation{"monitor 7"}},
		`{"operation":{"Monitor":"monitor 7"}}`:                {Operation: operation{"monitor 7"}},
		`{"version":2,"later":1,"operation":{"Monitor":"m"}}`:  {Version: 2, Operation: operation{"m"}},
		`null`: nil,
		``:     nil,
	} {
		if got, err := Decode[operation]([]byte(raw)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v (%v)", raw, got, err)
		}
	}
	for _, raw := range []string{
		`{"version":3,"operation":{}}`, `{"version":"2","operation":{}}`, string(stored[:len(stored)-1]),
		`{"operation":[]}`, `{"operation":{}}`, `{"operation":null}`, `{"version":2}`, `{}`, `[]`, `7`, "\x00",
	} {
		if got, err := Decode[operation]([]byte(raw)); got != nil || !errors.Is(err, ErrUnreadable) {
			t.Errorf("%s: %+v (%v)", raw, got, err)
		}
	}
}
