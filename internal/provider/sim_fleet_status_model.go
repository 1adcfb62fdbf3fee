package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/cmo"
)

type simFleetStatusModel struct {
	ID              types.String   `tfsdk:"id"`
	Name            types.String   `tfsdk:"name"`
	Statuses        types.Map      `tfsdk:"statuses"`
	MaxParallel     types.Int64    `tfsdk:"max_parallel"`
	StatusOnRemoval types.String   `tfsdk:"status_on_removal"`
	Failed          types.Map      `tfsdk:"failed"`
	OperationStatus types.String   `tfsdk:"operation_status"`
	Timeouts        timeouts.Value `tfsdk:"timeouts"`
}

// fleetMarks are the unfinished changes of a fleet by product id.
type fleetMarks map[string]*mark[cmo.Operation]

// status is the operation_status of the whole fleet.
func (m fleetMarks) status() types.String {
	status := operationComplete
	for _, one := range m {
		if one.Unknown {
			return types.StringValue(operationUnknown)
		}
		status = operationPending
	}
	return types.StringValue(status)
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

// statusChangeOf is one SIM of a fleet that is to get another status.
type statusChangeOf struct {
	productID string
	from, to  string // from is "" where it is not known
}

// fleetChanges lists what leads from one map of statuses to another, by product id: SIMs whose wanted status differs,
// and, with a status on removal, those that have left the map.
func fleetChanges(was, wanted map[string]string, onRemoval string) []statusChangeOf {
	var changes []statusChangeOf
	for id, to := range wanted {
		if from, ok := was[id]; !ok || from != to {
			changes = append(changes, statusChangeOf{id, from, to})
		}
	}
	if onRemoval != "" {
		for id, from := range was {
			if _, stays := wanted[id]; !stays && !cmo.Fulfils(onRemoval, from) {
				changes = append(changes, statusChangeOf{id, from, onRemoval})
			}
		}
	}
	slices.SortFunc(changes, func(a, b statusChangeOf) int { return strings.Compare(a.productID, b.productID) })
	return changes
}

// namedSIMs is how many SIMs a message names one by one; the log names all.
const namedSIMs = 20

// summary says of a fleet's changes how many there are of each transition, and names the first twenty SIMs.
func fleetSummary(changes []statusChangeOf) string {
	counts := map[string]int{}
	for _, c := range changes {
		counts[c.transition()]++
	}
	transitions := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	var b strings.Builder
	for _, transition := range transitions {
		fmt.Fprintf(&b, "\n  %d x %s", counts[transition], transition)
	}
	lines := make([]string, len(changes))
	for i, c := range changes {
		lines[i] = fmt.Sprintf("%s: %s", c.productID, c.transition())
	}
	return b.String() + "\n\n" + firstTwenty(lines)
}

func (c statusChangeOf) transition() string {
	from := c.from
	if from == "" {
		from = "(live status)"
	}
	return from + " -> " + c.to
}

// firstTwenty is a list, folded beyond twenty lines.
func firstTwenty(lines []string) string {
	if len(lines) <= namedSIMs {
		return "  " + strings.Join(lines, "\n  ")
	}
	return fmt.Sprintf("  %s\n  and %d more", strings.Join(lines[:namedSIMs], "\n  "), len(lines)-namedSIMs)
}

// fleetMeaning collects what the wanted statuses mean for service and charging, each once.
func fleetMeaning(changes []statusChangeOf) string {
	meanings := map[string]bool{}
	for _, c := range changes {
		meanings[statusMeaning(c.to)] = true
	}
	return strings.Join(slices.Sorted(maps.Keys(meanings)), " ")
}
