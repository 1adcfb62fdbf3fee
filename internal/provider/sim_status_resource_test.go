package provider_test

import (
	"encoding/json"
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

const (
	syncProduct  = "JASPER-8997100000000000017"
	asyncProduct = "TMSP-89490200000000000024"
	simStatus    = "telco_sim_status.test"
)

// simStatusConfig is one resource; more are further lines of it.
func simStatusConfig(productID, status string, more ...string) string {
	return fmt.Sprintf(`
resource "telco_sim_status" "test" {
  product_id = %q
  status     = %q
  %s
}`, productID, status, strings.Join(more, "\n  "))
}

// inState is what the CLI's state says of a resource: its attributes, or nil where there is none. A tainted one has the
// attribute "tainted".
func inState(t *testing.T, cli *acctest.CLI, address string) map[string]any {
	t.Helper()
	var state struct {
		Values struct {
			RootModule struct {
				Resources []struct {
					Address string
					Tainted bool
					Values  map[string]any
				}
			} `json:"root_module"`
		}
	}
	output := cli.MustRun("show", "-json")
	if err := json.Unmarshal([]byte(output), &state); err != nil {
		t.Fatalf("%v in:\n%s", err, output)
	}
	for _, r := range state.Values.RootModule.Resources {
		if r.Address == address {
			if r.Tainted {
				r.Values["tainted"] = true
			}
			return r.Values
		}
	}
	return nil
}

// checkState checks some attributes of an object in state, each given as "name=value".
func checkState(t *testing.T, cli *acctest.CLI, address string, want ...string) {
	t.Helper()
	got := inState(t, cli, address)
	if got == nil {
		t.Errorf("%s is not in state", address)
		return
	}
	if got["tainted"] != nil {
		t.Errorf("%s is tainted", address)
	}
	for _, w := range want {
		name, value, _ := strings.Cut(w, "=")
		if fmt.Sprint(got[name]) != value {
			t.Errorf("%s: %s is %v, not %s", address, name, got[name], value)
		}
	}
}

// flat is the CLI's output without its frames and line breaks.
func flat(output string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(output)), " ")
}

// checkOutput checks that the CLI said all of these; one that begins with "!" must not be there.
func checkOutput(t *testing.T, output string, texts ...string) {
	t.Helper()
	got := flat(output)
	for _, text := range texts {
		unwanted, not := strings.CutPrefix(text, "!")
		switch {
		case not && strings.Contains(got, unwanted):
			t.Errorf("the CLI said %q:\n%s", unwanted, output)
		case !not && !strings.Contains(got, text):
			t.Errorf("the CLI did not say %q:\n%s", text, output)
		}
	}
}

// checkLedger is env.CheckLedger outside of a step.
func checkLedger(t *testing.T, env *acctest.Env, want ...string) {
	t.Helper()
	if err := env.CheckLedger(want...)(nil); err != nil {
		t.Error(err)
	}
}

// checkNoChanges checks that the next plan is empty and silent.
func checkNoChanges(t *testing.T, cli *acctest.CLI) {
	t.Helper()
	output, exit := cli.Run("plan", "-detailed-exitcode")
	if exit != 0 || strings.Contains(output, "Warning:") {
		t.Errorf("the plan is not empty and silent (%d):\n%s", exit, output)
	}
}

const (
	live        = "Warning: Live, irreversible change: SIM status"
	willUpdate  = "1 to change"
	showPending = `operation_status = "pending" -> (known after apply)`
)

