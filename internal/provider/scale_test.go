package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// These tests hold the provider to what it may cost, in calls of the API. They run in a synctest bubble: its clock
// moves when all wait, so what they count does not depend on how busy the machine is, and time may be asserted as well.

const scaleLatency = 20 * time.Millisecond

// scaleCore is a core with the provider's own pace instead of the tests'.
func scaleCore(t testing.TB, opts ...simulator.Option) *core {
	c := onMemory(t, append(opts, simulator.WithLatency(scaleLatency))...)
	c.options = nil
	c.set("max_concurrent_requests", 100)
	return c
}

// scaleIDs are n product ids of a backend, which are put on the network with that status.
func scaleIDs(c *core, n int, backend, status string) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%s-89%017d", backend, i)
		c.AddProduct(simulator.Product{ID: ids[i], Status: status, SIMStatus: status})
	}
	return ids
}

func scaleStatuses(ids []string, status string) coreConfig {
	config := coreConfig{}
	for _, id := range ids {
		config["telco_sim_status."+id] = coreBlock{typeName: "telco_sim_status",
			attributes: map[string]any{"product_id": id, "status": status}}
	}
	return config
}

func scaleFleet(ids []string, status string, maxParallel int) coreConfig {
	statuses := make(map[string]string, len(ids))
	for _, id := range ids {
		statuses[id] = status
	}
	return coreConfig{"telco_sim_fleet_status.vans": {typeName: "telco_sim_fleet_status", attributes: map[string]any{
		"name": "vans", "statuses": statuses, "max_parallel": maxParallel,
	}}}
}

// mustApply plans and applies; nothing may fail.
func (c *core) mustApply(config coreConfig) {
	c.t.Helper()
	p := c.plan(c.t.Context(), config, corePlanOptions{})
	if failed := coreErrors(p.diagnostics); len(failed) > 0 {
		c.t.Fatal(failed[0])
	}
	if failed := coreErrors(c.apply(c.t.Context(), p)); len(failed) > 0 {
		c.t.Fatal(failed[0])
	}
}

// planNothing is a plan that must be empty; it returns how many calls it took.
func (c *core) planNothing(config coreConfig) int {
	c.t.Helper()
	c.ForgetRequests()
	if p := c.plan(c.t.Context(), config, corePlanOptions{}); !p.empty() {
		c.t.Fatalf("the plan is not empty: %s %s", p.actions(), coreErrors(p.diagnostics))
	}
	return len(c.Requests(simulator.Match{}))
}

func TestScaleStatusRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := scaleCore(t)
		config := scaleStatuses(scaleIDs(c, 1000, "JASPER", "ACTIVE"), "ACTIVE")
		c.parallel = 50
		c.mustApply(config) // takes them over
		if changes := c.Ledger(); len(changes) > 0 {
			t.Fatalf("taking over changed %d SIMs", len(changes))
		}
		if calls := c.planNothing(config); calls > 1000/50+10 {
			t.Errorf("a plan without changes of 1000 SIMs, fifty at a time, took %d calls", calls)
		}
		c.parallel = 10
		if calls := c.planNothing(config); calls > 1000/10+10 {
			t.Errorf("a plan without changes of 1000 SIMs, ten at a time, took %d calls", calls)
		}

		// The ten come at uneven times, since Terraform needs the processor in between.
		c.ForgetRequests()
		server, next := c.process(t.Context()), atomic.Int64{}
		c.each(slices.Sorted(maps.Keys(c.state)), func(addr string) {
			time.Sleep(time.Duration(next.Add(1)*7%10) * time.Millisecond)
			object := c.state[addr]
			if read, diagnostics := c.read(t.Context(), server, object); len(diagnostics) > 0 ||
				!read.value.Equal(object.value) {
				t.Errorf("%s was read as %s, %v", addr, read.value, diagnostics)
			}
		})
		if calls := len(c.Requests(simulator.Match{})); calls > 1000/10+10 {
			t.Errorf("reading 1000 SIMs, ten at uneven times, took %d calls", calls)
		}
	})
}

