package provider

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/simfleet/terraform-provider-telco/internal/change"
)

// TestConclude: what each verb leaves in the state for each end of a change. In Create an error beside a state would
// taint the SIM, and Terraform would destroy and order it again.
func TestConclude(t *testing.T) {
	t.Parallel()
	const (
		asked, askedOpen       = "asked", "asked+op" // what was asked for is in the state; and an operation in private state
		shown, shownOpen       = "shown", "shown+op" // what the SIM shows is in the state
		none                   = "none"
		withError, withWarning = ", error", ", warning"
	)
	kinds := map[change.Kind]string{change.Refused: "refused", change.Done: "done", change.Needless: "needless",
		change.Moved:  "moved",
		change.Broken: "broken", change.Unshown: "unshown", change.Ineffective: "ineffective", change.Overtaken: "overtaken",
		change.Pending: "pending", change.Unknown: "unknown", change.Gone: "gone"}
	want := map[verb]map[string]string{
		creating: {"": none + withError, "done": asked, "needless": asked, "pending": askedOpen + withWarning,
			"unknown": askedOpen + withWarning, "unshown": askedOpen + withWarning},
		updating: {"": shown + withError, "done": asked, "needless": asked, "pending": askedOpen + withError,
			"unknown": askedOpen + withWarning},
		resuming: {"": shown + withError, "done": asked, "needless": asked, "pending": shownOpen + withError,
			"unknown": shownOpen + withError},
		deleting: {"": shown + withError, "done": none, "needless": none, "gone": none + withWarning,
			"pending": shownOpen + withError, "unknown": shownOpen + withError},
	}
	for verb, ends := range want {
		for kind, name := range kinds {
			end, special := ends[name]
			if !special {
				end = ends[""]
			}
			t.Run(fmt.Sprintf("%d %s", verb, name), func(t *testing.T) {
				t.Parallel()
				var diags diag.Diagnostics
				got := ""
				keep := func(state string) func(string, *change.Op[string]) {
					return func(_ string, op *change.Op[string]) {
						if got += state; op != nil {
							got += "+op"
						}
					}
				}
				o := change.Outcome[string, string]{Kind: kind, Err: errors.New("the service says no"), Live: "SUSPENDED"}
				if kind == change.Pending || kind == change.Unknown || kind == change.Unshown {
					o.Pending = &change.Op[string]{}
				}
				if kind == change.Refused {
					o.Reason = change.Rejected
				}
				conclusion[string, string]{verb: verb, say: sentences{object: "SIM 1", change: "change of SIM 1 to ACTIVE",
					unable: "Unable",
					failed: "Failed", noEffect: "No effect", pending: "Pending", unknown: "Unknown", gone: "Gone"},
					asked: keep("asked"), shown: keep("shown"), drop: func() { got += "none" }}.conclude(o, &diags)
				for _, d := range diags {
					got += ", " + strings.ToLower(d.Severity().String())
				}
				if got != end {
					t.Errorf("%s, want %s: %v", got, end, diags)
				}
			})
		}
	}
}

// TestTell_pending: a change of an earlier run reads as one sentence.
func TestTell_pending(t *testing.T) {
	t.Parallel()
	o := change.Outcome[string, string]{Kind: change.Pending}
	say := sentences{object: "SIM 1", change: "change of SIM 1 to ACTIVE", pending: "SIM status is pending"}
	for since, want := range map[time.Time]string{
		{}: "The service has accepted the change of SIM 1 to ACTIVE, and its end was not seen.",
		time.Now().Add(-5 * time.Minute): "The service has accepted the change of SIM 1 to ACTIVE, 5m0s ago, and its end " +
			"was not seen.",
	} {
		say.since = since
		if _, detail := tell(o, say); !strings.HasPrefix(detail, want) {
			t.Errorf("%q, want %q", detail, want)
		}
	}
}
