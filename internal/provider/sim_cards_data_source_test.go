package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

func TestAccSIMCards(t *testing.T) {
	env := acctest.New(t)
	created := time.Date(2024, 5, 1, 8, 0, 0, 123456700, time.UTC)
	env.AddSIMCard(simAccount, simulator.SIMCard{CLI: "001010000000003", State: 3, Created: created})
	env.AddSIMCard(simAccount, simulator.SIMCard{
		CLI: simMSISDN, SIMNumber: new("8900000000000000001"), Description: new("van 12"), InventoryRef: new("ref"), State: 4,
		Version:           3501,
		ForeignAttributes: map[string]string{"depot": "north"}, Tariff: new("gold"), Bundle: new("b"), Operator: new("op"),
		NetworkStatus: 10,
		Created:       created, SOC: new("S1"), InternalSOC: new("I1"), PurchaseOrder: new("PO"), Provider: new("supplier"),
		ProviderTariff: new("pt"), ProviderPrice: new("2.00gbp"), ProviderStartDate: new(created.Add(time.Hour)),
		ActorStatus: 10,
	})
	env.AddSIMCard(simAccount, simulator.SIMCard{CLI: "001010000000002", State: 7, Created: created})
	env.AddSIMCard("other", simulator.SIMCard{CLI: "001010000000009"})
	env.AddAccount("empty")
	env.SetAccountsQuirks(func(q *simulator.AccountsQuirks) { q.PageSize = 1 })

	text := func(values ...string) map[string]knownvalue.Check {
		checks := map[string]knownvalue.Check{}
		for i := 0; i < len(values); i += 2 {
			checks[values[i]] = knownvalue.StringExact(values[i+1])
		}
		return checks
	}
	full := text("id", simAccount+"/"+simMSISDN, "account_key", simAccount, "cli", simMSISDN, "sim_number",
		"8900000000000000001",
		"description", "van 12", "inventory_ref", "ref", "tariff", "gold", "bundle", "b", "operator", "op", "soc", "S1",
		"purchase_order", "PO",
		"sim_provider", "supplier", "provider_tariff", "pt", "provider_price", "2.00gbp", "provider_start_date",
		"2024-05-01T09:00:00.1234567Z",
		"state", "suspend", "actor_status", "stalled", "network_status", "activation", "internal_soc", "I1", "created",
		"2024-05-01T08:00:00.1234567Z")
	full["version"] = knownvalue.Int64Exact(3501)
	full["foreign_attributes"] = knownvalue.MapExact(map[string]knownvalue.Check{"depot": knownvalue.StringExact("north")})
	bare := func(cli, state string) map[string]knownvalue.Check {
		checks := text("id", simAccount+"/"+cli, "account_key", simAccount, "cli", cli, "purchase_order", "na",
			"provider_tariff", "na",
			"provider_price", "na", "provider_start_date", "2024-05-01T08:00:00.1234567Z", "state", state, "actor_status",
			"stable",
			"network_status", "disconnected", "created", "2024-05-01T08:00:00.1234567Z")
		for name := range strings.FieldsSeq("sim_number description inventory_ref tariff bundle operator soc sim_provider " +
			"internal_soc foreign_attributes") {
			checks[name] = knownvalue.Null()
		}
		checks["version"] = knownvalue.Int64Exact(1)
		return checks
	}
	data := func(name, account, states string) string {
		return fmt.Sprintf("\ndata \"telco_sim_cards\" %q {\n  account_key = %q\n  %s\n}", name, account, states)
	}
	cards := func(name string, want ...map[string]knownvalue.Check) statecheck.StateCheck {
		checks := []knownvalue.Check{}
		for _, card := range want {
			checks = append(checks, knownvalue.ObjectExact(card))
		}
		return statecheck.ExpectKnownValue("data.telco_sim_cards."+name, tfjsonpath.New("cards"),
			knownvalue.ListExact(checks))
	}

	env.Test(
		resource.TestStep{
			Config: env.Config(data("all", simAccount, "") + data("some", simAccount, `states = ["live", "unknown(7)"]`) +
				data("none", simAccount, "states = []") + data("empty", "empty", "")),
			ConfigStateChecks: []statecheck.StateCheck{
				cards("all", full, bare("001010000000002", "unknown(7)"), bare("001010000000003", "live")),
				cards("some", bare("001010000000002", "unknown(7)"), bare("001010000000003", "live")),
				cards("none"), cards("empty"),
			},
			Check: acctest.CheckAll(env.CheckLedger(), env.CheckSilent()),
		},
		resource.TestStep{
			Config:      env.Config(data("all", "nobody", "")),
			ExpectError: regexp.MustCompile(`(?s)The\s+SIM\s+cards\s+of\s+account\s+nobody\s+could\s+not\s+be\s+listed.*Account\s+not\s+found`),
		},
	)
}
