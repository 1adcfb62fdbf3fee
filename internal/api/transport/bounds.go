package transport

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// bounds are a pace and a number of calls at a time.
//
// A service's limit is often one for all who use it: other runs of Terraform, other programs. None of them knows the
// others, so each finds its share by itself, as TCP does on a shared line. The pace starts at a part of what is
// configured, and each answer makes it a step faster: what is in flight when the first refusal (429) comes is then
// little. A refusal cuts the pace at once. From there it grows back as CUBIC does (RFC 9438): quickly to where
// it was refused, slowly around there, and ever more quickly beyond, for then the others seem to have gone. All who do
// so end up near equal shares and just below the limit, with a refusal now and then.
type bounds struct {
	slots chan struct{} // nil: no bound
	turn  chan struct{} // whose turn it is to wait for the rate
	rate  *rate.Limiter
	full  float64 // requests per second as configured; 0: no bound, and no pace

	mu        sync.Mutex
	pace      float64   // requests per second now
	cut       time.Time // when the pace was last cut
	from, to  float64   // around which pace it grows slowly, and to which it was cut
	worked    bool      // something was not refused since then
	starting  bool      // nothing has been refused yet, and the pace has not been reached
	notBefore time.Time // nobody goes before
	slowdown  time.Duration
}

const (
	// firstShare is the part of the configured pace that a client starts with, but no less than firstPace a second;
	// step is the part that each answer adds, but no less than one call a second.
	firstShare, firstPace, step = 0.25, 5.0, 0.05
	// aLittle and aLot are what a refusal leaves of the pace: a lot is taken at the start, where the pace may be far
	// too fast, and where a cut was not enough, which shows at once.
	aLittle, aLot = 0.8, 0.5
	atOnce        = 3 * time.Second
	// plateau is when a pace is back where it was refused. With a shorter one refusals come more often, with a longer
	// one the share of those who have ended lies idle. By this one a run has its whole pace back some 16 seconds after
	// the last refusal, and of twenty runs that want four times what there is, one call in thirty is refused.
	plateau = 8 * time.Second
	// leastShare is the part of the configured pace below which it is not cut: who stops altogether learns nothing.
	leastShare = 1.0 / 50
	// slowestPace is the longest pause that repeated 429s without a Retry-After can add between calls.
	slowestPace = 30 * time.Second
)

// newBounds makes the bounds of a rate class. One without a rate of its own has that of all: only a refusal makes it
// slower.
func newBounds(class RateClass, all float64) *bounds {
	b := &bounds{turn: make(chan struct{}, 1), rate: rate.NewLimiter(rate.Inf, 1), full: class.RequestsPerSecond}
	if b.full <= 0 {
		b.full = max(0, all)
	}
	if b.full > 0 {
		b.pace = min(b.full, max(b.full*firstShare, firstPace))
		b.starting = true
		b.rate = rate.NewLimiter(rate.Limit(b.pace), burst(b.full)) // a few calls need not wait at all
	}
	if class.MaxConcurrent > 0 {
		b.slots = make(chan struct{}, class.MaxConcurrent)
	}
	return b
}

// burst is a fifth of a second: it keeps the first calls quick and the pace smooth.
func burst(pace float64) int { return max(1, int(math.Floor(pace/5))) }

// setPace changes the pace; b.mu is held.
func (b *bounds) setPace(pace float64) {
	b.pace = pace
	b.rate.SetLimit(rate.Limit(pace))
	b.rate.SetBurst(burst(pace))
}

// acquire waits for a place, for the pace, and for the end of a pause; the caller must call the returned function when
// its call is over.
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
	if err := b.wait(ctx); err != nil {
		free()
		return nil, err
	}
	return free, nil
}

// wait lets callers go one by one: who waits for the limiter has its time from the pace of that moment, and the pace
// may change before all who stand in line have theirs.
func (b *bounds) wait(ctx context.Context) error {
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for {
		if err := b.rate.Wait(ctx); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return err // the deadline comes before the limiter would let the call through
		}
		left := b.paused()
		if left <= 0 {
			return nil
		}
		if err := pause(ctx, left); err != nil {
			return err
		}
	}
}

// paused is how long nobody goes.
func (b *bounds) paused() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Until(b.notBefore)
}

// hold lets nobody go for some time.
func (b *bounds) hold(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.holdUntil(time.Now().Add(d))
}

func (b *bounds) holdUntil(t time.Time) {
	if t.After(b.notBefore) {
		b.notBefore = t
	}
}

// tooMany cuts the pace after a 429 to a call that was sent at that time, and lets nobody go for as long as the service
// asks. Where it does not ask, the slower pace is enough at first; where that is refused too, or there is no pace, the
// pause is twice as long as the last time.
func (b *bounds) tooMany(sent time.Time, retryAfter, first time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	again := b.full == 0 || b.starting || !b.cut.IsZero() && (now.Sub(b.cut) < atOnce || !b.worked)
	if retryAfter <= 0 && again {
		// Callers that were refused at the same moment are one refusal, not one each.
		if !now.Before(b.notBefore) {
			b.slowdown = min(max(first, 2*b.slowdown), slowestPace)
		}
		retryAfter = b.slowdown
	}
	if b.full > 0 {
		// A call that was on its way before the cut says nothing about the pace since.
		if !sent.Before(b.cut) {
			b.slower(now, again)
		}
		// Others have been told the same at the same moment: they must not come back all together.
		retryAfter += time.Duration(rand.Float64() / b.pace * float64(time.Second))
	}
	b.holdUntil(now.Add(retryAfter))
}

func (b *bounds) slower(now time.Time, again bool) {
	left := aLittle
	if again {
		left = aLot
	}
	refused := b.pace
	b.setPace(max(refused*left, b.full*leastShare))
	if refused < b.from {
		refused = (refused + b.pace) / 2 // there is less than before: make room for whoever has come
	}
	b.from, b.to, b.cut, b.worked, b.starting = refused, b.pace, now, false, false
}

// fine lets the pauses shrink again, and the pace grow. After a cut it grows by the time and not by the calls, so that
// who is fast grows no faster than others.
func (b *bounds) fine() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.slowdown /= 2
	b.worked = true
	switch {
	case b.pace >= b.full:
		b.starting = false
		return
	case b.starting:
		b.setPace(min(b.full, b.pace+max(1, b.full*step)))
		return
	}
	t := float64(time.Since(b.cut))/float64(plateau) - 1 // -1 at the cut, 0 on the plateau
	height := b.from - b.to
	if t > 0 {
		height = b.full / 2
	}
	b.setPace(min(b.full, max(b.pace, b.from+height*t*t*t)))
}
