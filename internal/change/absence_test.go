package change

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

var errAbsent = errors.New("not found")

func isAbsent(err error) bool { return errors.Is(err, errAbsent) }

// second is what the second look is answered.
func second(live string, err error) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return live, err }
}

// TestAbsence: what is made of an absence, whole: what was found, or the error, and how often the service was asked
// whether it is ours.
func TestAbsence(t *testing.T) {
	t.Parallel()
	unreadProof := "it was not found, and whether it is the right service that answers could not be read: the SIM " +
		"can't be read"
	for name, c := range map[string]struct {
		saw       bool
		read      func(context.Context) (string, error)
		proof     bool
		proofErr  error
		interrupt bool // in the pause
		live      string
		err       error
		text      string // of an error of no type; "" where err says it all
		took      time.Duration
		asked     int
		proven    bool // from then on
	}{
		"a stray absence": {read: second("ACTIVE", nil), live: "ACTIVE", took: 5 * time.Second, proven: true},
		"certain": {read: second("", errAbsent), proof: true, err: &GoneError{errAbsent}, took: 5 * time.Second,
			asked:  1,
			proven: true},
		"certain, by what was seen": {saw: true, read: second("", errAbsent), err: &GoneError{errAbsent},
			took:   5 * time.Second,
			proven: true},
		"foreign": {read: second("", errAbsent), err: &ForeignError{Cause: errAbsent}, took: 5 * time.Second, asked: 1},
		"unreadable at the second look": {read: second("half of it", errUnreadable), err: errUnreadable,
			took: 5 * time.Second},
		"unreadable, though ours": {saw: true, read: second("", errUnreadable), err: errUnreadable,
			took:   5 * time.Second,
			proven: true},
		"no proof to be had": {read: second("", errAbsent), proofErr: errUnreadable, err: errUnreadable,
			text: unreadProof,
			took: 5 * time.Second, asked: 1},
		"a proof beside an error": {read: second("", errAbsent), proof: true, proofErr: errUnreadable,
			err:  &GoneError{errAbsent},
			took: 5 * time.Second, asked: 1, proven: true},
		"interrupted in the pause": {read: second("ACTIVE", nil), interrupt: true, err: context.Canceled,
			took: 2 * time.Second,
			text: "it was not found, and the run was interrupted before the second look: context canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, interrupt := context.WithCancel(t.Context())
				defer interrupt()
				if c.interrupt {
					time.AfterFunc(2*time.Second, interrupt)
				}
				asked, looks := 0, 0
				w := &Witness{Pause: 5 * time.Second, Prove: func(context.Context) (bool, error) {
					asked++
					return c.proof, c.proofErr
				}}
				if c.saw {
					w.Saw()
				}
				begin := time.Now()
				live, err := Certain(ctx, w, isAbsent, func(ctx context.Context) (string, error) {
					looks++
					return c.read(ctx)
				})
				if live != c.live || time.Since(begin) != c.took || asked != c.asked || w.proven != c.proven {
					t.Errorf("%q after %s, asked %d times, proven: %t", live, time.Since(begin), asked, w.proven)
				}
				if want := map[bool]int{false: 1, true: 0}[c.interrupt]; looks != want {
					t.Errorf("%d looks after the first one", looks)
				}
				switch {
				case c.text == "":
					if !reflect.DeepEqual(err, c.err) {
						t.Errorf("%#v, want %#v", err, c.err)
					}
				case err == nil, err.Error() != c.text, !errors.Is(err, c.err), isGone(err):
					t.Errorf("%v, want %s", err, c.text)
				}
			})
		})
	}
}

// TestForeignIsToldOnce: only the first error of a run says in full that nothing is there.
func TestForeignIsToldOnce(t *testing.T) {
	t.Parallel()
	w := &Witness{Prove: func(context.Context) (bool, error) { return false, nil }}
	for i := range 3 {
		err := w.Verify(t.Context(), errAbsent)
		if want := (&ForeignError{Cause: errAbsent, Again: i > 0}); !reflect.DeepEqual(err, want) {
			t.Errorf("%d: %#v, want %#v", i, err, want)
		}
		if !errors.Is(err, errAbsent) || err.Error() != "not found" {
			t.Errorf("%d: %v", i, err)
		}
	}
	w.Saw() // and then something of ours was found after all
	if err := w.Verify(t.Context(), errAbsent); !reflect.DeepEqual(err, &GoneError{errAbsent}) {
		t.Errorf("%#v", err)
	}
}

// asking is a service that is asked by many at the same moment whether it is ours.
type asking struct {
	*Witness
	asked atomic.Int64
}

