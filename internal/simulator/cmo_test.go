package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	cmoJasper   = "JASPER-8997100000000000017"
	cmoTMSP     = "TMSP-89490200000000000024"
	cmoIntelsat = "INTELSAT-27001"
)

// cmoTest is a simulator behind HTTP, a token for it, and its clock.
type cmoTest struct {
	*Simulator
	t     *testing.T
	url   string
	token string
	mu    sync.Mutex
	now   time.Time
}

func newCMOTest(t *testing.T, opts ...Option) *cmoTest {
	t.Helper()
	c := &cmoTest{t: t, now: time.UnixMilli(1700000000000)}
	clock := func() time.Time {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.now
	}
	c.Simulator = New(append([]Option{WithClock(clock)}, opts...)...)
	server := httptest.NewServer(c.Handler())
	t.Cleanup(server.Close)
	c.url = server.URL + "/cmo"
	c.token = c.login(nil).str("access_token")
	return c
}

func (c *cmoTest) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// cmoAnswer is an answer with its body as JSON, nil where it is none.
type cmoAnswer struct {
	status int
	header http.Header
	text   string
	body   any
}

// at follows a path of keys and indexes, such as "entities.0.id"; nil where it leads nowhere.
func (a cmoAnswer) at(path string) any {
	v := a.body
	for step := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func (a cmoAnswer) str(path string) string {
	s, _ := a.at(path).(string)
	return s
}

func (a cmoAnswer) ids() []string {
	var ids []string
	list, _ := a.at("entities").([]any)
	for i := range list {
		ids = append(ids, a.str(fmt.Sprintf("entities.%d.id", i)))
	}
	return ids
}

func (c *cmoTest) send(r *http.Request) cmoAnswer {
	c.t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	a := cmoAnswer{status: resp.StatusCode, header: resp.Header, text: string(text)}
	if json.Unmarshal(text, &a.body) != nil {
		a.body = nil
	}
	return a
}

func (c *cmoTest) call(method, path, contentType, body string) cmoAnswer {
	c.t.Helper()
	r, err := http.NewRequest(method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return c.send(r)
}

func (c *cmoTest) get(path string) cmoAnswer {
	c.t.Helper()
	return c.call(http.MethodGet, "/v5/"+Tenant+path, "", "")
}

func (c *cmoTest) patch(id, status string) cmoAnswer {
	c.t.Helper()
	return c.call(http.MethodPatch, "/v5/"+Tenant+"/product/"+id+"-simCard", "application/json-patch+json",
		`[{"op":"replace","path":"/status","value":"`+status+`"}]`)
}

func (c *cmoTest) findProducts(body string) cmoAnswer {
	c.t.Helper()
	return c.call(http.MethodPost, "/v5/"+Tenant+"/product/find", "application/json", body)
}

// login asks for a token; change edits the request with form fields that would succeed.
func (c *cmoTest) login(change func(form url.Values, header http.Header)) cmoAnswer {
	c.t.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {ClientID}, "client_secret": {ClientSecret},
		"scope": {"openid"}}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	if change != nil {
		change(form, header)
	}
	r, err := http.NewRequest(http.MethodPost, c.url+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header = header
	return c.send(r)
}

func (c *cmoTest) simStatus(id string) string {
	c.t.Helper()
	return c.get("/product/" + id + "-simCard").str("status")
}

func (c *cmoTest) want(a cmoAnswer, status int) cmoAnswer {
	c.t.Helper()
	if a.status != status {
		c.t.Fatalf("got status %d, want %d: %s", a.status, status, a.text)
	}
	return a
}

// wantProblem checks the code and shape of an error.
func (c *cmoTest) wantProblem(a cmoAnswer, status int, title string) {
	c.t.Helper()
	c.want(a, status)
	if a.str("title") != title || a.str("@type") != "problem" || a.str("traceId") == "" ||
		a.at("status") != float64(status) {
		c.t.Errorf("not a problem with the title %q: %s", title, a.text)
	}
}

func (c *cmoTest) wantLedger(want ...string) {
	c.t.Helper()
	var got []string
	for _, change := range c.Ledger() {
		got = append(got, fmt.Sprintf("%s %s %s: %s", change.API, change.Action, change.Key, change.Detail))
	}
	if !slices.Equal(got, want) {
		c.t.Errorf("ledger: got %q, want %q", got, want)
	}
}

// cmoDiffer tells what of a sample an answer lacks; more than the sample is fine. Ids of a run and addresses only
// need the same type.
func cmoDiffer(path string, want, got any) []string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return []string{path + " is no object"}
		}
		var diffs []string
		for name, value := range w {
			if found, ok := g[name]; ok {
				diffs = append(diffs, cmoDiffer(path+"."+name, value, found)...)
			} else {
				diffs = append(diffs, path+"."+name+" is missing")
			}
		}
		return diffs
	case []any:
		g, ok := got.([]any)
		if !ok {
			return []string{path + " is no array"}
		}
		var diffs []string
		for i, value := range w {
			if !slices.ContainsFunc(g, func(x any) bool { return len(cmoDiffer("", value, x)) == 0 }) {
				diffs = append(diffs, fmt.Sprintf("%s.%d is missing", path, i))
			}
		}
		return diffs
	}
	name := path[strings.LastIndex(path, ".")+1:]
	if reflect.TypeOf(want) != reflect.TypeOf(got) {
		return []string{path + " has another type"}
	}
	if slices.Contains([]string{"href", "sourceHref", "instance", "url", "traceId", "correlationId", "access_token",
		"endDateTime"}, name) {
		return nil
	}
	if want != got {
		return []string{fmt.Sprintf("%s is %v, not %v", path, got, want)}
	}
	return nil
}

