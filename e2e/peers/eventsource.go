package main

import (
	"fmt"
	"net/http"
	"sync"
)

// events is a server of server-sent events.
type events struct {
	mu      sync.Mutex
	latest  []byte
	changed chan struct{} // closed and replaced with each event
}

func (s *events) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	for {
		s.mu.Lock()
		event, changed := s.latest, s.changed
		s.mu.Unlock()
		fmt.Fprintf(w, "data: %s\n\n", event)
		w.(http.Flusher).Flush()
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

func (s *events) publish(event []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latest = event
	close(s.changed)
	s.changed = make(chan struct{})
	return nil
}

func (s *events) close() {}
