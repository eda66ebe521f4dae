package feed

import (
	"slices"
	"sync"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// placeLater is place for a client that names its topics in its first message, in a feed
// that follows some topics. The position is proved alone; whether the log has lost events
// of the client's topics is found out when they are known. The client is then sent away,
// and told of a gap when it comes back to the same position.
func (f *Feed) placeLater(after string) (start, error) {
	_, top, _ := f.ring.head()
	id, ok := store.ParseID(after)
	switch {
	case !ok:
		return f.gap(after, wire.GapInvalid, nil)
	case id.Epoch != top.Epoch:
		return f.gap(after, wire.GapEpoch, nil)
	case f.lost.has(after):
		return f.gap(after, wire.GapTrimmed, nil)
	}
	err := f.prove(id, map[string]struct{}{})
	if reason, gap := store.AsGap(err); gap {
		return f.gap(after, reason, nil)
	}
	if err != nil {
		return start{}, err
	}
	return start{pos: id, resumed: true}, nil
}

// lostPositions are those that clients could not be resumed from, once their topics were
// known.
type lostPositions struct {
	mu    sync.Mutex
	texts []string
}

const lostMost = 256

func (l *lostPositions) add(position string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if position == "" || slices.Contains(l.texts, position) {
		return
	}
	if len(l.texts) == lostMost {
		l.texts = l.texts[1:]
	}
	l.texts = append(l.texts, position)
}

func (l *lostPositions) has(position string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Contains(l.texts, position)
}
