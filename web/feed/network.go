package feed

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// network is a connection that knows for how long a write has made no progress,
// when it was last read from, and how many frames the client sends.
type network struct {
	net.Conn
	writing  atomic.Int64 // monotonic time at which the write under way last went on, 0 if none
	received atomic.Int64 // monotonic time of the last bytes from the client

	frames  frameCounter
	limit   *rate.Limiter // of frames; nil for none
	flooded atomic.Bool   // the limit was exceeded

	closing sync.Once
	done    chan struct{} // closed by Close
}

func newNetwork(conn net.Conn) *network {
	n := &network{Conn: conn, done: make(chan struct{})}
	n.received.Store(monotonicNow())
	return n
}

func (n *network) Close() error {
	n.closing.Do(func() { close(n.done) })
	return n.Conn.Close()
}

var errFlood = errors.New("feed: too many frames")

// Read fails for good when the client sends frames faster than the limit. All
// kinds count: a flood of pongs or of empty fragments is never seen by anything
// above.
func (n *network) Read(p []byte) (int, error) {
	if n.flooded.Load() {
		return 0, errFlood
	}
	size, err := n.Conn.Read(p)
	if size == 0 {
		return size, err
	}
	n.received.Store(monotonicNow())
	if frames := n.frames.count(p[:size]); frames > 0 && n.limit != nil && !n.limit.AllowN(time.Now(), frames) {
		n.flooded.Store(true)
		return 0, errFlood
	}
	return size, err
}

// progress is how much of a write has to go out for the client not to be stuck.
const progress = 64 << 10

func (n *network) Write(p []byte) (done int, err error) {
	defer n.writing.Store(0)
	for {
		n.writing.Store(monotonicNow())
		part, err := n.Conn.Write(p[done:min(len(p), done+progress)])
		if done += part; err != nil || done == len(p) {
			return done, err
		}
	}
}

// stuck is how long the write under way has made no progress.
func (n *network) stuck(now time.Time) time.Duration { return elapsed(n.writing.Load(), now) }

// silent is how long nothing has come from the client.
func (n *network) silent(now time.Time) time.Duration { return elapsed(n.received.Load(), now) }

// frameCounter counts the frames in a stream of bytes from a client, RFC 6455
// section 5.2. It does not judge them: the WebSocket library does.
type frameCounter struct {
	header  [14]byte
	filled  int    // bytes of header that are there
	payload uint64 // bytes of the payload that are still to come
}

// count takes the next bytes and returns how many frames begin in them.
func (c *frameCounter) count(p []byte) (frames int) {
	for len(p) > 0 {
		if c.payload > 0 {
			n := min(c.payload, uint64(len(p)))
			c.payload -= n
			p = p[n:]
			continue
		}
		c.header[c.filled] = p[0]
		c.filled++
		p = p[1:]
		if c.filled == c.headerSize() {
			frames++
			c.payload = c.payloadSize()
			c.filled = 0
		}
	}
	return frames
}

// headerSize is known when two bytes are there.
func (c *frameCounter) headerSize() int {
	if c.filled < 2 {
		return 2
	}
	size := 2
	switch c.header[1] & 0x7f {
	case 126:
		size += 2
	case 127:
		size += 8
	}
	if c.header[1]&0x80 != 0 {
		size += 4 // the mask
	}
	return size
}

func (c *frameCounter) payloadSize() (size uint64) {
	short := c.header[1] & 0x7f
	extended := 0
	switch short {
	case 126:
		extended = 2
	case 127:
		extended = 8
	default:
		return uint64(short)
	}
	for _, b := range c.header[2 : 2+extended] {
		size = size<<8 | uint64(b)
	}
	return size
}
