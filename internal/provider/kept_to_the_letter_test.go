package provider_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

const (
	changedSince = "Changed since the plan"
	inconsistent = "Provider produced inconsistent final plan"
)

// movedCase is a saved plan whose SIM moves before the plan is applied.
type movedCase struct {
	seed   func(*acctest.Env)
	before string // applied first, "" for nothing
	after  string
	flags  []string
	plans  []string           // what the plan says
	moved  func(*acctest.Env) // between plan and apply
	// The apply ends with this error, "" for none; names are what the error names.
	fails string
	names []string
}

// runMoved plans, lets the SIM move, applies, and returns what the network executed by then. Nothing may be sent of a
// SIM that has moved, nor may the object be tainted.
func runMoved(t *testing.T, c movedCase) {
	t.Helper()
	env := newSwapEnv(t)
	cli := env.NewAttachedCLI(t)
	c.seed(env)
	if c.before != "" {
		cli.Write("main.tf", env.Config(c.before))
		cli.MustRun("apply", "-auto-approve")
	}
	cli.Write("main.tf", env.Config(c.after))
	sent := env.Ledger()
	output, _ := savedPlan(t, cli, c.flags...)
	checkOutput(t, output, c.plans...)
	c.moved(env)
	output, exit := cli.Run("apply", "plan.bin")
	if c.fails == "" {
		if exit != 0 {
			t.Errorf("the apply ended with %d:\n%s", exit, output)
		}
	} else {
		if exit == 0 {
			t.Errorf("the apply ended well:\n%s", output)
		}
		checkError(t, output, append([]string{c.fails}, c.names...)...)
	}
	if now := env.Ledger(); !slices.Equal(now, sent) {
		t.Errorf("the network executed %v", now[len(sent):])
	}
}

// setProduct sets a SIM in the portal.
func setProduct(id, status string) func(*acctest.Env) {
	return func(env *acctest.Env) {
		env.ChangeProduct(id, func(p *simulator.Product) { p.Status, p.SIMStatus = status, status })
	}
}

// addProduct puts a SIM on the network.
func addProduct(id, status string) func(*acctest.Env) {
	return func(env *acctest.Env) { env.AddProduct(simulator.Product{ID: id, SIMStatus: status}) }
}

// TestAccKept_creations: a creation sends what it finds at apply, whatever its plan has said of the SIM.
func TestAccKept_creations(t *testing.T) {
	t.Parallel()
	nothing := func(*acctest.Env) {}
	one := map[string]string{syncProduct: "ACTIVE"}
	swapMoved := func(env *acctest.Env) { accountHolds(env, swapAuto)() }
	for name, c := range map[string]movedCase{
		"sim_status": {
			seed: addProduct(syncProduct, "INACTIVE"), after: simStatusConfig(syncProduct, "ACTIVE"),
			plans: []string{"INACTIVE -> ACTIVE"}, moved: setProduct(syncProduct, "SUSPENDED"), fails: inconsistent,
		},
		"sim_status that has it already": {
			seed: addProduct(syncProduct, "INACTIVE"), after: simStatusConfig(syncProduct, "ACTIVE"),
			plans: []string{"INACTIVE -> ACTIVE"}, moved: setProduct(syncProduct, "ACTIVE"), fails: inconsistent,
		},
		"sim_fleet_status": {
			seed: addProduct(syncProduct, "INACTIVE"), after: fleetConfig(one),
			plans: []string{"INACTIVE -> ACTIVE"}, moved: setProduct(syncProduct, "SUSPENDED"), fails: inconsistent,
		},
		"sim_fleet_status that has it already": {
			seed: addProduct(syncProduct, "INACTIVE"), after: fleetConfig(one),
			plans: []string{"INACTIVE -> ACTIVE"}, moved: setProduct(syncProduct, "ACTIVE"), fails: inconsistent,
		},
		// Another SIM of the fleet is announced; this one had its status when that was planned.
		"sim_fleet_status, another SIM drifts": {
			seed: func(env *acctest.Env) {
				addProduct(syncProduct, "INACTIVE")(env)
				addProduct(asyncProduct, "ACTIVE")(env)
			},
			after: fleetConfig(map[string]string{syncProduct: "ACTIVE", asyncProduct: "ACTIVE"}),
			plans: []string{"1 x INACTIVE -> ACTIVE"}, moved: setProduct(asyncProduct, "SUSPENDED"), fails: inconsistent,
		},
		// The counts are the same as planned, the SIMs are not.
		"sim_fleet_status, two SIMs swap their roles": {
			seed: func(env *acctest.Env) {
				addProduct(syncProduct, "INACTIVE")(env)
				addProduct(asyncProduct, "ACTIVE")(env)
			},
			after: fleetConfig(map[string]string{syncProduct: "ACTIVE", asyncProduct: "ACTIVE"}),
			plans: []string{"1 x INACTIVE -> ACTIVE"},
			moved: func(env *acctest.Env) {
				setProduct(syncProduct, "ACTIVE")(env)
				setProduct(asyncProduct, "INACTIVE")(env)
			},
			fails: inconsistent,
		},
		"mvno_sim_swap to an ICC": {
			seed: nothing, after: simSwapConfig(swapAccount, swapNew),
			plans: []string{swapOld + " -> " + swapNew}, moved: swapMoved, fails: inconsistent,
		},
		"mvno_sim_swap to an ICC that it holds already": {
			seed: nothing, after: simSwapConfig(swapAccount, swapNew),
			plans: []string{swapOld + " -> " + swapNew}, fails: inconsistent,
			moved: func(env *acctest.Env) { accountHolds(env, swapNew)() },
		},
		"mvno_sim_swap by word": {
			seed: nothing, after: simSwapConfig(swapAccount, "eSim"),
			plans: []string{swapOld + " -> eSim"}, moved: swapMoved, fails: inconsistent,
		},
		"mvno_sim_swap by word, with replaces": {
			seed: nothing, after: simSwapConfig(swapAccount, "eSim", replacing(swapOld)),
			plans: []string{swapOld + " -> eSim"}, moved: swapMoved, fails: inconsistent,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runMoved(t, c)
		})
	}
}

