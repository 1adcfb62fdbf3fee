package journal

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
)

// exampleFolder holds two runs of two days: changes that are done, refused, still open, and one that nobody answered.
func exampleFolder(t *testing.T) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "journal")
	day := time.Date(2026, 11, 24, 21, 59, 59, 0, time.UTC)

	early := process(folder, "20261124T215958Z-311-9f3a1c5e").startAt(day)
	early.note = "CHG-4711"
	card := Change{API: "accounts", Kind: "SIM card creation", SIM: "acme-fleet/001010000000001", From: "(absent)",
		To: "created with state live"}
	sent := mustSend(t, early, card)
	mustSend(t, early, swap(account))
	must(t, early.Answered(sent, card, Answer{Outcome: Accepted, HTTPStatus: 202}))

	late := process(folder, "20261125T044611Z-402-0b1d2e3f")
	for _, c := range []struct {
		change  Change
		outcome Outcome
	}{
		{Change{"cmo", "SIM status", "TMSP-89490200000000000001", "INACTIVE", "ACTIVE"}, Done},
		{Change{"cmo", "SIM status", "TMSP-89490200000000000002", "INACTIVE", "ACTIVE"}, NoEffect},
		{Change{"m2m", "auto-activation group", "8944000000000000001", "", "LIVE10"}, Refused},
		{Change{"accounts", "SIM card deletion", "acme-fleet/001010000000002", "", ""}, Unknown},
	} {
		id := mustSend(t, late, c.change)
		must(t, late.Answered(id, c.change, Answer{Outcome: c.outcome}))
	}
	must(t, late.Settled(sent, card, Done))
	return folder
}

func run(args ...string) (stdout, stderr string, status int) {
	var out, errors strings.Builder
	status = command(args, &out, &errors, time.Date(2026, 11, 25, 10, 0, 0, 0, time.UTC))
	return out.String(), errors.String(), status
}

func TestCommand_text(t *testing.T) {
	t.Parallel()
	folder := exampleFolder(t)
	stdout, stderr, status := run(folder)
	want := `Run 20261125T044611Z-402-0b1d2e3f on 2026-11-25
UTC       OUTCOME    SIM                         CHANGE
04:46:18  unknown    acme-fleet/001010000000002  SIM card deletion
04:46:16  refused    8944000000000000001         auto-activation group:
                                                 -> LIVE10
04:46:14  no effect  TMSP-89490200000000000002   SIM status: INACTIVE -> ACTIVE
04:46:12  done       TMSP-89490200000000000001   SIM status: INACTIVE -> ACTIVE

Run 20261124T215958Z-311-9f3a1c5e on 2026-11-24: CHG-4711
UTC       OUTCOME    SIM                         CHANGE
22:00:01  no answer  5f0c1a2b3c4d5e6f70819201    MVNO SIM swap:
                                                 8945019000000000001 -> autoAssign
22:00:00  done       acme-fleet/001010000000001  SIM card creation:
                                                 (absent) -> created with state live

6 changes, 2 open.
`
	if stdout != want || stderr != "" || status != 0 {
		t.Errorf("status %d, %q, and\n%s\nnot\n%s", status, stderr, stdout, want)
	}

	guide, err := os.ReadFile("../../templates/guides/journal.md.tmpl")
	must(t, err)
	if !strings.Contains(string(guide), want) {
		t.Errorf("the guide shows another table than\n%s", want)
	}
	written := content(t, folder)
	for line := range strings.Lines(string(guide)) {
		if strings.HasPrefix(line, `{"version"`) && !strings.Contains(written, line) {
			t.Errorf("the guide shows the record\n%s\nand the files hold\n%s", line, written)
		}
	}
}

