package accounts

import (
	"context"
	"sync"
	"time"
)

const (
	// singlesFirst is how many SIM cards of an account are read one by one before its list is tried: a large account is
	// never listed to answer for a few SIM cards.
	singlesFirst = 20
	// listLife is how long a list that was read answers for the SIM cards on it.
	listLife = 10 * time.Second
	// listPays is how many reads each page of a list must have answered for the account to be listed again.
	listPays = 2
)

// lists holds what was read of accounts' lists, for SIMCardShared.
type lists struct {
	mu        sync.Mutex
	byAccount map[string]*accountList
}

type accountList struct {
	singles  int // SIM cards read one by one so far
	useless  bool
	reading  chan struct{} // closed once the list that is being read is there; nil: none is
	started  time.Time     // when the last list was asked for
	cards    map[string]SIMCard
	pages    int
	answered int                  // reads that the last list has answered
	changed  map[string]time.Time // when a SIM card was last changed, or may have been
}

// SIMCardShared reads one SIM card like SIMCard, for a refresh: once a run reads many SIM cards of one account, the
// account's list answers for them, as long as it is less than ten seconds old and no change of the SIM card went out
// since. What is not on the list is read by itself. It is not for the read that verifies a change.
func (c *Client) SIMCardShared(ctx context.Context, account, cli string) (*SIMCard, error) {
	for {
		card, wait, list := c.lists.find(account, cli)
		switch {
		case card != nil:
			return card, nil
		case list:
			c.readList(ctx, account)
		case wait == nil:
			return c.SIMCard(ctx, account, cli)
		default:
			select {
			case <-wait:
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
	}
}

// find answers from the list, or says what to do: wait for the list that is being read, read it, or (neither) read the
// SIM card by itself.
func (l *lists) find(account, cli string) (card *SIMCard, wait <-chan struct{}, list bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.account(account)
	fresh := time.Since(a.started) < listLife
	switch known, ok := a.cards[cli]; {
	case a.reading != nil:
		return nil, a.reading, false
	case fresh && ok && a.started.After(a.changed[cli]):
		a.answered++
		return &known, nil, false
	case fresh || a.useless || a.singles < singlesFirst:
		a.singles++
		return nil, nil, false
	}
	if a.pages > 0 && a.answered < listPays*a.pages {
		a.useless = true
		return nil, nil, false
	}
	a.reading, a.started = make(chan struct{}), time.Now()
	return nil, nil, true
}

// readList reads as many pages as SIM cards were read one by one, at most: beyond that the list costs more than it
// saves, and what was read of it still serves.
func (c *Client) readList(ctx context.Context, account string) {
	c.lists.mu.Lock()
	budget := c.lists.account(account).singles
	c.lists.mu.Unlock()
	var cards []SIMCard
	pages, useless := 0, true
	defer func() {
		c.lists.mu.Lock()
		defer c.lists.mu.Unlock()
		a := c.lists.account(account)
		a.cards, a.pages, a.answered, a.useless = make(map[string]SIMCard, len(cards)), pages, 0, useless
		for _, card := range cards {
			a.cards[card.CLI] = card
		}
		close(a.reading)
		a.reading = nil
	}()
	if read, n, _, err := c.pages(ctx, account, budget); err == nil {
		cards, pages, useless = read, n, false
	}
}

// forget takes a SIM card off the lists: a change of it is on its way.
func (l *lists) forget(account, cli string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.account(account)
	if a.changed == nil {
		a.changed = map[string]time.Time{}
	}
	a.changed[cli] = time.Now()
}

func (l *lists) account(key string) *accountList {
	if l.byAccount == nil {
		l.byAccount = map[string]*accountList{}
	}
	a := l.byAccount[key]
	if a == nil {
		a = &accountList{}
		l.byAccount[key] = a
	}
	return a
}
