package feed

import (
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/wakesocket/wakesocket/web/store"
)

// newest knows the newest event of each topic, also of those whose events have all
// left the ring. All clients share it. It is empty before the first client asks for
// newest events.
//
// Locks are taken in this order: client, newest, ring.
type newest struct {
	ring      *ring
	maxBytes  int
	maxTopics int
	active    atomic.Bool

	mu       sync.RWMutex
	topics   map[string]*record
	oldest   *record  // the records are linked in the order of their events
	latest   *record  // the last of them
	from     store.ID // every event after this position is known
	begin    store.ID // where the ring began the last time: of what comes before nothing is known
	top      store.ID // up to here
	bytes    int      // of the events
	counting string   // names the counts; changes when some are forgotten
}

// record is what is known of a topic.
type record struct {
	entry         entry
	count         uint64   // of the events that are known
	begin         store.ID // the first of these
	before, after *record
}

// newestTopics bounds the topics whose newest event is known.
const newestTopics = 64 << 10

func newNewest(r *ring, maxBytes int) *newest {
	return &newest{ring: r, maxBytes: maxBytes, maxTopics: newestTopics, topics: map[string]*record{}, counting: newCounting()}
}

func newCounting() string { return strconv.FormatUint(rand.Uint64(), 36) }

// start begins with what the ring has.
func (n *newest) start() {
	if n.active.Load() {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.active.Swap(true) {
		return
	}
	n.ring.mu.RLock()
	defer n.ring.mu.RUnlock()
	n.from, n.top = n.ring.base, n.ring.base
	for seq := n.ring.first; seq < n.ring.next; seq++ {
		n.put(n.ring.slot(seq))
	}
}

// append appends entries to the ring, and knows them at once: a client that was in the
// ring behind an event must not be called live because the table lacks that event.
func (n *newest) append(entries []entry) (from cursor, before store.ID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	from, before = n.ring.append(entries)
	if n.active.Load() {
		for i := range entries {
			n.put(&entries[i])
		}
	}
	return from, before
}

// reset empties the ring, and forgets everything: the log has a new epoch, which begins
// after top.
func (n *newest) reset(top store.ID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ring.reset(top)
	clear(n.topics)
	n.oldest, n.latest, n.bytes = nil, nil, 0
	n.from, n.begin, n.top, n.counting = top, top, top, newCounting()
}

// recount names the counts anew: some topics are not followed any more, so that what
// comes of them is not counted.
func (n *newest) recount() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.counting = newCounting()
}

func (n *newest) put(e *entry) {
	n.top = e.id
	if e.frame == nil || len(e.topic) > store.MaxTopic {
		return // nobody can be sent it
	}
	r := n.topics[e.topic]
	if r == nil {
		r = &record{begin: e.id}
		n.topics[e.topic] = r
	} else {
		n.unlink(r)
	}
	r.entry = *e
	r.entry.lists = nil // they may be gone by the time the event is sent
	r.count++
	r.before, r.after = n.latest, nil
	if n.latest == nil {
		n.oldest = r
	} else {
		n.latest.after = r
	}
	n.latest = r
	n.bytes += e.size()
	for n.oldest != r && (n.bytes > n.maxBytes || len(n.topics) > n.maxTopics) {
		n.forgetOldest()
	}
}

func (n *newest) unlink(r *record) {
	n.bytes -= r.entry.size()
	if r.before == nil {
		n.oldest = r.after
	} else {
		r.before.after = r.after
	}
	if r.after == nil {
		n.latest = r.before
	} else {
		r.after.before = r.before
	}
}

// forgetOldest makes room: what comes before the oldest record that is left is no
// longer known.
func (n *newest) forgetOldest() {
	r := n.oldest
	n.unlink(r)
	delete(n.topics, r.entry.topic)
	n.from, n.counting = r.entry.id, newCounting()
}

// since calls back for each record with an event after the position, the newest
// first, and returns up to where events are known. It is called under the lock.
func (n *newest) since(position store.ID, changed func(*record)) {
	for r := n.latest; r != nil && r.entry.id.Compare(position) > 0; r = r.before {
		changed(r)
	}
}

// countAfter is how many of the record's events come after the position; 0 when
// that is not known. It is called under the lock.
func (n *newest) countAfter(r *record, position store.ID) uint64 {
	if n.ring.partial {
		if since, ok := n.ring.since(map[string]struct{}{r.entry.topic: {}}); !ok || position.Compare(since) < 0 {
			return 0
		}
	}
	if position.Compare(r.begin) < 0 && position.Compare(n.from) >= 0 {
		return r.count
	}
	n.ring.mu.RLock()
	defer n.ring.mu.RUnlock()
	l := n.ring.index[r.entry.topic]
	if l == nil || position.Compare(n.ring.base) < 0 {
		return 0
	}
	count := uint64(0)
	for i := len(l.seqs) - 1; i >= 0; i-- {
		e := n.ring.slot(l.seqs[i])
		if e.id.Compare(position) <= 0 {
			break
		}
		if e.id.Compare(r.entry.id) <= 0 && e.topic == r.entry.topic && e.frame != nil { // the ring may know newer ones
			count++
		}
	}
	return count
}

// named is what names the counts at the moment.
func (n *newest) named() string {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.counting
}
