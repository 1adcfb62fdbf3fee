package cmo

import (
	"context"
	"sync"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

// ProductShared reads one product like Product; reads that wait at the same moment share one find. The answer is never
// older than the call: a read joins only a batch that has not been sent, so it may verify a change that was made
// before. A read that finds no company is a plain Product, a few milliseconds later. Cancelling ctx frees this caller,
// not the others of its batch.
func (c *Client) ProductShared(ctx context.Context, id string) (*Product, error) {
	if c.findMissing.Load() {
		return c.Product(ctx, id)
	}
	p, err := c.shared[rateClass(id)].get(ctx, id)
	if err != nil && ctx.Err() != nil {
		return nil, c.http.Fail(c.get("read product "+id, "product", id), nil, transport.Error{Cause: context.Cause(ctx)})
	}
	return p, err
}

// coalescer gathers ids of one rate class that are waited for at the same moment into batches.
//
// A batch goes out as soon as it is full, a smaller one after delay. Few readers that come again and again, as
// Terraform's ten do, would fall apart into as many batches as readers, since they never come back all at once. So a
// batch also waits for those under way, for twice as long as the last one took, and then for their readers to come
// back, as long as they go on coming: Terraform needs CPU time between two reads, and more of it on a busy machine. A
// read with no other about waits delay and no longer.
//
// A plain window was measured and rejected: with 20 ms ten readers cost as many calls, in plans and updates that take
// two fifths longer, and fifty readers twice as many calls; with less, the batches fall apart.
type coalescer struct {
	read     func(ctx context.Context, ids []string, deliver func(string, *Product, error))
	delay    time.Duration
	interval time.Duration // between batches, as the rate limit would have it anyway
	most     int           // batches under way at a time

	mu       sync.Mutex
	queue    []*shared
	byID     map[string]*shared
	underWay int
	sent     time.Time     // when the last batch went out
	ended    time.Time     // when the last one came back
	took     time.Duration // how long that was under way
	readers  int           // how many there were then, in the batch and in the queue, or a little before
	arrived  time.Time     // when the last read came
	gap      time.Duration // the longest pause between reads of one batch, forgotten by and by
	timer    time.Time     // when the next timer fires; zero: none does
}

const (
	// longestHold bounds the wait for batches under way, so that a stuck one does not slow the others down for long.
	longestHold = 500 * time.Millisecond
	// longestGrace bounds the wait for one more reader to come back. Below it, that is three times the longest pause
	// between readers so far, or half the time that the batch took: more would be saved by not waiting.
	longestGrace = 200 * time.Millisecond
)

// shared is one product that one or more callers wait for.
type shared struct {
	id      string
	ctx     context.Context // of the first caller; the batch takes its values, not its end
	since   time.Time
	callers int
	batch   *batch // that it went out with; nil while it is in the queue
	done    chan struct{}
	product *Product
	err     error
}

// batch is a read that is under way, for as long as anybody waits for it.
type batch struct {
	waitedFor int // products
	cancel    context.CancelFunc
}

func newCoalescer(
	read func(context.Context, []string, func(string, *Product, error)), delay, interval time.Duration, most int,
) *coalescer {
	return &coalescer{read: read, delay: delay, interval: interval, most: most, byID: map[string]*shared{}}
}

func (c *coalescer) get(ctx context.Context, id string) (*Product, error) {
	c.mu.Lock()
	s := c.byID[id]
	if s == nil {
		now := time.Now()
		if len(c.queue) > 0 && c.underWay == 0 {
			c.gap = max(c.gap, now.Sub(c.arrived))
		}
		c.arrived = now
		s = &shared{id: id, ctx: ctx, since: now, done: make(chan struct{})}
		c.byID[id] = s
		c.queue = append(c.queue, s)
	}
	s.callers++
	c.send()
	c.mu.Unlock()

	select {
	case <-s.done:
		return s.product, s.err
	case <-ctx.Done():
		c.mu.Lock()
		if s.callers--; s.callers == 0 && s.batch != nil {
			if s.batch.waitedFor--; s.batch.waitedFor == 0 {
				s.batch.cancel()
			}
		}
		c.mu.Unlock()
		return nil, context.Cause(ctx)
	}
}

// send sends what is due and sets a timer for what is not. c.mu is held.
func (c *coalescer) send() {
	for len(c.queue) > 0 && c.underWay < c.most {
		now := time.Now()
		if due := c.due(); due.After(now) {
			if c.timer.IsZero() || due.Before(c.timer) {
				c.timer = due
				time.AfterFunc(due.Sub(now), c.tick)
			}
			return
		}
		if batch := c.take(); len(batch) > 0 {
			c.underWay++
			c.sent = now
			c.gap -= c.gap / 8
			ctx, cancel := context.WithCancel(context.WithoutCancel(batch[0].ctx))
			c.mark(batch, cancel)
			go c.run(ctx, batch)
		}
	}
}

// due is when the batch that the queue holds may go out.
func (c *coalescer) due() time.Time {
	due := c.queue[0].since.Add(c.delay)
	switch {
	case len(c.queue) >= findSize:
		return time.Time{}
	case c.underWay > 0:
		return later(due, c.sent.Add(max(c.interval, min(2*c.took, longestHold))))
	case len(c.queue) < c.readers && c.queue[0].since.Sub(c.ended) < longestHold:
		more := later(c.ended, c.arrived).Add(min(max(c.took/2, 3*c.gap), longestGrace))
		if last := later(c.ended, c.queue[0].since).Add(longestHold); more.After(last) {
			more = last
		}
		return later(due, more)
	}
	return due
}

func (c *coalescer) tick() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer = time.Time{}
	c.send()
}

// take takes the next batch off the queue, without those that nobody waits for any more. From here on nobody can join
// it.
func (c *coalescer) take() []*shared {
	var batch []*shared
	for len(c.queue) > 0 && len(batch) < findSize {
		s := c.queue[0]
		c.queue = c.queue[1:]
		delete(c.byID, s.id)
		if s.callers > 0 {
			batch = append(batch, s)
		}
	}
	return batch
}

// mark notes with what the products of a batch have gone out. c.mu is held.
func (c *coalescer) mark(products []*shared, cancel context.CancelFunc) {
	b := &batch{waitedFor: len(products), cancel: cancel}
	for _, s := range products {
		s.batch = b
	}
}

func (c *coalescer) run(ctx context.Context, batch []*shared) {
	defer batch[0].batch.cancel()
	ids := make([]string, len(batch))
	byID := make(map[string]*shared, len(batch))
	for i, s := range batch {
		ids[i], byID[s.id] = s.id, s
	}
	start, left := time.Now(), len(batch)
	c.read(ctx, ids, func(id string, p *Product, err error) {
		s := byID[id]
		s.product, s.err = p, err
		c.mu.Lock()
		// The books are closed before the last caller is free: one that comes back at once is not to count twice.
		if left--; left == 0 {
			c.underWay--
			c.ended = time.Now()
			c.took = c.ended.Sub(start)
			c.readers = max(len(batch)+len(c.queue), c.readers-1) // one that is late once is not forgotten at once
			c.send()
		}
		c.mu.Unlock()
		close(s.done)
	})
}
