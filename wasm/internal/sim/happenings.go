package sim

import (
	"fmt"
	"time"

	"github.com/wakesocket/wakesocket/wasm/session"
)

// Kind of a [Step].
type Kind int

// What can happen.
const (
	// to the path
	cut Kind = iota
	cutDown
	cutUp
	dark
	hang
	refuse
	reset
	slow
	lossy
	roam
	// to the server
	restart
	newLog
	crash
	stall
	drain
	rejectDials
	slamDoor
	expire
	forbid
	forgetful
	single
	long
	burst
	trim
	garbage
	// to the page and the machine
	hide
	show
	freeze
	stop
	sleep
	clock
	reload
	discard
	offline
	network_
	focus
	away
	// to the user
	closeIt
	reconnect
	urlFail
	urlHang
	forbidden
)

// happening is what a kind does to the world, and how it is told.
type happening struct {
	weight            int
	shortest, longest time.Duration // that it lasts; 0 when it does not last
	tell              func(Step) string
	do                func(*World, Step)
}

func says(text string) func(Step) string { return func(Step) string { return text } }

func lasts(text string) func(Step) string {
	return func(s Step) string { return fmt.Sprintf("for %v %s", s.For, text) }
}

// lasting happenings are in the way until they end.
func lasting(do func(w *World, s Step, until time.Duration)) func(*World, Step) {
	return func(w *World, s Step) {
		until := w.now + s.For
		w.disturb(until)
		do(w, s, until)
	}
}

func sudden(do func(w *World, s Step)) func(*World, Step) {
	return func(w *World, s Step) {
		w.disturb(w.now)
		do(w, s)
	}
}

// toPage is done in a page, as soon as that runs.
func toPage(do func(t *tab, s Step)) func(*World, Step) {
	return func(w *World, s Step) {
		t := w.tabs[s.Tab]
		t.post(func() { do(t, s) })
	}
}

func eachConn(do func(*conn)) func(*World, Step) {
	return sudden(func(w *World, _ Step) {
		for _, t := range w.tabs {
			for _, k := range t.sockets {
				if k.conn != nil {
					do(k.conn)
				}
			}
		}
	})
}

var happenings []happening

