package cmo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/simfleet/terraform-provider-telco/internal/api/transport"
	"github.com/simfleet/terraform-provider-telco/internal/identity"
)

// ErrNotCellular says that a product has no SIM card, as a satellite terminal.
var ErrNotCellular = errors.New("the product is not cellular: it has no SIM card")

const (
	simCardSuffix = "-simCard"
	// firstPageSize is what is asked for where the caller does not say; the service may send fewer or more.
	firstPageSize = 100
	// pageCeiling stops a list that never ends: 100,000 products even where the service sends ten at a time.
	pageCeiling = 10_000
)

// Summary is a product as the list shows it. Status is the list's, which the API page does not say to be that of the
// composite or of the SIM card; ICCID is "" for satellite products.
type Summary struct {
	ID               string
	Backend          string
	ICCID            string
	ConnectivityType string // "CELLULAR", "SATELLITE"
	Status           string
}

// Product is an IoT connection product. Status is the composite's, which may differ from the SIM card's. Products that
// ProductShared returns are shared: do not change them.
type Product struct {
	ID               string
	Backend          string
	ConnectivityType string
	Status           string
	Offering         string
	StartDate        string // RFC 3339
	Characteristics  map[string]string
	RelatedParties   []Party
	SIMCard          *SIMCard // nil for satellite products
}

// Party is a party of a product, such as the customer's account in the backend.
type Party struct{ ID, Name, Role string }

// SIMCard is the -simCard sub-product; "" where the service has no value. Characteristics carry the names as the
// service spells them, whose case varies by backend.
type SIMCard struct {
	ID, Status, ICCID, IMSI, MSISDN, IMEI string
	Characteristics                       map[string]string
}

// SplitID splits a product id, BACKEND-ICCID, at the first hyphen. Without a hyphen both parts are "".
func SplitID(productID string) (backend, iccid string) {
	backend, iccid, ok := strings.Cut(productID, "-")
	if !ok {
		return "", ""
	}
	return backend, iccid
}

// isICCID says whether the second part of a product id is an ICCID rather than a terminal's serial number.
func isICCID(s string) bool {
	return len(s) >= 18 && len(s) <= 22 && strings.Trim(s, "0123456789") == ""
}

type wireProduct struct {
	ID               text `json:"id"`
	Type             text `json:"@type"`
	Status           text `json:"status"`
	ConnectivityType text `json:"connectivityType"`
	StartDate        text `json:"startDate"`
	ProductOffering  struct {
		Name text `json:"name"`
	} `json:"productOffering"`
	RelatedParty []struct {
		ID   text `json:"id"`
		Name text `json:"name"`
		Role text `json:"role"`
	} `json:"relatedParty"`
	ProductCharacteristic []struct {
		Name  text `json:"name"`
		Value text `json:"value"`
	} `json:"productCharacteristic"`
	ProductRelationship []struct {
		Product wireProduct `json:"product"`
	} `json:"productRelationship"`
}

func (w wireProduct) is(subProduct string) bool {
	return strings.EqualFold(string(w.Type), subProduct) ||
		strings.HasSuffix(strings.ToLower(string(w.ID)), "-"+strings.ToLower(subProduct))
}

// bundled is the sub-product of that type, or nil.
func (w wireProduct) bundled(subProduct string) *wireProduct {
	for i := range w.ProductRelationship {
		if w.ProductRelationship[i].Product.is(subProduct) {
			return &w.ProductRelationship[i].Product
		}
	}
	return nil
}

func (w wireProduct) isSatellite() bool {
	return strings.EqualFold(string(w.ConnectivityType), "SATELLITE") || w.bundled("terminal") != nil
}

func (w wireProduct) characteristics() map[string]string {
	out := make(map[string]string, len(w.ProductCharacteristic))
	for _, c := range w.ProductCharacteristic {
		out[string(c.Name)] = string(c.Value)
	}
	return out
}

// characteristic looks a value up by name without case, as the spelling varies (API page, section 6).
func (w wireProduct) characteristic(name string) string {
	for _, c := range w.ProductCharacteristic {
		if strings.EqualFold(string(c.Name), name) && c.Value != "" {
			return string(c.Value)
		}
	}
	return ""
}

// product turns the wire form into a Product; its SIM card is nil where the body carries none with a status.
func (w wireProduct) product() *Product {
	backend, iccid := SplitID(string(w.ID))
	p := &Product{
		ID: string(w.ID), Backend: backend, ConnectivityType: string(w.ConnectivityType), Status: string(w.Status),
		Offering: string(w.ProductOffering.Name), StartDate: string(w.StartDate),
		Characteristics: w.characteristics(),
	}
	for _, party := range w.RelatedParty {
		p.RelatedParties = append(p.RelatedParties, Party{string(party.ID), string(party.Name), string(party.Role)})
	}
	if sim := w.bundled("simCard"); sim != nil && sim.Status != "" {
		p.SIMCard = sim.simCard(iccid)
	}
	return p
}

