package provider

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

// TestSideDoors: whoever answers in an API's place is named, with what came, the setting that leads there and one piece
// of advice.
func TestSideDoors(t *testing.T) {
	const (
		tokenURL = "https://sso.example.com/token"
		stopped  = "No further calls are made to this API in this run"
	)
	cmoCall := func(e transport.Error) error {
		e.API, e.Endpoint, e.Op = "CMO API", "https://api.example.com/cmo/v5", "read product TMSP-1"
		return &e
	}
	accountsCall := func(e transport.Error) error {
		e.API, e.Endpoint, e.Op = "accounts API", "https://accounts.example.com", "read account acme"
		return &e
	}
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"login page in place of a token": {
			cmoCall(transport.Error{Stopped: true, Cause: &transport.TokenError{
				URL: tokenURL, Status: 200, NotTheEndpoint: true, Message: "a page: Sign in to Example Corp",
			}}),
			"What answered at https://sso.example.com/token is no token endpoint: HTTP 200: a page: Sign in to " +
				"Example Corp.\n" +
				"While trying to read product TMSP-1.\n\n" +
				"No further calls are made to this API in this run. Check cmo.token_url (TELCO_CMO_TOKEN_URL): is it " +
				"where tokens are issued, rather than where people log in? If it is right, a proxy or a filter " +
				"between here and that host has answered in its place.",
		},
		"login page of the accounts API": {
			accountsCall(transport.Error{Stopped: true, Cause: &transport.TokenError{
				URL: "https://accounts.example.com/v1/authtoken", Status: 404, NotTheEndpoint: true, Message: "Not Found",
			}}),
			"What answered at https://accounts.example.com/v1/authtoken is no token endpoint: HTTP 404: Not " +
				"Found.\n" +
				"While trying to read account acme.\n\n" +
				"No further calls are made to this API in this run. Check accounts.endpoint " +
				"(TELCO_ACCOUNTS_ENDPOINT): is it where tokens are issued, rather than where people log in? If it is " +
				"right, a proxy or a filter between here and that host has answered in its place.",
		},
		"credentials": {
			cmoCall(transport.Error{Stopped: true, Cause: &transport.TokenError{
				URL: tokenURL, Status: 401, Refused: true, BothWays: true, Code: "invalid_client", Message: "Invalid client",
			}}),
			"The token endpoint https://sso.example.com/token refused the client credentials, as form fields and " +
				"as HTTP Basic: HTTP 401 invalid_client: Invalid client.\n" +
				"While trying to read product TMSP-1.\n\n" +
				"No further calls are made to this API in this run, since a service may ban who keeps trying. Check " +
				"cmo.client_id (TELCO_CMO_CLIENT_ID) and cmo.client_secret (TELCO_CMO_CLIENT_SECRET), then run again.",
		},
		"scope": {
			cmoCall(transport.Error{Stopped: true, Cause: &transport.TokenError{
				URL: tokenURL, Status: 400, Refused: true, Code: "invalid_scope",
			}}),
			"The token endpoint https://sso.example.com/token refused the request: HTTP 400 invalid_scope.\n" +
				"While trying to read product TMSP-1.\n\n" +
				"No further calls are made to this API in this run. Check cmo.scope (TELCO_CMO_SCOPE), then run " +
				"again; \"\" asks for none.",
		},
		"grant": {
			cmoCall(transport.Error{Stopped: true, Cause: &transport.TokenError{
				URL: tokenURL, Status: 400, Refused: true, Code: "unsupported_grant_type",
			}}),
			"The token endpoint https://sso.example.com/token refused the request: HTTP 400 unsupported_grant_type.\n" +
				"While trying to read product TMSP-1.\n\n" +
				"No further calls are made to this API in this run. Check cmo.token_url (TELCO_CMO_TOKEN_URL): does " +
				"it issue tokens to clients (grant type client_credentials)?",
		},
		"token endpoint in trouble": {
			cmoCall(transport.Error{Cause: &transport.TokenError{URL: tokenURL, Status: 503, Message: "Service Unavailable"}}),
			"The token endpoint https://sso.example.com/token gave no token: HTTP 503: Service Unavailable.\n" +
				"While trying to read product TMSP-1.\n\n" +
				"The token endpoint is in trouble of its own. Run again later.",
		},
		"token endpoint without an answer": {
			cmoCall(transport.Error{Cause: &transport.TokenError{
				URL: tokenURL, Cause: errors.New("dial tcp: lookup sso.example.com: no such host"),
			}}),
			"The token endpoint https://sso.example.com/token did not answer: dial tcp: lookup sso.example.com: " +
				"no such host.\n" +
				"While trying to read product TMSP-1.\n\n" +
				"Check cmo.token_url (TELCO_CMO_TOKEN_URL), and the network between here and that host, then run " +
				"again.",
		},
		"token endpoint behind a proxy": {
			cmoCall(transport.Error{Stopped: true, Cause: &transport.TokenError{URL: tokenURL, Cause: &transport.ProxyError{
				Proxy: "proxy.corp:3128", Target: "sso.example.com:443", Status: 407,
			}}}),
			"The proxy proxy.corp:3128 asks for credentials: HTTP 407.\n" +
				"While trying to read product TMSP-1.\n\n" +
				"No further calls are made to this API in this run, since a proxy may lock who keeps trying. Give the " +
				"proxy's user and password in HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT, special characters " +
				"percent-encoded), or name sso.example.com:443 in NO_PROXY where it can be reached directly.",
		},
		"proxy's rules": {
			cmoCall(transport.Error{Stopped: true, Cause: &transport.ProxyError{
				Proxy: "proxy.corp:3128", Target: "api.example.com:443", Status: 403,
				Message: "Blocked by the rules of Example Corp",
			}}),
			"The proxy proxy.corp:3128 refuses the way to api.example.com:443: HTTP 403: Blocked by the rules of " +
				"Example Corp.\n" +
				"While trying to read product TMSP-1.\n\n" +
				"No further calls are made to this API in this run. Have api.example.com:443 allowed on the proxy, or " +
				"name it in NO_PROXY where it can be reached directly.",
		},
		"proxy in the tunnel": {
			accountsCall(transport.Error{Stopped: true, Cause: &transport.ProxyError{Status: 403, Message: "Denied"}}),
			"A proxy between here and the service refuses the way to the service: HTTP 403: Denied.\n" +
				"While trying to read account acme.\n\n" +
				"No further calls are made to this API in this run. Have accounts.example.com allowed on the proxy, " +
				"or name it in NO_PROXY where it can be reached directly.",
		},
		"proxy without a way": {
			accountsCall(transport.Error{Cause: &transport.ProxyError{
				Proxy: "proxy.corp:3128", Target: "accounts.example.com:443", Status: 503,
			}}),
			"The proxy proxy.corp:3128 can't reach accounts.example.com:443: HTTP 503.\n" +
				"While trying to read account acme.\n\n" +
				"Check accounts.endpoint (TELCO_ACCOUNTS_ENDPOINT), which is https://accounts.example.com, and that " +
				"the proxy may reach accounts.example.com:443; if both are right, run again later.",
		},
		"proxy out of reach": {
			accountsCall(transport.Error{Cause: &transport.ProxyError{
				Cause: errors.New("dial tcp 10.0.0.1:3128: connection refused"),
			}}),
			"The proxy can't be reached: dial tcp 10.0.0.1:3128: connection refused.\n" +
				"While trying to read account acme.\n\n" +
				"Check HTTPS_PROXY in the environment, or name the service's host in NO_PROXY where it can be reached " +
				"directly.",
		},
		"proxy's address": {
			accountsCall(transport.Error{Stopped: true, Cause: &transport.ProxyError{Invalid: true}}),
			"The proxy's address in the environment is not a URL.\n" +
				"While trying to read account acme.\n\n" +
				"No further calls are made to this API in this run. Check HTTPS_PROXY and HTTP_PROXY in the " +
				"environment: special characters of a password must be percent-encoded there.",
		},
		"guest network": {
			accountsCall(transport.Error{Stopped: true, Cause: &transport.ProxyError{Status: 511}}),
			"The network asks for a login before it lets anything through: HTTP 511.\n" +
				"While trying to read account acme.\n\n" +
				"No further calls are made to this API in this run. Log in to the network, or use another one, then " +
				"run again.",
		},
		"certificate": {
			cmoCall(transport.Error{Cause: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}),
			"The certificate that was shown is not trusted: x509: certificate signed by unknown authority.\n" +
				"While trying to read product TMSP-1.\n\n" +
				"A proxy that opens TLS shows a certificate of its own, whose CA has to be in the trust store of this " +
				"machine (on Linux also by SSL_CERT_FILE). Without such a proxy, check cmo.endpoint " +
				"(TELCO_CMO_ENDPOINT), which is https://api.example.com/cmo/v5.",
		},
		"certificate of the token endpoint": {
			cmoCall(transport.Error{Cause: &transport.TokenError{
				URL: tokenURL, Cause: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}},
			}}),
			"The token endpoint https://sso.example.com/token did not answer: the certificate that was shown is " +
				"not trusted: x509: certificate signed by unknown authority.\n" +
				"While trying to read product TMSP-1.\n\n" +
				"A proxy that opens TLS shows a certificate of its own, whose CA has to be in the trust store of this " +
				"machine (on Linux also by SSL_CERT_FILE). Without such a proxy, check cmo.token_url " +
				"(TELCO_CMO_TOKEN_URL).",
		},
		"filter's page": {
			cmoCall(transport.Error{Status: 403, NotTheAPI: true, Message: "Blocked"}),
			"What answered does not look like the CMO API. It sent: Blocked\n" +
				"HTTP status 403, while trying to read product TMSP-1.\n\n" +
				"Status 403 without a word of the API comes from a gateway in front of it, or from a proxy or a " +
				"filter on the way. Check cmo.endpoint (TELCO_CMO_ENDPOINT), which is https://api.example.com/cmo/v5, " +
				"whether this machine's address may call that host, and the access rights of the credentials.",
		},
		"login page in place of the API": {
			cmoCall(transport.Error{
				Status: 302, NotTheAPI: true, Message: "a redirect to login.example.com, which is not followed",
			}),
			"What answered does not look like the CMO API. It sent: a redirect to login.example.com, which is not " +
				"followed\n" +
				"HTTP status 302, while trying to read product TMSP-1.\n\n" +
				"Check cmo.endpoint (TELCO_CMO_ENDPOINT), which is https://api.example.com/cmo/v5, and any proxy or " +
				"filter between here and that host. The state is kept as it was.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got, want := explain("It failed.", test.err, ""), "It failed.\n\n"+test.want; got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
	if noFurtherCalls != stopped {
		t.Error("the tests search for another text")
	}
}
