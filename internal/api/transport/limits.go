package transport

import (
	"context"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// RateClass bounds some of a client's calls, such as those to one backend.
type RateClass struct {
	RequestsPerSecond float64
	MaxConcurrent     int
}

// limits are the bounds of one client: a rate and a number of calls at a time, for all and for each rate class, and a
// pause for everybody after the service has said "too many requests".
type limits struct {
	all     *bounds
	classes map[string]*bounds
	errors  *rate.Limiter // how many error answers are borne; each beyond holds everybody back

	mu        sync.Mutex
	notBefore time.Time
	slowdown  time.Duration
}

// errorBurst is how many error answers in a row are borne before the budget holds callers back.
const errorBurst = 20

// slowestPace is the longest pause that repeated 429s without a Retry-After can add between calls.
const slowestPace = 30 * time.Second

func newLimits(cfg Config) *limits {
	l := &limits{
		all:     newBounds(RateClass{RequestsPerSecond: cfg.RequestsPerSecond, MaxConcurrent: cfg.MaxConcurrent}),
		classes: map[string]*bounds{},
		errors:  rate.NewLimiter(rate.Inf, 1),
	}
	if cfg.ErrorsPerSecond > 0 {
		l.errors = rate.NewLimiter(rate.Limit(cfg.ErrorsPerSecond), errorBurst)
	}
	for name, class := range cfg.RateClasses {
		l.classes[name] = newBounds(class)
	}
	return l
}

// acquire waits for a place; the caller must call the returned function when its call is over.
func (l *limits) acquire(ctx context.Context, classes []string) (release func(), err error) {
	var held []func()
	release = func() {
		for _, free := range held {
			free()
		}
	}
	// The class first: who waits for a narrow one must not sit on a place that others could use.
	for _, name := range classes {
		class := l.classes[name]
		if class == nil {
			continue
		}
		free, err := class.acquire(ctx)
		if err != nil {
			release()
			return nil, err
		}
		held = append(held, free)
	}
	free, err := l.all.acquire(ctx)
	if err != nil {
		release()
		return nil, err
	}
	held = append(held, free)

	for {
		l.mu.Lock()
		wait := time.Until(l.notBefore)
		l.mu.Unlock()
		if wait <= 0 {
			return release, nil
		}
		if err := pause(ctx, wait); err != nil {
			release()
			return nil, err
		}
	}
}

// tooMany holds back all callers after a 429: for as long as the service asks, else twice as long as the last time.
func (l *limits) tooMany(retryAfter, first time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if retryAfter <= 0 {
		// Callers that were refused at the same moment are one refusal, not one each.
		if !time.Now().Before(l.notBefore) {
			l.slowdown = min(max(first, 2*l.slowdown), slowestPace)
		}
		retryAfter = l.slowdown
	}
	if until := time.Now().Add(retryAfter); until.After(l.notBefore) {
		l.notBefore = until
	}
}

// failed counts an error answer. Once they come faster than the budget, all callers are held back, so that trouble of
// a whole fleet never looks like an attack.
func (l *limits) failed() {
	delay := l.errors.Reserve().Delay()
	if delay <= 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := time.Now().Add(delay); until.After(l.notBefore) {
		l.notBefore = until
	}
}

// fine lets the pauses shrink again.
func (l *limits) fine() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slowdown /= 2
}

type bounds struct {
	rate  *rate.Limiter
	slots chan struct{} // nil: no bound
}

func newBounds(class RateClass) *bounds {
	b := &bounds{rate: rate.NewLimiter(rate.Inf, 1)}
	if class.RequestsPerSecond > 0 {
		// A burst of a fifth of a second keeps the first calls quick and the pace smooth.
		burst := max(1, int(math.Floor(class.RequestsPerSecond/5)))
		b.rate = rate.NewLimiter(rate.Limit(class.RequestsPerSecond), burst)
	}
	if class.MaxConcurrent > 0 {
		b.slots = make(chan struct{}, class.MaxConcurrent)
	}
	return b
}

func (b *bounds) acquire(ctx context.Context) (func(), error) {
	free := func() {}
	if b.slots != nil {
		select {
		case b.slots <- struct{}{}:
			free = func() { <-b.slots }
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	if err := b.rate.Wait(ctx); err != nil {
		free()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, err // the deadline comes before the limiter would let the call through
	}
	return free, nil
}
