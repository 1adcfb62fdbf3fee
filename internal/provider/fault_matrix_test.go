package provider_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// changeCase is one change of one resource: a world, what is declared before, and the declaration that asks for the
// change.
type changeCase struct {
	name          string
	api           simulator.API
	keys          []string // of the SIMs in the ledger
	seed          func(*simulator.Simulator)
	before, after coreConfig
	// holds says whether the world is as declared.
	holds func(*simulator.Simulator) bool
	// blind: no read tells what became of the change, so a new plan shows it again.
	blind bool
	// repeats: after a kill nothing tells the next run that the change was executed, as the plan has warned.
	repeats bool
}

const (
	matrixAccount = "acme"
	matrixCLI     = "001010000000001"
	matrixICCID   = "8944000000000000017"
	matrixHolder  = "5f0c1a2b3c4d5e6f70819999"
	matrixOldSIM  = "8945000000000000001"
	matrixNewSIM  = "8945000000000000002"
	matrixESIM    = "8945000000000000003"
)

func one(typeName string, attributes map[string]any) coreConfig {
	timeouts := map[string]any{"create": "5s", "update": "5s"}
	if slices.Contains([]string{"telco_sim_card", "telco_sim_status", "telco_sim_fleet_status"}, typeName) {
		timeouts["delete"] = "5s"
	}
	attributes["timeouts"] = timeouts
	return coreConfig{typeName + ".a": {typeName: typeName, attributes: attributes}}
}

func cardConfig(description string) coreConfig {
	return one("telco_sim_card", map[string]any{
		"account_key": matrixAccount, "cli": matrixCLI, "description": description, "deletion_protection": false,
	})
}

func statusConfig(productID, status string, onDestroy any) coreConfig {
	return one("telco_sim_status", map[string]any{"product_id": productID, "status": status,
		"status_on_destroy": onDestroy})
}

// matrixFleet are SIMs that are changed at once and by queue, one of each backend and one more.
var matrixFleet = []string{coreSync, coreAsync, "TMSP-89490200000000000025"}

// twoStatuses are resources that are read and changed at the same time, by finds that they share.
func twoStatuses(status string, onDestroy any) coreConfig {
	config := statusConfig(coreSync, status, onDestroy)
	config["telco_sim_status.b"] = statusConfig(coreAsync, status, onDestroy)["telco_sim_status.a"]
	return config
}

func fleetStatusConfig(statuses []string, onRemoval any) coreConfig {
	wanted := map[string]string{}
	for i, status := range statuses {
		wanted[matrixFleet[i]] = status
	}
	return one("telco_sim_fleet_status", map[string]any{
		"name": "vans", "statuses": wanted, "status_on_removal": onRemoval, "max_parallel": 1,
	})
}

func groupConfig(code string) coreConfig {
	return one("telco_sim_aa_group", map[string]any{"iccid": matrixICCID, "group_code": code})
}

func swapConfig(newSIM string, replaces any, trigger string) coreConfig {
	return one("telco_mvno_sim_swap", map[string]any{
		"account_id": matrixHolder, "new_sim": newSIM, "replaces": replaces, "triggers": map[string]string{"n": trigger},
	})
}

