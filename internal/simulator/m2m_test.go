package simulator

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	m2mTestICCID = "8944000000000000017"
	m2mTestQuery = `<query_status version="1" api_id="42">` + m2mTestLogin + `<iccid>` + m2mTestICCID +
		`</iccid></query_status>`
	m2mTestLogin  = `<authentication><username>simulator-user</username><password>simulator&amp;password</password></authentication>`
	m2mTestBefore = `<set_aa_group version="1" api_id="42">` + m2mTestLogin
)

// m2mTestSet is a set_aa_group request.
func m2mTestSet(iccid, group string) string {
	return m2mTestBefore + "<iccid>" + iccid + "</iccid><group>" + group + "</group></set_aa_group>"
}

// m2mTestReply is a reply of set_aa_group with only an outcome.
func m2mTestReply(outcome string) string {
	return `<set_aa_group_response api_id="42"><api_outcome>` + outcome + `</api_outcome></set_aa_group_response>`
}

// newM2MTest seeds one pending SIM and a group of each type.
func newM2MTest(t *testing.T) (*Simulator, string) {
	t.Helper()
	s := New()
	s.AddM2MGroup(M2MGroup{Code: "PEND", Name: "Stock", Type: "pending"})
	s.AddM2MGroup(M2MGroup{Code: "LIVE10", Name: "Ten", Type: "live"})
	s.AddM2MGroup(M2MGroup{Code: "LIVE20", Name: "Twenty", Type: "live"})
	s.AddM2MGroup(M2MGroup{Code: "SUSP", Name: "Sleep", Type: "suspended"})
	s.AddM2MSIM(M2MSIM{ICCID: m2mTestICCID, Group: "PEND", TestAllowance: 100})
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return s, server.URL + "/m2m"
}

func m2mPost(t *testing.T, url, body string, header ...string) (status int, reply string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/xml")
	request.Header.Set("Accept", "application/xml")
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

var m2mTestBlanks = regexp.MustCompile(`>\s+<`)

// m2mSample is a sample file without the white space between its elements.
func m2mSample(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "m2m", name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(m2mTestBlanks.ReplaceAllString(string(text), "><"))
}

func m2mWant(t *testing.T, url, body, want string) {
	t.Helper()
	if status, reply := m2mPost(t, url, body); status != http.StatusOK || reply != want {
		t.Errorf("request %s\n got %d %s\nwant 200 %s", body, status, reply, want)
	}
}

func TestM2MSamples(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join("testdata", "m2m", "set_aa_group_request.xml"))
	if err != nil {
		t.Fatal(err)
	}
	s, url := newM2MTest(t)
	m2mWant(t, url, string(raw), m2mSample(t, "success.xml"))
	m2mWant(t, url+"/", m2mSample(t, "set_aa_group_request.xml"), m2mSample(t, "success.xml"))
	m2mWant(t, url, m2mSample(t, "query_status_request.xml"), m2mSample(t, "query_status_response.xml"))
	m2mWant(t, url, m2mTestSet("8944000000000000099", "LIVE10"), m2mSample(t, "failure_reason.xml"))
	s.SetM2MQuirks(func(q *M2MQuirks) {
		q.ReplyStyle, q.OutcomeWords, q.FailureShape = "upper_snake", "title_words", "second_element"
	})
	m2mWant(t, url, m2mTestSet(m2mTestICCID, "NONE"), m2mSample(t, "failure_element.xml"))
}

