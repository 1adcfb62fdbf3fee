package provider

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// identityAttribute is one attribute of a resource's identity. It has the name of the resource's own attribute that
// holds the value.
type identityAttribute struct {
	name, description string
	pattern           *regexp.Regexp
	rule              string // what pattern asks for, for an error
}

// resourceIdentity is what tells one object of a resource type from another, for import by identity and for terraform
// query (Terraform and OpenTofu 1.12 and newer).
type resourceIdentity struct {
	attributes []identityAttribute
	// importID makes the import ID of the values, in the order of attributes; nil where an ID holds more than they do.
	importID func(values []string) string
}

var (
	simCardIdentity = resourceIdentity{
		attributes: []identityAttribute{
			{"account_key", "Key of the account that holds the SIM.", accountKeyPattern, accountKeyRule},
			{"cli", "The SIM's IMSI, or its MSISDN as `(+353)870000001`.", cliPattern, cliRule},
		},
		importID: func(values []string) string { return values[0] + "/" + values[1] },
	}
	simStatusIdentity = resourceIdentity{
		attributes: []identityAttribute{{"product_id", "Id of the product, `BACKEND-ICCID`.", productIDPattern,
			productIDRule}},
		importID: func(values []string) string { return values[0] },
	}
	// simAAGroupIdentity lacks the group, which no command reads back: the configuration declares it.
	simAAGroupIdentity = resourceIdentity{
		attributes: []identityAttribute{{"iccid", "ICCID of the SIM, 18 to 22 digits.", iccidPattern, iccidRule}},
	}
	mvnoSIMSwapIdentity = resourceIdentity{
		attributes: []identityAttribute{{"account_id", "Id of the account, 24 hex characters.", accountIDPattern,
			accountIDRule}},
		importID: func(values []string) string { return values[0] },
	}
)

// schema is the identity's schema, every attribute required for an import.
func (i resourceIdentity) schema() identityschema.Schema {
	attributes := map[string]identityschema.Attribute{}
	for _, a := range i.attributes {
		attributes[a.name] = identityschema.StringAttribute{RequiredForImport: true, Description: a.description}
	}
	return identityschema.Schema{Attributes: attributes}
}

// attributeReader is a plan or a state.
type attributeReader interface {
	GetAttribute(ctx context.Context, path path.Path, target any) diag.Diagnostics
}

// set fills an identity from a plan or a state, unless Terraform has sent it: an identity never changes, whatever
// spelling the configuration goes over to. A Terraform older than 1.12 keeps no identity and so sends none, and the
// framework fails every Create, Read and Update that returns none.
func (i resourceIdentity) set(
	ctx context.Context, to *tfsdk.ResourceIdentity, from attributeReader, diags *diag.Diagnostics,
) {
	if to == nil || !to.Raw.IsFullyNull() {
		return
	}
	for _, a := range i.attributes {
		var value types.String
		diags.Append(from.GetAttribute(ctx, path.Root(a.name), &value)...)
		diags.Append(to.SetAttribute(ctx, path.Root(a.name), value)...)
	}
}

// values reads the identity that an import names, and says which value is not of the documented form.
func (i resourceIdentity) values(ctx context.Context, of *tfsdk.ResourceIdentity, diags *diag.Diagnostics) []string {
	values := make([]string, len(i.attributes))
	for n, a := range i.attributes {
		var value types.String
		diags.Append(of.GetAttribute(ctx, path.Root(a.name), &value)...)
		values[n] = value.ValueString()
		if !a.pattern.MatchString(values[n]) {
			diags.AddError("Invalid identity", fmt.Sprintf(
				"The import names %s = %q, which %s.", a.name, values[n], a.rule))
		}
	}
	return values
}

// importable is what every resource with an identity implements.
type importable interface {
	resource.ResourceWithConfigure
	resource.ResourceWithModifyPlan
	resource.ResourceWithImportState
}