func matrixCases() []changeCase {
	card := func(description string) func(*simulator.Simulator) bool {
		return func(s *simulator.Simulator) bool {
			card, ok := s.SIMCard(matrixAccount, matrixCLI)
			return ok && card.Description != nil && *card.Description == description && card.ActorStatus == 0
		}
	}
	status := func(productID, want string) func(*simulator.Simulator) bool {
		return func(s *simulator.Simulator) bool { p, ok := s.Product(productID); return ok && p.SIMStatus == want }
	}
	product := func(productID, status string) func(*simulator.Simulator) {
		return func(s *simulator.Simulator) {
			s.AddProduct(simulator.Product{ID: productID, Status: status, SIMStatus: status})
		}
	}
	products := func(status string) func(*simulator.Simulator) {
		return func(s *simulator.Simulator) {
			for _, id := range matrixFleet {
				product(id, status)(s)
			}
		}
	}
	statuses := func(want ...string) func(*simulator.Simulator) bool {
		return func(s *simulator.Simulator) bool {
			for i, one := range want {
				if !status(matrixFleet[i], one)(s) {
					return false
				}
			}
			return true
		}
	}
	group := func(code string) func(*simulator.Simulator) bool {
		return func(s *simulator.Simulator) bool { sim, ok := s.M2MSIM(matrixICCID); return ok && sim.AAGroup == code }
	}
	holds := func(iccs ...string) func(*simulator.Simulator) bool {
		return func(s *simulator.Simulator) bool {
			a, ok := s.MVNOAccount(matrixHolder)
			return ok && slices.Contains(iccs, a.SIMNumber)
		}
	}
	accounts := func(s *simulator.Simulator) { s.AddAccount(matrixAccount) }
	portal := func(s *simulator.Simulator) {
		s.AddM2MGroup(simulator.M2MGroup{Code: "TEST", Type: "pending"})
		s.AddM2MGroup(simulator.M2MGroup{Code: "LIVE1", Type: "live"})
		s.AddM2MGroup(simulator.M2MGroup{Code: "LIVE2", Type: "live"})
		s.AddM2MSIM(simulator.M2MSIM{ICCID: matrixICCID, Group: "TEST"})
	}
	pool := func(s *simulator.Simulator) {
		s.AddMVNOAccount(simulator.MVNOAccount{ID: matrixHolder, SIMNumber: matrixOldSIM})
		for i, icc := range []string{matrixNewSIM, matrixESIM, "8945000000000000004", "8945000000000000005",
			"8945000000000000006"} {
			sim := simulator.MVNOSIM{ICC: icc, PIN1: plantedPIN, PIN2: plantedPIN, PUK1: plantedPUK, PUK2: plantedPUK}
			if i > 0 {
				sim.FormFactor = "eSIM"
			}
			s.AddMVNOSIM(sim)
		}
	}
	none := coreConfig{}
	return []changeCase{
		{name: "sim_card create", api: simulator.Accounts, keys: []string{matrixAccount + "/" + matrixCLI}, seed: accounts,
			before: none, after: cardConfig("one"), holds: card("one")},
		{name: "sim_card update", api: simulator.Accounts, keys: []string{matrixAccount + "/" + matrixCLI}, seed: accounts,
			before: cardConfig("one"), after: cardConfig("two"), holds: card("two")},
		{name: "sim_card delete", api: simulator.Accounts, keys: []string{matrixAccount + "/" + matrixCLI}, seed: accounts,
			before: cardConfig("one"), after: none,
			holds: func(s *simulator.Simulator) bool { _, ok := s.SIMCard(matrixAccount, matrixCLI); return !ok }},
		{name: "sim_status create, queued", api: simulator.CMO, keys: []string{coreAsync},
			seed:   product(coreAsync, "INACTIVE"),
			before: none, after: statusConfig(coreAsync, "ACTIVE", nil), holds: status(coreAsync, "ACTIVE")},
		{name: "sim_status create, at once", api: simulator.CMO, keys: []string{coreSync},
			seed:   product(coreSync, "INACTIVE"),
			before: none, after: statusConfig(coreSync, "ACTIVE", nil), holds: status(coreSync, "ACTIVE")},
		{name: "sim_status update, queued", api: simulator.CMO, keys: []string{coreAsync}, seed: product(coreAsync, "ACTIVE"),
			before: statusConfig(coreAsync, "ACTIVE", nil), after: statusConfig(coreAsync, "SUSPENDED", nil),
			holds: status(coreAsync, "SUSPENDED")},
		{name: "sim_status update, at once", api: simulator.CMO, keys: []string{coreSync}, seed: product(coreSync, "ACTIVE"),
			before: statusConfig(coreSync, "ACTIVE", nil), after: statusConfig(coreSync, "SUSPENDED", nil),
			holds: status(coreSync, "SUSPENDED")},
		{name: "sim_status destroy, queued", api: simulator.CMO, keys: []string{coreAsync},
			seed:   product(coreAsync, "ACTIVE"),
			before: statusConfig(coreAsync, "ACTIVE", "SUSPENDED"), after: none, holds: status(coreAsync, "SUSPENDED")},
		{name: "sim_status destroy, at once", api: simulator.CMO, keys: []string{coreSync}, seed: product(coreSync, "ACTIVE"),
			before: statusConfig(coreSync, "ACTIVE", "SUSPENDED"), after: none, holds: status(coreSync, "SUSPENDED")},
		{name: "two sim_status create", api: simulator.CMO, keys: matrixFleet[:2], seed: products("INACTIVE"),
			before: none, after: twoStatuses("ACTIVE", nil), holds: statuses("ACTIVE", "ACTIVE")},
		{name: "two sim_status update", api: simulator.CMO, keys: matrixFleet[:2], seed: products("ACTIVE"),
			before: twoStatuses("ACTIVE", nil), after: twoStatuses("SUSPENDED", nil), holds: statuses("SUSPENDED", "SUSPENDED")},
		{name: "sim_fleet_status create", api: simulator.CMO, keys: matrixFleet, seed: products("INACTIVE"),
			before: none, after: fleetStatusConfig([]string{"ACTIVE", "ACTIVE", "ACTIVE"}, nil),
			holds: statuses("ACTIVE", "ACTIVE", "ACTIVE")},
		{name: "sim_fleet_status update", api: simulator.CMO, keys: matrixFleet, seed: products("ACTIVE"),
			before: fleetStatusConfig([]string{"ACTIVE", "ACTIVE", "ACTIVE"}, nil),
			after:  fleetStatusConfig([]string{"SUSPENDED", "SUSPENDED", "SUSPENDED"}, nil),
			holds:  statuses("SUSPENDED", "SUSPENDED", "SUSPENDED")},
		{name: "sim_fleet_status removal", api: simulator.CMO, keys: matrixFleet[1:], seed: products("ACTIVE"),
			before: fleetStatusConfig([]string{"ACTIVE", "ACTIVE", "ACTIVE"}, "SUSPENDED"),
			after:  fleetStatusConfig([]string{"ACTIVE"}, "SUSPENDED"), holds: statuses("ACTIVE", "SUSPENDED", "SUSPENDED")},
		{name: "sim_fleet_status destroy", api: simulator.CMO, keys: matrixFleet, seed: products("ACTIVE"),
			before: fleetStatusConfig([]string{"ACTIVE", "ACTIVE", "ACTIVE"}, "SUSPENDED"), after: none,
			holds: statuses("SUSPENDED", "SUSPENDED", "SUSPENDED")},
		{name: "sim_aa_group create", api: simulator.M2M, keys: []string{matrixICCID}, seed: portal,
			before: none, after: groupConfig("LIVE1"), holds: group("LIVE1"), blind: true, repeats: true},
		{name: "sim_aa_group update", api: simulator.M2M, keys: []string{matrixICCID}, seed: portal,
			before: groupConfig("LIVE1"), after: groupConfig("LIVE2"), holds: group("LIVE2"), blind: true, repeats: true},
		{name: "mvno_sim_swap create, ICC", api: simulator.MVNO, keys: []string{matrixHolder}, seed: pool,
			before: none, after: swapConfig(matrixNewSIM, nil, "1"), holds: holds(matrixNewSIM)},
		{name: "mvno_sim_swap update, ICC", api: simulator.MVNO, keys: []string{matrixHolder}, seed: pool,
			before: swapConfig(matrixOldSIM, nil, "1"), after: swapConfig(matrixNewSIM, nil, "1"), holds: holds(matrixNewSIM)},
		{name: "mvno_sim_swap create, word with replaces", api: simulator.MVNO, keys: []string{matrixHolder}, seed: pool,
			before: none, after: swapConfig("eSim", matrixOldSIM, "1"), holds: holds(matrixESIM)},
		{name: "mvno_sim_swap update, word with replaces", api: simulator.MVNO, keys: []string{matrixHolder}, seed: pool,
			before: swapConfig(matrixOldSIM, nil, "1"), after: swapConfig("eSim", matrixOldSIM, "2"), holds: holds(matrixESIM)},
		{name: "mvno_sim_swap create, word alone", api: simulator.MVNO, keys: []string{matrixHolder}, seed: pool,
			before: none, after: swapConfig("eSim", nil, "1"), holds: holds(matrixESIM, "8945000000000000004"), repeats: true},
		{name: "mvno_sim_swap update, word alone", api: simulator.MVNO, keys: []string{matrixHolder}, seed: pool,
			before: swapConfig(matrixOldSIM, nil, "1"), after: swapConfig("eSim", nil, "2"),
			holds: holds(matrixESIM, "8945000000000000004"), repeats: true},
	}
}

