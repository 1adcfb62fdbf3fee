package provider_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// examplesDir holds what the documentation shows.
const examplesDir = "../../examples"

// exampleSource is how examples name the provider. Each CLI looks for it under its own host.
const exampleSource = "simfleet/telco"

// newExampleEnv is the network that the examples are written for: the first SIMs of `make simulator`.
func newExampleEnv(t *testing.T) *acctest.Env {
	t.Helper()
	env := acctest.New(t, simulator.SettleAfterPolls(0))
	env.AddAccount("acme-fleet")
	env.AddSIMCard("acme-fleet", simulator.SIMCard{CLI: "001010000000001", SIMNumber: new("8900000000000000001"),
		State: 1})
	for _, id := range []string{"TMSP-89490200000000000001", "TMSP-89490200000000000002", "JASPER-8997100000000000001"} {
		env.AddProduct(simulator.Product{ID: id, Status: "INACTIVE", SIMStatus: "INACTIVE"})
	}
	env.AddM2MGroup(simulator.M2MGroup{Code: "LIVE10", Name: "Live 10 MB", Type: "live"})
	env.AddM2MGroup(simulator.M2MGroup{Code: "PEND01", Name: "Pending", Type: "pending"})
	for _, iccid := range []string{"8944000000000000001", "8944000000000000002"} {
		env.AddM2MSIM(simulator.M2MSIM{ICCID: iccid, Status: "active", Group: "PEND01", TestAllowance: 10})
	}
	env.AddMVNOSIM(simulator.MVNOSIM{ICC: "8945010000000000001", FormFactor: "NANO", AutoAssign: true})
	env.AddMVNOAccount(simulator.MVNOAccount{
		ID: "5f0c1a2b3c4d5e6f70819201", Number: "+4520000001", State: "ACTIVE", SIMNumber: "8945019000000000001"})
	return env
}

// exampleCLI is a working directory in which the CLI finds the provider under its public names, and all settings in
// the environment, as TELCO_... and as the variables of examples/provider.
func exampleCLI(t *testing.T, env *acctest.Env) *acctest.CLI {
	t.Helper()
	cli := env.NewCLI(t)
	config, err := os.ReadFile(filepath.Join(cli.Dir, "cli.tfrc"))
	if err != nil {
		t.Fatal(err)
	}
	override := ""
	for line := range strings.Lines(string(config)) {
		if strings.Contains(line, exampleSource) {
			_, dir, _ := strings.Cut(line, "=")
			for _, host := range []string{"registry.terraform.io", "registry.opentofu.org"} {
				override += "    \"" + host + "/" + exampleSource + "\" =" + dir
			}
		}
	}
	cli.Write("cli.tfrc", "provider_installation {\n  dev_overrides {\n"+override+"  }\n  direct {}\n}\n")

	settings := map[string]string{
		"ACCOUNTS_ENDPOINT": env.URL + "/accounts", "ACCOUNTS_CLIENT_ID": simulator.ClientID,
		"ACCOUNTS_CLIENT_SECRET": simulator.ClientSecret,
		"CMO_ENDPOINT":           env.URL + "/cmo/v5", "CMO_TENANT": simulator.Tenant,
		"CMO_TOKEN_URL": env.URL + "/cmo/token",
		"CMO_CLIENT_ID": simulator.ClientID, "CMO_CLIENT_SECRET": simulator.ClientSecret,
		"M2M_ENDPOINT": env.URL + "/m2m", "M2M_USERNAME": simulator.M2MUsername, "M2M_PASSWORD": simulator.M2MPassword,
		"M2M_API_ID":    simulator.M2MAPIID,
		"MVNO_ENDPOINT": env.URL + "/mvno", "MVNO_TOKEN": simulator.MVNOToken,
	}
	for name, value := range settings {
		cli.Setenv("TELCO_"+name+"="+value, "TF_VAR_"+strings.ToLower(name)+"="+value)
	}
	return cli
}

