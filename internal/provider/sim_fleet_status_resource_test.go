package provider_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

const fleet = "telco_sim_fleet_status.test"

func fleetConfig(statuses map[string]string, more ...string) string {
	var lines []string
	for _, id := range slices.Sorted(maps.Keys(statuses)) {
		lines = append(lines, fmt.Sprintf("    %q = %q", id, statuses[id]))
	}
	return fmt.Sprintf(`
resource "telco_sim_fleet_status" "test" {
  name     = "vans"
  statuses = {
%s
  }
  %s
}`, strings.Join(lines, "\n"), strings.Join(more, "\n  "))
}

// fleetOf is n SIMs, synchronous and asynchronous by turns, with the status they get in configuration.
func fleetOf(n int, status string) map[string]string {
	statuses := map[string]string{}
	for i := range n {
		backend := "JASPER"
		if i%2 == 1 {
			backend = "TMSP"
		}
		statuses[fmt.Sprintf("%s-89%017d", backend, i)] = status
	}
	return statuses
}

func addFleet(env *acctest.Env, statuses map[string]string, status string) {
	for id := range statuses {
		env.AddProduct(simulator.Product{ID: id, Status: status, SIMStatus: status})
	}
}

// changedOnce checks that the network changed each of the SIMs so often.
func changedOnce(env *acctest.Env, statuses map[string]string, times int) error {
	counts := map[string]int{}
	for _, change := range env.Ledger() {
		counts[change.Key]++
	}
	for id := range statuses {
		if counts[id] != times {
			return fmt.Errorf("the network changed SIM %s %d times, not %d", id, counts[id], times)
		}
	}
	return nil
}

func statusIs(status string) statecheck.StateCheck {
	return statecheck.ExpectKnownValue(fleet, tfjsonpath.New("operation_status"), knownvalue.StringExact(status))
}

func TestAccSIMFleetStatus_lifeStory(t *testing.T) {
	env := acctest.New(t)
	all := fleetOf(120, "ACTIVE")
	addFleet(env, all, "SUSPENDED")
	drifted := "JASPER-8900000000000000004"
	fewer := maps.Clone(all)
	delete(fewer, drifted)
	env.Test(
		resource.TestStep{
			Config:            env.Config(fleetConfig(all)),
			ConfigStateChecks: []statecheck.StateCheck{statusIs("complete")},
			Check: acctest.CheckAll(
				env.CheckWarned("Live, irreversible change: SIM status", "Fleet vans: 120 SIMs change", "120 x SUSPENDED -> ACTIVE",
					"and 100 more"),
				func(*tfState) error { return changedOnce(env, all, 1) },
			),
		},
		resource.TestStep{
			PreConfig: func() { env.Warnings(""); env.ForgetRequests() },
			Config:    env.Config(fleetConfig(all)),
			Check: acctest.CheckAll(env.CheckSilent(), func(*tfState) error {
				if reads := env.Requests(simulator.Match{API: simulator.CMO, Route: "product.read"}); len(reads) > 0 {
					return fmt.Errorf("%d SIMs were read one by one", len(reads))
				}
				return nil
			}),
		},
		resource.TestStep{
			PreConfig: func() { env.ChangeProduct(drifted, func(p *simulator.Product) { p.SIMStatus = "SUSPENDED" }) },
			Config:    env.Config(fleetConfig(all)),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(fleet, plancheck.ResourceActionUpdate),
			}},
			Check: acctest.CheckAll(
				env.CheckWarned("Fleet vans: 1 SIM changes", drifted+": SUSPENDED -> ACTIVE"),
				func(*tfState) error { return changedOnce(env, map[string]string{drifted: ""}, 2) },
			),
		},
		// Without status_on_removal a SIM that leaves the map is left as it is.
		resource.TestStep{
			Config: env.Config(fleetConfig(fewer)),
			Check: acctest.CheckAll(env.CheckSilent(),
				func(*tfState) error { return changedOnce(env, map[string]string{drifted: ""}, 2) }),
		},
		// Setting it later sends nothing for SIMs that have left before.
		resource.TestStep{
			Config: env.Config(fleetConfig(fewer, `status_on_removal = "SUSPENDED"`)),
			Check: acctest.CheckAll(env.CheckSilent(),
				func(*tfState) error { return changedOnce(env, map[string]string{drifted: ""}, 2) }),
		},
		resource.TestStep{
			Config: env.Config(fleetConfig(fleetOf(119, "ACTIVE"), `status_on_removal = "SUSPENDED"`)),
			Check: acctest.CheckAll(
				env.CheckWarned("TMSP-8900000000000000119: ACTIVE -> SUSPENDED"),
				func(*tfState) error { return changedOnce(env, map[string]string{"TMSP-8900000000000000119": ""}, 2) }),
		},
	)
	// The test's own destroy suspends the fleet.
	for _, p := range env.Products() {
		if p.SIMStatus != "SUSPENDED" {
			t.Errorf("after destroy SIM %s is %s", p.ID, p.SIMStatus)
		}
	}
}

