package provider

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

// explain builds the detail of a diagnostic: what happened to which object, the service's own words, the facts that
// its support asks for, and what to do.
func explain(what string, err error, next string) string {
	parts := []string{what}
	if err != nil {
		parts = append(parts, words(err))
	}
	if next == "" {
		next = advice(err)
	}
	if next != "" {
		parts = append(parts, next)
	}
	return strings.Join(parts, "\n\n")
}

// words are the service's own, with code, HTTP status and the ids that support asks for.
func words(err error) string {
	var e *transport.Error
	if !errors.As(err, &e) {
		return sentence(transport.CauseText(err))
	}

	var lines []string
	switch {
	case e.Message != "" && e.NotTheAPI:
		lines = append(lines, fmt.Sprintf("What answered does not look like the %s. It sent: %s", e.API, e.Message))
	case e.NotTheAPI:
		lines = append(lines, fmt.Sprintf("What answered does not look like the %s.", e.API))
	case e.Message != "":
		lines = append(lines, fmt.Sprintf("The %s says: %s", e.API, e.Message))
	}
	lines = append(lines, e.Details...)
	if e.Cause != nil {
		lines = append(lines, sentence(transport.CauseText(e.Cause)))
	}

	var facts []string
	if e.Status != 0 {
		facts = append(facts, fmt.Sprintf("HTTP status %d", e.Status))
	}
	if e.Code != "" {
		facts = append(facts, "code "+e.Code)
	}
	if e.CorrelationID != "" {
		facts = append(facts, "correlation id "+e.CorrelationID)
	}
	if e.TraceID != "" {
		facts = append(facts, "trace id "+e.TraceID)
	}
	facts = append(facts, "while trying to "+e.Op)
	return strings.Join(append(lines, sentence(strings.Join(facts, ", "))), "\n")
}

func sentence(text string) string {
	if text == "" {
		return ""
	}
	if r := []rune(text); strings.HasPrefix(text, "http status") || r[0] < 'a' || r[0] > 'z' {
		return strings.TrimRight(text, ".") + "."
	}
	return strings.ToUpper(text[:1]) + strings.TrimRight(text[1:], ".") + "."
}

// recovered turns a panic into a diagnostic: a provider that dies takes the answers of all running changes with it.
// Once something is in state it must be a warning, since an error would taint the SIM.
func recovered(ctx context.Context, diags *diag.Diagnostics, inState func() bool) {
	p := recover()
	if p == nil {
		return
	}
	tflog.Error(ctx, "panic", map[string]any{"type": fmt.Sprintf("%T", p), "stack": string(debug.Stack())})
	detail := "This is a fault of the provider, please report it with the log (TF_LOG=DEBUG). What was sent before it " +
		"is in state; the next plan reads the live SIM and goes on from there."
	if inState != nil && inState() {
		kept := diag.Diagnostics{}
		for _, d := range *diags {
			if d.Severity() == diag.SeverityError {
				d = diag.NewWarningDiagnostic(d.Summary(), d.Detail())
			}
			kept.Append(d)
		}
		*diags = kept
		diags.AddWarning("Provider fault", detail)
		return
	}
	diags.AddError("Provider fault", detail)
}