// use copies example files into the working directory. Files of the registry's layout leave the settings to the reader
// and get them here; a scenario is whole, and is taken as it is.
func use(t *testing.T, cli *acctest.CLI, files ...string) {
	t.Helper()
	whole := false
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(examplesDir, file))
		if err != nil {
			t.Fatal(err)
		}
		whole = whole || strings.Contains(string(text), "required_providers")
		cli.Write(filepath.Base(file), string(text))
	}
	if !whole {
		cli.Write("settings.tf", "terraform {\n  required_providers {\n    telco = { source = \""+exampleSource+"\" }\n  "+
			"}\n}\n")
	}
}

// exampleFiles lists the files below examples/, by folder.
func exampleFiles(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	root := os.DirFS(examplesDir)
	err := fs.WalkDir(root, ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			found[filepath.Dir(path)] = append(found[filepath.Dir(path)], path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatal("there are no examples")
	}
	return found
}

// exampleChanges is how many live changes each example makes on the network of newExampleEnv. An example that is not
// here makes none.
var exampleChanges = map[string]int{
	"demo/main.tf":                                 6,
	"resources/telco_sim_card/resource.tf":         1,
	"resources/telco_sim_card/full.tf":             1,
	"resources/telco_sim_status/resource.tf":       1,
	"resources/telco_sim_status/full.tf":           1,
	"resources/telco_sim_fleet_status/resource.tf": 2,
	"resources/telco_sim_fleet_status/full.tf":     2,
	"resources/telco_sim_aa_group/resource.tf":     1,
	"resources/telco_sim_aa_group/full.tf":         1,
	"resources/telco_mvno_sim_swap/resource.tf":    1,
	"resources/telco_mvno_sim_swap/full.tf":        1,
	"scenarios/activation/main.tf":                 2,
	"scenarios/fleet-from-csv/main.tf":             2,
	"scenarios/fleet-from-spreadsheet/main.tf":     2,
	"scenarios/lost-card/main.tf":                  1,
	"scenarios/codes-to-vault/main.tf":             1,
}

// TestAccExamples applies each example on its own, checks that it does what it says and that the plan after it is
// empty. The CLI validates a configuration whenever it plans one.
func TestAccExamples(t *testing.T) {
	t.Parallel()
	files := exampleFiles(t)
	for _, dir := range slices.Sorted(maps.Keys(files)) {
		// What lies beside a configuration: tables that it reads, and the variables of the provider block.
		beside := slices.DeleteFunc(slices.Clone(files[dir]), func(file string) bool {
			return filepath.Ext(file) != ".csv" && filepath.Base(file) != "variables.tf"
		})
		for _, file := range files[dir] {
			if filepath.Ext(file) != ".tf" || filepath.Base(file) == "variables.tf" ||
				strings.HasPrefix(filepath.Base(file), "import-") {
				continue
			}
			t.Run(file, func(t *testing.T) {
				t.Parallel()
				env := newExampleEnv(t)
				cli := exampleCLI(t, env)
				use(t, cli, append(beside, file)...)
				if callsFunctions(t, file) {
					cli.Need("1.8", "1.7") // provider functions
				}
				if text, err := os.ReadFile(filepath.Join(examplesDir, file)); err != nil {
					t.Fatal(err)
				} else if strings.Contains(string(text), "ephemeral \"") {
					cli.Need("1.11", "1.11")
					attachVault(cli)
				}

				cli.MustRun("apply", "-auto-approve")
				if got := len(env.Ledger()); got != exampleChanges[file] {
					t.Errorf("%d live changes were made, %d expected: %v", got, exampleChanges[file], env.Ledger())
				}
				if output, exit := cli.Run("plan", "-detailed-exitcode"); exit != 0 || strings.Contains(output, "irreversible") {
					t.Errorf("the plan after the apply is not empty (exit code %d):\n%s", exit, output)
				}
			})
		}
	}
	for file := range exampleChanges {
		if !slices.Contains(files[filepath.Dir(file)], filepath.FromSlash(file)) {
			t.Errorf("%s is expected to make changes, and is not there", file)
		}
	}
}

func callsFunctions(t *testing.T, file string) bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(examplesDir, file))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(text), "provider::telco::")
}

