package feed

import (
	"errors"
	"slices"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// start is where a connection begins.
type start struct {
	pos     store.ID // what follows comes after this
	at      cursor   // the same in the ring,
	inRing  bool     // if it is there
	resumed bool
	gap     *wire.Gap
	live    bool // nothing is to be replayed, and the log can be read
}

var (
	errNotReady = errors.New("feed: the log has not been reached yet")
	errNotLive  = errors.New("feed: the log cannot be read")
)

// resume finds the place of an id. It is exact, or it is a gap, after which
// everything that the log still has is replayed. A plain client cannot be told that
// it is not live, so it has to wait outside while the log cannot be read. The names are
// those that the client wants; nil for all, and while they are not known.
func (f *Feed) resume(after string, names map[string]struct{}, plain, later bool) (start, error) {
	if _, _, ready := f.ring.head(); !ready {
		return start{}, errNotReady
	}
	healthy := f.health.live.Load()
	if plain && !healthy {
		return start{}, errNotLive
	}
	var s start
	var err error
	if later && after != "" && f.share != nil {
		s, err = f.placeLater(after)
	} else {
		s, err = f.place(after, names)
	}
	s.live = s.live && healthy
	return s, err
}

func (f *Feed) place(after string, names map[string]struct{}) (start, error) {
	head, top, _ := f.ring.head()
	if after == "" { // what the client wants is followed, up to the end of the ring
		return start{pos: top, at: head, inRing: true, live: true}, nil
	}
	id, ok := store.ParseID(after)
	if !ok {
		return f.gap(after, wire.GapInvalid, names)
	}
	at, place := f.ring.find(id)
	switch {
	case place == placeInside && f.ring.hasAfter(id, names):
		head, _, _ := f.ring.head()
		return start{pos: id, at: at, inRing: true, resumed: true, live: at == head}, nil
	case place == placeUnknown && id.Epoch != top.Epoch:
		return f.gap(after, wire.GapEpoch, names)
	case place == placeUnknown && f.share == nil:
		return f.gap(after, wire.GapInvalid, names)
	}
	if m, ok := f.ring.proveBegin(id, names); ok {
		return start{pos: id, at: m.at, inRing: true, resumed: true}, nil
	}
	// Older than the ring, or newer: this process may lag; the client may come from one that does not.
	// In a ring of some topics, it may be an event of another, or from before its topics were followed.
	// Only the log itself knows.
	err := f.prove(id, names)
	if reason, gap := store.AsGap(err); gap {
		return f.gap(after, reason, names)
	}
	if err != nil {
		return start{}, err
	}
	return start{pos: id, resumed: true}, nil
}

// gap begins at the oldest event that the log has.
func (f *Feed) gap(after, reason string, names map[string]struct{}) (start, error) {
	after = after[:min(len(after), store.MaxID)]
	for range 3 { // the log may be trimmed between two questions
		bounds, err := f.pager.bounds()
		if err != nil {
			return start{}, err
		}
		if base, ok := f.ring.beginOf(names); ok && f.pager.topics != nil && base.Epoch == bounds.Base.Epoch && base.Compare(bounds.Base) < 0 {
			bounds.Base = base // the ring has more than what the log has without holes
		}
		s := start{pos: bounds.Base, gap: &wire.Gap{After: after, Reason: reason}}
		if at, ok := f.ring.locate(bounds.Base, names); ok {
			s.at, s.inRing = at, true
			earliest, some := f.ring.firstEvent(at)
			if s.live = !some; earliest != (store.ID{}) {
				s.gap.Earliest = earliest.String()
			}
			return s, nil
		}
		page, err := f.pager.after(bounds.Base)
		if _, again := store.AsGap(err); again {
			continue
		}
		if err != nil {
			return start{}, err
		}
		if first := slices.IndexFunc(page, func(e entry) bool { return e.frame != nil }); first >= 0 {
			s.gap.Earliest = page[first].id.String()
		}
		return s, nil
	}
	return start{}, errBusy
}
