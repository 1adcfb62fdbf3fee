package provider_test

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/journal"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// killedChange is a change in whose middle a run is killed: the network has executed it, and no answer comes.
type killedChange struct {
	config string
	route  simulator.Match
	api    string // as the journal names it
	sims   []string
	kind   string
	from   string
	ledger []string
	// says is what the next plan says of it; "" is a plan that announces nothing.
	says []string
	// refused: that plan is an error.
	refused bool
	// goOn is what the user does then; its apply sends nothing. nil: no more is applied.
	goOn func(env *acctest.Env, cli *acctest.CLI)
}

func killedChanges() map[string]killedChange {
	applied := func(*acctest.Env, *acctest.CLI) {}
	product := simulator.Match{API: simulator.CMO, Route: "product.update"}
	return map[string]killedChange{
		"sim_status": {config: simStatusConfig(syncProduct, "ACTIVE"), route: product, api: "cmo",
			sims: []string{syncProduct},
			kind: "SIM status", from: "INACTIVE", ledger: []string{"status " + syncProduct}, goOn: applied},
		"sim_fleet_status": {config: fleetConfig(map[string]string{syncProduct: "ACTIVE", asyncProduct: "ACTIVE"}),
			route: product, api: "cmo",
			sims: []string{syncProduct, asyncProduct}, kind: "SIM status", from: "INACTIVE",
			ledger: []string{"status " + syncProduct, "status " + asyncProduct}, goOn: applied},
		"sim_card": {config: simCardConfig(), route: simulator.Match{API: simulator.Accounts, Route: "sim.create"},
			api:  "accounts",
			sims: []string{simAccount + "/" + simCLI}, kind: "SIM card creation", from: "(absent)",
			ledger:  []string{"create " + simAccount + "/" + simCLI},
			refused: true, says: []string{"SIM card exists already", "(TICKET-1) ordered this SIM card, and was ended before " +
				"the answer came",
				"it is most likely yours"},
			goOn: func(_ *acctest.Env, cli *acctest.CLI) {
				cli.Write("import.tf", "import {\n  to = telco_sim_card.test\n  id = \""+simAccount+"/"+simCLI+"\"\n}\n")
			}},
		"mvno_sim_swap by ICC": {config: simSwapConfig(swapAccount, swapNew), route: swapRequests, api: "mvno",
			sims: []string{swapAccount},
			kind: "MVNO SIM swap", from: swapOld, ledger: []string{swapDone}, goOn: applied},
		"mvno_sim_swap by keyword": {config: simSwapConfig(swapAccount, "eSim"), route: swapRequests, api: "mvno",
			sims: []string{swapAccount},
			kind: "MVNO SIM swap", from: swapOld, ledger: []string{swapDone}, refused: true,
			says: []string{"An earlier run has sent a swap of this account",
				"(TICKET-1) sent a swap of MVNO account " + swapAccount + " to eSim",
				"The account held SIM " + swapOld + " then, and holds SIM " + swapESIM + " now",
				`Set replaces = "` + swapOld + `"`},
			goOn: func(env *acctest.Env, cli *acctest.CLI) {
				cli.Write("main.tf", env.Config(simSwapConfig(swapAccount, "eSim", replacing(swapOld))))
			}},
		// No command reads the group, so a further apply would send it again, as the plan says.
		"sim_aa_group": {config: aaGroupConfig(aaSIM, "LIVE10"),
			route: simulator.Match{API: simulator.M2M, Key: aaSetCommand}, api: "m2m",
			sims: []string{aaSIM}, kind: "auto-activation group", from: "(can't be read)", ledger: []string{"aa_group " + aaSIM},
			says: []string{"An earlier run has sent an auto-activation group",
				"(TICKET-1) sent SIM " + aaSIM + " the auto-activation group LIVE10",
				"an apply of this plan sends LIVE10"}},
	}
}

