package provider

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/simfleet/terraform-provider-telco/internal/change"
)

// verb is what Terraform asks for.
type verb int

const (
	creating verb = iota
	updating
	// resuming is the part of an update that picks up a change of an earlier run.
	resuming
	deleting
)

// conclusion turns the outcome of a change into what a verb must do with the state. It is the one place that knows
// Terraform's rule: an error beside a state in Create means tainted, and tainted means destroyed and created again.
type conclusion[L, T any] struct {
	verb verb
	say  sentences
	// asked writes a state that has what was asked for, and shown one that has what is true of the SIM now. The live
	// object may be the zero value; the operation is nil where nothing is left to be found out.
	asked, shown func(L, *change.Op[T])
	// drop leaves no state.
	drop func()
}

// conclude ends a verb.
func (c conclusion[L, T]) conclude(o change.Outcome[L, T], diags *diag.Diagnostics) {
	warnJournal(diags, o.Warnings)
	wanted := o.Kind == change.Done || o.Kind == change.Needless
	open := o.Kind == change.Pending || o.Kind == change.Unknown
	switch {
	case c.verb == deleting && o.Kind == change.Gone && o.Sent:
		c.drop()
		diags.AddWarning(tell(o, c.say))
	case c.verb == deleting && o.Kind == change.Gone:
		c.drop()
		diags.AddWarning(c.say.gone, explain(fmt.Sprintf("%s is gone already: the service does not know it any more. "+
			"Nothing was sent.",
			sentenceCase(c.say.object)), o.Err, ""))
	case wanted && c.verb == deleting:
		c.drop()
		noteDecision(diags, o.Decision)
	case wanted:
		c.asked(o.Live, nil)
		noteDecision(diags, o.Decision)
	case c.verb == creating && (open || o.Kind == change.Unshown):
		c.asked(o.Live, o.Pending)
		diags.AddWarning(tell(o, c.say))
	case c.verb == creating:
		c.drop()
		addError(diags, o, c.say)
	case c.verb == updating && o.Kind == change.Unknown:
		c.asked(o.Live, o.Pending)
		diags.AddWarning(tell(o, c.say))
	case c.verb == updating && o.Kind == change.Pending:
		c.asked(o.Live, o.Pending)
		addError(diags, o, c.say)
	case open:
		c.shown(o.Live, o.Pending)
		addError(diags, o, c.say)
	default:
		c.shown(o.Live, nil)
		addError(diags, o, c.say)
	}
}

// resume is change.Resume, and tells what the journal did not take, whatever the verb goes on to.
func resume[L, T any](
	ctx context.Context, e *change.Engine, s change.Subject[L, T], op *change.Op[T], deadline time.Time,
	diags *diag.Diagnostics,
) change.Outcome[L, T] {
	o := change.Resume(ctx, e, s, op, deadline)
	warnJournal(diags, o.Warnings)
	o.Warnings = nil
	return o
}

// stillOpen is what a refresh keeps of a change of an earlier run: the operation while its end is not known. It tells
// what became of a change that has not come to its end as asked.
func stillOpen[L, T any](o change.Outcome[L, T], say sentences, diags *diag.Diagnostics) *change.Op[T] {
	warnJournal(diags, o.Warnings)
	switch o.Kind {
	case change.Pending, change.Unknown:
		return o.Pending
	case change.Broken, change.Unshown, change.Ineffective, change.Overtaken:
		diags.AddWarning(tell(o, say))
	case change.Refused, change.Done, change.Needless, change.Moved, change.Gone:
	}
	return nil
}

// noteDecision tells what is to be known where nothing was to be done.
func noteDecision(diags *diag.Diagnostics, d change.Decision) {
	if d.Summary != "" {
		diags.AddWarning(d.Summary, d.Detail)
	}
}

// refuse tells why a change is refused.
func refuse(diags *diag.Diagnostics, d change.Decision) {
	if d.Attribute != "" {
		diags.AddAttributeError(path.Root(d.Attribute), d.Summary, d.Detail)
		return
	}
	diags.AddError(d.Summary, d.Detail)
}

