// Package livechange is the language of live changes: their kinds, what each means for service and charging, and the
// text of last_change. The provider writes it into plans, the review reads it out of them, so that both say the same.
package livechange

// Kind is a class of live changes. It ends the summary of each planned change's warning; Terraform folds warnings of
// one summary into one with a count, so it must not name the SIM.
type Kind string

// The kinds, in the words that users search for.
const (
	SIMCardCreation Kind = "SIM card creation"
	SIMCardUpdate   Kind = "SIM card update"
	SIMCardDeletion Kind = "SIM card deletion"
	SIMStatus       Kind = "SIM status"
	AutoActivation  Kind = "auto-activation group"
	MVNOSIMSwap     Kind = "MVNO SIM swap"
)

// What stands in place of a value.
const (
	KnownAfterApply = "(known after apply)"
	None            = "(none)"
	// Absent: there is no such SIM card yet.
	Absent = "(absent)"
	// Unreadable: no command of the API reads the value.
	Unreadable = "(can't be read)"
	// LiveStatus: the status is read before anything is sent.
	LiveStatus = "(live status)"
)

// CannotBeUndone ends each warning of a live change.
const CannotBeUndone = "It can't be undone automatically."

// Summary is the summary of the warning that a planned live change of the kind brings.
func (k Kind) Summary() string { return "Live, irreversible change: " + string(k) }

// LeftAloneSummary is the summary of the warning of a destroy that leaves the network as it is.
func (k Kind) LeftAloneSummary() string { return "Nothing is changed on the network: " + string(k) }
