package review_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/review"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

const (
	truck1  = "JASPER-8997100000000000001"
	truck2  = "TMSP-89490200000000000002"
	van1    = "JASPER-8997100000000000011"
	van2    = "JASPER-8997100000000000012"
	van3    = "JASPER-8997100000000000013"
	tracker = "8944000000000000001"
	phone   = "5f0c1a2b3c4d5e6f70819201"
)

// network has what the configurations below need.
func network(t *testing.T) *acctest.Env {
	t.Helper()
	env := acctest.New(t)
	env.AddAccount("acme-fleet")
	for _, id := range []string{truck1, truck2, van1, van2} {
		env.AddProduct(simulator.Product{ID: id, SIMStatus: "INACTIVE"})
	}
	env.AddProduct(simulator.Product{ID: van3, SIMStatus: "ACTIVE"})
	env.AddM2MGroup(simulator.M2MGroup{Code: "TEST", Type: "pending"})
	env.AddM2MGroup(simulator.M2MGroup{Code: "LIVE10", Type: "live"})
	env.AddM2MSIM(simulator.M2MSIM{ICCID: tracker, Group: "TEST"})
	env.AddMVNOAccount(simulator.MVNOAccount{
		ID: phone, Number: "+4520000001", State: "ACTIVE", SIMNumber: "8945019000000000001",
	})
	env.AddMVNOSIM(simulator.MVNOSIM{ICC: "8945010000000000001", FormFactor: "eSIM"})
	return env
}

func fleet(name, removal string, statuses ...string) string {
	var b strings.Builder
	for i := 0; i < len(statuses); i += 2 {
		fmt.Fprintf(&b, "    %q = %q\n", statuses[i], statuses[i+1])
	}
	return fmt.Sprintf(`
resource "telco_sim_fleet_status" %[1]q {
  name = %[1]q
  %[2]s
  statuses = {
%[3]s  }
}
`, name, removal, b.String())
}

const (
	ordered = `
resource "telco_sim_card" "van" {
  account_key = "acme-fleet"
  cli         = "001010000000101"
  sim_number  = "8900000000000000101"
  description = "van-101"
  state       = "live"
  tariff      = "T1"
}
`
	changed = `
resource "telco_sim_card" "van" {
  account_key         = "acme-fleet"
  cli                 = "001010000000101"
  sim_number          = "8900000000000000101"
  description         = "van-101, Aarhus"
  state               = "suspend"
  tariff              = "T2"
  foreign_attributes  = { depot = "Aarhus" }
  deletion_protection = false
}
`
	group = `
resource "telco_sim_aa_group" "tracker" {
  iccid      = "` + tracker + `"
  group_code = "LIVE10"
}
`
	swap = `
resource "telco_mvno_sim_swap" "stolen_phone" {
  account_id = "` + phone + `"
  new_sim    = "eSim"
  replaces   = "8945019000000000001"
}
`
)

func status(name, id, status, more string) string {
	return fmt.Sprintf(`
resource "telco_sim_status" %q {
  product_id = %q
  status     = %s
  %s
}
`, name, id, status, more)
}

// TestAccReview takes a network from nothing to nothing, and reviews each plan before its apply: what the review lists
// is what the network then executes.
func TestAccReview(t *testing.T) {
	env := network(t)
	checkLifecycle(t, env, env.NewAttachedCLI(t))
}

// TestAccReview_otherCLIs is the same with newer versions of Terraform, and with OpenTofu.
func TestAccReview_otherCLIs(t *testing.T) {
	for _, path := range acctest.OtherCLIs(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			env := network(t)
			checkLifecycle(t, env, env.NewAttachedCLIAt(t, path))
		})
	}
}

func checkLifecycle(t *testing.T, env *acctest.Env, cli *acctest.CLI) {
	t.Helper()
	for _, step := range []struct {
		name, config string
		plan         []string
		left         []string // what is left alone
	}{
		{"create", ordered + group + swap +
			status("one", truck1, `"ACTIVE"`, "") + status("two", truck2, `"ACTIVE"`, "") +
			fleet("vans", "", van1, "ACTIVE", van2, "ACTIVE", van3, "ACTIVE"), nil, nil},
		{"update", changed + group + swap + status("one", truck1, `"SUSPENDED"`, `status_on_destroy = "TERMINATED"`) +
			fleet("vans", `status_on_removal = "SUSPENDED"`, van1, "SUSPENDED", van3, "ACTIVE"), nil, []string{truck2}},
		{"destroy", changed + group + swap + status("one", truck1, `"SUSPENDED"`, `status_on_destroy = "TERMINATED"`) +
			fleet("vans", `status_on_removal = "SUSPENDED"`, van1, "SUSPENDED", van3, "ACTIVE"), []string{"-destroy"},
			[]string{van1, tracker, phone}},
	} {
		cli.Write("main.tf", env.Config(step.config))
		cli.MustRun(append([]string{"plan", "-out=plan.bin"}, step.plan...)...)
		plan := show(t, cli)
		report := checkReport(t, "cli-"+step.name, plan)

		before := len(env.Ledger())
		cli.MustRun("apply", "plan.bin")
		var executed, listed []string
		for _, one := range env.Ledger()[before:] {
			executed = append(executed, one.Key)
		}
		for _, c := range report.Changes {
			listed = append(listed, keysOf(t, c, env.Ledger()[before:])...)
		}
		slices.Sort(executed)
		slices.Sort(listed)
		if diff := cmp.Diff(executed, listed); diff != "" {
			t.Errorf("%s: executed (-) and listed (+): %s", step.name, diff)
		}
		if total := report.Totals.LiveChanges; total != len(executed) {
			t.Errorf("%s: %d live changes are announced, %d were executed", step.name, total, len(executed))
		}
		var left []string
		for _, one := range report.LeftAlone {
			left = append(left, one.SIM)
		}
		slices.Sort(left)
		slices.Sort(step.left)
		if diff := cmp.Diff(step.left, left); diff != "" {
			t.Errorf("%s: left alone: %s", step.name, diff)
		}
	}
}

