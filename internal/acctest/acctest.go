// Package acctest runs the provider against a simulator of its own in each test, through a real CLI.
package acctest

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/terraform"

	"github.com/simfleet/terraform-provider-telco/internal/provider"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

// source is the provider's address in test configurations. A host of its own makes it the same for Terraform and
// OpenTofu, whose default hosts differ, and needs no network.
const (
	providerHost      = "terraform.local"
	providerNamespace = "simfleet"
)

func init() {
	for name, value := range map[string]string{
		"TF_ACC_PROVIDER_HOST": providerHost, "TF_ACC_PROVIDER_NAMESPACE": providerNamespace, "CHECKPOINT_DISABLE": "1",
	} {
		if os.Getenv(name) == "" {
			_ = os.Setenv(name, value)
		}
	}
}

// Env is one test's network and the provider that is pointed at it.
type Env struct {
	*simulator.Simulator
	URL string // of the simulator, without a path

	t       *testing.T
	options []provider.Option

	mu          sync.Mutex
	diagnostics []*tfprotov6.Diagnostic
}

// Impatient makes the provider poll every few milliseconds.
var Impatient = []provider.Option{
	provider.WithPace(wait.Pace{Min: time.Millisecond, Max: 5 * time.Millisecond, Patience: time.Second,
		Convinced: time.Second, SecondLook: 5 * time.Millisecond}),
	provider.WithBackoff(time.Millisecond),
}

// New starts a simulator that ends with the test. The test fails if a request reaches it that no API has.
func New(t *testing.T, opts ...simulator.Option) *Env {
	t.Helper()
	sim := simulator.New(opts...)
	server := httptest.NewServer(sim.Handler())
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		if unexpected := sim.Unexpected(); len(unexpected) > 0 {
			t.Errorf("requests that no API has: %s", strings.Join(unexpected, ", "))
		}
	})
	return &Env{Simulator: sim, URL: server.URL, t: t, options: Impatient}
}

// Factories gives the provider under test, its diagnostics recorded.
func (e *Env) Factories() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"telco": func() (tfprotov6.ProviderServer, error) {
			server := providerserver.NewProtocol6(provider.New("test", e.options...)())()
			lists, ok := server.(tfprotov6.ListResourceServer)
			if !ok {
				return nil, fmt.Errorf("%T lists nothing", server)
			}
			return recorder{server, lists, e}, nil
		},
	}
}

// Config puts a provider block for this test's network before the given configuration. settings are further lines of
// the provider block.
func (e *Env) Config(config string, settings ...string) string {
	return fmt.Sprintf(`
terraform {
  required_providers {
    telco = { source = "%s/%s/telco" }
  }
}
provider "telco" {
%s
%s
}
%s`, os.Getenv("TF_ACC_PROVIDER_HOST"), os.Getenv("TF_ACC_PROVIDER_NAMESPACE"), e.APIs(), strings.Join(settings, "\n"), config)
}

// APIs is the part of the provider block that points the four APIs at the simulator.
func (e *Env) APIs() string {
	return fmt.Sprintf(`
  accounts = {
    endpoint            = "%[1]s/accounts"
    client_id           = %[2]q
    client_secret       = %[3]q
    requests_per_second = 10000
  }
  cmo = {
    endpoint            = "%[1]s/cmo/v5"
    tenant              = %[4]q
    token_url           = "%[1]s/cmo/token"
    client_id           = %[2]q
    client_secret       = %[3]q
    requests_per_second = 10000
  }
  m2m = {
    endpoint            = "%[1]s/m2m"
    username            = %[5]q
    password            = %[6]q
    api_id              = %[7]q
    requests_per_second = 10000
  }
  mvno = {
    endpoint            = "%[1]s/mvno"
    token               = %[8]q
    requests_per_second = 10000
  }`, e.URL, simulator.ClientID, simulator.ClientSecret, simulator.Tenant, simulator.M2MUsername, simulator.M2MPassword, simulator.M2MAPIID, simulator.MVNOToken)
}

