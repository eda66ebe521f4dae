package main

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// history is what one plain client, that stays connected all the time, receives.
// Other clients are compared with it.
type history struct {
	mu     sync.Mutex
	events []event
	place  map[string]int // by id
	grown  chan struct{}  // closed and made anew with each event
	paused bool           // the server restarts
}

func newHistory() *history { return &history{place: map[string]int{}, grown: make(chan struct{})} }

// follow keeps the history up to date until the checker ends.
func (h *history) follow(c *checker) {
	for c.ctx.Err() == nil {
		query := url.Values{}
		if id := h.newest(); id != "" {
			query.Set(wire.QueryAfter, id)
		}
		k, err := c.dial(query)
		if err != nil {
			time.Sleep(100 * time.Millisecond)
			continue
		}
		h.read(c, k)
		k.close()
	}
}

func (h *history) read(c *checker, k *conn) {
	ping := time.NewTicker(10 * time.Second) // so that a server does not consider it dead
	defer ping.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-ping.C:
			k.ws.Write(c.ctx, 1, []byte(wire.Ping))
		case f := <-k.frames:
			for _, e := range f.events {
				h.add(c, e)
			}
		case <-k.ended:
			h.mu.Lock()
			defer h.mu.Unlock()
			if c.ctx.Err() == nil && !h.paused {
				c.fail("open", "a client that read everything was %s", closeText(k.closing))
			}
			return
		}
	}
}

func (h *history) add(c *checker, e event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c.check("unique")
	c.check("open")
	if e.id == "" {
		return // rule id
	}
	if at, known := h.place[e.id]; known {
		if !h.paused {
			what := "again"
			if !sameJSON(e.raw, h.events[at].raw) {
				what = "for another event"
			}
			c.fail("unique", "the id %q came %s, %d events later", e.id, what, len(h.events)-at)
		}
		return
	}
	h.place[e.id] = len(h.events)
	h.events = append(h.events, e)
	close(h.grown)
	h.grown = make(chan struct{})
}

// wait waits until there are n events.
func (h *history) wait(n int, patience time.Duration) bool {
	deadline := time.After(patience)
	for {
		h.mu.Lock()
		enough, grown := len(h.events) >= n, h.grown
		h.mu.Unlock()
		if enough {
			return true
		}
		select {
		case <-grown:
		case <-deadline:
			return false
		}
	}
}

func (h *history) len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.events)
}

func (h *history) newest() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.events) == 0 {
		return ""
	}
	return h.events[len(h.events)-1].id
}

// at is the event at a place.
func (h *history) at(place int) event {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.events[place]
}

func (h *history) find(id string) (place int, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	place, ok = h.place[id]
	return place, ok
}

// topics are those of the events so far, the most frequent first.
func (h *history) topics() (names []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	count := map[string]int{}
	for _, e := range h.events {
		if e.topic != "" {
			if count[e.topic]++; count[e.topic] == 1 {
				names = append(names, e.topic)
			}
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return count[b] - count[a] })
	return names
}

// pause says whether the server restarts: the connection may end, and events may
// come again.
func (h *history) pause(on bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.paused = on
}

func sameJSON(a, b json.RawMessage) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}
