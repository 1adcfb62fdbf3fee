package cmo

import (
	"context"
	"errors"
	"testing"
)

// A panic while a shared read or a find is handled costs its products their certainty, never the process.
func TestPanicsAreErrors(t *testing.T) {
	t.Parallel()
	s := newService(t)
	c := s.client()
	for name, after := range map[string]int{"before the first": 0, "in the middle": 1, "after the last": 2} {
		delivered := map[string]error{}
		ids := []string{jasperID, tmspID}
		c.safely(t.Context(), ids, func(id string, _ *Product, err error) {
			if _, twice := delivered[id]; twice {
				t.Errorf("%s: %s was delivered twice", name, id)
			}
			delivered[id] = err
		}, func(_ context.Context, ids []string, deliver func(string, *Product, error)) {
			for _, id := range ids[:after] {
				deliver(id, &Product{ID: id}, nil)
			}
			panic("a fault")
		})
		for i, id := range ids {
			if err, ok := delivered[id]; !ok || errors.Is(err, errFault) != (i >= after) {
				t.Errorf("%s: %s: delivered %v, %v", name, id, ok, err)
			}
		}
	}

	shared := newCoalescer(func(ctx context.Context, ids []string, deliver func(string, *Product, error)) {
		c.safely(ctx, ids, deliver, func(context.Context, []string, func(string, *Product, error)) { panic("a fault") })
	}, 1, 1, 1)
	if _, err := shared.get(t.Context(), tmspID); !errors.Is(err, errFault) {
		t.Errorf("got %v", err)
	}
	if _, err := shared.get(t.Context(), jasperID); !errors.Is(err, errFault) {
		t.Errorf("the next batch: %v", err)
	}
}
