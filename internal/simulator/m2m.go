package simulator

import (
	"cmp"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// M2MQuirks are the points that the m2mi portal's pages leave open. The zero value is the most likely reading.
type M2MQuirks struct {
	// TagStyle is how the names of requests must be written: lower_snake (also ""), upper_snake, title_snake, any.
	TagStyle string `json:"tag_style"`
	// ReplyStyle is how the names of replies are written: lower, upper or title, then _snake, _kebab or _dotted.
	ReplyStyle string `json:"reply_style"`
	// OutcomeWords is how the values of replies are written: invalid_iccid (lower_snake), INVALID_ICCID (upper_snake),
	// Invalid ICCID (title_words), and so on; empty follows ReplyStyle.
	OutcomeWords string `json:"outcome_words"`
	// StatusWords replaces the words active, deactivated and closed, such as deactivated by "de-activated".
	StatusWords map[string]string `json:"status_words"`
	// FailureShape is where a failure gives its reason: "" in api_outcome itself, or "second_element", where
	// api_outcome says failure and a second element has the reason.
	FailureShape string `json:"failure_shape"`
	// FailureElement is the name of that second element, as it is sent; empty means error_description in ReplyStyle.
	FailureElement string `json:"failure_element"`
	// FailureStatus is the HTTP status of a failure; 0 means 200.
	FailureStatus int `json:"failure_status"`
	// DropAPIID leaves the api_id out of replies; WrongAPIID gives another one, as a crossed reply would.
	DropAPIID  bool `json:"drop_api_id"`
	WrongAPIID bool `json:"wrong_api_id"`
	// XMLDeclaration puts <?xml ...?> before replies.
	XMLDeclaration bool `json:"xml_declaration"`
}

// check panics on a word that no switch knows: a test that misspells one would test nothing.
func (q M2MQuirks) check() {
	if !slices.Contains(m2mTagStyles, q.TagStyle) || !slices.Contains(m2mReplyStyles, q.ReplyStyle) ||
		!slices.Contains(m2mValueStyles, q.OutcomeWords) ||
		!slices.Contains([]string{"", "second_element"}, q.FailureShape) {
		panic(fmt.Sprintf("simulator: unknown word in %+v", q))
	}
}

// value writes a word of a reply, such as success or a reason.
func (q M2MQuirks) value(words string) string {
	return m2mStyled(cmp.Or(q.OutcomeWords, q.ReplyStyle), words)
}

// SetM2MQuirks changes the switches; it panics on an unknown word.
func (s *Simulator) SetM2MQuirks(change func(*M2MQuirks)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	quirks := s.m2m.quirks
	change(&quirks)
	quirks.check()
	s.m2m.quirks = quirks
}

// m2mAPI is the XML command API of the m2mi portal (docs.m2miportal.com): one URL, the root element names the command.
type m2mAPI struct {
	s      *Simulator
	quirks M2MQuirks
	groups map[string]M2MGroup
	sims   map[string]*M2MSIM
}

func newM2MAPI(s *Simulator) *m2mAPI {
	return &m2mAPI{s: s, groups: map[string]M2MGroup{}, sims: map[string]*M2MSIM{}}
}

func (m *m2mAPI) register(mux *http.ServeMux) {
	m.s.route(mux, M2M, http.MethodPost, "/", "command", m.command)
}

// The reasons of failures. The pages name the first three; they list the causes of the others without a word for them.
const (
	m2mInvalidICCID       = "invalid iccid"
	m2mInvalidGroup       = "invalid group"
	m2mInvalidContent     = "invalid content"
	m2mInvalidCommand     = "invalid command"
	m2mInvalidCredentials = "invalid credentials"
)

// m2mErrorDescription is the name of the element that has the reason, where there is one.
const m2mErrorDescription = "error description"

// m2mCommand is a command: the words of its root element, those of its children after the authentication, and what
// it does with their values. It returns the reason of a failure, or what the reply holds besides the outcome.
type m2mCommand struct {
	words    string
	children []string
	run      func(m *m2mAPI, values []string) (reply []m2mItem, reason string)
}

var m2mCommands = []m2mCommand{
	{words: "set aa group", children: []string{"iccid", "group"}, run: (*m2mAPI).setAAGroup},
	{words: "query status", children: []string{"iccid"}, run: (*m2mAPI).queryStatus},
}

// command executes one request. What is no XML request at all is refused as HTTP; all else is an outcome.
func (m *m2mAPI) command(w http.ResponseWriter, r *http.Request, body []byte) {
	if !m2mNamesXML(r.Header.Values("Content-Type")) {
		http.Error(w, "Content-Type must be application/xml", http.StatusUnsupportedMediaType)
		return
	}
	if !m2mNamesXML(r.Header.Values("Accept")) {
		http.Error(w, "Accept must be application/xml", http.StatusNotAcceptable)
		return
	}
	request, err := m2mParse(body)
	if err != nil {
		http.Error(w, "not an XML request: "+err.Error(), http.StatusBadRequest)
		return
	}
	apiID := request.attr(m.quirks.TagStyle, "api id")
	reply := m2mReply{root: m2mWords(request.name) + " response", apiID: apiID, status: http.StatusOK}
	items, reason := m.execute(request)
	switch {
	case reason == "":
		reply.items = append([]m2mItem{{"api outcome", m.quirks.value("success")}}, items...)
	case m.quirks.FailureShape == "second_element":
		reply.status = cmp.Or(m.quirks.FailureStatus, http.StatusOK)
		reply.items = []m2mItem{
			{"api outcome", m.quirks.value("failure")}, {m2mErrorDescription, m.quirks.value(reason)},
		}
	default:
		reply.status = cmp.Or(m.quirks.FailureStatus, http.StatusOK)
		reply.items = []m2mItem{{"api outcome", m.quirks.value(reason)}}
	}
	m.quirks.send(w, reply)
}

// execute checks the form of a request, then the credentials, then lets the command check the rest.
func (m *m2mAPI) execute(request *m2mElement) (reply []m2mItem, reason string) {
	style := m.quirks.TagStyle
	known := slices.IndexFunc(m2mCommands, func(c m2mCommand) bool { return m2mIs(style, request.name, c.words) })
	if known < 0 {
		return nil, m2mInvalidCommand
	}
	command := m2mCommands[known]

	version := request.attr(style, "version")
	apiID := request.attr(style, "api id")
	if version != "1" || apiID == "" || len(request.attrs) != 2 {
		return nil, m2mInvalidContent
	}
	if !request.holds(style, append([]string{"authentication"}, command.children...)...) {
		return nil, m2mInvalidContent
	}
	authentication := request.children[0]
	if len(authentication.attrs) > 0 || !authentication.holds(style, "username", "password") {
		return nil, m2mInvalidContent
	}
	var values []string
	for _, leaf := range append(slices.Clone(authentication.children), request.children[1:]...) {
		if !leaf.isLeaf() {
			return nil, m2mInvalidContent
		}
		values = append(values, leaf.text)
	}
	if values[0] != M2MUsername || values[1] != M2MPassword || apiID != M2MAPIID {
		return nil, m2mInvalidCredentials
	}
	return command.run(m, values[2:])
}

// setAAGroup arms the move of a pending SIM to a live group (page "Set Auto Activation Group"). Setting the group
// that it has already is executed like any other. A closed SIM is refused: closed is for ever.
func (m *m2mAPI) setAAGroup(values []string) ([]m2mItem, string) {
	iccid, code := values[0], values[1]
	sim := m.sims[iccid]
	if sim == nil || sim.Status == "closed" || m.groups[sim.Group].Type != "pending" {
		return nil, m2mInvalidICCID
	}
	if m.groups[code].Type != "live" {
		return nil, m2mInvalidGroup
	}
	m.s.executed(M2M, "aa_group", iccid, cmp.Or(sim.AAGroup, "none")+" -> "+code)
	sim.AAGroup = code
	return nil, ""
}

// queryStatus reads a SIM's status (page "Query Status").
func (m *m2mAPI) queryStatus(values []string) ([]m2mItem, string) {
	sim := m.sims[values[0]]
	if sim == nil {
		return nil, m2mInvalidICCID
	}
	return []m2mItem{{"status", cmp.Or(m.quirks.StatusWords[sim.Status], m.quirks.value(sim.Status))}}, ""
}

// m2mNamesXML tells whether a Content-Type or Accept header names application/xml itself; a wildcard does not.
func m2mNamesXML(headers []string) bool {
	for part := range strings.SplitSeq(strings.Join(headers, ","), ",") {
		if media, _, err := mime.ParseMediaType(part); err == nil && media == "application/xml" {
			return true
		}
	}
	return false
}
