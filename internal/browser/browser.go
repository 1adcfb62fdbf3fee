// Package browser looks at pages in a real Chromium, for tests: make look. It is reachable from tests only.
//
// A test whose name begins with TestLook starts a browser, opens a page as a reader would see it (width, light or
// dark, on paper), and asks it questions in JavaScript, presses its keys, or takes its picture:
//
//	page := browser.Start(t).Open(t, "http://127.0.0.1:8081/", browser.View{Width: 400, Dark: true})
//	page.Until(`document.querySelectorAll("tr").length > 3`)
//	page.Screenshot("portal-narrow-dark")
//	page.Clean() // nothing complained, nothing was asked of another host
//
// Without TELCO_TEST_BROWSER, the command of a Chromium, these tests skip: nothing is installed or searched here.
package browser

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// patience bounds each thing that is asked of the browser; a cold one on a busy machine takes seconds.
const patience = time.Minute

// Browser is one running Chromium, without a window, a profile or a network.
type Browser struct {
	devtools *devtools
	dir      string // of its pictures
}

// Start starts a browser that ends with the test. It skips the test where no browser is named. Hosts other than the
// loopback ones have no address in it: flags such as --host-resolver-rules=... say otherwise.
func Start(t testing.TB, flags ...string) *Browser {
	t.Helper()
	command := os.Getenv("TELCO_TEST_BROWSER")
	if command == "" {
		t.Skip("TELCO_TEST_BROWSER names no Chromium: make look finds one and sets it")
	}
	//nolint:usetesting // t.TempDir fails when a late child writes into it
	profile, err := os.MkdirTemp("", "telco-browser-")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{
		"--headless=new", "--remote-debugging-pipe", "--user-data-dir=" + profile,
		"--no-first-run", "--no-default-browser-check", "--disable-extensions", "--disable-gpu",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
		"--disable-dev-shm-usage", // containers have little of it
		"--log-level=3",           // it complains of each desktop service that a server lacks
		"--force-color-profile=srgb", "--font-render-hinting=none", "--hide-scrollbars", "--lang=en",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
	}
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox") // Chromium refuses its sandbox to root, as in a container
	}
	cmd := exec.Command(command, append(args, flags...)...) // of a flag given twice, the last one counts
	var complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &complaints, &complaints
	cmd.WaitDelay = time.Second // its children may hold these open
	devtools, err := connect(cmd)
	if err != nil {
		_ = os.RemoveAll(profile)
		t.Fatalf("starting %s: %v", command, err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := devtools.call(ctx, "", "Browser.close", struct{}{}, nil); err != nil {
			_ = cmd.Process.Kill()
		}
		_ = devtools.write.Close()
		_ = cmd.Wait()
		_ = os.RemoveAll(profile)
		if t.Failed() {
			t.Logf("the browser said: %s", complaints.Bytes())
		}
	})
	return &Browser{devtools: devtools, dir: pictures(t)}
}

// pictures is the folder of the screenshots: TELCO_LOOK_DIR, or .bin/look of the repository.
func pictures(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("TELCO_LOOK_DIR")
	if dir == "" {
		root, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil || root == filepath.Dir(root) {
				break
			}
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, ".bin", "look")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}
