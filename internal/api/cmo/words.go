package cmo

import "strings"

// The statuses that the API page documents (section 8). The set is open: a backend may have others.
const (
	statusTerminated       = "TERMINATED"
	statusPendingTerminate = "PENDING_TERMINATE"
)

var knownStatuses = map[string]bool{
	"CREATED": true, "INVENTORY": true, "PENDING_ACTIVE": true, "ACTIVE": true, "SUSPENDED": true, "BLOCKED": true,
	statusPendingTerminate: true, statusTerminated: true, "INACTIVE": true, "DEACTIVATED": true,
}

// Satisfies says whether a SIM card with the status live has what target asks for: the same status, or TERMINATED where
// PENDING_TERMINATE was asked, since the backend moves on to it by itself.
func Satisfies(target, live string) bool {
	return live == target || target == statusPendingTerminate && live == statusTerminated
}

// IsTransitional says that the status is one that passes: PENDING_ACTIVE, PENDING_TERMINATE and the like.
func IsTransitional(status string) bool { return strings.HasPrefix(status, "PENDING_") }

// IsTransitioningTo says that a SIM card is on its way to target by itself: PENDING_ACTIVE to ACTIVE, PENDING_TERMINATE
// to TERMINATED.
func IsTransitioningTo(target, live string) bool {
	verb, pending := strings.CutPrefix(live, "PENDING_")
	return pending && verb != "" && strings.HasPrefix(target, verb)
}

// IsTerminal says that the SIM card is terminated or about to be, which cannot be undone.
func IsTerminal(status string) bool {
	return status == statusTerminated || status == statusPendingTerminate
}

// KnownStatus says whether the status is one that the API page documents.
func KnownStatus(status string) bool { return knownStatuses[status] }

// outcome is what a monitor says about its operation.
type outcome int

const (
	running outcome = iota
	succeeded
	failed
	unclear // a word that is not documented: only the SIM card can tell
	gone    // no such monitor
)

// monitorWords: only "InProgress" is ever shown; TMF names InError and Completed, the others are caution (API page,
// section 9). Spelled as monitorOutcome compares them.
var monitorWords = map[string]outcome{
	"inprogress": running, "pending": running, "acknowledged": running, "accepted": running, "queued": running,
	"notstarted": running, "running": running,

	"completed": succeeded, "complete": succeeded, "succeeded": succeeded, "success": succeeded, "done": succeeded,

	"inerror": failed, "error": failed, "failed": failed, "rejected": failed, "terminatedwitherror": failed,
	"cancelled": failed, "canceled": failed, "aborted": failed, "timeout": failed,
}

var wordNoise = strings.NewReplacer("-", "", "_", "", " ", "")

func monitorOutcome(word string) outcome {
	if o, ok := monitorWords[wordNoise.Replace(strings.ToLower(word))]; ok {
		return o
	}
	return unclear
}