// trouble is what happens to one request, or to it and all that follow.
type trouble struct {
	name string
	// One of these says what it does.
	fault                       *simulator.Fault
	refused, dropped            bool
	stop, killBefore, killAfter bool

	timeout string // request_timeout, where the trouble is about time
	brief   bool   // it makes no sense as something that lasts, or would only take time
	most    int    // how many requests it lasts for; 0 is all
}

const gatewayPage = "<html><head><title>Trouble</title></head><body><h1>The gateway has trouble</h1></body></html>"

func troubles() []trouble {
	answer := func(status int, body string, header ...string) *simulator.Fault {
		f := &simulator.Fault{Effect: simulator.Answer, Status: status, Body: body, Header: http.Header{}}
		for i := 0; i+1 < len(header); i += 2 {
			f.Header.Set(header[i], header[i+1])
		}
		return f
	}
	executed := func(f *simulator.Fault) *simulator.Fault { f.Executed = true; return f }
	effect := func(e simulator.Effect) *simulator.Fault { return &simulator.Fault{Effect: e} }
	const problem = `{"message":"trouble"}`
	return []trouble{
		{name: "connection refused", refused: true},
		{name: "reset before the request is read", dropped: true},
		{name: "reset before it is executed", fault: effect(simulator.Reset)},
		{name: "reset after commit", fault: executed(effect(simulator.Reset))},
		{name: "cut answer", fault: effect(simulator.Cut)},
		{name: "no answer, not executed", fault: effect(simulator.Hang), timeout: "25ms", most: 6},
		{name: "no answer after commit", fault: executed(effect(simulator.Hang)), timeout: "25ms", most: 6},
		{name: "slow body", fault: effect(simulator.Slow), timeout: "25ms", most: 6},
		{name: "401", fault: answer(401, problem)},
		{name: "403", fault: answer(403, problem)},
		{name: "404 page", fault: answer(404, gatewayPage)},
		{name: "404 empty", fault: answer(404, "")},
		{name: "408", fault: answer(408, "")},
		{name: "408 after commit", fault: executed(answer(408, ""))},
		{name: "409", fault: answer(409, problem), brief: true},
		{name: "425", fault: answer(425, problem)},
		{name: "429", fault: answer(429, problem), most: 8},
		{name: "429, Retry-After 0", fault: answer(429, problem, "Retry-After", "0"), most: 8},
		{name: "429, Retry-After 1", fault: answer(429, problem, "Retry-After", "1"), brief: true},
		{name: "500", fault: answer(500, problem)},
		{name: "500 after commit", fault: executed(answer(500, problem))},
		{name: "502 page", fault: answer(502, gatewayPage)},
		{name: "502 page after commit", fault: executed(answer(502, gatewayPage))},
		{name: "503", fault: answer(503, "")},
		{name: "503 after commit", fault: executed(answer(503, ""))},
		{name: "504", fault: answer(504, gatewayPage)},
		{name: "504 after commit", fault: executed(answer(504, gatewayPage))},
		{name: "200 with a page", fault: answer(200, gatewayPage)},
		{name: "200 with a page after commit", fault: executed(answer(200, gatewayPage))},
		{name: "200 with other JSON", fault: answer(200, `{"hello":"world"}`)},
		{name: "200 with other JSON after commit", fault: executed(answer(200, `{"hello":"world"}`))},
		{name: "200 empty", fault: answer(200, "")},
		{name: "200 empty after commit", fault: executed(answer(200, ""))},
		{name: "302 to another host", fault: answer(302, "", "Location", "http://127.0.0.1:9/elsewhere")},
		{name: "token expired", fault: effect(simulator.ExpireTokens)},
		{name: "Ctrl-C", stop: true, brief: true},
		{name: "killed, request left", killAfter: true, brief: true},
		{name: "killed, request did not leave", killBefore: true, brief: true},
	}
}

