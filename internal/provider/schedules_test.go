package provider_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"pgregory.net/rapid"

	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// schedules is how many random schedules are run. A failure prints the seed (-rapid.seed) and keeps a file
// (-rapid.failfile) that run it again.
var schedules = flag.Int("schedules", 2000, "how many random schedules to run, before -share")

// slotKind is what a slot of a schedule manages.
type slotKind int

const (
	slotCard slotKind = iota
	slotStatusQueued
	slotStatusAtOnce
	slotGroup
	slotSwapICC
	slotSwapReplaces // by word, with replaces
	slotSwapAlone    // by word, without
	slotFleet        // some SIMs as one resource
	slotKinds
)

// slot is a SIM, and what is or was declared of it.
type slot struct {
	kind     slotKind
	addr     string
	key      string   // of its SIM in the ledger
	fleet    []string // of a fleet's SIMs instead
	block    coreBlock
	there    bool // declared now
	spent    int  // SIMs of the pool that were asked for
	spelling int  // in which of them its ids are written now
	intents  int  // how often something asked for a change: a declaration, a drift, a taint, -replace
	troubled int  // applies under trouble
}

// schedule is one random run: a network, what is declared, and what was seen.
type schedule struct {
	*core
	rt     *rapid.T
	slots  []*slot
	seen   int // entries of the ledger that were checked
	events []string
}

func (s *schedule) note(format string, args ...any) {
	s.events = append(s.events, fmt.Sprintf(format, args...))
}

func (s *schedule) fail(format string, args ...any) {
	s.rt.Fatalf("%s\n%s", fmt.Sprintf(format, args...), strings.Join(s.events, "\n"))
}

func newSlot(kind slotKind, i int, sim *simulator.Simulator) *slot {
	s := &slot{kind: kind}
	resource := func(typeName string, attributes map[string]any) {
		s.addr = fmt.Sprintf("%s.s%d", typeName, i)
		s.block = coreBlock{typeName: typeName, attributes: attributes}
	}
	status := func(backend string) {
		id := fmt.Sprintf("%s-894902000000000%05d", backend, i)
		s.key = id
		sim.AddProduct(simulator.Product{ID: id, Status: "SUSPENDED", SIMStatus: "SUSPENDED"})
		resource("telco_sim_status", map[string]any{"product_id": id, "status": "ACTIVE"})
	}
	switch kind {
	case slotFleet:
		statuses := map[string]string{}
		for n, backend := range []string{"TMSP", "JASPER", "TMSP"} {
			id := fmt.Sprintf("%s-894902000000000%03d%02d", backend, 100+n, i)
			sim.AddProduct(simulator.Product{ID: id, Status: "SUSPENDED", SIMStatus: "SUSPENDED"})
			s.fleet = append(s.fleet, id)
			statuses[id] = "ACTIVE"
		}
		resource("telco_sim_fleet_status", map[string]any{"name": "vans", "statuses": statuses})
	case slotCard:
		cli := fmt.Sprintf("0010100000%05d", i)
		s.key = matrixAccount + "/" + cli
		resource("telco_sim_card", map[string]any{
			"account_key": matrixAccount, "cli": cli, "description": "d0", "sim_number": s.simNumber(),
		})
	case slotStatusQueued:
		status("TMSP")
	case slotStatusAtOnce:
		status("JASPER")
	case slotGroup:
		s.key = fmt.Sprintf("89440000000000%05d", i)
		sim.AddM2MSIM(simulator.M2MSIM{ICCID: s.key, Group: "TEST"})
		resource("telco_sim_aa_group", map[string]any{"iccid": s.key, "group_code": "LIVE1"})
	default:
		s.key = fmt.Sprintf("5f0c1a2b3c4d5e6f708%05d", i)
		sim.AddMVNOAccount(simulator.MVNOAccount{ID: s.key, SIMNumber: s.icc(0)})
		form := "eSIM" // for the words; those that are asked for by ICC must not go to them
		if kind == slotSwapICC {
			form = "NANO"
		}
		for n := 1; n < 12; n++ {
			sim.AddMVNOSIM(simulator.MVNOSIM{ICC: s.icc(n), PIN1: plantedPIN, PIN2: plantedPIN, PUK1: plantedPUK,
				PUK2: plantedPUK, FormFactor: form})
		}
		resource("telco_mvno_sim_swap", map[string]any{"account_id": s.key, "new_sim": s.icc(0)})
	}
	return s
}

