package provider

import (
	"context"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/simfleet/terraform-provider-telco/internal/api/cmo"
	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

// fleetResult is what became of a fleet's changes, SIM by SIM.
type fleetResult struct {
	operations fleetOperations   // not over, or of unknown outcome
	failed     map[string]string // product id to reason
	live       map[string]string // last known status of the SIMs that did not get theirs
	gone       map[string]bool   // certainly not known to the service
	anyChanged bool              // something was executed, or may have been
	sent       []livechange.Transition
}

// failure is the summary and detail that name the SIMs that were not changed.
func (f *fleetResult) failure(fleet string) (string, string) {
	lines := make([]string, 0, len(f.failed))
	for _, id := range slices.Sorted(maps.Keys(f.failed)) {
		lines = append(lines, id+": "+f.failed[id])
	}
	return "Some SIMs of the fleet were not changed", fmt.Sprintf(
		"%s of fleet %s not changed:\n\n%s\n\nThe next plan shows what is left to do; only that is sent. The log "+
			"(TF_LOG=INFO) names all.",
		plural(len(lines), "SIM"), fleet, firstTwenty(lines))
}

// pending is the summary and detail that name the SIMs whose changes are not over.
func (f *fleetResult) pending(fleet string) (string, string) {
	lines := make([]string, 0, len(f.operations))
	for _, id := range slices.Sorted(maps.Keys(f.operations)) {
		op := f.operations[id]
		lines = append(lines, fmt.Sprintf("%s -> %s: %s", id, op.Operation.Target, operationStatus(op).ValueString()))
	}
	return "Some changes of the fleet are not over", fmt.Sprintf(
		"The end of %s of fleet %s was not seen:\n\n%s\n\n%s", plural(len(lines), "change"), fleet, firstTwenty(lines),
		pendingAdvice)
}

// statuses is what is true of each SIM: the wanted status where it was reached or is on its way, else the live one,
// else the one before. A SIM that should leave the map stays until it has its last status.
func (f *fleetResult) statuses(was, wanted map[string]string) map[string]string {
	out := maps.Clone(wanted)
	if out == nil {
		out = map[string]string{}
	}
	for id := range f.failed {
		switch {
		case f.gone[id]:
			delete(out, id)
		case f.live[id] != "":
			out[id] = f.live[id]
		case was[id] != "":
			out[id] = was[id]
		default:
			delete(out, id)
		}
	}
	for id, op := range f.operations {
		out[id] = op.Operation.Target
	}
	return out
}

// progressInterval is how often a fleet's progress is logged.
const progressInterval = 10 * time.Second

// fleetRun is one apply of a fleet.
type fleetRun struct {
	*services
	client    *cmo.Client
	fleet     string
	announced bool // by the plan
	deadline  time.Time
	start     time.Time
	total     int
	most      int // places
	places    fleetPlaces

	mu     sync.Mutex
	done   int
	logged time.Time
	result *fleetResult
	notes  diag.Diagnostics
}

func (r *simFleetStatusResource) newRun(
	client *cmo.Client, plan simFleetStatusModel, announced bool, timeout time.Duration,
) *fleetRun {
	return &fleetRun{
		services: r.services, client: client, fleet: plan.Name.ValueString(), announced: announced,
		deadline: time.Now().Add(timeout), start: time.Now(), most: int(plan.MaxParallel.ValueInt64()),
		result: &fleetResult{operations: fleetOperations{}, failed: map[string]string{}, live: map[string]string{},
			gone: map[string]bool{}},
	}
}

// apply sends what differs, max_parallel changes at a time, and waits for all of them together: a change that waits for
// its monitor holds no place that another could use. Changes of an earlier run are picked up first.
func (f *fleetRun) apply(ctx context.Context, changes []fleetChange, operations fleetOperations) *fleetResult {
	wanted := map[string]fleetChange{}
	for _, c := range changes {
		wanted[c.SIM] = c
	}
	f.places = newFleetPlaces(f.most, slices.Collect(maps.Keys(wanted)))
	f.total = len(wanted)
	for id := range operations {
		if _, both := wanted[id]; !both {
			f.total++
		}
	}

	var all sync.WaitGroup
	for _, id := range slices.Sorted(maps.Keys(operations)) {
		op, next := operations[id], wanted[id]
		delete(wanted, id)
		all.Go(func() {
			defer f.recovered(ctx, id)
			f.resume(ctx, id, op, next)
		})
	}
	changes = slices.DeleteFunc(slices.Clone(changes), func(c fleetChange) bool {
		_, left := wanted[c.SIM]
		return !left
	})
	for _, part := range byBackend(changes) {
		all.Go(func() {
			for _, c := range part {
				// The place is taken here, so that a fleet of 10,000 does not stand in line as 10,000 goroutines.
				if f.takePlace(ctx, c) {
					all.Go(func() {
						defer f.recovered(ctx, c.SIM)
						f.set(ctx, c)
					})
				}
			}
		})
	}
	all.Wait()
	tflog.Info(ctx, "fleet changed", map[string]any{"fleet": f.fleet, "sims": f.total, "failed": len(f.result.failed),
		"pending": len(f.result.operations), "elapsed": time.Since(f.start).Round(time.Second).String()})
	return f.result
}

// takePlace waits for one of the places; it says no when the run has ended before.
func (f *fleetRun) takePlace(ctx context.Context, c fleetChange) bool {
	ctx, cancel := context.WithDeadline(ctx, f.deadline)
	defer cancel()
	select {
	case f.places.of(c.SIM) <- struct{}{}:
		return true
	case <-ctx.Done():
		f.finish(ctx, c.SIM, func(r *fleetResult) {
			r.failed[c.SIM] = "not sent: the run was interrupted or its time was over"
		})
		return false
	}
}

func (f *fleetRun) subject(productID, target string, removal bool) *statusSubject {
	return &statusSubject{services: f.services, client: f.client, productID: productID, target: target, removal: removal}
}

// set brings one SIM to its status, from a place that was taken; it is given back as soon as the service has the
// change.
func (f *fleetRun) set(ctx context.Context, c fleetChange) {
	giveBack := sync.OnceFunc(func() { <-f.places.of(c.SIM) })
	defer giveBack()
	s := f.subject(c.SIM, c.To, c.removal)
	planned := change.Planned{Announced: f.announced && !c.inStep, From: c.planned}
	o := change.Run(ctx, f.engine, s, planned, f.deadline, func(*cmo.Product, *change.Op[cmo.Operation]) { giveBack() })
	f.record(ctx, o, s, statusSentences(c.SIM, o.Decision.Shows, c.To))
}

// resume picks up a change of an earlier run, and goes on to the next one of the same SIM if there is one.
func (f *fleetRun) resume(ctx context.Context, productID string, op *change.Op[cmo.Operation], next fleetChange) {
	s := f.subject(productID, op.Operation.Target, next.removal)
	o := change.Resume(ctx, f.engine, s, op, f.deadline)
	if next.SIM != "" && o.Pending == nil && o.Kind != change.Gone && !cmo.Satisfies(op.Operation.Target, next.To) {
		f.mu.Lock()
		warnJournal(&f.notes, o.Warnings)
		f.mu.Unlock()
		if f.takePlace(ctx, next) {
			f.set(ctx, next)
		}
		return
	}
	f.record(ctx, o, s, sentencesOf(op.Operation))
}

// recovered ends a SIM whose end could not be filed: that costs this SIM its certainty, never the process. The next
// plan shows what became of it.
func (f *fleetRun) recovered(ctx context.Context, productID string) {
	value := recover()
	if value == nil {
		return
	}
	logPanic(ctx, value, debug.Stack())
	f.mu.Lock()
	defer f.mu.Unlock()
	f.result.anyChanged = true
	f.result.failed[productID] = "the provider has a fault, which the log (TF_LOG=ERROR) shows: please report it. " +
		"The next plan shows what became of this SIM"
}

// record files one SIM's end.
func (f *fleetRun) record(
	ctx context.Context, o change.Outcome[*cmo.Product, cmo.Operation], s *statusSubject, say sentences,
) {
	f.finish(ctx, s.productID, func(r *fleetResult) {
		for _, n := range s.notes {
			f.notes.Append(n)
		}
		warnJournal(&f.notes, o.Warnings)
		r.anyChanged = r.anyChanged || o.Sent && o.Kind != change.Broken && o.Kind != change.Ineffective
		if o.Sent && o.Decision.Action == change.Send {
			r.sent = append(r.sent, livechange.Transition{SIM: s.productID, From: o.Decision.Shows, To: s.target})
		}
		wanted := o.Kind == change.Done || o.Kind == change.Needless
		if live := statusOf(o.Live); live != "" && !wanted {
			r.live[s.productID] = live
		}
		switch {
		case wanted:
			noteDecision(&f.notes, o.Decision)
		case o.Kind == change.Pending || o.Kind == change.Unknown:
			r.operations[s.productID] = o.Pending
		case o.Kind == change.Gone:
			r.gone[s.productID] = true
			fallthrough
		default:
			r.failed[s.productID] = reason(o, say)
		}
	})
}

// reason is one line that says why a SIM was not changed.
func reason(o change.Outcome[*cmo.Product, cmo.Operation], say sentences) string {
	summary, detail := tell(o, say)
	if o.Kind == change.Moved {
		detail = summary + ". " + detail
	}
	var lines []string
	for paragraph := range strings.SplitSeq(detail, "\n\n") {
		lines = append(lines, strings.ReplaceAll(strings.TrimSpace(paragraph), "\n", " "))
	}
	return strings.Join(lines[:min(2, len(lines))], " ")
}

// finish counts one SIM, and logs progress from time to time.
func (f *fleetRun) finish(ctx context.Context, productID string, file func(*fleetResult)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	file(f.result)
	f.done++
	if why, failed := f.result.failed[productID]; failed {
		tflog.Warn(ctx, "SIM was not changed", map[string]any{"fleet": f.fleet, "product_id": productID, "reason": why})
	}
	now := time.Now()
	if now.Sub(f.logged) < progressInterval {
		return
	}
	f.logged = now
	elapsed := now.Sub(f.start)
	rate := float64(f.done) / max(elapsed.Seconds(), 0.001)
	left := time.Duration(float64(f.total-f.done) / rate * float64(time.Second))
	tflog.Info(ctx, "fleet in progress", map[string]any{"fleet": f.fleet, "done": f.done, "total": f.total,
		"per_second": fmt.Sprintf("%.1f", rate), "time_left": left.Round(time.Second).String()})
}
