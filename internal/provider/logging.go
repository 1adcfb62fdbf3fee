package provider

import (
	"context"
	"log/slog"
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-log/tflog"
)

// tflogHandler sends what the API clients log to Terraform's log, under the context of the call.
type tflogHandler struct{ attrs []slog.Attr }

// Enabled leaves the choice of level to TF_LOG.
func (tflogHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h tflogHandler) Handle(ctx context.Context, record slog.Record) error {
	fields := make(map[string]any, len(h.attrs)+record.NumAttrs())
	for _, attr := range h.attrs {
		fields[attr.Key] = attr.Value.Any()
	}
	record.Attrs(func(attr slog.Attr) bool {
		fields[attr.Key] = attr.Value.Any()
		return true
	})
	switch {
	case record.Level >= slog.LevelError:
		tflog.Error(ctx, record.Message, fields)
	case record.Level >= slog.LevelWarn:
		tflog.Warn(ctx, record.Message, fields)
	case record.Level >= slog.LevelInfo:
		tflog.Info(ctx, record.Message, fields)
	default:
		tflog.Debug(ctx, record.Message, fields)
	}
	return nil
}

func (h tflogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return tflogHandler{attrs: append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

// WithGroup is not used by the clients.
func (h tflogHandler) WithGroup(string) slog.Handler { return h }

// QuietLogs turns logging off where nobody has asked Terraform for a log (no variable TF_LOG… is set). The framework
// otherwise writes all it does as trace records to Terraform, which decodes and drops them: a fifth of the CPU time of
// a plan, on both sides. It is to be called before the provider serves.
//
// The level of the whole (TF_LOG_SDK) is not enough: for each element of a map the framework would look for its own
// logger through a long chain of contexts, only to find that it is off; a third of the time of a fleet's plan.
func QuietLogs() {
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "TF_LOG") && value != "" {
			return
		}
	}
	for _, name := range []string{"TF_LOG_SDK", "TF_LOG_SDK_FRAMEWORK", "TF_LOG_SDK_PROTO", "TF_LOG_PROVIDER_TELCO"} {
		_ = os.Setenv(name, "off") // fails for malformed names only
	}
}
