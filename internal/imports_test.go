package internal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/simfleet/terraform-provider-telco/"

// arrows is the house: which packages of ours and which libraries each package may import, tests aside. A trailing
// slash allows all below. The standard library is free to all, but for what is named in never.
var arrows = map[string][]string{
	"main": {"internal/provider", "internal/journal", "internal/review",
		"github.com/hashicorp/terraform-plugin-framework/"},
	"internal/identity": {},
	"internal/journal":  {"internal/identity", "golang.org/x/"},
	"internal/wait":     {},
	// The words of live changes: the provider writes them into plans, the review reads them out.
	"internal/livechange": {},
	// The live changes of a plan's JSON: no provider server, no API.
	"internal/review": {"internal/livechange", "github.com/hashicorp/terraform-json"},
	// One live change of one SIM from decision to end; it knows neither Terraform nor an API.
	"internal/change":        {"internal/journal", "internal/wait"},
	"internal/api/transport": {"golang.org/x/"},
	"internal/api/accounts":  {"internal/api/transport", "internal/identity", "internal/wait", "golang.org/x/"},
	"internal/api/cmo":       {"internal/api/transport", "internal/identity", "internal/wait", "golang.org/x/"},
	"internal/api/m2m":       {"internal/api/transport", "internal/identity", "internal/wait", "golang.org/x/"},
	"internal/api/mvno":      {"internal/api/transport", "internal/identity", "internal/wait", "golang.org/x/"},
	// The provider takes error kinds and the rule for endpoints from transport, which its clients stand on.
	"internal/provider": {"internal/api/", "internal/change", "internal/identity", "internal/journal",
		"internal/livechange",
		"internal/planmod", "internal/validate", "internal/wait",
		"github.com/hashicorp/terraform-plugin-"},
	"internal/validate": {"internal/api/transport", "internal/identity",
		"github.com/hashicorp/terraform-plugin-framework/"},
	"internal/planmod":       {"internal/identity", "github.com/hashicorp/terraform-plugin-framework/"},
	"internal/simulator":     {},
	"internal/cmd/simulator": {"internal/simulator"},
	"internal/cli":           {},
	"internal/cmd/demo":      {"internal/cli"},
	"internal/cmd/schema":    {"internal/provider", "github.com/hashicorp/terraform-plugin-"},
	"internal/cmd/bench":     {"internal/cli", "internal/simulator"},
	"internal/browser":       {},
	// go-plugin and go-hclog let a real CLI attach to the provider inside the test.
	"internal/acctest": {"internal/cli", "internal/provider", "internal/simulator", "internal/wait",
		"github.com/hashicorp/terraform-plugin-", "github.com/hashicorp/go-"},
}

// never is what must not reach a release; what only tests import may have it.
var (
	never     = []string{"testing", "net/http/httptest"}
	testsOnly = []string{"internal/acctest", "internal/browser"}
)

func TestImports(t *testing.T) {
	found := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && path != ".." && (strings.HasPrefix(name, ".") || name == "testdata" ||
			path == filepath.Join("..", "internal", "tools")) {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		pkg := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../")
		if pkg == ".." {
			pkg = "main"
		}
		found[pkg] = true
		allowed, known := arrows[pkg]
		if !known {
			t.Errorf("%s: package %s has no arrows: say in imports_test.go what it may import", path, pkg)
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if !mayImport(pkg, imported, allowed) {
				t.Errorf("%s: package %s must not import %s", path, pkg, imported)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range arrows {
		if !found[pkg] {
			t.Errorf("package %s has arrows and no files", pkg)
		}
	}
}

func mayImport(pkg, imported string, allowed []string) bool {
	standard := !strings.Contains(strings.Split(imported, "/")[0], ".")
	if standard {
		return slices.Contains(testsOnly, pkg) || !slices.Contains(never, imported)
	}
	for _, rule := range allowed {
		if strings.HasPrefix(rule, "internal/") {
			rule = module + rule
		}
		if imported == rule || (strings.HasSuffix(rule, "/") || strings.HasSuffix(rule, "-")) &&
			strings.HasPrefix(imported, rule) {
			return true
		}
	}
	return false
}

func TestMayImport(t *testing.T) {
	for _, c := range []struct {
		pkg, imported string
		want          bool
	}{
		{"internal/api/cmo", module + "internal/api/accounts", false},
		{"internal/api/cmo", module + "internal/simulator", false},
		{"internal/api/cmo", "github.com/hashicorp/terraform-plugin-log/tflog", false},
		{"internal/simulator", module + "internal/api/cmo", false},
		{"internal/identity", module + "internal/api/mvno", false},
		{"internal/journal", module + "internal/api/mvno", false},
		{"internal/journal", "github.com/hashicorp/terraform-plugin-framework/diag", false},
		{"internal/journal", module + "internal/identity", true},
		{"internal/provider", "net/http/httptest", false},
		{"internal/provider", module + "internal/simulator", false},
		{"main", module + "internal/simulator", false},
		{"internal/cmd/simulator", module + "internal/browser", false},
		{"internal/api/cmo", module + "internal/wait", true},
		{"internal/provider", module + "internal/api/mvno", true},
		{"internal/acctest", "testing", true},
		{"internal/browser", "testing", true},
	} {
		if got := mayImport(c.pkg, c.imported, arrows[c.pkg]); got != c.want {
			t.Errorf("mayImport(%s, %s) = %v", c.pkg, c.imported, got)
		}
	}
}
