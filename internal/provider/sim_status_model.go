package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/cmo"
)

type simStatusModel struct {
	ID              types.String   `tfsdk:"id"`
	ProductID       types.String   `tfsdk:"product_id"`
	Status          types.String   `tfsdk:"status"`
	StatusOnDestroy types.String   `tfsdk:"status_on_destroy"`
	Backend         types.String   `tfsdk:"backend"`
	ICCID           types.String   `tfsdk:"iccid"`
	IMSI            types.String   `tfsdk:"imsi"`
	MSISDN          types.String   `tfsdk:"msisdn"`
	IMEI            types.String   `tfsdk:"imei"`
	ProductStatus   types.String   `tfsdk:"product_status"`
	OperationStatus types.String   `tfsdk:"operation_status"`
	Timeouts        timeouts.Value `tfsdk:"timeouts"`
}

// setProduct takes over what the service says of a SIM, all but the status: that depends on what was asked for.
func (m *simStatusModel) setProduct(p *cmo.Product) {
	m.ID = m.ProductID
	m.Backend = orNull(p.Backend)
	m.ProductStatus = orNull(p.Status)
	if p.SIMCard == nil {
		return
	}
	m.ICCID = orNull(p.SIMCard.ICCID)
	m.IMSI = orNull(p.SIMCard.IMSI)
	m.MSISDN = orNull(p.SIMCard.MSISDN)
	m.IMEI = orNull(p.SIMCard.IMEI)
}

// setLiveStatus takes over the live status; the configured word stays while the live one fulfils it.
func (m *simStatusModel) setLiveStatus(live string) {
	if !cmo.Fulfils(m.Status.ValueString(), live) {
		m.Status = types.StringValue(live)
	}
}

// settle makes known what a plan left unknown: computed values keep what was planned, and become null where neither
// plan nor service has one.
func (m *simStatusModel) settle(planned *simStatusModel) {
	m.ID = m.ProductID
	for _, v := range []struct{ value, planned *types.String }{
		{&m.Backend, &planned.Backend},
		{&m.ICCID, &planned.ICCID},
		{&m.IMSI, &planned.IMSI},
		{&m.MSISDN, &planned.MSISDN},
		{&m.IMEI, &planned.IMEI},
		{&m.ProductStatus, &planned.ProductStatus},
	} {
		*v.value = keepPlanned(*v.value, *v.planned)
	}
}

// orNull is null for "": the service has none.
func orNull(text string) types.String {
	if text == "" {
		return types.StringNull()
	}
	return types.StringValue(text)
}

// keepPlanned is the planned value where the plan was definite, since Terraform refuses any other; the next refresh
// shows what differs. Else it is the service's value, or null.
func keepPlanned(value, planned types.String) types.String {
	switch {
	case !planned.IsUnknown():
		return planned
	case value.IsUnknown():
		return types.StringNull()
	}
	return value
}
