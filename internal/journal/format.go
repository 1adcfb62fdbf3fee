package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// listed is a change in JSON. What is not known is null.
type listed struct {
	ID      string  `json:"id"`
	Run     string  `json:"run"`
	Note    *string `json:"note"`
	Time    string  `json:"time"`
	API     string  `json:"api"`
	Change  string  `json:"change"`
	SIM     string  `json:"sim"`
	From    *string `json:"from"`
	To      *string `json:"to"`
	Outcome *string `json:"outcome"`
	Ended   bool    `json:"ended"`
}

// writeJSON writes one array, one change a line.
func writeJSON(w io.Writer, entries []Entry) error {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	out.WriteString("[")
	for i := range entries {
		e := &entries[i]
		if i > 0 {
			out.WriteString(",")
		}
		out.WriteString("\n  ")
		err := encoder.Encode(listed{
			ID: e.ID, Run: e.Run, Note: known(e.Note), Time: e.Time.Format(timeFormat), API: e.API, Change: e.Kind, SIM: e.SIM,
			From: known(e.From), To: known(e.To), Outcome: known(string(e.Outcome)), Ended: e.Ended(),
		})
		if err != nil {
			return err
		}
		out.Truncate(out.Len() - 1) // Encode ends with a newline
	}
	if len(entries) > 0 {
		out.WriteString("\n")
	}
	out.WriteString("]\n")
	_, err := w.Write(escapeUnprintable(out.Bytes()))
	return err
}

func known(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// escapeUnprintable writes what JSON leaves as it is and a terminal may obey, such as C1 controls and marks of
// direction, as \u escapes. All of it stands inside of strings.
func escapeUnprintable(encoded []byte) []byte {
	if bytes.IndexFunc(encoded, isHarmful) < 0 {
		return encoded
	}
	safe := make([]byte, 0, len(encoded)+len(encoded)/8)
	for _, r := range string(encoded) {
		if !isHarmful(r) {
			safe = utf8.AppendRune(safe, r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			safe = fmt.Appendf(safe, `\u%04x`, unit)
		}
	}
	return safe
}

func isHarmful(r rune) bool { return r != '\n' && r != ' ' && !unicode.IsPrint(r) }

// widest is how many columns a table should have at most, and gap how many blanks stand between two of its cells.
const (
	widest = 80
	gap    = 2
)

// writeText writes a table for each run.
func writeText(w io.Writer, entries []Entry, onlyOpen bool) error {
	out := tabwriter.NewWriter(w, 0, 0, gap, ' ', 0)
	open := 0
	for first := 0; first < len(entries); {
		last := first
		for last < len(entries) && sameGroup(&entries[first], &entries[last]) {
			if !entries[last].Ended() {
				open++
			}
			last++
		}
		writeRun(out, entries[first:last])
		first = last
	}
	total := strconv.Itoa(len(entries)) + " changes"
	if len(entries) == 1 {
		total = "1 change"
	}
	switch {
	case len(entries) == 0 && onlyOpen:
		_, _ = fmt.Fprintln(out, "No open changes.")
	case len(entries) == 0:
		_, _ = fmt.Fprintln(out, "No changes.")
	default:
		_, _ = fmt.Fprintf(out, "%s, %d open.\n", total, open)
	}
	return out.Flush() // of all errors the first: the writer keeps it
}

func sameGroup(a, b *Entry) bool {
	return a.Run == b.Run && a.Note == b.Note && a.Time.Format(time.DateOnly) == b.Time.Format(time.DateOnly)
}

// writeRun writes the changes of one run on one day. The last column has what may be long.
func writeRun(out io.Writer, entries []Entry) {
	heading := "Run " + entries[0].Run + " on " + entries[0].Time.Format(time.DateOnly)
	if entries[0].Note != "" {
		heading += ": " + entries[0].Note
	}
	_, _ = fmt.Fprintln(out, printable(heading))
	_, _ = fmt.Fprintln(out, "UTC\tOUTCOME\tSIM\tCHANGE")
	outcomes, sims := len("OUTCOME"), len("SIM")
	for i := range entries {
		outcomes = max(outcomes, utf8.RuneCountInString(shownOutcome(&entries[i])))
		sims = max(sims, utf8.RuneCountInString(printable(entries[i].SIM)))
	}
	before := len(time.TimeOnly) + outcomes + sims + 3*gap
	for i := range entries {
		e := &entries[i]
		change, values := printable(e.Kind), ""
		if e.From != "" || e.To != "" {
			values = strings.TrimSpace(printable(e.From) + " -> " + printable(e.To))
			change += ":"
		}
		switch {
		case values == "":
		case before+utf8.RuneCountInString(change+" "+values) <= widest:
			change += " " + values
		default:
			change += "\n\t\t\t" + values
		}
		_, _ = fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", e.Time.Format(time.TimeOnly), shownOutcome(e), printable(e.SIM), change)
	}
	_, _ = fmt.Fprintln(out)
}

func shownOutcome(e *Entry) string {
	if !e.Answered {
		return "no answer"
	}
	return printable(strings.ReplaceAll(string(e.Outcome), "_", " "))
}

// printable shows what a terminal could obey as escapes, so that no value moves a cursor or starts a line or a column.
func printable(s string) string {
	if strings.IndexFunc(s, isUnprintable) < 0 && utf8.ValidString(s) {
		return s
	}
	var safe strings.Builder
	for _, r := range s {
		if isUnprintable(r) {
			quoted := strconv.QuoteRuneToASCII(r)
			safe.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		safe.WriteRune(r)
	}
	return safe.String()
}

func isUnprintable(r rune) bool { return !unicode.IsPrint(r) }
