// Package transport is the one HTTP core of the four API clients: base URL, credentials, limits, patient reads,
// changes that are sent at most once, typed errors and logs without secrets.
//
// Reads are repeated after trouble. A change never is, unless it certainly did not reach the service: each change
// goes out on a connection of its own (HTTP/1.1, no keep-alive, no redirect, a body that net/http cannot replay),
// since Go's transport sends a GET, or a request with an idempotency key, again when a reused connection breaks.
package transport

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Config sets up a Client. Zero durations and counts take the defaults named here.
type Config struct {
	// API names the service in errors and logs, such as "CMO API".
	API string
	// BaseURL has passed CheckEndpoint; its path is kept as a prefix of every request.
	BaseURL *url.URL
	// UserAgent is sent with every request.
	UserAgent string
	// Tokens gives the bearer token; nil where the API has none, or takes its credentials in the body.
	Tokens Tokens
	// RequestsPerSecond and MaxConcurrent bound all calls of this client together; 0 is no bound.
	RequestsPerSecond float64
	MaxConcurrent     int
	// ErrorsPerSecond is how many error answers (HTTP 400 and up) are borne, after a first burst of 20; more hold all
	// calls back, for a service that bans a caller with many errors. 0 is no bound.
	ErrorsPerSecond float64
	// RateClasses are narrower bounds for some of the calls, chosen by Request.RateClasses.
	RateClasses map[string]RateClass
	// RequestTimeout bounds one attempt, its answer included; default 60 s.
	RequestTimeout time.Duration
	// ReadAttempts is how often a read is tried in all; default 5.
	ReadAttempts int
	// ChangeAttempts is how often a change is tried that certainly did not reach the service; default 1.
	ChangeAttempts int
	// NoChangeAfter429 ends a change that came too soon with an error, instead of sending it again after a pause.
	NoChangeAfter429 bool
	// Backoff is the first pause between attempts, doubled up to 30 s, with jitter; default 500 ms.
	Backoff time.Duration
	// MaxRetryAfter is the longest Retry-After that is obeyed; a longer one ends the call with an error. Default 60 s.
	MaxRetryAfter time.Duration
	// NoRedirects refuses redirects of reads too, for an API whose body carries the password.
	NoRedirects bool
	// StopOnForbidden stops the client at the first 403, for a service that bans who insists.
	StopOnForbidden bool
	// CheckResponse reads the API's own words from an answer of any status. It returns nil for a success, and must set
	// Error.NotFound only where the API clearly says that the object does not exist.
	CheckResponse func(*Response) *Error
	// Secrets are replaced in whatever leaves as an error text.
	Secrets []string
	// Logger receives one debug record for each attempt; nil discards.
	Logger *slog.Logger
}

// Client calls one API. It is safe for concurrent use.
type Client struct {
	cfg     Config
	reads   *http.Client
	changes *http.Client
	limits  *limits
	redact  redactor
	log     *slog.Logger

	mu      sync.Mutex
	stopped error
	good    string // the last token that worked
	refused string // the last token that was refused; empty once another one has worked
}

// New makes a client; it does not call the service.
func New(cfg Config) *Client {
	setDefault(&cfg.RequestTimeout, 60*time.Second)
	setDefault(&cfg.Backoff, 500*time.Millisecond)
	setDefault(&cfg.MaxRetryAfter, 60*time.Second)
	setDefault(&cfg.ReadAttempts, 5)
	setDefault(&cfg.ChangeAttempts, 1)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}

	c := &Client{
		cfg:    cfg,
		limits: newLimits(cfg),
		redact: newRedactor(cfg.Secrets),
		log:    cfg.Logger.With("api", cfg.API),
	}
	c.reads = &http.Client{Transport: readTransport(cfg.MaxConcurrent), CheckRedirect: sameHostOnly}
	if cfg.NoRedirects {
		c.reads.CheckRedirect = noRedirect
	}
	c.changes = &http.Client{Transport: changeTransport(), CheckRedirect: noRedirect}
	return c
}

func setDefault[T comparable](v *T, standard T) {
	var zero T
	if *v == zero {
		*v = standard
	}
}

func readTransport(maxConcurrent int) *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = max(maxConcurrent, 10)
	return nameProxy(t)
}

// changeTransport gives each change a fresh connection: a broken one can then never make net/http send it again, and
// a connection that could not be had proves that nothing was sent. HTTP/2 is off because it repeats after
// REFUSED_STREAM and GOAWAY. The price is a handshake for each change, which the request limits outweigh.
func changeTransport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableKeepAlives = true
	t.ForceAttemptHTTP2 = false
	t.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	t.Protocols = nil
	// Cloning has configured HTTP/2 on the copied TLS settings: without this the handshake would still offer h2, and a
	// server that takes it would get HTTP/1.1 on an HTTP/2 connection.
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	t.TLSClientConfig.NextProtos = []string{"http/1.1"}
	return nameProxy(t)
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// sameHostOnly follows a redirect of a read on the host that was configured, and shows any other as the answer.
func sameHostOnly(req *http.Request, via []*http.Request) error {
	if len(via) >= 5 || !sameOrigin(req.URL, via[0].URL) {
		return http.ErrUseLastResponse
	}
	return nil
}

// BaseURL is the address that the client was configured with.
func (c *Client) BaseURL() *url.URL { return c.cfg.BaseURL }

// Logger is where the client logs; the API packages log their waits there.
func (c *Client) Logger() *slog.Logger { return c.log }

// Redact takes the configured secrets out of a text.
func (c *Client) Redact(text string) string { return c.redact.text(text) }

// stop makes every later call fail with err at once: a service may ban who keeps trying refused credentials.
func (c *Client) stop(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped == nil {
		c.stopped = err
	}
}

// worked notes that the service has taken a token.
func (c *Client) worked(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.good = token
	if token != c.refused {
		c.refused = ""
	}
}

// refusedAnew notes that the service has refused a token, and says whether that one was to replace a refused one and
// has never worked: then every further one would only be another refusal, by however many callers it is asked for.
func (c *Client) refusedAnew(token string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if token != c.good && c.refused != "" && token != c.refused {
		return true
	}
	c.refused = token
	return false
}

func (c *Client) stoppedBy() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stopped
}

// CloseIdleConnections releases the connections that reads have left open.
func (c *Client) CloseIdleConnections() { c.reads.CloseIdleConnections() }

// pause waits for d or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
