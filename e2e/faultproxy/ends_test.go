package faultproxy

import (
	"net"
	"testing"
	"time"
)

// A reset ends both ends, and leaves the time of one that ended before.
func TestEndsOfAReset(t *testing.T) {
	p, _ := start(t)
	ends := func(c *Conn) (client, server time.Time) {
		t.Helper()
		client, err := c.AwaitClientEnd(within(t))
		if err != nil {
			t.Fatal("the client's end: ", err)
		}
		if server, err = c.AwaitServerEnd(within(t)); err != nil {
			t.Fatal("the server's end: ", err)
		}
		return client, server
	}
	first := dial(t, p)
	first.send("one")
	first.receives("one")
	p.Existing(Reset)
	ends(p.Conns()[0])

	p.New(None)
	second := dial(t, p)
	second.send("two")
	second.receives("two")
	second.Conn.(*net.TCPConn).CloseWrite()
	c := p.Conns()[1]
	client, server := ends(c)
	c.Fault(Reset)
	if clientNow, serverNow := ends(c); clientNow != client || serverNow != server {
		t.Error("a reset of what had ended counts as its end")
	}
}
