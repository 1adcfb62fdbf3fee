package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// lastChangeStep is one configuration, and what last_change must say of its plan and, after the apply, of the state.
type lastChangeStep struct {
	does    string // what the plan does with the resource
	config  string
	before  func(*acctest.Env)
	planned string
	kept    string // "" where it is what was planned
}

// runLastChange takes a resource through its steps.
func runLastChange(t *testing.T, env *acctest.Env, cli *acctest.CLI, address string, steps []lastChangeStep) {
	t.Helper()
	for _, step := range steps {
		if step.before != nil {
			step.before(env)
		}
		cli.Write("main.tf", env.Config(step.config))
		_, changes := savedPlan(t, cli)
		changes[address].checkAction(t, step.does)
		checkPlannedLastChange(t, changes, address, step.planned)
		// A plan announces a change exactly where operation_status is known after apply.
		_, opens := changes[address].Change.AfterUnknown["operation_status"]
		announces := strings.Contains(strings.Join(env.Warnings(""), "\n"), "Live, irreversible change")
		if opens != announces {
			t.Errorf("the plan announces a change: %t, operation_status is known after apply: %t", announces, opens)
		}
		cli.MustRun("apply", "plan.bin")
		if step.kept == "" {
			step.kept = step.planned
		}
		checkLastChange(t, cli, address, step.kept)
		checkNoChanges(t, cli)
		env.Warnings("")
	}
}

// TestAccLastChange: what a plan's warning says is lost once the plan is saved; last_change is to keep it, in these
// words.
func TestAccLastChange(t *testing.T) {
	t.Parallel()
	timeouts := `timeouts = { update = "7m" }`
	status := func(id, state string) func(*acctest.Env) {
		return func(env *acctest.Env) {
			env.AddProduct(simulator.Product{ID: id, SIMStatus: state})
		}
	}
	for name, c := range map[string]struct {
		address string
		steps   []lastChangeStep
	}{
		"sim_status": {simStatus, []lastChangeStep{
			{
				does: "create", config: simStatusConfig(syncProduct, "ACTIVE"), before: status(syncProduct, "INACTIVE"),
				planned: "status INACTIVE -> ACTIVE",
			},
			{does: "update", config: simStatusConfig(syncProduct, "ACTIVE", timeouts), planned: "status INACTIVE -> ACTIVE"},
			{does: "update", config: simStatusConfig(syncProduct, "SUSPENDED"), planned: "status ACTIVE -> SUSPENDED"},
			{does: "no-op", config: simStatusConfig(syncProduct, "SUSPENDED"), planned: "status ACTIVE -> SUSPENDED"},
		}},
		"sim_status taken over": {simStatus, []lastChangeStep{
			{
				does: "create", config: simStatusConfig(syncProduct, "ACTIVE"), before: status(syncProduct, "ACTIVE"),
				planned: lastChangeNull,
			},
			{does: "update", config: simStatusConfig(syncProduct, "ACTIVE", timeouts), planned: lastChangeNull},
		}},
		"sim_card": {simCard, []lastChangeStep{
			{
				does: "create", config: simCardConfig(`state = "live"`, `tariff = "T0"`),
				planned: "(absent) -> created with state live",
			},
			{
				does: "update", config: simCardConfig(`state = "live"`, `tariff = "T0"`, timeouts),
				planned: "(absent) -> created with state live",
			},
			{does: "update", config: simCardConfig(`state = "live"`, `tariff = "T1"`), planned: "tariff T0 -> T1"},
			{
				does:    "update",
				config:  simCardConfig(`state = "suspend"`, `tariff = "T1"`, `description = "van 12"`),
				planned: "description changes; state live -> suspend",
			},
			{does: "update", config: protectedCardConfig(), planned: "description changes; state live -> suspend"},
			{does: "update", config: simCardConfig(), planned: "description changes; state live -> suspend"},
		}},
		"sim_card without a state": {simCard, []lastChangeStep{
			{does: "create", config: simCardConfig(), planned: "(absent) -> created"},
		}},
		"sim_aa_group": {aaGroup, []lastChangeStep{
			{does: "create", config: aaGroupConfig(aaSIM, "LIVE10"), planned: "auto-activation group (can't be read) -> LIVE10"},
			{
				does:    "update",
				config:  strings.Replace(aaGroupConfig(aaSIM, "LIVE10"), "\n}", "\n  "+timeouts+"\n}", 1),
				planned: "auto-activation group (can't be read) -> LIVE10",
			},
			{does: "update", config: aaGroupConfig(aaSIM, "LIVE20"), planned: "auto-activation group LIVE10 -> LIVE20"},
		}},
		"mvno_sim_swap": {simSwap, []lastChangeStep{
			{does: "create", config: simSwapConfig(swapAccount, swapNew), planned: "SIM " + swapOld + " -> " + swapNew},
			{
				does: "update", config: simSwapConfig(swapAccount, swapNew, timeouts),
				planned: "SIM " + swapOld + " -> " + swapNew,
			},
			{
				does:    "update",
				config:  simSwapConfig(swapAccount, "autoAssign", replacing(swapNew)),
				planned: "SIM " + swapNew + " -> autoAssign",
			},
		}},
		"mvno_sim_swap taken over": {simSwap, []lastChangeStep{
			{does: "create", config: simSwapConfig(swapAccount, swapOld), planned: lastChangeNull},
		}},
		"sim_fleet_status": {fleet, []lastChangeStep{
			{
				does: "create",
				before: func(env *acctest.Env) {
					addFleet(env, fleetOf(5, ""), "INACTIVE")
					for _, id := range []string{"JASPER-8900000000000000004", "TMSP-8900000000000000003"} {
						env.AddProduct(simulator.Product{ID: id, SIMStatus: "ACTIVE"})
					}
				},
				config: fleetConfig(map[string]string{
					"JASPER-8900000000000000000": "ACTIVE", "TMSP-8900000000000000001": "ACTIVE",
					"JASPER-8900000000000000002": "INACTIVE",
					"TMSP-8900000000000000003":   "ACTIVE", "JASPER-8900000000000000004": "SUSPENDED",
				}),
				planned: "2 x INACTIVE -> ACTIVE; 1 x ACTIVE -> SUSPENDED " + anyDigest,
			},
			{
				does: "update",
				config: fleetConfig(map[string]string{
					"JASPER-8900000000000000000": "ACTIVE", "TMSP-8900000000000000001": "ACTIVE",
					"JASPER-8900000000000000002": "INACTIVE",
					"TMSP-8900000000000000003":   "ACTIVE", "JASPER-8900000000000000004": "SUSPENDED",
				}, "max_parallel = 3"),
				planned: "2 x INACTIVE -> ACTIVE; 1 x ACTIVE -> SUSPENDED " + anyDigest,
			},
			{
				does: "update",
				config: fleetConfig(map[string]string{
					"JASPER-8900000000000000000": "ACTIVE", "JASPER-8900000000000000002": "INACTIVE",
				}, `status_on_removal = "SUSPENDED"`, "max_parallel = 3"),
				planned: "2 x ACTIVE -> SUSPENDED " + anyDigest,
			},
			{
				does: "update", // without status_on_removal a SIM that leaves the map changes only the map
				config: fleetConfig(map[string]string{
					"JASPER-8900000000000000000": "ACTIVE",
				}, "max_parallel = 3"),
				planned: "2 x ACTIVE -> SUSPENDED " + anyDigest,
			},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, cli := lastChangeEnv(t)
			runLastChange(t, env, cli, c.address, c.steps)
		})
	}
}

