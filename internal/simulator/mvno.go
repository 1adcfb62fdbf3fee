package simulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// MVNOQuirks are the points that TelecomX's pages leave open, and the ways in which a swap can go half wrong. The
// zero value is the most likely reading.
type MVNOQuirks struct {
	// AccessLevel is the level of the token's employee; empty means OWNER. A VIEWER may read but not swap.
	AccessLevel string `json:"access_level"`
	// StaleReads is how many account reads after a swap still show the old SIM.
	StaleReads int `json:"stale_reads"`
	// OmitSIMNumber leaves mvnoSim.simNumber out of account objects.
	OmitSIMNumber bool `json:"omit_sim_number"`
	// ShowFormFactor adds mvnoSim.formFactor to account objects.
	ShowFormFactor bool `json:"show_form_factor"`
	// ErrorForm is the form of an error body: "" {"error":{...}}, "array" {"error":[{...}]}, "errors" {"errors":[{...}]}.
	ErrorForm string `json:"error_form"`
	// SuccessFalseExecuted answers a swap with 200 and success false although it was made;
	// SuccessFalseNotExecuted does so without making it.
	SuccessFalseExecuted    bool `json:"success_false_executed"`
	SuccessFalseNotExecuted bool `json:"success_false_not_executed"`
	// TrailingF shows ICCs with an F at their end.
	TrailingF bool `json:"trailing_f"`
	// CheckDigit shows ICCs of 19 digits with their check digit as the twentieth.
	CheckDigit bool `json:"check_digit"`
	// DeletedState is the word that an account in state DELETING shows; empty means DELETING. The page on deletion
	// says DELETED.
	DeletedState string `json:"deleted_state"`
	// SIMReadDenied answers each read of a single SIM with 403.
	SIMReadDenied bool `json:"sim_read_denied"`
	// SIMReadInStorage answers the read of a SIM that lies in nobody's storage, as one in an account, with 403.
	SIMReadInStorage bool `json:"sim_read_in_storage"`

	// ListArray is the name of the array in the list of accounts, which its page does not show: "" mvnoAccounts, or
	// another name; "bare" answers both lists as arrays without an object.
	ListArray string `json:"list_array"`
	// ListTotal is what the lists say of their length: "" the total, "none" nothing, "page" the length of the page,
	// "high" one more than there is, "text" the numbers in quotes.
	ListTotal string `json:"list_total"`
	// ListCap is the most items on a page, whatever the limit; 0 means the limit.
	ListCap int `json:"list_cap"`
	// ListWhole answers the whole list, whatever offset and limit.
	ListWhole bool `json:"list_whole"`
	// ListFiltersIgnored answers what matches and what does not.
	ListFiltersIgnored bool `json:"list_filters_ignored"`
	// ListFullRefused refuses the argument full; then accounts of a list are condensed.
	ListFullRefused bool `json:"list_full_refused"`
	// OmitEmpty leaves out properties that hold no value, empty arrays too.
	OmitEmpty bool `json:"omit_empty"`
}

// mvnoLevels are the access levels from low to high (wiki.telecomx.dk, "api:employee:create").
var mvnoLevels = []string{
	"NO_LOGIN", "PERSONAL", "VIEWER", "MANAGER", "OWNER", "RESELLER", "RESELLER_ADMIN", "ADMIN",
}

// check panics on a word that no switch knows: a test that misspells one would test nothing.
func (q MVNOQuirks) check() {
	if !slices.Contains(mvnoLevels, q.level()) || !slices.Contains([]string{"", "array", "errors"}, q.ErrorForm) ||
		!slices.Contains([]string{"", "none", "page", "high", "text"}, q.ListTotal) {
		panic(fmt.Sprintf("simulator: unknown word in %+v", q))
	}
}

func (q MVNOQuirks) level() string { return cmp.Or(q.AccessLevel, "OWNER") }

// mayRead tells whether the level reads accounts and SIMs: VIEWER and up.
func (q MVNOQuirks) mayRead() bool {
	return slices.Index(mvnoLevels, q.level()) >= slices.Index(mvnoLevels, "VIEWER")
}

// maySwap tells whether the level swaps SIMs: the page lists these three, neither MANAGER nor RESELLER_ADMIN.
func (q MVNOQuirks) maySwap() bool {
	return slices.Contains([]string{"OWNER", "RESELLER", "ADMIN"}, q.level())
}

func (q MVNOQuirks) icc(icc string) string {
	if q.CheckDigit {
		icc = withCheckDigit(icc)
	}
	if q.TrailingF && icc != "" {
		return icc + "F"
	}
	return icc
}

