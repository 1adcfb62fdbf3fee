package change

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/journal"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// faultySIM panics in one of its functions.
type faultySIM struct {
	*fakeSIM
	at string
}

type fault struct{}

func (s faultySIM) reach(function string) {
	if s.at == function {
		panic(fault{})
	}
}

func (s faultySIM) Read(ctx context.Context) (string, error) {
	s.reach("Read")
	return s.fakeSIM.Read(ctx)
}

func (s faultySIM) Decide(live string) Decision {
	s.reach("Decide")
	return s.fakeSIM.Decide(live)
}

func (s faultySIM) Operation(live string) string {
	s.reach("Operation")
	return s.fakeSIM.Operation(live)
}

func (s faultySIM) Send(ctx context.Context, op *string) error {
	err := s.fakeSIM.Send(ctx, op)
	s.reach("Send")
	return err
}

func (s faultySIM) Reference(op string) string {
	s.reach("Reference")
	return s.fakeSIM.Reference(op)
}

func (s faultySIM) Idle(context.Context, string) (string, error) {
	s.reach("Idle")
	return s.idle()
}

func (s faultySIM) Became(string, journal.Change) journal.Outcome {
	s.reach("Became")
	return ""
}

func (s faultySIM) Wait(ctx context.Context, op string) (wait.Verdict, string, error) {
	s.reach("Wait")
	return s.fakeSIM.Wait(ctx, op)
}

func (s faultySIM) Settle(ctx context.Context, op string) (wait.Verdict, string, error) {
	s.reach("Settle")
	return s.fakeSIM.Settle(ctx, op)
}

func (s faultySIM) Peek(ctx context.Context, op string) (wait.Verdict, string, error) {
	s.reach("Peek")
	return s.fakeSIM.Peek(ctx, op)
}

// errFault is what a panic is told as.
var errFault = fmt.Errorf("the provider has a fault (%s), which the log (TF_LOG=ERROR) shows: please report it",
	"change.fault")

