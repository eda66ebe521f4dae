package storetest

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Proxy stands before a server and can swallow what goes through: nothing is
// closed and nothing answers, as when a firewall has forgotten a connection.
type Proxy struct {
	Address string
	swallow atomic.Bool
	rate    atomic.Int64 // bytes a second of a connection; 0 is any
	mu      sync.Mutex
	target  string
	conns   []net.Conn
}

// NewProxy forwards to a "host:port" until the test ends.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Address: listener.Addr().String(), target: target}
	done := run(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			p.forward(conn)
		}
	})
	t.Cleanup(func() {
		listener.Close()
		<-done
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, conn := range p.conns {
			conn.Close()
		}
	})
	return p
}

// Retarget leads new connections to another server; those of now stay where they
// are.
func (p *Proxy) Retarget(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// Swallow makes every connection a hole, those of now and, until Heal, new ones.
func (p *Proxy) Swallow() { p.swallow.Store(true) }

// Heal lets new connections through; those that were swallowed stay dead.
func (p *Proxy) Heal() { p.swallow.Store(false) }

// Throttle bounds what a connection carries in a second.
func (p *Proxy) Throttle(bytes int) { p.rate.Store(int64(bytes)) }

func (p *Proxy) forward(client net.Conn) {
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	server, err := net.Dial("tcp", target)
	if err != nil {
		client.Close()
		return
	}
	p.mu.Lock()
	p.conns = append(p.conns, client, server)
	p.mu.Unlock()
	var dead atomic.Bool
	pipe := func(from, to net.Conn) {
		buffer := make([]byte, 32<<10)
		for {
			n, err := from.Read(buffer)
			if p.swallow.Load() {
				dead.Store(true)
			}
			if dead.Load() {
				io.Copy(io.Discard, from)
				return
			}
			if n > 0 {
				if rate := p.rate.Load(); rate > 0 {
					time.Sleep(time.Duration(n) * time.Second / time.Duration(rate)) // the link, not a wait
				}
				to.Write(buffer[:n])
			}
			if err != nil {
				from.Close()
				to.Close()
				return
			}
		}
	}
	go pipe(client, server)
	go pipe(server, client)
}
