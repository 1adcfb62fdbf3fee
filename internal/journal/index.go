package journal

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"
)

// staleAfter is how long an answer from the files of other processes may be used: looking at a thousand files costs
// milliseconds, and a fleet asks ten thousand times.
const staleAfter = time.Second

// folder is a journal's folder as one process sees it.
type folder struct {
	path, run string
	writer    *writer
	now       func() time.Time

	// look is held while files are read; it guards what is read of each.
	look   sync.Mutex
	looked time.Time
	reads  map[string]*fileRead

	// mu guards what is known; it is held for moments only.
	mu       sync.Mutex
	own      tally // what this process has written, whose own file is never read
	all      tally
	bySIM    map[string]map[string]bool // the ids in all that were sent and have no end, by simKey
	warnings error
}

func newFolder(path, run string) *folder {
	f := &folder{path: path, run: run, writer: newWriter(path, run), now: time.Now, own: tally{},
		reads: map[string]*fileRead{}}
	f.forget()
	return f
}

// sending writes the record and syncs it; the record gets its time and its id.
func (f *folder) sending(r *record) error {
	f.writer.stamp(r)
	notSent := *r
	notSent.Event, notSent.Outcome = eventAnswered, NotSent
	err := f.writer.sync(r, func() {
		f.writer.stamp(&notSent)
		_ = f.writer.append(&notSent) // what can't be taken back holds a later change back, and that is the safe side
	})
	if err != nil {
		return err
	}
	f.note(r)
	return nil
}

// append writes the record without a sync.
func (f *folder) append(r *record) error {
	f.writer.stamp(r)
	err := f.writer.append(r)
	f.note(r) // this process knows it, whatever the disk says
	return err
}

func (f *folder) note(r *record) {
	e, ok := r.entry()
	if !ok {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	again := e
	f.own.addOpen(&again)
	f.add(&e)
}

// open finds the changes of a SIM without an end, newest first.
func (f *folder) open(j *Journal, api, kind, sim string) ([]Entry, error) {
	f.lookAgain(j)
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []Entry
	for id := range f.bySIM[simKey(sim)] {
		e := f.all[id]
		if e == nil || simKey(e.SIM) != simKey(sim) {
			continue // the id is that of another change, too, which no process of ours writes
		}
		if (api == "" || api == e.API) && (kind == "" || kind == e.Kind) {
			found = append(found, *e)
		}
	}
	newestFirst(found)
	return found, f.warnings
}

// lookAgain reads what other processes have added since the last look, unless that was a moment ago; the first look of
// each journal is always a new one.
func (f *folder) lookAgain(j *Journal) {
	f.look.Lock()
	defer f.look.Unlock()
	now := f.now()
	if j.looked && now.Sub(f.looked) < staleAfter {
		return
	}
	j.looked, f.looked = true, now

	names, err := fileNames(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	names = slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, f.run) })
	if f.anyGone(names) {
		f.reads = map[string]*fileRead{}
		f.mu.Lock()
		f.forget()
		f.mu.Unlock()
	}
	reads := readAll(f.path, names, f.reads, tally.addOpen)

	f.mu.Lock()
	defer f.mu.Unlock()
	warnings := []error{err}
	for _, read := range reads {
		for _, e := range read.found {
			f.add(e)
		}
		read.found = nil
		f.reads[read.name] = read
		for _, warning := range read.warnings(f.path) {
			warnings = append(warnings, errors.New(warning))
		}
	}
	f.warnings = errors.Join(warnings...)
}

// anyGone says whether a file that was read has been taken away, and with it what it said.
func (f *folder) anyGone(names []string) bool {
	there := 0
	for _, name := range names {
		if f.reads[name] != nil {
			there++
		}
	}
	return there < len(f.reads)
}

// forget leaves nothing known but what this process has written. It needs f.mu.
func (f *folder) forget() {
	f.all, f.bySIM = tally{}, map[string]map[string]bool{}
	for _, e := range f.own {
		again := *e
		f.add(&again)
	}
}

// add merges what is said about one change. It needs f.mu.
func (f *folder) add(e *Entry) {
	known := f.all[e.ID]
	if known == nil {
		known = e
	}
	key := simKey(known.SIM)
	f.all.addOpen(e)
	switch known, open := f.all[e.ID]; {
	case !open:
		delete(f.bySIM[key], e.ID)
	case known.Sent:
		key = simKey(known.SIM)
		if f.bySIM[key] == nil {
			f.bySIM[key] = map[string]bool{}
		}
		f.bySIM[key][e.ID] = true
	}
}
