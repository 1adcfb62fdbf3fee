package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// cost is what one command of the CLI took.
type cost struct {
	wall time.Duration
	// cpuCLI is the CPU time of the CLI; where processes can't be watched (all but Linux) it is that of the provider, too.
	cpuCLI time.Duration
	// provider says that there was a provider to watch; its CPU time, and the most memory that one of its processes had.
	provider    bool
	cpuProvider time.Duration
	memory      int64 // bytes
}

func (c cost) cpu() time.Duration { return c.cpuCLI + c.cpuProvider }

// row is one phase of one scenario.
type row struct {
	phase, what string
	sims        int
	cost        cost
	calls       map[string]int // by route; nil where there is no network
	reckoned    bool
}

func (r row) total() int {
	total := 0
	for _, n := range r.calls {
		total += n
	}
	return total
}

func ratio(a, b time.Duration) float64 { return a.Seconds() / max(b.Seconds(), 0.001) }

// table lays the rows out, each beside its ratio to the floor that it is compared with.
func table(rows []row, floor func(row) (row, bool)) string {
	lines := [][]string{{"what", "SIMs", "phase", "wall s", "x", "terraform CPU s", "provider CPU s", "x", "provider MiB",
		"API calls", "per SIM", "by route"}}
	for _, r := range rows {
		lines = append(lines, r.cells(floor))
	}
	return layOut(lines)
}

func (r row) cells(floor func(row) (row, bool)) []string {
	cells := []string{r.what, thousands(r.sims), r.phase, decimal(r.cost.wall), "-", decimal(r.cost.cpuCLI), "-", "-", "-",
		"-", "-", ""}
	if f, ok := floor(r); ok && r.what != f.what {
		about := ""
		if f.reckoned {
			about = "~"
		}
		cells[4] = about + times(r.cost.wall, f.cost.wall)
		cells[7] = about + times(r.cost.cpu(), f.cost.cpu())
	}
	if r.cost.provider {
		cells[6] = decimal(r.cost.cpuProvider)
		cells[8] = fmt.Sprint(r.cost.memory >> 20)
	}
	if r.calls != nil {
		cells[9] = thousands(r.total())
		cells[10] = fmt.Sprintf("%.2f", float64(r.total())/float64(r.sims))
		cells[11] = routes(r.calls)
	}
	return cells
}

func decimal(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()) }

func times(a, b time.Duration) string {
	if x := ratio(a, b); x < 0.1 {
		return fmt.Sprintf("%.3f", x)
	}
	return fmt.Sprintf("%.1f", ratio(a, b))
}

// routes lists the calls of each route, most first.
func routes(calls map[string]int) string {
	names := slices.SortedFunc(maps.Keys(calls), func(a, b string) int {
		if calls[a] != calls[b] {
			return calls[b] - calls[a]
		}
		return strings.Compare(a, b)
	})
	parts := make([]string, len(names))
	for i, name := range names {
		parts[i] = fmt.Sprintf("%s %d", name, calls[name])
	}
	return strings.Join(parts, ", ")
}

// thousands writes a count as 10,000.
func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// target is one promise of the provider and what was measured of it.
type target struct {
	what, measured, limit string
	kept                  bool
}

func targetTable(targets []target) string {
	lines := [][]string{{"promise", "measured", "promised", ""}}
	for _, t := range targets {
		verdict := "kept"
		if !t.kept {
			verdict = "MISSED"
		}
		lines = append(lines, []string{t.what, t.measured, t.limit, verdict})
	}
	return layOut(lines)
}

// layOut puts the cells into columns.
func layOut(lines [][]string) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, line := range lines {
		_, _ = fmt.Fprintln(w, strings.Join(line, "\t")) // a Builder takes all
	}
	_ = w.Flush()
	return out.String()
}
