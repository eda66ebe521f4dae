package feed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// table is a ring with a table of newest events, as a feed has them.
type table struct {
	*ring
	*newest
	last int
}

func newTable(slots int) *table {
	r := newRing(slots, 1<<20)
	n := newNewest(r, 1<<20)
	n.reset(id(0))
	n.start()
	return &table{ring: r, newest: n}
}

// publish appends one event for each topic.
func (t *table) publish(topics ...string) {
	for _, topic := range topics {
		t.last++
		entries := encodeAll([]store.Event{{ID: id(t.last), Topic: topic, Data: fmt.Append(nil, t.last)}})
		t.newest.append(entries)
	}
}

// sampler is the newest events of one client, on a clock of the test's.
type sampler struct {
	t testing.TB
	*conflation
	filter  filter
	now     time.Duration
	crowded bool
	end     string // position that it was told last
}

func (t *table) sampler(tb testing.TB, since int, latest wire.Latest, ordinary ...string) *sampler {
	s := &sampler{t: tb, conflation: newConflation(t.newest, id(since), t.newest.named()), now: time.Hour}
	names := slices.Clone(ordinary)
	for name := range latest {
		names = append(names, name)
	}
	s.filter = newFilter(names, &access{})
	s.filter.conflate(latest)
	return s
}

type sampled struct {
	ID      string
	Topic   string
	Skipped uint64
	Count   uint64
}

// step does one step, and returns the events of its frame.
func (s *sampler) step() (events []sampled, kind stepKind, pause time.Duration) {
	s.t.Helper()
	if !s.begun {
		s.begin(&s.filter, int64(s.now))
	}
	did, pause := s.next(&s.filter, int64(s.now), func() bool { return s.crowded })
	s.holds(did.kind, pause)
	if did.kind == latestEvents {
		var frame wire.LatestEvents[sampled]
		if err := json.Unmarshal(did.frame, &frame); err != nil || frame.Kind != wire.KindLatest || len(frame.Events) != did.events || bytes.Contains(did.frame, []byte(":0")) {
			s.t.Fatalf("frame %s: %v", did.frame, err)
		}
		if frame.Position != "" {
			s.end = frame.Position
		}
		events = frame.Events
	}
	return events, did.kind, pause
}

// holds checks what holds after each step.
func (s *sampler) holds(kind stepKind, pause time.Duration) {
	s.t.Helper()
	starting := 0
	for i, w := range s.waiting {
		if w.place != i+1 {
			s.t.Fatalf("the row at %d believes to be at %d", i+1, w.place)
		}
		if w.starts {
			starting++
		}
	}
	if starting != s.starting {
		s.t.Fatalf("%d rows wait since before the client came, of %d", starting, s.starting)
	}
	if kind == idle && s.awake.Load() != (len(s.waiting) > 0) || kind != idle && pause != 0 {
		s.t.Fatalf("step %v with a pause of %v, and %d wait: looks by itself %v", kind, pause, len(s.waiting), s.awake.Load())
	}
}

// run does what can be done now, and returns it: "topic id+skipped".
func (s *sampler) run() string {
	s.t.Helper()
	var did []string
	for {
		events, kind, _ := s.step()
		if kind == idle {
			return strings.Join(did, " ")
		}
		for _, e := range events {
			text := e.Topic + strings.TrimPrefix(e.ID, "e-")
			if e.Skipped > 0 {
				text += fmt.Sprint("+", e.Skipped)
			}
			did = append(did, text)
		}
	}
}

func (s *sampler) expect(want string) {
	s.t.Helper()
	if got := s.run(); got != want {
		s.t.Fatalf("at %v it was sent %q, want %q", s.now-time.Hour, got, want)
	}
}

