// Package mvno calls TelecomX's MVNO API (https://wiki.telecomx.dk): accounts, their SIMs, and the SIM swap, which is a
// GET that changes something each time that it arrives.
package mvno

import (
	"cmp"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

const apiName = "MVNO API"

// Config sets up a Client. Zero values take the defaults named here.
type Config struct {
	// Endpoint has passed transport.CheckEndpoint.
	Endpoint *url.URL
	// Token is a machine token (page api:employee:createtoken); it travels in the Authorization header only.
	Token     string
	UserAgent string
	// RequestsPerSecond bounds all calls; default 5. The pages name no limit.
	RequestsPerSecond float64
	// MaxConcurrentRequests is how many calls run at a time; default 4.
	MaxConcurrentRequests int
	// RequestTimeout bounds one attempt; default 120 s, since a swap that is cut off is a swap of unknown outcome.
	RequestTimeout time.Duration
	// Backoff is the first pause before a read is repeated; default 500 ms.
	Backoff time.Duration
	// Pace is how fast Settle and WaitShown read, and how long.
	Pace wait.Pace
	// Logger receives debug records without bodies; nil discards.
	Logger *slog.Logger
}

// Client calls the API. It is safe for concurrent use, but two swaps of one account at a time are for the caller to
// prevent.
type Client struct {
	http *transport.Client
	pace wait.Pace
}

// New makes a client; it does not call the service.
func New(cfg Config) *Client {
	cfg.RequestsPerSecond = cmp.Or(cfg.RequestsPerSecond, 5)
	cfg.MaxConcurrentRequests = cmp.Or(cfg.MaxConcurrentRequests, 4)
	cfg.RequestTimeout = cmp.Or(cfg.RequestTimeout, 2*time.Minute)
	c := &Client{pace: cfg.Pace.WithDefaults()}
	c.http = transport.New(transport.Config{
		API: apiName, BaseURL: cfg.Endpoint, UserAgent: cfg.UserAgent, Tokens: transport.StaticToken(cfg.Token),
		RequestsPerSecond: cfg.RequestsPerSecond, MaxConcurrent: cfg.MaxConcurrentRequests,
		RequestTimeout: cfg.RequestTimeout, Backoff: cfg.Backoff, ChangeAttempts: 1,
		CheckResponse: c.checkResponse, Secrets: []string{cfg.Token}, Logger: cfg.Logger,
	})
	return c
}

// get is a read. Its answer may hold PINs and PUKs, so no error quotes it.
func get(op string, path ...string) transport.Request {
	return transport.Request{
		Op: op, Method: http.MethodGet, Path: transport.Path(path...), Sensitive: true,
		Header: http.Header{"Accept": {"application/json"}},
	}
}

// refuse is the error of a call that is not made, since what it was asked for is not of the documented form.
func refuse(req transport.Request, problem error) error {
	return &transport.Error{API: apiName, Op: req.Op, Method: req.Method, NotSent: req.Change, Cause: problem}
}
