package provider_test

import (
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// swapCase is one of several accounts in a single apply, each with its own trouble.
type swapCase struct {
	fault   simulator.Fault
	newSIM  string // "" for a free ICC
	account string
	held    string
	address string
}

// addCases gives each case an account with a SIM, a free SIM, and its fault. It returns the configuration.
func addCases(env *acctest.Env, cases []swapCase) string {
	configs := ""
	for i := range cases {
		c := &cases[i]
		c.account, c.held = fmt.Sprintf("5f0c1a2b3c4d5e6f708193%02d", i), fmt.Sprintf("89450100000000005%02d", i)
		c.address = fmt.Sprintf("telco_mvno_sim_swap.case%d", i)
		env.AddMVNOAccount(simulator.MVNOAccount{ID: c.account, SIMNumber: c.held})
		env.AddMVNOSIM(simulator.MVNOSIM{ICC: fmt.Sprintf("89450100000000006%02d", i)})
		env.AddMVNOSIM(simulator.MVNOSIM{ICC: fmt.Sprintf("89450100000000007%02d", i), FormFactor: "eSIM"})
		env.AddMVNOSIM(simulator.MVNOSIM{ICC: fmt.Sprintf("89450100000000008%02d", i), AutoAssign: true})
		c.newSIM = cmp.Or(c.newSIM, fmt.Sprintf("89450100000000006%02d", i))
		c.fault.Match, c.fault.Times = simulator.Match{Route: "account.swap", Key: c.account}, 1
		env.Inject(c.fault)
		configs += strings.Replace(simSwapConfig(c.account, c.newSIM, replacing(c.held)), `"test"`,
			fmt.Sprintf(`"case%d"`, i), 1)
	}
	return inAPI(env.Config(configs), "mvno", `request_timeout = "2s"`)
}

// The swap is a GET that changes something each time that it arrives. Whatever becomes of its answer, it is sent once,
// and reading decides; the reads before it leave an open connection on which an HTTP library would send it again.
func TestAccMVNOSIMSwap_answerLost(t *testing.T) {
	const notSuccess = `{"success":false}`
	redirect := http.Header{"Location": {"changesim"}}
	faults := []swapCase{
		{newSIM: "eSim", fault: simulator.Fault{Effect: simulator.Reset}},
		{fault: simulator.Fault{Effect: simulator.Reset}},
		{newSIM: "autoAssign", fault: simulator.Fault{Effect: simulator.Hang}},
		{newSIM: "eSim", fault: simulator.Fault{Effect: simulator.Answer, Status: 500}},
		{fault: simulator.Fault{Effect: simulator.Answer, Status: 500,
			Body: `{"error":{"code":"internal_error","status":500}}`}},
		{newSIM: "eSim", fault: simulator.Fault{Effect: simulator.Answer, Status: 302, Header: redirect}},
		{fault: simulator.Fault{Effect: simulator.Answer, Status: 200, Body: notSuccess}},
		{newSIM: "eSim", fault: simulator.Fault{Effect: simulator.Answer, Status: 200, Body: "<html>Welcome</html>"}},
	}
	sentOnce := func(env *acctest.Env, cases []swapCase, times int) resource.TestCheckFunc {
		var checks []resource.TestCheckFunc
		for _, c := range cases {
			checks = append(checks, checkRequests(env, simulator.Match{Route: "account.swap", Key: c.account}, times))
		}
		return acctest.CheckAll(checks...)
	}
	ledger := func(cases []swapCase) (want []string) {
		for _, c := range cases {
			want = append(want, "swap "+c.account)
		}
		return want
	}

	t.Run("executed", func(t *testing.T) {
		env := newSwapEnv(t)
		cases := append(slices.Clone(faults), swapCase{newSIM: "eSim", fault: simulator.Fault{Effect: simulator.Cut}})
		for i := range cases {
			cases[i].fault.Executed = true
		}
		config := addCases(env, cases)
		env.SetMVNOQuirks(func(q *simulator.MVNOQuirks) { q.StaleReads = 2 })
		checks := []resource.TestCheckFunc{
			checkExecuted(env, ledger(cases)...), sentOnce(env, cases, 1),
			env.CheckWarned("SIM swap took place without an answer", "sent once", "PIN, PUK"),
		}
		for _, c := range cases {
			checks = append(checks,
				resource.TestCheckResourceAttr(c.address, "operation_status", "complete"),
				resource.TestCheckResourceAttr(c.address, "previous_sim_number", c.held),
				resource.TestCheckResourceAttrSet(c.address, "form_factor"))
		}
		env.Test(resource.TestStep{Config: config, Check: acctest.CheckAll(checks...)})
	})

	t.Run("not executed", func(t *testing.T) {
		env := newSwapEnv(t)
		cases := slices.Clone(faults)
		config := addCases(env, cases)
		env.Test(
			resource.TestStep{
				Config: config,
				ExpectError: regexp.MustCompile(fmt.Sprintf(
					`(?s)(SIM swap had no effect.*it\s+holds\s+SIM.*safe\s+to\s+apply\s+again.*){%d}`, len(cases))),
			},
			resource.TestStep{ // nothing is in state, and nothing else was sent
				PreConfig: func() {
					if err := acctest.CheckAll(env.CheckLedger(), sentOnce(env, cases, 1))(nil); err != nil {
						t.Error(err)
					}
				},
				Config:           config,
				ConfigPlanChecks: planned(cases[0].address, plancheck.ResourceActionCreate),
				Check:            acctest.CheckAll(checkExecuted(env, ledger(cases)...), sentOnce(env, cases, 2)),
			},
		)
	})
}

// readRefused is trouble for the read after the swap. Three come before it: that of the plan, that of the apply, which
// plans once more, and that right before the swap.
func readRefused(account string) simulator.Fault {
	return simulator.Fault{
		Match: simulator.Match{Route: "account.read", Key: account}, Skip: 3, Times: 1, Effect: simulator.Answer,
		Status: http.StatusForbidden,
		Body:   `{"error":{"code":"access_denied","message":"Access denied","status":403}}`,
	}
}

// Where reading tells nothing either, the swap stays in state as unknown until a refresh settles it.
func TestAccMVNOSIMSwap_unknown(t *testing.T) {
	env := newSwapEnv(t)
	cases := []swapCase{
		{newSIM: "eSim", fault: simulator.Fault{Effect: simulator.Reset, Executed: true}},
		{newSIM: "", fault: simulator.Fault{Effect: simulator.Reset, Executed: true}},
		{newSIM: "eSim", fault: simulator.Fault{Effect: simulator.Reset}},
		{newSIM: "", fault: simulator.Fault{Effect: simulator.Reset}},
	}
	config := addCases(env, cases)
	var unknown, settled []resource.TestCheckFunc
	var actions []plancheck.PlanCheck
	var executed, all []string
	for _, c := range cases {
		env.Inject(readRefused(c.account))
		all = append(all, "swap "+c.account)
		action, requests := plancheck.ResourceActionUpdate, 2
		if c.fault.Executed {
			executed = append(executed, "swap "+c.account)
			action, requests = plancheck.ResourceActionNoop, 1
		}
		actions = append(actions, plancheck.ExpectResourceAction(c.address, action))
		unknown = append(unknown,
			resource.TestCheckResourceAttr(c.address, "operation_status", "unknown"),
			resource.TestCheckResourceAttr(c.address, "new_sim", c.newSIM),
			resource.TestCheckResourceAttr(c.address, "sim_number", c.held)) // the last that was read
		settled = append(settled,
			resource.TestCheckResourceAttr(c.address, "operation_status", "complete"),
			resource.TestCheckResourceAttr(c.address, "new_sim", c.newSIM),
			resource.TestCheckResourceAttr(c.address, "previous_sim_number", c.held),
			resource.TestCheckResourceAttrSet(c.address, "form_factor"),
			checkRequests(env, simulator.Match{Route: "account.swap", Key: c.account}, requests))
	}
	env.Test(
		resource.TestStep{
			Config: config,
			Check: acctest.CheckAll(append(unknown, checkExecuted(env, executed...),
				checkRequests(env, swapRequests, len(cases)),
				env.CheckWarned("Outcome of the SIM swap is unknown", "Nothing is sent again without a new plan"))...),
			ExpectNonEmptyPlan: true, // two did not take place
		},
		resource.TestStep{
			PreConfig:        func() { env.Warnings("") },
			Config:           config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: actions},
			Check: acctest.CheckAll(append(settled, checkExecuted(env, all...),
				checkBothWarned(env, []string{"SIM swap had no effect", cases[2].held},
					[]string{"SIM swap had no effect", cases[3].held},
					[]string{swapSummary, cases[2].held + " -> eSim"},
					[]string{swapSummary, cases[3].held + " -> " + cases[3].newSIM}))...),
		},
	)
}

