package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/journal"
)

// TestCertainty: what an error of a client says about a change. What is not certain counts as sent: a change that is
// taken for refused would be sent again.
func TestCertainty(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want change.Certainty
	}{
		"no error":          {nil, change.Accepted},
		"no answer":         {&transport.Error{Unknown: true, Cause: errors.New("EOF")}, change.Uncertain},
		"5xx":               {&transport.Error{Unknown: true, Status: http.StatusBadGateway}, change.Uncertain},
		"conflict, perhaps": {&transport.Error{Unknown: true, Status: http.StatusConflict}, change.Uncertain},
		"of no client":      {errors.New("the answer could not be decoded"), change.Uncertain},
		"not sent": {&transport.Error{NotSent: true, Cause: errors.New("connection refused")},
			change.CertainlyNotSent},
		"stopped before": {&transport.Error{NotSent: true, Stopped: true, Status: http.StatusUnauthorized},
			change.CertainlyNotSent},
		"conflict":  {&transport.Error{Status: http.StatusConflict}, change.OtherRunning},
		"refused":   {&transport.Error{Status: http.StatusBadRequest, Message: "no"}, change.CertainlyRefused},
		"not found": {&transport.Error{Status: http.StatusNotFound, NotFound: true}, change.CertainlyRefused},
		"too many":  {&transport.Error{Status: http.StatusTooManyRequests}, change.CertainlyRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := certainty(c.err); got != c.want {
				t.Errorf("%d, want %d", got, c.want)
			}
			if got := certainty(fmt.Errorf("swapping: %w", c.err)); c.err != nil && got != c.want {
				t.Errorf("wrapped: %d, want %d", got, c.want)
			}
		})
	}
}

// TestObserve: the journal gets what a service's support asks for, from an error or without one.
func TestObserve(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want journal.Answer
	}{
		{nil, journal.Answer{}},
		{errors.New("EOF"), journal.Answer{}},
		{&transport.Error{CorrelationID: "c-1", TraceID: "t-1"}, journal.Answer{CorrelationID: "c-1"}},
		{fmt.Errorf("swapping: %w", &transport.Error{TraceID: "t-1"}), journal.Answer{CorrelationID: "t-1"}},
	} {
		_, observed := observe(context.Background())
		if got := observed(c.err); got != c.want {
			t.Errorf("%v: %+v, want %+v", c.err, got, c.want)
		}
	}
}
