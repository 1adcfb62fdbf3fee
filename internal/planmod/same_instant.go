// Package planmod holds the plan modifiers that the framework lacks, one a file.
package planmod

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
)

// SameInstant keeps the value in state while the configuration names the same point in time in another spelling
// (another zone, more digits), so that a spelling is no change.
func SameInstant() planmodifier.String { return sameInstant{} }

type sameInstant struct{}

func (sameInstant) Description(context.Context) string {
	return "Equal points in time in another spelling are no change."
}

func (m sameInstant) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

func (sameInstant) PlanModifyString(
	_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse,
) {
	if req.StateValue.IsNull() || req.PlanValue.IsNull() || req.PlanValue.IsUnknown() {
		return
	}
	was, err := time.Parse(time.RFC3339, req.StateValue.ValueString())
	if err != nil {
		return
	}
	now, err := time.Parse(time.RFC3339, req.PlanValue.ValueString())
	if err == nil && now.Equal(was) {
		resp.PlanValue = req.StateValue
	}
}
