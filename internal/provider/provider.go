// Package provider is the Terraform side: schemas, plans, warnings and states. It calls the four API clients and
// knows no HTTP.
package provider

import (
	"context"
	"os"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-validators/float64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/simfleet/terraform-provider-telco/internal/api/m2m"
	"github.com/simfleet/terraform-provider-telco/internal/validate"
	"github.com/simfleet/terraform-provider-telco/internal/wait"
)

var _ provider.Provider = (*telcoProvider)(nil)

type telcoProvider struct {
	version string
	commit  string
	pace    wait.Pace
	backoff time.Duration
	// abandoned: see change.Engine; nil is never.
	abandoned func() bool
}

// Option changes what users can't: main names the build with it, and tests make the provider impatient.
type Option func(*telcoProvider)

// WithCommit names the commit that the provider was built from; it is sent to the services beside the version.
func WithCommit(commit string) Option { return func(p *telcoProvider) { p.commit = commit } }

// StartedByCLI says that the parent of this process is the CLI. Once it is gone, nobody is left to save the state: no
// change is begun any more, and none counts as ended in the journal, so that the next run finds it. On Unix a process
// then gets another parent; on Windows the id stays, and this says nothing.
func StartedByCLI() Option {
	parent := os.Getppid()
	return func(p *telcoProvider) { p.abandoned = func() bool { return os.Getppid() != parent } }
}

// WithPace sets how fast and how patiently operations are polled.
func WithPace(pace wait.Pace) Option { return func(p *telcoProvider) { p.pace = pace } }

// WithBackoff sets the first pause before a read is tried again.
func WithBackoff(d time.Duration) Option { return func(p *telcoProvider) { p.backoff = d } }

// New returns a constructor of the provider; version is sent to the services in the User-Agent.
func New(version string, opts ...Option) func() provider.Provider {
	return func() provider.Provider {
		p := &telcoProvider{version: version}
		for _, opt := range opts {
			opt(p)
		}
		return p
	}
}

func (p *telcoProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "telco"
	resp.Version = p.version
}

func (p *telcoProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Declare the SIM cards of a fleet and apply them to live mobile networks: create SIMs, set " +
			"their status, arm auto-activation groups, swap the SIM of an MVNO account.\n\n" +
			"**These changes are live, may be billed, and can't be undone automatically.** Each planned one brings a warning. " +
			"A change is sent at most once, and an accepted change is never lost.\n\n" +
			"Each API is asked for its settings only when a resource or data source uses it. A value in the configuration " +
			"wins over its environment variable.",
		Attributes: map[string]schema.Attribute{
			"accounts": apiSchema("The **accounts API** (Akamai/Asavie provisioning), used by `telco_sim_card`, "+
				"`telco_sim_cards` and `telco_accounts`.",
				10, 5, "60s", map[string]schema.Attribute{
					"endpoint":      endpointAttribute("Base URL.", envAccountsEndpoint, defaultAccountsEndpoint),
					"client_id":     textAttribute("Login of the client-credentials grant.", envAccountsClientID),
					"client_secret": secretAttribute("Password of the client-credentials grant.", envAccountsClientSecret),
				}),
			"cmo": apiSchema("The **CMO API** (Telekom T IoT Hub, Connection Management Orchestrator), used by "+
				"`telco_sim_status`, "+
				"`telco_sim_fleet_status`, `telco_product` and `telco_products`.",
				20, 10, "90s", map[string]schema.Attribute{
					"endpoint": endpointAttribute("The API URL as copied from Application Access Management, taken verbatim; it "+
						"ends in the service and its version, such as `.../connection-management-orchestrator/v5`.", envCMOEndpoint, ""),
					"tenant": textAttribute("Name of the tenant, which becomes part of each path.", envCMOTenant),
					"token_url": endpointAttribute("Token issuer URL, from the same page; with `client_id` and `client_secret`.",
						envCMOTokenURL, ""),
					"client_id":     textAttribute("Client ID of the client-credentials grant.", envCMOClientID),
					"client_secret": secretAttribute("Client secret of the client-credentials grant.", envCMOClientSecret),
					"scope": textAttribute("OAuth scope to ask for. Default `openid`; an empty string sends none.",
						envCMOScope),
					"access_token": schema.StringAttribute{
						Optional: true, Sensitive: true,
						MarkdownDescription: "A ready access token instead of `token_url`, `client_id`, `client_secret` and `scope`. The " +
							"CMO's tokens live 300 seconds, so this suits short runs only. " + orEnv(envCMOAccessToken),
						Validators: []validator.String{
							stringvalidator.LengthAtLeast(1),
							stringvalidator.ConflictsWith(
								path.MatchRelative().AtParent().AtName("token_url"),
								path.MatchRelative().AtParent().AtName("client_id"),
								path.MatchRelative().AtParent().AtName("client_secret"),
								path.MatchRelative().AtParent().AtName("scope"),
							),
						},
					},
				}),
			"m2m": apiSchema("The **m2m API** (CSL SIM Insight, XML commands), used by `telco_sim_aa_group`.",
				5, 1, "60s", map[string]schema.Attribute{
					"endpoint": endpointAttribute("URL of all commands.", envM2MEndpoint, defaultM2MEndpoint),
					"username": textAttribute("User name, sent in the body of each command.", envM2MUsername),
					"password": secretAttribute("Password, sent in the body of each command.", envM2MPassword),
					"api_id":   textAttribute("The `api_id` of each command.", envM2MAPIID),
					"tag_style": schema.StringAttribute{
						Optional: true,
						MarkdownDescription: "How XML names are written: `lower_snake` (`set_aa_group`, the default), `upper_snake` or " +
							"`title_snake`. Replies are read in any style. " + orEnv(envM2MTagStyle),
						Validators: []validator.String{
							stringvalidator.OneOf(string(m2m.LowerSnake), string(m2m.UpperSnake), string(m2m.TitleSnake)),
						},
					},
				}),
			"mvno": apiSchema("The **MVNO API** (TelecomX), used by `telco_mvno_sim_swap`, `telco_mvno_account`, "+
				"`telco_mvno_accounts`, `telco_mvno_sims` and `telco_mvno_sim_codes`.",
				5, 4, "2m", map[string]schema.Attribute{
					"endpoint": endpointAttribute("Base URL.", envMVNOEndpoint, defaultMVNOEndpoint),
					"token": secretAttribute("Machine token of an employee with access level `OWNER`, `RESELLER` or `ADMIN`. It is "+
						"sent in a header, never in a URL.", envMVNOToken),
				}),
			"read_only": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "`true`: refresh, plan and data sources work, and every create, update and delete that " +
					"would send " +
					"a change fails before anything is sent. For pull requests and audits. Default `false`. " + orEnv(envReadOnly),
			},
			"max_live_changes": schema.Int64Attribute{
				Optional: true,
				MarkdownDescription: "The most live changes in one plan or apply; `0`, the default, is no limit. A plan that " +
					"holds more fails, and an apply stops before it sends more. " + orEnv(envMaxLiveChanges),
				Validators: []validator.Int64{int64validator.AtLeast(0)},
			},
			"preflight": schema.BoolAttribute{
				Optional: true,
				MarkdownDescription: "Read the live SIM while planning a change, to make the warning exact and to find what the " +
					"service would refuse. Default `true`. With `false` the same checks run at apply, before the change is sent. " +
					orEnv(envPreflight),
			},
			"journal": schema.StringAttribute{
				Optional: true,
				MarkdownDescription: "Folder of the journal: an audit trail of all live changes that survives a `kill -9`. Each " +
					"change is on disk there before it is sent, and where that fails it is not sent. Unset, there is none. Keep the " +
					"folder beyond the run, for example on a volume of the pipeline's runner. " + orEnv(envJournal) + " Each " +
					"record carries the text of `" + envJournalNote + "`, such as a ticket or the URL of a pipeline's run.",
			},
		},
	}
}

