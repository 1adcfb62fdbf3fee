package journal

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"
)

// version is that of the records written here. A record of a later version is read as far as it is understood.
const version = 1

// The events of a change.
const (
	eventSending  = "sending"
	eventAnswered = "answered"
	eventSettled  = "settled"
)

// timeFormat is RFC 3339 with microseconds, always of one width, so that lines sort as text.
const timeFormat = "2006-01-02T15:04:05.000000Z07:00"

// Longest values, in bytes, so that a line stays within longestLine whatever is escaped in it.
const (
	longestValue = 1 << 10
	longestNote  = 4 << 10
	longestLine  = 128 << 10
)

// record is one line of a file.
type record struct {
	Version       int     `json:"version"`
	Time          string  `json:"time"`
	ID            string  `json:"id"`
	Run           string  `json:"run"`
	Note          string  `json:"note,omitempty"`
	Event         string  `json:"event"`
	API           string  `json:"api"`
	Change        string  `json:"change"`
	SIM           string  `json:"sim"`
	From          string  `json:"from,omitempty"`
	To            string  `json:"to,omitempty"`
	Outcome       Outcome `json:"outcome,omitempty"`
	HTTPStatus    int     `json:"http_status,omitempty"`
	CorrelationID string  `json:"correlation_id,omitempty"`
	Operation     string  `json:"operation,omitempty"`
}

// appendTo appends the record's line.
func (r *record) appendTo(lines *bytes.Buffer) error {
	encoder := json.NewEncoder(lines)
	encoder.SetEscapeHTML(false) // "->" stays readable
	return encoder.Encode(r)
}

// newRun makes an id that says to people when the process began, and that no other process has.
func newRun(now time.Time, pid int) string {
	random := make([]byte, 4)
	_, _ = rand.Read(random) // it never fails: crypto/rand ends the program instead
	return fmt.Sprintf("%s-%d-%s", now.UTC().Format("20060102T150405Z"), pid, hex.EncodeToString(random))
}

func clip(s string) string { return clipTo(s, longestValue) }

// clipTo cuts a text that is longer than any that belongs here.
func clipTo(s string, longest int) string {
	if len(s) <= longest {
		return s
	}
	s = s[:longest]
	for s != "" && !utf8.RuneStart(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s[:max(0, len(s)-1)] // the last rune may be cut, too
}
