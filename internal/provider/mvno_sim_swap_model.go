package provider

import (
	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/mvno"
	"github.com/simfleet/terraform-provider-telco/internal/identity"
)

type mvnoSIMSwapModel struct {
	ID                types.String   `tfsdk:"id"`
	AccountID         types.String   `tfsdk:"account_id"`
	NewSIM            types.String   `tfsdk:"new_sim"`
	Replaces          types.String   `tfsdk:"replaces"`
	Triggers          types.Map      `tfsdk:"triggers"`
	StoreCodes        types.Bool     `tfsdk:"store_codes"`
	PIN1              types.String   `tfsdk:"pin1"`
	PIN2              types.String   `tfsdk:"pin2"`
	PUK1              types.String   `tfsdk:"puk1"`
	PUK2              types.String   `tfsdk:"puk2"`
	SIMNumber         types.String   `tfsdk:"sim_number"`
	PreviousSIMNumber types.String   `tfsdk:"previous_sim_number"`
	IMSI              types.String   `tfsdk:"imsi"`
	Network           types.String   `tfsdk:"network"`
	FormFactor        types.String   `tfsdk:"form_factor"`
	AccountState      types.String   `tfsdk:"account_state"`
	OperationStatus   types.String   `tfsdk:"operation_status"`
	LastChange        types.String   `tfsdk:"last_change"`
	Timeouts          timeouts.Value `tfsdk:"timeouts"`
}

// take fills in what an account shows, and what a swap has answered: that is the newer of the two.
func (m *mvnoSIMSwapModel) take(account *mvno.Account, answered *mvno.SIM) {
	if account != nil {
		m.AccountState = stringOrNull(account.State)
		m.setSIM(account.SIM)
	}
	if answered != nil {
		m.setSIM(*answered)
		m.keepCodes(answered)
	}
}

// setSIM takes over the SIM that an account holds. What is known of another SIM goes: form factor and codes.
func (m *mvnoSIMSwapModel) setSIM(sim mvno.SIM) {
	if !identity.SameICC(m.SIMNumber.ValueString(), sim.SIMNumber) {
		m.FormFactor = types.StringNull()
		m.dropCodes()
	}
	m.SIMNumber = stringOrNull(sim.SIMNumber)
	m.IMSI = stringOrNull(sim.IMSI)
	m.Network = stringOrNull(sim.Network)
	if sim.FormFactor != "" {
		m.FormFactor = types.StringValue(sim.FormFactor)
	}
}

func (m *mvnoSIMSwapModel) dropCodes() {
	m.PIN1, m.PIN2, m.PUK1, m.PUK2 = types.StringNull(), types.StringNull(), types.StringNull(), types.StringNull()
}

// keepCodes keeps what a swap answered, if the user wants the codes in state.
func (m *mvnoSIMSwapModel) keepCodes(sim *mvno.SIM) {
	if m.StoreCodes.ValueBool() {
		m.PIN1, m.PIN2, m.PUK1, m.PUK2 = stringOrNull(sim.PIN1), stringOrNull(sim.PIN2), stringOrNull(sim.PUK1),
			stringOrNull(sim.PUK2)
	}
}

// known are the values that are known of the SIM and its account.
func (m *mvnoSIMSwapModel) known() []*types.String {
	return []*types.String{
		&m.PIN1, &m.PIN2, &m.PUK1, &m.PUK2, &m.SIMNumber, &m.PreviousSIMNumber, &m.IMSI, &m.Network, &m.FormFactor,
		&m.AccountState,
	}
}

// carry fills in what a plan left unknown from the prior state: a SIM that stays keeps its codes, which can't be read.
func (m *mvnoSIMSwapModel) carry(prior *mvnoSIMSwapModel) {
	before := prior.known()
	for i, value := range m.known() {
		if value.IsUnknown() {
			*value = *before[i]
		}
	}
}

// settle makes known what a plan left unknown.
func (m *mvnoSIMSwapModel) settle() {
	m.ID = m.AccountID
	for _, value := range m.known() {
		if value.IsUnknown() {
			*value = types.StringNull()
		}
	}
}
