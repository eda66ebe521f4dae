package feed

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// logged makes entries with the numbers from..to; the topic depends on the number.
func logged(from, to int, topic func(int) string) (entries []entry) {
	for n := from; n <= to; n++ {
		entries = append(entries, encode(store.Event{ID: id(n), Topic: topic(n), Data: fmt.Append(nil, n)}))
	}
	return entries
}

func id(n int) store.ID { return store.ID{Epoch: "e", Major: uint64(n)} }

func one(topic string) func(int) string { return func(int) string { return topic } }

// readAll reads from the cursor to the end and returns the numbers of the events.
func readAll(t *testing.T, r *ring, at *cursor, f *filter) (numbers []uint64, last reading) {
	t.Helper()
	for range 10_000 {
		b := batch{most: 1}
		got := r.read(at, f, &b)
		if b.n == 1 {
			numbers = append(numbers, b.single.id.Major)
		}
		if got.outcome != more {
			return numbers, got
		}
		if !got.moved {
			t.Fatal("a read made no progress")
		}
	}
	t.Fatal("the reads do not end")
	return nil, reading{}
}

func TestRingKeepsTheNewest(t *testing.T) {
	r := newRing(4, 1<<20)
	r.reset(id(10))
	if at, top, ready := r.head(); !ready || top != id(10) || at != (cursor{1, 0}) {
		t.Fatalf("%v %v %v", at, top, ready)
	}
	from, before := r.append(logged(11, 13, one("t")))
	if from != (cursor{1, 0}) || before != id(10) {
		t.Fatalf("appended at %v after %v", from, before)
	}
	if from, before = r.append(logged(14, 16, one("t"))); from != (cursor{1, 3}) || before != id(13) {
		t.Fatalf("appended at %v after %v", from, before)
	}
	for n, want := range map[int]place{11: placeOlder, 12: placeInside, 13: placeInside, 16: placeInside, 17: placeNewer} {
		at, got := r.find(id(n))
		if got != want || got == placeInside && at.seq != uint64(n-10) {
			t.Errorf("%d is found at %v, %v", n, at, got)
		}
	}
	if _, got := r.find(store.ID{Epoch: "f", Major: 14}); got != placeUnknown {
		t.Errorf("another epoch is found: %v", got)
	}
	if _, got := r.find(store.ID{Epoch: "e", Major: 14, Minor: 1}); got != placeUnknown {
		t.Errorf("an id between two is found: %v", got)
	}
	if first, ok := r.firstEvent(cursor{1, 3}); !ok || first != id(14) {
		t.Errorf("first %v %v", first, ok)
	}
	for _, at := range []cursor{{1, 1}, {1, 6}, {0, 3}} {
		if first, ok := r.firstEvent(at); ok {
			t.Errorf("at %v there is %v", at, first)
		}
	}
	if n := r.lag(cursor{1, 4}); n != 2 {
		t.Errorf("lag %d", n)
	}
	if n := r.lag(cursor{0, 4}); n != 0 {
		t.Errorf("lag of an old cursor %d", n)
	}
	at := cursor{1, 1}
	if _, got := readAll(t, r, &at, &filter{}); got.outcome != evicted {
		t.Errorf("read of what is gone: %+v", got)
	}
	at = cursor{1, 2}
	if numbers, got := readAll(t, r, &at, &filter{}); fmt.Sprint(numbers) != "[13 14 15 16]" || got.outcome != atHead {
		t.Errorf("%v %+v", numbers, got)
	}
	r.reset(store.ID{Epoch: "f", Major: 1})
	if _, got := readAll(t, r, &at, &filter{}); got.outcome != ringReset {
		t.Errorf("read after a reset: %+v", got)
	}
	if len(r.index) != 0 || r.bytes != 0 {
		t.Errorf("after a reset %d names and %d bytes are left", len(r.index), r.bytes)
	}
}

