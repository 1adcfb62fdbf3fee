package mvno

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/identity"
)

// AccountFilter chooses among the accounts; an empty field chooses all.
type AccountFilter struct {
	Customer string // id of the customer; empty is the token's own
	Network  string // TELENOR, TDC, TELIA, in any case
	// Text is searched in number, device type, ICC, IMSI and notes, without regard to case.
	Text string
}

func (f AccountFilter) query() url.Values {
	return given(map[string]string{"customer": f.Customer, "network": strings.ToUpper(f.Network), "filter": f.Text})
}

// given are the arguments that have a value.
func given(arguments map[string]string) url.Values {
	query := url.Values{}
	for name, value := range arguments {
		if value != "" {
			query.Set(name, value)
		}
	}
	return query
}

// listedAccount is an account together with the object that it was read from.
type listedAccount struct {
	Account
	texts []string
}

// EachAccount lists the MVNO accounts that match, page by page as far as the caller asks for them (page
// api:mvno:account:list). Complete objects are asked for (full=true), since what a condensed one holds is not
// documented; where the service refuses that, the condensed ones are taken. The filter goes to the service, and what
// comes back is held against it once more, since an argument that a service does not know is one that it ignores. An
// item that is not as documented is a *transport.ItemError, behind which the list goes on; any other error ends it.
//
// An account without SIMNumber may have no SIM, or come from a condensed object: Account tells.
func (c *Client) EachAccount(ctx context.Context, filter AccountFilter) iter.Seq2[Account, error] {
	return func(yield func(Account, error) bool) {
		begun := false
		for account, err := range c.accounts(ctx, filter, true) {
			if !begun && isBadRequest(err) {
				for account, err := range c.accounts(ctx, filter, false) {
					if !yield(account, err) {
						return
					}
				}
				return
			}
			begun = true
			if !yield(account, err) {
				return
			}
		}
	}
}

// accounts lists complete accounts, or condensed ones.
func (c *Client) accounts(ctx context.Context, filter AccountFilter, complete bool) iter.Seq2[Account, error] {
	l := listing[listedAccount]{
		req: get("list MVNO accounts", "mvno"), what: "MVNO accounts", arrays: []string{"mvnoAccounts", "accounts", "data"},
		decode: decodeListedAccount, key: func(a listedAccount) string { return identity.Word(a.ID) },
	}
	l.req.Query = filter.query()
	if complete {
		l.req.Query.Set("full", "true")
	}
	return func(yield func(Account, error) bool) {
		for account, err := range each(ctx, c, l) {
			if err == nil && !filter.matches(account, complete) {
				continue
			}
			if !yield(account.Account, err) {
				return
			}
		}
	}
}

// isBadRequest: the service does not take an argument.
func isBadRequest(err error) bool {
	var failure *transport.Error
	return errors.As(err, &failure) && failure.Status == http.StatusBadRequest && !failure.NotTheAPI
}

// Accounts lists all MVNO accounts that match. An account that is not as documented is an error.
func (c *Client) Accounts(ctx context.Context, filter AccountFilter) ([]Account, error) {
	return all(c.EachAccount(ctx, filter))
}

func decodeListedAccount(raw json.RawMessage) (listedAccount, error) {
	account, problem := decodeAccount(&transport.Response{Body: raw}, "")
	if problem != nil {
		return listedAccount{}, errors.New("it is no MVNO account with an id and a state")
	}
	var members map[string]json.RawMessage
	_ = json.Unmarshal(raw, &members) // decodeAccount has read it
	return listedAccount{*account, textsOf(members)}, nil
}

// textsOf are the texts and numbers of an object in which a filter may search: all but PINs and PUKs.
func textsOf(members map[string]json.RawMessage) []string {
	var texts []string
	for name, raw := range members {
		var inner map[string]json.RawMessage
		var value text
		switch {
		case strings.HasPrefix(name, "pin"), strings.HasPrefix(name, "puk"):
		case json.Unmarshal(raw, &inner) == nil && inner != nil:
			texts = append(texts, textsOf(inner)...)
		case json.Unmarshal(raw, &value) == nil:
			texts = append(texts, string(value))
		}
	}
	return texts
}

// matches holds an account against the filter. A condensed object may lack what the service has searched, so there only
// what it does show can rule it out.
func (f AccountFilter) matches(a listedAccount, complete bool) bool {
	unknown := func(value string) bool { return value == "" && !complete }
	switch {
	case f.Customer != "" && a.Customer != "" && !strings.EqualFold(a.Customer, f.Customer):
		return false
	case f.Network != "" && !unknown(a.SIM.Network) && !strings.EqualFold(a.SIM.Network, f.Network):
		return false
	case f.Text == "" || !complete:
		return true
	}
	for _, value := range a.texts {
		if strings.Contains(strings.ToLower(value), strings.ToLower(f.Text)) || identity.SameICC(value, f.Text) {
			return true
		}
	}
	return false
}
