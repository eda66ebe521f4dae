package feed

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/wakesocket/wakesocket/web/store"
)

// subscribers knows which clients want an event, so that an event costs work for
// these only.
//
// A client whose writer is idle has received every event that it wants up to done.
// So its cursor need not move while events of other topics pass: when the client
// has something to write again, the cursor continues at done.
//
// Locks are taken in this order: subscribers, client, ring.
type subscribers struct {
	mu    sync.RWMutex
	all   group             // clients that want every topic
	named map[string]*group // by topic or pattern

	done atomic.Pointer[mark] // every subscriber was offered every event before

	lagMu   sync.Mutex
	lagging []*client // clients that wait for the ring to reach their position
}

// mark is a place in the log: in the ring, and as an id.
type mark struct {
	at  cursor
	pos store.ID
}

func newSubscribers() *subscribers { return &subscribers{named: map[string]*group{}} }

// add makes the client a subscriber of the names, or of every topic when they are
// nil.
func (s *subscribers) add(c *client, names map[string]struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addLocked(c, names)
}

func (s *subscribers) remove(c *client, names map[string]struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removeLocked(c, names)
}

// replace makes the client a subscriber of other names, and returns what ends the old
// ones.
func (s *subscribers) replace(c *client, old, names map[string]struct{}) (leave func()) {
	if old != nil && names != nil {
		old, names = without(old, names), without(names, old)
	} else if old == nil && names == nil {
		return func() {}
	}
	s.add(c, names)
	return func() { s.remove(c, old) }
}

// without are the names that others lack.
func without(names, others map[string]struct{}) map[string]struct{} {
	return present(slices.Collect(maps.Keys(names)), others, false)
}

func (s *subscribers) addLocked(c *client, names map[string]struct{}) {
	if names == nil {
		s.all.add(c)
	}
	for name := range names {
		g := s.named[name]
		if g == nil {
			g = &group{}
			s.named[name] = g
		}
		g.add(c)
	}
}

func (s *subscribers) removeLocked(c *client, names map[string]struct{}) {
	if names == nil {
		s.all.remove(c)
	}
	for name := range names {
		g := s.named[name]
		if g.remove(c); len(g.clients) == 0 {
			delete(s.named, name)
		}
	}
}

// offer starts the writers of the clients that want one of the events, which the
// ring has already. It is called for one append at a time.
func (s *subscribers) offer(from cursor, before store.ID, entries []entry) {
	s.mu.RLock()
	for _, c := range s.all.clients {
		c.offer(mark{from, before}, entries)
	}
	next := mark{from, before}
	for i, e := range entries {
		for _, l := range e.lists {
			if g := s.named[l.name]; g != nil {
				for _, c := range g.clients {
					c.offer(next, entries[i:i+1])
				}
			}
		}
		next.at.seq++
		next.pos = e.id
	}
	s.done.Store(&next)
	s.mu.RUnlock()
	s.lagMu.Lock()
	lagging := s.lagging
	s.lagging = nil
	s.lagMu.Unlock()
	for _, c := range lagging {
		c.ringGrew()
	}
}

// announce starts the writers of the clients that want the newest of the events,
// which the table of them has already.
func (s *subscribers) announce(entries []entry) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.named) == 0 {
		return
	}
	for i := range entries {
		for _, l := range entries[i].lists {
			if g := s.named[l.name]; g != nil {
				for _, c := range g.clients {
					c.announce()
				}
			}
		}
	}
}

// await has the client woken by the next append, whatever its topic.
func (s *subscribers) await(c *client) {
	s.lagMu.Lock()
	defer s.lagMu.Unlock()
	s.lagging = append(s.lagging, c)
}

// group is a set of clients that is quick to walk through.
type group struct {
	clients []*client
	places  map[*client]int // in clients, once there are many
}

const manyClients = 16

func (g *group) add(c *client) {
	g.clients = append(g.clients, c)
	switch {
	case g.places != nil:
		g.places[c] = len(g.clients) - 1
	case len(g.clients) > manyClients:
		g.places = make(map[*client]int, 2*manyClients)
		for i, c := range g.clients {
			g.places[c] = i
		}
	}
}

// remove puts the last client in the place of the one that goes.
func (g *group) remove(c *client) {
	i, ok := g.places[c]
	if !ok {
		i = slices.Index(g.clients, c)
	}
	last := len(g.clients) - 1
	g.clients[i] = g.clients[last]
	if g.places != nil {
		g.places[g.clients[i]] = i
		delete(g.places, c)
	}
	g.clients[last] = nil
	g.clients = g.clients[:last]
}
