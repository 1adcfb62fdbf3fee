package m2m

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/net/html/charset"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

// maxDepth bounds how deep the elements of a reply may nest; the documented replies have three levels.
const maxDepth = 32

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

// reply is a well-formed reply. Names are normalised; texts are as received, trimmed.
type reply struct {
	root   string
	apiIDs []string // of the root element; one, or none
	leaves []leaf
}

// leaf is an element without children.
type leaf struct {
	name string
	text string
	top  bool // directly below the root
}

// parseReply reads one XML document, whatever its root element.
func parseReply(body []byte) (*reply, error) {
	body = transport.StripBOM(body)
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, errEmpty
	}
	dec := xml.NewDecoder(bytes.NewReader(body))
	dec.CharsetReader = func(label string, input io.Reader) (io.Reader, error) {
		decoded, err := charset.NewReaderLabel(label, input)
		if err != nil {
			return nil, errCharset
		}
		return decoded, nil
	}

	type element struct {
		name   string
		text   strings.Builder
		parent bool
	}
	var r *reply
	var open []*element
	for {
		token, err := dec.Token()
		switch {
		case errors.Is(err, io.EOF) && r != nil:
			return r, nil
		case errors.Is(err, errCharset):
			return nil, errCharset
		case err != nil:
			return nil, errNotXML
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch {
			case len(open) == maxDepth:
				return nil, errDeep
			case len(open) > 0:
				open[len(open)-1].parent = true
			case r != nil:
				return nil, errNotXML // a second root
			default:
				r = &reply{root: normal(t.Name.Local)}
				for _, a := range t.Attr {
					if normal(a.Name.Local) == "apiid" {
						r.apiIDs = append(r.apiIDs, strings.TrimSpace(a.Value))
					}
				}
			}
			open = append(open, &element{name: normal(t.Name.Local)})
		case xml.EndElement:
			last := open[len(open)-1]
			open = open[:len(open)-1]
			if !last.parent && len(open) > 0 {
				r.leaves = append(r.leaves, leaf{last.name, strings.TrimSpace(last.text.String()), len(open) == 1})
			}
		case xml.CharData:
			switch {
			case len(open) > 0:
				open[len(open)-1].text.Write(t)
			case len(bytes.TrimSpace(t)) > 0:
				return nil, errNotXML // text outside the root
			}
		case xml.ProcInst:
			if t.Target != "xml" {
				return nil, errDirective
			}
		case xml.Directive:
			return nil, errDirective
		}
	}
}

// isReply tells a reply of the API from other XML, such as an XHTML page: its root is the request's plus "response".
func (r *reply) isReply() bool { return strings.HasSuffix(r.root, "response") }

// answers tells whether this is the reply to a command.
func (r *reply) answers(cmd command) bool { return r.root == normal(cmd.words)+"response" }

// crossed tells whether the reply belongs to somebody else's request. An api_id that is missing proves nothing.
func (r *reply) crossed(apiID string) bool {
	return slices.ContainsFunc(r.apiIDs, func(id string) bool { return id != strings.TrimSpace(apiID) })
}

// value is the text of the one element of that normalised name directly below the root; two that differ are none.
func (r *reply) value(name string) string {
	text, found := "", false
	for _, l := range r.leaves {
		if !l.top || l.name != name {
			continue
		}
		if found && l.text != text {
			return ""
		}
		text, found = l.text, true
	}
	return text
}

func (r *reply) outcome() string { return r.value("apioutcome") }

// succeeded: only this word is a success; everything else, also an outcome that is missing, is none.
func (r *reply) succeeded() bool { return normal(r.outcome()) == "success" }

// known are the elements that hold data of the request; their texts are no reasons.
var known = []string{"iccid", "group", "username", "password"}

// words are the texts of a failure, the outcome first. Which element holds the reason is not documented, so all do.
func (r *reply) words() []string {
	var words []string
	add := func(text string) {
		if text != "" && !slices.Contains(words, text) {
			words = append(words, text)
		}
	}
	add(r.outcome())
	for _, l := range r.leaves {
		if !slices.Contains(known, l.name) {
			add(l.text)
		}
	}
	return words
}

// message is a failure in the service's words, on one line.
func (r *reply) message() string { return transport.Excerpt([]byte(strings.Join(r.words(), ": "))) }

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

// judge sorts answers for the transport: whatever the HTTP status, a reply that states its verdict goes to the
// command, which knows what it has asked. The rest is trouble, and a read may try again.
func (c *Client) judge(res *transport.Response) *transport.Error {
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
