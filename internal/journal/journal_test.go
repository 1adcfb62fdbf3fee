package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestJournal_records(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "journal")
	j := process(folder, "run")
	j.note = "CHG-4711 \"night shift\""

	first := mustSend(t, j, Change{API: "cmo", Kind: "SIM status", SIM: "TMSP-8949020000000000001", From: "INACTIVE",
		To: "ACTIVE"})
	second := mustSend(t, j, Change{API: "accounts", Kind: "SIM card creation", SIM: "acme/001010000000001"})
	must(t, j.Answered(first, Change{API: "cmo", Kind: "SIM status", SIM: "TMSP-8949020000000000001", From: "INACTIVE",
		To: "ACTIVE"},
		Answer{Outcome: Accepted, HTTPStatus: 202, CorrelationID: "c-1", Operation: "https://host/monitor/m-1?token=x"}))
	must(t, j.Answered(second, Change{API: "accounts", Kind: "SIM card creation", SIM: "acme/001010000000001"},
		Answer{Outcome: NotSent}))
	must(t, j.Settled(first, Change{API: "cmo", Kind: "SIM status", SIM: "TMSP-8949020000000000001"}, Done))

	const note = `"run":"run","note":"CHG-4711 \"night shift\"",`
	const sim = `"api":"cmo","change":"SIM status","sim":"TMSP-8949020000000000001"`
	const card = `"api":"accounts","change":"SIM card creation","sim":"acme/001010000000001"`
	want := `run.jsonl:
{"version":1,"time":"2026-11-25T04:46:12.000000Z","id":"run-1",` + note + `"event":"sending",` + sim + `,"from":"INACTIVE","to":"ACTIVE"}
{"version":1,"time":"2026-11-25T04:46:13.000000Z","id":"run-2",` + note + `"event":"sending",` + card + `}
{"version":1,"time":"2026-11-25T04:46:14.000000Z","id":"run-1",` + note + `"event":"answered",` + sim +
		`,"from":"INACTIVE","to":"ACTIVE","outcome":"accepted","http_status":202,"correlation_id":"c-1","operation":"https://host/monitor/m-1"}
{"version":1,"time":"2026-11-25T04:46:15.000000Z","id":"run-2",` + note + `"event":"answered",` + card + `,"outcome":"not_sent"}
{"version":1,"time":"2026-11-25T04:46:16.000000Z","id":"run-1",` + note + `"event":"settled",` + sim + `,"outcome":"done"}
`
	if got := content(t, folder); got != want {
		t.Errorf("the file says\n%s\nand not\n%s", got, want)
	}
}

func TestJournal_off(t *testing.T) {
	t.Parallel()
	j := Open("", "a note")
	if j != nil {
		t.Fatalf("no folder gave the journal %+v", j)
	}
	id, err := j.Sending(swap(account))
	entry, unansweredErr := j.Unanswered("", "", account)
	open, openErr := j.Open("", "", account)
	if id != "" || entry != nil || open != nil {
		t.Errorf("got %q, %v, %v", id, entry, open)
	}
	if err := errors.Join(err, unansweredErr, openErr, j.Answered("run-1", swap(account), Answer{Outcome: Done}),
		j.Settled("run-1", swap(account), Done)); err != nil {
		t.Error(err)
	}
}

// A change that was sent while the journal was off has no id.
func TestJournal_noID(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "journal")
	j := process(folder, "run")
	must(t, j.Answered("", swap(account), Answer{Outcome: Done}))
	must(t, j.Settled("", swap(account), Done))
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder was made for nothing: %v", err)
	}
}

// Provider aliases are several journals of one process, whatever way they spell the folder.
func TestOpen_oneFile(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	folder := filepath.Join(parent, "journal")
	spellings := []string{folder, folder + "/", filepath.Join(parent, ".") + "/x/../journal"}
	if runtime.GOOS != "windows" {
		link := filepath.Join(parent, "link")
		must(t, os.Symlink(parent, link))
		spellings = append(spellings, filepath.Join(link, "journal"))
	}
	for _, spelling := range spellings {
		mustSend(t, Open(spelling, "note of "+spelling), swap(account))
	}
	names, err := fileNames(folder)
	must(t, err)
	text, err := os.ReadFile(filepath.Join(folder, names[0]))
	must(t, err)
	if len(names) != 1 || strings.Count(string(text), "\n") != len(spellings) ||
		!strings.Contains(string(text), "note of "+folder+"/") {
		t.Errorf("files %q, the first says\n%s", names, text)
	}
	// The file goes when the process ends; the tests' folder goes before.
	must(t, folderAt(folder).writer.file.Close())
}

func TestJournal_modes(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has other rights")
	}
	folder := filepath.Join(t.TempDir(), "journal")
	j := process(folder, "run")
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opening has made the folder: %v", err)
	}
	mustSend(t, j, swap(account))
	for path, want := range map[string]fs.FileMode{folder: 0o700 | fs.ModeDir, filepath.Join(folder, "run.jsonl"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v: %v", path, info.Mode(), err)
		}
	}
}

// A folder that was there keeps its mode: a group may be meant to read it.
func TestJournal_folderIsThere(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	before, err := os.Stat(folder)
	must(t, err)
	mustSend(t, process(folder, "run"), swap(account))
	if after, err := os.Stat(folder); err != nil || after.Mode() != before.Mode() {
		t.Errorf("the mode went from %v to %v: %v", before.Mode(), after.Mode(), err)
	}
}

func TestJournal_longValues(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	j := process(folder, "run")
	j.note = strings.Repeat("\x01", 100_000)
	long := strings.Repeat("ü", 100_000)
	id := mustSend(t, j, Change{API: "cmo", Kind: long, SIM: account, From: long, To: long})
	must(t, j.Answered(id, Change{SIM: account}, Answer{Outcome: Accepted, CorrelationID: long, Operation: long}))

	entries, warnings, err := List(folder)
	if err != nil || len(warnings) > 0 || len(entries) != 1 {
		t.Fatalf("%d changes, %q, %v", len(entries), warnings, err)
	}
	if e := entries[0]; e.From != strings.Repeat("ü", longestValue/2-1) || len(e.Note) != longestNote-1 ||
		e.Outcome != Accepted {
		t.Errorf("kept %d bytes of a value, %d of the note, outcome %s", len(e.From), len(e.Note), e.Outcome)
	}
}

// A clock that is set back does not turn the order of what one process has written.
func TestJournal_clockGoesBack(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	j := process(folder, "run")
	now := time.Date(2026, 11, 25, 4, 46, 12, 0, time.UTC)
	j.folder.writer.now = func() time.Time { now = now.Add(-time.Hour); return now }
	for range 3 {
		mustSend(t, j, swap(account))
	}
	entries, _, err := List(folder)
	must(t, err)
	if got := ids(entries); got != "run-3 run-2 run-1" {
		t.Errorf("newest first: %s", got)
	}
}

// Where an earlier file was moved away, another plan or apply of this process begins a new one.
func TestOpen_fileTakenAway(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows moves no file that is open")
	}
	folder := filepath.Join(t.TempDir(), "journal")
	first := mustSend(t, Open(folder, ""), swap(account))
	must(t, os.RemoveAll(folder))
	second := mustSend(t, Open(folder, ""), swap(account))
	must(t, folderAt(folder).writer.file.Close())

	entries, warnings, err := List(folder)
	if err != nil || len(warnings) > 0 || ids(entries) != second || first == second {
		t.Errorf("sent %s and %s, found %s, %q, %v", first, second, ids(entries), warnings, err)
	}
}
