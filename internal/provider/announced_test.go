package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/identity"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// TestAccAnnounced_nothing: a plan that changes arguments and announces no change keeps last_change, whatever the
// arguments are.
func TestAccAnnounced_nothing(t *testing.T) {
	t.Parallel()
	t.Run("a swap to the SIM that a word has brought", func(t *testing.T) {
		t.Parallel()
		env, cli := lastChangeEnv(t)
		const word = "SIM " + swapOld + " -> autoAssign"
		runLastChange(t, env, cli, simSwap, []lastChangeStep{
			{does: "create", config: simSwapConfig(swapAccount, "autoAssign", replacing(swapOld)), planned: word},
			{does: "update", config: simSwapConfig(swapAccount, swapAuto), planned: word},
			{does: "update", config: simSwapConfig(swapAccount, "eSim", replacing(swapOld)), planned: word},
		})
	})
	t.Run("a SIM that is on its way", func(t *testing.T) {
		t.Parallel()
		env, cli := lastChangeEnv(t)
		addProduct(syncProduct, "PENDING_ACTIVE")(env)
		cli.Write("main.tf", env.Config(simStatusConfig(syncProduct, "ACTIVE")+
			fmt.Sprintf("\nimport {\n  to = %s\n  id = %q\n}", simStatus, syncProduct)))
		output, changes := savedPlan(t, cli)
		checkPlannedLastChange(t, changes, simStatus, lastChangeNull)
		checkOutput(t, output, "!"+live)
		setProduct(syncProduct, "ACTIVE")(env)
		cli.MustRun("apply", "plan.bin")
		checkLastChange(t, cli, simStatus, lastChangeNull)
		checkNoChanges(t, cli)
		checkLedger(t, env)
	})
	t.Run("a SIM of a fleet that is on its way", func(t *testing.T) {
		t.Parallel()
		env, cli := lastChangeEnv(t)
		addProduct(syncProduct, "ACTIVE")(env)
		cli.Write("main.tf", env.Config(fleetConfig(map[string]string{syncProduct: "ACTIVE"})))
		cli.MustRun("apply", "-auto-approve")
		setProduct(syncProduct, "PENDING_ACTIVE")(env)
		_, changes := savedPlan(t, cli)
		checkPlannedLastChange(t, changes, fleet, lastChangeNull)
		setProduct(syncProduct, "ACTIVE")(env)
		cli.MustRun("apply", "plan.bin")
		checkLastChange(t, cli, fleet, lastChangeNull)
		checkNoChanges(t, cli)
		checkLedger(t, env)
	})
}

// TestAccAnnounced_laterTriggers: whether triggers that are known after apply ask for a swap is known only then. The
// plan can't promise one, and the apply of those that are as they were sends nothing.
func TestAccAnnounced_laterTriggers(t *testing.T) {
	t.Parallel()
	env, cli := lastChangeEnv(t)
	config := func(input string) string {
		return env.Config(fmt.Sprintf(`
resource "terraform_data" "later" { triggers_replace = %q }
`, input) + simSwapConfig(swapAccount, "eSim",
			`triggers = { card = terraform_data.later.id == "" ? "b" : "a" }`))
	}
	cli.Write("main.tf", config("first"))
	cli.MustRun("apply", "-auto-approve")
	cli.Write("main.tf", config("second"))
	_, changes := savedPlan(t, cli)
	checkPlannedLastChange(t, changes, simSwap, lastChangeUnknown)
	cli.MustRun("apply", "plan.bin")
	checkLastChange(t, cli, simSwap, "SIM "+swapOld+" -> eSim")
	checkNoChanges(t, cli)
	if n := len(env.Requests(swapRequests)); n != 1 {
		t.Errorf("%d swaps were sent", n)
	}
}

// TestAccAnnounced_groupOfUnknownOutcome: the plan that sends an assignment once more knows what it will be, with or
// without preflight.
func TestAccAnnounced_groupOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	env, cli := lastChangeEnv(t)
	cli.Write("main.tf", env.Config(aaGroupConfig(aaSIM, "LIVE10"), "preflight = false"))
	env.Inject(simulator.Fault{Match: simulator.Match{API: simulator.M2M}, Skip: 1, Times: 1, Effect: simulator.Reset,
		Executed: true})
	cli.MustRun("apply", "-auto-approve")
	checkState(t, cli, aaGroup, "operation_status=unknown")
	output, changes := savedPlan(t, cli)
	checkOutput(t, output, aaLiveSummary)
	checkPlannedLastChange(t, changes, aaGroup, "auto-activation group (can't be read) -> LIVE10")
}

// TestAccAnnounced_groupSpelling: the 20th digit of an ICCID is no other SIM, which a replacement would assign anew.
func TestAccAnnounced_groupSpelling(t *testing.T) {
	t.Parallel()
	env, cli := lastChangeEnv(t)
	cli.Write("main.tf", env.Config(aaGroupConfig(aaSIM, "LIVE10")))
	cli.MustRun("apply", "-auto-approve")
	checked := aaSIM + string(identity.CheckDigit(aaSIM))
	cli.Write("main.tf", env.Config(aaGroupConfig(checked, "LIVE10")))
	checkNoChanges(t, cli)
	if output, exit := cli.Run("plan", "-replace="+aaGroup); exit == 0 ||
		!strings.Contains(output, "Replacing is refused") {
		t.Errorf("-replace ended with %d:\n%s", exit, output)
	}
}

// TestAccAnnounced_replaced: a create leg that would send something is refused, for a fleet as for a single SIM; also
// one of which that is not known, since the SIM is not read while planning.
func TestAccAnnounced_replaced(t *testing.T) {
	t.Parallel()
	for address, config := range map[string]string{
		fleet:     fleetConfig(map[string]string{syncProduct: "ACTIVE"}),
		simStatus: simStatusConfig(syncProduct, "ACTIVE"),
	} {
		t.Run(address, func(t *testing.T) {
			t.Parallel()
			env, cli := lastChangeEnv(t)
			addProduct(syncProduct, "ACTIVE")(env)
			cli.Write("main.tf", env.Config(config))
			cli.MustRun("apply", "-auto-approve")
			output := cli.MustRun("apply", "-auto-approve", "-replace="+address)
			checkOutput(t, output, "!"+live)
			checkNoChanges(t, cli)
			refused := func(why string) {
				t.Helper()
				output, exit := cli.Run("apply", "-auto-approve", "-replace="+address)
				if exit == 0 || !strings.Contains(output, why) {
					t.Errorf("-replace ended with %d:\n%s", exit, output)
				}
				checkState(t, cli, address, "operation_status=complete")
			}
			cli.Write("main.tf", env.Config(config, "preflight = false"))
			refused("Replacing is refused without preflight")
			cli.Write("main.tf", env.Config(config))
			setProduct(syncProduct, "SUSPENDED")(env)
			refused("Replacing is refused while it would change")
			checkLedger(t, env)
		})
	}
}
