package change

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/journal"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

var (
	errRefused    = errors.New("the service says no")
	errNotSent    = errors.New("connection refused")
	errLost       = errors.New("the answer was lost")
	errBusy       = errors.New("another change is running")
	errUnreadable = errors.New("the SIM can't be read")
)

// seen is the end of a look at a change.
type seen struct {
	verdict wait.Verdict
	live    string
	err     error
}

// fakeSIM is a SIM whose status is to be ACTIVE. Its functions say what the service does; nil is what goes well.
type fakeSIM struct {
	live         string
	readErr      error
	send         func(ctx context.Context, try int) error
	wait, settle func(ctx context.Context) seen
	peek         seen
	idle         func() (string, error)

	sent int
	log  []string // the calls, in order
}

func (s *fakeSIM) Change() journal.Change {
	return journal.Change{API: "cmo", Kind: "SIM status", SIM: "TMSP-89490200000000000024"}
}

func (s *fakeSIM) Read(context.Context) (string, error) {
	s.log = append(s.log, "read")
	return s.live, s.readErr
}

func (s *fakeSIM) Decide(live string) Decision {
	switch live {
	case "ACTIVE":
		return Decision{Action: Nothing, From: live}
	case "TERMINATED":
		return Decision{Action: Refuse, From: live, Summary: "SIM is terminated"}
	}
	return Decision{Action: Send, From: live, Shows: live, Wanted: "ACTIVE"}
}

func (s *fakeSIM) Operation(live string) string { return "from " + live }

func (s *fakeSIM) Send(ctx context.Context, op *string) error {
	s.log = append(s.log, "send")
	s.sent++
	*op += ", monitor 7"
	if s.send == nil {
		return nil
	}
	return s.send(ctx, s.sent)
}

func (s *fakeSIM) Wait(ctx context.Context, op string) (wait.Verdict, string, error) {
	return s.look(ctx, "wait", s.wait, op)
}

func (s *fakeSIM) Settle(ctx context.Context, op string) (wait.Verdict, string, error) {
	return s.look(ctx, "settle", s.settle, op)
}

func (s *fakeSIM) Peek(ctx context.Context, op string) (wait.Verdict, string, error) {
	return s.look(ctx, "peek", func(context.Context) seen { return s.peek }, op)
}

func (s *fakeSIM) look(
	ctx context.Context, call string, how func(context.Context) seen, op string,
) (wait.Verdict, string, error) {
	s.log = append(s.log, call+" ("+op+")")
	if how == nil {
		return wait.Happened, "ACTIVE", nil
	}
	end := how(ctx)
	return end.verdict, end.live, end.err
}

func (s *fakeSIM) Reference(string) string { return "monitor 7" }

// fakeQueue is a fakeSIM that can wait for another change to end.
type fakeQueue struct{ *fakeSIM }

func (q fakeQueue) Idle(context.Context, string) (string, error) {
	q.log = append(q.log, "idle")
	return q.idle()
}

func testEngine() *Engine {
	return &Engine{
		Locks: NewLocks(), Budget: &Budget{}, SettleWithin: 2 * time.Minute, SettleInterrupted: 30 * time.Second,
		Classify: func(err error) Certainty {
			switch {
			case err == nil:
				return Accepted
			case errors.Is(err, errNotSent):
				return CertainlyNotSent
			case errors.Is(err, errBusy):
				return OtherRunning
			case errors.Is(err, errLost):
				return Uncertain
			}
			return CertainlyRefused
		},
		Observe: func(ctx context.Context) (context.Context, func(error) journal.Answer) {
			return ctx, func(error) journal.Answer { return journal.Answer{} }
		},
	}
}

func always(verdict wait.Verdict, live string, err error) func(context.Context) seen {
	return func(context.Context) seen { return seen{verdict, live, err} }
}

func fails(err error) func(context.Context, int) error {
	return func(context.Context, int) error { return err }
}

// announced is a plan that has announced INACTIVE -> ACTIVE.
var announced = Planned{Announced: true, From: "INACTIVE"}

