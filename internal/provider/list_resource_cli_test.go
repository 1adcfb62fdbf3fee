package provider_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// listAll lists everything of the network of newAdoptionEnv.
const listAll = `
list "telco_sim_card" "cards" {
  provider = telco
  config {
    account_key = "acme-fleet"
  }
}
list "telco_sim_status" "sims" {
  provider = telco
}
list "telco_mvno_sim_swap" "accounts" {
  provider = telco
  limit    = 5
}
`

// newAdoptionEnv is a network that has been running for years: a SIM card with every argument and one with none, a SIM
// on every backend, accounts that hold SIMs.
func newAdoptionEnv(t *testing.T) *acctest.Env {
	t.Helper()
	env := acctest.New(t)
	env.AddSIMCard("acme-fleet", simulator.SIMCard{
		CLI: "(+353)870000001", SIMNumber: new("8900000000000000001"), Description: new(`van "12" ${north} %{if}`),
		InventoryRef: new("ref"),
		State:        3, Version: 3501, ForeignAttributes: map[string]string{"depot": "north", "a b": `"quoted"`},
		Tariff: new("gold"),
		Bundle: new("b"), Operator: new("op"), NetworkStatus: 10, SOC: new("S1"), InternalSOC: new("I1"),
		PurchaseOrder: new("PO"),
		Provider:      new("supplier"), ProviderTariff: new("pt"), ProviderPrice: new("2.00gbp"),
	})
	env.AddSIMCard("acme-fleet", simulator.SIMCard{CLI: "001010000000002", State: 100, Description: new("")})
	env.AddSIMCard("acme-fleet", simulator.SIMCard{CLI: "001010000000003", State: 7})
	for backend, status := range map[string]string{
		"TMSP": "ACTIVE", "TMUS": "SUSPENDED", "JASPER": "INACTIVE", "IOTA": "ACTIVE", "1NCE": "ACTIVE", "AIRLINQ": "BLOCKED",
		"STC":      "CREATED",
		"TURKCELL": "TERMINATED", "GALAXY1": "ACTIVE",
	} {
		env.AddProduct(simulator.Product{ID: backend + "-8949020000000000001", Status: "INACTIVE", SIMStatus: status})
	}
	env.AddProduct(simulator.Product{ID: "INTELSAT-4711", Status: "ACTIVE", SIMStatus: "ACTIVE"})
	for i := range 3 {
		env.AddMVNOAccount(simulator.MVNOAccount{
			ID: fmt.Sprintf("5f0c1a2b3c4d5e6f7081920%d", i), Number: fmt.Sprintf("+452000000%d", i),
			SIMNumber: fmt.Sprintf("894501000000000001%d", i),
		})
	}
	return env
}

// adoptable is how many objects of newAdoptionEnv there are to be imported.
const adoptable = 3 + 9 + 3

// TestQuery_adopt: terraform query finds what is there, and the configuration that it generates imports it, changes
// nothing, and is followed by an empty and silent plan.
func TestQuery_adopt(t *testing.T) {
	for _, path := range acctest.OtherCLIs(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			env := newAdoptionEnv(t)
			cli := env.NewAttachedCLIAt(t, path)
			cli.Need("1.14", "")
			cli.Write("main.tf", env.Config(""))
			cli.Write("all.tfquery.hcl", listAll)

			found := cli.MustRun("query", "-json")
			for _, want := range []string{
				`van \"12\" ${north} %{if} ((+353)870000001)`, "001010000000002", "8949020000000000001 (MSISDN",
				"+4520000000 (SIM 8945010000000000010)",
			} {
				if !strings.Contains(found, want) {
					t.Errorf("%s is not found:\n%s", want, found)
				}
			}
			if n := strings.Count(found, `"type":"list_resource_found"`); n != adoptable || strings.Contains(found, "INTELSAT") {
				t.Errorf("%d objects are found, %d expected:\n%s", n, adoptable, found)
			}

			cli.MustRun("query", "-generate-config-out=generated.tf")
			applied := cli.MustRun("apply", "-auto-approve")
			if want := fmt.Sprintf("%d imported, 0 added, 0 changed, 0 destroyed", adoptable); !strings.Contains(applied,
				want) || strings.Contains(applied, "Warning") {
				t.Errorf("not %q:\n%s", want, applied)
			}
			if output, exit := cli.Run("plan", "-detailed-exitcode"); exit != 0 || strings.Contains(output, "Warning") {
				t.Errorf("the plan after it is not empty and silent (%d):\n%s", exit, output)
			}
			checkLedger(t, env)
		})
	}
}

