package main

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
	"time"
)

// cli is a Terraform or OpenTofu that finds the provider in a mirror on disk; no registry is asked.
type cli struct {
	path, dir string
	version   string
	env       []string
	workdirs  int
}

// providerVersion is the provider's in the mirror.
const providerVersion = "0.0.1"

func newCLI(ctx context.Context, command string) (*cli, error) {
	path, err := exec.LookPath(command)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "telco-bench-")
	if err != nil {
		return nil, err
	}
	c := &cli{path: path, dir: dir}
	if err := c.setUp(ctx); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (c *cli) close() { _ = os.RemoveAll(c.dir) }

func (c *cli) setUp(ctx context.Context) error {
	mirror := filepath.Join(c.dir, "mirror")
	binary := filepath.Join(mirror, "registry.terraform.io", "simfleet", "telco", providerVersion,
		runtime.GOOS+"_"+runtime.GOARCH,
		"terraform-provider-telco_v"+providerVersion)
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, ".") // as a release is
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the provider: %w\n%s", err, out)
	}
	config := filepath.Join(c.dir, "cli.tfrc")
	text := fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n", mirror)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	// Logs, extra arguments or settings of the person who measures would be measured as well.
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "TF_") && !strings.HasPrefix(variable, "TELCO_") {
			c.env = append(c.env, variable)
		}
	}
	c.env = append(c.env, "TF_CLI_CONFIG_FILE="+config, "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1", "TF_INPUT=0")
	version := exec.CommandContext(ctx, c.path, "version")
	version.Env = c.env
	out, err := version.Output()
	c.version, _, _ = strings.Cut(string(out), "\n")
	return err
}

// workdir is a folder in which commands run.
type workdir struct {
	*cli
	name string // distinct among the run's
	path string
	env  []string
}

func (c *cli) workdir() (*workdir, error) {
	c.workdirs++
	name := fmt.Sprintf("work%d", c.workdirs)
	path := filepath.Join(c.dir, name)
	return &workdir{c, name, path, slices.Clip(c.env)}, os.Mkdir(path, 0o700)
}

func (w *workdir) write(name, content string) error {
	return os.WriteFile(filepath.Join(w.path, name), []byte(content), 0o600)
}

// run runs a command that is to succeed, and watches what it costs.
func (w *workdir) run(ctx context.Context, args ...string) (cost, error) {
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, w.cli.path, args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = w.path, w.env, &output, &output
	// Let the CLI finish what it has begun; only one that does not end is killed.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute

	start := time.Now()
	if err := cmd.Start(); err != nil {
		return cost{}, err
	}
	watched := watch(cmd.Process.Pid)
	err := cmd.Wait()
	c := cost{wall: time.Since(start)}
	children := watched()
	var exit *exec.ExitError
	if err != nil {
		if ctx.Err() != nil {
			return cost{}, errors.New("interrupted, or out of time")
		}
		if errors.As(err, &exit) && exit.ExitCode() == 2 && args[0] == "plan" {
			err = errors.New("the plan is not empty")
		}
		return cost{}, fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, tail(output.String()))
	}
	// The CLI's own account holds the children that it has waited for.
	all := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	for _, child := range children {
		c.provider = true
		c.cpuProvider += child.cpu
		c.memory = max(c.memory, child.memory)
	}
	c.cpuCLI = max(0, all-c.cpuProvider)
	return c, nil
}

// usage is what one child process of the CLI has used.
type usage struct {
	cpu    time.Duration
	memory int64 // the most at a time, in bytes
}

// tail is the end of a long text.
func tail(text string) string {
	const most = 4000
	if len(text) > most {
		return "..." + text[len(text)-most:]
	}
	return text
}
