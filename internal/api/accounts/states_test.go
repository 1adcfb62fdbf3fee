package accounts

import (
	"encoding/json"
	"testing"
)

func TestEnumWords(t *testing.T) {
	for _, tt := range []struct {
		state State
		word  string
	}{
		{0, "notactivated"}, {1, "ready"}, {2, "test"}, {3, "live"}, {4, "suspend"}, {5, "bar"}, {6, "unknown"},
		{100, "terminated"}, {7, "unknown(7)"}, {-3, "unknown(-3)"},
	} {
		if got := tt.state.String(); got != tt.word {
			t.Errorf("State(%d): got %q, want %q", int(tt.state), got, tt.word)
		}
		if got, err := ParseState(tt.word); err != nil || got != tt.state {
			t.Errorf("ParseState(%q): got %d, %v", tt.word, int(got), err)
		}
	}
	for _, tt := range []struct {
		status ActorStatus
		word   string
	}{{0, "stable"}, {1, "pending"}, {10, "stalled"}, {2, "unknown(2)"}} {
		if got, err := ParseActorStatus(tt.word); err != nil || got != tt.status || got.String() != tt.word {
			t.Errorf("ParseActorStatus(%q): got %d (%s), %v", tt.word, int(got), got, err)
		}
	}
	for _, tt := range []struct {
		status NetworkStatus
		word   string
	}{{0, "disconnected"}, {1, "connected"}, {10, "activation"}, {3, "unknown(3)"}} {
		if got, err := ParseNetworkStatus(tt.word); err != nil || got != tt.status || got.String() != tt.word {
			t.Errorf("ParseNetworkStatus(%q): got %d (%s), %v", tt.word, int(got), got, err)
		}
	}
	for _, word := range []string{"", "Live", "3", "unknown(3)", "unknown(x)", "unknown(7", "unknown(07)", "unknown(6)",
		"gone"} {
		if got, err := ParseState(word); err == nil {
			t.Errorf("ParseState(%q) gave %s and no error", word, got)
		}
	}
}

func TestDecodeEnum(t *testing.T) {
	for raw, want := range map[string]State{
		"3": StateLive, `"3"`: StateLive, `"Live"`: StateLive, `"TERMINATED"`: StateTerminated, "100": StateTerminated,
		"7": 7, `"hibernated"`: StateUnknown, "null": StateUnknown, "": StateUnknown, "[]": StateUnknown,
		"99999999999999999999": StateUnknown, "3.5": StateUnknown, "3.0": StateLive, `" 3 "`: StateLive, "true": StateUnknown,
	} {
		if got := decodeEnum(stateWords, json.RawMessage(raw), StateUnknown, StateUnknown); got != want {
			t.Errorf("%s: got %s, want %s", raw, got, want)
		}
	}
}
