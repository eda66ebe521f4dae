package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/centrifugal/centrifuge"

	"github.com/wakesocket/wakesocket/web/feed"
)

// way is one way to watch many values.
type way struct {
	name   string
	query  string              // of the address
	open   func() (hub, error) // the server
	greet  string              // first message of the page
	resume bool                // the address says after which event
	asks   bool                // the page asks, and the server answers
}

// hub is a server with many topics.
type hub struct {
	http.Handler
	publish func(topic string, data []byte) error
	close   func()
}

var ways = []way{
	{name: "feed, newest every 500 ms", query: "wakesocket=1&topic=price.*&latest=500,price.*", open: openFeed, asks: true},
	{name: "feed, every event", query: "wakesocket=1&topic=price.*", open: openFeed, resume: true, asks: true},
	{name: "centrifuge", open: openCentrifuge, greet: `{"id":1,"connect":{}}`},
}

func openFeed() (hub, error) {
	f, err := feed.New(feed.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return hub{}, err
	}
	publish := func(topic string, data []byte) error {
		_, err := f.Publish(context.Background(), topic, data)
		return err
	}
	return hub{f, publish, func() { f.Close() }}, nil
}

func openCentrifuge() (hub, error) {
	node, err := centrifuge.New(centrifuge.Config{ClientChannelLimit: topics, LogLevel: centrifuge.LogLevelNone})
	if err != nil {
		return hub{}, err
	}
	subscriptions := map[string]centrifuge.SubscribeOptions{}
	for n := range topics {
		subscriptions[topicName(n)] = centrifuge.SubscribeOptions{}
	}
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{}, Subscriptions: subscriptions}, nil
	})
	if err := node.Run(); err != nil {
		return hub{}, err
	}
	publish := func(topic string, data []byte) error {
		_, err := node.Publish(topic, data)
		return err
	}
	return hub{centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{}), publish, func() { node.Shutdown(context.Background()) }}, nil
}

func topicName(n int) string { return fmt.Sprintf("price.%04d", n) }
