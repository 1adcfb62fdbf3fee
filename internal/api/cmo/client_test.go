package cmo

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

// withCredentials sets up the client-credentials grant at the service's /token.
func (s *service) withCredentials(cfg *Config) {
	cfg.AccessToken = ""
	cfg.TokenURL, _ = url.Parse(s.URL + "/token")
	cfg.ClientID, cfg.ClientSecret, cfg.Scope = "the-client", "the-secret", "openid"
}

const tokenBody = `{"access_token":"token-1","expires_in":300,"refresh_expires_in":0,"token_type":"Bearer","not-before-policy":0}`

func TestTokenByFormFields(t *testing.T) {
	s := newService(t)
	s.set(tmspID, "ACTIVE")
	s.on("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		want := url.Values{
			"grant_type": {"client_credentials"}, "client_id": {"the-client"}, "client_secret": {"the-secret"},
			"scope": {"openid"},
		}
		if r.PostForm.Encode() != want.Encode() || r.Header.Get("Authorization") != "" {
			t.Errorf("form %v, headers %v", r.PostForm, r.Header)
		}
		answer(w, http.StatusOK, tokenBody)
	})
	c := s.client(s.withCredentials)
	for range 3 {
		if _, err := c.Product(t.Context(), tmspID); err != nil {
			t.Fatal(err)
		}
	}
	if s.count("POST /token") != 1 {
		t.Errorf("calls: %q", s.calls)
	}
}

func TestTokenByBasicIsRemembered(t *testing.T) {
	s := newService(t)
	s.on("GET /product/"+tmspID, answers(http.StatusUnauthorized, `{"title":"expired"}`))
	var styles []string
	s.on("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if id, secret, ok := r.BasicAuth(); ok && id == "the-client" && secret == "the-secret" {
			styles = append(styles, "basic")
			if r.FormValue("client_secret") != "" || r.PostForm.Has("scope") {
				t.Errorf("form %v", r.PostForm)
			}
			answer(w, http.StatusOK, tokenBody)
			return
		}
		styles = append(styles, "form")
		answer(w, http.StatusUnauthorized, `{"error":"invalid_client"}`)
	})
	c := s.client(s.withCredentials, func(cfg *Config) { cfg.Scope = "" })
	_, err := c.Product(t.Context(), tmspID)
	if !errors.Is(err, transport.ErrUnauthorized) {
		t.Errorf("got %v", err)
	}
	if got := strings.Join(styles, " "); got != "form basic basic" {
		t.Errorf("token calls: %s", got)
	}
}

// TestTokenExpiresInTheMiddle: many calls that meet the end of the token's life (300 s) cause one renewal.
func TestTokenExpiresInTheMiddle(t *testing.T) {
	s := newService(t)
	ids := tmsp(20)
	var mu sync.Mutex
	issued, revoked := 0, "Bearer token-1"
	s.on("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		issued++
		answer(w, http.StatusOK, strings.Replace(tokenBody, "token-1", "token-"+string(rune('0'+issued)), 1))
	})
	for _, id := range ids {
		s.on("GET /product/"+id, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") == revoked {
				answer(w, http.StatusUnauthorized, `{"title":"expired"}`)
				return
			}
			answer(w, http.StatusOK, productBody(id, "ACTIVE"))
		})
	}
	c := s.client(s.withCredentials)
	var readers sync.WaitGroup
	for _, id := range ids {
		readers.Go(func() {
			if _, err := c.Product(t.Context(), id); err != nil {
				t.Error(err)
			}
		})
	}
	readers.Wait()
	if issued != 2 {
		t.Errorf("%d tokens", issued)
	}
}

func TestRefusedCredentialsStopTheClient(t *testing.T) {
	s := newService(t)
	s.on("POST /token", answers(http.StatusUnauthorized,
		`{"error":"unauthorized_client","error_description":"the-secret is wrong"}`))
	c := s.client(s.withCredentials)
	for range 3 {
		_, err := c.ProductShared(t.Context(), tmspID)
		if !errors.Is(err, transport.ErrStopped) || !errors.Is(err, transport.ErrUnauthorized) {
			t.Errorf("got %v", err)
		}
		if strings.Contains(err.Error(), "the-secret") {
			t.Errorf("a secret in %v", err)
		}
	}
	if s.count("POST /token") != 2 || s.count("") != 2 { // form fields, then Basic
		t.Errorf("calls: %q", s.calls)
	}
}

