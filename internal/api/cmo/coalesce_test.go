package cmo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// reads records the batches of a coalescer; each takes 200 ms.
type reads struct {
	mu      sync.Mutex
	batches [][]string
}

func (r *reads) read(_ context.Context, ids []string, deliver func(string, *Product, error)) {
	r.mu.Lock()
	r.batches = append(r.batches, ids)
	r.mu.Unlock()
	time.Sleep(200 * time.Millisecond)
	for _, id := range ids {
		deliver(id, &Product{ID: id}, nil)
	}
}

func TestCoalescerBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r reads
		c := newCoalescer(r.read, 2*time.Millisecond, 50*time.Millisecond, 10)
		var readers sync.WaitGroup
		for _, id := range append(tmsp(500), tmsp(500)...) {
			readers.Go(func() {
				if p, err := c.get(t.Context(), id); err != nil || p.ID != id {
					t.Errorf("%s: %+v, %v", id, p, err)
				}
			})
		}
		readers.Wait()
		seen := map[string]bool{}
		for _, batch := range r.batches {
			for _, id := range batch {
				seen[id] = true
			}
		}
		// Two readers of one id may come to different batches, so at most all thousand were read.
		if len(r.batches) > 20 || len(seen) != 500 || len(c.byID) != 0 {
			t.Errorf("%d batches, %d ids", len(r.batches), len(seen))
		}
	})
}

func TestLoneReadWaitsTheDelayOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r reads
		c := newCoalescer(r.read, 2*time.Millisecond, 50*time.Millisecond, 10)
		for range 3 { // one after the other
			start := time.Now()
			if _, err := c.get(t.Context(), tmspID); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took != 202*time.Millisecond {
				t.Errorf("took %s", took)
			}
		}
		if len(r.batches) != 3 {
			t.Errorf("batches: %q", r.batches)
		}
	})
}

// TestFewReadersStayTogether has ten readers, as Terraform has, that come back at slightly different times.
func TestFewReadersStayTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r reads
		c := newCoalescer(r.read, 2*time.Millisecond, 50*time.Millisecond, 10)
		start := time.Now()
		var readers sync.WaitGroup
		for i := range 10 {
			readers.Go(func() {
				for round := range 100 {
					time.Sleep(time.Duration((i*7+round*3)%10) * time.Millisecond)
					if _, err := c.get(t.Context(), fmt.Sprintf("TMSP-%d-%d", i, round)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		readers.Wait()
		if took := time.Since(start); len(r.batches) > 130 || took > 24*time.Second {
			t.Errorf("%d calls for 1000 reads, in %s", len(r.batches), took)
		}
	})
}

// TestAnswerIsNeverOlderThanTheCall: a read of an id that is being read gets a read of its own.
func TestAnswerIsNeverOlderThanTheCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var version atomic.Int64
		c := newCoalescer(func(_ context.Context, ids []string, deliver func(string, *Product, error)) {
			now := fmt.Sprint(version.Load()) // what the service sees when the request arrives
			time.Sleep(time.Second)
			for _, id := range ids {
				deliver(id, &Product{Status: now}, nil)
			}
		}, 2*time.Millisecond, 50*time.Millisecond, 10)

		var readers sync.WaitGroup
		for i := range 200 {
			readers.Go(func() {
				time.Sleep(time.Duration(i*13%1500) * time.Millisecond)
				changed := version.Add(1)
				p, err := c.get(t.Context(), tmspID)
				if err != nil {
					t.Error(err)
					return
				}
				var seen int64
				if _, err := fmt.Sscan(p.Status, &seen); err != nil || seen < changed {
					t.Errorf("changed to %d, read %s", changed, p.Status)
				}
			})
		}
		readers.Wait()
	})
}

func TestCancelFreesTheCallerOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r reads
		c := newCoalescer(r.read, 2*time.Millisecond, 50*time.Millisecond, 10)
		ids := tmsp(3)
		ctx, cancel := context.WithCancel(t.Context())
		var readers sync.WaitGroup
		readers.Go(func() {
			if _, err := c.get(ctx, ids[0]); !errors.Is(err, context.Canceled) {
				t.Errorf("the caller that left: %v", err)
			}
		})
		synctest.Wait() // it comes first, so the batch takes its context
		for _, id := range ids[:2] {
			readers.Go(func() {
				if _, err := c.get(t.Context(), id); err != nil {
					t.Errorf("%s: %v", id, err)
				}
			})
		}
		readers.Go(func() {
			if _, err := c.get(ctx, ids[2]); !errors.Is(err, context.Canceled) {
				t.Errorf("the caller that left: %v", err)
			}
		})
		synctest.Wait()
		cancel()
		readers.Wait()
		if len(r.batches) != 1 || len(r.batches[0]) != 2 {
			t.Errorf("batches: %q", r.batches)
		}
	})
}

func TestProductShared(t *testing.T) {
	s := newService(t)
	ids := tmsp(500)
	for _, id := range ids {
		s.set(id, "ACTIVE")
	}
	c := s.client(func(cfg *Config) {
		cfg.RequestsPerSecond = 1000
		cfg.CoalesceDelay = 20 * time.Millisecond
	})
	var readers sync.WaitGroup
	for _, id := range ids {
		readers.Go(func() {
			if p, err := c.ProductShared(t.Context(), id); err != nil || p.ID != id || p.SIMCard.Status != "ACTIVE" {
				t.Errorf("%s: %+v, %v", id, p, err)
			}
		})
	}
	readers.Wait()
	if calls := s.count(""); calls > 500/50+5 {
		t.Errorf("%d calls", calls)
	}

	before := s.count("")
	if _, err := c.ProductShared(t.Context(), ids[0]); err != nil {
		t.Fatal(err)
	}
	if s.count("") != before+1 || s.count("GET /product/"+ids[0]) != 1 {
		t.Errorf("a lone read took %d calls", s.count("")-before)
	}
}

func TestProductSharedWithoutFind(t *testing.T) {
	s := newService(t)
	ids := tmsp(100)
	for _, id := range ids {
		s.set(id, "ACTIVE")
	}
	s.on("POST /product/find", answers(http.StatusNotFound, ""))
	c := s.client()
	for range 2 {
		var readers sync.WaitGroup
		for _, id := range ids {
			readers.Go(func() {
				if _, err := c.ProductShared(t.Context(), id); err != nil {
					t.Error(err)
				}
			})
		}
		readers.Wait()
	}
	if s.count("GET") != 200 || s.count("POST") > 10 {
		t.Errorf("%d single reads, %d finds", s.count("GET"), s.count("POST"))
	}
}

func TestProductSharedCancelled(t *testing.T) {
	s := newService(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.client().ProductShared(ctx, tmspID)
	if !errors.Is(err, context.Canceled) || err.Error() != "CMO API: read product "+tmspID+": context canceled" {
		t.Errorf("got %v", err)
	}
}

func BenchmarkCoalescer(b *testing.B) {
	product := &Product{}
	batches := atomic.Int64{}
	c := newCoalescer(func(_ context.Context, ids []string, deliver func(string, *Product, error)) {
		batches.Add(1)
		for _, id := range ids {
			deliver(id, product, nil)
		}
	}, 2*time.Millisecond, 50*time.Millisecond, 10)
	ids := tmsp(10_000)
	b.ReportAllocs()
	b.SetParallelism(250) // times the number of processors
	next := atomic.Int64{}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.get(b.Context(), ids[next.Add(1)%int64(len(ids))]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/float64(batches.Load()), "reads/batch")
}
