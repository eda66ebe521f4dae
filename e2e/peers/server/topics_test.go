//go:build unix

package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// topicServer is a server whose clients each want one topic.
type topicServer interface {
	publishTo(topic string, data []byte) error
	// topicOrder is how client {n} connects for topic t{n}.
	topicOrder() order
	count() int
}

// scan is the baseline: a server that offers every event to every client, as this
// feed did before it had an index by topic.
type scan struct {
	address string
	mu      sync.Mutex
	clients map[*scanned]struct{}
	events  chan scanEvent
}

type scanEvent struct {
	topic string
	frame []byte
}

type scanned struct {
	mu     sync.Mutex
	conn   *websocket.Conn
	topics map[string]struct{}
}

func scanning(t testing.TB) topicServer {
	s := &scan{clients: map[*scanned]struct{}{}, events: make(chan scanEvent, 256)}
	s.address = mount(t, s)
	done := make(chan struct{})
	go func() {
		defer close(done)
		var all []*scanned
		for e := range s.events {
			s.mu.Lock()
			if len(all) != len(s.clients) {
				all = all[:0]
				for c := range s.clients {
					all = append(all, c)
				}
			}
			s.mu.Unlock()
			for _, c := range all {
				c.offer(e)
			}
		}
	}()
	t.Cleanup(func() {
		close(s.events)
		<-done
	})
	return s
}

func (c *scanned) offer(e scanEvent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.topics[e.topic]; ok {
		c.conn.Write(context.Background(), websocket.MessageText, e.frame)
	}
}

func (s *scan) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	c := &scanned{conn: conn, topics: map[string]struct{}{r.URL.Query().Get("topic"): {}}}
	s.mu.Lock()
	s.clients[c] = struct{}{}
	s.mu.Unlock()
	conn.Write(context.Background(), websocket.MessageText, []byte(`"hello"`))
	conn.Read(context.Background())
	s.mu.Lock()
	delete(s.clients, c)
	s.mu.Unlock()
}

func (s *scan) publishTo(topic string, data []byte) error {
	frame, err := json.Marshal(map[string]any{"topic": topic, "data": json.RawMessage(data)})
	s.events <- scanEvent{topic, frame}
	return err
}

func (s *scan) topicOrder() order {
	return order{Address: s.address, Path: "/?topic=t{n}", Expect: `"hello"`}
}

func (s *scan) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.clients)
}

// BenchmarkTopics has 2,000 clients that want one topic each, of very many, and
// 1,000 events a second. It measures what an event costs the server. At this pace
// much of that is to wake up and to write to a socket, which the direct server
// shows alone: what a server takes above it is the price of finding the clients,
// of the order and of the log.
func BenchmarkTopics(b *testing.B) {
	const clients, rate, seconds, burst = 2000, 1000, 5, 20
	for _, topics := range []int{10_000, 100_000} {
		for _, s := range []struct {
			name string
			make func(testing.TB) topicServer
		}{
			{"wakesocket", func(t testing.TB) topicServer { return ours(t).(topicServer) }},
			{"scan", scanning},
			{"direct", writingDirectly},
			{"centrifuge", func(t testing.TB) topicServer { return theirs(t).(topicServer) }},
		} {
			b.Run(fmt.Sprintf("%d/%s", topics, s.name), func(b *testing.B) {
				server := s.make(b)
				for b.Loop() {
					o := server.topicOrder()
					o.Clients, o.Spread = clients, topics/clients
					swarm := o.start(b)
					swarm.await("connected")
					cpu, begin := processor(), time.Now()
					for n := range rate * seconds {
						if n%burst == 0 { // a timer for each event would cost more than the event
							time.Sleep(time.Until(begin.Add(time.Duration(n) * time.Second / rate)))
						}
						publishTo(b, server, n*7919%topics, event(n, ""))
					}
					used := processor() - cpu
					b.ReportMetric(float64(used.Microseconds())/(rate*seconds), "cpu-µs/event")
					b.ReportMetric(100*used.Seconds()/time.Since(begin).Seconds(), "%cpu")
					for n := range clients {
						publishTo(b, server, n*o.Spread, event(n, marker+" "+marker))
					}
					swarm.await("done")
					swarm.leave()
					gone(server)
				}
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

func publishTo(b *testing.B, s topicServer, topic int, data []byte) {
	if err := s.publishTo(fmt.Sprintf("t%d", topic), data); err != nil {
		b.Fatal(err)
	}
}
