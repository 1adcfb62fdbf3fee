package mvno

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/identity"
)

// lister answers lists by a function of the query, and keeps the queries.
type lister struct {
	service
	mu      sync.Mutex
	queries []string
}

func list(t testing.TB, answer func(query url.Values) (status int, body string)) *lister {
	t.Helper()
	l := &lister{}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		l.queries = append(l.queries, strings.TrimPrefix(r.URL.Path, "/prefix")+"?"+r.URL.RawQuery)
		l.mu.Unlock()
		status, body := answer(r.URL.Query())
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(l.Close)
	return l
}

// pool is so many SIM objects, with codes that must not come out.
func pool(n int) []string {
	sims := make([]string, n)
	for i := range sims {
		sims[i] = fmt.Sprintf(`{"_id":"%019d","network":"TDC","formFactor":"NANO","autoAssign":true,`+
			`"pin1":"4711","puk1":"87654321"}`, i)
	}
	return sims
}

// cut is the page of the items that a query asks for, of at most so many items.
func cut(items []string, query url.Values, most int) []string {
	offset, _ := strconv.Atoi(query.Get("offset"))
	limit, _ := strconv.Atoi(query.Get("limit"))
	rest := items[min(offset, len(items)):]
	return rest[:min(len(rest), limit, most)]
}

func array(items []string) string { return "[" + strings.Join(items, ",") + "]" }

// TestListReadings: each reading of what the pages leave open gives the same whole list.
func TestListReadings(t *testing.T) {
	const n = 1200
	sims := pool(n)
	for name, row := range map[string]struct {
		page  func(query url.Values) string
		calls int
	}{
		"as documented": {func(q url.Values) string {
			return fmt.Sprintf(`{"offset":%s,"limit":%s,"total":%d,"sims":%s}`, q.Get("offset"), q.Get("limit"), n,
				array(cut(sims, q, 500)))
		}, 4},
		"numbers as text": {func(q url.Values) string {
			return fmt.Sprintf(`{"offset":%q,"limit":%q,"total":"%d","sims":%s}`, q.Get("offset"), q.Get("limit"), n,
				array(cut(sims, q, 500)))
		}, 4},
		"no total": {func(q url.Values) string { return `{"offset":0,"sims":` + array(cut(sims, q, 500)) + `}` },
			4},
		"total of the page": {func(q url.Values) string {
			return `{"total":100,"sims":` + array(cut(sims, q,
				100)) + `}`
		}, 13},
		"total too high": {func(q url.Values) string {
			return `{"total":5000,"sims":` + array(cut(sims, q,
				500)) + `}`
		}, 4},
		"no word of the window": {func(q url.Values) string { return `{"sims":` + array(cut(sims, q, 500)) + `}` }, 4},
		"limit capped": {func(q url.Values) string {
			return `{"total":1200,"sims":` + array(cut(sims, q,
				77)) + `}`
		}, 17},
		"limit ignored": {func(url.Values) string { return `{"total":1200,"sims":` + array(sims) + `}` }, 2},
		"another name": {func(q url.Values) string {
			return `{"total":1200,"cards":` + array(cut(sims, q,
				500)) + `}`
		}, 4},
		"bare array": {func(q url.Values) string { return array(cut(sims, q, 500)) }, 4},
		"null behind the last": {func(q url.Values) string {
			if page := cut(sims, q, 500); len(page) > 0 {
				return `{"total":1200,"sims":` + array(page) + `}`
			}
			return `{"total":1200,"sims":null}`
		}, 4},
		"left out behind the last": {func(q url.Values) string {
			if page := cut(sims, q, 500); len(page) > 0 {
				return `{"total":1200,"sims":` + array(page) + `}`
			}
			return `{"total":1200}`
		}, 4},
		"overlapping pages": {func(q url.Values) string {
			offset, _ := strconv.Atoi(q.Get("offset"))
			q.Set("offset", strconv.Itoa(max(0, offset-10)))
			return `{"total":1200,"sims":` + array(cut(sims, q, 500)) + `}`
		}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			l := list(t, func(q url.Values) (int, string) { return 200, row.page(q) })
			got, err := l.client(t, io.Discard).UnusedSIMs(t.Context(), PoolFilter{})
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != n || got[n-1] != (PoolSIM{ICC: fmt.Sprintf("%019d", n-1), Network: "TDC", FormFactor: "NANO",
				AutoAssign: true}) {
				t.Errorf("%d SIMs, the last one %v", len(got), got[len(got)-1])
			}
			if len(l.queries) != row.calls || l.queries[0] != "/sim?limit=500&offset=0" {
				t.Errorf("%d calls: %q", len(l.queries), l.queries[0])
			}
		})
	}
}

