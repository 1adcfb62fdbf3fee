package provider

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/simfleet/terraform-provider-telco/internal/api/accounts"
	"github.com/simfleet/terraform-provider-telco/internal/api/cmo"
	"github.com/simfleet/terraform-provider-telco/internal/api/m2m"
	"github.com/simfleet/terraform-provider-telco/internal/api/mvno"
	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/change"
	"github.com/simfleet/terraform-provider-telco/internal/journal"
)

// The environment variables of contract and documentation.
const (
	envAccountsEndpoint     = "TELCO_ACCOUNTS_ENDPOINT"
	envAccountsClientID     = "TELCO_ACCOUNTS_CLIENT_ID"
	envAccountsClientSecret = "TELCO_ACCOUNTS_CLIENT_SECRET" //nolint:gosec // the name of a variable
	envCMOEndpoint          = "TELCO_CMO_ENDPOINT"
	envCMOTenant            = "TELCO_CMO_TENANT"
	envCMOTokenURL          = "TELCO_CMO_TOKEN_URL" //nolint:gosec // the name of a variable
	envCMOClientID          = "TELCO_CMO_CLIENT_ID"
	envCMOClientSecret      = "TELCO_CMO_CLIENT_SECRET" //nolint:gosec // the name of a variable
	envCMOScope             = "TELCO_CMO_SCOPE"
	envCMOAccessToken       = "TELCO_CMO_ACCESS_TOKEN" //nolint:gosec // the name of a variable
	envM2MEndpoint          = "TELCO_M2M_ENDPOINT"
	envM2MUsername          = "TELCO_M2M_USERNAME"
	envM2MPassword          = "TELCO_M2M_PASSWORD" //nolint:gosec // the name of a variable
	envM2MAPIID             = "TELCO_M2M_API_ID"
	envM2MTagStyle          = "TELCO_M2M_TAG_STYLE"
	envMVNOEndpoint         = "TELCO_MVNO_ENDPOINT"
	envMVNOToken            = "TELCO_MVNO_TOKEN" //nolint:gosec // the name of a variable
	envReadOnly             = "TELCO_READ_ONLY"
	envMaxLiveChanges       = "TELCO_MAX_LIVE_CHANGES"
	envPreflight            = "TELCO_PREFLIGHT"
	envJournal              = "TELCO_JOURNAL"
	envJournalNote          = "TELCO_JOURNAL_NOTE"
)

const (
	defaultAccountsEndpoint = "https://api.provisioning.asavie.com"
	defaultM2MEndpoint      = "https://api.m2miportal.com"
	defaultMVNOEndpoint     = "https://api.telecomx.dk"
	defaultCMOScope         = "openid"
)

type providerModel struct {
	Accounts       types.Object `tfsdk:"accounts"`
	CMO            types.Object `tfsdk:"cmo"`
	M2M            types.Object `tfsdk:"m2m"`
	MVNO           types.Object `tfsdk:"mvno"`
	ReadOnly       types.Bool   `tfsdk:"read_only"`
	MaxLiveChanges types.Int64  `tfsdk:"max_live_changes"`
	Preflight      types.Bool   `tfsdk:"preflight"`
	Journal        types.String `tfsdk:"journal"`
}

type limitsModel struct {
	RequestsPerSecond     types.Float64 `tfsdk:"requests_per_second"`
	MaxConcurrentRequests types.Int64   `tfsdk:"max_concurrent_requests"`
	RequestTimeout        types.String  `tfsdk:"request_timeout"`
}

type accountsModel struct {
	limitsModel
	Endpoint     types.String `tfsdk:"endpoint"`
	ClientID     types.String `tfsdk:"client_id"`
	ClientSecret types.String `tfsdk:"client_secret"`
}