// icc is the n-th SIM of the slot's pool.
func (s *slot) icc(n int) string { return fmt.Sprintf("89450000000%s%03d", s.key[len(s.key)-5:], n) }

// simNumber is the ICCID of the slot's card.
func (s *slot) simNumber() string { return "89440000000000" + s.key[len(s.key)-5:] }

// spell writes an ICC in one of the spellings that are the same SIM.
func (s *slot) spell(icc string) string {
	return []string{icc, checked(icc), icc + "F", icc[:10] + " " + icc[10:], checked(icc) + "f"}[s.spelling]
}

// respell writes the ids of a block anew, which is no change of anything.
func (s *slot) respell(attributes map[string]any) {
	switch s.kind {
	case slotCard:
		attributes["sim_number"] = s.spell(s.simNumber())
	case slotSwapICC, slotSwapReplaces, slotSwapAlone:
		attributes["account_id"] = s.key
		if s.spelling%2 == 1 {
			attributes["account_id"] = strings.ToUpper(s.key)
		}
		for _, name := range []string{"new_sim", "replaces"} {
			if icc, ok := attributes[name].(string); ok && icc != "eSim" {
				attributes[name] = s.spell(bareICC(icc))
			}
		}
	}
}

// keys are those of the slot's SIMs in the ledger.
func (s *slot) keys() []string {
	if s.kind == slotFleet {
		return s.fleet
	}
	return []string{s.key}
}

// wanted is the status that a block declares for a SIM.
func (s *slot) wanted(block coreBlock, key string) any {
	if s.kind != slotFleet {
		return block.attributes["status"]
	}
	if status, ok := block.attributes["statuses"].(map[string]string)[key]; ok {
		return status
	}
	return block.attributes["status_on_removal"]
}

// declare changes what is declared of the slot.
func (s *schedule) declare(x *slot) {
	x.intents++
	draw := func(n int) int { return rapid.IntRange(0, n-1).Draw(s.rt, "value") }
	attributes := maps.Clone(x.block.attributes)
	switch x.kind {
	case slotCard:
		attributes["description"] = fmt.Sprintf("d%d", draw(3))
		attributes["deletion_protection"] = draw(2) == 0
	case slotStatusQueued, slotStatusAtOnce:
		attributes["status"] = []string{"ACTIVE", "SUSPENDED"}[draw(2)]
		attributes["status_on_destroy"] = []any{nil, "SUSPENDED", "ACTIVE"}[draw(3)]
	case slotFleet:
		statuses := map[string]string{}
		for _, id := range x.fleet {
			if status := []string{"", "ACTIVE", "SUSPENDED", "ACTIVE"}[draw(4)]; status != "" {
				statuses[id] = status
			}
		}
		attributes["statuses"] = statuses
		attributes["max_parallel"] = 1 + draw(2)
		attributes["status_on_removal"] = []any{nil, "SUSPENDED", "ACTIVE"}[draw(3)]
	case slotGroup:
		attributes["group_code"] = []string{"LIVE1", "LIVE2"}[draw(2)]
	case slotSwapICC:
		x.spent++
		attributes["new_sim"] = x.icc(x.spent)
	default: // by word
		attributes["new_sim"] = "eSim"
		attributes["triggers"] = map[string]string{"n": strconv.Itoa(x.intents)}
		delete(attributes, "replaces") // of an earlier swap
		if x.kind == slotSwapReplaces {
			account, _ := s.MVNOAccount(x.key)
			attributes["replaces"] = account.SIMNumber
		}
	}
	x.spelling = []int{0, 0, 0, 1, 2, 3, 4}[draw(7)]
	x.respell(attributes)
	x.block = coreBlock{typeName: x.block.typeName, attributes: attributes, preventDestroy: draw(4) == 0}
	x.there = true
	s.note("%s is declared as %v", x.addr, attributes)
}