func TestCMOSamples(t *testing.T) {
	t.Parallel()
	c := newCMOTest(t)
	c.AddProduct(Product{ID: cmoJasper})
	c.AddProduct(Product{ID: cmoTMSP, Status: "PENDING_ACTIVE", SIMStatus: "SUSPENDED"})
	list := c.get("/product?pageSize=2&fields=id,connectivityType,status")
	monitor := c.patch(cmoTMSP, "ACTIVE")
	c.ChangeProduct(cmoJasper, func(p *Product) { p.Status = "INACTIVE" })
	c.AddProduct(Product{
		ID: cmoIntelsat, RelatedPartyID: "340", RelatedPartyName: "intelsat_test",
		Characteristics: map[string]string{"NAME": "van-1", "latitude": "53.11050000", "longitude": "8.88130000"},
	})

	for file, got := range map[string]cmoAnswer{
		"token.json":   c.login(nil),
		"list.json":    list,
		"product.json": c.get("/product/" + cmoJasper),
		"simcard.json": c.get("/product/" + cmoJasper + "-simCard"),
		"monitor.json": monitor,
		"find.json":    c.findProducts(`{"iccidList":["8997100000000000017","8907000000000000000"],"terminalSNList":["27001"]}`),
	} {
		if diffs := cmoDiffer("", cmoSample(t, file), got.body); len(diffs) > 0 {
			t.Errorf("%s: %q in %s", file, diffs, got.text)
		}
	}
	problem := cmoAnswer{body: c.findProducts(`{"iccidList":["8907000000000000000"]}`).at("errors.0")}
	if diffs := cmoDiffer("", cmoSample(t, "problem.json"), problem.body); len(diffs) > 0 {
		t.Errorf("problem.json: %q", diffs)
	}
}

func cmoSample(t *testing.T, file string) any {
	t.Helper()
	text, err := os.ReadFile("testdata/cmo/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestCMOToken(t *testing.T) {
	t.Parallel()
	basic := func(form url.Values, header http.Header) {
		form.Del("client_id")
		form.Del("client_secret")
		r := http.Request{Header: header}
		r.SetBasicAuth(ClientID, ClientSecret)
	}
	for name, test := range map[string]struct {
		form   string
		change func(url.Values, http.Header)
		status int
		code   string
	}{
		"fields":              {status: 200},
		"basic":               {change: basic, status: 200},
		"fields, fields only": {form: "fields_only", status: 200},
		"basic, fields only":  {form: "fields_only", change: basic, status: 401, code: "invalid_client"},
		"fields, basic only":  {form: "basic_only", status: 401, code: "invalid_client"},
		"basic, basic only":   {form: "basic_only", change: basic, status: 200},
		"wrong secret": {change: func(f url.Values, _ http.Header) { f.Set("client_secret", "x") }, status: 401,
			code: "invalid_client"},
		"no credentials": {change: func(f url.Values, _ http.Header) { f.Del("client_id"); f.Del("client_secret") },
			status: 401, code: "invalid_client"},
		"no grant type": {change: func(f url.Values, _ http.Header) { f.Del("grant_type") }, status: 400,
			code: "invalid_request"},
		"another grant type": {change: func(f url.Values, _ http.Header) { f.Set("grant_type", "password") }, status: 400,
			code: "unsupported_grant_type"},
		"not a form": {change: func(_ url.Values, h http.Header) { h.Set("Content-Type", "application/json") },
			status: 415, code: "invalid_request"},
		"both ways at a time": {change: func(f url.Values,
			h http.Header) {
			(&http.Request{Header: h}).SetBasicAuth(ClientID, ClientSecret)
		}, status: 400,
			code: "invalid_request"},
		"without scope": {change: func(f url.Values, _ http.Header) { f.Del("scope") }, status: 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCMOTest(t)
			c.SetCMOQuirks(func(q *CMOQuirks) { q.TokenForm = test.form })
			got := c.want(c.login(test.change), test.status)
			if got.str("error") != test.code {
				t.Errorf("got %s, want error %q", got.text, test.code)
			}
			if hasID := got.at("id_token") != nil; test.status == 200 && hasID != (name != "without scope") {
				t.Errorf("id_token: %v in %s", hasID, got.text)
			}
		})
	}
}

func TestCMOTokenExpires(t *testing.T) {
	t.Parallel()
	c := newCMOTest(t)
	c.advance(299 * time.Second)
	c.want(c.get("/product"), 200)
	c.advance(time.Second)
	c.wantProblem(c.get("/product"), 401, "Error")

	c.SetCMOQuirks(func(q *CMOQuirks) { q.TokenSeconds = 10 })
	got := c.login(nil)
	if got.at("expires_in") != 10.0 {
		t.Errorf("expires_in: %s", got.text)
	}
	c.token = got.str("access_token")
	c.want(c.get("/product"), 200)
	c.ExpireTokens(CMO)
	c.wantProblem(c.get("/product"), 401, "Error")
}

