package provider

import (
	"context"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/change"
)

// What operation_status says.
const (
	operationComplete = "complete"
	operationPending  = "pending"
	operationUnknown  = "unknown"
)

// operationTimeout is how long an operation is waited for where the user sets no timeout.
const operationTimeout = 30 * time.Minute

// operationStatus is what operation_status says of an operation whose end is not known; nil is none.
func operationStatus[T any](op *change.Op[T]) types.String {
	switch {
	case op == nil:
		return types.StringValue(operationComplete)
	case op.Unknown:
		return types.StringValue(operationUnknown)
	}
	return types.StringValue(operationPending)
}

// planNoop plans a creation that sends nothing. Terraform hands an apply nothing of its plan but the planned values,
// and holds the plan that it makes anew at apply to them: where the object has changed in between, that one has
// operation_status unknown, and Terraform refuses the apply.
func planNoop(ctx context.Context, plan *tfsdk.Plan, diags *diag.Diagnostics) {
	setPlanned(ctx, plan, map[string]any{"operation_status": operationComplete, "last_change": types.StringNull()}, diags)
}

// announces says whether a plan with that operation_status has announced a change.
func announces(operationStatus types.String) bool { return operationStatus.IsUnknown() }

// lastChange is what last_change says after an apply: what the plan said, where it was definite. Otherwise it is known
// only now: what was sent, or, where nothing was, what stood there before.
func lastChange(planned, before types.String, sent bool, text string) types.String {
	switch {
	case !planned.IsUnknown():
		return planned
	case sent:
		return types.StringValue(text)
	case before.IsUnknown():
		return types.StringNull()
	}
	return before
}

func operationStatusAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "`complete`; or, after trouble, `pending` (the service has accepted the last change, and it " +
			"was not " +
			"finished when the wait ended) or `unknown` (it was sent, and what became of it is not known). The next apply " +
			"picks a pending change up where it was and sends nothing again. A plan announces a live change exactly where " +
			"this is known after apply, unless nothing but a wait is left.",
	}
}

func lastChangeAttribute(example string) schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "The last live change that a plan of this resource announced, in the words of its warning: " +
			example +
			". It stands in the plan, also in a saved one, and what an apply sends is held to it. Null at first and after an " +
			"import. Free text and maps are named, never quoted.",
	}
}

func timeoutsAttribute(ctx context.Context, opts timeouts.Opts) schema.Attribute {
	attribute, ok := timeouts.Attributes(ctx, opts).(schema.SingleNestedAttribute)
	if !ok {
		return timeouts.Attributes(ctx, opts)
	}
	attribute.MarkdownDescription = "How long to wait for the service, as duration text such as `45m`. Default `30m` each."
	return attribute
}
