package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// Wanderer is a client that comes and goes between feeds, and changes its topics. Of those
// whose names begin with [newestOnly] it wants the newest event only.
type Wanderer struct {
	t     testing.TB
	log   *published
	names map[string]bool

	conn     *websocket.Conn // nil while it is away
	cursor   string
	got      []string
	segments []stretch
	newest   newestEvents
	followed *wire.Followed
	pongs    int
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

// whole are the names of which every event is wanted; none stands for all topics.
func (w *Wanderer) whole() []string {
	names := slices.DeleteFunc(slices.Collect(maps.Keys(w.names)), isNewestOnly)
	if len(names) == 0 && len(w.names) > 0 {
		return []string{"nothing"}
	}
	return names
}

type walkEvent struct {
	ID, Topic string
	Data      json.Number
}

type walkFrame struct {
	walkEvent
	Wakesocket string
	Position   string `json:"at"`
	Gap        *wire.Gap
	Events     []walkEvent
}

// read takes one frame; false says that the feed has ended the connection.
func (w *Wanderer) read() bool {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, data, err := w.conn.Read(ctx)
	if ctx.Err() != nil {
		w.t.Fatalf("%v: nothing comes; %d events, want %v", w.segments, len(w.got), w.due(w.log.end()))
	}
	if err != nil {
		return false
	}
	if string(data) == wire.Pong {
		w.pongs++
		return true
	}
	if data[0] == '[' {
		var events []walkEvent
		json.Unmarshal(data, &events)
		for _, e := range events {
			w.take(e)
		}
		return true
	}
	var frame walkFrame
	json.Unmarshal(data, &frame)
	switch frame.Wakesocket {
	case "":
		w.take(frame.walkEvent)
	case wire.KindHello:
		w.hello(&frame)
	case wire.KindPosition:
		w.cursor = frame.Position
	case wire.KindLatest:
		w.newest.take(w, &frame)
	case wire.KindFollowed:
		w.followed = &wire.Followed{}
		json.Unmarshal(data, w.followed)
	case wire.KindError:
		w.t.Fatalf("%s", data)
	}
	return true
}

func (w *Wanderer) take(e walkEvent) {
	w.got = append(w.got, e.Data.String())
	w.cursor = e.ID
}

func (w *Wanderer) hello(frame *walkFrame) {
	begin := major(w.t, frame.Position)
	if frame.Gap != nil {
		w.gaps++
	} else if w.cursor != "" {
		begin = major(w.t, w.cursor)
	}
	w.newest.hello(w, frame, begin)
	w.cursor = frame.Position
	w.segments = []stretch{{begin, w.whole()}}
}

// Join connects to a feed, at first or after what has come.
func (w *Wanderer) Join(feed string) {
	w.t.Helper()
	w.join(feed, url.Values{wire.QueryTopic: slices.Collect(maps.Keys(w.names)), wire.QueryLatest: w.newest.rules(w.names)})
}

// joinLater tells the feed the topics in the first message.
func (w *Wanderer) joinLater(feed string) {
	w.t.Helper()
	names := w.names
	w.names = map[string]bool{}
	w.join(feed, url.Values{wire.QueryTopics: {wire.TopicsLater}})
	if w.names = names; w.conn != nil {
		w.segments = nil
		w.newest.begin(names, w.newest.start)
		w.request(wire.KindTopics, slices.Collect(maps.Keys(names)))
	}
}

func (w *Wanderer) join(feed string, query url.Values) {
	w.t.Helper()
	query.Set(wire.QueryAfter, w.cursor)
	query.Set(wire.QueryVersion, wire.Version)
	if w.newest.since != "" {
		query.Set(wire.QuerySince, w.newest.since)
	}
	conn, err := connect(w.t.Context(), feed, query)
	if err != nil {
		w.t.Fatal(err)
	}
	w.conn, w.got, w.segments = conn, nil, nil
	for w.segments == nil {
		if !w.read() {
			w.conn, w.sent = nil, w.sent+1
			return
		}
	}
}

// change adds, removes or replaces topics.
func (w *Wanderer) change(kind string, topics []string) {
	w.t.Helper()
	if kind == wire.KindTopics {
		clear(w.names)
	}
	for _, name := range topics {
		if w.names[name] = true; kind == wire.KindRemove {
			delete(w.names, name)
		}
	}
	w.newest.keep(w.names)
	w.request(kind, topics)
}

func (w *Wanderer) request(kind string, topics []string) {
	w.t.Helper()
	w.requests++
	question := map[string]any{"wakesocket": kind, "n": w.requests, "topics": topics}
	if kind != wire.KindRemove {
		question["latest"] = w.newest.ruled(topics)
	}
	text, _ := json.Marshal(question)
	w.conn.Write(w.t.Context(), websocket.MessageText, text)
	for w.followed = nil; w.followed == nil; {
		if !w.read() {
			w.sent++
			w.leave()
			return
		}
	}
	at := major(w.t, w.followed.Position)
	w.newest.begin(w.names, at)
	w.segments = append(w.segments, stretch{at, w.whole()})
}

// due are the numbers of the events that the client has to have up to a place. That may
// lie before those of topics that it does not want any more.
func (w *Wanderer) due(upTo uint64) (numbers []string) {
	for i, s := range w.segments {
		end := upTo
		if i+1 < len(w.segments) {
			end = w.segments[i+1].after
		}
		numbers = append(numbers, w.log.between(s.names, s.after, end)...)
	}
	return numbers
}

// CatchUp reads until the client has what there is, and checks it. It returns how many
// events have come over the connection.
func (w *Wanderer) CatchUp() int {
	w.t.Helper()
	end := w.log.end()
	due := w.due(end)
	for begin := w.pongs; len(w.got) < len(due) || w.pongs == begin; {
		if len(w.got) >= len(due) {
			w.conn.Write(w.t.Context(), websocket.MessageText, []byte(wire.Ping))
		}
		if !w.read() {
			w.sent++
			w.leave()
			return len(w.got)
		}
	}
	w.check()
	for late := time.Now().Add(20 * time.Second); w.newest.lacking(w.log, end) != ""; {
		if time.Now().After(late) {
			w.t.Fatalf("%v: the client does not get %s", w.newest.from, w.newest.lacking(w.log, end))
		}
		if !w.read() {
			w.sent++
			w.leave()
			break
		}
	}
	return len(w.got)
}

func (w *Wanderer) check() {
	w.t.Helper()
	if want := w.due(major(w.t, w.cursor)); !slices.Equal(w.got, want) {
		w.t.Fatalf("%v up to %s: got %v, want %v", w.segments, w.cursor, w.got, want)
	}
}

func (w *Wanderer) leave() {
	w.t.Helper()
	w.check()
	w.conn.CloseNow()
	w.conn = nil
}

// newestOnly is the begin of the topics of which a wanderer wants the newest event.
const newestOnly = "newest."

func isNewestOnly(name string) bool { return strings.HasPrefix(name, newestOnly) }

// newestEvents are what a client knows of the topics of which it wants the newest event.
type newestEvents struct {
	since string            // position up to which the client has them, as the feeds say
	known map[string]uint64 // place of the newest event of each topic
	from  map[string]uint64 // from which place on each name is wanted
	over  map[string]uint64 // what has come over this connection
	start uint64            // where that has begun
}

// ruled are the rules of names.
func (n *newestEvents) ruled(names []string) wire.Latest {
	rules := wire.Latest{}
	for _, name := range names {
		if isNewestOnly(name) {
			rules[name] = wire.LeastEvery
		}
	}
	return rules
}

// rules are those of an address.
func (n *newestEvents) rules(names map[string]bool) (query []string) {
	for name, every := range n.ruled(slices.Collect(maps.Keys(names))) {
		query = append(query, fmt.Sprintf("%d,%s", every, name))
	}
	return query
}

// hello begins with a connection.
func (n *newestEvents) hello(w *Wanderer, frame *walkFrame, begin uint64) {
	if n.known == nil {
		n.known = map[string]uint64{}
	}
	n.over = map[string]uint64{}
	if n.since == "" {
		n.since = frame.Position
	} else if frame.Gap == nil {
		begin = major(w.t, n.since)
	}
	if frame.Gap != nil {
		begin = w.log.end() // what is missing is told
	}
	n.from, n.start = map[string]uint64{}, begin
	n.begin(w.names, begin)
}

// begin says that the names that are new are wanted after a place.
func (n *newestEvents) begin(names map[string]bool, after uint64) {
	for name := range names {
		if _, had := n.from[name]; isNewestOnly(name) && !had {
			n.from[name] = after
		}
	}
}

// keep forgets the names that are not wanted any more.
func (n *newestEvents) keep(names map[string]bool) {
	maps.DeleteFunc(n.from, func(name string, _ uint64) bool { return !names[name] })
}

func (n *newestEvents) take(w *Wanderer, frame *walkFrame) {
	w.t.Helper()
	if frame.Gap != nil {
		w.gaps++
		for name := range n.from {
			n.from[name] = w.log.end()
		}
	}
	for _, e := range frame.Events {
		at := major(w.t, e.ID)
		if at <= n.over[e.Topic] {
			w.t.Fatalf("%s of %s comes after %d", e.ID, e.Topic, n.over[e.Topic])
		}
		n.over[e.Topic], n.known[e.Topic] = at, max(at, n.known[e.Topic])
	}
	if frame.Position != "" {
		n.since = frame.Position
		if lack := n.lacking(w.log, major(w.t, n.since)); lack != "" {
			w.t.Fatalf("%v: everything was sent up to %s, but not %s", n.from, n.since, lack)
		}
	}
}

// lacking names an event up to a place that is newer than what the client knows of its
// topic; "" for none.
func (n *newestEvents) lacking(log *published, upTo uint64) string {
	for topic, at := range log.newest(n.from, upTo) {
		if n.known[topic] < at {
			return fmt.Sprintf("%d of %s; it knows %d", at, topic, n.known[topic])
		}
	}
	return ""
}
