package acctest

import (
	"context"
	"encoding/json"
	"os"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

// address is our provider's in test configurations.
func address() string {
	return os.Getenv("TF_ACC_PROVIDER_HOST") + "/" + os.Getenv("TF_ACC_PROVIDER_NAMESPACE") + "/telco"
}

// Attach makes the CLI use a provider that runs in this process until the test ends, for the address
// HOST/NAMESPACE/NAME: ours, or one that exists for the test. Each command of the CLI configures it anew, as a process
// of its own would be.
func (c *CLI) Attach(address string, server tfprotov6.ProviderServer) {
	c.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	configs, closed := make(chan *plugin.ReattachConfig), make(chan struct{})
	go func() {
		_ = tf6server.Serve(address, func() tfprotov6.ProviderServer { return server },
			tf6server.WithDebug(ctx, configs, closed), tf6server.WithGoPluginLogger(hclog.NewNullLogger()),
			tf6server.WithLoggingSink(c.t), tf6server.WithoutLogStderrOverride())
	}()
	c.t.Cleanup(func() {
		cancel()
		<-closed
	})
	config := <-configs
	type addr struct{ Network, String string }
	if c.attached == nil {
		c.attached = map[string]any{}
	}
	c.attached[address] = map[string]any{
		"Protocol": string(config.Protocol), "ProtocolVersion": config.ProtocolVersion, "Pid": config.Pid,
		"Test": config.Test,
		"Addr": addr{config.Addr.Network(), config.Addr.String()},
	}
	reattach, err := json.Marshal(c.attached)
	if err != nil {
		c.t.Fatal(err)
	}
	c.Setenv("TF_REATTACH_PROVIDERS=" + string(reattach))
}
