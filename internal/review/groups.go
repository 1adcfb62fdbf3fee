package review

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

// mostTransitions is how many transitions of a kind stand apart; the rarer ones share a group.
const mostTransitions = 12

// group is what a report shows under one heading: the changes of one transition, or of the rare ones of a kind.
type group struct {
	title    string
	meanings []string
	count    int
	rows     []row
	// ends: some of the SIMs are given up for good.
	ends bool
}

// row is one change, as parts that may each go on a line of its own.
type row struct {
	sim, what, address string
	certain            bool
}

// groups are the live changes by transition, for people.
func (r *Report) groups() []group {
	apart := map[livechange.Kind]int{}
	rare := map[livechange.Kind]int{} // index of the group that the rare ones share
	var groups []group
	for _, t := range r.ByTransition() {
		apart[t.Kind]++
		if apart[t.Kind] <= mostTransitions {
			groups = append(groups, group{
				title: t.Title(), meanings: []string{t.Meaning}, count: t.Count,
				rows: rowsOf(t.Changes, false), ends: ends(t.Changes),
			})
			continue
		}
		i, ok := rare[t.Kind]
		if !ok {
			i = len(groups)
			rare[t.Kind] = i
			groups = append(groups, group{})
		}
		g := &groups[i]
		g.title = fmt.Sprintf("%s: %s", t.Kind, plural(apart[t.Kind]-mostTransitions, "rarer transition"))
		if !slices.Contains(g.meanings, t.Meaning) {
			g.meanings = append(g.meanings, t.Meaning)
		}
		g.count += t.Count
		g.ends = g.ends || ends(t.Changes)
		g.rows = append(g.rows, rowsOf(t.Changes, true)...)
	}
	return groups
}

func ends(changes []Change) bool {
	return slices.ContainsFunc(changes, func(c Change) bool {
		return c.terminates == yes && c.To.Text != Sensitive || c.Kind == livechange.SIMCardDeletion
	})
}

func rowsOf(changes []Change, mixed bool) []row {
	rows := make([]row, len(changes))
	for i, c := range changes {
		rows[i] = row{sim: c.named(), address: c.Address, certain: c.Certain}
		if mixed || c.what != c.transition {
			rows[i].what = c.what
		}
	}
	return rows
}

// matrix is how many SIMs go from which status to which.
type matrix struct {
	from, to []string
	count    map[[2]string]int
}

// statusMatrix counts the changes of status; ok is false where a list of transitions says it as well.
func (r *Report) statusMatrix() (m matrix, ok bool) {
	m.count = map[[2]string]int{}
	from, to := map[string]int{}, map[string]int{}
	for _, c := range r.Changes {
		if c.Kind == livechange.SIMStatus && strings.Contains(c.transition, livechange.Arrow) {
			m.count[[2]string{c.From.Text, c.To.Text}] += c.Count
			from[c.From.Text] += c.Count
			to[c.To.Text] += c.Count
		}
	}
	m.from, m.to = byFrequency(from), byFrequency(to)
	return m, len(m.from) > 1 && len(m.to) > 1 && len(m.count) > 2
}

func byFrequency(counts map[string]int) []string {
	names := make([]string, 0, len(counts))
	for name := range counts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(counts[b]-counts[a], strings.Compare(a, b)) })
	return names
}

// violationsByWhat groups the violations that differ by their SIM alone, in the order of the first of each.
func (r *Report) violationsByWhat() [][]Violation {
	type key struct{ rule, what string }
	index := map[key]int{}
	var groups [][]Violation
	for _, v := range r.Violations {
		k := key{v.Rule, v.What}
		i, ok := index[k]
		if !ok {
			i = len(groups)
			index[k] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], v)
	}
	return groups
}

// reason is why a number of changes was not reviewed.
type reason struct {
	why       string
	addresses []string
}

// skippedByReason groups what was not reviewed, the most frequent reason first.
func (r *Report) skippedByReason() []reason {
	index := map[string]int{}
	var reasons []reason
	for _, s := range r.NotReviewed {
		i, ok := index[s.Why]
		if !ok {
			i = len(reasons)
			index[s.Why] = i
			reasons = append(reasons, reason{why: s.Why})
		}
		reasons[i].addresses = append(reasons[i].addresses, s.Address)
	}
	slices.SortStableFunc(reasons, func(a, b reason) int {
		return cmp.Or(len(b.addresses)-len(a.addresses), strings.Compare(a.why, b.why))
	})
	return reasons
}

// headline is the sum of the report in one sentence.
func (r *Report) headline() string {
	n := r.LiveChanges()
	if n == 0 {
		return "No live changes"
	}
	text := plural(n, "live change")
	if uncertain := r.uncertain(); uncertain > 0 {
		text += fmt.Sprintf(", %d of them certain only after apply", uncertain)
	}
	return text
}

// provenance says which plan this is, as far as the plan tells; quote is how a value stands in the format.
func (r *Report) provenance(quote func(value string) string) string {
	var parts []string
	if r.Planned != "" {
		parts = append(parts, "Planned "+quote(r.Planned))
	}
	if r.Terraform != "" {
		parts = append(parts, "CLI version "+quote(r.Terraform))
	}
	return strings.Join(parts, ", ")
}

// plain is a value as it is.
func plain(value string) string { return value }

// kept says which limits the plan holds to; "" where there are none, or some are broken.
func (r *Report) kept() string {
	var parts []string
	if r.limits.Max != nil {
		parts = append(parts, "at most "+plural(*r.limits.Max, "live change"))
	}
	for _, rule := range r.limits.Deny {
		parts = append(parts, "no "+rule)
	}
	if len(parts) == 0 || len(r.Violations) > 0 {
		return ""
	}
	return "Within the limits: " + strings.Join(parts, ", ")
}

// The headings and sentences that all formats share.
const (
	cannotBeUndone   = "No live change can be undone automatically."
	uncertainLegend  = "Only the apply will tell whether, or to what, this SIM changes."
	waitsTitle       = "Waits that are only picked up"
	waitsText        = "Sent by an earlier apply and not finished; this plan sends nothing for them."
	leftAloneTitle   = "Left as they are on the network"
	leftAloneText    = "Terraform gives these up, or moves them, and sends nothing."
	unprotectedTitle = "Deletion protection taken off"
	unprotectedText  = "Nothing is sent for this, but a later plan may delete these SIM cards."
	skippedTitle     = "Not reviewed"
)
