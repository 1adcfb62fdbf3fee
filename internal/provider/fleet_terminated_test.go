package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// checkTerminated checks that all SIMs but the terminated first one were suspended, each once.
func checkTerminated(t *testing.T, env *acctest.Env, ids []string) {
	t.Helper()
	sent := map[string]int{}
	for _, change := range env.Ledger() {
		sent[change.Key]++
	}
	if sent[ids[0]] != 0 || sent[ids[1]] != 1 || sent[ids[2]] != 1 {
		t.Errorf("the network executed %v", env.Ledger())
	}
	if requests := env.Requests(simulator.Match{Route: "product.update", Key: ids[0]}); len(requests) > 0 {
		t.Errorf("%d changes were sent for the SIM that is terminated", len(requests))
	}
}

// TestAccFleetTerminated_destroy: one SIM that is terminated makes the plan of a fleet's destroy say that all have
// their last status already, and the destroy fail for all of them.
func TestAccFleetTerminated_destroy(t *testing.T) {
	t.Parallel()
	const guard = `status_on_removal = "SUSPENDED"`
	for name, c := range map[string]struct {
		config func(ids []string) string // when the fleet is destroyed
		flags  []string
	}{
		"block taken out": {config: func([]string) string { return "" }},
		"without a refresh": {
			config: func(ids []string) string { return fleetConfig(fleetStatuses(ids, "ACTIVE", "ACTIVE", "ACTIVE"), guard) },
			flags:  []string{"-destroy", "-refresh=false"},
		},
		"declared terminated": {config: func(ids []string) string {
			return fleetConfig(fleetStatuses(ids, "TERMINATED", "ACTIVE", "ACTIVE"), guard)
		}, flags: []string{"-destroy"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, cli, ids := fleetOfThree(t, guard)
			setProduct(ids[0], "TERMINATED")(env)
			cli.Write("main.tf", env.Config(c.config(ids)))
			output, changes := savedPlan(t, cli, c.flags...)
			changes[fleet].checkAction(t, "delete")
			checkOutput(
				t, output, live, "2 x ACTIVE -> SUSPENDED", ids[1], ids[2], "!already have the status",
				"!TERMINATED -> SUSPENDED",
			)
			if all := env.Warnings(ids[0]); len(all) == 0 {
				t.Errorf("no warning names the SIM that is terminated:\n%s", output)
			}
			cli.MustRun("apply", "plan.bin")
			checkTerminated(t, env, ids)
			if inState(t, cli, fleet) != nil {
				t.Error("the fleet is still in state")
			}
		})
	}
}

// TestAccFleetTerminated_atApply: a SIM that is terminated between plan and apply makes the destroy fail for ever.
func TestAccFleetTerminated_atApply(t *testing.T) {
	t.Parallel()
	env, cli, ids := fleetOfThree(t, `status_on_removal = "SUSPENDED"`)
	savedPlan(t, cli, "-destroy")
	setProduct(ids[0], "TERMINATED")(env)
	output, _ := cli.Run("apply", "plan.bin")
	checkOutput(t, output, ids[0])
	checkTerminated(t, env, ids)
	if inState(t, cli, fleet) != nil { // an error says so; the next plan has nothing to send any more
		cli.Write("main.tf", env.Config(""))
		output, _ = savedPlan(t, cli)
		checkOutput(t, output, "!"+live)
		cli.MustRun("apply", "plan.bin")
		checkTerminated(t, env, ids)
	}
}

// TestAccFleetTerminated_removal: a SIM that is terminated can't be taken out of the map of a fleet with
// status_on_removal.
func TestAccFleetTerminated_removal(t *testing.T) {
	t.Parallel()
	env, cli, ids := fleetOfThree(t, `status_on_removal = "SUSPENDED"`)
	setProduct(ids[0], "TERMINATED")(env)
	rest := map[string]string{ids[1]: "ACTIVE", ids[2]: "ACTIVE"}
	cli.Write("main.tf", env.Config(fleetConfig(rest, `status_on_removal = "SUSPENDED"`)))
	output, changes := savedPlan(t, cli)
	changes[fleet].checkAction(t, "update")
	checkOutput(t, output, "!"+live)
	if all := env.Warnings(ids[0]); len(all) == 0 {
		t.Errorf("no warning names the SIM that is terminated:\n%s", output)
	}
	cli.MustRun("apply", "plan.bin")
	checkLedger(t, env)
	checkNoChanges(t, cli)
	want := map[string]any{ids[1]: "ACTIVE", ids[2]: "ACTIVE"}
	if got := inState(t, cli, fleet)["statuses"]; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("statuses = %v", got)
	}
}

