package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

const (
	ownCustomer   = "5f0c1a2b3c4d5e6f70810001"
	otherCustomer = "5f0c1a2b3c4d5e6f70810002"
)

// mvnoData is a data source of that type and name.
func mvnoData(typeName, name, arguments string) string {
	return fmt.Sprintf("data %q %q {\n  %s\n}\n", typeName, name, arguments)
}

// mvnoReadings are switches of the simulator under which a list must come out the same.
var mvnoReadings = map[string]func(*simulator.MVNOQuirks){
	"as documented":    func(*simulator.MVNOQuirks) {},
	"filters ignored":  func(q *simulator.MVNOQuirks) { q.ListFiltersIgnored = true },
	"another name":     func(q *simulator.MVNOQuirks) { q.ListArray = "data" },
	"bare, capped":     func(q *simulator.MVNOQuirks) { q.ListArray, q.ListCap = "bare", 2 },
	"total of a page":  func(q *simulator.MVNOQuirks) { q.ListTotal, q.ListCap = "page", 1 },
	"no total, capped": func(q *simulator.MVNOQuirks) { q.ListTotal, q.ListCap, q.OmitEmpty = "none", 1, true },
	"limit ignored":    func(q *simulator.MVNOQuirks) { q.ListWhole, q.ListTotal = true, "text" },
}

func TestAccMVNOAccounts(t *testing.T) {
	t.Parallel()
	const (
		first, second, third = "5f0c1a2b3c4d5e6f70819201", "5f0c1a2b3c4d5e6f70819202", "5f0c1a2b3c4d5e6f70819203"
		foreign              = "5f0c1a2b3c4d5e6f70819204"
		typeName             = "telco_mvno_accounts"
	)
	env := acctest.New(t)
	env.AddMVNOSIM(simulator.MVNOSIM{ICC: "8945010000000000017", IMSI: "238010000000017", Network: "TDC"})
	env.AddMVNOSIM(simulator.MVNOSIM{ICC: "8945010000000000025", IMSI: "238010000000025", Network: "TELENOR"})
	env.AddMVNOAccount(simulator.MVNOAccount{ID: third, Number: "+4512345678", SIMNumber: "8945010000000000017"})
	env.AddMVNOAccount(simulator.MVNOAccount{ID: second, Number: "+4587654321", State: "BLOCKED",
		SIMNumber: "8945010000000000025", Notes: "Spare van"})
	env.AddMVNOAccount(simulator.MVNOAccount{ID: first, State: "CREATING"})
	env.AddMVNOAccount(simulator.MVNOAccount{ID: foreign, Customer: otherCustomer, Number: "+4511112222"})

	object := func(id, customer, state, number, icc, imsi, network string) map[string]knownvalue.Check {
		checks := known("id", id, "customer", customer, "state", state, "type", "MVNO")
		for name, value := range map[string]string{"number": number, "sim_number": icc, "imsi": imsi, "network": network} {
			if checks[name] = knownvalue.StringExact(value); value == "" {
				checks[name] = knownvalue.Null()
			}
		}
		return checks
	}
	one := object(first, ownCustomer, "CREATING", "", "", "", "")
	two := object(second, ownCustomer, "BLOCKED", "+4587654321", "8945010000000000025", "238010000000025", "TELENOR")
	three := object(third, ownCustomer, "ACTIVE", "+4512345678", "8945010000000000017", "238010000000017", "TDC")
	config := env.Config(mvnoData(typeName, "own", fmt.Sprintf("customer = %q", strings.ToUpper(ownCustomer))) +
		mvnoData(typeName, "network", `network = "telenor"`) +
		mvnoData(typeName, "filter", `filter = "spare"`) +
		mvnoData(typeName, "states", `states = ["active", "CREATING", "MOON"]`) +
		mvnoData(typeName, "none", "states = []"))
	checks := []statecheck.StateCheck{
		listed("data.telco_mvno_accounts.own", "accounts", one, two, three),
		textList("data.telco_mvno_accounts.own", "ids", first, second, third),
		listed("data.telco_mvno_accounts.network", "accounts", two),
		listed("data.telco_mvno_accounts.filter", "accounts", two),
		listed("data.telco_mvno_accounts.states", "accounts", one, three),
		listed("data.telco_mvno_accounts.none", "accounts"),
		textList("data.telco_mvno_accounts.none", "ids"),
	}
	for name, set := range mvnoReadings {
		t.Run(name, func(t *testing.T) {
			env.SetMVNOQuirks(func(q *simulator.MVNOQuirks) {
				*q = simulator.MVNOQuirks{}
				set(q)
			})
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: env.Factories(), Steps: []resource.TestStep{
				{Config: config, ConfigStateChecks: checks},
			}})
		})
	}
	if len(env.Ledger()) > 0 {
		t.Errorf("reading changed something: %v", env.Ledger())
	}
}

