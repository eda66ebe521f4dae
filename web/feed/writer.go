package feed

import (
	"encoding/json"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// input changes what the writer has to do and wakes it.
func (c *client) input(change func(*inputs)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.start()
	change(&c.inputs)
}

// wake lets the writer look for something to do.
func (c *client) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.start()
}

// ringGrew wakes a client that waits for the ring to reach its position.
func (c *client) ringGrew() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.awaiting = false
	c.start()
}

// offer wakes the client for events that begin at the mark, unless it has read
// them already, or may not have any of them.
//
// Nothing is missed: the ring grows before events are offered, and the writer
// reads to the end of the ring before it stops; both look at writing under mu.
func (c *client) offer(m mark, entries []entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writing || c.later || c.inRing && c.at.resets == m.at.resets && c.at.seq >= m.at.seq+uint64(len(entries)) {
		return
	}
	for i := range entries {
		if allowed, known := c.filter.allows(entries[i].topic); (allowed || !known) && !c.filter.passes(&entries[i]) {
			c.jump(m)
			c.start()
			return
		}
	}
}

// start starts the writer of an idle client; it runs under mu.
func (c *client) start() {
	if c.writing {
		return
	}
	if done := c.feed.wanting.done.Load(); done != nil && !c.later {
		c.jump(*done)
	}
	c.writing = true
	go c.write()
}

// jump moves the cursor of an idle client over events that it does not want.
func (c *client) jump(m mark) {
	if c.inRing && c.at.resets == m.at.resets && c.at.seq < m.at.seq {
		c.at, c.pos, c.skipped = m.at, m.pos, true
	}
}

// step is what the writer does next.
type step struct {
	kind    stepKind
	frame   []byte
	events  int // in frame
	batch   batch
	topic   string
	request command
	closing *websocket.CloseError
}

type stepKind int

const (
	idle          stepKind = iota // nothing, until the client is woken
	again                         // decide anew
	oneFrame                      // write frame
	answerPing                    // with a pong frame that holds frame
	answerRequest                 // do request and write its answer
	events                        // write batch
	readPage                      // read from the store
	latestEvents                  // write frame, which has events
	readLatest                    // read from the store what the client lacks of the newest events
	askHook                       // ask the Topics hook for topic
	closeConn                     // send a close frame and end
)

