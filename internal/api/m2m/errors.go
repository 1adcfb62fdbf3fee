package m2m

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

// Reasons for which the service refuses to set an auto-activation group, for errors.Is.
var (
	// ErrInvalidICCID: the service says "invalid iccid". That is an unknown SIM, another account's SIM, a SIM of a
	// type without auto activation, or one whose group is not of type pending, as after its activation
	// (page set-auto-activation-group); QueryStatus tells the first two from the others.
	ErrInvalidICCID = errors.New("invalid iccid")
	// ErrInvalidGroup: the service says "invalid group": there is no such group code, or its type is not live.
	ErrInvalidGroup = errors.New("invalid group")
)

// What can be wrong with a body. None quotes it, nor does the XML parser's own error, which could.
var (
	errEmpty      = errors.New("the body is empty")
	errNotXML     = errors.New("the body is not well-formed XML")
	errDeep       = errors.New("the XML is nested too deeply")
	errDirective  = errors.New("the XML holds a document type or a processing instruction")
	errCharset    = errors.New("the XML is in a character set that is not known")
	errOtherRoot  = errors.New("the XML is not the reply to this command")
	errCrossed    = errors.New("the reply carries another api_id than the request")
	errDoubtful   = errors.New("the HTTP status contradicts the outcome that the reply states")
	errNoVerdict  = errors.New("the reply states no outcome")
	errNoSIMState = errors.New("the reply states no status")
)

// Reasons that the pages name.
const (
	invalidICCID   = "invalidiccid"
	invalidGroup   = "invalidgroup"
	invalidContent = "invalidcontent"
)

// reason is the named reason of a failure in normalised form, on an exact match only; empty where none is named.
func (r *reply) reason() string {
	for _, text := range r.words() {
		if n := normal(text); n == invalidICCID || n == invalidGroup || n == invalidContent {
			return n
		}
	}
	return ""
}

// credentialWords mark a failure as a refusal of the credentials. The pages list that cause without a wording, so
// parts of it must do.
var credentialWords = []string{"credential", "authentication", "unauthori", "username", "password"}

func (r *reply) refusesCredentials() bool {
	return !r.succeeded() && slices.ContainsFunc(r.words(), func(text string) bool {
		return slices.ContainsFunc(credentialWords, func(part string) bool { return strings.Contains(normal(text), part) })
	})
}

// checkResponse sorts answers for the transport: whatever the HTTP status, a reply that states its verdict goes to the
// command, which knows what it has asked. The rest is trouble, and a read may try again.
func (c *Client) checkResponse(res *transport.Response) *transport.Error {
	r, err := parseReply(res.Body)
	if err == nil && !r.isReply() {
		err = errOtherRoot
	}
	switch {
	case err != nil:
		return &transport.Error{NotTheAPI: true, Message: res.Excerpt(), Cause: err}
	case r.crossed(c.cfg.APIID):
		return nil // somebody else's verdict: the command says so
	case r.refusesCredentials():
		// The body says what HTTP would say with 401; the client must not insist.
		return &transport.Error{Status: http.StatusUnauthorized, Message: r.message()}
	case res.Status == http.StatusUnauthorized, temporary(res.Status) && r.reason() == "":
		return &transport.Error{Message: r.message()}
	}
	return nil
}

func temporary(status int) bool { return (&transport.Error{Status: status}).Temporary() }

// failure turns a reply that the command cannot take for a success into an error, nil if it can. certain says that
// the service has clearly not executed the command.
func (r *reply) failure(cmd command, apiID string, status int) (failure *transport.Error, certain bool) {
	success := status/100 == 2
	refused := status/100 == 4 && !temporary(status)
	switch {
	case !r.answers(cmd):
		return &transport.Error{NotTheAPI: true, Cause: errOtherRoot}, refused
	case r.crossed(apiID):
		return &transport.Error{NotTheAPI: true, Cause: errCrossed}, false
	case r.succeeded() && success:
		return nil, true
	case r.succeeded():
		return &transport.Error{Message: r.message(), Cause: errDoubtful}, false
	case len(r.words()) == 0:
		return &transport.Error{NotTheAPI: true, Cause: errNoVerdict}, refused
	}
	// A success of the transport without a known reason still needs an outcome: a stray text is no verdict.
	stated := r.outcome() != "" && success
	return &transport.Error{Message: r.message()}, r.reason() != "" || refused || stated
}

// rejection is a refusal whose reason the service has named.
type rejection struct {
	call   *transport.Error
	reason error
}

// Error gives the call's error, which holds the service's words.
func (r *rejection) Error() string { return r.call.Error() }

// Unwrap gives the call's error and the named reason.
func (r *rejection) Unwrap() []error { return []error{r.call, r.reason} }

// withReason puts the reason that the service has named beside the error.
func withReason(failure *transport.Error, req transport.Request, r *reply) error {
	if failure.Cause != nil {
		return failure // not this command's reply, or one that contradicts itself
	}
	switch r.reason() {
	case invalidICCID:
		// For a change the word has more meanings than "no such SIM".
		failure.NotFound = !req.Change
		return &rejection{failure, ErrInvalidICCID}
	case invalidGroup:
		return &rejection{failure, ErrInvalidGroup}
	}
	return failure
}
