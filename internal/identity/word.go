package identity

import "strings"

// SameID says whether two ids in hex, such as those of accounts, name one thing: the case of the letters and blanks
// around them do not count.
func SameID(a, b string) bool { return SameWord(a, b) }

// SameWord says whether two words of state mean the same: the case of the letters and blanks around them do not count.
func SameWord(a, b string) bool {
	return a == b || strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}

// Word is a word of state in the spelling in which it is kept and shown: capitals, without blanks around it.
func Word(s string) string { return strings.ToUpper(strings.TrimSpace(s)) }

// HexID is an id in hex in the one spelling that serves as a key.
func HexID(id string) string { return strings.ToLower(strings.TrimSpace(id)) }
