package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// bench is one run.
type bench struct {
	ctx      context.Context //nolint:containedctx // the bench is one run
	o        options
	progress io.Writer
	started  time.Time
	cli      *home
	states   *states

	rows    []row
	targets []target
}

func newBench(ctx context.Context, o options, progress io.Writer) (*bench, error) {
	b := &bench{ctx: ctx, o: o, progress: progress, started: time.Now()}
	b.say("building the provider")
	var err error
	if b.cli, err = newHome(ctx, o.cli); err != nil {
		return nil, err
	}
	if b.states, err = newStates(); err != nil {
		b.cli.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) close() {
	b.states.close()
	b.cli.close()
}

func (b *bench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.progress, "%6.1fs  %s\n", time.Since(b.started).Seconds(), fmt.Sprintf(format, args...))
}

// The phases.
const (
	create  = "create"
	plan    = "plan, no change"
	update  = "update"
	destroy = "destroy"
)

func (b *bench) measure() error {
	steps := map[string]func() error{
		"floor": b.floor, "status": b.status, "fleet": b.fleets, "journal": b.journaled, "limit": b.limit, "async": b.async,
		"for_each": b.forEach,
		"runs":     b.runs, "backends": b.backends,
	}
	for _, part := range append(slices.Clone(parts), extraParts...) {
		if !slices.Contains(b.o.only, part) {
			continue
		}
		if err := steps[part](); err != nil {
			return err
		}
	}
	return nil
}

// scenario is one configuration that goes through phases, with a working directory and a state of its own, and a
// network of its own where it has a provider.
type scenario struct {
	*bench
	what    string
	sims    int
	cliArgs []string
	// config gives the resources for a wanted status.
	config func(status string) string
	files  map[string]func(status string) string // beside main.tf

	network  *network
	settings string // of the cmo object: limits
	dir      *workdir
}

// unlimited are limits that never bite.
const unlimited = "requests_per_second = 100000\n    max_concurrent_requests = 100"

// start makes the working directory, and serves n SIMs of a backend where one is named.
func (s *scenario) start(backend, status string, options ...simulator.Option) error {
	s.say("%s, %d SIMs", s.what, s.sims)
	if backend != "" {
		var err error
		if s.network, err = newNetwork(append(options, simulator.WithLatency(s.o.latency))...); err != nil {
			return err
		}
		for i := range s.sims {
			s.network.AddProduct(simulator.Product{ID: productID(backend, i), Status: status})
		}
	}
	return s.prepare("ACTIVE")
}

func (s *scenario) end() {
	if s.network != nil {
		s.network.close()
	}
}

func (s *scenario) write(status string) error {
	var text strings.Builder
	fmt.Fprintf(&text, "terraform {\n  backend \"http\" {\n    address = %q\n  }\n", s.states.address(s.dir.name))
	if s.network != nil {
		text.WriteString("  required_providers {\n    telco = { source = \"registry.terraform.io/simfleet/telco\" }\n  }\n")
	}
	text.WriteString("}\n")
	if s.network != nil {
		text.WriteString(s.network.providerBlock(s.settings))
	}
	text.WriteString(s.config(status))
	if err := s.dir.Write("main.tf", text.String()); err != nil {
		return err
	}
	for name, content := range s.files {
		if err := s.dir.Write(name, content(status)); err != nil {
			return err
		}
	}
	return nil
}

// phase runs a command and files what it cost.
func (s *scenario) phase(name string, args ...string) (row, error) {
	if s.network != nil {
		s.network.ForgetRequests()
	}
	if args[0] != "apply" || args[len(args)-1] != savedPlan {
		args = append([]string{args[0], "-no-color"}, args[1:]...)
	}
	args = slices.Insert(args, 1, s.cliArgs...)
	cost, err := s.dir.run(s.ctx, args...)
	if err != nil {
		return row{}, fmt.Errorf("%s, %s: %w", s.what, name, err)
	}
	r := row{phase: name, what: s.what, sims: s.sims, cost: cost}
	if s.network != nil {
		r.calls = s.network.calls()
	}
	b := s.bench
	b.rows = append(b.rows, r)
	b.say("  %-16s %s", name, cost.wall.Round(10*time.Millisecond))
	return r, nil
}

// savedPlan is the file that a plan goes to where plan and apply are measured apart.
const savedPlan = "plan.bin"

