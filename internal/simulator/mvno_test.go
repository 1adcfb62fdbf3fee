package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const (
	mvnoTestID  = "5f0c1a2b3c4d5e6f70819203"
	mvnoTestOld = "8945010000000000018"
	mvnoTestNew = "8945010000000000042"
)

// newMVNOTest seeds one account and a pool of free SIMs.
func newMVNOTest(t *testing.T) (*Simulator, string) {
	t.Helper()
	s := New()
	s.AddMVNOSIM(MVNOSIM{ICC: mvnoTestNew, IMSI: "238010000000042", PIN1: "0000", PIN2: "1111", PUK1: "11112222",
		PUK2: "33334444"})
	s.AddMVNOSIM(MVNOSIM{ICC: "8945010000000000091", AutoAssign: true})
	s.AddMVNOSIM(MVNOSIM{ICC: "8945010000000000083", AutoAssign: true})
	s.AddMVNOSIM(MVNOSIM{ICC: "8945010000000000075", AutoAssign: true, Network: "TELENOR"})
	s.AddMVNOSIM(MVNOSIM{ICC: "8945010000000000067", FormFactor: "eSIM", Network: "TELENOR"})
	s.AddMVNOSIM(MVNOSIM{ICC: "8945010000000000109", FormFactor: "eSIM"})
	s.AddMVNOAccount(MVNOAccount{ID: mvnoTestID, Number: "+4512345678", SIMNumber: mvnoTestOld})
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return s, server.URL + "/mvno"
}

func mvnoRequest(t *testing.T, url, body string, header ...string) (status int, reply string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if kind := response.Header.Get("Content-Type"); kind != "application/json" &&
		response.StatusCode != http.StatusNotImplemented {
		t.Errorf("Content-Type %q", kind)
	}
	return response.StatusCode, string(text)
}

// mvnoGet sends an authorised GET.
func mvnoGet(t *testing.T, url string) (status int, reply string) {
	t.Helper()
	return mvnoRequest(t, url, "", "Authorization", "Bearer "+MVNOToken)
}

func mvnoSwapURL(base, sim string) string { return base + "/mvno/" + mvnoTestID + "/changesim/" + sim }

// mvnoWantCode expects an error of the API.
func mvnoWantCode(t *testing.T, url string, status int, code string) {
	t.Helper()
	got, reply := mvnoGet(t, url)
	mvnoCheckCode(t, got, reply, status, code)
}

func mvnoCheckCode(t *testing.T, got int, reply string, status int, code string) {
	t.Helper()
	var body struct {
		Error struct {
			Message, Code string
			Status        int
		}
	}
	if err := json.Unmarshal([]byte(reply), &body); err != nil {
		t.Fatalf("%v in %s", err, reply)
	}
	if got != status || body.Error.Status != status || body.Error.Code != code || body.Error.Message == "" {
		t.Errorf("got %d %s, want %d %s", got, reply, status, code)
	}
}

// mvnoWantJSON expects a 200 whose body has the meaning of want.
func mvnoWantJSON(t *testing.T, url, want string) {
	t.Helper()
	status, reply := mvnoGet(t, url)
	if status != http.StatusOK || !mvnoSameJSON(t, reply, want) {
		t.Errorf("got %d %s\nwant 200 %s", status, reply, want)
	}
}

func mvnoSameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var left, right any
	if err := json.Unmarshal([]byte(a), &left); err != nil {
		t.Fatalf("%v in %s", err, a)
	}
	if err := json.Unmarshal([]byte(b), &right); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return reflect.DeepEqual(left, right)
}

