package mvno

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/identity"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

const (
	accountID = "5f0c1a2b3c4d5e6f70819203"
	oldICC    = "8945010000000000017"
	newICC    = "8945010000000000042"
	thirdICC  = "8945010000000000099"
	token     = "machine-token-1"
)

func testdata(t testing.TB, name string) string {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func accountBody(sim string) string {
	return `{"_id":"` + accountID + `","state":"ACTIVE","type":"MVNO","number":"+4512345678","mvnoSim":{"simNumber":"` +
		sim + `"}}`
}

func errorBody(code, message string) string {
	return fmt.Sprintf(`{"error":{"message":%q,"code":%q,"status":404}}`, message, code)
}

// answer is what the test service says to one request.
type answer struct {
	status   int // 0: 200
	body     string
	location string
	drop     bool // execute, then cut the connection
}

// service answers reads and swaps in turn, the last answer of each for good, and counts what it executed.
type service struct {
	*httptest.Server
	mu           sync.Mutex
	reads, swaps []answer
	nReads       int
	nSwaps       int
	last         *http.Request
}

func serve(t testing.TB, reads, swaps []answer) *service {
	t.Helper()
	s := &service{reads: reads, swaps: swaps}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err != nil || len(body) > 0 {
			t.Errorf("a GET with a body: %q, %v", body, err)
		}
		s.mu.Lock()
		s.last = r
		answers, n := s.reads, &s.nReads
		if strings.Contains(r.URL.Path, "/changesim/") {
			answers, n = s.swaps, &s.nSwaps
		}
		now := answers[min(*n, len(answers)-1)]
		*n++
		s.mu.Unlock()
		if now.drop {
			panic(http.ErrAbortHandler)
		}
		if now.location != "" {
			w.Header().Set("Location", now.location)
		}
		if now.status != 0 {
			w.WriteHeader(now.status)
		}
		_, _ = io.WriteString(w, now.body)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) counts() (reads, swaps int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.nReads, s.nSwaps
}

func (s *service) client(t testing.TB, log io.Writer) *Client {
	t.Helper()
	endpoint, err := transport.CheckEndpoint(s.URL + "/prefix")
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{
		Endpoint: endpoint, Token: token, UserAgent: "test/1", RequestsPerSecond: 10000, Backoff: time.Millisecond,
		Pace:   wait.Pace{Min: time.Millisecond, Max: 2 * time.Millisecond, Patience: 30 * time.Millisecond},
		Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
}

func TestAccount(t *testing.T) {
	s := serve(t, []answer{{body: testdata(t, "account.json")}}, nil)
	got, err := s.client(t, io.Discard).Account(t.Context(), accountID)
	if err != nil {
		t.Fatal(err)
	}
	want := &Account{
		ID: accountID, Customer: "5f0c1a2b3c4d5e6f70810001", State: "ACTIVE", Type: "MVNO", Number: "+4512345678",
		SIM: SIM{SIMNumber: newICC, IMSI: "238010000000042", Network: "TDC"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if s.last.URL.Path != "/prefix/mvno/"+accountID || s.last.URL.RawQuery != "" || s.last.Method != http.MethodGet {
		t.Errorf("%s %s", s.last.Method, s.last.URL)
	}
	for name, want := range map[string]string{"Authorization": "Bearer " + token, "Accept": "application/json",
		"User-Agent": "test/1", "X-Api-Key": ""} {
		if got := s.last.Header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestAccountForms(t *testing.T) {
	for name, row := range map[string]struct {
		id, body, want string
	}{
		"by number":      {"+4512345678", accountBody(oldICC), oldICC},
		"id in capitals": {strings.ToUpper(accountID), accountBody(oldICC), oldICC},
		"no SIM":         {accountID, `{"_id":"` + accountID + `","state":"CREATING"}`, ""},
		"SIM null":       {accountID, `{"_id":"` + accountID + `","state":"CREATING","mvnoSim":null}`, ""},
		"SIM as a number": {accountID, `{"_id":"` + accountID + `","state":"X","mvnoSim":{"simNumber":8945010000000000017}}`,
			oldICC},
		"BOM": {accountID, "\xef\xbb\xbf" + accountBody(" "+oldICC+"F "), oldICC + "F"},
	} {
		got, err := serve(t, []answer{{body: row.body}}, nil).client(t, io.Discard).Account(t.Context(), row.id)
		if err != nil || got.SIM.SIMNumber != row.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestAccountFailures(t *testing.T) {
	const op = "MVNO API: read MVNO account " + accountID + ": "
	for name, row := range map[string]struct {
		answer   answer
		want     string
		notFound bool
		notAPI   bool
	}{
		"not found": {answer: answer{status: 404, body: errorBody("mvnoAccount", "MVNO account not found")},
			want: "HTTP 404 mvnoAccount: MVNO account not found", notFound: true},
		"array": {answer: answer{status: 404,
			body: `{"error":[{"code":"mvnoAccount"},{"code":"x","message":"y","path":"z"}]}`}, want: "HTTP 404 mvnoAccount",
			notFound: true},
		"errors": {answer: answer{status: 404, body: `{"errors":[{"code":"mvnoAccount","message":"gone"}]}`},
			want: "HTTP 404 mvnoAccount: gone", notFound: true},
		"second code": {answer: answer{status: 404, body: `{"errors":[{"code":"x"},{"code":"mvnoAccount"}]}`},
			want: "HTTP 404 x"},
		"another code": {answer: answer{status: 404, body: errorBody("sim", "no")}, want: "HTTP 404 sim: no"},
		"code in capitals": {answer: answer{status: 404, body: errorBody("MVNOACCOUNT", "no")},
			want: "HTTP 404 MVNOACCOUNT: no"},
		"code as a number": {answer: answer{status: 404, body: `{"error":{"code":17,"message":404100100}}`},
			want: "HTTP 404: 404100100"},
		"code with 400": {answer: answer{status: 400, body: errorBody("mvnoAccount", "no")},
			want: "HTTP 400 mvnoAccount: no"},
		"code with 200": {answer: answer{body: errorBody("mvnoAccount", "no")},
			want: "HTTP 200: the JSON has another shape than documented", notAPI: true},
		"no code": {answer: answer{status: 404, body: `{"error":{}}`},
			want: "HTTP 404: the JSON has another shape than documented", notAPI: true},
		"error null": {answer: answer{status: 404, body: `{"error":null}`},
			want: "HTTP 404: the JSON has another shape than documented", notAPI: true},
		"error as text": {answer: answer{status: 404, body: `{"error":"mvnoAccount"}`},
			want: "HTTP 404: the JSON has another shape than documented", notAPI: true},
		"page": {answer: answer{status: 404, body: "<h1>mvnoAccount</h1>"},
			want: "HTTP 404: the body is an HTML or XML page, not JSON", notAPI: true},
		"page 200": {answer: answer{body: "<h1>login</h1>"},
			want: "HTTP 200: the body is an HTML or XML page, not JSON", notAPI: true},
		"empty":     {answer: answer{status: 404}, want: "HTTP 404: the body is empty", notAPI: true},
		"empty 200": {answer: answer{}, want: "HTTP 200: the body is empty", notAPI: true},
		"truncated": {answer: answer{body: accountBody(oldICC)[:60]}, want: "HTTP 200: the body is not valid JSON",
			notAPI: true},
		"array of accounts": {answer: answer{body: "[" + accountBody(oldICC) + "]"},
			want: "HTTP 200: the JSON has another shape than documented", notAPI: true},
		"SIM of other shape": {answer: answer{body: `{"_id":"` + accountID +
			`","state":"ACTIVE","mvnoSim":{"simNumber":["x"]}}`}, want: "HTTP 200: the JSON has another shape than documented",
			notAPI: true},
		"another account": {answer: answer{body: strings.Replace(accountBody(oldICC), "5f0c", "5f0d", 1)},
			want: "HTTP 200: the answer is about another account", notAPI: true},
		"access denied": {answer: answer{status: 403, body: errorBody("access_denied", "Access denied")},
			want: "HTTP 403 access_denied: Access denied"},
		"redirect away": {answer: answer{status: 302, location: "https://other.example/?x=1"},
			want: "HTTP 302: a redirect to other.example, which is not followed", notAPI: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, []answer{row.answer}, nil)
			a, err := s.client(t, io.Discard).Account(t.Context(), accountID)
			if a != nil || err == nil || err.Error() != op+row.want {
				t.Fatalf("got  %v\nwant %s", err, op+row.want)
			}
			if errors.Is(err, transport.ErrNotFound) != row.notFound || errors.Is(err, transport.ErrNotTheAPI) != row.notAPI {
				t.Errorf("not found = %v, not the API = %v", errors.Is(err, transport.ErrNotFound),
					errors.Is(err, transport.ErrNotTheAPI))
			}
			if reads, _ := s.counts(); reads != 1 {
				t.Errorf("%d reads, want 1", reads)
			}
		})
	}
}

func TestAccountErrorDetails(t *testing.T) {
	s := serve(t, []answer{{status: 422,
		body: `{"error":{"code":"a","message":"b"},"errors":[{"message":"c","path":"p"},{"message":"d"},{}]}`}}, nil)
	_, err := s.client(t, io.Discard).Account(t.Context(), accountID)
	var failure *transport.Error
	if !errors.As(err, &failure) || !reflect.DeepEqual(failure.Details, []string{"p c", "d"}) {
		t.Errorf("%+v", failure)
	}
}

func TestReadsArePatient(t *testing.T) {
	s := serve(t, []answer{{status: 503}, {drop: true}, {status: 429}, {body: accountBody(oldICC)}}, nil)
	if _, err := s.client(t, io.Discard).Account(t.Context(), accountID); err != nil {
		t.Error(err)
	}
	if reads, _ := s.counts(); reads != 4 {
		t.Errorf("%d reads, want 4", reads)
	}
}

func TestPoolSIMErrors(t *testing.T) {
	const op = "MVNO API: read SIM " + newICC + ": "
	for name, row := range map[string]struct {
		answer   answer
		want     string
		notFound bool
	}{
		"not found": {answer: answer{status: 404, body: errorBody("not_found", "SIM not found")},
			want: "HTTP 404 not_found: SIM not found", notFound: true},
		"sim":          {answer: answer{status: 404, body: errorBody("sim", "no")}, want: "HTTP 404 sim: no", notFound: true},
		"another code": {answer: answer{status: 404, body: errorBody("mvnoAccount", "no")}, want: "HTTP 404 mvnoAccount: no"},
		"denied": {answer: answer{status: 403, body: errorBody("access_denied", "no")},
			want: "HTTP 403 access_denied: no"},
		"page": {answer: answer{status: 404, body: "<p>not_found"},
			want: "HTTP 404: the body is an HTML or XML page, not JSON"},
		"another SIM": {answer: answer{body: `{"_id":"` + oldICC + `"}`}, want: "HTTP 200: the answer is about another SIM"},
		"no id": {answer: answer{body: `{"puk1":"11112222"}`},
			want: "HTTP 200: the JSON has another shape than documented"},
	} {
		_, err := serve(t, []answer{row.answer}, nil).client(t, io.Discard).PoolSIM(t.Context(), newICC)
		if err == nil || err.Error() != op+row.want || errors.Is(err, transport.ErrNotFound) != row.notFound {
			t.Errorf("%s:\ngot  %v\nwant %s", name, err, op+row.want)
		}
	}
}

func TestSwap(t *testing.T) {
	for name, row := range map[string]struct{ newSIM, body, want string }{
		"ICC":         {newICC, testdata(t, "swap.json"), newICC},
		"trailing F":  {newICC, strings.Replace(testdata(t, "swap.json"), newICC, newICC+"F", 1), newICC + "F"},
		"eSim":        {ESIM, testdata(t, "swap.json"), newICC},
		"autoAssign":  {AutoAssign, testdata(t, "swap.json"), newICC},
		"PIN, number": {newICC, strings.Replace(testdata(t, "swap.json"), `"11112222"`, `11112222`, 1), newICC},
		// An executed swap must not look like one of unknown outcome because of a quoted boolean.
		"success as text": {newICC, strings.Replace(testdata(t, "swap.json"), `"success":true`, `"success":"True"`, 1),
			newICC},
		"success as number": {newICC, strings.Replace(testdata(t, "swap.json"), `"success":true`, `"success":1`, 1), newICC},
	} {
		s := serve(t, nil, []answer{{body: row.body}})
		sim, err := s.client(t, io.Discard).Swap(t.Context(), accountID, row.newSIM)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := SIM{SIMNumber: row.want, IMSI: "238010000000042", Network: "TDC", FormFactor: "NANO", PIN1: "0000",
			PIN2: "1111", PUK1: "11112222", PUK2: "33334444"}
		if *sim != want {
			t.Errorf("%s: another SIM than %v", name, want)
		}
		if s.last.Method != http.MethodGet || s.last.URL.Path != "/prefix/mvno/"+accountID+"/changesim/"+row.newSIM ||
			s.last.URL.RawQuery != "" {
			t.Errorf("%s: %s %s", name, s.last.Method, s.last.URL)
		}
		for header, want := range map[string]string{
			"Cache-Control": "no-store", "Authorization": "Bearer " + token, "Accept": "application/json", "Idempotency-Key": "",
			"Transfer-Encoding": "",
		} {
			if got := s.last.Header.Get(header); got != want {
				t.Errorf("%s: %s = %q, want %q", name, header, got, want)
			}
		}
		if !s.last.Close || s.last.ProtoMajor != 1 {
			t.Errorf("%s: %s, close = %v", name, s.last.Proto, s.last.Close)
		}
		if _, swaps := s.counts(); swaps != 1 {
			t.Errorf("%s: %d swaps", name, swaps)
		}
	}
}

// Each swap arrives exactly once, whatever comes back, on a client that has never called and on one that has.
func TestSwapIsSentOnce(t *testing.T) {
	const op = "MVNO API: swap the SIM of MVNO account " + accountID + ": "
	self := "/prefix/mvno/" + accountID + "/changesim/" + newICC
	for name, row := range map[string]struct {
		answer  answer
		want    string
		unknown bool
	}{
		"dropped": {answer: answer{drop: true}, want: "EOF", unknown: true},
		"301": {answer: answer{status: 301, location: self}, want: "HTTP 301: a redirect, which is not followed",
			unknown: true},
		"302": {answer: answer{status: 302, location: self}, want: "HTTP 302: a redirect, which is not followed",
			unknown: true},
		"303": {answer: answer{status: 303, location: self}, want: "HTTP 303: a redirect, which is not followed",
			unknown: true},
		"307": {answer: answer{status: 307, location: self}, want: "HTTP 307: a redirect, which is not followed",
			unknown: true},
		"308": {answer: answer{status: 308, location: self}, want: "HTTP 308: a redirect, which is not followed",
			unknown: true},
		"redirect away": {answer: answer{status: 302, location: "https://other.example/?t=1"},
			want: "HTTP 302: a redirect to other.example, which is not followed", unknown: true},
		"500": {answer: answer{status: 500, body: errorBody("internal_error", "oops")},
			want: "HTTP 500 internal_error", unknown: true},
		"502 page": {answer: answer{status: 502, body: "<p>bad"},
			want: "HTTP 502: the body is an HTML or XML page, not JSON", unknown: true},
		"503": {answer: answer{status: 503}, want: "HTTP 503: the body is empty", unknown: true},
		"408": {answer: answer{status: 408}, want: "HTTP 408: the body is empty", unknown: true},
		"success false": {answer: answer{body: `{"success":false}`}, want: "HTTP 200: the answer says success: false",
			unknown: true},
		"error in a 200": {answer: answer{body: errorBody("state", "no")},
			want: "HTTP 200: the JSON has another shape than documented", unknown: true},
		"no SIM": {answer: answer{body: `{"success":true}`}, want: "HTTP 200: the answer does not name the new SIM",
			unknown: true},
		"SIM without ICC": {answer: answer{body: `{"success":true,"mvnoSim":{"imsi":"238010000000042"}}`},
			want: "HTTP 200: the answer does not name the new SIM", unknown: true},
		"another SIM": {answer: answer{body: `{"success":true,"mvnoSim":{"simNumber":"` + thirdICC + `"}}`},
			want: "HTTP 200: the answer names another SIM than was asked for", unknown: true},
		"202": {answer: answer{status: 202, body: testdata(t, "swap.json")},
			want: "HTTP 202: the JSON has another shape than documented", unknown: true},
		"empty": {answer: answer{}, want: "HTTP 200: the body is empty", unknown: true},
		"page": {answer: answer{body: "<p>login"}, want: "HTTP 200: the body is an HTML or XML page, not JSON",
			unknown: true},
		"truncated": {answer: answer{body: testdata(t, "swap.json")[:150]},
			want: "HTTP 200: the body is not valid JSON", unknown: true},
		"account unknown": {answer: answer{status: 404, body: errorBody("mvnoAccount", "MVNO account not found")},
			want: "HTTP 404 mvnoAccount: MVNO account not found"},
		"SIM unavailable": {answer: answer{status: 404, body: errorBody("sim", "not available")},
			want: "HTTP 404 sim: not available"},
		"no eSIM": {answer: answer{status: 404, body: errorBody("esim", "none left")},
			want: "HTTP 404 esim: none left"},
		"state": {answer: answer{status: 403, body: errorBody("state", "no")}, want: "HTTP 403 state: no"},
		"porting": {answer: answer{status: 403, body: testdata(t, "error_porting.json")},
			want: "HTTP 403 porting: Account is in porting"},
		"level": {answer: answer{status: 403, body: errorBody("access_denied", "no")},
			want: "HTTP 403 access_denied: no"},
		"401": {answer: answer{status: 401, body: errorBody("expired", "Token expired")},
			want: "HTTP 401 expired: Token expired"},
		"429": {answer: answer{status: 429}, want: "HTTP 429: the body is empty"},
		"token in a reply": {answer: answer{status: 400, body: errorBody("bad_request", "bad token "+token)},
			want: "HTTP 400 bad_request: bad token (secret)"},
	} {
		for _, warm := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, warm=%v", name, warm), func(t *testing.T) {
				s := serve(t, []answer{{body: accountBody(oldICC)}}, []answer{row.answer, {body: testdata(t, "swap.json")}})
				c := s.client(t, io.Discard)
				if warm {
					for range 3 {
						if _, err := c.Account(t.Context(), accountID); err != nil {
							t.Fatal(err)
						}
					}
				}
				sim, err := c.Swap(t.Context(), accountID, newICC)
				if sim != nil || err == nil || err.Error() != op+row.want {
					t.Fatalf("got  %v\nwant %s", err, op+row.want)
				}
				if errors.Is(err, transport.ErrOutcomeUnknown) != row.unknown || errors.Is(err, transport.ErrNotSent) {
					t.Errorf("unknown = %v, not sent = %v", !row.unknown, errors.Is(err, transport.ErrNotSent))
				}
				if gone := errors.Is(err, transport.ErrNotFound); gone != (name == "account unknown") {
					t.Errorf("not found = %v", gone)
				}
				if _, swaps := s.counts(); swaps != 1 {
					t.Errorf("executed %d times", swaps)
				}
			})
		}
	}
}

// The service gets the form that its page names.
func TestSwapSpellings(t *testing.T) {
	for _, spelling := range []string{newICC, newICC + "F", " " + newICC + " ",
		newICC + string(identity.CheckDigit(newICC))} {
		s := serve(t, nil, []answer{{body: testdata(t, "swap.json")}})
		sim, err := s.client(t, io.Discard).Swap(t.Context(), accountID, spelling)
		if err != nil || sim.SIMNumber != newICC {
			t.Errorf("%q: %v, %v", spelling, sim, err)
		}
		if path := s.last.URL.Path; !strings.HasSuffix(path, "/changesim/"+newICC) {
			t.Errorf("%q was sent as %s", spelling, path)
		}
	}
}

func TestSwapNotSent(t *testing.T) {
	s := serve(t, []answer{{body: accountBody(oldICC)}}, []answer{{body: testdata(t, "swap.json")}})
	c := s.client(t, io.Discard)
	for _, row := range []struct{ id, newSIM, want string }{
		{"+4512345678", newICC, `"+4512345678" is not an account id of 24 hex characters`},
		{accountID + "/../x", newICC, `"5f0c1a2b3c4d5e6f70819203/../x" is not an account id of 24 hex characters`},
		{accountID + "\n", newICC, `"5f0c1a2b3c4d5e6f70819203\n" is not an account id of 24 hex characters`},
		{"", newICC, `"" is not an account id of 24 hex characters`},
		{accountID, "", `"" is neither an ICC of 11 to 19 digits nor "eSim" nor "autoAssign"`},
		{accountID, "esim", `"esim" is neither an ICC of 11 to 19 digits nor "eSim" nor "autoAssign"`},
		{accountID, newICC + "1", `"89450100000000000421" is neither an ICC of 11 to 19 digits nor "eSim" nor "autoAssign"`},
		{accountID, "..", `".." is neither an ICC of 11 to 19 digits nor "eSim" nor "autoAssign"`},
	} {
		_, err := c.Swap(t.Context(), row.id, row.newSIM)
		want := "MVNO API: swap the SIM of MVNO account " + row.id + ": " + row.want
		if err == nil || err.Error() != want || !errors.Is(err, transport.ErrNotSent) ||
			errors.Is(err, transport.ErrOutcomeUnknown) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Swap(cancelled, accountID, newICC); !errors.Is(err, transport.ErrNotSent) ||
		!errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for _, id := range []string{"", "..", "x/y", "deleted"} {
		if _, err := c.Account(t.Context(), id); err == nil || errors.Is(err, transport.ErrNotFound) {
			t.Errorf("Account(%q): %v", id, err)
		}
		if _, err := c.PoolSIM(t.Context(), id); err == nil || errors.Is(err, transport.ErrNotFound) {
			t.Errorf("PoolSIM(%q): %v", id, err)
		}
	}
	if reads, swaps := s.counts(); reads+swaps != 0 {
		t.Errorf("%d reads and %d swaps were sent", reads, swaps)
	}
}

func TestRefusedTokenStopsTheClient(t *testing.T) {
	s := serve(t, []answer{{status: 401, body: errorBody("invalid_token", "Invalid token")}},
		[]answer{{body: testdata(t, "swap.json")}})
	c := s.client(t, io.Discard)
	if _, err := c.Account(t.Context(), accountID); !errors.Is(err, transport.ErrUnauthorized) {
		t.Error(err)
	}
	if _, err := c.Swap(t.Context(), accountID, newICC); !errors.Is(err, transport.ErrStopped) ||
		!errors.Is(err, transport.ErrNotSent) {
		t.Error(err)
	}
	if reads, swaps := s.counts(); reads != 1 || swaps != 0 {
		t.Errorf("%d reads, %d swaps", reads, swaps)
	}
}

// Ctrl-C while the swap is under way must not lose its answer.
func TestSwapIgnoresCancellation(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	swapBody := testdata(t, "swap.json")
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		cancel()
		_, _ = io.WriteString(w, swapBody)
	}))
	defer s.Close()
	endpoint, err := transport.CheckEndpoint(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	sim, err := New(Config{Endpoint: endpoint, Token: token}).Swap(ctx, accountID, newICC)
	if err != nil || sim.SIMNumber != newICC {
		t.Errorf("%v, %v", sim, err)
	}
}

// PINs and PUKs come back in answers of every shape; they leave in the SIM's fields only.
func TestCodesStayInside(t *testing.T) {
	codes := []string{"76543218", "87654329", "9182", "8273"}
	planted := `"puk1":"76543218","puk2":"87654329","pin1":"9182","pin2":"8273"`
	inWords := "puk1_76543218 puk2=87654329, PIN 9182/8273"
	for name, a := range map[string]answer{
		"truncated":  {body: `{"success":true,"mvnoSim":{` + planted},
		"page":       {body: "<html><body>" + planted + "</body></html>"},
		"page 502":   {status: 502, body: "<html>" + planted},
		"page 404":   {status: 404, body: "<html>" + planted},
		"plain text": {status: 400, body: inWords},
		"array":      {body: `[{` + planted + `}]`},
		"SIM is an array": {body: `{"_id":"` + accountID + `","state":"ACTIVE","success":true,"mvnoSim":[{` + planted +
			`}]}`},
		"success is text":   {body: `{"success":"76543218","mvnoSim":{` + planted + `}}`},
		"success is a code": {body: `{"success":76543218,"_id":9182,"mvnoSim":{` + planted + `}}`},
		"success false":     {body: `{"success":false,"mvnoSim":{` + planted + `}}`},
		"no ICC":            {body: `{"success":true,"mvnoSim":{` + planted + `}}`},
		"another SIM": {body: `{"success":true,"_id":"` + thirdICC + `","mvnoSim":{"simNumber":"` + thirdICC + `",` +
			planted + `}}`},
		"error in a 200":   {body: errorBody("sim", inWords)},
		"error in a 500":   {status: 500, body: errorBody("internal_error", inWords)},
		"error in a 403":   {status: 403, body: errorBody("state", inWords)},
		"error, cut":       {status: 403, body: errorBody("state", strings.Repeat("x", 196)+"76543218")},
		"code of an error": {status: 403, body: `{"error":{"code":"76543218","message":"no"}}`},
		"number as a code": {status: 403, body: `{"error":{"code":76543218,"message":87654329}}`},
		"several errors": {status: 422, body: `{"errors":[{"code":"a","message":"` + inWords +
			`"},{"code":"9182","path":"8273","message":"` + inWords + `"}]}`},
		"302":          {status: 302, location: "/x?" + "pin=9182", body: planted},
		"bad redirect": {status: 302, location: "/%zz?pin=9182&puk=76543218", body: planted},
	} {
		var log bytes.Buffer
		s := serve(t, []answer{a}, []answer{a})
		c := s.client(t, &log)
		_, err := c.Swap(t.Context(), accountID, newICC)
		_, accountErr := c.Account(t.Context(), accountID)
		_, simErr := c.PoolSIM(t.Context(), newICC)
		var failure *transport.Error
		if !errors.As(err, &failure) {
			t.Fatalf("%s: %v", name, err)
		}
		texts := fmt.Sprintf("%v\n%+v\n%q\n%v\n%v\n%s", err, failure, failure.Details, accountErr, simErr, log.String())
		for _, code := range codes {
			if strings.Contains(texts, code) {
				t.Errorf("%s: %s shows in\n%s", name, code, texts)
			}
		}
		if !strings.Contains(log.String(), "operation=") {
			t.Errorf("%s: nothing was logged", name)
		}
	}
}

func TestPrintedSIMHidesCodes(t *testing.T) {
	sim := SIM{SIMNumber: newICC, IMSI: "238010000000042", Network: "TDC", FormFactor: "NANO", PIN1: "9182", PIN2: "8273",
		PUK1: "76543218", PUK2: "87654329"}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "sim", sim)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "sim", sim, "account", Account{SIM: sim})
	text := fmt.Sprintf("%v %+v %#v %s %v %s", sim, &sim, sim, sim, Account{SIM: sim}, log.String())
	for _, code := range []string{"9182", "8273", "76543218", "87654329"} {
		if strings.Contains(text, code) {
			t.Errorf("%s shows in %s", code, text)
		}
	}
	if want := "{" + newICC + " 238010000000042 TDC NANO}"; sim.String() != want {
		t.Errorf("got %s, want %s", sim, want)
	}
}

