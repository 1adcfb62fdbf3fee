package simulator

import (
	"net/http"
	"time"
)

// Change is one change that the network executed (not merely received). The ledger holds them in order.
type Change struct {
	Seq    int       `json:"seq"`
	Time   time.Time `json:"time"`
	API    API       `json:"api"`
	Action string    `json:"action"` // create, update, delete, status, aa_group, swap
	Key    string    `json:"key"`    // account/CLI, product id, ICCID or account id
	Detail string    `json:"detail"` // what changed, such as "INACTIVE -> ACTIVE"
}

// Request is one request as it was received. Credentials are kept only as the fact that there were some.
type Request struct {
	Time       time.Time   `json:"time"`
	API        API         `json:"api"`
	Route      string      `json:"route"`
	Method     string      `json:"method"`
	Path       string      `json:"path"` // escaped, without the query
	Query      string      `json:"query,omitempty"`
	Header     http.Header `json:"-"`
	Body       string      `json:"-"`
	Status     int         `json:"status"` // 0 where no answer was given
	Authorised bool        `json:"authorised"`
}

// Match selects requests, changes and faults; an empty field matches all.
type Match struct {
	API    API    `json:"api,omitempty"`
	Method string `json:"method,omitempty"`
	Route  string `json:"route,omitempty"`
	Key    string `json:"key,omitempty"` // a part of the path or of the body
}

// Ledger returns the executed changes in order.
func (s *Simulator) Ledger() []Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Change(nil), s.ledger...)
}

// Requests returns the requests that match, in order of arrival.
func (s *Simulator) Requests(m Match) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Request
	for _, r := range s.requests {
		if m.matches(r.API, r.Method, r.Route, r.Path, r.Body) {
			out = append(out, r)
		}
	}
	return out
}

// ForgetRequests empties the request log, not the ledger.
func (s *Simulator) ForgetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
}

// executed writes a change into the ledger; s.mu is held.
func (s *Simulator) executed(api API, action, key, detail string) {
	s.ledger = append(s.ledger, Change{
		Seq: len(s.ledger) + 1, Time: s.now(), API: api, Action: action, Key: key, Detail: detail,
	})
}
