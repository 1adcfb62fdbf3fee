package transport

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func tokenReply(status int, body string, header map[string]string) *http.Response {
	res := reply(status, header)
	if res.Header.Get("Content-Type") == "" {
		res.Header.Set("Content-Type", "application/json")
	}
	res.Body = io.NopCloser(strings.NewReader(body))
	return res
}

// scriptedTokens answers the nth call by the nth reply, and those behind the last by the last.
func scriptedTokens(
	t *testing.T, orBasic bool, answers ...tokenAnswer,
) (tokens *ClientCredentials, calls *[]string) {
	t.Helper()
	tokens = newTokens(t, "https://sso.example.com/token", func(cfg *ClientCredentialsConfig) {
		cfg.OrBasic, cfg.Backoff = orBasic, time.Second
	})
	calls = new([]string)
	start := time.Now()
	tokens.net = roundTripper(func(r *http.Request) (*http.Response, error) {
		way := "form"
		if _, _, basic := r.BasicAuth(); basic {
			way = "Basic"
		}
		*calls = append(*calls, fmt.Sprintf("%s %s", way, time.Since(start)))
		answer := answers[min(len(*calls), len(answers))-1]
		return tokenReply(answer.status, answer.body, answer.header), nil
	})
	return tokens, calls
}

type tokenAnswer struct {
	status int
	body   string
	header map[string]string
}

// answering is an answer with a header of pairs of name and value.
func answering(status int, body string, pairs ...string) tokenAnswer {
	header := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		header[pairs[i]] = pairs[i+1]
	}
	return tokenAnswer{status, body, header}
}

// TestTokenTrouble: what the token endpoint answers in place of a token is said in full, with its URL. What the next
// call would only repeat is asked for once, and everything else three times.
func TestTokenTrouble(t *testing.T) {
	const (
		endpoint = "the token endpoint https://sso.example.com/token "
		foreign  = "what answered at https://sso.example.com/token is no token endpoint: "
		login    = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>to Example Corp</body></html>"
	)
	for name, row := range map[string]struct {
		answer tokenAnswer
		want   string
		calls  int
	}{
		"refused": {
			answering(401, `{"error":"invalid_client","error_description":"Invalid client or Invalid client credentials"}`),
			endpoint + "refused the client credentials: HTTP 401 invalid_client: Invalid client or Invalid client " +
				"credentials", 1,
		},
		"refused, with the secret": {
			answering(401, `{"error":"invalid_client","error_description":"not `+clientSecret+`"}`),
			endpoint + "refused the client credentials: HTTP 401 invalid_client: not (secret)", 1,
		},
		"refused without a word": {answering(401, ""), endpoint + "refused the client credentials: HTTP 401", 1},
		"refused in plain text": {
			answering(400, "no such client"),
			endpoint + "refused the client credentials: HTTP 400: no such client", 1,
		},
		"refused with 200": {
			answering(200, `{"error":"invalid_client"}`),
			endpoint + "refused the client credentials: HTTP 200 invalid_client", 1,
		},
		"a page with 401": {
			answering(401, "<h1>401</h1>Unauthorized"),
			endpoint + "refused the client credentials: HTTP 401: 401 Unauthorized", 1,
		},
		"no rights": {
			answering(403, `{"error":"access_denied"}`),
			endpoint + "refused the client credentials: HTTP 403 access_denied", 1,
		},
		"the scope": {
			answering(400, `{"error":"invalid_scope"}`),
			endpoint + "refused the request: HTTP 400 invalid_scope", 1,
		},
		"login page": {answering(200, login), foreign + "HTTP 200: a page: Sign in to Example Corp", 1},
		"login page behind a mark": {
			answering(200, "\xef\xbb\xbf"+login),
			foreign + "HTTP 200: a page: Sign in to Example Corp", 1,
		},
		"filter's page": {
			answering(403, "<h1>Blocked</h1>Category: uncategorized"),
			foreign + "HTTP 403: Blocked Category: uncategorized", 1,
		},
		"redirect": {
			answering(302, "", "Location", "https://login.example.com/auth?session=hidden"),
			foreign + "HTTP 302: a redirect to login.example.com, which is not followed", 1,
		},
		"redirect on the host": {
			answering(307, "", "Location", "/other?x=hidden"),
			foreign + "HTTP 307: a redirect, which is not followed", 1,
		},
		"redirect to nowhere": {
			answering(301, "", "Location", "http://%zz"),
			foreign + "HTTP 301: a redirect to something that is not a URL", 1,
		},
		"wrong path":      {answering(404, "404 page not found"), foreign + "HTTP 404: 404 page not found", 1},
		"no POST":         {answering(405, ""), foreign + "HTTP 405", 1},
		"not implemented": {answering(501, "no"), foreign + "HTTP 501: no", 1},
		"another member": {
			answering(200, `{"token":"hidden","expires_in":300}`),
			foreign + "HTTP 200: JSON without access_token, but with expires_in, token", 1,
		},
		"a bare token": {
			answering(200, "hidden", "Content-Type", "text/plain"),
			foreign + "HTTP 200: an answer that is no JSON object", 1,
		},
		"nothing": {answering(200, " "), foreign + "HTTP 200: an empty answer", 1},
		"a token in two lines": {
			answering(200, `{"access_token":"a\nb"}`),
			foreign + "HTTP 200: its access_token holds a line break as character 2, which can't be sent", 1,
		},
		"503": {
			answering(503, "<h1>Service Unavailable</h1>"),
			endpoint + "gave no token: HTTP 503: Service Unavailable", 3,
		},
		"in trouble, by code": {
			answering(400, `{"error":"temporarily_unavailable"}`),
			endpoint + "gave no token: HTTP 400 temporarily_unavailable", 3,
		},
		"429": {
			answering(429, "slow down", "Retry-After", "7"),
			endpoint + "gave no token: HTTP 429: slow down (it asks to wait for 7s)", 3,
		},
		"429 for an hour": {
			answering(429, "slow down", "Retry-After", "3600"),
			endpoint + "gave no token: HTTP 429: slow down (it asks to wait for 1h0m0s)", 1,
		},
		"proxy's login": {
			answering(407, ""),
			"a proxy between here and the service asks for credentials: HTTP 407", 1,
		},
		"network's login": {
			answering(511, "<h1>Welcome</h1>to the guest network"),
			"the network asks for a login before it lets anything through: HTTP 511: Welcome to the guest network", 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tokens, calls := scriptedTokens(t, false, row.answer)
				_, err := tokens.Token(t.Context())
				if text := fmt.Sprint(err); text != row.want {
					t.Errorf("got  %s\nwant %s", text, row.want)
				}
				if len(*calls) != row.calls {
					t.Errorf("calls %q, want %d", *calls, row.calls)
				}
				var failure *TokenError
				if !errors.As(err, &failure) {
					t.Fatalf("a %T", err)
				}
				if final := row.calls == 1 && failure.RetryAfter == 0; failure.Temporary() == final {
					t.Errorf("temporary = %v after %d calls", failure.Temporary(), row.calls)
				}
				// Whoever asks next gets the same answer, and the endpoint is left alone, as long as that makes sense.
				if failure.Temporary() && failure.RetryAfter == 0 {
					return
				}
				if _, again := tokens.Token(t.Context()); again == nil || again.Error() != row.want || len(*calls) != row.calls {
					t.Errorf("again: %v after %d calls", again, len(*calls))
				}
				if failure.Temporary() {
					<-time.After(failure.RetryAfter)
					if _, _ = tokens.Token(t.Context()); len(*calls) != 2*row.calls {
						t.Errorf("%d calls after the pause that it asked for", len(*calls))
					}
				}
			})
		})
	}
}

