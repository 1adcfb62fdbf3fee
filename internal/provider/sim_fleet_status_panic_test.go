package provider

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/cmo"
	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/journal"
	"github.com/simfleet/terraform-provider-telco/internal/livechange"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// faultyLog is a log that panics once, in the middle of the client, when it is told of a call: the client logs a call
// after it was answered, on the goroutine of the SIM that it is for.
type faultyLog struct {
	slog.Handler
	method, part string // of the call's path
	reached      *atomic.Int64
}

func (l faultyLog) Enabled(context.Context, slog.Level) bool { return true }

func (l faultyLog) WithAttrs([]slog.Attr) slog.Handler { return l }

func (l faultyLog) Handle(_ context.Context, r slog.Record) error {
	of := map[string]string{}
	r.Attrs(func(a slog.Attr) bool {
		of[a.Key] = a.Value.String()
		return true
	})
	if of["method"] == l.method && strings.Contains(of["path"], l.part) && l.reached.Add(1) == 1 {
		panic("index out of range")
	}
	return nil
}

// TestFleet_panic: a panic while one SIM of a fleet is handled costs that SIM its certainty, and neither the process
// nor the answers of the others. What is kept of it brings the next run to its end, with nothing sent again.
func TestFleet_panic(t *testing.T) {
	t.Parallel()
	const many, faulty = 8, "TMSP-89490200000000000003"
	for name, log := range map[string]faultyLog{
		"when its change is answered": {method: "PATCH", part: faulty},
		"while it is waited for":      {method: "GET", part: "/monitor/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := simulator.New()
			server := httptest.NewServer(sim.Handler())
			defer server.Close()
			var reached, told atomic.Int64
			log.Handler, log.reached = slog.DiscardHandler, &reached
			address := func(path string) *url.URL {
				u, err := url.Parse(server.URL + path)
				if err != nil {
					t.Fatal(err)
				}
				return u
			}
			pace := wait.Pace{Min: time.Millisecond, Max: 5 * time.Millisecond, Patience: 50 * time.Millisecond}
			client := cmo.New(cmo.Config{
				Endpoint: address("/cmo/v5"), Tenant: simulator.Tenant, TokenURL: address("/cmo/token"),
				ClientID:     simulator.ClientID,
				ClientSecret: simulator.ClientSecret, RequestsPerSecond: 10000, Pace: pace, Logger: slog.New(log),
			})
			folder := t.TempDir()
			trail := journal.Open(folder, "")
			engine := newEngine(&change.Budget{}, pace, trail, nil)
			engine.Panicked = func(context.Context, any, []byte) { told.Add(1) }

			var changes []fleetChange
			for i := range many {
				id := fmt.Sprintf("TMSP-8949020000000000%04d", i)
				sim.AddProduct(simulator.Product{ID: id, SIMStatus: "INACTIVE"})
				changes = append(changes, fleetChange{
					Transition: livechange.Transition{SIM: id, From: "INACTIVE", To: "ACTIVE"}, planned: "INACTIVE",
				})
			}
			apply := func(changes []fleetChange, operations fleetOperations) *fleetResult {
				run := &fleetRun{
					services: &services{engine: engine, witnesses: newWitnesses(pace), journal: trail}, client: client,
					fleet:     "vans",
					announced: true, deadline: time.Now().Add(time.Minute), start: time.Now(), most: many,
					result: &fleetResult{
						operations: fleetOperations{}, failed: map[string]string{}, live: map[string]string{},
						gone: map[string]bool{},
					},
				}
				return run.apply(t.Context(), changes, operations)
			}

			result := apply(changes, nil)
			if reached.Load() == 0 || told.Load() != 1 {
				t.Fatalf("%d calls were faulty and %d panics were told, so this proves nothing", reached.Load(),
					told.Load())
			}
			open := slices.Collect(maps.Keys(result.operations))
			if len(open) != 1 || !result.operations[open[0]].Unknown || log.method == "PATCH" && open[0] != faulty {
				t.Fatalf("open: %q", open)
			}
			if len(result.failed)+len(result.gone) != 0 || len(sim.Ledger()) != many || !result.anyChanged {
				t.Errorf("failed: %q, executed: %v", result.failed, sim.Ledger())
			}
			if entries, _ := trail.Open("cmo", "", open[0]); len(entries) != 1 ||
				entries[0].Outcome != journal.Unknown {
				t.Errorf("the journal has %+v", entries)
			}

			result = apply(nil, result.operations)
			if len(result.operations)+len(result.failed) != 0 || len(sim.Ledger()) != many {
				t.Errorf("open: %v, failed: %q, executed: %v", result.operations, result.failed, sim.Ledger())
			}
			entries, _, err := journal.List(folder)
			if err != nil || len(entries) != many {
				t.Errorf("%d changes in the journal (%v)", len(entries), err)
			}
			for _, entry := range entries {
				if entry.Outcome != journal.Done {
					t.Errorf("the journal has %+v", entry)
				}
			}
		})
	}
}

// TestFleet_panicOutsideTheEngine: what panics there costs that SIM its place in the result, and not the process.
func TestFleet_panicOutsideTheEngine(t *testing.T) {
	t.Parallel()
	run := &fleetRun{ // without services, so that each SIM panics
		fleet: "vans", announced: true, deadline: time.Now().Add(time.Minute), start: time.Now(), most: 1,
		result: &fleetResult{operations: fleetOperations{}, failed: map[string]string{}},
	}
	changes := []fleetChange{
		newFleetChange("TMSP-89490200000000000001", "INACTIVE", "ACTIVE", false),
		newFleetChange("TMSP-89490200000000000002", "INACTIVE", "ACTIVE", false),
	}
	op := &change.Op[cmo.Operation]{Operation: cmo.Operation{Target: "ACTIVE"}}
	result := run.apply(t.Context(), changes, fleetOperations{"TMSP-89490200000000000003": op})
	if len(result.failed) != 3 || !result.anyChanged {
		t.Errorf("failed: %q", result.failed)
	}
}
