package feed

import (
	"maps"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// leaveRing has the client read pages of the store from its position on.
func (c *client) leaveRing() step {
	c.inRing, c.page = false, bookmark{key: pageKey{after: c.pos}}
	return step{kind: again}
}

// forgetPage makes the client read anew what it may have read for other topics; it runs
// under mu.
func (c *client) forgetPage() {
	c.proof = store.ID{}
	if c.filterChanges++; c.feed.pager.topics != nil {
		c.page, c.emptyAt = bookmark{key: pageKey{after: c.pos}}, cursor{}
	}
	if c.inRing && !c.feed.ring.hasAfter(c.pos, c.filter.names) {
		c.inRing = false // the ring was not given the new topics yet when the client's position passed
	}
}

// lastingPosition is what the client is told as its position; it runs under mu.
func (c *client) lastingPosition() store.ID {
	if c.feed.pager.topics == nil || c.later || c.conflation.Load() != nil {
		return c.pos
	}
	if last := c.feed.ring.lasting(c.pos, c.filter.names); last != c.pos && last.Compare(c.proof) > 0 {
		c.proof = last
	}
	if c.proof.Epoch == c.pos.Epoch {
		return c.proof
	}
	return c.pos
}

// storeHasNoMore reports whether the store had nothing after the client, and the
// ring has not grown since.
func (c *client) storeHasNoMore() bool {
	head, _, _ := c.feed.ring.head()
	return c.emptyAt == head
}

// currentPage is what is left of the client's page, if the pager still has it.
func (c *client) currentPage() []entry {
	entries := c.feed.pager.cached(c.page.key)
	return entries[min(c.page.done, len(entries)):]
}

// fromPage takes the next batch of a page.
func (c *client) fromPage(page []entry) step {
	b := c.newBatch()
	for i := range page {
		e := &page[i]
		wanted := e.frame != nil && c.filter.has(e.topic) && !c.filter.passes(e)
		if wanted {
			allowed, known := c.filter.allows(e.topic)
			if !known && b.n == 0 {
				return step{kind: askHook, topic: e.topic}
			}
			if !known || allowed && !b.add(e) {
				break
			}
			wanted = allowed
		}
		c.skipped = !wanted
		c.pos = e.id
		c.page.done++
	}
	if b.n > 0 {
		c.proof = b.last
	}
	c.replayed += b.n
	return step{kind: events, batch: b}
}

// readPage reads the next page from the store. A gap that opened meanwhile can be
// told only in a hello, so the client is sent to get one.
func (c *client) readPage() []entry {
	c.mu.Lock()
	pos, names, changes := c.pos, maps.Clone(c.filter.names), c.filterChanges
	c.mu.Unlock()
	head, _, _ := c.feed.ring.head()
	page, key, err := c.feed.pager.read(pos, names, true) // pos was proved, or came from the log
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.readFor = changes; c.filterChanges != changes {
		return nil // the page may lack topics that the client wants by now
	}
	reason, gap := store.AsGap(err)
	switch {
	case gap && reason == store.Trimmed:
		c.feed.lost.add(c.resumed)
		c.closeWithAdvice(causeLapped, wire.CloseRestart, "log trimmed past the client")
	case gap:
		c.closeWithAdvice(causeEpoch, wire.CloseRestart, "log epoch changed")
	case err != nil:
		c.feed.options.Observer.StoreFailed(operationAfter)
		c.closeWithAdvice(causeStore, wire.CloseTryLater, "the log cannot be read")
	case len(page) == 0:
		c.emptyAt = head
	default:
		c.page = bookmark{key: key}
	}
	return page
}