func mvnoSample(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "mvno", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// mvnoSwaps is the ledger in short.
func mvnoSwaps(t *testing.T, s *Simulator) []string {
	t.Helper()
	swaps := []string{}
	for _, change := range s.Ledger() {
		if change.API != MVNO || change.Action != "swap" || change.Key != mvnoTestID {
			t.Errorf("ledger: %+v", change)
		}
		swaps = append(swaps, change.Detail)
	}
	return swaps
}

func mvnoWantSwaps(t *testing.T, s *Simulator, want ...string) {
	t.Helper()
	if got := mvnoSwaps(t, s); !reflect.DeepEqual(got, append([]string{}, want...)) {
		t.Errorf("ledger %q, want %q", got, want)
	}
}

func TestMVNOSamples(t *testing.T) {
	t.Parallel()
	s, url := newMVNOTest(t)
	mvnoWantJSON(t, mvnoSwapURL(url, mvnoTestNew), mvnoSample(t, "swap.json"))
	mvnoWantJSON(t, url+"/mvno/"+mvnoTestID, mvnoSample(t, "account.json"))
	mvnoWantJSON(t, url+"/mvno/"+strings.ToUpper(mvnoTestID), mvnoSample(t, "account.json"))
	mvnoWantJSON(t, url+"/mvno/+4512345678", mvnoSample(t, "account.json"))
	s.ChangeMVNOAccount(mvnoTestID, func(a *MVNOAccount) { a.Porting = true })
	status, reply := mvnoGet(t, mvnoSwapURL(url, "autoAssign"))
	if status != http.StatusForbidden || !mvnoSameJSON(t, reply, mvnoSample(t, "error_porting.json")) {
		t.Errorf("got %d %s", status, reply)
	}
}

func TestMVNOSwapSpendsTheOldSIM(t *testing.T) {
	t.Parallel()
	s, url := newMVNOTest(t)
	if old, ok := s.MVNOSIM(mvnoTestOld); !ok || !old.Used || old.Holder != mvnoTestID {
		t.Errorf("the SIM of a new account: %+v", old)
	}
	if status, reply := mvnoGet(t, mvnoSwapURL(url, mvnoTestNew)); status != http.StatusOK {
		t.Fatalf("got %d %s", status, reply)
	}
	mvnoWantSwaps(t, s, mvnoTestOld+" -> "+mvnoTestNew)
	if account, ok := s.MVNOAccount(mvnoTestID); !ok || account.SIMNumber != mvnoTestNew {
		t.Errorf("account %+v", account)
	}
	if old, _ := s.MVNOSIM(mvnoTestOld); !old.Used || old.Holder != "" {
		t.Errorf("the old SIM: %+v", old)
	}
	if sim, _ := s.MVNOSIM(mvnoTestNew); !sim.Used || sim.Holder != mvnoTestID {
		t.Errorf("the new SIM: %+v", sim)
	}
	mvnoWantCode(t, mvnoSwapURL(url, mvnoTestNew), 404, "sim") // the same again
	mvnoWantCode(t, mvnoSwapURL(url, mvnoTestOld), 404, "sim") // and no way back
	mvnoWantSwaps(t, s, mvnoTestOld+" -> "+mvnoTestNew)
}

// Each GET with a word takes another SIM: the lowest one of the account's network.
func TestMVNOEveryGetSwaps(t *testing.T) {
	t.Parallel()
	s, url := newMVNOTest(t)
	for range 2 {
		if status, reply := mvnoGet(t, mvnoSwapURL(url, "autoAssign")); status != http.StatusOK {
			t.Fatalf("got %d %s", status, reply)
		}
	}
	status, reply := mvnoGet(t, mvnoSwapURL(url, "eSim"))
	if status != http.StatusOK || !strings.Contains(reply, `"formFactor":"eSIM"`) {
		t.Fatalf("got %d %s", status, reply)
	}
	want := []string{
		mvnoTestOld + " -> 8945010000000000083",
		"8945010000000000083 -> 8945010000000000091",
		"8945010000000000091 -> 8945010000000000109",
	}
	mvnoWantSwaps(t, s, want...)
	mvnoWantCode(t, mvnoSwapURL(url, "autoAssign"), 404, "sim")
	mvnoWantCode(t, mvnoSwapURL(url, "eSim"), 404, "esim")
	mvnoWantSwaps(t, s, want...)
}

func TestMVNOSwapRefusals(t *testing.T) {
	t.Parallel()
	s, url := newMVNOTest(t)
	s.AddMVNOAccount(MVNOAccount{ID: "5f0c1a2b3c4d5e6f70819204", SIMNumber: "8945010000000000117"})
	s.AddMVNOSIM(MVNOSIM{ICC: "89450100000000000125"}) // 20 digits: can't be asked for
	s.AddMVNOSIM(MVNOSIM{ICC: "8945010000000000133", Used: true})
	for _, sim := range []string{
		"8945010000000000117", "89450100000000000125", "8945010000000000133", // held, too long, spent
		"8945010000000000075", "8945010000000000999", mvnoTestNew + "F", // other network, unknown, not digits
		"esim", "autoassign", mvnoTestOld,
	} {
		mvnoWantCode(t, mvnoSwapURL(url, sim), 404, "sim")
	}
	for _, id := range []string{"5f0c1a2b3c4d5e6f70819299", "+4512345678"} {
		mvnoWantCode(t, url+"/mvno/"+id+"/changesim/"+mvnoTestNew, 404, "mvnoAccount")
	}
	mvnoWantCode(t, mvnoSwapURL(url, mvnoTestNew)+"?force=true", 400, "bad_request")
	for _, state := range []string{"CREATING", "DELETING", "DELETED"} {
		s.ChangeMVNOAccount(mvnoTestID, func(a *MVNOAccount) { a.State = state })
		mvnoWantCode(t, mvnoSwapURL(url, mvnoTestNew), 403, "state")
	}
	mvnoWantSwaps(t, s)
	s.ChangeMVNOAccount(mvnoTestID, func(a *MVNOAccount) { a.State = "BLOCKED" })
	if status, reply := mvnoGet(t, mvnoSwapURL(url, mvnoTestNew)); status != http.StatusOK {
		t.Errorf("a blocked account: %d %s", status, reply)
	}
}

// The checks come in the order token, access level, account, state, porting, SIM: with everything wrong, each cause
// that is mended uncovers the next.
func TestMVNOCheckOrder(t *testing.T) {
	t.Parallel()
	s, base := newMVNOTest(t)
	s.SetMVNOQuirks(func(q *MVNOQuirks) { q.AccessLevel = "VIEWER" })
	s.RemoveMVNOAccount(mvnoTestID)
	url := mvnoSwapURL(base, "1")
	status, reply := mvnoRequest(t, url, "", "Authorization", "Bearer wrong")
	mvnoCheckCode(t, status, reply, 401, "invalid_token")
	mvnoWantCode(t, url, 403, "access_denied")
	s.SetMVNOQuirks(func(q *MVNOQuirks) { q.AccessLevel = "" })
	mvnoWantCode(t, url, 404, "mvnoAccount")
	s.AddMVNOAccount(MVNOAccount{ID: mvnoTestID, State: "CREATING", Porting: true})
	mvnoWantCode(t, url, 403, "state")
	s.ChangeMVNOAccount(mvnoTestID, func(a *MVNOAccount) { a.State = "ACTIVE" })
	mvnoWantCode(t, url, 403, "porting")
	s.ChangeMVNOAccount(mvnoTestID, func(a *MVNOAccount) { a.Porting = false })
	mvnoWantCode(t, url, 404, "sim")
	mvnoWantSwaps(t, s)
	if status, reply := mvnoGet(t, mvnoSwapURL(base, mvnoTestNew)); status != http.StatusOK {
		t.Errorf("got %d %s", status, reply)
	}
	mvnoWantSwaps(t, s, "none -> "+mvnoTestNew)
}

func TestMVNOTokens(t *testing.T) {
	t.Parallel()
	_, base := newMVNOTest(t)
	url := base + "/mvno/" + mvnoTestID
	for _, c := range []struct {
		name   string
		url    string
		header []string
		status int
		code   string
	}{
		{"none", url, nil, 401, "invalid_token"},
		{"no scheme", url, []string{"Authorization", MVNOToken}, 401, "format_error"},
		{"wrong key", url, []string{"X-API-Key", "wrong"}, 401, "invalid_token"},
		{"cookie", url, []string{"Cookie", "token=" + MVNOToken}, 401, "invalid_token"},
		{"in the query", url + "?token=" + MVNOToken, []string{"X-API-Key", MVNOToken}, 400, "bad_request"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, reply := mvnoRequest(t, c.url, "", c.header...)
			mvnoCheckCode(t, status, reply, c.status, c.code)
		})
	}
	if status, reply := mvnoRequest(t, url, "", "X-API-Key", MVNOToken); status != http.StatusOK {
		t.Errorf("X-API-Key: %d %s", status, reply)
	}
	status, reply := mvnoRequest(t, url, "{}", "X-API-Key", MVNOToken)
	mvnoCheckCode(t, status, reply, 400, "bad_request")
}

