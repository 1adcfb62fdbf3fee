package journal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzRead: whatever a file holds, reading it ends and holds nothing up, and a file that has grown by whole lines in
// between says the same as one that is read at once.
func FuzzRead(f *testing.F) {
	answered := strings.Replace(sendingLine, `"sending"`, `"answered","outcome":"accepted"`, 1)
	f.Add([]byte(sendingLine+answered), uint16(1))
	f.Add([]byte(sendingLine+"\n?\n"+answered[:30]), uint16(2))
	f.Add([]byte(strings.Replace(sendingLine, `"version":1`, `"version":"2"`, 1)+"null\n[]"), uint16(1))
	f.Add([]byte("\x00\x00\n{}\n"), uint16(0))
	f.Fuzz(func(t *testing.T, content []byte, lines uint16) {
		folder := t.TempDir()
		path := filepath.Join(folder, "old.jsonl")
		parts := strings.SplitAfter(string(content), "\n")
		part := strings.Join(parts[:min(int(lines), len(parts)-1)], "")

		grown := process(folder, "grown").folder
		must(t, os.WriteFile(path, []byte(part), 0o600))
		grown.open(&Journal{folder: grown}, "", "", account)
		must(t, os.WriteFile(path, content, 0o600))
		before, beforeErr := grown.open(&Journal{folder: grown}, "", "", account)
		once, onceErr := process(folder, "once").Open("", "", account)
		if ids(before) != ids(once) || text(beforeErr) != text(onceErr) {
			t.Errorf("grown: %q, %q\nat once: %q, %q", ids(before), text(beforeErr), ids(once), text(onceErr))
		}

		entries, warnings, err := List(folder)
		must(t, err)
		open := 0
		for i := range entries {
			if e := &entries[i]; e.Sent && !e.Ended() && simKey(e.SIM) == simKey(account) {
				open++
			}
		}
		if open != len(once) || strings.Join(warnings, "\n") != text(onceErr) {
			t.Errorf("%d open in the list, %d asked for, %q", open, len(once), warnings)
		}
		var out, errors strings.Builder
		if status := Command([]string{folder}, &out, &errors); status != 0 {
			t.Errorf("status %d: %s", status, errors.String())
		}
	})
}
