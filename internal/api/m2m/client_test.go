package m2m

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

const (
	iccid    = "8944000000000000017"
	password = "simulator&password"
)

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// answer is what the test service says to one request.
type answer struct {
	status int // 0: 200
	body   string
	header map[string]string
	drop   bool // execute, then cut the connection
}

// service answers the requests in turn, the last answer for good, and keeps their bodies.
type service struct {
	*httptest.Server
	mu      sync.Mutex
	answers []answer
	bodies  []string
	headers []http.Header
}

func serve(t testing.TB, answers ...answer) *service {
	t.Helper()
	s := &service{answers: answers}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("the request's body cannot be read: %v", err)
		}
		s.mu.Lock()
		now := s.answers[min(len(s.bodies), len(s.answers)-1)]
		s.bodies, s.headers = append(s.bodies, string(body)), append(s.headers, r.Header)
		s.mu.Unlock()
		if now.drop {
			panic(http.ErrAbortHandler)
		}
		for name, value := range now.header {
			w.Header().Set(name, value)
		}
		if now.status != 0 {
			w.WriteHeader(now.status)
		}
		_, _ = io.WriteString(w, now.body)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.bodies)
}

func (s *service) client(t testing.TB, log io.Writer) *Client {
	t.Helper()
	endpoint, err := transport.CheckEndpoint(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return New(config(endpoint, log))
}

func config(endpoint *url.URL, log io.Writer) Config {
	return Config{
		Endpoint: endpoint, Username: "simulator-user", Password: password, APIID: "42", UserAgent: "test/1",
		RequestsPerSecond: 10000, Backoff: time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
}

// elements flattens a document into its tokens, without the blanks between elements.
func elements(t *testing.T, body []byte) []string {
	t.Helper()
	var list []string
	dec := xml.NewDecoder(bytes.NewReader(body))
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		switch v := token.(type) {
		case xml.StartElement:
			list = append(list, "<"+v.Name.Local)
			for _, a := range v.Attr {
				list = append(list, a.Name.Local+"="+a.Value)
			}
		case xml.EndElement:
			list = append(list, ">"+v.Name.Local)
		case xml.CharData:
			if text := strings.TrimSpace(string(v)); text != "" {
				list = append(list, text)
			}
		default:
			list = append(list, fmt.Sprintf("%T", v))
		}
	}
}

func TestRequests(t *testing.T) {
	status := `<query_status_response api_id="42"><api_outcome>success</api_outcome><status>active</status></query_status_response>`
	s := serve(t, answer{body: status}, answer{body: string(testdata(t, "success.xml"))})
	c := s.client(t, io.Discard)
	if _, err := c.QueryStatus(t.Context(), iccid); err != nil {
		t.Fatal(err)
	}
	if err := c.SetAAGroup(t.Context(), iccid, "LIVE10"); err != nil {
		t.Fatal(err)
	}
	for i, file := range []string{"query_status_request.xml", "set_aa_group_request.xml"} {
		if got, want := elements(t, []byte(s.bodies[i])), elements(t, testdata(t, file)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", file, got, want)
		}
		for name, want := range map[string]string{"Content-Type": "application/xml", "Accept": "application/xml",
			"User-Agent": "test/1"} {
			if got := s.headers[i].Get(name); got != want {
				t.Errorf("%s = %q, want %q", name, got, want)
			}
		}
	}
	if strings.HasPrefix(s.bodies[0], "<?xml") {
		t.Error("the request has an XML declaration, the samples have none")
	}
}

func TestRequestsInEachStyle(t *testing.T) {
	for style, want := range map[TagStyle][]string{
		UpperSnake: {
			"<SET_AA_GROUP", "VERSION=1", "API_ID=42", "<AUTHENTICATION", "<USERNAME", "simulator-user", ">USERNAME",
			"<PASSWORD", password, ">PASSWORD", ">AUTHENTICATION", "<ICCID", iccid, ">ICCID", "<GROUP", "a<b>", ">GROUP",
			">SET_AA_GROUP",
		},
		TitleSnake: {
			"<Set_AA_Group", "Version=1", "API_ID=42", "<Authentication", "<Username", "simulator-user", ">Username",
			"<Password", password, ">Password", ">Authentication", "<ICCID", iccid, ">ICCID", "<Group", "a<b>", ">Group",
			">Set_AA_Group",
		},
	} {
		s := serve(t, answer{body: string(testdata(t, "success.xml"))})
		c := s.client(t, io.Discard)
		c.cfg.TagStyle = style
		if err := c.SetAAGroup(t.Context(), iccid, "a<b>"); err != nil {
			t.Fatal(err)
		}
		if got := elements(t, []byte(s.bodies[0])); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", style, got, want)
		}
	}
}