// life runs the four phases; the SIMs are SUSPENDED before.
func (s *scenario) life() error {
	for _, step := range []struct {
		name, status string
		args         []string
	}{
		{create, "ACTIVE", []string{"apply", "-auto-approve"}},
		{plan, "ACTIVE", []string{"plan", "-detailed-exitcode"}},
		{update, "SUSPENDED", []string{"apply", "-auto-approve"}},
		{destroy, "SUSPENDED", []string{"destroy", "-auto-approve"}},
	} {
		if err := s.write(step.status); err != nil {
			return err
		}
		if _, err := s.phase(step.name, step.args...); err != nil {
			return err
		}
	}
	return nil
}

func productID(backend string, i int) string { return fmt.Sprintf("%s-89%017d", backend, i) }

const (
	whatFloor      = "terraform_data"
	whatFloorMap   = "terraform_data, one map"
	whatFleet      = "telco_sim_fleet_status"
	whatStatus     = "telco_sim_status"
	whatFloorEach  = "terraform_data, for_each"
	whatStatusEach = "telco_sim_status, for_each"
)

func floorConfig(n int) func(string) string {
	return func(status string) string {
		return fmt.Sprintf(`
resource "terraform_data" "sim" {
  count = %d
  input = {
    product_id = format("JASPER-89%%017d", count.index)
    status     = %q
  }
}
`, n, status)
	}
}

// floor measures terraform_data: all phases with n and 2n, and the plan, which is what grows beyond bounds, with 5n.
func (b *bench) floor() error {
	state := ""
	for _, n := range []int{b.o.n, 2 * b.o.n} {
		s := &scenario{bench: b, what: whatFloor, sims: n, config: floorConfig(n)}
		if err := s.start("", ""); err != nil {
			return err
		}
		if _, err := s.phase(create, "apply", "-auto-approve"); err != nil {
			return err
		}
		state = b.states.get(s.dir.name)
		if _, err := s.phase(plan, "plan", "-detailed-exitcode"); err != nil {
			return err
		}
		if err := s.write("SUSPENDED"); err != nil {
			return err
		}
		if _, err := s.phase(update, "apply", "-auto-approve"); err != nil {
			return err
		}
		if _, err := s.phase(destroy, "destroy", "-auto-approve"); err != nil {
			return err
		}
	}

	sizes := []int{5 * b.o.n}
	if !b.o.reckon && b.o.fleet > sizes[0] {
		sizes = append(sizes, b.o.fleet)
	}
	for _, n := range sizes {
		s := &scenario{bench: b, what: whatFloor, sims: n, config: floorConfig(n)}
		if err := s.start("", ""); err != nil {
			return err
		}
		// What an apply would have written, without the minutes that it takes.
		grown, err := growState(state, n)
		if err != nil {
			return err
		}
		b.states.put(s.dir.name, grown)
		if _, err := s.phase(plan, "plan", "-detailed-exitcode"); err != nil {
			return err
		}
	}
	return nil
}

// floorOf is what terraform_data by count costs in a phase: measured, or else reckoned from fewer by n^k.
func (b *bench) floorOf(phase string, n int) (row, bool) {
	var points []point
	var cpu []point
	for _, r := range b.rows {
		if r.what != whatFloor || r.phase != phase {
			continue
		}
		if r.sims == n {
			return r, true
		}
		points = append(points, point{float64(r.sims), r.cost.wall.Seconds()})
		cpu = append(cpu, point{float64(r.sims), r.cost.cpuCLI.Seconds()})
	}
	if len(points) < 2 {
		return row{}, false
	}
	return row{phase: phase, what: whatFloor, sims: n, reckoned: true, cost: cost{
		wall: seconds(powerFit(points)(float64(n))), cpuCLI: seconds(powerFit(cpu)(float64(n))),
	}}, true
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func statusConfig(n int, backend string) func(string) string {
	return func(status string) string {
		return fmt.Sprintf(`
resource "telco_sim_status" "sim" {
  count      = %d
  product_id = format("%s-89%%017d", count.index)
  status     = %q
}
`, n, backend, status)
	}
}

func (b *bench) status() error {
	for _, parallel := range []int{10, 50} {
		s := &scenario{
			bench: b, what: fmt.Sprintf("%s, -parallelism=%d", whatStatus, parallel), sims: b.o.n, settings: unlimited,
			cliArgs: []string{fmt.Sprintf("-parallelism=%d", parallel)}, config: statusConfig(b.o.n, "JASPER"),
		}
		if err := s.start("JASPER", "SUSPENDED"); err != nil {
			return err
		}
		err := s.life()
		s.end()
		if err != nil {
			return err
		}
		if parallel == 10 {
			b.promiseOfStatus(s.what)
		}
	}
	return nil
}

func (b *bench) promiseOfStatus(what string) {
	r := b.find(what, plan, b.o.n)
	most := (b.o.n+9)/10 + 10
	b.promise(fmt.Sprintf("plan without changes of %s telco_sim_status at parallelism 10: API calls", thousands(b.o.n)),
		fmt.Sprint(r.total()), fmt.Sprintf("at most %d", most), r.total() <= most)
	if floor, ok := b.floorOf(plan, b.o.n); ok && r.cost.provider {
		times := ratio(r.cost.cpu(), floor.cost.cpu())
		b.promise("CPU of terraform and provider in it, against terraform_data", fmt.Sprintf("%.1f times", times),
			"at most 3 times", times <= 3)
	}
}

// find returns a measured row; there is one for each scenario and phase that has run.
func (b *bench) find(what, phase string, n int) row {
	i := slices.IndexFunc(b.rows, func(r row) bool { return r.what == what && r.phase == phase && r.sims == n })
	return b.rows[i]
}

func (b *bench) promise(what, measured, limit string, kept bool) {
	b.targets = append(b.targets, target{what, measured, limit, kept})
}

// fleetFile is the CSV that fleets are kept in.
const fleetFile = "fleet.csv"

func fleetFiles(n int) map[string]func(string) string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = productID("JASPER", i)
	}
	return fleetOf(ids)
}

