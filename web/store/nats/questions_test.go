package nats_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"

	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/nats"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// questions counts what is asked of a server, by kind.
type questions struct {
	t    *testing.T
	conn *natsgo.Conn
	sub  *natsgo.Subscription
}

func listenToQuestions(t *testing.T, url string) *questions {
	t.Helper()
	conn, err := natsgo.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	sub, err := conn.SubscribeSync("$JS.API.>")
	if err != nil {
		t.Fatal(err)
	}
	q := &questions{t, conn, sub}
	q.count()
	return q
}

// count returns how many there were of each kind since the last time.
func (q *questions) count() map[string]int {
	q.t.Helper()
	if err := q.conn.Flush(); err != nil {
		q.t.Fatal(err)
	}
	kinds := map[string]int{}
	for {
		m, err := q.sub.NextMsg(0)
		if err != nil {
			return kinds
		}
		parts := strings.Split(strings.TrimPrefix(m.Subject, "$JS.API."), ".")
		kinds[strings.Join(parts[:2], ".")]++
	}
}

// What a server is asked does not depend on how many are published, and a follower asks once
// for each event: once in a while both find out whether the stream still is the same.
func TestQuestions(t *testing.T) {
	t.Parallel()
	const events = 500
	for name, test := range map[string]struct {
		options nats.Options
		asked   string // for each event
	}{
		"everything": {nats.Options{}, "DIRECT.GET"},
		"shares":     {nats.Options{EventsPerTopic: 10_000, FollowTopics: true}, "STREAM.INFO"},
	} {
		url := serverWith(t, server.Options{JetStream: true})
		s, other := openAt(t, url, test.options), openAt(t, url, test.options)
		publish(t, s, 0)
		q := listenToQuestions(t, url)
		now := time.Now()
		for n := range events {
			publish(t, s, n)
		}
		seconds := int(time.Since(now).Seconds()) + 1
		if asked := q.count(); asked["STREAM.INFO"] > seconds || len(asked) > 1 {
			t.Errorf("%s: for %d events that were published in %d s: %v", name, events, seconds, asked)
		}

		sink := storetest.NewSink()
		stop := sink.Follow(t, other, store.ID{})
		sink.AwaitReset(t)
		publish(t, s, 0)
		sink.Await(t, 1)
		q.count()
		now = time.Now()
		for n := range events {
			publish(t, s, n)
			sink.Await(t, n+2)
		}
		seconds = int(time.Since(now).Seconds()) + 1
		asked := q.count()
		each := asked[test.asked]
		delete(asked, test.asked)
		rest := 0
		for _, n := range asked {
			rest += n
		}
		if each > events+20*seconds || rest > 20*seconds {
			t.Errorf("%s: for %d events that were followed in %d s: %s %d times, %v", name, events, seconds, test.asked, each, asked)
		}
		stop()
	}
}

// Somebody makes the stream anew, and whoever has published before does not hear of it. The
// next event has the new epoch all the same.
func TestPublishingToAStreamMadeAnew(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before, others int // events that are published before, and by others after
		meanwhile      func(*nats.Store)
	}{
		"the numbers begin again":     {5, 1, func(*nats.Store) {}},
		"the first one since a while": {1, 5, nats.Age},
		"the connection was lost": {1, 5, func(s *nats.Store) {
			if err := s.Conn().ForceReconnect(); err != nil {
				t.Error(err)
			}
			storetest.Eventually(t, "the connection is back", func() bool { return s.Conn().Stats().Reconnects > 0 })
		}},
		"publishing failed": {1, 5, func(s *nats.Store) {
			if _, err := s.Publish(t.Context(), "count", make([]byte, 2<<20)); err == nil {
				t.Error("an event of 2 MB is taken")
			}
		}},
		"the stream could not be read": {1, 5, func(s *nats.Store) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := s.Bounds(ctx); err == nil {
				t.Error("the bounds of a log are told although nobody wants them")
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			url := serverWith(t, server.Options{JetStream: true})
			s, other := openAt(t, url, nats.Options{}), openAt(t, url, nats.Options{})
			var old store.ID
			for n := range test.before {
				old = publish(t, s, n)
			}
			if err := management(t, url).DeleteStream(t.Context(), "wakesocket"); err != nil {
				t.Fatal(err)
			}
			// A server may still be removing the files of the old one.
			storetest.Eventually(t, "the stream is made anew", func() bool {
				_, err := other.Bounds(t.Context())
				return err == nil
			})
			var theirs store.ID
			for n := range test.others {
				theirs = publish(t, other, n)
			}
			test.meanwhile(s)
			if id := publish(t, s, 100); id.Epoch != theirs.Epoch || id.Epoch == old.Epoch || id.Major != theirs.Major+1 {
				t.Errorf("%v after %v, before %v", id, theirs, old)
			}
			if got := after(t, s, theirs); got != "100" {
				t.Errorf("the log has %q", got)
			}
		})
	}
}

// An event is stored while the epoch is asked for, which nobody answers: its publisher is told.
func TestStoredWithoutAnEpoch(t *testing.T) {
	t.Parallel()
	url := serverWith(t, server.Options{JetStream: true, Users: []*server.User{
		{Username: "all", Password: "b"},
		{Username: "writer", Password: "b", Permissions: &server.Permissions{Publish: &server.SubjectPermission{Allow: []string{"wakesocket.>"}}}},
	}})
	as := func(user string) *nats.Store {
		return openAt(t, strings.Replace(url, "nats://", "nats://"+user+":b@", 1), nats.Options{})
	}
	all, writer := as("all"), as("writer")
	before := publish(t, all, 1)
	nats.Remember(writer, before.Epoch)
	if _, err := writer.Publish(t.Context(), "count", []byte("2")); !errors.Is(err, store.ErrStored) {
		t.Errorf("%v; want to read that the event is stored", err)
	}
	if got := after(t, all, before); got != "2" {
		t.Errorf("the log has %q", got)
	}
}

// A follower that always has news learns of a new epoch; one of a share does at once.
func TestBusyFollowerLearnsOfANewEpoch(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]nats.Options{
		"everything": {},
		"shares":     {EventsPerTopic: 10_000, FollowTopics: true},
	} {
		url := serverWith(t, server.Options{JetStream: true})
		s := openAt(t, url, options)
		old := publish(t, s, 0)
		sink := storetest.NewSink()
		defer sink.Follow(t, s, old)()
		js := management(t, url)
		stream, err := js.Stream(t.Context(), "wakesocket")
		if err != nil {
			t.Fatal(err)
		}
		config := stream.CachedInfo().Config
		config.Metadata = map[string]string{"wakesocket_epoch": "another"}
		n := 0
		busy := func(until func() bool) {
			storetest.Eventually(t, name+": a follower hears of it", func() bool {
				for range 10 {
					n++
					publish(t, s, n)
				}
				return until()
			})
		}
		busy(func() bool { return len(sink.Events()) > 100 })
		renewed := n
		if _, err := js.UpdateStream(t.Context(), config); err != nil {
			t.Fatal(err)
		}
		busy(func() bool { return sink.Resets() == 1 })
		busy(func() bool { return sink.Events()[len(sink.Events())-1].ID.Epoch != old.Epoch })
		for _, e := range sink.Events() {
			if number, _ := strconv.Atoi(string(e.Data)); options.FollowTopics && number > renewed && e.ID.Epoch == old.Epoch {
				t.Errorf("%s: event %d has the old epoch, which ended with event %d", name, number, renewed)
			}
		}
	}
}
