package transport

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// together makes n calls at once and returns when each went out, counted from the start.
func together(t *testing.T, c *Client, n int, req Request) []time.Duration {
	t.Helper()
	start := time.Now()
	var mu sync.Mutex
	var at []time.Duration
	faked(c, func(*http.Request) (*http.Response, error) {
		mu.Lock()
		at = append(at, time.Since(start))
		mu.Unlock()
		return reply(200, nil), nil
	})
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			if _, err := c.Do(t.Context(), req); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	return at
}

func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTestClient(t, "https://api.example.com", func(cfg *Config) { cfg.RequestsPerSecond = 10 })
		at := together(t, c, 32, read("/x"))
		// Two at once (a fifth of a second's worth), the next ones at 5 a second and more, and from the seventh on
		// one each 100 ms.
		for i, d := range at {
			want := time.Duration(max(0, i-1))*100*time.Millisecond + 79*time.Millisecond
			if i < 6 {
				want = []time.Duration{0, 0, 143, 268, 379, 479}[i] * time.Millisecond
			}
			if d < want-time.Millisecond || d > want+time.Millisecond {
				t.Errorf("call %d after %s, want %s", i, d, want)
			}
		}
	})
}

// running are bounds whose pace has been reached.
func running(perSecond float64) *bounds {
	b := newBounds(RateClass{RequestsPerSecond: perSecond}, 0)
	b.setPace(perSecond)
	b.starting = false
	return b
}

// A client starts with a quarter of its pace, and no less than five calls a second.
func TestStart(t *testing.T) {
	for full, want := range map[float64]float64{2: 2, 5: 5, 10: 5, 20: 5, 100: 25, 0: 0} {
		if b := newBounds(RateClass{RequestsPerSecond: full}, 0); b.pace != want {
			t.Errorf("of %g a second: %g, want %g", full, b.pace, want)
		}
	}
	b := newBounds(RateClass{RequestsPerSecond: 20}, 0)
	for range 4 {
		b.fine()
	}
	if b.pace != 9 || !b.starting {
		t.Errorf("after four answers: %g", b.pace)
	}
	quick := newBounds(RateClass{RequestsPerSecond: 400}, 0)
	for range 15 {
		quick.fine()
	}
	if quick.pace != 400 {
		t.Errorf("after fifteen answers: %g of 400 a second", quick.pace)
	}
	b.tooMany(time.Now(), 0, time.Second)
	if b.pace != 4.5 || b.starting {
		t.Errorf("after a refusal: %g", b.pace)
	}
}

func TestNoRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, d := range together(t, newTestClient(t, "https://api.example.com", nil), 1000, read("/x")) {
			if d != 0 {
				t.Fatalf("a call waited %s without a bound", d)
			}
		}
	})
}

func TestRateClassRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		classes := func(cfg *Config) { cfg.RateClasses = map[string]RateClass{"slow": {RequestsPerSecond: 1}} }
		req := read("/x")
		req.RateClasses = []string{"slow", "unheard of"}
		at := together(t, newTestClient(t, "https://api.example.com", classes), 4, req)
		if last := at[3].Round(time.Millisecond); last != 3*time.Second {
			t.Errorf("the fourth call in a class of 1/s came after %s", last)
		}
		if at := together(t, newTestClient(t, "https://api.example.com", classes), 4, read("/x")); at[3] != 0 {
			t.Errorf("a call outside of the class waited %s", at[3])
		}
	})
}

