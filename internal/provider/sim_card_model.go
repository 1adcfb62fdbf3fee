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

// changedFields is what the plan asks for and the prior state does not hold; prior is nil on creation. Values that
// are null or not known yet ask for nothing.
func (m *simCardModel) changedFields(ctx context.Context, prior *simCardModel) (accounts.Fields, error) {
	var f accounts.Fields
	for _, text := range simCardTexts {
		value := *text.model(m)
		if asks(value) && (prior == nil || !value.Equal(*text.model(prior))) {
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
	if asks(m.ForeignAttributes) && (prior == nil || !m.ForeignAttributes.Equal(prior.ForeignAttributes)) {
		f.ForeignAttributes = stringMap(ctx, m.ForeignAttributes)
	}
	return f, nil
}

func asks(value attr.Value) bool { return !value.IsNull() && !value.IsUnknown() }

// differences lists each changed argument as "name: old -> new", and those that are not known yet, for a warning.
func (m *simCardModel) differences(prior *simCardModel) []string {
	var out []string
	add := func(name string, now, was attr.Value, show func(attr.Value) string) {
		if !now.IsNull() && !now.Equal(was) {
			out = append(out, fmt.Sprintf("%s %s -> %s", name, show(was), show(now)))
		}
	}
	text := func(v attr.Value) string {
		s, ok := v.(types.String)
		if !ok {
			return v.String()
		}
		return shown(s)
	}
	for _, t := range simCardTexts {
		add(t.name, *t.model(m), *t.model(prior), text)
	}
	if !sameInstant(m.ProviderStartDate, prior.ProviderStartDate) {
		add("provider_start_date", m.ProviderStartDate, prior.ProviderStartDate, text)
	}
	add("state", m.State, prior.State, text)
	add("foreign_attributes", m.ForeignAttributes, prior.ForeignAttributes, mapText)
	return out
}

func mapText(v attr.Value) string {
	m, ok := v.(types.Map)
	switch {
	case !ok || m.IsUnknown():
		return "(known after apply)"
	case m.IsNull():
		return "(none)"
	}
	elements := m.Elements()
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(elements)) {
		parts = append(parts, key+"="+strings.Trim(elements[key].String(), `"`))
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

func sameInstant(a, b types.String) bool {
	if a.Equal(b) {
		return true
	}
	x, errX := time.Parse(time.RFC3339, a.ValueString())
	y, errY := time.Parse(time.RFC3339, b.ValueString())
	return errX == nil && errY == nil && x.Equal(y)
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