func TestMVNOLogoutEndsAllTokens(t *testing.T) {
	t.Parallel()
	_, base := newMVNOTest(t)
	mvnoWantJSON(t, base+"/auth/logout", `{"success":true}`)
	for _, path := range []string{"/mvno", "/mvno/" + mvnoTestID, "/sim", "/sim/" + mvnoTestNew, "/auth/logout"} {
		mvnoWantCode(t, base+path, 401, "invalid_token")
	}
	mvnoWantCode(t, mvnoSwapURL(base, mvnoTestNew), 401, "invalid_token")
}

func TestMVNOAccessLevels(t *testing.T) {
	t.Parallel()
	for level, want := range map[string][2]int{ // status of a read and of a swap
		"NO_LOGIN": {403, 403}, "PERSONAL": {403, 403}, "VIEWER": {200, 403}, "MANAGER": {200, 403}, "OWNER": {200, 200},
		"RESELLER": {200, 200}, "RESELLER_ADMIN": {200, 403}, "ADMIN": {200, 200},
	} {
		s, base := newMVNOTest(t)
		s.SetMVNOQuirks(func(q *MVNOQuirks) { q.AccessLevel = level })
		read, _ := mvnoGet(t, base+"/mvno/"+mvnoTestID)
		swap, _ := mvnoGet(t, mvnoSwapURL(base, mvnoTestNew))
		if got := [2]int{read, swap}; got != want {
			t.Errorf("%s: read and swap %v, want %v", level, got, want)
		}
	}
}

