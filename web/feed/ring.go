package feed

import (
	"sort"
	"sync"

	"github.com/wakesocket/wakesocket/web/store"
)

// ring is the newest part of the log. Clients hold cursors into it.
//
// Invariant: the entries with sequence numbers first..next-1 are, without holes,
// the log's events after base; index holds exactly these. In a ring of some topics it
// holds for each name that is followed, from the place on where that began.
type ring struct {
	mu        sync.RWMutex
	slots     []entry
	maxBytes  int
	index     index
	past      past
	milestone store.ID // the newest one, see [store.MilestoneTopic]
	partial   bool     // it is given the events of some topics only:
	followed  followed // of these

	resets      uint64 // 0 before the log was first reached
	first, next uint64
	base        store.ID
	bytes       int
}

// cursor is a place between two entries of a ring: the sequence number of the next
// entry. It is valid until the next reset, so it holds how many there were.
type cursor struct{ resets, seq uint64 }

func newRing(events, bytes int) *ring {
	return &ring{slots: make([]entry, events), maxBytes: bytes, index: index{}}
}

// reset empties the ring; what is appended next comes after top.
func (r *ring) reset(top store.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.slots)
	clear(r.index)
	r.resets++
	r.first, r.bytes, r.base = r.next, 0, top
	r.followed = nil
	r.past.reset(top)
}

// append adds entries, notes in each the lists of the index that it is in, and
// returns the place of the first one: its cursor, and the id before it.
func (r *ring) append(entries []entry) (from cursor, before store.ID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	from, before = cursor{r.resets, r.next}, r.topLocked()
	for i := range entries {
		e := &entries[i]
		size := e.size()
		for r.next-r.first == uint64(len(r.slots)) || r.bytes+size > r.maxBytes && r.first < r.next {
			r.evict()
		}
		e.lists = r.index.add(e.topic, r.next)
		*r.slot(r.next) = *e
		if store.IsMilestone(e.topic) {
			r.milestone = e.id
		}
		r.next++
		r.bytes += size
	}
	return from, before
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
	e := r.slot(r.first)
	r.index.remove(e.lists)
	r.past.evicted(e)
	r.base = e.id
	r.bytes -= e.size()
	*e = entry{}
	r.first++
}

func (r *ring) slot(seq uint64) *entry { return &r.slots[seq%uint64(len(r.slots))] }

// topLocked is the position of the newest entry.
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

// find looks an id up; the cursor is valid only for an id inside.
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
	seq := r.seqAfter(id)
	if r.slot(seq-1).id != id {
		return cursor{}, placeUnknown
	}
	return cursor{r.resets, seq}, placeInside
}

// seqAfter is the sequence number of the first entry after the id.
func (r *ring) seqAfter(id store.ID) uint64 {
	return r.first + uint64(sort.Search(int(r.next-r.first), func(i int) bool {
		return r.slot(r.first+uint64(i)).id.Compare(id) > 0
	}))
}

// outcome is how a read ended.
type outcome int

const (
	more       outcome = iota // there may be more after what was read
	atHead                    // the cursor has reached the end of the ring
	evicted                   // the ring has dropped the entry after the cursor
	ringReset                 // the ring was reset: the log has a new epoch
	topicToAsk                // the Topics hook has to be asked first
)

// examinedMax bounds how many entries one read examines, and so how long it holds
// the lock.
const examinedMax = 1024

// reading is what one read did.
type reading struct {
	outcome outcome
	moved   bool     // the cursor has moved,
	last    store.ID // past this event,
	skipped bool     // and the last events that it moved past were not for the client
	topic   string   // to ask the hook about
}

// read moves the cursor forward and adds the events that the filter wants to the
// batch, until the batch is full.
func (r *ring) read(at *cursor, f *filter, b *batch) reading {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if at.resets != r.resets {
		return reading{outcome: ringReset}
	}
	if at.seq < r.first {
		return reading{outcome: evicted}
	}
	begin := at.seq
	got := r.walk(at, f, b)
	if at.seq > begin {
		got.moved, got.last = true, r.slot(at.seq-1).id
	}
	return got
}

func (r *ring) walk(at *cursor, f *filter, b *batch) (got reading) {
	selected := r.selectFrom(at.seq, f)
	for range examinedMax {
		seq, ok := selected.next()
		if !ok {
			got.skipped = got.skipped || at.seq < r.next
			at.seq = r.next
			got.outcome = atHead
			return got
		}
		e := r.slot(seq)
		switch allowed, known := f.allows(e.topic); {
		case e.frame == nil || f.passes(e) || known && !allowed:
			got.skipped = true
		case !known:
			got.outcome, got.topic = topicToAsk, e.topic
			return got
		case !b.add(e):
			return got
		default:
			got.skipped = false
		}
		at.seq = seq + 1
	}
	return got
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

// firstEvent is the id of the first event after the cursor that is sent to clients, if there
// is one; some reports whether there is any entry.
func (r *ring) firstEvent(at cursor) (id store.ID, some bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if at.resets != r.resets || at.seq < r.first || at.seq >= r.next {
		return store.ID{}, false
	}
	for seq := at.seq; seq < r.next; seq++ {
		if e := r.slot(seq); e.frame != nil {
			return e.id, true
		}
	}
	return store.ID{}, true
}
