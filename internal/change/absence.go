package change

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Witness finds out whether it is our service that answers, and not another host, tenant or login to which everything
// of ours is "not found".
type Witness struct {
	// Prove asks the service for something that only ours can know; false where it knows none.
	Prove func(ctx context.Context) (bool, error)
	// Pause is how long after the first look the second one comes.
	Pause time.Duration

	mu     sync.Mutex
	proven bool
	asked  *question // that is under way; nil: none is
	told   bool
}

// question is one that is put to the service for all that wait for the answer.
type question struct {
	done   chan struct{} // closed once it is over
	proven bool
	err    error
	open   bool // it has no answer: who has asked was interrupted, or has panicked
}

// Saw notes that an object of ours was found in this run, which proves as much.
func (w *Witness) Saw() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.proven = true
}

// ForeignError says that an object is not there, and neither is anything else that should be: it is not ours that
// answers.
type ForeignError struct {
	Cause error
	// Again: an earlier error of this run has said so already.
	Again bool
}

func (e *ForeignError) Error() string { return e.Cause.Error() }

// Unwrap gives what the service said.
func (e *ForeignError) Unwrap() error { return e.Cause }

// ours says whether it is our service that answers. It is asked once for all that wait for the answer, whatever that
// is.
func (w *Witness) ours(ctx context.Context) (bool, error) {
	for {
		w.mu.Lock()
		if w.proven {
			w.mu.Unlock()
			return true, nil
		}
		q := w.asked
		if q == nil {
			q = &question{done: make(chan struct{}), open: true}
			w.asked = q
			w.mu.Unlock()
			w.ask(ctx, q)
			return q.proven, q.err
		}
		w.mu.Unlock()

		select {
		case <-q.done:
			if !q.open {
				return q.proven, q.err
			}
		case <-ctx.Done():
			return false, context.Cause(ctx)
		}
	}
}

// ask puts the question. Those who wait are let go also after a panic: they ask themselves.
func (w *Witness) ask(ctx context.Context, q *question) {
	defer func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.proven = w.proven || q.proven
		q.proven = w.proven // somebody may have seen an object of ours in the meantime
		w.asked = nil
		close(q.done)
	}()
	q.proven, q.err = w.Prove(ctx)
	q.open = q.err != nil && ctx.Err() != nil
}

// foreign is the error of an absence that nothing proves; only the first one of a run is to be told in full.
func (w *Witness) foreign(cause error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	again := w.told
	w.told = true
	return &ForeignError{Cause: cause, Again: again}
}

// Certain makes certain of an absence: it looks again after the pause, and asks for a proof that it is ours that
// answers. read is called for the second look. It returns what the second look found, or a *GoneError, a *ForeignError,
// or the error that leaves it open.
func Certain[L any](
	ctx context.Context, w *Witness, absent func(error) bool, read func(context.Context) (L, error),
) (L, error) {
	var none L
	if err := pause(ctx, w.Pause); err != nil {
		return none, fmt.Errorf("it was not found, and the run was interrupted before the second look: %w", err)
	}
	live, err := read(ctx)
	switch {
	case err == nil:
		w.Saw()
		return live, nil
	case !absent(err):
		return none, err
	}
	return none, w.Verify(ctx, err)
}

// Verify is the second half of Certain, for an absence that was looked at twice: a *GoneError, a *ForeignError, or the
// error that leaves it open.
func (w *Witness) Verify(ctx context.Context, cause error) error {
	ours, err := w.ours(ctx)
	switch {
	case ours:
		return &GoneError{Cause: cause}
	case err != nil:
		return fmt.Errorf("it was not found, and whether it is the right service that answers could not be read: %w", err)
	}
	return w.foreign(cause)
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