func TestMVNOAccountQuirks(t *testing.T) {
	t.Parallel()
	s, base := newMVNOTest(t)
	url := base + "/mvno/" + mvnoTestID
	sim := func(want string) {
		t.Helper()
		_, reply := mvnoGet(t, url)
		var body struct{ MVNOSim json.RawMessage }
		if err := json.Unmarshal([]byte(reply), &body); err != nil {
			t.Fatal(err)
		}
		if !mvnoSameJSON(t, string(body.MVNOSim), want) {
			t.Errorf("mvnoSim %s, want %s", body.MVNOSim, want)
		}
	}
	old, _ := s.MVNOSIM(mvnoTestOld)
	sim(fmt.Sprintf(`{"simNumber":%q,"imsi":%q,"network":"TDC"}`, mvnoTestOld, old.IMSI))

	s.SetMVNOQuirks(func(q *MVNOQuirks) { q.StaleReads = 2 })
	mvnoGet(t, mvnoSwapURL(base, mvnoTestNew))
	for range 2 {
		sim(fmt.Sprintf(`{"simNumber":%q,"imsi":%q,"network":"TDC"}`, mvnoTestOld, old.IMSI))
	}
	sim(`{"simNumber":"8945010000000000042","imsi":"238010000000042","network":"TDC"}`)

	s.SetMVNOQuirks(func(q *MVNOQuirks) { *q = MVNOQuirks{TrailingF: true, ShowFormFactor: true} })
	sim(`{"simNumber":"8945010000000000042F","imsi":"238010000000042","network":"TDC","formFactor":"NANO"}`)
	s.SetMVNOQuirks(func(q *MVNOQuirks) { *q = MVNOQuirks{OmitSIMNumber: true} })
	sim(`{"imsi":"238010000000042","network":"TDC"}`)

	s.ChangeMVNOAccount(mvnoTestID, func(a *MVNOAccount) { a.State = "DELETING" })
	for word, want := range map[string]string{"": "DELETING", "DELETED": "DELETED"} {
		s.SetMVNOQuirks(func(q *MVNOQuirks) { q.DeletedState = word })
		if _, reply := mvnoGet(t, url); !strings.Contains(reply, `"state":"`+want+`"`) {
			t.Errorf("no state %s in %s", want, reply)
		}
	}
}

func TestMVNOErrorForms(t *testing.T) {
	t.Parallel()
	s, base := newMVNOTest(t)
	const one = `{"message":"MVNO account not found","code":"mvnoAccount","status":404}`
	for form, want := range map[string]string{
		"": `{"error":` + one + `}`, "array": `{"error":[` + one + `]}`, "errors": `{"errors":[` + one + `]}`,
	} {
		s.SetMVNOQuirks(func(q *MVNOQuirks) { q.ErrorForm = form })
		if status, reply := mvnoGet(t, base+"/mvno/1"); status != 404 || !mvnoSameJSON(t, reply, want) {
			t.Errorf("%q: got %d %s, want %s", form, status, reply, want)
		}
	}
}

