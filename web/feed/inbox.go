package feed

import (
	"sync"
	"sync/atomic"
	"time"
)

// inbox hands the messages of one client to OnMessage, one after the other, in a
// goroutine that lives only while there are any. A slow hook delays neither the
// answers to pings nor other clients.
type inbox struct {
	queue   chan inboxMessage
	calling atomic.Int64 // monotonic time at which the call under way began, 0 if none

	mu      sync.Mutex
	working bool
}

// inboxMessage is a message that waits for the hook.
type inboxMessage struct {
	data []byte
	held int // bytes that count in the budget
}

// inboxSize is how many messages wait for the hook before the client is no longer
// read.
const inboxSize = 16

func newInbox() *inbox { return &inbox{queue: make(chan inboxMessage, inboxSize)} }

// put queues a message, which is the inbox's from now on, with its memory. It waits
// while too many are queued, and is false when the connection has been closed
// meanwhile.
func (i *inbox) put(c *client, data []byte) bool {
	m := inboxMessage{data, c.inbound.handOver()}
	select {
	case i.queue <- m:
	case <-c.network.done:
		c.feed.memory.give(m.held)
		return false
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.working {
		i.working = true
		go i.work(c)
	}
	return true
}

// work empties the queue. Messages that came before the client was gone are still
// handed over. A hook that ends the goroutine does not end the work.
func (i *inbox) work(c *client) {
	idle := false
	defer func() {
		if !idle {
			go i.work(c)
		}
	}()
	for !idle {
		select {
		case m := <-i.queue:
			i.handle(c, m)
		default:
			i.mu.Lock()
			idle = len(i.queue) == 0
			i.working = !idle
			i.mu.Unlock()
		}
	}
}

func (i *inbox) handle(c *client, m inboxMessage) {
	i.calling.Store(monotonicNow())
	defer func() {
		i.calling.Store(0)
		c.feed.memory.give(m.held)
	}()
	c.callOnMessage(m.data)
}

// stuck is how long the call under way has taken.
func (i *inbox) stuck(now time.Time) time.Duration { return elapsed(i.calling.Load(), now) }

// callOnMessage gives a message to the hook. A panic there is the application's
// bug, but must not let one client end the server for all.
func (c *client) callOnMessage(data []byte) {
	returned := false
	defer func() {
		if !returned {
			c.feed.options.logFailedHook(recover(), "hook", "OnMessage", "client", c.name())
			c.closeAfterWrite(causePanic, internalError, "")
		}
	}()
	c.feed.options.OnMessage(c.info, data)
	returned = true
}
