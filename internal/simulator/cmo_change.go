package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

const (
	statusCreated          = "CREATED"
	statusInventory        = "INVENTORY"
	statusPendingActive    = "PENDING_ACTIVE"
	statusActive           = "ACTIVE"
	statusSuspended        = "SUSPENDED"
	statusBlocked          = "BLOCKED"
	statusPendingTerminate = "PENDING_TERMINATE"
	statusTerminated       = "TERMINATED"
	statusInactive         = "INACTIVE"
	statusDeactivated      = "DEACTIVATED"
)

// cmoBackend is one row of the backends table. allows maps a status to those that may follow it; nothing is offered
// where the table has a dash.
type cmoBackend struct {
	async  bool
	allows func(from, to string) bool
}

func cmoSuspendAndResume(from, to string) bool {
	return from == statusActive && to == statusSuspended || from == statusSuspended && to == statusActive
}

var cmoBackends = map[string]cmoBackend{
	// Suspend and resume by API; BLOCKED and TERMINATED are set in the portal. The activation tutorial's asynchronous
	// example is a TMSP SIM, so the states before the first activation lead to ACTIVE.
	"TMSP": {async: true, allows: func(from, to string) bool {
		switch from {
		case statusActive, statusSuspended, statusBlocked:
			return slices.Contains([]string{statusActive, statusSuspended, statusBlocked, statusTerminated}, to)
		case statusPendingActive, statusCreated, statusInventory, statusInactive, statusDeactivated:
			return to == statusActive || to == statusTerminated
		default:
			return false
		}
	}},
	"TMUS": {allows: func(from, to string) bool {
		return cmoSuspendAndResume(from, to) ||
			from == statusCreated && to == statusActive ||
			from == statusActive && to == statusPendingTerminate
	}},
	// "All changes are enabled", which is read as: to every status that a person can ask for, and from all but the end.
	"JASPER": {allows: func(from, to string) bool {
		return from != statusTerminated && slices.Contains([]string{
			statusActive, statusSuspended, statusBlocked, statusPendingTerminate, statusTerminated, statusInactive,
			statusDeactivated,
		}, to)
	}},
	"IOTA":     {allows: cmoSuspendAndResume},
	"1NCE":     {allows: cmoSuspendAndResume},
	"INTELSAT": {async: true},
	"AIRLINQ":  {async: true},
	"STC":      {async: true},
	"TURKCELL": {async: true},
	"GALAXY1":  {async: true},
}

// cmoMonitor is one asynchronous change and what the API shows of it. It runs while product.running points to it.
type cmoMonitor struct {
	operation
	id      string
	product *cmoProduct
	before  cmoStatuses
	target  string
	refusal string // why it ends InError, "" where it succeeds
	hidden  int    // 404s given by MonitorNotFoundFirst
}

// update is PATCH on a sub-product: 200 from a synchronous backend, 202 from an asynchronous one.
func (c *cmoAPI) update(w http.ResponseWriter, r *http.Request, body []byte) {
	if cmoMediaType(r) != "application/json-patch+json" {
		c.deny(w, r, http.StatusUnsupportedMediaType, "Error", "The content type must be application/json-patch+json")
		return
	}
	target, ok := cmoTarget(body)
	if !ok {
		c.deny(w, r, http.StatusBadRequest, "Bad Request",
			`The body must be a JSON array of one operation: replace "/status" by a string`)
		return
	}
	p, part := c.resolve(r.PathValue("id"))
	if p == nil {
		c.notFound(w, r)
		return
	}
	if part != partSIMCard {
		c.deny(w, r, http.StatusBadRequest, "Invalid Action", "The resource does not support a change of its status")
		return
	}
	if c.limited(w, r, map[string]bool{p.Backend(): true}) {
		return
	}
	c.settleDue(p)
	if p.running != nil {
		c.deny(w, r, http.StatusConflict, "Error", "Another change of "+p.ID+" is in progress")
		return
	}

	refusal := c.refusal(p, target)
	if cmoBackends[p.Backend()].async != c.quirks.FlipAsync {
		c.accepted(w, r, c.start(p, target, refusal))
		return
	}
	if refusal != "" {
		c.deny(w, r, http.StatusBadRequest, "Invalid Action", refusal)
		return
	}
	if target != p.SIMStatus {
		c.s.executed(CMO, "status", p.ID, p.SIMStatus+" -> "+target)
		c.set(p, target, p.statuses())
	}
	switch c.quirks.SyncBody {
	case "empty":
		w.WriteHeader(http.StatusOK)
	case "composite":
		c.write(w, http.StatusOK, c.correlated(c.composite(r, p, p.statuses())))
	default:
		c.write(w, http.StatusOK, c.correlated(c.part(r, p, partSIMCard, p.statuses())))
	}
}

