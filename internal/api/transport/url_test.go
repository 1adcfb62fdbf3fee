package transport

import (
	"errors"
	"strings"
	"testing"
)

func TestCheckEndpoint(t *testing.T) {
	const plain = "must begin with https://: http:// would send the credentials in the clear and is accepted for a " +
		"loopback host only"
	const noHost = `must be a URL with a host, such as "https://api.example.com"`
	const userinfo = "must not hold a user or password: set the credentials in their own attributes"
	const noQuery = "must not hold a query or fragment"
	for raw, want := range map[string]struct{ url, problem string }{
		"https://api.example.com":        {url: "https://api.example.com"},
		" https://api.example.com/ ":     {url: "https://api.example.com"},
		"https://api.example.com:8443/a": {url: "https://api.example.com:8443/a"},
		"https://h/a%2Fb/c//":            {url: "https://h/a%2Fb/c"},
		"HTTPS://h":                      {url: "https://h"},
		"http://localhost:8080":          {url: "http://localhost:8080"},
		"http://LOCALHOST":               {url: "http://LOCALHOST"},
		"http://127.0.0.1:1/x":           {url: "http://127.0.0.1:1/x"},
		"http://127.9.9.9":               {url: "http://127.9.9.9"},
		"http://[::1]:1":                 {url: "http://[::1]:1"},
		"http://api.example.com":         {problem: plain},
		"http://localhost.example.com":   {problem: plain},
		"http://10.0.0.1":                {problem: plain},
		"http://0.0.0.0":                 {problem: plain},
		"ftp://h":                        {problem: `must begin with https://, not "ftp://"`},
		"":                               {problem: noHost},
		"api.example.com":                {problem: noHost},
		"/a":                             {problem: noHost},
		"https:h":                        {problem: noHost},
		"https://":                       {problem: noHost},
		"https://user:hidden@h":          {problem: userinfo},
		"https://user@h":                 {problem: userinfo},
		"https://h?token=hidden":         {problem: noQuery},
		"https://h?":                     {problem: noQuery},
		"https://h#f":                    {problem: noQuery},
		"https://h:hidden":               {problem: "is not a URL"},
		"https://h/%zz":                  {problem: "is not a URL"},
	} {
		u, err := CheckEndpoint(raw)
		switch {
		case err != nil && (err.Error() != want.problem || strings.Contains(err.Error(), "hidden")):
			t.Errorf("%q: got %v, want %s", raw, err, want.problem)
		case err == nil && u.String() != want.url:
			t.Errorf("%q: got %s, want %q", raw, u, want.url)
		}
	}
}

func TestPath(t *testing.T) {
	for want, segments := range map[string][]string{
		"":                               nil,
		"/a/b":                           {"a", "b"},
		"/key/%28%2B353%29870000001":     {"key", "(+353)870000001"},
		"/a%2Fb/%3Fx=1%23y/%25%20%C3%BC": {"a/b", "?x=1#y", "% ü"},
	} {
		got := Path(segments...)
		// Whether parentheses are escaped is net/url's choice; the "+" is ours.
		if strings.NewReplacer("(", "%28", ")", "%29").Replace(got) != want {
			t.Errorf("Path(%q) = %s, want %s", segments, got, want)
		}
	}
}

func TestResolve(t *testing.T) {
	const notURL = "the service answered a status URL that is not a URL"
	for _, row := range []struct{ base, ref, want, problem string }{
		{base: "https://h", ref: "/status/1?x=%2B&y=a+b", want: "https://h/status/1?x=%2B&y=a+b"},
		{base: "https://h", ref: "status/1", want: "https://h/status/1"},
		{base: "https://h/v1", ref: "/status/1", want: "https://h/v1/status/1"},
		{base: "https://h/v1", ref: "/v1/status/1", want: "https://h/v1/status/1"},
		{base: "https://h/v1", ref: "v1/status/1", want: "https://h/v1/status/1"},
		{base: "https://h/v1", ref: "/v10/status/1", want: "https://h/v1/v10/status/1"},
		{base: "https://h/a%2Fb", ref: "/x%2Fy", want: "https://h/a%2Fb/x%2Fy"},
		{base: "https://h/v1", ref: " /s#fragment ", want: "https://h/v1/s"},
		{base: "https://h/v1", ref: "https://h/other?x=1", want: "https://h/other?x=1"},
		{base: "https://h", ref: "https://H:443/s", want: "https://H:443/s"},
		{base: "https://h:8443", ref: "https://h:8443/s", want: "https://h:8443/s"},
		{base: "http://127.0.0.1", ref: "HTTP://127.0.0.1:80/s", want: "http://127.0.0.1:80/s"},
		{base: "https://h", ref: "/@evil.example/x", want: "https://h/@evil.example/x"},
		{base: "https://h", ref: `/\evil.example`, want: "https://h/%5Cevil.example"},
		{base: "https://h", ref: "https://evil.example/s", problem: ErrOtherHost.Error()},
		{base: "https://h", ref: "//evil.example/s", problem: ErrOtherHost.Error()},
		{base: "https://h", ref: "https://h.evil.example/s", problem: ErrOtherHost.Error()},
		{base: "https://h", ref: "https://h@evil.example/s", problem: ErrOtherHost.Error()},
		{base: "https://h", ref: "https://user:pass@h/s", problem: ErrOtherHost.Error()},
		{base: "https://h", ref: "http://h/s", problem: ErrOtherHost.Error()},
		{base: "https://h", ref: "https://h:444/s", problem: ErrOtherHost.Error()},
		{base: "https://h", ref: "https:///s", problem: ErrOtherHost.Error()},
		{base: "https://h", ref: "", problem: notURL},
		{base: "https://h", ref: "  ", problem: notURL},
		{base: "https://h", ref: "mailto:x", problem: notURL},
		{base: "https://h", ref: "/%zz", problem: notURL},
		{base: "https://h", ref: "/a\nb", problem: notURL},
	} {
		u, err := newTestClient(t, row.base, nil).Resolve(row.ref)
		switch {
		case err != nil && err.Error() != row.problem:
			t.Errorf("%s + %q: got %v, want %s", row.base, row.ref, err, row.problem)
		case err == nil && u.String() != row.want:
			t.Errorf("%s + %q: got %s, want %q", row.base, row.ref, u, row.want)
		}
	}
	if _, err := newTestClient(t, "https://h", nil).Resolve("//evil.example"); !errors.Is(err, ErrOtherHost) {
		t.Error(err)
	}
}

// Whatever the service names, the credentials go to the configured host.
func FuzzResolve(f *testing.F) {
	for _, seed := range []string{"/a", "a?b=c", "//x/y", "https://api.example.com/a", "https://api.example.com@x/", `\\x`,
		"/../..", "///x", "?q", "#f", "/v1", "/v1/x", "a:b", "/%2f%2fx"} {
		f.Add(seed)
	}
	c := newTestClient(f, "https://api.example.com/v1", nil)
	f.Fuzz(func(t *testing.T, ref string) {
		u, err := c.Resolve(ref)
		if err != nil {
			return
		}
		if !sameOrigin(u, c.BaseURL()) || u.User != nil || u.Opaque != "" {
			t.Errorf("%q became %s", ref, u)
		}
		req, err := c.build(t.Context(), Request{Method: "GET", URL: u}, "T")
		if err == nil && !sameOrigin(req.URL, c.BaseURL()) {
			t.Errorf("%q is requested from %s", ref, req.URL.Host)
		}
	})
}
