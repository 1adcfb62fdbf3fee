package provider

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/simfleet/terraform-provider-telco/internal/api/accounts"
	"github.com/simfleet/terraform-provider-telco/internal/api/cmo"
	"github.com/simfleet/terraform-provider-telco/internal/api/m2m"
	"github.com/simfleet/terraform-provider-telco/internal/api/mvno"
)

// FuzzImportIDs: an import id that is taken splits into parts that may be sent, and makes up the same id again.
func FuzzImportIDs(f *testing.F) {
	for _, id := range []string{
		"", "/", "acme-fleet/001010000000001", "acme-fleet/(+353)870000001", "a/b/c", "acme fleet/(353)87000",
		"TMSP-89490200000000000024", "1NCE-8988280000000000001", "TMSP-8949-simCard", "8944000000000000017/LIVE10",
		"8944000000000000017/",
		"5f0c1a2b3c4d5e6f70819203", "5f0c1a2b3c4d5e6f70819203/eSim", "5f0c1a2b3c4d5e6f70819203/esim",
		"5f0c1a2b3c4d5e6f70819203/autoAssign/x",
	} {
		f.Add(id)
	}
	ctx := context.Background()
	// An import needs a client, which it does not call.
	base := baseResource{&services{accounts: api[accounts.Client]{client: &accounts.Client{}},
		cmo: api[cmo.Client]{client: &cmo.Client{}},
		m2m: api[m2m.Client]{client: &m2m.Client{}}, mvno: api[mvno.Client]{client: &mvno.Client{}}}}
	f.Fuzz(func(t *testing.T, id string) {
		if card, ok := imported(ctx, t, &simCardResource{base}, id); ok {
			account, cli := card("account_key"), card("cli")
			if account+"/"+cli != id || !accountKeyPattern.MatchString(account) || !cliPattern.MatchString(cli) {
				t.Errorf("SIM card %q was taken as %q, %q", id, account, cli)
			}
		}
		if status, ok := imported(ctx, t, &simStatusResource{base}, id); ok &&
			(status("product_id") != id || strings.HasSuffix(id, "-simCard")) {
			t.Errorf("SIM status %q was taken as %q", id, status("product_id"))
		}
		if group, ok := imported(ctx, t, &simAAGroupResource{base}, id); ok {
			if group("iccid")+"/"+group("group_code") != id || group("group_code") == "" {
				t.Errorf("auto-activation group %q was taken as %q, %q", id, group("iccid"), group("group_code"))
			}
		}
		if swap, ok := imported(ctx, t, &mvnoSIMSwapResource{base}, id); ok {
			if again := strings.TrimSuffix(swap("account_id")+"/"+swap("new_sim"), "/"); again != id ||
				!accountIDPattern.MatchString(swap("account_id")) {
				t.Errorf("SIM swap %q was taken as %q", id, again)
			}
		}
	})
}

// imported runs an import and gives the attributes that it has set, if it took the id.
func imported(
	ctx context.Context, t *testing.T, r resource.ResourceWithImportState, id string,
) (attribute func(string) string, ok bool) {
	var schema resource.SchemaResponse
	r.Schema(ctx, resource.SchemaRequest{}, &schema)
	resp := resource.ImportStateResponse{State: tfsdk.State{
		Schema: schema.Schema, Raw: tftypes.NewValue(schema.Schema.Type().TerraformType(ctx), nil),
	}}
	r.ImportState(ctx, resource.ImportStateRequest{ID: id}, &resp)
	if resp.Diagnostics.HasError() {
		return nil, false
	}
	return func(name string) string {
		var value types.String
		if d := resp.State.GetAttribute(ctx, path.Root(name), &value); d.HasError() {
			t.Fatal(d)
		}
		return value.ValueString()
	}, true
}

// FuzzCLIPattern: what the pattern of a CLI takes is an IMSI or an MSISDN, as the API writes them.
func FuzzCLIPattern(f *testing.F) {
	for _, cli := range []string{"001010000000001", "(+353)870000001", "+353870000001", "(353)87000", "()870000001",
		"１２３４５６７８９０１２３４５", "001010000000001\n"} {
		f.Add(cli)
	}
	f.Fuzz(func(t *testing.T, cli string) {
		digits := strings.Trim(cli, "0123456789") == ""
		imsi := digits && len(cli) >= 14 && len(cli) <= 16
		country, number, msisdn := strings.Cut(strings.TrimPrefix(cli, "("), ")")
		country = strings.TrimLeft(country, "+")
		msisdn = msisdn && strings.HasPrefix(cli, "(") &&
			strings.Trim(country+number, "0123456789") == "" && len(country) >= 1 && len(country) <= 5 && len(number) >= 5 &&
			len(number) <= 16
		if got := cliPattern.MatchString(cli); got != (imsi || msisdn) {
			t.Errorf("%q: taken %v, an IMSI %v, an MSISDN %v", cli, got, imsi, msisdn)
		}
	})
}