func addError[L, T any](diags *diag.Diagnostics, o change.Outcome[L, T], say sentences) {
	if o.Kind == change.Refused && o.Reason == change.Decided {
		refuse(diags, o.Decision)
		return
	}
	diags.AddError(tell(o, say))
}

func warnJournal(diags *diag.Diagnostics, troubles []error) {
	for _, err := range troubles {
		diags.AddWarning("Journal is incomplete", explain(
			"A live change was sent and written down before, and what became of it could not be added to the journal.", err,
			"The change itself is not affected, and the state has it. Look after the journal's folder."))
	}
}

// sentences are what the messages about a change say of its own.
type sentences struct {
	object string // "SIM TMSP-89490200000000000024"
	change string // "change of SIM TMSP-89490200000000000024 to ACTIVE"
	kind   string // "SIM status"
	// The summaries: the change was refused or not sent; it failed; it had no effect; it is pending; it is of unknown
	// outcome; the SIM is not there.
	unable, failed, noEffect, pending, unknown, gone string
	// goneAdvice is what to do where the SIM is not there.
	goneAdvice string
	// refusalAdvice is what to do about the service's refusal; nil is none of its own.
	refusalAdvice func(error) string
	// unknownAdvice and pendingAdvice are what to do about those outcomes; "" is what is true of most.
	unknownAdvice, pendingAdvice string
	// since is when an earlier run has sent it; zero is this one.
	since time.Time
	// shows says what the live object shows: "its status is ACTIVE"; "" where it is not known.
	shows func(live any) string
	// note is a further sentence about a change that failed.
	note string
}

// colonShows is what the live object shows, after a colon.
func (s sentences) colonShows(live any) string {
	if s.shows == nil {
		return ""
	}
	if text := s.shows(live); text != "" {
		return ": " + text
	}
	return ""
}

const pendingAdvice = "Nothing is lost and nothing is sent again: run terraform apply again to pick up the wait, or " +
	"raise the timeouts of this resource."

const unknownAdvice = "Nothing is sent again without a new plan that shows it. The next plan reads the live SIM and " +
	"settles what became of the change; look at it in the service's portal if you can't wait."

const safeAdvice = "It is safe to apply again."

// changedSincePlan is the summary of an apply that would have to send what its plan has not announced.
const changedSincePlan = "Changed since the plan"

// tell is the summary and detail of how a change ended.
func tell[L, T any](o change.Outcome[L, T], say sentences) (summary, detail string) {
	the := "The " + say.change
	sent := fmt.Sprintf("%s was sent%s and no usable response was received.", the, sinceText(say.since))
	switch o.Kind {
	case change.Done, change.Needless:
		return say.kind, "Nothing is left to be done."
	case change.Refused:
		return tellRefused(o, say)
	case change.Moved:
		return changedSincePlan, fmt.Sprintf("%s\n\nPlan again: the next plan shows what there is to do.", tellMoved(o, say))
	case change.Broken:
		return say.failed, explain(fmt.Sprintf("The service accepted the %s%s and then reported that it failed.%s",
			say.change,
			commaSince(say.since), say.note), o.Err, say.advise(o.Err))
	case change.Unshown:
		return say.noEffect, explain(fmt.Sprintf("The service accepted the %s%s and is done with it, but the SIM does not "+
			"show it%s.", say.change,
			commaSince(say.since), say.colonShows(o.Live)), o.Err, "The next plan reads the live SIM and shows what is left to "+
			"do.")
	case change.Ineffective:
		return say.noEffect, explain(fmt.Sprintf("%s Reading shows that it had no effect%s.", sent, say.colonShows(o.Live)),
			o.Err, safeAdvice)
	case change.Overtaken:
		return "Somebody else has changed the SIM since", explain(fmt.Sprintf(
			"%s %s shows neither what it showed before nor what was asked for%s. Somebody else has changed it since.",
			sent, sentenceCase(say.object), say.colonShows(o.Live)), o.Err, "Find out who did, then plan again: the next plan "+
			"shows the live SIM. Nothing is sent without it.")
	case change.Pending:
		return say.pending, explain(fmt.Sprintf("The service has accepted the %s%s, and its end was not seen.", say.change,
			strings.TrimSuffix(commaSince(say.since), ",")), o.Err, cmp.Or(say.pendingAdvice, pendingAdvice))
	case change.Unknown:
		return say.unknown, explain(sent+" Reading the SIM can't tell what became of it.", o.Err,
			cmp.Or(say.unknownAdvice, unknownAdvice))
	case change.Gone:
		if o.Sent {
			return say.gone, explain(fmt.Sprintf("%s is no longer known to the service after the %s.", sentenceCase(say.object),
				say.change), o.Err, say.goneAdvice)
		}
		return say.gone, explain(fmt.Sprintf("The service does not know %s. Nothing was sent.", say.object), o.Err,
			say.goneAdvice)
	}
	return say.unable, ""
}