// TestRun: each end of a change, what was called on the way there, and what is kept of it.
func TestRun(t *testing.T) {
	const kept, keptUnknown = "from INACTIVE, monitor 7", "from INACTIVE, monitor 7 (unknown)"
	cases := map[string]struct {
		sim      fakeSIM
		planned  Planned
		budget   *Budget
		kind     Kind
		reason   Reason
		live     string
		err      error
		settled  bool
		calls    string // without the operation
		accepted []string
		pending  string
	}{
		"done": {planned: announced, kind: Done, live: "ACTIVE", calls: "read send wait", accepted: []string{kept}},
		"done, whatever the plan found": {planned: Planned{Announced: true}, kind: Done, live: "ACTIVE",
			calls:    "read send wait",
			accepted: []string{kept}},
		"as wanted": {sim: fakeSIM{live: "ACTIVE"}, planned: announced, kind: Needless, live: "ACTIVE",
			calls: "read"},
		"as wanted, and not planned": {sim: fakeSIM{live: "ACTIVE"}, kind: Needless, live: "ACTIVE", calls: "read"},
		"refused by the decision": {sim: fakeSIM{live: "TERMINATED"}, planned: announced, kind: Refused, reason: Decided,
			live: "TERMINATED", calls: "read"},
		"not announced": {kind: Moved, live: "INACTIVE", calls: "read"},
		"moved since the plan": {sim: fakeSIM{live: "SUSPENDED"}, planned: announced, kind: Moved, live: "SUSPENDED",
			calls: "read"},
		"read only": {planned: announced, budget: &Budget{ReadOnly: true}, kind: Refused, reason: ReadOnly, live: "INACTIVE",
			calls: "read"},
		"over the limit": {planned: announced, budget: &Budget{Limit: 1, sent: 1}, kind: Refused, reason: OverLimit,
			live:  "INACTIVE",
			calls: "read"},
		"unreadable": {sim: fakeSIM{readErr: errUnreadable}, planned: announced, kind: Refused, reason: Unreadable,
			live: "INACTIVE",
			err:  errUnreadable, calls: "read"},
		"gone": {sim: fakeSIM{readErr: &GoneError{Cause: errUnreadable}}, planned: announced, kind: Gone, live: "INACTIVE",
			err: errUnreadable, calls: "read"},
		"refused by the service": {sim: fakeSIM{send: fails(errRefused)}, planned: announced, kind: Refused, reason: Rejected,
			live: "INACTIVE", err: errRefused, calls: "read send"},
		"not sent": {sim: fakeSIM{send: fails(errNotSent)}, planned: announced, kind: Refused, reason: NotSent,
			live: "INACTIVE",
			err:  errNotSent, calls: "read send"},
		"busy, and can't wait": {sim: fakeSIM{send: fails(errBusy)}, planned: announced, kind: Refused, reason: Rejected,
			live: "INACTIVE",
			err:  errBusy, calls: "read send"},
		"failed later": {sim: fakeSIM{wait: always(wait.Broken, "INACTIVE", errRefused)}, planned: announced, kind: Broken,
			live: "INACTIVE", err: errRefused, calls: "read send wait", accepted: []string{kept}},
		"over, and not shown": {sim: fakeSIM{wait: always(wait.Missed, "INACTIVE", nil)}, planned: announced, kind: Unshown,
			live: "INACTIVE", calls: "read send wait", accepted: []string{kept}, pending: kept},
		"end not seen": {sim: fakeSIM{wait: always(wait.Undecided, "", errUnreadable)}, planned: announced, kind: Pending,
			live: "INACTIVE", err: errUnreadable, calls: "read send wait", accepted: []string{kept}, pending: kept},
		"gone in the end": {sim: fakeSIM{wait: always(wait.Vanished, "", nil)}, planned: announced, kind: Gone, live: "",
			calls: "read send wait", accepted: []string{kept}},
		"answer lost, and it happened": {sim: fakeSIM{send: fails(errLost)}, planned: announced, kind: Done, live: "ACTIVE",
			err: errLost, settled: true, calls: "read send settle", accepted: []string{keptUnknown}},
		"answer lost, no effect": {sim: fakeSIM{send: fails(errLost), settle: always(wait.NoEffect, "INACTIVE", nil)},
			planned: announced,
			kind:    Ineffective, live: "INACTIVE", err: errLost, settled: true, calls: "read send settle",
			accepted: []string{keptUnknown}},
		"answer lost, and overtaken": {sim: fakeSIM{send: fails(errLost), settle: always(wait.Superseded, "SUSPENDED", nil)},
			planned: announced, kind: Overtaken, live: "SUSPENDED", err: errLost, settled: true, calls: "read send settle",
			accepted: []string{keptUnknown}},
		"answer lost, and under way": {sim: fakeSIM{send: fails(errLost),
			settle: always(wait.Underway, "PENDING_ACTIVE", nil)},
			planned: announced, kind: Done, live: "ACTIVE", settled: true, calls: "read send settle wait",
			accepted: []string{keptUnknown, kept}},
		"answer lost, nobody can tell": {sim: fakeSIM{send: fails(errLost),
			settle: always(wait.Undecided, "", errUnreadable)},
			planned: announced, kind: Unknown, live: "INACTIVE", err: errLost, calls: "read send settle",
			accepted: []string{keptUnknown}, pending: keptUnknown},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := c.sim
			if sim.live == "" {
				sim.live = "INACTIVE"
			}
			e := testEngine()
			if c.budget != nil {
				e.Budget = c.budget
			}
			var accepted []string
			out := Run(t.Context(), e, &sim, c.planned, time.Now().Add(time.Hour), func(_ string, op *Op[string]) {
				accepted = append(accepted, describeOp(op))
			})
			if out.Kind != c.kind || out.Reason != c.reason || out.Live != c.live || !errors.Is(out.Err, c.err) ||
				out.Settled != c.settled {
				t.Errorf("ended as kind %d, reason %d, live %q, settled %t (%v)", out.Kind, out.Reason, out.Live, out.Settled,
					out.Err)
			}
			if c.err == nil && out.Err != nil {
				t.Errorf("an error that there was no reason for: %v", out.Err)
			}
			if got := sim.calls(); got != c.calls {
				t.Errorf("calls: %s, want %s", got, c.calls)
			}
			if !slices.Equal(accepted, c.accepted) {
				t.Errorf("kept on the way: %q, want %q", accepted, c.accepted)
			}
			if got := describeOp(out.Pending); got != c.pending {
				t.Errorf("kept at the end: %q, want %q", got, c.pending)
			}
			if out.Sent != (len(c.accepted) > 0) {
				t.Errorf("sent: %t", out.Sent)
			}
		})
	}
}

