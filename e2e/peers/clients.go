package main

import (
	_ "embed"
	"encoding/json"
)

// client is one that is measured, constructed by its page as its own README says,
// with the options that it has by default.
type client struct {
	name   string // of its package, if it has one
	script string // in pages/
	path   string // where it connects
	serve  func() (server, error)
}

// ours is the name of our client.
const ours = "wakesocket"

// plain is the WebSocket of the browser with a callback: what the speeds of others
// are compared with. It never comes back, so it has no place among the wakes.
var plain = client{"new WebSocket", "plain.js", "/feed", plainFeed}

var clients = []client{
	{ours, "wakesocket.js", "/feed", ourFeed},
	{"@rails/actioncable", "actioncable.js", "/cable", func() (server, error) { return &actionCable{}, nil }},
	{"the article's 100 lines", "article.js", "/feed", plainFeed},
	{"centrifuge", "centrifuge.js", "/connection/websocket", centrifugeNode},
	{"graphql-ws", "graphql-ws.js", "/graphql", func() (server, error) { return &graphQL{}, nil }},
	{"partysocket", "partysocket.js", "/feed", plainFeed},
	{"phoenix", "phoenix.js", "/socket/websocket", func() (server, error) { return &phoenix{}, nil }},
	{"reconnecting-websocket", "reconnecting-websocket.js", "/feed", plainFeed},
	{"socket.io-client", "socketio.js", "/socket.io/", socketIONode},
}

// requests are clients without a WebSocket, or not at first. The benchmark, which
// counts the dials of WebSockets, leaves them out.
var requests = []client{
	{"EventSource", "eventsource.js", "/events", func() (server, error) { return &events{changed: make(chan struct{})}, nil }},
	{"socket.io-client, by default", "socketio-polling.js", "/socket.io/", socketIONode},
	{"socket.io-client, polling only", "socketio-only-polling.js", "/socket.io/", socketIONode},
}

//go:embed package.json
var packageJSON []byte

// versions are those that package.json pins.
func versions() (map[string]string, error) {
	var p struct{ Dependencies map[string]string }
	err := json.Unmarshal(packageJSON, &p)
	return p.Dependencies, err
}