// drift changes the SIM in the portal, and returns its key in the ledger where that has moved it.
func (s *schedule) drift(x *slot) (moved string) {
	changed := true
	setStatus := func(id string, statuses ...string) {
		status := statuses[rapid.IntRange(0, len(statuses)-1).Draw(s.rt, "drift")]
		before, _ := s.Product(id)
		if changed = before.SIMStatus != status && before.SIMStatus != "TERMINATED"; !changed {
			return
		}
		s.ChangeProduct(id, func(p *simulator.Product) { p.Status, p.SIMStatus = status, status })
		s.note("SIM %s: %s -> %s", id, before.SIMStatus, status)
		moved = id
	}
	switch x.kind {
	case slotCard:
		if rapid.IntRange(0, 2).Draw(s.rt, "drift") == 0 {
			changed = s.RemoveSIMCard(matrixAccount, strings.TrimPrefix(x.key, matrixAccount+"/"))
			break
		}
		changed = s.ChangeSIMCard(matrixAccount, strings.TrimPrefix(x.key, matrixAccount+"/"),
			func(c *simulator.SIMCard) { c.Description = new("drifted") })
	case slotStatusQueued, slotStatusAtOnce:
		setStatus(x.key, "BLOCKED", "ACTIVE", "SUSPENDED", "BLOCKED", "TERMINATED")
	case slotFleet:
		id := x.fleet[rapid.IntRange(0, len(x.fleet)-1).Draw(s.rt, "drift")]
		setStatus(id, "BLOCKED", "ACTIVE", "SUSPENDED", "TERMINATED")
	case slotSwapReplaces, slotSwapAlone:
		x.spent++
		s.ChangeMVNOAccount(x.key, func(a *simulator.MVNOAccount) { a.SIMNumber = x.icc(12 + x.spent) })
	default:
		changed = false // no drift can be seen, or none can be undone
	}
	if changed {
		x.intents++
		s.note("%s drifts in the portal", x.addr)
	}
	return moved
}

// terminate ends a SIM of a fleet in the portal, and takes it out of the map, or the whole fleet out of the
// configuration, or leaves all as it is declared.
func (s *schedule) terminate(x *slot) {
	id := x.fleet[rapid.IntRange(0, len(x.fleet)-1).Draw(s.rt, "terminated")]
	s.ChangeProduct(id, func(p *simulator.Product) { p.Status, p.SIMStatus = "TERMINATED", "TERMINATED" })
	x.intents++
	s.note("SIM %s of %s is terminated", id, x.addr)
	switch rapid.IntRange(0, 2).Draw(s.rt, "then") {
	case 0:
		attributes := maps.Clone(x.block.attributes)
		statuses := maps.Clone(attributes["statuses"].(map[string]string))
		delete(statuses, id)
		attributes["statuses"] = statuses
		x.block.attributes = attributes
		s.note("and taken out of the map: %v", statuses)
	case 1:
		x.there = false
		s.note("and the fleet is taken out of the configuration")
	}
}

// stray lets one read be answered by the API's own "not found", although all SIMs are there.
func (s *schedule) stray() {
	cases := absenceCases()
	name := slices.Sorted(maps.Keys(cases))[rapid.IntRange(0, len(cases)-1).Draw(s.rt, "stray")]
	a := cases[name]
	fault := simulator.Fault{
		Match:  simulator.Match{API: a.change.api, Route: readRoute[name]},
		Effect: simulator.Answer, Status: a.status, Body: a.notFound,
		Skip: rapid.IntRange(0, 2).Draw(s.rt, "stray after"), Times: 1,
	}
	switch {
	case a.change.api == simulator.M2M:
		fault.Key = "query_status"
	case a.change.api == simulator.CMO && rapid.Bool().Draw(s.rt, "find"):
		fault.Route, fault.Status, fault.Body = "product.find", 200, `{"entities":[],"errors":[`+a.notFound+`]}`
	}
	s.Inject(fault)
	s.note("one stray answer: no such %s", name)
}

