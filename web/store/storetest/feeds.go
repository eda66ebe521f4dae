package storetest

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store"
)

// runFeeds is the part of the suite that has feeds and clients.
func runFeeds(t *testing.T, newLog Make) {
	t.Run("ResumeStorm", func(t *testing.T) {
		if gaps, sent := resumeStorm(t, newLog, 1_000_000, 64, 8); gaps+sent > 0 {
			t.Errorf("%d gaps were reported and %d clients sent away, but nothing was trimmed", gaps, sent)
		}
	})
	t.Run("ResumeStormOverAShortLog", func(t *testing.T) { resumeStorm(t, newLog, 100, 16, 24) })
	t.Run("RingWrap", func(t *testing.T) { ringWrap(t, newLog) })
	t.Run("Garbage", func(t *testing.T) { garbage(t, newLog) })
	t.Run("LaggingFeed", func(t *testing.T) { laggingFeed(t, newLog) })
	t.Run("RareTopic", func(t *testing.T) { rareTopic(t, newLog) })
	t.Run("ReplayUnderFire", func(t *testing.T) { replayUnderFire(t, newLog) })
}

// Serve mounts a feed and waits until it has reached its log.
func Serve(t testing.TB, options feed.Options) (f *feed.Feed, url string) {
	t.Helper()
	options.AcceptRate = -1
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	f, err := feed.New(options)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(f)
	t.Cleanup(func() {
		f.Close()
		server.Close()
	})
	Eventually(t, "the feed reaches its log", func() bool {
		c, err := dial(server.URL, "", false, "nobody")
		if err == nil {
			c.conn.CloseNow()
		}
		return err == nil
	})
	return f, server.URL
}

// Eventually polls for what has no signal of its own.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("it never came about that %s", what)
		}
	}
}

// Rounds is how often a client of a storm connects again.
const Rounds = 50

