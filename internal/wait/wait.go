// Package wait polls an operation until it has ended. It knows neither HTTP nor the words of any API: the caller's
// poll function says which of three states the operation is in.
package wait

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// State is where an operation stands; there are only these three.
type State int

const (
	// Pending: not over yet, or nothing usable is known.
	Pending State = iota
	// Done: over, and it succeeded.
	Done
	// Failed: over, and it did not.
	Failed
)

// Status is one answer about an operation.
type Status[T any] struct {
	State State
	// Value is the operation's result, or what is known so far.
	Value T
	// Word is the service's own word for the state, for messages.
	Word string
	// Reason says why a Failed operation failed.
	Reason error
	// RetryAfter is how long the service asks to wait, also beside the error of a failed poll; it wins over the interval,
	// up to five minutes.
	RetryAfter time.Duration
}

// Pace is how fast to poll, and how long to bear what may pass. Zero values take the defaults named here.
type Pace struct {
	// Min and Max bound the pause between polls; in between it is a tenth of the operation's age, so that a quick
	// operation is seen soon and a long one costs few calls. Defaults 1 s and 30 s.
	Min, Max time.Duration
	// Patience is how long a caller bears what a slow service may still mend: a status URL that answers 404, a read
	// that shows the old value. Default 30 s.
	Patience time.Duration
	// Convinced is for how long an object has to show what was asked for until a monitor that still says "in progress"
	// is not waited for any longer. Default 1 min.
	Convinced time.Duration
	// SecondLook is how long after an object was not found the second look comes. Default 5 s.
	SecondLook time.Duration
	// Settle bounds the reads that find out what became of a change without an answer, default 2 min; and
	// SettleInterrupted does from the moment that the run is interrupted, default 30 s.
	Settle, SettleInterrupted time.Duration
}

// Doubt is for how long after a change without an answer its object must look as before, until that counts as a change
// that had no effect: as long as a slow service may show the old value. A third of it was tried, and an order that was
// queued for a quarter of a minute counted as none.
func (p Pace) Doubt() time.Duration { return p.Patience }

// WithDefaults fills in the defaults.
func (p Pace) WithDefaults() Pace {
	if p.Min <= 0 {
		p.Min = time.Second
	}
	if p.Max <= 0 {
		p.Max = max(p.Min, 30*time.Second)
	}
	for _, standard := range []struct {
		value *time.Duration
		d     time.Duration
	}{
		{&p.Patience, 30 * time.Second}, {&p.Convinced, time.Minute}, {&p.SecondLook, 5 * time.Second},
		{&p.Settle, 2 * time.Minute}, {&p.SettleInterrupted, 30 * time.Second},
	} {
		if *standard.value <= 0 {
			*standard.value = standard.d
		}
	}
	return p
}

// Config says how to poll. Zero values take the defaults named here.
type Config struct {
	// Operation is named in errors: "creation of SIM card …".
	Operation string
	// First is the pause before the first poll; default none.
	First time.Duration
	// Pace bounds the pause between polls.
	Pace Pace
	// Tolerate is how many failed polls in a row are borne; default 5.
	Tolerate int
	// Transient tells failed polls that may be borne from those that end the wait; default: all may.
	Transient func(error) bool
	// Progress is told after each poll that did not end the wait.
	Progress func(Progress)
}

// Progress is what is known in the middle of a wait.
type Progress struct {
	Operation string
	Polls     int
	Elapsed   time.Duration
	Word      string
	Err       error // of a failed poll that is borne
}

// TimeoutError says that the deadline came before the end.
type TimeoutError struct {
	Operation string
	Elapsed   time.Duration
	Word      string // the last word of the service
	Cause     error  // the last failed poll, if the wait ended among such
}

