package provider_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	frameworkresource "github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/simfleet/terraform-provider-telco/internal/provider"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// identitySchemas are the provider's, by resource type.
func identitySchemas(
	ctx context.Context, t testing.TB, server tfprotov6.ProviderServer,
) map[string]*tfprotov6.ResourceIdentitySchema {
	t.Helper()
	resp, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil || len(coreErrors(resp.Diagnostics)) > 0 {
		t.Fatal(err, resp)
	}
	return resp.IdentitySchemas
}

// identityData makes an identity of names and values.
func identityData(
	t testing.TB, schema *tfprotov6.ResourceIdentitySchema, values map[string]string,
) *tfprotov6.ResourceIdentityData {
	t.Helper()
	fields := map[string]tftypes.Value{}
	for name, value := range values {
		fields[name] = tftypes.NewValue(tftypes.String, value)
	}
	data, err := tfprotov6.NewDynamicValue(schema.ValueType(), tftypes.NewValue(schema.ValueType(), fields))
	if err != nil {
		t.Fatal(err)
	}
	return &tfprotov6.ResourceIdentityData{IdentityData: &data}
}

// identityText shows an identity as "name=value name=value", in the order of names.
func identityText(
	t testing.TB, schema *tfprotov6.ResourceIdentitySchema, data *tfprotov6.ResourceIdentityData, names ...string,
) string {
	t.Helper()
	if data == nil || data.IdentityData == nil {
		return "(none)"
	}
	value, err := data.IdentityData.Unmarshal(schema.ValueType())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, name := range names {
		var text *string
		if err := coreFields(value)[name].As(&text); err != nil || text == nil {
			out = append(out, name+"=(null)")
			continue
		}
		out = append(out, name+"="+*text)
	}
	return strings.Join(out, " ")
}

// identityRows are the resources that have an identity, one object of each.
var identityRows = []struct {
	typeName, id string
	identity     map[string]string
	names        []string
	invalid      map[string]string
	problem      string
}{
	{
		"telco_sim_card", "acme-fleet/001010000000001",
		map[string]string{"account_key": "acme-fleet", "cli": "001010000000001"}, []string{"account_key", "cli"},
		map[string]string{"account_key": "acme-fleet", "cli": "+353870000001"},
		`The import names cli = "+353870000001", which must be an IMSI of 14 to 16 digits, or an MSISDN written as ` +
			"(+353)870000001.",
	},
	{
		"telco_sim_status", coreSync, map[string]string{"product_id": coreSync}, []string{"product_id"},
		map[string]string{"product_id": "JASPER"},
		`The import names product_id = "JASPER", which must be the id of a cellular product, BACKEND-ICCID such as ` +
			"TMSP-89490200000000000024, without the -simCard suffix.",
	},
	{
		"telco_sim_aa_group", "8944200000000000001/LIVE10", map[string]string{"iccid": "8944200000000000001"},
		[]string{"iccid"},
		map[string]string{"iccid": "12"}, `The import names iccid = "12", which must be an ICCID of 18 to 22 digits.`,
	},
	{
		"telco_mvno_sim_swap", "5f0c8a2e9b1d4c0012345678", map[string]string{"account_id": "5f0c8a2e9b1d4c0012345678"},
		[]string{"account_id"},
		map[string]string{"account_id": "+4512345678"},
		`The import names account_id = "+4512345678", which must be the account's id of 24 hex characters, not its number.`,
	},
}

func identityCore(t *testing.T) *core {
	c := onMemory(t)
	c.AddSIMCard("acme-fleet", simulator.SIMCard{CLI: "001010000000001", State: 3})
	c.AddProduct(simulator.Product{ID: coreSync, Status: "ACTIVE", SIMStatus: "ACTIVE"})
	c.AddM2MGroup(simulator.M2MGroup{Code: "LIVE10", Name: "Live 10 MB", Type: "live"})
	c.AddM2MSIM(simulator.M2MSIM{ICCID: "8944200000000000001", Status: "active", Group: "LIVE10"})
	c.AddMVNOAccount(simulator.MVNOAccount{ID: "5f0c8a2e9b1d4c0012345678", SIMNumber: "8945010000000000001"})
	return c
}

