package herd

import (
	"math/rand/v2"
	"time"
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
	queue    queue
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
		h.queue.add(event{at: at, who: int32(i), kind: kind})
		if s.back {
			h.queue.add(event{at: s.down + uniform(h.r, 0, 3*second), who: int32(i), kind: online})
		}
	}
	for len(h.queue.heap) > 0 {
		e := h.queue.pop()
		if e.at > last+Limit {
			break
		}
		h.step(e)
	}
	h.sum()
	return h.result
}

func (h *herd) step(e event) {
	m := &h.clients[e.who]
	if e.kind == arrives {
		h.arrive(e, m)
		return
	}
	if e.kind == answered && (m.done || e.dial != m.dial) {
		h.result.Wasted++
	}
	if m.done || e.kind >= answered && e.kind <= refusedNow && e.dial != m.dial || e.kind == due && e.at != m.due {
		return
	}
	switch e.kind {
	case lost:
		if h.scenario.back {
			m.offline(e.at)
		}
		h.do(e, m, m.lost(e.at))
	case due:
		h.do(e, m, m.client.due(e.at))
	case online:
		h.do(e, m, m.online(e.at))
	case awake:
		h.do(e, m, m.awake(e.at))
	case refusedNow:
		m.inside = false
		h.do(e, m, m.refused(e.at, -1))
	case answered:
		m.done = true
		h.result.Back = max(h.result.Back, e.at-max(m.begun, h.scenario.down))
	}
}

// do carries out what a client wants.
func (h *herd) do(e event, m *member, p plan) {
	if p.leave {
		m.inside = false
		m.dial++ // the server will work for nobody
	}
	if p.dial {
		m.dial++
		m.inside = true
		h.count(e.at)
		kind, at := arrives, e.at+trip/2
		if e.at < h.scenario.down {
			kind, at = refusedNow, e.at+trip
		}
		h.queue.add(event{at: at, who: e.who, dial: m.dial, kind: kind})
	}
	m.due = p.at
	if p.at != never {
		h.queue.add(event{at: max(p.at, e.at), who: e.who, kind: due})
		m.due = max(p.at, e.at)
	}
}

// arrive puts a dial into the server's queue. A feed that lets in as many as it
// can serve turns the others away at once, with a random time to come back.
func (h *herd) arrive(e event, m *member) {
	s := &h.server
	if h.way.spread {
		rate := h.admitted()
		s.tokens = min(s.tokens+(e.at-s.at).Seconds()*rate, rate)
		s.at = e.at
		if s.tokens < 1 {
			h.result.Refused++
			if e.dial == m.dial {
				m.inside = false
				h.do(e, m, m.refused(e.at+trip/2, uniform(h.r, 0, h.scenario.window)))
			}
			return
		}
		s.tokens--
	}
	s.free = max(s.free, e.at) + s.each
	h.queue.add(event{at: s.free + trip/2, who: e.who, dial: e.dial, kind: answered})
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
