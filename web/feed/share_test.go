package feed

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

func named(names ...string) map[string]struct{} { return present[int](names, nil, false) }

func TestFollowed(t *testing.T) {
	at := func(n uint64) store.ID { return store.ID{Epoch: "e", Major: n} }
	f := followed{"a": at(5), "p.*": at(7), "p.x": at(3), "q.r.*": at(4)}
	for name, want := range map[string]uint64{"a": 5, "p.y": 7, "p.x": 3, "p.*": 7, "p.z.*": 7, "q.r.s.t": 4} {
		if since, ok := f.since(name); !ok || since != at(want) {
			t.Errorf("%q is followed since %v, %v; want %d", name, since, ok, want)
		}
	}
	for _, name := range []string{"b", "p", "q.*", "q.r", everyTopic} {
		if since, ok := f.since(name); ok {
			t.Errorf("%q is followed since %v", name, since)
		}
	}
	for _, test := range []struct {
		names []string
		want  followed
		drops bool
	}{
		{[]string{"a", "b", "p.*", "q.r.*"}, followed{"a": at(5), "b": at(9), "p.*": at(7), "q.r.*": at(4)}, false},
		{[]string{"a"}, followed{"a": at(5)}, true},
		{[]string{"p.*", "q.*", "a"}, followed{"p.*": at(7), "q.*": at(9), "a": at(5)}, false},
		{[]string{everyTopic}, followed{everyTopic: at(9)}, false},
	} {
		next := f.change(test.names, at(9))
		if len(next) != len(test.want) || f.drops(next) != test.drops {
			t.Errorf("%v: %v, drops %v", test.names, next, f.drops(next))
		}
		for name, want := range test.want {
			if next[name] != want {
				t.Errorf("%v: %q since %v, want %v", test.names, name, next[name], want)
			}
		}
	}
	if next := (followed{everyTopic: at(2)}).change([]string{"a"}, at(9)); next["a"] != at(2) {
		t.Errorf("one of all topics begins anew: %v", next)
	}
}

// A name is followed for a while after its last client has gone, so that the store need
// not change what it follows when the client comes back.
func TestShareLingers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShare(newRing(10, 1<<20))
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go s.tidy(ctx)
		changed := func() bool {
			synctest.Wait()
			select {
			case <-s.Changed():
				return true
			default:
				return false
			}
		}
		names := func() []string {
			names, all := s.Names()
			if all {
				names = append(names, everyTopic)
			}
			slices.Sort(names)
			return names
		}
		want := func(change bool, want ...string) {
			t.Helper()
			if got := changed(); got != change {
				t.Errorf("changed %v", got)
			}
			if got := names(); !slices.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		}
		s.add(named("a", "b"))
		want(true, "a", "b")
		s.add(named("a"))
		want(false, "a", "b")
		s.letGo(named("a", "b"))
		want(false, "a", "b")
		time.Sleep(lingering - time.Second)
		want(false, "a", "b")
		s.add(named("b")) // it comes back
		s.letGo(named("b"))
		time.Sleep(lingering / 2)
		want(false, "a", "b")
		s.letGo(named("a"))
		time.Sleep(lingering - time.Second)
		want(true, "a")
		time.Sleep(lingering / 2)
		want(true)
		s.add(named(everyTopic))
		want(true, everyTopic)
		s.letGo(named(everyTopic))
		time.Sleep(2 * lingering)
		want(true)
	})
}

