package transport

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"time"
)

// MaxAnswer bounds what is read of an answer, in bytes after decompression.
const MaxAnswer = 32 << 20

// Request is one call. Path is escaped (see Path) and taken below the endpoint; URL, from Resolve, replaces it.
type Request struct {
	// Op says what is tried, for errors and logs: "read SIM card 00101…".
	Op     string
	Method string
	Path   string
	Query  url.Values
	URL    *url.URL
	Header http.Header
	Body   []byte
	// Change marks a call that changes something: it is sent at most once, and once begun it ignores cancellation,
	// so that Ctrl-C cannot lose the answer.
	Change bool
	// Sensitive keeps every part of the answer out of errors.
	Sensitive bool
	// RateClasses names the parts of the service that this call reaches, such as a backend: their bounds hold for it, and a
	// 429 in one of them slows down no other.
	RateClasses []string
}

// Response is an answer, read whole.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	// RetryAfter is what the service asks for; 0 where it does not.
	RetryAfter time.Duration

	secrets redactor
}

// Excerpt is Excerpt of the body, without the configured secrets: what looks like markup is taken out of an Excerpt,
// and a secret that looks so would not be known again.
func (r *Response) Excerpt() string {
	if r.secrets.replace == nil {
		return Excerpt(r.Body)
	}
	return Excerpt([]byte(r.secrets.replace.Replace(string(r.Body[:min(len(r.Body), longestExcerpt)]))))
}

// patienceWithTooMany is how often a call is tried that comes too soon (429), where it is tried again at all. The service has
// done nothing but counted; and while many runs are finding their shares of its limit, one call may lose several times.
const patienceWithTooMany = 10

// Do makes the call and returns the answer that the API's CheckResponse takes for a success; every error is an *Error.
// Reads are repeated after temporary trouble. A change is repeated only if it certainly was not executed: it could
// not be sent, its token had expired (401), or it came too soon (429).
func (c *Client) Do(ctx context.Context, req Request) (*Response, error) {
	attempts := c.cfg.ReadAttempts
	if req.Change {
		attempts = c.cfg.ChangeAttempts
	}
	renewed := false
	started := time.Now()
	for attempt := 1; ; attempt++ {
		res, token, failure := c.attempt(ctx, req, attempt)
		if failure == nil {
			c.worked(token)
			return res, nil
		}
		if failure.Status == http.StatusUnauthorized {
			if c.cfg.Tokens != nil && !renewed && token != "" && !c.refusedAnew(token) && c.cfg.Tokens.Refuse(token) {
				renewed = true
				attempt-- // an expired token is no failure of the call
				continue
			}
			return nil, c.giveUp(failure)
		}
		if failure.Status == http.StatusForbidden && c.cfg.StopOnForbidden {
			return nil, c.giveUp(failure)
		}
		if attempts > 1 && failure.Status == http.StatusTooManyRequests {
			attempts = max(attempts, patienceWithTooMany)
		}
		if attempt >= attempts || !c.repeatable(req, failure) || ctx.Err() != nil {
			return nil, failure
		}
		if !req.Change && time.Since(started) > 3*c.cfg.RequestTimeout {
			return nil, failure
		}
		wait := max(c.backoff(attempt), failure.RetryAfter)
		if failure.Status == http.StatusTooManyRequests {
			wait = failure.RetryAfter // the limits hold it back together with all others
		}
		if wait > max(c.cfg.MaxRetryAfter, c.cfg.Backoff) {
			return nil, failure
		}
		if err := pause(ctx, wait); err != nil {
			return nil, failure
		}
	}
}

// repeatable says whether the same request may go out again.
func (c *Client) repeatable(req Request, failure *Error) bool {
	var token *TokenError
	if errors.As(failure, &token) {
		return false // the token endpoint has been asked as often as makes sense
	}
	if req.Change {
		tooSoon := failure.Status == http.StatusTooManyRequests
		return failure.NotSent && failure.Temporary() || tooSoon && !c.cfg.NoChangeAfter429
	}
	return failure.Temporary()
}

// giveUp stops the client: fresh credentials were refused, or there is no way to the service.
func (c *Client) giveUp(failure *Error) *Error {
	stopped := *failure
	stopped.Stopped = true
	c.stop(&stopped)
	return failure
}

