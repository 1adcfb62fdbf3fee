//go:build race

package provider_test

// defaultShare: the race detector makes the matrix and the schedules five times slower, so that only `make race` has it
// look at all that `make test` runs without it.
const defaultShare = 10
