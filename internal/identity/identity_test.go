package identity_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/identity"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want, err string }{
		"18 digits":                  {text: "894902000000000001", want: "894902000000000001"},
		"19 digits":                  {text: "8949020000000000001", want: "8949020000000000001"},
		"20 digits":                  {text: "89490200000000000012", want: "89490200000000000012"},
		"22 digits":                  {text: "8949020000000000000123", want: "8949020000000000000123"},
		"trailing F":                 {text: "8949020000000000001F", want: "8949020000000000001"},
		"trailing f":                 {text: "8949020000000000001f", want: "8949020000000000001"},
		"22 digits and an F":         {text: "8949020000000000000123F", want: "8949020000000000000123"},
		"F and a blank":              {text: "8949020000000000001F ", want: "8949020000000000001"},
		"F after a blank":            {text: "8949020000000000001 F", want: "8949020000000000001"},
		"blanks in groups":           {text: " 8949 0200 0000 0000 001", want: "8949020000000000001"},
		"no-break blanks":            {text: "8949\u00a00200\u00a00000\u00a00000\u00a0001", want: "8949020000000000001"},
		"thin and narrow blanks":     {text: "8949\u20090200\u202f0000\u20090000\u202f001", want: "8949020000000000001"},
		"tab and end of line":        {text: "\t8949020000000000001\r\n", want: "8949020000000000001"},
		"byte order mark":            {text: "\ufeff8949020000000000001", want: "8949020000000000001"},
		"marks of direction":         {text: "\u202d8949020000000000001\u202c", want: "8949020000000000001"},
		"zero-width blank":           {text: "8949020000\u200b000000001", want: "8949020000000000001"},
		"hyphens":                    {text: "8949-0200-0000-0000-001", want: "8949020000000000001"},
		"no-break hyphens and dash":  {text: "8949\u20110200\u20110000\u20130000\u2011001", want: "8949020000000000001"},
		"soft hyphen":                {text: "8949020000\u00ad000000001", want: "8949020000000000001"},
		"wrong check digit is as is": {text: "89490200000000000019", want: "89490200000000000019"},

		"empty":           {err: "has no digits, and an ICCID has 18 to 22 digits"},
		"blank":           {text: " \u00a0", err: "has no digits, and an ICCID has 18 to 22 digits"},
		"an F alone":      {text: "F", err: "has no digits, and an ICCID has 18 to 22 digits"},
		"one digit":       {text: "8", err: "has 1 digit, and an ICCID has 18 to 22 digits"},
		"17 digits":       {text: "89490200000000001", err: "has 17 digits, and an ICCID has 18 to 22 digits"},
		"23 digits":       {text: "89490200000000000000001", err: "has 23 digits, and an ICCID has 18 to 22 digits"},
		"17 digits, an F": {text: "89490200000000001F", err: "has 17 digits, and an ICCID has 18 to 22 digits"},
		"two numbers": {text: "8949020000000000001 8949020000000000002",
			err: "has 38 digits, and an ICCID has 18 to 22 digits"},
		"rounded":          {text: "8.94902E+19", err: rounded},
		"rounded, comma":   {text: "8,94902E+19", err: rounded},
		"rounded, small e": {text: " 8.94902e+19 ", err: rounded},
		"rounded, no plus": {text: "8.94902E19", err: rounded},
		"rounded, one":     {text: "9E+19", err: rounded},
		"fraction":         {text: "89490200000000000001.0", err: rounded},
		"groups":           {text: "89,490,200,000,000,000,001", err: rounded},
		"letters":          {text: "89490200000A0000001", err: noDigit(`"A" (U+0041)`)},
		"two F":            {text: "894902000000000001FF", err: noDigit(`"F" (U+0046)`)},
		"F in the middle":  {text: "8949020000F000000001", err: noDigit(`"F" (U+0046)`)},
		"letter O":         {text: "894902OOOOOOOOOOOO1", err: noDigit(`"O" (U+004F)`)},
		"full-width":       {text: "８９４９０２００００００００００００１", err: noDigit(`"８" (U+FF18)`)},
		"Arabic digits":    {text: "894902000000000000١", err: noDigit(`"١" (U+0661)`)},
		"apostrophe":       {text: "'8949020000000000001", err: noDigit(`"'" (U+0027)`)},
		"quotation marks":  {text: `"8949020000000000001"`, err: noDigit(`"\"" (U+0022)`)},
		"formula":          {text: `="8949020000000000001"`, err: noDigit(`"=" (U+003D)`)},
		"product id":       {text: "TMSP-8949020000000000001", err: noDigit(`"T" (U+0054)`)},
		"not available":    {text: "#N/A", err: noDigit(`"#" (U+0023)`)},
		"control":          {text: "8949020000000000001\x1b[2J", err: noDigit(`"\x1b" (U+001B)`)},
		"broken UTF-8":     {text: "8949020000000000\xff01", err: noDigit(`"�" (U+FFFD)`)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := identity.Clean(c.text)
			want := c.err
			if want != "" {
				want = fmt.Sprintf("%q ", c.text) + want
			}
			if got != c.want || text(err) != want {
				t.Errorf("Clean(%q) = %q, %q\nwant %q, %q", c.text, got, text(err), c.want, want)
			}
		})
	}
}