// twoOwners declares a second resource that wants something else of the slot's SIM: no plan may come of it.
func (s *schedule) twoOwners(ctx context.Context, x *slot) {
	attributes := maps.Clone(x.block.attributes)
	other := map[any]string{"ACTIVE": "SUSPENDED", "LIVE1": "LIVE2", "LIVE2": "LIVE1"}
	key := x.key
	switch x.kind {
	case slotCard:
		attributes["description"] = "of another owner"
	case slotStatusQueued, slotStatusAtOnce:
		attributes["status"] = cmp.Or(other[attributes["status"]], "ACTIVE")
	case slotFleet:
		statuses := attributes["statuses"].(map[string]string)
		if len(statuses) == 0 {
			return
		}
		key = slices.Sorted(maps.Keys(statuses))[0]
		attributes["statuses"] = map[string]string{key: cmp.Or(other[statuses[key]], "ACTIVE")}
		attributes["name"] = "trucks"
	case slotGroup:
		attributes["group_code"] = other[attributes["group_code"]]
	default:
		attributes["new_sim"] = x.icc(11)
		delete(attributes, "replaces")
		attributes["account_id"] = strings.ToUpper(x.key)
	}
	config := s.config()
	config[x.addr+"-other"] = coreBlock{typeName: x.block.typeName, attributes: attributes}
	failed := coreErrors(s.plan(ctx, config, corePlanOptions{}).diagnostics)
	names := func(text string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(key)) }
	if !slices.ContainsFunc(failed, names) {
		s.fail("%s has two owners, %v and %v, and the plan says %q", key, x.block.attributes, attributes, failed)
	}
}

// unmoved are the changes that an apply was to make, or to leave alone, after a SIM had moved since the plan: a
// creation sends nothing at all, an update of a fleet changes the others.
func (s *schedule) unmoved(p *corePlan, moved string, calm bool) (problems []string) {
	change := p.changeOf(moved)
	if moved == "" || change == nil {
		return nil
	}
	// A SIM that joins a fleet has no status in the state that an apply could be held to, so the plan's last_change holds
	// the apply as a whole to what was read of it, as a creation's does.
	whole := change.action == actCreate
	if _, stays := statusesOf(change.before)[moved]; change.typeName == "telco_sim_fleet_status" && !stays {
		whole = true
	}
	before, _ := coreText(change.before, "operation_status")
	settled := before == "complete" // else a change of an earlier run may have moved the others
	executed := map[string]bool{}
	for _, one := range s.Ledger()[s.seen:] {
		executed[one.Key] = true
	}
	for _, key := range change.keys() {
		said := p.announcements("SIM status", key)
		switch {
		case whole && executed[key]:
			problems = append(problems, fmt.Sprintf("%s: SIM %s had moved since the plan, and %s was changed",
				change.addr, moved, key))
		case !whole && change.action == actUpdate && calm && settled && key != moved && len(said) > 0 && !executed[key] &&
			!s.isAsPlanned(change, key):
			problems = append(problems, fmt.Sprintf("%s: SIM %s had moved since the plan, and %s was not changed",
				change.addr, moved, key))
		}
	}
	return problems
}

// isAsAnnounced says whether a SIM that has moved shows what the plan has read of it all the same: a change that a
// killed run has left queued has ended in between, and the portal has taken it back.
func (s *schedule) isAsAnnounced(p *corePlan, moved string) bool {
	product, _ := s.Product(moved)
	return slices.ContainsFunc(p.announcements("SIM status", moved), func(text string) bool {
		return strings.Contains(text, moved+": "+product.SIMStatus+" -> ") ||
			strings.Contains(text, moved+": status "+product.SIMStatus+" -> ")
	})
}

