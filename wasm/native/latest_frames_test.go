package native

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/session"
)

// chosen is a frame of newest events, as it arrives.
func chosen(t *testing.T, k *socket, text string) arrival {
	a, err := parse(k.generation, []byte(`{"wakesocket":"latest",`+text+`}`), time.Now())
	if err != nil {
		t.Errorf("%s: %v", text, err)
	}
	a.from = k
	return a
}

// What two sockets bring of the same topics comes once, and each frame that cannot be
// read is an error that loses nothing else.
func TestFramesOfNewestEvents(t *testing.T) {
	l := still(t, Options{Latest: map[string]time.Duration{"a": 0, "b": 0}})
	one, two := &socket{loop: l, generation: 1}, &socket{loop: l, generation: 2}
	l.sockets[1], l.sockets[2] = one, two
	take := func() (got []string) {
		for {
			i, ok := l.queue.pop()
			switch {
			case !ok:
				return got
			case i.event != nil:
				got = append(got, skips([]Event{*i.event}))
			case i.gap != nil:
				got = append(got, "gap "+i.gap.Reason)
			case i.newest != "":
				got = append(got, "since "+i.newest)
			}
		}
	}
	want := func(texts ...string) {
		t.Helper()
		if got := take(); !slices.Equal(got, texts) {
			t.Errorf("got %q, want %q", got, texts)
		}
	}
	l.handle(chosen(t, one, `"events":[{"id":"e-1","topic":"a","data":0}],"at":"e-1"`))
	want() // it has said no hello
	l.latest.hello(one, "c", "e-1")
	l.latest.hello(two, "c", "e-1")
	l.handle(chosen(t, one, `"events":[{"id":"e-5","topic":"a","data":1,"skipped":2,"count":8},{"id":"e-4","topic":"b","data":1}],"at":"e-4"`))
	want("a1/2", "b1", "since e-4")
	l.handle(chosen(t, two, `"events":[{"id":"e-5","topic":"a","data":1,"skipped":2,"count":8},{"id":"e-9","topic":"a","data":2,"skipped":"x"}]`))
	want("a2", "since e-4")
	l.handle(chosen(t, one, `"events":[{"id":"e-11","topic":"a","data":3,"skipped":2}],"at":"e-11","gap":{"after":"e-1","earliest":"","reason":"trimmed"}`))
	want("gap trimmed", "a3/1", "since e-11")
	if l.latest.since() != "e-11" || l.cursor != "" {
		t.Errorf("since %q, cursor %q", l.latest.since(), l.cursor)
	}
	a, err := parse(1, []byte(`{"wakesocket":"latest","events":[7,{"id":"e-12","topic":"b","data":4},{"id":"e-13","data":5}],"at":"e-13"}`), time.Now())
	if err == nil || len(a.newest.events) != 1 {
		t.Errorf("%+v, %v", a.newest, err)
	}
	a.from = one
	l.handle(a)
	want("b4", "since e-13")
	if a, err = parse(1, []byte(`{"wakesocket":"latest","events":{}}`), time.Now()); err == nil || a.newest != nil {
		t.Errorf("%+v, %v", a.newest, err)
	}

	// While the client has to wait with an event itself, the position waits, too.
	l.latest.conflation.Live(true, l.now)
	l.latest.event(Event{ID: "e-14", Topic: "b"}, time.Now(), "e-13")
	l.latest.event(Event{ID: "e-15", Topic: "b"}, time.Now(), "e-14")
	want("b")
	l.handle(chosen(t, one, `"events":[],"at":"e-16"`))
	want()
	l.latest.conflation.Flush(l.now)
	l.handle(chosen(t, one, `"events":[],"at":"e-17"`))
	want("b", "since e-17")
}

// A client that chooses by itself shows at the end of its time, what it holds: in the
// order of the cursor, and not as late.
func TestAClientThatChooses(t *testing.T) {
	l := still(t, Options{Topics: []string{"b"}, Latest: map[string]time.Duration{"a": 100 * time.Millisecond}})
	if at, ok := l.latest.conflation.Deadline(); ok {
		t.Errorf("something is due at %v", at)
	}
	l.latest.shown(State{Name: Live})
	came := time.Now().Add(-time.Hour)
	for n, topic := range []string{"a", "a", "b", "a"} {
		l.push(Event{ID: fmt.Sprint(n + 1), Topic: topic, Received: came}, came)
	}
	l.now = 100 * time.Millisecond
	l.push(Event{Topic: "a", History: true, ID: "h"}, came)
	l.latest.conflation.Tick(l.now)
	for _, want := range []struct {
		id, cursor, newest string
		moves, late        bool
		skipped            int
	}{
		{"1", "1", "1", true, true, 0},
		{"", "2", "1", true, false, 0},
		{"3", "3", "1", true, true, 0},
		{"", "4", "1", true, false, 0},
		{"h", "", "", false, true, 0},
		{"4", "4", "4", true, false, 1},
	} {
		i, _ := l.queue.pop()
		if i.cursor != want.cursor || i.newest != want.newest || i.moves != want.moves {
			t.Errorf("%+v, want %+v", i, want)
		}
		if (i.event != nil) != (want.id != "") || i.event != nil && (i.event.ID != want.id || i.event.Skipped != want.skipped || i.since.Equal(came) != want.late) {
			t.Errorf("event %+v since %v, want %+v", i.event, i.since, want)
		}
	}
	// A gap, a snapshot and the end come after what they interrupt.
	for name, end := range map[string]func(){
		"gap":      func() { l.gap(session.Gap{Reason: "trimmed"}) },
		"failure":  func() { l.latest.shown(State{Name: Failed}) },
		"stop":     func() { l.latest.shown(State{Name: Stopped}) },
		"new life": func() { l.latest.shown(State{Name: Connecting}); l.latest.shown(State{Name: Slow}) },
	} {
		l.latest.shown(State{Name: Checking})
		l.push(Event{ID: "1", Topic: "a"}, came)
		l.push(Event{ID: "2", Topic: "a"}, came)
		l.queue.discard()
		if end(); l.queue.empty() {
			t.Errorf("%s: nothing of what waits", name)
		} else if i, _ := l.queue.pop(); i.event == nil || i.event.ID != "2" {
			t.Errorf("%s: %+v", name, i)
		}
		l.queue.discard()
	}
}
