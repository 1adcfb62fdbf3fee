package provider_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"unicode"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// absenceCases are the four resources, each with what its API says when an object does not exist.
func absenceCases() map[string]struct {
	change   changeCase
	status   int
	notFound string
} {
	cases := matrixCases()
	pick := func(name string) changeCase {
		for _, k := range cases {
			if k.name == name {
				return k
			}
		}
		panic(name)
	}
	type absence = struct {
		change   changeCase
		status   int
		notFound string
	}
	return map[string]absence{
		"sim_card": {pick("sim_card create"), 404,
			`{"Data":null,"Success":false,"Code":404,"ErrorCode":404,"ErrorSubCode":0,"ErrorDescription":"SIM card not found","Meta":"","StatusUrl":null,"ContinuationToken":""}`},
		"sim_status": {pick("sim_status create, queued"), 404,
			`{"type":"Not Found","status":404,"title":"Error","detail":"Product not found","@type":"problem"}`},
		"sim_aa_group": {pick("sim_aa_group create"), 200,
			`<query_status_response version="1" api_id="42"><api_outcome>invalid iccid</api_outcome></query_status_response>`},
		"mvno_sim_swap": {pick("mvno_sim_swap create, ICC"), 404,
			`{"error":{"message":"MVNO account not found","code":"mvnoAccount","status":404}}`},
	}
}

func gzipped(text string) string {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := w.Write([]byte(text)); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return buf.String()
}

// foreignAnswers are answers to a read that are not the API's.
func foreignAnswers() map[string]simulator.Fault {
	answers := map[string]simulator.Fault{}
	for name, body := range map[string]string{
		"page":             gatewayPage,
		"page with a BOM":  "\xef\xbb\xbf" + gatewayPage,
		"empty":            "",
		"blanks":           " \r\n\t ",
		"empty object":     "{}",
		"array":            `[{"id":1}]`,
		"null":             "null",
		"number":           "404",
		"string":           `"not found"`,
		"other JSON":       `{"hello":"world","status":"fine"}`,
		"truncated JSON":   `{"Data":{"CLI":"00101`,
		"truncated XML":    `<query_status_response version="1" api_id="42"><api_outcome>suc`,
		"other XML":        `<?xml version="1.0"?><hello>world</hello>`,
		"words":            "not found",
		"control signs":    "\x1b[31mred\x00\x07 \u202e alert",
		"not UTF-8":        "\xff\xfe\xfdN\x00o\x00",
		"deep JSON":        strings.Repeat(`{"a":`, 20_000),
		"deep array":       strings.Repeat("[", 100_000),
		"deep XML":         strings.Repeat("<a>", 20_000),
		"entities":         `<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><query_status_response api_id="42"><api_outcome>success</api_outcome><status>&b;</status></query_status_response>`,
		"external entity":  `<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><query_status_response api_id="42"><api_outcome>invalid iccid</api_outcome><status>&x;</status></query_status_response>`,
		"other characters": `<?xml version="1.0" encoding="EBCDIC"?><query_status_response api_id="42"><api_outcome>invalid iccid</api_outcome></query_status_response>`,
		"gateway's object": `{"message":"no Route matched with those values"}`,
		"gateway's code":   `{"code":404,"message":"Not Found"}`,
	} {
		for _, status := range []int{200, 404} {
			answers[fmt.Sprintf("%s %d", name, status)] = simulator.Fault{Effect: simulator.Answer, Status: status, Body: body}
		}
	}
	with := func(name, body string, header http.Header) {
		for _, status := range []int{200, 404} {
			answers[fmt.Sprintf("%s %d", name, status)] = simulator.Fault{Effect: simulator.Answer, Status: status, Body: body,
				Header: header}
		}
	}
	with("page as JSON", gatewayPage, http.Header{"Content-Type": {"application/json"}})
	with("gzip of a page", gzipped(gatewayPage), http.Header{"Content-Encoding": {"gzip"},
		"Content-Type": {"application/json"}})
	with("gzip that is none", gatewayPage, http.Header{"Content-Encoding": {"gzip"}})
	with("gzip that is cut", gzipped(gatewayPage)[:40], http.Header{"Content-Encoding": {"gzip"}})
	// A page of more than is ever read, as it is and compressed.
	huge := strings.Repeat("<p>x", 33<<18)
	answers["huge"] = simulator.Fault{Effect: simulator.Answer, Status: 404, Body: huge}
	answers["gzip of huge"] = simulator.Fault{Effect: simulator.Answer, Status: 200, Body: gzipped(huge),
		Header: http.Header{"Content-Encoding": {"gzip"}}}
	return answers
}

