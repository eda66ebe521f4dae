// Package wire is the protocol between a feed and its clients in one place: the
// names in the query string, the control frames, the parts of long frames, the
// close codes, the causes of a loss and the reasons of a gap. It does no I/O and
// uses no JSON library, so that client.wasm shares it with the server.
//
// README.md describes the protocol; testdata holds the same as test vectors for
// implementations in any language.
package wire

// Ping and Pong are the two messages of the heartbeat. They are bare text, not
// JSON, so that any server can answer with one comparison.
const (
	Ping = "ping"
	Pong = "pong"
)

// Names in the query string of the WebSocket URL.
const (
	QueryAfter    = "after"      // id of the last event that the client received
	QueryVersion  = "wakesocket" // [Version], when the client understands control frames
	QueryPrevious = "previous"   // how the previous connection ended, see [Previous]
	QueryClient   = "client"     // stable id of the client: one browser tab
	QueryTopic    = "topic"      // a topic or pattern that the client wants, see [MatchTopic]; repeated, none means all
	QueryTopics   = "topics"     // [TopicsLater]: the client names its topics in its first message
	QueryLatest   = "latest"     // how often the newest event of a topic or pattern is wanted, see [Latest]; repeated
	QuerySince    = "since"      // position up to which the client has the newest events, see [LatestEvents]; the cursor when it is left out
	QueryHistory  = "history"    // of an ordinary GET: the topic or pattern whose newest events are asked for
	QueryLimit    = "limit"      // of a history: events at most
	QueryBefore   = "before"     // of a history: only events before this position
)

// TopicsLater is the value of [QueryTopics]. Until the list has come, the client
// follows nothing, and its position stays where it is.
const TopicsLater = "later"

// Version is the value of [QueryVersion].
const Version = "1"