// identified is a resource together with its identity. The rules of identities are the same for all resources and have
// nothing to do with what a resource manages, so they stand here once, around the verbs: what a verb returns on
// whichever path, with whichever error, goes out with the identity.
type identified struct {
	importable
	identity resourceIdentity
	run      string
}

var _ resource.ResourceWithIdentity = (*identified)(nil)

// withIdentity makes the constructor of a resource one of the resource with its identity.
func withIdentity(newResource func() resource.Resource, i resourceIdentity) func() resource.Resource {
	return func() resource.Resource {
		r, ok := newResource().(importable)
		if !ok {
			panic(fmt.Sprintf("%T can't be imported", newResource()))
		}
		return &identified{importable: r, identity: i}
	}
}

// IdentitySchema is what import blocks and list results name an object by.
func (r *identified) IdentitySchema(
	_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse,
) {
	resp.IdentitySchema = r.identity.schema()
}

func (r *identified) Configure(ctx context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	if s, ok := req.ProviderData.(*services); ok {
		r.run = s.run
	}
	r.importable.Configure(ctx, req, resp)
}

func (r *identified) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	r.importable.Create(ctx, req, resp)
	if !resp.State.Raw.IsNull() {
		r.identity.set(ctx, resp.Identity, req.Plan, &resp.Diagnostics)
	}
}

// Read sets the identity from the prior state, which has it even where the object turns out to be gone: the framework
// asks for it there too.
func (r *identified) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	r.importable.Read(ctx, req, resp)
	r.identity.set(ctx, resp.Identity, req.State, &resp.Diagnostics)
	if run, ok := identityImport(ctx, req.Private, &resp.Diagnostics); ok && run != r.run {
		resp.Diagnostics.Append(resp.Private.SetKey(ctx, identityImportKey, nil)...)
	}
}

func (r *identified) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	r.importable.Update(ctx, req, resp)
	r.identity.set(ctx, resp.Identity, req.State, &resp.Diagnostics)
	if !resp.Diagnostics.HasError() {
		resp.Diagnostics.Append(resp.Private.SetKey(ctx, identityImportKey, nil)...)
	}
}

// ImportState imports by ID as the resource does, and by identity through the ID that it stands for. Where an ID holds
// more, as that of a group, the rest stays null and Read fills what it can.
func (r *identified) ImportState(
	ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse,
) {
	if req.ID != "" {
		r.importable.ImportState(ctx, req, resp)
		if !resp.Diagnostics.HasError() {
			r.identity.set(ctx, resp.Identity, resp.State, &resp.Diagnostics)
		}
		return
	}

	values := r.identity.values(ctx, req.Identity, &resp.Diagnostics)
	if resp.Diagnostics.HasError() {
		return
	}
	setPrivate(ctx, resp.Private, identityImportKey, r.run, &resp.Diagnostics)
	if r.identity.importID != nil {
		req.ID = r.identity.importID(values)
		r.importable.ImportState(ctx, req, resp)
		return
	}
	for n, a := range r.identity.attributes {
		resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(a.name), values[n])...)
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), values[0])...)
}

// identityImportKey is the key of private state that an import by identity sets to its run. It stands until the first
// update has been applied, or until another run reads the object.
const identityImportKey = "identity_import"

// importedByIdentity says whether the object has just been imported by its identity, for ModifyPlan and Update: what
// the identity does not name and no read can tell (an auto-activation group, the keyword of a swap) is then taken as
// the configuration declares it, and nothing is sent.
func importedByIdentity(ctx context.Context, private privateReader, diags *diag.Diagnostics) bool {
	_, ok := identityImport(ctx, private, diags)
	return ok
}

func identityImport(ctx context.Context, private privateReader, diags *diag.Diagnostics) (run string, ok bool) {
	raw, d := private.GetKey(ctx, identityImportKey)
	diags.Append(d...)
	if len(raw) == 0 || json.Unmarshal(raw, &run) != nil {
		return "", false
	}
	return run, true
}
