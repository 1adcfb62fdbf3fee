package transport

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"sort"
	"strings"
	"unicode"
)

// excerptLength is how many characters of a foreign answer an error quotes.
const excerptLength = 200

// longestExcerpt is how much of a body an excerpt is made of: it can be huge.
const longestExcerpt = 16 * 1024

// ellipsis ends what was cut off.
const ellipsis = "…"

var (
	// invisible is what a browser would not show of a page.
	invisible = regexp.MustCompile(`(?is)<(script|style)\b.*?</(script|style)\s*>|<!--.*?-->`)
	markup    = regexp.MustCompile(`(?s)<[^>]*>`)
)

// Excerpt makes a short, clean line of a foreign body: no markup, no control characters, at most 200 characters.
func Excerpt(body []byte) string {
	body = StripBOM(body) // else a page would not be seen as one
	text := string(bytes.ToValidUTF8(body[:min(len(body), longestExcerpt)], []byte("?")))
	if strings.HasPrefix(strings.TrimSpace(text), "<") {
		text = html.UnescapeString(markup.ReplaceAllString(invisible.ReplaceAllString(text, " "), " "))
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > excerptLength {
		return string(runes[:excerptLength]) + ellipsis
	}
	if len(body) > longestExcerpt {
		return text + ellipsis
	}
	return text
}

// Invisible names the first character of a text that can't be seen, and where it stands; "" where there is none. No
// token holds one: what does was copied with something around it, and HTTP sends no line break in a header.
func Invisible(text string) string {
	return firstCharacter(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
}

// ControlCharacter names the first control character of a text, and where it stands; "" where there is none.
func ControlCharacter(text string) string { return firstCharacter(text, unicode.IsControl) }

func firstCharacter(text string, is func(rune) bool) string {
	position := 0
	for _, r := range text {
		position++
		if !is(r) {
			continue
		}
		name := fmt.Sprintf("the invisible character U+%04X", r)
		switch {
		case r == '\n', r == '\r':
			name = "a line break"
		case r == '\t':
			name = "a tab"
		case r == ' ':
			name = "a blank"
		case r == '\u00a0':
			name = "a no-break blank"
		case unicode.IsControl(r):
			name = fmt.Sprintf("the control character U+%04X", r)
		}
		return fmt.Sprintf("%s as character %d", name, position)
	}
	return ""
}

// redactor replaces known secrets, in every spelling in which they may come back.
type redactor struct {
	replace   *strings.Replacer
	spellings []string // longest first
}

// shortestSecret keeps a secret such as "a" from eating every word of a message.
const shortestSecret = 4

func newRedactor(secrets []string) redactor {
	spellings := map[string]bool{}
	for _, secret := range secrets {
		if len(secret) < shortestSecret {
			continue
		}
		spellings[secret] = true
		spellings[url.QueryEscape(secret)] = true
		spellings[url.PathEscape(secret)] = true
		spellings[html.EscapeString(secret)] = true // as in an error page, or in XML
		spellings[namedEntities.Replace(html.EscapeString(secret))] = true
		spellings[strings.Join(strings.Fields(secret), " ")] = true // as in an Excerpt
		if quoted, err := json.Marshal(secret); err == nil {
			spellings[strings.Trim(string(quoted), `"`)] = true
		}
	}
	longestFirst := make([]string, 0, len(spellings))
	for spelling := range spellings {
		longestFirst = append(longestFirst, spelling)
	}
	sort.Slice(longestFirst, func(i, j int) bool {
		a, b := longestFirst[i], longestFirst[j]
		return len(a) > len(b) || len(a) == len(b) && a < b
	})
	var pairs []string
	for _, spelling := range longestFirst {
		pairs = append(pairs, spelling, "(secret)")
	}
	return redactor{replace: strings.NewReplacer(pairs...), spellings: longestFirst}
}

// namedEntities are the other spelling of what html.EscapeString writes as numbers.
var namedEntities = strings.NewReplacer("&#34;", "&quot;", "&#39;", "&apos;")

func (r redactor) text(s string) string {
	s = r.replace.Replace(s)
	head, cut := strings.CutSuffix(s, ellipsis)
	if !cut {
		return s
	}
	// The cut may have gone through a secret: its beginning must not stay either.
	longest := 0
	for _, spelling := range r.spellings {
		for n := len(spelling) - 1; n >= shortestSecret && n > longest; n-- {
			if strings.HasSuffix(head, spelling[:n]) {
				longest = n
			}
		}
	}
	if longest > 0 {
		return head[:len(head)-longest] + "(secret)" + ellipsis
	}
	return s
}