// TestAccExamples_import takes what each minimal example made into a state of its own, by the documented block and by
// the documented command. Both send nothing.
func TestAccExamples_import(t *testing.T) {
	t.Parallel()
	for dir, files := range exampleFiles(t) {
		block, command := filepath.Join(dir, "import-by-string-id.tf"), filepath.Join(dir, "import.sh")
		if !slices.Contains(files, block) && !slices.Contains(files, command) {
			continue
		}
		t.Run(dir, func(t *testing.T) {
			t.Parallel()
			env := newExampleEnv(t)
			made := exampleCLI(t, env)
			use(t, made, filepath.Join(dir, "resource.tf"))
			made.MustRun("apply", "-auto-approve")
			changes := len(env.Ledger())

			byBlock := exampleCLI(t, env)
			use(t, byBlock, filepath.Join(dir, "resource.tf"), block)
			if output := byBlock.MustRun("apply", "-auto-approve"); !strings.Contains(output, "1 imported, 0 added") ||
				strings.Contains(output, "irreversible") {
				t.Errorf("the import block did more than import:\n%s", output)
			}

			byCommand := exampleCLI(t, env)
			use(t, byCommand, filepath.Join(dir, "resource.tf"))
			text, err := os.ReadFile(filepath.Join(examplesDir, command))
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(string(text)), "\n")
			byCommand.MustRun(strings.Fields(lines[len(lines)-1])[1:]...)
			if output := byCommand.MustRun("apply", "-auto-approve"); !strings.Contains(output, "0 added") ||
				strings.Contains(output, "irreversible") {
				t.Errorf("the apply after the import command sends something:\n%s", output)
			}

			if got := len(env.Ledger()); got != changes {
				t.Errorf("importing made %d live changes", got-changes)
			}
			for _, cli := range []*acctest.CLI{byBlock, byCommand} {
				if output, exit := cli.Run("plan", "-detailed-exitcode"); exit != 0 {
					t.Errorf("the plan after the import is not empty:\n%s", output)
				}
			}
		})
	}
}

// TestAccExamples_format holds the examples to the CLI's own format.
func TestAccExamples_format(t *testing.T) {
	t.Parallel()
	cli := newExampleEnv(t).NewCLI(t)
	if err := os.CopyFS(filepath.Join(cli.Dir, "examples"), os.DirFS(examplesDir)); err != nil {
		t.Fatal(err)
	}
	if output, exit := cli.Run("fmt", "-check", "-diff", "-recursive", "examples"); exit != 0 {
		t.Errorf("not formatted:\n%s", output)
	}
}

// TestExamples_complete: each resource, data source and function has the examples that its page shows.
func TestExamples_complete(t *testing.T) {
	t.Parallel()
	files := exampleFiles(t)
	for dir, names := range map[string][]string{
		"resources": {"resource.tf", "full.tf"}, "list-resources": {"list-resource.tfquery.hcl"},
		"data-sources": {"data-source.tf"}, "functions": {"function.tf"},
		"ephemeral-resources": {"ephemeral-resource.tf"},
	} {
		pages, err := filepath.Glob("../../docs/" + dir + "/*.md")
		if err != nil || len(pages) == 0 {
			t.Fatalf("no pages of %s: %v", dir, err)
		}
		for _, page := range pages {
			name := strings.TrimSuffix(filepath.Base(page), ".md")
			if dir != "functions" {
				name = "telco_" + name
			}
			folder := filepath.Join(dir, name)
			for _, name := range names {
				if !slices.Contains(files[folder], filepath.Join(folder, name)) {
					t.Errorf("%s has no %s", folder, name)
				}
			}
		}
	}
}