func TestRefusedAccessToken(t *testing.T) {
	s := newService(t)
	s.on("GET /product/"+tmspID, answers(http.StatusUnauthorized, `{"title":"no access-token"}`))
	c := s.client()
	_, err := c.Product(t.Context(), tmspID)
	if !errors.Is(err, transport.ErrUnauthorized) || strings.Contains(err.Error(), "access-token") {
		t.Errorf("got %v", err)
	}
	if _, err := c.Products(t.Context(), 0); !errors.Is(err, transport.ErrStopped) || s.count("") != 1 {
		t.Errorf("got %v, calls %q", err, s.calls)
	}
}

func TestEndpointIsTakenVerbatim(t *testing.T) {
	for path, warned := range map[string]bool{"/api-gw/cmo/v5": false, "/some/gateway": true, "": true} {
		s := newService(t)
		var log bytes.Buffer
		var seen string
		s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen = r.URL.EscapedPath()
			answer(w, http.StatusOK, `{"id":"INTELSAT-1","connectivityType":"SATELLITE"}`)
		})
		c := s.client(func(cfg *Config) {
			cfg.Endpoint, _ = transport.CheckEndpoint(s.URL + path + "/")
			cfg.Tenant = "a b/c"
			cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
		})
		if _, err := c.Product(t.Context(), "INTELSAT-1"); err != nil {
			t.Error(err)
		}
		if seen != path+"/a%20b%2Fc/product/INTELSAT-1" {
			t.Errorf("path %s", seen)
		}
		if strings.Contains(log.String(), "does not end in a version") != warned {
			t.Errorf("%s: log %s", path, log.String())
		}
	}
}

// TestAirlinqIsCalledOneAtATime mixes reads, finds and changes.
func TestAirlinqIsCalledOneAtATime(t *testing.T) {
	const id = "AIRLINQ-899100000000000000"
	s := newService(t)
	var atOnce, most atomic.Int32
	inner := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if now := atOnce.Add(1); now > most.Load() {
			most.Store(now)
		}
		runtime.Gosched()
		inner.ServeHTTP(w, r)
		atOnce.Add(-1)
	})
	c := s.client()
	var callers sync.WaitGroup
	for i := range 8 {
		own := id + strconv.Itoa(i)
		s.set(own, "ACTIVE")
		s.on("PATCH /product/"+own+"-simCard", answers(http.StatusOK, ""))
	}
	for i := range 8 {
		own := id + strconv.Itoa(i)
		callers.Go(func() { _, _ = c.Product(t.Context(), own) })
		callers.Go(func() { _, _ = c.ProductShared(t.Context(), own) })
		callers.Go(func() { _, _ = c.SetStatus(t.Context(), own, "ACTIVE") })
	}
	callers.Wait()
	if most.Load() != 1 || s.count("PATCH") != 8 || s.count("GET") < 8 {
		t.Errorf("%d calls at a time, calls %q", most.Load(), s.calls)
	}
}

// Test1NCEKeepsItsOwnPace: eight calls a second, which lists and finds draw from too.
func Test1NCEKeepsItsOwnPace(t *testing.T) {
	t.Parallel()
	ids := []string{"1NCE-8988280000000000001", "1NCE-8988280000000000002"}
	s := newService(t)
	s.set(ids[0], "ACTIVE")
	s.set(ids[1], "ACTIVE")
	s.on("GET /product", answers(http.StatusOK, `{"entities":[]}`))
	c := s.client()
	start := time.Now()
	if _, err := c.Product(t.Context(), ids[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Products(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	if _, failures := c.ProductsByID(t.Context(), ids); len(failures) > 0 {
		t.Fatal(failures)
	}
	if took := time.Since(start); took < 2*time.Second/8-10*time.Millisecond || len(s.calls) != 3 {
		t.Errorf("%d calls in %s", len(s.calls), took)
	}
}
