package simulator

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"strings"
)

// mvnoCustomer is the customer that the simulator's token belongs to.
const mvnoCustomer = "5f0c1a2b3c4d5e6f70810001"

// MVNOAccount is an MVNO account of TelecomX (wiki.telecomx.dk, "api:mvno:account:get").
type MVNOAccount struct {
	ID        string `json:"id"`         // 24 hex characters
	Customer  string `json:"customer"`   // empty means the token's own
	Number    string `json:"number"`     // E.164
	State     string `json:"state"`      // ACTIVE (also empty), CREATING, DELETING, BLOCKED
	Type      string `json:"type"`       // empty means MVNO
	Notes     string `json:"notes"`      // free text, which a list's filter searches too
	Porting   bool   `json:"porting"`    // its number is being ported
	SIMNumber string `json:"sim_number"` // the ICC that it holds
}

// MVNOSIM is a SIM of the pool (wiki.telecomx.dk, "api:sim:get"). It is free while it is neither used nor held.
type MVNOSIM struct {
	ICC        string `json:"icc"`
	IMSI       string `json:"imsi"`
	Network    string `json:"network"`     // TDC (also empty), TELENOR, TELIA
	FormFactor string `json:"form_factor"` // NANO (also empty), MINI_MICRO, MINI_MICRO_NANO, eSIM
	AutoAssign bool   `json:"auto_assign"`
	PIN1       string `json:"pin1"`
	PIN2       string `json:"pin2"`
	PUK1       string `json:"puk1"`
	PUK2       string `json:"puk2"`
	// InStorageAt is the customer or reseller who holds it while it is free; empty means the token's own customer.
	InStorageAt string `json:"in_storage_at"`
	Used        bool   `json:"used"`   // it is or was in an account, and never comes back
	Holder      string `json:"holder"` // id of the account that holds it now
}

func (sim *MVNOSIM) free() bool { return !sim.Used && sim.Holder == "" }

// mvnoAccount is a stored account, with what its reads show for a while after a swap.
type mvnoAccount struct {
	MVNOAccount
	staleSIM   string
	staleReads int
}

// AddMVNOAccount adds an account, or replaces the one of the same id. The SIM that it holds joins the pool unless it
// is there already.
func (s *Simulator) AddMVNOAccount(account MVNOAccount) {
	s.mu.Lock()
	defer s.mu.Unlock()
	account.Customer = cmp.Or(account.Customer, mvnoCustomer)
	account.State = cmp.Or(account.State, "ACTIVE")
	account.Type = cmp.Or(account.Type, "MVNO")
	icc := account.SIMNumber
	account.SIMNumber = ""
	stored := &mvnoAccount{MVNOAccount: account}
	s.mvno.accounts[strings.ToLower(account.ID)] = stored
	s.mvno.give(stored, icc)
}

// AddMVNOSIM adds a SIM to the pool, or replaces the one of the same ICC. IMSI, PINs and PUKs that are not given are
// made from the ICC, always the same ones. A SIM that an account holds stays with it.
func (s *Simulator) AddMVNOSIM(sim MVNOSIM) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, account := range s.mvno.accounts {
		if account.SIMNumber != "" && mvnoICC(account.SIMNumber) == mvnoICC(sim.ICC) {
			sim.Used, sim.Holder = true, account.ID
		}
	}
	s.mvno.addSIM(sim)
}

// MVNOAccount tells how an account stands; false when there is none of that id.
func (s *Simulator) MVNOAccount(id string) (MVNOAccount, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	account, ok := s.mvno.accounts[strings.ToLower(id)]
	if !ok {
		return MVNOAccount{}, false
	}
	return account.MVNOAccount, true
}

// ChangeMVNOAccount changes an account as someone would in the portal: the ledger does not show it. Another
// SIMNumber is a swap: the old SIM is spent. The id must stay, and change must not call the simulator. False when
// there is no account of that id.
func (s *Simulator) ChangeMVNOAccount(id string, change func(*MVNOAccount)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	account, ok := s.mvno.accounts[strings.ToLower(id)]
	if !ok {
		return false
	}
	before := account.SIMNumber
	change(&account.MVNOAccount)
	after := account.SIMNumber
	account.SIMNumber = before
	if after != before {
		s.mvno.give(account, after)
	}
	return true
}

// RemoveMVNOAccount deletes an account for good; its SIM stays spent. False when there is no account of that id.
func (s *Simulator) RemoveMVNOAccount(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	account, ok := s.mvno.accounts[strings.ToLower(id)]
	if !ok {
		return false
	}
	s.mvno.give(account, "")
	delete(s.mvno.accounts, strings.ToLower(id))
	return true
}

// MVNOSIM tells how a SIM of the pool stands; false when there is none of that ICC.
func (s *Simulator) MVNOSIM(icc string) (MVNOSIM, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sim, ok := s.mvno.sims[mvnoICC(icc)]
	if !ok {
		return MVNOSIM{}, false
	}
	return *sim, true
}

// addSIM completes a SIM and puts it into the pool; s.mu is held.
func (m *mvnoAPI) addSIM(sim MVNOSIM) *MVNOSIM {
	sim.ICC = mvnoICC(sim.ICC)
	sim.IMSI = cmp.Or(sim.IMSI, "23801"+mvnoDigits(sim.ICC, "imsi", 10))
	sim.Network = cmp.Or(sim.Network, "TDC")
	sim.FormFactor = cmp.Or(sim.FormFactor, "NANO")
	sim.InStorageAt = cmp.Or(sim.InStorageAt, mvnoCustomer)
	sim.PIN1 = cmp.Or(sim.PIN1, mvnoDigits(sim.ICC, "pin1", 4))
	sim.PIN2 = cmp.Or(sim.PIN2, mvnoDigits(sim.ICC, "pin2", 4))
	sim.PUK1 = cmp.Or(sim.PUK1, mvnoDigits(sim.ICC, "puk1", 8))
	sim.PUK2 = cmp.Or(sim.PUK2, mvnoDigits(sim.ICC, "puk2", 8))
	m.sims[sim.ICC] = &sim
	return &sim
}

// give puts a SIM into an account, and spends the one that it held; an empty icc leaves it without. s.mu is held.
func (m *mvnoAPI) give(account *mvnoAccount, icc string) {
	if old, ok := m.sims[mvnoICC(account.SIMNumber)]; ok {
		old.Used, old.Holder = true, ""
	}
	account.SIMNumber = mvnoICC(icc)
	if account.SIMNumber == "" {
		return
	}
	sim, ok := m.sims[account.SIMNumber]
	if !ok {
		sim = m.addSIM(MVNOSIM{ICC: account.SIMNumber})
	}
	sim.Used, sim.Holder = true, account.ID
}

// mvnoICC is the ICC without the F that pads some stored ones.
func mvnoICC(icc string) string { return strings.TrimSuffix(icc, "F") }

// mvnoDigits makes n digits from an ICC, always the same ones.
func mvnoDigits(icc, purpose string, n int) string {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(purpose + icc))
	digits := fmt.Sprintf("%020d", hash.Sum64())
	return digits[len(digits)-n:]
}
