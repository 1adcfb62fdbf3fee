package transport

import (
	"context"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// Tokens gives the bearer token of an API.
type Tokens interface {
	// Token returns a token that is good now.
	Token(ctx context.Context) (string, error)
	// Refuse says that the service answered 401 to this token, and returns whether another one can be had.
	Refuse(token string) bool
}

// StaticToken is a token that the user has configured; nothing can renew it.
type StaticToken string

// Token returns the configured token.
func (t StaticToken) Token(context.Context) (string, error) { return string(t), nil }

// Refuse returns false: there is no other token.
func (StaticToken) Refuse(string) bool { return false }

// ClientCredentialsConfig sets up the OAuth2 client-credentials grant (RFC 6749 section 4.4).
type ClientCredentialsConfig struct {
	API          string
	TokenURL     *url.URL // has passed CheckEndpoint
	ClientID     string
	ClientSecret string
	Scopes       []string
	// OrBasic tries HTTP Basic where the endpoint refuses the credentials as form fields, and remembers what worked.
	OrBasic   bool
	UserAgent string
	Timeout   time.Duration // of one attempt; default 60 s
	Attempts  int           // after temporary trouble; default 3
	Backoff   time.Duration // default 500 ms
	// MaxRetryAfter is the longest Retry-After that is obeyed; default 60 s.
	MaxRetryAfter time.Duration
	Logger        *slog.Logger
}

// ClientCredentials fetches tokens and shares each among all callers. A token is renewed when a fifth of its life is
// left (60 s of the CMO's 300 s, 12 minutes of the accounts API's hour), by one call, however many wait for it.
type ClientCredentials struct {
	cfg    ClientCredentialsConfig
	net    http.RoundTripper // follows no redirect
	redact redactor
	log    *slog.Logger
	flight singleflight.Group

	mu      sync.Mutex
	token   string
	renewAt time.Time
	basic   bool // HTTP Basic is what worked
	// trouble is what the endpoint said last, and is answered without asking it again until then: for good after a
	// refusal.
	trouble      *TokenError
	troubleUntil time.Time // zero: for good
}

// NewClientCredentials makes a token source; it does not call the service.
func NewClientCredentials(cfg ClientCredentialsConfig) *ClientCredentials {
	setDefault(&cfg.Timeout, 60*time.Second)
	setDefault(&cfg.Attempts, 3)
	setDefault(&cfg.Backoff, 500*time.Millisecond)
	setDefault(&cfg.MaxRetryAfter, 60*time.Second)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	login := url.QueryEscape(cfg.ClientID) + ":" + url.QueryEscape(cfg.ClientSecret)
	return &ClientCredentials{
		cfg:    cfg,
		net:    readTransport(1),
		redact: newRedactor([]string{cfg.ClientSecret, base64.StdEncoding.EncodeToString([]byte(login))}),
		log:    cfg.Logger.With("api", cfg.API),
	}
}

// Token returns the shared token, renewed where it is due. Errors: *TokenError, or the context's.
func (s *ClientCredentials) Token(ctx context.Context) (string, error) {
	if token := s.current(); token != "" {
		return token, nil
	}

	// The one who fetches does so for all: its own cancellation must not fail the others.
	result := s.flight.DoChan("token", func() (any, error) { return s.renew(context.WithoutCancel(ctx)) })
	select {
	case r := <-result:
		if r.Err != nil {
			return "", r.Err
		}
		return r.Val.(string), nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// current is the shared token while it is good, else empty.
func (s *ClientCredentials) current() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !time.Now().Before(s.renewAt) {
		return ""
	}
	return s.token
}

// Refuse drops the token if it is still the shared one, so that many callers with the same expired token cause one
// renewal.
func (s *ClientCredentials) Refuse(token string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == token {
		s.token = ""
	}
	return true
}

// renew asks for a token until there is one, the endpoint refuses, or trouble lasts. Where it may, a refused form is
// tried as HTTP Basic: trouble there is not a refusal, and only a clear refusal of both ways is one.
func (s *ClientCredentials) renew(ctx context.Context) (string, error) {
	// Who asked before a renewal was over, and got here after it, must not start a second one.
	if token := s.current(); token != "" {
		return token, nil
	}
	// Who comes between a refusal and the stop of the client must not ask again.
	if trouble := s.lasting(); trouble != nil {
		return "", trouble
	}

	s.mu.Lock()
	basic := s.basic
	s.mu.Unlock()
	var byForm *TokenError // the refusal of the form
	for attempt := 1; ; attempt++ {
		token, failure := s.fetch(ctx, basic)
		switch {
		case failure == nil:
			return s.keep(token, basic), nil
		case failure.mayWantBasic() && s.cfg.OrBasic && !basic:
			byForm, basic = failure, true
			attempt-- // the other way of logging in is no second attempt
			continue
		case failure.Refused && byForm != nil:
			failure = byForm
			failure.BothWays = true
		case failure.NotTheEndpoint && byForm != nil:
			failure = byForm // which the endpoint has clearly said
		}

		pauseFor := max(s.cfg.Backoff<<(attempt-1), failure.RetryAfter)
		if !failure.Temporary() || attempt >= s.cfg.Attempts || pauseFor > max(s.cfg.MaxRetryAfter, s.cfg.Backoff) {
			return "", s.fail(failure)
		}
		if err := pause(ctx, pauseFor); err != nil {
			return "", err
		}
	}
}

// lasting is what the endpoint said before, as long as it makes no sense to ask again.
func (s *ClientCredentials) lasting() *TokenError {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trouble != nil && (s.troubleUntil.IsZero() || time.Now().Before(s.troubleUntil)) {
		return s.trouble
	}
	return nil
}

// fail completes an error, and keeps it for the callers that come next.
func (s *ClientCredentials) fail(failure *TokenError) *TokenError {
	failure.URL = plainURL(s.cfg.TokenURL)
	failure.Code, failure.Message = s.redact.text(failure.Code), s.redact.text(failure.Message)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble, s.troubleUntil = failure, time.Time{}
	if failure.Temporary() {
		s.troubleUntil = time.Now().Add(failure.RetryAfter)
	}
	return failure
}

func (s *ClientCredentials) keep(token accessToken, basic bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token, s.renewAt, s.basic = token.text, time.Now().Add(token.life-token.life/5), basic
	return s.token
}
