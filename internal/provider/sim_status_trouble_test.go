package provider_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// oneSIM is a network with one SIM and a CLI whose configuration wants a status for it.
func oneSIM(t *testing.T, status, wanted string, quirks func(*simulator.CMOQuirks)) (*acctest.Env, *acctest.CLI) {
	t.Helper()
	t.Parallel()
	env := acctest.New(t)
	cli := env.NewAttachedCLI(t)
	env.AddProduct(simulator.Product{ID: asyncProduct, SIMStatus: status})
	if quirks != nil {
		env.SetCMOQuirks(quirks)
	}
	cli.Write("main.tf", env.Config(simStatusConfig(asyncProduct, wanted)))
	return env, cli
}

// TestAccSIMStatus_monitor: whatever the service makes of its monitor, the end of the change is found.
func TestAccSIMStatus_monitor(t *testing.T) {
	quirks := map[string]func(*simulator.CMOQuirks){
		"no Location":   func(q *simulator.CMOQuirks) { q.DropLocation = true },
		"not found yet": func(q *simulator.CMOQuirks) { q.MonitorNotFoundFirst = 2 },
		"forgotten":     func(q *simulator.CMOQuirks) { q.MonitorForgotten = true },
		"other words": func(q *simulator.CMOQuirks) {
			q.MonitorStateWords = simulator.CMOStateWords{Running: "in_progress", Done: "DONE"}
		},
		"unknown words": func(q *simulator.CMOQuirks) {
			q.MonitorStateWords = simulator.CMOStateWords{Running: "Held", Done: "Fini"}
		},
		"strings":     func(q *simulator.CMOQuirks) { q.MonitorStrings = true },
		"stale reads": func(q *simulator.CMOQuirks) { q.StaleReads = 3 },
		"synchronous": func(q *simulator.CMOQuirks) { q.FlipAsync, q.SyncBody, q.StaleReads = true, "composite", 2 },
		"empty 200":   func(q *simulator.CMOQuirks) { q.FlipAsync, q.SyncBody = true, "empty" },
		"not nested":  func(q *simulator.CMOQuirks) { q.NoNestedSIMCard = true },
	}
	for _, body := range []string{"empty", "bare_url", "quoted_url", "angle_url", "links", "id_only"} {
		quirks["no Location, body "+body] = func(q *simulator.CMOQuirks) { q.DropLocation, q.MonitorBody = true, body }
	}
	for name, quirk := range quirks {
		t.Run(name, func(t *testing.T) {
			env, cli := oneSIM(t, "ACTIVE", "SUSPENDED", quirk)
			checkOutput(t, cli.MustRun("apply", "-auto-approve"), "!is pending")
			checkState(t, cli, simStatus, "status=SUSPENDED", "product_status=SUSPENDED", "operation_status=complete")
			checkNoChanges(t, cli)
			checkLedger(t, env, "status "+asyncProduct)
		})
	}
}

// TestAccSIMStatus_monitorElsewhere: credentials never go to another host; the SIM itself tells the end.
func TestAccSIMStatus_monitorElsewhere(t *testing.T) {
	stranger := acctest.New(t)
	env, cli := oneSIM(t, "ACTIVE", "SUSPENDED",
		func(q *simulator.CMOQuirks) { q.MonitorHost = strings.TrimPrefix(stranger.URL, "http://") })
	checkOutput(t, cli.MustRun("apply", "-auto-approve"), "Warning: Monitor URL refused", asyncProduct, "the SIM itself "+
		"is read instead")
	checkState(t, cli, simStatus, "status=SUSPENDED", "operation_status=complete")
	checkLedger(t, env, "status "+asyncProduct)
	if n := len(stranger.Requests(simulator.Match{})); n > 0 {
		t.Errorf("%d requests to the other host", n)
	}
	if n := len(env.Requests(simulator.Match{Route: "monitor.read"})); n > 0 {
		t.Errorf("%d requests for the refused monitor", n)
	}
}

