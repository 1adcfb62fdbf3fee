package accounts

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

var corpus = []string{
	"sim_card.json", "sim_card_names.json", "sim_card_odd.json", "patch_response.json", "not_found.json",
	"model_state.json",
	"unrouted.json", "shared/conflict.json", "shared/create_response.json", "shared/unauthorised.json",
	"shared/token.json",
}

// FuzzEnvelope: no answer may crash the client, and none but a clear one may count as "not found" or as a success.
func FuzzEnvelope(f *testing.F) {
	for _, name := range corpus {
		f.Add(200, []byte(testdata(f, name)))
		f.Add(404, []byte(testdata(f, name)))
	}
	f.Add(200, []byte(`{"Data":[{"CLI":"1"},null],"Success":"true","Code":"200"}`))
	f.Add(404, []byte("<html>"))
	f.Add(204, []byte(`{"Success":0}`))
	f.Add(302, []byte("{}"))
	f.Add(200, []byte("\xef\xbb\xbf{\"Meta\":[],\"StatusUrl\":5}"))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		failure := checkResponse(&transport.Response{Status: status, Body: body})
		e, isObject := parseEnvelope(body)
		_ = e.statusURL()
		switch {
		case failure == nil:
			success, known := e.success()
			if status < 200 || status > 299 || known && !success || !isObject && status != 204 {
				t.Errorf("HTTP %d with %q counts as a success", status, body)
			}
		case failure.NotFound && (!isObject || failure.Status != 404 || failure.NotTheAPI):
			t.Errorf("HTTP %d with %q counts as not found", status, body)
		case failure.Message == "":
			t.Errorf("HTTP %d with %q fails without a word", status, body)
		}
		card, err := decodeSIMCard(e.Data)
		if (card == nil) == (err == nil) || card != nil && card.CLI == "" {
			t.Errorf("%q gives %+v, %v", e.Data, card, err)
		}
		if card != nil && len((Fields{}).NotReadBack(card)) > 0 {
			t.Errorf("%q: what was not sent does not read back", e.Data)
		}
	})
}

// FuzzDate: a date that is understood keeps its spelling, and its instant survives the way to the service and back.
func FuzzDate(f *testing.F) {
	for _, text := range []string{
		"2018-07-17T11:22:56.7941452Z", "0001-01-01T00:00:00", "2024-05-01T10:00:00+02:00", "2024-05-01T08:00:00.123456789",
		"", "now",
		"9999-12-31T23:59:59.9999999Z", "2024-02-30T00:00:00Z",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		date, err := ParseDate(text)
		if err != nil {
			return
		}
		if date.Text != text {
			t.Errorf("%q became %q", text, date.Text)
		}
		if year := date.Time.UTC().Year(); year < 1 || year > 9999 {
			return // RFC 3339 has four digits
		}
		again, err := ParseDate(date.Time.UTC().Format(dateOnWire))
		if err != nil || !sameInstant(again.Time, date.Time) {
			t.Errorf("%q came back as %s, %v", text, again.Time.Format(time.RFC3339Nano), err)
		}
	})
}

// FuzzStatusAnswer: no status answer may crash a wait, and only the known words may end one.
func FuzzStatusAnswer(f *testing.F) {
	for _, body := range []string{
		`{"Data":{"Status":"pending"},"Success":true,"Code":200}`, `{"Data":"complete"}`, `{"Data":1}`,
		`{"Data":{"Status":2}}`,
		`{"Data":null,"Status":"Failed"}`, `{"Success":true,"Code":200}`, `{"Success":false,"Code":409}`, `[]`, ``,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		e, ok := parseEnvelope(body)
		word := e.status()
		if !ok && word != "" {
			t.Errorf("%q is no object and says %q", body, word)
		}
		var number float64
		if json.Unmarshal([]byte(word), &number) == nil && meaningOf(word) != statusUnusable {
			t.Errorf("the number %q means %d", word, meaningOf(word))
		}
		op := Operation{Kind: Update, StatusURL: e.statusURL(), Since: time.Unix(0, 0).UTC()}
		encoded, err := json.Marshal(op)
		if err != nil {
			t.Fatal(err)
		}
		var again Operation
		if err := json.Unmarshal(encoded, &again); err != nil || !reflect.DeepEqual(op, again) {
			t.Errorf("%+v came back as %+v, %v", op, again, err)
		}
	})
}
