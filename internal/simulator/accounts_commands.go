package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// accountsCard is a SIM card in the store.
type accountsCard struct {
	account string
	card    SIMCard
	running *accountsCommand
	unseen  int // single reads that still answer 404 (quirk CreateVisibleAfter)
}

// staleCard is what the next single reads show in place of the truth (quirk StaleReads).
type staleCard struct {
	account string
	card    SIMCard
	reads   int
}

// accountsCommand is an accepted create, update or delete.
type accountsCommand struct {
	operation
	account, cli string
	action       string
	outcome      string         // how it will end: complete, failed or stalled
	apply        func(*SIMCard) // what it does to the card; nil for a delete
	ended        bool           // the outcome has come about
	polls        int            // status polls so far
}

func (a *accountsAPI) cardOf(key, cli string) *accountsCard {
	if c := a.cards[cli]; c != nil && c.account == key {
		return c
	}
	return nil
}

// lookAtCard counts a look at the card's running command and ends it when it is over.
func (a *accountsAPI) lookAtCard(c *accountsCard) {
	if cmd := c.running; cmd != nil && a.sim.look(&cmd.operation) {
		a.end(cmd)
	}
}

// catchUp ends what is over by the clock, without counting as a look.
func (a *accountsAPI) catchUp(c *accountsCard) {
	if c.running != nil && c.running.rule.after > 0 {
		a.lookAtCard(c)
	}
}

// end brings a command's outcome about.
func (a *accountsAPI) end(cmd *accountsCommand) {
	c := a.cards[cmd.cli]
	c.running, cmd.ended = nil, true
	c.card.ActorStatus = actorStable
	before := staleCard{account: c.account, card: c.card.clone(), reads: a.quirks.StaleReads}
	switch {
	case cmd.outcome == "stalled":
		c.card.ActorStatus = actorStalled
		return
	case cmd.outcome == "failed":
		if cmd.action == "create" {
			a.remove(c)
		}
		return
	case cmd.action == "delete" && !a.quirks.DeleteKeepsTerminated:
		a.remove(c)
	case cmd.action == "delete":
		c.card.State = stateTerminated
		c.card.Version++
	default:
		cmd.apply(&c.card)
		c.card.Version++
	}
	if before.reads > 0 && cmd.action != "create" {
		a.stale[cmd.cli] = &before
	}
}

// insert puts a card into its account, which must exist.
func (a *accountsAPI) insert(c *accountsCard) {
	acc := a.accounts[c.account]
	if at, found := slices.BinarySearch(acc.clis, c.card.CLI); !found {
		acc.clis = slices.Insert(acc.clis, at, c.card.CLI)
	}
	a.cards[c.card.CLI] = c
	delete(a.stale, c.card.CLI)
}

func (a *accountsAPI) remove(c *accountsCard) {
	acc := a.accounts[c.account]
	if at, found := slices.BinarySearch(acc.clis, c.card.CLI); found {
		acc.clis = slices.Delete(acc.clis, at, at+1)
	}
	delete(a.cards, c.card.CLI)
}

// parseCard reads a request's body: its writable fields by name, or what is wrong with it.
func parseCard(body []byte) (fields map[string]json.RawMessage, problems map[string][]string) {
	if err := json.Unmarshal(body, &fields); err != nil || fields == nil {
		return nil, map[string][]string{"sim": {"A JSON object of the SIMCard model is expected."}}
	}
	problems = map[string][]string{}
	var scratch SIMCard
	for name, raw := range fields {
		f := cardFieldNamed(name)
		if f == nil {
			problems["sim."+name] = []string{"Could not find member '" + name + "' on object of type 'SIMCard'."}
			continue
		}
		if err := f.set(&scratch, raw); err != nil {
			problems["sim."+name] = []string{err.Error()}
		}
	}
	maps.DeleteFunc(fields, func(name string, _ json.RawMessage) bool {
		f := cardFieldNamed(name)
		return f != nil && f.readOnly
	})
	return fields, problems
}

// change makes the function that stores the fields, less those that the quirks keep from being stored.
func (a *accountsAPI) change(fields map[string]json.RawMessage) func(*SIMCard) {
	hidden, emptyAsNull := slices.Clone(a.quirks.HideFields), a.quirks.EmptyAsNull
	return func(c *SIMCard) {
		for name, raw := range fields {
			if slices.Contains(hidden, name) {
				continue
			}
			f := cardFieldNamed(name)
			if emptyAsNull && f.text != nil && string(raw) == `""` {
				raw = jsonNull
			}
			if err := f.set(c, raw); err != nil {
				panic(err) // parseCard has let it through
			}
		}
	}
}

