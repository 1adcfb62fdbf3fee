package provider_test

import (
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

const (
	lookAccount = "5f0c1a2b3c4d5e6f70819204"
	lookHeld    = "8945010000000000051"
)

// lookEnv is an account whose SIM is to be swapped by word, with two SIMs that the word may bring.
func lookEnv(t *testing.T) (*acctest.Env, *acctest.CLI) {
	env := acctest.New(t)
	env.AddMVNOAccount(simulator.MVNOAccount{ID: lookAccount, Number: "+4520000002", State: "ACTIVE", SIMNumber: lookHeld})
	for _, icc := range []string{"8945010000000000052", "8945010000000000053"} {
		env.AddMVNOSIM(simulator.MVNOSIM{ICC: icc, FormFactor: "eSIM"})
	}
	cli := env.NewAttachedCLI(t)
	cli.Write("main.tf", env.Config(`
resource "telco_mvno_sim_swap" "test" {
  account_id = "`+lookAccount+`"
  new_sim    = "eSim"
}`))
	return env, cli
}

// TestAccMVNOSIMSwap_staleAfterUnknown: an account that shows the old SIM once more does not make a swap of unknown
// outcome one that had no effect.
func TestAccMVNOSIMSwap_staleAfterUnknown(t *testing.T) {
	t.Parallel()
	env, cli := lookEnv(t)
	env.SetMVNOQuirks(func(q *simulator.MVNOQuirks) { q.StaleReads = 1 })
	lost := simulator.Match{API: simulator.MVNO, Route: "account.swap"}
	env.Before(simulator.MVNO, "account.swap", 0, func() { // from then on the account can't be read
		env.Inject(simulator.Fault{Match: lost, Effect: simulator.Reset, Executed: true, Times: 1})
		env.Inject(simulator.Fault{Match: simulator.Match{API: simulator.MVNO, Route: "account.read"},
			Effect: simulator.Answer, Status: 503})
	})
	checkOutput(t, cli.MustRun("apply", "-auto-approve"), "Outcome of the SIM swap is unknown")
	env.ClearFaults()
	if output := cli.MustRun("apply", "-auto-approve"); strings.Contains(output, live) {
		t.Errorf("another swap was announced:\n%s", output)
	}
	checkNoChanges(t, cli)
	checkLedger(t, env, "swap "+lookAccount)
}

// TestAccMVNOSIMSwap_heldByAnother: a swap by word is made of the SIM that its plan has named, and of no other.
func TestAccMVNOSIMSwap_heldByAnother(t *testing.T) {
	t.Parallel()
	env, cli := lookEnv(t)
	checkOutput(t, cli.MustRun("plan", "-out=plan.bin"), lookHeld+" -> eSim")
	env.ChangeMVNOAccount(lookAccount, func(a *simulator.MVNOAccount) { a.SIMNumber = "8945010000000000052" })
	if output, exit := cli.Run("apply", "plan.bin"); exit == 0 || !strings.Contains(output, ".last_change") {
		t.Errorf("the apply ended with %d:\n%s", exit, output)
	}
	checkLedger(t, env)
}

// TestAccSIMStatus_conflict: after a 409 the provider waits for what is running, and sends the change anew.
func TestAccSIMStatus_conflict(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		meanwhile string // status that the SIM has after the running change; "" where none is seen
		moved     bool   // which is not what the plan has named
		ledger    []string
	}{
		"a change of another status": {"BLOCKED", true, nil},
		"the same change":            {"ACTIVE", false, nil},
		"none to be seen":            {"", false, []string{"status " + syncProduct}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := acctest.New(t)
			cli := env.NewAttachedCLI(t)
			env.AddProduct(simulator.Product{ID: syncProduct, SIMStatus: "SUSPENDED"})
			env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.AllTransitions = true })
			env.Inject(simulator.Fault{Match: simulator.Match{API: simulator.CMO, Route: "product.update"},
				Effect: simulator.Answer, Times: 1,
				Status: 409, Body: `{"status":409,"title":"Conflict","detail":"another change is running"}`})
			if test.meanwhile != "" {
				env.Before(simulator.CMO, "product.update", 0, func() {
					env.ChangeProduct(syncProduct, func(p *simulator.Product) { p.SIMStatus = test.meanwhile })
				})
			}
			cli.Write("main.tf", env.Config(simStatusConfig(syncProduct, "ACTIVE")))
			output, exit := cli.Run("apply", "-auto-approve")
			if moved := exit != 0 && strings.Contains(output, "Changed since the plan"); moved != test.moved {
				t.Errorf("ended with %d:\n%s", exit, output)
			}
			if !test.moved {
				checkNoChanges(t, cli)
			}
			checkLedger(t, env, test.ledger...)
		})
	}
}

