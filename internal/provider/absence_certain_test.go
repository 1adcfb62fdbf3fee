package provider_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// nothingThere is the error where nothing at all that is asked for is there.
const nothingThere = "Nothing of this state is there"

// managed is an object of each resource, with what the network needs for it and something else that stays when the
// object is taken away.
type managed struct {
	address, id string
	api         simulator.API
	config      string
	seed        func(*acctest.Env)
	remove      func(*acctest.Env)
	// strays are clear "not found" answers to one read.
	strays []simulator.Fault
}

func managedObjects() map[string]managed {
	const (
		cmoNotFound = `{"type":"Not Found","status":404,"title":"Error","detail":"Product not found","@type":"problem"}`
		otherSIM    = "JASPER-8997100000000000099"
	)
	product := func(env *acctest.Env) {
		env.AddProduct(simulator.Product{ID: syncProduct, SIMStatus: "ACTIVE"})
		env.AddProduct(simulator.Product{ID: otherSIM, SIMStatus: "ACTIVE"})
	}
	products := []simulator.Fault{
		answerOnce("product.find", 200, `{"entities":[],"errors":[`+cmoNotFound+`]}`),
		answerOnce("product.read", 404, cmoNotFound),
	}
	return map[string]managed{
		"sim_card": {
			address: simCard, id: simCardID, api: simulator.Accounts, config: simCardConfig(),
			seed: func(env *acctest.Env) {
				env.AddAccount(simAccount)
			},
			remove: func(env *acctest.Env) { env.RemoveSIMCard(simAccount, simCLI) },
			strays: []simulator.Fault{answerOnce("sim.read", 404, `{"Data":null,"Success":false,"Code":404,"ErrorCode":404,`+
				`"ErrorSubCode":0,`+
				`"ErrorDescription":"SIM card not found","Meta":"","StatusUrl":null,"ContinuationToken":""}`)},
		},
		"sim_status": {
			address: simStatus, id: syncProduct, api: simulator.CMO, config: simStatusConfig(syncProduct, "ACTIVE"),
			seed:   product,
			remove: func(env *acctest.Env) { env.RemoveProduct(syncProduct) },
			strays: products,
		},
		"sim_fleet_status": {
			address: fleet, id: syncProduct, api: simulator.CMO,
			config: fleetConfig(map[string]string{syncProduct: "ACTIVE"}),
			seed:   product,
			remove: func(env *acctest.Env) { env.RemoveProduct(syncProduct) },
			strays: products,
		},
		"sim_aa_group": {
			address: aaGroup, id: aaSIM, api: simulator.M2M, config: aaGroupConfig(aaSIM, "LIVE10"),
			seed: func(env *acctest.Env) {
				env.AddM2MGroup(simulator.M2MGroup{Code: "TEST", Type: "pending"})
				env.AddM2MGroup(simulator.M2MGroup{Code: "LIVE10", Type: "live"})
				env.AddM2MSIM(simulator.M2MSIM{ICCID: aaSIM, Group: "TEST"})
			},
			remove: func(env *acctest.Env) { env.RemoveM2MSIM(aaSIM) },
			strays: []simulator.Fault{answerOnce("command", 200,
				`<query_status_response version="1" api_id="42"><api_outcome>invalid iccid</api_outcome></query_status_response>`)},
		},
		"mvno_sim_swap": {
			address: simSwap, id: swapAccount, api: simulator.MVNO, config: simSwapConfig(swapAccount, "eSim"),
			seed: func(env *acctest.Env) {
				env.AddMVNOAccount(simulator.MVNOAccount{ID: swapAccount, SIMNumber: swapOld})
				env.AddMVNOAccount(simulator.MVNOAccount{ID: swapOtherNumber, SIMNumber: swapOther})
				env.AddMVNOSIM(simulator.MVNOSIM{ICC: swapESIM, FormFactor: "eSIM"})
				env.AddMVNOSIM(simulator.MVNOSIM{ICC: swapNextESIM, FormFactor: "eSIM"})
			},
			remove: func(env *acctest.Env) { env.RemoveMVNOAccount(swapAccount) },
			strays: []simulator.Fault{answerOnce(
				"account.read", 404, `{"error":{"message":"MVNO account not found","code":"mvnoAccount","status":404}}`,
			)},
		},
	}
}

