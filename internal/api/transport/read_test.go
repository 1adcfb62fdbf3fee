package transport

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestReadRetries(t *testing.T) {
	drop := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	for name, row := range map[string]struct {
		trouble http.HandlerFunc
		fails   int // how many answers are trouble
		calls   int
		want    string
	}{
		"429 twice":      {trouble: status(429), fails: 2, calls: 3},
		"502 four times": {trouble: status(502), fails: 4, calls: 5},
		"503":            {trouble: status(503), fails: 2, calls: 3},
		"504":            {trouble: status(504), fails: 2, calls: 3},
		"500":            {trouble: status(500), fails: 2, calls: 3},
		"408":            {trouble: status(408), fails: 2, calls: 3},
		"425":            {trouble: status(425), fails: 2, calls: 3},
		"connection cut": {trouble: drop, fails: 2, calls: 3},
		"503 for ever":   {trouble: status(503), fails: 99, calls: 5, want: "Test API: read thing: HTTP 503"},
		"cut for ever":   {trouble: drop, fails: 99, calls: 5, want: "Test API: read thing: EOF"},
		"404 is final":   {trouble: status(404), fails: 99, calls: 1, want: "Test API: read thing: HTTP 404"},
		"501 is final":   {trouble: status(501), fails: 99, calls: 1, want: "Test API: read thing: HTTP 501"},
		"403 is final":   {trouble: status(403), fails: 99, calls: 1, want: "Test API: read thing: HTTP 403"},
		"answer cut off": {trouble: func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "9") },
			fails: 2, calls: 3},
		"too long a wait": {trouble: func(w http.ResponseWriter,
			_ *http.Request) {
			w.Header().Set("Retry-After", "61")
			w.WriteHeader(503)
		}, fails: 99, calls: 1,
			want: "Test API: read thing: HTTP 503"},
	} {
		t.Run(name, func(t *testing.T) {
			s, count := serve(t, func(w http.ResponseWriter, r *http.Request, n int) {
				if n <= row.fails {
					row.trouble(w, r)
				}
			})
			c := newTestClient(t, s.URL, nil)
			// A fresh connection each time: net/http's own replay on used ones would be counted too.
			c.reads.Transport.(*http.Transport).DisableKeepAlives = true
			_, err := c.Do(t.Context(), read("/x"))
			if text := fmt.Sprint(err); err != nil && text != row.want || err == nil && row.want != "" {
				t.Errorf("got  %v\nwant %s", err, row.want)
			}
			if count.all() != row.calls {
				t.Errorf("%d calls, want %d", count.all(), row.calls)
			}
		})
	}
}

// Retry-After is obeyed to the second, as a number and as a date; without it the pauses double.
func TestRetryAfter(t *testing.T) {
	for name, row := range map[string]struct {
		header   func() string
		from, to time.Duration
	}{
		"seconds": {func() string { return "7" }, 7 * time.Second, 7 * time.Second},
		"date": {func() string { return time.Now().Add(9 * time.Second).UTC().Format(http.TimeFormat) },
			9 * time.Second, 9 * time.Second},
		"date, past": {func() string { return time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat) },
			250 * time.Millisecond, 500 * time.Millisecond},
		"none":           {func() string { return "" }, 250 * time.Millisecond, 500 * time.Millisecond},
		"nonsense":       {func() string { return "soon" }, 250 * time.Millisecond, 500 * time.Millisecond},
		"negative":       {func() string { return "-5" }, 250 * time.Millisecond, 500 * time.Millisecond},
		"as long as may": {func() string { return "60" }, time.Minute, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			var at []time.Time
			c := faked(newTestClient(t, "https://api.example.com", func(cfg *Config) { cfg.Backoff = 500 * time.Millisecond }),
				func(*http.Request) (*http.Response, error) {
					at = append(at, time.Now())
					if len(at) == 1 {
						return reply(503, map[string]string{"Retry-After": row.header()}), nil
					}
					return reply(200, nil), nil
				})
			if _, err := c.Do(t.Context(), read("/x")); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if pause := at[1].Sub(at[0]); pause < row.from || pause > row.to {
				t.Errorf("%s: paused %s, want %s to %s", name, pause, row.from, row.to)
			}
		})
	}
}

