package provider_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// interruption is what happens to a run in the middle of a wait.
type interruption struct {
	name string
	hit  func(t *testing.T, cmd *exec.Cmd)
	// keeps says that the run's state survives: Terraform waits for the provider to return what it has.
	keeps bool
}

func signalled(signal os.Signal) func(*testing.T, *exec.Cmd) {
	return func(t *testing.T, cmd *exec.Cmd) {
		if err := cmd.Process.Signal(signal); err != nil {
			t.Error(err)
		}
	}
}

// killProvider kills the provider that the CLI has started as its child.
func killProvider(t *testing.T, cmd *exec.Cmd) {
	out, err := exec.Command("ps", "-o", "pid=", "--ppid", strconv.Itoa(cmd.Process.Pid)).Output()
	if err != nil {
		t.Errorf("looking for the provider's process: %v", err)
	}
	for field := range strings.FieldsSeq(string(out)) {
		pid, err := strconv.Atoi(field)
		if err == nil {
			err = syscall.Kill(pid, syscall.SIGKILL)
		}
		if err != nil {
			t.Error(err)
		}
	}
}

var interruptions = []interruption{
	{"Ctrl-C", signalled(os.Interrupt), true},
	{"SIGTERM", signalled(syscall.SIGTERM), true},
	{"SIGKILL of the CLI", signalled(os.Kill), false},
	{"SIGKILL of the provider", killProvider, false},
}

// interrupt runs an apply and interrupts it at the second poll of the given route, when the change is accepted and
// waited for. It returns what the CLI printed.
func interrupt(
	t *testing.T, env *acctest.Env, cli *acctest.CLI, route string, api simulator.API, how interruption,
) string {
	t.Helper()
	waiting := make(chan struct{})
	env.Before(api, route, 1, func() { close(waiting) })
	var output bytes.Buffer
	cmd := cli.Command("apply", "-no-color", "-auto-approve")
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-waiting:
		how.hit(t, cmd)
	case err := <-ended:
		t.Fatalf("the apply ended before it could be interrupted: %v\n%s", err, output.String())
	case <-time.After(time.Minute):
		t.Fatal("the apply did not come to wait")
	}
	select {
	case err := <-ended:
		if err == nil {
			t.Fatalf("the interrupted apply ended well:\n%s", output.String())
		}
	case <-time.After(time.Minute):
		_ = cmd.Process.Kill()
		t.Fatal("the interrupted apply did not end")
	}
	return output.String()
}

func TestAccInterrupted_simStatus(t *testing.T) {
	t.Parallel()
	for _, how := range interruptions {
		t.Run(how.name, func(t *testing.T) {
			t.Parallel()
			env := acctest.New(t)
			cli := env.NewCLI(t)
			env.AddProduct(simulator.Product{ID: asyncProduct, Status: "INACTIVE", SIMStatus: "INACTIVE"})
			env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.NeverSettles = true })
			cli.Write("main.tf", env.Config(simStatusConfig(asyncProduct, "ACTIVE")+`
output "operation" { value = telco_sim_status.test.operation_status }`))
			interrupt(t, env, cli, "monitor.read", simulator.CMO, how)

			if how.keeps {
				plan := cli.MustRun("plan")
				if !strings.Contains(plan, "will be updated in-place") ||
					!strings.Contains(plan, `"pending" -> (known after apply)`) {
					t.Errorf("the plan does not pick the change up:\n%s", plan)
				}
				if strings.Contains(plan, "Live, irreversible change") {
					t.Errorf("the plan warns of a change that is not sent:\n%s", plan)
				}
			}
			env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.NeverSettles = false })
			output := cli.MustRun("apply", "-auto-approve")
			if !strings.Contains(output, `operation = "complete"`) {
				t.Errorf("the change is not complete:\n%s", output)
			}
			if plan := cli.MustRun("plan"); !strings.Contains(plan, "No changes.") {
				t.Errorf("the last plan is not empty:\n%s", plan)
			}
			changedOnceTo(t, env, "status "+asyncProduct)
		})
	}
}

