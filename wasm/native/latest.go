package native

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/wakesocket/wakesocket/wasm/internal/latest"
	"github.com/wakesocket/wakesocket/wasm/session"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

// usualEvery is how often the newest event of a topic comes when nothing is said.
const usualEvery = 250 * time.Millisecond

// everyOf is how often the newest event of a topic is wanted, in ms.
func everyOf(d time.Duration) int64 {
	if d == 0 {
		d = usualEvery
	}
	return d.Round(time.Millisecond).Milliseconds()
}

func checkLatest(rules map[string]time.Duration) error {
	for name, every := range rules {
		if err := checkEvery(name, every); err != nil {
			return err
		}
	}
	return nil
}

func checkEvery(name string, every time.Duration) error {
	if name == "" {
		return errors.New("the name of a topic is empty")
	}
	if err := wire.CheckName(name); err != nil {
		return err
	}
	if every != 0 && (every < wire.LeastEvery*time.Millisecond || every > wire.MostEvery*time.Millisecond) {
		return fmt.Errorf("of %q it is %v; it must be from %d ms to %d ms, or 0 for %v. For every event name the topic in Topics",
			name, every, wire.LeastEvery, wire.MostEvery, usualEvery)
	}
	return nil
}

// latestTopics let the newest events of some topics through, on the way from the
// session or the server to the queue. They are the loop's alone.
type latestTopics struct {
	*loop
	conflation *latest.Conflation[waiting]
	newest     *latest.Newest
	wanted     bool // there are rules
}

// waiting is an event on its way through the conflation.
type waiting struct {
	Event
	since time.Time     // it waits for the callback
	at    time.Duration // when it came
}

// newest are events that the server has chosen.
type newest struct {
	events   []Event
	counts   []int64 // of each event; 0 for none
	position string  // up to which everything was sent; "" when that is as before
	gap      *session.Gap
}

// init is called with the client's lock held.
func (t *latestTopics) init(l *loop) {
	t.loop = l
	t.conflation = latest.NewConflation(t.show)
	t.set(l.topics, nil)
	t.newest = latest.NewNewest(l.Client.since)
}

// since is what an address says beside the topics; "" for nothing.
func (t *latestTopics) since() string {
	if !t.wanted {
		return ""
	}
	return t.newest.Since
}

// changed takes the rules of the topics. Nil names stand for all.
func (t *latestTopics) changed(names []string) {
	t.set(t.list(), names)
}

func (t *latestTopics) set(list topics, names []string) {
	t.wanted = len(list.latest) > 0
	t.conflation.Set(list.rules(), names, t.now)
}

// shown takes the state that the program sees next.
func (t *latestTopics) shown(s State) {
	t.conflation.Live(s.Name == Live || s.Name == Checking || s.Name == Slow, t.now)
	if s.Name == Failed || s.Name == Stopped {
		t.conflation.Flush(t.now)
	}
}

// event takes an event of the session. Before is the position before it.
func (t *latestTopics) event(e Event, since time.Time, before string) {
	if t.conflation.Event(e.Topic, waiting{e, since, t.now}, before, t.now) {
		t.moved() // the cursor does not wait
	}
}

// moved has the cursor of the program follow, and the position of the newest events
// where the client chooses these.
func (t *latestTopics) moved() {
	t.queue.push(item{cursor: t.told, moves: true, newest: t.complete()})
}

// show queues an event that may come now. The cursor is after it, since what waited
// came before.
func (t *latestTopics) show(w waiting, skipped int) {
	e := w.Event
	e.Skipped, e.Cursor = skipped, t.told
	if w.at != t.now {
		w.since = time.Now() // who held it was the client
	}
	t.queue.push(item{event: &e, since: w.since, cursor: t.told, moves: true, newest: t.complete()})
}

// complete is the position up to which the program has the newest events, where the
// client chooses these; "" where the server does.
func (t *latestTopics) complete() string {
	if t.newest.Since != "" || !t.wanted {
		return ""
	}
	if position, waits := t.conflation.Since(); waits {
		return position
	}
	return t.told
}

// hello takes what a server says of newest events.
func (t *latestTopics) hello(k *socket, counts, at string) {
	var lost string
	if k.counts, lost = t.newest.Hello(counts, at, t.wanted); lost != "" {
		t.gap(session.Gap{After: lost, Reason: "unknown"})
	}
}

// chosen takes the newest events of a server.
func (t *latestTopics) chosen(k *socket, n *newest) {
	if n.gap != nil {
		t.gap(*n.gap)
	}
	stream := t.snapshots.stream
	if k.counts == nil || stream != nil && stream.PassesOver() {
		return
	}
	for i, e := range n.events {
		skipped, isNew := t.newest.Take(k.counts, latest.Choice{Topic: e.Topic, ID: e.ID, Skipped: int64(e.Skipped), Count: n.counts[i]})
		if !isNew || stream != nil && !stream.Newest() {
			continue
		}
		t.mu.Lock()
		t.lastAt = e.Received
		t.Client.fresh.received(e)
		t.mu.Unlock()
		t.conflation.Newest(e.Topic, waiting{e, e.Received, t.now}, int(skipped))
	}
	if stream != nil && stream.Pending() {
		return
	}
	t.newest.Moved(n.position)
	if _, waits := t.conflation.Since(); !waits {
		t.queue.push(item{newest: t.newest.Since})
	}
}

// newestOf reads newest events. Those that cannot be read are left out, with an error.
func newestOf(frame wire.LatestEvents[json.RawMessage], now time.Time) (*newest, error) {
	a, err := events(0, frame.Events, now)
	n := &newest{position: frame.Position, gap: gapOf(frame.Gap)}
	for _, e := range a.events {
		f, _ := splitObject(e.Raw)
		if e.Topic == "" {
			continue
		}
		e.Skipped = int(wholeNumber(f.skipped))
		n.events, n.counts = append(n.events, e), append(n.counts, wholeNumber(f.count))
	}
	return n, err
}

// wholeNumber is a count; what is none is 0.
func wholeNumber(value json.RawMessage) int64 {
	n, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		return 0
	}
	return max(0, n)
}

// Since is the position up to which the callbacks have finished with the newest events
// of Options.Latest. Save it beside the cursor, and give it to Options.Since: what
// changed after it comes again. It is "" where there are none.
func (c *Client) Since() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.since
}
