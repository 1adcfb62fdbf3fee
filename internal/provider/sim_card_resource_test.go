package provider_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/terraform"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

const (
	simAccount = "acme-fleet"
	simCLI     = "001010000000001"
	simMSISDN  = "(+353)870000001"
	simCardID  = simAccount + "/" + simCLI
	simCard    = "telco_sim_card.test"

	creationWarning = "Live, irreversible change: SIM card creation"
	updateWarning   = "Live, irreversible change: SIM card update"
	deletionWarning = "Live, irreversible change: SIM card deletion"
)

// simCardBlock is a SIM card that may be destroyed, with further lines.
func simCardBlock(name, cli string, lines ...string) string {
	return fmt.Sprintf(`
resource "telco_sim_card" %q {
  account_key         = %q
  cli                 = %q
  deletion_protection = false
  %s
}`, name, simAccount, cli, strings.Join(lines, "\n  "))
}

func simCardConfig(lines ...string) string { return simCardBlock("test", simCLI, lines...) }

// protectedCardConfig leaves deletion_protection at its default.
func protectedCardConfig(lines ...string) string {
	return strings.ReplaceAll(simCardConfig(lines...), "deletion_protection = false", "")
}

func cardImportBlock(name, cli string) string {
	return fmt.Sprintf("\nimport {\n  to = telco_sim_card.%s\n  id = %q\n}", name, simAccount+"/"+cli)
}

// cardAction is a step's check before apply that these resources are planned so.
func cardAction(what plancheck.ResourceActionType, addresses ...string) resource.ConfigPlanChecks {
	if len(addresses) == 0 {
		addresses = []string{simCard}
	}
	var checks []plancheck.PlanCheck
	for _, address := range addresses {
		checks = append(checks, plancheck.ExpectResourceAction(address, what))
	}
	return resource.ConfigPlanChecks{PreApply: checks}
}

var cardNoChange = resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}}

// cardHolds is a step's check of attributes of telco_sim_card.test, given as name and value.
func cardHolds(pairs ...string) resource.TestCheckFunc {
	var checks []resource.TestCheckFunc
	for i := 0; i < len(pairs); i += 2 {
		checks = append(checks, resource.TestCheckResourceAttr(simCard, pairs[i], pairs[i+1]))
	}
	return acctest.CheckAll(checks...)
}

// cardWarned is a step's check that each text is in a warning, and that none is about a live change unless asked for.
func cardWarned(env *acctest.Env, texts ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		all := strings.Join(env.Warnings(""), "\n---\n")
		for _, text := range texts {
			if !strings.Contains(all, text) {
				return fmt.Errorf("no warning holds %q; there were:\n%s", text, all)
			}
		}
		for _, live := range []string{creationWarning, updateWarning, deletionWarning} {
			if strings.Contains(all, live) && !slices.Contains(texts, live) {
				return fmt.Errorf("a warning of a live change was not to be expected:\n%s", all)
			}
		}
		return nil
	}
}

// cardSent returns the bodies of the requests of a route that reached the network, told apart by a part of path or
// body.
func cardSent(env *acctest.Env, route, key string) []string {
	var bodies []string
	for _, request := range env.Requests(simulator.Match{API: simulator.Accounts, Route: route, Key: key}) {
		bodies = append(bodies, request.Body)
	}
	return bodies
}

// checkCardSent is a step's check of all bodies that a route was sent since the log was emptied.
func checkCardSent(env *acctest.Env, route, key string, want ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		if got := cardSent(env, route, key); !slices.Equal(got, want) {
			return fmt.Errorf("%s of %s was sent\n  %s\nbut was to be sent\n  %s", route, key, strings.Join(got, "\n  "),
				strings.Join(want, "\n  "))
		}
		return nil
	}
}

// checkCardLedgers is a step's check that each SIM saw each of these actions once, in whatever order.
func checkCardLedgers(env *acctest.Env, clis []string, actions ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		var got, want []string
		for _, change := range env.Ledger() {
			got = append(got, change.Action+" "+change.Key)
		}
		for _, action := range actions {
			for _, cli := range clis {
				want = append(want, action+" "+simAccount+"/"+cli)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			return fmt.Errorf("the network executed\n  %s\nbut was to execute\n  %s", strings.Join(got, "\n  "),
				strings.Join(want, "\n  "))
		}
		return nil
	}
}

func setAccountsQuirks(env *acctest.Env, quirks simulator.AccountsQuirks) {
	env.SetAccountsQuirks(func(q *simulator.AccountsQuirks) { *q = quirks })
}

// slowAccounts is a network whose commands take a minute of its clock; settle lets the minute pass.
func slowAccounts(t *testing.T) (env *acctest.Env, settle func()) {
	t.Helper()
	var passed atomic.Int64
	env = acctest.New(t, simulator.SettleAfter(time.Minute),
		simulator.WithClock(func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }))
	env.AddAccount(simAccount)
	return env, func() { passed.Add(int64(time.Minute)) }
}

// settleInApply lets running commands end in the middle of the step's apply: planning asks for the status at most
// twice.
func settleInApply(env *acctest.Env, settle func()) {
	env.Before(simulator.Accounts, "sim.status", 4, settle)
}

