package provider_test

import (
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// TestAccGone: an object that was taken out elsewhere and is there again is planned as new, not as a replacement, which
// each of these resources refuses.
func TestAccGone(t *testing.T) {
	group := simulator.M2MSIM{ICCID: "8944000000000000017", Status: "active", Group: "PEND01"}
	account := simulator.MVNOAccount{ID: "5f0c1a2b3c4d5e6f70819203", Number: "+4520000001", State: "ACTIVE",
		SIMNumber: "8945010000000000041"}
	product := simulator.Product{ID: syncProduct, Status: "ACTIVE", SIMStatus: "ACTIVE"}
	for name, c := range map[string]struct {
		address, config string
		add             func(*acctest.Env)
		remove          func(*acctest.Env)
	}{
		"sim_status": {
			"telco_sim_status.test",
			`resource "telco_sim_status" "test" {
  product_id        = "` + syncProduct + `"
  status            = "ACTIVE"
  status_on_destroy = "SUSPENDED"
}`,
			func(env *acctest.Env) { env.AddProduct(product) },
			func(env *acctest.Env) { env.RemoveProduct(product.ID) },
		},
		"sim_aa_group": {
			"telco_sim_aa_group.test",
			`resource "telco_sim_aa_group" "test" {
  iccid      = "8944000000000000017"
  group_code = "LIVE10"
}`,
			func(env *acctest.Env) { env.AddM2MSIM(group) },
			func(env *acctest.Env) { env.RemoveM2MSIM(group.ICCID) },
		},
		"mvno_sim_swap": {
			"telco_mvno_sim_swap.test",
			`resource "telco_mvno_sim_swap" "test" {
  account_id = "5f0c1a2b3c4d5e6f70819203"
  new_sim    = "autoAssign"
}`,
			func(env *acctest.Env) { env.AddMVNOAccount(account) },
			func(env *acctest.Env) { env.RemoveMVNOAccount(account.ID) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			env := acctest.New(t)
			env.AddM2MGroup(simulator.M2MGroup{Code: "LIVE10", Type: "live"})
			env.AddM2MGroup(simulator.M2MGroup{Code: "PEND01", Type: "pending"})
			for _, icc := range []string{"8945010000000000041", "8945010000000000042", "8945010000000000043"} {
				env.AddMVNOSIM(simulator.MVNOSIM{ICC: icc, Network: "TDC", FormFactor: "NANO", AutoAssign: true})
			}
			c.add(env)
			// The service has others too: where nothing of ours were there, it would not be taken for the right one.
			env.AddProduct(simulator.Product{ID: asyncProduct, SIMStatus: "ACTIVE"})
			env.AddMVNOAccount(simulator.MVNOAccount{ID: "5f0c1a2b3c4d5e6f70819299", SIMNumber: "8945010000000000099"})
			env.Test(
				resource.TestStep{Config: env.Config(c.config)},
				resource.TestStep{
					PreConfig:   func() { c.remove(env) },
					Config:      env.Config(c.config),
					ExpectError: regexp.MustCompile(`Unknown\s+(SIM|MVNO\s+account)`),
				},
				resource.TestStep{
					PreConfig: func() { c.add(env) },
					Config:    env.Config(c.config),
					ConfigPlanChecks: resource.ConfigPlanChecks{
						PostApplyPostRefresh: []plancheck.PlanCheck{plancheck.ExpectEmptyPlan()},
					},
				},
			)
		})
	}
}
