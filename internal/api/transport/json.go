package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// StripBOM drops the byte order mark that some gateways put before JSON and XML.
func StripBOM(body []byte) []byte { return bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")) }

// DecodeJSON reads one JSON value. Unknown fields are ignored, since the APIs add some within a version. The error
// never quotes the body.
func DecodeJSON(body []byte, v any) error {
	body = StripBOM(body)
	if len(bytes.TrimSpace(body)) == 0 {
		return errors.New("the body is empty")
	}
	if err := json.Unmarshal(body, v); err != nil {
		var typeErr *json.UnmarshalTypeError
		if errors.As(err, &typeErr) {
			kind, _, _ := strings.Cut(typeErr.Value, " ") // "number 1234" quotes the body
			return fmt.Errorf("the JSON has another shape than documented (%s where %s belongs)", kind, typeErr.Type)
		}
		return errors.New("the body is not valid JSON")
	}
	return nil
}

// Text is a JSON string. A number or a boolean is taken as it is written, and everything else is "": services write
// numbers as text and text as numbers, and one odd member must not hide the others.
type Text string

// UnmarshalJSON reads one JSON value.
func (t *Text) UnmarshalJSON(raw []byte) error {
	*t = ""
	switch {
	case len(raw) == 0:
		return errors.New("no JSON value")
	case raw[0] == '"' && bytes.IndexByte(raw, '\\') < 0 && utf8.Valid(raw):
		*t = Text(raw[1 : len(raw)-1]) // nearly all are: an answer about fifty SIMs holds thousands
	case raw[0] == '"':
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		*t = Text(s)
	case raw[0] != '{' && raw[0] != '[' && raw[0] != 'n':
		*t = Text(raw)
	}
	return nil
}

// TextOf is Text of a member that may be missing.
func TextOf(raw json.RawMessage) string {
	var t Text
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || t.UnmarshalJSON(raw) != nil {
		return ""
	}
	return string(t)
}

// IsNull says that a member is missing or null.
func IsNull(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) == 0 || string(raw) == "null"
}

// TextOrNull is TextOf, and nil where the member is missing or null.
func TextOrNull(raw json.RawMessage) *string {
	if IsNull(raw) {
		return nil
	}
	return new(TextOf(raw))
}

// IntOf is a whole number, also as text and as 3.0; ok is false for anything else.
func IntOf(raw json.RawMessage) (n int64, ok bool) {
	text := strings.TrimSpace(TextOf(raw))
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != float64(int64(f)) || f < -1<<53 || f > 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// Bool is a JSON boolean, also as text or as 0 and 1; a missing one and null are false.
type Bool bool

// UnmarshalJSON reads one JSON value.
func (b *Bool) UnmarshalJSON(raw []byte) error {
	value, ok := BoolOf(raw)
	if !ok && !IsNull(raw) {
		return errors.New("neither true nor false")
	}
	*b = Bool(value)
	return nil
}

// BoolOf is a boolean, also as text in any case or as 0 and 1; ok is false for anything else.
func BoolOf(raw json.RawMessage) (value, ok bool) {
	value, err := strconv.ParseBool(strings.ToLower(strings.TrimSpace(TextOf(raw))))
	return value, err == nil
}