func TestCMOStrictness(t *testing.T) {
	t.Parallel()
	c := newCMOTest(t)
	c.AddProduct(Product{ID: cmoJasper})
	c.AddProduct(Product{ID: cmoIntelsat})
	const jsonPatch, good = "application/json-patch+json", `[{"op":"replace","path":"/status","value":"SUSPENDED"}]`
	base := "/v5/" + Tenant + "/product/"
	sim := base + cmoJasper + "-simCard"
	for _, test := range []struct {
		name, method, path, contentType, body string
		status                                int
		title                                 string
	}{
		{"other tenant", "GET", "/v5/other/product", "", "", 403, "Error"},
		{"unknown parameter", "GET", "/v5/acme/product?limit=5", "", "", 400, "Missing or malformed parameter"},
		{"fields on a detail", "GET", sim + "?fields=id", "", "", 400, "Missing or malformed parameter"},
		{"page 0", "GET", "/v5/acme/product?pageNumber=0", "", "", 400, "Missing or malformed parameter"},
		{"page size in words", "GET", "/v5/acme/product?pageSize=ten", "", "", 400, "Missing or malformed parameter"},
		{"unknown product", "GET", base + "JASPER-1", "", "", 404, "Error"},
		{"unknown part", "GET", base + cmoJasper + "-terminal", "", "", 404, "Error"},
		{"unknown monitor", "GET", "/v5/acme/monitor/1-2", "", "", 404, "Error"},
		{"plain JSON", "PATCH", sim, "application/json", good, 415, "Error"},
		{"no content type", "PATCH", sim, "", good, 415, "Error"},
		{"object", "PATCH", sim, jsonPatch, `{"op":"replace","path":"/status","value":"SUSPENDED"}`, 400, "Bad Request"},
		{"no operation", "PATCH", sim, jsonPatch, `[]`, 400, "Bad Request"},
		{"two operations", "PATCH", sim, jsonPatch,
			`[{"op":"replace","path":"/status","value":"A"},{"op":"replace","path":"/status","value":"B"}]`, 400, "Bad Request"},
		{"add", "PATCH", sim, jsonPatch, `[{"op":"add","path":"/status","value":"SUSPENDED"}]`, 400, "Bad Request"},
		{"path without slash", "PATCH", sim, jsonPatch, `[{"op":"replace","path":"status","value":"SUSPENDED"}]`, 400,
			"Bad Request"},
		{"number", "PATCH", sim, jsonPatch, `[{"op":"replace","path":"/status","value":1}]`, 400, "Bad Request"},
		{"another key", "PATCH", sim, jsonPatch, `[{"op":"replace","path":"/status","value":"SUSPENDED","from":"/x"}]`, 400,
			"Bad Request"},
		{"key in capitals", "PATCH", sim, jsonPatch, `[{"OP":"replace","path":"/status","value":"SUSPENDED"}]`, 400,
			"Bad Request"},
		{"something after it", "PATCH", sim, jsonPatch, good + "x", 400, "Bad Request"},
		{"composite", "PATCH", base + cmoJasper, jsonPatch, good, 400, "Invalid Action"},
		{"terminal", "PATCH", base + cmoIntelsat + "-terminal", jsonPatch, good, 400, "Invalid Action"},
		{"SIM card of a satellite", "PATCH", base + cmoIntelsat + "-simCard", jsonPatch, good, 404, "Error"},
		{"unknown SIM card", "PATCH", base + "JASPER-1-simCard", jsonPatch, good, 404, "Error"},
		{"unknown word", "PATCH", sim, jsonPatch, `[{"op":"replace","path":"/status","value":"suspended"}]`, 400,
			"Invalid Action"},
		{"find nothing", "POST", base + "find", "application/json", `{}`, 400, "Missing or malformed parameter"},
		{"find by another list", "POST", base + "find", "application/json", `{"iccids":["1"],"iccidList":["1"]}`, 400,
			"Missing or malformed parameter"},
		{"find as text", "POST", base + "find", "text/plain", `{"iccidList":["1"]}`, 415, "Error"},
	} {
		c.wantProblem(c.call(test.method, test.path, test.contentType, test.body), test.status, test.title)
		if t.Failed() {
			t.Fatalf("in %q", test.name)
		}
	}
	c.wantLedger()
	if unexpected := c.Unexpected(); unexpected != nil {
		t.Errorf("unexpected: %q", unexpected)
	}
	c.want(c.call("DELETE", sim, "", ""), 501)
	if got := c.Unexpected(); !slices.Equal(got, []string{"DELETE /cmo" + sim}) {
		t.Errorf("unexpected: %q", got)
	}
	c.token = "guess"
	c.wantProblem(c.get("/product"), 401, "Error")
}

