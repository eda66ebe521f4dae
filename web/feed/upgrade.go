package feed

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/coder/websocket"
)

// upgrader is the ResponseWriter that [websocket.Accept] gets. When the handshake
// is found to be valid it takes over the network connection and writes the answer
// 101 itself. So the answer does not depend on what middleware does with a status,
// and a writer that cannot give its connection away is noticed before the client
// is told that it has a WebSocket.
type upgrader struct {
	http.ResponseWriter
	network *network
	buffers *bufio.ReadWriter
	failure error // why the connection could not be taken over
}

// Buffers that fit a feed: clients send next to nothing, and what they are sent is
// written at once. The two buffers of net/http, 4 KiB each, would be most of the
// memory of an idle client.
const (
	readBuffer  = 256
	writeBuffer = 512 // most events fit, so that their frame leaves in one packet
)

func (u *upgrader) WriteHeader(status int) {
	switch {
	case u.failure != nil: // fallback answers
	case status != http.StatusSwitchingProtocols:
		u.ResponseWriter.WriteHeader(status)
	default:
		u.failure = u.takeOver()
	}
}

// Write drops the text that websocket.Accept writes after a failure.
func (u *upgrader) Write(p []byte) (int, error) {
	if u.failure != nil {
		return len(p), nil
	}
	return u.ResponseWriter.Write(p)
}

func (u *upgrader) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if u.failure != nil {
		return nil, nil, u.failure
	}
	return u.network, u.buffers, nil
}

// entityHeaders describe a body, which the answer 101 does not have; middleware
// may have set them.
var entityHeaders = map[string]bool{
	"Content-Type": true, "Content-Length": true, "Content-Encoding": true, "Transfer-Encoding": true, "Trailer": true,
}

func (u *upgrader) takeOver() error {
	conn, inner, err := hijack(u.ResponseWriter)
	if err != nil {
		return err
	}
	early, _ := inner.Reader.Peek(inner.Reader.Buffered()) // sent together with the handshake
	u.network = newNetwork(conn)
	u.network.frames.count(early)
	reader := inner.Reader
	if len(early) == 0 {
		reader = bufio.NewReaderSize(u.network, readBuffer)
	}
	u.buffers = bufio.NewReadWriter(reader, bufio.NewWriterSize(u.network, writeBuffer))
	u.buffers.WriteString("HTTP/1.1 101 Switching Protocols\r\n")
	u.Header().WriteSubset(u.buffers, entityHeaders)
	u.buffers.WriteString("\r\n")
	if err := u.buffers.Flush(); err != nil {
		u.network.Close()
		return err
	}
	return nil
}

// hijack takes the connection from a writer or from one that it wraps. The
// innermost is looked at first: wrappers that have the method panic, or remember
// that the connection is gone, when what they wrap cannot give it away.
func hijack(w http.ResponseWriter) (conn net.Conn, buffers *bufio.ReadWriter, err error) {
	writers := wrapped(w)
	if _, ok := writers[len(writers)-1].(http.Hijacker); !ok {
		return nil, nil, http.ErrNotSupported
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", http.ErrNotSupported, p)
		}
	}()
	return http.NewResponseController(w).Hijack()
}

// wrapped returns the writer and those that it wraps, the outermost first.
func wrapped(w http.ResponseWriter) []http.ResponseWriter {
	writers := []http.ResponseWriter{w}
	for len(writers) < 20 {
		wrapper, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			break
		}
		if w = wrapper.Unwrap(); w == nil {
			break
		}
		writers = append(writers, w)
	}
	return writers
}

// accept answers the handshake. It has answered the request when it fails.
func (f *Feed) accept(w http.ResponseWriter, r *http.Request, options websocket.AcceptOptions) (*websocket.Conn, *network, error) {
	u := &upgrader{ResponseWriter: w}
	options.InsecureSkipVerify = true // originAllowed has looked
	options.Subprotocols = f.subprotocols(r)
	conn, err := websocket.Accept(u, r, &options)
	if err == nil {
		return conn, u.network, nil
	}
	if u.failure != nil && u.network == nil {
		for _, name := range []string{"Upgrade", "Connection", "Sec-WebSocket-Accept", "Sec-WebSocket-Protocol"} {
			w.Header().Del(name)
		}
		writer := writerName(w)
		f.options.Observer.Refused(refusedMiddleware)
		f.options.Logger.Error("WebSocket not possible: a middleware hides the connection; mount the feed outside of it, or give its ResponseWriter an Unwrap method",
			"writer", writer, "protocol", r.Proto, "error", u.failure)
		http.Error(w, "WebSocket not possible here: "+writer+" hides the connection", http.StatusNotImplemented)
	}
	return nil, nil, err
}

// writerName names the types of a writer and of those that it wraps.
func writerName(w http.ResponseWriter) string {
	var names []string
	for _, w := range wrapped(w) {
		names = append(names, fmt.Sprintf("%T", w))
	}
	return strings.Join(names, " around ")
}

// subprotocols are those that may be chosen. A browser ends the connection when it
// has offered some and none is chosen, so without an option any will do.
func (f *Feed) subprotocols(r *http.Request) []string {
	if f.options.Subprotocols != nil {
		return f.options.Subprotocols
	}
	var offered []string
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for name := range strings.SplitSeq(line, ",") {
			offered = append(offered, strings.TrimSpace(name))
		}
	}
	return append([]string{defaultSubprotocol}, offered...)
}

// defaultSubprotocol is preferred: a page may offer a token as a second one.
const defaultSubprotocol = "wakesocket"

// isHandshake reports whether the request asks for a WebSocket, perhaps among other
// protocols.
func isHandshake(r *http.Request) bool {
	for _, line := range r.Header.Values("Upgrade") {
		for name := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(name), "websocket") {
				return true
			}
		}
	}
	return false
}

// answerOrdinary answers a request that is no handshake.
func answerOrdinary(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodConnect:
		http.Error(w, "WebSocket over HTTP/2 is not supported; use HTTP/1.1", http.StatusNotImplemented)
		return
	case r.ProtoMajor < 2: // later versions forbid these headers
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
	}
	http.Error(w, "this address is a WebSocket feed; connect to it with a WebSocket client", http.StatusUpgradeRequired)
}
