package provider_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// The SIMs of the swap tests with the check digit as their twentieth.
const (
	swapOldChecked = swapOld + "4"
	swapNewChecked = swapNew + "1"
)

// spelt are other spellings of an ICC of 19 digits.
func spelt(icc, checked string) map[string]string {
	return map[string]string{
		"as it is":         icc,
		"check digit":      checked,
		"trailing F":       icc + "F",
		"lower-case f":     icc + "f",
		"check digit, F":   checked + "F",
		"in groups":        icc[:4] + " " + icc[4:8] + " " + icc[8:12] + " " + icc[12:16] + " " + icc[16:],
		"blanks around it": " " + icc + " ",
	}
}

// sentTo are the SIMs that swaps were sent for, as they stood in the URL.
func sentTo(env *acctest.Env) (sims []string) {
	for _, request := range env.Requests(swapRequests) {
		sims = append(sims, request.Path[strings.LastIndex(request.Path, "/")+1:])
	}
	return sims
}

// TestAccSpelling_accountShows: an account that shows its SIM with a check digit, or with an F, counts as holding
// another one, so that a swap which took place "did not take place".
func TestAccSpelling_accountShows(t *testing.T) {
	t.Parallel()
	for name, quirk := range map[string]func(*simulator.MVNOQuirks){
		"check digit":        func(q *simulator.MVNOQuirks) { q.CheckDigit = true },
		"F":                  func(q *simulator.MVNOQuirks) { q.TrailingF = true },
		"check digit, and F": func(q *simulator.MVNOQuirks) { q.CheckDigit, q.TrailingF = true, true },
	} {
		for answer, fault := range map[string]*simulator.Fault{
			"answered": nil,
			"lost":     {Match: swapRequests, Effect: simulator.Reset, Executed: true, Times: 1},
		} {
			t.Run(name+" "+answer, func(t *testing.T) {
				t.Parallel()
				env := newSwapEnv(t)
				cli := env.NewAttachedCLI(t)
				env.SetMVNOQuirks(quirk)
				if fault != nil {
					env.Inject(*fault)
				}
				cli.Write("main.tf", env.Config(simSwapConfig(swapAccount, swapNew, replacing(swapOld))))
				checkOutput(t, cli.MustRun("apply", "-auto-approve"), "!did not take place", "!does not show")
				checkState(t, cli, simSwap, "new_sim="+swapNew, "operation_status=complete")
				checkNoChanges(t, cli)
				checkLedger(t, env, swapDone)
			})
		}
	}
}

// TestAccSpelling_heldAlready: the SIM that the account holds, written in another way, is planned as a swap.
func TestAccSpelling_heldAlready(t *testing.T) {
	t.Parallel()
	for shows, quirk := range map[string]func(*simulator.MVNOQuirks){
		"19 digits":   func(*simulator.MVNOQuirks) {},
		"check digit": func(q *simulator.MVNOQuirks) { q.CheckDigit = true },
	} {
		for name, icc := range spelt(swapOld, swapOldChecked) {
			t.Run(shows+" shown, "+name, func(t *testing.T) {
				t.Parallel()
				env := newSwapEnv(t)
				cli := env.NewAttachedCLI(t)
				env.SetMVNOQuirks(quirk)
				cli.Write("main.tf", env.Config(simSwapConfig(swapAccount, icc)))
				checkOutput(t, cli.MustRun("apply", "-auto-approve"), "!"+swapSummary)
				checkNoChanges(t, cli)
				checkLedger(t, env)
				// Another spelling of the same SIM is no change either.
				cli.Write("main.tf", env.Config(simSwapConfig(swapAccount, swapOld)))
				checkOutput(t, cli.MustRun("apply", "-auto-approve"), "!"+swapSummary)
				checkNoChanges(t, cli)
				checkLedger(t, env)
			})
		}
	}
}

// TestAccSpelling_newSIM: a spelling that the configuration may have is refused, or goes to a service that does not
// take it; another spelling of replaces is another SIM.
func TestAccSpelling_newSIM(t *testing.T) {
	t.Parallel()
	held := spelt(swapOld, swapOldChecked)
	for name, icc := range spelt(swapNew, swapNewChecked) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := newSwapEnv(t)
			cli := env.NewAttachedCLI(t)
			cli.Write("main.tf", env.Config(simSwapConfig(swapAccount, icc, replacing(held[name]))))
			cli.MustRun("apply", "-auto-approve")
			checkNoChanges(t, cli)
			if sims := sentTo(env); len(sims) != 1 || sims[0] != swapNew {
				t.Errorf("swaps were sent to %q, not once to %s", sims, swapNew)
			}
			checkLedger(t, env, swapDone)
		})
	}
}

// TestAccSpelling_replaces: the SIM to be replaced, written in another way, is not the one that the account holds.
func TestAccSpelling_replaces(t *testing.T) {
	t.Parallel()
	for name, icc := range spelt(swapOld, swapOldChecked) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := newSwapEnv(t)
			cli := env.NewAttachedCLI(t)
			cli.Write("main.tf", env.Config(simSwapConfig(swapAccount, "eSim", replacing(icc))))
			checkOutput(t, cli.MustRun("apply", "-auto-approve"), swapSummary)
			checkLedger(t, env, swapDone)
			cli.Write("main.tf", env.Config(simSwapConfig(swapAccount, "eSim", replacing(swapOld))))
			checkOutput(t, cli.MustRun("apply", "-auto-approve"), "!"+swapSummary)
			checkLedger(t, env, swapDone)
		})
	}
}

