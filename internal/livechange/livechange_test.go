package livechange

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTexts(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"status INACTIVE -> ACTIVE":                       Status("INACTIVE", "ACTIVE"),
		"(absent) -> created with state live":             Creation("live"),
		"(absent) -> created":                             Creation(""),
		"auto-activation group (can't be read) -> LIVE10": Group(Unreadable, "LIVE10"),
		"SIM 8945019000000000001 -> autoAssign": Swap("8945019000000000001",
			"autoAssign"),
		"description changes; state live -> suspend": Fields([]Field{{Name: "description",
			Hidden: true}, {Name: "state", From: "live", To: "suspend"}}),
		"foreign_attributes changes (depot, pin)":                                   Fields([]Field{{Name: "foreign_attributes", Hidden: true, Keys: []string{"depot", "pin"}}}),
		"Live, irreversible change: auto-activation group":                          AutoActivation.Summary(),
		"Nothing is changed on the network: MVNO SIM swap":                          MVNOSIMSwap.LeftAloneSummary(),
		"The SIM can use the network from then on, and charging may start at once.": SIMStatus.Meaning("ACTIVE"),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestFleet(t *testing.T) {
	t.Parallel()
	transitions := []Transition{{"b", "INACTIVE", "ACTIVE"}, {"c", "ACTIVE", "SUSPENDED"}, {"a", "INACTIVE", "ACTIVE"}}
	const want = "2 x INACTIVE -> ACTIVE; 1 x ACTIVE -> SUSPENDED (sha256 c6691c14e04a)"
	text := Fleet(transitions)
	if text != want {
		t.Errorf("got %q, want %q", text, want)
	}
	counts, ok := ParseFleet(text)
	if diff := cmp.Diff([]Count{{"INACTIVE", "ACTIVE", 2}, {"ACTIVE", "SUSPENDED", 1}}, counts); !ok || diff != "" {
		t.Errorf("ParseFleet: %v %s", ok, diff)
	}
	transitions[1].SIM = "d"
	if Fleet(transitions) == text {
		t.Error("another SIM, and the digest is the same")
	}
	for _, other := range []string{"", "status INACTIVE -> ACTIVE", "x INACTIVE -> ACTIVE (sha256 c6691c14e04a)",
		"2 x INACTIVE -> ACTIVE"} {
		if _, ok := ParseFleet(other); ok {
			t.Errorf("ParseFleet(%q) took it for the text of a fleet", other)
		}
	}
}

func TestEachKindHasAMeaning(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{SIMCardCreation, SIMCardUpdate, SIMCardDeletion, AutoActivation, MVNOSIMSwap} {
		if kind.Meaning("") == unclear {
			t.Errorf("%s says nothing of service and charging", kind)
		}
	}
	if !Terminates("TERMINATED") || !Terminates("terminated") || Terminates("ACTIVE") || Terminates("live") {
		t.Error("Terminates is wrong about a word")
	}
}
