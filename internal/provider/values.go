package provider

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

// stateSetter is the part of a response's state that is written whole.
type stateSetter interface {
	Set(ctx context.Context, val any) diag.Diagnostics
}

// isSet says whether a value is there and known.
func isSet(value attr.Value) bool { return !value.IsNull() && !value.IsUnknown() }

// displayValue is how a value stands in a sentence of a plan.
func displayValue(value types.String) string {
	switch {
	case value.IsUnknown():
		return livechange.KnownAfterApply
	case value.IsNull() || value.ValueString() == "":
		return livechange.None
	}
	return value.ValueString()
}

// stringOrNull is null for "": the service has none.
func stringOrNull(text string) types.String {
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

// plural is a number of things.
func plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}