// TestAccFleetTerminated_others: one SIM that is terminated is in the way of all others only where the plan would
// change it.
func TestAccFleetTerminated_others(t *testing.T) {
	t.Parallel()
	env, cli, ids := fleetOfThree(t)
	setProduct(ids[0], "TERMINATED")(env)
	cli.Write("main.tf", env.Config(fleetConfig(fleetStatuses(ids, "TERMINATED", "SUSPENDED", "ACTIVE"))))
	cli.MustRun("apply", "-auto-approve")
	checkNoChanges(t, cli)
	checkLedger(t, env, "status "+ids[1])
	cli.Write("main.tf", env.Config(fleetConfig(fleetStatuses(ids, "ACTIVE", "SUSPENDED", "ACTIVE"))))
	checkError(t, refused(t, cli, "plan"), ids[0], "TERMINATED")
}

// TestAccTerminated_destroy: a plain destroy of a SIM that is terminated ends in an error of the plan before it, which
// leaves the user no way on that is named.
func TestAccTerminated_destroy(t *testing.T) {
	t.Parallel()
	fleetOfOne := func(status string) string {
		return fleetConfig(map[string]string{syncProduct: status}, `status_on_removal = "SUSPENDED"`)
	}
	removed := func(address string) string {
		return fmt.Sprintf("\nremoved {\n  from = %s\n  lifecycle {\n    destroy = false\n  }\n}\n", address)
	}
	for name, c := range map[string]struct{ address, config string }{
		"sim_status": {simStatus, simStatusConfig(syncProduct, "ACTIVE")},
		"sim_status with status_on_destroy": {
			simStatus, simStatusConfig(syncProduct, "ACTIVE", `status_on_destroy = "SUSPENDED"`),
		},
		"sim_fleet_status": {fleet, fleetOfOne("ACTIVE")},
	} {
		for way, on := range map[string]func(t *testing.T, env *acctest.Env, cli *acctest.CLI) string{
			"without a refresh": func(_ *testing.T, _ *acctest.Env, cli *acctest.CLI) string {
				return cli.MustRun("destroy", "-auto-approve", "-refresh=false")
			},
			"removed block": func(_ *testing.T, env *acctest.Env, cli *acctest.CLI) string {
				cli.Write("main.tf", env.Config(removed(c.address)))
				return cli.MustRun("apply", "-auto-approve")
			},
			"removed block that destroys": func(_ *testing.T, env *acctest.Env, cli *acctest.CLI) string {
				cli.Write("main.tf", env.Config(strings.Replace(removed(c.address), "destroy = false", "destroy = true", 1)))
				return cli.MustRun("apply", "-auto-approve")
			},
		} {
			t.Run(name+", "+way, func(t *testing.T) {
				t.Parallel()
				env := acctest.New(t)
				cli := env.NewAttachedCLI(t)
				if strings.HasPrefix(way, "removed block") {
					needsCLI(t, cli, 9)
				}
				env.AddProduct(simulator.Product{ID: syncProduct, SIMStatus: "ACTIVE"})
				cli.Write("main.tf", env.Config(c.config))
				cli.MustRun("apply", "-auto-approve")
				setProduct(syncProduct, "TERMINATED")(env)
				output, exit := cli.Run("destroy", "-auto-approve")
				if exit != 0 { // it may end so
					checkError(t, output, syncProduct, "TERMINATED", "terraform destroy -refresh=false", "removed block")
					checkOutput(t, on(t, env, cli), "!"+live)
				}
				if got := inState(t, cli, c.address); got != nil {
					t.Errorf("it is still in state: %v", got)
				}
				if requests := env.Requests(simulator.Match{Route: "product.update"}); len(requests) > 0 {
					t.Errorf("%d changes were sent", len(requests))
				}
			})
		}
	}
}

// TestAccFleetDestroy_unreadable: where the preflight of a fleet's destroy can't read the SIMs, which the refresh
// before it could, the plan says that all have their last status already.
func TestAccFleetDestroy_unreadable(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string][]string{"": {"-destroy"}, "without a refresh": {"-destroy", "-refresh=false"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, cli, _ := fleetOfThree(t, `status_on_removal = "SUSPENDED"`)
			for _, route := range []string{"product.find", "product.read", "product.list"} {
				fault := simulator.Fault{
					Match: simulator.Match{API: simulator.CMO, Route: route}, Effect: simulator.Answer, Status: 503,
				}
				if len(flags) == 1 {
					// The refresh reads the three SIMs by one call, and so does the plan that core makes before a destroy.
					fault.Skip = 1
				}
				env.Inject(fault)
			}
			output := refused(t, cli, append([]string{"plan"}, flags...)...)
			checkOutput(t, output, "Error: ", "!already have the status", "!Nothing is changed on the network")
			checkLedger(t, env)
		})
	}
}
