package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/netip"
	"runtime/debug"
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
	allow    func(topic string) bool
	limit    *rate.Limiter

	lastReceived atomic.Int64 // unix ns of the last frame from the client
	lastPing     atomic.Int64 // unix ns of its last ping, 0 if none
	rtt          atomic.Int64 // ns, as the kernel measures it; 0 if unknown

	mu       sync.Mutex
	writing  bool // the writer runs; what stands below belongs to it, but for the inputs
	cause    string
	reported *wire.Previous // what the client said of this connection on its next one
	inputs
	outputs
}

// inputs are set by others for the writer, under mu.
type inputs struct {
	pongs   int
	topics  map[string]struct{} // nil: all
	closing *websocket.CloseError
}

// outputs are where the writer is.
type outputs struct {
	hello       []byte          // to be sent first
	pos         store.ID        // everything up to here was sent or filtered out
	at          cursor          // the same place in the ring,
	inRing      bool            // if it is there
	emptyAt     cursor          // head of the ring when the store had nothing after pos
	page        []entry         // read from the store, to be sent before anything after it
	positionDue bool            // an at frame is due
	live        bool            // the client knows that it is at the head
	skipped     bool            // events were filtered out since a position was told
	allowed     map[string]bool // answers of allow

	replayed int // events sent before the client was live, or from the store
}

// read handles what the client sends, until the connection ends.
func (c *client) read() {
	defer c.feed.gone.Done()
	err := c.receive()
	c.conn.CloseNow()
	c.end(err)
}

var messages = sync.Pool{New: func() any { return bytes.NewBuffer(make([]byte, 0, 512)) }}

func (c *client) receive() error {
	ctx := context.Background()
	for {
		kind, r, err := c.conn.Reader(ctx)
		if err != nil {
			return err
		}
		buffer := messages.Get().(*bytes.Buffer)
		buffer.Reset()
		_, err = io.Copy(buffer, r)
		if err == nil {
			err = c.message(kind, buffer.Bytes())
		}
		messages.Put(buffer)
		if err != nil {
			return err
		}
	}
}

var errRefused = errors.New("feed: the client broke a rule")

func (c *client) message(kind websocket.MessageType, data []byte) error {
	now := time.Now()
	c.lastReceived.Store(now.UnixNano())
	if !c.limit.AllowN(now, 1) {
		return c.refuse(websocket.StatusPolicyViolation, "too many messages")
	}
	if kind != websocket.MessageText {
		return c.refuse(websocket.StatusUnsupportedData, "binary messages are not taken")
	}
	if string(data) == wire.Ping {
		c.lastPing.Store(now.UnixNano())
		c.rtt.Store(int64(roundTrip(c.network.Conn)))
		c.input(func(in *inputs) { in.pongs++ })
		return nil
	}
	if !json.Valid(data) {
		return c.refuse(websocket.StatusInvalidFramePayloadData, "a message is ping or JSON")
	}
	if topics, ok, err := parseTopics(data); err != nil {
		return c.refuse(websocket.StatusPolicyViolation, err.Error())
	} else if ok {
		c.input(func(in *inputs) { in.topics = topics })
		return nil
	}
	return c.callOnMessage(bytes.Clone(data))
}

// callOnMessage gives a message to the owner's hook. A panic there is its bug, but must not
// let one client end the server for all.
func (c *client) callOnMessage(data []byte) (err error) {
	if c.feed.options.OnMessage == nil {
		return nil
	}
	defer func() {
		if p := recover(); p != nil {
			c.feed.options.Logger.Error("OnMessage hook panicked; the client is closed", "panic", p, "client", c.name(), "stack", string(debug.Stack()))
			c.setCause(causePanic)
			c.conn.Close(websocket.StatusInternalError, "")
			err = errRefused
		}
	}()
	c.feed.options.OnMessage(c.info, data)
	return nil
}

// refuse closes the connection for what the client did.
func (c *client) refuse(code websocket.StatusCode, reason string) error {
	c.setCause(causeRefused)
	c.conn.Close(code, reason)
	return errRefused
}

// parseTopics reads a control frame that changes the topics; not ok means that the
// message is something else.
func parseTopics(data []byte) (set map[string]struct{}, ok bool, err error) {
	if !bytes.Contains(data, []byte(`"`+wire.Control+`"`)) {
		return nil, false, nil
	}
	var frame wire.Topics
	if json.Unmarshal(data, &frame) != nil || frame.Kind != wire.KindTopics {
		return nil, false, nil
	}
	set, err = topicSet(frame.Topics)
	return set, err == nil, err
}

// topicSet checks topics and makes a set of them; nil stands for all.
func topicSet(topics []string) (map[string]struct{}, error) {
	if len(topics) == 0 {
		return nil, nil
	}
	if len(topics) > maxTopics {
		return nil, errors.New("too many topics")
	}
	set := make(map[string]struct{}, len(topics))
	for _, topic := range topics {
		if err := store.CheckTopic(topic); err != nil {
			return nil, errors.New("bad topic")
		}
		set[topic] = struct{}{}
	}
	return set, nil
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

// check drops the client when it is stuck or silent.
func (c *client) check(now time.Time) {
	options := &c.feed.options
	if c.network.stuck(now) > options.WriteTimeout {
		c.abort(causeSlow)
	} else if options.Silence > 0 && now.UnixNano()-c.lastReceived.Load() > int64(options.Silence) {
		c.abort(causeSilence)
	}
}

// end tells the cause of the loss, when it was one.
func (c *client) end(err error) {
	c.feed.remove(c)
	c.mu.Lock()
	cause := c.cause
	c.mu.Unlock()
	if cause == "" {
		cause = causeOf(err)
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