// TestAccJournal_killed: a run is killed while a change is on its way. The journal has it, the next plan says so where
// it could harm, and the network executes it once.
func TestAccJournal_killed(t *testing.T) {
	for name, k := range killedChanges() {
		for victim, kill := range victims {
			t.Run(name+", "+victim, func(t *testing.T) {
				t.Parallel()
				env := newSwapEnv(t)
				env.AddAccount(simAccount)
				env.AddM2MGroup(simulator.M2MGroup{Code: "TEST", Type: "pending"})
				env.AddM2MGroup(simulator.M2MGroup{Code: "LIVE10", Type: "live"})
				env.AddM2MSIM(simulator.M2MSIM{ICCID: aaSIM, Group: "TEST"})
				for _, id := range []string{syncProduct, asyncProduct} {
					env.AddProduct(simulator.Product{ID: id, Status: "INACTIVE", SIMStatus: "INACTIVE"})
				}
				cli := env.NewCLI(t)
				folder := filepath.Join(t.TempDir(), "journal")
				cli.Setenv("TELCO_JOURNAL="+folder, "TELCO_JOURNAL_NOTE=TICKET-1")
				cli.Write("main.tf", env.Config(k.config))
				env.Inject(simulator.Fault{Match: k.route, Effect: simulator.Hang, Executed: true})
				killOnTheWay(t, env, cli, len(k.ledger), kill)

				for _, sim := range k.sims {
					open, err := journal.Open(folder, "").Open(k.api, "", sim)
					if err != nil || len(open) != 1 || open[0].Kind != k.kind || open[0].From != k.from || open[0].Answered ||
						open[0].Note != "TICKET-1" {
						t.Errorf("the journal has of %s: %+v (%v)", sim, open, err)
					}
				}

				env.ClearFaults()
				output, exit := cli.Run("plan")
				if k.refused != (exit != 0) {
					t.Fatalf("the next plan ended with %d:\n%s", exit, output)
				}
				text := strings.Join(strings.Fields(strings.ReplaceAll(output, "│", " ")), " ")
				for _, says := range k.says {
					if !strings.Contains(text, says) {
						t.Errorf("the next plan does not say %q:\n%s", says, output)
					}
				}
				if len(k.says) == 0 && strings.Contains(text, "Live, irreversible change") {
					t.Errorf("the next plan announces a change that has happened:\n%s", output)
				}
				if k.goOn != nil {
					k.goOn(env, cli)
					cli.MustRun("apply", "-auto-approve")
					if output, exit := cli.Run("plan", "-detailed-exitcode"); exit != 0 {
						t.Errorf("the last plan ended with %d:\n%s", exit, output)
					}
					for _, sim := range k.sims { // whoever learns the end writes it down
						if open, err := journal.Open(folder, "").Open("", "", sim); err != nil || len(open) != 0 {
							t.Errorf("still open in the journal: %+v (%v)", open, err)
						}
					}
				}
				var executed []string
				for _, change := range env.Ledger() {
					executed = append(executed, change.Action+" "+change.Key)
				}
				slices.Sort(executed)
				if want := slices.Sorted(slices.Values(k.ledger)); !slices.Equal(executed, want) {
					t.Errorf("the network executed %q, not %q", executed, want)
				}
			})
		}
	}
}

// killOnTheWay runs an apply and kills it once the network has executed n changes, whose answers hang.
func killOnTheWay(t *testing.T, env *acctest.Env, cli *acctest.CLI, n int, kill func(*testing.T, *exec.Cmd)) {
	t.Helper()
	var output bytes.Buffer
	cmd := cli.Command("apply", "-no-color", "-auto-approve")
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.WaitDelay = time.Second // a provider that is left behind holds the output open
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	patience := time.After(time.Minute)
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for len(env.Ledger()) < n {
		select {
		case <-poll.C:
		case err := <-ended:
			t.Fatalf("the apply ended before it could be killed: %v\n%s", err, output.String())
		case <-patience:
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			t.Fatal("no change arrived")
		}
	}
	kill(t, cmd)
	select {
	case err := <-ended:
		if err == nil {
			t.Fatalf("the killed apply ended well:\n%s", output.String())
		}
	case <-time.After(time.Minute):
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		t.Fatal("the killed apply did not end")
	}
}