func TestParseTagStyle(t *testing.T) {
	for text, want := range map[string]TagStyle{"": LowerSnake, "lower_snake": LowerSnake, "upper_snake": UpperSnake,
		"title_snake": TitleSnake} {
		if got, err := ParseTagStyle(text); got != want || err != nil {
			t.Errorf("ParseTagStyle(%q) = %q, %v", text, got, err)
		}
	}
	_, err := ParseTagStyle("camel")
	if want := `must be "lower_snake", "upper_snake" or "title_snake", not "camel"`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// What is refused before anything is sent.
func TestNotSent(t *testing.T) {
	s := serve(t, answer{body: string(testdata(t, "success.xml"))})
	c := s.client(t, io.Discard)
	for _, row := range []struct{ iccid, group, want string }{
		{"123", "G", `"123" is not an ICCID of 18 to 22 digits`},
		{iccid + "F", "G", `"8944000000000000017F" is not an ICCID of 18 to 22 digits`},
		{iccid, "", "the group code is empty"},
		{iccid, " \t", "the group code is empty"},
		{iccid, "a\x00b", "the group holds a character that XML cannot carry"},
		{iccid, "a\xffb", "the group holds a character that XML cannot carry"},
		{iccid, "a\uffffb", "the group holds a character that XML cannot carry"},
	} {
		err := c.SetAAGroup(t.Context(), row.iccid, row.group)
		want := "m2m API: set the auto-activation group of SIM " + row.iccid + ": " + row.want
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		if !errors.Is(err, transport.ErrNotSent) || errors.Is(err, transport.ErrOutcomeUnknown) {
			t.Errorf("%v: must count as not sent", err)
		}
	}
	if _, err := c.QueryStatus(t.Context(), ""); err == nil || errors.Is(err, transport.ErrNotFound) {
		t.Errorf("QueryStatus of nothing: %v", err)
	}
	if s.count() != 0 {
		t.Errorf("%d requests were sent", s.count())
	}
}

func TestQueryStatus(t *testing.T) {
	reply := func(inner string) string {
		return `<query_status_response api_id="42">` + inner + `</query_status_response>`
	}
	for name, row := range map[string]struct {
		body string
		want Status
	}{
		"sample": {string(testdata(t, "query_status_response.xml")), Active},
		"BOM":    {"\xef\xbb\xbf" + string(testdata(t, "query_status_response.xml")), Active},
		"declaration": {`<?xml version="1.0" encoding="utf-8"?>` +
			reply(`<api_outcome>success</api_outcome><status>closed</status>`), Closed},
		"Latin-1": {`<?xml version="1.0" encoding="ISO-8859-1"?>` +
			reply("<note>caf\xe9</note><api_outcome>success</api_outcome><status>active</status>"), Active},
		"ASCII": {`<?xml version="1.0" encoding="US-ASCII"?>` +
			reply(`<api_outcome>success</api_outcome><status>active</status>`), Active},
		"other spelling": {`<Query-Status-Response Api-Id="42"><API.OUTCOME> Success </API.OUTCOME><STATUS>De-Activated</STATUS></Query-Status-Response>`, Deactivated},
		"no api_id":      {`<query_status_response><api_outcome>success</api_outcome><status>active</status></query_status_response>`, Active},
		"unknown word":   {reply(`<api_outcome>success</api_outcome><status>Pre Active</status>`), "preactive"},
		"more fields":    {reply(`<api_outcome>success</api_outcome><x><status>closed</status></x><status>active</status><y/>`), Active},
		"comment, CDATA": {reply(`<!-- c --><api_outcome><![CDATA[success]]></api_outcome><status>active</status>`), Active},
		"repeated, equal": {reply(`<api_outcome>success</api_outcome><status>active</status><status>active</status>`),
			Active},
	} {
		got, err := serve(t, answer{body: row.body}).client(t, io.Discard).QueryStatus(t.Context(), iccid)
		if got != row.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", name, got, err, row.want)
		}
	}
}

