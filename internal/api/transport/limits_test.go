package transport

import (
	"context"
	"errors"
	"net/http"
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
		// Two at once (a fifth of a second's worth), then one each 100 ms.
		for i, d := range at {
			if want := time.Duration(max(0, i-1)) * 100 * time.Millisecond; d < want-time.Millisecond || d > want+time.Millisecond {
				t.Errorf("call %d after %s, want %s", i, d, want)
			}
		}
	})
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

func TestLaneRate(t *testing.T) {
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
		var now, most, inLane, mostInClass atomic.Int32
		c := faked(newTestClient(t, "https://api.example.com", func(cfg *Config) {
			cfg.MaxConcurrent, cfg.RateClasses = 5, map[string]RateClass{"narrow": {MaxConcurrent: 2}}
		}), func(r *http.Request) (*http.Response, error) {
			raise(&most, now.Add(1))
			defer now.Add(-1)
			if r.URL.Path == "/narrow" {
				raise(&mostInClass, inLane.Add(1))
				defer inLane.Add(-1)
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
			l.tooMany(0, time.Second)
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
			l.fine()
		}
		if l.slowdown != 30*time.Second/16 {
			t.Errorf("after four successes: %s", l.slowdown)
		}
	})
}

// Ten callers that are refused together slow everybody down once.
func TestSlowdownOfManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimits(Config{})
		for range 10 {
			l.tooMany(0, time.Second)
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

			l.tooMany(time.Hour, 0)
			ctx, cancel = context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(reason) })
			if _, err := l.acquire(ctx, []string{"narrow"}); !errors.Is(err, reason) {
				t.Errorf("%s: in the pause: %v", name, err)
			}
			l.notBefore = time.Time{}
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

func BenchmarkAcquire(b *testing.B) {
	l := newLimits(Config{RequestsPerSecond: 1e12, MaxConcurrent: 64, RateClasses: map[string]RateClass{"a": {RequestsPerSecond: 1e12, MaxConcurrent: 64}}})
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
