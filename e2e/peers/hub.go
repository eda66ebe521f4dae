package main

import (
	"context"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// hub is the connections that want the feed.
type hub struct {
	mu      sync.Mutex
	members map[*websocket.Conn]func(event []byte) (frame []byte)
}

// join sends the answer, and after it each new event, as the frame that it is put
// into.
func (h *hub) join(c *websocket.Conn, answer []byte, frame func(event []byte) []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.members == nil {
		h.members = map[*websocket.Conn]func([]byte) []byte{}
	}
	h.members[c] = frame
	return say(c, answer)
}

func (h *hub) leave(c *websocket.Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.members, c)
}

func (h *hub) publish(event []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c, frame := range h.members {
		if say(c, frame(event)) != nil {
			delete(h.members, c)
		}
	}
	return nil
}

func (h *hub) close() {}

// say sends a text frame; whoever does not take it is let go.
func say(c *websocket.Conn, frame []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return c.Write(ctx, websocket.MessageText, frame)
}
