package transport

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// What an Error can be, for errors.Is.
var (
	// ErrNotFound: the service clearly says that the object does not exist. A 404 that may come from elsewhere (an
	// HTML page, an empty body) is not this.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the service answered 409. A gateway's own 409 is not this.
	ErrConflict = errors.New("conflict")
	// ErrUnauthorized: the service refused the credentials, or the client has stopped because it did before.
	ErrUnauthorized = errors.New("credentials refused")
	// ErrForbidden: the service answered 403. Where that is ErrNotTheAPI too, it may be a filter's, else the credentials
	// are good, and their rights do not suffice.
	ErrForbidden = errors.New("forbidden")
	// ErrRateLimited: the service answered 429.
	ErrRateLimited = errors.New("rate limited")
	// ErrOutcomeUnknown: a change was sent and it is not known whether the service executed it.
	ErrOutcomeUnknown = errors.New("outcome unknown")
	// ErrNotSent: a change certainly did not reach the service.
	ErrNotSent = errors.New("not sent")
	// ErrStopped: the client makes no more calls, since the credentials were refused.
	ErrStopped = errors.New("no further calls are made")
	// ErrNotTheAPI: what answered is not the API (an HTML page, an empty body, JSON of another shape).
	ErrNotTheAPI = errors.New("the answer is not the API's")
)

// Error is a call that failed. It holds no secret and no query string.
type Error struct {
	API      string // "CMO API"
	Endpoint string // the configured URL
	Op       string // what was tried, such as "read SIM card"
	Method   string
	Path     string // without the query

	// Status is the HTTP status, or the one that the body gives in its place; 0 where there was no answer.
	Status int
	// Code is the service's own error code.
	Code string
	// Message is the service's own words, or a short excerpt of what it sent.
	Message string
	// Details are further words of the service, such as messages for single fields.
	Details []string
	// CorrelationID and TraceID are what the service's support asks for.
	CorrelationID string
	TraceID       string
	// RetryAfter is what the service asked for; 0 where it did not.
	RetryAfter time.Duration

	NotFound  bool
	NotTheAPI bool
	// Unknown says that this was a change of which it is not known whether it was executed.
	Unknown bool
	// NotSent says that this was a change that did not reach the service.
	NotSent bool
	// Stopped says that the client makes no more calls.
	Stopped bool

	Cause error
}

// Error gives one line: what was tried, then the service's words or the cause.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", e.API, e.Op)
	if e.Status != 0 {
		fmt.Fprintf(&b, ": HTTP %d", e.Status)
	}
	if e.Code != "" && e.Code != strconv.Itoa(e.Status) {
		fmt.Fprintf(&b, " %s", e.Code)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %s", e.Message)
	}
	if e.Cause != nil {
		fmt.Fprintf(&b, ": %s", CauseText(e.Cause))
	}
	return b.String()
}

// Unwrap gives the cause, such as context.Canceled or a network error.
func (e *Error) Unwrap() error { return e.Cause }

// Is answers errors.Is for the kinds above.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrNotFound:
		return e.NotFound
	case ErrConflict:
		return e.Status == http.StatusConflict && !e.NotTheAPI
	case ErrUnauthorized:
		return e.Status == http.StatusUnauthorized
	case ErrForbidden:
		return e.Status == http.StatusForbidden
	case ErrRateLimited:
		return e.Status == http.StatusTooManyRequests
	case ErrOutcomeUnknown:
		return e.Unknown
	case ErrNotSent:
		return e.NotSent
	case ErrStopped:
		return e.Stopped
	case ErrNotTheAPI:
		return e.NotTheAPI
	}
	return false
}

// Temporary says that the same read may succeed later: no answer, 408, 425, 429, or a 5xx other than 501.
func (e *Error) Temporary() bool {
	if e.Status == 0 {
		return !e.Stopped && !e.NotTheAPI && !IsUntrusted(e.Cause)
	}
	return temporaryStatus(e.Status)
}

// Transient tells trouble that a wait may bear and ask again from a refusal, which more calls would only make worse. It
// bears more than Temporary does for one call: an object that does not show yet, and a gateway's page. What is no error
// of a call does not pass.
func Transient(err error) bool {
	var failure *Error
	return errors.As(err, &failure) && !failure.Stopped &&
		failure.Status != http.StatusUnauthorized && failure.Status != http.StatusForbidden
}

func temporaryStatus(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented:
		return false
	}
	return status >= 500
}

// CauseText is an error's text without the URL that *url.Error puts before it, whose query may hold a secret.
func CauseText(err error) string {
	var untrusted *tls.CertificateVerificationError
	var token *TokenError
	if errors.As(err, &untrusted) && !errors.As(err, &token) {
		return "the certificate that was shown is not trusted: " + untrusted.Err.Error()
	}
	var urlErr *url.Error
	if !errors.As(err, &urlErr) {
		return err.Error()
	}
	text := urlErr.Err.Error()
	if strings.HasPrefix(text, "failed to parse Location header") { // net/http quotes it, query and all
		return "the answer redirects to something that is not a URL"
	}
	return text
}

// RetryAfter is what the service asked for in the answer that made this error; 0 where it did not.
func RetryAfter(err error) time.Duration {
	var token *TokenError
	if errors.As(err, &token) {
		return token.RetryAfter
	}
	var failure *Error
	if errors.As(err, &failure) {
		return failure.RetryAfter
	}
	return 0
}

// retryAfter reads the header in seconds or as a date; 0 where there is none.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, 1<<30)) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
