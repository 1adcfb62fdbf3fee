package cmo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// Operation is an accepted change of a SIM card's status. It holds all that a later run needs to find out what became
// of it.
type Operation struct {
	ProductID string `json:"product_id"`
	Target    string `json:"target"`
	// Before is what the SIM card showed before the change; "" where an earlier version of the provider has kept the
	// operation.
	Before string `json:"before,omitempty"`
	// Monitor is the id of the monitor; "" where the answer named none that may be used.
	Monitor string `json:"monitor,omitempty"`
	// Synchronous: the service answered 200, so there is nothing to wait for but the SIM card's status.
	Synchronous bool `json:"synchronous,omitempty"`
	// MonitorRefused: the monitor's URL is on another host than the endpoint, so it is never requested.
	MonitorRefused bool `json:"monitor_refused,omitempty"`
	// Since is when the service accepted the change.
	Since time.Time `json:"since"`
}

// Result is what is known of the SIM card after a wait or a look.
type Result struct {
	// Product is the last one read, nil where none was.
	Product *Product
	// Reason says why Peek takes the operation for failed: the error that Wait would return.
	Reason error
}

// UnsettledError says that the SIM card keeps another status than was asked for.
type UnsettledError struct{ Want, Got string }

func (e *UnsettledError) Error() string {
	return fmt.Sprintf("the SIM card has settled on %s instead of %s", e.Got, e.Want)
}

// blindness is for how many times the patience (30 min by default) an accepted change without a usable monitor may
// leave the SIM card as it was: only then is it taken to have come to nothing.
const blindness = 60

// SetStatus sends the one PATCH that sets the SIM card's status (API page, section 8). Whether it is synchronous is
// what the answer says, whatever the backend. The body of a 200 is not looked at: it is known to tell the wrong status.
// Errors are *transport.Error; ErrOutcomeUnknown asks for Settle, ErrConflict for WaitOther.
func (c *Client) SetStatus(ctx context.Context, productID, status string) (Operation, error) {
	op := Operation{ProductID: productID, Target: status}
	body, err := json.Marshal([]struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value string `json:"value"`
	}{{"replace", "/status", status}})
	if err != nil {
		return op, err
	}
	res, err := c.http.Do(ctx, transport.Request{
		Op:     fmt.Sprintf("set status of SIM card %s to %s", productID, status),
		Method: http.MethodPatch, Path: c.path("product", productID+simCardSuffix),
		Header: http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json-patch+json"}},
		Body:   body, Change: true, RateClasses: rateClasses(productID),
	})
	if err != nil {
		return op, err
	}
	op.Since = time.Now().UTC()
	if op.Synchronous = res.Status != http.StatusAccepted; !op.Synchronous {
		op.Monitor, op.MonitorRefused = c.monitorOf(res, productID)
	}
	return op, nil
}

// monitorOf finds the monitor's id in a 202. The first reference counts; one to another host is refused (API page,
// section 13, 11).
func (c *Client) monitorOf(res *transport.Response, productID string) (id string, refused bool) {
	for _, ref := range monitorRefs(res, productID) {
		id, err := c.monitorID(ref)
		if errors.Is(err, transport.ErrOtherHost) {
			return "", true
		}
		if id != "" {
			return id, false
		}
	}
	return "", false
}

// monitorRefs lists what may name the monitor, in the order of the API page: URLs, or bare ids.
func monitorRefs(res *transport.Response, productID string) []string {
	var refs []string
	if location := res.Header.Get("Location"); location != "" {
		refs = append(refs, location)
	}
	body := transport.StripBOM(res.Body)
	var m struct {
		ID        text            `json:"id"`
		Href      text            `json:"href"`
		Link      json.RawMessage `json:"link"`
		Links     json.RawMessage `json:"links"`
		Monitor   json.RawMessage `json:"monitor"`
		MonitorID text            `json:"monitorId"`
	}
	if transport.DecodeJSON(body, &m) != nil {
		var bare text
		if json.Unmarshal(body, &bare) != nil {
			bare = text(strings.TrimSpace(string(body)))
		}
		return appendLinks(refs, string(bare))
	}
	refs = appendLinks(refs, string(m.Href))
	// A 202 may show the product in place of a monitor; sourceHref is known to be wrong and is not looked at.
	if m.ID != "" && string(m.ID) != productID && string(m.ID) != productID+simCardSuffix {
		refs = append(refs, string(m.ID))
	}
	refs = appendLinks(refs, linksIn(m.Link)...)
	refs = appendLinks(refs, linksIn(m.Links)...)
	refs = append(refs, linksIn(m.Monitor)...)
	if m.MonitorID != "" {
		refs = append(refs, string(m.MonitorID))
	}
	return refs
}

