package transport

// ItemError is one item of a list that is not as documented. The list goes on behind it: it is for the caller to say
// whether one bad item spoils the whole.
type ItemError struct {
	// Item says which one it is, such as "item 7 of page 2".
	Item string
	Err  error
}

// Error is that of Err, which names the item too.
func (e *ItemError) Error() string { return e.Err.Error() }

// Unwrap gives Err, an *Error of the call.
func (e *ItemError) Unwrap() error { return e.Err }