func TestAccSIMCard_life(t *testing.T) {
	const hints = `hints = { billing_cycle_day = %d, email_contact = "ops@example.com", tenant_id = "t-1" }`
	first, later := fmt.Sprintf(hints, 1), fmt.Sprintf(hints, 2)
	env := acctest.New(t, simulator.SettleAfterPolls(3))
	env.Test(
		resource.TestStep{ // the account does not exist: the hints let the service create it
			Config:           env.Config(protectedCardConfig(`sim_number = "8900000000000000001"`, first)),
			ConfigPlanChecks: cardAction(plancheck.ResourceActionCreate),
			Check: acctest.CheckAll(
				cardHolds("id", simCardID, "sim_number", "8900000000000000001", "state", "notactivated", "actor_status", "stable",
					"network_status", "disconnected", "purchase_order", "na", "version", "2", "operation_status", "complete",
					"deletion_protection", "true", "hints.billing_cycle_day", "1"),
				resource.TestCheckResourceAttrSet(simCard, "created"),
				resource.TestCheckNoResourceAttr(simCard, "tariff"),
				checkCardSent(env, "sim.create", "",
					`{"CLI":"001010000000001","Hints":{"BillingCycleDay":1,"EmailContact":"ops@example.com",`+
						`"TenantId":"t-1"},"SIMNumber":"8900000000000000001"}`),
				func(*terraform.State) error {
					if polls := len(cardSent(env, "sim.status", simCLI)); polls < 3 {
						return fmt.Errorf("the status URL was asked %d times only", polls)
					}
					return nil
				},
				env.CheckLedger("create "+simCardID),
				env.CheckWarned(creationWarning, simCardID+": (absent) -> created.", "billed", "can't be undone automatically"),
			),
		},
		resource.TestStep{
			PreConfig:        func() { env.Warnings("") },
			Config:           env.Config(protectedCardConfig(`sim_number = "8900000000000000001"`, first)),
			ConfigPlanChecks: cardNoChange,
			Check:            env.CheckSilent(),
		},
		resource.TestStep{
			Config:           env.Config(protectedCardConfig(later)),
			ConfigPlanChecks: cardAction(plancheck.ResourceActionUpdate),
			Check: acctest.CheckAll(cardHolds("hints.billing_cycle_day", "2", "version", "2", "sim_number",
				"8900000000000000001"),
				cardWarned(env, "Hints are used on creation only"), env.CheckLedger("create "+simCardID)),
		},
		resource.TestStep{
			PreConfig: func() { env.Warnings("") },
			Config:    env.Config(protectedCardConfig()), ConfigPlanChecks: cardAction(plancheck.ResourceActionUpdate),
			Check: acctest.CheckAll(cardWarned(env, "Hints are used on creation only"), env.CheckLedger("create "+simCardID)),
		},
		resource.TestStep{Config: env.Config(protectedCardConfig(later)),
			Check: func(*tfState) error { env.Warnings(""); return nil }},
		resource.TestStep{
			ResourceName: simCard, ImportState: true, ImportStateVerify: true,
			ImportStateVerifyIgnore: []string{"hints", "last_change"},
		},
		resource.TestStep{ // what only the service sets
			PreConfig: func() {
				env.ChangeSIMCard(simAccount, simCLI, func(c *simulator.SIMCard) {
					c.NetworkStatus, c.InternalSOC, c.State, c.ActorStatus, c.Version = 10, new("I-1"), 7, 1, 4000
				})
			},
			Config:           env.Config(protectedCardConfig(later)),
			ConfigPlanChecks: cardNoChange,
			Check: acctest.CheckAll(cardHolds("network_status", "activation", "internal_soc", "I-1", "state", "unknown(7)",
				"actor_status", "pending", "version", "4000"), env.CheckSilent()),
		},
		resource.TestStep{
			PreConfig: func() {
				env.ChangeSIMCard(simAccount, simCLI, func(c *simulator.SIMCard) { c.ActorStatus, c.State = 0, 6 })
			},
			Config:      env.Config(""),
			ExpectError: regexp.MustCompile(`(?s)SIM\s+card\s+acme-fleet/001010000000001\s+was\s+not\s+deleted.*set\s+deletion_protection\s+=\s+false`),
		},
		resource.TestStep{
			Config:           env.Config(simCardConfig(later)),
			ConfigPlanChecks: cardAction(plancheck.ResourceActionUpdate),
			Check: acctest.CheckAll(cardHolds("deletion_protection", "false", "state", "unknown"), env.CheckSilent(),
				env.CheckLedger("create "+simCardID)),
		},
		resource.TestStep{ // disappears
			PreConfig:        func() { env.RemoveSIMCard(simAccount, simCLI) },
			Config:           env.Config(simCardConfig(later, `state = "live"`)),
			ConfigPlanChecks: cardAction(plancheck.ResourceActionCreate),
			Check: acctest.CheckAll(env.CheckLedger("create "+simCardID, "create "+simCardID),
				env.CheckWarned(creationWarning, "(absent) -> created with state live.")),
		},
		resource.TestStep{
			Config:           env.Config(""),
			ConfigPlanChecks: cardAction(plancheck.ResourceActionDestroy),
			Check: acctest.CheckAll(env.CheckLedger("create "+simCardID, "create "+simCardID, "delete "+simCardID),
				env.CheckWarned(deletionWarning, simCardID+": live -> deleted.", "can't be undone automatically"),
				func(*terraform.State) error {
					if _, there := env.SIMCard(simAccount, simCLI); there {
						return fmt.Errorf("the destroy did not wait until the SIM was gone")
					}
					return nil
				}),
		},
	)
}

// cardArgument is one that can be set, with three values: created with was, changed to now, and in the portal to
// elsewhere.
type cardArgument struct {
	name, was, now string // as in the configuration
	patch          string // the body that asks for now
	portal         func(*simulator.SIMCard)
	shows, warns   string // what state and warning show after the portal's change
}

func simCardArguments() []cardArgument {
	text := func(name, field string, at func(*simulator.SIMCard) **string) cardArgument {
		return cardArgument{name, `"old"`, `"new"`, fmt.Sprintf(`{%q:"new"}`, field),
			func(c *simulator.SIMCard) { *at(c) = new("portal") }, "portal", "portal -> new"}
	}
	return []cardArgument{
		{"sim_number", `"8900000000000000001"`, `"8900000000000000002"`, `{"SIMNumber":"8900000000000000002"}`,
			func(c *simulator.SIMCard) { c.SIMNumber = new("8900000000000000003") }, "8900000000000000003",
			"8900000000000000003 -> 8900000000000000002"},
		text("description", "Description", func(c *simulator.SIMCard) **string { return &c.Description }),
		text("inventory_ref", "InventoryRef", func(c *simulator.SIMCard) **string { return &c.InventoryRef }),
		text("tariff", "Tariff", func(c *simulator.SIMCard) **string { return &c.Tariff }),
		text("bundle", "Bundle", func(c *simulator.SIMCard) **string { return &c.Bundle }),
		text("operator", "Operator", func(c *simulator.SIMCard) **string { return &c.Operator }),
		text("soc", "SOC", func(c *simulator.SIMCard) **string { return &c.SOC }),
		text("purchase_order", "PurchaseOrder", func(c *simulator.SIMCard) **string { return &c.PurchaseOrder }),
		text("sim_provider", "Provider", func(c *simulator.SIMCard) **string { return &c.Provider }),
		text("provider_tariff", "ProviderTariff", func(c *simulator.SIMCard) **string { return &c.ProviderTariff }),
		text("provider_price", "ProviderPrice", func(c *simulator.SIMCard) **string { return &c.ProviderPrice }),
		{"provider_start_date", `"2024-05-01T08:00:00Z"`, `"2024-06-01T10:00:00+02:00"`,
			`{"ProviderStartDate":"2024-06-01T08:00:00Z"}`,
			func(c *simulator.SIMCard) { c.ProviderStartDate = new(time.Date(2024, 7, 1, 8, 0, 0, 0, time.UTC)) },
			"2024-07-01T08:00:00Z", "2024-07-01T08:00:00Z -> 2024-06-01T10:00:00+02:00"},
		{"state", `"ready"`, `"live"`, `{"State":3}`, func(c *simulator.SIMCard) { c.State = 4 }, "suspend",
			"suspend -> live"},
		{"foreign_attributes", `{ depot = "north" }`, `{ depot = "south", row = "2" }`,
			`{"ForeignAttributes":{"depot":"south","row":"2"}}`,
			func(c *simulator.SIMCard) { c.ForeignAttributes = map[string]string{"depot": "east"} }, "",
			"{depot=east} -> {depot=south, row=2}"},
	}
}