func TestListEmpty(t *testing.T) {
	for name, body := range map[string]string{
		"array": `{"offset":0,"limit":500,"total":0,"sims":[]}`, "null": `{"total":0,"sims":null}`,
		"left out":            `{"offset":0,"limit":500,"total":0}`,
		"left out, total too": `{"offset":0,"limit":500}`, "bare": `[]`,
	} {
		l := list(t, func(url.Values) (int, string) { return 200, body })
		got, err := l.client(t, io.Discard).UnusedSIMs(t.Context(), PoolFilter{})
		if err != nil || got == nil || len(got) != 0 || len(l.queries) != 1 {
			t.Errorf("%s: %v, %v in %d calls", name, got, err, len(l.queries))
		}
	}
}

// TestListEnd: an offset behind the last item may be an error to a service; while more is announced, it is ours.
func TestListEnd(t *testing.T) {
	sims := pool(3)
	for _, status := range []int{http.StatusNotFound, http.StatusBadRequest} {
		for total, want := range map[int]int{3: 3, 4: 0} {
			l := list(t, func(q url.Values) (int, string) {
				if q.Get("offset") != "0" {
					return status, errorBody("bad_request", "no such page")
				}
				return 200, fmt.Sprintf(`{"total":%d,"sims":%s}`, total, array(sims))
			})
			got, err := l.client(t, io.Discard).UnusedSIMs(t.Context(), PoolFilter{})
			if len(got) != want || (err == nil) != (want > 0) {
				t.Errorf("%d with a total of %d: %d SIMs, %v", status, total, len(got), err)
			}
		}
	}
}

func TestListFailures(t *testing.T) {
	const op = "MVNO API: list unused SIMs: HTTP "
	sims := pool(500)
	for name, row := range map[string]struct {
		status     int
		body, want string
	}{
		"denied":         {403, errorBody("access_denied", "no"), "403 access_denied: no"},
		"page":           {200, "<p>", "200: the body is an HTML or XML page, not JSON"},
		"empty":          {200, "", "200: the body is empty"},
		"another object": {200, `{"success":true}`, "200: the JSON has another shape than documented"},
		"error in 200":   {200, errorBody("access_denied", "no"), "200: the JSON has another shape than documented"},
		"no list":        {200, `{"total":3,"sims":7}`, "200: the answer counts 3 items and holds none"},
		"counted":        {200, `{"total":3,"sims":[]}`, "200: the answer counts 3 items and holds none"},
		"several arrays": {200, `{"total":3,"used":[{}],"free":[{}]}`,
			"200: the answer has several arrays (free, used), and none is named sims or data"},
		"offset ignored": {200, `{"total":501,"sims":` + array(sims[:77]) + `}`,
			"200: the list can't be had whole: behind the first 77 SIMs the service answers the same ones again"},
		"offset ignored, no total": {200, `{"sims":` + array(sims) + `}`,
			"200: the list can't be had whole: behind the first 500 SIMs the service answers the same ones again"},
		"no ICC": {200, `{"total":2,"sims":[` + sims[0] + `,{"pin1":"4711"}]}`,
			"200: item 2 of the list: it is no SIM with an ICC"},
		"text": {200, `{"total":2,"sims":["4711"]}`, "200: item 1 of the list: it is no SIM with an ICC"},
	} {
		t.Run(name, func(t *testing.T) {
			l := list(t, func(url.Values) (int, string) { return row.status, row.body })
			got, err := l.client(t, io.Discard).UnusedSIMs(t.Context(), PoolFilter{})
			if got != nil || err == nil || err.Error() != op+row.want {
				t.Errorf("got %v\nsaid %v\nwant %s", got, err, op+row.want)
			}
		})
	}
}

