package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
)

// Control serves the simulator's own controls over HTTP: as a page for people (portal.go), as JSON for scripts. It
// needs no credentials: serve it on the loopback interface only. No foreign page of a browser gets anywhere (guard.go).
//
//	GET    /                  the page
//	GET    /view              what the page shows; ?search=, limit=, limit.cmo= (and so on) say which SIMs
//	GET    /switches          the quirks of each API: name, value, what it does
//	GET    /ledger            the executed changes, in order
//	GET    /requests          the requests received; ?api=, method=, route= and key= select as in Match
//	GET    /unexpected        the requests that matched no route
//	POST   /faults            adds a Fault: {"api":"cmo","route":"...","times":1,"executed":true,"effect":"reset"}
//	DELETE /faults            ends all faults
//	POST   /quirks/{api}      changes the quirks that the body names: {"always_http_200":true}
//	POST   /portal/{api}      changes an object as in the portal: {"key":"...","set":{...}}, or takes it away:
//	                          {"key":"...","remove":true}
//
// The key of /portal is ACCOUNT/CLI, a product id, an ICCID or an account id. What can be set: for accounts the fields
// of a SIM card by their wire names; for cmo "status" (SIM and product) and "product_status"; for m2m "status" and
// "exhausted" (its test allowance); for mvno "state" and "sim_number". Changes answer 204, mistakes 400, unknown
// objects and APIs 404, both with {"error"}.
func (s *Simulator) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ledger", func(w http.ResponseWriter, _ *http.Request) {
		sendControl(w, http.StatusOK, orEmpty(s.Ledger()))
	})
	mux.HandleFunc("GET /requests", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		sendControl(w, http.StatusOK, orEmpty(s.Requests(Match{
			API: API(q.Get("api")), Method: q.Get("method"), Route: q.Get("route"), Key: q.Get("key"),
		})))
	})
	mux.HandleFunc("GET /unexpected", func(w http.ResponseWriter, _ *http.Request) {
		sendControl(w, http.StatusOK, orEmpty(s.Unexpected()))
	})
	mux.HandleFunc("POST /faults", control(s.injectFault))
	mux.HandleFunc("DELETE /faults", control(func(*http.Request, []byte) error {
		s.ClearFaults()
		return nil
	}))
	mux.HandleFunc("POST /quirks/{api}", control(s.changeQuirks))
	mux.HandleFunc("POST /portal/{api}", control(s.changeInPortal))
	s.servePortal(mux)
	return guard(mux)
}

// errUnknownObject is answered with 404.
var errUnknownObject = errors.New("not found")

// control makes a handler of a change.
func control(change func(r *http.Request, body []byte) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxRequestBody))
		if err == nil {
			err = change(r, body)
		}
		switch {
		case errors.Is(err, errUnknownObject):
			sendControl(w, http.StatusNotFound, map[string]string{"error": err.Error()})
		case err != nil:
			sendControl(w, http.StatusBadRequest, map[string]string{"error": err.Error()})
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	}
}

func sendControl(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// orEmpty lets an empty list be [] and not null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// strictly decodes one JSON value and refuses unknown fields, so that a misspelt one is no silent no-op.
func strictly(body []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("one JSON value is expected")
	}
	return nil
}

func (s *Simulator) injectFault(_ *http.Request, body []byte) error {
	var f Fault
	if err := strictly(body, &f); err != nil {
		return err
	}
	switch f.API {
	case "", Accounts, CMO, M2M, MVNO:
	default:
		return fmt.Errorf("unknown api %q", f.API)
	}
	switch f.Effect {
	case Answer:
		if f.Status < 200 || f.Status > 599 {
			return fmt.Errorf("an answer needs a status from 200 to 599, not %d", f.Status)
		}
	case Reset, Cut, Hang, Slow, ExpireTokens:
	default:
		return fmt.Errorf("unknown effect %q", f.Effect)
	}
	s.Inject(f)
	return nil
}

