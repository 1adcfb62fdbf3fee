// Package cmo is the client of the Connection Management Orchestrator (CMO, v5) of the T IoT Hub: product lists, single
// products, and changes of a SIM card's status. What is called "the API page" here is the project's reference of it.
//
// One client serves a whole Terraform run: it shares its rate limits, its token and, by ProductShared, its reads.
package cmo

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

const apiName = "CMO API"

// Backends with limits of their own (API page, section 11).
const (
	class1NCE    = "1NCE"    // 10 requests/s for an organisation, then 429
	classAirlinq = "AIRLINQ" // known trouble with parallel calls
)

// Config sets up a Client. Zero values take the defaults named here.
type Config struct {
	// Endpoint is the API URL as it is copied from the hub, with service and version; it has passed
	// transport.CheckEndpoint. Tenant is the next path segment of every call.
	Endpoint *url.URL
	Tenant   string
	// TokenURL, ClientID, ClientSecret and Scope get tokens by the client-credentials grant; Scope "" sends none.
	TokenURL     *url.URL
	ClientID     string
	ClientSecret string
	Scope        string
	// AccessToken is used instead of the four above.
	AccessToken string
	UserAgent   string
	// RequestsPerSecond bounds all calls; default 20, far below the API's own 150.
	RequestsPerSecond float64
	// MaxConcurrentRequests bounds the calls at a time; default 10.
	MaxConcurrentRequests int
	// RequestTimeout bounds one attempt; default 90 s, since AIRLINQ may take 60 s.
	RequestTimeout time.Duration
	// Backoff is the first pause after temporary trouble; default that of the transport.
	Backoff time.Duration
	// Pace is how fast to poll.
	Pace wait.Pace
	// CoalesceDelay is how long a lone ProductShared waits for company; default 2 ms.
	CoalesceDelay time.Duration
	Logger        *slog.Logger
}

// Client calls the CMO API. It is safe for concurrent use.
type Client struct {
	http   *transport.Client
	tenant string
	pace   wait.Pace
	log    *slog.Logger

	atOnce   int
	maxPages int
	shared   map[string]*coalescer // by rate class: a slow backend holds up no other
	// findMissing: the service has no find, or one that is of no use; reads are single ones for the rest of the run.
	findMissing  atomic.Bool
	findUseless  atomic.Int32 // finds in a row that brought nothing
	endpointHost string
}

var versioned = regexp.MustCompile(`/v[0-9]+$`)

// New makes a client; it does not call the service.
func New(cfg Config) *Client {
	cfg.RequestsPerSecond = cmp.Or(cfg.RequestsPerSecond, 20)
	cfg.MaxConcurrentRequests = cmp.Or(cfg.MaxConcurrentRequests, 10)
	cfg.RequestTimeout = cmp.Or(cfg.RequestTimeout, 90*time.Second)
	cfg.CoalesceDelay = cmp.Or(cfg.CoalesceDelay, 2*time.Millisecond)

	c := &Client{
		http: transport.New(transport.Config{
			API: apiName, BaseURL: cfg.Endpoint, UserAgent: cfg.UserAgent, Tokens: tokens(cfg),
			RequestsPerSecond: cfg.RequestsPerSecond, MaxConcurrent: cfg.MaxConcurrentRequests,
			// The CMO blocks an address for two days after many errors in a short time (API page, section 11).
			ErrorsPerSecond: cfg.RequestsPerSecond / 10,
			RateClasses: map[string]transport.RateClass{
				class1NCE:    {RequestsPerSecond: 8},
				classAirlinq: {MaxConcurrent: 1},
			},
			RequestTimeout: cfg.RequestTimeout, Backoff: cfg.Backoff,
			// A PATCH that was not sent, or that came too soon (429), may go out again; nothing else may.
			ChangeAttempts:  4,
			StopOnForbidden: true, // many refusals ban the IP address for two days
			CheckResponse:   checkResponse,
			Secrets:         []string{cfg.ClientSecret, cfg.AccessToken},
			Logger:          cfg.Logger,
		}),
		tenant:       cfg.Tenant,
		pace:         cfg.Pace.WithDefaults(),
		maxPages:     pageCeiling,
		shared:       map[string]*coalescer{},
		atOnce:       cfg.MaxConcurrentRequests,
		endpointHost: hostOf(cfg.Endpoint),
	}
	c.log = c.http.Logger()
	interval := time.Duration(float64(time.Second) / cfg.RequestsPerSecond)
	for _, name := range []string{"", class1NCE, classAirlinq} {
		c.shared[name] = newCoalescer(c.readManySafely, cfg.CoalesceDelay, interval, cfg.MaxConcurrentRequests)
	}
	if !versioned.MatchString(cfg.Endpoint.Path) {
		c.log.Warn("the CMO endpoint does not end in a version such as /v5: it should be the API URL as copied from the hub")
	}
	return c
}

func (c *Client) readManySafely(ctx context.Context, ids []string, deliver func(string, *Product, error)) {
	c.safely(ctx, ids, deliver, c.readMany)
}

func tokens(cfg Config) transport.Tokens {
	switch {
	case cfg.AccessToken != "":
		return transport.StaticToken(cfg.AccessToken)
	case cfg.TokenURL != nil:
		return transport.NewClientCredentials(transport.ClientCredentialsConfig{
			API: apiName, TokenURL: cfg.TokenURL, ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret,
			Scopes: strings.Fields(cfg.Scope), OrBasic: true,
			UserAgent: cfg.UserAgent, Timeout: cfg.RequestTimeout, Backoff: cfg.Backoff, Logger: cfg.Logger,
		})
	}
	return nil
}

func (c *Client) path(segments ...string) string {
	return transport.Path(append([]string{c.tenant}, segments...)...)
}

var acceptJSON = http.Header{"Accept": {"application/json"}}

// get prepares a read; op says what is read.
func (c *Client) get(op string, segments ...string) transport.Request {
	return transport.Request{Op: op, Method: http.MethodGet, Path: c.path(segments...), Header: acceptJSON}
}

// notTheAPI is the error for a success whose body is not what the API page describes.
func (c *Client) notTheAPI(req transport.Request, res *transport.Response, why error) error {
	return c.http.Fail(req, res, transport.Error{NotTheAPI: true, Message: res.Excerpt(), Cause: why})
}

// rateClass is the backend with a limit of its own that a product belongs to; "" is none.
func rateClass(productID string) string {
	switch backend, _ := SplitID(productID); backend {
	case class1NCE, classAirlinq:
		return backend
	}
	return ""
}

// rateClasses are the backends that a call about these products reaches. Each is a class of its own: a 429 of one
// backend's adapter holds up no other.
func rateClasses(productIDs ...string) []string {
	var out []string
	for _, id := range productIDs {
		if backend, _ := SplitID(id); !slices.Contains(out, backend) {
			out = append(out, backend)
		}
	}
	slices.Sort(out) // all take their places in the same order, so that no two calls wait for each other
	return out
}

// hostOf is a URL's host without the port that its scheme implies, so that the http:// links which a service behind a
// TLS proxy writes count as its own.
func hostOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch strings.ToLower(u.Scheme) {
	case "https":
		return strings.TrimSuffix(host, ":443")
	case "http":
		return strings.TrimSuffix(host, ":80")
	}
	return host
}
