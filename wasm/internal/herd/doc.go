// Package herd lets a hundred thousand clients come back at once, on virtual
// time, and counts what each way of retrying costs the server.
//
// The server completes H handshakes a second, first come first served, without a
// bound on the queue. A handshake whose client has given up is done all the same
// and counts as wasted. While the server is down a dial is refused after a round
// trip. The clients are the textbook formulas, the defaults of other libraries as
// their sources state them (peers.go), and sessions: not a formula of ours, but
// package session itself (ours.go).
package herd