// simCard turns the wire form of the sub-product into a SIMCard. The id names the ICCID of a cellular product, so it
// stands in for a missing characteristic.
func (w wireProduct) simCard(iccid string) *SIMCard {
	sim := &SIMCard{
		// A word of state is compared here and in plans, so it has one spelling.
		ID: string(w.ID), Status: identity.Word(string(w.Status)),
		ICCID: w.characteristic("ICCID"), IMSI: w.characteristic("IMSI"),
		MSISDN: w.characteristic("MSISDN"), IMEI: w.characteristic("IMEI"),
		Characteristics: w.characteristics(),
	}
	if sim.ICCID == "" {
		sim.ICCID = iccid
	}
	return sim
}

// parseProduct reads a body that must be about the object with this id.
func parseProduct(body []byte, id string) (wireProduct, error) {
	var w wireProduct
	if err := transport.DecodeJSON(body, &w); err != nil {
		return wireProduct{}, err
	}
	switch {
	case w.ID == "":
		return wireProduct{}, errors.New("the answer is not a product: it has no id")
	case !strings.EqualFold(string(w.ID), id):
		return wireProduct{}, fmt.Errorf("the answer is about another object than %s", id)
	}
	w.ID = text(id)
	return w, nil
}

// Product reads one product: one GET of the composite, and another of its -simCard sub-product only where a cellular
// composite does not carry that. Errors are *transport.Error; ErrNotFound is only what the service clearly says.
func (c *Client) Product(ctx context.Context, id string) (*Product, error) {
	req := c.get("read product "+id, "product", id)
	req.RateClasses = rateClasses(id)
	res, err := c.http.Do(ctx, req)
	if err != nil {
		return nil, err
	}
	w, err := parseProduct(res.Body, id)
	if err != nil {
		return nil, c.notTheAPI(req, res, err)
	}
	p := w.product()
	if p.SIMCard != nil || w.isSatellite() {
		return p, nil
	}

	p.SIMCard, err = c.simCard(ctx, id)
	var missing *transport.Error
	if !errors.As(err, &missing) || !missing.NotFound {
		return p, err
	}
	if w.ConnectivityType == "" {
		return p, nil // neither says nor has anything cellular
	}
	// The product is there: this must not look as if it had gone.
	missing.NotFound = false
	return nil, missing
}

func (c *Client) simCard(ctx context.Context, id string) (*SIMCard, error) {
	subProduct := id + simCardSuffix
	req := c.get("read SIM card of product "+id, "product", subProduct)
	req.RateClasses = rateClasses(id)
	res, err := c.http.Do(ctx, req)
	if err != nil {
		return nil, err
	}
	w, err := parseProduct(res.Body, subProduct)
	if err == nil && w.Status == "" {
		err = errors.New("the SIM card has no status")
	}
	if err != nil {
		return nil, c.notTheAPI(req, res, err)
	}
	_, iccid := SplitID(id)
	return w.simCard(iccid), nil
}

// envelope is the form of lists and finds. Entities stay raw, so that one odd product does not spoil the others.
type envelope struct {
	Entities []json.RawMessage
	Errors   []json.RawMessage
}

// parseEnvelope also takes a bare array, as TMF637 describes the list. An object without entities is no list: taking it
// for an empty one could hide a whole fleet.
func parseEnvelope(body []byte) (envelope, error) {
	var e envelope
	if bytes.HasPrefix(bytes.TrimSpace(transport.StripBOM(body)), []byte("[")) {
		return e, transport.DecodeJSON(body, &e.Entities)
	}
	var w struct {
		Entities json.RawMessage   `json:"entities"`
		Errors   []json.RawMessage `json:"errors"`
	}
	if err := transport.DecodeJSON(body, &w); err != nil {
		return e, err
	}
	if w.Entities == nil {
		return e, errors.New("the answer is not a list: it has no entities")
	}
	e.Errors = w.Errors
	return e, transport.DecodeJSON(w.Entities, &e.Entities)
}

func (w wireProduct) summary() Summary {
	backend, iccid := SplitID(string(w.ID))
	if w.isSatellite() || w.ConnectivityType == "" && !isICCID(iccid) {
		iccid = ""
	}
	return Summary{
		ID: string(w.ID), Backend: backend, ICCID: iccid,
		ConnectivityType: string(w.ConnectivityType), Status: string(w.Status),
	}
}

func sorted(products map[string]Summary) []Summary {
	out := make([]Summary, 0, len(products))
	for _, s := range products {
		out = append(out, s)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out
}
