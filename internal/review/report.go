// Package review finds the live changes in the JSON of a saved plan and reports them, for people and for pipelines.
//
// It calls no API and knows no provider server: a plan goes in, a report comes out. What a change means is said in the
// words of internal/livechange, which the provider's warnings use as well.
package review

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

// Report is what a plan would do on live networks.
type Report struct {
	// Terraform is the version of the CLI that made the plan, Planned when; "" where the plan does not say.
	Terraform, Planned string

	Violations []Violation
	Changes    []Change
	// Waits are changes of an earlier run that are only waited for: nothing is sent.
	Waits []Object
	// LeftAlone are objects that Terraform gives up and that stay on the network as they are.
	LeftAlone []Object
	// Unprotected are SIM cards whose deletion_protection is taken off.
	Unprotected []Object
	NotReviewed []Skipped

	limits Limits
}

// Change is one live change of one SIM, or of a new fleet's SIMs that share a transition.
type Change struct {
	Kind    livechange.Kind
	SIM     Value
	From    Value
	To      Value
	Count   int
	Fields  []Field // the arguments of a SIM card that change, in an update
	Address string
	// Certain is false where it is known only after apply whether, or to what, this SIM changes.
	Certain bool

	// meaning is the text that livechange has for what the change means.
	meaning string
	// transition is what changes of one kind are grouped by; what says it of this SIM.
	transition, what string
	// note says more of the SIM than its name.
	note string
	// terminates: the change ends, or may end, the SIM's contract.
	terminates verdict
	// byKeyword: a swap to a SIM that the service chooses, without the one that it replaces.
	byKeyword verdict
	// fleet: the entry stands for SIMs of a fleet that are not named.
	fleet bool
	// open: which SIM, or its target, is known after apply.
	open bool
}

// subject names what changes, in the words of the provider's warnings.
func (c *Change) subject() string {
	switch c.Kind {
	case livechange.SIMCardCreation, livechange.SIMCardUpdate, livechange.SIMCardDeletion:
		return "SIM card " + c.SIM.Text
	case livechange.MVNOSIMSwap:
		return "MVNO account " + c.SIM.Text
	case livechange.SIMStatus, livechange.AutoActivation:
	}
	if c.fleet {
		return c.SIM.Text
	}
	return "SIM " + c.SIM.Text
}

// named is the SIM with what belongs to its name.
func (c *Change) named() string {
	switch {
	case c.Count > 1:
		return fmt.Sprintf("%s (%d SIMs)", c.SIM.Text, c.Count)
	case c.note != "":
		return fmt.Sprintf("%s (%s)", c.SIM.Text, c.note)
	}
	return c.SIM.Text
}

// verdict is the answer to a question about a change.
type verdict int

const (
	no verdict = iota
	maybe
	yes
)

// Field is one argument of a SIM card that changes. Free text and maps have no values here.
type Field struct {
	Name string `json:"name"`
	From Value  `json:"from"`
	To   Value  `json:"to"`
}

// Object is something that the plan touches without a live change.
type Object struct {
	SIM     Value  `json:"sim"`
	Address string `json:"address"`
}

// Skipped is a part of the plan that was not reviewed.
type Skipped struct {
	Address string `json:"address"`
	Why     string `json:"why"`
}

// LiveChanges is the number of SIMs that change, each kind of change counted anew.
func (r *Report) LiveChanges() int { return live(r.Changes) }

func live(changes []Change) int {
	total := 0
	for _, c := range changes {
		total += c.Count
	}
	return total
}

func (r *Report) uncertain() int {
	total := 0
	for _, c := range r.Changes {
		if !c.Certain {
			total += c.Count
		}
	}
	return total
}

// Total is how many live changes one kind, or one transition of a kind, has.
type Total struct {
	Kind       livechange.Kind
	Transition string
	Meaning    string
	Count      int
	Changes    []Change
}

// ByKind adds up the live changes of each kind, the most frequent first.
func (r *Report) ByKind() []Total {
	return total(r.Changes, func(c Change) Total { return Total{Kind: c.Kind} })
}

// ByTransition adds up the live changes of each transition, the most frequent first.
func (r *Report) ByTransition() []Total {
	return total(r.Changes, func(c Change) Total {
		return Total{Kind: c.Kind, Transition: c.transition, Meaning: c.meaning}
	})
}

func total(changes []Change, of func(Change) Total) []Total {
	type key struct {
		kind                livechange.Kind
		transition, meaning string
	}
	index := map[key]int{}
	var totals []Total
	for _, c := range changes {
		t := of(c)
		k := key{t.Kind, t.Transition, t.Meaning}
		i, ok := index[k]
		if !ok {
			i = len(totals)
			index[k] = i
			totals = append(totals, t)
		}
		totals[i].Count += c.Count
		totals[i].Changes = append(totals[i].Changes, c)
	}
	slices.SortStableFunc(totals, func(a, b Total) int {
		return cmp.Or(b.Count-a.Count, cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Transition, b.Transition))
	})
	return totals
}

// Title names a total: "SIM status: INACTIVE -> ACTIVE".
func (t Total) Title() string {
	if t.Transition == "" {
		return string(t.Kind)
	}
	return string(t.Kind) + ": " + t.Transition
}

// plural is a number with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
