package provider_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// The time of these tests is that of a synctest bubble and the pace is the provider's own, so that the bounds are those
// of the contract, and nothing depends on the machine.
const (
	settlingBound    = 2 * time.Minute
	interruptedBound = 30 * time.Second
	// aMoment is for calls that were on their way when a bound was reached.
	aMoment = 2 * time.Second
)

// settlingCases are the changes of the matrix that can be settled by reading.
func settlingCases() []changeCase {
	return slices.DeleteFunc(matrixCases(), func(k changeCase) bool {
		return k.blind || strings.HasPrefix(k.name, "two ")
	})
}

// unhurried gives a case's resources the timeouts that a user would, and the default ones where timeout is "". The SIMs
// of a fleet are changed at the same time.
func unhurried(config coreConfig, timeout string) coreConfig {
	for _, block := range config {
		timeouts, _ := block.attributes["timeouts"].(map[string]any)
		for name := range timeouts {
			timeouts[name] = timeout
		}
		if timeout == "" {
			delete(block.attributes, "timeouts")
		}
		if block.typeName == "telco_sim_fleet_status" {
			block.attributes["max_parallel"] = 20
		}
	}
	return config
}

// TestSettlingBound: a service that hangs once it has a change is asked what became of it for as many request timeouts
// as the client tries reads, which is half an hour, and a run that was interrupted waits for all of them.
func TestSettlingBound(t *testing.T) {
	t.Parallel()
	for _, requestTimeout := range []string{"", "200ms"} {
		for _, timeout := range []string{"", "400ms"} {
			for _, interrupted := range []bool{false, true} {
				for _, k := range settlingCases() {
					name := k.name + ", request_timeout " + requestTimeout + ", timeout " + timeout
					if interrupted {
						name += ", Ctrl-C"
					}
					t.Run(name, func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							k.before, k.after = unhurried(k.before, timeout), unhurried(k.after, timeout)
							hangs(t, k, requestTimeout, interrupted)
						})
					})
				}
			}
		}
	}
}

// hangs applies the change to a service that does not answer from the change on, and holds the settling to its bound.
func hangs(t *testing.T, k changeCase, requestTimeout string, interrupted bool) {
	c := onMemory(t, simulator.WithLatency(scaleLatency))
	k.seed(c.Simulator)
	if problems := c.comeToRest(t.Context(), k.before, 2); len(problems) > 0 {
		t.Fatalf("before: %s", problems)
	}
	c.options = nil // from here on the provider's own pace
	if requestTimeout != "" {
		c.set("request_timeout", requestTimeout)
	}
	p := c.plan(t.Context(), k.after, corePlanOptions{})
	if failed := coreErrors(p.diagnostics); len(failed) > 0 {
		t.Fatal(failed)
	}

	var begins sync.Once
	begun := make(chan time.Time, 1) // when the first read that is to settle the change came: then it may be interrupted
	for _, route := range []string{"sim.create", "sim.update", "sim.delete", "product.update", "account.swap"} {
		c.Inject(simulator.Fault{Match: simulator.Match{API: k.api, Route: route}, Effect: simulator.Hang, Executed: true})
		c.Before(k.api, route, len(k.keys)-1, func() { // the last of its changes: from now on nothing is answered
			c.Inject(simulator.Fault{Match: simulator.Match{API: k.api}, Effect: simulator.Hang})
			for _, read := range []string{
				"sim.read", "sim.status", "sim.list", "product.read", "product.find", "product.list", "account.read",
			} {
				c.Before(k.api, read, 0, func() {
					begins.Do(func() {
						begun <- time.Now()
						if interrupted {
							c.stop()
						}
					})
				})
			}
		})
	}
	c.ForgetRequests()
	sent := len(c.Ledger())
	said := c.apply(t.Context(), p)
	var began time.Time
	select {
	case began = <-begun:
	default:
		t.Fatalf("nothing asked what became of the change: %q", texts(said))
	}
	bound := settlingBound
	if interrupted {
		bound = interruptedBound
	}
	if took := time.Since(began); took > bound+aMoment {
		reads := slices.DeleteFunc(c.Requests(simulator.Match{API: k.api}), isChange)
		t.Errorf("settling took %s, not %s, and %d reads", took.Round(time.Millisecond), bound, len(reads))
	}
	if len(k.after) > 0 && len(c.state) == 0 {
		t.Errorf("nothing is in state: %q", texts(said))
	}
	for addr := range c.state {
		if got := c.text(addr, "operation_status"); got != "unknown" {
			t.Errorf("%s: operation_status = %q after %q", addr, got, texts(said))
		}
	}

	// And the next run settles it.
	c.ClearFaults()
	c.set("request_timeout", "1m")
	problems := c.comeToRest(t.Context(), unhurried(k.after, "30m"), 3)
	if problems = append(problems, c.brokenPromises()...); len(problems) > 0 {
		t.Error(problems)
	}
	for key, executed := range k.executions(c, sent) {
		if executed != 1 {
			t.Errorf("%s was changed %d times", key, executed)
		}
	}
}

