package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// server speaks the protocol in full mode. It keeps all rules but the one that it
// is told to break.
type server struct {
	fault string
	keeps int
	size  int // bytes of the data of an event

	mu      sync.Mutex
	epoch   string
	count   int
	events  []event // the newest ones
	clients map[*peer]bool
}

// peer is a client as the server sees it. What it is sent is queued, and it is
// closed when too much is.
type peer struct {
	conn  *websocket.Conn
	full  bool
	queue chan string
	gone  chan struct{} // closed when it can no longer be written to
	want  []string      // topics
}

const period = 20 * time.Millisecond // between events

func serve(t *testing.T, s *server) string {
	t.Helper()
	s.restart()
	stop := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(period)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				s.publish()
			}
		}
	})
	hs := httptest.NewServer(s)
	t.Cleanup(func() {
		close(stop)
		s.restart()
		hs.Close()
		running.Wait()
	})
	return hs.URL
}

// restart loses the log, and begins a new epoch.
func (s *server) restart() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.clients {
		p.conn.CloseNow()
	}
	s.clients = map[*peer]bool{}
	if s.fault != "restart" || s.epoch == "" {
		s.epoch = strconv.FormatInt(time.Now().UnixNano(), 36)
	}
	if s.fault == "unique" {
		s.epoch = "e"
	}
	s.events = nil
	if s.fault != "restart" {
		s.count = 0
	} else {
		s.count += 3 // what was published meanwhile is lost
	}
	return nil
}

func (s *server) id(n int) string { return s.epoch + "-" + strconv.Itoa(n) }

func (s *server) publish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	e := event{id: s.id(s.count), topic: []string{"cpu", "disk"}[s.count%2]}
	id := strconv.Quote(e.id)
	switch {
	case s.fault == "id":
		id = "9007199254740993" + strconv.Itoa(s.count)
	case s.fault == "unique" && s.count%30 == 0:
		id = strconv.Quote(s.id(s.count - 5))
	}
	e.raw = fmt.Appendf(nil, `{"id":%s,"topic":%q,"data":{"n":%d,"at":%d,"x":%q}}`, id, e.topic, s.count, time.Now().UnixNano(), strings.Repeat("é", s.size/2))
	if s.fault == "event" && s.count%5 == 0 {
		e.raw = []byte(strconv.Itoa(s.count))
	}
	if s.events = append(s.events, e); len(s.events) > s.keeps {
		s.events = s.events[1:]
	}
	n := 0
	for p := range s.clients {
		if s.fault == "open" && s.count%100 == 0 {
			go p.conn.Close(wire.CloseNormal, "")
		}
		if n++; s.fault == "order" && n%2 == 0 && s.count%3 == 0 {
			continue
		}
		p.event(s, e)
	}
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("token") == "expired" && s.fault == "refusal" {
		http.Error(w, "unauthorized", http.StatusUnauthorized)
		return
	}
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	if q.Get("token") == "expired" {
		conn.Close(wire.CloseUnauthorized, "token expired")
		return
	}
	p := &peer{conn: conn, full: q.Get(wire.QueryVersion) == wire.Version, queue: make(chan string, s.queue()), gone: make(chan struct{}), want: q[wire.QueryTopic]}
	go p.write(s)
	s.begin(p, q.Get(wire.QueryAfter))
	defer func() {
		conn.CloseNow()
		<-p.gone
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.clients, p)
	}()
	p.read(s)
}

func (s *server) queue() int {
	if s.fault == "slow" {
		return 1
	}
	return 1000
}

