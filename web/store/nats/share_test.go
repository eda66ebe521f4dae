package nats_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/nats"
)

// counting counts the events that a feed has read from its log.
type counting struct {
	feed.NoObserver
	read atomic.Int64
}

func (c *counting) EventsRead(n int) { c.read.Add(int64(n)) }

// process is a feed with a connection of its own to the log.
type process struct {
	*feed.Feed
	url  string
	read *counting
}

func newProcess(t *testing.T, s store.Store, ring int) *process {
	t.Helper()
	p := &process{read: &counting{}}
	f, err := feed.New(feed.Options{Store: s, Ring: ring, Observer: p.read})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(f)
	t.Cleanup(func() { f.Close(); server.Close() })
	p.Feed, p.url = f, server.URL
	return p
}

func openShared(t *testing.T, name string, options nats.Options) *nats.Store {
	t.Helper()
	options.Stream, options.FollowTopics = name, true
	s, err := nats.Open(backend.URL(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// Three feeds whose clients want different topics read their shares only.
func TestFeedsReadTheirShare(t *testing.T) {
	t.Parallel()
	name := backend.NewName()
	options := nats.Options{Events: 100_000, EventsPerTopic: 1000}
	writer := openShared(t, name, options)
	log := &published{}
	log.put(t, writer, "first")
	var processes []*process
	var clients []*wanderer
	for i := range 3 {
		p := newProcess(t, openShared(t, name, options), 1000)
		processes = append(processes, p)
		for k := range 5 {
			w := &wanderer{t: t, log: log, names: map[string]bool{fmt.Sprintf("room.%d.%d", i, k): true}}
			w.join(p.url)
			clients = append(clients, w)
		}
	}
	var before [3]int64
	for i, p := range processes {
		before[i] = p.read.read.Load()
	}
	const each = 20
	for range each {
		for i := range 4 { // nobody is in the last room
			for k := range 5 {
				log.put(t, writer, fmt.Sprintf("room.%d.%d", i, k))
			}
		}
	}
	for _, w := range clients {
		if w.catchUp(); len(w.got) != each {
			t.Errorf("%v: %d events, want %d", w.segments, len(w.got), each)
		}
	}
	for i, p := range processes {
		// Beside its own, a feed reads a few milestones a second.
		if read := p.read.read.Load() - before[i]; read < 5*each || read > 10*each {
			t.Errorf("feed %d has read %d events of %d", i, read, 20*each)
		}
	}
}

// journey is a walk of clients between feeds that follow their shares.
type journey struct {
	t          *testing.T
	log        *published
	writer     store.Store
	urls       []string      // of the feeds
	pace       time.Duration // of the events
	everything bool          // clients may want all topics, and events come in bursts
}

func anyTopic(random *rand.Rand) string {
	return fmt.Sprintf("g.%d.%d", random.IntN(5), random.IntN(6))
}

func anyName(random *rand.Rand) string {
	if random.IntN(8) == 0 {
		return fmt.Sprintf("g.%d.*", random.IntN(5))
	}
	return anyTopic(random)
}

// wander has clients hop between the feeds and change their topics, while events are
// published, for as long as there are more steps.
func (j *journey) wander(more func(step int) bool) (gaps, sent int) {
	seed := rand.Uint64()
	j.t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	stop := make(chan struct{})
	var beside sync.WaitGroup
	beside.Go(func() {
		random := rand.New(rand.NewPCG(seed, 2))
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(random.Int64N(int64(2 * j.pace)))):
				j.log.put(j.t, j.writer, anyTopic(random))
			}
		}
	})
	defer func() { close(stop); beside.Wait() }()
	var clients []*wanderer
	for range 8 {
		clients = append(clients, &wanderer{t: j.t, log: j.log, names: map[string]bool{anyName(random): true}})
	}
	for step := 0; more(step); step++ {
		if j.everything && random.IntN(5) == 0 {
			for range 60 {
				j.log.put(j.t, j.writer, anyTopic(random))
			}
		}
		j.step(random, clients[random.IntN(len(clients))])
	}
	for _, w := range clients {
		if w.conn != nil {
			w.catchUp()
		}
		gaps += w.gaps
		sent += w.sent
	}
	return gaps, sent
}

func (j *journey) step(random *rand.Rand, w *wanderer) {
	switch action := random.IntN(8); {
	case w.conn == nil:
		if random.IntN(3) == 0 {
			w.names = map[string]bool{anyName(random): true, anyName(random): true}
			if j.everything && random.IntN(3) == 0 {
				clear(w.names)
			}
		}
		w.join(j.urls[random.IntN(len(j.urls))])
	case action < 3 && len(w.names) > 0:
		kind, changed := "add", []string{anyName(random)}
		switch random.IntN(3) {
		case 0:
			kind, changed = "topics", []string{anyName(random), anyName(random)}
			clear(w.names)
		case 1:
			if len(w.names) > 1 {
				kind, changed = "remove", slices.Collect(maps.Keys(w.names))[:1]
			}
		}
		for _, n := range changed {
			if w.names[n] = true; kind == "remove" {
				delete(w.names, n)
			}
		}
		w.request(kind, changed)
	case action < 6:
		w.catchUp()
	default:
		w.leave()
	}
}

// newJourney is one between three feeds on the server of the tests.
func newJourney(t *testing.T, options nats.Options, ring int) *journey {
	name := backend.NewName()
	j := &journey{t: t, log: &published{}, writer: openShared(t, name, options), pace: 2 * time.Millisecond}
	j.log.put(t, j.writer, "first")
	for range 3 {
		j.urls = append(j.urls, newProcess(t, openShared(t, name, options), ring).url)
	}
	return j
}

func steps(n int) func(int) bool { return func(step int) bool { return step < n } }

// Each client gets every event once and in order. No topic loses an event, so nobody is
// told of a gap.
func TestSharesHaveNoHole(t *testing.T) {
	t.Parallel()
	for _, ring := range []int{1000, 16} {
		j := newJourney(t, nats.Options{Events: 100_000, EventsPerTopic: 10_000}, ring)
		gaps, sent := j.wander(steps(300))
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
	j := newJourney(t, nats.Options{Events: 200, EventsPerTopic: 5}, 16)
	j.everything = true
	gaps, sent := j.wander(steps(300))
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
	j := &journey{t: t, log: &published{}, writer: open(strings.Join(urls, ",")), pace: 5 * time.Millisecond}
	j.log.put(t, j.writer, "first")
	c.settled()
	for _, url := range urls {
		j.urls = append(j.urls, newProcess(t, open(url), 64).url)
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
	gaps, sent := j.wander(func(step int) bool {
		select {
		case <-harm:
			return step < 50 // on a busy machine there were few before
		default:
			return true
		}
	})
	t.Logf("%d events; %d times a client was sent away", len(j.log.events), sent)
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
