package provider

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/accounts"
	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

func textMap(pairs ...string) types.Map {
	elements := map[string]attr.Value{}
	for i := 0; i < len(pairs); i += 2 {
		elements[pairs[i]] = types.StringValue(pairs[i+1])
	}
	return types.MapValueMust(types.StringType, elements)
}

// allTexts makes a SIM card in which each text names its own field, by the field's own name of the API.
func allTexts() *accounts.SIMCard {
	card := &accounts.SIMCard{CLI: "001010000000001"}
	v := reflect.ValueOf(card).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Type() == reflect.TypeFor[*string]() {
			f.Set(reflect.ValueOf(new(v.Type().Field(i).Name)))
		}
	}
	return card
}

func TestSIMCardModel_eachTextHasItsField(t *testing.T) {
	t.Parallel()
	m := simCardModel{AccountKey: types.StringValue("acme"), CLI: types.StringValue("001010000000001")}
	m.setCard(allTexts())
	want := map[string]string{
		"sim_number": "SIMNumber", "description": "Description", "inventory_ref": "InventoryRef", "tariff": "Tariff",
		"bundle":   "Bundle",
		"operator": "Operator", "soc": "SOC", "purchase_order": "PurchaseOrder", "sim_provider": "Provider",
		"provider_tariff": "ProviderTariff", "provider_price": "ProviderPrice",
	}
	if len(simCardTexts) != len(want) {
		t.Errorf("there are %d texts, not %d", len(simCardTexts), len(want))
	}
	fields, err := m.changedFields(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	sent := reflect.ValueOf(fields)
	v := reflect.ValueOf(m)
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("tfsdk")
		field, ok := want[name]
		if !ok {
			continue
		}
		if got := v.Field(i).Interface(); got != types.StringValue(field) {
			t.Errorf("%s shows %v, not the field %s", name, got, field)
		}
		if got := sent.FieldByName(field).Interface().(*string); got == nil || *got != field {
			t.Errorf("%s is not sent as the field %s", name, field)
		}
	}
	if m.ID != types.StringValue("acme/001010000000001") || m.InternalSOC != types.StringValue("InternalSOC") {
		t.Errorf("id %v, internal_soc %v", m.ID, m.InternalSOC)
	}
}

