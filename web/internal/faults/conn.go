package faults

import (
	"io"
	"net"
	"sync"
	"time"
)

const (
	// sendBuffer is how much a stalled connection takes from the server before
	// Write waits: about what a kernel holds for a peer that stopped reading.
	sendBuffer = 256 << 10
	// giveUp is how long a cut connection lives on for the server: what Linux
	// spends on retransmissions before it reports a timeout (tcp_retries2).
	giveUp = 15 * time.Minute
)

// conn is a connection with valves in it. While its bytes are held or swallowed,
// deadlines do not end a Write, nor a Read that has data or an end to tell;
// Close ends both.
type conn struct {
	net.Conn
	owner  *Listener
	closed chan struct{}
	once   sync.Once

	mu     sync.Mutex
	dead   bool          // cut: bytes vanish, for good
	held   chan struct{} // stalled: closed when bytes flow again; else nil
	expiry *time.Timer   // of a dead connection

	reading sync.Mutex // one reader of the inner connection at a time
	writing sync.Mutex // guards queue and the order of what is sent
	queue   []byte     // written while stalled
}

func newConn(inner net.Conn, owner *Listener) *conn {
	return &conn{Conn: inner, owner: owner, closed: make(chan struct{})}
}

// NetConn is the connection inside, for whoever asks the kernel about it.
func (c *conn) NetConn() net.Conn { return c.Conn }

func (c *conn) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dead {
		return
	}
	c.dead = true
	c.expiry = time.AfterFunc(giveUp, func() { _ = c.Close() })
	c.release()
}

func (c *conn) stall() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == nil && !c.dead {
		c.held = make(chan struct{})
	}
}

func (c *conn) flow() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held != nil {
		c.release()
		go c.send(nil) // an error shows again at the server's next Write
	}
}

// reset closes with RST instead of FIN.
func (c *conn) reset() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // fails only on a connection that is gone already
	}
	_ = c.Close()
}

func (c *conn) release() {
	if c.held != nil {
		close(c.held)
		c.held = nil
	}
}

func (c *conn) state() (dead bool, held <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dead, c.held
}

func (c *conn) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

// Read returns what arrives: late while stalled, and never once cut, when even
// the peer's FIN is swallowed.
func (c *conn) Read(p []byte) (int, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	for !c.isClosed() {
		n, err := c.Conn.Read(p)
		if timeout, ok := err.(net.Error); n == 0 && ok && timeout.Timeout() && !c.isClosed() {
			return 0, err // net/http frees its own reader so before a hijack
		}
		dead, held := c.state()
		for held != nil && c.wait(held) {
			dead, held = c.state()
		}
		if !dead && held == nil {
			return n, err
		}
		if err != nil {
			<-c.closed
		}
	}
	return 0, net.ErrClosed
}

// wait reports whether held ended before the connection did.
func (c *conn) wait(held <-chan struct{}) bool {
	select {
	case <-held:
		return true
	case <-c.closed:
		return false
	}
}

// Write sends p; while stalled it queues p as a kernel would, once cut it drops p.
func (c *conn) Write(p []byte) (int, error) {
	return c.send(p)
}

func (c *conn) send(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	for !c.isClosed() {
		dead, held := c.state()
		switch {
		case dead:
			c.queue = nil
			return len(p), nil
		case held == nil:
			if _, err := c.Conn.Write(c.queue); err != nil {
				return 0, err
			}
			c.queue = nil
			return c.Conn.Write(p)
		case len(c.queue)+len(p) <= sendBuffer:
			c.queue = append(c.queue, p...)
			return len(p), nil
		}
		c.writing.Unlock()
		c.wait(held)
		c.writing.Lock()
	}
	return 0, net.ErrClosed
}

// Close closes the connection for the server. The peer of a cut connection is
// told nothing: the socket stays, unheard, until the peer gives up by itself.
func (c *conn) Close() error {
	err := net.ErrClosed
	c.once.Do(func() {
		close(c.closed)
		c.owner.forget(c)
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.dead {
			err = c.Conn.Close()
			return
		}
		c.expiry.Stop()
		err = c.Conn.SetReadDeadline(time.Unix(1, 0)) // frees a Read
		go c.bury()
	})
	return err
}

// bury swallows what still comes until the peer hangs up.
func (c *conn) bury() {
	// A Read that begins later sees that the connection is closed. It must not wait
	// for the lock until the peer hangs up.
	c.reading.Lock()
	//lint:ignore SA2001 this waits for the Read under way
	c.reading.Unlock()
	_ = c.Conn.SetReadDeadline(time.Time{})
	_, _ = io.Copy(io.Discard, c.Conn)
	_ = c.Conn.Close()
}
