package cmo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

const (
	patch     = "PATCH /product/" + tmspID + "-simCard"
	monitorID = "89490200000000000024-1700000000000"
	monitored = "GET /monitor/" + monitorID
)

func TestSetStatusRequest(t *testing.T) {
	s := newService(t)
	s.on(patch, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != `[{"op":"replace","path":"/status","value":"ACTIVE"}]` {
			t.Errorf("body: %s %v", body, err)
		}
		if r.Header.Get("Content-Type") != "application/json-patch+json" || r.Header.Get("Accept") != "application/json" {
			t.Errorf("headers: %v", r.Header)
		}
		answer(w, http.StatusOK, testdata(t, "sim_card.json"))
	})
	before := time.Now()
	op, err := s.client().SetStatus(t.Context(), tmspID, "ACTIVE")
	if err != nil {
		t.Fatal(err)
	}
	if op.Since.Before(before) || op.Since.After(time.Now()) {
		t.Errorf("since %s", op.Since)
	}
	op.Since = time.Time{}
	if want := (Operation{ProductID: tmspID, Target: "ACTIVE", Synchronous: true}); op != want {
		t.Errorf("got %+v", op)
	}
}

func TestMonitorOfA202(t *testing.T) {
	const other = "http://other.example/cmo/v5/acme/monitor/" + monitorID
	tests := []struct {
		name, location, body string // HOST stands for the service's own
		monitor              string
		refused              bool
	}{
		{"Location", "HOST/cmo/v5/acme/monitor/loc-1", `{"id":"body-1"}`, "loc-1", false},
		{"Location as a path", "/x/monitor/loc-1/?a=b", ``, "loc-1", false},
		{"Location as an id", "loc-1", ``, "loc-1", false},
		{"Location of something else", "HOST/cmo/v5/acme/product/x", `{"id":"body-1"}`, "body-1", false},
		{"Location with an escape", "HOST/monitor/a%2Fb", ``, "a/b", false},
		{"href before id", "", `{"id":"body-1","href":"HOST/cmo/v5/acme/monitor/href-1"}`, "href-1", false},
		{"href of something else", "", `{"id":"body-1","href":"HOST/product/x"}`, "body-1", false},
		{"id", "", `{"id":"body-1","state":"InProgress"}`, "body-1", false},
		{"bare URL", "", `HOST/acme/monitor/bare-1`, "bare-1", false},
		{"quoted URL", "", `"HOST/acme/monitor/bare-1"`, "bare-1", false},
		{"URL in angle brackets", "", "<HOST/acme/monitor/bare-1>\n", "bare-1", false},
		{"link", "", `{"link":"/acme/monitor/link-1"}`, "link-1", false},
		{"links", "", `{"links":[{"type":"self","url":"/acme/product/x"},{"type":"monitor","url":"/acme/monitor/link-2"}]}`,
			"link-2", false},
		{"monitor as URL", "", `{"monitor":"HOST/acme/monitor/mon-1"}`, "mon-1", false},
		{"monitor as object", "", `{"id":"` + tmspID + `","monitor":{"id":"mon-1"}}`, "mon-1", false},
		{"monitorId", "", `{"id":"` + tmspID + `-simCard","monitorId":"mon-1"}`, "mon-1", false},
		{"sourceHref is never used", "", `{"sourceHref":"HOST/acme/monitor/x"}`, "", false},
		{"the product in place of a monitor", "", productBody(tmspID, "ACTIVE"), "", false},
		{"empty", "", "", "", false},
		{"page", "", "<html>Accepted</html>", "", false},
		{"Location on another host", other, `{"id":"body-1"}`, "", true},
		{"Location without a scheme, on another host", "//other.example/monitor/x", ``, "", true},
		{"href on another host", "", `{"id":"body-1","href":"` + other + `"}`, "", true},
		{"bare URL on another host", "", other, "", true},
		{"link with a user", "http://me@HOSTNAME/monitor/x", ``, "", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newService(t)
			host := strings.NewReplacer("HOSTNAME", strings.TrimPrefix(s.URL, "http://"), "HOST", s.URL)
			s.on(patch, func(w http.ResponseWriter, _ *http.Request) {
				if test.location != "" {
					w.Header().Set("Location", host.Replace(test.location))
				}
				answer(w, http.StatusAccepted, host.Replace(test.body))
			})
			op, err := s.client().SetStatus(t.Context(), tmspID, "ACTIVE")
			if err != nil {
				t.Fatal(err)
			}
			if op.Synchronous || op.Monitor != test.monitor || op.MonitorRefused != test.refused {
				t.Errorf("got %+v", op)
			}
		})
	}
}