func TestBackoffDoubles(t *testing.T) {
	c := newTestClient(t, "https://api.example.com", func(cfg *Config) { cfg.Backoff = time.Second })
	for attempt, full := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second,
		6: 30 * time.Second, 1000: 30 * time.Second} {
		for range 200 {
			if d := c.backoff(attempt); d < full/2 || d > full {
				t.Fatalf("attempt %d: %s, want %s to %s", attempt, d, full/2, full)
			}
		}
	}
}

// Redirects of reads stay on the configured host; the other host hears nothing.
func TestRedirectsOfReads(t *testing.T) {
	other, otherCount := serve(t, func(http.ResponseWriter, *http.Request, int) {})
	for name, row := range map[string]struct {
		location string
		none     bool // NoRedirects
		want     string
		calls    int
	}{
		"same host": {location: "/target?x=1", calls: 2},
		"another port": {location: other.URL + "/target?token=hidden", want: "Test API: read thing: HTTP 302",
			calls: 1},
		"another host":       {location: "https://other.example/target", want: "Test API: read thing: HTTP 302", calls: 1},
		"without the scheme": {location: "//other.example/target", want: "Test API: read thing: HTTP 302", calls: 1},
		"refused":            {location: "/target", none: true, want: "Test API: read thing: HTTP 302", calls: 1},
		"in a circle":        {location: "/x", want: "Test API: read thing: HTTP 302", calls: 5},
	} {
		s, count := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
			if r.Header.Get("Authorization") != "Bearer T" {
				t.Errorf("%s: %s without the token", name, r.URL)
			}
			if r.URL.Path == "/x" {
				w.Header().Set("Location", row.location)
				w.WriteHeader(http.StatusFound)
			}
		})
		c := newTestClient(t, s.URL, func(cfg *Config) { cfg.Tokens, cfg.NoRedirects = StaticToken("T"), row.none })
		_, err := c.Do(t.Context(), read("/x"))
		if err != nil && err.Error() != row.want || err == nil && row.want != "" {
			t.Errorf("%s: got  %v\nwant %s", name, err, row.want)
		}
		if count.all() != row.calls {
			t.Errorf("%s: %d calls, want %d", name, count.all(), row.calls)
		}
	}
	if otherCount.all() != 0 {
		t.Errorf("the other host got %d requests", otherCount.all())
	}
}

// *url.Error prints the whole URL; no text of ours has its query.
func TestNoQueryInTexts(t *testing.T) {
	var log bytes.Buffer
	s, _ := serve(t, func(w http.ResponseWriter, r *http.Request, n int) {
		switch {
		case r.URL.Path == "/redirect":
			w.Header().Set("Location", "/%zz?token=hidden")
			w.WriteHeader(302)
		default:
			panic(http.ErrAbortHandler)
		}
	})
	c := newTestClient(t, s.URL, func(cfg *Config) { cfg.ReadAttempts, cfg.Logger = 2, textLogger(&log) })
	for _, path := range []string{"/drop", "/redirect"} {
		req := read(path)
		req.Query = url.Values{"token": {"hidden"}}
		_, err := c.Do(t.Context(), req)
		var failure *Error
		if !errors.As(err, &failure) || failure.Path != path {
			t.Fatalf("%+v", err)
		}
		if text := err.Error() + log.String(); strings.Contains(text, "hidden") || strings.Contains(text, "?") {
			t.Errorf("the query shows in %s", text)
		}
	}
	absolute := Request{Op: "look", Method: http.MethodGet, URL: mustParse(t, s.URL+"/drop?token=hidden")}
	if _, err := c.Do(t.Context(), absolute); strings.Contains(err.Error()+log.String(), "hidden") {
		t.Errorf("the query shows in %v\n%s", err, log.String())
	}
	if !strings.Contains(log.String(), "path=/drop") {
		t.Errorf("the log lacks the calls:\n%s", log.String())
	}
}

func TestLogHoldsNoSecret(t *testing.T) {
	var log bytes.Buffer
	s, _ := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) { _, _ = io.WriteString(w, "the-answer") })
	c := newTestClient(t, s.URL, func(cfg *Config) { cfg.Tokens, cfg.Logger = StaticToken("the-token"), textLogger(&log) })
	req := Request{Op: "post thing", Method: http.MethodPost, Path: "/x", Body: []byte("the-body"),
		Header: http.Header{"X-A": {"the-header"}}}
	if _, err := c.Do(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(log.String(), "the-") {
		t.Error(log.String())
	}
	for _, want := range []string{`api="Test API"`, `operation="post thing"`, "method=POST", "path=/x", "attempt=1",
		"status=200", "bytes=10"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %s in %s", want, log.String())
		}
	}
}

