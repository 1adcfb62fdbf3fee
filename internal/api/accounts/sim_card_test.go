package accounts

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

func TestParseDate(t *testing.T) {
	day := func(h, m, s, ns int) time.Time { return time.Date(2024, 5, 1, h, m, s, ns, time.UTC) }
	for text, want := range map[string]time.Time{
		"2024-05-01T08:00:00Z":                day(8, 0, 0, 0),
		"2024-05-01T08:00:00.1234567Z":        day(8, 0, 0, 123456700),
		"2024-05-01T08:00:00.123456789Z":      day(8, 0, 0, 123456789),
		"2024-05-01T10:00:00+02:00":           day(8, 0, 0, 0),
		"2024-05-01T08:00:00":                 day(8, 0, 0, 0),
		"2024-05-01T08:00:00.5":               day(8, 0, 0, 500000000),
		"0001-01-01T00:00:00":                 {},
		"2024-05-01T06:30:00.0000001-01:30":   day(8, 0, 0, 100),
		"2024-05-01T08:00:00.000000000+00:00": day(8, 0, 0, 0),
	} {
		got, err := ParseDate(text)
		if err != nil || !got.Time.Equal(want) || got.Text != text {
			t.Errorf("%s: got %s (%q), %v; want %s", text, got.Time, got.Text, err, want)
		}
	}
	for _, text := range []string{"", "2024-05-01", "01.05.2024", "2024-13-01T00:00:00Z", "/Date(1714550400000)/",
		"2024-05-01 08:00:00"} {
		if got, err := ParseDate(text); err == nil {
			t.Errorf("%q: got %s and no error", text, got.Time)
		}
	}
}

func TestReadSIMCard(t *testing.T) {
	date := func(text string) *Date {
		d, err := ParseDate(text)
		if err != nil {
			t.Fatal(err)
		}
		return &d
	}
	tests := map[string]SIMCard{
		"sim_card.json": {
			CLI: testCLI, SIMNumber: new("89000000000000000001"), Operator: new("example"), SOC: new("S1"),
			PurchaseOrder: new("na"), Provider: new("Example Ltd"), ProviderTariff: new("na"), ProviderPrice: new("2.00gbp"),
			State: StateLive, NetworkStatus: NetworkActivation, Version: 3501, Created: date("2018-07-17T11:22:56.7941452Z"),
		},
		"shared/create_response.json": {
			CLI: testCLI, SIMNumber: new("8900000000000000001"), Description: new("van 12"), PurchaseOrder: new("na"),
			ProviderTariff: new("na"), ProviderPrice: new("na"), ProviderStartDate: date("2024-05-01T08:00:00.1234567Z"),
			State: StateReady, Version: 1, Created: date("2024-05-01T08:00:00.1234567Z"),
			ForeignAttributes: map[string]string{"depot": "north"},
		},
		"sim_card_names.json": {
			CLI: testCLI, State: StateSuspend, ActorStatus: ActorPending, NetworkStatus: NetworkConnected,
			ProviderPrice: new("2.5"), ProviderStartDate: date("2024-05-01T08:00:00"),
			ForeignAttributes: map[string]string{"depot": "north", "seats": "4", "note": ""},
		},
		"sim_card_odd.json": {CLI: testCLI, State: 7, ActorStatus: -1, NetworkStatus: 55},
	}
	for file, want := range tests {
		t.Run(file, func(t *testing.T) {
			s := serve(t, always(200, testdata(t, file)))
			got, err := s.client(t).SIMCard(t.Context(), testAccount, testCLI)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, want) {
				t.Errorf("got  %+v\nwant %+v", *got, want)
			}
			if call := s.last(); call.line != "GET "+simURL || call.header.Get("Authorization") != "Bearer token-1" ||
				call.header.Get("Accept") != "application/json" || call.header.Get("User-Agent") != "test/1" {
				t.Errorf("unexpected request: %+v", call)
			}
		})
	}
}

