package feed

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// hopper is a client that comes and goes, and changes its topics while it is connected.
type hopper struct {
	t     *testing.T
	log   *thinned
	names map[string]bool

	cursor   string
	p        *peer // nil while it is away
	segments []segment
	requests int
	gaps     int
	sentAway int
}

// segment says from which event on the client had which topics.
type segment struct {
	after int
	names []string
}

// join connects to a feed. With later, the topics come in the first message.
func (h *hopper) join(s *server, later bool) {
	h.t.Helper()
	query := []string{"topics=later"}
	if !later {
		query = nil
		for name := range h.names {
			query = append(query, "topic="+name)
		}
	}
	h.p = s.knowing(h.cursor, query...)
	begin := h.log.place(h.t, h.p.hello.Position)
	if h.p.hello.Gap != nil {
		h.gaps++
	} else if h.cursor != "" {
		begin = h.log.place(h.t, h.cursor)
	}
	h.segments = []segment{{begin, nil}}
	if later {
		h.request("topics", slices.Collect(maps.Keys(h.names)))
		h.segments = h.segments[1:]
	} else {
		h.segments[0].names = slices.Collect(maps.Keys(h.names))
	}
}

// request changes the topics; a feed that sends the client away ends it.
func (h *hopper) request(kind string, topics []string) {
	h.t.Helper()
	h.requests++
	text, _ := json.Marshal(map[string]any{"wakesocket": kind, "n": h.requests, "topics": topics})
	if h.p.conn.Write(context.Background(), 1, text) != nil {
		h.leave()
		return
	}
	mine := func(control string) bool {
		return strings.HasPrefix(control, fmt.Sprintf(`{"wakesocket":"followed","n":%d,`, h.requests))
	}
	for !slices.ContainsFunc(h.p.controls, mine) {
		if h.p.tryRead() != nil {
			h.sentAway++
			h.leave()
			return
		}
	}
	var answer wire.Followed
	json.Unmarshal([]byte(h.p.controls[slices.IndexFunc(h.p.controls, mine)]), &answer)
	h.segments = append(h.segments, segment{h.log.place(h.t, answer.Position), slices.Collect(maps.Keys(h.names))})
}

// leave checks what came, and goes.
func (h *hopper) leave() {
	if h.p != nil {
		h.cursor = h.p.cursor
		h.check(h.log.place(h.t, h.cursor))
		h.p.conn.CloseNow()
		h.p = nil
	}
}

// due are the numbers of the events that the client has to have up to a place. That may
// lie before those of topics that it does not want any more.
func (h *hopper) due(upTo int) (numbers []string) {
	for i, s := range h.segments {
		end := upTo
		if i+1 < len(h.segments) {
			end = h.segments[i+1].after
		}
		some, _, _ := h.log.between(s.names, s.after, end)
		numbers = append(numbers, some...)
	}
	return numbers
}

func (h *hopper) check(upTo int) {
	h.t.Helper()
	var got []string
	for _, e := range h.p.events {
		got = append(got, strings.TrimPrefix(e.ID, "e-"))
	}
	if want := h.due(upTo); !slices.Equal(got, want) {
		h.t.Fatalf("%v up to %d: got %v, want %v", h.segments, upTo, got, want)
	}
}

// catchUp reads until the client has all that the log had for it.
func (h *hopper) catchUp() {
	h.t.Helper()
	bounds, _ := h.log.Bounds(context.Background())
	due := h.due(int(bounds.Top.Major))
	for len(h.p.events) < len(due) {
		if h.p.tryRead() != nil {
			h.sentAway++
			h.leave()
			return
		}
	}
	pongs := h.p.pongs
	h.p.conn.Write(context.Background(), 1, []byte(wire.Ping))
	for h.p.pongs == pongs {
		if h.p.tryRead() != nil {
			h.sentAway++
			h.leave()
			return
		}
	}
	h.check(h.log.place(h.t, h.p.cursor))
}

// walk has clients hop between feeds that follow their shares, with topics that change.
func walk(t *testing.T, limit, ring, steps int, everything bool) (gaps, sentAway int, feeds []*divided) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	log := newThinned(limit)
	log.milestone()
	var servers []*server
	for range 3 {
		d := &divided{thinned: log}
		feeds = append(feeds, d)
		servers = append(servers, serve(t, Options{Store: d, Ring: ring}).ready())
	}
	topic := func() string { return fmt.Sprintf("g.%d.%d", random.IntN(6), random.IntN(8)) }
	name := func() string {
		if random.IntN(8) == 0 {
			return fmt.Sprintf("g.%d.*", random.IntN(6))
		}
		return topic()
	}
	stop := make(chan struct{})
	var beside sync.WaitGroup
	beside.Go(func() { // so that there are events while a feed changes its share
		random := rand.New(rand.NewPCG(seed, 2))
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(random.IntN(2000)) * time.Microsecond):
				log.put(fmt.Sprintf("g.%d.%d", random.IntN(6), random.IntN(8)))
			}
		}
	})
	defer func() { close(stop); beside.Wait() }()
	var hoppers []*hopper
	for range 8 {
		hoppers = append(hoppers, &hopper{t: t, log: log, names: map[string]bool{name(): true}})
	}
	for range steps {
		h := hoppers[random.IntN(len(hoppers))]
		switch action := random.IntN(10); {
		case action < 3:
			for range random.IntN(30) {
				log.put(topic())
			}
		case h.p == nil:
			if random.IntN(4) == 0 {
				h.names = map[string]bool{name(): true, name(): true}
			}
			if everything && random.IntN(4) == 0 {
				h.names = map[string]bool{}
			}
			h.join(servers[random.IntN(3)], len(h.names) > 0 && random.IntN(4) == 0)
		case action < 6 && len(h.names) > 0:
			kind, changed := "add", []string{name()}
			switch random.IntN(3) {
			case 0:
				kind, changed = "topics", []string{name(), name()}
				clear(h.names)
			case 1:
				if len(h.names) > 1 {
					kind, changed = "remove", slices.Collect(maps.Keys(h.names))[:1]
				}
			}
			for _, n := range changed {
				if h.names[n] = true; kind == "remove" {
					delete(h.names, n)
				}
			}
			h.request(kind, changed)
		case action < 8:
			h.catchUp()
		default:
			if random.IntN(2) == 0 { // it may lag
				h.catchUp()
			}
			h.leave()
		}
	}
	for _, h := range hoppers {
		if h.p != nil {
			h.catchUp()
		}
		gaps += h.gaps
		sentAway += h.sentAway
	}
	return gaps, sentAway, feeds
}

// Clients hop between three feeds, each of which follows its share, and change their
// topics. Each gets every event of its topics once and in order. No topic loses events,
// so there is no gap.
func TestSharesHaveNoHole(t *testing.T) {
	for _, ring := range []int{1000, 20} {
		gaps, sentAway, _ := walk(t, 1_000_000, ring, 600, false)
		if gaps > 0 || sentAway > 0 {
			t.Errorf("ring of %d: %d gaps; %d times a client was sent away", ring, gaps, sentAway)
		}
	}
}

// The same with clients that want every topic, and topics that lose events: then a gap
// is told.
func TestSharesTellGaps(t *testing.T) {
	gaps, sentAway, _ := walk(t, 5, 20, 1000, true)
	if gaps == 0 {
		t.Error("the test should see gaps")
	}
	t.Logf("%d gaps; %d times a client was sent away", gaps, sentAway)
}
