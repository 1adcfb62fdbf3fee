package acctest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/cli"
)

// CLI is a working directory of the real CLI with the provider built as a binary, for what plugin-testing cannot do:
// -replace, saved plans, -json, signals and kills. What fails ends the test.
type CLI struct {
	*cli.CLI

	t        *testing.T
	attached map[string]any // as TF_REATTACH_PROVIDERS takes it
}

// buildOnce builds the provider once for all tests of a run.
var buildOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "telco-acctest-")
	if err != nil {
		return "", err
	}
	return dir, cli.Build(context.Background(), filepath.Join(dir, "terraform-provider-telco"), cli.Provider)
})

// NewCLI makes a working directory that ends with the test. It skips the test where acceptance tests are off, as
// resource.Test does.
func (e *Env) NewCLI(t *testing.T) *CLI {
	t.Helper()
	c := newCLI(t)
	bin, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	c.must(c.Override(address(), bin))
	return c
}

// NewAttachedCLI is NewCLI with this test's provider in place of the built one: it is as impatient as in Test, and its
// diagnostics are recorded. It can't be killed.
func (e *Env) NewAttachedCLI(t *testing.T) *CLI {
	t.Helper()
	return e.attached(newCLI(t))
}

// NewAttachedCLIAt is NewAttachedCLI with the CLI of that path, such as one of OtherCLIs.
func (e *Env) NewAttachedCLIAt(t *testing.T, path string) *CLI {
	t.Helper()
	return e.attached(newCLIAt(t, path))
}

func (e *Env) attached(c *CLI) *CLI {
	c.t.Helper()
	server, err := e.Factories()["telco"]()
	if err != nil {
		c.t.Fatal(err)
	}
	c.Attach(address(), server)
	return c
}

// NewInstallingCLI is NewCLI with the provider in a mirror that init installs it from, for Terraform and for OpenTofu,
// as simfleet/telco in that version. path is the CLI's, "" the one that all tests use.
func NewInstallingCLI(t *testing.T, path, version string) *CLI {
	t.Helper()
	var c *CLI
	if path == "" {
		c = newCLI(t)
	} else {
		c = newCLIAt(t, path)
	}
	bin, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	mirror := filepath.Join(c.Dir, "mirror")
	for _, host := range []string{cli.TerraformHost, cli.OpenTofuHost} {
		installed := cli.InMirror(mirror, host, version)
		c.must(os.MkdirAll(filepath.Dir(installed), 0o700))
		c.must(os.Symlink(filepath.Join(bin, "terraform-provider-telco"), installed))
	}
	c.must(c.InstallFrom(mirror))
	return c
}

// OtherCLIs are the paths of CLIs beside the one that all tests use, from TELCO_TEST_CLIS, separated as PATH is: what
// only a newer Terraform or an OpenTofu can do is tested with each of them that can. The test is skipped where there is
// none.
func OtherCLIs(t *testing.T) []string {
	t.Helper()
	paths := filepath.SplitList(os.Getenv("TELCO_TEST_CLIS"))
	if len(paths) == 0 {
		t.Skip("TELCO_TEST_CLIS names no other CLI")
	}
	return paths
}

func newCLI(t *testing.T) *CLI {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("Acceptance tests skipped unless env 'TF_ACC' set")
	}
	path := os.Getenv("TF_ACC_TERRAFORM_PATH")
	if path == "" {
		var err error
		if path, err = exec.LookPath("terraform"); err != nil {
			t.Fatal("no CLI: set TF_ACC_TERRAFORM_PATH")
		}
	}
	return newCLIAt(t, path)
}

func newCLIAt(t *testing.T, path string) *CLI {
	t.Helper()
	c := &CLI{t: t}
	var err error
	if c.CLI, err = cli.New(path, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *CLI) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// Need skips the test unless the CLI is Terraform or OpenTofu of that version, such as "1.10", or newer; "" skips it
// for that one.
func (c *CLI) Need(terraform, tofu string) {
	c.t.Helper()
	var version struct {
		Terraform string `json:"terraform_version"` // OpenTofu's too
	}
	output, err := c.Command("version", "-json").Output()
	if err != nil || json.Unmarshal(output, &version) != nil {
		c.t.Fatalf("%s tells no version: %v\n%s", c.Path, err, output)
	}
	name, need := "Terraform", terraform
	if text, _ := c.Run("version"); strings.Contains(text, "OpenTofu") {
		name, need = "OpenTofu", tofu
	}
	if need == "" || older(version.Terraform, need) {
		c.t.Skipf("%s %s can't do this (needed: Terraform %s, OpenTofu %s)", name, version.Terraform, orNone(terraform),
			orNone(tofu))
	}
}

func orNone(version string) string {
	if version == "" {
		return "none"
	}
	return version
}

// older compares major and minor version; what follows does not count.
func older(version, need string) bool {
	var major, minor, needMajor, needMinor int
	_, _ = fmt.Sscanf(version, "%d.%d", &major, &minor)
	_, _ = fmt.Sscanf(need, "%d.%d", &needMajor, &needMinor)
	return major < needMajor || major == needMajor && minor < needMinor
}

// Write puts a file into the working directory.
func (c *CLI) Write(name, content string) {
	c.t.Helper()
	c.must(c.CLI.Write(name, content))
}

// Command prepares a command of the CLI, in a process group of its own.
func (c *CLI) Command(args ...string) *exec.Cmd {
	cmd := c.CLI.Command(context.Background(), args...)
	cmd.SysProcAttr = cli.OwnGroup()
	return cmd
}

// Run runs a command and returns what it printed and its exit code.
func (c *CLI) Run(args ...string) (output string, exit int) {
	c.t.Helper()
	output, exit, err := c.CLI.Run(context.Background(), plain(args)...)
	c.must(err)
	return output, exit
}

// MustRun is Run for a command that is to succeed.
func (c *CLI) MustRun(args ...string) string {
	c.t.Helper()
	output, exit := c.Run(args...)
	if exit != 0 {
		c.t.Fatalf("%v ended with %d:\n%s", args, exit, output)
	}
	return output
}

// plain keeps escape codes out of the output of the commands that would print them.
func plain(args []string) []string {
	switch args[0] {
	case "plan", "apply", "destroy", "refresh", "import", "show", "init", "validate", "query":
		return append([]string{args[0], "-no-color"}, args[1:]...)
	}
	return args
}
