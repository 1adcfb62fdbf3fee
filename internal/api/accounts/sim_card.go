package accounts

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/identity"
)

// SIMCard is a SIM card as the service shows it (model SIMCard, section 4.2 of the API page). A nil text is null.
type SIMCard struct {
	CLI           string // IMSI, or MSISDN as (+353)870000001
	SIMNumber     *string
	Description   *string
	InventoryRef  *string
	Tariff        *string
	Bundle        *string
	Operator      *string
	SOC           *string
	InternalSOC   *string
	PurchaseOrder *string

	Provider          *string
	ProviderTariff    *string
	ProviderPrice     *string // amount and currency in one text, such as "2.00gbp"
	ProviderStartDate *Date

	State         State
	ActorStatus   ActorStatus
	NetworkStatus NetworkStatus
	Version       int64
	Created       *Date
	// ForeignAttributes are the caller's own; nil is null.
	ForeignAttributes map[string]string
}

// Date is an instant together with the service's spelling of it.
type Date struct {
	Text string
	Time time.Time
}

// dateLayouts are RFC 3339 with any fraction, and the same without a zone, which some records have and which is UTC.
var dateLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"}

// ParseDate reads RFC 3339 with up to nine fraction digits, also without a zone (then UTC).
func ParseDate(text string) (Date, error) {
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return Date{Text: text, Time: t}, nil
		}
	}
	return Date{}, fmt.Errorf("%q is not a date and time like 2024-05-01T08:00:00Z", text)
}

// sameInstant compares as exactly as the service keeps time: .NET counts in steps of 100 ns.
func sameInstant(a, b time.Time) bool {
	return a.UTC().Truncate(dateStep).Equal(b.UTC().Truncate(dateStep))
}

const (
	dateStep   = 100 * time.Nanosecond
	dateOnWire = "2006-01-02T15:04:05.9999999Z"
)

// Fields are what a caller may set on a SIM card. Nil is not sent. An empty text clears the field: null in a change,
// left out of a creation. An empty map empties the attributes; a map is always sent whole (points 8 and 9).
// It keeps nil apart from empty when it is written as JSON and read again.
type Fields struct {
	SIMNumber         *string           `json:"sim_number,omitempty"`
	Description       *string           `json:"description,omitempty"`
	InventoryRef      *string           `json:"inventory_ref,omitempty"`
	Tariff            *string           `json:"tariff,omitempty"`
	Bundle            *string           `json:"bundle,omitempty"`
	Operator          *string           `json:"operator,omitempty"`
	SOC               *string           `json:"soc,omitempty"`
	PurchaseOrder     *string           `json:"purchase_order,omitempty"`
	Provider          *string           `json:"provider,omitempty"`
	ProviderTariff    *string           `json:"provider_tariff,omitempty"`
	ProviderPrice     *string           `json:"provider_price,omitempty"`
	ProviderStartDate *time.Time        `json:"provider_start_date,omitempty"`
	State             *State            `json:"state,omitempty"`
	ForeignAttributes map[string]string `json:"foreign_attributes,omitzero"`
}

// textField is a text that can be set, by its name on the wire, and what a SIM card holds there.
type textField struct {
	name string
	sent *string
	live *string
}

func (f Fields) texts(live *SIMCard) []textField {
	return []textField{
		{"SIMNumber", f.SIMNumber, live.SIMNumber},
		{"Description", f.Description, live.Description},
		{"InventoryRef", f.InventoryRef, live.InventoryRef},
		{"Tariff", f.Tariff, live.Tariff},
		{"Bundle", f.Bundle, live.Bundle},
		{"Operator", f.Operator, live.Operator},
		{"SOC", f.SOC, live.SOC},
		{"PurchaseOrder", f.PurchaseOrder, live.PurchaseOrder},
		{"Provider", f.Provider, live.Provider},
		{"ProviderTariff", f.ProviderTariff, live.ProviderTariff},
		{"ProviderPrice", f.ProviderPrice, live.ProviderPrice},
	}
}

// Empty says that nothing would be sent.
func (f Fields) Empty() bool {
	return f.ProviderStartDate == nil && f.State == nil && f.ForeignAttributes == nil &&
		!slices.ContainsFunc(f.texts(&SIMCard{}), func(t textField) bool { return t.sent != nil })
}

