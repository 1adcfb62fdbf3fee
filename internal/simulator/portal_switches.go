package simulator

import (
	"embed"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"strings"
	"sync"
)

// portalSwitch is one quirk, as the page offers it.
type portalSwitch struct {
	Name  string          `json:"name"`
	Kind  string          `json:"kind"` // flag, number, text, or json for lists and maps
	Value json.RawMessage `json:"value"`
	About string          `json:"about"`
}

// portalSwitches lists the quirks of each API in the order of their declaration.
func (s *Simulator) portalSwitches() map[API][]portalSwitch {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[API][]portalSwitch{}
	for api, quirks := range s.quirkValues() {
		about := aboutQuirks()[quirks.Type().Name()]
		for field, value := range quirks.Fields() {
			kind := "json"
			switch field.Type.Kind() {
			case reflect.Bool:
				kind = "flag"
			case reflect.Int:
				kind = "number"
			case reflect.String:
				kind = "text"
			}
			out[api] = append(out[api], portalSwitch{
				Name: wireName(field), Kind: kind, Value: mustJSON(value.Interface()), About: about[field.Name],
			})
		}
	}
	return out
}

// switched are the quirks that are not as they come; s.mu is held.
func (s *Simulator) switched() map[API]map[string]json.RawMessage {
	out := map[API]map[string]json.RawMessage{}
	for api, quirks := range s.quirkValues() {
		out[api] = map[string]json.RawMessage{}
		for field, value := range quirks.Fields() {
			if !value.IsZero() {
				out[api][wireName(field)] = mustJSON(value.Interface())
			}
		}
	}
	return out
}

func (s *Simulator) quirkValues() map[API]reflect.Value {
	return map[API]reflect.Value{
		Accounts: reflect.ValueOf(s.accounts.quirks), CMO: reflect.ValueOf(s.cmo.quirks),
		M2M: reflect.ValueOf(s.m2m.quirks), MVNO: reflect.ValueOf(s.mvno.quirks),
	}
}

func wireName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

// quirkSources are the files that declare the quirks: their comments explain the switches, to whoever reads the code
// and to whoever reads the page.
//
//go:embed accounts_quirks.go cmo_quirks.go m2m.go mvno.go
var quirkSources embed.FS

// aboutQuirks is the comment of each field, by type and field. A field without one shares that of the field before it.
// Fields that a comment names are called as on the page.
var aboutQuirks = sync.OnceValue(func() map[string]map[string]string {
	out := map[string]map[string]string{}
	entries, err := quirkSources.ReadDir(".")
	if err != nil {
		panic(err) // the files are in the binary
	}
	for _, entry := range entries {
		source, err := quirkSources.ReadFile(entry.Name())
		if err != nil {
			panic(err)
		}
		const mode = parser.ParseComments | parser.SkipObjectResolution
		file, err := parser.ParseFile(token.NewFileSet(), entry.Name(), source, mode)
		if err != nil {
			panic(err) // it has been compiled
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && strings.HasSuffix(spec.Name.Name, "Quirks") {
				if declared, ok := spec.Type.(*ast.StructType); ok {
					out[spec.Name.Name] = aboutFields(declared)
				}
			}
			return true
		})
	}
	return out
})

var goName = regexp.MustCompile(`\b[A-Z][A-Za-z0-9]+\b`)

func aboutFields(declared *ast.StructType) map[string]string {
	about, wire := map[string]string{}, map[string]string{}
	before := ""
	for _, field := range declared.Fields.List {
		text := strings.Join(strings.Fields(field.Doc.Text()), " ")
		if text == "" {
			text = before
		}
		before = text
		for _, name := range field.Names {
			about[name.Name] = text
			tag := reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("json")
			wire[name.Name], _, _ = strings.Cut(tag, ",")
		}
	}
	for name, text := range about {
		about[name] = goName.ReplaceAllStringFunc(text, func(word string) string {
			if wire[word] != "" {
				return wire[word]
			}
			return word
		})
	}
	return about
}