func TestRingBoundsBytes(t *testing.T) {
	size := logged(1, 1, one("t"))[0].size()
	r := newRing(100, 3*size)
	r.reset(id(0))
	r.append(logged(1, 5, one("t")))
	if r.bytes != 3*size || r.next-r.first != 3 {
		t.Fatalf("%d bytes of %d events", r.bytes, r.next-r.first)
	}
	long := encode(store.Event{ID: id(6), Topic: "t", Data: []byte(`"` + strings.Repeat("x", 3*wire.PartSize) + `"`)})
	if long.size() < 6*wire.PartSize {
		t.Fatalf("a long event counts %d bytes, without its parts", long.size())
	}
	r.append([]entry{long}) // larger than the whole ring, and yet it has to pass
	if r.next-r.first != 1 || r.bytes != long.size() {
		t.Fatalf("%d events of %d bytes", r.next-r.first, r.bytes)
	}
	r.append(logged(7, 7, one("t")))
	if r.next-r.first != 1 || r.bytes != size {
		t.Fatalf("%d events of %d bytes", r.next-r.first, r.bytes)
	}
}

// A ring with random contents gives the same as a list that is searched through.
func TestRingAgainstAList(t *testing.T) {
	topics := []string{"a", "a.b", "a.b.c", "a.c", "b", "b.c", "c.*", "rare.x"}
	filters := [][]string{nil, {"a"}, {"a.*"}, {"a.*", "a.b"}, {"a.b.*", "b"}, {"rare.*"}, {"none"}, {"c.*", "a", "b.c"}}
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		slots := 1 + random.IntN(12)
		r := newRing(slots, 1<<20)
		r.reset(id(0))
		var list []entry // what the ring holds
		n := 0
		for range random.IntN(30) {
			if random.IntN(8) == 0 && n > 0 {
				base := random.IntN(n + 1)
				r.trim(id(base))
				list = slices.DeleteFunc(list, func(e entry) bool { return e.id.Major <= uint64(base) })
				continue
			}
			more := logged(n+1, n+1+random.IntN(5), func(int) string { return topics[random.IntN(len(topics))] })
			n += len(more)
			r.append(more)
			list = append(list, more...)
			list = list[max(0, len(list)-slots):]
		}
		for _, names := range filters {
			f := newFilter(names, &access{})
			for back := range len(list) + 1 {
				at := cursor{1, uint64(n - back)}
				var want []uint64
				for _, e := range list[len(list)-back:] {
					if names == nil || slices.ContainsFunc(names, func(name string) bool { return wire.MatchTopic(name, e.topic) }) {
						want = append(want, e.id.Major)
					}
				}
				got, end := readAll(t, r, &at, &f)
				if !slices.Equal(got, want) || end.outcome != atHead || at.seq != uint64(n) {
					t.Fatalf("filter %q, the last %d of %d: %v, %+v; want %v", names, back, n, got, end, want)
				}
			}
		}
		names := 0
		for name, l := range r.index {
			names += len(l.seqs)
			if l.name != name || !slices.IsSorted(l.seqs) || len(l.seqs) == 0 {
				t.Fatalf("list %q of %q: %v", l.name, name, l.seqs)
			}
		}
		want := 0
		for _, e := range list {
			all := append(wire.Patterns(e.topic), e.topic)
			slices.Sort(all)
			want += len(slices.Compact(all))
		}
		if names != want {
			t.Fatalf("the index has %d places for %d", names, want)
		}
	}
}

// An event that a filter names twice, by its topic and by a pattern, is sent once.
func TestEventWithTwoNamesIsSentOnce(t *testing.T) {
	r := newRing(10, 1<<20)
	r.reset(id(0))
	r.append(logged(1, 5, one("a.b.c")))
	f := newFilter([]string{"a.b.c", "a.b.*", "a.*"}, &access{})
	at, b := cursor{1, 0}, batch{most: 100, memory: newBudget(1 << 20)}
	r.read(&at, &f, &b)
	defer b.release()
	if b.n != 5 || strings.Count(string(b.frame()), `"id"`) != 5 {
		t.Errorf("%d events: %s", b.n, *b.array)
	}
}

