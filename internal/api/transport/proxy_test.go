package transport

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// throughProxy makes a client whose calls to https://api.example.com go by a proxy that answers each CONNECT by h.
func throughProxy(t *testing.T, h http.HandlerFunc) (c *Client, host string, count *counter) {
	t.Helper()
	count = &counter{}
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		count.add(r)
		if r.Method != http.MethodConnect || r.Host != "api.example.com:443" {
			t.Errorf("%s %s", r.Method, r.Host)
		}
		h(w, r)
	}))
	t.Cleanup(proxy.Close)
	at := mustParse(t, strings.Replace(proxy.URL, "://", "://user:proxy-password@", 1))
	c = newTestClient(t, "https://api.example.com", func(cfg *Config) { cfg.ChangeAttempts = 4 })
	return proxied(c, at), at.Host, count
}

func proxied(c *Client, at *url.URL) *Client {
	for _, client := range []*http.Client{c.reads, c.changes} {
		client.Transport.(*http.Transport).Proxy = http.ProxyURL(at)
	}
	return c
}

// TestProxyRefuses: what a proxy refuses is refused once, for the whole run, and told as the proxy's.
func TestProxyRefuses(t *testing.T) {
	for name, row := range map[string]struct {
		answer http.HandlerFunc
		want   string // PROXY is its host
		calls  int    // of the first read
		final  bool
	}{
		"407": {
			func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Proxy-Authenticate", `Basic realm="corp"`)
				w.WriteHeader(407)
			},
			"the proxy PROXY asks for credentials: HTTP 407", 1, true,
		},
		"policy": {
			func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(403)
				_, _ = io.WriteString(w, "<html><title>Blocked</title><body>by the rules of Example Corp</body></html>")
			},
			"the proxy PROXY refuses the way to api.example.com:443: HTTP 403: Blocked by the rules of Example Corp", 1, true,
		},
		"no CONNECT": {
			func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(405) },
			"the proxy PROXY refuses the way to api.example.com:443: HTTP 405", 1, true,
		},
		"service not reached": {
			func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) },
			"the proxy PROXY can't reach api.example.com:443: HTTP 503", 5, false,
		},
	} {
		for _, req := range []Request{read("/x"), change(http.MethodPost)} {
			t.Run(name+" "+req.Op, func(t *testing.T) {
				c, host, count := throughProxy(t, row.answer)
				_, err := c.Do(t.Context(), req)
				want := "Test API: " + req.Op + ": " + strings.ReplaceAll(row.want, "PROXY", host)
				if text := fmt.Sprint(err); text != want {
					t.Errorf("got  %s\nwant %s", text, want)
				}
				if errors.Is(err, ErrNotSent) != req.Change || errors.Is(err, ErrOutcomeUnknown) || errors.Is(err, ErrForbidden) {
					t.Errorf("%+v", err)
				}
				calls := row.calls
				if req.Change {
					calls = min(calls, 4)
				}
				if count.all() != calls || errors.Is(err, ErrStopped) != row.final || Transient(err) == row.final {
					t.Errorf("%d calls, stopped = %v", count.all(), errors.Is(err, ErrStopped))
				}
				if !row.final {
					return
				}
				if _, again := c.Do(t.Context(), req); fmt.Sprint(again) != want || count.all() != calls {
					t.Errorf("again: %v after %d calls", again, count.all())
				}
			})
		}
	}
}

