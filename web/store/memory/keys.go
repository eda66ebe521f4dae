package memory

import (
	"time"

	"github.com/wakesocket/wakesocket/web/store"
)

// keys remembers the idempotency keys of the last [store.KeyWindow].
type keys struct {
	ids   map[string]uint64 // key → number of its event
	order []keyed           // oldest first
}

type keyed struct {
	key  string
	time time.Time
}

// find returns the number of the event that was published with the key.
func (k *keys) find(key string, now time.Time) (uint64, bool) {
	for len(k.order) > 0 && now.Sub(k.order[0].time) > store.KeyWindow {
		delete(k.ids, k.order[0].key)
		k.order = k.order[1:]
	}
	n, ok := k.ids[key]
	return n, ok
}

func (k *keys) add(key string, n uint64, now time.Time) {
	if key != "" {
		k.ids[key] = n
		k.order = append(k.order, keyed{key, now})
	}
}
