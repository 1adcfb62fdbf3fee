package review

import "github.com/simfleet/terraform-provider-telco/internal/livechange"

// fleetLedger sets the counts of a fleet's last_change against the SIMs that its maps show as different. A SIM that
// joins the map has no status of before there, and may be in step already; one that differs from the state may be so
// too, where the plan was made without a refresh. The counts tell, for each transition, and where they can't tell which
// of several SIMs it is, all of them are live and none is certain.
type fleetLedger struct {
	// byTransition are those of one transition of which the plan announces any.
	byTransition map[[2]string]tally
	// byTarget are all others, by what they are to be: theirs are the counts that are left.
	byTarget map[string]tally
	// rest is what the plan announces beyond all of them.
	rest int
}

// tally is how many SIMs could change in one way, and how many changes are announced.
type tally struct {
	sims, announced int
	// from is the status that the changes announced start from, where it is the same for all.
	from Value
}

func newFleetLedger(counts []livechange.Count, candidates []candidate) *fleetLedger {
	l := &fleetLedger{byTransition: map[[2]string]tally{}, byTarget: map[string]tally{}}
	left := map[[2]string]int{}
	for _, count := range counts {
		left[[2]string{count.From, count.To}] += count.N
	}

	unknown := 0
	for _, one := range candidates {
		if !one.to.Known {
			unknown++ // live whatever the counts say, and counted under no status
			continue
		}
		if key := one.key(); !one.joins && left[key] > 0 {
			t := l.byTransition[key]
			t.sims++
			t.announced = left[key]
			l.byTransition[key] = t
		}
	}
	for key, t := range l.byTransition {
		left[key] -= min(t.sims, t.announced)
	}

	for _, one := range candidates {
		if one.to.Known && !l.announces(one) {
			t := l.byTarget[one.to.raw]
			t.sims++
			l.byTarget[one.to.raw] = t
		}
	}
	for _, count := range counts { // in their order, so that the result has one
		key := [2]string{count.From, count.To}
		n := left[key]
		left[key] = 0
		if n == 0 {
			continue
		}
		if count.To == livechange.KnownAfterApply {
			n -= min(n, unknown)
		}
		t, wanted := l.byTarget[count.To]
		if !wanted {
			l.rest += n
			continue
		}
		from := statusNow(count.From, false)
		if t.announced > 0 && t.from.raw != from.raw {
			from = instead(livechange.LiveStatus)
		}
		t.announced, t.from = t.announced+n, from
		l.byTarget[count.To] = t
	}
	for _, t := range l.byTarget {
		l.rest += max(0, t.announced-t.sims)
	}
	return l
}

func (one candidate) key() [2]string { return [2]string{one.from.raw, one.to.raw} }

func (l *fleetLedger) announces(one candidate) bool {
	_, ok := l.byTransition[one.key()]
	return ok && !one.joins
}

// judge says whether a candidate changes, from what, and whether that is certain.
func (l *fleetLedger) judge(one candidate) (from Value, certain, live bool) {
	switch {
	case !one.to.Known:
		return one.from, false, true
	case l.announces(one):
		t := l.byTransition[one.key()]
		return one.from, t.announced >= t.sims, true
	}
	t := l.byTarget[one.to.raw]
	if t.announced == 0 {
		return one.from, false, false
	}
	return t.from.hide(one.to.Text == Sensitive), t.announced >= t.sims && t.from.Known, true
}
