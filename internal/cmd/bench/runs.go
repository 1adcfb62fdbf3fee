package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

const (
	manyRuns    = 20
	tenantLimit = 100 // calls per second, for all runs together
	banErrors   = 200 // within ten seconds: one call in five, where all that the limit allows is used
)

// runs applies twenty states at a time against one tenant, with the provider's own limits. Together they want four
// times what the service allows, and it bans an address that causes many errors. Nothing coordinates them.
func (b *bench) runs() error {
	network, err := newNetwork(simulator.WithLatency(b.o.latency))
	if err != nil {
		return err
	}
	defer network.close()
	network.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.TenantLimit, q.BanErrors = tenantLimit, banErrors })

	each := max(1, b.o.fleet/manyRuns)
	var states []*scenario
	for run := range manyRuns {
		ids := make([]string, each)
		for i := range ids {
			ids[i] = productID("JASPER", run*each+i)
			network.AddProduct(simulator.Product{ID: ids[i], Status: "ACTIVE"})
		}
		s := &scenario{
			bench: b, what: fmt.Sprintf("run %d of %d", run+1, manyRuns), sims: each, network: network,
			config: fleetConfig, files: fleetOf(ids),
		}
		if err := s.prepare("SUSPENDED"); err != nil {
			return err
		}
		states = append(states, s)
	}

	b.say("%d runs at a time, %d SIMs each, %d calls/s for all, a ban beyond %d errors in 10 s",
		manyRuns, each, tenantLimit, banErrors)
	network.ForgetRequests()
	var (
		group  sync.WaitGroup
		mu     sync.Mutex
		failed []error
	)
	for _, s := range states {
		group.Go(func() {
			if _, err := s.dir.run(b.ctx, "apply", "-no-color", "-auto-approve"); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, fmt.Errorf("%s: %w", s.what, err))
			}
		})
	}
	group.Wait()
	if b.ctx.Err() != nil {
		return errors.Join(failed...)
	}
	for _, err := range failed {
		b.say("  %v", err)
	}
	b.promiseOfRuns(network, manyRuns*each, len(failed))
	return nil
}

func (b *bench) promiseOfRuns(network *network, changes, failed int) {
	taken, refused := 0, []time.Time{}
	for _, r := range network.Requests(simulator.Match{}) {
		switch {
		case r.Status == http.StatusTooManyRequests:
			refused = append(refused, r.Time)
		case r.Route != "token":
			taken++
		}
	}
	once := map[string]int{}
	for _, c := range network.Ledger() {
		once[c.Key]++
	}
	what := fmt.Sprintf("%d runs at a time on %d calls/s", manyRuns, tenantLimit)
	b.promise(what+": runs that fail", fmt.Sprint(failed), "0", failed == 0)
	b.promise("changes executed, SIMs changed",
		fmt.Sprintf("%s, %s", thousands(len(network.Ledger())), thousands(len(once))),
		fmt.Sprintf("%s, %[1]s", thousands(changes)), len(network.Ledger()) == changes && len(once) == changes)
	b.promise("addresses that are banned", fmt.Sprint(network.BannedAddresses()), "0", network.BannedAddresses() == 0)
	b.promise(fmt.Sprintf("calls refused (429), beside %s answered", thousands(taken)), fmt.Sprint(len(refused)),
		fmt.Sprintf("at most %d", taken/10), len(refused) <= taken/10)
	most := mostWithin(refused, 10*time.Second)
	b.promise("the most of them within 10 s", fmt.Sprint(most), fmt.Sprintf("at most %d", banErrors), most <= banErrors)
	least := seconds(float64(taken) / tenantLimit)
	took := network.span()
	b.promise("time, against what the limit allows",
		fmt.Sprintf("%.2f times (%.1f s, %.1f s)", ratio(took, least), took.Seconds(), least.Seconds()),
		"at most 1.30 times", took <= least*13/10)
}

// mostWithin is the most of some times, in order, that lie within any such span.
func mostWithin(times []time.Time, span time.Duration) int {
	most := 0
	for i, from := 0, 0; i < len(times); i++ {
		for times[i].Sub(times[from]) >= span {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

// backends changes a fleet of two backends, one of which takes half of the calls that the provider would send it: its
// refusals hold up the other one not at all.
func (b *bench) backends() error {
	const (
		perSecond = 100
		quick     = 1000
		slow      = 100
	)
	network, err := newNetwork(simulator.WithLatency(b.o.latency))
	if err != nil {
		return err
	}
	defer network.close()
	network.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.RateLimit = map[string]int{"1NCE": 4} })
	var ids []string
	for i := range quick + slow {
		backend := "JASPER"
		if i >= quick {
			backend = "1NCE"
		}
		ids = append(ids, productID(backend, i))
		network.AddProduct(simulator.Product{ID: ids[i], Status: "ACTIVE"})
	}
	s := &scenario{
		bench: b, what: "two backends, one slow", sims: len(ids), network: network, config: fleetConfig, files: fleetOf(ids),
		settings: fmt.Sprintf("requests_per_second = %d\n    max_concurrent_requests = 100", perSecond),
	}
	if err := s.prepare("SUSPENDED"); err != nil {
		return err
	}
	if _, err := s.phase(create, "apply", "-auto-approve"); err != nil {
		return err
	}

	var first, lastQuick, lastSlow time.Time
	refused := len(network.Requests(simulator.Match{Key: "1NCE-"}))
	for _, c := range network.Ledger() {
		if first.IsZero() {
			first = c.Time
		}
		if strings.HasPrefix(c.Key, "JASPER") {
			lastQuick = c.Time
		} else {
			lastSlow = c.Time
			refused--
		}
	}
	least := seconds(float64(quick) / (perSecond - 8)) // the slow one has its 8 a second beside it
	took := lastQuick.Sub(first)
	b.promise(fmt.Sprintf("%d changes on JASPER beside %d on 1NCE, which takes 4 calls/s (%d refused, %.1f s)",
		quick, slow, refused, lastSlow.Sub(first).Seconds()),
		fmt.Sprintf("%.1f s", took.Seconds()), fmt.Sprintf("%.1f s x 1.2", least.Seconds()), took <= least*12/10)
	return nil
}

// prepare makes the working directory of a scenario whose network is there already.
func (s *scenario) prepare(status string) error {
	var err error
	if s.dir, err = s.cli.workdir(); err != nil {
		return err
	}
	if err := s.write(status); err != nil {
		return err
	}
	_, err = s.dir.run(s.ctx, "init", "-no-color")
	return err
}

// fleetOf is the CSV of these SIMs.
func fleetOf(ids []string) map[string]func(string) string {
	return map[string]func(string) string{fleetFile: func(status string) string {
		var text strings.Builder
		text.WriteString("product_id,status\n")
		for _, id := range ids {
			fmt.Fprintf(&text, "%s,%s\n", id, status)
		}
		return text.String()
	}}
}