// Calls at a time: for all, and fewer in a class; who waits for it takes no place from the others.
func TestConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most, inClass, mostInClass atomic.Int32
		c := faked(newTestClient(t, "https://api.example.com", func(cfg *Config) {
			cfg.MaxConcurrent, cfg.RateClasses = 5, map[string]RateClass{"narrow": {MaxConcurrent: 2}}
		}), func(r *http.Request) (*http.Response, error) {
			raise(&most, now.Add(1))
			defer now.Add(-1)
			if r.URL.Path == "/narrow" {
				raise(&mostInClass, inClass.Add(1))
				defer inClass.Add(-1)
			}
			<-time.After(time.Second)
			return reply(200, nil), nil
		})
		start := time.Now()
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				req := read("/narrow")
				req.RateClasses = []string{"narrow"}
				_, _ = c.Do(t.Context(), req)
			})
		}
		synctest.Wait()
		for range 3 {
			group.Go(func() { _, _ = c.Do(t.Context(), read("/wide")) })
		}
		synctest.Wait()
		if now.Load() != 5 {
			t.Errorf("%d calls run, want 2 in the class and 3 beside it", now.Load())
		}
		group.Wait()
		if most.Load() != 5 || mostInClass.Load() != 2 {
			t.Errorf("at most %d at a time, %d in the class; want 5 and 2", most.Load(), mostInClass.Load())
		}
		if elapsed := time.Since(start); elapsed != 10*time.Second {
			t.Errorf("20 calls of 1 s, two at a time, took %s", elapsed)
		}
	})
}

func raise(most *atomic.Int32, n int32) {
	for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
	}
}

// One caller's 429 holds back all of them, for as long as the service asks.
func TestTooManyPausesEverybody(t *testing.T) {
	for name, row := range map[string]struct {
		header  string
		attempt int
		pause   time.Duration
	}{
		"as asked":                 {"20", 5, 20 * time.Second},
		"not asked: the back-off":  {"", 1, 2 * time.Second},
		"more than is obeyed: 60s": {"3600", 5, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			calls := 0
			var mu sync.Mutex
			c := faked(newTestClient(t, "https://api.example.com", func(cfg *Config) {
				cfg.Backoff, cfg.ReadAttempts = 2*time.Second, row.attempt
			}), func(*http.Request) (*http.Response, error) {
				mu.Lock()
				defer mu.Unlock()
				calls++
				if calls == 1 {
					return reply(429, map[string]string{"Retry-After": row.header}), nil
				}
				if d := time.Since(start); d < row.pause || d > row.pause+2*time.Second {
					t.Errorf("%s: a call after %s, want %s", name, d, row.pause)
				}
				return reply(200, nil), nil
			})
			var group sync.WaitGroup
			group.Go(func() { _, _ = c.Do(t.Context(), read("/x")) })
			synctest.Wait()
			for range 10 {
				group.Go(func() {
					if _, err := c.Do(t.Context(), read("/x")); err != nil {
						t.Error(err)
					}
				})
			}
			group.Wait()
			if calls < 11 {
				t.Errorf("%s: %d calls", name, calls)
			}
		})
	}
}

// Repeated 429s without a Retry-After double the pause up to 30 s; successes halve it again.
func TestSlowdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimits(Config{})
		for _, want := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
			l.tooMany(nil, time.Now(), 0, time.Second)
			start := time.Now()
			release, err := l.acquire(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			release()
			if waited := time.Since(start); waited != want*time.Second {
				t.Errorf("waited %s, want %s", waited, want*time.Second)
			}
		}
		for range 4 {
			l.fine(nil)
		}
		if l.all.slowdown != 30*time.Second/16 {
			t.Errorf("after four successes: %s", l.all.slowdown)
		}
	})
}

// Ten callers that are refused together slow everybody down once.
func TestSlowdownOfManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimits(Config{})
		for range 10 {
			l.tooMany(nil, time.Now(), 0, time.Second)
		}
		start := time.Now()
		release, err := l.acquire(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		release()
		if waited := time.Since(start); waited != time.Second {
			t.Errorf("waited %s", waited)
		}
	})
}