// TestAccSIMStatus_onItsWay: a SIM that is about to have the wanted status gets nothing, and its plan is silent.
func TestAccSIMStatus_onItsWay(t *testing.T) {
	t.Parallel()
	for _, resource := range []string{simStatusConfig(syncProduct, "ACTIVE"),
		fleetConfig(map[string]string{syncProduct: "ACTIVE"})} {
		env := acctest.New(t)
		cli := env.NewAttachedCLI(t)
		env.AddProduct(simulator.Product{ID: syncProduct, SIMStatus: "PENDING_ACTIVE"})
		cli.Write("main.tf", env.Config(resource))
		if output := cli.MustRun("plan", "-out=plan.bin"); strings.Contains(output, live) {
			t.Errorf("the plan announces a change:\n%s", output)
		}
		env.Before(simulator.CMO, "product.read", 1, func() {
			env.ChangeProduct(syncProduct, func(p *simulator.Product) { p.SIMStatus = "ACTIVE" })
		})
		cli.MustRun("apply", "plan.bin")
		checkNoChanges(t, cli)
		checkLedger(t, env)
	}
}

// TestAccSIMStatus_leaving: what is final is refused at apply as well, at once.
func TestAccSIMStatus_leaving(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	cli := env.NewAttachedCLI(t)
	env.AddProduct(simulator.Product{ID: syncProduct, SIMStatus: "PENDING_TERMINATE"})
	cli.Write("main.tf", env.Config(simStatusConfig(syncProduct, "ACTIVE"), "preflight = false"))
	output, exit := cli.Run("apply", "-auto-approve")
	if exit == 0 {
		t.Error("a SIM that is terminated was activated")
	}
	checkOutput(t, output, "SIM is terminated")
	checkLedger(t, env)
}

// TestAccSIMFleetStatus_partlyTakenOver: SIMs that had their status already are in state, beside some that were
// refused.
func TestAccSIMFleetStatus_partlyTakenOver(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	cli := env.NewAttachedCLI(t)
	env.AddProduct(simulator.Product{ID: syncProduct, SIMStatus: "ACTIVE"})
	env.AddProduct(simulator.Product{ID: asyncProduct, SIMStatus: "SUSPENDED"})
	env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.FailProduct = []string{asyncProduct} })
	cli.Write("main.tf", env.Config(fleetConfig(map[string]string{syncProduct: "ACTIVE", asyncProduct: "ACTIVE"})+`
output "failed" { value = keys(telco_sim_fleet_status.test.failed) }`))
	checkOutput(t, cli.MustRun("apply", "-auto-approve"), "Some SIMs of the fleet were not changed",
		"1 SIM of fleet vans not changed", `"`+asyncProduct+`",`)
	env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.FailProduct = nil })
	cli.MustRun("apply", "-auto-approve")
	checkNoChanges(t, cli)
	checkLedger(t, env, "status "+asyncProduct)
}

// TestAccSIMStatus_monitorInTrouble: a monitor that does not answer is in nobody's way.
func TestAccSIMStatus_monitorInTrouble(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	cli := env.NewAttachedCLI(t)
	env.AddProduct(simulator.Product{ID: asyncProduct, SIMStatus: "INACTIVE"})
	env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.NeverSettles = true })
	cli.Write("main.tf", env.Config(simStatusConfig(asyncProduct, "ACTIVE", `timeouts = { create = "2s" }`)))
	checkOutput(t, cli.MustRun("apply", "-auto-approve"), "SIM status is pending")
	env.Inject(simulator.Fault{Match: simulator.Match{API: simulator.CMO, Route: "monitor.read"}, Effect: simulator.Answer,
		Status: 500})
	checkOutput(t, cli.MustRun("plan"), `"pending" -> (known after apply)`)
	env.ClearFaults()
	env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.NeverSettles = false })
	cli.MustRun("apply", "-auto-approve")
	checkNoChanges(t, cli)
	checkLedger(t, env, "status "+asyncProduct)
}
