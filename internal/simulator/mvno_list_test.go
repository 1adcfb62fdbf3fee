package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestMVNOListAccess: what belongs to another customer is for resellers and up.
func TestMVNOListAccess(t *testing.T) {
	t.Parallel()
	const other = "5f0c1a2b3c4d5e6f70810002"
	s, base := newMVNOTest(t)
	s.AddMVNOAccount(MVNOAccount{ID: "5f0c1a2b3c4d5e6f70819201", Customer: other})
	s.AddMVNOSIM(MVNOSIM{ICC: "8945010000000000990", InStorageAt: other})
	for _, path := range []string{"/mvno?customer=" + other, "/sim?customer=" + other, "/sim/8945010000000000990"} {
		mvnoWantCode(t, base+path, 403, "access_denied")
	}
	if _, reply := mvnoGet(t, base+"/sim"); !strings.Contains(reply, `"total":6`) || strings.Contains(reply,
		"8945010000000000990") {
		t.Errorf("an owner sees %s", reply)
	}

	s.SetMVNOQuirks(func(q *MVNOQuirks) { q.AccessLevel = "RESELLER" })
	for path, want := range map[string]string{
		"/mvno?customer=" + strings.ToUpper(other): "5f0c1a2b3c4d5e6f70819201",
		"/sim?customer=" + other:                   "8945010000000000990",
		"/sim":                                     "8945010000000000990", "/sim/8945010000000000990": other,
	} {
		if status, reply := mvnoGet(t, base+path); status != 200 || !strings.Contains(reply, want) {
			t.Errorf("a reseller gets %s: %d %s", path, status, reply)
		}
	}

	// A SIM that an account holds lies in nobody's storage; whether it can be read is not documented.
	if status, _ := mvnoGet(t, base+"/sim/"+mvnoTestOld); status != 200 {
		t.Errorf("%d for a SIM in use", status)
	}
	s.SetMVNOQuirks(func(q *MVNOQuirks) { q.SIMReadInStorage = true })
	mvnoWantCode(t, base+"/sim/"+mvnoTestOld, 403, "access_denied")
	for _, level := range []string{"NO_LOGIN", "PERSONAL"} {
		s.SetMVNOQuirks(func(q *MVNOQuirks) { q.AccessLevel = level })
		for _, path := range []string{"/mvno", "/sim", "/sim/" + mvnoTestNew} {
			mvnoWantCode(t, base+path, 403, "access_denied")
		}
	}
}

// TestMVNOListFull: complete accounts are for who asks for them.
func TestMVNOListFull(t *testing.T) {
	t.Parallel()
	s, base := newMVNOTest(t)
	s.ChangeMVNOAccount(mvnoTestID, func(a *MVNOAccount) { a.Notes = "Spare van" })
	condensed := `{"_id":"5f0c1a2b3c4d5e6f70819203","customer":"5f0c1a2b3c4d5e6f70810001","state":"ACTIVE",` +
		`"type":"MVNO","number":"+4512345678"}`
	page := func(account string) string {
		return `{"offset":0,"limit":100,"total":1,"mvnoAccounts":[` + account + `]}`
	}
	mvnoWantJSON(t, base+"/mvno", page(condensed))
	_, complete := mvnoGet(t, base+"/mvno/"+mvnoTestID)
	mvnoWantJSON(t, base+"/mvno?full=true", page(complete))
	mvnoWantJSON(t, base+"/mvno?full=true&filter=spare", page(complete))
	mvnoWantJSON(t, base+"/mvno?filter=nothing", `{"offset":0,"limit":100,"total":0,"mvnoAccounts":[]}`)

	s.SetMVNOQuirks(func(q *MVNOQuirks) { q.ListFiltersIgnored = true })
	mvnoWantJSON(t, base+"/mvno?filter=nothing", page(condensed))
	s.SetMVNOQuirks(func(q *MVNOQuirks) { q.ListFullRefused = true })
	mvnoWantCode(t, base+"/mvno?full=true", 400, "bad_request")
}