// NotReadBack names the fields, as on the wire and in a fixed order, that the SIM card does not show as they were
// sent: an operator may not support Tariff or Bundle. An empty text equals null, dates are compared as instants.
// Of a nil SIM card no sent field reads back.
func (f Fields) NotReadBack(live *SIMCard) []string {
	var names []string
	add := func(name string, sent, same bool) {
		if sent && (live == nil || !same) {
			names = append(names, name)
		}
	}
	card := SIMCard{}
	if live != nil {
		card = *live
	}
	for _, t := range f.texts(&card) {
		same := textOf(t.sent) == textOf(t.live)
		if t.name == "SIMNumber" {
			same = identity.SameICC(textOf(t.sent), textOf(t.live))
		}
		add(t.name, t.sent != nil, same)
	}
	add("ProviderStartDate", f.ProviderStartDate != nil, f.ProviderStartDate != nil && card.ProviderStartDate != nil &&
		sameInstant(*f.ProviderStartDate, card.ProviderStartDate.Time))
	add("State", f.State != nil, f.State != nil && *f.State == card.State)
	add("ForeignAttributes", f.ForeignAttributes != nil, maps.Equal(f.ForeignAttributes, card.ForeignAttributes))
	return names
}

func textOf(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// patch is the body of a change: a partial object, never JSON Patch (point 8).
func (f Fields) patch() map[string]any {
	body := map[string]any{}
	for _, t := range f.texts(&SIMCard{}) {
		switch {
		case t.sent == nil:
		case *t.sent == "":
			body[t.name] = nil
		default:
			body[t.name] = *t.sent
		}
	}
	if f.ProviderStartDate != nil {
		body["ProviderStartDate"] = f.ProviderStartDate.UTC().Format(dateOnWire)
	}
	if f.State != nil {
		body["State"] = int(*f.State)
	}
	if f.ForeignAttributes != nil {
		body["ForeignAttributes"] = f.ForeignAttributes
	}
	return body
}

// Hints let the service create a missing account together with the SIM card. They are never read back.
type Hints struct {
	BillingCycleDay *int64
	EmailContact    *string
	TenantID        *string
}

type wireHints struct {
	BillingCycleDay *int64  `json:",omitempty"`
	EmailContact    *string `json:",omitempty"`
	TenantID        *string `json:"TenantId,omitempty"`
}

// wireSIMCard is the model as it arrives; every member is raw, since the service is known to send other types than
// it documents.
type wireSIMCard struct {
	CLI, SIMNumber, Description, InventoryRef, Tariff, Bundle, Operator, SOC, InternalSOC, PurchaseOrder json.RawMessage

	Provider, ProviderTariff, ProviderPrice, ProviderStartDate, Created json.RawMessage

	State, ActorStatus, NetworkStatus, Version, ForeignAttributes json.RawMessage
}

// decodeSIMCard reads one SIM card. Only a missing CLI, or a date or map of another form, is an error: a wrong value
// there would look like drift.
func decodeSIMCard(raw json.RawMessage) (*SIMCard, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		return nil, errors.New("the answer holds no SIM card")
	}
	var w wireSIMCard
	if err := transport.DecodeJSON(raw, &w); err != nil {
		return nil, err
	}
	s := &SIMCard{
		CLI:            transport.TextOf(w.CLI),
		SIMNumber:      transport.TextOrNull(w.SIMNumber),
		Description:    transport.TextOrNull(w.Description),
		InventoryRef:   transport.TextOrNull(w.InventoryRef),
		Tariff:         transport.TextOrNull(w.Tariff),
		Bundle:         transport.TextOrNull(w.Bundle),
		Operator:       transport.TextOrNull(w.Operator),
		SOC:            transport.TextOrNull(w.SOC),
		InternalSOC:    transport.TextOrNull(w.InternalSOC),
		PurchaseOrder:  transport.TextOrNull(w.PurchaseOrder),
		Provider:       transport.TextOrNull(w.Provider),
		ProviderTariff: transport.TextOrNull(w.ProviderTariff),
		ProviderPrice:  transport.TextOrNull(w.ProviderPrice),
		State:          decodeEnum(stateWords, w.State, StateUnknown, StateUnknown),
		ActorStatus:    decodeEnum(actorStatusWords, w.ActorStatus, ActorStable, -1),
		NetworkStatus:  decodeEnum(networkStatusWords, w.NetworkStatus, NetworkDisconnected, -1),
		Version:        int64(intOf(w.Version)),
	}
	if s.CLI == "" {
		return nil, errors.New("the answer holds a SIM card without CLI")
	}
	var err error
	if s.Created, err = dateOrNull(w.Created); err != nil {
		return nil, fmt.Errorf("the SIM card's Created: %w", err)
	}
	if s.ProviderStartDate, err = dateOrNull(w.ProviderStartDate); err != nil {
		return nil, fmt.Errorf("the SIM card's ProviderStartDate: %w", err)
	}
	if s.ForeignAttributes, err = mapOrNull(w.ForeignAttributes); err != nil {
		return nil, fmt.Errorf("the SIM card's ForeignAttributes: %w", err)
	}
	return s, nil
}

