package wait

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"testing/synctest"
	"time"
)

const operation = "creation of SIM card 353"

// script answers the polls in turn, the last answer for good, and notes when each came.
type script struct {
	start   time.Time
	at      []time.Duration
	answers []any // Status[string] or error
}

func (s *script) poll(context.Context) (Status[string], error) {
	answer := s.answers[min(len(s.at), len(s.answers)-1)]
	s.at = append(s.at, time.Since(s.start))
	if err, failed := answer.(error); failed {
		return Status[string]{}, err
	}
	return answer.(Status[string]), nil
}

func play(answers ...any) *script { return &script{start: time.Now(), answers: answers} }

func pending(word string) Status[string] { return Status[string]{Value: word, Word: word} }

func TestUntilEnds(t *testing.T) {
	gateway := errors.New("HTTP 502")
	fatal := errors.New("HTTP 403")
	done := Status[string]{State: Done, Value: "card"}
	for name, row := range map[string]struct {
		answers []any
		cfg     Config
		limit   time.Duration
		value   string
		want    string // error text
		kind    any    // of the error
		is      error
		polls   int
	}{
		"at once":       {answers: []any{done}, value: "card", polls: 1},
		"after a while": {answers: []any{pending("queued"), pending("busy"), done}, value: "card", polls: 3},
		"failed": {answers: []any{pending("busy"),
			Status[string]{State: Failed, Value: "half", Word: "Error", Reason: errors.New("no licence")}}, value: "half",
			want: operation + " failed (state: Error): no licence", kind: new(*FailedError), polls: 2},
		"failed, no word": {answers: []any{Status[string]{State: Failed}}, want: operation + " failed",
			kind: new(*FailedError), polls: 1},
		"deadline": {answers: []any{pending("busy")}, limit: time.Minute, value: "busy",
			want: operation + " was not over after 1m0s (last state: busy)", kind: new(*TimeoutError),
			is: context.DeadlineExceeded},
		"deadline in trouble": {answers: []any{pending("busy"), gateway}, cfg: Config{Tolerate: 1000}, limit: time.Minute,
			value: "busy", want: operation + " was not over after 1m0s (last state: busy): HTTP 502", kind: new(*TimeoutError),
			is: gateway},
		"deadline at first": {answers: []any{pending("busy")}, cfg: Config{First: 2 * time.Minute}, limit: time.Minute,
			want: operation + " was not over after 1m0s", kind: new(*TimeoutError), is: context.DeadlineExceeded},
		"five failures borne": {answers: []any{gateway, gateway, gateway, gateway, gateway, done}, value: "card", polls: 6},
		"the sixth is not": {answers: []any{pending("busy"), gateway}, value: "busy",
			want: "the state of the " + operation + " could not be read: HTTP 502", kind: new(*PollError), is: gateway,
			polls: 7},
		"success starts over": {answers: []any{gateway, gateway, pending("busy"), gateway, gateway, done},
			cfg: Config{Tolerate: 2}, value: "card", polls: 6},
		"fatal": {answers: []any{pending("busy"), fatal},
			cfg: Config{Transient: func(err error) bool { return !errors.Is(err, fatal) }}, value: "busy",
			want: "the state of the " + operation + " could not be read: HTTP 403", kind: new(*PollError), is: fatal, polls: 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx := t.Context()
				if row.limit > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, row.limit)
					defer cancel()
				}
				s := play(row.answers...)
				row.cfg.Operation = operation
				value, err := Until(ctx, row.cfg, s.poll)
				text := ""
				if err != nil {
					text = err.Error()
				}
				if value != row.value || text != row.want {
					t.Errorf("got  %q, %q\nwant %q, %q", value, text, row.value, row.want)
				}
				if row.kind != nil && !errors.As(err, row.kind) {
					t.Errorf("a %T, want %s", err, reflect.TypeOf(row.kind).Elem())
				}
				if row.is != nil && !errors.Is(err, row.is) {
					t.Errorf("%v is not %v", err, row.is)
				}
				if row.polls > 0 && len(s.at) != row.polls {
					t.Errorf("%d polls, want %d", len(s.at), row.polls)
				}
			})
		})
	}
}

func TestUntilInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(90*time.Second, cancel)
		start := time.Now()
		value, err := Until(ctx, Config{Operation: operation}, play(pending("busy")).poll)
		var interrupted *InterruptedError
		if !errors.As(err, &interrupted) || !errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("%T %v", err, err)
		}
		if want := "waiting for the " + operation + " was interrupted"; err.Error() != want || value != "busy" ||
			interrupted.Word != "busy" {
			t.Errorf("got  %q, %q, %q\nwant %q", err, value, interrupted.Word, want)
		}
		if elapsed := time.Since(start); elapsed != 90*time.Second {
			t.Errorf("noticed after %s", elapsed)
		}
	})
}

// Cancelled before the first poll: nothing is asked.
func TestUntilCancelledBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := play(pending("busy"))
	_, err := Until(ctx, Config{Operation: operation}, s.poll)
	var interrupted *InterruptedError
	if !errors.As(err, &interrupted) || len(s.at) != 0 {
		t.Errorf("%v after %d polls", err, len(s.at))
	}
}

