package main

import (
	"encoding/json"
	"net/http"
	"os"
	"runtime"
	"sync"
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

// snapshot is what a page starts from.
type snapshot struct {
	Host   string  `json:"host"`
	System string  `json:"system"`
	At     string  `json:"at"` // ?after for the feed; "" before the first event
	Events []event `json:"events"`
}

func (r *recent) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	r.mu.Lock()
	s := snapshot{System: runtime.GOOS + "/" + runtime.GOARCH, Events: append([]event{}, r.events...)}
	r.mu.Unlock()
	if len(s.Events) > 0 {
		s.At = s.Events[len(s.Events)-1].ID
	}
	s.Host, _ = os.Hostname() // a machine without a name is shown without one
	writeJSON(w, s)
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(value) // fails only when the reader has left
}
