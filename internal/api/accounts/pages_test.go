package accounts

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

const accountsURL = "/v1/integration/accounts"

// pageOf is one page of a list, with the token of the next one.
func pageOf(token string, items ...string) string {
	return `{"Data":[` + strings.Join(items, ",") + `],"Success":true,"Code":200,"ContinuationToken":` + token + `}`
}

func TestAccounts(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("continuationtoken") {
		case "":
			answer(w, 200, pageOf(`"a%2Fb%2Bc%3D%3D"`,
				`{"ForeignAccountKey":"acme-fleet","TenantId":"t-1","Description":"vans","EmailContact":"ops@example.com",`+
					`"StartDate":"2024-05-01T08:00:00.1234567Z","ForeignAttributes":{"a":"b"},"Version":7,"ActorStatus":1}`,
				`{"ForeignAccountKey":"bare"}`))
		case "a/b+c==": // decoded once, and encoded once by the query
			answer(w, 200, pageOf("null",
				`{"ForeignAccountKey":"bare","Description":"again"}`,
				`{"ForeignAccountKey":12,"TenantId":null,"StartDate":"0001-01-01T00:00:00","ActorStatus":"Stalled","New":[]}`))
		default:
			t.Errorf("asked for %s", r.URL)
		}
	})
	got, err := s.client(t).Accounts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []Account{
		{
			Key: "acme-fleet", TenantID: new("t-1"), Description: new("vans"), EmailContact: new("ops@example.com"),
			ActorStatus: ActorPending,
			StartDate:   &Date{"2024-05-01T08:00:00.1234567Z", time.Date(2024, 5, 1, 8, 0, 0, 123456700, time.UTC)},
		},
		{Key: "bare"},
		{Key: "12", ActorStatus: ActorStalled},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	wantLines := []string{"GET " + accountsURL, "GET " + accountsURL + "?continuationtoken=a%2Fb%2Bc%3D%3D"}
	if lines := s.lines(); !reflect.DeepEqual(lines, wantLines) {
		t.Errorf("sent %q", lines)
	}
}

func TestAccountsFailures(t *testing.T) {
	const op = "accounts API: list the accounts of the integration: HTTP "
	for name, row := range map[string]struct {
		status     int
		body, want string
		kind       error
	}{
		"no list": {200, `{"Data":null,"Success":true,"Code":200}`, "200: the answer holds no list of accounts",
			transport.ErrNotTheAPI},
		"one object": {200, `{"Data":{"ForeignAccountKey":"a"},"Success":true}`, "200: the answer holds no list of accounts",
			transport.ErrNotTheAPI},
		"no key": {200, pageOf(`""`, `{"ForeignAccountKey":"a"}`, `{"Description":"b"}`),
			"200: item 2 of page 1: the answer holds an account without ForeignAccountKey", transport.ErrNotTheAPI},
		"date": {200, pageOf(`""`, `{"ForeignAccountKey":"a","StartDate":"yesterday"}`),
			`200: item 1 of page 1: the account's StartDate: "yesterday" is not a date and time like 2024-05-01T08:00:00Z`,
			transport.ErrNotTheAPI},
		"circle": {200, pageOf(`"same"`, `{"ForeignAccountKey":"a"}`), "200: the pages of the list go round in a circle",
			transport.ErrNotTheAPI},
		"failure result": {200, `{"Success":false,"Code":403,"ErrorCode":17,"ErrorDescription":"not yours"}`,
			"403 17: not yours", transport.ErrForbidden},
		"page": {404, "<html>gone</html>", "404: gone", transport.ErrNotTheAPI},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := serve(t, always(row.status, row.body)).client(t).Accounts(t.Context())
			if got != nil || err == nil || err.Error() != op+row.want || !errors.Is(err, row.kind) || errors.Is(err,
				transport.ErrNotFound) {
				t.Errorf("got %v\nsaid %v\nwant %s", got, err, op+row.want)
			}
			var item *transport.ItemError
			if errors.As(err, &item) {
				t.Error("the error of a whole list is that of an item")
			}
		})
	}
}

// TestAccountsEndless: a list that never ends is given up after so many pages, not after all of memory.
func TestAccountsEndless(t *testing.T) {
	n := 0
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		n++
		answer(w, 200, pageOf(fmt.Sprintf(`"t%d"`, n)))
	})
	_, err := s.client(t).Accounts(t.Context())
	if err == nil || !strings.HasSuffix(err.Error(), "the list has more than 10000 pages") || n != maxPages {
		t.Errorf("after %d pages: %v", n, err)
	}
}

// TestEachSIMCard: a bad item is named and passed, a bad page ends the list, and what nobody asks for is not read.
func TestEachSIMCard(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("continuationtoken") {
		case "":
			answer(w, 200, pageOf(`"two"`, `{"CLI":"001010000000001"}`, `{"State":3}`, `"text"`, `{"CLI":"001010000000002"}`))
		case "two":
			answer(w, 200, pageOf(`"three"`, `{"CLI":"001010000000001"}`, `{"CLI":"001010000000003","Created":"x"}`,
				`{"CLI":"001010000000004"}`))
		default:
			answer(w, 403, `{"Success":false,"Code":403,"ErrorDescription":"enough"}`)
		}
	})
	c := s.client(t)
	var got []string
	for card, err := range c.EachSIMCard(t.Context(), testAccount) {
		var item *transport.ItemError
		switch {
		case errors.As(err, &item):
			got = append(got, item.Item)
		case err != nil:
			got = append(got, err.Error())
		default:
			got = append(got, card.CLI)
		}
	}
	want := []string{
		"001010000000001", "item 2 of page 1", "item 3 of page 1", "001010000000002", "item 2 of page 2", "001010000000004",
		"accounts API: list the SIM cards of account acme-fleet: HTTP 403: enough",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}

	before := len(s.lines())
	for range c.EachSIMCard(t.Context(), testAccount) {
		break
	}
	if read := len(s.lines()) - before; read != 1 {
		t.Errorf("%d pages were read for one SIM card", read)
	}
}