// TestQuery_limit: the warning of a list that goes on reaches the user.
func TestQuery_limit(t *testing.T) {
	for _, path := range acctest.OtherCLIs(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			env := newAdoptionEnv(t)
			cli := env.NewAttachedCLIAt(t, path)
			cli.Need("1.14", "")
			cli.Write("main.tf", env.Config(""))
			cli.Write("all.tfquery.hcl", strings.Replace(listAll, "limit    = 5", "limit    = 2", 1))
			output := cli.MustRun("query")
			if !strings.Contains(output, "Warning: Listed up to the limit") || strings.Contains(output, "+4520000002") {
				t.Errorf("a list of three with a limit of two:\n%s", output)
			}

			env.SetMVNOQuirks(func(q *simulator.MVNOQuirks) { q.AccessLevel = "PERSONAL" })
			output, exit := cli.Run("query")
			if exit == 0 || !strings.Contains(output, "Error: Unable to list MVNO accounts") {
				t.Errorf("a refusal ends with %d:\n%s", exit, output)
			}
		})
	}
}

// TestIdentity_adopt: an import block with an identity takes each resource over, sends nothing, and is followed by an
// empty and silent plan. What no identity and no read tells, a group and a keyword, is taken as declared.
func TestIdentity_adopt(t *testing.T) {
	const config = `
import {
  to       = telco_sim_card.test
  identity = { account_key = "acme-fleet", cli = "001010000000001" }
}
import {
  to       = telco_sim_status.test
  identity = { product_id = "JASPER-8997100000000000017" }
}
import {
  to       = telco_sim_aa_group.test
  identity = { iccid = "8944200000000000001" }
}
import {
  to       = telco_mvno_sim_swap.test
  identity = { account_id = "5f0c8a2e9b1d4c0012345678" }
}
resource "telco_sim_card" "test" {
  account_key = "acme-fleet"
  cli         = "001010000000001"
}
resource "telco_sim_status" "test" {
  product_id = "JASPER-8997100000000000017"
  status     = "ACTIVE"
}
resource "telco_sim_aa_group" "test" {
  iccid      = "8944200000000000001"
  group_code = "LIVE10"
}
resource "telco_mvno_sim_swap" "test" {
  account_id = "5f0c8a2e9b1d4c0012345678"
  new_sim    = "autoAssign"
}
`
	for _, path := range acctest.OtherCLIs(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			env := acctest.New(t)
			env.AddSIMCard("acme-fleet", simulator.SIMCard{CLI: "001010000000001", State: 3})
			env.AddProduct(simulator.Product{ID: "JASPER-8997100000000000017", Status: "ACTIVE", SIMStatus: "ACTIVE"})
			env.AddM2MGroup(simulator.M2MGroup{Code: "LIVE10", Type: "live"})
			env.AddM2MSIM(simulator.M2MSIM{ICCID: "8944200000000000001", Status: "active", Group: "LIVE10"})
			env.AddMVNOAccount(simulator.MVNOAccount{ID: "5f0c8a2e9b1d4c0012345678", SIMNumber: "8945010000000000001"})
			env.AddMVNOSIM(simulator.MVNOSIM{ICC: "8945010000000000002", AutoAssign: true})
			cli := env.NewAttachedCLIAt(t, path)
			cli.Need("1.12", "1.12")
			cli.Write("main.tf", env.Config(config))
			planned := cli.MustRun("plan", "-out=plan")
			if strings.Contains(planned, "irreversible") || !strings.Contains(planned,
				"4 to import, 0 to add, 2 to change, 0 to destroy") {
				t.Errorf("the plan of the imports:\n%s", planned)
			}
			cli.MustRun("apply", "plan")
			if output, exit := cli.Run("plan", "-detailed-exitcode"); exit != 0 || strings.Contains(output, "Warning") {
				t.Errorf("the plan after it is not empty and silent (%d):\n%s", exit, output)
			}
			checkLedger(t, env)

			// The identity is in the state, and stays there.
			var state struct {
				Resources []struct {
					Instances []struct{ Identity map[string]string }
				}
			}
			if err := json.Unmarshal([]byte(cli.MustRun("state", "pull")), &state); err != nil {
				t.Fatal(err)
			}
			for _, r := range state.Resources {
				for _, i := range r.Instances {
					if len(i.Identity) == 0 {
						t.Errorf("an object has no identity: %+v", state)
					}
				}
			}

			// Later a keyword is a swap again: the mark of the import has gone.
			cli.Write("main.tf", env.Config(regexp.MustCompile(`(?s)import \{.*?\n\}\n`).ReplaceAllString(strings.Replace(
				config, `new_sim    = "autoAssign"`, "new_sim    = \"autoAssign\"\n  triggers   = { again = \"1\" }", 1), "")))
			if output := cli.MustRun("plan"); !strings.Contains(output, "Live, irreversible change: MVNO SIM swap") {
				t.Errorf("another swap is not announced:\n%s", output)
			}
		})
	}
}

