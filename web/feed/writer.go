package feed

import (
	"context"
	"encoding/json"
	"runtime/debug"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// input changes what the writer has to do and wakes it.
func (c *client) input(change func(*inputs)) {
	c.mu.Lock()
	change(&c.inputs)
	c.mu.Unlock()
	c.wake()
}

// wake starts the writer unless it runs already or has nothing to do.
//
// Nothing is missed: the ring grows before wake is called, and the writer looks at
// the ring before it stops, both under mu.
func (c *client) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.writing && c.hasWork() {
		c.writing = true
		go c.write()
	}
}

// hasWork reports whether there is something to write. For a client with topics it
// moves the cursor over events that are not for it, so that an idle client with
// rare topics does not fall off the ring and needs no goroutine to stay.
func (c *client) hasWork() bool {
	if c.hello != nil || c.pongs > 0 || c.closing != nil || len(c.controls) > 0 || len(c.page) > 0 || !c.live {
		return true
	}
	if !c.inRing {
		return !c.storeHasNoMore()
	}
	if c.topics == nil && c.allow == nil {
		head, _, _ := c.feed.ring.head()
		return c.at != head
	}
	for {
		at := c.at
		frames, last, skipped, state := c.feed.ring.read(&at, c.wants, nil, 1, 0)
		if len(frames) > 0 || state == evicted || state == ringReset {
			return true
		}
		c.advance(at, last, skipped)
		if state == atHead {
			return false
		}
	}
}

// wants is the client's filter; it runs under mu.
func (c *client) wants(topic string) bool {
	if c.topics != nil {
		if _, ok := c.topics[topic]; !ok {
			return false
		}
	}
	if c.allow == nil {
		return true
	}
	ok, known := c.allowed[topic]
	if !known {
		ok = c.callTopicsHook(topic)
		if c.allowed == nil || len(c.allowed) >= 1024 {
			c.allowed = map[string]bool{}
		}
		c.allowed[topic] = ok
	}
	return ok
}

// callTopicsHook asks the hook of the feed's owner; one that panics allows nothing.
func (c *client) callTopicsHook(topic string) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			c.feed.options.Logger.Error("Topics hook panicked; the topic is refused", "panic", p, "topic", topic, "stack", string(debug.Stack()))
		}
	}()
	return c.allow(topic)
}

// advance notes where the cursor stands after a read that passed over events.
func (c *client) advance(at cursor, last store.ID, skipped bool) {
	c.at = at
	if !last.IsZero() {
		c.pos = last
		c.skipped = skipped
	}
}

// step is what the writer does next.
type step struct {
	kind    stepKind
	frame   []byte
	frames  [][]byte
	closing *websocket.CloseError
}

type stepKind int

const (
	idle      stepKind = iota
	oneFrame           // write frame
	batch              // write frames
	readPage           // read from the store
	closeConn          // close
)

