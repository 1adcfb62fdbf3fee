// Package simulator is the four SIM APIs (accounts, CMO, m2m, MVNO) in memory, for tests and rehearsals.
//
// It is written from the API documents alone and shares no type with the clients, so that a wrong field name on
// either side fails a test. It is strict about what it receives, and its switches (the Quirks types) offer every
// documented reading of what the documents leave open. It keeps a ledger of each change that it executed: the judge
// of "sent once".
package simulator

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// API names one of the four services; each is served below the path prefix of its name ("/cmo/...").
type API string

const (
	Accounts API = "accounts"
	CMO      API = "cmo"
	M2M      API = "m2m"
	MVNO     API = "mvno"
)

// Simulator holds the network's state. All its methods may be called at any time, from any goroutine.
type Simulator struct {
	mu       sync.Mutex // guards everything below, the APIs' own fields included
	now      func() time.Time
	settling settling
	latency  time.Duration
	serial   int

	accounts *accountsAPI
	cmo      *cmoAPI
	m2m      *m2mAPI
	mvno     *mvnoAPI

	ledger     []Change
	requests   []Request
	faults     []*Fault
	unexpected []string
	hooks      []*hook

	routes  []apiRoute
	handler http.Handler
}

// apiRoute is the name of an endpoint, as faults and the request log have it.
type apiRoute struct {
	api  API
	name string
}

// Option sets up a Simulator.
type Option func(*Simulator)

// WithClock makes the simulator take the time from now; tests inject a clock that they move by hand.
func WithClock(now func() time.Time) Option { return func(s *Simulator) { s.now = now } }

// WithLatency delays each answer, as a network would.
func WithLatency(d time.Duration) Option { return func(s *Simulator) { s.latency = d } }

// SettleAfterPolls lets an accepted operation finish once it has been looked at n times (status polls and reads of
// the object both count); 0 finishes it at the first look. The default is 1.
func SettleAfterPolls(n int) Option { return func(s *Simulator) { s.settling = settling{polls: n} } }

// SettleAfter lets an accepted operation finish after d of the simulator's clock.
func SettleAfter(d time.Duration) Option {
	return func(s *Simulator) { s.settling = settling{after: d} }
}

// New makes a simulator that knows no SIM yet; the Add methods of each API seed it.
func New(opts ...Option) *Simulator {
	s := &Simulator{now: time.Now, settling: settling{polls: 1}}
	for _, opt := range opts {
		opt(s)
	}
	s.accounts, s.cmo, s.m2m, s.mvno = newAccountsAPI(s), newCMOAPI(s), newM2MAPI(s), newMVNOAPI(s)

	mux := http.NewServeMux()
	s.accounts.register(mux)
	s.cmo.register(mux)
	s.m2m.register(mux)
	s.mvno.register(mux)
	mux.HandleFunc("/", s.unknownRoute)
	s.handler = mux
	return s
}

// Handler serves the four APIs, each below its prefix: /accounts, /cmo, /m2m, /mvno.
func (s *Simulator) Handler() http.Handler { return s.handler }

// Unexpected lists the requests that matched no route of any API; a test fails when it is not empty.
func (s *Simulator) Unexpected() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.unexpected...)
}

func (s *Simulator) unknownRoute(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.unexpected = append(s.unexpected, r.Method+" "+r.URL.EscapedPath())
	s.mu.Unlock()
	http.Error(w, "simulator: no such route: "+r.Method+" "+r.URL.EscapedPath(), http.StatusNotImplemented)
}

// CatchUp ends the stale reads (quirks StaleReads) of changes that were executed so far, as time does on a real
// network.
func (s *Simulator) CatchUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.accounts.stale)
	for _, p := range s.cmo.products {
		p.staleReads = 0
	}
	for _, a := range s.mvno.accounts {
		a.staleReads = 0
	}
}

// nextSerial gives deterministic ids; s.mu is held.
func (s *Simulator) nextSerial() int {
	s.serial++
	return s.serial
}

// settling says when an accepted operation is over.
type settling struct {
	polls int
	after time.Duration
}

// operation is one accepted change that is still on its way. The APIs embed it in what they queue.
type operation struct {
	rule  settling
	since time.Time
	seen  int
}

// newOperation starts an operation now; s.mu is held.
func (s *Simulator) newOperation() operation {
	return operation{rule: s.settling, since: s.now()}
}

// look counts one look at the operation and tells whether it is over; s.mu is held.
func (s *Simulator) look(op *operation) bool {
	over := op.seen >= op.rule.polls
	if op.rule.after > 0 {
		over = s.now().Sub(op.since) >= op.rule.after
	}
	op.seen++
	return over
}

// route registers an endpoint: pattern is relative to the API's prefix, name is what faults and the request log call
// it ("sim.create"). The handler runs with s.mu held and answers into a buffer, so that a fault can take the answer
// away after the change has been executed.
func (s *Simulator) route(
	mux *http.ServeMux, api API, method, pattern, name string, h func(w http.ResponseWriter, r *http.Request, body []byte),
) {
	s.routes = append(s.routes, apiRoute{api, name})
	full := fmt.Sprintf("%s /%s%s", method, api, pattern)
	if pattern == "" || pattern == "/" {
		full = fmt.Sprintf("%s /%s/{$}", method, api)
		mux.HandleFunc(fmt.Sprintf("%s /%s", method, api), s.serve(api, name, h))
	}
	mux.HandleFunc(full, s.serve(api, name, h))
}

// hook runs before an answer: the world may change in the middle of an apply.
type hook struct {
	api   API
	route string
	skip  int
	run   func()
}

// Before runs f once, just before the next request of that route is answered (after skip others of it); f may call
// any method of the simulator.
func (s *Simulator) Before(api API, route string, skip int, f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = append(s.hooks, &hook{api: api, route: route, skip: skip, run: f})
}

// takeHooks returns the hooks that are due for this request; s.mu is held.
func (s *Simulator) takeHooks(api API, route string) []func() {
	var due []func()
	kept := s.hooks[:0]
	for _, h := range s.hooks {
		switch {
		case h.api != api || h.route != route:
			kept = append(kept, h)
		case h.skip > 0:
			h.skip--
			kept = append(kept, h)
		default:
			due = append(due, h.run)
		}
	}
	s.hooks = kept
	return due
}

// hasPrefixFold reports whether s begins with prefix, whatever the case.
func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
