package sim

import (
	"slices"
	"strconv"
	"time"

	"github.com/wakesocket/wakesocket/wasm/internal/latest"
	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

// Topics of which a page wants only the newest event. The events that it wants all of
// pass through a conflation, and those that it does not want are chosen by the server.

const (
	shownEvery  = 300 * ms // least time between two events of a topic that the page is shown
	chosenEvery = 200 * ms // between two frames of the server
	shownTopics = 3        // of the events that the page wants all of
)

// values are what a page knows of these topics.
type values struct {
	p          *program
	conflation *latest.Conflation[int]
	came       [shownTopics]struct {
		last, count int // event that came last, and how many since one was shown
		shown       time.Duration
		flushed     bool // what waits may be shown before its time
	}
	timer int // counts timers, so that a replaced one is known

	newest *latest.Newest
	log    *epoch
	topics map[int]value // those that the server chooses
	since  string        // belongs to topics
}

// value is the newest event of a topic that the page has, and how many there were up
// to there.
type value struct{ n, count int }

// upTo is the value of a topic at a place of the log.
func (w *World) upTo(topic, n int) (v value) {
	every := w.cfg.Topics
	if n >= topic {
		v.count = (n-topic)/every + 1
		v.n = topic + (v.count-1)*every
	}
	return v
}

// begin is a new life of the page.
func (v *values) begin(p *program, after string) {
	v.p = p
	if after == "" {
		v.log, v.topics, v.since = nil, nil, ""
	}
	v.newest = latest.NewNewest(v.since)
	v.came = [shownTopics]struct {
		last, count int
		shown       time.Duration
		flushed     bool
	}{}
	for topic := range v.came {
		v.came[topic].shown = -time.Hour
	}
	v.conflation = latest.NewConflation(v.show)
	v.conflation.Set(latest.Rules{"t.*": shownEvery}, nil, 0)
	v.timer++
}

// event is one that the page wants, after the place before it.
func (v *values) event(n int, after string) {
	topic := n / v.p.t.w.cfg.Topics % shownTopics
	v.came[topic].last, v.came[topic].count = n, v.came[topic].count+1
	v.conflation.Event("t."+strconv.Itoa(topic), n, after, v.p.t.w.now)
}

// show judges what the conflation shows.
func (v *values) show(n, skipped int) {
	j, now := &v.p.t.judge, v.p.t.w.now
	c := &v.came[n/v.p.t.w.cfg.Topics%shownTopics]
	switch {
	case n != c.last:
		j.violated(ruleNewest, "event %d is shown, the newest of its topic is %d", n, c.last)
	case skipped != c.count-1:
		j.violated(ruleNewest, "%d events are said to be passed over, they are %d", skipped, c.count-1)
	case !c.flushed && now-c.shown < shownEvery:
		j.violated(ruleNewest, "event %d is shown %v after another of its topic", n, now-c.shown)
	}
	c.count, c.shown = 0, now
}

// flush shows what waits before a gap and a snapshot.
func (v *values) flush() {
	v.early(func() { v.conflation.Flush(v.p.t.w.now) })
	for topic, c := range v.came {
		if c.count > 0 {
			v.p.t.judge.violated(ruleNewest, "event %d of topic %d waits after a flush", c.last, topic)
		}
	}
}

// early does something that may show events before their time.
func (v *values) early(do func()) {
	for topic := range v.came {
		v.came[topic].flushed = true
	}
	do()
	for topic := range v.came {
		v.came[topic].flushed = false
	}
}

// live is the state that the page is shown.
func (v *values) live(live bool) {
	v.early(func() { v.conflation.Live(live, v.p.t.w.now) })
	v.arm()
}

// arm sets the timer of the conflation.
func (v *values) arm() {
	v.timer++
	timer, w := v.timer, v.p.t.w
	due, ok := v.conflation.Deadline()
	if !ok {
		return
	}
	w.at(max(w.now, due), func() {
		v.p.t.post(func() {
			if timer == v.timer {
				v.conflation.Tick(w.now)
				v.arm()
			}
		})
	})
}

// given is a snapshot at a position.
func (v *values) given(at string) {
	v.flush()
	log, n, ok := v.p.t.w.place(at)
	v.log, v.topics, v.since = nil, map[int]value{}, at
	if !ok {
		return
	}
	v.log = log
	for topic := 1; topic < v.p.t.w.cfg.Topics; topic++ {
		v.topics[topic] = v.p.t.w.upTo(topic, n)
	}
}

// chooses reports whether the server chooses the newest events of topics.
func (v *values) chooses() bool { return v.p.t.w.cfg.Topics > 1 && v.newest.Chosen }

// hello takes what the server says of its counts.
func (v *values) hello(k *socket, p *packet) {
	if v.p.t.w.cfg.Topics > 1 {
		k.counts, _ = v.newest.Hello(p.log.name, p.log.id(p.to), true)
	}
}

// chosen takes newest events of the server, and judges what the page is shown of them.
func (v *values) chosen(k *socket, p *packet) {
	w, j, stream := v.p.t.w, &v.p.t.judge, v.p.stream
	if p.lost {
		v.p.lacks = stream.Gap(wire.GapTrimmed) || v.p.lacks
	}
	if k.counts == nil || stream.PassesOver() {
		return
	}
	for _, c := range p.chosen {
		topic := c.n % w.cfg.Topics
		choice := latest.Choice{Topic: strconv.Itoa(topic), ID: p.log.id(c.n), Skipped: int64(c.skipped), Count: int64(c.count)}
		skipped, isNew := v.newest.Take(k.counts, choice)
		if !isNew || !stream.Newest() {
			continue
		}
		old := v.topics[topic]
		next := value{c.n, old.count + 1 + int(skipped)}
		switch want := w.upTo(topic, c.n); {
		case v.log != p.log:
			j.violated(ruleNewest, "%s is shown, and no state of its epoch before", p.log.id(c.n))
		case c.n <= old.n:
			j.violated(ruleNewest, "event %d of topic %d is shown after %d", c.n, topic, old.n)
		case next != want:
			j.violated(ruleNewest, "%d are said to be passed over for event %d after %d: that makes %d, they are %d", skipped, c.n, old.n, next.count, want.count)
		}
		v.topics[topic] = next
	}
	if !stream.Pending() {
		v.newest.Moved(p.log.id(p.to))
		v.since = v.newest.Since
	}
}

// atTheEnd of a day the page has the newest of each topic that the server chooses.
func (v *values) atTheEnd() {
	w := v.p.t.w
	if !v.newest.Chosen || v.newest.Since != w.server.log.id(w.server.log.top()) {
		return // the newest are still on their way
	}
	for topic := 1; topic < w.cfg.Topics; topic++ {
		if got, want := v.topics[topic], w.upTo(topic, w.server.log.top()); got != want {
			v.p.t.judge.violated(ruleNewest, "at the end of the day the page has event %d of topic %d, the newest is %d", got.n, topic, want.n)
		}
	}
}

// chosenEvent is one of a frame of newest events.
type chosenEvent struct{ n, skipped, count int }

// choices are what the server keeps of a connection of such a page.
type choices struct {
	wanted bool
	sent   map[int]int // the newest event of each topic that was sent
	since  int         // the client has the newest up to here
	lost   bool        // some after that are gone
	told   int         // up to where everything was sent, as the client was told
	last   time.Duration
	timed  bool
}

// begin is where the newest events begin: after what the client named, if it has a
// place in the log.
func (c *choices) begin(log *epoch, since string, from start) {
	*c = choices{wanted: true, sent: map[int]int{}, since: from.pos, last: -time.Hour}
	name, major, minor, ok := parseID(since)
	if ok && name == log.name && minor == 0 && major <= uint64(log.top()) {
		c.since = int(major)
	} else if since != "" {
		c.since, c.lost = 0, from.gap == nil
	}
	if c.since < log.base {
		c.lost, c.since = from.gap == nil, log.base
	}
	c.told = c.since
}

// choose is the next frame of newest events, if there is something to tell. Some that
// come soon after another are put off, but not those of a client that comes.
func (c *conn) choose() (p packet, any bool) {
	h, w := &c.choices, c.w
	top := c.log.top()
	if !h.wanted || h.told == top && !h.lost {
		return p, false
	}
	if wait := h.last + chosenEvery - w.now; c.live && wait > 0 {
		if !h.timed {
			h.timed = true
			w.after(wait, func() { h.timed = false; c.write() })
		}
		return p, false
	}
	p = packet{kind: newest, log: c.log, to: top, lost: h.lost}
	for topic := 1; topic < w.cfg.Topics; topic++ {
		now := w.upTo(topic, top)
		before := w.upTo(topic, max(h.sent[topic], h.since))
		if now.n <= before.n {
			continue
		}
		p.chosen = append(p.chosen, chosenEvent{now.n, now.count - before.count - 1, 0})
		if h.sent[topic] == 0 {
			p.chosen[len(p.chosen)-1].count = now.count
		}
		h.sent[topic] = now.n
	}
	slices.SortFunc(p.chosen, func(a, b chosenEvent) int { return b.n - a.n })
	h.lost, h.told, h.last = false, top, w.now
	return p, true
}

// takeNewest is a frame of newest events for a socket.
func (t *tab) takeNewest(k *socket, p *packet) {
	if !slices.Contains(t.sockets, k) {
		return
	}
	t.program.values.chosen(k, p)
	t.program.settle()
	if slices.Contains(t.sockets, k) {
		t.enter(input{session.Frame{Generation: k.gen}, k, p})
	}
}
