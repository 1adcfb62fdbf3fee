package mvno

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

const (
	// pageSize is the most that a page may be asked to hold (pages api:mvno:account:list and api:sim:list).
	pageSize = 500
	// maxPages ends a list that does not end by itself.
	maxPages = 10_000
)

// listing is one of the API's lists.
type listing[T any] struct {
	req    transport.Request
	what   string   // "MVNO accounts"
	arrays []string // the names under which the items may stand
	decode func(json.RawMessage) (T, error)
	key    func(T) string // the same for one object
}

// listPage is one page of a list. The numbers are -1 where the answer has none.
type listPage struct {
	items []json.RawMessage
	total int
}

// each reads the items of a list, each once, as far as the caller asks for them. An item that is not as documented is a
// *transport.ItemError, behind which the list goes on; any other error ends it.
//
// The pages say that a page may hold fewer items than its limit, and that total is what to page by. A service that
// counts otherwise would make a list look shorter than it is, so total ends nothing: the next page begins behind the
// items that came, and the list ends with the first page that is empty or brings nothing new. Where total or the size
// of a repeated page says that there is more, the list is an error: it can't be had whole.
func each[T any](ctx context.Context, c *Client, l listing[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		seen := map[string]bool{}
		offset, total := 0, -1
		for number := 1; number <= maxPages; number++ {
			req := l.req
			req.Query = window(l.req.Query, offset)
			page, res, err := c.page(ctx, req, l.arrays, len(seen) > 0)
			if noSuchPage(err) && len(seen) > 0 && total <= len(seen) {
				return
			}
			if err != nil {
				yield(none, err)
				return
			}
			total = page.total
			isNew := false
			for i, raw := range page.items {
				item, err := l.decode(raw)
				key := string(raw) // of an item that has none
				if err == nil {
					key = l.key(item)
				} else {
					at := fmt.Sprintf("item %d of the list", offset+i+1)
					err = &transport.ItemError{Item: at, Err: c.http.Fail(req, res, transport.Error{
						NotTheAPI: true, Cause: fmt.Errorf("%s: %w", at, err),
					})}
				}
				if seen[key] {
					continue
				}
				seen[key], isNew = true, true
				if !yield(item, err) {
					return
				}
			}
			switch {
			case len(page.items) == 0:
				return
			case !isNew && (total > len(seen) || len(page.items) == pageSize):
				yield(none, c.http.Fail(req, res, transport.Error{Cause: fmt.Errorf(
					"the list can't be had whole: behind the first %d %s the service answers the same ones again", len(seen),
					l.what)}))
				return
			case !isNew:
				return
			}
			offset += len(page.items)
		}
		yield(none, c.http.Fail(l.req, nil, transport.Error{
			NotTheAPI: true, Cause: fmt.Errorf("the list has more than %d pages", maxPages),
		}))
	}
}

// all collects a list whole. A bad item is an error: a list that silently lacks one would be taken for whole.
func all[T any](items iter.Seq2[T, error]) ([]T, error) {
	out := []T{}
	for item, err := range items {
		var bad *transport.ItemError
		if errors.As(err, &bad) {
			err = bad.Err
		}
		if err != nil {
			return nil, err
		}
		out = append(out, item)
	}
	return out, nil
}

func window(query url.Values, offset int) url.Values {
	out := url.Values{"offset": {strconv.Itoa(offset)}, "limit": {strconv.Itoa(pageSize)}}
	maps.Copy(out, query)
	return out
}

// noSuchPage: another way to say that there is nothing at an offset behind the last item.
func noSuchPage(err error) bool {
	var failure *transport.Error
	return errors.As(err, &failure) && !failure.NotTheAPI &&
		(failure.Status == http.StatusNotFound || failure.Status == http.StatusBadRequest)
}

// page reads one page; behind says that there were items before it.
func (c *Client) page(
	ctx context.Context, req transport.Request, arrays []string, behind bool,
) (listPage, *transport.Response, error) {
	res, err := c.http.Do(ctx, req)
	if err != nil {
		return listPage{}, res, err
	}
	page, problem := decodePage(res, arrays)
	switch {
	case problem != nil:
		return listPage{}, res, c.http.Fail(req, res, *problem)
	case len(page.items) == 0 && page.total > 0 && !behind:
		return listPage{}, res, c.http.Fail(req, res, transport.Error{
			NotTheAPI: true, Cause: fmt.Errorf("the answer counts %d items and holds none", page.total),
		})
	}
	return page, res, nil
}

// decodePage finds the items of a page: a bare array, or the array of that name. The name of the accounts' array is not
// documented, so the only array of the answer is taken too. An empty array may be left out, as "properties holding no
// value" are (page api:sim:get), but not from an answer that is no page at all.
func decodePage(res *transport.Response, names []string) (listPage, *transport.Error) {
	page := listPage{total: -1}
	body := bytes.TrimSpace(transport.StripBOM(res.Body))
	if bytes.HasPrefix(body, []byte("[")) {
		if transport.DecodeJSON(body, &page.items) != nil {
			return page, foreign(res)
		}
		return page, nil
	}

	var members map[string]json.RawMessage
	if transport.DecodeJSON(body, &members) != nil {
		return page, foreign(res)
	}
	page.total = count(members["total"])
	if items, found := namedArray(members, names); found {
		page.items = items
		return page, nil
	}
	var arrays []string
	for name, raw := range members {
		if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
			arrays = append(arrays, name)
		}
	}
	switch {
	case len(arrays) == 1:
		page.items, _ = namedArray(members, arrays)
	case len(arrays) > 1:
		slices.Sort(arrays)
		return page, &transport.Error{NotTheAPI: true, Cause: fmt.Errorf(
			"the answer has several arrays (%s), and none is named %s", strings.Join(arrays, ", "), strings.Join(names, " or "))}
	case members["total"] == nil && members["offset"] == nil && members["limit"] == nil:
		return page, foreign(res)
	}
	return page, nil
}

// namedArray is the first member of one of these names that is an array or null.
func namedArray(members map[string]json.RawMessage, names []string) (items []json.RawMessage, found bool) {
	for _, name := range names {
		if raw, ok := members[name]; ok && json.Unmarshal(raw, &items) == nil {
			return items, true
		}
	}
	return nil, false
}

// count reads a number of items, also in quotes; -1 where there is none.
func count(raw json.RawMessage) int {
	n, ok := transport.IntOf(raw)
	if !ok || n < 0 {
		return -1
	}
	return int(n)
}
