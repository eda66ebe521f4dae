package main

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/coder/websocket"
)

// phoenix speaks version 2 of the protocol of Phoenix's channels, as far as a
// client of a feed needs it: joins, heartbeats and broadcasts.
type phoenix struct{ hub }

// phoenixMessage is [join_ref, ref, topic, event, payload].
type phoenixMessage [5]json.RawMessage

func (p *phoenix) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer c.CloseNow()
	defer p.leave(c)
	for {
		_, data, err := c.Read(r.Context())
		if err != nil {
			return
		}
		var m phoenixMessage
		if err := json.Unmarshal(data, &m); err != nil {
			c.Close(websocket.StatusUnsupportedData, "not a message of version 2")
			return
		}
		if p.answer(c, m) != nil {
			return
		}
	}
}

func (p *phoenix) answer(c *websocket.Conn, m phoenixMessage) error {
	topic := m[2]
	reply := fmt.Appendf(nil, `[%s,%s,%s,"phx_reply",{"status":"ok","response":{}}]`, m[0], m[1], topic)
	switch string(m[3]) {
	case `"phx_join"`:
		return p.join(c, reply, func(event []byte) []byte { return fmt.Appendf(nil, `[null,null,%s,"event",%s]`, topic, event) })
	case `"phx_leave"`:
		p.leave(c)
	case `"heartbeat"`:
	default:
		return nil // a channel without handlers
	}
	return say(c, reply)
}
