package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// maxSIMs keeps every seeded id within its own range.
const maxSIMs = 1_000_000

// seedAccount is the account of the accounts API that always exists.
const seedAccount = "acme-fleet"

// The seeded ids are the same in every run. n counts from 1.
func seedCLI(n int) string       { return fmt.Sprintf("00101%010d", n) }
func seedICCID(n int) string     { return fmt.Sprintf("8944%015d", n) }
func seedMVNOID(n int) string    { return fmt.Sprintf("5f0c1a2b%016x", 0x3c4d5e6f70819200+uint64(n)) }
func seedPoolICC(n int) string   { return fmt.Sprintf("894501%013d", n) }
func seedHeldICC(n int) string   { return fmt.Sprintf("8945019%012d", n) }
func seedMSISDN(n int) string    { return fmt.Sprintf("+4520%06d", n) }
func seedTMSP(n int) string      { return fmt.Sprintf("TMSP-894902%014d", n) }
func seedJasper(n int) string    { return fmt.Sprintf("JASPER-89971%014d", n) }
func seedOneNCE(n int) string    { return fmt.Sprintf("1NCE-898828%013d", n) }
func seedSIMNumber(n int) string { return fmt.Sprintf("8900%015d", n) }

// seedProduct is the n-th CMO product: asynchronous TMSP, synchronous JASPER and 1NCE by turns, each numbered from 1.
func seedProduct(n int) simulator.Product {
	of := (n + 2) / 3
	switch n % 3 {
	case 1:
		return simulator.Product{ID: seedTMSP(of), Status: "INACTIVE", SIMStatus: "INACTIVE"}
	case 2:
		return simulator.Product{ID: seedJasper(of), Status: "INACTIVE", SIMStatus: "INACTIVE"}
	default: // which can only be suspended and resumed
		return simulator.Product{ID: seedOneNCE(of), Status: "SUSPENDED", SIMStatus: "SUSPENDED"}
	}
}

// seedSIMs puts n SIMs into each API, and as many again into the MVNO's pool, where every fourth is an eSIM.
func seedSIMs(sim *simulator.Simulator, n int) {
	sim.SetAccount(simulator.Account{Key: seedAccount, TenantID: "acme", Description: "vans",
		EmailContact: "fleet@example.com"})
	sim.AddM2MGroup(simulator.M2MGroup{Code: "LIVE10", Name: "Live 10 MB", Type: "live"})
	sim.AddM2MGroup(simulator.M2MGroup{Code: "PEND01", Name: "Pending", Type: "pending"})
	// The pool comes before the accounts: adding a SIM searches all accounts for one that holds it.
	for i := 1; i <= n; i++ {
		free := simulator.MVNOSIM{ICC: seedPoolICC(i), FormFactor: "NANO", AutoAssign: true}
		if i%4 == 0 {
			free.FormFactor = "eSIM"
		}
		sim.AddMVNOSIM(free)
	}
	for i := 1; i <= n; i++ {
		sim.AddSIMCard(seedAccount, simulator.SIMCard{
			CLI: seedCLI(i), SIMNumber: new(seedSIMNumber(i)), Description: new(fmt.Sprintf("van %d", i)), State: 1,
		})
		sim.AddProduct(seedProduct(i))
		sim.AddM2MSIM(simulator.M2MSIM{ICCID: seedICCID(i), Status: "active", Group: "PEND01", TestAllowance: 10})
		sim.AddMVNOAccount(simulator.MVNOAccount{
			ID: seedMVNOID(i), Number: seedMSISDN(i), State: "ACTIVE", SIMNumber: seedHeldICC(i),
		})
	}
}

// seededIDs lists the first and last id of each kind.
func seededIDs(n int) string {
	return fmt.Sprintf(`Seeded (n = 1 to %[1]d):
  accounts   %[2]s, CLI %[3]s to %[4]s
  cmo        %[5]s, %[6]s, %[7]s and so on
  m2m        ICCID %[8]s to %[9]s in group PEND01; live group LIVE10
  mvno       account %[10]s to %[11]s; free SIMs %[12]s to %[13]s, every fourth an eSIM

`, n, seedAccount, seedCLI(1), seedCLI(n), seedTMSP(1), seedJasper(1), seedOneNCE(1),
		seedICCID(1), seedICCID(n), seedMVNOID(1), seedMVNOID(n), seedPoolICC(1), seedPoolICC(n))
}

// seedFile is the format of -seed.
type seedFile struct {
	Accounts []struct {
		simulator.Account
		SIMs []simulator.SIMCard `json:"sims"`
	} `json:"accounts"`
	CMO []simulator.Product `json:"cmo"`
	M2M struct {
		Groups []simulator.M2MGroup `json:"groups"`
		SIMs   []simulator.M2MSIM   `json:"sims"`
	} `json:"m2m"`
	MVNO struct {
		Accounts []simulator.MVNOAccount `json:"accounts"`
		SIMs     []simulator.MVNOSIM     `json:"sims"`
	} `json:"mvno"`
}

func seedFrom(sim *simulator.Simulator, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var seed seedFile
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&seed); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, account := range seed.Accounts {
		sim.SetAccount(account.Account)
		for _, card := range account.SIMs {
			sim.AddSIMCard(account.Key, card)
		}
	}
	for _, product := range seed.CMO {
		sim.AddProduct(product)
	}
	for _, group := range seed.M2M.Groups {
		sim.AddM2MGroup(group)
	}
	for _, s := range seed.M2M.SIMs {
		sim.AddM2MSIM(s)
	}
	for _, s := range seed.MVNO.SIMs {
		sim.AddMVNOSIM(s)
	}
	for _, account := range seed.MVNO.Accounts {
		sim.AddMVNOAccount(account)
	}
	return nil
}