// backoff doubles from Backoff up to 30 s; the half of it is chance, so that many callers spread out.
func (c *Client) backoff(attempt int) time.Duration {
	d := min(c.cfg.Backoff<<min(attempt-1, 16), 30*time.Second)
	return d/2 + rand.N(d/2+1)
}

// attempt makes one try. It also returns the token that was used.
func (c *Client) attempt(ctx context.Context, req Request, attempt int) (*Response, string, *Error) {
	token := ""
	fail := func(e Error) *Error {
		failure := c.complete(req, e)
		failure.redact(newRedactor([]string{token})) // a service may quote the token that it refuses
		return failure
	}

	if err := c.stoppedBy(); err != nil {
		first := &Error{}
		errors.As(err, &first)
		return nil, "", fail(Error{
			Status: first.Status, Code: first.Code, Message: first.Message, NotTheAPI: first.NotTheAPI, Stopped: true,
			NotSent: req.Change, CorrelationID: first.CorrelationID, TraceID: first.TraceID,
			Cause: cmp.Or(first.Cause, ErrStopped),
		})
	}

	if c.cfg.Tokens != nil {
		var err error
		if token, err = c.cfg.Tokens.Token(ctx); err != nil {
			failure := fail(Error{NotSent: req.Change, Cause: err})
			var refused *TokenError
			if errors.As(err, &refused) && !refused.Temporary() {
				failure.Stopped = true
				_ = c.giveUp(failure)
			}
			return nil, "", failure
		}
		if fault := Invisible(token); fault != "" {
			cause := fmt.Errorf("the token holds %s, which can't be sent", fault)
			return nil, "", c.giveUp(fail(Error{NotSent: req.Change, Stopped: true, Cause: cause}))
		}
	}

	release, err := c.limits.acquire(ctx, req.RateClasses)
	if err != nil {
		return nil, token, fail(Error{NotSent: req.Change, Cause: err})
	}
	defer release()

	sendCtx := ctx
	if req.Change {
		sendCtx = context.WithoutCancel(ctx)
	}
	sendCtx, cancel := context.WithTimeoutCause(sendCtx, c.cfg.RequestTimeout,
		fmt.Errorf("no answer within the request timeout of %s", c.cfg.RequestTimeout))
	defer cancel()

	// The request counts as sent from the moment a connection is there to send it on: before that (lookup, dial, TLS,
	// proxy) not a byte of it has left.
	connected := false
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connected = true }}
	httpReq, err := c.build(httptrace.WithClientTrace(sendCtx, trace), req, token)
	if err != nil {
		return nil, token, fail(Error{NotSent: req.Change, Cause: err})
	}

	start := time.Now()
	res, err := c.roundTrip(httpReq, req.Change)
	c.logAttempt(ctx, req, attempt, time.Since(start), res, err)
	if err != nil {
		proxy := proxyTrouble(err)
		switch cause := context.Cause(sendCtx); {
		case cause != nil:
			err = cause
		case proxy != nil && !proxy.Temporary():
			return nil, token, c.giveUp(fail(Error{NotSent: req.Change, Stopped: true, Cause: proxy}))
		case proxy != nil:
			err = proxy
		}
		var tooLarge *tooLargeError
		return nil, token, fail(Error{
			NotSent: req.Change && !connected, Unknown: req.Change && connected, Cause: err,
			NotTheAPI: errors.As(err, &tooLarge),
		})
	}

	observe(ctx, res.Status)
	if proxy := proxyRefusal(res.Status, res.Header, res.Body); proxy != nil {
		return nil, token, c.giveUp(fail(Error{NotSent: req.Change, Stopped: true, Cause: proxy}))
	}
	if res.Status >= http.StatusBadRequest {
		c.limits.failed()
	}
	failure := c.cfg.CheckResponse(res)
	if failure == nil {
		c.limits.fine(req.RateClasses)
		return res, token, nil
	}
	if failure.Status == 0 {
		failure.Status = res.Status
	}
	failure.RetryAfter = res.RetryAfter
	if failure.Status == http.StatusTooManyRequests {
		// No longer than MaxRetryAfter: a caller that waits in the limiter has no other bound.
		c.limits.tooMany(req.RateClasses, start, min(failure.RetryAfter, c.cfg.MaxRetryAfter), c.cfg.Backoff)
	}
	failure.Unknown = req.Change && outcomeUnknown(failure)
	failure = fail(*failure)
	if res.Status/100 == 3 && failure.NotTheAPI {
		// It tells more than the page that comes with it, and holds nothing of it.
		failure.Message, failure.Cause = redirectText(res.Header), nil
	}
	return nil, token, failure
}

