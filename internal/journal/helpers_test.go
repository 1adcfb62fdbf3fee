package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// process is a process that writes and reads the journal in a folder. Its clock is a second further at each look.
func process(path, run string) *Journal {
	f := newFolder(path, run)
	now := time.Date(2026, 11, 25, 4, 46, 11, 0, time.UTC)
	f.writer.now = func() time.Time { now = now.Add(time.Second); return now }
	return &Journal{folder: f}
}

// startAt sets the process's clock.
func (j *Journal) startAt(now time.Time) *Journal {
	j.folder.writer.now = func() time.Time { now = now.Add(time.Second); return now }
	return j
}

func swap(account string) Change {
	return Change{API: "mvno", Kind: "MVNO SIM swap", SIM: account, From: "8945019000000000001", To: "autoAssign"}
}

const account = "5f0c1a2b3c4d5e6f70819201"

func mustSend(t *testing.T, j *Journal, c Change) string {
	t.Helper()
	id, err := j.Sending(c)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// content is what the files of a folder say, each below its name.
func content(t *testing.T, folder string) string {
	t.Helper()
	names, err := fileNames(folder)
	must(t, err)
	var all strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(folder, name))
		must(t, err)
		fmt.Fprintf(&all, "%s:\n%s", name, text)
	}
	return all.String()
}

func ids(entries []Entry) string {
	var all []string
	for i := range entries {
		all = append(all, entries[i].ID)
	}
	return strings.Join(all, " ")
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
