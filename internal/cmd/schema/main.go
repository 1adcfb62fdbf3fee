// Command schema prints the provider's schemas as JSON, in the form of "terraform providers schema -json", for the tool
// that makes the documentation. It asks the provider itself, so it needs no CLI, and shows what only a newer CLI than
// the one at hand would ask for: identities, list resources.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/simfleet/terraform-provider-telco/internal/provider"
)

func main() {
	if err := printSchemas(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "schema:", err)
		os.Exit(1)
	}
}

func printSchemas(ctx context.Context) error {
	server := providerserver.NewProtocol6(provider.New("schema")())()
	schemas, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return err
	}
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return err
	}
	for _, d := range append(schemas.Diagnostics, identities.Diagnostics...) {
		return errors.New(d.Summary + ": " + d.Detail)
	}
	// tfplugindocs looks for the provider by its short name.
	out, err := json.MarshalIndent(document{
		FormatVersion: "1.0", Schemas: map[string]providerSchemas{"telco": newProviderSchemas(schemas, identities)},
	}, "", "  ")
	if err == nil {
		_, err = fmt.Println(string(out))
	}
	return err
}

// The types below are the JSON of Terraform's command, as far as our schemas use it: there are no blocks in them.
type document struct {
	FormatVersion string                     `json:"format_version"`
	Schemas       map[string]providerSchemas `json:"provider_schemas"`
}

type providerSchemas struct {
	Provider    schema                    `json:"provider"`
	Resources   map[string]schema         `json:"resource_schemas,omitempty"`
	DataSources map[string]schema         `json:"data_source_schemas,omitempty"`
	Ephemeral   map[string]schema         `json:"ephemeral_resource_schemas,omitempty"`
	Lists       map[string]schema         `json:"list_resource_schemas,omitempty"`
	Functions   map[string]function       `json:"functions,omitempty"`
	Identities  map[string]identitySchema `json:"resource_identity_schemas,omitempty"`
}

type schema struct {
	Version int64 `json:"version"`
	Block   block `json:"block"`
}

type block struct {
	Attributes      map[string]attribute `json:"attributes,omitempty"`
	Description     string               `json:"description,omitempty"`
	DescriptionKind string               `json:"description_kind,omitempty"`
	Deprecated      bool                 `json:"deprecated,omitempty"`
}

type attribute struct {
	Type            json.RawMessage `json:"type,omitempty"`
	Nested          *nested         `json:"nested_type,omitempty"`
	Description     string          `json:"description,omitempty"`
	DescriptionKind string          `json:"description_kind,omitempty"`
	Deprecated      bool            `json:"deprecated,omitempty"`
	Required        bool            `json:"required,omitempty"`
	Optional        bool            `json:"optional,omitempty"`
	Computed        bool            `json:"computed,omitempty"`
	Sensitive       bool            `json:"sensitive,omitempty"`
	WriteOnly       bool            `json:"write_only,omitempty"`
}

type nested struct {
	Attributes  map[string]attribute `json:"attributes"`
	NestingMode string               `json:"nesting_mode"`
}

type identitySchema struct {
	Version    int64                        `json:"version"`
	Attributes map[string]identityAttribute `json:"attributes"`
}

type identityAttribute struct {
	Type              json.RawMessage `json:"type"`
	Description       string          `json:"description,omitempty"`
	RequiredForImport bool            `json:"required_for_import,omitempty"`
	OptionalForImport bool            `json:"optional_for_import,omitempty"`
}

type function struct {
	Description string          `json:"description,omitempty"`
	Summary     string          `json:"summary,omitempty"`
	ReturnType  json.RawMessage `json:"return_type"`
	Parameters  []parameter     `json:"parameters,omitempty"`
	Variadic    *parameter      `json:"variadic_parameter,omitempty"`
}

type parameter struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	IsNullable  bool            `json:"is_nullable,omitempty"`
	Type        json.RawMessage `json:"type"`
}

