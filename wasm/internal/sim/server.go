package sim

import (
	"slices"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// server follows the rules of web/feed on virtual time: one log, a cursor a
// connection, batches for whoever lags, pong before replay.
type server struct {
	w      *World
	log    *epoch
	epochs int
	logs   []*epoch // all of them
	conns  []*conn  // that the server holds

	downUntil   time.Duration // no process
	stallUntil  time.Duration // the process stands still
	drainUntil  time.Duration // nobody is let in
	singleUntil time.Duration // a second connection of a page is refused for good
	refusal     struct {      // accept, then close
		until  time.Duration
		code   int
		advice time.Duration // negative: none
		late   bool          // only after the hello
	}
	unauthorized int  // how many more dials are refused with 4401, unless fresh
	stale        bool // not even a fresh address helps
	quiet        bool // no events but those of the script
}

// silence drops a client that sent nothing, 2.5 heartbeats.
const silence = 62500 * ms

// client is what the server keeps of a connection.
type client struct {
	open       bool
	log        *epoch
	from       int // where it began
	pos        int
	after      string
	live       bool // it knows that it is at the head
	skipped    bool // events were passed over since a position was told
	pending    bool // a position frame has to be sent
	pongs      int
	closeFrame *packet
	busy       bool // a frame is on its way out
	long       bool // and takes long
	choices    choices
	lastFrame  time.Duration
}

func (s *server) down() bool { return s.w.now < s.downUntil }

// when runs something in the server's process, later if that stands still.
func (s *server) when(do func()) {
	if s.w.now < s.stallUntil {
		s.w.at(s.stallUntil, do)
		return
	}
	do()
}

func (s *server) heal() {
	now := s.w.now
	s.downUntil, s.stallUntil = min(s.downUntil, now), min(s.stallUntil, now)
	s.singleUntil = min(s.singleUntil, now)
	s.drainUntil, s.refusal.until = min(s.drainUntil, now), min(s.refusal.until, now)
	s.unauthorized, s.stale = 0, false
}

// publishLater keeps events coming: often while the script is busy, else rarely.
func (s *server) publishLater() {
	every := s.w.cfg.Every
	if s.w.now-s.w.acted > 2*time.Minute {
		every = max(every, 5*time.Minute)
	}
	s.w.after(every, func() {
		if !s.quiet && !s.down() && s.w.now >= s.stallUntil {
			s.publish(1)
		}
		s.publishLater()
	})
}

func (s *server) publish(n int) {
	s.log.publish(n, s.w.cfg.Retain)
	s.w.stats.Events += n
	for _, c := range s.conns {
		c.write()
	}
}

// knows reports whether the server has another connection of a page.
func (s *server) knows(t *tab, but *conn) bool {
	return slices.ContainsFunc(s.conns, func(c *conn) bool { return c.tab == t && c != but })
}

// publishLong publishes an event that takes long on the wire. Feeds send such a
// one in parts, so it is for plain servers; not for those that replay slowly and
// from the beginning, since there every takeover begins a replay of minutes.
func (s *server) publishLong(takes time.Duration) {
	if !s.w.cfg.Plain || s.w.cfg.Resume == ignores && s.w.cfg.Frame > 0 || s.down() || s.w.cfg.Topics > 1 {
		return
	}
	s.w.longest = max(s.w.longest, takes)
	s.w.disturb(s.w.now + 8*takes)
	clear(s.log.long) // one at a time, or a replay takes hours
	s.log.long[s.log.top()+1] = takes
	s.publish(1)
}

// accept is a new connection, whose handshake is complete.
func (s *server) accept(c *conn, k *socket) {
	w := s.w
	c.open, c.lastFrame = true, w.now
	s.conns = append(s.conns, c)
	reject := func(code int, advice time.Duration) {
		c.say(code, advice, "refused")
		c.write()
	}
	switch {
	case w.now < s.drainUntil:
		reject(wire.CloseRestart, s.drainUntil-w.now+w.random.upto(second+w.cfg.Spread))
		return
	case s.unauthorized > 0 && (s.stale || !k.fresh):
		s.unauthorized--
		reject(wire.CloseUnauthorized, -1)
		return
	case w.now < s.singleUntil && s.knows(c.tab, c):
		reject(wire.CloseForbidden, -1)
		return
	case w.now < s.refusal.until && !s.refusal.late:
		reject(s.refusal.code, s.refusal.advice)
		return
	}
	from := s.log.resume(k.after)
	if w.cfg.counter() {
		from = s.log.resumeCounter(k.after, w.cfg.Resume)
	}
	c.log, c.from, c.pos, c.after, c.live = s.log, from.pos, from.pos, k.after, from.live
	if c.tab.program != nil && w.cfg.Topics > 1 {
		c.choices.begin(c.log, k.since, from)
		c.live = c.live && c.choices.told == c.log.top()
		from.live = c.live
	}
	c.watch()
	if !w.cfg.Plain {
		c.down(packet{kind: hello, log: c.log, to: c.pos, start: from})
	}
	if w.now < s.refusal.until {
		c.say(s.refusal.code, s.refusal.advice, "refused")
	}
	c.write()
}

// watch drops the client when it falls silent.
func (c *conn) watch() {
	w := c.w
	w.at(c.lastFrame+silence, func() {
		switch {
		case !c.open:
		case w.now-c.lastFrame < silence:
			c.watch()
		default:
			c.end(1006, -1, "")
		}
	})
}

// say asks for a close frame after what is being written.
func (c *conn) say(code int, advice time.Duration, text string) {
	reason := text
	if advice >= 0 {
		reason = wire.Advice(advice, text)
	}
	c.closeFrame = &packet{kind: closed, code: code, reason: reason}
}

// end closes the connection at once; the client hears of it if the path lets it.
func (c *conn) end(code int, advice time.Duration, text string) {
	c.say(code, advice, text)
	c.down(*c.closeFrame)
	c.forget()
}

// forget is a server that no longer knows the connection and tells nobody.
func (c *conn) forget() {
	c.open = false
	s := &c.w.server
	for i := range s.conns {
		if s.conns[i] == c {
			s.conns = append(s.conns[:i:i], s.conns[i+1:]...)
			return
		}
	}
}

// ping, and anything else that the client sends to a server which does not know
// it any more, which is answered by a reset.
func (c *conn) pinged() {
	switch {
	case c.w.server.down():
	case !c.open:
		c.down(packet{kind: closed, code: 1006})
	default:
		c.lastFrame = c.w.now
		c.pongs++
		c.write()
	}
}

// left is the client's close frame.
func (c *conn) left() {
	if c.open {
		c.forget()
	}
}

// write sends what is due, a frame at a time.
func (c *conn) write() {
	if c.w.now < c.w.server.stallUntil {
		c.w.at(c.w.server.stallUntil, c.write)
		return
	}
	for c.open && !c.busy {
		p, any := c.next()
		if !any {
			return
		}
		if d := p.takes(); d > 0 {
			c.transmit(p, d)
			return
		}
		c.down(p)
		if p.kind == events && c.w.cfg.Repeat > 0 && c.w.random.percent(c.w.cfg.Repeat) {
			c.down(p)
		}
		if p.kind == closed {
			c.forget()
		} else if c.w.cfg.Frame > 0 {
			c.busy = true
			c.w.after(c.w.cfg.Frame, func() { c.busy = false; c.write() })
		}
	}
}

// transmit sends a frame that takes long, over a link that the sockets of the
// page share. Nothing gets past it.
func (c *conn) transmit(p packet, left time.Duration) {
	c.busy, c.long = true, true
	c.w.after(second, func() {
		if !c.open {
			c.long = false
			return
		}
		sharing := 0
		for _, other := range c.w.server.conns {
			if other.tab == c.tab && other.long {
				sharing++
			}
		}
		if left -= second / time.Duration(sharing); left > 0 {
			c.transmit(p, left)
			return
		}
		c.busy, c.long = false, false
		c.down(p)
		c.write()
	})
}

// next decides, in the order of web/feed/writer.go.
func (c *conn) next() (packet, bool) {
	switch {
	case c.pongs > 0:
		c.pongs--
		c.pending = c.pending || c.skipped && !c.w.cfg.Plain
		return packet{kind: pong}, true
	case c.pending:
		return c.tell(c.live), true
	case c.closeFrame != nil:
		return *c.closeFrame, true
	case c.log == nil:
		return packet{}, false
	case c.pos < c.log.base:
		c.say(wire.CloseRestart, c.w.random.upto(max(c.w.cfg.Spread, second)), "the log was trimmed past the client")
		return *c.closeFrame, true
	}
	if p, any := c.read(); any {
		return p, true
	}
	if p, any := c.choose(); any {
		return p, true
	}
	if !c.live {
		c.live = true
		if !c.w.cfg.Plain {
			return c.tell(true), true
		}
	}
	return packet{}, false
}

// read takes the next batch of events that the page wants.
func (c *conn) read() (packet, bool) {
	limit, every := c.w.cfg.Batch, c.w.cfg.Topics
	if c.w.cfg.Plain {
		limit = 1
	}
	p := packet{kind: events, log: c.log}
	if every == 1 {
		p.from, p.to = c.pos, min(c.pos+limit, c.log.top())
		c.pos = p.to
		return p, p.from < p.to
	}
	for c.pos < c.log.top() && len(p.some) < limit {
		c.pos++
		if c.skipped = c.pos%every != 0; !c.skipped {
			p.some = append(p.some, c.pos)
		}
	}
	return p, len(p.some) > 0
}

func (c *conn) tell(live bool) packet {
	c.live = c.live || live
	c.pending, c.skipped = false, false
	return packet{kind: at, log: c.log, to: c.pos, live: live}
}