// dateOrNull takes year 1, .NET's date that is not set, for null.
func dateOrNull(raw json.RawMessage) (*Date, error) {
	text := transport.TextOf(raw)
	if text == "" {
		return nil, nil
	}
	date, err := ParseDate(text)
	if err != nil {
		return nil, err
	}
	if date.Time.UTC().Year() <= 1 {
		return nil, nil
	}
	return &date, nil
}

func mapOrNull(raw json.RawMessage) (map[string]string, error) {
	if transport.IsNull(raw) {
		return nil, nil
	}
	var members map[string]json.RawMessage
	if err := transport.DecodeJSON(raw, &members); err != nil {
		return nil, err
	}
	m := make(map[string]string, len(members))
	for key, value := range members {
		m[key] = transport.TextOf(value)
	}
	return m, nil
}

func simsPath(account string) string {
	return transport.Path("v1", "accounts", account, "hardware", "sims")
}

func simPath(account, cli string) string {
	return transport.Path("v1", "accounts", account, "hardware", "sims", cli)
}

func request(op, method, path string) transport.Request {
	return transport.Request{
		Op: op, Method: method, Path: path, Header: http.Header{"Accept": {"application/json"}},
	}
}

// unusable makes an error of a success answer that does not hold what it must.
func (c *Client) unusable(req transport.Request, res *transport.Response, message string) error {
	return c.http.Fail(req, res, transport.Error{NotTheAPI: true, Message: message})
}

// KnowsAccount says whether the service knows the account, which proves that it is the service of whoever manages its
// SIM cards. Where the account can't be read by itself, its list of SIM cards tells.
func (c *Client) KnowsAccount(ctx context.Context, account string) (bool, error) {
	_, err := c.http.Do(ctx, request("read account "+account, http.MethodGet, transport.Path("v1", "accounts", account)))
	var failure *transport.Error
	if err == nil || errors.As(err, &failure) && (failure.NotFound || failure.Temporary() || !transport.Transient(err)) {
		return knows(err)
	}
	_, _, _, err = c.pages(ctx, account, 1)
	return knows(err)
}

