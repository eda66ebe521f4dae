package feed

import (
	"cmp"
	"slices"

	"github.com/wakesocket/wakesocket/web/store"
)

// past knows what the ring has evicted: the place of each event, and the last event
// of each name. So a client with rare topics that comes back to a position before the
// ring need not read the log up to there when none of its topics occurs in between.
// It is told of no gap even when the log has dropped that position, since a busy topic
// has filled it.
type past struct {
	from   store.ID            // every eviction after this position is known
	last   map[string]store.ID // by topic or pattern
	places []point             // of the position from and of events after it, oldest first
}

// point is an id without its epoch.
type point struct{ major, minor uint64 }

const (
	pastNames  = 64 << 10 // when there are more names, all is forgotten
	pastEvents = 1 << 20  // when there are more places, the older half is forgotten
)

func (p *past) reset(from store.ID) {
	p.from, p.last = from, map[string]store.ID{}
	p.places = append(p.places[:0], point{from.Major, from.Minor})
}

// evicted notes an event that leaves the ring.
func (p *past) evicted(e *entry) {
	if len(p.last)+len(e.lists) > pastNames {
		p.reset(e.id)
		return
	}
	for _, l := range e.lists {
		p.last[l.name] = e.id
	}
	if len(p.places) == pastEvents {
		p.places = append(p.places[:0], p.places[pastEvents/2:]...)
	}
	p.places = append(p.places, point{e.id.Major, e.id.Minor})
}

// has reports whether the position is that of an event which the ring had, or the one
// where the ring began. The log need not prove it then.
func (p *past) has(pos store.ID) bool {
	if pos.Epoch != p.from.Epoch {
		return false
	}
	_, found := slices.BinarySearchFunc(p.places, pos, func(at point, pos store.ID) int {
		return cmp.Or(cmp.Compare(at.major, pos.Major), cmp.Compare(at.minor, pos.Minor))
	})
	return found
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
// what lies between its position and that. The position must have been proved.
func (r *ring) begin(pos store.ID, names map[string]struct{}) (m mark, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.beginLocked(pos, names)
}

// proveBegin is begin for a position that nobody has proved yet.
func (r *ring) proveBegin(pos store.ID, names map[string]struct{}) (m mark, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if !r.past.has(pos) {
		return mark{}, false
	}
	return r.beginLocked(pos, names)
}

func (r *ring) beginLocked(pos store.ID, names map[string]struct{}) (m mark, ok bool) {
	if since, ok := r.sinceLocked(names); !ok || pos.Compare(since) < 0 || pos.Compare(r.base) >= 0 || !r.past.none(names, pos) {
		return mark{}, false
	}
	return mark{cursor{r.resets, r.first}, r.base}, true
}
