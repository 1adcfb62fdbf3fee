package review

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the reports in testdata anew")

// golden compares a whole report with the one in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s, as it was (-) and as it is (+); -update takes it over:\n%s", path, diff)
	}
}

// assets are the page's own style, script and their digests: they are the same in each report.
var assets = regexp.MustCompile(`(?s)(<style>).*(</style>)|(<script>).*(</script>)|(sha256-)[^']*`)

// extensions are those of the reports in testdata.
var extensions = map[string]string{"text": "txt", "markdown": "md", "html": "html", "json": "json"}

func TestReports(t *testing.T) {
	t.Parallel()
	everything := strings.Join(rules, ",")
	for name, c := range map[string]struct {
		exit int
		args []string
	}{
		"five-resources": {exitBeyond, []string{"-max", "3", "-deny", "termination,deletion,unprotect,swap-by-word"}},
		"opentofu":       {exitWithin, []string{"-max", "20"}},
		"edges":          {exitBeyond, []string{"-deny", everything}},
		"hostile":        {exitBeyond, []string{"-max", "0", "-deny", everything}},
		"empty":          {exitWithin, []string{"-max", "0", "-deny", everything}},
	} {
		for _, format := range formats {
			t.Run(name+"/"+format, func(t *testing.T) {
				t.Parallel()
				var stdout, stderr bytes.Buffer
				args := append([]string{"-format", format, filepath.Join("testdata", name+".plan.json")}, c.args...)
				if exit := Command(args, strings.NewReader(""), &stdout, &stderr); exit != c.exit {
					t.Fatalf("exit status %d: %s", exit, stderr.String())
				}
				golden(t, name+"."+extensions[format], assets.ReplaceAll(stdout.Bytes(), []byte("$1$2$3$4$5...")))
			})
		}
	}
}
