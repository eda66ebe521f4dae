package feed

import (
	"sync"
	"sync/atomic"
)

// budget bounds the memory for replays and slow clients, over all of them: pages
// of the log, buffers that are being written, long events that the ring has dropped
// while a client still gets them, and messages of clients.
type budget struct {
	max  int64
	used atomic.Int64

	mu   sync.Mutex
	held map[*byte]int // clients that are being sent a long event, by its first byte
}

func newBudget(max int) *budget { return &budget{max: int64(max), held: map[*byte]int{}} }

// take reserves bytes unless that exceeds the budget.
func (b *budget) take(n int) bool {
	if b.used.Add(int64(n)) <= b.max {
		return true
	}
	b.give(n)
	return false
}

// claim reserves bytes in any case, and reports whether the budget still suffices.
func (b *budget) claim(n int) bool { return b.used.Add(int64(n)) <= b.max }

func (b *budget) exceeded() bool { return b.used.Load() > b.max }

func (b *budget) give(n int) { b.used.Add(-int64(n)) }

// hold counts a long event that a client is being sent. Clients share the bytes,
// so they count once. It reports whether the budget still suffices; the event
// counts in any case, until release.
func (b *budget) hold(e *entry) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := &e.frame[0]
	if b.held[first]++; b.held[first] == 1 {
		b.used.Add(int64(e.size()))
	}
	return !b.exceeded()
}

func (b *budget) release(e *entry) {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := &e.frame[0]
	if b.held[first]--; b.held[first] == 0 {
		delete(b.held, first)
		b.used.Add(-int64(e.size()))
	}
}
