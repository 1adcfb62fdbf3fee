package simulator

// AddAccount adds an account without SIM cards; one that already exists stays as it is.
func (s *Simulator) AddAccount(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts.addAccount(key)
}

func (a *accountsAPI) addAccount(key string) {
	if a.accounts[key] == nil {
		a.accounts[key] = &foreignAccount{key: key, started: a.sim.now()}
	}
}

// AddSIMCard puts a card into an account, which is added if need be, in place of a card of the same CLI. A missing
// Created is now, a missing Version 1.
func (s *Simulator) AddSIMCard(account string, card SIMCard) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts
	a.addAccount(account)
	if old := a.cards[card.CLI]; old != nil {
		a.abandon(old)
	}
	if card.Created.IsZero() {
		card.Created = s.now()
	}
	if card.Version == 0 {
		card.Version = 1
	}
	a.insert(&accountsCard{account: account, card: card.clone()})
}

// SIMCard returns a copy of a card as the network holds it.
func (s *Simulator) SIMCard(account, cli string) (SIMCard, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.accounts.current(account, cli)
	if c == nil {
		return SIMCard{}, false
	}
	return c.card.clone(), true
}

// SIMCards returns copies of an account's cards, sorted by CLI.
func (s *Simulator) SIMCards(account string) []SIMCard {
	s.mu.Lock()
	defer s.mu.Unlock()
	acc := s.accounts.accounts[account]
	if acc == nil {
		return nil
	}
	var out []SIMCard
	for _, cli := range append([]string(nil), acc.clis...) {
		if c := s.accounts.current(account, cli); c != nil {
			out = append(out, c.card.clone())
		}
	}
	return out
}

// ChangeSIMCard changes a card as somebody in the portal would: at once, with a new Version and no entry in the
// ledger. It reports whether the card exists. The CLI stays; f must not call the simulator's methods.
func (s *Simulator) ChangeSIMCard(account, cli string, f func(*SIMCard)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.accounts.current(account, cli)
	if c == nil {
		return false
	}
	version := c.card.Version
	f(&c.card)
	c.card.CLI = cli
	if c.card.Version == version {
		c.card.Version++
	}
	return true
}

// RemoveSIMCard takes a card away as somebody in the portal would; a command that runs on it fails. It reports whether
// the card existed.
func (s *Simulator) RemoveSIMCard(account, cli string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.accounts.current(account, cli)
	if c == nil {
		return false
	}
	s.accounts.abandon(c)
	return true
}

// abandon removes a card whatever runs on it.
func (a *accountsAPI) abandon(c *accountsCard) {
	if cmd := c.running; cmd != nil {
		c.running, cmd.ended, cmd.outcome = nil, true, "failed"
		if cmd.action == "delete" {
			cmd.outcome = "complete" // the portal was faster
		}
	}
	delete(a.stale, c.card.CLI)
	a.remove(c)
}

// current is a card after all that the clock has ended.
func (a *accountsAPI) current(account, cli string) *accountsCard {
	if c := a.cardOf(account, cli); c != nil {
		a.catchUp(c)
	}
	return a.cardOf(account, cli)
}
