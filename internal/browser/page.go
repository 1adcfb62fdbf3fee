package browser

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// View is how a reader sees a page.
type View struct {
	Width, Height int  // in CSS pixels; 1280 x 800 where 0
	Dark          bool // prefers-color-scheme: dark
}

// Page is one open page. Its methods fail the test where the browser can't do what is asked.
type Page struct {
	t       testing.TB
	browser *Browser
	session string
	address string

	mu       sync.Mutex // guards what the browser tells by itself
	loaded   chan struct{}
	problems []string
	asked    []string
}

// Open opens an address, or a file by its path, and returns once the page is loaded with all that it needs.
func (b *Browser) Open(t testing.TB, address string, view View) *Page {
	t.Helper()
	if !strings.Contains(address, "://") {
		path, err := filepath.Abs(address)
		if err != nil {
			t.Fatal(err)
		}
		address = (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
	}
	p := &Page{t: t, browser: b, address: address, loaded: make(chan struct{})}
	var target struct{ TargetID string }
	p.browserCall("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	p.browserCall("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	p.session = attached.SessionID
	b.devtools.hear(p.session, p.event)
	for _, domain := range []string{"Page", "Runtime", "Network", "Log"} {
		p.Call(domain+".enable", struct{}{}, nil)
	}
	p.See(view)
	p.navigate(address)
	return p
}

// See changes how the page is seen.
func (p *Page) See(view View) {
	p.t.Helper()
	if view.Width == 0 {
		view.Width = 1280
	}
	if view.Height == 0 {
		view.Height = 800
	}
	scheme := "light"
	if view.Dark {
		scheme = "dark"
	}
	p.Call("Emulation.setDeviceMetricsOverride", map[string]any{
		"width": view.Width, "height": view.Height, "deviceScaleFactor": 1, "mobile": false,
	}, nil)
	p.Call("Emulation.setEmulatedMedia", map[string]any{
		"features": []any{map[string]any{"name": "prefers-color-scheme", "value": scheme}},
	}, nil)
}

func (p *Page) navigate(address string) {
	p.t.Helper()
	var answer struct{ ErrorText string }
	p.Call("Page.navigate", map[string]any{"url": address}, &answer)
	if answer.ErrorText != "" {
		p.t.Fatalf("opening %s: %s", address, answer.ErrorText)
	}
	select {
	case <-p.loaded:
	case <-time.After(patience):
		p.t.Fatalf("%s is not loaded after %s", address, patience)
	}
}

// event keeps what the browser tells without being asked.
func (p *Page) event(m message) {
	var params struct {
		Request          struct{ URL string }
		ExceptionDetails struct {
			Text      string
			Exception struct{ Description string }
		}
		Type  string
		Args  []struct{ Value, Description any }
		Entry struct{ Level, Text, URL string }
	}
	if err := json.Unmarshal(m.Params, &params); err != nil && m.Method != "Runtime.consoleAPICalled" {
		return // an event of another form than the ones below
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	complain := func(format string, args ...any) { p.problems = append(p.problems, fmt.Sprintf(format, args...)) }
	switch m.Method {
	case "Page.loadEventFired":
		select {
		case <-p.loaded: // a page may load itself again
		default:
			close(p.loaded)
		}
	case "Network.requestWillBeSent":
		p.asked = append(p.asked, params.Request.URL)
	case "Runtime.exceptionThrown":
		complain("exception: %s %s", params.ExceptionDetails.Text, params.ExceptionDetails.Exception.Description)
	case "Runtime.consoleAPICalled":
		if params.Type == "error" || params.Type == "warning" || params.Type == "assert" {
			complain("console.%s: %v", params.Type, params.Args)
		}
	case "Log.entryAdded":
		if params.Entry.Level == "error" || params.Entry.Level == "warning" {
			complain("%s: %s (%s)", params.Entry.Level, params.Entry.Text, params.Entry.URL)
		}
	}
}

// Call is any command of the DevTools protocol for this page: for what has no method of its own here.
func (p *Page) Call(method string, params, into any) {
	p.t.Helper()
	p.send(p.session, method, params, into)
}

func (p *Page) browserCall(method string, params, into any) {
	p.t.Helper()
	p.send("", method, params, into)
}

func (p *Page) send(session, method string, params, into any) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	if err := p.browser.devtools.call(ctx, session, method, params, into); err != nil {
		p.t.Fatal(err)
	}
}

// Eval evaluates JavaScript in the page, waits for a promise, and stores its value as encoding/json does; into may be
// nil.
func (p *Page) Eval(expression string, into any) {
	p.t.Helper()
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	p.Call("Runtime.evaluate", map[string]any{
		"expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true,
	}, &answer)
	if e := answer.ExceptionDetails; e != nil {
		p.t.Fatalf("%s: %s %s", expression, e.Text, e.Exception.Description)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(answer.Result.Value, into); err != nil {
		p.t.Fatalf("%s: %s: %v", expression, answer.Result.Value, err)
	}
}

// Text evaluates JavaScript to a text.
func (p *Page) Text(expression string) string {
	p.t.Helper()
	var text string
	p.Eval("String("+expression+")", &text)
	return text
}

// Until waits until the JavaScript is true. The page itself waits, looking again at each turn.
func (p *Page) Until(condition string) {
	p.t.Helper()
	var became bool
	p.Eval(fmt.Sprintf(`new Promise((done) => {
		const end = Date.now() + %d;
		const look = () => {
			if (%s) { done(true); } else if (Date.now() > end) { done(false); } else { setTimeout(look, 20); }
		};
		look();
	})`, (patience/2).Milliseconds(), condition), &became)
	if !became {
		p.t.Fatalf("%s did not become true. The page:\n%s", condition, p.Text("document.body.innerText"))
	}
}

// Click presses the first element that a CSS selector finds.
func (p *Page) Click(selector string) {
	p.t.Helper()
	quoted, err := json.Marshal(selector)
	if err != nil {
		p.t.Fatal(err)
	}
	p.Eval(fmt.Sprintf(`(() => {
		const found = document.querySelector(%[1]s);
		if (!found) { throw new Error("there is no " + %[1]s); }
		found.click();
	})()`, quoted), nil)
}

// Press presses keys of the keyboard one by one, as a reader without a mouse does: Tab, Enter, Escape, " " and single
// characters.
func (p *Page) Press(keys ...string) {
	p.t.Helper()
	codes := map[string]int{"Tab": 9, "Enter": 13, "Escape": 27}
	texts := map[string]string{"Enter": "\r"}
	for _, key := range keys {
		down := map[string]any{"type": "keyDown", "key": key, "windowsVirtualKeyCode": codes[key]}
		text := texts[key]
		if codes[key] == 0 {
			text = key
			down["windowsVirtualKeyCode"] = int(strings.ToUpper(key)[0])
		}
		if text != "" {
			down["text"] = text
		}
		p.Call("Input.dispatchKeyEvent", down, nil)
		p.Call("Input.dispatchKeyEvent", map[string]any{
			"type": "keyUp", "key": key, "windowsVirtualKeyCode": down["windowsVirtualKeyCode"],
		}, nil)
	}
}

// DOM is the page as it stands now, as HTML.
func (p *Page) DOM() string {
	p.t.Helper()
	return p.Text("document.documentElement.outerHTML")
}

// LoadTime is the time from the start of the navigation to the end of the page's load event.
func (p *Page) LoadTime() time.Duration {
	p.t.Helper()
	p.Until(`performance.getEntriesByType("navigation")[0].loadEventEnd > 0`)
	var millis float64
	p.Eval(`performance.getEntriesByType("navigation")[0].loadEventEnd`, &millis)
	return time.Duration(millis * float64(time.Millisecond))
}

// Overflows tells by how many pixels the page is wider than what a reader sees of it: 0 is well.
func (p *Page) Overflows() int {
	p.t.Helper()
	var pixels int
	p.Eval(`Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)`, &pixels)
	return pixels
}

// tallest keeps a picture small enough to be looked at.
const tallest = 6000

// Screenshot takes a picture of the whole page, as NAME.png, and returns its path.
func (p *Page) Screenshot(name string) string {
	p.t.Helper()
	var metrics struct {
		CSSContentSize struct{ Width, Height float64 } `json:"cssContentSize"`
	}
	p.Call("Page.getLayoutMetrics", struct{}{}, &metrics)
	var picture struct{ Data string }
	size := metrics.CSSContentSize
	p.Call("Page.captureScreenshot", map[string]any{
		"format": "png", "captureBeyondViewport": true,
		"clip": map[string]any{"x": 0, "y": 0, "width": size.Width, "height": min(size.Height, tallest), "scale": 1},
	}, &picture)
	return p.save(name+".png", picture.Data)
}

// PDF prints the page onto A4, as NAME.pdf, and returns its path.
func (p *Page) PDF(name string) string {
	p.t.Helper()
	var paper struct{ Data string }
	p.Call("Page.printToPDF", map[string]any{"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": false}, &paper)
	return p.save(name+".pdf", paper.Data)
}

func (p *Page) save(name, data string) string {
	p.t.Helper()
	content, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		p.t.Fatal(err)
	}
	path := filepath.Join(p.browser.dir, name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// Problems lists what the browser complained about: exceptions, errors and warnings of the console, what a content
// security policy blocked, what could not be loaded.
func (p *Page) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.problems)
}

// Foreign lists the addresses that the page asked for outside its own origin; for a file, all but itself.
func (p *Page) Foreign() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	own := p.address
	if u, err := url.Parse(p.address); err == nil && u.Host != "" {
		own = u.Scheme + "://" + u.Host + "/"
	}
	var foreign []string
	for _, address := range p.asked {
		if !strings.HasPrefix(address, own) && !strings.HasPrefix(address, "data:") && !strings.HasPrefix(address, "about:") {
			foreign = append(foreign, address)
		}
	}
	return foreign
}

// Clean fails the test where the browser complained, or where the page asked for anything outside its own origin.
func (p *Page) Clean() {
	p.t.Helper()
	if problems := p.Problems(); len(problems) > 0 {
		p.t.Errorf("%s: the browser complains:\n%s", p.address, strings.Join(problems, "\n"))
	}
	if foreign := p.Foreign(); len(foreign) > 0 {
		p.t.Errorf("%s asks for more than itself:\n%s", p.address, strings.Join(foreign, "\n"))
	}
}
