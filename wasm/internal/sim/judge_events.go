package sim

import (
	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/web/store"
)

// wanted reports whether an event that the page wants lies in from+1 to to.
func (j *judge) wanted(from, to int) bool {
	every := j.w.cfg.Topics
	return to/every > from/every
}

// begin is the first frame of a socket that is to deliver. A plain server begins
// where it can, and cannot tell of a hole.
func (j *judge) begin(k *socket) {
	if k.begun {
		return
	}
	k.begun = true
	if c := k.conn; j.w.cfg.Plain && c.log != nil {
		if j.log != c.log {
			j.last = 0
		}
		j.known, j.log, j.n = true, c.log, max(c.from, j.last)
	}
}

// greeted is a hello that the session took.
func (j *judge) greeted(p *packet) {
	switch from := p.start; {
	case from.gap != nil:
		if !j.gapTold {
			j.violated(ruleOnce, "the page was not told of the gap (%s)", from.gap.Reason)
		}
		if j.log != p.log || p.to > j.n {
			j.known, j.log, j.n = true, p.log, p.to
		}
	case from.resumed:
		if j.known && (j.log != p.log || j.wanted(j.n, p.to)) {
			j.violated(ruleOnce, "resumed at %s, the page has %s", p.log.id(p.to), j.log.id(j.n))
		}
		if !j.known {
			j.known, j.log, j.n = true, p.log, p.to
		}
	default:
		if j.known {
			j.violated(ruleOnce, "began anew at %s, the page has %s", p.log.id(p.to), j.log.id(j.n))
		}
		j.known, j.log, j.n = true, p.log, p.to
	}
}

// move is a position told by the server.
func (j *judge) move(log *epoch, n int) {
	if log != j.log || j.wanted(j.n, n) {
		j.violated(ruleOnce, "the server told %s, the page has %s", log.id(n), j.log.id(j.n))
	}
	j.n = max(j.n, n)
}

// gap must name the hole as the server did.
func (j *judge) gap(in input, e session.Gap) {
	j.gapTold = true
	j.w.stats.Gaps++
	p := in.packet
	if p == nil || p.kind != hello || p.start.gap == nil || *p.start.gap != e {
		j.violated(ruleOnce, "a gap was told that the server knows nothing of: %+v", e)
	}
}

// deliver judges the events that reach the page.
func (j *judge) deliver(in input, mask []bool) {
	p, ids := in.packet, in.Input.(session.Events).IDs
	if mask != nil && len(mask) != len(ids) {
		j.violated(ruleLegal, "%d events were answered by a mask of %d", len(ids), len(mask))
	}
	p.each(func(i, n int) {
		if mask != nil && !mask[i] {
			return
		}
		if j.tab.socket(in.socket.gen) != in.socket {
			j.violated(ruleSockets, "%s was delivered from %d, which was given up", p.log.id(n), in.socket.gen)
		}
		j.begin(in.socket)
		switch {
		case !j.known || j.log != p.log:
			j.violated(ruleOnce, "%s comes without a gap from another life of the log", p.log.id(n))
		case n <= j.n:
			j.violated(ruleOnce, "%s was delivered twice", p.log.id(n))
		case j.wanted(j.n, n-1):
			j.violated(ruleOnce, "%s follows %s", p.log.id(n), p.log.id(j.n))
		}
		j.n, j.last = n, n
	})
}

// moved judges the cursor: it stands where the page is, neither ahead, which
// would lose events, nor behind, which would repeat them after a reload.
func (j *judge) moved(cursor string) {
	j.cursor = cursor
	id, ok := store.ParseID(cursor)
	if !ok || !j.known || id.Epoch != j.log.name {
		j.violated(ruleOnce, "the cursor is %q, the page has %v", cursor, j.known)
	}
	n := int(id.Major)
	if j.wanted(j.n, n) {
		j.violated(ruleOnce, "the cursor is at %s, the page has %s", cursor, j.log.id(j.n))
	}
	if j.wanted(n, j.n) {
		j.violated(ruleOnce, "the cursor fell back to %s, the page has %s", cursor, j.log.id(j.n))
	}
}

// atTheEnd of a day everything is live and complete.
func (j *judge) atTheEnd() {
	j.look()
	if j.shown.Name != session.Live {
		j.violated(ruleHealed, "the evening finds the page %s: %s", j.shown.Name, j.shown.Cause)
	}
	if log := j.w.server.log; j.log != log || j.wanted(j.n, log.top()) {
		j.violated(ruleOnce, "the page has %s, the log is at %s", j.log.id(j.n), log.id(log.top()))
	}
}
