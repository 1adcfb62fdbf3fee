package provider_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
)

// plannedChange is one resource of a saved plan.
type plannedChange struct {
	Address string
	Change  struct {
		Actions       []string
		Before, After map[string]any
		AfterUnknown  map[string]any `json:"after_unknown"`
	}
}

// savedPlan plans into plan.bin, which must succeed. It returns what was printed and the plan's changes by address.
func savedPlan(t *testing.T, cli *acctest.CLI, flags ...string) (output string, changes map[string]plannedChange) {
	t.Helper()
	output = cli.MustRun(append([]string{"plan", "-out=plan.bin"}, flags...)...)
	text, exit := cli.Run("show", "-json", "plan.bin")
	var plan struct {
		ResourceChanges []plannedChange `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(text), &plan); err != nil || exit != 0 {
		t.Fatalf("%d, %v in:\n%s", exit, err, text)
	}
	changes = map[string]plannedChange{}
	for _, change := range plan.ResourceChanges {
		changes[change.Address] = change
	}
	return output, changes
}

// checkAction checks what a saved plan does with a resource: "create", "update", "delete" or "no-op".
func (c plannedChange) checkAction(t *testing.T, want string) {
	t.Helper()
	if !slices.Equal(c.Change.Actions, []string{want}) {
		t.Errorf("%s is planned as %q, not %s", c.Address, c.Change.Actions, want)
	}
}

// What last_change can be besides a text.
const (
	lastChangeNull    = "(null)"
	lastChangeUnknown = "(known after apply)"
)

// lastChange is last_change as the plan leaves it.
func (c plannedChange) lastChange() string {
	if unknown, ok := c.Change.AfterUnknown["last_change"].(bool); ok && unknown {
		return lastChangeUnknown
	}
	return lastChangeOf(c.Change.After)
}

// lastChangeOf is last_change among the attributes of an object.
func lastChangeOf(attributes map[string]any) string {
	value, ok := attributes["last_change"]
	switch text, isText := value.(string); {
	case !ok:
		return "(no such attribute)"
	case isText:
		return text
	default:
		return lastChangeNull
	}
}

// checkPlannedLastChange checks last_change of a resource in a saved plan.
func checkPlannedLastChange(t *testing.T, changes map[string]plannedChange, address, want string) {
	t.Helper()
	if got := changes[address].lastChange(); !sameLastChange(got, want) {
		t.Errorf("%s is planned with last_change = %q, not %q", address, got, want)
	}
}

// checkLastChange checks last_change of a resource in state.
func checkLastChange(t *testing.T, cli *acctest.CLI, address, want string) {
	t.Helper()
	if got := lastChangeOf(inState(t, cli, address)); !sameLastChange(got, want) {
		t.Errorf("%s has last_change = %q, not %q", address, got, want)
	}
}

// anyDigest stands in a wanted last_change for the digest of a fleet, of which only the form is fixed.
const anyDigest = "(sha256 DIGEST)"

// sameLastChange compares the whole text, but for a digest.
func sameLastChange(got, want string) bool {
	before, hasDigest := strings.CutSuffix(want, anyDigest)
	if !hasDigest {
		return got == want
	}
	digest, ok := strings.CutPrefix(got, before+"(sha256 ")
	if !ok || !strings.HasSuffix(digest, ")") {
		return false
	}
	digest = strings.TrimSuffix(digest, ")")
	return len(digest) == 12 && strings.Trim(digest, "0123456789abcdef") == ""
}

// refused runs a command that must fail, and returns what it printed.
func refused(t *testing.T, cli *acctest.CLI, args ...string) string {
	t.Helper()
	output, exit := cli.Run(args...)
	if exit == 0 {
		t.Errorf("%v succeeded:\n%s", args, output)
	}
	return output
}

// checkError checks that one error of what the CLI printed holds all of these; one that begins with "!" must be in no
// error at all.
func checkError(t *testing.T, output string, texts ...string) {
	t.Helper()
	var found []string
	for i, block := range regexp.MustCompile(`(Error|Warning): `).Split(flat(output), -1) {
		if i > 0 && strings.Contains(flat(output), "Error: "+block) {
			found = append(found, block)
		}
	}
	holdsAll := func(block string) bool {
		return !slices.ContainsFunc(texts, func(text string) bool {
			return !strings.HasPrefix(text, "!") && !strings.Contains(block, text)
		})
	}
	if !slices.ContainsFunc(found, holdsAll) {
		t.Errorf("no error holds all of %q:\n%s", texts, output)
	}
	for _, text := range texts {
		unwanted, not := strings.CutPrefix(text, "!")
		if not && slices.ContainsFunc(found, func(block string) bool { return strings.Contains(block, unwanted) }) {
			t.Errorf("an error holds %q:\n%s", unwanted, output)
		}
	}
}

// needsCLI skips a test where the CLI is older than that minor version of 1: it has no removed blocks, say.
func needsCLI(t *testing.T, cli *acctest.CLI, minor int) {
	t.Helper()
	var version struct {
		Terraform string `json:"terraform_version"` // OpenTofu's as well
	}
	output := cli.MustRun("version", "-json")
	var got int
	if err := json.Unmarshal([]byte(output), &version); err != nil {
		t.Fatalf("%v in:\n%s", err, output)
	}
	if _, err := fmt.Sscanf(version.Terraform, "1.%d.", &got); err == nil && got < minor {
		t.Skipf("the CLI is %s; this needs 1.%d", version.Terraform, minor)
	}
}