func TestSIMCardModel_setCard(t *testing.T) {
	t.Parallel()
	date := func(text string) *accounts.Date {
		d, err := accounts.ParseDate(text)
		if err != nil {
			t.Fatal(err)
		}
		return &d
	}
	null, unknown := types.StringNull(), types.StringUnknown()
	for _, c := range []struct {
		name   string
		before simCardModel
		card   accounts.SIMCard
		look   func(*simCardModel) attr.Value
		want   attr.Value
	}{
		{name: "no text", before: simCardModel{Tariff: types.StringValue("gold")},
			look: func(m *simCardModel) attr.Value { return m.Tariff }, want: null},
		{name: "no text, unknown", before: simCardModel{Tariff: unknown},
			look: func(m *simCardModel) attr.Value { return m.Tariff }, want: null},
		{name: "a configured empty text is no text", before: simCardModel{Tariff: types.StringValue("")},
			look: func(m *simCardModel) attr.Value { return m.Tariff }, want: types.StringValue("")},
		{name: "na is a text", card: accounts.SIMCard{PurchaseOrder: new("na")},
			look: func(m *simCardModel) attr.Value { return m.PurchaseOrder }, want: types.StringValue("na")},
		{name: "seven digits", card: accounts.SIMCard{ProviderStartDate: date("2024-05-01T08:00:00.1234567Z")},
			look: func(m *simCardModel) attr.Value { return m.ProviderStartDate },
			want: types.StringValue("2024-05-01T08:00:00.1234567Z")},
		{name: "no zone", card: accounts.SIMCard{Created: date("2024-05-01T08:00:00")},
			look: func(m *simCardModel) attr.Value { return m.Created }, want: types.StringValue("2024-05-01T08:00:00Z")},
		{name: "the user's spelling", before: simCardModel{ProviderStartDate: types.StringValue("2024-05-01T10:00:00+02:00")},
			card: accounts.SIMCard{ProviderStartDate: date("2024-05-01T08:00:00.0000000Z")},
			look: func(m *simCardModel) attr.Value { return m.ProviderStartDate },
			want: types.StringValue("2024-05-01T10:00:00+02:00")},
		{name: "finer than the service keeps",
			before: simCardModel{ProviderStartDate: types.StringValue("2024-05-01T08:00:00.123456789Z")},
			card:   accounts.SIMCard{ProviderStartDate: date("2024-05-01T08:00:00.1234567Z")},
			look:   func(m *simCardModel) attr.Value { return m.ProviderStartDate },
			want:   types.StringValue("2024-05-01T08:00:00.123456789Z")},
		{name: "no date", before: simCardModel{ProviderStartDate: types.StringValue("2024-05-01T10:00:00+02:00")},
			look: func(m *simCardModel) attr.Value { return m.ProviderStartDate }, want: null},
		{name: "no attributes", look: func(m *simCardModel) attr.Value { return m.ForeignAttributes },
			want: types.MapNull(types.StringType)},
		{name: "none where none were asked for", before: simCardModel{ForeignAttributes: textMap()},
			look: func(m *simCardModel) attr.Value { return m.ForeignAttributes }, want: textMap()},
		{name: "none where some were asked for", before: simCardModel{ForeignAttributes: textMap("a", "b")},
			look: func(m *simCardModel) attr.Value { return m.ForeignAttributes }, want: types.MapNull(types.StringType)},
		{name: "empty attributes", card: accounts.SIMCard{ForeignAttributes: map[string]string{}},
			look: func(m *simCardModel) attr.Value { return m.ForeignAttributes }, want: textMap()},
		{name: "attributes", card: accounts.SIMCard{ForeignAttributes: map[string]string{"a": "b"}},
			look: func(m *simCardModel) attr.Value { return m.ForeignAttributes }, want: textMap("a", "b")},
		{name: "terminated", card: accounts.SIMCard{State: 100}, look: func(m *simCardModel) attr.Value { return m.State },
			want: types.StringValue("terminated")},
		{name: "a new state", card: accounts.SIMCard{State: 7}, look: func(m *simCardModel) attr.Value { return m.State },
			want: types.StringValue("unknown(7)")},
		{name: "stalled", card: accounts.SIMCard{ActorStatus: 10},
			look: func(m *simCardModel) attr.Value { return m.ActorStatus }, want: types.StringValue("stalled")},
		{name: "activation", card: accounts.SIMCard{NetworkStatus: 10},
			look: func(m *simCardModel) attr.Value { return m.NetworkStatus }, want: types.StringValue("activation")},
		{name: "a large version", card: accounts.SIMCard{Version: 1 << 40},
			look: func(m *simCardModel) attr.Value { return m.Version }, want: types.Int64Value(1 << 40)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := c.before
			m.setCard(&c.card)
			if got := c.look(&m); !got.Equal(c.want) {
				t.Errorf("%v, not %v", got, c.want)
			}
		})
	}
}

