package native

import (
	"cmp"
	"sync"
	"time"
)

// item is something for a callback. Exactly one of the first six is set, or none
// for a cursor that moved without an event.
type item struct {
	event    *Event
	snapshot *Snapshot
	state    *State
	gap      *Gap
	err      error
	then     func(*loop) // for the loop, when all before it is handled
	since    time.Time   // the event waits
	cursor   string      // after it; "" for no change
	moves    bool        // cursor counts
	newest   string      // position of Client.Since after it; "" for no change
}

// isMove reports whether an item does nothing but move positions.
func (i item) isMove() bool {
	return i.event == nil && i.snapshot == nil && i.state == nil && i.gap == nil && i.err == nil && i.then == nil
}

// maxQueuedErrors bounds the errors that wait for a callback that is busy.
const maxQueuedErrors = 100

// maxQueuedBytes bounds the data of the events that wait, besides Options.Buffer.
const maxQueuedBytes = 16 << 20

// queue is what waits for the callbacks. Sockets wait for room before they hand
// events over, so that memory is bounded.
type queue struct {
	maxEvents int

	mu      sync.Mutex
	items   []item
	first   int // of items
	events  int
	bytes   int
	errors  int
	lifted  int           // callbacks that wait for an answer: there is room
	dropped int           // errors for which there was no room
	filled  chan struct{} // holds one value while something may wait
	room    chan struct{} // closed when room is made; nil while there is some
}

func newQueue(maxEvents int) *queue {
	return &queue{maxEvents: maxEvents, filled: make(chan struct{}, 1)}
}

// push never blocks: whoever brings events has waited for room.
func (q *queue) push(i item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case i.event != nil:
		q.events++
		q.bytes += len(i.event.Raw)
	case i.err != nil && q.errors == maxQueuedErrors:
		q.dropped++
		return
	case i.err != nil:
		q.errors++
	}
	if last := len(q.items) - 1; last >= q.first && i.isMove() && q.items[last].isMove() {
		q.items[last].join(i)
		return
	}
	q.items = append(q.items, i)
	select {
	case q.filled <- struct{}{}:
	default:
	}
}

// join adds a later move to one.
func (i *item) join(later item) {
	i.cursor, i.moves = cmp.Or(later.cursor, i.cursor), i.moves || later.moves
	i.newest = cmp.Or(later.newest, i.newest)
}

// pop takes the oldest item; ok is false when there is none.
func (q *queue) pop() (i item, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.first == len(q.items) {
		q.items, q.first = q.items[:0], 0
		return item{}, false
	}
	i = q.items[q.first]
	q.items[q.first] = item{}
	q.first++
	if q.first >= 1024 && q.first*2 >= len(q.items) {
		n := copy(q.items, q.items[q.first:])
		clear(q.items[n:])
		q.items, q.first = q.items[:n], 0
	}
	switch {
	case i.event != nil:
		q.events--
		q.bytes -= len(i.event.Raw)
	case i.err != nil:
		q.errors--
	}
	q.makeRoom()
	return i, true
}

func (q *queue) fullLocked() bool {
	return q.lifted == 0 && (q.events >= q.maxEvents || q.bytes >= maxQueuedBytes)
}

// lift makes room for whatever comes, while a callback waits for something that
// comes after it.
func (q *queue) lift(change int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lifted += change
	q.makeRoom()
}

// makeRoom wakes whoever waits for room, if there is some.
func (q *queue) makeRoom() {
	if q.room != nil && !q.fullLocked() {
		close(q.room)
		q.room = nil
	}
}

// full returns nil when there is room, and else a channel that is closed when
// there is.
func (q *queue) full() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.fullLocked() {
		return nil
	}
	if q.room == nil {
		q.room = make(chan struct{})
	}
	return q.room
}

// lag is how many events wait, and since when.
func (q *queue) lag(now time.Time) (l Lag) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l.Events = q.events
	if l.Events == 0 {
		return l
	}
	for _, i := range q.items[q.first:] {
		if i.event != nil {
			l.Age = now.Sub(i.since)
			break
		}
	}
	return l
}

// lost returns how many errors were dropped since the last call.
func (q *queue) lost() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := q.dropped
	q.dropped = 0
	return n
}

// discard drops everything that waits.
func (q *queue) discard() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items, q.first, q.events, q.bytes, q.errors, q.dropped = nil, 0, 0, 0, 0, 0
	q.makeRoom()
}

func (q *queue) empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.first == len(q.items)
}