// TestAccKept_updates: an update or a destroy sends what it finds at apply, whatever its plan has said of the SIM.
func TestAccKept_updates(t *testing.T) {
	t.Parallel()
	nothing := func(*acctest.Env) {}
	accounts := func(env *acctest.Env) { env.AddAccount(simAccount) }
	guarded := simStatusConfig(syncProduct, "ACTIVE", `status_on_destroy = "SUSPENDED"`)
	setCard := func(change func(*simulator.SIMCard)) func(*acctest.Env) {
		return func(env *acctest.Env) { env.ChangeSIMCard(simAccount, simCLI, change) }
	}
	const bar, suspend = 5, 4
	for name, c := range map[string]movedCase{
		"sim_status": {
			seed: addProduct(syncProduct, "ACTIVE"), before: simStatusConfig(syncProduct, "ACTIVE"),
			after: simStatusConfig(syncProduct, "SUSPENDED"), plans: []string{"ACTIVE -> SUSPENDED"},
			moved: setProduct(syncProduct, "BLOCKED"),
			fails: changedSince, names: []string{syncProduct, "ACTIVE", "SUSPENDED", "BLOCKED"},
		},
		"sim_status that has it already": {
			seed: addProduct(syncProduct, "ACTIVE"), before: simStatusConfig(syncProduct, "ACTIVE"),
			after: simStatusConfig(syncProduct, "SUSPENDED"), plans: []string{"ACTIVE -> SUSPENDED"},
			moved: setProduct(syncProduct, "SUSPENDED"),
		},
		"sim_status, planned without a refresh": {
			seed: addProduct(syncProduct, "ACTIVE"), before: simStatusConfig(syncProduct, "ACTIVE"),
			after: simStatusConfig(syncProduct, "SUSPENDED"),
			flags: []string{"-refresh=false"}, plans: []string{"ACTIVE -> SUSPENDED"},
			moved: setProduct(syncProduct, "DEACTIVATED"),
			fails: changedSince, names: []string{syncProduct, "ACTIVE", "DEACTIVATED"},
		},
		"sim_status destroy": {
			seed: addProduct(syncProduct, "ACTIVE"), before: guarded, after: guarded, flags: []string{"-destroy"},
			plans: []string{"ACTIVE -> SUSPENDED"}, moved: setProduct(syncProduct, "BLOCKED"),
			fails: changedSince, names: []string{syncProduct, "ACTIVE", "BLOCKED"},
		},
		"sim_status destroy that has it already": {
			seed: addProduct(syncProduct, "ACTIVE"), before: guarded, after: guarded, flags: []string{"-destroy"},
			plans: []string{"ACTIVE -> SUSPENDED"}, moved: setProduct(syncProduct, "SUSPENDED"),
		},
		"sim_card's state": {
			seed: accounts, before: simCardConfig(`state = "live"`), after: simCardConfig(`state = "suspend"`),
			plans: []string{"state live -> suspend"}, moved: setCard(func(c *simulator.SIMCard) { c.State = bar }),
			fails: changedSince, names: []string{simCardID, "live", "suspend", "bar"},
		},
		"sim_card's tariff": {
			seed: accounts, before: simCardConfig(`tariff = "T-1"`), after: simCardConfig(`tariff = "T-2"`),
			plans: []string{"tariff T-1 -> T-2"}, moved: setCard(func(c *simulator.SIMCard) { c.Tariff = new("T-3") }),
			fails: changedSince, names: []string{simCardID, "T-1", "T-2", "T-3"},
		},
		"sim_card's description": {
			seed: accounts, before: simCardConfig(`description = "first words"`),
			after: simCardConfig(`description = "second words"`),
			plans: []string{"description"}, moved: setCard(func(c *simulator.SIMCard) { c.Description = new("third words") }),
			fails: changedSince, names: []string{simCardID, "description", "!first words", "!second words", "!third words"},
		},
		"sim_card's state that it has already": {
			seed: accounts, before: simCardConfig(`state = "live"`), after: simCardConfig(`state = "suspend"`),
			plans: []string{"state live -> suspend"}, moved: setCard(func(c *simulator.SIMCard) { c.State = suspend }),
		},
		"sim_card deletion": {
			seed: accounts, before: simCardConfig(`state = "live"`), after: simCardConfig(`state = "live"`),
			flags: []string{"-destroy"},
			plans: []string{"live -> deleted"}, moved: setCard(func(c *simulator.SIMCard) { c.State = suspend }),
			fails: changedSince, names: []string{simCardID, "live", "suspend"},
		},
		"mvno_sim_swap": {
			seed: nothing, before: simSwapConfig(swapAccount, swapOld), after: simSwapConfig(swapAccount, swapNew),
			plans: []string{swapOld + " -> " + swapNew}, moved: func(env *acctest.Env) { accountHolds(env, swapAuto)() },
			fails: changedSince, names: []string{swapOld, swapNew, swapAuto},
		},
		"mvno_sim_swap that it has already": {
			seed: nothing, before: simSwapConfig(swapAccount, swapOld), after: simSwapConfig(swapAccount, swapNew),
			plans: []string{swapOld + " -> " + swapNew}, moved: func(env *acctest.Env) { accountHolds(env, swapNew)() },
		},
		"mvno_sim_swap by word": {
			seed: nothing, before: simSwapConfig(swapAccount, swapOld), after: simSwapConfig(swapAccount, "eSim"),
			plans: []string{swapOld + " -> eSim"}, moved: func(env *acctest.Env) { accountHolds(env, swapAuto)() },
			fails: changedSince, names: []string{swapOld, "eSim", swapAuto},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runMoved(t, c)
		})
	}
}

