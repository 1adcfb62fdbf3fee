package provider_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

const (
	aaGroup        = "telco_sim_aa_group.test"
	aaSIM          = "8944000000000000017"
	aaOtherSIM     = "8944000000000000025"
	aaLiveSIM      = "8944000000000000033" // in a live group: no auto-activation group can be set any more
	aaUnknownSIM   = "8944000000000000991"
	aaLiveSummary  = "Live, irreversible change: auto-activation group"
	aaSetCommand   = "<set_aa_group "
	aaQueryCommand = "<query_status "
)

func newAAGroupEnv(t *testing.T) *acctest.Env {
	t.Helper()
	env := acctest.New(t)
	for code, kind := range map[string]string{"TEST": "pending", "LIVE10": "live", "LIVE20": "live"} {
		env.AddM2MGroup(simulator.M2MGroup{Code: code, Type: kind})
	}
	env.AddM2MSIM(simulator.M2MSIM{ICCID: aaSIM, Group: "TEST"})
	env.AddM2MSIM(simulator.M2MSIM{ICCID: aaOtherSIM, Group: "TEST"})
	env.AddM2MSIM(simulator.M2MSIM{ICCID: aaLiveSIM, Group: "LIVE10"})
	return env
}

func aaGroupConfig(iccid, group string) string {
	return fmt.Sprintf(`
resource "telco_sim_aa_group" "test" {
  iccid      = %q
  group_code = %q
}`, iccid, group)
}

// inAPI adds a line to the object of one API in the provider block.
func inAPI(config, api, line string) string {
	return strings.Replace(config, api+" = {", api+" = {\n    "+line, 1)
}

func planned(address string, action plancheck.ResourceActionType) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectResourceAction(address, action)}}
}

// plannedAgain is the plan that shows an operation of unknown or pending end.
func plannedAgain(address string) resource.ConfigPlanChecks {
	return resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
		plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
		plancheck.ExpectUnknownValue(address, tfjsonpath.New("operation_status")),
	}}
}

// checkRequests is a step's check of how many requests of this kind have come since the log was emptied.
func checkRequests(env *acctest.Env, m simulator.Match, want int) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if got := len(env.Requests(m)); got != want {
			return fmt.Errorf("%d requests of %+v, want %d", got, m, want)
		}
		return nil
	}
}

func TestAccSIMAAGroup_life(t *testing.T) {
	env := newAAGroupEnv(t)
	env.Test(
		resource.TestStep{
			Config:           env.Config(aaGroupConfig(aaSIM, "LIVE10")),
			ConfigPlanChecks: planned(aaGroup, plancheck.ResourceActionCreate),
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(aaGroup, "id", aaSIM),
				resource.TestCheckResourceAttr(aaGroup, "group_code", "LIVE10"),
				resource.TestCheckResourceAttr(aaGroup, "status", "active"),
				resource.TestCheckResourceAttr(aaGroup, "operation_status", "complete"),
				env.CheckLedger("aa_group "+aaSIM),
				env.CheckWarned(aaLiveSummary, aaSIM, "-> LIVE10", "charged", "can't be undone automatically"),
			),
		},
		resource.TestStep{ // an own timeout sends nothing, a status that has changed is shown
			PreConfig: func() {
				env.ChangeM2MSIM(aaSIM, func(sim *simulator.M2MSIM) { sim.Status = "deactivated" })
				env.SetM2MQuirks(func(q *simulator.M2MQuirks) { q.StatusWords = map[string]string{"deactivated": "De-Activated"} })
				env.Warnings("")
			},
			Config: env.Config(strings.Replace(aaGroupConfig(aaSIM, "LIVE10"), "\n}",
				"\n  timeouts = { update = \"5m\" }\n}", 1)),
			ConfigPlanChecks: planned(aaGroup, plancheck.ResourceActionUpdate),
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(aaGroup, "status", "deactivated"), env.CheckLedger("aa_group "+aaSIM),
				env.CheckSilent(),
			),
		},
		resource.TestStep{
			Config:           env.Config(aaGroupConfig(aaSIM, "LIVE20")),
			ConfigPlanChecks: planned(aaGroup, plancheck.ResourceActionUpdate),
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(aaGroup, "group_code", "LIVE20"),
				env.CheckLedger("aa_group "+aaSIM, "aa_group "+aaSIM),
				env.CheckWarned(aaLiveSummary, aaSIM, "LIVE10 -> LIVE20"),
			),
		},
		resource.TestStep{ResourceName: aaGroup, ImportState: true, ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"last_change"}, ImportStateId: aaSIM + "/LIVE20"},
		resource.TestStep{
			ResourceName: aaGroup, ImportState: true, ImportStateId: aaSIM,
			ExpectError: regexp.MustCompile(`ICCID/GROUP_CODE`),
		},
		resource.TestStep{
			PreConfig:        func() { env.Warnings("") },
			Config:           env.Config(aaGroupConfig(aaOtherSIM, "LIVE20")),
			ConfigPlanChecks: planned(aaGroup, plancheck.ResourceActionReplace),
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(aaGroup, "id", aaOtherSIM),
				env.CheckLedger("aa_group "+aaSIM, "aa_group "+aaSIM, "aa_group "+aaOtherSIM),
				checkBothWarned(env, []string{aaLiveSummary, aaOtherSIM},
					[]string{"Nothing is changed on the network", aaSIM, "stays armed"}),
			),
		},
		resource.TestStep{
			Config: env.Config(""),
			Check: acctest.CheckAll(
				env.CheckLedger("aa_group "+aaSIM, "aa_group "+aaSIM, "aa_group "+aaOtherSIM),
				env.CheckWarned("Nothing is changed on the network", aaOtherSIM, "LIVE20", "stays armed"),
			),
		},
	)
}

