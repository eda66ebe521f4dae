package sim

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

// Violation is an invariant that did not hold.
type Violation struct {
	Rule   string // the invariant
	Detail string
	At     time.Duration
}

func (v *Violation) Error() string {
	return fmt.Sprintf("%v: %s: %s", v.At.Round(ms), v.Rule, v.Detail)
}

// Rules. The session's doc.go and README state the same in other words.
const (
	ruleOnce    = "every event once and in order, or a gap is reported"
	ruleSockets = "at most two sockets, one of them delivering"
	ruleLegal   = "every effect is legal for its state"
	ruleHonest  = "live means proven, caught up, and not dead for longer than allowed"
	ruleHealed  = "live again within a minute of a healthy network"
	ruleRate    = "the rate of dials is bounded, and no two clients keep time"
	ruleAdvice  = "the server's advice is obeyed"
	ruleStopped = "stopped stays stopped"
	ruleVerdict = "a verdict belongs to one socket"
	ruleAlive   = "a live connection is left alone"
	ruleMemory  = "memory is bounded"
	ruleNewest  = "of a topic the newest event is shown, never an older one, with how many were passed over"
	ruleState   = "a state that is shown as live is that of the server at the page's position"
)

// judge watches a tab from outside and knows what the page cannot know.
type judge struct {
	w      *World
	tab    *tab
	number int

	// What the page has: every event that it wants up to n of log was delivered,
	// or told to be missing.
	known bool
	log   *epoch
	n     int
	last  int // event that was delivered
	first int // event that was delivered in this life of the page
	most  int // highest number that was ever delivered

	held      []held        // withheld in doubt
	heldSince time.Duration //

	shown     session.State
	over      bool // stopped or failed
	gapTold   bool // in this step
	dials     []time.Duration
	trip      time.Duration // longest round trip of a ping
	lastFrame time.Duration // last frame of the socket that delivers
	shift     time.Duration // when the page last began to run, or to be seen or not
	ran       time.Duration // when it last began to run
	lostAt    time.Duration // when it was last live
	progress  time.Duration // last event delivered
	keptAway  time.Duration // until when the server told it to wait
	bound     time.Duration // until when it may not dial
	rare      time.Duration // until when it may not dial without a sign: the browser refused the address
	rareEnd   time.Duration // until when it may wait for that reason
	away      bool          // the browser has taken the page away
	newest    int           // generation that was dialed last
	others    int           // sockets that were held when one closed
	waited    time.Duration // the last long wait before a retry
	doubtedAt time.Duration // last sign that the connection may be dead
	doubtful  bool          // the next input brings such a sign
	cursor    string
	steps     int
}

func (j *judge) violated(rule, format string, args ...any) {
	j.w.broken = &Violation{rule, fmt.Sprintf(format, args...), j.w.now}
	j.w.note("!! %s: %s", rule, j.w.broken.Detail)
	panic(j.w.broken)
}

// load is a new life of the page; what it kept is what it must go on from.
func (j *judge) load(after string) {
	now := j.w.now
	*j = judge{w: j.w, tab: j.tab, number: j.number, known: j.known && after != "", log: j.log, n: j.n, last: j.last, most: j.most, cursor: after,
		shown: session.State{Name: session.Stopped}, shift: now, ran: now, lostAt: now, doubtedAt: now, lastFrame: now}
	if after == "" {
		j.last, j.most = 0, 0 // it may be told of everything again
	}
}

func (j *judge) shifted() { j.shift = j.w.now }

// resumed is the page running again; a stop of more than a minute may have cost
// it the connection.
func (j *judge) resumed() { j.shift, j.ran = j.w.now, j.w.now }

// doubt is a sign for the session that the connection may be dead.
func (j *judge) doubt() { j.doubtedAt = j.w.now }

// asked is the user asking for a connection.
func (j *judge) asked() { j.over, j.lostAt, j.doubtedAt = false, j.w.now, j.w.now }

// look judges what the page shows at this moment.
func (j *judge) look() {
	if !j.tab.running() {
		return
	}
	now := j.w.now
	if limit := min(second+time.Duration(len(j.held))*10*ms, 10*second) + 1500*ms; len(j.held) > 0 && now-max(j.heldSince, j.ran) > limit && !j.tab.throttled() {
		j.violated(ruleOnce, "%d events were withheld for %v", len(j.held), now-j.heldSince)
	}
	if j.shown.Name == session.Live {
		if quiet := now - max(j.lastFrame, j.shift); quiet > j.longestLive() {
			j.violated(ruleHonest, "live was shown for %v without a sign of life, %v are allowed", quiet, j.longestLive())
		}
		return
	}
	if j.over || j.tab.throttled() {
		return
	}
	from := max(j.w.calm, j.ran, j.lostAt, j.progress, j.keptAway, j.rareEnd)
	if now-from > j.w.patience() {
		j.violated(ruleHealed, "%s (%s) for %v", j.shown.Name, j.shown.Cause, now-from)
	}
}

