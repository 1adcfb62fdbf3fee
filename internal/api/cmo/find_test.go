package cmo

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

// checkMaps checks that each id is in exactly one of the maps, and which ones failed.
func checkMaps(t *testing.T, ids []string, products map[string]*Product, failures map[string]error, failed ...string) {
	t.Helper()
	if len(products)+len(failures) != len(ids) {
		t.Errorf("%d products and %d failures of %d ids", len(products), len(failures), len(ids))
	}
	for _, id := range ids {
		p, err := products[id], failures[id]
		switch {
		case slices.Contains(failed, id) != (err != nil):
			t.Errorf("%s: %v", id, err)
		case err == nil && (p == nil || p.ID != id || p.SIMCard == nil):
			t.Errorf("%s: %+v", id, p)
		}
	}
}

func TestProductsByIDInChunks(t *testing.T) {
	s := newService(t)
	ids := tmsp(120)
	for _, id := range ids {
		s.set(id, "ACTIVE")
	}
	products, failures := s.client().ProductsByID(t.Context(), append(ids, ids...))
	checkMaps(t, ids, products, failures)
	if s.count("POST /product/find") != 3 || len(s.calls) != 3 {
		t.Errorf("calls: %q", s.calls)
	}
}

func TestFindAsDocumented(t *testing.T) {
	s := newService(t)
	// The same ICCID on two backends, an entity without its SIM card, one that find does not know, and a satellite.
	ids := []string{jasperID, "TMUS-8997100000000000017", tmspID, "TMSP-8907000000000000000", "INTELSAT-4711"}
	s.on("POST /product/find", func(w http.ResponseWriter, r *http.Request) {
		if got := findList(t, r); strings.Join(got, " ") != "8907000000000000000 89490200000000000024 8997100000000000017" {
			t.Errorf("ICCIDs: %q", got)
		}
		answer(w, http.StatusMultiStatus, testdata(t, "find.json"))
	})
	s.set(tmspID, "ACTIVE")
	s.on("GET /product/INTELSAT-4711", answers(http.StatusOK, testdata(t, "product_satellite.json")))

	products, failures := s.client().ProductsByID(t.Context(), ids)
	if products[jasperID].SIMCard.Status != "ACTIVE" ||
		products["TMUS-8997100000000000017"].SIMCard.Status != "SUSPENDED" ||
		products[tmspID].SIMCard.Status != "ACTIVE" || products["INTELSAT-4711"].SIMCard != nil {
		t.Errorf("products: %+v", products)
	}
	if len(failures) != 1 || !errors.Is(failures["TMSP-8907000000000000000"], transport.ErrNotFound) {
		t.Errorf("failures: %v", failures)
	}
	if s.count("POST") != 1 || s.count("GET") != 2 {
		t.Errorf("calls: %q", s.calls)
	}
}

func TestFindNamesWhatItDidNotFind(t *testing.T) {
	s := newService(t)
	ids := tmsp(3)
	s.set(ids[0], "ACTIVE")
	s.set(ids[1], "ACTIVE")
	s.set(ids[2], "ACTIVE")
	s.on("POST /product/find", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, envelopeBody([]string{productBody(ids[0], "ACTIVE")},
			[]string{notFoundBody(ids[1]), notFoundBody(ids[2])}))
	})
	c := s.client()
	for range 3 { // which are not finds that bring nothing
		products, failures := c.ProductsByID(t.Context(), ids)
		for _, id := range ids[1:] {
			if products[id] != nil || !errors.Is(failures[id], transport.ErrNotFound) {
				t.Errorf("%s: %v, %v", id, products[id], failures[id])
			}
		}
	}
	if s.count("POST") != 3 || s.count("GET") != 0 {
		t.Errorf("calls: %q", s.calls)
	}
}

func TestFindThatAnswersPages(t *testing.T) {
	s := newService(t)
	ids := tmsp(50)
	for _, id := range ids {
		s.set(id, "ACTIVE")
	}
	s.on("POST /product/find", func(w http.ResponseWriter, r *http.Request) {
		var entities []string
		for _, iccid := range findList(t, r)[:10] {
			entities = append(entities, productBody("TMSP-"+iccid, "ACTIVE"))
		}
		answer(w, http.StatusOK, envelopeBody(entities, nil))
	})
	products, failures := s.client().ProductsByID(t.Context(), ids)
	checkMaps(t, ids, products, failures)
	if s.count("POST") != 5 || s.count("GET") != 0 {
		t.Errorf("calls: %q", s.calls)
	}
}

