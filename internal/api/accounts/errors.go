package accounts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

// envelope is PBPRReturnOf<T> (section 4.1 of the API page) together with the members of the answers that come
// without an envelope: of ASP.NET's Web API (Message, MessageDetail, ModelState) and of OAuth. Everything is raw, so
// that one odd member cannot hide the others.
type envelope struct {
	Data              json.RawMessage
	Success           json.RawMessage
	Code              json.RawMessage
	ErrorCode         json.RawMessage
	ErrorSubCode      json.RawMessage
	ErrorDescription  json.RawMessage
	Meta              json.RawMessage
	StatusURL         json.RawMessage `json:"StatusUrl"`
	ContinuationToken json.RawMessage
	Status            json.RawMessage

	Message       json.RawMessage
	MessageDetail json.RawMessage
	ModelState    json.RawMessage
	OAuthError    json.RawMessage `json:"error"`
	OAuthText     json.RawMessage `json:"error_description"`
}

// parseEnvelope reads a JSON object; ok is false for anything else, an empty object included.
func parseEnvelope(body []byte) (e envelope, ok bool) {
	trimmed := bytes.TrimSpace(transport.StripBOM(body))
	if !bytes.HasPrefix(trimmed, []byte("{")) || transport.DecodeJSON(trimmed, &e) != nil {
		return envelope{}, false
	}
	return e, len(bytes.TrimSpace(trimmed[1:len(trimmed)-1])) > 0
}

// real says that the object is the envelope, not just some JSON.
func (e envelope) real() bool { return e.Data != nil || e.Success != nil || e.Code != nil }

// own says that the object is one that this service writes: the envelope, or ASP.NET's, whose Message has a capital.
// Many gateways answer {"message":"..."} or {"code":404} for a path that they do not know.
func (e envelope) own(body []byte) bool {
	return e.Data != nil || e.Success != nil || bytes.Contains(body, []byte(`"Message"`))
}

// success is the member Success: true, false, or neither.
func (e envelope) success() (value, known bool) {
	return transport.BoolOf(e.Success)
}

// statusURL is where to ask for the progress of a queued command: the member StatusUrl, as in recorded traffic, or
// the one in Meta, as the vendor's text says.
func (e envelope) statusURL() string {
	if text := transport.TextOf(e.StatusURL); strings.TrimSpace(text) != "" {
		return text
	}
	var meta map[string]json.RawMessage
	if json.Unmarshal(e.Meta, &meta) != nil {
		return "" // Meta is a string or null
	}
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		if text := transport.TextOf(meta[key]); strings.EqualFold(key, "StatusUrl") && strings.TrimSpace(text) != "" {
			return text
		}
	}
	return ""
}

// status finds the word of a status answer: Data.Status, Data itself, or Status beside Data (point 1).
func (e envelope) status() string {
	var data struct{ Status json.RawMessage }
	if json.Unmarshal(e.Data, &data) == nil {
		if word := transport.TextOf(data.Status); word != "" {
			return word
		}
	}
	if word := transport.TextOf(e.Data); word != "" {
		return word
	}
	return transport.TextOf(e.Status)
}

// checkResponse reads failures in all their forms. The HTTP line and the body can differ (a PATCH was recorded with
// HTTP 200 and Code 202; failures may come that way too), so both decide (point 6).
func checkResponse(res *transport.Response) *transport.Error {
	e, isObject := parseEnvelope(res.Body)
	fine := res.Status >= 200 && res.Status <= 299
	switch {
	case res.Status == http.StatusNoContent && len(res.Body) == 0:
		return nil
	case !isObject:
		return notTheAPI(res)
	case fine && !e.real() && e.Status == nil:
		return notTheAPI(res)
	}

	code := intOf(e.Code)
	success, known := e.success()
	failed := known && !success
	if fine && !failed && code < 400 {
		return nil
	}

	failure := &transport.Error{Status: effectiveStatus(res.Status, code)}
	if failed && failure.Status < 400 {
		// The vendor's text gives the conflict as an "error code 409".
		failure.Status = effectiveStatus(failure.Status, intOf(e.ErrorCode))
	}
	failure.Message, failure.Details = e.words()
	switch {
	case (failure.Status == http.StatusNotFound || failure.Status == http.StatusConflict) && !e.own(res.Body):
		failure.NotTheAPI = true // of a gateway, which says nothing about the SIM card
	case e.real():
		failure.Code = e.errorCode(failure.Status)
		failure.NotFound = failure.Status == http.StatusNotFound && !success
	case unrouted(failure.Message):
		failure.NotTheAPI = true
		// Its own words quote the whole URL.
		failure.Message, failure.Details = "the service does not know this path", nil
	default:
		failure.NotFound = failure.Status == http.StatusNotFound
	}
	if failure.Message == "" {
		failure.Message = "the service reports a failure without saying why"
	}
	return failure
}

// effectiveStatus makes one status out of that of the HTTP line and that of the body: the graver one, except that
// either of them can say 409 or 404 beside a mere refusal.
func effectiveStatus(line, body int) int {
	if body < 100 || body > 599 {
		return line
	}
	if max(line, body) < 500 {
		for _, telling := range []int{http.StatusConflict, http.StatusNotFound} {
			if line == telling || body == telling {
				return telling
			}
		}
	}
	return max(line, body)
}

// errorCode is ErrorCode with ErrorSubCode, or else the status in digits: it is never empty for an envelope, and
// always for what has none (failureResult relies on it).
func (e envelope) errorCode(status int) string {
	code, sub := intOf(e.ErrorCode), intOf(e.ErrorSubCode)
	switch {
	case sub != 0:
		return fmt.Sprintf("%d.%d", code, sub)
	case code != 0:
		return strconv.Itoa(code)
	}
	return strconv.Itoa(status)
}

// failureResult says that the service itself, in an envelope, reports a failure of what was asked about: not a
// refusal of the credentials, a missing route or trouble on the way.
func failureResult(e *transport.Error) bool {
	if e.Status == http.StatusConflict {
		return !e.NotTheAPI // "the CLI exists" must not be overlooked in any form (point 7)
	}
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return false
	}
	return e.Code != "" && e.Status < 500
}

// words collects the service's text: the first is the message, the others its details.
func (e envelope) words() (message string, details []string) {
	var all []string
	for _, raw := range []json.RawMessage{e.ErrorDescription, e.OAuthText, e.Message, e.OAuthError, e.MessageDetail} {
		if text := transport.Excerpt([]byte(transport.TextOf(raw))); text != "" && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(e.ModelState, &fields) // what is no object has no words for single fields
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		var texts []string
		if json.Unmarshal(fields[name], &texts) != nil {
			texts = []string{transport.TextOf(fields[name])}
		}
		for _, text := range texts {
			all = append(all, transport.Excerpt([]byte(name+": "+text)))
		}
	}
	for _, text := range all {
		if message == "" {
			message = text
		} else {
			details = append(details, text)
		}
	}
	return message, details
}

// unrouted tells ASP.NET's answer for a path that it does not know from the API's answer for an object that does not
// exist: the former says nothing about the SIM card.
func unrouted(message string) bool {
	return strings.HasPrefix(message, "No HTTP resource was found")
}

// intOf is a whole number; 0 for anything else.
func intOf(raw json.RawMessage) int {
	n, _ := transport.IntOf(raw)
	return int(n)
}

func notTheAPI(res *transport.Response) *transport.Error {
	message := res.Excerpt()
	if message == "" {
		message = "the answer is empty"
	}
	return &transport.Error{Status: res.Status, NotTheAPI: true, Message: message}
}
