package provider_test

import (
	"fmt"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/acctest"
	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

const swapAccount, swapOld = "5f0c1a2b3c4d5e6f70819203", "8945010000000000017"

func newSwapEnv(t *testing.T) *acctest.Env {
	t.Helper()
	env := acctest.New(t)
	env.AddMVNOAccount(simulator.MVNOAccount{ID: swapAccount, Number: "+4512345678", SIMNumber: swapOld})
	return env
}
var _ = fmt.Sprint
