package transport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// TokenError says why the token endpoint gave no token. It was asked as often as makes sense.
type TokenError struct {
	// URL is the endpoint's.
	URL string
	// Status is what was answered; 0 where nothing was.
	Status int
	// Code is the error code of OAuth, such as "invalid_client".
	Code string
	// Message is what the endpoint says, or what came in place of a token.
	Message string
	// Refused says that the endpoint clearly refused; BothWays, that it did so to form fields and to HTTP Basic.
	Refused, BothWays bool
	// NotTheEndpoint says that what answered is no token endpoint: a login page, a filter's page, another service.
	NotTheEndpoint bool
	// RetryAfter is what the endpoint asked for; 0 where it did not.
	RetryAfter time.Duration
	// Cause is a *ProxyError, or the network's error; nil after an answer.
	Cause error
}

func (e *TokenError) Error() string {
	var b strings.Builder
	switch {
	case e.Status == 0 && proxyTrouble(e.Cause) != nil:
		return e.Cause.Error()
	case e.Status == 0:
		return fmt.Sprintf("the token endpoint %s did not answer: %s", e.URL, CauseText(e.Cause))
	case e.NotTheEndpoint:
		fmt.Fprintf(&b, "what answered at %s is no token endpoint", e.URL)
	case e.Refused && e.AboutCredentials():
		fmt.Fprintf(&b, "the token endpoint %s refused the client credentials", e.URL)
	case e.Refused:
		fmt.Fprintf(&b, "the token endpoint %s refused the request", e.URL)
	default:
		fmt.Fprintf(&b, "the token endpoint %s gave no token", e.URL)
	}
	if e.BothWays {
		b.WriteString(", as form fields and as HTTP Basic")
	}
	fmt.Fprintf(&b, ": HTTP %d", e.Status)
	if e.Code != "" {
		b.WriteString(" " + e.Code)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, " (it asks to wait for %s)", e.RetryAfter.Round(time.Second))
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *TokenError) Unwrap() error { return e.Cause }

// Is makes a refusal ErrUnauthorized, and a 429 ErrRateLimited.
func (e *TokenError) Is(target error) bool {
	return target == ErrUnauthorized && e.Refused ||
		target == ErrRateLimited && e.Status == http.StatusTooManyRequests
}

// Temporary tells trouble that may pass from what the next answer would only repeat.
func (e *TokenError) Temporary() bool {
	var proxy *ProxyError
	switch {
	case e.Refused, e.NotTheEndpoint, IsUntrusted(e.Cause):
		return false
	case errors.As(e.Cause, &proxy):
		return proxy.Temporary()
	}
	return true
}

// AboutCredentials tells a refusal of the credentials from one of what was asked with them.
func (e *TokenError) AboutCredentials() bool {
	switch e.Code {
	case "invalid_scope", "invalid_request", "unsupported_grant_type", "invalid_target":
		return false
	}
	return true
}

// mayWantBasic says that the endpoint may have refused the way of logging in rather than the credentials.
func (e *TokenError) mayWantBasic() bool {
	return e.Refused && (e.AboutCredentials() || e.Code == "invalid_request")
}

// accessToken is a token, and for how long it is good.
type accessToken struct {
	text string
	life time.Duration
}

const (
	// unsaidLife is the life of a token whose answer does not say: a 401 ends it early.
	unsaidLife = time.Hour
	// longestLife bounds what an answer says, which may count in milliseconds.
	longestLife = 24 * time.Hour
	// longestTokenAnswer is in bytes.
	longestTokenAnswer = 1 << 20
)

// fetch makes one token call. Its error is complete but for secrets.
//
// x/oauth2 was in this place. It takes no byte order mark, no expires_in such as 299.5 and no JSON that is called
// text/plain, and it gives neither Retry-After nor the difference between a refusal and a page.
func (s *ClientCredentials) fetch(ctx context.Context, basic bool) (accessToken, *TokenError) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.cfg.Timeout,
		fmt.Errorf("no answer within the request timeout of %s", s.cfg.Timeout))
	defer cancel()

	start := time.Now()
	status, header, body, err := s.call(ctx, basic)
	s.log.LogAttrs(ctx, slog.LevelDebug, "token call", slog.Int64("duration_ms", time.Since(start).Milliseconds()),
		slog.Int("status", status), slog.Bool("basic", basic))
	if err != nil {
		switch proxy := proxyTrouble(err); {
		case context.Cause(ctx) != nil:
			err = context.Cause(ctx)
		case proxy != nil:
			err = proxy
		}
		return accessToken{}, &TokenError{Cause: err}
	}
	if refused := proxyRefusal(status, header, body); refused != nil {
		return accessToken{}, &TokenError{Cause: refused}
	}
	token, failure := readTokenAnswer(status, header, body)
	if failure != nil {
		failure.Status = status
		failure.RetryAfter = retryAfter(header, time.Now())
	}
	return token, failure
}

