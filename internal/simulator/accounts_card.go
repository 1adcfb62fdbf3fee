package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"
)

// SIMCard is a SIM card of the accounts API. Its fields are named as on the wire, where a nil pointer or map is null.
type SIMCard struct {
	CLI               string // IMSI, or MSISDN in the form (+353)870000001
	SIMNumber         *string
	Description       *string
	InventoryRef      *string
	State             int // 0 notactivated, 1 ready, 2 test, 3 live, 4 suspend, 5 bar, 6 unknown, 100 terminated
	Version           int
	ActorStatus       int // 0 stable, 1 pending, 10 stalled
	ForeignAttributes map[string]string
	Tariff            *string
	Bundle            *string
	Operator          *string
	Hints             *AccountHints // stored, never answered
	NetworkStatus     int           // 0 disconnected, 1 connected, 10 activation
	Created           time.Time
	SOC               *string
	InternalSOC       *string
	PurchaseOrder     *string // answered as "na" while nil
	Provider          *string
	ProviderTariff    *string    // answered as "na" while nil
	ProviderPrice     *string    // answered as "na" while nil
	ProviderStartDate *time.Time // answered as Created while nil
}

// AccountHints let a create make the missing account as well.
type AccountHints struct {
	BillingCycleDay *int    `json:"BillingCycleDay"`
	EmailContact    *string `json:"EmailContact"`
	TenantID        *string `json:"TenantId"`
}

// The numbers of the API's enums that the simulator itself acts on.
const (
	stateTerminated = 100
	actorStable     = 0
	actorPending    = 1
	actorStalled    = 10
)

var (
	simStateNames = map[int]string{
		0: "notactivated", 1: "ready", 2: "test", 3: "live", 4: "suspend", 5: "bar", 6: "unknown", 100: "terminated",
	}
	actorStatusNames   = map[int]string{0: "stable", 1: "pending", 10: "stalled"}
	networkStatusNames = map[int]string{0: "disconnected", 1: "connected", 10: "activation"}
)

// cliPattern is the documented pattern of a CLI.
var cliPattern = regexp.MustCompile(`^(?<msisdn>\(\+*(\d{1,5})\)(\d{5,16}))$|^(?<imsi>\d{14,16})$`)

