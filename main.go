// Command terraform-provider-telco is the Terraform provider for SIM cards on live mobile networks.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"runtime/debug"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/simfleet/terraform-provider-telco/internal/journal"
	"github.com/simfleet/terraform-provider-telco/internal/provider"
	"github.com/simfleet/terraform-provider-telco/internal/review"
)

// Set by the release build.
var (
	version = "dev"
	commit  = "none"
)

// commands are what the binary does where its first argument names one; without, it serves the provider.
var commands = map[string]func(args []string, stdin io.Reader, stdout, stderr io.Writer) int{
	"journal": func(args []string, _ io.Reader, stdout, stderr io.Writer) int {
		return journal.Command(args, stdout, stderr)
	},
	"review": review.Command,
}

func main() {
	if len(os.Args) > 1 {
		if command, ok := commands[os.Args[1]]; ok {
			os.Exit(command(os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
		}
	}

	attach := flag.Bool("debug", false, "run so that a debugger such as delve can attach")
	printVersion := flag.Bool("version", false, "print version and commit, then exit")
	flag.Parse()
	if *printVersion {
		fmt.Printf("terraform-provider-telco %s (%s)\n", version, commit)
		return
	}

	options := []provider.Option{provider.WithCommit(commit)}
	if !*attach {
		provider.QuietLogs()
		options = append(options, provider.StartedByCLI())
	}
	collectLess()
	err := providerserver.Serve(context.Background(), provider.New(version, options...), providerserver.ServeOpts{
		Address: "registry.terraform.io/simfleet/telco",
		Debug:   *attach,
	})
	if err != nil {
		log.Fatal(err)
	}
}

// collectLess spends memory for time: a plan of a fleet makes much garbage in a short life, and a third of the
// provider's CPU went into collecting it. The limit is what a fleet of 100,000 may take: beyond it, Go collects
// harder than usual rather than grow. What GOGC or GOMEMLIMIT say wins.
func collectLess() {
	if asked := debug.SetGCPercent(300); asked != 100 {
		debug.SetGCPercent(asked)
	}
	if asked := debug.SetMemoryLimit(768 << 20); asked != math.MaxInt64 {
		debug.SetMemoryLimit(asked)
	}
}
