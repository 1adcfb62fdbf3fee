package journal

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
)

// disk is a file in memory that fails and blocks where a test says so.
type disk struct {
	mu       sync.Mutex
	written  bytes.Buffer
	writeErr error
	short    int // how much a failing write takes
	syncErr  error
	syncs    int
	gate     chan struct{} // a sync waits until it is closed
}

func (d *disk) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.writeErr != nil {
		d.written.Write(p[:d.short])
		return d.short, d.writeErr
	}
	return d.written.Write(p)
}

func (d *disk) Sync() error {
	d.mu.Lock()
	d.syncs++
	gate := d.gate
	d.mu.Unlock()
	if gate != nil {
		<-gate
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.syncErr
}

func (d *disk) Close() error { return nil }

func (d *disk) set(change func(*disk)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	change(d)
}

// on makes the process write to the disk instead of a file, and counts how often it asks for one.
func (d *disk) on(j *Journal) *int {
	created := 0
	j.folder.writer.create = func(string) (file, error) {
		created++
		return d, nil
	}
	return &created
}

// outcomes are the events and outcomes that the disk holds, a line each.
func (d *disk) outcomes() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []string
	for line := range bytes.Lines(d.written.Bytes()) {
		e, ok := parseLine(line)
		switch {
		case !ok:
			all = append(all, "unreadable")
		case e.Sent:
			all = append(all, e.ID+" sending")
		default:
			all = append(all, e.ID+" "+string(e.Outcome))
		}
	}
	return strings.Join(all, "\n")
}

func TestSending_folderErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ path, want string }{
		"no parent": {filepath.Join("no", "such"), "mkdir PATH: no such file or directory (only the last folder of the " +
			"path is made)"},
		"a file":    {"file", "it is not a folder"},
		"in a file": {filepath.Join("file", "journal"), "mkdir PATH: not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if runtime.GOOS == "windows" {
				t.Skip("Windows has other words")
			}
			parent := t.TempDir()
			must(t, os.WriteFile(filepath.Join(parent, "file"), nil, 0o600))
			path := filepath.Join(parent, c.path)
			want := "the journal in " + path + " can't be written: " + strings.ReplaceAll(c.want, "PATH", path)
			j := process(path, "run")
			for range 2 {
				id, err := j.Sending(swap(account))
				if id != "" || text(err) != want {
					t.Errorf("got %q, %q\nwant %q", id, text(err), want)
				}
			}
			if err := j.Settled("other-1", swap(account), Done); text(err) != want {
				t.Errorf("settling: %q", text(err))
			}
		})
	}
}

// A folder that can't be written is tried once, not for each SIM; a new plan or apply tries it again.
func TestSending_failsOnce(t *testing.T) {
	t.Parallel()
	j := process(t.TempDir(), "run")
	tried := 0
	j.folder.writer.create = func(string) (file, error) {
		tried++
		return nil, syscall.EROFS
	}
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			if _, err := j.Sending(swap(account)); !errors.Is(err, syscall.EROFS) {
				t.Errorf("got %v", err)
			}
		})
	}
	group.Wait()
	if tried != 1 {
		t.Errorf("the file was tried %d times", tried)
	}

	d := &disk{}
	d.on(j)
	j.folder.writer.retry()
	mustSend(t, j, swap(account))
	if got := d.outcomes(); got != "run-101 sending" {
		t.Errorf("the file says\n%s", got)
	}
}

func TestSending_diskFull(t *testing.T) {
	t.Parallel()
	j := process(t.TempDir(), "run")
	d := &disk{}
	created := d.on(j)
	first := mustSend(t, j, swap(account))

	d.set(func(d *disk) { d.writeErr, d.short = syscall.ENOSPC, 10 })
	_, err := j.Sending(swap(account))
	want := "the journal in " + j.folder.path + " can't be written: no space left on device"
	if runtime.GOOS != "windows" && text(err) != want {
		t.Errorf("got %q\nwant %q", text(err), want)
	}
	// What was sent before is answered: its record can't be written, and the caller is told.
	d.set(func(d *disk) { d.short = 0 })
	if again := j.Answered(first, swap(account), Answer{Outcome: Unknown}); !errors.Is(again, syscall.ENOSPC) {
		t.Errorf("answering: %v", again)
	}
	// Even where there is room again, nothing is sent any more; answers are written on a line of their own.
	d.set(func(d *disk) { d.writeErr = nil })
	if _, again := j.Sending(swap(account)); !errors.Is(again, err) {
		t.Errorf("got another error: %v", again)
	}
	must(t, j.Settled(first, swap(account), Done))
	// One part of the sending, one of the attempt to take it back.
	if got, want := d.outcomes(), "run-1 sending\nunreadable\nunreadable\nrun-1 done"; got != want {
		t.Errorf("the file says\n%s", got)
	}

	d.set(func(d *disk) { d.written.Reset() })
	j.folder.writer.retry()
	mustSend(t, j, swap(account))
	if got := d.outcomes(); got != "run-4 sending" || *created != 2 {
		t.Errorf("file %d says\n%s", *created, got)
	}
}

