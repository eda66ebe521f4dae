package feed

import (
	"container/heap"
	"encoding/json"
	"slices"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// lack is what a client may lack of the newest events and the table does not know:
// those of the log that are older.
type lack struct {
	since  string   // the position that the client named
	after  store.ID // the same; zero when it is none of this log
	before store.ID // what is not older than this has been found; zero at first
}

// conflate begins to send the client the newest events of some topics, after a
// position; since is what the client named for it, if anything. It runs under mu,
// or before the client is served.
func (c *client) conflate(position store.ID, since string) {
	table := c.feed.newest
	if since != "" {
		position, _ = store.ParseID(since)
	}
	cf := newConflation(table, position, c.counting)
	table.mu.RLock()
	known := position.Epoch == table.from.Epoch && position.Compare(table.from) >= 0
	if position.Epoch != table.from.Epoch {
		cf.seen = store.ID{Epoch: table.from.Epoch}
		position = store.ID{}
	}
	table.mu.RUnlock()
	if !known || !c.feed.ring.hasAfter(position, c.filter.latestNames()) {
		cf.lack = &lack{since: since, after: position}
	}
	c.conflation.Store(cf)
}

// readLack finds in the log what the client lacks, newest first and a part at a
// time. A gap that is told already in the hello is not told again.
func (c *client) readLack() bool {
	c.mu.Lock()
	cf := c.conflation.Load()
	l := cf.lack
	first := l.before.IsZero()
	s := cf.search(&c.filter)
	c.mu.Unlock()
	var err error
	if first && l.since != "" && c.gap == "" {
		var from start
		if from, err = c.feed.place(l.since, s.filter.names); err == nil && from.gap != nil {
			c.sendControl(latestGap(from.gap))
		}
	}
	if err == nil {
		err = c.feed.history(s, c.sendPongs)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.feed.options.Observer.StoreFailed(operationAfter)
		c.closeWithAdvice(causeStore, wire.CloseTryLater, "the log cannot be read")
		cf.lack = nil
		return true
	}
	for i := range s.found {
		cf.found(&s.found[i], &c.filter, monotonicNow())
	}
	if s.full {
		l.before = afterHead(s.from)
		return true
	}
	cf.lack = nil
	if !s.done() {
		c.controls = append(c.controls, latestGap(&wire.Gap{After: l.since, Reason: wire.GapLimited}))
	}
	return true
}

// search looks for topics that have no row yet.
func (cf *conflation) search(f *filter) *search {
	s := &search{
		filter: filter{names: f.latestNames(), patterns: true}, after: cf.lack.after, before: cf.lack.before,
		each: 1, events: historyEvents, bytes: historyBytes, counts: map[string]int{},
	}
	for topic := range cf.rows {
		s.counts[topic] = 1
	}
	if s.before.IsZero() {
		cf.table.mu.RLock()
		defer cf.table.mu.RUnlock()
		since, _ := cf.table.ring.since(s.filter.names) // in the epoch of the table, or zero
		s.before = afterHead(later(cf.table.from, since))
	}
	return s
}

// found has a topic wait whose newest event was found in the log.
func (cf *conflation) found(e *entry, f *filter, now int64) {
	every, _ := f.rule(e.topic)
	if every == 0 || cf.rows[e.topic] != nil {
		return
	}
	w := &row{record: &record{entry: *e}, every: every, starts: true}
	cf.rows[e.topic] = w
	cf.starting++
	w.after, w.ready = cf.told, now
	heap.Push(&cf.waiting, w)
	cf.order = slices.Insert(cf.order, 0, turn{w, w.after})
}

func latestGap(gap *wire.Gap) []byte {
	frame, _ := json.Marshal(wire.LatestEvents[json.RawMessage]{Kind: wire.KindLatest, Events: []json.RawMessage{}, Gap: gap})
	return frame
}

// placeNow is the client's position at the moment. Topics that it is about to ask
// for count from there.
func (c *client) placeNow() (position store.ID) {
	c.input(func(*inputs) { position = c.pos })
	return position
}

// changeLatest changes the filter, and what follows from that for the newest events;
// it runs under mu.
func (c *client) changeLatest(change func(*filter), position store.ID) {
	f, now := &c.filter, monotonicNow()
	cf := c.conflation.Load()
	if cf != nil && !c.later {
		cf.look(f, now)
	}
	change(f)
	c.forgetPage()
	switch {
	case cf != nil:
		if !c.later {
			cf.leave(f, c.pos)
			cf.follow(f, position, now)
			c.lackMore(position)
		}
	case len(f.latest) > 0:
		if c.later {
			c.conflate(c.pos, c.latest)
		} else {
			c.conflate(position, "")
			c.conflation.Load().begun = true
		}
		keepFresh(c.network.Conn)
	}
}

// lackMore has the log searched for newest events that the ring was not given: those of
// topics that are followed only since after the position. It runs under mu.
func (c *client) lackMore(position store.ID) {
	cf := c.conflation.Load()
	if c.feed.ring.hasAfter(position, c.filter.latestNames()) {
		return
	}
	if cf.lack != nil { // what it looks for is not what the client lacks now
		c.closeWithAdvice(causeStore, wire.CloseTryLater, "the log is still read for other topics")
		return
	}
	cf.lack = &lack{after: position}
}

// stopConflation ends the timer of a client that is gone.
func (c *client) stopConflation() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cf := c.conflation.Load(); cf != nil && cf.timer != nil {
		cf.timer.Stop()
	}
}
