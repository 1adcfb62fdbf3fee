package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/simfleet/terraform-provider-telco/internal/api/accounts"
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
	model func(*simCardModel) *types.String
	card  func(*accounts.SIMCard) *string
	sent  func(*accounts.Fields) **string
}

var simCardTexts = []simCardText{
	{"sim_number", func(m *simCardModel) *types.String { return &m.SIMNumber },
		func(c *accounts.SIMCard) *string { return c.SIMNumber }, func(f *accounts.Fields) **string { return &f.SIMNumber }},
	{"description", func(m *simCardModel) *types.String { return &m.Description },
		func(c *accounts.SIMCard) *string { return c.Description }, func(f *accounts.Fields) **string { return &f.Description }},
	{"inventory_ref", func(m *simCardModel) *types.String { return &m.InventoryRef },
		func(c *accounts.SIMCard) *string { return c.InventoryRef }, func(f *accounts.Fields) **string { return &f.InventoryRef }},
	{"tariff", func(m *simCardModel) *types.String { return &m.Tariff },
		func(c *accounts.SIMCard) *string { return c.Tariff }, func(f *accounts.Fields) **string { return &f.Tariff }},
	{"bundle", func(m *simCardModel) *types.String { return &m.Bundle },
		func(c *accounts.SIMCard) *string { return c.Bundle }, func(f *accounts.Fields) **string { return &f.Bundle }},
	{"operator", func(m *simCardModel) *types.String { return &m.Operator },
		func(c *accounts.SIMCard) *string { return c.Operator }, func(f *accounts.Fields) **string { return &f.Operator }},
	{"soc", func(m *simCardModel) *types.String { return &m.SOC },
		func(c *accounts.SIMCard) *string { return c.SOC }, func(f *accounts.Fields) **string { return &f.SOC }},
	{"purchase_order", func(m *simCardModel) *types.String { return &m.PurchaseOrder },
		func(c *accounts.SIMCard) *string { return c.PurchaseOrder }, func(f *accounts.Fields) **string { return &f.PurchaseOrder }},
	{"sim_provider", func(m *simCardModel) *types.String { return &m.SIMProvider },
		func(c *accounts.SIMCard) *string { return c.Provider }, func(f *accounts.Fields) **string { return &f.Provider }},
	{"provider_tariff", func(m *simCardModel) *types.String { return &m.ProviderTariff },
		func(c *accounts.SIMCard) *string { return c.ProviderTariff }, func(f *accounts.Fields) **string { return &f.ProviderTariff }},
	{"provider_price", func(m *simCardModel) *types.String { return &m.ProviderPrice },
		func(c *accounts.SIMCard) *string { return c.ProviderPrice }, func(f *accounts.Fields) **string { return &f.ProviderPrice }},
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
		if asks(value) && (prior == nil || !sameText(value, *text.model(prior))) {
			*text.sent(&f) = value.ValueStringPointer()
		}
	}
	if asks(m.ProviderStartDate) && (prior == nil || !sameInstant(m.ProviderStartDate, prior.ProviderStartDate)) {
		t, err := time.Parse(time.RFC3339, m.ProviderStartDate.ValueString())
		if err != nil {
			return f, err
		}
		f.ProviderStartDate = &t
	}
	if asks(m.State) && (prior == nil || !m.State.Equal(prior.State)) {
		state, err := accounts.ParseState(m.State.ValueString())
		if err != nil {
			return f, err
		}
		f.State = &state
	}
	if asks(m.ForeignAttributes) && (prior == nil || !sameMap(m.ForeignAttributes, prior.ForeignAttributes)) {
		f.ForeignAttributes = stringMap(ctx, m.ForeignAttributes)
	}
	return f, nil
}

func asks(value attr.Value) bool { return !value.IsNull() && !value.IsUnknown() }

// sameText takes an empty text for none, as the service does: going from one to the other sends nothing.
func sameText(a, b types.String) bool {
	return !a.IsUnknown() && !b.IsUnknown() && a.ValueString() == b.ValueString()
}

func sameMap(a, b types.Map) bool {
	return a.Equal(b) || !a.IsUnknown() && !b.IsUnknown() && len(a.Elements()) == 0 && len(b.Elements()) == 0
}

// differences lists each argument that would be sent as "name: now -> wanted", for a warning; those that are not known
// yet too. prior is the state that decides what would be sent, now the live SIM as far as it is known.
func (m *simCardModel) differences(prior, now *simCardModel) []string {
	var out []string
	add := func(name string, sent, same bool, show func(*simCardModel) string) {
		if sent && !same {
			out = append(out, fmt.Sprintf("%s %s -> %s", name, show(now), show(m)))
		}
	}
	for _, t := range append(simCardTexts[:len(simCardTexts):len(simCardTexts)],
		simCardText{name: "state", model: func(m *simCardModel) *types.String { return &m.State }}) {
		value := *t.model(m)
		add(t.name, !value.IsNull() && !sameText(value, *t.model(prior)), sameText(value, *t.model(now)),
			func(m *simCardModel) string { return shown(*t.model(m)) })
	}
	add("provider_start_date", !m.ProviderStartDate.IsNull() && !sameInstant(m.ProviderStartDate, prior.ProviderStartDate),
		sameInstant(m.ProviderStartDate, now.ProviderStartDate), func(m *simCardModel) string { return shown(m.ProviderStartDate) })
	add("foreign_attributes", !m.ForeignAttributes.IsNull() && !sameMap(m.ForeignAttributes, prior.ForeignAttributes),
		sameMap(m.ForeignAttributes, now.ForeignAttributes), func(m *simCardModel) string { return mapText(m.ForeignAttributes) })
	return out
}

func mapText(m types.Map) string {
	switch {
	case m.IsUnknown():
		return "(known after apply)"
	case m.IsNull():
		return "(none)"
	}
	elements := m.Elements()
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(elements)) {
		if value, ok := elements[key].(types.String); ok {
			parts = append(parts, key+"="+shown(value))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
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