// base is what becomes of the change itself, so that the reads which settle it can be hit as well.
type base struct {
	name string
	// executed: the change is executed, and its answer is lost; lost: it is not executed and there is no answer.
	executed, lost bool
}

// isChange tells the requests that change something; the m2m API has one route for all.
func isChange(r simulator.Request) bool {
	return slices.Contains([]string{"sim.create", "sim.update", "sim.delete", "product.update", "account.swap"},
		r.Route) ||
		r.Route == "command" && strings.Contains(r.Body, "set_aa_group")
}

// changeFault hits the change of an API once.
func changeFault(api simulator.API, b base) []simulator.Fault {
	var out []simulator.Fault
	for _, route := range []string{"sim.create", "sim.update", "sim.delete", "product.update", "account.swap"} {
		out = append(out, simulator.Fault{Match: simulator.Match{API: api, Route: route}, Times: 1, Effect: simulator.Reset,
			Executed: b.executed})
	}
	return append(out, simulator.Fault{Match: simulator.Match{API: api, Key: "set_aa_group"}, Times: 1,
		Effect: simulator.Reset, Executed: b.executed})
}

// prepared applies what comes before, and plans the change.
func (k changeCase) prepared(t testing.TB, timeout string) (*core, *corePlan) {
	ctx := context.Background()
	c := onMemory(t)
	k.seed(c.Simulator)
	if problems := c.comeToRest(ctx, k.before, 2); len(problems) > 0 {
		t.Fatalf("before: %s", problems)
	}
	p := c.plan(ctx, k.after, corePlanOptions{})
	if failed := coreErrors(p.diagnostics); len(failed) > 0 || p.empty() {
		t.Fatalf("the change can't be planned: %s %q", p.actions(), failed)
	}
	if timeout != "" {
		c.set("request_timeout", timeout)
	}
	return c, p
}

