package provider_test

import (
	"encoding/json"
	"encoding/xml"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// planted are the codes of the SIM that the swap gives; nothing else in the test looks like them.
var planted = simulator.MVNOSIM{
	ICC: "8945010000000000042", Network: "TDC", FormFactor: "NANO",
	PIN1: "70110701", PIN2: "70220702", PUK1: "70330703", PUK2: "70440704",
}

const secretsFleet = `
resource "telco_sim_card" "test" {
  account_key         = "acme-fleet"
  cli                 = "001010000000001"
  deletion_protection = false
}
resource "telco_sim_status" "test" {
  product_id = "TMSP-89490200000000000024"
  status     = "ACTIVE"
}
resource "telco_sim_aa_group" "test" {
  iccid      = "8944000000000000017"
  group_code = "LIVE10"
}
resource "telco_mvno_sim_swap" "test" {
  account_id  = "5f0c1a2b3c4d5e6f70819203"
  new_sim     = "8945010000000000042"
  store_codes = STORE
}
data "telco_products" "all" {}
data "telco_sim_cards" "all" { account_key = "acme-fleet" }
data "telco_mvno_account" "test" { id = "5f0c1a2b3c4d5e6f70819203" }
`

// secretsEnv is a network with everything that the fleet needs, and a CLI whose credentials come from the
// environment, so that no file of the user's holds them.
func secretsEnv(t *testing.T, storeCodes string) (*acctest.Env, *acctest.CLI) {
	env := acctest.New(t)
	cli := env.NewCLI(t)
	env.AddAccount("acme-fleet")
	env.AddProduct(simulator.Product{ID: asyncProduct, Status: "INACTIVE", SIMStatus: "INACTIVE"})
	env.AddM2MGroup(simulator.M2MGroup{Code: "LIVE10", Type: "live"})
	env.AddM2MGroup(simulator.M2MGroup{Code: "PEND01", Type: "pending"})
	env.AddM2MSIM(simulator.M2MSIM{ICCID: "8944000000000000017", Status: "active", Group: "PEND01"})
	env.AddMVNOSIM(simulator.MVNOSIM{ICC: "8945010000000000041", Network: "TDC"})
	env.AddMVNOSIM(planted)
	env.AddMVNOAccount(simulator.MVNOAccount{ID: "5f0c1a2b3c4d5e6f70819203", Number: "+4520000001", State: "ACTIVE",
		SIMNumber: "8945010000000000041"})
	cli.Setenv(
		"TELCO_ACCOUNTS_ENDPOINT="+env.URL+"/accounts", "TELCO_ACCOUNTS_CLIENT_ID="+simulator.ClientID,
		"TELCO_ACCOUNTS_CLIENT_SECRET="+simulator.ClientSecret,
		"TELCO_CMO_ENDPOINT="+env.URL+"/cmo/v5", "TELCO_CMO_TENANT="+simulator.Tenant,
		"TELCO_CMO_TOKEN_URL="+env.URL+"/cmo/token",
		"TELCO_CMO_CLIENT_ID="+simulator.ClientID, "TELCO_CMO_CLIENT_SECRET="+simulator.ClientSecret,
		"TELCO_M2M_ENDPOINT="+env.URL+"/m2m", "TELCO_M2M_USERNAME="+simulator.M2MUsername,
		"TELCO_M2M_PASSWORD="+simulator.M2MPassword, "TELCO_M2M_API_ID="+simulator.M2MAPIID,
		"TELCO_MVNO_ENDPOINT="+env.URL+"/mvno", "TELCO_MVNO_TOKEN="+simulator.MVNOToken,
		"TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(cli.Dir, "trace.log"),
	)
	cli.Write("main.tf", `terraform {
  required_providers {
    telco = { source = "`+os.Getenv("TF_ACC_PROVIDER_HOST")+"/"+os.Getenv("TF_ACC_PROVIDER_NAMESPACE")+`/telco" }
  }
}
provider "telco" {}
`+strings.Replace(secretsFleet, "STORE", storeCodes, 1))
	return env, cli
}

// spellings is a secret in every form in which it may leak.
func spellings(secret string) []string {
	quoted, _ := json.Marshal(secret)
	var escaped strings.Builder
	_ = xml.EscapeText(&escaped, []byte(secret))
	return []string{secret, url.QueryEscape(secret), strings.Trim(string(quoted), `"`), escaped.String()}
}

func findSecrets(t *testing.T, where, text string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		for _, spelling := range spellings(secret) {
			if i := strings.Index(text, spelling); i >= 0 {
				t.Errorf("%s holds the secret %s: …%s…", where, secret, text[max(0, i-120):min(len(text), i+60)])
				break
			}
		}
	}
}

