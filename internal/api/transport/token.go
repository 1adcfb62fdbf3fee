package transport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
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

// TokenRefusedError says that the token endpoint refused the client's credentials, or is none; trying again can only do
// harm.
type TokenRefusedError struct {
	Status int    // in the 200s: it answered without a token
	Code   string // OAuth error code, such as "invalid_client"
}

func (e *TokenRefusedError) Error() string {
	if e.Status/100 == 2 {
		return "the token endpoint's answer holds no access_token"
	}
	if e.Code != "" {
		return fmt.Sprintf("the token endpoint refused the client credentials: HTTP %d %s", e.Status, e.Code)
	}
	return fmt.Sprintf("the token endpoint refused the client credentials: HTTP %d", e.Status)
}

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
	Logger    *slog.Logger
}

// ClientCredentials fetches tokens and shares each among all callers. A token is renewed when a fifth of its life is
// left (60 s of the CMO's 300 s, 12 minutes of the accounts API's hour), by one call, however many wait for it.
type ClientCredentials struct {
	cfg    ClientCredentialsConfig
	oauth  clientcredentials.Config
	client *http.Client
	log    *slog.Logger
	flight singleflight.Group

	mu      sync.Mutex
	token   string
	renewAt time.Time
	style   oauth2.AuthStyle
	refused error // by the endpoint: it is not asked again
}

// NewClientCredentials makes a token source; it does not call the service.
func NewClientCredentials(cfg ClientCredentialsConfig) *ClientCredentials {
	setDefault(&cfg.Timeout, 60*time.Second)
	setDefault(&cfg.Attempts, 3)
	setDefault(&cfg.Backoff, 500*time.Millisecond)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &ClientCredentials{
		cfg: cfg,
		oauth: clientcredentials.Config{
			ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret, TokenURL: cfg.TokenURL.String(), Scopes: cfg.Scopes,
		},
		client: &http.Client{Transport: userAgent{cfg.UserAgent, readTransport(1)}, CheckRedirect: noRedirect},
		log:    cfg.Logger.With("api", cfg.API),
		style:  oauth2.AuthStyleInParams,
	}
}

// Token returns the shared token, renewed where it is due. Errors: *TokenRefusedError, or temporary trouble.
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

func (s *ClientCredentials) renew(ctx context.Context) (string, error) {
	// Who asked before a renewal was over, and got here after it, must not start a second one.
	if token := s.current(); token != "" {
		return token, nil
	}
	// Who comes between a refusal and the stop of the client must not ask again.
	s.mu.Lock()
	refusedBefore := s.refused
	s.mu.Unlock()
	if refusedBefore != nil {
		return "", refusedBefore
	}
	for attempt := 1; ; attempt++ {
		token, err := s.fetch(ctx)
		if err == nil {
			return s.keep(token), nil
		}
		var refused *TokenRefusedError
		if errors.As(err, &refused) {
			s.mu.Lock()
			s.refused = err
			s.mu.Unlock()
			return "", err
		}
		if attempt >= s.cfg.Attempts {
			return "", err
		}
		if err := pause(ctx, s.cfg.Backoff<<(attempt-1)); err != nil {
			return "", err
		}
	}
}

func (s *ClientCredentials) keep(token *oauth2.Token) string {
	life := time.Until(token.Expiry)
	if token.Expiry.IsZero() {
		life = time.Hour
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token, s.renewAt = token.AccessToken, time.Now().Add(life-life/5)
	return s.token
}

// fetch makes one token call, or two where the endpoint wants HTTP Basic.
func (s *ClientCredentials) fetch(ctx context.Context) (*oauth2.Token, error) {
	s.mu.Lock()
	style := s.style
	s.mu.Unlock()

	token, err := s.fetchAs(ctx, style)
	var refused *TokenRefusedError
	if errors.As(err, &refused) && s.cfg.OrBasic && style == oauth2.AuthStyleInParams {
		basic, basicErr := s.fetchAs(ctx, oauth2.AuthStyleInHeader)
		if basicErr == nil {
			s.mu.Lock()
			s.style = oauth2.AuthStyleInHeader
			s.mu.Unlock()
			return basic, nil
		}
	}
	return token, err
}

func (s *ClientCredentials) fetchAs(ctx context.Context, style oauth2.AuthStyle) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	oauth := s.oauth
	oauth.AuthStyle = style
	start := time.Now()
	token, err := oauth.Token(context.WithValue(ctx, oauth2.HTTPClient, s.client))
	s.log.DebugContext(ctx, "token call", "duration_ms", time.Since(start).Milliseconds(), "succeeded", err == nil)
	if err == nil {
		return token, nil
	}

	// oauth2's error text quotes the answer's body; only its status and OAuth code may leave.
	var retrieve *oauth2.RetrieveError
	if errors.As(err, &retrieve) && retrieve.Response != nil {
		status := retrieve.Response.StatusCode
		if status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout {
			return nil, fmt.Errorf("the token endpoint answered HTTP %d", status)
		}
		return nil, &TokenRefusedError{Status: status, Code: Excerpt([]byte(retrieve.ErrorCode))}
	}
	var urlErr *url.Error
	if errors.As(err, &urlErr) {
		return nil, fmt.Errorf("the token endpoint did not answer: %s", CauseText(err))
	}
	if strings.Contains(err.Error(), "missing access_token") { // oauth2 has no type for it
		return nil, &TokenRefusedError{Status: http.StatusOK}
	}
	return nil, errors.New("the token endpoint's answer can't be read")
}

type userAgent struct {
	name string
	next http.RoundTripper
}

func (u userAgent) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", u.name)
	return u.next.RoundTrip(r)
}