// appendLinks adds those that are URLs of monitors.
func appendLinks(refs []string, candidates ...string) []string {
	for _, candidate := range candidates {
		if strings.Contains(candidate, "/monitor/") {
			refs = append(refs, candidate)
		}
	}
	return refs
}

// linksIn takes the strings out of a string, an object with url, href or id, or a list of such.
func linksIn(raw json.RawMessage) []string {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		var out []string
		for _, item := range list {
			out = append(out, linksIn(item)...)
		}
		return out
	}
	var object struct {
		URL  text `json:"url"`
		Href text `json:"href"`
		ID   text `json:"id"`
	}
	var word text
	if json.Unmarshal(raw, &word) == nil && word != "" {
		return []string{string(word)}
	}
	if json.Unmarshal(raw, &object) != nil {
		return nil
	}
	var out []string
	for _, link := range []text{object.URL, object.Href, object.ID} {
		if link != "" {
			out = append(out, string(link))
		}
	}
	return out
}

// monitorID takes the last path segment of a reference; the URL itself is never requested. "" where it is none of a
// monitor; the error is transport.ErrOtherHost.
func (c *Client) monitorID(ref string) (string, error) {
	ref = strings.Trim(strings.TrimSpace(ref), `<>"`)
	if !strings.Contains(ref, "/") {
		return ref, nil
	}
	u, err := url.Parse(ref)
	if err != nil || u.Opaque != "" {
		return "", nil
	}
	if u.Host != "" && (u.User != nil || hostOf(u) != c.endpointHost) {
		return "", transport.ErrOtherHost
	}
	segments := strings.Split(strings.TrimRight(u.EscapedPath(), "/"), "/")
	if len(segments) < 2 || segments[len(segments)-2] != "monitor" {
		return "", nil
	}
	id, err := url.PathUnescape(segments[len(segments)-1])
	if err != nil {
		return "", nil
	}
	return id, nil
}

// look is one answer about a monitor.
type look struct {
	outcome outcome
	word    string // the service's word for the state
	reason  error  // of a failure
	// retryAfter is how long the service asks to wait.
	retryAfter time.Duration
}

type wireMonitor struct {
	State    text `json:"state"`
	Response struct {
		StatusCode text            `json:"statusCode"`
		Body       json.RawMessage `json:"body"`
	} `json:"response"`
}

// parseMonitor reads a monitor (API page, section 9). It is unclear where the body is none.
func parseMonitor(body []byte) (m wireMonitor, o outcome) {
	if transport.DecodeJSON(body, &m) != nil {
		return wireMonitor{}, unclear
	}
	o = monitorOutcome(string(m.State))
	if code, err := strconv.Atoi(string(m.Response.StatusCode)); o == succeeded && err == nil && code >= 400 {
		o = failed
	}
	return m, o
}

// failure is what the monitor says of a change that failed: a problem in the response's body, or in the monitor itself.
func (m wireMonitor) failure(body []byte) transport.Error {
	inner := []byte(m.Response.Body)
	var quoted string
	if json.Unmarshal(inner, &quoted) == nil {
		inner = []byte(quoted) // a body that was put in as a string, or null
	}
	p, _ := parseProblem(inner)
	if p.words() == "" {
		if outer, ok := parseProblem(body); ok && outer.words() != "" {
			p = outer
		}
	}
	e := p.toError()
	if e.Message == "" {
		e.Message = transport.Excerpt(inner)
	}
	if code, err := strconv.Atoi(string(m.Response.StatusCode)); err == nil && code >= 400 {
		e.Status = code
	}
	return e
}

// monitor looks at the operation's monitor once.
func (c *Client) monitor(ctx context.Context, op Operation) (look, error) {
	req := c.get("read monitor of the "+op.name(), "monitor", op.Monitor)
	req.RateClasses = rateClasses(op.ProductID)
	res, err := c.http.Do(ctx, req)
	if err != nil {
		var failure *transport.Error
		if errors.As(err, &failure) && failure.Status != 0 && !failure.Temporary() && transport.Transient(err) {
			return look{outcome: gone}, nil
		}
		return look{}, err
	}
	m, outcome := parseMonitor(res.Body)
	l := look{outcome: outcome, word: string(m.State), retryAfter: res.RetryAfter}
	if outcome == failed {
		l.reason = c.http.Fail(req, nil, m.failure(res.Body))
	}
	return l, nil
}

// sim reads a product that must have a SIM card.
func (c *Client) sim(ctx context.Context, productID string) (*Product, error) {
	p, err := c.ProductShared(ctx, productID)
	if err == nil && p.SIMCard == nil {
		return p, ErrNotCellular
	}
	return p, err
}

