package nats_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/nats"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

func TestReduce(t *testing.T) {
	t.Parallel()
	many := func(format string, n int) (names []string) {
		for i := range n {
			names = append(names, fmt.Sprintf(format, i))
		}
		return names
	}
	for _, test := range []struct {
		names []string
		most  int
		want  []string // nil for all
	}{
		{[]string{}, 3, []string{}},
		{[]string{"b", "a", "a"}, 3, []string{"a", "b"}},
		{[]string{"a.b", "a.*", "a", "b.c"}, 3, []string{"a", "a.*", "b.c"}},
		{[]string{"a.b.*", "a.*", "a.b.c.d"}, 3, []string{"a.*"}},
		{many("a.b.%d", 4), 3, []string{"a.b.*"}},
		{append(many("a.b.%d", 4), "a.x", "c"), 3, []string{"a.b.*", "a.x", "c"}},
		{append(many("a.%d.x", 4), "c"), 3, []string{"a.*", "c"}},
		{append(many("a.%d.*", 4), "c"), 3, []string{"a.*", "c"}},
		{append(many("a.%d", 4), "a.1.b"), 3, []string{"a.*"}},
		{many("%d", 4), 3, nil},
		{many("%d.x", 4), 3, nil},
		{[]string{"a..*"}, 3, nil}, // no subject stands for it
		{many("a..%d", 4), 3, []string{"a.*"}},
		{[]string{"a.b.c", "a.b.d", "x.y.v.*", "x.y.w.*"}, 3, []string{"a.b.c", "a.b.d", "x.y.*"}}, // the longest
		{[]string{"a.b.c.d", "a.b.c.e", "x.y.v.*", "x.y.w.*"}, 3, []string{"a.b.c.*", "x.y.v.*", "x.y.w.*"}},
		{[]string{"a.b.*", "a.c.*", "a.x", "d.y"}, 3, []string{"a.*", "d.y"}}, // the new pattern stands for a.x, too
	} {
		got, all := nats.Reduce(test.names, test.most)
		if all != (test.want == nil) || !slices.Equal(got, test.want) {
			t.Errorf("%q: %q, all %v; want %q", test.names, got, all, test.want)
		}
		for _, name := range test.names {
			if !all && !slices.ContainsFunc(got, func(wider string) bool { return wider == name || wire.MatchTopic(wider, name) }) {
				t.Errorf("%q: nothing of %q stands for %q", test.names, got, name)
			}
		}
	}
}

// fixedShare is a share that the test changes.
type fixedShare struct {
	mu      sync.Mutex
	names   []string
	all     bool
	changed chan struct{}
}

func newFixedShare(names ...string) *fixedShare {
	return &fixedShare{names: names, changed: make(chan struct{}, 1)}
}

func (s *fixedShare) Names() ([]string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.names), s.all
}

func (s *fixedShare) Changed() <-chan struct{} { return s.changed }

func (s *fixedShare) set(all bool, names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names, s.all = names, all
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// shareLog is a sink that keeps what it is given. It can be held.
type shareLog struct {
	hold sync.Mutex

	mu     sync.Mutex
	events []store.Event // since the last reset
	marks  int           // milestones since then
	resets int
	top    store.ID
	names  []string
	all    bool
	last   store.ID // milestones too
}

func (l *shareLog) Reset(top store.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events, l.marks, l.top = nil, 0, top
	l.resets++
}

func (l *shareLog) Append(events []store.Event) {
	l.hold.Lock()
	defer l.hold.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range events {
		l.last = e.ID
		if store.IsMilestone(e.Topic) {
			l.marks++
		} else {
			l.events = append(l.events, e)
		}
	}
}

func (l *shareLog) Trim(store.ID) {}

func (l *shareLog) Share(names []string, all bool, _ store.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.names, l.all = names, all
}

func (l *shareLog) follows(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all || slices.Contains(l.names, name)
}

// numbers are the data of the events since the last reset.
func (l *shareLog) numbers() (numbers []int, resets int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.events {
		n, _ := strconv.Atoi(string(e.Data))
		numbers = append(numbers, n)
	}
	return numbers, l.resets
}

// followShare has the store follow a share until stop is called, which waits for the end.
func followShare(t *testing.T, s *nats.Store, from store.ID, share store.Share, sink store.ShareSink) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.FollowTopics(ctx, from, share, sink) }()
	return func() { cancel(); <-ended }
}

