package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	accountsSIMs = "/accounts/v1/accounts/acme-fleet/hardware/sims"
	accountsCLI  = "001010000000001"
)

// accountsRig is a simulator with the account acme-fleet, behind a server, with a clock that stands still.
type accountsRig struct {
	t      *testing.T
	sim    *Simulator
	server *httptest.Server
	now    time.Time
	token  string
}

func newAccountsRig(t *testing.T, opts ...Option) *accountsRig {
	t.Helper()
	r := &accountsRig{t: t, now: time.Date(2024, time.May, 1, 8, 0, 0, 123456700, time.UTC)}
	r.sim = New(append([]Option{WithClock(func() time.Time { return r.now })}, opts...)...)
	r.sim.AddAccount("acme-fleet")
	r.server = httptest.NewServer(r.sim.Handler())
	t.Cleanup(r.server.Close)
	r.login()
	return r
}

// accountsReply is one answer.
type accountsReply struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

func (r *accountsRig) login() {
	r.t.Helper()
	reply := r.send(http.MethodPost, "/accounts/v1/authtoken", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {ClientID}, "client_secret": {ClientSecret},
	}.Encode(), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
	if reply.status != http.StatusOK {
		r.t.Fatalf("token: %d %s", reply.status, reply.raw)
	}
	r.token, _ = reply.body["access_token"].(string)
}

// call sends a request as a well-behaved client does.
func (r *accountsRig) call(method, path, body string) accountsReply {
	r.t.Helper()
	header := map[string]string{"Authorization": "Bearer " + r.token, "Accept": "application/json"}
	if body != "" {
		header["Content-Type"] = "application/json"
	}
	return r.send(method, path, body, header)
}

func (r *accountsRig) send(method, path, body string, header map[string]string) accountsReply {
	r.t.Helper()
	reply, err := r.try(method, path, body, header)
	if err != nil {
		r.t.Fatal(err)
	}
	return reply
}

func (r *accountsRig) try(method, path, body string, header map[string]string) (accountsReply, error) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.server.URL+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := r.server.Client().Do(req)
	if err != nil {
		return accountsReply{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return accountsReply{}, err
	}
	reply := accountsReply{status: resp.StatusCode, header: resp.Header, raw: string(raw)}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(raw, &reply.body); err != nil {
			r.t.Fatalf("%s %s: %v in %s", method, path, err, raw)
		}
	}
	return reply, nil
}

// accept sends a command that must be accepted, and returns the path of its status.
func (r *accountsRig) accept(method, path, body string) string {
	r.t.Helper()
	reply := r.call(method, path, body)
	if reply.status >= 300 || reply.body["Code"] != 202.0 {
		r.t.Fatalf("%s %s: %d %s", method, path, reply.status, reply.raw)
	}
	statusURL, _ := reply.body["StatusUrl"].(string)
	return "/accounts" + statusURL
}

func (r *accountsRig) wantStatus(path, want string) {
	r.t.Helper()
	reply := r.call(http.MethodGet, path, "")
	if got := fmt.Sprint(reply.body["Data"]); reply.status != http.StatusOK || got != want {
		r.t.Fatalf("status answer is %d %s, want Data %s", reply.status, reply.raw, want)
	}
}

