package feed

import "github.com/wakesocket/wakesocket/web/store"

// past knows the last event of each name that the ring has evicted. So a client with
// rare topics that resumes before the ring need not read the log up to there when
// none of its topics occurs in between.
type past struct {
	from store.ID            // every eviction after this position is known
	last map[string]store.ID // by topic or pattern
}

// pastNames bounds the memory: when there are more names, all are forgotten.
const pastNames = 64 << 10

func (p *past) reset(from store.ID) { p.from, p.last = from, map[string]store.ID{} }

// evicted notes an event that leaves the ring.
func (p *past) evicted(e *entry) {
	if len(p.last)+len(e.lists) > pastNames {
		p.reset(e.id)
		return
	}
	for _, l := range e.lists {
		p.last[l.name] = e.id
	}
}

// none reports whether it is known that no event with one of the names was evicted
// after the position.
func (p *past) none(names map[string]struct{}, after store.ID) bool {
	if names == nil || after.Epoch != p.from.Epoch || after.Compare(p.from) < 0 {
		return false
	}
	for name := range names {
		if last, ok := p.last[name]; ok && last.Compare(after) > 0 {
			return false
		}
	}
	return true
}

// begin returns the place where the ring begins, if the client wants nothing of
// what lies between its position and that.
func (r *ring) begin(pos store.ID, names map[string]struct{}) (m mark, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if pos.Compare(r.base) >= 0 || !r.past.none(names, pos) {
		return mark{}, false
	}
	return mark{cursor{r.resets, r.first}, r.base}, true
}