func TestSIMCardModel_changedFields(t *testing.T) {
	t.Parallel()
	when := time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC)
	live := accounts.StateLive
	prior := simCardModel{
		SIMNumber: types.StringValue("8945010000000000017"), Description: types.StringValue("old"),
		Tariff: types.StringNull(),
		Bundle: types.StringValue("s"), State: types.StringValue("ready"),
		ProviderStartDate: types.StringValue("2024-05-01T08:00:00Z"), ForeignAttributes: textMap("a", "b", "e", "f"),
	}
	bundle := func(m *simCardModel) { m.Bundle = types.StringValue("l") }
	for _, c := range []struct {
		name  string
		plan  func(*simCardModel)
		live  func(*simCardModel)
		want  accounts.Fields
		text  string // of the warning and of last_change
		moved bool   // the SIM shows something else than the plan said
	}{
		{name: "nothing"},
		{name: "free text is named, never quoted", plan: func(m *simCardModel) { m.Description = types.StringValue("new") },
			want: accounts.Fields{Description: new("new")}, text: "description changes"},
		{name: "a text", plan: bundle, want: accounts.Fields{Bundle: new("l")}, text: "bundle s -> l"},
		{name: "a text that the live SIM shows already", plan: bundle, live: bundle,
			want: accounts.Fields{Bundle: new("l")}, text: "bundle s -> l"},
		{name: "a text that is another by now", plan: bundle,
			live: func(m *simCardModel) { m.Bundle = types.StringValue("m") },
			want: accounts.Fields{Bundle: new("l")}, text: "bundle s -> l", moved: true},
		{name: "a text that nobody asks for", live: func(m *simCardModel) { m.Bundle = types.StringValue("m") }},
		{name: "an emptied text", plan: func(m *simCardModel) { m.Bundle = types.StringValue("") },
			want: accounts.Fields{Bundle: new("")}, text: "bundle s -> (none)"},
		{name: "an empty text where there is none", plan: func(m *simCardModel) { m.Tariff = types.StringValue("") }},
		{name: "a text not known yet", plan: func(m *simCardModel) { m.Tariff = types.StringUnknown() },
			text: "tariff (none) -> (known after apply)"},
		{name: "no text", plan: func(m *simCardModel) { m.Description = types.StringNull() }},
		{name: "another spelling of one SIM",
			plan: func(m *simCardModel) { m.SIMNumber = types.StringValue("8945010000000000017F") }},
		{name: "another SIM, as it is printed",
			plan: func(m *simCardModel) { m.SIMNumber = types.StringValue("8945 0100 0000 0000 025F") },
			want: accounts.Fields{SIMNumber: new("8945010000000000025")},
			text: "sim_number 8945010000000000017 -> 8945 0100 0000 0000 025F"},
		{name: "a state", plan: func(m *simCardModel) { m.State = types.StringValue("live") },
			want: accounts.Fields{State: &live}, text: "state ready -> live"},
		{name: "a state that is another by now", plan: func(m *simCardModel) { m.State = types.StringValue("live") },
			live: func(m *simCardModel) { m.State = types.StringValue("bar") },
			want: accounts.Fields{State: &live}, text: "state ready -> live", moved: true},
		{name: "a date in other spelling",
			plan: func(m *simCardModel) { m.ProviderStartDate = types.StringValue("2024-05-01T10:00:00+02:00") }},
		{name: "another date",
			plan: func(m *simCardModel) { m.ProviderStartDate = types.StringValue("2024-05-01T09:00:01+01:00") },
			want: accounts.Fields{ProviderStartDate: new(when.Add(time.Second))},
			text: "provider_start_date 2024-05-01T08:00:00Z -> 2024-05-01T09:00:01+01:00"},
		{name: "attributes are named by key", plan: func(m *simCardModel) {
			m.ForeignAttributes = textMap("c", "d", "a",
				"x")
		},
			want: accounts.Fields{ForeignAttributes: map[string]string{"a": "x", "c": "d"}},
			text: "foreign_attributes changes (a, c, e)"},
		{name: "attributes that are others by now", plan: func(m *simCardModel) { m.ForeignAttributes = textMap() },
			live: func(m *simCardModel) { m.ForeignAttributes = textMap("y", "z") },
			want: accounts.Fields{ForeignAttributes: map[string]string{}}, text: "foreign_attributes changes (a, e)",
			moved: true},
		{name: "attributes not known yet",
			plan: func(m *simCardModel) { m.ForeignAttributes = types.MapUnknown(types.StringType) },
			text: "foreign_attributes changes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			plan, now := prior, prior
			if c.plan != nil {
				c.plan(&plan)
			}
			if c.live != nil {
				c.live(&now)
			}
			got, err := plan.changedFields(context.Background(), &prior)
			if err != nil {
				t.Fatal(err)
			}
			if got.ProviderStartDate != nil {
				got.ProviderStartDate = new(got.ProviderStartDate.UTC())
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("sent is %+v, not %+v", got, c.want)
			}
			if text := livechange.Fields(plan.changes(&prior, &prior)); text != c.text {
				t.Errorf("the plan says %q, not %q", text, c.text)
			}
			if moved := plan.from(&prior, &prior) != plan.from(&prior, &now); moved != c.moved {
				t.Errorf("moved: %v", moved)
			}
		})
	}
}

