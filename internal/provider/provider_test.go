package provider_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// bare replaces the settings of the four APIs in a configuration of Env.Config.
func bare(env *acctest.Env, config string, settings ...string) string {
	return strings.Replace(env.Config(config), env.APIs(), strings.Join(settings, "\n"), 1)
}

const allAPIs = `
resource "telco_sim_card" "test" {
  account_key = "acme-fleet"
  cli         = "001010000000001"
}
resource "telco_sim_status" "test" {
  product_id = "JASPER-8997100000000000017"
  status     = "ACTIVE"
}
resource "telco_sim_aa_group" "test" {
  iccid      = "8944200000000000001"
  group_code = "LIVE10"
}
resource "telco_mvno_sim_swap" "test" {
  account_id = "5f0c8a2e9b1d4c0012345678"
  new_sim    = "8945010000000000002"
  replaces   = "8945010000000000001"
}`

// withAll seeds what allAPIs changes.
func withAll(t *testing.T) *acctest.Env {
	t.Helper()
	env := acctest.New(t)
	env.AddAccount("acme-fleet")
	env.AddProduct(simulator.Product{ID: syncProduct, SIMStatus: "INACTIVE"})
	env.AddM2MGroup(simulator.M2MGroup{Code: "LIVE10", Name: "Live 10 MB", Type: "live"})
	env.AddM2MGroup(simulator.M2MGroup{Code: "PEND01", Name: "Pending", Type: "pending"})
	env.AddM2MSIM(simulator.M2MSIM{ICCID: "8944200000000000001", Status: "active", Group: "PEND01", TestAllowance: 10})
	env.AddMVNOSIM(simulator.MVNOSIM{ICC: "8945010000000000001"})
	env.AddMVNOSIM(simulator.MVNOSIM{ICC: "8945010000000000002"})
	env.AddMVNOAccount(simulator.MVNOAccount{ID: "5f0c8a2e9b1d4c0012345678", SIMNumber: "8945010000000000001"})
	return env
}

// environment is the whole provider block as environment variables.
func environment(env *acctest.Env) []string {
	return []string{
		"TELCO_ACCOUNTS_ENDPOINT=" + env.URL + "/accounts", "TELCO_ACCOUNTS_CLIENT_ID=" + simulator.ClientID,
		"TELCO_ACCOUNTS_CLIENT_SECRET=" + simulator.ClientSecret,
		"TELCO_CMO_ENDPOINT=" + env.URL + "/cmo/v5", "TELCO_CMO_TENANT=" + simulator.Tenant,
		"TELCO_CMO_TOKEN_URL=" + env.URL + "/cmo/token",
		"TELCO_CMO_CLIENT_ID=" + simulator.ClientID, "TELCO_CMO_CLIENT_SECRET=" + simulator.ClientSecret,
		"TELCO_M2M_ENDPOINT=" + env.URL + "/m2m", "TELCO_M2M_USERNAME=" + simulator.M2MUsername,
		"TELCO_M2M_PASSWORD=" + simulator.M2MPassword,
		"TELCO_M2M_API_ID=" + simulator.M2MAPIID, "TELCO_M2M_TAG_STYLE=upper_snake",
		"TELCO_MVNO_ENDPOINT=" + env.URL + "/mvno", "TELCO_MVNO_TOKEN=" + simulator.MVNOToken,
	}
}

// tokenForms are the forms of all requests for a token of the CMO so far.
func tokenForms(env *acctest.Env) []url.Values {
	var forms []url.Values
	for _, request := range env.Requests(simulator.Match{API: simulator.CMO, Route: "token"}) {
		if form, err := url.ParseQuery(request.Body); err == nil {
			forms = append(forms, form)
		}
	}
	return forms
}

