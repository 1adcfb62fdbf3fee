package provider

import (
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/journal"
	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

// describeEntry names the run that an entry of the journal is of.
func describeEntry(e journal.Entry) string {
	text := fmt.Sprintf("Run %s of %s", e.Run, e.Time.UTC().Format(time.RFC3339))
	if e.Note != "" {
		text += fmt.Sprintf(" (%s)", e.Note)
	}
	return text
}

// unseen is what the run of an entry did not live to see.
func unseen(e journal.Entry) string {
	if e.Answered {
		return "its end was seen"
	}
	return "the answer came"
}

// earlierChange is the newest change of a SIM without an end, but the one that the state knows of by its record: that
// of a run which was killed before its state was saved. nil is none.
func (s *services) earlierChange(
	api string, kind livechange.Kind, sim, known string, diags *diag.Diagnostics,
) *journal.Entry {
	open, err := s.journal.Open(api, string(kind), sim)
	warnJournalRead(diags, err)
	for i := range open {
		if open[i].ID != known {
			return &open[i]
		}
	}
	return nil
}

// recordOf is the id in the journal of the operation that the state has; "" is none.
func recordOf[T any](op *change.Op[T]) string {
	if op == nil {
		return ""
	}
	return op.Record
}

func warnJournalRead(diags *diag.Diagnostics, err error) {
	if err == nil {
		return
	}
	for _, d := range *diags {
		if d.Summary() == journalUnreadable {
			return
		}
	}
	diags.AddWarning(journalUnreadable, explain("Some of the journal could not be read, so what it has of earlier runs "+
		"may be missing here.", err, ""))
}

const journalUnreadable = "Journal can't be read in full"
