package feed

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	"github.com/wakesocket/wakesocket/web/store"
)

// pageKey names a page of the log: what comes after an id, of some topics or of all.
type pageKey struct {
	after  store.ID
	topics string // a digest of their names; "" for all
}

// topicReaderOf returns the store if it drops events in the middle of its log; nil if
// it does not.
func topicReaderOf(s shieldedStore) store.TopicReader {
	if r, ok := s.Store.(store.TopicReader); ok && r.DropsByTopic() {
		return shieldedTopicReader{r}
	}
	return nil
}

// topicFollowerOf returns the store if it is set to follow some topics only; else nil.
func topicFollowerOf(s shieldedStore) store.TopicFollower {
	if r, ok := s.Store.(store.TopicFollower); ok && r.DropsByTopic() && r.FollowsTopics() {
		return shieldedTopicFollower{r}
	}
	return nil
}

// read returns the entries right after id that somebody with these names has to
// read, and the key of their page. Known says that the log has had id. When the log
// drops events in its middle, the page is of these topics alone; if they have lost
// something after id, one of all topics may still be whole.
func (p *pager) read(id store.ID, names map[string]struct{}, known bool) ([]entry, pageKey, error) {
	if p.topics == nil || names == nil {
		entries, err := p.after(id)
		return entries, pageKey{after: id}, err
	}
	sorted := slices.Sorted(maps.Keys(names))
	key := pageKey{id, digest(sorted)}
	entries := p.cached(key)
	if entries != nil {
		return entries, key, nil
	}
	v, err := p.once(fmt.Sprint(id, known, key.topics), func(ctx context.Context) (any, error) {
		entries, err := p.readTopics(ctx, id, sorted, known)
		if err == nil {
			p.keep(key, entries)
		}
		return entries, err
	})
	if _, gap := store.AsGap(err); gap {
		if entries, err := p.after(id); err == nil {
			return entries, pageKey{after: id}, nil
		}
	}
	if err != nil {
		return nil, key, err
	}
	return v.([]entry), key, nil
}

// prove returns a gap when the log cannot be read on from id by somebody with these
// names. When the log drops events in its middle, a page may end before a hole; so it
// looks on until there is something to send. Who is not sent anything would else come
// back to the same position again and again.
func (f *Feed) prove(id store.ID, names map[string]struct{}) error {
	wanted := filter{names: names, patterns: true}
	known := f.ring.knows(id)
	for range historyPages {
		entries, key, err := f.pager.read(id, names, known)
		if len(entries) == 0 || f.pager.topics == nil || key.topics != "" {
			return err
		}
		if slices.ContainsFunc(entries, func(e entry) bool { return e.frame != nil && wanted.has(e.topic) }) {
			return nil
		}
		id, known = entries[len(entries)-1].id, true
	}
	return nil
}

func (p *pager) readTopics(ctx context.Context, id store.ID, names []string, known bool) ([]entry, error) {
	page, err := p.topics.AfterTopics(ctx, id, names, p.pageLimit(), known)
	if err != nil {
		return nil, err
	}
	entries := encodeAll(page.Events)
	last := id
	if len(entries) > 0 {
		last = entries[len(entries)-1].id
	}
	if page.Through != last { // the place up to which nothing more of the topics is
		entries = append(entries, entry{id: page.Through})
	}
	return entries, nil
}

func digest(names []string) string {
	h := sha256.New()
	for _, name := range names {
		h.Write([]byte(name))
		h.Write([]byte{0}) // no name holds one
	}
	return string(h.Sum(nil))
}

// lasting returns a position that stands for another one to a client with these names,
// and that the log can prove for longer: the newest milestone, or the newest event of
// its own topics. In between is nothing that the client wants. Most positions are those
// of busy topics, which the log drops soon.
func (r *ring) lasting(pos store.ID, names map[string]struct{}) store.ID {
	r.mu.RLock()
	defer r.mu.RUnlock()
	from := r.milestone
	if names == nil || from.Epoch != pos.Epoch || from.Compare(pos) >= 0 || from.Compare(r.past.from) < 0 || pos.Compare(r.topLocked()) > 0 {
		return pos
	}
	if since, ok := r.sinceLocked(names); !ok || from.Compare(since) < 0 {
		return pos // what lies between is not known
	}
	newest := from
	for name := range names {
		last := r.past.last[name]
		if l := r.index[name]; l != nil {
			for _, seq := range slices.Backward(l.seqs) {
				if id := r.slot(seq).id; id.Compare(pos) <= 0 {
					last = id
					break
				}
			}
		}
		switch {
		case last.Epoch != pos.Epoch:
		case last.Compare(pos) > 0:
			return pos // the last one before pos is not known any more
		default:
			newest = later(newest, last)
		}
	}
	return newest
}

// knows reports whether the ring has had an event or a base with this id.
func (r *ring) knows(id store.ID) bool {
	if _, place := r.find(id); place == placeInside {
		return true
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.past.has(id)
}

// historyOfTopics finds in the log what the ring no longer has of some topics, unless
// there is more than it may read.
func (f *Feed) historyOfTopics(s *search, pause func() bool) error {
	at, known := s.after, s.after.IsZero() || f.ring.knows(s.after)
	var found []entry
	for pages := historyPages; pages > 0 && pause(); pages-- {
		page, _, err := f.pager.read(at, s.filter.names, known)
		known = true
		if _, gap := store.AsGap(err); gap {
			return nil
		}
		if err != nil {
			return err
		}
		for _, e := range page {
			if e.id.Epoch != s.from.Epoch {
				return errNotLive // the log has a new epoch
			}
			if at = e.id; at.Compare(s.from) <= 0 {
				found = append(found, e)
			}
		}
		if len(page) == 0 || at.Compare(s.from) >= 0 {
			begin := s.after
			if begin.IsZero() {
				begin = store.ID{Epoch: s.from.Epoch}
			}
			s.takeChunk(begin, found)
			s.complete = !s.full
			return nil
		}
	}
	return nil
}
