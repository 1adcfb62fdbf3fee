package planmod

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestKeepSpelling(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ state, plan, want types.String }{
		"another spelling":   {types.StringValue("5f0c"), types.StringValue("5F0C"), types.StringValue("5f0c")},
		"something else":     {types.StringValue("5f0c"), types.StringValue("5f0d"), types.StringValue("5f0d")},
		"none in state":      {types.StringNull(), types.StringValue("5F0C"), types.StringValue("5F0C")},
		"none in the plan":   {types.StringValue("5f0c"), types.StringNull(), types.StringNull()},
		"not known yet":      {types.StringValue("5f0c"), types.StringUnknown(), types.StringUnknown()},
		"not known in state": {types.StringUnknown(), types.StringValue("5F0C"), types.StringValue("5F0C")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp := planmodifier.StringResponse{PlanValue: c.plan}
			KeepSpelling(strings.EqualFold).PlanModifyString(context.Background(),
				planmodifier.StringRequest{StateValue: c.state, PlanValue: c.plan}, &resp)
			if !resp.PlanValue.Equal(c.want) || resp.Diagnostics.HasError() {
				t.Errorf("planned is %v, not %v; %v", resp.PlanValue, c.want, resp.Diagnostics)
			}
		})
	}
}
