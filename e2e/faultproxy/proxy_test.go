package faultproxy

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// echo answers every line by itself and reports what it received.
func echo(t *testing.T) (addr string, received chan string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	received = make(chan string, 100)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				r := bufio.NewReader(conn)
				for {
					line, err := r.ReadString('\n')
					if err != nil {
						received <- "end: " + err.Error()
						return
					}
					received <- line
					io.WriteString(conn, line)
				}
			}()
		}
	}()
	return l.Addr().String(), received
}

func start(t *testing.T) (*Proxy, chan string) {
	addr, received := echo(t)
	p, err := Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p, received
}

type client struct {
	*testing.T
	net.Conn
	*bufio.Reader
}

func dial(t *testing.T, p *Proxy) *client {
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &client{t, conn, bufio.NewReader(conn)}
}

func (c *client) send(line string) {
	c.Helper()
	if _, err := io.WriteString(c.Conn, line+"\r\n"); err != nil {
		c.Fatal(err)
	}
}

func (c *client) receives(want string) {
	c.Helper()
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	got, err := c.ReadString('\n')
	if err != nil || got != want+"\r\n" {
		c.Fatalf("received %q, %v; want %q", got, err, want)
	}
}

// silence asserts that nothing comes and nothing is closed for a while.
func (c *client) silence() {
	c.Helper()
	c.SetReadDeadline(time.Now().Add(150 * time.Millisecond))
	if got, err := c.ReadString('\n'); !isTimeout(err) {
		c.Fatalf("received %q, %v; want silence", got, err)
	}
}

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