func TestTokenRetries(t *testing.T) {
	const refused = `{"error":"invalid_client"}`
	good := answering(200, `{"access_token":"T","expires_in":300}`)
	for name, row := range map[string]struct {
		answers []tokenAnswer
		want    string // of the error
		calls   string
	}{
		"503 twice": {
			[]tokenAnswer{answering(503, ""), answering(503, ""), good},
			"", "form 0s, form 1s, form 3s",
		},
		"429, Retry-After": {[]tokenAnswer{answering(429, "", "Retry-After", "20"), good}, "", "form 0s, form 20s"},
		"Basic":            {[]tokenAnswer{answering(401, refused), good}, "", "form 0s, Basic 0s"},
		"Basic for want of a header": {
			[]tokenAnswer{answering(400, `{"error":"invalid_request"}`), good}, "", "form 0s, Basic 0s",
		},
		// Trouble on the fallback is no refusal of it.
		"503 to Basic": {
			[]tokenAnswer{answering(401, refused), answering(503, ""), good},
			"", "form 0s, Basic 0s, Basic 1s",
		},
		"503 to Basic for ever": {
			[]tokenAnswer{answering(401, refused), answering(503, "")},
			"the token endpoint https://sso.example.com/token gave no token: HTTP 503", "form 0s, Basic 0s, Basic 1s, Basic 3s",
		},
		"both refused": {
			[]tokenAnswer{answering(401, refused)},
			"the token endpoint https://sso.example.com/token refused the client credentials, as form fields and as HTTP " +
				"Basic: HTTP 401 invalid_client", "form 0s, Basic 0s",
		},
		"a page to Basic": {
			[]tokenAnswer{answering(401, refused), answering(200, "<p>x")},
			"the token endpoint https://sso.example.com/token refused the client credentials: HTTP 401 invalid_client",
			"form 0s, Basic 0s",
		},
		"the scope": {
			[]tokenAnswer{answering(400, `{"error":"invalid_scope"}`)},
			"the token endpoint https://sso.example.com/token refused the request: HTTP 400 invalid_scope", "form 0s",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tokens, calls := scriptedTokens(t, true, row.answers...)
				token, err := tokens.Token(t.Context())
				said := ""
				if err != nil {
					said = err.Error()
				}
				if said != row.want || (token == "T") != (row.want == "") {
					t.Errorf("got  %q, %v\nwant %s", token, err, row.want)
				}
				if got := strings.Join(*calls, ", "); got != row.calls {
					t.Errorf("calls %s, want %s", got, row.calls)
				}
			})
		})
	}
}