// Each SIM has one argument: what is sent for it is that alone.
func TestAccSIMCard_eachArgument(t *testing.T) {
	env := acctest.New(t)
	env.AddAccount(simAccount)
	arguments := simCardArguments()
	var clis, addresses []string
	for i, a := range arguments {
		clis = append(clis, fmt.Sprintf("0010100000000%02d", i))
		addresses = append(addresses, "telco_sim_card."+a.name)
	}
	config := func(value func(cardArgument) string) string {
		var b strings.Builder
		for i, a := range arguments {
			line := ""
			if v := value(a); v != "" {
				line = a.name + " = " + v
			}
			b.WriteString(simCardBlock(a.name, clis[i], line))
		}
		return env.Config(b.String())
	}
	was, now, unset := func(a cardArgument) string { return a.was }, func(a cardArgument) string { return a.now },
		func(cardArgument) string { return "" }
	var patches, portal []resource.TestCheckFunc
	for i, a := range arguments {
		patches = append(patches, checkCardSent(env, "sim.update", clis[i], a.patch))
		if a.shows != "" {
			portal = append(portal, resource.TestCheckResourceAttr(addresses[i], a.name, a.shows))
		}
	}
	warned := func(*terraform.State) error {
		all := env.Warnings(updateWarning)
		for i, a := range arguments {
			warns := a.warns
			switch a.name { // free text and maps are named, never quoted
			case "description", "inventory_ref", "purchase_order":
				warns = "changes"
			case "foreign_attributes":
				warns = "changes ("
			}
			text := strings.TrimSuffix(fmt.Sprintf("SIM card %s/%s: %s %s.", simAccount, clis[i], a.name, warns), "(.")
			if !slices.ContainsFunc(all, func(w string) bool { return strings.Contains(w, text) }) {
				return fmt.Errorf("no warning holds %q; there were:\n%s", text, strings.Join(all, "\n"))
			}
		}
		return nil
	}

	env.Test(
		resource.TestStep{Config: config(was), ConfigPlanChecks: cardAction(plancheck.ResourceActionCreate, addresses...)},
		resource.TestStep{
			Config: config(now), ConfigPlanChecks: cardAction(plancheck.ResourceActionUpdate, addresses...),
			Check: acctest.CheckAll(slices.Concat(patches,
				[]resource.TestCheckFunc{checkCardLedgers(env, clis, "create", "update"),
					resource.TestCheckResourceAttr("telco_sim_card.description", "version", "3")})...),
		},
		resource.TestStep{ // an argument that is taken out sends nothing
			PreConfig: func() { env.Warnings("") },
			Config:    config(unset), ConfigPlanChecks: cardNoChange,
			Check: acctest.CheckAll(env.CheckSilent(), checkCardLedgers(env, clis, "create", "update"),
				resource.TestCheckResourceAttr("telco_sim_card.description", "description", "new")),
		},
		resource.TestStep{ // and shows what the service holds from then on
			PreConfig: func() {
				for i, a := range arguments {
					env.ChangeSIMCard(simAccount, clis[i], a.portal)
				}
			},
			Config: config(unset), ConfigPlanChecks: cardNoChange,
			Check: acctest.CheckAll(append(portal, env.CheckSilent(),
				resource.TestCheckResourceAttr("telco_sim_card.foreign_attributes", "foreign_attributes.depot", "east"))...),
		},
		resource.TestStep{ // declared again, it is drift
			PreConfig: env.ForgetRequests,
			Config:    config(now), ConfigPlanChecks: cardAction(plancheck.ResourceActionUpdate, addresses...),
			Check: acctest.CheckAll(slices.Concat(patches,
				[]resource.TestCheckFunc{warned, checkCardLedgers(env, clis, "create", "update", "update")})...),
		},
	)
}

// In each step, under another reading of the API's documents, one SIM is created, one changed and one deleted.
func TestAccSIMCard_everyReadingOfTheDocuments(t *testing.T) {
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(other.Close)
	readings := []struct {
		name   string
		quirks simulator.AccountsQuirks
		warns  string
	}{
		{name: "word", quirks: simulator.AccountsQuirks{StatusShape: "bare_string"}},
		{name: "integer", quirks: simulator.AccountsQuirks{StatusShape: "integer", StatusURLInMeta: true,
			AlwaysHTTP200: true}},
		{name: "integer in an object", quirks: simulator.AccountsQuirks{StatusShape: "object_integer", StaleReads: 2}},
		{name: "status beside data", quirks: simulator.AccountsQuirks{StatusShape: "top_level", StatusURLAbsolute: true,
			EmptyAsNull: true}},
		{name: "no data", quirks: simulator.AccountsQuirks{StatusShape: "no_data"}},
		{name: "other words", quirks: simulator.AccountsQuirks{StatusURLWithPrefix: true, StatusWords: map[string]string{
			"pending": "Queued", "complete": "Completed"}}},
		{name: "unknown words", quirks: simulator.AccountsQuirks{StatusWords: map[string]string{"pending": "busy",
			"complete": "finished"}}},
		{name: "late", quirks: simulator.AccountsQuirks{StatusNotFoundFirst: 2, CreateVisibleAfter: 4}},
		{name: "forgotten", quirks: simulator.AccountsQuirks{StatusForgotten: true}},
		{name: "no status URL", quirks: simulator.AccountsQuirks{NoStatusURL: true, EnumsAsNames: true,
			DeleteKeepsTerminated: true}},
		{name: "another host", quirks: simulator.AccountsQuirks{StatusURLHost: other.URL}, warns: "Status URL refused"},
		{name: "plain again"},
	}
	env := acctest.New(t)
	env.AddAccount(simAccount)
	cliOf := func(i int) string { return fmt.Sprintf("0010100000001%02d", i) }
	var steps []resource.TestStep
	var ledger []string // sorted: of each step, create before delete before update
	for i, reading := range readings {
		changes := []string{"create " + simAccount + "/" + cliOf(i)}
		if i > 0 {
			changes = append(changes, "delete "+simAccount+"/"+cliOf(i-1), "update "+simCardID)
		} else {
			changes = append(changes, "create "+simCardID)
		}
		ledger = append(ledger, changes...)
		want := slices.Sorted(slices.Values(ledger))
		steps = append(steps, resource.TestStep{
			PreConfig: func() { setAccountsQuirks(env, reading.quirks); env.Warnings("") },
			Config: env.Config(simCardConfig(fmt.Sprintf("description = %q", reading.name)) +
				simCardBlock(fmt.Sprintf("n%d", i), cliOf(i))),
			Check: func(*terraform.State) error {
				var got []string
				for _, change := range env.Ledger() {
					got = append(got, change.Action+" "+change.Key)
				}
				slices.Sort(got)
				if !slices.Equal(got, want) {
					return fmt.Errorf("%s: the network executed\n  %s\nbut was to execute\n  %s", reading.name,
						strings.Join(got, "\n  "), strings.Join(want, "\n  "))
				}
				if i > 0 {
					if card, there := env.SIMCard(simAccount, cliOf(i-1)); there && card.State != 100 {
						return fmt.Errorf("%s: the deleted SIM is still there", reading.name)
					}
				}
				if card, _ := env.SIMCard(simAccount, simCLI); card.Description == nil || *card.Description != reading.name {
					return fmt.Errorf("%s: the change had not taken effect when the apply ended", reading.name)
				}
				warned := reading.warns == ""
				for _, warning := range env.Warnings("") {
					expected := reading.warns != "" && strings.HasPrefix(warning, reading.warns)
					if !expected && !strings.HasPrefix(warning, "Live, ") {
						return fmt.Errorf("%s: %s", reading.name, warning)
					}
					warned = warned || expected
				}
				if !warned {
					return fmt.Errorf("%s: no warning begins with %q", reading.name, reading.warns)
				}
				if n := elsewhere.Load(); n > 0 {
					return fmt.Errorf("the other host was requested %d times", n)
				}
				return nil
			},
		})
	}
	env.Test(steps...)
}

