package simulator

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maySee tells whether the level sees what belongs to that customer: its own to all, another's to resellers and up.
func (q MVNOQuirks) maySee(customer string) bool {
	return customer == mvnoCustomer || slices.Index(mvnoLevels, q.level()) >= slices.Index(mvnoLevels, "RESELLER")
}

// mvnoDenied is the answer to who asks for what belongs to another customer.
func mvnoDenied() *mvnoError {
	return &mvnoError{"Access denied", "access_denied", http.StatusForbidden}
}

// listAccounts answers one page of accounts in the order of their ids (wiki.telecomx.dk, "api:mvno:account:list"). The
// array's name is that of the deleted list: what could be read of the live list's page does not show it.
func (m *mvnoAPI) listAccounts(r *http.Request) (any, *mvnoError) {
	query := r.URL.Query()
	if problem := mvnoQuery(query, "customer", "offset", "limit", "filter", "network", "full"); problem != nil {
		return nil, problem
	}
	if query.Has("full") && m.quirks.ListFullRefused {
		return nil, &mvnoError{"simulator: unknown argument full", "bad_request", http.StatusBadRequest}
	}
	customer := strings.ToLower(cmp.Or(query.Get("customer"), mvnoCustomer))
	if !m.quirks.maySee(customer) {
		return nil, mvnoDenied()
	}
	var found []*mvnoAccount
	for _, account := range m.accounts {
		if !m.quirks.maySee(account.Customer) {
			continue
		}
		if m.quirks.ListFiltersIgnored || strings.EqualFold(account.Customer, customer) && m.matches(account, query) {
			found = append(found, account)
		}
	}
	slices.SortFunc(found, func(a, b *mvnoAccount) int { return cmp.Compare(a.ID, b.ID) })
	show := m.condensed
	if query.Get("full") == "true" {
		show = m.body
	}
	return mvnoPage(m.quirks, query, cmp.Or(m.quirks.ListArray, "mvnoAccounts"), found, show), nil
}

// matches applies the arguments network and filter; the filter searches number, ICC, IMSI and notes.
func (m *mvnoAPI) matches(account *mvnoAccount, query url.Values) bool {
	sim := m.sims[account.SIMNumber]
	if sim == nil {
		sim = &MVNOSIM{}
	}
	if network := query.Get("network"); network != "" && network != sim.Network {
		return false
	}
	filter := strings.ToLower(query.Get("filter"))
	return slices.ContainsFunc([]string{account.Number, sim.ICC, sim.IMSI, account.Notes}, func(text string) bool {
		return strings.Contains(strings.ToLower(text), filter)
	})
}

// condensed shows an account as a list does without full=true. What it lacks is not documented: here it is the SIM,
// which a client that needs it must not take for gone.
func (m *mvnoAPI) condensed(account *mvnoAccount) mvnoAccountBody {
	body := m.body(account)
	body.SIM, body.Feature, body.Notes = nil, nil, ""
	return body
}

// listSIMs answers one page of unused SIMs in the order of their ICCs (wiki.telecomx.dk, "api:sim:list"). Who is no
// reseller sees those in the storage of the own customer; a reseller sees all, unless a customer is named.
func (m *mvnoAPI) listSIMs(r *http.Request) (any, *mvnoError) {
	query := r.URL.Query()
	if problem := mvnoQuery(query, "customer", "offset", "limit", "filter", "formFactor", "network",
		"autoAssign"); problem != nil {
		return nil, problem
	}
	customer := strings.ToLower(query.Get("customer"))
	if customer != "" && !m.quirks.maySee(customer) {
		return nil, mvnoDenied()
	}
	var found []*MVNOSIM
	for _, sim := range m.sims {
		if !sim.free() || !m.quirks.maySee(sim.InStorageAt) {
			continue
		}
		if m.quirks.ListFiltersIgnored || (customer == "" || strings.EqualFold(sim.InStorageAt, customer)) &&
			strings.Contains(sim.ICC, mvnoICC(query.Get("filter"))) &&
			(query.Get("formFactor") == "" || query.Get("formFactor") == sim.FormFactor) &&
			(query.Get("network") == "" || query.Get("network") == sim.Network) &&
			(query.Get("autoAssign") == "" || query.Get("autoAssign") == strconv.FormatBool(sim.AutoAssign)) {
			found = append(found, sim)
		}
	}
	slices.SortFunc(found, func(a, b *MVNOSIM) int { return cmp.Compare(a.ICC, b.ICC) })
	return mvnoPage(m.quirks, query, "sims", found, m.record), nil
}

// mvnoWindow reads offset (default 0) and limit (default 100, at most 500).
func mvnoWindow(query url.Values) (offset, limit int, err error) {
	if offset, err = strconv.Atoi(cmp.Or(query.Get("offset"), "0")); err != nil {
		return 0, 0, err
	}
	limit, err = strconv.Atoi(cmp.Or(query.Get("limit"), "100"))
	return offset, limit, err
}

// withoutEmpty leaves out the properties that hold no value, as the service may ("api:sim:get").
func withoutEmpty(object any) any {
	var members map[string]any
	_ = json.Unmarshal(mustJSON(object), &members) // of what the simulator itself has composed
	maps.DeleteFunc(members, func(_ string, value any) bool { return value == nil || value == "" || value == false })
	return members
}

// mvnoPage cuts the page out of what was found; mvnoQuery has checked the window.
func mvnoPage[T, B any](q MVNOQuirks, query url.Values, name string, found []T, show func(T) B) any {
	offset, limit, _ := mvnoWindow(query)
	rest := found[min(offset, len(found)):]
	if q.ListCap > 0 {
		limit = min(limit, q.ListCap)
	}
	if q.ListWhole {
		offset, rest, limit = 0, found, len(found)
	}
	page := []B{}
	for _, item := range rest[:min(limit, len(rest))] {
		page = append(page, show(item))
	}
	if q.ListArray == "bare" {
		return page
	}

	answer := map[string]any{"offset": offset, "limit": limit, "total": len(found), name: page}
	switch q.ListTotal {
	case "none":
		delete(answer, "total")
	case "page":
		answer["total"] = len(page)
	case "high":
		answer["total"] = len(found) + 1
	case "text":
		for _, number := range []string{"offset", "limit", "total"} {
			answer[number] = strconv.Itoa(answer[number].(int))
		}
	}
	if q.OmitEmpty && len(page) == 0 {
		delete(answer, name)
	}
	return answer
}
