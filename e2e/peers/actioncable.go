package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// actionCableBeat is the time between the pings of Rails.
const actionCableBeat = 3 * time.Second

// actionCable speaks the protocol of Action Cable as far as a client of a feed
// needs it: a welcome, pings, confirmed subscriptions and their messages.
type actionCable struct{ hub }

func (a *actionCable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"actioncable-v1-json"}, InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer c.CloseNow()
	defer a.leave(c)
	if say(c, []byte(`{"type":"welcome"}`)) != nil {
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go actionCablePings(ctx, c)
	for {
		_, data, err := c.Read(ctx)
		if err != nil {
			return
		}
		var m struct{ Command, Identifier string }
		if err := json.Unmarshal(data, &m); err != nil {
			c.Close(websocket.StatusUnsupportedData, "not a command")
			return
		}
		if a.obey(c, m.Command, m.Identifier) != nil {
			return
		}
	}
}

func (a *actionCable) obey(c *websocket.Conn, command, identifier string) error {
	id, err := json.Marshal(identifier)
	if err != nil {
		return err
	}
	switch command {
	case "subscribe":
		confirmation := fmt.Appendf(nil, `{"identifier":%s,"type":"confirm_subscription"}`, id)
		return a.join(c, confirmation, func(event []byte) []byte { return fmt.Appendf(nil, `{"identifier":%s,"message":%s}`, id, event) })
	case "unsubscribe":
		a.leave(c)
	}
	return nil
}

func actionCablePings(ctx context.Context, c *websocket.Conn) {
	tick := time.NewTicker(actionCableBeat)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			if say(c, fmt.Appendf(nil, `{"type":"ping","message":%d}`, now.Unix())) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}
