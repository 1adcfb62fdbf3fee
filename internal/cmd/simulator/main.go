// Command simulator serves the simulated SIM APIs on the loopback interface, for demos, rehearsals and scripts.
//
//	go run ./internal/cmd/simulator -listen 127.0.0.1:8080 -control 127.0.0.1:8081
//
// It talks to no real network. Its credentials are made up, and printed when it starts. The control address serves
// what Simulator.Control documents: a portal for a browser, and for scripts the ledger, faults, quirks and changes "in
// the portal".
//
// -sims seeds that many SIMs in each API (see seed.go for their ids); -seed adds what a JSON file holds, each part
// optional:
//
//	{
//	  "accounts": [{"key": "acme-fleet", "sims": [{"CLI": "001010000000001", "State": 1, "Description": "van 12"}]}],
//	  "cmo":      [{"id": "TMSP-89490200000000000001", "status": "ACTIVE", "sim_status": "INACTIVE"}],
//	  "m2m":      {"groups": [{"code": "LIVE10", "name": "Live 10 MB", "type": "live"}],
//	               "sims": [{"iccid": "8944000000000000001", "status": "active", "group": "PEND01"}]},
//	  "mvno":     {"accounts": [{"id": "5f0c1a2b3c4d5e6f70819201", "number": "+4512345678", "state": "ACTIVE",
//	                             "sim_number": "8945019000000000001"}],
//	               "sims": [{"icc": "8945010000000000001", "form_factor": "NANO", "auto_assign": true}]}
//	}
//
// The fields are those of the simulator's types SIMCard (wire names), Product, M2MGroup, M2MSIM, MVNOAccount and
// MVNOSIM. An object of the same key replaces the one before.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "simulator:", err)
		os.Exit(1)
	}
}

// ledgerInterval is how often new changes are looked for while they are printed as they happen.
const ledgerInterval = 200 * time.Millisecond

type options struct {
	listen, control string
	latency, settle time.Duration
	sims            int
	seed, envFile   string
	ledger          bool
}

func parseOptions(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("simulator", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:0", "loopback `address` of the APIs; port 0 takes a free one")
	flags.StringVar(&o.control, "control", "127.0.0.1:0", "loopback `address` of the controls")
	flags.DurationVar(&o.latency, "latency", 0, "delay of each answer")
	flags.DurationVar(&o.settle, "settle", 2*time.Second, "how long an accepted operation takes")
	flags.IntVar(&o.sims, "sims", 10, "SIMs to seed in each API")
	flags.StringVar(&o.seed, "seed", "", "JSON `file` of objects to add: "+
		`{"accounts":[{"key","sims":[{"CLI",...}]}],"cmo":[{"id","status",...}],"m2m":{"groups":[],"sims":[]},"mvno":{"accounts":[],"sims":[]}}`+
		"; see the comment of package main")
	flags.StringVar(&o.envFile, "env-file", "",
		"`file` to write the provider's environment variables to, as shell exports, once the simulator listens")
	flags.BoolVar(&o.ledger, "ledger", true, "print each executed change as it happens")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if o.sims < 0 || o.sims > maxSIMs {
		return o, fmt.Errorf("-sims must be from 0 to %d", maxSIMs)
	}
	return o, nil
}

// run serves until ctx ends, then prints the ledger.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parseOptions(args, stderr)
	if err != nil {
		return err
	}
	sim := simulator.New(simulator.WithLatency(o.latency), simulator.SettleAfter(o.settle))
	seedSIMs(sim, o.sims)
	if o.seed != "" {
		if err := seedFrom(sim, o.seed); err != nil {
			return err
		}
	}

	failed := make(chan error, 2)
	api, stopAPI, err := serve(o.listen, sim.Handler(), failed)
	if err != nil {
		return err
	}
	defer stopAPI()
	control, stopControl, err := serve(o.control, sim.Control(), failed)
	if err != nil {
		return err
	}
	defer stopControl()

	env := environment(api, control)
	if o.envFile != "" {
		if err := writeEnvironment(o.envFile, env); err != nil {
			return err
		}
	}
	greet(stdout, api, control, env, o.sims)

	tick := time.NewTicker(ledgerInterval)
	defer tick.Stop()
	shown := 0
	for {
		select {
		case err := <-failed:
			return err
		case <-tick.C:
			if !o.ledger {
				continue
			}
			changes := sim.Ledger()
			printChanges(stdout, changes[shown:])
			shown = len(changes)
		case <-ctx.Done():
			changes := sim.Ledger()
			_, _ = fmt.Fprintf(stdout, "\nLedger: %d executed changes, %d requests to unknown routes\n",
				len(changes), len(sim.Unexpected()))
			printChanges(stdout, changes)
			return nil
		}
	}
}

// serve listens on a loopback address and answers there until stop is called.
func serve(address string, h http.Handler, failed chan<- error) (url string, stop func(), err error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return "", nil, err
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", nil, fmt.Errorf("refusing to listen on %q: the simulator serves the loopback interface only", address)
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", address)
	if err != nil {
		return "", nil, err
	}
	if tcp, ok := listener.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() { // localhost may be anything
		_ = listener.Close()
		return "", nil, fmt.Errorf("refusing to listen on %s: the simulator serves the loopback interface only",
			listener.Addr())
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	}()
	// Close and not Shutdown: a request that a fault lets hang would hold it up for ever.
	return "http://" + listener.Addr().String(), func() { _ = server.Close() }, nil
}

func printChanges(w io.Writer, changes []simulator.Change) {
	for _, c := range changes {
		_, _ = fmt.Fprintf(w, "%s  #%-5d %-8s %-8s %s  %s\n",
			c.Time.Format("15:04:05.000"), c.Seq, c.API, c.Action, c.Key, c.Detail)
	}
}