func TestMVNOSuccessFalse(t *testing.T) {
	t.Parallel()
	s, base := newMVNOTest(t)
	s.SetMVNOQuirks(func(q *MVNOQuirks) { q.SuccessFalseNotExecuted = true })
	mvnoWantJSON(t, mvnoSwapURL(base, mvnoTestNew), `{"success":false}`)
	mvnoWantSwaps(t, s)
	s.SetMVNOQuirks(func(q *MVNOQuirks) { *q = MVNOQuirks{SuccessFalseExecuted: true} })
	mvnoWantJSON(t, mvnoSwapURL(base, mvnoTestNew), `{"success":false}`)
	mvnoWantSwaps(t, s, mvnoTestOld+" -> "+mvnoTestNew)
}

func TestMVNOReadSIM(t *testing.T) {
	t.Parallel()
	s, base := newMVNOTest(t)
	const free = `{"_id":"8945010000000000042","puk1":"11112222","puk2":"33334444","pin1":"0000","pin2":"1111",
		"formFactor":"NANO","network":"TDC","inStorageAt":"5f0c1a2b3c4d5e6f70810001","autoAssign":false}`
	mvnoWantJSON(t, base+"/sim/"+mvnoTestNew, free)
	mvnoWantJSON(t, base+"/sim/"+mvnoTestNew+"F", free)
	mvnoGet(t, mvnoSwapURL(base, mvnoTestNew))
	mvnoWantJSON(t, base+"/sim/"+mvnoTestNew, strings.Replace(free, `"5f0c1a2b3c4d5e6f70810001"`, "null", 1))
	mvnoWantCode(t, base+"/sim/8945010000000000999", 404, "not_found")
	s.SetMVNOQuirks(func(q *MVNOQuirks) { q.SIMReadDenied = true })
	mvnoWantCode(t, base+"/sim/"+mvnoTestNew, 403, "access_denied")
}

func TestMVNOLists(t *testing.T) {
	t.Parallel()
	s, base := newMVNOTest(t)
	s.AddMVNOAccount(MVNOAccount{ID: "5f0c1a2b3c4d5e6f70819202", Number: "+4587654321"})
	s.AddMVNOAccount(MVNOAccount{ID: "5f0c1a2b3c4d5e6f70819201", Customer: "5f0c1a2b3c4d5e6f70810002"})
	const (
		first  = "5f0c1a2b3c4d5e6f70819202"
		second = mvnoTestID
	)
	for _, c := range []struct {
		path, name string
		total      int
		want       string // ids of the page
	}{
		{"/mvno", "mvnoAccounts", 2, first + " " + second},
		{"/mvno?limit=1", "mvnoAccounts", 2, first},
		{"/mvno?limit=1&offset=1", "mvnoAccounts", 2, second},
		{"/mvno?offset=9223372036854775807", "mvnoAccounts", 2, ""},
		{"/mvno?filter=87654", "mvnoAccounts", 1, first},
		{"/mvno?filter=" + mvnoTestOld, "mvnoAccounts", 1, second},
		{"/mvno?network=TDC", "mvnoAccounts", 1, second},
		{"/sim?limit=2", "sims", 6, "8945010000000000042 8945010000000000067"},
		{"/sim?formFactor=eSIM&network=TDC", "sims", 1, "8945010000000000109"},
		{"/sim?autoAssign=true&filter=9", "sims", 3, "8945010000000000075 8945010000000000083 8945010000000000091"},
		{"/sim?filter=" + mvnoTestOld, "sims", 0, ""}, // used: not listed
	} {
		t.Run(c.path, func(t *testing.T) {
			status, reply := mvnoGet(t, base+c.path)
			var body map[string]json.RawMessage
			if err := json.Unmarshal([]byte(reply), &body); status != http.StatusOK || err != nil {
				t.Fatalf("%d %s", status, reply)
			}
			items := []struct {
				ID string `json:"_id"`
			}(nil)
			if err := json.Unmarshal(body[c.name], &items); err != nil || items == nil {
				t.Fatalf("%v: no array %s in %s", err, c.name, reply)
			}
			var ids []string
			for _, item := range items {
				ids = append(ids, item.ID)
			}
			if got := strings.Join(ids, " "); got != c.want || string(body["total"]) != fmt.Sprint(c.total) {
				t.Errorf("got %s of %s, want %s of %d", got, body["total"], c.want, c.total)
			}
		})
	}
	for _, path := range []string{"/mvno?limit=0", "/mvno?limit=501", "/sim?offset=-1", "/sim?limit=x",
		"/mvno?usage=true"} {
		mvnoWantCode(t, base+path, 400, "bad_request")
	}
}