// TestRun_once: whatever comes back, a change is sent once, but where the service has said that another one is running.
func TestRun_once(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		send func(ctx context.Context, try int) error
		idle func() (string, error)
		kind Kind
		sent int
	}{
		"free after one wait": {send: func(_ context.Context, try int) error {
			if try == 1 {
				return errBusy
			}
			return nil
		}, idle: func() (string, error) { return "INACTIVE", nil }, kind: Done, sent: 2},
		"never free": {send: fails(errBusy), idle: func() (string, error) { return "INACTIVE", nil }, kind: Refused,
			sent: 3},
		"the other one did it": {send: fails(errBusy), idle: func() (string, error) { return "ACTIVE", nil }, kind: Needless,
			sent: 1},
		"the other one moved it": {send: fails(errBusy), idle: func() (string, error) { return "SUSPENDED", nil },
			kind: Moved,
			sent: 1},
		"the other one lasts": {send: fails(errBusy), idle: func() (string, error) { return "", context.DeadlineExceeded },
			kind: Refused,
			sent: 1},
		"lost after the wait": {send: func(_ context.Context, try int) error {
			if try == 1 {
				return errBusy
			}
			return errLost
		}, idle: func() (string, error) { return "INACTIVE", nil }, kind: Done, sent: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := &fakeSIM{live: "INACTIVE", send: c.send, idle: c.idle}
			e := testEngine()
			out := Run(t.Context(), e, fakeQueue{sim}, announced, time.Now().Add(time.Hour), func(string, *Op[string]) {})
			if out.Kind != c.kind || sim.sent != c.sent {
				t.Errorf("kind %d after %d sends (%v), want %d after %d", out.Kind, sim.sent, out.Err, c.kind, c.sent)
			}
			if e.Budget.Sent() != 1 {
				t.Errorf("one change took %d places of the limit", e.Budget.Sent())
			}
		})
	}
}