// A plan without refresh finds the swap still unknown; its apply looks before anything else, and sends nothing.
func TestAccMVNOSIMSwap_unknownNotRefreshed(t *testing.T) {
	for name, executed := range map[string]bool{"executed": true, "not executed": false} {
		t.Run(name, func(t *testing.T) {
			env := newSwapEnv(t)
			env.Inject(simulator.Fault{Match: swapRequests, Effect: simulator.Reset, Executed: executed, Times: 1})
			env.Inject(readRefused(swapAccount))
			config := env.Config(simSwapConfig(swapAccount, "eSim"))
			settles := resource.TestStep{
				PreConfig:        func() { env.Warnings("") },
				Config:           config,
				ConfigPlanChecks: plannedAgain(simSwap),
			}
			if executed {
				settles.Check = acctest.CheckAll(
					resource.TestCheckResourceAttr(simSwap, "operation_status", "complete"),
					resource.TestCheckResourceAttr(simSwap, "sim_number", swapESIM),
					resource.TestCheckResourceAttr(simSwap, "previous_sim_number", swapOld),
					env.CheckLedger(swapDone), env.CheckSilent(),
				)
			} else {
				settles.ExpectError = regexp.MustCompile(`SIM swap had no effect`)
			}
			// without a refresh it stays unknown
			steps := []resource.TestStep{{Config: config, ExpectNonEmptyPlan: true}, settles}
			if !executed {
				steps = append(steps, resource.TestStep{
					Config: config, ConfigPlanChecks: planned(simSwap, plancheck.ResourceActionUpdate),
					Check: acctest.CheckAll(env.CheckLedger(swapDone), checkRequests(env, swapRequests, 2),
						env.CheckWarned(swapSummary, "-> eSim")),
				})
			}
			testNotRefreshed(t, env, steps...)
		})
	}
}

