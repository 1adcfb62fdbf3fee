package provider

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

// noFurtherCalls says what a refusal means for the rest of the run.
const noFurtherCalls = "No further calls are made to this API in this run"

// advice is what helps against trouble of a general kind: who answered, or did not, and which setting leads there.
func advice(err error) string {
	call := &transport.Error{}
	errors.As(err, &call)
	var proxy *transport.ProxyError
	var token *transport.TokenError
	switch {
	case errors.As(err, &proxy):
		return proxyAdvice(call, proxy)
	case transport.IsUntrusted(err):
		return "A proxy that opens TLS shows a certificate of its own, whose CA has to be in the trust store of this " +
			"machine (on Linux also by SSL_CERT_FILE). Without such a proxy, check " + addressSetting(err) + "."
	case errors.As(err, &token):
		return tokenAdvice(call, token)
	case errors.Is(err, transport.ErrUnauthorized):
		return "The service refuses the credentials. " + noFurtherCalls + ", since a service may ban who keeps trying. " +
			"Check " +
			credentialSettings(call.API) + ", then run again."
	case errors.Is(err, transport.ErrForbidden) && call.NotTheAPI:
		return "Status 403 without a word of the API comes from a gateway in front of it, or from a proxy or a filter on " +
			"the way. Check " + addressSetting(err) + ", whether this machine's address may call that host, and the access " +
			"rights of the credentials."
	case errors.Is(err, transport.ErrForbidden):
		return "The credentials are valid, but their rights do not suffice. Check the tenant and the access rights of the " +
			"credentials."
	case errors.Is(err, transport.ErrRateLimited):
		text := "The service asks for fewer calls. Lower requests_per_second of this API in the provider block and run " +
			"again later"
		if objectOf(call.API) == "cmo" {
			text += " (the CMO advises to wait an hour)"
		}
		return text + "."
	case errors.Is(err, transport.ErrNotTheAPI):
		return "Check " + addressSetting(err) + ", and any proxy or filter between here and that host. The state is kept " +
			"as it was."
	}
	return ""
}

// tokenAdvice is for an API whose token endpoint gave no token: nothing was sent to the API itself.
func tokenAdvice(call *transport.Error, token *transport.TokenError) string {
	object, address := objectOf(call.API), addressSetting(call)
	switch {
	case token.Refused && token.Code == "invalid_scope" && object == "cmo":
		return noFurtherCalls + ". Check " + setting(object, "scope") + `, then run again; "" asks for none.`
	case token.Refused && !token.AboutCredentials():
		return noFurtherCalls + ". Check " + address + ": does it issue tokens to clients (grant type client_credentials)?"
	case token.Refused:
		return noFurtherCalls + ", since a service may ban who keeps trying. Check " + setting(object, "client_id") +
			" and " + setting(object, "client_secret") + ", then run again."
	case token.NotTheEndpoint:
		return noFurtherCalls + ". Check " + address + ": is it where tokens are issued, rather than where people log in? " +
			"If it is right, a proxy or a filter between here and that host has answered in its place."
	case token.Status == http.StatusTooManyRequests:
		return "The token endpoint asks for fewer calls. Run again later."
	case token.Status != 0:
		return "The token endpoint is in trouble of its own. Run again later."
	}
	return "Check " + address + ", and the network between here and that host, then run again."
}

// proxyAdvice is for what a proxy answered in the service's place. Which proxy is used comes from the environment
// alone.
func proxyAdvice(call *transport.Error, proxy *transport.ProxyError) string {
	host := proxy.Target
	if at, err := url.Parse(call.Endpoint); host == "" && err == nil {
		host = at.Host
	}
	switch {
	case proxy.Invalid:
		return noFurtherCalls + ". Check HTTPS_PROXY and HTTP_PROXY in the environment: special characters of a password " +
			"must be percent-encoded there."
	case proxy.Status == http.StatusProxyAuthRequired:
		return noFurtherCalls + ", since a proxy may lock who keeps trying. Give the proxy's user and password in " +
			"HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT, special characters percent-encoded), or name " + host +
			" in NO_PROXY where it can be reached directly."
	case proxy.Status == http.StatusNetworkAuthenticationRequired:
		return noFurtherCalls + ". Log in to the network, or use another one, then run again."
	case proxy.Status != 0 && !proxy.Temporary():
		return noFurtherCalls + ". Have " + host + " allowed on the proxy, or name it in NO_PROXY where it can be reached " +
			"directly."
	case proxy.Status != 0:
		return "Check " + addressSetting(call) + ", and that the proxy may reach " + host + "; if both are right, run " +
			"again later."
	}
	return "Check HTTPS_PROXY in the environment, or name the service's host in NO_PROXY where it can be reached directly."
}

// addressSetting names the setting that leads to who was asked, with its value where the text above does not have it.
func addressSetting(err error) string {
	var call *transport.Error
	var token *transport.TokenError
	if !errors.As(err, &call) {
		return "the endpoint"
	}
	object := objectOf(call.API)
	switch isToken := errors.As(err, &token); {
	case isToken && object == "cmo":
		return setting(object, "token_url")
	case isToken || call.Endpoint == "": // the accounts API issues its tokens itself
		return setting(object, "endpoint")
	}
	return setting(object, "endpoint") + ", which is " + call.Endpoint
}

// credentialSettings names the settings that hold the credentials of an API.
func credentialSettings(api string) string {
	object := objectOf(api)
	switch object {
	case "cmo":
		return setting(object, "client_id") + " and " + setting(object, "client_secret") + ", or " +
			setting(object, "access_token")
	case "m2m":
		return setting(object, "username") + ", " + setting(object, "password") + " and " + setting(object, "api_id")
	case "mvno":
		return setting(object, "token")
	}
	return setting(object, "client_id") + " and " + setting(object, "client_secret")
}

// objectOf is the object of the provider block that configures an API: "cmo" of "CMO API".
func objectOf(api string) string { return strings.ToLower(strings.TrimSuffix(api, " API")) }

// setting names an attribute with its environment variable.
func setting(object, attribute string) string {
	return fmt.Sprintf("%s.%s (TELCO_%s_%s)", object, attribute, strings.ToUpper(object), strings.ToUpper(attribute))
}
