//go:build !linux

package native

// watchNetwork never reports a change: only Linux has an interface for it that
// needs no other library. Call NetworkChanged when the program knows of one.
func watchNetwork() (changes <-chan struct{}, stop func()) { return nil, func() {} }
