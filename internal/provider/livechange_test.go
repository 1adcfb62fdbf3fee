package provider

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
)

// said is diagnostics as text, each as "severity: summary: detail".
func said(diags diag.Diagnostics) string {
	var lines []string
	for _, d := range diags {
		lines = append(lines, strings.ToLower(d.Severity().String())+": "+d.Summary()+": "+d.Detail())
	}
	return strings.Join(lines, "\n")
}

func statusOf(sim string) liveChange {
	return liveChange{kind: simStatusChange, sim: sim, what: "SIM " + sim + ": status INACTIVE -> ACTIVE.", meaning: "Charging may start."}
}

func TestPlannedLiveChange(t *testing.T) {
	live := newLiveChanges(false, 0)
	var diags diag.Diagnostics
	live.plan(&diags, statusOf("TMSP-1"))
	want := "warning: Live, irreversible change: SIM status: SIM TMSP-1: status INACTIVE -> ACTIVE.\n\n" +
		"Charging may start. It can't be undone automatically."
	if got := said(diags); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestPlannedLimit: a plan is held to its distinct changes, one error says it for all.
func TestPlannedLimit(t *testing.T) {
	const tooMany = "error: Too many live changes: This plan holds more than 2 live changes, the limit that max_live_changes " +
		"(TELCO_MAX_LIVE_CHANGES) sets.\n\nLook for what makes the plan this large. If it is meant, raise max_live_changes, or apply in parts " +
		"with -target."
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
			live := newLiveChanges(false, 2)
			var diags diag.Diagnostics
			for _, sim := range test.sims {
				live.plan(&diags, statusOf(sim))
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

func TestSentLimit(t *testing.T) {
	live := newLiveChanges(false, 2)
	var diags diag.Diagnostics
	for _, sim := range []string{"A", "B"} {
		if !live.begin(&diags, simStatusChange, "SIM "+sim) {
			t.Errorf("%s was refused", sim)
		}
	}
	if live.begin(&diags, simStatusChange, "SIM C") {
		t.Error("a third change was let through")
	}
	want := "error: Too many live changes: The SIM status of SIM C was not sent, since this apply has already sent 2 live changes, the " +
		"limit that max_live_changes (TELCO_MAX_LIVE_CHANGES) sets. Apply again to go on, or raise max_live_changes."
	if got := said(diags); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestSentLimitIsExact: many at the same time pass no more than the limit.
func TestSentLimitIsExact(t *testing.T) {
	live := newLiveChanges(false, 7)
	var passed atomic.Int32
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			var diags diag.Diagnostics
			if live.begin(&diags, simStatusChange, fmt.Sprint("SIM ", i)) {
				passed.Add(1)
			}
		})
	}
	all.Wait()
	if passed.Load() != 7 {
		t.Errorf("%d changes passed", passed.Load())
	}
}

func TestReadOnly(t *testing.T) {
	live := newLiveChanges(true, 0)
	var diags diag.Diagnostics
	live.plan(&diags, statusOf("A")) // planning goes on
	if diags.HasError() || live.begin(&diags, simStatusChange, "SIM A") {
		t.Error("a read-only provider does not plan, or sends")
	}
	want := "error: Read-only provider: The SIM status of SIM A was not sent, since the provider is configured with read_only = true " +
		"(TELCO_READ_ONLY). Nothing has changed."
	if got := said(diags.Errors()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPlanNothing(t *testing.T) {
	var diags diag.Diagnostics
	planNothing(&diags, aaGroupAssignment, "SIM 8949 stays armed.")
	if got, want := said(diags), "warning: Nothing is changed on the network: auto-activation group: SIM 8949 stays armed."; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
