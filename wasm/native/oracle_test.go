package native

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

// ledger is a server whose events add to a total. The total, and the position that it
// belongs to, are read together.
type ledger struct {
	mu     sync.Mutex
	total  int
	at     string
	totals map[string]int // by position
	feed   *feed.Feed
}

func newLedger(t *testing.T) (*ledger, *faultproxy.Proxy) {
	l := &ledger{totals: map[string]int{}}
	l.restart(t, 0)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		f := l.feed
		l.mu.Unlock()
		f.ServeHTTP(w, r)
	}))
	proxy, err := faultproxy.Listen(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		proxy.Close()
		l.feed.Close()
		server.Close()
	})
	return l, proxy
}

// restart begins the log anew. What happened around that is in no event.
func (l *ledger) restart(t *testing.T, lost int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.feed != nil {
		l.feed.Close()
	}
	var err error
	if l.feed, err = feed.New(feed.Options{Store: memory.New(memory.Options{Events: 20}), Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	if l.at, err = l.feed.Position(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.total += lost
	l.totals[l.at] = l.total
}

// publish changes the total in one step with its event. Events of another topic do not
// change it.
func (l *ledger) publish(t *testing.T, topic string, add int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id, err := l.feed.Publish(t.Context(), topic, []byte(strconv.Itoa(add)))
	if err != nil {
		t.Fatal(err)
	}
	if topic == "wanted" {
		l.total += add
	}
	l.at, l.totals[id] = id, l.total
}

func (l *ledger) read() (at string, total int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at, l.total
}

func (l *ledger) totalAt(position string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.totals[position]
}

// load is the program's function: right, old, late, wrong, or not at all.
func (l *ledger) load(random *rand.Rand) (Snapshot, error) {
	at, total := l.read()
	switch random.IntN(12) {
	case 0:
		return Snapshot{}, errors.New("503")
	case 1:
		return Snapshot{Data: -1}, nil
	case 2:
		return Snapshot{At: "foreign-3", Data: -1}, nil
	case 3:
		return Snapshot{At: at + "0000", Data: -1}, nil
	case 4, 5:
		time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond) // a state that is old when it comes
	}
	return Snapshot{At: at, Data: total}, nil
}

// reader is a program that shows the total.
type reader struct {
	mu       sync.Mutex
	total    int
	at       string // "" while it knows that events are missing
	liveSeen int
	faults   []string
}

func (p *reader) change(do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do()
}

// look compares the total with that of the ledger, when it is shown as live.
func (p *reader) look(c *Client, l *ledger) {
	before := c.State()
	p.mu.Lock()
	total, at := p.total, p.at
	p.mu.Unlock()
	after := c.State()
	if !before.Live() || !after.Live() || !before.Since.Equal(after.Since) {
		return
	}
	want := l.totalAt(at)
	p.change(func() {
		p.liveSeen++
		if at == "" || total != want {
			p.faults = append(p.faults, fmt.Sprintf("%d is shown as live at %q, the truth is %d", total, at, want))
		}
	})
}

// Whatever happens to the connection, the log and the snapshots: what is shown as live
// is the state at the client's position.
func TestNoWrongTotalIsShownAsLive(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 7))
			l, proxy := newLedger(t)
			p := &reader{}
			var loading sync.Mutex
			faults := rand.New(rand.NewPCG(seed, 8))
			calm := false
			o := quick(Options{
				URL:    "http://" + proxy.Addr(),
				Topics: []string{"wanted"},
				Snapshot: func(context.Context, string) (Snapshot, error) {
					loading.Lock()
					defer loading.Unlock()
					if calm {
						at, total := l.read()
						return Snapshot{At: at, Data: total}, nil
					}
					return l.load(faults)
				},
				OnSnapshot: func(_ *Client, s Snapshot) { p.change(func() { p.total, p.at = s.Data.(int), s.At }) },
				OnEvent: func(c *Client, e Event) {
					p.change(func() {
						if p.at == "" {
							return // after a gap, before the next snapshot
						}
						add, _ := strconv.Atoi(string(e.Data))
						p.total, p.at = p.total+add, e.ID
					})
					p.look(c, l)
				},
				OnGap:   func(*Client, Gap) { p.change(func() { p.at = "" }) },
				OnState: func(c *Client, _ State) { p.look(c, l) },
			})
			c := start(t, o)
			for range 40 {
				switch random.IntN(8) {
				case 0, 1, 2:
					l.publish(t, "wanted", random.IntN(1000))
				case 3:
					for range random.IntN(40) {
						l.publish(t, "wanted", random.IntN(1000))
					}
				case 4:
					l.publish(t, "other", 1)
				case 5:
					proxy.Existing(faultproxy.Reset)
				case 6:
					if random.IntN(4) == 0 {
						proxy.Existing(faultproxy.Reset)
						l.restart(t, random.IntN(1000))
					}
				case 7:
					if random.IntN(3) == 0 {
						_ = c.ReloadSnapshot()
					}
				}
				until := time.Now().Add(time.Duration(random.IntN(60)) * time.Millisecond)
				for time.Now().Before(until) {
					p.look(c, l)
					time.Sleep(time.Millisecond)
				}
			}
			loading.Lock()
			calm = true
			loading.Unlock()
			eventually(t, "the last total", func() bool {
				p.look(c, l)
				p.mu.Lock()
				defer p.mu.Unlock()
				_, total := l.read()
				return c.State().Live() && p.total == total
			})
			c.Close()
			if len(p.faults) > 0 {
				t.Fatalf("%d faults: %s", len(p.faults), p.faults[0])
			}
			if p.liveSeen == 0 {
				t.Error("it was never live")
			}
		})
	}
}