// TestListLater: an error on a later page is an error, however much came before it.
func TestListLater(t *testing.T) {
	sims := pool(700)
	l := list(t, func(q url.Values) (int, string) {
		if q.Get("offset") == "500" {
			return 403, errorBody("access_denied", "enough")
		}
		return 200, `{"total":700,"sims":` + array(cut(sims, q, 500)) + `}`
	})
	c := l.client(t, io.Discard)
	if got, err := c.UnusedSIMs(t.Context(), PoolFilter{}); got != nil || !errors.Is(err, transport.ErrForbidden) {
		t.Errorf("%d SIMs, %v", len(got), err)
	}
	before := len(l.queries)
	for range c.EachUnusedSIM(t.Context(), PoolFilter{}) {
		break
	}
	if calls := len(l.queries) - before; calls != 1 {
		t.Errorf("%d calls for one SIM", calls)
	}
}

// TestListGoesOn: a bad item is named and passed.
func TestListGoesOn(t *testing.T) {
	sims := pool(2)
	l := list(t, func(q url.Values) (int, string) {
		return 200, `{"sims":` + array(cut([]string{sims[0], `{"_id":"","pin1":"4711"}`, sims[1]}, q, 500)) + `}`
	})
	var got []string
	for sim, err := range l.client(t, io.Discard).EachUnusedSIM(t.Context(), PoolFilter{}) {
		var item *transport.ItemError
		if errors.As(err, &item) {
			got = append(got, item.Item)
		} else {
			got = append(got, sim.ICC)
		}
	}
	if want := []string{"0000000000000000000", "item 2 of the list", "0000000000000000001"}; !reflect.DeepEqual(got,
		want) {
		t.Errorf("got %q", got)
	}
}

// TestUnusedSIMs_filter: the filter goes out as the page names it, and is applied to what comes back, since a service
// may ignore it.
func TestUnusedSIMs_filter(t *testing.T) {
	const here, there = "5f0c1a2b3c4d5e6f70810001", "5f0c1a2b3c4d5e6f70810002"
	all := array([]string{
		`{"_id":"8945010000000000017F","network":"TDC","formFactor":"NANO","inStorageAt":"` + here + `","autoAssign":true}`,
		`{"_id":8945010000000000025,"network":"Telenor","formFactor":"eSIM","inStorageAt":"` + there +
			`","autoAssign":"false"}`,
		`{"_id":"8945010000000000033","inStorageAt":null}`,
	})
	yes, no := true, false
	for name, row := range map[string]struct {
		filter PoolFilter
		query  string
		want   []string
	}{
		"none": {PoolFilter{}, "", []string{"8945010000000000017", "8945010000000000025", "8945010000000000033"}},
		"customer": {PoolFilter{Customer: strings.ToUpper(here)}, "customer=5F0C1A2B3C4D5E6F70810001",
			[]string{"8945010000000000017", "8945010000000000033"}},
		"network":  {PoolFilter{Network: "telenor"}, "network=TELENOR", []string{"8945010000000000025"}},
		"form":     {PoolFilter{FormFactor: "ESIM"}, "formFactor=eSIM", []string{"8945010000000000025"}},
		"part":     {PoolFilter{ICC: "0000003"}, "filter=0000003", []string{"8945010000000000033"}},
		"whole":    {PoolFilter{ICC: "8945010000000000017f"}, "filter=8945010000000000017", []string{"8945010000000000017"}},
		"auto":     {PoolFilter{AutoAssign: &yes}, "autoAssign=true", []string{"8945010000000000017"}},
		"not auto": {PoolFilter{AutoAssign: &no}, "autoAssign=false", []string{"8945010000000000025", "8945010000000000033"}},
		"all of them": {PoolFilter{Customer: here, Network: "TDC", FormFactor: "NANO", ICC: "89", AutoAssign: &no},
			"autoAssign=false&customer=5f0c1a2b3c4d5e6f70810001&filter=89&formFactor=NANO&network=TDC", []string{}},
	} {
		l := list(t, func(url.Values) (int, string) { return 200, `{"sims":` + all + `}` })
		sims, err := l.client(t, io.Discard).UnusedSIMs(t.Context(), row.filter)
		if err != nil {
			t.Fatal(name, err)
		}
		got := []string{}
		for _, sim := range sims {
			got = append(got, sim.ICC)
		}
		query, _ := url.ParseQuery(strings.TrimPrefix(l.queries[0], "/sim?"))
		query.Del("offset")
		query.Del("limit")
		if sent := query.Encode(); sent != row.query || !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: sent %q, got %q", name, sent, got)
		}
	}
}