func TestAccSIMStatus_basic(t *testing.T) {
	for name, productID := range map[string]string{"synchronous": syncProduct, "asynchronous": asyncProduct} {
		t.Run(name, func(t *testing.T) {
			env := acctest.New(t)
			env.AddProduct(simulator.Product{ID: productID, Status: "INACTIVE", SIMStatus: "INACTIVE"})
			env.Test(
				resource.TestStep{
					Config: env.Config(simStatusConfig(productID, "ACTIVE")),
					ConfigStateChecks: []statecheck.StateCheck{
						statecheck.ExpectKnownValue(simStatus, tfjsonpath.New("id"), knownvalue.StringExact(productID)),
						statecheck.ExpectKnownValue(simStatus, tfjsonpath.New("status"), knownvalue.StringExact("ACTIVE")),
						statecheck.ExpectKnownValue(simStatus, tfjsonpath.New("operation_status"), knownvalue.StringExact("complete")),
					},
					Check: acctest.CheckAll(
						env.CheckLedger("status "+productID),
						env.CheckWarned("Live, irreversible change: SIM status", productID, "INACTIVE -> ACTIVE", "can't be undone "+
							"automatically"),
					),
				},
				resource.TestStep{
					PreConfig:        func() { env.Warnings("") },
					Config:           env.Config(simStatusConfig(productID, "ACTIVE")),
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
					Check:            env.CheckSilent(),
				},
				resource.TestStep{
					Config: env.Config(simStatusConfig(productID, "SUSPENDED")),
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(simStatus, plancheck.ResourceActionUpdate),
					}},
					Check: env.CheckLedger("status "+productID, "status "+productID),
				},
				resource.TestStep{
					ResourceName: simStatus, ImportState: true, ImportStateVerify: true,
					ImportStateVerifyIgnore: []string{"last_change"}, ImportStateId: productID,
				},
			)
		})
	}
}

// TestAccSIMStatus_nothingToSend: where the SIM has the wanted status, neither create nor update sends a change. The
// composite has a status of its own all the while.
func TestAccSIMStatus_nothingToSend(t *testing.T) {
	env := acctest.New(t)
	env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.CompositeFrozen = true })
	env.AddProduct(simulator.Product{ID: syncProduct, Status: "INVENTORY", SIMStatus: "ACTIVE", IMSI: "901405100000017",
		MSISDN: "882285100017"})
	value := func(name, want string) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(simStatus, tfjsonpath.New(name), knownvalue.StringExact(want))
	}
	env.Test(
		resource.TestStep{
			Config: env.Config(simStatusConfig(syncProduct, "ACTIVE")),
			ConfigStateChecks: []statecheck.StateCheck{
				value("id", syncProduct), value("backend", "JASPER"), value("iccid", "8997100000000000017"),
				value("imsi", "901405100000017"),
				value("msisdn", "882285100017"), value("status", "ACTIVE"), value("product_status", "INVENTORY"),
				statecheck.ExpectKnownValue(simStatus, tfjsonpath.New("imei"), knownvalue.Null()),
				statecheck.ExpectKnownValue(simStatus, tfjsonpath.New("status_on_destroy"), knownvalue.Null()),
			},
			Check: acctest.CheckAll(env.CheckLedger(), env.CheckSilent()),
		},
		resource.TestStep{ // between plan and apply the portal does what is asked for
			PreConfig: func() {
				env.Before(simulator.CMO, "product.read", 2, func() {
					env.ChangeProduct(syncProduct, func(p *simulator.Product) { p.SIMStatus = "SUSPENDED" })
				})
			},
			Config: env.Config(simStatusConfig(syncProduct, "SUSPENDED")),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(simStatus,
				plancheck.ResourceActionUpdate)}},
			Check: acctest.CheckAll(env.CheckLedger(),
				env.CheckWarned("ACTIVE -> SUSPENDED", "loses its connection")),
		},
		resource.TestStep{ // drift is shown and set right
			PreConfig: func() {
				env.ChangeProduct(syncProduct, func(p *simulator.Product) {
					p.SIMStatus, p.MSISDN, p.IMEI = "BLOCKED", "882285100018", "490154203237518"
				})
			},
			Config: env.Config(simStatusConfig(syncProduct, "SUSPENDED")),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(simStatus, plancheck.ResourceActionUpdate),
				plancheck.ExpectKnownValue(simStatus, tfjsonpath.New("msisdn"), knownvalue.StringExact("882285100018")),
			}},
			ConfigStateChecks: []statecheck.StateCheck{value("product_status", "INVENTORY"), value("imei", "490154203237518")},
			Check:             acctest.CheckAll(env.CheckLedger("status "+syncProduct), env.CheckWarned("BLOCKED -> SUSPENDED")),
		},
		resource.TestStep{ // settings of the resource itself change nothing on the network
			PreConfig: func() { env.Warnings("") },
			Config: env.Config(simStatusConfig(syncProduct, "SUSPENDED", `status_on_destroy = "INACTIVE"`,
				`timeouts = { create = "5m", update = "5m", delete = "5m" }`)),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(simStatus,
				plancheck.ResourceActionUpdate)}},
			Check: acctest.CheckAll(env.CheckLedger("status "+syncProduct), env.CheckSilent()),
		},
		resource.TestStep{
			PreConfig: func() { env.Warnings("") },
			Config:    env.Config(simStatusConfig(syncProduct, "SUSPENDED")),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(simStatus,
				plancheck.ResourceActionUpdate)}},
			Check: acctest.CheckAll(env.CheckLedger("status "+syncProduct), env.CheckSilent()),
		},
	)
	checkLedger(t, env, "status "+syncProduct) // the test's destroy left the SIM as it was
}

