package review

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

// Sensitive stands in place of a value that the plan marks as sensitive.
const Sensitive = "(sensitive)"

// Value is one value of a plan as a report shows it.
type Value struct {
	// Text is what a person reads: the value on one line, or in brackets why there is none.
	Text string
	// Known: there is a value. Where there is none, JSON says null.
	Known bool
	// raw is the value as the plan has it, for limits alone: it may be sensitive, and is not fit for a line.
	raw string
}

func known(text string) Value { return Value{Text: clean(text), Known: true, raw: text} }

// instead is a value that is not known, with what a person reads in its place.
func instead(text string) Value { return Value{Text: text} }

// hide is the value as it may be shown where the plan marks it, or what it was taken from, as sensitive.
func (v Value) hide(sensitive bool) Value {
	if sensitive && v.Known {
		v.Text = Sensitive
	}
	return v
}

func (v Value) String() string { return v.Text }

// MarshalJSON writes a value that is not known as null.
func (v Value) MarshalJSON() ([]byte, error) {
	if !v.Known {
		return []byte("null"), nil
	}
	return json.Marshal(v.Text)
}

// object is a value of a plan, from a whole resource down to one text, with what the plan says of it: what of it is
// unknown, and what of it is sensitive.
type object struct{ value, unknown, sensitive any }

// attribute is the element of that name. What is unknown or sensitive as a whole is so in each part.
func (o object) attribute(name string) object {
	part := func(of any) any {
		switch of := of.(type) {
		case map[string]any:
			return of[name]
		case bool:
			return of
		}
		return nil
	}
	values, _ := o.value.(map[string]any)
	return object{value: values[name], unknown: part(o.unknown), sensitive: part(o.sensitive)}
}

// isUnknown: the whole value is known after apply.
func (o object) isUnknown() bool { return o.unknown == true }

// isSensitive: the whole value is marked as sensitive.
func (o object) isSensitive() bool { return o.sensitive == true }

// anySensitive: something of the value is marked as sensitive.
func (o object) anySensitive() bool { return anyTrue(o.sensitive) }

func anyTrue(of any) bool {
	switch of := of.(type) {
	case bool:
		return of
	case []any:
		return slices.ContainsFunc(of, anyTrue)
	case map[string]any:
		for _, part := range of {
			if anyTrue(part) {
				return true
			}
		}
	}
	return false
}

// isSet: there is a value, or there will be one.
func (o object) isSet() bool { return o.isUnknown() || o.value != nil }

// text is the raw text of the value; "" where it is none.
func (o object) text() string {
	switch v := o.value.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

// shown is the value for a report.
func (o object) shown() Value {
	switch {
	case o.isUnknown():
		return instead(livechange.KnownAfterApply)
	case o.value == nil:
		return instead(livechange.None)
	}
	return known(o.text()).hide(o.isSensitive())
}

// elements are those of a map, by key: what is known of it and what is not.
func (o object) elements() map[string]object {
	elements := map[string]object{}
	for _, part := range []any{o.value, o.unknown} {
		keys, _ := part.(map[string]any)
		for key := range keys {
			elements[key] = o.attribute(key)
		}
	}
	for key, element := range elements {
		if element.value == nil && !element.isUnknown() {
			delete(elements, key) // after_unknown lists what is known as false; a null element is none
		}
	}
	return elements
}