func (s *ClientCredentials) call(ctx context.Context, basic bool) (int, http.Header, []byte, error) {
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(s.cfg.Scopes) > 0 {
		form.Set("scope", strings.Join(s.cfg.Scopes, " "))
	}
	if !basic {
		form.Set("client_id", s.cfg.ClientID)
		form.Set("client_secret", s.cfg.ClientSecret)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cfg.TokenURL.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, nil, errors.New("the request could not be built")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", s.cfg.UserAgent)
	if basic { // encoded first: RFC 6749, section 2.3.1
		req.SetBasicAuth(url.QueryEscape(s.cfg.ClientID), url.QueryEscape(s.cfg.ClientSecret))
	}

	res, err := s.net.RoundTrip(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, longestTokenAnswer))
	if err != nil {
		return 0, nil, nil, fmt.Errorf("the answer (HTTP %d) broke off: %w", res.StatusCode, err)
	}
	return res.StatusCode, res.Header, body, nil
}

// readTokenAnswer finds the token, or says what came in its place. Nothing is quoted of a success that is no page: the
// token may stand in it under another name.
func readTokenAnswer(status int, header http.Header, body []byte) (accessToken, *TokenError) {
	members, isObject := tokenMembers(header, body)
	said := func(name string) string { return Excerpt([]byte(TextOf(members[name]))) }
	code := said("error")
	message := said("error_description")
	if message == "" && status/100 != 2 && code == "" {
		message = Excerpt(body)
	}

	switch {
	case temporaryStatus(status), code == "temporarily_unavailable", code == "server_error":
		return accessToken{}, &TokenError{Code: code, Message: message}
	case status == http.StatusUnauthorized, status/100 != 3 && status/100 != 5 && code != "",
		status == http.StatusForbidden && !isPage(body), status == http.StatusBadRequest && !isPage(body):
		return accessToken{}, &TokenError{Refused: true, Code: code, Message: message}
	case status/100 == 3:
		return accessToken{}, &TokenError{NotTheEndpoint: true, Message: redirectText(header)}
	case status/100 != 2:
		return accessToken{}, &TokenError{NotTheEndpoint: true, Message: message}
	case isPage(body):
		return accessToken{}, &TokenError{NotTheEndpoint: true, Message: strings.TrimSuffix("a page: "+Excerpt(body), ": ")}
	case len(strings.TrimSpace(string(StripBOM(body)))) == 0:
		return accessToken{}, &TokenError{NotTheEndpoint: true, Message: "an empty answer"}
	case !isObject:
		return accessToken{}, &TokenError{NotTheEndpoint: true, Message: "an answer that is no JSON object"}
	}

	token := strings.TrimSpace(TextOf(members["access_token"]))
	switch {
	case token == "":
		names := Excerpt([]byte(strings.Join(slices.Sorted(maps.Keys(members)), ", ")))
		return accessToken{}, &TokenError{NotTheEndpoint: true, Message: "JSON without access_token, but with " + names}
	case Invisible(token) != "":
		return accessToken{}, &TokenError{NotTheEndpoint: true, Message: "its access_token holds " + Invisible(token) +
			", which can't be sent"}
	}
	return accessToken{text: token, life: tokenLife(members["expires_in"])}, nil
}

// tokenMembers reads the members of a JSON object, whatever the answer calls itself, or the fields of a form.
func tokenMembers(header http.Header, body []byte) (map[string]json.RawMessage, bool) {
	var members map[string]json.RawMessage
	if DecodeJSON(body, &members) == nil && members != nil {
		return members, true
	}
	content, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	form, err := url.ParseQuery(strings.TrimSpace(string(body)))
	if content != "application/x-www-form-urlencoded" || err != nil {
		return nil, false
	}
	members = map[string]json.RawMessage{}
	for name := range form {
		if quoted, err := json.Marshal(form.Get(name)); err == nil {
			members[name] = quoted
		}
	}
	return members, true
}

// tokenLife reads expires_in: seconds as a number or as text, with or without a fraction. What is missing, below a
// second or no number at all does not say how long the token is good; it must not make each call ask for another one.
func tokenLife(raw json.RawMessage) time.Duration {
	seconds, err := strconv.ParseFloat(strings.TrimSpace(TextOf(raw)), 64)
	if err != nil || !(seconds >= 1) { // NaN is not
		return unsaidLife
	}
	return time.Duration(min(seconds, longestLife.Seconds()) * float64(time.Second))
}

// redirectText says where an answer redirects to: the host, and nothing of the path, which may carry a secret.
func redirectText(header http.Header) string {
	at, err := url.Parse(header.Get("Location"))
	switch {
	case header.Get("Location") == "":
		return "a redirect without a URL"
	case err != nil:
		return "a redirect to something that is not a URL"
	case at.Host == "":
		return "a redirect, which is not followed"
	}
	return fmt.Sprintf("a redirect to %s, which is not followed", Excerpt([]byte(at.Host)))
}
