package sim

import (
	"slices"
	"time"

	"github.com/wakesocket/wakesocket/wasm/internal/latest"
	"github.com/wakesocket/wakesocket/wasm/session"
)

// tab is a page, and the driver of its session as shim.js is one.
type tab struct {
	w     *World
	s     *session.Session
	facts *facts // of the first session of a life, until it has handed over
	judge judge

	program *program // nil for one that needs only events

	sockets []*socket // that the session holds
	ghosts  []*socket // that it gave up, and of which one may still hear
	inputs  []input
	busy    bool

	visible, online bool
	seen            bool // visible, as far as the session knows
	hiddenAt        time.Duration
	frozen          bool
	inbox           []func() // what came in while the page did not run

	armed   time.Duration // mono, negative when there is no timer
	timer   int           // counts timers, so that a replaced one is known
	overdue bool          // it came while the page did not run

	clocks session.Instant // at the last input or look
	looked bool            // a look at the clocks came after the last input

	urlFails, urlHangs time.Duration // until when
	forbiddenUntil     time.Duration // the browser refuses the address
	kept               string        // cursor in sessionStorage
}

// socket is what the page has of a connection.
type socket struct {
	tab     *tab
	gen     int
	after   string
	fresh   bool
	conn    *conn         // nil before the handshake is complete
	begun   bool          // its first frame was taken
	brought time.Duration // when its first event came
	since   string        // its newest events begin after this position
	counts  *latest.Counts

	toldLive bool
	pings    []time.Duration // sent and unanswered
}

// input is one for the session, with what it is about.
type input struct {
	session.Input
	socket *socket
	packet *packet
}

func newTab(w *World, n int) *tab {
	t := &tab{w: w, visible: true, online: true, armed: -1}
	t.judge = judge{w: w, tab: t, number: n}
	if w.cfg.Snapshots && !w.cfg.Plain {
		t.program = &program{t: t}
	}
	return t
}

// load begins a life of the page.
func (t *tab) load(after string) {
	opt := session.Defaults()
	opt.After, opt.Visible, opt.Online = after, t.visible, t.online
	t.s, t.facts, t.kept, t.seen = t.w.session(opt), nil, after, t.visible
	t.judge.load(after)
	if t.program != nil {
		t.judge.goesOnFrom(after)
		t.program.begin(after)
	}
	if late := t.w.cfg.Engine; late > 0 {
		t.facts = newFacts(opt)
		first := t.facts
		t.w.after(t.w.random.upto(late), func() {
			t.post(func() {
				if t.facts == first { // the page was not loaded again
					t.handOver()
				}
			})
		})
	}
	t.do(session.Start{})
}

// unload ends a life of the page, in order or by a crash.
func (t *tab) unload(orderly bool) {
	t.judge.look()
	if orderly {
		t.do(session.Stop{})
	}
	for len(t.sockets) > 0 {
		t.drop(t.sockets[0], true)
	}
	t.ghosts, t.inbox, t.facts = nil, nil, nil
	t.disarm()
}

func (t *tab) running() bool { return !t.frozen && t.w.now >= t.w.computer.asleepUntil }

// post runs something in the page, once it runs.
func (t *tab) post(do func()) {
	if !t.running() {
		t.inbox = append(t.inbox, do)
		return
	}
	do()
}

// do hands inputs to the session, one after another.
func (t *tab) do(in session.Input) { t.enter(input{Input: in}) }

func (t *tab) enter(in input) {
	t.inputs = append(t.inputs, in)
	if t.busy {
		return
	}
	t.busy = true
	for len(t.inputs) > 0 {
		in := t.inputs[0]
		t.inputs = t.inputs[1:]
		t.step(in)
	}
	t.inputs, t.busy = t.inputs[:0], false
}

func (t *tab) step(in input) {
	t.judge.before(in)
	t.w.stats.Inputs++
	if t.looked {
		t.s.Handle(t.clocks, session.Looked{})
		t.looked = false
	}
	t.clocks = t.w.instant()
	effects := t.s.Handle(t.clocks, in.Input)
	if t.facts != nil {
		t.facts.input(in.Input, t.w.instant())
	}
	if t.w.trace != nil {
		t.tell(in, effects)
	}
	for _, e := range effects {
		if t.facts != nil {
			t.facts.effect(in.Input, e, len(t.sockets), t.w.instant())
		}
		t.carryOut(in, e)
	}
	t.judge.after(in)
	t.kept = t.s.Cursor()
	t.arm()
	if t.program != nil {
		t.kept = t.program.at
		t.program.settle()
	}
}

