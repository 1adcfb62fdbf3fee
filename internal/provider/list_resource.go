package provider

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"unicode"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

// query is what the list resources share: how a list that is read page by page becomes the results of terraform query.
type query struct {
	list.ListRequest
	what     string // "SIM card", for messages
	failure  string // the summary of the error that ends the list
	identity resourceIdentity
	// wholeList is the data source that has no limit.
	wholeList string
}

// found is one object of a list, or what is to be said of one.
type found struct {
	values  []string // of the identity, in its order
	display string
	// model sets the resource's model, of which every value is null, where the query wants the resource.
	model func(ctx context.Context, into *tfsdk.Resource) diag.Diagnostics
	// note is a warning beside the object, or in place of it where values is nil.
	note diag.Diagnostic
}

// stream turns what a list finds into results, as far as the query's limit. An error of the list ends it; a bad item
// and a found that is only a note are warnings, and the list goes on.
func (q query) stream(ctx context.Context, items iter.Seq2[found, error]) iter.Seq[list.ListResult] {
	return func(push func(list.ListResult) bool) {
		var fault diag.Diagnostics
		func() {
			defer recovered(ctx, &fault, nil)
			q.upToLimit(q.results(ctx, items))(push)
		}()
		if fault.HasError() {
			push(list.ListResult{Diagnostics: fault})
		}
	}
}

func (q query) results(ctx context.Context, items iter.Seq2[found, error]) iter.Seq[list.ListResult] {
	return func(push func(list.ListResult) bool) {
		for item, err := range items {
			if !push(q.result(ctx, item, err)) {
				return
			}
		}
	}
}

func (q query) result(ctx context.Context, item found, err error) list.ListResult {
	var bad *transport.ItemError
	switch {
	case errors.As(err, &bad):
		return only(diag.NewWarningDiagnostic("Unreadable item of a list", explain(fmt.Sprintf(
			"A %s of the list is left out: it is not as documented.", q.what), bad.Err, "")))
	case err != nil:
		return only(diag.NewErrorDiagnostic(q.failure, explain(fmt.Sprintf(
			"The list of %ss could not be read.", q.what), err, "")))
	case item.values == nil:
		return only(item.note)
	}

	result := q.NewListResult(ctx)
	result.DisplayName = oneLine(item.display)
	if item.note != nil {
		result.Diagnostics.Append(item.note)
	}
	for i, a := range q.identity.attributes {
		result.Diagnostics.Append(result.Identity.SetAttribute(ctx, path.Root(a.name), item.values[i])...)
	}
	if q.IncludeResource {
		result.Resource.Raw = nullObject(ctx, result.Resource)
		result.Diagnostics.Append(item.model(ctx, result.Resource)...)
	} else {
		result.Resource = nil
	}
	return result
}

// only is a result without an object.
func only(d diag.Diagnostic) list.ListResult {
	return list.ListResult{Diagnostics: diag.Diagnostics{d}}
}

// upToLimit stops at the query's limit. Terraform would do so by itself, without a word: so the last result within the
// limit, which it is the last to look at, says whether there are more. To know that, the list is read one object
// further.
func (q query) upToLimit(results iter.Seq[list.ListResult]) iter.Seq[list.ListResult] {
	return func(push func(list.ListResult) bool) {
		var held *list.ListResult
		flush := func() bool {
			if held == nil {
				return true
			}
			result := *held
			held = nil
			return push(result)
		}
		n := int64(0)
		for result := range results {
			isObject := result.Identity != nil
			switch {
			case q.Limit > 0 && n == q.Limit && result.Diagnostics.HasError():
				held.Diagnostics.AddWarning("Listed up to the limit", fmt.Sprintf(
					"The limit of %d is reached, and whether there are more %ss could not be read.\n\n%s",
					q.Limit, q.what, result.Diagnostics[0].Detail()))
				flush()
				return
			case q.Limit > 0 && n == q.Limit && isObject:
				held.Diagnostics.AddWarning("Listed up to the limit", fmt.Sprintf(
					"The limit of %d is reached, and there are more %ss than are listed here.\n\nRaise limit in the list block "+
						"(Terraform's default is 100), or narrow its filters. For a whole fleet use the data source %s with "+
						"import blocks that have for_each.", q.Limit, q.what, q.wholeList))
				flush()
				return
			case q.Limit > 0 && n == q.Limit: // nobody reads on
			case !isObject:
				if !flush() || !push(result) || result.Diagnostics.HasError() {
					return
				}
			default:
				if !flush() {
					return
				}
				held = &result
				n++
			}
		}
		flush()
	}
}

// nullObject is an object of the resource's attributes, each of them null: a model is read from it with the types of
// all its values, before the known ones are set.
func nullObject(ctx context.Context, of *tfsdk.Resource) tftypes.Value {
	object, ok := of.Schema.Type().TerraformType(ctx).(tftypes.Object)
	if !ok {
		return of.Raw
	}
	fields := make(map[string]tftypes.Value, len(object.AttributeTypes))
	for name, attribute := range object.AttributeTypes {
		fields[name] = tftypes.NewValue(attribute, nil)
	}
	return tftypes.NewValue(object, fields)
}

// fill reads the model of a resource, lets set change it, and writes it back.
func fill[M any](set func(*M)) func(context.Context, *tfsdk.Resource) diag.Diagnostics {
	return func(ctx context.Context, into *tfsdk.Resource) diag.Diagnostics {
		var model M
		diags := into.Get(ctx, &model)
		if diags.HasError() {
			return diags
		}
		set(&model)
		return into.Set(ctx, &model)
	}
}

// longestDisplay is how many characters of a text go into a display name.
const longestDisplay = 80

// oneLine makes a display name of a text that the service or a user has written: one line, and not too long.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > longestDisplay {
		return string(runes[:longestDisplay]) + "…"
	}
	return text
}

// listOfText reads a filter; nil where it is not set.
func listOfText(ctx context.Context, value types.List, diags *diag.Diagnostics) []string {
	if value.IsNull() {
		return nil
	}
	texts := []string{}
	diags.Append(value.ElementsAs(ctx, &texts, false)...)
	return texts
}

// passes says whether a word is among those of a filter; a filter that is not set lets all through.
func passes(filter []string, word string) bool { return filter == nil || anyWord(filter, word) }
