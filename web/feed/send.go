package feed

import (
	"context"

	"github.com/coder/websocket"
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

func (c *client) writeMessage(text []byte) bool {
	err := c.conn.Write(context.Background(), websocket.MessageText, text)
	if err != nil {
		c.network.Close() // the reader then tells the cause
	}
	return err == nil
}
