package browser_test

import (
	"bytes"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/browser"
)

const page = `<!doctype html>
<title>Harness</title>
<style>
	body { margin: 0; background: rgb(255, 255, 255); height: 1500px }
	@media (prefers-color-scheme: dark) { body { background: rgb(0, 0, 0) } }
	.wide { width: 900px }
</style>
<div class="wide"><button id="first" onclick="this.textContent = 'pressed'">press</button></div>
<script>setTimeout(() => document.body.setAttribute("data-late", "yes"), 50)</script>`

func file(t *testing.T, html string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a page.html")
	if err := os.WriteFile(path, []byte(html), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// corner is the colour of a picture's lower right corner, and its size.
func corner(t *testing.T, path string) (red uint32, width, height int) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	size := picture.Bounds().Size()
	red, _, _, _ = picture.At(size.X-1, size.Y-1).RGBA()
	return red >> 8, size.X, size.Y
}

func TestLookAtAFile(t *testing.T) {
	t.Setenv("TELCO_LOOK_DIR", t.TempDir())
	p := browser.Start(t).Open(t, file(t, page), browser.View{})
	p.Until(`document.body.dataset.late === "yes"`)
	if dom := p.DOM(); !strings.Contains(dom, `data-late="yes"`) || !strings.Contains(dom, "<title>Harness</title>") {
		t.Errorf("the DOM after the scripts:\n%s", dom)
	}
	if red, width, height := corner(t, p.Screenshot("light")); red != 255 || width != 1280 || height != 1500 {
		t.Errorf("light: red %d, %d x %d", red, width, height)
	}
	if n := p.Overflows(); n != 0 {
		t.Errorf("it overflows a wide window by %d", n)
	}
	p.See(browser.View{Width: 400, Dark: true})
	if red, width, _ := corner(t, p.Screenshot("dark")); red != 0 || width < 400 {
		t.Errorf("dark: red %d, width %d", red, width)
	}
	if n := p.Overflows(); n != 500 {
		t.Errorf("it overflows a window of 400 by %d", n)
	}
	content, err := os.ReadFile(p.PDF("paper"))
	if err != nil || !bytes.HasPrefix(content, []byte("%PDF-")) {
		t.Errorf("paper: %.20q %v", content, err)
	}
	if d := p.LoadTime(); d <= 0 {
		t.Errorf("loaded in %s", d)
	}
	p.Clean()
}

func TestLookWithTheKeyboardAndTheMouse(t *testing.T) {
	b := browser.Start(t)
	for name, press := range map[string]func(p *browser.Page){
		"keyboard": func(p *browser.Page) { p.Press("Tab", "Enter") },
		"space":    func(p *browser.Page) { p.Press("Tab", " ") },
		"mouse":    func(p *browser.Page) { p.Click("#first") },
	} {
		p := b.Open(t, file(t, page), browser.View{})
		press(p)
		if got := p.Text(`document.querySelector("#first").textContent`); got != "pressed" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// What a page must not do is seen: complaints, and questions to other hosts, which have no address here.
func TestLookFindsFault(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Security-Policy", "style-src 'none'")
		_, _ = w.Write([]byte(`<!doctype html><style>p { color: red }</style><img src="http://other.example/x.png">
			<script>console.error("trouble"); setTimeout(() => { document.title = "thrown"; throw new Error("thrown") })</script>`))
	}))
	defer server.Close()
	p := browser.Start(t).Open(t, server.URL+"/", browser.View{})
	p.Until(`document.title === "thrown"`)
	problems := strings.Join(p.Problems(), "\n")
	for _, want := range []string{"console.error", "trouble", "exception: Uncaught Error: thrown",
		"Content Security Policy", "ERR_NAME_NOT_RESOLVED"} {
		if !strings.Contains(problems, want) {
			t.Errorf("no %q in:\n%s", want, problems)
		}
	}
	if foreign := p.Foreign(); len(foreign) != 1 || foreign[0] != "http://other.example/x.png" {
		t.Errorf("foreign: %q", foreign)
	}
}

func TestWithoutABrowserATestSkips(t *testing.T) {
	t.Setenv("TELCO_TEST_BROWSER", "")
	skipped := true
	t.Run("skips", func(t *testing.T) {
		browser.Start(t)
		skipped = false
	})
	if !skipped {
		t.Error("it went on without a browser")
	}
}
