// Command bench measures what a fleet costs, in one run on one machine: make bench.
//
// It builds the provider, serves the simulated CMO and the Terraform state from its own process (the local backend
// writes the whole state again after each instance, which would measure the file), and runs a real CLI through create,
// plan without changes, update and destroy: for terraform_data, which is Terraform's own floor, for telco_sim_status
// and for telco_sim_fleet_status. It prints one table, and what the provider promises beside what was measured. All it
// makes is in one temporary folder.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	// The CLI gets the signal from the terminal as well, finishes what it has begun and ends; only then is anything
	// cleaned up.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	cli      string
	n, fleet int
	latency  time.Duration
	timeout  time.Duration
	reckon   bool
	only     []string
}

// parts are what -only chooses from, in the order in which they run. Those in extraParts run only where they are named.
var (
	parts      = []string{"floor", "status", "fleet", "journal", "limit", "async"}
	extraParts = []string{"for_each", "runs", "backends"}
)

func parseOptions(args []string, stderr io.Writer) (options, error) {
	var o options
	only := ""
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.cli, "cli", "terraform", "the Terraform or OpenTofu `command` to use")
	flags.IntVar(&o.n, "n", 1000, "SIMs that are instances of their own, and of the small fleet")
	flags.IntVar(&o.fleet, "fleet", 10_000, "SIMs of the large fleet")
	flags.DurationVar(&o.latency, "latency", 20*time.Millisecond, "delay of each answer of the simulated API")
	flags.DurationVar(&o.timeout, "timeout", 30*time.Minute, "the longest that all may take")
	flags.BoolVar(&o.reckon, "reckon", false, "reckon what a plan of as many terraform_data as the large fleet has SIMs "+
		"takes, instead of waiting for it")
	flags.StringVar(&only, "only", "", "comma-separated `parts` to run, of "+strings.Join(append(slices.Clone(parts),
		extraParts...), ", ")+
		"; all but the last three by default")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if o.n < 1 || o.fleet < 1 || o.n > 100_000 || o.fleet > 100_000 {
		return o, errors.New("-n and -fleet must be from 1 to 100000")
	}
	o.only = parts
	if only != "" {
		o.only = strings.Split(only, ",")
	}
	for _, part := range o.only {
		if !slices.Contains(parts, part) && !slices.Contains(extraParts, part) {
			return o, fmt.Errorf("-only: there is no part %q", part)
		}
	}
	return o, nil
}

// run measures, then prints what there is, also when it was interrupted or its time was over.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parseOptions(args, stderr)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	b, err := newBench(ctx, o, stderr)
	if err != nil {
		return err
	}
	defer b.close()

	err = b.measure()
	_, _ = fmt.Fprintln(stdout, b.report())
	return err
}
