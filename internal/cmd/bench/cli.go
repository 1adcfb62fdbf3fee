package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/cli"
)

// home is the folder of a bench: the CLI, the provider in a mirror, and the working directories.
type home struct {
	*cli.CLI
	version  string
	workdirs int
}

// providerVersion is the provider's in the mirror.
const providerVersion = "0.0.1"

func newHome(ctx context.Context, command string) (*home, error) {
	path, err := exec.LookPath(command)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "telco-bench-")
	if err != nil {
		return nil, err
	}
	h := &home{}
	if h.CLI, err = cli.New(path, dir); err == nil {
		err = h.setUp(ctx)
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return h, nil
}

func (h *home) close() { _ = os.RemoveAll(h.Dir) }

func (h *home) setUp(ctx context.Context) error {
	mirror := filepath.Join(h.Dir, "mirror")
	binary := cli.InMirror(mirror, cli.TerraformHost, providerVersion)
	if err := cli.Build(ctx, binary, cli.Provider, "-trimpath", "-ldflags=-s -w"); err != nil { // as a release is
		return err
	}
	if err := h.InstallFrom(mirror); err != nil {
		return err
	}
	out, err := h.Command(ctx, "version").Output()
	h.version, _, _ = strings.Cut(string(out), "\n")
	return err
}

// workdir is a folder in which commands run.
type workdir struct {
	*cli.CLI
	name string // distinct among the run's
}

func (h *home) workdir() (*workdir, error) {
	h.workdirs++
	name := fmt.Sprintf("work%d", h.workdirs)
	path := filepath.Join(h.Dir, name)
	return &workdir{h.In(path), name}, os.Mkdir(path, 0o700)
}

// run runs a command that is to succeed, and watches what it costs.
func (w *workdir) run(ctx context.Context, args ...string) (cost, error) {
	var output bytes.Buffer
	cmd := w.Command(ctx, args...)
	cmd.Stdout, cmd.Stderr = &output, &output
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
