package feed

import (
	"sync"
	"sync/atomic"
	"time"
)

// inbound is the memory of the message that a client is sending. It counts in the
// budget, because a client may begin a long message and never end it.
type inbound struct {
	held  atomic.Int64 // bytes that count
	since atomic.Int64 // monotonic time at which the first of them was taken, 0 if none
}

// smallMessage is the size up to which a message does not count: pings and changes of
// topics get through when the memory is used up.
const smallMessage = 4 << 10

// noRoom is why a client is sent away when the memory is used up.
const noRoom = "there is no memory for the message at the moment"

// slowestMessage is how long a message may take for certain. One that takes longer
// makes room for others when the memory is used up.
const slowestMessage = time.Second

var messages = sync.Pool{New: func() any {
	data := make([]byte, 0, 512)
	return &data
}}

// inBudget is how much of a message counts in the budget.
func inBudget(size int) int {
	if size <= smallMessage {
		return 0
	}
	return size
}

// grow doubles the room for a message, or reports that there is no memory for it.
func (c *client) grow(data *[]byte) bool {
	size := min(2*cap(*data), c.feed.options.MaxMessage+1)
	more := inBudget(size) - int(c.inbound.held.Load())
	if !c.takeMemory(more) {
		return false
	}
	if more > 0 {
		c.inbound.since.CompareAndSwap(0, monotonicNow())
		c.inbound.held.Add(int64(more))
	}
	*data = append(make([]byte, 0, size), *data...)
	return true
}

// handOver is for a message that is complete: the caller gives its memory back.
func (i *inbound) handOver() (held int) {
	i.since.Store(0)
	return int(i.held.Swap(0))
}

// letGo gives back the memory of a message.
func (c *client) letGo(data []byte) {
	c.feed.memory.give(c.inbound.handOver())
	if size := cap(data); size > 0 && size <= smallMessage {
		data = data[:0]
		messages.Put(&data)
	}
}

// takeMemory reserves memory for a message. When none is left, the client whose
// message has been unfinished for the longest time is dropped, and its memory serves.
func (c *client) takeMemory(n int) bool {
	if n <= 0 || c.feed.memory.take(n) {
		return true
	}
	var slowest *client
	now, longest := time.Now(), slowestMessage
	for _, other := range c.feed.snapshot() {
		takes := elapsed(other.inbound.since.Load(), now)
		if other != c && takes > longest && other.inbound.held.Load() >= int64(n) {
			slowest, longest = other, takes
		}
	}
	if slowest == nil {
		return false
	}
	slowest.abort(causeRefused) // its reader ends at once, and lets go of the message
	c.feed.memory.give(slowest.inbound.handOver())
	return c.feed.memory.take(n)
}
