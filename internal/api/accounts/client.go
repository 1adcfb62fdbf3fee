// Package accounts is the client of the accounts API (Asavie, now Akamai, "Passbridge provisioning"): reading,
// creating, changing and deleting the SIM cards of an account, and waiting for the commands that the service queues.
//
// The service's documents leave much open. What this package decides there is listed, with the reasons, in section 8
// of the API page; "point 4" in a comment is its fourth line.
package accounts

import (
	"cmp"
	"log/slog"
	"net/url"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// apiName names the service in errors and logs.
const apiName = "accounts API"

// Defaults of Config. The service publishes no limits; these are point 25's.
const (
	defaultRequestsPerSecond = 10
	defaultMaxConcurrent     = 5
	defaultRequestTimeout    = 60 * time.Second
)

// changeAttempts is how often a change is tried that certainly did not reach the service (429, no connection).
const changeAttempts = 4

// Config sets up a Client. Zero values take the defaults named here.
type Config struct {
	// Endpoint has passed transport.CheckEndpoint.
	Endpoint     *url.URL
	ClientID     string
	ClientSecret string
	UserAgent    string
	// RequestsPerSecond (default 10) and MaxConcurrentRequests (default 5) bound all calls together.
	RequestsPerSecond     float64
	MaxConcurrentRequests int
	// RequestTimeout bounds one attempt, its answer included; default 60 s.
	RequestTimeout time.Duration
	// Backoff is the first pause between attempts of one call; default 500 ms.
	Backoff time.Duration
	// Pace is how fast Wait and Settle poll, and how long they bear what a slow service may still mend.
	Pace wait.Pace
	// Logger receives debug records of calls and info records of waits; nil discards.
	Logger *slog.Logger
}

// Client calls the accounts API. It is safe for concurrent use.
type Client struct {
	http  *transport.Client
	pace  wait.Pace
	lists lists
}

// New makes a client; it does not call the service.
func New(cfg Config) *Client {
	cfg.RequestsPerSecond = cmp.Or(cfg.RequestsPerSecond, defaultRequestsPerSecond)
	cfg.MaxConcurrentRequests = cmp.Or(cfg.MaxConcurrentRequests, defaultMaxConcurrent)
	cfg.RequestTimeout = cmp.Or(cfg.RequestTimeout, defaultRequestTimeout)
	return &Client{
		pace: cfg.Pace.WithDefaults(),
		http: transport.New(transport.Config{
			API:       apiName,
			BaseURL:   cfg.Endpoint,
			UserAgent: cfg.UserAgent,
			Tokens: transport.NewClientCredentials(transport.ClientCredentialsConfig{
				API:          apiName,
				TokenURL:     cfg.Endpoint.JoinPath("v1", "authtoken"),
				ClientID:     cfg.ClientID,
				ClientSecret: cfg.ClientSecret,
				UserAgent:    cfg.UserAgent,
				Timeout:      cfg.RequestTimeout,
				Backoff:      cfg.Backoff,
				Logger:       cfg.Logger,
			}),
			RequestsPerSecond: cfg.RequestsPerSecond,
			MaxConcurrent:     cfg.MaxConcurrentRequests,
			RequestTimeout:    cfg.RequestTimeout,
			ChangeAttempts:    changeAttempts,
			Backoff:           cfg.Backoff,
			CheckResponse:     checkResponse,
			Secrets:           []string{cfg.ClientSecret},
			Logger:            cfg.Logger,
		}),
	}
}
