// Package wire is the protocol between a feed and its clients: the words of the
// query string, the control frames, the close codes. It holds no I/O and no JSON
// library, so that client.wasm can share it with the server.
//
// Plain mode is text "ping" answered by text "pong", one JSON event a message
// with an "id", and ?after=<id> on reconnect. A client that also says
// wakesocket=1 is sent a [Hello] first and may be sent JSON arrays of events.
package wire

// The two frames of the application heartbeat; they are bare text, not JSON, so
// that any server can answer them with one comparison.
const (
	Ping = "ping"
	Pong = "pong"
)

// Names in the query string of the WebSocket URL.
const (
	QueryAfter   = "after"      // id of the last event that was delivered
	QueryVersion = "wakesocket" // Version, when the client understands control frames
	QueryWas     = "was"        // how the previous connection ended, see [Was]
	QueryClient  = "client"     // stable id of the client (a browser tab)
	QueryTopic   = "topic"      // repeated; none means every topic
)

// Version is the value of [QueryVersion].
const Version = "1"

// Control is the key that tells a control frame from an event; its value is the
// frame's kind.
const Control = "wakesocket"

// Kinds of control frames.
const (
	KindHello  = "hello"  // server to client, first frame
	KindAt     = "at"     // server to client, see [At]
	KindTopics = "topics" // client to server, see [Topics]
)

// Hello is the first frame to a client that said wakesocket=1.
type Hello struct {
	Kind    string `json:"wakesocket"` // KindHello
	Resumed bool   `json:"resumed"`    // the stream goes on right behind ?after
	Gap     *Gap   `json:"gap,omitempty"`
	At      string `json:"at"`        // position: what follows comes after this id
	Live    bool   `json:"live"`      // nothing is left to replay; else an At with live follows
	Beat    int64  `json:"heartbeat"` // ms between pings that the server asks for; 0: client's choice
	Spread  int64  `json:"spread"`    // ms over which to spread the first retry after a loss
}

// Gap tells which events can no longer be had.
type Gap struct {
	After    string `json:"after"`    // what the client asked for
	Earliest string `json:"earliest"` // oldest event that is still there, "" if none
	Reason   string `json:"reason"`   // one of the Gap reasons
}

// Reasons of a [Gap].
const (
	GapTrimmed = "trimmed" // the log no longer reaches back that far
	GapEpoch   = "epoch"   // the id belongs to another life of the log
	GapFuture  = "future"  // the id is newer than the log
	GapInvalid = "invalid" // the text is not an id of this log
)

// At tells a client its position: sent when a replay is complete, and with a
// pong when events were filtered out since the last one, so that the cursor of a
// client with rare topics does not fall off the log.
type At struct {
	Kind string `json:"wakesocket"` // KindAt
	At   string `json:"at"`
	Live bool   `json:"live"` // the client is at the head of the log
}

// Topics replaces the topics of a connection.
type Topics struct {
	Kind   string   `json:"wakesocket"` // KindTopics
	Topics []string `json:"topics"`     // empty means every topic
}
