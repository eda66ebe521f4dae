// Package storetest is what every store has to pass, by itself and under a feed
// with real clients, and the servers that it is passed against.
//
// The claim under test: whoever reads on from an id gets every later event once
// and in order, or is told of a gap.
package storetest
