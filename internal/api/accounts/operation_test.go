package accounts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

var (
	errAbsent  = &transport.Error{Op: "read", Status: 404, NotFound: true, Message: "not there"}
	errUnclear = &transport.Error{Op: "read", Status: 502, Message: "bad gateway"}
)

// story is what a service answers as time goes by; nil status means that there is no status URL.
type story struct {
	op     Operation
	status func(age time.Duration) statusLook
	card   func(age time.Duration) (*SIMCard, error)
}

func says(word string) func(time.Duration) statusLook {
	return func(time.Duration) statusLook { return statusLook{meaning: meaningOf(word), word: word} }
}

// then says one word until that age, and another after it.
func then(first string, until time.Duration, second string) func(time.Duration) statusLook {
	return func(age time.Duration) statusLook {
		if age < until {
			return says(first)(age)
		}
		return says(second)(age)
	}
}

func missing(time.Duration) statusLook { return statusLook{meaning: statusMissing, word: "HTTP 404"} }

func shows(card SIMCard) func(time.Duration) (*SIMCard, error) {
	return func(time.Duration) (*SIMCard, error) { return &card, nil }
}

func absent(time.Duration) (*SIMCard, error) { return nil, errAbsent }

// follow makes a follower of the story with the default pace (1 s, 30 s of patience), to be used in a bubble of
// synctest. It counts what is asked.
func (s story) follow(statusCalls, reads *int) *follower {
	start := time.Now()
	s.op.Account, s.op.CLI = "acme", "1"
	if s.op.Since.IsZero() {
		s.op.Since = start
	}
	f := &follower{op: s.op, pace: wait.Pace{}.WithDefaults()}
	f.read = func(context.Context) (*SIMCard, error) {
		*reads++
		return s.card(time.Since(start))
	}
	if s.status != nil {
		f.status = func(context.Context) (statusLook, error) {
			*statusCalls++
			return s.status(time.Since(start)), nil
		}
	}
	return f
}

