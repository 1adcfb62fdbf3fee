package planmod

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
)

type keepSpelling struct{ same func(a, b string) bool }

// KeepSpelling keeps the state's spelling of a value while the configuration names the same thing in another one: that
// is no difference, and replaces nothing.
func KeepSpelling(same func(a, b string) bool) planmodifier.String { return keepSpelling{same} }

func (keepSpelling) Description(context.Context) string {
	return "Another spelling of the same value is no difference."
}

func (k keepSpelling) MarkdownDescription(ctx context.Context) string { return k.Description(ctx) }

func (k keepSpelling) PlanModifyString(
	_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse,
) {
	if req.StateValue.IsNull() || req.PlanValue.IsNull() || req.PlanValue.IsUnknown() {
		return
	}
	if k.same(req.PlanValue.ValueString(), req.StateValue.ValueString()) {
		resp.PlanValue = req.StateValue
	}
}
