package feed

import (
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/time/rate"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// Client tells who a message came from.
type Client struct {
	ID      string     // what the client calls itself, "" if nothing; not to be trusted
	Address netip.Addr // of the client, or of the last proxy that is not trusted
	Number  uint64     // of the connection, unique in the feed
	User    string     // of its grant
	Data    any        // of its grant
}

// client is one connection. A goroutine reads it as long as it lives; another
// writes to it only while there is something to write.
type client struct {
	feed     *Feed
	conn     *websocket.Conn
	network  *network // below conn: closing it stops everything at once
	info     Client
	browser  string
	plain    bool // never said wakesocket=1: no control frames, no arrays
	opened   time.Time
	previous *wire.Previous
	resumed  string // what it asked to go on from
	gap      string // reason, "" if none
	access   *access
	expires  time.Time // of its grant; zero for never
	since    store.ID  // end of the log before its rights were asked for
	release  func()    // gives its place back
	claim    *claim    // what it has the feed follow; nil where that is everything
	limit    *rate.Limiter
	slowedAt int64 // monotonic time of the last pause of the reader, 0 if none

	counting string // what the hello named for newest events
	latest   string // position up to which it had those, "" if it did not say

	inbound    inbound
	inbox      atomic.Pointer[inbox]      // nil before the first message
	conflation atomic.Pointer[conflation] // nil for a client that gets every event
	expiring   atomic.Bool                // it was told that its grant ends soon
	lastPing   atomic.Int64               // monotonic time of its last ping, 0 if none
	hook       atomic.Int64               // monotonic time at which the Topics hook was called, 0 when it has returned
	rtt        atomic.Int64               // ns, as the kernel measures it; 0 if unknown

	mu       sync.Mutex
	writing  bool // the writer runs; what stands below belongs to it, but for the inputs
	cause    string
	reported *wire.Previous // what the client said of this connection on its next one
	inputs
	outputs
}

// inputs are set by others for the writer, under mu.
type inputs struct {
	pongs         int    // answers due to text pings
	ping          []byte // payload of the last ping frame, to be answered; nil if none
	filter        filter
	closing       *websocket.CloseError
	controls      [][]byte  // control frames, to be sent before events
	requests      []command // to be answered before events
	filterChanges int       // how often the topics of filter have changed
	later         bool      // the client has not named its topics yet; the position stays
}

// outputs are where the writer is.
type outputs struct {
	hello       []byte   // to be sent first
	pos         store.ID // everything up to here was sent or filtered out
	proof       store.ID // stands for pos, and lasts, see ring.lasting; zero for none
	at          cursor   // the same place in the ring,
	inRing      bool     // if it is there
	page        bookmark // the same place in a page of the store, if it is not
	readFor     int      // filterChanges when the page was read
	emptyAt     cursor   // head of the ring when the store had nothing after pos
	awaiting    bool     // the next append wakes the client, whatever its topic
	positionDue bool     // a position frame has to be sent
	live        bool     // the client knows that it is at the head
	skipped     bool     // events were filtered out since the last position or event was sent

	replayed int // events sent before the client was live, or from the store
}

// bookmark is a place in a page: how many of its entries are done.
type bookmark struct {
	key  pageKey
	done int
}

// setCause notes why the connection ends, unless a reason is known already.
func (c *client) setCause(cause string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause == "" {
		c.cause = cause
	}
}

// abort ends the connection at once.
func (c *client) abort(cause string) {
	c.setCause(cause)
	c.network.Close()
}

// closeAfterWrite asks the writer to send a close frame after what it is writing.
func (c *client) closeAfterWrite(cause string, code websocket.StatusCode, reason string) {
	c.setCause(cause)
	c.input(func(in *inputs) { in.closing = &websocket.CloseError{Code: code, Reason: reason} })
}

// check drops the client when it is stuck or silent, or when its grant has ended.
func (c *client) check(now time.Time) {
	options := &c.feed.options
	inbox := c.inbox.Load()
	switch {
	case c.network.stuck(now) > options.WriteTimeout:
		c.abort(causeSlow)
	case options.Silence > 0 && c.network.silent(now) > options.Silence:
		c.abort(causeSilence)
	case elapsed(c.hook.Load(), now) > options.HookTimeout:
		options.Logger.Error("hook does not return; it must be quick", "hook", "Topics", "client", c.name(), "limit", options.HookTimeout)
		c.abort(causeHook)
	case inbox != nil && inbox.stuck(now) > options.HookTimeout:
		options.Logger.Error("hook does not return; it must be quick", "hook", "OnMessage", "client", c.name(), "limit", options.HookTimeout)
		c.abort(causeHook)
	case !c.expires.IsZero():
		c.checkGrant(now)
	}
}

// end tells the cause of the loss, when it was one.
func (c *client) end(err error) {
	c.feed.remove(c)
	c.mu.Lock()
	cause := c.cause
	c.mu.Unlock()
	// A client that left of its own accord did so, also when the feed was about to end
	// the connection: the feed itself never sends the codes for leaving.
	if closed := causeOf(err); cause == "" || closed == causeLeft {
		cause = closed
	}
	c.feed.recordEnd(c, cause)
}

// causeOf tells from the reader's error how the client went.
func causeOf(err error) string {
	switch code := websocket.CloseStatus(err); code {
	case wire.CloseNormal, wire.CloseGoingAway, websocket.StatusNoStatusRcvd:
		return causeLeft
	case wire.CloseAbandoned:
		return causeAbandoned
	case -1:
	default:
		return causeClosed
	}
	if errors.Is(err, websocket.ErrMessageTooBig) {
		return causeRefused
	}
	return causeReset
}