func TestWait(t *testing.T) {
	live := SIMCard{CLI: "1", State: StateLive, Version: 2}
	busy := SIMCard{CLI: "1", State: StateLive, ActorStatus: ActorPending}
	stalled := SIMCard{CLI: "1", ActorStatus: ActorStalled}
	terminated := SIMCard{CLI: "1", State: StateTerminated}
	toLive := Fields{State: new(StateLive)}
	toLiveAndTariff := Fields{State: new(StateLive), Tariff: new("gold")}

	// settles shows one card until that age, and another after it.
	settles := func(first SIMCard, until time.Duration, second SIMCard) func(time.Duration) (*SIMCard, error) {
		return func(age time.Duration) (*SIMCard, error) {
			if age < until {
				return &first, nil
			}
			return &second, nil
		}
	}
	leaves := func(until time.Duration) func(time.Duration) (*SIMCard, error) {
		return func(age time.Duration) (*SIMCard, error) {
			if age < until {
				return &busy, nil
			}
			return nil, errAbsent
		}
	}

	const s, m = time.Second, time.Minute
	tests := map[string]struct {
		story
		from, to time.Duration // how long it takes
		reads    int           // the most that it may read; 0: not checked
		want     Result
		err      string // "" is success
	}{
		"complete at once": {
			story: story{Operation{Kind: Create, Sent: toLive}, says("complete"), shows(live)}, reads: 1,
			want: Result{SIMCard: &live},
		},
		"pending, then complete": {
			story: story{Operation{Kind: Update, Sent: toLive}, then("pending", 20*s, "Completed"), shows(live)},
			from:  20 * s, to: 25 * s, reads: 2, want: Result{SIMCard: &live},
		},
		"complete, the SIM card still working": {
			story: story{Operation{Kind: Create, Sent: toLive}, says("complete"), settles(busy, 10*s, live)},
			from:  10 * s, to: 13 * s, want: Result{SIMCard: &live},
		},
		"complete, the SIM card not yet to be seen": {
			story: story{Operation{Kind: Create}, says("complete"), func(age time.Duration) (*SIMCard, error) {
				if age < 2*m {
					return nil, errAbsent
				}
				return &live, nil
			}},
			from: 2 * m, to: 2*m + 15*s, want: Result{SIMCard: &live},
		},
		"complete, the old value read for a while": {
			story: story{Operation{Kind: Update, Sent: toLive}, says("complete"),
				settles(SIMCard{State: StateReady}, 20*s, live)},
			from: 20 * s, to: 24 * s, want: Result{SIMCard: &live},
		},
		"complete, a field never reads back": {
			story: story{Operation{Kind: Create, Sent: toLiveAndTariff}, says("complete"), shows(live)},
			from:  60 * s, to: 70 * s, want: Result{SIMCard: &live, NotReadBack: []string{"Tariff"}},
		},
		"patience with fields begins at complete": {
			story: story{Operation{Kind: Create, Sent: toLiveAndTariff}, then("unheard-of", 100*s, "complete"), shows(live)},
			from:  160 * s, to: 190 * s, want: Result{SIMCard: &live, NotReadBack: []string{"Tariff"}},
		},
		"running, though the SIM card looks fine": {
			story: story{Operation{Kind: Update, Sent: toLive}, then("processing", 5*m, "complete"), shows(live)},
			from:  5 * m, to: 6 * m, reads: 12, want: Result{SIMCard: &live},
		},
		"no status URL: two good reads": {
			story: story{Operation{Kind: Update, Sent: toLive}, nil, shows(live)},
			from:  5 * s, to: 5 * s, reads: 2, want: Result{SIMCard: &live},
		},
		"integer status: two good reads": {
			story: story{Operation{Kind: Create, Sent: toLive}, says("2"), settles(busy, 10*s, live)},
			from:  15 * s, to: 20 * s, want: Result{SIMCard: &live},
		},
		"unknown word: a bad read begins the count anew": {
			story: story{Operation{Kind: Update, Sent: toLive}, says("half-way"), func(age time.Duration) (*SIMCard, error) {
				if age == 5*s {
					return nil, errUnclear
				}
				return &live, nil
			}},
			from: 10 * s, to: 12 * s, reads: 4, want: Result{SIMCard: &live},
		},
		"running between two good reads begins the count anew": {
			story: story{Operation{Kind: Update, Sent: toLive}, func(age time.Duration) statusLook {
				if age == 5*s {
					return says("pending")(age)
				}
				return says("")(age)
			}, shows(live)},
			from: 10 * s, to: 13 * s, want: Result{SIMCard: &live},
		},
		"no status, a field never reads back": {
			story: story{Operation{Kind: Create, Sent: toLiveAndTariff}, nil, shows(live)},
			from:  10 * m, to: 11 * m, want: Result{SIMCard: &live, NotReadBack: []string{"Tariff"}},
		},
		"status 404 at first": {
			story: story{Operation{Kind: Create, Sent: toLive}, func(age time.Duration) statusLook {
				if age < 12*s {
					return missing(age)
				}
				return says("complete")(age)
			}, shows(live)},
			from: 12 * s, to: 14 * s, reads: 2, want: Result{SIMCard: &live},
		},
		"status 404 for ever": {
			story: story{Operation{Kind: Create, Sent: toLive}, missing, shows(live)},
			from:  35 * s, to: 40 * s, reads: 4, want: Result{SIMCard: &live},
		},
		"status 404, the SIM card never comes": {
			story: story{Operation{Kind: Create, Sent: toLive}, missing, absent},
			from:  30 * m, to: 30 * m, want: Result{Absent: true},
			err: "creation of SIM card acme/1 was not over after 30m0s (last state: HTTP 404)",
		},
		"failed": {
			story: story{Operation{Kind: Create}, then("pending", 10*s, "failed"), absent},
			from:  10 * s, to: 13 * s, reads: 2, want: Result{Absent: true},
			err: "creation of SIM card acme/1 failed (state: failed)",
		},
		"failed, in the service's words": {
			story: story{Operation{Kind: Update, Sent: toLive}, func(time.Duration) statusLook {
				return statusLook{meaning: statusFailed, reason: errors.New("barred by the operator")}
			}, shows(terminated)},
			reads: 1, want: Result{SIMCard: &terminated, NotReadBack: []string{"State"}},
			err: "update of SIM card acme/1 failed: barred by the operator",
		},
		"failed, and the truth can't be read": {
			story: story{Operation{Kind: Update}, says("cancelled"),
				func(time.Duration) (*SIMCard, error) { return nil, errUnclear }},
			reads: 1, err: "update of SIM card acme/1 failed (state: cancelled)",
		},
		"stalled while the status says pending": {
			story: story{Operation{Kind: Create}, says("pending"), settles(busy, 20*s, stalled)},
			from:  30 * s, to: 40 * s, want: Result{SIMCard: &stalled},
			err: "creation of SIM card acme/1: the SIM card is stalled, which only the support desk of the service can mend",
		},
		"stalled by the word and the SIM card": {
			story: story{Operation{Kind: Update}, says("stalled"), shows(stalled)}, want: Result{SIMCard: &stalled},
			err: "update of SIM card acme/1: the SIM card is stalled, which only the support desk of the service can mend",
		},
		"pending until the deadline": {
			story: story{Operation{Kind: Update, Sent: toLive}, says("pending"), shows(busy)},
			from:  30 * m, to: 30 * m, want: Result{SIMCard: &busy},
			err: "update of SIM card acme/1 was not over after 30m0s (last state: pending)",
		},
		"an actor status that nobody knows": {
			story: story{Operation{Kind: Update}, says("complete"), shows(SIMCard{ActorStatus: 7})},
			from:  30 * m, to: 30 * m, want: Result{SIMCard: &SIMCard{ActorStatus: 7}},
			err: "update of SIM card acme/1 was not over after 30m0s (last state: unknown(7))",
		},
		"updated SIM card vanishes": {
			story: story{Operation{Kind: Update}, says("complete"), absent}, from: 30 * s, to: 35 * s,
			want: Result{Absent: true},
			err:  "update of SIM card acme/1 failed: the SIM card does not exist any more",
		},
		"reads fail for good": {
			story: story{Operation{Kind: Update}, says("complete"),
				func(time.Duration) (*SIMCard, error) { return nil, errUnclear }},
			from: 4 * s, to: 6 * s, reads: 6,
			err: "the state of the update of SIM card acme/1 could not be read: : read: HTTP 502: bad gateway",
		},
		"reads are forbidden": {
			story: story{Operation{Kind: Update}, nil, func(time.Duration) (*SIMCard, error) {
				return nil, &transport.Error{Op: "read", Status: 403}
			}},
			reads: 1, err: "the state of the update of SIM card acme/1 could not be read: : read: HTTP 403",
		},
		"reads ask for patience": {
			story: story{Operation{Kind: Update}, says("complete"), func(age time.Duration) (*SIMCard, error) {
				if age < 90*s {
					return nil, &transport.Error{Op: "read", Status: 503, RetryAfter: 45 * s}
				}
				return &live, nil
			}},
			from: 90 * s, to: 105 * s, reads: 3, want: Result{SIMCard: &live},
		},

		"delete: gone at once": {
			story: story{Operation{Kind: Delete}, says("complete"), absent}, reads: 1, want: Result{Absent: true},
		},
		"delete: gone while the status says pending": {
			story: story{Operation{Kind: Delete}, says("pending"), absent}, reads: 1, want: Result{Absent: true},
		},
		"delete: status 404, gone": {
			story: story{Operation{Kind: Delete}, missing, absent}, reads: 1, want: Result{Absent: true},
		},
		"delete: status 404, gone later": {
			story: story{Operation{Kind: Delete}, missing, leaves(50 * s)}, from: 50 * s, to: 60 * s, want: Result{Absent: true},
		},
		"delete: status 404, and nothing happens": {
			story: story{Operation{Kind: Delete}, missing, shows(live)}, from: 30 * s, to: 35 * s, want: Result{SIMCard: &live},
			err: "deletion of SIM card acme/1 failed (state: HTTP 404): the service no longer knows the command, and the SIM " +
				"card is still there",
		},
		"delete: complete, shown for a while": {
			story: story{Operation{Kind: Delete}, says("complete"), leaves(40 * s)}, from: 40 * s, to: 50 * s,
			want: Result{Absent: true},
		},
		"delete: terminated": {
			story: story{Operation{Kind: Delete}, says("complete"), shows(terminated)}, want: Result{SIMCard: &terminated},
		},
		"delete: terminated, and still busy": {
			story: story{Operation{Kind: Delete}, nil, settles(SIMCard{State: StateTerminated, ActorStatus: ActorPending}, 20*s,
				terminated)},
			from: 20 * s, to: 23 * s, want: Result{SIMCard: &terminated},
		},
		"delete: no status, never gone": {
			story: story{Operation{Kind: Delete}, nil, shows(live)}, from: 30 * m, to: 30 * m, want: Result{SIMCard: &live},
			err: "deletion of SIM card acme/1 was not over after 30m0s (last state: stable)",
		},
		"delete: failed": {
			story: story{Operation{Kind: Delete}, says("error"), shows(live)}, want: Result{SIMCard: &live},
			err: "deletion of SIM card acme/1 failed (state: error)",
		},
		"delete: failed, they say, but it is gone": {
			story: story{Operation{Kind: Delete}, says("error"), absent}, want: Result{Absent: true},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
				defer cancel()
				start, statusCalls, reads := time.Now(), 0, 0
				got, err := tt.follow(&statusCalls, &reads).wait(ctx, nil)
				if took := time.Since(start); took < tt.from || took > tt.to {
					t.Errorf("took %s, want %s to %s", took, tt.from, tt.to)
				}
				if !reflect.DeepEqual(got, tt.want) {
					t.Errorf("got  %+v\nwant %+v", got, tt.want)
				}
				if text := fmt.Sprint(err); text != tt.err && (err != nil || tt.err != "") {
					t.Errorf("got  %s\nwant %s", text, tt.err)
				}
				if tt.reads > 0 && reads > tt.reads {
					t.Errorf("%d reads, at most %d were expected", reads, tt.reads)
				}
			})
		})
	}
}

func TestWaitErrorKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		var n int
		got, err := story{Operation{Kind: Create}, says("pending"), absent}.follow(&n, &n).wait(ctx, nil)
		var interrupted *wait.InterruptedError
		if !errors.As(err, &interrupted) || !got.Absent {
			t.Errorf("interrupted: got %+v, %v", got, err)
		}

		stalled := story{Operation{Kind: Create}, nil, shows(SIMCard{ActorStatus: ActorStalled})}
		_, err = stalled.follow(&n, &n).wait(t.Context(), nil)
		var asStalled *StalledError
		var asFailed *wait.FailedError
		if !errors.As(err, &asStalled) || errors.As(err, &asFailed) {
			t.Errorf("stalled: got %T", err)
		}
	})
}

func TestWaitObeysRetryAfterAndStopsAskingOnceComplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ages []time.Duration
		s := story{Operation{Kind: Update, Sent: Fields{State: new(StateLive)}}, func(age time.Duration) statusLook {
			ages = append(ages, age)
			if age < 40*time.Second {
				return statusLook{meaning: statusRunning, word: "pending", retryAfter: 20 * time.Second}
			}
			return says("complete")(age)
		}, func(age time.Duration) (*SIMCard, error) {
			if age < 50*time.Second {
				return &SIMCard{State: StateReady}, nil
			}
			return &SIMCard{State: StateLive}, nil
		}}
		var n int
		if _, err := s.follow(&n, &n).wait(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if want := []time.Duration{0, 20 * time.Second, 40 * time.Second}; !reflect.DeepEqual(ages, want) {
			t.Errorf("asked at %v, want %v", ages, want)
		}
	})
}

