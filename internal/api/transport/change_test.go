package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func read(path string) Request {
	return Request{Op: "read thing", Method: http.MethodGet, Path: path}
}

func change(method string) Request {
	return Request{Op: "change thing", Method: method, Path: "/change", Change: true}
}

// The server executes each change; what it does then must never bring the change again: not on a fresh connection,
// not on one that reads have used, not by a redirect, not by an idempotency key, however many attempts are allowed.
func TestChangeIsExecutedOnce(t *testing.T) {
	type row struct {
		answer  http.HandlerFunc
		want    string
		unknown bool
	}
	rows := map[string]row{
		"drops the connection": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF", true},
		"drops in the answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "x")
		}, "the answer (HTTP 200) broke off: unexpected EOF", true},
		"drops in the header": {func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_, _ = io.WriteString(conn, "HTTP/1.1 200")
				_ = conn.Close()
			}
		}, "net/http: HTTP/1.x transport connection broken: unexpected EOF", true},
		"bad redirect": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/%zz?token=hidden")
			w.WriteHeader(http.StatusFound)
		}, "the answer redirects to something that is not a URL", true},
		"answers 400": {status(400), "HTTP 400", false},
		"answers 401": {status(401), "HTTP 401", false},
		"answers 403": {status(403), "HTTP 403", false},
		"answers 404": {status(404), "HTTP 404", false},
		"answers 409": {status(409), "HTTP 409", false},
		"answers 408": {status(408), "HTTP 408", true},
		"answers 500": {status(500), "HTTP 500", true},
		"answers 502": {status(502), "HTTP 502", true},
		"answers 503": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
		}, "HTTP 503", true},
		"answers 504": {status(504), "HTTP 504", true},
	}
	for _, code := range []int{301, 302, 303, 307, 308} {
		rows[fmt.Sprintf("redirects to itself, %d", code)] = row{func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/change")
			w.WriteHeader(code)
		}, fmt.Sprintf("HTTP %d", code), true}
	}
	for name, row := range rows {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete} {
			for _, warm := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/warm=%v", name, method, warm), func(t *testing.T) {
					s, count := serve(t, func(w http.ResponseWriter, r *http.Request, n int) {
						if r.URL.Path == "/change" && n == 1 {
							row.answer(w, r)
						}
					})
					c := newTestClient(t, s.URL, func(cfg *Config) { cfg.ChangeAttempts = 5 })
					if warm {
						for range 3 {
							if _, err := c.Do(t.Context(), read("/read")); err != nil {
								t.Fatal(err)
							}
						}
					}
					req := change(method)
					req.Header = http.Header{"Idempotency-Key": {"1"}}
					if method == http.MethodPost || method == http.MethodPatch {
						req.Body = []byte(`{"a":1}`)
					}
					_, err := c.Do(t.Context(), req)
					if want := "Test API: change thing: " + row.want; err == nil || err.Error() != want {
						t.Errorf("got  %v\nwant %s", err, want)
					}
					if errors.Is(err, ErrOutcomeUnknown) != row.unknown || errors.Is(err, ErrNotSent) {
						t.Errorf("unknown = %v, not sent = %v", errors.Is(err, ErrOutcomeUnknown), errors.Is(err, ErrNotSent))
					}
					if n := count.of(method + " /change"); n != 1 {
						t.Errorf("executed %d times", n)
					}
				})
			}
		}
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// The reason for all this: net/http itself sends a GET again where a used connection breaks. Were a change to go out
// like a read, the test above would see it twice.
func TestReadsAreReplayedByNetHTTP(t *testing.T) {
	s, count := serve(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if r.URL.Path == "/change" && n == 1 {
			panic(http.ErrAbortHandler)
		}
	})
	c := newTestClient(t, s.URL, func(cfg *Config) { cfg.ReadAttempts = 1 })
	if _, err := c.Do(t.Context(), read("/read")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(t.Context(), read("/change")); err != nil {
		t.Fatal(err)
	}
	if n := count.of("GET /change"); n != 2 {
		t.Errorf("executed %d times; net/http has changed: the rules of changes may be eased", n)
	}
}

