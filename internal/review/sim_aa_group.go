package review

import "github.com/simfleet/terraform-provider-telco/internal/livechange"

var simAAGroup = resource{
	kind: livechange.AutoActivation,
	sim:  func(of object) Value { return of.attribute("iccid").shown() },

	create: func(c resourceChange, r *Report) {
		if c.ofCreation() == announced {
			r.change(groupChange(c, instead(livechange.Unreadable)))
		}
	},

	update: func(c resourceChange, r *Report) {
		was, wanted := c.before.attribute("group_code"), c.after.attribute("group_code")
		// An assignment can't be waited for: of one whose outcome is unknown nothing tells what became, so it is sent
		// again.
		again := c.before.attribute("operation_status").text() == "unknown"
		switch c.ofUpdate(again || wanted.isUnknown() || wanted.text() != was.text()) {
		case announced:
			from := was.shown()
			if again {
				from = instead(livechange.Unreadable)
			}
			r.change(groupChange(c, from))
		case waiting:
			r.wait(c.after.attribute("iccid").shown(), c)
		case silent:
		}
	},

	destroy: func(c resourceChange, r *Report) { r.leftAlone(c.before.attribute("iccid").shown(), c) },
}

func groupChange(c resourceChange, from Value) Change {
	sim, to := c.after.attribute("iccid").shown(), c.after.attribute("group_code").shown()
	transition := from.Text + livechange.Arrow + to.Text
	return Change{
		Kind: livechange.AutoActivation, SIM: sim, From: from, To: to, Address: c.address,
		Certain:    !c.unsettled() && sim.Known && to.Known,
		transition: transition, what: transition, meaning: livechange.AutoActivation.Meaning(""), open: !to.Known,
	}
}