// TestAccSIMStatus_terminated is the end of a SIM: PENDING_TERMINATE is fulfilled by TERMINATED, nothing follows it,
// and a SIM that the service no longer knows leaves the state.
func TestAccSIMStatus_terminated(t *testing.T) {
	env := acctest.New(t)
	env.AddProduct(simulator.Product{ID: syncProduct, SIMStatus: "ACTIVE"})
	config := env.Config(simStatusConfig(syncProduct, "PENDING_TERMINATE"))
	env.Test(
		resource.TestStep{
			Config: config,
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(simStatus, tfjsonpath.New("status"), knownvalue.StringExact("PENDING_TERMINATE")),
			},
			Check: acctest.CheckAll(env.CheckLedger("status "+syncProduct),
				env.CheckWarned("ACTIVE -> PENDING_TERMINATE", "for good", "can't be undone automatically")),
		},
		resource.TestStep{
			PreConfig: func() {
				if p, _ := env.Product(syncProduct); p.SIMStatus != "TERMINATED" {
					t.Errorf("the SIM is %s, so this proves nothing", p.SIMStatus)
				}
			},
			Config:           config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			ConfigStateChecks: []statecheck.StateCheck{
				statecheck.ExpectKnownValue(simStatus, tfjsonpath.New("status"), knownvalue.StringExact("PENDING_TERMINATE")),
			},
		},
		resource.TestStep{
			Config:      env.Config(simStatusConfig(syncProduct, "ACTIVE")),
			PlanOnly:    true,
			ExpectError: regexp.MustCompile(`SIM\s+is\s+terminated(.|\n)*terraform\s+state\s+rm`),
		},
		resource.TestStep{
			PreConfig: func() {
				env.AddProduct(simulator.Product{ID: asyncProduct, SIMStatus: "ACTIVE"}) // so that it is our tenant that answers
				env.RemoveProduct(syncProduct)
			},
			Config:      config,
			PlanOnly:    true,
			ExpectError: regexp.MustCompile(`Unknown\s+SIM`), // it has left the state, so the plan is to create it
		},
		resource.TestStep{
			PreConfig: func() { env.AddProduct(simulator.Product{ID: syncProduct, SIMStatus: "TERMINATED"}) },
			Config:    config,
			Check:     env.CheckLedger("status " + syncProduct),
		},
	)
}