func TestCMOListPaging(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		quirks     CMOQuirks
		size       int
		pages      []int // their lengths, up to the first empty one
		duplicates bool
	}{
		"plain":      {size: 10, pages: []int{10, 10, 5, 0}},
		"even":       {size: 5, pages: []int{5, 5, 5, 5, 5, 0}},
		"clamped":    {quirks: CMOQuirks{ListPageCap: 20}, size: 1000, pages: []int{20, 5, 0}},
		"short":      {quirks: CMOQuirks{ListShortPages: true}, size: 20, pages: []int{10, 10, 5, 0}},
		"duplicates": {quirks: CMOQuirks{ListDuplicate: true}, size: 10, pages: []int{10, 10, 7, 0}, duplicates: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCMOTest(t)
			c.SetCMOQuirks(func(q *CMOQuirks) { *q = test.quirks })
			var want []string
			for i := range 25 {
				id := fmt.Sprintf("JASPER-89971%014d", i)
				want = append(want, id)
				c.AddProduct(Product{ID: id})
			}
			var got []string
			for i, length := range test.pages {
				ids := c.want(c.get(fmt.Sprintf("/product?fields=id&pageNumber=%d&pageSize=%d", i+1, test.size)), 200).ids()
				if len(ids) != length {
					t.Fatalf("page %d has %d products, want %d", i+1, len(ids), length)
				}
				got = append(got, ids...)
			}
			if all := len(got); test.duplicates != (all > 25) {
				t.Errorf("%d products were listed", all)
			}
			if got = slices.Compact(got); !slices.Equal(got, want) {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestCMOListFields(t *testing.T) {
	t.Parallel()
	c := newCMOTest(t)
	c.AddProduct(Product{ID: cmoJasper})
	if got := c.get("/product?fields=id%2Cstatus").at("entities.0"); !reflect.DeepEqual(got,
		map[string]any{"id": cmoJasper, "status": "ACTIVE"}) {
		t.Errorf("got %v", got)
	}
	for _, wrong := range []string{"iccid", "id,%20status", "id,", ""} {
		if a := c.want(c.get("/product?fields="+wrong), 200); len(a.ids()) != 0 || a.at("entities") == nil {
			t.Errorf("fields=%q: got %s", wrong, a.text)
		}
	}
	if got := c.get("/product").str("entities.0.productRelationship.0.product.status"); got != "ACTIVE" {
		t.Errorf("the full list shows SIM status %q", got)
	}
	if a := c.get("/product?pageNumber=9223372036854775807"); a.status != 200 || len(a.ids()) != 0 {
		t.Errorf("far page: %d %s", a.status, a.text)
	}
	c.RemoveProduct(cmoJasper)
	c.AddProduct(Product{ID: cmoTMSP})
	if got := c.get("/product").ids(); !slices.Equal(got, []string{cmoTMSP}) {
		t.Errorf("after changes: %q", got)
	}
}

func TestCMOParts(t *testing.T) {
	t.Parallel()
	c := newCMOTest(t)
	c.AddProduct(Product{ID: cmoJasper, Characteristics: map[string]string{"simNotes": "depot", "modem": "x1"}})
	c.AddProduct(Product{ID: cmoIntelsat})
	for id, kind := range map[string]string{
		cmoJasper: "IoTConnection", cmoJasper + "-simCard": "simCard", cmoJasper + "-dataConnectivity": "dataConnectivity",
		cmoJasper + "-usageVolume-data": "usageVolume", cmoIntelsat + "-terminal": "terminal", cmoIntelsat: "IoTConnection",
	} {
		got := c.want(c.get("/product/"+id), 200)
		if got.str("id") != id || got.str("@type") != kind || got.str("correlationId") == "" ||
			got.str("href") != c.url+"/v5/acme/product/"+id {
			t.Errorf("%s: got %s", id, got.text)
		}
	}
	card := c.get("/product/" + cmoJasper + "-simCard")
	if card.str("productCharacteristic.9.value") != "depot" || card.str("productCharacteristic.10.name") != "modem" {
		t.Errorf("own characteristics: %s", card.text)
	}
	if n := len(c.Requests(Match{API: CMO, Route: "product.read", Key: cmoJasper})); n != 5 {
		t.Errorf("product.read was logged %d times", n)
	}
}

func TestCMOSync(t *testing.T) {
	t.Parallel()
	c := newCMOTest(t)
	c.AddProduct(Product{ID: cmoJasper, Status: "INACTIVE"})
	got := c.want(c.patch(cmoJasper, "ACTIVE"), 200)
	if got.str("id") != cmoJasper+"-simCard" || got.str("status") != "ACTIVE" || got.str("correlationId") == "" {
		t.Errorf("got %s", got.text)
	}
	c.want(c.patch(cmoJasper, "ACTIVE"), 200)
	if p, _ := c.Product(cmoJasper); p.Status != "ACTIVE" || p.SIMStatus != "ACTIVE" {
		t.Errorf("got %+v", p)
	}

	c.SetCMOQuirks(func(q *CMOQuirks) { q.SyncBody, q.CompositeFrozen = "composite", true })
	if got := c.patch(cmoJasper, "SUSPENDED"); got.str("id") != cmoJasper || got.str("status") != "ACTIVE" {
		t.Errorf("composite: got %s", got.text)
	}
	if got := c.simStatus(cmoJasper); got != "SUSPENDED" {
		t.Errorf("SIM status %q", got)
	}
	c.SetCMOQuirks(func(q *CMOQuirks) { q.SyncBody = "empty" })
	if got := c.want(c.patch(cmoJasper, "ACTIVE"), 200); got.text != "" {
		t.Errorf("empty: got %q", got.text)
	}
	c.wantLedger(
		"cmo status "+cmoJasper+": INACTIVE -> ACTIVE",
		"cmo status "+cmoJasper+": ACTIVE -> SUSPENDED",
		"cmo status "+cmoJasper+": SUSPENDED -> ACTIVE",
	)
}

func TestCMOTransitions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		backend, from, to string
		allowed           bool
	}{
		{"JASPER", "INACTIVE", "ACTIVE", true},
		{"JASPER", "ACTIVE", "INACTIVE", true},
		{"JASPER", "TERMINATED", "ACTIVE", false},
		{"JASPER", "ACTIVE", "PENDING_ACTIVE", false},
		{"TMUS", "CREATED", "ACTIVE", true},
		{"TMUS", "ACTIVE", "PENDING_TERMINATE", true},
		{"TMUS", "SUSPENDED", "PENDING_TERMINATE", false},
		{"TMUS", "ACTIVE", "BLOCKED", false},
		{"IOTA", "ACTIVE", "SUSPENDED", true},
		{"IOTA", "INACTIVE", "ACTIVE", false},
		{"1NCE", "SUSPENDED", "ACTIVE", true},
		{"1NCE", "ACTIVE", "TERMINATED", false},
		{"TMSP", "ACTIVE", "SUSPENDED", true},
		{"TMSP", "ACTIVE", "BLOCKED", true},
		{"TMSP", "SUSPENDED", "TERMINATED", true},
		{"TMSP", "DEACTIVATED", "ACTIVE", true},
		{"TMSP", "PENDING_ACTIVE", "ACTIVE", true},
		{"TMSP", "PENDING_ACTIVE", "SUSPENDED", false},
		{"TMSP", "ACTIVE", "INACTIVE", false},
		{"TMSP", "TERMINATED", "ACTIVE", false},
		{"STC", "ACTIVE", "SUSPENDED", false},
		{"NEWCOMER", "ACTIVE", "SUSPENDED", false},
	} {
		t.Run(test.backend+" "+test.from+" "+test.to, func(t *testing.T) {
			t.Parallel()
			for _, all := range []bool{false, true} {
				c := newCMOTest(t)
				id := test.backend + "-8900000000000000001"
				c.SetCMOQuirks(func(q *CMOQuirks) { q.AllTransitions = all })
				c.AddProduct(Product{ID: id, Status: test.from})
				got := c.patch(id, test.to)
				if got.status == http.StatusAccepted {
					for got.str("state") == "InProgress" {
						got = c.want(c.get("/monitor/"+got.str("id")), 200)
					}
				} else if !all && !test.allowed {
					c.wantProblem(got, 400, "Invalid Action")
				}
				want := test.from
				if all || test.allowed {
					want = test.to
				}
				if p, _ := c.Product(id); p.SIMStatus != want {
					t.Errorf("all %v: status %s, want %s", all, p.SIMStatus, want)
				}
				if n := len(c.Ledger()); (n == 1) != (all || test.allowed) {
					t.Errorf("all %v: %d changes in the ledger", all, n)
				}
			}
		})
	}
}

func TestCMOAsync(t *testing.T) {
	t.Parallel()
	c := newCMOTest(t, SettleAfterPolls(2))
	c.AddProduct(Product{ID: cmoTMSP, Status: "SUSPENDED"})
	got := c.want(c.patch(cmoTMSP, "ACTIVE"), 202)
	const monitor = "89490200000000000024-1700000000000"
	if got.str("id") != monitor || got.header.Get("Location") != c.url+"/v5/acme/monitor/"+monitor ||
		got.str("href") != got.header.Get("Location") {
		t.Errorf("got %s, Location %q", got.text, got.header.Get("Location"))
	}
	c.wantLedger("cmo status " + cmoTMSP + ": SUSPENDED -> ACTIVE")

	c.wantProblem(c.patch(cmoTMSP, "SUSPENDED"), 409, "Error")
	if got := c.get("/product/" + cmoTMSP); got.str("status") != "PENDING_ACTIVE" { // look 1
		t.Errorf("composite while it runs: %s", got.text)
	}
	if got := c.get("/monitor/" + monitor); got.str("state") != "InProgress" { // look 2
		t.Errorf("monitor while it runs: %s", got.text)
	}
	if got := c.get("/product/" + cmoTMSP + "-usageVolume-data"); got.status != 200 { // no look
		t.Errorf("usage: %s", got.text)
	}
	if got := c.get("/product").str("entities.0.status"); got != "PENDING_ACTIVE" { // no look
		t.Errorf("list while it runs: %s", got)
	}
	if got := c.findProducts(`{"iccidList":["89490200000000000024"]}`).str("entities.0.productRelationship.0.product.status"); got != "ACTIVE" {
		t.Errorf("find after two looks: %s", got)
	}
	got = c.get("/monitor/" + monitor)
	if got.str("state") != "Completed" || got.at("response.statusCode") != 200.0 {
		t.Errorf("monitor in the end: %s", got.text)
	}

	again := c.want(c.patch(cmoTMSP, "ACTIVE"), 202)
	if again.str("id") != "89490200000000000024-1700000000001" || again.str("state") != "Completed" {
		t.Errorf("same status: %s", again.text)
	}
	c.want(c.patch(cmoTMSP, "SUSPENDED"), 202)
	if got := c.simStatus(cmoTMSP); got != "ACTIVE" {
		t.Errorf("while it is being suspended: %s", got)
	}
	c.wantLedger("cmo status "+cmoTMSP+": SUSPENDED -> ACTIVE", "cmo status "+cmoTMSP+": ACTIVE -> SUSPENDED")
}

func TestCMOSettlesByClock(t *testing.T) {
	t.Parallel()
	c := newCMOTest(t, SettleAfter(time.Minute))
	c.AddProduct(Product{ID: cmoTMSP, Status: "SUSPENDED"})
	c.want(c.patch(cmoTMSP, "ACTIVE"), 202)
	c.advance(59 * time.Second)
	if got := c.simStatus(cmoTMSP); got != "PENDING_ACTIVE" {
		t.Errorf("early: %s", got)
	}
	c.advance(time.Second)
	if got := c.get("/product?fields=status").str("entities.0.status"); got != "ACTIVE" {
		t.Errorf("late, in the list: %s", got)
	}
	c.want(c.patch(cmoTMSP, "SUSPENDED"), 202)
	c.advance(time.Minute)
	if p, _ := c.Product(cmoTMSP); p.SIMStatus != "SUSPENDED" {
		t.Errorf("late, in the store: %s", p.SIMStatus)
	}
	c.want(c.patch(cmoTMSP, "ACTIVE"), 202)
}

func TestCMOMonitorFailures(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		quirks  CMOQuirks
		target  string
		running string // the SIM's status meanwhile
		state   string
		code    any
	}{
		"refused transition": {target: "INACTIVE", running: "SUSPENDED", state: "InError", code: 400.0},
		"business rules": {quirks: CMOQuirks{FailProduct: []string{cmoTMSP}}, target: "ACTIVE",
			running: "PENDING_ACTIVE", state: "InError", code: 400.0},
		"completed with code": {quirks: CMOQuirks{FailedMonitorCompletedWith: 422}, target: "INACTIVE", running: "SUSPENDED",
			state: "Completed", code: 422.0},
		"own word": {quirks: CMOQuirks{MonitorStateWords: CMOStateWords{Failed: "rejected"}}, target: "INACTIVE",
			running: "SUSPENDED", state: "rejected", code: 400.0},
		"strings": {quirks: CMOQuirks{MonitorStrings: true}, target: "INACTIVE", running: "SUSPENDED",
			state: "InError", code: "400"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCMOTest(t)
			c.SetCMOQuirks(func(q *CMOQuirks) { *q = test.quirks })
			c.AddProduct(Product{ID: cmoTMSP, Status: "SUSPENDED"})
			monitor := c.want(c.patch(cmoTMSP, test.target), 202)
			if p, _ := c.Product(cmoTMSP); p.SIMStatus != test.running {
				t.Errorf("while it runs: %s", p.SIMStatus)
			}
			if monitor.str("state") != "InProgress" {
				t.Errorf("at first: %s", monitor.text)
			}
			c.get("/monitor/" + monitor.str("id"))
			end := c.get("/monitor/" + monitor.str("id"))
			if end.str("state") != test.state || end.at("response.statusCode") != test.code {
				t.Errorf("in the end: %s", end.text)
			}
			body := cmoAnswer{body: end.at("response.body")}
			if test.quirks.MonitorStrings {
				text, _ := body.body.(string)
				if err := json.Unmarshal([]byte(text), &body.body); err != nil {
					t.Error(err)
				}
			}
			if body.str("title") != "Invalid Action" || body.str("detail") == "" {
				t.Errorf("problem: %s", end.text)
			}
			if p, _ := c.Product(cmoTMSP); p.SIMStatus != "SUSPENDED" || p.Status != "SUSPENDED" {
				t.Errorf("afterwards: %+v", p)
			}
			c.wantLedger()
		})
	}
}