// TestAccSIMStatus_failedMonitor: a monitor that tells of a failure in odd ways is believed all the same.
func TestAccSIMStatus_failedMonitor(t *testing.T) {
	for name, quirk := range map[string]func(*simulator.CMOQuirks){
		"Completed with 422": func(q *simulator.CMOQuirks) { q.FailedMonitorCompletedWith = 422 },
		"other word":         func(q *simulator.CMOQuirks) { q.MonitorStateWords.Failed = "terminatedWithError" },
		"strings":            func(q *simulator.CMOQuirks) { q.MonitorStrings = true },
	} {
		t.Run(name, func(t *testing.T) {
			env, cli := oneSIM(t, "INACTIVE", "ACTIVE", func(q *simulator.CMOQuirks) {
				q.FailProduct = []string{asyncProduct}
				quirk(q)
			})
			output, exit := cli.Run("apply", "-auto-approve")
			if exit == 0 {
				t.Error("the apply succeeded")
			}
			checkOutput(t, output, "Error: SIM status was not changed", "The tariff's business rules do not allow status ACTIVE")
			if got := inState(t, cli, simStatus); got != nil {
				t.Errorf("a failed creation is in state: %v", got)
			}
			checkLedger(t, env)
		})
	}
}

// TestAccSIMStatus_failsLater: an accepted change that fails after the wait has ended is told by the next refresh, in
// the service's words.
func TestAccSIMStatus_failsLater(t *testing.T) {
	env, cli := oneSIM(t, "INACTIVE", "ACTIVE", func(q *simulator.CMOQuirks) {
		q.FailProduct,
			q.NeverSettles = []string{asyncProduct}, true
	})
	cli.Write("main.tf", env.Config(simStatusConfig(asyncProduct, "ACTIVE", `timeouts = { create = "2s" }`)))
	checkOutput(t, cli.MustRun("apply", "-auto-approve"), "Warning: SIM status is pending")
	env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.NeverSettles = false })
	for range 2 { // the simulator ends an operation at its second look
		cli.MustRun("refresh")
	}
	env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.FailProduct = nil })
	checkState(t, cli, simStatus, "status=INACTIVE", "operation_status=complete")
	checkOutput(t, strings.Join(env.Warnings("SIM status was not changed"), "\n"), "and then reported that it failed",
		"The tariff's business rules do not allow status ACTIVE")
	checkOutput(t, cli.MustRun("apply", "-auto-approve"), live, "INACTIVE -> ACTIVE", willUpdate)
	checkNoChanges(t, cli)
	checkLedger(t, env, "status "+asyncProduct)
}