func (c *client) end() error {
	c.SetReadDeadline(time.Now().Add(5 * time.Second))
	_, err := c.ReadString('\n')
	return err
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestPass(t *testing.T) {
	p, received := start(t)
	before := time.Now()
	c := dial(t, p)
	c.send("GET /feed?after=1 HTTP/1.1")
	c.receives("GET /feed?after=1 HTTP/1.1")
	conn, err := p.Dialed(within(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	if conn.Accepted.Before(before) || conn.Accepted.After(time.Now()) {
		t.Errorf("accepted at %v, not since %v", conn.Accepted, before)
	}
	if got := conn.Request(); got != "GET /feed?after=1 HTTP/1.1" {
		t.Errorf("request %q", got)
	}
	if up, down := conn.Carried(); up != 28 || down != 28 {
		t.Errorf("carried %d up, %d down; want 28 both", up, down)
	}
	if n := p.Live(); n != 1 {
		t.Errorf("%d live; want 1", n)
	}
	<-received
	c.Conn.Close()
	if got := <-received; got != "end: EOF" {
		t.Errorf("the server saw %q; want an orderly end", got)
	}
	if _, err := conn.AwaitServerEnd(within(t)); err != nil {
		t.Error(err)
	}
	if err := p.AwaitLive(within(t), 0); err != nil {
		t.Error(err)
	}
}

func TestSwallowTellsNobody(t *testing.T) {
	p, received := start(t)
	c := dial(t, p)
	c.send("one")
	c.receives("one")
	<-received
	p.Existing(Swallow)
	c.send("two")
	c.silence()
	if n := p.Live(); n != 0 {
		t.Errorf("%d live; want 0", n)
	}
	c.Conn.Close()
	conn := p.Conns()[0]
	if _, err := conn.AwaitClientEnd(within(t)); err != nil {
		t.Fatal(err)
	}
	// A second connection proves that the server had time to receive something from the first.
	c2 := dial(t, p)
	c2.send("three")
	c2.receives("three")
	if got := <-received; got != "three\r\n" {
		t.Errorf("the server received %q through a swallowed connection", got)
	}
}

func TestSwallowNewConnections(t *testing.T) {
	p, received := start(t)
	p.New(Swallow)
	c := dial(t, p)
	c.send("lost")
	conn, err := p.Dialed(within(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := conn.AwaitRequest(within(t)); err != nil || got != "lost" {
		t.Errorf("recorded %q, %v; want the swallowed line", got, err)
	}
	c.silence()
	select {
	case got := <-received:
		t.Errorf("the server received %q", got)
	default:
	}
}

func TestOneDirection(t *testing.T) {
	p, received := start(t)
	c := dial(t, p)
	if _, err := p.Dialed(within(t), 0); err != nil {
		t.Fatal(err)
	}
	p.Existing(SwallowUp)
	c.send("lost")
	c.silence()
	p.Existing(SwallowDown)
	c.send("received")
	if got := <-received; got != "received\r\n" {
		t.Errorf("the server received %q; want only what was sent after the cut of its own direction", got)
	}
	c.silence()
	p.Existing(None)
	c.send("both")
	c.receives("both")
}

func TestHalfCloses(t *testing.T) {
	p, received := start(t)
	c := dial(t, p)
	c.send("one")
	c.receives("one")
	<-received
	p.Existing(HalfCloseDown)
	if err := c.end(); err != io.EOF {
		t.Errorf("the client received %v; want an orderly end", err)
	}
	c.send("two") // which the client may, since it has not closed
	if got := <-received; got != "two\r\n" {
		t.Errorf("the server received %q from a client that has not closed", got)
	}
	c.Conn.Close()
	if got := <-received; got != "end: EOF" {
		t.Errorf("the server received %q; want the client's end", got)
	}

	c = dial(t, p)
	c.send("three")
	c.receives("three")
	<-received
	p.Existing(HalfCloseUp)
	if got := <-received; got != "end: EOF" {
		t.Errorf("the server received %q; want an orderly end", got)
	}
	if err := c.end(); err != io.EOF { // for that is this server's answer
		t.Errorf("the client received %v; want the server's own end", err)
	}
}

func TestHangDeliversLater(t *testing.T) {
	p, received := start(t)
	p.New(Hang)
	c := dial(t, p)
	c.send("later")
	c.silence()
	if len(received) != 0 {
		t.Error("the server received something through a hung connection")
	}
	p.Existing(None)
	c.receives("later")
}

func TestReset(t *testing.T) {
	p, _ := start(t)
	c := dial(t, p)
	c.send("one")
	c.receives("one")
	p.Existing(Reset)
	if err := c.end(); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("existing: %v; want a reset", err)
	}
	p.New(Reset)
	conn, err := net.Dial("tcp", p.Addr()) // the reset can come as early as here
	if err == nil {
		_, err = conn.Read(make([]byte, 1))
		conn.Close()
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("new: %v; want a reset", err)
	}
}

func TestRefuse(t *testing.T) {
	p, _ := start(t)
	c := dial(t, p)
	if _, err := p.Dialed(within(t), 0); err != nil {
		t.Fatal(err)
	}
	if err := p.New(Refuse); err != nil {
		t.Fatal(err)
	}
	if _, err := net.Dial("tcp", p.Addr()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial: %v; want refused", err)
	}
	c.send("still here")
	c.receives("still here")
	if err := p.New(None); err != nil {
		t.Fatal(err)
	}
	c = dial(t, p)
	c.send("back")
	c.receives("back")
}

func TestDelay(t *testing.T) {
	p, _ := start(t)
	c := dial(t, p)
	p.Delay(50 * time.Millisecond)
	began := time.Now()
	c.send("one")
	c.receives("one")
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("the round trip took %v; want 50 ms each way", took)
	}
}

func TestRate(t *testing.T) {
	p, _ := start(t)
	c := dial(t, p)
	p.Rate(1 << 20)
	began := time.Now()
	line := strings.Repeat("x", 100<<10)
	go io.WriteString(c.Conn, line+"\r\n")
	c.receives(line)
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("100 kB came back after %v; want 100 ms at 1 MB a second", took)
	}
}

func TestServerUnreachableResets(t *testing.T) {
	p, err := Listen("127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	c := dial(t, p)
	c.send("hello")
	if err := c.end(); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%v; want a reset", err)
	}
}

func TestServerResetReachesTheClient(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		conn.Read(make([]byte, 10))
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}()
	p, err := Listen(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	c := dial(t, p)
	c.send("hello")
	if err := c.end(); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%v; want a reset", err)
	}
}

func TestLargeTransferIsExact(t *testing.T) {
	p, received := start(t)
	c := dial(t, p)
	line := strings.Repeat("x", 1<<20)
	go func() { io.WriteString(c.Conn, line+"\r\n") }()
	c.receives(line)
	<-received
}

func TestWaitEndsWithTheContext(t *testing.T) {
	p, _ := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Dialed(ctx, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("%v; want the context's error", err)
	}
}
