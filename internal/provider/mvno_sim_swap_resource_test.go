package provider_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

const (
	simSwap         = "telco_mvno_sim_swap.test"
	swapAccount     = "5f0c1a2b3c4d5e6f70819203"
	swapOtherNumber = "5f0c1a2b3c4d5e6f70819204" // another account
	swapOld         = "8945010000000000017"      // what the account holds at first
	swapOther       = "8945010000000000025"      // what the other account holds
	swapNew         = "8945010000000000108"      // free
	swapNext        = "8945010000000000116"      // free
	swapESIM        = "8945010000000000207"      // the first one that eSim takes
	swapNextESIM    = "8945010000000000215"
	swapAuto        = "8945010000000000306" // the first one that autoAssign takes
	swapUnknown     = "8945010000000000991"
	swapSummary     = "Live, irreversible change: MVNO SIM swap"
	swapDone        = "swap " + swapAccount // as the ledger shows it
)

// newSwapEnv is a network of two accounts and five free SIMs. A logout would end every token of the user for good.
func newSwapEnv(t *testing.T, opts ...simulator.Option) *acctest.Env {
	t.Helper()
	env := acctest.New(t, opts...)
	env.AddMVNOAccount(simulator.MVNOAccount{ID: swapAccount, Number: "+4512345678", SIMNumber: swapOld})
	env.AddMVNOAccount(simulator.MVNOAccount{ID: swapOtherNumber, SIMNumber: swapOther})
	env.AddMVNOSIM(simulator.MVNOSIM{ICC: swapNew, IMSI: "238010000000108"})
	env.AddMVNOSIM(simulator.MVNOSIM{ICC: swapNext})
	env.AddMVNOSIM(simulator.MVNOSIM{ICC: swapESIM, FormFactor: "eSIM"})
	env.AddMVNOSIM(simulator.MVNOSIM{ICC: swapNextESIM, FormFactor: "eSIM"})
	env.AddMVNOSIM(simulator.MVNOSIM{ICC: swapAuto, AutoAssign: true})
	t.Cleanup(func() {
		if n := len(env.Requests(simulator.Match{Route: "auth.logout"})); n > 0 {
			t.Errorf("%d logouts", n)
		}
	})
	return env
}

// simSwapConfig asks for a SIM; lines are further arguments.
func simSwapConfig(accountID, newSIM string, lines ...string) string {
	return fmt.Sprintf(`
resource "telco_mvno_sim_swap" "test" {
  account_id = %q
  new_sim    = %q
  %s
}`, accountID, newSIM, strings.Join(lines, "\n  "))
}

func replacing(icc string) string { return fmt.Sprintf("replaces = %q", icc) }

func trigger(value string) string { return fmt.Sprintf("triggers = { card = %q }", value) }

// swapRequests counts what was sent, executed or not.
var swapRequests = simulator.Match{API: simulator.MVNO, Route: "account.swap"}

func accountHolds(env *acctest.Env, icc string) func() {
	return func() {
		env.ChangeMVNOAccount(swapAccount, func(account *simulator.MVNOAccount) { account.SIMNumber = icc })
	}
}

func emptyPlan() resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}
}