// What was written and could not be synced was not sent: the file must not say that it may have been.
func TestSending_syncFails(t *testing.T) {
	t.Parallel()
	j := process(t.TempDir(), "run")
	d := &disk{syncErr: syscall.EIO}
	d.on(j)
	if id, err := j.Sending(swap(account)); id != "" || !errors.Is(err, syscall.EIO) {
		t.Errorf("got %q, %v", id, err)
	}
	if got, want := d.outcomes(), "run-1 sending\nrun-1 not_sent"; got != want {
		t.Errorf("the file says\n%s", got)
	}
	if open, err := j.Open("", "", account); open != nil || err != nil {
		t.Errorf("still open: %v, %v", open, err)
	}
}

// A disk that hangs ends in an error, and what reaches it in the end is marked as not sent.
func TestSending_diskHangs(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		j := process(folder, "run")
		d := &disk{gate: make(chan struct{})}
		d.on(j)
		_, err := j.Sending(swap(account))
		if want := "the journal in " + folder + " can't be written: the disk does not answer"; text(err) != want {
			t.Errorf("got %q", text(err))
		}
		if _, again := j.Sending(swap(account)); !errors.Is(again, err) {
			t.Errorf("got %v", again)
		}
		close(d.gate)
		synctest.Wait()
		if got, want := d.outcomes(), "run-1 sending\nrun-1 not_sent"; got != want {
			t.Errorf("the file says\n%s", got)
		}
	})
}

// Changes that wait for the disk at the same moment share one sync.
func TestSending_sharesSyncs(t *testing.T) {
	t.Parallel()
	j := process(t.TempDir(), "run")
	d := &disk{gate: make(chan struct{})}
	d.on(j)
	w := j.folder.writer

	var group sync.WaitGroup
	send := func() {
		if _, err := j.Sending(swap(account)); err != nil {
			t.Error(err)
		}
	}
	group.Go(send)
	for syncs := 0; syncs == 0; runtime.Gosched() {
		d.set(func(d *disk) { syncs = d.syncs })
	}
	const others = 20
	for range others {
		group.Go(send)
	}
	for waiting := 0; waiting < others; runtime.Gosched() {
		w.mu.Lock()
		if w.batch != nil {
			waiting = bytes.Count(w.batch.lines.Bytes(), []byte{'\n'})
		}
		w.mu.Unlock()
	}
	close(d.gate)
	group.Wait()
	if lines := strings.Count(d.outcomes(), "sending"); d.syncs != 2 || lines != 1+others {
		t.Errorf("%d syncs for %d lines", d.syncs, lines)
	}
}

// Each id and each time is there once, however many write.
func TestJournal_concurrent(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var group sync.WaitGroup
	for _, run := range []string{"a", "b"} {
		j := process(folder, run)
		for range 8 {
			group.Go(func() {
				for range 25 {
					id, err := j.Sending(swap(account))
					if err != nil || j.Answered(id, swap(account), Answer{Outcome: Done}) != nil {
						t.Errorf("not written: %v", err)
					}
				}
			})
		}
	}
	group.Wait()
	entries, warnings, err := List(folder)
	if err != nil || len(warnings) > 0 || len(entries) != 2*8*25 {
		t.Errorf("%d changes, %q, %v", len(entries), warnings, err)
	}
	times := map[string]bool{}
	for i := range entries {
		times[entries[i].Run+entries[i].Time.String()] = true
		if !entries[i].Sent || entries[i].Outcome != Done {
			t.Errorf("%+v", entries[i])
		}
	}
	if len(times) != len(entries) {
		t.Errorf("%d times for %d changes", len(times), len(entries))
	}
}

func TestWithin(t *testing.T) {
	t.Parallel()
	if err := within(writeLimit, func() error { return io.ErrShortWrite }, nil); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("got %v", err)
	}
}
