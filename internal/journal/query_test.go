package journal

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// unanswered is the id of the sending that nothing answered, and what the query warns about.
func unanswered(j *Journal, api, kind, sim string) (id, warning string) {
	entry, err := j.Unanswered(api, kind, sim)
	if entry != nil {
		id = entry.ID
	}
	return id, text(err)
}

func TestUnanswered(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	killed := process(folder, "killed")
	killed.note = "CHG-4711"
	mustSend(t, killed, swap(account))

	later := process(folder, "later")
	entry, err := later.Unanswered("mvno", "MVNO SIM swap", account)
	must(t, err)
	want := Entry{ID: "killed-1", Run: "killed", Note: "CHG-4711", Time: time.Date(2026, 11, 25, 4, 46, 12, 0, time.UTC),
		Change: swap(account), Sent: true}
	if *entry != want {
		t.Errorf("got  %+v\nwant %+v", *entry, want)
	}
	for name, c := range map[string]struct{ api, kind, sim, want string }{
		"capitals":      {"mvno", "MVNO SIM swap", " 5F0C1A2B3C4D5E6F70819201", "killed-1"},
		"any kind":      {"mvno", "", account, "killed-1"},
		"any API":       {"", "", account, "killed-1"},
		"other API":     {"m2m", "", account, ""},
		"other kind":    {"mvno", "SIM status", account, ""},
		"other account": {"mvno", "MVNO SIM swap", "5f0c1a2b3c4d5e6f70819202", ""},
		"none":          {"", "", "", ""},
	} {
		if id, warning := unanswered(later, c.api, c.kind, c.sim); id != c.want || warning != "" {
			t.Errorf("%s: got %q, %q", name, id, warning)
		}
	}

	// Whoever learns the end writes it, and from then on nothing is held back, here and elsewhere.
	must(t, later.Settled(entry.ID, entry.Change, Done))
	for _, j := range []*Journal{later, process(folder, "last")} {
		if id, warning := unanswered(j, "mvno", "", account); id != "" || warning != "" {
			t.Errorf("after the end: %q, %q", id, warning)
		}
	}
}

func TestOpen_outcomes(t *testing.T) {
	t.Parallel()
	for outcome, want := range map[Outcome]struct{ open, unanswered string }{
		"":        {"early-1", "early-1"},
		Accepted:  {"early-1", ""},
		Pending:   {"early-1", ""},
		Unknown:   {"early-1", ""},
		"strange": {"early-1", ""},
		Done:      {}, Refused: {}, NotSent: {}, NoEffect: {},
	} {
		for _, event := range []string{"answered", "settled", "settled elsewhere", "settled here"} {
			folder := t.TempDir()
			early, later := process(folder, "early"), process(folder, "later")
			id := mustSend(t, early, swap(account))
			writer := early
			switch event {
			case "settled elsewhere":
				writer = process(folder, "a-file-before") // read before the one of the sending
			case "settled here":
				writer = later
			}
			switch {
			case outcome == "":
			case event == "answered":
				must(t, writer.Answered(id, swap(account), Answer{Outcome: outcome}))
			default:
				must(t, writer.Settled(id, swap(account), outcome))
			}
			open, err := later.Open("mvno", "", account)
			first, warning := unanswered(later, "mvno", "", account)
			if ids(open) != want.open || first != want.unanswered || err != nil || warning != "" {
				t.Errorf("%s %q: open %q, unanswered %q, %v", event, outcome, ids(open), first, err)
			}
		}
	}
}