// cmoTarget takes the wanted status from the one patch that is documented; names are compared with their case, which
// encoding/json's structs would not do.
func cmoTarget(body []byte) (string, bool) {
	var operations []map[string]any
	if err := json.Unmarshal(body, &operations); err != nil || len(operations) != 1 {
		return "", false
	}
	op := operations[0]
	target, isString := op["value"].(string)
	return target, len(op) == 3 && op["op"] == "replace" && op["path"] == "/status" && isString && target != ""
}

// refusal tells why the backend does not carry out a change, "" where it does.
func (c *cmoAPI) refusal(p *cmoProduct, target string) string {
	allows := cmoBackends[p.Backend()].allows
	switch {
	case target == p.SIMStatus:
		return ""
	case slices.Contains(c.quirks.FailProduct, p.ID):
		return "The tariff's business rules do not allow status " + target + " for " + p.ID
	case c.quirks.AllTransitions, allows != nil && allows(p.SIMStatus, target):
		return ""
	default:
		return fmt.Sprintf("Status change from %s to %s is not supported by %s", p.SIMStatus, target, p.Backend())
	}
}

// start begins an asynchronous change. A change to the status that the SIM has already is over at once.
func (c *cmoAPI) start(p *cmoProduct, target, refusal string) *cmoMonitor {
	millis := c.s.now().UnixMilli()
	id := func() string { return fmt.Sprintf("%s-%d", p.serial(), millis) }
	for c.monitors[id()] != nil {
		millis++
	}
	m := &cmoMonitor{
		operation: c.s.newOperation(), id: id(), product: p, before: p.statuses(), target: target, refusal: refusal,
	}
	c.monitors[m.id] = m
	if target == p.SIMStatus {
		return m
	}
	p.running = m
	if refusal != "" {
		if slices.Contains(c.quirks.FailProduct, p.ID) && target == statusActive {
			c.showPendingActive(p) // this failure comes late: until then it looks like an activation
		}
		return m
	}
	c.s.executed(CMO, "status", p.ID, p.SIMStatus+" -> "+target)
	if target == statusActive {
		c.showPendingActive(p)
	}
	return m
}

func (c *cmoAPI) showPendingActive(p *cmoProduct) {
	p.SIMStatus = statusPendingActive
	if !c.quirks.CompositeFrozen {
		p.Status = statusPendingActive
	}
}

// accepted is the 202. Where the monitor's address stands in it is an open point, hence the switches.
func (c *cmoAPI) accepted(w http.ResponseWriter, r *http.Request, m *cmoMonitor) {
	address := c.monitorURL(r, m)
	if !c.quirks.DropLocation {
		w.Header().Set("Location", address)
	}
	plain := func(text string) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusAccepted)
		_, _ = w.Write([]byte(text))
	}
	switch c.quirks.MonitorBody {
	case "empty":
		w.WriteHeader(http.StatusAccepted)
	case "bare_url":
		plain(address)
	case "angle_url":
		plain("<" + address + ">")
	case "quoted_url":
		c.write(w, http.StatusAccepted, address)
	case "links":
		c.write(w, http.StatusAccepted, map[string]any{"links": []any{map[string]any{"type": "monitor", "url": address}}})
	case "id_only":
		c.write(w, http.StatusAccepted, map[string]any{"id": m.id})
	default:
		c.write(w, http.StatusAccepted, c.correlated(c.monitorBody(r, m)))
	}
}

// monitor is GET /monitor/{id}.
func (c *cmoAPI) monitor(w http.ResponseWriter, r *http.Request, _ []byte) {
	m := c.monitors[r.PathValue("id")]
	if m == nil {
		c.notFound(w, r)
		return
	}
	if m.hidden < c.quirks.MonitorNotFoundFirst {
		m.hidden++
		c.notFound(w, r)
		return
	}
	if m.running() && c.over(&m.operation) {
		c.finish(m)
	}
	if !m.running() && c.quirks.MonitorForgotten {
		c.notFound(w, r)
		return
	}
	c.write(w, http.StatusOK, c.correlated(c.monitorBody(r, m)))
}