// begin sends the hello and the replay, and makes the peer a client.
func (s *server) begin(p *peer, after string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients[p] = true
	hello := wire.Hello{Kind: wire.KindHello, Position: s.id(s.count), Live: true, Limits: &wire.Limits{Message: 4096}}
	from := len(s.events)
	first := s.count - len(s.events)
	if after != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(after, s.epoch+"-"))
		switch {
		case err == nil && n >= first && n <= s.count && after == s.id(n):
			from = n - first
			hello.Resumed = s.fault != "hello"
			if s.fault == "replay-last" && n >= s.count-1 {
				from--
			}
			if s.fault == "replay-middle" && n < s.count-3 && n > first+3 {
				from++
			}
			if s.fault == "replay-first" && n < s.count-8 {
				from = max(from, len(s.events)-8)
			}
		default:
			from = 0
			hello.Gap = &wire.Gap{After: after, Reason: wire.GapEpoch}
			if err == nil && after == s.id(n) {
				hello.Gap.Reason = wire.GapTrimmed
				if s.fault == "trimmed" || s.fault == "restart" {
					hello.Gap, hello.Resumed = nil, true
				}
			}
			if hello.Gap != nil && len(s.events) > 0 {
				hello.Gap.Earliest = s.events[0].id
			}
			if s.fault == "gap" {
				hello.Gap, from = nil, len(s.events)
			}
		}
	}
	from = max(0, from)
	if s.fault == "position" {
		hello.Position = "top"
	} else {
		hello.Position = s.id(first + from)
	}
	hello.Live = from == len(s.events)
	frame, _ := json.Marshal(hello)
	if p.full || s.fault == "control" {
		p.put(s, string(frame))
	}
	for _, e := range s.events[from:] {
		p.event(s, e)
	}
	if p.full && !hello.Live && s.fault != "live" {
		frame, _ := json.Marshal(wire.Position{Kind: wire.KindPosition, Position: s.id(s.count), Live: true})
		p.put(s, string(frame))
	}
}

func (p *peer) event(s *server, e event) {
	if len(p.want) > 0 && !slices.Contains(p.want, e.topic) && s.fault != "topics" {
		return
	}
	p.put(s, string(e.raw))
}

// put queues a message, in parts when it is long.
func (p *peer) put(s *server, text string) {
	for p.full && len(text) > wire.PartSize {
		part, rest := wire.Cut([]byte(text))
		if s.fault == "parts" {
			part, rest = []byte(text[:wire.PartSize-1]), []byte(text[wire.PartSize-1:])
			if len(part) > 0 && bytes.ContainsRune(part, 'é') && len(text)%2 == 0 {
				part, rest = []byte(text[:wire.PartSize]), []byte(text[wire.PartSize:])
			}
		}
		p.enqueue(s, wire.PartMore+string(part))
		if text = string(rest); len(text) <= wire.PartSize {
			text = wire.PartLast + text
		}
	}
	p.enqueue(s, text)
}

func (p *peer) enqueue(s *server, text string) {
	if s.fault == "slow" {
		select {
		case p.queue <- text: // waits for the client, and lets all others wait
		case <-p.gone:
		}
		return
	}
	select {
	case p.queue <- text:
	default:
		go p.conn.CloseNow()
	}
}

func (p *peer) write(s *server) {
	kind := websocket.MessageText
	if s.fault == "text" {
		kind = websocket.MessageBinary
	}
	defer close(p.gone)
	for p.conn.Write(context.Background(), kind, []byte(<-p.queue)) == nil {
	}
}

func (p *peer) read(s *server) {
	for {
		_, data, err := p.conn.Read(context.Background())
		if err != nil {
			return
		}
		var topics wire.Topics
		switch {
		case string(data) == wire.Ping:
			if s.fault == "pong" {
				continue
			}
			s.mu.Lock()
			p.put(s, wire.Pong)
			s.mu.Unlock()
		case s.fault == "message" && len(data) > 4096:
			p.conn.Close(wire.CloseTooBig, "too big")
			return
		case json.Unmarshal(data, &topics) == nil && topics.Kind == wire.KindTopics:
			s.mu.Lock()
			p.want = topics.Topics
			s.mu.Unlock()
		}
	}
}
