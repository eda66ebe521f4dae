package faultproxy

import (
	"bufio"
	"io"
	"net"
	"testing"
)

// A server that speaks first reaches the client only through an eager proxy.
func TestEager(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			io.WriteString(conn, "welcome\r\n")
			go io.Copy(conn, conn)
		}
	}()
	p, err := Listen(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	waits := dial(t, p)
	waits.silence()
	p.Eager()
	c := dial(t, p)
	c.receives("welcome")
	c.send("hello")
	c.receives("hello")

	if err := p.New(Hang); err != nil {
		t.Fatal(err)
	}
	held := dial(t, p)
	held.silence()
	p.Existing(None)
	held.receives("welcome")

	if err := p.New(None); err != nil {
		t.Fatal(err)
	}
	l.Close()
	conn, err := net.Dial("tcp", p.Addr())
	if err == nil { // else the reset was faster
		t.Cleanup(func() { conn.Close() })
		if err := (&client{t, conn, bufio.NewReader(conn)}).end(); err == nil || isTimeout(err) {
			t.Errorf("without a server the client gets %v", err)
		}
	}
}
