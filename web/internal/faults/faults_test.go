package faults

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"
)

const patience = 5 * time.Second

// server greets every WebSocket request with "hi\n", then echoes lines. Ended
// gets a value whenever the echo of a connection ends for the server.
type server struct {
	*Listener
	ended chan error
}

func start(t *testing.T) *server {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{Wrap(inner), make(chan error, 10)}
	mux := http.NewServeMux()
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })
	mux.Handle("/ws", s.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(c, "hi\n")
		go func() {
			_, err := io.Copy(c, c)
			_ = c.Close()
			s.ended <- err
		}()
	})))
	web := &http.Server{Handler: mux, ConnContext: s.ConnContext}
	go web.Serve(s)
	t.Cleanup(func() { _ = web.Close() })
	return s
}

type peer struct {
	t *testing.T
	net.Conn
	lines *bufio.Reader
}

// dial sends a WebSocket request and does not wait for the answer.
func (s *server) dial(t *testing.T) *peer {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	p := &peer{t, c, bufio.NewReader(c)}
	p.say("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\n\r\n")
	return p
}

func (s *server) connect(t *testing.T) *peer {
	t.Helper()
	p := s.dial(t)
	p.hear("hi\n")
	return p
}

func (p *peer) say(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p, text); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) hear(want string) {
	p.t.Helper()
	_ = p.SetReadDeadline(time.Now().Add(patience))
	got := make([]byte, len(want))
	if _, err := io.ReadFull(p.lines, got); err != nil || string(got) != want {
		p.t.Fatalf("heard %q, %v; want %q", got, err, want)
	}
}

// silence expects neither a byte nor an end.
func (p *peer) silence() {
	p.t.Helper()
	_ = p.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	b, err := p.lines.ReadByte()
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		p.t.Fatalf("want silence, got %q, %v", b, err)
	}
}

func (p *peer) broken() {
	p.t.Helper()
	_ = p.SetReadDeadline(time.Now().Add(patience))
	if _, err := p.lines.ReadByte(); !errors.Is(err, syscall.ECONNRESET) {
		p.t.Fatalf("got %v, want a reset", err)
	}
}

func (s *server) page(t *testing.T) {
	t.Helper()
	client := http.Client{Timeout: patience}
	defer client.CloseIdleConnections()
	r, err := client.Get("http://" + s.Addr().String() + "/page")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if body, err := io.ReadAll(r.Body); err != nil || string(body) != "page" {
		t.Fatalf("page: %q, %v", body, err)
	}
}

func (s *server) stillServing(t *testing.T) {
	t.Helper()
	select {
	case err := <-s.ended:
		t.Fatalf("the server noticed: %v", err)
	default:
	}
}

func TestCutIsSilentForBothSidesAndSparesNewOnes(t *testing.T) {
	s := start(t)
	old := s.connect(t)
	old.say("a\n")
	old.hear("a\n")
	if n := s.Cut(); n != 1 {
		t.Fatalf("cut %d connections, want 1", n)
	}
	old.say("b\n")
	old.silence()
	fresh := s.connect(t)
	fresh.say("c\n")
	fresh.hear("c\n")
	s.page(t)
	_ = old.Close() // the FIN vanishes too
	fresh.say("d\n")
	fresh.hear("d\n")
	s.stillServing(t)
}

func TestTheServersCloseDoesNotReachAPeerThatWasCut(t *testing.T) {
	s := start(t)
	p := s.connect(t)
	s.Cut()
	s.each(func(c *conn) { _ = c.Close() })
	if err := <-s.ended; !errors.Is(err, net.ErrClosed) {
		t.Fatalf("server's read ended with %v", err)
	}
	p.say("still talking\n")
	p.silence()
	if n := s.Status().WebSockets; n != 0 {
		t.Fatalf("%d connections left", n)
	}
}

func TestReset(t *testing.T) {
	s := start(t)
	a, b := s.connect(t), s.connect(t)
	if n := s.Reset(); n != 2 {
		t.Fatalf("reset %d connections, want 2", n)
	}
	a.broken()
	b.broken()
	s.connect(t)
	s.page(t)
}

