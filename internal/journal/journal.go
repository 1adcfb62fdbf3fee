// Package journal keeps an audit trail of live changes that outlives a process killed at any moment: what is about to
// be sent is on disk, synced, before it leaves, and what became of it follows. It explains and holds back; it sends
// nothing and adopts nothing by itself.
//
// A folder holds one file for each process that has written something, in JSON lines. A process writes to its own file
// only, so two of them never meet in one; it reads those of the others where it is asked about a SIM, and not before.
package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Outcome is what has become of a change, as far as it is known.
type Outcome string

// The outcomes. The first four are the end of a change; a change with one of the others is still open.
const (
	Done     Outcome = "done"      // the SIM shows what was asked for
	Refused  Outcome = "refused"   // the service has answered no
	NotSent  Outcome = "not_sent"  // the request certainly did not reach the service
	NoEffect Outcome = "no_effect" // a read has shown that the SIM is as it was
	Accepted Outcome = "accepted"  // the service has taken it on and not finished it
	Pending  Outcome = "pending"   // accepted, and not finished when the wait ended
	Unknown  Outcome = "unknown"   // sent, and nobody can tell what became of it
)

// IsEnd says whether nothing is left to be learned about a change with this outcome.
func (o Outcome) IsEnd() bool { return o == Done || o == Refused || o == NotSent || o == NoEffect }

// Change says what is changed on which SIM. None of it may be a secret, a code of a SIM, or free text of a user: it is
// written down as it is. From and To are "" where they are not known or say nothing.
type Change struct {
	// API is the service as the provider block names it: "accounts", "cmo", "m2m" or "mvno".
	API string
	// Kind is the kind of change as its warning names it: "SIM status".
	Kind string
	// SIM identifies the SIM within its API: a product id, an ICCID, ACCOUNT_KEY/CLI, or the id of an account in hex.
	SIM string
	// From and To are the values before and after: "INACTIVE" and "ACTIVE".
	From, To string
}

// Answer is what came back for a change that was sent, or that it could not be sent after all.
type Answer struct {
	Outcome Outcome
	// HTTPStatus is 0 where there was no answer.
	HTTPStatus int
	// CorrelationID is what the service's support asks for; "" where there is none.
	CorrelationID string
	// Operation names what the service carries on with, such as a monitor's id or URL; "" where there is none. The
	// query of a URL is not kept.
	Operation string
}

// Journal is the journal of one provider configuration. A nil *Journal is a journal that is switched off: its methods
// may be called, write nothing, find nothing and return no error. All methods may be called at the same time.
type Journal struct {
	folder *folder
	note   string
	looked bool // guarded by folder.look
}

// Open returns the journal in a folder; "" gives nil, the journal that is switched off. Nothing is touched yet: the
// folder (mode 0700; its parent must be there) and this process's file (0600) are made when something is written. All
// journals that one process opens on one folder share one file. The note is kept with each record; "" is none.
//
// Opening a folder again, as each plan and each apply does, also gives a folder another chance that could not be
// written.
func Open(path, note string) *Journal {
	if path == "" {
		return nil
	}
	f := folderAt(path)
	f.writer.retry()
	return &Journal{folder: f, note: note}
}

// Sending writes that the change is about to be sent, and returns its id once that is on disk: the file is synced, and
// so is its folder where the file is new. Callers that wait at the same moment share one sync. Nothing may be sent
// where it returns an error, a *WriteError: the first failure is final, and every later call returns the same one at
// once, until the folder is opened again. A disk that does not answer for half a minute has failed.
//
// Each id must be given to Answered, also where the request was not sent after all.
func (j *Journal) Sending(c Change) (id string, err error) {
	if j == nil {
		return "", nil
	}
	r := j.record(eventSending, "", c)
	if err := j.folder.sending(&r); err != nil {
		return "", err
	}
	return r.ID, nil
}

