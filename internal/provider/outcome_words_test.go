package provider

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/change"
)

// outcome is the end of a change of a SIM that is no more than its status.
type outcome = change.Outcome[string, string]

// wordsOf are sentences in which each part can be told from the others.
func wordsOf() sentences {
	return sentences{
		object: "SIM TMSP-1", change: "change of SIM TMSP-1 from INACTIVE to ACTIVE", kind: "SIM status",
		unable: "Unable to set SIM status", failed: "SIM status was not changed",
		noEffect: "SIM status change had no effect",
		pending:  "SIM status is pending", unknown: "Outcome is unknown", gone: "Unknown SIM",
		goneAdvice:    "Check the product id.",
		refusalAdvice: func(err error) string { return "Advice about: " + err.Error() + "." },
		shows: func(live any) string {
			if status, _ := live.(string); status != "" {
				return "its status is " + status
			}
			return ""
		},
		note: " The SIM is kept.",
	}
}

var errService = &transport.Error{
	API: "CMO API", Op: "set status of SIM card TMSP-1 to ACTIVE", Status: 409, Code: "E17", Message: "Busy",
	CorrelationID: "c-1",
}

const serviceSays = "The CMO API says: Busy\nHTTP status 409, code E17, correlation id c-1, while trying to set " +
	"status of SIM card TMSP-1 to " +
	"ACTIVE."

var (
	decidedOn = change.Decision{Action: change.Send, From: "I", Shows: "SUSPENDED", Wanted: "ACTIVE", Announced: true,
		Planned: "INACTIVE"}
	refusal = change.Decision{Action: change.Refuse, Attribute: "status", Summary: "SIM is terminated",
		Detail: "It is final."}
)

