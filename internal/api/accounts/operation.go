package accounts

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// Kind is what an operation does, as a word for sentences.
type Kind string

// The kinds of operation.
const (
	Create Kind = "creation"
	Update Kind = "update"
	Delete Kind = "deletion"
)

// Operation is a command that the service has accepted and queued. It can be written as JSON, kept, and waited for by
// a later process.
//
// An update without StatusURL and Sent stands for whatever may be going on: waiting for it ends once the SIM card is
// settled, which point 28 asks for before the next command.
type Operation struct {
	Kind    Kind   `json:"kind"`
	Account string `json:"account"`
	CLI     string `json:"cli"`
	// StatusURL is as received: a path, its cmdid percent-encoded. Empty where the service gave none.
	StatusURL string `json:"status_url,omitempty"`
	// Sent are the fields that must read back.
	Sent Fields `json:"sent"`
	// Before is the fingerprint that the SIM card had before the command; "" before a creation, and where an earlier
	// version of the provider has kept the operation.
	Before string `json:"before,omitempty"`
	// Since is when the service accepted the command.
	Since time.Time `json:"since"`
}

func (op Operation) String() string {
	return fmt.Sprintf("%s of SIM card %s/%s", op.Kind, op.Account, op.CLI)
}

// Result is what is known of the SIM card at the end of a wait, or so far.
type Result struct {
	// SIMCard is the last one read; nil where it is absent or was never read.
	SIMCard *SIMCard
	// Absent says that the last read clearly did not find it.
	Absent bool
	// NotReadBack names the sent fields that the SIM card does not show, as on the wire.
	NotReadBack []string
	// StatusURLRefused says that the status URL is on another host than the endpoint: it was never requested, the SIM
	// card was read instead.
	StatusURLRefused bool
}

// StalledError says that the SIM card has come to a dead end (ActorStatus 10).
type StalledError struct{ Operation string }

func (e *StalledError) Error() string {
	return e.Operation + ": the SIM card is stalled, which only the support desk of the service can mend"
}

// Wait waits until the operation has ended, or ctx. The result is filled with what is known beside every error as
// well; errors are *wait.TimeoutError, *wait.InterruptedError, *wait.PollError (nothing could be found out),
// *wait.FailedError (the service reports a failure; a conflict matches transport.ErrConflict) or *StalledError.
//
// A creation or change is done once the status says "complete" and the SIM card is stable and shows what was sent; a
// field that it does not show is waited for at most twice Pace.Patience. Where the status says nothing usable, two
// good reads in a row, five times Pace.Min apart, decide (points 3 to 5). A deletion is done once a read does not
// find the SIM card, or finds it terminated.
func (c *Client) Wait(ctx context.Context, op Operation) (Result, error) {
	return c.follow(op).wait(ctx, func(p wait.Progress) { c.logProgress(ctx, p) })
}

func (c *Client) logProgress(ctx context.Context, p wait.Progress) {
	attrs := []any{
		"operation", p.Operation, "elapsed", p.Elapsed.Round(time.Millisecond).String(), "polls", p.Polls, "word", p.Word,
	}
	if p.Err != nil {
		attrs = append(attrs, "error", c.http.Redact(p.Err.Error()))
	}
	c.http.Logger().InfoContext(ctx, "waiting", attrs...)
}

// Peek looks at the operation once and never waits: at its status, if it has one, then at the SIM card. Time that has
// passed since Operation.Since counts as time waited, so that a later look can settle what a wait could not.
//
// Failed comes with the *wait.FailedError or *StalledError that says why; Pending with an error means that the look
// itself failed. The result is filled in every case.
func (c *Client) Peek(ctx context.Context, op Operation) (wait.State, Result, error) {
	return c.follow(op).peek(ctx)
}

// statusLook is one answer of the status call.
type statusLook struct {
	meaning    statusMeaning
	word       string
	reason     error // why it failed
	retryAfter time.Duration
}

// lookAtStatus asks for the operation's status. An error means that asking on makes no sense; trouble that may pass
// is a look that says nothing.
func (c *Client) lookAtStatus(ctx context.Context, op Operation, at *url.URL) (statusLook, error) {
	req := request("read the status of the "+op.String(), http.MethodGet, "")
	req.URL = at
	res, err := c.http.Do(ctx, req)
	var failure *transport.Error
	if errors.As(err, &failure) {
		look := statusLook{retryAfter: transport.RetryAfter(err)}
		switch {
		case ctx.Err() != nil || !transport.Transient(err) && failure.Status != http.StatusForbidden:
			return statusLook{}, err
		case failure.Status == http.StatusNotFound:
			look.meaning, look.word = statusMissing, "HTTP 404"
		case failureResult(failure):
			look.meaning, look.reason = statusFailed, failure
		}
		return look, nil
	}
	e, _ := parseEnvelope(res.Body)
	word := e.status()
	return statusLook{
		meaning: meaningOf(word), word: transport.Excerpt([]byte(word)), retryAfter: res.RetryAfter,
	}, nil
}

