package main

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// conversation is a client that knows what is due next.
type conversation struct {
	t    *testing.T
	ctx  context.Context
	conn *websocket.Conn
}

func talk(t *testing.T, s server, o *websocket.DialOptions) conversation {
	t.Helper()
	hs := httptest.NewServer(s)
	t.Cleanup(hs.Close)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	conn, _, err := websocket.Dial(ctx, strings.Replace(hs.URL, "http", "ws", 1), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.CloseNow() })
	return conversation{t, ctx, conn}
}

func (c conversation) says(frame string) {
	c.t.Helper()
	if err := c.conn.Write(c.ctx, websocket.MessageText, []byte(frame)); err != nil {
		c.t.Fatal(err)
	}
}

func (c conversation) hears(want string) {
	c.t.Helper()
	_, got, err := c.conn.Read(c.ctx)
	if err != nil {
		c.t.Fatalf("%v; want %s", err, want)
	}
	if !strings.HasPrefix(string(got), want) {
		c.t.Fatalf("%s; want %s", got, want)
	}
}

func TestPhoenix(t *testing.T) {
	s := &phoenix{}
	c := talk(t, s, nil)
	s.publish([]byte(`{"n":0}`)) // for nobody
	c.says(`["1","1","feed","phx_join",{}]`)
	c.hears(`["1","1","feed","phx_reply",{"status":"ok","response":{}}]`)
	s.publish([]byte(`{"n":1}`))
	c.hears(`[null,null,"feed","event",{"n":1}]`)
	c.says(`[null,"2","phoenix","heartbeat",{}]`)
	c.hears(`[null,"2","phoenix","phx_reply",{"status":"ok","response":{}}]`)
	c.says(`["1","3","feed","phx_leave",{}]`)
	c.hears(`["1","3","feed","phx_reply",{"status":"ok","response":{}}]`)
	s.publish([]byte(`{"n":2}`))
	c.says(`[null,"4","phoenix","heartbeat",{}]`)
	c.hears(`[null,"4",`)
	c.says(`nonsense`)
	if _, _, err := c.conn.Read(c.ctx); websocket.CloseStatus(err) != websocket.StatusUnsupportedData {
		t.Errorf("nonsense was answered with %v", err)
	}
}

func TestActionCable(t *testing.T) {
	s := &actionCable{}
	c := talk(t, s, &websocket.DialOptions{Subprotocols: []string{"actioncable-v1-json", "actioncable-unsupported"}})
	if got := c.conn.Subprotocol(); got != "actioncable-v1-json" {
		t.Errorf("the protocol is %q", got)
	}
	c.hears(`{"type":"welcome"}`)
	c.says(`{"command":"subscribe","identifier":"{\"channel\":\"FeedChannel\"}"}`)
	c.hears(`{"identifier":"{\"channel\":\"FeedChannel\"}","type":"confirm_subscription"}`)
	s.publish([]byte(`{"n":1}`))
	c.hears(`{"identifier":"{\"channel\":\"FeedChannel\"}","message":{"n":1}}`)
	before := time.Now()
	c.hears(`{"type":"ping","message":`)
	if waited := time.Since(before); waited > actionCableBeat+time.Second {
		t.Errorf("a ping came after %v", waited)
	}
}