// TestAccSIMStatus_importTerminated: what has been terminated elsewhere fulfils PENDING_TERMINATE.
func TestAccSIMStatus_importTerminated(t *testing.T) {
	env := acctest.New(t)
	cli := env.NewAttachedCLI(t)
	env.AddProduct(simulator.Product{ID: syncProduct, SIMStatus: "TERMINATED"})
	cli.Write("main.tf", env.Config(simStatusConfig(syncProduct, "PENDING_TERMINATE")))
	cli.MustRun("import", simStatus, syncProduct)
	checkNoChanges(t, cli)
	checkLedger(t, env)
}

func TestAccSIMStatus_planErrors(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	cli := env.NewAttachedCLI(t)
	env.AddProduct(simulator.Product{ID: "INTELSAT-4711000"})
	env.AddProduct(simulator.Product{ID: "TMUS-89012600000000000018", SIMStatus: "TERMINATED"})
	block := func(name, productID, status string, more ...string) string {
		return strings.Replace(simStatusConfig(productID, status, more...), `"test"`, `"`+name+`"`, 1)
	}

	cli.Write("main.tf", env.Config(block("a", "TMSP-89490200000000000099", "ACTIVE")+block("b", "INTELSAT-4711000",
		"ACTIVE")+
		block("c", "TMUS-89012600000000000018", "ACTIVE")))
	output, exit := cli.Run("plan")
	if exit == 0 {
		t.Error("the plan succeeded")
	}
	checkOutput(t, output, "Error: Unknown SIM", "TMSP-89490200000000000099", "telco_products",
		"Error: Not a cellular product", "INTELSAT-4711000", "SATELLITE",
		"Error: SIM is terminated", "TMUS-89012600000000000018 has the status TERMINATED", "!"+live)

	cli.Write("main.tf", env.Config(block("a", asyncProduct+"-simCard", "ACTIVE")+block("b", asyncProduct, "Active")+
		block("c", asyncProduct, "ACTIVE", `status_on_destroy = ""`)))
	env.ForgetRequests()
	if output, exit = cli.Run("plan"); exit == 0 {
		t.Error("the plan succeeded")
	}
	checkOutput(t, output, "without the -simCard suffix", "Attribute status must be a status in capitals", "Attribute "+
		"status_on_destroy must be a status in capitals")
	if n := len(env.Requests(simulator.Match{})); n > 0 {
		t.Errorf("%d requests for a configuration that is not valid", n)
	}
	checkLedger(t, env)
}

// TestAccSIMStatus_destroy: what status_on_destroy says is sent with its warning and waited for; without it, nothing
// is.
func TestAccSIMStatus_destroy(t *testing.T) {
	t.Parallel()
	env := acctest.New(t, simulator.SettleAfterPolls(3))
	cli := env.NewAttachedCLI(t)
	env.AddProduct(simulator.Product{ID: asyncProduct, SIMStatus: "ACTIVE"})

	cli.Write("main.tf", env.Config(simStatusConfig(asyncProduct, "ACTIVE")))
	cli.MustRun("apply", "-auto-approve")
	checkOutput(t, cli.MustRun("destroy", "-auto-approve"), "Warning: Nothing is changed on the network", asyncProduct,
		"keeps its status ACTIVE", "!"+live)
	checkLedger(t, env)

	cli.Write("main.tf", env.Config(simStatusConfig(asyncProduct, "ACTIVE", `status_on_destroy = "SUSPENDED"`)))
	cli.MustRun("apply", "-auto-approve")
	cli.Write("main.tf", env.Config("")) // a block that is gone destroys, too
	checkOutput(t, cli.MustRun("apply", "-auto-approve"), live, asyncProduct+": status ACTIVE -> SUSPENDED", "can't be "+
		"undone automatically")
	checkLedger(t, env, "status "+asyncProduct)
	if p, _ := env.Product(asyncProduct); p.SIMStatus != "SUSPENDED" {
		t.Errorf("destroy did not wait: the SIM is %s", p.SIMStatus)
	}

	// The SIM has that status already; then one that is terminated; then one that is gone between plan and apply.
	cli.Write("main.tf", env.Config(simStatusConfig(asyncProduct, "SUSPENDED", `status_on_destroy = "SUSPENDED"`)))
	cli.MustRun("apply", "-auto-approve")
	checkOutput(t, cli.MustRun("plan", "-destroy"), "Warning: Nothing is changed on the network",
		"already has the status SUSPENDED", "!"+live)
	env.ChangeProduct(asyncProduct, func(p *simulator.Product) { p.SIMStatus = "TERMINATED" })
	output, exit := cli.Run("plan", "-destroy")
	if exit == 0 {
		t.Error("a destroy that the service would refuse was planned")
	}
	checkOutput(t, output, "Error: SIM is terminated", "terraform state rm")
	env.ChangeProduct(asyncProduct, func(p *simulator.Product) { p.SIMStatus = "ACTIVE" })
	cli.MustRun("plan", "-destroy", "-out=plan")
	env.RemoveProduct(asyncProduct)
	cli.MustRun("apply", "plan")
	if inState(t, cli, simStatus) != nil {
		t.Error("a SIM that is gone stays in state")
	}
	checkLedger(t, env, "status "+asyncProduct)
}

