package simulator

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestGuard(t *testing.T) {
	const fault = `{"effect":"reset"}`
	asJSON, asForm, asText := "application/json", "application/x-www-form-urlencoded", "text/plain;charset=UTF-8"
	for name, c := range map[string]struct {
		method, path, host, contentType string
		header                          map[string]string
		want                            int
		says                            string
	}{
		"curl":                {method: "POST", contentType: asForm, want: 204},
		"curl by name":        {method: "POST", host: "localhost:8081", contentType: asForm, want: 204},
		"curl over IPv6":      {method: "POST", host: "[::1]:8081", contentType: asForm, want: 204},
		"without a port":      {method: "POST", host: "127.0.0.1", want: 204},
		"our own page":        {method: "POST", contentType: asJSON, header: own(), want: 204},
		"our own page clears": {method: "DELETE", header: own(), want: 204},
		"our own page in an old browser": {
			method: "POST", contentType: asJSON, header: map[string]string{"Origin": "http://127.0.0.1:8081"}, want: 204,
		},

		"a foreign page": {
			method: "POST", contentType: asJSON, header: foreign("https://evil.example", "cross-site"), want: 403,
			says: "https://evil.example",
		},
		"a foreign page that clears": {method: "DELETE", header: foreign("https://evil.example", "cross-site"), want: 403},
		"a page of another port": {
			method: "POST", contentType: asJSON, header: foreign("http://127.0.0.1:9999", "same-site"), want: 403,
		},
		"a foreign page in an old browser": {
			method: "POST", contentType: asJSON, header: map[string]string{"Origin": "https://evil.example"}, want: 403,
		},
		"a page without an origin": {
			method: "POST", contentType: asJSON, header: map[string]string{"Origin": "null"}, want: 403,
		},
		"a form of a page":  {method: "POST", contentType: asForm, header: own(), want: 415, says: "x-www-form-urlencoded"},
		"a text of a page":  {method: "POST", contentType: asText, header: own(), want: 415},
		"a type of no page": {method: "POST", header: own(), want: 415},
		"a rebound name": {method: "POST", host: "evil.example:8081", contentType: asJSON, want: 403,
			says: "evil.example:8081"},
		"a rebound page": {method: "GET", path: "/", host: "evil.example:8081", want: 403},
		"a rebound view": {method: "GET", path: "/view", host: "evil.example", want: 403},
		"a name that resolves": {
			method: "POST", host: "127.0.0.1.evil.example:8081", contentType: asJSON, want: 403,
		},
		"another address": {method: "POST", host: "192.0.2.7:8081", contentType: asJSON, want: 403},
		"no host":         {method: "POST", host: " ", contentType: asJSON, want: 403},
	} {
		t.Run(name, func(t *testing.T) {
			s := New()
			s.Inject(Fault{Effect: Reset})
			path, host := c.path, c.host
			if path == "" {
				path = "/faults"
			}
			if host == "" {
				host = "127.0.0.1:8081"
			}
			body := fault
			if c.method != http.MethodPost {
				body = ""
			}
			r := httptest.NewRequestWithContext(t.Context(), c.method, path, strings.NewReader(body))
			r.Host = strings.TrimSpace(host)
			if c.contentType != "" {
				r.Header.Set("Content-Type", c.contentType)
			}
			for key, value := range c.header {
				r.Header.Set(key, value)
			}
			recorder := httptest.NewRecorder()
			s.Control().ServeHTTP(recorder, r)
			if recorder.Code != c.want || !strings.Contains(recorder.Body.String(), c.says) {
				t.Errorf("got %d %s, want %d", recorder.Code, recorder.Body, c.want)
			}
			faults := map[string]int{"POST": 2, "DELETE": 0, "GET": 1}[c.method]
			if c.want >= 300 {
				faults = 1 // as it was
			}
			if len(s.faults) != faults {
				t.Errorf("%d faults, want %d", len(s.faults), faults)
			}
		})
	}
}

func own() map[string]string { return foreign("http://127.0.0.1:8081", "same-origin") }

func foreign(origin, site string) map[string]string {
	return map[string]string{"Origin": origin, "Sec-Fetch-Site": site}
}
