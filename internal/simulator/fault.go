package simulator

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Effect is what a fault does to a request.
type Effect string

const (
	// Answer gives the fault's Status, Header and Body instead of the API's answer.
	Answer Effect = "answer"
	// Reset drops the connection without an answer.
	Reset Effect = "reset"
	// Cut sends the first half of the API's answer and drops the connection.
	Cut Effect = "cut"
	// Hang gives no answer until the client goes away.
	Hang Effect = "hang"
	// Slow sends the API's answer byte by byte, each after a millisecond.
	Slow Effect = "slow"
	// ExpireTokens makes the API forget every token that it has issued, then goes on as usual.
	ExpireTokens Effect = "expire_tokens"
)

// Fault is trouble for the requests that it matches.
type Fault struct {
	Match
	// Skip lets that many matching requests through first.
	Skip int `json:"skip,omitempty"`
	// Times is how many requests are hit; 0 means all.
	Times int `json:"times,omitempty"`
	// Executed says whether the API executes the request before the effect takes the answer away.
	Executed bool        `json:"executed,omitempty"`
	Effect   Effect      `json:"effect"`
	Status   int         `json:"status,omitempty"`
	Header   http.Header `json:"header,omitempty"`
	Body     string      `json:"body,omitempty"`

	hits int
}

// Inject adds a fault; the first one that matches a request wins.
func (s *Simulator) Inject(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// ClearFaults ends all trouble.
func (s *Simulator) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// FaultHits tells how many requests the faults have hit so far.
func (s *Simulator) FaultHits() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, f := range s.faults {
		n += f.hits
	}
	return n
}

func (m Match) matches(api API, method, route, path, body string) bool {
	return (m.API == "" || m.API == api) &&
		(m.Method == "" || m.Method == method) &&
		(m.Route == "" || m.Route == route) &&
		(m.Key == "" || strings.Contains(path, m.Key) || strings.Contains(body, m.Key))
}

// takeFault returns the fault that hits this request, if any; s.mu is held.
func (s *Simulator) takeFault(r Request) *Fault {
	for _, f := range s.faults {
		if !f.matches(r.API, r.Method, r.Route, r.Path, r.Body) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times > 0 && f.hits >= f.Times {
			continue
		}
		f.hits++
		return f
	}
	return nil
}

// maxRequestBody bounds what the simulator reads of a request: 20 MB, as the CMO documents.
const maxRequestBody = 20 << 20

// serve wraps an API's handler with the request log, latency, hooks and faults.
func (s *Simulator) serve(
	api API, route string, h func(w http.ResponseWriter, r *http.Request, body []byte),
) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxRequestBody))
		if err != nil {
			return // the client went away in the middle of its request: nothing is executed
		}
		s.delay(r, s.latency)

		s.mu.Lock()
		hooks := s.takeHooks(api, route)
		s.mu.Unlock()
		for _, run := range hooks {
			run()
		}

		fault, answer := s.execute(api, route, r, body, h)
		if fault == nil {
			answer.send(w)
			return
		}
		s.apply(fault, answer, w, r)
	}
}

// execute lets the API have the request, unless a fault keeps it away, and writes the request log.
func (s *Simulator) execute(
	api API, route string, r *http.Request, body []byte, h func(w http.ResponseWriter, r *http.Request, body []byte),
) (*Fault, *answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	entry := Request{
		Time: s.now(), API: api, Route: route, Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery,
		Header: r.Header.Clone(), Body: string(body), Authorised: r.Header.Get("Authorization") != "",
	}
	fault := s.takeFault(entry)
	if fault != nil && fault.Effect == ExpireTokens {
		s.expireTokens(api)
		fault = nil
	}
	given := &answer{header: http.Header{}}
	if fault == nil || fault.Executed || fault.Effect == Cut || fault.Effect == Slow {
		h(given, r, body)
	}
	switch {
	case fault == nil, fault.Effect == Cut, fault.Effect == Slow:
		entry.Status = given.status
	case fault.Effect == Answer:
		entry.Status = fault.Status
	}
	s.requests = append(s.requests, entry)
	return fault, given
}

func (s *Simulator) apply(f *Fault, a *answer, w http.ResponseWriter, r *http.Request) {
	switch f.Effect {
	case Answer:
		a = &answer{header: f.Header.Clone(), status: f.Status}
		if a.header == nil {
			a.header = http.Header{}
		}
		if a.header.Get("Content-Type") == "" {
			a.header.Set("Content-Type", guessType(f.Body))
		}
		a.body.WriteString(f.Body)
		a.send(w)
	case Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case Cut:
		a.sendHead(w)
		_, _ = w.Write(a.body.Bytes()[:a.body.Len()/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case Slow:
		a.sendHead(w)
		for _, b := range a.body.Bytes() {
			_, _ = w.Write([]byte{b})
			_ = http.NewResponseController(w).Flush()
			s.delay(r, time.Millisecond)
		}
	default: // Reset
		panic(http.ErrAbortHandler) // net/http closes the connection without an answer
	}
}

func guessType(body string) string {
	switch {
	case strings.HasPrefix(body, "{"), strings.HasPrefix(body, "["):
		return "application/json"
	case strings.HasPrefix(body, "<?xml"):
		return "application/xml"
	default:
		return "text/html"
	}
}

// delay waits for d or until the client goes away.
func (s *Simulator) delay(r *http.Request, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

// ExpireTokens makes an API forget the tokens that it has issued, as when a secret is refreshed in the portal.
func (s *Simulator) ExpireTokens(api API) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expireTokens(api)
}

func (s *Simulator) expireTokens(api API) {
	switch api {
	case Accounts:
		clear(s.accounts.tokens)
	case CMO:
		clear(s.cmo.tokens)
	}
}

// answer buffers what a handler says until the faults have had their turn.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
	json   any // what is to be the body, where that is long; it is encoded when it is sent, which needs no lock
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

func (a *answer) sendHead(w http.ResponseWriter) {
	if a.json != nil {
		_ = json.NewEncoder(&a.body).Encode(a.json) // maps, strings and numbers only, into a buffer: it can't fail
	}
	maps.Copy(w.Header(), a.header)
	w.Header().Set("Content-Length", strconv.Itoa(a.body.Len()))
	w.WriteHeader(max(a.status, http.StatusOK))
}

func (a *answer) send(w http.ResponseWriter) {
	a.sendHead(w)
	_, _ = w.Write(a.body.Bytes())
}
