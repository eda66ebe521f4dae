//go:build unix

package server

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// direct is the least that any server does: it has no log and no order over topics,
// and writes each event at once to the one client of its topic.
type direct struct {
	address string
	mu      sync.Mutex
	clients map[string]*websocket.Conn // by topic
}

func writingDirectly(t testing.TB) topicServer {
	d := &direct{clients: map[string]*websocket.Conn{}}
	d.address = mount(t, d)
	return d
}

func (d *direct) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	topic := r.URL.Query().Get("topic")
	d.mu.Lock()
	d.clients[topic] = conn
	d.mu.Unlock()
	conn.Write(context.Background(), websocket.MessageText, []byte(`"hello"`))
	conn.Read(context.Background())
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.clients, topic)
}

func (d *direct) publishTo(topic string, data []byte) error {
	d.mu.Lock()
	conn := d.clients[topic]
	d.mu.Unlock()
	if conn == nil {
		return nil
	}
	frame, err := json.Marshal(map[string]any{"topic": topic, "data": json.RawMessage(data)})
	if err != nil {
		return err
	}
	return conn.Write(context.Background(), websocket.MessageText, frame)
}

func (d *direct) topicOrder() order {
	return order{Address: d.address, Path: "/?topic=t{n}", Expect: `"hello"`}
}

func (d *direct) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.clients)
}
