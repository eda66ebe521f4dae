package nats_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/nats"
)

// logged is one event of what a test has published.
type logged struct {
	id    store.ID
	topic string
	kept  bool
}

// model says what a log with a limit for each topic has.
type model struct {
	limit  int
	events []logged
}

func (m *model) add(id store.ID, topic string) {
	m.events = append(m.events, logged{id, topic, true})
	count := 0
	for i := len(m.events) - 1; i >= 0; i-- {
		if e := &m.events[i]; e.topic == topic && e.kept {
			count++
			e.kept = count <= m.limit
		}
	}
}

// after is what a reader of the names has to get after the event with an index; lost
// says that the log does not have all of it, and proved that it can know that it has.
func (m *model) after(index int, names []string) (want []string, lost, proved bool) {
	has := func(topic string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return wire.MatchTopic(name, topic) })
	}
	count, before, news := map[string]int{}, map[string]bool{}, map[string]bool{}
	for i, e := range m.events {
		if count[e.topic]++; !has(e.topic) {
			continue
		}
		if i <= index {
			before[e.topic] = before[e.topic] || e.kept
			continue
		}
		news[e.topic] = true
		want = append(want, e.id.String())
		lost = lost || !e.kept
	}
	first := slices.IndexFunc(m.events, func(e logged) bool { return e.kept })
	proved = first <= index+1 // else the other limits may have dropped what was between
	for topic := range news {
		proved = proved && (before[topic] || count[topic] < m.limit)
	}
	return want, lost, proved
}

// readTopics reads all pages of some topics. A page has as many events as it may, and not
// more data than it may but for one event of each topic.
func readTopics(ctx context.Context, s *nats.Store, id store.ID, names []string, limit int, known bool) (ids []string, err error) {
	for {
		page, err := s.AfterTopics(ctx, id, names, limit, known)
		if err != nil {
			return ids, err
		}
		data, largest := 0, 0
		for _, e := range page.Events {
			ids = append(ids, e.ID.String())
			data, largest = data+len(e.Data), max(largest, len(e.Data))
		}
		if most := store.PageBytes + len(names)*largest; len(page.Events) > limit || data > most {
			return ids, fmt.Errorf("%d events with %d bytes, want %d with %d at most", len(page.Events), data, limit, most)
		}
		if page.Through == id {
			return ids, nil
		}
		id, known = page.Through, true
	}
}

