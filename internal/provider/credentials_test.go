package provider_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// credentialCase is an API that issues tokens, with many SIMs.
type credentialCase struct {
	api    simulator.API
	seed   func(*simulator.Simulator)
	config coreConfig
	holds  func(*simulator.Simulator) int // how many SIMs are as declared
}

const manySIMs = 24

func credentialCases() []credentialCase {
	cards, statuses := coreConfig{}, coreConfig{}
	var ids []string
	for i := range manySIMs {
		cards[fmt.Sprintf("telco_sim_card.c%d", i)] = coreBlock{typeName: "telco_sim_card", attributes: map[string]any{
			"account_key": matrixAccount, "cli": fmt.Sprintf("0010100000%05d", i), "description": "many",
		}}
		id := fmt.Sprintf("TMSP-894902000000000%05d", i)
		ids = append(ids, id)
		statuses[fmt.Sprintf("telco_sim_status.s%d", i)] = coreBlock{typeName: "telco_sim_status", attributes: map[string]any{
			"product_id": id, "status": "ACTIVE",
		}}
	}
	return []credentialCase{
		{simulator.Accounts, func(s *simulator.Simulator) { s.AddAccount(matrixAccount) }, cards,
			func(s *simulator.Simulator) int { return len(s.SIMCards(matrixAccount)) }},
		{simulator.CMO, func(s *simulator.Simulator) {
			for _, id := range ids {
				s.AddProduct(simulator.Product{ID: id, Status: "SUSPENDED", SIMStatus: "SUSPENDED"})
			}
		}, statuses, func(s *simulator.Simulator) int {
			n := 0
			for _, p := range s.Products() {
				if p.SIMStatus == "ACTIVE" {
					n++
				}
			}
			return n
		}},
	}
}

// forEachAPI plans many changes and hands over the plan.
func forEachAPI(t *testing.T, run func(t *testing.T, k credentialCase, c *core, p *corePlan)) {
	for _, k := range credentialCases() {
		t.Run(string(k.api), func(t *testing.T) {
			c := onMemory(t)
			k.seed(c.Simulator)
			p := c.plan(t.Context(), k.config, corePlanOptions{})
			if failed := coreErrors(p.diagnostics); len(failed) > 0 {
				t.Fatal(failed)
			}
			c.ForgetRequests()
			run(t, k, c, p)
			for _, problem := range c.brokenPromises() {
				t.Error(problem)
			}
		})
	}
}

func tokenCalls(c *core, api simulator.API) int {
	return len(c.Requests(simulator.Match{API: api, Route: "token"}))
}

func TestTokenExpiresInMidRun(t *testing.T) {
	forEachAPI(t, func(t *testing.T, k credentialCase, c *core, p *corePlan) {
		c.net.watch(func(number int, _ http.ResponseWriter) bool {
			if number == manySIMs {
				c.ExpireTokens(k.api)
			}
			return false
		})
		said, problems := c.applyWatched(t.Context(), p)
		if failed := coreErrors(said); len(failed) > 0 || len(problems) > 0 {
			t.Errorf("said %q, problems %q", failed, problems)
		}
		if got := k.holds(c.Simulator); got != manySIMs || len(c.Ledger()) != manySIMs {
			t.Errorf("%d of %d SIMs are as declared after %d changes", got, manySIMs, len(c.Ledger()))
		}
		if got := tokenCalls(c, k.api); got != 2 {
			t.Errorf("%d token calls, want the first and one renewal", got)
		}
	})
}

// The service refuses whatever token there is: after one fresh one nothing more may go to that API.
func TestFreshTokenRefused(t *testing.T) {
	forEachAPI(t, func(t *testing.T, k credentialCase, c *core, p *corePlan) {
		c.net.watch(func(number int, _ http.ResponseWriter) bool {
			if number == 2*manySIMs {
				for _, route := range []string{"sim.read", "sim.status", "sim.create", "product.read", "product.update",
					"product.find", "monitor.read"} {
					c.Inject(simulator.Fault{Match: simulator.Match{API: k.api, Route: route}, Effect: simulator.Answer, Status: 401,
						Body: `{"message":"no"}`})
				}
			}
			return false
		})
		said, problems := c.applyWatched(t.Context(), p)
		if len(problems) > 0 {
			t.Error(problems)
		}
		text := strings.Join(append(coreErrors(said), coreWarnings(said)...), "\n")
		if !strings.Contains(text, "No further calls are made to this API in this run") {
			t.Errorf("said %q", text)
		}
		if got := tokenCalls(c, k.api); got != 2 {
			t.Errorf("%d token calls, want the first and one more", got)
		}
		// What was under way with the first token, and again with the second: 10 or 5 at a time.
		if got := c.FaultHits(); got > 20 {
			t.Errorf("%d calls with refused credentials", got)
		}
		c.net.watch(nil)
		c.ClearFaults()
		for _, problem := range c.comeToRest(context.Background(), k.config, 3) {
			t.Error(problem)
		}
		if got := k.holds(c.Simulator); got != manySIMs || len(c.Ledger()) != manySIMs {
			t.Errorf("%d of %d SIMs are as declared after %d changes", got, manySIMs, len(c.Ledger()))
		}
	})
}