func knows(err error) (bool, error) {
	if errors.Is(err, transport.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// SIMCard reads one SIM card. The error matches transport.ErrNotFound only where the API itself says that the SIM
// card does not exist: an HTML page, an empty body or an unknown route does not (point 11).
//
// Where the web server refuses the plus sign of an MSISDN in a path, as IIS does by default, the account's list is
// searched instead (point 27); what it does not hold is not found.
func (c *Client) SIMCard(ctx context.Context, account, cli string) (*SIMCard, error) {
	req := request(fmt.Sprintf("read SIM card %s/%s", account, cli), http.MethodGet, simPath(account, cli))
	res, err := c.http.Do(ctx, req)
	if err != nil {
		var failure *transport.Error
		if strings.Contains(cli, "+") && errors.As(err, &failure) &&
			failure.Status == http.StatusNotFound && failure.NotTheAPI {
			return c.listedSIMCard(ctx, req, account, cli)
		}
		return nil, err
	}
	e, _ := parseEnvelope(res.Body)
	card, err := decodeSIMCard(e.Data)
	switch {
	case err != nil:
		return nil, c.unusable(req, res, err.Error())
	case !sameCLI(card.CLI, cli):
		return nil, c.unusable(req, res, "the answer is about another SIM card")
	}
	return card, nil
}

// sameCLI compares digits: the documented pattern lets an MSISDN have its plus sign or not.
func sameCLI(a, b string) bool {
	digits := func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}
	return strings.Map(digits, a) == strings.Map(digits, b)
}

func (c *Client) listedSIMCard(ctx context.Context, req transport.Request, account, cli string) (*SIMCard, error) {
	cards, err := c.SIMCards(ctx, account)
	if err != nil {
		return nil, err
	}
	for i := range cards {
		if sameCLI(cards[i].CLI, cli) {
			return &cards[i], nil
		}
	}
	return nil, c.http.Fail(req, nil, transport.Error{
		Status: http.StatusNotFound, NotFound: true,
		Message: "the service does not take the plus sign in a path, and the account's list does not hold the SIM card",
	})
}

// maxPages ends a list that does not end by itself.
const maxPages = 10_000

// SIMCards lists the SIM cards of an account, all pages. It is not known whether the service lists terminated ones.
func (c *Client) SIMCards(ctx context.Context, account string) ([]SIMCard, error) {
	cards, _, whole, err := c.pages(ctx, account, maxPages)
	if err == nil && !whole {
		req := request("list the SIM cards of account "+account, http.MethodGet, simsPath(account))
		err = c.http.Fail(req, nil, transport.Error{
			NotTheAPI: true, Message: fmt.Sprintf("the list has more than %d pages", maxPages),
		})
	}
	if err != nil {
		return nil, err
	}
	return cards, nil
}

// pages reads at most so many pages of an account's list, and says how many it read and whether that was the whole
// list.
func (c *Client) pages(ctx context.Context, account string, most int) (
	cards []SIMCard, read int, whole bool, err error,
) {
	req := request("list the SIM cards of account "+account, http.MethodGet, simsPath(account))
	cards = []SIMCard{}
	for page, err := range c.eachPage(ctx, req, "SIM cards") {
		if err != nil {
			return nil, read, false, err
		}
		read = page.number
		for _, raw := range page.items {
			card, err := decodeSIMCard(raw)
			if err != nil {
				return nil, read, false, c.unusable(req, page.res, err.Error())
			}
			cards = append(cards, *card)
		}
		if page.last || read >= most {
			return cards, read, page.last, nil
		}
	}
	return cards, read, false, nil
}

// plainToken undoes the percent-encoding in which the service hands tokens out, since the query gets its own. A plus
// sign is one of base64's digits here, not a blank.
func plainToken(token string) string {
	if plain, err := url.PathUnescape(token); err == nil {
		return plain
	}
	return token
}

// CreateSIMCard asks for a new SIM card; h may be nil. The service queues it: hand the operation to Wait. Errors match
// transport.ErrConflict where the CLI already exists, transport.ErrOutcomeUnknown where Settle must find out.
func (c *Client) CreateSIMCard(ctx context.Context, account, cli string, f Fields, h *Hints) (Operation, error) {
	req := request(fmt.Sprintf("create SIM card %s/%s", account, cli), http.MethodPost, simsPath(account))
	body := f.patch()
	maps.DeleteFunc(body, func(_ string, value any) bool { return value == nil })
	body["CLI"] = cli
	if h != nil {
		body["Hints"] = wireHints{BillingCycleDay: h.BillingCycleDay, EmailContact: h.EmailContact, TenantID: h.TenantID}
	}
	return c.command(ctx, req, body, Operation{Kind: Create, Account: account, CLI: cli, Sent: f.withoutEmpty()})
}

// withoutEmpty drops the empty texts, which a creation does not send: the service may fill those fields by itself.
func (f Fields) withoutEmpty() Fields {
	for _, at := range []**string{
		&f.SIMNumber, &f.Description, &f.InventoryRef, &f.Tariff, &f.Bundle, &f.Operator, &f.SOC, &f.PurchaseOrder,
		&f.Provider, &f.ProviderTariff, &f.ProviderPrice,
	} {
		if textOf(*at) == "" {
			*at = nil
		}
	}
	return f
}

// UpdateSIMCard asks for a change of the fields that are set in f. The service queues it: hand the operation to Wait.
func (c *Client) UpdateSIMCard(ctx context.Context, account, cli string, f Fields) (Operation, error) {
	req := request(fmt.Sprintf("update SIM card %s/%s", account, cli), http.MethodPatch, simPath(account, cli))
	return c.command(ctx, req, f.patch(), Operation{Kind: Update, Account: account, CLI: cli, Sent: f})
}

// DeleteSIMCard asks for the removal of a SIM card. The service queues it: hand the operation to Wait. A SIM card that
// clearly does not exist is an error that matches transport.ErrNotFound. Where the service has no such call (405, or
// an unknown route) the error says so; setting State to terminated instead may be final and is left to the caller
// (point 10).
func (c *Client) DeleteSIMCard(ctx context.Context, account, cli string) (Operation, error) {
	req := request(fmt.Sprintf("delete SIM card %s/%s", account, cli), http.MethodDelete, simPath(account, cli))
	return c.command(ctx, req, nil, Operation{Kind: Delete, Account: account, CLI: cli})
}

// command sends a change, at most once, and returns the accepted operation. The SIM card in the answer is not looked
// at: it may show the state before the change (section 5.3).
func (c *Client) command(
	ctx context.Context, req transport.Request, body map[string]any, op Operation,
) (Operation, error) {
	req.Change = true
	// Before and after: a list that was read while the change was on its way may show the SIM card as it was.
	c.lists.forget(op.Account, op.CLI)
	defer c.lists.forget(op.Account, op.CLI)
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return Operation{}, fmt.Errorf("%s: the request could not be written: %w", req.Op, err)
		}
		req.Body = encoded
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(ctx, req)
	if err != nil {
		return Operation{}, err
	}
	e, _ := parseEnvelope(res.Body)
	if res.Status != http.StatusNoContent && !e.real() {
		return Operation{}, c.unusable(req, res, "the answer does not say whether the command was accepted")
	}
	op.StatusURL = e.statusURL()
	op.Since = time.Now().UTC()
	return op, nil
}
