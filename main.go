// Command terraform-provider-telco is the Terraform provider for SIM cards on live mobile networks.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/simfleet/terraform-provider-telco/internal/provider"
)

// Set by the release build.
var (
	version = "dev"
	commit  = "none"
)

func main() {
	debug := flag.Bool("debug", false, "run so that a debugger such as delve can attach")
	printVersion := flag.Bool("version", false, "print version and commit, then exit")
	flag.Parse()
	if *printVersion {
		fmt.Printf("terraform-provider-telco %s (%s)\n", version, commit)
		return
	}

	if !*debug {
		provider.QuietLogs()
	}
	err := providerserver.Serve(context.Background(), provider.New(version, provider.WithCommit(commit)), providerserver.ServeOpts{
		Address: "registry.terraform.io/simfleet/telco",
		Debug:   *debug,
	})
	if err != nil {
		log.Fatal(err)
	}
}
