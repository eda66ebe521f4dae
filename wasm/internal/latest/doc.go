// Package latest lets the newest event of each topic through, at a chosen rate. It is
// the logic of shim/latest.js and shim/conflation.js in Go, by the same rules and in
// the same words. It owns no clock, timer or goroutine.
package latest

import (
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// Rules say how often the newest event of a topic may come, by name of a topic or
// pattern; 0 is for every event. The most specific name decides.
type Rules map[string]time.Duration

// Every is how often events of the topic may come, 0 for every event.
func (r Rules) Every(topic string) time.Duration {
	if len(r) == 0 {
		return 0
	}
	if every, ok := r[topic]; ok {
		return every
	}
	for _, name := range wire.Patterns(topic) {
		if every, ok := r[name]; ok {
			return every
		}
	}
	return 0
}
