// Package cli runs a Terraform or OpenTofu CLI with the provider that this module builds, for the acceptance tests, the
// bench and the demo. No registry is asked.
package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// CLI is a working directory in which commands of a CLI run.
type CLI struct {
	Path string // of the command
	Dir  string
	Env  []string
}

// New makes ready to run the CLI at that path in a directory, which must exist and also gets the CLI's configuration
// file. Logs, extra arguments and settings of the person who runs it stay out.
func New(path, dir string) (*CLI, error) {
	c := &CLI{Path: path, Dir: dir}
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "TF_") && !strings.HasPrefix(variable, "TELCO_") {
			c.Env = append(c.Env, variable)
		}
	}
	c.Setenv("TF_CLI_CONFIG_FILE="+filepath.Join(dir, configFile), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1",
		"TF_INPUT=0")
	return c, c.Write(configFile, "")
}

const configFile = "cli.tfrc"

// In is the same CLI in another working directory, with the same configuration file.
func (c *CLI) In(dir string) *CLI { return &CLI{Path: c.Path, Dir: dir, Env: slices.Clip(c.Env)} }

// Setenv adds environment variables, each "NAME=value", to later commands.
func (c *CLI) Setenv(variables ...string) { c.Env = append(c.Env, variables...) }

// Write puts a file into the working directory.
func (c *CLI) Write(name, content string) error {
	return os.WriteFile(filepath.Join(c.Dir, name), []byte(content), 0o600)
}

// InstallFrom lets init find providers in a mirror, and nowhere else; see InMirror.
func (c *CLI) InstallFrom(mirror string) error {
	return c.Write(configFile, fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n",
		mirror))
}

// Override makes the CLI start the provider that was built into that directory, without init.
func (c *CLI) Override(address, dir string) error {
	return c.Write(configFile, fmt.Sprintf(
		"provider_installation {\n  dev_overrides {\n    %q = %q\n  }\n  direct {}\n}\n", address, dir))
}

// Command prepares a command. Where ctx ends, the command is killed.
func (c *CLI) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.Path, args...)
	cmd.Dir, cmd.Env = c.Dir, c.Env
	return cmd
}

// Run runs a command and returns what it printed and its exit code. A code other than 0 is no error.
func (c *CLI) Run(ctx context.Context, args ...string) (output string, exit int, err error) {
	var buf bytes.Buffer
	cmd := c.Command(ctx, args...)
	cmd.Stdout, cmd.Stderr = &buf, &buf
	err = cmd.Run()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return buf.String(), failed.ExitCode(), nil
	}
	return buf.String(), 0, err
}

// Build builds the provider, or another package of this module; flags are those of go build.
func Build(ctx context.Context, output, target string, flags ...string) error {
	_, file, _, _ := runtime.Caller(0)
	build := exec.CommandContext(ctx, "go", slices.Concat([]string{"build"}, flags, []string{"-o", output, target})...)
	build.Dir = filepath.Join(filepath.Dir(file), "..", "..")
	if text, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", target, err, text)
	}
	return nil
}

// Provider is the target that builds the provider.
const Provider = "."

// InMirror is where a mirror has the provider simfleet/telco of that version, for Terraform's host or OpenTofu's.
func InMirror(mirror, host, version string) string {
	return filepath.Join(mirror, host, "simfleet", "telco", version, runtime.GOOS+"_"+runtime.GOARCH,
		"terraform-provider-telco_v"+version)
}

// The hosts under which the CLIs look for simfleet/telco.
const (
	TerraformHost = "registry.terraform.io"
	OpenTofuHost  = "registry.opentofu.org"
)
