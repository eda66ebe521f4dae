package nats_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store/nats"
)

// BenchmarkShareProcesses is what each of three feeds in processes of their own pays for
// each event of the log, and the server for all three, while events are published. The
// client of each wants 100 topics of many, other ones than those of the others.
func BenchmarkShareProcesses(b *testing.B) {
	const events, feeds, wanted = 60_000, 3, 100
	data := []byte(`{"fill":"` + strings.Repeat("x", 189) + `"}`)
	topic := func(i int) string { return fmt.Sprintf("t.%d", i) }
	for _, topics := range []int{1_000, 10_000, 100_000} {
		for _, shares := range []bool{false, true} {
			b.Run(fmt.Sprintf("%d topics, shares %v", topics, shares), func(b *testing.B) {
				options := nats.Options{Stream: backend.NewName(), Events: 10_000_000, EventsPerTopic: 10_000_000, FollowTopics: shares}
				writer, err := nats.Open(backend.URL(), options)
				if err != nil {
					b.Fatal(err)
				}
				defer writer.Close()
				put := func(topic string) {
					if _, err := writer.Publish(context.Background(), topic, data); err != nil {
						b.Error(err)
					}
				}
				put("first")
				var processes []*feedProcess
				var clients []*websocket.Conn
				for i := range feeds {
					p := startFeed(b, feedPlace{backend.URL(), options, 10_000})
					query := url.Values{wire.QueryVersion: {wire.Version}}
					for k := range wanted {
						query.Add(wire.QueryTopic, topic(i*wanted+k))
					}
					conn, _, err := websocket.Dial(b.Context(), p.url+"/?"+query.Encode(), nil)
					if err != nil {
						b.Fatal(err)
					}
					conn.SetReadLimit(-1)
					processes, clients = append(processes, p), append(clients, conn)
				}
				var bytes uint64
				var cpu, server float64
				for range b.N {
					before := make([]feedCost, feeds)
					for i, p := range processes {
						before[i] = p.cost(b)
					}
					serverBefore := backend.Shared().CPU()
					var publishers sync.WaitGroup
					for p := range 100 {
						publishers.Go(func() {
							for i := p; i < events; i += 100 {
								put(topic(i % topics))
							}
						})
					}
					publishers.Wait()
					for i, client := range clients {
						last, err := writer.Publish(b.Context(), topic(i*wanted), data)
						if err != nil {
							b.Fatal(err)
						}
						for found := false; !found; {
							_, frame, err := client.Read(b.Context())
							if err != nil {
								b.Fatal(err)
							}
							found = strings.Contains(string(frame), `"`+last.String()+`"`)
						}
					}
					server += (backend.Shared().CPU() - serverBefore).Seconds()
					for i, p := range processes {
						after := p.cost(b)
						bytes += after.Bytes - before[i].Bytes
						cpu += (after.CPU - before[i].CPU).Seconds()
					}
				}
				each := float64(b.N * events)
				b.ReportMetric(float64(bytes)/each/feeds, "B-in/event")
				b.ReportMetric(cpu*1e6/each/feeds, "cpu-µs/event")
				b.ReportMetric(server*1e6/each, "server-µs/event")
				for i, client := range clients {
					client.CloseNow()
					processes[i].kill()
				}
			})
		}
	}
}
