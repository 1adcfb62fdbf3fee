package simulator

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/simfleet/terraform-provider-telco/internal/browser"
)

// openPortal serves the controls and opens the page.
func openPortal(t *testing.T, s *Simulator, view browser.View) *browser.Page {
	t.Helper()
	server := httptest.NewServer(s.Control())
	t.Cleanup(server.Close)
	page := browser.Start(t).Open(t, server.URL+"/", view)
	page.Until(`document.body.dataset.looked === "yes"`)
	return page
}

// picture takes pictures of the page in every view: wide and narrow, light and dark. Nothing hangs out of any.
func picture(t *testing.T, page *browser.Page, name string) {
	t.Helper()
	for _, width := range []int{1280, 400} {
		for _, dark := range []bool{false, true} {
			page.See(browser.View{Width: width, Dark: dark})
			page.Until(`document.getAnimations().every((a) => a.playState === "finished")`)
			scheme := map[bool]string{false: "light", true: "dark"}[dark]
			page.Screenshot(fmt.Sprintf("portal-%s-%d-%s", name, width, scheme))
			if n := page.Overflows(); n > 0 {
				t.Errorf("%s: %d pixels hang out of a window of %d", name, n, width)
			}
		}
	}
}

func TestLookAtAnEmptyPortal(t *testing.T) {
	page := openPortal(t, New(), browser.View{})
	if text := page.Text("document.body.innerText"); strings.Count(text, "There are no SIMs here.") != 4 {
		t.Errorf("the page:\n%s", text)
	}
	picture(t, page, "empty")
	page.Clean()
}

// busy is a simulator in the middle of an apply, with faults and switches.
func busy(t *testing.T) *cmoTest {
	t.Helper()
	c := newCMOTest(t, SettleAfter(10*time.Second))
	seedPortal(c.Simulator)
	for i := 2; i <= 10; i++ {
		c.AddSIMCard("acme-fleet", SIMCard{CLI: fmt.Sprintf("0010100000001%02d", i), State: i % 6,
			Description: new(fmt.Sprintf("van %d", i))})
		c.AddProduct(Product{ID: fmt.Sprintf("TMSP-894902000000000000%02d", i), SIMStatus: "INACTIVE"})
		c.AddM2MSIM(M2MSIM{ICCID: fmt.Sprintf("89440000000000000%02d", i),
			Status: []string{"active", "deactivated", "closed"}[i%3]})
		c.AddMVNOAccount(MVNOAccount{ID: fmt.Sprintf("5f0c1a2b3c4d5e6f708192%02d", i),
			State: []string{"ACTIVE", "BLOCKED"}[i%2]})
	}
	for i := 2; i <= 5; i++ {
		c.want(c.patch(fmt.Sprintf("TMSP-894902000000000000%02d", i), "ACTIVE"), http.StatusAccepted)
		c.advance(2 * time.Second)
	}
	c.want(c.patch("JASPER-8997100000000000001", "SUSPENDED"), http.StatusOK)
	c.advance(4 * time.Second)
	return c
}

func TestLookAtAPortalInTheMiddleOfAnApply(t *testing.T) {
	c := busy(t)
	page := openPortal(t, c.Simulator, browser.View{})
	page.Until(`document.querySelectorAll("#ledger li").length === 5`)
	got := page.Text(`[...document.querySelectorAll("#running li")].map((li) => li.innerText.replaceAll("\n", " ")).join("; ")`)
	if want := "cmo: INACTIVE → ACTIVE, for 8 s TMSP-89490200000000000004; cmo: INACTIVE → ACTIVE, for 6 s " +
		"TMSP-89490200000000000005"; got != want {
		t.Errorf("running: %s", got)
	}
	picture(t, page, "apply")

	// The end of the operations shows by itself, without a word from us.
	c.advance(time.Minute)
	page.Until(`document.querySelectorAll("#running li").length === 0`)
	page.Until(`document.querySelector("#service-cmo").closest("section").innerText.includes("ACTIVE 4")`)
	page.Clean()
}

