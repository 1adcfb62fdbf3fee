package validate

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// verdict is the whole text of the first finding, or "" where there is none.
func verdict(v validator.String, value types.String) string {
	var resp validator.StringResponse
	v.ValidateString(context.Background(), validator.StringRequest{Path: path.Root("x"), ConfigValue: value}, &resp)
	if !resp.Diagnostics.HasError() {
		return ""
	}
	return resp.Diagnostics[0].Summary() + ": " + resp.Diagnostics[0].Detail()
}

func TestValidators(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		validator validator.String
		want      map[string]string
	}{
		"settable status": {SettableStatus(), map[string]string{
			"ACTIVE": "", "PENDING_TERMINATE": "", "PENDING": "", "": "",
			"PENDING_ACTIVE": "Status can't be asked for: PENDING_ACTIVE is a status that the service sets by itself, while a " +
				"change is under way.\n\nDeclare the status that the SIM is to have in the end, such as ACTIVE.",
		}},
		"ICC of a swap": {SwapICC(), map[string]string{
			"eSim": "", "8945010000000000017": "", "8945010000000000017F": "", "89450100000000000174": "",
			"no number of any kind at all": "",
			"89450100000000000175": "Invalid ICC: 89450100000000000175 has 20 digits, and the last one is not the check digit " +
				"of those before it. The service takes an ICC of 11 to 19 digits.\n\nCompare it with the number on the card.",
		}},
		"duration": {Duration(), map[string]string{
			"60s": "", "1m30s": "", "0.5h": "",
			"60":   `Invalid duration: The value of x must be a positive duration such as "60s" or "1m30s", not "60".`,
			"0s":   `Invalid duration: The value of x must be a positive duration such as "60s" or "1m30s", not "0s".`,
			"-1s":  `Invalid duration: The value of x must be a positive duration such as "60s" or "1m30s", not "-1s".`,
			"soon": `Invalid duration: The value of x must be a positive duration such as "60s" or "1m30s", not "soon".`,
			"":     `Invalid duration: The value of x must be a positive duration such as "60s" or "1m30s", not "".`,
		}},
		"RFC 3339": {RFC3339(), map[string]string{
			"2024-05-01T08:00:00Z": "", "2024-05-01T10:00:00.1234567+02:00": "",
			"2024-05-01":          `Invalid time: The value of x must be a time in RFC 3339 form such as "2024-05-01T08:00:00Z", not "2024-05-01".`,
			"2024-05-01T08:00:00": `Invalid time: The value of x must be a time in RFC 3339 form such as "2024-05-01T08:00:00Z", not "2024-05-01T08:00:00".`,
			"2024-13-01T08:00:00Z": `Invalid time: The value of x must be a time in RFC 3339 form such as "2024-05-01T08:00:00Z", not ` +
				`"2024-13-01T08:00:00Z".`,
		}},
		"endpoint": {Endpoint(), map[string]string{
			"https://api.example": "", "https://api.example:8443/base/v5": "", "http://127.0.0.1:8080": "",
			"http://localhost/x": "", "http://[::1]:80": "",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for text, want := range c.want {
				if got := verdict(c.validator, types.StringValue(text)); got != want {
					t.Errorf("%q: %s", text, got)
				}
			}
			for _, value := range []types.String{types.StringNull(), types.StringUnknown()} {
				if got := verdict(c.validator, value); got != "" {
					t.Errorf("%v: %s", value, got)
				}
			}
		})
	}
}

func TestEndpoint_refused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "api.example", "http://api.example", "http://127.0.0.1.example", "ftp://api.example", "https://",
		"https://user:pw@api.example",
		"https://api.example?key=secret", "https://api.example#part",
	} {
		if verdict(Endpoint(), types.StringValue(text)) == "" {
			t.Errorf("%q is accepted", text)
		}
	}
}
