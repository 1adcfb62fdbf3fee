package provider_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/journal"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// journalEnv is a network with a SIM of each kind, and a CLI whose provider keeps a journal.
func journalEnv(t *testing.T, opts ...simulator.Option) (env *acctest.Env, cli *acctest.CLI, folder string) {
	t.Helper()
	env = newSwapEnv(t, opts...)
	env.AddAccount(simAccount)
	env.AddM2MGroup(simulator.M2MGroup{Code: "TEST", Type: "pending"})
	env.AddM2MGroup(simulator.M2MGroup{Code: "LIVE10", Type: "live"})
	env.AddM2MSIM(simulator.M2MSIM{ICCID: aaSIM, Group: "TEST"})
	for _, id := range []string{syncProduct, asyncProduct} {
		env.AddProduct(simulator.Product{ID: id, Status: "INACTIVE", SIMStatus: "INACTIVE"})
	}
	cli = env.NewCLI(t)
	folder = filepath.Join(t.TempDir(), "journal")
	cli.Setenv("TELCO_JOURNAL="+folder, "TELCO_JOURNAL_NOTE=TICKET-1")
	return env, cli, folder
}

// recorded is one record, as it stands in a file.
type recorded struct {
	Time, ID, Run, Note, Event, API, Change, SIM, From, To, Outcome, Operation string

	HTTPStatus    int    `json:"http_status"`
	CorrelationID string `json:"correlation_id"`
}

// String is the record without what differs from run to run.
func (r recorded) String() string {
	text := fmt.Sprintf("%s %s %s %s: %s -> %s", r.Event, r.API, r.Change, r.SIM, r.From, r.To)
	if r.Outcome != "" {
		text += " = " + r.Outcome
	}
	if r.HTTPStatus != 0 {
		text += fmt.Sprintf(" (%d)", r.HTTPStatus)
	}
	if r.Operation != "" {
		text += " operation"
	}
	return text
}

// records are those of a folder in the order of their times; a line that is cut off is left out.
func records(t *testing.T, folder string) []recorded {
	t.Helper()
	var all []recorded
	for line := range strings.Lines(journalText(t, folder)) {
		var r recorded
		if json.Unmarshal([]byte(line), &r) == nil {
			all = append(all, r)
		}
	}
	slices.SortStableFunc(all, func(a, b recorded) int { return strings.Compare(a.Time, b.Time) })
	return all
}

func journalText(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
		all.WriteString("\n") // the last line may be cut off
	}
	return all.String()
}

func recordTexts(all []recorded) string {
	texts := make([]string, len(all))
	for i, r := range all {
		texts[i] = r.String()
	}
	return strings.Join(texts, "\n")
}

// openInJournal is the exit status of "journal -open", and what it lists.
func openInJournal(t *testing.T, folder string) (exit int, listed string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	exit = journal.Command([]string{"-open", folder}, &stdout, &stderr)
	if stderr.Len() > 0 {
		t.Errorf("journal -open: %s", stderr.String())
	}
	return exit, stdout.String()
}

// said is what the CLI printed, without the breaks of its lines.
func said(output string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ").Replace(output)), " ")
}

// Texts that the user may have marked as sensitive: no record holds them.
var plantedTexts = []string{"planted-van", "planted-shelf", "planted-order", "planted-depot", "planted-tariff"}

