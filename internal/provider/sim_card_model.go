package provider

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/simfleet/terraform-provider-telco/internal/api/accounts"
	"github.com/simfleet/terraform-provider-telco/internal/identity"
	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

type simCardModel struct {
	ID                 types.String   `tfsdk:"id"`
	AccountKey         types.String   `tfsdk:"account_key"`
	CLI                types.String   `tfsdk:"cli"`
	SIMNumber          types.String   `tfsdk:"sim_number"`
	Description        types.String   `tfsdk:"description"`
	InventoryRef       types.String   `tfsdk:"inventory_ref"`
	Tariff             types.String   `tfsdk:"tariff"`
	Bundle             types.String   `tfsdk:"bundle"`
	Operator           types.String   `tfsdk:"operator"`
	SOC                types.String   `tfsdk:"soc"`
	PurchaseOrder      types.String   `tfsdk:"purchase_order"`
	SIMProvider        types.String   `tfsdk:"sim_provider"`
	ProviderTariff     types.String   `tfsdk:"provider_tariff"`
	ProviderPrice      types.String   `tfsdk:"provider_price"`
	ProviderStartDate  types.String   `tfsdk:"provider_start_date"`
	State              types.String   `tfsdk:"state"`
	ForeignAttributes  types.Map      `tfsdk:"foreign_attributes"`
	Hints              types.Object   `tfsdk:"hints"`
	DeletionProtection types.Bool     `tfsdk:"deletion_protection"`
	Version            types.Int64    `tfsdk:"version"`
	ActorStatus        types.String   `tfsdk:"actor_status"`
	NetworkStatus      types.String   `tfsdk:"network_status"`
	InternalSOC        types.String   `tfsdk:"internal_soc"`
	Created            types.String   `tfsdk:"created"`
	OperationStatus    types.String   `tfsdk:"operation_status"`
	LastChange         types.String   `tfsdk:"last_change"`
	Timeouts           timeouts.Value `tfsdk:"timeouts"`
}

type hintsModel struct {
	BillingCycleDay types.Int64  `tfsdk:"billing_cycle_day"`
	EmailContact    types.String `tfsdk:"email_contact"`
	TenantID        types.String `tfsdk:"tenant_id"`
}

// simCardText is one of the texts that the user may set and the service may fill: in Terraform, in a read SIM card,
// and in what is sent.
type simCardText struct {
	name  string
	free  bool // the user's own words, which are never quoted
	model func(*simCardModel) *types.String
	card  func(*accounts.SIMCard) *string
	sent  func(*accounts.Fields) **string
}

var simCardTexts = []simCardText{
	{"sim_number", false, func(m *simCardModel) *types.String { return &m.SIMNumber },
		func(c *accounts.SIMCard) *string { return c.SIMNumber }, func(f *accounts.Fields) **string { return &f.SIMNumber }},
	{"description", true, func(m *simCardModel) *types.String { return &m.Description },
		func(c *accounts.SIMCard) *string { return c.Description },
		func(f *accounts.Fields) **string { return &f.Description }},
	{"inventory_ref", true, func(m *simCardModel) *types.String { return &m.InventoryRef },
		func(c *accounts.SIMCard) *string { return c.InventoryRef },
		func(f *accounts.Fields) **string { return &f.InventoryRef }},
	{"tariff", false, func(m *simCardModel) *types.String { return &m.Tariff },
		func(c *accounts.SIMCard) *string { return c.Tariff }, func(f *accounts.Fields) **string { return &f.Tariff }},
	{"bundle", false, func(m *simCardModel) *types.String { return &m.Bundle },
		func(c *accounts.SIMCard) *string { return c.Bundle }, func(f *accounts.Fields) **string { return &f.Bundle }},
	{"operator", false, func(m *simCardModel) *types.String { return &m.Operator },
		func(c *accounts.SIMCard) *string { return c.Operator }, func(f *accounts.Fields) **string { return &f.Operator }},
	{"soc", false, func(m *simCardModel) *types.String { return &m.SOC },
		func(c *accounts.SIMCard) *string { return c.SOC }, func(f *accounts.Fields) **string { return &f.SOC }},
	{"purchase_order", true, func(m *simCardModel) *types.String { return &m.PurchaseOrder },
		func(c *accounts.SIMCard) *string { return c.PurchaseOrder },
		func(f *accounts.Fields) **string { return &f.PurchaseOrder }},
	{"sim_provider", false, func(m *simCardModel) *types.String { return &m.SIMProvider },
		func(c *accounts.SIMCard) *string { return c.Provider }, func(f *accounts.Fields) **string { return &f.Provider }},
	{"provider_tariff", false, func(m *simCardModel) *types.String { return &m.ProviderTariff },
		func(c *accounts.SIMCard) *string { return c.ProviderTariff },
		func(f *accounts.Fields) **string { return &f.ProviderTariff }},
	{"provider_price", false, func(m *simCardModel) *types.String { return &m.ProviderPrice },
		func(c *accounts.SIMCard) *string { return c.ProviderPrice },
		func(f *accounts.Fields) **string { return &f.ProviderPrice }},
}