func TestPeek(t *testing.T) {
	live := SIMCard{CLI: "1", State: StateLive}
	busy := SIMCard{CLI: "1", State: StateLive, ActorStatus: ActorPending}
	toLive, toTariff := Fields{State: new(StateLive)}, Fields{Tariff: new("gold")}
	const s, m = time.Second, time.Minute

	tests := map[string]struct {
		story
		age   time.Duration // of the operation
		state wait.State
		want  Result
		err   string
	}{
		"complete": {story{Operation{Kind: Create, Sent: toLive}, says("complete"), shows(live)}, 0,
			wait.Done, Result{SIMCard: &live}, ""},
		"complete, busy": {story{Operation{Kind: Create, Sent: toLive}, says("complete"), shows(busy)},
			5 * m, wait.Pending, Result{SIMCard: &busy}, ""},
		"complete, field missing, young": {story{Operation{Kind: Create, Sent: toTariff}, says("complete"), shows(live)},
			30 * s, wait.Pending, Result{SIMCard: &live, NotReadBack: []string{"Tariff"}}, ""},
		"complete, field missing, old": {story{Operation{Kind: Create, Sent: toTariff}, says("complete"), shows(live)},
			60 * s, wait.Done, Result{SIMCard: &live, NotReadBack: []string{"Tariff"}}, ""},
		"running, looks fine": {story{Operation{Kind: Create, Sent: toLive}, says("pending"), shows(live)},
			5 * m, wait.Pending, Result{SIMCard: &live}, ""},
		"running, read fails": {story{Operation{Kind: Create}, says("pending"),
			func(time.Duration) (*SIMCard, error) { return nil, errUnclear }}, 5 * m, wait.Pending, Result{},
			": read: HTTP 502: bad gateway"},
		"complete, read fails": {story{Operation{Kind: Create}, says("complete"),
			func(time.Duration) (*SIMCard, error) { return nil, errUnclear }}, 5 * m, wait.Pending, Result{},
			": read: HTTP 502: bad gateway"},
		"no status, young": {story{Operation{Kind: Create, Sent: toLive}, nil, shows(live)}, 4 * s,
			wait.Pending, Result{SIMCard: &live}, ""},
		"no status, old": {story{Operation{Kind: Create, Sent: toLive}, nil, shows(live)}, 5 * s,
			wait.Done, Result{SIMCard: &live}, ""},
		"no status, field missing": {story{Operation{Kind: Create, Sent: toTariff}, nil, shows(live)}, 9 * m,
			wait.Pending, Result{SIMCard: &live, NotReadBack: []string{"Tariff"}}, ""},
		"no status, field missing, very old": {story{Operation{Kind: Create, Sent: toTariff}, nil, shows(live)}, 10 * m,
			wait.Done, Result{SIMCard: &live, NotReadBack: []string{"Tariff"}}, ""},
		"status 404, young": {story{Operation{Kind: Create, Sent: toLive}, missing, shows(live)}, 29 * s,
			wait.Pending, Result{SIMCard: &live}, ""},
		"status 404, old": {story{Operation{Kind: Create, Sent: toLive}, missing, shows(live)}, 30 * s,
			wait.Done, Result{SIMCard: &live}, ""},
		"status 404, created SIM not there": {story{Operation{Kind: Create, Sent: toLive}, missing, absent}, 5 * m,
			wait.Pending, Result{Absent: true}, ""},
		"status 404, never shown": {story{Operation{Kind: Create, Sent: toLive}, missing, absent}, 30 * m,
			wait.Failed, Result{Absent: true}, "creation of SIM card acme/1 failed (state: HTTP 404): no SIM card has come of " +
				"it, or it was removed since"},
		"running, never shown": {story{Operation{Kind: Create, Sent: toLive}, says("pending"), absent},
			24 * 60 * m, wait.Pending, Result{Absent: true}, ""},
		"failed": {story{Operation{Kind: Create}, says("failed"), absent}, 0, wait.Failed,
			Result{Absent: true}, "creation of SIM card acme/1 failed (state: failed)"},
		"stalled": {story{Operation{Kind: Create}, nil, shows(SIMCard{ActorStatus: ActorStalled})},
			0, wait.Failed, Result{SIMCard: &SIMCard{ActorStatus: ActorStalled}},
			"creation of SIM card acme/1: the SIM card is stalled, which only the support desk of the service can mend"},
		"delete: gone": {story{Operation{Kind: Delete}, missing, absent}, 0, wait.Done,
			Result{Absent: true}, ""},
		"delete: there": {story{Operation{Kind: Delete}, says("complete"), shows(live)}, 5 * m,
			wait.Pending, Result{SIMCard: &live}, ""},
		"delete: status 404, there, young": {story{Operation{Kind: Delete}, missing, shows(live)}, 0, wait.Pending,
			Result{SIMCard: &live}, ""},
		"delete: status 404, there, old": {story{Operation{Kind: Delete}, missing, shows(live)}, 5 * m, wait.Failed,
			Result{SIMCard: &live}, "deletion of SIM card acme/1 failed (state: HTTP 404): the service no longer knows the " +
				"command, and the SIM card is still there"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tt.op.Since = time.Now().Add(-tt.age)
				start, statusCalls, reads := time.Now(), 0, 0
				state, got, err := tt.follow(&statusCalls, &reads).peek(t.Context())
				if state != tt.state || !reflect.DeepEqual(got, tt.want) {
					t.Errorf("got  %d, %+v\nwant %d, %+v", state, got, tt.state, tt.want)
				}
				if text := fmt.Sprint(err); text != tt.err && (err != nil || tt.err != "") {
					t.Errorf("got  %s\nwant %s", text, tt.err)
				}
				if statusCalls > 1 || reads != 1 || time.Since(start) != 0 {
					t.Errorf("%d status calls and %d reads in %s", statusCalls, reads, time.Since(start))
				}
			})
		})
	}
}