// ends are all ends that a change can come to, with what is said of each.
func ends() map[string]struct {
	outcome         outcome
	summary, detail string
} {
	type end = struct {
		outcome         outcome
		summary, detail string
	}
	refused := func(reason change.Reason, err error) outcome {
		return outcome{Kind: change.Refused, Reason: reason, Decision: decidedOn, Err: err}
	}
	const (
		sent = "The change of SIM TMSP-1 from INACTIVE to ACTIVE was sent and no usable response was received."
		next = "\n\nNothing is sent again without a new plan that shows it. The next plan reads the live SIM and " +
			"settles what became of the " +
			"change; look at it in the service's portal if you can't wait."
	)
	unannounced := decidedOn
	unannounced.Announced = false
	return map[string]end{
		"done":     {outcome{Kind: change.Done}, "SIM status", "Nothing is left to be done."},
		"needless": {outcome{Kind: change.Needless}, "SIM status", "Nothing is left to be done."},
		"interrupted": {refused(change.Interrupted, errService), "Unable to set SIM status",
			"The change of SIM TMSP-1 from INACTIVE to ACTIVE was not sent: the run was interrupted, or its time was " +
				"over. Nothing has " +
				"changed."},
		"unreadable": {refused(change.Unreadable, errService), "Unable to set SIM status",
			"SIM TMSP-1 could not be read before the change of SIM TMSP-1 from INACTIVE to ACTIVE. Nothing was " +
				"sent.\n\n" + serviceSays},
		"decided": {outcome{Kind: change.Refused, Reason: change.Decided, Decision: refusal}, "SIM is terminated",
			"It is final."},
		"read-only": {refused(change.ReadOnly, nil), "Read-only provider",
			"The SIM status of SIM TMSP-1 was not sent, since the provider is configured with read_only = true " +
				"(TELCO_READ_ONLY). Nothing has " +
				"changed."},
		"over the limit": {refused(change.OverLimit, nil), "Too many live changes",
			"The SIM status of SIM TMSP-1 was not sent, since this apply has already sent as many live changes as " +
				"max_live_changes " +
				"(TELCO_MAX_LIVE_CHANGES) allows. Apply again to go on, or raise max_live_changes."},
		"not recorded": {refused(change.NotRecorded, &change.NotRecordedError{Cause: errors.New("no space left on " +
			"device")}),
			"Journal can't be written",
			"The change of SIM TMSP-1 from INACTIVE to ACTIVE was not sent, since it could not be written down " +
				"first. Nothing has changed." +
				"\n\nNo space left on device.\n\nMake room, or give this user the right to write there, then apply " +
				"again; or take journal " +
				"(TELCO_JOURNAL) out to go on without an audit trail."},
		"not sent": {refused(change.NotSent, errors.New("connection refused")), "Unable to set SIM status",
			"The change of SIM TMSP-1 from INACTIVE to ACTIVE was not sent. Nothing has changed.\n\nConnection " +
				"refused."},
		"busy": {refused(change.Busy, errService), "Unable to set SIM status",
			"SIM TMSP-1 was not changed: another change of it is running.\n\n" + serviceSays +
				"\n\nApply again once it is over."},
		"rejected": {refused(change.Rejected, errService), "Unable to set SIM status",
			"The service refused the change of SIM TMSP-1 from INACTIVE to ACTIVE. Nothing has changed.\n\n" +
				serviceSays + "\n\nAdvice about: " +
				errService.Error() + "."},
		"fault": {refused(change.Fault, errors.New("the provider has a fault")), "Provider fault",
			"The change of SIM TMSP-1 from INACTIVE to ACTIVE was not sent.\n\nThe provider has a fault."},
		"moved": {outcome{Kind: change.Moved, Decision: decidedOn}, "Changed since the plan",
			"The plan announced INACTIVE -> ACTIVE of SIM TMSP-1; by now it shows SUSPENDED. Nothing was sent.\n\n" +
				"Plan again: the next plan shows what there is to do."},
		"not announced": {outcome{Kind: change.Moved, Decision: unannounced}, "Changed since the plan",
			"The plan announced no change of SIM TMSP-1; by now it shows SUSPENDED instead of ACTIVE. Nothing was " +
				"sent.\n\n" +
				"Plan again: the next plan shows what there is to do."},
		"broken": {outcome{Kind: change.Broken, Sent: true, Err: errService}, "SIM status was not changed",
			"The service accepted the change of SIM TMSP-1 from INACTIVE to ACTIVE and then reported that it failed. " +
				"The SIM is kept.\n\n" +
				serviceSays + "\n\nAdvice about: " + errService.Error() + "."},
		"unshown": {outcome{Kind: change.Unshown, Sent: true, Live: "BLOCKED"}, "SIM status change had no effect",
			"The service accepted the change of SIM TMSP-1 from INACTIVE to ACTIVE and is done with it, but the SIM " +
				"does not show it: its " +
				"status is BLOCKED.\n\nThe next plan reads the live SIM and shows what is left to do."},
		"unshown, and not known what it shows": {outcome{Kind: change.Unshown, Sent: true},
			"SIM status change had no effect",
			"The service accepted the change of SIM TMSP-1 from INACTIVE to ACTIVE and is done with it, but the SIM " +
				"does not show it." +
				"\n\nThe next plan reads the live SIM and shows what is left to do."},
		"ineffective": {outcome{Kind: change.Ineffective, Sent: true, Settled: true, Live: "INACTIVE",
			Err: errors.New("EOF")},
			"SIM status change had no effect", sent + " Reading shows that it had no effect: its status is " +
				"INACTIVE.\n\nEOF.\n\n" +
				"It is safe to apply again."},
		"overtaken": {outcome{Kind: change.Overtaken, Sent: true, Settled: true, Live: "SUSPENDED",
			Err: errors.New("EOF")},
			"Somebody else has changed the SIM since", sent + " SIM TMSP-1 shows neither what it showed before nor " +
				"what was asked for: its " +
				"status is SUSPENDED. Somebody else has changed it since.\n\nEOF.\n\nFind out who did, then plan " +
				"again: the next plan shows the " +
				"live SIM. Nothing is sent without it."},
		"pending": {outcome{Kind: change.Pending, Sent: true, Pending: &change.Op[string]{}}, "SIM status is pending",
			"The service has accepted the change of SIM TMSP-1 from INACTIVE to ACTIVE, and its end was not " +
				"seen.\n\nNothing is lost and nothing " +
				"is sent again: run terraform apply again to pick up the wait, or raise the timeouts of this " +
				"resource."},
		"unknown": {outcome{Kind: change.Unknown, Sent: true, Pending: &change.Op[string]{Unknown: true},
			Err: errors.New("EOF")},
			"Outcome is unknown", sent + " Reading the SIM can't tell what became of it.\n\nEOF." + next},
		"gone": {outcome{Kind: change.Gone, Err: errService}, "Unknown SIM",
			"The service does not know SIM TMSP-1. Nothing was sent.\n\n" + serviceSays + "\n\nCheck the product id."},
		"gone after it": {outcome{Kind: change.Gone, Sent: true, Err: errService}, "Unknown SIM",
			"SIM TMSP-1 is no longer known to the service after the change of SIM TMSP-1 from INACTIVE to ACTIVE.\n\n" +
				serviceSays +
				"\n\nCheck the product id."},
	}
}

