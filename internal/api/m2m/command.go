package m2m

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"unicode/utf8"
)

// command is one request: its root element names it, all commands go to the same URL.
type command struct {
	words  string // of the root element, such as "set aa group"
	values []value
}

// value is a child element of a command.
type value struct{ words, text string }

// encode writes the request as https://docs.m2miportal.com shows it: version and api_id on the root element, the
// credentials first. There is no XML declaration, as in the samples.
func (c *Client) encode(cmd command) ([]byte, error) {
	for _, v := range append([]value{
		{"username", c.cfg.Username}, {"password", c.cfg.Password}, {"api id", c.cfg.APIID},
	}, cmd.values...) {
		// The encoder would replace such characters without a word, and the service would get another value.
		if !representable(v.text) {
			return nil, fmt.Errorf("the %s holds a character that XML cannot carry", v.words)
		}
	}

	var out bytes.Buffer
	w := writer{enc: xml.NewEncoder(&out), style: c.cfg.TagStyle}
	w.start(cmd.words, value{"version", "1"}, value{"api id", c.cfg.APIID})
	w.start("authentication")
	w.leaf(value{"username", c.cfg.Username})
	w.leaf(value{"password", c.cfg.Password})
	w.end("authentication")
	for _, v := range cmd.values {
		w.leaf(v)
	}
	w.end(cmd.words)
	if w.err == nil {
		w.err = w.enc.Close()
	}
	return out.Bytes(), w.err
}

// writer keeps the first error of an encoder.
type writer struct {
	enc   *xml.Encoder
	style TagStyle
	err   error
}

func (w *writer) token(t xml.Token) {
	if w.err == nil {
		w.err = w.enc.EncodeToken(t)
	}
}

func (w *writer) start(words string, attrs ...value) {
	element := xml.StartElement{Name: xml.Name{Local: w.style.name(words)}}
	for _, a := range attrs {
		element.Attr = append(element.Attr, xml.Attr{Name: xml.Name{Local: w.style.name(a.words)}, Value: a.text})
	}
	w.token(element)
}

func (w *writer) end(words string) {
	w.token(xml.EndElement{Name: xml.Name{Local: w.style.name(words)}})
}

func (w *writer) leaf(v value) {
	w.start(v.words)
	w.token(xml.CharData(v.text))
	w.end(v.words)
}

// representable tells whether the text consists of characters of XML 1.0 (section 2.2).
func representable(text string) bool {
	if !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return false
		}
	}
	return true
}
