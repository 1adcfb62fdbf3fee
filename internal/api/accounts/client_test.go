package accounts

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

// drop breaks the connection off, after writing what is given.
func drop(t *testing.T, w http.ResponseWriter, written string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	_, _ = io.WriteString(conn, written)
	if written == "" {
		_ = conn.(*net.TCPConn).SetLinger(0) // a reset, not an end
	}
	_ = conn.Close()
}

// A POST, PATCH or DELETE that may have been executed is not sent again; the service counts.
func TestChangesAreSentAtMostOnce(t *testing.T) {
	troubles := map[string]func(t *testing.T, w http.ResponseWriter){
		"500": func(_ *testing.T, w http.ResponseWriter) {
			answer(w, 500,
				`{"Message":"An error has occurred."}`)
		},
		"502 HTML":        func(_ *testing.T, w http.ResponseWriter) { answer(w, 502, "<html>Bad Gateway</html>") },
		"503":             func(_ *testing.T, w http.ResponseWriter) { answer(w, 503, `{"Success":false,"Code":503}`) },
		"503, Code alone": func(_ *testing.T, w http.ResponseWriter) { answer(w, 200, `{"Success":false,"Code":503}`) },
		"408":             func(_ *testing.T, w http.ResponseWriter) { answer(w, 408, `{"Message":"timeout"}`) },
		"empty 200":       func(_ *testing.T, w http.ResponseWriter) { answer(w, 200, "") },
		"HTML 200":        func(_ *testing.T, w http.ResponseWriter) { answer(w, 200, "<html>Welcome</html>") },
		"other JSON":      func(_ *testing.T, w http.ResponseWriter) { answer(w, 200, `{"hello":1}`) },
		"status only":     func(_ *testing.T, w http.ResponseWriter) { answer(w, 200, `{"Status":"complete"}`) },
		"failure without number": func(_ *testing.T, w http.ResponseWriter) {
			answer(w, 200, `{"Success":false}`)
		},
		"redirect": func(_ *testing.T, w http.ResponseWriter) {
			w.Header().Set("Location", "/v1/elsewhere")
			w.WriteHeader(307)
		},
		"reset after reading": func(t *testing.T, w http.ResponseWriter) { drop(t, w, "") },
		"cut answer": func(t *testing.T, w http.ResponseWriter) {
			drop(t, w, "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"Success\":true,")
		},
	}
	changes := map[string]func(*testing.T, *Client) error{
		"create": func(t *testing.T, c *Client) error {
			_, err := c.CreateSIMCard(t.Context(), testAccount, testCLI, Fields{}, nil)
			return err
		},
		"update": func(t *testing.T, c *Client) error {
			_, err := c.UpdateSIMCard(t.Context(), testAccount, testCLI, Fields{State: new(StateLive)})
			return err
		},
		"delete": func(t *testing.T, c *Client) error {
			_, err := c.DeleteSIMCard(t.Context(), testAccount, testCLI)
			return err
		},
	}
	for trouble, act := range troubles {
		for change, send := range changes {
			t.Run(trouble+"/"+change, func(t *testing.T) {
				s := serve(t, func(w http.ResponseWriter, _ *http.Request) { act(t, w) })
				err := send(t, s.client(t))
				if !errors.Is(err, transport.ErrOutcomeUnknown) || errors.Is(err, transport.ErrNotSent) {
					t.Errorf("the outcome is not called unknown: %v", err)
				}
				if got := s.lines(); len(got) != 1 {
					t.Errorf("sent %d times: %q", len(got), got)
				}
			})
		}
	}
}

// What was certainly not executed is an error that says so, and is not sent again either.
func TestRefusedChanges(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		body   string
		kind   error
	}{
		"conflict":                {409, testdata(t, "shared/conflict.json"), transport.ErrConflict},
		"conflict under HTTP 200": {200, testdata(t, "shared/conflict.json"), transport.ErrConflict},
		"no such account":         {404, testdata(t, "not_found.json"), transport.ErrNotFound},
		"forbidden":               {403, `{"Message":"no"}`, transport.ErrForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, always(tt.status, tt.body))
			_, err := s.client(t).CreateSIMCard(t.Context(), testAccount, testCLI, Fields{}, nil)
			if !errors.Is(err, tt.kind) || errors.Is(err, transport.ErrOutcomeUnknown) {
				t.Errorf("got %v", err)
			}
			if got := s.lines(); len(got) != 1 {
				t.Errorf("sent %d times: %q", len(got), got)
			}
		})
	}
}

