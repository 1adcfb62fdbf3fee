package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// TestAccFleet_noStatus: a null or empty status in the map is planned as "INACTIVE -> " and goes over the wire as "".
func TestAccFleet_noStatus(t *testing.T) {
	t.Parallel()
	const later = `
resource "terraform_data" "later" { input = %s }
`
	for name, c := range map[string]struct {
		config string
		atPlan bool // else it shows at apply
	}{
		"null": {fmt.Sprintf(`{ (%q) = false ? "ACTIVE" : null }`, syncProduct), true},
		"null beside another": {
			fmt.Sprintf(`{ (%q) = false ? "ACTIVE" : null, (%q) = "ACTIVE" }`, syncProduct, asyncProduct), true,
		},
		"empty":         {fmt.Sprintf(`{ (%q) = "" }`, syncProduct), true},
		"null at apply": {fmt.Sprintf(`{ (%q) = terraform_data.later.output == "x" ? "ACTIVE" : null }`, syncProduct), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := acctest.New(t)
			cli := env.NewAttachedCLI(t)
			env.AddProduct(simulator.Product{ID: syncProduct, SIMStatus: "INACTIVE"})
			env.AddProduct(simulator.Product{ID: asyncProduct, SIMStatus: "INACTIVE"})
			cli.Write("main.tf", env.Config(fmt.Sprintf(later, `"y"`)+fmt.Sprintf(`
resource "telco_sim_fleet_status" "test" {
  name     = "vans"
  statuses = %s
}`, c.config)))
			if c.atPlan {
				output := refused(t, cli, "plan")
				checkError(t, output, syncProduct)
				checkOutput(t, output, "!INACTIVE -> .", "!"+live)
			}
			checkError(t, refused(t, cli, "apply", "-auto-approve"), syncProduct)
			for _, request := range env.Requests(simulator.Match{Route: "product.update"}) {
				if strings.Contains(request.Body, `"value":""`) {
					t.Errorf("sent: %s", request.Body)
				}
			}
			if changes := env.Ledger(); len(changes) > 0 {
				t.Errorf("the network executed %v", changes)
			}
		})
	}
}

// TestAccStatusWords: a word that the service sets by itself is accepted as a wanted status, and then waited for in
// vain.
func TestAccStatusWords(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"PENDING_ACTIVE", "PENDING_SUSPENDED"} {
		for name, config := range map[string]string{
			"sim_status":        simStatusConfig(syncProduct, word),
			"status_on_destroy": simStatusConfig(syncProduct, "ACTIVE", fmt.Sprintf("status_on_destroy = %q", word)),
			"sim_fleet_status":  fleetConfig(map[string]string{syncProduct: word}),
			"status_on_removal": fleetConfig(
				map[string]string{syncProduct: "ACTIVE"}, fmt.Sprintf("status_on_removal = %q", word),
			),
		} {
			t.Run(name+" "+word, func(t *testing.T) {
				t.Parallel()
				env := acctest.New(t)
				cli := env.NewAttachedCLI(t)
				env.AddProduct(simulator.Product{ID: syncProduct, SIMStatus: "ACTIVE"})
				env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.AllTransitions = true })
				cli.Write("main.tf", env.Config(config))
				checkError(t, refused(t, cli, "plan"), word)
				checkLedger(t, env)
			})
		}
	}
	t.Run("PENDING_TERMINATE", func(t *testing.T) { // but this one
		t.Parallel()
		env := acctest.New(t)
		cli := env.NewAttachedCLI(t)
		env.AddProduct(simulator.Product{ID: syncProduct, SIMStatus: "ACTIVE"})
		cli.Write("main.tf", env.Config(simStatusConfig(syncProduct, "PENDING_TERMINATE")))
		checkOutput(t, cli.MustRun("plan"), live, "ACTIVE -> PENDING_TERMINATE")
	})
}

// TestAccSIMCard_deletionWarning: the warning of a deletion says nothing of charging, which is why people delete.
func TestAccSIMCard_deletionWarning(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	cli := env.NewAttachedCLI(t)
	env.AddAccount(simAccount)
	cli.Write("main.tf", env.Config(simCardConfig(`state = "live"`)))
	cli.MustRun("apply", "-auto-approve")
	env.Warnings("")
	savedPlan(t, cli, "-destroy")
	warnings := env.Warnings(deletionWarning)
	if len(warnings) != 1 {
		t.Fatalf("warnings: %q", warnings)
	}
	for _, text := range []string{simCardID, "live -> deleted", "offline", "charg", "can't be undone automatically"} {
		if !strings.Contains(warnings[0], text) {
			t.Errorf("the warning does not hold %q: %s", text, warnings[0])
		}
	}
}

// TestAccFleet_oneUnreadable: "could not be read, nor could 0 others".
func TestAccFleet_oneUnreadable(t *testing.T) {
	t.Parallel()
	env, cli, _ := fleetOfThree(t)
	cli.Write("main.tf", env.Config(fleetConfig(fleetOf(1, "ACTIVE"))))
	cli.MustRun("apply", "-auto-approve")
	env.Inject(simulator.Fault{Match: simulator.Match{API: simulator.CMO}, Effect: simulator.Answer, Status: 503})
	output := refused(t, cli, "plan")
	checkError(t, output, "JASPER-8900000000000000000", "!0 others", "!nor could 0")
}

// TestAccSIMCard_gatewayConflict: a gateway's page with status 409 on an order counts as the service's word that the
// SIM exists already, with an import block that would take over somebody's SIM, or none.
func TestAccSIMCard_gatewayConflict(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"page": gatewayPage, "empty": "", "other JSON": `{"message":"Conflict"}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := acctest.New(t)
			cli := env.NewAttachedCLI(t)
			env.AddAccount(simAccount)
			env.Inject(simulator.Fault{
				Match: simulator.Match{Route: "sim.create"}, Effect: simulator.Answer, Status: 409, Body: body, Times: 1,
			})
			cli.Write("main.tf", env.Config(simCardConfig()))
			output, _ := cli.Run("apply", "-auto-approve")
			checkOutput(t, output, "!exists already", "!already exists", "!import {")
			cli.MustRun("apply", "-auto-approve")
			checkNoChanges(t, cli)
			checkLedger(t, env, "create "+simCardID)
		})
	}
}

// TestAccSIMCard_conflict: the service's own 409 still says so, with the block to paste.
func TestAccSIMCard_conflict(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	cli := env.NewAttachedCLI(t)
	env.AddAccount(simAccount)
	cli.Write("main.tf", env.Config(simCardConfig()))
	env.Before(simulator.Accounts, "sim.create", 0, func() { env.AddSIMCard(simAccount, simulator.SIMCard{CLI: simCLI}) })
	checkOutput(t, refused(t, cli, "apply", "-auto-approve"), "import {", fmt.Sprintf("id = %q", simCardID))
	checkLedger(t, env)
}
