package review

// Update says whether -update was given.
func Update() bool { return *update }