// Account keys may hold white space and more; an MSISDN has parentheses and a plus sign.
func TestPathsAreEscaped(t *testing.T) {
	body := strings.ReplaceAll(testdata(t, "sim_card.json"), testCLI, "(+353)870000001")
	s := serve(t, always(200, body))
	if _, err := s.client(t).SIMCard(t.Context(), "a b_[1]", "(+353)870000001"); err != nil {
		t.Fatal(err)
	}
	if want := "GET /v1/accounts/a%20b_%5B1%5D/hardware/sims/%28%2B353%29870000001"; s.last().line != want {
		t.Errorf("got %q, want %q", s.last().line, want)
	}
}

func TestPlusSignFallsBackToTheList(t *testing.T) {
	const cli = "(+353)870000001"
	tests := map[string]struct {
		status   int
		list     string
		found    bool
		notFound bool
	}{
		"listed": {200, `{"Data":[{"CLI":"001010000000009"},{"CLI":"` + cli +
			`","State":3}],"Success":true,"Code":200}`, true, false},
		"not listed":      {200, `{"Data":[],"Success":true,"Code":200}`, false, true},
		"no such account": {404, testdata(t, "not_found.json"), false, true},
		"broken list":     {200, `{"Data":null,"Success":true,"Code":200}`, false, false},
		"HTML list":       {404, "<html>no</html>", false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.RequestURI, "%2B") {
					answer(w, 404, "<html><body>404.11</body></html>")
					return
				}
				answer(w, tt.status, tt.list)
			})
			card, err := s.client(t).SIMCard(t.Context(), testAccount, cli)
			if got := err == nil && card.CLI == cli && card.State == StateLive; got != tt.found {
				t.Errorf("found is %t: %+v, %v", got, card, err)
			}
			if got := errors.Is(err, transport.ErrNotFound); got != tt.notFound {
				t.Errorf("not found is %t: %v", got, err)
			}
		})
	}
}

func TestSIMCardsFollowsPages(t *testing.T) {
	page := func(cli, token string) string {
		return fmt.Sprintf(`{"Data":[{"CLI":%q}],"Success":true,"Code":200,"ContinuationToken":%s}`, cli, token)
	}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("continuationtoken") {
		case "":
			answer(w, 200, page("001010000000001", `"YWZ+/0ZXI%3D%3D"`)) // percent-encoded already, with a plus
		case "YWZ+/0ZXI==":
			answer(w, 200, page("001010000000002", `"100%"`)) // not percent-encoded at all
		case "100%":
			answer(w, 200, page("001010000000003", `null`))
		default:
			t.Errorf("unexpected request %q", r.RequestURI)
		}
	})
	cards, err := s.client(t).SIMCards(t.Context(), testAccount)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, card := range cards {
		got = append(got, card.CLI)
	}
	if want := []string{"001010000000001", "001010000000002", "001010000000003"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	want := []string{
		"GET " + simsURL, "GET " + simsURL + "?continuationtoken=YWZ%2B%2F0ZXI%3D%3D",
		"GET " + simsURL + "?continuationtoken=100%25",
	}
	if got := s.lines(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestSIMCardsEndsACircle(t *testing.T) {
	turn := 0
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		turn++
		answer(w, 200, fmt.Sprintf(`{"Data":[],"Success":true,"ContinuationToken":"t%d"}`, turn%3))
	})
	cards, err := s.client(t).SIMCards(t.Context(), testAccount)
	if !errors.Is(err, transport.ErrNotTheAPI) || !strings.Contains(err.Error(), "circle") {
		t.Errorf("got %v, %v", cards, err)
	}
	if n := len(s.lines()); n != 4 {
		t.Errorf("%d pages were read, want 4", n)
	}
}