// TestRun_journal: a change is on disk before it is sent, is not sent where that fails, and its end is written down.
func TestRun_journal(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "journal")
	e := testEngine()
	e.Journal = journal.Open(folder, "TICKET-1")
	sim := &fakeSIM{live: "INACTIVE"}
	sim.send = func(context.Context, int) error {
		files, err := filepath.Glob(filepath.Join(folder, "*"))
		if err != nil || len(files) != 1 {
			t.Errorf("before the request leaves: %v (%v)", files, err)
			return nil
		}
		text, err := os.ReadFile(files[0])
		if err != nil || !strings.Contains(string(text), `"sending"`) ||
			!strings.Contains(string(text), "TMSP-89490200000000000024") {
			t.Errorf("before the request leaves (%v): %s", err, text)
		}
		return errLost
	}
	sim.settle = always(wait.Undecided, "", errUnreadable)
	out := Run(t.Context(), e, sim, announced, time.Now().Add(time.Hour), func(string, *Op[string]) {})
	open, err := e.Journal.Open("cmo", "SIM status", "TMSP-89490200000000000024")
	if err != nil || len(open) != 1 || open[0].Outcome != journal.Unknown || open[0].From != "INACTIVE" ||
		open[0].To != "ACTIVE" {
		t.Fatalf("the journal has %+v (%v)", open, err)
	}

	// A later run finds out, and ends that very record.
	sim.settle = nil
	if again := Resume(t.Context(), e, sim, out.Pending, time.Now().Add(time.Hour)); again.Kind != Done || sim.sent != 1 {
		t.Fatalf("resumed: kind %d, %d sends", again.Kind, sim.sent)
	}
	if open, err = e.Journal.Open("cmo", "", "TMSP-89490200000000000024"); err != nil || len(open) != 0 {
		t.Fatalf("still open: %+v (%v)", open, err)
	}
	if text := readAll(t, folder); strings.Count(text, `"from":"INACTIVE","to":"ACTIVE"`) != strings.Count(text, "\n") {
		t.Errorf("not each record says from and to:\n%s", text)
	}

	// A file in the folder's place.
	blocked := filepath.Join(t.TempDir(), "journal")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	e.Journal = journal.Open(blocked, "")
	sim = &fakeSIM{live: "INACTIVE"}
	if out := Run(t.Context(), e, sim, announced, time.Now().Add(time.Hour),
		func(string, *Op[string]) {}); out.Kind != Refused ||
		out.Reason != NotRecorded || sim.sent != 0 || out.Sent {
		t.Fatalf("without a journal: kind %d, reason %d, %d sends", out.Kind, out.Reason, sim.sent)
	}
}

// TestRun_abandoned: once nobody is left to save the state, nothing is begun, and that a change was executed is no end.
func TestRun_abandoned(t *testing.T) {
	t.Parallel()
	e := testEngine()
	e.Journal = journal.Open(t.TempDir(), "")
	abandoned := false
	e.Abandoned = func() bool { return abandoned }
	sim := &fakeSIM{live: "INACTIVE"}
	sim.send = func(context.Context, int) error { abandoned = true; return nil }
	if out := Run(t.Context(), e, sim, announced, time.Now().Add(time.Hour),
		func(string, *Op[string]) {}); out.Kind != Done {
		t.Fatalf("kind %d", out.Kind)
	}
	open, err := e.Journal.Open("cmo", "SIM status", "TMSP-89490200000000000024")
	if err != nil || len(open) != 1 || open[0].Outcome != journal.Accepted {
		t.Errorf("the journal has %+v (%v)", open, err)
	}

	sim = &fakeSIM{live: "INACTIVE"}
	out := Run(t.Context(), e, sim, announced, time.Now().Add(time.Hour), func(string, *Op[string]) {})
	if out.Kind != Refused || out.Reason != Interrupted || sim.sent != 0 {
		t.Errorf("begun all the same: kind %d, reason %d, %d sends", out.Kind, out.Reason, sim.sent)
	}
}

