package transport

import (
	"fmt"
	"html"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestExcerpt(t *testing.T) {
	for name, row := range map[string]struct{ body, want string }{
		"plain": {"  no\r\n such\tthing ", "no such thing"},
		"page": {"<html><head><style>p{}</style><script>var a=1</script></head><!-- x " +
			"--><body><h1>Bad</h1>gateway</body></html>", "Bad gateway"},
		"not markup":      {"a < b and c > d", "a < b and c > d"},
		"control, bidi":   {"a\x00\x1b[31mb\u202ec\u200bd", "a[31mbcd"},
		"broken UTF-8":    {"a\xff\xfeb", "a?b"},
		"empty":           {"", ""},
		"200":             {strings.Repeat("é", 200), strings.Repeat("é", 200)},
		"201":             {strings.Repeat("é", 201), strings.Repeat("é", 200) + "…"},
		"cut in a rune":   {strings.Repeat(" ", 16*1024-1) + "é", "?…"},
		"cut, then short": {"<script>" + strings.Repeat("x", 20*1024) + "</script>end", strings.Repeat("x", 200) + "…"},
	} {
		if got := Excerpt([]byte(row.body)); got != row.want {
			t.Errorf("%s: got %q, want %q", name, got, row.want)
		}
	}
}

func TestRedact(t *testing.T) {
	const secret = `p&ss "w+rd/ü`
	c := newTestClient(t, "https://api.example.com", func(cfg *Config) {
		cfg.Secrets = []string{"abc", "", secret, secret + "-longer", "two  blanks"}
	})
	for name, row := range map[string]struct{ text, want string }{
		"plain":                                {"is " + secret + ".", "is (secret)."},
		"twice":                                {secret + secret, "(secret)(secret)"},
		"longest first":                        {secret + "-longer", "(secret)"},
		"query":                                {"x=p%26ss+%22w%2Brd%2F%C3%BC&y", "x=(secret)&y"},
		"path":                                 {"/p&ss%20%22w+rd%2F%C3%BC/", "/(secret)/"},
		"JSON":                                 {`"p\u0026ss \"w+rd/ü"`, `"(secret)"`},
		"HTML":                                 {"p&amp;ss &#34;w+rd/ü", "(secret)"},
		"XML":                                  {"p&amp;ss &quot;w+rd/ü", "(secret)"},
		"blanks":                               {"two  blanks, two blanks", "(secret), (secret)"},
		"too short":                            {"abc", "abc"},
		"cut":                                  {`you sent p&ss "w…`, "you sent (secret)…"},
		"cut, escaped":                         {`you sent p&amp;ss &#3…`, "you sent (secret)…"},
		"cut, no secret":                       {"nothing here…", "nothing here…"},
		"the beginning is only cut at the end": {`p&ss "w and more`, `p&ss "w and more`},
	} {
		if got := c.Redact(row.text); got != row.want {
			t.Errorf("%s: got %q, want %q", name, got, row.want)
		}
	}
}

// Every field that comes from the service is redacted, whatever CheckResponse made of it.
func TestErrorsAreRedacted(t *testing.T) {
	c := newTestClient(t, "https://api.example.com", func(cfg *Config) { cfg.Secrets = []string{"hidden"} })
	failure := c.Fail(change("POST"), &Response{Status: 200},
		Error{Code: "hidden", Message: "x hidden", Details: []string{"hidden", "y"}})
	if failure.Code != "(secret)" || failure.Message != "x (secret)" || failure.Details[0] != "(secret)" ||
		failure.Details[1] != "y" {
		t.Errorf("%+v", failure)
	}
	if !failure.Unknown || failure.Status != 200 || failure.Op != "change thing" || failure.Path != "/change" ||
		failure.Method != "POST" {
		t.Errorf("%+v", failure)
	}
}

// A secret may look like markup, and a page may write it in entities.
func TestExcerptOfAPageThatQuotesASecret(t *testing.T) {
	for _, secret := range []string{"ab<c>dSECRETq", "PWSECRET&<x>", "a<SECRET"} {
		r := newRedactor([]string{secret})
		var entities strings.Builder
		for _, char := range secret {
			fmt.Fprintf(&entities, "&#%d;", char)
		}
		for _, quoted := range []string{secret, html.EscapeString(secret), entities.String()} {
			res := &Response{Body: []byte("<p>you sent " + quoted + " as <b>password</b></p>"), secrets: r}
			if got := r.text(res.Excerpt()); got != "you sent (secret) as password" {
				t.Errorf("%s as %s: %s", secret, quoted, got)
			}
		}
	}
}

func TestDecodeJSON(t *testing.T) {
	var v struct {
		A int    `json:"a"`
		B string `json:"b"`
	}
	if err := DecodeJSON([]byte("\xef\xbb\xbf {\"a\":1,\"b\":\"x\",\"new\":[]} "), &v); err != nil || v.A != 1 ||
		v.B != "x" {
		t.Errorf("%+v, %v", v, err)
	}
	for body, want := range map[string]string{
		"":                                      "the body is empty",
		" \n":                                   "the body is empty",
		"<p>":                                   "the body is not valid JSON",
		`{"a":1`:                                "the body is not valid JSON",
		`{"a":1}{"a":2}`:                        "the body is not valid JSON",
		`{"a":"secret"}`:                        "the JSON has another shape than documented (string where int belongs)",
		`{"a":12.5}`:                            "the JSON has another shape than documented (number where int belongs)",
		`{"a":` + strings.Repeat("7", 40) + `}`: "the JSON has another shape than documented (number where int belongs)",
		`{"b":{}}`:                              "the JSON has another shape than documented (object where string belongs)",
	} {
		if err := DecodeJSON([]byte(body), &v); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", body, err, want)
		}
	}
}

func FuzzExcerpt(f *testing.F) {
	for _, seed := range []string{"", "a  b", "<p>x</p>", "<script>", "\xff\x00é", strings.Repeat("a", 300),
		"<!-- " + strings.Repeat("é", 9000), "pass-word-1"} {
		f.Add([]byte(seed))
	}
	const secret = "pass-word-1"
	redact := newRedactor([]string{secret})
	f.Fuzz(func(t *testing.T, body []byte) {
		got := Excerpt(body)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > excerptLength+1 || strings.Contains(got, "  ") ||
			got != strings.TrimSpace(got) {
			t.Errorf("%q", got)
		}
		for _, r := range got {
			if !unicode.IsPrint(r) {
				t.Errorf("%q is not printable", r)
			}
		}
		if strings.Contains(redact.text(Excerpt(append(body, secret...))), secret) {
			t.Errorf("the secret shows after %q", body)
		}
	})
}