// checkBothWarned is a step's check that for each list one recorded warning holds all its texts.
func checkBothWarned(env *acctest.Env, lists ...[]string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		all := env.Warnings("")
	next:
		for _, texts := range lists {
			for _, warning := range all {
				held := true
				for _, text := range texts {
					held = held && strings.Contains(warning, text)
				}
				if held {
					continue next
				}
			}
			return fmt.Errorf("no warning holds %q; there were:\n%s", texts, strings.Join(all, "\n---\n"))
		}
		return nil
	}
}

func TestAccSIMAAGroup_import(t *testing.T) {
	env := newAAGroupEnv(t)
	env.Test(resource.TestStep{
		Config: env.Config(aaGroupConfig(aaSIM, "LIVE10") + fmt.Sprintf(`
import {
  to = %s
  id = "%s/LIVE10"
}`, aaGroup, aaSIM)),
		ConfigPlanChecks: planned(aaGroup, plancheck.ResourceActionNoop),
		Check: acctest.CheckAll(
			resource.TestCheckResourceAttr(aaGroup, "status", "active"),
			resource.TestCheckResourceAttr(aaGroup, "operation_status", "complete"),
			env.CheckLedger(), env.CheckSilent(),
		),
	})
}

func TestAccSIMAAGroup_disappears(t *testing.T) {
	env := newAAGroupEnv(t)
	env.Test(
		resource.TestStep{Config: env.Config(aaGroupConfig(aaSIM, "LIVE10"))},
		resource.TestStep{
			PreConfig:   func() { env.RemoveM2MSIM(aaSIM); env.Warnings("") },
			Config:      env.Config(aaGroupConfig(aaSIM, "LIVE10")),
			ExpectError: regexp.MustCompile(`(?s)Unknown SIM.*knows\s+no\s+SIM`),
		},
		resource.TestStep{
			Config: env.Config(""),
			Check: acctest.CheckAll(
				env.CheckWarned("SIM is gone", aaSIM, "leaves the state"),
				env.CheckLedger("aa_group "+aaSIM),
			),
		},
	)
}