func tellRefused[L, T any](o change.Outcome[L, T], say sentences) (summary, detail string) {
	the := "The " + say.change
	switch o.Reason {
	case change.Interrupted:
		return say.unable, the + " was not sent: the run was interrupted, or its time was over. Nothing has changed."
	case change.Unreadable:
		return say.unable, explain(fmt.Sprintf("%s could not be read before the %s. Nothing was sent.",
			sentenceCase(say.object), say.change), o.Err, "")
	case change.Decided:
		return o.Decision.Summary, o.Decision.Detail
	case change.ReadOnly:
		return "Read-only provider", fmt.Sprintf("The %s of %s was not sent, since the provider is configured with "+
			"read_only = true (%s). Nothing has changed.", say.kind, say.object, envReadOnly)
	case change.OverLimit:
		return tooManyLiveChanges, fmt.Sprintf("The %s of %s was not sent, since this apply has already sent as many live "+
			"changes as max_live_changes (%s) allows. Apply again to go on, or raise max_live_changes.", say.kind, say.object,
			envMaxLiveChanges)
	case change.NotRecorded:
		return "Journal can't be written", explain(fmt.Sprintf("The %s was not sent, since it could not be written down "+
			"first. Nothing has changed.",
			say.change), o.Err, fmt.Sprintf("Make room, or give this user the right to write there, then apply again; or take "+
			"journal (%s) out to go on without an audit trail.", envJournal))
	case change.NotSent:
		return say.unable, explain(the+" was not sent. Nothing has changed.", o.Err, "")
	case change.Busy:
		return say.unable, explain(fmt.Sprintf("%s was not changed: another change of it is running.",
			sentenceCase(say.object)), o.Err,
			"Apply again once it is over.")
	case change.Rejected:
		return say.unable, explain(fmt.Sprintf("The service refused the %s. Nothing has changed.", say.change), o.Err,
			say.advise(o.Err))
	case change.Fault:
		return "Provider fault", explain(the+" was not sent.", o.Err, "")
	}
	return say.unable, the + " was not sent."
}

// tellMoved says what the plan said and what the SIM shows by now.
func tellMoved[L, T any](o change.Outcome[L, T], say sentences) string {
	if !o.Decision.Announced {
		return fmt.Sprintf("The plan announced no change of %s; by now it shows %s instead of %s. Nothing was sent.",
			say.object, o.Decision.Shows, o.Decision.Wanted)
	}
	return fmt.Sprintf("The plan announced %s -> %s of %s; by now it shows %s. Nothing was sent.",
		o.Decision.Planned, o.Decision.Wanted, say.object, o.Decision.Shows)
}

// advise is what to do about a refusal: what the resource knows of it, else what helps against trouble of a general
// kind.
func (s sentences) advise(err error) string {
	if s.refusalAdvice == nil {
		return advice(err)
	}
	return s.refusalAdvice(err)
}

// ago is how long ago something was, to the second.
func ago(since time.Time) string {
	if since.IsZero() {
		return "earlier"
	}
	return time.Since(since).Round(time.Second).String() + " ago"
}

func sinceText(since time.Time) string {
	if since.IsZero() {
		return ""
	}
	return " " + ago(since)
}

func commaSince(since time.Time) string {
	if since.IsZero() {
		return ""
	}
	return ", " + ago(since) + ","
}

func sentenceCase(text string) string { return strings.ToUpper(text[:1]) + text[1:] }
