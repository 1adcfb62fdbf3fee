package accounts

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func cardAnswer(fields string) string {
	return `{"Data":{"CLI":"` + testCLI + `",` + fields + `},"Success":true,"Code":200}`
}

const absentAnswer = `{"Data":null,"Success":false,"Code":404,"ErrorDescription":"no such SIM"}`

func TestSettle(t *testing.T) {
	update := Operation{Kind: Update, Account: testAccount, CLI: testCLI, Sent: Fields{Description: new("van 12")}}
	deletion := Operation{Kind: Delete, Account: testAccount, CLI: testCLI}
	for _, test := range []struct {
		name    string
		op      Operation
		answers []string // the last one stays; "500" is that status, "404" a clear not found
		took    bool
		absent  bool
		unknown bool
		least   int // reads
	}{
		{"an update shows", update, []string{cardAnswer(`"Description":"van 12","Version":3`)}, true, false, false, 1},
		{"an update shows late", update, []string{cardAnswer(`"Version":2`), cardAnswer(`"Version":2`), cardAnswer(`"Description":"van 12"`)}, true, false, false, 3},
		{"an update is under way", update, []string{cardAnswer(`"ActorStatus":1`)}, true, false, false, 1},
		{"an update had no effect", update, []string{cardAnswer(`"Description":"van 11"`)}, false, false, false, 3},
		{"the SIM card is gone", update, []string{"404"}, false, true, false, 1},
		{"a deletion is done", deletion, []string{cardAnswer(`"State":3`), "404"}, false, true, false, 2},
		{"a deletion ends as terminated", deletion, []string{cardAnswer(`"State":100`)}, true, false, false, 1},
		{"a deletion had no effect", deletion, []string{cardAnswer(`"State":3`)}, false, false, false, 3},
		{"it can't be read", deletion, []string{"500"}, false, false, true, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			reads := 0
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				text := test.answers[min(reads, len(test.answers)-1)]
				reads++
				switch text {
				case "404":
					answer(w, 404, absentAnswer)
				case "500":
					answer(w, 500, `{"Message":"down"}`)
				default:
					answer(w, 200, text)
				}
			})
			card, absent, err := s.client(t).Settle(t.Context(), test.op)
			if (err != nil) != test.unknown || absent != test.absent {
				t.Fatalf("got %+v, absent %v, %v", card, absent, err)
			}
			if card != nil && test.op.TookEffect(card) != test.took {
				t.Errorf("took effect: %v", !test.took)
			}
			if reads < test.least {
				t.Errorf("%d reads", reads)
			}
		})
	}
}

func TestSettleStopsOnRefusal(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { answer(w, 403, `{"Message":"no"}`) })
	_, _, err := s.client(t).Settle(t.Context(), Operation{Kind: Delete, Account: testAccount, CLI: testCLI})
	if err == nil || !strings.Contains(fmt.Sprint(err), "403") {
		t.Errorf("got %v", err)
	}
	if calls := len(s.lines()); calls != 1 {
		t.Errorf("%d calls with rights that do not suffice", calls)
	}
}
