package simulator

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cmoAPI is the Connection Management Orchestrator, version 5: the status of SIM cards over several backends. Its API
// URL is /cmo/v5, its token URL /cmo/token. The source of every shape here is the API page of the CMO.
type cmoAPI struct {
	s      *Simulator
	quirks CMOQuirks
	tokens map[string]time.Time // token -> when it expires

	products map[string]*cmoProduct // by product id, without suffix
	bySerial map[string]*cmoProduct // by ICCID or terminal serial number, so that find costs one look-up per id
	order    []string               // sorted product ids; nil once products came or went
	monitors map[string]*cmoMonitor

	calls   map[string][]time.Time // backend -> its calls of the last second
	police  cmoPolice
	answers int // numbers tokens, correlation and trace ids
}

func newCMOAPI(s *Simulator) *cmoAPI {
	return &cmoAPI{
		s:        s,
		tokens:   map[string]time.Time{},
		products: map[string]*cmoProduct{},
		bySerial: map[string]*cmoProduct{},
		monitors: map[string]*cmoMonitor{},
		calls:    map[string][]time.Time{},
		police:   newCMOPolice(),
	}
}

func (c *cmoAPI) register(mux *http.ServeMux) {
	c.s.route(mux, CMO, http.MethodPost, "/token", "token", c.token)
	c.s.route(mux, CMO, http.MethodGet, "/v5/{tenant}/product", "product.list",
		c.guarded(c.list, "fields", "pageNumber", "pageSize"))
	c.s.route(mux, CMO, http.MethodPost, "/v5/{tenant}/product/find", "product.find", c.guarded(c.find))
	c.s.route(mux, CMO, http.MethodGet, "/v5/{tenant}/product/{id}", "product.read", c.guarded(c.read))
	c.s.route(mux, CMO, http.MethodPatch, "/v5/{tenant}/product/{id}", "product.update", c.guarded(c.update))
	c.s.route(mux, CMO, http.MethodGet, "/v5/{tenant}/monitor/{id}", "monitor.read", c.guarded(c.monitor))
}

type cmoHandler = func(w http.ResponseWriter, r *http.Request, body []byte)

// guarded puts the checks that every call but the token's shares before a handler: 401, 403, unknown parameters.
func (c *cmoAPI) guarded(h cmoHandler, parameters ...string) cmoHandler {
	return c.policed(func(w http.ResponseWriter, r *http.Request, body []byte) {
		if !c.authorised(r) {
			c.deny(w, r, http.StatusUnauthorized, "Error", "The access token is missing, unknown or expired")
			return
		}
		if tenant := r.PathValue("tenant"); tenant != Tenant {
			c.deny(w, r, http.StatusForbidden, "Error", "The credentials are not valid for tenant "+tenant)
			return
		}
		query, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			c.deny(w, r, http.StatusBadRequest, "Bad Request", "The query can't be read")
			return
		}
		for name, values := range query {
			if !slices.Contains(parameters, name) || len(values) != 1 {
				c.deny(w, r, http.StatusBadRequest, "Missing or malformed parameter", "Unexpected query parameter",
					fmt.Sprintf("query parameter %q is unknown or repeated", name))
				return
			}
		}
		h(w, r, body)
	})
}

func (c *cmoAPI) authorised(r *http.Request) bool {
	const scheme = "Bearer "
	header := r.Header.Get("Authorization")
	if !hasPrefixFold(header, scheme) {
		return false
	}
	expires, known := c.tokens[header[len(scheme):]]
	return known && c.s.now().Before(expires)
}