// TestMonitorThatNeverEnds: a monitor that says "in progress" for ever is not waited for where the SIM has the wanted
// status.
func TestMonitorThatNeverEnds(t *testing.T) {
	for name, config := range map[string]func(status string) coreConfig{
		"sim_status": func(status string) coreConfig { return statusConfig(coreAsync, status, nil) },
		"sim_fleet_status": func(status string) coreConfig {
			return one(
				"telco_sim_fleet_status", map[string]any{"name": "vans", "statuses": map[string]string{coreAsync: status}},
			)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := scaleCore(t, simulator.SettleAfter(10*time.Second))
				c.AddProduct(simulator.Product{ID: coreAsync, SIMStatus: "ACTIVE"})
				c.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.MonitorStuck = true })
				c.mustApply(unhurried(config("ACTIVE"), ""))
				start := time.Now()
				c.mustApply(unhurried(config("SUSPENDED"), ""))
				addr := "telco_" + name + ".a"
				if got := c.text(addr, "operation_status"); got != "complete" {
					t.Errorf("operation_status = %q", got)
				}
				// Ten seconds for the change and a minute for the doubt; between two looks at most half a minute passes.
				if took := time.Since(start); took < 70*time.Second || took > 70*time.Second+time.Minute {
					t.Errorf("it took %s", took)
				}
				calm := c.plan(t.Context(), unhurried(config("SUSPENDED"), ""), corePlanOptions{})
				if !calm.empty() || len(calm.diagnostics) > 0 {
					t.Errorf("planned %s, said %q", calm.actions(), texts(calm.diagnostics))
				}
			})
		})
	}
}

// TestTokenFallbackInTrouble: a token endpoint that refuses the form, and is in trouble once where it is asked the
// other way, has not refused the credentials.
func TestTokenFallbackInTrouble(t *testing.T) {
	c := onMemory(t)
	c.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.TokenForm = "basic_only" })
	c.AddProduct(simulator.Product{ID: coreSync, SIMStatus: "INACTIVE"})
	c.Inject(simulator.Fault{
		Match: simulator.Match{API: simulator.CMO, Route: "token"}, Skip: 1, Times: 1, Effect: simulator.Answer,
		Status: 503,
	})
	config := statusConfig(coreSync, "ACTIVE", nil)
	p := c.plan(t.Context(), config, corePlanOptions{})
	if failed := coreErrors(p.diagnostics); len(failed) > 0 || !p.warnsOf("SIM status", coreSync) {
		t.Fatalf("the plan said %q", texts(p.diagnostics))
	}
	if n := c.FaultHits(); n != 1 {
		t.Errorf("the fault was hit %d times, so this proves nothing", n)
	}
	if said := c.apply(t.Context(), p); len(coreErrors(said)) > 0 {
		t.Errorf("the apply said %q", texts(said))
	}
	if problems := c.comeToRest(t.Context(), config, 1); len(problems) > 0 || len(c.Ledger()) != 1 {
		t.Errorf("%q, the network executed %v", problems, c.Ledger())
	}
}
