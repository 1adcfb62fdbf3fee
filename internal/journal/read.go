package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// extension is that of a journal's files. Whatever else lies in the folder is left alone.
const extension = ".jsonl"

// List returns all changes of a folder, newest first, and a warning for each file of which something can't be read. It
// fails where there is no such folder, or where the folder itself can't be read.
func List(path string) (entries []Entry, warnings []string, err error) {
	names, err := fileNames(path)
	if err != nil {
		return nil, nil, err
	}
	all := tally{}
	for _, read := range readAll(path, names, nil, tally.add) {
		for _, e := range read.found {
			all.add(e)
		}
		warnings = append(warnings, read.warnings(path)...)
	}
	entries = make([]Entry, 0, len(all))
	for _, e := range all {
		entries = append(entries, *e)
	}
	newestFirst(entries)
	return entries, warnings, nil
}

// newestOf are the newest changes of that kind that have happened, or may have, by simKey.
func newestOf(path, api, kind string) (map[string]Entry, error) {
	names, err := fileNames(path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]Entry{}, nil
	}
	if err != nil {
		return nil, err
	}
	all := tally{}
	for _, read := range readAll(path, names, nil, func(t tally, e *Entry) {
		if e.API == api && e.Kind == kind {
			t.add(e)
		}
	}) {
		for _, e := range read.found {
			all.add(e)
		}
	}
	newest := map[string]Entry{}
	for _, e := range all {
		key := simKey(e.SIM)
		happened := e.Sent && (e.Outcome == Done || !e.Ended())
		if before, ok := newest[key]; happened && (!ok || e.Time.After(before.Time)) {
			newest[key] = *e
		}
	}
	return newest, nil
}

// fileNames are the journal's files in a folder, by name and so by time.
func fileNames(path string) ([]string, error) {
	listed, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(listed))
	for _, entry := range listed {
		if strings.HasSuffix(entry.Name(), extension) && !entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// fileRead is what one file says, from an offset on.
type fileRead struct {
	name   string
	offset int64 // where to go on reading: behind the last line that was read
	lines  int   // read so far
	found  tally
	add    func(tally, *Entry)
	bad    int // lines that can't be read
	first  int // the number of the first of them
	err    error
}

func (r *fileRead) warnings(folder string) []string {
	path := filepath.Join(folder, r.name)
	var warnings []string
	if r.err != nil {
		warnings = append(warnings, fmt.Sprintf("%s can't be read: %s", path, r.err))
	}
	switch {
	case r.bad == 1:
		warnings = append(warnings, fmt.Sprintf("%s: line %d can't be read", path, r.first))
	case r.bad > 1:
		warnings = append(warnings, fmt.Sprintf("%s: %d lines can't be read, the first is line %d", path, r.bad, r.first))
	}
	return warnings
}

// readAll reads files side by side, each from where an earlier reading, if any, has ended, and adds up what each says.
// The result is in the order of the names.
func readAll(folder string, names []string, earlier map[string]*fileRead, add func(tally, *Entry)) []*fileRead {
	reads := make([]*fileRead, len(names))
	var (
		next    int
		mu      sync.Mutex
		workers sync.WaitGroup
	)
	for range min(runtime.GOMAXPROCS(0), len(names)) {
		workers.Go(func() {
			for {
				mu.Lock()
				i := next
				next++
				mu.Unlock()
				if i >= len(names) {
					return
				}
				read := &fileRead{name: names[i]}
				if before := earlier[names[i]]; before != nil {
					*read = *before
				}
				read.found, read.add = tally{}, add
				read.read(filepath.Join(folder, names[i]))
				reads[i] = read
			}
		})
	}
	workers.Wait()
	return reads
}

// read reads on from the offset. Where nothing was added, it only asks for the size.
func (r *fileRead) read(path string) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return // taken away since the folder was listed
	case err != nil:
		r.err = reason(err)
		return
	case !info.Mode().IsRegular():
		r.err = errors.New("it is no regular file")
		return
	case info.Size() == r.offset && r.err == nil:
		return
	case info.Size() < r.offset: // another file under this name
		*r = fileRead{name: r.name, found: r.found, add: r.add}
	}
	r.err = reason(r.readOn(path))
}

func (r *fileRead) readOn(path string) error {
	f, err := os.Open(path) //nolint:gosec // the user's folder
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	if _, err := f.Seek(r.offset, io.SeekStart); err != nil {
		return err
	}
	lines := bufio.NewReaderSize(f, longestLine)
	for {
		line, err := lines.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) { // no line of ours is as long
			skipped, ended, err := skipLine(lines)
			if err != nil || !ended {
				return err
			}
			r.offset += int64(len(line) + skipped)
			r.lines++
			r.unreadable()
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		whole := err == nil
		entry, ok := parseLine(line)
		if !whole && !ok {
			return nil // cut off by a crash, or still being written
		}
		r.offset += int64(len(line))
		if len(line) > 0 {
			r.lines++
		}
		switch {
		case ok:
			r.add(r.found, entry)
		case len(bytes.TrimSpace(line)) > 0:
			r.unreadable()
		}
		if !whole {
			return nil
		}
	}
}

// unreadable counts the line that was read last.
func (r *fileRead) unreadable() {
	r.bad++
	if r.bad == 1 {
		r.first = r.lines
	}
}

// skipLine reads to the end of the line, and says whether there was one before the end of the file.
func skipLine(lines *bufio.Reader) (skipped int, ended bool, err error) {
	for {
		part, err := lines.ReadSlice('\n')
		skipped += len(part)
		switch {
		case err == nil:
			return skipped, true, nil
		case errors.Is(err, io.EOF):
			return skipped, false, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return skipped, false, err
		}
	}
}

// parseLine reads one line; false where it is no record that can be understood. Unknown members, such as those of a
// later version, are passed over.
func parseLine(line []byte) (*Entry, bool) {
	var r record
	if err := json.Unmarshal(line, &r); err != nil {
		return nil, false
	}
	e, ok := r.entry()
	return &e, ok
}

// reason is an error without the path, which its warning names already.
func reason(err error) error {
	if at := (*fs.PathError)(nil); errors.As(err, &at) {
		return at.Err
	}
	return err
}