// longestLive is how long a dead connection may be shown as live: 7.5 s to
// somebody who looks, 36 s to nobody. A page whose timers come once a minute needs
// two of them, one to ask and one to judge. Links on which answers were seen to
// take long are given more, but never more than the timeout.
func (j *judge) longestLive() time.Duration {
	opt := session.Defaults()
	heartbeat := opt.Heartbeat
	if j.w.cfg.Heartbeat > 0 && !j.w.cfg.Plain {
		heartbeat = j.w.cfg.Heartbeat
	}
	grace := min(max(opt.ChallengeAfter, 6*j.trip), opt.HeartbeatTimeout)
	switch {
	case j.tab.visible:
		return min(opt.VisibleHeartbeat, heartbeat) + grace + 500*ms
	case j.w.cfg.Throttle:
		return heartbeat + 2*time.Minute + second
	}
	return heartbeat + opt.HeartbeatTimeout + 2*second // a hidden page has a timer a second
}

// before judges the moment before an input, and notes what the input proves.
func (j *judge) before(in input) {
	j.look()
	j.gapTold = false
	if j.doubtful {
		j.doubtful = false
		j.bound, j.rare = 0, 0
		j.doubt()
	}
	k, p := in.socket, in.packet
	switch it := in.Input.(type) {
	case session.Away:
		j.away = !j.over
	case session.Reconnect, session.Wake, session.Network, session.Online:
		j.away = false
	case session.Visible:
		j.away = j.away && !it.On
	}
	switch it := in.Input.(type) {
	case session.Tick, session.Events, session.Pong, session.Frame, session.Opened, session.URLReady, session.URLFailed:
	case session.Reconnect:
		j.bound, j.rare, j.rareEnd = 0, 0, min(j.rareEnd, j.w.now)
		j.doubt()
	case session.Network, session.Online:
		j.rare, j.rareEnd = 0, min(j.rareEnd, j.w.now)
		j.doubt()
	case session.Wake, session.Start, session.Away:
		j.rare, j.rareEnd = 0, min(j.rareEnd, j.w.now)
	case session.Visible:
		if it.On {
			j.rare, j.rareEnd = 0, min(j.rareEnd, j.w.now)
		}
	case session.Closed:
		j.rare, j.others = 0, len(j.tab.sockets)
		if it.Hopeless {
			const least = 5 * 30 * second // half of ten times the longest delay
			j.rare, j.rareEnd = j.w.now+least, j.w.now+2*least
		}
		if advice, _ := wire.ParseAdvice(it.Reason); advice > 0 {
			j.keptAway = max(j.keptAway, j.w.now+advice)
			// What was said to a page that did not run may have been said long ago.
			if j.ran < j.w.now && len(j.tab.sockets) == 0 && !slices.Contains(j.tab.ghosts, k) {
				j.bound = j.w.now + advice
			}
		}
		return
	}
	if p == nil || k == nil {
		return
	}
	if p.kind == hello && p.start.live || p.kind == at && p.live {
		k.toldLive = true
	}
	if p.kind == pong && len(k.pings) > 0 {
		if sent := k.pings[0]; sent >= j.ran || j.w.now-sent < 4*second { // a short stop looks like a slow answer
			j.trip = max(j.trip, j.w.now-sent)
		}
		k.pings = k.pings[1:]
	}
}

// after judges the moment after an input.
func (j *judge) after(in input) {
	if k, p := in.socket, in.packet; k != nil && p != nil && k.gen == j.shown.Generation && j.tab.socket(k.gen) == k {
		j.lastFrame = j.w.now
		j.begin(k)
		switch p.kind {
		case hello:
			j.greeted(p)
		case at:
			j.move(p.log, p.to)
		case events:
			j.progress = j.w.now // even if it has them all
			if k.brought == 0 {
				k.brought = j.w.now
			}
		}
	}
	if c := j.tab.s.Cursor(); c != j.cursor {
		j.moved(c)
	}
	if j.steps++; j.steps%32 == 0 {
		j.memory()
	}
}