func newProviderSchemas(
	all *tfprotov6.GetProviderSchemaResponse, identities *tfprotov6.GetResourceIdentitySchemasResponse,
) providerSchemas {
	out := providerSchemas{
		Provider: newSchema(all.Provider), Resources: newSchemas(all.ResourceSchemas),
		DataSources: newSchemas(all.DataSourceSchemas),
		Ephemeral:   newSchemas(all.EphemeralResourceSchemas), Lists: newSchemas(all.ListResourceSchemas),
		Functions: map[string]function{}, Identities: map[string]identitySchema{},
	}
	for name, f := range all.Functions {
		own := function{Description: f.Description, Summary: f.Summary, ReturnType: typeJSON(f.Return.Type)}
		for _, p := range f.Parameters {
			own.Parameters = append(own.Parameters, newParameter(p))
		}
		if f.VariadicParameter != nil {
			variadic := newParameter(f.VariadicParameter)
			own.Variadic = &variadic
		}
		out.Functions[name] = own
	}
	for name, s := range identities.IdentitySchemas {
		own := identitySchema{Version: s.Version, Attributes: map[string]identityAttribute{}}
		for _, a := range s.IdentityAttributes {
			own.Attributes[a.Name] = identityAttribute{typeJSON(a.Type), a.Description, a.RequiredForImport, a.OptionalForImport}
		}
		out.Identities[name] = own
	}
	return out
}

func newParameter(p *tfprotov6.FunctionParameter) parameter {
	return parameter{Name: p.Name, Description: p.Description, IsNullable: p.AllowNullValue, Type: typeJSON(p.Type)}
}

func newSchemas(all map[string]*tfprotov6.Schema) map[string]schema {
	out := map[string]schema{}
	for name, s := range all {
		out[name] = newSchema(s)
	}
	return out
}

func newSchema(s *tfprotov6.Schema) schema {
	return schema{Version: s.Version, Block: block{
		Attributes: newAttributes(s.Block.Attributes), Description: s.Block.Description,
		DescriptionKind: kind(s.Block.DescriptionKind), Deprecated: s.Block.Deprecated,
	}}
}

func newAttributes(all []*tfprotov6.SchemaAttribute) map[string]attribute {
	out := map[string]attribute{}
	for _, a := range all {
		own := attribute{
			Description: a.Description, DescriptionKind: kind(a.DescriptionKind), Deprecated: a.Deprecated,
			Required: a.Required, Optional: a.Optional, Computed: a.Computed, Sensitive: a.Sensitive, WriteOnly: a.WriteOnly,
		}
		if a.NestedType != nil {
			own.Nested = &nested{newAttributes(a.NestedType.Attributes), modes[a.NestedType.Nesting]}
		} else {
			own.Type = typeJSON(a.Type)
		}
		out[a.Name] = own
	}
	return out
}

var modes = map[tfprotov6.SchemaObjectNestingMode]string{
	tfprotov6.SchemaObjectNestingModeSingle: "single", tfprotov6.SchemaObjectNestingModeList: "list",
	tfprotov6.SchemaObjectNestingModeSet: "set", tfprotov6.SchemaObjectNestingModeMap: "map",
}

func kind(k tfprotov6.StringKind) string {
	if k == tfprotov6.StringKindMarkdown {
		return "markdown"
	}
	return "plain"
}

// typeJSON is a type as Terraform writes it: "string", ["list", "string"], ["object", {...}].
func typeJSON(t tftypes.Type) json.RawMessage {
	var out any
	switch t := t.(type) {
	case tftypes.List:
		out = []any{"list", typeJSON(t.ElementType)}
	case tftypes.Set:
		out = []any{"set", typeJSON(t.ElementType)}
	case tftypes.Map:
		out = []any{"map", typeJSON(t.ElementType)}
	case tftypes.Object:
		fields := map[string]json.RawMessage{}
		for name, field := range t.AttributeTypes {
			fields[name] = typeJSON(field)
		}
		out = []any{"object", fields}
	default:
		for name, primitive := range primitives {
			if t.Is(primitive) {
				out = name
			}
		}
	}
	raw, err := json.Marshal(out)
	if err != nil || string(raw) == "null" {
		panic(fmt.Sprintf("schema: no JSON for the type %s", t))
	}
	return raw
}

var primitives = map[string]tftypes.Type{
	"string": tftypes.String, "number": tftypes.Number, "bool": tftypes.Bool, "dynamic": tftypes.DynamicPseudoType,
}