func TestOneEventOfATopicInItsTime(t *testing.T) {
	table := newTable(100)
	s := table.sampler(t, 0, wire.Latest{"a": 100, "b": 250})
	s.expect("")
	table.publish("a", "b", "other", "a")
	s.expect("b2 a4+1")
	s.expect("")
	table.publish("a", "b", "a", "b")
	s.expect("")
	if _, kind, pause := s.step(); kind != idle || pause != 100*time.Millisecond {
		t.Errorf("the next step comes after %v", pause)
	}
	s.now += 100*time.Millisecond - 1
	s.expect("")
	s.now++
	s.expect("a7+1")
	s.now += 149 * time.Millisecond
	table.publish("b", "a")
	s.expect("a10")
	s.now += time.Millisecond - 1
	s.expect("")
	s.now++
	if s.expect(""); s.end != "e-4" {
		t.Errorf("everything was sent up to %s; b waits for more than that", s.end)
	}
	s.now += latestPause // after a frame that is not full
	if s.expect("b9+2"); s.end != "e-10" {
		t.Errorf("everything was sent up to %s, want e-10", s.end)
	}
	if _, kind, pause := s.step(); kind != idle || pause != 0 {
		t.Errorf("nothing waits: %v, %v", kind, pause)
	}
}

func TestNothingIsSentTwiceOrBeforeTheStart(t *testing.T) {
	table := newTable(100)
	table.publish("a", "b", "c", "a", "a")
	s := table.sampler(t, 3, wire.Latest{"a": 50, "b": 50, "c": 50})
	if s.behind() != true {
		t.Error("it is not behind before it has begun")
	}
	if events, _, _ := s.step(); len(events) != 1 || events[0] != (sampled{ID: "e-5", Topic: "a", Skipped: 1, Count: 3}) {
		t.Errorf("%+v", events)
	}
	if s.behind() || s.end != "e-5" {
		t.Errorf("behind %v, sent up to %s", s.behind(), s.end)
	}
	table.publish("b")
	s.now += time.Second
	s.expect("b6")
	if s.run(); s.end != "e-6" {
		t.Errorf("sent up to %s", s.end)
	}
	// A change that was noted before a newer one was sent.
	table.publish("a")
	s.now += time.Second
	s.look(&s.filter, int64(s.now))
	table.publish("a")
	s.expect("a8+1")
	s.now += time.Second
	s.expect("")
}

func TestWhoWaitedLongestComesFirst(t *testing.T) {
	table := newTable(1000)
	latest := wire.Latest{}
	var topics []string
	for n := range 200 {
		topics = append(topics, fmt.Sprintf("topic-with-a-long-name-%03d-", n))
		latest[topics[n]] = 1000
	}
	s := table.sampler(t, 0, latest)
	table.publish(topics...)
	var order []string
	for range 3 {
		events, _, _ := s.step()
		if len(events) < 10 || len(events) > 60 {
			t.Fatalf("%d events in a frame", len(events))
		}
		for _, e := range events {
			order = append(order, e.Topic)
		}
		s.now += 10 * time.Millisecond
		table.publish(topics[:5]...) // those that were sent must wait their time
	}
	for range 100 {
		events, _, _ := s.step()
		for _, e := range events {
			order = append(order, e.Topic)
		}
	}
	slices.Sort(order)
	if n := len(order); n != 200 || len(slices.Compact(order)) != n {
		t.Errorf("%d events before any topic comes again", n)
	}
	if s.end == "" || s.complete() == s.seen {
		t.Errorf("sent up to %s, of %s", s.end, s.seen)
	}
}

// Nothing is written while what is on its way waits, and then it is the newest.
func TestNothingIsWrittenIntoAQueue(t *testing.T) {
	table := newTable(100)
	s := table.sampler(t, 0, wire.Latest{"a": 100})
	s.crowded = true
	table.publish("a", "a")
	if s.expect(""); !s.awake.Load() {
		t.Error("it does not look by itself")
	}
	if _, kind, pause := s.step(); kind != idle || pause != latestPause {
		t.Errorf("%v, it looks again after %v", kind, pause)
	}
	table.publish("a")
	s.crowded = false
	s.expect("a3+2")
}