func (c *Client) waitConfig(ctx context.Context, operation string) wait.Config {
	progress := func(p wait.Progress) {
		attrs := []any{
			"operation", p.Operation, "elapsed", p.Elapsed.Round(time.Second).String(), "polls", p.Polls, "state", p.Word,
		}
		if p.Err != nil {
			attrs = append(attrs, "error", p.Err.Error())
		}
		c.log.InfoContext(ctx, "waiting", attrs...)
	}
	return wait.Config{Operation: operation, Pace: c.pace, Transient: transport.Transient, Progress: progress}
}

func (op Operation) name() string {
	return fmt.Sprintf("change of SIM card %s to %s", op.ProductID, op.Target)
}

// Wait waits for the end of the operation, then for the SIM card to settle: until its status satisfies the target. The
// deadline is ctx's. Errors are those of package wait, or *UnsettledError where the operation is over and the SIM card
// keeps another status for the patience. The result holds what was last read, also beside an error.
func (c *Client) Wait(ctx context.Context, op Operation) (Result, error) {
	w := watch{client: c, op: op, monitored: op.Monitor != ""}
	if op.Synchronous {
		w.over = time.Now()
	}
	_, err := wait.Until(ctx, c.waitConfig(ctx, op.name()), w.poll)
	var unsettled *UnsettledError
	if errors.As(err, &unsettled) {
		err = unsettled
	}
	return Result{Product: w.product}, err
}

// watch is what a wait remembers from poll to poll.
type watch struct {
	client    *Client
	op        Operation
	product   *Product
	monitored bool      // the monitor is still to be asked
	answered  time.Time // when the monitor was last there
	over      time.Time // since when the operation is known to be over
	status    string    // the SIM card's last status
	since     time.Time // since when it is that
}

type status = wait.Status[struct{}]

func (w *watch) poll(ctx context.Context) (status, error) {
	seen := look{outcome: gone}
	if w.monitored {
		var err error
		if seen, err = w.client.monitor(ctx, w.op); err != nil {
			return failedPoll(err)
		}
		now := time.Now()
		switch seen.outcome {
		case running:
			w.answered = now
			// The first looks are at the monitor alone: most changes end within them, and each call counts.
			if now.Sub(w.op.Since) < w.client.pace.Patience {
				return status{Word: seen.word, RetryAfter: seen.retryAfter}, nil
			}
		case failed:
			if p, err := w.client.sim(ctx, w.op.ProductID); err == nil {
				w.product = p
			}
			return status{State: wait.Failed, Word: seen.word, Reason: seen.reason}, nil
		case unclear:
			w.answered = now
		case succeeded:
			w.monitored, w.over = false, now
		case gone:
			// It may not be there yet, soon after the 202, or it may have been cleared away.
			if now.Sub(later(w.op.Since, w.answered)) < w.client.pace.Patience {
				return status{Word: "monitor not found"}, nil
			}
			w.monitored = false
			if !w.answered.IsZero() {
				w.over = now
			}
		}
	}
	s, err := w.readSIM(ctx, seen)
	if err != nil {
		return failedPoll(err)
	}
	s.RetryAfter = seen.retryAfter
	return s, nil
}

// failedPoll hands on how long the service asks to wait.
func failedPoll(err error) (status, error) { return status{RetryAfter: transport.RetryAfter(err)}, err }

