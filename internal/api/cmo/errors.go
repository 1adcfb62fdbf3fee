package cmo

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

// checkResponse reads the errors of the CMO API: its problem objects, TMF error objects, and what a gateway in front of
// it may say (API page, section 10). A 2xx is a success here; whether its body is usable is for each call to say.
func checkResponse(res *transport.Response) *transport.Error {
	if res.Status >= 200 && res.Status < 300 {
		return nil
	}
	p, ok := parseProblem(res.Body)
	failure := p.toError()
	failure.Status = res.Status
	failure.NotFound = res.Status == http.StatusNotFound && ok && p.saysNotFound()
	failure.NotTheAPI = !ok || p.words() == ""
	if failure.Message == "" {
		failure.Message = res.Excerpt()
	}
	if res.Status == http.StatusTooManyRequests {
		failure.Details = append(failure.Details,
			"T IoT Hub advises to try again after 1 hour when its rate limit is exceeded, and to send fewer requests per second")
	}
	return &failure
}

// problem is an RFC 7807 object as CMO writes it, or a TMF error object, or an OAuth one.
type problem struct {
	ObjectType       text            `json:"@type"`
	Type             text            `json:"type"`
	Title            text            `json:"title"`
	Status           text            `json:"status"`
	Detail           text            `json:"detail"`
	Instance         text            `json:"instance"`
	Code             text            `json:"code"`
	Reason           text            `json:"reason"`
	Message          text            `json:"message"`
	ErrorDescription text            `json:"error_description"`
	Error            text            `json:"error"`
	Field            text            `json:"field"`
	TraceID          text            `json:"traceId"`
	CorrelationID    text            `json:"correlationId"`
	Errors           json.RawMessage `json:"errors"`
	ExternalErrors   json.RawMessage `json:"externalErrors"`
}

// parseProblem reports false where the body is no JSON object.
func parseProblem(body []byte) (problem, bool) {
	var p problem
	// A list or a scalar fails to decode into a struct, null does not.
	if err := transport.DecodeJSON(body, &p); err != nil || strings.TrimSpace(string(transport.StripBOM(body))) == "null" {
		return problem{}, false
	}
	return p, true
}

// words is what the service says to a person.
func (p problem) words() string {
	for _, word := range []text{p.Detail, p.Message, p.Reason, p.ErrorDescription, p.Title, p.Error} {
		if trimmed := strings.TrimSpace(string(word)); trimmed != "" {
			return trimmed
		}
	}
	return ""
}

func (p problem) toError() transport.Error {
	code := string(p.Code)
	if code == "" && string(p.Error) != p.words() {
		code = string(p.Error)
	}
	return transport.Error{
		Code: code, Message: p.words(), Details: append(details(p.Errors), details(p.ExternalErrors)...),
		CorrelationID: string(p.CorrelationID), TraceID: string(p.TraceID),
	}
}

// details reads the list of validation issues, whose form is not documented.
func details(raw json.RawMessage) []string {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return nil
	}
	var out []string
	for _, item := range items {
		var line text
		if err := json.Unmarshal(item, &line); err == nil && line != "" {
			out = append(out, string(line))
			continue
		}
		p, _ := parseProblem(item)
		switch words := p.words(); {
		case words != "" && p.Field != "":
			out = append(out, string(p.Field)+": "+words)
		case words != "":
			out = append(out, words)
		default:
			out = append(out, transport.Excerpt(item))
		}
	}
	return out
}

// A 404 that speaks of the first is about the URL, unless it also speaks of the second.
var (
	ofTheURL     = []string{"tenant", "route", "static resource", "handler", "endpoint"}
	ofTheProduct = []string{"product", "iccid", "sim"}
)

func mentions(words string, one []string) bool {
	return slices.ContainsFunc(one, func(word string) bool { return strings.Contains(words, word) })
}

// saysNotFound tells CMO's own "not found" from the many 404s that a gateway, a wrong URL or a wrong tenant may cause:
// only a whole problem or TMF object counts, since a resource leaves the state on it.
func (p problem) saysNotFound() bool {
	if p.Status != "" && p.Status != "404" {
		return false
	}
	all := strings.ToLower(string(p.Detail + " " + p.Message + " " + p.Reason + " " + p.Title))
	if mentions(all, ofTheURL) && !mentions(all, ofTheProduct) {
		return false
	}
	isProblem := strings.EqualFold(string(p.ObjectType), "problem") && p.words() != ""
	isRFC7807 := p.Detail != "" && (p.Type != "" || p.Title != "" || p.Status != "") || p.Title != "" && p.Status != ""
	isTMF := p.Reason != "" && (p.Code != "" || p.Message != "" || p.Status != "")
	return isProblem || isRFC7807 || isTMF
}

// text is a string of an answer. The API documents strings, but also shows one field as string and as number.
type text = transport.Text