// TestAccProvider_environment: the environment alone configures every API; what stands in the block wins.
func TestAccProvider_environment(t *testing.T) {
	t.Parallel()
	env := withAll(t)
	cli := env.NewCLI(t)
	cli.Setenv(environment(env)...)
	cli.Setenv("TELCO_READ_ONLY=true", "TELCO_MAX_LIVE_CHANGES=1")
	env.SetM2MQuirks(func(q *simulator.M2MQuirks) { q.TagStyle = "upper_snake" })

	cli.Write("main.tf", bare(env, allAPIs, "max_live_changes = 4"))
	output, exit := cli.Run("apply", "-auto-approve")
	if exit == 0 {
		t.Error("TELCO_READ_ONLY was not obeyed")
	}
	if n := strings.Count(output, "Error: Read-only provider"); n != 4 {
		t.Errorf("%d of 4 changes were refused:\n%s", n, output)
	}
	checkLedger(t, env)
	for _, api := range []simulator.API{simulator.Accounts, simulator.CMO, simulator.M2M, simulator.MVNO} {
		requests := env.Requests(simulator.Match{API: api})
		if len(requests) == 0 {
			t.Errorf("%s was not called", api)
		}
		for _, r := range requests {
			if agent := r.Header.Get("User-Agent"); !strings.HasPrefix(agent, "terraform-provider-telco/") ||
				!strings.Contains(agent, "Terraform/1.") {
				t.Errorf("%s %s: User-Agent %q", r.Method, r.Path, agent)
			}
		}
	}
	for _, form := range tokenForms(env) {
		if form.Get("scope") != "openid" {
			t.Errorf("scope %q", form["scope"])
		}
	}

	cli.Write("main.tf", bare(env, allAPIs)) // now TELCO_MAX_LIVE_CHANGES counts
	output, exit = cli.Run("plan")
	if exit == 0 || strings.Count(output, "Error: Too many live changes") != 1 {
		t.Errorf("TELCO_MAX_LIVE_CHANGES was not obeyed:\n%s", output)
	}
	checkOutput(t, output, "more than 1 live change,", "max_live_changes (TELCO_MAX_LIVE_CHANGES)")

	// The block wins; an empty scope sends none; a token of the environment gives way to a configured client.
	env.ForgetRequests()
	cli.Setenv("TELCO_CMO_ENDPOINT=http://127.0.0.1:9/", "TELCO_CMO_CLIENT_ID=nobody", "TELCO_CMO_SCOPE=",
		"TELCO_CMO_ACCESS_TOKEN=stale")
	cli.Write("main.tf", bare(env, `data "telco_products" "all" {}`,
		fmt.Sprintf("cmo = {\n endpoint = %q\n client_id = %q\n }", env.URL+"/cmo/v5", simulator.ClientID)))
	cli.MustRun("plan")
	for _, form := range tokenForms(env) {
		if form.Has("scope") {
			t.Errorf("scope %q", form["scope"])
		}
	}
	// A token alone needs no client.
	env.ForgetRequests()
	cli.Setenv("TELCO_CMO_ENDPOINT="+env.URL+"/cmo/v5", "TELCO_CMO_ACCESS_TOKEN="+token(t, env), "TELCO_CMO_CLIENT_ID=",
		"TELCO_CMO_TOKEN_URL=")
	cli.Write("main.tf", bare(env, `data "telco_products" "all" {}`))
	cli.MustRun("plan")
	if n := len(tokenForms(env)); n != 1 { // the test's own
		t.Errorf("%d tokens were asked for", n-1)
	}
}