type cmoModel struct {
	limitsModel
	Endpoint     types.String `tfsdk:"endpoint"`
	Tenant       types.String `tfsdk:"tenant"`
	TokenURL     types.String `tfsdk:"token_url"`
	ClientID     types.String `tfsdk:"client_id"`
	ClientSecret types.String `tfsdk:"client_secret"`
	Scope        types.String `tfsdk:"scope"`
	AccessToken  types.String `tfsdk:"access_token"`
}

type m2mModel struct {
	limitsModel
	Endpoint types.String `tfsdk:"endpoint"`
	Username types.String `tfsdk:"username"`
	Password types.String `tfsdk:"password"`
	APIID    types.String `tfsdk:"api_id"`
	TagStyle types.String `tfsdk:"tag_style"`
}

type mvnoModel struct {
	limitsModel
	Endpoint types.String `tfsdk:"endpoint"`
	Token    types.String `tfsdk:"token"`
}

// services is what the resources and data sources work with. It lives as long as one plan or one apply.
type services struct {
	accounts api[accounts.Client]
	cmo      api[cmo.Client]
	m2m      api[m2m.Client]
	mvno     api[mvno.Client]

	// run names this plan or apply, to tell in another one what this one has noted.
	run       string
	preflight bool
	engine    *change.Engine
	planned   *plannedChanges
	fleets    *plannedFleets
	owners    *owners
	swapped   *swappedAccounts
	witnesses *witnesses
	journal   *journal.Journal
}

// api is one API's client, or why there is none.
type api[C any] struct {
	name   string // as in the provider block: "cmo"
	client *C
	// missing names each setting that is not there, with its environment variable.
	missing []string
	// unknown says that a setting is known only after apply.
	unknown bool
}

// use returns the client. Where a setting is missing it adds the one error that names them all, and where one is not
// known yet it returns nil without an error: what depends on it waits for apply.
func (a api[C]) use(diags *diag.Diagnostics) *C {
	if len(a.missing) > 0 {
		diags.AddError(
			fmt.Sprintf("Missing settings of the %s API", a.name),
			fmt.Sprintf("This needs the %[1]s API, and its settings are incomplete. Missing: %[2]s.\n\n"+
				"Set them in the %[1]s object of the provider block, or as environment variables.",
				a.name, strings.Join(a.missing, ", ")),
		)
		return nil
	}
	return a.client
}

// mustUse is use for what must answer while planning (data sources, ephemeral resources, queries): there a setting that
// is not known yet is an error.
func (a api[C]) mustUse(diags *diag.Diagnostics) *C {
	client := a.use(diags)
	if client == nil && !diags.HasError() {
		diags.AddError(fmt.Sprintf("Settings of the %s API are not known yet", a.name), fmt.Sprintf(
			"This is read while planning, and a setting in the %s object of the provider block is known only after apply.\n\n"+
				"Apply what the setting depends on first (terraform apply -target=ADDRESS), or give it by its environment "+
				"variable.", a.name))
	}
	return client
}

// mustImport is for an import: its refresh must see the object, since whatever it did not see would be taken for the
// truth by the plan.
func (a api[C]) mustImport(diags *diag.Diagnostics) {
	if client := a.use(diags); client == nil && !diags.HasError() {
		diags.AddError(fmt.Sprintf("Settings of the %s API are not known yet", a.name), fmt.Sprintf(
			"An import reads the SIM while planning, and a setting in the %s object of the provider block is known only "+
				"after apply. Nothing was imported.\n\nApply what the setting depends on first (terraform apply "+
				"-target=ADDRESS), or give it by its environment variable; then import.", a.name))
	}
}

// resolver collects the settings of one API from configuration and environment.
type resolver struct {
	api     string
	diags   *diag.Diagnostics
	missing []string
	unknown bool
}