func TestAccMVNOSIMSwap_icc(t *testing.T) {
	env := newSwapEnv(t)
	env.Test(
		resource.TestStep{
			Config:           env.Config(simSwapConfig(swapAccount, swapNew)),
			ConfigPlanChecks: planned(simSwap, plancheck.ResourceActionCreate),
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(simSwap, "id", swapAccount),
				resource.TestCheckResourceAttr(simSwap, "sim_number", swapNew),
				resource.TestCheckResourceAttr(simSwap, "previous_sim_number", swapOld),
				resource.TestCheckResourceAttr(simSwap, "imsi", "238010000000108"),
				resource.TestCheckResourceAttr(simSwap, "network", "TDC"),
				resource.TestCheckResourceAttr(simSwap, "form_factor", "NANO"),
				resource.TestCheckResourceAttr(simSwap, "account_state", "ACTIVE"),
				resource.TestCheckResourceAttr(simSwap, "operation_status", "complete"),
				resource.TestCheckResourceAttr(simSwap, "store_codes", "false"),
				resource.TestCheckNoResourceAttr(simSwap, "pin1"), resource.TestCheckNoResourceAttr(simSwap, "puk2"),
				env.CheckLedger(swapDone), checkRequests(env, swapRequests, 1),
				env.CheckWarned(swapSummary, swapAccount, swapOld+" -> "+swapNew, "offline", "charged", "can't be undone "+
					"automatically"),
			),
		},
		resource.TestStep{
			PreConfig:        func() { env.Warnings("") },
			Config:           env.Config(simSwapConfig(swapAccount, swapNew)),
			ConfigPlanChecks: emptyPlan(), Check: env.CheckSilent(),
		},
		resource.TestStep{
			Config:           env.Config(simSwapConfig(swapAccount, swapNext)),
			ConfigPlanChecks: planned(simSwap, plancheck.ResourceActionUpdate),
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(simSwap, "sim_number", swapNext),
				resource.TestCheckResourceAttr(simSwap, "previous_sim_number", swapNew),
				env.CheckLedger(swapDone, swapDone), env.CheckWarned(swapSummary, swapNew+" -> "+swapNext),
			),
		},
		resource.TestStep{ // a swap made elsewhere is drift, and a spent card does not come back
			PreConfig:        accountHolds(env, swapAuto),
			Config:           env.Config(simSwapConfig(swapAccount, swapNext)),
			ConfigPlanChecks: planned(simSwap, plancheck.ResourceActionUpdate),
			ExpectError: regexp.MustCompile(`(?s)Unable\s+to\s+swap\s+the\s+SIM.*from\s+SIM\s+` + swapAuto +
				`.*Nothing\s+has\s+changed.*not\s+available`),
		},
		resource.TestStep{
			RefreshState: true, ExpectNonEmptyPlan: true, // the account still holds the other SIM
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(simSwap, "new_sim", swapAuto),
				resource.TestCheckResourceAttr(simSwap, "sim_number", swapAuto),
			),
		},
		resource.TestStep{ // as support would make it available again
			PreConfig:        func() { env.AddMVNOSIM(simulator.MVNOSIM{ICC: swapNext}); env.Warnings("") },
			Config:           env.Config(simSwapConfig(swapAccount, swapNext)),
			ConfigPlanChecks: planned(simSwap, plancheck.ResourceActionUpdate),
			Check: acctest.CheckAll(
				env.CheckLedger(swapDone, swapDone, swapDone), env.CheckWarned(swapSummary, swapAuto+" -> "+swapNext),
			),
		},
		resource.TestStep{
			PreConfig:        func() { env.Warnings("") },
			Config:           env.Config(simSwapConfig(swapOtherNumber, swapNew)),
			ConfigPlanChecks: planned(simSwap, plancheck.ResourceActionReplace),
			ExpectError:      regexp.MustCompile(`not\s+available`), // spent in the first account
		},
		resource.TestStep{
			PreConfig: func() { env.AddMVNOSIM(simulator.MVNOSIM{ICC: swapNew}); env.Warnings("") },
			Config:    env.Config(simSwapConfig(swapOtherNumber, swapNew)),
			// the destroy leg has forgotten the first account
			ConfigPlanChecks: planned(simSwap, plancheck.ResourceActionCreate),
			Check:            env.CheckLedger(swapDone, swapDone, swapDone, "swap "+swapOtherNumber),
		},
		resource.TestStep{
			PreConfig:        func() { env.Warnings("") },
			Config:           env.Config(simSwapConfig(swapAccount, swapESIM)),
			ConfigPlanChecks: planned(simSwap, plancheck.ResourceActionReplace),
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(simSwap, "previous_sim_number", swapNext),
				env.CheckLedger(swapDone, swapDone, swapDone, "swap "+swapOtherNumber, swapDone),
				checkBothWarned(env, []string{swapSummary, swapAccount, swapNext + " -> " + swapESIM},
					[]string{"Nothing is changed on the network", swapOtherNumber, swapNew}),
			),
		},
		resource.TestStep{
			Config: env.Config(""),
			Check: acctest.CheckAll(
				env.CheckLedger(swapDone, swapDone, swapDone, "swap "+swapOtherNumber, swapDone),
				env.CheckWarned("Nothing is changed on the network", swapAccount, "keeps SIM "+swapESIM),
			),
		},
	)
}