// TestAccKept_otherArguments: an update sends an argument that the plan did not announce, since it has drifted since.
func TestAccKept_otherArguments(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	cli := env.NewAttachedCLI(t)
	env.AddAccount(simAccount)
	config := func(tariff string) string {
		return env.Config(simCardConfig(`description = "van 12"`, fmt.Sprintf("tariff = %q", tariff)))
	}
	cli.Write("main.tf", config("T-1"))
	cli.MustRun("apply", "-auto-approve")
	cli.Write("main.tf", config("T-2"))
	output, _ := savedPlan(t, cli)
	checkOutput(t, output, "tariff T-1 -> T-2")
	env.ChangeSIMCard(simAccount, simCLI, func(c *simulator.SIMCard) { c.Description = new("drifted") })
	env.ForgetRequests()
	cli.MustRun("apply", "plan.bin")
	for _, body := range cardSent(env, "sim.update", simCLI) {
		if strings.Contains(body, "Description") || !strings.Contains(body, "T-2") {
			t.Errorf("sent: %s", body)
		}
	}
	// The next plan shows it.
	output, changes := savedPlan(t, cli)
	changes[simCard].checkAction(t, "update")
	checkOutput(t, output, updateWarning, "description")
}

// fleetOfThree is a fleet in state, all ACTIVE, on a network of its own.
func fleetOfThree(t *testing.T, more ...string) (env *acctest.Env, cli *acctest.CLI, ids []string) {
	t.Helper()
	env = acctest.New(t)
	cli = env.NewAttachedCLI(t)
	env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.AllTransitions = true })
	ids = []string{"JASPER-8900000000000000000", "JASPER-8900000000000000002", "TMSP-8900000000000000001"}
	for _, id := range ids {
		env.AddProduct(simulator.Product{ID: id, SIMStatus: "ACTIVE"})
	}
	cli.Write("main.tf", env.Config(fleetConfig(fleetStatuses(ids, "ACTIVE", "ACTIVE", "ACTIVE"), more...)))
	cli.MustRun("apply", "-auto-approve")
	env.Warnings("")
	return env, cli, ids
}