func (t *tab) carryOut(in input, e session.Effect) {
	t.judge.effect(in, e)
	if t.program != nil {
		t.program.effect(in, e)
	}
	switch e := e.(type) {
	case session.Dial:
		k := &socket{tab: t, gen: e.Generation, after: e.After, fresh: e.Fresh}
		if t.program != nil {
			k.since = t.program.values.newest.Since
		}
		t.sockets = append(t.sockets, k)
		t.resolve(k)
	case session.Abandon:
		if k := t.socket(e.Generation); k != nil {
			t.ghosts = append(t.ghosts[max(0, len(t.ghosts)-3):], k)
			t.drop(k, true)
		}
	case session.Ping:
		if k := t.socket(e.Generation); k != nil {
			k.pings = append(k.pings, t.w.now)
			k.conn.up(k.conn.pinged)
		}
	case session.Deliver:
		t.judge.deliver(in, e)
	case session.Release:
		t.judge.release(e)
	}
}

// socket finds one that the session holds.
func (t *tab) socket(gen int) *socket {
	for _, k := range t.sockets {
		if k.gen == gen {
			return k
		}
	}
	return nil
}

// resolve asks the page's url function.
func (t *tab) resolve(k *socket) {
	w := t.w
	if w.now < t.urlHangs {
		return
	}
	fails := w.now < t.urlFails
	answer := func() {
		if !slices.Contains(t.sockets, k) {
			return
		}
		if fails {
			t.enter(input{session.URLFailed{Generation: k.gen, Reason: "no token"}, k, nil})
			return
		}
		t.enter(input{session.URLReady{Generation: k.gen}, k, nil})
		switch {
		case !slices.Contains(t.sockets, k):
		case w.now < t.forbiddenUntil:
			t.drop(k, false)
			t.enter(input{session.Closed{Generation: k.gen, Code: 1006, Reason: "refused by the browser", Hopeless: true}, k, nil})
		default:
			w.dial(k)
		}
	}
	// A promise is answered in a later turn, a string at once: after the effects
	// that are being done.
	w.after(w.cfg.URLDelay, func() { t.post(answer) })
}

// drop forgets a socket, and closes it.
func (t *tab) drop(k *socket, tell bool) {
	t.sockets = slices.DeleteFunc(t.sockets, func(held *socket) bool { return held == k })
	t.w.dialed(k)
	if c := k.conn; c != nil && tell {
		c.up(c.left)
		if t.w.cfg.Stale {
			t.w.after(t.w.random.upto(time.Minute), func() { t.post(func() { t.ghost(k) }) })
		}
	}
}

// ghost is the close event that comes for a socket which was given up.
func (t *tab) ghost(k *socket) {
	if slices.Contains(t.ghosts, k) {
		code := pick(t.w.random, 1000, 1006, 1013, 4403)
		t.enter(input{session.Closed{Generation: k.gen, Code: code}, k, nil})
	}
}

// receive is a frame for a socket.
func (t *tab) receive(c *conn, p packet) {
	for _, k := range t.sockets {
		if k.conn == c {
			t.take(k, &p)
			return
		}
	}
	if t.w.cfg.Stale && p.kind != opened {
		for _, k := range t.ghosts {
			if k.conn == c {
				t.take(k, &p)
				return
			}
		}
	}
}

func (t *tab) take(k *socket, p *packet) {
	switch p.kind {
	case opened:
		t.enter(input{session.Opened{Generation: k.gen}, k, p})
	case newest:
		t.takeNewest(k, p)
	case hello:
		if t.program != nil && slices.Contains(t.sockets, k) {
			t.program.values.hello(k, p)
		}
		t.enter(input{session.Hello{
			Generation: k.gen, Resumed: p.start.resumed, Position: p.log.id(p.to), Live: p.start.live,
			Heartbeat: t.w.cfg.Heartbeat, FirstRetryWindow: t.w.cfg.Spread, Gap: p.start.gap,
		}, k, p})
	case at:
		t.enter(input{session.Position{Generation: k.gen, Position: p.log.id(p.to), Live: p.live}, k, p})
	case events:
		in := session.Events{Generation: k.gen, IDs: p.ids()}
		if t.w.cfg.Plain {
			in.Contents = p.contents()
		}
		t.enter(input{in, k, p})
	case pong:
		t.enter(input{session.Pong{Generation: k.gen}, k, p})
	case noise:
		t.enter(input{session.Frame{Generation: k.gen}, k, p})
	case closed:
		t.closed(k, p.code, p.reason)
	}
}

// closed is the end of a socket that somebody else brought about.
func (t *tab) closed(k *socket, code int, reason string) {
	held := slices.Contains(t.sockets, k)
	t.drop(k, false)
	if !held && !slices.Contains(t.ghosts, k) {
		return
	}
	t.enter(input{session.Closed{Generation: k.gen, Code: code, Reason: reason}, k, &packet{kind: closed}})
}