func TestAccMVNOAccounts_trouble(t *testing.T) {
	env := acctest.New(t)
	env.AddMVNOAccount(simulator.MVNOAccount{ID: swapAccount})
	denied := regexp.MustCompile(`(?s)Unable to list MVNO accounts.*access_denied.*rights\s+do\s+not\s+suffice`)
	env.Test(
		resource.TestStep{
			Config:      env.Config(mvnoData("telco_mvno_accounts", "test", fmt.Sprintf("customer = %q", otherCustomer))),
			ExpectError: denied,
		},
		resource.TestStep{ // the account is there, but a total says that there is more than can be had
			PreConfig: func() {
				env.SetMVNOQuirks(func(q *simulator.MVNOQuirks) { q.ListWhole, q.ListTotal = true, "high" })
			},
			Config:      env.Config(mvnoData("telco_mvno_accounts", "test", "")),
			ExpectError: regexp.MustCompile(`(?s)list\s+can't\s+be\s+had\s+whole.*first\s+1\s+MVNO\s+accounts`),
		},
		resource.TestStep{
			PreConfig: func() {
				env.SetMVNOQuirks(func(q *simulator.MVNOQuirks) { *q = simulator.MVNOQuirks{AccessLevel: "PERSONAL"} })
			},
			Config:      env.Config(mvnoData("telco_mvno_accounts", "test", "")),
			ExpectError: denied,
		},
		resource.TestStep{
			Config:      env.Config(mvnoData("telco_mvno_accounts", "test", `customer = "me"`)),
			ExpectError: regexp.MustCompile(`id\s+of\s+a\s+customer,\s+24\s+hex\s+characters`),
		},
	)
}

func TestAccMVNOSIMs(t *testing.T) {
	t.Parallel()
	const typeName = "telco_mvno_sims"
	env := acctest.New(t)
	env.AddMVNOSIM(simulator.MVNOSIM{ICC: "8945010000000000033", FormFactor: "eSIM"})
	env.AddMVNOSIM(simulator.MVNOSIM{ICC: "8945010000000000025", Network: "TELENOR", AutoAssign: true})
	env.AddMVNOSIM(simulator.MVNOSIM{ICC: "8945010000000000017", PIN1: "4711", PUK1: "87654321"})
	env.AddMVNOAccount(simulator.MVNOAccount{ID: swapAccount, SIMNumber: "8945010000000000009"}) // in use
	object := func(icc, network, formFactor string, autoAssign bool) map[string]knownvalue.Check {
		checks := known("sim_number", icc, "network", network, "form_factor", formFactor)
		checks["auto_assign"] = knownvalue.Bool(autoAssign)
		return checks
	}
	one := object("8945010000000000017", "TDC", "NANO", false)
	two := object("8945010000000000025", "TELENOR", "NANO", true)
	three := object("8945010000000000033", "TDC", "eSIM", false)
	config := env.Config(mvnoData(typeName, "all", "") +
		mvnoData(typeName, "own", fmt.Sprintf("customer = %q", ownCustomer)) +
		mvnoData(typeName, "network", `network = "tdc"`) +
		mvnoData(typeName, "form", `form_factor = "ESIM"`) +
		mvnoData(typeName, "part", `filter = "000025"`) +
		mvnoData(typeName, "auto", "auto_assign = true") +
		mvnoData(typeName, "other", "auto_assign = false") +
		mvnoData(typeName, "none", `network = "TELIA"`))
	checks := []statecheck.StateCheck{
		listed("data.telco_mvno_sims.all", "sims", one, two, three),
		textList("data.telco_mvno_sims.all", "sim_numbers", "8945010000000000017", "8945010000000000025",
			"8945010000000000033"),
		listed("data.telco_mvno_sims.own", "sims", one, two, three),
		listed("data.telco_mvno_sims.network", "sims", one, three),
		listed("data.telco_mvno_sims.form", "sims", three),
		listed("data.telco_mvno_sims.part", "sims", two),
		listed("data.telco_mvno_sims.auto", "sims", two),
		listed("data.telco_mvno_sims.other", "sims", one, three),
		listed("data.telco_mvno_sims.none", "sims"),
		textList("data.telco_mvno_sims.none", "sim_numbers"),
	}
	for name, set := range mvnoReadings {
		t.Run(name, func(t *testing.T) {
			env.SetMVNOQuirks(func(q *simulator.MVNOQuirks) {
				*q = simulator.MVNOQuirks{TrailingF: true}
				set(q)
			})
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: env.Factories(), Steps: []resource.TestStep{
				{Config: config, ConfigStateChecks: checks},
			}})
		})
	}
	if len(env.Ledger()) > 0 {
		t.Errorf("reading changed something: %v", env.Ledger())
	}
}

// TestAccMVNOSIMs_secrets: the codes of the list are in no state, no plan and no log.
func TestAccMVNOSIMs_secrets(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	env.AddMVNOSIM(simulator.MVNOSIM{ICC: "8945010000000000017", PIN1: "47110815", PIN2: "08154711", PUK1: "87654321",
		PUK2: "12348765"})
	cli := env.NewCLI(t)
	cli.Write("main.tf", env.Config(mvnoData("telco_mvno_sims", "test", "")+mvnoData("telco_mvno_accounts", "test", "")+
		"output \"sims\" {\n  value = data.telco_mvno_sims.test\n}\n"))
	cli.Setenv("TF_LOG=TRACE")
	seen := cli.MustRun("apply", "-auto-approve") + cli.MustRun("show", "-json")
	if !strings.Contains(seen, "8945010000000000017") || !strings.Contains(seen, "API call") {
		t.Fatalf("neither SIM nor log:\n%s", seen)
	}
	for _, code := range []string{"47110815", "08154711", "87654321", "12348765"} {
		if strings.Contains(seen, code) {
			t.Errorf("%s shows", code)
		}
	}
}