// write does what has to be done, then stops.
func (c *client) write() {
	var page []entry // just read; the client does not hold it while it writes
	for {
		c.mu.Lock()
		if c.readFor != c.filterChanges {
			page = nil
		}
		s := c.next(page)
		page = nil
		if s.kind == idle {
			c.writing = false
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		ok := true
		switch s.kind {
		case oneFrame:
			ok = c.writeMessage(s.frame)
		case answerPing:
			ok = c.writePong(s.frame)
		case answerRequest:
			ok = c.answer(&s.request)
		case events:
			ok = c.sendBatch(&s.batch)
		case readPage:
			page = c.readPage()
		case latestEvents:
			ok = c.sendLatest(s.frame, s.events)
		case readLatest:
			ok = c.readLack()
		case askHook:
			c.askTopic(s.topic)
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

// next decides. The order is what makes a pong overtake a replay. The page, if
// there is one, begins at the client's position.
func (c *client) next(page []entry) step {
	if hello := c.hello; hello != nil {
		c.hello = nil
		return step{kind: oneFrame, frame: hello}
	}
	if c.takePong() {
		return step{kind: oneFrame, frame: pong}
	}
	if payload := c.ping; payload != nil {
		c.ping = nil
		return step{kind: answerPing, frame: payload}
	}
	if len(c.controls) > 0 {
		frame := c.controls[0]
		if c.controls = c.controls[1:]; len(c.controls) == 0 {
			c.controls = nil
		}
		return step{kind: oneFrame, frame: frame}
	}
	if len(c.requests) > 0 {
		r := c.requests[0]
		c.requests = append(c.requests[:0], c.requests[1:]...)
		return step{kind: answerRequest, request: r}
	}
	if c.live && !c.feed.health.live.Load() {
		return c.loseLive()
	}
	if c.positionDue {
		return c.positionFrame()
	}
	if c.closing != nil {
		return step{kind: closeConn, closing: c.closing}
	}
	if c.later {
		return step{kind: idle}
	}
	cf := c.conflation.Load()
	if cf == nil {
		return c.nextEvents(page)
	}
	if !cf.begun { // first: the client is live when it lacks nothing
		cf.begin(&c.filter, monotonicNow())
	}
	// They take turns, so that neither waits for the end of the other.
	if cf.turn = !cf.turn; cf.turn && page == nil {
		if s := c.latestStep(); s.kind != idle {
			return s
		}
		return c.nextEvents(nil)
	}
	if s := c.nextEvents(page); s.kind != idle {
		return s
	}
	return c.latestStep()
}

// nextEvents decides about the topics of which the client gets every event.
func (c *client) nextEvents(page []entry) step {
	if !c.inRing {
		if page == nil {
			page = c.currentPage()
		}
		if len(page) > 0 {
			return c.fromPage(page)
		}
		if at, ok := c.feed.ring.locate(c.pos, c.filter.names); ok {
			c.at, c.inRing = at, true
		} else if m, ok := c.feed.ring.begin(c.pos, c.filter.names); ok {
			c.at, c.pos, c.inRing, c.skipped = m.at, m.pos, true, true
		} else if c.storeHasNoMore() {
			return c.awaitRing()
		} else {
			return step{kind: readPage}
		}
	}
	return c.fromRing()
}

// fromRing takes the next batch of the ring.
func (c *client) fromRing() step {
	b := c.newBatch()
	at := c.at
	got := c.feed.ring.read(&at, &c.filter, &b)
	c.at = at
	if got.moved {
		c.pos, c.skipped = got.last, got.skipped
	}
	if !c.live {
		c.replayed += b.n
	}
	if b.n > 0 {
		c.proof = b.last
		return step{kind: events, batch: b}
	}
	switch got.outcome {
	case ringReset:
		if _, top, _ := c.feed.ring.head(); top.Epoch == c.pos.Epoch && c.conflation.Load() == nil {
			return c.leaveRing() // a hole that may be of other topics
		}
		c.closeWithAdvice(causeEpoch, wire.CloseRestart, "log epoch changed")
		return step{kind: again}
	case evicted:
		return c.leaveRing()
	case topicToAsk:
		return step{kind: askHook, topic: got.topic}
	case atHead:
		return c.atEnd()
	}
	return step{kind: again}
}

// atEnd is for a client that has all there is: it is live now, or idle.
func (c *client) atEnd() step {
	if cf := c.conflation.Load(); c.live || !c.feed.health.live.Load() || cf != nil && cf.behind() {
		return step{kind: idle}
	}
	c.live = true
	return c.positionFrame()
}

// loseLive tells the client that the log cannot be read. A plain client cannot be
// told, so it is sent away.
func (c *client) loseLive() step {
	c.live = false
	if c.plain {
		c.closeWithAdvice(causeStore, wire.CloseTryLater, "the log cannot be read")
		return step{kind: again}
	}
	return c.positionFrame()
}

// awaitRing is for a client that comes from a process with a newer ring: the store
// has nothing after its position, and the ring is not there yet.
func (c *client) awaitRing() step {
	if !c.awaiting {
		c.awaiting = true
		c.feed.wanting.await(c)
		return step{kind: again} // the ring may have grown just before
	}
	return c.atEnd()
}

// takePong takes one of the pongs that are due; it runs under mu.
func (c *client) takePong() bool {
	if c.pongs == 0 {
		return false
	}
	c.pongs--
	c.positionDue = c.positionDue || c.skipped && !c.plain
	if cf := c.conflation.Load(); cf != nil {
		cf.tell = true
	}
	return true
}

func (c *client) newBatch() batch {
	b := batch{most: batchEvents, memory: c.feed.memory}
	if c.plain {
		b.most = 1
	}
	return b
}

// positionFrame makes a position frame; a plain client gets none.
func (c *client) positionFrame() step {
	c.positionDue, c.skipped = false, false
	if c.plain {
		return step{kind: again}
	}
	frame, _ := json.Marshal(wire.Position{Kind: wire.KindPosition, Position: c.lastingPosition().String(), Live: c.live})
	return step{kind: oneFrame, frame: frame}
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