func TestAccSIMCard_unsupportedField(t *testing.T) {
	env := acctest.New(t)
	env.AddAccount(simAccount)
	setAccountsQuirks(env, simulator.AccountsQuirks{HideFields: []string{"Tariff"}})
	env.Test(
		resource.TestStep{
			Config: env.Config(simCardConfig(`tariff = "gold"`)),
			Check: acctest.CheckAll(cardHolds("operation_status", "complete", "tariff", "gold"),
				cardWarned(env, creationWarning, "Arguments did not read back", "as they were sent: Tariff."),
				env.CheckLedger("create "+simCardID)),
			ExpectNonEmptyPlan: true, // the operator does not support tariffs, and that is said
		},
		resource.TestStep{
			Config: env.Config(simCardConfig()), ConfigPlanChecks: cardNoChange,
			Check: resource.TestCheckNoResourceAttr(simCard, "tariff"),
		},
	)
}

// An import is followed by an empty, silent plan, whatever the service's spelling.
func TestAccSIMCard_import(t *testing.T) {
	const dated, bare = "telco_sim_card.dated", "telco_sim_card.bare"
	env := acctest.New(t)
	env.AddSIMCard(simAccount, simulator.SIMCard{CLI: simMSISDN, State: 3, NetworkStatus: 1, Description: new("")})
	env.AddSIMCard(simAccount, simulator.SIMCard{CLI: "001010000000002",
		ProviderStartDate: new(time.Date(2024, 5, 1, 8, 0, 0, 123456700, time.UTC))})
	env.AddSIMCard(simAccount, simulator.SIMCard{CLI: "001010000000003"})
	setAccountsQuirks(env, simulator.AccountsQuirks{EnumsAsNames: true, PlusInPathRefused: true})
	cards := simCardBlock("dated", "001010000000002", `provider_start_date = "2024-05-01T10:00:00.1234567+02:00"`)
	test := strings.ReplaceAll(protectedCardConfig(), simCLI, simMSISDN)
	imports := cardImportBlock("test", simMSISDN) + cardImportBlock("dated", "001010000000002") +
		cardImportBlock("bare", "001010000000003")

	env.Test(
		resource.TestStep{
			Config: env.Config(test), ResourceName: simCard, ImportState: true, ImportStateId: "acme-fleet",
			ExpectError: regexp.MustCompile(`ACCOUNT_KEY/CLI`),
		},
		resource.TestStep{
			Config: env.Config(test), ResourceName: simCard, ImportState: true, ImportStateId: simAccount + "/001019999999999",
			ExpectError: regexp.MustCompile(`(?i)non-existent\s+remote\s+object`),
		},
		resource.TestStep{
			PreConfig: func() { env.Warnings("") },
			Config: env.Config(test + cards + strings.ReplaceAll(simCardBlock("bare", "001010000000003"),
				"deletion_protection = false", "") + imports),
			// dated turns deletion_protection off, which is a change of the state alone
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(simCard, plancheck.ResourceActionNoop),
				plancheck.ExpectResourceAction(bare, plancheck.ResourceActionNoop),
				plancheck.ExpectResourceAction(dated, plancheck.ResourceActionUpdate),
			}},
			Check: acctest.CheckAll(env.CheckSilent(), env.CheckLedger(),
				cardHolds("id", simAccount+"/"+simMSISDN, "cli", simMSISDN, "state", "live", "network_status", "connected",
					"description", "",
					"purchase_order", "na", "provider_tariff", "na", "provider_price", "na", "deletion_protection", "true",
					"operation_status", "complete"),
				resource.TestCheckResourceAttr(dated, "provider_start_date", "2024-05-01T08:00:00.1234567Z"),
				resource.TestCheckNoResourceAttr(bare, "foreign_attributes.%")),
		},
		resource.TestStep{ // none, null and empty are the same to the service: nothing is sent
			PreConfig: func() { setAccountsQuirks(env, simulator.AccountsQuirks{}) },
			Config: env.Config(strings.ReplaceAll(simCardConfig(), simCLI, simMSISDN) + cards +
				simCardBlock("bare", "001010000000003", "foreign_attributes = {}", `description = ""`)),
			ConfigPlanChecks: cardAction(plancheck.ResourceActionUpdate, simCard, bare),
			Check: acctest.CheckAll(env.CheckSilent(), env.CheckLedger(),
				resource.TestCheckResourceAttr(bare, "foreign_attributes.%", "0"),
				resource.TestCheckResourceAttr(bare, "description", "")),
		},
		resource.TestStep{
			PreConfig: func() {
				env.ChangeSIMCard(simAccount, "001010000000003", func(c *simulator.SIMCard) {
					c.ForeignAttributes, c.Description = map[string]string{"a": "b"}, new("text")
				})
			},
			Config: env.Config(strings.ReplaceAll(simCardConfig(`state = "suspend"`), simCLI, simMSISDN) + cards +
				simCardBlock("bare", "001010000000003", "foreign_attributes = {}", `description = ""`)),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(simCard, plancheck.ResourceActionUpdate),
				plancheck.ExpectResourceAction(bare, plancheck.ResourceActionUpdate),
				plancheck.ExpectResourceAction(dated, plancheck.ResourceActionNoop),
			}},
			Check: acctest.CheckAll(
				checkCardSent(env, "sim.update", "001010000000003", `{"Description":null,"ForeignAttributes":{}}`),
				checkCardSent(env, "sim.update", "%28%2B353%29870000001", `{"State":4}`),
				cardWarned(env, updateWarning, "state live -> suspend.", "loses its connection",
					"description changes; foreign_attributes changes (a).")),
		},
	)
}

func TestAccSIMCard_refusedConfigurations(t *testing.T) {
	env := acctest.New(t)
	env.AddAccount(simAccount)
	step := func(config, want string) resource.TestStep {
		return resource.TestStep{Config: env.Config(config),
			ExpectError: regexp.MustCompile(`(?s)` + strings.ReplaceAll(want, " ", `\s+`))}
	}
	env.Test(
		step(simCardBlock("test", "+353870000001"), "must be an IMSI of 14 to 16 digits"),
		step(simCardConfig(`sim_number = "89"`), "must be an ICCID of 18 to 22 digits"),
		step(simCardConfig(`state = "unknown"`), `value must be one of:`),
		step(simCardConfig(`provider_start_date = "1 May 2024"`), "RFC 3339"),
		step(simCardConfig(`foreign_attributes = { a = null }`), "(?i)null value"),
		resource.TestStep{Config: env.Config(simCardConfig())},
		step(simCardBlock("test", "001010000000002"), "cli can't be changed.*cli 001010000000001 -> 001010000000002"),
		step(strings.ReplaceAll(simCardConfig(), `"acme-fleet"`, `"other"`), "account_key can't be changed.*acme-fleet -> "+
			"other"),
		resource.TestStep{Config: env.Config(simCardConfig()), ConfigPlanChecks: cardNoChange,
			Check: env.CheckLedger("create " + simCardID)},
	)
}