// secretsOutput is the folder that a run leaves behind.
type secretsOutput struct{ dir string }

func (c secretsOutput) file(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	credentials = []string{simulator.ClientSecret, simulator.M2MPassword, simulator.MVNOToken, "Bearer "}
	codes       = []string{planted.PIN1, planted.PIN2, planted.PUK1, planted.PUK2}
)

func TestAccSecrets_apply(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"false", "true"} {
		t.Run("store_codes "+store, func(t *testing.T) {
			t.Parallel()
			_, cli := secretsEnv(t, store)
			files := secretsOutput{cli.Dir}
			plan := cli.MustRun("plan", "-out=plan.bin")
			planJSON := cli.MustRun("show", "-json", "plan.bin")
			apply := cli.MustRun("apply", "plan.bin")
			shown := cli.MustRun("show")
			again := cli.MustRun("plan")
			destroy := cli.MustRun("plan", "-destroy")
			state := files.file(t, "terraform.tfstate")
			trace := files.file(t, "trace.log")
			for where, text := range map[string]string{
				"plan": plan, "plan JSON": planJSON, "apply": apply, "show": shown, "second plan": again, "destroy plan": destroy,
				"log": trace,
			} {
				findSecrets(t, where, text, slices.Concat(credentials, codes)...)
			}
			findSecrets(t, "state", state, credentials...)
			if store == "false" {
				findSecrets(t, "state", state, codes...)
				return
			}
			for _, code := range codes {
				if !strings.Contains(state, code) {
					t.Errorf("with store_codes = true the state lacks the code %s", code)
				}
			}
		})
	}
}

// echoes is how an API may fail while it quotes its own secret back.
func echoes(secret string) map[string]simulator.Fault {
	quoted, _ := json.Marshal("no good: " + secret)
	return map[string]simulator.Fault{
		"problem": {Effect: simulator.Answer, Status: 400,
			Body: `{"title":` + string(quoted) + `,"detail":` + string(quoted) + `,"status":400}`},
		"error object": {Effect: simulator.Answer, Status: 403,
			Body: `{"error":{"message":` + string(quoted) + `,"code":"state","status":403}}`},
		"unauthorised":  {Effect: simulator.Answer, Status: 401, Body: `{"Message":` + string(quoted) + `}`},
		"page":          {Effect: simulator.Answer, Status: 502, Body: "<html><body>no good: " + secret + "</body></html>"},
		"page with 200": {Effect: simulator.Answer, Status: 200, Body: "<html><body>no good: " + secret + "</body></html>"},
		"redirect": {Effect: simulator.Answer, Status: 302,
			Header: map[string][]string{"Location": {"http://127.0.0.2:1/?token=" + url.QueryEscape(secret)}}},
		"lost, executed": {Effect: simulator.Reset, Executed: true},
		"cut":            {Effect: simulator.Cut},
	}
}

func TestAccSecrets_errors(t *testing.T) {
	t.Parallel()
	for name := range echoes("") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, cli := secretsEnv(t, "false")
			for _, route := range []struct {
				simulator.Match
				secret string
			}{
				{simulator.Match{API: simulator.Accounts, Route: "sim.create"}, simulator.ClientSecret},
				{simulator.Match{API: simulator.CMO, Route: "product.update"}, simulator.ClientSecret},
				{simulator.Match{API: simulator.M2M, Key: "set_aa_group"}, simulator.M2MPassword},
				{simulator.Match{API: simulator.MVNO, Route: "account.swap"}, simulator.MVNOToken},
			} {
				fault := echoes(route.secret)[name]
				fault.Match, fault.Times = route.Match, 1
				env.Inject(fault)
			}
			output, _ := cli.Run("apply", "-auto-approve")
			again, _ := cli.Run("plan")
			secrets := slices.Concat(credentials, codes)
			findSecrets(t, "output", output+again, secrets...)
			files := secretsOutput{cli.Dir}
			findSecrets(t, "log", files.file(t, "trace.log"), secrets...)
			findSecrets(t, "state", files.file(t, "terraform.tfstate"), secrets...)
		})
	}
}