// While a change is going on, state shows what was asked for, and of the rest what the service shows.
func TestSIMCardModel_settleAsked(t *testing.T) {
	t.Parallel()
	asked := simCardModel{Description: types.StringValue("asked"), State: types.StringValue("live"),
		ForeignAttributes: textMap("a", "b"),
		ProviderStartDate: types.StringNull(), Tariff: types.StringNull()}
	m := asked
	m.setCard(&accounts.SIMCard{Description: new("old"), Tariff: new("gold"), Version: 4})
	m.settleAsked(&asked)
	if m.Description.ValueString() != "asked" || m.State.ValueString() != "live" ||
		!m.ForeignAttributes.Equal(textMap("a", "b")) {
		t.Errorf("what was asked for is lost: %+v", m)
	}
	if m.Tariff.ValueString() != "gold" || m.Version.ValueInt64() != 4 || !m.ProviderStartDate.IsNull() {
		t.Errorf("what the service shows is lost: %+v", m)
	}
}

// After an apply nothing is unknown, and what was planned stands as planned.
func TestSIMCardModel_settle(t *testing.T) {
	t.Parallel()
	unknown := types.StringUnknown()
	planned := simCardModel{
		AccountKey: types.StringValue("acme"), CLI: types.StringValue("001010000000001"), ID: unknown,
		Description: types.StringValue("planned"),
		Tariff:      unknown, State: unknown, ActorStatus: unknown, NetworkStatus: unknown, InternalSOC: unknown,
		Created:           unknown,
		ProviderStartDate: unknown, ForeignAttributes: types.MapUnknown(types.StringType), Version: types.Int64Unknown(),
	}
	m := planned
	m.settle(&planned)
	v := reflect.ValueOf(m)
	for i := range v.NumField() {
		if value, ok := reflect.TypeAssert[attr.Value](v.Field(i)); ok && value.IsUnknown() {
			t.Errorf("%s is unknown", v.Type().Field(i).Name)
		}
	}
	m = planned
	m.setCard(&accounts.SIMCard{Description: new("live"), Tariff: new("gold"), Version: 4})
	m.settle(&planned)
	if m.Description.ValueString() != "planned" || m.Tariff.ValueString() != "gold" || m.Version.ValueInt64() != 4 {
		t.Errorf("%+v", m)
	}
}

func TestSIMCardPatterns(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"001010000000001": true, "00101000000001": true, "0010100000000012": true, "(+353)870000001": true,
		"(353)87000": true, "(++1)12345": true,
		"+353870000001": false, "353870000001": false, "(353)1234": false, "00101000000000123": false,
		"(+353) 870000001": false, "": false,
		"001010000000001\n": false,
	} {
		if got := cliPattern.MatchString(text); got != want {
			t.Errorf("cli %q: %t", text, got)
		}
	}
	for text, want := range map[string]bool{
		"acme-fleet": true, "A b.c_1": true, "123456789012345678901234": true, "1234567890123456789012345": false,
		"a/b": false, "": false,
	} {
		if got := accountKeyPattern.MatchString(text); got != want {
			t.Errorf("account_key %q: %t", text, got)
		}
	}
}
