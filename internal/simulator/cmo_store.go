package simulator

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Product is an IoT connection product of the CMO: a SIM card or a satellite terminal with what is bundled with it.
type Product struct {
	// ID is {BACKEND}-{ICCID}, or {BACKEND}-{terminal serial number} for satellites.
	ID string `json:"id"`
	// ConnectivityType is CELLULAR or SATELLITE; AddProduct knows INTELSAT as the latter.
	ConnectivityType string `json:"connectivity_type"`
	// Status is the composite's own, SIMStatus that of the SIM card or terminal: the one that a PATCH changes. They
	// differ in the published sample.
	Status    string `json:"status"`
	SIMStatus string `json:"sim_status"`
	// Offering is the tariff's name.
	Offering  string    `json:"offering"`
	StartDate time.Time `json:"start_date"`
	// RelatedPartyID and RelatedPartyName are the customer's account: id in the backend, name in the hub.
	RelatedPartyID   string `json:"related_party_id"`
	RelatedPartyName string `json:"related_party_name"`

	IMSI   string `json:"imsi,omitempty"`
	MSISDN string `json:"msisdn,omitempty"`
	IMEI   string `json:"imei,omitempty"`
	// Characteristics adds to the SIM card's or terminal's characteristics, or replaces them; case is ignored.
	Characteristics map[string]string `json:"characteristics,omitempty"`
}

// Backend is the part of the ID before the first hyphen.
func (p Product) Backend() string {
	backend, _, _ := strings.Cut(p.ID, "-")
	return backend
}

// ICCID is the part of a cellular product's ID after the first hyphen, "" for satellites.
func (p Product) ICCID() string {
	if p.ConnectivityType != connectivityCellular {
		return ""
	}
	return p.serial()
}

func (p Product) serial() string {
	_, serial, _ := strings.Cut(p.ID, "-")
	return serial
}

const (
	connectivityCellular  = "CELLULAR"
	connectivitySatellite = "SATELLITE"
)

// cmoProduct is a product with what is going on at it.
type cmoProduct struct {
	Product
	running     *cmoMonitor // the asynchronous change on its way, if any
	terminating *operation  // the backend's own way from PENDING_TERMINATE to TERMINATED
	stale       cmoStatuses // what the next staleReads reads show
	staleReads  int
}

// cmoStatuses are the two statuses of a product at one time.
type cmoStatuses struct{ composite, sim string }

func (p *cmoProduct) statuses() cmoStatuses {
	return cmoStatuses{composite: p.Status, sim: p.SIMStatus}
}

// AddProduct puts a product into the backends, or replaces the one of that ID. What is empty gets a default made from
// the ID: ACTIVE, a cellular product unless the backend is INTELSAT, IMSI and MSISDN after the ICCID, no IMEI.
func (s *Simulator) AddProduct(p Product) {
	fill := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	satellite := p.Backend() == "INTELSAT" || p.ConnectivityType == connectivitySatellite
	if satellite {
		fill(&p.ConnectivityType, connectivitySatellite)
		fill(&p.Offering, "FlexEnterprise Global")
	} else {
		fill(&p.ConnectivityType, connectivityCellular)
		fill(&p.Offering, "1GB pool")
		serial := p.serial()
		fill(&p.IMSI, "90140"+lastDigits(serial, 10))
		fill(&p.MSISDN, "88228"+lastDigits(serial, 8))
	}
	fill(&p.SIMStatus, p.Status)
	fill(&p.SIMStatus, statusActive)
	fill(&p.Status, p.SIMStatus)
	fill(&p.RelatedPartyID, "100200")
	fill(&p.RelatedPartyName, p.Backend()+"_1")
	if p.StartDate.IsZero() {
		p.StartDate = time.Date(2024, time.April, 1, 20, 0, 0, 0, time.UTC)
	}
	p.Characteristics = maps.Clone(p.Characteristics)

	s.mu.Lock()
	defer s.mu.Unlock()
	record := &cmoProduct{Product: p}
	if _, known := s.cmo.products[p.ID]; !known {
		s.cmo.order = nil
	}
	s.cmo.products[p.ID] = record
	s.cmo.bySerial[p.serial()] = record
}

func lastDigits(serial string, n int) string {
	return serial[max(0, len(serial)-n):]
}

// Product returns a product as it is now; it does not count as a look at a running operation.
func (s *Simulator) Product(id string) (Product, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.cmo.products[id]
	if !ok {
		return Product{}, false
	}
	return s.cmo.snapshot(p), true
}

// Changing says whether an asynchronous change of the product is on its way; it does not count as a look at it.
func (s *Simulator) Changing(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.cmo.products[id]
	if !ok {
		return false
	}
	s.cmo.settleDue(p)
	return p.running != nil
}

// Products returns all products, sorted by ID.
func (s *Simulator) Products() []Product {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Product, 0, len(s.cmo.products))
	for _, id := range s.cmo.sorted() {
		out = append(out, s.cmo.snapshot(s.cmo.products[id]))
	}
	return out
}

// ChangeProduct changes a product behind the API's back, as the portal would; the ID stays, the ledger is not
// touched, f must not call the simulator. It returns false where there is no such product.
func (s *Simulator) ChangeProduct(id string, f func(*Product)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.cmo.products[id]
	if !ok {
		return false
	}
	changed := s.cmo.snapshot(p)
	f(&changed)
	changed.ID = id
	if changed.SIMStatus != p.SIMStatus {
		p.terminating = nil
	}
	p.staleReads = 0
	p.Product = changed
	return true
}

// RemoveProduct takes a product away, as when a SIM moves to another tenant. It returns false where there is none.
func (s *Simulator) RemoveProduct(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.cmo.products[id]
	if !ok {
		return false
	}
	delete(s.cmo.products, id)
	if s.cmo.bySerial[p.serial()] == p {
		delete(s.cmo.bySerial, p.serial())
	}
	s.cmo.order = nil
	return true
}

func (c *cmoAPI) snapshot(p *cmoProduct) Product {
	c.settleDue(p)
	out := p.Product
	out.Characteristics = maps.Clone(out.Characteristics)
	return out
}

// sorted returns all ids in order; sorting waits until somebody asks, so that adding many is cheap.
func (c *cmoAPI) sorted() []string {
	if c.order == nil {
		c.order = slices.Sorted(maps.Keys(c.products))
	}
	return c.order
}
