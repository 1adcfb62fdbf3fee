package cmo

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
)

func FuzzProduct(f *testing.F) {
	for _, name := range []string{"product_jasper.json", "product_satellite.json", "sim_card.json", "find.json"} {
		f.Add([]byte(testdata(f, name)))
	}
	f.Add([]byte(`{"id":"` + jasperID + `","productCharacteristic":[{"name":"ICCID","value":8997100000000000017}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		w, err := parseProduct(body, jasperID)
		if err == nil {
			if p := w.product(); p.ID != jasperID || p.SIMCard != nil && (p.SIMCard.Status == "" || p.SIMCard.ICCID == "") {
				t.Errorf("got %+v %+v", p, p.SIMCard)
			}
		}
		found, err := parseFind(body)
		if err != nil {
			return
		}
		for id, p := range found.products {
			if p != nil && (p.ID != id || p.SIMCard == nil) {
				t.Errorf("%s: %+v", id, p)
			}
		}
	})
}

func FuzzMonitor(f *testing.F) {
	for _, name := range []string{"monitor_in_progress.json", "monitor_in_error.json", "product_jasper.json"} {
		f.Add(testdata(f, name), "https://host/cmo/v5/acme/monitor/m-1")
	}
	f.Add(`{"state":"Completed","response":{"statusCode":500,"body":"{\"detail\":\"x\"}"}}`, "http://other/monitor/m-1")
	f.Add(`"https://host/monitor/m-1"`, "")
	f.Add(`{"links":[[{"url":"/monitor/m-1"}]],"monitor":{"id":"m-1"}}`, "//host:443/x/monitor/m%2f1")
	f.Fuzz(func(t *testing.T, body, location string) {
		m, outcome := parseMonitor([]byte(body))
		if outcome == failed {
			_ = m.failure([]byte(body))
		}
		if outcome == gone {
			t.Error("a body says that the monitor is gone")
		}
		c := Client{endpointHost: "host"}
		res := &transport.Response{Status: http.StatusAccepted, Header: http.Header{"Location": {location}},
			Body: []byte(body)}
		if id, refused := c.monitorOf(res, tmspID); refused && id != "" {
			t.Errorf("refused and used: %q", id)
		}
	})
}

func FuzzProblem(f *testing.F) {
	f.Add(404, []byte(testdata(f, "problem_not_found.json")))
	f.Add(400, []byte(testdata(f, "problem_invalid.json")))
	f.Add(404, []byte(`{"message":"Not Found"}`))
	f.Add(502, []byte(`<html>Bad gateway</html>`))
	f.Add(404, []byte(`{"errors":{"a":[null,1,"x"]},"status":{},"title":["x"]}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		e := checkResponse(&transport.Response{Status: status, Header: http.Header{}, Body: body})
		if (e == nil) != (status >= 200 && status < 300) {
			t.Fatalf("HTTP %d: %v", status, e)
		}
		if e == nil {
			return
		}
		object := strings.HasPrefix(strings.TrimSpace(string(transport.StripBOM(body))), "{")
		if e.NotFound && (status != http.StatusNotFound || !object || e.NotTheAPI) {
			t.Errorf("not found: %+v", e)
		}
		if utf8.Valid(body) && !utf8.ValidString(e.Error()) {
			t.Errorf("not UTF-8: %q", e.Error())
		}
	})
}
