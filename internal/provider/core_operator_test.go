package provider_test

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// liveKinds is how a plan's warning calls what the ledger calls by an action.
var liveKinds = map[string]string{
	"create": "SIM card creation", "update": "SIM card update", "delete": "SIM card deletion",
	"status": "SIM status", "aa_group": "auto-activation group", "swap": "MVNO SIM swap",
}

// applyWatched applies a plan, and holds the apply to the promise that a plan makes: what is executed was announced
// with a live warning that names the SIM, from this and to that, and each change is executed once at the most.
func (c *core) applyWatched(ctx context.Context, p *corePlan) (said []*tfprotov6.Diagnostic, problems []string) {
	before := len(c.Ledger())
	said = c.apply(ctx, p)
	problems = c.taintedObjects()
	executed := map[string]int{}
	for _, change := range c.Ledger()[before:] {
		executed[change.Action+" "+change.Key]++
		if problem := p.unannounced(change); problem != "" {
			problems = append(problems, fmt.Sprintf("%s %s (%s) was executed, planned was %s: %s",
				change.Action, change.Key, change.Detail, p.actions(), problem))
		}
	}
	problems = append(problems, p.overcounted(c.Ledger()[before:])...)
	problems = append(problems, c.overstated(p, said)...)
	problems = append(problems, c.undestroyed(p, said)...)
	for what, times := range executed {
		if times > 1 {
			problems = append(problems, fmt.Sprintf("%s was executed %d times by one apply", what, times))
		}
	}
	return said, problems
}

// overstated are the objects of which an apply without an error says that they are complete, while the service is still
// at a change of theirs. What a killed run has left on its way no object can tell.
func (c *core) overstated(p *corePlan, said []*tfprotov6.Diagnostic) (problems []string) {
	if c.kills > 0 || len(coreErrors(said)) > 0 {
		return nil
	}
	for _, change := range p.changes {
		object, ok := c.state[change.addr]
		if !ok || change.action == actNothing || c.text(change.addr, "operation_status") != "complete" {
			continue
		}
		var products []string
		switch object.typeName {
		case "telco_sim_status":
			products = []string{c.text(change.addr, "product_id")}
		case "telco_sim_fleet_status":
			products = slices.Sorted(maps.Keys(coreFields(coreFields(object.value)["statuses"])))
		}
		for _, id := range products {
			if c.Changing(id) {
				problems = append(problems, fmt.Sprintf("%s is complete, it says, and SIM %s is still being changed", change.addr,
					id))
			}
		}
	}
	return problems
}

// comeToRest plans and applies as a person does who does what the errors ask for, until nothing is left to do or the
// rounds are over. It returns what broke a promise.
func (c *core) comeToRest(ctx context.Context, config coreConfig, rounds int) (problems []string) {
	var last string
	for range rounds {
		p, misplanned := c.planWatched(ctx, config, corePlanOptions{})
		problems = append(problems, misplanned...)
		if failed := coreErrors(p.diagnostics); len(failed) > 0 {
			last = "the plan fails: " + strings.Join(failed, "\n")
			if !c.helpful || !c.help(ctx, config, failed) {
				return append(problems, last)
			}
			continue
		}
		if p.empty() {
			return problems
		}
		said, broken := c.applyWatched(ctx, p)
		problems = append(problems, broken...)
		last = fmt.Sprintf("planned %s, said %q", p.actions(), append(coreErrors(said), coreWarnings(said)...))
	}
	if p := c.plan(ctx, config, corePlanOptions{}); !p.empty() {
		problems = append(problems, fmt.Sprintf("after %d rounds there is still a plan: %s %q; before that: %s",
			rounds, p.actions(), coreErrors(p.diagnostics), last))
	}
	return problems
}

// heldBack is what the journal has to say of a swap by keyword that a killed run has sent.
var heldBack = regexp.MustCompile(`sent a swap of MVNO account (\w+) to (?s:.*)Set replaces = "([^"]+)"`)

var existsAlready = regexp.MustCompile(`id = "([^"]+)"`)

// help does what an error asks a person for: to import a SIM card that already exists, to take a taint off, or to say
// which SIM a swap replaces.
func (c *core) help(ctx context.Context, config coreConfig, failed []string) bool {
	for _, text := range failed {
		if said := heldBack.FindStringSubmatch(text); said != nil {
			for addr, block := range config {
				if id, ok := block.attributes["account_id"].(string); ok && strings.EqualFold(id, said[1]) {
					block.attributes = maps.Clone(block.attributes)
					block.attributes["replaces"] = said[2]
					config[addr] = block
					return true
				}
			}
		}
		id := existsAlready.FindStringSubmatch(text)
		if !strings.HasPrefix(text, "SIM card exists already") || id == nil {
			continue
		}
		for _, addr := range slices.Sorted(maps.Keys(config)) {
			block := config[addr]
			if fmt.Sprintf("%s/%s", block.attributes["account_key"], block.attributes["cli"]) != id[1] {
				continue
			}
			if c.state[addr].tainted {
				c.taint(addr, false)
				return true
			}
			return len(coreErrors(c.importObject(ctx, addr, block.typeName, id[1]))) == 0
		}
	}
	return false
}

// Codes of SIMs in the tests: no other number holds them.
const (
	plantedPIN = "4711"
	plantedPUK = "47114711"
)

// taintedObjects are those that an error beside a state has left to be destroyed.
func (c *core) taintedObjects() (problems []string) {
	for addr, object := range c.state {
		if object.tainted && !c.userTainted[addr] {
			problems = append(problems, addr+" is tainted")
		}
	}
	return problems
}

// brokenPromises are what must not be at any time: a tainted object, a fault that core would report, a secret in a
// diagnostic.
func (c *core) brokenPromises() (problems []string) {
	problems = c.taintedObjects()
	problems = append(problems, c.broken...)
	secrets := []string{simulator.ClientSecret, simulator.MVNOToken, simulator.M2MPassword, "simulator&amp;password",
		"cmo-token-", plantedPIN, plantedPUK}
	for _, d := range c.said {
		for _, secret := range secrets {
			if strings.Contains(d.Summary+d.Detail, secret) {
				problems = append(problems, fmt.Sprintf("a diagnostic holds %q: %s: %s", secret, d.Summary, d.Detail))
			}
		}
	}
	return problems
}