func (r *accountsRig) wantLedger(want ...string) {
	r.t.Helper()
	var got []string
	for _, c := range r.sim.Ledger() {
		got = append(got, fmt.Sprintf("%s %s %s", c.Action, c.Key, c.Detail))
	}
	if !slices.Equal(got, want) {
		r.t.Errorf("ledger\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func (reply accountsReply) data(field string) any {
	data, _ := reply.body["Data"].(map[string]any)
	return data[field]
}

func accountsSample(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "accounts", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// keysInOrder lists the keys of a JSON object, nested ones included, as they stand in the text.
func keysInOrder(t *testing.T, text string) []string {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	var keys []string
	var walk func()
	walk = func() {
		token, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		if token != json.Delim('{') {
			return
		}
		for dec.More() {
			key, err := dec.Token()
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, fmt.Sprint(key))
			walk()
		}
		if _, err := dec.Token(); err != nil {
			t.Fatal(err)
		}
	}
	walk()
	return keys
}

func TestAccountsCreateAnswersAsTheSample(t *testing.T) {
	r := newAccountsRig(t)
	reply := r.call(http.MethodPost, accountsSIMs, accountsSample(t, "create_request.json"))
	if reply.status != http.StatusAccepted {
		t.Fatalf("%d %s", reply.status, reply.raw)
	}
	sample := accountsSample(t, "create_response.json")
	if got, want := keysInOrder(t, reply.raw), keysInOrder(t, sample); !slices.Equal(got, want) {
		t.Errorf("fields\n%v\nwant\n%v", got, want)
	}

	statusURL, _ := reply.body["StatusUrl"].(string)
	path, cmdid, _ := strings.Cut(statusURL, "?cmdid=")
	if len(cmdid) < 100 || !strings.Contains(cmdid, "%2F") || !strings.HasSuffix(cmdid, "%3D") {
		t.Errorf("cmdid is %q", cmdid)
	}
	var want map[string]any
	if err := json.Unmarshal([]byte(sample), &want); err != nil {
		t.Fatal(err)
	}
	if want["StatusUrl"] != path+"?cmdid=Q21kLTAwMDE%3D" {
		t.Errorf("the status path is %s, the sample's %v", path, want["StatusUrl"])
	}
	// What differs by design: the command's own id, and that the command is still running.
	want["StatusUrl"] = statusURL
	want["Data"].(map[string]any)["ActorStatus"] = 1.0
	if !reflect.DeepEqual(reply.body, want) {
		t.Errorf("got\n%v\nwant\n%v", reply.body, want)
	}
}

func TestAccountsLifeOfASIM(t *testing.T) {
	r := newAccountsRig(t)
	one := accountsSIMs + "/" + accountsCLI

	status := r.accept(http.MethodPost, accountsSIMs, `{"CLI":"001010000000001","State":1}`)
	r.wantStatus(status, "map[Status:pending]")
	r.wantStatus(status, "map[Status:complete]")
	if reply := r.call(http.MethodGet, one, ""); reply.status != http.StatusOK || reply.data("ActorStatus") != 0.0 ||
		reply.data("Version") != 2.0 || reply.body["StatusUrl"] != nil || reply.body["Code"] != 200.0 {
		t.Fatalf("after the create: %d %s", reply.status, reply.raw)
	}

	// Reads are looks, too: the first shows the running change, the second its end.
	r.accept(http.MethodPatch, one,
		`{"State":3,"Description":"van 12","ForeignAttributes":{"a":"b"},"PurchaseOrder":"7","Version":99}`)
	if reply := r.call(http.MethodGet, one, ""); reply.data("ActorStatus") != 1.0 || reply.data("State") != 1.0 {
		t.Fatalf("during the update: %s", reply.raw)
	}
	if reply := r.call(http.MethodGet, one, ""); reply.data("ActorStatus") != 0.0 || reply.data("State") != 3.0 ||
		reply.data("Description") != "van 12" || reply.data("PurchaseOrder") != "7" || reply.data("Version") != 3.0 {
		t.Fatalf("after the update: %s", reply.raw)
	}

	status = r.accept(http.MethodPatch, one, `{"Description":null,"ForeignAttributes":{},"PurchaseOrder":null}`)
	r.wantStatus(status, "map[Status:pending]")
	r.wantStatus(status, "map[Status:complete]")
	card, _ := r.sim.SIMCard("acme-fleet", accountsCLI)
	if card.Description != nil || card.ForeignAttributes == nil || len(card.ForeignAttributes) != 0 || card.Version != 4 {
		t.Errorf("after clearing: %+v", card)
	}

	status = r.accept(http.MethodDelete, one, "")
	r.wantStatus(status, "map[Status:pending]")
	if reply := r.call(http.MethodGet, one, ""); reply.status != http.StatusNotFound || reply.body["Code"] != 404.0 {
		t.Errorf("after the delete: %d %s", reply.status, reply.raw)
	}
	r.wantStatus(status, "map[Status:complete]")
	if reply := r.call(http.MethodDelete, one, ""); reply.status != http.StatusNotFound {
		t.Errorf("a second delete: %d %s", reply.status, reply.raw)
	}

	r.wantLedger(
		"create acme-fleet/001010000000001 State: ready",
		`update acme-fleet/001010000000001 Description: null -> "van 12", ForeignAttributes: null -> {"a":"b"}, `+
			`PurchaseOrder: "na" -> "7", State: ready -> live`,
		`update acme-fleet/001010000000001 Description: "van 12" -> null, ForeignAttributes: {"a":"b"} -> {}, PurchaseOrder: "7" -> "na"`,
		"delete acme-fleet/001010000000001 State live",
	)
	if got := r.sim.Unexpected(); len(got) != 0 {
		t.Errorf("unexpected requests: %v", got)
	}
}

func TestAccountsConflicts(t *testing.T) {
	r := newAccountsRig(t)
	r.sim.AddSIMCard("acme-fleet", SIMCard{CLI: accountsCLI})
	r.sim.AddSIMCard("acme-fleet", SIMCard{CLI: "001010000000002", State: 100})
	r.sim.AddAccount("other")

	reply := r.call(http.MethodPost, "/accounts/v1/accounts/other/hardware/sims", `{"CLI":"001010000000001"}`)
	var want map[string]any
	if err := json.Unmarshal([]byte(accountsSample(t, "conflict.json")), &want); err != nil {
		t.Fatal(err)
	}
	if reply.status != http.StatusConflict || !reflect.DeepEqual(reply.body, want) {
		t.Errorf("duplicate: %d %s", reply.status, reply.raw)
	}

	r.accept(http.MethodPatch, accountsSIMs+"/"+accountsCLI, `{"State":3}`)
	if reply := r.call(http.MethodDelete, accountsSIMs+"/"+accountsCLI, ""); reply.status != http.StatusConflict {
		t.Errorf("a second command: %d %s", reply.status, reply.raw)
	}
	if reply := r.call(http.MethodPatch, accountsSIMs+"/001010000000002",
		`{"State":3}`); reply.status != http.StatusConflict {
		t.Errorf("out of terminated: %d %s", reply.status, reply.raw)
	}
	r.wantLedger("update acme-fleet/001010000000001 State: notactivated -> live")
}

func TestAccountsRefusals(t *testing.T) {
	const good = `{"CLI":"001010000000009"}`
	json1 := "application/json"
	for name, tt := range map[string]struct {
		method, path, body, contentType, accept string
		status                                  int
		mention                                 string
	}{
		"unknown field":      {"POST", "", `{"CLI":"001010000000009","Status":1}`, json1, "", 400, "sim.Status"},
		"wrong case":         {"POST", "", `{"cli":"001010000000009"}`, json1, "", 400, "sim.cli"},
		"no CLI":             {"POST", "", `{"State":1}`, json1, "", 400, "sim.CLI"},
		"CLI pattern":        {"POST", "", `{"CLI":"+353870000001"}`, json1, "", 400, "sim.CLI"},
		"state as text":      {"POST", "", `{"CLI":"001010000000009","State":"live"}`, json1, "", 400, "sim.State"},
		"state out of range": {"POST", "", `{"CLI":"001010000000009","State":7}`, json1, "", 400, "sim.State"},
		"state null":         {"POST", "", `{"CLI":"001010000000009","State":null}`, json1, "", 400, "sim.State"},
		"price as number": {"POST", "", `{"CLI":"001010000000009","ProviderPrice":2}`, json1, "", 400,
			"sim.ProviderPrice"},
		"attributes as list": {"POST", "", `{"CLI":"001010000000009","ForeignAttributes":[]}`, json1, "", 400,
			"sim.ForeignAttributes"},
		"unknown hint": {"POST", "", `{"CLI":"001010000000009","Hints":{"tenantId":"x"}}`, json1, "", 400,
			"sim.Hints"},
		"no date": {"POST", "", `{"CLI":"001010000000009","ProviderStartDate":"today"}`, json1, "", 400,
			"sim.ProviderStartDate"},
		"array":      {"POST", "", `[` + good + `]`, json1, "", 400, "object"},
		"empty":      {"POST", "", ``, json1, "", 400, "object"},
		"JSON Patch": {"PATCH", "/001010000000001", `[{"op":"replace"}]`, json1, "", 400, "object"},
		"patch content type": {"PATCH", "/001010000000001", `{"State":3}`, "application/json-patch+json", "", 415,
			"not supported"},
		"no content type":    {"POST", "", good, "", "", 415, "not supported"},
		"XML wanted":         {"GET", "", "", "", "application/xml", 406, "JSON"},
		"another CLI":        {"PATCH", "/001010000000001", `{"CLI":"001010000000002"}`, json1, "", 400, "sim.CLI"},
		"unknown SIM":        {"PATCH", "/001010000000009", `{"State":3}`, json1, "", 404, "SIM card not found"},
		"unknown command":    {"GET", "/001010000000001/status?cmdid=x", "", "", "", 404, "Command not found"},
		"continuation token": {"GET", "?continuationtoken=x", "", "", "", 400, "continuation"},
		"unknown account":    {"GET", "/accounts/v1/accounts/other/hardware/sims", "", "", "", 404, "Account not found"},
		"account sans hints": {"POST", "/accounts/v1/accounts/other/hardware/sims", good, json1, "", 404,
			"Account not found"},
		"account key pattern": {"POST", "/accounts/v1/accounts/a+b/hardware/sims", good, json1, "", 400, "foreignaccountkey"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newAccountsRig(t)
			r.sim.AddSIMCard("acme-fleet", SIMCard{CLI: accountsCLI})
			path := accountsSIMs + tt.path
			if strings.HasPrefix(tt.path, "/accounts/") {
				path = tt.path
			}
			header := map[string]string{"Authorization": "bearer " + r.token}
			if tt.contentType != "" {
				header["Content-Type"] = tt.contentType
			}
			if tt.accept != "" {
				header["Accept"] = tt.accept
			}
			reply := r.send(tt.method, path, tt.body, header)
			if reply.status != tt.status || !strings.Contains(reply.raw, tt.mention) {
				t.Errorf("got %d %s, want %d with %q", reply.status, reply.raw, tt.status, tt.mention)
			}
			r.wantLedger()
		})
	}
}

func TestAccountsTokens(t *testing.T) {
	r := newAccountsRig(t)
	r.now = time.Date(2018, time.October, 1, 9, 0, 0, 0, time.UTC)
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	secret := url.QueryEscape(ClientSecret)

	reply := r.send(http.MethodPost, "/accounts/v1/authtoken",
		"grant_type=client_credentials&client_id="+ClientID+"&client_secret="+secret, form)
	sample := accountsSample(t, "token.json")
	if got, want := keysInOrder(t, reply.raw), keysInOrder(t, sample); !slices.Equal(got, want) {
		t.Errorf("fields %v, want %v", got, want)
	}
	var want map[string]any
	if err := json.Unmarshal([]byte(sample), &want); err != nil {
		t.Fatal(err)
	}
	token, _ := reply.body["access_token"].(string)
	want["access_token"], want["userName"] = token, ClientID
	if !reflect.DeepEqual(reply.body, want) {
		t.Errorf("got %v, want %v", reply.body, want)
	}

	version := func(token string) accountsReply {
		return r.send(http.MethodGet, "/accounts/v1/version", "", map[string]string{"Authorization": "Bearer " + token})
	}
	refused := func(what string, reply accountsReply) {
		t.Helper()
		if reply.status != http.StatusUnauthorized || reply.header.Get("WWW-Authenticate") != "Bearer" ||
			reply.raw != strings.TrimSpace(accountsSample(t, "unauthorised.json")) {
			t.Errorf("%s: %d %s", what, reply.status, reply.raw)
		}
	}
	if reply := version(token); reply.status != http.StatusOK || reply.body["Data"] != "2.109.0.0" {
		t.Errorf("good token: %d %s", reply.status, reply.raw)
	}
	refused("another token", version("x"))
	r.now = r.now.Add(time.Hour)
	refused("expired token", version(token))

	r.sim.SetAccountsQuirks(func(q *AccountsQuirks) { q.TokenSeconds = 5 })
	r.login()
	r.now = r.now.Add(4 * time.Second)
	if reply := version(r.token); reply.status != http.StatusOK {
		t.Errorf("after 4 of 5 seconds: %d", reply.status)
	}
	r.sim.ExpireTokens(Accounts)
	refused("forgotten token", version(r.token))

	for body, code := range map[string]string{
		"grant_type=client_credentials&client_id=" + ClientID + "&client_secret=wrong":           "invalid_client",
		"grant_type=client_credentials&client_id=wrong&client_secret=" + secret:                  "invalid_client",
		"grant_type=password&client_id=" + ClientID + "&client_secret=" + secret:                 "unsupported_grant_type",
		"grant_type=client_credentials&client_id=" + ClientID + "&client_secret=" + secret + "%": "invalid_request",
	} {
		reply := r.send(http.MethodPost, "/accounts/v1/authtoken", body, form)
		if reply.status != http.StatusBadRequest || reply.body["error"] != code {
			t.Errorf("%s: %d %s, want %s", body, reply.status, reply.raw, code)
		}
	}
	if reply := r.send(http.MethodPost, "/accounts/v1/authtoken", "{}",
		map[string]string{"Content-Type": "application/json"}); reply.status != http.StatusBadRequest {
		t.Errorf("JSON body: %d %s", reply.status, reply.raw)
	}
}

func TestAccountsStatusShapes(t *testing.T) {
	for _, tt := range []struct{ shape, pending, complete string }{
		{"", `"Data":{"Status":"pending"}`, `"Data":{"Status":"complete"}`},
		{"bare_string", `"Data":"pending"`, `"Data":"complete"`},
		{"integer", `"Data":0`, `"Data":1`},
		{"object_integer", `"Data":{"Status":0}`, `"Data":{"Status":1}`},
		{"no_data", `{"Success":true`, `{"Success":true`},
		{"top_level", `{"Status":"pending","Success":true`, `{"Status":"complete","Success":true`},
	} {
		t.Run(tt.shape, func(t *testing.T) {
			r := newAccountsRig(t)
			r.sim.SetAccountsQuirks(func(q *AccountsQuirks) { q.StatusShape = tt.shape })
			status := r.accept(http.MethodPost, accountsSIMs, `{"CLI":"001010000000001"}`)
			for _, want := range []string{tt.pending, tt.complete} {
				if reply := r.call(http.MethodGet, status, ""); reply.status != http.StatusOK ||
					!strings.Contains(reply.raw, want) {
					t.Errorf("%d %s, want %s", reply.status, reply.raw, want)
				}
			}
		})
	}
}

func TestAccountsStatusURLs(t *testing.T) {
	for name, tt := range map[string]struct {
		set  func(*AccountsQuirks)
		want func(server string) string // how the URL begins
		meta bool
	}{
		"plain": {func(*AccountsQuirks) {}, func(string) string { return "/v1/accounts/" }, false},
		"meta": {func(q *AccountsQuirks) { q.StatusURLInMeta = true }, func(string) string { return "/v1/accounts/" },
			true},
		"prefix": {func(q *AccountsQuirks) { q.StatusURLWithPrefix = true }, func(string) string { return "/accounts/v1/" },
			false},
		"absolute": {func(q *AccountsQuirks) { q.StatusURLAbsolute = true },
			func(s string) string { return s + "/accounts/v1/" }, false},
		"host": {
			func(q *AccountsQuirks) { q.StatusURLHost = "other.example" },
			func(string) string { return "https://other.example/accounts/v1/" }, false,
		},
		"base": {
			func(q *AccountsQuirks) { q.StatusURLHost = "http://127.0.0.1:9" },
			func(string) string { return "http://127.0.0.1:9/accounts/v1/" }, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newAccountsRig(t)
			r.sim.SetAccountsQuirks(tt.set)
			reply := r.call(http.MethodPost, accountsSIMs, `{"CLI":"(+353)870000001"}`)
			field, other := reply.body["StatusUrl"], reply.body["Meta"]
			if tt.meta {
				meta, _ := other.(map[string]any)
				field, other = meta["StatusUrl"], field
			}
			got, _ := field.(string)
			if !strings.HasPrefix(got, tt.want(r.server.URL)) ||
				!strings.Contains(got, "/%28%2B353%29870000001/status?cmdid=%2F") || other != "" {
				t.Errorf("got %s", reply.raw)
			}
		})
	}

	r := newAccountsRig(t)
	r.sim.SetAccountsQuirks(func(q *AccountsQuirks) { q.NoStatusURL = true })
	if reply := r.call(http.MethodPost, accountsSIMs, `{"CLI":"001010000000001"}`); reply.body["Code"] != 202.0 ||
		reply.body["StatusUrl"] != nil {
		t.Errorf("got %s", reply.raw)
	}
}

