package lab

import (
	"context"
	"net/url"
	"sync"
	"time"

	"github.com/chromedp/cdproto/network"
)

// sockets is what the browser told of a page's WebSockets.
type sockets struct {
	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each change
	paths   []string      // addresses without their queries, in the order of their first sockets
	opened  map[string][]*socket
	byID    map[network.RequestID]*socket
}

type socket struct {
	at    time.Time // of new WebSocket
	heard time.Time // of its first frame; zero before
}

func newSockets() *sockets {
	return &sockets{changed: make(chan struct{}), opened: map[string][]*socket{}, byID: map[network.RequestID]*socket{}}
}

// hear takes the events of the page's tab.
func (s *sockets) hear(event any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e := event.(type) {
	case *network.EventWebSocketCreated:
		path := e.URL
		if u, err := url.Parse(e.URL); err == nil {
			path = u.Path
		}
		if s.opened[path] == nil {
			s.paths = append(s.paths, path)
		}
		k := &socket{at: time.Now()}
		s.opened[path] = append(s.opened[path], k)
		s.byID[e.RequestID] = k
	case *network.EventWebSocketFrameReceived:
		if k := s.byID[e.RequestID]; k != nil && k.heard.IsZero() {
			k.heard = time.Now()
		}
	default:
		return
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// wait returns when the condition, asked with the lock held, is true.
func (s *sockets) wait(ctx context.Context, condition func() bool) error {
	for {
		s.mu.Lock()
		done, changed := condition(), s.changed
		s.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// allHeard: there is a socket, and every address had a frame.
func (s *sockets) allHeard() bool {
	for _, path := range s.paths {
		if first(s.opened[path], func(k *socket) bool { return !k.heard.IsZero() }) == nil {
			return false
		}
	}
	return len(s.paths) > 0
}

// allBack: every address had a frame on a socket made since.
func (s *sockets) allBack(from time.Time) bool {
	for _, path := range s.paths {
		if s.back(path, from) == nil {
			return false
		}
	}
	return true
}

func (s *sockets) back(path string, from time.Time) *socket {
	return first(s.opened[path], func(k *socket) bool { return k.at.After(from) && !k.heard.IsZero() })
}

// count is how many sockets there have been.
func (s *sockets) count() (n int) {
	for _, of := range s.opened {
		n += len(of)
	}
	return n
}

func (s *sockets) outcomes(from time.Time, watched time.Duration) (all []Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, path := range s.paths {
		o := Outcome{Path: path, Dial: Never, Frame: Never, Watched: watched, Opened: len(s.opened[path])}
		if k := first(s.opened[path], func(k *socket) bool { return k.at.After(from) }); k != nil {
			o.Dial = k.at.Sub(from)
		}
		if k := s.back(path, from); k != nil {
			o.Frame = k.heard.Sub(from)
		}
		all = append(all, o)
	}
	return all
}

func first(of []*socket, is func(*socket) bool) *socket {
	for _, k := range of {
		if is(k) {
			return k
		}
	}
	return nil
}