// isAsPlanned says whether a SIM of a fleet shows what the plan wants by now: a stale read may have hidden it from the
// plan.
func (s *schedule) isAsPlanned(change *coreChange, key string) bool {
	product, ok := s.Product(key)
	return ok && product.SIMStatus == statusesOf(change.after)[key]
}

func (s *schedule) config() coreConfig {
	config := coreConfig{}
	for _, x := range s.slots {
		if x.there {
			config[x.addr] = x.block
		}
	}
	return config
}

// scheduleTroubles are those of the matrix that take little time.
var scheduleTroubles = slices.DeleteFunc(troubles(),
	func(x trouble) bool { return x.timeout != "" || x.name == "429, Retry-After 1" })

// arm draws a trouble for the apply that comes, or none.
func (s *schedule) arm() (armed bool) {
	if rapid.IntRange(0, 3).Draw(s.rt, "calm") == 0 {
		return false
	}
	x := cell{
		trouble: scheduleTroubles[rapid.IntRange(0, len(scheduleTroubles)-1).Draw(s.rt, "trouble")],
		place:   place{number: rapid.IntRange(1, 9).Draw(s.rt, "request")},
	}
	x.lasting = !x.trouble.brief && rapid.Bool().Draw(s.rt, "lasting")
	x.arm(s.core) // for whatever API the request is of
	s.note("trouble at request %d: %s, lasting %t", x.place.number, x.trouble.name, x.lasting)
	return true
}

// step declares, drifts, plans and applies, with trouble or without.
func (s *schedule) step() {
	ctx := context.Background()
	x := s.slots[rapid.IntRange(0, len(s.slots)-1).Draw(s.rt, "slot")]
	opts := corePlanOptions{}
	switch what := rapid.IntRange(0, 11).Draw(s.rt, "what"); {
	case what < 5 || !x.there:
		s.declare(x)
	case what == 5:
		x.there = false
		x.intents++
		s.note("%s is taken out of the configuration", x.addr)
	case what == 6 && s.state[x.addr].typeName != "":
		x.intents++
		if x.kind == slotCard {
			x.intents++ // where a stray answer hides the card from the plan, it is deleted and ordered anew
		}
		s.taint(x.addr, true)
		s.helpful = true
		s.note("%s is tainted by the user", x.addr)
	case what == 7:
		x.intents++
		opts.replace = map[string]bool{x.addr: true}
		s.note("-replace=%s", x.addr)
	case what == 8:
		s.drift(x)
	case what == 9:
		s.twoOwners(ctx, x)
	case what == 11 && x.kind == slotFleet:
		s.terminate(x)
	case what == 10:
		x.spelling = rapid.IntRange(0, 4).Draw(s.rt, "spelling")
		attributes := maps.Clone(x.block.attributes)
		x.respell(attributes)
		x.block.attributes = attributes
		s.note("%s is written as %v", x.addr, attributes)
	default:
		s.note("nothing new")
	}
	if duringPlan := rapid.IntRange(0, 5).Draw(s.rt, "plan"); duringPlan == 0 {
		s.arm()
	} else if duringPlan == 1 {
		s.stray()
	}
	config := s.config()
	p, problems := s.planWatched(ctx, config, opts)
	s.calm()
	if len(problems) > 0 {
		s.fail("%s", strings.Join(problems, "\n"))
	}
	if failed := coreErrors(p.diagnostics); len(failed) > 0 {
		s.note("the plan fails: %.300q", failed)
		if s.journals != "" {
			s.heed(ctx, config, failed)
		}
		return
	}
	moved := ""
	if rapid.IntRange(0, 3).Draw(s.rt, "meanwhile") == 0 {
		moved = s.drift(s.slots[rapid.IntRange(0, len(s.slots)-1).Draw(s.rt, "slot")])
		if s.isAsAnnounced(p, moved) {
			moved = ""
		}
	}
	calm := !s.arm()
	if !calm {
		for _, y := range s.slots {
			y.troubled++
		}
	} else if calm = rapid.IntRange(0, 4).Draw(s.rt, "apply") > 0; !calm {
		s.stray()
	}
	said, problems := s.applyWatched(ctx, p)
	s.calm()
	problems = append(problems, s.unmoved(p, moved, calm)...)
	s.heardOf(p, said)
	s.check(config, problems)
}

