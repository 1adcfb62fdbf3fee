package review

import (
	"fmt"
	"strings"
	"unicode"
)

// clean makes a text of the plan fit for one line of any format: what can't be seen is spelled out. A line break would
// start a line of its own, which a pipeline may take for a command; a bidi control would show a status in another order
// than it has.
func clean(text string) string {
	if strings.IndexFunc(text, hidden) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if hidden(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// hidden says that a rune has no shape of its own: controls, formats (bidi among them), separators, blanks other than
// the ordinary one, and what Unicode has not assigned.
func hidden(r rune) bool { return !unicode.IsPrint(r) }
