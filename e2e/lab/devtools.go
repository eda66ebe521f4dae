package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/coder/websocket"
)

// devtools is a connection of our own to the browser's DevTools. Chromedp drives
// the page; this connection also sees iframes and workers, each as a session.
type devtools struct {
	conn   *websocket.Conn
	ctx    context.Context
	cancel context.CancelFunc
	handle func(session, method string, params json.RawMessage)

	mu      sync.Mutex
	next    int
	pending map[int]chan message
}

// message is a command, a reply or an event.
type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// connectDevtools connects to the browser with this profile directory. Handle is
// called for each event, in order; it may call send, but not call.
func connectDevtools(ctx context.Context, profile string, handle func(session, method string, params json.RawMessage)) (*devtools, error) {
	data, err := os.ReadFile(filepath.Join(profile, "DevToolsActivePort"))
	if err != nil {
		return nil, fmt.Errorf("the browser did not say where its DevTools are: %w", err)
	}
	port, path, ok := strings.Cut(strings.TrimSpace(string(data)), "\n")
	if !ok {
		return nil, fmt.Errorf("the browser's file DevToolsActivePort holds %q; want a port and a path", data)
	}
	conn, _, err := websocket.Dial(ctx, "ws://127.0.0.1:"+port+path, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot connect to the browser's DevTools: %w", err)
	}
	conn.SetReadLimit(-1)
	d := &devtools{conn: conn, handle: handle, pending: map[int]chan message{}}
	d.ctx, d.cancel = context.WithCancel(ctx)
	go d.read()
	return d, nil
}

func (d *devtools) close() {
	d.cancel()
	d.conn.CloseNow()
}

func (d *devtools) read() {
	defer d.cancel()
	for {
		_, data, err := d.conn.Read(d.ctx)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(data, &m) != nil {
			continue
		}
		if m.ID == 0 {
			d.handle(m.Session, m.Method, m.Params)
			continue
		}
		d.mu.Lock()
		reply := d.pending[m.ID]
		delete(d.pending, m.ID)
		d.mu.Unlock()
		if reply != nil {
			reply <- m
		}
	}
}

// send sends a command and does not wait for its reply.
func (d *devtools) send(session, method string, params any) {
	_, _ = d.write(session, method, params, nil)
}

// call sends a command and waits for its reply.
func (d *devtools) call(session, method string, params any) error {
	reply := make(chan message, 1)
	if _, err := d.write(session, method, params, reply); err != nil {
		return err
	}
	select {
	case m := <-reply:
		if m.Error != nil {
			return fmt.Errorf("%s: %s", method, m.Error.Message)
		}
		return nil
	case <-d.ctx.Done():
		return errors.New("the browser closed its DevTools connection")
	}
}

func (d *devtools) write(session, method string, params any, reply chan message) (id int, err error) {
	encoded, err := json.Marshal(params)
	if err != nil {
		return 0, err
	}
	d.mu.Lock()
	d.next++
	id = d.next
	if reply != nil {
		d.pending[id] = reply
	}
	d.mu.Unlock()
	data, err := json.Marshal(message{ID: id, Session: session, Method: method, Params: encoded})
	if err != nil {
		return 0, err
	}
	return id, d.conn.Write(d.ctx, websocket.MessageText, data)
}
