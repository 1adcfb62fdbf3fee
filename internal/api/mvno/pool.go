package mvno

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"strconv"
	"strings"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/identity"
)

// PoolSIM is a SIM outside an account (pages api:sim:get and api:sim:list). The answers hold its PINs and PUKs too,
// which are not even decoded here: see Codes.
type PoolSIM struct {
	ICC        string // its digits, without the F with which some are stored
	Network    string // TELENOR, TDC, TELIA; empty where the answer has none
	FormFactor string // MINI_MICRO, NANO, MINI_MICRO_NANO, eSIM; empty where the answer has none
	// InStorageAt is the id of the customer or reseller who holds the SIM in storage; empty where TelecomX does, or
	// where the answer does not say.
	InStorageAt string
	// AutoAssign: new accounts of the reseller's customers may be given this SIM by the service.
	AutoAssign bool
}

// poolBody is a SIM object as far as it is no secret.
type poolBody struct {
	ID          text           `json:"_id"`
	Network     text           `json:"network"`
	FormFactor  text           `json:"formFactor"`
	InStorageAt *text          `json:"inStorageAt"`
	AutoAssign  transport.Bool `json:"autoAssign"`
}

func (b poolBody) sim() PoolSIM {
	sim := PoolSIM{
		ICC: digitsOf(string(b.ID)), Network: string(b.Network), FormFactor: string(b.FormFactor),
		AutoAssign: bool(b.AutoAssign),
	}
	if b.InStorageAt != nil {
		sim.InStorageAt = string(*b.InStorageAt)
	}
	return sim
}

// digitsOf is an ICC without blanks and the F that pads some.
func digitsOf(icc string) string {
	return strings.TrimSuffix(strings.ToUpper(strings.Join(strings.Fields(icc), "")), "F")
}

// PoolFilter chooses among the unused SIMs; an empty field chooses all.
type PoolFilter struct {
	Customer   string // id of the customer who has them in storage; empty is what the token may see
	Network    string // TELENOR, TDC, TELIA, in any case
	FormFactor string // MINI_MICRO, NANO, MINI_MICRO_NANO, eSIM, in any case
	ICC        string // an ICC or a part of it
	AutoAssign *bool
}

// EachUnusedSIM lists the unused SIMs that match (page api:sim:list), as EachAccount lists accounts.
func (c *Client) EachUnusedSIM(ctx context.Context, filter PoolFilter) iter.Seq2[PoolSIM, error] {
	l := listing[PoolSIM]{
		req: get("list unused SIMs", "sim"), what: "SIMs", arrays: []string{"sims", "data"},
		decode: decodePoolSIM, key: func(sim PoolSIM) string { return identity.ICCKey(sim.ICC) },
	}
	l.req.Query = filter.query()
	return func(yield func(PoolSIM, error) bool) {
		for sim, err := range each(ctx, c, l) {
			if err == nil && !filter.matches(sim) {
				continue
			}
			if !yield(sim, err) {
				return
			}
		}
	}
}

// UnusedSIMs lists all unused SIMs that match. A SIM that is not as documented is an error.
func (c *Client) UnusedSIMs(ctx context.Context, filter PoolFilter) ([]PoolSIM, error) {
	return all(c.EachUnusedSIM(ctx, filter))
}

func decodePoolSIM(raw json.RawMessage) (PoolSIM, error) {
	var body poolBody
	if transport.DecodeJSON(raw, &body) != nil || digitsOf(string(body.ID)) == "" {
		return PoolSIM{}, errors.New("it is no SIM with an ICC")
	}
	return body.sim(), nil
}

// formFactors are spelled on the wire as in the page: eSIM is not in capitals.
var formFactors = []string{"MINI_MICRO", "NANO", "MINI_MICRO_NANO", "eSIM"}

func (f PoolFilter) query() map[string][]string {
	formFactor := f.FormFactor
	for _, spelled := range formFactors {
		if strings.EqualFold(spelled, formFactor) {
			formFactor = spelled
		}
	}
	query := given(map[string]string{
		"customer": f.Customer, "network": strings.ToUpper(f.Network), "formFactor": formFactor, "filter": digitsOf(f.ICC),
	})
	if f.AutoAssign != nil {
		query.Set("autoAssign", strconv.FormatBool(*f.AutoAssign))
	}
	return query
}

func (f PoolFilter) matches(sim PoolSIM) bool {
	switch {
	case f.Customer != "" && sim.InStorageAt != "" && !strings.EqualFold(sim.InStorageAt, f.Customer),
		f.Network != "" && !strings.EqualFold(sim.Network, f.Network),
		f.FormFactor != "" && !strings.EqualFold(sim.FormFactor, f.FormFactor),
		f.AutoAssign != nil && sim.AutoAssign != *f.AutoAssign:
		return false
	}
	return strings.Contains(sim.ICC, digitsOf(f.ICC)) || identity.SameICC(sim.ICC, f.ICC)
}