func limited(t *testing.T, dir string, options nats.Options) *nats.Store {
	t.Helper()
	s, err := nats.OpenDir(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func publishOn(t *testing.T, s store.Store, topic string) store.ID {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	id, err := s.Publish(ctx, topic, []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Few topics are busy and many are rare. Whoever reads on from any position gets each
// later event of its topics once and in order, or a gap; and a gap only when something
// is gone or when that cannot be known.
func TestAfterTopics(t *testing.T) {
	t.Parallel()
	const limit = 10
	dir := t.TempDir()
	s := limited(t, dir, nats.Options{EventsPerTopic: limit})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	rare := func() string { return fmt.Sprintf("rare.%d.%d", random.IntN(5), random.IntN(8)) }
	m := &model{limit: limit}
	exact, gaps := 0, 0
	for round := range 30 {
		for range random.IntN(30) {
			topic := fmt.Sprintf("busy.%d", random.IntN(2))
			if random.IntN(10) == 0 {
				topic = rare()
			}
			m.add(publishOn(t, s, topic), topic)
		}
		if round == 15 { // what is known must not depend on the process
			s.Close()
			s = limited(t, dir, nats.Options{EventsPerTopic: limit})
		}
		for range 10 {
			index := random.IntN(len(m.events) + 1)
			if index == len(m.events) {
				continue
			}
			names := []string{rare(), rare(), []string{"never", "busy.1", "rare.1.*", "rare.*", "busy.*", rare()}[random.IntN(6)]}
			from, known := m.events[index], random.IntN(2) == 0
			want, lost, proved := m.after(index, names)
			got, err := readTopics(ctx, s, from.id, names, 5+random.IntN(20), known)
			reason, gap := store.AsGap(err)
			switch {
			case err != nil && !gap:
				t.Fatal(err)
			case gap && reason != store.Trimmed:
				t.Errorf("%v after event %d: %s", names, index, reason)
			case gap && (from.kept || known) && proved:
				t.Errorf("%v after event %d: a gap is told, though nothing is lost", names, index)
			case gap:
				gaps++
			case lost || !slices.Equal(got, want):
				t.Errorf("%v after event %d: got %v, want %v; lost %v", names, index, got, want, lost)
			default:
				exact++
			}
		}
	}
	if exact < 30 || gaps < 30 {
		t.Errorf("%d exact, %d gaps; the test should see many of both", exact, gaps)
	}
	names := []string{"rare.*"}
	all, err := readTopics(ctx, s, store.ID{}, names, 7, false)
	var want []string
	for _, e := range m.events {
		if e.kept && strings.HasPrefix(e.topic, "rare.") {
			want = append(want, e.id.String())
		}
	}
	if err != nil || !slices.Equal(all, want) {
		t.Errorf("from the beginning: %v, %v; want %v", all, err, want)
	}
}

// Positions that the log cannot prove, or that it never gave out.
func TestAfterTopicsRefuses(t *testing.T) {
	t.Parallel()
	s := limited(t, t.TempDir(), nats.Options{Events: 8, EventsPerTopic: 3})
	rare := publishOn(t, s, "rare")
	var busy []store.ID
	for range 6 { // the first three are dropped
		busy = append(busy, publishOn(t, s, "busy"))
	}
	change := func(id store.ID, change func(*store.ID)) store.ID { change(&id); return id }
	for name, test := range map[string]struct {
		id    store.ID
		known bool
		names []string
		want  string // "" for no gap
	}{
		"place is there":             {rare, false, []string{"rare"}, ""},
		"topic has lost events":      {rare, false, []string{"busy"}, store.Trimmed},
		"one of two has":             {rare, false, []string{"rare", "busy"}, store.Trimmed},
		"pattern of a lost topic":    {rare, true, []string{"busy.*", "bus.*"}, ""},
		"place is gone":              {busy[1], false, []string{"rare"}, store.Trimmed},
		"place is gone but known":    {busy[1], true, []string{"rare"}, ""},
		"known, and the topic lost":  {busy[1], true, []string{"busy"}, store.Trimmed},
		"place is there, topic too":  {busy[3], false, []string{"busy"}, ""},
		"another event at the place": {change(rare, func(id *store.ID) { id.Minor++ }), false, []string{"rare"}, store.Invalid},
		"the same, though known":     {change(rare, func(id *store.ID) { id.Minor++ }), true, []string{"rare"}, store.Invalid},
		"another epoch":              {change(rare, func(id *store.ID) { id.Epoch = "other" }), true, []string{"rare"}, store.Epoch},
		"later than the log":         {change(rare, func(id *store.ID) { id.Major = 99 }), true, []string{"rare"}, store.Future},
		"pattern that is no subject": {rare, false, []string{"a..*"}, store.Trimmed},
	} {
		for _, limit := range []int{1, 10} {
			page, err := s.AfterTopics(t.Context(), test.id, test.names, limit, test.known)
			if reason, _ := store.AsGap(err); reason != test.want || test.want == "" && err != nil {
				t.Errorf("%s: %+v, %v; want %q, at most %d events", name, page, err, test.want, limit)
			}
		}
	}
	for range 8 { // the other limits drop the rare event
		publishOn(t, s, fmt.Sprint("other.", time.Now().UnixNano()))
	}
	if page, err := s.AfterTopics(t.Context(), rare, []string{"quiet"}, 10, true); err == nil {
		t.Errorf("the log has dropped what followed: %+v", page)
	}
	if bounds, err := s.Bounds(t.Context()); err != nil || bounds.Top.Major != 15 {
		t.Errorf("%+v, %v", bounds, err)
	}
}

// Events that fill a page by themselves, beside small ones.
func TestAfterTopicsOfLargeEvents(t *testing.T) {
	t.Parallel()
	s := limited(t, inMemory(t), nats.Options{EventsPerTopic: 20})
	var events []logged
	for n, size := range []int{1, 200 << 10, 300 << 10, 300 << 10, 1, 300 << 10, 1} {
		topic := []string{"a", "b", "b"}[n%3]
		id, err := s.Publish(t.Context(), topic, []byte(`"`+strings.Repeat("x", size)+`"`))
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, logged{id, topic, true})
	}
	for _, names := range [][]string{{"b"}, {"a", "b"}} {
		for at := range len(events) + 1 {
			from, want := store.ID{}, []string(nil)
			if at > 0 {
				from = events[at-1].id
			}
			for _, e := range events[at:] {
				if slices.Contains(names, e.topic) {
					want = append(want, e.id.String())
				}
			}
			if got, err := readTopics(t.Context(), s, from, names, 3, false); err != nil || !slices.Equal(got, want) {
				t.Errorf("%q after %d: %v, %v; want %v", names, at, got, err, want)
			}
		}
	}
}

// A name that matches more topics than the server looks up at once is not guessed at.
func TestAfterTopicsOfVeryManyTopics(t *testing.T) {
	t.Parallel()
	s := limited(t, t.TempDir(), nats.Options{EventsPerTopic: 2})
	first := publishOn(t, s, "many.0")
	js := s.Conn()
	for i := range 1100 {
		if err := js.Publish("wakesocket.many."+strconv.Itoa(i+1), []byte("1")); err != nil {
			t.Fatal(err)
		}
	}
	publishOn(t, s, "end")
	if _, err := s.AfterTopics(t.Context(), first, []string{"many.*"}, 10, false); err == nil {
		t.Error("no gap is told")
	}
	names := make([]string, 700)
	for i := range names {
		names[i] = fmt.Sprint("many.", i+1)
	}
	got, err := readTopics(t.Context(), s, first, names, 100, false)
	if err != nil || len(got) != len(names) {
		t.Errorf("%d events, %v", len(got), err)
	}
}

// A raised limit would let a topic that has lost events look as if it had lost none.
func TestTopicLimitChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var (
		s    *nats.Store
		last store.ID
	)
	for i, test := range []struct {
		limit int
		anew  bool
	}{{0, false}, {10, false}, {3, false}, {3, false}, {5, true}, {2, false}, {0, false}, {2, true}} {
		if s != nil {
			s.Close()
		}
		s = limited(t, dir, nats.Options{EventsPerTopic: test.limit})
		id := publishOn(t, s, "rare") // what is dropped later lies in the middle
		for range 6 {
			id = publishOn(t, s, "busy")
		}
		if anew := last.Epoch != "" && id.Epoch != last.Epoch; anew != test.anew {
			t.Errorf("change %d, to %d: new epoch %v", i, test.limit, anew)
		}
		last = id
	}
}

// Another spelling of a subject would have a limit of its own.
func TestOtherSpellingsOfATopic(t *testing.T) {
	t.Parallel()
	s := limited(t, t.TempDir(), nats.Options{EventsPerTopic: 2})
	before := publishOn(t, s, "a")
	for _, subject := range []string{"wakesocket.%61", "wakesocket.caf%C3%A9"} {
		if err := s.Conn().Publish(subject, []byte("1")); err != nil {
			t.Fatal(err)
		}
	}
	publishOn(t, s, "café")
	events, err := s.After(t.Context(), before, 10)
	if err != nil || len(events) != 3 || events[0].Topic != "" || events[1].Topic != "" || events[2].Topic != "café" {
		t.Errorf("%+v, %v", events, err)
	}
}

// A stream of somebody else is not changed; it has to have the limit.
func TestTopicLimitOfAForeignStream(t *testing.T) {
	t.Parallel()
	url := serverWith(t, server.Options{JetStream: true})
	config := jetstream.StreamConfig{Name: "wakesocket", Subjects: []string{"wakesocket.>"}, AllowDirect: true, Duplicates: store.KeyWindow, MaxMsgsPerSubject: 7}
	if _, err := management(t, url).CreateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	for limit, want := range map[int]string{7: "", 8: "set max_msgs_per_subject to 8"} {
		s, err := nats.Open(url, nats.Options{EventsPerTopic: limit})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := s.Publish(t.Context(), "a", []byte("1")); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("limit %d: %v, want %q", limit, err, want)
		}
	}
}
