package livechange

// What a change means for service and charging, in whole sentences.
const (
	starts     = "The SIM can use the network from then on, and charging may start at once."
	terminates = "Termination ends the SIM's contract for good: the device goes offline and the SIM can't be used again."
	unclear    = "Service and charging of the SIM may change at once."

	cardCreation = "The service orders a SIM that is billed from then on, according to the contract with the operator."
	cardUpdate   = "The change takes effect on the operator's platform at once and may change what the SIM costs."
	cardDeletion = "The SIM is removed from the account and its device goes offline; the account itself stays. What the " +
		"contract with the operator still charges for it, a minimum term for example, is charged all the same."
	autoActivation = "The assignment takes effect at once: when the SIM has used up its test allowance it moves to that " +
		"live group by itself and is charged."
	simSwap = "The old SIM goes dead at once and is spent; its device is offline until it has the new SIM. A swap may " +
		"be charged."
)

// Meaning says what a change of a kind means for service and charging; to is the status, or the state of a SIM card,
// that is wanted, "" where that does not change or is not known.
func (k Kind) Meaning(to string) string {
	switch k {
	case SIMStatus:
		return statusMeaning(to)
	case SIMCardCreation:
		return cardCreation
	case SIMCardUpdate:
		return stateMeaning(to)
	case SIMCardDeletion:
		return cardDeletion
	case AutoActivation:
		return autoActivation
	case MVNOSIMSwap:
		return simSwap
	}
	return unclear
}

func statusMeaning(to string) string {
	switch to {
	case "ACTIVE":
		return starts
	case "SUSPENDED", "BLOCKED", "INACTIVE", "DEACTIVATED":
		return "The device in the field loses its connection; depending on the tariff, base fees go on."
	case "TERMINATED", "PENDING_TERMINATE":
		return terminates
	}
	return unclear
}

func stateMeaning(to string) string {
	switch to {
	case "":
		return cardUpdate
	case "live", "test", "ready":
		return starts
	case "suspend", "bar", "notactivated":
		return "The device in the field loses its connection; depending on the contract, base fees go on."
	case "terminated":
		return terminates
	}
	return unclear
}

// Terminates says whether a status, or a state of a SIM card, ends the SIM's contract.
func Terminates(to string) bool {
	return statusMeaning(to) == terminates || stateMeaning(to) == terminates
}
