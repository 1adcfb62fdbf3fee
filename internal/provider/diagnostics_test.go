package provider

import (
	"context"
	"errors"
	"net/url"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

func TestExplain(t *testing.T) {
	const what = "SIM TMSP-1 was not changed."
	for name, test := range map[string]struct {
		err  error
		next string
		want string
	}{
		"nothing more": {nil, "", what},
		"what to do":   {nil, "Apply again.", what + "\n\nApply again."},
		"plain error":  {errors.New("connection refused"), "", what + "\n\nConnection refused."},
		"URL with a query": {
			&url.Error{Op: "Get", URL: "https://api.example.com/x?token=secret", Err: errors.New("connection refused")}, "",
			what + "\n\nConnection refused.",
		},
		"everything that the service says": {
			&transport.Error{
				API: "CMO API", Op: "set status of SIM card TMSP-1 to ACTIVE", Status: 409, Code: "E17", Message: "Busy",
				Details:       []string{"try later"},
				CorrelationID: "c-1", TraceID: "t-1",
			}, "Apply again.",
			what + "\n\nThe CMO API says: Busy\ntry later\nHTTP status 409, code E17, correlation id c-1, trace id t-1, while " +
				"trying to set status of SIM card TMSP-1 to ACTIVE.\n\nApply again.",
		},
		"no answer": {
			&transport.Error{API: "CMO API", Op: "read product TMSP-1", Cause: errors.New("EOF")}, "",
			what + "\n\nEOF.\nWhile trying to read product TMSP-1.",
		},
		"through the wait": {
			&wait.FailedError{Operation: "change", Reason: &transport.Error{API: "CMO API", Op: "read monitor",
				Message: "Not allowed", Status: 400}}, "",
			what + "\n\nThe CMO API says: Not allowed\nHTTP status 400, while trying to read monitor.",
		},
		"page": {
			&transport.Error{API: "CMO API", Op: "read product TMSP-1", Status: 404, NotTheAPI: true, Message: "Not Found"}, "",
			what + "\n\nWhat answered does not look like the CMO API. It sent: Not Found\nHTTP status 404, while trying to " +
				"read product TMSP-1.\n\nCheck cmo.endpoint (TELCO_CMO_ENDPOINT), and any proxy or filter between here and that " +
				"host. The state is kept as it was.",
		},
		"empty page": {
			&transport.Error{API: "CMO API", Op: "read product TMSP-1", Status: 200, NotTheAPI: true}, "Look.",
			what + "\n\nWhat answered does not look like the CMO API.\nHTTP status 200, while trying to read product " +
				"TMSP-1.\n\nLook.",
		},
		"refused credentials": {
			&transport.Error{API: "CMO API", Op: "read product TMSP-1", Status: 401, Message: "bad token"}, "",
			what + "\n\nThe CMO API says: bad token\nHTTP status 401, while trying to read product TMSP-1.\n\n" +
				"The service refuses the credentials. No further calls are made to this API in this run, since a service may ban " +
				"who keeps trying. Check cmo.client_id (TELCO_CMO_CLIENT_ID) and cmo.client_secret (TELCO_CMO_CLIENT_SECRET), or " +
				"cmo.access_token (TELCO_CMO_ACCESS_TOKEN), then run again.",
		},
		"forbidden": {
			&transport.Error{API: "CMO API", Op: "read product TMSP-1", Status: 403, Message: "no rights"}, "",
			what + "\n\nThe CMO API says: no rights\nHTTP status 403, while trying to read product TMSP-1.\n\n" +
				"The credentials are valid, but their rights do not suffice. Check the tenant and the access rights of the " +
				"credentials.",
		},
		"too many": {
			&transport.Error{API: "CMO API", Op: "read product TMSP-1", Status: 429, Message: "slow down"}, "",
			what + "\n\nThe CMO API says: slow down\nHTTP status 429, while trying to read product TMSP-1.\n\n" +
				"The service asks for fewer calls. Lower requests_per_second of this API in the provider block and run again " +
				"later (the CMO advises to wait an hour).",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := explain(what, test.err, test.next); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestSentence(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "it broke": "It broke.", "It broke.": "It broke.", "42 broke": "42 broke.", "über": "über.", "EOF": "EOF.",
	} {
		if got := sentence(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestRecovered: a panic is a diagnostic, and once something is in state it must not be an error.
func TestRecovered(t *testing.T) {
	const detail = "This is a fault of the provider, please report it with the log (TF_LOG=DEBUG). What was sent before " +
		"it is in state; the next plan reads the live SIM and goes on from there."
	for name, test := range map[string]struct {
		panics  bool
		inState func() bool
		want    string
	}{
		"no panic":   {false, nil, "error: Before: it"},
		"no state":   {true, nil, "error: Before: it\nerror: Provider fault: " + detail},
		"not yet":    {true, func() bool { return false }, "error: Before: it\nerror: Provider fault: " + detail},
		"in a state": {true, func() bool { return true }, "warning: Before: it\nwarning: Provider fault: " + detail},
	} {
		t.Run(name, func(t *testing.T) {
			var diags diag.Diagnostics
			func() {
				defer recovered(context.Background(), &diags, test.inState)
				diags.AddError("Before", "it")
				if test.panics {
					panic("a secret")
				}
			}()
			if got := said(diags); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}
