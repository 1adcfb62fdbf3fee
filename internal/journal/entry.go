package journal

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/identity"
)

// Entry is one change as all its records tell it.
type Entry struct {
	// ID names the change, in every file.
	ID string
	// Run is the process that sent the change, and Note the text that it was given for its journal.
	Run, Note string
	// Time is when the change was about to be sent, in UTC; where that record is missing, when the first one known was
	// written.
	Time time.Time
	Change
	// Sent says that the record of the sending is there. It is missing where its file was taken away.
	Sent bool
	// Answered says that something answered or settled the change, whatever it said.
	Answered bool
	// Outcome is the end where there is one, else the last outcome; "" where there is none.
	Outcome Outcome

	heard time.Time // when the outcome was written
}

// Ended says whether the change has come to its end.
func (e *Entry) Ended() bool { return e.Outcome.IsEnd() }

// entry is what one record says about its change; false where it is none that can be understood.
func (r *record) entry() (Entry, bool) {
	written, err := time.Parse(time.RFC3339, r.Time)
	if err != nil || r.ID == "" {
		return Entry{}, false
	}
	e := Entry{ID: r.ID, Run: r.Run, Note: r.Note, Time: written.UTC(),
		Change: Change{API: r.API, Kind: r.Change, SIM: r.SIM, From: r.From, To: r.To}}
	switch r.Event {
	case eventSending:
		e.Sent = true
	case eventAnswered, eventSettled:
		e.Answered, e.Outcome, e.heard = true, r.Outcome, e.Time
	default:
		return Entry{}, false
	}
	return e, true
}

// merge adds what another entry of the same change says. The order in which records are read makes no difference.
func (e *Entry) merge(other *Entry) {
	outcome, heard := e.Outcome, e.heard
	if other.Answered && (!e.Answered || later(other, e)) {
		outcome, heard = other.Outcome, other.heard
	}
	answered := e.Answered || other.Answered
	if other.Sent && !e.Sent || other.Sent == e.Sent && other.Time.Before(e.Time) {
		*e = *other
	}
	e.Answered, e.Outcome, e.heard = answered, outcome, heard
}

// later says whether a's outcome counts and not b's: an end before anything else, then what was written last.
func later(a, b *Entry) bool {
	if a.Ended() != b.Ended() {
		return a.Ended()
	}
	if c := a.heard.Compare(b.heard); c != 0 {
		return c > 0
	}
	return a.Outcome > b.Outcome
}

// newestFirst sorts changes.
func newestFirst(entries []Entry) {
	slices.SortFunc(entries, func(a, b Entry) int {
		return cmp.Or(b.Time.Compare(a.Time), strings.Compare(b.ID, a.ID))
	})
}

// tally is what records add up to, by the change's id.
type tally map[string]*Entry

func (t tally) add(e *Entry) {
	if known, ok := t[e.ID]; ok {
		known.merge(e)
		return
	}
	t[e.ID] = e
}

// addOpen is add for those who ask for open changes only: it forgets a change that was sent and has come to its end. An
// end whose sending was not read is kept until that comes.
func (t tally) addOpen(e *Entry) {
	t.add(e)
	if known := t[e.ID]; known.Sent && known.Ended() {
		delete(t, e.ID)
	}
}

// simKey is one key for all spellings of what identifies a SIM.
func simKey(sim string) string {
	if icc := identity.ICCKey(sim); isNumber(icc) {
		return icc
	}
	if trimmed := strings.TrimSpace(sim); isHex(trimmed) {
		return strings.ToLower(trimmed)
	}
	return sim
}

// isNumber says whether a text may be an ICC: 11 to 22 digits.
func isNumber(s string) bool {
	return len(s) >= 11 && len(s) <= 22 && strings.Trim(s, "0123456789") == ""
}

func isHex(s string) bool { return s != "" && strings.Trim(s, "0123456789abcdefABCDEF") == "" }
