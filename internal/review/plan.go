package review

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

// provider is how the address of this provider ends, whatever registry it was installed from.
const provider = "/simfleet/telco"

// planResource is a resource change with what terraform-json leaves out.
type planResource struct {
	tfjson.ResourceChange
	ActionReason string `json:"action_reason"`
}

// deferredAction is an action that Terraform has put off; terraform-json does not know it yet.
type deferredAction struct {
	Reason           string                   `json:"reason"`
	ActionInvocation *tfjson.ActionInvocation `json:"action_invocation"`
}

// Read reads the JSON of a plan, as `terraform show -json` prints it. A plan of 10,000 SIMs is some 40 MB, most of it
// values that stand in it three times; so each resource change is looked at and let go, and the rest is skipped.
func Read(from io.Reader) (*Report, error) {
	r := &Report{}
	plan := planReader{decoder: json.NewDecoder(from), report: r}
	if err := plan.read(); err != nil {
		return nil, plan.explain(err)
	}
	return r, nil
}

type planReader struct {
	decoder *json.Decoder
	report  *Report

	format            string
	isPlan, errored   bool
	isState, isLogged bool
}

// skipped takes any value and keeps nothing of it.
type skipped struct{}

func (*skipped) UnmarshalJSON([]byte) error { return nil }

func (p *planReader) read() error {
	token, err := p.decoder.Token()
	if err != nil {
		return err
	}
	if token != json.Delim('{') {
		return errNoPlan
	}
	for p.decoder.More() {
		name, err := p.decoder.Token()
		if err != nil {
			return err
		}
		if err := p.member(name.(string)); err != nil { // the decoder has seen to it that a name is a text
			return err
		}
	}
	if _, err := p.decoder.Token(); err != nil {
		return err
	}
	if err := p.whole(); err != nil {
		return err
	}
	if _, err := p.decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the plan: give one plan at a time")
	}
	return nil
}

// member reads one member of the plan.
func (p *planReader) member(name string) error {
	switch name {
	case "format_version":
		if err := p.decoder.Decode(&p.format); err != nil {
			return err
		}
		return p.knownFormat()
	case "terraform_version":
		return p.text(&p.report.Terraform)
	case "timestamp":
		return p.text(&p.report.Planned)
	case "errored":
		return p.decoder.Decode(&p.errored)
	case "resource_changes":
		p.isPlan = true
		return each(p.decoder, p.report.resource)
	case "deferred_changes":
		return each(p.decoder, p.report.deferred)
	case "action_invocations":
		return each(p.decoder, p.report.action)
	case "deferred_action_invocations":
		return each(p.decoder, p.report.deferredAction)
	case "planned_values", "configuration":
		p.isPlan = true
	case "values", "serial", "lineage":
		p.isState = true
	case "@level", "@message":
		p.isLogged = true
	}
	return p.decoder.Decode(&skipped{})
}

func (p *planReader) text(into *string) error {
	var text string
	err := p.decoder.Decode(&text)
	*into = clean(text)
	return err
}

// each reads an array, or null, element by element.
func each[T any](decoder *json.Decoder, take func(T) error) error {
	token, err := decoder.Token()
	if err != nil || token == nil {
		return err
	}
	if token != json.Delim('[') {
		return errNoPlan
	}
	for decoder.More() {
		var one T
		if err := decoder.Decode(&one); err != nil {
			return err
		}
		if err := take(one); err != nil {
			return err
		}
	}
	_, err = decoder.Token()
	return err
}

func (p *planReader) knownFormat() error {
	if err := (&tfjson.Plan{FormatVersion: p.format}).Validate(); err != nil {
		return fmt.Errorf("its format_version %q is not known here: review it with a newer version of this provider",
			clean(p.format))
	}
	return nil
}

// whole says what is wrong with a value that has been read to its end.
func (p *planReader) whole() error {
	switch {
	case p.isLogged:
		return errLog
	case p.isState && !p.isPlan:
		return errState
	case p.format == "" || !p.isPlan:
		return errNoPlan
	case p.errored:
		return errErrored
	}
	return nil
}

var (
	errNoPlan  = errors.New("this is not the JSON of a plan: it is what terraform show -json PLANFILE prints")
	errState   = errors.New("this is a state, not a plan: terraform show -json needs the file of terraform plan -out=FILE")
	errLog     = errors.New("this is the log of terraform plan -json, not a plan: use terraform show -json PLANFILE")
	errErrored = errors.New("the plan has errored, so it is not complete: mend what terraform plan reports, and plan " +
		"again")
)