func TestAccountsStatusLost(t *testing.T) {
	r := newAccountsRig(t)
	r.sim.SetAccountsQuirks(func(q *AccountsQuirks) {
		q.StatusNotFoundFirst, q.StatusForgotten, q.StatusWords = 1, true, map[string]string{"pending": "In progress"}
	})
	r.sim.AddSIMCard("acme-fleet", SIMCard{CLI: accountsCLI})
	status := r.accept(http.MethodPatch, accountsSIMs+"/"+accountsCLI, `{"State":3}`)
	var got []int
	for range 3 {
		got = append(got, r.call(http.MethodGet, status, "").status)
	}
	if want := []int{404, 404, 404}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v: unknown at first, forgotten then", got, want)
	}
	if card, _ := r.sim.SIMCard("acme-fleet", accountsCLI); card.State != 3 {
		t.Errorf("the change did not go on meanwhile: %+v", card)
	}

	r.sim.SetAccountsQuirks(func(q *AccountsQuirks) { q.StatusNotFoundFirst = 0 })
	status = r.accept(http.MethodPatch, accountsSIMs+"/"+accountsCLI, `{"State":4}`)
	r.wantStatus(status, "map[Status:In progress]")
}

func TestAccountsFailedAndStalled(t *testing.T) {
	two := "001010000000002"
	for _, outcome := range []string{"failed", "stalled"} {
		t.Run(outcome, func(t *testing.T) {
			r := newAccountsRig(t)
			r.sim.AddSIMCard("acme-fleet", SIMCard{CLI: two, State: 1})
			r.sim.SetAccountsQuirks(func(q *AccountsQuirks) { q.FailNext = outcome })
			create := r.accept(http.MethodPost, accountsSIMs, `{"CLI":"001010000000001"}`)
			update := r.accept(http.MethodPatch, accountsSIMs+"/"+two, `{"State":3}`)
			for _, status := range []string{create, update} {
				r.wantStatus(status, "map[Status:pending]")
				r.wantStatus(status, "map[Status:"+outcome+"]")
			}
			actor := map[string]int{"failed": 0, "stalled": 10}[outcome]
			if card, _ := r.sim.SIMCard("acme-fleet", two); card.State != 1 || card.ActorStatus != actor {
				t.Errorf("updated card: %+v", card)
			}
			if card, exists := r.sim.SIMCard("acme-fleet", accountsCLI); exists != (outcome == "stalled") ||
				card.ActorStatus != actor {
				t.Errorf("created card: %v %+v", exists, card)
			}
			// The rule was for the commands accepted under it.
			r.sim.SetAccountsQuirks(func(q *AccountsQuirks) { q.FailNext = "" })
			status := r.accept(http.MethodPost, accountsSIMs, `{"CLI":"001010000000004"}`)
			r.wantStatus(status, "map[Status:pending]")
			r.wantStatus(status, "map[Status:complete]")
		})
	}

	r := newAccountsRig(t, SettleAfterPolls(0))
	r.sim.SetAccountsQuirks(func(q *AccountsQuirks) { q.FailNext, q.StatusFailureResult = "failed", true })
	status := r.accept(http.MethodPost, accountsSIMs, `{"CLI":"001010000000001"}`)
	if reply := r.call(http.MethodGet, status, ""); reply.status != 400 || reply.body["Success"] != false {
		t.Errorf("failure result: %d %s", reply.status, reply.raw)
	}
}

