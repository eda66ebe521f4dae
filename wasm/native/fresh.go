package native

import (
	"time"
)

// Freshness is how current the data of a topic is.
type Freshness struct {
	Newest time.Time     // of the newest event: when it was published, else received; zero before the first
	Limit  time.Duration // after which the server says that it is stale; 0 when it said nothing
	Stale  bool          // the client is not live, or the newest event is older than Limit
}

// freshness holds the declared topics and their newest events.
type freshness struct {
	limits map[string]time.Duration
	newest map[string]time.Time
}

// received notes the event of a topic that has a limit.
func (f *freshness) received(e Event) {
	if f.limits[e.Topic] == 0 {
		return
	}
	at := e.Time
	if at.IsZero() {
		at = e.Received
	}
	if at.After(f.newest[e.Topic]) {
		f.newest[e.Topic] = at
	}
}

// declare takes the limits of a hello, or changes single ones.
func (c *Client) declare(ms map[string]int64, all bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if all || c.fresh.limits == nil {
		c.fresh.limits = map[string]time.Duration{}
	}
	if c.fresh.newest == nil {
		c.fresh.newest = map[string]time.Time{}
	}
	for topic, limit := range ms {
		if limit > 0 {
			c.fresh.limits[topic] = milliseconds(limit)
		} else {
			delete(c.fresh.limits, topic)
		}
	}
}

// Freshness tells how current the data of a topic is. Only topics for which the
// server declares a limit have a newest event.
func (c *Client) Freshness(topic string) Freshness {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := Freshness{Newest: c.fresh.newest[topic], Limit: c.fresh.limits[topic]}
	f.Stale = !c.state.Live() || f.Limit > 0 && time.Since(f.Newest) > f.Limit
	return f
}
