package provider_test

import (
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// TestAccStalePlan: a saved plan that has announced no change is not applied once the network has moved away from it.
func TestAccStalePlan(t *testing.T) {
	t.Parallel()
	const holder, held = "5f0c1a2b3c4d5e6f70819203", "8945010000000000041"
	const replaced = "8945010000000000040"
	product := func(env *acctest.Env) {
		env.AddProduct(simulator.Product{ID: syncProduct, Status: "ACTIVE", SIMStatus: "ACTIVE"})
	}
	setProduct := func(status string) func(*acctest.Env) {
		return func(env *acctest.Env) {
			env.ChangeProduct(syncProduct, func(p *simulator.Product) { p.Status, p.SIMStatus = status, status })
		}
	}
	const guarded = `resource "telco_sim_status" "test" {
  product_id        = "` + syncProduct + `"
  status            = "ACTIVE"
  status_on_destroy = "SUSPENDED"
}`
	for name, c := range map[string]struct {
		seed   func(*acctest.Env)
		config string
		// first is applied before the plan is made, where that is a destroy.
		first   bool
		flags   []string           // of the plan
		between func(*acctest.Env) // before the plan
		moved   func(*acctest.Env) // between plan and apply
		refusal string
	}{
		"sim_status": {
			seed: product, config: simStatusConfig(syncProduct, "ACTIVE"), moved: setProduct("SUSPENDED"),
			refusal: "Provider produced inconsistent final plan",
		},
		"sim_fleet_status": {
			seed: product, config: fleetConfig(map[string]string{syncProduct: "ACTIVE"}), moved: setProduct("SUSPENDED"),
			refusal: "Provider produced inconsistent final plan",
		},
		"mvno_sim_swap": {
			seed: func(env *acctest.Env) {
				env.AddMVNOSIM(simulator.MVNOSIM{ICC: "8945010000000000043", FormFactor: "eSIM"})
				env.AddMVNOAccount(simulator.MVNOAccount{ID: holder, Number: "+4520000001", State: "ACTIVE", SIMNumber: held})
			},
			config: `resource "telco_mvno_sim_swap" "test" {
  account_id = "` + holder + `"
  new_sim    = "eSim"
  replaces   = "` + replaced + `"
}`,
			moved: func(env *acctest.Env) {
				env.ChangeMVNOAccount(holder, func(a *simulator.MVNOAccount) { a.SIMNumber = replaced })
			},
			refusal: "Provider produced inconsistent final plan",
		},
		"destroy of a sim_status": {
			seed: product, config: guarded, first: true, between: setProduct("SUSPENDED"), moved: setProduct("ACTIVE"),
			refusal: "Changed since the plan",
		},
		"destroy of a sim_fleet_status": {
			seed: product, config: fleetConfig(map[string]string{syncProduct: "ACTIVE"}, `status_on_removal = "SUSPENDED"`),
			// A fleet's destroy goes by the state, and by the live SIMs that differ from it.
			first: true, flags: []string{"-refresh=false"}, between: setProduct("SUSPENDED"), moved: setProduct("ACTIVE"),
			refusal: "Some SIMs of the fleet were not changed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := acctest.New(t)
			cli := env.NewCLI(t)
			c.seed(env)
			cli.Write("main.tf", env.Config(c.config))
			plan := append([]string{"plan", "-out=plan.bin"}, c.flags...)
			if c.first {
				cli.MustRun("apply", "-auto-approve")
				c.between(env)
				plan = append(plan, "-destroy")
			}
			if output := cli.MustRun(plan...); strings.Contains(output, "Live, irreversible change") {
				t.Fatalf("the plan announces a change:\n%s", output)
			}
			c.moved(env)
			output, exit := cli.Run("apply", "plan.bin")
			if exit == 0 || !strings.Contains(output, c.refusal) {
				t.Errorf("the apply ended with %d:\n%s", exit, output)
			}
			if changes := env.Ledger(); len(changes) > 0 {
				t.Errorf("the network executed %v", changes)
			}

			// The next plan shows it, and is applied.
			again := []string{"apply", "-auto-approve"}
			if c.first {
				again = append(again, "-destroy")
			}
			if output := cli.MustRun(again...); !strings.Contains(output, "Live, irreversible change") {
				t.Errorf("the next plan does not announce the change:\n%s", output)
			}
			if changes := env.Ledger(); len(changes) != 1 {
				t.Errorf("the network executed %v", changes)
			}
		})
	}
}
