package feed

import (
	"container/heap"
	"slices"
	"sync/atomic"
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

// conflation is what a client has of the topics of which it wants only the newest
// events. It holds no events: for each topic that has changed it knows how many the
// client has had, and the event is looked up when there is room to write it. It is
// used under the mutex of the client, but for awake.
//
// Invariant: of each topic that the filter conflates, every event up to seen was
// sent, or was passed over for one that was sent, or the topic's row waits.
type conflation struct {
	table   *newest
	rows    map[string]*row
	waiting waitingRows
	order   []turn   // how the rows began to wait, for complete
	seen    store.ID // the rows know of every event up to here
	told    store.ID // what the client was told to be complete
	tell    bool     // tell it again, even without events

	counting string // what the hello of the client named
	lack     *lack  // what the table does not know; nil for nothing
	begun    bool
	hole     bool // the ring began anew before the rows knew of what it had
	turns    uint64
	starting int   // rows that wait since before the client came
	written  int64 // monotonic time of the last frame, 0 for none
	full     bool  // there was no room for more in it
	turn     bool  // the client's other events had theirs
	timer    *time.Timer

	awake atomic.Bool // the client looks at the table without being woken
}

// row is a topic of a client.
type row struct {
	record *record
	every  time.Duration
	count  uint64   // of the record's events that the client has had, or that were passed over
	sent   store.ID // the newest that it has had; zero for none on this connection
	known  bool     // count is right
	starts bool     // it waits since before the client came
	denied bool     // the client may not have the topic
	after  store.ID // what it waits for comes after this position
	due    int64    // monotonic time before which nothing of it may be sent
	ready  int64    // monotonic time since which it could be sent
	number uint64   // of its turn to wait, which counts up
	place  int      // among those that wait, plus 1; 0 when it does not
}

// turn notes that a row began to wait for what comes after a position.
type turn struct {
	row   *row
	after store.ID
}

func (t turn) over() bool { return t.row.place == 0 || t.row.after != t.after }

const (
	latestBytes = 1 << 10               // of one frame with newest events: what waits for a slow link is old when it gets there
	latestPause = 10 * time.Millisecond // between two frames that are not full
)

// newConflation is for a client that has the newest events up to a position.
func newConflation(table *newest, since store.ID, counting string) *conflation {
	table.start()
	return &conflation{table: table, rows: map[string]*row{}, seen: since, told: since, counting: counting, turn: true}
}

// look notes which topics have changed since the last look.
func (cf *conflation) look(f *filter, now int64) {
	t := cf.table
	t.mu.RLock()
	defer t.mu.RUnlock()
	cf.hole = cf.hole || cf.missesLocked()
	var changed []*record // the newest first
	t.since(cf.seen, func(r *record) { changed = append(changed, r) })
	for i := len(changed) - 1; i >= 0; i-- {
		cf.change(changed[i], f, cf.seen, now)
	}
	if t.top.Compare(cf.seen) > 0 || t.top.Epoch != cf.seen.Epoch {
		cf.seen = t.top
	}
}

// missesLocked reports whether the ring has begun anew after seen, so that the table does
// not know what came before, and nobody is going to look for that in the log. Another epoch
// ends the connection elsewhere.
func (cf *conflation) missesLocked() bool {
	begin, l := cf.table.begin, cf.lack
	if begin.Epoch != cf.seen.Epoch || begin.Compare(cf.seen) <= 0 {
		return false
	}
	return l == nil || !l.before.IsZero() || l.after.Compare(cf.seen) > 0
}

// change has a topic wait whose record has events after the position. It is called
// under the lock of the table.
func (cf *conflation) change(r *record, f *filter, after store.ID, now int64) {
	w := cf.rows[r.entry.topic]
	switch {
	case w == nil:
		every, _ := f.rule(r.entry.topic)
		if every == 0 {
			return
		}
		w = &row{record: r, every: every}
		cf.rows[r.entry.topic] = w
		if count := cf.table.countAfter(r, after); count > 0 {
			w.count, w.known = r.count-count, true
		}
	case w.record != r: // the topic was forgotten, or found in the log
		w.record, w.count = r, 0
	}
	if !w.denied && (w.sent.IsZero() || r.entry.id.Compare(w.sent) > 0) {
		cf.wait(w, after, now)
	}
}

func (cf *conflation) wait(w *row, after store.ID, now int64) {
	if w.place > 0 {
		return
	}
	w.after, w.ready = after, max(now, w.due)
	cf.turns++
	w.number = cf.turns
	heap.Push(&cf.waiting, w)
	if cf.order = append(cf.order, turn{w, after}); len(cf.order) > 2*len(cf.waiting)+1024 {
		cf.order = slices.DeleteFunc(cf.order, turn.over)
	}
}

// begin takes what the client lacks when it comes: rows that wait since before then.
func (cf *conflation) begin(f *filter, now int64) {
	cf.begun = true
	cf.look(f, now)
	for _, w := range cf.waiting {
		w.starts = true
	}
	cf.starting = len(cf.waiting)
}

// behind reports whether something waits since before the client came.
func (cf *conflation) behind() bool { return !cf.begun || cf.lack != nil || cf.starting > 0 }

// follow has the topics wait that changed after the position, of those that the
// filter conflates only now.
func (cf *conflation) follow(f *filter, position store.ID, now int64) {
	t := cf.table
	t.mu.RLock()
	defer t.mu.RUnlock()
	t.since(position, func(r *record) {
		if cf.rows[r.entry.topic] == nil {
			cf.change(r, f, position, now)
		}
	})
}

// leave ends the rows that the filter no longer conflates. The client's other events
// go on after the position: what it has had of a topic already is not sent again,
// and what comes before the position still has to be sent.
func (cf *conflation) leave(f *filter, position store.ID) {
	for topic, w := range cf.rows {
		every, wanted := f.rule(topic)
		switch {
		case every > 0:
			w.every = every
			continue
		case !wanted || w.place == 0 || cf.newestOf(w).Compare(position) > 0:
			cf.drop(w)
		default:
			w.due, w.ready = 0, 0
			heap.Fix(&cf.waiting, w.place-1)
			cf.last(w)
		}
		if wanted && w.sent.Compare(position) > 0 {
			f.had(topic, w.sent)
		}
		delete(cf.rows, topic)
	}
}

// last has a row send what it has now, and nothing more.
func (cf *conflation) last(w *row) {
	cf.table.mu.RLock()
	defer cf.table.mu.RUnlock()
	r := *w.record
	w.record = &r
}

func (cf *conflation) newestOf(w *row) store.ID {
	cf.table.mu.RLock()
	defer cf.table.mu.RUnlock()
	return w.record.entry.id
}

// drop ends the waiting of a row.
func (cf *conflation) drop(w *row) {
	if w.place > 0 {
		heap.Remove(&cf.waiting, w.place-1)
		cf.done(w)
	}
}

// done is for a row that waits no longer.
func (cf *conflation) done(w *row) {
	if w.starts {
		w.starts = false
		cf.starting--
	}
}

// complete is the position up to which nothing waits.
func (cf *conflation) complete() store.ID {
	for len(cf.order) > 0 && cf.order[0].over() {
		cf.order = cf.order[1:]
	}
	if len(cf.order) > 0 {
		return cf.order[0].after
	}
	return cf.seen
}

// nextAt is when the next row may be sent; ok is false when none waits.
func (cf *conflation) nextAt() (at int64, ok bool) {
	if len(cf.waiting) == 0 {
		return 0, false
	}
	at = cf.waiting[0].ready
	if !cf.full {
		at = max(at, cf.written+int64(latestPause))
	}
	return at, true
}

// waitingRows is a heap: the row that could be sent for the longest time comes first.
type waitingRows []*row

func (h waitingRows) Len() int { return len(h) }
func (h waitingRows) Less(i, j int) bool {
	return h[i].ready < h[j].ready || h[i].ready == h[j].ready && h[i].number < h[j].number
}
func (h waitingRows) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i+1, j+1
}
func (h *waitingRows) Push(x any) {
	w := x.(*row)
	*h = append(*h, w)
	w.place = len(*h)
}
func (h *waitingRows) Pop() any {
	old := *h
	w := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	w.place = 0
	return w
}