func TestAccSIMStatus_replace(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	cli := env.NewAttachedCLI(t)
	env.AddProduct(simulator.Product{ID: asyncProduct, SIMStatus: "ACTIVE"})
	env.AddProduct(simulator.Product{ID: syncProduct, SIMStatus: "INACTIVE"})
	refused := func(output string, exit int) {
		t.Helper()
		if exit == 0 {
			t.Errorf("not refused:\n%s", output)
		}
	}

	// While status_on_destroy is set, neither another product_id nor -replace.
	cli.Write("main.tf", env.Config(simStatusConfig(asyncProduct, "ACTIVE", `status_on_destroy = "SUSPENDED"`)))
	cli.MustRun("apply", "-auto-approve")
	output, exit := cli.Run("plan", "-replace="+simStatus)
	refused(output, exit)
	checkOutput(t, output, "Error: Replacing is refused while status_on_destroy is set", "Remove status_on_destroy in an "+
		"apply of its own")
	cli.Write("main.tf", env.Config(simStatusConfig(syncProduct, "ACTIVE", `status_on_destroy = "SUSPENDED"`)))
	output, exit = cli.Run("plan")
	refused(output, exit)
	checkOutput(t, output, "Error: product_id can't be changed while status_on_destroy is set", asyncProduct, syncProduct)
	cli.Write("main.tf", env.Config(simStatusConfig(syncProduct, "ACTIVE"))) // taking it out in the same apply is too late
	output, exit = cli.Run("plan")
	refused(output, exit)

	// A tainted object: the destroy leg sends nothing, and says so.
	cli.Write("main.tf", env.Config(simStatusConfig(asyncProduct, "ACTIVE", `status_on_destroy = "SUSPENDED"`)))
	cli.MustRun("taint", simStatus)
	checkOutput(t, cli.MustRun("apply", "-auto-approve"), "must be replaced", "Warning: Nothing is changed on the network",
		asyncProduct,
		"was tainted", "!"+live)
	checkState(t, cli, simStatus, "status=ACTIVE", "operation_status=complete")
	checkNoChanges(t, cli)
	checkLedger(t, env)

	// Without it both are possible; the first call's warnings are those of the change that the create leg sends.
	cli.Write("main.tf", env.Config(simStatusConfig(asyncProduct, "ACTIVE")))
	cli.MustRun("apply", "-auto-approve")
	cli.MustRun("apply", "-auto-approve", "-replace="+simStatus)
	checkLedger(t, env)
	env.ChangeProduct(asyncProduct, func(p *simulator.Product) { p.SIMStatus = "SUSPENDED" })
	output, exit = cli.Run("plan", "-replace="+simStatus)
	refused(output, exit) // it would send a change whose warning is dropped
	checkOutput(t, output, "without -replace first")
	cli.Write("main.tf", env.Config(simStatusConfig(syncProduct, "ACTIVE"), "max_live_changes = 1"))
	checkOutput(t, cli.MustRun("apply", "-auto-approve"), "1 to add, 0 to change, 1 to destroy", live,
		syncProduct+": status INACTIVE -> ACTIVE",
		"Nothing is changed on the network", asyncProduct+" keeps its status SUSPENDED")
	checkState(t, cli, simStatus, "id="+syncProduct, "status=ACTIVE", "backend=JASPER", "operation_status=complete")
	checkNoChanges(t, cli)
	checkLedger(t, env, "status "+syncProduct)
}

