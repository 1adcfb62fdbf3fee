package review

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

var simCard = resource{
	kind: livechange.SIMCardUpdate,
	sim:  simCardID,

	create: func(c resourceChange, r *Report) {
		if c.ofCreation() == announced {
			r.change(cardCreation(c))
		}
	},

	update: func(c resourceChange, r *Report) {
		if unprotected(c) {
			r.Unprotected = append(r.Unprotected, Object{SIM: simCardID(c.before), Address: c.address})
		}
		fields := cardFields(c)
		switch c.ofUpdate(len(fields) > 0) {
		case announced:
			r.change(cardUpdate(c, fields))
		case waiting:
			r.wait(simCardID(c.before), c)
		case silent:
		}
	},

	destroy: func(c resourceChange, r *Report) {
		state := c.before.attribute("state").shown()
		r.change(Change{
			Kind: livechange.SIMCardDeletion, SIM: simCardID(c.before), Address: c.address, Certain: true,
			transition: state.Text + " -> deleted", what: state.Text + " -> deleted",
			meaning: livechange.SIMCardDeletion.Meaning(""),
		})
	},
}

func simCardID(of object) Value {
	if id := of.attribute("id"); id.text() != "" {
		return id.shown()
	}
	account, cli := of.attribute("account_key"), of.attribute("cli")
	if account.text() == "" || cli.text() == "" {
		return instead(livechange.KnownAfterApply)
	}
	return known(account.text() + "/" + cli.text()).hide(account.isSensitive() || cli.isSensitive())
}

// unprotected: deletion_protection, whose default is true, is taken off, or may be.
func unprotected(c resourceChange) bool {
	was, wanted := c.before.attribute("deletion_protection"), c.after.attribute("deletion_protection")
	return was.text() != "false" && (wanted.isUnknown() || wanted.text() == "false")
}

func cardCreation(c resourceChange) Change {
	state, number := c.after.attribute("state"), c.after.attribute("sim_number")
	asked := ""
	if state.text() != "" { // one that is known after apply looks like one that is not set
		asked = state.shown().Text
	}
	change := Change{
		Kind: livechange.SIMCardCreation, SIM: simCardID(c.after), Address: c.address, Certain: !c.unsettled(),
		transition: clean(livechange.Creation(asked)), meaning: livechange.SIMCardCreation.Meaning(""),
	}
	if livechange.Terminates(state.text()) {
		change.terminates = yes
	}
	change.what = change.transition
	if number.text() != "" {
		change.note = "SIM number " + number.shown().Text
	}
	change.Certain = change.Certain && change.SIM.Known
	return change
}

// cardArguments are those that are sent, in the order of the resource's page; free ones are named and never quoted.
var cardArguments = []struct {
	name string
	free bool
}{
	{"sim_number", false}, {"description", true}, {"inventory_ref", true}, {"tariff", false}, {"bundle", false},
	{"operator", false}, {"soc", false}, {"purchase_order", true}, {"sim_provider", false}, {"provider_tariff", false},
	{"provider_price", false}, {"provider_start_date", false}, {"state", false}, {"foreign_attributes", true},
}

// cardFields lists the arguments that an update sends: those that differ from the state, as far as last_change, which
// judges two spellings of one value, names them as well.
func cardFields(c resourceChange) []cardField {
	var fields []cardField
	for _, argument := range cardArguments {
		was, wanted := c.before.attribute(argument.name), c.after.attribute(argument.name)
		if !wanted.isSet() || !differ(was, wanted) || !names(c.lastChange(), argument.name) {
			continue
		}
		field := cardField{
			Field: Field{Name: argument.name, From: was.shown(), To: wanted.shown()},
			raw:   wanted.text(), unknown: unknownInside(wanted),
		}
		if was.anySensitive() || wanted.anySensitive() {
			field.From, field.To = field.From.hide(true), field.To.hide(true)
		}
		field.text = livechange.Field{Name: argument.name, From: field.From.Text, To: field.To.Text}.String()
		if argument.free {
			field.From, field.To = Value{}, Value{}
			hidden := livechange.Field{Name: argument.name, Hidden: true}
			if !was.isSensitive() && !wanted.isSensitive() {
				hidden.Keys = changedKeys(was, wanted)
			}
			field.text = hidden.String()
		}
		fields = append(fields, field)
	}
	return fields
}

// cardField is a field with what the report says of it beyond its values.
type cardField struct {
	Field
	text    string
	raw     string
	unknown bool
}

// differ compares two values of a plan: none and empty are the same, and so are two spellings of one instant.
func differ(was, wanted object) bool {
	if wanted.isUnknown() {
		return true
	}
	if a, b := was.text(), wanted.text(); a != "" && b != "" {
		x, errX := time.Parse(time.RFC3339, a)
		y, errY := time.Parse(time.RFC3339, b)
		return a != b && (errX != nil || errY != nil || !x.Equal(y))
	}
	empty := func(o object) bool {
		elements, _ := o.value.(map[string]any)
		return o.text() == "" && len(elements) == 0
	}
	if empty(was) && empty(wanted) && !unknownInside(wanted) {
		return false
	}
	return unknownInside(wanted) || !reflect.DeepEqual(was.value, wanted.value)
}

func unknownInside(o object) bool { return anyTrue(o.unknown) }

// names says whether the text of an update, where there is one, names the argument.
func names(lastChange, argument string) bool {
	return lastChange == "" || strings.Contains("; "+lastChange, "; "+argument+" ")
}

// changedKeys are the keys of a map that change.
func changedKeys(was, wanted object) []string {
	before, after := was.elements(), wanted.elements()
	var keys []string
	for key, value := range after {
		if old, kept := before[key]; !kept || differ(old, value) {
			keys = append(keys, clean(key))
		}
	}
	for key := range before {
		if _, kept := after[key]; !kept {
			keys = append(keys, clean(key))
		}
	}
	slices.Sort(keys)
	return keys
}

func cardUpdate(c resourceChange, fields []cardField) Change {
	change := Change{
		Kind: livechange.SIMCardUpdate, SIM: simCardID(c.before), Address: c.address, Certain: !c.unsettled(),
		meaning: livechange.SIMCardUpdate.Meaning(""),
	}
	var texts, names []string
	for _, field := range fields {
		change.Fields = append(change.Fields, field.Field)
		texts = append(texts, field.text)
		names = append(names, field.Name)
		if field.unknown {
			change.Certain, change.open = false, true
		}
		if field.Name == "state" {
			names[len(names)-1] = field.text
			change.meaning = livechange.SIMCardUpdate.Meaning(field.To.raw)
			if field.unknown {
				change.meaning = livechange.SIMCardUpdate.Meaning(livechange.KnownAfterApply)
				change.terminates = maybe
			}
			if field.To.Text == Sensitive {
				change.meaning = livechange.SIMCardUpdate.Meaning(Sensitive) // else it tells the state
			}
			if livechange.Terminates(field.raw) {
				change.terminates = yes
			}
		}
	}
	change.transition, change.what = strings.Join(names, ", "), strings.Join(texts, "; ")
	if len(fields) == 0 {
		// The plan announces a change that its values do not show.
		change.transition, change.what, change.Certain = "arguments", "arguments", false
		// What is sensitive is marked at the argument, and not at the text that quotes it.
		if text := c.lastChange(); text != "" && !c.before.anySensitive() && !c.after.anySensitive() {
			change.what = clean(text)
		}
	}
	return change
}