// answerOnce is a fault that gives one answer of a route away.
func answerOnce(route string, status int, body string) simulator.Fault {
	return simulator.Fault{
		Match: simulator.Match{Route: route}, Times: 1, Effect: simulator.Answer, Status: status, Body: body,
	}
}

// applied is the object on a network of its own, in state.
func (m managed) applied(t *testing.T) (*acctest.Env, *acctest.CLI) {
	t.Helper()
	env := acctest.New(t)
	cli := env.NewAttachedCLI(t)
	m.seed(env)
	cli.Write("main.tf", env.Config(m.config))
	cli.MustRun("apply", "-auto-approve")
	env.Warnings("")
	return env, cli
}

// TestAccAbsence_stray: one clear "not found" is taken for the end of an object, and the next apply sends the change
// again, of which a swap takes another SIM.
func TestAccAbsence_stray(t *testing.T) {
	t.Parallel()
	for name, object := range managedObjects() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, cli := object.applied(t)
			sent := env.Ledger()
			for _, stray := range object.strays {
				env.Inject(stray)
			}
			output, exit := cli.Run("apply", "-auto-approve")
			if exit != 0 || !strings.Contains(output, "No changes.") {
				t.Errorf("the apply ended with %d:\n%s", exit, output)
			}
			if all := env.Warnings(""); len(all) > 0 {
				t.Errorf("warnings: %q", all)
			}
			if env.FaultHits() == 0 {
				t.Error("the answer was never given, so this proves nothing")
			}
			if now := env.Ledger(); !slices.Equal(now, sent) {
				t.Errorf("the network executed %v after %v", now[len(sent):], sent)
			}
			if inState(t, cli, object.address) == nil {
				t.Error("the object has left the state")
			}
		})
	}
}

// TestAccAbsence_certain: an object leaves the state without a word to the user.
func TestAccAbsence_certain(t *testing.T) {
	t.Parallel()
	for name, object := range managedObjects() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, cli := object.applied(t)
			object.remove(env)
			cli.MustRun("apply", "-refresh-only", "-auto-approve")
			if all := env.Warnings(object.id); len(all) == 0 {
				t.Errorf("no warning names %s", object.id)
			}
			got := inState(t, cli, object.address)
			if object.address == fleet { // the fleet stays, its SIM goes
				if statuses, _ := got["statuses"].(map[string]any); got == nil || len(statuses) > 0 {
					t.Errorf("the fleet in state: %v", got)
				}
				return
			}
			if got != nil {
				t.Errorf("the object is still in state: %v", got)
			}
		})
	}
}

// TestAccAbsence_otherHost: another host that says "not found" to everything empties the state, and the plan orders and
// sets all of it anew.
func TestAccAbsence_otherHost(t *testing.T) {
	t.Parallel()
	for name, object := range managedObjects() {
		if object.api == simulator.M2M {
			continue // this API has no call that shows whose account it is, so here the second look is enough
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, cli := object.applied(t)
			before := inState(t, cli, object.address)
			other := acctest.New(t)
			cli.Write("main.tf", other.Config(object.config))
			for _, command := range [][]string{
				{"plan"}, {"apply", "-refresh-only", "-auto-approve"}, {"destroy", "-auto-approve"},
			} {
				output := refused(t, cli, command...)
				checkOutput(t, output, nothingThere, "!-> created", "!will be created", "!Unknown SIM", "!Unknown MVNO account")
			}
			if after := inState(t, cli, object.address); fmt.Sprint(after) != fmt.Sprint(before) {
				t.Errorf("the state was\n%v\nand is\n%v", before, after)
			}
			if changes := other.Ledger(); len(changes) > 0 {
				t.Errorf("the other host executed %v", changes)
			}
			cli.Write("main.tf", env.Config(object.config))
			checkNoChanges(t, cli)
		})
	}
}

