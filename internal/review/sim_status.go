package review

import (
	"strings"

	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

var simStatus = resource{
	kind: livechange.SIMStatus,
	sim:  func(of object) Value { return of.attribute("product_id").shown() },

	create: func(c resourceChange, r *Report) {
		if c.ofCreation() == silent {
			return
		}
		from := statusNow(livechange.StatusFrom(c.lastChange()), c.textSensitive())
		r.change(statusChange(c, c.after, from, c.after.attribute("status"), !c.unsettled()))
	},

	update: func(c resourceChange, r *Report) {
		was, wanted := c.before.attribute("status"), c.after.attribute("status")
		switch c.ofUpdate(wanted.isUnknown() || wanted.text() != was.text()) {
		case announced:
			r.change(statusChange(c, c.after, was.shown(), wanted, !c.unsettled()))
		case waiting:
			r.wait(c.after.attribute("product_id").shown(), c)
		case silent:
		}
	},

	destroy: func(c resourceChange, r *Report) {
		sim := c.before.attribute("product_id").shown()
		live, target := c.before.attribute("status"), c.before.attribute("status_on_destroy")
		switch {
		case c.tainted || target.text() == "" || finished(target.text(), live.text()):
			r.leftAlone(sim, c)
		case heading(target.text(), live.text()):
			r.wait(sim, c)
		default:
			r.change(statusChange(c, c.before, live.shown(), target, true))
		}
	},
}

// statusChange is the change of one SIM's status; of is the side of the plan that names the SIM.
func statusChange(c resourceChange, of object, from Value, wanted object, certain bool) Change {
	return statusOf(c, of.attribute("product_id").shown(), from, wanted.shown(), certain)
}

func statusOf(c resourceChange, sim, from, to Value, certain bool) Change {
	transition := from.Text + livechange.Arrow + to.Text
	change := Change{
		Kind: livechange.SIMStatus, SIM: sim, From: from, To: to, Address: c.address,
		Certain:    certain && sim.Known && to.Known,
		transition: transition, what: transition, meaning: livechange.SIMStatus.Meaning(to.raw), open: !to.Known,
		terminates: terminatesAt(to),
	}
	if to.Text == Sensitive {
		change.meaning = livechange.SIMStatus.Meaning("") // else it tells the status
	}
	return change
}

// terminatesAt says whether a status that is wanted ends the SIM's contract.
func terminatesAt(to Value) verdict {
	switch {
	case !to.Known:
		return maybe
	case livechange.Terminates(to.raw):
		return yes
	}
	return no
}

// statusNow is the status that the preflight has read, out of the text of last_change.
func statusNow(from string, sensitive bool) Value {
	if from == "" || strings.HasPrefix(from, "(") {
		return instead(livechange.LiveStatus)
	}
	return known(from).hide(sensitive)
}

const (
	terminated       = "TERMINATED"
	pendingTerminate = "PENDING_TERMINATE"
)

// inStep says that a SIM has the status that is wanted: termination that is still asked for is fulfilled by the end.
func inStep(target, live string) bool {
	return target == live || target == pendingTerminate && live == terminated
}

// finished says that a SIM that is given up has nothing to be sent: it is in step, or can't be changed any more.
func finished(target, live string) bool { return inStep(target, live) || live == terminated }

// heading says that a SIM is on its way to the target by itself: PENDING_ACTIVE to ACTIVE, PENDING_TERMINATE to
// TERMINATED.
func heading(target, live string) bool {
	verb, pending := strings.CutPrefix(live, "PENDING_")
	return pending && verb != "" && strings.HasPrefix(target, verb)
}