// The whole way through HTTP, in every form in which the service may tell a status.
func TestWaitStatusShapes(t *testing.T) {
	shapes := map[string]func(word string, number int) (int, string){
		"documented": func(word string, _ int) (int, string) {
			return 200, fmt.Sprintf(`{"Data":{"Status":%q},"Success":true,"Code":200}`, word)
		},
		"bare string": func(word string, _ int) (int, string) {
			return 200, fmt.Sprintf(`{"Data":%q,"Success":true,"Code":200}`, word)
		},
		"top level": func(word string, _ int) (int, string) {
			return 200, fmt.Sprintf(`{"Data":null,"Status":%q,"Success":true,"Code":200}`, word)
		},
		"no envelope": func(word string, _ int) (int, string) { return 200, fmt.Sprintf(`{"Status":%q}`, word) },
		"integer": func(_ string, number int) (int, string) {
			return 200, fmt.Sprintf(`{"Data":%d,"Success":true,"Code":200}`, number)
		},
		"object integer": func(_ string, number int) (int, string) {
			return 200, fmt.Sprintf(`{"Data":{"Status":%d},"Success":true,"Code":200}`, number)
		},
		"no data": func(string, int) (int, string) { return 200, `{"Success":true,"Code":200}` },
		"other words": func(word string, _ int) (int, string) {
			return 200, fmt.Sprintf(`{"Data":{"Status":"my %s"},"Success":true,"Code":200}`, word)
		},
		"HTML":      func(string, int) (int, string) { return 200, `<html>status</html>` },
		"a refusal": func(string, int) (int, string) { return 405, `{"Message":"The method is not allowed here."}` },
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			looks := 0
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				word, number, state := "pending", 0, 1
				if looks++; looks > 4 {
					word, number, state = "complete", 1, 3
				}
				if strings.Contains(r.URL.Path, "/status") {
					status, body := shape(word, number)
					answer(w, status, body)
					return
				}
				answer(w, 200, fmt.Sprintf(`{"Data":{"CLI":%q,"State":%d,"ActorStatus":0},"Success":true,"Code":200}`, testCLI,
					state))
			})
			op := Operation{
				Kind: Update, Account: testAccount, CLI: testCLI, StatusURL: statusURL, Since: time.Now(),
				Sent: Fields{State: new(StateLive)},
			}
			got, err := s.client(t).Wait(t.Context(), op)
			if err != nil || got.SIMCard == nil || got.SIMCard.State != StateLive || got.NotReadBack != nil {
				t.Errorf("got %+v, %v", got, err)
			}
			if s.count("GET "+statusURL) == 0 {
				t.Errorf("the status URL was not requested as received: %q", s.lines())
			}
		})
	}
}