// Only an exact "invalid iccid" from the right reply means that the SIM is not there.
func TestQueryStatusFailures(t *testing.T) {
	const op = "m2m API: query the status of SIM " + iccid + ": "
	reply := func(inner string) string {
		return `<query_status_response api_id="42">` + inner + `</query_status_response>`
	}
	for name, row := range map[string]struct {
		answer   answer
		want     string
		notFound bool
		notAPI   bool
	}{
		"invalid iccid": {answer: answer{body: reply(`<api_outcome>invalid_iccid</api_outcome>`)},
			want: "HTTP 200: invalid_iccid", notFound: true},
		"with 404": {answer: answer{status: 404, body: reply(`<api_outcome>Invalid ICCID</api_outcome>`)},
			want: "HTTP 404: Invalid ICCID", notFound: true},
		"with 500": {answer: answer{status: 500, body: reply(`<api_outcome>INVALID-ICCID</api_outcome>`)},
			want: "HTTP 500: INVALID-ICCID", notFound: true},
		"in another element": {answer: answer{body: reply(`<api_outcome>failure</api_outcome><e><d>Invalid ICCID</d></e>`)},
			want: "HTTP 200: failure: Invalid ICCID", notFound: true},
		"more words": {answer: answer{body: reply(`<api_outcome>invalid iccid format</api_outcome>`)},
			want: "HTTP 200: invalid iccid format"},
		"success beside it": {answer: answer{body: reply(`<api_outcome>success</api_outcome><e>invalid iccid</e>`)},
			want: "HTTP 200: the reply states no status", notAPI: true},
		"another command's": {answer: answer{body: string(testdata(t, "failure_reason.xml"))},
			want: "HTTP 200: the XML is not the reply to this command", notAPI: true},
		"crossed": {answer: answer{body: `<query_status_response api_id="43"><api_outcome>invalid_iccid</api_outcome></query_status_response>`}, want: "HTTP 200: the reply carries another api_id than the request", notAPI: true},
		"404 page": {answer: answer{status: 404, body: "<html><body>invalid iccid</body></html>"},
			want: "HTTP 404: invalid iccid: the XML is not the reply to this command", notAPI: true},
		"HTML": {answer: answer{body: string(testdata(t, "error_page.html"))},
			want: "HTTP 200: Bad gateway The server returned an invalid response. You sent: <password>(secret)</password>: " +
				"the XML holds a document type or a processing instruction", notAPI: true},
		"empty": {answer: answer{body: " \n"}, want: "HTTP 200: the body is empty", notAPI: true},
		"truncated": {answer: answer{body: `<query_status_response api_id="42"><api_outcome>invalid iccid`},
			want: "HTTP 200: invalid iccid: the body is not well-formed XML", notAPI: true},
		"second root": {answer: answer{body: reply(`<api_outcome>invalid iccid</api_outcome>`) + "<x/>"},
			want: "HTTP 200: invalid iccid: the body is not well-formed XML", notAPI: true},
		"text after the root": {answer: answer{body: reply(`<api_outcome>invalid iccid</api_outcome>`) + "x"},
			want: "HTTP 200: invalid iccid x: the body is not well-formed XML", notAPI: true},
		"document type": {answer: answer{body: `<!DOCTYPE r [<!ENTITY e "invalid iccid">]>` +
			reply(`<api_outcome>&e;</api_outcome>`)},
			want: `HTTP 200: ]> &e;: the XML holds a document type or a processing instruction`, notAPI: true},
		"instruction": {answer: answer{body: `<?php echo?>` + reply(`<api_outcome>invalid iccid</api_outcome>`)},
			want: "HTTP 200: invalid iccid: the XML holds a document type or a processing instruction", notAPI: true},
		"charset": {answer: answer{body: `<?xml version="1.0" encoding="EBCDIC"?>` +
			reply(`<api_outcome>invalid iccid</api_outcome>`)},
			want: "HTTP 200: invalid iccid: the XML is in a character set that is not known", notAPI: true},
		"deep": {answer: answer{body: reply(strings.Repeat("<a>", 40) + "invalid iccid" +
			strings.Repeat("</a>", 40))}, want: "HTTP 200: invalid iccid: the XML is nested too deeply", notAPI: true},
		"nothing said": {answer: answer{body: reply(``)}, want: "HTTP 200: the reply states no outcome",
			notAPI: true},
		"success without 2xx": {answer: answer{status: 404,
			body: reply(`<api_outcome>success</api_outcome><status>active</status>`)},
			want: "HTTP 404: success: active: the HTTP status contradicts the outcome that the reply states"},
		"two outcomes": {answer: answer{body: reply(`<api_outcome>success</api_outcome><api_outcome>no</api_outcome><status>active</status>`)}, want: "HTTP 200: success: no: active"},
		"status missing": {answer: answer{body: reply(`<api_outcome>success</api_outcome>`)},
			want: "HTTP 200: the reply states no status", notAPI: true},
		"redirect, never taken": {answer: answer{status: 307, header: map[string]string{"Location": "/"}, body: "moved"},
			want: "HTTP 307: a redirect, which is not followed", notAPI: true},
		"JSON": {answer: answer{body: `{"error":"invalid iccid"}`},
			want: `HTTP 200: {"error":"invalid iccid"}: the body is not well-formed XML`, notAPI: true},
		"reason echoed as data": {answer: answer{body: reply(`<api_outcome>failure</api_outcome><iccid>invalid iccid</iccid>`)}, want: "HTTP 200: failure"},
		"control characters": {answer: answer{body: reply("<api_outcome>no\nsuch\tthing\u202e</api_outcome>")},
			want: "HTTP 200: no such thing"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, row.answer)
			status, err := s.client(t, io.Discard).QueryStatus(t.Context(), iccid)
			if err == nil || err.Error() != op+row.want || status != "" {
				t.Fatalf("got  %q, %v\nwant %s", status, err, op+row.want)
			}
			if errors.Is(err, transport.ErrNotFound) != row.notFound || errors.Is(err, ErrInvalidICCID) != row.notFound {
				t.Errorf("not found = %v, ErrInvalidICCID = %v; want %v", errors.Is(err, transport.ErrNotFound),
					errors.Is(err, ErrInvalidICCID), row.notFound)
			}
			if errors.Is(err, transport.ErrNotTheAPI) != row.notAPI {
				t.Errorf("not the API = %v", !row.notAPI)
			}
			if errors.Is(err, transport.ErrOutcomeUnknown) {
				t.Error("a read has no unknown outcome")
			}
			if s.count() != 1 {
				t.Errorf("%d requests, want 1", s.count())
			}
		})
	}
}

