package transport

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// sharedService is a service with one limit for all who use it: so many calls in any second, counted where they arrive.
type sharedService struct {
	limit      int
	retryAfter int

	mu      sync.Mutex
	taken   []time.Time
	paths   map[string]bool
	refused []time.Time
}

func (s *sharedService) answer(r *http.Request) (*http.Response, error) {
	<-time.After(time.Duration(15+rand.IntN(10)) * time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	recent := 0
	for i := len(s.taken) - 1; i >= 0 && now.Sub(s.taken[i]) < time.Second; i-- {
		recent++
	}
	if recent >= s.limit {
		s.refused = append(s.refused, now)
		header := map[string]string{}
		if s.retryAfter > 0 {
			header["Retry-After"] = strconv.Itoa(s.retryAfter)
		}
		return reply(429, header), nil
	}
	s.taken = append(s.taken, now)
	if s.paths == nil {
		s.paths = map[string]bool{}
	}
	s.paths[r.URL.Path] = true
	return reply(200, nil), nil
}

// worst is the most refusals within any such time.
func (s *sharedService) worst(within time.Duration) int {
	worst := 0
	for i, from := 0, 0; i < len(s.refused); i++ {
		for s.refused[i].Sub(s.refused[from]) >= within {
			from++
		}
		worst = max(worst, i-from+1)
	}
	return worst
}

// Twenty runs want four times what the service allows. Each finds its share by itself: all calls are done, once, in not much
// more than the time that the limit allows, and refusals are few also where they are most.
func TestManyRunsShareALimit(t *testing.T) {
	const (
		runs = 20
		each = 400
	)
	for name, retryAfter := range map[string]int{"the service asks for no pause": 0, "it asks for a second": 1} {
		synctest.Test(t, func(t *testing.T) {
			s := &sharedService{limit: 100, retryAfter: retryAfter}
			start := time.Now()
			var group sync.WaitGroup
			for run := range runs {
				c := faked(newTestClient(t, "https://api.example.com", func(cfg *Config) {
					cfg.RequestsPerSecond, cfg.MaxConcurrent, cfg.ErrorsPerSecond = 20, 10, 2 // as the CMO's client has them
					cfg.ChangeAttempts, cfg.Backoff = 4, 500*time.Millisecond
				}), s.answer)
				work := make(chan string, each)
				for i := range each {
					work <- fmt.Sprintf("/run%d/sim%d", run, i)
				}
				close(work)
				for range 20 {
					group.Go(func() {
						<-time.After(time.Duration(run) * 100 * time.Millisecond)
						for path := range work {
							if _, err := c.Do(t.Context(), Request{Method: http.MethodPatch, Path: path, Body: []byte("[]"), Change: true}); err != nil {
								t.Error(err)
							}
						}
					})
				}
			}
			group.Wait()
			took, least := s.taken[len(s.taken)-1].Sub(start), time.Second*runs*each/time.Duration(s.limit)
			t.Logf("%s: %s, %.2f times the least; %d refused, at most %d within 10 s",
				name, took, took.Seconds()/least.Seconds(), len(s.refused), s.worst(10*time.Second))
			if len(s.taken) != runs*each || len(s.paths) != runs*each {
				t.Errorf("%s: %d calls were executed for %d changes", name, len(s.taken), len(s.paths))
			}
			// Chance has its part: it is at 1.2 to 1.35.
			if took > least*3/2 {
				t.Errorf("%s: it took %s, %.2f times the least", name, took, took.Seconds()/least.Seconds())
			}
			// Pauses alone, without a slower pace, have one in five refused, and up to 300 within ten seconds.
			if n := len(s.refused); n > runs*each/12 {
				t.Errorf("%s: %d calls of %d were refused", name, n, runs*each)
			}
			if n := s.worst(10 * time.Second); n > 160 {
				t.Errorf("%s: %d calls were refused within 10 s", name, n)
			}
		})
	}
}

// One run that the limit is enough for is not slowed down by it.
func TestOneRunHasItsFullPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTestClient(t, "https://api.example.com", func(cfg *Config) { cfg.RequestsPerSecond = 20 })
		at := together(t, c, 204, read("/x"))
		if last := slices.Max(at); last < 9999*time.Millisecond || last > 10*time.Second {
			t.Errorf("204 calls at 20 a second, four of them at once, took %s", last)
		}
	})
}