// Who gives up while waiting gives its places back.
func TestAcquireCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reason := errors.New("enough")
		for name, row := range map[string]Config{
			"for all":      {MaxConcurrent: 1},
			"in the class": {RateClasses: map[string]RateClass{"narrow": {MaxConcurrent: 1}}},
		} {
			l := newLimits(row)
			release, err := l.acquire(t.Context(), []string{"narrow"})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(reason) })
			if _, err := l.acquire(ctx, []string{"narrow"}); !errors.Is(err, reason) {
				t.Errorf("%s: %v", name, err)
			}
			release()

			l.tooMany(nil, time.Now(), time.Hour, 0)
			ctx, cancel = context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(reason) })
			if _, err := l.acquire(ctx, []string{"narrow"}); !errors.Is(err, reason) {
				t.Errorf("%s: in the pause: %v", name, err)
			}
			l.all.notBefore = time.Time{}
			release, err = l.acquire(t.Context(), []string{"narrow"}) // a lost place would block for ever
			if err != nil {
				t.Fatal(err)
			}
			release()
		}

		l := newLimits(Config{RequestsPerSecond: 0.1, MaxConcurrent: 1})
		release, err := l.acquire(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		release()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := l.acquire(ctx, nil); err == nil {
			t.Error("a call that the rate lets through in 10 s was promised within 1 s")
		}
		if len(l.all.slots) != 0 {
			t.Error("the place was not given back")
		}
	})
}

// A refusal cuts the pace a little, one right after it by half, and never below a fiftieth; a call that was on its way
// already is part of the refusal before.
func TestRefusalsCutThePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := running(20)
		want := func(pace float64) {
			t.Helper()
			if math.Abs(b.pace-pace) > 1e-9 || math.Abs(float64(b.rate.Limit())-pace) > 1e-9 {
				t.Errorf("the pace is %g (limiter %g), want %g", b.pace, float64(b.rate.Limit()), pace)
			}
		}
		first := time.Now()
		<-time.After(time.Second)
		b.tooMany(time.Now(), 0, time.Second)
		want(16)
		b.tooMany(first, 0, time.Second)
		want(16)
		<-time.After(time.Second)
		b.fine()
		b.tooMany(time.Now(), 0, time.Second) // within three seconds of the cut
		if b.pace < 8 || b.pace > 10 {        // it had grown a little before it was halved
			t.Errorf("after the second refusal: %g", b.pace)
		}
		<-time.After(time.Minute)
		halved := b.pace
		b.tooMany(time.Now(), 0, time.Second) // a minute later, and nothing has worked in between
		want(halved / 2)
		for range 10 {
			<-time.After(time.Minute)
			b.tooMany(time.Now(), 0, time.Second)
		}
		want(0.4)
	})
}

// The pace is back where it was refused after eight seconds, and has what is configured after sixteen.
func TestPaceGrowsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := running(20)
		b.setPace(10)
		b.tooMany(time.Now(), 0, time.Second)
		var got []float64
		for range 9 {
			b.fine()
			got = append(got, math.Round(b.pace*10)/10)
			<-time.After(2 * time.Second)
		}
		if want := []float64{8, 9.2, 9.8, 10, 10, 10.2, 11.3, 14.2, 20}; !slices.Equal(got, want) {
			t.Errorf("every two seconds: %v, want %v", got, want)
		}
		if b.rate.Limit() != 20 || b.rate.Burst() != 4 {
			t.Errorf("in the end: %g a second, %d at once", float64(b.rate.Limit()), b.rate.Burst())
		}
	})
}

// With a pace, a first refusal is answered by the slower pace alone; a second one right after it by a pause, too.
func TestPauseAfterRefusalsWithAPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := running(20)
		b.tooMany(time.Now(), 0, 5*time.Second)
		if d := b.paused(); d > time.Second/16 {
			t.Errorf("after the first: a pause of %s", d)
		}
		<-time.After(time.Second)
		b.tooMany(time.Now(), 0, 5*time.Second)
		if d := b.paused(); d < 5*time.Second || d > 5*time.Second+time.Second/8 {
			t.Errorf("after the second: a pause of %s, want 5s and up to one call's time", d)
		}
		b = running(20)
		b.tooMany(time.Now(), 7*time.Second, 5*time.Second)
		if d := b.paused(); d < 7*time.Second || d > 7*time.Second+time.Second/16 {
			t.Errorf("where the service asks for 7 s: a pause of %s", d)
		}
	})
}