// accountObject is an account of a list, complete unless more is left out.
func accountObject(id, number, network, more string) string {
	return fmt.Sprintf(`{"_id":"5f0c1a2b3c4d5e6f7081%s","customer":"5f0c1a2b3c4d5e6f70810001","state":"active",`+
		`"type":"MVNO","number":%q,`+
		`"mvnoSim":{"simNumber":"89450100000000%s1F","imsi":"2380100000%s1","network":%q,"pin1":"4711","puk1":"87654321"}%s}`,
		id, number, id, id, network, more)
}

func TestAccounts(t *testing.T) {
	first := accountObject("9203", "+4512345678", "TDC", "")
	second := accountObject("9204", "+4587654321", "TELENOR", `,"notes":"Spare van","deviceType":"iPhone"`)
	bare := `{"_id":"5F0C1A2B3C4D5E6F70819205","state":"CREATING"}`
	want := []Account{
		{ID: "5f0c1a2b3c4d5e6f70819203", Customer: "5f0c1a2b3c4d5e6f70810001", State: "ACTIVE", Type: "MVNO",
			Number: "+4512345678",
			SIM:    SIM{SIMNumber: "8945010000000092031F", IMSI: "238010000092031", Network: "TDC"}},
		{ID: "5f0c1a2b3c4d5e6f70819204", Customer: "5f0c1a2b3c4d5e6f70810001", State: "ACTIVE", Type: "MVNO",
			Number: "+4587654321",
			SIM:    SIM{SIMNumber: "8945010000000092041F", IMSI: "238010000092041", Network: "TELENOR"}},
		{ID: "5F0C1A2B3C4D5E6F70819205", State: "CREATING"},
	}
	for _, name := range []string{"mvnoAccounts", "accounts", "data", "anything"} {
		l := list(t, func(q url.Values) (int, string) {
			return 200, fmt.Sprintf(`{"total":3,%q:%s}`, name, array(cut([]string{first, second, bare}, q, 500)))
		})
		got, err := l.client(t, io.Discard).Accounts(t.Context(), AccountFilter{})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\n%v, want\n%v", name, err, got, want)
		}
		if l.queries[0] != "/mvno?full=true&limit=500&offset=0" {
			t.Errorf("sent %s", l.queries[0])
		}
	}

	for name, row := range map[string]struct {
		filter AccountFilter
		query  string
		want   []Account
	}{
		"customer": {AccountFilter{Customer: "5F0C1A2B3C4D5E6F70810001"}, "customer=5F0C1A2B3C4D5E6F70810001", want},
		"another customer": {AccountFilter{Customer: "5f0c1a2b3c4d5e6f70810002"}, "customer=5f0c1a2b3c4d5e6f70810002",
			want[2:]},
		"network": {AccountFilter{Network: "tdc"}, "network=TDC", want[:1]},
		"number":  {AccountFilter{Text: "8765"}, "filter=8765", want[1:2]},
		"ICC":     {AccountFilter{Text: "8945010000000092031"}, "filter=8945010000000092031", want[:1]},
		"IMSI":    {AccountFilter{Text: "238010000092041"}, "filter=238010000092041", want[1:2]},
		"notes":   {AccountFilter{Text: "VAN"}, "filter=VAN", want[1:2]},
		"device":  {AccountFilter{Text: "iphone"}, "filter=iphone", want[1:2]},
		"a PIN":   {AccountFilter{Text: "4711"}, "filter=4711", []Account{}},
	} {
		l := list(t, func(url.Values) (int, string) {
			return 200, `{"mvnoAccounts":` + array([]string{first, second, bare}) + `}`
		})
		got, err := l.client(t, io.Discard).Accounts(t.Context(), row.filter)
		if err != nil || !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		query, _ := url.ParseQuery(strings.TrimPrefix(l.queries[0], "/mvno?"))
		for _, always := range []string{"full", "limit", "offset"} {
			query.Del(always)
		}
		if sent := query.Encode(); sent != row.query {
			t.Errorf("%s: sent %s", name, sent)
		}
	}
}