func TestDeleteOfWhatIsNotThere(t *testing.T) {
	for name, tt := range map[string]struct {
		status   int
		body     string
		notFound bool
	}{
		"already gone":           {404, testdata(t, "not_found.json"), true},
		"already gone, HTTP 200": {200, testdata(t, "not_found.json"), true},
		"no such call":           {404, testdata(t, "unrouted.json"), false},
		"no such method": {405, `{"Message":"The requested resource does not support http method 'DELETE'."}`,
			false},
		"a page of something":     {404, "<html></html>", false},
		"another command running": {409, `{"Success":false,"Code":409,"ErrorDescription":"busy"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, always(tt.status, tt.body))
			_, err := s.client(t).DeleteSIMCard(t.Context(), testAccount, testCLI)
			if err == nil || errors.Is(err, transport.ErrNotFound) != tt.notFound ||
				errors.Is(err, transport.ErrOutcomeUnknown) {
				t.Errorf("got %v", err)
			}
			if got := s.lines(); len(got) != 1 || got[0] != "DELETE "+simURL {
				t.Errorf("nothing but the DELETE was expected: %q", got)
			}
		})
	}
}

func TestChangeIsRepeatedAfter429(t *testing.T) {
	turn := 0
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if turn++; turn < 4 {
			answer(w, 429, `{"Message":"Too many requests."}`)
			return
		}
		answer(w, 202, testdata(t, "shared/create_response.json"))
	})
	if _, err := s.client(t).CreateSIMCard(t.Context(), testAccount, testCLI, Fields{}, nil); err != nil {
		t.Fatal(err)
	}
	if n := s.count("POST " + simsURL); n != 4 {
		t.Errorf("sent %d times, want 4", n)
	}
}

func TestChangeIsRepeatedWhileNothingListens(t *testing.T) {
	var log syncBuffer
	s := serve(t, always(200, testdata(t, "sim_card.json")))
	c := s.client(t, func(cfg *Config) {
		cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	if _, err := c.SIMCard(t.Context(), testAccount, testCLI); err != nil { // fetches the token
		t.Fatal(err)
	}
	_ = s.Listener.Close()
	_, err := c.CreateSIMCard(t.Context(), testAccount, testCLI, Fields{}, nil)
	if !errors.Is(err, transport.ErrNotSent) || errors.Is(err, transport.ErrOutcomeUnknown) {
		t.Errorf("got %v", err)
	}
	if n := strings.Count(log.String(), "method=POST path="+simsURL+" attempt="); n != changeAttempts {
		t.Errorf("tried %d times, want %d:\n%s", n, changeAttempts, log.String())
	}
}

func TestReadsAreRepeated(t *testing.T) {
	turn := 0
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		turn++
		switch turn {
		case 1:
			answer(w, 503, "<html>busy</html>")
		case 2:
			drop(t, w, "")
		case 3:
			answer(w, 200, `{"Success":false,"Code":502}`)
		default:
			answer(w, 200, testdata(t, "sim_card.json"))
		}
	})
	if _, err := s.client(t).SIMCard(t.Context(), testAccount, testCLI); err != nil {
		t.Error(err)
	}
	if turn < 4 {
		t.Errorf("%d attempts", turn)
	}
}

func TestExpiredTokenIsRenewedOnceForAll(t *testing.T) {
	const callers = 20
	var allHere sync.WaitGroup
	allHere.Add(callers)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer token-1" {
			allHere.Done()
			allHere.Wait() // every caller holds the old token
			w.Header().Set("WWW-Authenticate", "Bearer")
			answer(w, 401, testdata(t, "shared/unauthorised.json"))
			return
		}
		answer(w, 200, testdata(t, "sim_card.json"))
	})
	c := s.client(t)
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			if _, err := c.SIMCard(t.Context(), testAccount, testCLI); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := s.tokenCalls(); n != 2 {
		t.Errorf("%d token calls, want 2", n)
	}
}

// A change refused for its token has not been executed.
func TestChangeWithExpiredTokenIsSentAgain(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer token-1" {
			answer(w, 200, `{"Success":false,"Code":401}`) // also where only the body says so
			return
		}
		answer(w, 200, testdata(t, "patch_response.json"))
	})
	if _, err := s.client(t).UpdateSIMCard(t.Context(), testAccount, testCLI, Fields{State: new(StateLive)}); err != nil {
		t.Error(err)
	}
	if n := s.count("PATCH " + simURL); n != 2 {
		t.Errorf("sent %d times, want 2", n)
	}
}

func TestFreshCredentialsRefusedStopsAllCalls(t *testing.T) {
	s := serve(t, always(401, testdata(t, "shared/unauthorised.json")))
	c := s.client(t)
	if _, err := c.SIMCard(t.Context(), testAccount, testCLI); !errors.Is(err, transport.ErrUnauthorized) {
		t.Errorf("got %v", err)
	}
	calls := len(s.lines())
	if _, err := c.CreateSIMCard(t.Context(), testAccount, testCLI, Fields{}, nil); !errors.Is(err,
		transport.ErrStopped) || !errors.Is(err, transport.ErrNotSent) {
		t.Errorf("got %v", err)
	}
	if calls != 2 || len(s.lines()) != calls {
		t.Errorf("%d calls, then %d", calls, len(s.lines()))
	}
}

func TestSecretsStayInside(t *testing.T) {
	var log syncBuffer
	s := serve(t, always(400,
		`{"Success":false,"Code":400,"ErrorDescription":"login with p&ss word and p%26ss+word failed"}`))
	c := s.client(t, func(cfg *Config) {
		cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	_, err := c.SIMCard(t.Context(), testAccount, testCLI)
	text := err.Error() + log.String()
	for _, secret := range []string{"p&ss word", "p%26ss+word", "token-1"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q got out: %s", secret, text)
		}
	}
	if want := "accounts API: read SIM card acme-fleet/001010000000001: HTTP 400: login with (secret) and (secret) failed"; err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

func TestDefaults(t *testing.T) {
	s := serve(t, always(200, ""))
	c := s.client(t, func(cfg *Config) { *cfg = Config{Endpoint: cfg.Endpoint} })
	if c.pace.Min != time.Second || c.pace.Patience != 30*time.Second {
		t.Errorf("pace %+v", c.pace)
	}
}

// The endpoint may have a path of its own; tokens are asked for below it.
func TestEndpointWithPath(t *testing.T) {
	s := serve(t, always(200, testdata(t, "sim_card.json")))
	var paths []string
	outer := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		paths = append(paths, r.URL.Path)
		s.mu.Unlock()
		http.StripPrefix("/accounts", outer).ServeHTTP(w, r)
	})
	c := s.client(t, func(cfg *Config) { cfg.Endpoint.Path = "/accounts" })
	if _, err := c.SIMCard(t.Context(), testAccount, testCLI); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(paths) != 2 || paths[0] != "/accounts/v1/authtoken" || paths[1] != "/accounts"+simURL {
		t.Errorf("got %q", paths)
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