// executions is how often each of the case's SIMs was changed since the ledger had that many entries.
func (k changeCase) executions(c *core, since int) map[string]int {
	n := map[string]int{}
	for _, key := range k.keys {
		n[key] = 0
		for _, change := range c.Ledger()[since:] {
			if change.API == k.api && strings.EqualFold(change.Key, key) {
				n[key]++
			}
		}
	}
	return n
}

// place is a request of the apply, counted from 1.
type place struct {
	number int
	name   string
}

// places applies the change with nothing but the base's trouble, and lists the requests that are worth a trouble of
// their own: without trouble all of them, else those after the change; of the same ones in a row the first two.
func (k changeCase) places(t testing.TB, b base) []place {
	c, p := k.prepared(t, "")
	if b.executed || b.lost {
		for _, f := range changeFault(k.api, b) {
			c.Inject(f)
		}
	}
	c.ForgetRequests()
	c.apply(context.Background(), p)
	var out []place
	seen := map[string]int{}
	changed := false
	for i, r := range c.Requests(simulator.Match{}) {
		name := r.Route
		if name == "command" {
			name = "query_status"
		}
		switch {
		case isChange(r):
			name = "the change"
		case changed:
			name += " after it"
		}
		seen[name]++
		if (changed || b == base{name: b.name}) && seen[name] <= 2 {
			out = append(out, place{i + 1, fmt.Sprintf("%s %d", name, seen[name])})
		}
		changed = changed || isChange(r)
	}
	return out
}

// cell is one run of the matrix.
type cell struct {
	change  changeCase
	base    base
	place   place
	trouble trouble
	lasting bool
}

func (x cell) String() string {
	lasts := "once"
	if x.lasting {
		lasts = "from then on"
	}
	return fmt.Sprintf("%s/%s/%s/%s/%s", x.change.name, x.base.name, x.place.name, x.trouble.name, lasts)
}

