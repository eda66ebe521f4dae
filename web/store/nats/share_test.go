package nats_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/nats"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// counting counts the events that a feed has read from its log.
type counting struct {
	feed.NoObserver
	read atomic.Int64
}

func (c *counting) EventsRead(n int) { c.read.Add(int64(n)) }

// countedFeed is a feed with a connection of its own to the log.
func countedFeed(t *testing.T, s store.Store, ring int) (url string, read *counting) {
	read = &counting{}
	_, url = storetest.Serve(t, feed.Options{Store: s, Ring: ring, Observer: read})
	return url, read
}

func openShared(t *testing.T, name string, options nats.Options) *nats.Store {
	t.Helper()
	options.Stream, options.FollowTopics = name, true
	return openAt(t, backend.URL(), options)
}

// Three feeds whose clients want different topics read their shares only.
func TestFeedsReadTheirShare(t *testing.T) {
	t.Parallel()
	name := backend.NewName()
	options := nats.Options{Events: 100_000, EventsPerTopic: 1000}
	w := &storetest.Walk{Log: openShared(t, name, options)}
	w.Publish(t, "first")
	var counts []*counting
	var clients []*storetest.Wanderer
	for i := range 3 {
		url, read := countedFeed(t, openShared(t, name, options), 1000)
		counts = append(counts, read)
		clients = append(clients, inRooms(t, w, url, i)...)
	}
	var before [3]int64
	for i, c := range counts {
		before[i] = c.read.Load()
	}
	publishInRooms(t, w, clients)
	for i, c := range counts {
		// Beside its own, a feed reads a few milestones a second.
		if read := c.read.Load() - before[i]; read < 5*eachRoom || read > 10*eachRoom {
			t.Errorf("feed %d has read %d events of %d", i, read, 20*eachRoom)
		}
	}
}

// inRooms has five clients on a feed, each with a room of its own.
func inRooms(t *testing.T, w *storetest.Walk, url string, feed int) (clients []*storetest.Wanderer) {
	for k := range 5 {
		c := w.Client(t, room(feed, k))
		c.Join(url)
		clients = append(clients, c)
	}
	return clients
}

func room(feed, k int) string { return fmt.Sprintf("room.%d.%d", feed, k) }

const eachRoom = 20 // events

// publishInRooms publishes in the rooms of three feeds, and of a fourth that nobody is
// in.
func publishInRooms(t *testing.T, w *storetest.Walk, clients []*storetest.Wanderer) {
	for range eachRoom {
		for i := range 4 {
			for k := range 5 {
				w.Publish(t, room(i, k))
			}
		}
	}
	for i, c := range clients {
		if got := c.CatchUp(); got != eachRoom {
			t.Errorf("client %d has %d events, want %d", i, got, eachRoom)
		}
	}
}

// newWalk is one between three feeds on the server of the tests.
func newWalk(t *testing.T, options nats.Options, ring int) *storetest.Walk {
	name := backend.NewName()
	w := &storetest.Walk{Log: openShared(t, name, options), Pace: 2 * time.Millisecond}
	w.Publish(t, "first")
	for range 3 {
		url, _ := countedFeed(t, openShared(t, name, options), ring)
		w.Feeds = append(w.Feeds, url)
	}
	return w
}

// Each client gets every event once and in order. No topic loses an event, so nobody is
// told of a gap.
func TestSharesHaveNoHole(t *testing.T) {
	t.Parallel()
	for _, ring := range []int{1000, 16} {
		w := newWalk(t, nats.Options{Events: 100_000, EventsPerTopic: 10_000}, ring)
		gaps, sent := w.Run(t, storetest.Steps(200))
		t.Logf("ring of %d: %d times a client was sent away", ring, sent) // on a busy machine
		if gaps > 0 {
			t.Errorf("ring of %d: %d gaps", ring, gaps)
		}
	}
}

// Topics lose their events soon, and some clients want all topics: each gets every event
// once and in order, or a gap is told.
func TestSharesTellGaps(t *testing.T) {
	t.Parallel()
	w := newWalk(t, nats.Options{Events: 200, EventsPerTopic: 5}, 16)
	w.Everything, w.Burst = true, 60
	gaps, sent := w.Run(t, storetest.Steps(200))
	t.Logf("%d gaps; %d times a client was sent away", gaps, sent)
	if gaps == 0 {
		t.Error("the test should see gaps")
	}
}

// The same in a cluster whose servers are killed and whose leader changes. A client may
// be sent away for a while; nobody is told of a gap.
func TestSharesInACluster(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster takes long")
	}
	t.Parallel()
	c := newCluster(t, "events")
	open := func(url string) *nats.Store {
		s, err := nats.New(c.connect(url), nats.Options{Stream: c.stream, Replicas: 3, Events: 100_000, EventsPerTopic: 10_000, FollowTopics: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	var urls []string
	for _, s := range c.servers {
		urls = append(urls, s.URL)
	}
	w := &storetest.Walk{Log: open(strings.Join(urls, ",")), Pace: 5 * time.Millisecond}
	w.Publish(t, "first")
	c.settled()
	for _, url := range urls {
		feed, _ := countedFeed(t, open(url), 64)
		w.Feeds = append(w.Feeds, feed)
	}
	harm := make(chan struct{})
	go func() {
		defer close(harm)
		time.Sleep(time.Second)
		for round := range 3 {
			server := c.settled()
			if round == 1 {
				server = (server + 1) % 3 // a follower
			}
			c.servers[server].Kill()
			time.Sleep(time.Second)
			c.start(server)
			c.settled()
			time.Sleep(time.Second)
			c.js.Conn().Request("$JS.API.STREAM.LEADER.STEPDOWN."+c.stream, nil, 10*time.Second)
			time.Sleep(2 * time.Second)
		}
	}()
	gaps, sent := w.Run(t, func(step int) bool {
		select {
		case <-harm:
			return step < 50 // on a busy machine there were few before
		default:
			return true
		}
	})
	t.Logf("%d events; %d times a client was sent away", w.Published(), sent)
	if gaps > 0 {
		t.Errorf("%d gaps", gaps)
	}
}

func TestFollowTopicsNeedsALimit(t *testing.T) {
	t.Parallel()
	if _, err := nats.OpenDir(t.TempDir(), nats.Options{FollowTopics: true}); err == nil || !strings.Contains(err.Error(), "EventsPerTopic") {
		t.Error(err)
	}
}
