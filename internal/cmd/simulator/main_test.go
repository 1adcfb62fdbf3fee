package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/simfleet/terraform-provider-telco/internal/simulator"
)

// running is a simulator command under test; its output is read line by line.
type running struct {
	t     *testing.T
	lines *bufio.Scanner
	stop  context.CancelFunc
	ended chan error
	env   map[string]string
}

func start(t *testing.T, args ...string) *running {
	t.Helper()
	envFile := filepath.Join(t.TempDir(), "env")
	ctx, stop := context.WithCancel(t.Context())
	read, write := io.Pipe()
	r := &running{t: t, lines: bufio.NewScanner(read), stop: stop, ended: make(chan error, 1), env: map[string]string{}}
	go func() {
		err := run(ctx, append(args, "-env-file", envFile), write, io.Discard)
		_ = write.Close()
		r.ended <- err
	}()
	t.Cleanup(func() {
		stop()
		_ = read.Close()
	})
	r.until("export TELCO_SIMULATOR_CONTROL=")
	text, err := os.ReadFile(envFile)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		name, value, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		if !ok {
			t.Errorf("line %q", line)
		}
		r.env[name] = strings.Trim(value, "'")
	}
	return r
}

// until reads lines up to the first that holds the text, which it returns.
func (r *running) until(text string) string {
	r.t.Helper()
	for r.lines.Scan() {
		if strings.Contains(r.lines.Text(), text) {
			return r.lines.Text()
		}
	}
	r.t.Fatalf("the output ended without %q", text)
	return ""
}

func (r *running) do(method, address, body string, header map[string]string) string {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if resp.StatusCode >= 300 {
		r.t.Fatalf("%s %s: %d %s", method, address, resp.StatusCode, text)
	}
	return string(text)
}

