package wire

// Control is the key that tells a control frame from an event. Its value is the
// kind of the frame.
const Control = "wakesocket"

// Kinds of control frames.
const (
	KindHello    = "hello"    // server to client, first frame, see [Hello]
	KindPosition = "position" // server to client, see [Position]
	KindFresh    = "fresh"    // server to client, see [Fresh]
	KindExpiring = "expiring" // server to client, see [Expiring]
	KindError    = "error"    // server to client, see [Error]
	KindTopics   = "topics"   // client to server, see [Topics]
)

// Hello is the first frame to a client that said wakesocket=1. The optional
// fields are left out when they are zero.
type Hello struct {
	Kind             string           `json:"wakesocket"`        // [KindHello]
	Resumed          bool             `json:"resumed"`           // nothing is missing after the client's cursor
	Gap              *Gap             `json:"gap,omitempty"`     // what is missing
	Position         string           `json:"at"`                // the next event comes after this id
	Live             bool             `json:"live"`              // nothing is left to replay; else a [Position] with live follows
	Heartbeat        int64            `json:"heartbeat"`         // ms between pings that the server asks for, 0 for the client's choice
	FirstRetryWindow int64            `json:"spread"`            // ms over which the first retry after a loss is spread
	Time             int64            `json:"time,omitempty"`    // clock of the server, ms since 1970
	Expires          int64            `json:"expires,omitempty"` // ms until the client's permission ends
	Limits           *Limits          `json:"limits,omitempty"`  // what the server accepts from the client
	Fresh            map[string]int64 `json:"fresh,omitempty"`   // by topic: ms after which its newest event counts as stale
}

// Limits are what a server accepts from one client. Zero means that there is no
// limit.
type Limits struct {
	Message int64   `json:"message,omitempty"` // bytes of one message
	Rate    float64 `json:"rate,omitempty"`    // messages a second, in the long run
	Burst   int64   `json:"burst,omitempty"`   // messages at once
	Topics  int64   `json:"topics,omitempty"`  // topics of one connection
}

// Gap tells which events can no longer be had: those after After and before
// Earliest.
type Gap struct {
	After    string `json:"after"`    // cursor of the client
	Earliest string `json:"earliest"` // oldest event that is still there, "" if none
	Reason   string `json:"reason"`   // one of [GapReasons]
}

// Reasons of a [Gap].
const (
	GapTrimmed   = "trimmed"   // the log no longer goes back that far
	GapEpoch     = "epoch"     // the id belongs to another epoch of the log
	GapFuture    = "future"    // the id is newer than the log
	GapInvalid   = "invalid"   // the text is not an id of this log
	GapRestarted = "restarted" // the server began its ids anew; only clients find this out
	GapSkipped   = "skipped"   // ids that count by one left some out; only clients find this out
	GapUnknown   = "unknown"   // the server went on elsewhere and did not say why; only clients find this out
)

// GapReasons lists every reason, so that a server can bound its metric labels.
var GapReasons = []string{GapTrimmed, GapEpoch, GapFuture, GapInvalid, GapRestarted, GapSkipped, GapUnknown}

// Position tells a client its position. It is sent when a replay is complete, and
// with a pong when events of other topics were passed over, so that the cursor of
// a client with rare topics stays inside the log. Live false says that the server
// cannot read its log at the moment.
type Position struct {
	Kind     string `json:"wakesocket"` // [KindPosition]
	Position string `json:"at"`
	Live     bool   `json:"live"` // the client has received all there is
}

// Fresh declares how old the newest event of a topic may be, in ms, when that
// changes after the hello. A topic that is not named keeps its value; 0 ends the
// declaration.
type Fresh struct {
	Kind  string           `json:"wakesocket"` // [KindFresh]
	Fresh map[string]int64 `json:"fresh"`
}

// Expiring tells that the permission of the client ends soon: it should connect
// with a new address before that.
type Expiring struct {
	Kind string `json:"wakesocket"` // [KindExpiring]
	In   int64  `json:"in"`         // ms
}

// Error tells a client that one of its messages was not accepted. The connection
// goes on.
type Error struct {
	Kind    string `json:"wakesocket"` // [KindError]
	Code    string `json:"code"`       // one of [ErrorCodes]
	Message string `json:"message"`    // a sentence for developers
}

// Codes of an [Error].
const (
	ErrorTooLarge      = "message-too-large"
	ErrorRate          = "message-rate"
	ErrorTooManyTopics = "too-many-topics"
	ErrorInvalid       = "message-invalid"
	ErrorTopic         = "topic-forbidden"
)

// ErrorCodes lists every code of an [Error].
var ErrorCodes = []string{ErrorTooLarge, ErrorRate, ErrorTooManyTopics, ErrorInvalid, ErrorTopic}

// Topics replaces the topics of a connection.
type Topics struct {
	Kind   string   `json:"wakesocket"` // [KindTopics]
	Topics []string `json:"topics"`     // topics or patterns, see [MatchTopic]; none means all
}
