package review

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

// TestReport_500 is the text of a plan that is too large to be read row by row.
func TestReport_500(t *testing.T) {
	t.Parallel()
	r := largeReport(t, 500)
	most := 100
	r.Check(Limits{Max: &most, Deny: []string{ruleTermination}})
	golden(t, "500.txt", r.Text(defaultCols))
}

func TestMarkdown_isOneComment(t *testing.T) {
	t.Parallel()
	manyGroups := &Report{}
	for i := range 3000 {
		group := strings.Repeat("|", 400) + fmt.Sprint(i)
		manyGroups.change(Change{
			Kind: "auto-activation group", SIM: known(strings.Repeat("`", 300)), Address: strings.Repeat("\\", 500),
			transition: group, what: group, meaning: "A.",
		})
		manyGroups.skip(group, group)
		manyGroups.Waits = append(manyGroups.Waits, Object{SIM: known(group), Address: group})
	}
	for name, r := range map[string]*Report{
		"10,000 SIMs": largeReport(t, 10_000), "500 SIMs": largeReport(t, 500), "nothing but pipes": manyGroups,
	} {
		none := 0
		r.Check(Limits{Max: &none, Deny: rules})
		text := string(r.Markdown())
		if n := utf8.RuneCountInString(text); n >= 60_000 {
			t.Errorf("%s: %d characters", name, n)
		}
		shown := strings.Count(text, "| <code>") + strings.Count(text, "| `")
		if shown < 20 {
			t.Errorf("%s: it shows %d rows only", name, shown)
		}
		cut := 0
		for _, m := range regexp.MustCompile(`\*\*(\d+) (?:row|violation)s? cut here`).FindAllStringSubmatch(text, -1) {
			var n int
			_, _ = fmt.Sscan(m[1], &n)
			cut += n
		}
		if cut == 0 {
			t.Errorf("%s: it has %d characters, and says of nothing that it was cut", name, len(text))
		}
		if strings.Count(text, "<details>") != strings.Count(text, "</details>") {
			t.Errorf("%s: a fold is not closed", name)
		}
	}
}

