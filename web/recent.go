package main

import (
	"encoding/json"
	"net/http"
	"os"
	"runtime"
	"sync"

	"github.com/wakesocket/wakesocket/web/feed"
)

// recentEvents is about two minutes at nine events a second.
const recentEvents = 1100

// recent holds the newest events, so that a page can draw the past at once and
// then follow the feed from exactly there.
type recent struct {
	mu     sync.Mutex
	events []event
}

type event struct {
	ID    string          `json:"id"`
	Topic string          `json:"topic"`
	Data  json.RawMessage `json:"data"`
}

func (r *recent) add(id, topic string, data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.events) == recentEvents {
		r.events = append(r.events[:0], r.events[1:]...)
	}
	r.events = append(r.events, event{id, topic, data})
}

func (r *recent) list() []event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]event{}, r.events...)
}

// snapshot is the state that a page starts from. Its position is in the header.
type snapshot struct {
	Host   string  `json:"host"`
	System string  `json:"system"`
	Events []event `json:"events"`
}

// serveSnapshot reads the newest events and their position while nothing is
// published, so that they belong together.
func (b *broadcast) serveSnapshot(w http.ResponseWriter, r *http.Request) {
	b.publishing.Lock()
	b.mu.RLock()
	at, err := b.beats.Position(r.Context())
	b.mu.RUnlock()
	s := snapshot{System: runtime.GOOS + "/" + runtime.GOARCH, Events: b.recent.list()}
	b.publishing.Unlock()
	if err != nil {
		http.Error(w, "the log cannot be read; try again", http.StatusServiceUnavailable)
		return
	}
	s.Host, _ = os.Hostname() // a machine without a name is shown without one
	feed.WritePosition(w, at)
	writeJSON(w, s)
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(value) // fails only when the reader has left
}