// A colleague with a keyboard: the fourth product's button is found by Tab, and pressed with Enter.
func TestLookAtAColleagueAtWork(t *testing.T) {
	c := busy(t)
	page := openPortal(t, c.Simulator, browser.View{})
	focused := func() string {
		return page.Text(`document.activeElement.getAttribute("aria-label") || document.activeElement.id`)
	}

	page.Eval(`document.querySelector("#search").focus()`, nil)
	page.Press("Tab")
	if got := focused(); got != "Go live acme-fleet/001010000000001" {
		t.Fatalf("after the search comes %q", got)
	}
	page.Press("Enter")
	page.Until(`document.querySelector("#said").textContent !== ""`)
	if got := page.Text(`document.querySelector("#said").textContent`); got != "acme-fleet/001010000000001: ready → live" {
		t.Errorf("it says %q", got)
	}
	page.Until(`document.activeElement.textContent === "Suspend"`) // the same button, and it still has the keyboard

	page.Press("Tab", "Enter")
	page.Until(`document.querySelector("#sim").open`)
	if got := page.Text(`[...document.querySelectorAll("#sim button")].filter((b) => b.offsetParent).map((b) => b.textContent).join(", ")`); got !=
		"Suspend, Bar, Make ready, Terminate, Delete, Close" {
		t.Errorf("the dialog offers %s", got)
	}
	picture(t, page, "sim")
	page.Press("Escape")
	page.Until(`!document.querySelector("#sim").open`)
	if got := focused(); got != "More for acme-fleet/001010000000001" {
		t.Errorf("after the dialog the keyboard is at %q", got)
	}

	page.Press("Enter")
	page.Click("#remove")
	page.Until(`!document.querySelector("#services").innerText.includes("acme-fleet/001010000000001")`)
	if got := focused(); !strings.HasPrefix(got, "Suspend acme-fleet/") && !strings.HasPrefix(got, "Go live acme-fleet/") {
		t.Errorf("after the deletion the keyboard is at %q", got)
	}
	if _, ok := c.SIMCard("acme-fleet", "001010000000001"); ok {
		t.Error("the SIM card is still there")
	}

	page.Click(`[aria-label="More for 5f0c1a2b3c4d5e6f70819201"]`)
	page.Screenshot("portal-swap-400-dark")
	page.Click(`#swap button`)
	page.Until(`document.querySelector("#said").textContent.includes("SIM swapped to 8945010000000000001")`)
	if account, _ := c.MVNOAccount("5f0c1a2b3c4d5e6f70819201"); account.SIMNumber != "8945010000000000001" {
		t.Errorf("the account holds %s", account.SIMNumber)
	}
	page.Clean()
}

func TestLookAtFaultsAndSwitches(t *testing.T) {
	c := busy(t)
	page := openPortal(t, c.Simulator, browser.View{})
	page.Eval(`(() => {
		const form = document.querySelector("#faults form");
		form.elements.api.value = "cmo";
		form.elements.api.dispatchEvent(new Event("change"));
		form.elements.route.value = "product.update";
		form.elements.times.value = 3;
	})()`, nil)
	page.Click("#faults [type=submit]")
	page.Until(`document.querySelectorAll("#faults li").length === 1`)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPatch, "/cmo/v5/"+Tenant+"/product/x-simCard", nil)
	func() {
		defer func() { _ = recover() }() // the fault ends the connection in this way
		c.Handler().ServeHTTP(httptest.NewRecorder(), r)
	}()
	page.Until(`document.querySelector("#faults li").innerText.includes("hit 1 of 3 times")`)
	if got := page.Text(`document.querySelector("#faults li").innerText`); got != "cmo product.update: reset after it "+
		"was executed (hit 1 of 3 times)" {
		t.Errorf("the fault reads %q", got)
	}

	page.Click("#switches details[data-api=mvno] summary")
	page.Until(`document.querySelector("#switch-mvno-trailing_f") !== null`)
	page.Click("#switch-mvno-trailing_f")
	page.Until(`document.querySelector("#switches").innerText.includes("(trailing_f: true)")`)
	page.Eval(`(() => {
		const input = document.querySelector("#switch-mvno-error_form");
		input.value = "circle";
		input.dispatchEvent(new Event("change"));
	})()`, nil)
	page.Until(`document.querySelector("#said.wrong")?.textContent.includes("unknown word")`)
	page.Until(`document.querySelector("#switch-mvno-error_form").value === ""`) // it shows what is, not what was refused
	picture(t, page, "fault")

	page.Click("#end-faults")
	page.Until(`document.querySelectorAll("#faults li").length === 0`)
	problems := page.Problems()
	if len(problems) != 1 || !strings.Contains(problems[0], "400") { // the browser's own word on the refusal
		t.Errorf("the browser complains: %q", problems)
	}
}

