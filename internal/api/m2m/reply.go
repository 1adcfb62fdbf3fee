package m2m

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"

	"golang.org/x/net/html/charset"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

// maxDepth bounds how deep the elements of a reply may nest; the documented replies have three levels.
const maxDepth = 32

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
