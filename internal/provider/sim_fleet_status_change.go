package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/simfleet/terraform-provider-telco/internal/api/cmo"
	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

func readFleetMarks(ctx context.Context, private privateReader, diags *diag.Diagnostics) fleetMarks {
	marks := fleetMarks{}
	raw, d := private.GetKey(ctx, operationKey)
	diags.Append(d...)
	if len(raw) == 0 {
		return marks
	}
	if err := json.Unmarshal(raw, &marks); err != nil {
		unreadableMark(diags, err)
	}
	return marks
}

func saveFleetMarks(ctx context.Context, private privateWriter, marks fleetMarks, diags *diag.Diagnostics) {
	if len(marks) == 0 {
		diags.Append(private.SetKey(ctx, operationKey, nil)...)
		return
	}
	setPrivate(ctx, private, operationKey, marks, diags)
}

// fleetResult is what became of a fleet's changes, SIM by SIM.
type fleetResult struct {
	marks      fleetMarks        // not over, or of unknown outcome
	failed     map[string]string // product id to reason
	live       map[string]string // last known status of the SIMs that did not get theirs
	gone       map[string]bool   // clearly not known to the service
	anyChanged bool              // something was executed, or may have been
}

// failure is the summary and detail that name the SIMs that were not changed.
func (f *fleetResult) failure(fleet string) (string, string) {
	lines := make([]string, 0, len(f.failed))
	for _, id := range slices.Sorted(maps.Keys(f.failed)) {
		lines = append(lines, id+": "+f.failed[id])
	}
	return "Some SIMs of the fleet were not changed", fmt.Sprintf(
		"%s of fleet %s not changed:\n\n%s\n\nThe next plan shows what is left to do; only that is sent. The log (TF_LOG=INFO) names all.",
		plural(len(lines), "SIM"), fleet, firstTwenty(lines))
}

// pending is the summary and detail that name the SIMs whose changes are not over.
func (f *fleetResult) pending(fleet string) (string, string) {
	lines := make([]string, 0, len(f.marks))
	for _, id := range slices.Sorted(maps.Keys(f.marks)) {
		m := f.marks[id]
		lines = append(lines, fmt.Sprintf("%s -> %s: %s", id, m.Operation.Target, m.status().ValueString()))
	}
	return "Some changes of the fleet are not over", fmt.Sprintf(
		"The end of %s of fleet %s was not seen:\n\n%s\n\n%s", plural(len(lines), "change"), fleet, firstTwenty(lines), pendingAdvice)
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
	for id, m := range f.marks {
		out[id] = m.Operation.Target
	}
	return out
}

// progressInterval is how often a fleet's progress is logged.
const progressInterval = 10 * time.Second

// setStatuses sends what differs, max_parallel changes at a time, and waits for all of them together: a change that
// waits for its monitor holds no place that another could use. Changes of an earlier run are picked up first.
func (r *simFleetStatusResource) setStatuses(ctx context.Context, client *cmo.Client, plan simFleetStatusModel, changes []statusChangeOf, marks fleetMarks, announced bool, diags *diag.Diagnostics) *fleetResult {
	run := &fleetRun{
		services: r.services, client: client, fleet: plan.Name.ValueString(), announced: announced, start: time.Now(),
		slots:  make(chan struct{}, max(1, plan.MaxParallel.ValueInt64())),
		result: &fleetResult{marks: fleetMarks{}, failed: map[string]string{}, live: map[string]string{}, gone: map[string]bool{}},
	}
	wanted := map[string]statusChangeOf{}
	for _, c := range changes {
		wanted[c.productID] = c
	}
	run.total = len(wanted)
	for id := range marks {
		if _, both := wanted[id]; !both {
			run.total++
		}
	}

	var all sync.WaitGroup
	for _, id := range slices.Sorted(maps.Keys(marks)) {
		m, next := marks[id], wanted[id]
		delete(wanted, id)
		all.Go(func() { run.resume(ctx, id, m, next) })
	}
	for _, c := range changes {
		if _, left := wanted[c.productID]; !left {
			continue
		}
		// The place is taken here, so that a fleet of 10,000 does not stand in line as 10,000 goroutines.
		select {
		case run.slots <- struct{}{}:
			all.Go(func() { run.set(ctx, c, true) })
		case <-ctx.Done():
			run.finish(ctx, c.productID, func(f *fleetResult) { f.failed[c.productID] = "not sent: the run was interrupted or its time was over" })
		}
	}
	all.Wait()
	tflog.Info(ctx, "fleet changed", map[string]any{"fleet": run.fleet, "sims": run.total, "failed": len(run.result.failed),
		"pending": len(run.result.marks), "elapsed": time.Since(run.start).Round(time.Second).String()})
	diags.Append(run.diags...)
	return run.result
}