// TestProxyWithoutAPage: a page that does not come ends no call's patience.
func TestProxyWithoutAPage(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 403 Forbidden\r\nContent-Length: 100\r\n\r\n<p>half")
		_, _ = io.Copy(io.Discard, conn) // until the client gives up
		_ = conn.Close()
	}()
	host := listener.Addr().String()
	c := proxied(newTestClient(t, "https://api.example.com", nil), &url.URL{Scheme: "http", Host: host})
	_, err = c.Do(t.Context(), read("/x"))
	want := "Test API: read thing: the proxy " + host + " refuses the way to api.example.com:443: HTTP 403"
	if text := fmt.Sprint(err); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func TestProxyOutOfReach(t *testing.T) {
	gone := httptest.NewServer(nil)
	at := mustParse(t, gone.URL)
	gone.Close()
	c := proxied(newTestClient(t, "https://api.example.com", nil), at)
	_, err := c.Do(t.Context(), read("/x"))
	want := "Test API: read thing: the proxy can't be reached: dial tcp " + at.Host + ": connect: connection refused"
	if text := fmt.Sprint(err); text != want || !Transient(err) {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

// TestProxyAddressIsNoURL: net/http quotes the address, password and all.
func TestProxyAddressIsNoURL(t *testing.T) {
	choices := 0
	transport := nameProxy(&http.Transport{Proxy: func(*http.Request) (*url.URL, error) {
		choices++
		return nil, errors.New(`invalid proxy address "http://user:proxy-password@%zz"`)
	}})
	c := newTestClient(t, "https://api.example.com", nil)
	c.reads.Transport = transport
	const want = "Test API: read thing: the proxy's address in the environment is not a URL"
	for range 2 {
		if _, err := c.Do(t.Context(), read("/x")); fmt.Sprint(err) != want || !errors.Is(err, ErrStopped) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	if choices != 1 {
		t.Errorf("asked %d times", choices)
	}
}

// TestProxyInTheTunnel: a proxy that opens TLS answers in the service's place. A service's gateway may do so as well:
// then the answer is not the proxy's, and not the service's either.
func TestProxyInTheTunnel(t *testing.T) {
	for name, row := range map[string]struct {
		status int
		header string
		body   string
		want   string // after the operation
		proxy  bool
	}{
		"407": {407, "", "", "a proxy between here and the service asks for credentials: HTTP 407", true},
		"captive network": {
			511, "", "<p>Welcome",
			"the network asks for a login before it lets anything through: HTTP 511: Welcome", true,
		},
		"named by Squid": {
			403, "X-Squid-Error: ERR_ACCESS_DENIED 0", "<h1>Denied</h1>",
			"a proxy between here and the service refuses the way to the service: HTTP 403: Denied", true,
		},
		"named by Server": {
			403, "Server: Zscaler/6.2", "<h1>Denied</h1>",
			"a proxy between here and the service refuses the way to the service: HTTP 403: Denied", true,
		},
		"a gateway's page":   {403, "Server: nginx", "<h1>403</h1>Forbidden", "HTTP 403: 403 Forbidden", false},
		"the service's word": {403, "Via: 1.1 squid", `{"message":"no rights"}`, `HTTP 403: {"message":"no rights"}`, false},
	} {
		for _, req := range []Request{read("/x"), change(http.MethodPost)} {
			t.Run(name+" "+req.Op, func(t *testing.T) {
				s, count := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
					if key, value, ok := strings.Cut(row.header, ": "); ok {
						w.Header().Set(key, value)
					}
					w.WriteHeader(row.status)
					_, _ = io.WriteString(w, row.body)
				})
				c := newTestClient(t, s.URL, func(cfg *Config) { cfg.ChangeAttempts = 4 })
				_, err := c.Do(t.Context(), req)
				if want := "Test API: " + req.Op + ": " + row.want; fmt.Sprint(err) != want {
					t.Errorf("got  %v\nwant %s", err, want)
				}
				if errors.Is(err, ErrStopped) != row.proxy || errors.Is(err, ErrForbidden) == row.proxy ||
					errors.Is(err, ErrNotSent) != (row.proxy && req.Change) || errors.Is(err, ErrOutcomeUnknown) || count.all() != 1 {
					t.Errorf("%+v after %d calls", err, count.all())
				}
			})
		}
	}
}

// TestUntrustedCertificate: a proxy that opens TLS without its CA in the trust store is looked at once.
func TestUntrustedCertificate(t *testing.T) {
	var connections atomic.Int32
	s := httptest.NewUnstartedServer(nil)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.StartTLS()
	c := newTestClient(t, s.URL, nil)
	_, err := c.Do(t.Context(), read("/x"))
	const want = "Test API: read thing: the certificate that was shown is not trusted: x509: certificate signed by " +
		"unknown authority"
	if fmt.Sprint(err) != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	s.Close()
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}
