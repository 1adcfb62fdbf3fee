package provider_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// known makes checks of names and texts.
func known(values ...string) map[string]knownvalue.Check {
	checks := map[string]knownvalue.Check{}
	for i := 0; i < len(values); i += 2 {
		checks[values[i]] = knownvalue.StringExact(values[i+1])
	}
	return checks
}

// nulls adds names that are null.
func nulls(checks map[string]knownvalue.Check, names ...string) map[string]knownvalue.Check {
	for _, name := range names {
		checks[name] = knownvalue.Null()
	}
	return checks
}

// listed expects a list of exactly these objects.
func listed(name, attribute string, objects ...map[string]knownvalue.Check) statecheck.StateCheck {
	checks := []knownvalue.Check{}
	for _, object := range objects {
		checks = append(checks, knownvalue.ObjectExact(object))
	}
	return statecheck.ExpectKnownValue(name, tfjsonpath.New(attribute), knownvalue.ListExact(checks))
}

// textList expects a list of exactly these texts.
func textList(name, attribute string, values ...string) statecheck.StateCheck {
	checks := []knownvalue.Check{}
	for _, value := range values {
		checks = append(checks, knownvalue.StringExact(value))
	}
	return statecheck.ExpectKnownValue(name, tfjsonpath.New(attribute), knownvalue.ListExact(checks))
}

func TestAccAccounts(t *testing.T) {
	const name = "data.telco_accounts.test"
	config := "data \"telco_accounts\" \"test\" {}\n"
	env := acctest.New(t)
	created := time.Date(2024, 5, 1, 8, 0, 0, 123456700, time.UTC)
	env.Test(
		resource.TestStep{ // an integration without accounts has a list without accounts
			Config:            env.Config(config),
			ConfigStateChecks: []statecheck.StateCheck{listed(name, "accounts"), textList(name, "keys")},
		},
		resource.TestStep{
			PreConfig: func() {
				env.SetAccount(simulator.Account{Key: "zebra", StartDate: created})
				env.SetAccount(simulator.Account{
					Key: "acme-fleet", TenantID: "t-1", Description: "vans", EmailContact: "ops@example.com", StartDate: created,
					ActorStatus: 10,
				})
				env.SetAccount(simulator.Account{Key: "Beta 2", StartDate: created, ActorStatus: 1})
				env.SetAccountsQuirks(func(q *simulator.AccountsQuirks) { q.PageSize = 1 })
			},
			Config: env.Config(config),
			ConfigStateChecks: []statecheck.StateCheck{
				listed(name, "accounts",
					nulls(known("account_key", "Beta 2", "start_date", "2024-05-01T08:00:00.1234567Z", "actor_status", "pending"),
						"tenant_id", "description", "email_contact"),
					known("account_key", "acme-fleet", "tenant_id", "t-1", "description", "vans", "email_contact", "ops@example.com",
						"start_date", "2024-05-01T08:00:00.1234567Z", "actor_status", "stalled"),
					nulls(known("account_key", "zebra", "start_date", "2024-05-01T08:00:00.1234567Z", "actor_status", "stable"),
						"tenant_id", "description", "email_contact"),
				),
				textList(name, "keys", "Beta 2", "acme-fleet", "zebra"),
			},
			Check: acctest.CheckAll(env.CheckLedger(), env.CheckSilent()),
		},
		resource.TestStep{
			PreConfig: func() {
				env.Inject(simulator.Fault{
					Match: simulator.Match{API: simulator.Accounts, Route: "integration.accounts"}, Times: 1,
					Effect: simulator.Answer, Status: 403,
					Body: `{"Success":false,"Code":403,"ErrorDescription":"not your integration"}`,
				})
			},
			Config: env.Config(config),
			ExpectError: regexp.MustCompile(`(?s)Unable to list accounts.*accounts\s+of\s+the\s+integration\s+could\s+not\s+` +
				`be\s+listed.*not\s+your\s+integration`),
		},
	)
}