func TestCMOFailProductSync(t *testing.T) {
	t.Parallel()
	c := newCMOTest(t)
	c.SetCMOQuirks(func(q *CMOQuirks) { q.FailProduct = []string{cmoJasper} })
	c.AddProduct(Product{ID: cmoJasper})
	c.wantProblem(c.patch(cmoJasper, "SUSPENDED"), 400, "Invalid Action")
	c.want(c.patch(cmoJasper, "ACTIVE"), 200)
	c.wantLedger()
}

func TestCMOMonitorAddress(t *testing.T) {
	t.Parallel()
	const id = "89490200000000000024-1700000000000"
	const path = "/cmo/v5/acme/monitor/" + id
	for body, want := range map[string]string{
		"":           `"href":"http://elsewhere:99` + path + `"`,
		"empty":      "",
		"bare_url":   "http://elsewhere:99" + path,
		"quoted_url": `"http://elsewhere:99` + path + `"`,
		"angle_url":  "<http://elsewhere:99" + path + ">",
		"links":      `{"links":[{"type":"monitor","url":"http://elsewhere:99` + path + `"}]}`,
		"id_only":    `{"id":"` + id + `"}`,
	} {
		c := newCMOTest(t)
		c.SetCMOQuirks(func(q *CMOQuirks) {
			q.MonitorBody, q.MonitorHost, q.DropLocation = body, "elsewhere:99", body != "empty"
		})
		c.AddProduct(Product{ID: cmoTMSP})
		got := c.want(c.patch(cmoTMSP, "SUSPENDED"), 202)
		if text := strings.TrimSpace(got.text); text != want && (body != "" || !strings.Contains(text, want)) {
			t.Errorf("%s: got %q", body, text)
		}
		location := ""
		if body == "empty" {
			location = "http://elsewhere:99" + path
		}
		if got.header.Get("Location") != location {
			t.Errorf("%s: Location %q", body, got.header.Get("Location"))
		}
	}
}

