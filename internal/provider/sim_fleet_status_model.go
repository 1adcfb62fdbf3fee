package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/cmo"
	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

type simFleetStatusModel struct {
	ID              types.String   `tfsdk:"id"`
	Name            types.String   `tfsdk:"name"`
	Statuses        types.Map      `tfsdk:"statuses"`
	MaxParallel     types.Int64    `tfsdk:"max_parallel"`
	StatusOnRemoval types.String   `tfsdk:"status_on_removal"`
	Failed          types.Map      `tfsdk:"failed"`
	OperationStatus types.String   `tfsdk:"operation_status"`
	LastChange      types.String   `tfsdk:"last_change"`
	Timeouts        timeouts.Value `tfsdk:"timeouts"`
}

// fleetOperations are the operations of a fleet whose end is not known, by product id.
type fleetOperations map[string]*change.Op[cmo.Operation]

// status is the operation_status of the whole fleet.
func (f fleetOperations) status() types.String {
	status := operationComplete
	for _, op := range f {
		if op.Unknown {
			return types.StringValue(operationUnknown)
		}
		status = operationPending
	}
	return types.StringValue(status)
}

// loadFleetOperations reads them; those that can't be read count as none, like loadOperation's.
func loadFleetOperations(ctx context.Context, private privateReader, diags *diag.Diagnostics) fleetOperations {
	raw, d := private.GetKey(ctx, operationKey)
	diags.Append(d...)
	operations := fleetOperations{}
	if len(raw) == 0 {
		return operations
	}
	var each map[string]json.RawMessage
	unreadable := json.Unmarshal(raw, &each) != nil
	for id, one := range each {
		op, err := change.Decode[cmo.Operation](one)
		switch {
		case err != nil:
			unreadable = true
		case op != nil:
			operations[id] = op
		}
	}
	if unreadable {
		warnUnreadable(diags)
	}
	return operations
}

func saveFleetOperations(
	ctx context.Context, private privateWriter, operations fleetOperations, diags *diag.Diagnostics,
) {
	if len(operations) == 0 {
		diags.Append(private.SetKey(ctx, operationKey, nil)...)
		return
	}
	setPrivate(ctx, private, operationKey, operations, diags)
}

// fleetStatuses reads a map of statuses. Elements that are not known yet are "" and listed apart.
func fleetStatuses(value types.Map) (known map[string]string, unknown map[string]bool) {
	known, unknown = make(map[string]string, len(value.Elements())), map[string]bool{}
	for id, element := range value.Elements() {
		text, ok := element.(types.String)
		if !ok || text.IsUnknown() {
			unknown[id] = true
			continue
		}
		known[id] = text.ValueString()
	}
	return known, unknown
}

func fleetValue(statuses map[string]string) types.Map {
	elements := make(map[string]attr.Value, len(statuses))
	for id, status := range statuses {
		elements[id] = types.StringValue(status)
	}
	return types.MapValueMust(types.StringType, elements)
}

// fleetChange is one SIM of a fleet that is to get another status.
type fleetChange struct {
	livechange.Transition
	// planned is what the plan said that the SIM shows: the state's value; "" where the SIM joins the fleet.
	planned string
	// removal: the SIM leaves the fleet.
	removal bool
	// inStep: the SIM has the status already, as far as the plan knew, so nothing was announced of it.
	inStep bool
}

// fleetChanges lists what leads from one map of statuses to another, by product id: SIMs whose wanted status differs,
// and, with a status on removal, those that have left the map.
func fleetChanges(was, wanted map[string]string, onRemoval string) []fleetChange {
	var changes []fleetChange
	for id, to := range wanted {
		if from, ok := was[id]; !ok || from != to && !cmo.Satisfies(to, from) {
			changes = append(changes, newFleetChange(id, from, to, false))
		}
	}
	if onRemoval != "" {
		for id, from := range was {
			if _, stays := wanted[id]; !stays && !cmo.Satisfies(onRemoval, from) {
				changes = append(changes, newFleetChange(id, from, onRemoval, true))
			}
		}
	}
	slices.SortFunc(changes, func(a, b fleetChange) int { return strings.Compare(a.SIM, b.SIM) })
	return changes
}

// destroyChanges are those of a destroy: each SIM of the fleet, also those that have the last status already. There is
// no next plan that would show one that has lost it since.
func destroyChanges(was map[string]string, onRemoval string) []fleetChange {
	changes := fleetChanges(was, nil, onRemoval)
	for id, from := range was {
		if cmo.Satisfies(onRemoval, from) {
			c := newFleetChange(id, from, onRemoval, true)
			c.inStep = true
			changes = append(changes, c)
		}
	}
	return changes
}

func newFleetChange(id, from, to string, removal bool) fleetChange {
	c := fleetChange{Transition: livechange.Transition{SIM: id, From: from, To: to}, planned: from, removal: removal}
	if from == "" {
		c.From = livechange.LiveStatus
	}
	return c
}

// transitions are the changes as the text of last_change and of warnings counts them.
func transitions(changes []fleetChange) []livechange.Transition {
	out := make([]livechange.Transition, len(changes))
	for i, c := range changes {
		out[i] = c.Transition
	}
	return out
}

// namedSIMs is how many SIMs a message names one by one; the log names all.
const namedSIMs = 20

// fleetSummary says of a fleet's changes how many there are of each transition, and names the first twenty SIMs.
func fleetSummary(changes []fleetChange) string {
	var b strings.Builder
	for _, count := range livechange.Counts(transitions(changes)) {
		fmt.Fprintf(&b, "\n  %s", count)
	}
	lines := make([]string, len(changes))
	for i, c := range changes {
		lines[i] = c.SIM + ": " + c.Transition.String()
	}
	return b.String() + "\n\n" + firstTwenty(lines)
}

// firstTwenty is a list, folded beyond twenty lines.
func firstTwenty(lines []string) string {
	if len(lines) <= namedSIMs {
		return "  " + strings.Join(lines, "\n  ")
	}
	return fmt.Sprintf("  %s\n  and %d more", strings.Join(lines[:namedSIMs], "\n  "), len(lines)-namedSIMs)
}

// fleetMeaning collects what the wanted statuses mean for service and charging, each once.
func fleetMeaning(changes []fleetChange) string {
	meanings := map[string]bool{}
	for _, c := range changes {
		meanings[livechange.SIMStatus.Meaning(c.To)] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(meanings)), " ")
}
