package latest

import (
	"container/heap"
	"slices"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// Conflation lets the newest event of a topic through, at most once in a while, and
// counts what is passed over, where the server does not do so. At most one event of a
// topic waits, and only a newer one takes its place: an older one never comes after
// it.
type Conflation[E any] struct {
	deliver func(event E, skipped int)
	rules   Rules
	topics  map[string]*topic[E]
	waiting queue[E]
	order   []turn[E] // how topics began to wait, for Since
	turns   int
	live    bool
	crowd   int // topics that are known before idle ones are forgotten
}

// topic is what is known of one topic of which the program gets only the newest event.
type topic[E any] struct {
	name    string
	every   time.Duration
	due     time.Duration // the next event may be shown then
	event   E             // the newest, while it waits
	skipped int           // events that were passed over for it
	ready   time.Duration // when it is shown
	number  int           // of its turn to wait
	place   int           // among those that wait, plus 1; 0 when it does not
}

// turn notes after which position a topic began to wait.
type turn[E any] struct {
	topic  *topic[E]
	number int
	after  string
}

func (o turn[E]) waits() bool { return o.topic.place > 0 && o.topic.number == o.number }

// crowd is how many topics are known before idle ones are forgotten.
const crowd = 10_000

// NewConflation returns one that lets every event through, until Set. Skipped is how
// many events of the topic were passed over for the one that is delivered.
func NewConflation[E any](deliver func(event E, skipped int)) *Conflation[E] {
	return &Conflation[E]{deliver: deliver, topics: map[string]*topic[E]{}, crowd: crowd}
}

// Set replaces the rules. Names are those that were changed; nil stands for all.
func (c *Conflation[E]) Set(rules Rules, names []string, now time.Duration) {
	c.rules = rules
	few := names != nil
	for _, name := range names {
		few = few && !wire.IsPattern(name)
	}
	if few {
		for _, name := range names {
			if t := c.topics[name]; t != nil {
				c.change(t, now)
			}
		}
		return
	}
	for _, o := range slices.Clone(c.order) { // what waits is shown in its order
		if o.waits() {
			c.change(o.topic, now)
		}
	}
	for _, t := range c.topics {
		c.change(t, now)
	}
}

// change gives a topic its rule. What waits of one that has none any more is shown.
func (c *Conflation[E]) change(t *topic[E], now time.Duration) {
	if t.every = c.rules.Every(t.name); t.every > 0 {
		return
	}
	c.show(t, now)
	delete(c.topics, t.name)
}

// Event takes an event that the server did not choose, and tells whether it waits.
// After is the position before it.
func (c *Conflation[E]) Event(name string, event E, after string, now time.Duration) (waits bool) {
	every := c.every(name)
	if every == 0 {
		c.deliver(event, 0)
		return false
	}
	t := c.topic(name, every, now)
	switch {
	case t.place > 0:
		t.skipped++
		t.event = event
		return true
	case c.live && now >= t.due:
		t.due = now + every
		c.deliver(event, 0)
		return false
	case !c.live:
		t.due = max(t.due, now+every) // most of a replay is passed over
	}
	c.turns++
	t.event, t.ready, t.number = event, t.due, c.turns
	heap.Push(&c.waiting, t)
	if len(c.order) >= 2*len(c.waiting)+crowd { // one that waits long keeps those after it
		c.order = slices.DeleteFunc(c.order, func(o turn[E]) bool { return !o.waits() })
	}
	c.order = append(c.order, turn[E]{t, t.number, after})
	return true
}

// Newest takes an event that the server has chosen as the newest of its topic. What
// waits of that is older, and passed over.
func (c *Conflation[E]) Newest(name string, event E, skipped int) {
	if t := c.topics[name]; t != nil && t.place > 0 {
		skipped += t.skipped + 1
		c.take(t)
	}
	c.deliver(event, skipped)
}

// Live says whether the replay is over. Then what waits is shown at once.
func (c *Conflation[E]) Live(live bool, now time.Duration) {
	if live && !c.live {
		c.Flush(now)
	}
	c.live = live
}

// Tick shows what may be shown.
func (c *Conflation[E]) Tick(now time.Duration) {
	for len(c.waiting) > 0 && c.waiting[0].ready <= now {
		c.show(c.waiting[0], now)
	}
}

// Flush shows all that waits.
func (c *Conflation[E]) Flush(now time.Duration) {
	for len(c.waiting) > 0 {
		c.show(c.waiting[0], now)
	}
}

// Deadline is when to call Tick; ok is false for never.
func (c *Conflation[E]) Deadline() (at time.Duration, ok bool) {
	if len(c.waiting) == 0 {
		return 0, false
	}
	return c.waiting[0].ready, true
}

// Since is the position up to which nothing waits; ok is false when nothing waits at
// all.
func (c *Conflation[E]) Since() (position string, ok bool) {
	for len(c.order) > 0 && !c.order[0].waits() {
		c.order = c.order[1:]
	}
	if len(c.order) == 0 {
		return "", false
	}
	return c.order[0].after, true
}

func (c *Conflation[E]) every(name string) time.Duration {
	if t := c.topics[name]; t != nil {
		return t.every
	}
	return c.rules.Every(name)
}

func (c *Conflation[E]) topic(name string, every, now time.Duration) *topic[E] {
	if t := c.topics[name]; t != nil {
		return t
	}
	if len(c.topics) >= c.crowd {
		for name, t := range c.topics {
			if t.place == 0 && t.due <= now {
				delete(c.topics, name)
			}
		}
		c.crowd = max(crowd, 2*len(c.topics))
	}
	t := &topic[E]{name: name, every: every}
	c.topics[name] = t
	return t
}

// show delivers what waits of a topic, if anything.
func (c *Conflation[E]) show(t *topic[E], now time.Duration) {
	if t.place == 0 {
		return
	}
	event, skipped := t.event, t.skipped
	c.take(t)
	t.due = now + t.every
	c.deliver(event, skipped)
}

// take ends the waiting of a topic.
func (c *Conflation[E]) take(t *topic[E]) {
	heap.Remove(&c.waiting, t.place-1)
	var none E
	t.event, t.skipped = none, 0
}

// queue is a heap: the topic that may be shown first comes first.
type queue[E any] []*topic[E]

func (q queue[E]) Len() int { return len(q) }
func (q queue[E]) Less(i, j int) bool {
	return q[i].ready < q[j].ready || q[i].ready == q[j].ready && q[i].number < q[j].number
}
func (q queue[E]) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i+1, j+1
}
func (q *queue[E]) Push(x any) {
	t := x.(*topic[E])
	*q = append(*q, t)
	t.place = len(*q)
}
func (q *queue[E]) Pop() any {
	old := *q
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	t.place = 0
	return t
}
