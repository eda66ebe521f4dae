package session

import (
	"fmt"
	"testing"
	"time"
)

// slowLink is a plain server at the other end of a slow link. It has one long
// message, which each socket is sent from its beginning until one has got it all.
// What it says after that, answers to pings too, comes after the message.
type slowLink struct {
	*world
	rate   int // bytes a second, which all sockets share
	size   int // of the message
	before string
	conns  map[int]*transfer // by generation
	stale  int               // bytes to sockets that were given up, still on their way
	sent   int
	got    bool
	tick   time.Duration // the pieces of time in which the bytes are counted
}

// transfer is one socket.
type transfer struct {
	openAt  time.Duration
	startAt time.Duration // when the message begins
	opened  bool
	greeted bool
	left    int // bytes of the message
	pings   int // unanswered
}

const (
	linkRTT  = 60 * ms
	inFlight = 64 << 10 // what sockets and routers keep of a connection that was given up
)

func newSlowLink(t *testing.T, size, rate int, before string, visible bool) *slowLink {
	l := &slowLink{world: newWorld(t, func(o *Options) { o.Visible = visible }), size: size, rate: rate, before: before, conns: map[int]*transfer{}}
	l.tick = max(20*ms, min(l.alone()/100, 500*ms))
	l.watch = func(_ Input, e Effect) {
		switch e := e.(type) {
		case Dial:
			l.conns[e.Generation] = &transfer{openAt: l.now.Mono + 3*linkRTT, left: size}
		case Abandon:
			if k := l.conns[e.Generation]; k != nil && k.opened && k.left < size {
				l.stale += min(k.left, inFlight)
			}
			delete(l.conns, e.Generation)
		case Ping:
			l.conns[e.Generation].pings++
		case Deliver:
			l.got = l.got || len(e.Mask) > 0 && e.Mask[len(e.Mask)-1] && l.s.Cursor() == "long"
		}
	}
	return l
}

// alone is how long the message takes when nothing else is on the link.
func (l *slowLink) alone() time.Duration {
	return time.Duration(float64(l.size) / float64(l.rate) * float64(time.Second))
}

// step is one piece of time.
func (l *slowLink) step() {
	l.run(l.tick)
	var busy []int
	for gen := 1; gen <= l.s.generation; gen++ {
		k := l.conns[gen]
		switch {
		case k == nil:
		case !k.opened && l.now.Mono >= k.openAt:
			k.opened, k.startAt = true, l.now.Mono
			if l.before == "a pong" || l.before == "a quiet minute" && gen == 1 {
				k.startAt += time.Second
			}
			l.do(URLReady{gen}, Opened{gen})
		case k.opened && !k.greeted && l.before == "an event":
			k.greeted = true
			l.do(Events{Generation: gen, IDs: []string{"short"}})
		case k.opened && l.now.Mono >= k.startAt && (gen > 1 || l.before != "a quiet minute" || l.now.Mono > time.Minute):
			if k.left > 0 {
				busy = append(busy, gen)
				break
			}
			l.answer(gen, k)
		case k.opened:
			l.answer(gen, k)
		}
	}
	bytes := int(int64(l.rate) * int64(l.tick) / int64(time.Second))
	old := min(l.stale, bytes)
	l.stale -= old
	for _, gen := range busy {
		k := l.conns[gen]
		if k == nil {
			continue
		}
		part := min(k.left, (bytes-old)/len(busy))
		k.left -= part
		l.sent += part
		if k.left == 0 {
			l.do(Events{Generation: gen, IDs: []string{"long"}})
		}
	}
}

func (l *slowLink) answer(gen int, k *transfer) {
	for ; k.pings > 0; k.pings-- {
		l.do(Pong{gen})
	}
}

// A long message on a slow link arrives, whatever came before it on each socket: a
// limit that gives up a socket in the middle of it grows. It takes a few times as
// long as it would alone, because challengers take their part of the link.
func TestLongMessagesOnSlowLinksArrive(t *testing.T) {
	const longest = 5 * time.Minute
	for _, rate := range []int{20_000, 100_000, 400_000, 2_000_000} {
		for _, size := range []int{100_000, 1_000_000, 6_000_000, 30_000_000} {
			for _, before := range []string{"nothing", "a pong", "an event", "a quiet minute"} {
				for _, visible := range []bool{true, false} {
					l := newSlowLink(t, size, rate, before, visible)
					if l.alone() > longest {
						continue
					}
					name := fmt.Sprintf("%d kB at %d kB/s after %s, visible: %v", size/1000, rate/1000, before, visible)
					limit := 6*l.alone() + 20*time.Second
					if before == "a quiet minute" {
						limit += time.Minute
					}
					l.do(Start{})
					for !l.got && l.now.Mono < limit {
						l.step()
					}
					if !l.got || l.sent > 6*size {
						t.Errorf("%s: arrived %v in %v (%v alone), %d dials, %.1f times its bytes", name, l.got, l.now.Mono, l.alone(), l.s.generation, float64(l.sent)/float64(size))
					}
				}
			}
		}
	}
}