func TestLookAtManySIMs(t *testing.T) {
	s := New()
	for i := 1; i <= 10_000; i++ {
		s.AddProduct(Product{ID: fmt.Sprintf("TMSP-%019d", i), SIMStatus: []string{"ACTIVE", "SUSPENDED"}[i%2]})
	}
	page := openPortal(t, s, browser.View{})
	more := `document.querySelector("#service-cmo").closest("section").querySelector(".more")`
	if got := page.Text(more + ".innerText"); got != "10 of 10,000 shown, 9,990 hidden. Show 50 more" {
		t.Errorf("it says %q", got)
	}
	page.Eval(more+`.querySelector("button").click()`, nil)
	page.Until(`document.querySelectorAll("#services tr th code").length === 60`)
	page.Eval(`document.querySelector("#search").focus()`, nil)
	page.Press("9", "9", "9", "9")
	page.Until(more + `.innerText === "1 of 10,000 match “9999”."`)
	picture(t, page, "many")
	page.Clean()
}

// Whatever an API's client writes into a SIM, the page shows it as text.
func TestLookAtHostileTexts(t *testing.T) {
	const hostile = `</code><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`
	s := New()
	s.AddSIMCard("acme-fleet", SIMCard{CLI: accountsCLI, Description: new(hostile)})
	s.AddProduct(Product{ID: "TMSP-" + hostile, SIMStatus: hostile})
	s.Inject(Fault{Match: Match{Key: hostile}, Effect: Reset})
	s.SetAccountsQuirks(func(q *AccountsQuirks) { q.StatusURLHost = hostile })
	s.mu.Lock()
	s.executed(CMO, hostile, hostile, hostile)
	s.mu.Unlock()
	page := openPortal(t, s, browser.View{})
	page.Click(`[aria-label^="More for TMSP-"]`)
	if got := page.Text(`document.querySelectorAll("img, script:not([src])").length + " " + document.title`); got != "0 SIM portal (simulated)" {
		t.Errorf("the page holds foreign elements, or has run them: %s", got)
	}
	if text := page.Text("document.body.innerText"); strings.Count(text, "onerror") < 8 {
		t.Errorf("the texts do not show:\n%s", text)
	}
	page.Clean()
}

