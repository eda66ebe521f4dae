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
	KindFollowed = "followed" // server to client, see [Followed]
	KindHistory  = "history"  // both ways, see [HistoryRequest] and [History]
	KindLatest   = "latest"   // server to client, see [LatestEvents]
	KindTopics   = "topics"   // client to server, see [Topics]
	KindAdd      = "add"      // client to server, see [Add]
	KindRemove   = "remove"   // client to server, see [Remove]
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
	Latest           string           `json:"latest,omitempty"`  // "": the server does not know [QueryLatest]; else names its counts, see [LatestEvents]
}

// Limits are what a server accepts from one client. Zero means that there is no
// limit.
type Limits struct {
	Message int64   `json:"message,omitempty"` // bytes of one message
	Rate    float64 `json:"rate,omitempty"`    // messages a second, in the long run
	Burst   int64   `json:"burst,omitempty"`   // messages at once
	Topics  int64   `json:"topics,omitempty"`  // topics of one connection
	History int64   `json:"history,omitempty"` // events of one answer; 0: the server knows neither [Add], [Remove] nor [HistoryRequest]
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
	GapLimited   = "limited"   // more events than the server sends in one answer
	GapUnknown   = "unknown"   // the server went on elsewhere and did not say why; only clients find this out
)

// GapReasons lists every reason, so that a server can bound its metric labels.
var GapReasons = []string{GapTrimmed, GapEpoch, GapFuture, GapInvalid, GapRestarted, GapSkipped, GapLimited, GapUnknown}

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
	Kind    string `json:"wakesocket"`  // [KindError]
	Code    string `json:"code"`        // one of [ErrorCodes]
	Message string `json:"message"`     // a sentence for developers
	Number  int64  `json:"n,omitempty"` // of the request that it answers
}

// Codes of an [Error].
const (
	ErrorTooLarge      = "message-too-large"
	ErrorRate          = "message-rate"
	ErrorTooManyTopics = "too-many-topics"
	ErrorInvalid       = "message-invalid"
	ErrorTopic         = "topic-forbidden"
	ErrorUnavailable   = "log-unavailable" // it cannot be read at the moment
)

// ErrorCodes lists every code of an [Error].
var ErrorCodes = []string{ErrorTooLarge, ErrorRate, ErrorTooManyTopics, ErrorInvalid, ErrorTopic, ErrorUnavailable}

// Topics replaces the topics of a connection. With a number it is answered by a
// [Followed].
type Topics struct {
	Kind   string   `json:"wakesocket"` // [KindTopics]
	Topics []string `json:"topics"`     // topics or patterns, see [MatchTopic]; none means all
	Latest Latest   `json:"latest,omitempty"`
	Number int64    `json:"n,omitempty"`
	More   bool     `json:"more,omitempty"` // an [Add] with the rest of the list follows; see [TopicsLater]
}

// Add follows more topics. Without a number it has no answer. A [History] with their earlier events comes before the
// [Followed] that answers it, if the client asks for them with Last or After.
type Add struct {
	Kind   string   `json:"wakesocket"` // [KindAdd]
	Number int64    `json:"n,omitempty"`
	Topics []string `json:"topics"`
	Latest Latest   `json:"latest,omitempty"`
	Last   int64    `json:"last,omitempty"`  // the newest events of each topic
	After  string   `json:"after,omitempty"` // all events after this position
	More   bool     `json:"more,omitempty"`  // another one with the rest of the list follows
}

// Remove follows some topics no longer. When none is left, nothing is followed.
type Remove struct {
	Kind   string   `json:"wakesocket"` // [KindRemove]
	Number int64    `json:"n,omitempty"`
	Topics []string `json:"topics"`
}

// Followed answers [Topics], [Add] and [Remove]. Events after the position come by
// the new topics.
type Followed struct {
	Kind     string `json:"wakesocket"` // [KindFollowed]
	Number   int64  `json:"n"`
	Position string `json:"at"`
	Gap      *Gap   `json:"gap,omitempty"` // what is missing of the events that [Add] asked for
}

// HistoryRequest asks for the newest events of a topic or pattern.
type HistoryRequest struct {
	Kind   string `json:"wakesocket"` // [KindHistory]
	Number int64  `json:"n"`
	Topic  string `json:"topic"`
	Limit  int64  `json:"limit,omitempty"`  // events at most; 0 for 100
	Before string `json:"before,omitempty"` // only events before this position; "" for all
}

// History carries events that move no cursor, oldest first. An answer may come in
// several frames; all but the last have More.
type History[Event any] struct {
	Kind     string  `json:"wakesocket"` // [KindHistory]
	Number   int64   `json:"n"`
	Events   []Event `json:"events"`
	More     bool    `json:"more,omitempty"`
	From     string  `json:"from,omitempty"`     // the answer has all events of the topic after this position
	Complete bool    `json:"complete,omitempty"` // the log has none before that
}