// outcomeUnknown: a 5xx, a 408 or a redirect after sending proves nothing, nor does an answer that cannot be read.
func outcomeUnknown(e *Error) bool {
	return e.Status >= 500 || e.Status < 400 || e.Status == http.StatusRequestTimeout
}

// complete fills in what every error of this call says, and takes secrets out.
func (c *Client) complete(req Request, e Error) *Error {
	e.API, e.Endpoint, e.Op, e.Method, e.Path = c.cfg.API, plainURL(c.cfg.BaseURL), req.Op, req.Method, req.path()
	if req.Sensitive && e.NotTheAPI {
		e.Message = ""
	}
	e.redact(c.redact)
	return &e
}

// redact takes secrets out of all that the service has said.
func (e *Error) redact(r redactor) {
	e.Message, e.Code = r.text(e.Message), r.text(e.Code)
	for i, detail := range e.Details {
		e.Details[i] = r.text(detail)
	}
}

// Fail makes an error of this call out of an answer that the caller could not use after all.
func (c *Client) Fail(req Request, res *Response, e Error) *Error {
	if e.Status == 0 && res != nil {
		e.Status = res.Status
	}
	e.Unknown = req.Change
	return c.complete(req, e)
}

func (r Request) path() string {
	if r.URL != nil {
		return r.URL.EscapedPath()
	}
	return r.Path
}

func (c *Client) build(ctx context.Context, req Request, token string) (*http.Request, error) {
	var target string
	if req.URL != nil {
		target = req.URL.String()
	} else {
		base := c.cfg.BaseURL
		target = base.Scheme + "://" + base.Host + base.EscapedPath() + req.Path + query(req.Query.Encode())
	}

	var body io.Reader
	if req.Body != nil {
		body = bytes.NewReader(req.Body)
	}
	httpReq, err := http.NewRequestWithContext(ctx, req.Method, target, body)
	if err != nil {
		return nil, errors.New("the request could not be built")
	}
	if req.Change {
		// An opaque body without GetBody is the second wall: net/http cannot replay what it cannot read again.
		httpReq.GetBody = nil
		if req.Body == nil {
			httpReq.Body = io.NopCloser(bytes.NewReader(nil))
			httpReq.ContentLength = 0
		}
	}
	maps.Copy(httpReq.Header, req.Header)
	httpReq.Header.Set("User-Agent", c.cfg.UserAgent)
	if token != "" {
		httpReq.Header.Set("Authorization", "Bearer "+token)
	}
	return httpReq, nil
}

type tooLargeError struct{}

func (*tooLargeError) Error() string {
	return fmt.Sprintf("the answer is larger than %d MiB", MaxAnswer>>20)
}

func (c *Client) roundTrip(httpReq *http.Request, change bool) (*Response, error) {
	client := c.reads
	if change {
		client = c.changes
	}
	httpRes, err := client.Do(httpReq)
	if err != nil {
		return nil, err
	}
	defer func() { _ = httpRes.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(httpRes.Body, MaxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("the answer (HTTP %d) broke off: %w", httpRes.StatusCode, err)
	}
	if len(body) > MaxAnswer {
		return nil, &tooLargeError{}
	}
	return &Response{
		Status: httpRes.StatusCode, Header: httpRes.Header, Body: body, RetryAfter: retryAfter(httpRes.Header, time.Now()),
		secrets: c.redact,
	}, nil
}

// logAttempt never logs headers, query or bodies.
func (c *Client) logAttempt(
	ctx context.Context, req Request, attempt int, took time.Duration, res *Response, err error,
) {
	attrs := []slog.Attr{
		slog.String("operation", req.Op), slog.String("method", req.Method), slog.String("path", req.path()),
		slog.Int("attempt", attempt), slog.Int64("duration_ms", took.Milliseconds()),
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", c.redact.text(CauseText(err))))
	} else {
		attrs = append(attrs, slog.Int("status", res.Status), slog.Int("bytes", len(res.Body)))
	}
	c.log.LogAttrs(ctx, slog.LevelDebug, "API call", attrs...)
}
