package review

import (
	"bytes"
	"encoding/json"

	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

// formatVersion is the version of the JSON report. A reader may rely on the first number.
const formatVersion = "1.0"

type jsonReport struct {
	FormatVersion string          `json:"format_version"`
	Totals        jsonTotals      `json:"totals"`
	Changes       []jsonChange    `json:"changes"`
	Waits         []Object        `json:"waits"`
	LeftAlone     []Object        `json:"left_alone"`
	NotReviewed   []Skipped       `json:"not_reviewed"`
	Violations    []jsonViolation `json:"violations"`
}

type jsonTotals struct {
	LiveChanges int                     `json:"live_changes"`
	ByKind      map[livechange.Kind]int `json:"by_kind"`
}

type jsonChange struct {
	Kind    livechange.Kind `json:"kind"`
	SIM     Value           `json:"sim"`
	From    Value           `json:"from"`
	To      Value           `json:"to"`
	Count   int             `json:"count"`
	Fields  []Field         `json:"fields"`
	Address string          `json:"address"`
	Certain bool            `json:"certain"`
}

type jsonViolation struct {
	Rule   string `json:"rule"`
	Detail string `json:"detail"`
}

// JSON is the report for machines, complete: nothing is folded.
func (r *Report) JSON() ([]byte, error) {
	report := jsonReport{
		FormatVersion: formatVersion,
		Totals:        jsonTotals{LiveChanges: r.LiveChanges(), ByKind: map[livechange.Kind]int{}},
		Changes:       []jsonChange{},
		Waits:         list(r.Waits), LeftAlone: list(r.LeftAlone), NotReviewed: list(r.NotReviewed),
		Violations: []jsonViolation{},
	}
	for _, t := range r.ByKind() {
		report.Totals.ByKind[t.Kind] = t.Count
	}
	for _, c := range r.Changes {
		report.Changes = append(report.Changes, jsonChange{
			c.Kind, c.SIM, c.From, c.To, c.Count, list(c.Fields), c.Address, c.Certain,
		})
	}
	for _, v := range r.Violations {
		report.Violations = append(report.Violations, jsonViolation{v.Rule, v.String()})
	}

	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // "->" is for people to read
	encoder.SetIndent("", "  ")
	err := encoder.Encode(report)
	return b.Bytes(), err
}

// list is an empty list where there is none: a reader may rely on a list.
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}
