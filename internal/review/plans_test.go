package review

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"testing"
)

// largePlan is the JSON of a plan that changes the status of so many SIMs, each an instance of its own, with all that
// terraform show writes beside the changes: what is planned, what was before, what has drifted.
func largePlan(t testing.TB, sims int) []byte {
	t.Helper()
	type fields = map[string]any
	statuses := [][2]string{
		{"INACTIVE", "ACTIVE"}, {"INACTIVE", "ACTIVE"}, {"INACTIVE", "ACTIVE"}, {"ACTIVE", "SUSPENDED"},
		{"SUSPENDED", "ACTIVE"}, {"SUSPENDED", "TERMINATED"},
	}
	var changes, before, after []any
	for i := range sims {
		from, to := statuses[i%len(statuses)][0], statuses[i%len(statuses)][1]
		iccid := fmt.Sprintf("894902000000%08d", i)
		values := func(status string) fields {
			return fields{
				"backend": "TMSP", "iccid": iccid, "id": "TMSP-" + iccid, "imei": nil, "msisdn": nil,
				"imsi": fmt.Sprintf("2405%011d", i), "product_id": "TMSP-" + iccid, "status": status,
				"status_on_destroy": nil, "timeouts": nil, "last_change": nil,
			}
		}
		was, wanted := values(from), values(to)
		was["operation_status"], was["product_status"] = "complete", from
		wanted["last_change"] = "status " + from + " -> " + to
		name := fmt.Sprintf("truck-%05d", i)
		address := fmt.Sprintf(`module.depot["%02d"].telco_sim_status.vehicle["%s"]`, i%20, name)
		one := fields{
			"address": address, "mode": "managed", "type": "telco_sim_status", "name": "vehicle", "index": name,
			"provider_name": "registry.terraform.io/simfleet/telco", "schema_version": 0,
		}
		with := func(more fields) fields {
			whole := fields{}
			maps.Copy(whole, one)
			maps.Copy(whole, more)
			return whole
		}
		changes = append(changes, with(fields{"change": fields{
			"actions": []string{"update"}, "before": was, "after": wanted,
			"before_sensitive": fields{}, "after_sensitive": fields{},
			"after_unknown": fields{"operation_status": true, "product_status": true},
		}}))
		before = append(before, with(fields{"values": was, "sensitive_values": fields{}}))
		after = append(after, with(fields{"values": wanted, "sensitive_values": fields{}}))
	}
	tree := func(resources []any) fields { return fields{"root_module": fields{"resources": resources}} }
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(fields{
		"format_version": "1.2", "terraform_version": "1.11.4", "timestamp": "2026-11-25T06:00:00Z",
		"errored": false, "complete": true,
		"planned_values": tree(after), "resource_changes": changes, "resource_drift": changes,
		"prior_state":   fields{"format_version": "1.0", "values": tree(before)},
		"configuration": fields{},
	}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// largeReport is the report on such a plan.
func largeReport(t testing.TB, sims int) *Report {
	t.Helper()
	r, err := Read(bytes.NewReader(largePlan(t, sims)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// BenchmarkLargePlan is a plan of 10,000 instances from its JSON to the page.
func BenchmarkLargePlan(b *testing.B) {
	plan := largePlan(b, 10_000)
	b.SetBytes(int64(len(plan)))
	b.ReportAllocs()
	for b.Loop() {
		r, err := Read(bytes.NewReader(plan))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := r.HTML(); err != nil {
			b.Fatal(err)
		}
	}
}
