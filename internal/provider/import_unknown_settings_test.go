package provider_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// TestAccImport_unknownSettings: an import while the API's secret is known only after apply is planned by guesses: a
// live warning of a change that nothing asks for, then "a bug in the provider".
func TestAccImport_unknownSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ address, config, id, secret, value string }{
		"sim_card": {
			simCard, protectedCardConfig(`description = "van 12"`), simCardID, "client_secret", simulator.ClientSecret,
		},
		"sim_status": {
			simStatus, simStatusConfig(syncProduct, "ACTIVE"), syncProduct, "client_secret", simulator.ClientSecret,
		},
		"sim_aa_group":  {aaGroup, aaGroupConfig(aaSIM, "LIVE10"), aaSIM + "/LIVE10", "password", simulator.M2MPassword},
		"mvno_sim_swap": {simSwap, simSwapConfig(swapAccount, swapOld), swapAccount, "token", simulator.MVNOToken},
		"mvno_sim_swap by word": {
			simSwap, simSwapConfig(swapAccount, "eSim"), swapAccount + "/eSim", "token", simulator.MVNOToken,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, cli := lastChangeEnv(t)
			env.AddProduct(simulator.Product{ID: syncProduct, SIMStatus: "ACTIVE"})
			env.AddSIMCard(simAccount, simulator.SIMCard{CLI: simCLI, Description: new("van 12")})
			setting := regexp.MustCompile(fmt.Sprintf(`(?m)^(\s*%s\s*= )%q$`, c.secret, c.value))
			config := setting.ReplaceAllString(env.Config(c.config), "${1}terraform_data.secret.output")
			if !strings.Contains(config, "terraform_data.secret.output") {
				t.Fatalf("the secret is not in the configuration:\n%s", config)
			}
			cli.Write("main.tf", config+fmt.Sprintf(`
resource "terraform_data" "secret" { input = %q }
import {
  to = %s
  id = %q
}`, c.value, c.address, c.id))
			output := refused(t, cli, "plan")
			checkOutput(t, output, "Error: ", "!Live, irreversible change", "!bug in the provider", "!"+inconsistent)
			checkError(t, output, "known") // "known after apply", "not known yet"
			cli.Run("apply", "-auto-approve")
			checkLedger(t, env)

			// The way on: what the settings depend on first.
			cli.MustRun("apply", "-auto-approve", "-target=terraform_data.secret")
			checkOutput(t, cli.MustRun("apply", "-auto-approve"), "1 imported, 0 added, 0 changed, 0 destroyed", "!Warning:")
			checkNoChanges(t, cli)
			checkLedger(t, env)
		})
	}
}