// Factors of the pace: how far apart two deciding reads are, how long a field may take to read back after the status
// said complete, and after which age an operation without a usable status is taken for ended though fields do not
// read back. Without the last, a field that the operator does not support would keep such an operation open for ever.
const (
	readsApart     = 5  // times Pace.Min
	fieldsPatience = 2  // times Pace.Patience
	fieldsGivenUp  = 20 // times Pace.Patience
	// Times Pace.Patience: an order that the service does not call running, and of which no SIM card shows.
	absentGivenUp = 60
)

// follower follows one operation. How it asks is in two functions, so that its decisions can be tested without a
// network.
type follower struct {
	op     Operation
	pace   wait.Pace
	status func(context.Context) (statusLook, error) // nil: there is no status to ask for
	read   func(context.Context) (*SIMCard, error)
	// once makes this a single look, for which everything began when the operation did.
	once bool

	result   Result
	readErr  error // why the last read told nothing
	lastRead time.Time
	// retryAfter is what the last read was asked for.
	retryAfter time.Duration

	completed bool // the status has said so; it is not asked again
	// Since when, without a break: the status is missing, the SIM card is absent, stable, stable with all fields.
	missing, absent, stable, good time.Time
}

func (c *Client) follow(op Operation) *follower {
	f := &follower{op: op, pace: c.pace}
	f.read = func(ctx context.Context) (*SIMCard, error) { return c.SIMCard(ctx, op.Account, op.CLI) }
	if strings.TrimSpace(op.StatusURL) == "" {
		return f
	}
	at, err := c.http.Resolve(op.StatusURL)
	f.result.StatusURLRefused = errors.Is(err, transport.ErrOtherHost)
	if err == nil {
		f.status = func(ctx context.Context) (statusLook, error) { return c.lookAtStatus(ctx, op, at) }
	}
	return f
}

func (f *follower) wait(ctx context.Context, progress func(wait.Progress)) (Result, error) {
	_, err := wait.Until(ctx, wait.Config{
		Operation: f.op.String(),
		Pace:      f.pace,
		Transient: transport.Transient,
		Progress:  progress,
	}, f.step)
	var stalled *StalledError
	if errors.As(err, &stalled) {
		err = stalled
	}
	return f.result, err
}

func (f *follower) peek(ctx context.Context) (wait.State, Result, error) {
	f.once = true
	status, err := f.step(ctx)
	var stalled *StalledError
	switch {
	case err != nil:
		return wait.Pending, f.result, err
	case errors.As(status.Reason, &stalled):
		return wait.Failed, f.result, stalled
	case status.State == wait.Failed:
		return wait.Failed, f.result, &wait.FailedError{Operation: f.op.String(), Word: status.Word, Reason: status.Reason}
	}
	return status.State, f.result, f.readErr
}

// lasting notes that something is so, and returns for how long it has been without a break.
func (f *follower) lasting(since *time.Time) time.Duration {
	if since.IsZero() {
		*since = time.Now()
		if f.once {
			*since = f.op.Since
		}
	}
	return time.Since(*since)
}

// step makes one look at the operation and says where it stands.
func (f *follower) step(ctx context.Context) (wait.Status[Result], error) {
	look := statusLook{}
	if f.status != nil && !f.completed {
		var err error
		if look, err = f.status(ctx); err != nil {
			return wait.Status[Result]{}, err
		}
	}

	bearing := look.meaning == statusRunning
	switch look.meaning {
	case statusMissing:
		// The status lies below the SIM card's own path: after a deletion a 404 is to be expected.
		bearing = f.lasting(&f.missing) < f.pace.Patience && f.op.Kind != Delete
	case statusComplete:
		f.completed = true
		f.stable = time.Time{} // the patience with fields begins now
	}
	if look.meaning != statusMissing {
		f.missing = time.Time{}
	}

	if bearing {
		// A good read does not end what the service calls running, nor does it count for the two in a row.
		f.stable, f.good, f.absent = time.Time{}, time.Time{}, time.Time{}
		// The SIM card is looked at now and then all the same: it may be stalled, or gone already.
		if !f.lastRead.IsZero() && time.Since(f.lastRead) < f.pace.Patience {
			return f.pending(look), nil
		}
	}
	err := f.readSIMCard(ctx)
	switch {
	case look.meaning == statusFailed && f.op.Kind == Delete && f.gone():
		return f.ended(wait.Done, look, nil), nil
	case f.stalled():
		return f.ended(wait.Failed, look, &StalledError{Operation: f.op.String()}), nil
	case look.meaning == statusFailed:
		return f.ended(wait.Failed, look, look.reason), nil
	case err != nil && !bearing:
		return wait.Status[Result]{RetryAfter: f.retryAfter}, err
	case f.op.Kind == Delete && err == nil:
		return f.checkDelete(look), nil
	case bearing:
		return f.pending(look), nil
	}
	return f.checkChange(look), nil
}

