package simulator

import (
	"fmt"
	"slices"
)

// AccountsQuirks chooses among the readings that the accounts API's documents leave open (section 8 of its page). The
// zero value is the default reading. A change counts from the next request on.
type AccountsQuirks struct {
	// StatusShape is the form of a status answer: "" {"Data":{"Status":"pending"}}, "bare_string" {"Data":"pending"},
	// "integer" {"Data":0}, "object_integer" {"Data":{"Status":0}}, "no_data" an envelope without Data, "top_level"
	// {"Status":"pending"} beside the envelope's fields. As integers: pending 0, complete 1, failed 2, stalled 10.
	StatusShape string `json:"status_shape,omitempty"`
	// StatusWords replaces the words pending, complete, failed and stalled ("complete": "completed").
	StatusWords map[string]string `json:"status_words,omitempty"`
	// StatusNotFoundFirst answers the first polls of each command with 404.
	StatusNotFoundFirst int `json:"status_not_found_first,omitempty"`
	// StatusForgotten answers 404 once a command has ended.
	StatusForgotten bool `json:"status_forgotten,omitempty"`
	// StatusFailureResult reports a failed command as a failure result (Success false, code 400), not as a word.
	StatusFailureResult bool `json:"status_failure_result,omitempty"`

	// NoStatusURL accepts commands without a status URL.
	NoStatusURL bool `json:"no_status_url,omitempty"`
	// StatusURLInMeta gives the status URL as Meta.StatusUrl, as the text says; the field is then "".
	StatusURLInMeta bool `json:"status_url_in_meta,omitempty"`
	// StatusURLWithPrefix begins the status URL's path with the prefix that the API is served under (/accounts).
	StatusURLWithPrefix bool `json:"status_url_with_prefix,omitempty"`
	// StatusURLAbsolute gives the status URL with scheme and host.
	StatusURLAbsolute bool `json:"status_url_absolute,omitempty"`
	// StatusURLHost gives the status URL on that other host ("other.example" or "http://127.0.0.1:9").
	StatusURLHost string `json:"status_url_host,omitempty"`

	// AlwaysHTTP200 puts 200 in the HTTP line of every envelope; the body's Code tells the truth.
	AlwaysHTTP200 bool `json:"always_http_200,omitempty"`
	// EnumsAsNames writes State, ActorStatus and NetworkStatus as names.
	EnumsAsNames bool `json:"enums_as_names,omitempty"`
	// EmptyAsNull stores an empty text as null.
	EmptyAsNull bool `json:"empty_as_null,omitempty"`
	// SIMNumberF shows SIMNumber with the F that pads some ICCs.
	SIMNumberF bool `json:"sim_number_f,omitempty"`
	// HideFields are accepted and not stored, as by an operator that does not support them ("Tariff").
	HideFields []string `json:"hide_fields,omitempty"`

	// DeleteKeepsTerminated lets a delete leave the SIM with State 100.
	DeleteKeepsTerminated bool `json:"delete_keeps_terminated,omitempty"`
	// DeleteNotAllowed answers DELETE with 405.
	DeleteNotAllowed bool `json:"delete_not_allowed,omitempty"`

	// FailNext is how commands accepted from now on end: "" well, "failed" (a create leaves no SIM, a change or a
	// delete changes nothing), "stalled" (ActorStatus 10 for good).
	FailNext string `json:"fail_next,omitempty"`

	// PageSize cuts lists into pages with a ContinuationToken; 0 means one page.
	PageSize int `json:"page_size,omitempty"`
	// StaleReads is how many single reads after the end of a change or a delete still show the SIM as it was.
	StaleReads int `json:"stale_reads,omitempty"`
	// CreateVisibleAfter is how many single reads of a new SIM answer 404 first.
	CreateVisibleAfter int `json:"create_visible_after,omitempty"`
	// PlusInPathRefused answers an HTML 404 for a path with a plus sign, even as %2B, as IIS does by default.
	PlusInPathRefused bool `json:"plus_in_path_refused,omitempty"`
	// TokenSeconds is how long new tokens live; 0 means an hour.
	TokenSeconds int `json:"token_seconds,omitempty"`
}

// check panics on a word that no switch knows: a test that misspells one would test nothing.
func (q AccountsQuirks) check() {
	shapes := []string{"", "bare_string", "integer", "object_integer", "no_data", "top_level"}
	if !slices.Contains(shapes, q.StatusShape) || !slices.Contains([]string{"", "failed", "stalled"}, q.FailNext) {
		panic(fmt.Sprintf("simulator: unknown word in %+v", q))
	}
	for word := range q.StatusWords {
		if _, known := statusNumbers[word]; !known {
			panic(fmt.Sprintf("simulator: unknown status word %q", word))
		}
	}
	for _, name := range q.HideFields {
		if cardFieldNamed(name) == nil {
			panic(fmt.Sprintf("simulator: a SIM card has no field %q", name))
		}
	}
}

// SetAccountsQuirks changes the accounts API's quirks; it panics on an unknown word. f must not call the simulator's
// methods.
func (s *Simulator) SetAccountsQuirks(f func(*AccountsQuirks)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	quirks := s.accounts.quirks
	f(&quirks)
	quirks.check()
	s.accounts.quirks = quirks
}