func TestServicesWithoutFind(t *testing.T) {
	tests := []struct {
		name      string
		status    int
		body      string
		wantFinds int // in two rounds of one chunk each
	}{
		{"no such route", 404, "<html>404</html>", 1},
		{"no such route, as a problem", 404, `{"@type":"problem","detail":"Product with iccid find not found"}`, 1},
		{"not this method", 405, "", 1},
		{"not implemented", 501, "", 1},
		{"none of them found", 404, notFoundBody("89490200000000000001"), 2},
		{"list refused", 400, `{"title":"Missing or malformed parameter"}`, 2},
		{"list too long", 413, "", 2},
		{"of another shape", 200, "{}", 2},
		{"page", 200, "<html>", 2},
		{"empty", 200, `{"entities":[],"errors":[]}`, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newService(t)
			ids := tmsp(4)
			for _, id := range ids {
				s.set(id, "ACTIVE")
			}
			s.on("POST /product/find", answers(test.status, test.body))
			c := s.client()
			for range 2 {
				products, failures := c.ProductsByID(t.Context(), ids)
				checkMaps(t, ids, products, failures)
			}
			if s.count("POST") != test.wantFinds || s.count("GET") != 8 {
				t.Errorf("calls: %q", s.calls)
			}
			if _, err := c.ProductShared(t.Context(), ids[0]); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFindGivenUpAfterTwoUselessOnes(t *testing.T) {
	for name, find := range map[string]http.HandlerFunc{
		"refused":  answers(http.StatusBadRequest, `{"title":"Bad Request"}`),
		"no words": answers(http.StatusOK, `{"entities":[],"errors":[]}`),
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			ids := tmsp(2)
			s.set(ids[0], "ACTIVE")
			s.set(ids[1], "ACTIVE")
			s.on("POST /product/find", find)
			c := s.client()
			for range 5 {
				products, failures := c.ProductsByID(t.Context(), ids)
				checkMaps(t, ids, products, failures)
			}
			if s.count("POST") != 2 {
				t.Errorf("calls: %q", s.calls)
			}
		})
	}
}

func TestFailingFindFailsItsMembers(t *testing.T) {
	s := newService(t)
	ids := tmsp(3)
	s.on("POST /product/find", answers(http.StatusServiceUnavailable, `{"detail":"backend down"}`))
	products, failures := s.client().ProductsByID(t.Context(), ids)
	checkMaps(t, ids, products, failures, ids...)
	if s.count("POST") != 5 || s.count("GET") != 0 {
		t.Errorf("calls: %q", s.calls)
	}
}

func TestForbiddenStopsEverything(t *testing.T) {
	s := newService(t)
	ids := tmsp(500)
	s.on("POST /product/find", answers(http.StatusForbidden, `{"@type":"problem","detail":"no rights"}`))
	c := s.client(func(cfg *Config) { cfg.MaxConcurrentRequests = 2 })
	products, failures := c.ProductsByID(t.Context(), ids)
	checkMaps(t, ids, products, failures, ids...)
	if calls := s.count(""); calls > 2 {
		t.Errorf("%d calls", calls)
	}
	before := s.count("")
	_, err := c.SetStatus(t.Context(), ids[0], "ACTIVE")
	if !errors.Is(err, transport.ErrStopped) || !errors.Is(err, transport.ErrNotSent) ||
		!errors.Is(err, transport.ErrForbidden) {
		t.Errorf("SetStatus: %v", err)
	}
	if _, err := c.ProductShared(t.Context(), ids[0]); !errors.Is(err, transport.ErrStopped) {
		t.Errorf("ProductShared: %v", err)
	}
	if s.count("") != before {
		t.Errorf("calls: %q", s.calls)
	}
}

func TestEachBackendIsARateClass(t *testing.T) {
	if got := rateClasses("TMSP-2", "1NCE-1", "JASPER-3", "TMSP-4"); !slices.Equal(got,
		[]string{"1NCE", "JASPER", "TMSP"}) {
		t.Errorf("got %q", got)
	}
}

func TestChunksKeepNarrowBackendsApart(t *testing.T) {
	ids := append(tmsp(60), "1NCE-8988280000000000001", "AIRLINQ-8991000000000000001", "AIRLINQ-8991000000000000002",
		"STC-1")
	ids = append(ids, ids[0])
	var sizes []string
	for _, chunk := range chunks(ids) {
		sizes = append(sizes, fmt.Sprintf("%s:%d", rateClass(chunk[0]), len(chunk)))
	}
	if got := strings.Join(sizes, " "); got != ":50 :11 1NCE:1 AIRLINQ:2" {
		t.Errorf("got %s", got)
	}
}

func BenchmarkFindDecoding(b *testing.B) {
	ids := tmsp(50)
	entities := make([]string, len(ids))
	for i, id := range ids {
		entities[i] = strings.ReplaceAll(testdata(b, "product_jasper.json"), jasperID, id)
	}
	body := []byte(envelopeBody(entities, nil))
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		found, err := parseFind(body)
		if err != nil || len(found.products) != len(ids) {
			b.Fatalf("%d products, %v", len(found.products), err)
		}
	}
}