// TestTell: the whole text of each end.
func TestTell(t *testing.T) {
	t.Parallel()
	reasons := map[change.Reason]bool{}
	kinds := map[change.Kind]bool{}
	for name, end := range ends() {
		kinds[end.outcome.Kind], reasons[end.outcome.Reason] = true, true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if summary, detail := tell(end.outcome, wordsOf()); summary != end.summary || detail != end.detail {
				t.Errorf("got\n%s\n%s\nwant\n%s\n%s", summary, detail, end.summary, end.detail)
			}
		})
	}
	if len(kinds) != int(change.Gone)+1 || len(reasons) != int(change.Fault)+1 {
		t.Errorf("%d kinds and %d reasons have a text here", len(kinds), len(reasons))
	}
}

// TestTell_earlier: what an earlier run has sent is told with its age, and advice of the resource's own wins.
func TestTell_earlier(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		say := wordsOf()
		say.since, say.note = time.Now().Add(-90*time.Second), ""
		say.pendingAdvice, say.unknownAdvice, say.refusalAdvice = "Wait.", "Look.", nil
		const the = "change of SIM TMSP-1 from INACTIVE to ACTIVE"
		for kind, want := range map[change.Kind]string{
			change.Broken: "The service accepted the " + the + ", 1m30s ago, and then reported that it failed.",
			change.Unshown: "The service accepted the " + the + ", 1m30s ago, and is done with it, but the SIM does " +
				"not show it.",
			change.Ineffective: "The " + the + " was sent 1m30s ago and no usable response was received. Reading " +
				"shows that it had no " +
				"effect.",
			change.Overtaken: "The " + the + " was sent 1m30s ago and no usable response was received. SIM TMSP-1 " +
				"shows neither what it " +
				"showed before nor what was asked for. Somebody else has changed it since.",
			change.Pending: "The service has accepted the " + the + ", 1m30s ago, and its end was not seen.",
			change.Unknown: "The " + the + " was sent 1m30s ago and no usable response was received. Reading the SIM " +
				"can't tell what " +
				"became of it.",
		} {
			advice := map[change.Kind]string{
				change.Unshown:     "\n\nThe next plan reads the live SIM and shows what is left to do.",
				change.Ineffective: "\n\n" + safeAdvice,
				change.Overtaken: "\n\nFind out who did, then plan again: the next plan shows the live SIM. Nothing " +
					"is sent without it.",
				change.Pending: "\n\nWait.", change.Unknown: "\n\nLook.",
			}[kind]
			if _, detail := tell(outcome{Kind: kind}, say); detail != want+advice {
				t.Errorf("got\n%s\nwant\n%s", detail, want+advice)
			}
		}
	})
}

// concluded is what a verb leaves of an end: what was written where, and what is said.
func concluded(v verb, o outcome) (wrote string, diags diag.Diagnostics) {
	var all []string
	keep := func(where string) func(string, *change.Op[string]) {
		return func(live string, op *change.Op[string]) {
			text := where + " " + live
			if op != nil {
				text += " " + op.Operation
			}
			all = append(all, text)
		}
	}
	conclusion[string, string]{
		verb: v, say: wordsOf(), asked: keep("asked"), shown: keep("shown"), drop: func() { all = append(all, "none") },
	}.conclude(o, &diags)
	return strings.Join(all, ", "), diags
}

var verbs = map[verb]string{creating: "create", updating: "update", resuming: "resume", deleting: "delete"}

