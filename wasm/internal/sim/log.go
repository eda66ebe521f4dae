package sim

import (
	"fmt"

	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// epoch is one life of the server's log. Event n has the id ids[n-1]; those up
// to base can no longer be had by clients, but the judge remembers them.
type epoch struct {
	name string
	ids  []string
	base int
}

func newEpoch(number int) *epoch { return &epoch{name: fmt.Sprintf("e%d", number)} }

func (e *epoch) top() int { return len(e.ids) }

func (e *epoch) publish(n, retain int) {
	for range n {
		e.ids = append(e.ids, e.id(e.top()+1))
	}
	e.trim(e.top() - retain)
}

func (e *epoch) trim(base int) { e.base = max(e.base, min(base, e.top())) }

// id is the text of a position: that of an event, or of the start of the log.
func (e *epoch) id(n int) string {
	return store.ID{Epoch: e.name, Major: uint64(n)}.String()
}

// start is where a connection begins, by the rules of web/feed/resume.go: exact,
// or a gap behind which everything retained is replayed.
type start struct {
	pos     int
	resumed bool
	live    bool
	gap     *session.Gap
}

func (e *epoch) resume(after string) start {
	if after == "" {
		return start{pos: e.top(), live: true}
	}
	id, ok := store.ParseID(after)
	switch {
	case !ok:
		return e.gap(after, wire.GapInvalid)
	case id.Epoch != e.name:
		return e.gap(after, wire.GapEpoch)
	case id.Minor != 0:
		return e.gap(after, wire.GapInvalid)
	case id.Major > uint64(e.top()):
		return e.gap(after, wire.GapFuture)
	case id.Major < uint64(e.base):
		return e.gap(after, wire.GapTrimmed)
	}
	return start{pos: int(id.Major), resumed: true, live: int(id.Major) == e.top()}
}

func (e *epoch) gap(after, reason string) start {
	gap := &session.Gap{After: after, Reason: reason}
	if e.base < e.top() {
		gap.Earliest = e.ids[e.base]
	}
	return start{pos: e.base, live: e.base == e.top(), gap: gap}
}