// All who have waited for the end of a pause go at the pace, not at once.
func TestAfterAPauseThePaceCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimits(Config{RequestsPerSecond: 10})
		l.tooMany(nil, time.Now(), 5*time.Second, 0)
		start := time.Now()
		var group sync.WaitGroup
		var mu sync.Mutex
		var at []time.Duration
		for range 10 {
			group.Go(func() {
				if _, err := l.acquire(t.Context(), nil); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				at = append(at, time.Since(start))
			})
		}
		group.Wait()
		slices.Sort(at)
		if at[0] < 5*time.Second || at[9]-at[0] < 3*time.Second {
			t.Errorf("at a pace of 2.5 a second they went after %v", at)
		}
	})
}

// A backend's refusal slows that backend down, and no other; two backends that refuse at the same moment are the
// service.
func TestARefusalStaysInItsClass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimits(Config{RequestsPerSecond: 20, RateClasses: map[string]RateClass{"1NCE": {RequestsPerSecond: 8}}})
		waits := func(classes ...string) time.Duration {
			start := time.Now()
			release, err := l.acquire(t.Context(), classes)
			if err != nil {
				t.Fatal(err)
			}
			release()
			if d := time.Since(start); d > time.Second { // a second or two of it are the pace's, by chance
				return d.Truncate(5 * time.Second)
			}
			return 0
		}
		l.tooMany([]string{"1NCE"}, time.Now(), 10*time.Second, 0)
		if d := waits("TMSP"); d != 0 {
			t.Errorf("TMSP waits %s for 1NCE", d)
		}
		if d := waits(); d != 0 {
			t.Errorf("a call to no backend waits %s for 1NCE", d)
		}
		if d := waits("1NCE"); d != 10*time.Second {
			t.Errorf("1NCE waits %s", d)
		}

		l.tooMany([]string{"1NCE"}, time.Now(), 10*time.Second, 0)
		<-time.After(2 * time.Second)
		l.tooMany([]string{"TMSP"}, time.Now(), 10*time.Second, 0) // two seconds apart: two backends
		if d := waits("JASPER"); d != 0 {
			t.Errorf("JASPER waits %s for two others", d)
		}
		l.tooMany([]string{"1NCE"}, time.Now(), 10*time.Second, 0) // at the same moment: the service
		if d := waits("JASPER"); d != 10*time.Second {
			t.Errorf("JASPER waits %s for the service", d)
		}

		<-time.After(time.Minute)
		l.tooMany([]string{"STC", "TURKCELL"}, time.Now(), 10*time.Second, 0) // which of the two can't be told
		if d := waits("JASPER"); d != 10*time.Second {
			t.Errorf("JASPER waits %s after a call to two backends", d)
		}
	})
}

func BenchmarkAcquire(b *testing.B) {
	l := newLimits(Config{RequestsPerSecond: 1e12, MaxConcurrent: 64,
		RateClasses: map[string]RateClass{"a": {RequestsPerSecond: 1e12, MaxConcurrent: 64}}})
	classes := []string{"a"}
	b.ReportAllocs()
	for b.Loop() {
		release, err := l.acquire(b.Context(), classes)
		if err != nil {
			b.Fatal(err)
		}
		release()
	}
}

func BenchmarkAcquireContended(b *testing.B) {
	l := newLimits(Config{RequestsPerSecond: 1e12, MaxConcurrent: 4})
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			release, err := l.acquire(b.Context(), nil)
			if err != nil {
				b.Error(err)
				return
			}
			release()
		}
	})
}

// A burst of errors is borne; what goes beyond comes no faster than the budget, over all callers together.
func TestErrorBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimits(Config{ErrorsPerSecond: 2})
		start := time.Now()
		const failures = errorBurst + 10
		for range failures {
			release, err := l.acquire(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			l.failed()
			release()
		}
		release, err := l.acquire(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		release()
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("%d errors took %s, want 5s for the ten beyond the burst", failures, took)
		}
	})
}
