package simulator

import (
	"maps"
	"slices"
	"strings"
)

// inPortal of each API fills in what the page shows of it, and returns the operations that are on their way, where
// there can be some; s.mu is held.

func (a *accountsAPI) inPortal(p *portalService) (running []portalOperation) {
	p.Name = "SIM cards (accounts)"
	to := func(label string, state int) portalAction {
		return portalAction{Label: label, To: simStateNames[state], Set: map[string]any{"State": state}}
	}
	p.Actions = []portalAction{
		to("Go live", 3), to("Suspend", 4), to("Bar", 5), to("Make ready", 1), to("Terminate", stateTerminated),
	}
	for cli, c := range a.cards {
		if a.catchUp(c); a.cards[cli] != c {
			continue // its removal has just ended
		}
		what := ""
		if cmd := c.running; cmd != nil {
			what = cmd.action
			running = append(running, portalOperation{API: Accounts, Key: c.account + "/" + cli, What: what, since: cmd.since})
		}
		p.add(c.account+"/"+cli, simStateNames[c.card.State], func() portalSIM {
			number := labelled("SIM ", deref(c.card.SIMNumber))
			sim := portalSIM{Running: what, Detail: joinShown(number, deref(c.card.Description))}
			if c.card.ActorStatus == actorStalled {
				sim.Note = actorStatusNames[actorStalled]
			}
			return sim
		})
	}
	return running
}

func (c *cmoAPI) inPortal(p *portalService) (running []portalOperation) {
	p.Name = "Products (CMO)"
	to := func(label, status string) portalAction {
		return portalAction{Label: label, To: status, Set: map[string]any{"status": status}}
	}
	p.Actions = []portalAction{
		to("Activate", statusActive), to("Suspend", statusSuspended), to("Block", statusBlocked),
		to("Terminate", statusTerminated),
	}
	for id, product := range c.products {
		c.settleDue(product)
		what, op := "", product.terminating
		switch {
		case product.running != nil:
			what, op = product.running.before.sim+" → "+product.running.target, &product.running.operation
		case op != nil:
			what = statusPendingTerminate + " → " + statusTerminated
		}
		if op != nil {
			running = append(running, portalOperation{API: CMO, Key: id, What: what, since: op.since})
		}
		p.add(id, product.SIMStatus, func() portalSIM {
			sim := portalSIM{Running: what, Detail: joinShown(product.Offering, labelled("IMSI ", product.IMSI))}
			if product.Status != product.SIMStatus {
				sim.Note = "product " + product.Status
			}
			return sim
		})
	}
	return running
}

func (m *m2mAPI) inPortal(p *portalService) {
	p.Name = "SIMs (m2m)"
	to := func(label, status string) portalAction {
		return portalAction{Label: label, To: status, Set: map[string]any{"status": status}}
	}
	p.Actions = []portalAction{
		to("Activate", "active"), to("Deactivate", "deactivated"), to("Close", "closed"),
		{Label: "Use up the test allowance", Set: map[string]any{"exhausted": true}},
	}
	for iccid, sim := range m.sims {
		p.add(iccid, sim.Status, func() portalSIM {
			return portalSIM{Detail: joinShown(labelled("in group ", sim.Group), labelled("moves to ", sim.AAGroup))}
		})
	}
}

func (m *mvnoAPI) inPortal(p *portalService) {
	p.Name = "Accounts (MVNO)"
	to := func(label, state string) portalAction {
		return portalAction{Label: label, To: state, Set: map[string]any{"state": state}}
	}
	p.Actions = []portalAction{to("Unblock", "ACTIVE"), to("Block", "BLOCKED"), to("Terminate", "DELETING")}
	for _, account := range m.accounts {
		p.add(account.ID, account.State, func() portalSIM {
			sim := portalSIM{Detail: joinShown(labelled("SIM ", account.SIMNumber), account.Number)}
			if account.Porting {
				sim.Note = "porting"
			}
			return sim
		})
	}
	const offered = 5
	for _, icc := range slices.Sorted(maps.Keys(m.sims)) {
		if sim := m.sims[icc]; sim.free() && len(p.Free) < offered {
			p.Free = append(p.Free, icc)
		}
	}
}

func labelled(label, text string) string {
	if text == "" {
		return ""
	}
	return label + text
}

func joinShown(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return part == "" }), " · ")
}

func deref(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
