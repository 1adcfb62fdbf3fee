package change

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// hangs answers nothing until its context ends, and says after how long that was.
func hangs(verdict wait.Verdict, live string, took *time.Duration) func(context.Context) seen {
	return func(ctx context.Context) seen {
		begin := time.Now()
		<-ctx.Done()
		*took = time.Since(begin)
		return seen{verdict, live, context.Cause(ctx)}
	}
}

const never = time.Duration(-1)

// TestBounds: a wait ends with the resource's deadline or the interruption, and settling with the engine's own bound,
// which is shorter once the run is interrupted. A deadline is no interruption, and an interruption counts also after
// it.
func TestBounds(t *testing.T) {
	t.Parallel()
	const unknown, accepted = true, false
	sends := func(after time.Duration, err error) func(context.Context, int) error {
		return func(context.Context, int) error { // the client lets it be answered, whatever happens to the run
			<-time.After(after)
			return err
		}
	}
	run := func(ctx context.Context, e *Engine, s *fakeSIM, deadline time.Time) ending {
		return Run(ctx, e, s, heldTo, deadline, func(string, *Op[string]) {})
	}
	resume := func(unknown bool) func(context.Context, *Engine, *fakeSIM, time.Time) ending {
		return func(ctx context.Context, e *Engine, s *fakeSIM, deadline time.Time) ending {
			return Resume(ctx, e, s, &Op[string]{Unknown: unknown}, deadline)
		}
	}
	look := func(ctx context.Context, e *Engine, s *fakeSIM, _ time.Time) ending {
		return Look(ctx, e, s, &Op[string]{Unknown: true})
	}

	for name, c := range map[string]struct {
		do        func(context.Context, *Engine, *fakeSIM, time.Time) ending
		send      func(context.Context, int) error
		deadline  time.Duration
		interrupt time.Duration
		underWay  bool // settling finds it under way
		waits     time.Duration
		settles   time.Duration
		total     time.Duration
		kind      Kind
	}{
		"a wait, to the deadline": {do: run, deadline: 20 * time.Minute, interrupt: never, waits: 20 * time.Minute,
			total: 20 * time.Minute, kind: Pending},
		"a wait, to the interruption": {do: run, deadline: 20 * time.Minute, interrupt: 7 * time.Minute,
			waits: 7 * time.Minute, total: 7 * time.Minute, kind: Pending},
		"a wait resumed": {do: resume(accepted), deadline: 20 * time.Minute, interrupt: never, waits: 20 * time.Minute,
			total: 20 * time.Minute, kind: Pending},
		"accepted after the deadline": {do: run, send: sends(30*time.Second, nil), deadline: 10 * time.Second,
			interrupt: never, waits: 0, total: 30 * time.Second, kind: Pending},

		"settling": {do: run, send: fails(errLost), deadline: time.Hour, interrupt: never, settles: 2 * time.Minute,
			total: 2 * time.Minute, kind: Unknown},
		"settling, over the deadline": {do: run, send: fails(errLost), deadline: time.Second, interrupt: never,
			settles: 2 * time.Minute, total: 2 * time.Minute, kind: Unknown},
		"settling, which begins after the deadline": {do: run, send: sends(time.Minute, errLost),
			deadline: 10 * time.Second, interrupt: never, settles: 2 * time.Minute, total: 3 * time.Minute,
			kind: Unknown},
		"settling, interrupted": {do: run, send: fails(errLost), deadline: time.Hour, interrupt: 10 * time.Second,
			settles: 40 * time.Second, total: 40 * time.Second, kind: Unknown},
		"settling, interrupted near its end": {do: run, send: fails(errLost), deadline: time.Hour,
			interrupt: 119 * time.Second, settles: 2 * time.Minute, total: 2 * time.Minute, kind: Unknown},
		"settling, interrupted after the deadline": {do: run, send: fails(errLost), deadline: time.Second,
			interrupt: 50 * time.Second, settles: 80 * time.Second, total: 80 * time.Second, kind: Unknown},
		"settling, interrupted before it begins": {do: run, send: sends(20*time.Second, errLost), deadline: time.Hour,
			interrupt: 10 * time.Second, settles: 30 * time.Second, total: 50 * time.Second, kind: Unknown},
		"settling resumed": {do: resume(unknown), deadline: time.Second, interrupt: never, settles: 2 * time.Minute,
			total: 2 * time.Minute, kind: Unknown},
		"settling resumed, interrupted": {do: resume(unknown), deadline: time.Hour, interrupt: time.Second,
			settles: 31 * time.Second, total: 31 * time.Second, kind: Unknown},
		"settling for a refresh": {do: look, interrupt: never, settles: 2 * time.Minute, total: 2 * time.Minute,
			kind: Unknown},
		"settling for a refresh, interrupted": {do: look, interrupt: time.Second, settles: 31 * time.Second,
			total: 31 * time.Second, kind: Unknown},

		"under way after all, with time left": {do: run, send: fails(errLost), deadline: time.Hour, interrupt: never,
			underWay: true, settles: 2 * time.Minute, waits: 58 * time.Minute, total: time.Hour, kind: Pending},
		"under way after all, and the time is over": {do: run, send: fails(errLost), deadline: time.Minute,
			interrupt: never, underWay: true, settles: 2 * time.Minute, waits: 0, total: 2 * time.Minute,
			kind: Pending},
		"under way after all, and interrupted": {do: run, send: fails(errLost), deadline: time.Hour,
			interrupt: time.Minute, underWay: true, settles: 90 * time.Second, waits: 0, total: 90 * time.Second,
			kind: Pending},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, interrupt := context.WithCancelCause(t.Context())
				defer interrupt(nil)
				if c.interrupt != never {
					time.AfterFunc(c.interrupt, func() { interrupt(errors.New("Ctrl-C")) })
				}
				var waited, settled time.Duration
				found := wait.Undecided
				if c.underWay {
					found = wait.Underway
				}
				sim := &fakeSIM{
					live: "INACTIVE", send: c.send, wait: hangs(wait.Undecided, "", &waited),
					settle: hangs(found, "PENDING_ACTIVE", &settled),
				}
				begin := time.Now()
				out := c.do(ctx, testEngine(), sim, begin.Add(c.deadline))
				total := time.Since(begin)
				if waited != c.waits || settled != c.settles || total != c.total {
					t.Errorf("waited for %s, settled for %s, %s in all; want %s, %s, %s", waited, settled, total,
						c.waits, c.settles, c.total)
				}
				if out.Kind != c.kind || out.Pending == nil || out.Pending.Unknown != (c.kind == Unknown) {
					t.Errorf("ended as %+v, keeping %+v", out, out.Pending)
				}
			})
		})
	}
}

