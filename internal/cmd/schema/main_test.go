package main

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func TestTypeJSON(t *testing.T) {
	for want, of := range map[string]tftypes.Type{
		`"string"`:          tftypes.String,
		`"number"`:          tftypes.Number,
		`"bool"`:            tftypes.Bool,
		`"dynamic"`:         tftypes.DynamicPseudoType,
		`["list","string"]`: tftypes.List{ElementType: tftypes.String},
		`["set","bool"]`:    tftypes.Set{ElementType: tftypes.Bool},
		`["map",["object",{"a":"number","b":["list","string"]}]]`: tftypes.Map{ElementType: tftypes.Object{
			AttributeTypes: map[string]tftypes.Type{"b": tftypes.List{ElementType: tftypes.String}, "a": tftypes.Number},
		}},
	} {
		if got := string(typeJSON(of)); got != want {
			t.Errorf("%s: got %s", of, got)
		}
	}
}
