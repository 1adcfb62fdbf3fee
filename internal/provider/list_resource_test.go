package provider_test

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// listResult is one result of a query, as core gets it.
type listResult struct {
	display  string
	identity string        // "name=value name=value"
	resource tftypes.Value // null where the query does not want it
	said     []string      // its diagnostics, "warning summary: detail"
}

// listing is a query as core sends it, in this process: no released CLI on PATH has the command.
type listing struct {
	typeName string
	config   map[string]any
	include  bool
	limit    int64 // 0: Terraform's default
}

// query runs a query, and stops at its limit as core does.
func (c *core) query(ctx context.Context, q listing) []listResult {
	server := c.process(ctx)
	lists := server.(tfprotov6.ListResourceServer)
	identitySchema := identitySchemas(ctx, c.t.(testing.TB), server)[q.typeName]
	schema := coreSchemas().ListResourceSchemas[q.typeName]
	config := c.encode(listConfig(schema, q.config))
	valid, err := lists.ValidateListResourceConfig(ctx, &tfprotov6.ValidateListResourceConfigRequest{TypeName: q.typeName,
		Config: config})
	if err != nil {
		c.t.Fatal(err)
	}
	if failed := coreErrors(valid.Diagnostics); len(failed) > 0 {
		return []listResult{{said: failed}}
	}
	if q.limit == 0 {
		q.limit = 100
	}
	stream, err := lists.ListResource(ctx, &tfprotov6.ListResourceRequest{
		TypeName: q.typeName, Config: config, IncludeResource: q.include, Limit: q.limit,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	var results []listResult
	objects := int64(0)
	for r := range stream.Results {
		result := listResult{display: r.DisplayName}
		for _, d := range r.Diagnostics {
			result.said = append(result.said, strings.ToLower(d.Severity.String())+" "+d.Summary+": "+d.Detail)
		}
		if r.Identity != nil {
			var names []string
			for _, a := range identitySchema.IdentityAttributes {
				names = append(names, a.Name)
			}
			result.identity = identityText(c.t.(testing.TB), identitySchema, r.Identity, names...)
			objects++
		}
		if r.Resource != nil {
			result.resource = c.decode(c.schema(q.typeName), r.Resource)
		}
		results = append(results, result)
		if objects == q.limit || len(coreErrors(r.Diagnostics)) > 0 {
			break
		}
	}
	return results
}

// listConfig makes a list's configuration; a filter is a []string.
func listConfig(schema *tfprotov6.Schema, values map[string]any) tftypes.Value {
	fields := map[string]tftypes.Value{}
	for name, t := range schema.ValueType().(tftypes.Object).AttributeTypes {
		value := values[name]
		if words, ok := value.([]string); ok {
			elements := []tftypes.Value{}
			for _, word := range words {
				elements = append(elements, tftypes.NewValue(tftypes.String, word))
			}
			value = elements
		}
		fields[name] = tftypes.NewValue(t, value)
	}
	return tftypes.NewValue(schema.ValueType(), fields)
}

// displays are the display names of the objects, and in place of an object the summary of what is said.
func displays(results []listResult) []string {
	var out []string
	for _, r := range results {
		text := r.display
		for _, said := range r.said {
			summary, _, _ := strings.Cut(said, ":")
			text = strings.TrimSpace(text + " | " + summary)
		}
		out = append(out, text)
	}
	return out
}

func checkDisplays(t *testing.T, results []listResult, want ...string) {
	t.Helper()
	if got := displays(results); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

const limitWarning = "| warning Listed up to the limit"

func TestListSIMCards(t *testing.T) {
	t.Parallel()
	c := onMemory(t)
	c.AddSIMCard("acme-fleet", simulator.SIMCard{CLI: "001010000000001", State: 3, Description: new("van\n 12"),
		SIMNumber: new("8900000000000000001")})
	c.AddSIMCard("acme-fleet", simulator.SIMCard{CLI: "001010000000002", State: 7, SIMNumber: new("8900000000000000002")})
	c.AddSIMCard("acme-fleet", simulator.SIMCard{CLI: "001010000000003", State: 1})
	c.AddSIMCard("acme-fleet", simulator.SIMCard{CLI: "353870000001", State: 3}) // of a form that cannot be imported
	c.AddSIMCard("other", simulator.SIMCard{CLI: "001010000000009"})
	c.SetAccountsQuirks(func(q *simulator.AccountsQuirks) { q.PageSize = 1 })
	query := func(limit int64, states ...string) []listResult {
		config := map[string]any{"account_key": "acme-fleet"}
		if states != nil {
			config["states"] = states
		}
		return c.query(t.Context(), listing{typeName: "telco_sim_card", config: config, limit: limit})
	}

	all := query(0)
	checkDisplays(t, all, "van 12 (001010000000001)", "001010000000002 (SIM 8900000000000000002)", "001010000000003",
		"| warning Object can't be imported")
	if all[0].identity != "account_key=acme-fleet cli=001010000000001" || !all[0].resource.IsNull() {
		t.Errorf("%+v", all[0])
	}
	checkDisplays(t, query(0, "LIVE", "unknown(7)"), "van 12 (001010000000001)",
		"001010000000002 (SIM 8900000000000000002)",
		"| warning Object can't be imported")
	for _, nothing := range [][]string{{}, {"bar"}} { // as the data source has it
		if none := query(0, nothing...); len(none) != 0 {
			t.Errorf("%q: %+v", nothing, none)
		}
	}

	// Within the limit nothing is said, at it the last result says that there are more, and no page is read for nothing.
	checkDisplays(t, query(2, "live", "ready"), "van 12 (001010000000001)", "001010000000003")
	c.ForgetRequests()
	limited := query(1)
	checkDisplays(t, limited, "van 12 (001010000000001) "+limitWarning)
	if want := "warning Listed up to the limit: The limit of 1 is reached, and there are more SIM cards than are listed " +
		"here.\n\nRaise limit in the list block (Terraform's default is 100), or narrow its filters. For a whole fleet use " +
		"the data source telco_sim_cards with import blocks that have for_each."; limited[0].said[0] != want {
		t.Errorf("said %s", limited[0].said[0])
	}
	if n := len(c.Requests(simulator.Match{API: simulator.Accounts, Route: "sim.list"})); n != 2 {
		t.Errorf("%d pages were read for one SIM card", n)
	}

	// An error on any page is one, and what came before it is shown; at the limit it is only a doubt.
	fail := func() {
		c.ClearFaults()
		c.Before(simulator.Accounts, "sim.list", 1, func() {
			c.Inject(simulator.Fault{
				Match: simulator.Match{API: simulator.Accounts, Route: "sim.list"}, Times: 1, Effect: simulator.Answer, Status: 403,
				Body: `{"Success":false,"Code":403,"ErrorDescription":"enough"}`,
			})
		})
	}
	fail()
	failed := query(0)
	checkDisplays(t, failed, "van 12 (001010000000001)", "| error Unable to list SIM cards")
	if !strings.Contains(failed[1].said[0], "The list of SIM cards could not be read.\n\nThe accounts API says: enough") {
		t.Errorf("said %s", failed[1].said[0])
	}
	fail()
	doubtful := query(1)
	checkDisplays(t, doubtful, "van 12 (001010000000001) "+limitWarning)
	if !strings.Contains(doubtful[0].said[0], "whether there are more SIM cards could not be read") ||
		!strings.Contains(doubtful[0].said[0], "enough") {
		t.Errorf("said %s", doubtful[0].said[0])
	}

	checkDisplays(t, c.query(t.Context(), listing{typeName: "telco_sim_card",
		config: map[string]any{"account_key": "nobody"}}),
		"| error Unable to list SIM cards")
	invalid := c.query(t.Context(), listing{typeName: "telco_sim_card", config: map[string]any{"account_key": "a/b"}})
	if len(invalid) != 1 || !strings.Contains(invalid[0].said[0], "must be an account key") {
		t.Errorf("%+v", invalid)
	}
}

// TestListSIMCards_badItem: an item that is not as documented is a warning, and the others are there.
func TestListSIMCards_badItem(t *testing.T) {
	t.Parallel()
	c := onMemory(t)
	c.AddAccount("acme-fleet")
	c.Inject(simulator.Fault{
		Match: simulator.Match{API: simulator.Accounts, Route: "sim.list"}, Effect: simulator.Answer, Status: 200,
		Body: `{"Data":[{"State":3},{"CLI":"001010000000001"},{"CLI":"001010000000002","Created":"x"},` +
			`{"CLI":"001010000000003"}],"Success":true,"Code":200}`,
	})
	config := map[string]any{"account_key": "acme-fleet"}
	checkDisplays(t, c.query(t.Context(), listing{typeName: "telco_sim_card", config: config}),
		"| warning Unreadable item of a list",
		"001010000000001", "| warning Unreadable item of a list", "001010000000003")
	// A bad item counts for nothing at the limit.
	checkDisplays(t, c.query(t.Context(), listing{typeName: "telco_sim_card", config: config, limit: 1}),
		"| warning Unreadable item of a list",
		"001010000000001 "+limitWarning)
	checkDisplays(t, c.query(t.Context(), listing{typeName: "telco_sim_card", config: config, limit: 2}),
		"| warning Unreadable item of a list",
		"001010000000001", "| warning Unreadable item of a list", "001010000000003")
}

func TestListSIMStatuses(t *testing.T) {
	t.Parallel()
	c := onMemory(t)
	add := func(id, status string) {
		c.AddProduct(simulator.Product{ID: id, Status: "INACTIVE", SIMStatus: status, MSISDN: "+49" + id[len(id)-4:]})
	}
	const (
		nce    = "1NCE-8988280000000000003 (MSISDN +490003, ACTIVE)"
		jasper = "JASPER-8997100000000000002 (MSISDN +490002, SUSPENDED)"
		tmsp   = "TMSP-89490200000000000001 (MSISDN +490001, ACTIVE)"
		queued = "TMSP-89490200000000000004 (MSISDN +490004, PENDING_ACTIVE) | warning SIM is between two statuses"
	)
	add("TMSP-89490200000000000001", "ACTIVE")
	add("JASPER-8997100000000000002", "SUSPENDED")
	add("1NCE-8988280000000000003", "ACTIVE")
	add("TMSP-89490200000000000004", "PENDING_ACTIVE")
	c.AddProduct(simulator.Product{ID: "INTELSAT-4711", Status: "ACTIVE", SIMStatus: "ACTIVE"})
	query := func(limit int64, statuses, backends []string) []listResult {
		config := map[string]any{}
		if statuses != nil {
			config["statuses"] = statuses
		}
		if backends != nil {
			config["backends"] = backends
		}
		return c.query(t.Context(), listing{typeName: "telco_sim_status", config: config, limit: limit})
	}
	all := query(0, nil, nil)
	checkDisplays(t, all, nce, jasper, tmsp, queued)
	if all[1].identity != "product_id=JASPER-8997100000000000002" {
		t.Errorf("%+v", all[1])
	}
	checkDisplays(t, query(0, []string{"active"}, nil), nce, tmsp)
	checkDisplays(t, query(0, nil, []string{"jasper"}), jasper)
	checkDisplays(t, query(1, []string{"ACTIVE"}, nil), nce+" "+limitWarning)
	checkDisplays(t, query(1, []string{"SUSPENDED"}, nil), jasper)

	c.Inject(simulator.Fault{Match: simulator.Match{API: simulator.CMO, Route: "product.find"}, Effect: simulator.Answer,
		Status: 403, Body: `{"detail":"enough"}`})
	// The one that is alone in its lane is no find: whether it is read before the refusal stops the client is chance.
	failed := query(0, nil, nil)
	checkDisplays(t, failed[len(failed)-1:], "| error Unable to list SIMs")
}

// TestListSIMStatuses_bulk: a large tenant is read by pages and finds, never SIM by SIM.
func TestListSIMStatuses_bulk(t *testing.T) {
	t.Parallel()
	c := onMemory(t)
	for i := range 1200 {
		c.AddProduct(simulator.Product{ID: fmt.Sprintf("JASPER-89971%014d", i), Status: "ACTIVE", SIMStatus: "ACTIVE"})
	}
	for limit, want := range map[int64][2]int{40: {1, 1}, 100: {2, 3}, 2000: {13, 24}} {
		c.ForgetRequests()
		results := c.query(t.Context(), listing{typeName: "telco_sim_status", config: map[string]any{}, limit: limit,
			include: true})
		if n := int64(len(results)); n != min(limit, 1200) {
			t.Errorf("limit %d: %d results", limit, n)
		}
		pages := len(c.Requests(simulator.Match{API: simulator.CMO, Route: "product.list"}))
		finds := len(c.Requests(simulator.Match{API: simulator.CMO, Route: "product.find"}))
		single := len(c.Requests(simulator.Match{API: simulator.CMO, Route: "product.read"}))
		if pages != want[0] || finds > want[1] || single > 1 {
			t.Errorf("limit %d: %d pages, %d finds, %d single reads", limit, pages, finds, single)
		}
	}
}

func TestListMVNOSIMSwaps(t *testing.T) {
	t.Parallel()
	c := onMemory(t)
	const own = "5f0c1a2b3c4d5e6f7081920"
	c.AddMVNOSIM(simulator.MVNOSIM{ICC: "8945010000000000017", Network: "TDC"})
	c.AddMVNOSIM(simulator.MVNOSIM{ICC: "8945010000000000025", Network: "TELENOR"})
	c.AddMVNOAccount(simulator.MVNOAccount{ID: own + "1", Number: "+4512345678", SIMNumber: "8945010000000000017"})
	c.AddMVNOAccount(simulator.MVNOAccount{ID: own + "2", SIMNumber: "8945010000000000025", State: "BLOCKED",
		Notes: "spare"})
	c.AddMVNOAccount(simulator.MVNOAccount{ID: own + "3", Number: "+4511111111", State: "CREATING"})
	c.AddMVNOAccount(simulator.MVNOAccount{ID: own + "4", Number: "+4522222222", State: "DELETING",
		SIMNumber: "8945010000000000033"})
	query := func(limit int64, config map[string]any) []listResult {
		return c.query(t.Context(), listing{typeName: "telco_mvno_sim_swap", config: config, limit: limit})
	}
	all := query(0, map[string]any{})
	want := []string{"+4512345678 (SIM 8945010000000000017)", own + "2 (SIM 8945010000000000025)",
		"| warning Object can't be imported", "| warning Object can't be imported"}
	checkDisplays(t, all, want...)
	if all[0].identity != "account_id="+own+"1" || !strings.HasSuffix(all[2].said[0],
		own+"3 is left out: it is in state CREATING and shows no SIM.") ||
		!strings.HasSuffix(all[3].said[0], own+"4 is left out: it is in state DELETING, and its SIM can't be swapped.") {
		t.Errorf("%+v", all)
	}
	checkDisplays(t, query(0, map[string]any{"network": "telenor"}), want[1])
	checkDisplays(t, query(0, map[string]any{"filter": "123456"}), want[0])
	checkDisplays(t, query(0, map[string]any{"customer": otherCustomer}), "| error Unable to list MVNO accounts")
	checkDisplays(t, query(1, map[string]any{}), want[0]+" "+limitWarning)
	checkDisplays(t, query(2, map[string]any{"filter": "894501000000000"})[:2], want[:2]...)

	// A condensed list does not show the SIM; then the account is read.
	c.SetMVNOQuirks(func(q *simulator.MVNOQuirks) { q.ListFullRefused, q.ListCap = true, 1 })
	checkDisplays(t, query(0, map[string]any{}), want...)
}

// TestListInclude: the resource that comes with a result is the one that an import and its refresh make of the object,
// so that a configuration generated from it is followed by an empty plan.
func TestListInclude(t *testing.T) {
	t.Parallel()
	for name, spelling := range map[string]func(*core){
		"as documented": func(*core) {},
		"enums by name": func(c *core) { c.SetAccountsQuirks(func(q *simulator.AccountsQuirks) { q.EnumsAsNames = true }) },
		"trailing F": func(c *core) {
			c.SetAccountsQuirks(func(q *simulator.AccountsQuirks) { q.SIMNumberF = true })
			c.SetMVNOQuirks(func(q *simulator.MVNOQuirks) { q.TrailingF = true })
		},
		"check digit":      func(c *core) { c.SetMVNOQuirks(func(q *simulator.MVNOQuirks) { q.CheckDigit = true }) },
		"status lower":     func(c *core) { c.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.StatusCase = "lower" }) },
		"form factor told": func(c *core) { c.SetMVNOQuirks(func(q *simulator.MVNOQuirks) { q.ShowFormFactor = true }) },
	} {
		t.Run(name, func(t *testing.T) {
			c := identityCore(t)
			spelling(c)
			checkListInclude(t, c)
		})
	}
}

func checkListInclude(t *testing.T, c *core) {
	t.Helper()
	c.AddSIMCard("acme-fleet", simulator.SIMCard{
		CLI: "(+353)870000001", SIMNumber: new("8900000000000000001"), Description: new("van 12"), InventoryRef: new("ref"),
		State: 4, Version: 3501,
		ForeignAttributes: map[string]string{"depot": "north"}, Tariff: new("gold"), Bundle: new("b"), Operator: new("op"),
		NetworkStatus: 10,
		SOC:           new("S1"), InternalSOC: new("I1"), PurchaseOrder: new("PO"), Provider: new("supplier"),
		ProviderTariff: new("pt"), ProviderPrice: new("2.00gbp"), ActorStatus: 0,
	})
	c.AddProduct(simulator.Product{ID: coreAsync, Status: "INACTIVE", SIMStatus: "SUSPENDED"})
	for typeName, row := range map[string]struct {
		config  map[string]any
		objects int
	}{
		"telco_sim_card":      {map[string]any{"account_key": "acme-fleet"}, 2},
		"telco_sim_status":    {map[string]any{}, 2},
		"telco_mvno_sim_swap": {map[string]any{}, 1},
	} {
		results := c.query(t.Context(), listing{typeName: typeName, config: row.config, include: true})
		if len(results) != row.objects {
			t.Errorf("%s: %d results", typeName, len(results))
		}
		for _, r := range results {
			id := r.identity[strings.LastIndex(r.identity, "=")+1:]
			if typeName == "telco_sim_card" {
				id = "acme-fleet/" + id
			}
			c.importObject(t.Context(), "x", typeName, id)
			imported := c.state["x"].value
			fields := coreFields(r.resource)
			if typeName == "telco_mvno_sim_swap" { // which only the SIM itself tells
				fields["form_factor"] = coreFields(imported)["form_factor"]
			}
			if listed := tftypes.NewValue(r.resource.Type(), fields); !listed.Equal(imported) {
				t.Errorf("%s\nlisted   %s\nimported %s", r.display, listed, imported)
			}
			delete(c.state, "x")
		}
	}
}

// TestListInclude_unsettable: what no configuration may declare is left to the service.
func TestListInclude_unsettable(t *testing.T) {
	t.Parallel()
	c := onMemory(t)
	c.AddSIMCard("acme-fleet", simulator.SIMCard{CLI: "001010000000001", State: 7, SIMNumber: new("17"),
		Description: new("")})
	results := c.query(t.Context(), listing{typeName: "telco_sim_card",
		config: map[string]any{"account_key": "acme-fleet"}, include: true})
	if len(results) != 1 {
		t.Fatalf("%+v", results)
	}
	fields := coreFields(results[0].resource)
	if !fields["state"].IsNull() || !fields["sim_number"].IsNull() || fields["description"].IsNull() {
		t.Errorf("%s", results[0].resource)
	}
}