func TestAccountsQuirksOfReadsAndDeletes(t *testing.T) {
	r := newAccountsRig(t, SettleAfterPolls(0))
	one := accountsSIMs + "/" + accountsCLI
	set := func(f func(*AccountsQuirks)) {
		r.sim.SetAccountsQuirks(func(q *AccountsQuirks) { *q = AccountsQuirks{}; f(q) })
	}
	read := func() accountsReply { return r.call(http.MethodGet, one, "") }

	set(func(q *AccountsQuirks) {
		q.CreateVisibleAfter, q.HideFields, q.EmptyAsNull = 2, []string{"Tariff"}, true
	})
	r.accept(http.MethodPost, accountsSIMs, `{"CLI":"001010000000001","Tariff":"t","Bundle":"b","SOC":""}`)
	if first, second, third := read(), read(), read(); first.status != 404 || second.status != 404 ||
		third.status != 200 ||
		third.data("Tariff") != nil || third.data("Bundle") != "b" || third.data("SOC") != nil {
		t.Errorf("a create that shows late: %d, %d, %s", first.status, second.status, third.raw)
	}

	set(func(q *AccountsQuirks) { q.StaleReads = 1 })
	r.accept(http.MethodPatch, one, `{"State":3}`)
	if first, second := read(), read(); first.data("State") != 0.0 || first.data("ActorStatus") != 0.0 ||
		second.data("State") != 3.0 {
		t.Errorf("a stale read: %s then %s", first.raw, second.raw)
	}

	set(func(q *AccountsQuirks) { q.EnumsAsNames, q.AlwaysHTTP200 = true, true })
	if reply := read(); reply.data("State") != "live" || reply.data("ActorStatus") != "stable" ||
		reply.data("NetworkStatus") != "disconnected" {
		t.Errorf("enums as names: %s", reply.raw)
	}
	if reply := r.call(http.MethodGet, accountsSIMs+"/001010000000009", ""); reply.status != 200 ||
		reply.body["Code"] != 404.0 {
		t.Errorf("always 200: %d %s", reply.status, reply.raw)
	}

	set(func(q *AccountsQuirks) { q.DeleteNotAllowed = true })
	if reply := r.call(http.MethodDelete, one, ""); reply.status != http.StatusMethodNotAllowed {
		t.Errorf("delete: %d %s", reply.status, reply.raw)
	}
	set(func(q *AccountsQuirks) { q.DeleteKeepsTerminated = true })
	r.accept(http.MethodDelete, one, "")
	if reply := read(); reply.data("State") != 100.0 {
		t.Errorf("kept: %s", reply.raw)
	}

	set(func(q *AccountsQuirks) { q.PlusInPathRefused = true })
	if reply := r.call(http.MethodGet, accountsSIMs+"/%28%2B353%29870000001", ""); reply.status != 404 ||
		reply.body != nil {
		t.Errorf("plus: %d %s", reply.status, reply.raw)
	}
	set(func(*AccountsQuirks) {})
	r.sim.AddSIMCard("acme-fleet", SIMCard{CLI: "(+353)870000001"})
	if reply := r.call(http.MethodGet, accountsSIMs+"/%28%2B353%29870000001", ""); reply.data("CLI") != "(+353)870000001" {
		t.Errorf("an MSISDN: %d %s", reply.status, reply.raw)
	}

	defer func() {
		if recover() == nil {
			t.Error("a misspelt quirk was accepted")
		}
	}()
	set(func(q *AccountsQuirks) { q.StatusShape = "string" })
}

