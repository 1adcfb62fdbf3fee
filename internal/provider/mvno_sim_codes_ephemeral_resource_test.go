package provider_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// codesInVault is a configuration that puts the codes of a SIM into the vault, before the SIM goes into the account.
func codesInVault(env *acctest.Env, simNumber, more string) string {
	return strings.Replace(env.Config(fmt.Sprintf(`
ephemeral "telco_mvno_sim_codes" "test" {
  sim_number = %s
}
resource "vault_kv_secret_v2" "test" {
  mount                = "secret"
  name                 = "sim"
  data_json_wo_version = 1
  data_json_wo         = jsonencode(ephemeral.telco_mvno_sim_codes.test)
}
%s`, simNumber, more)), "required_providers {", "required_providers {\n    vault = { source = \"hashicorp/vault\" }", 1)
}

// attachVault gives the CLI the vault of this test.
func attachVault(cli *acctest.CLI) *vault {
	v := &vault{}
	for _, address := range vaultAddresses {
		cli.Attach(address, v.server())
	}
	return v
}

// TestAccMVNOSIMCodes_vault: the codes reach a write-only argument, and nothing else has them: no output, no log at the
// highest level, no saved plan, no state, no journal.
func TestAccMVNOSIMCodes_vault(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	env.AddMVNOSIM(planted)
	env.AddMVNOAccount(simulator.MVNOAccount{ID: swapAccount, SIMNumber: "8945010000000000009"})
	cli := env.NewCLI(t)
	cli.Need("1.11", "1.11")
	store := attachVault(cli)
	cli.Setenv("TF_LOG=TRACE", "TF_LOG_PATH="+filepath.Join(cli.Dir, "trace.log"), "TELCO_JOURNAL="+filepath.Join(cli.Dir,
		"journal"))
	cli.Write("main.tf", codesInVault(env, `"8945 0100 0000 0000 042F"`, fmt.Sprintf(`
resource "telco_mvno_sim_swap" "test" {
  account_id = %q
  new_sim    = %q
  depends_on = [vault_kv_secret_v2.test]
}`, swapAccount, planted.ICC)))
	seen := cli.MustRun("plan", "-out=plan") + cli.MustRun("show", "-json", "plan") + cli.MustRun("apply", "plan") +
		cli.MustRun("show", "-json") + cli.MustRun("plan", "-detailed-exitcode")

	want := `{"form_factor":"NANO","network":"TDC","pin1":"70110701","pin2":"70220702",` +
		`"puk1":"70330703","puk2":"70440704",` +
		`"sim_number":"8945 0100 0000 0000 042F"}`
	if got := store.stored(); len(got) != 1 || got["secret/data/sim"] != want {
		t.Errorf("the vault holds %q", got)
	}
	files := map[string]string{"what was printed": seen}
	err := filepath.WalkDir(cli.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, cli.Dir)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"/trace.log", "/plan", "/terraform.tfstate"} {
		if files[name] == "" {
			t.Errorf("there is no %s among %d files", name, len(files))
		}
	}
	if !strings.Contains(files["/trace.log"], "read the codes of SIM "+planted.ICC) {
		t.Error("the log does not show the call, so it proves nothing")
	}
	for name, text := range files {
		for _, code := range []string{planted.PIN1, planted.PIN2, planted.PUK1, planted.PUK2} {
			for _, spelling := range spellings(code) {
				if strings.Contains(text, spelling) {
					t.Errorf("%s has the code %s", name, code)
				}
			}
		}
	}
}