func TestAccSIMFleetStatus_takenOver(t *testing.T) {
	env := acctest.New(t)
	all := fleetOf(60, "ACTIVE")
	addFleet(env, all, "ACTIVE")
	env.Test(resource.TestStep{Config: env.Config(fleetConfig(all)),
		Check: acctest.CheckAll(env.CheckLedger(), env.CheckSilent())})
}

func TestAccSIMFleetStatus_partlyRefused(t *testing.T) {
	env := acctest.New(t)
	all := fleetOf(30, "ACTIVE")
	addFleet(env, all, "SUSPENDED")
	refusedSync, refusedAsync := "JASPER-8900000000000000000", "TMSP-8900000000000000001"
	refuse := func(on bool) {
		env.SetCMOQuirks(func(q *simulator.CMOQuirks) {
			q.FailProduct = nil
			if on {
				q.FailProduct = []string{refusedSync, refusedAsync}
			}
		})
	}
	refuse(true)
	env.Test(
		resource.TestStep{
			Config: env.Config(fleetConfig(all)),
			ConfigStateChecks: []statecheck.StateCheck{
				statusIs("pending"),
				statecheck.ExpectKnownValue(fleet, tfjsonpath.New("failed"), knownvalue.MapPartial(map[string]knownvalue.Check{
					refusedSync: knownvalue.NotNull(), refusedAsync: knownvalue.NotNull(),
				})),
			},
			Check: env.CheckWarned("Some SIMs of the fleet were not changed", "2 SIMs of fleet vans", refusedSync, refusedAsync),
			// The refused SIMs differ from what is declared, and the next plan shows them.
			ExpectNonEmptyPlan: true,
		},
		resource.TestStep{
			Config:      env.Config(fleetConfig(all)),
			ExpectError: regexp.MustCompile(`Some\s+SIMs\s+of\s+the\s+fleet\s+were\s+not\s+changed`),
		},
		resource.TestStep{
			PreConfig: func() { refuse(false); env.Warnings("") },
			Config:    env.Config(fleetConfig(all)),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(fleet, plancheck.ResourceActionUpdate),
			}},
			ConfigStateChecks: []statecheck.StateCheck{
				statusIs("complete"),
				statecheck.ExpectKnownValue(fleet, tfjsonpath.New("failed"), knownvalue.MapSizeExact(0)),
			},
			Check: acctest.CheckAll(env.CheckWarned("Fleet vans: 2 SIMs change"),
				func(*tfState) error { return changedOnce(env, all, 1) }),
		},
	)
}

func TestAccSIMFleetStatus_allRefused(t *testing.T) {
	env := acctest.New(t)
	all := fleetOf(4, "ACTIVE")
	addFleet(env, all, "SUSPENDED")
	env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.FailProduct = slices.Collect(maps.Keys(all)) })
	env.Test(
		resource.TestStep{Config: env.Config(fleetConfig(all)),
			ExpectError: regexp.MustCompile(`Nothing\s+has\s+changed\s+on\s+the\s+network`)},
		resource.TestStep{
			PreConfig: func() { env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.FailProduct = nil }) },
			Config:    env.Config(fleetConfig(all)),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(fleet, plancheck.ResourceActionCreate),
			}},
			Check: func(*tfState) error { return changedOnce(env, all, 1) },
		},
	)
}

func TestAccSIMFleetStatus_timeoutIsPickedUp(t *testing.T) {
	env := acctest.New(t)
	all := fleetOf(20, "ACTIVE")
	addFleet(env, all, "SUSPENDED")
	env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.NeverSettles = true })
	env.Test(
		resource.TestStep{
			Config: env.Config(fleetConfig(all, `timeouts = { create = "2s" }`,
				`lifecycle { prevent_destroy = true }`)),
			ConfigStateChecks:  []statecheck.StateCheck{statusIs("pending")},
			Check:              env.CheckWarned("Some changes of the fleet are not over", "10 changes"),
			ExpectNonEmptyPlan: true, // operation_status goes to be known after apply
		},
		resource.TestStep{
			PreConfig:         func() { env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.NeverSettles = false }); env.Warnings("") },
			Config:            env.Config(fleetConfig(all, `timeouts = { create = "2s" }`)),
			ConfigStateChecks: []statecheck.StateCheck{statusIs("complete")},
			Check:             acctest.CheckAll(env.CheckSilent(), func(*tfState) error { return changedOnce(env, all, 1) }),
		},
	)
}