func TestM2MSetAAGroup(t *testing.T) {
	t.Parallel()
	s, url := newM2MTest(t)
	for _, group := range []string{"LIVE10", "LIVE20", "LIVE20"} {
		m2mWant(t, url, m2mTestSet(m2mTestICCID, group), m2mTestReply("success"))
	}
	var details []string
	for _, change := range s.Ledger() {
		if change.API != M2M || change.Action != "aa_group" || change.Key != m2mTestICCID {
			t.Errorf("ledger: %+v", change)
		}
		details = append(details, change.Detail)
	}
	want := "none -> LIVE10, LIVE10 -> LIVE20, LIVE20 -> LIVE20"
	if got := strings.Join(details, ", "); got != want {
		t.Errorf("ledger %q, want %q", got, want)
	}
	sim, ok := s.M2MSIM(m2mTestICCID)
	if want := (M2MSIM{m2mTestICCID, "active", "PEND", "LIVE20", 100}); !ok || sim != want {
		t.Errorf("SIM %+v, want %+v", sim, want)
	}

	// The setting consumes itself: once the SIM is live, the command answers invalid iccid.
	if !s.ExhaustTestAllowance(m2mTestICCID) || s.ExhaustTestAllowance("1") {
		t.Error("ExhaustTestAllowance does not tell which SIMs there are")
	}
	sim, _ = s.M2MSIM(m2mTestICCID)
	if want := (M2MSIM{m2mTestICCID, "active", "LIVE20", "", 0}); sim != want {
		t.Errorf("SIM %+v, want %+v", sim, want)
	}
	m2mWant(t, url, m2mTestSet(m2mTestICCID, "LIVE20"), m2mTestReply("invalid_iccid"))
	if n := len(s.Ledger()); n != 3 {
		t.Errorf("%d changes, want 3", n)
	}
}

func TestM2MAllowanceThatMovesNothing(t *testing.T) {
	t.Parallel()
	s, _ := newM2MTest(t)
	s.ExhaustTestAllowance(m2mTestICCID)
	if sim, _ := s.M2MSIM(m2mTestICCID); sim.Group != "PEND" || sim.TestAllowance != 0 {
		t.Errorf("SIM %+v, want it in PEND with no allowance", sim)
	}
	s.ChangeM2MSIM(m2mTestICCID, func(sim *M2MSIM) { sim.Group, sim.AAGroup = "SUSP", "LIVE10" })
	s.ExhaustTestAllowance(m2mTestICCID)
	if sim, _ := s.M2MSIM(m2mTestICCID); sim.Group != "SUSP" || sim.AAGroup != "LIVE10" {
		t.Errorf("SIM %+v, want it in SUSP: only a pending SIM moves by itself", sim)
	}
}