// The newest comes first, and a newer change that has ended does not answer an older one.
func TestOpen_newestFirst(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	day := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	yesterday := process(folder, "z-yesterday").startAt(day)
	today := process(folder, "a-today").startAt(day.Add(24 * time.Hour))
	mustSend(t, yesterday, swap(account))
	mustSend(t, today, swap(account))
	done := mustSend(t, today, swap(account))
	must(t, today.Answered(done, swap(account), Answer{Outcome: Done}))
	accepted := mustSend(t, today, swap(account))
	must(t, today.Answered(accepted, swap(account), Answer{Outcome: Accepted}))

	later := process(folder, "later")
	open, err := later.Open("", "", account)
	must(t, err)
	if got, want := ids(open), "a-today-3 a-today-1 z-yesterday-1"; got != want {
		t.Errorf("open are %q, not %q", got, want)
	}
	if id, _ := unanswered(later, "", "", account); id != "a-today-1" {
		t.Errorf("got %q", id)
	}
}

func TestOpen_spellings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		written, asked string
		want           bool
	}{
		{"8945019000000000001", "8945 0190 0000 0000 001F", true},
		{"89450190000000000019", "8945019000000000001", true},
		{"8945019000000000001", "8945019000000000002", false},
		{"5F0C1A2B3C4D5E6F70819201", "5f0c1a2b3c4d5e6f70819201", true},
		{"123456789012345678901234", "12345678901234567890123f", false},
		{"TMSP-8949020000000000001", "TMSP-8949020000000000001", true},
		{"TMSP-8949020000000000001", "JASPER-8949020000000000001", false},
		{"acme/001010000000001", "ACME/001010000000001", false},
	} {
		folder := t.TempDir()
		mustSend(t, process(folder, "early"), swap(c.written))
		id, warning := unanswered(process(folder, "later"), "", "", c.asked)
		if (id != "") != c.want || warning != "" {
			t.Errorf("%s, asked for as %s: %q, %q", c.written, c.asked, id, warning)
		}
	}
}

// A folder with old files costs nothing but a look, and only where it is asked.
func TestOpen_readsOnlyWhereAsked(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	mustSend(t, process(folder, "early"), swap(account))
	j := process(folder, "later")
	id := mustSend(t, j, swap(account))
	must(t, j.Answered(id, swap(account), Answer{Outcome: Done}))
	if len(j.folder.reads) != 0 {
		t.Errorf("writing has read %d files", len(j.folder.reads))
	}
	if id, _ := unanswered(j, "", "", account); id != "early-1" {
		t.Errorf("got %q", id)
	}
}

// What others write is seen by the first question of each plan or apply, and then within a second.
func TestOpen_freshness(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	other, mine := process(folder, "other"), process(folder, "mine")
	now := time.Date(2026, 11, 25, 5, 0, 0, 0, time.UTC)
	mine.folder.now = func() time.Time { return now }
	if id, _ := unanswered(mine, "", "", account); id != "" {
		t.Errorf("got %q", id)
	}
	sent := mustSend(t, other, swap(account))
	if id, _ := unanswered(mine, "", "", account); id != "" {
		t.Errorf("the look of a moment ago was not used: got %q", id)
	}
	if id, _ := unanswered(&Journal{folder: mine.folder}, "", "", account); id != "other-1" {
		t.Errorf("a new journal got %q", id)
	}
	must(t, other.Answered(sent, swap(account), Answer{Outcome: Accepted}))
	now = now.Add(staleAfter)
	if id, _ := unanswered(mine, "", "", account); id != "" {
		t.Errorf("a second later: got %q", id)
	}

	// A file that was taken away says nothing any more.
	must(t, os.Remove(filepath.Join(folder, "other.jsonl")))
	mustSend(t, mine, swap("8945019000000000001"))
	again := &Journal{folder: mine.folder}
	if open, err := again.Open("", "", account); open != nil || err != nil {
		t.Errorf("after it was taken away: %v, %v", open, err)
	}
	if id, _ := unanswered(again, "", "", "8945019000000000001"); id != "mine-1" {
		t.Errorf("of its own it knows %q", id)
	}
}

const sendingLine = `{"version":1,"time":"2026-11-25T04:46:12.000000Z","id":"old-1","run":"old","event":"sending","api":"mvno",` +
	`"change":"MVNO SIM swap","sim":"` + account + `"}` + "\n"

