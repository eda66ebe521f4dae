package redis

import _ "embed"

// PositionScript is a Lua script that returns the position of the log whose stream
// is KEYS[1], for a snapshot of a state that is in the same Redis. Read the state in
// the same MULTI, after EVAL of this script, or in one script of your own; in a
// cluster, in the same slot. Then the events after that position are exactly those
// that the state does not hold yet, if whatever changes it also publishes in one
// MULTI or script. It fails while no feed has used the stream yet.
//
//go:embed position.lua
var PositionScript string
