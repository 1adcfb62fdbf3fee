package change

import "sync"

// Budget holds an apply to the user's limits: none at all where the provider is read-only, else no more than Limit.
type Budget struct {
	ReadOnly bool
	Limit    int // 0: none

	mu   sync.Mutex
	sent int
}

// Spend is asked right before a change is sent. It returns 0, or the reason why it may not be.
func (b *Budget) Spend() Reason {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.ReadOnly:
		return ReadOnly
	case b.Limit > 0 && b.sent >= b.Limit:
		return OverLimit
	}
	b.sent++
	return 0
}

// Sent is how many changes the run has sent.
func (b *Budget) Sent() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sent
}
