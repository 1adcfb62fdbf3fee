package transport

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// RateClass bounds some of a client's calls, such as those to one backend. One that is not configured may go
// as fast as all together, until the service refuses a call in it.
type RateClass struct {
	RequestsPerSecond float64
	MaxConcurrent     int
}

// limits are the bounds of one client: a pace and a number of calls at a time, for all and for each rate class. What
// the service refuses as too much in one class slows that class down; elsewhere, or in two at a time, all.
type limits struct {
	all    *bounds
	pace   float64       // of all, as configured
	errors *rate.Limiter // how many error answers are borne; each beyond holds everybody back

	mu      sync.Mutex
	classes map[string]*bounds
	refused *bounds   // the class that the service has last refused a call in
	at      time.Time // and when
}

// errorBurst is how many error answers in a row are borne before the budget holds callers back.
const errorBurst = 20

func newLimits(cfg Config) *limits {
	l := &limits{
		all:     newBounds(RateClass{RequestsPerSecond: cfg.RequestsPerSecond, MaxConcurrent: cfg.MaxConcurrent}, 0),
		pace:    cfg.RequestsPerSecond,
		classes: map[string]*bounds{},
		errors:  rate.NewLimiter(rate.Inf, 1),
	}
	if cfg.ErrorsPerSecond > 0 {
		l.errors = rate.NewLimiter(rate.Limit(cfg.ErrorsPerSecond), errorBurst)
	}
	for name, class := range cfg.RateClasses {
		l.classes[name] = newBounds(class, cfg.RequestsPerSecond)
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
	for _, b := range append(l.of(classes), l.all) {
		free, err := b.acquire(ctx)
		if err != nil {
			release()
			return nil, err
		}
		held = append(held, free)
	}
	return release, nil
}

// of are the bounds of the classes.
func (l *limits) of(classes []string) []*bounds {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := make([]*bounds, 0, len(classes)+1)
	for _, name := range classes {
		b := l.classes[name]
		if b == nil {
			b = newBounds(RateClass{}, l.pace)
			l.classes[name] = b
		}
		found = append(found, b)
	}
	return found
}

// sameMoment is how near to each other refusals in two classes must be to be one of the service as a whole.
const sameMoment = time.Second

// tooMany slows down after a 429 to a call that was sent at that time.
func (l *limits) tooMany(classes []string, sent time.Time, retryAfter, first time.Duration) {
	in := l.of(classes)
	everywhere := len(in) != 1
	for _, b := range in {
		b.tooMany(sent, retryAfter, first)
		l.mu.Lock()
		everywhere = everywhere || l.refused != nil && l.refused != b && time.Since(l.at) < sameMoment
		l.refused, l.at = b, time.Now()
		l.mu.Unlock()
	}
	if everywhere {
		l.all.tooMany(sent, retryAfter, first)
	}
}

// failed counts an error answer. Once they come faster than the budget, all callers are held back, so that trouble of
// a whole fleet never looks like an attack.
func (l *limits) failed() {
	if delay := l.errors.Reserve().Delay(); delay > 0 {
		l.all.hold(delay)
	}
}

// fine lets the pauses shrink again, and the pace grow.
func (l *limits) fine(classes []string) {
	for _, b := range append(l.of(classes), l.all) {
		b.fine()
	}
}