func TestSIMCardsRefusesWhatIsNoList(t *testing.T) {
	for _, data := range []string{`null`, `{}`, `"x"`, `[null]`, `[{"State":3}]`} {
		s := serve(t, always(200, `{"Data":`+data+`,"Success":true,"Code":200}`))
		if cards, err := s.client(t).SIMCards(t.Context(), testAccount); !errors.Is(err, transport.ErrNotTheAPI) {
			t.Errorf("%s: got %v, %v", data, cards, err)
		}
	}
	s := serve(t, always(200, `{"Data":[],"Success":true,"Code":200}`))
	if cards, err := s.client(t).SIMCards(t.Context(), testAccount); err != nil || cards == nil || len(cards) != 0 {
		t.Errorf("empty list: got %v, %v", cards, err)
	}
}

func TestCommands(t *testing.T) {
	start := time.Date(2024, 5, 1, 10, 0, 0, 123456789, time.FixedZone("", 2*3600))
	fields := Fields{
		SIMNumber: new("8900000000000000001"), Description: new("van 12"), Tariff: new(""), State: new(StateReady),
		ProviderStartDate: &start, ForeignAttributes: map[string]string{"depot": "north"},
	}
	created := fields
	created.Tariff = nil

	tests := map[string]struct {
		send   func(*testing.T, *Client) (Operation, error)
		status int
		answer string
		line   string
		body   string
		want   Operation
	}{
		"create as on the API page": {
			func(t *testing.T, c *Client) (Operation, error) {
				return c.CreateSIMCard(t.Context(), testAccount, testCLI, Fields{
					SIMNumber: new("8900000000000000001"), Description: new("van 12"), State: new(StateReady),
					ForeignAttributes: map[string]string{"depot": "north"},
				}, &Hints{BillingCycleDay: new(int64(1)), EmailContact: new("ops@example.com"), TenantID: new("t-1")})
			},
			202, testdata(t, "shared/create_response.json"), "POST " + simsURL, testdata(t, "shared/create_request.json"),
			Operation{Kind: Create, Account: testAccount, CLI: testCLI, StatusURL: simURL + "/status?cmdid=Q21kLTAwMDE%3D",
				Sent: Fields{
					SIMNumber: new("8900000000000000001"), Description: new("van 12"), State: new(StateReady),
					ForeignAttributes: map[string]string{"depot": "north"},
				}},
		},
		"create leaves empty texts out": {
			func(t *testing.T, c *Client) (Operation, error) {
				return c.CreateSIMCard(t.Context(), testAccount, testCLI, fields, nil)
			},
			200, `{"Success":true,"Code":202,"Meta":{"StatusUrl":"/s?cmdid=1"}}`, "POST " + simsURL,
			`{"CLI":"` + testCLI + `","SIMNumber":"8900000000000000001","Description":"van 12","State":1,
			  "ProviderStartDate":"2024-05-01T08:00:00.1234567Z","ForeignAttributes":{"depot":"north"}}`,
			Operation{Kind: Create, Account: testAccount, CLI: testCLI, StatusURL: "/s?cmdid=1", Sent: created},
		},
		"create with a CLI only": {
			func(t *testing.T, c *Client) (Operation, error) {
				return c.CreateSIMCard(t.Context(), testAccount, testCLI, Fields{}, &Hints{})
			},
			200, `{"Success":true,"Code":200}`, "POST " + simsURL, `{"CLI":"` + testCLI + `","Hints":{}}`,
			Operation{Kind: Create, Account: testAccount, CLI: testCLI},
		},
		"update clears with null": {
			func(t *testing.T, c *Client) (Operation, error) {
				return c.UpdateSIMCard(t.Context(), testAccount, testCLI, fields)
			},
			200, testdata(t, "patch_response.json"), "PATCH " + simURL,
			`{"SIMNumber":"8900000000000000001","Description":"van 12","State":1,"Tariff":null,
			  "ProviderStartDate":"2024-05-01T08:00:00.1234567Z","ForeignAttributes":{"depot":"north"}}`,
			Operation{Kind: Update, Account: testAccount, CLI: testCLI, StatusURL: statusURL, Sent: fields},
		},
		"update of every field": {
			func(t *testing.T, c *Client) (Operation, error) {
				return c.UpdateSIMCard(t.Context(), testAccount, testCLI, allFields("x"))
			},
			202, testdata(t, "patch_response.json"), "PATCH " + simURL,
			`{"SIMNumber":"x1","Description":"x2","InventoryRef":"x3","Tariff":"x4","Bundle":"x5","Operator":"x6","SOC":"x7",
			  "PurchaseOrder":"x8","Provider":"x9","ProviderTariff":"x10","ProviderPrice":"x11"}`,
			Operation{Kind: Update, Account: testAccount, CLI: testCLI, StatusURL: statusURL, Sent: allFields("x")},
		},
		"update empties the attributes": {
			func(t *testing.T, c *Client) (Operation, error) {
				return c.UpdateSIMCard(t.Context(), testAccount, testCLI, Fields{ForeignAttributes: map[string]string{}})
			},
			200, testdata(t, "patch_response.json"), "PATCH " + simURL, `{"ForeignAttributes":{}}`,
			Operation{Kind: Update, Account: testAccount, CLI: testCLI, StatusURL: statusURL,
				Sent: Fields{ForeignAttributes: map[string]string{}}},
		},
		"delete": {
			func(t *testing.T, c *Client) (Operation, error) {
				return c.DeleteSIMCard(t.Context(), testAccount, testCLI)
			},
			202, testdata(t, "patch_response.json"), "DELETE " + simURL, "",
			Operation{Kind: Delete, Account: testAccount, CLI: testCLI, StatusURL: statusURL},
		},
		"delete answered with no content": {
			func(t *testing.T, c *Client) (Operation, error) {
				return c.DeleteSIMCard(t.Context(), testAccount, testCLI)
			},
			204, "", "DELETE " + simURL, "",
			Operation{Kind: Delete, Account: testAccount, CLI: testCLI},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.answer)
			})
			before := time.Now()
			op, err := tt.send(t, s.client(t))
			if err != nil {
				t.Fatal(err)
			}
			if op.Since.Before(before.Add(-time.Second)) || op.Since.After(time.Now().Add(time.Second)) {
				t.Errorf("accepted at %s", op.Since)
			}
			op.Since = time.Time{}
			if !reflect.DeepEqual(op, tt.want) {
				t.Errorf("got  %+v\nwant %+v", op, tt.want)
			}
			call := s.last()
			if call.line != tt.line || !sameJSON(t, call.body, tt.body) {
				t.Errorf("got  %s %s\nwant %s %s", call.line, call.body, tt.line, tt.body)
			}
			if content := call.header.Get("Content-Type"); (content == "application/json") != (tt.body != "") {
				t.Errorf("Content-Type %q", content)
			}
		})
	}
}

