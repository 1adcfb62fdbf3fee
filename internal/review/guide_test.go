package review_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// findsBinary is the line of the guides that finds the installed provider.
var findsBinary = regexp.MustCompile(`(?m)^ *(telco=\.terraform.*)$`)

func text(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", path))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestGuides_findTheBinary: one line, the same wherever it stands.
func TestGuides_findTheBinary(t *testing.T) {
	t.Parallel()
	lines := map[string]bool{}
	for _, path := range []string{
		"templates/guides/review.md.tmpl", "templates/guides/going-live.md.tmpl", "examples/ci/github-actions.yml",
	} {
		found := findsBinary.FindAllStringSubmatch(text(t, path), -1)
		if len(found) != 1 {
			t.Errorf("%s has the line %d times", path, len(found))
		}
		for _, match := range found {
			lines[match[1]] = true
		}
	}
	if len(lines) != 1 {
		t.Errorf("the line differs: %v", lines)
	}
}

// TestAccGuides_githubActions runs the steps of the job as a runner would: with each CLI the line finds the provider
// that init has installed, and the job ends with the review's exit status beside a comment.
func TestAccGuides_githubActions(t *testing.T) {
	if _, err := exec.LookPath("jq"); err != nil {
		t.Skip("no jq, which the runners have")
	}
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash, which the runners have")
	}
	t.Run("the CLI of all tests", func(t *testing.T) {
		t.Parallel()
		checkJob(t, "")
	})
	t.Run("others", func(t *testing.T) {
		t.Parallel()
		for _, path := range acctest.OtherCLIs(t) {
			t.Run(filepath.Base(path), func(t *testing.T) {
				t.Parallel()
				checkJob(t, path)
			})
		}
	})
}

func checkJob(t *testing.T, path string) {
	t.Helper()
	env := acctest.New(t)
	env.AddProduct(simulator.Product{ID: truck1, SIMStatus: "ACTIVE"})
	cli := acctest.NewInstallingCLI(t, path, "1.2.3")
	// The provider block of the test, with the address of a user.
	source := regexp.MustCompile(`source = "[^"]*"`)
	config := source.ReplaceAllString(env.Config(status("one", truck1, `"TERMINATED"`, "")), `source = "simfleet/telco"`)
	cli.Write("main.tf", config)

	name := "terraform" // as the job calls it, whichever it is
	bin := t.TempDir()
	if err := os.Symlink(cli.Path, filepath.Join(bin, name)); err != nil {
		t.Fatal(err)
	}
	job := text(t, "examples/ci/github-actions.yml")
	runStep := func(step string) (string, int) {
		t.Helper()
		cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script(t, job, step))
		cmd.Dir, cmd.Env = cli.Dir, append(cli.Env, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
		output, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return string(output), cmd.ProcessState.ExitCode()
	}
	if output, exit := runStep("Plan"); exit != 0 {
		t.Fatalf("the plan ends with %d:\n%s", exit, output)
	}
	output, exit := runStep("Review")
	const want = "review: review.md: 1 live change\nreview: 1 violation of the limits; the report names each\n"
	if exit != 2 || output != want {
		t.Errorf("the review ends with %d: %q", exit, output)
	}
	comment, err := os.ReadFile(filepath.Join(cli.Dir, "review.md"))
	const violation = "- **termination**: `SIM " + truck1 + "`: `ACTIVE -> TERMINATED` at `telco_sim_status.one`\n"
	if err != nil || !strings.Contains(string(comment), violation) {
		t.Errorf("%v\n%s", err, comment)
	}
}

// script is the shell of one step of a workflow.
func script(t *testing.T, workflow, step string) string {
	t.Helper()
	_, rest, found := strings.Cut(workflow, "- name: "+step+"\n")
	_, rest, has := strings.Cut(rest, "run: |\n")
	if !found || !has {
		t.Fatalf("the job has no step %s", step)
	}
	var lines []string
	for line := range strings.Lines(rest) {
		code, inside := strings.CutPrefix(line, "          ")
		if !inside {
			break
		}
		lines = append(lines, code)
	}
	return strings.Join(lines, "")
}
