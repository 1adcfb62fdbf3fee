package transport

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// ErrOtherHost says that the service named a URL on a host that is not the configured one. Such a URL is never
// requested, since the credentials would go there.
var ErrOtherHost = errors.New("the URL is on another host than the configured endpoint")

// CheckEndpoint parses a configured URL: https, or http on a loopback host, without user, query and fragment. A
// trailing slash is dropped. The error says what is wrong and never repeats user or query.
func CheckEndpoint(raw string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	switch {
	case err != nil:
		return nil, errors.New("is not a URL")
	case u.Host == "" || u.Opaque != "":
		return nil, errors.New(`must be a URL with a host, such as "https://api.example.com"`)
	case u.User != nil:
		return nil, errors.New("must not hold a user or password: set the credentials in their own attributes")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("must not hold a query or fragment")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return nil, errors.New("must begin with https://: http:// would send the credentials in the clear and is accepted " +
			"for a loopback host only")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("must begin with https://, not %q", u.Scheme+"://")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	u.RawPath = strings.TrimRight(u.RawPath, "/")
	return u, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Path joins path segments, each escaped. "+" is escaped too: some servers read it as a blank.
func Path(segments ...string) string {
	var b strings.Builder
	for _, segment := range segments {
		b.WriteByte('/')
		b.WriteString(strings.ReplaceAll(url.PathEscape(segment), "+", "%2B"))
	}
	return b.String()
}

// Resolve turns a URL that the service answered (a path, or absolute) into one on the configured host, the query as
// received. A path is taken below the endpoint's own path prefix, unless it already carries it. Errors: ErrOtherHost,
// or that it is no URL.
func (c *Client) Resolve(ref string) (*url.URL, error) {
	ref = strings.TrimSpace(ref)
	u, err := url.Parse(ref)
	if err != nil || ref == "" || u.Opaque != "" {
		return nil, errors.New("the service answered a status URL that is not a URL")
	}
	base := c.cfg.BaseURL
	if u.Host != "" || u.Scheme != "" {
		if u.User != nil || !sameOrigin(u, base) {
			return nil, ErrOtherHost
		}
		return u, nil
	}
	path := u.EscapedPath()
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if prefix := base.EscapedPath(); prefix != "" && !strings.HasPrefix(path, prefix+"/") {
		path = prefix + path
	}
	return url.Parse(base.Scheme + "://" + base.Host + path + query(u.RawQuery))
}

// plainURL is a URL for a person: without user and query.
func plainURL(u *url.URL) string { return u.Scheme + "://" + u.Host + u.EscapedPath() }

func query(raw string) string {
	if raw == "" {
		return ""
	}
	return "?" + raw
}

func sameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if strings.EqualFold(u.Scheme, "http") {
		return "80"
	}
	return "443"
}
