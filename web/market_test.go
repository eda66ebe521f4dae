package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// watch opens a WebSocket of the demo, and returns what reads its next text.
func (s *demo) watch(t *testing.T, path string) (next func() string, leave func()) {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), strings.Replace(s.base, "http", "ws", 1)+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	next = func() string {
		t.Helper()
		_, text, err := conn.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	return next, func() { conn.Close(websocket.StatusNormalClosure, "") }
}

func TestPricesHaveNames(t *testing.T) {
	_, body := start(t).do(t, "GET", "/prices/names")
	var names []string
	if err := json.Unmarshal([]byte(body), &names); err != nil || len(names) != prices {
		t.Fatalf("%d names, %v", len(names), err)
	}
	if !slices.IsSorted(names) || len(slices.Compact(names)) != prices || names[0] < "AAA" || names[prices-1] > "ZZZ" {
		t.Errorf("the names are not sorted, or not each another: %q … %q", names[0], names[prices-1])
	}
}

func TestPricesChange(t *testing.T) {
	s := start(t)
	next, _ := s.watch(t, "/prices/plain")
	seen := map[string]bool{}
	for range 100 {
		var p price
		if err := json.Unmarshal([]byte(next()), &p); err != nil || !strings.HasPrefix(p.Topic, "price.") || p.Time < 1.7e12 {
			t.Fatalf("%+v, %v", p, err)
		}
		seen[p.Topic] = true
	}
	if len(seen) != 100 {
		t.Errorf("of 100 changes in a row %d are of another price", len(seen))
	}
}

func TestTheNewestPricesOfTheFeed(t *testing.T) {
	s := start(t)
	_, body := s.do(t, "GET", "/prices/names")
	var names []string
	if err := json.Unmarshal([]byte(body), &names); err != nil {
		t.Fatal(err)
	}
	topic := "price." + names[7]
	next, _ := s.watch(t, "/prices?"+wire.QueryLatest+"=100,"+topic+"&topic="+topic+"&wakesocket=1")
	for n := 0; n < 3; {
		text := next()
		if strings.Contains(text, `"data"`) {
			if n++; !strings.Contains(text, topic) {
				t.Fatalf("an event of another topic: %s", text)
			}
		}
	}
}

// A market that nobody watches costs nothing.
func TestPricesRestWhenNobodyWatches(t *testing.T) {
	m, err := newMarket(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.close)
	m.enter()
	m.enter()
	m.leave()
	select {
	case <-m.stopped:
		t.Fatal("it rests, though somebody watches")
	default:
	}
	m.leave()
	select {
	case <-m.stopped:
	case <-time.After(patience):
		t.Fatal("it goes on, though nobody watches")
	}
	m.enter()
	select {
	case <-m.stopped:
		t.Fatal("it does not begin anew")
	default:
	}
	m.leave()
}

func TestAPlainWatcherThatTakesTooLongIsDropped(t *testing.T) {
	q := &queue{more: make(chan struct{}, 1)}
	dropped := 0
	q.dropped = func() { dropped++ }
	text := make([]byte, queueBytes/4)
	for range 4 {
		q.put(text)
	}
	if dropped != 0 {
		t.Fatal("dropped with a queue that is just full")
	}
	if q.next(); dropped != 0 {
		t.Fatal("dropped by taking")
	}
	q.put(text)
	if dropped != 0 {
		t.Fatal("dropped, though one was taken out")
	}
	if q.put(text[:1]); dropped != 1 {
		t.Fatal("the queue has no limit")
	}
	n := 0
	for q.next() != nil {
		n++
	}
	if n != 4 {
		t.Errorf("%d texts wait, want 4", n)
	}
}
