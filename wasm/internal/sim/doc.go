// Package sim lives through bad days with a session, on virtual time.
//
// A [Case] is a world (the path, the server, the browser) and a script of what
// happens in it; [Generate] makes one from a seed, and the same case always runs
// the same way: there is no wall clock, no map order, no goroutine. After each
// step the session is judged from outside, see judge.go. A case that fails is
// made smaller by [Shrink], and [Case.String] tells it as a story.
//
// The server follows the rules of web/feed: feed_test.go holds the two beside
// each other.
package sim