func TestAccSIMCard_readOnly(t *testing.T) {
	const readOnly = "read_only = true"
	env := acctest.New(t)
	env.AddAccount(simAccount)
	refused := regexp.MustCompile(`Read-only\s+provider`)
	env.Test(
		resource.TestStep{Config: env.Config(simCardConfig(), readOnly), ExpectError: refused},
		resource.TestStep{
			PreConfig: func() { env.AddSIMCard(simAccount, simulator.SIMCard{CLI: simCLI}) },
			Config:    env.Config(simCardConfig()+cardImportBlock("test", simCLI), readOnly),
		},
		resource.TestStep{Config: env.Config(simCardConfig(`description = "x"`), readOnly), ExpectError: refused},
		resource.TestStep{Config: env.Config("", readOnly), ExpectError: refused},
		resource.TestStep{Config: env.Config(simCardConfig()), ConfigPlanChecks: cardNoChange, Check: env.CheckLedger()},
	)
}

// A SIM that exists before is never adopted.
func TestAccSIMCard_existsBefore(t *testing.T) {
	env := acctest.New(t)
	env.AddSIMCard(simAccount, simulator.SIMCard{CLI: simCLI, Description: new("somebody else's")})
	exists := regexp.MustCompile(`(?s)SIM\s+card\s+exists\s+already.*import\s+\{\s+to\s+=\s+ADDRESS\s+id\s+=\s+"acme-fleet/001010000000001"\s+\}`)
	nothingSent := func() {
		if posts := len(cardSent(env, "sim.create", "")); posts > 0 {
			t.Errorf("%d orders were sent", posts)
		}
	}
	env.Test(
		resource.TestStep{Config: env.Config(simCardConfig()), ExpectError: exists},
		resource.TestStep{PreConfig: nothingSent, Config: env.Config(simCardConfig(), "preflight = false"),
			ExpectError: exists},
		resource.TestStep{ // it comes into being between the last look and the order
			PreConfig: func() {
				nothingSent()
				env.RemoveSIMCard(simAccount, simCLI)
				env.Before(simulator.Accounts, "sim.create", 0,
					func() { env.AddSIMCard(simAccount, simulator.SIMCard{CLI: simCLI}) })
			},
			Config: env.Config(simCardConfig()), ExpectError: exists,
		},
		resource.TestStep{ // nothing of it has come into state
			Config: env.Config(simCardConfig() + cardImportBlock("test", simCLI)), Check: env.CheckLedger(),
		},
	)
}

// cardLostAnswers is each way in which the answer to a change can be lost.
func cardLostAnswers() map[string]simulator.Fault {
	return map[string]simulator.Fault{
		"reset_after":  {Effect: simulator.Reset, Executed: true},
		"reset_before": {Effect: simulator.Reset},
		"500_after":    {Effect: simulator.Answer, Status: 500, Body: `{"Message":"An error has occurred."}`, Executed: true},
		"500_before":   {Effect: simulator.Answer, Status: 500, Body: "<html>500</html>"},
		"503_after":    {Effect: simulator.Answer, Status: 503, Body: "<html>503</html>", Executed: true},
		"503_before":   {Effect: simulator.Answer, Status: 503, Body: "<html>503</html>"},
		"cut_after":    {Effect: simulator.Cut, Executed: true},
	}
}

// Each SIM loses the answer of each of its changes in its own way. What was executed is found by reading, what was not
// is an error; another apply sends only that.
func TestAccSIMCard_lostAnswers(t *testing.T) {
	env := acctest.New(t)
	env.AddAccount(simAccount)
	var clis, executed, refused []string
	config := ""
	block := func(name, cli string) string { return simCardBlock("f_"+name, cli, "description = var.description") }
	for i, name := range slices.Sorted(maps.Keys(cardLostAnswers())) {
		cli := fmt.Sprintf("0010100000002%02d", i)
		clis = append(clis, cli)
		config += block(name, cli)
		fault := cardLostAnswers()[name]
		for _, route := range []string{"sim.create", "sim.update", "sim.delete"} {
			fault.Match, fault.Times = simulator.Match{API: simulator.Accounts, Route: route, Key: cli}, 1
			env.Inject(fault)
		}
		if fault.Executed {
			executed = append(executed, "telco_sim_card.f_"+name)
		} else {
			refused = append(refused, "telco_sim_card.f_"+name)
		}
	}
	with := func(description string) string {
		return env.Config(fmt.Sprintf("variable \"description\" {\n  default = %q\n}\n", description) + config)
	}
	second := func(what plancheck.ResourceActionType) resource.ConfigPlanChecks {
		checks := cardAction(what, refused...)
		checks.PreApply = append(checks.PreApply, cardAction(plancheck.ResourceActionNoop, executed...).PreApply...)
		return checks
	}
	env.Test(
		resource.TestStep{Config: with("a"), ExpectError: regexp.MustCompile(`no\s+such\s+SIM\s+was\s+created`)},
		resource.TestStep{Config: with("a"), ConfigPlanChecks: second(plancheck.ResourceActionCreate),
			Check: checkCardLedgers(env, clis, "create")},
		resource.TestStep{Config: with("b"), ExpectError: regexp.MustCompile(`SIM\s+card\s+update\s+had\s+no\s+effect`)},
		resource.TestStep{
			Config: with("b"), ConfigPlanChecks: second(plancheck.ResourceActionUpdate),
			Check: checkCardLedgers(env, clis, "create", "update"),
		},
		resource.TestStep{Config: env.Config(""),
			ExpectError: regexp.MustCompile(`SIM\s+card\s+deletion\s+had\s+no\s+effect`)},
		resource.TestStep{
			Config: env.Config(""), ConfigPlanChecks: cardAction(plancheck.ResourceActionDestroy, refused...),
			Check: checkCardLedgers(env, clis, "create", "update", "delete"),
		},
	)
}