// calm ends all trouble. Reads lag within a run; by the next one, minutes later, they have caught up: a service that
// shows the past for longer than that can't be told from one where a change had no effect.
func (s *schedule) calm() {
	s.net.watch(nil)
	s.net.heal()
	s.ClearFaults()
	s.CatchUp()
}

// heed does what the error asks for with which the journal holds a swap back.
func (s *schedule) heed(ctx context.Context, config coreConfig, failed []string) {
	failed = slices.DeleteFunc(failed, func(text string) bool { return !heldBack.MatchString(text) })
	if len(failed) == 0 || !s.help(ctx, config, failed) {
		return
	}
	for _, x := range s.slots {
		if x.there && x.kind == slotSwapAlone {
			x.block = config[x.addr]
			s.note("%s is declared as %v", x.addr, x.block.attributes)
		}
	}
}

func (s *schedule) heardOf(p *corePlan, said []*tfprotov6.Diagnostic) {
	s.note("planned %s; apply: %.400q", p.actions(), append(coreErrors(said), coreWarnings(said)...))
	for _, change := range s.Ledger()[s.seen:] {
		s.note("executed: %s %s %s", change.Action, change.Key, change.Detail)
	}
}

// check holds what was executed since the last check to what is declared.
func (s *schedule) check(config coreConfig, problems []string) {
	for _, change := range s.Ledger()[s.seen:] {
		for _, x := range s.slots {
			if !slices.Contains(x.keys(), change.Key) {
				continue
			}
			block, declared := config[x.addr]
			from, to, _ := strings.Cut(change.Detail, " -> ")
			switch {
			case change.Action == "update" && strings.Contains(change.Detail, "SIMNumber: "):
				problems = append(problems, fmt.Sprintf("%s: another spelling was sent: %s", x.addr, change.Detail))
			case change.Action == "status" && from == "TERMINATED":
				problems = append(problems, fmt.Sprintf("%s: %s is terminated and was set to %s", x.addr, change.Key, to))
			case change.Action == "delete" && declared && block.attributes["deletion_protection"] != false:
				problems = append(problems, x.addr+" is declared and was deleted")
			case change.Action == "status" && declared && to != x.wanted(block, change.Key):
				problems = append(problems, fmt.Sprintf("%s: %s was set to %s, declared is %v", x.addr, change.Key, to,
					x.wanted(block, change.Key)))
			case change.Action == "aa_group" && to != block.attributes["group_code"]:
				problems = append(problems, fmt.Sprintf("%s was armed with %s, declared is %s", x.addr, to,
					block.attributes["group_code"]))
			}
		}
	}
	s.seen = len(s.Ledger())
	executed := map[string]int{}
	for _, change := range s.Ledger() {
		executed[change.Key]++
	}
	for _, x := range s.slots {
		most := x.intents
		switch {
		case x.kind == slotSwapAlone && s.journals != "":
			// each is known from the journal, or from the state
		case x.kind == slotGroup, x.kind == slotSwapAlone:
			most += x.troubled // nothing tells the next run what became of these, so plans show them again
		}
		for _, key := range x.keys() {
			if executed[key] > most {
				problems = append(problems, fmt.Sprintf("%s: %d changes of %s were executed, %d were asked for", x.addr,
					executed[key], key, most))
			}
		}
	}
	if len(problems) > 0 {
		s.fail("%s", strings.Join(problems, "\n"))
	}
}