func TestWordsAndStates(t *testing.T) {
	for state, want := range map[string][2]bool{ // leaving, allows a swap
		"ACTIVE": {false, true}, "BLOCKED": {false, true}, "CREATING": {false, false}, "DELETING": {true, false},
		"DELETED": {true, false}, "NEW_WORD": {false, true}, "": {false, true},
	} {
		if got := [2]bool{IsTerminal(state), AllowsSwap(state)}; got != want {
			t.Errorf("%q: %v, want %v", state, got, want)
		}
	}
	for word, want := range map[string]bool{"eSim": true, "autoAssign": true, "esim": false, newICC: false, "": false} {
		if IsWord(word) != want {
			t.Errorf("IsWord(%q) = %v", word, !want)
		}
	}
}

func TestSettle(t *testing.T) {
	shows := func(icc ...string) (list []answer) {
		for _, i := range icc {
			list = append(list, answer{body: accountBody(i)})
		}
		return list
	}
	nothing := answer{body: `{"_id":"` + accountID + `","state":"ACTIVE"}`}
	gone := answer{status: 404, body: errorBody("mvnoAccount", "gone")}
	const cannot = "what became of the SIM swap of MVNO account " + accountID + " cannot be told: "
	for name, row := range map[string]struct {
		before, newSIM string
		reads          []answer
		verdict        wait.Verdict
		shown          string
		want           string // error text
	}{
		"done": {before: oldICC, newSIM: newICC, reads: shows(newICC), verdict: wait.Happened, shown: newICC},
		"done, F": {before: oldICC, newSIM: newICC, reads: shows(newICC + "F"), verdict: wait.Happened,
			shown: newICC + "F"},
		"done after stale": {before: oldICC, newSIM: newICC, reads: shows(oldICC, oldICC, oldICC, newICC),
			verdict: wait.Happened, shown: newICC},
		"not done": {before: oldICC, newSIM: newICC, reads: shows(oldICC), verdict: wait.NoEffect, shown: oldICC},
		"not done, F": {before: oldICC, newSIM: newICC, reads: shows(oldICC + "F"), verdict: wait.NoEffect,
			shown: oldICC + "F"},
		"third": {before: oldICC, newSIM: newICC, reads: shows(thirdICC), verdict: wait.Superseded,
			shown: thirdICC},
		"done, check digit": {before: oldICC, newSIM: newICC, reads: shows(newICC + string(identity.CheckDigit(newICC))),
			verdict: wait.Happened, shown: newICC + string(identity.CheckDigit(newICC))},
		"third, then done": {before: oldICC, newSIM: newICC, reads: shows(thirdICC, newICC), verdict: wait.Happened,
			shown: newICC},
		"none": {before: oldICC, newSIM: newICC, reads: []answer{nothing},
			want: cannot + "the account shows no SIM"},
		"none before": {before: "", newSIM: newICC, reads: []answer{nothing},
			want: cannot + "the account shows no SIM"},
		"word, done": {before: oldICC, newSIM: ESIM, reads: shows(thirdICC), verdict: wait.Happened, shown: thirdICC},
		"word, stale": {before: oldICC, newSIM: AutoAssign, reads: shows(oldICC, oldICC, oldICC, thirdICC),
			verdict: wait.Happened, shown: thirdICC},
		"word, not done": {before: oldICC, newSIM: ESIM, reads: shows(oldICC + "F"), verdict: wait.NoEffect,
			shown: oldICC + "F"},
		"word, none": {before: oldICC, newSIM: ESIM, reads: []answer{nothing},
			want: cannot + "the account shows no SIM"},
		"word, from none": {before: "", newSIM: ESIM, reads: shows(thirdICC), verdict: wait.Happened, shown: thirdICC},
		"trouble, then new": {before: oldICC, newSIM: newICC,
			reads: append([]answer{{body: "<p>"}, {status: 503}, {drop: true}}, shows(newICC)...), verdict: wait.Happened,
			shown: newICC},
		"only trouble": {before: oldICC, newSIM: newICC, reads: []answer{{body: "<p>"}},
			want: cannot + "MVNO API: read MVNO account " + accountID + ": HTTP 200: the body is an HTML or XML page, not JSON"},
		"old, then trouble": {before: oldICC, newSIM: newICC, reads: append(shows(oldICC, oldICC), answer{body: "<p>"}),
			shown: oldICC, want: cannot + "MVNO API: read MVNO account " + accountID +
				": HTTP 200: the body is an HTML or XML page, not JSON"},
		"gone, for a moment": {before: oldICC, newSIM: newICC, reads: append([]answer{gone}, shows(newICC)...),
			verdict: wait.Happened, shown: newICC},
		"gone": {before: oldICC, newSIM: newICC, reads: []answer{gone},
			want: cannot + "MVNO API: read MVNO account " + accountID + ": HTTP 404 mvnoAccount: gone"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, row.reads, []answer{{}})
			c := s.client(t, io.Discard)
			if row.verdict == wait.Happened { // found out long before: a slow machine must not cut the reads short
				c.pace.Patience = time.Minute
			}
			verdict, a, err := c.Settle(t.Context(), accountID, row.before, row.newSIM, time.Now())
			if verdict != row.verdict || (err == nil) != (row.want == "") || err != nil && err.Error() != row.want {
				t.Errorf("got %v, error %v\nwant %v, %s", verdict, err, row.verdict, row.want)
			}
			switch {
			case a == nil && (row.shown != "" || err == nil):
				t.Error("no account")
			case a != nil && a.SIM.SIMNumber != row.shown:
				t.Errorf("shows %q, want %q", a.SIM.SIMNumber, row.shown)
			}
			reads, swaps := s.counts()
			if swaps != 0 || verdict == wait.NoEffect && reads < fewestReads {
				t.Errorf("%d reads, %d swaps", reads, swaps)
			}
		})
	}
}

