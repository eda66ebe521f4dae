// Package session decides what one resilient connection does next.
//
// It does no I/O and owns no clock, timer, goroutine or socket. A driver hands
// it what happened as an [Input], together with the time, and carries out the
// [Effect] values that come back; [Session.Deadline] is the only timer there is.
// Timers that outlive their state and close events of the socket before last
// cannot exist here: deadlines are derived from the state each time, and an
// input from a socket that the session no longer holds is ignored.
//
// # Invariants
//
//   - At most two sockets are held: one that delivers, and one that is being made.
//   - A socket delivers only after its first frame; an event is delivered once, in
//     the order of the feed, or a [Gap] names what is missing.
//   - The cursor moves only in the step that delivers the event.
//   - A socket that is given up is never waited for.
//   - Nothing but Start or Reconnect leaves the states stopped and failed.
package session
