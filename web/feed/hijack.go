package feed

import (
	"bufio"
	"net"
	"net/http"
)

// hijacker hands out the network connection with buffers that fit a feed: clients
// send next to nothing, and what they are sent is written in one go, so net/http's
// two times 4 KiB would be most of the memory of an idle client.
type hijacker struct {
	http.ResponseWriter
	network net.Conn
}

const (
	readBuffer  = 256
	writeBuffer = 1024 // most events fit, so their frame leaves in one packet
)

func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	network, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.network = network
	reader := rw.Reader
	if reader.Buffered() == 0 {
		reader = bufio.NewReaderSize(network, readBuffer)
	}
	return network, bufio.NewReadWriter(reader, bufio.NewWriterSize(network, writeBuffer)), nil
}