func TestM2MRefusals(t *testing.T) {
	t.Parallel()
	s, url := newM2MTest(t)
	s.AddM2MSIM(M2MSIM{ICCID: "8944000000000000025", Group: "LIVE10"})
	s.AddM2MSIM(M2MSIM{ICCID: "8944000000000000033", Group: "SUSP"})
	s.AddM2MSIM(M2MSIM{ICCID: "8944000000000000041", Group: "PEND", Status: "closed"})
	set := m2mTestSet(m2mTestICCID, "LIVE10")
	replace := func(old, by string) string {
		if !strings.Contains(set, old) {
			t.Fatalf("no %q in the request", old)
		}
		return strings.Replace(set, old, by, 1)
	}
	for _, c := range []struct{ name, body, outcome string }{
		{"unknown SIM", m2mTestSet("1", "LIVE10"), "invalid_iccid"},
		{"empty SIM", m2mTestSet("", "LIVE10"), "invalid_iccid"},
		{"live SIM", m2mTestSet("8944000000000000025", "LIVE10"), "invalid_iccid"},
		{"suspended SIM", m2mTestSet("8944000000000000033", "LIVE10"), "invalid_iccid"},
		{"closed SIM", m2mTestSet("8944000000000000041", "LIVE10"), "invalid_iccid"},
		{"unknown group", m2mTestSet(m2mTestICCID, "LIVE99"), "invalid_group"},
		{"empty group", m2mTestSet(m2mTestICCID, ""), "invalid_group"},
		{"name of a group", m2mTestSet(m2mTestICCID, "Ten"), "invalid_group"},
		{"code in other letters", m2mTestSet(m2mTestICCID, "live10"), "invalid_group"},
		{"pending group", m2mTestSet(m2mTestICCID, "PEND"), "invalid_group"},
		{"suspended group", m2mTestSet(m2mTestICCID, "SUSP"), "invalid_group"},
		{"SIM before group", m2mTestSet("1", "SUSP"), "invalid_iccid"},
		{"wrong user", replace("simulator-user", "me"), "invalid_credentials"},
		{"wrong password", replace("simulator&amp;password", "simulator"), "invalid_credentials"},
		{"credentials before SIM", strings.Replace(m2mTestSet("1", "SUSP"), "-user", "", 1), "invalid_credentials"},
		{"no login", replace(m2mTestLogin, ""), "invalid_content"},
		{"login of other order", replace("<username>simulator-user</username>", ""), "invalid_content"},
		{"login with an attribute", replace("<authentication>", `<authentication realm="x">`), "invalid_content"},
		{"other version", replace(`version="1"`, `version="2"`), "invalid_content"},
		{"no version", replace(` version="1"`, ``), "invalid_content"},
		{"another attribute", replace(`version="1"`, `version="1" lang="en"`), "invalid_content"},
		{"another child", replace("<iccid>", "<customer>a</customer><iccid>"), "invalid_content"},
		{"children of other order", m2mTestBefore + "<group>LIVE10</group><iccid>" + m2mTestICCID + "</iccid></set_aa_group>",
			"invalid_content"},
		{"no group", replace("<group>LIVE10</group>", ""), "invalid_content"},
		{"text between", replace("<group>", "x<group>"), "invalid_content"},
		{"a child with children", replace("LIVE10", "<code>LIVE10</code>"), "invalid_content"},
		{"tag of another style", strings.NewReplacer("<iccid>", "<ICCID>", "</iccid>", "</ICCID>").Replace(set),
			"invalid_content"},
	} {
		t.Run(c.name, func(t *testing.T) { m2mWant(t, url, c.body, m2mTestReply(c.outcome)) })
	}
	m2mWant(t, url, replace(` api_id="42"`, ``),
		`<set_aa_group_response><api_outcome>invalid_content</api_outcome></set_aa_group_response>`)
	m2mWant(t, url, replace(`api_id="42"`, `api_id="7"`),
		`<set_aa_group_response api_id="7"><api_outcome>invalid_credentials</api_outcome></set_aa_group_response>`)
	m2mWant(t, url, strings.ReplaceAll(m2mTestQuery, "query_status", "query_group"),
		`<query_group_response api_id="42"><api_outcome>invalid_command</api_outcome></query_group_response>`)
	if ledger := s.Ledger(); len(ledger) > 0 {
		t.Errorf("refused requests changed something: %+v", ledger)
	}
}

func TestM2MNoXMLRequest(t *testing.T) {
	t.Parallel()
	s, url := newM2MTest(t)
	set := m2mTestSet(m2mTestICCID, "LIVE10")
	for _, c := range []struct {
		name, body string
		header     []string
		status     int
	}{
		{"text", set, []string{"Content-Type", "text/xml"}, 415},
		{"no content type", set, []string{"Content-Type", ""}, 415},
		{"accepts all", set, []string{"Accept", "*/*"}, 406},
		{"no body", "", nil, 400},
		{"cut off", set[:len(set)-1], nil, 400},
		{"bare ampersand", strings.Replace(set, "&amp;", "&", 1), nil, 400},
		{"two roots", set + set, nil, 400},
		{"text after the root", set + "x", nil, 400},
		{"byte order mark", "\ufeff" + set, nil, 400},
		{"document type", "<!DOCTYPE a>" + set, nil, 400},
		{"namespace", strings.Replace(set, "<set_aa_group ", `<set_aa_group xmlns="urn:x" `, 1), nil, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			if status, reply := m2mPost(t, url, c.body, c.header...); status != c.status {
				t.Errorf("got %d %s, want %d", status, reply, c.status)
			}
		})
	}
	if ledger := s.Ledger(); len(ledger) > 0 {
		t.Errorf("refused requests changed something: %+v", ledger)
	}
	// A declaration and a charset are fine.
	status, reply := m2mPost(t, url, `<?xml version="1.0" encoding="UTF-8"?>`+set, "Content-Type", "application/xml; "+
		"charset=utf-8")
	if status != 200 || reply != m2mTestReply("success") {
		t.Errorf("got %d %s", status, reply)
	}
}