// guide is the text of a guide's template.
func guide(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../templates/guides/" + name + ".md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestGuides_promisedTestsExist: a promise whose test has gone or has another name is no promise.
func TestGuides_promisedTestsExist(t *testing.T) {
	t.Parallel()
	written := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, match := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(text, -1) {
			written[string(match[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	promised := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(guide(t, "promises"), -1)
	if len(promised) == 0 {
		t.Fatal("the guide names no test")
	}
	for _, match := range promised {
		if !written[match[1]] {
			t.Errorf("the guide names %s, which there is not", match[1])
		}
	}
}

// TestGuides_troubleshooting: whoever searches the guide for the summary of an error finds it, and finds no other.
func TestGuides_troubleshooting(t *testing.T) {
	t.Parallel()
	text := guide(t, "troubleshooting")
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var provider strings.Builder
	summaries := regexp.MustCompile(`Add(?:Error|Warning|AttributeError|AttributeWarning)\((?:path\.[^\n]*?\), )?\s*(?:fmt\.Sprintf\()?"([A-Z][^"]*)"`)
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		code, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		provider.Write(code)
		for _, match := range summaries.FindAllSubmatch(code, -1) {
			if summary := strings.ReplaceAll(string(match[1]), "%s", "..."); !strings.Contains(text, "`"+summary+"`") {
				t.Errorf("%s has the summary %q, which the guide does not explain", source, summary)
			}
		}
	}
	explained := regexp.MustCompile("\\*\\*`([^`]+)`\\*\\*").FindAllStringSubmatch(text, -1)
	if len(explained) == 0 {
		t.Fatal("the guide explains nothing")
	}
	for _, match := range explained {
		if !strings.Contains(provider.String(), `"`+strings.ReplaceAll(match[1], "...", "%s")+`"`) {
			t.Errorf("the guide explains %q, which the provider does not say", match[1])
		}
	}
}

// TestDocs_links: a link from page to page leads to a page, and to a heading on it. The registry serves pages without
// .md, and the index without a trailing slash, so that its links must be absolute.
func TestDocs_links(t *testing.T) {
	t.Parallel()
	const (
		docs     = "../../docs"
		registry = "https://registry.terraform.io/providers/simfleet/telco/latest/docs/"
	)
	links := regexp.MustCompile(`\]\(([^)#\s]*)(?:#([^)]*))?\)`)
	err := filepath.WalkDir(docs, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, link := range links.FindAllStringSubmatch(string(text), -1) {
			page := filepath.Join(filepath.Dir(path), link[1])
			switch inner, ok := strings.CutPrefix(link[1], registry); {
			case ok:
				page = filepath.Join(docs, inner) + ".md"
			case link[1] == "":
				page = path
			case strings.Contains(link[1], "://"):
				continue
			case path == filepath.Join(docs, "index.md"):
				t.Errorf("%s: the link %s must be absolute", path, link[1])
			}
			target, err := os.ReadFile(page)
			switch {
			case err != nil:
				t.Errorf("%s: the link %s leads nowhere", path, link[0])
			case link[2] != "" && !hasAnchor(string(target), link[2]):
				t.Errorf("%s: there is no heading for the link %s", path, link[0])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// hasAnchor tells whether a page has the anchor: written out, or as a heading in small letters with hyphens.
func hasAnchor(page, anchor string) bool {
	if strings.Contains(page, `<a id="`+anchor+`">`) {
		return true
	}
	for line := range strings.Lines(page) {
		heading := strings.TrimLeft(line, "#")
		slug := regexp.MustCompile(`[^a-z0-9_ -]`).ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
		if heading != line && strings.ReplaceAll(slug, " ", "-") == anchor {
			return true
		}
	}
	return false
}
