package feed

import (
	"container/heap"
	"slices"
	"strconv"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// latestStep is what the writer does next for the topics of which the client wants
// only the newest events.
func (c *client) latestStep() step {
	cf := c.conflation.Load()
	s, pause := cf.next(&c.filter, monotonicNow(), func() bool { return crowded(c.network.Conn) })
	if cf.hole {
		c.closeWithAdvice(causeEpoch, wire.CloseRestart, "events left the log before they were read")
		return step{kind: again}
	}
	if pause > 0 {
		cf.wakeIn(pause, c.wake)
	}
	return s
}

// next decides. The step is idle when there is nothing to do for the length of the
// pause, or before a topic changes when that is 0.
func (cf *conflation) next(f *filter, now int64, crowded func() bool) (s step, pause time.Duration) {
	if cf.lack != nil && len(cf.waiting) < historyEvents {
		return step{kind: readLatest}, 0
	}
	cf.awake.Store(false) // first: who changes a topic after the look wakes the client
	if cf.look(f, now); cf.hole {
		return step{kind: again}, 0
	}
	at, some := cf.nextAt()
	if some {
		cf.awake.Store(true)
	}
	if some && at <= now {
		if crowded() {
			return step{kind: idle}, latestPause
		}
		return cf.frame(f, now), 0
	}
	if cf.tell && cf.lack == nil && cf.complete() != cf.told {
		return step{kind: latestEvents, frame: cf.end(openLatest())}, 0
	}
	cf.tell = false
	if some {
		return step{kind: idle}, time.Duration(at - now)
	}
	return step{kind: idle}, 0
}

// frame takes the topic that has waited longest, and those of the next that have
// changed last: their events stay the newest for longest.
func (cf *conflation) frame(f *filter, now int64) step {
	cf.table.mu.RLock()
	defer cf.table.mu.RUnlock()
	frame, n := openLatest(), 0
	rows := cf.pick(now)
	for i, w := range rows {
		e := &w.record.entry
		allowed, known := f.allows(e.topic)
		if !known && n == 0 {
			cf.putBack(rows[i:])
			return step{kind: askHook, topic: e.topic}
		}
		if cf.full = n > 0 && (!known || len(frame)+len(e.frame) > latestBytes); cf.full {
			cf.putBack(rows[i:])
			break
		}
		cf.done(w)
		if w.denied = !allowed; w.denied {
			continue
		}
		if n++; n > 1 {
			frame = append(frame, ',')
		}
		frame = cf.append(frame, w)
		w.due = now + int64(w.every)
	}
	if n == 0 {
		return step{kind: again}
	}
	cf.written = now
	return step{kind: latestEvents, frame: cf.end(frame), events: n}
}

// picked is how many of the topics that have waited longest are looked at for a
// frame: none can be passed over for more than so many others.
const picked = 64

func (cf *conflation) pick(now int64) (rows []*row) {
	for len(rows) < picked && len(cf.waiting) > 0 && cf.waiting[0].ready <= now {
		rows = append(rows, heap.Pop(&cf.waiting).(*row))
	}
	slices.SortStableFunc(rows[1:], func(a, b *row) int { return b.record.entry.id.Compare(a.record.entry.id) })
	return rows
}

func (cf *conflation) putBack(rows []*row) {
	for _, w := range rows {
		heap.Push(&cf.waiting, w)
	}
}

func openLatest() []byte {
	return append(make([]byte, 0, latestBytes+128), `{"wakesocket":"`+wire.KindLatest+`","events":[`...)
}

// append appends the newest event of a row, with what its envelope says beside that
// of others.
func (cf *conflation) append(frame []byte, w *row) []byte {
	r := w.record
	frame = append(frame, r.entry.frame[:len(r.entry.frame)-1]...)
	if skipped := r.count - w.count - 1; w.known && skipped > 0 {
		frame = strconv.AppendUint(append(frame, `,"skipped":`...), skipped, 10)
	}
	if w.sent.IsZero() && cf.counting == cf.table.counting && r.count > 0 {
		frame = strconv.AppendUint(append(frame, `,"count":`...), r.count, 10)
	}
	w.count, w.known, w.sent = r.count, true, r.entry.id
	return append(frame, '}')
}

// end ends a frame. It tells up to where everything was sent when that has moved.
func (cf *conflation) end(frame []byte) []byte {
	frame = append(frame, ']')
	if at := cf.complete(); cf.lack == nil && at != cf.told {
		cf.told = at
		frame = append(at.Append(append(frame, `,"at":"`...)), '"')
	}
	return append(frame, '}')
}

// sendLatest writes a frame with newest events. Its bytes are the client's own, so
// they count in the budget.
func (c *client) sendLatest(frame []byte, events int) bool {
	if !c.feed.memory.claim(cap(frame)) {
		c.feed.dropMostStuck()
	}
	defer c.feed.memory.give(cap(frame))
	c.feed.options.Observer.EventsSent(events)
	return c.writeLong(frame)
}

// wakeIn has the writer look again after a while.
func (cf *conflation) wakeIn(d time.Duration, wake func()) {
	if cf.timer == nil {
		cf.timer = time.AfterFunc(d, wake)
	} else {
		cf.timer.Reset(d)
	}
}

// announce wakes a client that waits for any of its topics to change. One that has
// something to send looks by itself.
func (c *client) announce() {
	if cf := c.conflation.Load(); cf != nil && !cf.awake.Swap(true) {
		c.wake()
	}
}