// TestSettlingKeepsValues: the reads that settle a change outlive the run's context, and keep what it carries, such as
// its log.
func TestSettlingKeepsValues(t *testing.T) {
	t.Parallel()
	type logger struct{}
	ctx, interrupt := context.WithCancel(context.WithValue(t.Context(), logger{}, "its log"))
	sim := &fakeSIM{live: "INACTIVE", send: func(context.Context, int) error {
		interrupt()
		return errLost
	}, settle: func(ctx context.Context) seen {
		if ctx.Value(logger{}) != "its log" || ctx.Err() != nil {
			t.Errorf("the context has %v and ended as %v", ctx.Value(logger{}), ctx.Err())
		}
		return seen{wait.Happened, "ACTIVE", nil}
	}}
	out := Run(ctx, testEngine(), sim, heldTo, time.Now().Add(time.Hour), func(string, *Op[string]) {})
	if out.Kind != Done {
		t.Errorf("ended as %+v", out)
	}
}

// TestWaitingForTheLock: whoever waits for another change of the SIM does so to its own deadline, and has done nothing
// then.
func TestWaitingForTheLock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, sim := newRig(t), &fakeSIM{live: "INACTIVE"}
		unlock, err := r.Locks.Lock(t.Context(), "cmo "+theID)
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
		begin := time.Now()
		r.check(Run(t.Context(), r.Engine, sim, heldTo, begin.Add(5*time.Minute), r.watch(sim)),
			ending{Reason: Interrupted, Change: changed("", ""), Err: context.DeadlineExceeded})
		if took := time.Since(begin); took != 5*time.Minute || !slices.Equal(sim.log, nil) {
			t.Errorf("%s, calls %q", took, sim.log)
		}
		stored := &Op[string]{Operation: kept}
		begin = time.Now()
		r.check(Resume(t.Context(), r.Engine, sim, stored, begin.Add(time.Minute)), ending{
			Kind: Pending, Change: changed("", ""), Err: context.DeadlineExceeded, Sent: true, Pending: stored,
		})
		if took := time.Since(begin); took != time.Minute || !slices.Equal(sim.log, nil) {
			t.Errorf("%s, calls %q", took, sim.log)
		}
		r.checkRecords()
	})
}