// What arrives of a change: a body with its length, or none at all, over HTTP/1.1 on a connection of its own.
func TestChangeOnTheWire(t *testing.T) {
	for method, body := range map[string][]byte{
		http.MethodGet: nil, http.MethodDelete: nil, http.MethodPost: []byte("<x/>"), http.MethodPatch: []byte("[]"),
	} {
		s, _ := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
			got, _ := io.ReadAll(r.Body)
			if !bytes.Equal(got, body) || r.ContentLength != int64(len(body)) || len(r.TransferEncoding) > 0 {
				t.Errorf("%s: body %q, length %d, %v", method, got, r.ContentLength, r.TransferEncoding)
			}
			if !r.Close || r.ProtoMajor != 1 || r.Header.Get("User-Agent") != "test/1" ||
				r.Header.Get("Authorization") != "Bearer T" {
				t.Errorf("%s: close = %v, %s, %v", method, r.Close, r.Proto, r.Header)
			}
		})
		c := newTestClient(t, s.URL, func(cfg *Config) { cfg.Tokens = StaticToken("T") })
		req := change(method)
		req.Body = body
		if _, err := c.Do(t.Context(), req); err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
}

// The second wall: even on a used connection net/http could not replay a change, since it cannot read the body again.
func TestChangeCannotBeReplayed(t *testing.T) {
	c := newTestClient(t, "https://api.example.com", nil)
	for _, body := range [][]byte{nil, []byte("{}")} {
		req := change(http.MethodGet)
		req.Body = body
		built, err := c.build(t.Context(), req, "")
		if err != nil {
			t.Fatal(err)
		}
		if built.GetBody != nil || built.Body == nil || built.Body == http.NoBody {
			t.Errorf("body %q: net/http could send it again", body)
		}
	}
}

