package cmo

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

const (
	jasperID = "JASPER-8997100000000000017"
	tmspID   = "TMSP-89490200000000000024"
)

func TestSplitID(t *testing.T) {
	for id, want := range map[string][2]string{
		jasperID:                    {"JASPER", "8997100000000000017"},
		"1NCE-8988280000000000001":  {"1NCE", "8988280000000000001"},
		"INTELSAT-4711":             {"INTELSAT", "4711"},
		"TMSP-8949-x":               {"TMSP", "8949-x"},
		"without":                   {"", ""},
		"-8997100000000000017":      {"", "8997100000000000017"},
		jasperID + "-simCard":       {"JASPER", "8997100000000000017-simCard"},
		"GALAXY1-89000000000000001": {"GALAXY1", "89000000000000001"},
	} {
		if backend, iccid := SplitID(id); backend != want[0] || iccid != want[1] {
			t.Errorf("SplitID(%q) = %q, %q", id, backend, iccid)
		}
	}
}

func TestProduct(t *testing.T) {
	s := newService(t)
	s.on("GET /product/"+jasperID, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer access-token" {
			t.Errorf("Authorization: %q", got)
		}
		if r.Header.Get("Accept") != "application/json" || r.Header.Get("User-Agent") != "test" || r.URL.RawQuery != "" {
			t.Errorf("headers %v, query %q", r.Header, r.URL.RawQuery)
		}
		answer(w, http.StatusOK, testdata(t, "product_jasper.json"))
	})
	p, err := s.client().Product(t.Context(), jasperID)
	if err != nil {
		t.Fatal(err)
	}
	want := &Product{
		ID: jasperID, Backend: "JASPER", ConnectivityType: "CELLULAR", Status: "INACTIVE", Offering: "1GB pool",
		StartDate:       "2024-04-01T20:00:00.000Z",
		Characteristics: map[string]string{"SYSTEM": "JASPER"},
		RelatedParties:  []Party{{"100200", "JASPER_1", "customer"}},
		SIMCard: &SIMCard{
			ID: jasperID + "-simCard", Status: "ACTIVE", ICCID: "8997100000000000017", IMSI: "424020000000017",
			MSISDN: "971500000017", IMEI: "",
			Characteristics: map[string]string{
				"ICCID": "8997100000000000017", "imei": "", "IMSI": "424020000000017", "msisdn": "971500000017",
			},
		},
	}
	if !reflect.DeepEqual(p, want) {
		t.Errorf("got %+v\nSIM %+v", p, p.SIMCard)
	}
	if len(s.calls) != 1 {
		t.Errorf("calls: %q", s.calls)
	}
}

func TestSatelliteHasNoSIMCard(t *testing.T) {
	s := newService(t)
	s.on("GET /product/INTELSAT-4711", answers(http.StatusOK, testdata(t, "product_satellite.json")))
	c := s.client()
	p, err := c.Product(t.Context(), "INTELSAT-4711")
	if err != nil {
		t.Fatal(err)
	}
	if p.SIMCard != nil || p.Backend != "INTELSAT" || p.RelatedParties[0].ID != "77" {
		t.Errorf("got %+v", p)
	}
	if _, err := c.WaitSettled(t.Context(), "INTELSAT-4711"); !errors.Is(err, ErrNotCellular) {
		t.Errorf("WaitSettled: %v", err)
	}
}

