package provider_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

func TestAccProduct(t *testing.T) {
	env := acctest.New(t)
	env.AddProduct(simulator.Product{
		ID: asyncProduct, Status: "ACTIVE", SIMStatus: "SUSPENDED", Offering: "1GB pool",
		StartDate:      time.Date(2024, 4, 1, 20, 0, 0, 0, time.UTC),
		RelatedPartyID: "100200", RelatedPartyName: "TMSP_1", IMSI: "901405100000024", MSISDN: "882285100024",
		Characteristics: map[string]string{"simNotes": "van 7"},
	})
	env.AddProduct(simulator.Product{ID: "INTELSAT-4711", Offering: "FlexEnterprise Global"})
	const sim, satellite = "data.telco_product.sim", "data.telco_product.satellite"
	config := env.Config(`
data "telco_product" "sim" { id = "` + asyncProduct + `" }
data "telco_product" "satellite" { id = "INTELSAT-4711" }
`)
	is := func(address, name, want string) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(address, tfjsonpath.New(name), knownvalue.StringExact(want))
	}
	of := func(name string, want knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue(sim, tfjsonpath.New("sim_card").AtMapKey(name), want)
	}
	text := knownvalue.StringExact
	env.Test(
		resource.TestStep{
			Config: config,
			ConfigStateChecks: []statecheck.StateCheck{
				is(sim, "status", "ACTIVE"), is(sim, "connectivity_type", "CELLULAR"), is(sim, "backend", "TMSP"),
				is(sim, "start_date", "2024-04-01T20:00:00.000Z"), is(sim, "offering", "1GB pool"),
				statecheck.ExpectKnownValue(sim, tfjsonpath.New("related_parties"), knownvalue.ListExact([]knownvalue.Check{
					knownvalue.ObjectExact(map[string]knownvalue.Check{"id": text("100200"), "name": text("TMSP_1"),
						"role": text("customer")}),
				})),
				statecheck.ExpectKnownValue(sim, tfjsonpath.New("characteristics"),
					knownvalue.MapExact(map[string]knownvalue.Check{"SYSTEM": text("TMSP")})),
				of("id", text(asyncProduct+"-simCard")), of("status", text("SUSPENDED")), of("iccid", text("89490200000000000024")),
				of("imsi", text("901405100000024")), of("msisdn", text("882285100024")), of("imei", knownvalue.Null()),
				of("characteristics", knownvalue.MapPartial(map[string]knownvalue.Check{"simNotes": text("van 7"),
					"ICCID": text("89490200000000000024")})),
				is(satellite, "connectivity_type", "SATELLITE"), is(satellite, "backend", "INTELSAT"),
				is(satellite, "offering", "FlexEnterprise Global"),
				statecheck.ExpectKnownValue(satellite, tfjsonpath.New("sim_card"), knownvalue.Null()),
			},
			Check: env.CheckLedger(),
		},
		resource.TestStep{ // other spellings, and a SIM card that has to be read on its own
			PreConfig: func() {
				env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.CharacteristicCase, q.NoNestedSIMCard = "upper", true })
			},
			Config:            config,
			ConfigStateChecks: []statecheck.StateCheck{of("imsi", text("901405100000024")), of("status", text("SUSPENDED"))},
		},
		resource.TestStep{
			Config:      env.Config(`data "telco_product" "missing" { id = "TMSP-89490200000000000099" }`),
			ExpectError: regexp.MustCompile(`Unknown\s+product(.|\n)*TMSP-89490200000000000099`),
		},
		resource.TestStep{
			PreConfig: func() {
				env.Inject(simulator.Fault{Match: simulator.Match{Route: "product.read"}, Effect: simulator.Answer, Status: 500,
					Body: `{"title":"Broken"}`})
			},
			Config:      config,
			ExpectError: regexp.MustCompile(`Unable\s+to\s+read\s+product(.|\n)*Broken`),
		},
	)
}
