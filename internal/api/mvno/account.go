package mvno

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"strings"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/identity"
)

// Account is an MVNO account (page api:mvno:account:get).
type Account struct {
	ID       string // 24 hex characters
	Customer string // the id of the customer that it belongs to
	State    string // ACTIVE, BLOCKED, CREATING, DELETING, or a word that the page does not list
	Type     string // "MVNO"
	Number   string // E.164; empty where it has none
	// SIM is the current SIM. An empty SIMNumber means that the answer had none: it is not known, rather than gone.
	SIM SIM
}

// SIM is a SIM of an account, of a swap's answer, or of the pool. Not every answer fills every field.
type SIM struct {
	SIMNumber  string // ICC, as the service shows it; compare with identity.SameICC
	IMSI       string
	Network    string // TELENOR, TDC, TELIA
	FormFactor string // MINI_MICRO, NANO, MINI_MICRO_NANO, eSIM
	// PIN1, PIN2, PUK1 and PUK2 are secrets.
	PIN1, PIN2, PUK1, PUK2 string
}

// String leaves out PIN and PUK, so that no %v shows them.
func (s SIM) String() string {
	return fmt.Sprintf("{%s %s %s %s}", s.SIMNumber, s.IMSI, s.Network, s.FormFactor)
}

// GoString is String, for %#v.
func (s SIM) GoString() string { return s.String() }

// LogValue is String, for a logger that writes JSON.
func (s SIM) LogValue() slog.Value { return slog.StringValue(s.String()) }

// IsTerminal tells whether an account in this state is going away. The page on deletion says DELETED where that on the
// account says DELETING.
func IsTerminal(state string) bool { return state == "DELETING" || state == "DELETED" }

// AllowsSwap tells whether a swap may be tried in this state. The page says only that some states forbid it: what is
// not clearly one of them is for the service to decide.
func AllowsSwap(state string) bool { return state != "CREATING" && !IsTerminal(state) }

var (
	hexID = regexp.MustCompile(`^[0-9A-Fa-f]{24}$`)
	// e164 is the other name of an account that the page allows for reading.
	e164    = regexp.MustCompile(`^\+?[0-9]{5,15}$`)
	poolICC = regexp.MustCompile(`^[0-9]{11,20}[Ff]?$`)
)

// Account reads an account by its id or its E.164 number (page api:mvno:account:get). The error is
// transport.ErrNotFound only where the service says 404 mvnoAccount.
func (c *Client) Account(ctx context.Context, id string) (*Account, error) {
	req := get("read MVNO account "+id, "mvno", id)
	if !hexID.MatchString(id) && !e164.MatchString(id) {
		return nil, refuse(req, fmt.Errorf("%q is neither an account id of 24 hex characters nor an E.164 number", id))
	}
	res, err := c.http.Do(ctx, req)
	if err != nil {
		return nil, notFoundOn(err, codeNoAccount)
	}
	account, problem := decodeAccount(res, id)
	if problem != nil {
		return nil, c.http.Fail(req, res, *problem)
	}
	return account, nil
}

// HasAccounts says whether the list of accounts holds any, which proves that it is the service of whoever manages one.
// The name of the array is not documented, so any that is not empty counts.
func (c *Client) HasAccounts(ctx context.Context) (bool, error) {
	req := get("list MVNO accounts", "mvno")
	req.Query = url.Values{"limit": {"1"}}
	res, err := c.http.Do(ctx, req)
	if err != nil {
		return false, err
	}
	var bare []json.RawMessage
	if transport.DecodeJSON(res.Body, &bare) == nil {
		return len(bare) > 0, nil
	}
	var list map[string]json.RawMessage
	if transport.DecodeJSON(res.Body, &list) != nil {
		return false, c.http.Fail(req, res, *foreign(res))
	}
	for _, member := range list {
		if json.Unmarshal(member, &bare) == nil && len(bare) > 0 {
			return true, nil
		}
	}
	return false, nil
}

// text is a string of an answer. A PIN without quotes must not make a swap that was executed look like one that was
// not.
type text = transport.Text

// icc is text that must be one: a SIM number of another shape must not read as an account without a SIM.
type icc transport.Text

func (i *icc) UnmarshalJSON(body []byte) error {
	if bytes.HasPrefix(body, []byte("{")) || bytes.HasPrefix(body, []byte("[")) {
		return errors.New("not a text")
	}
	return (*transport.Text)(i).UnmarshalJSON(body)
}

// simBody is the mvnoSim object of accounts and of swap answers.
type simBody struct {
	SIMNumber  icc  `json:"simNumber"`
	IMSI       text `json:"imsi"`
	Network    text `json:"network"`
	FormFactor text `json:"formFactor"`
	PIN1       text `json:"pin1"`
	PIN2       text `json:"pin2"`
	PUK1       text `json:"puk1"`
	PUK2       text `json:"puk2"`
}

func (b simBody) sim() SIM {
	return SIM{
		SIMNumber: strings.TrimSpace(string(b.SIMNumber)), IMSI: string(b.IMSI),
		Network: string(b.Network), FormFactor: string(b.FormFactor),
		PIN1: string(b.PIN1), PIN2: string(b.PIN2), PUK1: string(b.PUK1), PUK2: string(b.PUK2),
	}
}

// accountSIMBody is the SIM of an account without its PINs and PUKs, which are not even decoded here.
type accountSIMBody struct {
	SIMNumber  icc  `json:"simNumber"`
	IMSI       text `json:"imsi"`
	Network    text `json:"network"`
	FormFactor text `json:"formFactor"`
}

func (b accountSIMBody) sim() SIM {
	return SIM{
		SIMNumber: strings.TrimSpace(string(b.SIMNumber)), IMSI: string(b.IMSI),
		Network: string(b.Network), FormFactor: string(b.FormFactor),
	}
}

func decodeAccount(res *transport.Response, id string) (*Account, *transport.Error) {
	var body struct {
		ID       text            `json:"_id"`
		Customer text            `json:"customer"`
		State    text            `json:"state"`
		Type     text            `json:"type"`
		Number   text            `json:"number"`
		SIM      *accountSIMBody `json:"mvnoSim"`
	}
	if transport.DecodeJSON(res.Body, &body) != nil || !hexID.MatchString(string(body.ID)) || body.State == "" {
		return nil, foreign(res)
	}
	if hexID.MatchString(id) && !strings.EqualFold(string(body.ID), id) {
		return nil, &transport.Error{NotTheAPI: true, Cause: errors.New("the answer is about another account")}
	}
	account := &Account{
		ID: string(body.ID), Customer: string(body.Customer), State: identity.Word(string(body.State)),
		Type: string(body.Type), Number: string(body.Number),
	}
	if body.SIM != nil {
		account.SIM = body.SIM.sim()
	}
	return account, nil
}