func TestWaitFailureResults(t *testing.T) {
	for name, tt := range map[string]struct {
		status   int
		body     string
		conflict bool
		want     string
	}{
		"word": {200, `{"Data":{"Status":"failed"},"Success":true,"Code":200}`, false,
			"creation of SIM card acme-fleet/001010000000001 failed (state: failed)"},
		"failure result": {400, `{"Success":false,"Code":400,"ErrorCode":17,"ErrorDescription":"no such tariff"}`,
			false, "creation of SIM card acme-fleet/001010000000001 failed: accounts API: read the status of the creation of " +
				"SIM card acme-fleet/001010000000001: HTTP 400 17: no such tariff"},
		"failure result, HTTP 200": {200, `{"Success":false,"Code":400,"ErrorDescription":"no such tariff"}`, false,
			"creation of SIM card acme-fleet/001010000000001 failed: accounts API: read the status of the creation of SIM " +
				"card acme-fleet/001010000000001: HTTP 400: no such tariff"},
		"failure without number": {200, `{"Success":false,"ErrorDescription":"no"}`, false,
			"creation of SIM card acme-fleet/001010000000001 failed: accounts API: read the status of the creation of SIM " +
				"card acme-fleet/001010000000001: HTTP 200: no"},
		"conflict": {200, testdata(t, "shared/conflict.json"), true,
			"creation of SIM card acme-fleet/001010000000001 failed: accounts API: read the status of the creation of SIM " +
				"card acme-fleet/001010000000001: HTTP 409: CLI exists"},
		"conflict, no envelope": {409, `{"Message":"CLI exists"}`, true,
			"creation of SIM card acme-fleet/001010000000001 failed: accounts API: read the status of the creation of SIM " +
				"card acme-fleet/001010000000001: HTTP 409: CLI exists"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Path, "/status") {
					answer(w, tt.status, tt.body)
					return
				}
				answer(w, 200, testdata(t, "sim_card.json"))
			})
			op := Operation{Kind: Create, Account: testAccount, CLI: testCLI, StatusURL: statusURL, Since: time.Now()}
			got, err := s.client(t).Wait(t.Context(), op)
			var failed *wait.FailedError
			if !errors.As(err, &failed) || err.Error() != tt.want || errors.Is(err, transport.ErrConflict) != tt.conflict {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
			if got.SIMCard == nil {
				t.Error("the truth was not read after the failure")
			}
		})
	}
}

