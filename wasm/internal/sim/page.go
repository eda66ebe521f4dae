package sim

import (
	"time"

	"github.com/wakesocket/wakesocket/wasm/session"
)

// Timers and life cycle of a page, as browsers treat them.

const (
	intensiveAfter = 5 * time.Minute // hidden for so long, a page gets one timer a minute
	timerLag       = 15 * ms         // that a timer may come late in a page that runs
	lookTolerance  = 100 * ms        // that a look at the clocks may be wrong by without a call of the session
)

// arm moves the page's timer, for what is due and for looks at the clocks, when it
// would come too late.
func (t *tab) arm() {
	at, wanted := t.s.Deadline()
	switch {
	case !wanted:
		t.disarm()
	case t.armed < 0 || at < t.armed:
		t.armed = at
		t.schedule()
	}
}

// disarm forgets the timer, and a look that no session was told of.
func (t *tab) disarm() {
	t.armed, t.looked = -1, false
	t.timer++
}

// schedule sets the browser's timer for the deadline.
func (t *tab) schedule() {
	w := t.w
	t.timer++
	timer := t.timer
	due := w.now + max(0, t.armed-w.instant().Mono) + w.random.upto(timerLag)
	if !t.visible {
		every := second
		if t.throttled() {
			every = time.Minute
		}
		due = (due + every - 1) / every * every
	}
	w.at(due, func() { t.fire(timer) })
}

func (t *tab) throttled() bool {
	return t.w.cfg.Throttle && !t.visible && t.w.now-t.hiddenAt > intensiveAfter
}

func (t *tab) fire(timer int) {
	switch {
	case timer != t.timer || t.armed < 0:
	case !t.running():
		t.overdue = true
	case t.w.instant().Mono < t.armed:
		t.schedule()
	case t.looksRight():
		t.schedule()
	default:
		t.armed = -1
		t.do(session.Tick{})
	}
}

// looksRight reports whether nothing is due, and no time missing on the clocks. Like
// shim.js, the page then tells the session only with its next input.
func (t *tab) looksRight() bool {
	due, every, ok := t.s.Due()
	now := t.w.instant()
	jump := (now.Wall - t.clocks.Wall) - (now.Mono - t.clocks.Mono)
	if every == 0 || ok && now.Mono >= due || now.Mono-t.armed > lookTolerance || jump.Abs() > lookTolerance {
		return false
	}
	t.clocks, t.looked = now, true
	t.armed = now.Mono + every
	if ok {
		t.armed = min(t.armed, due)
	}
	return true
}

// show and hide are visibilitychange.
func (t *tab) show(on bool) {
	t.judge.look()
	if t.visible != on && !on {
		t.hiddenAt = t.w.now
	}
	if t.throttled() {
		t.judge.resumed() // its timers were as good as none
	}
	t.visible = on
	t.judge.shifted()
	if t.armed >= 0 {
		t.schedule()
	}
	t.post(func() {
		t.seen = on
		t.do(session.Visible{On: on})
	})
}

// stop ends the running of the page; resume lets it go on, with what came in
// meanwhile, an overdue timer and the signs that the browser gives in any order.
func (t *tab) stop() {
	t.judge.look()
	t.frozen = true
	for _, k := range t.sockets {
		if k.conn == nil && len(t.w.tabs) > 1 {
			t.w.fail(k) // or it would keep the other tab from dialing
		}
	}
}

func (t *tab) resume(signs int) {
	t.frozen = false
	if !t.running() {
		return
	}
	t.judge.resumed()
	drain := func() {
		inbox := t.inbox
		t.inbox = nil
		for _, do := range inbox {
			do()
		}
	}
	tick := func() {
		if t.overdue {
			t.overdue = false
			t.fire(t.timer)
		}
	}
	tell := func() {
		if signs&1 != 0 {
			t.do(session.Wake{})
		}
		if signs&2 != 0 {
			t.do(session.Visible{On: t.visible})
		}
		if signs&4 != 0 {
			t.do(session.Online{On: t.online})
		}
	}
	for _, part := range pick(t.w.random,
		[]func(){tell, drain, tick}, []func(){tick, drain, tell}, []func(){drain, tick, tell}, []func(){drain, tell, tick}) {
		part()
	}
}

// freeze is the page life cycle's: Chromium closes the sockets of such a page.
func (t *tab) freeze() {
	t.stop()
	if t.w.cfg.FreezeKills {
		for _, k := range t.sockets {
			if k.conn != nil {
				k.conn.up(k.conn.left)
			}
			t.inbox = append(t.inbox, func() { t.closed(k, 1006, "") })
		}
	}
}

// comfort brings the page back in front of somebody with a network.
func (t *tab) comfort() {
	if t.frozen {
		t.resume(0)
	}
	t.urlFails, t.urlHangs = min(t.urlFails, t.w.now), min(t.urlHangs, t.w.now)
	t.forbiddenUntil = min(t.forbiddenUntil, t.w.now)
	t.online = true
	t.do(session.Online{On: true})
	t.show(true)
	if name := t.judge.shown.Name; name == session.Stopped || name == session.Failed {
		t.judge.asked()
		t.do(session.Reconnect{})
	}
}
