package main

import (
	"testing"

	"github.com/coder/websocket"
)

func TestGraphQL(t *testing.T) {
	s := &graphQL{}
	c := talk(t, s, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if got := c.conn.Subprotocol(); got != "graphql-transport-ws" {
		t.Errorf("the protocol is %q", got)
	}
	c.says(`{"type":"connection_init"}`)
	c.hears(`{"type":"connection_ack"}`)
	c.says(`{"type":"ping"}`)
	c.hears(`{"type":"pong"}`)
	c.says(`{"id":"a","type":"subscribe","payload":{"query":"subscription { event }"}}`)
	c.hears(`{"id":"a","type":"next","payload":{"data":{"event":null}}}`)
	s.publish([]byte(`{"n":1}`))
	c.hears(`{"id":"a","type":"next","payload":{"data":{"event":{"n":1}}}}`)
	c.says(`{"id":"a","type":"complete"}`)
	c.says(`{"type":"ping"}`)
	c.hears(`{"type":"pong"}`)
	s.publish([]byte(`{"n":2}`))
	c.says(`nonsense`)
	if _, _, err := c.conn.Read(c.ctx); websocket.CloseStatus(err) != 4400 {
		t.Errorf("nonsense was answered with %v", err)
	}
}
