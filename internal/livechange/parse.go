package livechange

import "strings"

// ParseStatus reads what Status writes; ok is false for any other text.
func ParseStatus(text string) (from, to string, ok bool) { return parse(text, "status ") }

// ParseGroup reads what Group writes; ok is false for any other text.
func ParseGroup(text string) (from, to string, ok bool) {
	return parse(text, string(AutoActivation)+" ")
}

// ParseSwap reads what Swap writes; ok is false for any other text.
func ParseSwap(text string) (from, to string, ok bool) { return parse(text, "SIM ") }

func parse(text, prefix string) (from, to string, ok bool) {
	rest, found := strings.CutPrefix(text, prefix)
	if !found {
		return "", "", false
	}
	return strings.Cut(rest, Arrow)
}
