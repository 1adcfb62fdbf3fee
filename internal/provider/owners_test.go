package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// ownersEnv is a network with everything that two resources may want of one SIM.
func ownersEnv(t *testing.T) (*acctest.Env, *acctest.CLI) {
	t.Helper()
	env := newSwapEnv(t)
	env.AddAccount(simAccount)
	for _, id := range []string{syncProduct, asyncProduct} {
		env.AddProduct(simulator.Product{ID: id, SIMStatus: "INACTIVE"})
	}
	env.AddM2MGroup(simulator.M2MGroup{Code: "TEST", Type: "pending"})
	for _, code := range []string{"LIVE10", "LIVE20"} {
		env.AddM2MGroup(simulator.M2MGroup{Code: code, Type: "live"})
	}
	env.AddM2MSIM(simulator.M2MSIM{ICCID: aaSIM, Group: "TEST"})
	return env, env.NewAttachedCLI(t)
}

// named gives a configuration's resource another name than "test".
func named(config, name string) string {
	return strings.Replace(config, `"test"`, fmt.Sprintf("%q", name), 1)
}

// otherFleet is a fleet of another name, whose resource is "other".
func otherFleet(statuses map[string]string, more ...string) string {
	return strings.Replace(named(fleetConfig(statuses, more...), "other"), `"vans"`, `"trucks"`, 1)
}

// TestAccOwners: two resources that want different things of one SIM are both sent, one after the other, and the apply
// ends well.
func TestAccOwners(t *testing.T) {
	t.Parallel()
	both := map[string]string{syncProduct: "ACTIVE", asyncProduct: "ACTIVE"}
	for name, c := range map[string]struct {
		config string
		names  []string // the SIM and both wishes
	}{
		"two statuses": {
			simStatusConfig(syncProduct, "ACTIVE") + named(simStatusConfig(syncProduct, "SUSPENDED"), "other"),
			[]string{syncProduct, "ACTIVE", "SUSPENDED"},
		},
		"two fleets": {
			fleetConfig(both) + otherFleet(map[string]string{asyncProduct: "SUSPENDED"}),
			[]string{asyncProduct, "ACTIVE", "SUSPENDED"},
		},
		"fleet and status": {
			fleetConfig(both) + simStatusConfig(asyncProduct, "SUSPENDED"),
			[]string{asyncProduct, "ACTIVE", "SUSPENDED"},
		},
		"two groups": {
			aaGroupConfig(aaSIM, "LIVE10") + named(aaGroupConfig(aaSIM, "LIVE20"), "other"),
			[]string{aaSIM, "LIVE10", "LIVE20"},
		},
		"two cards": {
			simCardConfig(`tariff = "T-17"`) + simCardBlock("other", simCLI, `tariff = "T-18"`),
			[]string{simCardID, "T-17", "T-18"},
		},
		"two swaps": {
			simSwapConfig(swapAccount, swapNew) + named(simSwapConfig(swapAccount, swapNext), "other"),
			[]string{swapAccount, swapNew, swapNext},
		},
		"two swaps, one id in capitals": {
			simSwapConfig(swapAccount, swapNew) + named(simSwapConfig(strings.ToUpper(swapAccount), "eSim"), "other"),
			[]string{swapNew, "eSim"},
		},
	} {
		for _, settings := range []string{"", "preflight = false"} {
			t.Run(name+" "+settings, func(t *testing.T) {
				t.Parallel()
				env, cli := ownersEnv(t)
				cli.Write("main.tf", env.Config(c.config, settings))
				checkError(t, refused(t, cli, "plan"), c.names...)
				checkError(t, refused(t, cli, "apply", "-auto-approve"), c.names...)
				checkLedger(t, env)
			})
		}
	}
}