// apiSchema is the object of one API: its own settings, and the limits that all four share.
func apiSchema(
	description string, perSecond float64, concurrent int64, timeout string, own map[string]schema.Attribute,
) schema.Attribute {
	own["requests_per_second"] = schema.Float64Attribute{
		Optional: true,
		MarkdownDescription: "Maximum requests per second, over all resources of this provider block. Default `" +
			number(perSecond) + "`.",
		Validators: []validator.Float64{float64validator.AtLeast(0.01)},
	}
	own["max_concurrent_requests"] = schema.Int64Attribute{
		Optional: true,
		MarkdownDescription: "Maximum requests at a time, over all resources of this provider block. Default `" +
			number(float64(concurrent)) + "`.",
		Validators: []validator.Int64{int64validator.AtLeast(1)},
	}
	own["request_timeout"] = schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "How long one request may take, such as `60s`. Default `" + timeout + "`.",
		Validators:          []validator.String{validate.Duration()},
	}
	return schema.SingleNestedAttribute{Optional: true, MarkdownDescription: description, Attributes: own}
}

func endpointAttribute(description, env, standard string) schema.StringAttribute {
	if standard != "" {
		description += " Default `" + standard + "`."
	}
	return schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: description + " `http://` is accepted for a loopback host only. " + orEnv(env),
		Validators:          []validator.String{validate.Endpoint()},
	}
}

func textAttribute(description, env string) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, MarkdownDescription: description + " " + orEnv(env)}
}

func secretAttribute(description, env string) schema.StringAttribute {
	return schema.StringAttribute{Optional: true, Sensitive: true, MarkdownDescription: description + " " + orEnv(env)}
}

func orEnv(env string) string { return "Environment variable: `" + env + "`." }

func (p *telcoProvider) Configure(
	ctx context.Context, req provider.ConfigureRequest, resp *provider.ConfigureResponse,
) {
	var config providerModel
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	services := p.services(ctx, config, req.TerraformVersion, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.ResourceData = services
	resp.DataSourceData = services
	resp.EphemeralResourceData = services
	resp.ListResourceData = services
}

func (p *telcoProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{
		withIdentity(newSIMCardResource, simCardIdentity),
		withIdentity(newSIMStatusResource, simStatusIdentity),
		newSIMFleetStatusResource,
		withIdentity(newSIMAAGroupResource, simAAGroupIdentity),
		withIdentity(newMVNOSIMSwapResource, mvnoSIMSwapIdentity),
	}
}

func (p *telcoProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		newProductsDataSource,
		newProductDataSource,
		newSIMCardsDataSource,
		newMVNOAccountDataSource,
		newAccountsDataSource,
		newMVNOAccountsDataSource,
		newMVNOSIMsDataSource,
	}
}
