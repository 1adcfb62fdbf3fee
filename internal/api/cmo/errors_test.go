package cmo

import (
	"net/http"
	"reflect"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

func TestNotFoundOnlyWhereItIsClear(t *testing.T) {
	tests := []struct {
		name, body string
		status     int
		want       bool
	}{
		{"CMO problem", testdata(t, "problem_not_found.json"), 404, true},
		{"with a byte order mark", "\xef\xbb\xbf" + testdata(t, "problem_not_found.json"), 404, true},
		{"RFC 7807", `{"title":"Not Found","status":404,"detail":"no such product"}`, 404, true},
		{"title and status as text", `{"title":"Not Found","status":"404"}`, 404, true},
		{"TMF", `{"code":"60","reason":"Resource not found","message":"Product x"}`, 404, true},
		{"the tenant of a product", `{"@type":"problem","detail":"Product x not found in tenant acme"}`, 404, true},
		{"other status", testdata(t, "problem_not_found.json"), 403, false},
		{"other status inside", `{"title":"Error","status":500,"detail":"backend down"}`, 404, false},
		{"tenant", `{"@type":"problem","status":404,"title":"Error","detail":"Tenant acme not found"}`, 404, false},
		{"URL, in Spring's words",
			`{"type":"about:blank","title":"Not Found","status":404,"detail":"No static resource cmo/v4."}`, 404, false},
		{"URL, in Spring Boot's words", `{"timestamp":"2024","status":404,"error":"Not Found","path":"/x"}`, 404, false},
		{"gateway", `{"message":"no Route matched with those values"}`, 404, false},
		{"message alone", `{"message":"Not Found"}`, 404, false},
		{"Azure's gateway", `{"statusCode":404,"message":"Resource not found"}`, 404, false},
		{"WSO2's gateway", `{"code":"404","type":"Status report","message":"Not Found"}`, 404, false},
		{"page", `<html><h1>404 Not Found</h1></html>`, 404, false},
		{"empty", ``, 404, false},
		{"empty object", `{}`, 404, false},
		{"null", `null`, 404, false},
		{"list", `[{"@type":"problem","status":404,"detail":"x"}]`, 404, false},
		{"text", `"Not Found"`, 404, false},
		{"cut", testdata(t, "problem_not_found.json")[:80], 404, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := checkResponse(&transport.Response{Status: test.status, Header: http.Header{}, Body: []byte(test.body)})
			if e == nil || e.NotFound != test.want {
				t.Errorf("got %+v", e)
			}
		})
	}
}

func TestJudgeWords(t *testing.T) {
	tests := []struct {
		name, body string
		status     int
		want       transport.Error
	}{
		{"problem with issues", testdata(t, "problem_invalid.json"), 400, transport.Error{
			Status: 400, Message: "status is not supported", CorrelationID: "2a",
			TraceID: "1f0e8a52-4c9e-4d4b-8d7e-3b9a5f1c7e21",
			Details: []string{"value must be one of ACTIVE, SUSPENDED", "/0/value: unknown"},
		}},
		{"message before reason", `{"code":22,"reason":"r","message":"m"}`, 409,
			transport.Error{Status: 409, Code: "22", Message: "m"}},
		{"reason", `{"reason":"r","message":" "}`, 409, transport.Error{Status: 409, Message: "r"}},
		{"OAuth", `{"error":"invalid_token","error_description":"expired"}`, 401, transport.Error{
			Status: 401, Code: "invalid_token", Message: "expired",
		}},
		{"title", `{"title":"Invalid Action","detail":""}`, 400, transport.Error{Status: 400, Message: "Invalid Action"}},
		{"error", `{"error":"teapot"}`, 418, transport.Error{Status: 418, Message: "teapot"}},
		{"other JSON", `{"fault":{"faultstring":"quota"}}`, 500, transport.Error{
			Status: 500, Message: `{"fault":{"faultstring":"quota"}}`, NotTheAPI: true,
		}},
		{"page", "<html><body>Bad\n gateway</body></html>", 502,
			transport.Error{Status: 502, Message: "Bad gateway", NotTheAPI: true}},
		{"too many", `{"title":"Rate Limit Exceeded"}`, 429, transport.Error{
			Status: 429, Message: "Rate Limit Exceeded",
			Details: []string{"T IoT Hub advises to try again after 1 hour when its rate limit is exceeded, and to send fewer " +
				"requests per second"},
		}},
		{"other issues", `{"title":"t","errors":[{"x":1}],"externalErrors":[{"message":"from the backend"}]}`, 400,
			transport.Error{
				Status: 400, Message: "t", Details: []string{`{"x":1}`, "from the backend"},
			}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := checkResponse(&transport.Response{Status: test.status, Header: http.Header{}, Body: []byte(test.body)})
			if !reflect.DeepEqual(*e, test.want) {
				t.Errorf("got  %+v\nwant %+v", *e, test.want)
			}
		})
	}
	for _, status := range []int{200, 202, 206, 207} {
		if e := checkResponse(&transport.Response{Status: status}); e != nil {
			t.Errorf("HTTP %d: %v", status, e)
		}
	}
}

func TestWords(t *testing.T) {
	for word, want := range map[string]outcome{
		"InProgress": running, "IN_PROGRESS": running, "in-progress": running, "Not Started": running,
		"Completed": succeeded, "DONE": succeeded, "InError": failed, "in_error": failed, "Cancelled": failed,
		"terminatedWithError": failed, "": unclear, "Held": unclear,
	} {
		if got := monitorOutcome(word); got != want {
			t.Errorf("%q: %d", word, got)
		}
	}
	type pair struct{ target, live string }
	for p, want := range map[pair]bool{
		{"ACTIVE", "ACTIVE"}:                true,
		{"ACTIVE", "PENDING_ACTIVE"}:        false,
		{"PENDING_TERMINATE", "TERMINATED"}: true,
		{"TERMINATED", "PENDING_TERMINATE"}: false,
		{"ACTIVE", ""}:                      false,
	} {
		if Satisfies(p.target, p.live) != want {
			t.Errorf("Satisfies(%q, %q)", p.target, p.live)
		}
	}
	for status, want := range map[string][3]bool{ // transitional, leaving, known
		"PENDING_TERMINATE": {true, true, true}, "PENDING_BLOCKED": {true, false, false}, "TERMINATED": {false, true, true},
		"ACTIVE": {false, false, true}, "DEACTIVATED": {false, false, true}, "TEST_READY": {false, false, false},
	} {
		if got := [3]bool{IsTransitional(status), IsTerminal(status), KnownStatus(status)}; got != want {
			t.Errorf("%s: %v", status, got)
		}
	}
}
