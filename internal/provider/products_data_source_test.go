package provider_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// TestAccProducts: all pages of a list that is paged badly, sorted by id; what the API can't filter is filtered here.
func TestAccProducts(t *testing.T) {
	env := acctest.New(t)
	env.SetCMOQuirks(func(q *simulator.CMOQuirks) { q.ListPageCap, q.ListShortPages, q.ListDuplicate = 4, true, true })
	var cellular []string
	for i := range 9 {
		id := fmt.Sprintf("TMSP-894902000000000002%02d", i)
		env.AddProduct(simulator.Product{ID: id, Status: []string{"ACTIVE", "SUSPENDED", "INVENTORY"}[i%3]})
		cellular = append(cellular, id)
	}
	env.AddProduct(simulator.Product{ID: syncProduct, Status: "SUSPENDED"})
	env.AddProduct(simulator.Product{ID: "INTELSAT-4711"})
	all := append([]string{"INTELSAT-4711", syncProduct}, cellular...)

	config := env.Config(`
data "telco_products" "all" {}
data "telco_products" "paged" { page_size = 3 }
data "telco_products" "suspended" { statuses = ["SUSPENDED"] }
data "telco_products" "some" {
  statuses = ["SUSPENDED", "INVENTORY"]
  backends = ["JASPER", "INTELSAT"]
}
data "telco_products" "satellites" { connectivity_type = "SATELLITE" }
data "telco_products" "none" { backends = ["STC"] }
`)
	ids := func(name string, want ...string) statecheck.StateCheck {
		list := []knownvalue.Check{}
		for _, id := range want {
			list = append(list, knownvalue.StringExact(id))
		}
		return statecheck.ExpectKnownValue("data.telco_products."+name, tfjsonpath.New("ids"), knownvalue.ListExact(list))
	}
	product := func(id, backend, connectivity, status string, iccid knownvalue.Check) knownvalue.Check {
		return knownvalue.ObjectExact(map[string]knownvalue.Check{
			"id": knownvalue.StringExact(id), "backend": knownvalue.StringExact(backend), "iccid": iccid,
			"connectivity_type": knownvalue.StringExact(connectivity), "status": knownvalue.StringExact(status),
		})
	}
	products := func(name string, want ...knownvalue.Check) statecheck.StateCheck {
		return statecheck.ExpectKnownValue("data.telco_products."+name, tfjsonpath.New("products"),
			knownvalue.ListExact(want))
	}
	env.Test(
		resource.TestStep{
			Config: config,
			ConfigStateChecks: []statecheck.StateCheck{
				ids("all", all...), ids("paged", all...), ids("suspended", syncProduct, cellular[1], cellular[4], cellular[7]),
				ids("some", syncProduct), ids("satellites", "INTELSAT-4711"), ids("none"),
				products("some", product(syncProduct, "JASPER", "CELLULAR", "SUSPENDED",
					knownvalue.StringExact("8997100000000000017"))),
				products("satellites", product("INTELSAT-4711", "INTELSAT", "SATELLITE", "ACTIVE", knownvalue.Null())),
				products("none"),
			},
			Check: env.CheckLedger(),
		},
		resource.TestStep{
			Config:      env.Config(`data "telco_products" "bad" { connectivity_type = "cellular" }`),
			ExpectError: regexp.MustCompile(`connectivity_type`),
		},
		resource.TestStep{
			PreConfig: func() {
				env.Inject(simulator.Fault{Match: simulator.Match{Route: "product.list"}, Effect: simulator.Answer, Status: 200,
					Body: "{}"})
			},
			Config:      config,
			ExpectError: regexp.MustCompile(`Unable\s+to\s+list\s+products(.|\n)*does\s+not\s+look\s+like\s+the\s+CMO\s+API`),
		},
	)
}
