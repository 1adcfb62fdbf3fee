//go:build !race

package provider_test

const raceShare = 1