// TestAccMVNOSIMCodes_unknown: a SIM that is known only after apply has its codes read by the apply.
func TestAccMVNOSIMCodes_unknown(t *testing.T) {
	t.Parallel()
	env := acctest.New(t)
	env.AddMVNOSIM(planted)
	cli := env.NewAttachedCLI(t)
	cli.Need("1.11", "1.11")
	store := attachVault(cli)
	cli.Write("main.tf", codesInVault(env, "terraform_data.icc.output",
		fmt.Sprintf("resource \"terraform_data\" \"icc\" {\n  input = %q\n}", planted.ICC)))
	cli.MustRun("plan", "-out=plan")
	reads := simulator.Match{API: simulator.MVNO, Route: "sim.read"}
	if n := len(env.Requests(reads)); n > 0 {
		t.Errorf("the plan read %d SIMs", n)
	}
	cli.MustRun("apply", "plan")
	if n := len(env.Requests(reads)); n != 1 || !strings.Contains(store.stored()["secret/data/sim"], planted.PUK1) {
		t.Errorf("the apply read %d SIMs, the vault holds %q", n, store.stored())
	}
}

// TestAccMVNOSIMCodes_refused: each refusal says which one it is, and what to do.
func TestAccMVNOSIMCodes_refused(t *testing.T) {
	t.Parallel()
	const elsewhere, inUse, foreign = "8945010000000000051", "8945010000000000052", "5f0c1a2b3c4d5e6f70810002"
	env := acctest.New(t)
	env.AddMVNOSIM(planted)
	env.AddMVNOSIM(simulator.MVNOSIM{ICC: elsewhere, InStorageAt: foreign})
	env.AddMVNOAccount(simulator.MVNOAccount{ID: swapAccount, SIMNumber: inUse})
	cli := env.NewAttachedCLI(t)
	cli.Need("1.11", "1.11")
	store := attachVault(cli)
	for _, row := range []struct {
		name, icc string
		set       func(*simulator.MVNOQuirks)
		fault     string
		want      []string
	}{
		{name: "unknown", icc: "8945010000000000999", want: []string{"Error: Unknown SIM", "knows no SIM 8945010000000000999",
			"The MVNO API says: SIM not found", "telco_mvno_sims lists the unused SIMs"}},
		{name: "elsewhere", icc: elsewhere, want: []string{"Error: SIM is not in your storage", "not SIM " + elsewhere,
			"another customer has it in storage, or an account holds it", "code access_denied", "store_codes = true"}},
		{name: "in use", icc: inUse, set: func(q *simulator.MVNOQuirks) { q.SIMReadInStorage = true },
			want: []string{"Error: SIM is not in your storage", "not SIM " + inUse}},
		{name: "level", icc: planted.ICC, set: func(q *simulator.MVNOQuirks) { q.AccessLevel = "PERSONAL" },
			want: []string{"Error: Access level does not allow reading SIMs", "codes of SIM " + planted.ICC,
				"access level VIEWER, MANAGER or OWNER", "!storage, or an account"}},
		{name: "no codes", icc: planted.ICC, fault: `{"_id":"` + planted.ICC + `","network":"TDC"}`,
			want: []string{"Error: SIM has no codes", "neither PIN nor PUK"}},
		{name: "a page", icc: planted.ICC, fault: "<p>70330703</p>",
			want: []string{"Error: Unable to read the codes of a SIM", "HTML or XML page", "!70330703"}},
		{name: "spelling", icc: "89-4501", want: []string{"must be the ICC of a SIM, 11 to 20 digits"}},
	} {
		env.SetMVNOQuirks(func(q *simulator.MVNOQuirks) {
			*q = simulator.MVNOQuirks{}
			if row.set != nil {
				row.set(q)
			}
		})
		if row.fault != "" {
			env.Inject(simulator.Fault{
				Match: simulator.Match{API: simulator.MVNO, Route: "sim.read"}, Times: 1,
				Effect: simulator.Answer, Status: 200, Body: row.fault,
			})
		}
		cli.Write("main.tf", codesInVault(env, fmt.Sprintf("%q", row.icc), ""))
		output, exit := cli.Run("plan")
		if exit == 0 {
			t.Errorf("%s: planned:\n%s", row.name, output)
		}
		checkOutput(t, output, row.want...)
	}
	if got := store.stored(); len(got) > 0 {
		t.Errorf("the vault holds %q", got)
	}
}