func TestOpen_damagedFiles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want, warning string }{
		"whole":               {sendingLine, "old-1", ""},
		"without its end":     {strings.TrimSpace(sendingLine), "old-1", ""},
		"Windows' ends":       {strings.ReplaceAll(sendingLine, "\n", "\r\n"), "old-1", ""},
		"empty":               {"", "", ""},
		"empty lines":         {"\n\n" + sendingLine + "\n", "old-1", ""},
		"last line cut off":   {sendingLine + sendingLine[:40], "old-1", ""},
		"only line cut off":   {sendingLine[:40], "", ""},
		"last block of zeros": {sendingLine + strings.Repeat("\x00", 4096), "old-1", ""},
		"later version": {strings.Replace(sendingLine, `"version":1`, `"version":2,"sender":{"id":"x"}`, 1), "old-1",
			""},
		"no version":         {strings.Replace(sendingLine, `"version":1,`, "", 1), "old-1", ""},
		"line cut off, more": {sendingLine[:40] + "\n" + sendingLine, "old-1", "PATH: line 1 can't be read"},
		"unknown event": {sendingLine + strings.Replace(sendingLine, "sending", "archived", 1), "old-1",
			"PATH: line 2 can't be read"},
		"no id":   {strings.Replace(sendingLine, `"id":"old-1",`, "", 1), "", "PATH: line 1 can't be read"},
		"no time": {strings.Replace(sendingLine, "2026-11-25T", "", 1), "", "PATH: line 1 can't be read"},
		"other things": {"null\n[]\n7\n" + sendingLine + "# note\n", "old-1",
			"PATH: 4 lines can't be read, the first is line 1"},
		"no text": {"\xff\xfe\x00\n" + sendingLine, "old-1", "PATH: line 1 can't be read"},
		"endless line": {strings.Repeat("x", 3*longestLine) + "\n" + sendingLine, "old-1",
			"PATH: line 1 can't be read"},
		"endless line, no end": {sendingLine + strings.Repeat("x", 3*longestLine), "old-1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			path := filepath.Join(folder, "old.jsonl")
			must(t, os.WriteFile(path, []byte(c.text), 0o600))
			must(t, os.WriteFile(filepath.Join(folder, "README.md"), []byte("not a journal"), 0o600))
			j := process(folder, "later")
			for range 2 {
				id, warning := unanswered(j, "", "", account)
				if want := strings.ReplaceAll(c.warning, "PATH", path); id != c.want || warning != want {
					t.Errorf("got %q, %q\nwant %q, %q", id, warning, c.want, want)
				}
			}
			// Damage holds nothing up.
			mustSend(t, j, swap(account))
		})
	}
}

func TestOpen_unreadable(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has other words")
	}
	parent := t.TempDir()

	missing := process(filepath.Join(parent, "missing"), "run")
	if open, err := missing.Open("", "", account); open != nil || err != nil {
		t.Errorf("a missing folder: %v, %v", open, err)
	}

	path := filepath.Join(parent, "file")
	must(t, os.WriteFile(path, nil, 0o600))
	if _, err := process(path, "run").Open("", "", account); text(err) != "open "+path+": not a directory" {
		t.Errorf("a file: %q", text(err))
	}

	folder := filepath.Join(parent, "journal")
	mustSend(t, process(folder, "whole"), swap(account))
	must(t, os.Symlink(parent, filepath.Join(folder, "folder.jsonl")))
	must(t, os.Symlink("loop.jsonl", filepath.Join(folder, "loop.jsonl")))
	must(t, os.Mkdir(filepath.Join(folder, "true-folder.jsonl"), 0o700))
	id, warning := unanswered(process(folder, "later"), "", "", account)
	want := filepath.Join(folder, "folder.jsonl") + " can't be read: it is no regular file\n" +
		filepath.Join(folder, "loop.jsonl") + " can't be read: too many levels of symbolic links"
	if id != "whole-1" || warning != want {
		t.Errorf("got %q, %q\nwant %q", id, warning, want)
	}
}

