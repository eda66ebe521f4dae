package faultproxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"time"
)

// Conn is one accepted connection.
type Conn struct {
	// Accepted is when the client's connection came in.
	Accepted time.Time

	proxy  *Proxy
	client *net.TCPConn

	// Guarded by the proxy's lock.
	fault                Fault
	server               *net.TCPConn // nil until the first byte passes
	request              []byte       // the first bytes that the client sent
	up, down             int64
	closedHalves         int       // directions that were closed without a reset
	clientEnd, serverEnd time.Time // when that end closed, seen from the proxy
}

// maxRequest bounds how much of a connection's first bytes is kept.
const maxRequest = 4096

// Request is the first line that the client sent, without its end; "" before
// there is one. It is recorded even when the bytes are swallowed.
func (c *Conn) Request() string {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	line, _, found := bytes.Cut(c.request, []byte("\r\n"))
	if !found {
		return ""
	}
	return string(line)
}

// Alive tells whether bytes still pass both ways.
func (c *Conn) Alive() bool {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	return c.aliveLocked()
}

func (c *Conn) aliveLocked() bool {
	return c.server != nil && c.fault == None && c.clientEnd.IsZero() && c.serverEnd.IsZero()
}

// Carried is how many bytes passed from the client and to it.
func (c *Conn) Carried() (up, down int64) {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	return c.up, c.down
}

// AwaitRequest waits until the client has sent a line, and returns it.
func (c *Conn) AwaitRequest(ctx context.Context) (string, error) {
	err := c.proxy.wait(ctx, func() bool { return bytes.Contains(c.request, []byte("\r\n")) })
	return c.Request(), err
}

// AwaitClientEnd waits until the client closed or reset the connection.
func (c *Conn) AwaitClientEnd(ctx context.Context) (time.Time, error) {
	err := c.proxy.wait(ctx, func() bool { return !c.clientEnd.IsZero() })
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	return c.clientEnd, err
}

// AwaitServerEnd waits until the server closed or reset the connection.
func (c *Conn) AwaitServerEnd(ctx context.Context) (time.Time, error) {
	err := c.proxy.wait(ctx, func() bool { return !c.serverEnd.IsZero() })
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	return c.serverEnd, err
}

// Fault applies a fault to this connection only.
func (c *Conn) Fault(f Fault) {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	c.faultLocked(f)
	c.proxy.notifyLocked()
}

func (c *Conn) faultLocked(f Fault) {
	if c.fault == f {
		return
	}
	c.fault = f
	switch f {
	case Reset:
		c.resetLocked()
	case HalfCloseUp:
		c.closeWriteLocked(c.server)
	case HalfCloseDown:
		c.closeWriteLocked(c.client)
	}
}

func (c *Conn) resetLocked() {
	for _, end := range []*net.TCPConn{c.client, c.server} {
		if end != nil {
			end.SetLinger(0)
			end.Close()
		}
	}
	c.fault = Reset
	if c.clientEnd.IsZero() {
		c.clientEnd = time.Now()
	}
	if c.serverEnd.IsZero() {
		c.serverEnd = time.Now()
	}
}

// closeWriteLocked sends FIN to one end, if there is one. When both directions
// are closed, the connection is closed.
func (c *Conn) closeWriteLocked(dest *net.TCPConn) {
	if dest == nil {
		return
	}
	dest.CloseWrite()
	if c.closedHalves++; c.closedHalves == 2 {
		c.client.Close()
		c.server.Close()
	}
}

// chunk is what one read returned. A chunk without data means that the end closed.
type chunk struct {
	data   []byte
	sendAt time.Time
	reset  bool
}

func (c *Conn) pumpUp() {
	c.pump(c.client, false, func(data []byte) (*net.TCPConn, error) {
		server, err := c.dial()
		if err == nil {
			c.proxy.mu.Lock()
			c.up += int64(len(data))
			c.proxy.mu.Unlock()
		}
		return server, err
	}, func(data []byte) {
		if len(c.request) < maxRequest {
			c.request = append(c.request, data...)
		}
	}, &c.clientEnd)
}

func (c *Conn) pumpDown() {
	c.pump(c.server, true, func(data []byte) (*net.TCPConn, error) {
		c.proxy.mu.Lock()
		c.down += int64(len(data))
		c.proxy.mu.Unlock()
		return c.client, nil
	}, func([]byte) {}, &c.serverEnd)
}

// dial connects to the server when the first bytes pass. A server that cannot be
// reached resets the client.
func (c *Conn) dial() (*net.TCPConn, error) {
	if c.server != nil { // only this pump ever sets it
		return c.server, nil
	}
	conn, err := net.Dial("tcp", c.proxy.target)
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	if err != nil || c.fault == Reset {
		if err == nil {
			conn.Close()
			err = net.ErrClosed
		}
		c.resetLocked()
		return nil, err
	}
	c.server = conn.(*net.TCPConn)
	c.proxy.running.Go(c.pumpDown)
	c.proxy.notifyLocked()
	return c.server, nil
}

// pump copies from one end to the other. Two goroutines read and write, so that
// a delay does not limit the rate.
func (c *Conn) pump(from *net.TCPConn, down bool, to func([]byte) (*net.TCPConn, error), record func([]byte), end *time.Time) {
	chunks := make(chan chunk, 1024)
	c.proxy.running.Go(func() {
		for ck := range chunks {
			if !c.pass(ck, down) {
				continue
			}
			dest, err := to(ck.data)
			switch {
			case err != nil:
			case ck.reset:
				c.Fault(Reset)
			case ck.data == nil:
				c.proxy.mu.Lock()
				c.closeWriteLocked(dest)
				c.proxy.mu.Unlock()
			default:
				dest.Write(ck.data)
			}
		}
	})
	defer close(chunks)
	buf := make([]byte, 32<<10)
	var free time.Time // when the link has sent all earlier bytes
	for {
		n, err := from.Read(buf)
		p := c.proxy
		p.mu.Lock()
		if now := time.Now(); free.Before(now) {
			free = now
		}
		if p.rate > 0 {
			free = free.Add(time.Duration(n) * time.Second / time.Duration(p.rate))
		}
		sendAt := free.Add(p.delay)
		if n > 0 {
			record(buf[:n])
		}
		if err != nil && end.IsZero() {
			*end = time.Now()
		}
		p.notifyLocked()
		p.mu.Unlock()
		if n > 0 {
			chunks <- chunk{data: bytes.Clone(buf[:n]), sendAt: sendAt}
		}
		if err != nil {
			chunks <- chunk{sendAt: sendAt, reset: !errors.Is(err, io.EOF)}
			return
		}
	}
}

// pass waits until the chunk may be sent: after its delay, and while the
// connection hangs. It returns false when the chunk is lost.
func (c *Conn) pass(ck chunk, down bool) bool {
	if wait := time.Until(ck.sendAt); wait > 0 {
		<-time.After(wait)
	}
	var f Fault
	err := c.proxy.wait(context.Background(), func() bool { f = c.fault; return f != Hang })
	return err == nil && !f.drops(down)
}
