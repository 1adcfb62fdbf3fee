package simulator

import (
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// accountsAPI is the Passbridge provisioning API: the SIM cards of accounts, and the calls around them. It speaks JSON
// only.
type accountsAPI struct {
	sim      *Simulator
	quirks   AccountsQuirks
	tokens   map[string]time.Time // until when each is good
	accounts map[string]*foreignAccount
	cards    map[string]*accountsCard    // by CLI, which is unique across the accounts
	stale    map[string]*staleCard       // by CLI: what a lagging read still shows
	commands map[string]*accountsCommand // by cmdid
}

// foreignAccount is an account under the caller's own key.
type foreignAccount struct {
	key     string
	started time.Time
	hints   AccountHints
	about   string   // its description
	actor   int      // its ActorStatus
	clis    []string // of its cards, sorted
}

func newAccountsAPI(s *Simulator) *accountsAPI {
	return &accountsAPI{
		sim:      s,
		tokens:   map[string]time.Time{},
		accounts: map[string]*foreignAccount{},
		cards:    map[string]*accountsCard{},
		stale:    map[string]*staleCard{},
		commands: map[string]*accountsCommand{},
	}
}

type accountsHandler = func(w http.ResponseWriter, r *http.Request, body []byte)

func (a *accountsAPI) register(mux *http.ServeMux) {
	const sims = "/v1/accounts/{key}/hardware/sims"
	route := func(method, pattern, name string, h accountsHandler) {
		a.sim.route(mux, Accounts, method, pattern, name, a.guard(h))
	}
	a.sim.route(mux, Accounts, http.MethodPost, "/v1/authtoken", "token", a.issueToken)
	route(http.MethodGet, "/v1/version", "version", a.version)
	route(http.MethodGet, "/v1/integration/products", "integration.products", a.products)
	route(http.MethodGet, "/v1/integration/accounts", "integration.accounts", a.listAccounts)
	route(http.MethodGet, "/v1/accounts/{key}", "account.read", a.readAccount)
	route(http.MethodPost, sims, "sim.create", a.createSIM)
	route(http.MethodGet, sims, "sim.list", a.listSIMs)
	route(http.MethodGet, sims+"/{cli}", "sim.read", a.readSIM)
	route(http.MethodPatch, sims+"/{cli}", "sim.update", a.updateSIM)
	route(http.MethodDelete, sims+"/{cli}", "sim.delete", a.deleteSIM)
	route(http.MethodGet, sims+"/{cli}/status", "sim.status", a.commandStatus)
}

// guard refuses what the service refuses before it looks at the resource: a plus sign (the web server itself), a
// missing or expired token, a body or an answer in a format that is not JSON.
func (a *accountsAPI) guard(h accountsHandler) accountsHandler {
	return func(w http.ResponseWriter, r *http.Request, body []byte) {
		path := r.URL.EscapedPath()
		if a.quirks.PlusInPathRefused && (strings.Contains(path, "+") || strings.Contains(strings.ToUpper(path), "%2B")) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte("<html><head><title>404 - File or directory not " +
				"found.</title></head><body>404.11</body></html>"))
			return
		}
		if !a.authorised(r) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			a.send(w, http.StatusUnauthorized, map[string]string{"Message": "Authorization has been denied for this request."})
			return
		}
		if accept := r.Header.Get("Accept"); accept != "" && !strings.Contains(accept, "json") &&
			!strings.Contains(accept, "*/*") {
			a.send(w, http.StatusNotAcceptable, map[string]string{"Message": "The simulator answers JSON only."})
			return
		}
		if r.Method == http.MethodPost || r.Method == http.MethodPatch {
			media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
			if err != nil || media != "application/json" && media != "text/json" {
				a.send(w, http.StatusUnsupportedMediaType, map[string]string{"Message": fmt.Sprintf(
					"The request entity's media type '%s' is not supported for this resource.", r.Header.Get("Content-Type"))})
				return
			}
		}
		h(w, r, body)
	}
}

func (a *accountsAPI) authorised(r *http.Request) bool {
	header := r.Header.Get("Authorization")
	if !hasPrefixFold(header, "Bearer ") {
		return false
	}
	until, known := a.tokens[header[len("Bearer "):]]
	return known && a.sim.now().Before(until)
}