// A foreign page in the same browser: another port, a form, and a name that was made to point here.
func TestLookAtAForeignPage(t *testing.T) {
	s := New()
	seedPortal(s)
	var (
		mu      sync.Mutex
		arrived []string // what the browser let through, and the answer
	)
	controls := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		recorder := httptest.NewRecorder()
		s.Control().ServeHTTP(recorder, r)
		mu.Lock()
		defer mu.Unlock()
		arrived = append(arrived, fmt.Sprintf("%s %s: %d", r.Method, r.URL.Path, recorder.Code))
		maps.Copy(w.Header(), recorder.Header())
		w.WriteHeader(recorder.Code)
		_, _ = w.Write(recorder.Body.Bytes())
	}))
	defer controls.Close()
	tries := fmt.Sprintf(`<!doctype html><title>evil</title><iframe name="frame"></iframe>
		<form id="form" method="post" target="frame" action="%[1]s/portal/cmo" enctype="text/plain">
		<input name='{"key":"TMSP-89490200000000000001","remove":true,"set":null,"x":"' value='"}'></form>`, controls.URL)
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(tries))
	}))
	defer evil.Close()

	b := browser.Start(t, "--host-resolver-rules=MAP evil.example 127.0.0.1")
	page := b.Open(t, evil.URL, browser.View{})
	try := func(options string) {
		page.Eval(fmt.Sprintf(`fetch("%s/portal/cmo", {method: "POST", body: JSON.stringify({key: "TMSP-89490200000000000001",
			remove: true}), %s}).catch(() => {})`, controls.URL, options), nil)
	}
	try(`headers: {"Content-Type": "application/json"}`) // the browser asks first, and is told no
	try(`mode: "no-cors"`)                               // it does not ask, and sends
	page.Eval(`new Promise((done) => { const f = document.querySelector("iframe"); f.onload = done; document.querySelector("#form").submit(); })`, nil)
	want := []string{"OPTIONS /portal/cmo: 405", "POST /portal/cmo: 415", "POST /portal/cmo: 415"}
	mu.Lock()
	if !slices.Equal(arrived, want) {
		t.Errorf("arrived: %q", arrived)
	}
	mu.Unlock()
	if _, ok := s.Product("TMSP-89490200000000000001"); !ok {
		t.Error("a foreign page has taken the SIM away")
	}

	u, err := url.Parse(controls.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/view", "/ledger"} {
		page := b.Open(t, "http://evil.example:"+u.Port()+path, browser.View{})
		if text := page.Text("document.body.innerText"); !strings.Contains(text, "must be a loopback one") {
			t.Errorf("a rebound name reads %s: %s", path, text)
		}
	}
}

// Every control has a name that a screen reader can say, headings go down step by step, and no text is too faint to
// read (WCAG 2 AA: 4.5 to 1).
func TestLookIsAccessible(t *testing.T) {
	page := openPortal(t, busy(t).Simulator, browser.View{})
	page.Click("#switches details[data-api=cmo] summary")
	page.Until(`document.querySelector("#switch-cmo-stale_reads") !== null`)
	var tree struct {
		Nodes []struct {
			Ignored bool
			Role    struct{ Value string }
			Name    struct{ Value string }
		}
	}
	page.Call("Accessibility.getFullAXTree", struct{}{}, &tree)
	named := 0
	for _, node := range tree.Nodes {
		controls := []string{"button", "textbox", "searchbox", "checkbox", "combobox", "spinbutton", "link", "table",
			"region", "dialog"}
		if node.Ignored || !slices.Contains(controls, node.Role.Value) {
			continue
		}
		named++
		if strings.TrimSpace(node.Name.Value) == "" {
			t.Errorf("a %s has no name", node.Role.Value)
		}
	}
	if named < 50 {
		t.Errorf("only %d controls were looked at", named)
	}
	levels := page.Text(`[...document.querySelectorAll("h1, h2, h3")].filter((h) => !h.closest("dialog")).map((h) => h.tagName).join(" ")`)
	if levels != "H1 H2 H3 H3 H3 H3 H2 H2 H2 H2" {
		t.Errorf("headings: %s", levels)
	}
	for _, dark := range []bool{false, true} {
		page.See(browser.View{Dark: dark})
		if faint := page.Text(faintTexts); faint != "" {
			t.Errorf("dark %v: too faint: %s", dark, faint)
		}
	}
}

// faintTexts lists the texts whose contrast with what is behind them is below 4.5 to 1.
const faintTexts = `(() => {
	const parse = (colour) => colour.match(/[\d.]+/g).map(Number);
	const light = ([r, g, b]) => {
		const [x, y, z] = [r, g, b].map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * x + 0.7152 * y + 0.0722 * z;
	};
	const behind = (element) => {
		for (let e = element; e; e = e.parentElement) {
			const colour = parse(getComputedStyle(e).backgroundColor);
			if (colour.length === 3 || colour[3] === 1) { return colour; }
		}
		return [255, 255, 255];
	};
	const faint = new Set();
	for (const element of document.querySelectorAll("body *")) {
		const own = [...element.childNodes].filter((n) => n.nodeType === 3).map((n) => n.textContent.trim()).join("");
		if (!own || !element.checkVisibility()) { continue; }
		const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))];
		const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
		if (contrast < 4.5) { faint.add(element.tagName + "." + element.className + " " + contrast.toFixed(1)); }
	}
	return [...faint].join(", ");
})()`
