package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// This file is what the matrix and the schedules hold each plan and each apply to: what a plan says of live changes is
// all that its apply executes, SIM by SIM, from this to that; what leaves the state is not there any more, and is
// named.

// hasLastChange says whether the provider has last_change at all.
func hasLastChange() bool {
	return slices.ContainsFunc(coreSchemas().ResourceSchemas["telco_sim_status"].Block.Attributes,
		func(a *tfprotov6.SchemaAttribute) bool { return a.Name == "last_change" })
}

// needsLastChange fails a test once, where else each of its runs would.
func needsLastChange(t *testing.T) {
	t.Helper()
	if !hasLastChange() {
		t.Error("the resources have no attribute last_change, so the part of the oracle that reads it is off")
	}
}

// coreText is a string attribute of an object; ok is false where it is null, unknown or not there.
func coreText(object tftypes.Value, name string) (text string, ok bool) {
	value, has := coreFields(object)[name]
	if !has || value.IsNull() || !value.IsKnown() {
		return "", false
	}
	return text, value.As(&text) == nil
}

// statusesOf is the attribute statuses of a fleet, where it is known.
func statusesOf(object tftypes.Value) map[string]string {
	statuses := map[string]string{}
	if value, has := coreFields(object)["statuses"]; has && value.IsFullyKnown() {
		for id, status := range coreFields(value) {
			var text *string
			if status.As(&text) == nil && text != nil {
				statuses[id] = *text
			}
		}
	}
	return statuses
}

// keysOf are the SIMs of an object, as the ledger names them.
func keysOf(typeName string, object tftypes.Value) []string {
	text := func(name string) string {
		text, _ := coreText(object, name)
		return text
	}
	if object.IsNull() {
		return nil
	}
	switch typeName {
	case "telco_sim_card":
		return []string{text("account_key") + "/" + text("cli")}
	case "telco_sim_status":
		return []string{text("product_id")}
	case "telco_sim_fleet_status":
		return slices.Sorted(maps.Keys(statusesOf(object)))
	case "telco_sim_aa_group":
		return []string{text("iccid")}
	}
	return []string{strings.ToLower(text("account_id"))}
}

// keys are the SIMs of a change, of before and after.
func (x coreChange) keys() []string {
	keys := append(keysOf(x.typeName, x.before), keysOf(x.typeName, x.after)...)
	slices.Sort(keys)
	return slices.Compact(keys)
}

// changeOf is the plan's change of that SIM, nil where there is none.
func (p *corePlan) changeOf(key string) *coreChange {
	for i := range p.changes {
		if slices.Contains(p.changes[i].keys(), key) && p.changes[i].action != actNothing {
			return &p.changes[i]
		}
	}
	return nil
}

// announcements are the plan's live warnings of that kind that name the SIM; of a fleet's those lines that do.
func (p *corePlan) announcements(kind, key string) (texts []string) {
	named := func(text string) bool { return strings.Contains(strings.ToLower(text), strings.ToLower(key)) }
	change := p.changeOf(key)
	for _, text := range coreWarnings(p.diagnostics) {
		switch {
		case !strings.HasPrefix(text, "Live, irreversible change: "+kind):
		case change == nil || change.typeName != "telco_sim_fleet_status":
			if named(text) {
				texts = append(texts, text)
			}
		default:
			for line := range strings.Lines(text) {
				if named(line) {
					texts = append(texts, strings.TrimSpace(line))
				}
			}
		}
	}
	return texts
}

// wireNames are the arguments of a SIM card that are not their wire names in other letters.
var wireNames = map[string]string{"SIMNumber": "sim_number", "SOC": "soc", "Provider": "sim_provider"}

// argumentOf is the argument of a field of a SIM card.
func argumentOf(field string) string {
	if name, ok := wireNames[field]; ok {
		return name
	}
	return strings.ToLower(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(field, "${1}_$2"))
}

// fieldChange is one field of an update of a SIM card in the ledger: `Description: "a" -> "b"`.
var fieldChange = regexp.MustCompile(`(\w+): ("(?:[^"\\]|\\.)*"|\{[^}]*\}|\w+) -> `)