// fleetStatuses are the statuses of the first SIMs.
func fleetStatuses(ids []string, statuses ...string) map[string]string {
	wanted := map[string]string{}
	for i, status := range statuses {
		wanted[ids[i]] = status
	}
	return wanted
}

// failedSIMs is the attribute failed of the fleet in state.
func failedSIMs(t *testing.T, cli *acctest.CLI) map[string]any {
	t.Helper()
	failed, _ := inState(t, cli, fleet)["failed"].(map[string]any)
	return failed
}

// TestAccKept_fleetDrift: a SIM of a fleet that was in step when planned and has drifted since is set as well, though
// no plan has named it.
func TestAccKept_fleetDrift(t *testing.T) {
	t.Parallel()
	env, cli, ids := fleetOfThree(t)
	cli.Write("main.tf", env.Config(fleetConfig(fleetStatuses(ids, "SUSPENDED", "ACTIVE", "ACTIVE"))))
	output, _ := savedPlan(t, cli)
	checkOutput(t, output, "1 x ACTIVE -> SUSPENDED", ids[0])
	setProduct(ids[1], "BLOCKED")(env)
	setProduct(ids[2], "BLOCKED")(env)
	cli.MustRun("apply", "plan.bin")
	checkLedger(t, env, "status "+ids[0])
	if failed := failedSIMs(t, cli); len(failed) > 0 {
		t.Errorf("failed = %v", failed)
	}

	output, changes := savedPlan(t, cli)
	changes[fleet].checkAction(t, "update")
	checkOutput(t, output, live, "2 x BLOCKED -> ACTIVE", ids[1], ids[2], "!"+ids[0]+":")
	cli.MustRun("apply", "plan.bin")
	checkNoChanges(t, cli)
	for _, id := range ids[1:] {
		if product, _ := env.Product(id); product.SIMStatus != "ACTIVE" {
			t.Errorf("SIM %s is %s", id, product.SIMStatus)
		}
	}
}

// TestAccKept_fleetMoved: a SIM of a fleet that shows something else than its plan has said is set all the same; the
// others are to be set.
func TestAccKept_fleetMoved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after func(ids []string) string
		flags []string
	}{
		"update": {after: func(ids []string) string {
			return fleetConfig(fleetStatuses(ids, "SUSPENDED", "SUSPENDED", "SUSPENDED"), `status_on_removal = "SUSPENDED"`)
		}},
		"removal": {after: func(ids []string) string {
			return fleetConfig(map[string]string{}, `status_on_removal = "SUSPENDED"`)
		}},
		"destroy": {after: func(ids []string) string {
			return fleetConfig(fleetStatuses(ids, "ACTIVE", "ACTIVE", "ACTIVE"), `status_on_removal = "SUSPENDED"`)
		}, flags: []string{"-destroy"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, cli, ids := fleetOfThree(t, `status_on_removal = "SUSPENDED"`)
			cli.Write("main.tf", env.Config(c.after(ids)))
			output, _ := savedPlan(t, cli, c.flags...)
			checkOutput(t, output, "3 x ACTIVE -> SUSPENDED")
			setProduct(ids[0], "BLOCKED")(env)
			checkError(t, refused(t, cli, "apply", "plan.bin"), ids[0], "BLOCKED", "!"+ids[1], "!"+ids[2])
			failed := failedSIMs(t, cli)
			reason := fmt.Sprint(failed[ids[0]])
			if len(failed) != 1 || !strings.Contains(reason, "BLOCKED") || !strings.Contains(reason, "ACTIVE") {
				t.Errorf("failed = %v", failed)
			}
			sent := map[string]int{}
			for _, change := range env.Ledger() {
				sent[change.Key]++
			}
			if sent[ids[0]] != 0 || sent[ids[1]] != 1 || sent[ids[2]] != 1 {
				t.Errorf("the network executed %v", env.Ledger())
			}
			// The next plan shows it, from what it is now.
			output, _ = savedPlan(t, cli, c.flags...)
			checkOutput(t, output, live, "1 x BLOCKED -> SUSPENDED", ids[0], "!"+ids[1]+":", "!"+ids[2]+":")
			cli.MustRun("apply", "plan.bin")
			if product, _ := env.Product(ids[0]); product.SIMStatus != "SUSPENDED" {
				t.Errorf("SIM %s is %s", ids[0], product.SIMStatus)
			}
		})
	}
}

