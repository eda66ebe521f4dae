package feed

import (
	"fmt"
	"testing"

	"github.com/wakesocket/wakesocket/web/store"
)

// BenchmarkFanout is what an event costs beside the writing: to encode it, to put
// it into the ring and to find the clients that want it. Of 2,000 clients with one
// topic each, a fifth of an event's topics has one. The scan asks every client.
func BenchmarkFanout(b *testing.B) {
	for _, topics := range []int{10_000, 100_000} {
		for _, way := range []string{"index", "scan"} {
			b.Run(fmt.Sprintf("%d topics/%s", topics, way), func(b *testing.B) {
				f := &Feed{ring: newRing(4096, 64<<20), wanting: newSubscribers()}
				f.ring.reset(id(0))
				var clients []*client
				for n := range 2000 {
					c := &client{feed: f, access: &access{}, writing: true}
					c.filter = newFilter([]string{fmt.Sprintf("t%d", n*topics/2000)}, c.access)
					f.wanting.add(c, c.filter.names)
					clients = append(clients, c)
				}
				data := []byte(`{"load":0.7,"text":"as a dashboard sends it"}`)
				n := 0
				for b.Loop() {
					n++
					entries := encodeAll([]store.Event{{ID: id(n), Topic: fmt.Sprintf("t%d", n*7919%topics), Data: data}})
					from, before := f.ring.append(entries)
					if way == "index" {
						f.wanting.offer(from, before, entries)
						continue
					}
					for _, c := range clients {
						c.mu.Lock()
						if c.filter.has(entries[0].topic) {
							c.at = from
						}
						c.mu.Unlock()
					}
				}
			})
		}
	}
}