// issueToken is the OAuth2 client-credentials grant; its answers have no envelope.
func (a *accountsAPI) issueToken(w http.ResponseWriter, r *http.Request, body []byte) {
	refuse := func(code string) {
		a.send(w, http.StatusBadRequest, map[string]string{"error": code})
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		refuse("unsupported_grant_type") // what OWIN says when it finds no form
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		refuse("invalid_request")
		return
	}
	if form.Get("grant_type") != "client_credentials" {
		refuse("unsupported_grant_type")
		return
	}
	if form.Get("client_id") != ClientID || form.Get("client_secret") != ClientSecret {
		refuse("invalid_client")
		return
	}

	life, expiresIn := time.Hour, 3599 // as recorded: a second of an hour has gone when the answer is written
	if n := a.quirks.TokenSeconds; n > 0 {
		life, expiresIn = time.Duration(n)*time.Second, n
	}
	now := a.sim.now()
	token := a.opaque("token")
	a.tokens[token] = now.Add(life)
	a.send(w, http.StatusOK, struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		ExpiresIn   int    `json:"expires_in"`
		UserName    string `json:"userName"`
		Issued      string `json:".issued"`
		Expires     string `json:".expires"`
	}{
		token, "bearer", expiresIn, ClientID,
		now.UTC().Format(http.TimeFormat), now.Add(life).UTC().Format(http.TimeFormat),
	})
}

// opaque makes a text that means nothing to a caller and needs percent-encoding in a query: 173 characters, always
// with a slash, ending in an equals sign.
func (a *accountsAPI) opaque(kind string) string {
	n := a.sim.nextSerial()
	first := sha512.Sum512(fmt.Appendf(nil, "%s %d a", kind, n))
	second := sha512.Sum512(fmt.Appendf(nil, "%s %d b", kind, n))
	return "/" + base64.StdEncoding.EncodeToString(slices.Concat(first[:], second[:]))
}

// accountsEnvelope is PBPRReturnOf<T> in wire order; absent Data and Status are left out.
type accountsEnvelope struct {
	Data              json.RawMessage `json:"Data,omitempty"`
	Status            any             `json:"Status,omitempty"`
	Success           bool            `json:"Success"`
	Code              int             `json:"Code"`
	ErrorCode         int             `json:"ErrorCode"`
	ErrorSubCode      int             `json:"ErrorSubCode"`
	ErrorDescription  string          `json:"ErrorDescription"`
	Meta              any             `json:"Meta"`
	StatusURL         *string         `json:"StatusUrl"`
	ContinuationToken string          `json:"ContinuationToken"`
}

var jsonNull = json.RawMessage("null")

func successEnvelope(data json.RawMessage) accountsEnvelope {
	return accountsEnvelope{Data: data, Success: true, Code: http.StatusOK, Meta: ""}
}

// sendEnvelope answers with an envelope under that HTTP status.
func (a *accountsAPI) sendEnvelope(w http.ResponseWriter, status int, e accountsEnvelope) {
	if a.quirks.AlwaysHTTP200 {
		status = http.StatusOK
	}
	a.send(w, status, e)
}

// fail answers with a failure result: the same number in the HTTP line, in Code and in ErrorCode.
func (a *accountsAPI) fail(w http.ResponseWriter, code int, description string) {
	a.sendEnvelope(w, code, accountsEnvelope{
		Data: jsonNull, Code: code, ErrorCode: code, ErrorDescription: description, Meta: "",
	})
}

// invalid answers in the form of the framework's model validation, which has no envelope.
func (a *accountsAPI) invalid(w http.ResponseWriter, problems map[string][]string) {
	a.send(w, http.StatusBadRequest, map[string]any{"Message": "The request is invalid.", "ModelState": problems})
}

func (a *accountsAPI) send(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(mustJSON(body))
}

// mustJSON encodes what the simulator itself has composed, which cannot fail.
func mustJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

func (a *accountsAPI) version(w http.ResponseWriter, _ *http.Request, _ []byte) {
	a.sendEnvelope(w, http.StatusOK, successEnvelope(mustJSON("2.109.0.0")))
}

