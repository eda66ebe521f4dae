package nats

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
)

// openQuick is a log in a directory where a sync takes no time, if there is one.
func openQuick(t *testing.T, options Options) *Store {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "wakesocket-nats-")
	if err != nil {
		dir = t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s, err := OpenDir(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// proofLog is a log of six events of the topics "a" and "b" that keeps three of each.
func proofLog(t *testing.T, events int) (s *Store, ids []store.ID) {
	t.Helper()
	s = openQuick(t, Options{Events: events, EventsPerTopic: 3, FollowTopics: true})
	for n, topic := range []string{"a", "b", "b", "b", "b", "a"} { // the first of b is dropped
		id, err := s.Publish(t.Context(), topic, fmt.Append(nil, n))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return s, ids
}

// A follower goes on from a place only in the log that it has read, and when the log has
// dropped nothing after it for its age.
func TestProve(t *testing.T) {
	t.Parallel()
	change := func(id store.ID, change func(*store.ID)) store.ID { change(&id); return id }
	whole, ids := proofLog(t, 100)
	short, late := proofLog(t, 3) // four are there: the first two are dropped for their age, too
	for name, c := range map[string]struct {
		log  *Store
		at   store.ID
		last uint64 // what the consumer has brought
		want string // "" for no gap
	}{
		"the newest event":                {whole, ids[5], 6, ""},
		"an old event":                    {whole, ids[0], 1, ""},
		"up to the newest event":          {whole, ids[0], 6, ""},
		"an event of a topic that is new": {whole, ids[2], 2, ""},
		"an event dropped for its topic":  {whole, ids[1], 1, ""},
		"later than the log":              {whole, ids[0], 7, store.Future},
		"another event":                   {whole, change(ids[2], func(id *store.ID) { id.Minor++ }), 3, store.Invalid},
		"another epoch":                   {whole, change(ids[2], func(id *store.ID) { id.Epoch = "other" }), 3, store.Epoch},
		"the oldest event":                {short, late[2], 3, ""},
		"the event before it":             {short, late[1], 2, ""},
		"two before it":                   {short, late[0], 1, store.Trimmed},
	} {
		f := &shareFollower{store: c.log, at: c.at}
		found, err := f.prove(t.Context(), c.last)
		if reason, _ := store.AsGap(err); reason != c.want || c.want == "" && (err != nil || found.last != 6) {
			t.Errorf("%s: %+v, %v; want %q", name, found, err, c.want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	before, _ := whole.pages.Limits()
	if _, err := (&shareFollower{store: whole, at: ids[5]}).prove(ended, 6); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if now, _ := whole.pages.Limits(); now != before { // the server was not slow
		t.Errorf("pages have %d bytes, before %d", now, before)
	}
}

// keptSink keeps what it is given.
type keptSink struct {
	appends       int
	events        []store.Event
	resets, trims []store.ID
}

func (s *keptSink) Append(events []store.Event) {
	s.appends++
	s.events = append(s.events, events...)
}
func (s *keptSink) Reset(top store.ID)             { s.resets = append(s.resets, top) }
func (s *keptSink) Trim(base store.ID)             { s.trims = append(s.trims, base) }
func (s *keptSink) Share([]string, bool, store.ID) {}

// What the consumer is too slow for is read page by page: each event of the share once and
// in order, up to the end, where another consumer goes on. Where something is lost the
// sink is reset.
func TestCatchUp(t *testing.T) {
	t.Parallel()
	const n = 2*pageEvents + 300
	long := openQuick(t, Options{Events: 10 * n, EventsPerTopic: n, FollowTopics: true})
	first, err := long.Publish(t.Context(), "b", []byte("first"))
	if err != nil {
		t.Fatal(err)
	}
	var all, share []string
	for i := range n {
		topic, data := []string{"a", "b", "b", "c"}[i%4], fmt.Sprint(i)
		if err := long.conn.Publish(subject(long.options.Stream, topic), []byte(data)); err != nil {
			t.Fatal(err)
		}
		if all = append(all, data); topic != "b" {
			share = append(share, data)
		}
	}
	last, err := long.Publish(t.Context(), "c", []byte("last"))
	if err != nil {
		t.Fatal(err)
	}
	all, share = append(all, "last"), append(share, "last")
	short, ids := proofLog(t, 100)
	for name, c := range map[string]struct {
		log  *Store
		from store.ID
		all  bool
		want []string // nil for a gap
	}{
		"some topics":      {long, first, false, share},
		"all topics":       {long, first, true, all},
		"some, at the end": {long, last, false, []string{}},
		"all, at the end":  {long, last, true, []string{}},
		"some, one lost":   {short, ids[0], false, nil},
		"all, one lost":    {short, ids[0], true, nil},
	} {
		sink := &keptSink{}
		f := &shareFollower{store: c.log, sink: sink, at: c.from, all: c.all, names: []string{"a", "c"}}
		if c.want == nil {
			f.names = []string{"a", "b"}
			err := f.catchUp(t.Context())
			if err != errChange || len(sink.events) > 0 || len(sink.resets) != 1 || f.at.Major < 6 || sink.resets[0] != f.at {
				t.Errorf("%s: %v, %d events, resets %v, now at %v", name, err, len(sink.events), sink.resets, f.at)
			}
			continue
		}
		err := f.catchUp(t.Context())
		got := []string{}
		for _, e := range sink.events {
			got = append(got, string(e.Data))
		}
		if err != errLost || !slices.Equal(got, c.want) || len(sink.resets) > 0 || f.at != last {
			t.Errorf("%s: %v, %d events, want %d, %d resets, now at %v", name, err, len(got), len(c.want), len(sink.resets), f.at)
		}
	}
}

// A look tells the sink that the log can be read. When the log has grown and nothing on
// the way tells how far the share is there, a milestone does.
func TestLook(t *testing.T) {
	t.Parallel()
	event := store.Event{}
	for name, c := range map[string]struct {
		events    int    // that the log keeps
		at        int    // event up to which all is there
		fence     uint64 // milestone that is on the way
		unproved  []store.Event
		milestone bool
		gap       bool
	}{
		"nothing is new":                      {100, 6, 0, nil, false, false},
		"the log has grown":                   {100, 5, 0, nil, true, false},
		"a milestone is on the way":           {100, 5, 7, nil, false, false},
		"one is, and events need a later one": {100, 5, 7, []store.Event{event}, true, false},
		"events need one":                     {100, 5, 0, []store.Event{event}, true, false},
		"nothing is new, much is dropped":     {3, 6, 0, nil, false, false},
		"events after it are dropped":         {3, 1, 0, nil, true, true},
	} {
		log, ids := proofLog(t, c.events)
		sink := &keptSink{}
		f := &shareFollower{store: log, sink: sink, at: ids[c.at-1], fence: c.fence, unproved: c.unproved}
		before, err := log.state(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		err = f.look(t.Context())
		after, stateErr := log.state(t.Context())
		if stateErr != nil {
			t.Fatal(stateErr)
		}
		if c.gap != (err == errChange) || !c.gap && err != nil || c.gap != (len(sink.resets) == 1) {
			t.Errorf("%s: %v, %d resets", name, err, len(sink.resets))
		}
		if !c.gap && sink.appends != 1 {
			t.Errorf("%s: the sink is told %d times", name, sink.appends)
		}
		if c.milestone != (after.last == before.last+1) || !c.milestone && after.last != before.last {
			t.Errorf("%s: the log grows from %d to %d", name, before.last, after.last)
		}
		if trims := c.events == 3 && !c.gap; trims != (len(sink.trims) == 1 && sink.trims[0].Major == 3) {
			t.Errorf("%s: dropped up to %v", name, sink.trims)
		}
	}
}
