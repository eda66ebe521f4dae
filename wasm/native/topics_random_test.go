package native

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wakesocket/wakesocket/e2e/faultproxy"
	"github.com/wakesocket/wakesocket/web/feed"
)

// follower is what a test knows of one topic that a client follows at times.
type follower struct {
	since   int   // number of the event after which it is followed; -1 while it is not
	due     []int // events that the client must get: those after an addition, up to where the client was when it removed the topic
	refused []int // events that it must not get: those after a removal
}

// Topics that come and go, through cuts: from the position of each answer on, every
// event of an added topic comes once and in order, and none of a removed one.
func TestTopicsThroughCuts(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 9))
			f, proxy := serve(t, feed.Options{})
			numbers := map[string]int{} // by id
			begin, err := f.Position(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			numbers[begin] = 0
			var topics []string // of event n, at n-1
			names := []string{"a", "b", "c.x", "c.y"}
			all := map[string]*follower{}
			for _, name := range names {
				all[name] = &follower{since: -1}
			}
			publish := func() {
				name := names[random.IntN(len(names))]
				id := byTopic(t, f, name, "1")
				topics = append(topics, name)
				numbers[id] = len(topics)
			}
			var mu sync.Mutex
			got := map[string][]string{} // ids by topic
			o := quick(Options{URL: "http://" + proxy.Addr(), Topics: []string{"always"}, OnEvent: func(_ *Client, e Event) {
				mu.Lock()
				defer mu.Unlock()
				got[e.Topic] = append(got[e.Topic], e.ID)
			}, OnGap: func(_ *Client, g Gap) { t.Errorf("gap %+v", g) }})
			o.MinReconnectDelay, o.FirstRetryWindow = 50*time.Millisecond, 50*time.Millisecond
			c := start(t, o)
			remove := func(name string) {
				p, had := all[name], numbers[c.Cursor()]
				at, err := c.RemoveTopics(patient(t), name)
				if err != nil {
					t.Fatal(err)
				}
				last := numbers[at]
				for n := p.since + 1; n <= had; n++ {
					if topics[n-1] == name {
						p.due = append(p.due, n)
					}
				}
				p.since = -1
				publish()
				for n := last + 1; n <= len(topics); n++ {
					if topics[n-1] == name {
						p.refused = append(p.refused, n)
					}
				}
			}
			for range 60 {
				name := names[random.IntN(len(names))]
				switch p := all[name]; random.IntN(6) {
				case 0, 1:
					if p.since < 0 {
						at, err := c.AddTopics(patient(t), []string{name}, AddOptions{})
						if err != nil {
							t.Fatal(err)
						}
						p.since, p.refused = numbers[at], nil // a lost connection brings what came before, too
					}
				case 2:
					if p.since >= 0 {
						remove(name)
					}
				case 3:
					proxy.Existing(faultproxy.Reset)
				default:
					for range random.IntN(5) {
						publish()
					}
				}
			}
			// The last event of a topic that is always followed comes after all others.
			awaitAll := func() {
				id := byTopic(t, f, "always", "1")
				topics = append(topics, "always")
				numbers[id] = len(topics)
				eventually(t, "the last event", func() bool { return c.Cursor() == id })
			}
			awaitAll()
			for _, name := range names {
				if all[name].since >= 0 {
					remove(name)
				}
			}
			awaitAll()
			mu.Lock()
			defer mu.Unlock()
			dues := 0
			for name, p := range all {
				var came []int
				for _, id := range got[name] {
					came = append(came, numbers[id])
				}
				if !slices.IsSorted(came) || len(slices.Compact(slices.Clone(came))) != len(came) {
					t.Errorf("%s: events %v", name, came)
				}
				for _, n := range p.due {
					if dues++; !slices.Contains(came, n) {
						t.Errorf("%s: event %d did not come; came %v, due %v", name, n, came, p.due)
					}
				}
				for _, n := range p.refused {
					if slices.Contains(came, n) {
						t.Errorf("%s: event %d came after the removal", name, n)
					}
				}
			}
			if dues == 0 {
				t.Errorf("no event of %s was due", strings.Join(names, ", "))
			}
		})
	}
}
