package main

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/e2e/badlink"
	"github.com/wakesocket/wakesocket/wasm/wire"
)

// watcher is the page. It comes back when it is sent away.
type watcher struct {
	way
	page    *badlink.Host
	address string
	*result
}

func (w watcher) run(ctx context.Context) {
	for ctx.Err() == nil {
		w.dials++
		w.watch(ctx)
	}
}

func (w watcher) watch(ctx context.Context) {
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		err = w.page.Do(func() (err error) {
			conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
			return err
		})
		return conn, err
	}}
	defer transport.CloseIdleConnections()
	query := w.query
	if w.resume && w.lastID != "" {
		query += "&after=" + url.QueryEscape(w.lastID)
	}
	conn, _, err := websocket.Dial(ctx, "ws://"+w.address+"/?"+query, &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		return
	}
	defer conn.CloseNow()
	conn.SetReadLimit(-1)
	if w.greet != "" {
		conn.Write(ctx, websocket.MessageText, []byte(w.greet))
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var pinged pings
	if w.asks {
		go pinged.run(ctx, conn)
	}
	var parts wire.Parts
	for {
		_, data, err := conn.Read(ctx)
		if err != nil {
			return
		}
		if string(data) == wire.Pong {
			w.result.pings = append(w.result.pings, pinged.answered())
			continue
		}
		if frame, ok := parts.Join(data); ok {
			w.take(frame, conn, ctx)
		}
	}
}

var (
	value = regexp.MustCompile(`price\.\d{4}`)
	when  = regexp.MustCompile(`"t":(\d+)`)
	id    = regexp.MustCompile(`"id":"([a-z0-9]+-\d+)"`)
)

// take notes the values of a frame, whatever surrounds them.
func (w watcher) take(frame []byte, conn *websocket.Conn, ctx context.Context) {
	now := time.Now()
	if w.greet != "" && string(frame) == "{}" { // a ping of centrifuge
		conn.Write(ctx, websocket.MessageText, frame)
		return
	}
	times := when.FindAllSubmatch(frame, -1)
	if len(times) == 0 {
		return
	}
	for _, match := range times {
		t, _ := strconv.ParseInt(string(match[1]), 10, 64)
		w.ages = append(w.ages, now.Sub(time.UnixMicro(t)))
	}
	for _, topic := range value.FindAll(frame, -1) {
		w.seen[string(topic)] = true
	}
	if ids := id.FindAllSubmatch(frame, -1); len(ids) > 0 {
		w.lastID = string(ids[len(ids)-1][1])
	}
}

// pings asks every two seconds.
type pings struct {
	mu   sync.Mutex
	sent []time.Time
}

func (p *pings) run(ctx context.Context, conn *websocket.Conn) {
	ticker := time.NewTicker(2 * time.Second)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		p.mu.Lock()
		p.sent = append(p.sent, time.Now())
		p.mu.Unlock()
		if conn.Write(ctx, websocket.MessageText, []byte(wire.Ping)) != nil {
			return
		}
	}
}

func (p *pings) answered() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	first := p.sent[0]
	p.sent = p.sent[1:]
	return time.Since(first)
}
