//go:build race

package provider_test

// raceShare: with the race detector, which makes them five times slower, one in so many cells of the matrix and of the
// schedules is run. `make test` runs all of them without it.
const raceShare = 10