// unannounced says what of an executed change the plan did not name: this SIM, from this, to that. It is "" where the
// plan named all of it.
func (p *corePlan) unannounced(executed simulator.Change) string {
	warnings := p.announcements(liveKinds[executed.Action], executed.Key)
	if change := p.changeOf(executed.Key); change != nil && change.action == actReplace && executed.Action == "delete" {
		return "" // a SIM card that is tainted and not protected: Terraform's own -/+ is all that a plan can show
	}
	if len(warnings) == 0 {
		return "the plan did not warn of it"
	}
	said := func(text string) bool { // words of state count in whatever letters
		return slices.ContainsFunc(warnings, func(warning string) bool {
			return strings.Contains(strings.ToLower(warning), strings.ToLower(text))
		})
	}
	from, to, _ := strings.Cut(executed.Detail, " -> ")
	change := p.changeOf(executed.Key)
	if change == nil {
		return "the plan has no change of it"
	}
	last, known := coreText(change.after, "last_change")
	if hasLastChange() && !change.after.IsNull() && !known {
		return "last_change is not known in the plan"
	}
	wrong := func(format string, args ...any) string {
		return fmt.Sprintf(format, args...) + fmt.Sprintf("; it said %.300q, last_change = %q", warnings, last)
	}
	switch executed.Action {
	case "create":
		if !said("(absent) -> created") || known && !strings.HasPrefix(last, "(absent) -> created") {
			return wrong("the plan did not say (absent) -> created")
		}
	case "delete":
		if state := strings.TrimPrefix(executed.Detail, "State "); !said(state + " -> deleted") {
			return wrong("the plan did not say %s -> deleted", state)
		}
	case "update":
		for _, field := range fieldChange.FindAllStringSubmatch(executed.Detail, -1) {
			name := argumentOf(field[1])
			if !said(name) || known && !strings.Contains(last, name) {
				return wrong("the plan did not name %s", name)
			}
			// What is free text is not quoted, so here it is the state that the plan goes from.
			var was string
			before, ok := coreText(change.before, name)
			if change.action == actUpdate && ok && json.Unmarshal([]byte(field[2]), &was) == nil && !sameICC(was, before) {
				return wrong("the plan knew %s = %q", name, before)
			}
		}
	case "status":
		if !said(executed.Detail) {
			return wrong("the plan did not say %s", executed.Detail)
		}
		switch {
		case !known:
		case change.typeName != "telco_sim_fleet_status" && !strings.EqualFold(last, "status "+executed.Detail):
			return wrong("last_change is not %q", "status "+executed.Detail)
		case change.typeName == "telco_sim_fleet_status" && planCounts(last)[strings.ToUpper(executed.Detail)] == 0:
			return wrong("last_change does not count it")
		}
	case "aa_group":
		if !said("-> "+to) || known && !strings.HasSuffix(last, " -> "+to) {
			return wrong("the plan did not say -> %s", to)
		}
	case "swap":
		saidSo := slices.ContainsFunc(warnings, func(warning string) bool { return saysSwap(warning, from, to) })
		if !saidSo || known && !saysSwap(last, from, to) {
			return wrong("the plan did not say SIM %s", executed.Detail)
		}
	}
	return ""
}

// swapSaid is a swap in a text: "SIM 8945… -> eSim".
var swapSaid = regexp.MustCompile(`SIM ([0-9]+F?) -> ([0-9]+F?|eSim|autoAssign)`)

// saysSwap says whether a text announces the swap, in whatever spelling of the ICCs.
func saysSwap(text, from, to string) bool {
	said := swapSaid.FindStringSubmatch(text)
	return said != nil && sameICC(said[1], from) && (said[2] == "eSim" || said[2] == "autoAssign" || sameICC(said[2], to))
}

// planCounts are the transitions of a fleet's last_change: "2 x INACTIVE -> ACTIVE; 1 x … (sha256 …)".
func planCounts(last string) map[string]int {
	counts := map[string]int{}
	last, _, _ = strings.Cut(last, " (sha256 ")
	for part := range strings.SplitSeq(last, "; ") {
		count, transition, _ := strings.Cut(part, " x ")
		if n, err := strconv.Atoi(count); err == nil {
			counts[strings.ToUpper(transition)] += n
		}
	}
	return counts
}

// overcounted are the transitions of a fleet of which more were executed than last_change counts.
func (p *corePlan) overcounted(executed []simulator.Change) (problems []string) {
	for _, change := range p.changes {
		last, known := coreText(change.after, "last_change")
		if change.typeName != "telco_sim_fleet_status" || !known || change.action == actNothing {
			continue
		}
		did := map[string]int{}
		for _, one := range executed {
			if one.Action == "status" && slices.Contains(change.keys(), one.Key) {
				did[one.Detail]++
			}
		}
		for transition, n := range did {
			if most := planCounts(last)[strings.ToUpper(transition)]; n > most {
				problems = append(problems, fmt.Sprintf("%s: %d x %s were executed; planned: %s", change.addr, n, transition, last))
			}
		}
	}
	return problems
}

