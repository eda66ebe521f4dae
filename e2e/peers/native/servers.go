package main

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/r3labs/sse/v2"

	"github.com/wakesocket/wakesocket/web/feed"
)

// backend is a running server.
type backend struct {
	address string // host:port
	publish func(data []byte) error
	close   func()
}

// web serves a handler at a path.
func web(path string, h http.Handler, publish func([]byte) error, stop func()) (*backend, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(path, h)
	s := &http.Server{Handler: mux}
	go s.Serve(l)
	return &backend{l.Addr().String(), publish, func() { s.Close(); stop() }}, nil
}

func serveFeed() (*backend, error) {
	f, err := feed.New(feed.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	return web("/feed", f, func(data []byte) error {
		_, err := f.Publish(context.Background(), "feed", data)
		return err
	}, func() { f.Close() })
}

func serveNATS() (*backend, error) {
	b, s, err := startNATS(server.Options{})
	if err != nil {
		return nil, err
	}
	nc, err := nats.Connect(s.ClientURL())
	if err != nil {
		return nil, err
	}
	js, err := nc.JetStream()
	if err != nil {
		return nil, err
	}
	if _, err := js.AddStream(&nats.StreamConfig{Name: "FEED", Subjects: []string{"feed"}, Storage: nats.MemoryStorage}); err != nil {
		return nil, err
	}
	b.publish = func(data []byte) error { _, err := js.PublishAsync("feed", data); return err }
	stop := b.close
	b.close = func() { nc.Close(); stop() }
	return b, nil
}

func natsWithPassword() (*backend, error) {
	b, _, err := startNATS(server.Options{Username: "somebody", Password: "else"})
	return b, err
}

func natsWithTLS() (*backend, error) {
	web := httptest.NewTLSServer(nil) // for its certificate
	defer web.Close()
	b, _, err := startNATS(server.Options{TLS: true, TLSConfig: &tls.Config{Certificates: web.TLS.Certificates}})
	return b, err
}

func startNATS(o server.Options) (*backend, *server.Server, error) {
	dir, err := os.MkdirTemp("", "nats")
	if err != nil {
		return nil, nil, err
	}
	o.Host, o.Port, o.NoLog, o.NoSigs, o.JetStream, o.StoreDir = "127.0.0.1", -1, true, true, true, dir
	s, err := server.NewServer(&o)
	if err != nil {
		return nil, nil, err
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		return nil, nil, errors.New("the NATS server does not start")
	}
	return &backend{address: s.Addr().String(), close: func() {
		s.Shutdown()
		os.RemoveAll(dir)
	}}, s, nil
}

func serveCentrifuge() (*backend, error) {
	n, err := centrifuge.New(centrifuge.Config{LogLevel: centrifuge.LogLevelNone})
	if err != nil {
		return nil, err
	}
	n.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{UserID: "me"}}, nil
	})
	n.OnConnect(func(c *centrifuge.Client) {
		c.OnSubscribe(func(_ centrifuge.SubscribeEvent, done centrifuge.SubscribeCallback) {
			done(centrifuge.SubscribeReply{Options: centrifuge.SubscribeOptions{EnableRecovery: true}}, nil)
		})
	})
	if err := n.Run(); err != nil {
		return nil, err
	}
	return web("/connection/websocket", centrifuge.NewWebsocketHandler(n, centrifuge.WebsocketConfig{CheckOrigin: func(*http.Request) bool { return true }}),
		func(data []byte) error {
			_, err := n.Publish("feed", data, centrifuge.WithHistory(10_000, time.Hour))
			return err
		}, func() { _ = n.Shutdown(context.Background()) })
}

func serveSSE() (*backend, error) {
	s := sse.New() // it replays from Last-Event-ID
	s.CreateStream("feed")
	return web("/events", s, func(data []byte) error {
		s.Publish("feed", &sse.Event{Data: data})
		return nil
	}, s.Close)
}