// fleetRun is one apply of a fleet.
type fleetRun struct {
	*services
	client    *cmo.Client
	fleet     string
	announced bool // by the plan
	start     time.Time
	total     int
	slots     chan struct{}

	mu     sync.Mutex
	done   int
	logged time.Time
	result *fleetResult
	diags  diag.Diagnostics
}

// set brings one SIM to its status. The caller has taken a place if held; it is given back as soon as the service has
// the change.
func (f *fleetRun) set(ctx context.Context, c statusChangeOf, held bool) {
	if !held {
		select {
		case f.slots <- struct{}{}:
		case <-ctx.Done():
			f.finish(ctx, c.productID, func(r *fleetResult) { r.failed[c.productID] = "not sent: the run was interrupted or its time was over" })
			return
		}
	}
	giveBack := sync.OnceFunc(func() { <-f.slots })
	defer giveBack()
	var diags diag.Diagnostics
	sent := false
	result := f.setStatus(ctx, f.client, c.productID, c.to, f.announced, &diags, func(*cmo.Product, *mark[cmo.Operation]) {
		sent = true
		giveBack()
	})
	f.record(ctx, c.productID, result, sent, diags)
}

// resume picks up a change of an earlier run, and goes on to the next one of the same SIM if there is one.
func (f *fleetRun) resume(ctx context.Context, productID string, m *mark[cmo.Operation], next statusChangeOf) {
	result := f.resumeStatus(ctx, f.client, m)
	if next.productID != "" && (result.end == changeDone || result.end == changeRefused) && !cmo.Fulfils(m.Operation.Target, next.to) {
		f.set(ctx, next, false)
		return
	}
	f.record(ctx, productID, result, true, nil)
}

// record files one SIM's end.
func (f *fleetRun) record(ctx context.Context, productID string, result statusResult, sent bool, diags diag.Diagnostics) {
	f.finish(ctx, productID, func(r *fleetResult) {
		if sent || result.end == changeUnknown {
			r.anyChanged = r.anyChanged || result.end != changeRefused
		}
		if result.product != nil && result.product.SIMCard != nil && result.end != changeDone {
			r.live[productID] = result.product.SIMCard.Status
		}
		r.gone[productID] = result.gone
		if !result.gone {
			delete(r.gone, productID)
		}
		switch result.end {
		case changeOpen, changeUnknown:
			r.marks[productID] = result.mark
		case changeRefused:
			r.failed[productID] = reason(result, diags)
		}
		for _, d := range diags {
			if d.Severity() == diag.SeverityWarning {
				f.diags.Append(d)
			}
		}
	})
}

// reason is one line that says why a SIM was not changed.
func reason(result statusResult, diags diag.Diagnostics) string {
	text := result.detail
	for _, d := range diags {
		if d.Severity() == diag.SeverityError {
			text = d.Detail()
		}
	}
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n\n") {
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

// look asks once how the accepted changes stand, and settles those of unknown outcome by what the SIM shows. It
// returns the marks of those that go on.
func (r *simFleetStatusResource) look(ctx context.Context, client *cmo.Client, marks fleetMarks, products map[string]*cmo.Product, diags *diag.Diagnostics) fleetMarks {
	left := fleetMarks{}
	var mu sync.Mutex
	var all sync.WaitGroup
	places := make(chan struct{}, defaultMaxParallel)
	for id, m := range marks {
		product := products[id]
		if product == nil || product.SIMCard == nil {
			continue
		}
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			var own diag.Diagnostics
			var now *mark[cmo.Operation]
			if m.Unknown {
				var settled *cmo.Product
				now, settled = settleUnknownStatus(ctx, client, m, product, &own)
				product.SIMCard = settled.SIMCard
			} else {
				now = r.lookOne(ctx, client, m, product, &own)
			}
			mu.Lock()
			defer mu.Unlock()
			diags.Append(own...)
			if now != nil {
				left[id] = now
			}
		})
	}
	all.Wait()
	return left
}

func (r *simFleetStatusResource) lookOne(ctx context.Context, client *cmo.Client, m *mark[cmo.Operation], product *cmo.Product, diags *diag.Diagnostics) *mark[cmo.Operation] {
	now, seen, err := lookAtStatus(ctx, client, m, diags)
	if err != nil && !errors.Is(err, transport.ErrNotFound) {
		return m // the SIM itself was read; the monitor can wait for the next look
	}
	if seen != nil && seen.SIMCard != nil {
		product.SIMCard = seen.SIMCard
	}
	return now
}
