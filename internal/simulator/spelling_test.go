package simulator

import (
	"net/http"
	"strings"
	"testing"
)

func TestCheckDigit(t *testing.T) {
	for icc, want := range map[string]string{
		"8945010000000000001":  "89450100000000000018",
		"8945010000000000002":  "89450100000000000026",
		"8944000000000000017":  "89440000000000000176",
		"89450100000000000018": "89450100000000000018", // has one already
		"8945":                 "8945",
	} {
		if got := withCheckDigit(icc); got != want {
			t.Errorf("%s is shown as %s, want %s", icc, got, want)
		}
	}
	for icc, want := range map[string]string{
		"89450100000000000018": "8945010000000000001",
		"89450100000000000015": "89450100000000000015", // another digit is no check digit
		"8945010000000000001":  "8945010000000000001",
	} {
		if got := withoutCheckDigit(icc); got != want {
			t.Errorf("%s is read as %s, want %s", icc, got, want)
		}
	}
}

// TestMVNOCheckDigit: all that is shown has the check digit, a single SIM is found with it and without, and a swap
// takes what its page names: at most 19 digits.
func TestMVNOCheckDigit(t *testing.T) {
	s, url := newMVNOTest(t)
	s.SetMVNOQuirks(func(q *MVNOQuirks) { q.CheckDigit = true })
	shown := withCheckDigit(mvnoTestNew)
	for path, want := range map[string]string{
		"/mvno/" + mvnoTestID: `"simNumber":"` + withCheckDigit(mvnoTestOld) + `"`,
		"/sim/" + shown:       `"_id":"` + shown + `"`,
		"/sim/" + mvnoTestNew: `"_id":"` + shown + `"`,
	} {
		status, reply := mvnoRequest(t, url+path, "", "Authorization", "Bearer "+MVNOToken)
		if status != http.StatusOK || !strings.Contains(reply, want) {
			t.Errorf("%s: %d %s", path, status, reply)
		}
	}
	swap := url + "/mvno/" + mvnoTestID + "/changesim/"
	status, reply := mvnoRequest(t, swap+shown, "", "Authorization", "Bearer "+MVNOToken)
	if status != http.StatusNotFound {
		t.Errorf("a swap took 20 digits: %d %s", status, reply)
	}
	status, reply = mvnoRequest(t, swap+mvnoTestNew, "", "Authorization", "Bearer "+MVNOToken)
	if status != http.StatusOK || !strings.Contains(reply, shown) {
		t.Errorf("the swap: %d %s", status, reply)
	}
}

func TestCMOStatusCase(t *testing.T) {
	for quirk, want := range map[string]string{
		"": "PENDING_ACTIVE", "title": "Pending_active", "lower": "pending_active",
	} {
		if got := (CMOQuirks{StatusCase: quirk}).word("PENDING_ACTIVE"); got != want {
			t.Errorf("%q: %s, want %s", quirk, got, want)
		}
	}
	if got := (CMOQuirks{StatusCase: "title"}).word(""); got != "" {
		t.Errorf("an empty word became %q", got)
	}
}
