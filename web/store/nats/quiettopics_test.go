package nats_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/native"
	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/nats"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// visitor is a client of some topics that comes and goes.
type visitor struct {
	listener
	topics []string
	at     string
}

// visit connects until the client is live, and does something meanwhile.
func (v *visitor) visit(t *testing.T, url string, meanwhile func()) {
	t.Helper()
	client, err := native.Connect(t.Context(), native.Options{
		URL: url, After: v.at, Topics: v.topics, Heartbeat: 100 * time.Millisecond,
		OnEvent: func(_ *native.Client, e native.Event) {
			n, err := strconv.Atoi(string(e.Data))
			if err != nil {
				t.Error(err)
			}
			v.mu.Lock()
			defer v.mu.Unlock()
			v.events = append(v.events, n)
		},
		OnGap: func(_ *native.Client, g native.Gap) {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.gaps = append(v.gaps, g)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := client.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	meanwhile()
	storetest.Eventually(t, "the client has a position", func() bool { return client.Cursor() != "" })
	v.at = client.Cursor()
}

// publishMany publishes n events on a topic, many at a time.
func publishMany(t *testing.T, s store.Store, topic string, n int) {
	t.Helper()
	var publishers sync.WaitGroup
	for worker := range 64 {
		publishers.Go(func() {
			for i := worker; i < n; i += 64 {
				if _, err := s.Publish(t.Context(), topic, []byte(strconv.Itoa(i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	publishers.Wait()
}

// A busy topic fills the log many times over. Clients of quiet topics come back to a
// feed that has just started, and go on without a gap; those of the busy one are told.
func TestQuietTopicsGoOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var (
		log *nats.Store
		f   *feed.Feed
		url string
	)
	start := func() {
		log = limited(t, dir, nats.Options{Events: 1000, EventsPerTopic: 100})
		nats.SetMilestoneEvery(log, 100*time.Millisecond)
		var err error
		if f, err = feed.New(feed.Options{Store: log, Ring: 64}); err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(f)
		t.Cleanup(func() { f.Close(); server.Close() })
		url = server.URL
	}
	start()
	quiet, silent, busy, all := &visitor{topics: []string{"quiet.*"}}, &visitor{topics: []string{"silent"}}, &visitor{topics: []string{"busy"}}, &visitor{}
	publishMany(t, log, "busy", 10)
	quiet.visit(t, url, func() {
		if _, err := log.Publish(t.Context(), "quiet.a", []byte("1")); err != nil {
			t.Fatal(err)
		}
		quiet.await(t, 1)
	})
	for _, v := range []*visitor{silent, busy, all} {
		v.visit(t, url, func() {})
	}
	for round := range 3 {
		publishMany(t, log, "busy", 1000)
		for _, n := range []int{10*round + 2, 10*round + 3} {
			if _, err := log.Publish(t.Context(), fmt.Sprint("quiet.", n), []byte(strconv.Itoa(n))); err != nil {
				t.Fatal(err)
			}
			publishMany(t, log, "busy", 200)
		}
		f.Close()
		log.Close()
		start()
		quiet.visit(t, url, func() { quiet.await(t, 10*round+3) })
		silent.visit(t, url, func() {})
		for name, v := range map[string]*visitor{"the busy topic": busy, "all topics": all} {
			v.visit(t, url, func() {
				storetest.Eventually(t, "a client of "+name+" is told of its gap", func() bool {
					_, gaps, _ := v.told()
					return len(gaps) > round
				})
			})
		}
	}
	if events, gaps, _ := quiet.told(); !slices.Equal(events, []int{1, 2, 3, 12, 13, 22, 23}) || len(gaps) > 0 {
		t.Errorf("of the quiet topics came %v, %+v", events, gaps)
	}
	if events, gaps, _ := silent.told(); len(events)+len(gaps) > 0 {
		t.Errorf("of the silent topic came %v, %+v", events, gaps)
	}
}

// Each server of a cluster gives the same answer, also while the leader changes.
func TestTopicsInACluster(t *testing.T) {
	if testing.Short() {
		t.Skip("a cluster takes long")
	}
	t.Parallel()
	const limit = 10
	c := newCluster(t, "events")
	open := func(url string) *nats.Store {
		s, err := nats.New(c.connect(url), nats.Options{Stream: c.stream, Replicas: 3, EventsPerTopic: limit})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	var stores []*nats.Store
	for _, s := range c.servers {
		stores = append(stores, open(s.URL))
	}
	storetest.Eventually(t, "the stream is made", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := stores[0].Bounds(ctx)
		return err == nil
	})
	m := &model{limit: limit}
	exact, gaps := 0, 0
	for round := range 12 {
		leader := c.settled()
		if round%4 == 3 {
			if _, err := c.js.Conn().Request("$JS.API.STREAM.LEADER.STEPDOWN."+c.stream, nil, 10*time.Second); err != nil {
				t.Errorf("server%d does not step down: %v", leader, err)
			}
		}
		for range 20 {
			topic := "busy"
			if rand.IntN(6) == 0 {
				topic = fmt.Sprint("rare.", rand.IntN(4))
			}
			var id store.ID
			storetest.Eventually(t, "an event is published", func() (ok bool) {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				var err error
				id, err = stores[round%3].Publish(ctx, topic, []byte("1"), store.IdempotencyKey(fmt.Sprint(len(m.events))))
				return err == nil
			})
			m.add(id, topic)
		}
		for i := range 9 {
			index := rand.IntN(len(m.events))
			names := [][]string{{"rare.1"}, {"rare.*"}, {"busy", "rare.2"}}[rand.IntN(3)]
			want, lost, proved := m.after(index, names)
			var got []string
			var err error
			gap := false
			storetest.Eventually(t, "the log can be read", func() bool {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				got, err = readTopics(ctx, stores[i%3], m.events[index].id, names, 7, true)
				_, gap = store.AsGap(err)
				return err == nil || gap
			})
			switch {
			case gap && proved:
				t.Errorf("%v after event %d: %v, though nothing is lost", names, index, err)
			case gap:
				gaps++
			case lost || !slices.Equal(got, want):
				t.Errorf("%v after event %d: got %v, want %v; lost %v", names, index, got, want, lost)
			default:
				exact++
			}
		}
	}
	t.Logf("%d exact, %d gaps", exact, gaps)
	if exact < 10 || gaps < 10 {
		t.Error("the test should see many of both")
	}
}