// TestIdentity_import: an import by ID and one by identity come to the same object, and both return its identity. A
// refresh returns it too: where Terraform sends it, where an older one does not, and where the object has gone.
func TestIdentity_import(t *testing.T) {
	t.Parallel()
	for _, row := range identityRows {
		t.Run(row.typeName, func(t *testing.T) {
			c, ctx := identityCore(t), context.Background()
			server := c.process(ctx)
			schema := identitySchemas(ctx, t, server)[row.typeName]
			if schema == nil {
				t.Fatal("no identity")
			}
			for _, a := range schema.IdentityAttributes {
				if !a.RequiredForImport || a.Description == "" {
					t.Errorf("%s: required for import: %v, description %q", a.Name, a.RequiredForImport, a.Description)
				}
			}
			want := identityText(t, schema, identityData(t, schema, row.identity), row.names...)

			imported := map[string]tftypes.Value{}
			for form, req := range map[string]*tfprotov6.ImportResourceStateRequest{
				"id":       {TypeName: row.typeName, ID: row.id},
				"identity": {TypeName: row.typeName, Identity: identityData(t, schema, row.identity)},
			} {
				resp, err := server.ImportResourceState(ctx, req)
				if err != nil || len(resp.Diagnostics) > 0 {
					t.Fatal(form, err, coreErrors(resp.Diagnostics))
				}
				object := resp.ImportedResources[0]
				if got := identityText(t, schema, object.Identity, row.names...); got != want {
					t.Errorf("import by %s: identity %s, want %s", form, got, want)
				}
				for _, sent := range []*tfprotov6.ResourceIdentityData{object.Identity, nil} {
					read, err := server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
						TypeName: row.typeName, CurrentState: object.State, Private: object.Private, CurrentIdentity: sent,
					})
					if err != nil || len(coreErrors(read.Diagnostics)) > 0 {
						t.Fatal(form, err, coreErrors(read.Diagnostics))
					}
					if got := identityText(t, schema, read.NewIdentity, row.names...); got != want {
						t.Errorf("read after import by %s: identity %s, want %s", form, got, want)
					}
					imported[form] = c.decode(c.schema(row.typeName), read.NewState)
				}
			}
			byIdentity := imported["identity"]
			if row.typeName == "telco_sim_aa_group" { // no command reads the group
				fields := coreFields(byIdentity)
				if !fields["group_code"].IsNull() {
					t.Errorf("group %s out of nowhere", fields["group_code"])
				}
				fields["group_code"] = tftypes.NewValue(tftypes.String, "LIVE10")
				byIdentity = tftypes.NewValue(byIdentity.Type(), fields)
			}
			if !byIdentity.Equal(imported["id"]) {
				t.Errorf("by identity %s\nby id %s", imported["identity"], imported["id"])
			}

			resp, err := server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{
				TypeName: row.typeName, Identity: identityData(t, schema, row.invalid),
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := coreErrors(resp.Diagnostics); len(got) != 1 || got[0] != "Invalid identity: "+row.problem {
				t.Errorf("said  %q\nwant %q", got, row.problem)
			}
		})
	}
}

// TestIdentity_methods: the resource with an identity offers every optional method of the resource inside, such as
// UpgradeState: one that it hid would silently never be called.
func TestIdentity_methods(t *testing.T) {
	for _, newResource := range provider.New("test")().Resources(t.Context()) {
		outer := newResource()
		if _, ok := outer.(frameworkresource.ResourceWithIdentity); !ok {
			continue // a fleet has none
		}
		inner := reflect.Indirect(reflect.ValueOf(outer)).FieldByName("importable").Elem().Type()
		for method := range inner.Methods() {
			if _, ok := reflect.TypeOf(outer).MethodByName(method.Name); !ok {
				t.Errorf("%s.%s is hidden", inner, method.Name)
			}
		}
	}
}

