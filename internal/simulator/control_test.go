package simulator

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// controlCall sends a request to the controls and returns status and body.
func controlCall(t *testing.T, s *Simulator, method, path, body string) (int, string) {
	t.Helper()
	recorder := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Host = "127.0.0.1:8081"
	s.Control().ServeHTTP(recorder, r)
	text, err := io.ReadAll(recorder.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return recorder.Code, strings.TrimSpace(string(text))
}

func TestControlReads(t *testing.T) {
	r := newAccountsRig(t)
	for _, path := range []string{"/ledger", "/unexpected", "/requests?api=cmo"} {
		if status, body := controlCall(t, r.sim, http.MethodGet, path, ""); status != http.StatusOK || body != "[]" {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}

	r.accept(http.MethodPost, accountsSIMs, `{"CLI":"001010000000001"}`)
	r.send(http.MethodGet, "/accounts/v2/x", "", nil)

	_, body := controlCall(t, r.sim, http.MethodGet, "/ledger", "")
	var ledger []Change
	if err := json.Unmarshal([]byte(body), &ledger); err != nil {
		t.Fatal(err)
	}
	if len(ledger) != 1 || ledger[0].Key != "acme-fleet/001010000000001" || ledger[0].Action != "create" ||
		ledger[0].Seq != 1 {
		t.Errorf("ledger: %s", body)
	}
	_, body = controlCall(t, r.sim, http.MethodGet,
		"/requests?api=accounts&route=sim.create&method=POST&key=001010000000001", "")
	var requests []Request
	if err := json.Unmarshal([]byte(body), &requests); err != nil {
		t.Fatal(err)
	}
	if len(requests) != 1 || requests[0].Status != 202 || !requests[0].Authorised || strings.Contains(body, r.token) {
		t.Errorf("requests: %s", body)
	}
	if _, body = controlCall(t, r.sim, http.MethodGet, "/unexpected", ""); body != `["GET /accounts/v2/x"]` {
		t.Errorf("unexpected: %s", body)
	}
}

func TestControlFaults(t *testing.T) {
	r := newAccountsRig(t)
	status, body := controlCall(t, r.sim, http.MethodPost, "/faults",
		`{"api":"accounts","route":"version","times":1,"effect":"answer","status":503,"header":{"Retry-After":["7"]},"body":"busy"}`)
	if status != http.StatusNoContent {
		t.Fatalf("%d %s", status, body)
	}
	if reply := r.call(http.MethodGet, "/accounts/v1/version", ""); reply.status != 503 || reply.raw != "busy" ||
		reply.header.Get("Retry-After") != "7" {
		t.Errorf("hit: %d %s", reply.status, reply.raw)
	}
	if reply := r.call(http.MethodGet, "/accounts/v1/version", ""); reply.status != 200 {
		t.Errorf("after: %d", reply.status)
	}

	controlCall(t, r.sim, http.MethodPost, "/faults", `{"effect":"answer","status":500}`)
	if status, _ := controlCall(t, r.sim, http.MethodDelete, "/faults", ""); status != http.StatusNoContent {
		t.Errorf("delete: %d", status)
	}
	if reply := r.call(http.MethodGet, "/accounts/v1/version", ""); reply.status != 200 {
		t.Errorf("after the delete: %d", reply.status)
	}

	for _, wrong := range []string{
		`{"effect":"explode"}`, `{"effect":"answer"}`, `{"api":"sms","effect":"reset"}`, `{"effects":"reset"}`, `x`,
		`{"effect":"reset"} {}`,
	} {
		if status, body := controlCall(t, r.sim, http.MethodPost, "/faults", wrong); status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", wrong, status, body)
		}
	}
	if reply := r.call(http.MethodGet, "/accounts/v1/version", ""); reply.status != 200 {
		t.Errorf("a refused fault hit: %d", reply.status)
	}
}

func TestControlQuirks(t *testing.T) {
	r := newAccountsRig(t)
	r.sim.AddSIMCard("acme-fleet", SIMCard{CLI: accountsCLI})
	r.sim.SetAccountsQuirks(func(q *AccountsQuirks) { q.NoStatusURL = true })
	if status, body := controlCall(t, r.sim, http.MethodPost, "/quirks/accounts",
		`{"enums_as_names":true}`); status != http.StatusNoContent {
		t.Fatalf("%d %s", status, body)
	}
	reply := r.call(http.MethodPatch, accountsSIMs+"/"+accountsCLI, `{"State":3}`)
	if reply.data("State") != "notactivated" || reply.body["StatusUrl"] != nil {
		t.Errorf("quirks are not merged: %s", reply.raw)
	}
	for _, api := range []string{"accounts", "cmo", "m2m", "mvno"} {
		if status, body := controlCall(t, r.sim, http.MethodPost, "/quirks/"+api, `{}`); status != http.StatusNoContent {
			t.Errorf("%s: %d %s", api, status, body)
		}
		if status, body := controlCall(t, r.sim, http.MethodPost, "/quirks/"+api,
			`{"no_such_quirk":true}`); status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", api, status, body)
		}
	}
	if status, body := controlCall(t, r.sim, http.MethodPost, "/quirks/accounts",
		`{"status_shape":"string"}`); status != http.StatusBadRequest || !strings.Contains(body, "unknown word") {
		t.Errorf("unknown word: %d %s", status, body)
	}
	if status, _ := controlCall(t, r.sim, http.MethodPost, "/quirks/sms", `{}`); status != http.StatusNotFound {
		t.Errorf("unknown API: %d", status)
	}
}