// TestAccJournal_records: each kind of change leaves its records, the first of them before its request arrives, and
// none of them says more than it should.
func TestAccJournal_records(t *testing.T) {
	t.Parallel()
	card := func(state, text string) string {
		return simCardConfig(fmt.Sprintf("state = %q", state), fmt.Sprintf("description = %q", plantedTexts[0]+text),
			fmt.Sprintf("inventory_ref = %q", plantedTexts[1]+text), fmt.Sprintf("purchase_order = %q", plantedTexts[2]+text),
			fmt.Sprintf("tariff = %q", plantedTexts[4]+text),
			fmt.Sprintf("foreign_attributes = { depot = %q }", plantedTexts[3]+text))
	}
	const order, deletion = "accounts SIM card creation " + simCardID, "accounts SIM card deletion " + simCardID
	const change = "accounts SIM card update " + simCardID
	for name, c := range map[string]struct {
		api     simulator.API
		routes  []string
		configs []string // applied one after the other; "" is a destroy
		want    string
	}{
		"status at once": {simulator.CMO, []string{"product.update"}, []string{simStatusConfig(syncProduct, "ACTIVE")}, `
sending cmo SIM status ` + syncProduct + `: INACTIVE -> ACTIVE
answered cmo SIM status ` + syncProduct + `: INACTIVE -> ACTIVE = accepted (200)
settled cmo SIM status ` + syncProduct + `: INACTIVE -> ACTIVE = done`},
		"status, queued": {simulator.CMO, []string{"product.update"}, []string{simStatusConfig(asyncProduct, "ACTIVE")}, `
sending cmo SIM status ` + asyncProduct + `: INACTIVE -> ACTIVE
answered cmo SIM status ` + asyncProduct + `: INACTIVE -> ACTIVE = accepted (202) operation
settled cmo SIM status ` + asyncProduct + `: INACTIVE -> ACTIVE = done`},
		"fleet": {simulator.CMO, []string{"product.update"},
			[]string{fleetConfig(map[string]string{syncProduct: "ACTIVE"}), ""}, `
sending cmo SIM status ` + syncProduct + `: INACTIVE -> ACTIVE
answered cmo SIM status ` + syncProduct + `: INACTIVE -> ACTIVE = accepted (200)
settled cmo SIM status ` + syncProduct + `: INACTIVE -> ACTIVE = done`},
		"card": {simulator.Accounts, []string{"sim.create", "sim.update", "sim.delete"},
			[]string{card("ready", "1"), card("live", "2"), ""}, `
sending ` + order + `: (absent) -> created with state ready
answered ` + order + `: (absent) -> created with state ready = accepted (202) operation
settled ` + order + `: (absent) -> created with state ready = done
sending ` + change + `: state ready -> description; inventory_ref; tariff; purchase_order; state live; foreign_attributes
answered ` + change + `: state ready -> description; inventory_ref; tariff; purchase_order; state live; ` +
				`foreign_attributes = accepted (200) operation
settled ` + change + `: state ready -> description; inventory_ref; tariff; purchase_order; state live; foreign_attributes = done
sending ` + deletion + `: state live -> deleted
answered ` + deletion + `: state live -> deleted = accepted (200) operation
settled ` + deletion + `: state live -> deleted = done`},
		"group": {simulator.M2M, []string{"command"}, []string{aaGroupConfig(aaSIM, "LIVE10")}, `
sending m2m auto-activation group ` + aaSIM + `: (can't be read) -> LIVE10
answered m2m auto-activation group ` + aaSIM + `: (can't be read) -> LIVE10 = accepted (200)
settled m2m auto-activation group ` + aaSIM + `: (can't be read) -> LIVE10 = done`},
		"swap": {simulator.MVNO, []string{"account.swap"},
			[]string{simSwapConfig(swapAccount, planted.ICC, "store_codes = true"), ""}, `
sending mvno MVNO SIM swap ` + swapAccount + `: ` + swapOld + ` -> ` + planted.ICC + `
answered mvno MVNO SIM swap ` + swapAccount + `: ` + swapOld + ` -> ` + planted.ICC + ` = accepted (200)
settled mvno MVNO SIM swap ` + swapAccount + `: ` + swapOld + ` -> ` + planted.ICC + ` = done`},
		"refused": {simulator.MVNO, []string{"account.swap"}, []string{simSwapConfig(swapAccount, swapUnknown)}, `
sending mvno MVNO SIM swap ` + swapAccount + `: ` + swapOld + ` -> ` + swapUnknown + `
answered mvno MVNO SIM swap ` + swapAccount + `: ` + swapOld + ` -> ` + swapUnknown + ` = refused (404)`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, cli, folder := journalEnv(t)
			env.AddMVNOSIM(planted)
			for i, config := range c.configs {
				// What is on disk at the moment of each request: the last one is the change.
				var mu sync.Mutex
				before := ""
				for n := range 8 {
					env.Before(c.api, c.routes[i%len(c.routes)], n, func() {
						mu.Lock()
						defer mu.Unlock()
						before = recordTexts(records(t, folder))
					})
				}
				had := len(records(t, folder))
				cli.Write("main.tf", env.Config(config))
				if output, exit := cli.Run("apply", "-auto-approve"); (exit != 0) != (name == "refused") {
					t.Fatalf("the apply ended with %d:\n%s", exit, output)
				}
				all := records(t, folder)
				if len(all) == had {
					continue // a destroy that sends nothing
				}
				if want := recordTexts(all[:had+1]); before != want {
					t.Errorf("when the request came, the journal said\n%s\nnot\n%s", before, want)
				}
			}
			all := records(t, folder)
			if got := recordTexts(all); got != strings.TrimSpace(c.want) {
				t.Errorf("the journal says\n%s\nnot\n%s", got, strings.TrimSpace(c.want))
			}
			for i, r := range all {
				first := all[i-i%3]
				if r.ID != first.ID || r.Run != first.Run || r.Note != "TICKET-1" || !strings.HasPrefix(r.ID, r.Run) {
					t.Errorf("record %d is of %s %s %q, the change of %s %s", i, r.ID, r.Run, r.Note, first.ID, first.Run)
				}
			}
			text := journalText(t, folder)
			secrets := append(slices.Clone(plantedTexts), planted.PIN1, planted.PIN2, planted.PUK1, planted.PUK2,
				simulator.MVNOToken, simulator.ClientSecret, simulator.M2MPassword, "cmo-token-", "Bearer")
			for _, secret := range secrets {
				if strings.Contains(text, secret) {
					t.Errorf("%q is in the journal:\n%s", secret, text)
				}
			}
			if exit, listed := openInJournal(t, folder); exit != 0 {
				t.Errorf("journal -open ended with %d:\n%s", exit, listed)
			}
			modes(t, folder)
		})
	}
}

