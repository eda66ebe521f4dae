//go:build ignore

package main

import (
	"encoding/json"
	"time"

	"github.com/recws-org/recws"
)

func init() {
	// It knows no position, so that our feed serves it as any plain WebSocket.
	clients = append(clients, client{"recws", "ws", "/feed", followRecws, serveFeed, nil, nil})
}

// followRecws is the loop of its example.
func followRecws(url string, p *program) error {
	c := recws.RecConn{KeepAliveTimeout: 10 * time.Second, NonVerbose: true}
	c.Dial(url, nil)
	var last string
	for {
		if !c.IsConnected() {
			if text := "not connected: " + errorText(c.GetDialError()); text != last {
				last = text
				p.tell("%s", text)
			}
			time.Sleep(10 * time.Millisecond) // the example spins
			continue
		}
		_, data, err := c.ReadMessage()
		if err != nil {
			p.tell("error: %v", err)
			continue
		}
		last = ""
		var e struct{ Data json.RawMessage }
		if json.Unmarshal(data, &e) == nil {
			p.event(e.Data)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return "no error"
	}
	return err.Error()
}
