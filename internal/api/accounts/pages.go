package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

// page is one page of a list, with what an error about it needs.
type page struct {
	number int // from 1
	items  []json.RawMessage
	last   bool
	res    *transport.Response
}

// eachPage reads the pages of a list, of at most maxPages pages, and says what the items are: "SIM cards". A page names
// the next one by a token, and the last page has none (point 13). The error ends the list.
func (c *Client) eachPage(ctx context.Context, req transport.Request, what string) iter.Seq2[page, error] {
	return func(yield func(page, error) bool) {
		seen := map[string]bool{}
		for number := 1; number <= maxPages; number++ {
			res, err := c.http.Do(ctx, req)
			if err != nil {
				yield(page{}, err)
				return
			}
			e, _ := parseEnvelope(res.Body)
			var items []json.RawMessage
			if transport.IsNull(e.Data) || json.Unmarshal(e.Data, &items) != nil {
				yield(page{}, c.unusable(req, res, "the answer holds no list of "+what))
				return
			}
			token := plainToken(transport.TextOf(e.ContinuationToken))
			if !yield(page{number: number, items: items, last: token == "", res: res}, nil) || token == "" {
				return
			}
			if seen[token] {
				yield(page{}, c.unusable(req, res, "the pages of the list go round in a circle"))
				return
			}
			seen[token] = true
			req.Query = url.Values{"continuationtoken": {token}}
		}
		yield(page{}, c.http.Fail(req, nil, transport.Error{
			NotTheAPI: true, Message: fmt.Sprintf("the list has more than %d pages", maxPages),
		}))
	}
}

// eachItem reads the items of a list, without those of a key that was there before. An item that is not as documented
// is a *transport.ItemError, behind which the list goes on; any other error ends it.
func eachItem[T any](
	ctx context.Context, c *Client, req transport.Request, what string,
	decode func(json.RawMessage) (*T, error), key func(*T) string,
) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		seen := map[string]bool{}
		for page, err := range c.eachPage(ctx, req, what) {
			if err != nil {
				yield(nil, err)
				return
			}
			for i, raw := range page.items {
				item, err := decode(raw)
				switch {
				case err != nil:
					at := fmt.Sprintf("item %d of page %d", i+1, page.number)
					err = &transport.ItemError{Item: at, Err: c.unusable(req, page.res, at+": "+err.Error())}
				case seen[key(item)]:
					continue
				default:
					seen[key(item)] = true
				}
				if !yield(item, err) {
					return
				}
			}
		}
	}
}

// EachSIMCard reads the SIM cards of an account page by page, as far as the caller asks for them, in the service's
// order. An item that is not as documented is a *transport.ItemError, behind which the list goes on; any other error
// ends it. It is not known whether the service lists terminated SIM cards.
func (c *Client) EachSIMCard(ctx context.Context, account string) iter.Seq2[*SIMCard, error] {
	req := request("list the SIM cards of account "+account, http.MethodGet, simsPath(account))
	return eachItem(ctx, c, req, "SIM cards", decodeSIMCard, func(card *SIMCard) string { return card.CLI })
}

// Account is an account of the caller's integration (model Account, section 4.4 of the API page). A nil text is null.
type Account struct {
	Key          string // ForeignAccountKey, the caller's own
	TenantID     *string
	Description  *string
	EmailContact *string
	StartDate    *Date // when the account was created
	ActorStatus  ActorStatus
}

// EachAccount reads the accounts of the caller's integration (GET /v1/integration/accounts, row 10 of section 1 of the
// API page) as EachSIMCard reads SIM cards. The form of the list is not documented; it is taken to be that of the list
// of SIM cards.
func (c *Client) EachAccount(ctx context.Context) iter.Seq2[*Account, error] {
	req := request("list the accounts of the integration", http.MethodGet, transport.Path("v1", "integration", "accounts"))
	return eachItem(ctx, c, req, "accounts", decodeAccount, func(a *Account) string { return a.Key })
}

// Accounts reads all accounts of the caller's integration. An account that is not as documented is an error: a list
// that silently lacks one would be taken for whole.
func (c *Client) Accounts(ctx context.Context) ([]Account, error) {
	all := []Account{}
	for account, err := range c.EachAccount(ctx) {
		var item *transport.ItemError
		if errors.As(err, &item) {
			err = item.Err
		}
		if err != nil {
			return nil, err
		}
		all = append(all, *account)
	}
	return all, nil
}

// decodeAccount reads one account; like that of a SIM card, each member is raw, since the service is known to send
// other types than it documents. Only a missing key, or a date of another form, is an error.
func decodeAccount(raw json.RawMessage) (*Account, error) {
	var w struct {
		ForeignAccountKey, Description, EmailContact, StartDate, ActorStatus json.RawMessage

		TenantID json.RawMessage `json:"TenantId"`
	}
	if err := transport.DecodeJSON(raw, &w); err != nil {
		return nil, err
	}
	a := &Account{
		Key:          transport.TextOf(w.ForeignAccountKey),
		TenantID:     transport.TextOrNull(w.TenantID),
		Description:  transport.TextOrNull(w.Description),
		EmailContact: transport.TextOrNull(w.EmailContact),
		ActorStatus:  decodeEnum(actorStatusWords, w.ActorStatus, ActorStable, -1),
	}
	if a.Key == "" {
		return nil, errors.New("the answer holds an account without ForeignAccountKey")
	}
	var err error
	if a.StartDate, err = dateOrNull(w.StartDate); err != nil {
		return nil, fmt.Errorf("the account's StartDate: %w", err)
	}
	return a, nil
}
