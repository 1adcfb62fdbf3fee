package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// variable is one environment variable of the provider, or of scripts that steer the simulator.
type variable struct{ name, value string }

// environment is what the provider needs to work against this simulator, without a word in its configuration.
func environment(api, control string) []variable {
	return []variable{
		{"TELCO_ACCOUNTS_ENDPOINT", api + "/accounts"},
		{"TELCO_ACCOUNTS_CLIENT_ID", simulator.ClientID},
		{"TELCO_ACCOUNTS_CLIENT_SECRET", simulator.ClientSecret},
		{"TELCO_CMO_ENDPOINT", api + "/cmo/v5"},
		{"TELCO_CMO_TENANT", simulator.Tenant},
		{"TELCO_CMO_TOKEN_URL", api + "/cmo/token"},
		{"TELCO_CMO_CLIENT_ID", simulator.ClientID},
		{"TELCO_CMO_CLIENT_SECRET", simulator.ClientSecret},
		{"TELCO_M2M_ENDPOINT", api + "/m2m"},
		{"TELCO_M2M_USERNAME", simulator.M2MUsername},
		{"TELCO_M2M_PASSWORD", simulator.M2MPassword},
		{"TELCO_M2M_API_ID", simulator.M2MAPIID},
		{"TELCO_MVNO_ENDPOINT", api + "/mvno"},
		{"TELCO_MVNO_TOKEN", simulator.MVNOToken},
		{"TELCO_SIMULATOR_CONTROL", control},
	}
}

// exports writes the variables for a POSIX shell.
func exports(env []variable) string {
	var b strings.Builder
	for _, v := range env {
		fmt.Fprintf(&b, "export %s='%s'\n", v.name, strings.ReplaceAll(v.value, "'", `'\''`))
	}
	return b.String()
}

// writeEnvironment makes the file appear whole, so that a script may wait for it and read it at once.
func writeEnvironment(path string, env []variable) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".simulator-env-*")
	if err != nil {
		return err
	}
	_, err = temporary.WriteString(exports(env))
	if closeErr := temporary.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temporary.Name())
	}
	return err
}

// greet says what this is, and how to use it with the provider.
func greet(w io.Writer, api, control string, env []variable, sims int) {
	_, _ = fmt.Fprintf(w, `This is a SIMULATOR of the four SIM APIs: no real network is touched, and its credentials open no other door.

  APIs      %s
  portal    %s/ (open it in a browser: the SIMs, the ledger, and a colleague's buttons)
  controls  the same address, for scripts (GET /ledger, /requests, /unexpected; POST /faults, /quirks/{api}, /portal/{api})

provider "telco" {
  accounts = {
    endpoint      = %q
    client_id     = %q
    client_secret = %q
  }
  cmo = {
    endpoint      = %q
    tenant        = %q
    token_url     = %q
    client_id     = %q
    client_secret = %q
  }
  m2m = {
    endpoint = %q
    username = %q
    password = %q
    api_id   = %q
  }
  mvno = {
    endpoint = %q
    token    = %q
  }
}

Or, with an empty provider block:

%s
`, api, control,
		api+"/accounts", simulator.ClientID, simulator.ClientSecret,
		api+"/cmo/v5", simulator.Tenant, api+"/cmo/token", simulator.ClientID, simulator.ClientSecret,
		api+"/m2m", simulator.M2MUsername, simulator.M2MPassword, simulator.M2MAPIID,
		api+"/mvno", simulator.MVNOToken,
		exports(env))
	if sims > 0 {
		_, _ = fmt.Fprint(w, seededIDs(sims))
	}
}
