package provider_test

import (
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// TestReadings_find: a fleet gets its statuses, each sent once, in each way in which a find may answer.
func TestReadings_find(t *testing.T) {
	const omitted = "89900000000000000000"
	for name, set := range map[string]func(*simulator.CMOQuirks){
		"206":                       func(q *simulator.CMOQuirks) { q.FindStatus = 206 },
		"207":                       func(q *simulator.CMOQuirks) { q.FindStatus = 207 },
		"no such operation":         func(q *simulator.CMOQuirks) { q.FindMissing = 404 },
		"no such method":            func(q *simulator.CMOQuirks) { q.FindMissing = 405 },
		"a gateway's page":          func(q *simulator.CMOQuirks) { q.FindMissing, q.FindMissingHTML = 404, true },
		"three ids at most":         func(q *simulator.CMOQuirks) { q.FindMax = 3 },
		"not a word about one":      func(q *simulator.CMOQuirks) { q.FindOmits = []string{omitted} },
		"relationships as in v4":    func(q *simulator.CMOQuirks) { q.RelationshipType = true },
		"tokens that live a second": func(q *simulator.CMOQuirks) { q.TokenSeconds = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			c := onMemory(t)
			c.SetCMOQuirks(set)
			statuses := map[string]string{"JASPER-" + omitted: "ACTIVE"}
			for _, id := range append(matrixFleet, "JASPER-89900000000000000001", "JASPER-89900000000000000002") {
				statuses[id] = "ACTIVE"
			}
			for id := range statuses {
				c.AddProduct(simulator.Product{ID: id, SIMStatus: "SUSPENDED"})
			}
			config := one("telco_sim_fleet_status", map[string]any{"name": "vans", "statuses": statuses})
			c.mustApply(config)
			sent := map[string]int{}
			for _, change := range c.Ledger() {
				sent[change.Key]++
			}
			for id := range statuses {
				if product, _ := c.Product(id); product.SIMStatus != "ACTIVE" || sent[id] != 1 {
					t.Errorf("SIM %s is %s after %d changes", id, product.SIMStatus, sent[id])
				}
			}
			if calm := c.plan(t.Context(), config, corePlanOptions{}); !calm.empty() || len(calm.diagnostics) > 0 {
				t.Errorf("planned %s, said %q", calm.actions(), texts(calm.diagnostics))
			}
		})
	}
}

// TestReadings_swap: an answer that says no success may be of a swap that took place; only the account can tell.
func TestReadings_swap(t *testing.T) {
	for name, c := range map[string]struct {
		set      func(*simulator.MVNOQuirks)
		executed int
	}{
		"executed":     {func(q *simulator.MVNOQuirks) { q.SuccessFalseExecuted = true }, 1},
		"not executed": {func(q *simulator.MVNOQuirks) { q.SuccessFalseNotExecuted = true }, 0},
	} {
		for _, newSIM := range []string{matrixNewSIM, "eSim"} {
			t.Run(name+", "+newSIM, func(t *testing.T) {
				core := onMemory(t)
				core.AddMVNOAccount(simulator.MVNOAccount{ID: matrixHolder, SIMNumber: matrixOldSIM})
				core.AddMVNOSIM(simulator.MVNOSIM{ICC: matrixNewSIM})
				core.AddMVNOSIM(simulator.MVNOSIM{ICC: matrixESIM, FormFactor: "eSIM"})
				core.SetMVNOQuirks(c.set)
				config := swapConfig(newSIM, nil, "1")
				said := core.apply(t.Context(), core.plan(t.Context(), config, corePlanOptions{}))
				if failed := coreErrors(said); len(failed) != 1-c.executed || len(core.Ledger()) != c.executed {
					t.Fatalf("executed %v, said %q", core.Ledger(), failed)
				}
				core.SetMVNOQuirks(func(q *simulator.MVNOQuirks) { *q = simulator.MVNOQuirks{} })
				core.mustApply(config) // sends what was not executed, and nothing else
				if len(core.Ledger()) != 1 {
					t.Errorf("executed %v", core.Ledger())
				}
			})
		}
	}
}

// TestReadings_deletion: an operator may allow none.
func TestReadings_deletion(t *testing.T) {
	c := onMemory(t)
	c.AddAccount(matrixAccount)
	c.mustApply(cardConfig("one"))
	c.SetAccountsQuirks(func(q *simulator.AccountsQuirks) { q.DeleteNotAllowed = true })
	said := coreErrors(c.apply(t.Context(), c.plan(t.Context(), coreConfig{}, corePlanOptions{})))
	if len(said) != 1 || !strings.Contains(said[0], "HTTP status 405") || !strings.Contains(said[0], matrixCLI) {
		t.Errorf("said %q", said)
	}
	if got := c.text("telco_sim_card.a", "operation_status"); got != "complete" || len(c.Ledger()) != 1 {
		t.Errorf("the card is %q, executed %v", got, c.Ledger())
	}
}
