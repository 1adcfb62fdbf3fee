package review

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// run runs the command and returns all that a caller sees of it.
func run(stdin string, args ...string) (exit int, stdout, stderr string) {
	var out, complaints bytes.Buffer
	exit = Command(args, strings.NewReader(stdin), &out, &complaints)
	return exit, out.String(), complaints.String()
}

const (
	planHead = `{"format_version": "1.2", "terraform_version": "1.11.4", "planned_values": {}, "resource_changes": [`
	ours     = `"mode": "managed", "provider_name": "registry.terraform.io/simfleet/telco"`
)

// Whatever can't be reviewed is one line on standard error, exit status 1, and nothing on standard output.
func TestCommand_refuses(t *testing.T) {
	t.Parallel()
	const (
		plan     = planHead + `]}`
		theRules = "the rules are termination, deletion, unprotect, swap, swap-by-word, unknown"
	)
	for name, c := range map[string]struct {
		stdin string
		args  []string
		want  string
	}{
		"nothing": {"", nil, "standard input: there is nothing to read: has terraform show failed?"},
		"blanks":  {" \n ", nil, "standard input: there is nothing to read: has terraform show failed?"},
		"no JSON": {
			"Error: no plan\nat all",
			nil,
			"standard input: this is no JSON (invalid character 'E' looking for beginning of value): it must " +
				"be what terraform show -json PLANFILE prints",
		},
		"another value": {
			"[1]",
			nil,
			"standard input: this is not the JSON of a plan: it is what terraform show -json PLANFILE prints",
		},
		"another object": {
			`{"a": 1}`,
			nil,
			"standard input: this is not the JSON of a plan: it is what terraform show -json PLANFILE prints",
		},
		"schemas": {
			`{"format_version": "1.0", "provider_schemas": {}}`,
			nil,
			"standard input: this is not the JSON of a plan: it is what terraform show -json PLANFILE prints",
		},
		"a state": {
			`{"format_version": "1.0", "values": {}}`,
			nil,
			"standard input: this is a state, not a plan: terraform show -json needs the file of terraform " +
				"plan -out=FILE",
		},
		"a state file": {
			`{"version": 4, "serial": 1, "lineage": "x"}`,
			nil,
			"standard input: this is a state, not a plan: terraform show -json needs the file of terraform " +
				"plan -out=FILE",
		},
		"an empty state": {
			`{"format_version": "1.0"}`,
			nil,
			"standard input: this is not the JSON of a plan: it is what terraform show -json PLANFILE prints",
		},
		"the log of a plan": {
			`{"@level": "info"}` + "\n" + `{"@level": "info"}`,
			nil,
			"standard input: this is the log of terraform plan -json, not a plan: use terraform show -json PLANFILE",
		},
		"the plan file": {
			"PK\x03\x04plan",
			nil,
			"standard input: this is the saved plan itself: give what terraform show -json prints of it",
		},
		"PowerShell": {
			"\xff\xfe{\x00",
			nil,
			"standard input: this is UTF-16, as PowerShell's > writes it: use a pipe, or Out-File -Encoding utf8",
		},
		"cut off": {
			plan[:len(plan)-1],
			nil,
			"standard input: the JSON ends in the middle: the plan has been cut off",
		},
		"cut off in a value": {
			plan[:60], nil, "standard input: the JSON ends in the middle: the plan has been cut off",
		},
		"two plans": {plan + plan, nil, "standard input: something follows the plan: give one plan at a time"},
		"another major": {
			`{"format_version": "2.0", "resource_changes": []}`,
			nil,
			`standard input: its format_version "2.0" is not known here: review it with a newer version of this ` +
				`provider`,
		},
		"no version": {
			`{"resource_changes": []}`,
			nil,
			"standard input: this is not the JSON of a plan: it is what terraform show -json PLANFILE prints",
		},
		"errored": {
			planHead + `], "errored": true}`,
			nil,
			"standard input: the plan has errored, so it is not complete: mend what terraform plan reports, " +
				"and plan again",
		},
		"no list": {
			`{"format_version": "1.2", "resource_changes": {}}`,
			nil,
			"standard input: this is not the JSON of a plan: it is what terraform show -json PLANFILE prints",
		},
		"a list of others": {planHead + `1]}`, nil, "standard input: this is not the JSON of a plan:  is number"},
		"no actions": {
			planHead + `{"address": "a.b", "type": "telco_sim_card", ` + ours + `, "change": {}}]}`,
			nil,
			"standard input: the plan does not say what is to be done with a.b",
		},
		"no change": {
			planHead + `{"address": "a.b", "type": "telco_sim_card", ` + ours + `}]}`,
			nil,
			"standard input: the plan does not say what is to be done with a.b",
		},
		"a newer resource": {
			planHead + `{"address": "telco_esim.x", "type": "telco_esim", ` + ours +
				`, "change": {"actions": ["create"]}}]}`,
			nil,
			"standard input: this version of the provider knows no telco_esim (telco_esim.x): review with the " +
				"version that the plan was made with",
		},
		"no file":      {"", []string{"none.json"}, "open none.json: no such file or directory"},
		"a folder":     {"", []string{"testdata"}, "testdata: read testdata: is a directory"},
		"two files":    {"", []string{"a", "b"}, "one plan at a time: b is one too many"},
		"unknown flag": {plan, []string{"-limit", "3"}, "flag provided but not defined: -limit"},
		"unknown format": {
			plan,
			[]string{"-format", "pdf"},
			`there is no format "pdf"; the formats are text, markdown, html, json`,
		},
		"no number": {
			plan,
			[]string{"-max", "many"},
			`invalid value "many" for flag -max: a number from 0 on is needed`,
		},
		"a negative number": {
			plan,
			[]string{"-max", "-1"},
			`invalid value "-1" for flag -max: a number from 0 on is needed`,
		},
		"half a number": {
			plan,
			[]string{"-max", "3x"},
			`invalid value "3x" for flag -max: a number from 0 on is needed`,
		},
		"unknown rule": {
			plan,
			[]string{"-deny", "termination,swaps"},
			`invalid value "termination,swaps" for flag -deny: there is no rule "swaps"; ` + theRules,
		},
		"an unset variable": {
			plan,
			[]string{"-deny", ""},
			`invalid value "" for flag -deny: a rule is missing; ` + theRules,
		},
		"too narrow":     {plan, []string{"-width", "20"}, "a width of 20 is too narrow: the least is 40"},
		"no such folder": {plan, []string{"-out", "none/review.txt"}, "open none/"},
		"into a folder":  {plan, []string{"-out", "testdata"}, "open testdata: is a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			exit, stdout, stderr := run(c.stdin, c.args...)
			if exit != exitFailed || stdout != "" {
				t.Errorf("exit status %d, standard output %q", exit, stdout)
			}
			// The name of a temporary file differs from run to run.
			got, want := strings.TrimSuffix(stderr, "\n"), "review: "+c.want
			if got != want && (!strings.HasSuffix(want, "/") || !strings.HasPrefix(got, want)) {
				t.Errorf("it says %q, want %q", got, want)
			}
			if strings.Count(stderr, "\n") != 1 {
				t.Errorf("that is more than one line: %q", stderr)
			}
		})
	}
}

