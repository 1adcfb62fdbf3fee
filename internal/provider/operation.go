package provider

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// What operation_status says.
const (
	operationComplete = "complete"
	operationPending  = "pending"
	operationUnknown  = "unknown"
)

// operationTimeout is how long an operation is waited for where the user sets no timeout.
const operationTimeout = 30 * time.Minute

// The keys of private state.
const (
	// operationKey holds the mark of an unfinished change.
	operationKey = "operation"
	// managedKey is there on every object that is not tainted: Terraform hands a tainted one to Delete without any
	// private state, which is how Delete recognises it.
	managedKey = "managed"
	// plannedKey is set while planning an existing object. The create leg of a replacement, which is planned without
	// state, finds it and knows that it is one.
	plannedKey = "planned"
	// silentKey is set where the plan of a destroy has announced no change; unlike other changes, a destroy is handed
	// the private state of its plan.
	silentKey = "silent"
)

type privateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

type privateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// mark is what private state keeps of a change that was sent and whose end is not known: enough to pick it up in
// another run. While it stands, the state carries what was asked for, so that the next plan shows nothing but
// operation_status going to be known after apply.
type mark[T any] struct {
	// Unknown says that it is not known whether the service executed the change; else it has accepted it.
	Unknown   bool `json:"unknown,omitempty"`
	Operation T    `json:"operation"`
}

func (m *mark[T]) status() types.String {
	switch {
	case m == nil:
		return types.StringValue(operationComplete)
	case m.Unknown:
		return types.StringValue(operationUnknown)
	default:
		return types.StringValue(operationPending)
	}
}

func readMark[T any](ctx context.Context, private privateReader, diags *diag.Diagnostics) *mark[T] {
	raw, d := private.GetKey(ctx, operationKey)
	diags.Append(d...)
	if len(raw) == 0 {
		return nil
	}
	var m mark[T]
	if err := json.Unmarshal(raw, &m); err != nil {
		unreadableMark(diags, err)
		return nil
	}
	return &m
}

func unreadableMark(diags *diag.Diagnostics, err error) {
	diags.AddError("Unreadable private state", "The record of an unfinished change can't be read: "+err.Error()+
		".\n\nIt may have been written by another version of this provider. Use that version to finish the change.")
}

// save keeps the mark; a nil one takes the old mark away.
func (m *mark[T]) save(ctx context.Context, private privateWriter, diags *diag.Diagnostics) {
	if m == nil {
		diags.Append(private.SetKey(ctx, operationKey, nil)...)
		return
	}
	setPrivate(ctx, private, operationKey, m, diags)
}

func setPrivate(ctx context.Context, private privateWriter, key string, value any, diags *diag.Diagnostics) {
	raw, err := json.Marshal(value)
	if err != nil {
		diags.AddError("Unable to keep private state", err.Error())
		return
	}
	diags.Append(private.SetKey(ctx, key, raw)...)
}

// markManaged notes that the object is ours and whole.
func markManaged(ctx context.Context, private privateWriter, diags *diag.Diagnostics) {
	setPrivate(ctx, private, managedKey, true, diags)
}

func isManaged(ctx context.Context, private privateReader, diags *diag.Diagnostics) bool {
	raw, d := private.GetKey(ctx, managedKey)
	diags.Append(d...)
	return len(raw) > 0
}

// removeFromState takes out an object that the service clearly does not know any more. Terraform hands its private
// state over to the plan of its re-creation, which must not pass for a replacement.
func removeFromState(ctx context.Context, resp *resource.ReadResponse) {
	resp.State.RemoveResource(ctx)
	resp.Diagnostics.Append(resp.Private.SetKey(ctx, plannedKey, nil)...)
}

// isReplacement says, in the create leg of a plan, that an object of the same identity stands in state: the user has
// asked for -replace.
func isReplacement(ctx context.Context, private privateReader, identity string, diags *diag.Diagnostics) bool {
	raw, d := private.GetKey(ctx, plannedKey)
	diags.Append(d...)
	var planned string
	return len(raw) > 0 && json.Unmarshal(raw, &planned) == nil && planned == identity
}

// changedSincePlan is the summary of an apply that would have to send what its plan has not announced.
const changedSincePlan = "Changed since the plan"

// planSilent plans operation_status as known, which says that nothing will be sent. Terraform hands an apply nothing of
// its plan but the planned values, and holds the plan that it makes anew at apply to them: where the object has changed
// in between, that one has operation_status unknown, and Terraform refuses the apply.
func planSilent(ctx context.Context, plan *tfsdk.Plan, diags *diag.Diagnostics) {
	diags.Append(plan.SetAttribute(ctx, path.Root("operation_status"), operationComplete)...)
}

// announces says whether a plan with that operation_status has announced a change.
func announces(operationStatus types.String) bool { return operationStatus.IsUnknown() }

// planDestroySilent notes whether the plan of a destroy has announced a change.
func planDestroySilent(ctx context.Context, private privateWriter, announced bool, diags *diag.Diagnostics) {
	if announced {
		diags.Append(private.SetKey(ctx, silentKey, nil)...)
		return
	}
	setPrivate(ctx, private, silentKey, true, diags)
}

// destroyAnnounced says whether the plan of a destroy has announced a change.
func destroyAnnounced(ctx context.Context, private privateReader, diags *diag.Diagnostics) bool {
	raw, d := private.GetKey(ctx, silentKey)
	diags.Append(d...)
	return len(raw) == 0
}

func operationStatusAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Computed: true,
		MarkdownDescription: "`complete`; or, after trouble, `pending` (the service has accepted the last change, and it was not " +
			"finished when the wait ended) or `unknown` (it was sent, and what became of it is not known). The next apply picks a " +
			"pending change up where it was and sends nothing again.",
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
