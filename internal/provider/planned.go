package provider

import (
	"fmt"
	"slices"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

const tooManyLiveChanges = "Too many live changes"

// liveChange is one change that a plan would send.
type liveChange struct {
	kind livechange.Kind
	// sim identifies the SIM among all changes of the kind; "" where it is known after apply.
	sim string
	// what says what changes on which SIM: "SIM TMSP-8949…: status INACTIVE -> ACTIVE."
	what string
	// to is the status or state that is wanted, for what it means for service and charging; "" where it stays.
	to string
}

// plannedChanges counts the live changes of a plan, and holds it to the user's limit. A plan and an apply are two
// processes, so an apply is held to it by what it has sent.
type plannedChanges struct {
	limit int // 0: none

	mu       sync.Mutex
	planned  map[string]bool
	unnamed  int
	reported bool
}

// warn warns about a planned change, and fails the plan once it holds more distinct ones than the limit.
func (p *plannedChanges) warn(diags *diag.Diagnostics, c liveChange) {
	p.warnMany(diags, c.kind, c.what, c.kind.Meaning(c.to), []string{c.sim})
}

// warnMany warns about the planned changes of many SIMs at once, and counts each; a SIM "" is known after apply.
func (p *plannedChanges) warnMany(diags *diag.Diagnostics, kind livechange.Kind, what, meaning string, sims []string) {
	if meaning != "" {
		meaning += " "
	}
	diags.AddWarning(kind.Summary(), what+"\n\n"+meaning+livechange.CannotBeUndone)
	for _, sim := range sims {
		p.count(diags, kind, sim)
	}
}

// count adds a planned change; one without a name counts anew each time. A SIM that is planned twice in one run counts
// once.
func (p *plannedChanges) count(diags *diag.Diagnostics, kind livechange.Kind, sim string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if sim == "" {
		p.unnamed++
	} else {
		p.planned[string(kind)+" "+sim] = true
	}
	// Errors are never folded: one says it for all.
	if total := len(p.planned) + p.unnamed; p.limit > 0 && total > p.limit && !p.reported {
		p.reported = true
		diags.AddError(tooManyLiveChanges, fmt.Sprintf(
			"This plan has more than %s, the limit that max_live_changes (%s) sets for each provider block.\n\n"+
				"Look for what makes the plan this large. If it is intended, raise max_live_changes, or apply in parts with "+
				"-target.",
			plural(p.limit, "live change"), envMaxLiveChanges))
	}
}

// staleState ends the sentence about a SIM that shows something else than the state says.
func staleState(says string) string {
	return fmt.Sprintf(" The state says %s, and an apply is held to that: it sends nothing. Refresh the state and plan "+
		"again.", says)
}

// warnLeftAlone says that a destroy leaves the network as it is. The text names the SIM, since Terraform prints no
// address on such warnings.
func warnLeftAlone(diags *diag.Diagnostics, kind livechange.Kind, detail string) {
	diags.AddWarning(kind.LeftAloneSummary(), detail)
}

// plannedFleets are the changes that plans of this run have announced of fleets, SIM by SIM, by their last_change,
// which has a digest over all of them. Terraform plans an object once more before it applies it, so its apply finds
// them here: a value of the plan holds Terraform to the whole, and this holds each SIM to what was read of it.
type plannedFleets struct {
	mu           sync.Mutex
	byLastChange map[string]map[string]string // by product id, what the SIM showed
}

func (p *plannedFleets) add(lastChange string, announced []fleetChange) {
	shown := make(map[string]string, len(announced))
	for _, c := range announced {
		shown[c.SIM] = c.From
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byLastChange == nil {
		p.byLastChange = map[string]map[string]string{}
	}
	p.byLastChange[lastChange] = shown
}

// hold holds the changes to what the plan with that last_change has announced, where it has named each SIM.
func (p *plannedFleets) hold(lastChange types.String, changes []fleetChange) []fleetChange {
	p.mu.Lock()
	shown, known := p.byLastChange[lastChange.ValueString()]
	p.mu.Unlock()
	if !known {
		return changes
	}
	held := slices.Clone(changes)
	for i, c := range held {
		from, announced := shown[c.SIM]
		held[i].planned, held[i].inStep = from, !announced
	}
	return held
}