func (a *accountsAPI) createSIM(w http.ResponseWriter, r *http.Request, body []byte) {
	key := r.PathValue("key")
	fields, problems := parseCard(body)
	if len(problems) == 0 && fields["CLI"] == nil {
		problems = map[string][]string{"sim.CLI": {"The CLI field is required."}}
	}
	if !accountKeyPattern.MatchString(key) {
		problems["foreignaccountkey"] = []string{"The key must match " + accountKeyPattern.String()}
	}
	if len(problems) > 0 {
		a.invalid(w, problems)
		return
	}

	c := &accountsCard{account: key, unseen: a.quirks.CreateVisibleAfter}
	a.change(fields)(&c.card)
	if err := cardFieldNamed("CLI").set(&c.card, fields["CLI"]); err != nil { // it cannot be hidden
		panic(err)
	}
	if old := a.cards[c.card.CLI]; old != nil {
		a.catchUp(old)
	}
	if a.cards[c.card.CLI] != nil {
		a.fail(w, http.StatusConflict, "CLI exists")
		return
	}
	if a.accounts[key] == nil {
		if c.card.Hints == nil {
			a.fail(w, http.StatusNotFound, "Account not found")
			return
		}
		a.accounts[key] = &foreignAccount{key: key, started: a.sim.now(), hints: *c.card.Hints}
	}
	c.card.Created = a.sim.now()
	c.card.Version = 1
	a.insert(c)
	a.accept(w, r, http.StatusAccepted, c, "create", describeFields(fields, &c.card), func(*SIMCard) {})
}

func (a *accountsAPI) updateSIM(w http.ResponseWriter, r *http.Request, body []byte) {
	fields, problems := parseCard(body)
	if len(problems) > 0 {
		a.invalid(w, problems)
		return
	}
	c := a.target(w, r)
	if c == nil {
		return
	}
	delete(fields, "Hints") // they belong to a create
	wanted := c.card.clone()
	apply := a.change(fields)
	apply(&wanted)
	if wanted.CLI != c.card.CLI {
		a.invalid(w, map[string][]string{"sim.CLI": {"The CLI of a SIM card cannot be changed."}})
		return
	}
	if c.card.State == stateTerminated && wanted.State != stateTerminated {
		a.fail(w, http.StatusConflict, "SIM card is terminated")
		return
	}
	delete(fields, "CLI") // the same: no change
	a.accept(w, r, http.StatusOK, c, "update", describeChange(fields, &c.card, &wanted), apply)
}

func (a *accountsAPI) deleteSIM(w http.ResponseWriter, r *http.Request, _ []byte) {
	if a.quirks.DeleteNotAllowed {
		w.Header().Set("Allow", "GET, PATCH")
		a.send(w, http.StatusMethodNotAllowed, map[string]string{
			"Message": "The requested resource does not support http method 'DELETE'.",
		})
		return
	}
	if c := a.target(w, r); c != nil {
		a.accept(w, r, http.StatusOK, c, "delete", "State "+simStateNames[c.card.State], nil)
	}
}

// target finds the card that a command is for, or answers why it can't be had.
func (a *accountsAPI) target(w http.ResponseWriter, r *http.Request) *accountsCard {
	key, cli := r.PathValue("key"), r.PathValue("cli")
	if c := a.cardOf(key, cli); c != nil {
		a.catchUp(c)
	}
	c := a.cardOf(key, cli) // again: the command that was running may have removed it
	switch {
	case c == nil:
		a.notFound(w, key)
	case c.running != nil:
		a.fail(w, http.StatusConflict, "Another command is running on this SIM card")
	case c.card.ActorStatus == actorStalled:
		a.fail(w, http.StatusConflict, "SIM card is stalled, contact the support desk")
	default:
		return c
	}
	return nil
}

