package review

import (
	"cmp"
	"fmt"
	"html"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// mostCharacters is below what a comment of a pull request may hold, 65,536 on GitHub.
	mostCharacters = 59_000
	// mostGroups is how many transitions the comment tells apart, mostRunes how much of one value it shows.
	mostGroups = 20
	mostRunes  = 160
	mostTitle  = 100
)

// Markdown is the report as one comment of a pull request: a summary, and the SIMs folded. Whatever the plan, it is
// under 60,000 characters, and says what was cut.
func (r *Report) Markdown() []byte {
	var sections []section
	if n := len(r.Violations); n > 0 {
		title := fmt.Sprintf("### ⛔ %s of the limits\n\n", plural(n, "violation"))
		s := section{open: title, close: "\n", noun: "violation"}
		for _, v := range r.Violations {
			s.rows = append(s.rows, markdownViolation(v))
		}
		sections = append(sections, s)
	}
	groups, rest := r.markdownGroups()
	sections = append(sections, section{open: r.markdownSummary(groups, rest)})
	for _, g := range groups {
		sections = append(sections, markdownGroup(g))
	}
	sections = append(sections,
		markdownObjects(waitsTitle, waitsText, r.Waits),
		markdownObjects(leftAloneTitle, leftAloneText, r.LeftAlone),
		markdownObjects(unprotectedTitle, unprotectedText, r.Unprotected),
		markdownSkipped(r.NotReviewed))
	return []byte(compose(sections, mostCharacters))
}

// markdownGroups are the groups that the comment shows, and how many live changes the others have.
func (r *Report) markdownGroups() (shown []group, rest int) {
	shown = r.groups()
	for _, g := range shown[min(mostGroups, len(shown)):] {
		rest += g.count
	}
	return shown[:min(mostGroups, len(shown))], rest
}

func markdownViolation(v Violation) string {
	if v.Address == "" {
		return fmt.Sprintf("- **%s**: %s\n", v.Rule, v.Detail)
	}
	why := ""
	if v.Why != "" {
		why = " (" + v.Why + ")"
	}
	return fmt.Sprintf("- **%s**: %s: %s at %s%s\n",
		v.Rule, code(v.Subject, mostRunes), code(v.What, mostRunes), code(v.Address, mostRunes), why)
}

func (r *Report) markdownSummary(groups []group, rest int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n", r.headline())
	if text := r.kept(); text != "" {
		fmt.Fprintf(&b, "✅ %s\n\n", text)
	}
	if len(groups) > 0 {
		b.WriteString("| Live changes | Kind | Transition |\n| ---: | --- | --- |\n")
		for _, g := range groups {
			kind, transition := g.parts()
			fmt.Fprintf(&b, "| %d | %s | %s |\n", g.count, kind, code(transition, mostTitle))
		}
		if rest > 0 {
			fmt.Fprintf(&b, "| %d | rarer transitions | not listed here |\n", rest)
		}
		fmt.Fprintf(&b, "\n%s\n\n", cannotBeUndone)
	}
	if text := r.provenance(func(value string) string { return code(value, mostRunes) }); text != "" {
		fmt.Fprintf(&b, "%s.\n\n", text)
	}
	return b.String()
}

func markdownGroup(g group) section {
	kind, transition := g.parts()
	s := section{
		open: fmt.Sprintf("<details><summary>%s: %s (%d)</summary>\n\n%s\n\n",
			kind, codeHTML(transition, mostTitle), g.count, strings.Join(g.meanings, "\n")),
		close: "\n</details>\n\n",
		noun:  "row",
	}
	withWhat := slices.ContainsFunc(g.rows, func(r row) bool { return r.what != "" })
	if withWhat {
		s.open += "| SIM | Change | Address |\n| --- | --- | --- |\n"
	} else {
		s.open += "| SIM | Address |\n| --- | --- |\n"
	}
	for _, one := range g.rows {
		cells := []string{code(one.sim, mostRunes)}
		if !one.certain {
			cells[0] += " *certain only after apply*"
		}
		if withWhat {
			cells = append(cells, code(one.what, mostRunes))
		}
		s.rows = append(s.rows, "| "+strings.Join(append(cells, code(one.address, mostRunes)), " | ")+" |\n")
	}
	return s
}