// TestAccSIMStatus_refused: a transition that the service does not allow is an error, at once or by its monitor.
func TestAccSIMStatus_refused(t *testing.T) {
	t.Parallel()
	for name, productID := range map[string]string{"synchronous": syncProduct, "asynchronous": asyncProduct} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := acctest.New(t)
			cli := env.NewAttachedCLI(t)
			env.AddProduct(simulator.Product{ID: productID, SIMStatus: "INACTIVE"})
			fail := func(yes bool) {
				env.SetCMOQuirks(func(q *simulator.CMOQuirks) {
					if q.FailProduct = nil; yes {
						q.FailProduct = []string{productID}
					}
				})
			}
			fails := func(want ...string) {
				t.Helper()
				output, exit := cli.Run("apply", "-auto-approve")
				if exit == 0 {
					t.Error("the apply succeeded")
				}
				checkOutput(t, output, append(want, "The tariff's business rules do not allow status", productID)...)
			}

			fail(true)
			cli.Write("main.tf", env.Config(simStatusConfig(productID, "ACTIVE")))
			fails("Error: ")
			if got := inState(t, cli, simStatus); got != nil {
				t.Errorf("a refused creation is in state: %v", got)
			}
			fail(false)
			cli.MustRun("apply", "-auto-approve")
			checkLedger(t, env, "status "+productID)

			fail(true)
			cli.Write("main.tf", env.Config(simStatusConfig(productID, "SUSPENDED")))
			fails("Error: ")
			checkState(t, cli, simStatus, "status=ACTIVE", "product_status=ACTIVE", "operation_status=complete")
			checkLedger(t, env, "status "+productID)
			fail(false)
			checkOutput(t, cli.MustRun("apply", "-auto-approve"), live, "ACTIVE -> SUSPENDED", willUpdate)
			checkNoChanges(t, cli)
			checkLedger(t, env, "status "+productID, "status "+productID)
		})
	}
}