// accept queues a command. The network has committed to it from here on: this is where the ledger counts it. The
// answer shows the card as it is before the change.
func (a *accountsAPI) accept(
	w http.ResponseWriter, r *http.Request, status int, c *accountsCard, action, detail string, apply func(*SIMCard),
) {
	cmd := &accountsCommand{
		operation: a.sim.newOperation(), account: c.account, cli: c.card.CLI, action: action, outcome: "complete",
		apply: apply,
	}
	if q := a.quirks; q.FailNext != "" {
		cmd.outcome = q.FailNext
	}
	id := a.opaque("command")
	a.commands[id] = cmd
	c.running = cmd
	c.card.ActorStatus = actorPending
	a.sim.executed(Accounts, action, cmd.account+"/"+cmd.cli, detail)

	e := successEnvelope(a.encodeCard(&c.card))
	e.Code = http.StatusAccepted
	if statusURL := a.statusURL(r, cmd, id); a.quirks.StatusURLInMeta {
		e.Meta, e.StatusURL = map[string]string{"StatusUrl": statusURL}, new("")
	} else if !a.quirks.NoStatusURL {
		e.StatusURL = &statusURL
	}
	a.sendEnvelope(w, status, e)
}

// statusURL is a path without a host, its cmdid percent-encoded, unless the quirks say otherwise.
func (a *accountsAPI) statusURL(r *http.Request, cmd *accountsCommand, id string) string {
	escape := func(segment string) string { // PathEscape leaves the plus sign of an MSISDN as it is
		return strings.ReplaceAll(url.PathEscape(segment), "+", "%2B")
	}
	path := fmt.Sprintf("/v1/accounts/%s/hardware/sims/%s/status?cmdid=%s",
		escape(cmd.account), escape(cmd.cli), url.QueryEscape(id))
	q := a.quirks
	if q.StatusURLWithPrefix || q.StatusURLAbsolute || q.StatusURLHost != "" {
		path = "/" + string(Accounts) + path
	}
	switch {
	case strings.Contains(q.StatusURLHost, "://"):
		return q.StatusURLHost + path
	case q.StatusURLHost != "":
		return "https://" + q.StatusURLHost + path
	case q.StatusURLAbsolute && r.TLS != nil:
		return "https://" + r.Host + path
	case q.StatusURLAbsolute:
		return "http://" + r.Host + path
	default:
		return path
	}
}

// statusNumbers are the words as integers, for the shapes that answer one.
var statusNumbers = map[string]int{"pending": 0, "complete": 1, "failed": 2, "stalled": 10}

func (a *accountsAPI) commandStatus(w http.ResponseWriter, r *http.Request, _ []byte) {
	cmd := a.commands[r.URL.Query().Get("cmdid")]
	if cmd == nil || cmd.account != r.PathValue("key") || cmd.cli != r.PathValue("cli") {
		a.fail(w, http.StatusNotFound, "Command not found")
		return
	}
	cmd.polls++
	if !cmd.ended {
		a.lookAtCard(a.cards[cmd.cli])
	}
	q := a.quirks
	if cmd.polls <= q.StatusNotFoundFirst || q.StatusForgotten && cmd.ended {
		a.fail(w, http.StatusNotFound, "Command not found")
		return
	}
	key := "pending"
	if cmd.ended {
		key = cmd.outcome
	}
	if q.StatusFailureResult && key == "failed" {
		a.fail(w, http.StatusBadRequest, "The operator refused the "+cmd.action)
		return
	}
	word, number := key, statusNumbers[key]
	if other, ok := q.StatusWords[key]; ok {
		word = other
	}

	e := successEnvelope(nil)
	switch q.StatusShape {
	case "bare_string":
		e.Data = mustJSON(word)
	case "integer":
		e.Data = mustJSON(number)
	case "object_integer":
		e.Data = mustJSON(map[string]int{"Status": number})
	case "top_level":
		e.Status = word
	case "no_data":
	default:
		e.Data = mustJSON(map[string]string{"Status": word})
	}
	a.sendEnvelope(w, http.StatusOK, e)
}

// describeFields tells the ledger what a create sets, in a fixed order.
func describeFields(fields map[string]json.RawMessage, card *SIMCard) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if name != "CLI" && name != "Hints" {
			parts = append(parts, name+": "+describeField(name, card))
		}
	}
	return strings.Join(parts, ", ")
}

// describeChange tells the ledger what an update changes, in a fixed order ("State: ready -> live").
func describeChange(fields map[string]json.RawMessage, before, after *SIMCard) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		parts = append(parts, name+": "+describeField(name, before)+" -> "+describeField(name, after))
	}
	return strings.Join(parts, ", ")
}

func describeField(name string, c *SIMCard) string {
	f := cardFieldNamed(name)
	value := f.get(c)
	if n, ok := value.(int); ok && f.names != nil {
		return f.names[n]
	}
	return string(mustJSON(value))
}
