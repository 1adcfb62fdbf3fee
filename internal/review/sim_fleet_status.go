package review

import (
	"cmp"
	"maps"
	"slices"

	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

var simFleetStatus = resource{
	kind: livechange.SIMStatus,
	sim:  fleetName,

	create: func(c resourceChange, r *Report) {
		if c.ofCreation() == silent {
			return
		}
		counts, ok := livechange.ParseFleet(c.lastChange())
		if !ok {
			r.change(unannouncedFleet(c))
			return
		}
		for _, count := range counts {
			r.change(fleetCount(c, count))
		}
	},

	update: func(c resourceChange, r *Report) {
		left := simsLeaving(c)
		if c.after.attribute("statuses").isUnknown() && c.ofUpdate(true) == announced {
			r.change(unannouncedFleet(c))
			return
		}
		candidates := fleetCandidates(c, left)
		differs := slices.ContainsFunc(candidates, func(c candidate) bool { return !c.joins })
		switch c.ofUpdate(differs) {
		case announced:
			judgeFleet(c, candidates, r)
		case waiting:
			r.wait(c.after.attribute("name").shown(), c)
		case silent:
			candidates = nil
		}
		changing := map[string]bool{}
		for _, candidate := range candidates {
			changing[candidate.id] = true
		}
		for _, id := range left {
			if !changing[id] {
				r.leftAlone(simOfFleet(c.before, id), c)
			}
		}
	},

	destroy: func(c resourceChange, r *Report) {
		target, statuses := c.before.attribute("status_on_removal"), c.before.attribute("statuses").elements()
		if len(statuses) == 0 {
			r.leftAlone(fleetName(c.before), c)
		}
		for _, id := range slices.Sorted(maps.Keys(statuses)) {
			sim, live := simOfFleet(c.before, id), statuses[id]
			switch {
			case c.tainted || target.text() == "" || finished(target.text(), live.text()):
				r.leftAlone(sim, c)
			case heading(target.text(), live.text()):
				r.wait(sim, c)
			default:
				r.change(statusOf(c, sim, live.shown(), target.shown(), true))
			}
		}
	},
}

// fleetName stands where no single SIM is named.
func fleetName(of object) Value {
	name := of.attribute("name").shown()
	if name.Known {
		name.Text = "fleet " + name.Text
	}
	return name
}

// simOfFleet is a SIM by its key in a map of statuses. Where the whole map is sensitive, so are its keys.
func simOfFleet(of object, id string) Value {
	return known(id).hide(of.attribute("statuses").isSensitive())
}

// unannouncedFleet is the one entry of a fleet of which it is known only after apply which SIMs change.
func unannouncedFleet(c resourceChange) Change {
	statuses := c.after.attribute("statuses")
	targets := map[string]Value{}
	for _, element := range statuses.elements() {
		to := element.shown()
		targets[to.Text] = to
	}
	to := instead("(each SIM's own)")
	switch {
	case statuses.isUnknown():
		to = instead(livechange.KnownAfterApply)
	case len(targets) == 1:
		to = slices.Collect(maps.Values(targets))[0]
	}

	change := statusOf(c, fleetName(c.after), instead(livechange.LiveStatus), to, false)
	change.fleet = true
	change.Count = max(1, len(statuses.elements()))
	if statuses.isUnknown() {
		change.Count = max(1, len(c.before.attribute("statuses").elements()))
		return change
	}
	// It breaks what the change of any of its SIMs would break.
	change.open, change.terminates = false, no
	for _, to := range targets {
		change.open = change.open || !to.Known
		change.terminates = max(change.terminates, terminatesAt(to))
	}
	return change
}

// fleetCount is the entry of a new fleet's SIMs that share a transition.
func fleetCount(c resourceChange, count livechange.Count) Change {
	to := instead(livechange.KnownAfterApply)
	if count.To != livechange.KnownAfterApply {
		to = known(count.To).hide(c.textSensitive() || c.after.attribute("statuses").anySensitive())
	}
	from := statusNow(count.From, c.textSensitive())
	change := statusOf(c, fleetName(c.after), from, to, from.Known)
	change.Count, change.fleet = count.N, true
	return change
}

// candidate is a SIM of a fleet that may change in an update.
type candidate struct {
	id       string
	from, to Value
	// joins: it was not in the map, so that only the counts of last_change can tell whether it changes.
	joins bool
}

// simsLeaving are the SIMs that leave the map.
func simsLeaving(c resourceChange) []string {
	if c.after.attribute("statuses").isUnknown() {
		return nil
	}
	stay := c.after.attribute("statuses").elements()
	var left []string
	for _, id := range slices.Sorted(maps.Keys(c.before.attribute("statuses").elements())) {
		if _, stays := stay[id]; !stays {
			left = append(left, id)
		}
	}
	return left
}

// fleetCandidates compares the maps of before and after, by SIM.
func fleetCandidates(c resourceChange, left []string) []candidate {
	was, wanted := c.before.attribute("statuses").elements(), c.after.attribute("statuses").elements()
	removal := c.after.attribute("status_on_removal")
	var candidates []candidate
	for id, to := range wanted {
		from, stays := was[id]
		switch {
		case !stays:
			from := instead(livechange.LiveStatus)
			candidates = append(candidates, candidate{id: id, from: from, to: to.shown(), joins: true})
		case to.isUnknown() || !inStep(to.text(), from.text()):
			candidates = append(candidates, candidate{id: id, from: from.shown(), to: to.shown()})
		}
	}
	for _, id := range left {
		if from := was[id]; removal.isUnknown() || removal.text() != "" && !finished(removal.text(), from.text()) {
			candidates = append(candidates, candidate{id: id, from: from.shown(), to: removal.shown()})
		}
	}
	slices.SortFunc(candidates, func(a, b candidate) int { return cmp.Compare(a.id, b.id) })
	return candidates
}

// judgeFleet reports the candidates that the plan announces.
func judgeFleet(c resourceChange, candidates []candidate, r *Report) {
	counts, ok := livechange.ParseFleet(c.lastChange())
	if !ok {
		for _, one := range candidates {
			r.change(one.change(c, !one.joins))
		}
		return
	}

	ledger := newFleetLedger(counts, candidates)
	for _, one := range candidates {
		if from, certain, live := ledger.judge(one); live {
			one.from = from
			r.change(one.change(c, certain))
		}
	}
	if ledger.rest > 0 {
		// The plan announces more than its maps explain. Which SIMs those are, only the apply tells.
		from, to := instead(livechange.LiveStatus), instead(livechange.KnownAfterApply)
		change := statusOf(c, fleetName(c.after), from, to, false)
		change.Count, change.fleet = ledger.rest, true
		r.change(change)
	}
}

func (one candidate) change(c resourceChange, certain bool) Change {
	sim := simOfFleet(c.after, one.id)
	if !one.joins {
		sim = sim.hide(c.before.attribute("statuses").isSensitive())
	}
	return statusOf(c, sim, one.from, one.to, certain)
}
