package simulator

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The suffixes of a product id that name what is bundled in it.
const (
	partSIMCard          = "-simCard"
	partDataConnectivity = "-dataConnectivity"
	partUsage            = "-usageVolume-data"
	partTerminal         = "-terminal"
)

// parts lists what a product bundles, in the order in which it is shown.
func (p *cmoProduct) parts() []string {
	if p.ConnectivityType == connectivitySatellite {
		return []string{partTerminal, partUsage}
	}
	return []string{partSIMCard, partDataConnectivity, partUsage}
}

// resolve finds the product of an id and the part that it names, "" for the composite; nil where there is none.
func (c *cmoAPI) resolve(id string) (*cmoProduct, string) {
	if p := c.products[id]; p != nil {
		return p, ""
	}
	for _, part := range []string{partSIMCard, partDataConnectivity, partUsage, partTerminal} {
		if base, ok := strings.CutSuffix(id, part); ok {
			if p := c.products[base]; p != nil && slices.Contains(p.parts(), part) {
				return p, part
			}
		}
	}
	return nil, ""
}

func (c *cmoAPI) notFound(w http.ResponseWriter, r *http.Request) {
	c.deny(w, r, http.StatusNotFound, "Error", r.PathValue("id")+" not found")
}

// read is GET /product/{id} of a composite or one of its parts.
func (c *cmoAPI) read(w http.ResponseWriter, r *http.Request, _ []byte) {
	p, part := c.resolve(r.PathValue("id"))
	if p == nil {
		c.notFound(w, r)
		return
	}
	if c.limited(w, r, map[string]bool{p.Backend(): true}) {
		return
	}
	switch part {
	case "":
		c.write(w, http.StatusOK, c.correlated(c.composite(r, p, c.observe(p))))
	case partSIMCard, partTerminal:
		c.write(w, http.StatusOK, c.correlated(c.part(r, p, part, c.observe(p))))
	default: // these carry no status, so reading them is no look at an operation
		c.write(w, http.StatusOK, c.correlated(c.part(r, p, part, p.statuses())))
	}
}

// cmoFields are the names that the list's fields parameter can choose.
var cmoFields = []string{
	"id", "href", "isBundle", "isCustomerVisible", "name", "startDate", "status", "connectivityType", "billingAccount",
	"relatedParty", "productOffering", "productCharacteristic", "productRelationship", "@baseType", "@type",
}

// list is GET /product: a page of all products, in the order of their ids. It is no look at an operation.
func (c *cmoAPI) list(w http.ResponseWriter, r *http.Request, _ []byte) {
	query := r.URL.Query()
	number, ok1 := cmoCount(query, "pageNumber", 1)
	size, ok2 := cmoCount(query, "pageSize", 10)
	if !ok1 || !ok2 {
		c.deny(w, r, http.StatusBadRequest, "Missing or malformed parameter", "The paging parameters are wrong",
			"pageNumber and pageSize must be whole numbers from 1")
		return
	}
	limit := c.quirks.ListPageCap
	if limit == 0 {
		limit = 100
	}
	size = min(size, limit)
	if c.quirks.ListShortPages {
		size = (size + 1) / 2
	}
	stride := size
	if c.quirks.ListDuplicate {
		stride = max(1, size-1)
	}

	ids := c.sorted()
	start := len(ids)
	if number-1 <= len(ids)/stride { // also keeps a huge page number from overflowing
		start = min(start, (number-1)*stride)
	}
	page := ids[start:min(len(ids), start+size)]

	backends := map[string]bool{}
	for _, id := range page {
		backends[c.products[id].Backend()] = true
	}
	if c.limited(w, r, backends) {
		return
	}

	// A wrong name in fields gives an empty list with 200: documented, and a trap.
	var fields []string
	if query.Has("fields") {
		fields = strings.Split(query.Get("fields"), ",")
		if slices.ContainsFunc(fields, func(f string) bool { return !slices.Contains(cmoFields, f) }) {
			page = nil
		}
	}
	entities := make([]any, 0, len(page))
	for _, id := range page {
		p := c.products[id]
		c.settleDue(p)
		shown := p.statuses()
		if p.staleReads > 0 {
			shown = p.stale
		}
		entity := c.composite(r, p, shown)
		if fields != nil {
			maps.DeleteFunc(entity, func(name string, _ any) bool { return !slices.Contains(fields, name) })
		}
		entities = append(entities, entity)
	}
	c.writeLong(w, http.StatusOK, map[string]any{
		"entities":   entities,
		"statistics": map[string]any{"currentPage": number, "pageSize": len(entities)},
		// The published link lacks the version: a client that follows it meets a 501.
		"links": []any{map[string]any{"type": "self", "url": cmoOrigin(r) + "/cmo/" + Tenant + "/product?" + r.URL.RawQuery}},
	})
}

