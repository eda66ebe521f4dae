package feed

import (
	"encoding/json"
	"sort"
	"sync"
	"unicode/utf8"

	"github.com/wakesocket/wakesocket/web/store"
)

// entry is one event, encoded once for every client that will get it. A frame of
// nil stands for an event that cannot be sent: its place counts, its data do not.
type entry struct {
	id    store.ID
	topic string
	frame []byte
}

// valid reports whether data can go into a text frame as they are. Browsers close
// the connection on what is not UTF-8, which json.Valid lets pass placeInside strings.
func valid(data []byte) bool { return utf8.Valid(data) && json.Valid(data) }

// encode makes the frame of an event; events that other programs wrote into the
// log may hold anything, so what is not JSON gets no frame.
func encode(event store.Event) entry {
	e := entry{id: event.ID, topic: event.Topic}
	topic, err := json.Marshal(event.Topic)
	if err != nil || !valid(event.Data) || event.Topic == controlTopic {
		return e
	}
	e.frame = make([]byte, 0, len(`{"id":"","topic":,"data":}`)+48+len(topic)+len(event.Data))
	e.frame = append(e.frame, `{"id":"`...)
	e.frame = event.ID.Append(e.frame)
	e.frame = append(e.frame, `","topic":`...)
	e.frame = append(e.frame, topic...)
	e.frame = append(e.frame, `,"data":`...)
	e.frame = append(e.frame, event.Data...)
	e.frame = append(e.frame, '}')
	return e
}

func encodeAll(events []store.Event) []entry {
	entries := make([]entry, len(events))
	for i, event := range events {
		entries[i] = encode(event)
	}
	return entries
}

// ring is the newest part of the log. Clients hold cursors into it: a cursor is
// the sequence number of the next entry, together with the number of resets before
// it was taken.
//
// Invariant: the entries with sequence numbers first..next-1 are, without holes,
// the log's events after base.
type ring struct {
	mu       sync.RWMutex
	slots    []entry
	maxBytes int

	resets      uint64 // 0 before the log was first reached
	first, next uint64
	base        store.ID
	bytes       int
}

// cursor is a place between two entries of a ring.
type cursor struct{ resets, seq uint64 }

func newRing(events, bytes int) *ring {
	return &ring{slots: make([]entry, events), maxBytes: bytes}
}

// reset empties the ring; what is appended next comes after top.
func (r *ring) reset(top store.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.slots)
	r.resets++
	r.first, r.bytes, r.base = r.next, 0, top
}

func (r *ring) append(entries []entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range entries {
		for r.next-r.first == uint64(len(r.slots)) || r.bytes+len(e.frame) > r.maxBytes && r.first < r.next {
			r.evict()
		}
		*r.slot(r.next) = e
		r.next++
		r.bytes += len(e.frame)
	}
}

// trim drops the entries up to base.
func (r *ring) trim(base store.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if base.Epoch != r.base.Epoch {
		return
	}
	for r.first < r.next && r.slot(r.first).id.Compare(base) <= 0 {
		r.evict()
	}
}

func (r *ring) evict() {
	s := r.slot(r.first)
	r.base = s.id
	r.bytes -= len(s.frame)
	*s = entry{}
	r.first++
}

func (r *ring) slot(seq uint64) *entry { return &r.slots[seq%uint64(len(r.slots))] }

// top is the position of the newest entry.
func (r *ring) topLocked() store.ID {
	if r.first == r.next {
		return r.base
	}
	return r.slot(r.next - 1).id
}

// head returns the end of the ring; ready is false before the log was reached.
func (r *ring) head() (at cursor, top store.ID, ready bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return cursor{r.resets, r.next}, r.topLocked(), r.resets > 0
}

// place says where an id lies, seen from a ring.
type place int

const (
	placeInside  place = iota // the ring has every event after it
	placeOlder                // older than the ring
	placeNewer                // newer than the ring
	placeUnknown              // between two entries, or of another epoch
)

// find looks an id up; the cursor is valid only for an id placeInside.
func (r *ring) find(id store.ID) (cursor, place) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	switch {
	case r.resets == 0 || id.Epoch != r.base.Epoch:
		return cursor{}, placeUnknown
	case id == r.base:
		return cursor{r.resets, r.first}, placeInside
	case id.Compare(r.base) < 0:
		return cursor{}, placeOlder
	case id.Compare(r.topLocked()) > 0:
		return cursor{}, placeNewer
	}
	n := sort.Search(int(r.next-r.first), func(i int) bool {
		return r.slot(r.first+uint64(i)).id.Compare(id) >= 0
	})
	seq := r.first + uint64(n)
	if r.slot(seq).id != id {
		return cursor{}, placeUnknown
	}
	return cursor{r.resets, seq + 1}, placeInside
}

// Outcomes of ring.read.
type reading int

const (
	more      reading = iota // there may be more after what was read
	atHead                   // the cursor has reached the end of the ring
	evicted                  // the ring has dropped the entry after the cursor
	ringReset                // the ring was reset: the log has a new epoch
)

// scanMax bounds how many entries one read looks at, and so how long it holds the
// lock for a client with rare topics.
const scanMax = 1024

// read moves the cursor forward over at most limit entries that take wants, and
// at most maxBytes of them, but one at least. It returns their frames, the id that the cursor
// has reached (zero when it did not move), and whether any entry was passed over.
func (r *ring) read(at *cursor, take func(topic string) bool, frames [][]byte, limit, maxBytes int) (_ [][]byte, last store.ID, skipped bool, _ reading) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if at.resets != r.resets {
		return frames, last, false, ringReset
	}
	if at.seq < r.first {
		return frames, last, false, evicted
	}
	size, scanned := 0, 0
	for at.seq < r.next && scanned < scanMax && len(frames) < limit {
		e := r.slot(at.seq)
		if e.frame == nil || take != nil && !take(e.topic) {
			skipped = true
		} else if size += len(e.frame) + 1; size > maxBytes && len(frames) > 0 {
			return frames, last, skipped, more
		} else {
			frames = append(frames, e.frame)
			skipped = false
		}
		last = e.id
		at.seq++
		scanned++
	}
	if at.seq < r.next {
		return frames, last, skipped, more
	}
	return frames, last, skipped, atHead
}

// mean is the size of an entry, in bytes.
func (r *ring) mean() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.first == r.next {
		return 0
	}
	return r.bytes / int(r.next-r.first)
}

// lag is how many entries of the ring come after the cursor.
func (r *ring) lag(at cursor) uint64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if at.resets != r.resets {
		return 0
	}
	return r.next - at.seq
}

// firstID is the id of the first entry after the cursor.
func (r *ring) firstID(at cursor) (store.ID, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if at.resets != r.resets || at.seq < r.first || at.seq >= r.next {
		return store.ID{}, false
	}
	return r.slot(at.seq).id, true
}