// TestAccProvider_missing: one error for each that needs an API, with each missing attribute and its variable.
func TestAccProvider_missing(t *testing.T) {
	t.Parallel()
	env := withAll(t)
	cli := env.NewAttachedCLI(t)
	cli.Write("main.tf", bare(env, allAPIs))
	output, exit := cli.Run("plan")
	if exit == 0 || strings.Count(output, "Error: ") != 4 {
		t.Errorf("not four errors:\n%s", output)
	}
	checkOutput(t, output,
		"accounts.client_id (TELCO_ACCOUNTS_CLIENT_ID), accounts.client_secret (TELCO_ACCOUNTS_CLIENT_SECRET)",
		"cmo.endpoint (TELCO_CMO_ENDPOINT), cmo.tenant (TELCO_CMO_TENANT), cmo.token_url (TELCO_CMO_TOKEN_URL), "+
			"cmo.client_id (TELCO_CMO_CLIENT_ID), cmo.client_secret (TELCO_CMO_CLIENT_SECRET)",
		"m2m.username (TELCO_M2M_USERNAME), m2m.password (TELCO_M2M_PASSWORD), m2m.api_id (TELCO_M2M_API_ID)",
		"mvno.token (TELCO_MVNO_TOKEN)", "!accounts.endpoint", "!mvno.endpoint")

	// Only what is used is asked for; an empty string is no value.
	cli.Write("main.tf", bare(env, `data "telco_products" "all" {}`, fmt.Sprintf(
		"cmo = {\n endpoint = %q\n tenant = \"\"\n access_token = %q\n }", env.URL+"/cmo/v5", token(t, env))))
	output, _ = cli.Run("plan")
	checkOutput(t, output, "Missing: cmo.tenant (TELCO_CMO_TENANT).", "!TELCO_CMO_CLIENT_ID", "!accounts")
}

func TestAccProvider_invalid(t *testing.T) {
	t.Parallel()
	env := withAll(t)
	cli := env.NewCLI(t)
	for name, test := range map[string]struct {
		settings string
		want     []string
	}{
		"http off loopback": {`cmo = { endpoint = "http://api.example.com/v5" }`,
			[]string{"cmo.endpoint must begin with https://", "loopback host only"}},
		"other schemes and parts": {`
  accounts = { endpoint = "ftp://api.example.com" }
  m2m      = { endpoint = "https://user:hunter2@api.example.com" }
  mvno     = { endpoint = "https://api.example.com?key=hunter2" }`,
			[]string{"accounts.endpoint must begin with https://", "m2m.endpoint must not hold a user or password",
				"mvno.endpoint must not hold a query", "!hunter2@"}},
		"token and client": {`cmo = {
    access_token  = "token"
    token_url     = "https://t.example.com"
    client_id     = "id"
    client_secret = "secret"
    scope         = "openid"
  }`, []string{`Attribute "cmo.token_url" cannot be specified when "cmo.access_token" is specified`, "cmo.client_id", "cmo.client_secret", "cmo.scope"}},
		"limits": {`
  max_live_changes = -1
  cmo              = { requests_per_second = 0, max_concurrent_requests = 0, request_timeout = "soon" }
  m2m              = { tag_style = "camel" }`,
			[]string{"max_live_changes", "cmo.requests_per_second", "cmo.max_concurrent_requests",
				"cmo.request_timeout must be a positive duration", "m2m.tag_style"}},
	} {
		cli.Write("main.tf", bare(env, `data "telco_products" "all" {}`, test.settings))
		output, exit := cli.Run("validate")
		if exit == 0 {
			t.Errorf("%s: valid", name)
		}
		checkOutput(t, output, test.want...)
	}

	cli.Setenv("TELCO_READ_ONLY=maybe", "TELCO_MAX_LIVE_CHANGES=-1", "TELCO_PREFLIGHT=2", "TELCO_M2M_TAG_STYLE=camel",
		"TELCO_MVNO_ENDPOINT=http://api.example.com")
	cli.Write("main.tf", bare(env, allAPIs))
	output, exit := cli.Run("plan")
	if exit == 0 {
		t.Error("an environment that is not valid was taken")
	}
	checkOutput(t, output, "TELCO_READ_ONLY must be true or false", "TELCO_MAX_LIVE_CHANGES must be a whole number",
		"TELCO_PREFLIGHT must be true or false",
		"environment variable TELCO_M2M_TAG_STYLE", "environment variable TELCO_MVNO_ENDPOINT", "must begin with https://")
}

