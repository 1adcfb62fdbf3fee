package journal

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// BenchmarkRead is a folder of a thousand files with a million lines: all of it listed, asked for the first time in a
// process, and asked again where nothing was added.
func BenchmarkRead(b *testing.B) {
	dir := b.TempDir()
	const files, changes = 1000, 334
	for i := range files {
		run := fmt.Sprintf("20261125T044612Z-%d-9f3a1c5e", i)
		var lines bytes.Buffer
		for n := range changes {
			r := record{Version: version, Time: "2026-11-25T04:46:12.123456Z", ID: fmt.Sprintf("%s-%d", run, n), Run: run,
				Note: "CHG-4711", Event: eventSending, API: "cmo", Change: "SIM status", SIM: fmt.Sprintf("TMSP-8949020000%09d", n),
				From: "INACTIVE", To: "ACTIVE"}
			answered, settled := r, r
			answered.Event, answered.Outcome, answered.HTTPStatus, answered.CorrelationID = eventAnswered, Accepted, 202,
				"5f0c1a2b-3c4d"
			settled.Event, settled.Outcome = eventSettled, Done
			for _, r := range []record{r, answered, settled} {
				if err := r.appendTo(&lines); err != nil {
					b.Fatal(err)
				}
			}
		}
		if err := os.WriteFile(filepath.Join(dir, run+extension), lines.Bytes(), 0o600); err != nil {
			b.Fatal(err)
		}
	}

	b.Run("list", func(b *testing.B) {
		for b.Loop() {
			if entries, _, err := List(dir); err != nil || len(entries) != files*changes {
				b.Fatal(len(entries), err)
			}
		}
	})
	ask := func(b *testing.B, f *folder) {
		if open, err := f.open(&Journal{folder: f}, "", "", account); len(open) > 0 || err != nil {
			b.Fatal(open, err)
		}
	}
	b.Run("ask", func(b *testing.B) {
		for b.Loop() {
			ask(b, newFolder(dir, "mine"))
		}
	})
	b.Run("ask again", func(b *testing.B) {
		f := newFolder(dir, "mine")
		ask(b, f)
		for b.Loop() {
			ask(b, f)
		}
	})
}

// BenchmarkSending is what a change costs with its two records, for that many at a time.
func BenchmarkSending(b *testing.B) {
	for _, atATime := range []int{1, 10, 50} {
		b.Run(fmt.Sprint(atATime), func(b *testing.B) {
			j := &Journal{folder: newFolder(b.TempDir(), "mine")}
			c := Change{API: "cmo", Kind: "SIM status", SIM: "TMSP-8949020000000000001", From: "INACTIVE", To: "ACTIVE"}
			var group sync.WaitGroup
			for range atATime {
				group.Go(func() {
					for range b.N/atATime + 1 {
						id, err := j.Sending(c)
						if err == nil {
							err = j.Answered(id, c, Answer{Outcome: Done, HTTPStatus: 200})
						}
						if err != nil {
							b.Error(err)
						}
					}
				})
			}
			group.Wait()
		})
	}
}