func TestScaleFleetPlan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n = 10_000
		c := scaleCore(t)
		config := scaleFleet(scaleIDs(c, n, "JASPER", "ACTIVE"), "ACTIVE", 100)
		c.mustApply(config)
		if changes := c.Ledger(); len(changes) > 0 {
			t.Fatalf("taking over changed %d SIMs", len(changes))
		}
		if calls := c.planNothing(config); calls > n/50+20 {
			t.Errorf("a plan without changes of a fleet of %d took %d calls", n, calls)
		}
	})
}

// TestScaleFleetUpdateAtTheLimit: nothing but requests_per_second slows a fleet of synchronous SIMs down, and hardly a
// call goes to anything but the changes.
func TestScaleFleetUpdateAtTheLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n, perSecond = 2000, 500
		c := scaleCore(t)
		ids := scaleIDs(c, n, "JASPER", "ACTIVE")
		c.mustApply(scaleFleet(ids, "ACTIVE", 100))
		c.set("requests_per_second", perSecond)
		p := c.plan(t.Context(), scaleFleet(ids, "SUSPENDED", 100), corePlanOptions{})
		c.ForgetRequests()
		if failed := coreErrors(c.apply(t.Context(), p)); len(failed) > 0 {
			t.Fatal(failed[0])
		}
		calls, took := len(c.Requests(simulator.Match{})), c.span()
		if least := time.Second * time.Duration(calls) / perSecond; took > least+least/20 {
			t.Errorf("%d calls at %d a second took %s instead of %s", calls, perSecond, took, least)
		}
		// Planned again at apply, read before the change and after it: three finds for fifty SIMs, were all full.
		if calls > n+n*4/50*2 || len(c.Ledger()) != n {
			t.Errorf("%d calls, %d changes for %d SIMs", calls, len(c.Ledger()), n)
		}
	})
}

// span is the time from the first to the last request.
func (c *core) span() time.Duration {
	requests := c.Requests(simulator.Match{})
	return requests[len(requests)-1].Time.Sub(requests[0].Time)
}

// TestScaleAsync: 500 changes that wait at the same time end within 1.2 times the slowest chain of calls that the
// limiter allows, and cost few calls.
func TestScaleAsync(t *testing.T) {
	t.Parallel()
	const (
		n         = 500
		perSecond = 100
		settle    = 5 * time.Second
	)
	for name, config := range map[string]func(ids []string) coreConfig{
		"resources": func(ids []string) coreConfig { return scaleStatuses(ids, "ACTIVE") },
		"fleet":     func(ids []string) coreConfig { return scaleFleet(ids, "ACTIVE", 100) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := scaleCore(t, simulator.SettleAfter(settle))
				c.parallel = n
				ids := scaleIDs(c, n, "TMSP", "SUSPENDED")
				c.set("requests_per_second", perSecond)
				p := c.plan(t.Context(), config(ids), corePlanOptions{})
				c.ForgetRequests()
				if failed := coreErrors(c.apply(t.Context(), p)); len(failed) > 0 {
					t.Fatal(failed[0])
				}
				for _, id := range ids {
					if product, _ := c.Product(id); product.SIMStatus != "ACTIVE" {
						t.Fatalf("%s is %s", id, product.SIMStatus)
					}
				}
				calls, took := len(c.Requests(simulator.Match{})), c.span()
				least := max(time.Second*time.Duration(n+n/50)/perSecond+settle+4*scaleLatency,
					time.Second*time.Duration(calls)/perSecond)
				if took > least+least/5 {
					t.Errorf("%d calls took %s instead of %s", calls, took, least)
				}
				if polls := len(c.Requests(simulator.Match{Route: "monitor.read"})); polls > 5*n {
					t.Errorf("%d polls for %d changes of %s", polls, n, settle)
				}
			})
		})
	}
}