func TestHostsBehindAProxy(t *testing.T) {
	s := newService(t)
	c := s.client(func(cfg *Config) {
		cfg.Endpoint, _ = transport.CheckEndpoint("https://hub.example/cmo/v5")
	})
	for ref, own := range map[string]bool{
		"https://hub.example:443/monitor/x": true, "http://HUB.example/monitor/x": true,
		"https://hub.example:8443/monitor/x": false, "https://hub.example.evil/monitor/x": false,
	} {
		id, err := c.monitorID(ref)
		if own != (id == "x") || own == errors.Is(err, transport.ErrOtherHost) {
			t.Errorf("%s: %q, %v", ref, id, err)
		}
	}
}

// broken breaks the connection after the request was read, without an answer or in the middle of one.
func broken(beginning string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, beginning)
		if beginning == "" {
			_ = conn.(*net.TCPConn).SetLinger(0) // a reset rather than an end
		}
		_ = conn.Close()
	}
}

func TestPatchIsSentOnce(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"500":   answers(500, `{"detail":"x"}`),
		"503":   answers(503, ``),
		"504":   answers(504, `<html>`),
		"408":   answers(408, ``),
		"reset": broken(""),
		"end":   broken("\n"),
		"cut":   broken("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			s.set(tmspID, "INACTIVE")
			s.on(patch, h)
			c := s.client()
			if _, err := c.Product(t.Context(), tmspID); err != nil { // leaves a connection that could be used again
				t.Fatal(err)
			}
			_, err := c.SetStatus(t.Context(), tmspID, "ACTIVE")
			if !errors.Is(err, transport.ErrOutcomeUnknown) || errors.Is(err, transport.ErrNotSent) {
				t.Errorf("got %v", err)
			}
			if n := s.count("PATCH"); n != 1 {
				t.Errorf("sent %d times", n)
			}
		})
	}
}

func TestRefusedPatch(t *testing.T) {
	for status, is := range map[int]error{409: transport.ErrConflict, 404: transport.ErrNotFound, 422: nil, 400: nil} {
		s := newService(t)
		s.on(patch, answers(status, fmt.Sprintf(`{"@type":"problem","status":%d,"detail":"refused","traceId":"t1"}`, status)))
		_, err := s.client().SetStatus(t.Context(), tmspID, "ACTIVE")
		var e *transport.Error
		if !errors.As(err, &e) || e.Unknown || e.NotSent || e.TraceID != "t1" || is != nil && !errors.Is(err, is) ||
			s.count("") != 1 {
			t.Errorf("HTTP %d: %+v after %d calls", status, err, s.count(""))
		}
	}
}

func TestPatchAgainAfter429(t *testing.T) {
	s := newService(t)
	var calls atomic.Int32
	s.on(patch, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) < 3 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		answer(w, http.StatusOK, `{}`)
	})
	if op, err := s.client().SetStatus(t.Context(), tmspID, "ACTIVE"); err != nil || !op.Synchronous || calls.Load() != 3 {
		t.Errorf("%+v, %v after %d calls", op, err, calls.Load())
	}
}

// lockedBuffer collects a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func TestPatchAgainWhereNobodyListens(t *testing.T) {
	s := newService(t)
	var log lockedBuffer
	c := s.client(func(cfg *Config) {
		cfg.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	s.Close()
	_, err := c.SetStatus(t.Context(), tmspID, "ACTIVE")
	if !errors.Is(err, transport.ErrNotSent) || errors.Is(err, transport.ErrOutcomeUnknown) {
		t.Errorf("got %v", err)
	}
	if n := strings.Count(log.String(), "API call"); n != 4 {
		t.Errorf("%d attempts:\n%s", n, log.String())
	}
}

func TestOperationSurvivesPrivateState(t *testing.T) {
	op := Operation{ProductID: tmspID, Target: "ACTIVE", Monitor: monitorID,
		Since: time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)}
	raw, err := json.Marshal(op)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"product_id":"` + tmspID + `","target":"ACTIVE","monitor":"` + monitorID +
		`","since":"2025-01-02T03:04:05Z"}`
	if string(raw) != want {
		t.Errorf("got %s", raw)
	}
	var back Operation
	if err := json.Unmarshal(raw, &back); err != nil || back != op {
		t.Errorf("got %+v, %v", back, err)
	}
}

