package accounts

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// Fingerprint is a digest of all that a caller can set on a SIM card: two reads with one fingerprint show one SIM card
// that nobody has changed in between. What the service changes by itself (version, actor and network status) is not in
// it.
func (s *SIMCard) Fingerprint() string {
	body, err := json.Marshal(Fields{
		SIMNumber: s.SIMNumber, Description: s.Description, InventoryRef: s.InventoryRef, Tariff: s.Tariff, Bundle: s.Bundle,
		Operator: s.Operator, SOC: s.SOC, PurchaseOrder: s.PurchaseOrder, Provider: s.Provider,
		ProviderTariff: s.ProviderTariff, ProviderPrice: s.ProviderPrice,
		ProviderStartDate: instant(s.ProviderStartDate), State: &s.State,
		ForeignAttributes: s.ForeignAttributes,
	})
	if err != nil {
		return "" // texts and numbers can be written
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8])
}

func instant(d *Date) *time.Time {
	if d == nil {
		return nil
	}
	t := d.Time.UTC().Truncate(dateStep)
	return &t
}

// leastReads is how often the SIM card must have been read, at least, before the last read decides.
const leastReads = 3

// Settle finds out by reads what became of a command without a usable answer. It is under way as soon as the SIM card
// is busy (ActorStatus 1), or is there after a creation; it has happened where the SIM card shows every sent field, or
// is terminated after a deletion; an absence counts once it has lasted for Pace.SecondLook. Otherwise the last read
// decides once Pace.Doubt has passed since it was sent and there were at least three: a SIM card with the fingerprint
// of before, or one that a creation has not brought, says that it had no effect, any other that somebody else has
// changed it since. The error says why nothing can be told; ctx bounds the reads.
func (c *Client) Settle(ctx context.Context, op Operation) (wait.Verdict, *SIMCard, error) {
	reads := 0
	verdict := wait.Undecided
	var card *SIMCard
	var last error
	var absent time.Time // since when, without a break

	pace := c.pace
	if op.Kind == Create { // an order shows late, and each read costs
		pace.Min = max(pace.Min, pace.Doubt()/10)
		pace.Max = max(pace.Min, pace.Max)
	}
	_, err := wait.Until(ctx, wait.Config{
		Operation: "effect of the " + op.String(), Pace: pace, Tolerate: 1 << 30, // Pace.Doubt is the bound
		Transient: transport.Transient,
		Progress:  func(p wait.Progress) { c.logProgress(ctx, p) },
	}, func(ctx context.Context) (wait.Status[struct{}], error) {
		now, err := c.SIMCard(ctx, op.Account, op.CLI)
		if ctx.Err() != nil && err != nil {
			return wait.Status[struct{}]{}, err
		}
		reads++
		over := reads >= leastReads && time.Since(op.Since) >= c.pace.Doubt()
		switch {
		case errors.Is(err, transport.ErrNotFound):
			if absent.IsZero() {
				absent = time.Now()
			}
			card = nil
			verdict = op.withoutSIMCard(time.Since(absent) >= c.pace.SecondLook, over && last == nil)
		case err != nil:
			// One read that could not tell spoils those that found no SIM card: it may have been there.
			absent, last = time.Time{}, err
			if !over {
				return wait.Status[struct{}]{RetryAfter: transport.RetryAfter(err)}, err
			}
			return wait.Status[struct{}]{State: wait.Done}, nil
		default:
			absent, last, card = time.Time{}, nil, now
			verdict = op.withSIMCard(now, over)
		}
		status := wait.Status[struct{}]{Word: "not found"}
		if card != nil {
			status.Word = card.ActorStatus.String()
		}
		if verdict != wait.Undecided || over && (absent.IsZero() || op.Kind == Create) {
			status.State = wait.Done
		}
		return status, nil
	})
	if verdict != wait.Undecided {
		return verdict, card, nil
	}
	if err == nil {
		err = last
	}
	if err == nil {
		err = fmt.Errorf("what became of the %s can't be told", op)
	}
	return verdict, card, err
}

// withoutSIMCard is the verdict of a read that clearly did not find it.
func (op Operation) withoutSIMCard(lasting, over bool) wait.Verdict {
	switch {
	case op.Kind == Create && over:
		return wait.NoEffect
	case op.Kind == Create || !lasting:
		return wait.Undecided
	case op.Kind == Delete:
		return wait.Happened
	}
	return wait.Vanished
}

// withSIMCard is the verdict of a read that found it; over: it is the one that decides.
func (op Operation) withSIMCard(card *SIMCard, over bool) wait.Verdict {
	switch {
	case card.ActorStatus == ActorPending, op.Kind == Create:
		return wait.Underway
	case op.Kind == Delete && card.State == StateTerminated:
		return wait.Happened
	case op.Kind == Update && len(op.Sent.NotReadBack(card)) == 0:
		return wait.Happened
	case !over:
		return wait.Undecided
	case op.Before == "" || op.Before == card.Fingerprint():
		return wait.NoEffect
	}
	return wait.Superseded
}