// TestAccSIMStatus_unknown: where not even reading tells what became of a change, the state says so, and the next
// refresh settles it.
func TestAccSIMStatus_unknown(t *testing.T) {
	for name, executed := range map[string]bool{"executed": true, "lost": false} {
		t.Run(name, func(t *testing.T) {
			env, cli := oneSIM(t, "INACTIVE", "ACTIVE", nil)
			darken := func() { // the answer is lost, and then no read is answered
				env.Inject(simulator.Fault{Match: simulator.Match{Route: "product.update"}, Effect: simulator.Reset,
					Executed: executed, Times: 1})
				env.Before(simulator.CMO, "product.update", 0, func() {
					env.Inject(simulator.Fault{Match: simulator.Match{Route: "product.read"}, Effect: simulator.Answer, Status: 503})
				})
			}
			once := []string{"status " + asyncProduct}
			said := "Reading shows that it had no effect: its status is INACTIVE."

			darken()
			checkOutput(t, cli.MustRun("apply", "-auto-approve"), "Warning: Outcome of the SIM status change is unknown",
				asyncProduct)
			env.ClearFaults()
			checkState(t, cli, simStatus, "status=ACTIVE", "operation_status=unknown")
			checkOutput(t, cli.MustRun("plan", "-refresh=false"), `operation_status = "unknown" -> (known after apply)`,
				willUpdate, "!"+live)
			if executed {
				checkOutput(t, cli.MustRun("plan"), "!"+live) // under way after all, and perhaps over by now
			} else {
				checkOutput(t, cli.MustRun("plan"), "Warning: SIM status was not changed", said, live, "INACTIVE -> ACTIVE",
					willUpdate)
			}
			cli.MustRun("apply", "-auto-approve")
			checkNoChanges(t, cli)
			checkLedger(t, env, once...)

			cli.Write("main.tf", env.Config(simStatusConfig(asyncProduct, "SUSPENDED", `status_on_destroy = "TERMINATED"`)))
			darken()
			checkOutput(t, cli.MustRun("apply", "-auto-approve"), "Warning: Outcome of the SIM status change is unknown")
			env.ClearFaults()
			checkState(t, cli, simStatus, "status=SUSPENDED", "operation_status=unknown")
			cli.MustRun("apply", "-auto-approve")
			checkNoChanges(t, cli)
			checkLedger(t, env, append(once, once...)...)

			darken()
			output, exit := cli.Run("destroy", "-auto-approve")
			if exit == 0 {
				t.Error("a destroy of unknown outcome succeeded")
			}
			checkOutput(t, output, "Error: Outcome of the SIM status change is unknown")
			env.ClearFaults()
			checkState(t, cli, simStatus, "operation_status=unknown")
			cli.MustRun("destroy", "-auto-approve")
			checkLedger(t, env, append(once, append(once, once...)...)...)
		})
	}
}

// TestAccSIMStatus_otherChange: another change of the SIM is running. One that shows is waited for, one that does not
// is a conflict that changes nothing.
func TestAccSIMStatus_otherChange(t *testing.T) {
	env, cli := oneSIM(t, "INACTIVE", "SUSPENDED", nil)
	before := func(status string) func() { // somebody else's change, just before ours
		return func() {
			request, _ := http.NewRequest(http.MethodPatch,
				env.URL+"/cmo/v5/"+simulator.Tenant+"/product/"+asyncProduct+"-simCard",
				strings.NewReader(`[{"op":"replace","path":"/status","value":"`+status+`"}]`))
			request.Header.Set("Content-Type", "application/json-patch+json")
			request.Header.Set("Authorization", "Bearer "+token(t, env))
			response, err := http.DefaultClient.Do(request)
			if err != nil || response.StatusCode != http.StatusAccepted {
				t.Errorf("the other change: %v, %v", response, err)
				return
			}
			_ = response.Body.Close()
		}
	}
	// At apply: PENDING_ACTIVE, which is waited for, then ACTIVE, which is not what the plan has named.
	env.Before(simulator.CMO, "product.read", 2, before("ACTIVE"))
	output, exit := cli.Run("apply", "-auto-approve")
	if exit == 0 {
		t.Error("a change was sent that the plan has not named")
	}
	checkOutput(t, output, "Error: Changed since the plan", "INACTIVE -> SUSPENDED", "by now it shows ACTIVE")
	checkLedger(t, env, "status "+asyncProduct)
	cli.MustRun("apply", "-auto-approve")
	checkState(t, cli, simStatus, "status=SUSPENDED", "operation_status=complete")
	checkLedger(t, env, "status "+asyncProduct, "status "+asyncProduct)

	cli.Write("main.tf", env.Config(simStatusConfig(asyncProduct, "ACTIVE")))
	env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.NeverSettles = true })
	env.Before(simulator.CMO, "product.update", 0, before("TERMINATED"))
	output, exit = cli.Run("apply", "-auto-approve")
	if exit == 0 {
		t.Error("the apply succeeded")
	}
	checkOutput(t, output, "another change of it is running", "Apply again once it is over")
	checkState(t, cli, simStatus, "status=SUSPENDED", "operation_status=complete")
	checkLedger(t, env, "status "+asyncProduct, "status "+asyncProduct, "status "+asyncProduct)
}

