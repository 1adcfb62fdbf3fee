package accounts

import (
	"context"
	"errors"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// TookEffect says whether a SIM card as read shows the operation at work: it exists after a creation, shows every
// sent field after an update, is terminated after a deletion, or is busy (ActorStatus 1).
func (op Operation) TookEffect(card *SIMCard) bool {
	switch {
	case card.ActorStatus == ActorPending, op.Kind == Create:
		return true
	case op.Kind == Delete:
		return card.State == StateTerminated
	}
	return len(op.Sent.NotReadBack(card)) == 0
}

// Settle finds out what became of an update or deletion whose outcome is unknown. It reads the SIM card until the
// operation shows, or Pace.Doubt has passed since it was sent and there were at least three reads; the last one decides. absent says
// that the service clearly does not know the SIM card. The error means that it is not known.
func (c *Client) Settle(ctx context.Context, op Operation) (card *SIMCard, absent bool, err error) {
	const leastReads = 3
	reads := 0
	var last error
	_, err = wait.Until(ctx, wait.Config{
		Operation: "effect of the " + op.String(), Pace: c.pace, Tolerate: 1 << 30, // Pace.Doubt is the bound
		Transient: func(err error) bool { return !hopeless(err) },
	}, func(ctx context.Context) (wait.Status[*SIMCard], error) {
		now, err := c.SIMCard(ctx, op.Account, op.CLI)
		reads++
		over := reads >= leastReads && time.Since(op.Since) >= c.pace.Doubt()
		switch {
		case errors.Is(err, transport.ErrNotFound):
			card, absent, last = nil, true, nil
			return wait.Status[*SIMCard]{State: wait.Done}, nil
		case err != nil && over:
			last = err
			return wait.Status[*SIMCard]{State: wait.Done}, nil
		case err != nil:
			return wait.Status[*SIMCard]{}, err
		}
		card, last = now, nil
		status := wait.Status[*SIMCard]{Value: now, Word: now.ActorStatus.String()}
		if over || op.TookEffect(now) {
			status.State = wait.Done
		}
		return status, nil
	})
	return card, absent, errors.Join(err, last)
}