func TestCMOMonitorComesAndGoes(t *testing.T) {
	t.Parallel()
	c := newCMOTest(t)
	c.SetCMOQuirks(func(q *CMOQuirks) {
		q.MonitorNotFoundFirst, q.MonitorForgotten = 2, true
		q.MonitorStateWords.Running = "acknowledged"
	})
	c.AddProduct(Product{ID: cmoTMSP})
	id := c.patch(cmoTMSP, "SUSPENDED").str("id")
	c.wantProblem(c.get("/monitor/"+id), 404, "Error")
	c.wantProblem(c.get("/monitor/"+id), 404, "Error")
	if got := c.want(c.get("/monitor/"+id), 200); got.str("state") != "acknowledged" {
		t.Errorf("got %s", got.text)
	}
	c.wantProblem(c.get("/monitor/"+id), 404, "Error")
	if got := c.simStatus(cmoTMSP); got != "SUSPENDED" {
		t.Errorf("SIM status %s", got)
	}
}

func TestCMONeverSettles(t *testing.T) {
	t.Parallel()
	c := newCMOTest(t)
	c.SetCMOQuirks(func(q *CMOQuirks) { q.NeverSettles, q.FlipAsync = true, true })
	c.AddProduct(Product{ID: cmoJasper, Status: "INACTIVE"})
	c.AddProduct(Product{ID: cmoTMSP})
	id := c.want(c.patch(cmoJasper, "ACTIVE"), 202).str("id")
	for range 10 {
		if got := c.get("/monitor/" + id); got.str("state") != "InProgress" {
			t.Fatalf("got %s", got.text)
		}
	}
	c.want(c.patch(cmoTMSP, "SUSPENDED"), 200)
	c.SetCMOQuirks(func(q *CMOQuirks) { q.NeverSettles = false })
	if got := c.simStatus(cmoJasper); got != "ACTIVE" {
		t.Errorf("SIM status %s", got)
	}
}

