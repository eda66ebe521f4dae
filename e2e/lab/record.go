package lab

import (
	"slices"
	"time"
)

// record is what the browser reported of a page's connections, in rows: one row
// for each client of the page, with its connections in the order of their dials.
// It owns no clock and no lock.
type record struct {
	rows  []*row
	began time.Time // when the trial began; zero before
}

// row is one client of the page.
type row struct {
	connections []*connection
	requests    []time.Time // dials of requests beside the connections, since the trial
	from        time.Time   // moment from which the times of the trial count
	late        bool        // did not redial while redials hung
	isNew       bool        // first seen after the trial began
}

func (r *row) newest() *connection { return r.connections[len(r.connections)-1] }

// hearing reports whether anything was received before the trial.
func (r *row) hearing() bool {
	for _, c := range r.connections {
		if !c.first.IsZero() && c.first.Before(r.from) {
			return true
		}
	}
	return false
}

// dial adds a connection to the row that it belongs to. It is false for a request that
// is none: a client that polls sends its messages beside that.
func (r *record) dial(c *connection) bool {
	for _, w := range r.rows {
		if c.isMessageOf(w.newest()) {
			return false
		}
	}
	if best := r.match(c); best != nil {
		best.connections = append(best.connections, c)
	} else if !r.began.IsZero() && c.kind == Polling {
		r.accompany(c)
	} else {
		r.rows = append(r.rows, &row{connections: []*connection{c}, from: r.began, isNew: !r.began.IsZero()})
	}
	return true
}

// match finds the client that dialed the connection. Before the trial a client has
// one connection: whoever dials while that is open is another client. From then on
// clients redial beside a connection that they have given up.
func (r *record) match(c *connection) (best *row) {
	highest := 0.0
	for _, w := range r.rows {
		newest := w.newest()
		replaced := !newest.open() || !r.began.IsZero() && newest.dialed.Before(r.began)
		if r.began.IsZero() && !replaced {
			continue
		}
		score := similarity(newest, c)
		if score > 0 && replaced {
			score += 1.5
		}
		if score > highest {
			best, highest = w, score
		}
	}
	return best
}

// lateEnd is by how much the browser may tell of an end after the dial that follows it.
const lateEnd = 250 * time.Millisecond

// end notes the end of a connection. A client that dialed as soon as it ended, and was
// told of first, looked like another client until now.
func (r *record) end(c *connection, now time.Time) {
	c.ended = now
	if !r.began.IsZero() {
		return // from then on a connection that is open hides no redial
	}
	ended := slices.IndexFunc(r.rows, func(w *row) bool { return w.newest() == c })
	next, highest := -1, 0.0
	for i, w := range r.rows {
		dial := w.newest()
		if i == ended || len(w.connections) > 1 || !dial.open() || now.Sub(dial.dialed) > lateEnd {
			continue
		}
		if score := similarity(c, dial); score > highest {
			next, highest = i, score
		}
	}
	if ended >= 0 && next >= 0 {
		r.rows[ended].connections = append(r.rows[ended].connections, r.rows[next].newest())
		r.rows = slices.Delete(r.rows, next, next+1)
	}
}

// remove forgets a request that turned out to be no connection.
func (r *record) remove(c *connection) {
	for _, w := range r.rows {
		w.connections = slices.DeleteFunc(w.connections, func(other *connection) bool { return other == c })
	}
	r.rows = slices.DeleteFunc(r.rows, func(w *row) bool { return len(w.connections) == 0 })
}

// accompany notes a request that a client makes beside its connections.
func (r *record) accompany(request *connection) {
	for _, w := range r.rows {
		if accompanies(request, w.newest()) {
			w.requests = append(w.requests, request.dialed)
			return
		}
	}
}

// forget removes the connections of a context that is gone. Before the trial the
// rows go with them: their page was left.
func (r *record) forget(session string, now time.Time) {
	kept := r.rows[:0]
	for _, w := range r.rows {
		gone := w.newest().session == session
		for _, c := range w.connections {
			if c.session == session && c.open() {
				c.ended = now
			}
		}
		if !gone || !r.began.IsZero() {
			kept = append(kept, w)
		}
	}
	r.rows = kept
}

const (
	// streamAfter is how long a request must be open to be a stream.
	streamAfter = 2 * time.Second
	// quietAfter is how long a connection may be open without receiving anything
	// before it counts as one that receives nothing by itself.
	quietAfter = 3 * time.Second
)

// polls reports whether the requests of a row bring events now: one has been open
// for a while, or they come at intervals.
func (r *row) polls(now time.Time) bool {
	newest := r.newest()
	if newest.open() && now.Sub(newest.dialed) >= streamAfter {
		return true
	}
	n := len(r.connections)
	if n < 2 {
		return false
	}
	interval := newest.dialed.Sub(r.connections[0].dialed) / time.Duration(n-1)
	return now.Sub(newest.dialed) <= interval*3/2+time.Second
}

// ready reports whether there is something to test, and all of it is well or has
// had the time to be.
func (r *record) ready(now time.Time) bool {
	found := false
	for _, w := range r.rows {
		c := w.newest()
		switch {
		case c.kind == Polling:
			found = found || w.polls(now)
		case c.open() && c.first.IsZero() && now.Sub(c.dialed) < quietAfter:
			return false
		default:
			found = found || !c.opened.IsZero() && c.open()
		}
	}
	return found
}

// lastDial is when a client last dialed; requests repeat, and do not count.
func (r *record) lastDial() (last time.Time) {
	for _, w := range r.rows {
		if c := w.newest(); c.kind != Polling && c.dialed.After(last) {
			last = c.dialed
		}
	}
	return last
}

// begin starts a trial. Requests that bring no events are left out.
func (r *record) begin(now time.Time) {
	r.began = now
	kept := r.rows[:0]
	for _, w := range r.rows {
		if w.newest().kind == Polling && !w.polls(now) {
			continue
		}
		w.from = now
		kept = append(kept, w)
	}
	r.rows = kept
}

// count starts the times of all rows anew.
func (r *record) count(from time.Time) {
	for _, w := range r.rows {
		w.from = from
	}
}

// redial is the first dial of the client after a moment, a request beside its
// connections included; zero when there was none.
func (r *row) redial(after time.Time) (first time.Time) {
	for _, c := range r.connections {
		if c.dialed.After(after) {
			first = c.dialed
			break
		}
	}
	for _, at := range r.requests {
		if at.After(after) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// back is when the client received the first event on a connection dialed since
// the trial. A client that received nothing before it is back when that is open.
func (r *row) back() (at time.Time) {
	for _, c := range r.connections {
		at = c.first
		if !r.hearing() {
			at = c.opened
		}
		if c.dialed.After(r.from) && !at.IsZero() {
			return at
		}
	}
	return time.Time{}
}

func (r *record) allBack() bool {
	for _, w := range r.rows {
		if !w.isNew && w.back().IsZero() {
			return false
		}
	}
	return true
}
