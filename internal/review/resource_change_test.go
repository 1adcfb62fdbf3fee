package review

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestResourceChanges reads the changes of testdata/changes, a file for each resource type. Each has a name, the change
// as a plan has it, and what the report says of it, a line for each entry; a question mark is what only the apply
// tells.
func TestResourceChanges(t *testing.T) {
	t.Parallel()
	for kind := range resources {
		content, err := os.ReadFile(filepath.Join("testdata", "changes", kind+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		for part := range strings.SplitSeq("\n"+string(content), "\n# ") {
			name, part, _ := strings.Cut(part, "\n")
			if part == "" {
				continue
			}
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				change, want, _ := strings.Cut(part, "\n}")
				r := readChange(t, kind, change+"\n}")
				if diff := cmp.Diff(strings.TrimSpace(want), entries(r)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// readChange reads a plan with one change.
func readChange(t *testing.T, kind, change string) *Report {
	t.Helper()
	plan := fmt.Sprintf(`%s{"address": "%[2]s.x", "type": "%[2]s", %s, "change": %s}]}`, planHead, kind, ours, change)
	r, err := Read(strings.NewReader(plan))
	if err != nil {
		t.Fatalf("%v\n%s", err, plan)
	}
	return r
}

// entries are those of a report, a line for each.
func entries(r *Report) string {
	var b strings.Builder
	for _, c := range r.Changes {
		fmt.Fprintf(&b, "> %s: %s", c.subject(), c.counted())
		if !c.Certain {
			b.WriteString(" ?")
		}
		b.WriteString("\n")
	}
	for _, list := range []struct {
		is      string
		objects []Object
	}{{"wait", r.Waits}, {"left alone", r.LeftAlone}, {"unprotected", r.Unprotected}} {
		for _, o := range list.objects {
			fmt.Fprintf(&b, "> %s: %s\n", list.is, o.SIM)
		}
	}
	return strings.TrimSpace(b.String())
}

// What is known only after apply breaks a rule where it may; and where the rule on unknowns holds too, that one says
// so.
func TestCheck_unknown(t *testing.T) {
	t.Parallel()
	creation := func(kind, after, unknown string) *Report {
		t.Helper()
		return readChange(t, kind, fmt.Sprintf(
			`{"actions": ["create"], "before": null, "after": {%s}, "after_unknown": {"operation_status": true%s}}`, after,
			unknown))
	}
	status := creation("telco_sim_status", `"product_id": "J-1"`, `, "last_change": true, "status": true`)
	sim := creation("telco_sim_status", `"status": "ACTIVE"`, `, "last_change": true, "product_id": true`)
	fleet := creation("telco_sim_fleet_status",
		`"name": "vans", "statuses": {"a": "ACTIVE", "b": "TERMINATED"}`, `, "last_change": true`)
	swap := creation("telco_mvno_sim_swap", `"account_id": "5f"`, `, "last_change": true, "new_sim": true`)
	careful := creation("telco_mvno_sim_swap",
		`"account_id": "5f", "new_sim": "eSim", "replaces": "8945", "last_change": "SIM 8945 -> eSim"`, "")
	for _, c := range []struct {
		report *Report
		deny   string
		want   string
	}{
		{
			status, "termination",
			"SIM J-1: (live status) -> (known after apply) at telco_sim_status.x (known only after apply)",
		},
		{status, "termination,unknown", "SIM J-1: (live status) -> (known after apply) at telco_sim_status.x"},
		{
			fleet, "termination,unknown",
			"fleet vans: (live status) -> (each SIM's own) (2 SIMs) at telco_sim_fleet_status.x",
		},
		{
			swap, "swap-by-word",
			"MVNO account 5f: (the SIM held) -> (known after apply) at telco_mvno_sim_swap.x (known only after apply)",
		},
		{careful, "swap-by-word,unknown", ""},
		{sim, "unknown", "SIM (known after apply): (live status) -> ACTIVE at telco_sim_status.x"},
		{sim, "termination", ""},
	} {
		parsed, err := parseRules(c.deny)
		if err != nil {
			t.Fatal(err)
		}
		c.report.Check(Limits{Deny: parsed})
		var got []string
		for _, v := range c.report.Violations {
			got = append(got, v.String())
		}
		if diff := cmp.Diff(c.want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("-deny %s: %s", c.deny, diff)
		}
	}
}