func (a *accountsAPI) products(w http.ResponseWriter, _ *http.Request, _ []byte) {
	a.sendEnvelope(w, http.StatusOK, successEnvelope(mustJSON([]string{})))
}

// accountKeyPattern is the documented pattern of Account.ForeignAccountKey, whose A-z covers more than letters.
var accountKeyPattern = regexp.MustCompile(`^[A-z0-9\s\-.]{1,24}$`)

func (a *accountsAPI) readAccount(w http.ResponseWriter, r *http.Request, _ []byte) {
	acc := a.accounts[r.PathValue("key")]
	if acc == nil {
		a.fail(w, http.StatusNotFound, "Account not found")
		return
	}
	a.sendEnvelope(w, http.StatusOK, successEnvelope(mustJSON(a.encodeAccount(acc))))
}

func (a *accountsAPI) readSIM(w http.ResponseWriter, r *http.Request, _ []byte) {
	key, cli := r.PathValue("key"), r.PathValue("cli")
	if c := a.cardOf(key, cli); c != nil {
		a.lookAtCard(c)
	}
	if old := a.stale[cli]; old != nil && old.account == key {
		old.reads--
		if old.reads == 0 {
			delete(a.stale, cli)
		}
		a.sendEnvelope(w, http.StatusOK, successEnvelope(a.encodeCard(&old.card)))
		return
	}
	c := a.cardOf(key, cli) // looked up again: the look may have ended its removal
	if c == nil {
		a.notFound(w, key)
		return
	}
	if c.unseen > 0 {
		c.unseen--
		a.notFound(w, key)
		return
	}
	a.sendEnvelope(w, http.StatusOK, successEnvelope(a.encodeCard(&c.card)))
}

func (a *accountsAPI) notFound(w http.ResponseWriter, key string) {
	if a.accounts[key] == nil {
		a.fail(w, http.StatusNotFound, "Account not found")
		return
	}
	a.fail(w, http.StatusNotFound, "SIM card not found")
}

func (a *accountsAPI) listSIMs(w http.ResponseWriter, r *http.Request, _ []byte) {
	acc := a.accounts[r.PathValue("key")]
	if acc == nil {
		a.fail(w, http.StatusNotFound, "Account not found")
		return
	}
	after, ok := continuationOf(r.URL.Query())
	if !ok {
		a.fail(w, http.StatusBadRequest, "Invalid continuation token")
		return
	}
	// Operations that end by the clock end for a list too; the list of CLIs is copied, since a delete shortens it.
	for _, cli := range slices.Clone(acc.clis) {
		a.catchUp(a.cards[cli])
	}

	start, _ := slices.BinarySearch(acc.clis, after)
	if start < len(acc.clis) && acc.clis[start] == after {
		start++
	}
	rest, token := acc.clis[start:], ""
	if n := a.quirks.PageSize; n > 0 && len(rest) > n {
		rest = rest[:n]
		token = continuationToken(rest[n-1])
	}
	cards := []json.RawMessage{}
	for _, cli := range rest {
		if c := a.cards[cli]; c.unseen == 0 {
			cards = append(cards, a.encodeCard(&c.card))
		}
	}
	e := successEnvelope(mustJSON(cards))
	e.ContinuationToken = token
	a.sendEnvelope(w, http.StatusOK, e)
}

// continuationToken is percent-encoded already and ends in %3D%3D, as in the vendor's sample.
func continuationToken(last string) string {
	text := "after " + last
	for len(text)%3 != 1 { // one byte over whole groups of three gives two equals signs
		text += " "
	}
	return url.QueryEscape(base64.URLEncoding.EncodeToString([]byte(text)))
}

// continuationOf reads the token back: its parameter in any case, its value plain or still encoded. Without a token
// the list begins at the start.
func continuationOf(query url.Values) (after string, ok bool) {
	for name, values := range query {
		if !strings.EqualFold(name, "continuationtoken") || values[0] == "" {
			continue
		}
		plain, err := url.QueryUnescape(values[0])
		if err != nil {
			return "", false
		}
		text, err := base64.URLEncoding.DecodeString(plain)
		if err != nil || !strings.HasPrefix(string(text), "after ") {
			return "", false
		}
		return strings.TrimSpace(strings.TrimPrefix(string(text), "after ")), true
	}
	return "", true
}
