package sim

import (
	"strconv"

	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
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
		if c.log.counter && j.known && j.log != c.log && (k.after != "" || j.cursor != "") {
			return // its first event shows whether its numbers begin anew
		}
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

// gap must name the hole as the server did; that of ids which began anew must be
// one.
func (j *judge) gap(in input, e session.Gap) {
	j.gapTold = true
	j.w.stats.Gaps++
	if e.Reason == wire.GapRestarted {
		j.restarted(in, e)
		return
	}
	p := in.packet
	if p == nil || p.kind != hello || p.start.gap == nil || *p.start.gap != e {
		j.violated(ruleOnce, "a gap was reported that the server knows nothing of: %+v", e)
	}
}

// restarted is a gap of which only the session knows. A replay that takes longer
// than events may be withheld looks the same.
func (j *judge) restarted(in input, e session.Gap) {
	k := in.socket
	if len(j.held) > 0 {
		k = j.held[0].socket
	} else if in.packet == nil || in.packet.kind != events || j.tab.socket(k.gen) != k {
		k = j.tab.socket(j.shown.Generation)
	}
	n, err := strconv.Atoi(e.Earliest)
	if k == nil || k.conn == nil || err != nil {
		j.violated(ruleOnce, "ids are said to begin anew with %q, on no connection", e.Earliest)
	}
	slow := j.w.cfg.Resume == ignores && j.w.now-k.brought >= 900*ms
	switch in.Input.(type) {
	case session.Tick, session.Events:
	default:
		slow = slow || j.w.cfg.Resume == ignores // the connection ended in the middle of it
	}
	if log := k.conn.log; log == j.log && !slow {
		j.violated(ruleOnce, "ids are said to begin anew with %q, the page has %s", e.Earliest, j.log.id(j.n))
	}
	j.known, j.log, j.n, j.last, j.first = true, k.conn.log, n-1, n-1, n
}

// held is an event that is withheld in doubt.
type held struct {
	socket *socket
	log    *epoch
	n      int
}

// deliver judges what becomes of the events of a burst.
func (j *judge) deliver(in input, e session.Deliver) {
	p, ids := in.packet, in.Input.(session.Events).IDs
	if len(e.Mask) != len(ids) || e.Held > len(ids) {
		j.violated(ruleLegal, "%d events were answered by a mask of %d, %d held", len(ids), len(e.Mask), e.Held)
	}
	p.each(func(i, n int) {
		switch h := (held{in.socket, p.log, n}); {
		case e.Mask[i]:
			if j.tab.socket(h.socket.gen) != h.socket {
				j.violated(ruleSockets, "%s was delivered from %d, which was given up", h.log.id(h.n), h.socket.gen)
			}
			j.got(h)
		case i >= len(ids)-e.Held:
			if len(j.held) == 0 {
				j.heldSince = j.w.now
			}
			j.held = append(j.held, h)
		default:
			j.withheld(h)
		}
	})
}

// release judges what becomes of the held events.
func (j *judge) release(e session.Release) {
	all := j.held
	j.held = nil
	if len(all) != len(e.Mask) {
		j.violated(ruleLegal, "%d held events were answered by a mask of %d", len(all), len(e.Mask))
	}
	for i, h := range all {
		if e.Mask[i] {
			j.got(h)
		} else {
			j.withheld(h)
		}
	}
}

// got is an event that reaches the page.
func (j *judge) got(h held) {
	j.begin(h.socket)
	if j.known && j.log != h.log && h.log.counter && h.n > j.last {
		j.log, j.n = h.log, h.n-1 // nobody can know
	}
	switch {
	case !j.known || j.log != h.log:
		j.violated(ruleOnce, "%s comes without a gap from another epoch of the log", h.log.id(h.n))
	case h.n <= j.n:
		j.violated(ruleOnce, "%s was delivered twice", h.log.id(h.n))
	case j.wanted(j.n, h.n-1):
		j.violated(ruleOnce, "%s follows %s", h.log.id(h.n), j.log.id(j.n))
	}
	j.n, j.last = h.n, h.n
	j.most = max(j.most, h.n)
	if j.first == 0 {
		j.first = h.n
	}
}

// withheld is an event that the page does not get: it must have it already, or
// one that says the same, or must have forgotten the other of its number.
func (j *judge) withheld(h held) {
	if h.socket == nil || j.tab.socket(h.socket.gen) != h.socket {
		return
	}
	switch remembers := h.n >= j.first && j.first > 0; {
	case !j.known || j.log == h.log && h.n <= j.n:
	case h.log.counter && h.n <= j.most && (h.log.same || !remembers):
		j.log, j.n, j.last = h.log, h.n, h.n
	default:
		j.violated(ruleOnce, "%s was withheld, the page has %s", h.log.id(h.n), j.log.id(j.n))
	}
}

// moved judges the cursor: it stands where the page is, neither after it, which
// would lose events, nor before it, which would repeat them after a reload.
func (j *judge) moved(cursor string) {
	j.cursor = cursor
	n, err := strconv.Atoi(cursor)
	if !j.w.cfg.counter() {
		name, major, _, ok := parseID(cursor)
		n, err = int(major), nil
		if !ok || j.known && name != j.log.name {
			err = strconv.ErrSyntax
		}
	}
	if err != nil || !j.known {
		j.violated(ruleOnce, "the cursor is %q, the page has %v", cursor, j.known)
	}
	if j.wanted(j.n, n) {
		j.violated(ruleOnce, "the cursor is at %s, the page has %s", cursor, j.log.id(j.n))
	}
	if j.wanted(n, j.n) {
		j.violated(ruleOnce, "the cursor fell back to %s, the page has %s", cursor, j.log.id(j.n))
	}
}

// goesOnFrom says that the page has the state at this position and nothing else.
func (j *judge) goesOnFrom(at string) {
	if log, n, ok := j.w.place(at); ok && n <= log.top() {
		j.known, j.log, j.n, j.last, j.most = true, log, n, n, n
	} else {
		j.known, j.log, j.n = false, nil, 0
	}
}

// program judges the state that a page shows, which is that after all the events that
// the session has delivered.
func (j *judge) program(p *program) {
	if j.shown.Name != session.Live || p.stream.Pending() {
		return
	}
	if want := j.w.truth(j.log, j.n); p.total != want {
		j.violated(ruleState, "%d is shown at %s, the state is %d at %s", p.total, p.at, want, j.log.id(j.n))
	}
}

// atTheEnd of a day everything is live and complete.
func (j *judge) atTheEnd() {
	j.look()
	if j.shown.Name != session.Live {
		j.violated(ruleHealed, "at the end of the day the page is %s: %s", j.shown.Name, j.shown.Cause)
	}
	if log := j.w.server.log; j.log != log || j.wanted(j.n, log.top()) {
		j.violated(ruleOnce, "the page has %s, the log is at %s", j.log.id(j.n), log.id(log.top()))
	}
	p := j.tab.program
	switch {
	case p == nil:
	case p.stream.Pending():
		j.violated(ruleHealed, "at the end of the day there is no snapshot: %s", p.stream.Failure())
	default:
		p.values.atTheEnd()
	}
}
