package feed

import (
	"maps"
	"slices"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// everyTopic is the name that stands for all topics.
const everyTopic = ""

// followed says of which names the ring has the events: of each name all that come
// after a place. A ring that has those of all topics needs none.
type followed map[string]store.ID

// since is the place after which the ring has every event with this name, which may be
// a pattern.
func (f followed) since(name string) (at store.ID, ok bool) {
	look := func(name string) {
		if from, has := f[name]; has && (!ok || from.Compare(at) < 0) {
			at, ok = from, true
		}
	}
	look(everyTopic)
	look(name)
	for _, pattern := range wire.Patterns(name) {
		look(pattern)
	}
	return at, ok
}

// change returns what is followed with other names: those that were followed before
// keep their place, the others begin at the given one.
func (f followed) change(names []string, at store.ID) followed {
	next := make(followed, len(names))
	for _, name := range names {
		if from, ok := f.since(name); ok {
			next[name] = from
		} else {
			next[name] = at
		}
	}
	return next
}

// drops reports whether one of the names is not followed any more after a change.
func (f followed) drops(next followed) bool {
	for name := range f {
		if _, ok := next.since(name); !ok {
			return true
		}
	}
	return false
}

// follow notes that the ring gets the events of these names from now on, which come
// after a place. It returns whether others are not followed any more.
func (r *ring) follow(names []string, all bool, at store.ID) (dropped bool) {
	if all {
		names = []string{everyTopic}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	next := r.followed.change(names, at)
	dropped = r.followed.drops(next)
	r.followed = next
	return dropped
}

// sinceLocked is the place after which the ring was given every event with one of the
// names, nil for all topics; not ok when one of them is not followed.
func (r *ring) sinceLocked(names map[string]struct{}) (since store.ID, ok bool) {
	if !r.partial {
		return store.ID{Epoch: r.base.Epoch}, true
	}
	since.Epoch = r.base.Epoch
	if names == nil {
		return r.followed.since(everyTopic)
	}
	for name := range names {
		at, ok := r.followed.since(name)
		if !ok {
			return store.ID{}, false
		}
		since = later(since, at)
	}
	return since, true
}

// since is sinceLocked for others.
func (r *ring) since(names map[string]struct{}) (since store.ID, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.sinceLocked(names)
}

// beginOfLocked is the place after which the ring has every event with one of the names.
func (r *ring) beginOfLocked(names map[string]struct{}) (begin store.ID, ok bool) {
	since, ok := r.sinceLocked(names)
	return later(since, r.base), ok
}

// beginOf is beginOfLocked for others.
func (r *ring) beginOf(names map[string]struct{}) (begin store.ID, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.beginOfLocked(names)
}

// hasAfter reports whether the ring was given every event with one of the names that
// comes after the position, up to its end.
func (r *ring) hasAfter(pos store.ID, names map[string]struct{}) bool {
	since, ok := r.since(names)
	return ok && pos.Epoch == since.Epoch && pos.Compare(since) >= 0
}

// locate finds the place of a position that the log has proved. In a ring of some topics
// it may lie between two entries.
func (r *ring) locate(pos store.ID, names map[string]struct{}) (cursor, bool) {
	if !r.partial {
		at, place := r.find(pos)
		return at, place == placeInside
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	begin, ok := r.beginOfLocked(names)
	if !ok || pos.Epoch != begin.Epoch || pos.Compare(begin) < 0 || pos.Compare(r.topLocked()) > 0 {
		return cursor{}, false
	}
	return cursor{r.resets, r.seqAfter(pos)}, true
}

// namesOf are the names that a filter asks for; everyTopic for all.
func namesOf(f *filter) map[string]struct{} {
	if f.names == nil {
		return map[string]struct{}{everyTopic: {}}
	}
	names := maps.Clone(f.names)
	maps.Copy(names, f.latestNames())
	return names
}

// follows reports whether all of the names are followed.
func (r *ring) follows(names map[string]struct{}) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.resets > 0 && !slices.ContainsFunc(slices.Collect(maps.Keys(names)), func(name string) bool {
		_, ok := r.followed.since(name)
		return !ok
	})
}
