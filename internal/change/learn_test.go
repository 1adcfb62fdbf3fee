package change

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/journal"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// TestLearn: what a run writes of a change whose own run was killed: that it was executed, where the SIM shows it; that
// it had no effect, only once the service has taken another change of the SIM; of anything else nothing, and never of
// its own change what the SIM showed before.
func TestLearn(t *testing.T) {
	t.Parallel()
	const (
		sent     = "#2 sending INACTIVE -> ACTIVE"
		answered = "#2 answered INACTIVE -> ACTIVE: "
		done     = "#2 settled INACTIVE -> ACTIVE: done"
	)
	ends := func(from, to string, outcome journal.Outcome) string {
		return fmt.Sprintf("#1 settled %s -> %s: %s", from, to, outcome)
	}
	for name, c := range map[string]struct {
		from, to string // of the killed run's change
		sim      fakeSIM
		want     []string // after its sending
	}{
		"it was executed": {from: "SUSPENDED", to: "ACTIVE", sim: fakeSIM{live: "ACTIVE"},
			want: []string{ends("SUSPENDED", "ACTIVE", journal.Done)}},
		"not yet, and nothing is sent": {from: "ACTIVE", to: "SUSPENDED", sim: fakeSIM{live: "ACTIVE"}},
		"neither of both":              {from: "INACTIVE", to: "SUSPENDED", sim: fakeSIM{live: "ACTIVE"}},
		"of one that is gone": {from: "INACTIVE", to: "deleted", sim: fakeSIM{readErr: &GoneError{errUnreadable}},
			want: []string{ends("INACTIVE", "deleted", journal.Done)}},
		"of one that can't be read": {from: "INACTIVE", to: "deleted", sim: fakeSIM{readErr: errUnreadable}},
		"the service takes the next": {from: "INACTIVE", to: "ACTIVE", sim: fakeSIM{live: "INACTIVE"},
			want: []string{sent, answered + "accepted (HTTP 207, c-1)", ends("INACTIVE", "ACTIVE", journal.NoEffect),
				done}},
		"the service takes the next, from what it made": {from: "SUSPENDED", to: "INACTIVE",
			sim: fakeSIM{live: "INACTIVE"},
			want: []string{sent, answered + "accepted (HTTP 207, c-1)", ends("SUSPENDED", "INACTIVE", journal.Done),
				done}},
		"the service takes the next, from something else": {from: "BLOCKED", to: "SUSPENDED",
			sim:  fakeSIM{live: "INACTIVE"},
			want: []string{sent, answered + "accepted (HTTP 207, c-1)", done}},
		"the service refuses the next": {from: "INACTIVE", to: "ACTIVE", sim: fakeSIM{live: "INACTIVE",
			send: fails(errRefused)},
			want: []string{sent, answered + "refused (HTTP 207, c-1)"}},
		"the next was lost, and has happened": {from: "INACTIVE", to: "BLOCKED", sim: fakeSIM{live: "INACTIVE",
			send: fails(errLost)},
			want: []string{sent, ends("INACTIVE", "BLOCKED", journal.NoEffect), done}},
		"the next was lost, and nobody can tell": {from: "INACTIVE", to: "BLOCKED",
			sim:  fakeSIM{live: "INACTIVE", send: fails(errLost), settle: always(wait.Undecided, "", errUnreadable)},
			want: []string{sent, "#2 settled INACTIVE -> ACTIVE: unknown"}},
		"the next was lost, and had no effect": {from: "INACTIVE", to: "BLOCKED",
			sim:  fakeSIM{live: "INACTIVE", send: fails(errLost), settle: always(wait.NoEffect, "INACTIVE", nil)},
			want: []string{sent, "#2 settled INACTIVE -> ACTIVE: no_effect"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, sim := newRig(t), c.sim
			if _, err := r.Journal.Sending(changed(c.from, c.to)); err != nil {
				t.Fatal(err)
			}
			subject := learningSIM{&sim}
			Run(t.Context(), r.Engine, subject, Planned{Announced: true}, time.Now().Add(time.Hour),
				func(string, *Op[string]) {})
			r.checkRecords(append([]string{fmt.Sprintf("#1 sending %s -> %s", c.from, c.to)}, c.want...)...)
		})
	}
}

// learningSIM is a fakeSIM whose live object tells of earlier changes; one that is gone shows a deletion.
type learningSIM struct{ *fakeSIM }

func (s learningSIM) Became(live string, earlier journal.Change) journal.Outcome {
	switch live {
	case earlier.To, strings.TrimSuffix(earlier.To, "deleted"):
		return journal.Done
	case earlier.From:
		return journal.NoEffect
	}
	return ""
}

// Reference is left out, so that the lines stay short.
func (s learningSIM) Reference(string) string { return "" }

// TestLearn_byARead: a read alone tells that a change was executed, and never that it had no effect.
func TestLearn_byARead(t *testing.T) {
	t.Parallel()
	for live, want := range map[string][]string{
		"ACTIVE": {"#1 settled INACTIVE -> ACTIVE: done"}, "INACTIVE": nil, "SUSPENDED": nil,
	} {
		r := newRig(t)
		if _, err := r.Journal.Sending(changed("INACTIVE", "ACTIVE")); err != nil {
			t.Fatal(err)
		}
		if err := Learn(r.Engine, learningSIM{&fakeSIM{}}, live); err != nil {
			t.Error(err)
		}
		r.checkRecords(append([]string{sendingRecord}, want...)...)
	}
}

// TestRecorded: an answer that leaves the outcome open is written down with what support asks for; and where the
// decision has other words for the journal, those are written, also by the run that picks the change up.
func TestRecorded(t *testing.T) {
	t.Parallel()
	r, sim := newRig(t), fakeSIM{send: fails(fmt.Errorf("HTTP 503: %w", errLost)), settle: always(wait.Undecided, "",
		errUnreadable)}
	r.Observe = func(ctx context.Context) (context.Context, func(error) journal.Answer) {
		return ctx, func(error) journal.Answer { return journal.Answer{HTTPStatus: 503, CorrelationID: "c-2"} }
	}
	subject := recordedSIM{&sim}
	out := Run(t.Context(), r.Engine, subject, Planned{Announced: true}, time.Now().Add(time.Hour),
		func(string, *Op[string]) {})
	want := []string{
		"#1 sending digest 1 -> digest 2", "#1 answered digest 1 -> digest 2: unknown (HTTP 503, c-2)",
		"#1 settled digest 1 -> digest 2: unknown",
	}
	r.checkRecords(want...)
	if out.Change != changed("digest 1", "digest 2") || out.Decision.Shows != "status INACTIVE" {
		t.Errorf("%+v", out)
	}
	sim.settle = nil
	Resume(t.Context(), r.Engine, subject, out.Pending, time.Now().Add(time.Hour))
	r.checkRecords(append(want, "#1 settled digest 1 -> digest 2: done")...)
}

// recordedSIM is a fakeSIM of which the journal has other words than people read.
type recordedSIM struct{ *fakeSIM }

func (s recordedSIM) Decide(string) Decision {
	return Decision{
		Action: Send, Shows: "status INACTIVE", Wanted: "status ACTIVE", Recorded: &Sides{From: "digest 1",
			To: "digest 2"},
	}
}