// token is the Keycloak endpoint: client credentials in form fields or as HTTP Basic, answered as OAuth 2.0 says.
func (c *cmoAPI) token(w http.ResponseWriter, r *http.Request, body []byte) {
	refuse := func(status int, code, description string) {
		c.write(w, status, map[string]any{"error": code, "error_description": description})
	}
	if cmoMediaType(r) != "application/x-www-form-urlencoded" {
		refuse(http.StatusUnsupportedMediaType, "invalid_request", "The content type must be "+
			"application/x-www-form-urlencoded")
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		refuse(http.StatusBadRequest, "invalid_request", "The form can't be read")
		return
	}
	if !form.Has("grant_type") {
		refuse(http.StatusBadRequest, "invalid_request", "Missing form parameter: grant_type")
		return
	}
	if form.Get("grant_type") != "client_credentials" {
		refuse(http.StatusBadRequest, "unsupported_grant_type", "Unsupported grant_type")
		return
	}

	id, secret, basic := r.BasicAuth()
	fields := form.Has("client_id") || form.Has("client_secret")
	switch {
	case basic && fields: // RFC 6749, 2.3: not more than one method in a request
		refuse(http.StatusBadRequest, "invalid_request", "Multiple client credentials")
		return
	case basic && c.quirks.TokenForm == "fields_only", fields && c.quirks.TokenForm == "basic_only":
		refuse(http.StatusUnauthorized, "invalid_client", "This method of client authentication is not allowed")
		return
	case fields:
		id, secret = form.Get("client_id"), form.Get("client_secret")
	}
	if id != ClientID || secret != ClientSecret {
		refuse(http.StatusUnauthorized, "invalid_client", "Invalid client or Invalid client credentials")
		return
	}

	seconds := c.quirks.TokenSeconds
	if seconds == 0 {
		seconds = 300
	}
	c.answers++
	token := fmt.Sprintf("cmo-token-%d", c.answers)
	c.tokens[token] = c.s.now().Add(time.Duration(seconds) * time.Second)
	answer := map[string]any{
		"access_token": token, "expires_in": seconds, "refresh_expires_in": 0, "token_type": "Bearer",
		"not-before-policy": 0, "scope": "openid email profile",
	}
	if slices.Contains(strings.Fields(form.Get("scope")), "openid") {
		answer["id_token"] = "cmo-id-" + token
	}
	c.write(w, http.StatusOK, answer)
}

// problem is the error body, after the find sample; issues become the validation list that a 400 may carry.
func (c *cmoAPI) problem(r *http.Request, status int, title, detail string, issues ...string) map[string]any {
	p := map[string]any{
		"type": http.StatusText(status), "status": status, "title": title, "detail": detail,
		"instance": cmoOrigin(r) + r.URL.Path, "externalErrors": []any{}, "@type": "problem", "traceId": c.uuid(),
	}
	if len(issues) > 0 {
		list := make([]any, len(issues))
		for i, issue := range issues {
			list[i] = map[string]any{"message": issue}
		}
		p["errors"] = list
	}
	return p
}

func (c *cmoAPI) deny(w http.ResponseWriter, r *http.Request, status int, title, detail string, issues ...string) {
	c.write(w, status, c.problem(r, status, title, detail, issues...))
}

// writeLong writes many products, which nobody else holds.
func (c *cmoAPI) writeLong(w http.ResponseWriter, status int, v any) {
	a, ok := w.(*answer)
	if !ok {
		c.write(w, status, v)
		return
	}
	a.Header().Set("Content-Type", "application/json")
	a.WriteHeader(status)
	a.json = v
}

func (c *cmoAPI) write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // maps, strings and numbers only, into a buffer: it can't fail
}

// limited tells whether one of the backends is over its limit, and answers 429 then; else it counts the call.
func (c *cmoAPI) limited(w http.ResponseWriter, r *http.Request, backends map[string]bool) bool {
	now := c.s.now()
	for backend := range backends {
		recent := c.calls[backend][:0]
		for _, t := range c.calls[backend] {
			if now.Sub(t) < time.Second {
				recent = append(recent, t)
			}
		}
		c.calls[backend] = recent
		if limit := c.quirks.RateLimit[backend]; limit > 0 && len(recent) >= limit {
			if c.quirks.RetryAfter != "" {
				w.Header().Set("Retry-After", c.quirks.RetryAfter)
			}
			c.deny(w, r, http.StatusTooManyRequests, "Rate Limit Exceeded",
				"More than "+strconv.Itoa(limit)+" requests per second to "+backend)
			return true
		}
	}
	for backend := range backends {
		if c.quirks.RateLimit[backend] > 0 {
			c.calls[backend] = append(c.calls[backend], now)
		}
	}
	return false
}

// uuid makes correlation and trace ids: of the right form, and the same in every run.
func (c *cmoAPI) uuid() string {
	c.answers++
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", c.answers, c.answers)
}

// apiURL is {api_url}/{tenant} as the caller reaches it.
func (c *cmoAPI) apiURL(r *http.Request) string { return cmoOrigin(r) + "/cmo/v5/" + Tenant }

func cmoOrigin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// mediaType is the request's content type without its parameters, "" where there is none.
func cmoMediaType(r *http.Request) string {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return t
}