func TestCMOPendingTerminate(t *testing.T) {
	t.Parallel()
	c := newCMOTest(t)
	const id = "TMUS-8900000000000000001"
	c.AddProduct(Product{ID: id})
	if got := c.want(c.patch(id, "PENDING_TERMINATE"), 200); got.str("status") != "PENDING_TERMINATE" {
		t.Errorf("got %s", got.text)
	}
	for _, want := range []string{"PENDING_TERMINATE", "TERMINATED", "TERMINATED"} {
		if got := c.simStatus(id); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	c.wantLedger("cmo status " + id + ": ACTIVE -> PENDING_TERMINATE")
}

func TestCMOStaleReads(t *testing.T) {
	t.Parallel()
	c := newCMOTest(t, SettleAfterPolls(0))
	c.SetCMOQuirks(func(q *CMOQuirks) { q.StaleReads = 2 })
	c.AddProduct(Product{ID: cmoJasper})
	c.AddProduct(Product{ID: cmoTMSP})
	c.patch(cmoJasper, "SUSPENDED")
	for _, want := range []string{"ACTIVE", "ACTIVE", "SUSPENDED"} {
		if got := c.simStatus(cmoJasper); got != want {
			t.Errorf("sync: got %s, want %s", got, want)
		}
	}
	id := c.patch(cmoTMSP, "SUSPENDED").str("id")
	if got := c.get("/monitor/" + id).str("state"); got != "Completed" {
		t.Errorf("monitor: %s", got)
	}
	for _, want := range []string{"ACTIVE", "ACTIVE", "SUSPENDED"} {
		got := c.findProducts(`{"iccidList":["89490200000000000024"]}`).str("entities.0.productRelationship.0.product.status")
		if got != want {
			t.Errorf("async: got %s, want %s", got, want)
		}
	}
}

func TestCMOFind(t *testing.T) {
	t.Parallel()
	c := newCMOTest(t)
	c.AddProduct(Product{ID: cmoJasper})
	c.AddProduct(Product{ID: cmoTMSP})
	c.AddProduct(Product{ID: cmoIntelsat})
	const all = `{"iccidList":["89490200000000000024","8997100000000000017","8997100000000000017","27001"],"terminalSNList":["27001","1"]}`
	got := c.want(c.findProducts(all), 200)
	if ids := got.ids(); !slices.Equal(ids, []string{cmoTMSP, cmoJasper, cmoIntelsat}) {
		t.Errorf("got %q", ids)
	}
	details := []string{got.str("errors.0.detail"), got.str("errors.1.detail"), got.str("errors.2.detail")}
	if want := []string{"Product with iccid 27001 not found", "Product with terminalSN 1 not found",
		""}; !slices.Equal(details, want) {
		t.Errorf("got %q", details)
	}

	c.SetCMOQuirks(func(q *CMOQuirks) { q.FindStatus, q.FindOmits = 207, []string{"8997100000000000017"} })
	got = c.want(c.findProducts(`{"iccidList":["89490200000000000024","8997100000000000017"]}`), 207)
	if ids := got.ids(); !slices.Equal(ids, []string{cmoTMSP}) || len(got.at("errors").([]any)) != 0 {
		t.Errorf("omitted: got %s", got.text)
	}
	c.SetCMOQuirks(func(q *CMOQuirks) { q.FindMax = 1 })
	c.wantProblem(c.findProducts(`{"iccidList":["1","2"]}`), 400, "Bad Request")
	c.SetCMOQuirks(func(q *CMOQuirks) { q.FindMissing = 405 })
	c.wantProblem(c.findProducts(all), 405, "Error")
	c.SetCMOQuirks(func(q *CMOQuirks) { q.FindMissing, q.FindMissingHTML = 404, true })
	if got := c.want(c.findProducts(all), 404); got.header.Get("Content-Type") != "text/html" || got.body != nil {
		t.Errorf("page: %s", got.text)
	}
}

func TestCMODialects(t *testing.T) {
	t.Parallel()
	c := newCMOTest(t)
	c.AddProduct(Product{ID: cmoJasper})
	c.SetCMOQuirks(func(q *CMOQuirks) { q.RelationshipType, q.CharacteristicCase = true, "lower" })
	got := c.get("/product/" + cmoJasper)
	if got.str("productRelationship.0.relationshipType") != "BUNDLED" || got.at("productRelationship.0.type") != nil ||
		got.str("productCharacteristic.0.name") != "system" {
		t.Errorf("got %s", got.text)
	}
	c.SetCMOQuirks(func(q *CMOQuirks) { q.NoNestedSIMCard, q.CharacteristicCase = true, "upper" })
	if got := c.get("/product/" + cmoJasper); got.at("productRelationship") != nil {
		t.Errorf("got %s", got.text)
	}
	if got := c.get("/product/" + cmoJasper + "-simCard"); got.str("productCharacteristic.6.name") != "IMEI" {
		t.Errorf("got %s", got.text)
	}
}

func TestCMORateLimit(t *testing.T) {
	t.Parallel()
	c := newCMOTest(t)
	const id = "1NCE-8900000000000000001"
	c.AddProduct(Product{ID: id})
	c.AddProduct(Product{ID: cmoJasper})
	c.SetCMOQuirks(func(q *CMOQuirks) { q.RateLimit = map[string]int{"1NCE": 3} })
	c.want(c.get("/product/"+id), 200)
	c.want(c.get("/product"), 200)
	c.want(c.findProducts(`{"iccidList":["8900000000000000001"]}`), 200)
	refused := c.patch(id, "SUSPENDED")
	c.wantProblem(refused, 429, "Rate Limit Exceeded")
	if refused.header.Values("Retry-After") != nil {
		t.Error("a Retry-After header was sent")
	}
	c.want(c.get("/product/"+cmoJasper), 200)
	c.wantLedger()

	c.SetCMOQuirks(func(q *CMOQuirks) { q.RetryAfter = "1" })
	if got := c.want(c.get("/product/"+id), 429); got.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After: %q", got.header.Get("Retry-After"))
	}
	c.advance(time.Second)
	c.want(c.patch(id, "SUSPENDED"), 200)
}