// TestAccProvider_unknown: settings that are known after apply make planning neither fail nor call.
func TestAccProvider_unknown(t *testing.T) {
	t.Parallel()
	env := withAll(t)
	cli := env.NewAttachedCLI(t)
	unknown := strings.ReplaceAll(env.APIs(), `"`+env.URL, `"${terraform_data.url.output}`)
	config := func(more string) string {
		return strings.Replace(env.Config(allAPIs+fmt.Sprintf("\nresource \"terraform_data\" \"url\" {\n  input = %q\n}\n%s",
			env.URL, more)), env.APIs(), unknown, 1)
	}
	cli.Write("main.tf", config(""))
	checkOutput(t, cli.MustRun("plan", "-out=plan"), "5 to add", "Warning: Live, irreversible change: SIM status",
		"Warning: Live, irreversible change: SIM card creation",
		"Warning: Live, irreversible change: auto-activation group", "Warning: Live, irreversible change: MVNO SIM swap")
	if n := len(env.Requests(simulator.Match{})); n > 0 {
		t.Errorf("%d requests without settings", n)
	}
	cli.MustRun("apply", "plan")
	checkNoChanges(t, cli)
	if n := len(env.Ledger()); n != 4 {
		t.Errorf("%d changes, not 4", n)
	}

	// A data source has to answer while planning.
	cli.MustRun("state", "rm", "terraform_data.url")
	cli.Write("main.tf", config(`data "telco_products" "all" {}`))
	output, exit := cli.Run("plan")
	if exit == 0 {
		t.Errorf("planned:\n%s", output)
	}
	checkOutput(t, output, "Error: Settings of the cmo API are not known yet", "-target")
}

// TestAccProvider_unknownSwitches: what is known after apply holds from then on.
func TestAccProvider_unknownSwitches(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	cli := env.NewAttachedCLI(t)
	env.AddProduct(simulator.Product{ID: syncProduct, SIMStatus: "INACTIVE"})
	env.AddProduct(simulator.Product{ID: asyncProduct, SIMStatus: "INACTIVE"})
	cli.Write("main.tf", env.Config(fmt.Sprintf(`
resource "terraform_data" "later" {}
resource "telco_sim_status" "test" {
  for_each   = toset([%q, %q])
  product_id = each.key
  status     = "ACTIVE"
}`, syncProduct, asyncProduct), `read_only = terraform_data.later.id != ""`, "max_live_changes = "+
		"length(terraform_data.later.id)",
		"preflight = length(terraform_data.later.id) == 0"))
	checkOutput(t, cli.MustRun("plan"), "3 to add", live)
	output, exit := cli.Run("apply", "-auto-approve")
	if n := strings.Count(output, "Error: Read-only provider"); exit == 0 || n != 2 {
		t.Errorf("%d errors:\n%s", n, output)
	}
	if changes := env.Ledger(); len(changes) > 0 {
		t.Errorf("the network executed %v", changes)
	}
}

// TestAccProvider_readOnly: plans work, and no verb sends anything.
func TestAccProvider_readOnly(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	cli := env.NewAttachedCLI(t)
	env.AddProduct(simulator.Product{ID: syncProduct, SIMStatus: "ACTIVE"})
	env.AddProduct(simulator.Product{ID: asyncProduct, SIMStatus: "INACTIVE"})
	config := func(status string, more ...string) string {
		return simStatusConfig(syncProduct, status, append(more, `status_on_destroy = "TERMINATED"`)...)
	}
	cli.Write("main.tf", env.Config(config("ACTIVE"), "read_only = true")) // nothing to send: fine
	cli.MustRun("apply", "-auto-approve")

	cli.Write("main.tf", env.Config(config("SUSPENDED")+fmt.Sprintf(`
resource "telco_sim_status" "other" {
  product_id = %q
  status     = "ACTIVE"
}
data "telco_products" "all" {}
`, asyncProduct), "read_only = true"))
	checkOutput(t, cli.MustRun("plan"), "1 to add, 1 to change", live)
	output, exit := cli.Run("apply", "-auto-approve")
	if n := strings.Count(output, "Error: Read-only provider"); exit == 0 || n != 2 {
		t.Errorf("%d errors:\n%s", n, output)
	}
	checkState(t, cli, simStatus, "status=ACTIVE", "operation_status=complete")
	if got := inState(t, cli, "telco_sim_status.other"); got != nil {
		t.Errorf("in state without a change: %v", got)
	}
	cli.Write("main.tf", env.Config("", "read_only = true"))
	output, exit = cli.Run("apply", "-auto-approve")
	if exit == 0 {
		t.Error("a destroy was sent")
	}
	checkOutput(t, output, live, "ACTIVE -> TERMINATED", "Error: Read-only provider", syncProduct, "read_only = true "+
		"(TELCO_READ_ONLY)")
	checkState(t, cli, simStatus, "status=ACTIVE", "operation_status=complete")
	checkLedger(t, env)
	if n := len(env.Requests(simulator.Match{Method: "PATCH"})); n > 0 {
		t.Errorf("%d changes were sent", n)
	}
}