func (e *TimeoutError) Error() string {
	text := fmt.Sprintf("%s was not over after %s", e.Operation, e.Elapsed.Round(time.Second))
	if e.Word != "" {
		text += fmt.Sprintf(" (last state: %s)", e.Word)
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap gives context.DeadlineExceeded and the last failed poll.
func (e *TimeoutError) Unwrap() []error {
	if e.Cause == nil {
		return []error{context.DeadlineExceeded}
	}
	return []error{context.DeadlineExceeded, e.Cause}
}

// InterruptedError says that the caller gave up waiting, as on Ctrl-C.
type InterruptedError struct {
	Operation string
	Word      string
	Cause     error
}

func (e *InterruptedError) Error() string {
	return fmt.Sprintf("waiting for the %s was interrupted", e.Operation)
}

// Unwrap gives the context's error.
func (e *InterruptedError) Unwrap() error { return e.Cause }

// FailedError says that the operation ended in failure, in the service's words.
type FailedError struct {
	Operation string
	Word      string
	Reason    error
}

func (e *FailedError) Error() string {
	text := fmt.Sprintf("%s failed", e.Operation)
	if e.Word != "" {
		text += fmt.Sprintf(" (state: %s)", e.Word)
	}
	if e.Reason != nil {
		text += ": " + e.Reason.Error()
	}
	return text
}

// Unwrap gives the service's reason.
func (e *FailedError) Unwrap() error { return e.Reason }

// PollError says that the operation's state could not be read; what became of the operation is not known.
type PollError struct {
	Operation string
	Word      string
	Cause     error
}

func (e *PollError) Error() string {
	return fmt.Sprintf("the state of the %s could not be read: %v", e.Operation, e.Cause)
}

// Unwrap gives the last failed poll.
func (e *PollError) Unwrap() error { return e.Cause }

// Until polls until the operation is Done or Failed, ctx ends, or too many polls in a row have failed. The last value
// is returned beside every error. The deadline is ctx's; errors are *TimeoutError, *InterruptedError, *FailedError or
// *PollError.
func Until[T any](ctx context.Context, cfg Config, poll func(context.Context) (Status[T], error)) (T, error) {
	cfg.Pace = cfg.Pace.WithDefaults()
	if cfg.Tolerate <= 0 {
		cfg.Tolerate = 5
	}

	start := time.Now()
	var last Status[T]
	var lastErr error
	failures, polls := 0, 0
	next := cfg.First
	for {
		if !sleep(ctx, next) {
			return last.Value, ended(ctx, cfg.Operation, time.Since(start), last.Word, lastErr)
		}
		status, err := poll(ctx)
		polls++
		switch {
		case err != nil && ctx.Err() != nil:
			return last.Value, ended(ctx, cfg.Operation, time.Since(start), last.Word, lastErr)
		case err != nil:
			failures++
			lastErr = err
			if failures > cfg.Tolerate || cfg.Transient != nil && !cfg.Transient(err) {
				return last.Value, &PollError{Operation: cfg.Operation, Word: last.Word, Cause: err}
			}
		default:
			failures, lastErr, last = 0, nil, status
			switch status.State {
			case Done:
				return status.Value, nil
			case Failed:
				return status.Value, &FailedError{Operation: cfg.Operation, Word: status.Word, Reason: status.Reason}
			}
		}

		age := time.Since(start)
		if cfg.Progress != nil {
			cfg.Progress(Progress{Operation: cfg.Operation, Polls: polls, Elapsed: age, Word: last.Word, Err: lastErr})
		}
		next = cfg.Pace.interval(age)
		if status.RetryAfter > 0 {
			next = min(status.RetryAfter, longestRetryAfter)
		}
	}
}

// longestRetryAfter keeps a slip of the service from putting a wait to sleep until its deadline.
const longestRetryAfter = 5 * time.Minute

// interval is a tenth of the age within the bounds, less up to a fifth by chance, so that operations that were
// started together are not polled together.
func (p Pace) interval(age time.Duration) time.Duration {
	d := min(max(age/10, p.Min), p.Max)
	return d - rand.N(d/5+1)
}

func ended(ctx context.Context, operation string, elapsed time.Duration, word string, lastErr error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &TimeoutError{Operation: operation, Elapsed: elapsed, Word: word, Cause: lastErr}
	}
	return &InterruptedError{Operation: operation, Word: word, Cause: ctx.Err()}
}

func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