func TestCommand_limits(t *testing.T) {
	t.Parallel()
	const file = "testdata/five-resources.plan.json"
	for name, c := range map[string]struct {
		args []string
		exit int
		want []string
	}{
		"no limit":        {nil, exitWithin, nil},
		"as many":         {[]string{"-max", "13"}, exitWithin, nil},
		"one too many":    {[]string{"-max", "12"}, exitBeyond, []string{"max"}},
		"none allowed":    {[]string{"-max=0"}, exitBeyond, []string{"max"}},
		"termination":     {[]string{"-deny", "termination"}, exitBeyond, []string{"termination", "termination"}},
		"deletion":        {[]string{"-deny", "deletion"}, exitBeyond, []string{"deletion"}},
		"protection":      {[]string{"-deny", "unprotect"}, exitBeyond, []string{"unprotect"}},
		"swap":            {[]string{"-deny", "swap"}, exitBeyond, []string{"swap"}},
		"swap by keyword": {[]string{"-deny", "swap-by-word"}, exitBeyond, []string{"swap-by-word"}},
		"unknown":         {[]string{"-deny", "unknown"}, exitWithin, nil},
		"several": {
			[]string{"-deny", "swap, deletion", "-deny", "unknown"},
			exitBeyond,
			[]string{"deletion", "swap"},
		},
		"flags after file":  {[]string{"-max", "12"}, exitBeyond, []string{"max"}},
		"file by its stdin": {[]string{"-", "-max", "12"}, exitBeyond, []string{"max"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args, stdin := append([]string{"-format", "json"}, c.args...), ""
			switch name {
			case "file by its stdin":
				content, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				stdin = "\xef\xbb\xbf" + string(content) // with a byte order mark
			case "flags after file":
				args = append([]string{file}, args...)
			default:
				args = append(args, file)
			}
			exit, stdout, stderr := run(stdin, args...)
			if exit != c.exit {
				t.Errorf("exit status %d, want %d: %s", exit, c.exit, stderr)
			}
			if diff := cmp.Diff(c.want, rulesIn(t, stdout)); diff != "" {
				t.Errorf("violations: %s", diff)
			}
		})
	}
}

