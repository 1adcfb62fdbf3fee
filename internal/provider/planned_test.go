package provider

import (
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

// said is diagnostics as text, each as "severity: summary: detail".
func said(diags diag.Diagnostics) string {
	var lines []string
	for _, d := range diags {
		lines = append(lines, strings.ToLower(d.Severity().String())+": "+d.Summary()+": "+d.Detail())
	}
	return strings.Join(lines, "\n")
}

func activation(sim string) liveChange {
	return liveChange{kind: livechange.SIMStatus, sim: sim, what: "SIM " + sim + ": status INACTIVE -> ACTIVE.",
		to: "ACTIVE"}
}

func TestPlannedLiveChange(t *testing.T) {
	live := plannedChanges{limit: 0, planned: map[string]bool{}}
	var diags diag.Diagnostics
	live.warn(&diags, activation("TMSP-1"))
	want := "warning: Live, irreversible change: SIM status: SIM TMSP-1: status INACTIVE -> ACTIVE.\n\n" +
		"The SIM can use the network from then on, and charging may start at once. It can't be undone automatically."
	if got := said(diags); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestPlannedLimit: a plan is held to its distinct changes, one error says it for all.
func TestPlannedLimit(t *testing.T) {
	const tooMany = "error: Too many live changes: This plan has more than 2 live changes, the limit that " +
		"max_live_changes (TELCO_MAX_LIVE_CHANGES) sets for each provider block.\n\nLook for what makes the plan this " +
		"large. If it is intended, raise max_live_changes, or apply in parts with -target."
	for name, test := range map[string]struct {
		sims []string
		over bool
	}{
		"at the limit":         {[]string{"A", "B"}, false},
		"the same SIM again":   {[]string{"A", "B", "B", "A"}, false},
		"one over":             {[]string{"A", "B", "C"}, true},
		"many over":            {[]string{"A", "B", "C", "D", "E"}, true},
		"unknown SIMs, each":   {[]string{"", "", ""}, true},
		"unknown SIMs, as few": {[]string{"A", ""}, false},
	} {
		t.Run(name, func(t *testing.T) {
			live := plannedChanges{limit: 2, planned: map[string]bool{}}
			var diags diag.Diagnostics
			for _, sim := range test.sims {
				live.warn(&diags, activation(sim))
			}
			got, want := said(diags.Errors()), ""
			if test.over {
				want = tooMany
			}
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestWarnLeftAlone(t *testing.T) {
	var diags diag.Diagnostics
	warnLeftAlone(&diags, livechange.AutoActivation, "SIM 8949 stays armed.")
	if got, want := said(diags),
		"warning: Nothing is changed on the network: auto-activation group: SIM 8949 stays armed."; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