// SetMVNOQuirks changes the switches; it panics on an unknown word.
func (s *Simulator) SetMVNOQuirks(change func(*MVNOQuirks)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	quirks := s.mvno.quirks
	change(&quirks)
	quirks.check()
	s.mvno.quirks = quirks
}

// mvnoAPI is TelecomX's JSON API (wiki.telecomx.dk), as far as SIM swaps need it.
type mvnoAPI struct {
	s         *Simulator
	quirks    MVNOQuirks
	accounts  map[string]*mvnoAccount // by id in lower case
	sims      map[string]*MVNOSIM     // by ICC without a trailing F
	loggedOut bool                    // a logout ends all tokens of the user, for good
}

func newMVNOAPI(s *Simulator) *mvnoAPI {
	return &mvnoAPI{s: s, accounts: map[string]*mvnoAccount{}, sims: map[string]*MVNOSIM{}}
}

// register serves the routes. Change SIM is a GET that executes each time that it arrives.
func (m *mvnoAPI) register(mux *http.ServeMux) {
	m.get(mux, "/mvno", "account.list", MVNOQuirks.mayRead, m.listAccounts)
	m.get(mux, "/mvno/{id}", "account.read", MVNOQuirks.mayRead, m.readAccount)
	m.get(mux, "/mvno/{id}/changesim/{sim}", "account.swap", MVNOQuirks.maySwap, m.swap)
	m.get(mux, "/sim", "sim.list", MVNOQuirks.mayRead, m.listSIMs)
	m.get(mux, "/sim/{icc}", "sim.read", MVNOQuirks.mayRead, m.readSIM)
	m.get(mux, "/auth/logout", "auth.logout", func(MVNOQuirks) bool { return true }, m.logout)
}

// mvnoError is an error of the API; "status" repeats the HTTP status (wiki.telecomx.dk, "api:errors").
type mvnoError struct {
	Message string `json:"message"`
	Code    string `json:"code"`
	Status  int    `json:"status"`
}

// get registers a GET: token first, then the request's form, then the access level, then the handler's own checks.
func (m *mvnoAPI) get(
	mux *http.ServeMux, pattern, name string, may func(MVNOQuirks) bool, h func(r *http.Request) (any, *mvnoError),
) {
	m.s.route(mux, MVNO, http.MethodGet, pattern, name, func(w http.ResponseWriter, r *http.Request, body []byte) {
		reply, problem := any(nil), m.authorise(r)
		if problem == nil && len(body) > 0 {
			problem = &mvnoError{"A GET has no body", "bad_request", http.StatusBadRequest}
		}
		if problem == nil && !may(m.quirks) {
			problem = &mvnoError{"Access denied", "access_denied", http.StatusForbidden}
		}
		if problem == nil {
			reply, problem = h(r)
		}
		m.write(w, reply, problem)
	})
}

// authorise looks for the token. The real API takes it from the query too, where every log on the way would keep
// it: here that is refused, so that a test notices.
func (m *mvnoAPI) authorise(r *http.Request) *mvnoError {
	if r.URL.Query().Has("token") {
		return &mvnoError{"simulator: a token in the URL ends up in logs", "bad_request", http.StatusBadRequest}
	}
	token := r.Header.Get("X-API-Key")
	if header := r.Header.Get("Authorization"); header != "" {
		var bearer bool
		if token, bearer = strings.CutPrefix(header, "Bearer "); !bearer {
			return &mvnoError{"Format is Authorization: Bearer [token]", "format_error", http.StatusUnauthorized}
		}
	}
	if token != MVNOToken || m.loggedOut {
		return &mvnoError{"Invalid token", "invalid_token", http.StatusUnauthorized}
	}
	return nil
}