// Of those that have waited long, the ones that have just changed go first, but the
// one that has waited longest goes in any case.
func TestWhatHasJustChangedIsWorthMore(t *testing.T) {
	table := newTable(1000)
	var topics []string
	for n := range 300 {
		topics = append(topics, fmt.Sprintf("t.%0100d", n))
	}
	s := table.sampler(t, 0, wire.Latest{"t.*": 3_600_000})
	table.publish(topics...)
	s.look(&s.filter, int64(s.now))
	s.now++
	table.publish(topics[40:60]...)
	table.publish(topics[200:]...)
	sent := map[string]bool{}
	for frame := range 40 {
		events, _, _ := s.step()
		if len(events) < 4 {
			t.Fatalf("frame %d has %d events", frame, len(events))
		}
		for i, e := range events {
			n := slices.Index(topics, e.Topic)
			if !sent[topics[frame]] && i == 0 && n != frame || frame < 2 && i > 0 && (n < 40 || n >= 60) {
				t.Errorf("frame %d has topic %d at %d", frame, n, i)
			}
			sent[e.Topic] = true
		}
	}
}

// Whatever happens: never an older event after a newer one, the newest of each topic
// in the end, and what was sent and what was passed over is all that came.
func TestRandomSampling(t *testing.T) {
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 15))
		table := newTable(1 + random.IntN(40))
		table.maxTopics = 64
		latest := wire.Latest{"p.*": int64(10 + random.IntN(300)), "p.slow": 2000}
		topics := []string{"p.a", "p.b", "p.c", "p.slow", "p.x.y", "other"}
		type known struct {
			id       int
			sentAt   time.Duration
			had, all int
		}
		state := map[string]*known{}
		for _, topic := range topics {
			state[topic] = &known{}
		}
		s := table.sampler(t, 0, latest)
		took := func(events []sampled) {
			for _, e := range events {
				k := state[e.Topic]
				var number int
				fmt.Sscanf(e.ID, "e-%d", &number)
				if number < k.id || number == k.id && s.end != "" && k.had > 0 && k.sentAt > 0 {
					t.Fatalf("seed %d: %s after event %d", seed, e.ID, k.id)
				}
				every := time.Duration(latest["p.*"]) * time.Millisecond
				if e.Topic == "p.slow" {
					every = 2 * time.Second
				}
				if k.sentAt > 0 && s.now-k.sentAt < every {
					t.Fatalf("seed %d: %s comes %v after the one before", seed, e.Topic, s.now-k.sentAt)
				}
				if k.sentAt == 0 && k.had > 0 { // the first of a connection, after another one
					k.had = int(e.Count)
				} else {
					k.had += int(e.Skipped) + 1
				}
				k.id, k.sentAt = number, s.now
			}
		}
		for range 600 {
			switch random.IntN(10) {
			case 0, 1, 2, 3, 4:
				topic := topics[random.IntN(len(topics))]
				table.publish(topic)
				state[topic].all++
			case 5, 6, 7:
				s.now += time.Duration(random.IntN(200)) * time.Millisecond
			case 8:
				events, _, _ := s.step()
				took(events)
			case 9:
				if random.IntN(8) > 0 {
					break
				}
				since, _ := store.ParseID(s.end)
				now := s.now
				s = table.sampler(t, int(since.Major), latest)
				s.now = now
				for _, k := range state {
					k.sentAt = 0
				}
			}
		}
		for {
			events, kind, pause := s.step()
			took(events)
			if kind == idle && pause == 0 {
				break
			}
			s.now += pause
		}
		for topic, k := range state {
			if topic != "other" && (k.had != k.all || table.topics[topic] != nil && table.topics[topic].entry.id != id(k.id)) {
				t.Errorf("seed %d: of %s %d events are accounted for, of %d; the newest is %d", seed, topic, k.had, k.all, k.id)
			}
		}
		if s.complete() != table.top || len(s.waiting) > 0 || s.behind() {
			t.Errorf("seed %d: sent up to %s, not %s", seed, s.complete(), table.top)
		}
	}
}