// TestAccSpelling_accountID: an account id that differs in capitals only counts as another account, and a swap by word
// is sent again.
func TestAccSpelling_accountID(t *testing.T) {
	t.Parallel()
	for name, newSIM := range map[string]string{"word": "eSim", "ICC": swapNew} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := newSwapEnv(t)
			cli := env.NewAttachedCLI(t)
			cli.Write("main.tf", env.Config(simSwapConfig(swapAccount, newSIM)))
			cli.MustRun("apply", "-auto-approve")
			cli.Write("main.tf", env.Config(simSwapConfig(strings.ToUpper(swapAccount), newSIM)))
			checkNoChanges(t, cli)
			cli.MustRun("apply", "-auto-approve")
			checkNoChanges(t, cli)
			checkLedger(t, env, swapDone)
		})
	}
}

// TestAccSpelling_accountIDImport: an import id in capitals names the same account.
func TestAccSpelling_accountIDImport(t *testing.T) {
	t.Parallel()
	env := newSwapEnv(t)
	cli := env.NewAttachedCLI(t)
	cli.Write("main.tf", env.Config(simSwapConfig(swapAccount, swapOld)+fmt.Sprintf(`
import {
  to = telco_mvno_sim_swap.test
  id = %q
}`, strings.ToUpper(swapAccount))))
	checkOutput(t, cli.MustRun("apply", "-auto-approve"), "1 imported, 0 added, 0 changed, 0 destroyed", "!Warning:")
	checkNoChanges(t, cli)
	checkLedger(t, env)
}

// TestAccSpelling_status: a service that writes its words in another case is sent the status that the SIM has already,
// and the end of a change is waited for as long as it takes.
func TestAccSpelling_status(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"title", "lower"} {
		for name, config := range map[string]func(status string) string{
			"sim_status": func(status string) string {
				return simStatusConfig(asyncProduct, status, `timeouts = { create = "5s", update = "5s" }`)
			},
			"sim_fleet_status": func(status string) string {
				return fleetConfig(map[string]string{asyncProduct: status}, `timeouts = { create = "5s", update = "5s" }`)
			},
		} {
			t.Run(name+" "+word, func(t *testing.T) {
				t.Parallel()
				env := acctest.New(t)
				cli := env.NewAttachedCLI(t)
				env.AddProduct(simulator.Product{ID: asyncProduct, SIMStatus: "ACTIVE"})
				env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.StatusCase = word })
				cli.Write("main.tf", env.Config(config("ACTIVE")))
				checkOutput(t, cli.MustRun("apply", "-auto-approve"), "!"+live)
				checkNoChanges(t, cli)
				checkLedger(t, env)

				cli.Write("main.tf", env.Config(config("SUSPENDED")))
				checkOutput(t, cli.MustRun("apply", "-auto-approve"), live, "ACTIVE -> SUSPENDED")
				checkNoChanges(t, cli)
				cli.Write("main.tf", env.Config(config("ACTIVE"))) // by way of PENDING_ACTIVE
				cli.MustRun("apply", "-auto-approve")
				checkNoChanges(t, cli)
				checkLedger(t, env, "status "+asyncProduct, "status "+asyncProduct)
			})
		}
	}
}

// TestAccSpelling_simNumber: an ICCID that is read back with an F, or is configured in another spelling than the
// service shows, is an update at every apply.
func TestAccSpelling_simNumber(t *testing.T) {
	t.Parallel()
	const iccid = "8944000000000000017"
	for name, number := range spelt(iccid, iccid+"6") {
		for shows, quirk := range map[string]bool{"as it is": false, "with an F": true} {
			t.Run(name+", shown "+shows, func(t *testing.T) {
				t.Parallel()
				env := acctest.New(t)
				cli := env.NewAttachedCLI(t)
				env.AddAccount(simAccount)
				env.SetAccountsQuirks(func(q *simulator.AccountsQuirks) { q.SIMNumberF = quirk })
				cli.Write("main.tf", env.Config(simCardConfig(fmt.Sprintf("sim_number = %q", number))))
				cli.MustRun("apply", "-auto-approve")
				checkNoChanges(t, cli)
				cli.Write("main.tf", env.Config(simCardConfig(fmt.Sprintf("sim_number = %q", iccid))))
				cli.MustRun("apply", "-auto-approve")
				checkNoChanges(t, cli)
				checkLedger(t, env, "create "+simCardID)
				if card, ok := env.SIMCard(simAccount, simCLI); !ok || card.SIMNumber == nil {
					t.Error("the service was sent no ICCID")
				} else if strings.Trim(*card.SIMNumber, "0123456789") != "" {
					t.Errorf("the service was sent %q, which is no ICCID", *card.SIMNumber)
				}
			})
		}
	}
}