func (m *mvnoAPI) write(w http.ResponseWriter, reply any, problem *mvnoError) {
	status := http.StatusOK
	if problem != nil {
		status = problem.Status
		switch m.quirks.ErrorForm {
		case "array":
			reply = map[string]any{"error": []*mvnoError{problem}}
		case "errors":
			reply = map[string]any{"errors": []*mvnoError{problem}}
		default:
			reply = map[string]any{"error": problem}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(reply) // into the answer's buffer, which never fails
}

// mvnoSwapReply is the answer to a swap (wiki.telecomx.dk, "api:mvno:account:changesim").
type mvnoSwapReply struct {
	Success bool         `json:"success"`
	SIM     *mvnoSIMBody `json:"mvnoSim,omitempty"`
}

// mvnoSIMBody is the mvnoSim object of swap replies and, with fewer properties, of accounts.
type mvnoSIMBody struct {
	SIMNumber  string `json:"simNumber,omitempty"`
	IMSI       string `json:"imsi"`
	Network    string `json:"network"`
	PUK1       string `json:"puk1,omitempty"`
	PUK2       string `json:"puk2,omitempty"`
	PIN1       string `json:"pin1,omitempty"`
	PIN2       string `json:"pin2,omitempty"`
	FormFactor string `json:"formFactor,omitempty"`
}

// mvnoSwappable are the states in which a swap works; the page says only that the current state may forbid it.
var mvnoSwappable = []string{"ACTIVE", "BLOCKED"}

// swap executes Change SIM, each time that it is asked.
func (m *mvnoAPI) swap(r *http.Request) (any, *mvnoError) {
	if problem := mvnoQuery(r.URL.Query()); problem != nil {
		return nil, problem
	}
	account, ok := m.accounts[strings.ToLower(r.PathValue("id"))] // the id only: a number is not documented here
	if !ok {
		return nil, mvnoNoAccount()
	}
	if !slices.Contains(mvnoSwappable, account.State) {
		return nil, &mvnoError{"SIM cannot be changed due to the current state of the account", "state", http.StatusForbidden}
	}
	if account.Porting {
		return nil, &mvnoError{"Account is in porting", "porting", http.StatusForbidden}
	}
	sim, problem := m.pick(account, r.PathValue("sim"))
	if problem != nil {
		return nil, problem
	}
	if m.quirks.SuccessFalseNotExecuted {
		return mvnoSwapReply{}, nil
	}
	old := account.SIMNumber
	m.give(account, sim.ICC)
	account.staleSIM, account.staleReads = old, m.quirks.StaleReads
	m.s.executed(MVNO, "swap", account.ID, cmp.Or(old, "none")+" -> "+sim.ICC)
	if m.quirks.SuccessFalseExecuted {
		return mvnoSwapReply{}, nil
	}
	return mvnoSwapReply{Success: true, SIM: &mvnoSIMBody{
		SIMNumber: m.quirks.icc(sim.ICC), IMSI: sim.IMSI, Network: sim.Network,
		PUK1: sim.PUK1, PUK2: sim.PUK2, PIN1: sim.PIN1, PIN2: sim.PIN2, FormFactor: sim.FormFactor,
	}}, nil
}

var mvnoICCForm = regexp.MustCompile(`^[0-9]{11,19}$`)

// pick finds the free SIM that a swap asks for: an ICC, or the lowest one that fits the word. It must be of the
// account's network: another one is Change Network's job.
func (m *mvnoAPI) pick(account *mvnoAccount, want string) (*MVNOSIM, *mvnoError) {
	current := m.sims[account.SIMNumber]
	fits := func(sim *MVNOSIM) bool {
		return sim != nil && sim.free() && (current == nil || sim.Network == current.Network)
	}
	noSIM := &mvnoError{"SIM card not found or not available", "sim", http.StatusNotFound}
	var isKind func(sim *MVNOSIM) bool
	switch want {
	case "eSim":
		isKind = func(sim *MVNOSIM) bool { return sim.FormFactor == "eSIM" }
		noSIM = &mvnoError{"No eSIM available", "esim", http.StatusNotFound}
	case "autoAssign":
		isKind = func(sim *MVNOSIM) bool { return sim.AutoAssign }
	default:
		if sim := m.sims[want]; mvnoICCForm.MatchString(want) && fits(sim) {
			return sim, nil
		}
		return nil, noSIM
	}
	var lowest *MVNOSIM
	for _, sim := range m.sims {
		if fits(sim) && isKind(sim) && (lowest == nil || sim.ICC < lowest.ICC) {
			lowest = sim
		}
	}
	if lowest == nil {
		return nil, noSIM
	}
	return lowest, nil
}

// mvnoAccountBody is an account (wiki.telecomx.dk, "api:mvno:account:get"). The stored page ends before mvnoSim,
// which is known from the deleted account.
type mvnoAccountBody struct {
	ID       string          `json:"_id"`
	Customer string          `json:"customer"`
	State    string          `json:"state"`
	Type     string          `json:"type"`
	Number   string          `json:"number,omitempty"`
	Notes    string          `json:"notes,omitempty"`
	Feature  map[string]bool `json:"feature,omitempty"`
	SIM      *mvnoSIMBody    `json:"mvnoSim,omitempty"`
}

// body shows an account as a read finds it: for a while after a swap, with its old SIM.
func (m *mvnoAPI) body(account *mvnoAccount) mvnoAccountBody {
	state, icc := account.State, account.SIMNumber
	if state == "DELETING" {
		state = cmp.Or(m.quirks.DeletedState, state)
	}
	if account.staleReads > 0 {
		icc = account.staleSIM
		account.staleReads--
	}
	body := mvnoAccountBody{
		ID: account.ID, Customer: account.Customer, State: state, Type: account.Type, Number: account.Number,
		Notes:   account.Notes,
		Feature: map[string]bool{"data": true},
	}
	if sim := m.sims[icc]; sim != nil {
		body.SIM = &mvnoSIMBody{SIMNumber: m.quirks.icc(sim.ICC), IMSI: sim.IMSI, Network: sim.Network}
		if m.quirks.OmitSIMNumber {
			body.SIM.SIMNumber = ""
		}
		if m.quirks.ShowFormFactor {
			body.SIM.FormFactor = sim.FormFactor
		}
	}
	return body
}

func (m *mvnoAPI) readAccount(r *http.Request) (any, *mvnoError) {
	if problem := mvnoQuery(r.URL.Query()); problem != nil {
		return nil, problem
	}
	id := r.PathValue("id")
	account, ok := m.accounts[strings.ToLower(id)]
	if ok {
		return m.body(account), nil
	}
	for _, account := range m.accounts {
		if account.Number != "" && account.Number == id {
			return m.body(account), nil
		}
	}
	return nil, mvnoNoAccount()
}

func mvnoNoAccount() *mvnoError {
	return &mvnoError{"MVNO account not found", "mvnoAccount", http.StatusNotFound}
}

// mvnoSIMRecord is a SIM of the pool (wiki.telecomx.dk, "api:sim:get"): it has no IMSI there.
type mvnoSIMRecord struct {
	ID          string  `json:"_id"`
	PUK1        string  `json:"puk1"`
	PUK2        string  `json:"puk2"`
	PIN1        string  `json:"pin1"`
	PIN2        string  `json:"pin2"`
	FormFactor  string  `json:"formFactor"`
	Network     string  `json:"network"`
	InStorageAt *string `json:"inStorageAt"`
	AutoAssign  bool    `json:"autoAssign"`
}

func (m *mvnoAPI) record(sim *MVNOSIM) any {
	record := mvnoSIMRecord{
		ID: m.quirks.icc(sim.ICC), PUK1: sim.PUK1, PUK2: sim.PUK2, PIN1: sim.PIN1, PIN2: sim.PIN2,
		FormFactor: sim.FormFactor, Network: sim.Network, AutoAssign: sim.AutoAssign,
	}
	if sim.free() {
		record.InStorageAt = &sim.InStorageAt
	}
	if m.quirks.OmitEmpty {
		return withoutEmpty(record)
	}
	return record
}

func (m *mvnoAPI) readSIM(r *http.Request) (any, *mvnoError) {
	if problem := mvnoQuery(r.URL.Query()); problem != nil {
		return nil, problem
	}
	if m.quirks.SIMReadDenied {
		return nil, &mvnoError{"Access denied", "access_denied", http.StatusForbidden}
	}
	icc := mvnoICC(r.PathValue("icc"))
	if m.quirks.CheckDigit {
		icc = withoutCheckDigit(icc)
	}
	sim, ok := m.sims[icc]
	if !ok {
		return nil, &mvnoError{"SIM not found", "not_found", http.StatusNotFound}
	}
	if sim.free() && !m.quirks.maySee(sim.InStorageAt) || !sim.free() && m.quirks.SIMReadInStorage {
		return nil, &mvnoError{"Access denied", "access_denied", http.StatusForbidden}
	}
	return m.record(sim), nil
}

// logout invalidates every token of the user, the machine tokens too: whoever calls it locks itself out.
func (m *mvnoAPI) logout(*http.Request) (any, *mvnoError) {
	m.loggedOut = true
	return map[string]bool{"success": true}, nil
}

// mvnoQuery refuses arguments that are unknown or out of range. Documented ones that the simulator does not follow
// are refused too: to ignore them would answer something else than was asked.
func mvnoQuery(query url.Values, known ...string) *mvnoError {
	for name := range query {
		if !slices.Contains(known, name) {
			return &mvnoError{"simulator: unknown argument " + name, "bad_request", http.StatusBadRequest}
		}
	}
	offset, limit, err := mvnoWindow(query)
	if err != nil || offset < 0 || limit < 1 || limit > 500 {
		return &mvnoError{"offset or limit out of range", "bad_request", http.StatusBadRequest}
	}
	return nil
}
