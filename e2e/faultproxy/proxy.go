// Package faultproxy is a TCP proxy that fails the way real networks do: bytes
// that vanish while both ends believe the connection is fine, handshakes that
// are never answered, resets, links of which one direction is dead. It keeps a
// record of every connection that it accepted, so that a test can ask when a
// client dialed, what it asked for and how many of its sockets are alive.
package faultproxy

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// Fault is what happens to a connection.
type Fault int

const (
	// None passes bytes and closes both ways.
	None Fault = iota
	// Swallow drops all bytes of both ends, and FIN and RST too. Neither end
	// notices.
	Swallow
	// SwallowUp drops only what the client sends.
	SwallowUp
	// SwallowDown drops only what the server sends.
	SwallowDown
	// HalfCloseUp sends FIN to the server, as if the client had closed, and drops
	// what the client sends from then on. Bytes of the server still pass.
	HalfCloseUp
	// HalfCloseDown sends FIN to the client, as if the server had closed, and drops
	// what the server sends from then on. Bytes of the client still pass.
	HalfCloseDown
	// Hang holds all bytes and delivers them when the fault ends. A new connection
	// is accepted and gets no answer.
	Hang
	// Reset sends RST: at once to existing connections, after the TCP handshake to
	// new ones.
	Reset
	// Refuse closes the listening socket, so that the kernel refuses new
	// connections. It does nothing to existing ones.
	Refuse
)

// drops reports whether bytes in this direction are dropped: down is from the
// server to the client.
func (f Fault) drops(down bool) bool {
	switch f {
	case Swallow, Reset:
		return true
	case SwallowUp, HalfCloseUp:
		return !down
	case SwallowDown, HalfCloseDown:
		return down
	}
	return false
}

// Proxy forwards the connections of one address to a server.
type Proxy struct {
	addr, target string

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced whenever anything recorded here changes
	listener net.Listener  // nil while refusing
	onNew    Fault
	eager    bool
	delay    time.Duration
	rate     int // bytes a second; 0 for any
	conns    []*Conn
	closed   bool
	running  sync.WaitGroup
}

// Listen starts a proxy on a free port of the loopback interface that forwards
// to the target address.
func Listen(target string) (*Proxy, error) { return ListenOn("127.0.0.1:0", target) }

// ListenOn is Listen on an address of the caller's choice.
func ListenOn(addr, target string) (*Proxy, error) {
	p := &Proxy{target: target, changed: make(chan struct{})}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	p.addr = l.Addr().String()
	p.serve(l)
	return p, nil
}

// Addr is the host:port that clients dial.
func (p *Proxy) Addr() string { return p.addr }

// Close resets every connection and waits until all goroutines of the proxy have
// ended.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	if p.listener != nil {
		p.listener.Close()
	}
	for _, c := range p.conns {
		c.resetLocked()
	}
	p.notifyLocked()
	p.mu.Unlock()
	p.running.Wait()
}

// Existing applies the fault to every connection that is open now.
func (p *Proxy) Existing(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.faultLocked(f)
	}
	p.notifyLocked()
}

// New applies the fault to every connection that is accepted from now on. It fails
// only when it cannot listen again after Refuse.
func (p *Proxy) New(f Fault) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onNew = f
	if f == Refuse {
		if p.listener != nil {
			p.listener.Close()
			p.listener = nil
		}
		return nil
	}
	if p.listener != nil || p.closed {
		return nil
	}
	l, err := net.Listen("tcp", p.addr)
	if err != nil {
		return err
	}
	p.serve(l)
	return nil
}

// Delay makes every byte that is read from now on arrive this much later.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Rate limits each direction of each connection to so many bytes a second, for
// what is read from now on; 0 lifts the limit.
func (p *Proxy) Rate(bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = bytes
}

// Eager makes the proxy dial the server as soon as it accepts a client, and not with
// the client's first bytes: for protocols in which the server speaks first.
func (p *Proxy) Eager() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.eager = true
}

// Conns is every connection accepted so far, oldest first.
func (p *Proxy) Conns() []*Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*Conn(nil), p.conns...)
}

// Dialed waits for the n-th connection, counted from 0, and returns it.
func (p *Proxy) Dialed(ctx context.Context, n int) (*Conn, error) {
	var c *Conn
	err := p.wait(ctx, func() bool {
		if len(p.conns) > n {
			c = p.conns[n]
		}
		return c != nil
	})
	return c, err
}

// Live is the number of connections over which bytes still pass both ways.
func (p *Proxy) Live() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.liveLocked()
}

// AwaitLive waits until exactly n connections are live.
func (p *Proxy) AwaitLive(ctx context.Context, n int) error {
	return p.wait(ctx, func() bool { return p.liveLocked() == n })
}

func (p *Proxy) liveLocked() int {
	n := 0
	for _, c := range p.conns {
		if c.aliveLocked() {
			n++
		}
	}
	return n
}

// wait returns when the condition, asked with the lock held, is true.
func (p *Proxy) wait(ctx context.Context, condition func() bool) error {
	for {
		p.mu.Lock()
		done, changed, closed := condition(), p.changed, p.closed
		p.mu.Unlock()
		if done {
			return nil
		}
		if closed {
			return errors.New("faultproxy: the proxy is closed")
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (p *Proxy) notifyLocked() {
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *Proxy) serve(l net.Listener) {
	p.listener = l
	p.running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.accept(client.(*net.TCPConn))
		}
	})
}

func (p *Proxy) accept(client *net.TCPConn) {
	c := &Conn{Accepted: time.Now(), proxy: p, client: client}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, c)
	if p.onNew == Reset || p.onNew == Refuse || p.closed {
		c.resetLocked()
	} else {
		c.faultLocked(p.onNew)
		eager := p.eager
		p.running.Go(func() {
			if eager && c.pass(chunk{}, false) {
				c.dial() // it resets the client when it fails
			}
			c.pumpUp()
		})
	}
	p.notifyLocked()
}
