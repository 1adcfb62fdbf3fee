package provider_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/simfleet/terraform-provider-telco/internal/journal"
	"github.com/simfleet/terraform-provider-telco/internal/provider"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// core does with the provider what Terraform's core does, in this process: refresh, plan, plan again at apply, apply,
// taint, both legs of a replacement, and what it keeps of state and private state between the runs. Each plan and each
// apply has a provider of its own, since they are processes of their own. The real CLI is used elsewhere; this is for
// thousands of runs.
//
// Not emulated: modules, dependencies, the state's way through JSON, and blocks inside resources (there are none).
type core struct {
	*simulator.Simulator
	net *memoryNet

	t        fataler
	settings map[string]any
	options  []provider.Option
	// parallel is how many resources are worked on at a time, as -parallelism.
	parallel int

	mu      sync.Mutex
	state   map[string]coreObject
	said    []*tfprotov6.Diagnostic // all diagnostics so far
	broken  []string                // what core would call a bug of the provider
	running tfprotov6.ProviderServer
	stopped bool // Ctrl-C: nothing new is begun
	killed  bool // kill -9: nothing is saved any more
	kills   int  // so far

	// journals holds the journal's folder, one more after each kill: what the killed process goes on to write here, where
	// it is not really killed, stays behind in the folder that it knows. "" is no journal.
	journals string

	userTainted map[string]bool
	// helpful: a person does what errors ask for, as after a kill; without one nobody needs to.
	helpful bool
}