const fleetMap = `{ for sim in csvdecode(file("` + fleetFile + `")) : sim.product_id => sim.status }`

func fleetConfig(string) string {
	return `
resource "telco_sim_fleet_status" "vans" {
  name         = "vans"
  statuses     = ` + fleetMap + `
  max_parallel = 100
}
`
}

// usualFleet is what a larger fleet is compared with.
const usualFleet = 10_000

func (b *bench) fleets() error {
	sizes := []int{b.o.n, b.o.fleet}
	if b.o.fleet > usualFleet {
		sizes = append(sizes, usualFleet)
	}
	slices.Sort(sizes)
	for _, n := range slices.Compact(sizes) {
		floor := &scenario{bench: b, what: whatFloorMap, sims: n, files: fleetFiles(n), config: func(string) string {
			return "\nresource \"terraform_data\" \"vans\" {\n  input = " + fleetMap + "\n}\n"
		}}
		if err := floor.start("", ""); err != nil {
			return err
		}
		if err := floor.life(); err != nil {
			return err
		}

		s := &scenario{bench: b, what: whatFleet, sims: n, settings: unlimited, config: fleetConfig, files: fleetFiles(n)}
		if err := s.start("JASPER", "SUSPENDED"); err != nil {
			return err
		}
		err := s.life()
		s.end()
		if err != nil {
			return err
		}
	}
	b.promiseOfFleet()
	return nil
}

func (b *bench) promiseOfFleet() {
	n := b.o.fleet
	r := b.find(whatFleet, plan, n)
	calls := (n+49)/50 + 20
	b.promise(fmt.Sprintf("plan without changes of a fleet of %s: API calls", thousands(n)), fmt.Sprint(r.total()),
		fmt.Sprintf("at most %d", calls), r.total() <= calls)
	if floor, ok := b.floorOf(plan, n); ok {
		times := ratio(floor.cost.wall, r.cost.wall)
		against := "measured"
		if floor.reckoned {
			against = "reckoned, see above"
		}
		b.promise(fmt.Sprintf("how much faster than %s terraform_data (%s)", thousands(n), against),
			fmt.Sprintf("%.0f times", times), "at least 50 times", times >= 50)
	}
	// One with the same map is what Terraform itself takes for a fleet: this does not depend on how fast the machine is.
	times := ratio(r.cost.wall, b.find(whatFloorMap, plan, n).cost.wall)
	b.promise("its time, against one terraform_data with that map", fmt.Sprintf("%.1f times", times),
		"at most 2 times", times <= 2)
	limit, most := "under 300 MB", int64(300e6)
	if n > usualFleet {
		limit, most = "under 1 GiB", 1<<30
		usual := b.find(whatFleet, plan, usualFleet)
		times = ratio(r.cost.wall, usual.cost.wall)
		allowed := 1.1 * float64(n) / usualFleet
		b.promise(fmt.Sprintf("its time, against a fleet of %s", thousands(usualFleet)), fmt.Sprintf("%.1f times", times),
			fmt.Sprintf("at most %.0f times", allowed), times <= allowed)
	}
	if r.cost.provider {
		peak := int64(0)
		for _, phase := range []string{create, plan, update, destroy} {
			peak = max(peak, b.find(whatFleet, phase, n).cost.memory)
		}
		b.promise("peak memory of the provider, in any phase", fmt.Sprintf("%d MiB", peak>>20), limit, peak < most)
	}
}

