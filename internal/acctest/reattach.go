package acctest

import (
	"context"
	"encoding/json"
	"os"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

// address is the provider's in test configurations.
func address() string {
	return os.Getenv("TF_ACC_PROVIDER_HOST") + "/" + os.Getenv("TF_ACC_PROVIDER_NAMESPACE") + "/telco"
}

// serve runs this test's provider until the test ends, and returns what TF_REATTACH_PROVIDERS takes. Each command of
// the CLI configures it anew, as a process of its own would be.
func (e *Env) serve(t *testing.T) string {
	t.Helper()
	server, err := e.Factories()["telco"]()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	configs, closed := make(chan *plugin.ReattachConfig), make(chan struct{})
	go func() {
		_ = tf6server.Serve(address(), func() tfprotov6.ProviderServer { return server },
			tf6server.WithDebug(ctx, configs, closed), tf6server.WithGoPluginLogger(hclog.NewNullLogger()),
			tf6server.WithLoggingSink(t), tf6server.WithoutLogStderrOverride())
	}()
	t.Cleanup(func() {
		cancel()
		<-closed
	})
	config := <-configs
	type addr struct{ Network, String string }
	reattach, err := json.Marshal(map[string]any{address(): map[string]any{
		"Protocol": string(config.Protocol), "ProtocolVersion": config.ProtocolVersion, "Pid": config.Pid, "Test": config.Test,
		"Addr": addr{config.Addr.Network(), config.Addr.String()},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return string(reattach)
}
