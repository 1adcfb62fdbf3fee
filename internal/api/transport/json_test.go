package transport

import (
	"encoding/json"
	"fmt"
	"testing"
)

// TestLooseMembers: numbers as text, text as numbers, booleans as text, and what is none of them.
func TestLooseMembers(t *testing.T) {
	for raw, want := range map[string]string{
		`"a"`:         `"a" null=false int=0,false bool=false,false`,
		`"a\u00e9\n"`: `"aé\n" null=false int=0,false bool=false,false`,
		`""`:          `"" null=false int=0,false bool=false,false`,
		`12`:          `"12" null=false int=12,true bool=false,false`,
		`"12"`:        `"12" null=false int=12,true bool=false,false`,
		`" 12 "`:      `" 12 " null=false int=12,true bool=false,false`,
		`12.0`:        `"12.0" null=false int=12,true bool=false,false`,
		`"1.2e1"`:     `"1.2e1" null=false int=12,true bool=false,false`,
		`12.5`:        `"12.5" null=false int=0,false bool=false,false`,
		`-1`:          `"-1" null=false int=-1,true bool=false,false`,
		`1e300`:       `"1e300" null=false int=0,false bool=false,false`,
		`true`:        `"true" null=false int=0,false bool=true,true`,
		`"True"`:      `"True" null=false int=0,false bool=true,true`,
		`"FALSE"`:     `"FALSE" null=false int=0,false bool=false,true`,
		`1`:           `"1" null=false int=1,true bool=true,true`,
		`"0"`:         `"0" null=false int=0,true bool=false,true`,
		`null`:        `"" null=true int=0,false bool=false,false`,
		``:            `"" null=true int=0,false bool=false,false`,
		` `:           `"" null=true int=0,false bool=false,false`,
		`[1]`:         `"" null=false int=0,false bool=false,false`,
		`{"a":1}`:     `"" null=false int=0,false bool=false,false`,
	} {
		message := json.RawMessage(raw)
		n, isInt := IntOf(message)
		b, isBool := BoolOf(message)
		got := fmt.Sprintf("%q null=%v int=%d,%v bool=%v,%v", TextOf(message), IsNull(message), n, isInt, b, isBool)
		if got != want {
			t.Errorf("%s: got %s, want %s", raw, got, want)
		}
		if p := TextOrNull(message); (p == nil) != IsNull(message) || p != nil && *p != TextOf(message) {
			t.Errorf("%s: %v", raw, p)
		}
	}
}

func TestLooseBool(t *testing.T) {
	for raw, want := range map[string]string{
		`{"b":true}`: "true <nil>", `{"b":"true"}`: "true <nil>", `{"b":"False"}`: "false <nil>", `{"b":1}`: "true <nil>",
		`{"b":null}`: "false <nil>", `{}`: "false <nil>", `{"b":"soon"}`: "false neither true nor false",
		`{"b":[]}`: "false neither true nor false", `{"b":""}`: "false neither true nor false",
	} {
		var v struct {
			B Bool `json:"b"`
		}
		err := json.Unmarshal([]byte(raw), &v)
		if got := fmt.Sprintf("%v %v", v.B, err); got != want {
			t.Errorf("%s: got %s, want %s", raw, got, want)
		}
	}
}

func TestInvisible(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "abc-._~+/=": "", "ä": "", "a b": "a blank as character 2", "a\t": "a tab as character 2",
		"äö\r\n": "a line break as character 3", "a\u00a0": "a no-break blank as character 2",
		"\ufeffa": "the invisible character U+FEFF as character 1",
		"a\x7f":   "the control character U+007F as character 2", "a\u202eb": "the invisible character U+202E as character 2",
	} {
		if got := Invisible(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"a b\u00a0\u200b": "", "a\nb": "a line break as character 2", "\x00": "the control character U+0000 as character 1",
	} {
		if got := ControlCharacter(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
