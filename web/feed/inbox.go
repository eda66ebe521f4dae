package feed

import (
	"runtime/debug"
	"sync"
	"time"
)

// inbox hands the messages of one client to OnMessage, one after the other, in a
// goroutine that lives only while there are any. A slow hook delays neither the
// answers to pings nor other clients.
type inbox struct {
	mu      sync.Mutex
	changed sync.Cond // of queue or closed
	queue   [][]byte
	running bool
	closed  bool
	calling int64 // monotonic time at which the call under way began, 0 if none
}

// inboxSize is how many messages wait for the hook before the client is no longer
// read.
const inboxSize = 16

func newInbox() *inbox {
	i := &inbox{}
	i.changed.L = &i.mu
	return i
}

// put queues a message, and waits while too many are queued. It is false when the
// inbox has been closed.
func (i *inbox) put(c *client, data []byte) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	for len(i.queue) >= inboxSize && !i.closed {
		i.changed.Wait()
	}
	if i.closed {
		return false
	}
	i.queue = append(i.queue, data)
	if !i.running {
		i.running = true
		go i.work(c)
	}
	return true
}

// work empties the queue. Messages that came before the client was gone are still
// handed over.
func (i *inbox) work(c *client) {
	for {
		i.mu.Lock()
		i.calling = 0
		if len(i.queue) == 0 {
			i.queue, i.running = nil, false
			i.mu.Unlock()
			return
		}
		data := i.queue[0]
		i.queue = i.queue[1:]
		i.calling = monotonicNow()
		i.changed.Signal()
		i.mu.Unlock()
		c.callOnMessage(data)
	}
}

// stuck is how long the call under way has taken.
func (i *inbox) stuck(now time.Time) time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	return elapsed(i.calling, now)
}

// close ends waiting and waiters.
func (i *inbox) close() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.closed = true
	i.changed.Broadcast()
}

// callOnMessage gives a message to the hook. A panic there is the application's
// bug, but must not let one client end the server for all.
func (c *client) callOnMessage(data []byte) {
	defer func() {
		if p := recover(); p != nil {
			c.feed.options.Logger.Error("hook panicked", "hook", "OnMessage", "panic", p, "client", c.name(), "stack", string(debug.Stack()))
			c.closeAfterWrite(causePanic, internalError, "")
		}
	}()
	c.feed.options.OnMessage(c.info, data)
}