// run applies the change under the trouble, ends the trouble, and applies again as a person would.
func (x cell) run(t *testing.T) {
	ctx := context.Background()
	c, p := x.change.prepared(t, x.trouble.timeout)
	start := len(c.Ledger())
	if x.base.executed || x.base.lost {
		for _, f := range changeFault(x.change.api, x.base) {
			c.Inject(f)
		}
	}
	x.arm(c)
	said, problems := c.applyWatched(ctx, p)
	c.net.watch(nil)
	c.net.heal()
	c.ClearFaults()
	c.set("request_timeout", "1m")
	during := x.change.executions(c, start)
	told := fmt.Sprintf("under trouble (executed %v): %q", during, append(coreErrors(said), coreWarnings(said)...))

	problems = append(problems, c.comeToRest(ctx, x.change.after, 3)...)
	problems = append(problems, c.brokenPromises()...)
	most := 1
	if x.change.blind || x.change.repeats && (x.trouble.killAfter || x.trouble.killBefore) {
		most = 2
	}
	for key, executed := range x.change.executions(c, start) {
		if executed < 1 || executed > most {
			problems = append(problems, fmt.Sprintf("the change of %s was executed %d times", key, executed))
		}
	}
	if !x.change.holds(c.Simulator) {
		problems = append(problems, "the world is not as declared")
	}
	if len(problems) > 0 {
		t.Errorf("%s\n%s", strings.Join(problems, "\n"), told)
	}
}

// arm lets the trouble begin with the request of the place.
func (x cell) arm(c *core) {
	n := x.place.number
	times := 1
	if x.lasting {
		times = -1
	}
	begin := func() {
		if x.trouble.refused {
			c.net.refuseDials(times)
		} else {
			c.net.dropConnections(times)
		}
	}
	if (x.trouble.refused || x.trouble.dropped) && n == 1 {
		begin()
		return
	}
	c.net.watch(func(number int, w http.ResponseWriter) bool {
		switch {
		case (x.trouble.refused || x.trouble.dropped) && number == n-1:
			w.Header().Set("Connection", "close") // so that the next request needs a new connection
			begin()
		case number != n:
		case x.trouble.stop:
			c.stop()
		case x.trouble.killAfter:
			c.kill()
		case x.trouble.killBefore:
			c.kill()
			return true
		case x.trouble.fault != nil:
			f := *x.trouble.fault
			f.API, f.Times = x.change.api, 1
			c.Inject(f)
			if x.lasting {
				f.Times, f.Executed = x.trouble.most, false
				c.Inject(f)
			}
		}
		return false
	})
}

// wholeMatrix runs every cell, which takes minutes; else the first request that changes something meets every trouble,
// and of the other cells each matrixStride-th is run (of these, see share).
var wholeMatrix = flag.Bool("matrix", false, "run every cell of the fault matrix")

const matrixStride = 29

// share makes the matrix and the schedules smaller.
var share = flag.Int("share", defaultShare, "of the cells and schedules, run one in so many")

// TestFaultMatrix hits each request of each change with each trouble.
func TestFaultMatrix(t *testing.T) {
	needsLastChange(t)
	var cells []cell
	places := map[string]bool{}
	for _, change := range matrixCases() {
		for _, b := range []base{{name: "clean"}, {name: "answer lost", executed: true}, {name: "request lost", lost: true}} {
			for _, at := range change.places(t, b) {
				places[change.name+b.name+at.name] = true
				for _, trouble := range troubles() {
					cells = append(cells, cell{change, b, at, trouble, false})
					if !trouble.brief {
						cells = append(cells, cell{change, b, at, trouble, true})
					}
				}
			}
		}
	}
	cells = slices.DeleteFunc(cells, func(x cell) bool {
		// An answer that is lost after the execution is another trouble only where something is executed.
		return x.trouble.fault != nil && x.trouble.fault.Executed && !strings.HasPrefix(x.place.name, "the change")
	})
	all := len(cells)
	if !*wholeMatrix {
		n := 0
		cells = slices.DeleteFunc(cells, func(x cell) bool {
			n++
			return x.place.name != "the change 1" && n%matrixStride != 0
		})
		n = 0
		cells = slices.DeleteFunc(cells, func(cell) bool {
			n++
			return n%*share != 0
		})
	}

	// The cells mostly wait, so more of them run at a time than there are processors.
	queue := make(chan cell)
	var workers sync.WaitGroup
	for range 24 {
		workers.Go(func() {
			for x := range queue {
				t.Run(x.String(), x.run)
			}
		})
	}
	for _, x := range cells {
		queue <- x
	}
	close(queue)
	workers.Wait()
	summary := fmt.Sprintf("fault matrix: %d troubles x %d places in %d changes of 5 resources: %d cells of %d",
		len(troubles()), len(places), len(matrixCases()), len(cells), all)
	t.Log(summary)
	fmt.Println(summary)
}
