package transport

import "context"

type observerKey struct{}

// WithObserver lets a caller see the HTTP status of each answer to the calls that are made with the context, also of
// those that the client hands on as a success.
func WithObserver(ctx context.Context, seen func(status int)) context.Context {
	return context.WithValue(ctx, observerKey{}, seen)
}

func observe(ctx context.Context, status int) {
	if seen, ok := ctx.Value(observerKey{}).(func(int)); ok {
		seen(status)
	}
}
