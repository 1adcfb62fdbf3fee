package planmod

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestSameInstant(t *testing.T) {
	t.Parallel()
	const utc, other = "2024-05-01T08:00:00Z", "2024-05-01T10:00:00.000+02:00"
	for _, c := range []struct {
		name              string
		state, plan, want types.String
	}{
		{"another zone", types.StringValue(utc), types.StringValue(other), types.StringValue(utc)},
		{"the same text", types.StringValue(utc), types.StringValue(utc), types.StringValue(utc)},
		{"another instant", types.StringValue(utc), types.StringValue("2024-05-01T08:00:00+02:00"),
			types.StringValue("2024-05-01T08:00:00+02:00")},
		{"none in state", types.StringNull(), types.StringValue(utc), types.StringValue(utc)},
		{"none in the plan", types.StringValue(utc), types.StringNull(), types.StringNull()},
		{"not known yet", types.StringValue(utc), types.StringUnknown(), types.StringUnknown()},
		{"no time in state", types.StringValue("na"), types.StringValue(utc), types.StringValue(utc)},
		{"no time in the plan", types.StringValue(utc), types.StringValue("soon"), types.StringValue("soon")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			resp := planmodifier.StringResponse{PlanValue: c.plan}
			SameInstant().PlanModifyString(context.Background(),
				planmodifier.StringRequest{StateValue: c.state, PlanValue: c.plan}, &resp)
			if !resp.PlanValue.Equal(c.want) || resp.Diagnostics.HasError() {
				t.Errorf("planned is %v, not %v; %v", resp.PlanValue, c.want, resp.Diagnostics)
			}
		})
	}
}
