package session

// remembered ids cover the overlap of two sockets and servers that repeat.
const ringSize = 1024

// ring remembers the last ids that were delivered.
type ring struct {
	known map[string]struct{}
	order []string
	next  int
}

// add reports whether the id is new, and remembers it.
func (r *ring) add(id string) bool {
	if _, old := r.known[id]; old {
		return false
	}
	if r.known == nil {
		r.known = make(map[string]struct{}, ringSize)
	}
	if len(r.order) < ringSize {
		r.order = append(r.order, id)
	} else {
		delete(r.known, r.order[r.next])
		r.order[r.next] = id
		r.next = (r.next + 1) % ringSize
	}
	r.known[id] = struct{}{}
	return true
}