// end lets a person finish the work after all trouble has ended.
func (s *schedule) end() {
	ctx := context.Background()
	for _, x := range s.slots { // a status that a terminated SIM can't get any more is given up by a person
		s.giveUp(x)
	}
	for range 3 { // and so is a removal that is protected
		p := s.plan(ctx, s.config(), corePlanOptions{})
		if !slices.ContainsFunc(coreErrors(p.diagnostics), func(text string) bool {
			return strings.HasPrefix(text, "SIM card is protected from deletion") || strings.HasPrefix(text, "Instance cannot "+
				"be destroyed")
		}) {
			break
		}
		for _, x := range s.slots {
			if object, exists := s.state[x.addr]; exists {
				x.there = x.there || x.kind == slotCard
				if x.block.preventDestroy && object.tainted {
					s.taint(x.addr, false)
				}
			}
		}
	}
	config := s.config()
	var problems []string
	for range 3 { // and looks again later: what a killed run has left queued may show by then, and no state knows of it
		problems = append(problems, s.comeToRest(ctx, config, 4)...)
		s.CatchUp()
	}
	problems = append(problems, s.brokenPromises()...)
	s.heardOf(&corePlan{}, nil)
	for _, x := range s.slots {
		if x.there && !s.holds(x) {
			problems = append(problems, x.addr+": the world is not as declared")
		}
	}
	s.check(config, problems)
}

// giveUp declares of terminated SIMs what they are, or takes them out of their fleet, as a person does whom the errors
// ask for it.
func (s *schedule) giveUp(x *slot) {
	terminated := func(id string) bool {
		product, ok := s.Product(id)
		return ok && product.SIMStatus == "TERMINATED"
	}
	attributes := maps.Clone(x.block.attributes)
	switch x.kind {
	case slotStatusQueued, slotStatusAtOnce:
		if terminated(x.key) {
			attributes["status"] = "TERMINATED"
		}
	case slotFleet:
		statuses := maps.Clone(attributes["statuses"].(map[string]string))
		for _, id := range x.fleet {
			if _, declared := statuses[id]; !declared || !terminated(id) {
				continue
			}
			if statuses[id] = "TERMINATED"; rapid.Bool().Draw(s.rt, "taken out") {
				delete(statuses, id)
			}
		}
		attributes["statuses"] = statuses
	}
	x.block.attributes = attributes
}

// holds says whether the world is as declared.
func (s *schedule) holds(x *slot) bool {
	want := x.block.attributes
	switch x.kind {
	case slotCard:
		card, ok := s.SIMCard(matrixAccount, strings.TrimPrefix(x.key, matrixAccount+"/"))
		return ok && card.ActorStatus == 0 && card.Description != nil && *card.Description == want["description"]
	case slotStatusQueued, slotStatusAtOnce:
		product, ok := s.Product(x.key)
		return ok && product.SIMStatus == want["status"]
	case slotFleet:
		for id, status := range want["statuses"].(map[string]string) {
			if product, ok := s.Product(id); !ok || product.SIMStatus != status {
				return false
			}
		}
		return true
	case slotGroup:
		sim, ok := s.M2MSIM(x.key)
		return ok && sim.AAGroup == want["group_code"]
	}
	account, ok := s.MVNOAccount(x.key)
	holds := func(name string) bool {
		icc, _ := want[name].(string)
		return sameICC(account.SIMNumber, icc)
	}
	switch {
	case !ok:
		return false
	case x.kind == slotSwapICC:
		return holds("new_sim")
	case x.kind == slotSwapReplaces:
		return !holds("replaces")
	}
	return true
}