// A file that grows while it is read gives each record once it is whole.
func TestOpen_growing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "other.jsonl")
	mine := process(folder, "mine").folder
	answered := strings.Replace(sendingLine, `"sending"`, `"answered","outcome":"done"`, 1)
	whole := sendingLine + answered
	for n := range len(whole) + 1 {
		must(t, os.WriteFile(path, []byte(whole[:n]), 0o600))
		want := ""
		if n >= len(sendingLine)-1 && n < len(whole)-1 {
			want = "old-1"
		}
		if id, warning := unanswered(&Journal{folder: mine}, "", "", account); id != want || warning != "" {
			t.Fatalf("after %d bytes: %q, %q", n, id, warning)
		}
	}
}

// The end counts and not what was written after it, else what was written last, in whatever order it is read.
func TestEntry_outcome(t *testing.T) {
	t.Parallel()
	written := func(event string, second int, outcome Outcome) *Entry {
		r := record{Version: version, ID: "run-1", Event: event, Outcome: outcome, Change: event,
			Time: time.Date(2026, 11, 25, 4, 46, second, 0, time.UTC).Format(timeFormat)}
		e, ok := r.entry()
		if !ok {
			t.Fatalf("%+v is no record", r)
		}
		return &e
	}
	for _, c := range []struct{ first, second, want Outcome }{
		{Accepted, Pending, Pending},
		{Unknown, Accepted, Accepted},
		{Done, Pending, Done},
		{Pending, Done, Done},
		{Refused, Done, Done},
		{NoEffect, Unknown, NoEffect},
	} {
		for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
			all := tally{}
			for _, i := range order {
				all.add([]*Entry{written(eventSending, 1, ""), written(eventAnswered, 2, c.first),
					written(eventSettled, 3, c.second)}[i])
			}
			if e := all["run-1"]; e.Outcome != c.want || !e.Sent || !e.Answered || e.Time.Second() != 1 ||
				e.Kind != eventSending {
				t.Errorf("%s then %s, read as %v: %+v", c.first, c.second, order, e)
			}
		}
	}
}

// A file that is shorter than it was is another one: what it says counts from its beginning.
func TestOpen_replacedFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "other.jsonl")
	mine := process(folder, "mine").folder
	for _, c := range []struct{ text, want string }{
		{sendingLine + strings.Repeat("\n", 500), "old-1"},
		{strings.Replace(strings.Replace(sendingLine, "old-1", "old-2", 1), "04:46:12", "04:46:13", 1), "old-2"},
	} {
		must(t, os.WriteFile(path, []byte(c.text), 0o600))
		if id, warning := unanswered(&Journal{folder: mine}, "", "", account); id != c.want || warning != "" {
			t.Errorf("%q, %q and not %q", id, warning, c.want)
		}
	}
}

// TestOpen_oneIDOfTwoSIMs: no process of ours writes that, and a folder that has it is read all the same.
func TestOpen_oneIDOfTwoSIMs(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	const other = "5f0c1a2b3c4d5e6f70819202"
	for _, sim := range []string{account, other} { // a process that numbers its changes anew
		copied := process(folder, "copied")
		mustSend(t, copied, swap(sim))
		from, to := filepath.Join(folder, "copied"+extension), filepath.Join(folder, "of-"+sim+extension)
		must(t, os.Rename(from, to))
	}
	later := process(folder, "later")
	if _, err := later.Open("", "", account); err != nil {
		t.Error(err)
	}
	must(t, later.Settled("copied-1", swap(other), Done))
	for _, sim := range []string{account, other} {
		if _, err := later.Open("", "", sim); err != nil {
			t.Error(err)
		}
	}
}