func TestCMOStore(t *testing.T) {
	t.Parallel()
	c := newCMOTest(t)
	own := map[string]string{"simNotes": "a"}
	c.AddProduct(Product{ID: cmoTMSP, SIMStatus: "BLOCKED", Characteristics: own})
	c.AddProduct(Product{ID: cmoIntelsat})
	own["simNotes"] = "b"
	p, ok := c.Product(cmoTMSP)
	want := Product{
		ID: cmoTMSP, ConnectivityType: "CELLULAR", Status: "BLOCKED", SIMStatus: "BLOCKED", Offering: "1GB pool",
		StartDate: time.Date(2024, 4, 1, 20, 0, 0, 0, time.UTC), RelatedPartyID: "100200", RelatedPartyName: "TMSP_1",
		IMSI: "901400000000024", MSISDN: "8822800000024", Characteristics: map[string]string{"simNotes": "a"},
	}
	if !ok || !reflect.DeepEqual(p, want) {
		t.Errorf("got %+v, %v", p, ok)
	}
	if p.Backend() != "TMSP" || p.ICCID() != "89490200000000000024" {
		t.Errorf("backend %q, ICCID %q", p.Backend(), p.ICCID())
	}
	if sat, _ := c.Product(cmoIntelsat); sat.ConnectivityType != "SATELLITE" || sat.ICCID() != "" {
		t.Errorf("got %+v", sat)
	}
	if !c.ChangeProduct(cmoTMSP, func(p *Product) { p.ID, p.SIMStatus = "other", "ACTIVE" }) ||
		c.ChangeProduct("none", nil) {
		t.Error("ChangeProduct answered wrongly")
	}
	if got := c.simStatus(cmoTMSP); got != "ACTIVE" {
		t.Errorf("after a change in the portal: %s", got)
	}
	if !c.RemoveProduct(cmoTMSP) || c.RemoveProduct(cmoTMSP) {
		t.Error("RemoveProduct answered wrongly")
	}
	c.want(c.get("/product/"+cmoTMSP), 404)
	if got := c.findProducts(`{"iccidList":["89490200000000000024"]}`).ids(); len(got) != 0 {
		t.Errorf("found after removal: %q", got)
	}
	if got := c.Products(); len(got) != 1 || got[0].ID != cmoIntelsat {
		t.Errorf("got %+v", got)
	}
	c.wantLedger()
}

// TestCMOFleet reads 10,000 SIMs as a refresh does: by find, 50 at a time, and as a list.
func TestCMOFleet(t *testing.T) {
	t.Parallel()
	c := newCMOTest(t)
	const fleet = 10000
	iccids := make([]string, fleet)
	for i := range iccids {
		iccids[i] = fmt.Sprintf("89000000000000%05d", (i*7919)%fleet)
		c.AddProduct(Product{ID: "JASPER-" + iccids[i]})
	}
	found := 0
	for chunk := range slices.Chunk(iccids, 50) {
		list, _ := json.Marshal(map[string]any{"iccidList": chunk})
		found += len(c.findProducts(string(list)).ids())
	}
	listed := map[string]bool{}
	for page := 1; ; page++ {
		ids := c.get(fmt.Sprintf("/product?pageSize=100&fields=id,connectivityType,status&pageNumber=%d", page)).ids()
		if len(ids) == 0 {
			break
		}
		for _, id := range ids {
			listed[id] = true
		}
	}
	if found != fleet || len(listed) != fleet {
		t.Errorf("found %d, listed %d", found, len(listed))
	}
}
