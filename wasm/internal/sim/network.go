package sim

import (
	"slices"
	"time"
)

// network is the path between the computer and the server.
type network struct {
	darkFrom, darkUntil time.Duration // nothing passes; TCP sends it again afterwards
	hangUntil           time.Duration // connections are taken and never answered
	refuseUntil         time.Duration
	slowUntil           time.Duration
	slow                time.Duration // added each way
	lossUntil           time.Duration
	loss                int       // percent
	handshakes          []*socket // under way, in the order of the dials
}

func (n *network) heal(now time.Duration) {
	for _, until := range []*time.Duration{&n.darkUntil, &n.hangUntil, &n.refuseUntil, &n.slowUntil, &n.lossUntil} {
		*until = min(*until, now)
	}
}

// oneWay is how long a frame sent now takes.
func (w *World) oneWay() time.Duration {
	n := &w.network
	d := w.cfg.RTT/2 + w.random.upto(w.cfg.Jitter)
	if w.now < n.slowUntil {
		d += n.slow
	}
	if w.now < n.lossUntil {
		for again := 200 * ms; again < 4*second && w.random.percent(n.loss); again *= 2 {
			d += again
		}
	}
	if dark := n.darkUntil - w.now; dark > 0 {
		d += dark + w.random.upto(min(n.darkUntil-n.darkFrom, 5*second))
	}
	return d
}

// darken lets nothing pass until a moment.
func (w *World) darken(until time.Duration) {
	if n := &w.network; until > n.darkUntil {
		n.darkFrom, n.darkUntil = w.now, until
	}
}

// conn is a connection as the network and the server see it.
type conn struct {
	w                *World
	tab              *tab
	gen              int
	cutUp, cutDown   bool // what is sent vanishes, for ever
	lastUp, lastDown time.Duration
	lastPacket       time.Duration
	client
}

// cut makes the connection vanish without a word to anybody.
func (c *conn) cut() { c.cutUp, c.cutDown = true, true }

// age lets a router forget the connection if it was quiet for too long.
func (c *conn) age() {
	if idle := c.w.cfg.NATIdle; idle > 0 && c.w.now-c.lastPacket > idle {
		c.cut()
	}
	c.lastPacket = c.w.now
}

// down carries a frame to the page.
func (c *conn) down(p packet) {
	w := c.w
	c.age()
	if c.cutDown {
		return
	}
	c.lastDown = max(w.now+w.oneWay(), c.lastDown)
	w.at(c.lastDown, func() {
		if !c.cutDown {
			c.tab.post(func() { c.tab.receive(c, p) })
		}
	})
}

// up carries something to the server.
func (c *conn) up(arrive func()) {
	w := c.w
	c.age()
	if c.cutUp {
		return
	}
	c.lastUp = max(w.now+w.oneWay(), c.lastUp)
	w.at(c.lastUp, func() {
		if !c.cutUp {
			w.server.when(arrive)
		}
	})
}

// dial begins the handshake of a socket when it is its turn.
func (w *World) dial(k *socket) {
	n := &w.network
	n.handshakes = append(n.handshakes, k)
	if !w.cfg.Serial || len(n.handshakes) == 1 {
		w.handshake(k, 0)
	}
}

// dialed ends a handshake, well or not, and begins the next.
func (w *World) dialed(k *socket) {
	n := &w.network
	i := slices.Index(n.handshakes, k)
	if i < 0 {
		return
	}
	n.handshakes = slices.Delete(n.handshakes, i, i+1)
	if w.cfg.Serial && i == 0 && len(n.handshakes) > 0 {
		w.handshake(n.handshakes[0], 0)
	}
}

func (w *World) dialing(k *socket) bool { return slices.Contains(w.network.handshakes, k) }

// browserPatience is how long Chromium waits for a handshake.
const browserPatience = 240 * second

// handshake tries to reach the server. A lost first packet is sent again after
// 1, 3, 7, … seconds, as TCP does.
func (w *World) handshake(k *socket, lost int) {
	n := &w.network
	switch {
	case !w.dialing(k):
	case w.now < n.hangUntil:
		w.after(browserPatience, func() { w.fail(k) })
	case w.now < n.darkUntil:
		if lost > 6 {
			w.fail(k)
			return
		}
		w.after(second<<lost, func() { w.handshake(k, lost+1) })
	default:
		trip := time.Duration(w.cfg.Handshake) * 2 * w.oneWay()
		if w.now < n.refuseUntil || w.server.down() {
			w.after(trip/time.Duration(w.cfg.Handshake), func() { w.fail(k) })
			return
		}
		w.after(trip-w.cfg.RTT/2, func() { w.server.when(func() { w.arrive(k) }) })
	}
}

// arrive is the handshake's last message at the server.
func (w *World) arrive(k *socket) {
	if !w.dialing(k) {
		return
	}
	if w.server.down() {
		w.fail(k)
		return
	}
	c := &conn{w: w, tab: k.tab, gen: k.gen, lastPacket: w.now}
	k.conn = c
	w.dialed(k)
	c.down(packet{kind: opened})
	w.server.accept(c, k)
}

func (w *World) fail(k *socket) {
	if w.dialing(k) {
		w.dialed(k)
		k.tab.post(func() { k.tab.closed(k, 1006, "") })
	}
}