// fakeWitness is a fakeSIM whose live object tells of earlier changes.
type fakeWitness struct{ *fakeSIM }

func (w fakeWitness) Became(live string, earlier journal.Change) journal.Outcome {
	switch live {
	case earlier.To:
		return journal.Done
	case earlier.From:
		return journal.NoEffect
	}
	return ""
}

// TestRun_earlier: a change whose run was killed gets its end from the run that learns it, and from no other.
func TestRun_earlier(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sim  fakeSIM
		want journal.Outcome
	}{
		"it has happened":               {fakeSIM{live: "ACTIVE"}, journal.Done},
		"sent again":                    {fakeSIM{live: "INACTIVE"}, journal.NoEffect},
		"sent again, without an answer": {fakeSIM{live: "INACTIVE", send: fails(errLost)}, journal.NoEffect},
		"sent again, nobody knows": {fakeSIM{live: "INACTIVE", send: fails(errLost),
			settle: always(wait.Undecided, "", errUnreadable)}, ""},
		"refused":               {fakeSIM{live: "INACTIVE", send: fails(errRefused)}, ""},
		"of another SIM status": {fakeSIM{live: "SUSPENDED"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := testEngine()
			folder := t.TempDir()
			e.Journal = journal.Open(folder, "")
			earlier := c.sim.Change()
			earlier.From, earlier.To = "INACTIVE", "ACTIVE"
			id, err := e.Journal.Sending(earlier)
			if err != nil {
				t.Fatal(err)
			}
			Run(t.Context(), e, fakeWitness{&c.sim}, announced, time.Now().Add(time.Hour), func(string, *Op[string]) {})
			entries, _, err := journal.List(folder)
			if err != nil {
				t.Fatal(err)
			}
			for _, entry := range entries {
				if entry.ID == id && entry.Outcome != c.want {
					t.Errorf("the earlier change has ended as %q, want %q", entry.Outcome, c.want)
				}
			}
		})
	}
}

// TestSettleIsBounded: reads that hang end with the engine's own bound, or sooner once the run is interrupted; a
// deadline of the resource's that has passed is no interruption.
func TestSettleIsBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		interrupt time.Duration // 0: never
		deadline  time.Duration
		want      time.Duration
	}{
		"hangs":                 {deadline: time.Hour, want: 2 * time.Minute},
		"hangs, short deadline": {deadline: time.Second, want: 2 * time.Minute},
		"interrupted":           {interrupt: 10 * time.Second, deadline: time.Hour, want: 40 * time.Second},
		"interrupted late":      {interrupt: 110 * time.Second, deadline: time.Hour, want: 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, interrupt := context.WithCancel(t.Context())
				defer interrupt()
				if c.interrupt > 0 {
					time.AfterFunc(c.interrupt, interrupt)
				}
				sim := &fakeSIM{live: "INACTIVE", send: fails(errLost), settle: func(ctx context.Context) seen {
					<-ctx.Done()
					return seen{wait.Undecided, "", ctx.Err()}
				}}
				begin := time.Now()
				out := Run(ctx, testEngine(), sim, announced, begin.Add(c.deadline), func(string, *Op[string]) {})
				if took := time.Since(begin); took != c.want || out.Kind != Unknown || out.Pending == nil {
					t.Errorf("kind %d after %s, want %s", out.Kind, took, c.want)
				}
			})
		})
	}
}

