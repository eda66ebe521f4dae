package feed

import (
	"context"

	"github.com/coder/websocket"
)

// How many bytes may wait in the kernel for their first sending: of a client that gets
// every event, and of one to which a value that has waited is old news.
const (
	unsentMost   = 32 << 10
	unsentLatest = 1 << 10
)

// sendBatch writes events: one as it is, several as an array.
func (c *client) sendBatch(b *batch) bool {
	defer b.release()
	if b.n == 0 {
		return true
	}
	c.feed.options.Observer.EventsSent(b.n)
	if b.n == 1 {
		return c.sendEvent(&b.single)
	}
	return c.writeMessage(b.frame())
}

// sendEvent writes an event, a long one in parts if the client can put them
// together. While a slow client reads a long event, its bytes count in the budget.
func (c *client) sendEvent(e *entry) bool {
	if e.parts == nil {
		return c.writeMessage(e.frame)
	}
	if !c.feed.memory.hold(e) {
		c.feed.dropMostStuck()
	}
	defer c.feed.memory.release(e)
	if c.plain {
		return c.writeMessage(e.frame)
	}
	for i, part := range e.parts {
		if i > 0 && !c.sendPongs() || !c.writeMessage(part) {
			return false
		}
	}
	return true
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

// pinged notes a ping frame for the writer to answer. The WebSocket library would
// do so in the reader, and give the connection up when that has to wait for a
// long frame. Of several pings the last is answered, RFC 6455 section 5.5.3.
func (c *client) pinged(_ context.Context, payload []byte) (answer bool) {
	payload = append([]byte{}, payload...) // not nil
	c.input(func(in *inputs) { in.ping = payload })
	return false
}

// writePong writes a pong frame. The writer is between two frames, so nothing can
// be in the way but a close frame, which is written in one go as well.
func (c *client) writePong(payload []byte) bool {
	const finalPong = 0x8a // RFC 6455 section 5.2
	_, err := c.network.Write(append([]byte{finalPong, byte(len(payload))}, payload...))
	if err != nil {
		c.network.Close()
	}
	return err == nil
}

func (c *client) writeMessage(text []byte) bool {
	err := c.conn.Write(context.Background(), websocket.MessageText, text)
	if err != nil {
		c.network.Close() // the reader then tells the cause
	}
	return err == nil
}