// lastChangeEnv is a network with everything but products.
func lastChangeEnv(t *testing.T) (*acctest.Env, *acctest.CLI) {
	t.Helper()
	env, cli := ownersEnv(t)
	for _, id := range []string{syncProduct, asyncProduct} {
		env.RemoveProduct(id)
	}
	return env, cli
}

// TestAccLastChange_withoutPreflight: without preflight, or with values that are known after apply, the plan of a
// creation can't say what is found; the state says it then.
func TestAccLastChange_withoutPreflight(t *testing.T) {
	t.Parallel()
	const unknown = `
resource "terraform_data" "later" { input = "%s" }
`
	later := func(config, value string) string {
		config = strings.Replace(config, fmt.Sprintf("%q", value), "terraform_data.later.output", 1)
		return fmt.Sprintf(unknown, value) + config
	}
	for name, c := range map[string]struct {
		address, config string
		settings        []string
		kept            string
	}{
		"sim_status": {
			simStatus, simStatusConfig(syncProduct, "ACTIVE"), []string{"preflight = false"}, "status INACTIVE -> ACTIVE",
		},
		"sim_status later": {
			simStatus, later(simStatusConfig(syncProduct, "ACTIVE"), "ACTIVE"), nil, "status INACTIVE -> ACTIVE",
		},
		"sim_status of a SIM later": {
			simStatus, later(simStatusConfig(syncProduct, "ACTIVE"), syncProduct), nil, "status INACTIVE -> ACTIVE",
		},
		"sim_status taken over": {
			simStatus, simStatusConfig(syncProduct, "INACTIVE"), []string{"preflight = false"}, lastChangeNull,
		},
		"sim_card": {
			simCard, simCardConfig(`state = "live"`), []string{"preflight = false"}, "(absent) -> created with state live",
		},
		"sim_card later": {
			simCard, later(simCardConfig(`state = "live"`), "live"), nil, "(absent) -> created with state live",
		},
		"sim_aa_group": {
			aaGroup, aaGroupConfig(aaSIM, "LIVE10"), []string{"preflight = false"},
			"auto-activation group (can't be read) -> LIVE10",
		},
		"sim_aa_group later": {
			aaGroup, later(aaGroupConfig(aaSIM, "LIVE10"), "LIVE10"), nil, "auto-activation group (can't be read) -> LIVE10",
		},
		"mvno_sim_swap": {
			simSwap, simSwapConfig(swapAccount, "eSim"), []string{"preflight = false"}, "SIM " + swapOld + " -> eSim",
		},
		"mvno_sim_swap later": {
			simSwap, later(simSwapConfig(swapAccount, swapNew), swapNew), nil, "SIM " + swapOld + " -> " + swapNew,
		},
		"sim_fleet_status": {
			fleet, fleetConfig(map[string]string{syncProduct: "ACTIVE"}), []string{"preflight = false"},
			"1 x INACTIVE -> ACTIVE " + anyDigest,
		},
		"sim_fleet_status later": {
			fleet, later(fleetConfig(map[string]string{syncProduct: "ACTIVE"}), "ACTIVE"), nil,
			"1 x INACTIVE -> ACTIVE " + anyDigest,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, cli := lastChangeEnv(t)
			env.AddProduct(simulator.Product{ID: syncProduct, SIMStatus: "INACTIVE"})
			cli.Write("main.tf", env.Config(c.config, c.settings...))
			_, changes := savedPlan(t, cli)
			checkPlannedLastChange(t, changes, c.address, lastChangeUnknown)
			cli.MustRun("apply", "plan.bin")
			checkLastChange(t, cli, c.address, c.kept)
			checkNoChanges(t, cli)
		})
	}
}