func TestAccountsPaging(t *testing.T) {
	r := newAccountsRig(t)
	for i := range 5 {
		r.sim.AddSIMCard("acme-fleet", SIMCard{CLI: fmt.Sprintf("00101000000000%d", 5-i)})
	}
	r.sim.SetAccountsQuirks(func(q *AccountsQuirks) { q.PageSize = 2 })

	var got []any
	path, pages := accountsSIMs+"?refresh=true", 0
	for {
		reply := r.call(http.MethodGet, path, "")
		cards, _ := reply.body["Data"].([]any)
		for _, card := range cards {
			got = append(got, card.(map[string]any)["CLI"])
		}
		pages++
		token, _ := reply.body["ContinuationToken"].(string)
		if token == "" {
			break
		}
		if !strings.HasSuffix(token, "%3D%3D") {
			t.Errorf("token %q", token)
		}
		path = accountsSIMs + "?continuationtoken=" + token
		if pages == 2 { // encoded once more, under a name in another case
			path = accountsSIMs + "?ContinuationToken=" + url.QueryEscape(token)
		}
	}
	want := []any{"001010000000001", "001010000000002", "001010000000003", "001010000000004", "001010000000005"}
	if !reflect.DeepEqual(got, want) || pages != 3 {
		t.Errorf("got %v in %d pages", got, pages)
	}
}