// However little patience is configured, one stale answer is not enough to say that nothing happened.
func TestSettleReadsThreeTimes(t *testing.T) {
	s := serve(t, []answer{{body: accountBody(oldICC)}}, nil)
	c := s.client(t, io.Discard)
	c.pace.Patience = time.Nanosecond
	verdict, _, err := c.Settle(t.Context(), accountID, oldICC, newICC, time.Now())
	if reads, _ := s.counts(); verdict != wait.NoEffect || err != nil || reads != 3 {
		t.Errorf("got %v, %v after %d reads", verdict, err, reads)
	}
}

func TestSettleInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := serve(t, []answer{{body: accountBody(oldICC)}}, nil)
	verdict, _, err := s.client(t, io.Discard).Settle(ctx, accountID, oldICC, newICC, time.Now())
	var interrupted *wait.InterruptedError
	if verdict != wait.Undecided || !errors.As(err, &interrupted) {
		t.Errorf("got %v, %v", verdict, err)
	}
}

func TestWaitShown(t *testing.T) {
	s := serve(t, []answer{{body: accountBody(oldICC)}, {status: 502}, {body: "<p>"}, {body: accountBody(newICC + "F")}},
		nil)
	c := s.client(t, io.Discard)
	c.pace.Patience = time.Minute
	a, err := c.WaitShown(t.Context(), accountID, newICC)
	if err != nil || a.SIM.SIMNumber != newICC+"F" {
		t.Errorf("%v, %v", a, err)
	}

	s = serve(t, []answer{{body: accountBody(oldICC)}}, nil)
	a, err = s.client(t, io.Discard).WaitShown(t.Context(), accountID, newICC)
	var timeout *wait.TimeoutError
	if !errors.As(err, &timeout) || a == nil || a.SIM.SIMNumber != oldICC {
		t.Errorf("%v, %v", a, err)
	}
	want := "display of the new SIM on MVNO account " + accountID + " was not over after 0s (last state: " + oldICC + ")"
	if err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}

	s = serve(t, []answer{{status: 403, body: errorBody("access_denied", "no")}}, nil)
	a, err = s.client(t, io.Discard).WaitShown(t.Context(), accountID, newICC)
	var poll *wait.PollError
	if a != nil || !errors.As(err, &poll) || !errors.Is(err, transport.ErrForbidden) {
		t.Errorf("%v, %v", a, err)
	}
}

