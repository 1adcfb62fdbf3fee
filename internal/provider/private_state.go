package provider

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/resource"

	"github.com/simfleet/terraform-provider-telco/internal/change"
)

// The keys of private state.
const (
	// operationKey holds the operation whose end is not known.
	operationKey = "operation"
	// managedKey is there on every object that is not tainted: Terraform hands a tainted one to Delete without any
	// private state, which is how Delete recognises it.
	managedKey = "managed"
	// plannedKey is set while planning an existing object. The create leg of a replacement, which is planned without
	// state, finds it and knows that it is one.
	plannedKey = "planned"
	// noopKey is set where the plan of a destroy has announced no change; unlike other changes, a destroy is handed
	// the private state of its plan.
	noopKey = "silent"
)

type privateReader interface {
	GetKey(ctx context.Context, key string) ([]byte, diag.Diagnostics)
}

type privateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diag.Diagnostics
}

// loadOperation reads the operation whose end is not known; nil where there is none. One that can't be read must not
// block every verb: it counts as none, so that the live object settles what became of it.
func loadOperation[T any](ctx context.Context, private privateReader, diags *diag.Diagnostics) *change.Op[T] {
	raw, d := private.GetKey(ctx, operationKey)
	diags.Append(d...)
	op, err := change.Decode[T](raw)
	if err != nil {
		warnUnreadable(diags)
	}
	return op
}

func warnUnreadable(diags *diag.Diagnostics) {
	diags.AddWarning("Record of a pending change can't be read",
		"The private state of this object has a pending change that was kept by another version of this provider, or is "+
			"damaged. It is ignored: what the service shows of the SIM is taken for what became of it, and nothing is sent "+
			"without a plan that shows it.")
}

// saveOperation keeps the operation; nil takes an earlier one away.
func saveOperation[T any](ctx context.Context, private privateWriter, op *change.Op[T], diags *diag.Diagnostics) {
	if op == nil {
		diags.Append(private.SetKey(ctx, operationKey, nil)...)
		return
	}
	setPrivate(ctx, private, operationKey, op, diags)
}

func setPrivate(ctx context.Context, private privateWriter, key string, value any, diags *diag.Diagnostics) {
	raw, err := json.Marshal(value)
	if err != nil {
		diags.AddError("Unable to keep private state", err.Error())
		return
	}
	diags.Append(private.SetKey(ctx, key, raw)...)
}

func hasKey(ctx context.Context, private privateReader, key string, diags *diag.Diagnostics) bool {
	raw, d := private.GetKey(ctx, key)
	diags.Append(d...)
	return len(raw) > 0
}

// markManaged notes that the object is ours and whole.
func markManaged(ctx context.Context, private privateWriter, diags *diag.Diagnostics) {
	setPrivate(ctx, private, managedKey, true, diags)
}

// removeFromState takes out an object that is certainly gone. Terraform hands its private state over to the plan of its
// re-creation, which must not pass for a replacement.
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

// planDestroyAnnounced notes whether the plan of a destroy has announced a change.
func planDestroyAnnounced(ctx context.Context, private privateWriter, announced bool, diags *diag.Diagnostics) {
	if announced {
		diags.Append(private.SetKey(ctx, noopKey, nil)...)
		return
	}
	setPrivate(ctx, private, noopKey, true, diags)
}

// destroyAnnounced says whether the plan of a destroy has announced a change.
func destroyAnnounced(ctx context.Context, private privateReader, diags *diag.Diagnostics) bool {
	return !hasKey(ctx, private, noopKey, diags)
}