// A closed SIM is no longer spoken to, and what is not the service's clear word changes nothing in state.
func TestAccSIMAAGroup_closedLater(t *testing.T) {
	env := newAAGroupEnv(t)
	query := simulator.Match{API: simulator.M2M, Key: aaQueryCommand}
	unreadable := func(body string) func() {
		return func() {
			env.ClearFaults()
			env.Inject(simulator.Fault{Match: query, Effect: simulator.Answer, Status: http.StatusOK, Body: body})
		}
	}
	config := env.Config(aaGroupConfig(aaSIM, "LIVE10"))
	refused := regexp.MustCompile(`Unable\s+to\s+read\s+SIM`)
	env.Test(
		resource.TestStep{Config: config},
		resource.TestStep{PreConfig: unreadable("<html><body>invalid iccid</body></html>"), Config: config,
			ExpectError: refused},
		resource.TestStep{PreConfig: unreadable(""), Config: config, ExpectError: refused},
		resource.TestStep{
			PreConfig: unreadable(`<query_status_response api_id="43"><api_outcome>invalid_iccid</api_outcome></query_status_response>`),
			Config:    config, ExpectError: refused,
		},
		resource.TestStep{
			PreConfig: func() {
				env.ClearFaults()
				env.ChangeM2MSIM(aaSIM, func(sim *simulator.M2MSIM) { sim.Status = "closed" })
				env.Warnings("")
			},
			RefreshState: true,
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(aaGroup, "status", "closed"), env.CheckWarned("SIM is closed", aaSIM, "permanent"),
			),
		},
		resource.TestStep{
			PreConfig:        func() { env.ForgetRequests(); env.Warnings("") },
			Config:           config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			Check:            acctest.CheckAll(checkRequests(env, simulator.Match{}, 0), env.CheckSilent()),
		},
		resource.TestStep{
			Config:      env.Config(aaGroupConfig(aaSIM, "LIVE20")),
			ExpectError: regexp.MustCompile(`(?s)SIM is closed.*permanent`),
		},
		resource.TestStep{ // nor does a plan that can't succeed call for it
			Config: config,
			Check:  acctest.CheckAll(checkRequests(env, simulator.Match{}, 0), env.CheckLedger("aa_group "+aaSIM)),
		},
	)
}

// Each style that the service may turn out to have: of its names, its words and its failures.
func TestAccSIMAAGroup_styles(t *testing.T) {
	for _, style := range []struct {
		name   string
		tags   string
		quirks simulator.M2MQuirks
	}{
		{"lower, reason in the outcome", "", simulator.M2MQuirks{TagStyle: "lower_snake"}},
		{"upper, second element", "upper_snake", simulator.M2MQuirks{
			TagStyle: "upper_snake", ReplyStyle: "upper_snake", FailureShape: "second_element", XMLDeclaration: true}},
		{"title, words, HTTP 422", "title_snake", simulator.M2MQuirks{
			TagStyle: "title_snake", ReplyStyle: "title_kebab", OutcomeWords: "title_words", FailureStatus: 422,
			DropAPIID: true}},
		{"words in capitals, own element, HTTP 400", "lower_snake", simulator.M2MQuirks{
			TagStyle: "lower_snake", ReplyStyle: "lower_dotted", OutcomeWords: "upper_kebab", FailureShape: "second_element",
			FailureElement: "Reason", FailureStatus: 400}},
	} {
		t.Run(style.name, func(t *testing.T) {
			env := newAAGroupEnv(t)
			env.SetM2MQuirks(func(q *simulator.M2MQuirks) { *q = style.quirks })
			config := func(iccid, group string) string {
				config := env.Config(aaGroupConfig(iccid, group))
				if style.tags != "" {
					config = inAPI(config, "m2m", fmt.Sprintf("tag_style = %q", style.tags))
				}
				return config
			}
			env.Test(
				resource.TestStep{
					Config:      config(aaSIM, "NOGROUP"),
					ExpectError: regexp.MustCompile(`(?s)refused\s+the\s+assignment.*group\s+NOGROUP.*code\s+\(not\s+the\s+name\)`),
				},
				resource.TestStep{
					Config: config(aaLiveSIM, "LIVE20"),
					ExpectError: regexp.MustCompile(`(?s)refused\s+the\s+assignment\s+of\s+SIM\s+` + aaLiveSIM +
						`.*status\s+is\s+active.*not\s+in\s+a\s+group\s+of\s+type\s+pending`),
				},
				resource.TestStep{
					Config: config(aaSIM, "LIVE10"),
					Check: acctest.CheckAll(resource.TestCheckResourceAttr(aaGroup, "status", "active"),
						env.CheckLedger("aa_group "+aaSIM)),
				},
			)
		})
	}
}

