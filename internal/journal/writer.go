package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// How long a disk may take. One that does not answer at all, such as that of a network file system whose server is
// gone, must neither hold up an apply for ever nor let a change go out unrecorded.
const (
	syncLimit  = 30 * time.Second
	writeLimit = 5 * time.Second
)

var errStuck = errors.New("the disk does not answer")

// file is what is written to; tests put a failing one in its place.
type file interface {
	Write(p []byte) (int, error)
	Sync() error
	Close() error
}

// writer writes this process's file.
type writer struct {
	folder, run string
	now         func() time.Time
	create      func(path string) (file, error)

	// mu guards what callers touch; it is held for moments only.
	mu     sync.Mutex
	batch  *batch // joined by those who come while another batch is being written
	failed error  // why nothing may be sent any more
	last   time.Time
	ids    int

	// disk is held while the file is written and synced; it guards what is below.
	disk  sync.Mutex
	file  file
	path  string
	files int  // made so far
	torn  bool // the file ends in a part of a line
}

// batch is what one write and one sync bring to disk.
type batch struct {
	lines   bytes.Buffer
	written bool
	err     error
}

func newWriter(folder, run string) *writer {
	return &writer{folder: folder, run: run, now: time.Now, create: createFile}
}

// stamp gives the record its time, later than that of any record before it in this file, and an id where it has none.
func (w *writer) stamp(r *record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.now().UTC().Truncate(time.Microsecond)
	if !now.After(w.last) {
		now = w.last.Add(time.Microsecond)
	}
	w.last = now
	r.Time = now.Format(timeFormat)
	if r.ID == "" {
		w.ids++
		r.ID = r.Run + "-" + strconv.Itoa(w.ids)
	}
}

// sync brings a record to disk before it returns. Where it fails, takeBack is called, unless nothing was tried: a part
// of what was tried may be in the file all the same.
func (w *writer) sync(r *record, takeBack func()) error {
	if failed := w.failure(); failed != nil {
		return failed
	}
	err := within(syncLimit, func() error { return w.commit(r) }, takeBack)
	if err == nil {
		return nil
	}
	if !errors.Is(err, errStuck) {
		takeBack()
	}
	return w.fail(err)
}

// commit writes and syncs the record together with those of all others that wait for the disk at this moment.
func (w *writer) commit(r *record) error {
	w.mu.Lock()
	if w.failed != nil {
		defer w.mu.Unlock()
		return w.failed
	}
	if w.batch == nil {
		w.batch = &batch{}
	}
	mine := w.batch
	err := r.appendTo(&mine.lines)
	w.mu.Unlock()
	if err != nil {
		return err
	}

	w.disk.Lock()
	defer w.disk.Unlock()
	if mine.written {
		return mine.err
	}
	// The first of the batch that gets the disk closes the batch and writes it for all of them.
	w.mu.Lock()
	w.batch = nil
	w.mu.Unlock()
	mine.written = true
	if mine.err = w.write(mine.lines.Bytes()); mine.err == nil {
		mine.err = w.file.Sync()
	}
	if mine.err != nil {
		mine.err = w.fail(mine.err)
	}
	return mine.err
}

// append hands a record to the operating system.
func (w *writer) append(r *record) error {
	err := within(writeLimit, func() error {
		var line bytes.Buffer
		if err := r.appendTo(&line); err != nil {
			return err
		}
		w.disk.Lock()
		defer w.disk.Unlock()
		return w.write(line.Bytes())
	}, nil)
	if err == nil {
		return nil
	}
	return w.explain(err)
}

// write needs w.disk.
func (w *writer) write(lines []byte) error {
	if err := w.open(); err != nil {
		return err
	}
	if w.torn {
		lines = append([]byte{'\n'}, lines...)
	}
	n, err := w.file.Write(lines)
	if n > 0 {
		w.torn = lines[n-1] != '\n'
	}
	return err
}

// open makes folder and file where this process has none yet. It needs w.disk.
func (w *writer) open() error {
	if w.file != nil {
		return nil
	}
	if failed := w.failure(); failed != nil {
		return failed
	}
	if err := makeFolder(w.folder); err != nil {
		return w.fail(err)
	}
	w.files++
	name := w.run
	if w.files > 1 {
		name += "-" + strconv.Itoa(w.files)
	}
	path := filepath.Join(w.folder, name+extension)
	f, err := w.create(path)
	if err != nil {
		return w.fail(err)
	}
	w.file, w.path, w.torn = f, path, false
	return nil
}

func (w *writer) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.failed
}

// fail makes the first failure final and returns it.
func (w *writer) fail(err error) error {
	err = w.explain(err)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed == nil {
		w.failed = err
	}
	return w.failed
}

func (w *writer) explain(err error) error {
	if known := (*WriteError)(nil); errors.As(err, &known) {
		return err
	}
	return &WriteError{Folder: w.folder, Err: err}
}

// retry forgets a failure, and leaves the file behind that has failed, since what a disk says of a file after a failed
// sync is not to be trusted, or that was taken away.
func (w *writer) retry() {
	failed := w.failure()
	if errors.Is(failed, errStuck) {
		return // a disk that hangs is asked once in a process: whoever waits for it holds the lock
	}
	w.disk.Lock()
	defer w.disk.Unlock()
	if w.file != nil && (failed != nil || isGone(w.path)) {
		_ = w.file.Close() // whatever it says, the file is left behind
		w.file = nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed = nil
}

func isGone(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// makeFolder makes the folder where there is none, and sees to it that its name is on disk as well.
func makeFolder(folder string) error {
	switch err := os.Mkdir(folder, 0o700); { //nolint:gosec // the user's folder
	case err == nil:
		return syncFolder(filepath.Dir(folder))
	case errors.Is(err, fs.ErrExist):
		if info, err := os.Stat(folder); err == nil && !info.IsDir() { //nolint:gosec // the user's folder
			return errors.New("it is not a folder")
		}
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w (only the last folder of the path is made)", err)
	default:
		return err
	}
}

// createFile makes a file that nobody else has, and sees to it that its name is on disk.
func createFile(path string) (file, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the user's folder
	if err != nil {
		return nil, err
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		_ = f.Close() // the error before says more
		return nil, err
	}
	return f, nil
}

// within runs do and waits for it as long as the limit; late is called where do ends well after that.
func within(limit time.Duration, do func() error, late func()) error {
	done, given := make(chan error), make(chan struct{})
	go func() {
		err := do()
		select {
		case done <- err:
		case <-given:
			if err == nil && late != nil {
				late()
			}
		}
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		close(given)
		return errStuck
	}
}