// setCard takes over a SIM card as read. A configured "" stays while the service has nothing, and a date keeps its
// spelling while it names the same instant.
func (m *simCardModel) setCard(c *accounts.SIMCard) {
	m.ID = simCardID(m.AccountKey, m.CLI)
	for _, text := range simCardTexts {
		value := text.model(m)
		live := types.StringPointerValue(text.card(c))
		if live.IsNull() && value.ValueString() == "" && !value.IsNull() && !value.IsUnknown() {
			continue
		}
		if text.name == "sim_number" && isSet(*value) && identity.SameICC(value.ValueString(), live.ValueString()) {
			continue // another spelling of the same SIM is no drift
		}
		*value = live
	}
	m.ProviderStartDate = dateValue(m.ProviderStartDate, c.ProviderStartDate)
	m.State = types.StringValue(c.State.String())
	m.ForeignAttributes = attributesValue(m.ForeignAttributes, c.ForeignAttributes)
	m.Version = types.Int64Value(c.Version)
	m.ActorStatus = types.StringValue(c.ActorStatus.String())
	m.NetworkStatus = types.StringValue(c.NetworkStatus.String())
	m.InternalSOC = types.StringPointerValue(c.InternalSOC)
	m.Created = dateValue(m.Created, c.Created)
}

// settle makes known what a plan left unknown: planned values stay, since Terraform refuses any other; the next
// refresh shows what differs.
func (m *simCardModel) settle(planned *simCardModel) {
	m.ID = simCardID(m.AccountKey, m.CLI)
	for _, text := range simCardTexts {
		*text.model(m) = keepPlanned(*text.model(m), *text.model(planned))
	}
	m.ProviderStartDate = keepPlanned(m.ProviderStartDate, planned.ProviderStartDate)
	m.State = keepPlanned(m.State, planned.State)
	m.ActorStatus = keepPlanned(m.ActorStatus, planned.ActorStatus)
	m.NetworkStatus = keepPlanned(m.NetworkStatus, planned.NetworkStatus)
	m.InternalSOC = keepPlanned(m.InternalSOC, planned.InternalSOC)
	m.Created = keepPlanned(m.Created, planned.Created)
	switch {
	case !planned.ForeignAttributes.IsUnknown():
		m.ForeignAttributes = planned.ForeignAttributes
	case m.ForeignAttributes.IsUnknown():
		m.ForeignAttributes = types.MapNull(types.StringType)
	}
	switch {
	case !planned.Version.IsUnknown():
		m.Version = planned.Version
	case m.Version.IsUnknown():
		m.Version = types.Int64Null()
	}
}

// settleAsked keeps what was asked for while its change goes on; what nobody asked for is as the service shows it.
func (m *simCardModel) settleAsked(asked *simCardModel) {
	keep := func(value *types.String, asked types.String) {
		if !asked.IsNull() {
			*value = asked
		}
	}
	for _, text := range simCardTexts {
		keep(text.model(m), *text.model(asked))
	}
	keep(&m.ProviderStartDate, asked.ProviderStartDate)
	keep(&m.State, asked.State)
	if !asked.ForeignAttributes.IsNull() {
		m.ForeignAttributes = asked.ForeignAttributes
	}
}

