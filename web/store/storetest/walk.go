package storetest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// Walk is one of clients between the feeds of one log. They change their topics while
// events are published. Each gets every event of its topics once and in order, and of some
// topics the newest, or is told of a gap.
type Walk struct {
	Log        store.Store // where events are published
	Feeds      []string    // addresses
	Pace       time.Duration
	Burst      int  // events that are published at once now and then, besides those of the pace
	Everything bool // clients may want all topics

	log published
}

// Publish publishes an event of a topic.
func (w *Walk) Publish(t testing.TB, topic string) {
	t.Helper()
	w.log.put(t, w.Log, topic)
}

// Published is how many events were published.
func (w *Walk) Published() int {
	w.log.mu.Lock()
	defer w.log.mu.Unlock()
	return len(w.log.events)
}

// Client is one that wants some topics.
func (w *Walk) Client(t testing.TB, names ...string) *Wanderer {
	c := &Wanderer{t: t, log: &w.log, names: map[string]bool{}}
	for _, name := range names {
		c.names[name] = true
	}
	return c
}

func anyTopic(random *rand.Rand) string {
	return fmt.Sprintf("%s%d.%d", []string{"all.", newestOnly}[random.IntN(2)], random.IntN(5), random.IntN(6))
}

func anyName(random *rand.Rand) string {
	if random.IntN(8) == 0 {
		return fmt.Sprintf("%s%d.*", []string{"all.", newestOnly}[random.IntN(2)], random.IntN(5))
	}
	return anyTopic(random)
}

// Run has the clients walk for as long as there are more steps. It returns how many gaps
// they were told of, and how often one was sent away.
func (w *Walk) Run(t testing.TB, more func(step int) bool) (gaps, sent int) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	stop := make(chan struct{})
	var beside sync.WaitGroup
	beside.Go(func() { // so that there are events while a feed changes its share
		random := rand.New(rand.NewPCG(seed, 2))
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(random.Int64N(int64(2 * w.Pace)))):
				w.Publish(t, anyTopic(random))
			}
		}
	})
	defer func() { close(stop); beside.Wait() }()
	var clients []*Wanderer
	for range 8 {
		clients = append(clients, w.Client(t, anyName(random)))
	}
	for step := 0; more(step); step++ {
		if w.Burst > 0 && random.IntN(5) == 0 {
			for range random.IntN(w.Burst) {
				w.Publish(t, anyTopic(random))
			}
		}
		w.step(random, clients[random.IntN(len(clients))])
	}
	for _, c := range clients {
		if c.conn != nil {
			c.CatchUp()
		}
		gaps += c.gaps
		sent += c.sent
	}
	return gaps, sent
}

func (w *Walk) step(random *rand.Rand, c *Wanderer) {
	switch action := random.IntN(8); {
	case c.conn == nil:
		if random.IntN(3) == 0 {
			c.names = map[string]bool{anyName(random): true, anyName(random): true}
			if w.Everything && random.IntN(3) == 0 {
				clear(c.names)
			}
		}
		feed := w.Feeds[random.IntN(len(w.Feeds))]
		if len(c.names) > 0 && random.IntN(4) == 0 {
			c.joinLater(feed)
		} else {
			c.Join(feed)
		}
	case action < 3 && len(c.names) > 0:
		kind, names := wire.KindAdd, []string{anyName(random)}
		switch random.IntN(3) {
		case 0:
			kind, names = wire.KindTopics, []string{anyName(random), anyName(random)}
		case 1:
			if len(c.names) > 1 {
				kind, names = wire.KindRemove, slices.Collect(maps.Keys(c.names))[:1]
			}
		}
		c.change(kind, names)
	case action < 6:
		c.CatchUp()
	default:
		if random.IntN(2) == 0 { // else it may lag
			c.CatchUp()
		}
		if c.conn != nil {
			c.leave()
		}
	}
}

// Steps is how many a walk has.
func Steps(n int) func(int) bool { return func(step int) bool { return step < n } }