func TestAccountsAccount(t *testing.T) {
	r := newAccountsRig(t)
	const account = "/accounts/v1/accounts/new%20fleet"
	if reply := r.call(http.MethodGet, account, ""); reply.status != 404 {
		t.Errorf("before: %d %s", reply.status, reply.raw)
	}
	r.accept(http.MethodPost, account+"/hardware/sims",
		`{"CLI":"001010000000001","Hints":{"BillingCycleDay":1,"EmailContact":"ops@example.com","TenantId":null}}`)
	if reply := r.call(http.MethodGet, account, ""); reply.data("ForeignAccountKey") != "new fleet" ||
		reply.data("EmailContact") != "ops@example.com" {
		t.Errorf("after: %s", reply.raw)
	}
	if reply := r.call(http.MethodGet, "/accounts/v1/integration/products", ""); !reflect.DeepEqual(reply.body["Data"],
		[]any{}) {
		t.Errorf("products: %s", reply.raw)
	}
}

func TestAccountsSettleByTheClock(t *testing.T) {
	r := newAccountsRig(t, SettleAfter(10*time.Second))
	status := r.accept(http.MethodPost, accountsSIMs, `{"CLI":"001010000000001"}`)
	for range 3 {
		r.wantStatus(status, "map[Status:pending]")
	}
	r.now = r.now.Add(10 * time.Second)
	reply := r.call(http.MethodGet, accountsSIMs, "")
	cards, _ := reply.body["Data"].([]any)
	if len(cards) != 1 || cards[0].(map[string]any)["ActorStatus"] != 0.0 {
		t.Errorf("list: %s", reply.raw)
	}
}

