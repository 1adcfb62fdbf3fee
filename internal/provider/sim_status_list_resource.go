package provider

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/simfleet/terraform-provider-telco/internal/api/cmo"
	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

var _ list.ListResourceWithConfigure = (*simStatusListResource)(nil)

type simStatusListResource struct{ baseResource }

func newSIMStatusListResource() list.ListResource { return &simStatusListResource{} }

type simStatusListModel struct {
	Statuses types.List `tfsdk:"statuses"`
	Backends types.List `tfsdk:"backends"`
}

// Metadata names the resource that is listed.
func (r *simStatusListResource) Metadata(
	_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse,
) {
	resp.TypeName = req.ProviderTypeName + "_sim_status"
}

// ListResourceConfigSchema has the filters.
func (r *simStatusListResource) ListResourceConfigSchema(
	_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse,
) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "The SIMs of the CMO tenant and their statuses, for `terraform query` (Terraform 1.14 and " +
			"newer). Satellite terminals, which have no SIM card, are left out.",
		Attributes: map[string]schema.Attribute{
			"statuses": schema.ListAttribute{ElementType: types.StringType, Optional: true,
				MarkdownDescription: "Only SIMs in one of these statuses, such as `ACTIVE`, in any case. It is the status of the " +
					"SIM card, not of the product around it."},
			"backends": schema.ListAttribute{ElementType: types.StringType, Optional: true,
				MarkdownDescription: "Only SIMs of these backends, such as `TMSP` or `JASPER`, in any case."},
		},
	}
}

// List reads the product list, page by page as far as the query's limit, and the SIM cards by finds of many at once:
// the list has neither their status nor their numbers.
func (r *simStatusListResource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config simStatusListModel
	diags := req.Config.Get(ctx, &config)
	l := simStatusListing{
		statuses: listOfText(ctx, config.Statuses, &diags), backends: listOfText(ctx, config.Backends, &diags),
		limit: req.Limit,
	}
	l.client = r.cmo.mustUse(&diags)
	if diags.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(diags)
		return
	}
	q := query{
		ListRequest: req, what: "SIM", failure: "Unable to list SIMs", identity: simStatusIdentity,
		wholeList: "telco_products",
	}
	stream.Results = q.stream(ctx, l.found(ctx))
}

type simStatusListing struct {
	client             *cmo.Client
	statuses, backends []string
	limit              int64
}

const (
	// oneFind is the most SIMs that one call asks for.
	oneFind = 50
	// manyFinds is how many SIMs are asked for before any of them is shown, where many are wanted: these calls run at
	// once.
	manyFinds = 10 * oneFind
)

// batch is how many SIMs are read at a time: no more than the query wants, and one to know whether there are more.
func (l simStatusListing) batch() int {
	if l.limit <= 0 || l.limit >= manyFinds {
		return manyFinds
	}
	return max(int(l.limit)+1, oneFind)
}

func (l simStatusListing) found(ctx context.Context) iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		var ids []string
		for product, err := range l.client.EachProduct(ctx, 0) {
			var item *transport.ItemError
			switch {
			case errors.As(err, &item):
				if !yield(found{}, err) {
					return
				}
				continue
			case err != nil:
				if l.read(ctx, ids, yield) { // what was listed before the bad page
					yield(found{}, err)
				}
				return
			case product.ICCID == "" || !passes(l.backends, product.Backend): // a satellite has no ICCID
				continue
			}
			if ids = append(ids, product.ID); len(ids) == l.batch() {
				if !l.read(ctx, ids, yield) {
					return
				}
				ids = nil
			}
		}
		l.read(ctx, ids, yield)
	}
}

// read yields the SIMs of these products, and says whether to go on.
func (l simStatusListing) read(ctx context.Context, ids []string, yield func(found, error) bool) bool {
	products, failures := l.client.ProductsByID(ctx, ids)
	none := len(products) == 0 // then it is not single SIMs that can't be read
	for _, id := range ids {
		product, err := products[id], failures[id]
		switch {
		case errors.Is(err, transport.ErrNotFound), errors.Is(err, transport.ErrNotTheAPI) && !none:
			if !yield(found{}, &transport.ItemError{Item: "SIM " + id, Err: err}) {
				return false
			}
		case err != nil:
			yield(found{}, err)
			return false
		case product == nil || product.SIMCard == nil || !passes(l.statuses, product.SIMCard.Status):
		case !yield(foundSIMStatus(product), nil):
			return false
		}
	}
	return true
}

func foundSIMStatus(p *cmo.Product) found {
	switch status := p.SIMCard.Status; {
	case !productIDPattern.MatchString(p.ID):
		return found{note: diag.NewWarningDiagnostic("Object can't be imported", fmt.Sprintf(
			"SIM %s is left out: its product id is not of the documented form, so that this provider can't manage it.", p.ID))}
	case strings.HasPrefix(status, "PENDING_") && status != "PENDING_TERMINATE":
		f := simStatusOf(p)
		f.note = diag.NewWarningDiagnostic("SIM is between two statuses", fmt.Sprintf(
			"SIM %s has the status %s, which the service sets by itself while a change is under way: a configuration can't "+
				"ask for it.\n\nQuery again once the change is over, or declare the status that the SIM is to have in the end.",
			p.ID, status))
		return f
	}
	return simStatusOf(p)
}

func simStatusOf(p *cmo.Product) found {
	f := found{values: []string{p.ID}, display: fmt.Sprintf("%s (%s)", p.ID, p.SIMCard.Status)}
	if p.SIMCard.MSISDN != "" {
		f.display = fmt.Sprintf("%s (MSISDN %s, %s)", p.ID, p.SIMCard.MSISDN, p.SIMCard.Status)
	}
	f.model = fill(func(m *simStatusModel) {
		m.ProductID = types.StringValue(p.ID)
		m.setProduct(p)
		m.Status = types.StringValue(p.SIMCard.Status)
		m.OperationStatus = types.StringValue(operationComplete)
	})
	return f
}
