package provider_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

func TestAccMVNOAccountDataSource_basic(t *testing.T) {
	const name = "data.telco_mvno_account.test"
	config := func(id string) string {
		return fmt.Sprintf("data \"telco_mvno_account\" \"test\" {\n  id = %q\n}\n", id)
	}
	env := newSwapEnv(t)
	env.AddMVNOSIM(simulator.MVNOSIM{ICC: swapOld, IMSI: "238010000000017", Network: "TELENOR"})
	const bare = "5f0c1a2b3c4d5e6f70819299"
	env.AddMVNOAccount(simulator.MVNOAccount{ID: bare, State: "CREATING"})
	env.Test(
		resource.TestStep{
			Config: env.Config(config(swapAccount)),
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(name, "id", swapAccount),
				resource.TestCheckResourceAttr(name, "number", "+4512345678"),
				resource.TestCheckResourceAttr(name, "state", "ACTIVE"),
				resource.TestCheckResourceAttr(name, "type", "MVNO"),
				resource.TestCheckResourceAttrSet(name, "customer"),
				resource.TestCheckResourceAttr(name, "sim_number", swapOld),
				resource.TestCheckResourceAttr(name, "imsi", "238010000000017"),
				resource.TestCheckResourceAttr(name, "network", "TELENOR"),
			),
		},
		resource.TestStep{ // what the service leaves out is null
			Config: env.Config(config(bare)),
			Check: acctest.CheckAll(
				resource.TestCheckResourceAttr(name, "state", "CREATING"),
				resource.TestCheckNoResourceAttr(name, "number"),
				resource.TestCheckNoResourceAttr(name, "sim_number"),
				env.CheckLedger(),
			),
		},
		resource.TestStep{Config: env.Config(config("5f0c1a2b3c4d5e6f708192ff")),
			ExpectError: regexp.MustCompile(`Unknown MVNO account`)},
		resource.TestStep{Config: env.Config(config("+4512345678")),
			ExpectError: regexp.MustCompile(`24\s+hex\s+characters`)},
		resource.TestStep{
			PreConfig:   func() { env.SetMVNOQuirks(func(q *simulator.MVNOQuirks) { q.AccessLevel = "PERSONAL" }) },
			Config:      env.Config(config(swapAccount)),
			ExpectError: regexp.MustCompile(`(?s)Unable to read MVNO account.*access_denied`),
		},
	)
}