// TestQuery_examples: each list example is a query that the CLI takes.
func TestQuery_examples(t *testing.T) {
	for _, path := range acctest.OtherCLIs(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			env := newExampleEnv(t)
			cli := env.NewAttachedCLIAt(t, path)
			cli.Need("1.14", "")
			cli.Write("main.tf", env.Config(""))
			for dir, files := range exampleFiles(t) {
				if !strings.HasPrefix(dir, "list-resources/") {
					continue
				}
				text, err := os.ReadFile(filepath.Join(examplesDir, files[0]))
				if err != nil {
					t.Fatal(err)
				}
				cli.Write("example.tfquery.hcl", string(text))
				if output := cli.MustRun("query"); !strings.Contains(output, strings.TrimPrefix(dir, "list-resources/")) &&
					!strings.Contains(output, "list.") {
					t.Errorf("%s:\n%s", dir, output)
				}
			}
		})
	}
}

// guideBlocks are the configurations in a section of a guide.
func guideBlocks(t *testing.T, name, section string) []string {
	t.Helper()
	_, text, found := strings.Cut(guide(t, name), "\n## "+section+"\n")
	if !found {
		t.Fatalf("the guide %s has no section %s", name, section)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	var blocks []string
	for _, match := range regexp.MustCompile("(?s)```terraform\n(.*?)```").FindAllStringSubmatch(text, -1) {
		blocks = append(blocks, match[1])
	}
	return blocks
}

// TestAccGuide_adopting does what the guide says for a CLI without query: the picture, the files, the imports. The plan
// is imports only, and the one after it is empty.
func TestAccGuide_adopting(t *testing.T) {
	t.Parallel()
	blocks := guideBlocks(t, "adopting", "With data sources and for_each")
	if len(blocks) != 2 {
		t.Fatalf("%d configurations", len(blocks))
	}
	env := newAdoptionEnv(t)
	cli := env.NewAttachedCLI(t)
	cli.Need("1.7", "1.7")
	cli.Write("main.tf", env.Config(""))
	cli.Write("picture.tf", blocks[0])
	cli.MustRun("apply", "-auto-approve")
	for _, name := range []string{"cards", "statuses", "phones"} {
		cli.Write(name+".json", cli.MustRun("output", "-json", name))
	}
	cli.Write("adopt.tf", blocks[1])
	applied := cli.MustRun("apply", "-auto-approve")
	if want := fmt.Sprintf("%d imported, 0 added, 0 changed, 0 destroyed", adoptable); !strings.Contains(applied, want) ||
		strings.Contains(applied, "Warning") {
		t.Errorf("not %q:\n%s", want, applied)
	}
	if output, exit := cli.Run("plan", "-detailed-exitcode"); exit != 0 || strings.Contains(output, "Warning") {
		t.Errorf("the plan after it is not empty and silent (%d):\n%s", exit, output)
	}
	checkLedger(t, env)
}

// TestQuery_guide: the query of the guide is one that the CLI takes, and finds everything.
func TestQuery_guide(t *testing.T) {
	for _, path := range acctest.OtherCLIs(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			env := newAdoptionEnv(t)
			cli := env.NewAttachedCLIAt(t, path)
			cli.Need("1.14", "")
			cli.Write("main.tf", env.Config(""))
			cli.Write("all.tfquery.hcl", guideBlocks(t, "adopting", "With terraform query")[0])
			if n := strings.Count(cli.MustRun("query", "-json"), `"type":"list_resource_found"`); n != adoptable {
				t.Errorf("%d objects are found, %d expected", n, adoptable)
			}
		})
	}
}

// TestIdentity_examples: each example of an import by identity takes over what the minimal example made, and sends
// nothing.
func TestIdentity_examples(t *testing.T) {
	for _, path := range acctest.OtherCLIs(t) {
		for dir, files := range exampleFiles(t) {
			block := filepath.Join(dir, "import-by-identity.tf")
			if !slices.Contains(files, block) {
				continue
			}
			t.Run(filepath.Base(path)+"/"+filepath.Base(dir), func(t *testing.T) {
				env := newExampleEnv(t)
				with := func(names ...string) *acctest.CLI {
					cli := env.NewAttachedCLIAt(t, path)
					cli.Need("1.12", "1.12")
					cli.Write("main.tf", env.Config(""))
					for _, name := range names {
						text, err := os.ReadFile(filepath.Join(examplesDir, name))
						if err != nil {
							t.Fatal(err)
						}
						cli.Write(filepath.Base(name), string(text))
					}
					return cli
				}
				with(filepath.Join(dir, "resource.tf")).MustRun("apply", "-auto-approve")
				changes := len(env.Ledger())
				cli := with(filepath.Join(dir, "resource.tf"), block)
				applied := cli.MustRun("apply", "-auto-approve")
				if !strings.Contains(applied, "1 imported, 0 added") || strings.Contains(applied, "irreversible") ||
					len(env.Ledger()) != changes {
					t.Errorf("the import did more than import:\n%s", applied)
				}
				if output, exit := cli.Run("plan", "-detailed-exitcode"); exit != 0 {
					t.Errorf("the plan after the import is not empty:\n%s", output)
				}
			})
		}
	}
}
