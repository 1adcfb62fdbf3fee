package provider

import (
	"fmt"
	"maps"
	"testing"
)

func TestFleetPlaces(t *testing.T) {
	for _, c := range []struct {
		most int
		sims map[string]int
		want map[string]int
	}{
		{20, map[string]int{"JASPER": 1000}, map[string]int{"JASPER": 20}},
		{20, map[string]int{"JASPER": 1000, "1NCE": 1000}, map[string]int{"JASPER": 10, "1NCE": 10}},
		{20, map[string]int{"JASPER": 900, "1NCE": 100}, map[string]int{"JASPER": 18, "1NCE": 2}},
		{20, map[string]int{"JASPER": 10_000, "1NCE": 1, "TMSP": 1}, map[string]int{"JASPER": 18, "1NCE": 1, "TMSP": 1}},
		{3, map[string]int{"JASPER": 1, "1NCE": 5, "TMSP": 7}, map[string]int{"JASPER": 1, "1NCE": 1, "TMSP": 1}},
		{5, map[string]int{"JASPER": 3, "TMSP": 3}, map[string]int{"JASPER": 3, "TMSP": 2}},
		{20, nil, map[string]int{}},
	} {
		var ids []string
		for backend, n := range c.sims {
			for i := range n {
				ids = append(ids, fmt.Sprintf("%s-%d", backend, i))
			}
		}
		got := map[string]int{}
		for backend, places := range newFleetPlaces(c.most, ids) {
			got[backend] = cap(places)
		}
		if !maps.Equal(got, c.want) {
			t.Errorf("%d places for %v: %v, want %v", c.most, c.sims, got, c.want)
		}
	}
}

// max_parallel holds also where it is less than the number of backends.
func TestFleetPlacesAreSharedWhereTheyAreFew(t *testing.T) {
	places := newFleetPlaces(1, []string{"JASPER-1", "TMSP-2", "1NCE-3"})
	if one := places.of("TMSP-9"); one != places.of("JASPER-9") || one != places.of("1NCE-9") || cap(one) != 1 {
		t.Errorf("%v", places)
	}
}
