package review

import (
	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

// resourceChange is what a plan says of one object of ours.
type resourceChange struct {
	address       string
	before, after object
	// tainted: the object is replaced because it is tainted, and then the provider only forgets it.
	tainted bool
}

// resource is how the plan of one type is read, leg by leg. A replacement has two.
type resource struct {
	// kind is what the type changes, for an action that this version does not know; sim names the object.
	kind livechange.Kind
	sim  func(of object) Value

	create, update, destroy func(c resourceChange, r *Report)
}

var resources = map[string]resource{
	"telco_sim_card":         simCard,
	"telco_sim_status":       simStatus,
	"telco_sim_fleet_status": simFleetStatus,
	"telco_sim_aa_group":     simAAGroup,
	"telco_mvno_sim_swap":    mvnoSIMSwap,
}

// announcement is what a plan says, by operation_status and last_change, of what its apply sends.
type announcement int

const (
	silent    announcement = iota // nothing is sent
	waiting                       // a change of an earlier run is waited for, nothing is sent
	announced                     // a live change
)

// ofCreation: a plan that creates an object announces a change exactly where operation_status is known after apply;
// there can be no change of an earlier run.
func (c resourceChange) ofCreation() announcement {
	if c.after.attribute("operation_status").isUnknown() {
		return announced
	}
	return silent
}

// ofUpdate: where operation_status is known after apply, the plan announces a change, or picks up one of an earlier
// run. The latter leaves last_change as it was; but so does a change that repeats the last one in every word. It is
// told apart by what is wanted, which differs from the state, and by the state, which then has nothing to wait for.
func (c resourceChange) ofUpdate(differs bool) announcement {
	switch {
	case !c.after.attribute("operation_status").isUnknown():
		return silent
	case differs, c.lastChangeMoves(), c.before.attribute("operation_status").text() == "complete":
		return announced
	}
	return waiting
}

func (c resourceChange) lastChangeMoves() bool {
	after := c.after.attribute("last_change")
	return after.isUnknown() || after.text() != "" && after.text() != c.before.attribute("last_change").text()
}

// lastChange is the text that the plan announces; "" where it is known after apply, or the provider's version has none.
func (c resourceChange) lastChange() string { return c.after.attribute("last_change").text() }

// unsettled: what is found at apply is sent.
func (c resourceChange) unsettled() bool { return c.after.attribute("last_change").isUnknown() }

// textSensitive: the text of last_change is marked as sensitive.
func (c resourceChange) textSensitive() bool { return c.after.attribute("last_change").isSensitive() }

func (r *Report) change(c Change) {
	if c.Count == 0 {
		c.Count = 1
	}
	c.open = c.open || !c.SIM.Known
	r.Changes = append(r.Changes, c)
}

func (r *Report) wait(sim Value, c resourceChange) {
	r.Waits = append(r.Waits, Object{SIM: sim, Address: c.address})
}

func (r *Report) leftAlone(sim Value, c resourceChange) {
	r.LeftAlone = append(r.LeftAlone, Object{SIM: sim, Address: c.address})
}
