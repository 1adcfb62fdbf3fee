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
	LastChange      types.String   `tfsdk:"last_change"`
	Timeouts        timeouts.Value `tfsdk:"timeouts"`
}

// setProduct takes over what the service says of a SIM, all but the status: that depends on what was asked for.
func (m *simStatusModel) setProduct(p *cmo.Product) {
	m.ID = m.ProductID
	m.Backend = stringOrNull(p.Backend)
	m.ProductStatus = stringOrNull(p.Status)
	if p.SIMCard == nil {
		return
	}
	m.ICCID = stringOrNull(p.SIMCard.ICCID)
	m.IMSI = stringOrNull(p.SIMCard.IMSI)
	m.MSISDN = stringOrNull(p.SIMCard.MSISDN)
	m.IMEI = stringOrNull(p.SIMCard.IMEI)
}

// setLiveStatus takes over the live status; the configured word stays while the live one fulfils it.
func (m *simStatusModel) setLiveStatus(live string) {
	if !cmo.Satisfies(m.Status.ValueString(), live) {
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