// TestConclude_once: whatever the end, a verb writes the state once, keeps an operation exactly where one is open, says
// one thing at most, in the words of tell, and never an error beside a state where that would taint.
func TestConclude_once(t *testing.T) {
	t.Parallel()
	for name, end := range ends() {
		for v, word := range verbs {
			t.Run(word+", "+name, func(t *testing.T) {
				t.Parallel()
				o := end.outcome
				o.Live = "LIVE"
				if o.Kind == change.Pending || o.Kind == change.Unknown || o.Kind == change.Unshown {
					o.Pending = &change.Op[string]{Operation: "op"}
				}
				wrote, diags := concluded(v, o)
				open := o.Kind == change.Pending || o.Kind == change.Unknown || o.Kind == change.Unshown &&
					v == creating
				if strings.Contains(wrote, ",") || strings.Contains(wrote, " op") != open {
					t.Errorf("wrote %q", wrote)
				}
				if wrote != "none" && !strings.Contains(wrote, " LIVE") {
					t.Errorf("the live object is not handed on: %q", wrote)
				}
				if v == creating && diags.HasError() != (wrote == "none") {
					t.Errorf("wrote %q, said %q: a state with an error is tainted, and no state without an error is "+
						"lost", wrote, said(diags))
				}
				if v != creating && v != deleting && wrote == "none" {
					t.Errorf("the state is lost: %q", said(diags))
				}
				if v == deleting && diags.HasError() == (wrote == "none") {
					t.Errorf("wrote %q, said %q", wrote, said(diags))
				}

				if o.Kind == change.Done || o.Kind == change.Needless {
					if len(diags) != 0 {
						t.Errorf("said %q", said(diags))
					}
					return
				}
				want := ": " + end.summary + ": " + strings.ReplaceAll(end.detail, "does not show it.",
					"does not show it: its status is LIVE.")
				want = strings.NewReplacer("is INACTIVE.", "is LIVE.", "is SUSPENDED.", "is LIVE.", "is BLOCKED.",
					"is LIVE.").Replace(want)
				if v == deleting && o.Kind == change.Gone && !o.Sent {
					want = ": Unknown SIM: SIM TMSP-1 is gone already: the service does not know it any more. " +
						"Nothing was sent.\n\n" + serviceSays
				}
				if got := strings.TrimPrefix(strings.TrimPrefix(said(diags), "warning"), "error"); got != want {
					t.Errorf("said\n%s\nwant\n%s", got, want)
				}
			})
		}
	}
}

// TestConclude_decision: what the decision has to say goes with the end: of a refusal, at its argument; where nothing
// was to be done, as a warning.
func TestConclude_decision(t *testing.T) {
	t.Parallel()
	for v := range verbs {
		_, diags := concluded(v, outcome{Kind: change.Refused, Reason: change.Decided, Decision: refusal})
		want := diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root("status"), "SIM is terminated",
			"It is final.")}
		if !diags.Equal(want) {
			t.Errorf("%s: %v", verbs[v], diags)
		}
		plain := refusal
		plain.Attribute = ""
		_, diags = concluded(v, outcome{Kind: change.Refused, Reason: change.Decided, Decision: plain})
		if want = (diag.Diagnostics{diag.NewErrorDiagnostic("SIM is terminated", "It is final.")}); !diags.Equal(want) {
			t.Errorf("%s: %v", verbs[v], diags)
		}
		left := change.Decision{Action: change.Nothing, Summary: "Left alone", Detail: "It is final."}
		_, diags = concluded(v, outcome{Kind: change.Needless, Decision: left})
		if want = (diag.Diagnostics{diag.NewWarningDiagnostic("Left alone", "It is final.")}); !diags.Equal(want) {
			t.Errorf("%s: %v", verbs[v], diags)
		}
	}
}

// TestConclude_journal: trouble with the journal after the change is a warning, and changes nothing else.
func TestConclude_journal(t *testing.T) {
	t.Parallel()
	o := outcome{Kind: change.Done, Live: "ACTIVE", Sent: true, Warnings: []error{errors.New("the journal in audit " +
		"can't be written: disk full")}}
	const want = "warning: Journal is incomplete: A live change was sent and written down before, and what became of " +
		"it could not be added to " +
		"the journal.\n\nThe journal in audit can't be written: disk full.\n\nThe change itself is not affected, and " +
		"the state has it. Look " +
		"after the journal's folder."
	if wrote, diags := concluded(creating, o); wrote != "asked ACTIVE" || said(diags) != want {
		t.Errorf("wrote %q, said\n%s\nwant\n%s", wrote, said(diags), want)
	}
	var diags diag.Diagnostics
	if kept := stillOpen(o, wordsOf(), &diags); kept != nil || said(diags) != want {
		t.Errorf("kept %v, said\n%s", kept, said(diags))
	}
}

// TestStillOpen: a refresh keeps a change while its end is not known, and tells of an end that is not the wanted one.
// It is no error: the plan that follows shows what is left to do.
func TestStillOpen(t *testing.T) {
	t.Parallel()
	told := map[change.Kind]bool{change.Broken: true, change.Unshown: true, change.Ineffective: true,
		change.Overtaken: true}
	for name, end := range ends() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := end.outcome
			if o.Kind == change.Unshown {
				o.Pending = &change.Op[string]{}
			}
			var diags diag.Diagnostics
			kept := stillOpen(o, wordsOf(), &diags)
			want, open := "", o.Kind == change.Pending || o.Kind == change.Unknown
			if told[o.Kind] {
				want = fmt.Sprintf("warning: %s: %s", end.summary, end.detail)
			}
			if (kept != nil) != open || open && kept != o.Pending || said(diags) != want {
				t.Errorf("kept %v, said\n%s\nwant\n%s", kept, said(diags), want)
			}
		})
	}
}