// Where even reading can't tell what became of a change, state says so, and the next refresh settles it.
func TestAccSIMCard_outcomeUnknown(t *testing.T) {
	env, settle := slowAccounts(t)
	// blackout executes the next change of the route, and from then on nothing is answered.
	blackout := func(route string) {
		env.Before(simulator.Accounts, route, 0, func() {
			env.Inject(simulator.Fault{Match: simulator.Match{API: simulator.Accounts}, Effect: simulator.Reset, Executed: true})
		})
	}
	daylight := func(*terraform.State) error {
		env.ClearFaults()
		return nil
	}
	unknown := func(route, description string, warnings ...string) resource.TestStep {
		return resource.TestStep{
			PreConfig: func() { blackout(route) },
			Config:    env.Config(simCardConfig(fmt.Sprintf("description = %q", description))),
			Check: acctest.CheckAll(cardHolds("operation_status", "unknown", "description", description),
				cardWarned(env, warnings...), daylight),
			ExpectNonEmptyPlan: true, // the next plan shows the operation, which the refresh finds to be running
		}
	}
	settled := func(description string, ledger ...string) resource.TestStep {
		return resource.TestStep{
			PreConfig: func() { settle(); env.Warnings("") },
			Config:    env.Config(simCardConfig(fmt.Sprintf("description = %q", description))), ConfigPlanChecks: cardNoChange,
			Check: acctest.CheckAll(cardHolds("operation_status", "complete", "description", description, "purchase_order",
				"na"),
				env.CheckSilent(), env.CheckLedger(ledger...)),
		}
	}
	create, update, del := "create "+simCardID, "update "+simCardID, "delete "+simCardID
	env.Test(
		unknown("sim.create", "a", creationWarning, "Outcome of the SIM card creation is unknown", "Nothing is sent again"),
		settled("a", create),
		unknown("sim.update", "b", updateWarning, "Outcome of the SIM card update is unknown"),
		settled("b", create, update),
		resource.TestStep{
			PreConfig: func() {
				blackout("sim.delete")
				setAccountsQuirks(env, simulator.AccountsQuirks{DeleteKeepsTerminated: true})
			},
			Config: env.Config(""), ExpectError: regexp.MustCompile(`Outcome\s+of\s+the\s+SIM\s+card\s+deletion\s+is\s+unknown`),
		},
		resource.TestStep{
			PreConfig: func() { env.ClearFaults(); settle(); env.Warnings("") },
			Config:    env.Config(""), ConfigPlanChecks: cardNoChange,
			Check: acctest.CheckAll(cardWarned(env), env.CheckLedger(create, update, del)),
		},
	)
}

// An order whose end was not seen stays in state, untainted; the next applies only wait.
func TestAccSIMCard_createPending(t *testing.T) {
	env, settle := slowAccounts(t)
	config := env.Config(simCardConfig(`state = "ready"`, `timeouts = { create = "2s", update = "2s", delete = "2s" }`, `lifecycle {
    prevent_destroy = true
  }`))
	pendingPlan := resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
		plancheck.ExpectResourceAction(simCard, plancheck.ResourceActionUpdate),
		plancheck.ExpectUnknownValue(simCard, tfjsonpath.New("operation_status")),
		plancheck.ExpectUnknownValue(simCard, tfjsonpath.New("actor_status")),
	}}
	env.Test(
		resource.TestStep{
			Config: config,
			Check: acctest.CheckAll(cardHolds("operation_status", "pending", "state", "ready", "id", simCardID),
				cardWarned(env, creationWarning, "SIM card creation is pending", "nothing is sent again"),
				env.CheckLedger("create "+simCardID)),
			ExpectNonEmptyPlan: true, // the next plan shows the operation
		},
		resource.TestStep{
			PreConfig: func() { env.Warnings("") },
			Config:    config, ConfigPlanChecks: pendingPlan,
			ExpectError: regexp.MustCompile(`SIM\s+card\s+creation\s+is\s+pending`),
		},
		resource.TestStep{
			PreConfig: func() { settleInApply(env, settle) },
			Config:    config, ConfigPlanChecks: pendingPlan,
			Check: acctest.CheckAll(cardHolds("operation_status", "complete", "actor_status", "stable", "version", "2",
				"purchase_order", "na"),
				resource.TestCheckResourceAttrSet(simCard, "created"),
				cardWarned(env), checkCardSent(env, "sim.create", "", `{"CLI":"001010000000001","State":1}`),
				env.CheckLedger("create "+simCardID)),
		},
		resource.TestStep{
			PreConfig: func() { setAccountsQuirks(env, simulator.AccountsQuirks{DeleteKeepsTerminated: true}) },
			Config:    env.Config(""), ExpectError: regexp.MustCompile(`SIM\s+card\s+deletion\s+is\s+pending`),
		},
		resource.TestStep{ // what the deletion leaves behind is terminated, and out of state without another one
			PreConfig: func() { settle(); env.Warnings("") },
			Config:    env.Config(""), ConfigPlanChecks: cardNoChange,
			Check: acctest.CheckAll(cardWarned(env, "The deletion of SIM card "+simCardID, "is complete, so it leaves the "+
				"state"),
				env.CheckLedger("create "+simCardID, "delete "+simCardID)),
		},
	)
}

// A pending order that failed after all leaves the state at the next refresh; a conflict is never adopted.
func TestAccSIMCard_pendingCreateFails(t *testing.T) {
	env, settle := slowAccounts(t)
	config := env.Config(simCardConfig(`timeouts = { create = "2s" }`))
	pending := func(quirks simulator.AccountsQuirks, ledger ...string) resource.TestStep {
		return resource.TestStep{
			PreConfig: func() { setAccountsQuirks(env, quirks) },
			Config:    config, ConfigPlanChecks: cardAction(plancheck.ResourceActionCreate),
			Check:              acctest.CheckAll(cardHolds("operation_status", "pending"), env.CheckLedger(ledger...)),
			ExpectNonEmptyPlan: true, // the next plan shows the operation
		}
	}
	create := "create " + simCardID
	env.Test(
		pending(simulator.AccountsQuirks{FailNext: "failed"}, create),
		resource.TestStep{
			PreConfig: func() { settle(); env.Warnings("") },
			Config:    env.Config(""), ConfigPlanChecks: cardNoChange,
			Check: cardWarned(env, "SIM card creation failed"),
		},
		pending(simulator.AccountsQuirks{CreateVisibleAfter: 1000}, create, create),
		resource.TestStep{ // destroying an order that does not show yet first waits for it
			PreConfig: func() {
				setAccountsQuirks(env, simulator.AccountsQuirks{})
				env.Before(simulator.Accounts, "sim.status", 4, func() {
					settle()
					env.RemoveSIMCard(simAccount, simCLI)
					env.AddSIMCard(simAccount, simulator.SIMCard{CLI: simCLI}) // somebody else's
					env.Inject(simulator.Fault{Match: simulator.Match{API: simulator.Accounts, Route: "sim.status"},
						Effect: simulator.Answer,
						Status: 409, Body: `{"Success":false,"Code":409,"ErrorCode":409,"ErrorDescription":"CLI exists"}`})
				})
			},
			Config: env.Config(""), ExpectError: regexp.MustCompile(`SIM\s+card\s+exists\s+already`),
		},
		resource.TestStep{
			PreConfig: func() { env.Warnings("") },
			Config:    env.Config(""), ConfigPlanChecks: cardNoChange,
			Check: acctest.CheckAll(cardWarned(env, "that this order did not create"), env.CheckLedger(create, create)),
		},
	)
}

