// Package identity says when two texts name one SIM. The number of a SIM card (ICC, ICCID) goes round in several
// spellings, and every part of the provider has to see one SIM in them.
package identity

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The number of digits of an ICCID that the services and their lists use.
const (
	minDigits = 18
	maxDigits = 22
	// unchecked is the number of digits of an ICC without its check digit, in the form that comes with or without one.
	unchecked = 19
)

// writtenAsNumber is a number as spreadsheets and data tools write it: rounded, with a fraction, or grouped.
var writtenAsNumber = regexp.MustCompile(`^[+-]?[0-9]+([.,'][0-9]*)*([eE][+-]?[0-9]+)?$`)

// Clean returns the digits of an ICCID as lists write it: blanks and invisible characters of any kind, hyphens and one
// trailing F or f are taken off. Its errors name the text and its fault: `"894902" has 6 digits, and ...`. The check
// digit is not looked at.
func Clean(text string) (string, error) {
	compacted := compact(text)
	digits := trimFiller(compacted)

	switch strange := strings.IndexFunc(digits, isNoDigit); {
	case strange >= 0 && writtenAsNumber.MatchString(compacted):
		return "", fmt.Errorf("%s is a number as a spreadsheet writes it, and has lost digits: format the column as text "+
			"and export it again", quote(text))
	case strange >= 0:
		r, _ := utf8.DecodeRuneInString(digits[strange:])
		return "", fmt.Errorf("%s contains %s (%U), and an ICCID has no letters or other characters, only the digits 0 to 9",
			quote(text), quote(string(r)), r)
	case len(digits) < minDigits || len(digits) > maxDigits:
		return "", fmt.Errorf("%s has %s, and an ICCID has 18 to 22 digits", quote(text), count(len(digits)))
	}
	return digits, nil
}

// ICCKey returns one key for all spellings of one SIM's number: without blanks, hyphens and one trailing F, and without
// the 20th digit where that is the check digit of the 19 before it. A text that is no number is its own key, but for
// the blanks around it. The key is for comparing and looking up; what a service is sent is the form that the service
// wants.
func ICCKey(s string) string {
	digits := trimFiller(compact(s))
	if digits == "" || strings.IndexFunc(digits, isNoDigit) >= 0 {
		return strings.TrimSpace(s)
	}
	if len(digits) == unchecked+1 && CheckDigit(digits[:unchecked]) == digits[unchecked] {
		return digits[:unchecked]
	}
	return digits
}

// SameICC says whether two texts are the number of one SIM: they differ by blanks, hyphens, a trailing F, or the 20th
// digit that is the check digit of the 19 before it, if at all.
func SameICC(a, b string) bool { return a == b || ICCKey(a) == ICCKey(b) }

// CheckDigit returns the Luhn check digit ('0' to '9') that follows the given digits, and 0 where they are not digits.
func CheckDigit(digits string) byte {
	if digits == "" || strings.IndexFunc(digits, isNoDigit) >= 0 {
		return 0
	}
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 { // every second digit counts twice, beginning with the one beside the check digit
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return byte('0' + (10-sum%10)%10)
}

// HasCheckDigit says whether the last of the digits is the Luhn check digit of those before it.
func HasCheckDigit(digits string) bool {
	last := len(digits) - 1
	return last > 0 && CheckDigit(digits[:last]) == digits[last]
}

// compact takes out what people and programs put between and around digits: blanks (no-break and thin ones too),
// hyphens and dashes, and characters that are not seen, such as a byte order mark or a mark of direction.
func compact(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.In(r, unicode.Pd, unicode.Cf) {
			return -1
		}
		return r
	}, s)
}

// trimFiller takes off the F that fills the last half of a byte where a card stores an odd number of digits.
func trimFiller(s string) string {
	if n := len(s); n > 0 && s[n-1]|0x20 == 'f' {
		return s[:n-1]
	}
	return s
}

func count(digits int) string {
	switch digits {
	case 0:
		return "no digits"
	case 1:
		return "1 digit"
	}
	return strconv.Itoa(digits) + " digits"
}

func isNoDigit(r rune) bool { return r < '0' || r > '9' }

// quote makes a text safe to show, and short.
func quote(s string) string {
	const longest = 40
	if runes := []rune(s); len(runes) > longest {
		s = string(runes[:longest]) + "..."
	}
	return fmt.Sprintf("%q", s)
}
