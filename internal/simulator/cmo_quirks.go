package simulator

// CMOQuirks chooses how the CMO behaves where its documents are silent, contradict each other, or warn of trouble.
// The zero value is the default: the reading that the documents make most likely.
type CMOQuirks struct {
	// TokenForm limits how a client may authenticate at the token endpoint: "" both ways, "basic_only" (form fields
	// get 401 invalid_client), "fields_only" (HTTP Basic gets it).
	TokenForm string `json:"token_form,omitempty"`
	// TokenSeconds is expires_in; 0 means 300, as documented.
	TokenSeconds int `json:"token_seconds,omitempty"`

	// FlipAsync makes the synchronous backends asynchronous and the other way round: only the code of the answer
	// (200 or 202) tells a client which it is.
	FlipAsync bool `json:"flip_async,omitempty"`
	// SyncBody is the body of a 200 to a PATCH: "" the sub-product, "composite" the whole product, "empty" nothing.
	SyncBody string `json:"sync_body,omitempty"`
	// DropLocation leaves the Location header out of a 202.
	DropLocation bool `json:"drop_location,omitempty"`
	// MonitorBody is the body of a 202: "" the monitor object, "empty", "bare_url", "quoted_url" (a JSON string),
	// "angle_url" (the URL in <>), "links" ({"links":[{type,url}]}), "id_only" ({"id"}).
	MonitorBody string `json:"monitor_body,omitempty"`
	// MonitorHost is the host (and port) that the monitor's URLs name instead of the one that was called.
	MonitorHost string `json:"monitor_host,omitempty"`

	// MonitorStateWords replaces the documented states.
	MonitorStateWords CMOStateWords `json:"monitor_state_words,omitzero"`
	// MonitorNotFoundFirst answers 404 to the first n reads of each monitor.
	MonitorNotFoundFirst int `json:"monitor_not_found_first,omitempty"`
	// MonitorForgotten answers 404 for a monitor as soon as its operation is over: the end is never shown.
	MonitorForgotten bool `json:"monitor_forgotten,omitempty"`
	// MonitorStrings sends response.statusCode and response.body as strings, as the TM Forum's Monitor has them.
	MonitorStrings bool `json:"monitor_strings,omitempty"`
	// FailedMonitorCompletedWith shows failed operations as Completed, with this response.statusCode (400 or more).
	FailedMonitorCompletedWith int `json:"failed_monitor_completed_with,omitempty"`
	// NeverSettles keeps every operation running.
	NeverSettles bool `json:"never_settles,omitempty"`

	// MonitorStuck shows every monitor as running for ever, also once its SIM has the new status.
	MonitorStuck bool `json:"monitor_stuck,omitempty"`

	// AllTransitions lets every backend take any status at all from any other.
	AllTransitions bool `json:"all_transitions,omitempty"`
	// FailProduct lists the product ids whose status changes fail: 400 at once, or a monitor that ends InError.
	FailProduct []string `json:"fail_product,omitempty"`
	// StaleReads is how many reads of a SIM show its old status after a change.
	StaleReads int `json:"stale_reads,omitempty"`
	// StatusCase writes the words of status in "title" (Active) or "lower" case; "" is as documented, in capitals.
	StatusCase string `json:"status_case,omitempty"`
	// CompositeFrozen leaves the composite's own status as it was when the SIM card's changes.
	CompositeFrozen bool `json:"composite_frozen,omitempty"`

	// FindMissing answers every find with this code, 404 or 405: the operation does not exist. As a problem body,
	// or as a gateway's page with FindMissingHTML.
	FindMissing     int  `json:"find_missing,omitempty"`
	FindMissingHTML bool `json:"find_missing_html,omitempty"`
	// FindStatus is the code of a find's answer: 200 (also 0), 206 or 207.
	FindStatus int `json:"find_status,omitempty"`
	// FindOmits lists ICCIDs and terminal serial numbers of which a find says nothing, neither result nor error.
	FindOmits []string `json:"find_omits,omitempty"`
	// FindMax refuses (400) a find for more ids than that; 0 is no limit.
	FindMax int `json:"find_max,omitempty"`

	// ListPageCap is the largest page; a larger pageSize is clamped silently. 0 means 100.
	ListPageCap int `json:"list_page_cap,omitempty"`
	// ListShortPages makes each page half as long as asked for, the rest follows on later pages.
	ListShortPages bool `json:"list_short_pages,omitempty"`
	// ListDuplicate shows the last product of a page again on the next one.
	ListDuplicate bool `json:"list_duplicate,omitempty"`

	// RelationshipType names the key of a relationship's kind "relationshipType" (TMF637 v4) instead of "type" (v3).
	RelationshipType bool `json:"relationship_type,omitempty"`
	// CharacteristicCase writes the names of characteristics in "upper" or "lower" case; "" is the samples' mixture.
	CharacteristicCase string `json:"characteristic_case,omitempty"`
	// NoNestedSIMCard leaves productRelationship out of composites, also in find and list.
	NoNestedSIMCard bool `json:"no_nested_sim_card,omitempty"`

	// RateLimit is the number of calls per second that a backend takes; more get 429. A list or find call counts once
	// for each backend that it shows. A backend that is not named has no limit.
	RateLimit map[string]int `json:"rate_limit,omitempty"`
	// TenantLimit is the number of calls per second that the tenant has, over all backends and all who call; more get 429.
	// A token call does not count. 0 is no limit.
	TenantLimit int `json:"tenant_limit,omitempty"`
	// BanErrors is how many error answers (400 and up) within ten seconds an address may cause; one more, and the firewall
	// answers each of its calls with a page and 403, for two days or until this is 0 again. 0 bans nobody.
	BanErrors int `json:"ban_errors,omitempty"`
	// RetryAfter is the Retry-After header of a 429, as it is sent (seconds or a date); "" sends none.
	RetryAfter string `json:"retry_after,omitempty"`
}

// CMOStateWords are the words for a monitor's state; an empty one stays as documented (InProgress, Completed, InError).
type CMOStateWords struct {
	Running string `json:"running,omitempty"`
	Done    string `json:"done,omitempty"`
	Failed  string `json:"failed,omitempty"`
}

// SetCMOQuirks lets f change the CMO's quirks; f must not call the simulator.
func (s *Simulator) SetCMOQuirks(f func(*CMOQuirks)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.cmo.quirks)
}