// effect judges what the session asks for.
func (j *judge) effect(in input, e session.Effect) {
	t := j.tab
	if j.over {
		switch in.Input.(type) {
		case session.Start, session.Reconnect:
			j.asked()
		default:
			if _, harmless := e.(session.Deliver); !harmless {
				j.violated(ruleStopped, "%T after the end", e)
			}
		}
	}
	switch e := e.(type) {
	case session.Dial:
		if end, is := in.Input.(session.Closed); is && end.Code == wire.CloseUnauthorized && in.socket.gen == j.newest && !slices.Contains(t.ghosts, in.socket) && !e.Fresh {
			j.violated(ruleVerdict, "dial %d brings the token that was refused", e.Generation)
		}
		j.dial(e)
	case session.Abandon:
		k := t.socket(e.Generation)
		if k == nil && !in.ends(e.Generation) {
			j.violated(ruleLegal, "abandon of %d, which is not held", e.Generation)
		}
		if e.Code != 1000 && (e.Code < 3000 || e.Code > 4999) {
			j.violated(ruleLegal, "a browser refuses close code %d", e.Code)
		}
		if e.Code == 4000 && j.alive(k) {
			j.violated(ruleAlive, "socket %d was given up: %s", e.Generation, e.Reason)
		}
	case session.Ping:
		if k := t.socket(e.Generation); (k == nil || k.conn == nil) && !in.ends(e.Generation) {
			j.violated(ruleLegal, "ping on %d, which is not open", e.Generation)
		}
	case session.Gap:
		j.gap(in, e)
	case session.State:
		if e.Name == session.Failed && (!in.isFinal() || in.socket.gen != j.newest || j.others > 0) {
			j.violated(ruleVerdict, "failed (%s): the newest dial is %d, %d other sockets were held", e.Cause, j.newest, j.others)
		}
		j.state(in, e)
	}
}

// ends reports whether the input says that a socket is closed. The session looks
// at the clocks before the input, so it may still do something with it.
func (in input) ends(gen int) bool {
	end, is := in.Input.(session.Closed)
	return is && end.Generation == gen
}

// isFinal reports whether the input is a refusal for good: a code that says so,
// or 4401 to a dial that brought a fresh token.
func (in input) isFinal() bool {
	end, is := in.Input.(session.Closed)
	return is && (end.Code == 4403 || end.Code == 4401 && in.socket.fresh)
}

// alive reports whether a socket is beyond doubt: nothing was in the way for a
// while, the round trip is below every grace, nothing suggested otherwise.
func (j *judge) alive(k *socket) bool {
	cfg, c := &j.w.cfg, k.conn
	if k == nil {
		return false
	}
	quick := cfg.RTT+2*cfg.Jitter < 140*ms && cfg.Frame <= 2*ms
	calm := j.w.now-max(j.w.calm, j.doubtedAt) > 15*second
	return quick && calm && c != nil && c.open && !c.long && !c.cutUp && !c.cutDown && k.gen == j.shown.Generation &&
		(cfg.NATIdle == 0 || j.w.now-c.lastPacket < cfg.NATIdle/2)
}

func (j *judge) state(in input, e session.State) {
	was := j.shown
	if e.Name == session.Live {
		j.rare = 0
	}
	if _, adopted := in.Input.(session.Adopt); e == was && !adopted { // the adoption tells only a part of it
		j.violated(ruleLegal, "state %s told again", e.Name)
	}
	if e.Generation != 0 {
		if k := j.tab.socket(e.Generation); k == nil || k.conn == nil {
			j.violated(ruleSockets, "%d delivers and is not open", e.Generation)
		} else if e.Name == session.Live && !k.toldLive && !j.w.cfg.Plain {
			j.violated(ruleHonest, "live on %d before the replay was complete", e.Generation)
		}
	} else if e.Name == session.Live || e.Name == session.Checking {
		j.violated(ruleHonest, "%s without a socket", e.Name)
	}
	if e.RetryAt >= 0 && e.RetryAt != was.RetryAt {
		j.wait(e.RetryAt - j.w.instant().Wall)
	}
	if was.Generation != 0 && e.Generation != was.Generation {
		j.w.stats.Losses++
	}
	if was.Name == session.Live && e.Name != session.Live {
		j.lostAt = j.w.now
	}
	if e.Generation != was.Generation {
		j.lastFrame = j.w.now
	}
	j.shown = e
	j.over = e.Name == session.Stopped || e.Name == session.Failed
}

// wait judges how long the session means to wait. Waits that are the same twice
// are those of a jitter that was clipped away.
func (j *judge) wait(d time.Duration) {
	switch {
	case d < -50*ms:
		j.violated(ruleLegal, "a retry was promised for the past")
	case j.w.now < j.keptAway || d < 5*second:
	case d == j.waited:
		j.violated(ruleRate, "it waits for %v again", d)
	default:
		j.waited = d
	}
}

// memory looks into the session: what it remembers must not grow with the day.
func (j *judge) memory() {
	s := reflect.ValueOf(j.tab.s).Elem()
	recent := s.FieldByName("stream").FieldByName("recent")
	if n := recent.FieldByName("order").Len(); n > 1024 {
		j.violated(ruleMemory, "%d ids are remembered", n)
	}
	if n := recent.FieldByName("known").Len(); n > 1024 {
		j.violated(ruleMemory, "%d ids are known", n)
	}
	for _, name := range []string{"live", "dial"} {
		if k := s.FieldByName(name); !k.IsNil() && k.Elem().FieldByName("pings").Len() > 8 {
			j.violated(ruleMemory, "%d pings are remembered", k.Elem().FieldByName("pings").Len())
		}
	}
}
