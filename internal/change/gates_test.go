package change

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/journal"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// namedSIM is a fakeSIM among others.
type namedSIM struct {
	*fakeSIM
	name string
}

func (s namedSIM) Change() journal.Change {
	return journal.Change{API: "cmo", Kind: "SIM status", SIM: s.name}
}

// TestLimitIsExact: however many ask at the same moment, as many changes are sent as the limit allows, and not one
// more.
func TestLimitIsExact(t *testing.T) {
	t.Parallel()
	const many = 50
	for name, c := range map[string]struct {
		budget *Budget
		sent   int
		reason Reason
	}{
		"limit":              {&Budget{Limit: 7}, 7, OverLimit},
		"limit of one":       {&Budget{Limit: 1}, 1, OverLimit},
		"as many as allowed": {&Budget{Limit: many}, many, 0},
		"no limit":           {&Budget{}, many, 0},
		"read-only":          {&Budget{ReadOnly: true, Limit: 7}, 0, ReadOnly},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := testEngine()
			e.Budget = c.budget
			var sent, refused atomic.Int64
			var all sync.WaitGroup
			start := make(chan struct{})
			for i := range many {
				sim := namedSIM{&fakeSIM{live: "INACTIVE"}, fmt.Sprintf("TMSP-%d", i)}
				all.Go(func() {
					<-start
					out := Run(t.Context(), e, sim, heldTo, time.Now().Add(time.Hour), func(string, *Op[string]) {})
					sent.Add(int64(sim.sent))
					switch {
					case out.Kind == Done && sim.sent == 1:
					case out.Kind == Refused && out.Reason == c.reason && sim.sent == 0:
						refused.Add(1)
					default:
						t.Errorf("kind %d, reason %d, %d sends", out.Kind, out.Reason, sim.sent)
					}
				})
			}
			close(start)
			all.Wait()
			if int(sent.Load()) != c.sent || int(refused.Load()) != many-c.sent || c.budget.Sent() != c.sent {
				t.Errorf("%d sent, %d refused, %d counted; want %d sent", sent.Load(), refused.Load(), c.budget.Sent(),
					c.sent)
			}
		})
	}
}

// sharedSIM is one SIM that many want to change at the same moment.
type sharedSIM struct {
	*fakeSIM
	mu      *sync.Mutex
	now     *string
	sends   *int
	holders *atomic.Int64
}

func (s sharedSIM) Read(context.Context) (string, error) {
	s.holders.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.now, nil
}

func (s sharedSIM) Send(context.Context, *string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	*s.sends++
	return nil
}

func (s sharedSIM) Wait(context.Context, string) (wait.Verdict, string, error) {
	<-time.After(time.Minute) // all others are waiting by now
	s.mu.Lock()
	defer s.mu.Unlock()
	*s.now = "ACTIVE"
	return wait.Happened, "ACTIVE", nil
}

// TestOneSIMManyWishes: of many that want the same of one SIM at the same moment, one sends it; the others wait until
// it is over, and find it done.
func TestOneSIMManyWishes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, now, sends := testEngine(), "INACTIVE", 0
		var mu sync.Mutex
		var holders atomic.Int64
		var all sync.WaitGroup
		kinds := make([]Kind, 50)
		for i := range kinds {
			sim := sharedSIM{&fakeSIM{}, &mu, &now, &sends, &holders}
			all.Go(func() {
				kinds[i] = Run(t.Context(), e, sim, heldTo, time.Now().Add(time.Hour),
					func(string, *Op[string]) {}).Kind
			})
		}
		synctest.Wait()
		if held := holders.Load(); held != 1 {
			t.Errorf("%d have read the SIM before the first one was over", held)
		}
		all.Wait()
		slices.Sort(kinds)
		if want := append([]Kind{Done}, slices.Repeat([]Kind{Needless}, 49)...); !slices.Equal(kinds, want) ||
			sends != 1 {
			t.Errorf("%d sends, ended as %v", sends, kinds)
		}
	})
}

// TestInterruptedBeforeSending: once the run has ended nothing is sent, counted or written down, whatever the subject
// makes of its context.
func TestInterruptedBeforeSending(t *testing.T) {
	t.Parallel()
	stop := errors.New("Ctrl-C")
	for name, c := range map[string]struct {
		takes time.Duration // the other change
		why   error
	}{
		"Ctrl-C":      {time.Minute, stop},
		"out of time": {time.Hour + time.Second, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, interrupt := context.WithCancelCause(t.Context())
				defer interrupt(nil)
				r, sim := newRig(t), fakeSIM{live: "INACTIVE", send: busyOnce(nil)}
				sim.idle = func() (string, error) {
					<-time.After(c.takes)
					interrupt(stop)
					return "INACTIVE", nil
				}
				accepted := r.watch(&sim)
				r.check(Run(ctx, r.Engine, fakeQueue{&sim}, heldTo, time.Now().Add(time.Hour), accepted), ending{
					Reason: Interrupted, Live: "INACTIVE", Decision: sending, Change: changed("INACTIVE", "ACTIVE"),
					Err: c.why,
				})
				if want := []string{"read", "send", "idle"}; !slices.Equal(sim.log, want) {
					t.Errorf("calls: %q", sim.log)
				}
				r.checkRecords(sendingRecord, refusedRecord)
			})
		})
	}
	t.Run("while it is read", func(t *testing.T) {
		t.Parallel()
		ctx, interrupt := context.WithCancelCause(t.Context())
		r, sim := newRig(t), readHook{&fakeSIM{live: "INACTIVE"}, func() { interrupt(stop) }}
		r.check(Run(ctx, r.Engine, sim, heldTo, time.Now().Add(time.Hour), r.watch(sim.fakeSIM)), ending{
			Reason: Interrupted, Live: "INACTIVE", Decision: sending, Change: changed("", ""), Err: stop,
		})
		if r.Budget.Sent() != 0 || sim.sent != 0 {
			t.Errorf("%d sends, %d counted", sim.sent, r.Budget.Sent())
		}
		r.checkRecords()
	})
}

// readHook does something while the SIM is read.
type readHook struct {
	*fakeSIM
	do func()
}

func (h readHook) Read(ctx context.Context) (string, error) {
	h.do()
	return h.fakeSIM.Read(ctx)
}

// TestPlannedHolds: what a plan announces holds for what it said, and for nothing else.
func TestPlannedHolds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		planned Planned
		from    string
		holds   bool
	}{
		{Planned{}, "INACTIVE", false},
		{Planned{From: "INACTIVE"}, "INACTIVE", false},
		{Planned{Announced: true}, "INACTIVE", true},
		{Planned{Announced: true}, "", true},
		{Planned{Announced: true, From: "INACTIVE"}, "INACTIVE", true},
		{Planned{Announced: true, From: "INACTIVE"}, "SUSPENDED", false},
		{Planned{Announced: true, From: "INACTIVE"}, "", false},
		{Planned{Announced: true, From: "INACTIVE", Shows: "SUSPENDED"}, "SUSPENDED", false},
	} {
		if got := c.planned.holds(Decision{From: c.from}); got != c.holds {
			t.Errorf("%+v, the SIM shows %q: %t", c.planned, c.from, got)
		}
	}
}
