package accounts

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

const (
	testAccount = "acme-fleet"
	testCLI     = "001010000000001"
	simsURL     = "/v1/accounts/acme-fleet/hardware/sims"
	simURL      = simsURL + "/" + testCLI
	statusURL   = simURL + "/status?cmdid=a%2Fb%2Bc%3D%3D"
)

// call is a request that the test service has received.
type call struct {
	line   string // "GET /v1/..?query", as sent
	header http.Header
	body   string
}

// service is a scripted API. It hands out tokens itself ("token-1", "token-2", ...) and passes every other request to
// handle, one at a time.
type service struct {
	*httptest.Server
	mu     sync.Mutex
	tokens int
	calls  []call
}

func serve(t *testing.T, handle func(w http.ResponseWriter, r *http.Request)) *service {
	t.Helper()
	s := &service{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("%s %s: %v", r.Method, r.URL, err)
		}
		if r.URL.Path == "/v1/authtoken" {
			s.token(t, w, r, string(body))
			return
		}
		s.mu.Lock()
		s.calls = append(s.calls, call{r.Method + " " + r.RequestURI, r.Header.Clone(), string(body)})
		s.mu.Unlock()
		handle(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) token(t *testing.T, w http.ResponseWriter, r *http.Request, body string) {
	const want = "client_id=login&client_secret=p%26ss+word&grant_type=client_credentials"
	if r.Method != http.MethodPost || body != want {
		t.Errorf("token call: %s with %q, want POST with %q", r.Method, body, want)
	}
	s.mu.Lock()
	s.tokens++
	name := "token-" + string(rune('0'+s.tokens))
	s.mu.Unlock()
	answer(w, 200, `{"access_token":"`+name+`","token_type":"bearer","expires_in":3599}`)
}

// lines are the request lines received so far.
func (s *service) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := make([]string, len(s.calls))
	for i, c := range s.calls {
		lines[i] = c.line
	}
	return lines
}

func (s *service) count(line string) int {
	n := 0
	for _, l := range s.lines() {
		if l == line {
			n++
		}
	}
	return n
}

func (s *service) last() call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[len(s.calls)-1]
}

func (s *service) tokenCalls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tokens
}

// client makes a client of the service that is in a hurry: milliseconds where a real one takes seconds.
func (s *service) client(t *testing.T, change ...func(*Config)) *Client {
	t.Helper()
	endpoint, err := transport.CheckEndpoint(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Endpoint: endpoint, ClientID: "login", ClientSecret: "p&ss word", UserAgent: "test/1",
		RequestsPerSecond: 1e6, MaxConcurrentRequests: 50, RequestTimeout: 20 * time.Second, Backoff: time.Millisecond,
		Pace: wait.Pace{Min: time.Millisecond, Max: 2 * time.Millisecond, Patience: 50 * time.Millisecond},
	}
	for _, f := range change {
		f(&cfg)
	}
	c := New(cfg)
	t.Cleanup(c.http.CloseIdleConnections)
	return c
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// always answers every request alike.
func always(status int, body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { answer(w, status, body) }
}

// testdata reads a body: of this package, or ("shared/...") one that the simulator is tested against too.
func testdata(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join("testdata", name)
	if dir, file := filepath.Split(name); dir == "shared/" {
		path = filepath.Join("..", "..", "simulator", "testdata", "accounts", file)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