// An order that the service reports as failed is an error without state, so nothing is tainted; a stalled SIM stays.
func TestAccSIMCard_createFails(t *testing.T) {
	env := acctest.New(t)
	env.AddAccount(simAccount)
	config := env.Config(simCardConfig(`description = "a"`))
	create := "create " + simCardID
	quirked := func(quirks simulator.AccountsQuirks) func() { return func() { setAccountsQuirks(env, quirks) } }
	env.Test(
		resource.TestStep{
			PreConfig: quirked(simulator.AccountsQuirks{FailNext: "failed"}), Config: config,
			ExpectError: regexp.MustCompile(`(?s)SIM\s+card\s+creation\s+failed.*No\s+SIM\s+was\s+created`),
		},
		resource.TestStep{
			PreConfig: quirked(simulator.AccountsQuirks{FailNext: "failed", StatusFailureResult: true}),
			Config:    config, ConfigPlanChecks: cardAction(plancheck.ResourceActionCreate),
			ExpectError: regexp.MustCompile(`(?s)The\s+operator\s+refused\s+the\s+create`),
		},
		// A conflict of which no SIM came is a failure like any other.
		resource.TestStep{
			PreConfig: func() {
				env.Inject(simulator.Fault{Match: simulator.Match{API: simulator.Accounts, Route: "sim.status"},
					Effect: simulator.Answer, Times: 1,
					Status: 200, Body: `{"Success":false,"Code":409,"ErrorDescription":"tariff is taken"}`})
				setAccountsQuirks(env, simulator.AccountsQuirks{CreateVisibleAfter: 1000})
			},
			Config: config, ConfigPlanChecks: cardAction(plancheck.ResourceActionCreate),
			ExpectError: regexp.MustCompile(`(?s)SIM\s+card\s+creation\s+failed.*No\s+SIM\s+was\s+created.*tariff\s+is\s+taken`),
		},
		resource.TestStep{
			PreConfig: func() {
				env.RemoveSIMCard(simAccount, simCLI)
				setAccountsQuirks(env, simulator.AccountsQuirks{})
				env.Inject(simulator.Fault{Match: simulator.Match{API: simulator.Accounts, Route: "sim.status"},
					Effect: simulator.Answer, Times: 1,
					Status: 200, Body: `{"Success":false,"Code":409,"ErrorCode":409,"ErrorDescription":"CLI exists"}`})
			},
			Config: config, ConfigPlanChecks: cardAction(plancheck.ResourceActionCreate),
			ExpectError: regexp.MustCompile(`(?s)SIM\s+card\s+exists\s+already.*CLI\s+exists.*import\s+\{`),
		},
		resource.TestStep{
			PreConfig: func() {
				env.RemoveSIMCard(simAccount, simCLI)
				setAccountsQuirks(env, simulator.AccountsQuirks{FailNext: "stalled"})
			},
			Config: config, ConfigPlanChecks: cardAction(plancheck.ResourceActionCreate),
			Check: acctest.CheckAll(cardHolds("actor_status", "stalled", "operation_status", "complete"),
				cardWarned(env, creationWarning, "SIM card is stalled", "support desk"),
				env.CheckLedger(create, create, create, create, create)),
		},
		resource.TestStep{
			PreConfig: func() { setAccountsQuirks(env, simulator.AccountsQuirks{}); env.Warnings("") },
			Config:    config, ConfigPlanChecks: cardNoChange,
			Check: cardWarned(env, "SIM card is stalled"),
		},
		resource.TestStep{
			Config:      env.Config(simCardConfig(`description = "b"`)),
			ExpectError: regexp.MustCompile(`(?s)SIM\s+card\s+is\s+stalled.*support\s+desk`),
		},
		resource.TestStep{
			PreConfig: func() {
				env.ChangeSIMCard(simAccount, simCLI, func(c *simulator.SIMCard) { c.ActorStatus = 0 })
				env.Warnings("")
			},
			Config: config, ConfigPlanChecks: cardNoChange,
			Check: acctest.CheckAll(env.CheckSilent(), cardHolds("actor_status", "stable"),
				env.CheckLedger(create, create, create, create, create)),
		},
	)
}

// Updates and deletions that fail or take too long: errors beside a state that tells the truth, each sent once.
func TestAccSIMCard_slowChanges(t *testing.T) {
	env, settle := slowAccounts(t)
	env.AddSIMCard(simAccount, simulator.SIMCard{CLI: simCLI, Description: new("a")})
	const timeouts = `timeouts = { update = "2s", delete = "2s" }`
	a, b := simCardConfig(`description = "a"`, timeouts), simCardConfig(`description = "b"`, timeouts)
	update, del := "update "+simCardID, "delete "+simCardID
	env.Test(
		resource.TestStep{Config: env.Config(a + cardImportBlock("test", simCLI))},
		resource.TestStep{
			PreConfig: func() {
				setAccountsQuirks(env, simulator.AccountsQuirks{FailNext: "failed"})
				env.Before(simulator.Accounts, "sim.status", 0, settle)
			},
			Config: env.Config(b), ExpectError: regexp.MustCompile(`SIM\s+card\s+update\s+failed`),
		},
		resource.TestStep{
			Config: env.Config(a), ConfigPlanChecks: cardNoChange, // the state had kept the truth
			Check: acctest.CheckAll(cardHolds("description", "a", "operation_status", "complete"), env.CheckLedger(update)),
		},
		resource.TestStep{
			PreConfig: func() { setAccountsQuirks(env, simulator.AccountsQuirks{}) },
			Config:    env.Config(b), ExpectError: regexp.MustCompile(`SIM\s+card\s+update\s+is\s+pending`),
		},
		resource.TestStep{
			PreConfig: func() { env.Warnings(""); settleInApply(env, settle) },
			Config:    env.Config(b),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
				plancheck.ExpectResourceAction(simCard, plancheck.ResourceActionUpdate),
				plancheck.ExpectUnknownValue(simCard, tfjsonpath.New("operation_status")),
			}},
			Check: acctest.CheckAll(cardHolds("description", "b", "operation_status", "complete", "version", "2"),
				cardWarned(env), env.CheckLedger(update, update)),
		},
		resource.TestStep{
			PreConfig: func() { setAccountsQuirks(env, simulator.AccountsQuirks{DeleteKeepsTerminated: true}) },
			Config:    env.Config(""), ExpectError: regexp.MustCompile(`SIM\s+card\s+deletion\s+is\s+pending`),
		},
		resource.TestStep{
			PreConfig: func() { env.Warnings(""); settleInApply(env, settle) },
			Config:    env.Config(""), ConfigPlanChecks: cardAction(plancheck.ResourceActionDestroy),
			Check: acctest.CheckAll(cardWarned(env), checkCardSent(env, "sim.delete", "", ""),
				env.CheckLedger(update, update, del)),
		},
	)
}

