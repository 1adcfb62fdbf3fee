package cmo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

// EachProduct lists the products of the tenant, page by page as far as the caller asks for them, each id once, in the
// service's order. It asks page after page until one is empty or brings no new id: a short page is not the last one
// where backends are merged, and neither order nor page size can be trusted (API page, section 13, points 5 to 7).
// pageSize 0 means 100. An item that is not as documented is a *transport.ItemError, behind which the list goes on; any
// other error ends it.
func (c *Client) EachProduct(ctx context.Context, pageSize int) iter.Seq2[Summary, error] {
	if pageSize <= 0 {
		pageSize = firstPageSize
	}
	return func(yield func(Summary, error) bool) {
		seen := map[string]bool{}
		bad := map[string]bool{} // a service that knows one page only would show its bad items for ever
		for page := 1; page <= c.maxPages; page++ {
			req, res, entities, err := c.listPage(ctx, page, pageSize)
			if err != nil {
				yield(Summary{}, err)
				return
			}
			isNew := false
			for i, raw := range entities {
				var w wireProduct
				err := transport.DecodeJSON(raw, &w)
				if err == nil && w.ID == "" {
					err = errors.New("a product of the list has no id")
				}
				known, key := seen, string(w.ID)
				if err != nil {
					known, key = bad, string(raw)
					at := fmt.Sprintf("item %d of page %d", i+1, page)
					err = &transport.ItemError{Item: at, Err: c.notTheAPI(req, res, fmt.Errorf("%s: %w", at, err))}
				}
				if known[key] {
					continue
				}
				known[key], isNew = true, true
				if !yield(w.summary(), err) {
					return
				}
			}
			if !isNew {
				return
			}
		}
		yield(Summary{}, c.http.Fail(c.get("list products", "product"), nil, transport.Error{
			NotTheAPI: true, Cause: fmt.Errorf("the list has not ended after %d pages", c.maxPages),
		}))
	}
}

// Products lists all products of the tenant, sorted by id. A product that is not as documented is an error: a list that
// silently lacks one would be taken for whole.
func (c *Client) Products(ctx context.Context, pageSize int) ([]Summary, error) {
	products := map[string]Summary{}
	for product, err := range c.EachProduct(ctx, pageSize) {
		var item *transport.ItemError
		if errors.As(err, &item) {
			err = item.Err
		}
		if err != nil {
			return nil, err
		}
		products[product.ID] = product
	}
	return sorted(products), nil
}

// HasProducts says whether the tenant has any product, which proves that it is the service of whoever manages one.
func (c *Client) HasProducts(ctx context.Context) (bool, error) {
	_, _, entities, err := c.listPage(ctx, 1, 1)
	if errors.Is(err, transport.ErrNotFound) {
		return false, nil
	}
	return len(entities) > 0, err
}

func (c *Client) listPage(ctx context.Context, page, pageSize int) (
	req transport.Request, res *transport.Response, entities []json.RawMessage, err error,
) {
	req = c.get("list products", "product")
	req.RateClasses = []string{class1NCE} // a page may cost a call to that backend
	req.Query = url.Values{
		"fields":     {"id,connectivityType,status"},
		"pageNumber": {strconv.Itoa(page)},
		"pageSize":   {strconv.Itoa(pageSize)},
	}
	res, err = c.http.Do(ctx, req)
	if page > 1 && errors.Is(err, transport.ErrNotFound) {
		return req, res, nil, nil // another way to say that there is no such page
	}
	if err != nil || res.Status == http.StatusNoContent {
		return req, res, nil, err
	}
	list, err := parseEnvelope(res.Body)
	if err != nil {
		return req, res, nil, c.notTheAPI(req, res, err)
	}
	return req, res, list.Entities, nil
}