func TestCompressedAnswer(t *testing.T) {
	s, _ := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			t.Errorf("Accept-Encoding = %q", r.Header.Get("Accept-Encoding"))
		}
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, "hello")
		_ = z.Close()
	})
	c := newTestClient(t, s.URL, nil)
	for _, req := range []Request{read("/x"), change(http.MethodGet)} {
		if res, err := c.Do(t.Context(), req); err != nil || string(res.Body) != "hello" {
			t.Errorf("%v", err)
		}
	}
}

// An answer is bounded after decompression, and one that is too large is not asked for again.
func TestAnswerTooLarge(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	chunk := make([]byte, 1<<20)
	for range MaxAnswer>>20 + 1 {
		if _, err := z.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	s, count := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(bomb.Bytes())
	})
	c := newTestClient(t, s.URL, nil)
	_, err := c.Do(t.Context(), read("/x"))
	if want := "Test API: read thing: the answer is larger than 32 MiB"; err == nil || err.Error() != want ||
		!errors.Is(err, ErrNotTheAPI) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if count.all() != 1 {
		t.Errorf("asked for %d times", count.all())
	}
	_, err = c.Do(t.Context(), change(http.MethodGet))
	if !errors.Is(err, ErrOutcomeUnknown) || !errors.Is(err, ErrNotTheAPI) {
		t.Errorf("change: %v", err)
	}
}

func TestErrorKinds(t *testing.T) {
	kinds := map[string]error{
		"not found": ErrNotFound, "conflict": ErrConflict, "unauthorized": ErrUnauthorized, "forbidden": ErrForbidden,
		"rate":    ErrRateLimited,
		"unknown": ErrOutcomeUnknown, "not sent": ErrNotSent, "stopped": ErrStopped, "not the API": ErrNotTheAPI,
	}
	for name, row := range map[string]struct {
		err  Error
		is   []string
		text string
	}{
		"404 alone":  {Error{Status: 404, Message: "no page"}, nil, "A: op: HTTP 404: no page"},
		"not found":  {Error{Status: 404, NotFound: true, Code: "60"}, []string{"not found"}, "A: op: HTTP 404 60"},
		"code alone": {Error{Status: 409, Code: "409"}, []string{"conflict"}, "A: op: HTTP 409"},
		"401":        {Error{Status: 401}, []string{"unauthorized"}, "A: op: HTTP 401"},
		"403":        {Error{Status: 403}, []string{"forbidden"}, "A: op: HTTP 403"},
		"429":        {Error{Status: 429}, []string{"rate"}, "A: op: HTTP 429"},
		"unknown":    {Error{Unknown: true, Cause: io.EOF}, []string{"unknown"}, "A: op: EOF"},
		"not sent": {Error{NotSent: true, Stopped: true, Cause: ErrStopped}, []string{"not sent", "stopped"},
			"A: op: no further calls are made"},
		"page": {Error{Status: 200, NotTheAPI: true, Message: "Hi", Cause: errors.New("why")}, []string{"not the API"},
			"A: op: HTTP 200: Hi: why"},
		"wrapped URL": {Error{Cause: fmt.Errorf("x: %w",
			&url.Error{Op: "Get", URL: "https://h/?secret", Err: io.ErrUnexpectedEOF})}, nil,
			"A: op: unexpected EOF"},
	} {
		row.err.API, row.err.Op = "A", "op"
		if row.err.Error() != row.text {
			t.Errorf("%s: got %q, want %q", name, row.err.Error(), row.text)
		}
		wanted := map[string]bool{}
		for _, kind := range row.is {
			wanted[kind] = true
		}
		for kind, target := range kinds {
			if errors.Is(&row.err, target) != wanted[kind] {
				t.Errorf("%s: is %s = %v", name, kind, !wanted[kind])
			}
		}
		if row.err.Cause != nil && !errors.Is(&row.err, row.err.Cause) {
			t.Errorf("%s: the cause is lost", name)
		}
	}
}