// What the account holds already is taken over, however the service writes it and whatever the token may read.
func TestAccMVNOSIMSwap_adopt(t *testing.T) {
	env := newSwapEnv(t)
	env.SetMVNOQuirks(func(q *simulator.MVNOQuirks) { q.TrailingF = true })
	env.Test(
		resource.TestStep{
			Config: env.Config(simSwapConfig(swapAccount, swapOld)),
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(simSwap, "new_sim", swapOld),
				resource.TestCheckNoResourceAttr(simSwap, "previous_sim_number"),
				resource.TestCheckResourceAttr(simSwap, "form_factor", "NANO"),
				env.CheckLedger(), env.CheckSilent(),
			),
		},
		resource.TestStep{
			PreConfig:        func() { env.SetMVNOQuirks(func(q *simulator.MVNOQuirks) { q.SIMReadDenied = true }) },
			Config:           env.Config(simSwapConfig(swapAccount, swapNew)),
			ConfigPlanChecks: planned(simSwap, plancheck.ResourceActionUpdate),
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(simSwap, "form_factor", "NANO"),
				env.CheckLedger(swapDone), env.CheckWarned(swapSummary, "-> "+swapNew),
			),
		},
		resource.TestStep{ // a drift to a SIM that can't be looked up
			PreConfig:    accountHolds(env, swapAuto),
			RefreshState: true, ExpectNonEmptyPlan: true, // it is drift
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(simSwap, "new_sim", swapAuto),
				resource.TestCheckNoResourceAttr(simSwap, "form_factor"),
			),
		},
	)
}

func TestAccMVNOSIMSwap_word(t *testing.T) {
	env := newSwapEnv(t)
	env.AddMVNOSIM(simulator.MVNOSIM{ICC: swapNextESIM, FormFactor: "eSIM", PIN1: "1357", PIN2: "2468", PUK1: "13572468",
		PUK2: "24681357"})
	env.Test(
		resource.TestStep{
			Config: env.Config(simSwapConfig(swapAccount, "eSim")),
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(simSwap, "new_sim", "eSim"),
				resource.TestCheckResourceAttr(simSwap, "sim_number", swapESIM),
				resource.TestCheckResourceAttr(simSwap, "form_factor", "eSIM"),
				env.CheckLedger(swapDone),
				checkBothWarned(env, []string{swapSummary, swapOld + " -> eSim"},
					[]string{"Swap by word without replaces", fmt.Sprintf("replaces = %q", swapOld)}),
			),
		},
		resource.TestStep{ // what only bounds a later swap sends nothing
			PreConfig:        func() { env.Warnings("") },
			Config:           env.Config(simSwapConfig(swapAccount, "eSim", replacing(swapESIM), "store_codes = true")),
			ConfigPlanChecks: planned(simSwap, plancheck.ResourceActionUpdate),
			Check: acctest.CheckAll(resource.TestCheckNoResourceAttr(simSwap, "pin1"), env.CheckLedger(swapDone),
				env.CheckSilent()),
		},
		resource.TestStep{
			Config: env.Config(simSwapConfig(swapAccount, "eSim", replacing(swapESIM), "store_codes = true",
				trigger("second"))),
			ConfigPlanChecks: planned(simSwap, plancheck.ResourceActionUpdate),
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(simSwap, "sim_number", swapNextESIM),
				resource.TestCheckResourceAttr(simSwap, "previous_sim_number", swapESIM),
				resource.TestCheckResourceAttr(simSwap, "pin1", "1357"), resource.TestCheckResourceAttr(simSwap, "pin2", "2468"),
				resource.TestCheckResourceAttr(simSwap, "puk1", "13572468"),
				resource.TestCheckResourceAttr(simSwap, "puk2", "24681357"),
				env.CheckLedger(swapDone, swapDone), env.CheckWarned(swapSummary, swapESIM+" -> eSim"),
			),
		},
		resource.TestStep{ // replaces still names the SIM before: nothing is sent, and the codes stay with their SIM
			PreConfig: func() { env.Warnings("") },
			Config: env.Config(simSwapConfig(swapAccount, "eSim", replacing(swapESIM), "store_codes = true",
				trigger("third"))),
			ConfigPlanChecks: planned(simSwap, plancheck.ResourceActionUpdate),
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(simSwap, "previous_sim_number", swapESIM),
				resource.TestCheckResourceAttr(simSwap, "pin1", "1357"),
				resource.TestCheckResourceAttr(simSwap, "puk2", "24681357"),
				env.CheckLedger(swapDone, swapDone), env.CheckWarned("No SIM swap", swapNextESIM, "taken over"),
			),
		},
		resource.TestStep{ // a swap made elsewhere is shown and accepted; its codes are not known
			PreConfig: func() { accountHolds(env, swapNext)(); env.Warnings("") },
			Config: env.Config(simSwapConfig(swapAccount, "eSim", replacing(swapESIM), "store_codes = true",
				trigger("third"))),
			ConfigPlanChecks: emptyPlan(),
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(simSwap, "sim_number", swapNext),
				resource.TestCheckResourceAttr(simSwap, "new_sim", "eSim"),
				resource.TestCheckNoResourceAttr(simSwap, "pin1"), env.CheckLedger(swapDone, swapDone), env.CheckSilent(),
			),
		},
		resource.TestStep{
			Config:           env.Config(simSwapConfig(swapAccount, "autoAssign", replacing(swapNext), trigger("third"))),
			ConfigPlanChecks: planned(simSwap, plancheck.ResourceActionUpdate),
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(simSwap, "sim_number", swapAuto), resource.TestCheckNoResourceAttr(simSwap, "pin1"),
				env.CheckLedger(swapDone, swapDone, swapDone), checkRequests(env, swapRequests, 3),
			),
		},
		resource.TestStep{ // from the word to the ICC that it chose
			PreConfig:        func() { env.Warnings("") },
			Config:           env.Config(simSwapConfig(swapAccount, swapAuto)),
			ConfigPlanChecks: planned(simSwap, plancheck.ResourceActionUpdate),
			Check:            acctest.CheckAll(env.CheckLedger(swapDone, swapDone, swapDone), env.CheckSilent()),
		},
	)
}

