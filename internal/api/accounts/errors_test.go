package accounts

import (
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

func TestCheckResponse(t *testing.T) {
	const conflict = `{"Success":false,"Code":409,"ErrorCode":409,"ErrorDescription":"CLI exists"}`
	tests := map[string]struct {
		status int
		body   string
		want   *transport.Error // nil: a success
	}{
		"success":                 {200, testdata(t, "sim_card.json"), nil},
		"accepted, recorded mix":  {200, testdata(t, "patch_response.json"), nil},
		"accepted, as documented": {202, testdata(t, "shared/create_response.json"), nil},
		"byte order mark":         {200, "\xef\xbb\xbf" + `{"Success":true,"Code":200}`, nil},
		"success as text":         {200, `{"Success":"True","Code":"200"}`, nil},
		"data only":               {200, `{"Data":[]}`, nil},
		"status only":             {200, `{"Status":"complete"}`, nil},
		"no content":              {204, "", nil},
		"conflict": {409, testdata(t, "shared/conflict.json"),
			&transport.Error{Status: 409, Code: "409", Message: "CLI exists"}},
		"conflict under HTTP 200": {200, conflict, &transport.Error{Status: 409, Code: "409", Message: "CLI exists"}},
		"conflict under HTTP 422": {422, conflict, &transport.Error{Status: 409, Code: "409", Message: "CLI exists"}},
		"conflict in ErrorCode only": {200, `{"Success":false,"Code":0,"ErrorCode":409,"ErrorDescription":"CLI exists"}`,
			&transport.Error{Status: 409, Code: "409", Message: "CLI exists"}},
		"conflict in the HTTP line": {409, `{"Success":false,"ErrorDescription":"CLI exists"}`,
			&transport.Error{Status: 409, Code: "409", Message: "CLI exists"}},
		"server error wins": {500, conflict, &transport.Error{Status: 500, Code: "409", Message: "CLI exists"}},
		"server error in Code": {200, `{"Success":false,"Code":503}`,
			&transport.Error{Status: 503, Code: "503", Message: "the service reports a failure without saying why"}},
		"failure without number": {200, `{"Success":false,"Code":200,"ErrorDescription":"no"}`,
			&transport.Error{Status: 200, Code: "200", Message: "no"}},
		"failing Code, Success true": {200, `{"Success":true,"Code":400,"ErrorDescription":"odd"}`,
			&transport.Error{Status: 400, Code: "400", Message: "odd"}},
		"own error code": {400,
			`{"Success":false,"Code":400,"ErrorCode":1703,"ErrorSubCode":2,"ErrorDescription":"no tariff"}`,
			&transport.Error{Status: 400, Code: "1703.2", Message: "no tariff"}},
		"Code out of range": {200, `{"Success":false,"Code":99999,"ErrorDescription":"?"}`,
			&transport.Error{Status: 200, Code: "200", Message: "?"}},
		"validation": {400, testdata(t, "model_state.json"),
			&transport.Error{Status: 400, Message: "The request is invalid.",
				Details: []string{"sim.Bundle: Too long.", "sim.Bundle: Odd.", "sim.CLI: The field CLI must match the pattern."}}},
		"validation, text per field": {400, `{"Message":"no","ModelState":{"sim":"bad"}}`,
			&transport.Error{Status: 400, Message: "no", Details: []string{"sim: bad"}}},
		"unauthorised": {401, testdata(t, "shared/unauthorised.json"),
			&transport.Error{Status: 401, Message: "Authorization has been denied for this request."}},
		"unauthorised under HTTP 200": {200, `{"Success":false,"Code":401}`,
			&transport.Error{Status: 401, Code: "401", Message: "the service reports a failure without saying why"}},
		"oauth": {400, `{"error":"invalid_client","error_description":"unknown login"}`,
			&transport.Error{Status: 400, Message: "unknown login", Details: []string{"invalid_client"}}},
		"not found": {404, testdata(t, "not_found.json"),
			&transport.Error{Status: 404, Code: "404", Message: "SIM card not found", NotFound: true}},
		"not found under HTTP 200": {200, testdata(t, "not_found.json"),
			&transport.Error{Status: 404, Code: "404", Message: "SIM card not found", NotFound: true}},
		"not found in the HTTP line": {404, `{"Data":null}`,
			&transport.Error{Status: 404, Code: "404", Message: "the service reports a failure without saying why",
				NotFound: true}},
		"not found without envelope": {404, `{"Message":"gone"}`,
			&transport.Error{Status: 404, Message: "gone", NotFound: true}},
		"not found and success": {404, `{"Success":true,"Code":200,"Data":{}}`,
			&transport.Error{Status: 404, Code: "404", Message: "the service reports a failure without saying why"}},
		"not found under HTTP 500": {500, testdata(t, "not_found.json"),
			&transport.Error{Status: 500, Code: "404", Message: "SIM card not found"}},
		"not found beside a conflict": {404, conflict, &transport.Error{Status: 409, Code: "409", Message: "CLI exists"}},
		"unknown route": {404, testdata(t, "unrouted.json"),
			&transport.Error{Status: 404, NotTheAPI: true, Message: "the service does not know this path"}},
		"HTML 404": {404, "<html><body>404 - File or directory not found.</body></html>",
			&transport.Error{Status: 404, NotTheAPI: true, Message: "404 - File or directory not found."}},
		"empty 404": {404, "", &transport.Error{Status: 404, NotTheAPI: true,
			Message: "the answer is empty"}},
		"empty object 404": {404, " { } ", &transport.Error{Status: 404, NotTheAPI: true, Message: "{ }"}},
		"array 404":        {404, `[]`, &transport.Error{Status: 404, NotTheAPI: true, Message: "[]"}},
		"HTML 200": {200, "<h1>Sign in</h1>",
			&transport.Error{Status: 200, NotTheAPI: true, Message: "Sign in"}},
		"empty 200": {200, "", &transport.Error{Status: 200, NotTheAPI: true,
			Message: "the answer is empty"}},
		"array 200": {200, `[{"CLI":"1"}]`,
			&transport.Error{Status: 200, NotTheAPI: true, Message: `[{"CLI":"1"}]`}},
		"other JSON 200": {200, `{"hello":"world"}`,
			&transport.Error{Status: 200, NotTheAPI: true, Message: `{"hello":"world"}`}},
		"null 200": {200, `null`, &transport.Error{Status: 200, NotTheAPI: true, Message: "null"}},
		"broken JSON 200": {200, `{"Data":{`,
			&transport.Error{Status: 200, NotTheAPI: true, Message: `{"Data":{`}},
		"redirect": {302, "<a href='https://login.example/?t=1'>here</a>",
			&transport.Error{Status: 302, NotTheAPI: true, Message: "here"}},
		"gateway trouble": {503, "<html>busy</html>",
			&transport.Error{Status: 503, NotTheAPI: true, Message: "busy"}},
		"members of unexpected types": {400,
			`{"Success":[],"Code":{},"ErrorDescription":{"a":1},"Message":["x"],"ModelState":"?"}`,
			&transport.Error{Status: 400, Code: "400", Message: "the service reports a failure without saying why"}},
		"the same words are said once": {400, `{"Success":false,"Code":400,"ErrorDescription":"no","Message":"no"}`,
			&transport.Error{Status: 400, Code: "400", Message: "no"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := checkResponse(&transport.Response{Status: tt.status, Body: []byte(tt.body)})
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

// A clear "not found" is the only thing that may take a SIM card out of the state.
func TestSIMCardNotFound(t *testing.T) {
	tests := map[string]struct {
		status int
		body   string
		want   bool
	}{
		"envelope":               {404, testdata(t, "not_found.json"), true},
		"envelope, HTTP 200":     {200, testdata(t, "not_found.json"), true},
		"JSON object":            {404, `{"Message":"The SIM does not exist."}`, true},
		"a gateway's object":     {404, `{"message":"no Route matched with those values"}`, false},
		"a gateway's code":       {404, `{"code":404,"message":"Not Found"}`, false},
		"another object":         {404, `{"hello":"world"}`, false},
		"unknown route":          {404, testdata(t, "unrouted.json"), false},
		"HTML":                   {404, "<html>Not Found</html>", false},
		"empty":                  {404, "", false},
		"text":                   {404, "Not Found", false},
		"empty 200":              {200, "", false},
		"no content":             {204, "", false},
		"success without a SIM":  {200, `{"Data":null,"Success":true,"Code":200}`, false},
		"success, list for one":  {200, `{"Data":[],"Success":true,"Code":200}`, false},
		"success, another SIM":   {200, strings.ReplaceAll(testdata(t, "sim_card.json"), testCLI, "001010000000002"), false},
		"success, SIM without":   {200, `{"Data":{"State":3},"Success":true,"Code":200}`, false},
		"success, a broken date": {200, `{"Data":{"CLI":"` + testCLI + `","Created":"soon"},"Success":true}`, false},
		"forbidden":              {403, `{"Message":"no"}`, false},
		"gone":                   {410, `{"Success":false,"Code":410}`, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if tt.status == http.StatusNoContent {
					w.WriteHeader(tt.status)
					return
				}
				answer(w, tt.status, tt.body)
			})
			card, err := s.client(t).SIMCard(t.Context(), testAccount, testCLI)
			if err == nil {
				t.Fatalf("got %+v and no error", card)
			}
			if got := errors.Is(err, transport.ErrNotFound); got != tt.want {
				t.Errorf("%v: not found is %t, want %t", err, got, tt.want)
			}
			if len(s.lines()) != 1 {
				t.Errorf("one call was expected, not %q", s.lines())
			}
		})
	}
}

func TestEnvelopeStatusURL(t *testing.T) {
	tests := map[string]string{
		`{"StatusUrl":"/a?cmdid=x%2Fy","Meta":{"StatusUrl":"/b"}}`: "/a?cmdid=x%2Fy",
		`{"StatusUrl":"","Meta":{"statusurl":"/b"}}`:               "/b",
		`{"StatusUrl":null,"Meta":{"Other":"/c","StatusUrl":" "}}`: "",
		`{"StatusUrl":null,"Meta":""}`:                             "",
		`{"StatusUrl":null,"Meta":null}`:                           "",
		`{"Meta":{"StatusUrl":{"a":1}}}`:                           "",
		`{"Data":{}}`:                                              "",
	}
	for body, want := range tests {
		e, ok := parseEnvelope([]byte(body))
		if got := e.statusURL(); !ok || got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
}

func TestStatusWord(t *testing.T) {
	tests := map[string]struct {
		word    string
		meaning statusMeaning
	}{
		`{"Data":{"Status":"pending"},"Success":true}`:      {"pending", statusRunning},
		`{"Data":{"Status":"Complete"},"Success":true}`:     {"Complete", statusComplete},
		`{"Data":{"status":"COMPLETED"}}`:                   {"COMPLETED", statusComplete},
		`{"Data":"complete"}`:                               {"complete", statusComplete},
		`{"Data":"Failed"}`:                                 {"Failed", statusFailed},
		`{"Data":{"Status":"failure"}}`:                     {"failure", statusFailed},
		`{"Data":{"Status":"error"}}`:                       {"error", statusFailed},
		`{"Data":{"Status":"stalled"}}`:                     {"stalled", statusFailed},
		`{"Data":{"Status":"cancelled"}}`:                   {"cancelled", statusFailed},
		`{"Data":null,"Status":"complete"}`:                 {"complete", statusComplete},
		`{"Status":"queued"}`:                               {"queued", statusRunning},
		`{"Data":{"CLI":"1"},"Status":"complete"}`:          {"complete", statusComplete},
		`{"Data":{"Status":"pending"},"Status":"complete"}`: {"pending", statusRunning},
		`{"Data":1}`:                                               {"1", statusUnusable},
		`{"Data":{"Status":2}}`:                                    {"2", statusUnusable},
		`{"Data":{"Status":"half-way"}}`:                           {"half-way", statusUnusable},
		`{"Data":{"Status":null}}`:                                 {"", statusUnusable},
		`{"Data":{"Status":""},"Success":true}`:                    {"", statusUnusable},
		`{"Success":true,"Code":200}`:                              {"", statusUnusable},
		`{"Data":["complete"]}`:                                    {"", statusUnusable},
		`{"Data":true}`:                                            {"true", statusUnusable},
		`{"Data":{"Status":{"Name":"complete"}},"Success":true}`:   {"", statusUnusable},
		`{"Data":{"Status":" complete "},"Success":true,"Code":1}`: {" complete ", statusComplete},
	}
	for body, want := range tests {
		e, ok := parseEnvelope([]byte(body))
		word := e.status()
		if !ok || word != want.word || meaningOf(word) != want.meaning {
			t.Errorf("%s: got %q (%d), want %q (%d)", body, word, meaningOf(word), want.word, want.meaning)
		}
	}
}
