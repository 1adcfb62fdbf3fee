package internal_test

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCommands: the binary is the provider, and each of its commands too: it explains itself under its own name.
func TestCommands(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "terraform-provider-telco")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir = ".."
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for want, args := range map[string][]string{
		"Usage: terraform-provider-telco journal ": {"journal", "-help"},
		"Usage: terraform-provider-telco review ":  {"review", "-help"},
		"terraform-provider-telco dev (none)":      {"-version"},
	} {
		var stdout, stderr bytes.Buffer
		command := exec.Command(binary, args...)
		command.Stdout, command.Stderr = &stdout, &stderr
		if err := command.Run(); err != nil || !strings.HasPrefix(stdout.String(), want) || stderr.Len() > 0 {
			t.Errorf("%q: %v, %q, %q", args, err, stdout.String(), stderr.String())
		}
	}
}