// TestAccSIMStatus_timeout: a wait that ends too early loses nothing and sends nothing again, for create, update and
// destroy.
func TestAccSIMStatus_timeout(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	cli := env.NewAttachedCLI(t)
	env.AddProduct(simulator.Product{ID: asyncProduct, SIMStatus: "INACTIVE"})
	settles := func(yes bool) { env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.NeverSettles = !yes }) }
	// A wait that is to time out has time for the calls before it, also on a busy machine; one that is to end has all of
	// it.
	const short, long = "2s", "10m"
	config := func(status, timeout string) string {
		return env.Config(simStatusConfig(asyncProduct, status, `status_on_destroy = "TERMINATED"`,
			fmt.Sprintf(`timeouts = { create = %[1]q, update = %[1]q, delete = "4s" }`, timeout), `lifecycle { `+
				`prevent_destroy = true }`))
	}

	settles(false)
	cli.Write("main.tf", config("ACTIVE", short))
	checkOutput(t, cli.MustRun("apply", "-auto-approve"), live, "Warning: SIM status is pending", "run terraform apply "+
		"again")
	checkState(t, cli, simStatus, "status=ACTIVE", "operation_status=pending", "iccid=89490200000000000024")
	output, exit := cli.Run("apply", "-auto-approve") // the resumed wait may fail, without harm
	if exit != 1 {
		t.Errorf("the apply ended with %d", exit)
	}
	checkOutput(t, output, "Error: SIM status is pending", showPending, willUpdate, "!"+live)
	checkState(t, cli, simStatus, "status=ACTIVE", "operation_status=pending")
	settles(true)
	cli.Write("main.tf", config("ACTIVE", long))
	env.Before(simulator.CMO, "monitor.read", 0, func() { settles(false) }) // not over yet when it is refreshed
	env.Before(simulator.CMO, "monitor.read", 2, func() { settles(true) })
	checkOutput(t, cli.MustRun("apply", "-auto-approve"), showPending, "0 to add, 1 to change, 0 to destroy", "!"+live)
	checkState(t, cli, simStatus, "status=ACTIVE", "product_status=ACTIVE", "operation_status=complete")
	checkLedger(t, env, "status "+asyncProduct)

	settles(false)
	cli.Write("main.tf", config("SUSPENDED", short))
	output, exit = cli.Run("apply", "-auto-approve")
	if exit != 1 {
		t.Errorf("the apply ended with %d", exit)
	}
	checkOutput(t, output, live, "Error: SIM status is pending")
	checkState(t, cli, simStatus, "status=SUSPENDED", "operation_status=pending")
	// Another wish while that is on its way: a change to come after it, with a warning though the SIM still shows ACTIVE.
	cli.Write("main.tf", config("ACTIVE", short))
	checkOutput(t, cli.MustRun("plan"), live, "SUSPENDED -> ACTIVE")
	cli.Write("main.tf", config("SUSPENDED", long))
	settles(true)
	checkOutput(t, cli.MustRun("apply", "-auto-approve"), "!"+live)
	checkNoChanges(t, cli)
	checkLedger(t, env, "status "+asyncProduct, "status "+asyncProduct)

	settles(false)
	cli.Write("main.tf", strings.Replace(config("SUSPENDED", long), "prevent_destroy = true", "", 1))
	output, exit = cli.Run("destroy", "-auto-approve")
	if exit != 1 {
		t.Errorf("the destroy ended with %d", exit)
	}
	checkOutput(t, output, live, "SUSPENDED -> TERMINATED", "Error: SIM status is pending")
	checkState(t, cli, simStatus, "status=TERMINATED", "operation_status=pending")
	settles(true)
	checkOutput(t, cli.MustRun("destroy", "-auto-approve"), "1 destroyed", "!"+live)
	checkLedger(t, env, "status "+asyncProduct, "status "+asyncProduct, "status "+asyncProduct)
}

// patientConfig sets the request_timeout of the CMO API in a configuration of Env.Config.
func patientConfig(config, timeout string) string {
	return strings.Replace(config, "  cmo = {", fmt.Sprintf("  cmo = {\n    request_timeout     = %q", timeout), 1)
}

// lostAnswers are ways to lose the answer of a change.
var lostAnswers = map[string]simulator.Fault{
	"reset": {Effect: simulator.Reset}, "500": {Effect: simulator.Answer, Status: 500,
		Body: `{"title":"Internal Server Error"}`},
	"503":            {Effect: simulator.Answer, Status: 503},
	"504":            {Effect: simulator.Answer, Status: 504, Body: "<html>Gateway Timeout</html>"},
	"hang":           {Effect: simulator.Hang},
	"reset executed": {Effect: simulator.Reset, Executed: true},
	"500 executed":   {Effect: simulator.Answer, Status: 500, Executed: true},
	"503 executed":   {Effect: simulator.Answer, Status: 503, Executed: true},
	"504 executed":   {Effect: simulator.Answer, Status: 504, Executed: true},
	"hang executed":  {Effect: simulator.Hang, Executed: true}, "cut executed": {Effect: simulator.Cut, Executed: true},
}

