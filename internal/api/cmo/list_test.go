package cmo

import (
	"errors"
	"net/http"
	"reflect"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

// TestEachProduct: a bad item is named and passed, a bad page ends the list, and what nobody asks for is not read.
func TestEachProduct(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.on("GET /product", func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("pageNumber") {
		case "1":
			answer(w, http.StatusOK, `{"entities":[{"id":"TMSP-2"},{"status":"ACTIVE"},{"id":"TMSP-1"}]}`)
		case "2":
			answer(w, http.StatusOK, `{"entities":[{"id":"TMSP-2"},"text",{"id":"JASPER-1"}]}`)
		default:
			answer(w, http.StatusForbidden, `{"detail":"enough"}`)
		}
	})
	c := s.client()
	var got []string
	for product, err := range c.EachProduct(t.Context(), 0) {
		var item *transport.ItemError
		switch {
		case errors.As(err, &item):
			got = append(got, item.Error())
		case err != nil:
			got = append(got, err.Error())
		default:
			got = append(got, product.ID)
		}
	}
	want := []string{
		"TMSP-2",
		`CMO API: list products: HTTP 200: {"entities":[{"id":"TMSP-2"},{"status":"ACTIVE"},{"id":"TMSP-1"}]}: ` +
			"item 2 of page 1: a product of the list has no id",
		"TMSP-1",
		`CMO API: list products: HTTP 200: {"entities":[{"id":"TMSP-2"},"text",{"id":"JASPER-1"}]}: ` +
			"item 2 of page 2: the JSON has another shape than documented (string where cmo.wireProduct belongs)",
		"JASPER-1",
		"CMO API: list products: HTTP 403: enough",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestEachProduct_lazy: the first products of a large tenant cost one page.
func TestEachProduct_lazy(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.on("GET /product", answers(http.StatusOK, `{"entities":[{"id":"TMSP-1"},{"id":"TMSP-2"}]}`))
	for range s.client().EachProduct(t.Context(), 0) {
		break
	}
	if n := s.count("GET /product"); n != 1 {
		t.Errorf("%d pages were read for one product", n)
	}
}

// TestEachProduct_badForEver: a service that knows one page only, and that a bad one, is not asked ten thousand times.
func TestEachProduct_badForEver(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.on("GET /product", answers(http.StatusOK, `{"entities":[{"status":"ACTIVE"}]}`))
	n := 0
	for range s.client().EachProduct(t.Context(), 0) {
		n++
	}
	if calls := s.count("GET /product"); n != 1 || calls != 2 {
		t.Errorf("%d items in %d calls", n, calls)
	}
}