// A follower that reads too late to get every event is reset; it never goes on as if
// nothing was missing.
func TestShareThatIsReadTooLate(t *testing.T) {
	t.Parallel()
	const n = 4000
	for name, options := range map[string]nats.Options{
		"a limit for each topic": {Events: 100_000, EventsPerTopic: 10},
		"a limit for all":        {Events: 500, EventsPerTopic: 100_000},
		"all is there":           {Events: 100_000, EventsPerTopic: 100_000},
		"it is crowded":          {Events: 100_000, EventsPerTopic: n + 1}, // so that a page is read
	} {
		for _, all := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, all topics %v", name, all), func(t *testing.T) {
				t.Parallel()
				s := openShared(t, backend.NewName(), options)
				nats.SetMilestoneEvery(s, time.Hour) // later than the test ends
				share, sink := newFixedShare("a", "b"), &shareLog{}
				share.all = all
				defer followShare(t, s, store.ID{}, share, sink)()
				storetest.Eventually(t, "the share is followed", func() bool { return sink.follows("a") })
				put := func(topic string, i int) {
					if _, err := s.Publish(t.Context(), topic, []byte(strconv.Itoa(i))); err != nil {
						t.Error(err)
					}
				}
				put("a", 0)
				storetest.Eventually(t, "the first event is there", func() bool { numbers, _ := sink.numbers(); return len(numbers) == 1 })
				_, resets := sink.numbers()
				sink.hold.Lock()
				put("b", 1)
				var publishers sync.WaitGroup
				for i := 2; i < n; i += 500 {
					for k := i; k < min(i+500, n); k++ {
						publishers.Go(func() { put("a", k) })
					}
					publishers.Wait()
				}
				sink.hold.Unlock()
				put("b", n)
				storetest.Eventually(t, "the last event is there", func() bool {
					numbers, again := sink.numbers()
					if lost := options.Events < n || options.EventsPerTopic < n; lost {
						sink.mu.Lock()
						defer sink.mu.Unlock()
						return again > resets && sink.marks > 0 // those from before are not known any more
					}
					return len(numbers) == n+1 && numbers[n] == n && again == resets
				})
			})
		}
	}
}

// What is followed changes often while events are published: each event of a topic that
// is followed all the time comes once and in order. No consumer is left for the server to
// end.
func TestShareThatChangesOften(t *testing.T) {
	t.Parallel()
	stream := backend.NewName()
	s := openShared(t, stream, nats.Options{Events: 100_000, EventsPerTopic: 50_000})
	share, sink := newFixedShare("a"), &shareLog{}
	stop := followShare(t, s, store.ID{}, share, sink)
	storetest.Eventually(t, "the share is followed", func() bool { return sink.follows("a") })
	published := make(chan int)
	done := make(chan struct{})
	go func() {
		n := 0
		for ; ; n++ {
			select {
			case <-done:
				published <- n
				return
			default:
				if _, err := s.Publish(t.Context(), "a", []byte(strconv.Itoa(n))); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	for i := range 20 {
		name := fmt.Sprint("b.", i)
		share.set(i%5 == 4, "a", name)
		storetest.Eventually(t, "the new share is followed", func() bool { return sink.follows(name) })
	}
	close(done)
	n := <-published
	storetest.Eventually(t, "every event is there", func() bool { numbers, _ := sink.numbers(); return len(numbers) >= n })
	numbers, resets := sink.numbers()
	for i, got := range numbers {
		if got != i {
			t.Fatalf("%d comes where %d should be", got, i)
		}
	}
	if resets != 1 {
		t.Errorf("%d resets", resets)
	}
	js, began := management(t, backend.URL()), time.Now()
	stop()
	storetest.Eventually(t, "every consumer is deleted", func() bool {
		info, err := js.Stream(t.Context(), stream)
		return err == nil && info.CachedInfo().State.Consumers == 0
	})
	if took := time.Since(began); took > 8*time.Second { // the server does so after ten
		t.Errorf("the consumers are there for %v", took)
	}
}

// A follower whose topics are quiet knows that it has everything, and goes on from where
// it was when it is followed again.
func TestShareOfQuietTopics(t *testing.T) {
	t.Parallel()
	s := openShared(t, backend.NewName(), nats.Options{Events: 200, EventsPerTopic: 1000})
	share, sink := newFixedShare("quiet"), &shareLog{}
	stop := followShare(t, s, store.ID{}, share, sink)
	storetest.Eventually(t, "the share is followed", func() bool { return sink.follows("quiet") })
	var last store.ID
	for i := range 10 { // many times what the log has
		for range 100 {
			last = publishOn(t, s, "busy")
		}
		storetest.Eventually(t, fmt.Sprintf("the follower knows of round %d", i), func() bool {
			sink.mu.Lock()
			defer sink.mu.Unlock()
			return sink.last.Major >= last.Major
		})
	}
	quiet := publishOn(t, s, "quiet")
	storetest.Eventually(t, "the event is there", func() bool { numbers, _ := sink.numbers(); return len(numbers) == 1 })
	if _, resets := sink.numbers(); resets != 1 {
		t.Errorf("%d resets", resets)
	}
	stop()
	publishOn(t, s, "quiet")
	again := &shareLog{}
	defer followShare(t, s, quiet, share, again)()
	storetest.Eventually(t, "the next event is there", func() bool { numbers, _ := again.numbers(); return len(numbers) == 1 })
	if _, resets := again.numbers(); resets != 0 {
		t.Errorf("%d resets", resets)
	}
}