// TestAccounts_condensed: a service that refuses full=true gives condensed accounts, and they are not held against a
// filter that has searched what they do not show.
func TestAccounts_condensed(t *testing.T) {
	l := list(t, func(q url.Values) (int, string) {
		if q.Has("full") {
			return 400, errorBody("bad_request", "unknown argument full")
		}
		return 200, `{"total":1,"mvnoAccounts":[{"_id":"5f0c1a2b3c4d5e6f70819203","state":"ACTIVE"}]}`
	})
	got, err := l.client(t, io.Discard).Accounts(t.Context(), AccountFilter{Network: "TDC", Text: "van"})
	if err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
	wantQueries := []string{
		"/mvno?filter=van&full=true&limit=500&network=TDC&offset=0", "/mvno?filter=van&limit=500&network=TDC&offset=0",
		"/mvno?filter=van&limit=500&network=TDC&offset=1",
	}
	if !reflect.DeepEqual(l.queries, wantQueries) {
		t.Errorf("sent %q", l.queries)
	}

	// Any other refusal is the answer.
	l = list(t, func(url.Values) (int, string) { return 403, errorBody("access_denied", "no") })
	if _, err := l.client(t, io.Discard).Accounts(t.Context(), AccountFilter{}); !errors.Is(err, transport.ErrForbidden) ||
		len(l.queries) != 1 {
		t.Errorf("%v after %q", err, l.queries)
	}
}

const poolObject = `{"_id":"8945010000000000042F","network":"TDC","formFactor":"NANO",
	"inStorageAt":"5f0c1a2b3c4d5e6f70810001",
	"autoAssign":true,"pin1":"4711","pin2":815,"puk1":"87654321","puk2":"12345678"}`

func TestPoolSIM(t *testing.T) {
	l := list(t, func(url.Values) (int, string) { return 200, poolObject })
	want := PoolSIM{ICC: newICC, Network: "TDC", FormFactor: "NANO", InStorageAt: "5f0c1a2b3c4d5e6f70810001",
		AutoAssign: true}
	got, err := l.client(t, io.Discard).PoolSIM(t.Context(), " "+newICC+"f ")
	if err != nil || *got != want || l.queries[0] != "/sim/"+newICC+"?" {
		t.Errorf("%v, %v by %q", got, err, l.queries)
	}
	codes, err := l.client(t, io.Discard).SIMCodes(t.Context(), newICC)
	if err != nil || *codes != (Codes{"4711", "815", "87654321", "12345678", want}) || !codes.Any() {
		t.Errorf("%#v, %v", codes, err)
	}

	for name, row := range map[string]struct {
		status     int
		icc, body  string
		want       string
		notFound   bool
		unreadable bool
	}{
		"unknown": {404, newICC, errorBody("not_found", "SIM not found"), "HTTP 404 not_found: SIM not found", true,
			false},
		"unknown, sim": {404, newICC, errorBody("sim", "no"), "HTTP 404 sim: no", true, false},
		"other 404":    {404, newICC, errorBody("mvnoAccount", "no"), "HTTP 404 mvnoAccount: no", false, false},
		"another SIM":  {200, oldICC, poolObject, "HTTP 200: the answer is about another SIM", false, true},
		"no SIM":       {200, newICC, `{"pin1":"4711"}`, "HTTP 200: the JSON has another shape than documented", false, true},
		"no ICC":       {200, "12", poolObject, `"12" is not an ICC of 11 to 20 digits`, false, false},
	} {
		l := list(t, func(url.Values) (int, string) { return row.status, row.body })
		c := l.client(t, io.Discard)
		_, err := c.PoolSIM(t.Context(), row.icc)
		_, errCodes := c.SIMCodes(t.Context(), row.icc)
		if err == nil || err.Error() != "MVNO API: read SIM "+row.icc+": "+row.want ||
			errCodes == nil || errCodes.Error() != "MVNO API: read the codes of SIM "+row.icc+": "+row.want {
			t.Errorf("%s: %v; %v", name, err, errCodes)
		}
		if errors.Is(err, transport.ErrNotFound) != row.notFound || errors.Is(err, transport.ErrNotTheAPI) != row.unreadable {
			t.Errorf("%s is of another kind: %+v", name, err)
		}
	}
}