func (m *cmoMonitor) running() bool { return m.product.running == m }

func (c *cmoAPI) monitorBody(r *http.Request, m *cmoMonitor) map[string]any {
	words := c.quirks.MonitorStateWords
	word := func(override, documented string) string {
		if override != "" {
			return override
		}
		return documented
	}
	state, code := word(words.Done, "Completed"), http.StatusOK
	var problem map[string]any
	switch {
	case m.running(), c.quirks.MonitorStuck:
		state, code = word(words.Running, "InProgress"), http.StatusAccepted
	case m.refusal != "":
		state, code = word(words.Failed, "InError"), http.StatusBadRequest
		if c.quirks.FailedMonitorCompletedWith != 0 {
			state, code = word(words.Done, "Completed"), c.quirks.FailedMonitorCompletedWith
		}
		problem = c.problem(r, code, "Invalid Action", m.refusal)
	}

	response := map[string]any{"header": []any{}, "statusCode": code}
	if problem != nil {
		response["body"] = problem
	}
	if c.quirks.MonitorStrings {
		response["statusCode"] = fmt.Sprint(code)
		if problem != nil {
			text, _ := json.Marshal(problem) // maps, strings and numbers only: it can't fail
			response["body"] = string(text)
		}
	}
	return map[string]any{
		"id":   m.id,
		"href": c.monitorURL(r, m),
		// As published: misspelled, and with the monitor's id in the product's. A client that follows it meets a 501.
		"sourceHref": fmt.Sprintf("%s/pdocut/%s-%s%s", c.apiURL(r), m.product.Backend(), m.id, partSIMCard),
		"response":   response,
		"state":      state,
	}
}

func (c *cmoAPI) monitorURL(r *http.Request, m *cmoMonitor) string {
	address := c.apiURL(r) + "/monitor/" + m.id
	if c.quirks.MonitorHost != "" {
		address = strings.Replace(address, "//"+r.Host+"/", "//"+c.quirks.MonitorHost+"/", 1)
	}
	return address
}

// over counts a look at an operation and tells whether it has come to its end.
func (c *cmoAPI) over(op *operation) bool {
	return c.s.look(op) && !c.quirks.NeverSettles
}

// observe is one read of a product by the API's user: it may find that an operation is over, and it uses up one of
// the stale reads.
func (c *cmoAPI) observe(p *cmoProduct) cmoStatuses {
	switch {
	case p.running != nil:
		if c.over(&p.running.operation) {
			c.finish(p.running)
		}
	case p.terminating != nil:
		if c.over(p.terminating) {
			c.set(p, statusTerminated, p.statuses())
		}
	}
	if p.staleReads > 0 {
		p.staleReads--
		return p.stale
	}
	return p.statuses()
}

// settleDue ends what is over by the clock, without counting a look: lists and the other rules need the truth, too.
func (c *cmoAPI) settleDue(p *cmoProduct) {
	due := func(op *operation) bool {
		return op.rule.after > 0 && c.over(op)
	}
	switch {
	case p.running != nil:
		if due(&p.running.operation) {
			c.finish(p.running)
		}
	case p.terminating != nil:
		if due(p.terminating) {
			c.set(p, statusTerminated, p.statuses())
		}
	}
}

// finish ends an asynchronous change in the way that was decided when it was accepted.
func (c *cmoAPI) finish(m *cmoMonitor) {
	p := m.product
	p.running = nil
	if m.refusal == "" {
		c.set(p, m.target, m.before)
		return
	}
	if p.SIMStatus == statusPendingActive {
		p.Status, p.SIMStatus = m.before.composite, m.before.sim
	}
}

// set gives a SIM its new status; before is what stale reads go on to show.
func (c *cmoAPI) set(p *cmoProduct, status string, before cmoStatuses) {
	p.SIMStatus = status
	if !c.quirks.CompositeFrozen {
		p.Status = status
	}
	p.stale, p.staleReads = before, c.quirks.StaleReads
	p.terminating = nil
	if status == statusPendingTerminate {
		op := c.s.newOperation()
		p.terminating = &op
	}
}