// A client is not served before the store follows its topics; one that waits in vain is
// sent away, and what it wanted is let go of.
func TestClaimWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRing(10, 1<<20)
		r.partial = true
		r.reset(store.ID{Epoch: "e", Major: 1})
		f := &Feed{ring: r, share: newShare(r), options: Options{Observer: NoObserver{}}}
		begin := time.Now()
		if _, err := f.claim(t.Context(), named("a")); !errors.Is(err, errNotFollowed) || time.Since(begin) != claimTimeout {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		if w := f.share.wishes["a"]; w.clients != 0 {
			t.Errorf("%d clients want it", w.clients)
		}
		gone, leave := context.WithCancel(t.Context())
		leave()
		if _, err := f.claim(gone, named("a")); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		go func() {
			time.Sleep(time.Second)
			r.follow([]string{"a"}, false, store.ID{Epoch: "e", Major: 1})
			f.share.announce()
		}()
		begin = time.Now()
		claimed, err := f.claim(t.Context(), named("a"))
		if err != nil || time.Since(begin) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		c := &client{feed: f, claim: claimed, access: &access{}, writing: true}
		c.filter = newFilter([]string{"a"}, c.access)
		if !c.claimFor(&command{Kind: wire.KindRemove, Topics: []string{"a"}}) || !c.claimFor(&command{Kind: wire.KindAdd, Topics: []string{"a"}}) || c.closing != nil {
			t.Errorf("%+v", c.closing)
		}
		if c.claimFor(&command{Kind: wire.KindAdd, Topics: []string{"b"}}) || c.closing == nil || c.closing.Code != wire.CloseTryLater {
			t.Errorf("%+v", c.closing)
		}
		claimed.release()
		for name, w := range f.share.wishes {
			if w.clients != 0 {
				t.Errorf("%d clients want %q", w.clients, name)
			}
		}
	})
}

// dividedFeed is a feed that follows its share of a log.
func dividedFeed(t testing.TB, log *thinned, options Options) (*server, *divided) {
	d := &divided{thinned: log}
	options.Store = d
	return serve(t, options).ready(), d
}