// The opaque body alone, on a connection that a change before it has used, keeps a dropped change from a second run.
func TestOpaqueBodyAloneHolds(t *testing.T) {
	s, count := serve(t, func(_ http.ResponseWriter, _ *http.Request, n int) {
		if n == 2 {
			panic(http.ErrAbortHandler)
		}
	})
	c := newTestClient(t, s.URL, nil)
	c.changes.Transport.(*http.Transport).DisableKeepAlives = false
	defer c.changes.CloseIdleConnections()
	if _, err := c.Do(t.Context(), change(http.MethodGet)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(t.Context(), change(http.MethodGet)); !errors.Is(err, ErrOutcomeUnknown) || count.all() != 2 {
		t.Errorf("%v, executed %d times in all, want 2", err, count.all())
	}
}

// A server that offers HTTP/2 gets reads over it, and changes never: HTTP/2 repeats after REFUSED_STREAM and GOAWAY.
func TestChangeNeverGoesOverHTTP2(t *testing.T) {
	count := &counter{}
	protocols := make(chan string, 10)
	s := httptest.NewUnstartedServer(counting(count, func(_ http.ResponseWriter, r *http.Request, _ int) {
		protocols <- r.URL.Path + " " + r.Proto
		if r.URL.Path == "/change" {
			panic(http.ErrAbortHandler)
		}
	}))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	c := newTestClient(t, s.URL, func(cfg *Config) { cfg.ChangeAttempts = 5 })
	trust(c, s.Certificate())
	for range 2 {
		if _, err := c.Do(t.Context(), read("/read")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Do(t.Context(), change(http.MethodGet)); !errors.Is(err, ErrOutcomeUnknown) {
		t.Errorf("%v, want an unknown outcome", err)
	}
	if n := count.of("GET /change"); n != 1 {
		t.Errorf("executed %d times", n)
	}
	close(protocols)
	for _, want := range []string{"/read HTTP/2.0", "/read HTTP/2.0", "/change HTTP/1.1"} {
		if got := <-protocols; got != want {
			t.Errorf("%q, want %s", got, want)
		}
	}
}

func trust(c *Client, certificate *x509.Certificate) {
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	for _, client := range []*http.Client{c.reads, c.changes} {
		t := client.Transport.(*http.Transport)
		if t.TLSClientConfig == nil {
			t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		t.TLSClientConfig.RootCAs = pool
	}
}

// A proxy that has passed the change on and then drops the connection must not get it again.
func TestChangeThroughAProxy(t *testing.T) {
	s, count := serve(t, func(http.ResponseWriter, *http.Request, int) {})
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out, err := http.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		res, err := http.DefaultTransport.RoundTrip(out)
		if err != nil {
			t.Error(err)
			return
		}
		_ = res.Body.Close()
		if r.URL.Path == "/change" {
			panic(http.ErrAbortHandler)
		}
	}))
	defer proxy.Close()
	c := newTestClient(t, s.URL, func(cfg *Config) { cfg.ChangeAttempts = 5 })
	through(c, mustParse(t, proxy.URL))
	for range 2 {
		if _, err := c.Do(t.Context(), read("/read")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Do(t.Context(), change(http.MethodGet)); !errors.Is(err, ErrOutcomeUnknown) {
		t.Errorf("%v, want an unknown outcome", err)
	}
	if n := count.of("GET /change"); n != 1 {
		t.Errorf("executed %d times", n)
	}
}

// A proxy that refuses the tunnel has passed nothing on.
func TestChangeWithoutATunnel(t *testing.T) {
	var tunnels atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tunnels.Add(1)
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer proxy.Close()
	c := newTestClient(t, "https://api.example.com", func(cfg *Config) { cfg.ChangeAttempts = 2 })
	through(c, mustParse(t, proxy.URL))
	_, err := c.Do(t.Context(), change(http.MethodGet))
	if !errors.Is(err, ErrNotSent) || errors.Is(err, ErrOutcomeUnknown) || tunnels.Load() != 2 {
		t.Errorf("%v after %d tries", err, tunnels.Load())
	}
}

func through(c *Client, proxy *url.URL) {
	for _, client := range []*http.Client{c.reads, c.changes} {
		client.Transport.(*http.Transport).Proxy = http.ProxyURL(proxy)
	}
}

// Without a connection nothing was sent: such a change may try again, as often as is configured.
func TestChangeNotSent(t *testing.T) {
	plain, _ := serve(t, func(http.ResponseWriter, *http.Request, int) { t.Error("a request came through without TLS") })
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	for name, row := range map[string]struct {
		dial  func(context.Context, string, string) (net.Conn, error)
		base  string
		want  string
		tries int32
	}{
		"refused": {
			dial: func(context.Context, string, string) (net.Conn, error) { return nil, refused },
			base: "http://127.0.0.1:1", want: "dial tcp: connection refused", tries: 3,
		},
		"no connection in time": {
			dial: func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() },
			base: "http://127.0.0.1:1", want: "no answer within the request timeout of 50ms", tries: 3,
		},
		"no TLS": {
			dial: (&net.Dialer{}).DialContext,
			base: strings.Replace(plain.URL, "http:", "https:", 1), want: "http: server gave HTTP response to HTTPS client",
			tries: 3,
		},
	} {
		var tries atomic.Int32
		c := newTestClient(t, row.base, func(cfg *Config) { cfg.ChangeAttempts, cfg.RequestTimeout = 3, 50*time.Millisecond })
		c.changes.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, addr string) (net.Conn,
			error) {
			tries.Add(1)
			return row.dial(ctx, network, addr)
		}
		_, err := c.Do(t.Context(), change(http.MethodPost))
		if want := "Test API: change thing: " + row.want; err == nil || err.Error() != want {
			t.Errorf("%s: got  %v\nwant %s", name, err, want)
		}
		if !errors.Is(err, ErrNotSent) || errors.Is(err, ErrOutcomeUnknown) || tries.Load() != row.tries {
			t.Errorf("%s: %v after %d tries", name, err, tries.Load())
		}
	}
}

// No answer in time, after the change was sent: nobody knows.
func TestChangeWithoutAnAnswer(t *testing.T) {
	arrived := make(chan struct{}, 10)
	release := make(chan struct{})
	s, count := serve(t, func(http.ResponseWriter, *http.Request, int) { arrived <- struct{}{}; <-release })
	defer close(release)
	c := newTestClient(t, s.URL, func(cfg *Config) { cfg.ChangeAttempts, cfg.RequestTimeout = 3, 200*time.Millisecond })
	_, err := c.Do(t.Context(), change(http.MethodPost))
	<-arrived
	if want := "Test API: change thing: no answer within the request timeout of 200ms"; err == nil ||
		err.Error() != want || !errors.Is(err, ErrOutcomeUnknown) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if n := count.of("POST /change"); n != 1 {
		t.Errorf("executed %d times", n)
	}
}

// A 429 says that the change was not executed: it may go out again where that is configured.
func TestChangeTooSoon(t *testing.T) {
	for _, row := range []struct {
		attempts int
		never    bool
		executed int
	}{{1, false, 1}, {5, false, 3}, {5, true, 1}} {
		s, count := serve(t, func(w http.ResponseWriter, _ *http.Request, n int) {
			if n < 3 {
				w.WriteHeader(http.StatusTooManyRequests)
			}
		})
		c := newTestClient(t, s.URL, func(cfg *Config) { cfg.ChangeAttempts, cfg.NoChangeAfter429 = row.attempts, row.never })
		_, err := c.Do(t.Context(), change(http.MethodPost))
		if (err == nil) != (row.executed == 3) || err != nil &&
			(!errors.Is(err, ErrRateLimited) || errors.Is(err, ErrOutcomeUnknown)) {
			t.Errorf("%+v: %v", row, err)
		}
		if n := count.of("POST /change"); n != row.executed {
			t.Errorf("%+v: sent %d times", row, n)
		}
	}
}

// While many runs find their shares, one call may be refused several times: more often than it may fail otherwise.
func TestPatienceWithTooMany(t *testing.T) {
	for _, req := range []Request{change(http.MethodPost), read("/change")} {
		s, count := serve(t, func(w http.ResponseWriter, _ *http.Request, n int) {
			if n < patienceWithTooMany {
				w.WriteHeader(http.StatusTooManyRequests)
			}
		})
		patient := func(cfg *Config) { cfg.ChangeAttempts, cfg.ReadAttempts, cfg.Backoff = 4, 4, time.Microsecond }
		c := newTestClient(t, s.URL, patient)
		if _, err := c.Do(t.Context(), req); err != nil || count.all() != patienceWithTooMany {
			t.Errorf("%s: %v after %d calls", req.Method, err, count.all())
		}
		s, count = serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusTooManyRequests) })
		c = newTestClient(t, s.URL, patient)
		if _, err := c.Do(t.Context(), req); !errors.Is(err, ErrRateLimited) || count.all() != patienceWithTooMany {
			t.Errorf("%s, for ever: %v after %d calls", req.Method, err, count.all())
		}
	}
}