// changedFields is what the plan asks for and the prior state does not hold; prior is nil on creation. Values that
// are null or not known yet ask for nothing.
func (m *simCardModel) changedFields(ctx context.Context, prior *simCardModel) (accounts.Fields, error) {
	var f accounts.Fields
	for _, text := range simCardTexts {
		value := *text.model(m)
		if isSet(value) && (prior == nil || !text.same(value, *text.model(prior))) {
			*text.sent(&f) = new(text.wire(value.ValueString()))
		}
	}
	if isSet(m.ProviderStartDate) && (prior == nil || !sameInstant(m.ProviderStartDate, prior.ProviderStartDate)) {
		t, err := time.Parse(time.RFC3339, m.ProviderStartDate.ValueString())
		if err != nil {
			return f, err
		}
		f.ProviderStartDate = &t
	}
	if isSet(m.State) && (prior == nil || !m.State.Equal(prior.State)) {
		state, err := accounts.ParseState(m.State.ValueString())
		if err != nil {
			return f, err
		}
		f.State = &state
	}
	if isSet(m.ForeignAttributes) && (prior == nil || !sameMap(m.ForeignAttributes, prior.ForeignAttributes)) {
		f.ForeignAttributes = stringMap(ctx, m.ForeignAttributes)
	}
	return f, nil
}

// sameText takes an empty text for none, as the service does: going from one to the other sends nothing.
func sameText(a, b types.String) bool {
	return !a.IsUnknown() && !b.IsUnknown() && a.ValueString() == b.ValueString()
}

func sameMap(a, b types.Map) bool {
	return a.Equal(b) || !a.IsUnknown() && !b.IsUnknown() && len(a.Elements()) == 0 && len(b.Elements()) == 0
}

// same compares two values of the text.
func (t simCardText) same(a, b types.String) bool {
	return sameText(a, b) || t.name == "sim_number" && isSet(a) && isSet(b) &&
		identity.SameICC(a.ValueString(), b.ValueString())
}

// wire is the form in which a value is sent: an ICCID without blanks and a trailing F.
func (t simCardText) wire(value string) string {
	if t.name != "sim_number" {
		return value
	}
	if digits, err := identity.Clean(value); err == nil {
		return digits
	}
	return value
}

// changes lists each argument that would be sent, with what now shows of it; those that are not known yet too. prior is
// the state that decides what would be sent.
func (m *simCardModel) changes(prior, now *simCardModel) []livechange.Field {
	var out []livechange.Field
	for _, t := range simCardTexts {
		value := *t.model(m)
		if !value.IsNull() && !t.same(value, *t.model(prior)) {
			out = append(out, livechange.Field{Name: t.name, From: displayValue(*t.model(now)), To: displayValue(value),
				Hidden: t.free})
		}
	}
	if !m.State.IsNull() && !sameText(m.State, prior.State) {
		out = append(out, livechange.Field{Name: "state", From: displayValue(now.State), To: displayValue(m.State)})
	}
	if !m.ProviderStartDate.IsNull() && !sameInstant(m.ProviderStartDate, prior.ProviderStartDate) {
		out = append(out, livechange.Field{Name: "provider_start_date", From: displayValue(now.ProviderStartDate),
			To: displayValue(m.ProviderStartDate)})
	}
	if !m.ForeignAttributes.IsNull() && !sameMap(m.ForeignAttributes, prior.ForeignAttributes) {
		out = append(out, livechange.Field{Name: "foreign_attributes", Hidden: true,
			Keys: changedKeys(prior.ForeignAttributes, m.ForeignAttributes)})
	}
	return out
}