// TestTokenAnswers: how long a token is good can be said in many ways, and none may make each call ask for another one.
func TestTokenAnswers(t *testing.T) {
	for name, row := range map[string]struct {
		body, contentType string
		want              time.Duration
	}{
		"number":          {`{"access_token":"T","expires_in":300}`, "", 5 * time.Minute},
		"text":            {`{"access_token":"T","expires_in":"300"}`, "", 5 * time.Minute},
		"float":           {`{"access_token":"T","expires_in":299.5}`, "", 299500 * time.Millisecond},
		"float as text":   {`{"access_token":"T","expires_in":" 300.0 "}`, "", 5 * time.Minute},
		"exponent":        {`{"access_token":"T","expires_in":3e2}`, "", 5 * time.Minute},
		"missing":         {`{"access_token":"T"}`, "", time.Hour},
		"null":            {`{"access_token":"T","expires_in":null}`, "", time.Hour},
		"zero":            {`{"access_token":"T","expires_in":0}`, "", time.Hour},
		"negative":        {`{"access_token":"T","expires_in":-1}`, "", time.Hour},
		"no number":       {`{"access_token":"T","expires_in":"soon"}`, "", time.Hour},
		"NaN":             {`{"access_token":"T","expires_in":"NaN"}`, "", time.Hour},
		"an object":       {`{"access_token":"T","expires_in":{}}`, "", time.Hour},
		"endless":         {`{"access_token":"T","expires_in":1e300}`, "", 24 * time.Hour},
		"byte order mark": {"\xef\xbb\xbf" + `{"access_token":"T","expires_in":300}`, "", 5 * time.Minute},
		"as text":         {`{"access_token":"T","expires_in":300}`, "text/plain", 5 * time.Minute},
		"as a page":       {`{"access_token":"T","expires_in":300}`, "text/html", 5 * time.Minute},
		"form":            {"access_token=T&expires_in=300", "application/x-www-form-urlencoded", 5 * time.Minute},
		"line break":      {`{"access_token":" T\r\n","expires_in":300}`, "", 5 * time.Minute},
		"empty error":     {`{"access_token":"T","expires_in":300,"error":null,"error_description":""}`, "", 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tokens, calls := scriptedTokens(t, false, answering(200, row.body, "Content-Type", row.contentType))
				for _, after := range []time.Duration{0, row.want*4/5 - 1, 1} {
					<-time.After(after)
					if token, err := tokens.Token(t.Context()); token != "T" || err != nil {
						t.Fatalf("%q, %v", token, err)
					}
				}
				want := fmt.Sprintf("[form 0s form %s]", row.want*4/5)
				if got := fmt.Sprint(*calls); got != want {
					t.Errorf("calls %s, want %s", got, want)
				}
			})
		})
	}
}

// TestNothingIsTriedFifteenTimes: the token source has its attempts, and a call does not multiply them.
func TestNothingIsTriedFifteenTimes(t *testing.T) {
	for name, row := range map[string]struct {
		status, tokenCalls int
		stopped            bool
	}{
		"503":  {503, 3, false},
		"page": {200, 1, true},
	} {
		for _, req := range []Request{read("/x"), change(http.MethodPost)} {
			t.Run(name+" "+req.Op, func(t *testing.T) {
				tokenURL, tokenCalls := tokenServer(t, func(w http.ResponseWriter, _ *http.Request, _ int) bool {
					w.WriteHeader(row.status)
					_, _ = io.WriteString(w, "<p>page")
					return true
				})
				s, apiCalls := serve(t, func(http.ResponseWriter, *http.Request, int) {})
				c := newTestClient(t, s.URL, func(cfg *Config) {
					cfg.Tokens, cfg.ChangeAttempts = newTokens(t, tokenURL, nil), 4
				})
				_, err := c.Do(t.Context(), req)
				if errors.Is(err, ErrStopped) != row.stopped || errors.Is(err, ErrNotSent) != req.Change ||
					errors.Is(err, ErrUnauthorized) {
					t.Error(err)
				}
				if Transient(err) == row.stopped {
					t.Errorf("transient = %v", Transient(err))
				}
				if tokenCalls.all() != row.tokenCalls || apiCalls.all() != 0 {
					t.Errorf("%d token calls, %d API calls", tokenCalls.all(), apiCalls.all())
				}
			})
		}
	}
}

// A token that can't be sent is no reason to try to send it.
func TestUnsendableToken(t *testing.T) {
	s, count := serve(t, func(http.ResponseWriter, *http.Request, int) {})
	c := newTestClient(t, s.URL, func(cfg *Config) { cfg.Tokens = StaticToken("abc\ndef") })
	const want = "Test API: read thing: the token holds a line break as character 4, which can't be sent"
	for range 2 {
		if _, err := c.Do(t.Context(), read("/x")); err == nil || err.Error() != want || !errors.Is(err, ErrStopped) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	if count.all() != 0 {
		t.Errorf("%d calls", count.all())
	}
}