func TestControlPortal(t *testing.T) {
	s := New()
	s.AddSIMCard("acme-fleet", SIMCard{CLI: accountsCLI, Tariff: new("t")})
	s.AddProduct(Product{ID: "JASPER-8997100000000000017", Status: "INACTIVE", SIMStatus: "ACTIVE"})
	s.AddM2MSIM(M2MSIM{ICCID: "8944000000000000017", Status: "active"})
	s.AddMVNOAccount(MVNOAccount{ID: "5f0c1a2b3c4d5e6f70819203", State: "ACTIVE", SIMNumber: "8945010000000000042"})

	for path, body := range map[string]string{
		"/portal/accounts": `{"key":"acme-fleet/001010000000001","set":{"State":5,"ActorStatus":10,"Tariff":null}}`,
		"/portal/cmo":      `{"key":"JASPER-8997100000000000017","set":{"status":"SUSPENDED"}}`,
		"/portal/m2m":      `{"key":"8944000000000000017","set":{"status":"closed"}}`,
		"/portal/mvno":     `{"key":"5f0c1a2b3c4d5e6f70819203","set":{"sim_number":"8945010000000000043"}}`,
	} {
		if status, answer := controlCall(t, s, http.MethodPost, path, body); status != http.StatusNoContent {
			t.Errorf("%s: %d %s", path, status, answer)
		}
		if status, answer := controlCall(t, s, http.MethodPost, path,
			`{"key":"x/y","set":{}}`); status != http.StatusNotFound {
			t.Errorf("%s, unknown key: %d %s", path, status, answer)
		}
		wrong := body[:strings.Index(body, `"set"`)] + `"set":{"colour":"red"}}`
		if status, answer := controlCall(t, s, http.MethodPost, path, wrong); status != http.StatusBadRequest {
			t.Errorf("%s, unknown field: %d %s", path, status, answer)
		}
		if status, answer := controlCall(t, s, http.MethodPost, path, `{"key":"x"}`); status != http.StatusBadRequest {
			t.Errorf("%s, no set: %d %s", path, status, answer)
		}
	}

	if card, _ := s.SIMCard("acme-fleet", accountsCLI); card.State != 5 || card.ActorStatus != 10 || card.Tariff != nil {
		t.Errorf("%+v", card)
	}
	if product, _ := s.Product("JASPER-8997100000000000017"); product.Status != "SUSPENDED" ||
		product.SIMStatus != "SUSPENDED" {
		t.Errorf("%+v", product)
	}
	if sim, _ := s.M2MSIM("8944000000000000017"); sim.Status != "closed" {
		t.Errorf("%+v", sim)
	}
	if account, _ := s.MVNOAccount("5f0c1a2b3c4d5e6f70819203"); account.State != "ACTIVE" ||
		account.SIMNumber != "8945010000000000043" {
		t.Errorf("%+v", account)
	}
	if len(s.Ledger()) != 0 {
		t.Error("the portal wrote into the ledger")
	}
	if status, _ := controlCall(t, s, http.MethodPost, "/portal/sms",
		`{"key":"x","set":{}}`); status != http.StatusNotFound {
		t.Errorf("unknown API: %d", status)
	}
	if status, _ := controlCall(t, s, http.MethodPost, "/portal/cmo",
		`{"key":"JASPER-8997100000000000017","set":{"product_status":"INACTIVE"}}`); status != http.StatusNoContent {
		t.Errorf("product status: %d", status)
	}
	if product, _ := s.Product("JASPER-8997100000000000017"); product.Status != "INACTIVE" ||
		product.SIMStatus != "SUSPENDED" {
		t.Errorf("%+v", product)
	}
}