func TestSIMCardOfItsOwn(t *testing.T) {
	composite := `{"id":"` + tmspID + `","connectivityType":"CELLULAR","status":"INACTIVE"}`
	t.Run("read", func(t *testing.T) {
		s := newService(t)
		s.on("GET /product/"+tmspID, answers(http.StatusOK, composite))
		s.on("GET /product/"+tmspID+"-simCard", answers(http.StatusOK, testdata(t, "sim_card.json")))
		p, err := s.client().Product(t.Context(), tmspID)
		if err != nil {
			t.Fatal(err)
		}
		if p.Status != "INACTIVE" || p.SIMCard.Status != "PENDING_ACTIVE" || p.SIMCard.IMEI != "350000000000024" {
			t.Errorf("got %+v %+v", p, p.SIMCard)
		}
	})
	t.Run("missing is not a missing product", func(t *testing.T) {
		s := newService(t)
		s.on("GET /product/"+tmspID, answers(http.StatusOK, composite))
		_, err := s.client().Product(t.Context(), tmspID)
		if err == nil || errors.Is(err, transport.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("missing where nothing says cellular", func(t *testing.T) {
		s := newService(t)
		s.on("GET /product/"+tmspID, answers(http.StatusOK, `{"id":"`+tmspID+`"}`))
		p, err := s.client().Product(t.Context(), tmspID)
		if err != nil || p.SIMCard != nil {
			t.Errorf("got %+v, %v", p, err)
		}
	})
	t.Run("without a status", func(t *testing.T) {
		s := newService(t)
		s.on("GET /product/"+tmspID, answers(http.StatusOK, composite))
		s.on("GET /product/"+tmspID+"-simCard", answers(http.StatusOK, `{"id":"`+tmspID+`-simCard"}`))
		if _, err := s.client().Product(t.Context(), tmspID); !errors.Is(err, transport.ErrNotTheAPI) {
			t.Errorf("got %v", err)
		}
	})
}

func TestProductOfOtherAnswers(t *testing.T) {
	for name, body := range map[string]string{
		"empty":          ``,
		"empty object":   `{}`,
		"list":           `[]`,
		"page":           `<html><body>Sign in</body></html>`,
		"other product":  productBody(jasperID, "ACTIVE"),
		"problem in 200": notFoundBody(tmspID),
		"cut":            productBody(tmspID, "ACTIVE")[:60],
		"null":           `null`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			s.on("GET /product/"+tmspID, answers(http.StatusOK, body))
			_, err := s.client().Product(t.Context(), tmspID)
			if !errors.Is(err, transport.ErrNotTheAPI) || errors.Is(err, transport.ErrNotFound) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestReadsArePatient(t *testing.T) {
	s := newService(t)
	failures := 0
	s.on("GET /product/"+tmspID, func(w http.ResponseWriter, _ *http.Request) {
		if failures++; failures <= 3 {
			w.WriteHeader([]int{503, 429, 502}[failures-1])
			return
		}
		answer(w, http.StatusOK, productBody(tmspID, "ACTIVE"))
	})
	if _, err := s.client().Product(t.Context(), tmspID); err != nil {
		t.Fatal(err)
	}
}

// pages answers a list with these pages of ids, then with empty ones.
func pages(t *testing.T, ids ...[]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if got := r.URL.Query()["fields"]; len(got) != 1 || got[0] != "id,connectivityType,status" ||
			len(r.URL.Query()) != 3 {
			t.Errorf("query: %q", r.URL.RawQuery)
		}
		page, err := strconv.Atoi(r.URL.Query().Get("pageNumber"))
		if err != nil {
			t.Error(err)
		}
		var entities []string
		if page <= len(ids) {
			for _, id := range ids[page-1] {
				entities = append(entities, fmt.Sprintf(`{"id":%q,"connectivityType":"CELLULAR","status":"ACTIVE"}`, id))
			}
		}
		answer(w, http.StatusOK, envelopeBody(entities, nil))
	}
}

func TestProductsToTheTrueEnd(t *testing.T) {
	ids := tmsp(5)
	tests := map[string]struct {
		pages [][]string
		want  int
		calls int
	}{
		"empty tenant":      {nil, 0, 1},
		"short page":        {[][]string{ids[:2], ids[2:3], ids[3:5]}, 5, 4},
		"overlapping pages": {[][]string{ids[2:5], ids[0:3], ids[:1]}, 5, 3},
		"ignores the page":  {[][]string{ids, ids, ids, ids}, 5, 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			s.on("GET /product", pages(t, test.pages...))
			list, err := s.client().Products(t.Context(), 0)
			if err != nil {
				t.Fatal(err)
			}
			for i, product := range list {
				if product.ID != ids[i] {
					t.Errorf("product %d is %s", i, product.ID)
				}
			}
			if len(list) != test.want || s.count("GET /product") != test.calls {
				t.Errorf("%d products in %d calls", len(list), s.count("GET /product"))
			}
		})
	}
}

func TestProductsAsDocumented(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.on("GET /product", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("pageSize") != "7" {
			t.Errorf("query: %q", r.URL.RawQuery)
		}
		if r.URL.Query().Get("pageNumber") == "1" {
			answer(w, http.StatusOK, testdata(t, "list_page.json"))
			return
		}
		answer(w, http.StatusNotFound, testdata(t, "problem_not_found.json"))
	})
	list, err := s.client().Products(t.Context(), 7)
	if err != nil {
		t.Fatal(err)
	}
	want := []Summary{
		{"INTELSAT-4711", "INTELSAT", "", "SATELLITE", "ACTIVE"},
		{jasperID, "JASPER", "8997100000000000017", "CELLULAR", "ACTIVE"},
		{tmspID, "TMSP", "89490200000000000024", "CELLULAR", "PENDING_ACTIVE"},
	}
	if !reflect.DeepEqual(list, want) {
		t.Errorf("got %+v", list)
	}
}

func TestProductsNeverHidesAFleet(t *testing.T) {
	for name, body := range map[string]string{
		"empty body":      ``,
		"empty object":    `{}`,
		"page":            `<html></html>`,
		"problem in 200":  notFoundBody("x"),
		"entity of no id": `{"entities":[{"status":"ACTIVE"}]}`,
		"entity of text":  `{"entities":["x"]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			s.on("GET /product", answers(http.StatusOK, body))
			if list, err := s.client().Products(t.Context(), 0); !errors.Is(err, transport.ErrNotTheAPI) {
				t.Errorf("got %v, %v", list, err)
			}
		})
	}
}

func TestProductsThatNeverEnd(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.on("GET /product", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, `[{"id":"TMSP-`+r.URL.Query().Get("pageNumber")+`"}]`)
	})
	c := s.client()
	c.maxPages = 3
	_, err := c.Products(t.Context(), 0)
	if err == nil || !strings.Contains(err.Error(), "has not ended after 3 pages") || s.count("GET") != 3 {
		t.Errorf("got %v after %d calls", err, s.count("GET"))
	}
}

// TestSharedBodies reads the bodies that the simulator is tested against.
func TestSharedBodies(t *testing.T) {
	w, err := parseProduct([]byte(sharedTestdata(t, "product.json")), jasperID)
	if err != nil {
		t.Fatal(err)
	}
	if p := w.product(); p.Status != "INACTIVE" || p.SIMCard == nil || p.SIMCard.Status != "ACTIVE" ||
		p.SIMCard.IMSI == "" {
		t.Errorf("product.json: %+v", p)
	}
	if w, err = parseProduct([]byte(sharedTestdata(t, "simcard.json")), jasperID+simCardSuffix); err != nil ||
		w.Status != "ACTIVE" {
		t.Errorf("simcard.json: %+v, %v", w, err)
	}
	if list, err := parseEnvelope([]byte(sharedTestdata(t, "list.json"))); err != nil || len(list.Entities) != 2 {
		t.Errorf("list.json: %v", err)
	}
	if found, err := parseFind([]byte(sharedTestdata(t, "find.json"))); err != nil || found.products[jasperID] == nil ||
		len(found.errors) == 0 {
		t.Errorf("find.json: %+v, %v", found, err)
	}
	if m, outcome := parseMonitor([]byte(sharedTestdata(t, "monitor.json"))); outcome != running ||
		m.State != "InProgress" {
		t.Errorf("monitor.json: %+v", m)
	}
	e := checkResponse(&transport.Response{Status: 404, Body: []byte(sharedTestdata(t, "problem.json"))})
	if !e.NotFound || e.TraceID == "" {
		t.Errorf("problem.json: %+v", e)
	}
}
