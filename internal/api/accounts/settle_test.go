package accounts

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

func cardAnswer(fields string) string {
	return `{"Data":{"CLI":"` + testCLI + `",` + fields + `},"Success":true,"Code":200}`
}

const absentAnswer = `{"Data":null,"Success":false,"Code":404,"ErrorDescription":"no such SIM"}`

func TestSettle(t *testing.T) {
	before := (&SIMCard{State: StateLive, Description: new("van 11")}).Fingerprint()
	update := Operation{Kind: Update, Account: testAccount, CLI: testCLI, Before: before,
		Sent: Fields{Description: new("van 12")}}
	deletion := Operation{Kind: Delete, Account: testAccount, CLI: testCLI, Before: before}
	const asBefore = `"State":3,"Description":"van 11"`
	for _, test := range []struct {
		name    string
		op      Operation
		answers []string // the last one stays; "500" is that status, "404" a clear not found
		verdict wait.Verdict
		least   int // reads
	}{
		{"an update shows", update, []string{cardAnswer(`"State":3,"Description":"van 12","Version":3`)}, wait.Happened, 1},
		{"an update shows late", update, []string{cardAnswer(asBefore), cardAnswer(asBefore),
			cardAnswer(`"Description":"van 12"`)}, wait.Happened, 3},
		{"an update is under way", update, []string{cardAnswer(`"ActorStatus":1`)}, wait.Underway, 1},
		{"an update had no effect", update, []string{cardAnswer(asBefore + `,"Version":9,"NetworkStatus":1`)}, wait.NoEffect,
			3},
		{"somebody else was quicker", update, []string{cardAnswer(`"State":3,"Description":"van 13"`)}, wait.Superseded, 3},
		{"something else has changed", update, []string{cardAnswer(`"State":4,"Description":"van 11"`)}, wait.Superseded, 3},
		{"the SIM card is gone", update, []string{"404"}, wait.Vanished, 2},
		{"a stray absence", update, []string{"404", cardAnswer(asBefore)}, wait.NoEffect, 3},
		{"a deletion is done", deletion, []string{cardAnswer(asBefore), "404"}, wait.Happened, 3},
		{"a stray absence after a deletion", deletion, []string{"404", cardAnswer(asBefore)}, wait.NoEffect, 3},
		{"a deletion ends as terminated", deletion, []string{cardAnswer(`"State":100`)}, wait.Happened, 1},
		{"a deletion had no effect", deletion, []string{cardAnswer(asBefore)}, wait.NoEffect, 3},
		{"it can't be read", deletion, []string{"500"}, wait.Undecided, 3},
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
			c := s.client(t, func(cfg *Config) { cfg.Pace.SecondLook = time.Millisecond })
			test.op.Since = time.Now()
			verdict, card, err := c.Settle(t.Context(), test.op)
			if verdict != test.verdict || (err != nil) != (verdict == wait.Undecided) {
				t.Fatalf("got %v, %+v, %v", verdict, card, err)
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
