package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// freeTexts are the arguments whose values a user may have marked as sensitive.
var freeTexts = []string{"description", "inventory_ref", "purchase_order"}

// sensitiveCard is a card of which each free text and one attribute of the map come from sensitive variables.
func sensitiveCard(value string, lines ...string) string {
	config := ""
	for _, name := range append([]string{"attribute"}, freeTexts...) {
		config += fmt.Sprintf("\nvariable %q {\n  sensitive = true\n  default   = %q\n}", name, secretOf(name, value))
	}
	for _, name := range freeTexts {
		lines = append(lines, fmt.Sprintf("%s = var.%s", name, name))
	}
	lines = append(lines, `foreign_attributes = { "cost-centre" = var.attribute, "depot" = "Kiel" }`)
	return config + simCardConfig(lines...)
}

// secretOf is a value that nothing else holds.
func secretOf(name, value string) string {
	return strings.ReplaceAll(name, "_", "-") + "-" + value + "-4711"
}

// checkUnquoted checks that a text names what has changed and quotes none of the values.
func checkUnquoted(t *testing.T, where, text string, named ...string) {
	t.Helper()
	for _, name := range append([]string{"attribute"}, freeTexts...) {
		for _, value := range []string{"first", "second", "portal"} {
			if strings.Contains(text, secretOf(name, value)) {
				t.Errorf("%s holds %s:\n%s", where, secretOf(name, value), text)
			}
		}
	}
	for _, name := range named {
		if !strings.Contains(text, name) {
			t.Errorf("%s does not name %s:\n%s", where, name, text)
		}
	}
}

// TestAccSensitive: the values of arguments that the user has marked as sensitive stand in the warning of an update, of
// which a pipeline's log is full.
func TestAccSensitive(t *testing.T) {
	t.Parallel()
	changed := append([]string{"cost-centre", "foreign_attributes"}, freeTexts...)
	t.Run("update", func(t *testing.T) {
		t.Parallel()
		env, cli := sensitiveEnv(t)
		cli.Write("main.tf", env.Config(sensitiveCard("second")))
		output, changes := savedPlan(t, cli)
		warnings := strings.Join(env.Warnings(""), "\n")
		checkUnquoted(t, "the plan's output", output, changed...)
		checkUnquoted(t, "the warning", warnings, append(changed, updateWarning, simCardID)...)
		checkUnquoted(t, "last_change", changes[simCard].lastChange(), changed...)
		if strings.Contains(warnings, "depot") || strings.Contains(changes[simCard].lastChange(), "depot") {
			t.Errorf("an attribute that stays is named:\n%s\n%s", warnings, changes[simCard].lastChange())
		}
		checkUnquoted(t, "the apply's output", cli.MustRun("apply", "plan.bin"))
		checkUnquoted(t, "the warnings of the apply", strings.Join(env.Warnings(""), "\n"))
		checkNoChanges(t, cli)
	})
	t.Run("creation", func(t *testing.T) {
		t.Parallel()
		env := acctest.New(t)
		cli := env.NewAttachedCLI(t)
		env.AddAccount(simAccount)
		cli.Write("main.tf", env.Config(sensitiveCard("first")))
		output, changes := savedPlan(t, cli)
		checkUnquoted(t, "the plan's output", output, creationWarning)
		checkUnquoted(t, "the warning", strings.Join(env.Warnings(""), "\n"), creationWarning)
		checkUnquoted(t, "last_change", changes[simCard].lastChange())
		checkUnquoted(t, "the apply's output", cli.MustRun("apply", "plan.bin"))
	})
	t.Run("moved since the plan", func(t *testing.T) {
		t.Parallel()
		env, cli := sensitiveEnv(t)
		cli.Write("main.tf", env.Config(sensitiveCard("second")))
		savedPlan(t, cli)
		env.ChangeSIMCard(simAccount, simCLI, func(c *simulator.SIMCard) {
			c.Description = new(secretOf("description", "portal"))
			c.ForeignAttributes = map[string]string{"cost-centre": secretOf("attribute", "portal"), "depot": "Kiel"}
		})
		sent := len(env.Ledger())
		output := refused(t, cli, "apply", "plan.bin")
		checkUnquoted(t, "the error", output, "description")
		checkError(t, output, changedSince, simCardID)
		if n := len(env.Ledger()); n != sent {
			t.Errorf("the network executed %v", env.Ledger()[sent:])
		}
	})
	t.Run("refused by the service", func(t *testing.T) {
		t.Parallel()
		env, cli := sensitiveEnv(t)
		env.SetAccountsQuirks(func(q *simulator.AccountsQuirks) { q.FailNext = "failed" })
		cli.Write("main.tf", env.Config(sensitiveCard("second")))
		checkUnquoted(t, "the error", refused(t, cli, "apply", "-auto-approve"))
	})
	t.Run("two owners", func(t *testing.T) {
		t.Parallel()
		env := acctest.New(t)
		cli := env.NewAttachedCLI(t)
		env.AddAccount(simAccount)
		other := simCardBlock("other", simCLI, `description = "other words"`)
		cli.Write("main.tf", env.Config(sensitiveCard("first")+other))
		output := refused(t, cli, "plan")
		checkUnquoted(t, "the error", output, simCardID, "description")
		if strings.Contains(strings.Join(env.Warnings(""), "\n"), "other words") {
			t.Error("the other wish is quoted")
		}
	})
}

// sensitiveEnv is a network with such a card in state.
func sensitiveEnv(t *testing.T) (*acctest.Env, *acctest.CLI) {
	t.Helper()
	env := acctest.New(t)
	cli := env.NewAttachedCLI(t)
	env.AddAccount(simAccount)
	cli.Write("main.tf", env.Config(sensitiveCard("first")))
	cli.MustRun("apply", "-auto-approve")
	env.Warnings("")
	return env, cli
}
