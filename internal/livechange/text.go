package livechange

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Arrow stands between the value now and the value to be.
const Arrow = " -> "

// Status is the last_change of one SIM's status: "status INACTIVE -> ACTIVE".
func Status(from, to string) string { return "status " + from + Arrow + to }

// StatusFrom is what Status said that the SIM shows; "" for any other text.
func StatusFrom(text string) string { return from(text, "status ") }

// SwapFrom is what Swap said that the account holds; "" for any other text.
func SwapFrom(text string) string { return from(text, "SIM ") }

func from(text, prefix string) string {
	rest, ok := strings.CutPrefix(text, prefix)
	value, _, found := strings.Cut(rest, Arrow)
	if !ok || !found {
		return ""
	}
	return value
}

// Group is the last_change of an assignment: "auto-activation group (can't be read) -> LIVE10".
func Group(from, to string) string { return string(AutoActivation) + " " + from + Arrow + to }

// Swap is the last_change of a SIM swap: "SIM 8945019000000000001 -> autoAssign".
func Swap(from, to string) string { return "SIM " + from + Arrow + to }

// Creation is the last_change of an order: "(absent) -> created with state live"; state is "" where none is asked for.
func Creation(state string) string {
	if state == "" {
		return Absent + Arrow + "created"
	}
	return Absent + Arrow + "created with state " + state
}

// Field is one argument of a SIM card that changes.
type Field struct {
	Name     string
	From, To string
	// Hidden: free text and maps are named and never quoted, since a provider is not told what the user has marked as
	// sensitive. Of a map, Keys are those that change.
	Hidden bool
	Keys   []string
}

func (f Field) String() string {
	switch {
	case !f.Hidden:
		return f.Name + " " + f.From + Arrow + f.To
	case len(f.Keys) > 0:
		return fmt.Sprintf("%s changes (%s)", f.Name, strings.Join(f.Keys, ", "))
	}
	return f.Name + " changes"
}

// Fields is the last_change of a SIM card's update: "description changes; state live -> suspend".
func Fields(fields []Field) string {
	texts := make([]string, len(fields))
	for i, f := range fields {
		texts[i] = f.String()
	}
	return strings.Join(texts, "; ")
}

// Transition is the change of one SIM of a fleet. From is LiveStatus where it is read before anything is sent.
type Transition struct{ SIM, From, To string }

func (t Transition) String() string { return t.From + Arrow + t.To }

// Count is how many SIMs of a fleet go from one status to another.
type Count struct {
	From, To string
	N        int
}

func (c Count) String() string { return fmt.Sprintf("%d x %s%s%s", c.N, c.From, Arrow, c.To) }

// Counts counts each transition, the most frequent first.
func Counts(transitions []Transition) []Count {
	n := map[[2]string]int{}
	for _, t := range transitions {
		n[[2]string{t.From, t.To}]++
	}
	counts := make([]Count, 0, len(n))
	for t, count := range n {
		counts = append(counts, Count{t[0], t[1], count})
	}
	slices.SortFunc(counts, func(a, b Count) int {
		if a.N != b.N {
			return b.N - a.N
		}
		return strings.Compare(a.From+Arrow+a.To, b.From+Arrow+b.To)
	})
	return counts
}

// Fleet is the last_change of a fleet: the count of each transition, and a digest over all its SIMs, since a plan of
// 10,000 can't name them all: "2 x INACTIVE -> ACTIVE; 1 x ACTIVE -> SUSPENDED (sha256 1f3c5a7b9d2e)".
func Fleet(transitions []Transition) string {
	counts := Counts(transitions)
	texts := make([]string, len(counts))
	for i, c := range counts {
		texts[i] = c.String()
	}
	return fmt.Sprintf("%s (sha256 %s)", strings.Join(texts, "; "), digest(transitions))
}

// digest is the first six bytes of the SHA-256 over one line for each SIM, in the order of the SIMs.
func digest(transitions []Transition) string {
	sorted := slices.SortedFunc(slices.Values(transitions),
		func(a, b Transition) int { return strings.Compare(a.SIM, b.SIM) })
	hash := sha256.New()
	for _, t := range sorted {
		hash.Write([]byte(t.SIM + " " + t.From + Arrow + t.To + "\n"))
	}
	return hex.EncodeToString(hash.Sum(nil)[:6])
}

var (
	fleetText = regexp.MustCompile(`^(.+) \(sha256 [0-9a-f]{12}\)$`)
	countText = regexp.MustCompile(`^(\d+) x (.+?) -> (.+)$`)
)

// ParseFleet reads what Fleet writes; ok is false for any other text.
func ParseFleet(text string) (counts []Count, ok bool) {
	whole := fleetText.FindStringSubmatch(text)
	if whole == nil {
		return nil, false
	}
	for part := range strings.SplitSeq(whole[1], "; ") {
		m := countText.FindStringSubmatch(part)
		if m == nil {
			return nil, false
		}
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return nil, false
		}
		counts = append(counts, Count{From: m[2], To: m[3], N: n})
	}
	return counts, true
}