// What someone does in the portal has its effect, but is not in the ledger.
func TestMVNOPortal(t *testing.T) {
	t.Parallel()
	s, base := newMVNOTest(t)
	if !s.ChangeMVNOAccount(mvnoTestID, func(a *MVNOAccount) { a.SIMNumber = mvnoTestNew }) {
		t.Fatal("no account to change")
	}
	if old, _ := s.MVNOSIM(mvnoTestOld); !old.Used || old.Holder != "" {
		t.Errorf("the old SIM: %+v", old)
	}
	mvnoWantJSON(t, base+"/mvno/"+mvnoTestID, mvnoSample(t, "account.json"))
	s.AddMVNOSIM(MVNOSIM{ICC: mvnoTestNew, PUK1: "00000000"})
	if sim, _ := s.MVNOSIM(mvnoTestNew); !sim.Used || sim.Holder != mvnoTestID || sim.PUK1 != "00000000" {
		t.Errorf("a SIM that is replaced in the pool stays with its account: %+v", sim)
	}
	if !s.RemoveMVNOAccount(mvnoTestID) || s.RemoveMVNOAccount(mvnoTestID) || s.ChangeMVNOAccount(mvnoTestID, nil) {
		t.Error("a removed account is still there")
	}
	mvnoWantCode(t, base+"/mvno/"+mvnoTestID, 404, "mvnoAccount")
	if sim, _ := s.MVNOSIM(mvnoTestNew); !sim.Used || sim.Holder != "" {
		t.Errorf("the SIM of a removed account: %+v", sim)
	}
	mvnoWantSwaps(t, s)
}

// Codes that a test does not give are the same in each run, and differ from SIM to SIM.
func TestMVNODeterministicCodes(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, icc := range []string{mvnoTestOld, mvnoTestNew} {
		var sims [2]MVNOSIM
		for i := range sims {
			s := New()
			s.AddMVNOSIM(MVNOSIM{ICC: icc + "F"})
			sims[i], _ = s.MVNOSIM(icc)
		}
		if sims[0] != sims[1] {
			t.Errorf("%+v and %+v", sims[0], sims[1])
		}
		sim := sims[0]
		if len(sim.IMSI) != 15 || len(sim.PIN1) != 4 || len(sim.PIN2) != 4 || len(sim.PUK1) != 8 || len(sim.PUK2) != 8 {
			t.Errorf("codes of wrong length: %+v", sim)
		}
		for _, code := range []string{sim.IMSI, sim.PUK1, sim.PUK2} {
			if seen[code] {
				t.Errorf("%s comes twice", code)
			}
			seen[code] = true
		}
	}
}

func TestMVNOUnknownQuirk(t *testing.T) {
	t.Parallel()
	s, _ := newMVNOTest(t)
	for _, change := range []func(*MVNOQuirks){
		func(q *MVNOQuirks) { q.AccessLevel = "KING" },
		func(q *MVNOQuirks) { q.ErrorForm = "text" },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("an unknown word was taken")
				}
			}()
			s.SetMVNOQuirks(change)
		}()
	}
	if s.mvno.quirks != (MVNOQuirks{}) {
		t.Errorf("refused words have stayed: %+v", s.mvno.quirks)
	}
}

func TestMVNOUnknownRoute(t *testing.T) {
	t.Parallel()
	s, base := newMVNOTest(t)
	if status, _ := mvnoGet(t, base+"/mvno/"+mvnoTestID+"/changenetwork/eSim"); status != http.StatusNotImplemented {
		t.Errorf("got %d", status)
	}
	if len(s.Unexpected()) != 1 {
		t.Errorf("unexpected %v", s.Unexpected())
	}
}
