package provider_test

import (
	"context"
	"maps"
	"sync"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// vault is a provider that exists for the tests only: the one resource of hashicorp/vault that the examples put a SIM's
// codes into, as far as they use it, over a map. The real one can't be had where the tests run.
type vault struct {
	mu      sync.Mutex
	secrets map[string]string // the JSON that was written, by path
}

// vaultAddresses are the real provider's, under the default host of either CLI.
var vaultAddresses = []string{"registry.terraform.io/hashicorp/vault", "registry.opentofu.org/hashicorp/vault"}

func (v *vault) server() tfprotov6.ProviderServer {
	return providerserver.NewProtocol6(v)()
}

// stored is what the vault holds.
func (v *vault) stored() map[string]string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return maps.Clone(v.secrets)
}

func (v *vault) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "vault"
}

func (v *vault) Schema(context.Context, provider.SchemaRequest, *provider.SchemaResponse) {}

func (v *vault) Configure(context.Context, provider.ConfigureRequest, *provider.ConfigureResponse) {}

func (v *vault) DataSources(context.Context) []func() datasource.DataSource { return nil }

func (v *vault) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{func() resource.Resource { return &vaultSecret{v} }}
}

// vaultSecret is vault_kv_secret_v2. Its write-only argument is written where its version changes.
type vaultSecret struct{ vault *vault }

type vaultSecretModel struct {
	Mount   types.String `tfsdk:"mount"`
	Name    types.String `tfsdk:"name"`
	Data    types.String `tfsdk:"data_json_wo"`
	Version types.Int64  `tfsdk:"data_json_wo_version"`
	Path    types.String `tfsdk:"path"`
}

func (r *vaultSecret) Metadata(_ context.Context, _ resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = "vault_kv_secret_v2"
}

func (r *vaultSecret) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = schema.Schema{Attributes: map[string]schema.Attribute{
		"mount":                schema.StringAttribute{Required: true},
		"name":                 schema.StringAttribute{Required: true},
		"data_json_wo":         schema.StringAttribute{Required: true, WriteOnly: true},
		"data_json_wo_version": schema.Int64Attribute{Required: true},
		"path":                 schema.StringAttribute{Computed: true},
	}}
}

func (r *vaultSecret) write(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var config vaultSecretModel
	if resp.Diagnostics.Append(req.Config.Get(ctx, &config)...); resp.Diagnostics.HasError() {
		return
	}
	path := config.Mount.ValueString() + "/data/" + config.Name.ValueString()
	r.vault.mu.Lock()
	defer r.vault.mu.Unlock()
	if r.vault.secrets == nil {
		r.vault.secrets = map[string]string{}
	}
	r.vault.secrets[path] = config.Data.ValueString()
	config.Data, config.Path = types.StringNull(), types.StringValue(path)
	resp.Diagnostics.Append(resp.State.Set(ctx, &config)...)
}

func (r *vaultSecret) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	r.write(ctx, req, resp)
}

func (r *vaultSecret) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	created := resource.CreateResponse{State: resp.State}
	r.write(ctx, resource.CreateRequest{Config: req.Config}, &created)
	resp.State, resp.Diagnostics = created.State, created.Diagnostics
}

func (r *vaultSecret) Read(context.Context, resource.ReadRequest, *resource.ReadResponse) {}

func (r *vaultSecret) Delete(context.Context, resource.DeleteRequest, *resource.DeleteResponse) {}