// TestAccAbsence_otherHostSaysItOnce: a fleet's worth of errors that all say the same hides the one that matters.
func TestAccAbsence_otherHostSaysItOnce(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	cli := env.NewAttachedCLI(t)
	config := statusSIMs(env, 12)
	cli.Write("main.tf", env.Config(config))
	cli.MustRun("apply", "-auto-approve")
	other := acctest.New(t)
	cli.Write("main.tf", other.Config(config))
	output := refused(t, cli, "plan")
	if n := strings.Count(flat(output), "Error: "+nothingThere); n != 1 || strings.Count(output, "Error: ") != 1 {
		t.Errorf("%d errors say so:\n%s", n, output)
	}
}

// TestAccAbsence_partOfTheState: a SIM is gone for certain where others of the state are found; that it went is not
// said.
func TestAccAbsence_partOfTheState(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	cli := env.NewAttachedCLI(t)
	cli.Write("main.tf", env.Config(statusSIMs(env, 3)))
	cli.MustRun("apply", "-auto-approve")
	const gone = "JASPER-8997100000000010001"
	env.RemoveProduct(gone)
	env.Warnings("")
	cli.MustRun("apply", "-refresh-only", "-auto-approve")
	if all := env.Warnings(""); len(all) != 1 || !strings.Contains(all[0], gone) {
		t.Errorf("the warnings of SIM %s: %q", gone, all)
	}
	for i := range 3 {
		address := fmt.Sprintf("telco_sim_status.fleet[%d]", i)
		if got := inState(t, cli, address); (got == nil) != (i == 1) {
			t.Errorf("%s in state: %v", address, got)
		}
	}
}

// TestAccAbsence_noProof: a "not found" counts although the call that would show whose account it is fails.
func TestAccAbsence_noProof(t *testing.T) {
	t.Parallel()
	for name, object := range managedObjects() {
		if object.api == simulator.M2M {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, cli := object.applied(t)
			object.remove(env)
			for _, route := range []string{"account.list", "account.read", "product.list", "sim.list"} {
				if object.api == simulator.MVNO && route == "account.read" {
					continue // there it is the read of the object itself
				}
				env.Inject(simulator.Fault{
					Match: simulator.Match{API: object.api, Route: route}, Effect: simulator.Answer, Status: 503,
				})
			}
			refused(t, cli, "apply", "-refresh-only", "-auto-approve")
			if inState(t, cli, object.address) == nil {
				t.Error("the object has left the state")
			}
		})
	}
}

// TestAccAbsence_destroy: a destroy that finds its SIM gone ends well without a word, as if it had suspended the SIM.
func TestAccAbsence_destroy(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]string{
		"sim_status":       simStatusConfig(syncProduct, "ACTIVE", `status_on_destroy = "SUSPENDED"`),
		"sim_fleet_status": fleetConfig(map[string]string{syncProduct: "ACTIVE"}, `status_on_removal = "SUSPENDED"`),
		"sim_card":         simCardConfig(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			object := managedObjects()[name]
			object.config = config
			env, cli := object.applied(t)
			sent := len(env.Ledger())
			savedPlan(t, cli, "-destroy")
			object.remove(env)
			env.Warnings("")
			cli.MustRun("apply", "plan.bin")
			if all := env.Warnings(object.id); len(all) == 0 {
				t.Errorf("no warning names %s", object.id)
			}
			if n := len(env.Ledger()); n != sent {
				t.Errorf("the network executed %v", env.Ledger()[sent:])
			}
		})
	}
}

// TestAbsence_twoLooksAtOnce: two "not found" right after each other count as one that lasts: a destroy ends well,
// sends nothing, says nothing, and the SIM stays alive and billed.
func TestAbsence_twoLooksAtOnce(t *testing.T) {
	cases := absenceCases()
	for name, lasts := range map[string]time.Duration{
		"a tenth of a second": 100 * time.Millisecond, "almost five seconds": 4900 * time.Millisecond,
	} {
		for _, resource := range slices.Sorted(maps.Keys(cases)) {
			t.Run(resource+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					a := cases[resource]
					c, _, object := readable(t, a.change)
					c.options = nil // the provider's own pace; the time is the bubble's
					fault := simulator.Fault{
						Match:  simulator.Match{API: a.change.api, Route: readRoute[resource]},
						Effect: simulator.Answer, Status: a.status, Body: a.notFound,
					}
					c.Inject(fault)
					if a.change.api == simulator.CMO {
						c.Inject(simulator.Fault{Match: simulator.Match{Route: "product.find"}, Effect: simulator.Answer, Status: 200,
							Body: `{"entities":[],"errors":[` + a.notFound + `]}`})
					}
					time.AfterFunc(lasts, c.ClearFaults)
					read, said := c.read(t.Context(), c.process(t.Context()), object)
					if len(said) > 0 || !read.value.Equal(object.value) {
						t.Errorf("said %q, state %s", texts(said), read.value)
					}
				})
			})
		}
	}
}

