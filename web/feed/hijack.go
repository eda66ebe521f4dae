package feed

import (
	"bufio"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// hijacker hands out the network connection with buffers that fit a feed: clients
// send next to nothing, and what they are sent is written in one go, so net/http's
// two times 4 KiB would be most of the memory of an idle client.
type hijacker struct {
	http.ResponseWriter
	network *network
}

const (
	readBuffer  = 256
	writeBuffer = 1024 // most events fit, so their frame leaves in one packet
)

func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	network := &network{Conn: conn}
	h.network = network
	reader := rw.Reader
	if reader.Buffered() == 0 {
		reader = bufio.NewReaderSize(network, readBuffer)
	}
	return network, bufio.NewReadWriter(reader, bufio.NewWriterSize(network, writeBuffer)), nil
}

// network is a connection that knows for how long a write has made no progress.
type network struct {
	net.Conn
	since atomic.Int64 // unix ns at which the write under way last went on, 0 if none
}

// progress is how much of a write has to go out for the client not to be stuck.
const progress = 64 << 10

func (n *network) Write(p []byte) (done int, err error) {
	defer n.since.Store(0)
	for {
		n.since.Store(time.Now().UnixNano())
		part, err := n.Conn.Write(p[done:min(len(p), done+progress)])
		if done += part; err != nil || done == len(p) {
			return done, err
		}
	}
}

// stuck is how long the write under way has made no progress.
func (n *network) stuck(now time.Time) time.Duration {
	since := n.since.Load()
	if since == 0 {
		return 0
	}
	return now.Sub(time.Unix(0, since))
}