// readSIMCard reads the SIM card into the result. Only a read that could not tell is an error.
func (f *follower) readSIMCard(ctx context.Context) error {
	card, err := f.read(ctx)
	f.readErr, f.retryAfter = nil, transport.RetryAfter(err)
	switch {
	case err == nil:
		f.result.SIMCard, f.result.Absent = card, false
		f.result.NotReadBack = f.op.Sent.NotReadBack(card)
	case errors.Is(err, transport.ErrNotFound):
		f.result.SIMCard, f.result.Absent, f.result.NotReadBack = nil, true, nil
	default:
		f.readErr = err
		f.stable, f.good, f.absent = time.Time{}, time.Time{}, time.Time{}
		return err
	}
	f.lastRead = time.Now()
	return nil
}

func (f *follower) stalled() bool {
	return f.readErr == nil && f.result.SIMCard != nil && f.result.SIMCard.ActorStatus == ActorStalled
}

// gone says that the SIM card is absent, or terminated with nothing going on.
func (f *follower) gone() bool {
	card := f.result.SIMCard
	return f.readErr == nil &&
		(f.result.Absent || card != nil && card.State == StateTerminated && card.ActorStatus != ActorPending)
}

func (f *follower) checkDelete(look statusLook) wait.Status[Result] {
	if f.gone() {
		return f.ended(wait.Done, look, nil)
	}
	settled := f.result.SIMCard.ActorStatus == ActorStable
	if look.meaning == statusMissing && settled && f.lasting(&f.missing) >= f.pace.Patience {
		return f.ended(wait.Failed, look,
			errors.New("the service no longer knows the command, and the SIM card is still there"))
	}
	return f.pending(look)
}

func (f *follower) checkChange(look statusLook) wait.Status[Result] {
	if f.result.Absent {
		f.stable, f.good = time.Time{}, time.Time{}
		absent, patience := f.lasting(&f.absent), f.pace.Patience
		switch {
		case f.op.Kind == Update && absent >= patience:
			return f.ended(wait.Failed, look, errors.New("the SIM card does not exist any more"))
		case f.op.Kind == Create && absent >= patience && time.Since(f.op.Since) >= absentGivenUp*patience:
			return f.ended(wait.Failed, look, errors.New("no SIM card has come of it, or it was removed since"))
		}
		return f.pending(look)
	}
	f.absent = time.Time{}
	if f.result.SIMCard.ActorStatus != ActorStable {
		f.stable, f.good = time.Time{}, time.Time{}
		return f.pending(look)
	}

	stable := f.lasting(&f.stable)
	if len(f.result.NotReadBack) > 0 {
		f.good = time.Time{}
		givenUp := f.completed && stable >= fieldsPatience*f.pace.Patience ||
			!f.completed && stable >= readsApart*f.pace.Min && time.Since(f.op.Since) >= fieldsGivenUp*f.pace.Patience
		if givenUp {
			return f.ended(wait.Done, look, nil)
		}
		return f.pending(look)
	}
	if f.completed {
		return f.ended(wait.Done, look, nil)
	}
	apart := readsApart * f.pace.Min
	good := f.lasting(&f.good)
	if good >= apart {
		return f.ended(wait.Done, look, nil)
	}
	status := f.pending(look)
	status.RetryAfter = max(status.RetryAfter, apart-good)
	return status
}

func (f *follower) ended(state wait.State, look statusLook, reason error) wait.Status[Result] {
	return wait.Status[Result]{State: state, Value: f.result, Word: look.word, Reason: reason}
}

func (f *follower) pending(look statusLook) wait.Status[Result] {
	return wait.Status[Result]{Value: f.result, Word: f.word(look), RetryAfter: max(look.retryAfter, f.retryAfter)}
}

// word says for messages where the operation stands: the service's own word, or what the SIM card shows.
func (f *follower) word(look statusLook) string {
	switch {
	case look.word != "" && !f.completed:
		return look.word
	case f.result.Absent:
		return "not found"
	case f.result.SIMCard == nil:
		return ""
	case len(f.result.NotReadBack) > 0:
		return f.result.SIMCard.ActorStatus.String() + ", without " + strings.Join(f.result.NotReadBack, ", ")
	}
	return f.result.SIMCard.ActorStatus.String()
}
