package provider_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// -replace would send the change in a leg whose warnings the CLI drops.
func TestAccReplaceOption(t *testing.T) {
	t.Parallel()
	env := newSwapEnv(t)
	env.AddM2MGroup(simulator.M2MGroup{Code: "TEST", Type: "pending"})
	env.AddM2MGroup(simulator.M2MGroup{Code: "LIVE10", Type: "live"})
	env.AddM2MSIM(simulator.M2MSIM{ICCID: aaSIM, Group: "TEST"})
	cli := env.NewCLI(t)
	word := strings.Replace(simSwapConfig(swapOtherNumber, "eSim", replacing(swapOther)), `"test"`, `"word"`, 1)
	config := aaGroupConfig(aaSIM, "LIVE10") + simSwapConfig(swapAccount, swapNew) + word
	cli.Write("main.tf", env.Config(config))
	cli.MustRun("apply", "-auto-approve")
	sent := len(env.Ledger())

	for address, wayOut := range map[string]string{
		aaGroup: "Change group_code instead", "telco_mvno_sim_swap.word": "change triggers",
	} {
		output, exit := cli.Run("plan", "-replace="+address)
		if text := strings.Join(strings.Fields(strings.ReplaceAll(output, "│", " ")), " "); exit == 0 ||
			!strings.Contains(text, "Replacing is refused") || !strings.Contains(text, wayOut) {
			t.Errorf("-replace of %s ended with %d:\n%s", address, exit, output)
		}
	}

	// For an ICC that the account holds it sends nothing. Once it would send, it is refused too, with or without
	// preflight.
	cli.MustRun("apply", "-auto-approve", "-replace="+simSwap)
	accountHolds(env, swapAuto)()
	for _, settings := range []string{"", "preflight = false"} {
		cli.Write("main.tf", env.Config(config, settings))
		output, exit := cli.Run("apply", "-auto-approve", "-replace="+simSwap)
		if exit == 0 || !strings.Contains(output, "Replacing is refused") {
			t.Errorf("-replace that swaps, %q, ended with %d:\n%s", settings, exit, output)
		}
	}
	if n := len(env.Ledger()); n != sent || sent != 3 {
		t.Errorf("the network executed %d changes, and %d with -replace", sent, n)
	}
}

// The codes of a new SIM are in state where the user asks for it, and nowhere else.
func TestAccMVNOSIMSwap_codesAreSecret(t *testing.T) {
	t.Parallel()
	env := newSwapEnv(t)
	dropped := []string{"739162840511", "739162840522", "739162840533", "739162840544"}
	stored := []string{"518273946011", "518273946022", "518273946033", "518273946044"}
	env.AddMVNOSIM(simulator.MVNOSIM{ICC: swapNew, PIN1: dropped[0], PIN2: dropped[1], PUK1: dropped[2], PUK2: dropped[3]})
	env.AddMVNOSIM(simulator.MVNOSIM{ICC: swapNext, PIN1: stored[0], PIN2: stored[1], PUK1: stored[2], PUK2: stored[3]})
	cli := env.NewCLI(t)
	log := filepath.Join(cli.Dir, "trace.log")
	cli.Setenv("TF_LOG=TRACE", "TF_LOG_PATH="+log, "TELCO_MVNO_TOKEN="+simulator.MVNOToken)
	config := env.Config(simSwapConfig(swapAccount, swapNew) +
		strings.Replace(simSwapConfig(swapOtherNumber, swapNext, "store_codes = true"), `"test"`, `"stored"`, 1))
	// A plan repeats the configuration, so the token comes from the environment.
	cli.Write("main.tf", regexp.MustCompile(`(?m)^\s*token\s.*$`).ReplaceAllString(config, ""))

	output := cli.MustRun("plan", "-out=plan") + cli.MustRun("show", "-json", "plan") + cli.MustRun("apply", "plan")
	state, err := os.ReadFile(filepath.Join(cli.Dir, "terraform.tfstate"))
	if err != nil {
		t.Fatal(err)
	}
	output += cli.MustRun("show") + cli.MustRun("destroy", "-auto-approve")
	trace, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{"what the CLI printed": output, "the log": string(trace)} {
		for _, code := range append(dropped, stored...) {
			if strings.Contains(text, code) {
				t.Errorf("code %s is in %s", code, what)
			}
		}
		if strings.Contains(text, simulator.MVNOToken) {
			t.Errorf("the token is in %s", what)
		}
	}
	if !strings.Contains(string(trace), "swap the SIM of MVNO account") {
		t.Error("the log holds no record of the swap, so it proves nothing")
	}
	for _, code := range dropped {
		if strings.Contains(string(state), code) {
			t.Errorf("code %s is in the state without store_codes", code)
		}
	}
	for _, code := range stored {
		if !strings.Contains(string(state), code) {
			t.Errorf("code %s is not in the state in spite of store_codes", code)
		}
	}
}

// A kill in the middle of a swap loses the state. replaces, or an ICC, keeps the next apply from swapping again.
func TestAccMVNOSIMSwap_killed(t *testing.T) {
	t.Parallel()
	env := newSwapEnv(t)
	cli := env.NewCLI(t)
	cli.Write("main.tf", env.Config(simSwapConfig(swapAccount, "eSim", replacing(swapOld))+
		strings.Replace(simSwapConfig(swapOtherNumber, swapNew), `"test"`, `"icc"`, 1)))
	env.Inject(simulator.Fault{Match: swapRequests, Effect: simulator.Hang, Executed: true})
	killed := cli.Command("apply", "-auto-approve")
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = killed.Wait() }()
	patience := time.After(time.Minute)
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for len(env.Ledger()) < 2 {
		select {
		case <-poll.C:
		case <-patience:
			_ = syscall.Kill(-killed.Process.Pid, syscall.SIGKILL)
			t.Fatal("no swaps arrived")
		}
	}
	if err := syscall.Kill(-killed.Process.Pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := killed.Wait(); err == nil {
		t.Fatal("the apply ended well in spite of the kill")
	}

	env.ClearFaults()
	cli.MustRun("apply", "-auto-approve")
	if n := len(env.Requests(swapRequests)); n != 2 || len(env.Ledger()) != 2 {
		t.Errorf("%d swaps were sent, and the network executed %+v", n, env.Ledger())
	}
	if output, exit := cli.Run("plan", "-detailed-exitcode"); exit != 0 {
		t.Errorf("the plan afterwards ended with %d:\n%s", exit, output)
	}
}