func (s *Simulator) changeQuirks(r *http.Request, body []byte) (err error) {
	defer func() { // the setters panic on unknown words, which is for tests; here it is the caller's mistake
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
	}()
	switch api := API(r.PathValue("api")); api {
	case Accounts:
		s.SetAccountsQuirks(func(q *AccountsQuirks) { err = mergeQuirks(q, body) })
	case CMO:
		s.SetCMOQuirks(func(q *CMOQuirks) { err = mergeQuirks(q, body) })
	case M2M:
		s.SetM2MQuirks(func(q *M2MQuirks) { err = mergeQuirks(q, body) })
	case MVNO:
		s.SetMVNOQuirks(func(q *MVNOQuirks) { err = mergeQuirks(q, body) })
	default:
		err = fmt.Errorf("api %q: %w", api, errUnknownObject)
	}
	return err
}

// mergeQuirks sets what the body names and leaves the rest; a body with a mistake changes nothing.
func mergeQuirks[Q any](quirks *Q, body []byte) error {
	merged := *quirks
	var named map[string]json.RawMessage
	if err := json.Unmarshal(body, &named); err != nil {
		return err
	}
	for field, value := range reflect.ValueOf(&merged).Elem().Fields() {
		// Decoding into a list or map that is there would change it in place, and keep the keys that are not named.
		if named[wireName(field)] != nil && (value.Kind() == reflect.Map || value.Kind() == reflect.Slice) {
			value.SetZero()
		}
	}
	if err := strictly(body, &merged); err != nil {
		return err
	}
	*quirks = merged
	return nil
}

func (s *Simulator) changeInPortal(r *http.Request, body []byte) error {
	var change struct {
		Key    string          `json:"key"`
		Set    json.RawMessage `json:"set"`
		Remove bool            `json:"remove"`
	}
	if err := strictly(body, &change); err != nil {
		return err
	}
	if change.Key == "" || (change.Set != nil) == change.Remove {
		return errors.New("key is needed, and either set or remove")
	}
	if change.Remove {
		return s.removeInPortal(API(r.PathValue("api")), change.Key)
	}
	var (
		found bool
		err   error
	)
	switch api := API(r.PathValue("api")); api {
	case Accounts:
		account, cli, _ := strings.Cut(change.Key, "/")
		found = s.ChangeSIMCard(account, cli, func(c *SIMCard) {
			changed := c.clone()
			if err = json.Unmarshal(change.Set, &changed); err == nil {
				*c = changed
			}
		})
	case CMO:
		var set struct {
			Status        string `json:"status"`
			ProductStatus string `json:"product_status"`
		}
		if err := strictly(change.Set, &set); err != nil {
			return err
		}
		found = s.ChangeProduct(change.Key, func(p *Product) {
			if set.Status != "" {
				p.SIMStatus, p.Status = set.Status, set.Status
			}
			if set.ProductStatus != "" {
				p.Status = set.ProductStatus
			}
		})
	case M2M:
		var set struct {
			Status    string `json:"status"`
			Exhausted bool   `json:"exhausted"`
		}
		if err := strictly(change.Set, &set); err != nil {
			return err
		}
		found = s.ChangeM2MSIM(change.Key, func(sim *M2MSIM) { setIfGiven(&sim.Status, set.Status) })
		if set.Exhausted {
			s.ExhaustTestAllowance(change.Key)
		}
	case MVNO:
		var set struct {
			State     string `json:"state"`
			SIMNumber string `json:"sim_number"`
		}
		if err := strictly(change.Set, &set); err != nil {
			return err
		}
		found = s.ChangeMVNOAccount(change.Key, func(a *MVNOAccount) {
			setIfGiven(&a.State, set.State)
			setIfGiven(&a.SIMNumber, set.SIMNumber)
		})
	default:
		return fmt.Errorf("api %q: %w", api, errUnknownObject)
	}
	if err == nil && !found {
		err = fmt.Errorf("%q: %w", change.Key, errUnknownObject)
	}
	return err
}

// removeInPortal takes an object away, as somebody in the portal does.
func (s *Simulator) removeInPortal(api API, key string) error {
	var found bool
	switch api {
	case Accounts:
		account, cli, _ := strings.Cut(key, "/")
		found = s.RemoveSIMCard(account, cli)
	case CMO:
		found = s.RemoveProduct(key)
	case M2M:
		found = s.RemoveM2MSIM(key)
	case MVNO:
		found = s.RemoveMVNOAccount(key)
	default:
		return fmt.Errorf("api %q: %w", api, errUnknownObject)
	}
	if !found {
		return fmt.Errorf("%q: %w", key, errUnknownObject)
	}
	return nil
}

func setIfGiven(field *string, value string) {
	if value != "" {
		*field = value
	}
}