func TestQueryStatusIsPatient(t *testing.T) {
	busy := `<query_status_response api_id="42"><api_outcome>busy</api_outcome></query_status_response>`
	s := serve(t, answer{status: 503, body: "<html>"}, answer{drop: true}, answer{status: 429, body: busy},
		answer{body: string(testdata(t, "query_status_response.xml"))})
	if got, err := s.client(t, io.Discard).QueryStatus(t.Context(), iccid); got != Active || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if s.count() != 4 {
		t.Errorf("%d requests, want 4", s.count())
	}
}

// Each command is sent once, whatever comes back.
func TestSetAAGroupFailures(t *testing.T) {
	const op = "m2m API: set the auto-activation group of SIM " + iccid + ": "
	reply := func(inner string) string {
		return `<set_aa_group_response api_id="42">` + inner + `</set_aa_group_response>`
	}
	for name, row := range map[string]struct {
		answer  answer
		want    string
		unknown bool
		reason  error
	}{
		"invalid iccid": {answer: answer{body: string(testdata(t, "failure_reason.xml"))},
			want: "HTTP 200: invalid_iccid", reason: ErrInvalidICCID},
		"invalid group": {answer: answer{body: string(testdata(t, "failure_element.xml"))},
			want: "HTTP 200: Failure: Invalid Group", reason: ErrInvalidGroup},
		"invalid group, 400": {answer: answer{status: 400, body: string(testdata(t, "failure_element.xml"))},
			want: "HTTP 400: Failure: Invalid Group", reason: ErrInvalidGroup},
		"invalid iccid, 500": {answer: answer{status: 500, body: string(testdata(t, "failure_reason.xml"))},
			want: "HTTP 500: invalid_iccid", reason: ErrInvalidICCID},
		"unnamed reason": {answer: answer{body: string(testdata(t, "failure_unnamed.xml"))},
			want: "HTTP 200: Failure: 17: Insufficient permission"},
		"unnamed reason, 403": {answer: answer{status: 403, body: string(testdata(t, "failure_unnamed.xml"))},
			want: "HTTP 403: Failure: 17: Insufficient permission"},
		"unnamed reason, 500": {answer: answer{status: 500, body: reply(`<api_outcome>internal error</api_outcome>`)},
			want: "HTTP 500: internal error", unknown: true},
		"unnamed reason, 501": {answer: answer{status: 501, body: reply(`<api_outcome>no such command</api_outcome>`)},
			want: "HTTP 501: no such command", unknown: true},
		"unnamed reason, 503": {answer: answer{status: 503, body: reply(`<api_outcome>busy</api_outcome>`)},
			want: "HTTP 503: busy", unknown: true},
		"text, no outcome": {answer: answer{body: reply(`<note>hello</note>`)}, want: "HTTP 200: hello", unknown: true},
		"empty outcome": {answer: answer{body: reply(`<api_outcome/>`)}, want: "HTTP 200: the reply states no outcome",
			unknown: true},
		"empty outcome, 400": {answer: answer{status: 400, body: reply(`<api_outcome/>`)},
			want: "HTTP 400: the reply states no outcome"},
		"success, 500": {answer: answer{status: 500, body: reply(`<api_outcome>success</api_outcome>`)},
			want: "HTTP 500: success", unknown: true},
		"success, 400": {answer: answer{status: 400, body: reply(`<api_outcome>success</api_outcome>`)},
			want: "HTTP 400: success: the HTTP status contradicts the outcome that the reply states", unknown: true},
		"another command's": {answer: answer{body: string(testdata(t, "query_status_response.xml"))},
			want: "HTTP 200: the XML is not the reply to this command", unknown: true},
		"another's, 400": {answer: answer{status: 400, body: string(testdata(t, "query_status_response.xml"))},
			want: "HTTP 400: the XML is not the reply to this command"},
		"crossed success": {answer: answer{body: `<set_aa_group_response api_id="7"><api_outcome>success</api_outcome></set_aa_group_response>`}, want: "HTTP 200: the reply carries another api_id than the request", unknown: true},
		"crossed failure": {answer: answer{body: `<set_aa_group_response api_id="7"><api_outcome>invalid_group</api_outcome></set_aa_group_response>`}, want: "HTTP 200: the reply carries another api_id than the request", unknown: true},
		"crossed refusal": {answer: answer{body: `<set_aa_group_response api_id="7"><api_outcome>invalid credentials</api_outcome></set_aa_group_response>`}, want: "HTTP 200: the reply carries another api_id than the request", unknown: true},
		"empty":           {answer: answer{}, want: "HTTP 200: the body is empty", unknown: true},
		"empty, 204":      {answer: answer{status: 204}, want: "HTTP 204: the body is empty", unknown: true},
		"empty, 400":      {answer: answer{status: 400}, want: "HTTP 400: the body is empty"},
		"page": {answer: answer{body: "<p>welcome"},
			want: "HTTP 200: welcome: the body is not well-formed XML", unknown: true},
		"page, 404": {answer: answer{status: 404, body: "<p>no page"},
			want: "HTTP 404: no page: the body is not well-formed XML"},
		"page, 408": {answer: answer{status: 408, body: "<p>slow"},
			want: "HTTP 408: slow: the body is not well-formed XML", unknown: true},
		"page, 429": {answer: answer{status: 429, body: "<p>slow down"},
			want: "HTTP 429: slow down: the body is not well-formed XML"},
		"page, 502": {answer: answer{status: 502, body: "<p>bad gateway"},
			want: "HTTP 502: bad gateway: the body is not well-formed XML", unknown: true},
		"redirect": {answer: answer{status: 307, header: map[string]string{"Location": "/"}},
			want: "HTTP 307: a redirect, which is not followed", unknown: true},
		"redirect, bad": {answer: answer{status: 302, header: map[string]string{"Location": "/%zz?password=x"}},
			want: "the answer redirects to something that is not a URL", unknown: true},
		"cut": {answer: answer{drop: true}, want: "EOF", unknown: true},
		"cut in the answer": {answer: answer{header: map[string]string{"Content-Length": "900"}, body: "<x"},
			want: "the answer (HTTP 200) broke off: unexpected EOF", unknown: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, row.answer)
			err := s.client(t, io.Discard).SetAAGroup(t.Context(), iccid, "LIVE10")
			if err == nil || err.Error() != op+row.want {
				t.Fatalf("got  %v\nwant %s", err, op+row.want)
			}
			if errors.Is(err, transport.ErrOutcomeUnknown) != row.unknown {
				t.Errorf("unknown = %v", !row.unknown)
			}
			if errors.Is(err, transport.ErrNotFound) || errors.Is(err, transport.ErrNotSent) {
				t.Errorf("%v: neither not found nor not sent", err)
			}
			for _, reason := range []error{ErrInvalidICCID, ErrInvalidGroup} {
				if errors.Is(err, reason) != (errors.Is(row.reason, reason)) {
					t.Errorf("errors.Is(%v) = %v", reason, errors.Is(err, reason))
				}
			}
			var call *transport.Error
			if !errors.As(err, &call) {
				t.Error("no *transport.Error inside")
			}
			if s.count() != 1 {
				t.Errorf("sent %d times, want once", s.count())
			}
		})
	}
}

