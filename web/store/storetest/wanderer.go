package nats_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// published is what a test has published, in the order of the log.
type published struct {
	mu     sync.Mutex
	events []store.Event
}

func (p *published) put(t *testing.T, s store.Store, topic string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.events)
	var id store.ID
	storetest.Eventually(t, "an event is published", func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		var err error
		id, err = s.Publish(ctx, topic, []byte(strconv.Itoa(n)), store.IdempotencyKey(fmt.Sprint("n", n)))
		return err == nil
	})
	p.events = append(p.events, store.Event{ID: id, Topic: topic, Data: []byte(strconv.Itoa(n))})
}

// between are the numbers of the events with one of the names, after a place of the log
// and up to another; all topics when there are no names.
func (p *published) between(names []string, after, upTo uint64) (numbers []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.events {
		matches := func(name string) bool { return wire.MatchTopic(name, e.Topic) }
		if e.ID.Major > after && e.ID.Major <= upTo && (len(names) == 0 || slices.ContainsFunc(names, matches)) {
			numbers = append(numbers, string(e.Data))
		}
	}
	return numbers
}

func (p *published) end() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.events) == 0 {
		return 0
	}
	return p.events[len(p.events)-1].ID.Major
}

// wanderer is a client that comes and goes between feeds, and changes its topics.
type wanderer struct {
	t     *testing.T
	log   *published
	names map[string]bool

	cursor   string
	conn     *websocket.Conn // nil while it is away
	got      []string
	segments []stretch
	followed *wire.Followed
	pongs    int
	live     bool
	requests int64
	gaps     int
	sent     int // times that it was sent away
}

// stretch says from which place of the log on a client had which topics.
type stretch struct {
	after uint64
	names []string
}

func major(t testing.TB, id string) uint64 {
	t.Helper()
	at, ok := store.ParseID(id)
	if !ok {
		t.Fatalf("%q is no position", id)
	}
	return at.Major
}

// read takes one frame; false says that the feed has ended the connection.
func (w *wanderer) read() bool {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, data, err := w.conn.Read(ctx)
	if ctx.Err() != nil {
		w.t.Fatalf("%v: nothing comes; %d events, want %v", w.segments, len(w.got), w.due(w.log.end())[len(w.got):])
	}
	if err != nil {
		return false
	}
	if string(data) == wire.Pong {
		w.pongs++
		return true
	}
	type event struct {
		ID   string
		Data json.Number
	}
	take := func(e event) {
		w.got = append(w.got, e.Data.String())
		w.cursor = e.ID
	}
	if data[0] == '[' {
		var events []event
		json.Unmarshal(data, &events)
		for _, e := range events {
			take(e)
		}
		return true
	}
	var frame struct {
		Wakesocket string
		Position   string `json:"at"`
		Live       bool
		Gap        *wire.Gap
	}
	json.Unmarshal(data, &frame)
	switch frame.Wakesocket {
	case "":
		var e event
		json.Unmarshal(data, &e)
		take(e)
	case wire.KindHello:
		begin := major(w.t, frame.Position)
		if frame.Gap != nil {
			w.gaps++
		} else if w.cursor != "" {
			begin = major(w.t, w.cursor)
		}
		w.cursor, w.live = frame.Position, frame.Live
		w.segments = []stretch{{begin, slices.Collect(maps.Keys(w.names))}}
	case wire.KindPosition:
		w.cursor, w.live = frame.Position, frame.Live
	case wire.KindFollowed:
		w.followed = &wire.Followed{}
		json.Unmarshal(data, w.followed)
	case wire.KindError:
		w.t.Fatalf("%s", data)
	}
	return true
}

func (w *wanderer) join(feed string) {
	w.t.Helper()
	query := url.Values{wire.QueryAfter: {w.cursor}, wire.QueryVersion: {wire.Version}, wire.QueryTopic: slices.Collect(maps.Keys(w.names))}
	conn, _, err := websocket.Dial(w.t.Context(), feed+"/?"+query.Encode(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	conn.SetReadLimit(-1)
	w.conn, w.got, w.segments = conn, nil, nil
	for w.segments == nil {
		if !w.read() {
			w.conn, w.sent = nil, w.sent+1
			return
		}
	}
}

// request changes the topics.
func (w *wanderer) request(kind string, topics []string) {
	w.t.Helper()
	w.requests++
	text, _ := json.Marshal(map[string]any{"wakesocket": kind, "n": w.requests, "topics": topics})
	w.conn.Write(w.t.Context(), websocket.MessageText, text)
	for w.followed = nil; w.followed == nil; {
		if !w.read() {
			w.sent++
			w.leave()
			return
		}
	}
	w.segments = append(w.segments, stretch{major(w.t, w.followed.Position), slices.Collect(maps.Keys(w.names))})
}

func (w *wanderer) due(upTo uint64) (numbers []string) {
	for i, s := range w.segments {
		end := upTo
		if i+1 < len(w.segments) {
			end = w.segments[i+1].after
		}
		numbers = append(numbers, w.log.between(s.names, s.after, end)...)
	}
	return numbers
}

// catchUp reads until the client has what there is, and checks it.
func (w *wanderer) catchUp() {
	w.t.Helper()
	due := w.due(w.log.end())
	for begin := w.pongs; len(w.got) < len(due) || w.pongs == begin; {
		if len(w.got) >= len(due) {
			w.conn.Write(w.t.Context(), websocket.MessageText, []byte(wire.Ping))
		}
		if !w.read() {
			w.sent++
			w.leave()
			return
		}
	}
	w.check()
}

func (w *wanderer) check() {
	w.t.Helper()
	if want := w.due(major(w.t, w.cursor)); !slices.Equal(w.got, want) {
		w.t.Fatalf("%v up to %s: got %v, want %v", w.segments, w.cursor, w.got, want)
	}
}

func (w *wanderer) leave() {
	w.t.Helper()
	w.check()
	w.conn.CloseNow()
	w.conn = nil
}
