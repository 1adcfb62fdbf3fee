package main

import (
	"strings"
	"testing"
)

// TestCommands: each command explains itself under its own name and asks nobody anything.
func TestCommands(t *testing.T) {
	t.Parallel()
	if len(commands) == 0 {
		t.Error("there are no commands")
	}
	for name, command := range commands {
		var stdout, stderr strings.Builder
		status := command([]string{"-help"}, strings.NewReader(""), &stdout, &stderr)
		if status != 0 || !strings.HasPrefix(stdout.String(), "Usage: ") || !strings.Contains(stdout.String(), "terraform-provider-telco "+name+" ") || stderr.String() != "" {
			t.Errorf("%s: status %d, %q, %q", name, status, stdout.String(), stderr.String())
		}
	}
}
