package herd

import (
	"math/rand/v2"
	"time"

	"github.com/wakesocket/wakesocket/wasm/internal/timeline"
)

// Result is what a way of retrying cost in a scenario.
type Result struct {
	Scenario, Way string
	Attempts      float64       // dials a client
	Wasted        int           // handshakes completed for nobody
	Refused       int           // dials turned away with advice
	Peak          int           // dials in the worst 100 ms
	Back          time.Duration // for the last client, since it or the server was there again
	Missing       int           // clients that were not back after Limit
}

// Limit is how long after the last trouble a client is missed.
const Limit = 10 * time.Minute

const peakWindow = 100 * ms

// herd is a scenario under way.
type herd struct {
	scenario Scenario
	way      Way
	queue    timeline.Queue[event]
	clients  []member
	server   serving
	dials    []int // in each 100 ms
	result   Result
	r        *rand.Rand
}

type member struct {
	client
	dial   int32 // counts its dials; the event of another is out of date
	due    time.Duration
	begun  time.Duration // when its trouble began
	inside bool          // dialing
	done   bool
}

// serving is the server: when it has worked off what it was given, and how many
// newcomers it may still let in.
type serving struct {
	each   time.Duration // handshake
	free   time.Duration
	tokens float64
	at     time.Duration
}

// Ways are all ways of retrying, ours last.
func Ways() []Way {
	var all []Way
	for _, some := range [][]Way{textbook, peers, ours} {
		all = append(all, some...)
	}
	return all
}

// Run lets a scenario happen; the same seed gives the same result.
func Run(s Scenario, way Way, seed uint64) Result {
	h := &herd{scenario: s, way: way, r: rand.New(rand.NewPCG(seed, 1)), result: Result{Scenario: s.Name, Way: way.Name}}
	h.server = serving{tokens: h.admitted(), each: time.Duration(utilised * float64(s.window) / float64(s.server))}
	h.clients = make([]member, s.Clients)
	last := s.down
	for i := range h.clients {
		m := &h.clients[i]
		m.client = way.make(h.r, s.window)
		kind, at := s.happens(i, s.Clients, h.r)
		if s.drains && way.spread {
			at += time.Duration(i%(s.Clients/10)) * s.window / time.Duration(s.Clients/10)
		}
		m.begun, m.due = at, never
		last = max(last, at)
		h.queue.Add(at, event{who: int32(i), kind: kind})
		if s.back {
			h.queue.Add(s.down+uniform(h.r, 0, 3*second), event{who: int32(i), kind: online})
		}
	}
	for {
		at, any := h.queue.Next()
		if !any || at > last+Limit {
			break
		}
		at, e := h.queue.Pop()
		h.step(at, e)
	}
	h.sum()
	return h.result
}

func (h *herd) step(now time.Duration, e event) {
	m := &h.clients[e.who]
	if e.kind == arrives {
		h.arrive(now, e, m)
		return
	}
	if e.kind == answered && (m.done || e.dial != m.dial) {
		h.result.Wasted++
	}
	if m.done || e.kind >= answered && e.kind <= refusedNow && e.dial != m.dial || e.kind == due && now != m.due {
		return
	}
	switch e.kind {
	case lost:
		if h.scenario.back {
			m.offline(now)
		}
		h.do(now, e, m, m.lost(now))
	case due:
		h.do(now, e, m, m.client.due(now))
	case online:
		h.do(now, e, m, m.online(now))
	case awake:
		h.do(now, e, m, m.awake(now))
	case refusedNow:
		m.inside = false
		h.do(now, e, m, m.refused(now, -1))
	case answered:
		m.done = true
		h.result.Back = max(h.result.Back, now-max(m.begun, h.scenario.down))
	}
}

// do carries out what a client wants.
func (h *herd) do(now time.Duration, e event, m *member, p plan) {
	if p.leave {
		m.inside = false
		m.dial++ // the server will work for nobody
	}
	if p.dial {
		m.dial++
		m.inside = true
		h.count(now)
		kind, at := arrives, now+trip/2
		if now < h.scenario.down {
			kind, at = refusedNow, now+trip
		}
		h.queue.Add(at, event{who: e.who, dial: m.dial, kind: kind})
	}
	m.due = p.at
	if p.at != never {
		h.queue.Add(max(p.at, now), event{who: e.who, kind: due})
		m.due = max(p.at, now)
	}
}

// arrive puts a dial into the server's queue. A feed that lets in as many as it
// can serve turns the others away at once, with a random time to come back.
func (h *herd) arrive(now time.Duration, e event, m *member) {
	s := &h.server
	if h.way.spread {
		rate := h.admitted()
		s.tokens = min(s.tokens+(now-s.at).Seconds()*rate, rate)
		s.at = now
		if s.tokens < 1 {
			h.result.Refused++
			if e.dial == m.dial {
				m.inside = false
				h.do(now, e, m, m.refused(now+trip/2, uniform(h.r, 0, h.scenario.window)))
			}
			return
		}
		s.tokens--
	}
	s.free = max(s.free, now) + s.each
	h.queue.Add(s.free+trip/2, event{who: e.who, dial: e.dial, kind: answered})
}

// admitted is how many newcomers a feed lets in, a second and at once.
func (h *herd) admitted() float64 { return float64(h.scenario.server) / h.scenario.window.Seconds() }

func (h *herd) count(at time.Duration) {
	slot := int(at / peakWindow)
	for len(h.dials) <= slot {
		h.dials = append(h.dials, 0)
	}
	h.dials[slot]++
}

func (h *herd) sum() {
	total := 0
	for _, n := range h.dials {
		total += n
		h.result.Peak = max(h.result.Peak, n)
	}
	for i := range h.clients {
		if !h.clients[i].done {
			h.result.Missing++
		}
	}
	h.result.Attempts = float64(total) / float64(h.scenario.Clients)
}
