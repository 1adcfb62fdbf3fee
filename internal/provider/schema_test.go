package provider_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	frameworkprovider "github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/simfleet/terraform-provider-telco/internal/provider"
)

// TestSchemas validates every schema and checks that each attribute, nested ones too, is described.
func TestSchemas(t *testing.T) {
	ctx := t.Context()
	p := provider.New("test")()

	var own frameworkprovider.SchemaResponse
	p.Schema(ctx, frameworkprovider.SchemaRequest{}, &own)
	if d := own.Schema.ValidateImplementation(ctx); d.HasError() {
		t.Errorf("provider: %v", d)
	}
	for _, newResource := range p.Resources(ctx) {
		r, meta, s := newResource(), resource.MetadataResponse{}, resource.SchemaResponse{}
		r.Metadata(ctx, resource.MetadataRequest{ProviderTypeName: "telco"}, &meta)
		r.Schema(ctx, resource.SchemaRequest{}, &s)
		if d := s.Schema.ValidateImplementation(ctx); d.HasError() || s.Diagnostics.HasError() {
			t.Errorf("%s: %v %v", meta.TypeName, d, s.Diagnostics)
		}
	}
	for _, newDataSource := range p.DataSources(ctx) {
		d, meta, s := newDataSource(), datasource.MetadataResponse{}, datasource.SchemaResponse{}
		d.Metadata(ctx, datasource.MetadataRequest{ProviderTypeName: "telco"}, &meta)
		d.Schema(ctx, datasource.SchemaRequest{}, &s)
		if d := s.Schema.ValidateImplementation(ctx); d.HasError() || s.Diagnostics.HasError() {
			t.Errorf("%s: %v %v", meta.TypeName, d, s.Diagnostics)
		}
	}

	// What Terraform and the documentation get to see.
	all, err := providerserver.NewProtocol6(p)().GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(slices.Sorted(maps.Keys(all.ResourceSchemas)), " "),
		"telco_mvno_sim_swap telco_sim_aa_group telco_sim_card telco_sim_fleet_status telco_sim_status"; got != want {
		t.Errorf("resources: %s", got)
	}
	if got, want := strings.Join(slices.Sorted(maps.Keys(all.DataSourceSchemas)), " "),
		"telco_accounts telco_mvno_account telco_mvno_accounts telco_mvno_sims telco_product telco_products telco_sim_cards"; got != want {
		t.Errorf("data sources: %s", got)
	}
	if got, want := strings.Join(slices.Sorted(maps.Keys(all.EphemeralResourceSchemas)), " "),
		"telco_mvno_sim_codes"; got != want {
		t.Errorf("ephemeral resources: %s", got)
	}
	if got, want := strings.Join(slices.Sorted(maps.Keys(all.ListResourceSchemas)), " "),
		"telco_mvno_sim_swap telco_sim_card telco_sim_status"; got != want {
		t.Errorf("list resources: %s", got)
	}
	described(t, "provider", all.Provider)
	for name, s := range all.ResourceSchemas {
		described(t, name, s)
	}
	for name, s := range all.DataSourceSchemas {
		described(t, name, s)
	}
	for name, s := range all.EphemeralResourceSchemas {
		described(t, name, s)
	}
	for name, s := range all.ListResourceSchemas {
		described(t, name, s)
	}
}

func described(t *testing.T, name string, s *tfprotov6.Schema) {
	t.Helper()
	if s.Block.Description == "" && name != "provider" || len(s.Block.BlockTypes) > 0 {
		t.Errorf("%s has no description, or blocks", name)
	}
	describedAttributes(t, name, s.Block.Attributes)
}

func describedAttributes(t *testing.T, path string, attributes []*tfprotov6.SchemaAttribute) {
	t.Helper()
	for _, a := range attributes {
		if own := path + "." + a.Name; a.Description == "" {
			t.Errorf("%s is not described", own)
		} else if a.NestedType != nil {
			describedAttributes(t, own, a.NestedType.Attributes)
		}
		secret := slices.Contains([]string{"client_secret", "access_token", "password", "token", "pin1", "pin2", "puk1",
			"puk2"}, a.Name)
		if a.Sensitive != secret {
			t.Errorf("%s.%s: sensitive is %v", path, a.Name, a.Sensitive)
		}
	}
}
