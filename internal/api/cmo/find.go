package cmo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"sort"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

const (
	// findSize is the most ICCIDs in one find; the service's own limit is not documented (API page, section 13, 24).
	findSize = 50
	// uselessFinds in a row end the use of find: each costs a call, and refusals count against the IP address.
	uselessFinds = 2
)

// ProductsByID reads many products, by finds of at most 50 in parallel. Every id is in exactly one of the two maps.
func (c *Client) ProductsByID(ctx context.Context, ids []string) (map[string]*Product, map[string]error) {
	products, failures := map[string]*Product{}, map[string]error{}
	var mu sync.Mutex
	deliver := func(id string, p *Product, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			failures[id] = err
			return
		}
		products[id] = p
	}

	var group errgroup.Group
	group.SetLimit(c.atOnce)
	for _, chunk := range chunks(ids) {
		group.Go(func() error {
			c.safely(ctx, chunk, deliver, c.readMany)
			return nil
		})
	}
	_ = group.Wait() // what fails is delivered
	return products, failures
}

// chunks splits distinct ids into finds. A find for a backend with limits of its own holds no others, so that these do
// not wait for its rate class.
func chunks(ids []string) [][]string {
	ids = slices.Clone(ids)
	sort.Slice(ids, func(i, j int) bool {
		if a, b := rateClass(ids[i]), rateClass(ids[j]); a != b {
			return a < b
		}
		return ids[i] < ids[j]
	})
	ids = slices.Compact(ids)

	var out [][]string
	for len(ids) > 0 {
		n := 1
		for n < len(ids) && n < findSize && rateClass(ids[n]) == rateClass(ids[0]) {
			n++
		}
		out = append(out, ids[:n])
		ids = ids[n:]
	}
	return out
}

// readMany reads up to findSize distinct products of one rate class, by find where that is possible, and calls deliver
// exactly once for each.
func (c *Client) readMany(ctx context.Context, ids []string, deliver func(string, *Product, error)) {
	var byFind, single []string
	for _, id := range ids {
		if _, iccid := SplitID(id); isICCID(iccid) && !c.findMissing.Load() {
			byFind = append(byFind, id)
		} else {
			single = append(single, id)
		}
	}
	single = append(single, c.readByFind(ctx, byFind, deliver)...)

	var reads sync.WaitGroup
	for _, id := range single {
		reads.Go(func() { c.safely(ctx, []string{id}, deliver, c.readOne) })
	}
	reads.Wait()
}

func (c *Client) readOne(ctx context.Context, ids []string, deliver func(string, *Product, error)) {
	p, err := c.Product(ctx, ids[0])
	deliver(ids[0], p, err)
}

// safely calls read, and delivers an error for each product that a panic in it has left open: that costs those products
// their certainty, and not the process with the answers of all other changes.
func (c *Client) safely(
	ctx context.Context, ids []string, deliver func(string, *Product, error),
	read func(context.Context, []string, func(string, *Product, error)),
) {
	var mu sync.Mutex
	open := map[string]bool{}
	for _, id := range ids {
		open[id] = true
	}
	defer func() {
		fault := recover()
		if fault == nil {
			return
		}
		c.log.ErrorContext(ctx, "panic", "type", fmt.Sprintf("%T", fault), "stack", string(debug.Stack()))
		mu.Lock()
		defer mu.Unlock()
		for id := range open {
			deliver(id, nil, c.http.Fail(c.get("read product "+id, "product", id), nil, transport.Error{Cause: errFault}))
		}
	}()
	read(ctx, ids, func(id string, p *Product, err error) {
		mu.Lock()
		delete(open, id)
		mu.Unlock()
		deliver(id, p, err)
	})
}

// errFault says that the provider panicked.
var errFault = errors.New("the provider has a fault, which the log (TF_LOG=ERROR) shows: please report it")

// readByFind delivers what find can decide and returns the ids that a single read has to decide.
func (c *Client) readByFind(
	ctx context.Context, ids []string, deliver func(string, *Product, error),
) (undecided []string) {
	for len(ids) > 1 {
		answer, err := c.find(ctx, ids)
		if err != nil {
			if c.withoutFind(ctx, err, ids) {
				break
			}
			for _, id := range ids {
				deliver(id, nil, err)
			}
			return undecided
		}

		var missing []string
		delivered, named := 0, 0
		for _, id := range ids {
			p, known := answer.products[id]
			notFound := answer.notFound(id)
			switch {
			case !known && notFound != nil:
				named++
				deliver(id, nil, c.http.Fail(findRequest(c, ids), nil, *notFound))
			case !known:
				missing = append(missing, id)
			case p == nil:
				undecided = append(undecided, id)
			default:
				delivered++
				deliver(id, p, nil)
			}
		}
		c.noteFind(ctx, delivered+named > 0)
		ids = missing
		// Where the service says nothing of those that are missing, its answer may have been a first page: ask again
		// for the others, as long as that brings some.
		if delivered == 0 || len(answer.errors)-named >= len(missing) {
			break
		}
	}
	return append(undecided, ids...)
}