// explain puts the decoder's errors into words for people.
func (p *planReader) explain(err error) error {
	var syntax *json.SyntaxError
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		if p.decoder.InputOffset() == 0 {
			return errors.New("there is nothing to read: has terraform show failed?")
		}
		return errors.New("the JSON ends in the middle: the plan has been cut off")
	case errors.As(err, &syntax):
		return fmt.Errorf("this is no JSON (%s): it must be what terraform show -json PLANFILE prints",
			clean(syntax.Error()))
	case errors.As(err, &wrongType):
		return fmt.Errorf("this is not the JSON of a plan: %s is %s", clean(wrongType.Field), clean(wrongType.Value))
	}
	return err
}

// resource takes one resource change.
func (r *Report) resource(p planResource) error {
	if p.Mode != tfjson.ManagedResourceMode && p.Mode != "" {
		return nil // what is only read, or opened and closed, changes nothing
	}
	address := clean(p.Address)
	if p.Change == nil || len(p.Change.Actions) == 0 {
		return fmt.Errorf("the plan does not say what is to be done with %s", address)
	}
	actions := slices.DeleteFunc(slices.Clone(p.Change.Actions), func(a tfjson.Action) bool {
		return a == tfjson.ActionNoop || a == tfjson.ActionRead
	})
	moved := p.PreviousAddress != "" && p.PreviousAddress != p.Address
	if !strings.HasSuffix(p.ProviderName, provider) {
		if len(actions) > 0 {
			r.skip(address, "change of another provider: "+clean(p.ProviderName))
		}
		return nil
	}
	if len(actions) == 0 && !moved {
		return nil
	}
	rules, ok := resources[p.Type]
	if !ok {
		return fmt.Errorf("this version of the provider knows no %s (%s): review with the version that the plan was made "+
			"with",
			clean(p.Type), address)
	}

	c := resourceChange{
		address: address,
		before:  object{value: p.Change.Before, sensitive: p.Change.BeforeSensitive},
		after:   object{value: p.Change.After, unknown: p.Change.AfterUnknown, sensitive: p.Change.AfterSensitive},
		tainted: p.ActionReason == "replace_because_tainted",
	}
	if len(actions) == 0 {
		r.leftAlone(rules.sim(c.before), c)
	}
	for _, action := range actions {
		switch action {
		case tfjson.ActionCreate:
			rules.create(c, r)
		case tfjson.ActionUpdate:
			rules.update(c, r)
		case tfjson.ActionDelete:
			rules.destroy(c, r)
		case tfjson.ActionForget:
			r.leftAlone(rules.sim(c.before), c)
		default:
			r.unknownAction(string(action), rules, c)
		}
	}
	return nil
}

// unknownAction takes what a newer Terraform may plan for a live change.
func (r *Report) unknownAction(action string, rules resource, c resourceChange) {
	of := c.after
	if of.value == nil {
		of = c.before
	}
	unclear := instead(livechange.KnownAfterApply)
	what := "unknown action " + clean(action)
	r.change(Change{
		Kind: rules.kind, SIM: rules.sim(of), From: unclear, To: unclear, Address: c.address,
		transition: what, what: what, meaning: rules.kind.Meaning(livechange.KnownAfterApply), terminates: maybe, open: true,
	})
}

func (r *Report) skip(address, why string) {
	r.NotReviewed = append(r.NotReviewed, Skipped{Address: clean(address), Why: why})
}

func (r *Report) deferred(d tfjson.DeferredResourceChange) error {
	address := "(a resource without an address)"
	if d.ResourceChange != nil {
		address = d.ResourceChange.Address
	}
	r.skip(address, because("deferred to a later plan", d.Reason))
	return nil
}

func (r *Report) action(a tfjson.ActionInvocation) error {
	r.skip(a.Address, because("invocation of an action", strings.TrimSpace(a.Type)))
	return nil
}

func (r *Report) deferredAction(d deferredAction) error {
	address := "(an action without an address)"
	if d.ActionInvocation != nil {
		address = d.ActionInvocation.Address
	}
	r.skip(address, because("invocation of an action, deferred to a later plan", d.Reason))
	return nil
}

func because(why, reason string) string {
	if reason == "" {
		return why
	}
	return why + ": " + clean(reason)
}