func TestAccMVNOSIMSwap_replaces(t *testing.T) {
	env := newSwapEnv(t)
	another := regexp.MustCompile(`(?s)Account holds another SIM.*holds\s+SIM\s+` + swapOld + `.*Nothing\s+was\s+sent`)
	env.Test(
		resource.TestStep{Config: env.Config(simSwapConfig(swapAccount, swapNew, replacing(swapNext))), PlanOnly: true,
			ExpectError: another},
		resource.TestStep{Config: env.Config(simSwapConfig(swapAccount, swapNew, replacing(swapNext)), "preflight = false"),
			ExpectError: another},
		resource.TestStep{
			PreConfig: func() { env.Warnings("") },
			Config:    env.Config(simSwapConfig(swapAccount, "eSim", replacing(swapNext))),
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(simSwap, "sim_number", swapOld),
				resource.TestCheckResourceAttr(simSwap, "previous_sim_number", swapNext),
				env.CheckLedger(), checkRequests(env, swapRequests, 0),
				env.CheckWarned("No SIM swap", swapOld, "taken over", "Nothing is sent"),
			),
		},
		resource.TestStep{
			Config: env.Config(simSwapConfig(swapAccount, swapNew, replacing(swapOld))),
			Check:  acctest.CheckAll(resource.TestCheckResourceAttr(simSwap, "sim_number", swapNew), env.CheckLedger(swapDone)),
		},
		resource.TestStep{ // asked for once more, and held already
			Config:           env.Config(simSwapConfig(swapAccount, swapNew, replacing(swapOld), trigger("again"))),
			ConfigPlanChecks: planned(simSwap, plancheck.ResourceActionUpdate),
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(simSwap, "previous_sim_number", swapOld), env.CheckLedger(swapDone),
			),
		},
	)
}