// resumeStorm has clients that connect, read a little and go, again and again, now
// to the one feed and now to the other, while events are published. It returns how
// many gaps were reported.
func resumeStorm(t *testing.T, newLog Make, keep, ring, most int) (gaps, sent int) {
	const clients = 8
	open := newLog(t, keep)
	writer := open()
	var feeds []string
	for range 2 {
		_, url := Serve(t, feed.Options{Store: open(), Ring: ring})
		feeds = append(feeds, url)
	}
	start := bounds(t, writer).Top

	// Each round of a client pays for some events, so that publishing and reading
	// keep about the same pace, whatever the machine does.
	budget := make(chan int, clients*Rounds+1)
	total := 0
	writing := run(func() {
		for n := range budget {
			for range n {
				Publish(t, writer, total)
				total++
			}
		}
	})
	var wg sync.WaitGroup
	var readers []*reader
	for i := range clients {
		// A plain client cannot be told of a gap.
		r := &reader{plain: i%2 == 1 && keep > 1000, after: start.String()}
		readers = append(readers, r)
		wg.Go(func() {
			for range Rounds {
				budget <- rand.IntN(most)
				if err := r.turn(feeds[rand.IntN(2)], rand.IntN(60), func(c *client) bool { return c.live || r.plain }); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	budget <- 1
	close(budget)
	<-writing
	for _, r := range readers {
		for turns := 0; r.next < total && turns < 10; turns++ {
			// Who is told of a gap at the end learns from the next event where it is.
			Publish(t, writer, total)
			total++
			if err := r.turn(feeds[0], total, func(*client) bool { return r.next == total }); err != nil {
				t.Error(err)
			}
		}
		if r.next != total {
			t.Errorf("a client ends at %d of %d", r.next, total)
		}
		gaps, sent = gaps+r.gaps, sent+r.sent
	}
	t.Logf("%d events, %d connections, %d gaps reported, %d sent away", total, clients*Rounds, gaps, sent)
	return gaps, sent
}

// ringWrap resumes from each id around the point where the ring has just been
// filled.
func ringWrap(t *testing.T, newLog Make) {
	const ring = 8
	for _, published := range []int{ring - 1, ring, ring + 1} {
		open := newLog(t, 1000)
		s := open()
		_, url := Serve(t, feed.Options{Store: open(), Ring: ring})
		ids := []store.ID{bounds(t, s).Top}
		for n := range published {
			ids = append(ids, Publish(t, s, n))
		}
		for i, id := range ids {
			r := &reader{after: id.String(), next: i}
			if err := r.turn(url, published-i, nil); err != nil || r.gaps > 0 {
				t.Fatalf("%d published, after %d: %v, %d gaps", published, i, err, r.gaps)
			}
		}
	}
}

// garbage asks for ids that are none.
func garbage(t *testing.T, newLog Make) {
	open := newLog(t, 1000)
	s := open()
	_, url := Serve(t, feed.Options{Store: open()})
	base := bounds(t, s).Base
	oldest := Publish(t, s, 0).String()
	Publish(t, s, 1)
	top := Publish(t, s, 2)
	settle := &reader{after: base.String()}
	if err := settle.turn(url, 3, nil); err != nil {
		t.Fatal(err)
	}
	epoch := base.Epoch
	for after, reason := range map[string]string{
		"nonsense":                      wire.GapInvalid,
		"-":                             wire.GapInvalid,
		epoch + "-":                     wire.GapInvalid,
		epoch + "--1":                   wire.GapInvalid,
		epoch + "-01":                   wire.GapInvalid,
		epoch + "-0x1":                  wire.GapInvalid,
		epoch + "-1e3":                  wire.GapInvalid,
		epoch + "-18446744073709551616": wire.GapInvalid,
		epoch + "-18446744073709551615": wire.GapFuture,
		"another-" + "1":                wire.GapEpoch,
		strings.Repeat("9", 5000):       wire.GapInvalid,
		"\x00\xff' or 1=1 --":           wire.GapInvalid,
	} {
		c, err := dial(url, after, false)
		if err != nil {
			t.Fatalf("after %.40q: %v", after, err)
		}
		if c.hello.Gap == nil || c.hello.Gap.Reason != reason || c.hello.Gap.Earliest != oldest || c.hello.Position != base.String() {
			t.Errorf("after %.40q: %+v %+v", after, c.hello, c.hello.Gap)
		}
		for len(c.events) < 3 {
			if err := c.read(); err != nil {
				t.Fatal(err)
			}
		}
		if last := c.events[2].ID; last != top.String() {
			t.Errorf("after %.40q: the last event is %s", after, last)
		}
		c.conn.CloseNow()
	}
}

// lateLog is a log whose news come late.
type lateLog struct {
	store.Store
	gate chan struct{} // one for each Append that may pass
}

// lateFollower is one that follows topics.
type lateFollower struct {
	store.TopicFollower
	*lateLog
}

type lateSink struct {
	store.Sink
	gate chan struct{}
}

type lateShareSink struct {
	store.ShareSink
	gate chan struct{}
}

func newLateLog(s store.Store, gate chan struct{}) store.Store {
	late := &lateLog{s, gate}
	if f, ok := s.(store.TopicFollower); ok {
		return lateFollower{f, late}
	}
	return late
}

func (l *lateLog) Follow(ctx context.Context, from store.ID, sink store.Sink) error {
	return l.Store.Follow(ctx, from, lateSink{sink, l.gate})
}

func (l lateFollower) FollowTopics(ctx context.Context, from store.ID, share store.Share, sink store.ShareSink) error {
	return l.TopicFollower.FollowTopics(ctx, from, share, lateShareSink{sink, l.gate})
}

func (s lateSink) Append(events []store.Event) {
	<-s.gate
	s.Sink.Append(events)
}

func (s lateShareSink) Append(events []store.Event) {
	<-s.gate
	s.ShareSink.Append(events)
}

// pass lets news through until something is done.
func pass(t *testing.T, gate chan<- struct{}, done <-chan struct{}) {
	for {
		select {
		case gate <- struct{}{}:
		case <-done:
			return
		case <-time.After(patience):
			t.Error("the client is not served")
			return
		}
	}
}

// laggingFeed moves a client from a feed that leads to one that does not know the
// client's last event yet.
func laggingFeed(t *testing.T, newLog Make) {
	open := newLog(t, 1000)
	s := open()
	gate := make(chan struct{})
	_, leading := Serve(t, feed.Options{Store: open()})
	defer close(gate)
	served := make(chan struct{})
	opened := run(func() { pass(t, gate, served) })
	_, lagging := Serve(t, feed.Options{Store: newLateLog(open(), gate)})
	close(served)
	<-opened
	r := &reader{after: bounds(t, s).Top.String()}
	n := 0
	for range 20 {
		for range 3 {
			Publish(t, s, n)
			n++
		}
		if err := r.turn(leading, n-r.next, nil); err != nil {
			t.Fatal(err)
		}
		moved := run(func() {
			if err := r.turn(lagging, 1, nil); err != nil {
				t.Error(err)
			}
		})
		Publish(t, s, n)
		n++
		pass(t, gate, moved) // news come only now
	}
	if r.gaps > 0 || r.next != n {
		t.Fatalf("%d gaps, %d of %d events", r.gaps, r.next, n)
	}
}

// replayUnderFire reads a long replay from the store while much more is published
// than a slow reader takes.
func replayUnderFire(t *testing.T, newLog Make) {
	open := newLog(t, 100_000)
	s := open()
	_, url := Serve(t, feed.Options{Store: open(), Ring: 32})
	r := &reader{after: bounds(t, s).Top.String()}
	const before, total = 3000, 6000
	publishing := make(chan struct{})
	done := run(func() {
		for n := range total {
			if n == before {
				close(publishing)
			}
			Publish(t, s, n)
		}
	})
	<-publishing
	if err := r.turn(url, total, nil); err != nil {
		t.Fatal(err)
	}
	<-done
	if r.got != total || r.gaps > 0 {
		t.Fatalf("%d events, %d gaps", r.got, r.gaps)
	}
}