// cmoCount reads a whole number from 1; where the parameter is missing it is the default.
func cmoCount(query url.Values, name string, missing int) (int, bool) {
	if !query.Has(name) {
		return missing, true
	}
	n, err := strconv.Atoi(query.Get(name))
	return n, err == nil && n >= 1
}

// find is POST /product/find: full products by ICCID or terminal serial number, a problem for each that is unknown.
func (c *cmoAPI) find(w http.ResponseWriter, r *http.Request, body []byte) {
	if status := c.quirks.FindMissing; status != 0 {
		if !c.quirks.FindMissingHTML {
			c.deny(w, r, status, "Error", "The operation does not exist")
			return
		}
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<html><body><h1>" + http.StatusText(status) + "</h1></body></html>"))
		return
	}
	if cmoMediaType(r) != "application/json" {
		c.deny(w, r, http.StatusUnsupportedMediaType, "Error", "The content type must be application/json")
		return
	}
	wanted, ok := cmoWanted(body)
	if !ok {
		c.deny(w, r, http.StatusBadRequest, "Missing or malformed parameter", "The body can't be used",
			"the body must be an object of iccidList and terminalSNList, lists of strings, at least one of them filled")
		return
	}
	if c.quirks.FindMax > 0 && len(wanted) > c.quirks.FindMax {
		c.deny(w, r, http.StatusBadRequest, "Bad Request", "Not more than "+strconv.Itoa(c.quirks.FindMax)+" ids can be "+
			"asked for")
		return
	}

	var found []*cmoProduct
	seen := map[*cmoProduct]bool{}
	problems := []any{}
	backends := map[string]bool{}
	for _, key := range wanted {
		p := c.bySerial[key.serial]
		switch {
		case slices.Contains(c.quirks.FindOmits, key.serial):
		case p == nil || p.ConnectivityType != key.connectivity:
			problems = append(problems, c.problem(r, http.StatusNotFound, "Error",
				"Product with "+key.kind+" "+key.serial+" not found"))
		case !seen[p]:
			seen[p] = true
			found = append(found, p)
			backends[p.Backend()] = true
		}
	}
	if c.limited(w, r, backends) {
		return
	}
	entities := make([]any, len(found))
	for i, p := range found {
		entities[i] = c.correlated(c.composite(r, p, c.observe(p)))
	}
	status := c.quirks.FindStatus
	if status == 0 {
		status = http.StatusOK
	}
	c.writeLong(w, status, map[string]any{"entities": entities, "errors": problems})
}

// cmoKey is one id that a find asks for.
type cmoKey struct{ kind, connectivity, serial string }

func cmoWanted(body []byte) ([]cmoKey, bool) {
	var lists map[string][]string
	if err := json.Unmarshal(body, &lists); err != nil {
		return nil, false
	}
	var keys []cmoKey
	for _, kind := range []cmoKey{{"iccid", connectivityCellular, "iccidList"},
		{"terminalSN", connectivitySatellite, "terminalSNList"}} {
		for _, serial := range lists[kind.serial] {
			keys = append(keys, cmoKey{kind.kind, kind.connectivity, serial})
		}
		delete(lists, kind.serial)
	}
	return keys, len(lists) == 0 && len(keys) > 0
}

// composite is the whole product as JSON.
func (c *cmoAPI) composite(r *http.Request, p *cmoProduct, shown cmoStatuses) map[string]any {
	characteristics := []cmoCharacteristic{c.characteristic("SYSTEM", p.Backend())}
	if p.ConnectivityType == connectivitySatellite { // as the samples write it
		characteristics = []cmoCharacteristic{c.characteristic("system", p.Backend()), c.characteristic("account_index", "1")}
	}
	product := map[string]any{
		"id":                p.ID,
		"href":              c.apiURL(r) + "/product/" + p.ID,
		"isBundle":          true,
		"isCustomerVisible": true,
		"name":              "",
		"startDate":         cmoTime(p.StartDate),
		"status":            c.quirks.word(shown.composite),
		"connectivityType":  p.ConnectivityType,
		"billingAccount":    map[string]any{"id": ""},
		"relatedParty": []any{map[string]any{"id": p.RelatedPartyID, "name": p.RelatedPartyName,
			"role": "customer"}},
		"productOffering":       map[string]any{"name": p.Offering},
		"productCharacteristic": characteristics,
		"@baseType":             "product",
		"@type":                 "IoTConnection",
	}
	if c.quirks.NoNestedSIMCard {
		return product
	}
	key := "type"
	if c.quirks.RelationshipType {
		key = "relationshipType"
	}
	var relationships []any
	for _, part := range p.parts() {
		relationships = append(relationships, map[string]any{key: "BUNDLED", "product": c.part(r, p, part, shown)})
	}
	product["productRelationship"] = relationships
	return product
}

