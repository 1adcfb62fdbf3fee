package transport

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// plainCheck takes each 2xx for a success and quotes everything else.
func plainCheck(res *Response) *Error {
	if res.Status/100 == 2 {
		return nil
	}
	return &Error{Message: Excerpt(res.Body)}
}

func mustParse(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// newTestClient has short pauses; change adapts its configuration.
func newTestClient(t testing.TB, base string, change func(*Config)) *Client {
	t.Helper()
	cfg := Config{
		API: "Test API", BaseURL: mustParse(t, base), UserAgent: "test/1", Backoff: time.Millisecond,
		CheckResponse: plainCheck,
	}
	if change != nil {
		change(&cfg)
	}
	c := New(cfg)
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// counter counts what a server executed, by method and path.
type counter struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *counter) add(r *http.Request) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = map[string]int{}
	}
	c.n[r.Method+" "+r.URL.Path]++
	return c.n[r.Method+" "+r.URL.Path]
}

func (c *counter) of(what string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n[what]
}

func (c *counter) all() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := 0
	for _, n := range c.n {
		sum += n
	}
	return sum
}

// serve counts each request after reading it whole, then lets h answer the nth one of its path.
func serve(t testing.TB, h func(w http.ResponseWriter, r *http.Request, n int)) (*httptest.Server, *counter) {
	t.Helper()
	count := &counter{}
	s := httptest.NewServer(counting(count, h))
	t.Cleanup(s.Close)
	return s, count
}

func counting(count *counter, h func(w http.ResponseWriter, r *http.Request, n int)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		h(w, r, count.add(r))
	})
}

// roundTripper stands in for the network where the clock is the bubble's.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func reply(status int, header map[string]string) *http.Response {
	h := http.Header{}
	for name, value := range header {
		h.Set(name, value)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(bytes.NewReader(nil))}
}

// faked lets f answer reads and changes.
func faked(c *Client, f roundTripper) *Client {
	c.reads.Transport, c.changes.Transport = f, f
	return c
}

func textLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