// FuzzAccount: no answer panics, and what is taken for an account has an id and a state.
func FuzzAccount(f *testing.F) {
	f.Add([]byte(testdata(f, "account.json")), 200)
	f.Add([]byte(testdata(f, "error_porting.json")), 403)
	f.Add([]byte(`{"error":[{"code":"mvnoAccount"}],"errors":null}`), 404)
	f.Add([]byte(accountBody(oldICC)), 200)
	c := New(Config{Endpoint: &url.URL{Scheme: "https", Host: "example.com"}, Token: token})
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		res := &transport.Response{Status: status, Body: body}
		if failure := c.checkResponse(res); failure != nil {
			if failure.NotFound {
				t.Error("checkResponse cannot know what was asked for")
			}
			if failure.Code != "" && !word.MatchString(failure.Code) {
				t.Errorf("code %q", failure.Code)
			}
			for _, run := range digits.FindAllString(failure.Message+" "+strings.Join(failure.Details, " "), -1) {
				if len(run) <= longestCode && !strings.HasSuffix(failure.Message, "…") {
					t.Errorf("%q shows in %+v", run, failure)
				}
			}
			return
		}
		account, problem := decodeAccount(res, accountID)
		if (account == nil) == (problem == nil) {
			t.Fatalf("%v and %v", account, problem)
		}
		if account != nil && (!strings.EqualFold(account.ID, accountID) || account.State == "") {
			t.Errorf("took %q for account %v", body, account)
		}
	})
}

// FuzzSwapAnswer: only the documented answer is a success, and no failure quotes the answer.
func FuzzSwapAnswer(f *testing.F) {
	for _, body := range []string{testdata(f, "swap.json"), `{"success":true}`, `{"success":false}`, `<p>`,
		`{"success":true,"mvnoSim":{"simNumber":1}}`} {
		f.Add([]byte(body), newICC)
		f.Add([]byte(body), ESIM)
	}
	f.Fuzz(func(t *testing.T, body []byte, newSIM string) {
		sim, problem := decodeSwap(&transport.Response{Status: 200, Body: body}, newSIM)
		switch {
		case (sim == nil) == (problem == nil):
			t.Fatalf("%v and %v", sim, problem)
		case problem != nil && (problem.Message != "" || problem.Code != "" || len(problem.Details) > 0):
			t.Errorf("quotes the answer: %+v", problem)
		case sim != nil && (sim.SIMNumber == "" || !IsWord(newSIM) && !identity.SameICC(sim.SIMNumber, newSIM) ||
			!json.Valid(transport.StripBOM(body))):
			t.Errorf("took %q for a swap to %q", body, newSIM)
		}
	})
}