func TestAccMVNOSIMSwap_accountComesAndGoes(t *testing.T) {
	env := newSwapEnv(t)
	config := env.Config(simSwapConfig(swapAccount, swapOld))
	quirk := func(change func(*simulator.MVNOQuirks)) func() {
		return func() { env.SetMVNOQuirks(change); env.Warnings("") }
	}
	env.Test(
		resource.TestStep{Config: config},
		resource.TestStep{
			PreConfig:   quirk(func(q *simulator.MVNOQuirks) { q.OmitSIMNumber = true }),
			Config:      config,
			ExpectError: regexp.MustCompile(`(?s)shows no SIM.*simNumber`),
		},
		resource.TestStep{
			PreConfig: func() {
				env.SetMVNOQuirks(func(q *simulator.MVNOQuirks) { q.OmitSIMNumber = false })
				env.Inject(simulator.Fault{Match: simulator.Match{Route: "account.read"}, Effect: simulator.Answer,
					Status: http.StatusNotFound,
					Body:   "<html>Not Found</html>"})
			},
			Config:      config,
			ExpectError: regexp.MustCompile(`(?s)Unable\s+to\s+read\s+MVNO\s+account.*does\s+not\s+look\s+like\s+the\s+MVNO\s+API`),
		},
		resource.TestStep{
			PreConfig: func() {
				env.ClearFaults()
				env.ChangeMVNOAccount(swapAccount, func(account *simulator.MVNOAccount) { account.State = "DELETING" })
				env.Warnings("")
			},
			Config:           config,
			ConfigPlanChecks: emptyPlan(),
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(simSwap, "account_state", "DELETING"),
				env.CheckWarned("is being deleted", swapAccount, "DELETING"),
			),
		},
		resource.TestStep{
			PreConfig:        quirk(func(q *simulator.MVNOQuirks) { q.DeletedState = "DELETED" }),
			Config:           config,
			ConfigPlanChecks: emptyPlan(),
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(simSwap, "account_state", "DELETED"),
				env.CheckWarned("is being deleted", swapAccount, "DELETED"),
			),
		},
		resource.TestStep{
			Config:      env.Config(simSwapConfig(swapAccount, swapNew)),
			ExpectError: regexp.MustCompile(`(?s)can't\s+swap\s+its\s+SIM.*state\s+DELETED.*Nothing\s+was\s+sent`),
		},
		resource.TestStep{
			PreConfig:   func() { env.RemoveMVNOAccount(swapAccount) },
			Config:      config,
			ExpectError: regexp.MustCompile(`Unknown MVNO account`), // gone from state, and not to be created
		},
		resource.TestStep{Config: env.Config(""), Check: env.CheckLedger()},
	)
}

func TestAccMVNOSIMSwap_refusals(t *testing.T) {
	env := newSwapEnv(t)
	account := func(change func(*simulator.MVNOAccount)) func() {
		return func() { env.ChangeMVNOAccount(swapAccount, change) }
	}
	refused := func(reason string) *regexp.Regexp {
		return regexp.MustCompile(`(?s)Unable\s+to\s+swap\s+the\s+SIM.*Nothing\s+has\s+changed.*` + reason)
	}
	config := env.Config(simSwapConfig(swapAccount, swapNew))
	env.Test(
		resource.TestStep{
			Config: env.Config(simSwapConfig("5f0c1a2b3c4d5e6f708192ff", swapNew)), PlanOnly: true,
			ExpectError: regexp.MustCompile(`(?s)Unknown MVNO account.*Nothing\s+was\s+sent`),
		},
		resource.TestStep{ // a SIM that is not to be seen may be in use, so only the swap itself can tell
			Config: env.Config(simSwapConfig(swapAccount, swapUnknown)), PlanOnly: true, ExpectNonEmptyPlan: true,
			ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{
				cardPlanCheck(func() error { return env.CheckWarned("SIM may not be free", swapUnknown)(nil) })}},
		},
		resource.TestStep{
			PreConfig: account(func(a *simulator.MVNOAccount) { a.State = "DELETING" }),
			Config:    config, PlanOnly: true, ExpectError: regexp.MustCompile(`(?s)can't\s+swap\s+its\s+SIM.*DELETING`),
		},
		resource.TestStep{
			Config:      env.Config(simSwapConfig(swapAccount, swapNew), "preflight = false"),
			ExpectError: regexp.MustCompile(`(?s)can't\s+swap\s+its\s+SIM.*DELETING`),
		},
		resource.TestStep{
			PreConfig:   account(func(a *simulator.MVNOAccount) { a.State = "ACTIVE" }),
			Config:      env.Config(simSwapConfig(swapAccount, swapUnknown)),
			ExpectError: refused(`code\s+sim.*telco_mvno_sims`),
		},
		resource.TestStep{Config: env.Config(simSwapConfig(swapAccount, "esim")),
			ExpectError: regexp.MustCompile(`eSim\s+or\s+autoAssign`)},
		resource.TestStep{Config: env.Config(simSwapConfig("+4512345678", swapNew)),
			ExpectError: regexp.MustCompile(`24\s+hex\s+characters`)},
		resource.TestStep{ // what follows only the service can tell
			PreConfig: func() {
				if n := len(env.Requests(swapRequests)); n != 1 {
					t.Errorf("%d swaps were sent; but for the unknown SIM all were to be refused before", n)
				}
				account(func(a *simulator.MVNOAccount) { a.Porting = true })()
			},
			Config: config, ExpectError: refused(`Account\s+is\s+in\s+porting.*being\s+ported`),
		},
		resource.TestStep{
			PreConfig: account(func(a *simulator.MVNOAccount) { a.Porting, a.State = false, "FROZEN" }),
			Config:    config, ExpectError: refused(`code\s+state.*state\s+forbids`),
		},
		resource.TestStep{
			PreConfig: func() {
				account(func(a *simulator.MVNOAccount) { a.State = "BLOCKED" })()
				env.SetMVNOQuirks(func(q *simulator.MVNOQuirks) { q.AccessLevel, q.ErrorForm = "MANAGER", "array" })
			},
			Config: config, ExpectError: refused(`access_denied.*OWNER,\s+RESELLER\s+or\s+ADMIN`),
		},
		resource.TestStep{
			PreConfig: func() { env.SetMVNOQuirks(func(q *simulator.MVNOQuirks) { q.AccessLevel, q.ErrorForm = "", "errors" }) },
			Config:    env.Config(simSwapConfig(swapAccount, swapOther)), ExpectError: refused(`code\s+sim.*not\s+available`),
		},
		resource.TestStep{
			PreConfig: func() {
				env.Inject(simulator.Fault{Match: swapRequests, Effect: simulator.Answer, Status: http.StatusTooManyRequests,
					Times: 1})
			},
			Config: config, ExpectError: refused(`HTTP\s+status\s+429`),
		},
		resource.TestStep{ // a blocked account may swap
			Config: config,
			Check:  acctest.CheckAll(env.CheckLedger(swapDone), checkRequests(env, swapRequests, 7)),
		},
	)
}