// A poll that fails because the deadline came is the deadline's doing, not the service's.
func TestUntilDeadlineInsideAPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		_, err := Until(ctx, Config{Operation: operation}, func(ctx context.Context) (Status[string], error) {
			<-ctx.Done()
			return Status[string]{}, fmt.Errorf("read: %w", ctx.Err())
		})
		var timeout *TimeoutError
		if !errors.As(err, &timeout) || err.Error() != operation+" was not over after 10s" ||
			timeout.Elapsed != 10*time.Second {
			t.Errorf("%T %v", err, err)
		}
	})
}

// The end that a poll has seen counts, even where the deadline came meanwhile.
func TestUntilKeepsAnEndSeenLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		value, err := Until(ctx, Config{Operation: operation}, func(context.Context) (Status[string], error) {
			<-time.After(5 * time.Second) // the bubble's clock
			return Status[string]{State: Done, Value: "card"}, nil
		})
		if value != "card" || err != nil {
			t.Errorf("%q, %v", value, err)
		}
	})
}

// The pause grows with the operation's age, less up to a fifth by chance.
func TestUntilPace(t *testing.T) {
	for name, row := range map[string]struct {
		pace             Pace
		shortest, widest time.Duration // of all pauses
	}{
		"defaults":   {Pace{}, 800 * time.Millisecond, 30 * time.Second},
		"configured": {Pace{Min: 2 * time.Second, Max: 5 * time.Second}, 1600 * time.Millisecond, 5 * time.Second},
		"long min":   {Pace{Min: time.Minute}, 48 * time.Second, time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			s := play(pending("busy"))
			_, _ = Until(ctx, Config{Operation: operation, Pace: row.pace}, s.poll)
			if s.at[0] != 0 {
				t.Errorf("%s: first poll after %s", name, s.at[0])
			}
			for i := 1; i < len(s.at); i++ {
				pause, age := s.at[i]-s.at[i-1], s.at[i-1]
				full := min(max(age/10, row.shortest*5/4), row.widest)
				if pause > full || pause < full*4/5-time.Nanosecond {
					t.Errorf("%s: pause %s at the age of %s, want %s to %s", name, pause, age, full*4/5, full)
				}
			}
			if last := s.at[len(s.at)-1] - s.at[len(s.at)-2]; last < row.widest*4/5-time.Nanosecond {
				t.Errorf("%s: after an hour the pause is %s", name, last)
			}
		})
	}
}

func TestUntilRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := pending("busy")
		asked.RetryAfter = 42 * time.Second
		s := play(asked, asked, Status[string]{State: Done})
		if _, err := Until(t.Context(), Config{Operation: operation, First: 3 * time.Second}, s.poll); err != nil {
			t.Fatal(err)
		}
		if want := []time.Duration{3 * time.Second, 45 * time.Second, 87 * time.Second}; !reflect.DeepEqual(s.at, want) {
			t.Errorf("polled at %v, want %v", s.at, want)
		}
	})
}

// A failed poll may bring a pause as well, and no slip of the service puts a wait to sleep.
func TestUntilRetryAfterOfTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gateway := errors.New("HTTP 503")
		answers := []Status[string]{{RetryAfter: 20 * time.Second}, {RetryAfter: 100 * time.Hour}, {State: Done}}
		var at []time.Duration
		start := time.Now()
		_, err := Until(t.Context(), Config{Operation: operation}, func(context.Context) (Status[string], error) {
			at = append(at, time.Since(start))
			if len(at) == 1 {
				return answers[0], gateway
			}
			return answers[len(at)-1], nil
		})
		if want := []time.Duration{0, 20 * time.Second, 20*time.Second + 5*time.Minute}; err != nil ||
			!reflect.DeepEqual(at, want) {
			t.Errorf("polled at %v, want %v; %v", at, want, err)
		}
	})
}

func TestUntilProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gateway := errors.New("HTTP 502")
		asked := pending("busy")
		asked.RetryAfter = 10 * time.Second
		var seen []Progress
		cfg := Config{Operation: operation, Pace: Pace{Min: time.Second, Max: time.Second},
			Progress: func(p Progress) { seen = append(seen, p) }}
		if _, err := Until(t.Context(), cfg, play(asked, gateway, Status[string]{State: Done}).poll); err != nil {
			t.Fatal(err)
		}
		want := []Progress{
			{Operation: operation, Polls: 1, Elapsed: 0, Word: "busy"},
			{Operation: operation, Polls: 2, Elapsed: 10 * time.Second, Word: "busy", Err: gateway},
		}
		if !reflect.DeepEqual(seen, want) {
			t.Errorf("got  %+v\nwant %+v", seen, want)
		}
	})
}

func TestPaceDefaults(t *testing.T) {
	rest := func(p Pace) Pace {
		p.Convinced, p.SecondLook, p.Settle, p.SettleInterrupted = time.Minute, 5*time.Second, 2*time.Minute, 30*time.Second
		return p
	}
	for _, row := range []struct{ got, want Pace }{
		{Pace{}, rest(Pace{Min: time.Second, Max: 30 * time.Second, Patience: 30 * time.Second})},
		{Pace{Min: time.Minute}, rest(Pace{Min: time.Minute, Max: time.Minute, Patience: 30 * time.Second})},
		{Pace{Min: 1, Max: 2, Patience: 3}, rest(Pace{Min: 1, Max: 2, Patience: 3})},
	} {
		if row.got.WithDefaults() != row.want {
			t.Errorf("%+v, want %+v", row.got.WithDefaults(), row.want)
		}
	}
}
