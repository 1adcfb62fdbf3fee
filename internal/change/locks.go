package change

import (
	"context"
	"sync"
)

// Locks gives one lock for each SIM or account: one command at a time.
type Locks struct {
	mu   sync.Mutex
	held map[string]*heldLock
}

type heldLock struct {
	slot  chan struct{}
	users int
}

// NewLocks returns locks of which none is held.
func NewLocks() *Locks { return &Locks{held: map[string]*heldLock{}} }

// Lock waits for the key; the caller must call unlock. It fails when ctx ends first, also where the key is free.
func (l *Locks) Lock(ctx context.Context, key string) (unlock func(), err error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	l.mu.Lock()
	k := l.held[key]
	if k == nil {
		k = &heldLock{slot: make(chan struct{}, 1)}
		l.held[key] = k
	}
	k.users++
	l.mu.Unlock()

	leave := func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if k.users--; k.users == 0 {
			delete(l.held, key)
		}
	}
	select {
	case k.slot <- struct{}{}:
		return func() { <-k.slot; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, context.Cause(ctx)
	}
}
