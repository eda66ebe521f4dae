package feed

import (
	"net/netip"
	"sync"
	"time"
)

// gate lets clients in at a rate. When they come faster, addresses that have come
// in less often lately go first: half of the rate is kept in reserve for them, so
// that one busy address cannot keep the others out.
type gate struct {
	mu      sync.Mutex
	rate    float64 // clients a second, and the burst; 0 for no limit
	tokens  float64 // down to -rate/2 for addresses that have not used their share
	last    time.Time
	second  time.Time            // begin of the second that entered counts
	entered map[netip.Prefix]int // how many came in from each address
}

func newGate(rate float64, now time.Time) *gate {
	return &gate{rate: rate, tokens: max(1, rate), last: now, second: now, entered: map[netip.Prefix]int{}}
}

// enter reports whether one more client of the address may come in now.
func (g *gate) enter(block netip.Prefix, now time.Time) bool {
	if g.rate <= 0 {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tokens = min(max(1, g.rate), g.tokens+g.rate*now.Sub(g.last).Seconds())
	g.last = now
	if now.Sub(g.second) >= time.Second {
		g.second = now
		clear(g.entered)
	}
	entered := g.entered[block]
	addresses := len(g.entered)
	if entered == 0 {
		addresses++
	}
	used := min(1, float64(entered*addresses)/g.rate) // of the fair share
	if g.tokens-1 < -g.rate/2*(1-used) {
		return false
	}
	g.tokens--
	g.entered[block]++
	return true
}
