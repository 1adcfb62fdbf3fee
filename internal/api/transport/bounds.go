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
// others, so each finds its share by itself, as TCP does on a shared line. A refusal (429) cuts the pace at once. Then it
// grows back as CUBIC does (RFC 9438): quickly to where it was refused, slowly around there, and ever more quickly beyond,
// up to what is configured, for then the others seem to have gone. All who do so end up near equal shares and just below
// the limit, with a refusal now and then.
type bounds struct {
	slots chan struct{} // nil: no bound
	rate  *rate.Limiter
	full  float64 // requests per second as configured; 0: no bound, and no pace

	mu        sync.Mutex
	pace      float64   // requests per second now
	cut       time.Time // when the pace was last cut
	from, to  float64   // around which pace it grows slowly, and to which it was cut
	worked    bool      // something was not refused since then
	notBefore time.Time // nobody goes before
	slowdown  time.Duration
}

const (
	// aLittle and aLot are what a refusal leaves of the pace: a lot is taken where a cut was not enough, which shows at once.
	aLittle, aLot = 0.8, 0.5
	atOnce        = 3 * time.Second
	// plateau is when a pace is back where it was refused. With shorter ones refusals come more often, with longer ones
	// the share of those who have ended lies idle; by this one a run has the whole pace back 16 seconds after the last
	// refusal, and twenty runs that want four times what there is have one call in thirty refused.
	plateau = 8 * time.Second
	// leastShare is the part of the configured pace below which it is not cut: who stops altogether learns nothing.
	leastShare = 1.0 / 50
	// slowestPace is the longest pause that repeated 429s without a Retry-After can add between calls.
	slowestPace = 30 * time.Second
)

// newBounds makes the bounds of a rate class. One without a rate of its own has that of all: only a refusal makes it slower.
func newBounds(class RateClass, all float64) *bounds {
	b := &bounds{rate: rate.NewLimiter(rate.Inf, 1), full: class.RequestsPerSecond}
	if b.full <= 0 {
		b.full = max(0, all)
	}
	if b.full > 0 {
		b.pace = b.full
		b.rate = rate.NewLimiter(rate.Limit(b.full), burst(b.full))
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

// acquire waits for a place, for the pace, and for the end of a pause; the caller must call the returned function when its
// call is over.
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
	for {
		if err := b.rate.Wait(ctx); err != nil {
			free()
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			return nil, err // the deadline comes before the limiter would let the call through
		}
		wait := b.paused()
		if wait <= 0 {
			return free, nil
		}
		// After a pause the pace counts anew, or all who have waited for its end would go at once.
		if err := pause(ctx, wait); err != nil {
			free()
			return nil, err
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
// asks. Where it does not ask, the slower pace is enough at first; where that is refused too, or there is no pace, the pause
// is twice as long as the last time.
func (b *bounds) tooMany(sent time.Time, retryAfter, first time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	again := b.full == 0 || !b.cut.IsZero() && (now.Sub(b.cut) < atOnce || !b.worked)
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
	b.from, b.to, b.cut, b.worked = refused, b.pace, now, false
}

// fine lets the pauses shrink again, and the pace grow. It grows by the time since the cut and not by the calls, so that
// who is fast grows no faster than others.
func (b *bounds) fine() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.slowdown /= 2
	b.worked = true
	if b.pace >= b.full {
		return
	}
	t := float64(time.Since(b.cut))/float64(plateau) - 1 // -1 at the cut, 0 on the plateau
	height := b.from - b.to
	if t > 0 {
		height = b.full / 2
	}
	b.setPace(min(b.full, max(b.pace, b.from+height*t*t*t)))
}