// Rows that are cut are counted, and those that are shown are whole.
func TestCompose(t *testing.T) {
	t.Parallel()
	rows := func(n int) []string {
		all := make([]string, n)
		for i := range all {
			all[i] = fmt.Sprintf("row %03d\n", i)
		}
		return all
	}
	got := compose([]section{
		{open: "A\n", rows: rows(2), noun: "row"},
		{open: "B\n", rows: rows(100), close: "end\n", noun: "row"},
	}, 230)
	const want = "A\nrow 000\nrow 001\nB\nrow 000\nrow 001\nrow 002\nrow 003\nrow 004\n\n" +
		"**95 rows cut here: review in another format for all.**\nend\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzRead: whatever is in a plan, it is reviewed or refused; and no value of it starts a line, breaks a cell or
// carries a control character into any format.
func FuzzRead(f *testing.F) {
	for _, value := range []string{
		"plain", "a\nb", "| `x` | \\", "\u202eevil\u2066", "</script>", "::error::x", "\x1b[31m", "日本語のとても長い名前",
		strings.Repeat("long ", 90),
	} {
		f.Add(value, value, "to "+value, value, true)
		f.Add(value, "from "+value, value, "status a -> "+value, false)
	}
	f.Fuzz(func(t *testing.T, address, from, to, last string, sensitive bool) {
		change := func(kind string, before, after map[string]any) map[string]any {
			return map[string]any{
				"address": address, "mode": "managed", "type": kind, "provider_name": "example.com/simfleet/telco",
				"change": map[string]any{
					"actions": []string{"update"}, "before": before, "after": after,
					"after_unknown":    map[string]any{"operation_status": true},
					"before_sensitive": sensitive, "after_sensitive": false,
				},
			}
		}
		fields := func(status string) map[string]any {
			return map[string]any{
				"product_id": from, "status": status, "last_change": last, "name": to,
				"statuses": map[string]any{status: to, "b": status}, "id": to, "description": status, "tariff": status,
				"foreign_attributes": map[string]any{status: to}, "iccid": to,
				"group_code": status, "account_id": from, "new_sim": status, "status_on_removal": from,
			}
		}
		var changes []any
		for _, kind := range slices.Sorted(maps.Keys(resources)) {
			changes = append(changes, change(kind, fields(from), fields(to)))
		}
		other := change("x", nil, nil)
		other["provider_name"] = from
		plan, err := json.Marshal(map[string]any{
			"format_version": "1.2", "terraform_version": from, "timestamp": to, "planned_values": nil,
			"resource_changes": append(changes, other),
		})
		if err != nil {
			t.Fatal(err)
		}
		r, err := Read(bytes.NewReader(plan))
		if err != nil {
			t.Fatal(err)
		}
		none := 0
		r.Check(Limits{Max: &none, Deny: rules})

		for line := range strings.Lines(string(r.Text(defaultCols))) {
			line = strings.TrimSuffix(line, "\n")
			if columns(line) > defaultCols {
				t.Errorf("%d columns: %q", columns(line), line)
			}
			if !textLine.MatchString(line) && !strings.Contains(ourWords, strings.TrimSpace(line)) {
				t.Errorf("a value starts the line %q", line)
			}
		}
		html, err := r.HTML()
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(html, []byte("<script")); n != 1 {
			t.Errorf("%d scripts in the page", n)
		}
		report, err := r.JSON()
		if err != nil {
			t.Fatal(err)
		}
		var parsed any
		if err := json.Unmarshal(report, &parsed); err != nil {
			t.Fatal(err)
		}
		inside(parsed, func(text string) {
			if strings.ContainsFunc(text, hidden) {
				t.Errorf("%q has what can't be seen", text)
			}
		})
		markdown := r.Markdown()
		for _, content := range [][]byte{r.Text(defaultCols), markdown, html, report} {
			if at := bytes.IndexFunc(content, func(r rune) bool { return r != '\n' && hidden(r) }); at >= 0 {
				t.Errorf("a control character: %q", content[max(0, at-20):at+8])
			}
		}
		for line := range strings.Lines(string(markdown)) {
			if pipes := strings.Count(line, "|"); strings.HasPrefix(line, "|") && pipes != 3 && pipes != 4 {
				t.Errorf("%d cells: %q", pipes-1, line)
			}
		}
	})
}

// textLine is how each line of the text begins that has a value: with a word of ours, a bullet, a number, or what marks
// a line that goes on. ourWords are sentences without a value.
var (
	textLine = regexp.MustCompile(`^([A-Z][a-z]+ [a-z]|auto-activation group:( |$)|SIM [a-z]+|MVNO SIM swap:( ` +
		`|$)|Totals$|No live|\d+ live|  +[-?+|]( |$)| +at( |$)|  (Planned|CLI version)( |$)|  +\d+( |$)| +from( |$)| +SIM ` +
		`status  to )`)
	ourWords = strings.Join([]string{
		waitsText, leftAloneText, unprotectedText, cannotBeUndone, uncertainLegend,
		(&Report{limits: Limits{Max: new(int), Deny: rules}}).kept(),
		livechange.SIMStatus.Meaning("ACTIVE"), livechange.SIMStatus.Meaning(""),
		livechange.SIMStatus.Meaning("SUSPENDED"),
		livechange.SIMCardUpdate.Meaning(""), livechange.AutoActivation.Meaning(""), livechange.MVNOSIMSwap.Meaning(""),
	}, "\n")
)

func inside(value any, look func(text string)) {
	switch value := value.(type) {
	case string:
		look(value)
	case []any:
		for _, one := range value {
			inside(one, look)
		}
	case map[string]any:
		for _, one := range value {
			inside(one, look)
		}
	}
}
