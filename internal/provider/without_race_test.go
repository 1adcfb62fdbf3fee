//go:build !race

package provider_test

const defaultShare = 1
