package simulator

// M2MGroup is a SIM group of the m2mi portal. A pending group is not chargeable and has a small test allowance; a
// live group is chargeable; a suspended group is neither (docs.m2miportal.com, "SIM organisation").
type M2MGroup struct {
	Code string `json:"code"` // what commands name; the name is refused
	Name string `json:"name"`
	Type string `json:"type"` // pending, live, suspended
}

// M2MSIM is a SIM of the m2mi portal. Neither of its groups can be read by any command that the documents show.
type M2MSIM struct {
	ICCID  string `json:"iccid"`
	Status string `json:"status"` // active, deactivated, closed; empty means active
	Group  string `json:"group"`  // code of the group that it is in
	// AAGroup is the code of the live group that it moves to once the test allowance is used up.
	AAGroup       string `json:"aa_group"`
	TestAllowance int    `json:"test_allowance"` // what is left of it, in no particular unit
}

// AddM2MGroup adds a group, or replaces the one of the same code.
func (s *Simulator) AddM2MGroup(group M2MGroup) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.m2m.groups[group.Code] = group
}

// AddM2MSIM adds a SIM to the account, or replaces the one of the same ICCID.
func (s *Simulator) AddM2MSIM(sim M2MSIM) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sim.Status == "" {
		sim.Status = "active"
	}
	s.m2m.sims[sim.ICCID] = &sim
}

// M2MSIM tells how a SIM stands, its groups included; false when the account has no such SIM.
func (s *Simulator) M2MSIM(iccid string) (M2MSIM, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sim, ok := s.m2m.sims[iccid]
	if !ok {
		return M2MSIM{}, false
	}
	return *sim, true
}

// ChangeM2MSIM changes a SIM as someone would in the portal: the ledger does not show it. The ICCID must stay, and
// change must not call the simulator. False when the account has no such SIM.
func (s *Simulator) ChangeM2MSIM(iccid string, change func(*M2MSIM)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	sim, ok := s.m2m.sims[iccid]
	if ok {
		change(sim)
	}
	return ok
}

// RemoveM2MSIM takes a SIM from the account; false when it has no such SIM.
func (s *Simulator) RemoveM2MSIM(iccid string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.m2m.sims[iccid]
	delete(s.m2m.sims, iccid)
	return ok
}

// ExhaustTestAllowance uses up a SIM's test traffic. A SIM of a pending group that has an auto-activation group
// moves there, and the assignment is gone: it consumes itself. False when the account has no such SIM.
func (s *Simulator) ExhaustTestAllowance(iccid string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	sim, ok := s.m2m.sims[iccid]
	if !ok {
		return false
	}
	sim.TestAllowance = 0
	if sim.AAGroup != "" && s.m2m.groups[sim.Group].Type == "pending" {
		sim.Group, sim.AAGroup = sim.AAGroup, ""
	}
	return true
}