// An error that names the text stays short.
func TestClean_longText(t *testing.T) {
	t.Parallel()
	_, err := identity.Clean(strings.Repeat("8949", 20))
	want := `"` + strings.Repeat("8949", 10) + `..." has 80 digits, and an ICCID has 18 to 22 digits`
	if text(err) != want {
		t.Errorf("got  %s\nwant %s", text(err), want)
	}
}

const rounded = "is a number as a spreadsheet writes it, and has lost digits: format the column as text and export " +
	"it again"

func noDigit(what string) string {
	return "contains " + what + ", and an ICCID has no letters or other characters, only the digits 0 to 9"
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestICCKey(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"8945019000000000001":      "8945019000000000001",
		"8945019000000000001F":     "8945019000000000001",
		"8945019000000000001f":     "8945019000000000001",
		" 8945 0190 0000 0000 001": "8945019000000000001",
		"8945-0190-0000-0000-001":  "8945019000000000001",
		"89450190000000000019":     "8945019000000000001", // 9 is its check digit
		"89450190000000000019F":    "8945019000000000001",
		"89450190000000000016":     "89450190000000000016", // another card's number: 6 is not
		"894501900000000000":       "894501900000000000",   // 18 digits: nothing is known about its last
		"894501900000000000125":    "894501900000000000125",
		"45019000011":              "45019000011",
		"eSim":                     "eSim",
		" autoAssign ":             "autoAssign",
		"TMSP-8945019000000000001": "TMSP-8945019000000000001",
		"F":                        "F",
		"":                         "",
		"８９４５０１９０００００００００００１": "８９４５０１９０００００００００００１",
	} {
		if got := identity.ICCKey(s); got != want {
			t.Errorf("ICCKey(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestSameICC(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"8945019000000000001", "8945019000000000001F", true},
		{"8945019000000000001", "89450190000000000019", true},
		{"8945 0190 0000 0000 0019", "8945019000000000001f", true},
		{"8945019000000000001", "89450190000000000016", false},
		{"89450190000000000019", "89450190000000000016", false},
		{"8945019000000000001", "8945019000000000002", false},
		{"894501900000000000", "8945019000000000001", false},
		{"", "8945019000000000001", false},
		{"eSim", "eSim", true},
		{"eSim", "autoAssign", false},
		{"", "", true},
	} {
		if got := identity.SameICC(c.a, c.b); got != c.want {
			t.Errorf("SameICC(%q, %q) = %t", c.a, c.b, got)
		}
		if got := identity.SameICC(c.b, c.a); got != c.want {
			t.Errorf("SameICC(%q, %q) = %t", c.b, c.a, got)
		}
	}
}

func TestCheckDigit(t *testing.T) {
	t.Parallel()
	for digits, want := range map[string]byte{
		"7992739871":          '3', // the example that books on Luhn's formula use
		"8945019000000000001": '9',
		"8944000000000000001": '0',
		"0":                   '0',
		"":                    0,
		"89A":                 0,
		"８":                   0,
	} {
		if got := identity.CheckDigit(digits); got != want {
			t.Errorf("CheckDigit(%q) = %q, want %q", digits, got, want)
		}
	}
	for digits, want := range map[string]bool{
		"79927398713": true, "79927398710": false, "89450190000000000019": true, "89450190000000000016": false,
		"0": false, "": false, "eSim": false,
	} {
		if got := identity.HasCheckDigit(digits); got != want {
			t.Errorf("HasCheckDigit(%q) = %t", digits, got)
		}
	}
}

func TestSameWord(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"ACTIVE", "Active", true}, {" active", "ACTIVE ", true}, {"ACTIVE", "INACTIVE", false}, {"", "", true},
		{"", "ACTIVE", false},
		{"5F0C1A2B3C4D5E6F70819201", "5f0c1a2b3c4d5e6f70819201", true}, {"5f0c", "5f0d", false},
	} {
		if got := identity.SameWord(c.a, c.b); got != c.want {
			t.Errorf("SameWord(%q, %q) = %t", c.a, c.b, got)
		}
		if got := identity.SameID(c.a, c.b); got != c.want {
			t.Errorf("SameID(%q, %q) = %t", c.a, c.b, got)
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"8949 0200-0000 0000\u00a00015F", "\ufeff8.94902E+19", "８９", "'89",
		"89490200000000000015"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		key := identity.ICCKey(s)
		if again := identity.ICCKey(key); again != key {
			t.Errorf("the key of %q is %q, and the key of that is %q", s, key, again)
		}
		digits, err := identity.Clean(s)
		if err != nil {
			if digits != "" || strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("Clean(%q) = %q, %q", s, digits, err)
			}
			return
		}
		if len(digits) < 18 || len(digits) > 22 || strings.Trim(digits, "0123456789") != "" || !identity.SameICC(s, digits) {
			t.Errorf("Clean(%q) = %q", s, digits)
		}
	})
}
