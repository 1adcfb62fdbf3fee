package accounts

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

// State is what the SIM may do on the network (enum SimCardStateValues of the API). A number that the API page does
// not list is kept, and shown as "unknown(7)".
type State int

// The states, with the numbers that are sent.
const (
	StateNotActivated State = 0
	StateReady        State = 1
	StateTest         State = 2
	StateLive         State = 3
	StateSuspend      State = 4
	StateBar          State = 5
	StateUnknown      State = 6
	StateTerminated   State = 100
)

var stateWords = map[State]string{
	StateNotActivated: "notactivated", StateReady: "ready", StateTest: "test", StateLive: "live",
	StateSuspend: "suspend", StateBar: "bar", StateUnknown: "unknown", StateTerminated: "terminated",
}

// String is the API's own word in lower case, or "unknown(7)".
func (s State) String() string { return enumWord(stateWords, s) }

// ParseState reads what String writes.
func ParseState(word string) (State, error) { return parseEnum("SIM state", stateWords, word) }

// ActorStatus is the health of the SIM card's record (enum ActorStatusValues).
type ActorStatus int

// The actor statuses.
const (
	// ActorStable: nothing is going on.
	ActorStable ActorStatus = 0
	// ActorPending: a long-running operation is going on.
	ActorPending ActorStatus = 1
	// ActorStalled: a dead end that only the vendor's support desk can mend.
	ActorStalled ActorStatus = 10
)

var actorStatusWords = map[ActorStatus]string{ActorStable: "stable", ActorPending: "pending", ActorStalled: "stalled"}

// String is the API's own word in lower case, or "unknown(7)".
func (s ActorStatus) String() string { return enumWord(actorStatusWords, s) }

// ParseActorStatus reads what String writes.
func ParseActorStatus(word string) (ActorStatus, error) {
	return parseEnum("actor status", actorStatusWords, word)
}

// NetworkStatus is whether the SIM is on the network (enum NetworkStatusValues).
type NetworkStatus int

// The network statuses.
const (
	NetworkDisconnected NetworkStatus = 0
	NetworkConnected    NetworkStatus = 1
	NetworkActivation   NetworkStatus = 10
)

var networkStatusWords = map[NetworkStatus]string{
	NetworkDisconnected: "disconnected", NetworkConnected: "connected", NetworkActivation: "activation",
}

// String is the API's own word in lower case, or "unknown(7)".
func (s NetworkStatus) String() string { return enumWord(networkStatusWords, s) }

// ParseNetworkStatus reads what String writes.
func ParseNetworkStatus(word string) (NetworkStatus, error) {
	return parseEnum("network status", networkStatusWords, word)
}

func enumWord[E ~int](words map[E]string, e E) string {
	if word, ok := words[e]; ok {
		return word
	}
	return fmt.Sprintf("unknown(%d)", int(e))
}

func parseEnum[E ~int](kind string, words map[E]string, text string) (E, error) {
	for e, word := range words {
		if word == text {
			return e, nil
		}
	}
	if digits, ok := strings.CutPrefix(text, "unknown("); ok {
		if n, err := strconv.Atoi(strings.TrimSuffix(digits, ")")); err == nil && enumWord(words, E(n)) == text {
			return E(n), nil
		}
	}
	return 0, fmt.Errorf("%q is not a %s", text, kind)
}

// decodeEnum reads an integer or a name in any case. JSON has the integer and XML the name; a service that turns to
// names in JSON, or adds a value, must not break a read: what cannot be read becomes odd.
func decodeEnum[E ~int](words map[E]string, raw json.RawMessage, missing, odd E) E {
	text := strings.ToLower(strings.TrimSpace(transport.TextOf(raw)))
	if text == "" {
		return missing
	}
	if n, ok := transport.IntOf(raw); ok {
		return E(n)
	}
	if e, err := parseEnum("", words, text); err == nil {
		return e
	}
	return odd
}

// statusMeaning is what a word of the status call means for the operation.
type statusMeaning int

const (
	// statusUnusable: no status, an unknown word or an integer, none of which says anything (point 2).
	statusUnusable statusMeaning = iota
	// statusRunning: not over yet.
	statusRunning
	// statusComplete: over, and it succeeded.
	statusComplete
	// statusFailed: over, and it did not.
	statusFailed
	// statusMissing: the status URL answers 404: not registered yet, or forgotten, or the SIM is gone (point 4).
	statusMissing
)

// "complete" is the one documented word; the others are what a service of this kind would say.
var (
	completeWords = []string{"complete", "completed"}
	failedWords   = []string{"failed", "failure", "error", "stalled", "cancelled", "canceled"}
	runningWords  = []string{
		"pending", "running", "queued", "accepted", "processing", "inprogress", "in progress", "in_progress", "started",
	}
)

func meaningOf(word string) statusMeaning {
	word = strings.ToLower(strings.TrimSpace(word))
	switch {
	case slices.Contains(completeWords, word):
		return statusComplete
	case slices.Contains(failedWords, word):
		return statusFailed
	case slices.Contains(runningWords, word):
		return statusRunning
	}
	return statusUnusable
}