func TestAccountsFaultAfterExecution(t *testing.T) {
	r := newAccountsRig(t)
	r.sim.Inject(Fault{Match: Match{API: Accounts, Route: "sim.create"}, Times: 1, Executed: true, Effect: Reset})
	_, err := r.try(http.MethodPost, accountsSIMs, `{"CLI":"001010000000001"}`, map[string]string{
		"Authorization": "Bearer " + r.token, "Content-Type": "application/json",
	})
	if err == nil {
		t.Fatal("the connection was not dropped")
	}
	r.wantLedger("create acme-fleet/001010000000001 ")
	if reply := r.call(http.MethodPost, accountsSIMs, `{"CLI":"001010000000001"}`); reply.status != http.StatusConflict {
		t.Errorf("sent again: %d %s", reply.status, reply.raw)
	}

	r.sim.ClearFaults()
	r.sim.Inject(Fault{Match: Match{Route: "sim.create"}, Effect: Answer, Status: 503})
	if reply := r.call(http.MethodPost, accountsSIMs, `{"CLI":"001010000000002"}`); reply.status != 503 {
		t.Errorf("refused: %d", reply.status)
	}
	if _, exists := r.sim.SIMCard("acme-fleet", "001010000000002"); exists {
		t.Error("a refused create was executed")
	}
}