// script answers each call with the next body, and the last one from then on. A body that is "404" is an empty 404.
func script(bodies ...string) http.HandlerFunc {
	var calls atomic.Int32
	return func(w http.ResponseWriter, _ *http.Request) {
		body := bodies[min(int(calls.Add(1)), len(bodies))-1]
		if body == "404" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		answer(w, http.StatusOK, body)
	}
}

// sims answers reads of the composite with SIM cards of these statuses.
func sims(statuses ...string) http.HandlerFunc {
	for i, status := range statuses {
		statuses[i] = productBody(tmspID, status)
	}
	return script(statuses...)
}

func state(word string) string { return `{"id":"` + monitorID + `","state":"` + word + `"}` }

// asynchronous is an accepted change to ACTIVE, just now.
func asynchronous() Operation {
	return Operation{ProductID: tmspID, Target: "ACTIVE", Monitor: monitorID, Since: time.Now()}
}

func TestWait(t *testing.T) {
	synchronous := Operation{ProductID: tmspID, Target: "ACTIVE", Synchronous: true, Since: time.Now()}
	terminating := Operation{ProductID: tmspID, Target: "PENDING_TERMINATE", Synchronous: true, Since: time.Now()}
	blind := Operation{ProductID: tmspID, Target: "ACTIVE", MonitorRefused: true, Since: time.Now()}
	longAgo := blind
	longAgo.Since = time.Now().Add(-time.Hour)

	tests := []struct {
		name    string
		op      Operation
		monitor http.HandlerFunc
		sim     http.HandlerFunc
		want    string // status in the result
		err     string // of the error, "" for none
	}{
		{"synchronous", synchronous, nil, sims("ACTIVE"), "ACTIVE", ""},
		{"synchronous, shown late", synchronous, nil, sims("INACTIVE", "INACTIVE", "ACTIVE"), "ACTIVE", ""},
		{"synchronous, settling", synchronous, nil, sims("PENDING_ACTIVE", "PENDING_ACTIVE", "ACTIVE"), "ACTIVE", ""},
		{"synchronous, without effect", synchronous, nil, sims("INACTIVE"), "INACTIVE",
			"the SIM card has settled on INACTIVE instead of ACTIVE"},
		{"terminating", terminating, nil, sims("PENDING_TERMINATE"), "PENDING_TERMINATE", ""},
		{"terminated", terminating, nil, sims("TERMINATED"), "TERMINATED", ""},
		{"asynchronous", asynchronous(), script(state("InProgress"), state("InProgress"), state("Completed")),
			sims("PENDING_ACTIVE", "ACTIVE"), "ACTIVE", ""},
		{"monitor late", asynchronous(), script("404", "404", state("InProgress"), state("DONE")), sims("ACTIVE"), "ACTIVE",
			""},
		{"monitor never there", asynchronous(), script("404"), sims("INACTIVE", "ACTIVE"), "ACTIVE", ""},
		{"monitor gone after a while", asynchronous(), script(state("InProgress"), "404"), sims("INACTIVE"), "INACTIVE",
			"the SIM card has settled on INACTIVE instead of ACTIVE"},
		{"unknown word", asynchronous(), script(state("Held")), sims("INACTIVE", "INACTIVE", "ACTIVE"), "ACTIVE", ""},
		{"monitor that is none", asynchronous(), script("<html>"), sims("INACTIVE", "ACTIVE"), "ACTIVE", ""},
		{"no monitor", blind, nil, sims("INACTIVE", "INACTIVE", "INACTIVE", "PENDING_ACTIVE", "ACTIVE"), "ACTIVE", ""},
		{"no monitor, long ago, without effect", longAgo, nil, sims("INACTIVE"), "INACTIVE",
			"the SIM card has settled on INACTIVE instead of ACTIVE"},
		{"failed", asynchronous(), script(state("InProgress"), testdata(t, "monitor_in_error.json")), sims("INACTIVE"),
			"INACTIVE",
			"change of SIM card " + tmspID + " to ACTIVE failed (state: InError): CMO API: read monitor of the change of SIM " +
				"card " +
				tmspID + " to ACTIVE: HTTP 400: ACTIVE to CREATED is not offered"},
		{"completed with an error", asynchronous(),
			script(`{"state":"Completed","response":{"statusCode":422,"body":"{\"reason\":\"by tariff\"}"}}`), sims("INACTIVE"),
			"INACTIVE",
			"change of SIM card " + tmspID + " to ACTIVE failed (state: Completed): CMO API: read monitor of the change of " +
				"SIM card " +
				tmspID + " to ACTIVE: HTTP 422: by tariff"},
		{"failed without words", asynchronous(), script(`{"state":"rejected","response":{"statusCode":202,"body":"no"}}`),
			sims("X"), "X",
			"change of SIM card " + tmspID + " to ACTIVE failed (state: rejected): CMO API: read monitor of the change of SIM " +
				"card " +
				tmspID + " to ACTIVE: no"},
		{"failed, SIM card unreadable", asynchronous(), script(`{"state":"failed","detail":"outside"}`), answers(500, ""), "",
			"change of SIM card " + tmspID + " to ACTIVE failed (state: failed): CMO API: read monitor of the change of SIM " +
				"card " +
				tmspID + " to ACTIVE: outside"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			if test.monitor != nil {
				s.on(monitored, test.monitor)
			}
			s.on("GET /product/"+tmspID, test.sim)
			result, err := s.client().Wait(t.Context(), test.op)
			if text := fmt.Sprint(err); text != test.err && (err != nil || test.err != "") {
				t.Errorf("error:\n got %s\nwant %s", text, test.err)
			}
			got := ""
			if result.Product != nil {
				got = result.Product.SIMCard.Status
			}
			if got != test.want {
				t.Errorf("status %q", got)
			}
		})
	}
}