// allFields sets each text to another value, so that a mix-up shows.
func allFields(prefix string) Fields {
	text := func(n int) *string { return new(fmt.Sprintf("%s%d", prefix, n)) }
	return Fields{
		SIMNumber: text(1), Description: text(2), InventoryRef: text(3), Tariff: text(4), Bundle: text(5), Operator: text(6),
		SOC: text(7), PurchaseOrder: text(8), Provider: text(9), ProviderTariff: text(10), ProviderPrice: text(11),
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	if a == "" || b == "" {
		return a == b
	}
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		t.Errorf("not JSON: %q or %q", a, b)
	}
	return reflect.DeepEqual(x, y)
}

func TestNotReadBack(t *testing.T) {
	date := func(text string) *Date {
		d, err := ParseDate(text)
		if err != nil {
			t.Fatal(err)
		}
		return &d
	}
	start := time.Date(2024, 5, 1, 8, 0, 0, 123456789, time.UTC)
	tests := map[string]struct {
		sent Fields
		live *SIMCard
		want []string
	}{
		"nothing sent": {Fields{}, &SIMCard{Tariff: new("x")}, nil},
		"all texts": {allFields("x"), &SIMCard{},
			[]string{"SIMNumber", "Description", "InventoryRef", "Tariff", "Bundle", "Operator", "SOC", "PurchaseOrder",
				"Provider", "ProviderTariff", "ProviderPrice"}},
		"equal": {Fields{Tariff: new("a"), State: new(StateBar)},
			&SIMCard{Tariff: new("a"), State: StateBar}, nil},
		"state 0":        {Fields{State: new(StateNotActivated)}, &SIMCard{State: StateReady}, []string{"State"}},
		"cleared, null":  {Fields{Tariff: new("")}, &SIMCard{}, nil},
		"cleared, empty": {Fields{Tariff: new("")}, &SIMCard{Tariff: new("")}, nil},
		"cleared, kept": {Fields{PurchaseOrder: new("")}, &SIMCard{PurchaseOrder: new("na")},
			[]string{"PurchaseOrder"}},
		"same instant, other zone": {Fields{ProviderStartDate: &start},
			&SIMCard{ProviderStartDate: date("2024-05-01T10:00:00.1234567+02:00")}, nil},
		"other instant": {Fields{ProviderStartDate: &start},
			&SIMCard{ProviderStartDate: date("2024-05-01T08:00:00.1234568Z")}, []string{"ProviderStartDate"}},
		"no date": {Fields{ProviderStartDate: &start}, &SIMCard{}, []string{"ProviderStartDate"}},
		"map equal": {Fields{ForeignAttributes: map[string]string{"a": "b"}},
			&SIMCard{ForeignAttributes: map[string]string{"a": "b"}}, nil},
		"map merged": {Fields{ForeignAttributes: map[string]string{"a": "b"}},
			&SIMCard{ForeignAttributes: map[string]string{"a": "b", "c": "d"}}, []string{"ForeignAttributes"}},
		"map emptied, null": {Fields{ForeignAttributes: map[string]string{}}, &SIMCard{}, nil},
		"no SIM card": {Fields{Tariff: new(""), State: new(StateNotActivated),
			ForeignAttributes: map[string]string{}}, nil, []string{"Tariff", "State", "ForeignAttributes"}},
		"no SIM card, none sent": {Fields{}, nil, nil},
	}
	for name, tt := range tests {
		if got := tt.sent.NotReadBack(tt.live); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func TestFieldsEmpty(t *testing.T) {
	if !(Fields{}).Empty() {
		t.Error("no fields are not empty")
	}
	for _, f := range []Fields{
		{SIMNumber: new("")}, {ProviderPrice: new("1")}, {State: new(StateNotActivated)},
		{ProviderStartDate: &time.Time{}}, {ForeignAttributes: map[string]string{}},
	} {
		if f.Empty() {
			t.Errorf("%+v is empty", f)
		}
	}
}

// An operation is kept in Terraform's private state between two runs.
func TestOperationSurvivesJSON(t *testing.T) {
	start := time.Date(2024, 5, 1, 8, 0, 0, 5, time.UTC)
	full := allFields("x")
	full.Tariff, full.State, full.ProviderStartDate, full.ForeignAttributes = new(""), new(StateNotActivated), &start,
		map[string]string{"a": ""}
	for _, sent := range []Fields{{}, full, {ForeignAttributes: map[string]string{}}, {Description: new("")}} {
		op := Operation{Kind: Update, Account: "a b", CLI: testCLI, StatusURL: statusURL, Sent: sent, Since: start}
		encoded, err := json.Marshal(op)
		if err != nil {
			t.Fatal(err)
		}
		var got Operation
		if err := json.Unmarshal(encoded, &got); err != nil || !reflect.DeepEqual(got, op) {
			t.Errorf("got  %+v (%v)\nwant %+v", got, err, op)
		}
	}
}