// What a read says of the events that it moved past decides which position the
// client is told.
func TestReadTellsWhatItSkipped(t *testing.T) {
	r := newRing(10, 1<<20)
	r.reset(id(0))
	r.append(logged(1, 6, func(n int) string { return []string{"x", "a", "x", "a", "x", "x"}[n-1] }))
	for _, names := range []string{"a", "a and others"} {
		f := newFilter(strings.Split(names, " "), &access{})
		at := cursor{1, 0}
		b := batch{most: 1}
		if got := r.read(&at, &f, &b); b.single.id != id(2) || got.last != id(2) || got.skipped || got.outcome != more || at.seq != 2 {
			t.Fatalf("%+v at %v", got, at)
		}
		b = batch{most: 9, memory: newBudget(1 << 20)}
		if got := r.read(&at, &f, &b); b.n != 1 || got.last != id(6) || !got.skipped || got.outcome != atHead || at.seq != 6 {
			t.Fatalf("%d events, %+v at %v", b.n, got, at)
		}
		if got := r.read(&at, &f, &b); got.moved || got.outcome != atHead || got.skipped {
			t.Fatalf("%+v", got)
		}
	}
}

// The hook is not called under the lock of the ring: the read stops where it is
// not known what the hook says.
func TestReadStopsForTheHook(t *testing.T) {
	r := newRing(10, 1<<20)
	r.reset(id(0))
	r.append(logged(1, 4, func(n int) string { return []string{"a", "b", "a", "c"}[n-1] }))
	f := newFilter(nil, &access{hook: func(string) bool { panic("called under the lock") }})
	at := cursor{1, 0}
	var got []string
	for range 10 {
		b := batch{most: 9, memory: newBudget(1 << 20)}
		g := r.read(&at, &f, &b)
		if b.n > 0 {
			got = append(got, fmt.Sprint(b.n, " events"))
		}
		if g.outcome == atHead {
			break
		}
		if g.outcome == topicToAsk {
			got = append(got, g.topic)
			f.answered(g.topic, g.topic == "a")
		}
	}
	if fmt.Sprint(got) != "[a 1 events b 1 events c]" && fmt.Sprint(got) != "[a 1 events b c 1 events]" {
		t.Fatalf("%q", got)
	}
}

// One read examines so many entries at most: it holds the lock meanwhile.
func TestReadHoldsTheLockBriefly(t *testing.T) {
	r := newRing(3*examinedMax, 1<<20)
	r.reset(id(0))
	r.append(logged(1, 2*examinedMax+10, one("t")))
	f := newFilter(nil, &access{hook: func(string) bool { return false }})
	f.answered("t", false)
	at := cursor{1, 0}
	reads := 0
	for ; ; reads++ {
		if got := r.read(&at, &f, &batch{most: 9}); got.outcome == atHead {
			break
		} else if got.outcome != more || at.seq != uint64(examinedMax*(reads+1)) {
			t.Fatalf("%+v at %v", got, at)
		}
	}
	if reads != 2 {
		t.Fatalf("%d reads", reads)
	}
}

// A resume of a rare topic costs the same however long the ring is.
func TestRareTopicIsNotSearchedFor(t *testing.T) {
	r := newRing(10_000, 1<<30)
	r.reset(id(0))
	r.append(logged(1, 10_000, func(n int) string { return fmt.Sprintf("t.%d", n%5000) }))
	f := newFilter([]string{"t.77"}, &access{})
	s := r.selectFrom(0, &f)
	if !s.indexed || len(s.rest) != 1 || len(s.rest[0]) != 2 {
		t.Fatalf("%+v", s)
	}
	f = newFilter([]string{"t.77", "t.*"}, &access{})
	if s := r.selectFrom(9_999, &f); s.indexed {
		t.Fatal("one entry is searched for in the index")
	}
	at := cursor{1, 9_000}
	if numbers, _ := readAll(t, r, &at, &f); len(numbers) != 1000 {
		t.Fatalf("%d events of two overlapping names", len(numbers))
	}
}
