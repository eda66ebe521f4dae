package main

import (
	"context"
	"net/http"
	"sync"

	"github.com/coder/websocket"
)

// queueBytes is what waits for one plain watcher at most: some minutes of prices.
const queueBytes = 64 << 20

// plainWatchers are WebSockets as most servers have them: whatever is sent waits for
// a slow one in a queue.
type plainWatchers struct {
	mu     sync.Mutex
	queues map[*queue]struct{}
	closed bool
}

type queue struct {
	mu      sync.Mutex
	texts   [][]byte
	bytes   int
	more    chan struct{} // one element: something waits
	gone    context.Context
	dropped context.CancelFunc
}

func (p *plainWatchers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	defer conn.CloseNow()
	q := &queue{more: make(chan struct{}, 1)}
	q.gone, q.dropped = context.WithCancel(conn.CloseRead(r.Context()))
	defer q.dropped()
	if !p.add(q) {
		return
	}
	defer p.remove(q)
	for {
		select {
		case <-q.gone.Done():
			return
		case <-q.more:
		}
		for text := q.next(); text != nil; text = q.next() {
			if conn.Write(q.gone, websocket.MessageText, text) != nil {
				return
			}
		}
	}
}

func (p *plainWatchers) add(q *queue) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	if p.queues == nil {
		p.queues = map[*queue]struct{}{}
	}
	p.queues[q] = struct{}{}
	return true
}

func (p *plainWatchers) remove(q *queue) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.queues, q)
}

// send queues a text for all of them.
func (p *plainWatchers) send(text []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for q := range p.queues {
		q.put(text)
	}
}

func (p *plainWatchers) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for q := range p.queues {
		q.dropped()
	}
}

// put adds a text; a watcher whose queue is full is dropped.
func (q *queue) put(text []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.bytes += len(text); q.bytes > queueBytes {
		q.dropped()
		return
	}
	q.texts = append(q.texts, text)
	select {
	case q.more <- struct{}{}:
	default:
	}
}

// next takes the oldest text out; nil when nothing waits.
func (q *queue) next() (text []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.texts) == 0 {
		return nil
	}
	text, q.texts = q.texts[0], q.texts[1:]
	q.bytes -= len(text)
	return text
}