func TestUnused(t *testing.T) {
	sims := []string{poolObject}
	l := list(t, func(q url.Values) (int, string) { return 200, `{"sims":` + array(cut(sims, q, 500)) + `}` })
	c := l.client(t, io.Discard)
	if sim, err := c.Unused(t.Context(), newICC); err != nil || sim == nil || sim.Network != "TDC" {
		t.Errorf("%v, %v", sim, err)
	}
	// A part of an ICC is what the service looks for, and not this SIM.
	if sim, err := c.Unused(t.Context(), newICC[:18]); err != nil || sim != nil {
		t.Errorf("%v, %v", sim, err)
	}
	sims = nil
	if sim, err := c.Unused(t.Context(), newICC); err != nil || sim != nil {
		t.Errorf("%v, %v", sim, err)
	}
}

func TestMayListSIMs(t *testing.T) {
	for status, want := range map[int]string{200: "true <nil>", 403: "false <nil>"} {
		l := list(t, func(url.Values) (int, string) { return status, errorBody("access_denied", "no") })
		may, err := l.client(t, io.Discard).MayListSIMs(t.Context())
		if got := fmt.Sprint(may, err); got != want || l.queries[0] != "/sim?limit=1" {
			t.Errorf("HTTP %d: %s by %q", status, got, l.queries)
		}
	}
	l := list(t, func(url.Values) (int, string) { return 404, errorBody("x", "no") })
	if may, err := l.client(t, io.Discard).MayListSIMs(t.Context()); may || err == nil {
		t.Errorf("%v, %v", may, err)
	}
}

// TestCodesHidden: whatever shows a value shows no code.
func TestCodesHidden(t *testing.T) {
	codes := Codes{"4711", "8150", "87654321", "12345678", PoolSIM{ICC: newICC}}
	holder := struct {
		Codes   Codes
		Pointer *Codes
	}{codes, &codes}
	var shown bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		fmt.Fprintf(&shown, verb+" "+verb+" "+verb+"\n", codes, &codes, holder)
	}
	for _, handler := range []slog.Handler{slog.NewTextHandler(&shown, nil), slog.NewJSONHandler(&shown, nil)} {
		slog.New(handler).Info("read", "codes", codes, "pointer", &codes, "holder", holder)
	}
	encoded, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	shown.Write(encoded)
	for _, code := range []string{codes.PIN1, codes.PIN2, codes.PUK1, codes.PUK2} {
		if strings.Contains(shown.String(), code) {
			t.Errorf("%s shows in:\n%s", code, shown.String())
		}
	}
	if !strings.Contains(shown.String(), "codes of SIM "+newICC+" (not shown)") {
		t.Errorf("shown:\n%s", shown.String())
	}
}

// TestListsHideCodes: neither a list nor a log of it holds a code, whatever the answer.
func TestListsHideCodes(t *testing.T) {
	var log bytes.Buffer
	l := list(t, func(q url.Values) (int, string) {
		return 200, `{"sims":` + array(cut([]string{poolObject, `{"pin1":"4711"}`}, q, 500)) + `}`
	})
	var shown strings.Builder
	for sim, err := range l.client(t, &log).EachUnusedSIM(t.Context(), PoolFilter{}) {
		fmt.Fprintf(&shown, "%+v %v\n", sim, err)
	}
	for _, code := range []string{"4711", "815", "87654321", "12345678"} {
		if strings.Contains(shown.String()+log.String(), code) {
			t.Errorf("%s shows in\n%s\n%s", code, shown.String(), log.String())
		}
	}
}

// TestPoolSIM_checkDigit: a SIM that the service does not know by the spelling that it was asked for by is asked for in
// the other one.
func TestPoolSIM_checkDigit(t *testing.T) {
	const bare, checked = "8945010000000000042", "89450100000000000422"
	if identity.ICCKey(checked) != bare {
		t.Fatalf("%s is %s", checked, identity.ICCKey(checked))
	}
	l := list(t, func(url.Values) (int, string) { return 404, errorBody("not_found", "SIM not found") })
	_, err := l.client(t, io.Discard).PoolSIM(t.Context(), "8945 0100 0000 0000 0422")
	if want := []string{"/sim/" + checked + "?", "/sim/" + bare + "?"}; !errors.Is(err, transport.ErrNotFound) ||
		!reflect.DeepEqual(l.queries, want) {
		t.Errorf("%v after %q", err, l.queries)
	}
}
