package session

import "time"

// recentSize is how many ids are remembered: enough for the overlap of two
// sockets and for servers that repeat.
const recentSize = 1024

// recent remembers the last events that were delivered.
type recent struct {
	known map[string]delivery
	order []string
	next  int
}

// delivery is what is remembered of an event.
type delivery struct {
	content    string // a digest of the event, "" when the driver gave none
	generation int    // of the socket that brought it
	at         time.Duration
}

// same reports whether an event with the same id can be the same event.
func (d delivery) same(content string) bool {
	return d.content == "" || content == "" || d.content == content
}

// add remembers an id, or what it says now.
func (r *recent) add(id string, d delivery) {
	if r.known == nil {
		r.known = make(map[string]delivery, recentSize)
	}
	if _, known := r.known[id]; known {
		r.known[id] = d
		return
	}
	if len(r.order) < recentSize {
		r.order = append(r.order, id)
	} else {
		delete(r.known, r.order[r.next])
		r.order[r.next] = id
		r.next = (r.next + 1) % recentSize
	}
	r.known[id] = d
}

// forget empties it.
func (r *recent) forget() { *r = recent{} }