func TestSchedules(t *testing.T) {
	needsLastChange(t)
	t.Cleanup(func() { debug.SetGCPercent(100) })
	debug.SetGCPercent(400)
	wanted := *schedules / *share
	const parts = 8 // on goroutines of their own, more than there are processors, since they also wait
	if err := flag.Set("rapid.checks", strconv.Itoa((wanted+parts-1)/parts)); err != nil {
		t.Fatal(err)
	}
	// The same schedules in every run, so that a red one is red for everybody; -rapid.seed asks for others.
	if flag.Lookup("rapid.seed").Value.String() == "0" {
		if err := flag.Set("rapid.seed", "20261122"); err != nil {
			t.Fatal(err)
		}
	}
	var run, journaled, steps, executed atomic.Int64
	var group sync.WaitGroup
	for i := range parts {
		group.Go(func() {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				rapid.Check(t, func(rt *rapid.T) {
					for range i { // else all parts would draw the same schedules from the one seed
						rapid.Uint64().Draw(rt, "part")
					}
					s := newSchedule(t, rt)
					defer s.net.end()
					if s.journals != "" {
						defer func() { _ = os.RemoveAll(s.journals) }()
						journaled.Add(1)
					}
					for range rapid.IntRange(1, 3).Draw(rt, "steps") {
						s.step()
						steps.Add(1)
					}
					s.end()
					run.Add(1)
					executed.Add(int64(len(s.Ledger())))
				})
			})
		})
	}
	group.Wait()
	summary := fmt.Sprintf("random schedules: %d, %d of them with a journal, with %d applies before the last and %d "+
		"changes executed",
		run.Load(), journaled.Load(), steps.Load(), executed.Load())
	t.Log(summary)
	fmt.Println(summary)
	if run.Load() < int64(wanted) && !t.Failed() {
		t.Errorf("only %d schedules were run before the time was over (-timeout)", run.Load())
	}
}

func newSchedule(t *testing.T, rt *rapid.T) *schedule {
	sim := simulator.New(simulator.SettleAfterPolls(rapid.IntRange(0, 2).Draw(rt, "settles after")))
	sim.AddAccount(matrixAccount)
	for code, kind := range map[string]string{"TEST": "pending", "LIVE1": "live", "LIVE2": "live"} {
		sim.AddM2MGroup(simulator.M2MGroup{Code: code, Type: kind})
	}
	sim.SetCMOQuirks(func(q *simulator.CMOQuirks) {
		q.AllTransitions = true
		q.StaleReads = rapid.IntRange(0, 2).Draw(rt, "stale CMO reads")
		q.MonitorNotFoundFirst = rapid.IntRange(0, 1).Draw(rt, "late monitors")
		q.StatusCase = []string{"", "", "title", "lower"}[rapid.IntRange(0, 3).Draw(rt, "case")]
	})
	sim.SetMVNOQuirks(func(q *simulator.MVNOQuirks) {
		q.StaleReads = rapid.IntRange(0, 1).Draw(rt, "stale MVNO reads")
		q.CheckDigit = rapid.IntRange(0, 2).Draw(rt, "check digit") == 0
		q.TrailingF = rapid.IntRange(0, 2).Draw(rt, "F") == 0
	})
	sim.SetAccountsQuirks(func(q *simulator.AccountsQuirks) {
		q.StaleReads = rapid.IntRange(0, 1).Draw(rt, "stale reads")
		q.CreateVisibleAfter = rapid.IntRange(0, 1).Draw(rt, "late cards")
		q.NoStatusURL = rapid.IntRange(0, 3).Draw(rt, "no status URL") == 0
		q.SIMNumberF = rapid.IntRange(0, 2).Draw(rt, "F") == 0
	})
	net := newMemoryNet(t, sim.Handler())
	c := newCore(rt, net.URL())
	c.Simulator, c.net = sim, net
	s := &schedule{core: c, rt: rt}
	for i := range rapid.IntRange(1, 2).Draw(rt, "SIMs") {
		s.slots = append(s.slots, newSlot(slotKind(rapid.IntRange(0, int(slotKinds)-1).Draw(rt, "kind")), i, sim))
	}
	if rapid.Bool().Draw(rt, "journal") {
		c.journals = t.TempDir()
	}
	return s
}