// TestAccOwners_updates: the same for objects in state, of which one changes its mind.
func TestAccOwners_updates(t *testing.T) {
	t.Parallel()
	one := map[string]string{syncProduct: "ACTIVE"}
	for name, c := range map[string]struct {
		before, after string
		names         []string
	}{
		"two statuses": {
			simStatusConfig(syncProduct, "ACTIVE") + named(simStatusConfig(syncProduct, "ACTIVE"), "other"),
			simStatusConfig(syncProduct, "ACTIVE") + named(simStatusConfig(syncProduct, "SUSPENDED"), "other"),
			[]string{syncProduct, "ACTIVE", "SUSPENDED"},
		},
		"fleet and status": {
			fleetConfig(one) + simStatusConfig(syncProduct, "ACTIVE"),
			fleetConfig(map[string]string{syncProduct: "SUSPENDED"}) + simStatusConfig(syncProduct, "ACTIVE"),
			[]string{syncProduct, "ACTIVE", "SUSPENDED"},
		},
		// The SIM leaves a fleet that suspends what leaves it, for another one that wants it active.
		"from fleet to fleet": {
			fleetConfig(map[string]string{syncProduct: "ACTIVE", asyncProduct: "ACTIVE"}, `status_on_removal = "SUSPENDED"`),
			fleetConfig(map[string]string{asyncProduct: "ACTIVE"}, `status_on_removal = "SUSPENDED"`) + otherFleet(one),
			[]string{syncProduct, "ACTIVE", "SUSPENDED"},
		},
		// A block that is renamed without a moved block: the old object suspends the SIM that the new one wants active.
		"destroyed and created": {
			simStatusConfig(syncProduct, "ACTIVE", `status_on_destroy = "SUSPENDED"`),
			named(simStatusConfig(syncProduct, "ACTIVE", `status_on_destroy = "SUSPENDED"`), "renamed"),
			[]string{syncProduct, "ACTIVE", "SUSPENDED"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, cli := ownersEnv(t)
			for _, id := range []string{syncProduct, asyncProduct} {
				env.AddProduct(simulator.Product{ID: id, SIMStatus: "ACTIVE"})
			}
			cli.Write("main.tf", env.Config(c.before))
			cli.MustRun("apply", "-auto-approve")
			cli.Write("main.tf", env.Config(c.after))
			checkError(t, refused(t, cli, "plan"), c.names...)
			checkError(t, refused(t, cli, "apply", "-auto-approve"), c.names...)
			checkLedger(t, env)
		})
	}
}

// TestAccOwners_unknown: a SIM that is known only at apply has two owners as well.
func TestAccOwners_unknown(t *testing.T) {
	t.Parallel()
	env, cli := ownersEnv(t)
	cli.Write("main.tf", env.Config(simStatusConfig(syncProduct, "ACTIVE")+`
resource "terraform_data" "sim" { input = "`+syncProduct+`" }
resource "telco_sim_status" "other" {
  product_id = terraform_data.sim.output
  status     = "SUSPENDED"
}`))
	checkError(t, refused(t, cli, "apply", "-auto-approve"), syncProduct, "ACTIVE", "SUSPENDED")
	if changes := env.Ledger(); len(changes) > 1 {
		t.Errorf("both were sent: %v", changes)
	}
}

// TestAccOwners_agree: resources that want the same thing of a SIM are no trouble.
func TestAccOwners_agree(t *testing.T) {
	t.Parallel()
	env, cli := ownersEnv(t)
	cli.Write(
		"main.tf",
		env.Config(simStatusConfig(syncProduct, "ACTIVE")+named(simStatusConfig(syncProduct, "ACTIVE"), "other")),
	)
	cli.MustRun("plan")
}

// TestAccOwners_twoSwapsByKeyword: each asks for a SIM of its own, and without preflight no plan says which SIM goes.
func TestAccOwners_twoSwapsByKeyword(t *testing.T) {
	t.Parallel()
	for _, settings := range []string{"", "preflight = false"} {
		t.Run(settings, func(t *testing.T) {
			t.Parallel()
			env, cli := ownersEnv(t)
			cli.Write("main.tf", env.Config(simSwapConfig(swapAccount, "eSim")+
				named(simSwapConfig(strings.ToUpper(swapAccount), "eSim"), "other"), settings))
			refused(t, cli, "apply", "-auto-approve")
			if err := env.CheckLedger(swapDone)(nil); err != nil {
				t.Error(err)
			}
			output, _ := cli.Run("plan")
			checkOutput(t, output, "1 to add")
		})
	}
}