func TestCommand_json(t *testing.T) {
	t.Parallel()
	stdout, stderr, status := run("-open", "-format", "json", exampleFolder(t))
	want := `[
  {"id":"20261125T044611Z-402-0b1d2e3f-4","run":"20261125T044611Z-402-0b1d2e3f","note":null,"time":"2026-11-25T04:46:18.000000Z",` +
		`"api":"accounts","change":"SIM card deletion","sim":"acme-fleet/001010000000002","from":null,"to":null,"outcome":"unknown","ended":false},
  {"id":"20261124T215958Z-311-9f3a1c5e-2","run":"20261124T215958Z-311-9f3a1c5e","note":"CHG-4711","time":"2026-11-24T22:00:01.000000Z",` +
		`"api":"mvno","change":"MVNO SIM swap","sim":"5f0c1a2b3c4d5e6f70819201","from":"8945019000000000001","to":"autoAssign","outcome":null,"ended":false}
]
`
	if stdout != want || stderr != "" || status != 2 {
		t.Errorf("status %d, %q, and\n%s\nnot\n%s", status, stderr, stdout, want)
	}
}

func TestCommand_empty(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for args, want := range map[string]string{
		"": "No changes.\n", "-open": "No open changes.\n", "-format=json": "[]\n", "-open -format=json": "[]\n",
	} {
		stdout, stderr, status := run(append(strings.Fields(args), folder)...)
		if stdout != want || stderr != "" || status != 0 {
			t.Errorf("%s: status %d, %q, %q", args, status, stdout, stderr)
		}
	}
}

func TestCommand_filters(t *testing.T) {
	t.Parallel()
	folder := exampleFolder(t)
	// Which changes are chosen, by the end of their SIM, and the status.
	for _, c := range []struct {
		args   []string
		want   string
		status int
	}{
		{nil, "02 01 02 01 01 01", 0},
		{[]string{"-open"}, "02 01", 2},
		{[]string{"-open=false"}, "02 01 02 01 01 01", 0},
		{[]string{"-sim", "8944000000000000001"}, "01", 0},
		{[]string{"-sim", " 8944-0000 0000-0000 0010F"}, "01", 0},
		{[]string{"-sim", "89440000000000000011"}, "", 0},
		{[]string{"-sim", "TMSP-89490200000000000001"}, "01", 0},
		{[]string{"-sim", "89490200000000000001f"}, "01", 0},
		{[]string{"-sim", "5F0C1A2B3C4D5E6F70819201"}, "01", 0},
		{[]string{"-sim", "001010000000002"}, "02", 0},
		{[]string{"-sim", "acme-fleet/001010000000002"}, "02", 0},
		{[]string{"-sim", "fleet/001010000000002"}, "", 0},
		{[]string{"-open", "-sim", "8944000000000000001"}, "", 0},
		{[]string{"-since", "2026-11-25"}, "02 01 02 01", 0},
		{[]string{"-since", "2026-11-24T23:00:01+01:00"}, "02 01 02 01 01", 0},
		{[]string{"-since", "5h13m44s"}, "02 01", 0},
		{[]string{"-since", "1d"}, "02 01 02 01 01 01", 0},
		{[]string{"-since", "0d"}, "", 0},
		{[]string{"-open", "-since", "6h"}, "02", 2},
	} {
		for _, args := range [][]string{append(c.args, "-format", "json", folder),
			append(append([]string{folder}, c.args...), "-format", "json")} {
			stdout, stderr, status := run(args...)
			var entries []struct{ SIM string }
			if err := json.Unmarshal([]byte(stdout), &entries); err != nil {
				t.Fatalf("%q: %v: %s", args, err, stderr)
			}
			var sims []string
			for _, e := range entries {
				sims = append(sims, e.SIM[len(e.SIM)-2:])
			}
			if got := strings.Join(sims, " "); got != c.want || stderr != "" || status != c.status {
				t.Errorf("%q: %q, status %d, %q", args, got, status, stderr)
			}
		}
	}
}

