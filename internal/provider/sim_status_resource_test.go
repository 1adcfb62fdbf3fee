package provider_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"
	"github.com/hashicorp/terraform-plugin-testing/tfjsonpath"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

const (
	syncProduct  = "JASPER-8997100000000000017"
	asyncProduct = "TMSP-89490200000000000024"
	simStatus    = "telco_sim_status.test"
)

func simStatusConfig(productID, status string) string {
	return fmt.Sprintf(`
resource "telco_sim_status" "test" {
  product_id = %q
  status     = %q
}`, productID, status)
}

func TestAccSIMStatus_basic(t *testing.T) {
	for name, productID := range map[string]string{"synchronous": syncProduct, "asynchronous": asyncProduct} {
		t.Run(name, func(t *testing.T) {
			env := acctest.New(t)
			env.AddProduct(simulator.Product{ID: productID, Status: "INACTIVE", SIMStatus: "INACTIVE"})
			env.Test(
				resource.TestStep{
					Config: env.Config(simStatusConfig(productID, "ACTIVE")),
					ConfigStateChecks: []statecheck.StateCheck{
						statecheck.ExpectKnownValue(simStatus, tfjsonpath.New("id"), knownvalue.StringExact(productID)),
						statecheck.ExpectKnownValue(simStatus, tfjsonpath.New("status"), knownvalue.StringExact("ACTIVE")),
						statecheck.ExpectKnownValue(simStatus, tfjsonpath.New("operation_status"), knownvalue.StringExact("complete")),
					},
					Check: acctest.CheckAll(
						env.CheckLedger("status "+productID),
						env.CheckWarned("Live, irreversible change: SIM status", productID, "INACTIVE -> ACTIVE", "can't be undone automatically"),
					),
				},
				resource.TestStep{
					PreConfig:        func() { env.Warnings("") },
					Config:           env.Config(simStatusConfig(productID, "ACTIVE")),
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()}},
					Check:            env.CheckSilent(),
				},
				resource.TestStep{
					Config: env.Config(simStatusConfig(productID, "SUSPENDED")),
					ConfigPlanChecks: resource.ConfigPlanChecks{PreApply: []plancheck.PlanCheck{
						plancheck.ExpectResourceAction(simStatus, plancheck.ResourceActionUpdate),
					}},
					Check: env.CheckLedger("status "+productID, "status "+productID),
				},
				resource.TestStep{
					ResourceName: simStatus, ImportState: true, ImportStateVerify: true, ImportStateId: productID,
				},
			)
		})
	}
}