// TestOneChangeOfASIMAtATime: the second change of a SIM waits for the first, and reads what it has left.
func TestOneChangeOfASIMAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := testEngine()
		first := &fakeSIM{live: "INACTIVE", wait: func(context.Context) seen {
			<-time.After(time.Minute)
			return seen{wait.Happened, "ACTIVE", nil}
		}}
		second := &fakeSIM{live: "ACTIVE"}
		done := make(chan time.Duration)
		begin := time.Now()
		go Run(t.Context(), e, first, announced, begin.Add(time.Hour), func(string, *Op[string]) {
			go func() {
				Run(t.Context(), e, second, announced, begin.Add(time.Hour), func(string, *Op[string]) {})
				done <- time.Since(begin)
			}()
		})
		if took := <-done; took != time.Minute || second.sent != 0 {
			t.Errorf("the second ended after %s, with %d sends", took, second.sent)
		}

		// Whoever is interrupted while waiting has sent nothing.
		unlock, err := e.Locks.Lock(t.Context(), key(first.Change()))
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
		third := &fakeSIM{live: "INACTIVE"}
		if out := Run(t.Context(), e, third, announced, time.Now().Add(time.Minute),
			func(string, *Op[string]) {}); out.Kind != Refused ||
			out.Reason != Interrupted || len(third.log) != 0 {
			t.Errorf("kind %d, reason %d after %v", out.Kind, out.Reason, third.log)
		}
	})
}

// TestPanics: a panic before the change leaves nothing sent, one after it leaves the outcome open, and neither gets
// out.
func TestPanics(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sim    fakeSIM
		kind   Kind
		reason Reason
	}{
		"on its way":  {sim: fakeSIM{send: func(context.Context, int) error { panic("out of range") }}, kind: Unknown},
		"in the wait": {sim: fakeSIM{wait: func(context.Context) seen { panic("out of range") }}, kind: Unknown},
		"in settling": {sim: fakeSIM{send: fails(errLost), settle: func(context.Context) seen { panic("out of range") }},
			kind: Unknown},
		"before it was sent": {sim: fakeSIM{send: fails(errBusy), idle: func() (string, error) { panic("out of range") }},
			kind:   Refused,
			reason: Fault},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := c.sim
			sim.live = "INACTIVE"
			told := 0
			e := testEngine()
			e.Panicked = func(_ context.Context, value any, stack []byte) {
				if told++; value != "out of range" || len(stack) == 0 {
					t.Errorf("told of %v", value)
				}
			}
			out := Run(t.Context(), e, fakeQueue{&sim}, announced, time.Now().Add(time.Hour), func(string, *Op[string]) {})
			if out.Kind != c.kind || out.Reason != c.reason || told != 1 || sim.sent != 1 {
				t.Errorf("kind %d, reason %d, told %d times, %d sends", out.Kind, out.Reason, told, sim.sent)
			}
			if unknown := c.kind == Unknown; unknown != (out.Pending != nil) || unknown && !out.Pending.Unknown {
				t.Errorf("kept: %s", describeOp(out.Pending))
			}
			if unlock, err := e.Locks.Lock(t.Context(), key(sim.Change())); err != nil {
				t.Errorf("the SIM stays locked: %v", err)
			} else {
				unlock()
			}
		})
	}
}

// TestResumeAndLook: a later run waits or settles, sends nothing, and a refresh asks once.
func TestResumeAndLook(t *testing.T) {
	t.Parallel()
	accepted, unknown := Op[string]{Operation: "op"}, Op[string]{Operation: "op", Unknown: true}
	for name, c := range map[string]struct {
		sim        fakeSIM
		op         Op[string]
		resume     Kind
		look       Kind
		resumeCall string
		lookCall   string
	}{
		"over": {sim: fakeSIM{peek: seen{wait.Happened, "ACTIVE", nil}}, op: accepted, resume: Done, look: Done,
			resumeCall: "wait", lookCall: "peek"},
		"under way": {sim: fakeSIM{wait: always(wait.Underway, "", nil), peek: seen{wait.Underway, "PENDING_ACTIVE", nil}},
			op:     accepted,
			resume: Pending, look: Pending, resumeCall: "wait", lookCall: "peek"},
		"unknown, and it happened": {op: unknown, resume: Done, look: Done, resumeCall: "settle", lookCall: "settle"},
		"unknown, and under way": {sim: fakeSIM{settle: always(wait.Underway, "", nil), peek: seen{wait.Underway, "", nil}},
			op:     unknown,
			resume: Done, look: Pending, resumeCall: "settle wait", lookCall: "settle peek"},
		"unknown for ever": {sim: fakeSIM{settle: always(wait.Undecided, "", errUnreadable)}, op: unknown, resume: Unknown,
			look:       Unknown,
			resumeCall: "settle", lookCall: "settle"},
		"overtaken": {sim: fakeSIM{settle: always(wait.Superseded, "SUSPENDED", nil)}, op: unknown, resume: Overtaken,
			look:       Overtaken,
			resumeCall: "settle", lookCall: "settle"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim, op := c.sim, c.op
			out := Resume(t.Context(), testEngine(), &sim, &op, time.Now().Add(time.Hour))
			if out.Kind != c.resume || sim.calls() != c.resumeCall {
				t.Errorf("resumed: kind %d (%s)", out.Kind, sim.calls())
			}
			sim.log = nil
			out = Look(t.Context(), testEngine(), &sim, &op)
			if out.Kind != c.look || sim.calls() != c.lookCall {
				t.Errorf("looked: kind %d (%s)", out.Kind, sim.calls())
			}
			if sim.sent != 0 || op != c.op {
				t.Errorf("%d sends, and the stored operation is %+v now", sim.sent, op)
			}
		})
	}
}