// token gets an access token of the CMO, as somebody else would.
func token(t *testing.T, env *acctest.Env) string {
	response, err := http.PostForm(env.URL+"/cmo/token", map[string][]string{
		"grant_type": {"client_credentials"}, "client_id": {simulator.ClientID}, "client_secret": {simulator.ClientSecret},
	})
	if err != nil {
		t.Error(err)
		return ""
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Error(err)
	}
	return answer.AccessToken
}

// statusSIMs configures n SIMs, all INACTIVE, to be ACTIVE.
func statusSIMs(env *acctest.Env, n int) (config string) {
	for i := range n {
		env.AddProduct(simulator.Product{ID: fmt.Sprintf("JASPER-899710000000001%04d", i), SIMStatus: "INACTIVE"})
	}
	return fmt.Sprintf(`
resource "telco_sim_status" "fleet" {
  count      = %d
  product_id = format("JASPER-899710000000001%%04d", count.index)
  status     = "ACTIVE"
}`, n)
}

// TestAccSIMStatus_fleet: many single resources at once. Reads are shared, the terminal shows one warning with a count,
// -json shows all, a saved plan applies, a token that expires in the middle is renewed.
func TestAccSIMStatus_fleet(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	cli := env.NewAttachedCLI(t)
	const n = 60
	cli.Write("main.tf", env.Config(statusSIMs(env, n)))

	output := cli.MustRun("plan", "-out=plan")
	checkOutput(t, output, live, fmt.Sprintf("(and %d more similar warnings elsewhere)", n-1))
	if count := strings.Count(output, "Warning:"); count != 1 {
		t.Errorf("%d warnings in the terminal", count)
	}
	if reads := len(env.Requests(simulator.Match{Route: "product.read"})); reads > n/2 {
		t.Errorf("%d single reads for %d SIMs: they are not shared", reads, n)
	}
	env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.FindMissing = http.StatusMethodNotAllowed })
	warned := map[string]bool{}
	for line := range strings.Lines(cli.MustRun("plan", "-json")) {
		var entry struct {
			Type       string
			Diagnostic struct{ Severity, Summary, Detail string }
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			continue // "plan" goes with -no-color, which says nothing in JSON
		}
		if d := entry.Diagnostic; entry.Type == "diagnostic" && d.Severity == "warning" &&
			d.Summary == "Live, irreversible change: SIM status" {
			warned[d.Detail] = true
		}
	}
	if len(warned) != n {
		t.Errorf("-json shows %d different warnings, not %d", len(warned), n)
	}
	checkLedger(t, env)

	env.Inject(simulator.Fault{Match: simulator.Match{API: simulator.CMO, Route: "product.update"},
		Effect: simulator.ExpireTokens, Skip: 20, Times: 1})
	tokens := len(env.Requests(simulator.Match{Route: "token"}))
	cli.MustRun("apply", "plan")
	if got := len(env.Requests(simulator.Match{Route: "token"})) - tokens; got != 2 {
		t.Errorf("%d tokens in an apply in which one expired", got)
	}
	seen := map[string]int{}
	for _, change := range env.Ledger() {
		seen[change.Key]++
	}
	if len(seen) != n || len(env.Ledger()) != n {
		t.Errorf("%d changes of %d SIMs, not one of each", len(env.Ledger()), len(seen))
	}
	checkNoChanges(t, cli)
}

// TestAccSIMStatus_forbidden: the first 403 stops all further calls, since many refusals ban the address.
func TestAccSIMStatus_forbidden(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	cli := env.NewAttachedCLI(t)
	cli.Write("main.tf", env.Config(statusSIMs(env, 30), "preflight = false"))
	env.Inject(simulator.Fault{Match: simulator.Match{API: simulator.CMO, Route: "product.update"},
		Effect: simulator.Answer, Status: 403,
		Body: `{"title":"Forbidden","detail":"no rights"}`})
	output, exit := cli.Run("apply", "-auto-approve")
	if exit == 0 {
		t.Error("the apply succeeded")
	}
	checkOutput(t, output, "no rights", "rights do not suffice", "!"+simulator.ClientSecret)
	// no more than were on their way at that time
	if sent := len(env.Requests(simulator.Match{Route: "product.update"})); sent > 10 {
		t.Errorf("%d changes were sent though the first was forbidden", sent)
	}
	checkLedger(t, env)
}