func (w *watch) readSIM(ctx context.Context, seen look) (status, error) {
	p, err := w.client.sim(ctx, w.op.ProductID)
	if err != nil && seen.outcome == running {
		w.since = time.Now() // it is the monitor that is waited for
		return status{Word: seen.word}, nil
	}
	if err != nil {
		return status{}, err
	}
	w.product = p
	now, live := time.Now(), p.SIMCard.Status
	if live != w.status {
		w.status, w.since = live, now
	}
	word := live
	if seen.outcome == unclear {
		word = fmt.Sprintf("%s (monitor: %s)", live, seen.word)
	}
	switch {
	case seen.outcome == running && (!Satisfies(w.op.Target, live) || now.Sub(w.since) < w.client.pace.Convinced):
		return status{Word: seen.word}, nil
	case Satisfies(w.op.Target, live):
		return status{State: wait.Done, Word: live}, nil
	case IsTransitional(live), w.monitored:
		return status{Word: word}, nil
	}
	patience := w.client.pace.Patience
	settled := now.Sub(later(w.since, w.over)) >= patience
	if settled && (!w.over.IsZero() || now.Sub(w.op.Since) >= blindness*patience) {
		return status{State: wait.Failed, Word: live, Reason: &UnsettledError{Want: w.op.Target, Got: live}}, nil
	}
	return status{Word: word}, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Peek looks once and never waits: at the monitor, if there is one, and at the SIM card. Failed comes with
// Result.Reason; an error says that looking failed, so nothing is known.
func (c *Client) Peek(ctx context.Context, op Operation) (wait.State, Result, error) {
	seen := look{outcome: gone}
	switch {
	case op.Synchronous:
		seen.outcome = succeeded
	case op.Monitor != "":
		var err error
		if seen, err = c.monitor(ctx, op); err != nil {
			return wait.Pending, Result{}, err
		}
	}
	p, err := c.sim(ctx, op.ProductID)
	if seen.outcome == failed {
		reason := &wait.FailedError{Operation: op.name(), Word: seen.word, Reason: seen.reason}
		if err != nil {
			return wait.Failed, Result{Reason: reason}, nil
		}
		return wait.Failed, Result{Product: p, Reason: reason}, nil
	}
	if err != nil {
		return wait.Pending, Result{Product: p}, err
	}

	live, age := p.SIMCard.Status, time.Since(op.Since)
	patience := c.pace.Patience
	if seen.outcome == gone {
		patience *= blindness
	}
	switch {
	case seen.outcome == running && (!Satisfies(op.Target, live) || age < c.pace.Patience+c.pace.Convinced):
		return wait.Pending, Result{Product: p}, nil
	case Satisfies(op.Target, live):
		return wait.Done, Result{Product: p}, nil
	case IsTransitional(live), seen.outcome == unclear, age < patience:
		return wait.Pending, Result{Product: p}, nil
	}
	return wait.Failed, Result{Product: p, Reason: &UnsettledError{Want: op.Target, Got: live}}, nil
}

// WaitSettled waits while the SIM card is PENDING_* by somebody else's change. The deadline is ctx's. Errors are those
// of package wait; the product is the last one read, nil where none was.
func (c *Client) WaitSettled(ctx context.Context, productID string) (*Product, error) {
	var last *Product
	operation := "running change of SIM card " + productID
	_, err := wait.Until(ctx, c.waitConfig(ctx, operation), func(ctx context.Context) (status, error) {
		p, err := c.sim(ctx, productID)
		if err != nil {
			return failedPoll(err)
		}
		last = p
		if IsTransitional(p.SIMCard.Status) {
			return status{Word: p.SIMCard.Status}, nil
		}
		return status{State: wait.Done, Word: p.SIMCard.Status}, nil
	})
	return last, err
}

// WaitOther waits, after a 409, for the end of the change that the service says is running: until the SIM card is not
// PENDING_* and shows another status than before, or Pace.Patience is over without its being PENDING_*. The deadline is
// ctx's. Errors are those of package wait; the product is the last one read, nil where none was.
func (c *Client) WaitOther(ctx context.Context, productID, before string) (*Product, error) {
	var last *Product
	start := time.Now()
	cfg := c.waitConfig(ctx, "running change of SIM card "+productID)
	_, err := wait.Until(ctx, cfg, func(ctx context.Context) (status, error) {
		p, err := c.sim(ctx, productID)
		if err != nil {
			return failedPoll(err)
		}
		last = p
		live := p.SIMCard.Status
		if IsTransitional(live) || live == before && time.Since(start) < c.pace.Patience {
			return status{Word: live}, nil
		}
		return status{State: wait.Done, Word: live}, nil
	})
	return last, err
}

// unchangedReads is how often the old status must have been read, at least, before a change of unknown outcome is taken
// not to have happened.
const unchangedReads = 3

// Settle finds out by reads what became of a change without a usable answer: it has happened as soon as the SIM card
// satisfies the target, and is under way where it is PENDING_* and was not before. Once Pace.Doubt has passed since it
// was sent, in at least three reads, the last one decides: the status of before says that it had no effect, any other
// one that somebody else has changed the SIM card since. The error says why nothing can be told; ctx bounds the reads.
func (c *Client) Settle(ctx context.Context, op Operation) (wait.Verdict, *Product, error) {
	reads := 0
	verdict := wait.Undecided
	var product *Product
	cfg := c.waitConfig(ctx, op.name()+", of unknown outcome")
	_, err := wait.Until(ctx, cfg, func(ctx context.Context) (status, error) {
		p, err := c.sim(ctx, op.ProductID)
		if errors.Is(err, transport.ErrNotFound) && reads >= unchangedReads && time.Since(op.Since) >= c.pace.Doubt() {
			verdict = wait.Vanished
			return status{State: wait.Done}, nil
		}
		reads++
		if err != nil {
			return failedPoll(err)
		}
		product = p
		live := p.SIMCard.Status
		if op.Before == "" && !Satisfies(op.Target, live) && !IsTransitional(live) {
			op.Before = live
		}
		switch {
		case Satisfies(op.Target, live):
			verdict = wait.Happened
		case IsTransitional(live) && live != op.Before:
			verdict = wait.Underway
		case reads < unchangedReads || time.Since(op.Since) < c.pace.Doubt():
			return status{Word: live}, nil
		case live == op.Before:
			verdict = wait.NoEffect
		default:
			verdict = wait.Superseded
		}
		return status{State: wait.Done, Word: live}, nil
	})
	return verdict, product, err
}