// text returns the configured value, else the environment's, else the default. A required one that is nowhere is
// noted as missing.
func (r *resolver) text(attribute string, value types.String, env, standard string, required bool) string {
	if value.IsUnknown() {
		r.unknown = true
		return ""
	}
	text, ok := value.ValueString(), !value.IsNull()
	if !ok {
		text, ok = os.LookupEnv(env)
		ok = ok && (text != "" || !required)
	}
	if !ok {
		text = standard
	}
	text = r.checked(attribute, env, strings.Trim(text, lineEnds), transport.ControlCharacter)
	if required && text == "" {
		r.missing = append(r.missing, fmt.Sprintf("%s.%s (%s)", r.api, attribute, env))
	}
	return text
}

// lineEnds is what a file or a shell puts around a value: line breaks, and the byte order mark of some editors. No
// setting begins or ends with one.
const lineEnds = "\r\n\ufeff"

// token is text that goes out in a header, so blanks around it are none of it, and it holds nothing that can't be seen.
func (r *resolver) token(attribute string, value types.String, env string, required bool) string {
	text := r.text(attribute, value, env, "", required)
	return r.checked(attribute, env, strings.TrimSpace(text), transport.Invisible)
}

// checked refuses a text in which find finds a character, at once: sent, it would be refused as wrong credentials, or
// not be sent at all.
func (r *resolver) checked(attribute, env, text string, find func(string) string) string {
	if character := find(text); character != "" {
		r.diags.AddAttributeError(path.Root(r.api).AtName(attribute), "Invalid character in a setting",
			fmt.Sprintf("The value of %s.%s (or of the environment variable %s) holds %s. Nothing was sent.\n\n"+
				"Such a character comes with a value that was copied or read from a file. Set the value again without it.",
				r.api, attribute, env, character))
	}
	return text
}

// url is text that must be a URL. The schema has checked what is configured; this is for the environment's.
func (r *resolver) url(attribute string, value types.String, env, standard string) *url.URL {
	text := r.text(attribute, value, env, standard, true)
	if text == "" {
		return nil
	}
	u, err := transport.CheckEndpoint(text)
	if err != nil {
		r.diags.AddAttributeError(path.Root(r.api).AtName(attribute), "Invalid URL",
			fmt.Sprintf("The value of %s.%s (or of the environment variable %s) %s.", r.api, attribute, env, err))
		return nil
	}
	return u
}

func (r *resolver) timeout(value types.String) time.Duration {
	if value.IsUnknown() {
		r.unknown = true
	}
	d, _ := time.ParseDuration(value.ValueString()) // checked by the schema; none gives 0, the client's default
	return d
}

// object reads an API's object; an absent one is empty, so that the environment alone can configure an API.
func object[M any](ctx context.Context, r *resolver, value types.Object) M {
	var model M
	switch {
	case value.IsUnknown():
		r.unknown = true
	case !value.IsNull():
		r.diags.Append(value.As(ctx, &model, basetypes.ObjectAsOptions{})...)
	}
	return model
}

// finish makes the api: with a client only where all is there.
func finish[C any](r *resolver, build func() *C) api[C] {
	a := api[C]{name: r.api, missing: r.missing, unknown: r.unknown}
	if r.unknown {
		a.missing = nil // the rest may be known only later as well
	}
	if !r.unknown && len(r.missing) == 0 && !r.diags.HasError() {
		a.client = build()
	}
	return a
}