func TestM2MTagStyles(t *testing.T) {
	t.Parallel()
	const camel = `<setAaGroup Version="1" apiId="42"><Authentication><userName>simulator-user</userName>` +
		`<PassWord>simulator&amp;password</PassWord></Authentication><Iccid>` + m2mTestICCID +
		`</Iccid><Group>LIVE10</Group></setAaGroup>`
	requests := map[string]string{
		"lower_snake": m2mTestSet(m2mTestICCID, "LIVE10"),
		"upper_snake": `<SET_AA_GROUP VERSION="1" API_ID="42"><AUTHENTICATION><USERNAME>simulator-user</USERNAME>` +
			`<PASSWORD>simulator&amp;password</PASSWORD></AUTHENTICATION><ICCID>` + m2mTestICCID +
			`</ICCID><GROUP>LIVE10</GROUP></SET_AA_GROUP>`,
		"title_snake": `<Set_AA_Group Version="1" API_ID="42"><Authentication><Username>simulator-user</Username>` +
			`<Password>simulator&amp;password</Password></Authentication><ICCID>` + m2mTestICCID +
			`</ICCID><Group>LIVE10</Group></Set_AA_Group>`,
		"any": camel,
	}
	for _, accepted := range []string{"lower_snake", "upper_snake", "title_snake", "any"} {
		s, url := newM2MTest(t)
		s.SetM2MQuirks(func(q *M2MQuirks) { q.TagStyle = accepted })
		executed := 0
		for sent, body := range requests {
			_, reply := m2mPost(t, url, body)
			success := strings.Contains(reply, "<api_outcome>success</api_outcome>")
			if want := accepted == sent || accepted == "any"; success != want {
				t.Errorf("%s accepted, %s sent: %s", accepted, sent, reply)
			}
			if success {
				executed++
			}
		}
		if n := len(s.Ledger()); n != executed {
			t.Errorf("%s: %d changes, but %d replies of success", accepted, n, executed)
		}
	}
}

