package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const clientSecret = "the-client-secret"

// tokenServer gives out T1, T2, … and counts its calls.
func tokenServer(t testing.TB, answer func(w http.ResponseWriter, r *http.Request, n int) bool) (string, *counter) {
	s, count := serve(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if answer != nil && answer(w, r, n) {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"access_token":"T%d","token_type":"Bearer","expires_in":300}`, n)
	})
	return s.URL + "/token", count
}

func newTokens(t testing.TB, tokenURL string, change func(*ClientCredentialsConfig)) *ClientCredentials {
	cfg := ClientCredentialsConfig{
		API: "Test API", TokenURL: mustParse(t, tokenURL), ClientID: "id", ClientSecret: clientSecret,
		Scopes: []string{"openid"}, UserAgent: "test/1", Backoff: time.Millisecond,
	}
	if change != nil {
		change(&cfg)
	}
	return NewClientCredentials(cfg)
}

func TestTokenCall(t *testing.T) {
	tokenURL, count := tokenServer(t, func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		want := url.Values{
			"grant_type": {"client_credentials"}, "client_id": {"id"}, "client_secret": {clientSecret}, "scope": {"openid"},
		}
		if r.Method != http.MethodPost || r.URL.RawQuery != "" || r.PostForm.Encode() != want.Encode() ||
			r.Header.Get("User-Agent") != "test/1" {
			t.Errorf("%s %s %v %v", r.Method, r.URL, r.PostForm, r.Header)
		}
		return false
	})
	tokens := newTokens(t, tokenURL, nil)
	for range 3 {
		if token, err := tokens.Token(t.Context()); token != "T1" || err != nil {
			t.Errorf("%q, %v", token, err)
		}
	}
	if count.all() != 1 {
		t.Errorf("%d token calls, want 1", count.all())
	}
}

// All callers have the same expired token; one call renews it for all.
func TestRenewalIsShared(t *testing.T) {
	const callers = 100
	tokenURL, tokenCalls := tokenServer(t, nil)
	var together sync.WaitGroup
	together.Add(callers)
	s, apiCalls := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		switch r.Header.Get("Authorization") {
		case "Bearer T1":
			together.Done()
			together.Wait() // until all callers have sent it
			w.WriteHeader(http.StatusUnauthorized)
		case "Bearer T2":
		default:
			t.Errorf("Authorization: %s", r.Header.Get("Authorization"))
		}
	})
	c := newTestClient(t, s.URL, func(cfg *Config) { cfg.Tokens = newTokens(t, tokenURL, nil) })
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			req := read("/x")
			if i%2 == 0 { // a 401 proves that a change was not executed
				req = change(http.MethodPost)
			}
			if _, err := c.Do(t.Context(), req); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if tokenCalls.all() != 2 || apiCalls.all() != 2*callers {
		t.Errorf("%d token calls and %d API calls, want 2 and %d", tokenCalls.all(), apiCalls.all(), 2*callers)
	}
}

// Whoever finds the renewal just over must not start another one.
func TestRenewalRightAfterAnother(t *testing.T) {
	tokenURL, count := tokenServer(t, nil)
	tokens := newTokens(t, tokenURL, nil)
	for range 2 {
		if token, err := tokens.renew(t.Context()); token != "T1" || err != nil {
			t.Errorf("%q, %v", token, err)
		}
	}
	if count.all() != 1 {
		t.Errorf("%d token calls, want 1", count.all())
	}
}

func TestSecondRefusalStopsTheClient(t *testing.T) {
	tokenURL, tokenCalls := tokenServer(t, nil)
	s, apiCalls := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, "go away")
	})
	c := newTestClient(t, s.URL, func(cfg *Config) { cfg.Tokens, cfg.ChangeAttempts = newTokens(t, tokenURL, nil), 5 })
	_, err := c.Do(t.Context(), read("/x"))
	want := "Test API: read thing: HTTP 401: go away"
	if fmt.Sprint(err) != want || !errors.Is(err, ErrUnauthorized) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	for range 3 {
		_, err := c.Do(t.Context(), read("/x"))
		want := want + ": no further calls are made"
		if fmt.Sprint(err) != want || !errors.Is(err, ErrStopped) || errors.Is(err, ErrNotSent) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		_, err = c.Do(t.Context(), change(http.MethodPost))
		if !errors.Is(err, ErrStopped) || !errors.Is(err, ErrNotSent) || errors.Is(err, ErrOutcomeUnknown) {
			t.Error(err)
		}
	}
	if apiCalls.all() != 2 || tokenCalls.all() != 2 {
		t.Errorf("%d API calls and %d token calls, want 2 and 2", apiCalls.all(), tokenCalls.all())
	}
}

func TestStaticTokenIsNotTriedTwice(t *testing.T) {
	s, count := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusUnauthorized) })
	c := newTestClient(t, s.URL, func(cfg *Config) { cfg.Tokens = StaticToken("T") })
	_, _ = c.Do(t.Context(), read("/x"))
	if _, err := c.Do(t.Context(), read("/x")); !errors.Is(err, ErrStopped) || count.all() != 1 {
		t.Errorf("%v after %d calls", err, count.all())
	}
}

func TestStopOnForbidden(t *testing.T) {
	for _, stop := range []bool{false, true} {
		s, count := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusForbidden) })
		c := newTestClient(t, s.URL, func(cfg *Config) { cfg.StopOnForbidden = stop })
		for range 3 {
			if _, err := c.Do(t.Context(), read("/x")); !errors.Is(err, ErrForbidden) {
				t.Error(err)
			}
		}
		if want := map[bool]int{false: 3, true: 1}[stop]; count.all() != want {
			t.Errorf("stop = %v: %d calls, want %d", stop, count.all(), want)
		}
	}
}

// What stands in line when the client is stopped is not sent: a 403 may be the ban itself.
func TestStopReachesWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		c := faked(newTestClient(t, "https://api.example.com", func(cfg *Config) {
			cfg.StopOnForbidden, cfg.RequestsPerSecond = true, 1
		}), func(*http.Request) (*http.Response, error) {
			calls.Add(1)
			return reply(http.StatusForbidden, nil), nil
		})
		var group sync.WaitGroup
		for _, req := range []Request{read("/x"), change(http.MethodPost), read("/y")} {
			group.Go(func() {
				_, err := c.Do(t.Context(), req)
				if !errors.Is(err, ErrForbidden) || req.Change && errors.Is(err, ErrOutcomeUnknown) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if n := calls.Load(); n != 1 {
			t.Errorf("%d calls were sent, want the first one", n)
		}
	})
}

// Refused client credentials end everything: the token endpoint is asked once, the API never.
func TestRefusedClientCredentials(t *testing.T) {
	tokenURL, tokenCalls := tokenServer(t, func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error":"invalid_client","error_description":"secret `+clientSecret+` is wrong"}`)
		return true
	})
	s, apiCalls := serve(t, func(http.ResponseWriter, *http.Request, int) {})
	var log bytes.Buffer
	c := newTestClient(t, s.URL, func(cfg *Config) {
		cfg.Tokens = newTokens(t, tokenURL, func(tokens *ClientCredentialsConfig) { tokens.Logger = textLogger(&log) })
		cfg.ChangeAttempts = 5
	})
	_, err := c.Do(t.Context(), change(http.MethodPost))
	want := "Test API: change thing: the token endpoint " + tokenURL + " refused the client credentials: HTTP 401 " +
		"invalid_client: secret (secret) is wrong"
	if err == nil || err.Error() != want || !errors.Is(err, ErrUnauthorized) || !errors.Is(err, ErrNotSent) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	var refused *TokenError
	if !errors.As(err, &refused) || refused.Code != "invalid_client" || refused.Status != 401 {
		t.Errorf("%+v", refused)
	}
	_, again := c.Do(t.Context(), read("/x"))
	want = strings.Replace(want, "change thing", "read thing", 1)
	if !errors.Is(again, ErrStopped) || again.Error() != want {
		t.Errorf("got  %v\nwant %s", again, want)
	}
	if tokenCalls.all() != 1 || apiCalls.all() != 0 {
		t.Errorf("%d token calls, %d API calls", tokenCalls.all(), apiCalls.all())
	}
	if strings.Contains(log.String()+err.Error(), clientSecret) {
		t.Error("the client secret shows")
	}
}