// somebodyElse is what is said of an object that shows neither what it showed before a change nor what was asked for.
const somebodyElse = "omebody else"

// TestAccOthersChange_swap: where somebody else has swapped the account after a swap whose answer was lost, "the swap
// did not take place" is a guess.
func TestAccOthersChange_swap(t *testing.T) {
	t.Parallel()
	lose := func(env *acctest.Env, executed bool) {
		env.Inject(simulator.Fault{Match: swapRequests, Effect: simulator.Reset, Executed: executed, Times: 1})
	}
	for name, executed := range map[string]bool{"executed": true, "not executed": false} {
		t.Run("at once, "+name, func(t *testing.T) {
			t.Parallel()
			env := newSwapEnv(t)
			cli := env.NewAttachedCLI(t)
			lose(env, executed)
			cli.Write("main.tf", env.Config(simSwapConfig(swapAccount, swapNew, replacing(swapOld))))
			env.Before(simulator.MVNO, "account.swap", 0, func() { // then the first read finds a third SIM
				env.Before(simulator.MVNO, "account.read", 0, accountHolds(env, swapAuto))
			})
			output, _ := cli.Run("apply", "-auto-approve")
			checkOutput(t, output, somebodyElse, swapAuto, "!did not take place", "!no effect", "!safe to apply again")
		})
		t.Run("by the next refresh, "+name, func(t *testing.T) {
			t.Parallel()
			env := newSwapEnv(t)
			cli := env.NewAttachedCLI(t)
			lose(env, executed)
			cli.Write("main.tf", env.Config(simSwapConfig(swapAccount, swapNew)))
			env.Before(simulator.MVNO, "account.swap", 0, func() { // from then on the account can't be read
				env.Inject(simulator.Fault{Match: simulator.Match{Route: "account.read"}, Effect: simulator.Answer, Status: 503})
			})
			checkOutput(t, cli.MustRun("apply", "-auto-approve"), "Outcome of the SIM swap is unknown")
			env.ClearFaults()
			accountHolds(env, swapAuto)()
			output, _ := cli.Run("plan")
			checkOutput(t, output, somebodyElse, swapAuto, "!did not take place", "!no effect")
		})
	}
}

// TestAccOthersChange_status: the same for a status, which somebody else has set meanwhile.
func TestAccOthersChange_status(t *testing.T) {
	t.Parallel()
	third := func(env *acctest.Env) func() {
		return func() {
			env.ChangeProduct(syncProduct, func(p *simulator.Product) { p.Status, p.SIMStatus = "BLOCKED", "BLOCKED" })
		}
	}
	for name, config := range map[string]string{
		"sim_status":       simStatusConfig(syncProduct, "ACTIVE"),
		"sim_fleet_status": fleetConfig(map[string]string{syncProduct: "ACTIVE"}),
	} {
		for how, executed := range map[string]bool{"executed": true, "not executed": false} {
			t.Run(name+" "+how, func(t *testing.T) {
				t.Parallel()
				env := acctest.New(t)
				cli := env.NewAttachedCLI(t)
				env.AddProduct(simulator.Product{ID: syncProduct, SIMStatus: "INACTIVE"})
				env.Inject(simulator.Fault{
					Match: simulator.Match{Route: "product.update"}, Effect: simulator.Reset, Executed: executed, Times: 1,
				})
				cli.Write("main.tf", env.Config(config))
				env.Before(simulator.CMO, "product.update", 0, func() { // and then neither read finds INACTIVE or ACTIVE
					env.Before(simulator.CMO, "product.read", 0, third(env))
					env.Before(simulator.CMO, "product.find", 0, third(env))
				})
				output, _ := cli.Run("apply", "-auto-approve")
				checkOutput(t, output, somebodyElse, "BLOCKED", "!no effect", "!did not take effect", "!safe to apply again")
				if n := len(env.Requests(simulator.Match{Route: "product.update"})); n != 1 {
					t.Errorf("%d changes were sent", n)
				}
			})
		}
	}
}

// TestAccOthersChange_card: and for a SIM card whose description somebody else has changed meanwhile.
func TestAccOthersChange_card(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	cli := env.NewAttachedCLI(t)
	env.AddAccount(simAccount)
	cli.Write("main.tf", env.Config(simCardConfig(`tariff = "T1"`)))
	cli.MustRun("apply", "-auto-approve")
	cli.Write("main.tf", env.Config(simCardConfig(`tariff = "T2"`)))
	env.Inject(simulator.Fault{Match: simulator.Match{Route: "sim.update"}, Effect: simulator.Reset, Times: 1})
	env.Before(simulator.Accounts, "sim.update", 0, func() {
		env.Before(simulator.Accounts, "sim.read", 0, func() {
			env.ChangeSIMCard(simAccount, simCLI, func(c *simulator.SIMCard) { c.Tariff = new("T3") })
		})
	})
	output, _ := cli.Run("apply", "-auto-approve")
	checkOutput(t, output, somebodyElse, "!no effect", "!did not take effect", "!safe to apply again")
	checkLedger(t, env, "create "+simCardID)
}