func TestMVNOListForms(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		set        func(*MVNOQuirks)
		path, want string
	}{
		"bare": {func(q *MVNOQuirks) { q.ListArray = "bare" }, "/sim?limit=1", `["8945010000000000042"]`},
		"another name": {func(q *MVNOQuirks) { q.ListArray = "data" }, "/mvno?limit=1",
			`{"data":["5f0c1a2b3c4d5e6f70819203"],"limit":1,"offset":0,"total":1}`},
		"no total": {func(q *MVNOQuirks) { q.ListTotal = "none" }, "/sim?limit=1",
			`{"limit":1,"offset":0,"sims":["8945010000000000042"]}`},
		"total of page": {func(q *MVNOQuirks) { q.ListTotal = "page" }, "/sim?limit=1",
			`{"limit":1,"offset":0,"sims":["8945010000000000042"],"total":1}`},
		"total too high": {func(q *MVNOQuirks) { q.ListTotal = "high" }, "/sim?limit=1",
			`{"limit":1,"offset":0,"sims":["8945010000000000042"],"total":7}`},
		"numbers as text": {func(q *MVNOQuirks) { q.ListTotal = "text" }, "/sim?limit=1",
			`{"limit":"1","offset":"0","sims":["8945010000000000042"],"total":"6"}`},
		"capped": {func(q *MVNOQuirks) { q.ListCap = 1 }, "/sim?offset=1",
			`{"limit":1,"offset":1,"sims":["8945010000000000067"],"total":6}`},
		"whole": {func(q *MVNOQuirks) { q.ListWhole = true }, "/sim?limit=1&offset=5&network=TELENOR",
			`{"limit":2,"offset":0,"sims":["8945010000000000067","8945010000000000075"],"total":2}`},
		"empty":         {func(*MVNOQuirks) {}, "/sim?offset=9", `{"limit":100,"offset":9,"sims":[],"total":6}`},
		"empty omitted": {func(q *MVNOQuirks) { q.OmitEmpty = true }, "/sim?offset=9", `{"limit":100,"offset":9,"total":6}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, base := newMVNOTest(t)
			s.SetMVNOQuirks(row.set)
			status, reply := mvnoGet(t, base+row.path)
			if got := mvnoShortList(t, reply); status != http.StatusOK || got != row.want {
				t.Errorf("%d %s", status, got)
			}
		})
	}

	s, base := newMVNOTest(t)
	s.SetMVNOQuirks(func(q *MVNOQuirks) { q.OmitEmpty = true })
	mvnoWantJSON(t, base+"/sim/"+mvnoTestNew,
		`{"_id":"8945010000000000042","puk1":"11112222","puk2":"33334444","pin1":"0000","pin2":"1111",`+
			`"formFactor":"NANO","network":"TDC","inStorageAt":"5f0c1a2b3c4d5e6f70810001"}`)
}

// mvnoShortList shows a list with ids in place of objects.
func mvnoShortList(t *testing.T, reply string) string {
	t.Helper()
	var list any
	if err := json.Unmarshal([]byte(reply), &list); err != nil {
		t.Fatalf("%v in %s", err, reply)
	}
	ids := func(items []any) []any {
		for i, item := range items {
			items[i] = item.(map[string]any)["_id"]
		}
		return items
	}
	switch list := list.(type) {
	case []any:
		ids(list)
	case map[string]any:
		for name, member := range list {
			if items, ok := member.([]any); ok {
				list[name] = ids(items)
			}
		}
	}
	short, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return string(short)
}

// TestAccountsOfIntegration: accounts come in the order of their keys, page by page.
func TestAccountsOfIntegration(t *testing.T) {
	r := newAccountsRig(t)
	const path = "/accounts/v1/integration/accounts"
	r.sim.SetAccount(Account{Key: "zebra", TenantID: "t-1", Description: "vans", EmailContact: "ops@example.com",
		ActorStatus: 10})
	r.sim.AddAccount("a b")
	reply := r.call(http.MethodGet, path, "")
	want := `{"ForeignAccountKey":"zebra","TenantId":"t-1","Description":"vans","EmailContact":"ops@example.com",` +
		`"StartDate":"2024-05-01T08:00:00.1234567Z","ForeignAttributes":null,` +
		`"ProvisioningMetaData":null,"Version":1,"ActorStatus":10}`
	if reply.status != 200 || !strings.Contains(reply.raw, want) {
		t.Errorf("got %d %s\nwant %s", reply.status, reply.raw, want)
	}

	r.sim.SetAccountsQuirks(func(q *AccountsQuirks) { q.PageSize, q.EnumsAsNames = 2, true })
	var keys []any
	next := path
	for next != "" {
		reply := r.call(http.MethodGet, next, "")
		items, _ := reply.body["Data"].([]any)
		for _, item := range items {
			keys = append(keys, item.(map[string]any)["ForeignAccountKey"])
		}
		next = ""
		if token, _ := reply.body["ContinuationToken"].(string); token != "" {
			next = path + "?continuationtoken=" + token
		}
		if last := len(items) < 2; last && items[0].(map[string]any)["ActorStatus"] != "stalled" {
			t.Errorf("status by name: %s", reply.raw)
		}
	}
	if got := fmt.Sprint(keys); got != "[a b acme-fleet zebra]" {
		t.Errorf("keys %s", got)
	}
	if reply := r.call(http.MethodGet, path+"?continuationtoken=x", ""); reply.status != 400 {
		t.Errorf("a token of nobody: %d %s", reply.status, reply.raw)
	}
}

// TestMVNOLargeLists: ten thousand are no burden.
func TestMVNOLargeLists(t *testing.T) {
	t.Parallel()
	s := New()
	for i := range 10_000 {
		s.AddMVNOSIM(MVNOSIM{ICC: fmt.Sprintf("89450100000%08d", i)})
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	for offset := 0; offset <= 10_000; offset += 500 {
		status, reply := mvnoGet(t, fmt.Sprintf("%s/mvno/sim?limit=500&offset=%d", server.URL, offset))
		if n := strings.Count(reply, `"_id"`); status != 200 || n != min(500, 10_000-offset) {
			t.Fatalf("%d SIMs at %d", n, offset)
		}
	}
}
