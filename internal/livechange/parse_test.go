package livechange

import "testing"

func TestParse(t *testing.T) {
	t.Parallel()
	type parsed struct {
		from, to string
		ok       bool
	}
	as := func(from, to string, ok bool) parsed { return parsed{from, to, ok} }
	for name, c := range map[string]struct{ got, want parsed }{
		"status":           {as(ParseStatus(Status("INACTIVE", "ACTIVE"))), parsed{"INACTIVE", "ACTIVE", true}},
		"group":            {as(ParseGroup(Group(Unreadable, "LIVE 10"))), parsed{Unreadable, "LIVE 10", true}},
		"a group's arrow":  {as(ParseGroup(Group("A", "B -> C"))), parsed{"A", "B -> C", true}},
		"swap":             {as(ParseSwap(Swap("8945019000000000001", "eSim"))), parsed{"8945019000000000001", "eSim", true}},
		"another kind":     {as(ParseStatus(Swap("8945019000000000001", "eSim"))), parsed{}},
		"nothing":          {as(ParseStatus("")), parsed{}},
		"without an arrow": {as(ParseStatus("status ACTIVE")), parsed{from: "ACTIVE"}},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, c.got, c.want)
		}
	}
}
