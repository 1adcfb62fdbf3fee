package simulator

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// The pages of the m2mi portal have lost the case and the separators of all names and values: only the words and
// their order are certain. So names are kept here as words ("set aa group"), and a style says how they are written:
// letters (lower, upper, title) and joint (snake _, kebab -, dotted ., words with a space), such as "upper_snake".
// Title style keeps abbreviations in capitals: Set_AA_Group, API_Outcome, "Invalid ICCID".

// m2mAnyStyle accepts a name in any letters, with any separators or none.
const m2mAnyStyle = "any"

var (
	m2mTagStyles   = []string{"", "lower_snake", "upper_snake", "title_snake", m2mAnyStyle}
	m2mReplyStyles = []string{"", "lower_snake", "upper_snake", "title_snake", "lower_kebab", "upper_kebab",
		"title_kebab", "lower_dotted", "upper_dotted", "title_dotted"}
	m2mValueStyles = append([]string{"lower_words", "upper_words", "title_words"}, m2mReplyStyles...)
)

var m2mJoints = map[string]string{"snake": "_", "kebab": "-", "dotted": ".", "words": " "}

// m2mStyled writes a name or value in a style; an empty style is lower_snake.
func m2mStyled(style, words string) string {
	letters, joint, _ := strings.Cut(cmp.Or(style, "lower_snake"), "_")
	list := strings.Fields(words)
	for i, word := range list {
		switch {
		case letters == "upper",
			letters == "title" && slices.Contains([]string{"aa", "api", "iccid", "id"}, word):
			list[i] = strings.ToUpper(word)
		case letters == "title":
			list[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(list, m2mJoints[joint])
}

// m2mWords takes a name apart again, whatever its style.
func m2mWords(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return strings.ContainsRune("_-. ", r)
	}), " ")
}

// m2mIs tells whether a received name is the one of these words in this style.
func m2mIs(style, name, words string) bool {
	if style == m2mAnyStyle {
		squeeze := strings.NewReplacer(" ", "")
		return squeeze.Replace(m2mWords(name)) == squeeze.Replace(words)
	}
	return name == m2mStyled(style, words)
}

// m2mElement is a received XML element; text is what stands directly in it.
type m2mElement struct {
	name     string
	attrs    []xml.Attr
	children []*m2mElement
	text     string
}

// attr returns the value of the attribute of these words, empty where there is none.
func (e *m2mElement) attr(style, words string) string {
	for _, a := range e.attrs {
		if m2mIs(style, a.Name.Local, words) {
			return a.Value
		}
	}
	return ""
}

// holds tells whether the element consists of exactly these children, in this order.
func (e *m2mElement) holds(style string, names ...string) bool {
	if strings.TrimSpace(e.text) != "" || len(e.children) != len(names) {
		return false
	}
	for i, child := range e.children {
		if !m2mIs(style, child.name, names[i]) {
			return false
		}
	}
	return true
}

// isLeaf tells whether the element has neither attributes nor children.
func (e *m2mElement) isLeaf() bool { return len(e.attrs) == 0 && len(e.children) == 0 }

// m2mParse reads one XML document. A declaration is allowed, a document type or a namespace is not.
func m2mParse(body []byte) (*m2mElement, error) {
	var root *m2mElement
	var open []*m2mElement
	dec := xml.NewDecoder(bytes.NewReader(body))
	for {
		token, err := dec.Token()
		switch {
		case errors.Is(err, io.EOF) && root == nil:
			return nil, errors.New("no element")
		case errors.Is(err, io.EOF):
			return root, nil
		case err != nil:
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Space != "" {
				return nil, errors.New("a namespace")
			}
			element := &m2mElement{name: t.Name.Local, attrs: t.Copy().Attr}
			switch {
			case len(open) > 0:
				parent := open[len(open)-1]
				parent.children = append(parent.children, element)
			case root == nil:
				root = element
			default:
				return nil, errors.New("a second root element")
			}
			open = append(open, element)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			switch {
			case len(open) > 0:
				open[len(open)-1].text += string(t)
			case strings.TrimSpace(string(t)) != "":
				return nil, errors.New("text outside the root element")
			}
		case xml.Directive:
			return nil, errors.New("a document type")
		}
	}
}

// m2mItem is one child of a reply: the words of its name, and its text as it is sent.
type m2mItem struct{ words, text string }

// m2mReply is an answer before it is written: the words of its root element, the api_id of the request, the children.
type m2mReply struct {
	root   string
	apiID  string
	status int
	items  []m2mItem
}

// send writes the answer in the style of the quirks.
func (q M2MQuirks) send(w http.ResponseWriter, reply m2mReply) {
	var out bytes.Buffer
	if q.XMLDeclaration {
		out.WriteString(xml.Header)
	}
	root := m2mStyled(q.ReplyStyle, reply.root)
	out.WriteString("<" + root)
	if reply.apiID != "" && !q.DropAPIID {
		fmt.Fprintf(&out, ` %s="`, m2mStyled(q.ReplyStyle, "api id"))
		if q.WrongAPIID {
			out.WriteString("1")
		}
		_ = xml.EscapeText(&out, []byte(reply.apiID)) // a bytes.Buffer never fails
		out.WriteString(`"`)
	}
	out.WriteString(">")
	for _, item := range reply.items {
		name := m2mStyled(q.ReplyStyle, item.words)
		if item.words == m2mErrorDescription && q.FailureElement != "" {
			name = q.FailureElement
		}
		out.WriteString("<" + name + ">")
		_ = xml.EscapeText(&out, []byte(item.text))
		out.WriteString("</" + name + ">")
	}
	out.WriteString("</" + root + ">")

	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(reply.status)
	_, _ = w.Write(out.Bytes())
}