func TestRun(t *testing.T) {
	r := start(t, "-sims", "4", "-settle", "0s")
	token := r.do(http.MethodPost, r.env["TELCO_ACCOUNTS_ENDPOINT"]+"/v1/authtoken", url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {r.env["TELCO_ACCOUNTS_CLIENT_ID"]},
		"client_secret": {r.env["TELCO_ACCOUNTS_CLIENT_SECRET"]},
	}.Encode(), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
	_, token, _ = strings.Cut(token, `"access_token":"`)
	token, _, _ = strings.Cut(token, `"`)

	r.do(http.MethodPatch, r.env["TELCO_ACCOUNTS_ENDPOINT"]+"/v1/accounts/acme-fleet/hardware/sims/001010000000004",
		`{"State":3}`,
		map[string]string{"Authorization": "Bearer " + token, "Content-Type": "application/json"})
	const change = "accounts update   acme-fleet/001010000000004  State: ready -> live"
	r.until(change) // as it happens

	r.do(http.MethodGet, r.env["TELCO_MVNO_ENDPOINT"]+"/mvno/5f0c1a2b3c4d5e6f70819204", "",
		map[string]string{"Authorization": "Bearer " + r.env["TELCO_MVNO_TOKEN"]})
	r.do(http.MethodPost, r.env["TELCO_CMO_TOKEN_URL"], url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {r.env["TELCO_CMO_CLIENT_ID"]},
		"client_secret": {r.env["TELCO_CMO_CLIENT_SECRET"]},
	}.Encode(), map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
	if ledger := r.do(http.MethodGet, r.env["TELCO_SIMULATOR_CONTROL"]+"/ledger", "", nil); !strings.Contains(ledger,
		"001010000000004") {
		t.Errorf("ledger over HTTP: %s", ledger)
	}

	if page := r.do(http.MethodGet, r.env["TELCO_SIMULATOR_CONTROL"]+"/", "", nil); !strings.Contains(page,
		"<title>SIM portal (simulated)</title>") {
		t.Errorf("portal: %s", page)
	}

	r.stop()
	r.until("Ledger: 1 executed changes, 0 requests to unknown routes")
	r.until(change)
	if err := <-r.ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

func TestGreetingNamesEverySetting(t *testing.T) {
	var b strings.Builder
	env := environment("http://127.0.0.1:1", "http://127.0.0.1:2")
	greet(&b, "http://127.0.0.1:1", "http://127.0.0.1:2", env, 2)
	block, _, _ := strings.Cut(b.String(), "\n}\n")
	for _, v := range env {
		if v.name != "TELCO_SIMULATOR_CONTROL" && !strings.Contains(block, `= "`+v.value+`"`) {
			t.Errorf("the provider block lacks %s = %s:\n%s", v.name, v.value, block)
		}
	}
	if !strings.Contains(block, "portal    http://127.0.0.1:2/ (open") {
		t.Error("it does not say where the portal is")
	}
	if !strings.Contains(block, "SIMULATOR") {
		t.Error("it does not say what it is")
	}
	if got := exports([]variable{{"A", "it's"}}); got != "export A='it'\\''s'\n" {
		t.Errorf("quoting: %s", got)
	}
}

func TestSeededObjects(t *testing.T) {
	sim := simulator.New()
	seedSIMs(sim, 12)
	if cards := sim.SIMCards("acme-fleet"); len(cards) != 12 || cards[0].CLI != "001010000000001" ||
		cards[11].CLI != "001010000000012" {
		t.Errorf("cards: %+v", cards)
	}
	for _, id := range []string{
		"TMSP-89490200000000000001", "TMSP-89490200000000000004", "JASPER-8997100000000000001", "JASPER-8997100000000000004",
		"1NCE-8988280000000000001", "1NCE-8988280000000000004",
	} {
		if _, ok := sim.Product(id); !ok {
			t.Errorf("no product %s", id)
		}
	}
	if s, ok := sim.M2MSIM("8944000000000000012"); !ok || s.Group != "PEND01" {
		t.Errorf("m2m: %+v", s)
	}
	if a, ok := sim.MVNOAccount("5f0c1a2b3c4d5e6f70819201"); !ok || a.SIMNumber != "8945019000000000001" {
		t.Errorf("account: %+v", a)
	}
	if s, ok := sim.MVNOSIM("8945010000000000004"); !ok || s.FormFactor != "eSIM" || s.Holder != "" {
		t.Errorf("pool: %+v", s)
	}
	if s, ok := sim.MVNOSIM("8945019000000000001"); !ok || s.Holder != "5f0c1a2b3c4d5e6f70819201" {
		t.Errorf("held: %+v", s)
	}
}

func TestSeedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "seed.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{
	  "accounts": [{"key": "other", "sims": [{"CLI": "001010000000009", "State": 4, "Description": "van 9"}]}],
	  "cmo":      [{"id": "TMSP-89490200000000000009", "status": "ACTIVE", "sim_status": "INACTIVE"}],
	  "m2m":      {"groups": [{"code": "LIVE20", "name": "Live 20 MB", "type": "live"}],
	               "sims": [{"iccid": "8944000000000000009", "status": "deactivated", "group": "PEND01"}]},
	  "mvno":     {"accounts": [{"id": "5f0c1a2b3c4d5e6f70819209", "state": "BLOCKED", "sim_number": "8945010000000000009"}],
	               "sims": [{"icc": "8945010000000000009", "network": "TELENOR"}]}
	}`)
	sim := simulator.New()
	if err := seedFrom(sim, path); err != nil {
		t.Fatal(err)
	}
	if card, ok := sim.SIMCard("other", "001010000000009"); !ok || card.State != 4 || *card.Description != "van 9" {
		t.Errorf("%+v", card)
	}
	if p, ok := sim.Product("TMSP-89490200000000000009"); !ok || p.Status != "ACTIVE" || p.SIMStatus != "INACTIVE" {
		t.Errorf("%+v", p)
	}
	if s, ok := sim.M2MSIM("8944000000000000009"); !ok || s.Status != "deactivated" {
		t.Errorf("%+v", s)
	}
	if s, ok := sim.MVNOSIM("8945010000000000009"); !ok || s.Network != "TELENOR" ||
		s.Holder != "5f0c1a2b3c4d5e6f70819209" {
		t.Errorf("%+v", s)
	}

	for _, wrong := range []string{`{"acounts": []}`, `{"accounts": [{"key": "a", "sims": [{"ICCID": "1"}]}]}`, `{`} {
		write(wrong)
		if err := seedFrom(simulator.New(), path); err == nil || !strings.Contains(err.Error(), "seed.json") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, args := range [][]string{
		{"-listen", "0.0.0.0:0"}, {"-listen", ":0"}, {"-control", "192.0.2.1:0"}, {"-listen", "example.com:80"},
		{"-listen", "127.0.0.1"},
		{"-sims", "-1"}, {"-sims", "2000000"}, {"-seed", "no/such/file"}, {"-env-file", "no/such/dir/env"}, {"extra"},
		{"-no-such-flag"},
	} {
		var out strings.Builder
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // what is not refused ends at once, without an error
		if err := run(ctx, args, &out, io.Discard); err == nil || strings.Contains(out.String(), "Ledger") {
			t.Errorf("%v was not refused: %v", args, err)
		}
	}
	if err := run(t.Context(), []string{"-h"}, io.Discard, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
}
