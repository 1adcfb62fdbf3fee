package review

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode"
)

// mostRows is how many rows the text shows of one transition.
const mostRows = 50

// Text is the report for a terminal. No line is wider than the width, and none begins with a value of the plan.
func (r *Report) Text(width int) []byte {
	w := &textWriter{width: width}
	r.textViolations(w)
	w.heading(r.headline())
	if text := r.provenance(plain); text != "" {
		w.line("  ", "  | ", text)
	}
	if text := r.kept(); text != "" {
		w.line("  ", "  ", text)
	}
	if len(r.Changes) > 0 {
		w.line("  ", "  ", cannotBeUndone)
	}
	r.textTotals(w)
	r.textChanges(w)
	w.objects(waitsTitle, waitsText, r.Waits)
	w.objects(leftAloneTitle, leftAloneText, r.LeftAlone)
	w.objects(unprotectedTitle, unprotectedText, r.Unprotected)
	if n := len(r.NotReviewed); n > 0 {
		w.heading(fmt.Sprintf("%s: %d", skippedTitle, n))
		for _, reason := range r.skippedByReason() {
			w.line(fmt.Sprintf("  %d x ", len(reason.addresses)), "    | ", reason.why)
			w.list(len(reason.addresses), "addresses", func(i int) { w.line("    - ", "    | ", reason.addresses[i]) })
		}
	}
	return []byte(w.b.String())
}

// textViolations names each violation: nobody must have to look for the one that was meant to be found.
func (r *Report) textViolations(w *textWriter) {
	if len(r.Violations) == 0 {
		return
	}
	w.heading(fmt.Sprintf("Violations of the limits: %d", len(r.Violations)))
	for _, same := range r.violationsByWhat() {
		first := same[0]
		if len(same) == 1 {
			w.row("  - ", first.Rule+": "+first.short(), first.place())
			continue
		}
		w.line("  - ", "    | ", fmt.Sprintf("%s: %s (%d)", first.Rule, first.What, len(same)))
		for _, v := range same {
			w.row("    - ", v.Subject, v.place())
		}
	}
}

func (r *Report) textTotals(w *textWriter) {
	kinds := r.ByKind()
	if len(kinds) == 0 {
		return
	}
	w.heading("Totals")
	for _, t := range kinds {
		w.line(fmt.Sprintf("%7d  ", t.Count), "       | ", string(t.Kind))
	}
	w.blank()
	m, ok := r.statusMatrix()
	if ok {
		ok = w.matrix(m)
	}
	apart := ok // the matrix stands apart from what follows
	for _, g := range r.groups() {
		if ok && strings.HasPrefix(g.title, "SIM status: ") {
			continue // the matrix has them
		}
		if apart {
			w.blank()
			apart = false
		}
		w.line(fmt.Sprintf("%7d  ", g.count), "       | ", g.title)
	}
}

func (r *Report) textChanges(w *textWriter) {
	uncertain := false
	for _, g := range r.groups() {
		w.blank()
		w.line("", "  | ", fmt.Sprintf("%s (%d)", g.title, g.count))
		for _, meaning := range g.meanings {
			w.line("  ", "  ", meaning)
		}
		w.list(len(g.rows), "of these", func(i int) {
			one := g.rows[i]
			bullet := "  - "
			if !one.certain {
				bullet, uncertain = "  ? ", true
			}
			subject := one.sim
			if one.what != "" {
				subject += ": " + one.what
			}
			w.row(bullet, subject, one.address)
		})
	}
	if uncertain {
		w.blank()
		w.line("  ? ", "    ", uncertainLegend)
	}
}

// textWriter writes lines of a width.
type textWriter struct {
	b     strings.Builder
	width int
}

func (w *textWriter) blank() { w.b.WriteByte('\n') }

func (w *textWriter) heading(text string) {
	if w.b.Len() > 0 {
		w.blank()
	}
	w.line("", "  ", text)
}

// list writes the first rows of n, and says how many more there are.
func (w *textWriter) list(n int, noun string, write func(i int)) {
	for i := range min(n, mostRows) {
		write(i)
	}
	if n > mostRows {
		w.line("  + ", "    ", fmt.Sprintf("%d more %s; the formats json and html show all", n-mostRows, noun))
	}
}

func (w *textWriter) objects(title, text string, objects []Object) {
	if len(objects) == 0 {
		return
	}
	w.heading(fmt.Sprintf("%s: %d", title, len(objects)))
	w.line("  ", "  ", text)
	w.list(len(objects), "of these", func(i int) { w.row("  - ", objects[i].SIM.Text, objects[i].Address) })
}

// row writes what changes and where, on one line or on two.
func (w *textWriter) row(bullet, subject, address string) {
	indent := strings.Repeat(" ", len(bullet))
	if address == "" {
		w.line(bullet, indent+"| ", subject)
		return
	}
	if one := bullet + subject + " at " + address; columns(one) <= w.width {
		w.b.WriteString(one + "\n")
		return
	}
	w.line(bullet, indent+"| ", subject)
	w.line(indent+"at ", indent+"| ", address)
}

// matrix writes how many SIMs go from which status to which; ok is false where it is too wide.
func (w *textWriter) matrix(m matrix) (ok bool) {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintf(table, "SIM status  to\t%s\t\n", strings.Join(m.to, "\t"))
	for _, from := range m.from {
		_, _ = fmt.Fprintf(table, "from %s\t", from)
		for _, to := range m.to {
			cell := "-"
			if n := m.count[[2]string{from, to}]; n > 0 {
				cell = fmt.Sprint(n)
			}
			_, _ = fmt.Fprintf(table, "%s\t", cell)
		}
		_, _ = fmt.Fprintln(table)
	}
	_ = table.Flush()
	for line := range strings.Lines(b.String()) {
		if columns(strings.TrimSuffix(line, "\n")) > w.width {
			return false
		}
	}
	w.b.WriteString(b.String())
	return true
}

// line writes a text behind its lead, and what does not fit behind hang, which is never blank where the text has values
// of the plan: so none begins a line.
func (w *textWriter) line(lead, hang, text string) {
	line, used, room := lead, 0, w.width-columns(lead)
	flush := func() {
		w.b.WriteString(strings.TrimRight(line, " ") + "\n")
		line, used, room = hang, 0, w.width-columns(hang)
	}
	for i, word := range strings.Split(text, " ") {
		size := columns(word)
		switch {
		case i == 0:
		case used+1+size <= room:
			line, used = line+" ", used+1
		default:
			flush()
		}
		for ; size > room-used; size = columns(word) { // longer than a line: an address, or an attack
			head, tail := split(word, room-used)
			line += head
			word = tail
			flush()
		}
		line, used = line+word, used+size
	}
	flush()
}

// split cuts a word after so many columns, and after one rune at least.
func split(word string, room int) (head, tail string) {
	used := 0
	for i, r := range word {
		if used += columnsOf(r); used > room && i > 0 {
			return word[:i], word[i:]
		}
	}
	return word, ""
}

func columns(text string) int {
	n := 0
	for _, r := range text {
		n += columnsOf(r)
	}
	return n
}

// columnsOf is how many columns a terminal gives a rune: two to what is East Asian and wide, and to emoji, none to an
// accent that is set over the rune before.
func columnsOf(r rune) int {
	switch {
	case unicode.Is(unicode.Mn, r):
		return 0
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul),
		r >= 0xff01 && r <= 0xff60, r >= 0x1f300 && r <= 0x1faff, r >= 0x3000 && r <= 0x303f:
		return 2
	}
	return 1
}