// modes holds a journal to its modes: nobody else may read it.
func modes(t *testing.T, folder string) {
	t.Helper()
	info, err := os.Stat(folder)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info.Mode(), err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
	if err != nil || len(files) == 0 {
		t.Errorf("the files: %v, %v", files, err)
	}
}

// TestAccJournal_off: without the setting nothing is written anywhere.
func TestAccJournal_off(t *testing.T) {
	t.Parallel()
	env, cli, folder := journalEnv(t)
	cli.Setenv("TELCO_JOURNAL=")
	cli.Write("main.tf", env.Config(simStatusConfig(syncProduct, "ACTIVE")))
	cli.MustRun("apply", "-auto-approve")
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("there is a journal: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(cli.Dir, "*.jsonl"))
	if err != nil || len(files) > 0 {
		t.Errorf("there are files: %v, %v", files, err)
	}

	// The attribute is for whom the variable is for.
	cli.Write("main.tf", env.Config(simStatusConfig(syncProduct, "SUSPENDED"), fmt.Sprintf("journal = %q", folder)))
	env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.AllTransitions = true })
	cli.MustRun("apply", "-auto-approve")
	if n := len(records(t, folder)); n != 3 {
		t.Errorf("the journal has %d records", n)
	}
}

// TestAccJournal_cannotBeWritten: nothing is sent, and a fleet says so once. The plan goes on.
func TestAccJournal_cannotBeWritten(t *testing.T) {
	for name, c := range map[string]struct {
		place func(t *testing.T, folder string) string
		says  string
	}{
		"a file in its place": {func(t *testing.T, folder string) string {
			if err := os.WriteFile(folder, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			return folder
		}, "it is not a folder"},
		"no parent": {func(_ *testing.T, folder string) string { return filepath.Join(folder, "journal") },
			"(only the last folder of the path is made)"},
		"read-only": {func(t *testing.T, folder string) string {
			if os.Getuid() == 0 {
				t.Skip("root may write everywhere")
			}
			if err := os.Mkdir(folder, 0o500); err != nil {
				t.Fatal(err)
			}
			return folder
		}, "permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, cli, folder := journalEnv(t)
			cli.Setenv("TELCO_JOURNAL=" + c.place(t, folder))
			all := fleetOf(60, "ACTIVE")
			addFleet(env, all, "INACTIVE")
			cli.Write("main.tf", env.Config(fleetConfig(all)))
			cli.MustRun("plan")
			output, exit := cli.Run("apply", "-auto-approve")
			text := said(output)
			if exit == 0 || strings.Count(text, "Error: ") != 1 || !strings.Contains(text, "can't be written: ") ||
				!strings.Contains(text, c.says) {
				t.Errorf("the apply ended with %d:\n%s", exit, output)
			}
			if n := len(env.Requests(simulator.Match{Route: "product.update"})); n > 0 {
				t.Errorf("%d changes were sent", n)
			}
		})
	}
}