// TestAccLastChange_import: an object that was imported has had no change yet.
func TestAccLastChange_import(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ address, config, id string }{
		"sim_card":      {simCard, protectedCardConfig(), simCardID},
		"sim_status":    {simStatus, simStatusConfig(syncProduct, "ACTIVE"), syncProduct},
		"sim_aa_group":  {aaGroup, aaGroupConfig(aaSIM, "LIVE10"), aaSIM + "/LIVE10"},
		"mvno_sim_swap": {simSwap, simSwapConfig(swapAccount, swapOld), swapAccount},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, cli := lastChangeEnv(t)
			env.AddProduct(simulator.Product{ID: syncProduct, SIMStatus: "ACTIVE"})
			env.AddSIMCard(simAccount, simulator.SIMCard{CLI: simCLI})
			cli.Write("main.tf", env.Config(c.config+fmt.Sprintf("\nimport {\n  to = %s\n  id = %q\n}", c.address, c.id)))
			_, changes := savedPlan(t, cli)
			checkPlannedLastChange(t, changes, c.address, lastChangeNull)
			cli.MustRun("apply", "plan.bin")
			checkLastChange(t, cli, c.address, lastChangeNull)
			checkNoChanges(t, cli)
			checkLedger(t, env)
		})
	}
}

// TestAccLastChange_wait: a plan that only picks a wait up announces nothing, so last_change stays as it was.
func TestAccLastChange_wait(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ address, config, last string }{
		"sim_status": {
			simStatus, simStatusConfig(asyncProduct, "ACTIVE", `timeouts = { create = "2s" }`), "status INACTIVE -> ACTIVE",
		},
		"sim_fleet_status": {
			fleet, fleetConfig(map[string]string{asyncProduct: "ACTIVE"}, `timeouts = { create = "2s" }`),
			"1 x INACTIVE -> ACTIVE " + anyDigest,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, cli := lastChangeEnv(t)
			env.AddProduct(simulator.Product{ID: asyncProduct, SIMStatus: "INACTIVE"})
			env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.NeverSettles = true })
			cli.Write("main.tf", env.Config(c.config))
			cli.MustRun("apply", "-auto-approve")
			checkState(t, cli, c.address, "operation_status=pending")
			checkLastChange(t, cli, c.address, c.last)
			_, changes := savedPlan(t, cli)
			changes[c.address].checkAction(t, "update")
			checkPlannedLastChange(t, changes, c.address, c.last)
			env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.NeverSettles = false })
			cli.MustRun("apply", "plan.bin")
			checkLastChange(t, cli, c.address, c.last)
		})
	}
}

// TestAccLastChange_digest: a fleet's last_change counts transitions, and of two plans with the same counts nothing
// tells which SIMs they are of.
func TestAccLastChange_digest(t *testing.T) {
	t.Parallel()
	env, cli := lastChangeEnv(t)
	addFleet(env, fleetOf(40, ""), "INACTIVE")
	planned := func(active ...int) string {
		statuses := fleetOf(40, "INACTIVE")
		for _, i := range active {
			for id := range statuses {
				if strings.HasSuffix(id, fmt.Sprintf("%05d", i)) {
					statuses[id] = "ACTIVE"
				}
			}
		}
		cli.Write("main.tf", env.Config(fleetConfig(statuses)))
		_, changes := savedPlan(t, cli)
		return changes[fleet].lastChange()
	}
	first, again, others := planned(1, 2, 30), planned(1, 2, 30), planned(1, 2, 31)
	for _, text := range []string{first, others} {
		if !sameLastChange(text, "3 x INACTIVE -> ACTIVE "+anyDigest) {
			t.Errorf("last_change is planned as %q", text)
		}
	}
	if first != again || first == others {
		t.Errorf("the same SIMs: %q and %q; others: %q", first, again, others)
	}
}
