package wait

// Verdict is what is known of a change that was sent.
type Verdict int

const (
	// Undecided: it can't be told; the error beside it says why.
	Undecided Verdict = iota
	// Happened: the change is over, and the SIM shows it.
	Happened
	// Underway: the service has taken the change, and it is not over.
	Underway
	// Broken: the service has taken the change, and says that it failed.
	Broken
	// Missed: the change is over by all accounts, and the SIM does not show it.
	Missed
	// NoEffect: the SIM shows exactly what it showed before the change.
	NoEffect
	// Superseded: the SIM shows neither what it showed before nor what was asked for: somebody else has changed it since.
	Superseded
	// Vanished: the SIM is not there any more, or was never created.
	Vanished
)