// The secret is revoked in mid-run: the old tokens end, and there are no new ones.
func TestCredentialsRevokedInMidRun(t *testing.T) {
	forEachAPI(t, func(t *testing.T, k credentialCase, c *core, p *corePlan) {
		c.net.watch(func(number int, _ http.ResponseWriter) bool {
			if number == 2*manySIMs {
				c.ExpireTokens(k.api)
				c.Inject(simulator.Fault{Match: simulator.Match{API: k.api, Route: "token"}, Effect: simulator.Answer, Status: 401,
					Body: `{"error":"invalid_client"}`})
			}
			return false
		})
		said, problems := c.applyWatched(t.Context(), p)
		if len(problems) > 0 {
			t.Error(problems)
		}
		text := strings.Join(append(coreErrors(said), coreWarnings(said)...), "\n")
		if !strings.Contains(text, "refused the client credentials") || !strings.Contains(text, "invalid_client") {
			t.Errorf("said %q", text)
		}
		// The first one, and the renewal: as form fields, and as HTTP Basic where that is another way.
		if got := tokenCalls(c, k.api); got > 3 {
			t.Errorf("%d token calls", got)
		}
		c.net.watch(nil)
		c.ClearFaults()
		for _, problem := range c.comeToRest(context.Background(), k.config, 3) {
			t.Error(problem)
		}
		if got := k.holds(c.Simulator); got != manySIMs || len(c.Ledger()) != manySIMs {
			t.Errorf("%d of %d SIMs are as declared after %d changes", got, manySIMs, len(c.Ledger()))
		}
	})
}

func TestWrongTenant(t *testing.T) {
	k := credentialCases()[1]
	c := onMemory(t)
	k.seed(c.Simulator)
	c.settings["cmo"].(map[string]any)["tenant"] = "other"
	p := c.plan(t.Context(), k.config, corePlanOptions{})
	failed := coreErrors(p.diagnostics)
	if len(failed) != manySIMs || !strings.Contains(failed[0], "tenant") {
		t.Errorf("said %q", failed)
	}
	if got := len(c.Requests(simulator.Match{API: simulator.CMO})); got > 11 {
		t.Errorf("%d calls, want no more than were under way at once, and the token", got)
	}
}

func TestWrongSecret(t *testing.T) {
	for _, k := range credentialCases() {
		t.Run(string(k.api), func(t *testing.T) {
			c := onMemory(t)
			k.seed(c.Simulator)
			c.settings[string(k.api)].(map[string]any)["client_secret"] = "another-secret"
			failed := coreErrors(c.plan(t.Context(), k.config, corePlanOptions{}).diagnostics)
			text := strings.Join(failed, "\n")
			if len(failed) != manySIMs || !strings.Contains(text, "refused the client credentials") ||
				strings.Contains(text, "another-secret") {
				t.Errorf("said %q", failed)
			}
			if got := len(c.Requests(simulator.Match{API: k.api})); got > 2 {
				t.Errorf("%d calls", got)
			}
		})
	}
}

// A login page in place of a token is looked at once, however many SIMs wait for one, and each says the same.
func TestLoginPageInPlaceOfAToken(t *testing.T) {
	for _, k := range credentialCases() {
		t.Run(string(k.api), func(t *testing.T) {
			c := onMemory(t)
			k.seed(c.Simulator)
			c.Inject(simulator.Fault{
				Match: simulator.Match{API: k.api, Route: "token"}, Effect: simulator.Answer, Status: 200,
				Header: http.Header{"Content-Type": {"text/html"}}, Body: "<html><title>Sign in</title><body>to Example " +
					"Corp</body></html>",
			})
			failed := coreErrors(c.plan(t.Context(), k.config, corePlanOptions{}).diagnostics)
			if len(failed) != manySIMs {
				t.Errorf("%d errors: %q", len(failed), failed)
			}
			where, setting := "/cmo/token", "cmo.token_url (TELCO_CMO_TOKEN_URL)"
			if k.api == simulator.Accounts {
				where, setting = "/accounts/v1/authtoken", "accounts.endpoint (TELCO_ACCOUNTS_ENDPOINT)"
			}
			said := "What answered at " + c.net.URL() + where + " is no token endpoint: HTTP 200: a page: Sign in to Example " +
				"Corp.\n"
			next := "\n\nNo further calls are made to this API in this run. Check " + setting + ": is it where tokens are " +
				"issued, rather than where people log in? If it is right, a proxy or a filter between here and that host has " +
				"answered in its place."
			for _, text := range failed {
				if !strings.Contains(text, said) || !strings.HasSuffix(text, next) {
					t.Errorf("said %q", text)
				}
			}
			if got := len(c.Requests(simulator.Match{API: k.api})); got != 1 {
				t.Errorf("%d calls", got)
			}
		})
	}
}