func TestWaitBearsTroubleWithTheStatus(t *testing.T) {
	for name, status := range map[string]func(w http.ResponseWriter){
		"500":       func(w http.ResponseWriter) { answer(w, 500, `{"Message":"An error has occurred."}`) },
		"forbidden": func(w http.ResponseWriter) { answer(w, 403, `{"Message":"no"}`) },
		"409":       func(w http.ResponseWriter) { answer(w, 409, `{"message":"a gateway's"}`) },
		"404 HTML":  func(w http.ResponseWriter) { answer(w, 404, `<html></html>`) },
		"404":       func(w http.ResponseWriter) { answer(w, 404, testdata(t, "not_found.json")) },
		"cut":       func(w http.ResponseWriter) { drop(t, w, "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{") },
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Path, "/status") {
					status(w)
					return
				}
				answer(w, 200, testdata(t, "sim_card.json"))
			})
			op := Operation{Kind: Create, Account: testAccount, CLI: testCLI, StatusURL: statusURL, Since: time.Now()}
			got, err := s.client(t).Wait(t.Context(), op)
			if err != nil || got.SIMCard == nil {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestWaitEndsAtOnceWhenCredentialsAreRefused(t *testing.T) {
	s := serve(t, always(401, testdata(t, "shared/unauthorised.json")))
	op := Operation{Kind: Create, Account: testAccount, CLI: testCLI, StatusURL: statusURL, Since: time.Now()}
	_, err := s.client(t).Wait(t.Context(), op)
	var poll *wait.PollError
	if !errors.As(err, &poll) || !errors.Is(err, transport.ErrUnauthorized) {
		t.Errorf("got %v", err)
	}
	if n := len(s.lines()); n != 2 {
		t.Errorf("%d calls, want 2: %q", n, s.lines())
	}
}

// A token must not reach another host, whatever the service answers.
func TestStatusURLOnAnotherHostIsNeverRequested(t *testing.T) {
	asked := make(chan string, 10)
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.RequestURI }))
	t.Cleanup(other.Close)
	s := serve(t, always(200, testdata(t, "sim_card.json")))
	host := strings.TrimPrefix(s.URL, "http://")

	for _, ref := range []string{
		other.URL + simURL + "/status?cmdid=1", "//" + strings.TrimPrefix(other.URL, "http://") + "/status",
		"https://" + host + "/status",
		"http://user:pass@" + host + "/status",
	} {
		op := Operation{Kind: Create, Account: testAccount, CLI: testCLI, StatusURL: ref, Since: time.Now()}
		got, err := s.client(t).Wait(t.Context(), op)
		if err != nil || !got.StatusURLRefused || got.SIMCard == nil {
			t.Errorf("%s: got %+v, %v", ref, got, err)
		}
		if state, got, err := s.client(t).Peek(t.Context(), op); state != wait.Done || !got.StatusURLRefused || err != nil {
			t.Errorf("%s: a look gave %d, %+v, %v", ref, state, got, err)
		}
	}
	if len(asked) > 0 {
		t.Errorf("another host was asked for %s", <-asked)
	}
	for _, line := range s.lines() {
		if line != "GET "+simURL {
			t.Errorf("unexpected request %q", line)
		}
	}
}

func TestStatusURLForms(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/status") {
			answer(w, 200, `{"Data":{"Status":"complete"},"Success":true,"Code":200}`)
			return
		}
		answer(w, 200, testdata(t, "sim_card.json"))
	})
	for _, ref := range []string{statusURL, s.URL + statusURL, strings.TrimPrefix(statusURL, "/")} {
		before := s.count("GET " + statusURL)
		op := Operation{Kind: Create, Account: testAccount, CLI: testCLI, StatusURL: ref, Since: time.Now()}
		got, err := s.client(t).Wait(t.Context(), op)
		if err != nil || got.StatusURLRefused || s.count("GET "+statusURL) != before+1 {
			t.Errorf("%s: got %+v, %v, requests %q", ref, got, err, s.lines())
		}
	}
	// What is no URL is like none.
	for _, ref := range []string{" ", "http://[::1", "mailto:x"} {
		op := Operation{Kind: Create, Account: testAccount, CLI: testCLI, StatusURL: ref, Since: time.Now()}
		before := len(s.lines())
		if got, err := s.client(t).Wait(t.Context(), op); err != nil || len(s.lines())-before < 2 {
			t.Errorf("%q: got %+v, %v, requests %q", ref, got, err, s.lines())
		}
	}
}