// TestIdentity_trouble: an update that fails and a refresh that finds the object gone return the identity too, also to
// a Terraform that keeps none and so sends none. Without it the framework puts an error of its own on top.
func TestIdentity_trouble(t *testing.T) {
	t.Parallel()
	c, ctx := identityCore(t), context.Background()
	schema := identitySchemas(ctx, t, c.process(ctx))["telco_sim_status"]
	config := func(status string) coreConfig {
		return coreConfig{"telco_sim_status.a": {typeName: "telco_sim_status", attributes: map[string]any{
			"product_id": coreSync, "status": status,
		}}}
	}
	c.apply(ctx, c.plan(ctx, config("ACTIVE"), corePlanOptions{}))
	object := c.state["telco_sim_status.a"]
	want := identityText(t, schema, identityData(t, schema, map[string]string{"product_id": coreSync}), "product_id")

	c.Inject(simulator.Fault{
		Match: simulator.Match{API: simulator.CMO, Route: "product.update"}, Effect: simulator.Answer, Status: 400,
		Body: `{"detail":"no"}`,
	})
	planned := c.plan(ctx, config("SUSPENDED"), corePlanOptions{}).changes[0]
	for _, sent := range []*tfprotov6.ResourceIdentityData{nil, identityData(t, schema,
		map[string]string{"product_id": coreSync})} {
		resp, err := c.process(ctx).ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
			TypeName: "telco_sim_status", PriorState: c.encode(object.value), PlannedState: c.encode(planned.after),
			Config: c.encode(planned.config), PlannedPrivate: planned.private, PlannedIdentity: sent,
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := identityText(t, schema, resp.NewIdentity, "product_id"); got != want ||
			len(coreErrors(resp.Diagnostics)) != 1 {
			t.Errorf("a failed update: identity %s, said %q", got, coreErrors(resp.Diagnostics))
		}
	}

	c.AddProduct(simulator.Product{ID: coreAsync, Status: "ACTIVE", SIMStatus: "ACTIVE"}) // the tenant is still there
	c.RemoveProduct(coreSync)
	for _, sent := range []*tfprotov6.ResourceIdentityData{nil, identityData(t, schema,
		map[string]string{"product_id": coreSync})} {
		resp, err := c.process(ctx).ReadResource(ctx, &tfprotov6.ReadResourceRequest{
			TypeName: "telco_sim_status", CurrentState: c.encode(object.value), Private: object.private, CurrentIdentity: sent,
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := identityText(t, schema, resp.NewIdentity, "product_id"); got != want ||
			len(coreErrors(resp.Diagnostics)) != 0 ||
			!c.decode(c.schema("telco_sim_status"), resp.NewState).IsNull() {
			t.Errorf("an object that has gone: identity %s, said %q", got, coreErrors(resp.Diagnostics))
		}
	}
}

// TestIdentity_mark: what an import by identity has noted is there for the plan and the apply of the import, and no
// longer in the next run: a keyword that is set then is a swap.
func TestIdentity_mark(t *testing.T) {
	t.Parallel()
	c, ctx := identityCore(t), context.Background()
	server := c.process(ctx)
	schema := identitySchemas(ctx, t, server)["telco_mvno_sim_swap"]
	imported, err := server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{
		TypeName: "telco_mvno_sim_swap", Identity: identityData(t, schema,
			map[string]string{"account_id": "5f0c8a2e9b1d4c0012345678"}),
	})
	if err != nil || len(imported.Diagnostics) > 0 {
		t.Fatal(err, imported)
	}
	object := imported.ImportedResources[0]
	read := func(server tfprotov6.ProviderServer, state *tfprotov6.DynamicValue,
		private []byte) *tfprotov6.ReadResourceResponse {
		resp, err := server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{TypeName: "telco_mvno_sim_swap",
			CurrentState: state, Private: private})
		if err != nil || len(resp.Diagnostics) > 0 {
			t.Fatal(err, resp)
		}
		return resp
	}
	const mark = "identity_import"
	sameRun := read(server, object.State, object.Private)
	if !strings.Contains(string(object.Private), mark) || !strings.Contains(string(sameRun.Private), mark) {
		t.Errorf("the import notes %s, its refresh leaves %s", object.Private, sameRun.Private)
	}
	nextRun := read(c.process(ctx), sameRun.NewState, sameRun.Private)
	if strings.Contains(string(nextRun.Private), mark) {
		t.Errorf("the next run leaves %s", nextRun.Private)
	}
}