// Some endpoints take the credentials as HTTP Basic only; what worked is remembered.
func TestTokenOrBasic(t *testing.T) {
	var forms, basics int
	tokenURL, _ := tokenServer(t, func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if id, secret, ok := r.BasicAuth(); ok && id == "id" && secret == clientSecret {
			basics++
			return false
		}
		forms++
		w.WriteHeader(http.StatusUnauthorized)
		return true
	})
	tokens := newTokens(t, tokenURL, func(cfg *ClientCredentialsConfig) { cfg.OrBasic = true })
	for range 3 {
		token, err := tokens.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		tokens.Refuse(token)
	}
	if forms != 1 || basics != 3 {
		t.Errorf("%d calls by form and %d by Basic, want 1 and 3", forms, basics)
	}
}

// A token is renewed when a fifth of its life is left.
func TestTokenIsRenewedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		tokens := newTokens(t, "https://token.example.com", nil)
		tokens.net = roundTripper(func(*http.Request) (*http.Response, error) {
			calls++
			return tokenReply(200, fmt.Sprintf(`{"access_token":"T%d","expires_in":300}`, calls), nil), nil
		})
		for _, row := range []struct {
			after time.Duration
			want  string
		}{{0, "T1"}, {239 * time.Second, "T1"}, {2 * time.Second, "T2"}, {239 * time.Second, "T2"}, {time.Hour, "T3"}} {
			<-time.After(row.after)
			if token, err := tokens.Token(t.Context()); token != row.want || err != nil {
				t.Errorf("%q, %v; want %s", token, err, row.want)
			}
		}
	})
}

// The one who fetches does so for all: its cancellation fails itself only.
func TestTokenFetchSurvivesItsCaller(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	tokenURL, count := tokenServer(t, func(http.ResponseWriter, *http.Request, int) bool {
		close(arrived)
		<-release
		return false
	})
	tokens := newTokens(t, tokenURL, nil)
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		_, err := tokens.Token(ctx)
		first <- err
	}()
	<-arrived
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	second := make(chan string)
	go func() {
		token, _ := tokens.Token(t.Context())
		second <- token
	}()
	close(release)
	if token := <-second; token != "T1" || count.all() != 1 {
		t.Errorf("%q after %d calls", token, count.all())
	}
}