// fleetInState is a fleet of 10,000 as Terraform hands it to the provider.
func fleetInState(b *testing.B) (c *core, object coreObject, config coreConfig) {
	c = onMemory(b)
	config = scaleFleet(scaleIDs(c, 10_000, "JASPER", "ACTIVE"), "ACTIVE", 100)
	p := c.plan(b.Context(), config, corePlanOptions{})
	c.apply(b.Context(), p)
	object = c.state["telco_sim_fleet_status.vans"]
	if object.value.IsNull() {
		b.Fatal(coreErrors(c.said))
	}
	return c, object, config
}

func BenchmarkFleetRead10000(b *testing.B) {
	c, object, _ := fleetInState(b)
	server := c.process(b.Context())
	req := &tfprotov6.ReadResourceRequest{TypeName: object.typeName, CurrentState: c.encode(object.value),
		Private: object.private}
	b.ReportAllocs()
	for b.Loop() {
		c.ForgetRequests()
		resp, err := server.ReadResource(b.Context(), req)
		if err != nil || len(resp.Diagnostics) > 0 {
			b.Fatal(err, resp.Diagnostics)
		}
	}
}

func BenchmarkFleetPlan10000(b *testing.B) {
	c, object, config := fleetInState(b)
	benchmarkPlan(b, c, object, config["telco_sim_fleet_status.vans"])
}

func BenchmarkFleetValidate10000(b *testing.B) {
	c := onMemory(b)
	block := scaleFleet(scaleIDs(c, 10_000, "JASPER", "ACTIVE"), "ACTIVE", 100)["telco_sim_fleet_status.vans"]
	server, config := c.process(b.Context()), c.encode(coreObjectValue(c.schema(block.typeName), block.attributes))
	b.ReportAllocs()
	for b.Loop() {
		resp, err := server.ValidateResourceConfig(b.Context(),
			&tfprotov6.ValidateResourceConfigRequest{TypeName: block.typeName, Config: config})
		if err != nil || len(resp.Diagnostics) > 0 {
			b.Fatal(err, resp.Diagnostics)
		}
	}
}

func benchmarkPlan(b *testing.B, c *core, object coreObject, block coreBlock) {
	server, schema := c.process(b.Context()), c.schema(object.typeName)
	config := coreObjectValue(schema, block.attributes)
	req := &tfprotov6.PlanResourceChangeRequest{
		TypeName: object.typeName, PriorState: c.encode(object.value), PriorPrivate: object.private, Config: c.encode(config),
		ProposedNewState: c.encode(proposedNew(schema, object.value, config)),
	}
	b.ReportAllocs()
	for b.Loop() {
		resp, err := server.PlanResourceChange(b.Context(), req)
		if err != nil || len(resp.Diagnostics) > 0 {
			b.Fatal(err, resp.Diagnostics)
		}
	}
}

// statusInState is one telco_sim_status; what it costs, Terraform multiplies by the number of SIMs.
func statusInState(b *testing.B) (*core, coreObject, coreBlock) {
	c := onMemory(b)
	config := scaleStatuses(scaleIDs(c, 1, "JASPER", "ACTIVE"), "ACTIVE")
	c.apply(b.Context(), c.plan(b.Context(), config, corePlanOptions{}))
	for addr, object := range c.state {
		return c, object, config[addr]
	}
	b.Fatal(coreErrors(c.said))
	return nil, coreObject{value: tftypes.Value{}}, coreBlock{}
}

func BenchmarkStatusPlan(b *testing.B) {
	c, object, block := statusInState(b)
	benchmarkPlan(b, c, object, block)
}

func BenchmarkStatusRead(b *testing.B) {
	c, object, _ := statusInState(b)
	server := c.process(b.Context())
	req := &tfprotov6.ReadResourceRequest{TypeName: object.typeName, CurrentState: c.encode(object.value),
		Private: object.private}
	b.ReportAllocs()
	b.SetParallelism(50) // a read that is alone waits for company
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			resp, err := server.ReadResource(b.Context(), req)
			if err != nil || len(resp.Diagnostics) > 0 {
				b.Error(err, resp.Diagnostics)
			}
		}
	})
}