func TestAccSIMFleetStatus_unknownOutcomes(t *testing.T) {
	for name, fault := range map[string]simulator.Fault{
		"executed, answer lost": {Effect: simulator.Reset, Executed: true},
		"executed, 500":         {Effect: simulator.Answer, Status: 500, Body: `{"title":"oops"}`, Executed: true},
	} {
		t.Run(name, func(t *testing.T) {
			env := acctest.New(t)
			all := fleetOf(10, "ACTIVE")
			addFleet(env, all, "SUSPENDED")
			fault.Match = simulator.Match{API: simulator.CMO, Route: "product.update"}
			env.Inject(fault)
			env.Test(resource.TestStep{
				Config: env.Config(fleetConfig(all)), ConfigStateChecks: []statecheck.StateCheck{statusIs("complete")},
				Check: func(*tfState) error { return changedOnce(env, all, 1) },
			})
		})
	}
}

func TestAccSIMFleetStatus_gone(t *testing.T) {
	env := acctest.New(t)
	all := fleetOf(6, "ACTIVE")
	addFleet(env, all, "ACTIVE")
	gone := "TMSP-8900000000000000003"
	left := maps.Clone(all)
	delete(left, gone)
	env.Test(
		resource.TestStep{Config: env.Config(fleetConfig(all))},
		resource.TestStep{
			PreConfig:   func() { env.RemoveProduct(gone) },
			Config:      env.Config(fleetConfig(all)),
			ExpectError: regexp.MustCompile(`Unknown\s+SIM`),
		},
		resource.TestStep{
			Config:           env.Config(fleetConfig(left)),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(fleet, tfjsonpath.New("statuses"), knownvalue.MapSizeExact(5)),
			},
		},
	)
}

func TestAccSIMFleetStatus_plan(t *testing.T) {
	env := acctest.New(t)
	all := fleetOf(6, "ACTIVE")
	addFleet(env, all, "SUSPENDED")
	env.AddProduct(simulator.Product{ID: "JASPER-8900000000000000099", Status: "TERMINATED", SIMStatus: "TERMINATED"})
	env.AddProduct(simulator.Product{ID: "INTELSAT-200001"})
	with := func(id, status string) map[string]string {
		more := maps.Clone(all)
		more[id] = status
		return more
	}
	guarded := `status_on_removal = "SUSPENDED"`
	env.Test(
		resource.TestStep{Config: env.Config(fleetConfig(with("JASPER-8900000000000000098", "ACTIVE"))),
			ExpectError: regexp.MustCompile(`Unknown\s+SIM`)},
		resource.TestStep{Config: env.Config(fleetConfig(with("JASPER-8900000000000000099", "ACTIVE"))),
			ExpectError: regexp.MustCompile(`SIM\s+is\s+terminated`)},
		resource.TestStep{Config: env.Config(fleetConfig(with("INTELSAT-200001", "ACTIVE"))),
			ExpectError: regexp.MustCompile(`Not\s+a\s+cellular\s+product`)},
		resource.TestStep{Config: env.Config(fleetConfig(with("JASPER-8900000000000000001-simCard", "ACTIVE"))),
			ExpectError: regexp.MustCompile(`BACKEND-ICCID`)},
		resource.TestStep{Config: env.Config(fleetConfig(with("JASPER-8900000000000000001", "active"))),
			ExpectError: regexp.MustCompile(`status\s+in\s+capitals`)},
		resource.TestStep{Config: env.Config(fleetConfig(all), "max_live_changes = 5"),
			ExpectError: regexp.MustCompile(`max_live_changes`)},
		resource.TestStep{Config: env.Config(fleetConfig(all), "read_only = true"),
			ExpectError: regexp.MustCompile(`read_only`)},
		resource.TestStep{
			Config: env.Config(fleetConfig(all, guarded), "max_live_changes = 6"),
			Check:  func(*tfState) error { return changedOnce(env, all, 1) },
		},
		resource.TestStep{
			Config:      env.Config(strings.Replace(fleetConfig(all, guarded), `"vans"`, `"trucks"`, 1)),
			ExpectError: regexp.MustCompile(`name\s+can't\s+be\s+changed`),
		},
		// A tainted fleet is only forgotten, and taken over again.
		resource.TestStep{
			Taint:  []string{fleet},
			Config: env.Config(fleetConfig(all, guarded)),
			Check: acctest.CheckAll(env.CheckWarned("was tainted"),
				func(*tfState) error { return changedOnce(env, all, 1) }),
		},
	)
}

func TestAccSIMFleetStatus_replaceRefused(t *testing.T) {
	env := acctest.New(t)
	all := fleetOf(3, "ACTIVE")
	addFleet(env, all, "ACTIVE")
	cli := env.NewCLI(t)
	cli.Write("main.tf", env.Config(fleetConfig(all, `status_on_removal = "SUSPENDED"`)))
	cli.MustRun("apply", "-auto-approve")
	output, exit := cli.Run("apply", "-auto-approve", "-replace="+fleet)
	if exit == 0 || !strings.Contains(output, "Replacing is refused while status_on_removal is set") {
		t.Errorf("-replace ended with %d:\n%s", exit, output)
	}
	if changes := env.Ledger(); len(changes) > 0 {
		t.Errorf("the network executed %v", changes)
	}
}