// TestForeignAnswersKeepTheState: what is not clearly the API's "not found" is an error beside the state as it was.
func TestForeignAnswersKeepTheState(t *testing.T) {
	t.Parallel()
	for name, a := range absenceCases() {
		t.Run(name, func(t *testing.T) {
			c, server, object := readable(t, a.change)
			for answer, fault := range foreignAnswers() {
				fault.API = a.change.api
				fault.Match.Route = readRoute[name]
				c.Inject(fault)
				// A process of its own: one that reads much may read whole lists instead.
				read, said := c.read(t.Context(), c.process(t.Context()), object)
				c.ClearFaults()
				failed := coreErrors(said)
				if len(failed) != 1 || !read.value.Equal(object.value) {
					t.Errorf("%s: said %q, state %s", answer, failed, read.value)
					continue
				}
				checkExcerpt(t, answer, failed[0])
			}
			if read, said := c.read(t.Context(), server, object); len(said) > 0 || !read.value.Equal(object.value) {
				t.Errorf("after the trouble: said %q, state %s", coreErrors(said), read.value)
			}
		})
	}
}

var readRoute = map[string]string{
	"sim_card": "sim.read", "sim_status": "product.read", "sim_aa_group": "command", "mvno_sim_swap": "account.read",
}

// readable applies the case, and gives its object with a provider to read it by.
func readable(t *testing.T, k changeCase) (*core, tfprotov6.ProviderServer, coreObject) {
	c := onMemory(t)
	k.seed(c.Simulator)
	if problems := c.comeToRest(t.Context(), k.after, 2); len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, object := range c.state {
		server := c.process(t.Context())
		read, said := c.read(t.Context(), server, object)
		if len(coreErrors(said)) > 0 {
			t.Fatal(coreErrors(said))
		}
		return c, server, read
	}
	t.Fatal("nothing in state")
	return nil, nil, coreObject{}
}

// checkExcerpt: what is quoted of a foreign answer is short, on one line, and free of markup and control signs.
func checkExcerpt(t *testing.T, answer, text string) {
	t.Helper()
	if len(text) > 1500 {
		t.Errorf("%s: the error has %d characters: %.300s", answer, len(text), text)
	}
	for _, bad := range []string{"<html", "<h1>", "<query", "<a>", "\x1b", "\x00", "\u202e", "root:x"} {
		if strings.Contains(text, bad) {
			t.Errorf("%s: the error holds %q: %.300s", answer, bad, text)
		}
	}
	for _, r := range text {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Errorf("%s: the error holds %U: %.300s", answer, r, text)
			return
		}
	}
}

// TestNotFoundInOddDress: the API's own "not found" counts also with a BOM, compressed, or with another content type.
func TestNotFoundInOddDress(t *testing.T) {
	for name, a := range absenceCases() {
		for dress, fault := range map[string]simulator.Fault{
			"plain":           {Body: a.notFound},
			"BOM":             {Body: "\xef\xbb\xbf" + a.notFound},
			"blanks around":   {Body: "\n " + a.notFound + "\r\n"},
			"gzip":            {Body: gzipped(a.notFound), Header: http.Header{"Content-Encoding": {"gzip"}}},
			"as text":         {Body: a.notFound, Header: http.Header{"Content-Type": {"text/plain"}}},
			"no content type": {Body: a.notFound, Header: http.Header{"Content-Type": {""}}},
			"other characters": {Body: a.notFound,
				Header: http.Header{"Content-Type": {"application/json; charset=iso-8859-1"}}},
		} {
			t.Run(name+" "+dress, func(t *testing.T) {
				c, server, object := readable(t, a.change)
				fault.Effect, fault.Status, fault.API = simulator.Answer, a.status, a.change.api
				fault.Match.Route = readRoute[name]
				c.Inject(fault)
				read, said := c.read(t.Context(), server, object)
				if len(coreErrors(said)) > 0 || !read.value.IsNull() {
					t.Errorf("said %q, state %s", coreErrors(said), read.value)
				}
			})
		}
	}
}
