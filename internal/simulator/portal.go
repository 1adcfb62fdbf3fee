package simulator

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// portalFiles is the page: plain HTML, CSS and JavaScript that ask for nothing outside themselves.
//
//go:embed portal
var portalFiles embed.FS

// portalPolicy allows the page what it has itself, and no text inside it ever becomes a script.
const portalPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// servePortal adds the page and what it reads. What it changes goes the way of scripts: POST /portal/{api}, /faults,
// /quirks/{api}.
func (s *Simulator) servePortal(mux *http.ServeMux) {
	files, err := fs.Sub(portalFiles, "portal")
	if err != nil {
		panic(err) // the folder is in the binary
	}
	for _, name := range []string{"portal.html", "portal.css", "portal.js"} {
		pattern := "GET /" + name
		if name == "portal.html" {
			pattern = "GET /{$}"
		}
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", portalPolicy)
			w.Header().Set("Referrer-Policy", "no-referrer")
			http.ServeFileFS(w, r, files, name)
		})
	}
	mux.HandleFunc("GET /view", func(w http.ResponseWriter, r *http.Request) {
		search, limits, err := portalQuery(r)
		if err != nil {
			refuse(w, http.StatusBadRequest, "%v", err)
			return
		}
		sendControl(w, http.StatusOK, s.portalView(search, limits))
	})
	mux.HandleFunc("GET /switches", func(w http.ResponseWriter, _ *http.Request) {
		sendControl(w, http.StatusOK, s.portalSwitches())
	})
}

const (
	portalRows    = 10   // of each service, unless the page asks for more
	portalMaxRows = 1000 // a browser is slow with more
	portalChanges = 100  // the newest of the ledger
	portalRunning = 20   // the oldest running operations
)

// portalQuery reads which SIMs the page wants to see: those that hold the text, and how many of each service.
func portalQuery(r *http.Request) (search string, limits map[API]int, err error) {
	query := r.URL.Query()
	limits = map[API]int{}
	for _, api := range []API{Accounts, CMO, M2M, MVNO} {
		text := cmp.Or(query.Get("limit."+string(api)), query.Get("limit"), strconv.Itoa(portalRows))
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return "", nil, fmt.Errorf("limit %q is no number of SIMs", text)
		}
		limits[api] = min(n, portalMaxRows)
	}
	return strings.ToLower(strings.TrimSpace(query.Get("search"))), limits, nil
}

// portalView is what the page shows of one moment.
type portalView struct {
	Requests   int              `json:"requests"`
	Unexpected int              `json:"unexpected"`
	Services   []portalService  `json:"services"`
	Running    portalOperations `json:"running"`
	Ledger     portalLedger     `json:"ledger"`
	Faults     []portalFault    `json:"faults"`
	Routes     map[API][]string `json:"routes"`
	// Switched are the quirks that are not as they come.
	Switched map[API]map[string]json.RawMessage `json:"switched"`
}

// portalService is one API with the SIMs that were asked for, by key, and what a person can do with them.
type portalService struct {
	API     API            `json:"api"`
	Name    string         `json:"name"`
	Actions []portalAction `json:"actions"`
	Total   int            `json:"total"`
	Matched int            `json:"matched"`
	States  map[string]int `json:"states"` // of all SIMs, how many are in each
	SIMs    []portalSIM    `json:"sims"`
	Free    []string       `json:"free,omitempty"` // some SIMs of the pool that a swap may take

	search string
	limit  int
}

// portalSIM is one SIM in a service.
type portalSIM struct {
	Key     string `json:"key"`
	Detail  string `json:"detail"`
	State   string `json:"state"`
	Note    string `json:"note,omitempty"`    // what is unusual about it
	Running string `json:"running,omitempty"` // the operation on its way
}

// portalAction is what somebody does with a SIM in a portal: what is sent to POST /portal/{api}, and the state that it
// leads to. The first two are each other's opposite.
type portalAction struct {
	Label string         `json:"label"`
	To    string         `json:"to"`
	Set   map[string]any `json:"set"`
}

// portalOperations are the accepted changes that are not over; Oldest are the first of them.
type portalOperations struct {
	Total  int               `json:"total"`
	Oldest []portalOperation `json:"oldest"`
}

type portalOperation struct {
	API     API     `json:"api"`
	Key     string  `json:"key"`
	What    string  `json:"what"`
	Seconds float64 `json:"seconds"` // since it was accepted

	since time.Time
}

// portalLedger ends with the newest change.
type portalLedger struct {
	Total  int      `json:"total"`
	Newest []Change `json:"newest"`
}

type portalFault struct {
	Fault
	Hits int `json:"hits"`
}

// portalView looks at everything at once. It counts as no look at any operation: who watches changes nothing.
func (s *Simulator) portalView(search string, limits map[API]int) portalView {
	s.mu.Lock()
	defer s.mu.Unlock()
	view := portalView{
		Requests: len(s.requests), Unexpected: len(s.unexpected),
		Faults:   []portalFault{},
		Routes:   map[API][]string{},
		Switched: s.switched(),
	}
	view.Ledger.Total = len(s.ledger)
	view.Ledger.Newest = orEmpty(slices.Clone(s.ledger[max(0, len(s.ledger)-portalChanges):]))
	for _, f := range s.faults {
		view.Faults = append(view.Faults, portalFault{Fault: *f, Hits: f.hits})
	}
	for _, route := range s.routes {
		view.Routes[route.api] = append(view.Routes[route.api], route.name)
	}
	var running []portalOperation
	for _, api := range []API{Accounts, CMO, M2M, MVNO} {
		service := portalService{
			API: api, States: map[string]int{}, SIMs: []portalSIM{}, search: search, limit: limits[api],
		}
		switch api {
		case Accounts:
			running = append(running, s.accounts.inPortal(&service)...)
		case CMO:
			running = append(running, s.cmo.inPortal(&service)...)
		case M2M:
			s.m2m.inPortal(&service)
		case MVNO:
			s.mvno.inPortal(&service)
		}
		view.Services = append(view.Services, service)
	}
	slices.SortFunc(running, func(a, b portalOperation) int {
		return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.Key, b.Key))
	})
	view.Running.Total = len(running)
	view.Running.Oldest = orEmpty(running[:min(len(running), portalRunning)])
	for i := range view.Running.Oldest {
		op := &view.Running.Oldest[i]
		op.Seconds = s.now().Sub(op.since).Seconds()
	}
	return view
}

// add counts a SIM, and keeps it where it is one of the first that match. show is called for those only that may be
// seen: a service can hold a hundred thousand.
func (p *portalService) add(key, state string, show func() portalSIM) {
	p.Total++
	p.States[state]++
	var sim portalSIM
	if p.search != "" {
		if sim = show(); !sim.holds(key, state, p.search) {
			return
		}
	}
	p.Matched++
	at, _ := slices.BinarySearchFunc(p.SIMs, key, func(s portalSIM, key string) int { return cmp.Compare(s.Key, key) })
	if at == p.limit {
		return
	}
	if p.search == "" {
		sim = show()
	}
	sim.Key, sim.State = key, state
	p.SIMs = slices.Insert(p.SIMs, at, sim)
	p.SIMs = p.SIMs[:min(len(p.SIMs), p.limit)]
}

// holds tells whether a text in lower case is anywhere in what the page shows of the SIM.
func (sim portalSIM) holds(key, state, search string) bool {
	for _, text := range []string{key, state, sim.Detail, sim.Note, sim.Running} {
		if strings.Contains(strings.ToLower(text), search) {
			return true
		}
	}
	return false
}