// write does what is due, then stops.
func (c *client) write() {
	var frames [][]byte
	for {
		c.mu.Lock()
		s := c.next(frames[:0])
		if s.kind == idle {
			c.writing = false
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		ok := true
		switch s.kind {
		case oneFrame:
			ok = c.send(s.frame)
		case batch:
			frames = s.frames
			ok = c.sendAll(frames)
		case readPage:
			ok = c.readPage()
		case closeConn:
			c.conn.Close(s.closing.Code, s.closing.Reason)
			ok = false
		}
		if !ok {
			return // writing stays true: nobody starts another writer
		}
	}
}

var pong = []byte(wire.Pong)

// next decides. The order is what makes a pong overtake a replay.
func (c *client) next(frames [][]byte) step {
	if hello := c.hello; hello != nil {
		c.hello = nil
		return step{kind: oneFrame, frame: hello}
	}
	if c.takePong() {
		return step{kind: oneFrame, frame: pong}
	}
	if len(c.controls) > 0 {
		frame := c.controls[0]
		if c.controls = c.controls[1:]; len(c.controls) == 0 {
			c.controls = nil
		}
		return step{kind: oneFrame, frame: frame}
	}
	if c.positionDue {
		_, top, _ := c.feed.ring.head()
		return c.positionFrame(c.pos == top)
	}
	if c.closing != nil {
		return step{kind: closeConn, closing: c.closing}
	}
	limit := batchEvents
	if c.plain {
		limit = 1
	}
	if len(c.page) > 0 {
		return c.fromPage(frames, limit)
	}
	if !c.inRing {
		at, place := c.feed.ring.find(c.pos)
		switch {
		case place == placeInside:
			c.at, c.inRing = at, true
		case !c.storeHasNoMore():
			return step{kind: readPage}
		case !c.live:
			return c.positionFrame(true)
		default:
			return step{kind: idle}
		}
	}
	for {
		var (
			last    store.ID
			skipped bool
			state   reading
		)
		at := c.at
		frames, last, skipped, state = c.feed.ring.read(&at, c.filter(), frames, limit, batchBytes)
		switch {
		case state == ringReset:
			c.closeWithAdvice(causeEpoch, wire.CloseRestart, "log epoch changed")
			return step{kind: closeConn, closing: c.closing}
		case state == evicted:
			c.inRing = false
			return step{kind: readPage}
		}
		if !c.live {
			c.replayed += len(frames)
		}
		c.advance(at, last, skipped)
		switch {
		case len(frames) > 0:
			return step{kind: batch, frames: frames}
		case state == more:
		case !c.live:
			return c.positionFrame(true)
		default:
			return step{kind: idle}
		}
	}
}

// takePong takes one of the pongs that are due; it runs under mu.
func (c *client) takePong() bool {
	if c.pongs == 0 {
		return false
	}
	c.pongs--
	c.positionDue = c.positionDue || c.skipped && !c.plain
	return true
}

// storeHasNoMore reports whether the store had nothing after the client, and the ring has
// not grown since: the ring lags.
func (c *client) storeHasNoMore() bool {
	head, _, _ := c.feed.ring.head()
	return c.emptyAt == head
}

// filter is nil when the client wants everything, which spares a call an event.
func (c *client) filter() func(string) bool {
	if c.topics == nil && c.allow == nil {
		return nil
	}
	return c.wants
}

// fromPage takes the next batch of the page.
func (c *client) fromPage(frames [][]byte, limit int) step {
	size := 0
	for len(c.page) > 0 && len(frames) < limit {
		e := c.page[0]
		if e.frame == nil || !c.wants(e.topic) {
			c.skipped = true
		} else if size += len(e.frame) + 1; size > batchBytes && len(frames) > 0 {
			break
		} else {
			frames = append(frames, e.frame)
			c.skipped = false
		}
		c.pos = e.id
		c.page = c.page[1:]
	}
	c.replayed += len(frames)
	return step{kind: batch, frames: frames}
}

// positionFrame makes a position frame; a plain client only takes note.
func (c *client) positionFrame(live bool) step {
	c.live = c.live || live
	c.positionDue, c.skipped = false, false
	if c.plain {
		return step{kind: batch}
	}
	frame, _ := json.Marshal(wire.Position{Kind: wire.KindPosition, Position: c.pos.String(), Live: live})
	return step{kind: oneFrame, frame: frame}
}

// readPage reads the next page from the store. A hole that opened meanwhile can be
// told only in a hello, so the client is sent to get one.
func (c *client) readPage() bool {
	c.mu.Lock()
	pos := c.pos
	c.mu.Unlock()
	head, _, _ := c.feed.ring.head()
	page, err := c.feed.pager.after(pos)
	c.mu.Lock()
	defer c.mu.Unlock()
	reason, gap := store.AsGap(err)
	switch {
	case gap && reason == store.Trimmed:
		c.closeWithAdvice(causeLapped, wire.CloseRestart, "log trimmed past the client")
	case gap:
		c.closeWithAdvice(causeEpoch, wire.CloseRestart, "log epoch changed")
	case err != nil:
		c.feed.options.Observer.StoreFailed(operationAfter)
		c.closeWithAdvice(causeStore, wire.CloseTryLater, "the log cannot be read")
	case len(page) == 0:
		c.emptyAt = head
	default:
		c.page = page
	}
	return true
}

// closeWithAdvice ends the connection with advice; it runs under mu.
func (c *client) closeWithAdvice(cause string, code websocket.StatusCode, reason string) {
	if c.cause == "" {
		c.cause = cause
	}
	if c.closing == nil {
		c.closing = &websocket.CloseError{Code: code, Reason: c.feed.later(time.Second, reason)}
	}
}

var batches = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

// sendAll writes events: one as it is, several as an array.
func (c *client) sendAll(frames [][]byte) bool {
	if len(frames) == 0 {
		return true
	}
	c.feed.options.Observer.EventsSent(len(frames))
	if len(frames) == 1 {
		return c.send(frames[0])
	}
	buffer := batches.Get().(*[]byte)
	b := append((*buffer)[:0], '[')
	for i, frame := range frames {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, frame...)
	}
	b = append(b, ']')
	ok := c.send(b)
	*buffer = b
	if cap(b) <= 2*batchBytes {
		batches.Put(buffer)
	}
	return ok
}

// send writes a frame, a long one in parts if the client can put them together.
func (c *client) send(frame []byte) bool {
	if c.plain || len(frame) <= wire.PartSize {
		return c.writeMessage(frame)
	}
	buffer := batches.Get().(*[]byte)
	defer batches.Put(buffer)
	put := func(mark string, part []byte) bool {
		*buffer = append(append((*buffer)[:0], mark...), part...)
		return c.writeMessage(*buffer)
	}
	for len(frame) > wire.PartSize {
		part, rest := wire.Cut(frame)
		if !put(wire.PartMore, part) || !c.sendPongs() {
			return false
		}
		frame = rest
	}
	return put(wire.PartLast, frame)
}

// sendPongs writes the pongs that are due, for they need not wait for the rest
// of a frame.
func (c *client) sendPongs() bool {
	for {
		c.mu.Lock()
		due := c.takePong()
		c.mu.Unlock()
		if !due {
			return true
		}
		if !c.writeMessage(pong) {
			return false
		}
	}
}

func (c *client) writeMessage(text []byte) bool {
	err := c.conn.Write(context.Background(), websocket.MessageText, text)
	if err != nil {
		c.network.Close() // the reader then tells the cause
	}
	return err == nil
}