func TestChangeCancelledBeforeSending(t *testing.T) {
	s, count := serve(t, func(http.ResponseWriter, *http.Request, int) {})
	c := newTestClient(t, s.URL, func(cfg *Config) { cfg.ChangeAttempts, cfg.MaxConcurrent = 5, 1 })
	reason := errors.New("the user pressed Ctrl-C")
	for range 50 { // with a free place and a dead context, chance must not decide
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(reason)
		_, err := c.Do(ctx, change(http.MethodPost))
		if !errors.Is(err, ErrNotSent) || !errors.Is(err, reason) || errors.Is(err, ErrOutcomeUnknown) {
			t.Fatal(err)
		}
	}
	if count.all() != 0 {
		t.Errorf("%d requests were sent", count.all())
	}
}

// Once begun, a change runs to its answer; a read does not.
func TestCancelledInFlight(t *testing.T) {
	for _, req := range []Request{change(http.MethodPost), read("/read")} {
		ctx, cancel := context.WithCancel(t.Context())
		s, _ := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
			cancel()
			if r.URL.Path == "/read" {
				<-r.Context().Done() // until the client has gone
			}
			_, _ = io.WriteString(w, "done")
		})
		res, err := newTestClient(t, s.URL, nil).Do(ctx, req)
		cancel()
		switch {
		case req.Change && (err != nil || string(res.Body) != "done"):
			t.Errorf("change: %v", err)
		case !req.Change && (!errors.Is(err, context.Canceled) || errors.Is(err, ErrOutcomeUnknown) ||
			errors.Is(err, ErrNotSent)):
			t.Errorf("read: %v", err)
		}
	}
}

func TestSensitiveAnswersAreNotQuoted(t *testing.T) {
	s, _ := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.WriteHeader(400)
		_, _ = io.WriteString(w, "PIN 1234")
	})
	c := newTestClient(t, s.URL, func(cfg *Config) {
		cfg.CheckResponse = func(res *Response) *Error { return &Error{NotTheAPI: true, Message: Excerpt(res.Body)} }
	})
	req := change(http.MethodPost)
	if _, err := c.Do(t.Context(), req); !strings.Contains(err.Error(), "1234") {
		t.Errorf("%v: the excerpt is missing", err)
	}
	req.Sensitive = true
	if _, err := c.Do(t.Context(), req); err.Error() != "Test API: change thing: HTTP 400" {
		t.Error(err)
	}
}