// PoolSIM reads one SIM by its ICC without its codes, for a look before a swap (page api:sim:get). The error is
// transport.ErrNotFound only where the service says 404 not_found or sim. The page does not say whether a SIM that an
// account holds can be read, nor whether it then differs from an unused one: see Unused.
func (c *Client) PoolSIM(ctx context.Context, icc string) (*PoolSIM, error) {
	var body poolBody
	if err := c.readSIM(ctx, icc, "read SIM "+digitsOf(icc), &body, &body.ID); err != nil {
		return nil, err
	}
	return new(body.sim()), nil
}

// Unused says whether a SIM is among the unused ones that the token may see (page api:sim:list): nil where it is not.
func (c *Client) Unused(ctx context.Context, icc string) (*PoolSIM, error) {
	for sim, err := range c.EachUnusedSIM(ctx, PoolFilter{ICC: identity.ICCKey(icc)}) {
		switch {
		case err != nil:
			return nil, err
		case identity.SameICC(sim.ICC, icc):
			return &sim, nil
		}
	}
	return nil, nil
}

// Codes are the PIN and PUK codes of a SIM; empty where the answer has none. Everything that formats or logs a value
// shows that there are some, and not which.
type Codes struct {
	PIN1, PIN2, PUK1, PUK2 string
	// SIM is the rest of the answer.
	SIM PoolSIM
}

// String shows no code, so that no %v and no %+v does.
func (c Codes) String() string { return fmt.Sprintf("codes of SIM %s (not shown)", c.SIM.ICC) }

// GoString is String, for %#v.
func (c Codes) GoString() string { return c.String() }

// LogValue is String, for a logger that writes JSON.
func (c Codes) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON is String: a struct that holds codes must not show them by being encoded.
func (c Codes) MarshalJSON() ([]byte, error) { return json.Marshal(c.String()) }

// Any says whether the answer held a code.
func (c Codes) Any() bool { return c.PIN1 != "" || c.PIN2 != "" || c.PUK1 != "" || c.PUK2 != "" }

// SIMCodes reads the codes of a SIM by its ICC (page api:sim:get): those of a SIM that the token's customer, or one of
// its reseller, has in storage. Errors are those of PoolSIM; 403 access_denied may mean that the token may read no SIM
// at all, or that this one lies in somebody else's storage: MayListSIMs tells.
func (c *Client) SIMCodes(ctx context.Context, icc string) (*Codes, error) {
	var body struct {
		poolBody
		PIN1 text `json:"pin1"`
		PIN2 text `json:"pin2"`
		PUK1 text `json:"puk1"`
		PUK2 text `json:"puk2"`
	}
	if err := c.readSIM(ctx, icc, "read the codes of SIM "+digitsOf(icc), &body, &body.ID); err != nil {
		return nil, err
	}
	return &Codes{
		PIN1: string(body.PIN1), PIN2: string(body.PIN2), PUK1: string(body.PUK1), PUK2: string(body.PUK2), SIM: body.sim(),
	}, nil
}

// MayListSIMs says whether the token's access level lets it read SIMs at all.
func (c *Client) MayListSIMs(ctx context.Context) (bool, error) {
	req := get("list unused SIMs", "sim")
	req.Query = map[string][]string{"limit": {"1"}}
	_, err := c.http.Do(ctx, req)
	if errors.Is(err, transport.ErrForbidden) && !errors.Is(err, transport.ErrNotTheAPI) { // else a filter's page
		return false, nil
	}
	return err == nil, err
}

// readSIM reads one SIM into body, and checks by its id that it is the one. Whether the service knows an ICC with its
// check digit or without is not documented, so one that it does not know is asked for in the other form.
func (c *Client) readSIM(ctx context.Context, icc, op string, body any, id *text) error {
	digits := digitsOf(icc)
	err := c.readSIMAs(ctx, digits, op, body, id)
	if key := identity.ICCKey(digits); key != digits && errors.Is(err, transport.ErrNotFound) {
		return c.readSIMAs(ctx, key, op, body, id)
	}
	return err
}

func (c *Client) readSIMAs(ctx context.Context, digits, op string, body any, id *text) error {
	req := get(op, "sim", digits)
	if !poolICC.MatchString(digits) {
		return refuse(req, fmt.Errorf("%q is not an ICC of 11 to 20 digits", digits))
	}
	res, err := c.http.Do(ctx, req)
	if err != nil {
		return notFoundOn(err, codeNotFound, codeNoSIM)
	}
	switch {
	case transport.DecodeJSON(res.Body, body) != nil || *id == "":
		return c.http.Fail(req, res, *foreign(res))
	case !identity.SameICC(string(*id), digits):
		return c.http.Fail(req, res, transport.Error{NotTheAPI: true, Cause: errors.New("the answer is about another SIM")})
	}
	return nil
}