// journaled shows what one synced record for each change costs: the same updates of the large fleet with a journal and
// without, in turns, and the quicker of each.
func (b *bench) journaled() error {
	const rounds = 2
	quickest := map[bool]time.Duration{}
	scenarios := map[bool]*scenario{}
	defer func() {
		for _, s := range scenarios {
			s.end()
		}
	}()
	for _, journaled := range []bool{false, true} {
		what := whatFleet + ", without a journal"
		if journaled {
			what = whatFleet + ", with a journal"
		}
		s := &scenario{bench: b, what: what, sims: b.o.fleet, config: fleetConfig, files: fleetFiles(b.o.fleet),
			settings: unlimited}
		scenarios[journaled] = s
		if err := s.start("JASPER", "ACTIVE"); err != nil {
			return err
		}
		if journaled {
			s.dir.Setenv("TELCO_JOURNAL=" + filepath.Join(s.dir.Dir, "journal"))
		}
		// takes the fleet over, sends nothing
		if _, err := s.dir.run(s.ctx, "apply", "-no-color", "-auto-approve"); err != nil {
			return err
		}
	}
	for round := range rounds {
		for _, journaled := range []bool{false, true} {
			s := scenarios[journaled]
			if err := s.write([]string{"SUSPENDED", "ACTIVE"}[round%2]); err != nil {
				return err
			}
			r, err := s.phase(update, "apply", "-auto-approve")
			if err != nil {
				return err
			}
			if took, measured := quickest[journaled]; !measured || r.cost.wall < took {
				quickest[journaled] = r.cost.wall
			}
		}
	}
	cost := ratio(quickest[true], quickest[false])
	b.promise(fmt.Sprintf("update of %s synchronous SIMs with a journal, against without", thousands(b.o.fleet)),
		fmt.Sprintf("%.2f times (%.1f s, %.1f s)", cost, quickest[true].Seconds(), quickest[false].Seconds()),
		"at most 1.10 times", cost <= 1.1)
	return nil
}

// limit shows that an update of a large fleet of synchronous SIMs takes as long as its calls at the limited rate.
func (b *bench) limit() error {
	const perSecond = 500
	s := &scenario{
		bench: b, what: fmt.Sprintf("%s, %d calls/s", whatFleet, perSecond), sims: b.o.fleet, config: fleetConfig,
		files:    fleetFiles(b.o.fleet),
		settings: fmt.Sprintf("requests_per_second = %d\n    max_concurrent_requests = 100", perSecond),
	}
	if err := s.start("JASPER", "ACTIVE"); err != nil {
		return err
	}
	defer s.end()
	// takes the fleet over, sends nothing
	if _, err := s.dir.run(s.ctx, "apply", "-no-color", "-auto-approve"); err != nil {
		return err
	}
	r, err := s.changeApart("SUSPENDED")
	if err != nil {
		return err
	}
	least := seconds(float64(r.total()) / perSecond)
	took := s.network.span()
	b.promise(fmt.Sprintf("update of %s synchronous SIMs: %d calls at %d a second", thousands(b.o.fleet), r.total(),
		perSecond),
		fmt.Sprintf("%.1f s", took.Seconds()), fmt.Sprintf("%.1f s + 5 %%", least.Seconds()), took <= least+least/20)
	return nil
}

// changeApart plans and applies apart, so that the apply's calls can be told from the plan's; it returns the apply.
func (s *scenario) changeApart(status string) (row, error) {
	if err := s.write(status); err != nil {
		return row{}, err
	}
	if _, err := s.phase("plan, all change", "plan", "-out="+savedPlan); err != nil {
		return row{}, err
	}
	return s.phase("apply of that", "apply", savedPlan)
}

