package acctest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// CLI is a working directory of the real CLI with the provider built as a binary, for what plugin-testing cannot do:
// -replace, saved plans, -json, signals and kills.
type CLI struct {
	Dir string

	t        *testing.T
	path     string
	env      []string
	attached map[string]any // as TF_REATTACH_PROVIDERS takes it
}

// buildOnce builds the provider once for all tests of a run.
var buildOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "telco-acctest-")
	if err != nil {
		return "", err
	}
	_, file, _, _ := runtime.Caller(0)
	root := filepath.Join(filepath.Dir(file), "..", "..")
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "terraform-provider-telco"), ".")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the provider: %w\n%s", err, out)
	}
	return dir, nil
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
	c.useBinary(bin)
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
	for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
		dir := filepath.Join(mirror, host, "simfleet", "telco", version, runtime.GOOS+"_"+runtime.GOARCH)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(bin, "terraform-provider-telco"),
			filepath.Join(dir, "terraform-provider-telco_v"+version)); err != nil {
			t.Fatal(err)
		}
	}
	c.Write("cli.tfrc", fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror))
	return c
}

// Path is the CLI's own.
func (c *CLI) Path() string { return c.path }

// Env is the environment of its commands.
func (c *CLI) Env() []string { return c.env }

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
	c := &CLI{Dir: t.TempDir(), t: t, path: path}
	c.Write("cli.tfrc", "") // the user's own settings stay out of the tests
	c.env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+filepath.Join(c.Dir, "cli.tfrc"), "TF_IN_AUTOMATION=1",
		"TF_INPUT=0",
		"CHECKPOINT_DISABLE=1", "TF_ACC=")
	return c
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
		c.t.Fatalf("%s tells no version: %v\n%s", c.path, err, output)
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

// useBinary makes the CLI start the provider that was built into that directory.
func (c *CLI) useBinary(dir string) {
	c.t.Helper()
	c.Write("cli.tfrc", fmt.Sprintf("provider_installation {\n  dev_overrides {\n    %q = %q\n  }\n  direct {}\n}\n",
		address(), dir))
}

// Setenv adds environment variables, each "NAME=value", to later commands.
func (c *CLI) Setenv(variables ...string) { c.env = append(c.env, variables...) }

// Write puts a file into the working directory.
func (c *CLI) Write(name, content string) {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.Dir, name), []byte(content), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// Command prepares a command of the CLI, in a process group of its own.
func (c *CLI) Command(args ...string) *exec.Cmd {
	cmd := exec.Command(c.path, args...)
	cmd.Dir, cmd.Env = c.Dir, c.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// Run runs a command and returns what it printed and its exit code.
func (c *CLI) Run(args ...string) (output string, exit int) {
	c.t.Helper()
	var buf bytes.Buffer
	cmd := c.Command(plain(args)...)
	cmd.Stdout, cmd.Stderr = &buf, &buf
	err := cmd.Run()
	var exitErr *exec.ExitError
	if err != nil && !errors.As(err, &exitErr) {
		c.t.Fatalf("%s %v: %v", c.path, args, err)
	}
	return buf.String(), cmd.ProcessState.ExitCode()
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
