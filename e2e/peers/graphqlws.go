package main

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/coder/websocket"
)

// graphQL speaks the protocol graphql-transport-ws as far as a client of a feed
// needs it: one subscription a connection, whatever its query says.
type graphQL struct{ hub }

func (g *graphQL) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"graphql-transport-ws"}, InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer c.CloseNow()
	defer g.leave(c)
	for {
		_, data, err := c.Read(r.Context())
		if err != nil {
			return
		}
		var m struct {
			Type string
			ID   json.RawMessage
		}
		if err := json.Unmarshal(data, &m); err != nil {
			c.Close(4400, "invalid message")
			return
		}
		if g.answer(c, m.Type, m.ID) != nil {
			return
		}
	}
}

func (g *graphQL) answer(c *websocket.Conn, kind string, id json.RawMessage) error {
	switch kind {
	case "connection_init":
		return say(c, []byte(`{"type":"connection_ack"}`))
	case "ping":
		return say(c, []byte(`{"type":"pong"}`))
	case "subscribe":
		next := func(event []byte) []byte {
			return fmt.Appendf(nil, `{"id":%s,"type":"next","payload":{"data":{"event":%s}}}`, id, event)
		}
		return g.join(c, next([]byte("null")), next)
	case "complete":
		g.leave(c)
	}
	return nil
}
