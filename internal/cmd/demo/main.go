// Command demo shows the provider at work against the simulator, with a real CLI: make demo.
//
// It builds both, applies examples/demo, shows the plan's warnings and its review, the outputs and what the simulated
// network executed, then that a second plan is empty and what drift looks like. All it makes is in one temporary
// folder, and what it starts ends with it, also when it is interrupted. With -portal it waits, so that the
// simulator's page can be opened first, and looked at when all is done: make demo PORTAL=1.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/cli"
)

func main() {
	command := flag.String("cli", "terraform", "the Terraform or OpenTofu `command` to use")
	portal := flag.Bool("portal", false, "wait for Enter before and after, to watch in the simulator's portal")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *command, *portal); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// version is the provider's in the local mirror; no registry is asked.
const version = "0.0.1"

func run(ctx context.Context, command string, portal bool) error {
	dir, err := os.MkdirTemp("", "telco-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()

	d := &demo{ctx: ctx, dir: dir, input: bufio.NewReader(os.Stdin)}
	say("Building the provider and the simulator")
	if err := d.build(command); err != nil {
		return err
	}
	say("Starting the simulator (loopback only, nothing real is touched)")
	stop, err := d.startSimulator()
	if err != nil {
		return err
	}
	defer stop()
	if portal {
		d.pause("Open " + d.controlServer + "/ in a browser, and press Enter to begin")
	}

	for _, step := range []func() error{d.plan, d.review, d.apply, d.again, d.drift} {
		if err := step(); err != nil {
			return err
		}
	}
	if portal {
		d.pause("The portal is still at " + d.controlServer + "/: press Enter to end")
	}
	say("Done. The temporary folder and the simulator are gone.")
	return nil
}

type demo struct {
	ctx           context.Context //nolint:containedctx // the demo is one run
	dir           string
	cli           *cli.CLI
	controlServer string
	input         *bufio.Reader
}

func say(text string) { fmt.Printf("\n=== %s\n\n", text) }

// pause waits for Enter, or for the end of the demo or of its input.
func (d *demo) pause(text string) {
	say(text)
	pressed := make(chan struct{})
	go func() {
		defer close(pressed)
		_, _ = d.input.ReadString('\n')
	}()
	select {
	case <-pressed:
	case <-d.ctx.Done():
	}
}

// build puts the provider into a mirror that serves it to Terraform and OpenTofu, and the example beside it.
func (d *demo) build(command string) error {
	mirror, work := filepath.Join(d.dir, "mirror"), filepath.Join(d.dir, "fleet")
	if err := cli.Build(d.ctx, cli.InMirror(mirror, cli.TerraformHost, version), cli.Provider); err != nil {
		return err
	}
	if err := cli.Build(d.ctx, filepath.Join(d.dir, "simulator"), "./internal/cmd/simulator"); err != nil {
		return err
	}
	if err := os.CopyFS(work, os.DirFS(filepath.Join("examples", "demo"))); err != nil {
		return err
	}
	home, err := cli.New(command, d.dir)
	if err != nil {
		return err
	}
	d.cli = home.In(work)
	return home.InstallFrom(mirror)
}

// startSimulator starts the simulator as a user would, and takes the provider's settings from its environment file.
func (d *demo) startSimulator() (stop func(), err error) {
	envFile := filepath.Join(d.dir, "simulator.env")
	cmd := exec.Command(filepath.Join(d.dir, "simulator"),
		"-settle", "3s", "-latency", "20ms", "-sims", "6", "-ledger=false", "-env-file", envFile)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = cli.OwnGroup() // Ctrl-C must reach Terraform first: the simulator has to outlive it
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stop = func() {
		_ = cmd.Process.Kill()
		<-ended
	}

	for {
		text, err := os.ReadFile(envFile)
		if err == nil {
			d.takeEnvironment(string(text))
			return stop, nil
		}
		select {
		case err := <-ended:
			ended <- err
			return nil, fmt.Errorf("the simulator ended: %w", err)
		case <-d.ctx.Done():
			stop()
			return nil, d.ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (d *demo) takeEnvironment(exports string) {
	for line := range strings.Lines(exports) {
		name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		if !ok {
			continue
		}
		value = strings.Trim(value, "'")
		if name == "TELCO_SIMULATOR_CONTROL" {
			d.controlServer = value
		}
		d.cli.Setenv(name + "=" + value)
	}
}

// terraform runs the CLI in front of the user. On Ctrl-C the CLI gets the signal from the terminal, finishes what it
// has begun and ends; only then is anything cleaned up.
func (d *demo) terraform(args ...string) (int, error) {
	fmt.Printf("$ %s %s\n", filepath.Base(d.cli.Path), strings.Join(args, " "))
	cmd := d.cli.Command(context.WithoutCancel(d.ctx), args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err := cmd.Run()
	if d.ctx.Err() != nil {
		return 0, errors.New("interrupted")
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	return 0, err
}

func (d *demo) must(args ...string) error {
	code, err := d.terraform(args...)
	if err == nil && code != 0 {
		err = fmt.Errorf("%s ended with exit code %d", args[0], code)
	}
	return err
}

func (d *demo) plan() error {
	say("The plan: look at its warnings")
	if err := d.must("init", "-no-color"); err != nil {
		return err
	}
	return d.must("plan", "-no-color", "-out=plan.bin")
}

// review shows the plan's live changes, from the JSON of the plan and with the provider that init has installed.
func (d *demo) review() error {
	say("The review: every live change of the saved plan, and a limit on them")
	binary, err := d.installed()
	if err != nil {
		return err
	}
	show := d.cli.Command(d.ctx, "show", "-json", "plan.bin")
	show.Stderr = os.Stderr
	plan, err := show.Output()
	if err != nil {
		return fmt.Errorf("show -json: %w", err)
	}
	const deny = "termination,deletion,unprotect,swap-by-word,unknown"
	fmt.Printf("$ %s show -json plan.bin | %s review -max 20 -deny %s\n", filepath.Base(d.cli.Path), binary, deny)
	review := exec.CommandContext(d.ctx, filepath.Join(d.cli.Dir, binary), "review", "-max", "20", "-deny", deny)
	review.Stdin, review.Stdout, review.Stderr = bytes.NewReader(plan), os.Stdout, os.Stderr
	return review.Run()
}

// installed is the provider's binary, from the demo's folder, as docs/guides/review.md finds it.
func (d *demo) installed() (string, error) {
	output, err := d.cli.Command(d.ctx, "version", "-json").Output()
	if err != nil {
		return "", fmt.Errorf("version -json: %w", err)
	}
	var version struct {
		Platform  string            `json:"platform"`
		Providers map[string]string `json:"provider_selections"`
	}
	if err := json.Unmarshal(output, &version); err != nil {
		return "", err
	}
	for address, number := range version.Providers {
		if strings.HasSuffix(address, "/simfleet/telco") {
			return filepath.Join(".terraform", "providers", filepath.FromSlash(address), number, version.Platform,
				"terraform-provider-telco_v"+number), nil
		}
	}
	return "", errors.New("init has installed no simfleet/telco")
}

func (d *demo) apply() error {
	say("The apply: it waits on the status URL and the monitor")
	if err := d.must("apply", "-no-color", "plan.bin"); err != nil {
		return err
	}
	return d.ledger()
}

func (d *demo) again() error {
	say("Planned again: nothing to do, and no warning")
	code, err := d.terraform("plan", "-no-color", "-detailed-exitcode")
	if err == nil && code != 0 {
		err = fmt.Errorf("the plan after the apply is not empty (exit code %d)", code)
	}
	return err
}

func (d *demo) drift() error {
	say("Somebody suspends truck-1 in the portal: the next plan shows it")
	body := `{"key": "JASPER-8997100000000000001", "set": {"status": "SUSPENDED"}}`
	if _, err := d.control(http.MethodPost, "/portal/cmo", body); err != nil {
		return err
	}
	code, err := d.terraform("plan", "-no-color", "-detailed-exitcode")
	if err == nil && code != 2 {
		err = fmt.Errorf("the plan shows no drift (exit code %d)", code)
	}
	return err
}

// ledger shows each change that the simulated network executed.
func (d *demo) ledger() error {
	say("What the network executed: each change once")
	text, err := d.control(http.MethodGet, "/ledger", "")
	if err != nil {
		return err
	}
	var changes []struct {
		Seq                      int
		API, Action, Key, Detail string
	}
	if err := json.Unmarshal(text, &changes); err != nil {
		return err
	}
	for _, c := range changes {
		fmt.Printf("%3d  %-9s %-8s %-32s %s\n", c.Seq, c.API, c.Action, c.Key, c.Detail)
	}
	return nil
}

func (d *demo) control(method, path, body string) ([]byte, error) {
	req, err := http.NewRequestWithContext(d.ctx, method, d.controlServer+path, bytes.NewBufferString(body))
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, res.Status, text)
	}
	return text, err
}
