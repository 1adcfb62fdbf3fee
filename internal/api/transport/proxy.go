package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// ProxyError says that a proxy between here and the service refused the call or failed. The service did not see it.
type ProxyError struct {
	// Proxy is its host and port, and Target those that it was asked for; "" where they are not known.
	Proxy, Target string
	// Status is what the proxy answered; 0 where it did not.
	Status int
	// Message is an excerpt of the page that it sent.
	Message string
	// Invalid says that the proxy's address, which comes from the environment, is not a URL.
	Invalid bool
	Cause   error
}

func (e *ProxyError) Error() string {
	name := "a proxy between here and the service"
	if e.Proxy != "" {
		name = "the proxy " + e.Proxy
	}
	target := "the service"
	if e.Target != "" {
		target = e.Target
	}

	var text string
	switch {
	case e.Invalid:
		return "the proxy's address in the environment is not a URL"
	case e.Status == 0:
		return fmt.Sprintf("the proxy can't be reached: %s", CauseText(e.Cause))
	case e.Status == http.StatusProxyAuthRequired:
		text = fmt.Sprintf("%s asks for credentials: HTTP %d", name, e.Status)
	case e.Status == http.StatusNetworkAuthenticationRequired:
		text = fmt.Sprintf("the network asks for a login before it lets anything through: HTTP %d", e.Status)
	case e.Temporary():
		text = fmt.Sprintf("%s can't reach %s: HTTP %d", name, target, e.Status)
	default:
		text = fmt.Sprintf("%s refuses the way to %s: HTTP %d", name, target, e.Status)
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// Unwrap gives the network's error.
func (e *ProxyError) Unwrap() error { return e.Cause }

// Temporary tells trouble that may pass from a refusal. A proxy counts wrong passwords as any login does, and what its
// rules forbid they forbid the next time too, so a refusal is not tried again.
func (e *ProxyError) Temporary() bool {
	if e.Status == 0 {
		return !e.Invalid
	}
	return temporaryStatus(e.Status) && e.Status != http.StatusNetworkAuthenticationRequired
}

// nameProxy makes a transport tell what a proxy said from what the service said. net/http would make of it an error
// without a type, such as "Forbidden", and of an address that it can't read a text that quotes the proxy's password.
func nameProxy(t *http.Transport) *http.Transport {
	if choose := t.Proxy; choose != nil {
		t.Proxy = func(r *http.Request) (*url.URL, error) {
			proxy, err := choose(r)
			if err != nil {
				return nil, &ProxyError{Invalid: true}
			}
			return proxy, nil
		}
	}
	t.OnProxyConnectResponse = func(_ context.Context, proxy *url.URL, req *http.Request, res *http.Response) error {
		if res.StatusCode == http.StatusOK {
			return nil
		}
		return &ProxyError{
			Proxy: proxy.Host, Target: req.Host, Status: res.StatusCode, Message: Excerpt(readWithin(res.Body, time.Second)),
		}
	}
	return t
}

// readWithin reads the beginning of a proxy's page: nothing bounds that read, and no page is worth a hanging call.
// Where the time is up, the reader ends when net/http closes the connection.
func readWithin(body io.Reader, limit time.Duration) []byte {
	page := make(chan []byte, 1)
	go func() {
		read, _ := io.ReadAll(io.LimitReader(body, longestExcerpt)) // what came before an error is good enough
		page <- read
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case read := <-page:
		return read
	case <-timer.C:
		return nil
	}
}

// proxyTrouble finds in an error of net/http what a proxy has to do with it; nil where that is nothing.
func proxyTrouble(err error) *ProxyError {
	var proxy *ProxyError
	if errors.As(err, &proxy) {
		return proxy
	}
	var op *net.OpError
	if errors.As(err, &op) && (op.Op == "proxyconnect" || strings.HasPrefix(op.Op, "socks")) {
		return &ProxyError{Cause: op.Err}
	}
	return nil
}

// proxyProduct is how proxies that open TLS call themselves in the header Server or Via.
var proxyProduct = regexp.MustCompile(
	`(?i)squid|zscaler|blue ?coat|ironport|web gateway|websense|forcepoint|netskope|fortigate|fortiproxy|sophos`)

// proxyRefusal tells an answer that a proxy gave in the service's place, as those do that open TLS. A mere page with
// status 403 may come from the service's own gateway, so there the header must name a proxy.
func proxyRefusal(status int, header http.Header, body []byte) *ProxyError {
	named := header.Get("X-Squid-Error") != "" || header.Get("Proxy-Authenticate") != "" ||
		proxyProduct.MatchString(header.Get("Server")+" "+header.Get("Via"))
	switch {
	case status == http.StatusProxyAuthRequired, status == http.StatusNetworkAuthenticationRequired:
	case named && isPage(body) && (status == http.StatusForbidden || status == http.StatusUnavailableForLegalReasons):
	default:
		return nil
	}
	return &ProxyError{Status: status, Message: Excerpt(body)}
}

// isPage says that a body is HTML or other markup.
func isPage(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(StripBOM(body)), []byte("<")) }

// IsUntrusted says that the other side's certificate did not pass, which no second look changes.
func IsUntrusted(err error) bool {
	var untrusted *tls.CertificateVerificationError
	return errors.As(err, &untrusted)
}
