package journal

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestKilled is a true kill: what was about to be sent is found by the next process.
func TestKilled(t *testing.T) {
	if folder := os.Getenv("JOURNAL_TEST_FOLDER"); folder != "" {
		id, err := Open(folder, "night shift").Sending(swap(account))
		os.Stdout.WriteString(id + " " + text(err) + "\n")
		os.Stdin.Read(make([]byte, 1)) // until it is killed
		return
	}
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "journal")
	child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
	child.Env = append(os.Environ(), "JOURNAL_TEST_FOLDER="+folder)
	stdin, err := child.StdinPipe() // keeps the child waiting
	must(t, err)
	defer stdin.Close()
	stdout, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	id, err := bufio.NewReader(stdout).ReadString('\n')
	must(t, err)
	must(t, child.Process.Kill())
	child.Wait()

	entry, err := process(folder, "later").Unanswered("mvno", "MVNO SIM swap", account)
	if err != nil || entry == nil || entry.ID != strings.TrimSpace(id) || entry.Note != "night shift" {
		t.Errorf("the killed process sent %q; found is %+v, %v", id, entry, err)
	}
}
