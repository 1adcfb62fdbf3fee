package provider

import (
	"fmt"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// kind is a class of live changes. It ends the summary of each planned change's warning; Terraform folds warnings of
// one summary into one with a count, so it must not name the SIM.
type kind string

const (
	simCardCreation    kind = "SIM card creation"
	simCardUpdate      kind = "SIM card update"
	simCardDeletion    kind = "SIM card deletion"
	simStatusChange    kind = "SIM status"
	aaGroupAssignment  kind = "auto-activation group"
	mvnoSIMSwap        kind = "MVNO SIM swap"
	liveSummary             = "Live, irreversible change: "
	nothingSummary          = "Nothing is changed on the network: "
	cannotBeUndone          = "It can't be undone automatically."
	readOnlySummary         = "Read-only provider"
	tooManyLiveChanges      = "Too many live changes"
)

// liveChange is one change that a plan would send.
type liveChange struct {
	kind kind
	// sim identifies the SIM among all changes of the kind; "" where it is known after apply.
	sim string
	// what says what changes on which SIM: "SIM TMSP-8949…: status INACTIVE -> ACTIVE."
	what string
	// meaning says what that is for service and charging.
	meaning string
}

// liveChanges counts what a plan holds and what an apply has sent, and holds both to the user's limits. A plan and an
// apply are two processes, so each has its own.
type liveChanges struct {
	readOnly bool
	limit    int // 0: none

	mu       sync.Mutex
	planned  map[string]bool
	unnamed  int
	reported bool
	sent     int
}

func newLiveChanges(readOnly bool, limit int) *liveChanges {
	return &liveChanges{readOnly: readOnly, limit: limit, planned: map[string]bool{}}
}

// planMany warns about the planned changes of many SIMs at once, and counts each; a SIM "" is known after apply.
func (l *liveChanges) planMany(diags *diag.Diagnostics, k kind, what, meaning string, sims []string) {
	if meaning != "" {
		meaning += " "
	}
	diags.AddWarning(liveSummary+string(k), what+"\n\n"+meaning+cannotBeUndone)
	for _, sim := range sims {
		l.count(diags, string(k)+" "+sim, sim != "")
	}
}

// plan warns about a planned change, and fails the plan once it holds more distinct ones than the limit.
func (l *liveChanges) plan(diags *diag.Diagnostics, c liveChange) {
	l.planMany(diags, c.kind, c.what, c.meaning, []string{c.sim})
}

// count adds a planned change under its key; without a name each call counts anew.
func (l *liveChanges) count(diags *diag.Diagnostics, key string, named bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !named:
		l.unnamed++
	default:
		l.planned[key] = true
	}
	// Errors are never folded: one says it for all.
	if total := len(l.planned) + l.unnamed; l.limit > 0 && total > l.limit && !l.reported {
		l.reported = true
		diags.AddError(tooManyLiveChanges, fmt.Sprintf(
			"This plan holds more than %s, the limit that max_live_changes (%s) sets.\n\n"+
				"Look for what makes the plan this large. If it is meant, raise max_live_changes, or apply in parts with -target.",
			plural(l.limit, "live change"), envMaxLiveChanges))
	}
}

// begin is asked right before a change is sent, and refuses it with an error where the provider is read-only or the
// apply has sent as many as it may.
func (l *liveChanges) begin(diags *diag.Diagnostics, k kind, sim string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.readOnly {
		diags.AddError(readOnlySummary, fmt.Sprintf(
			"The %s of %s was not sent, since the provider is configured with read_only = true (%s). Nothing has changed.",
			k, sim, envReadOnly))
		return false
	}
	if l.limit > 0 && l.sent >= l.limit {
		diags.AddError(tooManyLiveChanges, fmt.Sprintf(
			"The %s of %s was not sent, since this apply has already sent %s, the limit that max_live_changes (%s) "+
				"sets. Apply again to go on, or raise max_live_changes.",
			k, sim, plural(l.sent, "live change"), envMaxLiveChanges))
		return false
	}
	l.sent++
	return true
}

// planNothing says that a destroy leaves the network as it is. The text names the SIM, since Terraform prints no
// address on such warnings.
func planNothing(diags *diag.Diagnostics, k kind, detail string) {
	diags.AddWarning(nothingSummary+string(k), detail)
}