// part is a sub-product as JSON. No sample of a data connectivity is published: its names follow the description.
func (c *cmoAPI) part(r *http.Request, p *cmoProduct, part string, shown cmoStatuses) map[string]any {
	sub := map[string]any{
		"id":        p.ID + part,
		"href":      c.apiURL(r) + "/product/" + p.ID + part,
		"isBundle":  false,
		"@baseType": "product",
		"@type":     strings.TrimPrefix(part, "-"),
	}
	date := cmoTime(p.StartDate)
	switch part {
	case partSIMCard:
		sub["status"] = c.quirks.word(shown.sim)
		sub["customProperty"] = []any{}
		sub["productCharacteristic"] = c.characteristics(p,
			"dateActivated", date, "dateAdded", date, "dateUpdated", date, "euiccid", "", "globalSimType", "",
			"ICCID", p.ICCID(), "imei", p.IMEI, "IMSI", p.IMSI, "MSISDN", p.MSISDN, "simNotes", "")
	case partTerminal:
		sub["status"] = c.quirks.word(shown.sim)
		sub["isCustomerVisible"] = true
		sub["customProperty"] = []any{}
		sub["productCharacteristic"] = c.characteristics(p,
			"serialNumber", p.serial(), "name", p.ID, "latitude", "", "longitude", "", "model", "", "state", "synced",
			"mobilityType", "Fixed", "imoNumber", "0", "mmsi", "", "antennaCode", "", "lastUpdated", date, "lastSync", date)
	case partDataConnectivity:
		sub["productCharacteristic"] = []cmoCharacteristic{
			c.characteristic("networkProvider", p.Backend()), c.characteristic("bearer", "LTE"),
			c.characteristic("communicationPlan", ""),
		}
	case partUsage:
		sub["@type"] = "usageVolume"
		sub["isShared"] = false
		sub["usageType"] = "DATA"
		sub["bucketCounter"] = []any{map[string]any{
			"valueName":         "1401626.776576 KB",
			"value":             map[string]any{"amount": 1401626.776576, "units": "KB"},
			"consumptionPeriod": map[string]any{"startDateTime": date, "endDateTime": cmoTime(c.s.now())},
			"counterType":       "USED",
		}}
	}
	return sub
}

// characteristics lists pairs of name and value, changed and extended by the product's own.
func (c *cmoAPI) characteristics(p *cmoProduct, pairs ...string) []cmoCharacteristic {
	own := map[string]string{} // lower-case name -> name as given
	for name := range p.Characteristics {
		own[strings.ToLower(name)] = name
	}
	list := make([]cmoCharacteristic, 0, len(pairs)/2+len(own))
	for i := 0; i < len(pairs); i += 2 {
		name, value := pairs[i], pairs[i+1]
		if given, ok := own[strings.ToLower(name)]; ok {
			value = p.Characteristics[given]
			delete(own, strings.ToLower(name))
		}
		list = append(list, c.characteristic(name, value))
	}
	for _, given := range slices.Sorted(maps.Values(own)) {
		list = append(list, c.characteristic(given, p.Characteristics[given]))
	}
	return list
}

// cmoCharacteristic is a name and a value. It is no map, as the larger objects are: a fleet's answers are mostly these,
// and the simulator must not be what a bench measures.
type cmoCharacteristic struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func (c *cmoAPI) characteristic(name, value string) cmoCharacteristic {
	switch c.quirks.CharacteristicCase {
	case "upper":
		name = strings.ToUpper(name)
	case "lower":
		name = strings.ToLower(name)
	}
	return cmoCharacteristic{name, value}
}

// correlated adds the correlation id that stands at the top of a successful answer.
func (c *cmoAPI) correlated(body map[string]any) map[string]any {
	body["correlationId"] = c.uuid()
	return body
}

// cmoTime writes RFC 3339 with milliseconds and Z, as the samples do.
func cmoTime(t time.Time) string {
	return t.UTC().Format("2006-01-02T15:04:05.000Z07:00")
}