// TestAccJournal_laterRun: a change that one run has left on its way gets its end from the run that learns it, under
// its own id.
func TestAccJournal_laterRun(t *testing.T) {
	t.Parallel()
	for name, learn := range map[string][]string{
		"apply":   {"apply", "-auto-approve", "-refresh=false"},
		"refresh": {"plan"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, cli, folder := journalEnv(t)
			env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.NeverSettles = true })
			cli.Write("main.tf", env.Config(simStatusConfig(asyncProduct, "ACTIVE", `timeouts = { create = "2s" }`)))
			cli.MustRun("apply", "-auto-approve")
			if exit, listed := openInJournal(t, folder); exit != 2 || !strings.Contains(listed, "pending") {
				t.Errorf("journal -open ended with %d:\n%s", exit, listed)
			}
			env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.NeverSettles = false })
			cli.MustRun(learn...)
			const sim = "cmo SIM status " + asyncProduct + ": INACTIVE -> ACTIVE"
			all := records(t, folder)
			if got, want := recordTexts(all), "sending "+sim+"\nanswered "+sim+" = accepted (202) operation\nsettled "+sim+
				" = pending\nsettled "+sim+" = done"; got != want {
				t.Fatalf("the journal says\n%s\nnot\n%s", got, want)
			}
			first, last := all[0], all[3]
			if first.ID != last.ID || first.Run == last.Run {
				t.Errorf("the change is %s of run %s, its end %s of run %s", first.ID, first.Run, last.ID, last.Run)
			}
			if files, err := filepath.Glob(filepath.Join(folder, "*")); err != nil || len(files) != 2 {
				t.Errorf("the files: %v, %v", files, err)
			}
			if exit, listed := openInJournal(t, folder); exit != 0 {
				t.Errorf("journal -open ended with %d:\n%s", exit, listed)
			}
		})
	}
}

// The victims of a kill. The CLI alone leaves its provider behind, which goes on for as long as it takes it to find
// out.
var victims = map[string]func(*testing.T, *exec.Cmd){
	"provider": killProvider,
	"CLI": func(t *testing.T, cmd *exec.Cmd) {
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		poll := time.NewTicker(time.Millisecond)
		defer poll.Stop()
		for cmd.Process.Signal(syscall.Signal(0)) == nil { // until it is gone
			<-poll.C
		}
	},
	"all": func(t *testing.T, cmd *exec.Cmd) {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	},
}

// killedAt runs an apply and kills it at the moment that arm tells it, on the arrival of a request and before that is
// executed. What is left of it ends with the test.
func killedAt(t *testing.T, cli *acctest.CLI, kill func(*testing.T, *exec.Cmd), arm func(hit func())) {
	t.Helper()
	var output bytes.Buffer
	cmd := cli.Command("apply", "-no-color", "-auto-approve")
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.WaitDelay = time.Second // a provider that is left behind holds the output open
	var killed atomic.Bool
	started := make(chan struct{})
	arm(func() {
		<-started
		killed.Store(true) // before anybody can see the end
		kill(t, cmd)
	})
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	close(started)
	t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err == nil || !killed.Load() {
			t.Fatalf("the apply ended (%v) and was not killed:\n%s", err, output.String())
		}
	case <-time.After(time.Minute):
		t.Fatal("the killed apply did not end")
	}
}