// A connection that the reads have left open must not be used for the command: net/http might send it twice.
func TestSetAAGroupOnceAfterReads(t *testing.T) {
	s := serve(t, answer{body: string(testdata(t, "query_status_response.xml"))},
		answer{body: string(testdata(t, "query_status_response.xml"))}, answer{drop: true})
	c := s.client(t, io.Discard)
	for range 2 {
		if _, err := c.QueryStatus(t.Context(), iccid); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.SetAAGroup(t.Context(), iccid, "LIVE10"); !errors.Is(err, transport.ErrOutcomeUnknown) {
		t.Errorf("%v, want an unknown outcome", err)
	}
	if s.count() != 3 {
		t.Errorf("%d requests, want 3", s.count())
	}
}

func TestRefusedCredentialsStopTheClient(t *testing.T) {
	for name, a := range map[string]answer{
		"in words": {body: `<set_aa_group_response api_id="42"><api_outcome>invalid credentials</api_outcome></set_aa_group_response>`},
		"in words, 500": {status: 500,
			body: `<set_aa_group_response api_id="42"><api_outcome>failure</api_outcome><d>Authentication failed</d></set_aa_group_response>`},
		"by status": {status: 401,
			body: `<set_aa_group_response api_id="42"><api_outcome>no</api_outcome></set_aa_group_response>`},
		"by status alone": {status: 401},
	} {
		s := serve(t, a)
		c := s.client(t, io.Discard)
		err := c.SetAAGroup(t.Context(), iccid, "LIVE10")
		if !errors.Is(err, transport.ErrUnauthorized) || errors.Is(err, transport.ErrOutcomeUnknown) ||
			errors.Is(err, transport.ErrStopped) {
			t.Errorf("%s: %v", name, err)
		}
		_, err = c.QueryStatus(t.Context(), iccid)
		if !errors.Is(err, transport.ErrUnauthorized) || !errors.Is(err, transport.ErrStopped) {
			t.Errorf("%s: second call: %v", name, err)
		}
		err = c.SetAAGroup(t.Context(), iccid, "LIVE10")
		if !errors.Is(err, transport.ErrStopped) || !errors.Is(err, transport.ErrNotSent) {
			t.Errorf("%s: third call: %v", name, err)
		}
		if s.count() != 1 {
			t.Errorf("%s: %d requests, want 1", name, s.count())
		}
	}
}

func TestSetAAGroupTriesAgainToConnect(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	endpoint, err := transport.CheckEndpoint("http://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil { // from now on: connection refused
		t.Fatal(err)
	}
	var log bytes.Buffer
	err = New(config(endpoint, &log)).SetAAGroup(t.Context(), iccid, "LIVE10")
	if !errors.Is(err, transport.ErrNotSent) || errors.Is(err, transport.ErrOutcomeUnknown) {
		t.Errorf("%v, want not sent", err)
	}
	if tries := strings.Count(log.String(), "API call"); tries != 3 {
		t.Errorf("%d tries, want 3", tries)
	}
}

// The body carries the password, and an error page may show it: neither errors nor logs do.
func TestThePasswordStaysInside(t *testing.T) {
	escaped := "simulator&amp;password"
	long := strings.Repeat("x", 190) + password // an excerpt's end cuts it in two
	for name, a := range map[string]answer{
		"page": {status: 400, body: string(testdata(t, "error_page.html"))},
		"echo": {status: 400, body: "you sent " + password + " and " + escaped},
		"cut":  {status: 400, body: long},
		"outcome": {body: `<set_aa_group_response><api_outcome>bad ` + escaped +
			`</api_outcome></set_aa_group_response>`},
		"entity":    {body: `<set_aa_group_response><api_outcome>&other;` + escaped},
		"bad close": {body: `<set_aa_group_response><simulator-password></x>`},
		"cut, in a reply": {body: `<set_aa_group_response><api_outcome>` + strings.Repeat("x", 192) + escaped +
			`</api_outcome></set_aa_group_response>`},
	} {
		var log bytes.Buffer
		s := serve(t, a)
		c := s.client(t, &log)
		err := c.SetAAGroup(t.Context(), iccid, "LIVE10")
		_, readErr := c.QueryStatus(t.Context(), iccid)
		for _, text := range []string{fmt.Sprintf("%v %+v", err, err), readErr.Error(), log.String()} {
			if strings.Contains(text, password) || strings.Contains(text, escaped) || strings.Contains(text, "simu") {
				t.Errorf("%s: the password shows in %s", name, text)
			}
		}
		if !strings.Contains(log.String(), "operation=") {
			t.Errorf("%s: nothing was logged", name)
		}
	}
}

func TestCancelledBeforeSending(t *testing.T) {
	s := serve(t, answer{body: string(testdata(t, "success.xml"))})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.client(t, io.Discard).SetAAGroup(ctx, iccid, "LIVE10")
	if !errors.Is(err, transport.ErrNotSent) || !errors.Is(err, context.Canceled) || s.count() != 0 {
		t.Errorf("%v after %d requests", err, s.count())
	}
}

// FuzzReply: whatever comes, nothing panics, and only the documented shape is a success or a "not found".
func FuzzReply(f *testing.F) {
	files, err := filepath.Glob("testdata/*.*ml")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(body, 200)
		f.Add(body, 500)
	}
	f.Add([]byte("\xef\xbb\xbf<set_aa_group_response/>"), 400)
	c := New(config(&url.URL{Scheme: "https", Host: "example.com"}, io.Discard))
	cmd := command{words: "set aa group"}
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		failure := c.checkResponse(&transport.Response{Status: status, Body: body})
		r, err := parseReply(body)
		if failure != nil {
			return
		}
		if err != nil {
			t.Fatalf("checkResponse took what cannot be parsed: %v", err)
		}
		verdict, certain := r.failure(cmd, "42", status)
		lower := normal(string(body))
		switch {
		case verdict == nil && (status/100 != 2 || !strings.Contains(lower, "success") && !strings.ContainsAny(lower, "&<")):
			t.Errorf("success out of HTTP %d %q", status, body)
		case verdict == nil && !certain:
			t.Error("a success that is not certain")
		case verdict != nil && verdict.Cause == nil && len(r.words()) == 0:
			t.Error("a failure without a word")
		}
	})
}