// from is what the SIM card now shows of the arguments that would be sent, for comparing it with what the plan said. An
// argument that shows what is wanted by now counts as it was: nobody has moved it elsewhere.
func (m *simCardModel) from(prior, now *simCardModel) string {
	var b strings.Builder
	add := func(name string, sent, wanted bool, was, is string) {
		if !sent {
			return
		}
		if wanted {
			is = was
		}
		fmt.Fprintf(&b, "%s=%q\n", name, is)
	}
	for _, t := range simCardTexts {
		value, was, is := *t.model(m), *t.model(prior), *t.model(now)
		if t.same(was, is) {
			is = was
		}
		add(t.name, !value.IsNull() && !t.same(value, was), t.same(value, is), was.ValueString(), is.ValueString())
	}
	add("state", !m.State.IsNull() && !sameText(m.State, prior.State), sameText(m.State, now.State),
		prior.State.ValueString(), now.State.ValueString())
	date := now.ProviderStartDate
	if sameInstant(date, prior.ProviderStartDate) {
		date = prior.ProviderStartDate
	}
	add("provider_start_date", !m.ProviderStartDate.IsNull() && !sameInstant(m.ProviderStartDate, prior.ProviderStartDate),
		sameInstant(m.ProviderStartDate, date), prior.ProviderStartDate.ValueString(), date.ValueString())
	add("foreign_attributes", !m.ForeignAttributes.IsNull() && !sameMap(m.ForeignAttributes, prior.ForeignAttributes),
		sameMap(m.ForeignAttributes, now.ForeignAttributes), prior.ForeignAttributes.String(), now.ForeignAttributes.String())
	return b.String()
}

// changedKeys are the keys whose values differ; none where the map is not known yet.
func changedKeys(was, now types.Map) []string {
	if now.IsUnknown() {
		return nil
	}
	before, after := was.Elements(), now.Elements()
	var keys []string
	for key, value := range after {
		if old, ok := before[key]; !ok || !old.Equal(value) {
			keys = append(keys, key)
		}
	}
	for key := range before {
		if _, ok := after[key]; !ok {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func (m *simCardModel) createHints(ctx context.Context) (*accounts.Hints, error) {
	if m.Hints.IsNull() || m.Hints.IsUnknown() {
		return nil, nil
	}
	var h hintsModel
	if d := m.Hints.As(ctx, &h, basetypes.ObjectAsOptions{}); d.HasError() {
		return nil, fmt.Errorf("hints: %s", d[0].Detail())
	}
	return &accounts.Hints{
		BillingCycleDay: h.BillingCycleDay.ValueInt64Pointer(),
		EmailContact:    h.EmailContact.ValueStringPointer(),
		TenantID:        h.TenantID.ValueStringPointer(),
	}, nil
}

func simCardID(account, cli types.String) types.String {
	if account.IsUnknown() || cli.IsUnknown() {
		return types.StringUnknown()
	}
	return types.StringValue(account.ValueString() + "/" + cli.ValueString())
}

// dateValue is the service's date, in the spelling that is there already if it names the same instant.
func dateValue(spelled types.String, live *accounts.Date) types.String {
	if live == nil {
		return types.StringNull()
	}
	value := types.StringValue(live.Time.UTC().Format(time.RFC3339Nano))
	if sameInstant(spelled, value) {
		return spelled
	}
	return value
}

// sameInstant compares as exactly as the service keeps time, in steps of 100 ns.
func sameInstant(a, b types.String) bool {
	if a.Equal(b) {
		return true
	}
	const step = 100 * time.Nanosecond
	x, errX := time.Parse(time.RFC3339, a.ValueString())
	y, errY := time.Parse(time.RFC3339, b.ValueString())
	return errX == nil && errY == nil && x.UTC().Truncate(step).Equal(y.UTC().Truncate(step))
}

// attributesValue is the service's map; a configured empty one stays while the service has none.
func attributesValue(configured types.Map, live map[string]string) types.Map {
	if len(live) == 0 && !configured.IsNull() && !configured.IsUnknown() && len(configured.Elements()) == 0 {
		return configured
	}
	if live == nil {
		return types.MapNull(types.StringType)
	}
	elements := make(map[string]attr.Value, len(live))
	for key, value := range live {
		elements[key] = types.StringValue(value)
	}
	return types.MapValueMust(types.StringType, elements)
}

func stringMap(ctx context.Context, value types.Map) map[string]string {
	out := map[string]string{}
	value.ElementsAs(ctx, &out, false)
	return out
}