// UnmarshalJSON sets the fields that b holds by their wire names and leaves the others as they are.
func (c *SIMCard) UnmarshalJSON(b []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		f := cardFieldNamed(name)
		if f == nil {
			return fmt.Errorf("a SIM card has no field %q", name)
		}
		if err := f.set(c, fields[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// clone shares nothing with c that could be changed.
func (c *SIMCard) clone() SIMCard {
	out := *c
	for i := range cardFields {
		if at := cardFields[i].text; at != nil && *at(c) != nil {
			*at(&out) = new(**at(c))
		}
	}
	out.ForeignAttributes = maps.Clone(c.ForeignAttributes)
	if c.ProviderStartDate != nil {
		out.ProviderStartDate = new(*c.ProviderStartDate)
	}
	return out
}

// cardField says how one field of the SIMCard model is written and read on the wire.
type cardField struct {
	name     string
	readOnly bool           // a caller may send it, to no effect
	names    map[int]string // of an enum
	text     func(c *SIMCard) **string
	get      func(c *SIMCard) any
	set      func(c *SIMCard, raw json.RawMessage) error
}

// cardFields is the model in wire order.
var cardFields = []cardField{
	{
		name: "CLI",
		get:  func(c *SIMCard) any { return c.CLI },
		set: func(c *SIMCard, raw json.RawMessage) error {
			var p *string
			if err := json.Unmarshal(raw, &p); err != nil || p == nil || !cliPattern.MatchString(*p) {
				return errors.New("the field CLI must match the regular expression " + cliPattern.String())
			}
			c.CLI = *p
			return nil
		},
	},
	textField("SIMNumber", func(c *SIMCard) **string { return &c.SIMNumber }, nil),
	textField("Description", func(c *SIMCard) **string { return &c.Description }, nil),
	textField("InventoryRef", func(c *SIMCard) **string { return &c.InventoryRef }, nil),
	numberField("State", false, simStateNames, func(c *SIMCard) *int { return &c.State }),
	numberField("Version", true, nil, func(c *SIMCard) *int { return &c.Version }),
	numberField("ActorStatus", true, actorStatusNames, func(c *SIMCard) *int { return &c.ActorStatus }),
	{
		name: "ForeignAttributes",
		get:  func(c *SIMCard) any { return c.ForeignAttributes },
		set: func(c *SIMCard, raw json.RawMessage) error {
			var m map[string]string
			if err := json.Unmarshal(raw, &m); err != nil {
				return errors.New("an object of strings is expected")
			}
			c.ForeignAttributes = m
			return nil
		},
	},
	textField("Tariff", func(c *SIMCard) **string { return &c.Tariff }, nil),
	textField("Bundle", func(c *SIMCard) **string { return &c.Bundle }, nil),
	textField("Operator", func(c *SIMCard) **string { return &c.Operator }, nil),
	{
		name: "Hints",
		get:  func(*SIMCard) any { return nil },
		set: func(c *SIMCard, raw json.RawMessage) error {
			var names map[string]json.RawMessage
			var h *AccountHints
			err := errors.Join(json.Unmarshal(raw, &names), json.Unmarshal(raw, &h))
			for name := range names { // by hand, since encoding/json takes a name in any case
				if name != "BillingCycleDay" && name != "EmailContact" && name != "TenantId" {
					err = errors.New("unknown hint " + name)
				}
			}
			if err != nil {
				return errors.New("an object of BillingCycleDay (integer), EmailContact and TenantId (strings) is expected")
			}
			c.Hints = h
			return nil
		},
	},
	numberField("NetworkStatus", true, networkStatusNames, func(c *SIMCard) *int { return &c.NetworkStatus }),
	{
		name: "Created", readOnly: true,
		get: func(c *SIMCard) any { return accountsDate(c.Created) },
		set: func(c *SIMCard, raw json.RawMessage) error {
			t, err := parseAccountsDate(raw)
			if err == nil && t == nil {
				err = errors.New("a date is expected")
			}
			if err == nil {
				c.Created = *t
			}
			return err
		},
	},
	textField("SOC", func(c *SIMCard) **string { return &c.SOC }, nil),
	serviceText("InternalSOC", func(c *SIMCard) **string { return &c.InternalSOC }),
	textField("PurchaseOrder", func(c *SIMCard) **string { return &c.PurchaseOrder }, "na"),
	textField("Provider", func(c *SIMCard) **string { return &c.Provider }, nil),
	textField("ProviderTariff", func(c *SIMCard) **string { return &c.ProviderTariff }, "na"),
	textField("ProviderPrice", func(c *SIMCard) **string { return &c.ProviderPrice }, "na"),
	{
		name: "ProviderStartDate",
		get: func(c *SIMCard) any {
			if c.ProviderStartDate == nil {
				return accountsDate(c.Created)
			}
			return accountsDate(*c.ProviderStartDate)
		},
		set: func(c *SIMCard, raw json.RawMessage) error {
			t, err := parseAccountsDate(raw)
			if err == nil {
				c.ProviderStartDate = t
			}
			return err
		},
	},
}

func cardFieldNamed(name string) *cardField {
	for i := range cardFields {
		if cardFields[i].name == name {
			return &cardFields[i]
		}
	}
	return nil
}

// textField is a string or null; unset is what the service answers while it is null.
func textField(name string, at func(*SIMCard) **string, unset any) cardField {
	return cardField{
		name: name,
		text: at,
		get: func(c *SIMCard) any {
			if p := *at(c); p != nil {
				return *p
			}
			return unset
		},
		set: func(c *SIMCard, raw json.RawMessage) error {
			var p *string // a new one: decoding into the old pointer would change its copies too
			if err := json.Unmarshal(raw, &p); err != nil {
				return errors.New("a string is expected")
			}
			*at(c) = p
			return nil
		},
	}
}

// serviceText is a text that only the service sets.
func serviceText(name string, at func(*SIMCard) **string) cardField {
	f := textField(name, at, nil)
	f.readOnly = true
	return f
}

// numberField is an integer; with names, one of them.
func numberField(name string, readOnly bool, names map[int]string, at func(*SIMCard) *int) cardField {
	return cardField{
		name: name, readOnly: readOnly, names: names,
		get: func(c *SIMCard) any { return *at(c) },
		set: func(c *SIMCard, raw json.RawMessage) error {
			var n *int
			if err := json.Unmarshal(raw, &n); err != nil || n == nil {
				return errors.New("an integer is expected")
			}
			if _, known := names[*n]; names != nil && !known {
				return fmt.Errorf("%d is no value of this enum", *n)
			}
			*at(c) = *n
			return nil
		},
	}
}

// accountsDate writes a date with the seven fraction digits of .NET; one that is not set has no zone.
func accountsDate(t time.Time) string {
	if t.IsZero() {
		return "0001-01-01T00:00:00"
	}
	return t.UTC().Format("2006-01-02T15:04:05.0000000Z")
}

// parseAccountsDate reads null, RFC 3339, or the form without a zone, which is UTC.
func parseAccountsDate(raw json.RawMessage) (*time.Time, error) {
	var p *string
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, errors.New("a date is expected")
	}
	if p == nil {
		return nil, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, *p); err == nil {
			return new(t.UTC().Truncate(100 * time.Nanosecond)), nil
		}
	}
	return nil, errors.New("a date is expected")
}

// encodeCard writes a card as the API answers it.
func (a *accountsAPI) encodeCard(c *SIMCard) json.RawMessage {
	var b bytes.Buffer
	for i := range cardFields {
		f := &cardFields[i]
		separator := byte(',')
		if i == 0 {
			separator = '{'
		}
		b.WriteByte(separator)
		b.Write(mustJSON(f.name))
		b.WriteByte(':')
		b.Write(mustJSON(a.fieldValue(f, c)))
	}
	b.WriteByte('}')
	return b.Bytes()
}

func (a *accountsAPI) fieldValue(f *cardField, c *SIMCard) any {
	value := f.get(c)
	if n, ok := value.(int); ok && f.names != nil && a.quirks.EnumsAsNames {
		return f.names[n]
	}
	if text, ok := value.(string); ok && f.name == "SIMNumber" && a.quirks.SIMNumberF {
		return text + "F"
	}
	return value
}