// Secrets that come from a file end with a line break, which is none of them.
func TestSecretsFromAFile(t *testing.T) {
	for _, k := range matrixCases() {
		t.Run(k.name, func(t *testing.T) {
			c := onMemory(t)
			k.seed(c.Simulator)
			for _, secret := range [][2]string{
				{"accounts", "client_secret"}, {"cmo", "client_secret"}, {"m2m", "password"}, {"mvno", "token"},
			} {
				settings := c.settings[secret[0]].(map[string]any)
				settings[secret[1]] = settings[secret[1]].(string) + "\r\n"
			}
			if problems := c.comeToRest(t.Context(), k.after, 3); len(problems) > 0 {
				t.Error(problems)
			}
		})
	}
}

// A server whose clock is wrong by a day: tokens are good for as long as expires_in says, whatever the date.
func TestClockSkew(t *testing.T) {
	for _, skew := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		for _, k := range credentialCases() {
			t.Run(fmt.Sprintf("%s %s", k.api, skew), func(t *testing.T) {
				c := onMemory(t, simulator.WithClock(func() time.Time { return time.Now().Add(skew) }))
				k.seed(c.Simulator)
				p := c.plan(t.Context(), k.config, corePlanOptions{})
				c.ForgetRequests()
				if failed := coreErrors(c.apply(t.Context(), p)); len(failed) > 0 {
					t.Fatal(failed)
				}
				if got := tokenCalls(c, k.api); got != 1 || len(c.Ledger()) != manySIMs {
					t.Errorf("%d token calls, %d changes", got, len(c.Ledger()))
				}
			})
		}
	}
}

// Whatever the service names or redirects to, nothing goes to another host, and no credential stands in a URL.
func TestCredentialsStayOnTheirHost(t *testing.T) {
	t.Parallel()
	for _, k := range matrixCases() {
		for _, code := range []int{301, 302, 303, 307, 308} {
			t.Run(fmt.Sprintf("%s %d", k.name, code), func(t *testing.T) {
				c, p := k.prepared(t, "")
				var elsewhere []string
				other := newMemoryNet(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					elsewhere = append(elsewhere, r.Method+" "+r.URL.String())
				}))
				c.Inject(simulator.Fault{
					Match: simulator.Match{API: k.api}, Effect: simulator.Answer, Status: code,
					Header: http.Header{"Location": {other.URL() + "/elsewhere"}}, Skip: 2,
				})
				c.apply(t.Context(), p)
				c.ClearFaults()
				if len(elsewhere) > 0 {
					t.Errorf("requests to another host: %q", elsewhere)
				}
				checkURLs(t, c)
				for _, problem := range c.comeToRest(t.Context(), k.after, 3) {
					t.Error(problem)
				}
			})
		}
	}
}

func TestStatusURLOnAnotherHost(t *testing.T) {
	for _, k := range matrixCases() {
		if k.api != simulator.Accounts && !strings.Contains(k.name, "queued") {
			continue
		}
		t.Run(k.name, func(t *testing.T) {
			c, p := k.prepared(t, "")
			var elsewhere []string
			other := newMemoryNet(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				elsewhere = append(elsewhere, r.Method+" "+r.URL.String())
			}))
			c.SetAccountsQuirks(func(q *simulator.AccountsQuirks) { q.StatusURLHost = other.URL() })
			c.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.MonitorHost = other.addr })
			said := c.apply(t.Context(), p)
			if text := strings.Join(coreWarnings(said), "\n"); !strings.Contains(text, "URL refused") ||
				len(coreErrors(said)) > 0 {
				t.Errorf("said %q %q", text, coreErrors(said))
			}
			if len(elsewhere) > 0 {
				t.Errorf("requests to another host: %q", elsewhere)
			}
			if !k.holds(c.Simulator) || len(c.state) != len(k.after) {
				t.Error("the world is not as declared")
			}
			checkURLs(t, c)
		})
	}
}

// checkURLs looks for credentials in paths and queries.
func checkURLs(t *testing.T, c *core) {
	t.Helper()
	for _, r := range c.Requests(simulator.Match{}) {
		for _, secret := range []string{simulator.ClientSecret, simulator.MVNOToken, "cmo-token", simulator.M2MPassword} {
			if strings.Contains(r.Path+"?"+r.Query, secret) {
				t.Errorf("%s %s?%s holds a credential", r.Method, r.Path, r.Query)
			}
		}
	}
}