func TestAccountsPortal(t *testing.T) {
	r := newAccountsRig(t)
	card := SIMCard{CLI: accountsCLI, Description: new("van"), ForeignAttributes: map[string]string{"a": "b"}}
	r.sim.AddSIMCard("acme-fleet", card)
	*card.Description, card.ForeignAttributes["a"] = "changed by the caller", "c"
	copied, _ := r.sim.SIMCard("acme-fleet", accountsCLI)
	*copied.Description = "changed by the reader"
	if got := r.sim.SIMCards("acme-fleet"); len(got) != 1 || *got[0].Description != "van" ||
		!maps.Equal(got[0].ForeignAttributes, map[string]string{"a": "b"}) {
		t.Errorf("the store shares memory with its callers: %+v", got)
	}

	if !r.sim.ChangeSIMCard("acme-fleet", accountsCLI, func(c *SIMCard) { c.State = 5 }) {
		t.Error("not found")
	}
	if got, _ := r.sim.SIMCard("acme-fleet", accountsCLI); got.State != 5 || got.Version != 2 {
		t.Errorf("changed: %+v", got)
	}
	status := r.accept(http.MethodPatch, accountsSIMs+"/"+accountsCLI, `{"State":3}`)
	if !r.sim.RemoveSIMCard("acme-fleet", accountsCLI) || r.sim.RemoveSIMCard("acme-fleet", accountsCLI) {
		t.Error("removal")
	}
	r.wantStatus(status, "map[Status:failed]")
	if r.sim.ChangeSIMCard("acme-fleet", accountsCLI, func(*SIMCard) {}) || r.sim.SIMCards("other") != nil {
		t.Error("found what is not there")
	}
}

func TestAccountsSamplesAreJSON(t *testing.T) {
	files, err := filepath.Glob("testdata/accounts/*.json")
	if err != nil || len(files) != 5 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		if text := accountsSample(t, filepath.Base(file)); !json.Valid(bytes.TrimSpace([]byte(text))) {
			t.Errorf("%s is no JSON", file)
		}
	}
}
