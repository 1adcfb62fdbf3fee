package review

import (
	"strings"

	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

var mvnoSIMSwap = resource{
	kind: livechange.MVNOSIMSwap,
	sim:  func(of object) Value { return of.attribute("account_id").shown() },

	create: func(c resourceChange, r *Report) {
		if c.ofCreation() == announced {
			r.change(swapChange(c, instead(simNow)))
		}
	},

	update: func(c resourceChange, r *Report) {
		differs := false
		for _, name := range []string{"new_sim", "triggers"} {
			was, wanted := c.before.attribute(name), c.after.attribute(name)
			differs = differs || differ(was, wanted)
		}
		switch c.ofUpdate(differs) {
		case announced:
			r.change(swapChange(c, c.before.attribute("sim_number").shown()))
		case waiting:
			r.wait(c.after.attribute("account_id").shown(), c)
		case silent:
		}
	},

	destroy: func(c resourceChange, r *Report) { r.leftAlone(c.before.attribute("account_id").shown(), c) },
}

// simNow stands in place of the SIM that an account holds, where it is read before anything is sent.
const simNow = "(the SIM held)"

// swapChange is a swap; last_change names the SIM that the preflight has found, else the state does.
func swapChange(c resourceChange, from Value) Change {
	account, to := c.after.attribute("account_id").shown(), c.after.attribute("new_sim").shown()
	if held := livechange.SwapFrom(c.lastChange()); held != "" && !strings.HasPrefix(held, "(") {
		from = known(held).hide(c.textSensitive() || from.Text == Sensitive)
	}
	change := Change{
		Kind: livechange.MVNOSIMSwap, SIM: account, From: from, To: to, Address: c.address,
		Certain: !c.unsettled() && account.Known && to.Known,
		what:    from.Text + livechange.Arrow + to.Text, meaning: livechange.MVNOSIMSwap.Meaning(""), open: !to.Known,
	}
	keyword := to.raw == "eSim" || to.raw == "autoAssign"
	switch {
	case !to.Known || to.Text == Sensitive:
		change.transition = "to " + to.Text
	case keyword:
		change.transition = "to " + to.raw
	default:
		change.transition = "to a named SIM" // grouped by SIM, each swap would be a group of its own
	}
	if replaces := c.after.attribute("replaces"); replaces.isUnknown() || replaces.text() == "" {
		switch {
		case keyword:
			change.byKeyword = yes
		case !to.Known:
			change.byKeyword = maybe
		}
	}
	return change
}