// keysOf are the simulator's keys of an entry; those of a new fleet, which names no SIM, are what the network shows.
func keysOf(t *testing.T, c change, executed []simulator.Change) []string {
	t.Helper()
	if !strings.HasPrefix(c.SIM, "fleet ") {
		return []string{c.SIM}
	}
	var keys []string
	for _, one := range executed {
		if (one.Key == van1 || one.Key == van2 || one.Key == van3) && one.Detail == c.From+" -> "+c.To {
			keys = append(keys, one.Key)
		}
	}
	if len(keys) != c.Count {
		t.Errorf("%s: %d SIMs are announced, and %v were changed", c.SIM, c.Count, keys)
	}
	return keys
}

func show(t *testing.T, cli *acctest.CLI) []byte {
	t.Helper()
	plan, err := cli.Command("show", "-json", "plan.bin").Output()
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

type change struct {
	Kind, SIM, From, To, Address string
	Count                        int
	Certain                      bool
}

type report struct {
	Totals struct {
		LiveChanges int `json:"live_changes"`
	}
	Changes   []change
	LeftAlone []struct{ SIM, Address string } `json:"left_alone"`
	Waits     []struct{ SIM, Address string }
}

// made is what differs from one plan to the next.
var made = regexp.MustCompile(`Planned .*`)

// checkReport compares the text of the review with the one in testdata, and returns the JSON.
func checkReport(t *testing.T, name string, plan []byte, args ...string) report {
	t.Helper()
	text := made.ReplaceAll(run(t, plan, args...), []byte("Planned ..."))
	path := filepath.Join("testdata", name+".txt")
	if review.Update() {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(text)); diff != "" {
		t.Errorf("%s, as it was (-) and as it is (+); -update takes it over:\n%s", path, diff)
	}
	var parsed report
	if err := json.Unmarshal(run(t, plan, append(args, "-format", "json")...), &parsed); err != nil {
		t.Fatal(err)
	}
	return parsed
}

func run(t *testing.T, plan []byte, args ...string) []byte {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if exit := review.Command(args, bytes.NewReader(plan), &stdout, &stderr); exit != 0 {
		t.Fatalf("exit status %d: %s", exit, stderr.String())
	}
	return stdout.Bytes()
}

// TestAccReview_oddPlans are plans that hide something from whoever reads their actions only.
func TestAccReview_oddPlans(t *testing.T) {
	const (
		later = `resource "terraform_data" "later" {}` + "\n"
		short = `timeouts = { create = "200ms", update = "200ms" }`
	)
	for name, c := range map[string]struct {
		before, config string
		prepare        func(*acctest.Env)
		args           []string
	}{
		"unknown": {config: later + status("one", truck1, "terraform_data.later.id", "") +
			strings.Replace(fleet("vans", "", van1, "X", van3, "SUSPENDED"), `"X"`, "terraform_data.later.id", 1)},
		"without-preflight": {config: ordered + swap + group + status("one", truck1, `"ACTIVE"`, "") +
			fleet("vans", "", van1, "ACTIVE", van3, "ACTIVE")},
		"sensitive": {config: `variable "secret" {
  default   = "ACTIVE"
  sensitive = true
}
` + status("one", truck1, "var.secret", "") + strings.Replace(fleet("vans", "", van1, "X"), `"X"`, "var.secret", 1)},
		"replaced": {before: status("one", truck1, `"ACTIVE"`, ""), config: status("one", truck2, `"ACTIVE"`, "")},
		"wait": {
			before: status("one", truck2, `"ACTIVE"`, short) + fleet("vans", short, "TMSP-89490200000000000003", "ACTIVE"),
			prepare: func(env *acctest.Env) {
				env.AddProduct(simulator.Product{ID: "TMSP-89490200000000000003", SIMStatus: "INACTIVE"})
				env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.NeverSettles = true })
			},
		},
		"moved": {before: status("one", truck1, `"ACTIVE"`, ""), config: status("other", truck1, `"ACTIVE"`, "") + `
moved {
  from = telco_sim_status.one
  to   = telco_sim_status.other
}
`},
		"module": {config: `
module "depot" {
  source    = "./depot"
  for_each  = toset(["north"])
  providers = { telco = telco.other }
}
`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := network(t)
			cli := env.NewAttachedCLI(t)
			if c.prepare != nil {
				c.prepare(env)
			}
			if c.before != "" {
				cli.Write("main.tf", env.Config(c.before))
				cli.MustRun("apply", "-auto-approve")
			}
			if c.config == "" {
				c.config = c.before
			}
			settings := ""
			switch name {
			case "without-preflight":
				settings = "preflight = false"
			case "module":
				const block = `provider "telco" {`
				other := strings.Replace(env.Config(""), block, block+"\n  alias = \"other\"", 1)
				_, other, _ = strings.Cut(other, "provider \"telco\"")
				c.config += "provider \"telco\"" + other
				required, _, _ := strings.Cut(env.Config(""), "provider \"telco\"")
				if err := os.Mkdir(filepath.Join(cli.Dir, "depot"), 0o700); err != nil {
					t.Fatal(err)
				}
				cli.Write("depot/main.tf", required+status("one", truck1, `"ACTIVE"`, ""))
			}
			cli.Write("main.tf", env.Config(c.config, settings))
			if name == "module" {
				cli.MustRun("init")
			}
			cli.MustRun("plan", "-out=plan.bin")
			checkReport(t, "cli-"+name, show(t, cli), c.args...)
		})
	}
}