func TestStallHoldsEverythingThenDeliversInOrder(t *testing.T) {
	s := start(t)
	old := s.connect(t)
	s.Stall(time.Hour)
	old.say("1\n2\n")
	old.silence()
	dialed := s.dial(t)
	dialed.silence()
	s.page(t)
	s.Heal()
	dialed.hear("hi\n")
	old.say("3\n")
	old.hear("1\n2\n3\n")
	s.stillServing(t)
}

func TestAStalledWriteQueuesThenWaits(t *testing.T) {
	server, client := net.Pipe()
	c := newConn(server, Wrap(nil))
	c.stall()
	first := make([]byte, sendBuffer)
	if n, err := c.Write(first); n != sendBuffer || err != nil {
		t.Fatalf("queued %d, %v", n, err)
	}
	second := make(chan error, 1)
	go func() { _, err := c.Write([]byte("last")); second <- err }()
	c.flow()
	got := make([]byte, sendBuffer+4)
	if _, err := io.ReadFull(client, got); err != nil || string(got[sendBuffer:]) != "last" {
		t.Fatalf("got …%q, %v", got[sendBuffer:], err)
	}
	if err := <-second; err != nil {
		t.Fatal(err)
	}
}

func TestCloseEndsAStalledReadAndWrite(t *testing.T) {
	s := start(t)
	p := s.connect(t)
	s.Stall(time.Hour)
	p.say("held\n")
	s.each(func(c *conn) { _ = c.Close() })
	<-s.ended
}

func TestAStallEndsByItself(t *testing.T) {
	s := start(t)
	p := s.connect(t)
	s.Stall(50 * time.Millisecond)
	p.say("x\n")
	p.hear("x\n")
	if got := s.Status(); got.Outage != "" || got.LeftMS != 0 {
		t.Fatalf("status after the stall: %+v", got)
	}
}

func TestRefuse(t *testing.T) {
	s := start(t)
	old := s.connect(t)
	if n := s.Refuse(time.Hour); n != 1 {
		t.Fatalf("hit %d", n)
	}
	old.broken()
	s.dial(t).broken()
	s.page(t)
	if got := s.Status(); got.Outage != "refuse" || got.LeftMS <= 0 {
		t.Fatalf("status: %+v", got)
	}
	s.Heal()
	s.connect(t)
}

func TestHang(t *testing.T) {
	s := start(t)
	old := s.connect(t)
	s.Hang(time.Hour)
	old.say("x\n")
	old.silence()
	dialed := s.dial(t)
	dialed.silence()
	s.page(t)
	s.Heal()
	dialed.silence() // a dial that hung stays hung
	s.connect(t)
}

func TestAnOutageThatWasReplacedDoesNotEndTheNextOne(t *testing.T) {
	s := start(t)
	ended := make(chan struct{})
	s.Stall(time.Millisecond)
	s.Hang(time.Hour)
	time.AfterFunc(20*time.Millisecond, func() { close(ended) })
	<-ended
	if got := s.Status().Outage; got != "hang" {
		t.Fatalf("outage %q, want hang", got)
	}
}

func TestAConnectionThatEndsIsForgotten(t *testing.T) {
	s := start(t)
	p := s.connect(t)
	_ = p.Close()
	<-s.ended
	if n := s.Status().WebSockets; n != 0 {
		t.Fatalf("%d connections left", n)
	}
}

func TestMuteIsForThePublisher(t *testing.T) {
	s := start(t)
	p := s.connect(t)
	if s.Muted() {
		t.Error("muted before anybody asked for it")
	}
	if hit := s.Mute(time.Minute); hit != 1 {
		t.Errorf("%d connections, want 1", hit)
	}
	if !s.Muted() || s.Status().Outage != "mute" {
		t.Errorf("%+v", s.Status())
	}
	p.say("still here\n")
	p.hear("still here\n")
	s.Heal()
	if s.Muted() {
		t.Error("muted after it was ended")
	}
}
