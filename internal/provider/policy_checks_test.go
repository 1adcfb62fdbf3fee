package provider_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/itchyny/gojq"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/review"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// TestAccGuides_policyChecks runs the filters of the guide on plans that they are to pass and to refuse.
func TestAccGuides_policyChecks(t *testing.T) {
	t.Parallel()
	const (
		account = "5f0c1a2b3c4d5e6f70819203"
		held    = "8945010000000000041"
		fine    = "max_live_changes = 10"
		whole   = "Policy checks on the plan's JSON"
		later   = `resource "terraform_data" "later" {}` + "\n"
	)
	swap := func(newSIM string, more ...string) string {
		return fmt.Sprintf("resource \"telco_mvno_sim_swap\" \"test\" {\n  account_id = %q\n  new_sim = %s\n  %s\n}\n",
			account, newSIM, strings.Join(more, "\n"))
	}
	card := func(more string) string {
		return fmt.Sprintf("resource \"telco_sim_card\" \"test\" {\n  account_key = %q\n  cli = \"001010000000099\"\n  "+
			"%s\n}\n", simAccount, more)
	}
	plans := map[string]struct {
		config, setting string
		refusedBy       string // the heading of the check; "" where all pass
		denied          string // the rule of the review, which judges what this plan sends; "" where it passes
	}{
		"fine": {config: simStatusConfig(asyncProduct, "ACTIVE", `status_on_destroy = "SUSPENDED"`) +
			fleetConfig(map[string]string{syncProduct: "ACTIVE"}) + "\n" +
			swap(`"eSim"`, `replaces = "`+held+`"`) + card(`state = "live"`) +
			"\ndata \"telco_products\" \"all\" {\n  statuses = [\"TERMINATED\"]\n}\n"},
		"termination": {config: simStatusConfig(syncProduct, "TERMINATED"), refusedBy: "No terminations",
			denied: "termination"},
		"termination on destroy": {config: simStatusConfig(syncProduct, "ACTIVE",
			`status_on_destroy = "PENDING_TERMINATE"`), refusedBy: "No terminations"},
		"status known after apply": {config: later +
			strings.Replace(simStatusConfig(syncProduct, "X"), `"X"`, "terraform_data.later.id", 1),
			refusedBy: "No terminations", denied: "unknown"},
		"termination in a fleet": {config: fleetConfig(map[string]string{syncProduct: "ACTIVE",
			asyncProduct: "TERMINATED"}), refusedBy: "No terminations", denied: "termination"},
		"fleet known after apply": {config: later +
			strings.Replace(fleetConfig(map[string]string{syncProduct: "X"}), `"X"`, "terraform_data.later.id", 1),
			refusedBy: "No terminations", denied: "unknown"},
		"termination of a card": {config: card(`state = "terminated"`), refusedBy: "No terminations",
			denied: "termination"},
		"card without protection": {config: card(`deletion_protection = false`),
			refusedBy: "No deletions, and no protection taken off"},
		"swap by word alone": {config: swap(`"autoAssign"`), refusedBy: "Each swap names the SIM that it replaces",
			denied: "swap-by-word"},
		"swap to what is not known": {config: later + swap("terraform_data.later.id"),
			refusedBy: "Each swap names the SIM that it replaces", denied: "unknown"},
		"limit too high": {config: simStatusConfig(syncProduct, "ACTIVE"), setting: "max_live_changes = 101",
			refusedBy: "Nothing hidden by the switches"},
		"no limit": {config: simStatusConfig(syncProduct, "ACTIVE"), setting: "read_only = false",
			refusedBy: "Nothing hidden by the switches"},
		"a plan that was broken off": {config: simStatusConfig("JASPER-8997100000000000999", "ACTIVE"), refusedBy: whole},
	}
	checks := policyChecks(t)
	for name, p := range plans {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := acctest.New(t)
			cli := env.NewAttachedCLI(t)
			env.AddAccount(simAccount)
			env.AddProduct(simulator.Product{ID: syncProduct, SIMStatus: "INACTIVE"})
			env.AddProduct(simulator.Product{ID: asyncProduct, SIMStatus: "INACTIVE"})
			env.AddMVNOAccount(simulator.MVNOAccount{ID: account, Number: "+4520000001", State: "ACTIVE", SIMNumber: held})
			env.AddMVNOSIM(simulator.MVNOSIM{ICC: "8945010000000000043", FormFactor: "eSIM"})
			if p.setting == "" {
				p.setting = fine
			}
			cli.Write("main.tf", env.Config(p.config, p.setting))
			output, _ := cli.Run("plan", "-out=plan.bin")
			text, err := cli.Command("show", "-json", "plan.bin").Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			var plan map[string]any
			if err := json.Unmarshal(text, &plan); err != nil {
				t.Fatal(err)
			}
			if plan["errored"] == nil && p.refusedBy == whole {
				return // the CLI is older than the member; the guide's set -e ends the pipeline
			}
			checkDenied(t, text, p.denied, p.refusedBy == whole)
			for heading, filter := range checks {
				result, _ := filter.Run(plan).Next()
				if _, failed := result.(error); failed && p.refusedBy == whole {
					continue // a plan without values: jq ends with an error
				}
				if pass, want := result == true, heading != p.refusedBy; pass != want {
					t.Errorf("%s: %v, want %t\n%s", heading, result, want, output)
				}
			}
		})
	}
}

// checkDenied reviews the plan with the rules that the guide denies.
func checkDenied(t *testing.T, plan []byte, rule string, brokenOff bool) {
	t.Helper()
	args := regexp.MustCompile(`"\$telco" review (.*) plan\.json`).FindStringSubmatch(guide(t, "policy-checks"))
	if args == nil {
		t.Fatal("the guide has no review")
	}
	var stdout, stderr bytes.Buffer
	exit := review.Command(append(strings.Fields(args[1]), "-format", "json"), bytes.NewReader(plan), &stdout, &stderr)
	want := 0
	switch {
	case brokenOff:
		want = 1
	case rule != "":
		want = 2
	}
	if exit != want {
		t.Errorf("the review ends with %d, want %d: %s", exit, want, stderr.String())
	}
	var broken []string
	for _, match := range regexp.MustCompile(`"rule": "([^"]*)"`).FindAllStringSubmatch(stdout.String(), -1) {
		broken = append(broken, match[1])
	}
	if got := strings.Join(broken, " "); got != rule {
		t.Errorf("the review denies %q, want %q\n%s", got, rule, stdout.String())
	}
}

// policyChecks are the guide's filters that end a pipeline, by the heading that they stand under.
func policyChecks(t *testing.T) map[string]*gojq.Code {
	checks := map[string]*gojq.Code{}
	filter := regexp.MustCompile(`(?s)jq -e\s+'([^']*)'`)
	for section := range strings.SplitSeq("\n"+guide(t, "policy-checks"), "\n#") {
		heading, text, _ := strings.Cut(strings.TrimLeft(section, "# "), "\n")
		for _, match := range filter.FindAllStringSubmatch(text, -1) {
			query, err := gojq.Parse(match[1])
			if err != nil {
				t.Fatalf("%s: %v", heading, err)
			}
			if checks[heading], err = gojq.Compile(query); err != nil {
				t.Fatalf("%s: %v", heading, err)
			}
		}
	}
	if len(checks) != 5 {
		t.Fatalf("the guide has %d checks", len(checks))
	}
	return checks
}
