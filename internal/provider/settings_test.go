package provider

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// TestSettingsAreChecked: what a file or a shell puts around a value is taken off, and what can't be sent is named at
// once, with the attribute and the environment variable, and without the value.
func TestSettingsAreChecked(t *testing.T) {
	const advice = " Nothing was sent.\n\nSuch a character comes with a value that was copied or read from a file. Set " +
		"the value again without it."
	fault := func(character string) string {
		return "error: Invalid character in a setting: The value of mvno.token (or of the environment variable " +
			"TELCO_MVNO_TOKEN) holds " +
			character + "." + advice
	}
	for name, test := range map[string]struct {
		value       string
		text, token string // what is sent
		textSaid    string
		tokenSaid   string
	}{
		"as it is":            {"s3cret", "s3cret", "s3cret", "", ""},
		"line break":          {"s3cret\n", "s3cret", "s3cret", "", ""},
		"Windows line breaks": {"s3cret\r\n\r\n", "s3cret", "s3cret", "", ""},
		"byte order mark":     {"\ufeffs3cret", "s3cret", "s3cret", "", ""},
		"blanks":              {" s3cret ", " s3cret ", "s3cret", "", ""},
		"no-break blank":      {"s3cret\u00a0", "s3cret\u00a0", "s3cret", "", ""},
		"blank inside":        {"s3 cret", "s3 cret", "s3 cret", "", fault("a blank as character 3")},
		"zero-width blank": {
			"s3\u200bcret", "s3\u200bcret", "s3\u200bcret",
			"", fault("the invisible character U+200B as character 3"),
		},
		"line break inside": {
			"s3\ncret", "s3\ncret", "s3\ncret",
			fault("a line break as character 3"),
			fault("a line break as character 3"),
		},
		"control character": {
			"é\x01", "é\x01", "é\x01",
			fault("the control character U+0001 as character 2"),
			fault("the control character U+0001 as character 2"),
		},
		"beyond ASCII": {"pässword", "pässword", "pässword", "", ""},
	} {
		for _, fromEnvironment := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				value := types.StringValue(test.value)
				if fromEnvironment {
					if test.value == "" {
						return
					}
					t.Setenv(envMVNOToken, test.value)
					value = types.StringNull()
				}
				check := func(read func(*resolver) string, want, wantSaid string) {
					t.Helper()
					var diags diag.Diagnostics
					r := &resolver{api: "mvno", diags: &diags}
					if got := read(r); got != want || len(r.missing) > 0 {
						t.Errorf("got %q, want %q; missing %q", got, want, r.missing)
					}
					if got := said(diags); got != wantSaid {
						t.Errorf("said\n%s\nwant\n%s", got, wantSaid)
					}
				}
				check(func(r *resolver) string { return r.text("token", value, envMVNOToken, "", true) }, test.text, test.textSaid)
				check(func(r *resolver) string { return r.token("token", value, envMVNOToken, true) }, test.token, test.tokenSaid)
			})
		}
	}
}

// A value that is nothing but a line break is missing.
func TestSettingOfALineBreak(t *testing.T) {
	r := &resolver{api: "mvno", diags: &diag.Diagnostics{}}
	r.token("token", types.StringValue("\n"), envMVNOToken, true)
	if len(r.missing) != 1 || r.missing[0] != "mvno.token (TELCO_MVNO_TOKEN)" || r.diags.HasError() {
		t.Errorf("missing %q, said %v", r.missing, r.diags)
	}
}