// testNotRefreshed is env.Test with -refresh=false on every plan.
func testNotRefreshed(t *testing.T, env *acctest.Env, steps ...resource.TestStep) {
	t.Helper()
	resource.ParallelTest(t, resource.TestCase{
		ProtoV6ProviderFactories: env.Factories(), Steps: steps,
		AdditionalCLIOptions: &resource.AdditionalCLIOptions{Plan: resource.PlanOptions{NoRefresh: true}},
	})
}

// A swap that was answered and does not show yet is pending. A refresh must not take it for a swap back.
func TestAccMVNOSIMSwap_pending(t *testing.T) {
	for _, newSIM := range []string{swapNew, "eSim"} {
		t.Run(newSIM, func(t *testing.T) {
			env := newSwapEnv(t)
			env.SetMVNOQuirks(func(q *simulator.MVNOQuirks) { q.StaleReads = 1 << 30 })
			config := env.Config(simSwapConfig(swapAccount, newSIM, replacing(swapOld)))
			env.Test(
				resource.TestStep{
					Config: config,
					Check: acctest.CheckAll(
						resource.TestCheckResourceAttr(simSwap, "operation_status", "pending"),
						resource.TestCheckResourceAttr(simSwap, "previous_sim_number", swapOld),
						env.CheckWarned("does not show the new SIM yet", swapAccount),
					),
					ExpectNonEmptyPlan: true, // it is pending
				},
				resource.TestStep{ // waiting goes on, and may fail without harm
					PreConfig:        func() { env.Warnings("") },
					Config:           config,
					ConfigPlanChecks: plannedAgain(simSwap),
					ExpectError:      regexp.MustCompile(`does\s+not\s+show\s+the\s+new\s+SIM\s+yet`),
				},
				resource.TestStep{
					PreConfig: func() {
						if live := env.Warnings(swapSummary); len(live) > 0 {
							t.Errorf("a plan that sends nothing warns: %s", live)
						}
						account, _ := env.MVNOAccount(swapAccount)
						env.AddMVNOAccount(account) // shows its SIM from now on
					},
					Config:           config,
					ConfigPlanChecks: emptyPlan(),
					Check: acctest.CheckAll(
						resource.TestCheckResourceAttr(simSwap, "operation_status", "complete"),
						resource.TestCheckResourceAttr(simSwap, "new_sim", newSIM),
						env.CheckLedger(swapDone), checkRequests(env, swapRequests, 1), env.CheckSilent(),
					),
				},
			)
		})
	}
}

// While the account shows its old SIM for a few reads, the apply waits, so that the next plan is empty.
func TestAccMVNOSIMSwap_staleReads(t *testing.T) {
	env := newSwapEnv(t)
	env.SetMVNOQuirks(func(q *simulator.MVNOQuirks) { q.StaleReads, q.TrailingF, q.ShowFormFactor = 4, true, true })
	env.Test(resource.TestStep{
		Config: env.Config(simSwapConfig(swapAccount, swapNew)),
		Check: acctest.CheckAll(
			resource.TestCheckResourceAttr(simSwap, "operation_status", "complete"),
			resource.TestCheckResourceAttr(simSwap, "new_sim", swapNew),
			env.CheckLedger(swapDone),
		),
	})
}
