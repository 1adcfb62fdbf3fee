package simulator

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// The tenant's limit is one for all backends; calls that were refused do not count, nor do token calls.
func TestCMOTenantLimit(t *testing.T) {
	c := newCMOTest(t)
	c.AddProduct(Product{ID: "TMSP-1", SIMStatus: "ACTIVE"})
	c.AddProduct(Product{ID: "JASPER-2", SIMStatus: "ACTIVE"})
	c.SetCMOQuirks(func(q *CMOQuirks) { q.TenantLimit, q.RetryAfter = 3, "2" })
	c.want(c.get("/product/TMSP-1"), http.StatusOK)
	c.want(c.get("/product/JASPER-2"), http.StatusOK)
	c.advance(500 * time.Millisecond)
	c.want(c.login(nil), http.StatusOK)
	c.want(c.get("/product"), http.StatusOK)
	for range 2 {
		refused := c.get("/product/TMSP-1")
		c.wantProblem(refused, http.StatusTooManyRequests, "Rate Limit Exceeded")
		if refused.header.Get("Retry-After") != "2" || !strings.Contains(refused.str("detail"), "3 requests per second") {
			t.Errorf("%v %s", refused.header, refused.text)
		}
	}
	c.wantProblem(c.patch("JASPER-2", "SUSPENDED"), http.StatusTooManyRequests, "Rate Limit Exceeded")
	c.wantLedger()
	c.advance(500 * time.Millisecond)
	c.want(c.patch("JASPER-2", "SUSPENDED"), http.StatusOK)
	c.want(c.get("/product/TMSP-1"), http.StatusOK)
	c.want(c.get("/product/TMSP-1"), http.StatusTooManyRequests)
}

func TestCMOBansWhoCausesErrors(t *testing.T) {
	c := newCMOTest(t)
	c.AddProduct(Product{ID: "TMSP-1", SIMStatus: "ACTIVE"})
	c.SetCMOQuirks(func(q *CMOQuirks) { q.BanErrors = 3 })
	for range 4 { // never more than three within ten seconds
		c.want(c.get("/product/TMSP-404"), http.StatusNotFound)
		c.advance(4 * time.Second)
	}
	c.want(c.get("/product/TMSP-1"), http.StatusOK)
	if n := c.BannedAddresses(); n != 0 {
		t.Fatalf("%d addresses are banned", n)
	}
	for range 2 {
		c.want(c.get("/product/TMSP-404"), http.StatusNotFound)
	}
	for _, wait := range []time.Duration{0, 47 * time.Hour} {
		c.advance(wait)
		c.want(c.login(nil), http.StatusOK) // the token endpoint is another host
		c.token = c.login(nil).str("access_token")
		banned := c.want(c.get("/product/TMSP-1"), http.StatusForbidden)
		if banned.header.Get("Content-Type") != "text/html" || c.BannedAddresses() != 1 {
			t.Errorf("after %s: %s", wait, banned.text)
		}
	}
	c.SetCMOQuirks(func(q *CMOQuirks) { q.BanErrors = 0 })
	c.want(c.get("/product/TMSP-1"), http.StatusOK)
	c.SetCMOQuirks(func(q *CMOQuirks) { q.BanErrors = 3 })
	for range 4 {
		c.want(c.get("/product/TMSP-404"), http.StatusNotFound)
	}
	c.want(c.get("/product/TMSP-1"), http.StatusForbidden)
	c.advance(48 * time.Hour)
	c.token = c.login(nil).str("access_token")
	c.want(c.get("/product/TMSP-1"), http.StatusOK)
}
