package simulator

import (
	"net"
	"net/http"
	"strconv"
	"time"
)

// cmoPolice stands before the CMO: the limit of all calls together, and the ban of an address that causes many errors
// ("is rated as an attack", docs: /docs/apis/performance). How many that are is not published.
type cmoPolice struct {
	calls  []time.Time            // those of the last second that were let through
	errors map[string][]time.Time // address -> its error answers of the last ten seconds
	banned map[string]time.Time   // address -> since when
}

const (
	cmoErrorWindow = 10 * time.Second
	cmoBan         = 48 * time.Hour
)

func newCMOPolice() cmoPolice {
	return cmoPolice{errors: map[string][]time.Time{}, banned: map[string]time.Time{}}
}

// policed lets a call through to its handler, or not, and counts what comes of it.
func (c *cmoAPI) policed(h cmoHandler) cmoHandler {
	return func(w http.ResponseWriter, r *http.Request, body []byte) {
		address, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			address = r.RemoteAddr
		}
		now := c.s.now()
		if since, banned := c.police.banned[address]; banned && c.quirks.BanErrors > 0 && now.Sub(since) < cmoBan {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte("<html><head><title>403 Forbidden</title></head><body>Your address is blocked.</body></html>"))
			return
		}
		delete(c.police.banned, address)

		if c.police.tooMany(c.quirks.TenantLimit, now) {
			if c.quirks.RetryAfter != "" {
				w.Header().Set("Retry-After", c.quirks.RetryAfter)
			}
			c.deny(w, r, http.StatusTooManyRequests, "Rate Limit Exceeded",
				"More than "+strconv.Itoa(c.quirks.TenantLimit)+" requests per second for the tenant")
		} else {
			h(w, r, body)
		}
		if given, ok := w.(*answer); ok && given.status >= http.StatusBadRequest {
			c.police.failed(address, c.quirks.BanErrors, now)
		}
	}
}

// tooMany tells whether a call is over the limit, else counts it.
func (p *cmoPolice) tooMany(limit int, now time.Time) bool {
	p.calls = laterThan(p.calls, now.Add(-time.Second))
	if limit <= 0 {
		return false
	}
	if len(p.calls) >= limit {
		return true
	}
	p.calls = append(p.calls, now)
	return false
}

// failed counts an error answer, and bans the address that has too many.
func (p *cmoPolice) failed(address string, most int, now time.Time) {
	p.errors[address] = append(laterThan(p.errors[address], now.Add(-cmoErrorWindow)), now)
	if most > 0 && len(p.errors[address]) > most {
		p.banned[address] = now
	}
}

// laterThan drops the times that are not after t; they are in order.
func laterThan(times []time.Time, t time.Time) []time.Time {
	for len(times) > 0 && !times[0].After(t) {
		times = times[1:]
	}
	return times
}

// BannedAddresses is how many addresses the CMO's firewall blocks (quirk BanErrors).
func (s *Simulator) BannedAddresses() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.cmo.police.banned)
}
