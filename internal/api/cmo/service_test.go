package cmo

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

const prefix = "/cmo/v5/acme"

// service is a CMO API of one test: it holds SIM cards by product id, and routes that a test puts in their place.
type service struct {
	*httptest.Server
	t testing.TB

	mu     sync.Mutex
	calls  []string // "GET /product/…", in the order of arrival
	status map[string]string
	routes map[string]http.HandlerFunc
}

func newService(t testing.TB) *service {
	t.Helper()
	s := &service{t: t, status: map[string]string{}, routes: map[string]http.HandlerFunc{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// on answers a route, such as "GET /product/…", in the place of the stored SIM cards.
func (s *service) on(route string, h http.HandlerFunc) { s.routes[route] = h }

func (s *service) set(id, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status[id] = status
}

func (s *service) get(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status[id]
}

// count is how many calls began with the text.
func (s *service) count(beginning string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, call := range s.calls {
		if strings.HasPrefix(call, beginning) {
			n++
		}
	}
	return n
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, prefix)
	if !ok {
		path = r.URL.Path
	}
	route := r.Method + " " + path
	s.mu.Lock()
	s.calls = append(s.calls, route)
	s.mu.Unlock()

	if h := s.routes[route]; h != nil {
		h(w, r)
		return
	}
	switch {
	case route == "POST /product/find":
		s.find(w, r)
	case r.Method == http.MethodGet && strings.HasPrefix(path, "/product/"):
		id := strings.TrimPrefix(path, "/product/")
		if status := s.get(id); status != "" {
			answer(w, http.StatusOK, productBody(id, status))
			return
		}
		answer(w, http.StatusNotFound, notFoundBody(id))
	default:
		s.t.Errorf("unexpected call: %s", route)
		w.WriteHeader(http.StatusNotImplemented)
	}
}

func (s *service) find(w http.ResponseWriter, r *http.Request) {
	iccids := findList(s.t, r)
	var entities, problems []string
	s.mu.Lock()
	byICCID := map[string][]string{}
	for id := range s.status {
		_, iccid := SplitID(id)
		byICCID[iccid] = append(byICCID[iccid], id)
	}
	for _, iccid := range iccids {
		if len(byICCID[iccid]) == 0 {
			problems = append(problems, notFoundBody(iccid))
		}
		for _, id := range byICCID[iccid] {
			entities = append(entities, productBody(id, s.status[id]))
		}
	}
	s.mu.Unlock()
	answer(w, http.StatusOK, envelopeBody(entities, problems))
}

// findList checks the request of a find and returns its ICCIDs.
func findList(t testing.TB, r *http.Request) []string {
	var body struct {
		ICCIDList      []string `json:"iccidList"`
		TerminalSNList []string `json:"terminalSNList"`
	}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&body); err != nil {
		t.Errorf("the find request: %v", err)
	}
	if r.Header.Get("Content-Type") != "application/json" || r.Header.Get("Accept") != "application/json" {
		t.Errorf("the headers of a find: %v", r.Header)
	}
	if len(body.ICCIDList) > 50 || body.TerminalSNList == nil || !slices.IsSorted(body.ICCIDList) {
		t.Errorf("the find request: %+v", body)
	}
	return body.ICCIDList
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func answers(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { answer(w, status, body) }
}

func envelopeBody(entities, problems []string) string {
	return `{"entities":[` + strings.Join(entities, ",") + `],"errors":[` + strings.Join(problems, ",") + `]}`
}

// productBody is a composite whose own status differs from that of its SIM card.
func productBody(id, status string) string {
	_, iccid := SplitID(id)
	return fmt.Sprintf(`{"id":%q,"status":"COMPOSITE","connectivityType":"CELLULAR","productRelationship":[{"type":"BUNDLED",
		"product":{"id":"%s-simCard","status":%q,"productCharacteristic":[{"name":"ICCID","value":%q}],"@type":"simCard"}}]}`,
		id, id, status, iccid)
}

func notFoundBody(what string) string {
	return fmt.Sprintf(`{"type":"Not Found","status":404,"title":"Error","detail":"Product with iccid %s not found","@type":"problem"}`, what)
}

// quick is a pace at which a test waits milliseconds.
var quick = wait.Pace{Min: time.Millisecond, Max: time.Millisecond, Patience: 200 * time.Millisecond}

// client is a client of the service that is as fast as the test machine.
func (s *service) client(changes ...func(*Config)) *Client {
	s.t.Helper()
	endpoint, err := url.Parse(s.URL + "/cmo/v5")
	if err != nil {
		s.t.Fatal(err)
	}
	cfg := Config{
		Endpoint: endpoint, Tenant: "acme", AccessToken: "access-token", UserAgent: "test", Pace: quick,
		RequestsPerSecond: 1e6, RequestTimeout: 10 * time.Second, Backoff: time.Millisecond,
	}
	for _, change := range changes {
		change(&cfg)
	}
	c := New(cfg)
	s.t.Cleanup(c.http.CloseIdleConnections)
	return c
}

func testdata(t testing.TB, name string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// sharedTestdata is a body that the simulator is tested against too.
func sharedTestdata(t testing.TB, name string) string {
	t.Helper()
	return testdata(t, filepath.Join("..", "..", "..", "simulator", "testdata", "cmo", name))
}

// tmsp makes n ids of products of one backend.
func tmsp(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("TMSP-8949020000000%07d", i)
	}
	return ids
}