// misplanned are the changes of a plan whose values say something else than its warnings: operation_status is known
// after apply exactly where a change is announced, unless nothing but a wait is left, and last_change stays where none
// is.
func (p *corePlan) misplanned() (problems []string) {
	for _, change := range p.changes {
		if change.action != actCreate && change.action != actUpdate || len(coreErrors(p.diagnostics)) > 0 {
			continue
		}
		announced := slices.ContainsFunc(change.keys(), func(key string) bool {
			return slices.ContainsFunc(slices.Collect(maps.Values(liveKinds)), func(kind string) bool {
				return len(p.announcements(kind, key)) > 0
			})
		})
		was, _ := coreText(change.before, "operation_status")
		open := !coreFields(change.after)["operation_status"].IsKnown()
		switch {
		case announced && !open:
			problems = append(problems, change.addr+" announces a change, and its operation_status is not known after apply")
		case !announced && open && (was == "" || was == "complete"):
			problems = append(problems, change.addr+" announces no change, and its operation_status is known after apply")
		}
		if !hasLastChange() {
			continue
		}
		before, after := coreFields(change.before)["last_change"], coreFields(change.after)["last_change"]
		stays := after.IsNull() && change.before.IsNull() || !change.before.IsNull() && after.Equal(before)
		if _, known := coreText(change.after, "last_change"); announced && !known {
			problems = append(problems, change.addr+" announces a change, and last_change does not say which")
		} else if !announced && !stays && !(change.action == actUpdate && arguesAnew(change.before, change.after)) {
			// Where the SIM has got what is declared between refresh and plan, last_change says what the arguments in the plan
			// go through: a plan made at apply has to say the same as the one that was made before the SIM moved.
			problems = append(
				problems, fmt.Sprintf("%s announces no change, and last_change goes from %s to %s", change.addr, before, after),
			)
		}
	}
	return problems
}

// arguesAnew says whether an argument of a resource goes to another value.
func arguesAnew(before, after tftypes.Value) bool {
	for _, name := range []string{"status", "new_sim", "triggers", "statuses", "description", "tariff", "state",
		"foreign_attributes"} {
		was, ok := coreFields(before)[name]
		if is := coreFields(after)[name]; ok && !was.Equal(is) {
			return true
		}
	}
	return false
}

// there says whether the network knows the SIM.
func (c *core) there(typeName, key string) bool {
	var ok bool
	switch typeName {
	case "telco_sim_card":
		account, cli, _ := strings.Cut(key, "/")
		_, ok = c.SIMCard(account, cli)
	case "telco_sim_aa_group":
		_, ok = c.M2MSIM(key)
	case "telco_mvno_sim_swap":
		_, ok = c.MVNOAccount(key)
	default:
		_, ok = c.Product(key)
	}
	return ok
}

// lost are the SIMs that a refresh has taken out of the state although the network knows them, or without naming them.
func (c *core) lost(p *corePlan) (problems []string) {
	warnings := strings.Join(coreWarnings(p.diagnostics), "\n")
	for addr, object := range c.state {
		now := keysOf(object.typeName, p.prior[addr].value)
		for _, key := range keysOf(object.typeName, object.value) {
			switch {
			case slices.Contains(now, key):
			case c.there(object.typeName, key):
				problems = append(problems, fmt.Sprintf("%s: %s has left the state, and is still there", addr, key))
			case !strings.Contains(strings.ToLower(warnings), strings.ToLower(key)):
				problems = append(problems, fmt.Sprintf("%s: %s has left the state, and no warning names it", addr, key))
			}
		}
	}
	return problems
}

// planWatched plans, and holds the plan to what it must not do.
func (c *core) planWatched(
	ctx context.Context, config coreConfig, opts corePlanOptions,
) (p *corePlan, problems []string) {
	p = c.plan(ctx, config, opts)
	return p, append(c.lost(p), p.misplanned()...)
}

// undestroyed are the SIMs of which a destroy without an error has not brought about what it was to do.
func (c *core) undestroyed(p *corePlan, said []*tfprotov6.Diagnostic) (problems []string) {
	if c.kills > 0 || len(coreErrors(said)) > 0 {
		return nil
	}
	for _, change := range p.changes {
		if _, still := c.state[change.addr]; change.action != actDelete || still || c.userTainted[change.addr] {
			continue
		}
		last, _ := coreText(change.before, "status_on_destroy")
		if change.typeName == "telco_sim_fleet_status" {
			last, _ = coreText(change.before, "status_on_removal")
		}
		for _, key := range keysOf(change.typeName, change.before) {
			product, ok := c.Product(key)
			switch {
			case change.typeName == "telco_sim_card" && c.there(change.typeName, key):
				problems = append(problems, fmt.Sprintf("%s was deleted, it says, and %s is still there", change.addr, key))
			case last != "" && ok && product.SIMStatus != last && product.SIMStatus != "TERMINATED":
				problems = append(
					problems, fmt.Sprintf("%s was destroyed, and SIM %s is %s, not %s", change.addr, key, product.SIMStatus, last),
				)
			}
		}
	}
	return problems
}