func TestAccSIMAAGroup_refusals(t *testing.T) {
	env := newAAGroupEnv(t)
	config := env.Config(aaGroupConfig(aaSIM, "LIVE10"))
	set := simulator.Match{API: simulator.M2M, Key: aaSetCommand}
	closed := func(status string) func() {
		return func() { env.ChangeM2MSIM(aaSIM, func(sim *simulator.M2MSIM) { sim.Status = status }) }
	}
	atApply := env.Config(aaGroupConfig(aaSIM, "LIVE10"), "preflight = false")
	env.Test(
		resource.TestStep{PreConfig: closed("closed"), Config: config, PlanOnly: true,
			ExpectError: regexp.MustCompile(`(?s)SIM is closed.*Nothing\s+was\s+sent`)},
		resource.TestStep{ // without preflight the plan makes no call, and still warns
			Config: atApply, PlanOnly: true, ExpectNonEmptyPlan: true,
			ConfigPlanChecks: resource.ConfigPlanChecks{PostApplyPostRefresh: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(aaGroup, plancheck.ResourceActionCreate),
			}},
			PreConfig: func() { env.ForgetRequests(); env.Warnings("") },
		},
		resource.TestStep{
			PreConfig: func() {
				if n := len(env.Requests(simulator.Match{})); n > 0 {
					t.Errorf("planning without preflight made %d calls", n)
				}
				if len(env.Warnings(aaLiveSummary)) == 0 {
					t.Error("planning without preflight did not warn")
				}
			},
			Config: atApply, ExpectError: regexp.MustCompile(`(?s)SIM is closed.*Nothing\s+was\s+sent`),
		},
		resource.TestStep{
			PreConfig:   closed("active"),
			Config:      strings.Replace(config, fmt.Sprintf("%q", simulator.M2MPassword), `"another one"`, 1),
			ExpectError: regexp.MustCompile(`(?s)Unable\s+to\s+read\s+SIM.*refuses\s+the\s+credentials`),
		},
		resource.TestStep{
			PreConfig:   func() { env.SetM2MQuirks(func(q *simulator.M2MQuirks) { q.WrongAPIID = true }) },
			Config:      config,
			ExpectError: regexp.MustCompile(`(?s)Unable\s+to\s+read\s+SIM.*another\s+api_id`),
		},
		resource.TestStep{
			PreConfig:   func() { env.SetM2MQuirks(func(q *simulator.M2MQuirks) { q.WrongAPIID = false }) },
			Config:      env.Config(aaGroupConfig(aaUnknownSIM, "LIVE10")),
			ExpectError: regexp.MustCompile(`(?s)Unknown SIM.*Check\s+the\s+ICCID`),
		},
		resource.TestStep{Config: env.Config(aaGroupConfig(aaSIM, "")), ExpectError: regexp.MustCompile(`group_code`)},
		resource.TestStep{Config: env.Config(aaGroupConfig("894400", "LIVE10")),
			ExpectError: regexp.MustCompile(`18\s+to\s+22\s+digits`)},
		resource.TestStep{ // 429 says for certain that nothing was done; the command is not pressed all the same
			PreConfig: func() {
				if n := len(env.Requests(set)); n > 0 {
					t.Errorf("%d commands were sent although a read had refused them", n)
				}
				env.Inject(simulator.Fault{Match: set, Effect: simulator.Answer, Status: http.StatusTooManyRequests,
					Body: "slow down"})
			},
			Config:      config,
			ExpectError: regexp.MustCompile(`(?s)Unable\s+to\s+set\s+auto-activation\s+group.*fewer\s+calls`),
		},
		resource.TestStep{
			PreConfig: env.ClearFaults,
			Config:    config,
			Check:     acctest.CheckAll(checkRequests(env, set, 2), env.CheckLedger("aa_group "+aaSIM)),
		},
		resource.TestStep{ // an update that is refused leaves the state at the truth
			Config:      env.Config(aaGroupConfig(aaSIM, "NOGROUP")),
			ExpectError: regexp.MustCompile(`(?s)refused\s+the\s+assignment.*group\s+NOGROUP`),
		},
		resource.TestStep{
			Config:           config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			Check:            env.CheckLedger("aa_group " + aaSIM),
		},
	)
}