func TestAccInterrupted_simFleetStatus(t *testing.T) {
	t.Parallel()
	for _, how := range interruptions {
		t.Run(how.name, func(t *testing.T) {
			t.Parallel()
			env := acctest.New(t)
			cli := env.NewCLI(t)
			all := fleetOf(6, "ACTIVE")
			addFleet(env, all, "INACTIVE")
			env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.NeverSettles = true })
			cli.Write("main.tf", env.Config(fleetConfig(all, "lifecycle { prevent_destroy = true }")+`
output "operation" { value = telco_sim_fleet_status.test.operation_status }`))
			interrupt(t, env, cli, "monitor.read", simulator.CMO, how)

			if how.keeps {
				plan := cli.MustRun("plan")
				if !strings.Contains(plan, "will be updated in-place") ||
					!strings.Contains(plan, `"pending" -> (known after apply)`) {
					t.Errorf("the plan does not pick the changes up:\n%s", plan)
				}
			}
			env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.NeverSettles = false })
			output := cli.MustRun("apply", "-auto-approve")
			if !strings.Contains(output, `operation = "complete"`) {
				t.Errorf("the fleet is not complete:\n%s", output)
			}
			if plan := cli.MustRun("plan"); !strings.Contains(plan, "No changes.") {
				t.Errorf("the last plan is not empty:\n%s", plan)
			}
			if err := changedOnce(env, all, 1); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAccInterrupted_simCard(t *testing.T) {
	t.Parallel()
	const cli1 = "001010000000001"
	for _, how := range interruptions {
		t.Run(how.name, func(t *testing.T) {
			t.Parallel()
			env := acctest.New(t, simulator.SettleAfterPolls(3))
			cli := env.NewCLI(t)
			env.AddAccount("acme-fleet")
			config := env.Config(fmt.Sprintf(`
resource "telco_sim_card" "test" {
  account_key = "acme-fleet"
  cli         = %q
  description = "van 12"
  lifecycle { prevent_destroy = true }
}
output "operation" { value = telco_sim_card.test.operation_status }`, cli1))
			cli.Write("main.tf", config)
			interrupt(t, env, cli, "sim.status", simulator.Accounts, how)

			if !how.keeps {
				// The SIM is billed and Terraform knows nothing of it: the plan must say so, and how to go on.
				output, exit := cli.Run("plan")
				if exit == 0 || !strings.Contains(output, "SIM card exists already") || !strings.Contains(output, "import {") ||
					!strings.Contains(output, `id = "acme-fleet/`+cli1+`"`) {
					t.Fatalf("the plan does not show the way on (exit %d):\n%s", exit, output)
				}
				cli.Write("import.tf", fmt.Sprintf("import {\n  to = telco_sim_card.test\n  id = \"acme-fleet/%s\"\n}\n", cli1))
			}
			output := cli.MustRun("apply", "-auto-approve")
			if !strings.Contains(output, `operation = "complete"`) {
				t.Errorf("the SIM is not complete:\n%s", output)
			}
			if plan := cli.MustRun("plan"); !strings.Contains(plan, "No changes.") {
				t.Errorf("the last plan is not empty:\n%s", plan)
			}
			changedOnceTo(t, env, "create acme-fleet/"+cli1)
		})
	}
}

// TestAccInterrupted_twice: on the second Ctrl-C the CLI gives up without the provider's answer.
func TestAccInterrupted_twice(t *testing.T) {
	env := acctest.New(t)
	cli := env.NewCLI(t)
	t.Parallel()
	env.AddProduct(simulator.Product{ID: asyncProduct, Status: "INACTIVE", SIMStatus: "INACTIVE"})
	cli.Write("main.tf", env.Config(simStatusConfig(asyncProduct, "ACTIVE")))
	// The answer of the PATCH hangs, so the first Ctrl-C cannot end the run: the change must not be lost.
	env.Inject(simulator.Fault{Match: simulator.Match{API: simulator.CMO, Route: "product.update"}, Effect: simulator.Hang,
		Executed: true})
	patched := make(chan struct{})
	env.Before(simulator.CMO, "product.update", 0, func() { close(patched) })
	cmd := cli.Command("apply", "-no-color", "-auto-approve")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-patched
	signalled(os.Interrupt)(t, cmd)
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && !strings.Contains(lines.Text(), "Interrupt received") {
		// Two signals that have not been heard yet are one.
	}
	signalled(os.Interrupt)(t, cmd)
	_, _ = io.Copy(io.Discard, stdout)
	if err := cmd.Wait(); err == nil {
		t.Error("the apply ended well after two Ctrl-C")
	}
	env.ClearFaults()
	cli.MustRun("apply", "-auto-approve")
	if plan := cli.MustRun("plan"); !strings.Contains(plan, "No changes.") {
		t.Errorf("the last plan is not empty:\n%s", plan)
	}
	changedOnceTo(t, env, "status "+asyncProduct)
}

// changedOnceTo fails the test unless the ledger holds exactly the one change.
func changedOnceTo(t *testing.T, env *acctest.Env, want string) {
	t.Helper()
	if err := env.CheckLedger(want)(nil); err != nil {
		t.Error(err)
	}
}