// followed are the names that the feed follows.
func (s *server) followedNames() []string {
	s.ring.mu.RLock()
	defer s.ring.mu.RUnlock()
	var names []string
	for name := range s.ring.followed {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// A feed follows what its clients want and may have, and nothing else.
func TestShareIsWhatClientsCanWant(t *testing.T) {
	grants := map[string][]string{"none": {}, "own": {"own.*"}}
	s, d := dividedFeed(t, newThinned(100), Options{Authorize: func(r *http.Request) (*Grant, error) {
		return &Grant{Topics: grants[r.URL.Query().Get("as")]}, nil
	}})
	want := func(names ...string) {
		t.Helper()
		if got := s.followedNames(); !slices.Equal(got, names) {
			t.Errorf("%v, want %v", got, names)
		}
	}
	want()
	s.knowing("", "as=none")
	s.knowing("", "as=none", "topic=foreign", "topic=other", "latest=50,other")
	want()
	p := s.knowing("", "as=own", "topic=foreign", "topic=own.a", "topic=own.b", "latest=50,own.b")
	want("own.a", "own.b")
	p.followed(`{"wakesocket":"topics","n":1,"topics":["foreign","own.c"]}`, 1)
	want("own.a", "own.b", "own.c") // for a while
	s.knowing("", "as=own")
	want("own.*", "own.a", "own.b", "own.c")
	reads := d.appended.Load()
	d.put("foreign")
	d.put("own.z")
	until(t, "the feed has read the log", func() bool { return d.appended.Load() == reads+1 })
	changes := d.changes.Load()
	s.knowing("", "as=own", "topic=own.c").conn.CloseNow()
	s.knowing("", "as=own", "topic=own.c")
	if d.changes.Load() != changes {
		t.Error("what is followed is changed for a topic that is followed")
	}
	s.knowing("", "as=all")
	if names := s.followedNames(); !slices.Contains(names, everyTopic) {
		t.Errorf("%v", names)
	}
}

// What the log had of a topic before the feed followed it can be asked for.
func TestHistoryOfAShare(t *testing.T) {
	log := newThinned(100)
	for _, topic := range []string{"a", "b", "a", "c"} {
		log.put(topic)
	}
	s, _ := dividedFeed(t, log, Options{})
	s.knowing("", "topic=c")
	last := log.put("a")
	for _, want := range []string{`"e-1"`, `"e-3"`, `"` + last + `"`} {
		response, err := http.Get(strings.Replace(s.url, "ws:", "http:", 1) + "/?history=a")
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		if !strings.Contains(string(body), `{"id":`+want) || !strings.Contains(string(body), `"complete":true`) {
			t.Errorf("%s has no %s", body, want)
		}
		response.Body.Close()
	}
	p := s.knowing("", "topic=c")
	p.send(`{"wakesocket":"history","n":1,"topic":"b"}`)
	if answer := p.answered(1); !strings.Contains(answer, `"e-2"`) {
		t.Error(answer)
	}
	// The last event of the topic comes before the position, or after it as any other.
	followed := p.followed(`{"wakesocket":"add","n":2,"topics":["a"],"last":2}`, 2)
	earlier := strings.Join(p.controls, " ")
	if log.place(t, followed.Position) < log.place(t, last) {
		p.readEvents(1)
		earlier += p.events[0].ID
	}
	if !strings.Contains(earlier, `"e-3"`) || !strings.Contains(earlier, last) {
		t.Errorf("%s, followed %+v", earlier, followed)
	}
}

// The newest events of topics that the feed did not follow yet are found in the log.
func TestNewestEventsOfAShare(t *testing.T) {
	log := newThinned(100)
	s, d := dividedFeed(t, log, Options{})
	start := s.knowing("", "topic=own", "latest=10,own").hello.Position
	for range 3 {
		log.put("a")
	}
	second := log.put("b")
	log.put("own")
	p := s.knowing(start, "topic=a", "topic=b", "latest=10,a", "latest=10,b", "since="+start)
	p.readUntil("it has both", func() bool { return len(newestOf(p)) == 2 })
	if got := newestOf(p); !slices.Contains(got, "b "+second) {
		t.Errorf("%v", got)
	}
	last := log.put("a")
	p.readUntil("it has the last event", func() bool { return slices.Contains(newestOf(p), "a "+last) })
	for _, frame := range p.latest {
		if frame.Gap != nil {
			t.Errorf("%+v", frame.Gap)
		}
	}
	// Another client whose position is older finds it in the ring: that it cannot know of
	// earlier ones is no gap.
	other := s.knowing(start, "topic=a", "latest=10,a", "since="+start)
	other.readUntil("it has the last event, and the position after it", func() bool {
		return slices.Contains(newestOf(other), "a "+last) && other.latest[len(other.latest)-1].Position != ""
	})
	for _, frame := range other.latest {
		if frame.Gap != nil {
			t.Errorf("%+v", frame.Gap)
		}
	}
	c := log.put("c")
	p.followed(`{"wakesocket":"add","n":1,"topics":["c"],"latest":{"c":10}}`, 1)
	c = log.put("c")
	p.readUntil("it has the event of the topic that was added", func() bool { return slices.Contains(newestOf(p), "c "+c) })
	counting := s.newest.named()
	names, all := s.share.Names()
	until(t, "the feed follows all of it", func() bool { return len(s.followedNames()) == len(names) && !all })
	(&sink{feed: s.Feed}).Share([]string{"a"}, false, store.ID{Epoch: "e", Major: uint64(len(log.events))})
	if s.newest.named() == counting || d.changes.Load() == 0 {
		t.Error("events are counted on, though some are not read")
	}
}

// A client that names its topics in its first message resumes without a gap, and one
// whose topics have lost events is told of it when it comes back.
func TestTopicsThatComeLaterInAShare(t *testing.T) {
	log := newThinned(3)
	log.milestone()
	s, _ := dividedFeed(t, log, Options{Ring: 4})
	log.put("quiet")
	for range 10 {
		log.put("busy")
	}
	resume := func(after, topic string) *peer {
		p := s.knowing(after, "topics=later")
		if p.hello.Gap == nil {
			p.send(`{"wakesocket":"topics","n":1,"topics":["` + topic + `"]}`)
		}
		return p
	}
	p := resume("e-1", "quiet")
	p.readEvents(1)
	if !p.hello.Resumed || p.events[0].Topic != "quiet" {
		t.Errorf("%+v %+v", p.hello, p.events)
	}
	if end := resume("e-1", "busy").closed(); end.Code != wire.CloseRestart || !strings.Contains(end.Reason, "trimmed") {
		t.Errorf("%+v", end)
	}
	if p := resume("e-1", "busy"); p.hello.Gap == nil || p.hello.Gap.Reason != wire.GapTrimmed {
		t.Errorf("%+v", p.hello)
	}
	for after, reason := range map[string]string{"x-1": wire.GapEpoch, "e-99": wire.GapFuture, "nonsense": wire.GapInvalid} {
		if p := resume(after, "quiet"); p.hello.Gap == nil || p.hello.Gap.Reason != reason {
			t.Errorf("after %q: %+v", after, p.hello)
		}
	}
	var lost lostPositions
	for i := range lostMost + 1 {
		lost.add(store.ID{Epoch: "e", Major: uint64(i)}.String())
		lost.add("")
	}
	if lost.has("e-0") || !lost.has("e-1") || len(lost.texts) != lostMost {
		t.Errorf("%d are kept", len(lost.texts))
	}
}

// A position that lasts stands for a later one only when the ring was given the topics'
// events in between.
func TestLastingPositionInAShare(t *testing.T) {
	at := func(n uint64) store.ID { return store.ID{Epoch: "e", Major: n} }
	r := newRing(10, 1<<20)
	r.partial = true
	r.reset(at(0))
	r.follow([]string{"a"}, false, at(0))
	r.append(encodeAll([]store.Event{{ID: at(1), Topic: store.MilestoneTopic("1")}, {ID: at(5), Topic: "a"}}))
	r.follow([]string{"a", "b"}, false, at(5))
	r.append(encodeAll([]store.Event{{ID: at(7), Topic: "a"}}))
	for _, test := range []struct {
		name string
		want uint64
	}{{"a", 7}, {"b", 7}, {"c", 7}} {
		if got := r.lasting(at(7), named(test.name)); got != at(test.want) {
			t.Errorf("%s: %v", test.name, got)
		}
	}
	r.append(encodeAll([]store.Event{{ID: at(8), Topic: store.MilestoneTopic("2")}, {ID: at(9), Topic: "a"}}))
	if got := r.lasting(at(9), named("b")); got != at(8) {
		t.Errorf("after the next milestone: %v", got)
	}
}

// Events of a topic from before it was followed anew are not all that there were: neither
// a search nor a count relies on them.
func TestTopicThatIsFollowedAgain(t *testing.T) {
	at := func(n uint64) store.ID { return store.ID{Epoch: "e", Major: n} }
	r := newRing(10, 1<<20)
	r.partial = true
	n := newNewest(r, 1<<20)
	n.start()
	give := func(id uint64, topic string) {
		entries := encodeAll([]store.Event{{ID: at(id), Topic: topic, Data: []byte("1")}})
		n.append(entries)
	}
	n.reset(at(0))
	r.follow([]string{"a"}, false, at(0))
	give(1, "a")
	r.follow([]string{"b"}, false, at(1))
	r.follow([]string{"a", "b"}, false, at(3)) // event 2 was one of a
	give(4, "a")
	s := &search{filter: newFilter([]string{"a"}, &access{}), before: at(9), events: 10, bytes: 1000, counts: map[string]int{}}
	if r.search(s); len(s.found) != 1 || s.found[0].id != at(4) || s.from != at(3) || s.complete {
		t.Errorf("%+v", s)
	}
	for after, want := range map[uint64]uint64{0: 0, 2: 0, 3: 1, 4: 0} {
		if got := n.countAfter(n.topics["a"], at(after)); got != want {
			t.Errorf("%d events after %d, want %d", got, after, want)
		}
	}
}