// TestAccSIMStatus_unauthorized: credentials that are refused twice are one clear error, and nothing more is called.
func TestAccSIMStatus_unauthorized(t *testing.T) {
	env, cli := oneSIM(t, "INACTIVE", "ACTIVE", nil)
	env.Inject(simulator.Fault{Match: simulator.Match{API: simulator.CMO, Route: "product.read"}, Effect: simulator.Answer,
		Status: 401,
		Body:   `{"title":"Unauthorized","detail":"bad token"}`})
	output, exit := cli.Run("plan")
	if exit == 0 || strings.Count(output, "Error: ") != 1 {
		t.Errorf("not one error (exit %d):\n%s", exit, output)
	}
	checkOutput(t, output, "The service refuses the credentials", "No further calls are made", "!"+simulator.ClientSecret)
	if reads := len(env.Requests(simulator.Match{Route: "product.read"})); reads != 2 {
		t.Errorf("%d reads, not one for each token", reads)
	}
}

// TestAccSIMStatus_patientReads: two failures in a row are borne; what is not a clear "not found" removes nothing.
func TestAccSIMStatus_patientReads(t *testing.T) {
	env, cli := oneSIM(t, "ACTIVE", "ACTIVE", nil)
	cli.MustRun("apply", "-auto-approve")
	for _, f := range []simulator.Fault{
		{Effect: simulator.Answer, Status: 429, Header: http.Header{"Retry-After": {"0"}}},
		{Effect: simulator.Answer, Status: 502},
		{Effect: simulator.Reset}, {Effect: simulator.Cut},
	} {
		f.Match, f.Times = simulator.Match{API: simulator.CMO, Route: "product.read"}, 2
		env.Inject(f)
		checkNoChanges(t, cli)
		env.ClearFaults()
	}
	for _, f := range []simulator.Fault{
		{Effect: simulator.Answer, Status: 404, Body: "<html>404 Not Found</html>"}, {Effect: simulator.Answer, Status: 404},
		{Effect: simulator.Answer, Status: 200, Body: "<html>Sign in</html>"},
	} {
		f.Match = simulator.Match{API: simulator.CMO, Route: "product.read"}
		env.Inject(f)
		output, exit := cli.Run("plan")
		if exit != 1 {
			t.Errorf("HTTP %d %q was taken for an answer:\n%s", f.Status, f.Body, output)
		}
		env.ClearFaults()
	}
	checkNoChanges(t, cli)
}

// TestAccSIMStatus_import: an import block, then an empty and silent plan.
func TestAccSIMStatus_import(t *testing.T) {
	env, cli := oneSIM(t, "ACTIVE", "ACTIVE", nil)
	cli.Write("import.tf", fmt.Sprintf("import {\n  to = %s\n  id = %q\n}\n", simStatus, asyncProduct))
	checkOutput(t, cli.MustRun("apply", "-auto-approve"), "1 imported, 0 added, 0 changed, 0 destroyed", "!Warning:")
	checkState(t, cli, simStatus, "id="+asyncProduct, "product_id="+asyncProduct, "status=ACTIVE", "backend=TMSP",
		"operation_status=complete")
	checkNoChanges(t, cli)
	checkLedger(t, env)

	cli.Write("import.tf", "import {\n  to = telco_sim_status.other\n  id = \"89490200000000000024\"\n}\n"+
		strings.Replace(simStatusConfig("TMSP-89490200000000000025", "ACTIVE"), `"test"`, `"other"`, 1))
	output, exit := cli.Run("plan")
	if exit == 0 {
		t.Error("an import id of another form was taken")
	}
	checkOutput(t, output, "Error: Invalid import id", "BACKEND-ICCID")
}