// withoutFind says whether a failed find is no verdict on the products in it: the service lacks it, or refuses this
// list as a whole.
func (c *Client) withoutFind(ctx context.Context, err error, ids []string) bool {
	var failure *transport.Error
	if !errors.As(err, &failure) {
		return false
	}
	switch failure.Status {
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		c.dropFind(ctx, "the service has no product/find")
		return true
	case http.StatusNotFound:
		if !namesOneOf(failure.Message, ids) { // else it is find itself that did not find them
			c.dropFind(ctx, "the service has no product/find")
		}
		return true
	case http.StatusOK, http.StatusPartialContent, http.StatusMultiStatus, http.StatusNoContent,
		http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity:
		c.noteFind(ctx, false)
		return true
	}
	return false
}

func namesOneOf(message string, ids []string) bool {
	for _, id := range ids {
		if _, iccid := SplitID(id); strings.Contains(message, iccid) {
			return true
		}
	}
	return false
}

func (c *Client) noteFind(ctx context.Context, useful bool) {
	if useful {
		c.findUseless.Store(0)
	} else if c.findUseless.Add(1) >= uselessFinds {
		c.dropFind(ctx, "product/find brings nothing that can be used")
	}
}

func (c *Client) dropFind(ctx context.Context, why string) {
	if !c.findMissing.Swap(true) {
		c.log.InfoContext(ctx, "products are read one by one from now on: "+why)
	}
}

// findAnswer holds the products by id. One that the answer carries without all that is needed is there as nil.
type findAnswer struct {
	products map[string]*Product
	errors   []problem
}

// notFound is what the answer says of a product that it clearly did not find, or nil.
func (a findAnswer) notFound(id string) *transport.Error {
	_, iccid := SplitID(id)
	for _, p := range a.errors {
		// Whole numbers are compared: one ICCID may begin another.
		if string(p.Status) == "404" && p.saysNotFound() && slices.Contains(numbers.FindAllString(p.words(), -1), iccid) {
			failure := p.toError()
			failure.Status, failure.NotFound = http.StatusNotFound, true
			return &failure
		}
	}
	return nil
}

var numbers = regexp.MustCompile(`[0-9]+`)

func findRequest(c *Client, ids []string) transport.Request {
	return transport.Request{
		Op: "find products", Method: http.MethodPost, Path: c.path("product", "find"),
		Header:      http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}},
		RateClasses: rateClasses(ids...),
	}
}

// find makes one POST /product/find, which reads and is repeated as a read (API page, section 7).
func (c *Client) find(ctx context.Context, ids []string) (findAnswer, error) {
	list := make([]string, 0, len(ids))
	for _, id := range ids {
		_, iccid := SplitID(id)
		list = append(list, iccid)
	}
	slices.Sort(list)
	body, err := json.Marshal(struct {
		ICCIDList      []string `json:"iccidList"`
		TerminalSNList []string `json:"terminalSNList"`
	}{slices.Compact(list), []string{}})
	if err != nil {
		return findAnswer{}, err
	}

	req := findRequest(c, ids)
	req.Body = body
	res, err := c.http.Do(ctx, req)
	if err != nil {
		return findAnswer{}, err
	}
	answer, err := parseFind(res.Body)
	if err != nil {
		return findAnswer{}, c.notTheAPI(req, res, err)
	}
	return answer, nil
}

// parseFind goes by product id, since one ICCID may exist on two backends.
func parseFind(body []byte) (findAnswer, error) {
	// In one go where every product is as documented, since a fleet has thousands.
	var whole struct {
		Entities []wireProduct     `json:"entities"`
		Errors   []json.RawMessage `json:"errors"`
	}
	if transport.DecodeJSON(body, &whole) == nil && whole.Entities != nil {
		answer := findAnswer{products: make(map[string]*Product, len(whole.Entities)), errors: problems(whole.Errors)}
		for _, w := range whole.Entities {
			answer.add(w)
		}
		return answer, nil
	}

	e, err := parseEnvelope(body)
	if err != nil {
		return findAnswer{}, err
	}
	answer := findAnswer{products: make(map[string]*Product, len(e.Entities)), errors: problems(e.Errors)}
	for _, raw := range e.Entities {
		var w wireProduct
		if transport.DecodeJSON(raw, &w) != nil {
			continue // not known, so a single read decides
		}
		answer.add(w)
	}
	return answer, nil
}

func problems(raw []json.RawMessage) []problem {
	out := make([]problem, len(raw))
	for i := range raw {
		out[i], _ = parseProblem(raw[i])
	}
	return out
}

func (a findAnswer) add(w wireProduct) {
	p := w.product()
	if p.SIMCard == nil {
		p = nil
	}
	a.products[string(w.ID)] = p
}