// onArrival is when a request of the route arrives for the n-th time, counted from 0.
func onArrival(env *acctest.Env, api simulator.API, route string, n int) func(func()) {
	return func(hit func()) { env.Before(api, route, n, hit) }
}

// lost keeps the next change of a route from being executed.
func lost(env *acctest.Env, api simulator.API, route string) {
	env.Inject(simulator.Fault{Match: simulator.Match{API: api, Route: route}, Effect: simulator.Reset, Times: 1})
}

// TestAccJournal_swapByKeyword: whoever is killed, and whenever after the record, a swap by keyword is executed once.
func TestAccJournal_swapByKeyword(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		victim   string
		answered bool // killed while the account is awaited to show the SIM
		lost     bool // the request does not arrive
		says     string
		ended    string // what the record ends as
	}{
		"provider": {victim: "provider", says: "was ended before the answer came", ended: "done"},
		"provider, request lost": {victim: "provider", lost: true, says: "was ended before the answer came",
			ended: "no_effect"},
		"provider, answered": {victim: "provider", answered: true, says: "was ended before its end was seen",
			ended: "done"},
		"all":           {victim: "all", says: "was ended before the answer came", ended: "done"},
		"all, answered": {victim: "all", answered: true, says: "was ended before its end was seen", ended: "done"},
		// The provider that is left behind finds out that the swap has taken place. Nobody can save that, so it does not
		// say that this is the end.
		"CLI": {victim: "CLI", says: "sent a swap of MVNO account " + swapAccount + " to eSim", ended: "done"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, cli, folder := journalEnv(t)
			cli.Write("main.tf", env.Config(simSwapConfig(swapAccount, "eSim")))
			if c.lost {
				lost(env, simulator.MVNO, "account.swap")
			}
			killedAt(t, cli, victims[c.victim], func(hit func()) {
				env.Before(simulator.MVNO, "account.swap", 0, func() {
					if c.answered {
						env.Before(simulator.MVNO, "account.read", 0, hit)
						return
					}
					hit()
				})
			})
			first := records(t, folder)[0]
			if got := first.String(); got != "sending mvno MVNO SIM swap "+swapAccount+": "+swapOld+" -> eSim" {
				t.Fatalf("the journal begins with %s", got)
			}
			if c.victim != "CLI" { // else the provider may still be writing
				tear(t, folder)
			}

			output, exit := cli.Run("plan")
			text := said(output)
			for _, says := range []string{"An earlier run has sent a swap of this account", "Run " + first.Run + " of ",
				"(TICKET-1)", c.says,
				"The account held SIM " + swapOld + " then, and holds SIM ", `Set replaces = "` + swapOld + `"`} {
				if exit == 0 || !strings.Contains(text, says) {
					t.Errorf("the next plan does not say %q:\n%s", says, output)
				}
			}
			if strings.Contains(text, "Journal can't be read") {
				t.Errorf("a line that was cut off is no trouble:\n%s", output)
			}
			if n := len(env.Requests(swapRequests)); n != 1 {
				t.Errorf("%d swaps were sent", n)
			}

			cli.Write("main.tf", env.Config(simSwapConfig(swapAccount, "eSim", replacing(swapOld))))
			cli.MustRun("apply", "-auto-approve")
			if output, exit := cli.Run("plan", "-detailed-exitcode"); exit != 0 {
				t.Errorf("the last plan ended with %d:\n%s", exit, output)
			}
			if exit, listed := openInJournal(t, folder); exit != 0 {
				t.Errorf("journal -open ended with %d:\n%s", exit, listed)
			}
			changedOnceTo(t, env, swapDone)
			last := ""
			for _, r := range records(t, folder) {
				if r.ID == first.ID && r.Event == "settled" {
					last = r.Outcome
				}
			}
			if last != c.ended {
				t.Errorf("the swap has ended as %q, not %q:\n%s", last, c.ended, journalText(t, folder))
			}

			// The state knows the swap by now, so another one may be asked for.
			cli.Write("main.tf", env.Config(simSwapConfig(swapAccount, "eSim", trigger("next"))))
			cli.MustRun("apply", "-auto-approve")
			if err := env.CheckLedger(swapDone, swapDone)(nil); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestAccJournal_texts: what the journal explains, word for word.
func TestAccJournal_texts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config string
		api    simulator.API
		route  string
		n      int // requests of the route before the change
		// want is the message; RUN stands for what names the run.
		want string
	}{
		"swap": {simSwapConfig(swapAccount, "eSim"), simulator.MVNO, "account.swap", 0, `
Error: An earlier run has sent a swap of this account

  with telco_mvno_sim_swap.test,

RUN sent a swap of MVNO account 5f0c1a2b3c4d5e6f70819203 to eSim, and was ended before the answer came. The account held
SIM 8945010000000000017 then, and holds SIM 8945010000000000207 now. Nothing tells a second swap from that one, so none
is planned.

Set replaces = "8945010000000000017": if that swap took place, the SIM that the account holds is taken over and nothing
is sent; if not, it is sent, once.`},
		"group": {aaGroupConfig(aaSIM, "LIVE10"), simulator.M2M, "command", 3, `
Warning: An earlier run has sent an auto-activation group

  with telco_sim_aa_group.test,

RUN sent SIM 8944000000000000017 the auto-activation group LIVE10, and was ended before the answer came. No command
reads a SIM's group, so it may be armed with that one already; an apply of this plan sends LIVE10.`},
		"card": {simCardConfig(), simulator.Accounts, "sim.create", 0, `
Error: SIM card exists already

  with telco_sim_card.test,

RUN ordered this SIM card, and was ended before the answer came: it is most likely yours.

SIM card acme-fleet/001010000000001 already exists, so it is not created. An existing SIM is never adopted by itself.

If this configuration is to manage it, import it. With ADDRESS as this resource's address:

import {
  to = ADDRESS
  id = "acme-fleet/001010000000001"
}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, cli, folder := journalEnv(t)
			cli.Write("main.tf", env.Config(c.config))
			killedAt(t, cli, victims["all"], onArrival(env, c.api, c.route, c.n))
			all := records(t, folder)
			if len(all) != 1 {
				t.Fatalf("the journal has\n%s", recordTexts(all))
			}
			at, err := time.Parse(time.RFC3339, all[0].Time)
			if err != nil {
				t.Fatal(err)
			}
			run := fmt.Sprintf("Run %s of %s (TICKET-1)", all[0].Run, at.Format(time.RFC3339))
			output, _ := cli.Run("plan")
			text := said(inFile.ReplaceAllString(output, ""))
			if want := said(strings.Replace(c.want, "RUN", run, 1)); !strings.Contains(text, want) {
				t.Errorf("the next plan says\n%s\nand not\n%s", text, want)
			}
		})
	}
}

// inFile is where the CLI shows the configuration in a message.
var inFile = regexp.MustCompile(`(?m)^.*on main\.tf line \d+, in resource .*\n.*\n`)

// tear leaves the end of each file as a crash in the middle of a line does.
func tear(t *testing.T, folder string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the files: %v, %v", files, err)
	}
	for _, name := range files {
		file, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = file.WriteString(`{"version":1,"time":"2026-`); err != nil {
			t.Error(err)
		}
		_ = file.Close()
	}
}

// TestAccJournal_killedLater: changes of what is there already, killed on their way.
func TestAccJournal_killedLater(t *testing.T) {
	t.Parallel()
	protected := func(lines ...string) string { return simCardConfig(lines...) }
	for name, c := range map[string]struct {
		before, config string // "" is nothing
		api            simulator.API
		route          string
		lost           bool
		// says is what the next plan says; its apply must go well.
		says   string
		ledger []string
		ended  string // what the record ends as; "" is that it stays open
	}{
		"card, state": {before: protected(`state = "ready"`), config: protected(`state = "live"`), api: simulator.Accounts,
			route: "sim.update", says: "state ready -> live", ledger: []string{"create " + simCardID, "update " + simCardID},
			ended: "done"},
		"card, free text": {before: protected(`description = "one"`), config: protected(`description = "two"`),
			api:   simulator.Accounts,
			route: "sim.update", says: "description changes", ledger: []string{"create " + simCardID, "update " + simCardID}},
		"card, state, lost": {before: protected(`state = "ready"`), config: protected(`state = "live"`),
			api:   simulator.Accounts,
			route: "sim.update", lost: true, says: "state ready -> live",
			ledger: []string{"create " + simCardID, "update " + simCardID},
			ended:  "no_effect"},
		"card, deletion": {before: protected(), api: simulator.Accounts, route: "sim.delete", says: "SIM card is gone",
			ledger: []string{"create " + simCardID, "delete " + simCardID}, ended: "done"},
		"card, deletion, lost": {before: protected(), api: simulator.Accounts, route: "sim.delete", lost: true,
			says:   "-> deleted",
			ledger: []string{"create " + simCardID, "delete " + simCardID}, ended: "no_effect"},
		"card, order, lost": {config: protected(), api: simulator.Accounts, route: "sim.create", lost: true,
			says:   "(absent) -> created",
			ledger: []string{"create " + simCardID}, ended: "no_effect"},
		"status, lost": {config: simStatusConfig(syncProduct, "ACTIVE"), api: simulator.CMO, route: "product.update",
			lost: true,
			says: "status INACTIVE -> ACTIVE", ledger: []string{"status " + syncProduct}, ended: "no_effect"},
		"status, queued": {config: simStatusConfig(asyncProduct, "ACTIVE"), api: simulator.CMO, route: "product.update",
			says: `operation_status = "complete"`, ledger: []string{"status " + asyncProduct}, ended: "done"},
		"swap by ICC, lost": {config: simSwapConfig(swapAccount, swapNew), api: simulator.MVNO, route: "account.swap",
			lost: true,
			says: swapOld + " -> " + swapNew, ledger: []string{swapDone}, ended: "no_effect"},
		"swap by keyword with replaces": {config: simSwapConfig(swapAccount, "eSim", replacing(swapOld)), api: simulator.MVNO,
			route: "account.swap", says: "is taken over", ledger: []string{swapDone}, ended: "done"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, cli, folder := journalEnv(t)
			if c.before != "" {
				cli.Write("main.tf", env.Config(c.before))
				cli.MustRun("apply", "-auto-approve")
			}
			had := len(records(t, folder))
			cli.Write("main.tf", env.Config(c.config))
			if c.lost {
				lost(env, c.api, c.route)
			}
			killedAt(t, cli, victims["all"], onArrival(env, c.api, c.route, 0))
			all := records(t, folder)
			if len(all) != had+1 || all[had].Event != "sending" {
				t.Fatalf("the journal has\n%s", recordTexts(all))
			}
			if exit, listed := openInJournal(t, folder); exit != 2 || !strings.Contains(listed, "no answer") {
				t.Errorf("journal -open ended with %d:\n%s", exit, listed)
			}

			if output := cli.MustRun("plan"); !strings.Contains(said(output), c.says) {
				t.Errorf("the next plan does not say %q:\n%s", c.says, output)
			}
			cli.MustRun("apply", "-auto-approve")
			if err := env.CheckLedger(c.ledger...)(nil); err != nil {
				t.Error(err)
			}
			ended := ""
			for _, r := range records(t, folder) {
				if r.ID == all[had].ID && r.Event == "settled" {
					ended = r.Outcome
				}
			}
			if ended != c.ended {
				t.Errorf("the change has ended as %q, not %q:\n%s", ended, c.ended, recordTexts(records(t, folder)))
			}
			exit, listed := openInJournal(t, folder)
			if open := exit == 2; exit == 1 || open != (c.ended == "") {
				t.Errorf("journal -open ended with %d:\n%s", exit, listed)
			}
		})
	}
}