// What is not known while planning is checked in the apply, before anything is sent.
func TestAccSIMCard_unknownAtPlan(t *testing.T) {
	env := acctest.New(t)
	env.AddSIMCard(simAccount, simulator.SIMCard{CLI: simCLI})
	config := func(cli, description string) string {
		return env.Config(fmt.Sprintf(`
resource "terraform_data" "cli" {
  input = %q
}
resource "terraform_data" "description" {
  input = %q
}
`, cli, description) + strings.Replace(simCardConfig(
			"description = terraform_data.description.output", "foreign_attributes = { note = "+
				"terraform_data.description.output }"),
			fmt.Sprintf("%q", simCLI), "terraform_data.cli.output", 1))
	}
	env.Test(
		resource.TestStep{
			Config: config(simCLI, "a"),
			ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{cardPlanCheck(func() error {
				if n := len(env.Requests(simulator.Match{API: simulator.Accounts})); n > 0 {
					return fmt.Errorf("the plan made %d calls for a SIM that it does not know", n)
				}
				return nil
			})}},
			ExpectError: regexp.MustCompile(`SIM\s+card\s+exists\s+already`),
		},
		resource.TestStep{
			PreConfig: func() { env.RemoveSIMCard(simAccount, simCLI) },
			Config:    config(simCLI, "a"), ConfigPlanChecks: cardAction(plancheck.ResourceActionCreate),
			Check: acctest.CheckAll(env.CheckLedger("create "+simCardID), env.CheckWarned(creationWarning, simCardID)),
		},
		resource.TestStep{
			Config: config(simCLI, "b"), ConfigPlanChecks: cardAction(plancheck.ResourceActionUpdate),
			Check: acctest.CheckAll(env.CheckLedger("create "+simCardID, "update "+simCardID),
				env.CheckWarned(updateWarning, "description changes; foreign_attributes changes (note)."),
				checkCardSent(env, "sim.update", "", `{"Description":"b","ForeignAttributes":{"note":"b"}}`)),
		},
		resource.TestStep{
			Config: config("001010000000002", "b"), ExpectError: regexp.MustCompile(`cli\s+can't\s+be\s+changed`),
		},
		resource.TestStep{
			Config: config(simCLI, "b"), Check: env.CheckLedger("create "+simCardID, "update "+simCardID),
		},
	)
}

// cardPlanCheck is a check of anything at the time when a plan has been made.
type cardPlanCheck func() error

func (f cardPlanCheck) CheckPlan(_ context.Context, _ plancheck.CheckPlanRequest, resp *plancheck.CheckPlanResponse) {
	resp.Error = f()
}

func TestAccSIMCard_preflightOff(t *testing.T) {
	const off = "preflight = false"
	env := acctest.New(t)
	env.AddAccount(simAccount)
	update := "update " + simCardID
	env.Test(
		resource.TestStep{
			Config: env.Config(simCardConfig(), off), PlanOnly: true,
			ExpectNonEmptyPlan: true, // the creation
		},
		resource.TestStep{
			PreConfig: func() {
				if calls := env.Requests(simulator.Match{}); len(calls) > 0 {
					t.Errorf("planning a new SIM made %d calls", len(calls))
				}
				if warnings := env.Warnings(creationWarning); len(warnings) == 0 {
					t.Error("planning a new SIM brought no warning")
				}
			},
			Config: env.Config(simCardConfig(`description = "a"`), off),
		},
		resource.TestStep{
			Config:           env.Config(simCardConfig(`description = "b"`), off),
			ConfigPlanChecks: cardAction(plancheck.ResourceActionUpdate),
			Check: acctest.CheckAll(env.CheckWarned(updateWarning, "description changes."),
				env.CheckLedger("create "+simCardID, update)),
		},
		resource.TestStep{ // what a preflight would have found is found in the apply
			PreConfig: func() {
				env.ChangeSIMCard(simAccount, simCLI, func(c *simulator.SIMCard) { c.State = 100 })
				env.ForgetRequests()
			},
			Config:      env.Config(simCardConfig(`description = "c"`), off),
			ExpectError: regexp.MustCompile(`SIM\s+card\s+is\s+terminated`),
		},
		resource.TestStep{
			PreConfig: func() {
				if patches := cardSent(env, "sim.update", ""); len(patches) > 0 {
					t.Errorf("a terminated SIM was sent %s", patches)
				}
			},
			Config: env.Config(simCardConfig(`state = "live"`)), ExpectError: regexp.MustCompile(`SIM\s+card\s+is\s+terminated`),
		},
		resource.TestStep{
			Config: env.Config(simCardConfig(`state = "terminated"`)), ConfigPlanChecks: cardNoChange,
			Check: env.CheckLedger("create "+simCardID, update),
		},
	)
}

// Terraform does not ask the provider before it destroys a tainted object: the state protects the SIM.
func TestAccSIMCard_tainted(t *testing.T) {
	const off = "preflight = false"
	env := acctest.New(t)
	env.AddAccount(simAccount)
	create, del := "create "+simCardID, "delete "+simCardID
	env.Test(
		resource.TestStep{Config: env.Config(simCardConfig(), off)},
		resource.TestStep{ // what is not protected can be replaced, with the plan's own -/+ as the only sign
			Config: env.Config(simCardConfig(), off), Taint: []string{simCard},
			ConfigPlanChecks: cardAction(plancheck.ResourceActionReplace),
			Check:            env.CheckLedger(create, del, create),
		},
		resource.TestStep{Config: env.Config(protectedCardConfig(), off),
			ConfigPlanChecks: cardAction(plancheck.ResourceActionUpdate)},
		resource.TestStep{
			Config: env.Config(simCardConfig(), off), Taint: []string{simCard},
			ExpectError: regexp.MustCompile(`(?s)SIM\s+card\s+is\s+protected.*set\s+deletion_protection\s+=\s+false`),
		},
		resource.TestStep{
			Config:      env.Config(simCardConfig()),
			ExpectError: regexp.MustCompile(`(?s)exists\s+already.*terraform\s+untaint.*deletion_protection\s+=\s+false`),
		},
		resource.TestStep{
			PreConfig: func() { env.RemoveSIMCard(simAccount, simCLI) }, // plugin-testing can't untaint
			Config:    env.Config(simCardConfig()), ConfigPlanChecks: cardAction(plancheck.ResourceActionCreate),
			Check: env.CheckLedger(create, del, create, create),
		},
	)
}

func TestAccSIMCard_replaceRefused(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	env.AddSIMCard(simAccount, simulator.SIMCard{CLI: simCLI, State: 1})
	cli := env.NewCLI(t)
	cli.Write("main.tf", env.Config(simCardConfig()+cardImportBlock("test", simCLI)))
	cli.MustRun("apply", "-auto-approve")
	for _, settings := range []string{"", "preflight = false"} {
		cli.Write("main.tf", env.Config(simCardConfig(), settings))
		output, exit := cli.Run("apply", "-auto-approve", "-replace="+simCard)
		if exit != 1 || !strings.Contains(output, "SIM card can't be replaced") ||
			!strings.Contains(output, "deletion_protection = false") {
			t.Errorf("-replace ended with %d:\n%s", exit, output)
		}
	}

	// The warning tells what is live now, also where the state is old.
	env.ChangeSIMCard(simAccount, simCLI, func(c *simulator.SIMCard) { c.State = 4 })
	cli.Write("main.tf", env.Config(simCardConfig(`state = "live"`)))
	if output := cli.MustRun("plan", "-refresh=false"); !strings.Contains(output, "state suspend -> live.") {
		t.Errorf("the warning does not tell the live state:\n%s", output)
	}
	env.ChangeSIMCard(simAccount, simCLI, func(c *simulator.SIMCard) { c.State = 3 })
	if output := cli.MustRun("plan", "-refresh=false"); strings.Contains(output, "Live, irreversible") {
		t.Errorf("a change that sends nothing is warned of:\n%s", output)
	}
	if output := cli.MustRun("plan", "-refresh=false", "-destroy"); !strings.Contains(output,
		simCardID+": live -> deleted.") {
		t.Errorf("the warning does not tell the live state:\n%s", output)
	}
	if ledger := env.Ledger(); len(ledger) > 0 {
		t.Errorf("the network executed %v", ledger)
	}
}