// answers takes a second for each answer, and gives the n-th one, counted from 1, by then.
func answers(then func(ctx context.Context, n int64) (bool, error)) *asking {
	a := &asking{}
	a.Witness = &Witness{Prove: func(ctx context.Context) (bool, error) {
		n := a.asked.Add(1)
		select {
		case <-time.After(time.Second):
			return then(ctx, n)
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}}
	return a
}

// TestWitnessIsAskedOnce: all that wait for an answer share it, whatever it is: a thousand SIMs of another tenant would
// otherwise ask a thousand times, one after the other.
func TestWitnessIsAskedOnce(t *testing.T) {
	t.Parallel()
	const many = 1000
	type tally struct{ gone, foreign, again, others int }
	for name, c := range map[string]struct {
		answer func(context.Context, int64) (bool, error)
		saw    bool // meanwhile
		want   tally
	}{
		"ours": {func(context.Context, int64) (bool, error) { return true, nil }, false, tally{gone: many}},
		"foreign": {func(context.Context, int64) (bool, error) { return false, nil }, false,
			tally{foreign: 1, again: many - 1}},
		"trouble": {func(context.Context, int64) (bool, error) { return false, errUnreadable }, false,
			tally{others: many}},
		"seen meanwhile": {func(context.Context, int64) (bool, error) { return false, nil }, true,
			tally{gone: many}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := answers(c.answer)
				begin := time.Now()
				errs := make([]error, many)
				var all sync.WaitGroup
				for i := range errs {
					all.Go(func() { errs[i] = a.Verify(t.Context(), errAbsent) })
				}
				if c.saw {
					time.AfterFunc(time.Second/2, a.Saw)
				}
				all.Wait()
				var got tally
				for _, err := range errs {
					var foreign *ForeignError
					switch {
					case isGone(err):
						got.gone++
					case errors.As(err, &foreign) && foreign.Again:
						got.again++
					case errors.As(err, &foreign):
						got.foreign++
					case errors.Is(err, errUnreadable):
						got.others++
					}
				}
				if got != c.want || a.asked.Load() != 1 || time.Since(begin) != time.Second {
					t.Errorf("%+v, want %+v; asked %d times in %s", got, c.want, a.asked.Load(), time.Since(begin))
				}
			})
		})
	}
}

// TestWitnessAskerLeaves: who asks for all and is interrupted, or panics, leaves the others an answer: they ask anew.
func TestWitnessAskerLeaves(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first     func(context.Context, int64) (bool, error)
		interrupt bool
		want      []string
	}{
		"interrupted": {func(context.Context, int64) (bool, error) { return true, nil }, true,
			[]string{"open", "gone", "gone", "gone", "gone"}},
		"panics": {func(_ context.Context, n int64) (bool, error) {
			if n == 1 {
				panic("out of range")
			}
			return true, nil
		}, false, []string{"panic", "gone", "gone", "gone", "gone"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a := answers(c.first)
				got := make([]string, 5)
				ask := func(ctx context.Context, i int) {
					defer func() {
						if recover() != nil {
							got[i] = "panic"
						}
					}()
					if err := a.Verify(ctx, errAbsent); isGone(err) {
						got[i] = "gone"
					} else if errors.Is(err, context.Canceled) {
						got[i] = "open"
					}
				}
				var all sync.WaitGroup
				ctx, interrupt := context.WithCancel(t.Context())
				defer interrupt()
				all.Go(func() { ask(ctx, 0) })
				synctest.Wait() // the first one asks, the others wait for it
				for i := 1; i < len(got); i++ {
					all.Go(func() { ask(t.Context(), i) })
				}
				synctest.Wait()
				if c.interrupt {
					interrupt()
				}
				all.Wait()
				if !slices.Equal(got, c.want) || a.asked.Load() != 2 {
					t.Errorf("%q, asked %d times", got, a.asked.Load())
				}
			})
		})
	}
}

// TestWitnessWaiterLeaves: who waits for an answer and is interrupted need not wait for it, and the others get it.
func TestWitnessWaiterLeaves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := answers(func(context.Context, int64) (bool, error) { return true, nil })
		var first, waiting error
		var all sync.WaitGroup
		all.Go(func() { first = a.Verify(t.Context(), errAbsent) })
		synctest.Wait()
		ctx, interrupt := context.WithTimeout(t.Context(), time.Second/2)
		defer interrupt()
		begin := time.Now()
		all.Go(func() { waiting = a.Verify(ctx, errAbsent) })
		synctest.Wait()
		<-ctx.Done()
		synctest.Wait()
		if !errors.Is(waiting, context.DeadlineExceeded) || time.Since(begin) != time.Second/2 {
			t.Errorf("%v after %s", waiting, time.Since(begin))
		}
		all.Wait()
		if !isGone(first) || a.asked.Load() != 1 {
			t.Errorf("%v, asked %d times", first, a.asked.Load())
		}
	})
}