func (p *telcoProvider) services(
	ctx context.Context, config providerModel, terraformVersion string, diags *diag.Diagnostics,
) *services {
	readOnly := flag(config.ReadOnly, envReadOnly, "read_only", false, diags)
	limit := count(config.MaxLiveChanges, envMaxLiveChanges, "max_live_changes", diags)
	build := p.version
	if p.commit != "" {
		build += "-" + p.commit
	}
	agent := fmt.Sprintf("terraform-provider-telco/%s (+https://registry.terraform.io/providers/simfleet/telco) "+
		"Terraform/%s",
		build, terraformVersion)
	log := slog.New(tflogHandler{})
	trail := journal.Open(folder(config.Journal), os.Getenv(envJournalNote))

	return &services{
		accounts: p.accounts(ctx, config.Accounts, agent, log, diags),
		cmo:      p.cmo(ctx, config.CMO, agent, log, diags),
		m2m:      p.m2m(ctx, config.M2M, agent, log, diags),
		mvno:     p.mvno(ctx, config.MVNO, agent, log, diags),
		run:      rand.Text(),
		// While it is not known whether the apply reads first, the plan must not say what only a read can tell.
		preflight: !config.Preflight.IsUnknown() && flag(config.Preflight, envPreflight, "preflight", true, diags),
		engine:    newEngine(&change.Budget{ReadOnly: readOnly, Limit: limit}, p.pace, trail, p.abandoned),
		planned:   &plannedChanges{limit: limit, planned: map[string]bool{}},
		fleets:    &plannedFleets{},
		owners:    newOwners(),
		swapped:   &swappedAccounts{},
		witnesses: newWitnesses(p.pace),
		journal:   trail,
	}
}

func (p *telcoProvider) accounts(
	ctx context.Context, value types.Object, agent string, log *slog.Logger, diags *diag.Diagnostics,
) api[accounts.Client] {
	r := &resolver{api: "accounts", diags: diags}
	m := object[accountsModel](ctx, r, value)
	cfg := accounts.Config{
		Endpoint:              r.url("endpoint", m.Endpoint, envAccountsEndpoint, defaultAccountsEndpoint),
		ClientID:              r.text("client_id", m.ClientID, envAccountsClientID, "", true),
		ClientSecret:          r.text("client_secret", m.ClientSecret, envAccountsClientSecret, "", true),
		UserAgent:             agent,
		RequestsPerSecond:     m.RequestsPerSecond.ValueFloat64(),
		MaxConcurrentRequests: int(m.MaxConcurrentRequests.ValueInt64()),
		RequestTimeout:        r.timeout(m.RequestTimeout),
		Backoff:               p.backoff,
		Pace:                  p.pace,
		Logger:                log,
	}
	return finish(r, func() *accounts.Client { return accounts.New(cfg) })
}

func (p *telcoProvider) cmo(
	ctx context.Context, value types.Object, agent string, log *slog.Logger, diags *diag.Diagnostics,
) api[cmo.Client] {
	r := &resolver{api: "cmo", diags: diags}
	m := object[cmoModel](ctx, r, value)
	cfg := cmo.Config{
		Endpoint:              r.url("endpoint", m.Endpoint, envCMOEndpoint, ""),
		Tenant:                r.text("tenant", m.Tenant, envCMOTenant, "", true),
		UserAgent:             agent,
		RequestsPerSecond:     m.RequestsPerSecond.ValueFloat64(),
		MaxConcurrentRequests: int(m.MaxConcurrentRequests.ValueInt64()),
		RequestTimeout:        r.timeout(m.RequestTimeout),
		Backoff:               p.backoff,
		Pace:                  p.pace,
		Logger:                log,
	}
	// A configured client wins over a token from the environment.
	clientConfigured := !m.TokenURL.IsNull() || !m.ClientID.IsNull() || !m.ClientSecret.IsNull()
	if !clientConfigured || !m.AccessToken.IsNull() {
		cfg.AccessToken = r.token("access_token", m.AccessToken, envCMOAccessToken, false)
	}
	if cfg.AccessToken == "" {
		cfg.TokenURL = r.url("token_url", m.TokenURL, envCMOTokenURL, "")
		cfg.ClientID = r.text("client_id", m.ClientID, envCMOClientID, "", true)
		cfg.ClientSecret = r.text("client_secret", m.ClientSecret, envCMOClientSecret, "", true)
		cfg.Scope = r.text("scope", m.Scope, envCMOScope, defaultCMOScope, false)
	}
	return finish(r, func() *cmo.Client { return cmo.New(cfg) })
}

