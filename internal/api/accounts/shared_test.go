package accounts

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// account serves an account with n SIM cards, perPage of them on a page of its list.
func accountOf(t *testing.T, n, perPage int) *service {
	card := func(i int) string { return fmt.Sprintf(`{"CLI":"%015d","State":3,"Version":1}`, i) }
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		cli, one := strings.CutPrefix(r.URL.Path, simsURL+"/")
		switch {
		case r.Method != http.MethodGet:
			answer(w, 202, `{"Data":null,"Success":true,"Code":202}`)
		case one:
			answer(w, 200, `{"Data":{"CLI":"`+cli+`","State":3,"Version":2},"Success":true,"Code":200}`)
		default:
			from := 0
			_, _ = fmt.Sscan(r.URL.Query().Get("continuationtoken"), &from)
			var cards []string
			for i := from; i < min(from+perPage, n); i++ {
				cards = append(cards, card(i))
			}
			token := ""
			if from+perPage < n {
				token = fmt.Sprint(from + perPage)
			}
			answer(w, 200, `{"Data":[`+strings.Join(cards, ",")+`],"Success":true,"Code":200,"ContinuationToken":"`+token+`"}`)
		}
	})
}

// readShared reads the SIM cards 0 to n-1, ten at a time.
func readShared(t *testing.T, c *Client, n int) {
	t.Helper()
	work := make(chan int)
	var readers sync.WaitGroup
	for range 10 {
		readers.Go(func() {
			for i := range work {
				cli := fmt.Sprintf("%015d", i)
				if card, err := c.SIMCardShared(t.Context(), testAccount, cli); err != nil || card.CLI != cli {
					t.Errorf("%s: %+v, %v", cli, card, err)
				}
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	readers.Wait()
}

func TestSIMCardShared(t *testing.T) {
	for _, test := range []struct {
		name                       string
		account, perPage, reads    int
		fewestCalls, mostCalls     int
		fewestListings, mostListed int
	}{
		{"a few SIM cards of a large account", 100_000, 100, 3, 3, 3, 0, 0},
		{"a fleet on one page", 1_000, 1_000, 1_000, 21, 21, 1, 1},
		{"a fleet on ten pages", 1_000, 100, 1_000, 30, 30, 10, 10},
		// Of a list that would not pay only as many pages are read as SIM cards were read by themselves.
		{"a small part of a large account", 100_000, 5, 300, 240, 240, 20, 20},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := accountOf(t, test.account, test.perPage)
			readShared(t, s.client(t), test.reads)
			calls, lists := s.lines(), 0
			for _, line := range calls {
				if strings.HasPrefix(line, "GET "+simsURL+"?") || strings.HasPrefix(line, "GET "+simsURL) &&
					!strings.Contains(line, simsURL+"/") {
					lists++
				}
			}
			if len(calls) < test.fewestCalls || len(calls) > test.mostCalls || lists < test.fewestListings ||
				lists > test.mostListed {
				t.Errorf("%d calls, %d of them for the list", len(calls), lists)
			}
		})
	}
}

// TestSIMCardSharedAfterChange: a list that was read before a change never answers for the SIM card after it. The
// list of this test shows Version 1, the SIM card itself Version 2.
func TestSIMCardSharedAfterChange(t *testing.T) {
	s := accountOf(t, 100, 100)
	c := s.client(t)
	readShared(t, c, 50)
	const cli = "000000000000030"
	if card, err := c.SIMCardShared(t.Context(), testAccount, cli); err != nil || card.Version != 1 {
		t.Fatalf("the list does not answer: %+v, %v", card, err)
	}
	if _, err := c.UpdateSIMCard(t.Context(), testAccount, cli, Fields{Description: new("van")}); err != nil {
		t.Fatal(err)
	}
	if card, err := c.SIMCardShared(t.Context(), testAccount, cli); err != nil || card.Version != 2 {
		t.Errorf("after the change: %+v, %v", card, err)
	}
}
