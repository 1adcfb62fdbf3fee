package simulator

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Account is an account of the integration (model Account, section 4.4 of the API page). An empty text is null.
type Account struct {
	Key          string    `json:"key"`
	TenantID     string    `json:"tenant_id"`
	Description  string    `json:"description"`
	EmailContact string    `json:"email_contact"`
	StartDate    time.Time `json:"start_date"`   // zero means now
	ActorStatus  int       `json:"actor_status"` // 0 stable, 1 pending, 10 stalled
}

// SetAccount adds an account, or changes the one of that key; its SIM cards stay.
func (s *Simulator) SetAccount(account Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts.addAccount(account.Key)
	acc := s.accounts.accounts[account.Key]
	acc.about, acc.actor = account.Description, account.ActorStatus
	acc.hints.TenantID, acc.hints.EmailContact = orNull(account.TenantID), orNull(account.EmailContact)
	if !account.StartDate.IsZero() {
		acc.started = account.StartDate
	}
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// accountBody is model Account in wire order.
type accountBody struct {
	ForeignAccountKey    string
	TenantID             *string `json:"TenantId"`
	Description          *string
	EmailContact         *string
	StartDate            string
	ForeignAttributes    map[string]string
	ProvisioningMetaData map[string]string
	Version              int
	ActorStatus          any // an integer, or a name
}

func (a *accountsAPI) encodeAccount(acc *foreignAccount) accountBody {
	body := accountBody{
		ForeignAccountKey: acc.key, TenantID: acc.hints.TenantID, Description: orNull(acc.about),
		EmailContact: acc.hints.EmailContact,
		StartDate:    accountsDate(acc.started), Version: 1, ActorStatus: acc.actor,
	}
	if a.quirks.EnumsAsNames {
		body.ActorStatus = map[int]string{0: "stable", 1: "pending", 10: "stalled"}[acc.actor]
	}
	return body
}

// listAccounts answers the accounts of the integration (row 10 of section 1 of the API page) in the order of their
// keys, paged as the list of SIM cards: the page of this list itself could not be read.
func (a *accountsAPI) listAccounts(w http.ResponseWriter, r *http.Request, _ []byte) {
	after, ok := continuationOf(r.URL.Query())
	if !ok {
		a.fail(w, http.StatusBadRequest, "Invalid continuation token")
		return
	}
	keys := slices.Sorted(maps.Keys(a.accounts))
	start, found := slices.BinarySearch(keys, after)
	if found {
		start++
	}
	rest, token := keys[start:], ""
	if n := a.quirks.PageSize; n > 0 && len(rest) > n {
		rest = rest[:n]
		token = continuationToken(rest[n-1])
	}
	accounts := []json.RawMessage{}
	for _, key := range rest {
		accounts = append(accounts, mustJSON(a.encodeAccount(a.accounts[key])))
	}
	e := successEnvelope(mustJSON(accounts))
	e.ContinuationToken = token
	a.sendEnvelope(w, http.StatusOK, e)
}
