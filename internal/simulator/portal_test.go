package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// view asks for what the page shows.
func view(t *testing.T, s *Simulator, query string) portalView {
	t.Helper()
	status, body := controlCall(t, s, http.MethodGet, "/view?"+query, "")
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	var v portalView
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func keys(service portalService) []string {
	var out []string
	for _, sim := range service.SIMs {
		out = append(out, sim.Key)
	}
	return out
}

// seedPortal puts some SIMs of every kind into a simulator.
func seedPortal(s *Simulator) {
	s.AddSIMCard("acme-fleet", SIMCard{CLI: "001010000000001", State: 1, SIMNumber: new("8900000000000000001"),
		Description: new("van 1")})
	s.AddSIMCard("acme-fleet", SIMCard{CLI: "001010000000002", State: 4, ActorStatus: 10})
	s.AddProduct(Product{ID: "TMSP-89490200000000000001", SIMStatus: "INACTIVE"})
	s.AddProduct(Product{ID: "JASPER-8997100000000000001", SIMStatus: "ACTIVE", Status: "INACTIVE"})
	s.AddM2MGroup(M2MGroup{Code: "PEND01", Type: "pending"})
	s.AddM2MSIM(M2MSIM{ICCID: "8944000000000000001", Group: "PEND01", AAGroup: "LIVE10", TestAllowance: 10})
	s.AddMVNOSIM(MVNOSIM{ICC: "8945010000000000001"})
	s.AddMVNOAccount(MVNOAccount{ID: "5f0c1a2b3c4d5e6f70819201", Number: "+4520000001", SIMNumber: "8945019000000000001",
		Porting: true})
}

func TestPortalShowsEverySIM(t *testing.T) {
	s := New()
	if v := view(t, s, ""); len(v.Services) != 4 || v.Services[0].Total != 0 || v.Services[0].SIMs == nil ||
		v.Running.Oldest == nil {
		t.Errorf("empty: %+v", v)
	}
	seedPortal(s)
	v := view(t, s, "")
	want := [][]portalSIM{
		{
			{Key: "acme-fleet/001010000000001", State: "ready", Detail: "SIM 8900000000000000001 · van 1"},
			{Key: "acme-fleet/001010000000002", State: "suspend", Note: "stalled"},
		},
		{
			{Key: "JASPER-8997100000000000001", State: "ACTIVE", Detail: "1GB pool · IMSI 901400000000001",
				Note: "product INACTIVE"},
			{Key: "TMSP-89490200000000000001", State: "INACTIVE", Detail: "1GB pool · IMSI 901400000000001"},
		},
		{{Key: "8944000000000000001", State: "active", Detail: "in group PEND01 · moves to LIVE10"}},
		{{Key: "5f0c1a2b3c4d5e6f70819201", State: "ACTIVE", Detail: "SIM 8945019000000000001 · +4520000001",
			Note: "porting"}},
	}
	for i, service := range v.Services {
		if !slices.Equal(service.SIMs, want[i]) || service.Total != len(want[i]) || service.Matched != service.Total {
			t.Errorf("%s:\n got %+v\nwant %+v", service.API, service, want[i])
		}
		if len(service.Actions) < 3 {
			t.Errorf("%s: actions %+v", service.API, service.Actions)
		}
	}
	if got := v.Services[1].States; !maps.Equal(got, map[string]int{"ACTIVE": 1, "INACTIVE": 1}) {
		t.Errorf("states: %v", got)
	}
	if got := v.Services[3].Free; !slices.Equal(got, []string{"8945010000000000001"}) {
		t.Errorf("free: %q", got)
	}
	if !slices.Contains(v.Routes[Accounts], "sim.create") || !slices.Contains(v.Routes[MVNO], "account.swap") {
		t.Errorf("routes: %v", v.Routes)
	}
}

// What a button of the page sends works, and leads to the state that it says.
func TestPortalActionsWork(t *testing.T) {
	s := New()
	seedPortal(s)
	for _, service := range view(t, s, "").Services {
		for _, action := range service.Actions {
			key := service.SIMs[0].Key
			body := mustJSON(map[string]any{"key": key, "set": action.Set})
			if status, answer := controlCall(t, s, http.MethodPost, "/portal/"+string(service.API),
				string(body)); status != http.StatusNoContent {
				t.Errorf("%s %s: %d %s", service.API, action.Label, status, answer)
			}
			after := view(t, s, "")
			for _, now := range after.Services {
				if now.API == service.API && action.To != "" && now.SIMs[0].State != action.To {
					t.Errorf("%s %s: state %s, want %s", service.API, action.Label, now.SIMs[0].State, action.To)
				}
			}
		}
	}
	if sim, _ := s.M2MSIM("8944000000000000001"); sim.Group != "LIVE10" || sim.AAGroup != "" || sim.TestAllowance != 0 {
		t.Errorf("the test allowance is not used up: %+v", sim)
	}
	if len(s.Ledger()) != 0 {
		t.Error("the portal wrote into the ledger")
	}
}

func TestPortalRemoves(t *testing.T) {
	s := New()
	seedPortal(s)
	for _, service := range view(t, s, "").Services {
		path, key := "/portal/"+string(service.API), service.SIMs[0].Key
		body := fmt.Sprintf(`{"key":%q,"remove":true}`, key)
		if status, answer := controlCall(t, s, http.MethodPost, path, body); status != http.StatusNoContent {
			t.Errorf("%s: %d %s", path, status, answer)
		}
		if status, answer := controlCall(t, s, http.MethodPost, path, body); status != http.StatusNotFound {
			t.Errorf("%s, again: %d %s", path, status, answer)
		}
		both := fmt.Sprintf(`{"key":%q,"remove":true,"set":{}}`, key)
		if status, answer := controlCall(t, s, http.MethodPost, path, both); status != http.StatusBadRequest {
			t.Errorf("%s, remove and set: %d %s", path, status, answer)
		}
	}
	if status, _ := controlCall(t, s, http.MethodPost, "/portal/sms",
		`{"key":"x","remove":true}`); status != http.StatusNotFound {
		t.Errorf("unknown API: %d", status)
	}
	for _, service := range view(t, s, "").Services {
		if want := map[API]int{Accounts: 1, CMO: 1}[service.API]; service.Total != want {
			t.Errorf("%s: %d are left, want %d", service.API, service.Total, want)
		}
	}
}

func TestPortalRunningAndLedger(t *testing.T) {
	c := newCMOTest(t, SettleAfter(10*time.Second))
	c.AddProduct(Product{ID: "TMSP-1", SIMStatus: "INACTIVE"})
	c.AddProduct(Product{ID: "TMSP-2", SIMStatus: "INACTIVE"})
	c.AddProduct(Product{ID: "TMUS-3", SIMStatus: "ACTIVE"})
	c.AddSIMCard("acme-fleet", SIMCard{CLI: accountsCLI, State: 3})
	c.want(c.patch("TMSP-2", "ACTIVE"), http.StatusAccepted)
	c.advance(2 * time.Second)
	c.want(c.patch("TMSP-1", "ACTIVE"), http.StatusAccepted)
	c.want(c.patch("TMUS-3", "PENDING_TERMINATE"), http.StatusOK)
	c.advance(time.Second)

	v := view(t, c.Simulator, "")
	var got []string
	for _, op := range v.Running.Oldest {
		got = append(got, fmt.Sprintf("%s %s %s %v", op.API, op.Key, op.What, op.Seconds))
	}
	want := []string{
		"cmo TMSP-2 INACTIVE → ACTIVE 3", "cmo TMSP-1 INACTIVE → ACTIVE 1", "cmo TMUS-3 PENDING_TERMINATE → TERMINATED 1",
	}
	if !slices.Equal(got, want) || v.Running.Total != 3 {
		t.Errorf("running: %q", got)
	}
	if v.Ledger.Total != 3 || v.Ledger.Newest[2].Key != "TMUS-3" {
		t.Errorf("ledger: %+v", v.Ledger)
	}
	if sim := v.Services[1].SIMs[0]; sim.State != "PENDING_ACTIVE" || sim.Running != "INACTIVE → ACTIVE" {
		t.Errorf("a SIM on its way: %+v", sim)
	}

	c.advance(10 * time.Second)
	if v := view(t, c.Simulator, ""); v.Running.Total != 0 || v.Services[1].States["ACTIVE"] != 2 ||
		v.Services[1].States["TERMINATED"] != 1 {
		t.Errorf("after the end: %+v", v)
	}
}

func TestPortalShowsRunningCommandsOfAccounts(t *testing.T) {
	r := newAccountsRig(t, SettleAfter(10*time.Second))
	r.sim.AddSIMCard("acme-fleet", SIMCard{CLI: accountsCLI, State: 3})
	r.accept(http.MethodDelete, accountsSIMs+"/"+accountsCLI, "")
	v := view(t, r.sim, "")
	if v.Running.Total != 1 || v.Running.Oldest[0].What != "delete" || v.Services[0].SIMs[0].Running != "delete" {
		t.Errorf("running: %+v", v)
	}
	r.now = r.now.Add(time.Minute)
	if v := view(t, r.sim, ""); v.Running.Total != 0 || v.Services[0].Total != 0 {
		t.Errorf("after the delete: %+v", v)
	}
}

// Who watches changes nothing: an operation that ends after two polls ends after two polls of the provider's.
func TestPortalIsNoLook(t *testing.T) {
	c := newCMOTest(t, SettleAfterPolls(2))
	c.AddProduct(Product{ID: "TMSP-1", SIMStatus: "INACTIVE"})
	c.want(c.patch("TMSP-1", "ACTIVE"), http.StatusAccepted)
	for range 5 {
		view(t, c.Simulator, "search=tmsp")
	}
	if v := view(t, c.Simulator, ""); v.Running.Total != 1 {
		t.Errorf("the page ended the operation: %+v", v.Running)
	}
	if n := len(c.Requests(Match{})); n != 2 {
		t.Errorf("%d requests in the log, want the token and the patch", n)
	}
}

func TestPortalOfManySIMs(t *testing.T) {
	s := New()
	for i := 10_000; i > 0; i-- {
		status := "ACTIVE"
		if i%10 == 0 {
			status = "SUSPENDED"
		}
		s.AddProduct(Product{ID: fmt.Sprintf("TMSP-%019d", i), SIMStatus: status})
	}
	cmo := view(t, s, "").Services[1]
	if cmo.Total != 10_000 || cmo.Matched != 10_000 || len(cmo.SIMs) != portalRows ||
		cmo.SIMs[0].Key != "TMSP-0000000000000000001" || cmo.SIMs[9].Key != "TMSP-0000000000000000010" ||
		cmo.States["SUSPENDED"] != 1000 {
		t.Errorf("%d of %d: %v %v", len(cmo.SIMs), cmo.Total, keys(cmo), cmo.States)
	}
	if got := view(t, s, "limit.cmo=60&limit=5").Services[1]; len(got.SIMs) != 60 || !slices.IsSorted(keys(got)) {
		t.Errorf("60 were asked for: %d", len(got.SIMs))
	}
	if got := view(t, s, "limit=999999").Services[1]; len(got.SIMs) != portalMaxRows {
		t.Errorf("the most rows: %d", len(got.SIMs))
	}
	if got := view(t, s, "limit=0").Services[1]; len(got.SIMs) != 0 || got.Matched != 10_000 {
		t.Errorf("none: %d", len(got.SIMs))
	}
	found := view(t, s, "search=+suspended+").Services[1]
	if found.Matched != 1000 || found.Total != 10_000 || len(found.SIMs) != 10 ||
		found.SIMs[0].Key != "TMSP-0000000000000000010" {
		t.Errorf("found %d of %d: %v", found.Matched, found.Total, keys(found))
	}
	if found := view(t, s, "search=-0000000000000009999").Services[1]; found.Matched != 1 || len(found.SIMs) != 1 {
		t.Errorf("one: %+v", keys(found))
	}
	for _, wrong := range []string{"limit=many", "limit.cmo=-1"} {
		if status, _ := controlCall(t, s, http.MethodGet, "/view?"+wrong, ""); status != http.StatusBadRequest {
			t.Errorf("%s: %d", wrong, status)
		}
	}
}

func TestPortalFaultsAndSwitches(t *testing.T) {
	s := New()
	controlCall(t, s, http.MethodPost, "/faults", `{"api":"cmo","effect":"answer","status":503,"times":2}`)
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	response, err := http.Get(server.URL + "/cmo/v5/" + Tenant + "/product/x")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	controlCall(t, s, http.MethodPost, "/quirks/cmo", `{"stale_reads":2,"rate_limit":{"TMSP":5}}`)

	v := view(t, s, "")
	if len(v.Faults) != 1 || v.Faults[0].Hits != 1 || v.Faults[0].Status != 503 || v.Requests != 1 {
		t.Errorf("faults: %+v, %d requests", v.Faults, v.Requests)
	}
	if got := string(mustJSON(v.Switched)); got != `{"accounts":{},"cmo":{"rate_limit":{"TMSP":5},"stale_reads":2},"m2m":{},"mvno":{}}` {
		t.Errorf("switched: %s", got)
	}
	controlCall(t, s, http.MethodPost, "/quirks/cmo", `{"rate_limit":{"JASPER":7}}`) // it is set, not merged
	if got := string(view(t, s, "").Switched[CMO]["rate_limit"]); got != `{"JASPER":7}` {
		t.Errorf("rate_limit: %s", got)
	}
}

func TestEverySwitchIsExplained(t *testing.T) {
	status, body := controlCall(t, New(), http.MethodGet, "/switches", "")
	var switches map[API][]portalSwitch
	if err := json.Unmarshal([]byte(body), &switches); err != nil || status != http.StatusOK {
		t.Fatal(status, err)
	}
	for _, api := range []API{Accounts, CMO, M2M, MVNO} {
		if len(switches[api]) < 8 {
			t.Errorf("%s has %d switches", api, len(switches[api]))
		}
		for _, one := range switches[api] {
			if one.Name == "" || one.About == "" || strings.Contains(one.About, "\n") {
				t.Errorf("%s: %+v", api, one)
			}
			set := fmt.Sprintf(`{%q:%s}`, one.Name, one.Value) // what the page would send
			if status, answer := controlCall(t, New(), http.MethodPost, "/quirks/"+string(api),
				set); status != http.StatusNoContent {
				t.Errorf("%s %s: %d %s", api, set, status, answer)
			}
		}
	}
	failNext := slices.IndexFunc(switches[Accounts],
		func(one portalSwitch) bool { return one.Name == "fail_next" })
	want := portalSwitch{Name: "fail_next", Kind: "text", Value: json.RawMessage(`""`),
		About: `fail_next is how commands accepted from now on end: "" well, "failed" (a create leaves no SIM, a change ` +
			`or a delete changes nothing), "stalled" (ActorStatus 10 for good).`}
	if got := switches[Accounts][failNext]; got.Name != want.Name || got.Kind != want.Kind || string(got.Value) != `""` ||
		got.About != want.About {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// The page can run nothing but its own script, and nobody can put it into a frame.
func TestPortalFiles(t *testing.T) {
	s := New()
	for path, kind := range map[string]string{
		"/": "text/html; charset=utf-8", "/portal.css": "text/css; charset=utf-8", "/portal.js": "text/javascript; " +
			"charset=utf-8",
	} {
		recorder := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.Host = "127.0.0.1:1"
		s.Control().ServeHTTP(recorder, r)
		header := recorder.Header()
		if recorder.Code != http.StatusOK || header.Get("Content-Type") != kind ||
			header.Get("Content-Security-Policy") != portalPolicy ||
			header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", path, recorder.Code, header)
		}
	}
	script, err := portalFiles.ReadFile("portal/portal.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "http://",
		"https://"} {
		if strings.Contains(string(script), never) {
			t.Errorf("portal.js has %s", never)
		}
	}
	if status, _ := controlCall(t, s, http.MethodGet, "/portal.html", ""); status != http.StatusNotFound {
		t.Errorf("another address of the page: %d", status)
	}
}
