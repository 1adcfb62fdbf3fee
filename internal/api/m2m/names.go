package m2m

import (
	"fmt"
	"strings"
)

// TagStyle is how the names of a request's elements and attributes are written. The portal's pages have lost the case
// and the separators of all names: only the words and their order are certain, so the style is a setting.
type TagStyle string

const (
	// LowerSnake writes set_aa_group.
	LowerSnake TagStyle = "lower_snake"
	// UpperSnake writes SET_AA_GROUP.
	UpperSnake TagStyle = "upper_snake"
	// TitleSnake writes Set_AA_Group: abbreviations stay in capitals.
	TitleSnake TagStyle = "title_snake"
)

// ParseTagStyle reads a setting; empty is LowerSnake. The error lists the known styles.
func ParseTagStyle(text string) (TagStyle, error) {
	switch style := TagStyle(text); style {
	case "":
		return LowerSnake, nil
	case LowerSnake, UpperSnake, TitleSnake:
		return style, nil
	}
	return "", fmt.Errorf("must be %q, %q or %q, not %q", LowerSnake, UpperSnake, TitleSnake, text)
}

var abbreviations = map[string]bool{"aa": true, "api": true, "iccid": true, "id": true}

// name writes the words of a name, such as "set aa group", in this style.
func (s TagStyle) name(words string) string {
	list := strings.Fields(words)
	for i, word := range list {
		switch {
		case s == UpperSnake, s == TitleSnake && abbreviations[word]:
			list[i] = strings.ToUpper(word)
		case s == TitleSnake:
			list[i] = strings.ToUpper(word[:1]) + word[1:]
		}
	}
	return strings.Join(list, "_")
}

// normal is a received name or value as it is compared: lower case, without "_", "-", "." and blanks. So
// "Invalid ICCID", "invalid_iccid" and "INVALID-ICCID" are one, and "de-activated" is "deactivated".
func normal(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return strings.ContainsRune("_-. \t\r\n\u00a0", r)
	}), "")
}