func (p *telcoProvider) m2m(
	ctx context.Context, value types.Object, agent string, log *slog.Logger, diags *diag.Diagnostics,
) api[m2m.Client] {
	r := &resolver{api: "m2m", diags: diags}
	m := object[m2mModel](ctx, r, value)
	tagStyle := r.text("tag_style", m.TagStyle, envM2MTagStyle, string(m2m.LowerSnake), false)
	style, err := m2m.ParseTagStyle(tagStyle)
	if err != nil && !r.unknown {
		diags.AddAttributeError(path.Root("m2m").AtName("tag_style"), "Invalid tag style",
			fmt.Sprintf("The value of m2m.tag_style (or of the environment variable %s): %s.", envM2MTagStyle, err))
	}
	cfg := m2m.Config{
		Endpoint:              r.url("endpoint", m.Endpoint, envM2MEndpoint, defaultM2MEndpoint),
		Username:              r.text("username", m.Username, envM2MUsername, "", true),
		Password:              r.text("password", m.Password, envM2MPassword, "", true),
		APIID:                 r.text("api_id", m.APIID, envM2MAPIID, "", true),
		TagStyle:              style,
		UserAgent:             agent,
		RequestsPerSecond:     m.RequestsPerSecond.ValueFloat64(),
		MaxConcurrentRequests: int(m.MaxConcurrentRequests.ValueInt64()),
		RequestTimeout:        r.timeout(m.RequestTimeout),
		Backoff:               p.backoff,
		Logger:                log,
	}
	return finish(r, func() *m2m.Client { return m2m.New(cfg) })
}

func (p *telcoProvider) mvno(
	ctx context.Context, value types.Object, agent string, log *slog.Logger, diags *diag.Diagnostics,
) api[mvno.Client] {
	r := &resolver{api: "mvno", diags: diags}
	m := object[mvnoModel](ctx, r, value)
	cfg := mvno.Config{
		Endpoint:              r.url("endpoint", m.Endpoint, envMVNOEndpoint, defaultMVNOEndpoint),
		Token:                 r.token("token", m.Token, envMVNOToken, true),
		UserAgent:             agent,
		RequestsPerSecond:     m.RequestsPerSecond.ValueFloat64(),
		MaxConcurrentRequests: int(m.MaxConcurrentRequests.ValueInt64()),
		RequestTimeout:        r.timeout(m.RequestTimeout),
		Backoff:               p.backoff,
		Pace:                  p.pace,
		Logger:                log,
	}
	return finish(r, func() *mvno.Client { return mvno.New(cfg) })
}

// flag reads a bool from configuration, environment or default. An unknown one takes the cautious side in a plan:
// the default, since a plan sends nothing.
func flag(value types.Bool, env, attribute string, standard bool, diags *diag.Diagnostics) bool {
	if !value.IsNull() && !value.IsUnknown() {
		return value.ValueBool()
	}
	text := os.Getenv(env)
	if text == "" {
		return standard
	}
	b, err := strconv.ParseBool(text)
	if err != nil {
		diags.AddAttributeError(path.Root(attribute), "Invalid environment variable",
			fmt.Sprintf("The environment variable %s must be true or false, not %q.", env, text))
	}
	return b
}

// folder is the journal's folder; "" is none. One that is known only after apply is none yet: a plan sends nothing.
func folder(value types.String) string {
	if value.IsNull() {
		return os.Getenv(envJournal)
	}
	return value.ValueString()
}

func count(value types.Int64, env, attribute string, diags *diag.Diagnostics) int {
	if !value.IsNull() && !value.IsUnknown() {
		return int(value.ValueInt64())
	}
	text := os.Getenv(env)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		diags.AddAttributeError(path.Root(attribute), "Invalid environment variable",
			fmt.Sprintf("The environment variable %s must be a whole number of 0 or more, not %q.", env, text))
	}
	return n
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