// checked is an ICC of 19 digits with its check digit, by the formula of Luhn.
func checked(icc string) string {
	sum := 0
	for i := range len(icc) {
		digit := int(icc[len(icc)-1-i] - '0')
		if i%2 == 0 {
			digit = digit*2/10 + digit*2%10
		}
		sum += digit
	}
	return icc + strconv.Itoa((10-sum%10)%10)
}

// bareICC is an ICC without what may differ in the spellings that the contract names. Other texts stay as they are.
func bareICC(text string) string {
	icc := strings.TrimSuffix(strings.ToUpper(strings.ReplaceAll(text, " ", "")), "F")
	switch {
	case strings.Trim(icc, "0123456789") != "" || len(icc) < 11:
		return text
	case len(icc) == 20 && icc == checked(icc[:19]):
		return icc[:19]
	}
	return icc
}

// sameICC says whether two texts name one SIM.
func sameICC(a, b string) bool { return bareICC(a) == bareICC(b) }

// TestOracle: the judge knows what a plan has said.
func TestOracle(t *testing.T) {
	plan := func(warnings ...string) *corePlan {
		p := &corePlan{changes: []coreChange{{
			addr: "telco_sim_fleet_status.a", typeName: "telco_sim_fleet_status", action: actUpdate,
		}}}
		object := func(statuses map[string]string) tftypes.Value {
			return coreObjectValue(coreSchemas().ResourceSchemas["telco_sim_fleet_status"], map[string]any{"statuses": statuses})
		}
		p.changes[0].before = object(map[string]string{"TMSP-1": "ACTIVE", "TMSP-2": "ACTIVE"})
		p.changes[0].after = object(map[string]string{"TMSP-1": "SUSPENDED", "TMSP-2": "ACTIVE"})
		if hasLastChange() {
			fields := coreFields(p.changes[0].after)
			fields["last_change"] = tftypes.NewValue(tftypes.String, "1 x ACTIVE -> SUSPENDED (sha256 0123456789ab)")
			p.changes[0].after = tftypes.NewValue(p.changes[0].after.Type(), fields)
		}
		for _, text := range warnings {
			p.diagnostics = append(p.diagnostics, &tfprotov6.Diagnostic{
				Severity: tfprotov6.DiagnosticSeverityWarning, Summary: "Live, irreversible change: SIM status", Detail: text,
			})
		}
		return p
	}
	said := plan("Fleet vans: 1 SIM changes.\n\n  1 x ACTIVE -> SUSPENDED\n\n" +
		"  TMSP-1: ACTIVE -> SUSPENDED\n\nTMSP-2: another line.")
	for name, c := range map[string]struct {
		key, detail string
		wrong       bool
	}{
		"as planned":       {"TMSP-1", "ACTIVE -> SUSPENDED", false},
		"from another":     {"TMSP-1", "BLOCKED -> SUSPENDED", true},
		"to another":       {"TMSP-1", "ACTIVE -> TERMINATED", true},
		"another SIM":      {"TMSP-2", "ACTIVE -> SUSPENDED", true},
		"SIM of no plan":   {"TMSP-3", "ACTIVE -> SUSPENDED", true},
		"part of a number": {"TMSP-", "ACTIVE -> SUSPENDED", true},
	} {
		problem := said.unannounced(simulator.Change{Action: "status", Key: c.key, Detail: c.detail})
		if (problem != "") != c.wrong {
			t.Errorf("%s: %q", name, problem)
		}
	}
	if !sameICC(
		"8944000000000000017", "8944 0000 0000 0000 0176F",
	) || sameICC("8944000000000000017", "89440000000000000170") {
		t.Error("two spellings of one ICC, or two ICCs, are taken for something else")
	}
	counts := planCounts("2 x INACTIVE -> ACTIVE; 1 x ACTIVE -> SUSPENDED (sha256 1f3c5a7b9d2e)")
	if want := map[string]int{"INACTIVE -> ACTIVE": 2, "ACTIVE -> SUSPENDED": 1}; !maps.Equal(counts, want) {
		t.Errorf("counts: %v", counts)
	}
	if name := argumentOf("ForeignAttributes"); name != "foreign_attributes" {
		t.Errorf("argument %s", name)
	}
}