func init() { // not a literal: the steps tell themselves through it
	happenings = []happening{
		cut:     {6, 0, 0, says("a router forgets the connections: what is sent vanishes"), eachConn((*conn).cut)},
		cutDown: {2, 0, 0, says("what the server sends vanishes from now on"), eachConn(func(c *conn) { c.cutDown = true })},
		cutUp:   {2, 0, 0, says("what the page sends vanishes from now on"), eachConn(func(c *conn) { c.cutUp = true })},
		dark: {5, 100 * ms, 3 * time.Minute, lasts("nothing passes the network"), lasting(func(w *World, _ Step, until time.Duration) {
			w.darken(until)
			w.disturb(until + 5*second)
		})},
		hang: {4, second, time.Minute, lasts("handshakes are begun and never answered"), lasting(func(w *World, _ Step, until time.Duration) {
			w.network.hangUntil = until
		})},
		refuse: {4, second, 2 * time.Minute, lasts("connections are refused"), lasting(func(w *World, _ Step, until time.Duration) {
			w.network.refuseUntil = until
		})},
		reset: {3, 0, 0, says("the connections are reset"), eachConn(func(c *conn) { c.end(1006, -1, "") })},
		slow: {3, second, 3 * time.Minute, func(s Step) string {
			return fmt.Sprintf("for %v the path takes %v longer each way", s.For, slowness(s))
		},
			lasting(func(w *World, s Step, until time.Duration) { w.network.slowUntil, w.network.slow = until, slowness(s) })},
		lossy: {3, second, 5 * time.Minute, func(s Step) string { return fmt.Sprintf("for %v %d %% of the packets are lost", s.For, 1+s.N%30) },
			lasting(func(w *World, s Step, until time.Duration) { w.network.lossUntil, w.network.loss = until, 1+s.N%30 })},
		roam: {3, 0, 0, says("the machine changes to another network, and the browser says so"), func(w *World, s Step) {
			eachConn((*conn).cut)(w, s)
			toPage(func(t *tab, _ Step) { t.do(session.Network{}) })(w, s)
		}},

		restart: {4, 10 * ms, time.Minute, lasts("the server restarts; it keeps its log"), lasting(func(w *World, _ Step, until time.Duration) { w.server.restart(until) })},
		newLog: {3, 10 * ms, 30 * second, lasts("the server restarts with a new log"), lasting(func(w *World, _ Step, until time.Duration) {
			w.server.restart(until)
			w.server.newLog()
		})},
		crash: {3, second, 2 * time.Minute, lasts("the server's machine is gone without a word"), lasting(func(w *World, _ Step, until time.Duration) { w.server.crash(until) })},
		stall: {3, 100 * ms, time.Minute, lasts("the server's process stands still"), lasting(func(w *World, _ Step, until time.Duration) {
			w.server.stallUntil = max(w.server.stallUntil, until)
		})},
		drain: {2, second, 30 * second, lasts("the server drains"), lasting(func(w *World, s Step, until time.Duration) { w.server.drain(s.For) })},
		rejectDials: {3, second, time.Minute, func(s Step) string {
			return fmt.Sprintf("for %v newcomers are turned away with code %d, advice %v", s.For, refusalOf(s), adviceOf(s))
		}, lasting(func(w *World, s Step, until time.Duration) { w.server.refuse(s, until, false) })},
		slamDoor: {3, 10 * second, 2 * time.Minute, func(s Step) string {
			return fmt.Sprintf("for %v newcomers are greeted and then closed with code %d, advice %v", s.For, refusalOf(s), adviceOf(s))
		}, lasting(func(w *World, s Step, until time.Duration) { w.server.refuse(s, until, true) })},
		expire: {2, 0, 0, says("tokens expire: the next dials need a fresh one"), sudden(func(w *World, s Step) {
			w.server.unauthorized = 1 + s.N%5
			eachConn(func(c *conn) { c.end(4401, -1, "expired") })(w, s)
		})},
		forbid:    {1, 0, 0, says("the server throws everybody out for good"), eachConn(func(c *conn) { c.end(4403, -1, "forbidden") })},
		forgetful: {3, 0, 0, says("the server forgets its connections and tells nobody"), eachConn((*conn).forget)},
		single: {3, 10 * second, 2 * time.Minute, lasts("the server lets in one connection a page, and tells others to go for good"), lasting(func(w *World, _ Step, until time.Duration) {
			w.server.singleUntil = until
		})},
		long: {3, 0, 0, func(s Step) string {
			return fmt.Sprintf("an event that takes %v on the wire, on a plain server", lengthOf(s))
		}, func(w *World, s Step) {
			w.server.publishLong(lengthOf(s))
		}},
		burst: {8, 0, 0, func(s Step) string { return fmt.Sprintf("%d events at once", burstOf(s)) }, func(w *World, s Step) {
			if !w.server.down() {
				w.server.publish(burstOf(s))
			}
		}},
		trim:    {2, 0, 0, says("the log is trimmed to its last event"), func(w *World, _ Step) { w.server.log.trim(w.server.log.top() - 1) }},
		garbage: {1, 0, 0, says("a frame that nobody understands"), eachConn(func(c *conn) { c.down(packet{kind: noise}) })},

		hide:   {5, 0, 0, says("nobody looks at the page any more"), func(w *World, s Step) { w.tabs[s.Tab].show(false) }},
		show:   {7, 0, 0, says("somebody looks at the page"), func(w *World, s Step) { w.tabs[s.Tab].show(true) }},
		freeze: {3, second, 5 * time.Minute, lasts("the browser freezes the page"), pause((*tab).freeze)},
		stop:   {6, 100 * ms, 3 * time.Minute, lasts("the browser's process is stopped"), pause((*tab).stop)},
		sleep:  {6, second, 3 * time.Hour, lasts("the machine sleeps"), asleep},
		clock: {3, 0, 0, func(s Step) string { return fmt.Sprintf("the wall clock is corrected by %v", correctionOf(s)) },
			func(w *World, s Step) {
				w.computer.step += correctionOf(s)
				for _, t := range w.tabs {
					t.judge.doubtful = true
				}
			}},
		reload:  {3, 0, 0, says("the page is reloaded"), again(true)},
		discard: {2, 0, 0, says("the browser discards the page and loads it again"), again(false)},
		offline: {5, second, 2 * time.Minute, func(s Step) string {
			if s.N%2 == 0 {
				return fmt.Sprintf("for %v the browser is offline", s.For)
			}
			return fmt.Sprintf("for %v the browser says that it is offline, and is wrong", s.For)
		}, claimOffline},
		network_: {2, 0, 0, says("the browser tells of another network"), toPage(func(t *tab, _ Step) { t.do(session.Network{}) })},
		focus:    {5, 0, 0, says("the window gets the focus"), toPage(func(t *tab, _ Step) { t.do(session.Wake{}) })},

		away: {3, second, 5 * time.Minute, lasts("the browser takes the page away, and brings it back"), takeAway},

		closeIt: {2, 0, 0, says("the page closes its feed"), toPage(func(t *tab, _ Step) { t.do(session.Stop{}) })},
		reconnect: {4, 0, 0, says("the page calls reconnect()"), toPage(func(t *tab, _ Step) {
			t.do(session.Reconnect{})
		})},
		urlFail:   {2, second, time.Minute, lasts("the url function throws"), lasting(func(w *World, s Step, until time.Duration) { w.tabs[s.Tab].urlFails = until })},
		forbidden: {2, second, 2 * time.Minute, lasts("the browser refuses the address"), lasting(func(w *World, s Step, until time.Duration) { w.tabs[s.Tab].forbiddenUntil = until })},
		urlHang:   {2, second, time.Minute, lasts("the url function never answers"), lasting(func(w *World, s Step, until time.Duration) { w.tabs[s.Tab].urlHangs = until })},
	}
}
