package native

import (
	"cmp"
	"time"

	"github.com/wakesocket/wakesocket/wasm/internal/snapshot"
	"github.com/wakesocket/wakesocket/wasm/session"
)

// deliver queues the events that the mask lets through, unless they have to wait for
// a snapshot.
func (l *loop) deliver(events []Event, mask []bool, gaps map[session.Gap]int) {
	for i, e := range events {
		if !mask[i] {
			continue
		}
		for gap, place := range gaps {
			if place == i {
				l.gap(gap)
			}
		}
		l.cursor = cmp.Or(e.ID, l.cursor)
		l.mu.Lock()
		l.lastAt = e.Received
		l.Client.fresh.received(e)
		l.mu.Unlock()
		if l.event(e); l.snapshots.back != "" {
			return
		}
	}
}

// event queues an event, unless it has to wait for a snapshot.
func (l *loop) event(e Event) {
	if s := l.snapshots.stream; s != nil {
		id := e.ID
		if e.History {
			id = ""
		}
		s.Event(snapshot.Item[Event]{Event: e, ID: id, Size: len(e.Raw)})
		return
	}
	l.push(e, e.Received)
}

// push queues an event that waits since a moment, unless it is one of those of which
// only the newest is wanted and may not come yet. The cursor of one without an id is
// that of the one before.
func (l *loop) push(e Event, since time.Time) {
	if e.History {
		e.Cursor = l.told
		l.queue.push(item{event: &e, since: since})
		return
	}
	before := l.told
	l.told = cmp.Or(e.ID, l.told)
	l.latest.event(e, since, before)
}

func (l *loop) gap(g session.Gap) {
	if s := l.snapshots.stream; s != nil && !s.Gap(g.Reason) {
		return
	}
	l.latest.conflation.Flush(l.now) // what came before
	l.queue.push(item{gap: &Gap{After: g.After, Earliest: g.Earliest, Reason: g.Reason}})
}

// move takes a position without an event.
func (l *loop) move(cursor string) {
	if cursor == l.cursor || l.snapshots.back != "" {
		return
	}
	l.cursor = cursor
	if s := l.snapshots.stream; s != nil {
		if s.Moved(cursor); s.Pending() {
			return
		}
	}
	l.told = cursor
	l.latest.moved()
}
