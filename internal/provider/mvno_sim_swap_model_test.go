package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/mvno"
	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/identity"
)

func TestSwapDecide(t *testing.T) {
	t.Parallel()
	const a, b, c = "8945010000000000017", "8945010000000000025", "8945010000000000033"
	for _, test := range []struct {
		newSIM, replaces, held string
		want                   change.Action
	}{
		{newSIM: b, held: a, want: change.Send},
		{newSIM: b, held: b, want: change.Nothing},
		{newSIM: b, held: b + "F", want: change.Nothing},
		{newSIM: b, held: b + string(identity.CheckDigit(b)), want: change.Nothing},
		{newSIM: " " + b + "F", held: b, want: change.Nothing},
		{newSIM: b, replaces: a, held: a, want: change.Send},
		{newSIM: b, replaces: a + "F", held: a, want: change.Send},
		{newSIM: b, replaces: a, held: b, want: change.Nothing},
		{newSIM: b, replaces: a, held: c, want: change.Refuse},
		{newSIM: mvno.ESIM, held: a, want: change.Send},
		{newSIM: mvno.ESIM, replaces: a, held: a, want: change.Send},
		{newSIM: mvno.ESIM, replaces: a, held: a + "F", want: change.Send},
		{newSIM: mvno.ESIM, replaces: a, held: b, want: change.Nothing},
		{newSIM: mvno.AutoAssign, replaces: a, held: a, want: change.Send},
		{newSIM: mvno.AutoAssign, replaces: a, held: c, want: change.Nothing},
	} {
		subject := &swapSubject{services: &services{swapped: &swappedAccounts{}}, newSIM: test.newSIM,
			replaces: test.replaces}
		if got := subject.Decide(&mvno.Account{State: "ACTIVE",
			SIM: mvno.SIM{SIMNumber: test.held}}); got.Action != test.want {
			t.Errorf("new_sim %s, replaces %q, held %s: got %d, want %d", test.newSIM, test.replaces, test.held, got.Action,
				test.want)
		}
	}
}

// A code can't be read again: it stays as long as its SIM does, and no longer.
func TestSwapCodes(t *testing.T) {
	t.Parallel()
	const a, b = "8945010000000000017", "8945010000000000025"
	prior := mvnoSIMSwapModel{SIMNumber: types.StringValue(a), PIN1: types.StringValue("1111"),
		FormFactor: types.StringValue("NANO")}
	planned := mvnoSIMSwapModel{SIMNumber: types.StringUnknown(), PIN1: types.StringUnknown(),
		FormFactor: types.StringUnknown(), PUK1: types.StringNull()}

	same := planned
	same.carry(&prior)
	same.setSIM(mvno.SIM{SIMNumber: a + "F"})
	same.settle()
	if same.PIN1.ValueString() != "1111" || same.FormFactor.ValueString() != "NANO" || !same.PUK1.IsNull() {
		t.Errorf("the SIM is the same, yet the model says %+v", same)
	}
	other := planned
	other.carry(&prior)
	other.setSIM(mvno.SIM{SIMNumber: b})
	other.settle()
	if !other.PIN1.IsNull() || !other.FormFactor.IsNull() || other.SIMNumber.ValueString() != b {
		t.Errorf("the SIM is another one, yet the model says %+v", other)
	}
	for _, store := range []bool{false, true} {
		swapped := planned
		swapped.StoreCodes = types.BoolValue(store)
		swapped.setSIM(mvno.SIM{SIMNumber: b})
		swapped.keepCodes(&mvno.SIM{PIN1: "2222"})
		if kept := swapped.PIN1.ValueString() == "2222"; kept != store {
			t.Errorf("store_codes = %t, kept: %t", store, kept)
		}
	}
}
