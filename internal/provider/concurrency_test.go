package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// statuses declares n SIMs of a backend that answers at once, which are SUSPENDED now, as ACTIVE.
func manyStatuses(c *core, n int) coreConfig {
	config := coreConfig{}
	for i := range n {
		id := fmt.Sprintf("JASPER-899710000000%07d", i)
		c.AddProduct(simulator.Product{ID: id, Status: "SUSPENDED", SIMStatus: "SUSPENDED"})
		config["telco_sim_status."+id] = coreBlock{typeName: "telco_sim_status",
			attributes: map[string]any{"product_id": id, "status": "ACTIVE"}}
	}
	return config
}

// 1,000 SIMs with -parallelism=200: all are changed once, and the service never sees more calls at a time than it is
// said to bear.
func TestManySIMsAtATime(t *testing.T) {
	t.Parallel()
	const many, most = 1000, 7
	c := onMemory(t)
	c.parallel = 200
	c.set("max_concurrent_requests", most)
	c.set("request_timeout", "2m")
	config := manyStatuses(c, many)
	p := c.plan(t.Context(), config, corePlanOptions{})
	if failed := coreErrors(p.diagnostics); len(failed) > 0 {
		t.Fatal(failed[0])
	}
	said, problems := c.applyWatched(t.Context(), p)
	if failed := coreErrors(said); len(failed) > 0 || len(problems) > 0 {
		t.Fatal(failed, problems)
	}
	if got := len(c.Ledger()); got != many {
		t.Errorf("%d changes of %d SIMs", got, many)
	}
	if got := c.net.mostAtATime.Load(); got > most {
		t.Errorf("%d calls at a time, the limit is %d", got, most)
	}
	for _, problem := range c.brokenPromises() {
		t.Error(problem)
	}
}

// Six resources that want the same of one SIM: its commands come one after the other, so the others find the work done,
// or Terraform refuses them, since the SIM is not as their plan has named it by then.
func TestOneCommandAtATime(t *testing.T) {
	for _, k := range matrixCases() {
		if len(k.before) > 0 || k.api == simulator.M2M || k.name == "mvno_sim_swap create, word alone" ||
			k.api == simulator.Accounts {
			continue // a second assignment or swap is a change of its own there, and a second SIM card is refused
		}
		t.Run(k.name, func(t *testing.T) {
			c := onMemory(t, simulator.WithLatency(2*time.Millisecond))
			k.seed(c.Simulator)
			config := coreConfig{}
			for addr, block := range k.after {
				for i := range 6 {
					config[fmt.Sprintf("%s%d", addr, i)] = block
				}
			}
			p := c.plan(t.Context(), config, corePlanOptions{})
			for _, text := range coreErrors(c.apply(t.Context(), p)) {
				if !strings.HasPrefix(text, "Provider produced inconsistent final plan") {
					t.Error(text)
				}
			}
			if got := len(c.Ledger()); got != len(k.keys) {
				t.Errorf("%d changes of %d SIMs", got, len(k.keys))
			}
		})
	}
}

// A run that is cancelled in the middle, with calls that hang, leaves nothing behind.
func TestNoGoroutineIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 2 {
		c := onMemory(t)
		c.parallel = 50
		c.set("request_timeout", "200ms")
		config := manyStatuses(c, 50)
		p := c.plan(t.Context(), config, corePlanOptions{})
		if failed := coreErrors(p.diagnostics); len(failed) > 0 {
			t.Fatal(failed[0])
		}
		c.net.watch(func(number int, _ http.ResponseWriter) bool {
			if number == 20 {
				c.Inject(simulator.Fault{Match: simulator.Match{API: simulator.CMO}, Effect: simulator.Hang})
				c.stop()
			}
			return false
		})
		ctx, cancel := context.WithCancel(t.Context())
		c.apply(ctx, p)
		cancel()
		c.net.end()
	}
	deadline := time.Now().Add(20 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		runtime.Gosched()
	}
	if now := runtime.NumGoroutine(); now > before {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines before, %d after:\n%s", before, now, stacks[:runtime.Stack(stacks, true)])
	}
}