// TestAccSIMStatus_answerLost takes a fleet through create, update and destroy; the answer to each change is lost in a
// way of its own, once. What took effect is done, what did not is an error that is safe to apply again.
func TestAccSIMStatus_answerLost(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	cli := env.NewAttachedCLI(t)
	var ids, executed, lost []string
	for i, name := range slices.Sorted(maps.Keys(lostAnswers)) {
		backend := []string{"JASPER", "TMSP"}[i%2]
		id := fmt.Sprintf("%s-894902000000000001%02d", backend, i)
		env.AddProduct(simulator.Product{ID: id, SIMStatus: "INACTIVE"})
		if ids = append(ids, id); lostAnswers[name].Executed {
			executed = append(executed, id)
		} else {
			lost = append(lost, id)
		}
	}
	trouble := func() {
		env.ClearFaults()
		for i, name := range slices.Sorted(maps.Keys(lostAnswers)) {
			f := lostAnswers[name]
			f.Match, f.Times = simulator.Match{API: simulator.CMO, Route: "product.update", Key: ids[i]}, 1
			env.Inject(f)
		}
	}
	all := append(slices.Clone(executed), lost...)
	config := func(ids []string, status string) {
		cli.Write("main.tf", patientConfig(env.Config(fmt.Sprintf(`
resource "telco_sim_status" "test" {
  for_each          = toset(["%s"])
  product_id        = each.key
  status            = %q
  status_on_destroy = "TERMINATED"
}`, strings.Join(ids, `", "`), status)), "1s"))
	}
	changes := func(executedWant, lostWant int) {
		t.Helper()
		seen := map[string]int{}
		for _, change := range env.Ledger() {
			seen[change.Key]++
		}
		for i, name := range slices.Sorted(maps.Keys(lostAnswers)) {
			want := lostWant
			if lostAnswers[name].Executed {
				want = executedWant
			}
			if seen[ids[i]] != want {
				t.Errorf("%s: %d changes, not %d", name, seen[ids[i]], want)
			}
		}
	}
	apply := func(wantErrors int) {
		t.Helper()
		trouble()
		output, _ := cli.Run("apply", "-auto-approve")
		if n := strings.Count(output, "Error: SIM status was not changed"); n != wantErrors ||
			strings.Count(output, "Error: ") != n {
			t.Errorf("%d errors, not %d:\n%s", n, wantErrors, output)
		}
		checkOutput(t, output, "It is safe to apply again", "!"+simulator.ClientSecret)
		env.ClearFaults()
	}
	address := func(id string) string { return fmt.Sprintf("telco_sim_status.test[%q]", id) }

	config(all, "ACTIVE")
	apply(len(lost))
	changes(1, 0)
	for _, id := range executed {
		checkState(t, cli, address(id), "status=ACTIVE", "operation_status=complete")
	}
	for _, id := range lost {
		if inState(t, cli, address(id)) != nil {
			t.Errorf("%s is in state, though nothing was changed", id)
		}
	}
	cli.MustRun("apply", "-auto-approve")
	changes(1, 1)

	config(all, "SUSPENDED")
	apply(len(lost))
	changes(2, 1)
	for _, id := range lost {
		checkState(t, cli, address(id), "status=ACTIVE", "operation_status=complete")
	}
	cli.MustRun("apply", "-auto-approve")
	changes(2, 2)
	checkNoChanges(t, cli)

	cli.Write("main.tf", patientConfig(env.Config(""), "1s"))
	apply(len(lost))
	changes(3, 2)
	for _, id := range executed {
		if inState(t, cli, address(id)) != nil {
			t.Errorf("%s is still in state", id)
		}
	}
	cli.MustRun("apply", "-auto-approve")
	changes(3, 3)
}
