package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/wakesocket/wakesocket/wasm/wire"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// server is a feed behind a real HTTP server.
type server struct {
	*Feed
	t   testing.TB
	url string
	log *lines
}

func serve(t testing.TB, options Options) *server {
	t.Helper()
	log := &lines{}
	if options.Logger == nil {
		options.Logger = jsonLogger(log)
	}
	f, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	hs := httptest.NewServer(f)
	t.Cleanup(func() {
		f.Close()
		hs.Close()
	})
	s := &server{Feed: f, t: t, url: hs.URL, log: log}
	return s
}

func jsonLogger(log *lines) *slog.Logger {
	return slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// ready waits until the feed has reached its log.
func (s *server) ready() *server {
	s.t.Helper()
	until(s.t, "the log is reached", func() bool { _, _, ok := s.ring.head(); return ok })
	return s
}

// publish appends events numbered from..to on a topic and returns their ids.
func (s *server) publish(topic string, from, to int) (ids []string) {
	s.t.Helper()
	for i := from; i <= to; i++ {
		id, err := s.Publish(context.Background(), topic, fmt.Appendf(nil, "%d", i))
		if err != nil {
			s.t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// settle waits until the ring holds the event.
func (s *server) settle(id string) {
	s.t.Helper()
	until(s.t, "the ring holds "+id, func() bool { _, top, _ := s.ring.head(); return top.String() == id })
}

type event struct {
	ID    string
	Topic string
	Data  json.RawMessage
}

// peer is a client that keeps apart what it was sent.
type peer struct {
	t    testing.TB
	conn *websocket.Conn

	hello     *wire.Hello
	cursor    string // where a client would go on
	positions []wire.Position
	events    []event
	errors    []wire.Error
	latest    []wire.LatestEvents[sampled]
	controls  []string // other control frames
	pongs     int
	arrays    int
	frames    int

	joins wire.Parts
	parts int // that came, the last ones of their frames aside
}

// dial connects with the query; wakesocket=1 is for the caller to say.
func (s *server) dial(query string) *peer {
	s.t.Helper()
	return s.dialWith(query, nil)
}

func (s *server) dialWith(query string, header http.Header) *peer {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, s.url+"/?"+query, &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		s.t.Fatal(err)
	}
	conn.SetReadLimit(-1)
	s.t.Cleanup(func() { conn.CloseNow() })
	return &peer{t: s.t, conn: conn}
}

// knowing dials as our client, and reads the hello.
func (s *server) knowing(after string, more ...string) *peer {
	s.t.Helper()
	p := s.dial(strings.Join(append([]string{"wakesocket=1", "after=" + url.QueryEscape(after)}, more...), "&"))
	p.read()
	if p.hello == nil {
		s.t.Fatal("the first frame is not a hello")
	}
	return p
}

func (p *peer) read() {
	p.t.Helper()
	if err := p.tryRead(); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) tryRead() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, data, err := p.conn.Read(ctx)
	if err != nil {
		return err
	}
	frame, ok := p.joins.Join(data)
	if !ok {
		p.parts++
		return nil
	}
	p.frames++
	return p.take(frame)
}

func (p *peer) take(data []byte) error {
	if string(data) == wire.Pong {
		p.pongs++
		return nil
	}
	if data[0] == '[' {
		var events []event
		p.arrays++
		if err := json.Unmarshal(data, &events); err != nil {
			return err
		}
		p.events = append(p.events, events...)
		p.cursor = events[len(events)-1].ID
		return nil
	}
	var kind struct {
		Wakesocket string
	}
	if err := json.Unmarshal(data, &kind); err != nil {
		return fmt.Errorf("frame %q: %w", data, err)
	}
	switch kind.Wakesocket {
	case wire.KindHello:
		err := json.Unmarshal(data, &p.hello)
		p.cursor = p.hello.Position
		return err
	case wire.KindLatest:
		var frame wire.LatestEvents[sampled]
		err := json.Unmarshal(data, &frame)
		p.latest = append(p.latest, frame)
		return err
	case wire.KindPosition:
		var at wire.Position
		err := json.Unmarshal(data, &at)
		p.positions = append(p.positions, at)
		p.cursor = at.Position
		return err
	}
	if kind.Wakesocket != "" {
		p.controls = append(p.controls, string(data))
		var problem wire.Error
		if err := json.Unmarshal(data, &problem); err != nil || kind.Wakesocket != wire.KindError {
			return err
		}
		p.errors = append(p.errors, problem)
		return nil
	}
	var e event
	err := json.Unmarshal(data, &e)
	p.events = append(p.events, e)
	p.cursor = e.ID
	return err
}

// readUntil reads frames until the condition holds.
func (p *peer) readUntil(what string, ok func() bool) {
	p.t.Helper()
	for !ok() {
		if err := p.tryRead(); err != nil {
			p.t.Fatalf("waiting until %s: %v", what, err)
		}
	}
}

func (p *peer) readEvents(n int) {
	p.t.Helper()
	p.readUntil(fmt.Sprintf("%d events are there", n), func() bool { return len(p.events) >= n })
}

// closed reads until the server closes and returns its close frame.
func (p *peer) closed() websocket.CloseError {
	p.t.Helper()
	for {
		if err := p.tryRead(); err != nil {
			ce, ok := errors.AsType[websocket.CloseError](err)
			if !ok {
				ce.Code = wire.CloseAbnormal
			}
			return ce
		}
	}
}

func (p *peer) send(text string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.conn.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		p.t.Fatal(err)
	}
}

// expect checks that the events are from..to in order.
func (p *peer) expect(from, to int) {
	p.t.Helper()
	if len(p.events) != to-from+1 {
		p.t.Fatalf("%d events, want %d..%d", len(p.events), from, to)
	}
	for i, e := range p.events {
		if string(e.Data) != fmt.Sprint(from+i) {
			p.t.Fatalf("event %d is %s, want %d", i, e.Data, from+i)
		}
	}
}

// until polls a condition that has no signal of its own.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("it never came about that %s", what)
		}
	}
}

// lines keeps what is logged.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// with returns the records that have the message.
func (l *lines) with(message string) (records []map[string]any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range bytes.Split(bytes.TrimSpace(l.b.Bytes()), []byte("\n")) {
		var record map[string]any
		if json.Unmarshal(line, &record) == nil && record["msg"] == message {
			records = append(records, record)
		}
	}
	return records
}