// Test runs the steps with this test's provider, in parallel with other tests.
func (e *Env) Test(steps ...resource.TestStep) {
	e.t.Helper()
	resource.ParallelTest(e.t, resource.TestCase{ProtoV6ProviderFactories: e.Factories(), Steps: steps})
}

// CheckLedger is a step's check that the network executed exactly these changes since it was made, each given as
// "action key", such as "status TMSP-8949…".
func (e *Env) CheckLedger(want ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		var got []string
		for _, change := range e.Ledger() {
			got = append(got, change.Action+" "+change.Key)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			return fmt.Errorf("the network executed\n  %s\nbut was to execute\n  %s", strings.Join(got, "\n  "),
				strings.Join(want, "\n  "))
		}
		return nil
	}
}

// Warnings returns the recorded warnings whose summary or detail holds text, as "summary: detail", and forgets all.
func (e *Env) Warnings(text string) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []string
	for _, d := range e.diagnostics {
		line := d.Summary + ": " + d.Detail
		if d.Severity == tfprotov6.DiagnosticSeverityWarning && strings.Contains(line, text) {
			out = append(out, line)
		}
	}
	e.diagnostics = nil
	return out
}

// CheckWarned is a step's check that at least one recorded warning holds all the texts; it forgets what was recorded.
func (e *Env) CheckWarned(texts ...string) resource.TestCheckFunc {
	return func(*terraform.State) error {
		all := e.Warnings("")
	next:
		for _, warning := range all {
			for _, text := range texts {
				if !strings.Contains(warning, text) {
					continue next
				}
			}
			return nil
		}
		return fmt.Errorf("no warning holds %q; there were:\n%s", texts, strings.Join(all, "\n---\n"))
	}
}

// CheckSilent is a step's check that there was no warning since the last look.
func (e *Env) CheckSilent() resource.TestCheckFunc {
	return func(*terraform.State) error {
		if all := e.Warnings(""); len(all) > 0 {
			return fmt.Errorf("unexpected warnings:\n%s", strings.Join(all, "\n---\n"))
		}
		return nil
	}
}

// CheckAll runs checks in order and ends at the first that fails.
func CheckAll(checks ...resource.TestCheckFunc) resource.TestCheckFunc {
	return resource.ComposeTestCheckFunc(checks...)
}

// recorder keeps the diagnostics of planning, applying and reading: plugin-testing does not show warnings.
type recorder struct {
	tfprotov6.ProviderServer
	tfprotov6.ListResourceServer
	env *Env
}

func (r recorder) keep(diagnostics []*tfprotov6.Diagnostic) {
	r.env.mu.Lock()
	defer r.env.mu.Unlock()
	r.env.diagnostics = append(r.env.diagnostics, diagnostics...)
}

func (r recorder) PlanResourceChange(
	ctx context.Context, req *tfprotov6.PlanResourceChangeRequest,
) (*tfprotov6.PlanResourceChangeResponse, error) {
	resp, err := r.ProviderServer.PlanResourceChange(ctx, req)
	if resp != nil {
		r.keep(resp.Diagnostics)
	}
	return resp, err
}

func (r recorder) ApplyResourceChange(
	ctx context.Context, req *tfprotov6.ApplyResourceChangeRequest,
) (*tfprotov6.ApplyResourceChangeResponse, error) {
	resp, err := r.ProviderServer.ApplyResourceChange(ctx, req)
	if resp != nil {
		r.keep(resp.Diagnostics)
	}
	return resp, err
}

func (r recorder) ReadResource(
	ctx context.Context, req *tfprotov6.ReadResourceRequest,
) (*tfprotov6.ReadResourceResponse, error) {
	resp, err := r.ProviderServer.ReadResource(ctx, req)
	if resp != nil {
		r.keep(resp.Diagnostics)
	}
	return resp, err
}