func TestWaitErrors(t *testing.T) {
	t.Run("deadline", func(t *testing.T) {
		s := newService(t)
		s.on(monitored, script(state("InProgress")))
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := s.client().Wait(ctx, asynchronous())
		var timeout *wait.TimeoutError
		if !errors.As(err, &timeout) || timeout.Word != "InProgress" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a change without a monitor is not given up early", func(t *testing.T) {
		s := newService(t)
		s.on("GET /product/"+tmspID, sims("INACTIVE"))
		ctx, cancel := context.WithTimeout(t.Context(), 3*quick.Patience)
		defer cancel()
		result, err := s.client().Wait(ctx, Operation{ProductID: tmspID, Target: "ACTIVE", Since: time.Now()})
		var timeout *wait.TimeoutError
		if !errors.As(err, &timeout) || result.Product.SIMCard.Status != "INACTIVE" {
			t.Errorf("got %+v, %v", result, err)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		s := newService(t)
		ctx, cancel := context.WithCancel(t.Context())
		s.on(monitored, func(w http.ResponseWriter, _ *http.Request) {
			answer(w, http.StatusOK, state("InProgress"))
			cancel()
		})
		_, err := s.client().Wait(ctx, asynchronous())
		var interrupted *wait.InterruptedError
		if !errors.As(err, &interrupted) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("monitor unreadable", func(t *testing.T) {
		s := newService(t)
		s.on(monitored, answers(503, ""))
		_, err := s.client().Wait(t.Context(), asynchronous())
		var poll *wait.PollError
		if !errors.As(err, &poll) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("forbidden ends at once", func(t *testing.T) {
		s := newService(t)
		s.on(monitored, answers(403, ""))
		_, err := s.client().Wait(t.Context(), asynchronous())
		var poll *wait.PollError
		if !errors.As(err, &poll) || !errors.Is(err, transport.ErrForbidden) || s.count("") != 1 {
			t.Errorf("got %v after %d calls", err, s.count(""))
		}
	})
	t.Run("unsettled", func(t *testing.T) {
		s := newService(t)
		s.on(monitored, script(state("Completed")))
		s.on("GET /product/"+tmspID, sims("SUSPENDED"))
		_, err := s.client().Wait(t.Context(), asynchronous())
		var unsettled *UnsettledError
		var failed *wait.FailedError
		if !errors.As(err, &unsettled) || errors.As(err, &failed) || *unsettled != (UnsettledError{"ACTIVE", "SUSPENDED"}) {
			t.Errorf("got %v", err)
		}
		if s.count(monitored) != 1 {
			t.Errorf("a monitor that is over was asked %d times", s.count(monitored))
		}
	})
}

// A monitor may say when to ask again.
func TestMonitorRetryAfter(t *testing.T) {
	s := newService(t)
	s.on(monitored, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		answer(w, http.StatusOK, state("InProgress"))
	})
	w := watch{client: s.client(), op: asynchronous(), monitored: true}
	w.op.Since = time.Now()
	got, err := w.poll(t.Context())
	if want := (status{Word: "InProgress", RetryAfter: 7 * time.Second}); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestWaitLogsProgress(t *testing.T) {
	s := newService(t)
	s.on(monitored, script(state("InProgress"), state("Completed")))
	s.on("GET /product/"+tmspID, sims("ACTIVE"))
	var log lockedBuffer
	c := s.client(func(cfg *Config) { cfg.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	if _, err := c.Wait(t.Context(), asynchronous()); err != nil {
		t.Fatal(err)
	}
	want := `msg=waiting api="CMO API" operation="change of SIM card ` + tmspID +
		` to ACTIVE" elapsed=0s polls=1 state=InProgress`
	if strings.Count(log.String(), "waiting") != 1 || !strings.Contains(log.String(), want) {
		t.Errorf("got %s", log.String())
	}
}

func TestPeek(t *testing.T) {
	now, longAgo := time.Now(), time.Now().Add(-24*time.Hour)
	tests := []struct {
		name    string
		op      Operation
		monitor string
		sim     string
		want    wait.State
		reason  bool
	}{
		{"running", asynchronous(), state("InProgress"), "INACTIVE", wait.Pending, false},
		{"done", asynchronous(), state("Completed"), "ACTIVE", wait.Done, false},
		{"settling", asynchronous(), state("Completed"), "PENDING_ACTIVE", wait.Pending, false},
		{"over just now", asynchronous(), state("Completed"), "INACTIVE", wait.Pending, false},
		{"over, without effect", Operation{ProductID: tmspID, Target: "ACTIVE", Monitor: monitorID, Since: longAgo},
			state("Completed"), "INACTIVE", wait.Failed, true},
		{"failed", asynchronous(), testdata(t, "monitor_in_error.json"), "INACTIVE", wait.Failed, true},
		{"unknown word", Operation{ProductID: tmspID, Target: "ACTIVE", Monitor: monitorID, Since: longAgo},
			state("Held"), "INACTIVE", wait.Pending, false},
		{"unknown word, done", asynchronous(), state("Held"), "ACTIVE", wait.Done, false},
		{"monitor gone, done", asynchronous(), "404", "ACTIVE", wait.Done, false},
		{"monitor not there yet", asynchronous(), "404", "INACTIVE", wait.Pending, false},
		{"monitor gone long ago", Operation{ProductID: tmspID, Target: "ACTIVE", Monitor: monitorID, Since: longAgo},
			"404", "INACTIVE", wait.Failed, true},
		{"no monitor", Operation{ProductID: tmspID, Target: "ACTIVE", Since: now}, "", "INACTIVE", wait.Pending, false},
		{"synchronous", Operation{ProductID: tmspID, Target: "ACTIVE", Synchronous: true, Since: now}, "", "ACTIVE",
			wait.Done, false},
		{"synchronous, without effect", Operation{ProductID: tmspID, Target: "ACTIVE", Synchronous: true, Since: longAgo},
			"", "INACTIVE", wait.Failed, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newService(t)
			if test.monitor != "" {
				s.on(monitored, script(test.monitor))
			}
			s.on("GET /product/"+tmspID, sims(test.sim))
			c := s.client(func(cfg *Config) { cfg.Pace.Patience = time.Minute })
			state, result, err := c.Peek(t.Context(), test.op)
			if err != nil || state != test.want || (result.Reason != nil) != test.reason {
				t.Errorf("got %d, %v, %v", state, result.Reason, err)
			}
			if result.Product == nil || result.Product.SIMCard.Status != test.sim {
				t.Errorf("product: %+v", result.Product)
			}
			if s.count(monitored) > 1 || s.count("GET /product") != 1 {
				t.Errorf("calls: %q", s.calls)
			}
		})
	}
	t.Run("unreadable", func(t *testing.T) {
		s := newService(t)
		s.on(monitored, answers(500, ""))
		if state, result, err := s.client().Peek(t.Context(), asynchronous()); err == nil || state != wait.Pending ||
			result.Product != nil {
			t.Errorf("got %d, %+v, %v", state, result, err)
		}
	})
}

func TestWaitSettled(t *testing.T) {
	s := newService(t)
	s.on("GET /product/"+tmspID, sims("PENDING_ACTIVE", "PENDING_ACTIVE", "ACTIVE"))
	p, err := s.client().WaitSettled(t.Context(), tmspID)
	if err != nil || p.SIMCard.Status != "ACTIVE" {
		t.Errorf("got %+v, %v", p, err)
	}
	s.on("GET /product/"+jasperID, answers(http.StatusOK, productBody(jasperID, "PENDING_BLOCKED")))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	p, err = s.client().WaitSettled(ctx, jasperID)
	var timeout *wait.TimeoutError
	if !errors.As(err, &timeout) || timeout.Word != "PENDING_BLOCKED" || p.SIMCard.Status != "PENDING_BLOCKED" {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestSettle(t *testing.T) {
	tests := []struct {
		name, before string
		sim          http.HandlerFunc
		verdict      wait.Verdict
		status       string
		err          string
		reads        int // at least
	}{
		{"it happened", "INACTIVE", sims("ACTIVE"), wait.Happened, "ACTIVE", "", 1},
		{"it happened late", "INACTIVE", sims("INACTIVE", "INACTIVE", "ACTIVE"), wait.Happened, "ACTIVE", "", 3},
		{"in another spelling", "INACTIVE", sims("Active"), wait.Happened, "ACTIVE", "", 1},
		{"it is under way", "INACTIVE", sims("PENDING_ACTIVE"), wait.Underway, "PENDING_ACTIVE", "", 1},
		{"it did not happen", "INACTIVE", sims("INACTIVE"), wait.NoEffect, "INACTIVE", "", 3},
		{"it was pending before", "PENDING_X", sims("PENDING_X"), wait.NoEffect, "PENDING_X", "", 3},
		{"kept by an earlier version", "", sims("INACTIVE"), wait.NoEffect, "INACTIVE", "", 3},
		{"something else happened", "INACTIVE", sims("SUSPENDED"), wait.Superseded, "SUSPENDED", "", 3},
		{"unreadable", "INACTIVE", answers(404, "<html>"), wait.Undecided, "",
			"the state of the change of SIM card " + tmspID + " to ACTIVE, of unknown outcome could not be read: CMO API: " +
				"read product " +
				tmspID + ": HTTP 404", 6},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			s.on("GET /product/"+tmspID, test.sim)
			op := Operation{ProductID: tmspID, Target: "ACTIVE", Before: test.before, Since: time.Now()}
			verdict, p, err := s.client().Settle(t.Context(), op)
			if verdict != test.verdict || fmt.Sprint(err) != test.err && (err != nil || test.err != "") {
				t.Errorf("got %v, %v", verdict, err)
			}
			if test.status != "" && (p == nil || p.SIMCard.Status != test.status) {
				t.Errorf("product: %+v", p)
			}
			if s.count("GET") < test.reads {
				t.Errorf("%d reads", s.count("GET"))
			}
			if verdict == wait.NoEffect && time.Since(op.Since) < quick.Doubt() {
				t.Error("the patience was not kept")
			}
		})
	}
}

func TestSettleReadsThriceAtLeast(t *testing.T) {
	s := newService(t)
	s.on("GET /product/"+tmspID, sims("INACTIVE"))
	c := s.client(func(cfg *Config) { cfg.Pace.Patience = time.Nanosecond })
	verdict, _, err := c.Settle(t.Context(), Operation{ProductID: tmspID, Target: "ACTIVE", Before: "INACTIVE",
		Since: time.Now()})
	if verdict != wait.NoEffect || err != nil || s.count("GET") != 3 {
		t.Errorf("got %v, %v after %d reads", verdict, err, s.count("GET"))
	}
}

func TestMonitorThatNeverEnds(t *testing.T) {
	s := newService(t)
	s.on("GET /monitor/m", answers(http.StatusOK, `{"id":"m","state":"InProgress"}`))
	s.on("GET /product/"+tmspID, sims("INACTIVE", "ACTIVE"))
	c := s.client(func(cfg *Config) { cfg.Pace.Patience, cfg.Pace.Convinced = time.Nanosecond, 20*time.Millisecond })
	result, err := c.Wait(t.Context(), Operation{ProductID: tmspID, Target: "ACTIVE", Monitor: "m", Since: time.Now()})
	if err != nil || result.Product == nil || result.Product.SIMCard.Status != "ACTIVE" {
		t.Errorf("got %+v, %v", result, err)
	}
}