func TestCommand_errors(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	missing := filepath.Join(folder, "missing")
	const since = "it is no time such as 2026-11-25T08:00:00Z, no day such as 2026-11-25 and no duration such as 24h or 7d"
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "name one folder, the value of the provider's journal attribute"},
		{[]string{""}, "name one folder, the value of the provider's journal attribute"},
		{[]string{folder, folder}, "name one folder, the value of the provider's journal attribute"},
		{[]string{"-format", "yaml", folder}, `-format is text or json, not "yaml"`},
		{[]string{"-sim", " ", folder}, `invalid value " " for flag -sim: it names no SIM`},
		{[]string{"-since", "yesterday", folder}, `invalid value "yesterday" for flag -since: ` + since},
		{[]string{"-since", "-1h", folder}, `invalid value "-1h" for flag -since: ` + since},
		{[]string{"-since", "-1d", folder}, `invalid value "-1d" for flag -since: ` + since},
		{[]string{"-all", folder}, "flag provided but not defined: -all"},
		{[]string{folder, "-open=maybe"}, `invalid boolean value "maybe" for -open: parse error`},
	} {
		stdout, stderr, status := run(c.args...)
		if want := "Error: " + c.want + "\n\n" + usage; stdout != "" || stderr != want || status != 1 {
			t.Errorf("%q: status %d, %q and\n%s\nnot\n%s", c.args, status, stdout, stderr, want)
		}
	}
	stdout, stderr, status := run(missing)
	if want := "Error: the journal can't be listed: open " + missing + ": "; stdout != "" ||
		!strings.HasPrefix(stderr, want) || status != 1 {
		t.Errorf("status %d, %q, %q", status, stdout, stderr)
	}
	if stdout, stderr, status := run("-help"); stdout != usage || stderr != "" || status != 0 {
		t.Errorf("help: status %d, %q, %q", status, stdout, stderr)
	}
}

// What can't be read is said, and the rest is listed.
func TestCommand_warnings(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "old.jsonl")
	must(t, os.WriteFile(path, []byte(sendingLine+"?\n"+sendingLine[:50]), 0o600))
	stdout, stderr, status := run("-open", folder)
	if want := "Warning: " + path + ": line 2 can't be read\n"; stderr != want || !strings.Contains(stdout, "no answer") ||
		status != 2 {
		t.Errorf("status %d, %q and\n%s", status, stderr, stdout)
	}
}

// No value starts a line or a column, moves the cursor or turns the direction of writing.
func TestCommand_neutralises(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	const nasty = "a\tb\nc\x1b[2J\u009b31m\u202e\u2028\x7f\U000e0041\xffz"
	j := process(folder, "run")
	j.note = nasty
	id := mustSend(t, j, Change{API: nasty, Kind: nasty, SIM: nasty, From: nasty, To: nasty})
	must(t, j.Answered(id, Change{SIM: nasty}, Answer{Outcome: nasty}))

	const shown = `a\tb\nc\x1b[2J\u009b31m\u202e\u2028\x7f\U000e0041` + "\ufffdz"
	stdout, _, _ := run(folder)
	want := "Run run on 2026-11-25: " + shown + "\nUTC       OUTCOME" + strings.Repeat(" ", len([]rune(shown))-5) + "SIM" +
		strings.Repeat(" ", len([]rune(shown))-1) + "CHANGE\n04:46:12  " + shown + "  " + shown + "  " + shown + ":\n" +
		strings.Repeat(" ", 10+2*(len([]rune(shown))+2)) + shown + " -> " + shown + "\n\n1 change, 1 open.\n"
	if stdout != want {
		t.Errorf("got\n%q\nwant\n%q", stdout, want)
	}

	stdout, _, _ = run("-format=json", folder)
	if strings.ContainsFunc(strings.ReplaceAll(stdout, "\n", ""), func(r rune) bool { return !unicode.IsPrint(r) }) {
		t.Errorf("JSON has control characters:\n%q", stdout)
	}
	var back []listed
	must(t, json.Unmarshal([]byte(stdout), &back))
	if want := strings.ToValidUTF8(nasty, "\ufffd"); len(back) != 1 || back[0].SIM != want || *back[0].Note != want {
		t.Errorf("it says %+v", back)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestCommand_brokenPipe(t *testing.T) {
	t.Parallel()
	folder := exampleFolder(t)
	for _, format := range []string{"text", "json"} {
		var stderr strings.Builder
		if status := command([]string{"-format", format, folder}, brokenPipe{}, &stderr, time.Now()); status != 1 ||
			stderr.String() != "Error: broken pipe\n" {
			t.Errorf("%s: status %d, %q", format, status, stderr.String())
		}
	}
}