// async shows that many waits at a time hold up neither changes nor each other.
func (b *bench) async() error {
	const (
		sims      = 500
		perSecond = 100
		settle    = 5 * time.Second
	)
	s := &scenario{
		bench: b, what: fmt.Sprintf("%s, async, %d calls/s", whatStatus, perSecond), sims: sims,
		config:   statusConfig(sims, "TMSP"),
		cliArgs:  []string{fmt.Sprintf("-parallelism=%d", sims)},
		settings: fmt.Sprintf("requests_per_second = %d\n    max_concurrent_requests = 100", perSecond),
	}
	if err := s.start("TMSP", "SUSPENDED", simulator.SettleAfter(settle)); err != nil {
		return err
	}
	defer s.end()
	r, err := s.changeApart("ACTIVE")
	if err != nil {
		return err
	}
	// The slowest chain: the last change goes out when the limiter has let all others through, takes its time on the
	// network, and is then seen by a poll and a read. Or else the limiter is busy all the time.
	chain := seconds(float64(sims+sims/50)/perSecond) + settle + 4*b.o.latency
	least := max(chain, seconds(float64(r.total())/perSecond))
	took := s.network.span()
	b.promise(fmt.Sprintf("%d asynchronous changes of %s each at -parallelism=%d, %d calls a second: %d calls", sims,
		settle, sims, perSecond, r.total()),
		fmt.Sprintf("%.1f s", took.Seconds()), fmt.Sprintf("%.1f s x 1.2 (chain alone %.1f s)", least.Seconds(),
			chain.Seconds()), took <= least+least/5)
	return nil
}

// forEach shows what the usual shape of a fleet from a file costs, in Terraform itself.
func (b *bench) forEach() error {
	config := func(resource, attributes string) func(string) string {
		return func(string) string {
			return fmt.Sprintf("\nresource %q \"sim\" {\n  for_each = %s\n  %s\n}\n", resource, fleetMap, attributes)
		}
	}
	floor := &scenario{bench: b, what: whatFloorEach, sims: b.o.n, files: fleetFiles(b.o.n),
		config: config("terraform_data", "input = { product_id = each.key, status = each.value }")}
	if err := floor.start("", ""); err != nil {
		return err
	}
	if err := floor.life(); err != nil {
		return err
	}
	s := &scenario{bench: b, what: whatStatusEach, sims: b.o.n, files: fleetFiles(b.o.n), settings: unlimited,
		config: config("telco_sim_status", "product_id = each.key\n  status = each.value")}
	if err := s.start("JASPER", "SUSPENDED"); err != nil {
		return err
	}
	defer s.end()
	return s.life()
}

// report is all that was measured, as text.
func (b *bench) report() string {
	var out strings.Builder
	fmt.Fprintf(&out, "\n%s, %s of latency per API call, state over HTTP on the loopback interface.\n", b.cli.version,
		b.o.latency)
	out.WriteString("x is the time (CPU: of terraform and provider together) against terraform_data by count, or by " +
		"for_each,\nin the same phase and number; ~ is reckoned from fewer.\n\n")
	out.WriteString(table(b.rows, b.floorFor))
	if points := b.planPoints(); len(points) > 2 {
		n := float64(b.o.fleet)
		fmt.Fprintf(&out, "\nPlan without changes of terraform_data, reckoned for %s: %.0f s (a * n^k) or %.0f s "+
			"(quadratic), from", thousands(b.o.fleet),
			powerFit(points)(n), quadraticFit(points)(n))
		for _, p := range points {
			fmt.Fprintf(&out, " %s: %.1f s", thousands(int(p.x)), p.y)
		}
		out.WriteString("\n")
	}
	// A provider gets hardly below what Terraform itself takes for a map of that size.
	if i := slices.IndexFunc(b.rows, func(r row) bool {
		return r.what == whatFloorMap && r.phase == plan &&
			r.sims == b.o.fleet
	}); i >= 0 {
		fmt.Fprintf(&out, "The same of one terraform_data with a map of %s: %.1f s.\n", thousands(b.o.fleet),
			b.rows[i].cost.wall.Seconds())
	}
	if len(b.targets) > 0 {
		out.WriteString("\n" + targetTable(b.targets))
	}
	return out.String()
}

// planPoints are the measured wall times of terraform_data's plans, up to five times n.
func (b *bench) planPoints() []point {
	byN := map[int]float64{}
	for _, r := range b.rows {
		if r.what == whatFloor && r.phase == plan && r.sims <= 5*b.o.n {
			byN[r.sims] = r.cost.wall.Seconds()
		}
	}
	var points []point
	for _, n := range slices.Sorted(maps.Keys(byN)) {
		points = append(points, point{float64(n), byN[n]})
	}
	return points
}

// floorFor is what a row is compared with.
func (b *bench) floorFor(r row) (row, bool) {
	if r.what == whatStatusEach {
		return b.find(whatFloorEach, r.phase, r.sims), true
	}
	return b.floorOf(r.phase, r.sims)
}