// Answered writes what came back for the change with that id; "", of a journal that is switched off, is ignored. The
// record is handed to the operating system and not synced: it outlives the process, not a power cut.
//
// The change has been sent by then, so an error, a *WriteError, must be shown as a warning and must not fail anything.
// It takes a few seconds at most.
func (j *Journal) Answered(id string, c Change, a Answer) error {
	if j == nil || id == "" {
		return nil
	}
	r := j.record(eventAnswered, id, c)
	r.Outcome, r.HTTPStatus, r.CorrelationID, r.Operation = a.Outcome, a.HTTPStatus, clip(a.CorrelationID),
		clip(withoutQuery(a.Operation))
	return j.folder.append(&r)
}

// Settled writes what has become of the change with that id, which may be one of another process; "" is ignored. For
// errors see Answered.
func (j *Journal) Settled(id string, c Change, outcome Outcome) error {
	if j == nil || id == "" {
		return nil
	}
	r := j.record(eventSettled, id, c)
	r.Outcome = outcome
	return j.folder.append(&r)
}

// Unanswered returns the newest sending of the SIM that nothing has answered or settled, in this process or any other:
// the process was killed between sending and answer, or is at it right now. It is nil where there is none. That a newer
// change of the SIM has come to its end does not answer an older one. An API or a kind of "" is any; spellings of one
// ICC, and an id in hex in capitals or not, are one SIM.
//
// The error is a warning, the same for each call: it names what could not be read, and the entry beside it, if any, is
// what the rest says. A line that a crash has cut off is no error, and a folder that is not there is empty.
//
// What other processes write is seen on the first call after Open, and within a second after that; what this process
// writes, at once.
func (j *Journal) Unanswered(api, kind, sim string) (*Entry, error) {
	open, err := j.Open(api, kind, sim)
	for i := range open {
		if !open[i].Answered {
			return &open[i], err
		}
	}
	return nil, err
}

// Open returns the changes of the SIM without an end, newest first: those that nothing has answered, and those whose
// last outcome is accepted, pending or unknown. For the arguments and the error see Unanswered.
func (j *Journal) Open(api, kind, sim string) ([]Entry, error) {
	if j == nil {
		return nil, nil
	}
	return j.folder.open(j, api, kind, sim)
}

// WriteError says that the journal could not be written, where, and why.
type WriteError struct {
	Folder string
	Err    error
}

func (e *WriteError) Error() string {
	return fmt.Sprintf("the journal in %s can't be written: %s", e.Folder, e.Err)
}

func (e *WriteError) Unwrap() error { return e.Err }

func (j *Journal) record(event, id string, c Change) record {
	return record{
		Version: version, ID: id, Run: j.folder.run, Note: clipTo(j.note, longestNote), Event: event,
		API: clip(c.API), Change: clip(c.Kind), SIM: clip(c.SIM), From: clip(c.From), To: clip(c.To),
	}
}

func withoutQuery(operation string) string {
	if strings.Contains(operation, "://") {
		operation, _, _ = strings.Cut(operation, "?")
	}
	return operation
}

// folders are those that this process has opened.
var folders = struct {
	sync.Mutex
	byPath map[string]*folder
}{byPath: map[string]*folder{}}

// folderAt returns the one folder of this process at that path, however the path is spelled.
func folderAt(path string) *folder {
	path = resolve(path)
	folders.Lock()
	defer folders.Unlock()
	f, ok := folders.byPath[path]
	if !ok {
		f = newFolder(path, thisRun())
		folders.byPath[path] = f
	}
	return f
}

// resolve makes a path absolute and follows its links, as far as it exists.
func resolve(path string) string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		absolute = filepath.Clean(path)
	}
	if followed, err := filepath.EvalSymlinks(absolute); err == nil {
		return followed
	}
	if parent, err := filepath.EvalSymlinks(filepath.Dir(absolute)); err == nil {
		return filepath.Join(parent, filepath.Base(absolute))
	}
	return absolute
}

// thisRun is the id of this process.
var thisRun = sync.OnceValue(func() string { return newRun(time.Now(), os.Getpid()) })