// TestAccProvider_maxLiveChanges: the limit holds for a plan, and for an apply of a plan that was made without it.
func TestAccProvider_maxLiveChanges(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	cli := env.NewCLI(t)
	fleet := statusSIMs(env, 5)
	cli.Write("main.tf", env.Config(fleet, "max_live_changes = 4"))
	output, exit := cli.Run("plan")
	if exit == 0 || strings.Count(output, "Error: ") != 1 {
		t.Errorf("not one error:\n%s", output)
	}
	checkOutput(t, output, "Error: Too many live changes", "more than 4 live changes", "max_live_changes")

	cli.Write("main.tf", env.Config(fleet))
	cli.MustRun("plan", "-out=plan")
	cli.Setenv("TELCO_MAX_LIVE_CHANGES=3")
	if output, exit = cli.Run("apply", "plan"); exit == 0 {
		t.Errorf("the apply went through:\n%s", output)
	}
	checkOutput(t, output, "Error: Too many live changes", "TELCO_MAX_LIVE_CHANGES")
	if n := len(env.Ledger()); n > 3 || n == 0 {
		t.Errorf("%d changes of at most 3", n)
	}
	cli.MustRun("apply", "-auto-approve") // the rest is within the limit
	checkOutput(t, cli.MustRun("plan"), "No changes.", "!"+live)
	if n := len(env.Ledger()); n != 5 {
		t.Errorf("%d changes of 5 SIMs", n)
	}

	cli.Write("main.tf", env.Config(strings.Replace(fleet, `"ACTIVE"`, `"ACTIVE"`+"\n  status_on_destroy = \"SUSPENDED\"",
		1)))
	cli.MustRun("apply", "-auto-approve")
	cli.Write("main.tf", env.Config(""))
	if output, exit = cli.Run("plan"); exit == 0 { // destroys count, too
		t.Errorf("planned:\n%s", output)
	}
	checkOutput(t, output, "more than 3 live changes")
}

// TestAccProvider_preflightOff: planning what is new calls nobody, and warns all the same; the checks run at apply.
func TestAccProvider_preflightOff(t *testing.T) {
	t.Parallel()
	env := withAll(t)
	cli := env.NewAttachedCLI(t)
	cli.Write("main.tf", env.Config(allAPIs, "preflight = false"))
	checkOutput(t, cli.MustRun("plan", "-out=plan"), "4 to add", "Warning: Live, irreversible change: SIM status",
		syncProduct+": status -> ACTIVE",
		"Warning: Live, irreversible change: SIM card creation", "Warning: Live, irreversible change: auto-activation group",
		"Warning: Live, irreversible change: MVNO SIM swap")
	if requests := env.Requests(simulator.Match{}); len(requests) > 0 {
		t.Errorf("%d requests, first %s %s", len(requests), requests[0].Method, requests[0].Path)
	}
	env.ChangeProduct(syncProduct, func(p *simulator.Product) { p.SIMStatus = "TERMINATED" })
	output, exit := cli.Run("apply", "plan")
	if exit == 0 {
		t.Error("a terminated SIM was not noticed at apply")
	}
	checkOutput(t, output, "Error: SIM is terminated")
	if n := len(env.Ledger()); n != 3 {
		t.Errorf("%d changes, not those of the three other SIMs", n)
	}
}
