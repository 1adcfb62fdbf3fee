package mvno

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

// Codes of errors that say "there is no such object" (pages api:mvno:account:changesim and api:sim:get). The code
// "sim" of a swap is no such one: the SIM may just be in use.
const (
	codeNoAccount = "mvnoAccount"
	codeNotFound  = "not_found"
	codeNoSIM     = "sim"
)

// apiError is one error of an answer (page api:errors).
type apiError struct {
	Message text `json:"message"`
	Code    text `json:"code"`
	Path    text `json:"path"`
}

// apiErrors reads the documented object, and an array, since the form for several errors is not documented.
type apiErrors []apiError

func (e *apiErrors) UnmarshalJSON(body []byte) error {
	if bytes.HasPrefix(body, []byte("[")) {
		return json.Unmarshal(body, (*[]apiError)(e))
	}
	var one apiError
	if err := json.Unmarshal(body, &one); err != nil {
		return err
	}
	if one != (apiError{}) {
		*e = apiErrors{one}
	}
	return nil
}

// checkResponse reads the error of an answer that is no 2xx. What a 2xx holds is for the call to check.
func (c *Client) checkResponse(res *transport.Response) *transport.Error {
	if res.Status/100 == 2 {
		return nil
	}
	var body struct {
		Error  apiErrors `json:"error"`
		Errors apiErrors `json:"errors"`
	}
	if transport.DecodeJSON(res.Body, &body) != nil {
		return foreign(res)
	}
	all := slices.Concat(body.Error, body.Errors)
	if !slices.ContainsFunc(all, func(e apiError) bool { return e.Code != "" || e.Message != "" }) {
		return foreign(res)
	}

	failure := &transport.Error{}
	if code := string(all[0].Code); word.MatchString(code) {
		failure.Code = code // the first one decides
	}
	// After a 5xx the answer of a swap may already hold the codes of the new SIM, in whatever place.
	if res.Status < 400 || res.Status >= 500 {
		return failure
	}
	failure.Message = c.quote(string(all[0].Message))
	for _, e := range all[1:] {
		if text := c.quote(strings.TrimSpace(string(e.Path + " " + e.Message))); text != "" {
			failure.Details = append(failure.Details, text)
		}
	}
	return failure
}

var (
	// word is what a code looks like; anything else could be a PIN.
	word   = regexp.MustCompile(`^[A-Za-z][A-Za-z_]{0,39}$`)
	digits = regexp.MustCompile(`[0-9]+`)
)

// longestCode is the length of a PUK; ICCs, IMSIs and phone numbers with their country code are longer.
const longestCode = 8

// quote makes a message fit to show: codes are masked before the excerpt can cut one in two, and the token, whose
// digits would be masked too, is taken out before that.
func (c *Client) quote(message string) string {
	return transport.Excerpt([]byte(digits.ReplaceAllStringFunc(c.http.Redact(message), func(run string) string {
		if len(run) <= longestCode {
			return "(code)"
		}
		return run
	})))
}

// foreign is an answer that does not come from the API. It says what it is without quoting it: answers of this API
// hold PINs and PUKs.
func foreign(res *transport.Response) *transport.Error {
	return &transport.Error{NotTheAPI: true, Cause: kind(res)}
}

func kind(res *transport.Response) error {
	body := bytes.TrimSpace(transport.StripBOM(res.Body))
	switch {
	case len(body) == 0:
		return errors.New("the body is empty")
	case body[0] == '<':
		return errors.New("the body is an HTML or XML page, not JSON")
	case !json.Valid(body):
		return errors.New("the body is not valid JSON")
	}
	return errors.New("the JSON has another shape than documented")
}

// notFoundOn marks an error as "there is no such object" if it is a 404 with one of these codes.
func notFoundOn(err error, codes ...string) error {
	var failure *transport.Error
	if errors.As(err, &failure) && failure.Status == http.StatusNotFound && slices.Contains(codes, failure.Code) {
		failure.NotFound = true
	}
	return err
}
