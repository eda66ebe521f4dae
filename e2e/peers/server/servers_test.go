//go:build unix

package server

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/centrifugal/centrifuge"

	"github.com/wakesocket/wakesocket/web/feed"
	"github.com/wakesocket/wakesocket/web/store/memory"
)

// server is what is measured.
type server interface {
	// publish appends an event with such data.
	publish(data []byte) error
	// order is how clients connect, at the top, or at the beginning of the log.
	order(resume bool) order
	// count is how many clients the server has.
	count() int
}

// kept is how many events both logs keep.
const kept = 16 << 10

var servers = []struct {
	name string
	make func(testing.TB) server
}{
	{"wakesocket", ours},
	{"centrifuge", theirs},
}

// each runs a benchmark for every server.
func each(b *testing.B, run func(*testing.B, server)) {
	for _, s := range servers {
		b.Run(s.name, func(b *testing.B) { run(b, s.make(b)) })
	}
}

func mount(t testing.TB, h http.Handler) (address string) {
	hs := httptest.NewServer(h)
	t.Cleanup(hs.Close)
	return strings.TrimPrefix(hs.URL, "http://")
}

// event is 200 bytes of JSON, as a dashboard sends them.
func event(n int, text string) []byte {
	data := fmt.Appendf(nil, `{"n":%d,"text":"%s","fill":"`, n, text)
	for len(data) < 198 {
		data = append(data, 'x')
	}
	return append(data, `"}`...)
}

type wakesocket struct {
	feed    *feed.Feed
	address string
	first   string
}

func ours(t testing.TB) server {
	f, err := feed.New(feed.Options{
		Store: memory.New(memory.Options{Events: kept}), Ring: kept, AcceptRate: -1, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &wakesocket{feed: f, address: mount(t, f)}
}

func (w *wakesocket) publish(data []byte) error {
	id, err := w.feed.Publish(context.Background(), "cpu", data)
	if w.first == "" {
		w.first = id
	}
	return err
}

func (w *wakesocket) publishTo(topic string, data []byte) error {
	_, err := w.feed.Publish(context.Background(), topic, data)
	return err
}

func (w *wakesocket) topicOrder() order {
	o := w.order(false)
	o.Path += "&topic=t{n}"
	return o
}

func (w *wakesocket) order(resume bool) order {
	o := order{Address: w.address, Path: "/?wakesocket=1", Expect: `"hello"`}
	if resume {
		o.Path += "&after=" + w.first
	}
	return o
}

func (w *wakesocket) count() int { return w.feed.Connected() }

type peer struct {
	node    *centrifuge.Node
	address string
	epoch   string
}

func theirs(t testing.TB) server {
	node, err := centrifuge.New(centrifuge.Config{ClientQueueMaxSize: 1 << 30, HistoryMetaTTL: time.Hour, LogLevel: centrifuge.LogLevelNone})
	if err != nil {
		t.Fatal(err)
	}
	subscribed := centrifuge.SubscribeOptions{EnableRecovery: true}
	node.OnConnecting(func(_ context.Context, e centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{
			Credentials:   &centrifuge.Credentials{},
			Subscriptions: map[string]centrifuge.SubscribeOptions{cmp.Or(e.Name, "cpu"): subscribed},
		}, nil
	})
	if err := node.Run(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Shutdown(context.Background()) })
	return &peer{node: node, address: mount(t, centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		WriteTimeout:   time.Minute,
		PingPongConfig: centrifuge.PingPongConfig{PongTimeout: -1}, // the swarm answers no pings
	}))}
}

func (p *peer) publish(data []byte) error {
	result, err := p.node.Publish("cpu", data, centrifuge.WithHistory(kept, time.Hour))
	p.epoch = result.Epoch
	return err
}

func (p *peer) publishTo(topic string, data []byte) error {
	_, err := p.node.Publish(topic, data, centrifuge.WithHistory(kept, time.Hour))
	return err
}

// topicOrder has the topic as the name of the client: the server subscribes it.
func (p *peer) topicOrder() order {
	o := p.order(false)
	o.Say = `{"id":1,"connect":{"name":"t{n}"}}`
	return o
}

func (p *peer) order(resume bool) order {
	o := order{Address: p.address, Path: "/", Say: `{"id":1,"connect":{}}`, Expect: `"connect"`}
	if resume {
		o.Say = fmt.Sprintf(`{"id":1,"connect":{"subs":{"cpu":{"recover":true,"offset":1,"epoch":"%s"}}}}`, p.epoch)
	}
	return o
}

func (p *peer) count() int { return p.node.Hub().NumClients() }