func TestAccMVNOSIMSwap_import(t *testing.T) {
	for id, newSIM := range map[string]string{
		swapAccount: swapOld, swapAccount + "/eSim": "eSim", swapAccount + "/autoAssign": "autoAssign",
	} {
		t.Run(newSIM, func(t *testing.T) {
			env := newSwapEnv(t)
			env.SetMVNOQuirks(func(q *simulator.MVNOQuirks) { q.TrailingF = true })
			steps := []resource.TestStep{{
				Config: env.Config(simSwapConfig(swapAccount, newSIM) +
					fmt.Sprintf("\nimport {\n  to = %s\n  id = %q\n}\n", simSwap, id)),
				ConfigPlanChecks: planned(simSwap, plancheck.ResourceActionNoop),
				Check: acctest.CheckAll(
					resource.TestCheckResourceAttr(simSwap, "new_sim", newSIM),
					resource.TestCheckResourceAttr(simSwap, "form_factor", "NANO"),
					resource.TestCheckResourceAttr(simSwap, "store_codes", "false"),
					resource.TestCheckResourceAttr(simSwap, "operation_status", "complete"),
					env.CheckLedger(), env.CheckSilent(),
				),
			}}
			if newSIM == swapOld {
				steps = append(steps, resource.TestStep{
					ResourceName: simSwap, ImportState: true, ImportStateId: swapAccount + "/esim",
					ExpectError: regexp.MustCompile(`Invalid import id`),
				})
			}
			env.Test(steps...)
		})
	}
}

// Two resources of one account take turns: the second one sees what the first one has done.
func TestAccMVNOSIMSwap_oneAtATime(t *testing.T) {
	env := newSwapEnv(t, simulator.WithLatency(20*time.Millisecond))
	second := strings.Replace(simSwapConfig(strings.ToUpper(swapAccount), "eSim", replacing(swapOld)), `"test"`,
		`"second"`, 1)
	env.Test(resource.TestStep{
		Config: env.Config(simSwapConfig(swapAccount, "eSim", replacing(swapOld)) + second),
		Check: acctest.CheckAll(
			resource.TestCheckResourceAttr(simSwap, "sim_number", swapESIM),
			resource.TestCheckResourceAttr("telco_mvno_sim_swap.second", "sim_number", swapESIM),
			env.CheckLedger(swapDone), checkRequests(env, swapRequests, 1), env.CheckWarned("No SIM swap is needed", swapESIM),
		),
	})
}