// TestAccKept_fleetJoins: of a SIM that joins a fleet the state says nothing. It moves after Terraform has planned it
// for the last time, and just before the apply reads it.
func TestAccKept_fleetJoins(t *testing.T) {
	t.Parallel()
	const joins, fleetSIM = "TMSP-8900000000000000009", "JASPER-8900000000000000000"
	for name, c := range map[string]struct {
		shows, moves string
		plans        []string
	}{
		"was in step":   {"ACTIVE", "SUSPENDED", []string{"1 x INACTIVE -> ACTIVE", "!" + joins + ":"}},
		"was announced": {"INACTIVE", "SUSPENDED", []string{"2 x INACTIVE -> ACTIVE", joins + ":"}},
	} {
		for _, verb := range []string{"create", "update"} {
			t.Run(name+", "+verb, func(t *testing.T) {
				t.Parallel()
				env := acctest.New(t)
				cli := env.NewAttachedCLI(t)
				env.AddProduct(simulator.Product{ID: fleetSIM, SIMStatus: "INACTIVE"})
				env.AddProduct(simulator.Product{ID: joins, SIMStatus: c.shows})
				if verb == "update" {
					cli.Write("main.tf", env.Config(fleetConfig(map[string]string{fleetSIM: "INACTIVE"})))
					cli.MustRun("apply", "-auto-approve")
				}
				cli.Write("main.tf", env.Config(fleetConfig(map[string]string{fleetSIM: "ACTIVE", joins: "ACTIVE"})))
				output, _ := savedPlan(t, cli)
				checkOutput(t, output, c.plans...)

				finds := 1 // of the last planning
				env.Before(simulator.CMO, "product.find", finds, func() { setProduct(joins, c.moves)(env) })
				output, _ = cli.Run("apply", "plan.bin")
				checkOutput(t, said(output), joins, c.moves)
				for _, change := range env.Ledger() {
					if change.Key == joins {
						t.Errorf("it was set all the same: %+v\n%s", change, output)
					}
				}
				if reason := fmt.Sprint(failedSIMs(t, cli)[joins]); !strings.Contains(reason, c.moves) {
					t.Errorf("failed = %q", reason)
				}
				if product, _ := env.Product(fleetSIM); product.SIMStatus != "ACTIVE" {
					t.Errorf("the other SIM is %s", product.SIMStatus)
				}
			})
		}
	}
}

// TestAccKept_ownChangeEnds: a change of an earlier run that ends between plan and apply is no move.
func TestAccKept_ownChangeEnds(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]func(status string) string{
		"sim_status": func(status string) string {
			return simStatusConfig(asyncProduct, status, `timeouts = { create = "2s" }`)
		},
		"sim_fleet_status": func(status string) string {
			return fleetConfig(map[string]string{asyncProduct: status}, `timeouts = { create = "2s" }`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := acctest.New(t)
			cli := env.NewAttachedCLI(t)
			env.AddProduct(simulator.Product{ID: asyncProduct, SIMStatus: "INACTIVE"})
			env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.NeverSettles = true })
			cli.Write("main.tf", env.Config(config("ACTIVE")))
			cli.MustRun("apply", "-auto-approve")
			cli.Write("main.tf", env.Config(config("SUSPENDED")))
			output, _ := savedPlan(t, cli)
			checkOutput(t, output, live, "ACTIVE -> SUSPENDED")
			env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.NeverSettles = false })
			cli.MustRun("apply", "plan.bin")
			checkNoChanges(t, cli)
			checkLedger(t, env, "status "+asyncProduct, "status "+asyncProduct)
		})
	}
}