func TestM2MReplyQuirks(t *testing.T) {
	t.Parallel()
	const failing = "NONE"
	for _, c := range []struct {
		name   string
		quirks M2MQuirks
		group  string
		status int
		reply  string
	}{
		{"title", M2MQuirks{ReplyStyle: "title_snake"}, "LIVE10", 200,
			`<Set_AA_Group_Response API_ID="42"><API_Outcome>Success</API_Outcome></Set_AA_Group_Response>`},
		{"kebab", M2MQuirks{ReplyStyle: "lower_kebab"}, failing, 200,
			`<set-aa-group-response api-id="42"><api-outcome>invalid-group</api-outcome></set-aa-group-response>`},
		{"dotted", M2MQuirks{ReplyStyle: "upper_dotted", OutcomeWords: "upper_snake"}, failing, 200,
			`<SET.AA.GROUP.RESPONSE API.ID="42"><API.OUTCOME>INVALID_GROUP</API.OUTCOME></SET.AA.GROUP.RESPONSE>`},
		{"words", M2MQuirks{OutcomeWords: "title_words"}, failing, 200, m2mTestReply("Invalid Group")},
		{"status", M2MQuirks{FailureStatus: 422}, failing, 422, m2mTestReply("invalid_group")},
		{"status of success", M2MQuirks{FailureStatus: 422}, "LIVE10", 200, m2mTestReply("success")},
		{"second element", M2MQuirks{FailureShape: "second_element", FailureElement: "Reason", FailureStatus: 400}, failing,
			400,
			`<set_aa_group_response api_id="42"><api_outcome>failure</api_outcome><Reason>invalid_group</Reason></set_aa_group_response>`},
		{"no api_id", M2MQuirks{DropAPIID: true}, "LIVE10", 200,
			`<set_aa_group_response><api_outcome>success</api_outcome></set_aa_group_response>`},
		{"crossed", M2MQuirks{WrongAPIID: true}, "LIVE10", 200,
			`<set_aa_group_response api_id="142"><api_outcome>success</api_outcome></set_aa_group_response>`},
		{"declaration", M2MQuirks{XMLDeclaration: true}, "LIVE10", 200,
			`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + m2mTestReply("success")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, url := newM2MTest(t)
			s.SetM2MQuirks(func(q *M2MQuirks) { *q = c.quirks })
			status, reply := m2mPost(t, url, m2mTestSet(m2mTestICCID, c.group))
			if status != c.status || reply != c.reply {
				t.Errorf("got %d %s\nwant %d %s", status, reply, c.status, c.reply)
			}
		})
	}
}

func TestM2MStatusWords(t *testing.T) {
	t.Parallel()
	s, url := newM2MTest(t)
	want := func(word string) {
		t.Helper()
		m2mWant(t, url, m2mTestQuery, `<query_status_response api_id="42"><api_outcome>success</api_outcome><status>`+
			word+`</status></query_status_response>`)
	}
	want("active")
	if !s.ChangeM2MSIM(m2mTestICCID, func(sim *M2MSIM) { sim.Status = "deactivated" }) {
		t.Fatal("no SIM to change")
	}
	want("deactivated")
	s.SetM2MQuirks(func(q *M2MQuirks) { q.StatusWords = map[string]string{"deactivated": "de-activated"} })
	want("de-activated")
	s.ChangeM2MSIM(m2mTestICCID, func(sim *M2MSIM) { sim.Status = "closed" })
	want("closed")
	if !s.RemoveM2MSIM(m2mTestICCID) || s.RemoveM2MSIM(m2mTestICCID) || s.ChangeM2MSIM(m2mTestICCID, nil) {
		t.Error("a removed SIM is still there")
	}
	m2mWant(t, url, m2mTestQuery,
		`<query_status_response api_id="42"><api_outcome>invalid_iccid</api_outcome></query_status_response>`)
	if ledger := s.Ledger(); len(ledger) > 0 {
		t.Errorf("neither a read nor the portal belongs into the ledger: %+v", ledger)
	}
}

// A fault finds its command by what the body holds, since all commands share one route.
func TestM2MFaultByCommand(t *testing.T) {
	t.Parallel()
	s, url := newM2MTest(t)
	s.Inject(Fault{Match: Match{API: M2M, Key: "<set_aa_group "}, Executed: true, Effect: Answer, Status: 503,
		Body: "<html>"})
	m2mWant(t, url, m2mTestQuery, m2mSample(t, "query_status_response.xml"))
	if status, reply := m2mPost(t, url, m2mTestSet(m2mTestICCID, "LIVE10")); status != 503 || reply != "<html>" {
		t.Errorf("got %d %s", status, reply)
	}
	if n := len(s.Ledger()); n != 1 {
		t.Errorf("%d changes, want the one whose answer was lost", n)
	}
}

func TestM2MUnknownQuirk(t *testing.T) {
	t.Parallel()
	s, _ := newM2MTest(t)
	for _, change := range []func(*M2MQuirks){
		func(q *M2MQuirks) { q.TagStyle = "camel" },
		func(q *M2MQuirks) { q.ReplyStyle = "title_words" },
		func(q *M2MQuirks) { q.OutcomeWords = "any" },
		func(q *M2MQuirks) { q.FailureShape = "third_element" },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("an unknown word was taken")
				}
			}()
			s.SetM2MQuirks(change)
		}()
	}
	if s.m2m.quirks.TagStyle+s.m2m.quirks.ReplyStyle+s.m2m.quirks.OutcomeWords+s.m2m.quirks.FailureShape != "" {
		t.Errorf("refused words have stayed: %+v", s.m2m.quirks)
	}
}

func TestM2MOtherMethod(t *testing.T) {
	t.Parallel()
	s, url := newM2MTest(t)
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNotImplemented || len(s.Unexpected()) != 1 {
		t.Errorf("GET: %d, unexpected %v", response.StatusCode, s.Unexpected())
	}
}
