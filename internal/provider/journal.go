package provider

import (
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/simfleet/terraform-provider-telco/internal/journal"
)

// describeEntry names the run that an entry of the journal is of.
func describeEntry(e journal.Entry) string {
	text := fmt.Sprintf("Run %s of %s", e.Run, e.Time.UTC().Format(time.RFC3339))
	if e.Note != "" {
		text += fmt.Sprintf(" (%s)", e.Note)
	}
	return text
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
	diags.AddWarning(journalUnreadable, explain("Some of the journal could not be read, so what it has of earlier runs may be missing here.", err, ""))
}

const journalUnreadable = "Journal can't be read in full"
