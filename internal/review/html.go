package review

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"fmt"
	"html/template"

	"github.com/simfleet/terraform-provider-telco/internal/livechange"
)

var (
	//go:embed page/page.html
	pageText string
	//go:embed page/page.css
	pageStyle string
	//go:embed page/page.js
	pageScript string
)

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// page is what the template shows.
type page struct {
	Headline, Provenance, Kept, CannotBeUndone, UncertainLegend, SkippedTitle string

	Violations []Violation
	Kinds      []pageBar
	Matrix     *pageMatrix
	Groups     []pageBar
	Rows       []pageRow
	Uncertain  bool
	Objects    []pageObjects
	Skipped    []Skipped

	Style                 template.CSS
	Script                template.JS
	StyleHash, ScriptHash template.HTMLAttr
}

type pageBar struct {
	Title    string
	Count    int
	Bar      template.HTML
	Meanings []string
}

type pageMatrix struct {
	To   []string
	Rows []pageMatrixRow
}

type pageMatrixRow struct {
	From  string
	Cells []int
}

type pageRow struct {
	Kind, SIM, What, Address string
	Certain                  bool
}

type pageObjects struct {
	Title, Text string
	Objects     []Object
}

// HTML is the report as one page that needs nothing else: it asks no host, and runs no script but its own, whatever the
// plan's values say. All rows stand in it.
func (r *Report) HTML() ([]byte, error) {
	p := page{
		Headline: r.headline(), Provenance: r.provenance(plain), Kept: r.kept(), CannotBeUndone: cannotBeUndone,
		UncertainLegend: uncertainLegend, SkippedTitle: skippedTitle, Violations: r.Violations, Skipped: r.NotReviewed,
		Uncertain: r.uncertain() > 0,
		Style:     template.CSS(pageStyle), Script: template.JS(pageScript), //nolint:gosec // both are ours
		StyleHash: hash(pageStyle), ScriptHash: hash(pageScript),
	}
	all := r.LiveChanges()
	for _, t := range r.ByKind() {
		deletion := t.Kind == livechange.SIMCardDeletion
		p.Kinds = append(p.Kinds, pageBar{Title: t.Title(), Count: t.Count, Bar: bar(t.Count, all, deletion)})
	}
	for _, g := range r.groups() {
		one := pageBar{Title: g.title, Count: g.count, Bar: bar(g.count, all, g.ends), Meanings: g.meanings}
		p.Groups = append(p.Groups, one)
	}
	if m, ok := r.statusMatrix(); ok {
		p.Matrix = &pageMatrix{To: m.to}
		for _, from := range m.from {
			row := pageMatrixRow{From: from}
			for _, to := range m.to {
				row.Cells = append(row.Cells, m.count[[2]string{from, to}])
			}
			p.Matrix.Rows = append(p.Matrix.Rows, row)
		}
	}
	for _, c := range r.Changes {
		p.Rows = append(p.Rows, pageRow{
			Kind: string(c.Kind), SIM: c.named(), What: c.what, Address: c.Address, Certain: c.Certain,
		})
	}
	for _, o := range []pageObjects{
		{waitsTitle, waitsText, r.Waits},
		{leftAloneTitle, leftAloneText, r.LeftAlone},
		{unprotectedTitle, unprotectedText, r.Unprotected},
	} {
		if len(o.Objects) > 0 {
			p.Objects = append(p.Objects, o)
		}
	}

	var b bytes.Buffer
	err := pageTemplate.Execute(&b, p)
	return b.Bytes(), err
}

// bar draws a share; the number stands beside it.
func bar(n, all int, ends bool) template.HTML {
	class := ""
	if ends {
		class = ` class="danger"`
	}
	const svg = `<svg%s viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">` +
		`<rect width="%.1f" height="1"/></svg>`
	width := max(0.5, 100*float64(n)/float64(max(1, all)))
	return template.HTML(fmt.Sprintf(svg, class, width)) //nolint:gosec // numbers only
}

// hash lets the page's policy admit this text alone.
func hash(text string) template.HTMLAttr {
	sum := sha256.Sum256([]byte(text))
	return template.HTMLAttr("sha256-" + base64.StdEncoding.EncodeToString(sum[:])) //nolint:gosec // a digest
}