// TestAbsence_destroySends: the destroy of such a SIM sets its last status after all.
func TestAbsence_destroySends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := onMemory(t)
		c.options = nil
		c.AddProduct(simulator.Product{ID: coreSync, SIMStatus: "ACTIVE"})
		c.mustApply(statusConfig(coreSync, "ACTIVE", "SUSPENDED"))
		notFound := absenceCases()["sim_status"].notFound
		c.Inject(simulator.Fault{
			Match: simulator.Match{Route: "product.read"}, Effect: simulator.Answer, Status: 404, Body: notFound,
		})
		c.Inject(simulator.Fault{Match: simulator.Match{Route: "product.find"}, Effect: simulator.Answer, Status: 200,
			Body: `{"entities":[],"errors":[` + notFound + `]}`})
		time.AfterFunc(100*time.Millisecond, c.ClearFaults)
		p := c.plan(t.Context(), nil, corePlanOptions{destroy: true})
		if got := p.actions(); got != "telco_sim_status.a: delete" || !p.warnsOf("SIM status", coreSync) {
			t.Errorf("planned %q, said %q", got, texts(p.diagnostics))
		}
		said := c.apply(t.Context(), p)
		if product, _ := c.Product(coreSync); product.SIMStatus != "SUSPENDED" || len(coreErrors(said)) > 0 {
			t.Errorf("SIM %s is %s, said %q", coreSync, product.SIMStatus, texts(said))
		}
	})
}

// TestAbsence_fleetCosts: each SIM of a fleet that is gone costs calls of its own, and their "not found" use up what
// the client bears of errors, so that the reads of the others get slow.
func TestAbsence_fleetCosts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n, missing, chunk = 1000, 100, 50
		c := scaleCore(t)
		ids := scaleIDs(c, n, "JASPER", "ACTIVE")
		c.mustApply(scaleFleet(ids, "ACTIVE", 100))
		gone := ids[:missing]
		for _, id := range gone {
			c.RemoveProduct(id)
		}
		server, object := c.process(t.Context()), c.state["telco_sim_fleet_status.vans"]
		c.ForgetRequests()
		read, said := c.read(t.Context(), server, object)
		count := func(route string) int { return len(c.Requests(simulator.Match{API: simulator.CMO, Route: route})) }
		// All once, and those that are missing once more; one more call may show that it is ours that answers.
		finds := n/chunk + missing/chunk
		if got := count("product.find"); got != finds || count("product.read") > 0 || count("product.list") > 1 {
			t.Errorf(
				"%d finds instead of %d, %d single reads, %d lists", got, finds, count("product.read"), count("product.list"),
			)
		}
		if failed := coreErrors(said); len(failed) > 0 {
			t.Errorf("the refresh fails: %q", failed)
		}
		warnings := strings.Join(coreWarnings(said), "\n")
		for _, id := range gone {
			if !strings.Contains(warnings, id) {
				t.Errorf("no warning names %s:\n%.600s", id, warnings)
				break
			}
		}
		if left := len(coreFields(coreFields(read.value)["statuses"])); left != n-missing {
			t.Errorf("%d SIMs are left in state", left)
		}

		c.ForgetRequests()
		if again, said := c.read(t.Context(), server, read); len(said) > 0 || !again.value.Equal(read.value) {
			t.Errorf("the next refresh said %q", texts(said))
		}
		if got, want := count("product.find"), (n-missing)/chunk; got != want || count("product.read") > 0 {
			t.Errorf("the next refresh took %d finds instead of %d, and %d single reads", got, want, count("product.read"))
		}
	})
}

// texts are all diagnostics, for messages.
func texts(diagnostics []*tfprotov6.Diagnostic) []string {
	return append(coreErrors(diagnostics), coreWarnings(diagnostics)...)
}
