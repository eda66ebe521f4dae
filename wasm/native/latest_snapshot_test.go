package native

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/web/feed"
)

// prices is a server whose state is the newest event of each topic, and how many there
// were.
type prices struct {
	mu    sync.Mutex
	at    string
	topic [8]price
}

type price struct{ count, newest int }

func (p *prices) publish(t *testing.T, f *feed.Feed, number, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = byTopic(t, f, fmt.Sprint("p.", number), strconv.Itoa(n))
	p.topic[number] = price{p.topic[number].count + 1, n}
}

func (p *prices) state() (at string, topics [8]price) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at, p.topic
}

// A snapshot, and the newest events after it that the server chooses: none is older
// than the snapshot, and what was shown and passed over is exactly what came after it.
func TestNewestEventsAfterASnapshot(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 16))
			f, proxy := serve(t, feed.Options{})
			p := &prices{}
			p.publish(t, f, 0, 0)
			var shown [8]price // count: shown and passed over, or in the snapshot
			var chosen, passed, snapshots int
			r := newRecorder()
			o := quick(r.options("http://" + proxy.Addr()))
			o.Topics, o.Latest = []string{"cpu"}, map[string]time.Duration{"p.*": 20 * time.Millisecond}
			o.MinReconnectDelay, o.FirstRetryWindow = 50*time.Millisecond, 50*time.Millisecond
			o.Snapshot = func(context.Context, string) (Snapshot, error) {
				at, topics := p.state()
				return Snapshot{At: at, Data: topics}, nil
			}
			o.OnSnapshot = func(_ *Client, s Snapshot) {
				r.note(func() { shown, snapshots = s.Data.([8]price), snapshots+1 })
			}
			o.OnEvent = func(_ *Client, e Event) {
				r.note(func() {
					n, _ := strconv.Atoi(string(e.Data))
					number, _ := strconv.Atoi(strings.TrimPrefix(e.Topic, "p."))
					if n <= shown[number].newest {
						t.Errorf("%d of %s comes after %d", n, e.Topic, shown[number].newest)
					}
					shown[number] = price{shown[number].count + 1 + e.Skipped, n}
					chosen, passed = chosen+1, passed+e.Skipped
				})
			}
			c := start(t, o)
			for n := 1; n <= 1000; n++ {
				if n%500 == 1 {
					eventually(t, "a live state", func() bool { return c.State().Live() })
				}
				switch random.IntN(80) {
				case 0:
					proxy.Existing(faultproxy.Reset)
				case 1, 2, 3:
					time.Sleep(time.Duration(random.IntN(40)) * time.Millisecond)
				case 4:
					if random.IntN(4) == 0 {
						_ = c.ReloadSnapshot()
					}
				}
				p.publish(t, f, random.IntN(8), n)
			}
			last, want := p.state()
			r.until(t, "the state of the server", func() bool { return shown == want && c.State().Live() })
			eventually(t, "the position", func() bool { return c.Since() == last })
			if chosen == 0 || passed == 0 || snapshots == 0 {
				t.Errorf("too quiet: %d events, %d passed over, %d snapshots", chosen, passed, snapshots)
			}
			if len(r.gaps) > 0 || len(r.events) > 0 {
				t.Errorf("gaps %v, errors %v", r.gaps, r.errors)
			}
		})
	}
}
