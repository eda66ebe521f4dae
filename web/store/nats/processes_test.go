package nats_test

import (
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/wakesocket/wakesocket/web/store/nats"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// threeFeeds are processes on one server that follow their shares, and what a fourth one
// is started with.
func threeFeeds(t *testing.T, ring int) (w *storetest.Walk, feeds []*feedProcess, place feedPlace) {
	options := nats.Options{Stream: backend.NewName(), Events: 100_000, EventsPerTopic: 10_000, FollowTopics: true}
	w = &storetest.Walk{Log: openShared(t, options.Stream, options), Pace: 2 * time.Millisecond}
	w.Publish(t, "first")
	place = feedPlace{backend.URL(), options, ring}
	for range 3 {
		p := startFeed(t, place)
		feeds, w.Feeds = append(feeds, p), append(w.Feeds, p.url)
	}
	return w, feeds, place
}

// delivered are the messages that the server has sent to whoever follows a topic, and how
// many do.
func delivered(t *testing.T, s *nats.Store, name, topic string) (messages uint64, consumers int) {
	t.Helper()
	js, err := jetstream.New(s.Conn())
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.Stream(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	list := stream.ListConsumers(t.Context())
	for info := range list.Info() {
		if slices.Contains(info.Config.FilterSubjects, name+"."+topic) {
			messages += info.Delivered.Consumer
			consumers++
		}
	}
	if list.Err() != nil {
		t.Fatal(list.Err())
	}
	return messages, consumers
}

// The server sends each of three processes what its clients want, and nothing else.
func TestProcessesReadTheirShare(t *testing.T) {
	t.Parallel()
	w, feeds, place := threeFeeds(t, 1000)
	sent := func(feed int) (messages uint64, consumers int) {
		return delivered(t, w.Log.(*nats.Store), place.Options.Stream, room(feed, 4))
	}
	var clients []*storetest.Wanderer
	for i, p := range feeds {
		clients = append(clients, inRooms(t, w, p.url, i)...)
	}
	var before [3]uint64
	for i := range feeds {
		storetest.Eventually(t, "a feed follows its topics with one consumer", func() bool {
			messages, consumers := sent(i)
			before[i] = messages
			return consumers == 1
		})
	}
	publishInRooms(t, w, clients)
	for i := range feeds {
		after, consumers := sent(i)
		// Beside its own, a feed reads a few milestones a second.
		if n := after - before[i]; consumers != 1 || n < 5*eachRoom || n > 10*eachRoom {
			t.Errorf("the server has sent feed %d %d messages of %d, to %d consumers", i, n, 20*eachRoom, consumers)
		}
	}
}

// Clients hop between three processes, which are killed in turn. No topic loses an event,
// so nobody is told of a gap.
func TestProcessesAreKilled(t *testing.T) {
	t.Parallel()
	for _, ring := range []int{1000, 16} {
		w, feeds, place := threeFeeds(t, ring)
		gaps, sent := w.Run(t, func(step int) bool {
			switch { // here, between two steps of the clients
			case step%100 == 50:
				p := feeds[0]
				p.kill()
				feeds = feeds[1:]
				w.Feeds = slices.DeleteFunc(w.Feeds, func(url string) bool { return url == p.url })
			case step%100 == 75:
				p := startFeed(t, place)
				feeds, w.Feeds = append(feeds, p), append(w.Feeds, p.url)
			}
			return step < 300
		})
		t.Logf("ring of %d: %d events; %d times a client was sent away", ring, w.Published(), sent)
		if gaps > 0 {
			t.Errorf("ring of %d: %d gaps", ring, gaps)
		}
		if sent == 0 {
			t.Error("no client was on a process that was killed")
		}
	}
}
