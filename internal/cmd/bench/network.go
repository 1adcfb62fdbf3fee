package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// network is a simulated CMO that listens.
type network struct {
	*simulator.Simulator
	server *http.Server
	base   string
}

func newNetwork(options ...simulator.Option) (*network, error) {
	n := &network{Simulator: simulator.New(options...)}
	var err error
	n.server, n.base, err = serve(n.Handler())
	return n, err
}

func (n *network) close() { _ = n.server.Close() }

func (n *network) providerBlock(settings string) string {
	return fmt.Sprintf(`
provider "telco" {
  cmo = {
    endpoint      = "%[1]s/cmo/v5"
    tenant        = %[2]q
    token_url     = "%[1]s/cmo/token"
    client_id     = %[3]q
    client_secret = %[4]q
    %[5]s
  }
}
`, n.base, simulator.Tenant, simulator.ClientID, simulator.ClientSecret, settings)
}

// calls counts the calls of each route since they were last forgotten.
func (n *network) calls() map[string]int {
	calls := map[string]int{}
	for _, r := range n.Requests(simulator.Match{}) {
		calls[r.Route]++
	}
	return calls
}

// span is the time from the first to the last call since they were last forgotten.
func (n *network) span() time.Duration {
	requests := n.Requests(simulator.Match{})
	if len(requests) == 0 {
		return 0
	}
	return requests[len(requests)-1].Time.Sub(requests[0].Time)
}