// Each trouble has a SIM of its own, all in one apply.
func TestAccSIMAAGroup_unknownOutcome(t *testing.T) {
	const html = "<html>Bad Gateway</html>"
	env := newAAGroupEnv(t)
	var configs string
	var unknown, settled []resource.TestCheckFunc
	var again []plancheck.PlanCheck
	var executed, all []string
	for i, fault := range []simulator.Fault{
		{Effect: simulator.Reset, Executed: true},
		{Effect: simulator.Reset},
		{Effect: simulator.Cut, Executed: true},
		{Effect: simulator.Answer, Status: 500, Body: html, Executed: true},
		{Effect: simulator.Answer, Status: 503, Body: html},
		{Effect: simulator.Answer, Status: 200, Body: html, Executed: true},
		{Effect: simulator.Answer, Status: 200, Executed: true, // a crossed reply
			Body: `<set_aa_group_response api_id="43"><api_outcome>success</api_outcome></set_aa_group_response>`},
	} {
		name, iccid := fmt.Sprintf("case%d", i), fmt.Sprintf("89440000000000002%02d", i)
		address := "telco_sim_aa_group." + name
		env.AddM2MSIM(simulator.M2MSIM{ICCID: iccid, Group: "TEST"})
		// The command names its root first, so the ICCID alone would match the query too.
		fault.Match, fault.Times = simulator.Match{API: simulator.M2M, Key: "<iccid>" + iccid + "</iccid><group>"}, 1
		env.Inject(fault)
		configs += strings.Replace(aaGroupConfig(iccid, "LIVE10"), `"test"`, fmt.Sprintf("%q", name), 1)
		unknown = append(unknown,
			resource.TestCheckResourceAttr(address, "operation_status", "unknown"),
			resource.TestCheckResourceAttr(address, "group_code", "LIVE10"))
		settled = append(settled, resource.TestCheckResourceAttr(address, "operation_status", "complete"))
		again = append(again, plancheck.ExpectResourceAction(address, plancheck.ResourceActionUpdate),
			plancheck.ExpectUnknownValue(address, tfjsonpath.New("operation_status")))
		if fault.Executed {
			executed = append(executed, "aa_group "+iccid)
		}
		all = append(all, "aa_group "+iccid)
	}
	set := simulator.Match{API: simulator.M2M, Key: aaSetCommand}
	env.Test(
		resource.TestStep{
			Config: env.Config(configs),
			Check: acctest.CheckAll(append(unknown,
				checkExecuted(env, executed...), checkRequests(env, set, len(all)),
				env.CheckWarned("Outcome of the auto-activation group is unknown", "LIVE10", "only its apply sends it again"))...),
			ExpectNonEmptyPlan: true, // no command reads the group, so only sending it again can settle it
		},
		resource.TestStep{
			PreConfig:        func() { env.Warnings("") },
			Config:           env.Config(configs),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: again},
			Check: acctest.CheckAll(append(settled,
				checkExecuted(env, append(executed, all...)...), checkRequests(env, set, 2*len(all)),
				env.CheckWarned(aaLiveSummary, "no answer came", "-> LIVE10"))...),
		},
	)
}

// checkExecuted is CheckLedger for changes that run side by side, in whatever order.
func checkExecuted(env *acctest.Env, want ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		var got []string
		for _, change := range env.Ledger() {
			got = append(got, change.Action+" "+change.Key)
		}
		slices.Sort(got)
		want := slices.Sorted(slices.Values(want))
		if !slices.Equal(got, want) {
			return fmt.Errorf("the network executed\n  %s\nbut was to execute\n  %s", strings.Join(got, "\n  "),
				strings.Join(want, "\n  "))
		}
		return nil
	}
}

// An assignment of unknown outcome doesn't matter any more once its SIM is closed.
func TestAccSIMAAGroup_unknownThenClosed(t *testing.T) {
	env := newAAGroupEnv(t)
	env.Inject(simulator.Fault{Match: simulator.Match{API: simulator.M2M, Key: aaSetCommand}, Effect: simulator.Reset})
	config := env.Config(aaGroupConfig(aaSIM, "LIVE10"))
	env.Test(
		resource.TestStep{Config: config, ExpectNonEmptyPlan: true}, // the SIM is not closed yet
		resource.TestStep{
			PreConfig:        func() { env.ChangeM2MSIM(aaSIM, func(sim *simulator.M2MSIM) { sim.Status = "closed" }) },
			Config:           config,
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(aaGroup, "status", "closed"),
				resource.TestCheckResourceAttr(aaGroup, "operation_status", "unknown"),
				env.CheckLedger(),
			),
		},
	)
}
