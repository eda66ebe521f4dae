package feed

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store"
)

// place is the number of the event that an id of a thinned log names.
func (l *thinned) place(t testing.TB, id string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimPrefix(id, "e-"))
	if err != nil {
		t.Fatalf("%q is no position", id)
	}
	return n
}

func (l *thinned) put(topic string) string {
	at, _ := l.Publish(context.Background(), topic, []byte("1"))
	return at.String()
}

// member is a client that comes and goes.
type member struct {
	names  []string
	cursor string
}

func (m *member) query() []string {
	var query []string
	for _, name := range m.names {
		query = append(query, "topic="+name)
	}
	return query
}

// visit joins a feed, is served until it has what there is, and leaves. It returns
// whether a gap was told.
func (m *member) visit(s *server, log *thinned, while func()) (gap bool) {
	s.t.Helper()
	p := s.knowing(m.cursor, m.query()...)
	defer p.conn.CloseNow()
	begin := log.place(s.t, p.hello.Position)
	if gap = p.hello.Gap != nil; !gap && m.cursor != "" {
		begin = log.place(s.t, m.cursor)
	}
	while()
	bounds, _ := log.Bounds(context.Background())
	all, _, _ := log.between(m.names, begin, int(bounds.Top.Major))
	for p.hello.Gap == nil && len(p.events) < len(all) || len(all) > 0 && log.place(s.t, p.cursor) < log.place(s.t, "e-"+all[len(all)-1]) {
		if p.tryRead() != nil {
			break // it is told to come again
		}
	}
	p.conn.Write(context.Background(), 1, []byte(wire.Ping))
	for p.pongs == 0 && p.tryRead() == nil {
	}
	want, _, _ := log.between(m.names, begin, log.place(s.t, p.cursor))
	var got []string
	for _, e := range p.events {
		got = append(got, strings.TrimPrefix(e.ID, "e-"))
	}
	if !slices.Equal(got, want) {
		s.t.Fatalf("%v after %s (gap %v, from %d to %s): got %v, want %v", m.names, m.cursor, gap, begin, p.cursor, got, want)
	}
	m.cursor = p.cursor
	return gap
}

// Few topics are busy and many are rare. Clients come to one of several feeds, go, and
// come back to another, also to one that has just started. Each gets every event of its
// topics once and in order, or is told of a gap; and it is told of none when no topic of
// it has lost anything.
func TestOnlyClientsThatLackSomethingAreToldOfAGap(t *testing.T) {
	const limit = 10
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	log := newThinned(limit)
	log.marks = true
	log.milestone()
	start := func() *server { return serve(t, Options{Store: log, Ring: 20}).ready() }
	feeds := []*server{start(), start()}
	burst := func(n int) {
		for range n {
			switch topic := random.IntN(12); {
			case topic > 1:
				log.put(fmt.Sprintf("busy.%d", random.IntN(2)))
			case topic == 1:
				log.put(fmt.Sprintf("rare.%d.%d", random.IntN(3), random.IntN(5)))
			case random.IntN(4) == 0:
				log.milestone()
			}
		}
	}
	members := []*member{
		{names: []string{"rare.0.0"}}, {names: []string{"rare.1.*"}}, {names: []string{"rare.*"}}, {names: []string{"never"}},
		{names: []string{"rare.2.1", "rare.0.2", "never"}}, {names: []string{"busy.0"}}, {names: []string{"busy.1", "rare.0.1"}}, {},
	}
	exact, gaps := map[int]int{}, map[int]int{}
	for range 150 {
		burst(random.IntN(20))
		if random.IntN(20) == 0 { // none of what it knew is known to the next
			feeds[0] = start()
			log.milestone() // as a feed does when it begins
		}
		s := feeds[random.IntN(2)]
		var bounds store.Bounds
		until(t, "the feed has read the log", func() bool {
			_, top, _ := s.ring.head()
			bounds, _ = log.Bounds(context.Background())
			return top == bounds.Top
		})
		who := random.IntN(len(members))
		m := members[who]
		var dropped bool
		var busiest int
		if m.cursor != "" {
			_, dropped, busiest = log.between(m.names, log.place(t, m.cursor), int(bounds.Top.Major))
		}
		while := func() {}
		if random.IntN(2) == 0 {
			while = func() { burst(random.IntN(40)) }
		}
		gap := m.visit(s, log, while)
		if gap {
			gaps[who]++
		} else {
			exact[who]++
		}
		if gap && len(m.names) > 0 && busiest < limit {
			t.Errorf("%v is told of a gap, though its topics have lost nothing", m.names)
		}
		if s.Feed == feeds[1].Feed && dropped && !gap {
			t.Logf("%v got from the ring what the log has dropped", m.names)
		}
	}
	t.Logf("exact %v, gaps %v", exact, gaps)
	if exact[0]+exact[1]+exact[3] == 0 || gaps[5]+gaps[6]+gaps[7] == 0 {
		t.Error("the test should see clients with and without a gap")
	}
}
