package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestFits(t *testing.T) {
	var power, parabola []point
	for _, x := range []float64{1000, 2000, 5000} {
		power = append(power, point{x, 3e-6 * math.Pow(x, 1.7)})
		parabola = append(parabola, point{x, 2e-6*x*x + 1e-4*x + 0.5})
	}
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"power of three", powerFit(power)(10_000), 3e-6 * math.Pow(10_000, 1.7)},
		{"power of two", powerFit(power[:2])(10_000), 3e-6 * math.Pow(10_000, 1.7)},
		{"quadratic", quadraticFit(parabola)(10_000), 201.5},
		{"quadratic where it was measured", quadraticFit(parabola)(2000), 8.7},
	} {
		if math.Abs(c.got-c.want) > c.want*1e-9 {
			t.Errorf("%s: %g, not %g", c.name, c.got, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	rows := []row{
		{phase: plan, what: whatFloor, sims: 1000, cost: cost{wall: 4 * time.Second, cpuCLI: 4 * time.Second}},
		{phase: plan, what: whatStatus, sims: 1000, calls: map[string]int{"token": 1, "product.find": 100}, cost: cost{
			wall: 8 * time.Second, cpuCLI: 5 * time.Second, provider: true, cpuProvider: 3 * time.Second, memory: 100 << 20,
		}},
		{phase: plan, what: whatFleet, sims: 10_000, calls: map[string]int{},
			cost: cost{wall: 3 * time.Second, cpuCLI: 2 * time.Second}},
	}
	got := table(rows, func(r row) (row, bool) {
		switch r.sims {
		case 1000:
			return rows[0], true
		case 10_000:
			return row{what: whatFloor, reckoned: true, cost: cost{wall: 200 * time.Second, cpuCLI: 200 * time.Second}}, true
		}
		return row{}, false
	})
	want := `
what                    SIMs    phase            wall s  x       terraform CPU s  provider CPU s  x       provider MiB  API calls  per SIM  by route
terraform_data          1,000   plan, no change  4.0     -       4.0              -               -       -             -          -
telco_sim_status        1,000   plan, no change  8.0     2.0     5.0              3.0             2.0     100           101        0.10     product.find 100, token 1
telco_sim_fleet_status  10,000  plan, no change  3.0     ~0.015  2.0              -               ~0.010  -             0          0.00
`
	got = regexp.MustCompile(` +\n`).ReplaceAllString(got, "\n")
	if got != strings.TrimPrefix(want, "\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestTargetTable(t *testing.T) {
	got := targetTable([]target{{"calls", "101", "at most 110", true}, {"time", "5 s", "4 s", false}})
	want := "promise  measured  promised     \ncalls    101       at most 110  kept\ntime     5 s       4 s          MISSED\n"
	if got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 123456: "123,456", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}

func TestGrowState(t *testing.T) {
	state := `{"version":4,"serial":3,"lineage":"a","outputs":{},"resources":[{"mode":"managed","type":"terraform_data","name":"sim",` +
		`"instances":[{"index_key":0,"schema_version":0,"attributes":{"id":"x","input":{"value":{"product_id":"` +
		productID("JASPER", 0) +
		`","status":"ACTIVE"}}}}]}]}`
	grown, err := growState(state, 3)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Serial    int
		Resources []struct {
			Instances []struct {
				Index      int `json:"index_key"`
				Attributes struct {
					Input struct{ Value map[string]string }
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(grown), &got); err != nil {
		t.Fatal(err)
	}
	if got.Serial != 3 || len(got.Resources) != 1 || len(got.Resources[0].Instances) != 3 {
		t.Fatalf("grew %s", grown)
	}
	for i, instance := range got.Resources[0].Instances {
		if id := instance.Attributes.Input.Value["product_id"]; instance.Index != i || id != productID("JASPER", i) {
			t.Errorf("instance %d: %d %s", i, instance.Index, id)
		}
	}
	for _, broken := range []string{"", `{"resources":[]}`, `{"resources":[{"instances":[]}]}`,
		`{"resources":[{"instances":[{"index_key":"a"}]}]}`} {
		if _, err := growState(broken, 3); err == nil {
			t.Errorf("grew %q", broken)
		}
	}
}

// TestFloorIsReckonedFromFewer: where terraform_data was not measured in that number, it is by the power of fewer.
func TestFloorIsReckonedFromFewer(t *testing.T) {
	b := &bench{}
	for _, n := range []int{1000, 2000} {
		took := seconds(1e-6 * float64(n) * float64(n))
		b.rows = append(b.rows, row{phase: plan, what: whatFloor, sims: n, cost: cost{wall: took, cpuCLI: 2 * took}})
	}
	for n, want := range map[int]string{2000: "4.0 8.0 false", 10_000: "100.0 200.0 true"} {
		r, ok := b.floorOf(plan, n)
		if got := fmt.Sprintf("%.1f %.1f %t", r.cost.wall.Seconds(), r.cost.cpu().Seconds(), r.reckoned); !ok || got != want {
			t.Errorf("%d: %s, not %s", n, got, want)
		}
	}
	if _, ok := b.floorOf(create, 2000); ok {
		t.Error("reckoned a phase of which nothing was measured")
	}
}

func TestOptions(t *testing.T) {
	for _, args := range [][]string{{"-only", "none"}, {"-n", "0"}, {"-fleet", "1000000"}, {"more"}} {
		if _, err := parseOptions(args, io.Discard); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
	o, err := parseOptions([]string{"-only", "floor,for_each"}, io.Discard)
	if err != nil || strings.Join(o.only, " ") != "floor for_each" || o.n != 1000 || o.fleet != 10_000 {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestMostWithin(t *testing.T) {
	start := time.Unix(0, 0)
	var times []time.Time
	for _, s := range []int{0, 1, 2, 30, 31, 32, 33, 39, 40, 60} {
		times = append(times, start.Add(time.Duration(s)*time.Second))
	}
	if got := mostWithin(times, 10*time.Second); got != 5 {
		t.Errorf("%d within ten seconds, want the five from 30 to 39", got)
	}
	if got := mostWithin(nil, time.Second); got != 0 {
		t.Errorf("%d of none", got)
	}
}