// TestPanicsAnywhere: a panic before the change was sent leaves nothing sent; one after that leaves it open, with all
// that a later run needs, also in the journal. It never gets out, is logged once, and leaves the SIM free.
func TestPanicsAnywhere(t *testing.T) {
	t.Parallel()
	const unknown = "settled INACTIVE -> ACTIVE: unknown"
	run := func(t *testing.T, r *rig, s faultySIM) ending {
		return Run(t.Context(), r.Engine, s, heldTo, time.Now().Add(time.Hour), func(live string, op *Op[string]) {
			s.reach("accepted")
			s.log = append(s.log, "keep "+live+" "+r.number(op.Record)+" "+describeOp(op))
		})
	}
	stored := func(unknown bool) *Op[string] {
		return &Op[string]{Version: 2, Unknown: unknown, Record: earlier, From: "INACTIVE", To: "ACTIVE",
			Operation: kept}
	}
	unchanged := func(t *testing.T, op *Op[string], unknown bool) {
		if *op != *stored(unknown) {
			t.Errorf("the stored operation is %+v now", *op)
		}
	}
	resume := func(unknown bool) func(*testing.T, *rig, faultySIM) ending {
		return func(t *testing.T, r *rig, s faultySIM) ending {
			op := stored(unknown)
			defer unchanged(t, op, unknown)
			return Resume(t.Context(), r.Engine, s, op, time.Now().Add(time.Hour))
		}
	}
	look := func(unknown bool) func(*testing.T, *rig, faultySIM) ending {
		return func(t *testing.T, r *rig, s faultySIM) ending {
			op := stored(unknown)
			defer unchanged(t, op, unknown)
			return Look(t.Context(), r.Engine, s, op)
		}
	}
	c := changed("INACTIVE", "ACTIVE")
	open := ending{Kind: Unknown, Live: "INACTIVE", Decision: sending, Change: c, Sent: true, Pending: unknownOp()}
	openEarlier := ending{Kind: Unknown, Change: c, Sent: true, Pending: stored(true)}
	lost := fails(errLost)

	for name, test := range map[string]struct {
		at      string
		sim     fakeSIM
		do      func(*testing.T, *rig, faultySIM) ending
		want    ending
		calls   []string
		records []string
	}{
		"reading": {at: "Read", do: run, want: ending{Reason: Fault, Change: changed("", "")}},
		"deciding": {at: "Decide", do: run, calls: []string{"read"}, want: ending{Reason: Fault, Live: "INACTIVE",
			Change: changed("", "")}},
		"making the operation": {at: "Operation", do: run, calls: []string{"read"},
			want: ending{Reason: Fault, Live: "INACTIVE", Decision: sending, Change: c}},
		"waiting for another one": {at: "Idle", sim: fakeSIM{send: busyOnce(nil)}, do: run,
			calls:   []string{"read", "send"},
			want:    ending{Reason: Fault, Live: "INACTIVE", Decision: sending, Change: c},
			records: []string{sendingRecord, refusedRecord}},
		"sending": {at: "Send", do: run, want: open, calls: []string{"read", "send"},
			records: []string{sendingRecord, "#1 " + unknown}},
		"naming the reference": {at: "Reference", do: run, want: open, calls: []string{"read", "send"},
			records: []string{sendingRecord, "#1 " + unknown}},
		"keeping it": {at: "accepted", do: run, want: open, calls: []string{"read", "send"},
			records: []string{sendingRecord, acceptedRecord, "#1 " + unknown}},
		"keeping it, without an answer": {at: "accepted", sim: fakeSIM{send: lost}, do: run, want: open,
			calls:   []string{"read", "send"},
			records: []string{sendingRecord, "#1 " + unknown}},
		"waiting": {at: "Wait", do: run, want: open, calls: []string{"read", "send", keepAccepted},
			records: []string{sendingRecord, acceptedRecord, "#1 " + unknown}},
		"settling": {at: "Settle", sim: fakeSIM{send: lost}, do: run, want: open, calls: []string{"read", "send",
			keepUnknown},
			records: []string{sendingRecord, "#1 " + unknown}},
		"waiting after settling": {at: "Wait", sim: fakeSIM{send: lost, settle: always(wait.Underway, "PENDING_ACTIVE",
			nil)}, do: run,
			want: ending{Kind: Unknown, Live: "PENDING_ACTIVE", Decision: sending, Change: c, Sent: true, Settled: true,
				Pending: unknownOp()},
			calls:   []string{"read", "send", keepUnknown, settles, "keep PENDING_ACTIVE #1 " + kept},
			records: []string{sendingRecord, "#1 " + unknown}},

		"waiting for an earlier one": {at: "Wait", do: resume(false), want: openEarlier,
			records: []string{earlier + " " + unknown}},
		"settling an earlier one": {at: "Settle", do: resume(true), want: openEarlier,
			records: []string{earlier + " " + unknown}},
		"looking":                {at: "Peek", do: look(false), want: openEarlier},
		"settling for a refresh": {at: "Settle", do: look(true), want: openEarlier},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, sim := newRig(t), test.sim
			sim.live = "INACTIVE"
			told := 0
			r.Panicked = func(_ context.Context, value any, stack []byte) {
				if told++; value != (fault{}) || len(stack) == 0 {
					t.Errorf("told of %v", value)
				}
			}
			got, want := test.do(t, r, faultySIM{&sim, test.at}), test.want
			if got.Err == nil || got.Err.Error() != errFault.Error() {
				t.Errorf("error: %v", got.Err)
			}
			got.Err, want.Err = nil, nil
			r.check(got, want)
			if !slices.Equal(sim.log, test.calls) {
				t.Errorf("calls: %q, want %q", sim.log, test.calls)
			}
			r.checkRecords(test.records...)
			if told != 1 {
				t.Errorf("told %d times", told)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			unlock, err := r.Locks.Lock(ctx, "cmo "+theID)
			if err != nil {
				t.Fatalf("the SIM is still locked: %v", err)
			}
			unlock()
		})
	}
}

// TestPanicCostsOneSIM: the others that are under way at the same moment come to their ends.
func TestPanicCostsOneSIM(t *testing.T) {
	t.Parallel()
	e := testEngine()
	ends := make([]ending, 20)
	var all sync.WaitGroup
	for i := range ends {
		all.Go(func() {
			s := faultyAmong{faultySIM{&fakeSIM{live: "INACTIVE"}, ""}, fmt.Sprintf("TMSP-%d", i)}
			if i == 7 {
				s.at = "Wait"
			}
			ends[i] = Run(t.Context(), e, s, heldTo, time.Now().Add(time.Hour), func(string, *Op[string]) {})
		})
	}
	all.Wait()
	for i, end := range ends {
		if want := map[bool]Kind{true: Unknown, false: Done}[i == 7]; end.Kind != want {
			t.Errorf("SIM %d ended as %+v", i, end)
		}
	}
}

// faultyAmong is a faultySIM among others.
type faultyAmong struct {
	faultySIM
	name string
}

func (s faultyAmong) Change() journal.Change {
	return journal.Change{API: "cmo", Kind: "SIM status", SIM: s.name}
}