func rulesIn(t *testing.T, report string) []string {
	t.Helper()
	var found []string
	for line := range strings.Lines(report) {
		if rule, ok := strings.CutPrefix(strings.TrimSpace(line), `"rule": "`); ok {
			found = append(found, strings.TrimSuffix(rule, `",`))
		}
	}
	return found
}

func TestCommand_help(t *testing.T) {
	t.Parallel()
	exit, stdout, stderr := run("", "-help")
	if exit != exitWithin || stderr != "" {
		t.Errorf("exit status %d, standard error %q", exit, stderr)
	}
	golden(t, "help.txt", []byte(stdout))
}

func TestCommand_out(t *testing.T) {
	t.Parallel()
	const file = "testdata/five-resources.plan.json"
	_, want, _ := run("", file)
	dir := t.TempDir()
	path := filepath.Join(dir, "review.txt")
	check := func(of string) {
		t.Helper()
		exit, stdout, stderr := run("", "-out", of, "-max", "1", file)
		if exit != exitBeyond || stdout != "" || !strings.HasPrefix(stderr, "review: "+of+": 13 live changes\n") {
			t.Errorf("exit status %d, standard output %q, standard error %q", exit, stdout, stderr)
		}
		content, err := os.ReadFile(of)
		if err != nil || !strings.HasSuffix(string(content), want[strings.Index(want, "\nTotals"):]) {
			t.Errorf("%v\n%s", err, content)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	check(path)
	if err := os.WriteFile(path, []byte("an older report"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	check(path)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the file's mode has changed: %v %v", info.Mode(), err)
	}
	link := filepath.Join(dir, "latest.txt")
	if err := os.Symlink("review.txt", link); err != nil {
		t.Fatal(err)
	}
	check(link)
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link has been replaced: %v", err)
	}
	if _, stdout, _ := run("", "-out", "-", file); stdout != want {
		t.Errorf("-out - is not standard output:\n%s", stdout)
	}
}

// A report that can't be written is no report: what was there stays, and nothing else appears.
func TestCommand_fullDisk(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("/dev/full is Linux's")
	}
	exit, _, stderr := run("", "-out", "/dev/full", "testdata/empty.plan.json")
	if want := "review: write /dev/full: no space left on device\n"; exit != exitFailed || stderr != want {
		t.Errorf("exit status %d, %q", exit, stderr)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }
func (brokenPipe) Read([]byte) (int, error)  { return 0, errors.New("input/output error") }

func TestCommand_brokenStreams(t *testing.T) {
	t.Parallel()
	var stderr strings.Builder
	exit := Command([]string{"testdata/empty.plan.json"}, strings.NewReader(""), brokenPipe{}, &stderr)
	if exit != exitFailed || stderr.String() != "review: broken pipe\n" {
		t.Errorf("standard output: exit status %d, %q", exit, stderr.String())
	}
	stderr.Reset()
	in := io.MultiReader(strings.NewReader(planHead), brokenPipe{})
	exit = Command(nil, in, io.Discard, &stderr)
	if exit != exitFailed || stderr.String() != "review: standard input: input/output error\n" {
		t.Errorf("standard input: exit status %d, %q", exit, stderr.String())
	}
}
