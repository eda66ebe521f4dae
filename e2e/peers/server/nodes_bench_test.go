//go:build unix

package server

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
	"github.com/wakesocket/wakesocket/web/store/storetest"
)

// BenchmarkNodes publishes over HTTP to one process, and a client is connected to
// another. Centrifugo's broker over NATS acknowledges nothing and keeps nothing: what
// is lost on the way is lost, and a client that comes back is told nothing of it. Its
// broker over Redis has a history, as our logs have.
func BenchmarkNodes(b *testing.B) {
	for _, peer := range []struct {
		name  string
		start func(*testing.B) nodes
	}{
		{"wakesocket, JetStream", func(b *testing.B) nodes { return feeds(b, startNATS(b)) }},
		{"wakesocket, Redis", func(b *testing.B) nodes { return feeds(b, startRedis(b)) }},
		{"centrifugo, NATS broker (at most once, no replay)", func(b *testing.B) nodes {
			return centrifugos(b, map[string]any{"type": "nats", "nats": map[string]any{"url": startNATS(b)}})
		}},
		{"centrifugo, Redis broker with history", func(b *testing.B) nodes {
			return centrifugos(b, map[string]any{"type": "redis", "redis": map[string]any{"address": []string{startRedis(b)}}})
		}},
	} {
		b.Run(peer.name, func(b *testing.B) {
			n := peer.start(b)
			w := n.watch(b)
			for _, publishers := range []int{1, 32, 512} {
				b.Run(fmt.Sprint("publish/", publishers), func(b *testing.B) { n.benchmarkPublish(b, w, publishers) })
			}
			b.Run("follow", func(b *testing.B) { n.benchmarkFollow(b, w) })
			if !n.forgets {
				b.Run("resume", n.benchmarkResume)
			}
		})
	}
}

func startRedis(b *testing.B) (url string) {
	b.Helper()
	s, err := storetest.StartRedis()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Stop() })
	return s.URL
}

// hundred is an event with 100 bytes of data.
func hundred(text string) []byte {
	data := fmt.Appendf(nil, `{"text":"%s","fill":"`, text)
	for len(data) < 98 {
		data = append(data, 'x')
	}
	return append(data, `"}`...)
}

var poster = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 512}}

// post publishes one event and returns its position.
func (n nodes) post(data []byte) (string, error) {
	r, err := http.NewRequest(http.MethodPost, n.publishTo, bytes.NewReader(n.wrap(data)))
	if err != nil {
		return "", err
	}
	r.Header.Set(n.header[0], n.header[1])
	answer, err := poster.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("publishing: %s: %s", answer.Status, text)
	}
	if err != nil {
		return "", err
	}
	return n.position(text)
}

// benchmarkPublish measures how many events a second reach the client, and how many of
// those that were published do.
func (n nodes) benchmarkPublish(b *testing.B, w *watcher, publishers int) {
	before, began := w.count(), time.Now()
	var (
		left atomic.Int64
		wg   sync.WaitGroup
		data = hundred("")
	)
	left.Store(int64(b.N))
	for range publishers {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := n.post(data); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	got, last := w.await(before + b.N)
	b.ReportMetric(float64(got-before)/last.Sub(began).Seconds(), "events/s")
	b.ReportMetric(100*float64(got-before)/float64(b.N), "%arrived")
	b.ReportMetric(0, "ns/op")
}

// benchmarkFollow measures the time from the request to publish until the client has
// the event, one event at a time.
func (n nodes) benchmarkFollow(b *testing.B, w *watcher) {
	const round = 500
	data := hundred("")
	var lags []time.Duration
	for b.Loop() {
		for range round {
			want, began := w.count()+1, time.Now()
			if _, err := n.post(data); err != nil {
				b.Fatal(err)
			}
			got, at := w.await(want)
			if got < want {
				b.Fatal("an event did not arrive")
			}
			lags = append(lags, at.Sub(began))
		}
	}
	slices.Sort(lags)
	b.ReportMetric(ms(lags[len(lags)/2]), "p50-ms")
	b.ReportMetric(ms(lags[len(lags)*99/100]), "p99-ms")
	b.ReportMetric(0, "ns/op")
}

// benchmarkResume is 1,000 clients that come back at once, each having missed 1,000
// events; the handshakes are in it.
func (n nodes) benchmarkResume(b *testing.B) {
	const clients, missed = 1000, 1000
	after, err := n.post(hundred(""))
	for i := range missed {
		if err == nil && i < missed-1 {
			_, err = n.post(hundred(""))
		}
	}
	if err == nil {
		_, err = n.post(hundred(marker + " " + marker))
	}
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		o := n.order(after)
		o.Clients = clients
		swarm := o.start(b)
		swarm.await("connected")
		swarm.await("done")
		b.StopTimer()
		swarm.leave()
		b.StartTimer()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s")
	b.ReportMetric(0, "ns/op")
}

// watcher is a client that counts events.
type watcher struct {
	mu    sync.Mutex
	got   int
	last  time.Time
	grown chan struct{} // has one entry when more came than await has seen
}

func (n nodes) watch(b *testing.B) *watcher {
	b.Helper()
	o := n.order("")
	ctx, cancel := context.WithCancel(context.Background())
	b.Cleanup(cancel)
	conn, _, err := websocket.Dial(ctx, "ws://"+o.Address+o.Path, nil)
	if err == nil && o.Say != "" {
		err = conn.Write(ctx, websocket.MessageText, []byte(o.Say))
	}
	if err != nil {
		b.Fatal(err)
	}
	conn.SetReadLimit(-1)
	for in := false; !in; {
		_, data, err := conn.Read(ctx)
		if err != nil {
			b.Fatal(err)
		}
		in = bytes.Contains(data, []byte(o.Expect))
	}
	w := &watcher{grown: make(chan struct{}, 1)}
	go func() {
		var parts wire.Parts
		for {
			_, data, err := conn.Read(ctx)
			if err != nil {
				return
			}
			if frame, ok := parts.Join(data); ok {
				w.add(bytes.Count(frame, []byte(`"fill"`)))
			}
		}
	}()
	return w
}

func (w *watcher) add(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got, w.last = w.got+n, time.Now()
	select {
	case w.grown <- struct{}{}:
	default:
	}
}

func (w *watcher) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.got
}

// await waits for so many events in all, or until none has come for two seconds, and
// returns when the last came.
func (w *watcher) await(n int) (got int, last time.Time) {
	for {
		w.mu.Lock()
		got, last = w.got, w.last
		w.mu.Unlock()
		if got >= n {
			return got, last
		}
		select {
		case <-w.grown:
		case <-time.After(2 * time.Second):
			return got, last
		}
	}
}
