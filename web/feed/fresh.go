package feed

import (
	"encoding/json"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// freshness holds how old the newest event of a topic may be before pages show it
// as stale.
type freshness struct {
	mu     sync.Mutex
	topics map[string]time.Duration
}

// all is the declaration for a client: the topics that it may read, in ms.
func (f *freshness) all(a *access) (declared map[string]int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for topic, age := range f.topics {
		if !a.mayWant(topic) {
			continue
		}
		if declared == nil {
			declared = map[string]int64{}
		}
		declared[topic] = age.Milliseconds()
	}
	return declared
}

func checkFresh(topics map[string]time.Duration) error {
	for topic, age := range topics {
		if err := checkName(topic); err != nil && topic != "*" { // which stands for those that have no limit of their own
			return fmt.Errorf("feed: freshness: %w", err)
		}
		if age < 0 || age > 0 && age < time.Millisecond {
			return fmt.Errorf("feed: freshness of topic %q is %v; use at least 1 ms, or 0 for none", topic, age)
		}
	}
	return nil
}

// SetFresh declares anew how old the newest event of a topic may be, for the
// topics or patterns that are named, and tells the clients that are connected. An
// age of 0 ends the declaration. See [Options.Fresh].
func (f *Feed) SetFresh(topics map[string]time.Duration) error {
	if err := checkFresh(topics); err != nil {
		return err
	}
	f.fresh.mu.Lock()
	merged := maps.Clone(f.fresh.topics)
	if merged == nil {
		merged = map[string]time.Duration{}
	}
	for topic, age := range topics {
		if age == 0 {
			delete(merged, topic)
		} else {
			merged[topic] = age
		}
	}
	f.fresh.topics = merged
	f.fresh.mu.Unlock()
	changed := &freshness{topics: topics}
	for _, c := range f.snapshot() {
		declared := changed.all(c.access)
		if len(declared) == 0 {
			continue
		}
		frame, err := json.Marshal(wire.Fresh{Kind: wire.KindFresh, Fresh: declared})
		if err != nil {
			return err
		}
		c.sendControl(frame)
	}
	return nil
}