func TestRetryAfterOfASuccess(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "9")
		answer(w, 200, `{"Data":"pending","Success":true}`)
	})
	c := s.client(t)
	at, err := c.http.Resolve(statusURL)
	if err != nil {
		t.Fatal(err)
	}
	look, err := c.lookAtStatus(t.Context(), Operation{}, at)
	if want := (statusLook{meaning: statusRunning, word: "pending", retryAfter: 9 * time.Second}); err != nil ||
		look != want {
		t.Errorf("got %+v, %v", look, err)
	}
}

func TestWaitLogsProgress(t *testing.T) {
	var log syncBuffer
	polls := 0
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.Path, "/status") {
			answer(w, 200, testdata(t, "sim_card.json"))
			return
		}
		word := "pending"
		if polls++; polls > 1 {
			word = "complete"
		}
		answer(w, 200, fmt.Sprintf(`{"Data":{"Status":%q},"Success":true}`, word))
	})
	c := s.client(t, func(cfg *Config) { cfg.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	if _, err := c.Wait(t.Context(), Operation{Kind: Create, Account: testAccount, CLI: testCLI, StatusURL: statusURL,
		Since: time.Now()}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"level=INFO", `msg=waiting api="accounts API" operation="creation of SIM card acme-fleet/001010000000001" elapsed=`,
		"polls=1 word=pending",
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is not in the log:\n%s", want, log.String())
		}
	}
	if strings.Contains(log.String(), "cmdid") {
		t.Errorf("a query is in the log:\n%s", log.String())
	}
}

func TestSettleCreation(t *testing.T) {
	found, gone := testdata(t, "sim_card.json"), testdata(t, "not_found.json")
	tests := map[string]struct {
		answer  func(w http.ResponseWriter, read int)
		verdict wait.Verdict
		least   int // reads
	}{
		"there": {func(w http.ResponseWriter, _ int) { answer(w, 200, found) }, wait.Underway, 1},
		"there a little later": {func(w http.ResponseWriter, read int) {
			if read < 3 {
				answer(w, 404, gone)
				return
			}
			answer(w, 200, found)
		}, wait.Underway, 3},
		"never there": {func(w http.ResponseWriter, _ int) { answer(w, 404, gone) }, wait.NoEffect, 3},
		"HTML":        {func(w http.ResponseWriter, _ int) { answer(w, 404, "<html></html>") }, wait.Undecided, 3},
		"one read unclear": {func(w http.ResponseWriter, read int) {
			if read == 2 {
				answer(w, 404, "<html></html>")
				return
			}
			answer(w, 404, gone)
		}, wait.Undecided, 3},
		"forbidden": {func(w http.ResponseWriter, _ int) { answer(w, 403, `{"Message":"no"}`) }, wait.Undecided, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			reads := 0
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				reads++
				tt.answer(w, reads)
			})
			start := time.Now()
			verdict, card, err := s.client(t).Settle(t.Context(),
				Operation{Kind: Create, Account: testAccount, CLI: testCLI, Since: start})
			if verdict != tt.verdict || (card != nil) != (verdict == wait.Underway) ||
				(err != nil) != (verdict == wait.Undecided) {
				t.Errorf("got %v, %+v, %v", verdict, card, err)
			}
			if reads < tt.least || verdict == wait.NoEffect &&
				time.Since(start) < (wait.Pace{Patience: 50 * time.Millisecond}).Doubt() {
				t.Errorf("%d reads in %s", reads, time.Since(start))
			}
		})
	}
}

func TestSettleInterrupted(t *testing.T) {
	s := serve(t, always(404, testdata(t, "not_found.json")))
	c := s.client(t, func(cfg *Config) { cfg.Pace.Patience = time.Hour })
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	op := Operation{Kind: Create, Account: testAccount, CLI: testCLI, Since: time.Now()}
	if verdict, card, err := c.Settle(ctx, op); verdict != wait.Undecided || card != nil || err == nil {
		t.Errorf("an interrupted search knows something: %v, %+v, %v", verdict, card, err)
	}
}

// Point 28: before the next command, the SIM card must have settled.
func TestWaitUntilSettled(t *testing.T) {
	reads := 0
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		actor := 1
		if reads++; reads > 3 {
			actor = 0
		}
		answer(w, 200, fmt.Sprintf(`{"Data":{"CLI":%q,"ActorStatus":%d},"Success":true,"Code":200}`, testCLI, actor))
	})
	got, err := s.client(t).Wait(t.Context(), Operation{Kind: Update, Account: testAccount, CLI: testCLI,
		Since: time.Now()})
	if err != nil || got.SIMCard.ActorStatus != ActorStable || reads < 5 {
		t.Errorf("got %+v, %v after %d reads", got, err, reads)
	}
}
