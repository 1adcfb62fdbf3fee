package provider

import (
	"maps"
	"slices"

	"github.com/simfleet/terraform-provider-telco/internal/api/cmo"
)

// fleetPlaces are the places of the changes that are sent at a time, max_parallel in all, by backend. A change keeps its
// place while it waits for its backend's limit: the SIMs of a slow backend must not sit on the places of all others.
type fleetPlaces map[string]chan struct{}

// newFleetPlaces shares the places out by how many SIMs each backend has to change, so that equally fast ones end together,
// and leaves none without. Where there are fewer places than backends, all share them.
func newFleetPlaces(most int, productIDs []string) fleetPlaces {
	sims := map[string]int{}
	for _, id := range productIDs {
		backend, _ := cmo.SplitID(id)
		sims[backend]++
	}
	backends := slices.Sorted(maps.Keys(sims))
	out := fleetPlaces{}
	if len(backends) == 0 || most < len(backends) {
		shared := make(chan struct{}, max(1, most))
		for _, backend := range backends {
			out[backend] = shared
		}
		return out
	}
	places := map[string]int{}
	for range most {
		// Each place goes to whom it serves most: the most SIMs for a place, with the new one.
		next := slices.MaxFunc(backends, func(a, b string) int {
			if none := places[a] == 0; none != (places[b] == 0) {
				return map[bool]int{true: 1, false: -1}[none]
			}
			return sims[a]*(places[b]+1) - sims[b]*(places[a]+1)
		})
		places[next]++
	}
	for _, backend := range backends {
		out[backend] = make(chan struct{}, places[backend])
	}
	return out
}

// of are the places for a SIM.
func (p fleetPlaces) of(productID string) chan struct{} {
	backend, _ := cmo.SplitID(productID)
	return p[backend]
}

// byBackend splits changes by the backend of their SIMs; each part keeps the order.
func byBackend(changes []fleetChange) map[string][]fleetChange {
	out := map[string][]fleetChange{}
	for _, c := range changes {
		backend, _ := cmo.SplitID(c.SIM)
		out[backend] = append(out[backend], c)
	}
	return out
}