// TestDecode: what was stored by the versions before is read; what a later one has stored, or what is damaged, is not.
func TestDecode(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		``:                                  "",
		`null`:                              "",
		`{"operation":"op"}`:                "op",
		`{"unknown":true,"operation":"op"}`: "op (unknown)",
		`{"version":2,"record":"r","operation":"op"}`: "op",
		`{"version":3,"operation":"op"}`:              "unreadable",
		`{"operation":7}`:                             "unreadable",
		`{"operation":`:                               "unreadable",
	} {
		op, err := Decode[string]([]byte(raw))
		got := describeOp(op)
		if err != nil {
			got = "unreadable"
		}
		if got != want || (err != nil) != errors.Is(err, ErrUnreadable) {
			t.Errorf("%s: %s (%v), want %s", raw, got, err, want)
		}
	}
}

// TestCertain: an absence is believed after a second look, and only where the service knows something of ours.
func TestCertain(t *testing.T) {
	t.Parallel()
	errAbsent := errors.New("not found")
	absent := func(err error) bool { return errors.Is(err, errAbsent) }
	var goneErr *GoneError
	var foreign *ForeignError
	for name, c := range map[string]struct {
		second  error
		proof   bool
		proofEr error
		saw     bool
		gone    bool
		foreign bool
		asked   int
	}{
		"there on the second look": {asked: 0},
		"gone, and ours":           {second: errAbsent, proof: true, gone: true, asked: 1},
		"gone, and seen before":    {second: errAbsent, saw: true, gone: true, asked: 0},
		"gone like all else":       {second: errAbsent, foreign: true, asked: 1},
		"the second look fails":    {second: errUnreadable, asked: 0},
		"the proof can't be had":   {second: errAbsent, proofEr: errUnreadable, asked: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				w := &Witness{Pause: time.Second, Prove: func(context.Context) (bool, error) {
					asked++
					return c.proof, c.proofEr
				}}
				if c.saw {
					w.Saw()
				}
				begin := time.Now()
				live, err := Certain(t.Context(), w, absent, func(context.Context) (string, error) { return "ACTIVE", c.second })
				if time.Since(begin) != time.Second || asked != c.asked {
					t.Errorf("%s, asked %d times", time.Since(begin), asked)
				}
				if c.second == nil && (live != "ACTIVE" || err != nil) || c.second != nil && err == nil {
					t.Errorf("%q, %v", live, err)
				}
				if errors.As(err, &goneErr) != c.gone || errors.As(err, &foreign) != c.foreign {
					t.Errorf("%T: %v", err, err)
				}
			})
		})
	}
}

// calls is the log without what was handed over.
func (s *fakeSIM) calls() string {
	var names []string
	for _, call := range s.log {
		name, _, _ := strings.Cut(call, " ")
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

func describeOp(op *Op[string]) string {
	switch {
	case op == nil:
		return ""
	case op.Unknown:
		return op.Operation + " (unknown)"
	}
	return op.Operation
}

// readAll is what the files of a folder say.
func readAll(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}