// parts are kind and transition of a group's title.
func (g group) parts() (kind, transition string) {
	kind, transition, _ = strings.Cut(g.title, ": ")
	return kind, transition
}

func markdownObjects(title, text string, objects []Object) section {
	if len(objects) == 0 {
		return section{}
	}
	s := section{
		open: fmt.Sprintf("<details><summary>%s (%d)</summary>\n\n%s\n\n| SIM | Address |\n| --- | --- |\n",
			title, len(objects), text),
		close: "\n</details>\n\n", noun: "row",
	}
	for _, o := range objects {
		s.rows = append(s.rows, fmt.Sprintf("| %s | %s |\n", code(o.SIM.Text, mostRunes), code(o.Address, mostRunes)))
	}
	return s
}

func markdownSkipped(skipped []Skipped) section {
	if len(skipped) == 0 {
		return section{}
	}
	s := section{
		open: fmt.Sprintf("<details><summary>%s (%d)</summary>\n\n| Address | Why |\n| --- | --- |\n",
			skippedTitle, len(skipped)),
		close: "\n</details>\n\n", noun: "row",
	}
	for _, one := range skipped {
		s.rows = append(s.rows, fmt.Sprintf("| %s | %s |\n", code(one.Address, mostRunes), code(one.Why, mostRunes)))
	}
	return s
}

// section is a part of the comment whose rows may be cut.
type section struct {
	open, close string
	rows        []string
	noun        string
}

// compose joins the sections. Where not all rows have room, each section gets an equal share, and what one does not
// need goes to the others.
func compose(sections []section, limit int) string {
	const note = 80 // what the note of a cut takes, at most
	room := limit
	order := make([]int, len(sections))
	need := make([]int, len(sections))
	for i, s := range sections {
		order[i] = i
		room -= len(s.open) + len(s.close) + note
		for _, one := range s.rows {
			need[i] += len(one)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(need[a], need[b]) })
	share := make([]int, len(sections))
	for done, i := range order {
		share[i] = min(need[i], max(0, room)/(len(order)-done))
		room -= share[i]
	}

	var b strings.Builder
	for i, s := range sections {
		b.WriteString(s.open)
		shown := 0
		for ; shown < len(s.rows) && len(s.rows[shown]) <= share[i]; shown++ {
			b.WriteString(s.rows[shown])
			share[i] -= len(s.rows[shown])
		}
		if cut := len(s.rows) - shown; cut > 0 {
			fmt.Fprintf(&b, "\n**%s cut here: review in another format for all.**\n", plural(cut, s.noun))
		}
		b.WriteString(s.close)
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// code is a value of the plan as code, which neither ends a cell nor mentions, links or formats anything.
func code(text string, most int) string {
	text = shorten(text, most)
	if text == "" {
		return ""
	}
	if strings.ContainsAny(text, "`|\\") || strings.TrimSpace(text) != text {
		return element(text)
	}
	return "`" + text + "`"
}

// codeHTML is the same for a summary, which is HTML and no Markdown.
func codeHTML(text string, most int) string {
	return "<code>" + html.EscapeString(shorten(text, most)) + "</code>"
}

// element is for what a code span can't hold in a table. All but letters and digits is spelled as a number, so that
// Markdown finds nothing in it.
func element(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < utf8.RuneSelf && !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == ' ') {
			fmt.Fprintf(&b, "&#%d;", r)
			continue
		}
		b.WriteString(html.EscapeString(string(r)))
	}
	return "<code>" + b.String() + "</code>"
}

// shorten keeps the beginning of a text, and says how much is missing.
func shorten(text string, most int) string {
	n := utf8.RuneCountInString(text)
	if n <= most {
		return text
	}
	runes := []rune(text)
	return fmt.Sprintf("%s... and %d more characters", string(runes[:most]), n-most)
}