// fataler is a test, or a run of a property test.
type fataler interface {
	Helper()
	Context() context.Context
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// coreObject is an object in state.
type coreObject struct {
	typeName string
	value    tftypes.Value
	private  []byte
	tainted  bool
}

// coreBlock is a resource block; its attributes are Go values: string, bool, int, map[string]string for a map,
// map[string]any for an object.
type coreBlock struct {
	typeName       string
	attributes     map[string]any
	preventDestroy bool
}

// coreConfig is a whole configuration, by address.
type coreConfig map[string]coreBlock

// coreUnknown stands for a value that is known after apply.
type coreUnknown struct{}

type coreAction string

const (
	actNothing coreAction = "no-op"
	actCreate  coreAction = "create"
	actUpdate  coreAction = "update"
	actReplace coreAction = "replace"
	actDelete  coreAction = "delete"
)

// coreChange is one change of a plan.
type coreChange struct {
	addr, typeName string
	action         coreAction
	before, after  tftypes.Value
	config         tftypes.Value
	private        []byte // as the plan leaves it, for the apply
}

// corePlan is a plan, as a plan file would keep it.
type corePlan struct {
	prior       map[string]coreObject // refreshed
	changes     []coreChange
	diagnostics []*tfprotov6.Diagnostic
}

func coreErrors(diagnostics []*tfprotov6.Diagnostic) []string {
	return coreTexts(diagnostics, tfprotov6.DiagnosticSeverityError)
}

func coreWarnings(diagnostics []*tfprotov6.Diagnostic) []string {
	return coreTexts(diagnostics, tfprotov6.DiagnosticSeverityWarning)
}

func coreTexts(diagnostics []*tfprotov6.Diagnostic, severity tfprotov6.DiagnosticSeverity) []string {
	var out []string
	for _, d := range diagnostics {
		if d.Severity == severity {
			out = append(out, d.Summary+": "+d.Detail)
		}
	}
	return out
}

// empty says that the plan is "No changes".
func (p *corePlan) empty() bool {
	return len(coreErrors(p.diagnostics)) == 0 &&
		!slices.ContainsFunc(p.changes, func(c coreChange) bool { return c.action != actNothing })
}

// actions lists the plan's changes for messages.
func (p *corePlan) actions() string {
	var out []string
	for _, c := range p.changes {
		out = append(out, c.addr+": "+string(c.action))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// warnsOf says whether the plan carries the live warning of that kind for that SIM.
func (p *corePlan) warnsOf(kind, key string) bool { return warnOf(p.diagnostics, kind, key) }

func warnOf(diagnostics []*tfprotov6.Diagnostic, kind, key string) bool {
	return slices.ContainsFunc(coreWarnings(diagnostics), func(text string) bool {
		return strings.HasPrefix(text, "Live, irreversible change: "+kind) && strings.Contains(text, key)
	})
}

// newCore makes a core for a network at that URL, with a provider that is quick to poll and to give up.
func newCore(t fataler, url string) *core {
	api := func(settings map[string]any) map[string]any {
		settings["requests_per_second"] = 100000
		return settings
	}
	return &core{
		t: t, parallel: 10, state: map[string]coreObject{}, userTainted: map[string]bool{},
		options: []provider.Option{
			provider.WithPace(wait.Pace{Min: time.Millisecond, Max: 3 * time.Millisecond, Patience: 8 * time.Millisecond,
				Convinced: 16 * time.Millisecond, SecondLook: time.Millisecond}),
			provider.WithBackoff(time.Millisecond),
		},
		settings: map[string]any{
			"accounts": api(map[string]any{"endpoint": url + "/accounts", "client_id": simulator.ClientID,
				"client_secret": simulator.ClientSecret}),
			"cmo": api(map[string]any{
				"endpoint": url + "/cmo/v5", "tenant": simulator.Tenant, "token_url": url + "/cmo/token",
				"client_id": simulator.ClientID, "client_secret": simulator.ClientSecret,
			}),
			"m2m": api(map[string]any{
				"endpoint": url + "/m2m", "username": simulator.M2MUsername, "password": simulator.M2MPassword,
				"api_id": simulator.M2MAPIID,
			}),
			"mvno": api(map[string]any{"endpoint": url + "/mvno", "token": simulator.MVNOToken}),
		},
	}
}

// set changes a setting of all four APIs, such as request_timeout.
func (c *core) set(name string, value any) {
	for _, api := range []string{"accounts", "cmo", "m2m", "mvno"} {
		c.settings[api].(map[string]any)[name] = value
	}
}

// coreSchemas are the provider's, which are the same for all.
var coreSchemas = sync.OnceValue(func() *tfprotov6.GetProviderSchemaResponse {
	resp, err := providerserver.NewProtocol6(provider.New("test")())().GetProviderSchema(context.Background(),
		&tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		panic(err)
	}
	return resp
})

// process starts a provider and configures it.
func (c *core) process(ctx context.Context) tfprotov6.ProviderServer {
	server := providerserver.NewProtocol6(provider.New("test", c.options...)())()
	settings := maps.Clone(c.settings)
	if c.journals != "" {
		settings["journal"] = c.journal()
	}
	resp, err := server.ConfigureProvider(ctx, &tfprotov6.ConfigureProviderRequest{
		TerraformVersion: "1.11.4", Config: c.encode(coreObjectValue(coreSchemas().Provider, settings)),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	if failed := coreErrors(resp.Diagnostics); len(failed) > 0 {
		c.t.Fatalf("configuring: %s", failed)
	}
	return server
}

func (c *core) schema(typeName string) *tfprotov6.Schema {
	schema := coreSchemas().ResourceSchemas[typeName]
	if schema == nil {
		c.t.Fatalf("no resource type %s", typeName)
	}
	return schema
}

func coreObjectValue(schema *tfprotov6.Schema, attributes map[string]any) tftypes.Value {
	return coreValue(schema.ValueType(), attributes)
}

// coreValue makes a value of that type; what is missing of an object is null.
func coreValue(t tftypes.Type, v any) tftypes.Value {
	switch v := v.(type) {
	case nil:
		return tftypes.NewValue(t, nil)
	case coreUnknown:
		return tftypes.NewValue(t, tftypes.UnknownValue)
	case map[string]any:
		fields := map[string]tftypes.Value{}
		for name, field := range t.(tftypes.Object).AttributeTypes {
			fields[name] = coreValue(field, v[name])
		}
		return tftypes.NewValue(t, fields)
	case map[string]string:
		elements := map[string]tftypes.Value{}
		for name, element := range v {
			elements[name] = coreValue(t.(tftypes.Map).ElementType, element)
		}
		return tftypes.NewValue(t, elements)
	default:
		return tftypes.NewValue(t, v)
	}
}

func coreFields(v tftypes.Value) map[string]tftypes.Value {
	fields := map[string]tftypes.Value{}
	if !v.IsNull() {
		if err := v.As(&fields); err != nil {
			panic(err)
		}
	}
	return maps.Clone(fields) // As hands out the value's own map
}

func (c *core) encode(v tftypes.Value) *tfprotov6.DynamicValue {
	dynamic, err := tfprotov6.NewDynamicValue(v.Type(), v)
	if err != nil {
		c.t.Fatal(err)
	}
	return &dynamic
}

func (c *core) decode(schema *tfprotov6.Schema, dynamic *tfprotov6.DynamicValue) tftypes.Value {
	t := schema.ValueType()
	if dynamic == nil {
		return tftypes.NewValue(t, nil)
	}
	v, err := dynamic.Unmarshal(t)
	if err != nil {
		c.t.Fatal(err)
	}
	return v
}

// proposedNew merges configuration and prior state: a computed attribute that the configuration leaves out keeps its
// prior value (objchange.ProposedNew, for attributes that have no computed ones within).
func proposedNew(schema *tfprotov6.Schema, prior, config tftypes.Value) tftypes.Value {
	before, fields := coreFields(prior), coreFields(config)
	for _, a := range schema.Block.Attributes {
		if a.Computed && fields[a.Name].IsNull() && !prior.IsNull() {
			fields[a.Name] = before[a.Name]
		}
	}
	return tftypes.NewValue(schema.ValueType(), fields)
}

// bug notes what core would report as a bug of the provider.
func (c *core) bug(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken = append(c.broken, fmt.Sprintf(format, args...))
}

func (c *core) heard(diagnostics []*tfprotov6.Diagnostic) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said = append(c.said, diagnostics...)
}

// corePlanOptions are the flags of a plan.
type corePlanOptions struct {
	replace map[string]bool // -replace
	destroy bool            // -destroy
}

// plan refreshes and plans; the state stays as it is until an apply of the plan.
func (c *core) plan(ctx context.Context, config coreConfig, opts corePlanOptions) *corePlan {
	server := c.process(ctx)
	p := &corePlan{prior: map[string]coreObject{}}
	var mu sync.Mutex
	add := func(diagnostics []*tfprotov6.Diagnostic) {
		c.heard(diagnostics)
		mu.Lock()
		defer mu.Unlock()
		p.diagnostics = append(p.diagnostics, diagnostics...)
	}

	c.each(slices.Sorted(maps.Keys(c.state)), func(addr string) {
		object := c.state[addr]
		read, diagnostics := c.read(ctx, server, object)
		add(diagnostics)
		if !read.value.IsNull() {
			mu.Lock()
			p.prior[addr] = read
			mu.Unlock()
		}
	})
	if len(coreErrors(p.diagnostics)) > 0 {
		return p
	}
	addrs := map[string]bool{}
	for addr := range p.prior {
		addrs[addr] = true
	}
	for addr := range config {
		addrs[addr] = true
	}
	c.each(slices.Sorted(maps.Keys(addrs)), func(addr string) {
		object, exists := p.prior[addr]
		block, wanted := config[addr]
		if wanted && !opts.destroy {
			change, diagnostics := c.planOne(ctx, server, addr, block, object, exists, opts.replace[addr])
			add(diagnostics)
			mu.Lock()
			p.changes = append(p.changes, change)
			mu.Unlock()
			return
		}
		change, diagnostics := c.planDelete(ctx, server, addr, object)
		if block.preventDestroy {
			diagnostics = append(diagnostics, corePreventedDestroy(addr))
		}
		add(diagnostics)
		mu.Lock()
		p.changes = append(p.changes, change)
		mu.Unlock()
	})
	return p
}

// each works on many addresses, as many at a time as -parallelism allows.
func (c *core) each(addrs []string, work func(addr string)) {
	var group sync.WaitGroup
	slots := make(chan struct{}, c.parallel)
	for _, addr := range addrs {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			work(addr)
		})
	}
	group.Wait()
}

func corePreventedDestroy(addr string) *tfprotov6.Diagnostic {
	return &tfprotov6.Diagnostic{Severity: tfprotov6.DiagnosticSeverityError, Summary: "Instance cannot be destroyed",
		Detail: addr}
}

func (c *core) read(
	ctx context.Context, server tfprotov6.ProviderServer, object coreObject,
) (coreObject, []*tfprotov6.Diagnostic) {
	schema := c.schema(object.typeName)
	resp, err := server.ReadResource(ctx, &tfprotov6.ReadResourceRequest{
		TypeName: object.typeName, CurrentState: c.encode(object.value), Private: object.private,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	if len(coreErrors(resp.Diagnostics)) > 0 {
		return object, resp.Diagnostics
	}
	object.value, object.private = c.decode(schema, resp.NewState), resp.Private
	if !object.value.IsFullyKnown() {
		c.bug("a read left values unknown: %s", object.value)
	}
	return object, resp.Diagnostics
}

func (c *core) planOne(
	ctx context.Context, server tfprotov6.ProviderServer, addr string, block coreBlock, prior coreObject,
	exists, forced bool,
) (coreChange, []*tfprotov6.Diagnostic) {
	schema := c.schema(block.typeName)
	config := coreObjectValue(schema, block.attributes)
	null := tftypes.NewValue(schema.ValueType(), nil)
	change := coreChange{addr: addr, typeName: block.typeName, action: actNothing, before: null, config: config}
	validated, err := server.ValidateResourceConfig(ctx,
		&tfprotov6.ValidateResourceConfigRequest{TypeName: block.typeName, Config: c.encode(config)})
	if err != nil {
		c.t.Fatal(err)
	}
	diagnostics := validated.Diagnostics
	if len(coreErrors(diagnostics)) > 0 {
		return change, diagnostics
	}

	before, private := null, []byte(nil)
	if exists && !prior.tainted { // a tainted object is planned as if it were not there
		before, private = prior.value, prior.private
	}
	resp := c.planCall(ctx, server, block.typeName, before, config, private)
	diagnostics = append(diagnostics, resp.Diagnostics...)
	if exists {
		change.before = prior.value
	}
	change.after, change.private = c.decode(schema, resp.PlannedState), resp.PlannedPrivate
	if len(coreErrors(diagnostics)) > 0 {
		return change, diagnostics
	}
	c.checkPlan(addr, schema, before, config, change.after)

	switch {
	case !exists:
		change.action = actCreate
		return change, diagnostics
	case prior.tainted:
		change.action = actReplace
	case forced || c.replaces(resp, before, change.after):
		change.action = actReplace
		second := c.planCall(ctx, server, block.typeName, null, config, change.private)
		if len(coreErrors(second.Diagnostics)) > 0 { // warnings alone are dropped
			diagnostics = append(diagnostics, second.Diagnostics...)
			return change, diagnostics
		}
		change.after, change.private = c.decode(schema, second.PlannedState), second.PlannedPrivate
		c.checkPlan(addr, schema, null, config, change.after)
	case !before.Equal(change.after):
		change.action = actUpdate
	}
	if change.action == actReplace && block.preventDestroy {
		diagnostics = append(diagnostics, corePreventedDestroy(addr))
	}
	return change, diagnostics
}

func (c *core) planCall(
	ctx context.Context, server tfprotov6.ProviderServer, typeName string, before, config tftypes.Value, private []byte,
) *tfprotov6.PlanResourceChangeResponse {
	schema := c.schema(typeName)
	resp, err := server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: typeName, PriorState: c.encode(before), Config: c.encode(config), PriorPrivate: private,
		ProposedNewState: c.encode(proposedNew(schema, before, config)),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return resp
}

// replaces says whether an attribute that requires a replacement has really changed.
func (c *core) replaces(resp *tfprotov6.PlanResourceChangeResponse, before, after tftypes.Value) bool {
	return slices.ContainsFunc(resp.RequiresReplace, func(path *tftypes.AttributePath) bool {
		was, _, errWas := tftypes.WalkAttributePath(before, path)
		is, _, errIs := tftypes.WalkAttributePath(after, path)
		if errWas != nil || errIs != nil {
			return true
		}
		return !was.(tftypes.Value).Equal(is.(tftypes.Value))
	})
}

// checkPlan holds a plan to core's rule: what is configured is planned as it is, or stays as it was in another
// spelling (objchange.AssertPlanValid).
func (c *core) checkPlan(addr string, schema *tfprotov6.Schema, before, config, after tftypes.Value) {
	was, wants, plans := coreFields(before), coreFields(config), coreFields(after)
	for _, a := range schema.Block.Attributes {
		switch {
		case plans[a.Name].Equal(wants[a.Name]):
		case wants[a.Name].IsNull() && a.Computed:
		case !wants[a.Name].IsNull() && !before.IsNull() && plans[a.Name].Equal(was[a.Name]):
		default:
			c.bug("%s: planned an invalid value for %s: %s, configured %s", addr, a.Name, plans[a.Name], wants[a.Name])
		}
	}
}

func (c *core) planDelete(
	ctx context.Context, server tfprotov6.ProviderServer, addr string, prior coreObject,
) (coreChange, []*tfprotov6.Diagnostic) {
	schema := c.schema(prior.typeName)
	null := c.encode(tftypes.NewValue(schema.ValueType(), nil))
	resp, err := server.PlanResourceChange(ctx, &tfprotov6.PlanResourceChangeRequest{
		TypeName: prior.typeName, PriorState: c.encode(prior.value), Config: null, ProposedNewState: null,
		PriorPrivate: prior.private,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return coreChange{
		addr: addr, typeName: prior.typeName, action: actDelete, before: prior.value, private: resp.PlannedPrivate,
		after: c.decode(schema, resp.PlannedState),
	}, resp.Diagnostics
}

// apply applies a plan by a new process, and returns what it said. A plan with errors can't be applied, and an empty
// one changes nothing, not even the refreshed state.
func (c *core) apply(ctx context.Context, p *corePlan) []*tfprotov6.Diagnostic {
	if failed := coreErrors(p.diagnostics); len(failed) > 0 {
		c.t.Fatalf("a plan with errors can't be applied: %s", failed)
	}
	if p.empty() {
		return nil
	}
	server := c.process(ctx)
	c.mu.Lock()
	c.running, c.stopped, c.killed = server, false, false
	c.state = maps.Clone(p.prior)
	c.mu.Unlock()

	var mu sync.Mutex
	var said []*tfprotov6.Diagnostic
	changes := map[string]coreChange{}
	for _, change := range p.changes {
		changes[change.addr] = change
	}
	c.each(slices.Sorted(maps.Keys(changes)), func(addr string) {
		diagnostics := c.applyOne(ctx, server, changes[addr])
		c.heard(diagnostics)
		mu.Lock()
		defer mu.Unlock()
		said = append(said, diagnostics...)
	})
	if c.net != nil {
		c.net.dead.Store(false) // who was killed is gone by now
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = nil
	return said
}

func (c *core) applyOne(
	ctx context.Context, server tfprotov6.ProviderServer, change coreChange,
) []*tfprotov6.Diagnostic {
	schema := c.schema(change.typeName)
	null := tftypes.NewValue(schema.ValueType(), nil)
	prior, exists := c.stored(change.addr)
	var diagnostics []*tfprotov6.Diagnostic
	if change.action == actDelete || change.action == actReplace {
		if c.interrupted() {
			return nil
		}
		diagnostics = c.applyCall(ctx, server, change, prior.value, null, null, change.private, actDelete)
		if change.action == actDelete || len(coreErrors(diagnostics)) > 0 {
			return diagnostics
		}
		exists, prior = false, coreObject{}
	}
	if change.action == actNothing || c.interrupted() {
		return diagnostics
	}

	// Core plans again before it applies, in case more is known by now, and holds the second plan to the first.
	before, private := null, []byte(nil)
	if exists {
		before, private = prior.value, prior.private
	}
	resp := c.planCall(ctx, server, change.typeName, before, change.config, private)
	diagnostics = append(diagnostics, resp.Diagnostics...)
	if len(coreErrors(resp.Diagnostics)) > 0 {
		return diagnostics
	}
	after := c.decode(schema, resp.PlannedState)
	switch name := c.differs(schema, change.after, after); name {
	case "":
	case "operation_status", "failed", "previous_sim_number", "last_change":
		// So it is meant: the plan has announced something else, or nothing, than would be sent by now.
		return append(diagnostics, &tfprotov6.Diagnostic{Severity: tfprotov6.DiagnosticSeverityError, Summary: "Provider " +
			"produced inconsistent final plan",
			Detail: change.addr + "." + name})
	default:
		c.bug("%s: inconsistent final plan for %s: %s, then %s", change.addr, name, change.after, after)
	}
	if exists && before.Equal(after) || c.interrupted() {
		return diagnostics
	}
	kind := actUpdate
	if !exists {
		kind = actCreate
	}
	return append(diagnostics, c.applyCall(ctx, server, change, before, after, change.config, resp.PlannedPrivate,
		kind)...)
}

// differs names the attribute that was planned as known and came out otherwise. Where operation_status is one, the
// others go with it: the plan has announced no change, and by now there is one.
func (c *core) differs(schema *tfprotov6.Schema, plan, result tftypes.Value) string {
	plans, results := coreFields(plan), coreFields(result)
	if status := plans["operation_status"]; status.IsFullyKnown() && !status.Equal(results["operation_status"]) {
		return "operation_status"
	}
	for _, a := range schema.Block.Attributes {
		if plans[a.Name].IsFullyKnown() && !plans[a.Name].Equal(results[a.Name]) {
			return a.Name
		}
	}
	return ""
}

func (c *core) applyCall(
	ctx context.Context, server tfprotov6.ProviderServer, change coreChange, before, after, config tftypes.Value,
	private []byte, kind coreAction,
) []*tfprotov6.Diagnostic {
	schema := c.schema(change.typeName)
	resp, err := server.ApplyResourceChange(ctx, &tfprotov6.ApplyResourceChangeRequest{
		TypeName: change.typeName, PriorState: c.encode(before), PlannedState: c.encode(after), Config: c.encode(config),
		PlannedPrivate: private,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	failed := len(coreErrors(resp.Diagnostics)) > 0
	result := c.decode(schema, resp.NewState)
	switch {
	case kind == actDelete && !failed && !result.IsNull():
		c.bug("%s: still there after destroy without an error", change.addr)
	case !failed && kind != actDelete && result.IsNull():
		c.bug("%s: absent after apply without an error", change.addr)
	case !failed && kind != actDelete:
		if name := c.differs(schema, after, result); name != "" {
			c.bug("%s: inconsistent result after apply for %s: %s, then %s", change.addr, name, after, result)
		}
	}
	if !result.IsFullyKnown() {
		c.bug("%s: unknown values after apply: %s", change.addr, result)
	}

	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.killed:
		return nil // nobody was there to save or to print it
	case !result.IsNull():
		c.state[change.addr] = coreObject{
			typeName: change.typeName, value: result, private: resp.Private, tainted: failed && kind == actCreate,
		}
	case failed && !before.IsNull() && kind != actDelete:
		// A failed change of which the provider says nothing leaves the state as it was.
	default:
		delete(c.state, change.addr)
	}
	return resp.Diagnostics
}

func (c *core) stored(addr string) (coreObject, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	object, ok := c.state[addr]
	return object, ok
}

func (c *core) interrupted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stopped || c.killed
}

// stop is Ctrl-C in the middle of an apply: the provider is told, its answers are still waited for and saved.
func (c *core) stop() {
	c.mu.Lock()
	server := c.running
	c.stopped = true
	c.mu.Unlock()
	if server != nil {
		_, _ = server.StopProvider(context.Background(), &tfprotov6.StopProviderRequest{})
	}
}

// kill is kill -9 of everything in the middle of an apply: nothing more is sent or saved.
func (c *core) kill() {
	c.mu.Lock()
	c.killed, c.helpful = true, true
	c.kills++
	c.mu.Unlock()
	c.net.dead.Store(true)
	if c.journals != "" {
		c.leaveJournal()
	}
	c.stop()
}

// journal is the folder that the next process writes.
func (c *core) journal() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return filepath.Join(c.journals, fmt.Sprintf("after-%d-kills", c.kills))
}

// leaveJournal makes the next folder of what is on disk at the moment of the kill. The files get names that are not
// those of this process, which does not read its own.
func (c *core) leaveJournal() {
	next := c.journal()
	if err := os.Mkdir(next, 0o700); err != nil {
		c.t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(c.journals, fmt.Sprintf("after-%d-kills", c.kills-1), "*"))
	for _, file := range files {
		var text []byte
		if text, err = os.ReadFile(file); err == nil {
			err = os.WriteFile(filepath.Join(next, "killed-"+filepath.Base(file)), text, 0o600)
		}
		if err != nil {
			break
		}
	}
	if err != nil {
		c.t.Fatal(err)
	}
	// A process numbers its changes anew in each folder, and here the killed one and the next are the same.
	used, _, err := journal.List(next)
	if err != nil {
		c.t.Fatal(err)
	}
	trail, unused := journal.Open(next, ""), journal.Change{API: "none", Kind: "none", SIM: "none"}
	for range used {
		id, err := trail.Sending(unused)
		if err == nil {
			err = trail.Answered(id, unused, journal.Answer{Outcome: journal.NotSent})
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
}

// importObject is the import block of an apply: the object is read into state.
func (c *core) importObject(ctx context.Context, addr, typeName, id string) []*tfprotov6.Diagnostic {
	server := c.process(ctx)
	resp, err := server.ImportResourceState(ctx, &tfprotov6.ImportResourceStateRequest{TypeName: typeName, ID: id})
	if err != nil {
		c.t.Fatal(err)
	}
	if len(coreErrors(resp.Diagnostics)) > 0 {
		return resp.Diagnostics
	}
	imported := resp.ImportedResources[0]
	read, diagnostics := c.read(ctx, server, coreObject{
		typeName: typeName, value: c.decode(c.schema(typeName), imported.State), private: imported.Private,
	})
	if len(coreErrors(diagnostics)) == 0 && !read.value.IsNull() {
		c.state[addr] = read
	}
	c.heard(diagnostics)
	return diagnostics
}

// taint marks an object as a user does.
func (c *core) taint(addr string, tainted bool) {
	if object, ok := c.state[addr]; ok {
		object.tainted = tainted
		c.state[addr] = object
		c.userTainted[addr] = tainted
	}
}

// text is a string attribute of an object in state.
func (c *core) text(addr, name string) string {
	object, ok := c.state[addr]
	if !ok {
		return "(no object)"
	}
	var text *string
	if err := coreFields(object.value)[name].As(&text); err != nil || text == nil {
		return ""
	}
	return *text
}

// Products of a backend that answers changes at once, and of one that queues them.
const (
	coreSync  = "JASPER-8997100000000000017"
	coreAsync = "TMSP-89490200000000000024"
)

func TestCoreEmulation(t *testing.T) {
	c := onMemory(t)
	c.AddProduct(simulator.Product{ID: coreAsync, Status: "INACTIVE", SIMStatus: "INACTIVE"})
	config := coreConfig{"telco_sim_status.a": {typeName: "telco_sim_status", attributes: map[string]any{
		"product_id": coreAsync, "status": "ACTIVE",
	}}}
	ctx := context.Background()
	p := c.plan(ctx, config, corePlanOptions{})
	if got := p.actions(); got != "telco_sim_status.a: create" || !p.warnsOf("SIM status", coreAsync) {
		t.Fatalf("planned %s, said %q", got, coreWarnings(p.diagnostics))
	}
	if said := c.apply(ctx, p); len(coreErrors(said)) > 0 {
		t.Fatal(said)
	}
	if got := c.text("telco_sim_status.a", "operation_status"); got != "complete" {
		t.Errorf("operation_status = %q", got)
	}
	if again := c.plan(ctx, config, corePlanOptions{}); !again.empty() || len(again.diagnostics) > 0 {
		t.Errorf("planned %s again, said %v", again.actions(), again.diagnostics)
	}
	replaced := c.plan(ctx, config, corePlanOptions{replace: map[string]bool{"telco_sim_status.a": true}})
	if got := replaced.actions(); got != "telco_sim_status.a: replace" {
		t.Errorf("-replace planned %s", got)
	}
	c.apply(ctx, replaced)
	c.apply(ctx, c.plan(ctx, config, corePlanOptions{destroy: true}))
	if len(c.state) != 0 || len(c.Ledger()) != 1 || len(c.broken) > 0 {
		t.Errorf("state %v, ledger %v, broken %q", c.state, c.Ledger(), c.broken)
	}
}
